//! Reissuance requests in the daemon's tables: what follows from the journal, and the dossiers that it does not hold.

use kyso_protocol::{ReissuanceEvent, ReissuanceReason, UnitRef};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// Events of one request that are shown: the newest. Attempts can be many, transitions are at most a few.
const SHOWN_EVENTS: u32 = 200;

/// A request as the journal tells it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its id.
    pub(crate) id: String,
    /// Its state's word.
    pub(crate) state: String,
    /// SHA-256 of the present certificate, hexadecimal.
    pub(crate) certificate: String,
    /// The rest.
    pub(crate) facts: Facts,
    /// Unix microseconds of its first record.
    pub(crate) created_at: u64,
    /// Unix microseconds of its last record.
    pub(crate) updated_at: u64,
}

/// What the journal says of a request beside its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) reason: ReissuanceReason,
    pub(crate) old_unit: Option<UnitRef>,
    pub(crate) new_unit: Option<UnitRef>,
    pub(crate) requested_subject: String,
    pub(crate) issued: Option<String>,
    pub(crate) refusal: Option<String>,
}

/// Which requests a list names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Of this state's word.
    pub(crate) state: Option<String>,
    /// Of this certificate (SHA-256, hexadecimal).
    pub(crate) certificate: Option<String>,
    /// How many at most.
    pub(crate) limit: u32,
}

/// The index of the first journal record that is not applied, for the journal of this origin; `None` where the tables
/// follow no journal or another one.
pub(crate) fn cursor(connection: &Connection, origin: &str) -> Result<Option<u64>, StoreError> {
    let found = connection
        .query_row("SELECT next FROM projection WHERE name = ?1", [name(origin)], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Moves the cursor.
pub(crate) fn set_cursor(
    connection: &Connection,
    origin: &str,
    next: u64,
) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO projection (name, next) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET next = excluded.next",
        params![name(origin), next],
    )?;
    Ok(())
}

/// Forgets all that followed from a journal; dossiers stay, for they are no journal's: those that are there now outlive also
/// [`drop_orphans`], so that a journal which comes back finds them again.
pub(crate) fn forget(connection: &Connection, now: u64) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO projection (name, next) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET next = excluded.next",
        params![FORGOTTEN, now],
    )?;
    connection.execute_batch(
        "DELETE FROM reissuance_event; DELETE FROM reissuance;
         DELETE FROM projection WHERE name LIKE 'reissuance %';",
    )?;
    Ok(())
}

/// When the requests of another journal were forgotten last (Unix microseconds).
const FORGOTTEN: &str = "forgotten at";

fn name(origin: &str) -> String {
    format!("reissuance {origin}")
}

/// Writes a request as it is now.
pub(crate) fn put(connection: &Connection, row: &Row) -> Result<(), StoreError> {
    let facts = serde_json::to_string(&row.facts).map_err(StoreError::Json)?;
    connection.execute(
        "INSERT INTO reissuance (id, state, certificate, body, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE
         SET state = excluded.state, body = excluded.body, updated_at = excluded.updated_at",
        params![row.id, row.state, row.certificate, facts, row.created_at, row.updated_at],
    )?;
    Ok(())
}

/// Writes one event of a request.
pub(crate) fn put_event(
    connection: &Connection,
    request: &str,
    event: &ReissuanceEvent,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(event).map_err(StoreError::Json)?;
    connection.execute(
        "INSERT OR REPLACE INTO reissuance_event (entry, request, body) VALUES (?1, ?2, ?3)",
        params![event.journal_entry, request, body],
    )?;
    Ok(())
}

/// One request.
pub(crate) fn row(connection: &Connection, id: &str) -> Result<Option<Row>, StoreError> {
    let columns = "SELECT id, state, certificate, body, created_at, updated_at FROM reissuance";
    let found = connection.query_row(&format!("{columns} WHERE id = ?1"), [id], read).optional()?;
    found.map(Raw::parse).transpose()
}

/// Requests, newest first.
pub(crate) fn rows(connection: &Connection, wanted: &Wanted) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, state, certificate, body, created_at, updated_at FROM reissuance
         WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR certificate = ?2)
         ORDER BY created_at DESC, id DESC LIMIT ?3",
    )?;
    let found = statement
        .query_map(params![wanted.state, wanted.certificate, wanted.limit], read)?
        .collect::<Result<Vec<Raw>, _>>()?;
    found.into_iter().map(Raw::parse).collect()
}

/// The id of the certificate's open request, where there is one.
pub(crate) fn open_of(
    connection: &Connection,
    certificate: &str,
) -> Result<Option<String>, StoreError> {
    let found = connection
        .query_row(
            "SELECT id FROM reissuance
             WHERE certificate = ?1 AND state IN ('draft', 'submitted', 'exported') LIMIT 1",
            [certificate],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found)
}

/// A request's newest events, oldest first.
pub(crate) fn events(
    connection: &Connection,
    request: &str,
) -> Result<Vec<ReissuanceEvent>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT body FROM reissuance_event WHERE request = ?1 ORDER BY entry DESC LIMIT ?2",
    )?;
    let bodies = statement
        .query_map(params![request, SHOWN_EVENTS], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    bodies.iter().rev().map(|body| serde_json::from_str(body).map_err(StoreError::Json)).collect()
}

/// Writes what a request needs beside the journal.
pub(crate) fn put_dossier(
    connection: &Connection,
    id: &str,
    body: &str,
    created_at: u64,
) -> Result<(), StoreError> {
    connection.execute(
        "INSERT OR REPLACE INTO dossier (id, body, created_at) VALUES (?1, ?2, ?3)",
        params![id, body, created_at],
    )?;
    Ok(())
}

/// What a request needs beside the journal.
pub(crate) fn dossier(connection: &Connection, id: &str) -> Result<Option<String>, StoreError> {
    let found = connection
        .query_row("SELECT body FROM dossier WHERE id = ?1", [id], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Deletes dossiers whose request never came into the journal; returns how many.
pub(crate) fn drop_orphans(connection: &Connection) -> Result<usize, StoreError> {
    Ok(connection.execute(
        "DELETE FROM dossier WHERE id NOT IN (SELECT id FROM reissuance)
         AND created_at > coalesce((SELECT next FROM projection WHERE name = ?1), 0)",
        [FORGOTTEN],
    )?)
}

struct Raw {
    id: String,
    state: String,
    certificate: String,
    body: String,
    created_at: u64,
    updated_at: u64,
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        id: row.get(0)?,
        state: row.get(1)?,
        certificate: row.get(2)?,
        body: row.get(3)?,
        created_at: row.get(4)?,
        updated_at: row.get(5)?,
    })
}

impl Raw {
    fn parse(self) -> Result<Row, StoreError> {
        Ok(Row {
            facts: serde_json::from_str(&self.body).map_err(StoreError::Json)?,
            id: self.id,
            state: self.state,
            certificate: self.certificate,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
