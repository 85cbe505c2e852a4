//! `SigningCertificateV2` and `SigningCertificate` (EN 319 132-1 §5.2.2, Annex D): which certificate the signer bound.

use super::NAMESPACE;
use crate::algorithm::XmlAlgorithmError;
use crate::dsig::SignatureError;
use crate::dsig::element::{Children, base64};
use crate::dsig::key_info::{decimal_of, issuer_serial};
use crate::dsig::method::digest_method;
use kyso_x509::asn1::{Reader, Rules, tag};
use kyso_x509::{Certificate, DigestAlgorithm};
use roxmltree::Node;

/// Which property binds the signature to the whole of the signer's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningCertificateBinding {
    /// None: another certificate with the same key could stand in.
    Missing,
    /// `SigningCertificate`, with this digest.
    V1(DigestAlgorithm),
    /// `SigningCertificateV2`, with this digest.
    V2(DigestAlgorithm),
}

/// A `Cert`: the digest of a certificate, and perhaps its issuer and serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateId {
    /// The digest algorithm.
    pub digest_method: Result<DigestAlgorithm, XmlAlgorithmError>,
    /// The digest of the whole certificate.
    pub digest: Vec<u8>,
    serial: Option<Serial>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Serial {
    /// The first version's: in decimal.
    Decimal(String),
    /// The second version's: the content of the INTEGER.
    Der(Vec<u8>),
}

impl CertificateId {
    /// Every `Cert` of either property.
    pub(super) fn read_all(node: Node<'_, '_>, second: bool) -> Result<Vec<Self>, SignatureError> {
        let mut ids = Vec::new();
        let mut certificates = Children::of(node)?;
        // At least one; a path has half a dozen.
        ids.push(Self::read(certificates.required(NAMESPACE, "Cert")?, second)?);
        while let Some(certificate) = certificates.optional(NAMESPACE, "Cert") {
            ids.push(Self::read(certificate, second)?);
        }
        certificates.finish()?;
        Ok(ids)
    }

    fn read(node: Node<'_, '_>, second: bool) -> Result<Self, SignatureError> {
        let mut fields = Children::of(node)?;
        let (digest_method, digest) = digest_and_value(fields.required(NAMESPACE, "CertDigest")?)?;
        let serial = if second {
            fields
                .optional(NAMESPACE, "IssuerSerialV2")
                .map(|node| Ok::<_, SignatureError>(serial_of(&base64(node)?)))
                .transpose()?
                .flatten()
                .map(Serial::Der)
        } else {
            let (_, serial) = issuer_serial(fields.required(NAMESPACE, "IssuerSerial")?)?;
            Some(Serial::Decimal(serial))
        };
        fields.finish()?;
        Ok(Self { digest_method, digest, serial })
    }

    /// True where digest and serial number are those of the certificate.
    #[must_use]
    pub fn matches(&self, certificate: &Certificate) -> bool {
        let digest = self
            .digest_method
            .as_ref()
            .is_ok_and(|algorithm| certificate.fingerprint(*algorithm).as_bytes() == self.digest);
        digest
            && match &self.serial {
                None => true,
                Some(Serial::Decimal(serial)) => *serial == decimal_of(certificate.serial()),
                Some(Serial::Der(serial)) => serial == certificate.serial(),
            }
    }
}

/// `DigestAlgAndValueType`.
pub(super) fn digest_and_value(
    node: Node<'_, '_>,
) -> Result<(Result<DigestAlgorithm, XmlAlgorithmError>, Vec<u8>), SignatureError> {
    let mut fields = Children::of(node)?;
    let method = digest_method(fields.required(crate::dsig::NAMESPACE, "DigestMethod")?)?;
    let value = base64(fields.required(crate::dsig::NAMESPACE, "DigestValue")?)?;
    fields.finish()?;
    Ok((method, value))
}

/// The serial number of `IssuerSerial` (RFC 5035 §5); `None` for what is none, which the digest makes up for.
fn serial_of(der: &[u8]) -> Option<Vec<u8>> {
    let element = Reader::new(der, Rules::Der).expect(tag::SEQUENCE).ok()?;
    let mut fields = element.children().ok()?;
    fields.expect(tag::SEQUENCE).ok()?;
    Some(fields.expect(tag::INTEGER).ok()?.value().to_vec())
}
