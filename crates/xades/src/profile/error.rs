//! Why a file is not signed as the document that it is said to be.

use core::fmt;

use super::element::Place;
use crate::error::{Position, XmlError};

/// What of a file forbids signing it by its profile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum ProfileError {
    /// The root element is that of another kind of document.
    OtherRoot { expected: &'static str, position: Position },
    /// An element that the profile demands is missing.
    Missing { element: &'static str, within: Place },
    /// An element that may be there once is there more often.
    Repeated { place: Place },
    /// An element that must have a value has none.
    Empty { place: Place },
    /// A value is not what its element is for.
    Value { place: Place, wrong: Wrong },
    /// The number of dossiers that the file states is another than it holds.
    Count { place: Place, stated: usize, found: usize },
    /// The base64 of a payload is broken.
    Base64 { place: Place },
    /// A payload is no XML that can be read.
    Payload { place: Place, error: XmlError },
    /// Two places of the file state different facilities.
    Facilities { place: Place, one: String, other: String },
    /// The place for the signature is taken.
    AlreadySigned { place: Place },
    /// The signature that has to come first is missing.
    NotSignedYet { place: Place },
    /// A reference of the message names an attachment that is not there, or an attachment that no reference names.
    Attachment { place: Place, content_id: String },
}

/// What a value should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Digits of a date `yyyyMMdd` or a time `yyyyMMddHHmm`.
    Date,
    /// A whole number.
    Number,
    /// A kind of dossier that the decision knows (`XML1` and so on), each once.
    DossierKind,
    /// An agency code of Decision 20/2020/QĐ-TTg, in either form.
    AgencyCode,
    /// `OrganId,YYYY/MM/DD,number/notation`.
    DocumentId,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Date => "not a date (yyyyMMdd or yyyyMMddHHmm)",
            Self::Number => "not a whole number",
            Self::DossierKind => "not a kind of dossier that is allowed here, or a second one",
            Self::AgencyCode => "not an agency code",
            Self::DocumentId => "not OrganId,YYYY/MM/DD,number/notation",
        })
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherRoot { expected, position } => {
                write!(f, "{position}: the root element is not {expected}")
            }
            Self::Missing { element, within } => write!(f, "{within}: {element} is missing"),
            Self::Repeated { place } => write!(f, "{place}: there more than once"),
            Self::Empty { place } => write!(f, "{place}: empty"),
            Self::Value { place, wrong } => write!(f, "{place}: {wrong}"),
            Self::Count { place, stated, found } => {
                write!(f, "{place}: states {stated}, the file holds {found}")
            }
            Self::Base64 { place } => write!(f, "{place}: the base64 is broken"),
            Self::Payload { place, error } => write!(f, "{place}: the content is no XML: {error}"),
            Self::Facilities { place, one, other } => {
                write!(f, "{place}: facility {other}, elsewhere {one}")
            }
            Self::AlreadySigned { place } => write!(f, "{place}: signed already"),
            Self::NotSignedYet { place } => write!(f, "{place}: the first signature is missing"),
            Self::Attachment { place, content_id } => {
                write!(f, "{place}: no counterpart of attachment {content_id}")
            }
        }
    }
}

impl core::error::Error for ProfileError {}
