//! What is signed, by whom, and how, and the `Signature` element that says it.

use super::error::PrepareError;
use super::is_weak;
use crate::c14n::Canonicalization;
use crate::dsig::transform::{BASE64, Transform};
use crate::dsig::write::{Prefix, Writer};
use kyso_x509::{Certificate, DigestAlgorithm, PublicKey, SignatureAlgorithm};

/// What is signed, by whom, and how.
#[derive(Clone, Debug)]
pub struct SigningParameters {
    /// How the elements are named.
    pub prefix: Prefix,
    /// `Id` of the signature.
    pub id: Option<String>,
    /// `Id` of `SignatureValue`.
    pub value_id: Option<String>,
    /// How `SignedInfo` becomes octets.
    pub canonicalization: Canonicalization,
    /// The algorithm; it must fit the certificate's key.
    pub algorithm: SignatureAlgorithm,
    /// The signer's certificate.
    pub certificate: Certificate,
    /// Certificates to embed beside it, such as its issuers.
    pub extra_certificates: Vec<Certificate>,
    /// `X509SubjectName` before the certificates.
    pub subject_name: bool,
    /// The references, at least one.
    pub references: Vec<ReferenceToSign>,
    /// The objects.
    pub objects: Vec<ObjectToSign>,
}

/// A reference to digest.
#[derive(Clone, Debug)]
pub struct ReferenceToSign {
    /// `Id`.
    pub id: Option<String>,
    /// `URI`: `""`, `#` and an identifier, or whatever names external data.
    pub uri: Option<String>,
    /// `Type`.
    pub reference_type: Option<String>,
    /// The transforms.
    pub transforms: Vec<Transform>,
    /// The digest.
    pub digest: DigestAlgorithm,
}

/// An `Object` to write.
#[derive(Clone, Debug)]
pub struct ObjectToSign {
    /// `Id`.
    pub id: Option<String>,
    /// `MimeType`.
    pub mime_type: Option<String>,
    /// What is in it.
    pub content: ObjectContent,
}

/// What an `Object` holds.
#[derive(Clone, Debug)]
pub enum ObjectContent {
    /// The root element of a document, as it is written there.
    Document(String),
    /// Octets in base64, `Encoding` saying so.
    Base64(Vec<u8>),
    /// Text.
    Text(String),
    /// Elements that name their namespaces.
    Markup(String),
}

impl SigningParameters {
    /// The key to sign with; what does not fit together shows here.
    pub(super) fn check(&self) -> Result<PublicKey, PrepareError> {
        let key = self.certificate.public_key().map_err(PrepareError::UnusableKey)?;
        key.check_fit(&self.algorithm).map_err(PrepareError::AlgorithmMismatch)?;
        if self.references.is_empty() {
            return Err(PrepareError::NoReference);
        }
        let digests = self.references.iter().map(|reference| reference.digest);
        if let Some(digest) =
            digests.chain(self.algorithm.digest_algorithm()).find(|digest| is_weak(*digest))
        {
            return Err(PrepareError::WeakDigest { digest });
        }
        Ok(key)
    }

    /// The `Signature` element with empty digests and an empty value.
    pub(super) fn write(&self) -> Result<String, PrepareError> {
        let mut writer = Writer::new(self.prefix);
        let (attribute, namespace) = writer.declaration();
        writer.open("Signature", &[(attribute, Some(namespace)), ("Id", self.id.as_deref())]);
        writer.open("SignedInfo", &[]);
        writer.canonicalization("CanonicalizationMethod", &self.canonicalization);
        if !writer.signature_method(&self.algorithm) {
            return Err(PrepareError::NoAlgorithmUri { algorithm: self.algorithm });
        }
        for reference in &self.references {
            reference.write(&mut writer);
        }
        writer.close("SignedInfo");
        writer.open("SignatureValue", &[("Id", self.value_id.as_deref())]);
        writer.close("SignatureValue");
        self.write_key_info(&mut writer);
        for object in &self.objects {
            object.write(&mut writer, self.prefix)?;
        }
        writer.close("Signature");
        Ok(writer.into_text())
    }

    /// The start tag of `SignatureValue`.
    pub(super) fn value_start(&self) -> String {
        let mut writer = Writer::new(self.prefix);
        writer.open("SignatureValue", &[("Id", self.value_id.as_deref())]);
        writer.into_text()
    }

    fn write_key_info(&self, writer: &mut Writer) {
        writer.open("KeyInfo", &[]);
        writer.open("X509Data", &[]);
        if self.subject_name {
            writer.text_element("X509SubjectName", &self.certificate.subject().to_string());
        }
        let mut written: Vec<&Certificate> = Vec::new();
        for certificate in core::iter::once(&self.certificate).chain(&self.extra_certificates) {
            if !written.contains(&certificate) {
                writer.base64_element("X509Certificate", certificate.as_der());
                written.push(certificate);
            }
        }
        writer.close("X509Data");
        writer.close("KeyInfo");
    }
}

impl ReferenceToSign {
    fn write(&self, writer: &mut Writer) {
        writer.open(
            "Reference",
            &[
                ("Id", self.id.as_deref()),
                ("Type", self.reference_type.as_deref()),
                ("URI", self.uri.as_deref()),
            ],
        );
        if !self.transforms.is_empty() {
            writer.open("Transforms", &[]);
            for transform in &self.transforms {
                writer.transform(transform);
            }
            writer.close("Transforms");
        }
        writer.digest_method(self.digest);
        writer.empty("DigestValue", &[]);
        writer.close("Reference");
    }
}

impl ObjectToSign {
    fn write(&self, writer: &mut Writer, prefix: Prefix) -> Result<(), PrepareError> {
        let encoding = matches!(self.content, ObjectContent::Base64(_)).then_some(BASE64);
        writer.open(
            "Object",
            &[
                ("Id", self.id.as_deref()),
                ("MimeType", self.mime_type.as_deref()),
                ("Encoding", encoding),
            ],
        );
        match &self.content {
            ObjectContent::Document(_) if prefix == Prefix::None => {
                return Err(PrepareError::PrefixNeeded);
            }
            ObjectContent::Document(markup) | ObjectContent::Markup(markup) => {
                writer.markup(markup);
            }
            ObjectContent::Base64(octets) => writer.base64(octets),
            ObjectContent::Text(text) => writer.text(text),
        }
        writer.close("Object");
        Ok(())
    }
}

impl ObjectContent {
    /// The root element of a document, to be enveloped.
    #[must_use]
    pub fn of_document(document: &crate::document::XmlDocument<'_>) -> Self {
        let range = document.tree().root_element().range();
        Self::Document(document.text().get(range).unwrap_or_default().to_owned())
    }
}
