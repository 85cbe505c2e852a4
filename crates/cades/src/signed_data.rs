//! SignedData (RFC 5652 §5.1) as received, and with one more signer.

use crate::oid;
use crate::read::{self, ReadError, ReadLimits, Trailing};
use crate::sign::FinishedSigner;
use crate::signer_info::{SignerIdentifier, SignerInfo};
use kyso_x509::asn1::{self, Asn1Error, Reader, Rules, tag};
use kyso_x509::{
    AlgorithmIdentifier, Certificate, CertificateList, DigestAlgorithm, ObjectIdentifier,
    OcspResponse,
};

/// A SignedData with its parts as received; encapsulated content may have streamed past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedData {
    pub(crate) version: u32,
    pub(crate) digest_algorithms: Vec<AlgorithmIdentifier>,
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) content: Content,
    pub(crate) certificates: Vec<Vec<u8>>,
    /// Those of `certificates` that can be read.
    pub(crate) readable_certificates: Vec<Certificate>,
    pub(crate) crls: Vec<Vec<u8>>,
    /// Those of `crls` that can be read.
    pub(crate) revocation: Vec<RevocationInfo>,
    pub(crate) signer_infos: Vec<SignerInfo>,
    /// Where encapContentInfo stands in what was read.
    pub(crate) encapsulated: core::ops::Range<u64>,
}

/// A RevocationInfoChoice that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RevocationInfo {
    /// crl.
    Crl(CertificateList),
    /// other, of type id-ri-ocsp-response (RFC 5940).
    Ocsp(OcspResponse),
}

/// Where the content is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Outside: eContent is absent.
    Detached,
    /// Inside, and held.
    Held(Vec<u8>),
    /// Inside, and passed on while reading.
    Streamed {
        /// Bytes of content.
        len: u64,
    },
}

/// Why bytes are no SignedData that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedDataError {
    /// The BER is malformed.
    Asn1(Asn1Error),
    /// The content type of the whole is another one.
    NotSignedData {
        /// The one found.
        content_type: ObjectIdentifier,
    },
    /// There are more certificates, signers or algorithms than is sensible.
    TooMany {
        /// Most that are read.
        limit: usize,
    },
    /// Everything but the content is longer than the limit.
    TooLong {
        /// Most bytes that are held.
        limit: usize,
    },
    /// Something follows the SignedData.
    TrailingData {
        /// Offset in bytes of what follows.
        offset: u64,
    },
}

impl core::fmt::Display for SignedDataError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Asn1(error) => write!(f, "malformed CMS: {error}"),
            Self::NotSignedData { content_type } => {
                write!(f, "CMS content type {content_type} is not signed data")
            }
            Self::TooMany { limit } => write!(f, "CMS set with more than {limit} members"),
            Self::TooLong { limit } => {
                write!(f, "CMS structure around the content exceeds {limit} bytes")
            }
            Self::TrailingData { offset } => {
                write!(f, "data after the CMS structure at offset {offset}")
            }
        }
    }
}

impl core::error::Error for SignedDataError {}

impl From<Asn1Error> for SignedDataError {
    fn from(error: Asn1Error) -> Self {
        Self::Asn1(error)
    }
}

/// Why a signer cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The new signature is about another type of content.
    ContentTypeMismatch {
        /// Type that the SignedData has.
        existing: ObjectIdentifier,
        /// Type that was signed.
        signed: ObjectIdentifier,
    },
    /// The content streamed past while reading and is no longer there to be copied.
    ContentNotHeld,
}

impl core::fmt::Display for AppendError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::ContentTypeMismatch { existing, signed } => write!(
                f,
                "the content has type {existing}, the new signature is about type {signed}"
            ),
            Self::ContentNotHeld => f.write_str("the content was streamed and is not held"),
        }
    }
}

impl core::error::Error for AppendError {}

impl SignedData {
    /// Reads a ContentInfo with SignedData in BER or DER, content included, that fills all of the bytes.
    ///
    /// # Errors
    /// When it is malformed, too large, no SignedData, or followed by anything.
    pub fn from_ber(ber: &[u8]) -> Result<Self, SignedDataError> {
        Self::from_slice(ber, Trailing::Refused)
    }

    /// As [`Self::from_ber`], for `/Contents` of a PDF signature: zero bytes may follow.
    ///
    /// # Errors
    /// When it is malformed, too large, no SignedData, or followed by anything but zeros.
    pub fn from_padded_ber(ber: &[u8]) -> Result<Self, SignedDataError> {
        Self::from_slice(ber, Trailing::Zeros)
    }

    fn from_slice(ber: &[u8], trailing: Trailing) -> Result<Self, SignedDataError> {
        let mut held = Vec::new();
        let mut keep = |bytes: &[u8]| held.extend_from_slice(bytes);
        let limits = ReadLimits::for_slice(ber.len());
        let mut signed_data = match read::read(ber, &limits, trailing, &[], None, &mut keep) {
            Ok((signed_data, _)) => signed_data,
            Err(ReadError::SignedData(error)) => return Err(error),
            // A slice does not fail to be read; were it to, it would have ended early.
            Err(ReadError::Io(_)) => {
                return Err(SignedDataError::TooLong { limit: ber.len() });
            }
        };
        if matches!(signed_data.content, Content::Streamed { .. }) {
            signed_data.content = Content::Held(held);
        }
        Ok(signed_data)
    }

    /// CMSVersion.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// eContentType.
    #[must_use]
    pub const fn content_type(&self) -> ObjectIdentifier {
        self.content_type
    }

    /// True when eContent is absent.
    #[must_use]
    pub const fn is_detached(&self) -> bool {
        matches!(self.content, Content::Detached)
    }

    /// The encapsulated content, where it is held.
    #[must_use]
    pub fn content(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Held(bytes) => Some(bytes),
            Content::Detached | Content::Streamed { .. } => None,
        }
    }

    /// Length in bytes of the encapsulated content.
    #[must_use]
    pub fn content_len(&self) -> Option<u64> {
        match &self.content {
            Content::Detached => None,
            Content::Held(bytes) => Some(bytes.len() as u64),
            Content::Streamed { len } => Some(*len),
        }
    }

    /// digestAlgorithms.
    #[must_use]
    pub fn digest_algorithms(&self) -> &[AlgorithmIdentifier] {
        &self.digest_algorithms
    }

    /// The digests that the signers and their time-stamps need of the content, each once; unknown ones are left out.
    #[must_use]
    pub fn content_digest_algorithms(&self) -> Vec<DigestAlgorithm> {
        let named = self.signer_infos.iter().map(SignerInfo::digest_algorithm);
        let mut algorithms: Vec<_> =
            named.filter_map(|identifier| identifier.to_digest_algorithm().ok()).collect();
        for signer in &self.signer_infos {
            let tokens =
                signer.content_time_stamps().into_iter().chain(signer.archive_time_stamps());
            algorithms.extend(tokens.flatten().map(|one| one.info().message_imprint().algorithm()));
        }
        algorithms.sort_unstable();
        algorithms.dedup();
        algorithms
    }

    /// The X.509 certificates that can be read, in order; they prove nothing by being there.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        self.readable_certificates.clone()
    }

    /// Each member of `certificates` as received, of whatever kind.
    #[must_use]
    pub fn raw_certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// The CRLs of `crls` that can be read, in order; they prove nothing by being there.
    #[must_use]
    pub fn crls(&self) -> Vec<CertificateList> {
        let crl = |info: &RevocationInfo| match info {
            RevocationInfo::Crl(crl) => Some(crl.clone()),
            RevocationInfo::Ocsp(_) => None,
        };
        self.revocation.iter().filter_map(crl).collect()
    }

    /// The OCSP responses of `crls` (RFC 5940) that can be read, in order; they prove nothing by being there.
    #[must_use]
    pub fn ocsp_responses(&self) -> Vec<OcspResponse> {
        let response = |info: &RevocationInfo| match info {
            RevocationInfo::Ocsp(response) => Some(response.clone()),
            RevocationInfo::Crl(_) => None,
        };
        self.revocation.iter().filter_map(response).collect()
    }

    /// Each member of `crls` as received, of whatever kind.
    #[must_use]
    pub fn raw_crls(&self) -> &[Vec<u8>] {
        &self.crls
    }

    /// The signers, in order.
    #[must_use]
    pub fn signer_infos(&self) -> &[SignerInfo] {
        &self.signer_infos
    }

    /// The structure in DER with one more signer beside the others; every signed byte is copied as received.
    ///
    /// # Errors
    /// When the new signature is about another content type, or attached content is not held.
    pub fn with_signer(&self, signer: &FinishedSigner) -> Result<Vec<u8>, AppendError> {
        if signer.content_type() != self.content_type {
            return Err(AppendError::ContentTypeMismatch {
                existing: self.content_type,
                signed: signer.content_type(),
            });
        }
        let mut parts = self.parts();
        parts.add(signer);
        self.encode(&parts).ok_or(AppendError::ContentNotHeld)
    }

    /// The structure with definite lengths around its content, every part that was received copied as it is and where
    /// it was: sets are not sorted.
    ///
    /// `None` where the content streamed past and is not held; [`Self::rewrite`] then copies it from the original.
    #[must_use]
    pub fn to_der(&self) -> Option<Vec<u8>> {
        self.encode(&self.parts())
    }

    pub(crate) fn parts(&self) -> Parts {
        Parts {
            version: self.version,
            digest_algorithms: self
                .digest_algorithms
                .iter()
                .map(AlgorithmIdentifier::to_der)
                .collect(),
            certificates: self.certificates.clone(),
            crls: self.crls.clone(),
            signer_infos: self
                .signer_infos
                .iter()
                .map(|signer| signer.as_received().to_vec())
                .collect(),
        }
    }

    fn encode(&self, parts: &Parts) -> Option<Vec<u8>> {
        let mut encapsulated = asn1::oid(self.content_type);
        match &self.content {
            Content::Detached => {}
            Content::Held(bytes) => {
                let octets = asn1::tlv(tag::OCTET_STRING, bytes);
                encapsulated.extend(asn1::tlv(tag::context(0), &octets));
            }
            Content::Streamed { .. } => return None,
        }
        let signed_data =
            asn1::sequence(&[parts.head(), asn1::tlv(tag::SEQUENCE, &encapsulated), parts.tail()]);
        Some(asn1::sequence(&[
            asn1::oid(oid::SIGNED_DATA),
            asn1::tlv(tag::context(0), &signed_data),
        ]))
    }
}

impl RevocationInfo {
    /// Reads a RevocationInfoChoice (RFC 5652 §10.2.1); `None` for one that is malformed or of a kind not ours.
    pub(crate) fn from_ber(ber: &[u8]) -> Option<Self> {
        let element = Reader::new(ber, Rules::Ber).element().ok()?;
        if element.tag() != tag::context(1) {
            return CertificateList::from_der(ber).ok().map(Self::Crl);
        }
        let mut fields = element.children().ok()?;
        let format = fields.expect(tag::OBJECT_IDENTIFIER).ok()?.oid().ok()?;
        let info = fields.element().ok()?;
        if format != oid::OCSP_RESPONSE_INFO {
            return None;
        }
        OcspResponse::from_der(info.raw()).ok().map(Self::Ocsp)
    }

    /// The RevocationInfoChoice: a CRL as received, an OCSP response as `other` (RFC 5940 §2.1, EN 319 122-1 §5.4.2.2).
    pub(crate) fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Crl(crl) => crl.as_der().to_vec(),
            Self::Ocsp(response) => asn1::constructed(
                tag::context(1),
                &[asn1::oid(oid::OCSP_RESPONSE_INFO), response.to_response_der()],
            ),
        }
    }
}

/// The parts of a SignedData to be written, each in DER.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) version: u32,
    pub(crate) digest_algorithms: Vec<Vec<u8>>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) crls: Vec<Vec<u8>>,
    pub(crate) signer_infos: Vec<Vec<u8>>,
}

impl Parts {
    /// Adds a signer behind what is there: archive time-stamps may depend on the order.
    fn add(&mut self, signer: &FinishedSigner) {
        let new = signer.parts();
        let extend = |existing: &mut Vec<Vec<u8>>, members: &[Vec<u8>]| {
            for member in members {
                if !existing.contains(member) {
                    existing.push(member.clone());
                }
            }
        };
        self.version = self.version.max(new.version);
        extend(&mut self.digest_algorithms, &new.digest_algorithms);
        extend(&mut self.certificates, &new.certificates);
        self.signer_infos.extend(new.signer_infos.iter().cloned());
    }

    /// What stands before encapContentInfo.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = asn1::small_integer(self.version);
        head.extend(asn1::constructed(tag::SET, &self.digest_algorithms));
        head
    }

    /// What stands behind encapContentInfo.
    pub(crate) fn tail(&self) -> Vec<u8> {
        let mut tail = Vec::new();
        if !self.certificates.is_empty() {
            tail.extend(asn1::constructed(tag::context(0), &self.certificates));
        }
        if !self.crls.is_empty() {
            tail.extend(asn1::constructed(tag::context(1), &self.crls));
        }
        tail.extend(asn1::constructed(tag::SET, &self.signer_infos));
        tail
    }
}

/// RFC 5652 §5.1: 1 for plain data signed under issuerAndSerialNumber, 3 for other content.
pub(crate) fn version_for(content_type: ObjectIdentifier, sid: &SignerIdentifier) -> u32 {
    match sid {
        SignerIdentifier::IssuerAndSerialNumber { .. } if content_type == oid::DATA => 1,
        _ => 3,
    }
}
