//! OCSP requests and responses (RFC 6960).

use super::asn1::{self, Reader, constructed, context, context_primitive, sequence, tlv};
use super::certificate::{Entity, Facts, extension_list, signed};
use super::crl::Reason;
use super::extension::Extension;
use super::key::Hash;
use const_oid::ObjectIdentifier;

const NONCE: &str = "1.3.6.1.5.5.7.48.1.2";
const ARCHIVE_CUTOFF: &str = "1.3.6.1.5.5.7.48.1.6";
const BASIC: &str = "1.3.6.1.5.5.7.48.1.1";

/// certStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// good.
    Good,
    /// revoked at a time (Unix seconds), for a reason.
    Revoked(i64, Option<Reason>),
    /// unknown.
    Unknown,
}

/// OCSPResponseStatus other than successful (RFC 6960 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ErrorStatus {
    /// malformedRequest.
    MalformedRequest = 1,
    /// internalError.
    InternalError = 2,
    /// tryLater.
    TryLater = 3,
    /// sigRequired.
    SigRequired = 5,
    /// unauthorized.
    Unauthorized = 6,
}

/// CertID (RFC 6960 §4.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertId {
    /// hashAlgorithm.
    pub hash: Hash,
    /// issuerNameHash.
    pub issuer_name_hash: Vec<u8>,
    /// issuerKeyHash.
    pub issuer_key_hash: Vec<u8>,
    /// The content octets of serialNumber.
    pub serial: Vec<u8>,
}

impl CertId {
    /// Names a certificate by its issuer's.
    ///
    /// # Panics
    /// Where either is no certificate.
    #[track_caller]
    pub fn new(certificate: &[u8], issuer: &[u8], hash: Hash) -> Self {
        let issuer = Facts::of(issuer).expect("an issuer's certificate");
        let (issuer_name_hash, issuer_key_hash) = issuer.hashes(hash);
        let serial = Facts::of(certificate).expect("a certificate").serial.to_vec();
        Self { hash, issuer_name_hash, issuer_key_hash, serial }
    }

    /// Whether this certificate is the issuer that is meant.
    pub fn is_issued_by(&self, issuer: &[u8]) -> bool {
        Facts::of(issuer).is_some_and(|issuer| {
            issuer.hashes(self.hash)
                == (self.issuer_name_hash.clone(), self.issuer_key_hash.clone())
        })
    }

    fn read(element: asn1::Element<'_>) -> Option<Self> {
        let mut fields = element.children();
        let mut algorithm = fields.expect(asn1::SEQUENCE)?.children();
        let hash = algorithm.expect(asn1::OBJECT_IDENTIFIER)?;
        let hash = Hash::from_oid(ObjectIdentifier::from_bytes(hash.value).ok()?)?;
        let issuer_name_hash = fields.expect(asn1::OCTET_STRING)?.value.to_vec();
        let issuer_key_hash = fields.expect(asn1::OCTET_STRING)?.value.to_vec();
        let serial = fields.expect(asn1::INTEGER)?.value.to_vec();
        Some(Self { hash, issuer_name_hash, issuer_key_hash, serial })
    }

    fn to_der(&self) -> Vec<u8> {
        sequence(&[
            self.hash.identifier(),
            tlv(asn1::OCTET_STRING, &self.issuer_name_hash),
            tlv(asn1::OCTET_STRING, &self.issuer_key_hash),
            tlv(asn1::INTEGER, &self.serial),
        ])
    }
}

/// What a response says of one certificate.
#[derive(Clone, Debug)]
pub struct Single {
    /// certID.
    pub id: CertId,
    /// certStatus.
    pub status: Status,
    /// thisUpdate: Unix seconds.
    pub this_update: i64,
    /// nextUpdate: Unix seconds.
    pub next_update: Option<i64>,
    /// singleExtensions.
    pub extensions: Vec<Extension>,
}

impl Single {
    /// A status from a time to another (Unix seconds).
    pub fn new(id: CertId, status: Status, this_update: i64, next_update: i64) -> Self {
        Self { id, status, this_update, next_update: Some(next_update), extensions: Vec::new() }
    }

    /// archiveCutoff (RFC 6960 §4.4.4): Unix seconds.
    pub fn archive_cutoff(mut self, time: i64) -> Self {
        self.extensions.push(Extension::new(ARCHIVE_CUTOFF, false, asn1::generalized_time(time)));
        self
    }

    fn to_der(&self) -> Vec<u8> {
        let status = match self.status {
            Status::Good => tlv(context_primitive(0), &[]),
            Status::Unknown => tlv(context_primitive(2), &[]),
            Status::Revoked(time, reason) => {
                let mut fields = vec![asn1::generalized_time(time)];
                fields.extend(reason.map(|reason| {
                    constructed(context(0), &[tlv(asn1::ENUMERATED, &[reason as u8])])
                }));
                constructed(context(1), &fields)
            }
        };
        let mut fields = vec![self.id.to_der(), status, asn1::generalized_time(self.this_update)];
        fields.extend(
            self.next_update.map(|time| constructed(context(0), &[asn1::generalized_time(time)])),
        );
        if !self.extensions.is_empty() {
            fields.push(constructed(context(1), &[extension_list(&self.extensions)]));
        }
        sequence(&fields)
    }
}

/// A BasicOCSPResponse to be made.
#[derive(Clone, Debug)]
pub struct Response {
    /// responses.
    pub singles: Vec<Single>,
    /// producedAt: Unix seconds.
    pub produced_at: i64,
    /// responderID by the key's hash, else by name.
    pub by_key: bool,
    /// certs, each in DER.
    pub certificates: Vec<Vec<u8>>,
    /// responseExtensions.
    pub extensions: Vec<Extension>,
}

impl Response {
    /// Of one certificate, produced at its thisUpdate, by name, without certificates.
    pub fn new(single: Single) -> Self {
        Self {
            produced_at: single.this_update,
            singles: vec![single],
            by_key: false,
            certificates: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// producedAt.
    pub fn produced_at(self, time: i64) -> Self {
        Self { produced_at: time, ..self }
    }

    /// responderID by the key's hash.
    pub fn by_key(self) -> Self {
        Self { by_key: true, ..self }
    }

    /// Adds a certificate, DER.
    pub fn carrying(mut self, certificate: &[u8]) -> Self {
        self.certificates.push(certificate.to_vec());
        self
    }

    /// The nonce of the request (RFC 9654).
    pub fn nonce(mut self, nonce: &[u8]) -> Self {
        self.extensions.push(Extension::new(NONCE, false, tlv(asn1::OCTET_STRING, nonce)));
        self
    }

    /// BasicOCSPResponse, DER.
    pub fn basic_der(&self, signer: &Entity) -> Vec<u8> {
        let id = if self.by_key {
            constructed(context(2), &[tlv(asn1::OCTET_STRING, &signer.key.identifier())])
        } else {
            constructed(context(1), &[&signer.name])
        };
        let singles: Vec<_> = self.singles.iter().map(Single::to_der).collect();
        let mut fields = vec![id, asn1::generalized_time(self.produced_at), sequence(&singles)];
        if !self.extensions.is_empty() {
            fields.push(constructed(context(1), &[extension_list(&self.extensions)]));
        }
        let more = match self.certificates.as_slice() {
            [] => Vec::new(),
            certificates => vec![constructed(context(0), &[sequence(certificates)])],
        };
        signed(sequence(&fields), &signer.key, &more)
    }

    /// OCSPResponse with status successful, DER.
    pub fn signed_by(&self, signer: &Entity) -> Vec<u8> {
        let bytes = sequence(&[
            asn1::oid(ObjectIdentifier::new_unwrap(BASIC)),
            tlv(asn1::OCTET_STRING, &self.basic_der(signer)),
        ]);
        sequence(&[tlv(asn1::ENUMERATED, &[0]), constructed(context(0), &[bytes])])
    }
}

/// OCSPResponse without a response, DER.
pub fn error(status: ErrorStatus) -> Vec<u8> {
    sequence(&[tlv(asn1::ENUMERATED, &[status as u8])])
}

/// An OCSPRequest that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The certificates asked about, in order.
    pub ids: Vec<CertId>,
    /// The content of the nonce's OCTET STRING.
    pub nonce: Option<Vec<u8>>,
}

impl Request {
    /// Reads a request; `None` where it is none or names a digest that is not known here.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let mut tbs =
            Reader(der).expect(asn1::SEQUENCE)?.children().expect(asn1::SEQUENCE)?.children();
        tbs.optional(context(0));
        tbs.optional(context(1));
        let mut list = tbs.expect(asn1::SEQUENCE)?.children();
        let mut ids = Vec::new();
        while let Some(request) = list.next() {
            ids.push(CertId::read(request.children().expect(asn1::SEQUENCE)?)?);
        }
        let nonce = tbs.optional(context(2)).and_then(|extensions| {
            let mut extensions = extensions.children().expect(asn1::SEQUENCE)?.children();
            let wanted = ObjectIdentifier::new_unwrap(NONCE);
            while let Some(extension) = extensions.next() {
                let mut fields = extension.children();
                let id = fields.expect(asn1::OBJECT_IDENTIFIER)?;
                fields.optional(asn1::BOOLEAN);
                let value = fields.expect(asn1::OCTET_STRING)?.value;
                if id.value == wanted.as_bytes() {
                    return Some(Reader(value).expect(asn1::OCTET_STRING)?.value.to_vec());
                }
            }
            None
        });
        Some(Self { ids, nonce })
    }
}
