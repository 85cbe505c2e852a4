//! A remote service behind the trait of every key store.

use std::sync::{Arc, Mutex};

use super::act::RemoteAct;
use super::client::{Client, Service, trimmed};
use super::credential::{Authority, authority};
use super::error::RemoteError;
use super::limits::Limits;
use super::transport::{Transport, UserAgent};
use super::uri::RemoteUri;
use crate::pin_file::read_pin_file;
use crate::public_key::PublicKey;
use crate::{
    Credential, KeyStore, Pin, PinPrompt, PinPurpose, PinRequest, PinSource, PinState, SigningAct,
    TokenError,
};

/// One service; what it gave at login dies with the store.
pub struct RemoteStore {
    client: Arc<Client>,
    prompt: Arc<dyn PinPrompt>,
}

impl RemoteStore {
    /// A store of this service; nothing is asked of it yet.
    ///
    /// `agent` shows the service's pages, where there is somebody; `prompt` asks for one-time passwords while an act goes on.
    #[must_use]
    pub fn new(
        service: Service,
        transport: Arc<dyn Transport>,
        agent: Option<Arc<dyn UserAgent>>,
        prompt: Arc<dyn PinPrompt>,
        limits: Limits,
    ) -> Self {
        Self { client: Arc::new(Client::new(service, transport, agent, limits)), prompt }
    }

    /// Whether the URI names this service.
    #[must_use]
    pub fn is_named(&self, uri: &RemoteUri) -> bool {
        trimmed(&self.client.service().base) == uri.base
    }

    /// The credential that the URI names, or the only one there is.
    ///
    /// # Errors
    /// Those of [`KeyStore::credentials`]; [`TokenError::UriMatchesNothing`], [`TokenError::UriAmbiguous`].
    pub fn find(&self, uri: &RemoteUri) -> Result<Credential, TokenError> {
        if !self.is_named(uri) {
            return Err(RemoteError::ServiceUnknown.into());
        }
        let mut all = match &uri.credential {
            Some(id) => return self.client.credential(id),
            None => self.client.credentials()?,
        };
        match (all.pop(), all.len()) {
            (None, _) => Err(TokenError::UriMatchesNothing),
            (Some(credential), 0) => Ok(credential),
            (Some(_), more) => Err(TokenError::UriAmbiguous { matches: more + 1 }),
        }
    }
}

impl KeyStore for RemoteStore {
    fn credentials(&self) -> Result<Vec<Credential>, TokenError> {
        self.client.credentials()
    }

    /// Asks the service anew what the credential is, then the person for what is asked once an act.
    fn open(
        &self,
        credential: &Credential,
        source: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<Box<dyn SigningAct>, TokenError> {
        let id = String::from_utf8(credential.id.clone())
            .map_err(|_no_text| TokenError::UriMatchesNothing)?;
        let info = self.client.credential_info(&id)?;
        let now = self.client.describe(&id, &info)?;
        if now.certificate != credential.certificate {
            return Err(RemoteError::CertificateChanged.into());
        }
        if info.key.status != "enabled" {
            return Err(RemoteError::KeyDisabled.into());
        }
        if info.cert.status.as_deref().is_some_and(|status| status != "valid") {
            return Err(RemoteError::CertificateNotValid.into());
        }
        let authority = authority(&info)?;
        let mut pins = Vec::new();
        if let Authority::Explicit(asked) = &authority {
            for _ in asked.iter().filter(|one| !one.once) {
                pins.push(pin(&now, source, prompt)?);
            }
        }
        Ok(Box::new(RemoteAct {
            client: Arc::clone(&self.client),
            id,
            key: PublicKey::of_certificate(&now.certificate)?,
            listed: info.key.algo,
            authority,
            most: info.multisign.min(self.client.limits().hashes).max(1),
            pins,
            source: source.clone(),
            prompt: Arc::clone(&self.prompt),
            token: now.token,
            ended: Mutex::new(None),
        }))
    }
}

fn pin(
    credential: &Credential,
    source: &PinSource,
    prompt: &dyn PinPrompt,
) -> Result<Pin, TokenError> {
    match source {
        PinSource::File(path) => read_pin_file(path),
        PinSource::ProtectedPath => Err(TokenError::PinSourceUnsuitable),
        _ => source
            .person(prompt)
            .pin(&PinRequest {
                purpose: PinPurpose::Login,
                token: credential.token.clone(),
                state: PinState::default(),
            })
            .map_err(TokenError::PinRefused),
    }
}
