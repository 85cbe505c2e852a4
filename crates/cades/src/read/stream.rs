//! A pull parser for BER over a stream.

use super::{ReadError, ReadLimits, Trailing, saturated, shifted};
use crate::signed_data::SignedDataError;
use kyso_x509::asn1::{Asn1Error, Asn1ErrorKind, Element, MAX_DEPTH, Reader, Rules, tag};
use std::io::{self, Read};

/// Where an open constructed element ends.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// At this offset.
    At(u64),
    /// At end-of-contents octets.
    Marked,
}

/// Identifier and length octets as received.
struct Header {
    tag: u8,
    raw: [u8; MAX_HEADER_LEN],
    raw_len: usize,
    /// `None` when the length is indefinite.
    value_len: Option<u64>,
}

/// Pieces in which a stream is read: the first, which holds most detached signatures, and the largest of a long one.
const FIRST_BUFFER_LEN: usize = 4 * 1024;
const BUFFER_LEN: usize = 64 * 1024;
/// Identifier octets that are followed; tag numbers in use need one.
const MAX_TAG_LEN: usize = 6;
/// Identifier octets, and as many length octets as X.690 §8.1.3.5 allows.
const MAX_HEADER_LEN: usize = MAX_TAG_LEN + 1 + 127;

/// A pull parser: position in a stream, and what of it may still be held.
pub(super) struct Stream<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    was_filled: bool,
    pub(super) position: u64,
    budget: usize,
    limit: usize,
}

impl Header {
    fn raw(&self) -> &[u8] {
        self.raw.get(..self.raw_len).unwrap_or_default()
    }

    /// Adds an octet; the longest header there is has room.
    fn push(&mut self, octet: u8) {
        if let Some(place) = self.raw.get_mut(self.raw_len) {
            *place = octet;
            self.raw_len += 1;
        }
    }
}

impl<R: Read> Stream<R> {
    pub(super) fn new(reader: R, limits: &ReadLimits) -> Self {
        Self {
            reader,
            buffer: vec![0; FIRST_BUFFER_LEN],
            start: 0,
            end: 0,
            was_filled: false,
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
            // Whoever filled the last piece has more to give.
            if self.was_filled && self.buffer.len() < BUFFER_LEN {
                self.buffer.resize(self.buffer.len() * 4, 0);
            }
            while self.end < wanted {
                match self.reader.read(&mut self.buffer[self.end..]) {
                    Ok(0) => break,
                    Ok(len) => self.end += len,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(ReadError::Io(error)),
                }
            }
            self.was_filled = self.end == self.buffer.len();
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
        let mut header =
            Header { tag: self.byte()?, raw: [0; MAX_HEADER_LEN], raw_len: 0, value_len: None };
        let tag = header.tag;
        header.push(tag);
        if tag & 0x1f == 0x1f {
            loop {
                let octet = self.byte()?;
                header.push(octet);
                if octet & 0x80 == 0 {
                    break;
                }
                if header.raw_len >= MAX_TAG_LEN {
                    return Err(self.fail(Asn1ErrorKind::InvalidValue { tag }));
                }
            }
        }
        let first = self.byte()?;
        header.push(first);
        header.value_len = match first {
            0..=0x7f => Some(u64::from(first)),
            0x80 if tag & 0x20 != 0 => None,
            0x80 => return Err(self.fail(Asn1ErrorKind::IndefiniteLength)),
            _ => {
                let mut value = 0_u64;
                for _ in 0..first & 0x7f {
                    let octet = self.byte()?;
                    header.push(octet);
                    if value >> 56 != 0 {
                        return Err(self.fail(Asn1ErrorKind::InvalidLength));
                    }
                    value = (value << 8) | u64::from(octet);
                }
                Some(value)
            }
        };
        Ok(header)
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
    pub(super) fn open(&mut self, expected: u8) -> Result<End, ReadError> {
        let found = self.available(1)?.first().copied();
        if found != Some(expected) {
            return Err(self.fail(Asn1ErrorKind::UnexpectedTag { expected, found }));
        }
        let header = self.header()?;
        self.end_of(&header)
    }

    pub(super) fn is_at_end(&mut self, end: End) -> Result<bool, ReadError> {
        match end {
            End::At(offset) if self.position > offset => Err(self.fail(Asn1ErrorKind::Truncated)),
            End::At(offset) => Ok(self.position == offset),
            End::Marked => Ok(self.available(2)?.starts_with(&[0, 0])),
        }
    }

    /// Leaves a constructed element, of which nothing may be left.
    pub(super) fn close(&mut self, end: End) -> Result<(), ReadError> {
        if !self.is_at_end(end)? {
            return Err(self.fail(Asn1ErrorKind::TrailingData));
        }
        if matches!(end, End::Marked) {
            self.consume(2);
        }
        Ok(())
    }

    /// Holds one small element and reads it.
    pub(super) fn small<T>(
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
    pub(super) fn element(&mut self, out: &mut Vec<u8>, depth: u8) -> Result<(), ReadError> {
        if depth >= MAX_DEPTH {
            return Err(self.fail(Asn1ErrorKind::TooDeep));
        }
        let header = self.header()?;
        self.hold(out, header.raw())?;
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
    pub(super) fn octets(
        &mut self,
        depth: u8,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ReadError> {
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
    pub(super) fn end(&mut self, trailing: Trailing) -> Result<(), ReadError> {
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
