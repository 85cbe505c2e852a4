//! Reading the journal: list and show, beside any writer.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::params;

use crate::error::{Damage, JournalError};
use crate::group::lock;
use crate::note::VerifierKey;
use crate::record::{Leaf, Plain, Salt};
use crate::reissuance::ReissuanceTexts;
use crate::store::{Row, Store, read_row};
use crate::tree::{Hash, consistency_proof, inclusion_proof};

/// Rows fetched under one lock when many are walked, so that other readers get in between.
pub(crate) const PAGE: u32 = 256;

/// A journal open for reading; needs no key and writes nothing.
///
/// One connection behind a lock, which many threads may share: each call locks for a page of
/// records at most and keeps nothing. An asynchronous server calls it where blocking is allowed
/// (such as tokio's `spawn_blocking`), with one reader, or a few if long walks and short answers
/// meet; a reader sees every commit from then on, also of other processes.
pub struct Reader {
    store: Mutex<Store>,
    key: VerifierKey,
}

/// One record with what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The record, decoded.
    pub leaf: Leaf,
    /// The leaf's canonical bytes, as hashed.
    pub bytes: Vec<u8>,
    /// The document's plain name (intents only).
    pub name: Option<String>,
    /// The plain texts (reissuance records only).
    pub texts: Option<ReissuanceTexts>,
    /// The salt of the hash of what stands here in plain words.
    pub salt: Option<Salt>,
    /// Index of the record that ended this intent; `None` while it is open.
    pub ended_by: Option<u64>,
}

/// Which records [`Reader::entries`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// First index, inclusive.
    pub from: u64,
    /// Last index, exclusive.
    pub until: u64,
    /// Of which kind.
    pub kind: KindFilter,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// How many at most.
    pub limit: u32,
}

/// Of which kind records are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindFilter {
    /// All kinds.
    All,
    /// Intents.
    Intents,
    /// Intents without an outcome.
    OpenIntents,
    /// Outcomes.
    Outcomes,
    /// Interruptions.
    Interruptions,
    /// Steps of reissuance requests.
    Reissuance,
}

impl Filter {
    /// Everything, oldest first, up to `limit`.
    pub fn all(limit: u32) -> Self {
        Self { from: 0, until: u64::MAX, kind: KindFilter::All, newest_first: false, limit }
    }
}

impl Reader {
    /// Opens the journal at `path` for reading, waiting at most `busy` for a lock.
    ///
    /// # Errors
    /// [`JournalError`]: no file, not a journal, of a newer schema, or damaged.
    pub fn open(path: &Path, busy: Duration) -> Result<Self, JournalError> {
        let mut store = Store::open_read_only(path, busy)?;
        if !store.is_created()? {
            return Err(JournalError::NotAJournal { path: path.to_owned() });
        }
        let key = store.meta()?;
        Ok(Self { store: Mutex::new(store), key })
    }

    /// The key under which this journal's checkpoints verify; its name is the journal's origin.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.key
    }

    /// Number of records and root hash, as they stand now.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn head(&self) -> Result<(u64, Hash), JournalError> {
        lock(&self.store).head()
    }

    /// The last checkpoint that was signed, as a note.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn last_checkpoint(&self) -> Result<Option<String>, JournalError> {
        lock(&self.store).checkpoint()
    }

    /// The record of `index`; `None` where there is none.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn entry(&self, index: u64) -> Result<Option<Entry>, JournalError> {
        // Beyond SQLite's integers there is no record.
        if i64::try_from(index).is_err() {
            return Ok(None);
        }
        let store = lock(&self.store);
        store.row(index)?.map(|row| entry(&store, row)).transpose()
    }

    /// The records that `filter` names.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn entries(&self, filter: &Filter) -> Result<Vec<Entry>, JournalError> {
        let store = self.store();
        let kind = match filter.kind {
            KindFilter::All => "",
            KindFilter::Intents => " AND kind = 0",
            KindFilter::OpenIntents => " AND sequence IN (SELECT sequence FROM open_intent)",
            KindFilter::Outcomes => " AND kind = 1",
            KindFilter::Interruptions => " AND kind = 2",
            // Few among many, and listed apart.
            KindFilter::Reissuance if store.has_reissuance() => {
                " AND sequence IN (SELECT sequence FROM reissuance)"
            }
            KindFilter::Reissuance => " AND kind = 3",
        };
        let order = if filter.newest_first { " DESC" } else { "" };
        let statement = format!(
            "SELECT {} FROM entry WHERE sequence >= ?1 AND sequence < ?2{kind} \
             ORDER BY sequence{order} LIMIT ?3",
            store.columns()
        );
        let rows = query(&store, &statement, filter.from, filter.until, filter.limit)?;
        rows.into_iter().map(|row| entry(&store, row)).collect()
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// Calls `each` with the rows `from..until` in order, a page at a time.
    pub(crate) fn walk(
        &self,
        from: u64,
        until: u64,
        mut each: impl FnMut(Row) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let statement = format!(
            "SELECT {} FROM entry WHERE sequence >= ?1 AND sequence < ?2 \
             ORDER BY sequence LIMIT ?3",
            self.store().columns()
        );
        let mut next = from;
        while next < until {
            let rows = query(&self.store(), &statement, next, until, PAGE)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            next = last.sequence + 1;
            for row in rows {
                each(row)?;
            }
        }
        Ok(())
    }

    /// Head, the last checkpoint's note, the highest index stored and the intents said to be open,
    /// in one snapshot.
    pub(crate) fn extent(&self) -> Result<Extent, JournalError> {
        let store = lock(&self.store);
        store.read(|| {
            let (size, root) = store.head()?;
            let last = store.sql(store.connection.query_row(
                "SELECT max(sequence) FROM entry",
                [],
                |row| row.get::<_, Option<u64>>(0),
            ))?;
            let open = store
                .connection
                .prepare_cached("SELECT sequence FROM open_intent")
                .and_then(|mut statement| {
                    statement.query_map([], |row| row.get(0))?.collect::<Result<BTreeSet<u64>, _>>()
                });
            let stray = match store.has_reissuance() {
                true => store.sql(store.connection.query_row(
                    "SELECT min(r.sequence) FROM reissuance AS r \
                     LEFT JOIN entry AS e ON e.sequence = r.sequence WHERE e.sequence IS NULL",
                    [],
                    |row| row.get(0),
                ))?,
                false => None,
            };
            Ok(Extent {
                stray,
                size,
                root,
                stored: last.map_or(0, |last| last + 1),
                checkpoint: store.checkpoint()?,
                open: store.sql(open)?,
            })
        })
    }

    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, JournalError> {
        let store = lock(&self.store);
        inclusion_proof(index, size, |level, index| store.node(level, index))
    }

    pub(crate) fn consistency(&self, old: u64, size: u64) -> Result<Vec<Hash>, JournalError> {
        let store = lock(&self.store);
        consistency_proof(old, size, |level, index| store.node(level, index))
    }
}

/// How far the stored journal reaches.
pub(crate) struct Extent {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) stored: u64,
    pub(crate) checkpoint: Option<String>,
    pub(crate) open: BTreeSet<u64>,
    /// The first row of `reissuance` that belongs to no record.
    pub(crate) stray: Option<u64>,
}

pub(crate) fn query(
    store: &Store,
    statement: &str,
    from: u64,
    until: u64,
    limit: u32,
) -> Result<Vec<Row>, JournalError> {
    let most = i64::MAX as u64;
    let (from, until) = (from.min(most), until.min(most));
    let rows = store.connection.prepare_cached(statement).and_then(|mut statement| {
        statement.query_map(params![from, until, limit], read_row)?.collect::<Result<Vec<_>, _>>()
    });
    rows.map_err(|error| store.garbled(&error, Damage::Entry { index: from }))
}

pub(crate) fn entry(store: &Store, row: Row) -> Result<Entry, JournalError> {
    let garbled = || store.damaged(Damage::Entry { index: row.sequence });
    let leaf =
        Leaf::decode(&row.leaf).filter(|leaf| leaf.sequence == row.sequence).ok_or_else(garbled)?;
    let (name, texts) = match row.side() {
        None => (row.name, None),
        Some(Some((Plain::Name(name), _))) => (Some(name), None),
        Some(Some((Plain::Texts(texts), _))) => (None, Some(texts)),
        Some(None) => return Err(garbled()),
    };
    let (bytes, salt, ended_by) = (row.leaf, row.salt, row.ended_by);
    Ok(Entry { leaf, bytes, name, texts, salt, ended_by })
}
