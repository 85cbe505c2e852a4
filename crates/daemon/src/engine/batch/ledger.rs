//! Items end here: in the journal first, where signing did not write it, then in the daemon's table, then for the listeners.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use kyso::recorder::{Intent, Outcome, Recorder as _, RecorderError};
use kyso::sign::{SignatureFormat, Stop};
use kyso_journal::JournalError;
use kyso_protocol::Problem;

use super::recorder::item_name;
use crate::app::App;
use crate::error::ApiError;
use crate::store::batches::BatchRow;
use crate::store::items::{self, End, Pending, Sha256};

/// Most items that end in one transaction.
const GROUP: usize = 512;

/// Longest that an item which has ended waits for others, so that the table costs a commit for many.
const GROUP_WAIT: Duration = Duration::from_millis(100);

/// Mechanism and format of a request whose document never came so far.
const NO_MECHANISM: &str = "none";

/// Where a batch's items are written down when they end.
pub(super) struct Ledger<'a> {
    pub(super) app: &'a App,
    pub(super) batch: &'a BatchRow,
    /// SHA-256 of the signer's certificate.
    pub(super) certificate: Sha256,
    /// Who asked.
    pub(super) requester: String,
    /// Under which id the person or the policy agreed, or was asked.
    pub(super) consent: Option<String>,
}

/// What the journal's intent says of an item.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) sha256: Sha256,
    pub(super) name: String,
    pub(super) format: &'static str,
}

impl Facts {
    pub(super) fn of(item: &Pending, format: &SignatureFormat) -> Self {
        Self {
            sha256: item.sha256,
            name: item.name.clone().unwrap_or_default(),
            format: format.name(),
        }
    }

    /// Of an item that no format was found for.
    pub(super) fn unformatted(item: &Pending) -> Self {
        let name = item.name.clone().unwrap_or_default();
        Self { sha256: item.sha256, name, format: NO_MECHANISM }
    }
}

impl Ledger<'_> {
    /// Writes items down as they end until there are no more; on an error it asks for a stop, for what cannot be written down
    /// must not go on.
    ///
    /// # Errors
    /// Of journal and tables.
    pub(super) fn run(
        &self,
        facts: &HashMap<usize, Facts>,
        ended: &Receiver<(usize, End)>,
        stop: &Stop,
    ) -> Result<(), ApiError> {
        while let Ok(first) = ended.recv() {
            let deadline = Instant::now() + GROUP_WAIT;
            let mut group = vec![first];
            while group.len() < GROUP {
                match ended.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(one) => group.push(one),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            if let Err(error) = self.end(facts, group) {
                stop.request();
                // What still comes finds its way from the journal into the table when the batch goes on.
                ended.iter().for_each(drop);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Ends items; those that the journal does not know yet are recorded first.
    ///
    /// # Errors
    /// Of journal and tables; what was recorded stays so.
    pub(super) fn end(
        &self,
        facts: &HashMap<usize, Facts>,
        mut group: Vec<(usize, End)>,
    ) -> Result<(), ApiError> {
        self.record(facts, &mut group)?;
        self.app
            .store
            .transaction(|transaction| items::end(transaction, &self.batch.id, &group))?;
        self.app.batches().tell(&self.batch.id);
        Ok(())
    }

    /// Every request to sign is in the journal, also one that never came to the key.
    fn record(
        &self,
        facts: &HashMap<usize, Facts>,
        group: &mut [(usize, End)],
    ) -> Result<(), ApiError> {
        let mut unrecorded = Vec::new();
        let mut intents = Vec::new();
        for (place, (number, end)) in group.iter().enumerate() {
            let outcome = match end {
                End::Failed { entry: None, problem } => failed(problem),
                End::Cancelled { entry: None } => Outcome::Cancelled,
                End::Signed { .. } | End::Failed { .. } | End::Cancelled { .. } => continue,
            };
            let Some(facts) = facts.get(number) else { continue };
            intents.push(self.intent(*number, facts));
            unrecorded.push((place, outcome));
        }
        let entries = self.conclude(&intents, unrecorded.iter().map(|(_, outcome)| outcome))?;
        for ((place, _), recorded) in unrecorded.iter().zip(entries) {
            match group.get_mut(*place) {
                Some((_, End::Failed { entry, .. } | End::Cancelled { entry })) => {
                    *entry = Some(recorded);
                }
                Some((_, End::Signed { .. })) | None => {}
            }
        }
        Ok(())
    }

    /// Records that these documents will not be signed, all for the same reason; gives the items' ends.
    ///
    /// # Errors
    /// Of the journal.
    pub(super) fn refuse(
        &self,
        items: &[(usize, Facts)],
        outcome: &Outcome,
        end: impl Fn(u64) -> End,
    ) -> Result<Vec<(usize, End)>, ApiError> {
        let intents: Vec<Intent> =
            items.iter().map(|(number, facts)| self.intent(*number, facts)).collect();
        let entries = self.conclude(&intents, items.iter().map(|_| outcome))?;
        Ok(items.iter().zip(entries).map(|((number, _), entry)| (*number, end(entry))).collect())
    }

    fn conclude<'o>(
        &self,
        intents: &[Intent],
        outcomes: impl Iterator<Item = &'o Outcome>,
    ) -> Result<Vec<u64>, ApiError> {
        if intents.is_empty() {
            return Ok(Vec::new());
        }
        let ids = self.app.journal.intend(intents).map_err(journal)?;
        let outcomes: Vec<_> = ids.into_iter().zip(outcomes.cloned()).collect();
        let receipts = self.app.journal.conclude(&outcomes).map_err(journal)?;
        Ok(receipts.into_iter().map(|receipt| receipt.entry).collect())
    }

    fn intent(&self, number: usize, facts: &Facts) -> Intent {
        Intent {
            requester: self.requester.clone(),
            document_sha256: facts.sha256,
            document_name: facts.name.clone(),
            certificate_sha256: self.certificate,
            token_serial: self.batch.credential.token.serial.clone(),
            mechanism: NO_MECHANISM.to_owned(),
            format: facts.format.to_owned(),
            operation: Some(item_name(&self.batch.id, number)),
            consent: self.consent.clone(),
        }
    }
}

fn failed(problem: &Problem) -> Outcome {
    Outcome::Failed { code: problem.code.clone() }
}

/// The journal's own error, where it is one.
fn journal(error: RecorderError) -> ApiError {
    match error {
        RecorderError::Unwritable(source) => match source.downcast::<JournalError>() {
            Ok(error) => ApiError::Journal(*error),
            Err(source) => kyso::sign::SignError::Recorder(std::sync::Arc::new(
                RecorderError::Unwritable(source),
            ))
            .into(),
        },
        other => kyso::sign::SignError::Recorder(std::sync::Arc::new(other)).into(),
    }
}
