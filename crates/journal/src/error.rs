//! Why the journal refused.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kyso::recorder::{IntentId, RecorderError};
use rusqlite::ErrorCode;

use crate::reissuance::{ReissuanceState, ReissuanceStep};

/// Why the journal cannot be opened, written or read; no signature may be made or released then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalError {
    /// A folder or file of the journal cannot be created or opened.
    Inaccessible {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// The journal's file or folder allows no writing.
    ReadOnly {
        /// The journal.
        path: PathBuf,
    },
    /// The disk (or a quota) is full.
    Full {
        /// The journal.
        path: PathBuf,
    },
    /// Another process held the journal longer than the busy time; trying again is sound.
    Locked {
        /// The journal.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The device failed to read or write.
    DeviceFailed {
        /// The journal.
        path: PathBuf,
        /// SQLite's extended result code (`SQLITE_IOERR_…`).
        code: i32,
    },
    /// The journal's content is not what it was; it must be looked at before it is used again.
    Damaged {
        /// The journal.
        path: PathBuf,
        /// What does not fit.
        damage: Damage,
    },
    /// The journal was written by a newer version.
    NewerSchema {
        /// Its schema.
        found: i64,
        /// The newest schema that this version knows.
        supported: i64,
    },
    /// There is no journal in the file, or no file.
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// The checkpoint key is not there.
    KeyMissing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The checkpoint key is not the one that this journal was created with.
    KeyMismatch {
        /// The key's file.
        path: PathBuf,
    },
    /// Any other refusal of SQLite.
    Sqlite {
        /// The journal.
        path: PathBuf,
        /// SQLite's extended result code.
        code: i32,
    },
    /// The intent is not known or already has an outcome.
    NotOpen(IntentId),
    /// The step may not follow what the journal holds of its request.
    IllegalStep {
        /// The request.
        request: String,
        /// Its state; `None` where the journal holds no such request.
        state: Option<ReissuanceState>,
        /// The step.
        step: ReissuanceStep,
    },
    /// A text of a record is longer than [`crate::MAX_TEXT_BYTES`].
    TextTooLong {
        /// The field.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// The clock's time does not fit a record (2^53 µs after 1970).
    TimeOutOfRange {
        /// The time in Unix microseconds.
        time: u64,
    },
    /// The system gave no random bytes.
    NoRandomness,
    /// The thread that was writing this record with its own died before it committed.
    Abandoned,
    /// There is no record of that index.
    NoSuchEntry {
        /// The index asked for.
        index: u64,
        /// Number of records.
        size: u64,
    },
    /// A stream passed in for an export failed.
    Stream {
        /// What the system said.
        kind: io::ErrorKind,
    },
}

/// What of a journal does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// SQLite finds its file malformed.
    Store {
        /// SQLite's extended result code.
        code: i32,
    },
    /// The meta table lacks or garbles a value.
    Meta,
    /// The head is missing, or its root is not that of the stored nodes.
    Head {
        /// Size by the head.
        size: u64,
    },
    /// The row of a record is missing or garbled.
    Entry {
        /// The record's index.
        index: u64,
    },
    /// The last signed checkpoint does not fit the tree: records were removed or altered.
    Checkpoint {
        /// The checkpoint's size.
        size: u64,
    },
    /// A record stands under no signed checkpoint, though it was signed for when it was written.
    Unsealed {
        /// The record's index.
        index: u64,
    },
}

impl JournalError {
    /// Whether the same call may succeed shortly without anybody's doing.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }

    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            kind => Self::Inaccessible { path, kind },
        }
    }

    pub(crate) fn sqlite(path: &Path, busy: Duration, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            // A value of another type than the schema's, or a row that is not there.
            return Self::Damaged { path, damage: Damage::Meta };
        };
        let code = failure.extended_code;
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                Self::Locked { path, waited: busy }
            }
            ErrorCode::DiskFull => Self::Full { path },
            ErrorCode::ReadOnly => Self::ReadOnly { path },
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                Self::Inaccessible { path, kind: io::ErrorKind::PermissionDenied }
            }
            ErrorCode::SystemIoFailure => Self::DeviceFailed { path, code },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                Self::Damaged { path, damage: Damage::Store { code } }
            }
            _ => Self::Sqlite { path, code },
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inaccessible { path, kind } => {
                write!(f, "{} cannot be opened: {kind}", path.display())
            }
            Self::ReadOnly { path } => write!(f, "{} is read-only", path.display()),
            Self::Full { path } => write!(f, "no space is left for {}", path.display()),
            Self::Locked { path, waited } => write!(
                f,
                "{} was in use by another process for more than {} ms",
                path.display(),
                waited.as_millis()
            ),
            Self::DeviceFailed { path, code } => {
                write!(f, "reading or writing {} failed ({code})", path.display())
            }
            Self::Damaged { path, damage } => write!(f, "{} is damaged: {damage}", path.display()),
            Self::NewerSchema { found, supported } => {
                write!(f, "the journal has schema {found}, this version knows up to {supported}")
            }
            Self::NotAJournal { path } => write!(f, "{} is not a journal", path.display()),
            Self::KeyMissing { path } => {
                write!(f, "the journal's key {} is missing", path.display())
            }
            Self::KeyMismatch { path } => {
                write!(f, "{} is not the key that the journal was created with", path.display())
            }
            Self::Sqlite { path, code } => {
                write!(f, "SQLite refused {} ({code})", path.display())
            }
            Self::NotOpen(id) => write!(f, "intent {} is not open in the journal", id.0),
            Self::IllegalStep { request, state: Some(state), step } => {
                write!(f, "request {request} is {state}: {step} may not follow")
            }
            Self::IllegalStep { request, state: None, step } => {
                write!(f, "there is no request {request} yet: {step} may not come first")
            }
            Self::TextTooLong { field, length } => {
                write!(f, "the record's {field} is {length} bytes long")
            }
            Self::TimeOutOfRange { time } => {
                write!(f, "the clock's time {time} µs does not fit a record")
            }
            Self::Abandoned => write!(f, "the thread that wrote the record died"),
            Self::NoRandomness => write!(f, "the system gave no random bytes"),
            Self::NoSuchEntry { index, size } => {
                write!(f, "there is no record {index} among {size}")
            }
            Self::Stream { kind } => write!(f, "the export's stream failed: {kind}"),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store { code } => write!(f, "its file is malformed ({code})"),
            Self::Meta => write!(f, "its description is garbled"),
            Self::Head { size } => write!(f, "its head of size {size} does not fit its records"),
            Self::Entry { index } => write!(f, "record {index} is missing or garbled"),
            Self::Checkpoint { size } => {
                write!(f, "it is not a continuation of its checkpoint of size {size}")
            }
            Self::Unsealed { index } => {
                write!(f, "record {index} stands under no signed checkpoint")
            }
        }
    }
}

impl std::error::Error for JournalError {}

impl From<JournalError> for RecorderError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::NotOpen(id) => Self::NotOpen(id),
            error => Self::Unwritable(Box::new(error)),
        }
    }
}
