//! Reading a SignedData from a stream: the content passes by, only what surrounds it is held.

mod stream;

use self::stream::Stream;
use crate::content::{ContentDigests, ContentHasher};
use crate::oid;
use crate::signed_data::{Content, RevocationInfo, SignedData, SignedDataError};
use crate::signer_info::SignerInfo;
use kyso_x509::asn1::{Element, Reader, Rules, tag};
use kyso_x509::{AlgorithmIdentifier, Certificate, CertificateCache, DigestAlgorithm};
use std::io::{self, Read};

/// What reading may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Most bytes held of everything but the content.
    pub max_envelope_len: usize,
    /// Most certificates, CRLs, digest algorithms or signers, each.
    pub max_members: usize,
}

impl ReadLimits {
    /// For documents: embedded revocation lists reach several megabytes, sets of signers and certificates dozens.
    #[must_use]
    pub const fn document() -> Self {
        Self { max_envelope_len: 32 * 1024 * 1024, max_members: 512 }
    }

    /// For bytes already in memory, of which no more than they are can be held.
    pub(crate) const fn for_slice(len: usize) -> Self {
        Self { max_envelope_len: len, ..Self::document() }
    }
}

/// Why a SignedData could not be read from a stream.
#[derive(Debug)]
pub enum ReadError {
    /// The stream failed.
    Io(io::Error),
    /// What it gave is not acceptable.
    SignedData(SignedDataError),
}

impl core::fmt::Display for ReadError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "reading CMS: {error}"),
            Self::SignedData(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::SignedData(_) => None,
        }
    }
}

impl From<SignedDataError> for ReadError {
    fn from(error: SignedDataError) -> Self {
        Self::SignedData(error)
    }
}

/// What may follow the ContentInfo.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trailing {
    Refused,
    Zeros,
}

/// Reads a ContentInfo with SignedData to the end of the stream, hashing encapsulated content as it passes.
///
/// Every known algorithm of digestAlgorithms, which precedes the content, is computed. `content` is given each
/// piece, for a caller that wants the content itself. Of a detached signature there is nothing to hash, and the
/// digests returned are none.
///
/// # Errors
/// When the stream fails, or what it gives is malformed, too large, no SignedData, or followed by anything.
pub fn read_signed_data(
    reader: impl Read,
    limits: &ReadLimits,
    content: &mut dyn FnMut(&[u8]),
) -> Result<(SignedData, ContentDigests), ReadError> {
    read(reader, limits, Trailing::Refused, &DigestAlgorithm::ALL, None, content)
}

/// As [`read_signed_data`], with the certificates that were read before from the same bytes.
///
/// # Errors
/// As [`read_signed_data`].
pub fn read_signed_data_with(
    reader: impl Read,
    limits: &ReadLimits,
    known: &CertificateCache,
    content: &mut dyn FnMut(&[u8]),
) -> Result<(SignedData, ContentDigests), ReadError> {
    read(reader, limits, Trailing::Refused, &DigestAlgorithm::ALL, Some(known), content)
}

/// Computes those digests that both `wanted` and digestAlgorithms name.
pub(crate) fn read(
    reader: impl Read,
    limits: &ReadLimits,
    trailing: Trailing,
    wanted: &[DigestAlgorithm],
    known: Option<&CertificateCache>,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(SignedData, ContentDigests), ReadError> {
    let mut stream = Stream::new(reader, limits);
    let content_info = stream.open(tag::SEQUENCE)?;
    let content_type = stream.small(tag::OBJECT_IDENTIFIER, |element| element.oid())?;
    if content_type != oid::SIGNED_DATA {
        return Err(SignedDataError::NotSignedData { content_type }.into());
    }
    let explicit = stream.open(tag::context(0))?;
    let sequence = stream.open(tag::SEQUENCE)?;
    let version = stream.small(tag::INTEGER, |element| element.small_integer())?;
    let digest_algorithms = stream.small(tag::SET, |element| {
        let members = element.children()?.rest()?;
        members.iter().map(AlgorithmIdentifier::from_element).collect::<Result<Vec<_>, _>>()
    })?;
    check_members(digest_algorithms.len(), limits)?;

    let encapsulated_start = stream.position;
    let encapsulated = stream.open(tag::SEQUENCE)?;
    let content_type = stream.small(tag::OBJECT_IDENTIFIER, |element| element.oid())?;
    let algorithms: Vec<_> = digest_algorithms
        .iter()
        .filter_map(|identifier| identifier.to_digest_algorithm().ok())
        .filter(|algorithm| wanted.contains(algorithm))
        .collect();
    let mut hasher = ContentHasher::new(&algorithms);
    let mut content = Content::Detached;
    if !stream.is_at_end(encapsulated)? {
        let inner = stream.open(tag::context(0))?;
        stream.octets(0, &mut |bytes| {
            hasher.update(bytes);
            sink(bytes);
        })?;
        stream.close(inner)?;
        content = Content::Streamed { len: hasher.len() };
    }
    stream.close(encapsulated)?;

    let rest_offset = stream.position;
    let mut rest = Vec::new();
    while !stream.is_at_end(sequence)? {
        stream.element(&mut rest, 0)?;
    }
    stream.close(sequence)?;
    stream.close(explicit)?;
    stream.close(content_info)?;
    stream.end(trailing)?;

    let signed_data = assemble(
        SignedData {
            version,
            digest_algorithms,
            content_type,
            content,
            certificates: Vec::new(),
            readable_certificates: Vec::new(),
            crls: Vec::new(),
            revocation: Vec::new(),
            signer_infos: Vec::new(),
            encapsulated: encapsulated_start..rest_offset,
        },
        &rest,
        limits,
        known,
    )
    .map_err(|error| shifted(error, rest_offset))?;
    // The digest of no content must not pass for that of content that is elsewhere.
    let digests = if signed_data.is_detached() {
        ContentDigests::from_digests(Vec::new())
    } else {
        hasher.finish()
    };
    Ok((signed_data, digests))
}

/// Adds what stands behind encapContentInfo.
fn assemble(
    mut signed_data: SignedData,
    rest: &[u8],
    limits: &ReadLimits,
    known: Option<&CertificateCache>,
) -> Result<SignedData, SignedDataError> {
    let mut fields = Reader::new(rest, Rules::Ber);
    let members = |element: Option<Element<'_>>| -> Result<Vec<Vec<u8>>, SignedDataError> {
        let Some(element) = element else {
            return Ok(Vec::new());
        };
        let members = element.children()?.rest()?;
        check_members(members.len(), limits)?;
        Ok(members.iter().map(|member| member.raw().to_vec()).collect())
    };
    signed_data.certificates = members(fields.optional(tag::context(0))?)?;
    let certificate = |der: &Vec<u8>| match known {
        Some(known) => known.read(der).ok(),
        None => Certificate::from_der(der).ok(),
    };
    signed_data.readable_certificates =
        signed_data.certificates.iter().filter_map(certificate).collect();
    signed_data.crls = members(fields.optional(tag::context(1))?)?;
    signed_data.revocation =
        signed_data.crls.iter().filter_map(|ber| RevocationInfo::from_ber(ber)).collect();
    let signer_infos = fields.expect(tag::SET)?.children()?.rest()?;
    check_members(signer_infos.len(), limits)?;
    fields.finish()?;
    signed_data.signer_infos =
        signer_infos.iter().map(SignerInfo::from_element).collect::<Result<_, _>>()?;
    Ok(signed_data)
}

fn check_members(count: usize, limits: &ReadLimits) -> Result<(), SignedDataError> {
    if count > limits.max_members {
        return Err(SignedDataError::TooMany { limit: limits.max_members });
    }
    Ok(())
}

/// Counts an offset from the start of the stream.
fn shifted(error: SignedDataError, by: u64) -> SignedDataError {
    match error {
        SignedDataError::Asn1(mut error) => {
            error.offset = error.offset.saturating_add(saturated(by));
            SignedDataError::Asn1(error)
        }
        other => other,
    }
}

fn saturated(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
