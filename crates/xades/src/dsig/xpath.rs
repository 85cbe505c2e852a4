//! The fixed forms of XPath that signatures in use need: XML-Signature XPath Filter 2.0, and one expression of the XPath
//! transform (XML Signature 1.1 §6.6.3). Whatever else an expression says is refused, never guessed.

use super::NAMESPACE;
use super::element::{Children, attribute, is, is_xml_space, trimmed};
use super::error::SignatureError;
use crate::algorithm::{RefusedAlgorithm, XmlAlgorithmError};
use roxmltree::Node;

/// XPath Filter 2.0: its namespace and its URI.
pub(crate) const FILTER2: &str = "http://www.w3.org/2002/06/xmldsig-filter2";

/// One `XPath` element of an XPath Filter 2.0 transform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// `Filter`.
    pub operation: FilterOperation,
    /// The expression.
    pub path: FilterPath,
}

/// What becomes of the nodes that a filter selects, with everything below them (XPath Filter 2.0 §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterOperation {
    /// Only they stay.
    Intersect,
    /// They are taken out.
    Subtract,
    /// They are added.
    Union,
}

/// The expressions that are understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterPath {
    /// `/`: the whole document.
    Root,
    /// `here()/ancestor::ds:Signature[1]`: the signature that the filter stands in.
    ContainingSignature,
    /// `id('…')`: the element with this identifier.
    Id(String),
    /// `/a/p:b/…`: children of these names, each with its namespace.
    Children(Vec<(Option<String>, String)>),
    /// `//p:name`: every element of this name.
    Descendants(Option<String>, String),
}

impl Filter {
    /// Reads the `XPath` elements of a transform.
    pub(crate) fn read_all(
        transform: Node<'_, '_>,
    ) -> Result<Result<Vec<Self>, XmlAlgorithmError>, SignatureError> {
        let mut children = Children::of(transform)?;
        let mut filters = Vec::new();
        let refused = Ok(Err(XmlAlgorithmError::Refused(RefusedAlgorithm::XPath)));
        loop {
            let node = if filters.is_empty() {
                children.required(FILTER2, "XPath")?
            } else if let Some(node) = children.optional(FILTER2, "XPath") {
                node
            } else {
                break;
            };
            // Longer chains than three have no use.
            if filters.len() == MAX_FILTERS {
                return refused;
            }
            let operation = match attribute(node, "Filter")? {
                "intersect" => FilterOperation::Intersect,
                "subtract" => FilterOperation::Subtract,
                "union" => FilterOperation::Union,
                _ => return Err(SignatureError::InvalidValue(super::element::position(node))),
            };
            let Some(path) = FilterPath::read(node, trimmed(node)?.as_str()) else {
                return refused;
            };
            filters.push(Self { operation, path });
        }
        children.finish()?;
        Ok(Ok(filters))
    }
}

/// Most `XPath` elements of one transform.
const MAX_FILTERS: usize = 8;

impl FilterPath {
    /// `None` for what is none of the fixed forms.
    fn read(node: Node<'_, '_>, expression: &str) -> Option<Self> {
        if expression == "/" {
            return Some(Self::Root);
        }
        if let Some(step) = expression.strip_prefix("here()/ancestor::") {
            let name = qualified(node, step.strip_suffix("[1]")?)?;
            return (name.0.as_deref() == Some(NAMESPACE) && name.1 == "Signature")
                .then_some(Self::ContainingSignature);
        }
        if let Some(argument) = expression.strip_prefix("id(") {
            return Some(Self::Id(quoted(argument.strip_suffix(')')?)?.to_owned()));
        }
        if let Some(step) = expression.strip_prefix("//") {
            let (namespace, name) = qualified(node, step)?;
            return Some(Self::Descendants(namespace, name));
        }
        let steps = expression.strip_prefix('/')?;
        let steps: Option<Vec<_>> = steps.split('/').map(|step| qualified(node, step)).collect();
        Some(Self::Children(steps?))
    }

    /// The elements (or the root) that the expression selects; `None` where an identifier is not that of one element.
    pub(crate) fn select<'d, 'a>(
        &self,
        document: &'d crate::document::XmlDocument<'a>,
        signature: Node<'d, 'a>,
    ) -> Result<Vec<Node<'d, 'a>>, crate::error::XmlError> {
        let named = |node: &Node<'d, 'a>, namespace: &Option<String>, name: &str| {
            node.is_element()
                && node.tag_name().name() == name
                // The parser gives the empty name where a declaration takes the namespace back.
                && node.tag_name().namespace().filter(|name| !name.is_empty())
                    == namespace.as_deref()
        };
        Ok(match self {
            Self::Root => vec![document.tree().root()],
            Self::ContainingSignature => vec![signature],
            Self::Id(id) => vec![document.by_id(id)?],
            Self::Descendants(namespace, name) => {
                document.tree().descendants().filter(|node| named(node, namespace, name)).collect()
            }
            Self::Children(steps) => {
                let mut nodes = vec![document.tree().root()];
                for (namespace, name) in steps {
                    nodes = nodes
                        .iter()
                        .flat_map(Node::children)
                        .filter(|node| named(node, namespace, name))
                        .collect();
                }
                nodes
            }
        })
    }
}

/// True for an XPath transform that says `not(ancestor-or-self::ds:Signature)`, whatever the prefix and the spacing.
pub(crate) fn leaves_out_signatures(transform: Node<'_, '_>) -> Result<bool, SignatureError> {
    let mut children = Children::of(transform)?;
    let node = children.required(NAMESPACE, "XPath")?;
    children.finish()?;
    let text = trimmed(node)?;
    let expression: String = text.chars().filter(|character| !is_xml_space(*character)).collect();
    Ok(expression
        .strip_prefix("not(ancestor-or-self::")
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|name| qualified(node, name))
        .is_some_and(|(namespace, name)| {
            namespace.as_deref() == Some(NAMESPACE) && name == "Signature"
        }))
}

/// Every `Signature` below a node that stands in no other below it.
pub(crate) fn outermost_signatures<'d, 'a>(root: Node<'d, 'a>) -> Vec<Node<'d, 'a>> {
    let mut found: Vec<Node<'d, 'a>> = Vec::new();
    for node in root.descendants().filter(|node| is(*node, NAMESPACE, "Signature")) {
        // Document order: what contains the node came last.
        let inside = found.last().is_some_and(|last| last.range().end >= node.range().end);
        if !inside {
            found.push(node);
        }
    }
    found
}

/// A name test with the namespace that its prefix has at this element; without prefix it has none (XPath 1.0 §2.3).
fn qualified(node: Node<'_, '_>, name: &str) -> Option<(Option<String>, String)> {
    let (namespace, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(node.lookup_namespace_uri(Some(prefix))?.to_owned()), local),
        None => (None, name),
    };
    let plain =
        |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    let starts_well = local.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    (starts_well && local.chars().all(plain)).then(|| (namespace, local.to_owned()))
}

/// The text between quotation marks of one kind.
pub(crate) fn quoted(literal: &str) -> Option<&str> {
    let inner = |mark| literal.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    let text = inner('\'').or_else(|| inner('"'))?;
    (!text.contains(['\'', '"'])).then_some(text)
}
