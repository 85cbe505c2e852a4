//! The signing-certificate attributes (RFC 2634 §5.4, RFC 5035 §3–5), which bind a signature to one certificate.

use kyso_x509::asn1::{self, Asn1Error, Element, Reader, Rules, tag};
use kyso_x509::{AlgorithmIdentifier, Certificate, DigestAlgorithm, Name};

/// Which attribute binds the signature to the whole of the signer's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningCertificateBinding {
    /// None: another certificate with the same key could stand in.
    Missing,
    /// signing-certificate, whose hash is SHA-1.
    V1,
    /// signing-certificate-v2.
    V2(DigestAlgorithm),
}

/// The first ESSCertID of an attribute, which names the signer's certificate.
pub(crate) struct CertificateId {
    pub(crate) hash_algorithm: AlgorithmIdentifier,
    hash: Vec<u8>,
    issuer_serial: Option<(Name, Vec<u8>)>,
}

impl CertificateId {
    /// Reads `SigningCertificate`.
    pub(crate) fn from_v1(value: &[u8]) -> Result<Self, Asn1Error> {
        let id = first_id(value)?;
        let mut fields = Reader::new(&id, Rules::Der).element()?.children()?;
        let hash = fields.expect(tag::OCTET_STRING)?.value().to_vec();
        let sha1 = DigestAlgorithm::Sha1ForLegacyUseOnly.to_algorithm_identifier();
        Self::finish(sha1, hash, fields)
    }

    /// Reads `SigningCertificateV2`.
    pub(crate) fn from_v2(value: &[u8]) -> Result<Self, Asn1Error> {
        let id = first_id(value)?;
        let mut fields = Reader::new(&id, Rules::Der).element()?.children()?;
        let hash_algorithm = match fields.optional(tag::SEQUENCE)? {
            Some(identifier) => AlgorithmIdentifier::from_element(&identifier)?,
            // RFC 5035 §4: DEFAULT sha256.
            None => DigestAlgorithm::Sha256.to_algorithm_identifier(),
        };
        let hash = fields.expect(tag::OCTET_STRING)?.value().to_vec();
        Self::finish(hash_algorithm, hash, fields)
    }

    fn finish(
        hash_algorithm: AlgorithmIdentifier,
        hash: Vec<u8>,
        mut fields: Reader<'_>,
    ) -> Result<Self, Asn1Error> {
        let issuer_serial =
            fields.optional(tag::SEQUENCE)?.map(|element| issuer_serial(&element)).transpose()?;
        fields.finish()?;
        Ok(Self { hash_algorithm, hash, issuer_serial })
    }

    /// True when hash, and issuer and serial where they are given, are those of the certificate.
    pub(crate) fn matches(&self, certificate: &Certificate, algorithm: DigestAlgorithm) -> bool {
        certificate.fingerprint(algorithm).as_bytes() == self.hash
            && self.issuer_serial.as_ref().is_none_or(|(issuer, serial)| {
                certificate.issuer() == issuer && certificate.serial() == serial
            })
    }
}

/// DER of the first ESSCertID in the attribute's value.
fn first_id(value: &[u8]) -> Result<Vec<u8>, Asn1Error> {
    let mut outer = Reader::new(value, Rules::Der);
    let mut fields = outer.expect(tag::SEQUENCE)?.children()?;
    outer.finish()?;
    let id = fields.expect(tag::SEQUENCE)?.children()?.expect(tag::SEQUENCE)?;
    // policies, which nothing here uses.
    fields.optional(tag::SEQUENCE)?;
    fields.finish()?;
    Ok(id.raw().to_vec())
}

/// `IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber INTEGER }`, the issuer being one directoryName.
fn issuer_serial(element: &Element<'_>) -> Result<(Name, Vec<u8>), Asn1Error> {
    let mut fields = element.children()?;
    let names = fields.expect(tag::SEQUENCE)?;
    let serial = fields.expect(tag::INTEGER)?.value().to_vec();
    fields.finish()?;
    let directory_name = names.only_child()?;
    if directory_name.tag() != tag::context(4) {
        return Err(directory_name.invalid());
    }
    let name = directory_name.only_child()?;
    let name = Name::from_der(name.raw())?;
    Ok((name, serial))
}

/// DER of `SigningCertificateV2` with one ESSCertIDv2: SHA-256, which being the default is left out.
pub(crate) fn signing_certificate_v2(certificate: &Certificate) -> Vec<u8> {
    let directory_name = asn1::tlv(tag::context(4), certificate.issuer().as_der());
    let issuer_serial = asn1::sequence(&[
        asn1::sequence(&[directory_name]),
        asn1::tlv(tag::INTEGER, certificate.serial()),
    ]);
    let hash = certificate.sha256_fingerprint();
    let id = asn1::sequence(&[asn1::tlv(tag::OCTET_STRING, hash.as_bytes()), issuer_serial]);
    asn1::sequence(&[asn1::sequence(&[id])])
}
