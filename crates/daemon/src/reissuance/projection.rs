//! What follows from the journal: requests with their states and events, applied in the journal's order.

use kyso_journal::{
    Entry, Filter, KindFilter, Record, ReissuanceRecord, ReissuanceTexts, UnitRecord,
};
use kyso_protocol::{ReissuanceEvent, UnitRef};
use rusqlite::Transaction;

use super::wire;
use crate::app::App;
use crate::clock;
use crate::error::ApiError;
use crate::store::StoreError;
use crate::store::reissuance::{self as table, Facts, Row};

/// Records applied in one transaction.
const PAGE: u32 = 256;

/// Applies what the journal has and the tables do not have yet.
///
/// # Errors
/// Where journal or tables cannot be read or written.
pub(crate) fn catch_up(app: &App) -> Result<(), ApiError> {
    follow(app, &mut app.reissuance.order())
}

/// The same, for whoever holds the order.
pub(super) fn follow(app: &App, next: &mut Option<u64>) -> Result<(), ApiError> {
    let reader = app.journal.reader();
    let origin = reader.verifier_key().name();
    let (size, _) = reader.head()?;
    let mut from = match *next {
        Some(from) => from,
        None => app.store.transaction(|transaction| match table::cursor(transaction, origin)? {
            // A journal that is shorter than what was applied is another one.
            Some(found) if found <= size => Ok(found),
            _ => {
                table::forget(transaction, clock::unix_micros())?;
                table::set_cursor(transaction, origin, 0)?;
                Ok(0)
            }
        })?,
    };
    loop {
        let filter = Filter {
            from,
            until: size,
            kind: KindFilter::Reissuance,
            newest_first: false,
            limit: PAGE,
        };
        let entries = reader.entries(&filter)?;
        let Some(last) = entries.last() else { break };
        from = last.leaf.sequence + 1;
        app.store.transaction(|transaction| {
            entries.iter().try_for_each(|entry| apply(transaction, entry))?;
            table::set_cursor(transaction, origin, from)
        })?;
        *next = Some(from);
    }
    *next = Some(size);
    Ok(())
}

/// Applies one record. The journal lets no unlawful step in; a record without its first is passed over all the same.
fn apply(transaction: &Transaction<'_>, entry: &Entry) -> Result<(), StoreError> {
    let Record::Reissuance(record) = &entry.leaf.record else { return Ok(()) };
    let (transition, attempted) = wire::step_read(record.step);
    let event = ReissuanceEvent {
        transition,
        attempted,
        state: wire::state_read(record.state),
        time: clock::rfc3339(entry.leaf.time),
        journal_entry: entry.leaf.sequence,
        document: record.document_sha256.map(hex::encode),
        code: record.code.clone(),
    };
    let before = table::row(transaction, &record.request)?;
    let row = Row {
        id: record.request.clone(),
        state: wire::state_word(event.state).to_owned(),
        certificate: hex::encode(record.certificate_sha256),
        facts: facts(record, entry.texts.as_ref(), before.as_ref().map(|row| &row.facts)),
        created_at: before.map_or(entry.leaf.time, |row| row.created_at),
        updated_at: entry.leaf.time,
    };
    table::put(transaction, &row)?;
    table::put_event(transaction, &row.id, &event)
}

/// What a record says, with what earlier ones said and it does not repeat.
fn facts(
    record: &ReissuanceRecord,
    texts: Option<&ReissuanceTexts>,
    before: Option<&Facts>,
) -> Facts {
    let unit = |unit: &Option<UnitRecord>, text: Option<&String>| match (unit, text) {
        (Some(UnitRecord::Code { code, valid_from }), _) => {
            Some(UnitRef::Code { code: code.clone(), date: valid_from.clone() })
        }
        (Some(UnitRecord::Text { .. }), Some(text)) => Some(UnitRef::Text { text: text.clone() }),
        (Some(UnitRecord::Text { .. }) | None, _) => None,
    };
    let kept = |pick: fn(&Facts) -> Option<String>| before.and_then(pick);
    Facts {
        reason: wire::reason_read(record.reason),
        old_unit: unit(&record.old_unit, texts.and_then(|texts| texts.old_unit.as_ref())),
        new_unit: unit(&record.new_unit, texts.and_then(|texts| texts.new_unit.as_ref())),
        requested_subject: texts.map(|texts| texts.requested_subject.clone()).unwrap_or_default(),
        issued: record
            .issued_sha256
            .map(hex::encode)
            .or_else(|| kept(|facts| facts.issued.clone())),
        refusal: texts
            .and_then(|texts| texts.answer.clone())
            .or_else(|| kept(|facts| facts.refusal.clone())),
    }
}
