//! OCSP requests and the CertID that names a certificate in them (RFC 6960 §4.1.1).

use super::{CERTIFICATE_NONCE, CertId};
use crate::asn1::{NULL, Reader, Rules, constructed, oid, sequence, tag, tlv};
use crate::certificate::Certificate;
use crate::digest::DigestAlgorithm;

/// DER of an unsigned OCSPRequest for one certificate.
///
/// SHA-1 is what every responder understands in a CertID, where it needs no collision resistance (RFC 5019 §2.1.1).
/// A nonce has 1 to 128 bytes, 32 as RFC 9654 §2.1 recommends; responders that answer from a store ignore it.
#[must_use]
pub fn request(
    certificate: &Certificate,
    issuer: &Certificate,
    digest: DigestAlgorithm,
    nonce: Option<&[u8]>,
) -> Vec<u8> {
    let id = CertId::new(certificate, issuer, digest).to_der();
    let request = sequence(&[id]);
    let mut fields = vec![sequence(&[request])];
    if let Some(nonce) = nonce {
        let value = tlv(tag::OCTET_STRING, &tlv(tag::OCTET_STRING, nonce));
        let extensions = sequence(&[sequence(&[oid(CERTIFICATE_NONCE), value])]);
        fields.push(constructed(tag::context(2), &[extensions]));
    }
    sequence(&[sequence(&fields)])
}

impl CertId {
    /// Names a certificate by its issuer and serial number.
    #[must_use]
    pub fn new(
        certificate: &Certificate,
        issuer: &Certificate,
        algorithm: DigestAlgorithm,
    ) -> Self {
        Self {
            digest_algorithm: algorithm.to_algorithm_identifier(),
            issuer_name_hash: algorithm.digest(certificate.issuer().as_der()).as_bytes().to_vec(),
            issuer_key_hash: algorithm.digest(subject_public_key(issuer)).as_bytes().to_vec(),
            serial: certificate.serial().to_vec(),
        }
    }

    /// `CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }`.
    fn to_der(&self) -> Vec<u8> {
        // Parameters NULL, as all clients write them: some responders compare bytes.
        let algorithm = sequence(&[oid(self.digest_algorithm.oid), NULL.to_vec()]);
        sequence(&[
            algorithm,
            tlv(tag::OCTET_STRING, &self.issuer_name_hash),
            tlv(tag::OCTET_STRING, &self.issuer_key_hash),
            tlv(tag::INTEGER, &self.serial),
        ])
    }
}

/// The content of subjectPublicKey without its count of unused bits: what key hashes are made of.
pub(crate) fn subject_public_key(certificate: &Certificate) -> &[u8] {
    let read = || {
        let mut fields =
            Reader::new(certificate.spki_der(), Rules::Der).element().ok()?.children().ok()?;
        fields.element().ok()?;
        fields.element().ok()?.bit_string_bytes().ok()
    };
    // A key that cannot be read hashes to what no responder has.
    read().unwrap_or_default()
}
