//! XML signatures (XML Signature Syntax and Processing 1.1): reading, verifying, two-phase signing.
//!
//! A target within the document is found by its unique identifier only, and what was digested comes back as nodes of the
//! one tree that was read: who acts on a verified reference asks it, never the document again.

mod coverage;
pub(crate) mod element;
mod error;
mod failure;
pub(crate) mod key_info;
pub(crate) mod method;
mod reference;
pub(crate) mod sign;
mod signature;
pub(crate) mod transform;
pub(crate) mod verify;
pub(crate) mod write;
mod xpath;

pub use error::SignatureError;
pub use failure::{FailureIndication, ReferenceFailure, VerifyFailure};
pub use key_info::{KeyInfo, KeyValue, X509Data};
pub use reference::{Manifest, Reference};
pub use sign::{
    ObjectContent, ObjectToSign, Placement, PrepareError, ReferenceToSign, SigningParameters,
    ToBeSigned, prepare, prepare_alone,
};
pub use signature::{Object, Signature, SignedInfo, signatures};
pub use transform::{BASE64, Covered, ENVELOPED_SIGNATURE, Transform, XPATH};
pub use verify::{
    External, VerifiedReference, VerifiedSignature, verify_references, verify_signature,
    verify_value,
};
pub use write::Prefix;
pub use xpath::{Filter, FilterOperation, FilterPath};

/// The namespace of XML signatures.
pub const NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The namespace of the elements that XML Signature 1.1 added.
pub const NAMESPACE_11: &str = "http://www.w3.org/2009/xmldsig11#";
