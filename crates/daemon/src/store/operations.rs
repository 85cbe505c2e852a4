//! Operations as the tables hold them: one row from acceptance until retention is over.

use kyso_protocol::{
    JournalPosition, Lang, Operation, OperationKind, OperationState, PauseReason, Problem,
};
use rusqlite::{OptionalExtension as _, Row as SqlRow, Transaction, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Store, StoreError};
use crate::clock;

const COLUMNS: &str = "id, kind, state, pause, request, requester, lang, consent, detail, from_entry, created_at, updated_at";

/// Most operations of one listing.
pub(crate) const MOST_LISTED: u32 = 1_000;

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OperationRow {
    pub(crate) id: Uuid,
    pub(crate) kind: OperationKind,
    pub(crate) state: OperationState,
    /// Why it stands still, in the state `paused`.
    pub(crate) pause: Option<PauseReason>,
    /// The request as it was accepted.
    pub(crate) request: serde_json::Value,
    pub(crate) requester: String,
    pub(crate) lang: Lang,
    /// How and under which id the person or a policy was asked.
    pub(crate) consent: Option<String>,
    pub(crate) detail: Detail,
    /// The journal's size when it was accepted: nothing of it is recorded before.
    pub(crate) from_entry: u64,
    /// Unix microseconds.
    pub(crate) created_at: u64,
    /// Unix microseconds; grows with every change, and so numbers its events.
    pub(crate) updated_at: u64,
}

/// What is known of an operation beside its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Detail {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) problem: Option<Problem>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) warnings: Vec<String>,
    /// The journal's record of how it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) entry: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) result: Option<ResultFile>,
    /// Format and level of what was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) format: Option<String>,
    /// What its result will be, for a restart that finds it released.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) intended: Option<Intended>,
}

/// What the result of an operation will be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intended {
    /// File name that suits it.
    pub(crate) name: String,
    /// Format and level.
    pub(crate) format: String,
}

/// A released file that waits to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResultFile {
    /// File name that suits it.
    pub(crate) name: String,
    /// Its SHA-256, which the journal names.
    #[serde(with = "hex")]
    pub(crate) sha256: [u8; 32],
    /// Its length in bytes.
    pub(crate) len: u64,
}

impl OperationRow {
    /// As the API shows it.
    pub(crate) fn operation(&self) -> Operation {
        let Detail { problem, warnings, entry, result, format, intended: _ } = self.detail.clone();
        Operation {
            id: self.id.to_string(),
            kind: self.kind,
            state: self.state,
            created_at: clock::rfc3339(self.created_at),
            updated_at: clock::rfc3339(self.updated_at),
            problem,
            warnings,
            journal: entry.map(|entry| JournalPosition { entry }),
            result: result.is_some().then(|| format!("/v1/operations/{}/result", self.id)),
            result_sha256: result.as_ref().map(|file| hex::encode(file.sha256)),
            result_name: result.map(|file| file.name),
            format,
        }
    }

    /// Notes a change now; no two changes have the same time.
    pub(crate) fn touch(&mut self) {
        self.updated_at = clock::unix_micros().max(self.updated_at + 1);
    }
}

/// The word that the API and the tables have for a value.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The value of a word; `None` where there is none.
pub(crate) fn from_word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// Inserts a row in somebody's transaction.
///
/// # Errors
/// [`StoreError`], also where there is one of this id.
pub(crate) fn insert(transaction: &Transaction<'_>, row: &OperationRow) -> Result<(), StoreError> {
    transaction.execute(
        &format!(
            "INSERT INTO operation ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"
        ),
        params![
            row.id.to_string(),
            word(&row.kind),
            word(&row.state),
            row.pause.map(|pause| word(&pause)),
            row.request.to_string(),
            row.requester,
            row.lang.tag(),
            row.consent,
            detail(row)?,
            row.from_entry,
            row.created_at,
            row.updated_at,
        ],
    )?;
    Ok(())
}

impl Store {
    /// Writes what may change of an operation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn update_operation(&self, row: &OperationRow) -> Result<(), StoreError> {
        let changed = self.connection().execute(
            "UPDATE operation SET state = ?2, pause = ?3, consent = ?4, detail = ?5, updated_at = ?6 WHERE id = ?1",
            params![
                row.id.to_string(),
                word(&row.state),
                row.pause.map(|pause| word(&pause)),
                row.consent,
                detail(row)?,
                row.updated_at,
            ],
        )?;
        if changed == 0 { Err(rusqlite::Error::QueryReturnedNoRows.into()) } else { Ok(()) }
    }

    /// The operation of this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn operation(&self, id: &Uuid) -> Result<Option<OperationRow>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM operation WHERE id = ?1");
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&statement)?;
        Ok(statement.query_row([id.to_string()], read).optional()?)
    }

    /// Operations in one of these states, newest first, at most [`MOST_LISTED`]; no state means all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn operations(
        &self,
        states: &[OperationState],
    ) -> Result<Vec<OperationRow>, StoreError> {
        let words: Vec<String> = states.iter().map(|state| format!("'{}'", word(state))).collect();
        let wanted = match words.as_slice() {
            [] => String::new(),
            words => format!("WHERE state IN ({})", words.join(",")),
        };
        let statement = format!(
            "SELECT {COLUMNS} FROM operation {wanted} ORDER BY id DESC LIMIT {MOST_LISTED}"
        );
        let connection = self.connection();
        let mut statement = connection.prepare(&statement)?;
        let rows = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Operations that the end of the daemon cut short.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn unfinished_operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        let all = ALL_STATES.into_iter().filter(|state| !state.is_final());
        self.operations(&all.collect::<Vec<_>>())
    }

    /// Operations of other kinds that the end of the daemon cut short, some hundred at a time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn unfinished_but(
        &self,
        kind: OperationKind,
    ) -> Result<Vec<OperationRow>, StoreError> {
        let finals: Vec<String> = ALL_STATES
            .into_iter()
            .filter(|state| state.is_final())
            .map(|state| format!("'{}'", word(&state)))
            .collect();
        let statement = format!(
            "SELECT {COLUMNS} FROM operation WHERE state NOT IN ({}) AND kind <> ?1 LIMIT 200",
            finals.join(",")
        );
        let connection = self.connection();
        let mut statement = connection.prepare(&statement)?;
        let rows = statement.query_map([word(&kind)], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Removes operations that ended before `before` (Unix microseconds) with their items, at most some hundred at a time;
    /// gives their ids.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn remove_operations(&self, before: u64) -> Result<Vec<Uuid>, StoreError> {
        let finals: Vec<String> = ALL_STATES
            .into_iter()
            .filter(|state| state.is_final())
            .map(|state| format!("'{}'", word(&state)))
            .collect();
        let statement = format!(
            "DELETE FROM operation WHERE id IN (SELECT id FROM operation WHERE state IN ({}) AND updated_at < ?1 LIMIT 200) \
             RETURNING id",
            finals.join(",")
        );
        self.transaction(|transaction| {
            let mut statement = transaction.prepare(&statement)?;
            let ids = statement.query_map([before], |row| row.get::<_, String>(0))?;
            let ids = ids.collect::<Result<Vec<_>, _>>()?;
            Ok(ids.iter().filter_map(|id| Uuid::parse_str(id).ok()).collect())
        })
    }
}

/// Every state there is.
pub(crate) const ALL_STATES: [OperationState; 12] = [
    OperationState::Queued,
    OperationState::WaitingForToken,
    OperationState::WaitingForConsent,
    OperationState::WaitingForPin,
    OperationState::Running,
    OperationState::Paused,
    OperationState::Succeeded,
    OperationState::Failed,
    OperationState::Cancelled,
    OperationState::Denied,
    OperationState::TimedOut,
    OperationState::Interrupted,
];

fn detail(row: &OperationRow) -> Result<String, StoreError> {
    serde_json::to_string(&row.detail)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)).into())
}

fn read(row: &SqlRow<'_>) -> rusqlite::Result<OperationRow> {
    fn unreadable(column: usize) -> rusqlite::Error {
        rusqlite::Error::InvalidColumnType(column, String::new(), rusqlite::types::Type::Text)
    }
    let text = |column: usize| row.get::<_, String>(column);
    let pause: Option<String> = row.get(3)?;
    let detail: Option<String> = row.get(8)?;
    Ok(OperationRow {
        id: Uuid::parse_str(&text(0)?).map_err(|_| unreadable(0))?,
        kind: from_word(&text(1)?).ok_or_else(|| unreadable(1))?,
        state: from_word(&text(2)?).ok_or_else(|| unreadable(2))?,
        pause: pause.as_deref().and_then(from_word),
        request: serde_json::from_str(&text(4)?).map_err(|_| unreadable(4))?,
        requester: text(5)?,
        lang: text(6)?.parse().map_err(|_| unreadable(6))?,
        consent: row.get(7)?,
        detail: match detail {
            None => Detail::default(),
            Some(detail) => serde_json::from_str(&detail).map_err(|_| unreadable(8))?,
        },
        from_entry: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: OperationState, updated_at: u64) -> OperationRow {
        OperationRow {
            id: Uuid::now_v7(),
            kind: OperationKind::Signature,
            state,
            pause: (state == OperationState::Paused).then_some(PauseReason::Requested),
            request: serde_json::json!({ "document": "đơn" }),
            requester: "socket uid=1".into(),
            lang: Lang::Vi,
            consent: Some("pinentry 1".into()),
            detail: Detail {
                problem: Some(Problem::new("code", "a", "b", "c")),
                warnings: vec!["cảnh báo".into()],
                entry: Some(7),
                result: Some(ResultFile { name: "a.pdf".into(), sha256: [3; 32], len: 9 }),
                format: Some("PAdES-B-B".into()),
                intended: Some(Intended { name: "a.pdf".into(), format: "PAdES-B-B".into() }),
            },
            from_entry: 3,
            created_at: 1,
            updated_at,
        }
    }

    #[test]
    fn rows_come_back_and_go_when_their_time_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tables")).unwrap();
        let rows: Vec<OperationRow> =
            ALL_STATES.into_iter().zip(10..).map(|(state, at)| row(state, at)).collect();
        for row in &rows {
            store.transaction(|transaction| insert(transaction, row)).unwrap();
            assert_eq!(store.operation(&row.id).unwrap().as_ref(), Some(row));
        }
        assert!(store.transaction(|transaction| insert(transaction, &rows[0])).is_err());
        assert_eq!(store.operations(&[]).unwrap().len(), 12);
        assert_eq!(store.operations(&[OperationState::Denied]).unwrap(), [rows[9].clone()]);
        assert_eq!(store.unfinished_operations().unwrap().len(), 6);
        assert_eq!(store.unfinished_but(OperationKind::Batch).unwrap().len(), 6);
        assert_eq!(store.unfinished_but(OperationKind::Signature).unwrap(), []);
        // Final ones only, and of these those that changed before.
        let gone = store.remove_operations(18).unwrap();
        assert_eq!(gone.len(), 2);
        assert!(gone.contains(&rows[6].id) && gone.contains(&rows[7].id));
        let mut changed = rows[0].clone();
        changed.state = OperationState::Cancelled;
        changed.touch();
        store.update_operation(&changed).unwrap();
        assert_eq!(store.operation(&changed.id).unwrap(), Some(changed));
        assert!(store.update_operation(&rows[6]).is_err());
    }
}
