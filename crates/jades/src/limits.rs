//! Bounds on the work that a JSON document or a signature can cause.

/// Bounds on size, depth and work; exceeding one is a named error, never a guess.
///
/// Every field says where its number in [`Limits::documents`] comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one signature or document: 64 MiB; a hospital's bundle with its pictures has some 20 MB.
    pub bytes: usize,
    /// Arrays and objects within each other: 64; FHIR resources stay below 20, headers below 8.
    pub depth: usize,
    /// Values of one document: 2,000,000, each of which takes some 100 bytes of memory.
    pub values: usize,
    /// Bytes of a protected header before decoding: 256 KiB, a chain of ten certificates with post-quantum keys.
    pub header_bytes: usize,
    /// Certificates in `x5c`, and digests in `sigX5ts`: 16; paths have three to five.
    pub certificates: usize,
    /// Data objects that `sigD` names: 1,000; a message of documents signs each.
    pub objects: usize,
    /// Signatures of one general serialization: 32, as many as any policy here judges.
    pub signatures: usize,
    /// Elements of `etsiU`, and tokens in one of them: 256; an archive renewed each year for a century has some 200.
    pub unsigned: usize,
}

impl Limits {
    /// The limits for documents from anywhere; each number's reason stands at its field.
    #[must_use]
    pub const fn documents() -> Self {
        Self {
            bytes: 64 << 20,
            depth: 64,
            values: 2_000_000,
            header_bytes: 256 << 10,
            certificates: 16,
            objects: 1_000,
            signatures: 32,
            unsigned: 256,
        }
    }
}

/// The limit that was exceeded, named like the field of [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::bytes`].
    Bytes,
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::values`].
    Values,
    /// [`Limits::header_bytes`].
    HeaderBytes,
    /// [`Limits::certificates`].
    Certificates,
    /// [`Limits::objects`].
    Objects,
    /// [`Limits::signatures`].
    Signatures,
    /// [`Limits::unsigned`].
    Unsigned,
}

impl core::fmt::Display for Limit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes of the document",
            Self::Depth => "arrays and objects within each other",
            Self::Values => "values of the document",
            Self::HeaderBytes => "bytes of the protected header",
            Self::Certificates => "certificates of the header",
            Self::Objects => "data objects of sigD",
            Self::Signatures => "signatures of the document",
            Self::Unsigned => "elements of etsiU",
        })
    }
}
