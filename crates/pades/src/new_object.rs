//! Objects that a revision adds, told in pieces so that the writer alone knows numbers and encryption.

use crate::object::Reference;

/// A piece of a new object's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it shall stand; it holds no string and no reference to another new object.
    Raw(Vec<u8>),
    /// A string's bytes (ISO 32000-2 §7.3.4), apart because an encrypted document encrypts them.
    String(Vec<u8>),
    /// `N G R` of the new object at this position of the list.
    Reference(usize),
}

/// A new object: a dictionary or another value, or a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewObject {
    /// The value; of a stream its dictionary from `<<` to `>>`, without `/Length`.
    pub pieces: Vec<Piece>,
    /// A stream's data, encoded as the dictionary's `/Filter` says.
    pub stream: Option<Vec<u8>>,
}

impl NewObject {
    /// A value of one piece, without strings.
    #[must_use]
    pub fn raw(text: impl Into<Vec<u8>>) -> Self {
        Self { pieces: vec![Piece::Raw(text.into())], stream: None }
    }
}

/// A new object whose references to others have their numbers.
pub(crate) struct Numbered {
    pub(crate) id: Reference,
    pub(crate) pieces: Vec<Text>,
    pub(crate) stream: Option<Vec<u8>>,
}

/// A piece of text that is ready to be written.
pub(crate) enum Text {
    Raw(Vec<u8>),
    String(Vec<u8>),
}

impl Numbered {
    /// Gives the references their numbers; `None` where one points beyond the list.
    pub(crate) fn new(id: Reference, object: NewObject, list: &[Reference]) -> Option<Self> {
        let pieces = object.pieces.into_iter().map(|piece| {
            Some(match piece {
                Piece::Raw(raw) => Text::Raw(raw),
                Piece::String(string) => Text::String(string),
                Piece::Reference(at) => Text::Raw(format!("{} R", list.get(at)?).into_bytes()),
            })
        });
        Some(Self { id, pieces: pieces.collect::<Option<_>>()?, stream: object.stream })
    }
}
