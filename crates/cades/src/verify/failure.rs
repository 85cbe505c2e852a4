//! Why a signature was not verified, and which indication of ETSI EN 319 102-1 that is.

use crate::signer_info::SignerIdentifier;
use kyso_x509::asn1::Asn1Error;
use kyso_x509::{
    AlgorithmError, Digest, DigestAlgorithm, ObjectIdentifier, PublicKeyAlgorithm, PublicKeyError,
    SignatureAlgorithm,
};

/// Why a signer's signature was not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyFailure {
    /// There is no signer of this index.
    NoSuchSigner {
        /// The index asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A signed attribute that must be there is not.
    MissingAttribute {
        /// The attribute.
        oid: ObjectIdentifier,
    },
    /// An attribute occurs more than once, or has no or several values.
    NotSingleValued {
        /// The attribute.
        oid: ObjectIdentifier,
    },
    /// An attribute's value is malformed.
    MalformedAttribute {
        /// The attribute.
        oid: ObjectIdentifier,
        /// What is wrong, counted from the start of the value.
        error: Asn1Error,
    },
    /// The content-type attribute is not eContentType.
    ContentTypeMismatch {
        /// The type signed.
        attribute: ObjectIdentifier,
        /// The type encapsulated.
        encapsulated: ObjectIdentifier,
    },
    /// A counter-signature states a content type, which it must not have.
    ContentTypeOfCounterSignature {
        /// The type stated.
        attribute: ObjectIdentifier,
    },
    /// There are no signed attributes, which this content type demands.
    SignedAttributesRequired {
        /// The content type.
        content_type: ObjectIdentifier,
    },
    /// There are no signed attributes, and the content is what a signature over attributes would cover.
    ContentResemblesSignedAttributes,
    /// There are no signed attributes, and nobody looked whether the content resembles some.
    ContentNotInspected,
    /// digestAlgorithm is not the digest of signatureAlgorithm.
    AlgorithmsDisagree {
        /// The one stated beside the signature.
        stated: DigestAlgorithm,
        /// The one that the signature algorithm uses.
        required: DigestAlgorithm,
    },
    /// cms-algorithm-protection names other algorithms than the SignerInfo.
    AlgorithmProtectionMismatch,
    /// The signature algorithm is for another kind of key than the certificate's.
    KeyMismatch {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// The key.
        key: PublicKeyAlgorithm,
    },
    /// An algorithm is not one of ours, or its parameters are malformed: neither good nor bad is known.
    UnsupportedAlgorithm(AlgorithmError),
    /// Nobody here computes this algorithm with this key.
    UnsupportedCombination {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// The key.
        key: PublicKeyAlgorithm,
    },
    /// The key of the signer's certificate is not one of ours.
    UnusableKey(PublicKeyError),
    /// No certificate at hand is the one that sid names.
    SigningCertificateNotFound {
        /// What names it.
        sid: SignerIdentifier,
    },
    /// The certificate that sid names is not the one that the signing-certificate attribute binds.
    SigningCertificateMismatch {
        /// What names it.
        sid: SignerIdentifier,
    },
    /// The content's digest under this algorithm was not given.
    ContentDigestMissing {
        /// The algorithm.
        algorithm: DigestAlgorithm,
    },
    /// The content is not what was signed.
    MessageDigestMismatch {
        /// Digest of the content at hand.
        computed: Digest,
    },
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

impl VerifyFailure {
    /// The indication that this failure leads to.
    #[must_use]
    pub const fn indication(&self) -> FailureIndication {
        match self {
            Self::NoSuchSigner { .. }
            | Self::MissingAttribute { .. }
            | Self::NotSingleValued { .. }
            | Self::MalformedAttribute { .. }
            | Self::ContentTypeMismatch { .. }
            | Self::ContentTypeOfCounterSignature { .. }
            | Self::SignedAttributesRequired { .. }
            | Self::ContentResemblesSignedAttributes
            | Self::ContentNotInspected => FailureIndication::FormatFailure,
            Self::MessageDigestMismatch { .. } => FailureIndication::HashFailure,
            Self::BadSignature
            | Self::AlgorithmsDisagree { .. }
            | Self::AlgorithmProtectionMismatch
            | Self::KeyMismatch { .. } => FailureIndication::SigCryptoFailure,
            Self::UnsupportedAlgorithm(_)
            | Self::UnsupportedCombination { .. }
            | Self::UnusableKey(_) => FailureIndication::CryptoConstraintsFailure,
            Self::SigningCertificateNotFound { .. } | Self::SigningCertificateMismatch { .. } => {
                FailureIndication::NoSigningCertificateFound
            }
            Self::ContentDigestMissing { .. } => FailureIndication::SignedDataNotFound,
        }
    }
}

impl core::fmt::Display for VerifyFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoSuchSigner { index, count } => {
                write!(f, "there is no signer {index}, only {count}")
            }
            Self::MissingAttribute { oid } => write!(f, "signed attribute {oid} is missing"),
            Self::NotSingleValued { oid } => {
                write!(f, "attribute {oid} must occur once, with one value")
            }
            Self::MalformedAttribute { oid, error } => {
                write!(f, "malformed attribute {oid}: {error}")
            }
            Self::ContentTypeMismatch {
                attribute,
                encapsulated,
            } => write!(
                f,
                "the signed content type {attribute} is not that of the content, {encapsulated}"
            ),
            Self::ContentTypeOfCounterSignature { attribute } => {
                write!(f, "the counter-signature states a content type, {attribute}")
            }
            Self::SignedAttributesRequired { content_type } => write!(
                f,
                "content of type {content_type} needs signed attributes, and there are none"
            ),
            Self::ContentResemblesSignedAttributes => f.write_str(
                "there are no signed attributes, and the content looks like some: it may not be what was signed",
            ),
            Self::ContentNotInspected => f.write_str(
                "there are no signed attributes, and the content was not inspected for looking like some",
            ),
            Self::AlgorithmsDisagree { stated, required } => write!(
                f,
                "digest algorithm {stated} contradicts the signature algorithm, which uses {required}"
            ),
            Self::AlgorithmProtectionMismatch => {
                f.write_str("the algorithms are not those that the signer protected")
            }
            Self::KeyMismatch { algorithm, key } => {
                write!(f, "{algorithm} does not fit the signer's key {key}")
            }
            Self::UnsupportedAlgorithm(error) => error.fmt(f),
            Self::UnsupportedCombination { algorithm, key } => {
                write!(f, "{algorithm} with {key} is not supported")
            }
            Self::UnusableKey(error) => error.fmt(f),
            Self::SigningCertificateNotFound { sid } => {
                write!(f, "the signer's certificate was not found: {sid}")
            }
            Self::SigningCertificateMismatch { sid } => write!(
                f,
                "the certificate found is not the one that the signer bound: {sid}"
            ),
            Self::ContentDigestMissing { algorithm } => {
                write!(f, "the content's {algorithm} digest is missing")
            }
            Self::MessageDigestMismatch { .. } => {
                f.write_str("the content is not what was signed")
            }
            Self::BadSignature => f.write_str("the signature value does not verify"),
        }
    }
}

impl core::error::Error for VerifyFailure {}
