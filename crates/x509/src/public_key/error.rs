//! Why there is no key, or no verification.

use super::PublicKeyAlgorithm;
use crate::algorithm::SignatureAlgorithm;
use crate::asn1::Asn1Error;
use crate::digest::DigestAlgorithm;
use const_oid::ObjectIdentifier;

/// Why a SubjectPublicKeyInfo gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKeyError {
    /// The DER is malformed.
    Der(Asn1Error),
    /// The key's algorithm is not one of ours.
    UnsupportedAlgorithm {
        /// Its object identifier.
        oid: ObjectIdentifier,
    },
    /// The curve is not one of ours; `None` when the parameters name no curve.
    UnsupportedCurve {
        /// Its object identifier.
        oid: Option<ObjectIdentifier>,
    },
    /// The key bytes are no key of their algorithm: wrong length, point off the curve, modulus out of 1024–8192 bits.
    InvalidKey {
        /// The algorithm's object identifier.
        oid: ObjectIdentifier,
    },
}

impl core::fmt::Display for PublicKeyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Der(error) => write!(f, "malformed SubjectPublicKeyInfo: {error}"),
            Self::UnsupportedAlgorithm { oid } => {
                write!(f, "unsupported public key algorithm {oid}")
            }
            Self::UnsupportedCurve { oid: Some(oid) } => {
                write!(f, "unsupported elliptic curve {oid}")
            }
            Self::UnsupportedCurve { oid: None } => f.write_str("elliptic curve is not named"),
            Self::InvalidKey { oid } => write!(f, "invalid public key of algorithm {oid}"),
        }
    }
}

impl core::error::Error for PublicKeyError {}

impl From<Asn1Error> for PublicKeyError {
    fn from(error: Asn1Error) -> Self {
        Self::Der(error)
    }
}

/// Why a signature value was not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// The cryptographic value is wrong for this key and message.
    BadSignature,
    /// The algorithm is of another kind than the key, or the key is restricted to other parameters.
    KeyMismatch {
        /// The signature's algorithm.
        algorithm: SignatureAlgorithm,
        /// The key.
        key: PublicKeyAlgorithm,
    },
    /// Nobody here computes this combination, so the signature is neither good nor bad.
    UnsupportedAlgorithm {
        /// The signature's algorithm.
        algorithm: SignatureAlgorithm,
        /// The key.
        key: PublicKeyAlgorithm,
    },
    /// The digest given is not the one that the algorithm uses.
    DigestMismatch {
        /// The algorithm of the digest given.
        given: DigestAlgorithm,
        /// The signature's algorithm.
        algorithm: SignatureAlgorithm,
    },
}

impl core::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::BadSignature => f.write_str("the signature value does not verify"),
            Self::KeyMismatch { algorithm, key } => {
                write!(f, "{algorithm} does not fit the key {key}")
            }
            Self::UnsupportedAlgorithm { algorithm, key } => {
                write!(f, "{algorithm} with {key} is not supported")
            }
            Self::DigestMismatch { given, algorithm } => {
                write!(f, "{given} was given for {algorithm}")
            }
        }
    }
}

impl core::error::Error for VerifyError {}
