//! Finding elements by name, once each, with the words to say where something is wrong.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Node;

use super::error::{ProfileError, Wrong};
use crate::document::{XmlDocument, decode};

use crate::error::Position;
use crate::limits::Limits;

/// An element of the file, and of which dossier or visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its local name.
    pub element: String,
    /// The number of the dossier, visit or attachment that holds it, from 1; none outside of any.
    pub item: Option<usize>,
    /// Where it begins; within a payload, where the payload does.
    pub position: Position,
}

impl Place {
    pub(super) fn of(node: Node<'_, '_>, item: Option<usize>) -> Self {
        let position = Position::of(node.document().input_text(), node.range().start);
        Self { element: node.tag_name().name().to_owned(), item, position }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.position)?;
        if let Some(item) = self.item {
            write!(f, ", item {item}")?;
        }
        write!(f, ", {}", self.element)
    }
}

/// An element with the item that it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Element<'d, 'a> {
    pub(super) node: Node<'d, 'a>,
    pub(super) item: Option<usize>,
}

/// Whether it is the element of this name in no namespace; `has_tag_name` with a bare name passes over namespaces.
pub(super) fn is_named(node: Node<'_, '_>, name: &str) -> bool {
    let tag = node.tag_name();
    // After `xmlns=""` the tree says that the namespace is empty.
    let bare = tag.namespace().is_none_or(str::is_empty);
    node.is_element() && tag.name() == name && bare
}

impl<'d, 'a> Element<'d, 'a> {
    /// The root element, which has this name and no namespace.
    pub(super) fn root(
        document: &'d XmlDocument<'a>,
        name: &'static str,
    ) -> Result<Self, ProfileError> {
        let node = document.tree().root_element();
        if is_named(node, name) {
            return Ok(Self { node, item: None });
        }
        let position = Position::of(document.text(), node.range().start);
        Err(ProfileError::OtherRoot { expected: name, position })
    }

    pub(super) fn place(self) -> Place {
        Place::of(self.node, self.item)
    }

    pub(super) fn wrong(self, wrong: Wrong) -> ProfileError {
        ProfileError::Value { place: self.place(), wrong }
    }

    /// The children of this name, without namespace.
    pub(super) fn children(self, name: &'static str) -> impl Iterator<Item = Self> {
        let item = self.item;
        self.node
            .children()
            .filter(move |child| is_named(*child, name))
            .map(move |node| Self { node, item })
    }

    /// The child of this name, if there is one.
    pub(super) fn optional(self, name: &'static str) -> Result<Option<Self>, ProfileError> {
        let mut all = self.children(name);
        let first = all.next();
        match all.next() {
            Some(second) => Err(ProfileError::Repeated { place: second.place() }),
            None => Ok(first),
        }
    }

    /// The child of this name, which must be there.
    pub(super) fn child(self, name: &'static str) -> Result<Self, ProfileError> {
        self.optional(name)?
            .ok_or_else(|| ProfileError::Missing { element: name, within: self.place() })
    }

    /// All its text, without the white space around it; comments and elements within are passed over.
    pub(super) fn text(self) -> String {
        let mut text = String::new();
        for node in self.node.descendants().filter(Node::is_text) {
            text.push_str(node.text().unwrap_or_default());
        }
        text.trim().to_owned()
    }

    /// Its text, of which there must be some.
    pub(super) fn value(self) -> Result<String, ProfileError> {
        let text = self.text();
        if text.is_empty() { Err(ProfileError::Empty { place: self.place() }) } else { Ok(text) }
    }

    /// A whole number.
    pub(super) fn number(self) -> Result<usize, ProfileError> {
        self.value()?.parse().map_err(|_| self.wrong(Wrong::Number))
    }

    /// A date of eight digits, with or without four more for the time of day.
    pub(super) fn date(self) -> Result<(), ProfileError> {
        let text = self.value()?;
        if is_date(&text) { Ok(()) } else { Err(self.wrong(Wrong::Date)) }
    }

    /// The bytes of base64 content; white space between the digits is allowed.
    pub(super) fn base64(self) -> Result<Vec<u8>, ProfileError> {
        let mut text = self.value()?;
        text.retain(|character| !character.is_ascii_whitespace());
        STANDARD.decode(text).map_err(|_| ProfileError::Base64 { place: self.place() })
    }

    /// Reads base64 content as XML and lends it.
    pub(super) fn payload<T>(
        self,
        limits: &Limits,
        read: impl FnOnce(&XmlDocument<'_>) -> Result<T, ProfileError>,
    ) -> Result<T, ProfileError> {
        let bytes = self.base64()?;
        let refused = |error| ProfileError::Payload { place: self.place(), error };
        let text = decode(&bytes, limits).map_err(refused)?;
        let document = XmlDocument::parse(text, limits).map_err(refused)?;
        read(&document)
    }

    /// That the element, where a signature shall stand, holds nothing yet.
    pub(super) fn must_be_free(self) -> Result<Self, ProfileError> {
        let taken = self.node.children().any(|child| child.is_element()) || !self.text().is_empty();
        if taken { Err(ProfileError::AlreadySigned { place: self.place() }) } else { Ok(self) }
    }

    /// The signature element that stands in it, where there is exactly one.
    pub(super) fn signature(self) -> Option<Node<'d, 'a>> {
        let is_signature =
            |node: &Node<'_, '_>| node.has_tag_name((crate::dsig::NAMESPACE, "Signature"));
        let mut all = self.node.children().filter(is_signature);
        all.next().filter(|_| all.next().is_none())
    }
}

fn is_date(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let part =
        |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0, 4), part(4, 6), part(6, 8)) else {
        return false;
    };
    let time = match text.len() {
        8 => true,
        12 => part(8, 10).is_some_and(|hour| hour < 24) && part(10, 12).is_some_and(|m| m < 60),
        _ => false,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    digits && time && (1..=days).contains(&day)
}

/// What a file states of its facility, and whether it states the same everywhere.
#[derive(Default)]
pub(super) struct Facility(Option<String>);

impl Facility {
    pub(super) fn stated(&mut self, code: String, place: Place) -> Result<(), ProfileError> {
        match &self.0 {
            Some(one) if *one != code => {
                Err(ProfileError::Facilities { place, one: one.clone(), other: code })
            }
            _ => {
                self.0 = Some(code);
                Ok(())
            }
        }
    }

    /// Every code that stands somewhere below a node, under this name; `place` is told instead of theirs if given.
    pub(super) fn stated_within(
        &mut self,
        node: Node<'_, '_>,
        name: &'static str,
        place: Option<&Place>,
        item: Option<usize>,
    ) -> Result<(), ProfileError> {
        for node in node.descendants().filter(|node| is_named(*node, name)) {
            let element = Element { node, item };
            let code = element.text();
            if !code.is_empty() {
                self.stated(code, place.cloned().unwrap_or_else(|| element.place()))?;
            }
        }
        Ok(())
    }

    pub(super) fn into_code(self) -> Option<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates() {
        for good in ["20260228", "20240229", "202611232359"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "",
            "2026022",
            "20260229",
            "20261301",
            "20261100",
            "202611232460",
            "2026-1-1",
            "20261123235",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
