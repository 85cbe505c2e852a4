//! The histories of reissuance requests, as one walk over the records sees them.

use std::collections::{BTreeMap, BTreeSet};

use ring::digest::{SHA256, digest};

use crate::record::ReissuanceRecord;
use crate::reissuance::ReissuanceState;

/// Every open request's state; of those ended, that they ended.
#[derive(Default)]
pub(super) struct Requests {
    open: BTreeMap<String, ReissuanceState>,
    /// 16 bytes of the id's SHA-256 each: an ended request must not begin again.
    answered: BTreeSet<[u8; 16]>,
    withdrawn: BTreeSet<[u8; 16]>,
}

impl Requests {
    /// Takes the next step; where it is not lawful, gives the state before it.
    pub(super) fn step(
        &mut self,
        record: &ReissuanceRecord,
    ) -> Result<(), Option<ReissuanceState>> {
        let before = self.state(&record.request);
        let after = record.step.after(before);
        // What follows an unlawful step is measured by the state that the record itself names.
        self.set(&record.request, record.state);
        if after == Some(record.state) { Ok(()) } else { Err(before) }
    }

    fn state(&self, request: &str) -> Option<ReissuanceState> {
        if let Some(state) = self.open.get(request) {
            return Some(*state);
        }
        let id = short(request);
        if self.answered.contains(&id) {
            return Some(ReissuanceState::Answered);
        }
        self.withdrawn.contains(&id).then_some(ReissuanceState::Withdrawn)
    }

    fn set(&mut self, request: &str, state: ReissuanceState) {
        let ended = match state {
            ReissuanceState::Answered => &mut self.answered,
            ReissuanceState::Withdrawn => &mut self.withdrawn,
            ReissuanceState::Draft | ReissuanceState::Submitted | ReissuanceState::Exported => {
                match self.open.get_mut(request) {
                    Some(known) => *known = state,
                    None => {
                        self.open.insert(request.to_owned(), state);
                    }
                }
                return;
            }
        };
        ended.insert(short(request));
        self.open.remove(request);
    }
}

fn short(request: &str) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&digest(&SHA256, request.as_bytes()).as_ref()[..16]);
    id
}
