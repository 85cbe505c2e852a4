//! The records at the end of an archive: where the central directory lies.

use std::io::{Read, Seek, SeekFrom};

use super::error::{EndFault, ZipError};
use super::fields::Fields;
use super::{END, IN_ZIP64_16, IN_ZIP64_32, ZIP64_END, ZIP64_LOCATOR};

/// Bytes of an end record without its comment (APPNOTE §4.3.16).
const END_BYTES: usize = 22;
/// Bytes of a ZIP64 locator (§4.3.15).
const LOCATOR_BYTES: usize = 20;
/// Bytes of a ZIP64 end record without its extensible data (§4.3.14).
const ZIP64_END_BYTES: usize = 56;

/// What the end records say.
pub(super) struct End {
    pub(super) entries: u64,
    pub(super) directory_offset: u64,
    pub(super) directory_bytes: u64,
    pub(super) comment: Vec<u8>,
}

/// Finds and reads the end records; they must be the last bytes of the file.
pub(super) fn read_end<R: Read + Seek>(source: &mut R) -> Result<End, ZipError> {
    let length = source.seek(SeekFrom::End(0))?;
    let window = (END_BYTES + usize::from(u16::MAX)) as u64;
    let tail_offset = length.saturating_sub(window);
    source.seek(SeekFrom::Start(tail_offset))?;
    let mut tail = Vec::new();
    source.take(window).read_to_end(&mut tail)?;

    // 1. The last signature in the file is the end record's, whose comment reaches the last byte. A reader that
    //    searches from the other side must not find another record that fits.
    let mut places = signatures(&tail);
    let place = places.next_back().ok_or(ZipError::NoEndRecord)?;
    if !fits(&tail, place) {
        return Err(ZipError::End(EndFault::TrailingBytes));
    }
    if places.any(|earlier| fits(&tail, earlier)) {
        return Err(ZipError::End(EndFault::Ambiguous));
    }

    // 2. Its fields.
    let cut = || ZipError::End(EndFault::TrailingBytes);
    let mut fields = Fields(tail.get(place + 4..).ok_or_else(cut)?);
    let disk = fields.u16().ok_or_else(cut)?;
    let directory_disk = fields.u16().ok_or_else(cut)?;
    let entries_here = fields.u16().ok_or_else(cut)?;
    let entries = fields.u16().ok_or_else(cut)?;
    let directory_bytes = fields.u32().ok_or_else(cut)?;
    let directory_offset = fields.u32().ok_or_else(cut)?;
    let comment_length = fields.u16().ok_or_else(cut)?;
    let comment = fields.take(comment_length.into()).ok_or_else(cut)?.to_vec();
    if !matches!((disk, directory_disk), (0, 0) | (IN_ZIP64_16, IN_ZIP64_16))
        || entries_here != entries
    {
        return Err(ZipError::End(EndFault::SeveralDisks));
    }

    // 3. ZIP64, where a locator stands before it: both records must tell the same.
    let end_offset = tail_offset + place as u64;
    let zip64 = read_zip64(source, end_offset)?;
    let called_for = disk == IN_ZIP64_16
        || entries == IN_ZIP64_16
        || directory_bytes == IN_ZIP64_32
        || directory_offset == IN_ZIP64_32;
    let (end, before) = match zip64 {
        None if called_for => return Err(ZipError::End(EndFault::Zip64Missing)),
        None => (
            End {
                entries: entries.into(),
                directory_offset: directory_offset.into(),
                directory_bytes: directory_bytes.into(),
                comment,
            },
            end_offset,
        ),
        Some((record, offset)) => {
            let agrees = (entries == IN_ZIP64_16 || u64::from(entries) == record.entries)
                && (directory_bytes == IN_ZIP64_32
                    || u64::from(directory_bytes) == record.directory_bytes)
                && (directory_offset == IN_ZIP64_32
                    || u64::from(directory_offset) == record.directory_offset);
            if !agrees {
                return Err(ZipError::End(EndFault::Zip64Disagrees));
            }
            (End { comment, ..record }, offset)
        }
    };

    // 4. The directory ends where the end records begin: nothing is prepended, nothing stands between.
    if end.directory_offset.checked_add(end.directory_bytes) != Some(before) {
        return Err(ZipError::End(EndFault::DirectoryBounds));
    }
    Ok(end)
}

/// Where the signature of an end record stands, in ascending order.
fn signatures(tail: &[u8]) -> impl DoubleEndedIterator<Item = usize> + '_ {
    tail.windows(4)
        .enumerate()
        .filter(|(_, window)| *window == END.to_le_bytes())
        .map(|(place, _)| place)
}

/// Whether an end record at `place` and its comment reach exactly the end.
fn fits(tail: &[u8], place: usize) -> bool {
    let length = tail.get(place + END_BYTES - 2..).and_then(|rest| Fields(rest).u16());
    length.is_some_and(|length| place + END_BYTES + usize::from(length) == tail.len())
}

/// Reads the ZIP64 record, if a locator stands directly before the end record; gives where it begins.
fn read_zip64<R: Read + Seek>(
    source: &mut R,
    end_offset: u64,
) -> Result<Option<(End, u64)>, ZipError> {
    let Some(locator_offset) = end_offset.checked_sub(LOCATOR_BYTES as u64) else {
        return Ok(None);
    };
    let mut locator = [0; LOCATOR_BYTES];
    source.seek(SeekFrom::Start(locator_offset))?;
    source.read_exact(&mut locator)?;
    let mut fields = Fields(&locator);
    if fields.u32() != Some(ZIP64_LOCATOR) {
        return Ok(None);
    }
    let malformed = || ZipError::End(EndFault::Zip64Record);
    let disk = fields.u32().ok_or_else(malformed)?;
    let offset = fields.u64().ok_or_else(malformed)?;
    let disks = fields.u32().ok_or_else(malformed)?;
    if disk != 0 || disks > 1 {
        return Err(ZipError::End(EndFault::SeveralDisks));
    }
    if offset.checked_add(ZIP64_END_BYTES as u64).is_none_or(|end| end > locator_offset) {
        return Err(malformed());
    }
    let mut record = [0; ZIP64_END_BYTES];
    source.seek(SeekFrom::Start(offset))?;
    source.read_exact(&mut record)?;
    let mut fields = Fields(&record);
    let signature = fields.u32().ok_or_else(malformed)?;
    let size = fields.u64().ok_or_else(malformed)?;
    // The size leaves out the signature and itself.
    if signature != ZIP64_END
        || offset.checked_add(12).and_then(|end| end.checked_add(size)) != Some(locator_offset)
    {
        return Err(malformed());
    }
    let _versions = fields.u32().ok_or_else(malformed)?;
    let disk = fields.u32().ok_or_else(malformed)?;
    let directory_disk = fields.u32().ok_or_else(malformed)?;
    let entries_here = fields.u64().ok_or_else(malformed)?;
    let entries = fields.u64().ok_or_else(malformed)?;
    let directory_bytes = fields.u64().ok_or_else(malformed)?;
    let directory_offset = fields.u64().ok_or_else(malformed)?;
    if disk != 0 || directory_disk != 0 || entries_here != entries {
        return Err(ZipError::End(EndFault::SeveralDisks));
    }
    let end = End { entries, directory_offset, directory_bytes, comment: Vec::new() };
    Ok(Some((end, offset)))
}
