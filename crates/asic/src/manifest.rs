//! `ASiCManifest` (ETSI EN 319 162-1 v1.1.1 Annex A.4): what a CAdES signature or a time-stamp covers in a container.
//!
//! ```xml
//! <asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
//!   <asic:SigReference URI="META-INF/signature.p7s" MimeType="application/pkcs7-signature"/>
//!   <asic:DataObjectReference URI="document.txt" MimeType="text/plain" Rootfile="true">
//!     <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
//!     <ds:DigestValue>…</ds:DigestValue>
//!   </asic:DataObjectReference>
//! </asic:ASiCManifest>
//! ```

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kyso_x509::digest::{Digest, DigestAlgorithm};
use roxmltree::Node;

use crate::digest_method::{digest_method_from_uri, digest_method_uri};
use crate::error::{AsicError, ShapeFault};
use crate::limits::{Limit, Limits};
use crate::name::EntryName;
use crate::reference::{ReferenceFault, name_from_uri, uri_from_name};
use crate::xml::with_document;
use crate::xml::{DS, attribute, boolean, elements, is, push_attribute_value, text_of, white};

/// Namespace of the elements of EN 319 162-1.
pub const ASIC_NAMESPACE: &str = "http://uri.etsi.org/02918/v1.2.1#";

/// A manifest as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    bytes: Vec<u8>,
    signature: Result<EntryName, ReferenceFault>,
    signature_media_type: Option<String>,
    references: Vec<DataObjectReference>,
}

/// One `DataObjectReference`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataObjectReference {
    /// `URI` as written.
    pub uri: String,
    /// The entry that the URI means.
    pub name: Result<EntryName, ReferenceFault>,
    /// `MimeType`.
    pub media_type: Option<String>,
    /// `Rootfile`: the file to begin with; in an archive manifest, the previous archive manifest.
    pub root_file: bool,
    /// `ds:DigestMethod` and `ds:DigestValue`.
    pub digest: ReferenceDigest,
}

/// The digest that a reference states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceDigest {
    /// By an algorithm of ours.
    Known(Digest),
    /// By another; its URI as written.
    Unknown(String),
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// XML or shape that Annex A.4 does not have; a critical extension, for none is known; too many references.
    pub fn read(name: &EntryName, bytes: Vec<u8>, limits: &Limits) -> Result<Self, AsicError> {
        let (signature, signature_media_type, references) =
            with_document(name, &bytes, &limits.xml, |root| read_root(root, limits))?;
        if references.len() > limits.references {
            let allowed = limits.references as u64;
            return Err(AsicError::LimitExceeded { limit: Limit::References, allowed });
        }
        Ok(Self { bytes, signature, signature_media_type, references })
    }

    /// The manifest as received: what the signature or the time-stamp covers.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature or time-stamp that covers this manifest, by `SigReference`.
    ///
    /// # Errors
    /// Why its URI names no entry.
    pub fn signature(&self) -> Result<&EntryName, ReferenceFault> {
        self.signature.as_ref().map_err(|fault| *fault)
    }

    /// The media type of the signature.
    #[must_use]
    pub fn signature_media_type(&self) -> Option<&str> {
        self.signature_media_type.as_deref()
    }

    /// The references in the manifest's order; at least one.
    #[must_use]
    pub fn references(&self) -> &[DataObjectReference] {
        &self.references
    }
}

type Parts = (Result<EntryName, ReferenceFault>, Option<String>, Vec<DataObjectReference>);

fn read_root(root: Node<'_, '_>, limits: &Limits) -> Result<Parts, ShapeFault> {
    if !is(root, ASIC_NAMESPACE, "ASiCManifest") {
        return Err(ShapeFault::Root);
    }
    let mut children = elements(root)?.into_iter().peekable();
    let signature = children.next().filter(|node| is(*node, ASIC_NAMESPACE, "SigReference"));
    let signature = signature.ok_or(ShapeFault::Missing("SigReference"))?;
    let mut references = Vec::new();
    while let Some(node) = children.next_if(|node| is(*node, ASIC_NAMESPACE, "DataObjectReference"))
    {
        references.push(read_reference(node, limits)?);
    }
    if references.is_empty() {
        return Err(ShapeFault::Missing("DataObjectReference"));
    }
    if let Some(node) = children.next_if(|node| is(*node, ASIC_NAMESPACE, "ASiCManifestExtensions"))
    {
        check_extensions(node)?;
    }
    if children.next().is_some() {
        return Err(ShapeFault::Unexpected);
    }
    let target = name_from_uri(attribute(signature, "URI")?, limits);
    Ok((target, signature.attribute("MimeType").map(str::to_owned), references))
}

fn read_reference(node: Node<'_, '_>, limits: &Limits) -> Result<DataObjectReference, ShapeFault> {
    let uri = attribute(node, "URI")?;
    let root_file = node.attribute("Rootfile").map(|value| boolean(value, "Rootfile"));
    let mut children = elements(node)?.into_iter();
    let method = children.next().filter(|node| is(*node, DS, "DigestMethod"));
    let method = attribute(method.ok_or(ShapeFault::Missing("DigestMethod"))?, "Algorithm")?;
    let value = children.next().filter(|node| is(*node, DS, "DigestValue"));
    let value = text_of(value.ok_or(ShapeFault::Missing("DigestValue"))?, "DigestValue")?;
    match children.next() {
        None => {}
        Some(node) if is(node, ASIC_NAMESPACE, "DataObjectReferenceExtensions") => {
            check_extensions(node)?;
        }
        Some(_) => return Err(ShapeFault::Unexpected),
    }
    if children.next().is_some() {
        return Err(ShapeFault::Unexpected);
    }
    let digest = match digest_method_from_uri(method) {
        Some(algorithm) => ReferenceDigest::Known(digest_value(algorithm, &value)?),
        None => ReferenceDigest::Unknown(method.to_owned()),
    };
    Ok(DataObjectReference {
        uri: uri.to_owned(),
        name: name_from_uri(uri, limits),
        media_type: node.attribute("MimeType").map(str::to_owned),
        root_file: root_file.transpose()?.unwrap_or(false),
        digest,
    })
}

fn digest_value(algorithm: DigestAlgorithm, text: &str) -> Result<Digest, ShapeFault> {
    let wrong = ShapeFault::Value("DigestValue");
    let text: String = text.chars().filter(|character| !white(*character)).collect();
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| wrong)?;
    Digest::from_bytes(algorithm, &bytes).ok_or(wrong)
}

/// Extensions are read past unless they are critical (Annex A.4.2): none is known here.
fn check_extensions(node: Node<'_, '_>) -> Result<(), ShapeFault> {
    for extension in elements(node)? {
        if !is(extension, ASIC_NAMESPACE, "Extension") {
            return Err(ShapeFault::Unexpected);
        }
        let critical = extension.attribute("Critical").map(|value| boolean(value, "Critical"));
        if critical.transpose()?.unwrap_or(false) {
            return Err(ShapeFault::CriticalExtension);
        }
    }
    Ok(())
}

/// A reference of a manifest that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReference<'a> {
    /// The entry.
    pub name: &'a EntryName,
    /// Its media type, when known.
    pub media_type: Option<&'a str>,
    /// Whether to say `Rootfile="true"`.
    pub root_file: bool,
    /// Its digest.
    pub digest: Digest,
}

/// Writes a manifest: the same input gives the same bytes.
#[must_use]
pub fn write_manifest(
    signature: &EntryName,
    signature_media_type: &str,
    references: &[NewReference<'_>],
) -> Vec<u8> {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str("<asic:ASiCManifest xmlns:asic=\"");
    xml.push_str(ASIC_NAMESPACE);
    xml.push_str("\" xmlns:ds=\"");
    xml.push_str(DS);
    xml.push_str("\"><asic:SigReference");
    push_attribute(&mut xml, "URI", &uri_from_name(signature));
    push_attribute(&mut xml, "MimeType", signature_media_type);
    xml.push_str("/>");
    for reference in references {
        xml.push_str("<asic:DataObjectReference");
        push_attribute(&mut xml, "URI", &uri_from_name(reference.name));
        if let Some(media_type) = reference.media_type {
            push_attribute(&mut xml, "MimeType", media_type);
        }
        if reference.root_file {
            push_attribute(&mut xml, "Rootfile", "true");
        }
        xml.push_str("><ds:DigestMethod");
        push_attribute(&mut xml, "Algorithm", digest_method_uri(reference.digest.algorithm()));
        xml.push_str("/><ds:DigestValue>");
        BASE64_STANDARD.encode_string(reference.digest.as_bytes(), &mut xml);
        xml.push_str("</ds:DigestValue></asic:DataObjectReference>");
    }
    xml.push_str("</asic:ASiCManifest>\n");
    xml.into_bytes()
}

fn push_attribute(xml: &mut String, name: &str, value: &str) {
    xml.push(' ');
    xml.push_str(name);
    xml.push_str("=\"");
    push_attribute_value(xml, value);
    xml.push('"');
}
