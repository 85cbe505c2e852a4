//! Why nothing can be signed.

use crate::dsig::{ReferenceFailure, SignatureError, VerifyFailure};
use crate::error::XmlError;
use kyso_x509::{DigestAlgorithm, PublicKeyError, SignatureAlgorithm, VerifyError};

/// Why nothing can be signed with these parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrepareError {
    /// The certificate's key is not one that we can sign for.
    UnusableKey(PublicKeyError),
    /// The algorithm does not fit the certificate's key.
    AlgorithmMismatch(VerifyError),
    /// XML has no URI for the algorithm.
    NoAlgorithmUri {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// New signatures are not made with SHA-1.
    WeakDigest {
        /// The digest.
        digest: DigestAlgorithm,
    },
    /// A signature signs something.
    NoReference,
    /// The place is no element.
    NotAnElement,
    /// The place for the signature has something in it already.
    PlaceTaken,
    /// A document is enveloped by a signature without prefix, whose namespace would become the document's.
    PrefixNeeded,
    /// The signature needs an `Id`, which its properties name.
    IdentifierNeeded,
    /// The signed document is none, or exceeds a limit.
    Xml(XmlError),
    /// The signature that was written cannot be read.
    Signature(SignatureError),
    /// The data of a reference cannot be found or digested.
    Reference {
        /// Which one, from 0.
        index: usize,
        /// Why.
        failure: ReferenceFailure,
    },
    /// A reference covers the digest that it holds, or the signature value.
    ReferenceCoversItself {
        /// Which one, from 0.
        index: usize,
    },
    /// `SignedInfo` cannot be canonicalized.
    SignedInfo(VerifyFailure),
    /// What was written is not where it was put: markup in the parameters changes the structure.
    Displaced,
}

impl core::fmt::Display for PrepareError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnusableKey(error) => error.fmt(f),
            Self::AlgorithmMismatch(error) => error.fmt(f),
            Self::NoAlgorithmUri { algorithm } => write!(f, "XML has no name for {algorithm}"),
            Self::WeakDigest { digest } => write!(f, "{digest} is too weak for a new signature"),
            Self::NoReference => f.write_str("there is nothing to sign"),
            Self::NotAnElement => f.write_str("the place for the signature is no element"),
            Self::PlaceTaken => {
                f.write_str("the place for the signature has something in it already")
            }
            Self::PrefixNeeded => {
                f.write_str("a signature around a document needs a namespace prefix")
            }
            Self::IdentifierNeeded => f.write_str("the signature needs an identifier"),
            Self::Xml(error) => error.fmt(f),
            Self::Signature(error) => error.fmt(f),
            Self::Reference { index, failure } => {
                write!(f, "reference {}: {failure}", index.saturating_add(1))
            }
            Self::ReferenceCoversItself { index } => {
                write!(f, "reference {} covers the signature itself", index.saturating_add(1))
            }
            Self::SignedInfo(failure) => failure.fmt(f),
            Self::Displaced => f.write_str("markup in the parameters changes the structure"),
        }
    }
}

impl core::error::Error for PrepareError {}

impl From<XmlError> for PrepareError {
    fn from(error: XmlError) -> Self {
        Self::Xml(error)
    }
}

impl From<SignatureError> for PrepareError {
    fn from(error: SignatureError) -> Self {
        Self::Signature(error)
    }
}
