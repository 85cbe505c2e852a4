//! Signed files that wait for a time-stamp: signed at level B where no authority was reachable, extended when one is.
//!
//! Each file is one entry, a small JSON file named by the hash of the file's path. Adding is durable before the
//! caller says that the file is queued; entries are replaced whole, never edited.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use kyso_x509::{Digest, DigestAlgorithm, Hasher, Time};
use serde::{Deserialize, Serialize};

use crate::extend::Level;
use crate::input::open_regular;

/// Longest entry that is read; one is some hundred bytes, a path at most 4,096.
const MOST_ENTRY_BYTES: u64 = 64 * 1024;

/// Ending of an entry's name.
const SUFFIX: &str = ".pending.json";

/// One file that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The signed file, an absolute path.
    pub file: PathBuf,
    /// SHA-256 in lower-case hexadecimal of the file as it was signed: another file under the name is left alone.
    pub sha256: String,
    /// The level that was asked for.
    pub level: Level,
    /// The content of a detached signature, an absolute path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<PathBuf>,
    /// Time-stamping authorities that the signer named; none for those of the configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<String>,
    /// When it was queued, in Unix seconds.
    pub queued_at: i64,
    /// How often it was tried since.
    #[serde(default)]
    pub attempts: u32,
    /// Stable code of what the last try ended with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// The folder of entries.
#[derive(Clone, Debug)]
pub struct Queue {
    folder: PathBuf,
}

/// An entry under its name in the queue.
#[derive(Debug)]
pub struct Entry {
    /// Where the entry lies.
    pub path: PathBuf,
    /// What it says, or why it cannot be read.
    pub pending: Result<Pending, QueueError>,
}

/// Why the queue could not be used.
#[derive(Debug)]
pub enum QueueError {
    /// The folder or an entry cannot be read.
    Unreadable {
        /// Where.
        path: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// The folder or an entry cannot be written.
    Unwritable {
        /// Where.
        path: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// An entry is no entry.
    Malformed {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// An entry is longer than any entry.
    TooLong {
        /// Where.
        path: PathBuf,
        /// Most bytes that are read.
        limit: u64,
    },
    /// Another process works the queue.
    Busy {
        /// The folder.
        path: PathBuf,
    },
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            Self::Unwritable { path, error } => {
                write!(f, "cannot write {}: {error}", path.display())
            }
            Self::Malformed { path, error } => write!(f, "{}: {error}", path.display()),
            Self::TooLong { path, limit } => {
                write!(f, "{} is longer than {limit} bytes", path.display())
            }
            Self::Busy { path } => {
                write!(f, "another process works the queue in {}", path.display())
            }
        }
    }
}

impl std::error::Error for QueueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. } | Self::Unwritable { error, .. } => Some(error),
            Self::Malformed { error, .. } => Some(error),
            Self::TooLong { .. } | Self::Busy { .. } => None,
        }
    }
}

/// The right to work the queue, until it is dropped or the process dies.
#[derive(Debug)]
pub struct Working {
    _lock: File,
}

impl Pending {
    /// What waits: the file as it is now, and the level it is to get.
    ///
    /// # Errors
    /// [`QueueError::Unreadable`].
    pub fn of_file(file: &Path, level: Level, now: Time) -> Result<Self, QueueError> {
        let file = std::path::absolute(file)
            .map_err(|error| QueueError::Unreadable { path: file.to_path_buf(), error })?;
        let sha256 = hash(&file)?;
        Ok(Self {
            file,
            sha256,
            level,
            content: None,
            authorities: Vec::new(),
            queued_at: now.as_unix_seconds(),
            attempts: 0,
            last_error: None,
        })
    }

    /// Whether the file under the name is still the one that was queued.
    ///
    /// # Errors
    /// [`QueueError::Unreadable`], where it was moved or removed.
    pub fn is_unchanged(&self) -> Result<bool, QueueError> {
        Ok(hash(&self.file)? == self.sha256)
    }
}

impl Queue {
    /// Opens the queue in `folder`, which is made for its owner alone where it is not there.
    ///
    /// # Errors
    /// [`QueueError::Unwritable`].
    pub fn open(folder: &Path) -> Result<Self, QueueError> {
        let made = {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            {
                use std::os::unix::fs::DirBuilderExt as _;
                builder.mode(0o700);
            }
            builder.create(folder)
        };
        made.map_err(|error| QueueError::Unwritable { path: folder.to_path_buf(), error })?;
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// Writes an entry, durably; one for the same file is replaced.
    ///
    /// # Errors
    /// [`QueueError::Unwritable`]; the former entry is then still there.
    pub fn put(&self, pending: &Pending) -> Result<(), QueueError> {
        let path = self.place(&pending.file);
        let unwritable = |error| QueueError::Unwritable { path: path.clone(), error };
        let mut text = serde_json::to_vec_pretty(pending)
            .map_err(|error| QueueError::Malformed { path: path.clone(), error })?;
        text.push(b'\n');
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(unwritable)?;
        file.write_all(&text).map_err(unwritable)?;
        file.as_file().sync_all().map_err(unwritable)?;
        file.persist(&path).map_err(|error| unwritable(error.error))?;
        self.sync().map_err(unwritable)
    }

    /// Removes the entry of a file, durably; true where there was one.
    ///
    /// # Errors
    /// [`QueueError::Unwritable`].
    pub fn remove(&self, file: &Path) -> Result<bool, QueueError> {
        let path = self.place(file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(QueueError::Unwritable { path, error }),
            Ok(()) => {
                self.sync().map_err(|error| QueueError::Unwritable { path, error })?;
                Ok(true)
            }
        }
    }

    /// All entries, the longest waiting first; unreadable ones last, each with its reason.
    ///
    /// # Errors
    /// [`QueueError::Unreadable`] where the folder cannot be listed.
    pub fn list(&self) -> Result<Vec<Entry>, QueueError> {
        let unreadable = |error| QueueError::Unreadable { path: self.folder.clone(), error };
        let mut entries = Vec::new();
        for item in fs::read_dir(&self.folder).map_err(unreadable)? {
            let path = item.map_err(unreadable)?.path();
            let named = path.file_name().and_then(|name| name.to_str());
            if named.is_some_and(|name| name.ends_with(SUFFIX)) {
                let pending = read(&path);
                entries.push(Entry { path, pending });
            }
        }
        entries.sort_by_cached_key(|entry| match &entry.pending {
            Ok(pending) => (0, pending.queued_at, entry.path.clone()),
            Err(_) => (1, 0, entry.path.clone()),
        });
        Ok(entries)
    }

    /// Takes the queue for this process, so that no file is extended twice.
    ///
    /// # Errors
    /// [`QueueError::Busy`] while another process has it.
    pub fn work(&self) -> Result<Working, QueueError> {
        let path = self.folder.join("lock");
        let unwritable = |error| QueueError::Unwritable { path: path.clone(), error };
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Working { _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => {
                Err(QueueError::Busy { path: self.folder.clone() })
            }
            Err(fs::TryLockError::Error(error)) => Err(unwritable(error)),
        }
    }

    /// The entry's place: a file has one, whatever characters its path has.
    fn place(&self, file: &Path) -> PathBuf {
        let digest = DigestAlgorithm::Sha256.digest(file.as_os_str().as_encoded_bytes());
        self.folder.join(format!("{}{SUFFIX}", hex(&digest)))
    }

    /// NTFS journals names by itself; elsewhere the folder is flushed.
    fn sync(&self) -> io::Result<()> {
        if cfg!(unix) { File::open(&self.folder)?.sync_all() } else { Ok(()) }
    }
}

fn read(path: &Path) -> Result<Pending, QueueError> {
    let unreadable = |error| QueueError::Unreadable { path: path.to_path_buf(), error };
    let length = fs::symlink_metadata(path).map_err(unreadable)?.len();
    if length > MOST_ENTRY_BYTES {
        return Err(QueueError::TooLong { path: path.to_path_buf(), limit: MOST_ENTRY_BYTES });
    }
    let text = fs::read(path).map_err(unreadable)?;
    serde_json::from_slice(&text)
        .map_err(|error| QueueError::Malformed { path: path.to_path_buf(), error })
}

fn hash(path: &Path) -> Result<String, QueueError> {
    let unreadable = |error| QueueError::Unreadable { path: path.to_path_buf(), error };
    let mut file = open_regular(path).map_err(|error| unreadable(error.into()))?;
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    let mut piece = vec![0; 128 * 1024];
    loop {
        match io::Read::read(&mut file, &mut piece).map_err(unreadable)? {
            0 => return Ok(hex(&hasher.finish())),
            read => hasher.update(piece.get(..read).unwrap_or_default()),
        }
    }
}

fn hex(digest: &Digest) -> String {
    use fmt::Write as _;
    digest.as_bytes().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
