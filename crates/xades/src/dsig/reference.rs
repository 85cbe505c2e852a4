//! `Reference` and `Manifest` (XML Signature 1.1 §4.4.3, §5.1).

use super::NAMESPACE;
use super::element::{Children, attribute, base64};
use super::error::SignatureError;
use super::method::digest_method;
use super::transform::Transform;
use crate::algorithm::XmlAlgorithmError;
use crate::error::XmlError;
use crate::limits::{Limit, Limits};
use kyso_x509::DigestAlgorithm;
use roxmltree::Node;

/// What a `Reference` says: where the data is, how it is transformed, and its digest.
#[derive(Clone, Debug)]
pub struct Reference<'d, 'a> {
    pub(crate) node: Node<'d, 'a>,
    /// `Id`.
    pub id: Option<&'d str>,
    /// `URI`; without it the application knows what is meant.
    pub uri: Option<&'d str>,
    /// `Type`, a hint at what the target is.
    pub reference_type: Option<&'d str>,
    /// `Transforms`, in their order; one that is not ours stands as the reason why.
    pub transforms: Vec<Result<Transform, XmlAlgorithmError>>,
    /// `DigestMethod`.
    pub digest_method: Result<DigestAlgorithm, XmlAlgorithmError>,
    /// `DigestValue`.
    pub digest_value: Vec<u8>,
}

/// A list of references that the signature covers as a list: what they refer to is for the application to check.
#[derive(Clone, Debug)]
pub struct Manifest<'d, 'a> {
    /// The element.
    pub node: Node<'d, 'a>,
    /// Its references.
    pub references: Vec<Reference<'d, 'a>>,
}

impl<'d, 'a> Reference<'d, 'a> {
    /// The element.
    #[must_use]
    pub const fn node(&self) -> Node<'d, 'a> {
        self.node
    }

    pub(crate) fn read(node: Node<'d, 'a>, limits: &Limits) -> Result<Self, SignatureError> {
        let mut children = Children::of(node)?;
        let mut transforms = Vec::new();
        if let Some(list) = children.optional(NAMESPACE, "Transforms") {
            let mut each = Children::of(list)?;
            while let Some(transform) = each.optional(NAMESPACE, "Transform") {
                if transforms.len() == limits.transforms {
                    return Err(exceeded(Limit::Transforms, limits.transforms));
                }
                transforms.push(Transform::read(transform)?);
            }
            each.finish()?;
        }
        let digest_method = digest_method(children.required(NAMESPACE, "DigestMethod")?)?;
        let digest_value = base64(children.required(NAMESPACE, "DigestValue")?)?;
        children.finish()?;
        Ok(Self {
            node,
            id: node.attribute("Id"),
            uri: node.attribute("URI"),
            reference_type: node.attribute("Type"),
            transforms,
            digest_method,
            digest_value,
        })
    }

    /// Every following `Reference`, at least one.
    pub(crate) fn read_all(
        children: &mut Children<'d, 'a>,
        limits: &Limits,
    ) -> Result<Vec<Self>, SignatureError> {
        let mut references = vec![Self::read(children.required(NAMESPACE, "Reference")?, limits)?];
        while let Some(node) = children.optional(NAMESPACE, "Reference") {
            if references.len() >= limits.references {
                return Err(exceeded(Limit::References, limits.references));
            }
            references.push(Self::read(node, limits)?);
        }
        Ok(references)
    }
}

impl<'d, 'a> Manifest<'d, 'a> {
    pub(crate) fn read(node: Node<'d, 'a>, limits: &Limits) -> Result<Self, SignatureError> {
        let mut children = Children::of(node)?;
        let references = Reference::read_all(&mut children, limits)?;
        children.finish()?;
        Ok(Self { node, references })
    }
}

fn exceeded(limit: Limit, maximum: usize) -> SignatureError {
    SignatureError::Xml(XmlError::LimitExceeded { limit, maximum })
}

/// The `Algorithm` of a `Transform`.
pub(crate) fn transform_uri<'d>(node: Node<'d, '_>) -> Result<&'d str, SignatureError> {
    attribute(node, "Algorithm")
}
