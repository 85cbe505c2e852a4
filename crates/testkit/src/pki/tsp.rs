//! Time-stamps (RFC 3161): requests, tokens, answers.

use super::asn1::{self, Reader, constructed, context, context_primitive, sequence, tlv};
use super::certificate::Entity;
use super::cms::{Message, SigningCertificate};
use super::extension::directory_name;
use super::key::Hash;
use const_oid::ObjectIdentifier;

const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";

/// The policy that tokens state unless another is asked for; it means nothing.
pub const POLICY: &str = "1.2.3.4.1";

/// PKIFailureInfo (RFC 3161 §2.4.2), by its bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Failure {
    /// badAlg.
    BadAlg = 0,
    /// badRequest.
    BadRequest = 2,
    /// badDataFormat.
    BadDataFormat = 5,
    /// timeNotAvailable.
    TimeNotAvailable = 14,
    /// unacceptedPolicy.
    UnacceptedPolicy = 15,
    /// unacceptedExtension.
    UnacceptedExtension = 16,
    /// addInfoNotAvailable.
    AddInfoNotAvailable = 17,
    /// systemFailure.
    SystemFailure = 25,
}

/// A TimeStampReq that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The digest algorithm of the imprint.
    pub algorithm: ObjectIdentifier,
    /// The imprint.
    pub imprint: Vec<u8>,
    /// reqPolicy.
    pub policy: Option<ObjectIdentifier>,
    /// The content octets of nonce.
    pub nonce: Option<Vec<u8>>,
    /// certReq.
    pub certificates: bool,
}

impl Request {
    /// Reads a request; `None` where it is none.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let mut fields = Reader(der).expect(asn1::SEQUENCE)?.children();
        fields.expect(asn1::INTEGER)?;
        let mut imprint = fields.expect(asn1::SEQUENCE)?.children();
        let mut algorithm = imprint.expect(asn1::SEQUENCE)?.children();
        let oid = |element: asn1::Element<'_>| ObjectIdentifier::from_bytes(element.value).ok();
        Some(Self {
            algorithm: oid(algorithm.expect(asn1::OBJECT_IDENTIFIER)?)?,
            imprint: imprint.expect(asn1::OCTET_STRING)?.value.to_vec(),
            policy: fields.optional(asn1::OBJECT_IDENTIFIER).and_then(oid),
            nonce: fields.optional(asn1::INTEGER).map(|nonce| nonce.value.to_vec()),
            certificates: fields.optional(asn1::BOOLEAN).is_some_and(|flag| flag.value != [0]),
        })
    }
}

/// accuracy: how far genTime may be off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accuracy {
    /// seconds.
    pub seconds: u32,
    /// millis, 1 to 999; 0 leaves it out.
    pub millis: u16,
    /// micros, 1 to 999; 0 leaves it out.
    pub micros: u16,
}

/// A TimeStampToken to be made; every field is public.
#[derive(Clone, Debug)]
pub struct Token {
    /// The digest algorithm of the imprint.
    pub algorithm: ObjectIdentifier,
    /// The imprint.
    pub imprint: Vec<u8>,
    /// genTime: Unix seconds.
    pub gen_time: i64,
    /// Milliseconds after it.
    pub gen_time_millis: u16,
    /// policy.
    pub policy: ObjectIdentifier,
    /// serialNumber.
    pub serial: u64,
    /// accuracy.
    pub accuracy: Option<Accuracy>,
    /// ordering.
    pub ordering: bool,
    /// The content octets of nonce.
    pub nonce: Option<Vec<u8>>,
    /// Whether the authority's name is stated.
    pub tsa_name: bool,
    /// Which attribute names the signing certificate.
    pub signing_certificate: SigningCertificate,
    /// Certificates, each in DER.
    pub certificates: Vec<Vec<u8>>,
}

impl Token {
    /// Over an imprint at a time (Unix seconds): ESSCertIDv2, no certificates, nothing optional.
    pub fn new(hash: Hash, imprint: &[u8], gen_time: i64) -> Self {
        Self {
            algorithm: hash.oid(),
            imprint: imprint.to_vec(),
            gen_time,
            gen_time_millis: 0,
            policy: ObjectIdentifier::new_unwrap(POLICY),
            serial: 7,
            accuracy: None,
            ordering: false,
            nonce: None,
            tsa_name: false,
            signing_certificate: SigningCertificate::V2(Hash::Sha256),
            certificates: Vec::new(),
        }
    }

    /// The answer to a request at a time, without certificates.
    pub fn answering(request: &Request, gen_time: i64) -> Self {
        Self {
            algorithm: request.algorithm,
            policy: request.policy.unwrap_or(ObjectIdentifier::new_unwrap(POLICY)),
            nonce: request.nonce.clone(),
            ..Self::new(Hash::Sha256, &request.imprint, gen_time)
        }
    }

    /// Adds a certificate, DER.
    pub fn carrying(mut self, certificate: &[u8]) -> Self {
        self.certificates.push(certificate.to_vec());
        self
    }

    /// accuracy.
    pub fn accurate_to(self, seconds: u32, millis: u16, micros: u16) -> Self {
        Self { accuracy: Some(Accuracy { seconds, millis, micros }), ..self }
    }

    /// TimeStampToken, DER.
    #[track_caller]
    pub fn signed_by(&self, authority: &Entity) -> Vec<u8> {
        let mut message = Message::new(TST_INFO, &self.info_der(&authority.name));
        message.signing_certificate = self.signing_certificate;
        message.certificates.clone_from(&self.certificates);
        message.signed_by(authority)
    }

    /// TSTInfo, DER; `name` is the authority's, a Name in DER.
    pub fn info_der(&self, name: &[u8]) -> Vec<u8> {
        let imprint = sequence(&[
            sequence(&[asn1::oid(self.algorithm)]),
            tlv(asn1::OCTET_STRING, &self.imprint),
        ]);
        let mut fields = vec![
            asn1::integer(1),
            asn1::oid(self.policy),
            imprint,
            asn1::integer(self.serial),
            asn1::generalized_time_millis(self.gen_time, self.gen_time_millis),
        ];
        fields.extend(self.accuracy.map(accuracy));
        if self.ordering {
            fields.push(tlv(asn1::BOOLEAN, &[0xFF]));
        }
        fields.extend(self.nonce.as_ref().map(|nonce| tlv(asn1::INTEGER, nonce)));
        if self.tsa_name {
            fields.push(constructed(context(0), &[directory_name(name)]));
        }
        sequence(&fields)
    }
}

fn accuracy(accuracy: Accuracy) -> Vec<u8> {
    let part = |number, value: u16| {
        (value > 0).then(|| tlv(context_primitive(number), &asn1::magnitude(value.into())))
    };
    let mut fields = Vec::new();
    if accuracy.seconds > 0 {
        fields.push(asn1::integer(accuracy.seconds.into()));
    }
    fields.extend(part(0, accuracy.millis));
    fields.extend(part(1, accuracy.micros));
    sequence(&fields)
}

/// TimeStampResp with status granted around a token, DER.
pub fn granted(token: &[u8]) -> Vec<u8> {
    sequence(&[sequence(&[asn1::integer(0)]), token.to_vec()])
}

/// TimeStampResp with status rejection, DER.
pub fn rejected(failure: Failure) -> Vec<u8> {
    let bit = failure as usize;
    let mut bits = vec![0; bit / 8 + 1];
    if let Some(octet) = bits.last_mut() {
        *octet = 0x80 >> (bit % 8);
    }
    bits.insert(0, u8::try_from(7 - bit % 8).unwrap_or(0));
    sequence(&[sequence(&[asn1::integer(2), tlv(asn1::BIT_STRING, &bits)])])
}
