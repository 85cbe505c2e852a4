//! Certificates, CRLs and OCSP responses of every shape, made here: programs make only those that are in order.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use kyso_x509::asn1::{self, constructed, sequence, set_of, tag, tlv};
use kyso_x509::ocsp::CertId;
use kyso_x509::{
    Certificate, CertificateList, DigestAlgorithm, ObjectIdentifier, OcspResponse, Time, name,
};
use p256::ecdsa::{Signature, SigningKey};
use signature::Signer as _;
use signature::hazmat::PrehashSigner as _;

/// 2026-01-01T00:00:00Z.
pub const NEW_YEAR: i64 = 1_767_225_600;
pub const DAY: i64 = 86_400;

/// Noon of a day of 2026, counted from 1 January.
pub fn day(number: i64) -> Time {
    Time::from_unix_seconds(NEW_YEAR + number * DAY + DAY / 2)
}

pub fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

/// DER of a name with one commonName.
pub fn distinguished_name(common_name: &str) -> Vec<u8> {
    sequence(&[rdn(common_name)])
}

/// One relative distinguished name.
pub fn rdn(common_name: &str) -> Vec<u8> {
    let value = tlv(tag::UTF8_STRING, common_name.as_bytes());
    set_of(vec![sequence(&[asn1::oid(name::COMMON_NAME), value])])
}

/// `Extension`.
pub fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let mut fields = vec![asn1::oid(oid(id))];
    if critical {
        fields.push(tlv(tag::BOOLEAN, &[0xff]));
    }
    fields.push(tlv(tag::OCTET_STRING, value));
    sequence(&fields)
}

/// ecdsa-with-SHA256 or ecdsa-with-SHA512.
fn algorithm(issuer: &Subject) -> Vec<u8> {
    let oid = oid(if issuer.sha512 { "1.2.840.10045.4.3.4" } else { "1.2.840.10045.4.3.2" });
    sequence(&[asn1::oid(oid)])
}

fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(tag::BIT_STRING, &[&[0], bytes].concat())
}

fn time(time: Time) -> Vec<u8> {
    time.to_der().unwrap()
}

/// GeneralizedTime of a time before 2050.
pub fn generalized(time: Time) -> Vec<u8> {
    let text = time.to_string().replace(['-', ':', 'T'], "");
    tlv(tag::GENERALIZED_TIME, text.as_bytes())
}

fn signed(tbs: Vec<u8>, signer: &Subject, more: &[Vec<u8>]) -> Vec<u8> {
    let value = signer.sign(&tbs);
    let mut fields = vec![tbs, algorithm(signer), bit_string(value.to_der().as_bytes())];
    fields.extend_from_slice(more);
    sequence(&fields)
}

/// A certificate to be made.
#[derive(Clone)]
pub struct Subject {
    pub name: Vec<u8>,
    pub key: SigningKey,
    pub serial: Vec<u8>,
    pub extensions: Vec<Vec<u8>>,
    pub not_before: Time,
    pub not_after: Time,
    /// Signs with SHA-512 instead of SHA-256.
    pub sha512: bool,
}

impl Subject {
    pub fn new(common_name: &str, seed: u8) -> Self {
        Self {
            name: distinguished_name(common_name),
            key: key(seed),
            serial: vec![seed],
            extensions: Vec::new(),
            not_before: day(0),
            not_after: day(300),
            sha512: false,
        }
    }

    /// A certificate authority's.
    pub fn authority(common_name: &str, seed: u8) -> Self {
        Self::new(common_name, seed)
            .with("2.5.29.19", true, &sequence(&[tlv(tag::BOOLEAN, &[0xff])]))
            // keyCertSign and cRLSign.
            .with("2.5.29.15", true, &[3, 2, 1, 0x06])
    }

    /// An OCSP responder's.
    pub fn responder(common_name: &str, seed: u8) -> Self {
        let purposes = sequence(&[asn1::oid(oid("1.3.6.1.5.5.7.3.9"))]);
        Self::new(common_name, seed).with("2.5.29.37", false, &purposes)
    }

    pub fn with(mut self, id: &str, critical: bool, value: &[u8]) -> Self {
        self.extensions
            .retain(|one| !one.windows(oid(id).as_bytes().len()).any(|w| w == oid(id).as_bytes()));
        self.extensions.push(extension(id, critical, value));
        self
    }

    pub fn serial(mut self, serial: &[u8]) -> Self {
        self.serial = serial.to_vec();
        self
    }

    pub fn valid(mut self, from: i64, to: i64) -> Self {
        (self.not_before, self.not_after) = (day(from), day(to));
        self
    }

    /// The same key, signing with SHA-512.
    pub fn sha512(mut self) -> Self {
        self.sha512 = true;
        self
    }

    pub fn sign(&self, bytes: &[u8]) -> Signature {
        if !self.sha512 {
            return self.key.sign(bytes);
        }
        self.key.sign_prehash(DigestAlgorithm::Sha512.digest(bytes).as_bytes()).unwrap()
    }

    pub fn issued_by(&self, issuer: &Self) -> Certificate {
        let point = self.key.verifying_key().to_sec1_point(false);
        let kind =
            sequence(&[asn1::oid(oid("1.2.840.10045.2.1")), asn1::oid(oid("1.2.840.10045.3.1.7"))]);
        let mut fields = vec![
            constructed(tag::context(0), &[asn1::small_integer(2)]),
            tlv(tag::INTEGER, &self.serial),
            algorithm(issuer),
            issuer.name.clone(),
            sequence(&[time(self.not_before), time(self.not_after)]),
            self.name.clone(),
            sequence(&[kind, bit_string(point.as_bytes())]),
        ];
        if !self.extensions.is_empty() {
            fields.push(constructed(tag::context(3), &[sequence(&self.extensions)]));
        }
        Certificate::from_der(&signed(sequence(&fields), issuer, &[])).unwrap()
    }

    pub fn self_signed(&self) -> Certificate {
        self.issued_by(self)
    }
}

/// A CRL to be made.
#[derive(Clone)]
pub struct Crl {
    pub this_update: Time,
    pub next_update: Option<Time>,
    pub entries: Vec<Vec<u8>>,
    pub extensions: Vec<Vec<u8>>,
}

impl Crl {
    pub fn new(this: i64, next: i64) -> Self {
        Self {
            this_update: day(this),
            next_update: Some(day(next)),
            entries: Vec::new(),
            extensions: Vec::new(),
        }
    }

    pub fn with(mut self, id: &str, critical: bool, value: &[u8]) -> Self {
        self.extensions.push(extension(id, critical, value));
        self
    }

    /// An entry with these `Extension`s.
    pub fn entry(mut self, serial: &[u8], date: Time, extensions: &[Vec<u8>]) -> Self {
        let mut fields = vec![tlv(tag::INTEGER, serial), time(date)];
        if !extensions.is_empty() {
            fields.push(sequence(extensions));
        }
        self.entries.push(sequence(&fields));
        self
    }

    pub fn revoke(self, certificate: &Certificate, date: Time, reason: u8) -> Self {
        self.entry(certificate.serial(), date, &[reason_code(reason)])
    }

    pub fn number(self, number: u32) -> Self {
        self.with("2.5.29.20", false, &asn1::small_integer(number))
    }

    pub fn delta_of(self, base: u32) -> Self {
        self.with("2.5.29.27", true, &asn1::small_integer(base))
    }

    pub fn scope(self, fields: &[Vec<u8>]) -> Self {
        self.with("2.5.29.28", true, &sequence(fields))
    }

    pub fn signed_by(&self, issuer: &Subject) -> CertificateList {
        CertificateList::from_der(&self.der(issuer)).unwrap()
    }

    pub fn der(&self, issuer: &Subject) -> Vec<u8> {
        let mut fields = vec![
            asn1::small_integer(1),
            algorithm(issuer),
            issuer.name.clone(),
            time(self.this_update),
        ];
        fields.extend(self.next_update.map(time));
        if !self.entries.is_empty() {
            fields.push(sequence(&self.entries));
        }
        if !self.extensions.is_empty() {
            fields.push(constructed(tag::context(0), &[sequence(&self.extensions)]));
        }
        signed(sequence(&fields), issuer, &[])
    }
}

pub fn reason_code(reason: u8) -> Vec<u8> {
    extension("2.5.29.21", false, &[0x0a, 1, reason])
}

/// certificateIssuer with one directoryName.
pub fn certificate_issuer(name: &[u8]) -> Vec<u8> {
    extension("2.5.29.29", true, &sequence(&[directory_name(name)]))
}

/// GeneralName of the form directoryName.
pub fn directory_name(name: &[u8]) -> Vec<u8> {
    tlv(tag::context(4), name)
}

/// GeneralName of the form uniformResourceIdentifier.
pub fn uri(text: &str) -> Vec<u8> {
    tlv(0x86, text.as_bytes())
}

/// `[0]` distributionPoint with full names.
pub fn full_name(names: &[Vec<u8>]) -> Vec<u8> {
    constructed(tag::context(0), &[constructed(tag::context(0), names)])
}

/// `[number] IMPLICIT BOOLEAN` that is true.
pub fn flag(number: u8) -> Vec<u8> {
    tlv(tag::context_primitive(number), &[0xff])
}

/// What an OCSP response says of one certificate.
pub struct Single {
    pub id: CertId,
    pub status: Vec<u8>,
    pub this_update: Time,
    pub next_update: Option<Time>,
    pub extensions: Vec<Vec<u8>>,
}

impl Single {
    pub fn good(certificate: &Certificate, issuer: &Certificate, this: i64, next: i64) -> Self {
        Self {
            id: CertId::new(certificate, issuer, DigestAlgorithm::Sha1ForLegacyUseOnly),
            status: tlv(0x80, &[]),
            this_update: day(this),
            next_update: Some(day(next)),
            extensions: Vec::new(),
        }
    }

    pub fn unknown(mut self) -> Self {
        self.status = tlv(0x82, &[]);
        self
    }

    pub fn revoked(mut self, date: Time, reason: u8) -> Self {
        let reason = constructed(tag::context(0), &[tlv(0x0a, &[reason])]);
        self.status = constructed(0xa1, &[generalized(date), reason]);
        self
    }

    pub fn digest(
        mut self,
        c: &Certificate,
        issuer: &Certificate,
        digest: DigestAlgorithm,
    ) -> Self {
        self.id = CertId::new(c, issuer, digest);
        self
    }

    pub fn with(mut self, id: &str, critical: bool, value: &[u8]) -> Self {
        self.extensions.push(extension(id, critical, value));
        self
    }

    fn der(&self) -> Vec<u8> {
        let algorithm = sequence(&[asn1::oid(self.id.digest_algorithm.oid)]);
        let id = sequence(&[
            algorithm,
            tlv(tag::OCTET_STRING, &self.id.issuer_name_hash),
            tlv(tag::OCTET_STRING, &self.id.issuer_key_hash),
            tlv(tag::INTEGER, &self.id.serial),
        ]);
        let mut fields = vec![id, self.status.clone(), generalized(self.this_update)];
        fields.extend(self.next_update.map(|t| constructed(tag::context(0), &[generalized(t)])));
        if !self.extensions.is_empty() {
            fields.push(constructed(tag::context(1), &[sequence(&self.extensions)]));
        }
        sequence(&fields)
    }
}

/// An OCSP response to be made.
pub struct Ocsp {
    pub singles: Vec<Single>,
    pub produced_at: Time,
    pub by_key: bool,
    pub certificates: Vec<Certificate>,
    pub extensions: Vec<Vec<u8>>,
}

impl Ocsp {
    pub fn new(single: Single) -> Self {
        Self {
            produced_at: single.this_update,
            singles: vec![single],
            by_key: false,
            certificates: Vec::new(),
            extensions: Vec::new(),
        }
    }

    pub fn carrying(mut self, certificate: &Certificate) -> Self {
        self.certificates.push(certificate.clone());
        self
    }

    pub fn by_key(mut self) -> Self {
        self.by_key = true;
        self
    }

    pub fn signed_by(&self, signer: &Subject) -> OcspResponse {
        OcspResponse::from_der(&self.der(signer)).unwrap()
    }

    /// DER of the bare BasicOCSPResponse.
    pub fn der(&self, signer: &Subject) -> Vec<u8> {
        let point = signer.key.verifying_key().to_sec1_point(false);
        let hash = DigestAlgorithm::Sha1ForLegacyUseOnly.digest(point.as_bytes());
        let id = if self.by_key {
            constructed(tag::context(2), &[tlv(tag::OCTET_STRING, hash.as_bytes())])
        } else {
            constructed(tag::context(1), &[&signer.name])
        };
        let singles: Vec<_> = self.singles.iter().map(Single::der).collect();
        let mut fields = vec![id, generalized(self.produced_at), sequence(&singles)];
        if !self.extensions.is_empty() {
            fields.push(constructed(tag::context(1), &[sequence(&self.extensions)]));
        }
        let certificates: Vec<_> = self.certificates.iter().map(Certificate::as_der).collect();
        let more = if certificates.is_empty() {
            Vec::new()
        } else {
            vec![constructed(tag::context(0), &[sequence(&certificates)])]
        };
        signed(sequence(&fields), signer, &more)
    }
}
