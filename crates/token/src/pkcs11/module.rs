//! A loaded module: once per process, and one login per token at a time.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pkcs11::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use pkcs11::error::{Error, RvError};

use super::failure::failure;
use super::limits::{Hung, Limits, within};
use super::raw::RawSign;
use crate::lock::lock;
use crate::{ModuleInfo, TokenError};

/// A module after `C_Initialize`.
///
/// It is never finalized: `C_Finalize` would end the sessions of every other user in the process.
pub(super) struct Module {
    /// Path as the allow-list has it.
    pub(super) path: PathBuf,
    /// The safe interface.
    pub(super) context: Pkcs11,
    /// `C_Sign`.
    pub(super) raw: RawSign,
    /// Calls that did not come back.
    pub(super) hung: Hung,
    leases: Mutex<HashSet<u64>>,
    freed: Condvar,
}

/// C_Initialize is state of the process, not of a value, and so is this table. Keyed by the real file, since two names
/// of one library share that state.
static LOADED: OnceLock<Mutex<HashMap<PathBuf, Slot>>> = OnceLock::new();

/// What is known of one library: its hung calls even before it could be initialized.
#[derive(Clone, Default)]
struct Slot {
    hung: Hung,
    module: Option<Arc<Module>>,
}

impl Module {
    /// Loads and initializes the library, or returns the one that is already there.
    pub(super) fn load(path: &Path, limits: &Limits) -> Result<Arc<Self>, TokenError> {
        let real = std::fs::canonicalize(path)
            .map_err(|_| TokenError::ModuleMissing { path: path.to_path_buf() })?;
        let slot =
            lock(LOADED.get_or_init(Mutex::default)).entry(real.clone()).or_default().clone();
        if let Some(module) = slot.module {
            return Ok(module);
        }
        let (path, hung) = (path.to_path_buf(), slot.hung.clone());
        let module =
            within(&slot.hung, limits, limits.call, move |_| Self::initialize(path, hung))?;
        // Two threads may have raced to here; C_Initialize told the second CKR_CRYPTOKI_ALREADY_INITIALIZED, and the
        // first one's leases are the ones that count.
        let mut loaded = lock(LOADED.get_or_init(Mutex::default));
        Ok(loaded.entry(real).or_default().module.get_or_insert(Arc::new(module)).clone())
    }

    fn initialize(path: PathBuf, hung: Hung) -> Result<Self, TokenError> {
        let context = Pkcs11::new(&path).map_err(|error| match error {
            Error::Pkcs11(..) => failure(error),
            _ => TokenError::NotPkcs11Module { path: path.clone() },
        })?;
        let raw = RawSign::of_module(&path)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(())
            | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, Function::Initialize)) => {}
            Err(error) => return Err(failure(error)),
        }
        Ok(Self { path, context, raw, hung, leases: Mutex::default(), freed: Condvar::new() })
    }

    /// CK_INFO.
    pub(super) fn info(&self) -> Result<ModuleInfo, TokenError> {
        let info = self.context.get_library_info().map_err(failure)?;
        let (library, cryptoki) = (info.library_version(), info.cryptoki_version());
        Ok(ModuleInfo {
            path: self.path.clone(),
            description: info.library_description().to_owned(),
            manufacturer: info.manufacturer_id().to_owned(),
            library_version: (library.major(), library.minor()),
            cryptoki_version: (cryptoki.major(), cryptoki.minor()),
        })
    }

    /// Takes the login of the token in this slot, waiting until another act lets go of it.
    pub(super) fn lease(self: &Arc<Self>, slot: u64, wait: Duration) -> Result<Lease, TokenError> {
        let deadline = Instant::now() + wait;
        let mut held = lock(&self.leases);
        while held.contains(&slot) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TokenError::TokenBusy { waited: wait });
            }
            held = self.freed.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        held.insert(slot);
        Ok(Lease { module: self.clone(), slot })
    }
}

/// The right to be logged in to one token; one at a time in a process.
pub(super) struct Lease {
    pub(super) module: Arc<Module>,
    slot: u64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.module.leases).remove(&self.slot);
        self.module.freed.notify_all();
    }
}
