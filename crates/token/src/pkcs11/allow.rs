//! Which libraries may be loaded at all.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::TokenError;

/// Largest module that is hashed; vendors' modules are below 30 MB.
const MAX_MODULE_LEN: u64 = 256 << 20;

/// One library that may be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedModule {
    /// Absolute path, compared as written: no search path, no normalization.
    pub path: PathBuf,
    /// SHA-256 of the file, where the administrator pinned it.
    pub sha256: Option<[u8; 32]>,
}

/// The administrator's list of libraries; what is not on it is never opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    modules: Vec<AllowedModule>,
}

impl AllowList {
    /// A list of these modules, in this order.
    #[must_use]
    pub fn new(modules: Vec<AllowedModule>) -> Self {
        Self { modules }
    }

    /// A list of paths without pinned digests.
    pub fn of_paths<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        let modules =
            paths.into_iter().map(|path| AllowedModule { path: path.into(), sha256: None });
        Self { modules: modules.collect() }
    }

    /// The listed modules.
    #[must_use]
    pub fn modules(&self) -> &[AllowedModule] {
        &self.modules
    }

    /// Checks everything that can be checked before the library is opened.
    pub(crate) fn check(&self, path: &Path) -> Result<(), TokenError> {
        let owned = || path.to_path_buf();
        if !path.is_absolute() {
            return Err(TokenError::ModulePathNotAbsolute { path: owned() });
        }
        let Some(allowed) = self.modules.iter().find(|module| module.path == path) else {
            return Err(TokenError::ModuleNotAllowed { path: owned() });
        };
        let metadata =
            std::fs::metadata(path).map_err(|_| TokenError::ModuleMissing { path: owned() })?;
        if !metadata.is_file() {
            return Err(TokenError::NotPkcs11Module { path: owned() });
        }
        let Some(expected) = allowed.sha256 else { return Ok(()) };
        if metadata.len() > MAX_MODULE_LEN {
            return Err(TokenError::ModuleDigestMismatch { path: owned() });
        }
        let bytes = std::fs::read(path).map_err(|_| TokenError::ModuleMissing { path: owned() })?;
        if crate::HashAlgorithm::Sha256.digest(&bytes) != expected {
            return Err(TokenError::ModuleDigestMismatch { path: owned() });
        }
        Ok(())
    }
}
