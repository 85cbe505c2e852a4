//! The content of an entry, decompressed as it is read, and verified before its last byte is handed out.

use std::io::{self, Read, Seek, SeekFrom};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::directory::{Entry, Method};
use super::error::{DataFault, ZipError};
use crate::name::EntryName;

/// Bytes of compressed data read at once.
const INPUT: usize = 64 << 10;

/// A reader of one entry's content.
///
/// The bytes with which the stated size is reached are given only after the CRC-32 and the end of the compressed data
/// have been verified. Failures come as `std::io::Error` with a [`ZipError`] inside, which `ZipError::from` takes out.
pub struct EntryReader<'a, R> {
    source: &'a mut R,
    name: EntryName,
    /// Compressed bytes not yet read from the source.
    remaining: u64,
    size: u64,
    produced: u64,
    crc32: u32,
    hasher: crc32fast::Hasher,
    decoder: Decoder,
    state: State,
}

enum Decoder {
    Stored,
    Deflated { inflate: Box<InflateState>, input: Vec<u8>, from: usize, ended: bool },
}

enum State {
    Reading,
    Verified,
    Failed(DataFault),
}

impl<'a, R: Read + Seek> EntryReader<'a, R> {
    pub(super) fn new(source: &'a mut R, entry: &Entry) -> Result<Self, ZipError> {
        source.seek(SeekFrom::Start(entry.data_offset()))?;
        let decoder = match entry.method() {
            Method::Stored => Decoder::Stored,
            Method::Deflated => Decoder::Deflated {
                inflate: InflateState::new_boxed(DataFormat::Raw),
                input: Vec::new(),
                from: 0,
                ended: false,
            },
        };
        Ok(Self {
            source,
            name: entry.name().clone(),
            remaining: entry.compressed_size(),
            size: entry.size(),
            produced: 0,
            crc32: entry.crc32(),
            hasher: crc32fast::Hasher::new(),
            decoder,
            state: State::Reading,
        })
    }

    /// Reads some bytes; 0 means the end, reached and verified.
    ///
    /// # Errors
    /// Data that are not what the headers state.
    pub fn fill(&mut self, out: &mut [u8]) -> Result<usize, ZipError> {
        match self.state {
            State::Verified => return Ok(0),
            State::Failed(fault) => return Err(self.refused(fault)),
            State::Reading if out.is_empty() => return Ok(0),
            State::Reading => {}
        }
        match self.advance(out) {
            Ok(Ok(written)) => Ok(written),
            Ok(Err(fault)) => {
                self.state = State::Failed(fault);
                Err(self.refused(fault))
            }
            Err(error) => Err(ZipError::Io(error)),
        }
    }

    fn refused(&self, fault: DataFault) -> ZipError {
        ZipError::Data { name: self.name.clone(), fault }
    }

    fn advance(&mut self, out: &mut [u8]) -> io::Result<Result<usize, DataFault>> {
        let mut written = 0;
        if self.produced < self.size {
            written = match self.decode(out)? {
                Ok(written) => written,
                Err(fault) => return Ok(Err(fault)),
            };
            if written == 0 {
                return Ok(Err(DataFault::Shorter));
            }
            let Some(given) = out.get(..written) else { return Ok(Err(DataFault::Longer)) };
            self.hasher.update(given);
            self.produced = self.produced.saturating_add(written as u64);
            if self.produced > self.size {
                return Ok(Err(DataFault::Longer));
            }
        }
        if self.produced == self.size {
            if let Err(fault) = self.verify_end()? {
                return Ok(Err(fault));
            }
            self.state = State::Verified;
        }
        Ok(Ok(written))
    }

    /// Nothing more may come, nothing may be left, and the CRC-32 must be the stated one.
    fn verify_end(&mut self) -> io::Result<Result<(), DataFault>> {
        let mut beyond = [0; 1];
        match self.decode(&mut beyond)? {
            Ok(0) => {}
            Ok(_) => return Ok(Err(DataFault::Longer)),
            Err(fault) => return Ok(Err(fault)),
        }
        let buffered = match &self.decoder {
            Decoder::Stored => 0,
            Decoder::Deflated { input, from, .. } => input.len().saturating_sub(*from),
        };
        if self.remaining != 0 || buffered != 0 {
            return Ok(Err(DataFault::TrailingBytes));
        }
        if self.hasher.clone().finalize() != self.crc32 {
            return Ok(Err(DataFault::Crc));
        }
        Ok(Ok(()))
    }

    /// Some decoded bytes; 0 at the end of the data.
    fn decode(&mut self, out: &mut [u8]) -> io::Result<Result<usize, DataFault>> {
        let Decoder::Deflated { inflate: inflater, input, from, ended } = &mut self.decoder else {
            let room = out.len().min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
            let Some(target) = out.get_mut(..room).filter(|target| !target.is_empty()) else {
                return Ok(Ok(0));
            };
            let read = read_some(self.source, target)?;
            if read == 0 {
                return Ok(Err(DataFault::Truncated));
            }
            self.remaining = self.remaining.saturating_sub(read as u64);
            return Ok(Ok(read));
        };
        while !*ended {
            if *from >= input.len() && self.remaining > 0 {
                let room = usize::try_from(self.remaining).unwrap_or(INPUT).min(INPUT);
                input.resize(room, 0);
                let read = read_some(self.source, input)?;
                if read == 0 {
                    return Ok(Err(DataFault::Truncated));
                }
                input.truncate(read);
                *from = 0;
                self.remaining = self.remaining.saturating_sub(read as u64);
            }
            let outcome =
                inflate(inflater, input.get(*from..).unwrap_or_default(), out, MZFlush::None);
            *from = from.saturating_add(outcome.bytes_consumed);
            match outcome.status {
                Ok(MZStatus::StreamEnd) => *ended = true,
                Ok(MZStatus::Ok) => {}
                // No progress: more input is wanted, and there may be none.
                Err(MZError::Buf) if *from < input.len() || self.remaining > 0 => {}
                Err(MZError::Buf) if outcome.bytes_written == 0 => {
                    return Ok(Err(DataFault::Truncated));
                }
                Err(MZError::Buf) => {}
                Ok(MZStatus::NeedDict) | Err(_) => return Ok(Err(DataFault::Deflate)),
            }
            if outcome.bytes_written > 0 {
                return Ok(Ok(outcome.bytes_written));
            }
            if outcome.bytes_consumed == 0 && *from < input.len() && !*ended {
                return Ok(Err(DataFault::Deflate));
            }
        }
        Ok(Ok(0))
    }
}

impl<R: Read + Seek> Read for EntryReader<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.fill(out).map_err(|error| match error {
            ZipError::Io(error) => error,
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        })
    }
}

fn read_some(source: &mut impl Read, target: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(target) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
