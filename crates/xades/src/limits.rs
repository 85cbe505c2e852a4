//! Bounds on the work that an XML document can cause.

/// Bounds on size, depth and work; exceeding one is [`XmlError::LimitExceeded`](crate::XmlError), never a guess.
///
/// Every field says where its number in [`Limits::documents`] comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one document: 64 MiB; a month's claims of a hospital in one file are some 20 MB.
    pub bytes: usize,
    /// Elements within elements: 256, what libxml2 allows (`xmlParserMaxDepth`); clinical documents stay under 40.
    pub depth: usize,
    /// Nodes, CDATA sections counted apart from the text beside them: 4,000,000, a 64 MiB file of lines of 35 bytes;
    /// each takes 72 bytes of memory.
    pub nodes: usize,
    /// Attributes and namespace declarations of one element: 128. Office formats use up to some 60; the check for
    /// duplicates compares each with every other.
    pub attributes: usize,
    /// Namespace declarations in force at one element, those that others override counted too: 256; office formats
    /// declare some 50 on their root.
    pub namespaces: usize,
    /// References of one signature or manifest: 1,000; a container of documents signs each part.
    pub references: usize,
    /// Transforms of one reference: 8; two or three are usual, each may read the whole document.
    pub transforms: usize,
    /// Bytes that the references of one signature digest and walk: 1 GiB, some seconds; honest ones digest a document
    /// once or twice.
    pub digested: usize,
}

impl Limits {
    /// The limits for documents from anywhere; each number's reason stands at its field.
    #[must_use]
    pub const fn documents() -> Self {
        Self {
            bytes: 64 << 20,
            depth: 256,
            nodes: 4_000_000,
            attributes: 128,
            namespaces: 256,
            references: 1_000,
            transforms: 8,
            digested: 1 << 30,
        }
    }
}

/// The limit that a document exceeded, named like the field of [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::bytes`].
    Bytes,
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::nodes`].
    Nodes,
    /// [`Limits::attributes`].
    Attributes,
    /// [`Limits::namespaces`].
    Namespaces,
    /// [`Limits::references`].
    References,
    /// [`Limits::transforms`].
    Transforms,
}

impl core::fmt::Display for Limit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Bytes => "the bytes of the document",
            Self::Depth => "elements within elements",
            Self::Nodes => "the nodes of the document",
            Self::Attributes => "the attributes of one element",
            Self::Namespaces => "the namespace declarations in force",
            Self::References => "references",
            Self::Transforms => "the transforms of one reference",
        })
    }
}
