//! The journal's tables and how a connection to them is opened.
//!
//! Columns are integers, text and blobs only, and the statements plain, so that another SQL
//! database can hold the same tables.
//!
//! A record is one row of `entry`: the leaf; in `nodes` the full subtrees that it completes (level
//! 0 first, 32 bytes each), so that node (level, index) is found in row `((index + 1) << level) − 1`
//! and an append needs no other row for the tree; salt and plain name of an intent; and the intent
//! that an outcome ends. Rows of `entry` never change: what is still open stands in `open_intent`,
//! the request that a reissuance record belongs to in `reissuance`.

mod schema;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::error::{Damage, JournalError};
use crate::group::lock;
use crate::record::{Plain, SALT_BYTES, Salt};
use crate::reissuance::ReissuanceTexts;
use crate::tree::{Frontier, Hash};

pub(crate) use schema::SCHEMA;

/// `entry.kind` of an intent.
pub(crate) const KIND_INTENT: i64 = 0;
/// `entry.kind` of an outcome.
pub(crate) const KIND_OUTCOME: i64 = 1;
/// `entry.kind` of an interruption.
pub(crate) const KIND_INTERRUPTED: i64 = 2;
/// `entry.kind` of a reissuance record.
pub(crate) const KIND_REISSUANCE: i64 = 3;

/// A connection with the journal's path, for errors.
pub(crate) struct Store {
    pub(crate) connection: Connection,
    pub(crate) path: std::path::PathBuf,
    pub(crate) busy: Duration,
    /// The schema that the journal has, once [`meta`](Self::meta) has read it.
    pub(crate) schema: i64,
}

/// A row of `entry`.
pub(crate) struct Row {
    pub(crate) sequence: u64,
    pub(crate) kind: i64,
    pub(crate) leaf: Vec<u8>,
    pub(crate) nodes: Vec<u8>,
    pub(crate) salt: Option<Salt>,
    pub(crate) name: Option<String>,
    pub(crate) intent: Option<u64>,
    pub(crate) ended_by: Option<u64>,
    /// The request that a reissuance record belongs to, by the table of that name.
    pub(crate) request: Option<String>,
}

impl Row {
    /// What stands beside the leaf; the inner `None` where it is garbled.
    pub(crate) fn side(&self) -> Option<Option<(Plain, Salt)>> {
        let (name, salt) = self.name.as_ref().zip(self.salt)?;
        let plain = match self.kind {
            KIND_REISSUANCE => ReissuanceTexts::decode(name.as_bytes()).map(Plain::Texts),
            _ => Some(Plain::Name(name.clone())),
        };
        Some(plain.map(|plain| (plain, salt)))
    }
}

impl Store {
    /// Creates the folder (0700) and an empty file (0600) where they are absent.
    pub(crate) fn create_files(path: &Path) -> Result<(), JournalError> {
        // Another thread must not open the journal before the new file is closed here, or it loses
        // its locks (see `connect`).
        static CREATING: Mutex<()> = Mutex::new(());
        let _creating = lock(&CREATING);
        let folder = folder_of(path);
        if !folder.is_dir() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder).map_err(|error| JournalError::io(folder, &error))?;
        }
        match private_file(path) {
            Ok(file) => {
                file.sync_all().map_err(|error| JournalError::io(path, &error))?;
                sync_folder(folder)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(JournalError::io(path, &error)),
        }
    }

    /// Opens an existing file for writing: WAL, every commit flushed.
    pub(crate) fn open(path: &Path, busy: Duration) -> Result<Self, JournalError> {
        let store = Self::connect(path, busy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // SQLite opens what it may not write for reading, and says so only at the first write.
        if store.sql(store.connection.is_readonly("main"))? {
            return Err(JournalError::ReadOnly { path: path.to_owned() });
        }
        store.set_wal()?;
        // fullfsync matters on macOS alone, where fsync does not reach the medium.
        store.sql(store.connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON;",
        ))?;
        Ok(store)
    }

    /// Opens an existing file for reading only.
    pub(crate) fn open_read_only(path: &Path, busy: Duration) -> Result<Self, JournalError> {
        Self::connect(path, busy, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn connect(path: &Path, busy: Duration, access: OpenFlags) -> Result<Self, JournalError> {
        // SQLite says only "cannot open"; the system says why. The file itself must not be opened
        // here: closing it would drop the locks that this process's other connections hold on it
        // (POSIX advisory locks).
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(JournalError::NotAJournal { path: path.to_owned() });
            }
            Err(error) => return Err(JournalError::io(path, &error)),
            Ok(metadata) if metadata.is_dir() => {
                return Err(JournalError::io(path, &io::ErrorKind::IsADirectory.into()));
            }
            Ok(_) => {}
        }
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|error| JournalError::sqlite(path, busy, &error))?;
        let store = Self { connection, path: path.to_owned(), busy, schema: SCHEMA };
        store.sql(store.connection.busy_timeout(busy))?;
        store.connection.set_prepared_statement_cache_capacity(32);
        Ok(store)
    }

    /// Two processes that create a journal at once may see each other's switch as a deadlock,
    /// which SQLite reports without waiting: wait here.
    fn set_wal(&self) -> Result<(), JournalError> {
        const STEP: Duration = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        loop {
            let mode = self
                .connection
                .query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
            match self.sql(mode) {
                Ok(mode) if mode == "wal" => return Ok(()),
                Ok(_) => {
                    return Err(JournalError::ReadOnly { path: self.path.clone() });
                }
                Err(error) if error.is_retryable() && waited < self.busy => {
                    std::thread::sleep(STEP);
                    waited += STEP;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, JournalError> {
        result.map_err(|error| JournalError::sqlite(&self.path, self.busy, &error))
    }

    pub(crate) fn damaged(&self, damage: Damage) -> JournalError {
        JournalError::Damaged { path: self.path.clone(), damage }
    }

    /// Runs `act` in a transaction begun at once; whatever fails leaves nothing behind.
    pub(crate) fn write<T>(
        &mut self,
        act: impl FnOnce(&Self) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        if !self.connection.is_autocommit() {
            // A thread panicked within its transaction.
            self.run("ROLLBACK")?;
        }
        self.run("BEGIN IMMEDIATE")?;
        let result = act(self).and_then(|value| self.run("COMMIT").map(|()| value));
        if result.is_err() && !self.connection.is_autocommit() {
            // If even this fails the connection is useless and its next BEGIN will say so.
            let _ = self.run("ROLLBACK");
        }
        result
    }

    /// Runs `act` on one snapshot.
    pub(crate) fn read<T>(
        &self,
        act: impl FnOnce() -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.run("BEGIN")?;
        let result = act();
        let _ = self.run("ROLLBACK");
        result
    }

    fn run(&self, statement: &'static str) -> Result<(), JournalError> {
        let done = self
            .connection
            .prepare_cached(statement)
            .and_then(|mut statement| statement.execute([]));
        self.sql(done).map(|_| ())
    }

    /// Size and root.
    pub(crate) fn head(&self) -> Result<(u64, Hash), JournalError> {
        let head = self
            .connection
            .prepare_cached("SELECT size, root FROM head WHERE id = 0")
            .and_then(|mut statement| {
                statement.query_row([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, Hash>(1)?)))
            })
            .optional();
        match head {
            Ok(Some(head)) => Ok(head),
            Ok(None) => Err(self.damaged(Damage::Head { size: 0 })),
            Err(error) => Err(self.garbled(&error, Damage::Head { size: 0 })),
        }
    }

    pub(crate) fn set_head(&self, frontier: &Frontier) -> Result<(), JournalError> {
        let changed = self
            .connection
            .prepare_cached("UPDATE head SET size = ?1, root = ?2 WHERE id = 0")
            .and_then(|mut statement| statement.execute(params![frontier.size(), frontier.root()]));
        self.sql(changed).map(|_| ())
    }

    /// The last signed checkpoint's note.
    pub(crate) fn checkpoint(&self) -> Result<Option<String>, JournalError> {
        let note = self
            .connection
            .prepare_cached("SELECT note FROM checkpoint WHERE id = 0")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional());
        self.sql(note)
    }

    pub(crate) fn set_checkpoint(&self, note: &str) -> Result<(), JournalError> {
        let set = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO checkpoint (id, note) VALUES (0, ?1)")
            .and_then(|mut statement| statement.execute([note]));
        self.sql(set).map(|_| ())
    }

    /// The first record in `from..until` that ends an act or is a step of a request.
    pub(crate) fn first_end(&self, from: u64, until: u64) -> Result<Option<u64>, JournalError> {
        let first = self
            .connection
            .prepare_cached(
                "SELECT sequence FROM entry \
                 WHERE sequence >= ?1 AND sequence < ?2 AND (intent IS NOT NULL OR kind = 3) \
                 ORDER BY sequence LIMIT 1",
            )
            .and_then(|mut statement| {
                statement.query_row(params![from, until], |row| row.get(0)).optional()
            });
        self.sql(first)
    }

    /// The root of a full subtree.
    pub(crate) fn node(&self, level: u32, index: u64) -> Result<Hash, JournalError> {
        let sequence = ((index + 1) << level) - 1;
        let at = level as usize * 32;
        let nodes = self
            .connection
            .prepare_cached("SELECT nodes FROM entry WHERE sequence = ?1")
            .and_then(|mut statement| {
                statement.query_row([sequence], |row| row.get::<_, Vec<u8>>(0)).optional()
            });
        let damage = Damage::Entry { index: sequence };
        match nodes {
            Ok(nodes) => nodes
                .as_deref()
                .and_then(|nodes| nodes.get(at..at + 32))
                .and_then(|node| node.try_into().ok())
                .ok_or_else(|| self.damaged(damage)),
            Err(error) => Err(self.garbled(&error, damage)),
        }
    }

    /// The frontier by the stored nodes, if it gives the head's root.
    pub(crate) fn frontier(&self, size: u64, root: &Hash) -> Result<Frontier, JournalError> {
        let frontier = Frontier::load(size, |level, index| self.node(level, index))?;
        if frontier.root() != *root {
            return Err(self.damaged(Damage::Head { size }));
        }
        Ok(frontier)
    }

    /// A value of another type than the schema's is damage; anything else as it is.
    pub(crate) fn garbled(&self, error: &rusqlite::Error, damage: Damage) -> JournalError {
        match error {
            rusqlite::Error::SqliteFailure(..) => {
                JournalError::sqlite(&self.path, self.busy, error)
            }
            _ => self.damaged(damage),
        }
    }

    pub(crate) fn row(&self, sequence: u64) -> Result<Option<Row>, JournalError> {
        let row = self
            .connection
            .prepare_cached(&format!("SELECT {} FROM entry WHERE sequence = ?1", self.columns()))
            .and_then(|mut statement| statement.query_row([sequence], read_row).optional());
        row.map_err(|error| self.garbled(&error, Damage::Entry { index: sequence }))
    }
}

/// Reads [`Store::columns`].
pub(crate) fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        sequence: row.get(0)?,
        kind: row.get(1)?,
        leaf: row.get(2)?,
        nodes: row.get(3)?,
        salt: row.get::<_, Option<[u8; SALT_BYTES]>>(4)?,
        name: row.get(5)?,
        intent: row.get(6)?,
        ended_by: row.get(7)?,
        request: row.get(8)?,
    })
}

/// Creates a file that its user alone may read.
pub(crate) fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The folder that holds a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes a folder's new names durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    #[cfg(unix)]
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| JournalError::io(folder, &error))?;
    // Windows flushes a folder's names with the file and opens no folder as a file.
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
