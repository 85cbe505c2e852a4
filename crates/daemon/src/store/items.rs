//! The items of batches: declared in one transaction, ended in groups, told in the order in which they ended.
//!
//! An item ends once: [`end`] touches pending ones only. Each that ends gets the next number of its batch (`done`), which
//! names its event for good, also after a restart. The journal is the truth; this table may lag behind it by one group
//! and is made to agree with it at each start.

use kyso_protocol::{BatchCounts, ItemState, Problem};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::StoreError;

/// SHA-256.
pub(crate) type Sha256 = [u8; 32];

/// An item as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) document: String,
    pub(crate) sha256: Sha256,
}

/// An item that is still to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) number: usize,
    pub(crate) document: String,
    pub(crate) sha256: Sha256,
    /// The document's name as its client claims it; none once the document is gone.
    pub(crate) name: Option<String>,
}

/// An item as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) number: usize,
    pub(crate) document: String,
    pub(crate) sha256: Sha256,
    pub(crate) state: ItemState,
    pub(crate) entry: Option<u64>,
    pub(crate) result: Option<Sha256>,
    pub(crate) problem: Option<Problem>,
    /// Its place in the order in which items ended, from 1.
    pub(crate) done: Option<u64>,
}

/// How an item ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Signed and released.
    Signed {
        /// The journal's outcome.
        entry: u64,
        /// SHA-256 of the released file.
        result: Sha256,
    },
    /// Failed for good.
    Failed {
        /// The journal's outcome.
        entry: Option<u64>,
        /// Why.
        problem: Box<Problem>,
    },
    /// Withdrawn before it was signed.
    Cancelled {
        /// The journal's outcome.
        entry: Option<u64>,
    },
}

const COLUMNS: &str = "number, document, sha256, state, entry, result, problem, done";

/// Writes the declared items of a new batch, all pending.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn declare(
    connection: &Connection,
    operation: &str,
    items: &[Declared],
) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO item (operation, number, document, sha256, state) VALUES (?1, ?2, ?3, ?4, 'pending')",
    )?;
    for (number, item) in items.iter().enumerate() {
        insert.execute(params![operation, number, item.document, item.sha256])?;
    }
    Ok(())
}

/// Ends items in this order; those that have ended before are left as they are. Gives the last `done` number.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn end(
    connection: &Connection,
    operation: &str,
    ended: &[(usize, End)],
) -> Result<u64, StoreError> {
    let mut done = last_done(connection, operation)?;
    let mut update = connection.prepare_cached(
        "UPDATE item SET state = ?3, entry = ?4, result = ?5, problem = ?6, done = ?7 \
         WHERE operation = ?1 AND number = ?2 AND state = 'pending'",
    )?;
    for (number, end) in ended {
        let (state, entry, result, problem) = match end {
            End::Signed { entry, result } => (ItemState::Signed, Some(*entry), Some(result), None),
            End::Failed { entry, problem } => (ItemState::Failed, *entry, None, Some(problem)),
            End::Cancelled { entry } => (ItemState::Cancelled, *entry, None, None),
        };
        let problem = problem.map(serde_json::to_string).transpose().map_err(unwritable)?;
        let changed = update.execute(params![
            operation,
            number,
            text(state),
            entry,
            result,
            problem,
            done + 1
        ])?;
        done += changed as u64;
    }
    Ok(done)
}

/// How many items have ended, which is the highest `done` number.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn last_done(connection: &Connection, operation: &str) -> Result<u64, StoreError> {
    let mut query = connection
        .prepare_cached("SELECT max(done) FROM item WHERE operation = ?1 AND done > 0")?;
    Ok(query.query_row([operation], |row| row.get::<_, Option<u64>>(0))?.unwrap_or(0))
}

/// How many items are where.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn counts(connection: &Connection, operation: &str) -> Result<BatchCounts, StoreError> {
    let mut counts = BatchCounts::default();
    let mut query = connection
        .prepare_cached("SELECT state, count(*) FROM item WHERE operation = ?1 GROUP BY state")?;
    let mut rows = query.query([operation])?;
    while let Some(row) = rows.next()? {
        let count: usize = row.get(1)?;
        counts.total += count;
        match state(row, 0)? {
            ItemState::Pending => counts.pending = count,
            ItemState::Signed => counts.signed = count,
            ItemState::Failed => counts.failed = count,
            ItemState::Cancelled => counts.cancelled = count,
        }
    }
    Ok(counts)
}

/// One item.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn item(
    connection: &Connection,
    operation: &str,
    number: usize,
) -> Result<Option<Item>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM item WHERE operation = ?1 AND number = ?2"
    ))?;
    Ok(query.query_row(params![operation, number], read).optional()?)
}

/// Items from number `from` on, in order, at most `limit`, of this state where one is named.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn page(
    connection: &Connection,
    operation: &str,
    from: usize,
    limit: usize,
    wanted: Option<ItemState>,
) -> Result<Vec<Item>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM item WHERE operation = ?1 AND number >= ?2 \
         AND (?4 IS NULL OR state = ?4) ORDER BY number LIMIT ?3"
    ))?;
    let rows = query.query_map(params![operation, from, limit, wanted.map(text)], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Items that ended after the `done`-th, in the order in which they did, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn ended_after(
    connection: &Connection,
    operation: &str,
    done: u64,
    limit: usize,
) -> Result<Vec<Item>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM item WHERE operation = ?1 AND done > ?2 ORDER BY done LIMIT ?3"
    ))?;
    // Beyond SQLite's integers nothing has ended.
    let done = i64::try_from(done).unwrap_or(i64::MAX);
    let rows = query.query_map(params![operation, done, limit], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Pending items from number `from` on, in order, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn pending(
    connection: &Connection,
    operation: &str,
    from: usize,
    limit: usize,
) -> Result<Vec<Pending>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT i.number, i.document, i.sha256, d.name FROM item i \
         LEFT JOIN document d ON d.id = i.document \
         WHERE i.operation = ?1 AND i.number >= ?2 AND i.state = 'pending' ORDER BY i.number LIMIT ?3",
    )?;
    let rows = query.query_map(params![operation, from, limit], |row| {
        Ok(Pending {
            number: row.get(0)?,
            document: row.get(1)?,
            sha256: row.get(2)?,
            name: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Item> {
    let problem: Option<String> = row.get(6)?;
    let problem = problem
        .map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| unreadable(6, error))?;
    Ok(Item {
        number: row.get(0)?,
        document: row.get(1)?,
        sha256: row.get(2)?,
        state: state(row, 3)?,
        entry: row.get(4)?,
        result: row.get(5)?,
        problem,
        done: row.get(7)?,
    })
}

const STATES: [ItemState; 4] =
    [ItemState::Pending, ItemState::Signed, ItemState::Failed, ItemState::Cancelled];

/// A state as it is stored, and as the API writes it.
pub(crate) const fn text(state: ItemState) -> &'static str {
    match state {
        ItemState::Pending => "pending",
        ItemState::Signed => "signed",
        ItemState::Failed => "failed",
        ItemState::Cancelled => "cancelled",
    }
}

/// A state that nobody knows is the table's damage, not a state.
#[derive(Debug)]
struct UnknownState(String);

impl std::fmt::Display for UnknownState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no item state {:?}", self.0)
    }
}

impl std::error::Error for UnknownState {}

fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<ItemState> {
    let stored: String = row.get(column)?;
    STATES
        .into_iter()
        .find(|state| text(*state) == stored)
        .ok_or_else(|| unreadable(column, UnknownState(stored)))
}

pub(super) fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

pub(super) fn unwritable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    const BATCH: &str = "b";

    fn declared(count: usize) -> Result<(tempfile::TempDir, Store), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&folder.path().join("t.sqlite"))?;
        let items: Vec<Declared> = (0..count)
            .map(|number| Declared {
                document: format!("d{number}"),
                sha256: [u8::try_from(number % 251).unwrap_or(0); 32],
            })
            .collect();
        store.transaction(|transaction| {
            transaction.execute(
                "INSERT INTO operation (id, kind, state, request, requester, lang, from_entry, created_at, updated_at) \
                 VALUES (?1, 'batch', 'queued', '{}', '', 'vi', 0, 0, 0)",
                [BATCH],
            )?;
            declare(transaction, BATCH, &items)
        })?;
        Ok((folder, store))
    }

    fn signed(entry: u64) -> End {
        End::Signed { entry, result: [7; 32] }
    }

    fn failed() -> End {
        let problem = Problem::new("pdf-refused", "a", "b", "c").with_status(422);
        End::Failed { entry: Some(5), problem: Box::new(problem) }
    }

    #[test]
    fn items_are_told_in_the_order_in_which_they_ended() -> Result<(), Box<dyn std::error::Error>> {
        let (_folder, store) = declared(5)?;
        store.transaction(|t| end(t, BATCH, &[(3, signed(10)), (0, failed())]))?;
        let last = store.transaction(|t| end(t, BATCH, &[(4, End::Cancelled { entry: None })]))?;
        assert_eq!(last, 3);
        let connection = store.connection();
        let told = ended_after(&connection, BATCH, 0, 10)?;
        let order: Vec<_> = told.iter().map(|item| (item.number, item.done)).collect();
        assert_eq!(order, [(3, Some(1)), (0, Some(2)), (4, Some(3))]);
        assert_eq!(told[0].entry, Some(10));
        assert_eq!(told[1].problem.as_ref().map(|p| p.code.as_str()), Some("pdf-refused"));
        let rest = ended_after(&connection, BATCH, 2, 10)?;
        assert_eq!(rest.iter().map(|item| item.number).collect::<Vec<_>>(), [4]);
        assert_eq!(ended_after(&connection, BATCH, u64::MAX, 10)?, []);
        Ok(())
    }

    #[test]
    fn an_item_ends_once() -> Result<(), Box<dyn std::error::Error>> {
        let (_folder, store) = declared(2)?;
        store.transaction(|t| end(t, BATCH, &[(1, signed(10))]))?;
        let last = store.transaction(|t| end(t, BATCH, &[(1, failed()), (1, signed(11))]))?;
        assert_eq!(last, 1, "nothing ended a second time");
        let item = item(&store.connection(), BATCH, 1)?.ok_or("the item")?;
        assert_eq!((item.state, item.entry), (ItemState::Signed, Some(10)));
        Ok(())
    }

    #[test]
    fn counts_pages_and_pending_agree() -> Result<(), Box<dyn std::error::Error>> {
        let (_folder, store) = declared(10)?;
        let ends = [(1, signed(1)), (2, failed()), (5, signed(2)), (9, signed(3))];
        store.transaction(|t| end(t, BATCH, &ends))?;
        let connection = store.connection();
        let counts = counts(&connection, BATCH)?;
        assert_eq!(
            counts,
            BatchCounts { total: 10, signed: 3, failed: 1, cancelled: 0, pending: 6 }
        );
        let numbers = |items: Vec<Item>| items.iter().map(|item| item.number).collect::<Vec<_>>();
        assert_eq!(numbers(page(&connection, BATCH, 8, 1000, None)?), [8, 9]);
        let all = page(&connection, BATCH, 0, 2, Some(ItemState::Signed))?;
        assert_eq!(numbers(all), [1, 5]);
        let left = pending(&connection, BATCH, 3, 3)?;
        assert_eq!(left.iter().map(|item| item.number).collect::<Vec<_>>(), [3, 4, 6]);
        assert_eq!(left[0].document, "d3");
        Ok(())
    }

    #[test]
    fn a_state_that_nobody_knows_is_damage() -> Result<(), Box<dyn std::error::Error>> {
        let (_folder, store) = declared(1)?;
        store.connection().execute("UPDATE item SET state = 'half'", [])?;
        assert!(page(&store.connection(), BATCH, 0, 10, None).is_err());
        Ok(())
    }
}
