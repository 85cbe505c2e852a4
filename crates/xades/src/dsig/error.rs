//! Why an element is no signature that can be read.

use crate::error::{Position, XmlError};

/// Why a `ds:Signature` cannot be read; what can be read and is not accepted shows when it is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The document or a limit.
    Xml(XmlError),
    /// The element is another than was expected here.
    WrongElement {
        /// What was expected.
        expected: &'static str,
        /// Where.
        position: Position,
    },
    /// An element lacks one that it must have.
    MissingElement {
        /// The element that is missing.
        element: &'static str,
        /// Where the element begins that lacks it.
        position: Position,
    },
    /// An element lacks an attribute that it must have.
    MissingAttribute {
        /// The attribute.
        attribute: &'static str,
        /// Where the element begins.
        position: Position,
    },
    /// Content that the schema does not have here.
    UnexpectedContent(Position),
    /// The content is no base64 (XML Schema 2 §3.2.16, RFC 4648 §4).
    NotBase64(Position),
    /// The content is no value of its type.
    InvalidValue(Position),
}

impl core::fmt::Display for SignatureError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Xml(error) => error.fmt(f),
            Self::WrongElement { expected, position } => {
                write!(f, "{position}: {expected} was expected here")
            }
            Self::MissingElement { element, position } => {
                write!(f, "{position}: the element {element} is missing")
            }
            Self::MissingAttribute { attribute, position } => {
                write!(f, "{position}: the attribute {attribute} is missing")
            }
            Self::UnexpectedContent(position) => write!(f, "{position}: unexpected content"),
            Self::NotBase64(position) => write!(f, "{position}: the content is no base64"),
            Self::InvalidValue(position) => write!(f, "{position}: the content is no valid value"),
        }
    }
}

impl core::error::Error for SignatureError {}

impl From<XmlError> for SignatureError {
    fn from(error: XmlError) -> Self {
        Self::Xml(error)
    }
}
