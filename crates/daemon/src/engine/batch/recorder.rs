//! The journal as a batch sees it: it lets nothing be declared but what was agreed to, and remembers at which entry each item
//! that failed has ended.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kyso::recorder::{Intent, IntentId, Outcome, OutcomeReceipt, Recorder, RecorderError};

use crate::store::items::Sha256;

/// A recorder that notes the entries of outcomes that come without a receipt: of items that failed.
///
/// It holds what one round of a batch declares.
pub(super) struct Noting<'a> {
    journal: &'a dyn Recorder,
    /// What was agreed to: the SHA-256 of each item's document.
    agreed: HashMap<usize, Sha256>,
    notes: Mutex<Notes>,
}

/// A document is no longer the one that was agreed to.
#[derive(Debug)]
struct Differs {
    item: usize,
}

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the document of item {} is not the one that was agreed to", self.item)
    }
}

impl std::error::Error for Differs {}

#[derive(Default)]
struct Notes {
    open: HashMap<IntentId, usize>,
    ended: HashMap<usize, u64>,
    differing: BTreeMap<usize, Sha256>,
}

impl<'a> Noting<'a> {
    pub(super) fn new(journal: &'a dyn Recorder, agreed: HashMap<usize, Sha256>) -> Self {
        Self { journal, agreed, notes: Mutex::default() }
    }

    /// Items whose documents were found to be others than was agreed to, with the SHA-256 that they have now.
    pub(super) fn into_differing(self) -> BTreeMap<usize, Sha256> {
        self.notes.into_inner().unwrap_or_else(PoisonError::into_inner).differing
    }

    /// The entry at which this item's last attempt ended without a signature; asked for once.
    pub(super) fn take(&self, number: usize) -> Option<u64> {
        self.notes().ended.remove(&number)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a batch's item is named in the journal.
pub(crate) fn item_name(batch: &str, number: impl fmt::Display) -> String {
    format!("{batch}/{number}")
}

/// The item's number in its name.
pub(crate) fn item_number(name: &str) -> Option<usize> {
    name.rsplit_once('/')?.1.parse().ok()
}

impl Recorder for Noting<'_> {
    fn intend(&self, intents: &[Intent]) -> Result<Vec<IntentId>, RecorderError> {
        let mut found = None;
        for intent in intents {
            let Some(item) = intent.operation.as_deref().and_then(item_number) else { continue };
            if self.agreed.get(&item) != Some(&intent.document_sha256) {
                self.notes().differing.insert(item, intent.document_sha256);
                found.get_or_insert(Differs { item });
            }
        }
        if let Some(differs) = found {
            return Err(RecorderError::Unwritable(Box::new(differs)));
        }
        let ids = self.journal.intend(intents)?;
        let mut notes = self.notes();
        for (id, intent) in ids.iter().zip(intents) {
            if let Some(number) = intent.operation.as_deref().and_then(item_number) {
                notes.open.insert(*id, number);
            }
        }
        Ok(ids)
    }

    fn conclude(
        &self,
        outcomes: &[(IntentId, Outcome)],
    ) -> Result<Vec<OutcomeReceipt>, RecorderError> {
        let receipts = self.journal.conclude(outcomes)?;
        let mut notes = self.notes();
        for receipt in &receipts {
            let Some(number) = notes.open.remove(&receipt.intent) else { continue };
            match receipt.outcome {
                Outcome::Signed { .. } | Outcome::Extended { .. } => {}
                Outcome::Failed { .. } | Outcome::Cancelled => {
                    notes.ended.insert(number, receipt.entry);
                }
            }
        }
        Ok(receipts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_items_name_gives_its_number_back() {
        assert_eq!(item_number(&item_name("0190-ab", 17)), Some(17));
        assert_eq!(item_number("0190-ab"), None);
        assert_eq!(item_number("0190-ab/x"), None);
    }

    /// Counts what reaches it.
    #[derive(Default)]
    struct Paper(Mutex<u64>);

    impl Paper {
        fn next(&self) -> u64 {
            let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            *next - 1
        }
    }

    impl Recorder for Paper {
        fn intend(&self, intents: &[Intent]) -> Result<Vec<IntentId>, RecorderError> {
            Ok(intents.iter().map(|_| IntentId(self.next())).collect())
        }

        fn conclude(
            &self,
            outcomes: &[(IntentId, Outcome)],
        ) -> Result<Vec<OutcomeReceipt>, RecorderError> {
            let receipt = |(intent, outcome): &(IntentId, Outcome)| OutcomeReceipt {
                intent: *intent,
                entry: self.next(),
                outcome: outcome.clone(),
            };
            Ok(outcomes.iter().map(receipt).collect())
        }
    }

    fn intent(number: usize, sha256: u8) -> Intent {
        Intent {
            requester: String::new(),
            document_sha256: [sha256; 32],
            document_name: String::new(),
            certificate_sha256: [0; 32],
            token_serial: String::new(),
            mechanism: String::new(),
            format: String::new(),
            operation: Some(item_name("b", number)),
            consent: None,
        }
    }

    #[test]
    fn an_item_that_failed_is_found_at_its_entry_once() -> Result<(), RecorderError> {
        let paper = Paper::default();
        let noting = Noting::new(&paper, HashMap::from([(4, [1; 32]), (9, [2; 32])]));
        let ids = noting.intend(&[intent(4, 1), intent(9, 2)])?;
        let failed = Outcome::Failed { code: "empty".to_owned() };
        let signed = Outcome::Signed { signature_sha256: [0; 32], released_sha256: [0; 32] };
        noting.conclude(&[(ids[0], signed), (ids[1], failed)])?;
        assert_eq!(noting.take(4), None, "a receipt tells it");
        assert_eq!((noting.take(9), noting.take(9)), (Some(3), None));
        Ok(())
    }

    #[test]
    fn a_document_that_was_not_agreed_to_is_not_declared() {
        let paper = Paper::default();
        let noting = Noting::new(&paper, HashMap::from([(4, [1; 32]), (9, [2; 32])]));
        assert!(noting.intend(&[intent(4, 1), intent(9, 7)]).is_err());
        assert_eq!(paper.next(), 0, "nothing reached the journal");
        assert_eq!(noting.into_differing(), BTreeMap::from([(9, [7; 32])]));
        let other = Noting::new(&paper, HashMap::from([(4, [1; 32])]));
        assert!(other.intend(&[intent(5, 1)]).is_err(), "an item that was never agreed to");
    }
}
