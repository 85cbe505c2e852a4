//! `Signature`, `SignedInfo` and `Object` (XML Signature 1.1 §4).

use super::NAMESPACE;
use super::element::{Children, base64, is, position};
use super::error::SignatureError;
use super::key_info::KeyInfo;
use super::method::{canonicalization_method, signature_method};
use super::reference::{Manifest, Reference};
use crate::algorithm::XmlAlgorithmError;
use crate::c14n::{Canonicalization, NodeSet};
use crate::document::XmlDocument;
use crate::error::XmlError;
use crate::limits::Limits;
use kyso_x509::SignatureAlgorithm;
use roxmltree::Node;

/// A signature as read; nothing about it is verified.
#[derive(Clone, Debug)]
pub struct Signature<'d, 'a> {
    pub(crate) document: &'d XmlDocument<'a>,
    pub(crate) node: Node<'d, 'a>,
    pub(crate) limits: Limits,
    /// `Id`.
    pub id: Option<&'d str>,
    /// What is signed.
    pub signed_info: SignedInfo<'d, 'a>,
    pub(crate) value_node: Node<'d, 'a>,
    /// `SignatureValue`; r‖s for ECDSA (§6.4.3).
    pub value: Vec<u8>,
    /// `KeyInfo`.
    pub key_info: Option<KeyInfo>,
    /// `Object`, any number.
    pub objects: Vec<Object<'d, 'a>>,
}

/// `SignedInfo` (§4.4): the methods and the references.
#[derive(Clone, Debug)]
pub struct SignedInfo<'d, 'a> {
    pub(crate) node: Node<'d, 'a>,
    /// `CanonicalizationMethod`.
    pub canonicalization: Result<Canonicalization, XmlAlgorithmError>,
    /// `SignatureMethod`.
    pub signature_method: Result<SignatureAlgorithm, XmlAlgorithmError>,
    /// At least one `Reference`.
    pub references: Vec<Reference<'d, 'a>>,
}

/// `Object` (§4.6): anything that the signature carries with it.
#[derive(Clone, Debug)]
pub struct Object<'d, 'a> {
    /// The element.
    pub node: Node<'d, 'a>,
    /// `Id`.
    pub id: Option<&'d str>,
    /// `Encoding`, which nothing here acts upon.
    pub encoding: Option<&'d str>,
    /// Each `Manifest` directly in it.
    pub manifests: Vec<Manifest<'d, 'a>>,
}

/// Every `Signature` element of a document, in document order, those within signatures too.
#[must_use]
pub fn signatures<'d, 'a>(document: &'d XmlDocument<'a>) -> Vec<Node<'d, 'a>> {
    document.tree().descendants().filter(|node| is(*node, NAMESPACE, "Signature")).collect()
}

impl<'d, 'a> Signature<'d, 'a> {
    /// Reads a `Signature` element of the document (§4.2).
    ///
    /// Algorithms and transforms that are not ours are kept as the reason why; verification reports them.
    ///
    /// # Errors
    /// When the element is not as the schema has it, or exceeds a limit.
    pub fn read(
        document: &'d XmlDocument<'a>,
        node: Node<'d, 'a>,
        limits: &Limits,
    ) -> Result<Self, SignatureError> {
        if !core::ptr::eq(node.document(), document.tree()) {
            return Err(SignatureError::Xml(XmlError::ForeignNode));
        }
        if !is(node, NAMESPACE, "Signature") {
            return Err(SignatureError::WrongElement {
                expected: "Signature",
                position: position(node),
            });
        }
        let mut children = Children::of(node)?;
        let signed_info = SignedInfo::read(children.required(NAMESPACE, "SignedInfo")?, limits)?;
        let value_node = children.required(NAMESPACE, "SignatureValue")?;
        let value = base64(value_node)?;
        let key_info = children.optional(NAMESPACE, "KeyInfo").map(KeyInfo::read).transpose()?;
        let mut objects = Vec::new();
        while let Some(object) = children.optional(NAMESPACE, "Object") {
            objects.push(Object::read(object, limits)?);
        }
        children.finish()?;
        Ok(Self {
            document,
            node,
            limits: limits.clone(),
            id: node.attribute("Id"),
            signed_info,
            value_node,
            value,
            key_info,
            objects,
        })
    }

    /// The element.
    #[must_use]
    pub const fn node(&self) -> Node<'d, 'a> {
        self.node
    }

    /// The document that it stands in.
    #[must_use]
    pub const fn document(&self) -> &'d XmlDocument<'a> {
        self.document
    }

    /// The `SignatureValue` element, which time-stamps and counter-signatures cover.
    #[must_use]
    pub const fn value_node(&self) -> Node<'d, 'a> {
        self.value_node
    }

    /// The canonical form of `SignedInfo`: what the value signs (§4.4).
    ///
    /// # Errors
    /// When its canonicalization is not ours, or fails.
    pub fn signed_octets(&self) -> Result<Vec<u8>, super::failure::VerifyFailure> {
        let method = self
            .signed_info
            .canonicalization
            .as_ref()
            .map_err(|error| super::failure::VerifyFailure::Canonicalization(error.clone()))?;
        Ok(method.bytes(self.document, &NodeSet::subtree(self.signed_info.node))?)
    }
}

impl<'d, 'a> SignedInfo<'d, 'a> {
    fn read(node: Node<'d, 'a>, limits: &Limits) -> Result<Self, SignatureError> {
        let mut children = Children::of(node)?;
        let canonicalization =
            canonicalization_method(children.required(NAMESPACE, "CanonicalizationMethod")?)?;
        let signature_method = signature_method(children.required(NAMESPACE, "SignatureMethod")?)?;
        let references = Reference::read_all(&mut children, limits)?;
        children.finish()?;
        Ok(Self { node, canonicalization, signature_method, references })
    }

    /// The element.
    #[must_use]
    pub const fn node(&self) -> Node<'d, 'a> {
        self.node
    }
}

impl<'d, 'a> Object<'d, 'a> {
    fn read(node: Node<'d, 'a>, limits: &Limits) -> Result<Self, SignatureError> {
        let manifests = node
            .children()
            .filter(|child| is(*child, NAMESPACE, "Manifest"))
            .map(|manifest| Manifest::read(manifest, limits))
            .collect::<Result<_, _>>()?;
        Ok(Self { node, id: node.attribute("Id"), encoding: node.attribute("Encoding"), manifests })
    }
}
