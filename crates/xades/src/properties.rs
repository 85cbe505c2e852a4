//! XAdES (ETSI EN 319 132-1 v1.2.1): the qualifying properties of an XML signature, read and written.

mod augment;
mod certificate;
mod counter;
mod signed;
mod unsigned;
mod verify;
mod write;

pub use augment::{
    AugmentError, archive_imprint, signature_imprint, with_archive_time_stamp,
    with_signature_time_stamp, with_validation_data,
};
pub use certificate::{CertificateId, SigningCertificateBinding};
pub use counter::{COUNTERSIGNED_TYPE, prepare_counter_signature, verify_counter_signature};
pub use signed::{
    Commitment, DataObjectFormat, SignaturePolicy, SignedProperties, signed_properties,
};
pub use unsigned::{TimeStampElement, UnsignedProperty, embedded_evidence, unsigned_properties};
pub use verify::{VerifiedXades, level, verify_xades};
pub use write::{PropertiesToSign, qualify};

/// The namespace of XAdES 1.3.2.
pub const NAMESPACE: &str = "http://uri.etsi.org/01903/v1.3.2#";
/// The namespace of the elements that XAdES 1.4.1 added.
pub const NAMESPACE_141: &str = "http://uri.etsi.org/01903/v1.4.1#";
/// `Type` of the reference to the signed properties (§4.4.2).
pub const SIGNED_PROPERTIES_TYPE: &str = "http://uri.etsi.org/01903#SignedProperties";
