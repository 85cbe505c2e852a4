//! Certificate revocation lists (RFC 5280 §5) over the bytes that were received.
//!
//! A list may have hundreds of thousands of entries: it is read once, its bytes stay as they are, and an index of
//! eight bytes an entry finds a serial number.

pub mod distribution;
mod entry;
mod error;

pub use distribution::{
    DistributionPoint, DistributionPointName, GeneralName, IssuingDistributionPoint, ReasonFlags,
    distribution_points,
};
pub use entry::{CERTIFICATE_ISSUER, INVALIDITY_DATE, REASON_CODE, RevocationReason, RevokedEntry};
pub(crate) use entry::{ENUMERATED, shortest};
pub use error::CrlError;

use self::entry::Entries;
use crate::algorithm::AlgorithmIdentifier;
use crate::asn1::{Asn1Error, Element, Reader, Rules, tag};
use crate::digest::{Digest, DigestAlgorithm};
use crate::extension::{self, ExtensionError, Extensions};
use crate::name::Name;
use crate::pem::{self, PemError};
use crate::public_key::PublicKey;
use crate::time::Time;
use const_oid::ObjectIdentifier;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// cRLNumber (RFC 5280 §5.2.3).
pub const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
/// deltaCRLIndicator (RFC 5280 §5.2.4).
pub const DELTA_CRL_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
/// issuingDistributionPoint (RFC 5280 §5.2.5).
pub const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// freshestCRL, in a list and in a certificate (RFC 5280 §5.2.6, §4.2.1.15).
pub const FRESHEST_CRL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");
/// expiredCertsOnCRL (X.509 (10/2019) §9.5.2.8).
pub const EXPIRED_CERTS_ON_CRL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.60");

/// The label of RFC 7468 §9.
const PEM_LABEL: &str = "X509 CRL";

/// Extensions of the list whose meaning is processed, or cannot widen what the list says.
const UNDERSTOOD: [ObjectIdentifier; 8] = [
    extension::AUTHORITY_KEY_IDENTIFIER,
    extension::ISSUER_ALT_NAME,
    extension::AUTHORITY_INFO_ACCESS,
    CRL_NUMBER,
    DELTA_CRL_INDICATOR,
    ISSUING_DISTRIBUTION_POINT,
    FRESHEST_CRL,
    EXPIRED_CERTS_ON_CRL,
];

/// A CRL; cloning it copies a pointer.
#[derive(Clone)]
pub struct CertificateList(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    tbs: Range<usize>,
    signature: Range<usize>,
    signature_algorithm: AlgorithmIdentifier,
    tbs_signature_algorithm: AlgorithmIdentifier,
    issuer: Name,
    this_update: Time,
    next_update: Option<Time>,
    entries: Entries,
    extensions: Extensions,
    number: Option<Vec<u8>>,
    base_number: Option<Vec<u8>>,
    issuing_distribution_point: Option<IssuingDistributionPoint>,
    expired_certificates_since: Option<Time>,
    /// Of the signed part, made once: a long list is asked for many certificates.
    tbs_digest: OnceLock<Digest>,
    /// Of the whole; made once, and not before anybody asks.
    sha256: OnceLock<Digest>,
    /// The key under which the signature was found right: many signatures carry the same list.
    verified_by: OnceLock<PublicKey>,
}

impl CertificateList {
    /// Reads one CRL in DER.
    ///
    /// # Errors
    /// When it is malformed, of an unknown version, or followed by more.
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        if u32::try_from(der.len()).is_err() {
            return Err(CrlError::TooLong { len: der.len() });
        }
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
        let version =
            fields.optional(tag::INTEGER)?.map_or(Ok(0), |value| value.small_integer())?;
        if version > 1 {
            return Err(CrlError::UnsupportedVersion { value: version });
        }
        let tbs_signature_algorithm =
            AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let issuer = Name::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let this_update = Time::from_element(&fields.element()?)?;
        let next_update = match fields.peek() {
            Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => {
                Some(Time::from_element(&fields.element()?)?)
            }
            _ => None,
        };
        let entries = match fields.optional(tag::SEQUENCE)? {
            Some(list) => Entries::read(&list)?,
            None => Entries::default(),
        };
        let extensions = match fields.optional(tag::context(0))? {
            Some(explicit) => Extensions::from_element(&explicit.only_child()?)?,
            None => Extensions::default(),
        };
        fields.finish()?;
        Ok(Self(Arc::new(Inner {
            tbs: range(&tbs),
            signature: signature_end - signature_len..signature_end,
            signature_algorithm,
            tbs_signature_algorithm,
            issuer,
            this_update,
            next_update,
            entries,
            number: read(&extensions, CRL_NUMBER, integer)?,
            base_number: read(&extensions, DELTA_CRL_INDICATOR, integer)?,
            issuing_distribution_point: read(
                &extensions,
                ISSUING_DISTRIBUTION_POINT,
                IssuingDistributionPoint::from_der,
            )?,
            expired_certificates_since: read(&extensions, EXPIRED_CERTS_ON_CRL, |der| {
                Time::from_element(&only(der)?)
            })?,
            extensions,
            der: der.to_vec(),
            tbs_digest: OnceLock::new(),
            sha256: OnceLock::new(),
            verified_by: OnceLock::new(),
        })))
    }

    /// Reads one CRL in DER, or every `X509 CRL` block of a PEM text (RFC 7468 §9), in order.
    ///
    /// # Errors
    /// When one is malformed, or there is none.
    pub fn all_from_pem_or_der(bytes: &[u8]) -> Result<Vec<Self>, CrlError> {
        if bytes.first() == Some(&tag::SEQUENCE) {
            return Ok(vec![Self::from_der(bytes)?]);
        }
        let blocks = pem::decode(bytes, &[PEM_LABEL]).map_err(|error| match error {
            PemError::Block { offset } => CrlError::Pem { offset },
            PemError::Missing => CrlError::Missing,
        })?;
        blocks.iter().map(|der| Self::from_der(der)).collect()
    }

    /// The bytes received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 of the bytes received.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        *self.0.sha256.get_or_init(|| DigestAlgorithm::Sha256.digest(&self.0.der))
    }

    /// True when the signature was verified under this key before.
    pub(crate) fn is_verified_by(&self, key: &PublicKey) -> bool {
        self.0.verified_by.get() == Some(key)
    }

    /// Remembers the first key that verified the signature; that says nothing of time, scope or policy.
    pub(crate) fn remember_verified_by(&self, key: &PublicKey) {
        // Where another was remembered meanwhile, that one stays.
        let _ = self.0.verified_by.set(key.clone());
    }

    /// The signed part, as received.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        self.0.der.get(self.0.tbs.clone()).unwrap_or_default()
    }

    /// The issuer's signature value.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.0.der.get(self.0.signature.clone()).unwrap_or_default()
    }

    /// signatureAlgorithm beside the signed part.
    #[must_use]
    pub fn signature_algorithm(&self) -> &AlgorithmIdentifier {
        &self.0.signature_algorithm
    }

    /// `signature` inside the signed part; a list is refused where the two differ (RFC 5280 §5.1.1.2).
    #[must_use]
    pub fn tbs_signature_algorithm(&self) -> &AlgorithmIdentifier {
        &self.0.tbs_signature_algorithm
    }

    /// issuer: who signed the list.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// thisUpdate: when the list was issued.
    #[must_use]
    pub fn this_update(&self) -> Time {
        self.0.this_update
    }

    /// nextUpdate: by when the next list is issued.
    #[must_use]
    pub fn next_update(&self) -> Option<Time> {
        self.0.next_update
    }

    /// cRLNumber: big-endian magnitude without leading zeros, empty for 0.
    #[must_use]
    pub fn number(&self) -> Option<&[u8]> {
        self.0.number.as_deref()
    }

    /// BaseCRLNumber of deltaCRLIndicator, as [`Self::number`]; `Some` says that this is a delta CRL.
    #[must_use]
    pub fn base_number(&self) -> Option<&[u8]> {
        self.0.base_number.as_deref()
    }

    /// issuingDistributionPoint: what the list is restricted to.
    #[must_use]
    pub fn issuing_distribution_point(&self) -> Option<&IssuingDistributionPoint> {
        self.0.issuing_distribution_point.as_ref()
    }

    /// keyIdentifier of authorityKeyIdentifier.
    #[must_use]
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.0.extensions.authority_key_identifier.as_deref()
    }

    /// URLs of delta CRLs to this list (freshestCRL), in order.
    #[must_use]
    pub fn freshest_crl_urls(&self) -> Vec<String> {
        self.0.extensions.crl_urls(FRESHEST_CRL)
    }

    /// The extensions of the list.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// expiredCertsOnCRL: certificates that expired at this time or later stay on the list.
    #[must_use]
    pub fn expired_certificates_since(&self) -> Option<Time> {
        self.0.expired_certificates_since
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// True when no certificate is on the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry of a certificate: `serial` are the content octets of its number, as certificates give them.
    ///
    /// Says nothing about whether the list may speak of that certificate; that is [`crate::revocation`]'s question.
    #[must_use]
    pub fn find(&self, issuer_of_certificate: &Name, serial: &[u8]) -> Option<RevokedEntry> {
        self.0.entries.find(&self.0.der, &self.0.issuer, issuer_of_certificate, serial)
    }

    /// A critical extension of the list or of an entry that is not understood: the list must not be used
    /// (RFC 5280 §5.2, §5.3).
    #[must_use]
    pub fn unknown_critical_extension(&self) -> Option<ObjectIdentifier> {
        let mut all = self.0.extensions.all().iter();
        let own = all.find(|one| one.critical && !UNDERSTOOD.contains(&one.oid));
        own.map(|one| one.oid).or(self.0.entries.unknown_critical)
    }

    /// Digest of the signed part, computed once for the first algorithm asked for.
    pub(crate) fn tbs_digest(&self, algorithm: DigestAlgorithm) -> Digest {
        let digest = self.0.tbs_digest.get_or_init(|| algorithm.digest(self.tbs_der()));
        if digest.algorithm() == algorithm { *digest } else { algorithm.digest(self.tbs_der()) }
    }
}

/// Equal lists have equal bytes.
impl PartialEq for CertificateList {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for CertificateList {}

impl core::fmt::Debug for CertificateList {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "CertificateList({}, {}, {} entries)",
            self.issuer(),
            self.this_update(),
            self.len()
        )
    }
}

fn range(element: &Element<'_>) -> Range<usize> {
    element.offset()..element.offset() + element.raw().len()
}

/// Reads the content of one extension, where it is there.
fn read<T>(
    extensions: &Extensions,
    oid: ObjectIdentifier,
    decode: impl Fn(&[u8]) -> Result<T, Asn1Error>,
) -> Result<Option<T>, ExtensionError> {
    let Some(extension) = extensions.find(oid) else { return Ok(None) };
    match decode(&extension.value) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(ExtensionError::Malformed { oid, error }),
    }
}

fn only(der: &[u8]) -> Result<Element<'_>, Asn1Error> {
    let mut reader = Reader::new(der, Rules::Der);
    let element = reader.element()?;
    reader.finish()?;
    Ok(element)
}

/// The magnitude of `CRLNumber ::= INTEGER (0..MAX)`.
fn integer(der: &[u8]) -> Result<Vec<u8>, Asn1Error> {
    let element = only(der)?;
    match (element.tag(), element.value()) {
        (tag::INTEGER, [0x00..=0x7f, ..]) => {
            let zeros = element.value().iter().take_while(|byte| **byte == 0).count();
            Ok(element.value().get(zeros..).unwrap_or_default().to_vec())
        }
        _ => Err(element.invalid()),
    }
}
