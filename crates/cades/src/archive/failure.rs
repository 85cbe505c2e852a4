//! Why an archive time-stamp covers nothing.

use kyso_x509::asn1::Asn1Error;
use kyso_x509::{AlgorithmError, Digest, DigestAlgorithm, ObjectIdentifier};

/// The three lists of a hash index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexedKind {
    /// certificatesHashIndex.
    Certificate,
    /// crlsHashIndex.
    RevocationInfo,
    /// unsignedAttrValuesHashIndex.
    UnsignedAttributeValue,
}

impl core::fmt::Display for IndexedKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Certificate => "certificate",
            Self::RevocationInfo => "CRL or OCSP response",
            Self::UnsignedAttributeValue => "unsigned attribute",
        })
    }
}

/// Why an archive-time-stamp-v3 covers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveFailure {
    /// There is no signer of this index.
    NoSuchSigner {
        /// The index asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The token has no ats-hash-index-v3.
    HashIndexMissing,
    /// The token has a hash index of a version that EN 319 122-1 replaced, and that is not validated here.
    LegacyHashIndex {
        /// Its attribute.
        oid: ObjectIdentifier,
    },
    /// The token has more than one hash index, or one with no or several values.
    HashIndexNotSingleValued,
    /// The hash index is malformed.
    MalformedHashIndex(Asn1Error),
    /// The hash index's algorithm is not one of ours.
    UnsupportedAlgorithm(AlgorithmError),
    /// §5.5.2: the hash index must use the imprint's algorithm.
    AlgorithmMismatch {
        /// That of the index.
        index: DigestAlgorithm,
        /// That of the imprint.
        imprint: DigestAlgorithm,
    },
    /// §5.5.2: something that was time-stamped is no longer there, or was changed.
    MemberMissing {
        /// What.
        kind: IndexedKind,
        /// Its place in the index, from 0.
        position: usize,
    },
    /// The content's digest under this algorithm was not given.
    ContentDigestMissing {
        /// The algorithm.
        algorithm: DigestAlgorithm,
    },
    /// The token is about something else.
    ImprintMismatch {
        /// What it should be about.
        computed: Digest,
    },
}

impl core::fmt::Display for ArchiveFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoSuchSigner { index, count } => {
                write!(f, "there is no signer {index}, only {count}")
            }
            Self::HashIndexMissing => f.write_str("the archive time-stamp has no hash index"),
            Self::LegacyHashIndex { oid } => write!(
                f,
                "the archive time-stamp has a hash index of an old version, {oid}, which is not validated"
            ),
            Self::HashIndexNotSingleValued => {
                f.write_str("the archive time-stamp must have one hash index, with one value")
            }
            Self::MalformedHashIndex(error) => write!(f, "malformed hash index: {error}"),
            Self::UnsupportedAlgorithm(error) => write!(f, "hash index: {error}"),
            Self::AlgorithmMismatch { index, imprint } => {
                write!(f, "the hash index uses {index}, the archive time-stamp {imprint}")
            }
            Self::MemberMissing { kind, position } => write!(
                f,
                "a {kind} that was time-stamped (number {position} of the index) is missing or was changed"
            ),
            Self::ContentDigestMissing { algorithm } => {
                write!(f, "the content's {algorithm} digest is missing")
            }
            Self::ImprintMismatch { .. } => {
                f.write_str("the archive time-stamp is not about this signature and content")
            }
        }
    }
}

impl core::error::Error for ArchiveFailure {}
