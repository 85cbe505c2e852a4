//! The walk through a node set, in document order and without recursion.

use roxmltree::{Node, NodeType};

use super::attributes::{self, CanonicalAttribute};
use super::names::{self, QualifiedName};
use super::namespaces::{Rendered, is_absolute};
use super::output::Output;
use super::{C14n, Canonicalization, NodeSet, escape, source_text};
use crate::document::XmlDocument;
use crate::error::{Position, XmlError};

/// Writes the canonical form of `nodes`.
pub(super) fn write(
    method: &Canonicalization,
    document: &XmlDocument<'_>,
    nodes: &NodeSet<'_, '_>,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), XmlError> {
    let mut writer = Writer {
        document,
        text: document.text(),
        method: &method.method,
        comments: method.comments && nodes.keeps_comments(),
        out: Output::new(sink),
        root_element: document.tree().root_element().id().get(),
        without: nodes.left_out().iter().map(|node| node.get()).collect(),
        rendered: Rendered::default(),
        declarations: Vec::new(),
        attributes: Vec::new(),
        open: Vec::new(),
    };
    for apex in nodes.apexes() {
        // The same node by this document's own borrow, which also shows that it is of this document.
        let apex = match document.tree().get_node(apex.id()) {
            Some(own) if core::ptr::eq(apex.document(), document.tree()) => own,
            _ => return Err(XmlError::ForeignNode),
        };
        if !writer.is_left_out(apex) {
            writer.subtree(apex)?;
        }
    }
    writer.out.flush();
    Ok(())
}

struct Writer<'d, 'w> {
    document: &'d XmlDocument<'d>,
    text: &'d str,
    method: &'w C14n,
    comments: bool,
    out: Output<'w>,
    root_element: u32,
    /// The subtrees left out, sorted.
    without: Vec<u32>,
    rendered: Rendered<'d>,
    /// The declarations and attributes of the element at hand; kept for their memory.
    declarations: Vec<(&'d str, &'d str)>,
    attributes: Vec<CanonicalAttribute<'d>>,
    /// The open elements' names, and what their start tags declared.
    open: Vec<(&'d str, usize)>,
}

impl<'d> Writer<'d, '_> {
    fn subtree(&mut self, apex: Node<'d, 'd>) -> Result<(), XmlError> {
        let mut declaring = Declaring::from(&self.document.declaring, apex.range().start);
        let mut node = apex;
        loop {
            if !self.left_out(node, apex) {
                self.begin(node, apex, &mut declaring)?;
                if let Some(child) = node.first_child() {
                    node = child;
                    continue;
                }
                self.end(node);
            }
            loop {
                if node == apex {
                    return Ok(());
                }
                if let Some(next) = node.next_sibling() {
                    node = next;
                    break;
                }
                let Some(parent) = node.parent() else { return Ok(()) };
                node = parent;
                self.end(node);
            }
        }
    }

    #[inline]
    fn left_out(&self, node: Node<'_, '_>, apex: Node<'_, '_>) -> bool {
        !self.without.is_empty()
            && node != apex
            && self.without.binary_search(&node.id().get()).is_ok()
    }

    /// Whether an apex lies within a subtree that is left out.
    fn is_left_out(&self, apex: Node<'_, '_>) -> bool {
        !self.without.is_empty()
            && apex.ancestors().any(|above| self.without.binary_search(&above.id().get()).is_ok())
    }

    /// Writes what stands before a node's children.
    fn begin(
        &mut self,
        node: Node<'d, 'd>,
        apex: Node<'d, 'd>,
        declaring: &mut Declaring<'d>,
    ) -> Result<(), XmlError> {
        match node.node_type() {
            NodeType::Root => {}
            NodeType::Element => {
                let declares = declaring.at(node.range().start);
                self.start_tag(node, node == apex, declares)?;
            }
            NodeType::Text if self.document.carriage_returns => {
                source_text::write(self.text, node, &mut self.out);
            }
            NodeType::Text => escape::text(node.text().unwrap_or_default(), &mut self.out),
            NodeType::Comment if !self.comments => {}
            NodeType::Comment => {
                self.line_end_before(node);
                self.out.push(b"<!--");
                escape::unescaped(node.text().unwrap_or_default(), &mut self.out);
                self.out.push(b"-->");
                self.line_end_behind(node);
            }
            NodeType::PI => self.instruction(node),
        }
        Ok(())
    }

    /// Writes what stands behind a node's children.
    fn end(&mut self, node: Node<'d, 'd>) {
        if !node.is_element() {
            return;
        }
        if let Some((name, mark)) = self.open.pop() {
            self.out.push(b"</");
            self.out.push(name.as_bytes());
            self.out.push(b">");
            self.rendered.back_to(mark);
        }
    }

    fn instruction(&mut self, node: Node<'d, 'd>) {
        // An XML declaration with a tab or a line end behind its `xml` is an instruction to the parser.
        let Some(instruction) = node.pi().filter(|instruction| instruction.target != "xml") else {
            return;
        };
        self.line_end_before(node);
        self.out.push(b"<?");
        self.out.push(instruction.target.as_bytes());
        if let Some(value) = instruction.value {
            self.out.push(b" ");
            escape::unescaped(value, &mut self.out);
        }
        self.out.push(b"?>");
        self.line_end_behind(node);
    }

    /// Canonical XML 1.0 §2.3: a line feed before each comment and instruction that follows the document element.
    fn line_end_before(&mut self, node: Node<'_, '_>) {
        if is_top(node) && node.id().get() > self.root_element {
            self.out.push(b"\n");
        }
    }

    /// Canonical XML 1.0 §2.3: a line feed behind each comment and instruction that precedes the document element.
    fn line_end_behind(&mut self, node: Node<'_, '_>) {
        if is_top(node) && node.id().get() < self.root_element {
            self.out.push(b"\n");
        }
    }

    fn start_tag(
        &mut self,
        node: Node<'d, 'd>,
        is_apex: bool,
        declares: bool,
    ) -> Result<(), XmlError> {
        let name = names::element(self.text, node);
        self.open.push((name.name, self.rendered.mark()));
        if is_apex || declares {
            self.refuse_relative(node)?;
        }
        self.attributes.clear();
        attributes::own(self.text, node, &mut self.attributes);
        if is_apex {
            attributes::inherited(self.text, node, self.method, &mut self.attributes);
        }
        self.declarations.clear();
        match self.method {
            C14n::Exclusive { prefixes } => {
                self.used(node, name);
                if is_apex || declares {
                    self.listed(node, prefixes);
                }
            }
            C14n::Inclusive10 | C14n::Inclusive11 => {
                if is_apex || declares {
                    self.in_scope(node);
                }
            }
        }
        self.write_start_tag(name.name);
        Ok(())
    }

    /// Canonical XML 1.0 §1.3: a relative namespace URI makes canonicalization fail.
    fn refuse_relative(&self, node: Node<'d, 'd>) -> Result<(), XmlError> {
        let relative = |uri: &str| !uri.is_empty() && !is_absolute(uri);
        if node.namespaces().any(|namespace| relative(namespace.uri())) {
            let position = Position::of(self.text, node.range().start);
            return Err(XmlError::RelativeNamespace(position));
        }
        Ok(())
    }

    /// Canonical XML 1.0 §2.3: the namespaces in scope that the output's parent does not have.
    fn in_scope(&mut self, node: Node<'d, 'd>) {
        for namespace in node.namespaces() {
            self.declare(namespace.name().unwrap_or_default(), namespace.uri());
        }
    }

    /// Exclusive XML Canonicalization §3: the namespaces of the element's and its attributes' names.
    fn used(&mut self, node: Node<'d, 'd>, name: QualifiedName<'d>) {
        self.declare(name.prefix, node.tag_name().namespace().unwrap_or_default());
        for at in 0..self.attributes.len() {
            let Some(attribute) = self.attributes.get(at) else { break };
            let (prefix, uri) = (attribute.prefix, attribute.uri);
            if !prefix.is_empty() {
                self.declare(prefix, uri);
            }
        }
    }

    /// Exclusive XML Canonicalization §3: listed prefixes are treated as Canonical XML treats all.
    fn listed(&mut self, node: Node<'d, 'd>, prefixes: &[String]) {
        if prefixes.is_empty() {
            return;
        }
        for namespace in node.namespaces() {
            let prefix = namespace.name().unwrap_or_default();
            let listed = |entry: &String| match prefix {
                "" => entry == "#default",
                prefix => entry == prefix,
            };
            if prefixes.iter().any(listed) {
                self.declare(prefix, namespace.uri());
            }
        }
    }

    fn declare(&mut self, prefix: &'d str, uri: &'d str) {
        if prefix != "xml" && self.rendered.declare(prefix, uri) {
            self.declarations.push((prefix, uri));
        }
    }

    fn write_start_tag(&mut self, name: &str) {
        self.out.push(b"<");
        self.out.push(name.as_bytes());
        if self.declarations.len() > 1 {
            self.declarations.sort_unstable();
        }
        for (prefix, uri) in &self.declarations {
            self.out.push(b" xmlns");
            if !prefix.is_empty() {
                self.out.push(b":");
                self.out.push(prefix.as_bytes());
            }
            self.out.push(b"=\"");
            escape::attribute(uri, &mut self.out);
            self.out.push(b"\"");
        }
        if self.attributes.len() > 1 {
            self.attributes.sort_unstable_by_key(|attribute| (attribute.uri, attribute.local));
        }
        for attribute in &self.attributes {
            self.out.push(b" ");
            self.out.push(attribute.name.as_bytes());
            self.out.push(b"=\"");
            escape::attribute(&attribute.value, &mut self.out);
            self.out.push(b"\"");
        }
        self.out.push(b">");
    }
}

/// Whether a node stands beside the document element.
fn is_top(node: Node<'_, '_>) -> bool {
    node.parent().is_some_and(|parent| parent.is_root())
}

/// The start tags that declare namespaces, followed in document order.
struct Declaring<'d> {
    rest: core::iter::Peekable<core::slice::Iter<'d, u32>>,
}

impl<'d> Declaring<'d> {
    fn from(offsets: &'d [u32], start: usize) -> Self {
        let first = offsets.partition_point(|offset| (*offset as usize) < start);
        Self { rest: offsets.get(first..).unwrap_or_default().iter().peekable() }
    }

    /// Whether the start tag at `offset`, which is not before any asked for earlier, declares namespaces.
    fn at(&mut self, offset: usize) -> bool {
        while self.rest.next_if(|next| (**next as usize) < offset).is_some() {}
        self.rest.peek().is_some_and(|next| **next as usize == offset)
    }
}
