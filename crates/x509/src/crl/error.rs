//! Why bytes are no CRL.

use crate::asn1::Asn1Error;
use crate::extension::ExtensionError;

/// Why bytes are no CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrlError {
    /// The DER is malformed.
    Der(Asn1Error),
    /// An extension of the list is malformed or occurs twice.
    Extension(ExtensionError),
    /// The version is neither 1 nor 2 (RFC 5280 §5.1.2.1).
    UnsupportedVersion {
        /// The number in the field, 1 for version 2.
        value: u32,
    },
    /// The list is longer than offsets of 32 bits can tell.
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// A PEM block that begins at this byte does not end or is no base64.
    Pem {
        /// Offset in bytes of the block.
        offset: usize,
    },
    /// No CRL at all was found in the data.
    Missing,
}

impl core::fmt::Display for CrlError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Der(error) => write!(f, "malformed CRL: {error}"),
            Self::Extension(error) => write!(f, "malformed CRL: {error}"),
            Self::UnsupportedVersion { value } => {
                write!(f, "CRL of the unknown version {}", u64::from(*value) + 1)
            }
            Self::TooLong { len } => write!(f, "CRL of {len} bytes, which is too long"),
            Self::Pem { offset } => write!(f, "malformed PEM block at offset {offset}"),
            Self::Missing => f.write_str("no CRL found"),
        }
    }
}

impl core::error::Error for CrlError {}

impl From<Asn1Error> for CrlError {
    fn from(error: Asn1Error) -> Self {
        Self::Der(error)
    }
}

impl From<ExtensionError> for CrlError {
    fn from(error: ExtensionError) -> Self {
        Self::Extension(error)
    }
}
