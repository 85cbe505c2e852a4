//! Canonical XML 1.0 (W3C 2001-03-15) and 1.1 (W3C 2008-05-02), Exclusive XML Canonicalization 1.0 (W3C 2002-07-18).

mod attributes;
mod base;
mod escape;
mod names;
mod namespaces;
mod output;
mod source_text;
mod writer;

use roxmltree::{Node, NodeId};

use crate::document::XmlDocument;
use crate::error::XmlError;

/// Canonical XML 1.0 without comments.
pub const INCLUSIVE_10: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
/// Canonical XML 1.0 with comments.
pub const INCLUSIVE_10_WITH_COMMENTS: &str =
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
/// Canonical XML 1.1 without comments.
pub const INCLUSIVE_11: &str = "http://www.w3.org/2006/12/xml-c14n11";
/// Canonical XML 1.1 with comments.
pub const INCLUSIVE_11_WITH_COMMENTS: &str = "http://www.w3.org/2006/12/xml-c14n11#WithComments";
/// Exclusive XML Canonicalization 1.0 without comments; also the namespace of `InclusiveNamespaces`.
pub const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// Exclusive XML Canonicalization 1.0 with comments.
pub const EXCLUSIVE_WITH_COMMENTS: &str = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";

/// Which canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum C14n {
    /// Canonical XML 1.0: every namespace in scope, every `xml:` attribute of omitted ancestors.
    Inclusive10,
    /// Canonical XML 1.1: as 1.0, but `xml:id` is not inherited and `xml:base` is joined (§2.4).
    Inclusive11,
    /// Exclusive XML Canonicalization 1.0: the namespaces that are visibly used.
    Exclusive {
        /// The prefixes of the `InclusiveNamespaces PrefixList` (§2.1), `#default` for the default namespace.
        prefixes: Vec<String>,
    },
}

/// A canonicalization method: the form, and whether comments are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonicalization {
    /// The form.
    pub method: C14n,
    /// Comments that are in the node set are written.
    pub comments: bool,
}

impl Canonicalization {
    /// The method of an algorithm identifier (XMLDSig 1.1 §6.5, RFC 9231 §2.4), the prefix list empty.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        let exclusive = C14n::Exclusive { prefixes: Vec::new() };
        let (method, comments) = match uri {
            INCLUSIVE_10 => (C14n::Inclusive10, false),
            INCLUSIVE_10_WITH_COMMENTS => (C14n::Inclusive10, true),
            INCLUSIVE_11 => (C14n::Inclusive11, false),
            INCLUSIVE_11_WITH_COMMENTS => (C14n::Inclusive11, true),
            EXCLUSIVE => (exclusive, false),
            EXCLUSIVE_WITH_COMMENTS => (exclusive, true),
            _ => return None,
        };
        Some(Self { method, comments })
    }

    /// The algorithm identifier; the prefix list is a parameter beside it.
    #[must_use]
    pub fn uri(&self) -> &'static str {
        match (&self.method, self.comments) {
            (C14n::Inclusive10, false) => INCLUSIVE_10,
            (C14n::Inclusive10, true) => INCLUSIVE_10_WITH_COMMENTS,
            (C14n::Inclusive11, false) => INCLUSIVE_11,
            (C14n::Inclusive11, true) => INCLUSIVE_11_WITH_COMMENTS,
            (C14n::Exclusive { .. }, false) => EXCLUSIVE,
            (C14n::Exclusive { .. }, true) => EXCLUSIVE_WITH_COMMENTS,
        }
    }

    /// Writes the canonical form of `nodes` to `sink`, piece by piece.
    ///
    /// # Errors
    /// [`XmlError::RelativeNamespace`] where a namespace that is in scope in the node set has a relative URI;
    /// [`XmlError::ForeignNode`] where a node is not of `document`. What was written by then is to be discarded.
    pub fn write(
        &self,
        document: &XmlDocument<'_>,
        nodes: &NodeSet<'_, '_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), XmlError> {
        writer::write(self, document, nodes, sink)
    }

    /// The canonical form of `nodes` in memory.
    ///
    /// # Errors
    /// As [`Canonicalization::write`].
    pub fn bytes(
        &self,
        document: &XmlDocument<'_>,
        nodes: &NodeSet<'_, '_>,
    ) -> Result<Vec<u8>, XmlError> {
        let mut canonical = Vec::new();
        self.write(document, nodes, &mut |bytes| canonical.extend_from_slice(bytes))?;
        Ok(canonical)
    }
}

/// Whole subtrees of a document less other whole subtrees, as a canonicalizer sees them.
///
/// A node is in the set where it lies within one of the subtrees taken in and within none of those left out. Attributes
/// and namespaces belong to their element.
#[derive(Clone, Debug)]
pub struct NodeSet<'d, 'a> {
    apexes: Vec<Node<'d, 'a>>,
    without: Vec<NodeId>,
    comments: bool,
}

impl<'d, 'a> NodeSet<'d, 'a> {
    /// The whole document, comments too.
    #[must_use]
    pub fn document(document: &'d XmlDocument<'a>) -> Self {
        Self::subtree(document.tree().root())
    }

    /// The node and everything below it, comments too.
    #[must_use]
    pub fn subtree(apex: Node<'d, 'a>) -> Self {
        Self::subtrees(vec![apex])
    }

    /// The nodes and everything below them, comments too, in document order and each once.
    #[must_use]
    pub fn subtrees(mut apexes: Vec<Node<'d, 'a>>) -> Self {
        apexes.sort_unstable();
        let mut outermost: Vec<Node<'d, 'a>> = Vec::with_capacity(apexes.len());
        for apex in apexes {
            // In document order only the last one taken in can hold the next.
            let within = outermost.last().is_some_and(|last| contains(*last, apex));
            if !within {
                outermost.push(apex);
            }
        }
        Self { apexes: outermost, without: Vec::new(), comments: true }
    }

    /// The same less a node and everything below it.
    #[must_use]
    pub fn without(mut self, node: NodeId) -> Self {
        self.without.push(node);
        self.without.sort_unstable_by_key(|node| node.get());
        self.without.dedup();
        self
    }

    /// The same less all comments, as a reference by `""` or a bare name gives it (XMLDSig 1.1 §4.4.3.3).
    #[must_use]
    pub fn without_comments(mut self) -> Self {
        self.comments = false;
        self
    }

    /// The outermost nodes of the set, in document order.
    #[must_use]
    pub fn apexes(&self) -> &[Node<'d, 'a>] {
        &self.apexes
    }

    /// The outermost nodes left out, in document order; some may lie outside the set.
    #[must_use]
    pub fn left_out(&self) -> &[NodeId] {
        &self.without
    }

    /// Whether comments are in the set.
    #[must_use]
    pub fn keeps_comments(&self) -> bool {
        self.comments
    }
}

/// Whether `node` is `ancestor` or lies below it.
fn contains(ancestor: Node<'_, '_>, node: Node<'_, '_>) -> bool {
    node.ancestors().any(|above| above == ancestor)
}
