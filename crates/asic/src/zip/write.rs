//! Writing an archive front to back: the same input gives the same bytes.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};

use super::directory::{Archive, Entry};
use super::error::ZipError;
use super::header::Header;
use super::{END, ZIP64_END, ZIP64_LOCATOR};
use crate::name::EntryName;

/// Bytes moved at once.
const CHUNK: usize = 64 << 10;

/// A moment as MS-DOS writes it (APPNOTE §4.4.6), in local time of two seconds' resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DosTime {
    /// Year less 1980 in bits 9 to 15, month in bits 5 to 8, day in bits 0 to 4.
    pub date: u16,
    /// Hour in bits 11 to 15, minute in bits 5 to 10, half seconds in bits 0 to 4.
    pub time: u16,
}

impl DosTime {
    /// 1 January 1980, 00:00:00: the first moment of the format, for archives that shall not depend on a clock.
    pub const FIRST: Self = Self { date: 1 << 5 | 1, time: 0 };
}

/// What is known of a file before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Bytes in it.
    pub size: u64,
    /// Its CRC-32 (APPNOTE §4.4.7).
    pub crc32: u32,
}

impl Measured {
    /// Measures bytes that are all in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, crc32: crc32fast::hash(bytes) }
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    Stored,
    /// By Deflate (RFC 1951), the sizes in a data descriptor behind it.
    Deflated,
}

/// Why an archive cannot be written.
#[derive(Debug)]
pub enum WriteError {
    /// The passed-in reader or writer failed.
    Io(io::Error),
    /// The archive that is being extended cannot be read.
    Zip(ZipError),
    /// A file of this name, or of one that some system takes for the same, is there already.
    Collision(EntryName),
    /// What a file holds now is not what was measured before.
    Changed(EntryName),
    /// A name of more than 65,535 bytes.
    NameTooLong(EntryName),
    /// An entry that has to move beyond 4 GiB has no room for its new place in its header.
    NoRoomToMove(EntryName),
}

impl core::fmt::Display for WriteError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io(_) => f.write_str("writing the container failed"),
            Self::Zip(_) => f.write_str("the container cannot be read"),
            Self::Collision(name) => write!(f, "a file \"{name}\" is there already"),
            Self::Changed(name) => write!(f, "file \"{name}\" changed while it was being signed"),
            Self::NameTooLong(name) => write!(f, "the name \"{name}\" is too long"),
            Self::NoRoomToMove(name) => write!(f, "entry \"{name}\" cannot move beyond 4 GiB"),
        }
    }
}

impl core::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Zip(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<ZipError>() {
            Ok(error) => Self::Zip(error),
            Err(error) => Self::Io(error),
        }
    }
}

impl From<ZipError> for WriteError {
    fn from(error: ZipError) -> Self {
        Self::Zip(error)
    }
}

/// Writes entries one after the other, then the directory.
pub struct ZipWriter<W> {
    out: W,
    offset: u64,
    directory: Vec<u8>,
    entries: u64,
    names: BTreeMap<String, EntryName>,
    modified: DosTime,
    /// From which size or offset on a value is written in 64 bits: `u32::MAX`; lower in tests.
    zip64_from: u64,
}

impl<W: Write> ZipWriter<W> {
    /// Begins an archive whose entries bear this time.
    pub fn new(out: W, modified: DosTime) -> Self {
        Self {
            out,
            offset: 0,
            directory: Vec::new(),
            entries: 0,
            names: BTreeMap::new(),
            modified,
            zip64_from: u32::MAX.into(),
        }
    }

    /// Writes a file whose bytes are in memory, stored.
    ///
    /// # Errors
    /// The writer's; a name that is there already.
    pub fn write(&mut self, name: &EntryName, bytes: &[u8]) -> Result<(), WriteError> {
        self.copy(name, Measured::of(bytes), Compression::Stored, &mut &bytes[..])
    }

    /// Writes a file that was measured before and is read now.
    ///
    /// # Errors
    /// Reader's and writer's; [`WriteError::Changed`] when it is not what was measured.
    pub fn copy(
        &mut self,
        name: &EntryName,
        measured: Measured,
        compression: Compression,
        content: &mut dyn Read,
    ) -> Result<(), WriteError> {
        self.claim(name)?;
        // Deflate adds five bytes to every 64 KiB that it cannot compress.
        let most = match compression {
            Compression::Stored => measured.size,
            Compression::Deflated => measured.size.saturating_add(measured.size / 8_192 + 64),
        };
        let wide = most >= self.zip64_from;
        let header = Header {
            name,
            deflated: compression == Compression::Deflated,
            measured,
            compressed_size: measured.size,
            offset: self.offset,
            modified: self.modified,
            wide,
        };
        let local = header.local()?;
        self.put(&local)?;
        let compressed_size = match compression {
            Compression::Stored => self.put_stored(name, measured, content)?,
            Compression::Deflated => {
                let compressed_size = self.put_deflated(name, measured, content)?;
                let descriptor = Header { compressed_size, ..header }.descriptor();
                self.put(&descriptor)?;
                compressed_size
            }
        };
        let header = Header { compressed_size, ..header };
        header.central(&mut self.directory, self.zip64_from)?;
        self.entries += 1;
        Ok(())
    }

    /// Writes an entry of another archive as it stands there, header and data untouched.
    ///
    /// # Errors
    /// Reader's and writer's; a name that is there already.
    pub(crate) fn keep<R: Read + Seek>(
        &mut self,
        archive: &mut Archive<R>,
        entry: &Entry,
    ) -> Result<(), WriteError> {
        self.claim(entry.name())?;
        let mut record = archive.record(entry).to_vec();
        if self.offset != entry.header_offset() {
            // Bytes 42 to 45 of a directory header (APPNOTE §4.3.12).
            let no_room = || WriteError::NoRoomToMove(entry.name().clone());
            let narrow = u32::try_from(self.offset)
                .ok()
                .filter(|offset| *offset != u32::MAX)
                .ok_or_else(no_room)?;
            let place = record.get_mut(42..46).ok_or_else(no_room)?;
            if *place == u32::MAX.to_le_bytes() {
                return Err(no_room());
            }
            place.copy_from_slice(&narrow.to_le_bytes());
        }
        let extent = entry.extent();
        let source = archive.source();
        source.seek(SeekFrom::Start(extent.start))?;
        let length = extent.end.saturating_sub(extent.start);
        let copied = io::copy(&mut source.take(length), &mut self.out)?;
        if copied != length {
            return Err(WriteError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        self.offset += length;
        self.directory.extend_from_slice(&record);
        self.entries += 1;
        Ok(())
    }

    /// Writes the directory and the end records, flushes, and gives the writer back with the bytes written.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(mut self, comment: &[u8]) -> Result<(W, u64), WriteError> {
        let directory_offset = self.offset;
        let directory = core::mem::take(&mut self.directory);
        self.put(&directory)?;
        let directory_bytes = directory.len() as u64;
        let wide = self.entries >= u64::from(u16::MAX)
            || directory_bytes >= self.zip64_from
            || directory_offset >= self.zip64_from;
        let mut end = Vec::new();
        if wide {
            // APPNOTE §4.3.14: 44 bytes follow the size field.
            end.extend_from_slice(&ZIP64_END.to_le_bytes());
            end.extend_from_slice(&44_u64.to_le_bytes());
            end.extend_from_slice(&(3_u16 << 8 | 45).to_le_bytes());
            end.extend_from_slice(&45_u16.to_le_bytes());
            end.extend_from_slice(&[0; 8]);
            end.extend_from_slice(&self.entries.to_le_bytes());
            end.extend_from_slice(&self.entries.to_le_bytes());
            end.extend_from_slice(&directory_bytes.to_le_bytes());
            end.extend_from_slice(&directory_offset.to_le_bytes());
            // §4.3.15: its own place, one disk.
            end.extend_from_slice(&ZIP64_LOCATOR.to_le_bytes());
            end.extend_from_slice(&[0; 4]);
            end.extend_from_slice(&self.offset.to_le_bytes());
            end.extend_from_slice(&1_u32.to_le_bytes());
        }
        let narrow16 = |value: u64| u16::try_from(value).unwrap_or(u16::MAX);
        let narrow32 = |value: u64| {
            if value >= self.zip64_from {
                u32::MAX
            } else {
                u32::try_from(value).unwrap_or(u32::MAX)
            }
        };
        let comment = comment.get(..comment.len().min(usize::from(u16::MAX))).unwrap_or_default();
        end.extend_from_slice(&END.to_le_bytes());
        end.extend_from_slice(&[0; 4]);
        end.extend_from_slice(&narrow16(self.entries).to_le_bytes());
        end.extend_from_slice(&narrow16(self.entries).to_le_bytes());
        end.extend_from_slice(&narrow32(directory_bytes).to_le_bytes());
        end.extend_from_slice(&narrow32(directory_offset).to_le_bytes());
        end.extend_from_slice(&narrow16(comment.len() as u64).to_le_bytes());
        end.extend_from_slice(comment);
        self.put(&end)?;
        self.out.flush()?;
        Ok((self.out, self.offset))
    }

    fn claim(&mut self, name: &EntryName) -> Result<(), WriteError> {
        match self.names.insert(name.collision_key(), name.clone()) {
            Some(_) => Err(WriteError::Collision(name.clone())),
            None => Ok(()),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn put_stored(
        &mut self,
        name: &EntryName,
        measured: Measured,
        content: &mut dyn Read,
    ) -> Result<u64, WriteError> {
        let mut checked = Checked::new(content, measured);
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = checked.read(&mut chunk)?;
            let bytes = chunk.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            self.put(bytes)?;
        }
        checked.verify(name)?;
        Ok(measured.size)
    }

    /// Compresses at level 6, a constant of the format that is written: another level, other bytes.
    fn put_deflated(
        &mut self,
        name: &EntryName,
        measured: Measured,
        content: &mut dyn Read,
    ) -> Result<u64, WriteError> {
        let mut checked = Checked::new(content, measured);
        let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(6, -15, 0));
        let begin = self.offset;
        let mut chunk = vec![0; CHUNK];
        let mut packed = vec![0; CHUNK];
        let mut last = false;
        while !last {
            let read = checked.read(&mut chunk)?;
            last = read == 0;
            let flush = if last { TDEFLFlush::Finish } else { TDEFLFlush::None };
            let mut input = chunk.get(..read).unwrap_or_default();
            loop {
                let (status, consumed, written) =
                    compress(&mut compressor, input, &mut packed, flush);
                self.put(packed.get(..written).unwrap_or_default())?;
                input = input.get(consumed..).unwrap_or_default();
                match status {
                    TDEFLStatus::Done => break,
                    TDEFLStatus::Okay if !last && input.is_empty() && written < packed.len() => {
                        break;
                    }
                    TDEFLStatus::Okay => {}
                    TDEFLStatus::BadParam | TDEFLStatus::PutBufFailed => {
                        return Err(WriteError::Io(io::ErrorKind::Other.into()));
                    }
                }
            }
        }
        checked.verify(name)?;
        Ok(self.offset.saturating_sub(begin))
    }
}

/// A reader that tells whether it gave what was measured.
struct Checked<'a> {
    content: io::Take<&'a mut dyn Read>,
    measured: Measured,
    size: u64,
    hasher: crc32fast::Hasher,
}

impl<'a> Checked<'a> {
    fn new(content: &'a mut dyn Read, measured: Measured) -> Self {
        // One byte more than measured shows that the file has grown.
        let content = content.take(measured.size.saturating_add(1));
        Self { content, measured, size: 0, hasher: crc32fast::Hasher::new() }
    }

    fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.content.read(chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(read) => {
                    self.hasher.update(chunk.get(..read).unwrap_or_default());
                    self.size += read as u64;
                    return Ok(read);
                }
            }
        }
    }

    fn verify(self, name: &EntryName) -> Result<(), WriteError> {
        let found = Measured { size: self.size, crc32: self.hasher.finalize() };
        if found == self.measured { Ok(()) } else { Err(WriteError::Changed(name.clone())) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::limits::Limits;
    use crate::zip::Method;

    /// What takes 4 GiB in earnest begins at 100 bytes here.
    #[test]
    fn large_values_are_written_in_64_bits_and_read() {
        let mut writer = ZipWriter::new(Vec::new(), DosTime::FIRST);
        writer.zip64_from = 100;
        let content = vec![7; 5_000];
        let names: Vec<EntryName> =
            (1..=4).map(|number| EntryName::numbered("hồ sơ ", number, ".bin")).collect();
        for (at, name) in names.iter().enumerate() {
            let compression = if at % 2 == 0 { Compression::Deflated } else { Compression::Stored };
            let content = if at < 2 { &content[..] } else { b"small" };
            let measured = Measured::of(content);
            writer.copy(name, measured, compression, &mut &content[..]).expect("written");
        }
        let (bytes, length) = writer.finish(b"comment").expect("finished");
        assert_eq!(bytes.len() as u64, length);
        assert!(bytes.windows(4).any(|window| window == ZIP64_END.to_le_bytes()));
        let mut archive = Archive::open(Cursor::new(bytes), &Limits::documents()).expect("lawful");
        assert_eq!(archive.comment(), b"comment");
        assert_eq!(archive.entries()[0].method(), Method::Deflated);
        for (at, name) in names.iter().enumerate() {
            let mut read = Vec::new();
            let mut reader = archive.reader(name).expect("found").expect("there");
            reader.read_to_end(&mut read).expect("verified");
            assert!(read == if at < 2 { &content[..] } else { b"small" });
        }
    }
    #[test]
    fn content_that_is_not_as_measured_is_refused() {
        let name = EntryName::fixed("a");
        let measured = Measured::of(b"before");
        for compression in [Compression::Stored, Compression::Deflated] {
            for content in [&b"behind"[..], b"before and after", b"be", b""] {
                let mut writer = ZipWriter::new(Vec::new(), DosTime::FIRST);
                let outcome = writer.copy(&name, measured, compression, &mut &content[..]);
                assert!(matches!(outcome, Err(WriteError::Changed(_))), "{content:?}");
            }
        }
    }
}
