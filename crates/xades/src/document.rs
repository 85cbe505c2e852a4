//! Bounded reading of XML 1.0 with namespaces.

mod declaration;
mod survey;

use roxmltree::{Attribute, Document, Node, NodeId, ParsingOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::OnceLock;

use crate::error::{Fault, Position, XmlError};
use crate::limits::{Limit, Limits};
use declaration::Declaration;
use survey::{Survey, survey};

/// The namespace of `wsu:Id` (WS-Security 1.0 utility).
const WS_SECURITY_UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// The text of a document, which must be UTF-8, with or without a byte order mark, and no larger than `limits.bytes`.
///
/// The byte order mark stays in the text, so that offsets in it are offsets in the file.
///
/// # Errors
/// [`XmlError::LimitExceeded`]; [`XmlError::ForeignEncoding`] where the first bytes (XML 1.0 Appendix F.1) or the XML
/// declaration say another encoding; [`XmlError::NotUtf8`].
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, XmlError> {
    if bytes.len() > limits.bytes {
        return Err(XmlError::LimitExceeded { limit: Limit::Bytes, maximum: limits.bytes });
    }
    if let Some(encoding) = declaration::foreign(bytes) {
        return Err(XmlError::ForeignEncoding(encoding));
    }
    core::str::from_utf8(bytes).map_err(|error| XmlError::NotUtf8 { offset: error.valid_up_to() })
}

/// An XML document within [`Limits`], without a document type: its text, and its tree with positions in the text.
#[derive(Debug)]
pub struct XmlDocument<'a> {
    tree: Document<'a>,
    /// Where start tags stand that declare namespaces, in document order.
    pub(crate) declaring: Vec<u32>,
    /// The text holds a literal carriage return, which reading turns into a line feed (XML 1.0 §2.11).
    pub(crate) carriage_returns: bool,
    /// Hash and element of each identifier, by hash; made when the first one is asked for.
    ids: OnceLock<Vec<(u64, NodeId)>>,
}

impl<'a> XmlDocument<'a> {
    /// Reads a document; the limits are checked before the tree is built.
    ///
    /// # Errors
    /// [`XmlError`], naming what is not allowed or not well-formed, and where.
    pub fn parse(text: &'a str, limits: &Limits) -> Result<Self, XmlError> {
        if text.len() > limits.bytes || u32::try_from(text.len()).is_err() {
            return Err(XmlError::LimitExceeded { limit: Limit::Bytes, maximum: limits.bytes });
        }
        let declaration = Declaration::read(text.as_bytes());
        if let Some(encoding) = declaration.foreign_encoding() {
            return Err(XmlError::ForeignEncoding(encoding));
        }
        if let Some(version) = declaration.unsupported_version() {
            return Err(XmlError::UnsupportedVersion(Position::of(text, version)));
        }
        if let Some(offset) = declaration.malformed {
            let position = Position::of(text, offset);
            return Err(XmlError::NotWellFormed { fault: Fault::Syntax, position });
        }
        let Survey { declaring, carriage_returns } = survey(text, declaration.end, limits)?;
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: u32::try_from(limits.nodes).unwrap_or(u32::MAX),
            entity_resolver: None,
        };
        let tree = Document::parse_with_options(text, options)
            .map_err(|error| from_parser(text, limits, &error))?;
        Ok(Self { tree, declaring, carriage_returns, ids: OnceLock::new() })
    }

    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.tree.input_text()
    }

    /// The tree.
    #[must_use]
    pub fn tree(&self) -> &Document<'a> {
        &self.tree
    }

    /// The only element with this identifier.
    ///
    /// Without a document type no attribute is declared to be an ID; signatures of all kinds use `Id`, `ID`, `id` (in no
    /// namespace), `xml:id` and `wsu:Id`, so each of them counts, and an element found twice is refused: the verifier
    /// and whoever reads the document afterwards could mean different ones.
    ///
    /// # Errors
    /// [`XmlError::UnknownId`] and [`XmlError::DuplicateId`].
    pub fn by_id(&self, id: &str) -> Result<Node<'_, 'a>, XmlError> {
        let ids = self.ids.get_or_init(|| self.index());
        let wanted = hash(id);
        let first = ids.partition_point(|(hash, _)| *hash < wanted);
        let candidates = ids.get(first..).unwrap_or_default();
        let mut found: Option<Node<'_, 'a>> = None;
        for (_, node) in candidates.iter().take_while(|(hash, _)| *hash == wanted) {
            let Some(node) = self.tree.get_node(*node).filter(|node| has_id(*node, id)) else {
                continue;
            };
            // An element may say it twice.
            if found.is_some_and(|found| found != node) {
                return Err(XmlError::DuplicateId);
            }
            found = Some(node);
        }
        found.ok_or(XmlError::UnknownId)
    }

    /// Every identifier: a thousand references must not walk the tree a thousand times.
    fn index(&self) -> Vec<(u64, NodeId)> {
        let mut ids = Vec::new();
        for node in self.tree.descendants() {
            for attribute in node.attributes().filter(|attribute| is_id(*attribute)) {
                ids.push((hash(attribute.value()), node.id()));
            }
        }
        ids.sort_unstable_by_key(|(hash, node)| (*hash, node.get()));
        ids
    }
}

/// Whether an attribute names its element.
fn is_id(attribute: Attribute<'_, '_>) -> bool {
    match attribute.namespace() {
        None => matches!(attribute.name(), "Id" | "ID" | "id"),
        Some(roxmltree::NS_XML_URI) => attribute.name() == "id",
        Some(WS_SECURITY_UTILITY) => attribute.name() == "Id",
        Some(_) => false,
    }
}

/// Whether an element carries `id` in one of the attributes that name elements.
fn has_id(node: Node<'_, '_>, id: &str) -> bool {
    node.attributes().any(|attribute| attribute.value() == id && is_id(attribute))
}

/// The same for equal identifiers; others are told apart by themselves.
fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// The parser's finding as ours.
fn from_parser(text: &str, limits: &Limits, error: &roxmltree::Error) -> XmlError {
    use roxmltree::Error as E;
    let fault = match error {
        E::InvalidXmlPrefixUri(_) | E::UnexpectedXmlUri(_) | E::UnexpectedXmlnsUri(_) => {
            Fault::ForbiddenDeclaration
        }
        E::InvalidElementNamePrefix(_) | E::InvalidName(_) => Fault::InvalidName,
        E::DuplicatedNamespace(..) | E::DuplicatedAttribute(..) => Fault::DuplicateAttribute,
        E::UnknownNamespace(..) => Fault::UndeclaredPrefix,
        E::UnexpectedCloseTag(..) | E::UnexpectedEntityCloseTag(_) => Fault::MismatchedTag,
        E::UnknownEntityReference(..) | E::EntityReferenceLoop(_) | E::EntityResolver(..) => {
            Fault::UnknownEntity
        }
        E::MalformedEntityReference(_) => Fault::InvalidReference,
        E::NoRootNode => Fault::NoRootElement,
        E::UnclosedRootNode | E::UnexpectedEndOfStream => {
            let position = Position::of(text, text.len());
            return XmlError::NotWellFormed { fault: Fault::Unclosed, position };
        }
        E::DtdDetected => {
            let offset = text.find("<!DOCTYPE").unwrap_or(text.len());
            return XmlError::DocumentType(Position::of(text, offset));
        }
        E::NodesLimitReached | E::AttributesLimitReached => {
            return XmlError::LimitExceeded { limit: Limit::Nodes, maximum: limits.nodes };
        }
        E::NamespacesLimitReached => Fault::TooManyNamespaces,
        E::NonXmlChar(..) => Fault::InvalidCharacter,
        E::InvalidComment(_) | E::InvalidCharacterData(_) => Fault::ForbiddenSequence,
        E::InvalidAttributeValue(_)
        | E::UnexpectedDeclaration(_)
        | E::InvalidChar(..)
        | E::InvalidChar2(..)
        | E::InvalidString(..)
        | E::InvalidExternalID(_)
        | E::UnknownToken(_) => Fault::Syntax,
    };
    let at = error.pos();
    XmlError::NotWellFormed { fault, position: Position { line: at.row, column: at.col } }
}
