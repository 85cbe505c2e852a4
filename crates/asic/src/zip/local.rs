//! Local headers and data descriptors, held against the central directory.

use std::io::{Read, Seek, SeekFrom};

use super::directory::{Entry, Method, read_name};
use super::error::{HeaderFault, ZipError};
use super::fields::{Extra, Fields};
use super::{DATA_DESCRIPTOR, DESCRIPTOR_FOLLOWS, IN_ZIP64_32, LOCAL_HEADER, UTF8};
use crate::limits::Limits;

/// Bytes of a local header before the name (APPNOTE §4.3.7).
const LOCAL_BYTES: usize = 30;

/// What only the local header tells.
pub(super) struct Local {
    pub(super) data_offset: u64,
    pub(super) has_extra: bool,
    /// It has a ZIP64 extra field, so that its data descriptor holds sizes of 64 bits.
    pub(super) wide: bool,
}

/// Reads the local header of `entry`, which has `room` bytes before the next entry.
pub(super) fn read_local<R: Read + Seek>(
    source: &mut R,
    entry: &Entry,
    room: u64,
) -> Result<Local, ZipError> {
    let fault = |fault| ZipError::Header { name: entry.name().clone(), fault };
    let overlap = || ZipError::Overlap { name: entry.name().clone() };
    let missing = || fault(HeaderFault::NoLocalHeader);
    if room < LOCAL_BYTES as u64 {
        return Err(overlap());
    }
    let mut fixed = [0; LOCAL_BYTES];
    source.seek(SeekFrom::Start(entry.header_offset()))?;
    source.read_exact(&mut fixed)?;
    let mut fields = Fields(&fixed);
    if fields.u32() != Some(LOCAL_HEADER) {
        return Err(missing());
    }
    let _needed = fields.u16().ok_or_else(missing)?;
    let flags = fields.u16().ok_or_else(missing)?;
    let method = fields.u16().ok_or_else(missing)?;
    let _modified = fields.u32().ok_or_else(missing)?;
    let crc32 = fields.u32().ok_or_else(missing)?;
    let compressed_size = fields.u32().ok_or_else(missing)?;
    let size = fields.u32().ok_or_else(missing)?;
    let name_length = fields.u16().ok_or_else(missing)?;
    let extra_length = fields.u16().ok_or_else(missing)?;

    let variable = u64::from(name_length) + u64::from(extra_length);
    if room < LOCAL_BYTES as u64 + variable {
        return Err(overlap());
    }
    let mut name = vec![0; name_length.into()];
    source.read_exact(&mut name)?;
    let mut extra = vec![0; extra_length.into()];
    source.read_exact(&mut extra)?;
    let has_extra = !extra.is_empty();
    let extra = Extra::read(&extra).map_err(fault)?;

    if name != entry.name().as_str().as_bytes() {
        return Err(fault(HeaderFault::LocalName));
    }
    if extra.unicode_path.is_some() {
        read_name(&name, extra.unicode_path, &unbounded())?;
    }
    // Bits 1 and 2 are hints of the compressor; the others change what a reader sees.
    if (flags ^ entry.flags()) & !(1 << 1 | 1 << 2) != 0 {
        let other_flags = flags & !UTF8 != entry.flags() & !UTF8;
        return Err(fault(if other_flags {
            HeaderFault::LocalFlags
        } else {
            HeaderFault::LocalName
        }));
    }
    let expected = match entry.method() {
        Method::Stored => 0,
        Method::Deflated => 8,
    };
    if method != expected {
        return Err(fault(HeaderFault::LocalMethod));
    }

    // In a local header the ZIP64 extra field holds both sizes (§4.5.3), the content's first.
    let (size, compressed_size) = match extra.zip64 {
        Some(zip64) => {
            let mut zip64 = Fields(zip64);
            let wide = zip64.u64().zip(zip64.u64()).filter(|_| zip64.0.is_empty());
            let (wide_size, wide_compressed) =
                wide.ok_or_else(|| fault(HeaderFault::ExtraField))?;
            let chosen =
                |narrow: u32, wide| if narrow == IN_ZIP64_32 { wide } else { narrow.into() };
            (chosen(size, wide_size), chosen(compressed_size, wide_compressed))
        }
        None => (size.into(), compressed_size.into()),
    };
    // Where a descriptor follows, zero means "see there" (§4.4.4, bit 3).
    let later = flags & DESCRIPTOR_FOLLOWS != 0;
    let agrees = |local: u64, stated: u64| local == stated || later && local == 0;
    if !agrees(size, entry.size()) || !agrees(compressed_size, entry.compressed_size()) {
        return Err(fault(HeaderFault::LocalSize));
    }
    if !agrees(crc32.into(), entry.crc32().into()) {
        return Err(fault(HeaderFault::LocalCrc));
    }
    let data_offset =
        entry.header_offset().checked_add(LOCAL_BYTES as u64 + variable).ok_or_else(overlap)?;
    Ok(Local { data_offset, has_extra, wide: extra.zip64.is_some() })
}

/// Accounts for the bytes between the end of the data and the next entry: nothing, or a data descriptor.
pub(super) fn check_descriptor<R: Read + Seek>(
    source: &mut R,
    entry: &Entry,
    data_end: u64,
    end: u64,
    wide: bool,
) -> Result<(), ZipError> {
    let length = end.saturating_sub(data_end);
    let unaccounted = || ZipError::Unaccounted { offset: data_end, length };
    if entry.flags() & DESCRIPTOR_FOLLOWS == 0 {
        return if length == 0 { Ok(()) } else { Err(unaccounted()) };
    }
    // With or without its signature, sizes of 32 or 64 bits (§4.3.9).
    let (signed, sizes) = match length {
        12 => (false, 8),
        16 => (true, 8),
        20 => (false, 16),
        24 => (true, 16),
        _ => return Err(unaccounted()),
    };
    let mut bytes = [0; 24];
    let descriptor =
        bytes.get_mut(..usize::from(signed) * 4 + 4 + sizes).ok_or_else(unaccounted)?;
    source.seek(SeekFrom::Start(data_end))?;
    source.read_exact(descriptor)?;
    let mut fields = Fields(descriptor);
    if signed && fields.u32() != Some(DATA_DESCRIPTOR) {
        return Err(unaccounted());
    }
    let crc32 = fields.u32();
    let (compressed_size, size) = if sizes == 16 {
        (fields.u64(), fields.u64())
    } else {
        (fields.u32().map(u64::from), fields.u32().map(u64::from))
    };
    let fault = |fault| ZipError::Header { name: entry.name().clone(), fault };
    // Sizes of 64 bits are announced by the ZIP64 extra field (§4.3.9.2): a reader that walks the entries would
    // otherwise look for the next one in another place.
    if (sizes == 16) != wide {
        return Err(unaccounted());
    }
    if compressed_size != Some(entry.compressed_size()) || size != Some(entry.size()) {
        return Err(fault(HeaderFault::LocalSize));
    }
    if crc32 != Some(entry.crc32()) {
        return Err(fault(HeaderFault::LocalCrc));
    }
    Ok(())
}

/// The name's length was judged when the directory was read.
fn unbounded() -> Limits {
    Limits { name_bytes: usize::MAX, name_depth: usize::MAX, ..Limits::documents() }
}
