//! JSON Web Signatures (RFC 7515, RFC 7797, RFC 8037) and JAdES (ETSI TS 119 182-1 v1.2.1) at the levels B-B and B-T;
//! signatures of FHIR bundles; pure.
//!
//! The message never chooses who verifies it: the key comes from a certificate, and the certificate's key decides which
//! `alg` a header may name. Everything that decides about a signature must be protected by it.

pub mod algorithm;
pub mod base64;
pub mod fhir;
pub mod header;
pub mod json;
pub mod jws;
pub mod level;
pub mod limits;
pub mod name;
pub mod sign;
pub mod unsigned;
pub mod verify;

pub use algorithm::{AlgorithmRefusal, JwsAlgorithm};
pub use base64::Base64Error;
pub use header::{
    Commitment, DetachedMechanism, DetachedObject, DetachedObjects, HeaderError, ProtectedHeader,
};
pub use json::{JsonError, Node};
pub use jws::{Jws, JwsError, Serialization};
pub use level::{BaselineLevel, TimeStampFailure, level};
pub use limits::{Limit, Limits};
pub use name::ParameterName;
pub use sign::{Form, Payload, PrepareError, SigningParameters, ToBeSigned, prepare};
pub use unsigned::{AugmentError, Incorporation, UnsignedProperty, add_signature_time_stamp};
pub use verify::{Content, VerifiedContent, VerifiedJws, VerifiedObject, VerifyFailure, verify};
