//! Appending the steps of reissuance requests.

use std::collections::HashMap;

use ring::rand::SecureRandom as _;
use rusqlite::{OptionalExtension as _, params};

use super::{Append, Written};
use crate::error::{Damage, JournalError};
use crate::record::{Leaf, Record, SALT_BYTES};
use crate::reissuance::{Recorded, ReissuanceEvent, ReissuanceState};
use crate::store::{KIND_REISSUANCE, Store};

impl Append<'_> {
    /// Appends all steps, or none where one may not follow.
    pub(super) fn reissue(
        &mut self,
        events: &[ReissuanceEvent],
    ) -> Result<Result<Written, JournalError>, JournalError> {
        // 1. Judge all before anything is written: the transaction is shared with other callers.
        let mut states: HashMap<&str, ReissuanceState> = HashMap::new();
        let mut after = Vec::with_capacity(events.len());
        for event in events {
            let before = match states.get(event.request.as_str()) {
                Some(state) => Some(*state),
                None => last_state(self.store, &event.request)?,
            };
            let Some(state) = event.step.after(before) else {
                let request = event.request.clone();
                let step = event.step;
                return Ok(Err(JournalError::IllegalStep { request, state: before, step }));
            };
            states.insert(&event.request, state);
            after.push(state);
        }
        // 2. Append.
        let steps: Result<_, _> =
            events.iter().zip(after).map(|(event, state)| self.step(event, state)).collect();
        Ok(Ok(Written::Steps(steps?)))
    }

    fn step(
        &mut self,
        event: &ReissuanceEvent,
        state: ReissuanceState,
    ) -> Result<Recorded, JournalError> {
        let entry = self.frontier.size();
        let mut salt = [0; SALT_BYTES];
        self.random.fill(&mut salt).map_err(|_| JournalError::NoRandomness)?;
        let texts = event.texts();
        let hashes = texts.hashes(&salt);
        self.leaf.clear();
        Leaf::write_reissuance(&mut self.leaf, entry, self.time, event, state, &hashes);
        self.ended = true;
        self.grow();
        // Canonical JSON is UTF-8, as its parts are.
        let plain = String::from_utf8_lossy(&texts.encode()).into_owned();
        let connection = &self.store.connection;
        let insert = connection
            .prepare_cached(
                "INSERT INTO entry (sequence, kind, leaf, nodes, salt, name) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut statement| {
                let row = params![entry, KIND_REISSUANCE, self.leaf, self.nodes, salt, plain];
                statement.execute(row)
            })
            .and_then(|_| {
                connection
                    .prepare_cached("INSERT INTO reissuance (sequence, request) VALUES (?1, ?2)")
            })
            .and_then(|mut statement| statement.execute(params![entry, event.request]));
        self.store.sql(insert)?;
        Ok(Recorded { entry, time: self.time, state })
    }
}

/// The state of a request by its last record; `None` where there is none.
fn last_state(store: &Store, request: &str) -> Result<Option<ReissuanceState>, JournalError> {
    let last = store
        .connection
        .prepare_cached(
            "SELECT r.sequence, e.leaf FROM reissuance AS r \
             LEFT JOIN entry AS e ON e.sequence = r.sequence \
             WHERE r.request = ?1 ORDER BY r.sequence DESC LIMIT 1",
        )
        .and_then(|mut statement| {
            let row = |row: &rusqlite::Row<'_>| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
            };
            statement.query_row([request], row).optional()
        });
    let Some((index, leaf)) = store.sql(last)? else {
        return Ok(None);
    };
    match leaf.as_deref().and_then(Leaf::decode) {
        Some(Leaf { record: Record::Reissuance(record), sequence, .. })
            if sequence == index && record.request == request =>
        {
            Ok(Some(record.state))
        }
        _ => Err(store.damaged(Damage::Entry { index })),
    }
}
