//! Raising signed files to the levels that last: time-stamps, validation data, archive time-stamps.

use serde::{Deserialize, Serialize};

/// A level above B-B (EN 319 122-1 §6), each holding the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// B-T: a time-stamp proves that the signature existed.
    T,
    /// B-LT: also the certificates and revocation status that validation needs.
    #[serde(rename = "LT")]
    Lt,
    /// B-LTA: also a time-stamp over all of it, to be renewed before its algorithms or certificates lapse.
    #[serde(rename = "LTA")]
    Lta,
}

impl Level {
    /// `T`, `LT` or `LTA`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::T => "T",
            Self::Lt => "LT",
            Self::Lta => "LTA",
        }
    }
}
