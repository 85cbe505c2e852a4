//! Verifying all records: of an export, offline, or of the journal in place.

mod audit;
mod finding;
mod requests;

use std::io::{BufRead, Read as _};

pub use self::finding::Finding;

use self::audit::{Audit, Role};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::error::JournalError;
use crate::export::{Header, Line, MAX_LINE_BYTES};
use crate::note::VerifierKey;
use crate::reader::Reader;
use crate::tree::Hash;

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
    /// Outcomes `extended`.
    pub extended: u64,
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
    /// Steps of reissuance requests.
    pub reissuance: u64,
    /// Records of kinds that this version does not know.
    pub opaque: u64,
    /// Records whose plain names or texts were there and fit their salted hashes.
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
/// and the stored head, nodes and columns. Every end of an act and every step of a reissuance request is signed for as it is recorded;
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
    if let Some(index) = extent.stray {
        audit.find(Finding::Row { index });
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
