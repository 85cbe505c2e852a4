//! What a batch has beside its operation's row: what its runner needs to go on after any restart.

use kyso_protocol::{Consent, Lang, SignatureOptions};
use kyso_token::Credential;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::items::{Declared, Sha256, declare, unreadable, unwritable};
use crate::caller::Peer;

/// What a batch asks for, without its items, which have a table of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Which key, as the client named it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) credential: Option<String>,
    /// What is made of each document.
    pub(crate) options: SignatureOptions,
    /// How the person is asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) consent: Option<Consent>,
}

/// Who asked, as [`Peer`] has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Asker {
    uid: u32,
    pid: Option<u32>,
    user: Option<String>,
    program: Option<String>,
}

/// A batch as it is accepted.
pub(crate) struct NewBatch<'a> {
    pub(crate) credential: &'a Credential,
    pub(crate) peer: &'a Peer,
    pub(crate) list: Sha256,
    pub(crate) items: &'a [Declared],
}

/// A wish that was answered and is not done yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Stand still until somebody resumes it.
    Pause,
    /// End without signing more.
    Cancel,
}

/// What a batch is beside its operation and its items.
#[derive(Clone, Debug)]
pub(crate) struct BatchRow {
    pub(crate) id: String,
    pub(crate) asked: Asked,
    pub(crate) credential: Credential,
    pub(crate) peer: Peer,
    pub(crate) list: Sha256,
    pub(crate) lang: Lang,
    /// Under which id the person or the policy agreed; none before.
    pub(crate) agreed: Option<String>,
    pub(crate) wish: Option<Wish>,
    /// The journal's size when it was accepted: what concerns it comes after.
    pub(crate) from_entry: u64,
}

/// Why a declared item is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// There is no such document.
    Unknown { item: usize },
    /// The document's bytes have another SHA-256.
    Differs { item: usize, sha256: Sha256 },
}

/// Whether every document is here and is what its item declares.
///
/// # Errors
/// [`StoreError`]; the inner one where an item is unfit.
pub(crate) fn check(
    connection: &Connection,
    items: &[Declared],
) -> Result<Result<(), Unfit>, StoreError> {
    let mut known = connection.prepare_cached("SELECT sha256 FROM document WHERE id = ?1")?;
    for (item, declared) in items.iter().enumerate() {
        let found = known.query_row([&declared.document], |row| row.get(0)).optional()?;
        match found {
            None => return Ok(Err(Unfit::Unknown { item })),
            Some(sha256) if sha256 != declared.sha256 => {
                return Ok(Err(Unfit::Differs { item, sha256 }));
            }
            Some(_) => {}
        }
    }
    Ok(Ok(()))
}

/// Writes the batch and its items beside its operation's row.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn insert(
    connection: &Connection,
    id: &str,
    batch: &NewBatch<'_>,
) -> Result<(), StoreError> {
    let peer = Asker {
        uid: batch.peer.uid,
        pid: batch.peer.pid,
        user: batch.peer.user.clone(),
        program: batch.peer.program.clone(),
    };
    connection.execute(
        "INSERT INTO batch (operation, credential, peer, list) VALUES (?1, ?2, ?3, ?4)",
        params![
            id,
            serde_json::to_string(batch.credential).map_err(unwritable)?,
            serde_json::to_string(&peer).map_err(unwritable)?,
            batch.list
        ],
    )?;
    declare(connection, id, batch.items)
}

/// The batch of this id.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn batch(connection: &Connection, id: &str) -> Result<Option<BatchRow>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT o.id, o.request, b.credential, b.peer, b.list, o.lang, b.agreed, b.wish, o.from_entry \
         FROM operation o JOIN batch b ON b.operation = o.id WHERE o.id = ?1",
    )?;
    Ok(query.query_row([id], read).optional()?)
}

/// Notes under which id the person or the policy agreed.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn agree(connection: &Connection, id: &str, consent: &str) -> Result<(), StoreError> {
    connection.execute("UPDATE batch SET agreed = ?2 WHERE operation = ?1", [id, consent])?;
    Ok(())
}

/// Notes how the person is to be asked from now on.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn ask_by(connection: &Connection, id: &str, asked: &Asked) -> Result<(), StoreError> {
    let asked = serde_json::to_string(asked).map_err(unwritable)?;
    connection.execute("UPDATE operation SET request = ?2 WHERE id = ?1", params![id, asked])?;
    Ok(())
}

/// Notes a wish, or that there is none any more.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn wish(
    connection: &Connection,
    id: &str,
    wish: Option<Wish>,
) -> Result<(), StoreError> {
    let wish = wish.map(|wish| match wish {
        Wish::Pause => "pause",
        Wish::Cancel => "cancel",
    });
    connection.execute("UPDATE batch SET wish = ?2 WHERE operation = ?1", params![id, wish])?;
    Ok(())
}

fn json<T: for<'de> Deserialize<'de>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

fn read(row: &Row<'_>) -> rusqlite::Result<BatchRow> {
    let Asker { uid, pid, user, program } = json(row, 3)?;
    let lang: String = row.get(5)?;
    let wish: Option<String> = row.get(7)?;
    Ok(BatchRow {
        id: row.get(0)?,
        asked: json(row, 1)?,
        credential: json(row, 2)?,
        peer: Peer { uid, pid, user, program },
        list: row.get(4)?,
        lang: lang.parse().map_err(|error| unreadable(5, error))?,
        agreed: row.get(6)?,
        wish: match wish.as_deref() {
            Some("pause") => Some(Wish::Pause),
            Some("cancel") => Some(Wish::Cancel),
            _ => None,
        },
        from_entry: row.get(8)?,
    })
}
