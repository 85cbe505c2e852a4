//! Why a protected header is refused.

use crate::base64::Base64Error;
use crate::json::JsonError;
use crate::limits::Limit;
use crate::name::ParameterName;
use kyso_x509::CertificateError;

/// Why a protected header is none that we can judge a signature by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// It is no JSON, or JSON that readers disagree on.
    Json(JsonError),
    /// It is JSON, but no object.
    NotAnObject,
    /// A parameter that must be there is not.
    Missing {
        /// Its name.
        name: ParameterName,
    },
    /// A parameter has not the type or the form that its definition demands.
    Malformed {
        /// Its name.
        name: ParameterName,
    },
    /// A parameter is no base64, or no base64url, as its definition demands.
    Base64 {
        /// Its name.
        name: ParameterName,
        /// What is wrong.
        error: Base64Error,
    },
    /// A parameter holds more than is read.
    LimitExceeded {
        /// Which limit.
        limit: Limit,
        /// Its value.
        maximum: usize,
    },
    /// An element of `x5c` is no certificate.
    Certificate {
        /// Its place in the array, from 0.
        index: usize,
        /// What is wrong.
        error: CertificateError,
    },
    /// Two parameters that exclude each other are both there.
    Conflict {
        /// One of them.
        name: ParameterName,
        /// The other.
        other: ParameterName,
    },
    /// A digest is named by an identifier that we do not know.
    UnknownDigestAlgorithm {
        /// The parameter.
        name: ParameterName,
    },
    /// `sigD` uses the mechanism HttpHeaders (TS 119 182-1 §5.2.8.2): there is no HTTP message here to look at.
    HttpHeadersMechanism,
    /// `sigD` uses a mechanism that we do not know.
    UnknownMechanism,
    /// `crit` is an empty array, which RFC 7515 §4.1.11 forbids.
    CriticalEmpty,
    /// `crit` names a parameter that RFC 7515 or RFC 7518 defines.
    CriticalRegistered {
        /// The name.
        name: ParameterName,
    },
    /// `crit` names a parameter whose rules we do not follow.
    CriticalNotUnderstood {
        /// The name.
        name: ParameterName,
    },
    /// `crit` names a parameter that is not there.
    CriticalAbsent {
        /// The name.
        name: ParameterName,
    },
    /// `crit` names a parameter twice.
    CriticalRepeated {
        /// The name.
        name: ParameterName,
    },
    /// A parameter that changes what is signed is not in `crit`.
    NotCritical {
        /// Its name.
        name: ParameterName,
    },
}

impl HeaderError {
    pub(crate) fn missing(name: &str) -> Self {
        Self::Missing { name: ParameterName::new(name) }
    }

    pub(crate) fn malformed(name: &str) -> Self {
        Self::Malformed { name: ParameterName::new(name) }
    }

    pub(crate) fn conflict(name: &str, other: &str) -> Self {
        Self::Conflict { name: ParameterName::new(name), other: ParameterName::new(other) }
    }
}

impl core::fmt::Display for HeaderError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Json(error) => write!(f, "protected header: {error}"),
            Self::NotAnObject => f.write_str("the protected header is no JSON object"),
            Self::Missing { name } => write!(f, "the protected header has no {name}"),
            Self::Malformed { name } => write!(f, "header parameter {name} is malformed"),
            Self::Base64 { name, error } => write!(f, "header parameter {name}: {error}"),
            Self::LimitExceeded { limit, maximum } => {
                write!(f, "too many {limit}: at most {maximum} are read")
            }
            Self::Certificate { index, error } => write!(f, "certificate {index} of x5c: {error}"),
            Self::Conflict { name, other } => {
                write!(f, "header parameters {name} and {other} exclude each other")
            }
            Self::UnknownDigestAlgorithm { name } => {
                write!(f, "header parameter {name} names an unknown digest algorithm")
            }
            Self::HttpHeadersMechanism => {
                f.write_str("sigD signs HTTP headers, which is not supported")
            }
            Self::UnknownMechanism => f.write_str("sigD uses an unknown mechanism"),
            Self::CriticalEmpty => f.write_str("crit is empty"),
            Self::CriticalRegistered { name } => {
                write!(f, "crit names {name}, which is no extension")
            }
            Self::CriticalNotUnderstood { name } => {
                write!(f, "crit demands {name}, which is not supported")
            }
            Self::CriticalAbsent { name } => write!(f, "crit names {name}, which is not there"),
            Self::CriticalRepeated { name } => write!(f, "crit names {name} twice"),
            Self::NotCritical { name } => {
                write!(f, "{name} changes what is signed and must stand in crit")
            }
        }
    }
}

impl core::error::Error for HeaderError {}
