//! One act at a service: hashes authorized, signed, verified.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::algorithm::{hash_oid, parameters, sign_algo};
use super::client::Client;
use super::credential::{Asked, Authority};
use super::error::{ErrorCode, Method, RemoteError};
use super::oauth::Scope;
use super::secret::Secret;
use super::verify;
use super::wire::{
    AuthData, Authorization, AuthorizeInput, ChallengeInput, CheckInput, Nothing, SignInput,
    Signatures,
};
use crate::lock::lock;
use crate::public_key::PublicKey;
use crate::{
    HashAlgorithm, Input, Pin, PinPrompt, PinPurpose, PinRequest, PinSource, PinState,
    RawSignature, SigningAct, SigningAlgorithm, TokenError, TokenInfo,
};

/// A credential that a person opened.
pub(super) struct RemoteAct {
    pub(super) client: Arc<Client>,
    pub(super) id: String,
    pub(super) key: PublicKey,
    /// `key/algo` of the credential.
    pub(super) listed: Vec<String>,
    pub(super) authority: Authority,
    /// Most hashes of one request.
    pub(super) most: usize,
    /// What was asked for once, in the order of those [`Asked`] that are not asked anew.
    pub(super) pins: Vec<Pin>,
    pub(super) source: PinSource,
    /// Who is asked for what is asked anew, where the source is no person.
    pub(super) prompt: Arc<dyn PinPrompt>,
    pub(super) token: TokenInfo,
    /// The error that ended the act; held while an authorization is asked for, so that a person gets one question at a time.
    pub(super) ended: Mutex<Option<TokenError>>,
}

impl SigningAct for RemoteAct {
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        let Input::Message(message) = input else {
            return Err(TokenError::MessageNeeded { algorithm });
        };
        let mut signatures = self.sign_some(algorithm, &[message])?;
        signatures.pop().ok_or(RemoteError::SignatureCount { expected: 1, actual: 0 })?
    }

    fn sign_many(
        &self,
        algorithm: SigningAlgorithm,
        messages: &[&[u8]],
    ) -> Vec<Result<RawSignature, TokenError>> {
        let mut results = Vec::with_capacity(messages.len());
        for some in messages.chunks(self.most) {
            match self.sign_some(algorithm, some) {
                Ok(signatures) => results.extend(signatures),
                Err(error) => results.extend(some.iter().map(|_| Err(error.clone()))),
            }
        }
        results
    }

    fn together(&self) -> Option<usize> {
        Some(self.most)
    }

    fn close(self: Box<Self>) -> Result<(), TokenError> {
        Ok(())
    }
}

impl RemoteAct {
    /// One authorization and one request; a result for each message.
    fn sign_some(
        &self,
        algorithm: SigningAlgorithm,
        messages: &[&[u8]],
    ) -> Result<Vec<Result<RawSignature, TokenError>>, TokenError> {
        let not_offered = TokenError::MechanismNotOffered { algorithm };
        let hash = algorithm.hash().ok_or_else(|| not_offered.clone())?;
        let sign_algo = sign_algo(algorithm, &self.listed).ok_or(not_offered)?;
        let digests: Vec<Vec<u8>> = messages.iter().map(|one| hash.digest(one)).collect();
        let sad = {
            let mut ended = lock(&self.ended);
            if let Some(error) = &*ended {
                return Err(error.clone());
            }
            let sad = self.authorize(hash, &digests);
            if let Err(error) = &sad
                && error.ends_act()
            {
                *ended = Some(error.clone());
            }
            sad?
        };
        let hashes: Vec<String> = digests.iter().map(|digest| STANDARD.encode(digest)).collect();
        let input = SignInput {
            credential_id: &self.id,
            sad: sad.expose(),
            hashes: &hashes,
            hash_algorithm_oid: hash_oid(hash),
            sign_algo,
            sign_algo_params: parameters(algorithm),
            operation_mode: "S",
        };
        let answer = self.client.call(Method::SignHash, &input).map_err(TokenError::from);
        let Signatures { signatures } = self.noting(answer)?;
        let (expected, actual) = (messages.len(), signatures.len());
        if expected != actual {
            return Err(RemoteError::SignatureCount { expected, actual }.into());
        }
        let check = |(message, text): (&&[u8], String)| {
            let value = STANDARD
                .decode(text)
                .map_err(|_no_base64| RemoteError::AnswerMalformed(Method::SignHash))?;
            verify::verified(&self.key, algorithm, message, value)
                .ok_or_else(|| RemoteError::SignatureWrong.into())
        };
        Ok(messages.iter().zip(signatures).map(check).map(|one| self.noting(one)).collect())
    }

    /// Remembers an error that ends the act.
    fn noting<T>(&self, result: Result<T, TokenError>) -> Result<T, TokenError> {
        if let Err(error) = &result
            && error.ends_act()
        {
            lock(&self.ended).get_or_insert_with(|| error.clone());
        }
        result
    }

    /// The SAD for these hashes and no others (CSC API v2 §8.5; SCAL2 of EN 419 241-1 for every credential).
    fn authorize(&self, hash: HashAlgorithm, digests: &[Vec<u8>]) -> Result<Secret, TokenError> {
        let Authority::Explicit(asked) = &self.authority else {
            return match self.authority {
                Authority::Page => Ok(self.on_the_page(hash, digests)?),
                _ => self.by_the_service(hash, digests, &[]),
            };
        };
        let mut pins = self.pins.iter();
        let mut fresh = Vec::new();
        for one in asked.iter().filter(|one| one.once) {
            fresh.push(self.ask_anew(one)?);
        }
        let mut fresh = fresh.iter();
        let data: Vec<AuthData<'_>> = asked
            .iter()
            .filter_map(|one| {
                let pin = if one.once { fresh.next() } else { pins.next() }?;
                Some(AuthData { id: &one.id, value: pin.expose() })
            })
            .collect();
        self.by_the_service(hash, digests, &data)
    }

    /// Has the service send a one-time password where it does, and asks for it.
    fn ask_anew(&self, asked: &Asked) -> Result<Pin, TokenError> {
        if asked.challenge {
            let method = [Method::CredentialsGetChallenge, Method::CredentialsSendOtp];
            let mut offered = None;
            for one in method {
                if offered.is_none() && self.client.offers(one)? {
                    offered = Some(one);
                }
            }
            let method =
                offered.ok_or(RemoteError::MethodMissing(Method::CredentialsGetChallenge))?;
            let Nothing {} =
                self.client.call(method, &ChallengeInput { credential_id: &self.id })?;
        }
        let request = PinRequest {
            purpose: PinPurpose::OneTimePassword,
            token: self.token.clone(),
            state: PinState::default(),
        };
        self.source.person(self.prompt.as_ref()).pin(&request).map_err(TokenError::PinRefused)
    }

    fn by_the_service(
        &self,
        hash: HashAlgorithm,
        digests: &[Vec<u8>],
        data: &[AuthData<'_>],
    ) -> Result<Secret, TokenError> {
        let hashes: Vec<String> = digests.iter().map(|digest| STANDARD.encode(digest)).collect();
        let input = AuthorizeInput {
            credential_id: &self.id,
            num_signatures: digests.len(),
            hashes: &hashes,
            hash_algorithm_oid: hash_oid(hash),
            auth_data: data,
        };
        let method = Method::CredentialsAuthorize;
        let mut answer: Authorization = match self.client.call(method, &input) {
            Ok(answer) => answer,
            Err(RemoteError::Refused(_, ErrorCode::InvalidPin)) => {
                return Err(TokenError::PinIncorrect { state: PinState::default() });
            }
            Err(RemoteError::Refused(_, ErrorCode::Locked)) => return Err(TokenError::PinLocked),
            Err(error) => return Err(error.into()),
        };
        // §11.7: the person answers elsewhere, and is asked about there.
        let limits = self.client.limits();
        for _ in 0..limits.polls {
            if let Some(sad) = answer.sad {
                return Ok(sad);
            }
            let handle = answer.handle.ok_or(RemoteError::AnswerMalformed(method))?;
            self.client.transport().pause(limits.poll_pause);
            let check = Method::CredentialsAuthorizeCheck;
            answer = match self.client.call(check, &CheckInput { handle: &handle }) {
                Ok(Authorization { sad, handle: next }) => {
                    Authorization { sad, handle: next.or(Some(handle)) }
                }
                Err(RemoteError::Refused(_, ErrorCode::AuthorizationPending)) => {
                    Authorization { sad: None, handle: Some(handle) }
                }
                Err(error) => return Err(error.into()),
            };
        }
        answer.sad.ok_or_else(|| RemoteError::AuthorizationPending.into())
    }

    /// By an authorization code of the scope `credential` (§8.4.2); its access token is the SAD.
    fn on_the_page(&self, hash: HashAlgorithm, digests: &[Vec<u8>]) -> Result<Secret, RemoteError> {
        let hashes: Vec<String> = digests.iter().map(|one| URL_SAFE_NO_PAD.encode(one)).collect();
        let scope = Scope::Credential { id: &self.id, hashes: &hashes, hash_oid: hash_oid(hash) };
        Ok(self.client.by_code(&scope)?.access_token)
    }
}
