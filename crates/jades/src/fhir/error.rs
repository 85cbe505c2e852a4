//! Why a bundle has no signature that we make or verify.

use crate::base64::Base64Error;
use crate::json::JsonError;
use crate::jws::JwsError;
use crate::sign::PrepareError;
use crate::verify::VerifyFailure;
use kyso_cades::FailureIndication;

/// Why a bundle cannot be signed or its signature cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FhirError {
    /// It is no JSON, or JSON that readers disagree on.
    Json(JsonError),
    /// It is no FHIR Bundle.
    NotABundle,
    /// It is not signed.
    SignatureMissing,
    /// It is signed already, and has room for one signature.
    AlreadySigned,
    /// No reason to sign was given.
    NoPurpose,
    /// A number that RFC 8785 cannot write without changing it.
    Number {
        /// Offset in bytes.
        offset: usize,
    },
    /// An element of the Signature is missing or not of its type.
    Malformed(SignatureElement),
    /// `sigFormat` is not that of a JSON Web Signature.
    UnsupportedSignatureFormat,
    /// `targetFormat` names another canonical form than `#document`, or none.
    UnsupportedCanonicalization,
    /// `data` is no base64.
    Base64(Base64Error),
    /// `data` is no JSON Web Signature.
    Jws(JwsError),
    /// The JSON Web Signature has a payload of its own, which need not be the bundle.
    PayloadAttached,
    /// It cannot be signed with these parameters.
    Prepare(PrepareError),
}

/// An element of the data type Signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureElement {
    /// The whole.
    Signature,
    /// `type`.
    Type,
    /// `when`.
    When,
    /// `who`.
    Who,
    /// `sigFormat`.
    SigFormat,
    /// `targetFormat`.
    TargetFormat,
    /// `data`.
    Data,
}

/// Why a bundle's signature does not verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleFailure {
    /// The JSON Web Signature does not verify over the canonical form.
    Signature(VerifyFailure),
    /// The bundle has no canonical form.
    Canonical(FhirError),
    /// `when`, which nothing protects, is not the time that was signed.
    WhenDiffers,
    /// `type`, which nothing protects, has a code that is not among the commitments that were signed.
    TypeDiffers {
        /// Its place, from 0.
        index: usize,
    },
}

impl BundleFailure {
    /// Indication and sub-indication of EN 319 102-1 v1.4.1 §5.1.3 that this failure leads to.
    #[must_use]
    pub const fn indication(&self) -> FailureIndication {
        match self {
            Self::Signature(failure) => failure.indication(),
            Self::Canonical(_) | Self::WhenDiffers | Self::TypeDiffers { .. } => {
                FailureIndication::FormatFailure
            }
        }
    }
}

impl core::fmt::Display for SignatureElement {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Signature => "signature",
            Self::Type => "type",
            Self::When => "when",
            Self::Who => "who",
            Self::SigFormat => "sigFormat",
            Self::TargetFormat => "targetFormat",
            Self::Data => "data",
        })
    }
}

impl core::fmt::Display for FhirError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::NotABundle => f.write_str("this is no FHIR Bundle"),
            Self::SignatureMissing => f.write_str("the bundle is not signed"),
            Self::AlreadySigned => f.write_str("the bundle is signed already"),
            Self::NoPurpose => f.write_str("no reason to sign was given"),
            Self::Number { offset } => {
                write!(
                    f,
                    "the number at byte {offset} has more digits than the canonical form keeps"
                )
            }
            Self::Malformed(element) => write!(f, "Signature: {element} is missing or malformed"),
            Self::UnsupportedSignatureFormat => {
                f.write_str("the bundle's signature is no JSON Web Signature")
            }
            Self::UnsupportedCanonicalization => {
                f.write_str("the bundle's signature does not cover it as a document")
            }
            Self::Base64(error) => write!(f, "Signature.data: {error}"),
            Self::Jws(error) => error.fmt(f),
            Self::PayloadAttached => f.write_str("the signature has a payload of its own"),
            Self::Prepare(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for FhirError {}

impl core::fmt::Display for BundleFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Signature(failure) => failure.fmt(f),
            Self::Canonical(error) => error.fmt(f),
            Self::WhenDiffers => f.write_str("Signature.when is not the time that was signed"),
            Self::TypeDiffers { index } => {
                write!(f, "type {} of the Signature was not signed", index.saturating_add(1))
            }
        }
    }
}

impl core::error::Error for BundleFailure {}
