//! What can be wrong with a ZIP file, as values.

use core::fmt;

use crate::limits::Limit;
use crate::name::{EntryName, NameFault, ShownName};

/// Why an archive is refused; offsets count from its first byte.
#[derive(Debug)]
pub enum ZipError {
    /// The passed-in reader failed.
    Io(std::io::Error),
    /// No end of central directory record stands in the last 65,557 bytes: not a ZIP file, or cut short.
    NoEndRecord,
    /// The records at the end are not what APPNOTE §4.3.14 to §4.3.16 wants.
    End(EndFault),
    /// A header of the central directory is not what APPNOTE §4.3.12 wants.
    Directory {
        /// Which entry, from 0.
        index: u64,
        /// What is wrong.
        fault: DirectoryFault,
    },
    /// An entry's name is not lawful.
    Name {
        /// The name, fit to be shown.
        shown: ShownName,
        /// What is wrong.
        fault: NameFault,
    },
    /// Two names are the same, differ only in case or Unicode normal form, or one is a file where the other needs a
    /// folder.
    Collision {
        /// The first name.
        first: EntryName,
        /// The second.
        second: EntryName,
    },
    /// A header of an entry is not lawful, or the local header says other than the directory.
    Header {
        /// The entry.
        name: EntryName,
        /// What is wrong.
        fault: HeaderFault,
    },
    /// Bytes belong to no entry and no record: another reader may find a file in them.
    Unaccounted {
        /// Where they begin.
        offset: u64,
        /// How many.
        length: u64,
    },
    /// An entry reaches into what follows it.
    Overlap {
        /// The entry.
        name: EntryName,
    },
    /// A limit is exceeded.
    LimitExceeded {
        /// Which.
        limit: Limit,
        /// What was found or stated.
        value: u64,
        /// What is allowed.
        allowed: u64,
        /// The entry concerned, where it is one.
        name: Option<EntryName>,
    },
    /// The data of an entry are not what its header states.
    Data {
        /// The entry.
        name: EntryName,
        /// What is wrong.
        fault: DataFault,
    },
}

/// What is wrong with the records at the end of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndFault {
    /// Bytes follow the end record that its comment does not account for.
    TrailingBytes,
    /// More than one end record fits the end of the file: readers choose differently.
    Ambiguous,
    /// The archive is split over several disks.
    SeveralDisks,
    /// A ZIP64 value is called for and there is no ZIP64 locator.
    Zip64Missing,
    /// The ZIP64 record is not where its locator says, or is malformed.
    Zip64Record,
    /// The ZIP64 record and the end record state different values.
    Zip64Disagrees,
    /// The central directory does not lie directly before the end records.
    DirectoryBounds,
    /// The central directory does not end with the last stated entry.
    DirectorySize,
}

/// What is wrong with a header of the central directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryFault {
    /// There is no header, or it is cut short.
    Syntax,
    /// The extra fields are malformed or not unique.
    ExtraField,
    /// The ZIP64 extra field does not hold exactly the values called for.
    Zip64,
    /// The entry lies on another disk.
    SeveralDisks,
}

/// What is wrong with an entry's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// The entry is encrypted; encrypted containers are not read.
    Encrypted,
    /// Compressed by another method than Stored (0) and Deflated (8).
    Method(u16),
    /// General purpose bits that have no lawful meaning here.
    Flags(u16),
    /// It is a symbolic link, a device or another special file, by its Unix mode.
    SpecialFile {
        /// The file type bits of the mode.
        mode: u16,
    },
    /// A folder has content, or file and folder disagree between name and attributes.
    Folder,
    /// Extra fields are malformed or not unique.
    ExtraField,
    /// No local header stands where the directory says.
    NoLocalHeader,
    /// The local header states another name.
    LocalName,
    /// The local header states other general purpose bits.
    LocalFlags,
    /// The local header states another method.
    LocalMethod,
    /// The local header or the data descriptor states another size.
    LocalSize,
    /// The local header or the data descriptor states another CRC-32.
    LocalCrc,
    /// A stored entry has two different sizes.
    StoredSize,
}

/// What is wrong with an entry's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFault {
    /// The compressed data are not Deflate (RFC 1951).
    Deflate,
    /// They end too early.
    Truncated,
    /// They decompress to more than stated.
    Longer,
    /// They decompress to less than stated.
    Shorter,
    /// Compressed bytes follow the end of the data.
    TrailingBytes,
    /// The CRC-32 is another one than stated.
    Crc,
}

impl fmt::Display for ZipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("reading failed"),
            Self::NoEndRecord => f.write_str("not a ZIP file, or cut short: it has no end record"),
            Self::End(fault) => write!(f, "end of the ZIP file: {fault}"),
            Self::Directory { index, fault } => write!(f, "directory entry {index}: {fault}"),
            Self::Name { shown, fault } => write!(f, "entry \"{shown}\": {fault}"),
            Self::Collision { first, second } => {
                write!(f, "entries \"{first}\" and \"{second}\" are one name on some systems")
            }
            Self::Header { name, fault } => write!(f, "entry \"{name}\": {fault}"),
            Self::Unaccounted { offset, length } => {
                write!(f, "{length} bytes at offset {offset} belong to no entry")
            }
            Self::Overlap { name } => write!(f, "entry \"{name}\" overlaps what follows it"),
            Self::LimitExceeded { limit, value, allowed, name: Some(name) } => {
                write!(f, "entry \"{name}\": {value} {limit}, {allowed} are allowed")
            }
            Self::LimitExceeded { limit, value, allowed, name: None } => {
                write!(f, "{value} {limit}, {allowed} are allowed")
            }
            Self::Data { name, fault } => write!(f, "entry \"{name}\": {fault}"),
        }
    }
}

impl core::error::Error for ZipError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Name { fault, .. } => Some(fault),
            _ => None,
        }
    }
}

impl From<std::io::Error> for ZipError {
    /// Readers of entries speak through `std::io::Error`; what they meant is taken out again.
    fn from(error: std::io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Io)
    }
}

impl fmt::Display for EndFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TrailingBytes => "bytes follow the end record",
            Self::Ambiguous => "more than one end record fits",
            Self::SeveralDisks => "split over several disks",
            Self::Zip64Missing => "a ZIP64 record is called for and missing",
            Self::Zip64Record => "the ZIP64 record is malformed or not where its locator says",
            Self::Zip64Disagrees => "the ZIP64 record contradicts the end record",
            Self::DirectoryBounds => "the directory does not lie before the end record",
            Self::DirectorySize => "the directory does not end with its last entry",
        })
    }
}

impl fmt::Display for DirectoryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "no header, or cut short",
            Self::ExtraField => "malformed extra fields",
            Self::Zip64 => "the ZIP64 extra field does not hold what is called for",
            Self::SeveralDisks => "on another disk",
        })
    }
}

impl fmt::Display for HeaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => f.write_str("encrypted"),
            Self::Method(method) => write!(f, "compressed by method {method}, which is not read"),
            Self::Flags(flags) => write!(f, "unlawful general purpose bits {flags:#06x}"),
            Self::SpecialFile { mode } => write!(f, "a special file (mode {mode:#o})"),
            Self::Folder => f.write_str("both a folder and a file"),
            Self::ExtraField => f.write_str("malformed extra fields"),
            Self::NoLocalHeader => f.write_str("no local header where the directory says"),
            Self::LocalName => f.write_str("the local header states another name"),
            Self::LocalFlags => f.write_str("the local header states other flags"),
            Self::LocalMethod => f.write_str("the local header states another method"),
            Self::LocalSize => f.write_str("header and directory state different sizes"),
            Self::LocalCrc => f.write_str("header and directory state different CRC-32"),
            Self::StoredSize => f.write_str("stored, with two different sizes"),
        }
    }
}

impl fmt::Display for DataFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deflate => "the data are not Deflate",
            Self::Truncated => "the data end too early",
            Self::Longer => "the data are longer than stated",
            Self::Shorter => "the data are shorter than stated",
            Self::TrailingBytes => "bytes follow the end of the compressed data",
            Self::Crc => "the data do not have the stated CRC-32",
        })
    }
}
