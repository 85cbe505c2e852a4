//! Transforms (XML Signature 1.1 §6.6) and what a chain of them leaves of the document.

use super::element::{decode_base64, is};
use super::error::SignatureError;
use super::failure::ReferenceFailure;
use super::method::canonicalization;
use super::reference::{Reference, transform_uri};
use super::xpath::{
    FILTER2, Filter, FilterOperation, leaves_out_signatures, outermost_signatures, quoted,
};
use crate::algorithm::{RefusedAlgorithm, XmlAlgorithmError, refused_or_unknown};
use crate::c14n::{C14n, Canonicalization, NodeSet};
use crate::document::{XmlDocument, decode};
use crate::error::XmlError;
use crate::limits::{Limit, Limits};
use roxmltree::Node;
use std::borrow::Cow;

/// The enveloped-signature transform (§6.6.4).
pub const ENVELOPED_SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// The base64 transform (§6.6.2), and the encoding of an `Object`.
pub const BASE64: &str = "http://www.w3.org/2000/09/xmldsig#base64";
/// The XPath transform (§6.6.3).
pub const XPATH: &str = "http://www.w3.org/TR/1999/REC-xpath-19991116";

/// A transform that is computed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transform {
    /// Takes out the signature that the reference stands in (§6.6.4).
    EnvelopedSignature,
    /// Nodes become octets (§6.6.1); octets are read as a document first.
    Canonicalization(Canonicalization),
    /// Text becomes the octets that it encodes (§6.6.2).
    Base64,
    /// XPath Filter 2.0, in the fixed forms.
    Filter2(Vec<Filter>),
    /// The XPath transform that says `not(ancestor-or-self::ds:Signature)`: takes out every signature.
    WithoutSignatures,
}

impl Transform {
    pub(crate) fn read(
        node: Node<'_, '_>,
    ) -> Result<Result<Self, XmlAlgorithmError>, SignatureError> {
        let uri = transform_uri(node)?;
        if let Some(canonicalization) = canonicalization(node)? {
            return Ok(Ok(Self::Canonicalization(canonicalization)));
        }
        let empty = |transform| {
            super::element::Children::of(node)?.finish()?;
            Ok(Ok(transform))
        };
        match uri {
            ENVELOPED_SIGNATURE => empty(Self::EnvelopedSignature),
            BASE64 => empty(Self::Base64),
            FILTER2 => Ok(Filter::read_all(node)?.map(Self::Filter2)),
            XPATH => Ok(if leaves_out_signatures(node)? {
                Ok(Self::WithoutSignatures)
            } else {
                Err(XmlAlgorithmError::Refused(RefusedAlgorithm::XPath))
            }),
            other => Ok(Err(refused_or_unknown(other))),
        }
    }
}

/// The nodes of the document whose canonical form was digested.
#[derive(Clone, Debug, Default)]
pub struct Covered<'d, 'a> {
    roots: Vec<Node<'d, 'a>>,
    without: Vec<Node<'d, 'a>>,
    comments: bool,
}

impl<'d, 'a> Covered<'d, 'a> {
    /// The apexes of the subtrees, in document order; the root of the document for all of it, nothing for external data.
    #[must_use]
    pub fn roots(&self) -> &[Node<'d, 'a>] {
        &self.roots
    }

    /// The apexes of what was taken out of these subtrees.
    #[must_use]
    pub fn without(&self) -> &[Node<'d, 'a>] {
        &self.without
    }

    /// True when the element's own tag and attributes were digested; what is below it may have been taken out.
    #[must_use]
    pub fn contains(&self, node: Node<'d, 'a>) -> bool {
        for ancestor in node.ancestors() {
            if self.without.contains(&ancestor) {
                return false;
            }
            if self.roots.contains(&ancestor) {
                return true;
            }
        }
        false
    }

    /// True when the element was digested with everything below it.
    #[must_use]
    pub fn contains_all_of(&self, node: Node<'d, 'a>) -> bool {
        self.contains(node)
            && !self.without.iter().any(|taken| taken.ancestors().any(|one| one == node))
    }

    fn whole(document: &'d XmlDocument<'a>, comments: bool) -> Self {
        Self { roots: vec![document.tree().root()], without: Vec::new(), comments }
    }

    fn take_out(&mut self, node: Node<'d, 'a>) {
        self.roots.retain(|root| !root.ancestors().any(|one| one == node));
        let inside = self.contains(node);
        if inside {
            self.without.retain(|taken| !taken.ancestors().any(|one| one == node));
            self.without.push(node);
        }
    }

    /// What is in both.
    fn intersection(&self, other: &Self) -> Self {
        let mut both = Self { comments: self.comments, ..Self::default() };
        both.roots.extend(self.roots.iter().filter(|root| other.contains(**root)));
        both.roots.extend(other.roots.iter().filter(|root| self.contains(**root)));
        both.roots = outermost(both.roots);
        for taken in outermost(self.without.iter().chain(&other.without).copied().collect()) {
            if both.contains(taken) {
                both.without.push(taken);
            }
        }
        both
    }

    /// One step of XPath Filter 2.0 §3.4; `None` where the result is no set of subtrees less subtrees.
    fn filter(mut self, operation: FilterOperation, selected: &[Node<'d, 'a>]) -> Option<Self> {
        match operation {
            FilterOperation::Subtract => selected.iter().for_each(|node| self.take_out(*node)),
            FilterOperation::Intersect => {
                let mut roots = Vec::new();
                for node in selected {
                    if self.contains(*node) {
                        roots.push(*node);
                    } else {
                        let below = self.roots.iter().filter(|root| is_within(**root, *node));
                        roots.extend(below.copied());
                    }
                }
                self.roots = outermost(roots);
                let Self { roots, without, .. } = &mut self;
                without.retain(|taken| roots.iter().any(|root| is_within(*taken, *root)));
            }
            FilterOperation::Union => {
                for node in selected {
                    if self.without.iter().any(|taken| is_within(*node, *taken)) {
                        return None;
                    }
                    self.without.retain(|taken| !is_within(*taken, *node));
                    self.roots.push(*node);
                }
                self.roots = outermost(std::mem::take(&mut self.roots));
            }
        }
        Some(self)
    }
}

/// True when the node is the apex or stands below it.
fn is_within(node: Node<'_, '_>, apex: Node<'_, '_>) -> bool {
    node.ancestors().any(|one| one == apex)
}

/// The nodes that stand below no other of them, each once, in document order.
fn outermost<'d, 'a>(mut nodes: Vec<Node<'d, 'a>>) -> Vec<Node<'d, 'a>> {
    nodes.sort_unstable();
    nodes.dedup();
    let mut kept: Vec<Node<'d, 'a>> = Vec::new();
    for node in nodes {
        if !kept.last().is_some_and(|last| is_within(node, *last)) {
            kept.push(node);
        }
    }
    kept
}

/// What a reference's URI leads to (§4.4.3.2).
pub(crate) enum Target<'d> {
    /// `""`: the document without its comments.
    Document,
    /// `#xpointer(/)`: the document with its comments.
    DocumentWithComments,
    /// `#id`: an element without its comments.
    Element(&'d str),
    /// `#xpointer(id('id'))`: an element with its comments.
    ElementWithComments(&'d str),
    /// Anything else, which the caller brings.
    External,
}

impl<'d> Target<'d> {
    pub(crate) fn of(uri: Option<&'d str>) -> Self {
        let Some(uri) = uri else {
            return Self::External;
        };
        if uri.is_empty() {
            return Self::Document;
        }
        let Some(fragment) = uri.strip_prefix('#') else {
            return Self::External;
        };
        if fragment == "xpointer(/)" {
            return Self::DocumentWithComments;
        }
        if let Some(pointer) = fragment.strip_prefix("xpointer(") {
            let id = pointer.strip_prefix("id(").and_then(|rest| rest.strip_suffix("))"));
            return id.and_then(quoted).map_or(Self::External, Self::ElementWithComments);
        }
        Self::Element(fragment)
    }

    pub(crate) const fn is_external(&self) -> bool {
        matches!(self, Self::External)
    }

    fn find<'a>(&self, document: &'d XmlDocument<'a>) -> Result<Option<Covered<'d, 'a>>, XmlError> {
        let element = |id: &str, comments| {
            let roots = vec![document.by_id(id)?];
            Ok(Some(Covered { roots, without: Vec::new(), comments }))
        };
        match self {
            Self::Document => Ok(Some(Covered::whole(document, false))),
            Self::DocumentWithComments => Ok(Some(Covered::whole(document, true))),
            Self::Element(id) => element(id, false),
            Self::ElementWithComments(id) => element(id, true),
            Self::External => Ok(None),
        }
    }
}

/// What one chain of transforms works in.
pub(crate) struct Chain<'d, 'a, 'l> {
    pub(crate) document: &'d XmlDocument<'a>,
    /// The signature that the reference stands in.
    pub(crate) signature: Node<'d, 'a>,
    pub(crate) limits: &'l Limits,
    /// What nodes that are left become octets by: Canonical XML 1.0 in references (§4.4.3.2), another in time-stamps.
    pub(crate) last: Canonicalization,
}

/// The canonicalization that XML Signature 1.1 §4.4.3.2 has for nodes that are left.
pub(crate) const DEFAULT: Canonicalization =
    Canonicalization { method: C14n::Inclusive10, comments: false };

/// Between two transforms (§6.6).
enum Data<'d, 'a, 'e> {
    Nodes(Covered<'d, 'a>),
    Octets(Cow<'e, [u8]>),
}

impl<'d, 'a> Chain<'d, 'a, '_> {
    /// The reference processing model (§4.4.3.2): what the URI leads to, through the transforms, into the sink.
    pub(crate) fn run(
        &self,
        reference: &Reference<'d, 'a>,
        external: Option<&[u8]>,
        work: &mut usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Covered<'d, 'a>, ReferenceFailure> {
        let mut data = match Target::of(reference.uri).find(self.document)? {
            Some(covered) => Data::Nodes(covered),
            None => {
                Data::Octets(Cow::Borrowed(external.ok_or(ReferenceFailure::SignedDataNotFound)?))
            }
        };
        let mut covered = Covered::default();
        let last = reference.transforms.len().checked_sub(1);
        for (index, transform) in reference.transforms.iter().enumerate() {
            let transform =
                transform.as_ref().map_err(|error| ReferenceFailure::Transform(error.clone()))?;
            *work = work.saturating_add(self.work(transform));
            let maximum = self.limits.digested;
            if *work > maximum {
                return Err(ReferenceFailure::DigestedLimit { maximum });
            }
            data = match (transform, data) {
                (Transform::Canonicalization(method), Data::Nodes(nodes)) => {
                    covered = nodes;
                    if Some(index) == last {
                        self.write(method, &covered, sink)?;
                        return Ok(covered);
                    }
                    let mut octets = Vec::new();
                    self.write(method, &covered, &mut |bytes| octets.extend_from_slice(bytes))?;
                    *work = work.saturating_add(octets.len());
                    Data::Octets(octets.into())
                }
                (Transform::Canonicalization(method), Data::Octets(octets)) => {
                    *work = work.saturating_add(octets.len());
                    Data::Octets(canonical_octets(method, &octets, self.limits)?.into())
                }
                (Transform::Base64, Data::Nodes(nodes)) => {
                    Data::Octets(decoded(characters(&nodes).as_bytes())?.into())
                }
                (Transform::Base64, Data::Octets(octets)) => {
                    // What was covered are the digits, not what they stand for.
                    covered = Covered::default();
                    Data::Octets(decoded(&octets)?.into())
                }
                (transform, Data::Nodes(nodes)) => Data::Nodes(self.select(transform, nodes)?),
                (_, Data::Octets(_)) => return Err(ReferenceFailure::NoNodes),
            };
        }
        match data {
            Data::Nodes(nodes) => {
                self.write(&self.last, &nodes, sink)?;
                Ok(nodes)
            }
            Data::Octets(octets) => {
                sink(&octets);
                Ok(covered)
            }
        }
    }

    /// What a transform costs beside the octets that come out, in bytes: those that walk the document.
    fn work(&self, transform: &Transform) -> usize {
        let walks = match transform {
            Transform::Filter2(filters) => filters.len(),
            Transform::WithoutSignatures | Transform::Base64 => 1,
            Transform::EnvelopedSignature | Transform::Canonicalization(_) => 0,
        };
        self.document.text().len().saturating_mul(walks)
    }

    /// Nodes to nodes.
    fn select(
        &self,
        transform: &Transform,
        mut nodes: Covered<'d, 'a>,
    ) -> Result<Covered<'d, 'a>, ReferenceFailure> {
        match transform {
            Transform::EnvelopedSignature => nodes.take_out(self.signature),
            Transform::WithoutSignatures => {
                for root in nodes.roots.clone() {
                    let found = outermost_signatures(root);
                    self.check_count(found.len())?;
                    found.into_iter().for_each(|one| nodes.take_out(one));
                }
                // A root may itself stand in a signature.
                let inside = |root: &Node<'d, 'a>| {
                    root.ancestors().any(|one| is(one, super::NAMESPACE, "Signature"))
                };
                nodes.roots.retain(|root| !inside(root));
            }
            Transform::Filter2(filters) => {
                // XPath Filter 2.0 §3.4: the filter begins as the whole document; the input bounds what comes out.
                let mut filtered = Covered::whole(self.document, nodes.comments);
                for filter in filters {
                    let selected = filter.path.select(self.document, self.signature)?;
                    self.check_count(selected.len())?;
                    filtered = filtered.filter(filter.operation, &selected).ok_or(
                        ReferenceFailure::Transform(XmlAlgorithmError::Refused(
                            RefusedAlgorithm::XPath,
                        )),
                    )?;
                }
                nodes = nodes.intersection(&filtered);
            }
            Transform::Canonicalization(_) | Transform::Base64 => {}
        }
        Ok(nodes)
    }

    /// Each subtree taken out is compared with every other: no more of them than a signature has references.
    fn check_count(&self, count: usize) -> Result<(), XmlError> {
        let maximum = self.limits.references;
        if count > maximum {
            return Err(XmlError::LimitExceeded { limit: Limit::References, maximum });
        }
        Ok(())
    }

    fn write(
        &self,
        method: &Canonicalization,
        nodes: &Covered<'d, 'a>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), XmlError> {
        let mut set = NodeSet::subtrees(nodes.roots.clone());
        for taken in &nodes.without {
            set = set.without(taken.id());
        }
        if !nodes.comments {
            set = set.without_comments();
        }
        method.write(self.document, &set, sink)
    }
}

/// Octets where nodes are needed are read as a document (§4.4.3.2), comments and all.
fn canonical_octets(
    method: &Canonicalization,
    octets: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, XmlError> {
    let document = XmlDocument::parse(decode(octets, limits)?, limits)?;
    method.bytes(&document, &NodeSet::document(&document))
}

/// The text nodes of a node set (§6.6.2).
fn characters(nodes: &Covered<'_, '_>) -> String {
    let mut text = String::new();
    for root in &nodes.roots {
        for node in root.descendants().filter(Node::is_text) {
            if !nodes.without.iter().any(|taken| is_within(node, *taken)) {
                text.push_str(node.text().unwrap_or_default());
            }
        }
    }
    text
}

fn decoded(text: &[u8]) -> Result<Vec<u8>, ReferenceFailure> {
    decode_base64(text).ok_or(ReferenceFailure::NotBase64)
}
