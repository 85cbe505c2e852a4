//! PKCS#11 modules (OASIS PKCS#11 2.40 and 3.x) as a key store.

mod act;
mod admin;
mod allow;
mod failure;
mod keys;
mod limits;
mod login;
mod mechanism;
mod module;
mod object;
mod proof;
mod raw;
mod scan;
mod worker;

use std::path::Path;
use std::sync::Arc;

pub use crate::pin_file::read_pin_file;
pub use admin::KeyOptions;
pub use allow::{AllowList, AllowedModule};
pub use limits::Limits;

use crate::public_key::PublicKey;
use crate::uri::Pkcs11Uri;
use crate::{
    Credential, KeyMatch, KeyStore, ModuleInfo, PinPrompt, PinPurpose, PinSource, SigningAct,
    SlotInfo, TokenError, TokenInfo,
};
use limits::within;
use module::Module;

/// All tokens behind the modules of an allow-list.
#[derive(Clone, Debug)]
pub struct Pkcs11Store {
    allowed: AllowList,
    limits: Limits,
}

impl Pkcs11Store {
    /// A store over these modules; nothing is loaded yet.
    #[must_use]
    pub fn new(allowed: AllowList, limits: Limits) -> Self {
        Self { allowed, limits }
    }

    /// Loads every allowed module and reports it, or why it does not load.
    #[must_use]
    pub fn modules(&self) -> Vec<Result<ModuleInfo, TokenError>> {
        let paths = self.allowed.modules().iter().map(|module| module.path.as_path());
        paths.map(|path| self.module_info(path)).collect()
    }

    /// All slots of all modules that load.
    ///
    /// # Errors
    /// The first module's error, where no module has any slot.
    pub fn slots(&self) -> Result<Vec<SlotInfo>, TokenError> {
        self.over_modules(|store, module| {
            let inner = module.clone();
            within(&module.hung, &store.limits, store.limits.call, move |step| {
                scan::slots(&inner, step)
            })
        })
    }

    /// Every mechanism of a slot that the standard names (CKM_), as the token lists them.
    ///
    /// # Errors
    /// The module's errors.
    pub fn mechanisms(&self, module: &Path, slot_id: u64) -> Result<Vec<String>, TokenError> {
        let module = self.module(module)?;
        let slot = pkcs11::slot::Slot::try_from(slot_id).map_err(failure::failure)?;
        let inner = module.clone();
        within(&module.hung, &self.limits, self.limits.call, move |step| {
            step.at("C_GetMechanismList");
            let listed = inner.context.get_mechanism_list(slot).map_err(failure::failure)?;
            Ok(listed.iter().map(ToString::to_string).collect())
        })
    }

    /// The one credential that a URI names; its `module-path` only narrows the allow-list.
    ///
    /// # Errors
    /// [`TokenError::UriMatchesNothing`], [`TokenError::UriAmbiguous`], or the modules' errors.
    pub fn find(&self, uri: &Pkcs11Uri) -> Result<Credential, TokenError> {
        let credentials = match &uri.module_path {
            Some(path) => self.credentials_of(&self.module(path)?)?,
            None => self.credentials()?,
        };
        uri.select(&credentials).cloned()
    }

    fn module(&self, path: &Path) -> Result<Arc<Module>, TokenError> {
        self.allowed.check(path)?;
        Module::load(path, &self.limits)
    }

    fn module_info(&self, path: &Path) -> Result<ModuleInfo, TokenError> {
        let module = self.module(path)?;
        let inner = module.clone();
        within(&module.hung, &self.limits, self.limits.call, move |step| {
            step.at("C_GetInfo");
            inner.info()
        })
    }

    fn credentials_of(&self, module: &Arc<Module>) -> Result<Vec<Credential>, TokenError> {
        let (inner, limits) = (module.clone(), self.limits);
        within(&module.hung, &self.limits, self.limits.call, move |step| {
            scan::credentials(&inner, &limits, step)
        })
    }

    /// Takes the token's login, then asks for the PIN, then logs in.
    fn open_slot(
        &self,
        module: &Arc<Module>,
        (slot, expected): (::pkcs11::slot::Slot, &TokenInfo),
        id: Vec<u8>,
        public: PublicKey,
        source: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<Box<dyn SigningAct>, TokenError> {
        let lease = module.lease(slot.id(), self.limits.lease_wait)?;
        // Read after the lease: the act before us may have spent a try.
        let inner = module.clone();
        let token = within(&module.hung, &self.limits, self.limits.call, move |step| {
            step.at("C_GetTokenInfo");
            scan::token_info(&inner.context, slot)
        })?;
        if (&token.serial, &token.label) != (&expected.serial, &expected.label) {
            // Another token lies in the slot by now: it must not be asked with this one's PIN.
            return Err(TokenError::TokenNotPresent);
        }
        let secret = if token.login_required {
            Some(login::ask(source, prompt, PinPurpose::Login, &token)?)
        } else {
            None
        };
        let act = act::Act::open(lease, slot, id, public, secret, self.limits)?;
        Ok(Box::new(act))
    }

    /// Collects over all modules: one that fails does not hide the others.
    fn over_modules<T>(
        &self,
        read: impl Fn(&Self, &Arc<Module>) -> Result<Vec<T>, TokenError>,
    ) -> Result<Vec<T>, TokenError> {
        let mut all = Vec::new();
        let mut first_error = None;
        for allowed in self.allowed.modules() {
            match self.module(&allowed.path).and_then(|module| read(self, &module)) {
                Ok(found) => all.extend(found),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        match first_error {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(all),
        }
    }
}

impl KeyStore for Pkcs11Store {
    fn credentials(&self) -> Result<Vec<Credential>, TokenError> {
        self.over_modules(Self::credentials_of)
    }

    fn open(
        &self,
        credential: &Credential,
        source: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<Box<dyn SigningAct>, TokenError> {
        if credential.key_match == KeyMatch::Mismatch {
            return Err(TokenError::CertificateKeyMismatch { id: credential.id.clone() });
        }
        let public = PublicKey::of_certificate(&credential.certificate)?;
        let module = self.module(&credential.module)?;
        let (inner, token) = (module.clone(), credential.token.clone());
        let (slot, found) = within(&module.hung, &self.limits, self.limits.call, move |step| {
            scan::slot_of(&inner, &token, step)
        })?;
        self.open_slot(&module, (slot, &found), credential.id.clone(), public, source, prompt)
    }
}
