//! `UnsignedSignatureProperties` (EN 319 132-1 §4.3.6): what was added to a signature.

use super::signed::qualifying;
use super::{NAMESPACE, NAMESPACE_141};
use crate::algorithm::XmlAlgorithmError;
use crate::c14n::{C14n, Canonicalization};
use crate::dsig::element::{Children, base64, is};
use crate::dsig::method::canonicalization_method;
use crate::dsig::{Signature, SignatureError};
use kyso_cades::{EmbeddedEvidence, TimeStampToken};
use kyso_x509::{Certificate, CertificateList, OcspResponse};
use roxmltree::Node;

/// One unsigned property.
#[derive(Clone, Debug)]
pub enum UnsignedProperty<'d, 'a> {
    /// `SignatureTimeStamp` (§5.3).
    SignatureTimeStamp(TimeStampElement),
    /// `xades141:ArchiveTimeStamp` (§5.5.2).
    ArchiveTimeStamp(TimeStampElement),
    /// `CertificateValues`, `RevocationValues`, their attribute and time-stamp kin, and
    /// `xades141:TimeStampValidationData` (§5.4, §5.5.1).
    ValidationData(EmbeddedEvidence),
    /// `CounterSignature` (§5.2.7.2): the `ds:Signature` in it.
    CounterSignature(Node<'d, 'a>),
    /// Another one, such as references to validation data, which prove nothing by themselves.
    Other,
}

/// A time-stamp and how what it covers becomes octets.
#[derive(Clone, Debug)]
pub struct TimeStampElement {
    /// `CanonicalizationMethod`; Canonical XML 1.0 where there is none.
    pub canonicalization: Result<Canonicalization, XmlAlgorithmError>,
    /// `EncapsulatedTimeStamp`, each; what is no token is left out.
    pub tokens: Vec<TimeStampToken>,
}

/// The `UnsignedSignatureProperties` element.
pub(super) fn container<'d, 'a>(
    signature: &Signature<'d, 'a>,
) -> Result<Option<Node<'d, 'a>>, SignatureError> {
    let Some(qualifying) = qualifying(signature)? else {
        return Ok(None);
    };
    let mut children = Children::of(qualifying)?;
    children.optional(NAMESPACE, "SignedProperties");
    let Some(unsigned) = children.optional(NAMESPACE, "UnsignedProperties") else {
        return Ok(None);
    };
    children.finish()?;
    Ok(Children::of(unsigned)?.optional(NAMESPACE, "UnsignedSignatureProperties"))
}

/// Reads the unsigned properties of a signature, in their order, with their elements.
///
/// # Errors
/// When they are not as the schema has them.
pub fn unsigned_properties<'d, 'a>(
    signature: &Signature<'d, 'a>,
) -> Result<Vec<(Node<'d, 'a>, UnsignedProperty<'d, 'a>)>, SignatureError> {
    let Some(container) = container(signature)? else {
        return Ok(Vec::new());
    };
    let mut properties = Vec::new();
    let mut children = Children::of(container)?;
    while let Some(node) = children.any() {
        properties.push((node, read(node)?));
    }
    Ok(properties)
}

fn read<'d, 'a>(node: Node<'d, 'a>) -> Result<UnsignedProperty<'d, 'a>, SignatureError> {
    let name = node.tag_name();
    Ok(match (name.namespace(), name.name()) {
        (Some(NAMESPACE), "SignatureTimeStamp") => {
            UnsignedProperty::SignatureTimeStamp(TimeStampElement::read(node)?)
        }
        (Some(NAMESPACE_141), "ArchiveTimeStamp") => {
            UnsignedProperty::ArchiveTimeStamp(TimeStampElement::read(node)?)
        }
        (
            Some(NAMESPACE),
            "CertificateValues"
            | "RevocationValues"
            | "AttrAuthoritiesCertValues"
            | "AttributeRevocationValues",
        )
        | (Some(NAMESPACE_141), "TimeStampValidationData") => {
            UnsignedProperty::ValidationData(evidence(node)?)
        }
        (Some(NAMESPACE), "CounterSignature") => {
            let mut children = Children::of(node)?;
            let signature = children.required(crate::dsig::NAMESPACE, "Signature")?;
            children.finish()?;
            UnsignedProperty::CounterSignature(signature)
        }
        _ => UnsignedProperty::Other,
    })
}

impl TimeStampElement {
    fn read(node: Node<'_, '_>) -> Result<Self, SignatureError> {
        let mut children = Children::of(node)?;
        let canonicalization =
            match children.optional(crate::dsig::NAMESPACE, "CanonicalizationMethod") {
                Some(method) => canonicalization_method(method)?,
                None => Ok(Canonicalization { method: C14n::Inclusive10, comments: false }),
            };
        let mut tokens = Vec::new();
        while let Some(token) = children.optional(NAMESPACE, "EncapsulatedTimeStamp") {
            if let Ok(token) = TimeStampToken::from_ber(&base64(token)?) {
                tokens.push(token);
            }
        }
        // xades:Include would say what is covered: only the implicit mechanism is computed (§4.5.2).
        children.finish()?;
        Ok(Self { canonicalization, tokens })
    }
}

/// The values below an element; what cannot be read is no evidence.
fn evidence(node: Node<'_, '_>) -> Result<EmbeddedEvidence, SignatureError> {
    let mut evidence = EmbeddedEvidence::default();
    for value in node.descendants().filter(|node| node.tag_name().namespace() == Some(NAMESPACE)) {
        match value.tag_name().name() {
            "EncapsulatedX509Certificate" => {
                evidence.certificates.extend(Certificate::from_der(&base64(value)?).ok());
            }
            "EncapsulatedCRLValue" => {
                evidence.crls.extend(CertificateList::from_der(&base64(value)?).ok());
            }
            "EncapsulatedOCSPValue" => {
                evidence.ocsp.extend(OcspResponse::from_der(&base64(value)?).ok());
            }
            _ => {}
        }
    }
    Ok(evidence)
}

/// Everything that the signature brings for its validation: `KeyInfo`, unsigned properties, and what tokens hold.
///
/// # Errors
/// As [`unsigned_properties`].
pub fn embedded_evidence(
    signature: &Signature<'_, '_>,
) -> Result<EmbeddedEvidence, SignatureError> {
    let mut all = EmbeddedEvidence::default();
    if let Some(info) = &signature.key_info {
        all.certificates.extend(info.certificates());
        let crls = info.x509.iter().flat_map(|data| &data.crls);
        all.crls.extend(crls.filter_map(|der| CertificateList::from_der(der).ok()));
    }
    let mut add = |more: EmbeddedEvidence| {
        let new = |one: &Certificate| !all.certificates.contains(one);
        let certificates: Vec<_> = more.certificates.into_iter().filter(new).collect();
        all.certificates.extend(certificates);
        for crl in more.crls {
            if !all.crls.contains(&crl) {
                all.crls.push(crl);
            }
        }
        for response in more.ocsp {
            if !all.ocsp.contains(&response) {
                all.ocsp.push(response);
            }
        }
    };
    for (_, property) in unsigned_properties(signature)? {
        match property {
            UnsignedProperty::ValidationData(evidence) => add(evidence),
            UnsignedProperty::SignatureTimeStamp(element)
            | UnsignedProperty::ArchiveTimeStamp(element) => {
                for token in &element.tokens {
                    add(token.signed_data().embedded_evidence(0));
                }
            }
            UnsignedProperty::CounterSignature(_) | UnsignedProperty::Other => {}
        }
    }
    Ok(all)
}

/// True for the element that holds the qualifying properties.
pub(super) fn holds_properties(object: Node<'_, '_>) -> bool {
    object.children().any(|child| is(child, NAMESPACE, "QualifyingProperties"))
}
