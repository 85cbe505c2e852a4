//! X.509 certificates (RFC 5280 §4) over the bytes that were received.

mod cache;

pub use cache::{CertificateCache, MAX_CACHED_LEN};

use crate::algorithm::{AlgorithmError, AlgorithmIdentifier, SignatureAlgorithm};
use crate::asn1::{Asn1Error, Element, Reader, Rules, tag};
use crate::digest::{Digest, DigestAlgorithm};
use crate::extension::constraint::Constraints;
use crate::extension::{Extension, ExtensionError, Extensions, KeyUsage};
use crate::name::Name;
use crate::pem::{self, PemError};
use crate::public_key::{PublicKey, PublicKeyError};
use crate::time::Time;
use const_oid::ObjectIdentifier;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

const PEM_LABEL: &str = "CERTIFICATE";

/// A certificate; cloning it copies a pointer.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    tbs: Range<usize>,
    signature: Range<usize>,
    signature_algorithm: AlgorithmIdentifier,
    tbs_signature_algorithm: AlgorithmIdentifier,
    version: u32,
    serial: Vec<u8>,
    issuer: Name,
    subject: Name,
    validity: Validity,
    spki: Range<usize>,
    extensions: Extensions,
    /// Of the whole; made once, and not before anybody asks.
    sha256: OnceLock<Digest>,
    /// Read once: thousands of signatures may be made under one certificate.
    public_key: OnceLock<Result<PublicKey, PublicKeyError>>,
    /// The key under which the issuer's signature was found right: the same chain is walked thousands of times.
    verified_by: OnceLock<PublicKey>,
    /// What the certificate demands of paths; read once, and not before a path needs it.
    constraints: OnceLock<Result<Constraints, ExtensionError>>,
}

/// The period in which the issuer vouches for the certificate, both ends included (RFC 5280 §4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First valid second.
    pub not_before: Time,
    /// Last valid second.
    pub not_after: Time,
}

impl Validity {
    /// True when the time lies in the period.
    #[must_use]
    pub fn contains(&self, time: Time) -> bool {
        self.not_before <= time && time <= self.not_after
    }
}

/// Why bytes are no certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// The DER is malformed.
    Der(Asn1Error),
    /// An extension is malformed or occurs twice.
    Extension(ExtensionError),
    /// A PEM block that begins at this byte does not end or is no base64.
    Pem {
        /// Offset in bytes of the block.
        offset: usize,
    },
    /// No certificate at all was found in the data.
    Missing,
}

impl core::fmt::Display for CertificateError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Der(error) => write!(f, "malformed certificate: {error}"),
            Self::Extension(error) => error.fmt(f),
            Self::Pem { offset } => write!(f, "malformed PEM block at offset {offset}"),
            Self::Missing => f.write_str("no certificate found"),
        }
    }
}

impl core::error::Error for CertificateError {}

impl From<Asn1Error> for CertificateError {
    fn from(error: Asn1Error) -> Self {
        Self::Der(error)
    }
}

impl From<ExtensionError> for CertificateError {
    fn from(error: ExtensionError) -> Self {
        Self::Extension(error)
    }
}

impl Certificate {
    /// Reads one certificate in DER.
    ///
    /// # Errors
    /// When it is malformed, followed by more, or carries a malformed or doubled extension.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let mut outer = Reader::new(der, Rules::Der);
        let mut fields = outer.expect(tag::SEQUENCE)?.children()?;
        outer.finish()?;
        let tbs = fields.expect(tag::SEQUENCE)?;
        let signature_algorithm =
            AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let signature = fields.expect(tag::BIT_STRING)?;
        fields.finish()?;
        let signature_len = signature.bit_string_bytes()?.len();
        let signature_end = signature.offset() + signature.raw().len();

        let mut fields = tbs.children()?;
        let version = fields
            .optional(tag::context(0))?
            .map_or(Ok(0), |explicit| explicit.only_child()?.small_integer())?;
        let serial = fields.expect(tag::INTEGER)?.value().to_vec();
        let tbs_signature_algorithm =
            AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let issuer = Name::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let validity = validity(&fields.expect(tag::SEQUENCE)?)?;
        let subject = Name::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let spki = fields.expect(tag::SEQUENCE)?;
        // issuerUniqueID and subjectUniqueID say nothing that is used.
        fields.optional(tag::context_primitive(1))?;
        fields.optional(tag::context_primitive(2))?;
        let extensions = match fields.optional(tag::context(3))? {
            Some(explicit) => Extensions::from_element(&explicit.only_child()?)?,
            None => Extensions::default(),
        };
        fields.finish()?;
        Ok(Self(Arc::new(Inner {
            tbs: range(&tbs),
            signature: signature_end - signature_len..signature_end,
            signature_algorithm,
            tbs_signature_algorithm,
            version,
            serial,
            issuer,
            subject,
            validity,
            spki: range(&spki),
            extensions,
            der: der.to_vec(),
            sha256: OnceLock::new(),
            public_key: OnceLock::new(),
            verified_by: OnceLock::new(),
            constraints: OnceLock::new(),
        })))
    }

    /// Reads one certificate in DER, or every `CERTIFICATE` block of a PEM text (RFC 7468), in order.
    ///
    /// # Errors
    /// When one is malformed, or there is none.
    pub fn all_from_pem_or_der(bytes: &[u8]) -> Result<Vec<Self>, CertificateError> {
        if bytes.first() == Some(&tag::SEQUENCE) {
            return Ok(vec![Self::from_der(bytes)?]);
        }
        let blocks = pem::decode(bytes, &[PEM_LABEL]).map_err(|error| match error {
            PemError::Block { offset } => CertificateError::Pem { offset },
            PemError::Missing => CertificateError::Missing,
        })?;
        blocks.iter().map(|der| Self::from_der(der)).collect()
    }

    /// The bytes received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// PEM with 64 characters a line (RFC 7468).
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode(PEM_LABEL, &self.0.der)
    }

    /// The signed part, as received.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        &self.0.der[self.0.tbs.clone()]
    }

    /// The issuer's signature value.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.0.der[self.0.signature.clone()]
    }

    /// signatureAlgorithm beside the signed part.
    #[must_use]
    pub fn signature_algorithm(&self) -> &AlgorithmIdentifier {
        &self.0.signature_algorithm
    }

    /// The algorithm of the issuer's signature, with its parameters.
    ///
    /// # Errors
    /// When it is not one of ours, or its parameters are not as its RFC writes them.
    pub fn issuer_signature_algorithm(&self) -> Result<SignatureAlgorithm, AlgorithmError> {
        SignatureAlgorithm::from_algorithm_identifier(&self.0.signature_algorithm)
    }

    /// `signature` inside the signed part; a path is refused where the two differ.
    #[must_use]
    pub fn tbs_signature_algorithm(&self) -> &AlgorithmIdentifier {
        &self.0.tbs_signature_algorithm
    }

    /// Version number, 3 for today's certificates.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.version.saturating_add(1)
    }

    /// Content octets of the serial number, big-endian two's complement as received.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The serial number in lower-case hexadecimal, as its octets stand.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        use core::fmt::Write as _;
        self.0.serial.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The issuer's name.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// The subject's name.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// When the certificate is valid.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.0.validity
    }

    /// SubjectPublicKeyInfo as received.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.0.der[self.0.spki.clone()]
    }

    /// The subject's key.
    ///
    /// # Errors
    /// When it is of a kind that we do not have, or no valid key.
    pub fn public_key(&self) -> Result<PublicKey, PublicKeyError> {
        self.borrowed_public_key().cloned()
    }

    /// The subject's key, where a copy of it is too much.
    ///
    /// # Errors
    /// As [`Self::public_key`].
    pub fn borrowed_public_key(&self) -> Result<&PublicKey, PublicKeyError> {
        let key = self.0.public_key.get_or_init(|| PublicKey::from_spki_der(self.spki_der()));
        key.as_ref().map_err(|error| *error)
    }

    /// True when the issuer's signature was verified under this key before.
    pub(crate) fn is_verified_by(&self, key: &PublicKey) -> bool {
        self.0.verified_by.get() == Some(key)
    }

    /// True when the issuer's signature was verified before, under whatever key.
    pub(crate) fn is_verified(&self) -> bool {
        self.0.verified_by.get().is_some()
    }

    /// Remembers the first key that verified the issuer's signature; a signature says nothing of time or policy.
    pub(crate) fn remember_verified_by(&self, key: &PublicKey) {
        // Where another was remembered meanwhile, that one stays.
        let _ = self.0.verified_by.set(key.clone());
    }

    /// Digest of the whole certificate as received.
    #[must_use]
    pub fn fingerprint(&self, algorithm: DigestAlgorithm) -> Digest {
        match algorithm {
            DigestAlgorithm::Sha256 => self.sha256_fingerprint(),
            other => other.digest(&self.0.der),
        }
    }

    /// SHA-256 of the whole certificate as received.
    #[must_use]
    pub fn sha256_fingerprint(&self) -> Digest {
        *self.0.sha256.get_or_init(|| DigestAlgorithm::Sha256.digest(&self.0.der))
    }

    /// True when subject and issuer are the same name (RFC 5280 §3.2); says nothing about the signature.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// The extensions.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// One extension, by its identifier.
    #[must_use]
    pub fn extension(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.0.extensions.find(oid)
    }

    /// The extensions by which the certificate constrains paths.
    pub(crate) fn constraints(&self) -> Result<&Constraints, ExtensionError> {
        let read = || Constraints::from_extensions(&self.0.extensions);
        self.0.constraints.get_or_init(read).as_ref().map_err(|error| *error)
    }

    /// The policies under which the issuer issued (certificatePolicies, RFC 5280 §4.2.1.4), in ascending order.
    ///
    /// # Errors
    /// When this or another constraining extension is malformed.
    pub fn policies(&self) -> Result<Vec<ObjectIdentifier>, ExtensionError> {
        let policies = self.constraints()?.policies.iter().flatten();
        Ok(policies.copied().collect())
    }

    /// keyUsage.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.extensions.key_usage
    }

    /// extKeyUsage.
    #[must_use]
    pub fn extended_key_usage(&self) -> Option<&[ObjectIdentifier]> {
        self.0.extensions.extended_key_usage.as_deref()
    }

    /// True when basicConstraints says that this is a certificate authority.
    #[must_use]
    pub fn is_certificate_authority(&self) -> bool {
        self.0.extensions.basic_constraints.is_some_and(|constraints| constraints.ca)
    }

    /// subjectKeyIdentifier.
    #[must_use]
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.0.extensions.subject_key_identifier.as_deref()
    }

    /// keyIdentifier of authorityKeyIdentifier.
    #[must_use]
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.0.extensions.authority_key_identifier.as_deref()
    }

    /// HTTP and other URLs of the issuer's CRLs (cRLDistributionPoints), in order.
    #[must_use]
    pub fn crl_urls(&self) -> Vec<String> {
        self.0.extensions.crl_urls(crate::extension::CRL_DISTRIBUTION_POINTS)
    }

    /// URLs of the issuer's delta CRLs (freshestCRL, RFC 5280 §4.2.1.15), in order.
    #[must_use]
    pub fn freshest_crl_urls(&self) -> Vec<String> {
        self.0.extensions.crl_urls(crate::crl::FRESHEST_CRL)
    }

    /// URLs of the issuer's OCSP responders (authorityInfoAccess), in order.
    #[must_use]
    pub fn ocsp_urls(&self) -> Vec<String> {
        self.0.extensions.access_urls(crate::extension::ACCESS_OCSP)
    }

    /// URLs where the issuer's certificate lies (id-ad-caIssuers of authorityInfoAccess), in order.
    #[must_use]
    pub fn ca_issuer_urls(&self) -> Vec<String> {
        self.0.extensions.access_urls(crate::extension::ACCESS_CA_ISSUERS)
    }

    /// The subject's e-mail address: rfc822Name of subjectAltName, else emailAddress of the name.
    #[must_use]
    pub fn email(&self) -> Option<String> {
        self.0.extensions.rfc822_name().or_else(|| self.0.subject.email().map(str::to_owned))
    }
}

/// Equal certificates have equal bytes.
impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl core::hash::Hash for Certificate {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        // As good as all the bytes, and remembered.
        self.sha256_fingerprint().as_bytes().hash(state);
    }
}

impl core::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject(), self.serial_hex())
    }
}

fn range(element: &Element<'_>) -> Range<usize> {
    element.offset()..element.offset() + element.raw().len()
}

fn validity(element: &Element<'_>) -> Result<Validity, Asn1Error> {
    let mut fields = element.children()?;
    let validity = Validity {
        not_before: Time::from_element(&fields.element()?)?,
        not_after: Time::from_element(&fields.element()?)?,
    };
    fields.finish()?;
    Ok(validity)
}
