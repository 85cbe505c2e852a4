//! The central directory, held against every local header before anything is read.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use super::end::{End, read_end};
use super::error::{DirectoryFault, EndFault, HeaderFault, ZipError};
use super::fields::{Extra, Fields};
use super::local::{Local, check_descriptor, read_local};
use super::read::EntryReader;
use super::{CENTRAL_HEADER, ENCRYPTED, IN_ZIP64_16, IN_ZIP64_32, LAWFUL_FLAGS};
use crate::limits::{Limit, Limits};
use crate::name::{EntryName, NameFault, ShownName};

/// How an entry's data are compressed (APPNOTE §4.4.5); no other method is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Not at all (0).
    Stored,
    /// Deflate (8), RFC 1951.
    Deflated,
}

/// One entry, as directory and local header agree on it.
#[derive(Clone, Debug)]
pub struct Entry {
    name: EntryName,
    method: Method,
    crc32: u32,
    compressed_size: u64,
    size: u64,
    header_offset: u64,
    data_offset: u64,
    local_extra: bool,
    /// Where the entry ends, its data descriptor included.
    end_offset: u64,
    flags: u16,
    /// Its header in the directory, as bytes of it.
    record: Range<usize>,
}

impl Entry {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &EntryName {
        &self.name
    }

    /// How its data are compressed.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// CRC-32 of its content, as stated; reading the entry to its end verifies it.
    #[must_use]
    pub fn crc32(&self) -> u32 {
        self.crc32
    }

    /// Bytes of its content, as stated; an [`EntryReader`] gives exactly as many or fails.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that its data take in the archive.
    #[must_use]
    pub fn compressed_size(&self) -> u64 {
        self.compressed_size
    }

    /// Where its local header begins, from the archive's first byte.
    #[must_use]
    pub fn header_offset(&self) -> u64 {
        self.header_offset
    }

    /// Whether its local header has extra fields.
    #[must_use]
    pub fn has_local_extra(&self) -> bool {
        self.local_extra
    }

    pub(super) fn data_offset(&self) -> u64 {
        self.data_offset
    }

    /// The bytes from its local header to the end of its data descriptor.
    pub(crate) fn extent(&self) -> Range<u64> {
        self.header_offset..self.end_offset
    }
}

/// An archive whose records have been checked against each other; its data are checked as they are read.
#[derive(Debug)]
pub struct Archive<R> {
    source: R,
    entries: Vec<Entry>,
    by_name: BTreeMap<EntryName, usize>,
    directory: Vec<u8>,
    comment: Vec<u8>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory and every local header.
    ///
    /// # Errors
    /// Whatever is malformed, ambiguous, encrypted or beyond a limit.
    pub fn open(mut source: R, limits: &Limits) -> Result<Self, ZipError> {
        let end = read_end(&mut source)?;
        within(Limit::Entries, end.entries, limits.entries)?;
        within(Limit::DirectoryBytes, end.directory_bytes, limits.directory_bytes)?;
        source.seek(SeekFrom::Start(end.directory_offset))?;
        let mut directory = Vec::new();
        (&mut source).take(end.directory_bytes).read_to_end(&mut directory)?;

        let mut entries = read_directory(&directory, &end, limits)?;
        check_sizes(&entries, limits)?;
        let by_name = check_names(&entries)?;
        check_layout(&mut source, &mut entries, end.directory_offset)?;
        Ok(Self { source, entries, by_name, directory, comment: end.comment })
    }

    /// The entries in the directory's order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of this name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        // Lookup by text: a name that is not lawful names no entry.
        let limits =
            Limits { name_bytes: usize::MAX, name_depth: usize::MAX, ..Limits::documents() };
        let name = EntryName::new(name, &limits).ok()?;
        self.by_name.get(&name).and_then(|index| self.entries.get(*index))
    }

    /// The archive's comment (APPNOTE §4.3.16), as received.
    #[must_use]
    pub fn comment(&self) -> &[u8] {
        &self.comment
    }

    /// A reader of an entry's content; `None` when there is no such entry.
    ///
    /// # Errors
    /// The passed-in reader's.
    pub fn reader(&mut self, name: &EntryName) -> Result<Option<EntryReader<'_, R>>, ZipError> {
        let entry = self.by_name.get(name).and_then(|index| self.entries.get(*index));
        entry.map(|entry| EntryReader::new(&mut self.source, entry)).transpose()
    }

    /// Gives the passed-in reader back.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.source
    }

    pub(crate) fn source(&mut self) -> &mut R {
        &mut self.source
    }

    /// An entry's header in the directory, as received.
    pub(crate) fn record(&self, entry: &Entry) -> &[u8] {
        self.directory.get(entry.record.clone()).unwrap_or_default()
    }
}

/// Refuses a value beyond its limit.
fn within(limit: Limit, value: u64, allowed: u64) -> Result<(), ZipError> {
    if value > allowed {
        return Err(ZipError::LimitExceeded { limit, value, allowed, name: None });
    }
    Ok(())
}

fn read_directory(directory: &[u8], end: &End, limits: &Limits) -> Result<Vec<Entry>, ZipError> {
    let mut fields = Fields(directory);
    let mut entries = Vec::new();
    for index in 0..end.entries {
        let start = directory.len() - fields.0.len();
        let mut entry = read_record(&mut fields, index, limits)?;
        entry.record = start..directory.len() - fields.0.len();
        entries.push(entry);
    }
    if !fields.0.is_empty() {
        return Err(ZipError::End(EndFault::DirectorySize));
    }
    Ok(entries)
}

/// Reads one header of the directory (APPNOTE §4.3.12).
fn read_record(fields: &mut Fields<'_>, index: u64, limits: &Limits) -> Result<Entry, ZipError> {
    let broken = |fault| ZipError::Directory { index, fault };
    let cut = || broken(DirectoryFault::Syntax);
    if fields.u32() != Some(CENTRAL_HEADER) {
        return Err(cut());
    }
    let made_by = fields.u16().ok_or_else(cut)?;
    let _needed = fields.u16().ok_or_else(cut)?;
    let flags = fields.u16().ok_or_else(cut)?;
    let method = fields.u16().ok_or_else(cut)?;
    let _modified = fields.u32().ok_or_else(cut)?;
    let crc32 = fields.u32().ok_or_else(cut)?;
    let compressed_size = fields.u32().ok_or_else(cut)?;
    let size = fields.u32().ok_or_else(cut)?;
    let name_length = fields.u16().ok_or_else(cut)?;
    let extra_length = fields.u16().ok_or_else(cut)?;
    let comment_length = fields.u16().ok_or_else(cut)?;
    let disk = fields.u16().ok_or_else(cut)?;
    let _internal = fields.u16().ok_or_else(cut)?;
    let external = fields.u32().ok_or_else(cut)?;
    let offset = fields.u32().ok_or_else(cut)?;
    let name = fields.take(name_length.into()).ok_or_else(cut)?;
    let extra = fields.take(extra_length.into()).ok_or_else(cut)?;
    let _comment = fields.take(comment_length.into()).ok_or_else(cut)?;
    let extra = Extra::read(extra).map_err(|_cut| broken(DirectoryFault::ExtraField))?;

    // The ZIP64 extra field holds what the fixed fields leave to it, in this order, and no more (§4.5.3).
    let mut zip64 = Fields(extra.zip64.unwrap_or_default());
    let wide = |narrow: u32, zip64: &mut Fields<'_>| {
        if narrow == IN_ZIP64_32 { zip64.u64() } else { Some(narrow.into()) }
    };
    let no_zip64 = || broken(DirectoryFault::Zip64);
    let size = wide(size, &mut zip64).ok_or_else(no_zip64)?;
    let compressed_size = wide(compressed_size, &mut zip64).ok_or_else(no_zip64)?;
    let header_offset = wide(offset, &mut zip64).ok_or_else(no_zip64)?;
    let disk = if disk == IN_ZIP64_16 { zip64.u32().ok_or_else(no_zip64)? } else { disk.into() };
    if !zip64.0.is_empty() {
        return Err(no_zip64());
    }
    if disk != 0 {
        return Err(broken(DirectoryFault::SeveralDisks));
    }

    let name = read_name(name, extra.unicode_path, limits)?;
    let header = |fault| ZipError::Header { name: name.clone(), fault };
    if flags & ENCRYPTED != 0 || extra.encrypted {
        return Err(header(HeaderFault::Encrypted));
    }
    if flags & !LAWFUL_FLAGS != 0 {
        return Err(header(HeaderFault::Flags(flags)));
    }
    let method = match method {
        0 => Method::Stored,
        8 => Method::Deflated,
        other => return Err(header(HeaderFault::Method(other))),
    };
    if method == Method::Stored && size != compressed_size {
        return Err(header(HeaderFault::StoredSize));
    }
    if name.is_folder() && size != 0 {
        return Err(header(HeaderFault::Folder));
    }
    check_attributes(made_by, external, name.is_folder()).map_err(header)?;
    Ok(Entry {
        name,
        method,
        crc32,
        compressed_size,
        size,
        header_offset,
        data_offset: 0,
        local_extra: false,
        end_offset: 0,
        flags,
        record: 0..0,
    })
}

/// Reads a name: UTF-8 whether or not bit 11 says so, for most writers write UTF-8 without it; other bytes are refused.
/// A Unicode Path (APPNOTE §4.6.9) must say the same.
pub(super) fn read_name(
    bytes: &[u8],
    unicode_path: Option<&[u8]>,
    limits: &Limits,
) -> Result<EntryName, ZipError> {
    let refused = |fault| ZipError::Name { shown: ShownName::new(bytes), fault };
    let text = core::str::from_utf8(bytes).map_err(|_| refused(NameFault::NotUtf8))?;
    if let Some(field) = unicode_path {
        // Version (1), CRC-32 of the name (4), the name.
        let mut field = Fields(field);
        let version = field.take(1);
        let _crc = field.u32();
        if version != Some(&[1]) || field.0 != bytes {
            return Err(refused(NameFault::SecondName));
        }
    }
    EntryName::new(text, limits).map_err(refused)
}

/// Refuses links and devices, by the Unix mode or DOS attributes in the external attributes (APPNOTE §4.4.15).
fn check_attributes(made_by: u16, external: u32, folder: bool) -> Result<(), HeaderFault> {
    /// Hosts whose external attributes hold a Unix mode: Unix and OS X.
    const UNIX: [u16; 2] = [3, 19];
    const FILE_TYPE: u16 = 0o170_000;
    let dos_folder = external & 0x10 != 0;
    if dos_folder && !folder {
        return Err(HeaderFault::Folder);
    }
    if UNIX.contains(&(made_by >> 8)) {
        let mode = u16::try_from(external >> 16).unwrap_or_default();
        return match mode & FILE_TYPE {
            0 => Ok(()),
            0o100_000 if !folder => Ok(()),
            0o040_000 if folder => Ok(()),
            0o100_000 | 0o040_000 => Err(HeaderFault::Folder),
            _ => Err(HeaderFault::SpecialFile { mode: mode & FILE_TYPE }),
        };
    }
    Ok(())
}

/// Sizes as stated; reading enforces that what is stated is what there is.
fn check_sizes(entries: &[Entry], limits: &Limits) -> Result<(), ZipError> {
    let mut total: u64 = 0;
    for entry in entries {
        let exceeded = |limit, value, allowed| ZipError::LimitExceeded {
            limit,
            value,
            allowed,
            name: Some(entry.name.clone()),
        };
        if entry.size > limits.entry_bytes {
            return Err(exceeded(Limit::EntryBytes, entry.size, limits.entry_bytes));
        }
        let allowed = entry.compressed_size.saturating_mul(limits.ratio);
        if entry.size > limits.ratio_free_bytes && entry.size > allowed {
            let ratio = entry.size.checked_div(entry.compressed_size).unwrap_or(entry.size);
            return Err(exceeded(Limit::Ratio, ratio, limits.ratio));
        }
        total = total.saturating_add(entry.size);
        within(Limit::TotalBytes, total, limits.total_bytes)?;
    }
    Ok(())
}

/// Names that are one on some system, and files that stand where another entry needs a folder.
fn check_names(entries: &[Entry]) -> Result<BTreeMap<EntryName, usize>, ZipError> {
    let mut keys: BTreeMap<String, &EntryName> = BTreeMap::new();
    for entry in entries {
        if let Some(first) = keys.insert(entry.name.collision_key(), &entry.name) {
            return Err(ZipError::Collision { first: first.clone(), second: entry.name.clone() });
        }
    }
    for (key, name) in &keys {
        let parents = key.match_indices('/').filter_map(|(place, _)| key.get(..place));
        for parent in parents {
            if let Some(file) = keys.get(parent).filter(|file| !file.is_folder()) {
                return Err(ZipError::Collision {
                    first: (*file).clone(),
                    second: (*name).clone(),
                });
            }
        }
    }
    Ok(entries.iter().enumerate().map(|(index, entry)| (entry.name.clone(), index)).collect())
}

/// Holds every local header against the directory and accounts for every byte before it.
fn check_layout<R: Read + Seek>(
    source: &mut R,
    entries: &mut [Entry],
    directory_offset: u64,
) -> Result<(), ZipError> {
    let mut in_file: Vec<&mut Entry> = entries.iter_mut().collect();
    in_file.sort_by_key(|entry| entry.header_offset);
    if let Some(last) = in_file.last().filter(|last| last.header_offset >= directory_offset) {
        return Err(ZipError::Overlap { name: last.name.clone() });
    }
    let ends: Vec<u64> =
        in_file.iter().skip(1).map(|entry| entry.header_offset).chain([directory_offset]).collect();
    let first = in_file.first().map_or(directory_offset, |entry| entry.header_offset);
    if first != 0 {
        return Err(ZipError::Unaccounted { offset: 0, length: first });
    }
    for (entry, end) in in_file.into_iter().zip(ends) {
        let overlap = || ZipError::Overlap { name: entry.name.clone() };
        let room = end.checked_sub(entry.header_offset).ok_or_else(overlap)?;
        let local = read_local(source, entry, room)?;
        let Local { data_offset, has_extra, wide } = local;
        let data_end = data_offset
            .checked_add(entry.compressed_size)
            .filter(|data_end| *data_end <= end)
            .ok_or_else(overlap)?;
        check_descriptor(source, entry, data_end, end, wide)?;
        entry.data_offset = data_offset;
        entry.local_extra = has_extra;
        entry.end_offset = end;
    }
    Ok(())
}

impl Entry {
    pub(super) fn flags(&self) -> u16 {
        self.flags
    }
}
