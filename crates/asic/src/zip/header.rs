//! The headers of one entry, written.

use super::write::{DosTime, Measured, WriteError};
use super::{CENTRAL_HEADER, DATA_DESCRIPTOR, DESCRIPTOR_FOLLOWS, EXTRA_ZIP64, LOCAL_HEADER, UTF8};
use crate::name::EntryName;

/// Unix, with version 2.0 of the format: what the external attributes are to be read as.
const MADE_BY: u16 = 3 << 8 | 20;
/// A regular file that its owner writes and everybody reads.
const REGULAR_FILE: u32 = 0o100_644 << 16;

/// What the headers of one entry say.
#[derive(Clone, Copy)]
pub(super) struct Header<'a> {
    pub(super) name: &'a EntryName,
    pub(super) deflated: bool,
    pub(super) measured: Measured,
    pub(super) compressed_size: u64,
    pub(super) offset: u64,
    pub(super) modified: DosTime,
    /// The content is so large that sizes take 64 bits.
    pub(super) wide: bool,
}

impl Header<'_> {
    fn name_length(&self) -> Result<u16, WriteError> {
        u16::try_from(self.name.as_str().len())
            .map_err(|_| WriteError::NameTooLong(self.name.clone()))
    }

    /// The fields that both headers share, up to the length of the name.
    fn shared(&self, needed: u16, crc32: u32, sizes: (u32, u32)) -> Result<Vec<u8>, WriteError> {
        let mut flags = if self.deflated { DESCRIPTOR_FOLLOWS } else { 0 };
        if !self.name.as_str().is_ascii() {
            flags |= UTF8;
        }
        let method: u16 = if self.deflated { 8 } else { 0 };
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&needed.to_le_bytes());
        bytes.extend_from_slice(&flags.to_le_bytes());
        bytes.extend_from_slice(&method.to_le_bytes());
        bytes.extend_from_slice(&self.modified.time.to_le_bytes());
        bytes.extend_from_slice(&self.modified.date.to_le_bytes());
        bytes.extend_from_slice(&crc32.to_le_bytes());
        bytes.extend_from_slice(&sizes.0.to_le_bytes());
        bytes.extend_from_slice(&sizes.1.to_le_bytes());
        bytes.extend_from_slice(&self.name_length()?.to_le_bytes());
        Ok(bytes)
    }

    /// The local header (APPNOTE §4.3.7).
    pub(super) fn local(&self) -> Result<Vec<u8>, WriteError> {
        let narrow = u32::try_from(self.measured.size).unwrap_or(u32::MAX);
        let (crc32, sizes) = match (self.deflated, self.wide) {
            (true, false) => (0, (0, 0)),
            (true, true) => (0, (u32::MAX, u32::MAX)),
            (false, true) => (self.measured.crc32, (u32::MAX, u32::MAX)),
            (false, false) => (self.measured.crc32, (narrow, narrow)),
        };
        let mut extra = Vec::new();
        if self.wide {
            extra.extend_from_slice(&EXTRA_ZIP64.to_le_bytes());
            extra.extend_from_slice(&16_u16.to_le_bytes());
            let size = if self.deflated { 0 } else { self.measured.size };
            extra.extend_from_slice(&size.to_le_bytes());
            extra.extend_from_slice(&size.to_le_bytes());
        }
        let mut bytes = LOCAL_HEADER.to_le_bytes().to_vec();
        bytes.extend(self.shared(if self.wide { 45 } else { 20 }, crc32, sizes)?);
        bytes.extend_from_slice(&u16::try_from(extra.len()).unwrap_or_default().to_le_bytes());
        bytes.extend_from_slice(self.name.as_str().as_bytes());
        bytes.extend(extra);
        Ok(bytes)
    }

    /// The data descriptor (§4.3.9), with its signature.
    pub(super) fn descriptor(&self) -> Vec<u8> {
        let mut bytes = DATA_DESCRIPTOR.to_le_bytes().to_vec();
        bytes.extend_from_slice(&self.measured.crc32.to_le_bytes());
        if self.wide {
            bytes.extend_from_slice(&self.compressed_size.to_le_bytes());
            bytes.extend_from_slice(&self.measured.size.to_le_bytes());
        } else {
            let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
            bytes.extend_from_slice(&narrow(self.compressed_size));
            bytes.extend_from_slice(&narrow(self.measured.size));
        }
        bytes
    }

    /// The directory header (§4.3.12).
    pub(super) fn central(
        &self,
        directory: &mut Vec<u8>,
        zip64_from: u64,
    ) -> Result<(), WriteError> {
        let mut extra = Vec::new();
        let mut narrow = |value: u64, wide: bool| {
            if wide || value >= zip64_from {
                extra.extend_from_slice(&value.to_le_bytes());
                u32::MAX
            } else {
                u32::try_from(value).unwrap_or(u32::MAX)
            }
        };
        // The order of §4.5.3: size, compressed size, offset.
        let size = narrow(self.measured.size, self.wide);
        let compressed_size = narrow(self.compressed_size, self.wide);
        let offset = narrow(self.offset, false);
        let needed = if extra.is_empty() { 20 } else { 45 };
        let length = u16::try_from(extra.len()).unwrap_or_default();
        directory.extend_from_slice(&CENTRAL_HEADER.to_le_bytes());
        directory.extend_from_slice(&MADE_BY.to_le_bytes());
        directory.extend(self.shared(needed, self.measured.crc32, (compressed_size, size))?);
        let extra_length = if length == 0 { 0 } else { length.saturating_add(4) };
        directory.extend_from_slice(&extra_length.to_le_bytes());
        // Comment, disk, internal attributes.
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&REGULAR_FILE.to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(self.name.as_str().as_bytes());
        if length != 0 {
            directory.extend_from_slice(&EXTRA_ZIP64.to_le_bytes());
            directory.extend_from_slice(&length.to_le_bytes());
            directory.extend(extra);
        }
        Ok(())
    }
}
