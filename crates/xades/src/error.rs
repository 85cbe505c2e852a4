//! What can be wrong with an XML document, as values.

use core::fmt;

use crate::limits::Limit;

/// A place in a document as editors count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
}

impl Position {
    /// The place of the byte at `offset` of `text`; an offset beyond the end is the end.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // The first bytes of characters; those that continue one are 10xxxxxx.
        let characters =
            before.iter().skip(start).filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count();
        Self { line: saturated(lines), column: saturated(characters) }
    }
}

/// A count from 0 as one from 1.
fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why an XML document cannot be read or canonicalized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlError {
    /// The document is in an encoding other than UTF-8.
    ForeignEncoding(Encoding),
    /// The bytes are not UTF-8 from this offset on.
    NotUtf8 {
        /// The first byte that belongs to no character.
        offset: usize,
    },
    /// The XML declaration names a version other than 1.0, whose rules for line ends and characters differ.
    UnsupportedVersion(Position),
    /// A document type declaration, which could define entities, defaults and identifiers.
    DocumentType(Position),
    /// The text is no well-formed XML 1.0 with namespaces.
    NotWellFormed {
        /// What is wrong.
        fault: Fault,
        /// Where.
        position: Position,
    },
    /// A limit of [`Limits`](crate::Limits) was exceeded.
    LimitExceeded {
        /// Which one.
        limit: Limit,
        /// Its value.
        maximum: usize,
    },
    /// No element has the identifier that was asked for.
    UnknownId,
    /// More than one element has the identifier that was asked for.
    DuplicateId,
    /// A namespace URI is relative: Canonical XML 1.0 §1.3 demands that this fails.
    RelativeNamespace(Position),
    /// The node set holds a node of another document.
    ForeignNode,
}

/// The encoding of a document that is not in UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16 with the byte order mark or the shape of a big-endian document.
    Utf16Be,
    /// UTF-16 with the byte order mark or the shape of a little-endian document.
    Utf16Le,
    /// UTF-32 in either order.
    Utf32,
    /// EBCDIC, recognised by its `<?xm` (XML 1.0 Appendix F.1).
    Ebcdic,
    /// Another one that the XML declaration names in these bytes of the document.
    Declared {
        /// The name's first byte.
        start: usize,
        /// The byte behind its last.
        end: usize,
    },
}

/// What is wrong with a text that is no XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The document has no element.
    NoRootElement,
    /// An element, comment, section, tag or attribute value has no end.
    Unclosed,
    /// An end tag does not match the start tag.
    MismatchedTag,
    /// A character that XML 1.0 §2.2 does not allow.
    InvalidCharacter,
    /// A name that is none by XML 1.0 §2.3 or Namespaces in XML §3 and §4.
    InvalidName,
    /// A tag, comment, section or processing instruction that breaks the syntax.
    Syntax,
    /// A character reference to no allowed character, or a reference that has no end.
    InvalidReference,
    /// A reference to an entity that XML does not define itself.
    UnknownEntity,
    /// An attribute or a namespace prefix occurs twice in one tag.
    DuplicateAttribute,
    /// A prefix without a declaration.
    UndeclaredPrefix,
    /// A declaration that Namespaces in XML 1.0 §3 forbids: of `xml` or `xmlns`, or of a prefix to nothing.
    ForbiddenDeclaration,
    /// `]]>` in character data, or `--` within a comment.
    ForbiddenSequence,
    /// More distinct namespaces than the tree can number (65,535).
    TooManyNamespaces,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf16Be => f.write_str("UTF-16, big-endian"),
            Self::Utf16Le => f.write_str("UTF-16, little-endian"),
            Self::Utf32 => f.write_str("UTF-32"),
            Self::Ebcdic => f.write_str("EBCDIC"),
            Self::Declared { start, end } => write!(f, "the one named at bytes {start} to {end}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRootElement => "the document has no element",
            Self::Unclosed => "something begins here that has no end",
            Self::MismatchedTag => "the end tag does not match the start tag",
            Self::InvalidCharacter => "a character that XML does not allow",
            Self::InvalidName => "an invalid name",
            Self::Syntax => "the syntax is broken",
            Self::InvalidReference => "an invalid character reference",
            Self::UnknownEntity => "an entity that is not defined",
            Self::DuplicateAttribute => "an attribute occurs twice",
            Self::UndeclaredPrefix => "a prefix is not declared",
            Self::ForbiddenDeclaration => "a forbidden namespace declaration",
            Self::ForbiddenSequence => "`]]>` or `--` where it is forbidden",
            Self::TooManyNamespaces => "too many distinct namespaces",
        })
    }
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignEncoding(encoding) => write!(f, "the encoding is not UTF-8: {encoding}"),
            Self::NotUtf8 { offset } => write!(f, "byte {offset} is not UTF-8"),
            Self::UnsupportedVersion(position) => write!(f, "{position}: not XML 1.0"),
            Self::DocumentType(position) => write!(f, "{position}: a document type declaration"),
            Self::NotWellFormed { fault, position } => write!(f, "{position}: {fault}"),
            Self::LimitExceeded { limit, maximum } => write!(f, "more than {maximum}: {limit}"),
            Self::UnknownId => f.write_str("no element has this identifier"),
            Self::DuplicateId => f.write_str("several elements have this identifier"),
            Self::RelativeNamespace(position) => write!(f, "{position}: a relative namespace URI"),
            Self::ForeignNode => f.write_str("the node belongs to another document"),
        }
    }
}

impl core::error::Error for XmlError {}
