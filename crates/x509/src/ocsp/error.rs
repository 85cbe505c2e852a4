//! Why bytes are no OCSP response that says anything.

use crate::asn1::Asn1Error;
use crate::extension::ExtensionError;
use const_oid::ObjectIdentifier;

/// Why bytes are no OCSP response that says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OcspError {
    /// The DER is malformed.
    Der(Asn1Error),
    /// Extensions of the response or of one of its answers are malformed or occur twice.
    Extension(ExtensionError),
    /// The responder answered with an error instead.
    Status(ResponseStatus),
    /// successful, but without responseBytes.
    NoResponseBytes,
    /// responseBytes of another type than id-pkix-ocsp-basic.
    UnknownResponseType {
        /// responseType.
        oid: ObjectIdentifier,
    },
    /// The version is not 1 (RFC 6960 §4.2.2.3).
    UnsupportedVersion {
        /// The number in the field, 0 for version 1.
        value: u32,
    },
}

/// OCSPResponseStatus (RFC 6960 §4.2.1) other than successful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseStatus {
    /// 1: the request did not conform to the syntax.
    MalformedRequest,
    /// 2: the responder is in an inconsistent state.
    InternalError,
    /// 3: the responder cannot answer for now.
    TryLater,
    /// 5: the request must be signed.
    SigRequired,
    /// 6: this client may not ask, or the responder cannot answer with authority (RFC 5019 §2.2.3).
    Unauthorized,
    /// A number that RFC 6960 does not know.
    Unknown {
        /// The number.
        code: u8,
    },
}

impl ResponseStatus {
    pub(super) const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::MalformedRequest,
            2 => Self::InternalError,
            3 => Self::TryLater,
            5 => Self::SigRequired,
            6 => Self::Unauthorized,
            code => Self::Unknown { code },
        }
    }
}

impl core::fmt::Display for ResponseStatus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::MalformedRequest => f.write_str("malformedRequest"),
            Self::InternalError => f.write_str("internalError"),
            Self::TryLater => f.write_str("tryLater"),
            Self::SigRequired => f.write_str("sigRequired"),
            Self::Unauthorized => f.write_str("unauthorized"),
            Self::Unknown { code } => write!(f, "unknown status {code}"),
        }
    }
}

impl core::fmt::Display for OcspError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Der(error) => write!(f, "malformed OCSP response: {error}"),
            Self::Extension(error) => write!(f, "malformed OCSP response: {error}"),
            Self::Status(status) => write!(f, "the OCSP responder answered {status}"),
            Self::NoResponseBytes => f.write_str("OCSP response without responseBytes"),
            Self::UnknownResponseType { oid } => {
                write!(f, "OCSP response of the unknown type {oid}")
            }
            Self::UnsupportedVersion { value } => {
                write!(f, "OCSP response of the unknown version {}", u64::from(*value) + 1)
            }
        }
    }
}

impl core::error::Error for OcspError {}

impl From<Asn1Error> for OcspError {
    fn from(error: Asn1Error) -> Self {
        Self::Der(error)
    }
}

impl From<ExtensionError> for OcspError {
    fn from(error: ExtensionError) -> Self {
        Self::Extension(error)
    }
}
