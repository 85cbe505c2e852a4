//! Verifying all records: of an export, offline, or of the journal in place.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read as _};

use kyso::recorder::Outcome;

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::error::JournalError;
use crate::export::{Header, Line, MAX_LINE_BYTES};
use crate::note::{NoteError, VerifierKey};
use crate::reader::Reader;
use crate::record::{Leaf, Record, Salt, name_hash};
use crate::store::{KIND_INTENT, KIND_INTERRUPTED, KIND_OUTCOME, Row};
use crate::tree::{Frontier, Hash, leaf_hash};

/// Findings kept in a report; a damaged journal has either few or very many.
pub const MAX_FINDINGS: usize = 100;

/// Indices listed in a report of interrupted and of open intents.
pub const MAX_LISTED: usize = 1000;

/// What verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationReport {
    /// The checkpoint that the records were measured by: an export's own, a journal's last; `None`
    /// where it could not be accepted, or a journal in place has signed none yet.
    pub checkpoint: Option<Checkpoint>,
    /// Records behind the checkpoint, under no signature yet (in place only): intents alone, or there
    /// is a finding.
    pub after_checkpoint: u64,
    /// Whether the checkpoint's key was given by the caller, not taken from what is verified.
    pub key_is_trusted: bool,
    /// Size of the caller's earlier checkpoint, if the records continue it.
    pub continues: Option<u64>,
    /// Number of records read.
    pub entries: u64,
    /// Root over the records read.
    pub root: Hash,
    /// Intents.
    pub intents: u64,
    /// Outcomes `signed`.
    pub signed: u64,
    /// Outcomes `failed`.
    pub failed: u64,
    /// Outcomes `cancelled`.
    pub cancelled: u64,
    /// Number of interrupted intents.
    pub interrupted: u64,
    /// Their indices, the first [`MAX_LISTED`].
    pub interrupted_intents: Vec<u64>,
    /// Number of intents without an outcome: acts that were under way.
    pub open: u64,
    /// Their indices, the first [`MAX_LISTED`].
    pub open_intents: Vec<u64>,
    /// Records of kinds that this version does not know.
    pub opaque: u64,
    /// Plain names that were there and fit their salted hashes.
    pub names: u64,
    /// Records whose time is earlier than that of the record before: the clock was set back.
    pub clock_steps_back: u64,
    /// What does not fit, the first [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// How many more there were.
    pub more_findings: u64,
}

impl VerificationReport {
    /// Whether every record is there, unaltered and in order, and every checkpoint verifies.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The export's first line is not its header.
    Header,
    /// The export's key is not a verifier key.
    Key(NoteError),
    /// The export or journal is of another key than the one trusted.
    UntrustedKey {
        /// Its key.
        found: VerifierKey,
    },
    /// The checkpoint cannot be accepted.
    Checkpoint(CheckpointError),
    /// The earlier checkpoint that was given cannot be accepted.
    EarlierCheckpoint(CheckpointError),
    /// A line of an export is not of the form that is written, or is too long.
    Line {
        /// The line, from 1.
        line: u64,
    },
    /// A leaf is not a record.
    Leaf {
        /// Its place, from 0.
        index: u64,
    },
    /// A record does not stand at its place: one before is missing, doubled or moved.
    Sequence {
        /// Its place, from 0.
        index: u64,
        /// The sequence it bears.
        found: u64,
    },
    /// The number of records is not the checkpoint's.
    Size {
        /// By the checkpoint.
        expected: u64,
        /// Records found.
        found: u64,
    },
    /// The records do not give the checkpoint's root: one was altered.
    Root {
        /// By the checkpoint.
        expected: Hash,
        /// By the records.
        found: Hash,
    },
    /// There are fewer records than when the earlier checkpoint was signed.
    Truncated {
        /// By the earlier checkpoint.
        expected: u64,
        /// Records found.
        found: u64,
    },
    /// The records that the earlier checkpoint covers are not the same any more.
    Rewritten {
        /// The earlier checkpoint's size.
        size: u64,
    },
    /// A record ends an intent that is not open at its place.
    NotOpen {
        /// The record.
        entry: u64,
        /// The intent it names.
        intent: u64,
    },
    /// A plain name does not fit its salted hash.
    Name {
        /// The intent.
        index: u64,
    },
    /// The row's other columns do not fit its leaf (in place only).
    Row {
        /// The record.
        index: u64,
    },
    /// An intent is listed as open and has an end, or has none and is not listed (in place only).
    Open {
        /// The intent.
        index: u64,
    },
    /// The stored tree nodes do not fit the leaves (in place only).
    Nodes {
        /// The record.
        index: u64,
    },
    /// A record ends an act, or is the first of all, and no signed checkpoint covers it (in place
    /// only): the first such record.
    Unsealed {
        /// The record.
        index: u64,
    },
    /// The stored head does not fit the records (in place only).
    Head {
        /// Its size.
        size: u64,
    },
}

/// Verifies an export, offline.
///
/// `trusted` is the journal's key as the caller knows it; without it the export's own key is
/// used and the report says so. `earlier` is a signed checkpoint that left the machine before: the
/// records must continue it.
///
/// # Errors
/// [`JournalError::Stream`] where the export cannot be read; everything else is a finding.
pub fn verify_export(
    mut export: impl BufRead,
    trusted: Option<&VerifierKey>,
    earlier: Option<&str>,
) -> Result<VerificationReport, JournalError> {
    let mut audit = Audit::new(trusted.is_some());
    let mut line = Vec::new();
    let header = match next_line(&mut export, &mut line)? {
        LineRead::Whole => Header::decode(&line),
        _ => None,
    };
    let Some(header) = header else {
        audit.find(Finding::Header);
        return Ok(audit.finish());
    };
    let key = match header.vkey.parse::<VerifierKey>() {
        Ok(key) => key,
        Err(error) => {
            audit.find(Finding::Key(error));
            return Ok(audit.finish());
        }
    };
    if let Some(trusted) = trusted
        && *trusted != key
    {
        audit.find(Finding::UntrustedKey { found: key.clone() });
    }
    let key = trusted.unwrap_or(&key);
    audit.mark(Role::Export, SignedCheckpoint::verify(&header.checkpoint, key));
    if let Some(note) = earlier {
        audit.mark(Role::Earlier, SignedCheckpoint::verify(note, key));
    }
    for number in 2.. {
        match next_line(&mut export, &mut line)? {
            LineRead::End => break,
            LineRead::Whole => match Line::decode(&line) {
                Some(line) => {
                    audit.leaf(line.leaf.as_bytes(), line.side);
                }
                None => audit.find(Finding::Line { line: number }),
            },
            LineRead::Broken => {
                // What follows an endless or unended line is no line.
                audit.find(Finding::Line { line: number });
                break;
            }
        }
    }
    Ok(audit.finish())
}

/// Verifies the journal in place: what [`verify_export`] verifies, by the last checkpoint signed,
/// and the stored head, nodes and columns. Every end of an act is signed for as it is recorded;
/// intents after it are bound by the head alone and counted in
/// [`VerificationReport::after_checkpoint`].
///
/// `trusted` and `earlier` are as for [`verify_export`].
///
/// # Errors
/// [`JournalError`] where the journal cannot be read; everything else is a finding.
pub fn verify_in_place(
    reader: &Reader,
    trusted: Option<&VerifierKey>,
    earlier: Option<&str>,
) -> Result<VerificationReport, JournalError> {
    let mut audit = Audit::new(trusted.is_some());
    let found = reader.verifier_key();
    if trusted.is_some_and(|trusted| trusted != found) {
        audit.find(Finding::UntrustedKey { found: found.clone() });
    }
    let key = trusted.unwrap_or(found);
    let extent = reader.extent()?;
    if let Some(note) = &extent.checkpoint {
        audit.mark(Role::Last, SignedCheckpoint::verify(note, key));
    }
    if let Some(note) = earlier {
        audit.mark(Role::Earlier, SignedCheckpoint::verify(note, key));
    }
    let sealed = audit.report.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
    audit.sealed = Some(sealed);
    audit.report.after_checkpoint = extent.size.saturating_sub(sealed);
    if extent.stored != extent.size {
        audit.find(Finding::Size { expected: extent.size, found: extent.stored });
    }
    reader.walk(0, extent.stored.max(extent.size), |row| {
        audit.row(&row, extent.size);
        Ok(())
    })?;
    if audit.frontier.size() != extent.size || audit.frontier.root() != extent.root {
        audit.find(Finding::Head { size: extent.size });
    }
    for index in std::mem::take(&mut audit.claimed).into_keys() {
        audit.find(Finding::Row { index });
    }
    let unlike: Vec<u64> = audit.open.symmetric_difference(&extent.open).copied().collect();
    for index in unlike {
        audit.find(Finding::Open { index });
    }
    Ok(audit.finish())
}

enum LineRead {
    Whole,
    Broken,
    End,
}

/// Reads one line without its line feed.
fn next_line(export: &mut impl BufRead, line: &mut Vec<u8>) -> Result<LineRead, JournalError> {
    line.clear();
    export
        .take(MAX_LINE_BYTES as u64 + 1)
        .read_until(b'\n', line)
        .map_err(|error| JournalError::Stream { kind: error.kind() })?;
    if line.is_empty() {
        return Ok(LineRead::End);
    }
    Ok(match line.pop() {
        Some(b'\n') => LineRead::Whole,
        _ => LineRead::Broken,
    })
}

/// A tree head that the records must pass through.
struct Mark {
    checkpoint: Checkpoint,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The export's own: it ends there.
    Export,
    /// The journal's last one (in place).
    Last,
    /// The caller's.
    Earlier,
}

/// Walks the records once.
struct Audit {
    report: VerificationReport,
    frontier: Frontier,
    open: BTreeSet<u64>,
    /// Intents not yet met by the end that their row claims, with that end (in place).
    claimed: BTreeMap<u64, u64>,
    last_time: u64,
    /// Records that the last checkpoint covers (in place); `None` once one that it ought to cover was met.
    sealed: Option<u64>,
    marks: Vec<Mark>,
    /// Nodes completed by the last leaf.
    nodes: Vec<u8>,
}

/// A plain name with its salt.
pub(crate) type Side = Option<(String, Salt)>;

impl Audit {
    fn new(key_is_trusted: bool) -> Self {
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
                failed: 0,
                cancelled: 0,
                interrupted: 0,
                interrupted_intents: Vec::new(),
                open: 0,
                open_intents: Vec::new(),
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
            nodes: Vec::new(),
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.more_findings += 1;
        }
    }

    fn mark(&mut self, role: Role, signed: Result<SignedCheckpoint, CheckpointError>) {
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

    fn row(&mut self, row: &Row, size: u64) {
        let index = self.frontier.size();
        let side = row.name.clone().zip(row.salt);
        let leaf = self.leaf(&row.leaf, side);
        if row.nodes != self.nodes {
            self.find(Finding::Nodes { index });
        }
        let Some(leaf) = leaf else {
            return;
        };
        let is_intent = matches!(leaf.record, Record::Intent(_));
        let fits = match leaf.record {
            Record::Intent(_) => row.kind == KIND_INTENT && row.intent.is_none(),
            Record::Outcome { intent, .. } => {
                row.kind == KIND_OUTCOME && row.intent == Some(intent)
            }
            Record::Interrupted { intent } => {
                row.kind == KIND_INTERRUPTED && row.intent == Some(intent)
            }
            Record::Opaque { .. } => true,
        };
        let side_fits = is_intent == row.name.is_some() && is_intent == row.salt.is_some();
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
    fn leaf(&mut self, bytes: &[u8], side: Side) -> Option<Leaf> {
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
        let ends = matches!(leaf.record, Record::Outcome { .. } | Record::Interrupted { .. });
        if (ends || index == 0) && self.sealed.is_some_and(|sealed| index >= sealed) {
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
            (Record::Intent(intent), Some((name, salt)))
                if name_hash(&salt, &name) == intent.name_hash =>
            {
                self.report.names += 1;
            }
            _ => self.find(Finding::Name { index }),
        }
    }

    fn finish(mut self) -> VerificationReport {
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

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => write!(f, "the first line is not the header of a journal's export"),
            Self::Key(source) => write!(f, "the export's key: {source}"),
            Self::UntrustedKey { found } => {
                write!(f, "the journal is of another key than the trusted one: {found}")
            }
            Self::Checkpoint(source) => write!(f, "the checkpoint: {source}"),
            Self::EarlierCheckpoint(source) => write!(f, "the earlier checkpoint: {source}"),
            Self::Line { line } => write!(f, "line {line} is not as it is written"),
            Self::Leaf { index } => write!(f, "record {index} is not readable"),
            Self::Sequence { index, found } => {
                write!(f, "record {found} stands at the place of record {index}")
            }
            Self::Size { expected, found } => {
                write!(f, "{found} records are there, {expected} were signed")
            }
            Self::Root { expected, found } => write!(
                f,
                "the records give root {}, {} was signed",
                hex::encode(found),
                hex::encode(expected)
            ),
            Self::Truncated { expected, found } => write!(
                f,
                "{found} records are there, {expected} were when the earlier checkpoint was signed"
            ),
            Self::Rewritten { size } => write!(
                f,
                "the first {size} records are not those that the earlier checkpoint covers"
            ),
            Self::NotOpen { entry, intent } => {
                write!(f, "record {entry} ends intent {intent}, which is not open")
            }
            Self::Name { index } => {
                write!(f, "the document name beside record {index} is not the recorded one")
            }
            Self::Row { index } => write!(f, "the columns beside record {index} do not fit it"),
            Self::Open { index } => write!(f, "intent {index} is wrongly listed as open or not"),
            Self::Nodes { index } => write!(f, "the tree nodes beside record {index} do not fit"),
            Self::Unsealed { index } => {
                write!(f, "record {index} stands under no signed checkpoint")
            }
            Self::Head { size } => write!(f, "the head of size {size} does not fit the records"),
        }
    }
}
