//! Strict reading of elements with a schema: children in order, values as text, nothing else.

use super::error::SignatureError;
use crate::error::Position;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Node;

/// Where a node begins.
pub(crate) fn position(node: Node<'_, '_>) -> Position {
    Position::of(node.document().input_text(), node.range().start)
}

/// True for the element of this namespace and name.
pub(crate) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element()
        && node.tag_name().name() == name
        && node.tag_name().namespace() == Some(namespace)
}

/// The child elements of one element, taken in the order of the schema.
pub(crate) struct Children<'d, 'a> {
    parent: Node<'d, 'a>,
    next: Option<Node<'d, 'a>>,
}

impl<'d, 'a> Children<'d, 'a> {
    /// Refuses text between the elements; comments and processing instructions are passed over.
    pub(crate) fn of(parent: Node<'d, 'a>) -> Result<Self, SignatureError> {
        for child in parent.children().filter(Node::is_text) {
            if !child.text().unwrap_or_default().chars().all(is_xml_space) {
                return Err(SignatureError::UnexpectedContent(position(child)));
            }
        }
        Ok(Self { parent, next: parent.first_element_child() })
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Option<Node<'d, 'a>> {
        let node = self.next?;
        self.next = node.next_sibling_element();
        Some(node)
    }

    pub(crate) fn optional(&mut self, namespace: &str, name: &str) -> Option<Node<'d, 'a>> {
        if is(self.next?, namespace, name) { self.any() } else { None }
    }

    pub(crate) fn required(
        &mut self,
        namespace: &str,
        name: &'static str,
    ) -> Result<Node<'d, 'a>, SignatureError> {
        self.optional(namespace, name).ok_or_else(|| match self.next {
            Some(other) => {
                SignatureError::WrongElement { expected: name, position: position(other) }
            }
            None => {
                SignatureError::MissingElement { element: name, position: position(self.parent) }
            }
        })
    }

    pub(crate) fn finish(self) -> Result<(), SignatureError> {
        match self.next {
            None => Ok(()),
            Some(node) => Err(SignatureError::UnexpectedContent(position(node))),
        }
    }
}

/// The attribute that must be there.
pub(crate) fn attribute<'d>(
    node: Node<'d, '_>,
    name: &'static str,
) -> Result<&'d str, SignatureError> {
    node.attribute(name).ok_or_else(|| SignatureError::MissingAttribute {
        attribute: name,
        position: position(node),
    })
}

/// The text of an element that has nothing else: a comment would split a value that canonicalization joins.
pub(crate) fn text(node: Node<'_, '_>) -> Result<String, SignatureError> {
    let mut text = String::new();
    for child in node.children() {
        match child.text() {
            Some(part) if child.is_text() => text.push_str(part),
            _ => return Err(SignatureError::UnexpectedContent(position(child))),
        }
    }
    Ok(text)
}

/// The text without white space at its ends.
pub(crate) fn trimmed(node: Node<'_, '_>) -> Result<String, SignatureError> {
    Ok(text(node)?.trim_matches(is_xml_space).to_owned())
}

/// The octets of a `base64Binary`.
pub(crate) fn base64(node: Node<'_, '_>) -> Result<Vec<u8>, SignatureError> {
    decode_base64(text(node)?.as_bytes()).ok_or_else(|| SignatureError::NotBase64(position(node)))
}

/// Decodes base64 with white space anywhere, and nothing else that RFC 4648 §4 does not have.
pub(crate) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.iter().copied().filter(|byte| !is_xml_space(char::from(*byte))).collect();
    STANDARD.decode(digits).ok()
}

/// White space of XML 1.0 §2.3.
pub(crate) const fn is_xml_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}
