//! One walk over the records.

use std::collections::{BTreeMap, BTreeSet};

use kyso::recorder::Outcome;

use super::requests::Requests;
use super::{Finding, MAX_FINDINGS, MAX_LISTED, VerificationReport};
use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::record::{Leaf, Plain, Record, Side, name_hash};
use crate::store::{KIND_INTENT, KIND_INTERRUPTED, KIND_OUTCOME, KIND_REISSUANCE, Row};
use crate::tree::{Frontier, leaf_hash};

/// A tree head that the records must pass through.
struct Mark {
    checkpoint: Checkpoint,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The export's own: it ends there.
    Export,
    /// The journal's last one (in place).
    Last,
    /// The caller's.
    Earlier,
}

/// Walks the records once.
pub(super) struct Audit {
    pub(super) report: VerificationReport,
    pub(super) frontier: Frontier,
    pub(super) open: BTreeSet<u64>,
    /// Intents not yet met by the end that their row claims, with that end (in place).
    pub(super) claimed: BTreeMap<u64, u64>,
    last_time: u64,
    /// Records that the last checkpoint covers (in place); `None` once one that it ought to cover was met.
    pub(super) sealed: Option<u64>,
    marks: Vec<Mark>,
    requests: Requests,
    /// Nodes completed by the last leaf.
    nodes: Vec<u8>,
}

impl Audit {
    pub(super) fn new(key_is_trusted: bool) -> Self {
        let frontier = Frontier::new();
        Self {
            report: VerificationReport {
                checkpoint: None,
                after_checkpoint: 0,
                key_is_trusted,
                continues: None,
                entries: 0,
                root: frontier.root(),
                intents: 0,
                signed: 0,
                extended: 0,
                failed: 0,
                cancelled: 0,
                interrupted: 0,
                interrupted_intents: Vec::new(),
                open: 0,
                open_intents: Vec::new(),
                reissuance: 0,
                opaque: 0,
                names: 0,
                clock_steps_back: 0,
                findings: Vec::new(),
                more_findings: 0,
            },
            frontier,
            open: BTreeSet::new(),
            claimed: BTreeMap::new(),
            last_time: 0,
            sealed: None,
            marks: Vec::new(),
            requests: Requests::default(),
            nodes: Vec::new(),
        }
    }

    pub(super) fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.more_findings += 1;
        }
    }

    pub(super) fn mark(&mut self, role: Role, signed: Result<SignedCheckpoint, CheckpointError>) {
        match (signed, role) {
            (Ok(signed), _) => {
                let checkpoint = signed.checkpoint().clone();
                if role != Role::Earlier {
                    self.report.checkpoint = Some(checkpoint.clone());
                }
                self.marks.push(Mark { checkpoint, role });
            }
            (Err(error), Role::Earlier) => self.find(Finding::EarlierCheckpoint(error)),
            (Err(error), _) => self.find(Finding::Checkpoint(error)),
        }
        self.pass_marks();
    }

    /// Compares the root with every mark of the present size.
    fn pass_marks(&mut self) {
        let size = self.frontier.size();
        if self.marks.iter().all(|mark| mark.checkpoint.size != size) {
            return;
        }
        let root = self.frontier.root();
        let (reached, ahead): (Vec<_>, Vec<_>) = std::mem::take(&mut self.marks)
            .into_iter()
            .partition(|mark| mark.checkpoint.size == size);
        self.marks = ahead;
        for Mark { checkpoint, role } in reached {
            match (checkpoint.root == root, role) {
                (true, Role::Earlier) => self.report.continues = Some(size),
                (true, _) => {}
                (false, Role::Export) => {
                    self.find(Finding::Root { expected: checkpoint.root, found: root })
                }
                (false, _) => self.find(Finding::Rewritten { size }),
            }
        }
    }

    pub(super) fn row(&mut self, row: &Row, size: u64) {
        let index = self.frontier.size();
        let side = match row.side() {
            Some(None) => {
                self.find(Finding::Name { index });
                None
            }
            Some(side) => side,
            None => None,
        };
        let leaf = self.leaf(&row.leaf, side);
        if row.nodes != self.nodes {
            self.find(Finding::Nodes { index });
        }
        let Some(leaf) = leaf else {
            return;
        };
        let has_side = matches!(leaf.record, Record::Intent(_) | Record::Reissuance(_));
        let mut request = None;
        let fits = match &leaf.record {
            Record::Intent(_) => row.kind == KIND_INTENT && row.intent.is_none(),
            Record::Outcome { intent, .. } => {
                row.kind == KIND_OUTCOME && row.intent == Some(*intent)
            }
            Record::Interrupted { intent } => {
                row.kind == KIND_INTERRUPTED && row.intent == Some(*intent)
            }
            Record::Reissuance(record) => {
                request = Some(&record.request);
                row.kind == KIND_REISSUANCE && row.intent.is_none()
            }
            Record::Opaque { .. } => true,
        };
        let side_fits = has_side == row.name.is_some()
            && has_side == row.salt.is_some()
            && row.request.as_ref() == request;
        if !fits || !side_fits || row.sequence != index {
            self.find(Finding::Row { index });
        }
        // What ended it after the snapshot is not walked.
        if let Some(end) = row.ended_by.filter(|end| *end < size) {
            self.claimed.insert(index, end);
        }
        if let Record::Outcome { intent, .. } | Record::Interrupted { intent } = leaf.record
            && self.claimed.remove(&intent) != Some(index)
        {
            self.find(Finding::Row { index: intent });
        }
    }

    /// Takes the next leaf; returns it decoded.
    pub(super) fn leaf(&mut self, bytes: &[u8], side: Side) -> Option<Leaf> {
        let index = self.frontier.size();
        self.nodes.clear();
        self.frontier.append(leaf_hash(bytes), &mut self.nodes);
        self.pass_marks();
        let Some(leaf) = Leaf::decode(bytes) else {
            self.find(Finding::Leaf { index });
            return None;
        };
        if leaf.sequence != index {
            self.find(Finding::Sequence { index, found: leaf.sequence });
        }
        if leaf.time < self.last_time {
            self.report.clock_steps_back += 1;
        }
        self.last_time = leaf.time;
        let is_sealed = matches!(
            leaf.record,
            Record::Outcome { .. } | Record::Interrupted { .. } | Record::Reissuance(_)
        );
        if (is_sealed || index == 0) && self.sealed.is_some_and(|sealed| index >= sealed) {
            self.sealed = None;
            self.find(Finding::Unsealed { index });
        }
        self.count(index, &leaf.record);
        self.name(index, &leaf.record, side);
        Some(leaf)
    }

    fn count(&mut self, index: u64, record: &Record) {
        let report = &mut self.report;
        let ended = match record {
            Record::Intent(_) => {
                report.intents += 1;
                self.open.insert(index);
                return;
            }
            Record::Outcome { intent, outcome } => {
                match outcome {
                    Outcome::Signed { .. } => report.signed += 1,
                    Outcome::Extended { .. } => report.extended += 1,
                    Outcome::Failed { .. } => report.failed += 1,
                    Outcome::Cancelled => report.cancelled += 1,
                }
                *intent
            }
            Record::Interrupted { intent } => {
                report.interrupted += 1;
                if report.interrupted_intents.len() < MAX_LISTED {
                    report.interrupted_intents.push(*intent);
                }
                *intent
            }
            Record::Reissuance(record) => {
                report.reissuance += 1;
                if let Err(before) = self.requests.step(record) {
                    self.find(Finding::Step { index, before, step: record.step });
                }
                return;
            }
            Record::Opaque { .. } => {
                report.opaque += 1;
                return;
            }
        };
        if !self.open.remove(&ended) {
            self.find(Finding::NotOpen { entry: index, intent: ended });
        }
    }

    fn name(&mut self, index: u64, record: &Record, side: Side) {
        match (record, side) {
            (_, None) => {}
            (Record::Intent(intent), Some((Plain::Name(name), salt)))
                if name_hash(&salt, &name) == intent.name_hash =>
            {
                self.report.names += 1;
            }
            (Record::Reissuance(record), Some((Plain::Texts(texts), salt)))
                if texts.prove(&salt, record) =>
            {
                self.report.names += 1;
            }
            _ => self.find(Finding::Name { index }),
        }
    }

    pub(super) fn finish(mut self) -> VerificationReport {
        let size = self.frontier.size();
        for Mark { checkpoint, role } in std::mem::take(&mut self.marks) {
            let expected = checkpoint.size;
            self.find(match role {
                // Marks passed are gone; one that lies behind was signed over more than is here.
                Role::Export => Finding::Size { expected, found: size },
                Role::Last | Role::Earlier => Finding::Truncated { expected, found: size },
            });
        }
        for intent in std::mem::take(&mut self.open) {
            self.report.open += 1;
            if self.report.open_intents.len() < MAX_LISTED {
                self.report.open_intents.push(intent);
            }
        }
        self.report.entries = size;
        self.report.root = self.frontier.root();
        self.report
    }
}
