//! ZIP (PKWARE APPNOTE 6.3.10) as containers use it, read so that no two readers can see different files in it.
//!
//! Every byte of an archive must be accounted for: entries follow each other without gap or overlap from the first
//! byte, then comes the central directory, then the end records. The local headers must say what the directory says.
//! What does not fit is refused by name, because a reader that walks the entries and one that follows the directory
//! would disagree about the content that was signed.

mod directory;
mod end;
mod error;
mod fields;
mod header;
mod local;
mod read;
mod write;

pub use directory::{Archive, Entry, Method};
pub use error::{DataFault, DirectoryFault, EndFault, HeaderFault, ZipError};
pub use read::EntryReader;
pub use write::{Compression, DosTime, Measured, WriteError, ZipWriter};

/// Signature of a local file header (APPNOTE §4.3.7).
const LOCAL_HEADER: u32 = 0x0403_4b50;
/// Signature of a data descriptor (§4.3.9.3), which writers may leave out.
const DATA_DESCRIPTOR: u32 = 0x0807_4b50;
/// Signature of a central directory header (§4.3.12).
const CENTRAL_HEADER: u32 = 0x0201_4b50;
/// Signature of the ZIP64 end of central directory record (§4.3.14).
const ZIP64_END: u32 = 0x0606_4b50;
/// Signature of the ZIP64 end of central directory locator (§4.3.15).
const ZIP64_LOCATOR: u32 = 0x0706_4b50;
/// Signature of the end of central directory record (§4.3.16).
const END: u32 = 0x0605_4b50;

/// General purpose bits (§4.4.4): encrypted, strongly encrypted, masked headers.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Bit 3: sizes and CRC-32 follow the data.
const DESCRIPTOR_FOLLOWS: u16 = 1 << 3;
/// Bit 11: name and comment are UTF-8.
const UTF8: u16 = 1 << 11;
/// Bits 1 and 2 tell how hard the compressor tried; the rest of what may be set is above.
const LAWFUL_FLAGS: u16 = 1 << 1 | 1 << 2 | DESCRIPTOR_FOLLOWS | UTF8;

/// Extra field of ZIP64 sizes and offset (§4.5.3).
const EXTRA_ZIP64: u16 = 0x0001;
/// Extra field of a name in UTF-8 (§4.6.9).
const EXTRA_UNICODE_PATH: u16 = 0x7075;
/// Extra field of AES encryption (§4.5, APPNOTE-WinZip-AES).
const EXTRA_AES: u16 = 0x9901;

/// What a 16-bit field holds where the ZIP64 record has the value.
const IN_ZIP64_16: u16 = u16::MAX;
/// What a 32-bit field holds where the ZIP64 record or extra field has the value.
const IN_ZIP64_32: u32 = u32::MAX;
