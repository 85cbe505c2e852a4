//! Small steps through XML files of a known shape.

use kyso_xades::{Limits as XmlLimits, XmlDocument, XmlError};
use roxmltree::Node;

use crate::error::{AsicError, ShapeFault};
use crate::name::EntryName;

/// Namespace of XML Signature.
pub(crate) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Parses a file and lets `read` take from it what it wants.
pub(crate) fn with_document<T>(
    name: &EntryName,
    bytes: &[u8],
    limits: &XmlLimits,
    read: impl FnOnce(Node<'_, '_>) -> Result<T, ShapeFault>,
) -> Result<T, AsicError> {
    let xml = |error: XmlError| AsicError::Xml { name: name.clone(), error };
    let text = kyso_xades::decode(bytes, limits).map_err(xml)?;
    let document = XmlDocument::parse(text, limits).map_err(xml)?;
    read(document.tree().root_element())
        .map_err(|fault| AsicError::Shape { name: name.clone(), fault })
}

/// The element children; text between them must be white space.
pub(crate) fn elements<'d, 'a>(node: Node<'d, 'a>) -> Result<Vec<Node<'d, 'a>>, ShapeFault> {
    let mut found = Vec::new();
    for child in node.children() {
        if child.is_element() {
            found.push(child);
        } else if child.is_text()
            && !child.text().unwrap_or_default().trim_matches(white).is_empty()
        {
            return Err(ShapeFault::Unexpected);
        }
    }
    Ok(found)
}

/// Whether an element has this namespace and local name.
pub(crate) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.tag_name().namespace() == Some(namespace) && node.tag_name().name() == name
}

/// The value of an attribute without a namespace.
pub(crate) fn attribute<'d>(node: Node<'d, '_>, name: &'static str) -> Result<&'d str, ShapeFault> {
    node.attribute(name).ok_or(ShapeFault::Missing(name))
}

/// The text of an element that has no elements.
pub(crate) fn text_of(node: Node<'_, '_>, what: &'static str) -> Result<String, ShapeFault> {
    let mut text = String::new();
    for child in node.children() {
        if child.is_element() {
            return Err(ShapeFault::Value(what));
        }
        if child.is_text() {
            text.push_str(child.text().unwrap_or_default());
        }
    }
    Ok(text)
}

/// XML's white space (XML 1.0 §2.3).
pub(crate) fn white(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// A value as XML Schema's boolean.
pub(crate) fn boolean(value: &str, what: &'static str) -> Result<bool, ShapeFault> {
    match value.trim_matches(white) {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(ShapeFault::Value(what)),
    }
}

/// A text as the value of an attribute in double quotes; what canonical XML 1.0 §2.3 escapes is escaped.
pub(crate) fn push_attribute_value(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}
