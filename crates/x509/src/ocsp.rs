//! OCSP responses (RFC 6960) over the bytes that were received, and requests.

mod error;
mod request;

pub use crate::path::policy::OCSP_SIGNING;
pub use error::{OcspError, ResponseStatus};
pub use request::request;
pub(crate) use request::subject_public_key;

use crate::algorithm::AlgorithmIdentifier;
use crate::asn1::{Asn1Error, Element, Reader, Rules, constructed, oid, sequence, tag, tlv};
use crate::certificate::{Certificate, CertificateCache};
use crate::crl::{ENUMERATED, INVALIDITY_DATE, RevocationReason, RevokedEntry, shortest};
use crate::digest::{Digest, DigestAlgorithm};
use crate::extension::{ExtensionError, Extensions};
use crate::name::Name;
use crate::time::Time;
use const_oid::ObjectIdentifier;
use std::ops::Range;
use std::sync::Arc;

/// id-pkix-ocsp-basic: the type of response that says something.
pub const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
/// id-pkix-ocsp-nonce (RFC 9654 §2.1).
pub const CERTIFICATE_NONCE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");
/// id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1): the responder's certificate needs no status.
pub const NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
/// id-pkix-ocsp-archive-cutoff (RFC 6960 §4.4.4).
pub const ARCHIVE_CUTOFF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.6");

/// Extensions whose meaning is processed; any other that is critical makes its response or answer unusable.
const UNDERSTOOD: [ObjectIdentifier; 3] = [CERTIFICATE_NONCE, ARCHIVE_CUTOFF, INVALIDITY_DATE];

/// A BasicOCSPResponse; cloning it copies a pointer.
#[derive(Clone)]
pub struct OcspResponse(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    der: Vec<u8>,
    basic: Range<usize>,
    tbs: Range<usize>,
    signature: Range<usize>,
    signature_algorithm: AlgorithmIdentifier,
    responder_id: ResponderId,
    produced_at: Time,
    responses: Vec<SingleResponse>,
    certificates: Vec<Certificate>,
    extensions: Extensions,
}

/// ResponderID (RFC 6960 §4.2.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponderId {
    /// The subject of the responder's certificate.
    ByName(Name),
    /// SHA-1 of the responder's subjectPublicKey.
    ByKey(Vec<u8>),
}

impl ResponderId {
    /// True when this names the certificate's holder.
    #[must_use]
    pub fn is(&self, certificate: &Certificate) -> bool {
        match self {
            Self::ByName(name) => certificate.subject() == name,
            Self::ByKey(hash) => {
                let key = subject_public_key(certificate);
                DigestAlgorithm::Sha1ForLegacyUseOnly.digest(key).as_bytes() == hash
            }
        }
    }
}

/// CertID (RFC 6960 §4.1.1): which certificate is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertId {
    /// hashAlgorithm.
    pub digest_algorithm: AlgorithmIdentifier,
    /// issuerNameHash.
    pub issuer_name_hash: Vec<u8>,
    /// issuerKeyHash.
    pub issuer_key_hash: Vec<u8>,
    /// Content octets of serialNumber.
    pub serial: Vec<u8>,
}

impl CertId {
    /// True when this means that certificate of that issuer.
    #[must_use]
    pub fn is(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        if shortest(&self.serial) != shortest(certificate.serial()) {
            return false;
        }
        let Ok(algorithm) = self.digest_algorithm.to_digest_algorithm() else { return false };
        let name = algorithm.digest(certificate.issuer().as_der());
        let key = algorithm.digest(subject_public_key(issuer));
        name.as_bytes() == self.issuer_name_hash && key.as_bytes() == self.issuer_key_hash
    }
}

/// CertStatus (RFC 6960 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SingleStatus {
    /// Not revoked, as far as the responder knows.
    Good,
    /// Revoked or suspended.
    Revoked(RevokedEntry),
    /// The responder does not know the certificate.
    Unknown,
}

/// The answer about one certificate (RFC 6960 §4.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleResponse {
    /// Which certificate.
    pub certificate: CertId,
    /// Its status.
    pub status: SingleStatus,
    /// When that was known to be right.
    pub this_update: Time,
    /// By when newer information is available.
    pub next_update: Option<Time>,
    /// The responder keeps the status of certificates that expired at this time or later (§4.4.4).
    pub archive_cutoff: Option<Time>,
    /// A critical extension that is not understood: the answer must not be used.
    pub unknown_critical: Option<ObjectIdentifier>,
}

impl OcspResponse {
    /// Reads an OCSPResponse or a bare BasicOCSPResponse in DER.
    ///
    /// # Errors
    /// When it is malformed, followed by more, or an error of the responder, which is then named.
    pub fn from_der(der: &[u8]) -> Result<Self, OcspError> {
        let mut outer = Reader::new(der, Rules::Der);
        let whole = outer.expect(tag::SEQUENCE)?;
        outer.finish()?;
        let basic = if whole.children()?.peek() == Some(ENUMERATED) {
            basic_inside(der, &whole)?
        } else {
            0..der.len()
        };
        Self::from_basic(der, basic)
    }

    fn from_basic(der: &[u8], basic: Range<usize>) -> Result<Self, OcspError> {
        let start = basic.start;
        let mut outer = Reader::new(der.get(basic.clone()).unwrap_or_default(), Rules::Der);
        let mut fields = outer.expect(tag::SEQUENCE)?.children()?;
        outer.finish()?;
        let tbs = fields.expect(tag::SEQUENCE)?;
        let signature_algorithm =
            AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let signature = fields.expect(tag::BIT_STRING)?;
        let certificates = match fields.optional(tag::context(0))? {
            Some(explicit) => explicit.only_child()?.children()?.rest()?,
            None => Vec::new(),
        };
        fields.finish()?;
        let signature_len = signature.bit_string_bytes()?.len();
        let signature_end = start + signature.offset() + signature.raw().len();

        let mut fields = tbs.children()?;
        if let Some(version) = fields.optional(tag::context(0))? {
            let value = version.only_child()?.small_integer()?;
            if value != 0 {
                return Err(OcspError::UnsupportedVersion { value });
            }
        }
        let responder_id = responder_id(&fields.element()?)?;
        let produced_at = Time::from_element(&fields.element()?)?;
        let mut list = fields.expect(tag::SEQUENCE)?.children()?;
        let mut responses = Vec::new();
        while !list.is_empty() {
            responses.push(single(&list.expect(tag::SEQUENCE)?)?);
        }
        let extensions = extensions(fields.optional(tag::context(1))?)?;
        fields.finish()?;
        Ok(Self(Arc::new(Inner {
            basic,
            tbs: start + tbs.offset()..start + tbs.offset() + tbs.raw().len(),
            signature: signature_end - signature_len..signature_end,
            signature_algorithm,
            responder_id,
            produced_at,
            responses,
            // Not signed: one that cannot be read proves as little as one that is left out.
            certificates: certificates
                .iter()
                .filter_map(|element| Certificate::from_der(element.raw()).ok())
                .collect(),
            extensions,
            der: der.to_vec(),
        })))
    }

    /// The bytes received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// The same response, whose certificates are those that were read before from the same bytes.
    #[must_use]
    pub fn with_known_certificates(mut self, known: &CertificateCache) -> Self {
        if !self.0.certificates.is_empty() {
            for certificate in &mut Arc::make_mut(&mut self.0).certificates {
                *certificate = known.share(certificate);
            }
        }
        self
    }

    /// DER of the BasicOCSPResponse, as received.
    #[must_use]
    pub fn basic_der(&self) -> &[u8] {
        self.0.der.get(self.0.basic.clone()).unwrap_or_default()
    }

    /// DER of an OCSPResponse: as received, or the bare response in the envelope of a successful one.
    #[must_use]
    pub fn to_response_der(&self) -> Vec<u8> {
        if self.0.basic.start > 0 {
            return self.0.der.clone();
        }
        let bytes = sequence(&[oid(BASIC), tlv(tag::OCTET_STRING, &self.0.der)]);
        sequence(&[tlv(ENUMERATED, &[0]), constructed(tag::context(0), &[bytes])])
    }

    /// SHA-256 of the bytes received.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        DigestAlgorithm::Sha256.digest(&self.0.der)
    }

    /// tbsResponseData, as received.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        self.0.der.get(self.0.tbs.clone()).unwrap_or_default()
    }

    /// The responder's signature value.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.0.der.get(self.0.signature.clone()).unwrap_or_default()
    }

    /// signatureAlgorithm.
    #[must_use]
    pub fn signature_algorithm(&self) -> &AlgorithmIdentifier {
        &self.0.signature_algorithm
    }

    /// responderID.
    #[must_use]
    pub fn responder_id(&self) -> &ResponderId {
        &self.0.responder_id
    }

    /// producedAt: when the response was signed.
    #[must_use]
    pub fn produced_at(&self) -> Time {
        self.0.produced_at
    }

    /// The answers, one a certificate.
    #[must_use]
    pub fn responses(&self) -> &[SingleResponse] {
        &self.0.responses
    }

    /// Certificates that the responder sent along; those that cannot be read are left out.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.0.certificates
    }

    /// The nonce that the responder repeated (RFC 9654 §2.1).
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        let value = &self.0.extensions.find(CERTIFICATE_NONCE)?.value;
        let mut reader = Reader::new(value, Rules::Der);
        // Responders of before RFC 8954 put the bytes without the inner OCTET STRING.
        match (reader.expect(tag::OCTET_STRING), reader.is_empty()) {
            (Ok(inner), true) => Some(inner.value()),
            _ => Some(value),
        }
    }

    /// The extensions of the response.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// A critical extension of the response that is not understood: the response must not be used.
    #[must_use]
    pub fn unknown_critical_extension(&self) -> Option<ObjectIdentifier> {
        unknown_critical(&self.0.extensions)
    }

    /// The answer about a certificate; the newest where several speak of it.
    #[must_use]
    pub fn find(&self, certificate: &Certificate, issuer: &Certificate) -> Option<&SingleResponse> {
        self.0
            .responses
            .iter()
            .filter(|single| single.certificate.is(certificate, issuer))
            .max_by_key(|single| single.this_update)
    }
}

/// Equal responses have an equal BasicOCSPResponse, whether or not it came in its envelope.
impl PartialEq for OcspResponse {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.basic_der() == other.basic_der()
    }
}

impl Eq for OcspResponse {}

impl core::fmt::Debug for OcspResponse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "OcspResponse({}, {} answers)", self.produced_at(), self.responses().len())
    }
}

/// `OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] EXPLICIT ResponseBytes OPTIONAL }`.
fn basic_inside(der: &[u8], whole: &Element<'_>) -> Result<Range<usize>, OcspError> {
    let mut fields = whole.children()?;
    let status = fields.expect(ENUMERATED)?;
    match status.value() {
        [0] => {}
        [code] => return Err(OcspError::Status(ResponseStatus::from_code(*code))),
        _ => return Err(status.invalid().into()),
    }
    let bytes = fields.optional(tag::context(0))?.ok_or(OcspError::NoResponseBytes)?;
    fields.finish()?;
    let mut fields = bytes.only_child()?.children()?;
    let oid = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
    let response = fields.expect(tag::OCTET_STRING)?;
    fields.finish()?;
    if oid != BASIC {
        return Err(OcspError::UnknownResponseType { oid });
    }
    let end = response.offset() + response.raw().len();
    debug_assert!(end <= der.len());
    Ok(end - response.value().len()..end)
}

fn responder_id(element: &Element<'_>) -> Result<ResponderId, Asn1Error> {
    let child = element.only_child()?;
    if element.tag() == tag::context(1) {
        Ok(ResponderId::ByName(Name::from_element(&child)?))
    } else if element.tag() == tag::context(2) {
        Ok(ResponderId::ByKey(child.octets()?.into_owned()))
    } else {
        Err(element.invalid())
    }
}

fn single(element: &Element<'_>) -> Result<SingleResponse, OcspError> {
    let mut fields = element.children()?;
    let certificate = cert_id(&fields.expect(tag::SEQUENCE)?)?;
    let status = single_status(&fields.element()?)?;
    let this_update = Time::from_element(&fields.element()?)?;
    let next_update = fields
        .optional(tag::context(0))?
        .map(|explicit| Time::from_element(&explicit.only_child()?))
        .transpose()?;
    let extensions = extensions(fields.optional(tag::context(1))?)?;
    fields.finish()?;
    let status = match status {
        SingleStatus::Revoked(entry) => SingleStatus::Revoked(RevokedEntry {
            invalidity_date: time_of(&extensions, INVALIDITY_DATE)?,
            ..entry
        }),
        other => other,
    };
    Ok(SingleResponse {
        certificate,
        status,
        this_update,
        next_update,
        archive_cutoff: time_of(&extensions, ARCHIVE_CUTOFF)?,
        unknown_critical: unknown_critical(&extensions),
    })
}

fn cert_id(element: &Element<'_>) -> Result<CertId, Asn1Error> {
    let mut fields = element.children()?;
    let id = CertId {
        digest_algorithm: AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?,
        issuer_name_hash: fields.expect(tag::OCTET_STRING)?.value().to_vec(),
        issuer_key_hash: fields.expect(tag::OCTET_STRING)?.value().to_vec(),
        serial: fields.expect(tag::INTEGER)?.value().to_vec(),
    };
    fields.finish()?;
    Ok(id)
}

/// `CertStatus ::= CHOICE { good [0] IMPLICIT NULL, revoked [1] IMPLICIT RevokedInfo, unknown [2] IMPLICIT NULL }`.
fn single_status(element: &Element<'_>) -> Result<SingleStatus, Asn1Error> {
    match (element.tag(), element.value()) {
        (0x80, []) => Ok(SingleStatus::Good),
        (0x82, []) => Ok(SingleStatus::Unknown),
        (0xa1, _) => {
            let mut fields = element.children()?;
            let revocation_date = Time::from_element(&fields.element()?)?;
            let reason = fields
                .optional(tag::context(0))?
                .map(|explicit| RevocationReason::from_element(&explicit.only_child()?))
                .transpose()?;
            fields.finish()?;
            Ok(SingleStatus::Revoked(RevokedEntry {
                revocation_date,
                reason: reason.unwrap_or(RevocationReason::Unspecified),
                invalidity_date: None,
            }))
        }
        _ => Err(element.invalid()),
    }
}

fn extensions(explicit: Option<Element<'_>>) -> Result<Extensions, OcspError> {
    match explicit {
        Some(explicit) => Ok(Extensions::from_element(&explicit.only_child()?)?),
        None => Ok(Extensions::default()),
    }
}

fn time_of(extensions: &Extensions, oid: ObjectIdentifier) -> Result<Option<Time>, ExtensionError> {
    let Some(extension) = extensions.find(oid) else { return Ok(None) };
    let mut reader = Reader::new(&extension.value, Rules::Der);
    match reader.element().and_then(|element| Time::from_element(&element)) {
        Ok(time) if reader.is_empty() => Ok(Some(time)),
        Ok(_) => Err(ExtensionError::Malformed {
            oid,
            error: Asn1Error { offset: 0, kind: crate::asn1::Asn1ErrorKind::TrailingData },
        }),
        Err(error) => Err(ExtensionError::Malformed { oid, error }),
    }
}

fn unknown_critical(extensions: &Extensions) -> Option<ObjectIdentifier> {
    let mut all = extensions.all().iter();
    all.find(|one| one.critical && !UNDERSTOOD.contains(&one.oid)).map(|one| one.oid)
}
