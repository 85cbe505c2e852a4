//! Why bytes are not the ASN.1 that was expected.

use super::MAX_DEPTH;

/// Why bytes are not the ASN.1 that was expected, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asn1Error {
    /// Offset in bytes from the start of the buffer that was given to the outermost reader.
    pub offset: usize,
    /// What was wrong there.
    pub kind: Asn1ErrorKind,
}

/// The ways in which ASN.1 is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asn1ErrorKind {
    /// The element says it is longer than its surroundings.
    Truncated,
    /// A length that is not in the shortest form where DER is demanded, or wider than 64 bits.
    InvalidLength,
    /// An indefinite length where DER is demanded, or on a primitive element.
    IndefiniteLength,
    /// Another element was expected here.
    UnexpectedTag {
        /// Identifier octet expected.
        expected: u8,
        /// Identifier octet found; `None` at the end of the data.
        found: Option<u8>,
    },
    /// Bytes follow the last element.
    TrailingData,
    /// Nesting deeper than [`MAX_DEPTH`].
    TooDeep,
    /// The content octets break the rules of their type.
    InvalidValue {
        /// Identifier octet of the element.
        tag: u8,
    },
}

impl core::fmt::Display for Asn1Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.kind {
            Asn1ErrorKind::Truncated => f.write_str("ASN.1 element is truncated")?,
            Asn1ErrorKind::InvalidLength => f.write_str("invalid ASN.1 length")?,
            Asn1ErrorKind::IndefiniteLength => f.write_str("indefinite length is not allowed")?,
            Asn1ErrorKind::UnexpectedTag { expected, found: Some(found) } => {
                write!(f, "expected ASN.1 tag 0x{expected:02x}, found 0x{found:02x}")?
            }
            Asn1ErrorKind::UnexpectedTag { expected, found: None } => {
                write!(f, "expected ASN.1 tag 0x{expected:02x}, found the end")?
            }
            Asn1ErrorKind::TrailingData => f.write_str("data after the last ASN.1 element")?,
            Asn1ErrorKind::TooDeep => write!(f, "ASN.1 nested deeper than {MAX_DEPTH}")?,
            Asn1ErrorKind::InvalidValue { tag } => {
                write!(f, "invalid content of ASN.1 tag 0x{tag:02x}")?;
            }
        }
        write!(f, " at offset {}", self.offset)
    }
}

impl core::error::Error for Asn1Error {}
