//! A SignedData put together field by field, as an attacker likes, and keys that sign it with any algorithm.

use std::fs;
use std::path::{Path, PathBuf};

use kyso_cades::oid;
use kyso_testkit::peer;
use kyso_x509::asn1::{self, sequence, set_of, tag, tlv};
use kyso_x509::{Certificate, DigestAlgorithm, ObjectIdentifier, SignatureAlgorithm, Time};
use p256::ecdsa::{Signature, SigningKey};
use signature::Signer as _;

use crate::mint::{self, Subject, day};

/// What signs.
#[derive(Clone)]
pub(crate) enum Key {
    /// ECDSA with SHA-256.
    P256(SigningKey),
    /// A PEM file and what `openssl dgst` is told.
    Rsa(PathBuf, &'static [&'static str]),
}

impl Key {
    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let value: Signature = key.sign(bytes);
                value.to_der().as_bytes().to_vec()
            }
            Self::Rsa(file, options) => {
                let mut arguments = vec!["dgst"];
                arguments.extend(*options);
                arguments.extend(["-sign", file.to_str().expect("a plain path")]);
                peer::run_with_input("openssl", arguments, bytes).expect_success()
            }
        }
    }
}

/// A message with one signer.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) key: Key,
    /// Whom sid names, and the first certificate inside.
    pub(crate) certificate: Certificate,
    pub(crate) digest_algorithm: Vec<u8>,
    /// `None`: the value is over the content itself.
    pub(crate) attributes: Option<Vec<Vec<u8>>>,
    pub(crate) signature_algorithm: Vec<u8>,
    pub(crate) more_certificates: Vec<Vec<u8>>,
    pub(crate) unsigned: Vec<Vec<u8>>,
    pub(crate) content: Vec<u8>,
}

impl Message {
    /// What an honest signer sends: content-type, message-digest, signing-time and signing-certificate-v2.
    pub(crate) fn honest(
        key: Key,
        certificate: &Certificate,
        algorithm: SignatureAlgorithm,
        content: &[u8],
    ) -> Self {
        let digest = algorithm.cms_digest_algorithm();
        let attributes = vec![
            content_type(oid::DATA),
            message_digest(digest.digest(content).as_bytes()),
            signing_time(day(12)),
            signing_certificate(certificate),
        ];
        Self {
            key,
            certificate: certificate.clone(),
            digest_algorithm: digest.to_algorithm_identifier().to_der(),
            attributes: Some(attributes),
            signature_algorithm: algorithm.to_algorithm_identifier().to_der(),
            more_certificates: Vec::new(),
            unsigned: Vec::new(),
            content: content.to_vec(),
        }
    }

    /// Without the attributes of a type.
    pub(crate) fn without(mut self, id: ObjectIdentifier) -> Self {
        let id = asn1::oid(id);
        if let Some(attributes) = &mut self.attributes {
            attributes.retain(|one| !one.windows(id.len()).any(|part| part == id));
        }
        self
    }

    pub(crate) fn with(mut self, attribute: Vec<u8>) -> Self {
        if let Some(attributes) = &mut self.attributes {
            attributes.push(attribute.clone());
        }
        self
    }

    /// DER of the SET OF Attribute that is signed.
    pub(crate) fn attributes_der(&self) -> Vec<u8> {
        set_of(self.attributes.clone().expect("attributes"))
    }

    /// Signs what is there and writes it down.
    pub(crate) fn to_cms(&self) -> Vec<u8> {
        let value = match &self.attributes {
            Some(attributes) => self.key.sign(&set_of(attributes.clone())),
            None => self.key.sign(&self.content),
        };
        self.to_cms_with(&value)
    }

    /// Writes down what is there with this value.
    pub(crate) fn to_cms_with(&self, value: &[u8]) -> Vec<u8> {
        let sid = sequence(&[
            self.certificate.issuer().as_der().to_vec(),
            tlv(tag::INTEGER, self.certificate.serial()),
        ]);
        let mut fields = vec![asn1::small_integer(1), sid, self.digest_algorithm.clone()];
        if let Some(attributes) = &self.attributes {
            let mut set = set_of(attributes.clone());
            set[0] = tag::context(0);
            fields.push(set);
        }
        fields.push(self.signature_algorithm.clone());
        fields.push(tlv(tag::OCTET_STRING, value));
        if !self.unsigned.is_empty() {
            fields.push(asn1::constructed(tag::context(1), &self.unsigned));
        }
        let mut certificates = vec![self.certificate.as_der().to_vec()];
        certificates.extend(self.more_certificates.iter().cloned());
        let signed_data = sequence(&[
            asn1::small_integer(1),
            tlv(tag::SET, &self.digest_algorithm),
            sequence(&[asn1::oid(oid::DATA)]),
            asn1::constructed(tag::context(0), &certificates),
            tlv(tag::SET, &sequence(&fields)),
        ]);
        sequence(&[asn1::oid(oid::SIGNED_DATA), tlv(tag::context(0), &signed_data)])
    }
}

pub(crate) fn attribute(id: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    sequence(&[asn1::oid(id), tlv(tag::SET, value)])
}

pub(crate) fn content_type(id: ObjectIdentifier) -> Vec<u8> {
    attribute(oid::CONTENT_TYPE, &asn1::oid(id))
}

pub(crate) fn message_digest(digest: &[u8]) -> Vec<u8> {
    attribute(oid::MESSAGE_DIGEST, &tlv(tag::OCTET_STRING, digest))
}

fn signing_time(time: Time) -> Vec<u8> {
    attribute(oid::SIGNING_TIME, &time.to_der().expect("a time before 2050"))
}

/// RFC 5035 §3 with its default SHA-256.
pub(crate) fn signing_certificate(certificate: &Certificate) -> Vec<u8> {
    let hash = certificate.fingerprint(DigestAlgorithm::Sha256);
    let id = sequence(&[tlv(tag::OCTET_STRING, hash.as_bytes())]);
    attribute(oid::SIGNING_CERTIFICATE_V2, &sequence(&[sequence(&[id])]))
}

/// RFC 6211 §2.
pub(crate) fn algorithm_protection(
    digest: DigestAlgorithm,
    algorithm: SignatureAlgorithm,
) -> Vec<u8> {
    let mut signature = algorithm.to_algorithm_identifier().to_der();
    signature[0] = tag::context(1);
    let value = sequence(&[digest.to_algorithm_identifier().to_der(), signature]);
    attribute(oid::CMS_ALGORITHM_PROTECTION, &value)
}

/// RSA keys in a folder, made by OpenSSL.
pub(crate) struct Keys {
    pub(crate) folder: tempfile::TempDir,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for bits in [1024, 2048] {
            let pem = peer::openssl::rsa_key_pem(bits);
            fs::write(folder.path().join(format!("{bits}.pem")), pem).expect("written");
        }
        Self { folder }
    }

    pub(crate) fn file(&self, bits: u32) -> PathBuf {
        self.folder.path().join(format!("{bits}.pem"))
    }

    /// A certificate for one of the keys, valid as long as every other here.
    pub(crate) fn certificate(&self, bits: u32, issuer: &Subject) -> Certificate {
        rsa_certificate(&self.file(bits), issuer)
    }
}

fn rsa_certificate(key: &Path, issuer: &Subject) -> Certificate {
    let pem = fs::read_to_string(key).expect("a key");
    let ecdsa = sequence(&[asn1::oid(mint::oid("1.2.840.10045.4.3.2"))]);
    let validity = [day(0), day(100)].map(|time| time.to_der().expect("a time before 2050"));
    let tbs = sequence(&[
        asn1::constructed(tag::context(0), &[asn1::small_integer(2)]),
        asn1::small_integer(77),
        ecdsa.clone(),
        issuer.name.clone(),
        sequence(&validity),
        mint::distinguished_name("RSA signer"),
        peer::openssl::spki_der(&pem),
    ]);
    let value: Signature = issuer.key.sign(&tbs);
    let bits = [&[0], value.to_der().as_bytes()].concat();
    let der = sequence(&[tbs, ecdsa, tlv(tag::BIT_STRING, &bits)]);
    Certificate::from_der(&der).expect("a certificate")
}
