//! JSON (RFC 8259) read strictly: UTF-8, no member twice, bounded, every value with its text.
//!
//! `serde_json` decodes the strings. The walk is ours: its maps keep the last of two members of one name, which another
//! reader takes the first of, and its numbers lose the digits that a dose is written with.

mod error;
mod reader;

pub use error::JsonError;

use crate::limits::Limits;
use std::borrow::Cow;

/// A value and the text it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    text: &'a str,
    offset: usize,
    value: Value<'a>,
}

/// What a JSON text says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A string, decoded.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Node<'a>>),
    /// An object; no two members have the same name.
    Object(Vec<Member<'a>>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// Its name, decoded.
    pub name: Cow<'a, str>,
    /// Its value.
    pub value: Node<'a>,
}

impl<'a> Node<'a> {
    /// Reads a text that holds one value and nothing else but white space.
    ///
    /// # Errors
    /// When it is not UTF-8, no JSON, has an object with two members of one name, or exceeds a limit.
    pub fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self, JsonError> {
        reader::read(bytes, limits)
    }

    /// The text of the value, without white space around it.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Where [`Self::text`] begins, in bytes from the beginning of the document.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What it says.
    #[must_use]
    pub const fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// The members of an object.
    #[must_use]
    pub fn members(&self) -> Option<&[Member<'a>]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value of a member of an object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        self.members()?.iter().find(|member| member.name == name).map(|member| &member.value)
    }

    /// The elements of an array.
    #[must_use]
    pub fn elements(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// A string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

/// The JSON text of a string: `"`, `\` and control characters escaped, the rest as it is (RFC 8785 §3.2.2.2).
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    write_quoted(text, &mut out);
    out
}

/// Appends what [`quoted`] gives.
pub(crate) fn write_quoted(text: &str, out: &mut String) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => {
                out.push_str("\\u00");
                let code = character as usize;
                out.extend(HEX.get(code >> 4));
                out.extend(HEX.get(code & 15));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
