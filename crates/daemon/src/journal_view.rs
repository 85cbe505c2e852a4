//! The journal's records and reports as wire types.

use kyso_journal::{
    Entry, Filter, JournalError, KindFilter, Reader, Record, SignedCheckpoint, VerificationReport,
    VerifierKey,
};
use kyso_protocol::{JournalCheckpoint, JournalEntries, JournalEntry, JournalReport};
use serde_json::{Map, Value};

use crate::clock;

/// One record, its leaf as it was hashed.
#[must_use]
pub fn entry(entry: &Entry) -> JournalEntry {
    // Every leaf that the journal gives out was decoded: it is JSON.
    let leaf: Value = serde_json::from_slice(&entry.bytes).unwrap_or_default();
    let kind = leaf.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut plain = Map::new();
    if let Some(name) = &entry.name {
        plain.insert("document_name".to_owned(), Value::from(name.as_str()));
    }
    if let Some(texts) = &entry.texts {
        let all = [
            ("requested_subject", Some(&texts.requested_subject)),
            ("old_unit", texts.old_unit.as_ref()),
            ("new_unit", texts.new_unit.as_ref()),
            ("answer", texts.answer.as_ref()),
        ];
        let there = all.into_iter().filter_map(|(name, text)| Some((name, text?.as_str())));
        plain.extend(there.map(|(name, text)| (name.to_owned(), Value::from(text))));
    }
    JournalEntry {
        index: entry.leaf.sequence,
        time: clock::rfc3339(entry.leaf.time),
        kind,
        leaf,
        plain,
        ended_by: entry.ended_by,
    }
}

/// A signed tree head, its note and the key that verifies it.
#[must_use]
pub fn checkpoint(signed: &SignedCheckpoint, key: &VerifierKey) -> JournalCheckpoint {
    let head = signed.checkpoint();
    JournalCheckpoint {
        origin: head.origin.clone(),
        size: head.size,
        root: hex::encode(head.root),
        note: signed.note().to_owned(),
        key: key.to_string(),
    }
}

/// What a verification found.
#[must_use]
pub fn report(report: &VerificationReport) -> JournalReport {
    JournalReport {
        intact: report.is_intact(),
        entries: report.entries,
        root: hex::encode(report.root),
        checkpoint_size: report.checkpoint.as_ref().map(|checkpoint| checkpoint.size),
        after_checkpoint: report.after_checkpoint,
        clock_steps_back: report.clock_steps_back,
        key_is_trusted: report.key_is_trusted,
        continues: report.continues,
        intents: report.intents,
        signed: report.signed,
        extended: report.extended,
        failed: report.failed,
        cancelled: report.cancelled,
        interrupted: report.interrupted,
        interrupted_intents: report.interrupted_intents.clone(),
        open: report.open,
        open_intents: report.open_intents.clone(),
        reissuance: report.reissuance,
        findings: report.findings.iter().map(ToString::to_string).collect(),
        more_findings: report.more_findings,
    }
}

/// Which records [`search`] gives.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// First index.
    pub(crate) from: u64,
    /// How many at most.
    pub(crate) limit: u32,
    /// Of which kind.
    pub(crate) kind: KindFilter,
    /// Of this operation, its items included: intents and how they ended.
    pub(crate) operation: Option<String>,
    /// Of this reissuance request.
    pub(crate) request: Option<String>,
}

/// Most records looked at for one answer: some tenths of a second.
const MOST_LOOKED_AT: u64 = 20_000;

/// Records fetched at once while searching.
const PAGE: u32 = 256;

/// The records that fit, from a bounded number that is looked at.
///
/// # Errors
/// Where the journal cannot be read.
pub(crate) fn search(reader: &Reader, wanted: &Wanted) -> Result<JournalEntries, JournalError> {
    let (size, _) = reader.head()?;
    let selective = wanted.operation.is_some() || wanted.request.is_some();
    let mut filter = Filter {
        from: wanted.from,
        until: size,
        kind: match (wanted.kind, &wanted.request) {
            (KindFilter::All, Some(_)) => KindFilter::Reissuance,
            (kind, _) => kind,
        },
        newest_first: false,
        limit: if selective { PAGE } else { wanted.limit },
    };
    let most = wanted.limit as usize;
    let (mut entries, mut looked_at) = (Vec::new(), 0);
    loop {
        let page = reader.entries(&filter)?;
        let last_page = page.len() < filter.limit as usize;
        looked_at += page.len() as u64;
        for found in page {
            filter.from = found.leaf.sequence + 1;
            if fits(reader, wanted, &found)? {
                entries.push(entry(&found));
            }
            if entries.len() == most {
                break;
            }
        }
        let full = entries.len() == most;
        if full || last_page || looked_at >= MOST_LOOKED_AT {
            let more = filter.from < size && (full || !last_page);
            return Ok(JournalEntries { size, entries, next: more.then_some(filter.from) });
        }
    }
}

fn fits(reader: &Reader, wanted: &Wanted, found: &Entry) -> Result<bool, JournalError> {
    if let Some(request) = &wanted.request {
        return Ok(
            matches!(&found.leaf.record, Record::Reissuance(step) if step.request == *request),
        );
    }
    let Some(operation) = &wanted.operation else { return Ok(true) };
    let of = |record: &Record| match record {
        Record::Intent(intent) => intent.operation.as_deref().is_some_and(|name| {
            let rest = name.strip_prefix(operation.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }),
        _ => false,
    };
    Ok(match &found.leaf.record {
        Record::Outcome { intent, .. } | Record::Interrupted { intent } => {
            reader.entry(*intent)?.is_some_and(|ended| of(&ended.leaf.record))
        }
        record => of(record),
    })
}
