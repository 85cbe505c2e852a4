//! What verification may find.

use core::fmt;

use crate::checkpoint::CheckpointError;
use crate::note::{NoteError, VerifierKey};
use crate::reissuance::{ReissuanceState, ReissuanceStep};
use crate::tree::Hash;

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
    /// A step of a reissuance request that may not follow the one before, or says another state than
    /// it leads to.
    Step {
        /// The record.
        index: u64,
        /// The state before it; `None` where the request had not been created.
        before: Option<ReissuanceState>,
        /// The step.
        step: ReissuanceStep,
    },
    /// A plain name or text does not fit its salted hash.
    Name {
        /// The record.
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
            Self::Step { index, before: Some(before), step } => {
                write!(f, "record {index} ({step}) may not follow: its request was {before}")
            }
            Self::Step { index, before: None, step } => {
                write!(f, "record {index} ({step}) is of a request that was not created before")
            }
            Self::Name { index } => {
                write!(f, "the plain words beside record {index} are not the recorded ones")
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
