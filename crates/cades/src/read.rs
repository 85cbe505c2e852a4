//! Reading a SignedData from a stream: the content passes by, only what surrounds it is held.

use crate::content::{ContentDigests, ContentHasher};
use crate::oid;
use crate::signed_data::{Content, SignedData, SignedDataError};
use crate::signer_info::SignerInfo;
use kyso_x509::asn1::{Asn1Error, Asn1ErrorKind, Element, MAX_DEPTH, Reader, Rules, tag};
use kyso_x509::{AlgorithmIdentifier, DigestAlgorithm};
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
/// piece, for a caller that wants the content itself; of a detached signature it gets nothing, and the digests
/// returned are those of empty content, not to be used: see [`SignedData::is_detached`].
///
/// # Errors
/// When the stream fails, or what it gives is malformed, too large, no SignedData, or followed by anything.
pub fn read_signed_data(
    reader: impl Read,
    limits: &ReadLimits,
    content: &mut dyn FnMut(&[u8]),
) -> Result<(SignedData, ContentDigests), ReadError> {
    read(reader, limits, Trailing::Refused, &DigestAlgorithm::ALL, content)
}

/// Computes those digests that both `wanted` and digestAlgorithms name.
pub(crate) fn read(
    reader: impl Read,
    limits: &ReadLimits,
    trailing: Trailing,
    wanted: &[DigestAlgorithm],
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
            crls: Vec::new(),
            signer_infos: Vec::new(),
        },
        &rest,
        limits,
    )
    .map_err(|error| shifted(error, rest_offset))?;
    Ok((signed_data, hasher.finish()))
}

/// Adds what stands behind encapContentInfo.
fn assemble(
    mut signed_data: SignedData,
    rest: &[u8],
    limits: &ReadLimits,
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
    signed_data.crls = members(fields.optional(tag::context(1))?)?;
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

/// Where an open constructed element ends.
#[derive(Clone, Copy)]
enum End {
    /// At this offset.
    At(u64),
    /// At end-of-contents octets.
    Marked,
}

/// Identifier and length octets as received.
struct Header {
    tag: u8,
    raw: Vec<u8>,
    /// `None` when the length is indefinite.
    value_len: Option<u64>,
}

/// Pieces in which a stream is read.
const BUFFER_LEN: usize = 64 * 1024;
/// Identifier octets that are followed; tag numbers in use need one.
const MAX_TAG_LEN: usize = 6;

/// A pull parser: position in a stream, and what of it may still be held.
struct Stream<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    position: u64,
    budget: usize,
    limit: usize,
}

impl<R: Read> Stream<R> {
    fn new(reader: R, limits: &ReadLimits) -> Self {
        Self {
            reader,
            buffer: vec![0; BUFFER_LEN],
            start: 0,
            end: 0,
            position: 0,
            budget: limits.max_envelope_len,
            limit: limits.max_envelope_len,
        }
    }

    fn fail(&self, kind: Asn1ErrorKind) -> ReadError {
        ReadError::SignedData(SignedDataError::Asn1(Asn1Error {
            offset: saturated(self.position),
            kind,
        }))
    }

    /// Bytes at hand, at least `wanted` unless the stream ends; `wanted` is small.
    fn available(&mut self, wanted: usize) -> Result<&[u8], ReadError> {
        if self.end - self.start < wanted {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            while self.end < wanted {
                match self.reader.read(&mut self.buffer[self.end..]) {
                    Ok(0) => break,
                    Ok(len) => self.end += len,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(ReadError::Io(error)),
                }
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, len: usize) {
        self.start += len;
        self.position += len as u64;
    }

    fn byte(&mut self) -> Result<u8, ReadError> {
        let byte = self.available(1)?.first().copied();
        let byte = byte.ok_or_else(|| self.fail(Asn1ErrorKind::Truncated))?;
        self.consume(1);
        Ok(byte)
    }

    fn header(&mut self) -> Result<Header, ReadError> {
        let tag = self.byte()?;
        let mut raw = vec![tag];
        if tag & 0x1f == 0x1f {
            loop {
                let octet = self.byte()?;
                raw.push(octet);
                if octet & 0x80 == 0 {
                    break;
                }
                if raw.len() >= MAX_TAG_LEN {
                    return Err(self.fail(Asn1ErrorKind::InvalidValue { tag }));
                }
            }
        }
        let first = self.byte()?;
        raw.push(first);
        let value_len = match first {
            0..=0x7f => Some(u64::from(first)),
            0x80 if tag & 0x20 != 0 => None,
            0x80 => return Err(self.fail(Asn1ErrorKind::IndefiniteLength)),
            _ => {
                let mut value = 0_u64;
                for _ in 0..first & 0x7f {
                    let octet = self.byte()?;
                    raw.push(octet);
                    if value >> 56 != 0 {
                        return Err(self.fail(Asn1ErrorKind::InvalidLength));
                    }
                    value = (value << 8) | u64::from(octet);
                }
                Some(value)
            }
        };
        Ok(Header { tag, raw, value_len })
    }

    fn end_of(&self, header: &Header) -> Result<End, ReadError> {
        match header.value_len {
            None => Ok(End::Marked),
            Some(len) => self
                .position
                .checked_add(len)
                .map(End::At)
                .ok_or_else(|| self.fail(Asn1ErrorKind::InvalidLength)),
        }
    }

    /// Enters a constructed element.
    fn open(&mut self, expected: u8) -> Result<End, ReadError> {
        let found = self.available(1)?.first().copied();
        if found != Some(expected) {
            return Err(self.fail(Asn1ErrorKind::UnexpectedTag { expected, found }));
        }
        let header = self.header()?;
        self.end_of(&header)
    }

    fn is_at_end(&mut self, end: End) -> Result<bool, ReadError> {
        match end {
            End::At(offset) if self.position > offset => Err(self.fail(Asn1ErrorKind::Truncated)),
            End::At(offset) => Ok(self.position == offset),
            End::Marked => Ok(self.available(2)?.starts_with(&[0, 0])),
        }
    }

    /// Leaves a constructed element, of which nothing may be left.
    fn close(&mut self, end: End) -> Result<(), ReadError> {
        if !self.is_at_end(end)? {
            return Err(self.fail(Asn1ErrorKind::TrailingData));
        }
        if matches!(end, End::Marked) {
            self.consume(2);
        }
        Ok(())
    }

    /// Holds one small element and reads it.
    fn small<T>(
        &mut self,
        expected: u8,
        parse: impl FnOnce(&Element<'_>) -> Result<T, Asn1Error>,
    ) -> Result<T, ReadError> {
        let offset = self.position;
        let found = self.available(1)?.first().copied();
        if found != Some(expected) {
            return Err(self.fail(Asn1ErrorKind::UnexpectedTag { expected, found }));
        }
        let mut raw = Vec::new();
        self.element(&mut raw, 0)?;
        let element = Reader::new(&raw, Rules::Ber).element();
        element
            .and_then(|element| parse(&element))
            .map_err(|error| shifted(error.into(), offset).into())
    }

    /// Copies one whole element.
    fn element(&mut self, out: &mut Vec<u8>, depth: u8) -> Result<(), ReadError> {
        if depth >= MAX_DEPTH {
            return Err(self.fail(Asn1ErrorKind::TooDeep));
        }
        let header = self.header()?;
        self.hold(out, &header.raw)?;
        let Some(value_len) = header.value_len else {
            while !self.is_at_end(End::Marked)? {
                self.element(out, depth + 1)?;
            }
            self.consume(2);
            return self.hold(out, &[0, 0]);
        };
        if value_len > self.budget as u64 {
            return Err(SignedDataError::TooLong { limit: self.limit }.into());
        }
        self.pass(value_len, &mut |bytes| out.extend_from_slice(bytes))?;
        // Checked above to fit.
        self.budget -= saturated(value_len).min(self.budget);
        Ok(())
    }

    fn hold(&mut self, out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), ReadError> {
        self.budget = self
            .budget
            .checked_sub(bytes.len())
            .ok_or(SignedDataError::TooLong { limit: self.limit })?;
        out.extend_from_slice(bytes);
        Ok(())
    }

    /// Passes bytes on without holding them.
    fn pass(&mut self, mut len: u64, sink: &mut dyn FnMut(&[u8])) -> Result<(), ReadError> {
        while len > 0 {
            let at_hand = self.available(1)?;
            if at_hand.is_empty() {
                return Err(self.fail(Asn1ErrorKind::Truncated));
            }
            let piece = saturated(len).min(at_hand.len());
            sink(&at_hand[..piece]);
            self.consume(piece);
            len -= piece as u64;
        }
        Ok(())
    }

    /// Passes on the content of an OCTET STRING, split or whole.
    fn octets(&mut self, depth: u8, sink: &mut dyn FnMut(&[u8])) -> Result<(), ReadError> {
        if depth >= MAX_DEPTH {
            return Err(self.fail(Asn1ErrorKind::TooDeep));
        }
        let header = self.header()?;
        match (header.tag, header.value_len) {
            (tag::OCTET_STRING, Some(len)) => self.pass(len, sink),
            (0x24, _) => {
                let end = self.end_of(&header)?;
                while !self.is_at_end(end)? {
                    self.octets(depth + 1, sink)?;
                }
                self.close(end)
            }
            (found, _) => Err(self.fail(Asn1ErrorKind::UnexpectedTag {
                expected: tag::OCTET_STRING,
                found: Some(found),
            })),
        }
    }

    /// Reads to the end of the stream.
    fn end(&mut self, trailing: Trailing) -> Result<(), ReadError> {
        loop {
            let at_hand = self.available(1)?;
            if at_hand.is_empty() {
                return Ok(());
            }
            let allowed = trailing == Trailing::Zeros && at_hand.iter().all(|byte| *byte == 0);
            if !allowed {
                let offset = self.position;
                return Err(SignedDataError::TrailingData { offset }.into());
            }
            let len = at_hand.len();
            self.consume(len);
        }
    }
}
