//! CMS SignedData (RFC 5652), CAdES (ETSI EN 319 122-1 v1.3.1) at the levels B-B, B-T, B-LT and B-LTA, and time-stamps
//! (RFC 3161); pure.
//!
//! Content never has to lie in memory: signing takes its digest, attached writing and reading stream it.
//! Whatever a signature covers or an augmentation must keep is held as the bytes that were received.

pub mod archive;
pub mod attached;
pub mod attribute;
pub mod augment;
pub mod content;
pub mod evidence;
pub mod level;
pub mod oid;
pub mod read;
pub mod rewrite;
pub mod sign;
pub mod signature_policy;
pub mod signed_data;
pub mod signer_info;
pub mod signing_certificate;
pub mod timestamp;
pub mod unsigned;
pub mod verify;

pub use archive::{
    ArchiveFailure, Coverage, CoveredAttribute, IndexedKind, archive_coverage, archive_imprint,
    signature_imprint, verify_archive_time_stamp,
};
pub use attached::{Attached, AttachedError, BerWriter};
pub use attribute::{Attribute, SignedAttributes};
pub use augment::{ArchiveToBeStamped, AugmentError};
pub use content::{ContentDigests, ContentHasher};
pub use evidence::EmbeddedEvidence;
pub use level::{BaselineLevel, level};
pub use read::{ReadError, ReadLimits, read_signed_data, read_signed_data_with};
pub use rewrite::RewriteError;
pub use sign::{
    FinishedSigner, Form, PrepareError, SigningParameters, ToBeSigned, estimated_size, prepare,
};
pub use signature_policy::{SignaturePolicyError, SignaturePolicyIdentifier};
pub use signed_data::{AppendError, SignedData, SignedDataError};
pub use signer_info::{SignerIdentifier, SignerInfo};
pub use signing_certificate::SigningCertificateBinding;
pub use timestamp::{
    TimeStampRequest, TimeStampResponse, TimeStampToken, TokenFailure, TstInfo, VerifiedToken,
    verify_token,
};
pub use unsigned::{LegacyArchive, RevocationValues};
pub use verify::{
    FailureIndication, SignatureLevel, VerifiedSignature, VerifyFailure, verify_counter_signature,
    verify_signer,
};
