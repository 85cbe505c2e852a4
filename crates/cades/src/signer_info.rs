//! SignerInfo (RFC 5652 §5.3).

use crate::attribute::{Attribute, SignedAttributes};
use crate::oid;
use kyso_x509::asn1::{self, Asn1Error, Asn1ErrorKind, Element, Reader, Rules, tag};
use kyso_x509::{AlgorithmError, AlgorithmIdentifier, Certificate, Name, SignatureAlgorithm};

/// What names the signer's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerIdentifier {
    /// issuerAndSerialNumber.
    IssuerAndSerialNumber {
        /// The issuer's name.
        issuer: Name,
        /// Content octets of the serial number.
        serial: Vec<u8>,
    },
    /// subjectKeyIdentifier.
    SubjectKeyIdentifier(Vec<u8>),
}

impl SignerIdentifier {
    /// True when it names this certificate.
    #[must_use]
    pub fn matches(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerialNumber { issuer, serial } => {
                certificate.serial() == serial && certificate.issuer() == issuer
            }
            Self::SubjectKeyIdentifier(identifier) => {
                certificate.subject_key_identifier() == Some(identifier)
            }
        }
    }
}

impl core::fmt::Display for SignerIdentifier {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let hex = |f: &mut core::fmt::Formatter<'_>, bytes: &[u8]| {
            bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        };
        match self {
            Self::IssuerAndSerialNumber { issuer, serial } => {
                write!(f, "issuer [{issuer}], serial ")?;
                hex(f, serial)
            }
            Self::SubjectKeyIdentifier(identifier) => {
                f.write_str("subject key identifier ")?;
                hex(f, identifier)
            }
        }
    }
}

/// One signer's part of a SignedData, or a counter-signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerInfo {
    raw: Vec<u8>,
    /// Where version to signature stand, as received: what an archive time-stamp covers, and no augmentation changes.
    fields: core::ops::Range<usize>,
    version: u32,
    sid: SignerIdentifier,
    digest_algorithm: AlgorithmIdentifier,
    signed_attributes: Option<SignedAttributes>,
    signature_algorithm: AlgorithmIdentifier,
    signature: Vec<u8>,
    unsigned_attributes: Vec<Attribute>,
}

impl SignerInfo {
    /// Reads the SEQUENCE.
    pub(crate) fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        if element.tag() != tag::SEQUENCE {
            return Err(element.invalid());
        }
        let mut fields = element.children()?;
        let version = fields.expect(tag::INTEGER)?;
        let fields_start = version.offset() - element.offset();
        let version = version.small_integer()?;
        let sid = signer_identifier(&fields.element()?)?;
        let digest_algorithm = AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let signed_attributes = fields
            .optional(tag::context(0))?
            .map(|attributes| SignedAttributes::from_element(&attributes))
            .transpose()?;
        let signature_algorithm =
            AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let signature = fields.expect(tag::OCTET_STRING)?;
        let fields_end = signature.offset() + signature.raw().len() - element.offset();
        let signature = signature.octets()?.into_owned();
        let unsigned_attributes = match fields.optional(tag::context(1))? {
            None => Vec::new(),
            Some(attributes) => attributes
                .children()?
                .rest()?
                .iter()
                .map(Attribute::from_element)
                .collect::<Result<_, _>>()?,
        };
        fields.finish()?;
        Ok(Self {
            raw: element.raw().to_vec(),
            fields: fields_start..fields_end,
            version,
            sid,
            digest_algorithm,
            signed_attributes,
            signature_algorithm,
            signature,
            unsigned_attributes,
        })
    }

    /// Reads one SignerInfo in BER, as a counter-signature's value holds it.
    ///
    /// # Errors
    /// When it is malformed or followed by more.
    pub fn from_ber(ber: &[u8]) -> Result<Self, Asn1Error> {
        let mut reader = Reader::new(ber, Rules::Ber);
        let element = reader.element()?;
        reader.finish()?;
        Self::from_element(&element)
    }

    /// The bytes received.
    #[must_use]
    pub fn as_received(&self) -> &[u8] {
        &self.raw
    }

    /// version, sid, digestAlgorithm, signedAttrs, signatureAlgorithm and signature, as received.
    pub(crate) fn fields_as_received(&self) -> &[u8] {
        self.raw.get(self.fields.clone()).unwrap_or_default()
    }

    /// The same signer with one more unsigned attribute, in DER, behind the others; every byte that was there is kept.
    pub(crate) fn with_unsigned_attribute(&self, attribute: &[u8]) -> Result<Self, Asn1Error> {
        let element = Reader::new(&self.raw, Rules::Ber).element()?;
        let mut existing: &[u8] = &[];
        for field in element.children()?.rest()? {
            if field.tag() == tag::context(1) {
                existing = field.value();
            }
        }
        let attributes = asn1::constructed(tag::context(1), &[existing, attribute]);
        let raw = asn1::sequence(&[self.fields_as_received(), &attributes]);
        Self::from_ber(&raw)
    }

    /// CMSVersion: 1 with issuerAndSerialNumber, 3 with subjectKeyIdentifier.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What names the signer's certificate.
    #[must_use]
    pub const fn sid(&self) -> &SignerIdentifier {
        &self.sid
    }

    /// digestAlgorithm.
    #[must_use]
    pub const fn digest_algorithm(&self) -> &AlgorithmIdentifier {
        &self.digest_algorithm
    }

    /// signatureAlgorithm.
    #[must_use]
    pub const fn signature_algorithm(&self) -> &AlgorithmIdentifier {
        &self.signature_algorithm
    }

    /// The algorithm that both fields name together.
    ///
    /// # Errors
    /// When one is unknown or they contradict each other.
    pub fn algorithm(&self) -> Result<SignatureAlgorithm, AlgorithmError> {
        SignatureAlgorithm::from_cms(&self.digest_algorithm, &self.signature_algorithm)
    }

    /// signedAttrs.
    #[must_use]
    pub const fn signed_attributes(&self) -> Option<&SignedAttributes> {
        self.signed_attributes.as_ref()
    }

    /// The signature value.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// unsignedAttrs, with every value as received.
    #[must_use]
    pub fn unsigned_attributes(&self) -> &[Attribute] {
        &self.unsigned_attributes
    }

    /// The counter-signatures among the unsigned attributes, parsed or with the reason why one is not.
    #[must_use]
    pub fn counter_signatures(&self) -> Vec<Result<Self, Asn1Error>> {
        self.unsigned_attributes
            .iter()
            .filter(|attribute| attribute.oid == oid::COUNTER_SIGNATURE)
            .flat_map(|attribute| &attribute.values)
            .map(|value| Self::from_ber(value))
            .collect()
    }
}

fn signer_identifier(element: &Element<'_>) -> Result<SignerIdentifier, Asn1Error> {
    match element.tag() {
        tag::SEQUENCE => {
            let mut fields = element.children()?;
            let issuer = fields.expect(tag::SEQUENCE)?;
            let serial = fields.expect(tag::INTEGER)?.value().to_vec();
            fields.finish()?;
            Ok(SignerIdentifier::IssuerAndSerialNumber {
                issuer: Name::from_der(&issuer.to_der()?)?,
                serial,
            })
        }
        0x80 => Ok(SignerIdentifier::SubjectKeyIdentifier(element.value().to_vec())),
        found => Err(Asn1Error {
            offset: element.offset(),
            kind: Asn1ErrorKind::UnexpectedTag { expected: tag::SEQUENCE, found: Some(found) },
        }),
    }
}
