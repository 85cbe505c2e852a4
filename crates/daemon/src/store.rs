//! The daemon's own tables: documents, operations, idempotency keys, the projection of reissuance requests.
//!
//! The journal is the truth about what was asked, agreed and signed; these tables hold what is needed to answer and to go on
//! after a restart, and are made to agree with the journal at each start. One SQLite file, one connection, short
//! transactions. What a client was told is durable before it is told (`synchronous = FULL`).

pub(crate) mod batches;
mod counts;
mod documents;
mod idempotency;
pub(crate) mod items;
pub(crate) mod operations;
pub(crate) mod reissuance;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::text::{Lang, Problem};

pub(crate) use documents::DocumentRow;
pub(crate) use idempotency::{Begun, Reply};

/// The tables; each statement is idempotent.
const SCHEMA: &str = include_str!("store/schema.sql");

/// The schema's number, in `PRAGMA user_version`.
const VERSION: i64 = 1;

/// An open store.
pub(crate) struct Store {
    connection: Mutex<Connection>,
}

/// Why the store failed.
#[derive(Debug)]
pub enum StoreError {
    /// SQLite's own error.
    Sqlite(rusqlite::Error),
    /// A JSON column does not hold what it should.
    Json(serde_json::Error),
    /// The file was written by a newer version.
    Newer {
        /// Its schema's number.
        version: i64,
    },
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(error) => write!(f, "the daemon's tables: {error}"),
            Self::Json(error) => write!(f, "the daemon's tables: {error}"),
            Self::Newer { version } => {
                write!(
                    f,
                    "the daemon's tables are of a newer version ({version}, known: {VERSION})"
                )
            }
        }
    }
}

impl StoreError {
    /// Whether the file itself is not, or no longer, what SQLite wrote.
    fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let Self::Sqlite(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
    }

    /// The three parts.
    pub(crate) fn explain(&self, lang: Lang) -> Problem {
        let (code, what, remedy) = match self {
            Self::Newer { .. } => (
                "store-newer",
                lang.pick(
                    "dữ liệu của dịch vụ thuộc phiên bản mới hơn",
                    "the daemon's tables are of a newer version",
                ),
                lang.pick("dùng phiên bản kyso mới hơn", "use the newer version of kyso"),
            ),
            _ if self.is_damage() => (
                "store-damaged",
                lang.pick("dữ liệu của dịch vụ bị hỏng", "the daemon's tables are damaged"),
                lang.pick(
                    "đổi tên thư mục trạng thái (đừng xóa: trong `results` có tệp đã ký) rồi khởi động lại; nhật ký không bị \
                     ảnh hưởng",
                    "rename the state folder (do not delete it: `results` holds signed files) and start again; the journal \
                     is not affected",
                ),
            ),
            Self::Sqlite(_) | Self::Json(_) => (
                "store-unwritable",
                lang.pick(
                    "dịch vụ không ghi được dữ liệu của mình",
                    "the daemon cannot write its own tables",
                ),
                lang.pick(
                    "kiểm tra dung lượng và quyền của thư mục trạng thái",
                    "check space and permissions of its state folder",
                ),
            ),
        };
        Problem::new(code, what, self.to_string(), remedy)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sqlite(error) => Some(error),
            Self::Json(error) => Some(error),
            Self::Newer { .. } => None,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Store {
    /// Opens or makes the tables.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version > VERSION {
            return Err(StoreError::Newer { version });
        }
        connection.execute_batch(SCHEMA)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// The connection, for one short piece of work; never held across a wait.
    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction.
    ///
    /// # Errors
    /// The work's, with nothing written.
    pub(crate) fn transaction<T>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection();
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
    /// One transaction that a crash may undo: for what a client can send again. The next [`Store::transaction`] makes it
    /// durable as well, because both append to one log.
    ///
    /// # Errors
    /// The work's, with nothing written.
    pub(crate) fn light_transaction<T>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection();
        connection.pragma_update(None, "synchronous", "normal")?;
        let done = (|| {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })();
        connection.pragma_update(None, "synchronous", "full")?;
        done
    }
}
