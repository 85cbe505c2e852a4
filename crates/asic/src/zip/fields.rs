//! Little-endian fields of records, and extra fields.

use super::error::HeaderFault;
use super::{EXTRA_AES, EXTRA_UNICODE_PATH, EXTRA_ZIP64};

/// A place in a record; every read says whether the record reaches that far.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// The extra fields of one header that decide what the entry is.
#[derive(Clone, Copy, Default)]
pub(super) struct Extra<'a> {
    pub(super) zip64: Option<&'a [u8]>,
    pub(super) unicode_path: Option<&'a [u8]>,
    pub(super) encrypted: bool,
}

impl<'a> Extra<'a> {
    /// Walks the extra fields (APPNOTE §4.5.1); they must fill their room.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, HeaderFault> {
        let mut fields = Fields(bytes);
        let mut extra = Self::default();
        while !fields.0.is_empty() {
            let id = fields.u16().ok_or(HeaderFault::ExtraField)?;
            let length = fields.u16().ok_or(HeaderFault::ExtraField)?;
            let value = fields.take(length.into()).ok_or(HeaderFault::ExtraField)?;
            let twice = match id {
                EXTRA_ZIP64 => extra.zip64.replace(value).is_some(),
                EXTRA_UNICODE_PATH => extra.unicode_path.replace(value).is_some(),
                EXTRA_AES => core::mem::replace(&mut extra.encrypted, true),
                _ => false,
            };
            if twice {
                return Err(HeaderFault::ExtraField);
            }
        }
        Ok(extra)
    }
}
