//! Why a signature or a reference was not verified, and which indication of ETSI EN 319 102-1 that is.

use super::error::SignatureError;
use crate::algorithm::XmlAlgorithmError;
use crate::error::XmlError;
use kyso_x509::{Digest, PublicKeyAlgorithm, PublicKeyError, SignatureAlgorithm, VerifyError};

/// Why one reference was not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceFailure {
    /// Nobody has the data that the URI means: it is no element of the document and was not given.
    SignedDataNotFound,
    /// The digest algorithm is not one of ours.
    DigestMethod(XmlAlgorithmError),
    /// A transform is not one of ours.
    Transform(XmlAlgorithmError),
    /// A transform that takes nodes of the document was given octets.
    NoNodes,
    /// The base64 transform was given something else.
    NotBase64,
    /// The target cannot be found or read: an identifier twice, no XML, a limit.
    Xml(XmlError),
    /// The data was digested elsewhere, and not under this algorithm or without the transforms.
    ExternalDigestMissing,
    /// The references together digest more than the limit allows.
    DigestedLimit {
        /// The limit in bytes.
        maximum: usize,
    },
    /// The digest is another.
    DigestMismatch {
        /// Digest of the data at hand.
        computed: Digest,
    },
}

/// Why a signature was not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyFailure {
    /// The canonicalization of `SignedInfo` is not one of ours.
    Canonicalization(XmlAlgorithmError),
    /// The signature method is not one of ours: neither good nor bad is known.
    SignatureMethod(XmlAlgorithmError),
    /// A reference was not verified.
    Reference {
        /// Which one, from 0.
        index: usize,
        /// Why.
        failure: ReferenceFailure,
    },
    /// No certificate at hand may be the signer's.
    SigningCertificateNotFound,
    /// The certificates at hand are not the one that the signed properties bind.
    SigningCertificateMismatch,
    /// The qualifying properties cannot be read.
    Properties(SignatureError),
    /// No reference covers the signed properties, as they stand here (EN 319 132-1 §4.4.2).
    SignedPropertiesNotCovered,
    /// No reference of a counter-signature covers the value that it stands at (EN 319 132-1 §5.2.7).
    CounterSignedValueNotCovered,
    /// A counter-signature cannot be read.
    CounterSignature(SignatureError),
    /// The key of the signer's certificate is not one of ours.
    UnusableKey(PublicKeyError),
    /// The signature algorithm is for another kind of key.
    KeyMismatch {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// The key.
        key: PublicKeyAlgorithm,
    },
    /// Nobody here computes this algorithm with this key.
    UnsupportedCombination {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// The key.
        key: PublicKeyAlgorithm,
    },
    /// `KeyValue` is another key than the one that verifies the value (XML Signature 1.1 §4.5: they must agree).
    KeyValueMismatch,
    /// `SignedInfo` cannot be canonicalized.
    Xml(XmlError),
    /// The cryptographic value does not verify.
    BadSignature,
}

/// Indication and sub-indication of EN 319 102-1 v1.4.1 §5.1.3 that a failure leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureIndication {
    /// TOTAL-FAILED, FORMAT_FAILURE.
    FormatFailure,
    /// TOTAL-FAILED, HASH_FAILURE.
    HashFailure,
    /// TOTAL-FAILED, SIG_CRYPTO_FAILURE.
    SigCryptoFailure,
    /// INDETERMINATE, NO_SIGNING_CERTIFICATE_FOUND.
    NoSigningCertificateFound,
    /// INDETERMINATE, CRYPTO_CONSTRAINTS_FAILURE.
    CryptoConstraintsFailure,
    /// INDETERMINATE, SIGNED_DATA_NOT_FOUND.
    SignedDataNotFound,
}

impl ReferenceFailure {
    /// The indication that this failure leads to.
    #[must_use]
    pub const fn indication(&self) -> FailureIndication {
        match self {
            Self::SignedDataNotFound
            | Self::ExternalDigestMissing
            | Self::Xml(XmlError::UnknownId) => FailureIndication::SignedDataNotFound,
            Self::DigestMethod(_) => FailureIndication::CryptoConstraintsFailure,
            Self::Transform(_)
            | Self::NoNodes
            | Self::NotBase64
            | Self::Xml(_)
            | Self::DigestedLimit { .. } => FailureIndication::FormatFailure,
            Self::DigestMismatch { .. } => FailureIndication::HashFailure,
        }
    }
}

impl VerifyFailure {
    /// The indication that this failure leads to.
    #[must_use]
    pub const fn indication(&self) -> FailureIndication {
        match self {
            Self::Reference { failure, .. } => failure.indication(),
            Self::Canonicalization(_)
            | Self::Xml(_)
            | Self::Properties(_)
            | Self::SignedPropertiesNotCovered
            | Self::CounterSignature(_)
            | Self::CounterSignedValueNotCovered => FailureIndication::FormatFailure,
            Self::SignatureMethod(_)
            | Self::UnsupportedCombination { .. }
            | Self::UnusableKey(_) => FailureIndication::CryptoConstraintsFailure,
            Self::SigningCertificateNotFound | Self::SigningCertificateMismatch => {
                FailureIndication::NoSigningCertificateFound
            }
            Self::KeyMismatch { .. } | Self::KeyValueMismatch | Self::BadSignature => {
                FailureIndication::SigCryptoFailure
            }
        }
    }
}

impl From<XmlError> for ReferenceFailure {
    fn from(error: XmlError) -> Self {
        Self::Xml(error)
    }
}

impl From<XmlError> for VerifyFailure {
    fn from(error: XmlError) -> Self {
        Self::Xml(error)
    }
}

impl From<VerifyError> for VerifyFailure {
    fn from(error: VerifyError) -> Self {
        match error {
            // The digest given is always the algorithm's own here.
            VerifyError::BadSignature | VerifyError::DigestMismatch { .. } => Self::BadSignature,
            VerifyError::KeyMismatch { algorithm, key } => Self::KeyMismatch { algorithm, key },
            VerifyError::UnsupportedAlgorithm { algorithm, key } => {
                Self::UnsupportedCombination { algorithm, key }
            }
        }
    }
}

impl core::fmt::Display for ReferenceFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::SignedDataNotFound => f.write_str("the data was not found"),
            Self::DigestMethod(error) => write!(f, "digest: {error}"),
            Self::Transform(error) => write!(f, "transform: {error}"),
            Self::NoNodes => {
                f.write_str("a transform of nodes stands where the data are octets already")
            }
            Self::NotBase64 => f.write_str("the data is no base64"),
            Self::Xml(error) => error.fmt(f),
            Self::ExternalDigestMissing => {
                f.write_str("the data's digest under the reference's algorithm is missing")
            }
            Self::DigestedLimit { maximum } => {
                write!(f, "the references digest more than {maximum} bytes")
            }
            Self::DigestMismatch { .. } => f.write_str("the data is not what was signed"),
        }
    }
}

impl core::error::Error for ReferenceFailure {}

impl core::fmt::Display for VerifyFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Canonicalization(error) => write!(f, "canonicalization: {error}"),
            Self::SignatureMethod(error) => write!(f, "signature method: {error}"),
            Self::Reference { index, failure } => {
                write!(f, "reference {}: {failure}", index.saturating_add(1))
            }
            Self::SigningCertificateNotFound => {
                f.write_str("the signer's certificate was not found")
            }
            Self::SigningCertificateMismatch => {
                f.write_str("the certificate found is not the one that the signer bound")
            }
            Self::CounterSignedValueNotCovered => {
                f.write_str("the counter-signature is about another signature")
            }
            Self::Properties(error) | Self::CounterSignature(error) => error.fmt(f),
            Self::SignedPropertiesNotCovered => {
                f.write_str("no reference covers the signed properties")
            }
            Self::UnusableKey(error) => error.fmt(f),
            Self::KeyMismatch { algorithm, key } => {
                write!(f, "{algorithm} does not fit the signer's key {key}")
            }
            Self::UnsupportedCombination { algorithm, key } => {
                write!(f, "{algorithm} with {key} is not supported")
            }
            Self::KeyValueMismatch => {
                f.write_str("the bare key in the signature is not the one that verifies it")
            }
            Self::Xml(error) => error.fmt(f),
            Self::BadSignature => f.write_str("the signature value does not verify"),
        }
    }
}

impl core::error::Error for VerifyFailure {}
