//! Why bytes are no time-stamp, and why a response does not answer its request.

use super::response::{PkiFailureInfo, PkiStatus};
use crate::signed_data::SignedDataError;
use kyso_x509::asn1::Asn1Error;
use kyso_x509::{AlgorithmError, Digest, DigestAlgorithm, ObjectIdentifier};

/// Why bytes are no TSTInfo that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TstInfoError {
    /// The encoding is malformed.
    Asn1(Asn1Error),
    /// The version is not 1.
    UnsupportedVersion {
        /// The version stated.
        version: u32,
    },
    /// The imprint's digest algorithm is not one of ours.
    ImprintAlgorithm(AlgorithmError),
    /// The imprint is not as long as its algorithm makes it.
    ImprintLength {
        /// The algorithm.
        algorithm: DigestAlgorithm,
        /// Bytes found.
        len: usize,
    },
    /// An extension that must be understood.
    CriticalExtension {
        /// Its identifier.
        oid: ObjectIdentifier,
    },
}

impl core::fmt::Display for TstInfoError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Asn1(error) => write!(f, "malformed TSTInfo: {error}"),
            Self::UnsupportedVersion { version } => write!(f, "TSTInfo of version {version}"),
            Self::ImprintAlgorithm(error) => write!(f, "message imprint: {error}"),
            Self::ImprintLength { algorithm, len } => {
                write!(f, "message imprint of {len} bytes is no {algorithm} digest")
            }
            Self::CriticalExtension { oid } => {
                write!(f, "TSTInfo with the unknown critical extension {oid}")
            }
        }
    }
}

impl core::error::Error for TstInfoError {}

impl From<Asn1Error> for TstInfoError {
    fn from(error: Asn1Error) -> Self {
        Self::Asn1(error)
    }
}

/// Why bytes are no time-stamp token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// The encoding is malformed.
    Asn1(Asn1Error),
    /// They are no SignedData.
    SignedData(SignedDataError),
    /// The content is of another type than id-ct-TSTInfo.
    NotTstInfo {
        /// The type found.
        content_type: ObjectIdentifier,
    },
    /// The content is not inside.
    ContentMissing,
    /// The content is no TSTInfo.
    TstInfo(TstInfoError),
    /// The signer has more time-stamps of this kind than are read.
    TooMany {
        /// Most that are read.
        limit: usize,
    },
}

impl core::fmt::Display for TokenError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Asn1(error) => write!(f, "malformed time-stamp token: {error}"),
            Self::SignedData(error) => write!(f, "time-stamp token: {error}"),
            Self::NotTstInfo { content_type } => {
                write!(f, "content type {content_type} is not that of a time-stamp")
            }
            Self::ContentMissing => f.write_str("the time-stamp token has no content"),
            Self::TstInfo(error) => error.fmt(f),
            Self::TooMany { limit } => write!(f, "more than {limit} time-stamps of one kind"),
        }
    }
}

impl core::error::Error for TokenError {}

impl From<SignedDataError> for TokenError {
    fn from(error: SignedDataError) -> Self {
        Self::SignedData(error)
    }
}

impl From<TstInfoError> for TokenError {
    fn from(error: TstInfoError) -> Self {
        Self::TstInfo(error)
    }
}

/// Why a time-stamping authority's response brings no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseError {
    /// The encoding is malformed.
    Asn1(Asn1Error),
    /// A status that RFC 3161 §2.4.2 does not define.
    UnknownStatus {
        /// Its number.
        status: u32,
    },
    /// The authority did not grant the request.
    Refused {
        /// Its status.
        status: PkiStatus,
        /// Its reasons.
        failures: Vec<PkiFailureInfo>,
        /// Its words.
        text: Vec<String>,
    },
    /// Granted, but without a token.
    TokenMissing,
    /// Granted, but what it brought is no token.
    Token(TokenError),
}

impl core::fmt::Display for ResponseError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Asn1(error) => write!(f, "malformed time-stamp response: {error}"),
            Self::UnknownStatus { status } => {
                write!(f, "time-stamp response with the unknown status {status}")
            }
            Self::Refused { status, failures, text } => {
                write!(f, "the time-stamping authority answered: {status}")?;
                failures.iter().try_for_each(|failure| write!(f, ", {failure}"))?;
                text.iter()
                    .try_for_each(|line| write!(f, " ({})", kyso_x509::escape_for_display(line)))
            }
            Self::TokenMissing => f.write_str("the time-stamp response has no token"),
            Self::Token(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ResponseError {}

impl From<Asn1Error> for ResponseError {
    fn from(error: Asn1Error) -> Self {
        Self::Asn1(error)
    }
}

/// Why a token is not the answer to a request (RFC 3161 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMismatch {
    /// Something else was stamped.
    Imprint {
        /// What.
        stamped: Digest,
    },
    /// The nonce is missing or another one: the token may be an old one.
    Nonce,
    /// Stamped under another policy.
    Policy {
        /// Asked for.
        requested: ObjectIdentifier,
        /// Applied.
        applied: ObjectIdentifier,
    },
    /// The certificates that were asked for are missing.
    CertificatesMissing,
    /// Certificates are there although none were asked for.
    CertificatesUnwanted,
}

impl core::fmt::Display for ResponseMismatch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Imprint { .. } => f.write_str("the time-stamp is about something else"),
            Self::Nonce => f.write_str("the time-stamp does not carry the nonce of the request"),
            Self::Policy { requested, applied } => {
                write!(f, "policy {requested} was asked for, {applied} was applied")
            }
            Self::CertificatesMissing => {
                f.write_str("the time-stamp lacks the certificate that was asked for")
            }
            Self::CertificatesUnwanted => {
                f.write_str("the time-stamp brings certificates that were not asked for")
            }
        }
    }
}

impl core::error::Error for ResponseMismatch {}
