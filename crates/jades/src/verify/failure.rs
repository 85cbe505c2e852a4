//! Why a signature does not verify, and what that means.

use crate::algorithm::{AlgorithmRefusal, JwsAlgorithm};
use crate::base64::Base64Error;
use kyso_cades::FailureIndication;
use kyso_x509::{PublicKeyAlgorithm, PublicKeyError};

/// Why a signature was not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyFailure {
    /// `alg` is none that any key here would allow.
    AlgorithmRefused(AlgorithmRefusal),
    /// `alg` is for another key than the certificate's.
    KeyMismatch {
        /// The algorithm.
        algorithm: JwsAlgorithm,
        /// The key.
        key: PublicKeyAlgorithm,
    },
    /// Nobody here computes this algorithm with this key.
    UnsupportedCombination {
        /// The algorithm.
        algorithm: JwsAlgorithm,
        /// The key.
        key: PublicKeyAlgorithm,
    },
    /// The key of the signer's certificate is not one of ours.
    UnusableKey(PublicKeyError),
    /// There is no `x5c`, and no certificate at hand is the one that the header's digests name.
    SigningCertificateNotFound,
    /// The first certificate of `x5c` is not the one that the header's digests name.
    SigningCertificateMismatch,
    /// The payload is detached and was not given.
    PayloadNotFound,
    /// A payload was given for a signature that has one: it is not clear which was meant.
    ContentAmbiguous,
    /// The payload is no base64url.
    Payload(Base64Error),
    /// A data object of `sigD` is not at hand.
    ObjectNotFound {
        /// Its place in `pars`, from 0.
        index: usize,
    },
    /// A data object of `sigD` is not what was signed.
    ObjectDigestMismatch {
        /// Its place in `pars`, from 0.
        index: usize,
    },
    /// The cryptographic value does not verify: header, payload or value are not what was signed.
    BadSignature,
}

impl VerifyFailure {
    /// Indication and sub-indication of EN 319 102-1 v1.4.1 §5.1.3 that this failure leads to.
    #[must_use]
    pub const fn indication(&self) -> FailureIndication {
        match self {
            Self::AlgorithmRefused(AlgorithmRefusal::None | AlgorithmRefusal::Hmac)
            | Self::KeyMismatch { .. }
            | Self::BadSignature => FailureIndication::SigCryptoFailure,
            Self::AlgorithmRefused(_)
            | Self::UnsupportedCombination { .. }
            | Self::UnusableKey(_) => FailureIndication::CryptoConstraintsFailure,
            Self::SigningCertificateNotFound | Self::SigningCertificateMismatch => {
                FailureIndication::NoSigningCertificateFound
            }
            Self::PayloadNotFound | Self::ObjectNotFound { .. } => {
                FailureIndication::SignedDataNotFound
            }
            Self::ContentAmbiguous | Self::Payload(_) => FailureIndication::FormatFailure,
            Self::ObjectDigestMismatch { .. } => FailureIndication::HashFailure,
        }
    }
}

impl core::fmt::Display for VerifyFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::AlgorithmRefused(refusal) => refusal.fmt(f),
            Self::KeyMismatch { algorithm, key } => {
                write!(f, "{algorithm} does not fit the signer's key {key}")
            }
            Self::UnsupportedCombination { algorithm, key } => {
                write!(f, "{algorithm} with {key} is not supported")
            }
            Self::UnusableKey(error) => error.fmt(f),
            Self::SigningCertificateNotFound => {
                f.write_str("the signer's certificate was not found")
            }
            Self::SigningCertificateMismatch => {
                f.write_str("the certificate is not the one that the signer bound")
            }
            Self::PayloadNotFound => f.write_str("the signed payload is not at hand"),
            Self::ContentAmbiguous => {
                f.write_str("the signature has a payload of its own, and another was given")
            }
            Self::Payload(error) => write!(f, "payload: {error}"),
            Self::ObjectNotFound { index } => {
                write!(f, "signed data object {} is not at hand", index.saturating_add(1))
            }
            Self::ObjectDigestMismatch { index } => {
                write!(f, "signed data object {} is not what was signed", index.saturating_add(1))
            }
            Self::BadSignature => f.write_str("the signature value does not verify"),
        }
    }
}

impl core::error::Error for VerifyFailure {}
