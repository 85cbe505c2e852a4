//! A credential as the service describes it, made one of ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm;
use super::client::{Client, trimmed};
use super::error::{Method, RemoteError};
use super::uri::RemoteUri;
use super::wire::{AuthObject, CredentialInfo, CredentialInput, List, ListInput};
use crate::algorithm::RSA_BITS;
use crate::public_key::PublicKey;
use crate::{Credential, KeyMatch, KeyType, PinState, TokenError, TokenInfo};

/// How the person authorizes signatures (CSC API v2 §8.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// At the service's own device; nothing is asked here.
    Implicit,
    /// By what is asked here.
    Explicit(Vec<Asked>),
    /// On the service's page.
    Page,
}

/// One thing that the person is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The object's id.
    pub(super) id: String,
    /// Asked anew for every authorization.
    pub(super) once: bool,
    /// The service sends or makes it when it is told to.
    pub(super) challenge: bool,
}

impl Client {
    /// All credentials of the person, with their certificates.
    pub(super) fn credentials(&self) -> Result<Vec<Credential>, TokenError> {
        let most = self.limits().credentials;
        let list: List = self.call(Method::CredentialsList, &ListInput {})?;
        if list.credential_ids.len() > most {
            return Err(RemoteError::TooMany { most }.into());
        }
        list.credential_ids.iter().map(|id| self.credential(id)).collect()
    }

    /// One credential.
    pub(super) fn credential(&self, id: &str) -> Result<Credential, TokenError> {
        self.describe(id, &self.credential_info(id)?)
    }

    /// What the service says of a credential.
    pub(super) fn credential_info(&self, id: &str) -> Result<CredentialInfo, RemoteError> {
        let input = CredentialInput { credential_id: id, certificates: "chain", auth_info: true };
        self.call(Method::CredentialsInfo, &input)
    }

    /// The same in the house's terms; a key that is too weak for this house signs nothing.
    pub(super) fn describe(
        &self,
        id: &str,
        info: &CredentialInfo,
    ) -> Result<Credential, TokenError> {
        let mut chain = certificates(info, self.limits().certificates)?.into_iter();
        let certificate =
            chain.next().ok_or(RemoteError::AnswerMalformed(Method::CredentialsInfo))?;
        let key_type = PublicKey::of_certificate(&certificate)?.key_type();
        let algorithms = match key_type {
            KeyType::Rsa { bits } if !RSA_BITS.contains(&bits) => Vec::new(),
            key_type => algorithm::algorithms(key_type, &info.key.algo),
        };
        let uri = RemoteUri {
            base: trimmed(&self.service().base).to_owned(),
            credential: Some(id.to_owned()),
            pin_source: None,
        };
        Ok(Credential {
            uri: uri.to_string(),
            module: uri.base.into(),
            certificate,
            other_certificates: chain.collect(),
            key_type,
            // Verification before release needs the message.
            needs_message: algorithms.clone(),
            algorithms,
            label: info.description.clone(),
            id: id.as_bytes().to_vec(),
            token: self.token_info(id, authority(info)?)?,
            always_authenticate: Some(true),
            key_match: KeyMatch::Unchecked,
        })
    }

    /// The service as a token, for prompts and for the journal.
    fn token_info(&self, id: &str, authority: Authority) -> Result<TokenInfo, RemoteError> {
        Ok(TokenInfo {
            label: self.service().name.clone(),
            manufacturer: self.info()?.name,
            model: "CSC API v2".to_owned(),
            serial: id.to_owned(),
            slot_id: 0,
            user_pin: PinState::default(),
            so_pin: PinState::default(),
            login_required: matches!(authority, Authority::Explicit(_)),
            protected_authentication_path: false,
            initialized: true,
            user_pin_initialized: true,
            min_pin_len: 0,
            max_pin_len: 255,
        })
    }
}

/// The chain in DER, the signer's certificate first.
fn certificates(info: &CredentialInfo, most: usize) -> Result<Vec<Vec<u8>>, RemoteError> {
    let all = &info.cert.certificates;
    if all.len() > most {
        return Err(RemoteError::TooMany { most });
    }
    let malformed = |_| RemoteError::AnswerMalformed(Method::CredentialsInfo);
    all.iter().map(|text| STANDARD.decode(text).map_err(malformed)).collect()
}

/// What authorizes; a mode or an object that is not known here is an error before anybody is asked.
pub(super) fn authority(info: &CredentialInfo) -> Result<Authority, RemoteError> {
    match info.auth.mode.as_str() {
        "implicit" => Ok(Authority::Implicit),
        "oauth2code" => Ok(Authority::Page),
        "explicit" => {
            // `expression` may demand one of several; only all of them are asked for here.
            let either = info.auth.expression.as_deref().is_some_and(|expression| {
                expression
                    .split([' ', '(', ')'])
                    .any(|word| word.eq_ignore_ascii_case("or") || word.eq_ignore_ascii_case("xor"))
            });
            if either || info.auth.objects.is_empty() {
                return Err(RemoteError::AuthorizationUnsupported);
            }
            let asked = info.auth.objects.iter().map(asked).collect::<Result<_, _>>()?;
            Ok(Authority::Explicit(asked))
        }
        _ => Err(RemoteError::AuthorizationUnsupported),
    }
}

fn asked(object: &AuthObject) -> Result<Asked, RemoteError> {
    let id = object.id.clone();
    match object.kind.as_str() {
        "Password" => {
            let once = object.generator.is_some() || object.id.eq_ignore_ascii_case("otp");
            // A generator `online` sends it; others (`totp`) are in the person's hand.
            let challenge = object.generator.as_deref() == Some("online");
            Ok(Asked { id, once, challenge })
        }
        "ChallengeResponse" => Ok(Asked { id, once: true, challenge: true }),
        _ => Err(RemoteError::AuthorizationUnsupported),
    }
}
