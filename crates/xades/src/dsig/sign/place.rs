//! Where in a document a signature goes, and the text around that place.

use super::error::PrepareError;
use crate::document::XmlDocument;
use crate::dsig::element::is_xml_space;
use crate::error::XmlError;
use roxmltree::Node;
use std::borrow::Cow;

/// Where the signature is put.
#[derive(Clone, Copy, Debug)]
pub enum Placement<'d, 'a> {
    /// Behind everything else in the element.
    AppendTo(Node<'d, 'a>),
    /// Into the element, which must have nothing in it but white space, as the place for a signature has.
    Into(Node<'d, 'a>),
}

impl Placement<'_, '_> {
    /// The document's text before and behind the place; an element without an end tag gets one.
    pub(crate) fn around<'t>(
        &self,
        document: &XmlDocument<'t>,
    ) -> Result<(Cow<'t, str>, Cow<'t, str>), PrepareError> {
        let node = match self {
            Self::AppendTo(node) | Self::Into(node) => *node,
        };
        if !core::ptr::eq(
            core::ptr::from_ref(node.document()).cast::<()>(),
            core::ptr::from_ref(document.tree()).cast::<()>(),
        ) {
            return Err(PrepareError::Xml(XmlError::ForeignNode));
        }
        if !node.is_element() {
            return Err(PrepareError::NotAnElement);
        }
        if matches!(self, Self::Into(_)) {
            let empty = node.children().all(|child| {
                child.is_text() && child.text().unwrap_or_default().chars().all(is_xml_space)
            });
            if !empty {
                return Err(PrepareError::PlaceTaken);
            }
        }
        let text = document.text();
        let range = node.range();
        let element = text.get(range.clone()).ok_or(PrepareError::Displaced)?;
        if let Some(start_tag) = element.strip_suffix("/>") {
            let name: &str = start_tag
                .strip_prefix('<')
                .and_then(|tag| tag.split(is_xml_space).next())
                .ok_or(PrepareError::Displaced)?;
            let before = text.get(..range.end - "/>".len()).ok_or(PrepareError::Displaced)?;
            let after = text.get(range.end..).ok_or(PrepareError::Displaced)?;
            return Ok((format!("{before}>").into(), format!("</{name}>{after}").into()));
        }
        // Nothing within an end tag begins another.
        let end_tag = range.start + element.rfind("</").ok_or(PrepareError::Displaced)?;
        let (before, after) = text.split_at_checked(end_tag).ok_or(PrepareError::Displaced)?;
        Ok((before.into(), after.into()))
    }
}
