//! SignedData of one signer (RFC 5652), as honest or as odd as a test wants it.

use super::asn1::{self, constructed, context, sequence, tlv};
use super::certificate::{Entity, Facts};
use super::key::Hash;
use const_oid::ObjectIdentifier;

/// id-data.
pub const DATA: &str = "1.2.840.113549.1.7.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";

/// Which attribute names the signing certificate (RFC 5035).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningCertificate {
    /// ESSCertID, over SHA-1.
    V1,
    /// ESSCertIDv2 over this digest.
    V2(Hash),
    /// No such attribute.
    Missing,
}

/// A SignedData to be made; every field is public.
#[derive(Clone, Debug)]
pub struct Message {
    /// eContentType.
    pub content_type: ObjectIdentifier,
    /// The content.
    pub content: Vec<u8>,
    /// Whether the content stays outside.
    pub detached: bool,
    /// signingTime: Unix seconds.
    pub signing_time: Option<i64>,
    /// signingCertificate or signingCertificateV2.
    pub signing_certificate: SigningCertificate,
    /// Further signed attributes: type, and one value in DER.
    pub attributes: Vec<(ObjectIdentifier, Vec<u8>)>,
    /// certificates, each in DER.
    pub certificates: Vec<Vec<u8>>,
}

impl Message {
    /// An attached message of this content, with ESSCertIDv2 and no certificates.
    pub fn new(content_type: &str, content: &[u8]) -> Self {
        Self {
            content_type: ObjectIdentifier::new_unwrap(content_type),
            content: content.to_vec(),
            detached: false,
            signing_time: None,
            signing_certificate: SigningCertificate::V2(Hash::Sha256),
            attributes: Vec::new(),
            certificates: Vec::new(),
        }
    }

    /// Adds a certificate, DER.
    pub fn carrying(mut self, certificate: &[u8]) -> Self {
        self.certificates.push(certificate.to_vec());
        self
    }

    /// ContentInfo, DER.
    ///
    /// # Panics
    /// Where the signer's certificate cannot be read.
    #[track_caller]
    pub fn signed_by(&self, signer: &Entity) -> Vec<u8> {
        let facts = Facts::of(&signer.certificate).expect("the signer's certificate");
        let hash = signer.key.hash();
        let mut attributes = vec![
            attribute(CONTENT_TYPE, &asn1::oid(self.content_type)),
            attribute(MESSAGE_DIGEST, &tlv(asn1::OCTET_STRING, &hash.digest(&self.content))),
        ];
        attributes.extend(self.signing_time.map(|time| attribute(SIGNING_TIME, &asn1::time(time))));
        attributes.extend(signing_certificate(self.signing_certificate, &signer.certificate));
        attributes.extend(
            self.attributes
                .iter()
                .map(|(id, value)| sequence(&[asn1::oid(*id), constructed(asn1::SET, &[value])])),
        );
        let set = asn1::set_of(attributes);
        let value = signer.key.sign(&set);
        let mut implicit = set;
        if let Some(tag) = implicit.first_mut() {
            *tag = context(0);
        }
        let signer_info = sequence(&[
            asn1::integer(1),
            sequence(&[facts.issuer.to_vec(), tlv(asn1::INTEGER, facts.serial)]),
            hash.identifier(),
            implicit,
            signer.key.algorithm_der().to_vec(),
            tlv(asn1::OCTET_STRING, &value),
        ]);
        let mut encapsulated = vec![asn1::oid(self.content_type)];
        if !self.detached {
            let content = tlv(asn1::OCTET_STRING, &self.content);
            encapsulated.push(constructed(context(0), &[content]));
        }
        // RFC 5652 §5.1: 3 where the content is not id-data.
        let version = if self.content_type == ObjectIdentifier::new_unwrap(DATA) { 1 } else { 3 };
        let mut fields = vec![
            asn1::integer(version),
            constructed(asn1::SET, &[hash.identifier()]),
            sequence(&encapsulated),
        ];
        if !self.certificates.is_empty() {
            let mut certificates = asn1::set_of(self.certificates.clone());
            if let Some(tag) = certificates.first_mut() {
                *tag = context(0);
            }
            fields.push(certificates);
        }
        fields.push(constructed(asn1::SET, &[signer_info]));
        sequence(&[
            asn1::oid(ObjectIdentifier::new_unwrap(SIGNED_DATA)),
            constructed(context(0), &[sequence(&fields)]),
        ])
    }
}

fn attribute(id: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[asn1::oid(ObjectIdentifier::new_unwrap(id)), constructed(asn1::SET, &[value])])
}

fn signing_certificate(kind: SigningCertificate, certificate: &[u8]) -> Option<Vec<u8>> {
    let (id, fields) = match kind {
        SigningCertificate::Missing => return None,
        SigningCertificate::V1 => (SIGNING_CERTIFICATE, Vec::new()),
        // DER leaves the default out (RFC 5035 §4).
        SigningCertificate::V2(Hash::Sha256) => (SIGNING_CERTIFICATE_V2, Vec::new()),
        SigningCertificate::V2(hash) => (SIGNING_CERTIFICATE_V2, vec![hash.identifier()]),
    };
    let hash = match kind {
        SigningCertificate::V2(hash) => hash,
        _ => Hash::Sha1,
    };
    let mut one = fields;
    one.push(tlv(asn1::OCTET_STRING, &hash.digest(certificate)));
    Some(attribute(id, &sequence(&[sequence(&[sequence(&one)])])))
}
