//! Which tables a journal has: made, told from others, brought up to date.

use rusqlite::{OptionalExtension as _, params};

use super::Store;
use crate::error::{Damage, JournalError};
use crate::note::VerifierKey;
use crate::tree::Frontier;

/// The schema that this version writes. 1 lacks the table `reissuance`.
pub(crate) const SCHEMA: i64 = 2;

/// The first schema with the table `reissuance`.
const WITH_REISSUANCE: i64 = 2;

const CREATE: &str = "
CREATE TABLE meta (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
CREATE TABLE entry (
    sequence INTEGER PRIMARY KEY NOT NULL,
    kind INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    nodes BLOB NOT NULL,
    salt BLOB,
    name TEXT,
    intent INTEGER REFERENCES entry (sequence)
);
CREATE UNIQUE INDEX entry_ending ON entry (intent) WHERE intent IS NOT NULL;
CREATE TABLE open_intent (
    sequence INTEGER PRIMARY KEY NOT NULL REFERENCES entry (sequence)
);
CREATE TABLE head (
    id INTEGER PRIMARY KEY NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL
);
CREATE TABLE checkpoint (
    id INTEGER PRIMARY KEY NOT NULL,
    note TEXT NOT NULL
);
";

/// What schema 2 adds.
const ADD_REISSUANCE: &str = "
CREATE TABLE IF NOT EXISTS reissuance (
    sequence INTEGER PRIMARY KEY NOT NULL REFERENCES entry (sequence),
    request TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS reissuance_request ON reissuance (request, sequence);
";

impl Store {
    /// Whether the tables exist.
    pub(crate) fn is_created(&self) -> Result<bool, JournalError> {
        let tables: i64 = self.sql(self.connection.query_row(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table'",
            [],
            |row| row.get(0),
        ))?;
        let meta: i64 = self.sql(self.connection.query_row(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'",
            [],
            |row| row.get(0),
        ))?;
        match (tables, meta) {
            (0, _) => Ok(false),
            (_, 1) => Ok(true),
            _ => Err(JournalError::NotAJournal { path: self.path.clone() }),
        }
    }

    /// Creates the tables of an empty journal; inside a transaction.
    pub(crate) fn create_tables(&self, key: &VerifierKey) -> Result<(), JournalError> {
        self.sql(self.connection.execute_batch(CREATE))?;
        self.sql(self.connection.execute_batch(ADD_REISSUANCE))?;
        for (name, value) in [("schema", SCHEMA.to_string()), ("vkey", key.to_string())] {
            self.sql(
                self.connection.execute(
                    "INSERT INTO meta (name, value) VALUES (?1, ?2)",
                    params![name, value],
                ),
            )?;
        }
        self.sql(self.connection.execute(
            "INSERT INTO head (id, size, root) VALUES (0, 0, ?1)",
            params![Frontier::new().root()],
        ))?;
        Ok(())
    }

    /// The journal's verifier key, once its schema is known to be ours.
    pub(crate) fn meta(&mut self) -> Result<VerifierKey, JournalError> {
        let found: i64 = self.value("schema")?.parse().map_err(|_| self.damaged(Damage::Meta))?;
        if found > SCHEMA {
            return Err(JournalError::NewerSchema { found, supported: SCHEMA });
        }
        self.schema = found;
        self.value("vkey")?.parse().map_err(|_| self.damaged(Damage::Meta))
    }

    fn value(&self, name: &str) -> Result<String, JournalError> {
        let value = self
            .connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
            .optional();
        self.sql(value)?.ok_or_else(|| self.damaged(Damage::Meta))
    }

    /// Brings an older journal to this version's schema; records stay as they are.
    pub(crate) fn upgrade(&mut self) -> Result<(), JournalError> {
        if self.schema >= SCHEMA {
            return Ok(());
        }
        self.write(|store| {
            store.sql(store.connection.execute_batch(ADD_REISSUANCE))?;
            let raised = store.connection.execute(
                "UPDATE meta SET value = ?1 WHERE name = 'schema'",
                params![SCHEMA.to_string()],
            );
            store.sql(raised).map(|_| ())
        })?;
        self.schema = SCHEMA;
        Ok(())
    }

    /// Whether the journal can hold reissuance records at all.
    pub(crate) const fn has_reissuance(&self) -> bool {
        self.schema >= WITH_REISSUANCE
    }

    /// The columns of [`Row`](super::Row), in its order.
    pub(crate) const fn columns(&self) -> &'static str {
        if self.has_reissuance() {
            "sequence, kind, leaf, nodes, salt, name, intent, \
             (SELECT e.sequence FROM entry AS e WHERE e.intent = entry.sequence), \
             (SELECT r.request FROM reissuance AS r WHERE r.sequence = entry.sequence)"
        } else {
            "sequence, kind, leaf, nodes, salt, name, intent, \
             (SELECT e.sequence FROM entry AS e WHERE e.intent = entry.sequence), NULL"
        }
    }
}
