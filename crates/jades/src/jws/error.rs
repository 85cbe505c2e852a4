//! Why bytes are no signature that we read.

use crate::base64::Base64Error;
use crate::header::HeaderError;
use crate::json::JsonError;
use crate::name::ParameterName;

/// A part of a JSON Web Signature (RFC 7515 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The protected header, `protected`.
    ProtectedHeader,
    /// The unprotected header, `header`.
    UnprotectedHeader,
    /// The payload, `payload`.
    Payload,
    /// The signature, `signature`.
    Signature,
    /// The array of signatures, `signatures`.
    Signatures,
}

/// Why bytes are no JSON Web Signature, or one whose header forbids to go on; ends in TOTAL-FAILED, FORMAT_FAILURE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwsError {
    /// The document is no text or no JSON, or exceeds a limit.
    Json(JsonError),
    /// The compact serialization has three parts; four means four or more.
    PartCount {
        /// How many were found.
        count: usize,
    },
    /// A part that must be there is not.
    Missing {
        /// Which.
        part: Part,
    },
    /// A part is not of its JSON type.
    MemberType {
        /// Which.
        part: Part,
    },
    /// A part is no base64url.
    Base64 {
        /// Which.
        part: Part,
        /// What is wrong.
        error: Base64Error,
    },
    /// The document has not the one signature that was asked for.
    SignatureCount {
        /// How many it has.
        count: usize,
    },
    /// Members of the flattened and of the general serialization stand side by side.
    MixedSerializations,
    /// The signatures of one document do not agree in `b64`.
    PayloadEncodingsDiffer,
    /// An unencoded payload has characters that the compact serialization cannot carry (RFC 7797 §5.2).
    UnencodedPayload,
    /// There is a payload although `sigD` says that the signed data are elsewhere.
    PayloadBesideObjects,
    /// A parameter that decides about the signature stands in the unprotected header.
    Unprotected {
        /// Its name.
        name: ParameterName,
    },
    /// A parameter stands in both headers.
    InBothHeaders {
        /// Its name.
        name: ParameterName,
    },
    /// The protected header is refused.
    Header(HeaderError),
}

impl core::fmt::Display for Part {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::ProtectedHeader => "protected header",
            Self::UnprotectedHeader => "unprotected header",
            Self::Payload => "payload",
            Self::Signature => "signature",
            Self::Signatures => "array of signatures",
        })
    }
}

impl core::fmt::Display for JwsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::PartCount { count } => {
                write!(f, "a compact signature has three parts, this one has {count}")
            }
            Self::Missing { part } => write!(f, "there is no {part}"),
            Self::MemberType { part } => write!(f, "the {part} is of the wrong JSON type"),
            Self::Base64 { part, error } => write!(f, "{part}: {error}"),
            Self::SignatureCount { count } => {
                write!(f, "one signature was expected, there are {count}")
            }
            Self::MixedSerializations => {
                f.write_str("members of two serializations stand side by side")
            }
            Self::PayloadEncodingsDiffer => f.write_str("the signatures do not agree in b64"),
            Self::UnencodedPayload => f.write_str(
                "the unencoded payload has characters that a compact signature cannot carry",
            ),
            Self::PayloadBesideObjects => {
                f.write_str("there is a payload although sigD says that the data are elsewhere")
            }
            Self::Unprotected { name } => write!(f, "{name} stands in the unprotected header"),
            Self::InBothHeaders { name } => write!(f, "{name} stands in both headers"),
            Self::Header(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for JwsError {}
