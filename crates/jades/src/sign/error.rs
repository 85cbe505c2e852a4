//! Why nothing can be signed.

use crate::algorithm::JwsAlgorithm;
use kyso_x509::{DigestAlgorithm, PublicKeyAlgorithm, PublicKeyError, Time};

/// Why nothing can be signed with these parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrepareError {
    /// The certificate's key is not one that we can sign for.
    UnusableKey(PublicKeyError),
    /// The algorithm is not one that the certificate's key allows.
    AlgorithmMismatch {
        /// The algorithm.
        algorithm: JwsAlgorithm,
        /// The key.
        key: PublicKeyAlgorithm,
    },
    /// JOSE has no identifier for this digest algorithm, or it is too weak for a new signature.
    DigestUnavailable {
        /// The digest algorithm.
        algorithm: DigestAlgorithm,
    },
    /// The signing time lies outside of the years 0 to 9999.
    TimeOutOfRange {
        /// The time.
        time: Time,
    },
    /// An unencoded payload stands in the signature as text (RFC 7797 §5) and is none from this byte on.
    PayloadNotUtf8 {
        /// The first byte that belongs to no character.
        offset: usize,
    },
    /// The compact serialization cannot carry this byte of an unencoded payload (RFC 7797 §5.2).
    PayloadNotCompact {
        /// Its offset.
        offset: usize,
    },
    /// There is no data object.
    NoObjects,
    /// Two data objects have one URI.
    RepeatedObject {
        /// The place of the second, from 0.
        index: usize,
    },
    /// `cty` was given although `sigD` says what the data objects are (TS 119 182-1 §5.1.3).
    ContentTypeBesideObjects,
    /// Data objects are signed by JAdES alone.
    ObjectsWithoutJades,
    /// The general serialization is read only.
    GeneralSerialization,
}

impl core::fmt::Display for PrepareError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnusableKey(error) => error.fmt(f),
            Self::AlgorithmMismatch { algorithm, key } => {
                write!(f, "{algorithm} does not fit the key {key}")
            }
            Self::DigestUnavailable { algorithm } => {
                write!(f, "{algorithm} cannot be used in a JSON signature")
            }
            Self::TimeOutOfRange { time } => write!(f, "the signing time {time} cannot be written"),
            Self::PayloadNotUtf8 { offset } => {
                write!(f, "an unencoded payload must be text; byte {offset} is none")
            }
            Self::PayloadNotCompact { offset } => {
                write!(f, "a compact signature cannot carry byte {offset} of the payload as it is")
            }
            Self::NoObjects => f.write_str("there is no data object to sign"),
            Self::RepeatedObject { index } => {
                write!(f, "data object {} has the URI of another", index.saturating_add(1))
            }
            Self::ContentTypeBesideObjects => {
                f.write_str("a content type was given beside data objects")
            }
            Self::ObjectsWithoutJades => f.write_str("data objects need a JAdES signature"),
            Self::GeneralSerialization => f.write_str("the general serialization is not written"),
        }
    }
}

impl core::error::Error for PrepareError {}
