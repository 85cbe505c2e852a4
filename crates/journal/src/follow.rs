//! Reading on from a place, a page at a time: for a projection that follows, and for a restart.

use std::collections::VecDeque;

use kyso::recorder::Outcome;
use rusqlite::params;

use crate::canonical::escaped;
use crate::error::{Damage, JournalError};
use crate::reader::{Entry, PAGE, Reader, entry};
use crate::record::{IntentRecord, Leaf, Record};
use crate::store::{Store, read_row};

/// Fetches the page that begins at an index: the items, and where the next page begins.
type Fetch<'a, T> =
    Box<dyn Fn(&Store, u64) -> Result<(Vec<T>, Option<u64>), JournalError> + Send + 'a>;

/// Records read a page at a time; ends after the last there is, or after an error.
///
/// Between two pages others may read and write; what they append is met at the end.
pub struct Pages<'a, T> {
    reader: &'a Reader,
    fetch: Fetch<'a, T>,
    page: VecDeque<T>,
    next: Option<u64>,
}

/// An intent and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentEntry {
    /// Index of the intent.
    pub index: u64,
    /// Time of the intent, in Unix microseconds.
    pub time: u64,
    /// The intent.
    pub intent: IntentRecord,
    /// Its end; `None` while it is open.
    pub end: Option<IntentEnd>,
}

/// How an intent ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntentEnd {
    /// With an outcome.
    Outcome {
        /// Index of its record.
        entry: u64,
        /// The outcome.
        outcome: Outcome,
    },
    /// Its owner died.
    Interrupted {
        /// Index of its record.
        entry: u64,
    },
}

impl<T> Iterator for Pages<'_, T> {
    type Item = Result<T, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.pop_front() {
                return Some(Ok(item));
            }
            let from = self.next.take()?;
            match (self.fetch)(&self.reader.store(), from) {
                Ok((page, next)) => {
                    self.page = page.into();
                    self.next = next;
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Reader {
    /// The steps of all reissuance requests behind record `after` (`None`: from the beginning), in
    /// their order; for a projection that keeps the index of the last one it took.
    pub fn reissuance_after(&self, after: Option<u64>) -> Pages<'_, Entry> {
        let from = after.map_or(Some(0), |after| after.checked_add(1));
        self.pages(from, |store, from| {
            reissuance(store, "SELECT sequence FROM reissuance WHERE sequence >= ?1", from, None)
        })
    }

    /// The steps of one reissuance request from record `from` on, in their order.
    pub fn reissuance_of<'a>(&'a self, request: &'a str, from: u64) -> Pages<'a, Entry> {
        self.pages(Some(from), move |store, from| {
            let sequences = "SELECT sequence FROM reissuance WHERE sequence >= ?1 AND request = ?3";
            reissuance(store, sequences, from, Some(request))
        })
    }

    /// The intents from record `from` on whose operation begins with `prefix`, with their ends, in
    /// their order: what became of a batch's items, after its process died.
    ///
    /// The records from there on are looked through; a caller notes where its work began.
    pub fn intents_of(&self, prefix: &str, from: u64) -> Pages<'_, IntentEntry> {
        let prefix = prefix.to_owned();
        // The member as every leaf writes it; within a value its first quotation mark would be escaped.
        let mut needle = b"\"operation\":\"".to_vec();
        needle.extend_from_slice(&escaped(&prefix));
        self.pages(Some(from), move |store, from| intents(store, from, &needle, &prefix))
    }

    fn pages<'a, T>(
        &'a self,
        from: Option<u64>,
        fetch: impl Fn(&Store, u64) -> Result<(Vec<T>, Option<u64>), JournalError> + Send + 'a,
    ) -> Pages<'a, T> {
        // Beyond SQLite's integers there is no record.
        let next = from.filter(|from| i64::try_from(*from).is_ok());
        Pages { reader: self, fetch: Box::new(fetch), page: VecDeque::new(), next }
    }
}

fn reissuance(
    store: &Store,
    sequences: &str,
    from: u64,
    request: Option<&str>,
) -> Result<(Vec<Entry>, Option<u64>), JournalError> {
    if !store.has_reissuance() {
        return Ok((Vec::new(), None));
    }
    let statement = format!(
        "SELECT {} FROM entry WHERE sequence IN ({sequences} ORDER BY sequence LIMIT ?2) \
         ORDER BY sequence",
        store.columns()
    );
    let rows = store.connection.prepare_cached(&statement).and_then(|mut statement| {
        let rows = match request {
            Some(request) => statement.query_map(params![from, PAGE, request], read_row),
            None => statement.query_map(params![from, PAGE], read_row),
        };
        rows?.collect::<Result<Vec<_>, _>>()
    });
    let rows = rows.map_err(|error| store.garbled(&error, Damage::Entry { index: from }))?;
    let next = rows.last().map(|row| row.sequence + 1);
    let entries: Result<_, _> = rows.into_iter().map(|row| entry(store, row)).collect();
    Ok((entries?, next))
}

/// A row of what [`intents`] asks for: the intent, and the record that ended it.
struct IntentRow {
    sequence: u64,
    leaf: Vec<u8>,
    ended_by: Option<u64>,
    end: Option<Vec<u8>>,
}

fn intents(
    store: &Store,
    from: u64,
    needle: &[u8],
    prefix: &str,
) -> Result<(Vec<IntentEntry>, Option<u64>), JournalError> {
    let rows = store
        .connection
        .prepare_cached(
            "SELECT i.sequence, i.leaf, e.sequence, e.leaf FROM entry AS i \
             LEFT JOIN entry AS e ON e.intent = i.sequence \
             WHERE i.sequence >= ?1 AND i.kind = 0 AND instr(i.leaf, ?2) > 0 \
             ORDER BY i.sequence LIMIT ?3",
        )
        .and_then(|mut statement| {
            let read = |row: &rusqlite::Row<'_>| {
                Ok(IntentRow {
                    sequence: row.get(0)?,
                    leaf: row.get(1)?,
                    ended_by: row.get(2)?,
                    end: row.get(3)?,
                })
            };
            let rows = statement.query_map(params![from, needle, PAGE], read)?;
            rows.collect::<Result<Vec<_>, _>>()
        });
    let rows = rows.map_err(|error| store.garbled(&error, Damage::Entry { index: from }))?;
    let next = rows.last().map(|row| row.sequence + 1);
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let intent = intent(&row).ok_or_else(|| {
            store.damaged(Damage::Entry { index: row.ended_by.unwrap_or(row.sequence) })
        })?;
        if intent.intent.operation.as_deref().is_some_and(|one| one.starts_with(prefix)) {
            found.push(intent);
        }
    }
    Ok((found, next))
}

/// The row decoded; `None` where it is garbled.
fn intent(row: &IntentRow) -> Option<IntentEntry> {
    let leaf = Leaf::decode(&row.leaf).filter(|leaf| leaf.sequence == row.sequence)?;
    let Record::Intent(intent) = leaf.record else {
        return None;
    };
    let end = match (row.ended_by, &row.end) {
        (Some(entry), Some(end)) => Some(match Leaf::decode(end)?.record {
            Record::Outcome { intent, outcome } if intent == row.sequence => {
                IntentEnd::Outcome { entry, outcome }
            }
            Record::Interrupted { intent } if intent == row.sequence => {
                IntentEnd::Interrupted { entry }
            }
            _ => return None,
        }),
        _ => None,
    };
    Some(IntentEntry { index: row.sequence, time: leaf.time, intent, end })
}
