//! Documents: name, hash, size, age.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use uuid::Uuid;

use super::{Store, StoreError};

/// States in which more will happen (not [`kyso_protocol::OperationState::is_final`]).
const UNFINISHED: &str = "('queued', 'waiting-for-token', 'waiting-for-consent', 'waiting-for-pin', 'running', 'paused')";

/// A document's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DocumentRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) sha256: [u8; 32],
    pub(crate) size: u64,
    pub(crate) created_at: u64,
}

impl Store {
    /// Enters a document whose file lies in its place.
    pub(crate) fn insert_document(&self, row: &DocumentRow) -> Result<(), StoreError> {
        self.light_transaction(|transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO document (id, name, sha256, size, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            insert.execute(params![
                row.id.to_string(),
                row.name,
                row.sha256,
                row.size,
                row.created_at
            ])?;
            Ok(())
        })
    }

    /// The document of this id.
    pub(crate) fn document(&self, id: &Uuid) -> Result<Option<DocumentRow>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT id, name, sha256, size, created_at FROM document WHERE id = ?1",
        )?;
        Ok(select.query_row([id.to_string()], row).optional()?)
    }

    /// At most `limit` documents after `after`, oldest first.
    pub(crate) fn documents(
        &self,
        after: Option<&Uuid>,
        limit: usize,
    ) -> Result<Vec<DocumentRow>, StoreError> {
        let connection = self.connection();
        // Ids begin with their time (UUID version 7), so that their order is that of arrival.
        let mut select = connection.prepare_cached(
            "SELECT id, name, sha256, size, created_at FROM document WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let after = after.map(Uuid::to_string).unwrap_or_default();
        let rows =
            select.query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Bytes of all documents.
    pub(crate) fn document_bytes(&self) -> Result<u64, StoreError> {
        let connection = self.connection();
        let sum =
            connection
                .query_row("SELECT coalesce(sum(size), 0) FROM document", [], |row| row.get(0))?;
        Ok(sum)
    }

    /// Deletes the row of a document; `None` where there is none, `Some(false)` where an unfinished operation needs it.
    pub(crate) fn delete_document(&self, id: &Uuid) -> Result<Option<bool>, StoreError> {
        self.light_transaction(|transaction| {
            let id = id.to_string();
            let known = transaction
                .query_row("SELECT 1 FROM document WHERE id = ?1", [&id], |_| Ok(()))
                .optional()?;
            if known.is_none() {
                return Ok(None);
            }
            let free = !needed(transaction, &id)?;
            if free {
                transaction.execute("DELETE FROM document WHERE id = ?1", [&id])?;
            }
            Ok(Some(free))
        })
    }

    /// Deletes at most `limit` documents that came before `time` and that no unfinished operation needs; gives id and size.
    pub(crate) fn expire_documents(
        &self,
        time: u64,
        limit: usize,
    ) -> Result<Vec<(Uuid, u64)>, StoreError> {
        self.light_transaction(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT id, name, sha256, size, created_at FROM document WHERE created_at < ?1 ORDER BY id",
            )?;
            let mut expired = Vec::new();
            let mut rows = select.query([time])?;
            while let Some(found) = rows.next()? {
                let document = row(found)?;
                if expired.len() < limit && !needed(transaction, &document.id.to_string())? {
                    expired.push((document.id, document.size));
                }
            }
            for (id, _) in &expired {
                transaction.execute("DELETE FROM document WHERE id = ?1", [id.to_string()])?;
            }
            Ok(expired)
        })
    }
}

/// Whether an operation that is not over signs this document, alone or in a batch.
fn needed(transaction: &Transaction<'_>, id: &str) -> Result<bool, StoreError> {
    let mut select = transaction.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM item JOIN operation ON operation.id = item.operation
                        WHERE item.document = ?1 AND operation.state IN {UNFINISHED})
             OR EXISTS (SELECT 1 FROM operation
                        WHERE state IN {UNFINISHED} AND json_extract(request, '$.document') = ?1)"
    ))?;
    Ok(select.query_row([id], |row| row.get(0))?)
}

fn row(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    let id: String = row.get(0)?;
    Ok(DocumentRow {
        id: Uuid::parse_str(&id).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                0,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })?,
        name: row.get(1)?,
        sha256: row.get(2)?,
        size: row.get(3)?,
        created_at: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::operations::{ALL_STATES, word};
    use super::UNFINISHED;

    #[test]
    fn the_unfinished_states_are_those_that_are_not_final() {
        let open: Vec<String> = ALL_STATES
            .iter()
            .filter(|state| !state.is_final())
            .map(|state| format!("'{}'", word(state)))
            .collect();
        assert_eq!(UNFINISHED, format!("({})", open.join(", ")));
    }
}
