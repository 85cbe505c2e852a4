//! Executes requests: what a worker process runs around its module.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::lock::lock;
use crate::pkcs11::{KeyOptions, Pkcs11Store};
use crate::pkcs12::Pkcs12Store;
use crate::{
    ActId, Input, KeyStore, PinPrompt, RawSignature, Reply, Request, SigningAct, SigningAlgorithm,
    TokenError, read_private_key,
};

/// What is served.
enum Keys {
    Modules(Pkcs11Store),
    Files(Pkcs12Store),
}

/// A store with its open acts, driven by messages; any number of threads may execute at once.
pub struct Service {
    keys: Keys,
    prompt: Box<dyn PinPrompt>,
    acts: Mutex<HashMap<ActId, Arc<Box<dyn SigningAct>>>>,
    next: AtomicU64,
}

impl Service {
    /// A service over these modules; the prompt is asked where a request says so.
    #[must_use]
    pub fn new(store: Pkcs11Store, prompt: Box<dyn PinPrompt>) -> Self {
        Self::over(Keys::Modules(store), prompt)
    }

    /// A service over these key files; they have no slots, and what only a token can do is refused.
    #[must_use]
    pub fn of_key_files(store: Pkcs12Store, prompt: Box<dyn PinPrompt>) -> Self {
        Self::over(Keys::Files(store), prompt)
    }

    fn over(keys: Keys, prompt: Box<dyn PinPrompt>) -> Self {
        Self { keys, prompt, acts: Mutex::default(), next: AtomicU64::new(1) }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Every [`TokenError`].
    pub fn execute(&self, request: Request) -> Result<Reply, TokenError> {
        let prompt = self.prompt.as_ref();
        Ok(match request {
            Request::Ping => Reply::Done,
            Request::Withdraw { label, serial } => {
                #[cfg(unix)]
                crate::prompt::withdraw(&label, &serial);
                #[cfg(not(unix))]
                let _ = (label, serial);
                Reply::Done
            }
            Request::ListCredentials => Reply::Credentials(self.keys.store().credentials()?),
            Request::OpenAct { credential, pin } => {
                Reply::Act(self.insert(self.keys.store().open(&credential, &pin, prompt)?))
            }
            Request::SignDigest { act, algorithm, digest } => {
                Reply::Signature(self.sign(act, algorithm, Input::Digest(&digest))?)
            }
            Request::SignMessage { act, algorithm, message } => {
                Reply::Signature(self.sign(act, algorithm, Input::Message(&message))?)
            }
            Request::SignMany { act, algorithm, messages } => {
                let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
                Reply::Signatures(self.act(act)?.sign_many(algorithm, &messages))
            }
            Request::CloseAct { act } => {
                let act = self.acts().remove(&act).ok_or(TokenError::ActUnknown)?;
                // Where a signature is still under way in another thread, the act logs out when that returns.
                if let Some(act) = Arc::into_inner(act) {
                    act.close()?;
                }
                Reply::Done
            }
            request => match &self.keys {
                Keys::Modules(store) => on_module(store, request, prompt)?,
                Keys::Files(store) => self.on_key_file(store, request)?,
            },
        })
    }

    /// Logs every open act out; one in which a signature is still under way logs out when that returns.
    pub fn close_all(&self) {
        let acts = std::mem::take(&mut *self.acts());
        for act in acts.into_values().filter_map(Arc::into_inner) {
            // Nobody is left to hear of it.
            let _ = act.close();
        }
    }

    fn on_key_file(&self, store: &Pkcs12Store, request: Request) -> Result<Reply, TokenError> {
        let prompt = self.prompt.as_ref();
        Ok(match request {
            Request::ListModules => Reply::Modules(Vec::new()),
            Request::ListSlots => Reply::Slots(Vec::new()),
            Request::RevealKeyFile { file, pin } => {
                Reply::Credentials(store.reveal(&file, &pin, prompt)?)
            }
            Request::OpenKeyFile { uri, pin } => {
                let (credential, act) = store.open_uri(&uri, &pin, prompt)?;
                Reply::KeyFileAct(self.insert(act), Box::new(credential))
            }
            request => return Err(not_here(&request)),
        })
    }

    fn insert(&self, act: Box<dyn SigningAct>) -> ActId {
        let id = ActId(self.next.fetch_add(1, Ordering::Relaxed));
        self.acts().insert(id, Arc::new(act));
        id
    }

    fn act(&self, act: ActId) -> Result<Arc<Box<dyn SigningAct>>, TokenError> {
        self.acts().get(&act).cloned().ok_or(TokenError::ActUnknown)
    }

    fn sign(
        &self,
        act: ActId,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        self.act(act)?.sign(algorithm, input)
    }

    fn acts(&self) -> MutexGuard<'_, HashMap<ActId, Arc<Box<dyn SigningAct>>>> {
        lock(&self.acts)
    }
}

impl Keys {
    fn store(&self) -> &dyn KeyStore {
        match self {
            Self::Modules(store) => store,
            Self::Files(store) => store,
        }
    }
}

/// What only a PKCS#11 module can be asked.
fn on_module(
    store: &Pkcs11Store,
    request: Request,
    prompt: &dyn PinPrompt,
) -> Result<Reply, TokenError> {
    let options = |label| KeyOptions { label, always_authenticate: false };
    Ok(match request {
        Request::ListModules => Reply::Modules(store.modules()),
        Request::ListSlots => Reply::Slots(store.slots()?),
        Request::ListMechanisms { module, slot_id } => {
            Reply::Mechanisms(store.mechanisms(&module, slot_id)?)
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
            Reply::Key(store.import_key(&module, &token, &pin, prompt, &key, &options(label))?)
        }
        request => return Err(not_here(&request)),
    })
}

/// The request is for a module or key file that this service does not serve.
fn not_here(request: &Request) -> TokenError {
    let path = request.module().unwrap_or(std::path::Path::new("")).to_path_buf();
    TokenError::ModuleNotAllowed { path }
}
