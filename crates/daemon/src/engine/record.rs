//! The journal's side of an act: what was asked is recorded before anybody is asked, and how it ended in any case.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use kyso::recorder::{Intent, IntentId, Outcome, OutcomeReceipt, Recorder, RecorderError};
use kyso_journal::Journal;

use crate::engine::operations::Ended;

/// The code of the outcome where the person said no.
pub(crate) const DENIED: &str = "consent-denied";

/// The code of the outcome where the person did not answer.
pub(crate) const TIMED_OUT: &str = "consent-timed-out";

/// The code of the outcome where the daemon ended meanwhile.
pub(crate) const ENDED: &str = "daemon-ended";

/// The code of the outcome where the daemon failed by a fault of its own.
const FAULT: &str = "daemon-fault";

/// A recorded request: exactly this may be signed under it, once; it never stays open.
pub(crate) struct Recorded<'a> {
    journal: &'a Journal,
    id: IntentId,
    intent: Intent,
    /// Signing asked for something else than what was recorded.
    other: AtomicBool,
    concluded: Mutex<bool>,
}

impl<'a> Recorded<'a> {
    /// Makes the request durable.
    ///
    /// # Errors
    /// The journal's; nobody may be asked then.
    pub(crate) fn intend(journal: &'a Journal, intent: Intent) -> Result<Self, RecorderError> {
        let ids = journal.intend(std::slice::from_ref(&intent))?;
        let id = *ids.first().ok_or(RecorderError::NotOpen(IntentId(u64::MAX)))?;
        let (other, concluded) = (AtomicBool::new(false), Mutex::new(false));
        Ok(Self { journal, id, intent, other, concluded })
    }

    /// Ends it, unless it has ended; gives the index of the record that did.
    ///
    /// # Errors
    /// The journal's; the next start then records it as interrupted.
    pub(crate) fn end(&self, outcome: Outcome) -> Result<Option<u64>, RecorderError> {
        let mut concluded = self.concluded.lock().unwrap_or_else(PoisonError::into_inner);
        if *concluded {
            return Ok(None);
        }
        let receipts = self.journal.conclude(&[(self.id, outcome)])?;
        *concluded = true;
        Ok(receipts.first().map(|receipt| receipt.entry))
    }

    /// Whether signing found another document than the one recorded.
    pub(crate) fn found_another(&self) -> bool {
        self.other.load(Ordering::Acquire)
    }
}

/// Signing finds its intent written already and writes its outcome.
impl Recorder for Recorded<'_> {
    fn intend(&self, intents: &[Intent]) -> Result<Vec<IntentId>, RecorderError> {
        if intents == std::slice::from_ref(&self.intent) {
            return Ok(vec![self.id]);
        }
        self.other.store(true, Ordering::Release);
        Err(RecorderError::NotOpen(self.id))
    }

    fn conclude(
        &self,
        outcomes: &[(IntentId, Outcome)],
    ) -> Result<Vec<OutcomeReceipt>, RecorderError> {
        let mut concluded = self.concluded.lock().unwrap_or_else(PoisonError::into_inner);
        let receipts = self.journal.conclude(outcomes)?;
        *concluded = true;
        Ok(receipts)
    }
}

impl Drop for Recorded<'_> {
    fn drop(&mut self) {
        // Only where the work panicked: every other way out has ended it.
        if let Err(error) = self.end(Outcome::Failed { code: FAULT.to_owned() }) {
            tracing::error!(%error, "the end of a request cannot be recorded");
        }
    }
}

/// The outcome of a request that did not come to signing, as the journal records it.
pub(crate) fn outcome(ended: &Ended, withdrawn: bool) -> Outcome {
    let failed = |code: &str| Outcome::Failed { code: code.to_owned() };
    match ended {
        Ended::Denied => failed(DENIED),
        Ended::TimedOut => failed(TIMED_OUT),
        Ended::Cancelled if withdrawn => Outcome::Cancelled,
        Ended::Cancelled | Ended::Suspended => failed(ENDED),
        Ended::Failed(error) => failed(&error.code()),
    }
}

/// Records requests that nobody agreed to, with how they ended: first the intents, then the outcomes.
///
/// # Errors
/// The journal's.
pub(crate) fn refused(
    journal: &Journal,
    intents: &[Intent],
    outcome: &Outcome,
) -> Result<Vec<OutcomeReceipt>, RecorderError> {
    let ids = journal.intend(intents)?;
    let outcomes: Vec<_> = ids.into_iter().map(|id| (id, outcome.clone())).collect();
    journal.conclude(&outcomes)
}
