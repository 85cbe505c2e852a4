//! What can be wrong with a key file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a PKCS#12 file fails by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyFileError {
    /// The password is wrong, or the file was changed: its MAC does not fit.
    MacMismatch,
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MacMismatch => f.write_str("wrong password, or the key file was changed"),
        }
    }
}

impl std::error::Error for KeyFileError {}
