//! Adding to a signature: time-stamps and validation data (EN 319 132-1 §5.3–5.5); every byte that was there stays.

use super::signed::qualifying;
use super::unsigned::{UnsignedProperty, container, holds_properties, unsigned_properties};
use super::{NAMESPACE, NAMESPACE_141};
use crate::c14n::{Canonicalization, NodeSet};
use crate::dsig::transform::{Chain, Target};
use crate::dsig::write::{Prefix, Writer};
use crate::dsig::{External, Placement, PrepareError, ReferenceFailure, Signature, SignatureError};
use crate::error::XmlError;
use kyso_cades::{EmbeddedEvidence, TimeStampToken};
use kyso_x509::{Digest, DigestAlgorithm, Hasher};
use roxmltree::Node;

/// Why nothing can be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AugmentError {
    /// The properties cannot be read.
    Properties(SignatureError),
    /// The signature has no qualifying properties: it is no XAdES.
    NoQualifyingProperties,
    /// The token is about something else.
    ImprintMismatch {
        /// What it should be about.
        required: Digest,
    },
    /// The data of a reference is missing or cannot be digested.
    Reference {
        /// Which one, from 0.
        index: usize,
        /// Why.
        failure: ReferenceFailure,
    },
    /// Something cannot be canonicalized.
    Xml(XmlError),
    /// The place cannot be found in the text.
    Place(PrepareError),
}

impl core::fmt::Display for AugmentError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Properties(error) => error.fmt(f),
            Self::NoQualifyingProperties => f.write_str("the signature has no XAdES properties"),
            Self::ImprintMismatch { .. } => f.write_str("the time-stamp is about something else"),
            Self::Reference { index, failure } => {
                write!(f, "reference {}: {failure}", index.saturating_add(1))
            }
            Self::Xml(error) => error.fmt(f),
            Self::Place(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AugmentError {}

impl From<SignatureError> for AugmentError {
    fn from(error: SignatureError) -> Self {
        Self::Properties(error)
    }
}

impl From<XmlError> for AugmentError {
    fn from(error: XmlError) -> Self {
        Self::Xml(error)
    }
}

/// What a `SignatureTimeStamp` covers (§5.3): the canonical `SignatureValue` element.
///
/// # Errors
/// When it cannot be canonicalized.
pub fn signature_imprint(
    signature: &Signature<'_, '_>,
    method: &Canonicalization,
    algorithm: DigestAlgorithm,
) -> Result<Digest, XmlError> {
    let mut hasher = Hasher::new(algorithm);
    let nodes = NodeSet::subtree(signature.value_node());
    method.write(signature.document(), &nodes, &mut |bytes| hasher.update(bytes))?;
    Ok(hasher.finish())
}

/// What an `ArchiveTimeStamp` covers (§5.5.2.2); `element` is the property itself, `None` for one that is to be added.
///
/// # Errors
/// When the data of a reference is missing, or something cannot be canonicalized.
pub fn archive_imprint<'d, 'a, 'e>(
    signature: &Signature<'d, 'a>,
    element: Option<Node<'d, 'a>>,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    method: &Canonicalization,
    algorithm: DigestAlgorithm,
) -> Result<Digest, AugmentError> {
    let mut hasher = Hasher::new(algorithm);
    // 1. What each reference leads to, after its transforms, in the order of SignedInfo; nodes by this method.
    let chain = Chain {
        document: signature.document,
        signature: signature.node,
        limits: &signature.limits,
        last: method.clone(),
    };
    let mut work = 0;
    for (index, reference) in signature.signed_info.references.iter().enumerate() {
        let failed = |failure| AugmentError::Reference { index, failure };
        let octets = if Target::of(reference.uri).is_external() {
            match external(reference.uri) {
                Some(External::Octets(octets)) => Some(octets),
                _ => return Err(failed(ReferenceFailure::SignedDataNotFound)),
            }
        } else {
            None
        };
        chain
            .run(reference, octets, &mut work, &mut |bytes| hasher.update(bytes))
            .map_err(failed)?;
    }
    // 2. SignedInfo, SignatureValue and KeyInfo.
    let mut add = |node| {
        let nodes = NodeSet::subtree(node);
        method.write(signature.document(), &nodes, &mut |bytes| hasher.update(bytes))
    };
    add(signature.signed_info.node())?;
    add(signature.value_node())?;
    let key_info = signature.node().children();
    for node in key_info.filter(|n| crate::dsig::element::is(*n, crate::dsig::NAMESPACE, "KeyInfo"))
    {
        add(node)?;
    }
    // 3. The unsigned properties before this one.
    for (node, _) in unsigned_properties(signature)? {
        if element.is_some_and(|element| element.range().start <= node.range().start) {
            break;
        }
        add(node)?;
    }
    // 4. The objects but that of the qualifying properties.
    for object in &signature.objects {
        if !holds_properties(object.node) {
            add(object.node)?;
        }
    }
    Ok(hasher.finish())
}

/// The document with a `SignatureTimeStamp` in the signature: level B-T.
///
/// # Errors
/// When the token is about something else, or the signature is no XAdES.
pub fn with_signature_time_stamp(
    signature: &Signature<'_, '_>,
    method: &Canonicalization,
    token: &TimeStampToken,
) -> Result<Vec<u8>, AugmentError> {
    let stamped = token.info().message_imprint();
    let required = signature_imprint(signature, method, stamped.algorithm())?;
    if required != *stamped {
        return Err(AugmentError::ImprintMismatch { required });
    }
    let name = "xades:SignatureTimeStamp";
    insert(signature, &time_stamp(name, &[("xmlns:xades", Some(NAMESPACE))], method, token))
}

/// The document with a `xades141:ArchiveTimeStamp` behind the other unsigned properties: level B-LTA.
///
/// # Errors
/// As [`with_signature_time_stamp`], and where the data of a reference is missing.
pub fn with_archive_time_stamp<'e>(
    signature: &Signature<'_, '_>,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    method: &Canonicalization,
    token: &TimeStampToken,
) -> Result<Vec<u8>, AugmentError> {
    let stamped = token.info().message_imprint();
    let required = archive_imprint(signature, None, external, method, stamped.algorithm())?;
    if required != *stamped {
        return Err(AugmentError::ImprintMismatch { required });
    }
    let namespaces = [("xmlns:xades141", Some(NAMESPACE_141)), ("xmlns:xades", Some(NAMESPACE))];
    insert(signature, &time_stamp("xades141:ArchiveTimeStamp", &namespaces, method, token))
}

/// The document with validation data in the signature: level B-LT. What a later time-stamp needs goes into
/// `TimeStampValidationData`, since the values of the signature itself occur once.
///
/// # Errors
/// When the signature is no XAdES.
pub fn with_validation_data(
    signature: &Signature<'_, '_>,
    evidence: &EmbeddedEvidence,
) -> Result<Vec<u8>, AugmentError> {
    let has_values = unsigned_properties(signature)?
        .iter()
        .any(|(_, property)| matches!(property, UnsignedProperty::ValidationData(_)));
    let mut writer = Writer::new(Prefix::Ds);
    let wrapper = "xades141:TimeStampValidationData";
    if has_values {
        writer.open_named(wrapper, &[("xmlns:xades141", Some(NAMESPACE_141))]);
    }
    let namespace = [("xmlns:xades", Some(NAMESPACE))];
    let each = |writer: &mut Writer, name: &str, values: &mut dyn Iterator<Item = &[u8]>| {
        for value in values {
            writer.open_named(name, &[]);
            writer.base64(value);
            writer.close_named(name);
        }
    };
    if !evidence.certificates.is_empty() {
        writer.open_named("xades:CertificateValues", &namespace);
        let mut certificates = evidence.certificates.iter().map(|one| one.as_der());
        each(&mut writer, "xades:EncapsulatedX509Certificate", &mut certificates);
        writer.close_named("xades:CertificateValues");
    }
    if !evidence.crls.is_empty() || !evidence.ocsp.is_empty() {
        writer.open_named("xades:RevocationValues", &namespace);
        if !evidence.crls.is_empty() {
            writer.open_named("xades:CRLValues", &[]);
            let mut crls = evidence.crls.iter().map(|one| one.as_der());
            each(&mut writer, "xades:EncapsulatedCRLValue", &mut crls);
            writer.close_named("xades:CRLValues");
        }
        if !evidence.ocsp.is_empty() {
            writer.open_named("xades:OCSPValues", &[]);
            let mut responses = evidence.ocsp.iter().map(|one| one.as_der());
            each(&mut writer, "xades:EncapsulatedOCSPValue", &mut responses);
            writer.close_named("xades:OCSPValues");
        }
        writer.close_named("xades:RevocationValues");
    }
    if has_values {
        writer.close_named(wrapper);
    }
    insert(signature, &writer.into_text())
}

fn time_stamp(
    name: &str,
    namespaces: &[(&str, Option<&str>)],
    method: &Canonicalization,
    token: &TimeStampToken,
) -> String {
    let mut writer = Writer::new(Prefix::Ds);
    let mut attributes = namespaces.to_vec();
    let (attribute, namespace) = writer.declaration();
    attributes.push((attribute, Some(namespace)));
    writer.open_named(name, &attributes);
    writer.canonicalization("CanonicalizationMethod", method);
    writer.open_named("xades:EncapsulatedTimeStamp", &[]);
    writer.base64(token.as_received());
    writer.close_named("xades:EncapsulatedTimeStamp");
    writer.close_named(name);
    writer.into_text()
}

/// The document's text with a property behind the other unsigned ones.
fn insert(signature: &Signature<'_, '_>, property: &str) -> Result<Vec<u8>, AugmentError> {
    let (before, after) = around(signature)?;
    Ok([before.as_bytes(), property.as_bytes(), after.as_bytes()].concat())
}

/// The document's text before and behind the place of a new unsigned property.
pub(super) fn around(signature: &Signature<'_, '_>) -> Result<(String, String), AugmentError> {
    let qualifying = qualifying(signature)?.ok_or(AugmentError::NoQualifyingProperties)?;
    let outer = "xades:UnsignedProperties";
    let inner = "xades:UnsignedSignatureProperties";
    let (place, open, close) = match container(signature)? {
        Some(container) => (container, String::new(), String::new()),
        None => (
            qualifying,
            format!("<{outer} xmlns:xades=\"{NAMESPACE}\"><{inner}>"),
            format!("</{inner}></{outer}>"),
        ),
    };
    let (before, after) =
        Placement::AppendTo(place).around(signature.document()).map_err(AugmentError::Place)?;
    Ok((format!("{before}{open}"), format!("{close}{after}")))
}
