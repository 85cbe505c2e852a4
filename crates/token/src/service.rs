//! Executes requests: what a worker process would run around its modules.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::lock::lock;
use crate::pkcs11::{KeyOptions, Pkcs11Store};
use crate::{
    ActId, Input, KeyStore, PinPrompt, RawSignature, Reply, Request, SigningAct, SigningAlgorithm,
    TokenError, read_private_key,
};

/// A store with its open acts, driven by messages; any number of threads may execute at once.
pub struct Service {
    store: Pkcs11Store,
    prompt: Box<dyn PinPrompt>,
    acts: Mutex<HashMap<ActId, Arc<Box<dyn SigningAct>>>>,
    next: AtomicU64,
}

impl Service {
    /// A service over these modules; the prompt is asked where a request says so.
    #[must_use]
    pub fn new(store: Pkcs11Store, prompt: Box<dyn PinPrompt>) -> Self {
        Self { store, prompt, acts: Mutex::default(), next: AtomicU64::new(1) }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Every [`TokenError`].
    pub fn execute(&self, request: Request) -> Result<Reply, TokenError> {
        let (store, prompt) = (&self.store, self.prompt.as_ref());
        let options = |label| KeyOptions { label, always_authenticate: false };
        Ok(match request {
            Request::ListModules => Reply::Modules(store.modules()),
            Request::ListSlots => Reply::Slots(store.slots()?),
            Request::ListCredentials => Reply::Credentials(store.credentials()?),
            Request::OpenAct { credential, pin } => {
                let act = store.open(&credential, &pin, prompt)?;
                let id = ActId(self.next.fetch_add(1, Ordering::Relaxed));
                self.acts().insert(id, Arc::new(act));
                Reply::Act(id)
            }
            Request::SignDigest { act, algorithm, digest } => {
                Reply::Signature(self.sign(act, algorithm, Input::Digest(&digest))?)
            }
            Request::SignMessage { act, algorithm, message } => {
                Reply::Signature(self.sign(act, algorithm, Input::Message(&message))?)
            }
            Request::CloseAct { act } => {
                let act = self.acts().remove(&act).ok_or(TokenError::ActUnknown)?;
                // Where a signature is still under way in another thread, the act logs out when that returns.
                if let Some(act) = Arc::into_inner(act) {
                    act.close()?;
                }
                Reply::Done
            }
            Request::InitToken { module, token, label, so_pin, user_pin } => {
                Reply::Token(store.init_token(&module, &token, &label, &so_pin, &user_pin, prompt)?)
            }
            Request::ChangePin { module, token, old, new } => {
                store.change_pin(&module, &token, &old, &new, prompt)?;
                Reply::Done
            }
            Request::UnblockPin { module, token, so_pin, new } => {
                store.unblock_pin(&module, &token, &so_pin, &new, prompt)?;
                Reply::Done
            }
            Request::GenerateKeyPair { module, token, pin, key, label } => Reply::Key(
                store.generate_key_pair(&module, &token, &pin, prompt, key, &options(label))?,
            ),
            Request::ImportCertificate { module, token, pin, certificate, label } => Reply::Key(
                store.import_certificate(&module, &token, &pin, prompt, &certificate, &label)?,
            ),
            Request::ImportKey { module, token, pin, file, label } => {
                let key = read_private_key(&file)?;
                Reply::Key(store.import_key(
                    &module,
                    &token,
                    &pin,
                    prompt,
                    &key,
                    &options(label),
                )?)
            }
        })
    }

    fn sign(
        &self,
        act: ActId,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        let act = self.acts().get(&act).cloned().ok_or(TokenError::ActUnknown)?;
        act.sign(algorithm, input)
    }

    fn acts(&self) -> MutexGuard<'_, HashMap<ActId, Arc<Box<dyn SigningAct>>>> {
        lock(&self.acts)
    }
}
