//! `KeyInfo` (XML Signature 1.1 §4.5): what the signer says about the key, none of which is trusted.

use super::element::{Children, base64, is, position, trimmed};
use super::error::SignatureError;
use super::method::decimal;
use super::{NAMESPACE, NAMESPACE_11};
use crate::algorithm::{XmlAlgorithmError, digest_algorithm};
use kyso_x509::asn1::{self, tag};
use kyso_x509::{
    Certificate, DigestAlgorithm, EllipticCurve, PublicKey, PublicKeyAlgorithm, PublicKeyError,
    algorithm::RSA_ENCRYPTION, public_key::EC_PUBLIC_KEY,
};
use roxmltree::Node;

/// Hints at the signer's key; elements of other namespaces are passed over, as the schema allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyInfo {
    /// `KeyName` (§4.5.1).
    pub key_names: Vec<String>,
    /// `KeyValue` (§4.5.2).
    pub key_values: Vec<KeyValue>,
    /// `X509Data` (§4.5.4).
    pub x509: Vec<X509Data>,
    /// How many `RetrievalMethod` and `KeyInfoReference` there are (§4.5.3, §4.5.10); none is followed.
    pub retrieval_methods: usize,
}

/// One `X509Data` (§4.5.4): certificates, and names of the one that signs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct X509Data {
    /// `X509Certificate`, in DER.
    pub certificates: Vec<Vec<u8>>,
    /// `X509SubjectName` as written.
    pub subject_names: Vec<String>,
    /// `X509IssuerSerial`: the issuer's name as written, the serial number in decimal without leading zeros.
    pub issuer_serials: Vec<(String, String)>,
    /// `X509SKI`: the value of the subject key identifier extension.
    pub subject_key_identifiers: Vec<Vec<u8>>,
    /// `dsig11:X509Digest`: the digest of the whole certificate.
    pub digests: Vec<(Result<DigestAlgorithm, XmlAlgorithmError>, Vec<u8>)>,
    /// `X509CRL`, in DER.
    pub crls: Vec<Vec<u8>>,
}

/// A bare key (§4.5.2), which anybody can put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyValue {
    /// `RSAKeyValue`: modulus and public exponent, unsigned, most significant byte first.
    Rsa {
        /// The modulus.
        modulus: Vec<u8>,
        /// The public exponent.
        exponent: Vec<u8>,
    },
    /// `dsig11:ECKeyValue` with a named curve.
    Ec {
        /// The curve; `None` for one that is not ours.
        curve: Option<EllipticCurve>,
        /// The point (SEC 1 §2.3.3).
        point: Vec<u8>,
    },
    /// `DSAKeyValue` or another kind, which is not computed.
    Other,
}

impl KeyInfo {
    /// The certificates in it that can be read, each once.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        let mut certificates: Vec<Certificate> = Vec::new();
        for der in self.x509.iter().flat_map(|data| &data.certificates) {
            if let Ok(certificate) = Certificate::from_der(der)
                && !certificates.contains(&certificate)
            {
                certificates.push(certificate);
            }
        }
        certificates
    }

    /// How many of the names beside the certificates fit this one; what is not a name in XML is not compared.
    pub(crate) fn names(&self, certificate: &Certificate) -> usize {
        let serial = decimal_of(certificate.serial());
        self.x509
            .iter()
            .map(|data| {
                let serials = data.issuer_serials.iter().filter(|(_, one)| *one == serial);
                let keys = data.subject_key_identifiers.iter().filter(|identifier| {
                    certificate.subject_key_identifier() == Some(identifier.as_slice())
                });
                let digests = data.digests.iter().filter(|(algorithm, digest)| {
                    algorithm.as_ref().is_ok_and(|algorithm| {
                        certificate.fingerprint(*algorithm).as_bytes() == digest
                    })
                });
                serials.count() + keys.count() + digests.count()
            })
            .sum()
    }

    pub(crate) fn read(node: Node<'_, '_>) -> Result<Self, SignatureError> {
        let mut info = Self::default();
        let mut children = Children::of(node)?;
        while let Some(child) = children.any() {
            let name = child.tag_name();
            match (name.namespace(), name.name()) {
                (Some(NAMESPACE), "KeyName") => info.key_names.push(trimmed(child)?),
                (Some(NAMESPACE), "KeyValue") => info.key_values.push(KeyValue::read(child)?),
                (Some(NAMESPACE), "X509Data") => info.x509.push(X509Data::read(child)?),
                (Some(NAMESPACE), "RetrievalMethod") | (Some(NAMESPACE_11), "KeyInfoReference") => {
                    info.retrieval_methods += 1
                }
                (Some(NAMESPACE), "PGPData" | "SPKIData" | "MgmtData") => {}
                (Some(NAMESPACE) | None, _) => {
                    return Err(SignatureError::UnexpectedContent(position(child)));
                }
                // dsig11:DEREncodedKeyValue and what others define.
                (Some(_), _) => {}
            }
        }
        Ok(info)
    }
}

impl X509Data {
    fn read(node: Node<'_, '_>) -> Result<Self, SignatureError> {
        let mut data = Self::default();
        let mut children = Children::of(node)?;
        while let Some(child) = children.any() {
            let name = child.tag_name();
            match (name.namespace(), name.name()) {
                (Some(NAMESPACE), "X509Certificate") => data.certificates.push(base64(child)?),
                (Some(NAMESPACE), "X509SubjectName") => data.subject_names.push(trimmed(child)?),
                (Some(NAMESPACE), "X509SKI") => data.subject_key_identifiers.push(base64(child)?),
                (Some(NAMESPACE), "X509CRL") => data.crls.push(base64(child)?),
                (Some(NAMESPACE), "X509IssuerSerial") => {
                    data.issuer_serials.push(issuer_serial(child)?);
                }
                (Some(NAMESPACE_11), "X509Digest") => {
                    let uri = super::element::attribute(child, "Algorithm")?;
                    data.digests.push((digest_algorithm(uri), base64(child)?));
                }
                (Some(NAMESPACE) | None, _) => {
                    return Err(SignatureError::UnexpectedContent(position(child)));
                }
                (Some(_), _) => {}
            }
        }
        Ok(data)
    }
}

/// `X509IssuerSerialType`: `X509IssuerName`, then `X509SerialNumber`.
pub(crate) fn issuer_serial(node: Node<'_, '_>) -> Result<(String, String), SignatureError> {
    let mut fields = Children::of(node)?;
    let issuer = trimmed(fields.required(NAMESPACE, "X509IssuerName")?)?;
    let serial = decimal(fields.required(NAMESPACE, "X509SerialNumber")?)?;
    fields.finish()?;
    Ok((issuer, serial))
}

impl KeyValue {
    fn read(node: Node<'_, '_>) -> Result<Self, SignatureError> {
        let mut children = Children::of(node)?;
        let Some(value) = children.any() else {
            return Err(SignatureError::MissingElement {
                element: "RSAKeyValue",
                position: position(node),
            });
        };
        children.finish()?;
        if is(value, NAMESPACE, "RSAKeyValue") {
            let mut fields = Children::of(value)?;
            let modulus = base64(fields.required(NAMESPACE, "Modulus")?)?;
            let exponent = base64(fields.required(NAMESPACE, "Exponent")?)?;
            fields.finish()?;
            return Ok(Self::Rsa { modulus, exponent });
        }
        if is(value, NAMESPACE_11, "ECKeyValue") {
            let mut fields = Children::of(value)?;
            if let Some(named) = fields.optional(NAMESPACE_11, "NamedCurve") {
                let uri = super::element::attribute(named, "URI")?;
                let curve = EllipticCurve::ALL
                    .into_iter()
                    .find(|curve| uri.strip_prefix("urn:oid:") == Some(&curve.oid().to_string()));
                let point = base64(fields.required(NAMESPACE_11, "PublicKey")?)?;
                fields.finish()?;
                return Ok(Self::Ec { curve, point });
            }
        }
        Ok(Self::Other)
    }

    /// The key, if it is of a kind that can verify; whose it is nobody says.
    ///
    /// # Errors
    /// When it is no valid key of ours.
    pub fn public_key(&self) -> Result<PublicKey, PublicKeyError> {
        let identifier = match self {
            Self::Rsa { .. } => [asn1::oid(RSA_ENCRYPTION), asn1::NULL.to_vec()],
            Self::Ec { curve: Some(curve), .. } => {
                [asn1::oid(EC_PUBLIC_KEY), asn1::oid(curve.oid())]
            }
            Self::Ec { curve: None, .. } | Self::Other => {
                return Err(PublicKeyError::UnsupportedCurve { oid: None });
            }
        };
        let mut bits = vec![0];
        bits.extend_from_slice(&self.subject_public_key());
        let spki =
            asn1::sequence(&[asn1::sequence(&identifier), asn1::tlv(tag::BIT_STRING, &bits)]);
        PublicKey::from_spki_der(&spki)
    }

    /// The content of subjectPublicKey.
    fn subject_public_key(&self) -> Vec<u8> {
        match self {
            Self::Rsa { modulus, exponent } => {
                asn1::sequence(&[asn1::unsigned_integer(modulus), asn1::unsigned_integer(exponent)])
            }
            Self::Ec { point, .. } => point.clone(),
            Self::Other => Vec::new(),
        }
    }

    /// False where this is another key than the certificate's; a kind or encoding that is not compared says nothing.
    pub(crate) fn may_be(&self, certificate: &Certificate) -> bool {
        let comparable = match (self, certificate.borrowed_public_key().map(PublicKey::algorithm)) {
            (Self::Rsa { .. }, Ok(PublicKeyAlgorithm::Rsa { .. })) => true,
            // Both as uncompressed points.
            (Self::Ec { point, .. }, Ok(PublicKeyAlgorithm::Ec(curve))) => {
                let uncompressed = 1 + 2 * curve.integer_len();
                // 03 len 00, then the point.
                let der = certificate.spki_der();
                let ends = der.len().checked_sub(uncompressed).and_then(|at| der.get(at));
                point.len() == uncompressed && ends == Some(&4)
            }
            (Self::Rsa { .. } | Self::Ec { .. }, Ok(_)) => return false,
            _ => false,
        };
        !comparable || certificate.spki_der().ends_with(&self.subject_public_key())
    }
}

/// Decimal digits of an unsigned integer, most significant byte first.
///
/// RFC 5280 §4.1.2.2 allows 20 bytes; what is far longer is no serial number to compare, and would take long to write.
pub(crate) fn decimal_of(bytes: &[u8]) -> String {
    if bytes.len() > 64 {
        return String::new();
    }
    // Least significant digit first.
    let mut digits: Vec<u8> = vec![0];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).unwrap_or_default();
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or_default());
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::decimal_of;

    #[test]
    fn serial_numbers_in_decimal() {
        assert_eq!(decimal_of(&[]), "0");
        assert_eq!(decimal_of(&[0, 0]), "0");
        assert_eq!(decimal_of(&[0, 255]), "255");
        assert_eq!(decimal_of(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), "18446744073709551616");
    }
}
