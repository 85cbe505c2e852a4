//! `SignedProperties` (EN 319 132-1 §4.3.3): what the signer said and signed.

use super::NAMESPACE;
use super::certificate::{CertificateId, digest_and_value};
use crate::algorithm::XmlAlgorithmError;
use crate::dsig::element::{Children, attribute, is, position, text, trimmed};
use crate::dsig::{Signature, SignatureError};
use kyso_x509::{Civil, DigestAlgorithm, Time};
use roxmltree::Node;

/// The signed properties that say something here; the others stay in the document.
#[derive(Clone, Debug)]
pub struct SignedProperties<'d, 'a> {
    /// The element.
    pub node: Node<'d, 'a>,
    /// `SigningTime` (§5.2.1), which proves nothing; `None` too for a time without its zone.
    pub signing_time: Option<Time>,
    /// `SigningCertificateV2` (§5.2.2).
    pub signing_certificate_v2: Vec<CertificateId>,
    /// `SigningCertificate`, its first version (Annex D).
    pub signing_certificate_v1: Vec<CertificateId>,
    /// `SignaturePolicyIdentifier` (§5.2.9).
    pub policy: Option<SignaturePolicy>,
    /// The texts of `SignatureProductionPlaceV2` or its first version (§5.2.5): name of the field and text.
    pub production_place: Vec<(String, String)>,
    /// The claimed roles of `SignerRoleV2` or its first version (§5.2.6), as text.
    pub claimed_roles: Vec<String>,
    /// `DataObjectFormat` (§5.2.4).
    pub data_object_formats: Vec<DataObjectFormat>,
    /// `CommitmentTypeIndication` (§5.2.3).
    pub commitments: Vec<Commitment>,
}

/// What a signature policy is named by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignaturePolicy {
    /// The content and its context say it.
    Implied,
    /// By identifier and digest.
    Identified {
        /// The identifier.
        identifier: String,
        /// The algorithm of the digest of the policy document.
        digest_method: Result<DigestAlgorithm, XmlAlgorithmError>,
        /// The digest.
        digest: Vec<u8>,
    },
}

/// What a signed data object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataObjectFormat {
    /// `#` and the identifier of the reference.
    pub object_reference: String,
    /// `Description`.
    pub description: Option<String>,
    /// `MimeType`.
    pub mime_type: Option<String>,
}

/// What the signer commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The identifier, a URI.
    pub identifier: String,
    /// `#` and the identifier of each reference; empty for all of them.
    pub object_references: Vec<String>,
}

/// The `QualifyingProperties` of a signature (§4.3.2), which must be its own; `None` for a signature without.
pub(super) fn qualifying<'d, 'a>(
    signature: &Signature<'d, 'a>,
) -> Result<Option<Node<'d, 'a>>, SignatureError> {
    let mut found = None;
    for object in &signature.objects {
        for node in object.node.children() {
            if is(node, NAMESPACE, "QualifyingProperties") && found.replace(node).is_some() {
                // §4.4.2: one element holds them all.
                return Err(SignatureError::UnexpectedContent(position(node)));
            }
        }
    }
    if let Some(node) = found {
        let target = attribute(node, "Target")?;
        let own = signature.id.is_some_and(|id| target.strip_prefix('#') == Some(id));
        // Programs exist that leave it empty.
        if !own && !target.is_empty() {
            return Err(SignatureError::InvalidValue(position(node)));
        }
    }
    Ok(found)
}

/// Reads the signed properties of a signature; `None` for one that has none and is no XAdES.
///
/// # Errors
/// When they are there twice, belong to another signature, or are not as the schema has them.
pub fn signed_properties<'d, 'a>(
    signature: &Signature<'d, 'a>,
) -> Result<Option<SignedProperties<'d, 'a>>, SignatureError> {
    let Some(qualifying) = qualifying(signature)? else {
        return Ok(None);
    };
    let mut children = Children::of(qualifying)?;
    let Some(node) = children.optional(NAMESPACE, "SignedProperties") else {
        return Ok(None);
    };
    children.optional(NAMESPACE, "UnsignedProperties");
    children.finish()?;
    let mut properties = SignedProperties {
        node,
        signing_time: None,
        signing_certificate_v2: Vec::new(),
        signing_certificate_v1: Vec::new(),
        policy: None,
        production_place: Vec::new(),
        claimed_roles: Vec::new(),
        data_object_formats: Vec::new(),
        commitments: Vec::new(),
    };
    let mut parts = Children::of(node)?;
    if let Some(part) = parts.optional(NAMESPACE, "SignedSignatureProperties") {
        properties.read_signature_properties(part)?;
    }
    if let Some(part) = parts.optional(NAMESPACE, "SignedDataObjectProperties") {
        properties.read_object_properties(part)?;
    }
    parts.finish()?;
    Ok(Some(properties))
}

impl SignedProperties<'_, '_> {
    fn read_signature_properties(&mut self, node: Node<'_, '_>) -> Result<(), SignatureError> {
        let mut seen: Vec<&str> = Vec::new();
        let mut children = Children::of(node)?;
        while let Some(child) = children.any() {
            if child.tag_name().namespace() != Some(NAMESPACE) {
                continue;
            }
            let name = child.tag_name().name();
            if seen.contains(&name) {
                return Err(SignatureError::UnexpectedContent(position(child)));
            }
            seen.push(name);
            match name {
                "SigningTime" => self.signing_time = date_time(child)?,
                "SigningCertificateV2" => {
                    self.signing_certificate_v2 = CertificateId::read_all(child, true)?;
                }
                "SigningCertificate" => {
                    self.signing_certificate_v1 = CertificateId::read_all(child, false)?;
                }
                "SignaturePolicyIdentifier" => self.policy = Some(policy(child)?),
                "SignatureProductionPlaceV2" | "SignatureProductionPlace" => {
                    let mut fields = Children::of(child)?;
                    while let Some(field) = fields.any() {
                        let name = field.tag_name().name().to_owned();
                        self.production_place.push((name, trimmed(field)?));
                    }
                }
                "SignerRoleV2" | "SignerRole" => {
                    let claimed = child.descendants().filter(|n| is(*n, NAMESPACE, "ClaimedRole"));
                    for role in claimed {
                        let texts = role.descendants().filter(Node::is_text);
                        self.claimed_roles.push(texts.filter_map(|part| part.text()).collect());
                    }
                }
                _ => return Err(SignatureError::UnexpectedContent(position(child))),
            }
        }
        Ok(())
    }

    fn read_object_properties(&mut self, node: Node<'_, '_>) -> Result<(), SignatureError> {
        let mut children = Children::of(node)?;
        while let Some(child) = children.any() {
            if is(child, NAMESPACE, "DataObjectFormat") {
                let field = |name| {
                    child.children().find(|field| is(*field, NAMESPACE, name)).map(text).transpose()
                };
                self.data_object_formats.push(DataObjectFormat {
                    object_reference: attribute(child, "ObjectReference")?.to_owned(),
                    description: field("Description")?,
                    mime_type: field("MimeType")?,
                });
            } else if is(child, NAMESPACE, "CommitmentTypeIndication") {
                let mut fields = Children::of(child)?;
                let id = fields.required(NAMESPACE, "CommitmentTypeId")?;
                let identifier = identifier(id)?;
                let mut object_references = Vec::new();
                while let Some(reference) = fields.optional(NAMESPACE, "ObjectReference") {
                    object_references.push(trimmed(reference)?);
                }
                self.commitments.push(Commitment { identifier, object_references });
            }
            // Time-stamps over data objects are signed bytes like any other.
        }
        Ok(())
    }
}

/// The `Identifier` of an `ObjectIdentifierType`.
fn identifier(node: Node<'_, '_>) -> Result<String, SignatureError> {
    trimmed(Children::of(node)?.required(NAMESPACE, "Identifier")?)
}

fn policy(node: Node<'_, '_>) -> Result<SignaturePolicy, SignatureError> {
    let mut children = Children::of(node)?;
    if children.optional(NAMESPACE, "SignaturePolicyImplied").is_some() {
        children.finish()?;
        return Ok(SignaturePolicy::Implied);
    }
    let mut fields = Children::of(children.required(NAMESPACE, "SignaturePolicyId")?)?;
    children.finish()?;
    let identifier = identifier(fields.required(NAMESPACE, "SigPolicyId")?)?;
    // Transforms of the policy document, which nothing here fetches.
    fields.optional(crate::dsig::NAMESPACE, "Transforms");
    let (digest_method, digest) = digest_and_value(fields.required(NAMESPACE, "SigPolicyHash")?)?;
    Ok(SignaturePolicy::Identified { identifier, digest_method, digest })
}

/// `xs:dateTime` with its zone, fractions of a second dropped; `None` without a zone.
fn date_time(node: Node<'_, '_>) -> Result<Option<Time>, SignatureError> {
    let text = trimmed(node)?;
    let invalid = || SignatureError::InvalidValue(position(node));
    let (moment, zone) = match text.strip_suffix('Z') {
        Some(moment) => (moment, Some(0)),
        None => match text.len().checked_sub(6).and_then(|at| text.split_at_checked(at)) {
            Some((moment, zone)) if zone.starts_with(['+', '-']) => {
                let hours: i64 = zone.get(1..3).and_then(|h| h.parse().ok()).ok_or_else(invalid)?;
                let minutes: i64 =
                    zone.get(4..6).and_then(|m| m.parse().ok()).ok_or_else(invalid)?;
                if zone.as_bytes().get(3) != Some(&b':') || hours > 14 || minutes > 59 {
                    return Err(invalid());
                }
                let seconds = hours * 3_600 + minutes * 60;
                (moment, Some(if zone.starts_with('-') { -seconds } else { seconds }))
            }
            _ => (text.as_str(), None),
        },
    };
    let whole = moment.split('.').next().unwrap_or_default();
    let shape = whole.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    if !shape.eq(b"0000-00-00T00:00:00".iter().copied()) {
        return Err(invalid());
    }
    let field = |from: usize, to: usize| whole.get(from..to).and_then(|part| part.parse().ok());
    let civil = (|| {
        Some(Civil {
            year: field(0, 4)?,
            month: field(5, 7)?,
            day: field(8, 10)?,
            hour: field(11, 13)?,
            minute: field(14, 16)?,
            second: field(17, 19)?,
        })
    })();
    let time = civil.and_then(|civil| civil.to_time()).ok_or_else(invalid)?;
    Ok(zone.map(|zone| Time::from_unix_seconds(time.as_unix_seconds() - zone)))
}
