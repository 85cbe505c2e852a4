//! PDF objects (ISO 32000-2 §7.3) with the place of each value in the text it was read from.

use core::fmt;
use core::ops::Range;
use std::collections::BTreeSet;

/// An indirect reference `N G R`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// Object number.
    pub number: u32,
    /// Generation number.
    pub generation: u16,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.generation)
    }
}

/// A name's bytes, without the solidus and with `#xx` decoded.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(pub Vec<u8>);

impl Name {
    /// Whether these are the name's bytes.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.0 == text.as_bytes()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{self}")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// `null`, and what a reference to nothing means.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number without a fraction that fits 64 bits.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// A string's bytes, decoded from its literal or hexadecimal form.
    String(Vec<u8>),
    /// A name.
    Name(Name),
    /// An array.
    Array(Array),
    /// A dictionary.
    Dictionary(Dictionary),
    /// A stream: its dictionary and where its data begin.
    Stream(Stream),
    /// A reference to an indirect object.
    Reference(Reference),
}

/// An array and its place in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The values.
    pub items: Vec<Object>,
    /// From `[` to behind `]`, within the text of the indirect object.
    pub span: Range<usize>,
}

/// A dictionary and its place in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Dictionary {
    /// The entries in the order of the text, duplicates included.
    pub entries: Vec<Entry>,
    /// From `<<` to behind `>>`, within the text of the indirect object.
    pub span: Range<usize>,
}

/// A dictionary's entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Name,
    /// The value.
    pub value: Object,
    /// Where the value stands, within the text of the indirect object.
    pub span: Range<usize>,
}

/// A stream's dictionary and the place of its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// The dictionary.
    pub dictionary: Dictionary,
    /// Offset of the first data byte in the file.
    pub data_offset: u64,
}

impl Object {
    /// The integer, if it is one.
    #[must_use]
    pub const fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, whole or not.
    #[must_use]
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Real(value) => Some(*value),
            _ => None,
        }
    }

    /// The name, if it is one.
    #[must_use]
    pub const fn as_name(&self) -> Option<&Name> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The string's bytes, if it is one.
    #[must_use]
    pub fn as_string(&self) -> Option<&[u8]> {
        match self {
            Self::String(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The array, if it is one.
    #[must_use]
    pub const fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The dictionary, also a stream's.
    #[must_use]
    pub const fn as_dictionary(&self) -> Option<&Dictionary> {
        match self {
            Self::Dictionary(dictionary) => Some(dictionary),
            Self::Stream(stream) => Some(&stream.dictionary),
            _ => None,
        }
    }

    /// The reference, if it is one.
    #[must_use]
    pub const fn as_reference(&self) -> Option<Reference> {
        match self {
            Self::Reference(reference) => Some(*reference),
            _ => None,
        }
    }
}

impl Dictionary {
    /// The value of a key; of several the last, as most readers take it.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Object> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key; of several the last.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.key.is(key))
    }

    /// How often a key stands in the dictionary.
    #[must_use]
    pub fn occurrences(&self, key: &str) -> usize {
        self.entries.iter().filter(|entry| entry.key.is(key)).count()
    }
}

/// Where an indirect object's text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the file; the text's first byte has this offset.
    File(u64),
    /// In the object stream of this number.
    ObjectStream(u32),
}

/// An indirect object together with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct IndirectObject {
    /// Its number and generation.
    pub id: Reference,
    /// Its value.
    pub value: Object,
    /// The text in which the spans count.
    pub text: Vec<u8>,
    /// Where the text stands.
    pub origin: Origin,
}

/// Every number that a value refers to.
pub(crate) fn references(value: &Object, targets: &mut BTreeSet<u32>) {
    match value {
        Object::Reference(id) => {
            targets.insert(id.number);
        }
        Object::Array(array) => array.items.iter().for_each(|item| references(item, targets)),
        Object::Dictionary(dictionary) | Object::Stream(Stream { dictionary, .. }) => {
            dictionary.entries.iter().for_each(|entry| references(&entry.value, targets));
        }
        _ => {}
    }
}
