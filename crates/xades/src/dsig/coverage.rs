//! What of a document a verified signature leaves uncovered: wrapping attacks live there.

use super::verify::{VerifiedReference, VerifiedSignature};
use super::{NAMESPACE, NAMESPACE_11};
use crate::document::XmlDocument;
use roxmltree::{Node, NodeId};
use std::collections::HashSet;

/// Namespaces of what a signature element is made of: itself, XAdES, the parameters of its algorithms.
const OF_SIGNATURES: [&str; 7] = [
    NAMESPACE,
    NAMESPACE_11,
    "http://uri.etsi.org/01903/v1.3.2#",
    "http://uri.etsi.org/01903/v1.4.1#",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2002/06/xmldsig-filter2",
    "http://www.w3.org/2007/05/xmldsig-more#",
];

/// Attributes that say where a schema lies and nothing of the document.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

impl<'d, 'a> VerifiedSignature<'d, 'a> {
    /// The first element that somebody could read as part of the document and that no reference covers.
    ///
    /// Signature elements with what they are made of need not be covered, and elements that do nothing but hold what is
    /// covered, or a signature, need not either: no attributes, no text. Whatever else stands outside could have been put
    /// there by anybody, such as in place of a signed element that was moved elsewhere.
    #[must_use]
    pub fn uncovered(&self, document: &'d XmlDocument<'a>) -> Option<Node<'d, 'a>> {
        let references = self.references();
        let whole = references
            .iter()
            .find(|one| one.covered().roots().iter().any(|apex| *apex == document.tree().root()));
        if let Some(whole) = whole {
            // All but what was taken out, which is little.
            let outside = whole.covered().without().iter().flat_map(|taken| taken.descendants());
            return outside
                .filter(Node::is_element)
                .find(|node| !is_covered(references, *node) && !is_of_signature(*node));
        }
        let mut holding: HashSet<NodeId> = HashSet::new();
        let covered = references.iter().flat_map(|one| one.covered().roots());
        for apex in covered.copied().chain(self.signature_node()) {
            for ancestor in apex.ancestors() {
                if !holding.insert(ancestor.id()) {
                    break;
                }
            }
        }
        document.tree().descendants().filter(Node::is_element).find(|node| {
            let only_holds = || holding.contains(&node.id()) && is_bare(*node);
            !is_covered(references, *node) && !is_of_signature(*node) && !only_holds()
        })
    }

    fn signature_node(&self) -> Option<Node<'d, 'a>> {
        self.references().first().map(VerifiedReference::signature_node)
    }
}

fn is_covered<'d, 'a>(references: &[VerifiedReference<'d, 'a>], node: Node<'d, 'a>) -> bool {
    references.iter().any(|one| one.covered().contains(node))
}

/// Whether it is part of what a signature element is made of.
fn is_of_signature(node: Node<'_, '_>) -> bool {
    let is_signature = |one: Node<'_, '_>| one.has_tag_name((NAMESPACE, "Signature"));
    let known = node.tag_name().namespace().is_some_and(|uri| OF_SIGNATURES.contains(&uri));
    known && node.ancestors().any(is_signature)
}

/// Neither text nor attributes of its own.
fn is_bare(node: Node<'_, '_>) -> bool {
    let is_silent = |child: Node<'_, '_>| {
        !child.is_text() || child.text().is_none_or(|text| text.trim().is_empty())
    };
    node.attributes().all(|attribute| attribute.namespace() == Some(SCHEMA_INSTANCE))
        && node.children().all(is_silent)
}
