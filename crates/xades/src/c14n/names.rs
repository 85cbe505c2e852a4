//! Names with their prefixes as they stand in the text; the tree resolves prefixes and forgets them.

use roxmltree::{Attribute, Node};

/// A qualified name and the prefix in it, empty where there is none.
#[derive(Clone, Copy)]
pub(super) struct QualifiedName<'a> {
    pub(super) prefix: &'a str,
    pub(super) name: &'a str,
}

/// The name of an element, which begins behind the first byte of its start tag.
#[inline]
pub(super) fn element<'a>(text: &'a str, node: Node<'_, 'a>) -> QualifiedName<'a> {
    qualified(text, node.range().start + 1, node.tag_name().name())
}

/// The name of an attribute.
#[inline]
pub(super) fn attribute<'a>(text: &'a str, attribute: Attribute<'_, 'a>) -> QualifiedName<'a> {
    if attribute.namespace().is_none() {
        return QualifiedName { prefix: "", name: attribute.name() };
    }
    qualified(text, attribute.range().start, attribute.name())
}

/// The name at `start` whose local part is `local`.
fn qualified<'a>(text: &'a str, start: usize, local: &'a str) -> QualifiedName<'a> {
    let rest = text.get(start..).unwrap_or_default();
    let end = rest
        .bytes()
        .position(|byte| matches!(byte, b':' | b'=' | b'/' | b'>' | b' ' | b'\t' | b'\n' | b'\r'));
    match end.and_then(|end| Some((rest.get(..end)?, rest.as_bytes().get(end)?))) {
        Some((prefix, b':')) => QualifiedName {
            prefix,
            name: rest.get(..prefix.len() + 1 + local.len()).unwrap_or_default(),
        },
        _ => QualifiedName { prefix: "", name: local },
    }
}
