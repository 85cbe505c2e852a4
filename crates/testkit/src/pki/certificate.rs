//! Certificates: what one shall say, and the entity that has it and its key.

use super::asn1::{self, Element, Reader, constructed, context, sequence, tlv};
use super::extension::{
    self, Extension, KeyUsage, authority_information_access, basic_constraints,
    crl_distribution_points, extended_key_usage, key_usage, ocsp_no_check,
};
use super::key::{Hash, Key};
use crate::soft_key::random;
use crate::subject::Subject;
use const_oid::ObjectIdentifier;
use der::Encode as _;

/// What a certificate shall say beside its key and its issuer; every field is public, so that a test can ask for
/// what no authority should give.
#[derive(Clone, Debug)]
pub struct Template {
    /// subject: a Name, DER.
    pub subject: Vec<u8>,
    /// The content octets of serialNumber; `None` for 16 random octets.
    pub serial: Option<Vec<u8>>,
    /// validity.notBefore: Unix seconds, inclusive.
    pub not_before: i64,
    /// validity.notAfter: Unix seconds, inclusive.
    pub not_after: i64,
    /// Extensions in their order.
    pub extensions: Vec<Extension>,
    /// Whether subjectKeyIdentifier and authorityKeyIdentifier are added where [`extensions`](Self::extensions)
    /// has none.
    pub key_identifiers: bool,
}

impl Template {
    /// A certificate without usages.
    ///
    /// # Panics
    /// Where a value of the subject does not fit its string type.
    #[track_caller]
    pub fn new(subject: &Subject, not_before: i64, not_after: i64) -> Self {
        Self {
            subject: name(subject),
            serial: None,
            not_before,
            not_after,
            extensions: Vec::new(),
            key_identifiers: true,
        }
    }

    /// A certificate authority's: basicConstraints, keyCertSign and cRLSign.
    #[track_caller]
    pub fn authority(subject: &Subject, not_before: i64, not_after: i64) -> Self {
        Self::new(subject, not_before, not_after)
            .with(basic_constraints(true, None))
            .with(key_usage(&[KeyUsage::KeyCertSign, KeyUsage::CrlSign]))
    }

    /// A document signer's: digitalSignature and nonRepudiation.
    #[track_caller]
    pub fn signer(subject: &Subject, not_before: i64, not_after: i64) -> Self {
        Self::new(subject, not_before, not_after)
            .with(key_usage(&[KeyUsage::DigitalSignature, KeyUsage::NonRepudiation]))
    }

    /// A time-stamping authority's: extendedKeyUsage critical and alone (RFC 3161 §2.3).
    #[track_caller]
    pub fn time_stamping(subject: &Subject, not_before: i64, not_after: i64) -> Self {
        Self::new(subject, not_before, not_after)
            .with(key_usage(&[KeyUsage::DigitalSignature]))
            .with(extended_key_usage(true, &[extension::TIME_STAMPING]))
    }

    /// A delegated OCSP responder's, with id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2).
    #[track_caller]
    pub fn ocsp_responder(subject: &Subject, not_before: i64, not_after: i64) -> Self {
        Self::new(subject, not_before, not_after)
            .with(key_usage(&[KeyUsage::DigitalSignature]))
            .with(extended_key_usage(false, &[extension::OCSP_SIGNING]))
            .with(ocsp_no_check())
    }

    /// The issuer of indirect CRLs: cRLSign without being an authority (RFC 5280 §5).
    #[track_caller]
    pub fn crl_issuer(subject: &Subject, not_before: i64, not_after: i64) -> Self {
        Self::new(subject, not_before, not_after).with(key_usage(&[KeyUsage::CrlSign]))
    }

    /// Adds an extension, in the place of one with the same identifier.
    pub fn with(mut self, extension: Extension) -> Self {
        match self.extensions.iter_mut().find(|one| one.id == extension.id) {
            Some(place) => *place = extension,
            None => self.extensions.push(extension),
        }
        self
    }

    /// Takes the extension with this identifier away.
    pub fn without(mut self, id: &str) -> Self {
        let id = ObjectIdentifier::new_unwrap(id);
        self.extensions.retain(|one| one.id != id);
        self
    }

    /// The serial number.
    pub fn serial(self, serial: u64) -> Self {
        Self { serial: Some(asn1::magnitude(serial)), ..self }
    }

    /// The validity (Unix seconds, both inclusive).
    pub fn valid(self, not_before: i64, not_after: i64) -> Self {
        Self { not_before, not_after, ..self }
    }

    /// Where its CRL is.
    pub fn crl_at(self, uri: &str) -> Self {
        self.with(crl_distribution_points(&[uri]))
    }

    /// Where its OCSP responder and its issuer's certificate are.
    pub fn status_at(self, ocsp: &str, ca_issuers: &str) -> Self {
        self.with(authority_information_access(&[ocsp], &[ca_issuers]))
    }
}

/// A name with its key and its certificate: an authority, a signer, a responder.
#[derive(Clone, Debug)]
pub struct Entity {
    /// The signing key.
    pub key: Key,
    /// The subject: a Name, DER.
    pub name: Vec<u8>,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
}

impl Entity {
    /// A self-signed certificate.
    pub fn root(template: &Template, key: Key) -> Self {
        let certificate = certificate(template, &key, &template.subject, &key);
        Self { name: template.subject.clone(), key, certificate }
    }

    /// A certificate that this entity signs, whether it may or not.
    pub fn issue(&self, template: &Template, key: Key) -> Self {
        let certificate = certificate(template, &key, &self.name, &self.key);
        Self { name: template.subject.clone(), key, certificate }
    }

    /// The content octets of the certificate's serialNumber.
    pub fn serial(&self) -> &[u8] {
        Facts::of(&self.certificate).map(|facts| facts.serial).unwrap_or_default()
    }

    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        crate::authority::certificate_pem(&self.certificate)
    }
}

/// DER of a Name.
///
/// # Panics
/// Where a value does not fit its string type.
#[track_caller]
pub fn name(subject: &Subject) -> Vec<u8> {
    subject.to_name().and_then(|name| name.to_der()).expect("values that fit their string types")
}

/// A certificate for a key, signed by another.
pub fn certificate(template: &Template, key: &Key, issuer: &[u8], issuer_key: &Key) -> Vec<u8> {
    let serial = template.serial.clone().unwrap_or_else(|| {
        let mut serial = random::<16>();
        // RFC 5280 §4.1.2.2: positive, and here of one length always.
        serial[0] = serial[0] & 0x7F | 0x40;
        serial.to_vec()
    });
    let mut extensions = template.extensions.clone();
    if template.key_identifiers {
        for extension in [
            extension::subject_key_identifier(&key.identifier()),
            extension::authority_key_identifier(&issuer_key.identifier()),
        ] {
            if extensions.iter().all(|one| one.id != extension.id) {
                extensions.push(extension);
            }
        }
    }
    let mut fields = vec![
        constructed(context(0), &[asn1::integer(2)]),
        tlv(asn1::INTEGER, &serial),
        issuer_key.algorithm_der().to_vec(),
        issuer.to_vec(),
        sequence(&[asn1::time(template.not_before), asn1::time(template.not_after)]),
        template.subject.clone(),
        key.spki_der().to_vec(),
    ];
    if !extensions.is_empty() {
        fields.push(constructed(context(3), &[extension_list(&extensions)]));
    }
    signed(sequence(&fields), issuer_key, &[])
}

/// `SIGNED`: what is to be signed, the algorithm, the signature, and what follows.
pub(super) fn signed(to_be_signed: Vec<u8>, key: &Key, more: &[Vec<u8>]) -> Vec<u8> {
    let value = asn1::bit_string(&key.sign(&to_be_signed));
    let mut fields = vec![to_be_signed, key.algorithm_der().to_vec(), value];
    fields.extend_from_slice(more);
    sequence(&fields)
}

/// `Extensions`.
pub(super) fn extension_list(extensions: &[Extension]) -> Vec<u8> {
    sequence(&extensions.iter().map(Extension::to_der).collect::<Vec<_>>())
}

/// What other structures say of a certificate.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The content octets of serialNumber.
    pub serial: &'a [u8],
    /// issuer: a Name, DER.
    pub issuer: &'a [u8],
    /// subject: a Name, DER.
    pub subject: &'a [u8],
    /// subjectPublicKeyInfo, DER.
    pub spki: &'a [u8],
}

impl<'a> Facts<'a> {
    /// Reads a certificate; `None` where it is none.
    pub fn of(certificate: &'a [u8]) -> Option<Self> {
        let whole = Reader(certificate).expect(asn1::SEQUENCE)?;
        let mut tbs = whole.children().expect(asn1::SEQUENCE)?.children();
        tbs.optional(context(0));
        let serial = tbs.expect(asn1::INTEGER)?.value;
        tbs.expect(asn1::SEQUENCE)?;
        let issuer = tbs.expect(asn1::SEQUENCE)?.raw;
        tbs.expect(asn1::SEQUENCE)?;
        let subject = tbs.expect(asn1::SEQUENCE)?.raw;
        let spki = tbs.expect(asn1::SEQUENCE)?.raw;
        Some(Self { serial, issuer, subject, spki })
    }

    /// issuerNameHash and issuerKeyHash of OCSP's CertID where this is the issuer (RFC 6960 §4.1.1).
    pub fn hashes(&self, hash: Hash) -> (Vec<u8>, Vec<u8>) {
        let key = public_key_bits(self.spki).unwrap_or_default();
        (hash.digest(self.subject), hash.digest(key))
    }
}

/// The bits of subjectPublicKey, without the count of unused ones.
pub(super) fn public_key_bits(spki: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader(spki).expect(asn1::SEQUENCE)?.children();
    fields.expect(asn1::SEQUENCE)?;
    let bits: Element<'_> = fields.expect(asn1::BIT_STRING)?;
    bits.value.get(1..)
}
