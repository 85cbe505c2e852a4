//! After any end of the daemon: the tables are made to agree with the journal.
//!
//! What the journal says was signed *and* lies under its name with exactly the recorded bytes was released, whatever the tables
//! say. What was signed but has no file never left: it is signed anew under a new intent. Everything else is still to be done.

use std::collections::BTreeSet;

use kyso::recorder::Outcome;
use kyso_journal::{IntentEnd, Record};
use kyso_protocol::OperationState;

use crate::app::App;
use crate::engine::batch::{item_name, item_number, results};
use crate::engine::record::{DENIED, TIMED_OUT};
use crate::engine::restart::length_of;
use crate::error::{ApiError, BatchError};
use crate::store::batches::{BatchRow, Wish};
use crate::store::items::{self, End};
use crate::store::operations::OperationRow;

/// Pending items read at once.
const ITEMS: usize = 1_000;

/// Ends the items of a batch that were released without the table's knowing; gives how many.
///
/// # Errors
/// Of journal and tables.
pub(crate) fn reconcile(app: &App, batch: &BatchRow) -> Result<usize, ApiError> {
    let mut pending = pending(app, &batch.id)?;
    if pending.is_empty() {
        return Ok(0);
    }
    let folder = results(&app.settings().state, &batch.id);
    let prefix = item_name(&batch.id, "");
    let mut released = Vec::new();
    for found in app.journal.reader().intents_of(&prefix, batch.from_entry) {
        let found = found?;
        let number = found.intent.operation.as_deref().and_then(item_number);
        let Some(number) = number.filter(|number| pending.contains(number)) else { continue };
        let Some(IntentEnd::Outcome { entry, outcome }) = found.end else { continue };
        let Outcome::Signed { released_sha256, .. } = outcome else { continue };
        if length_of(&folder.join(number.to_string()), &released_sha256).is_some() {
            pending.remove(&number);
            released.push((entry, number, released_sha256));
        }
    }
    // In the order in which they were released.
    released.sort_unstable();
    let ended: Vec<(usize, End)> = released
        .into_iter()
        .map(|(entry, number, result)| (number, End::Signed { entry, result }))
        .collect();
    for group in ended.chunks(ITEMS) {
        app.store.transaction(|transaction| items::end(transaction, &batch.id, group))?;
    }
    Ok(ended.len())
}

/// How a batch ended of which no item is pending, where the daemon was killed before it wrote that down; `row` gets its problem.
///
/// # Errors
/// Of journal and tables.
pub(crate) fn ended(
    app: &App,
    batch: &BatchRow,
    row: &mut OperationRow,
) -> Result<Option<OperationState>, ApiError> {
    let (pending, counts, first) = {
        let connection = app.store.connection();
        (
            !items::pending(&connection, &batch.id, 0, 1)?.is_empty(),
            items::counts(&connection, &batch.id)?,
            items::ended_after(&connection, &batch.id, 0, 1)?.into_iter().next(),
        )
    };
    if pending {
        return Ok(None);
    }
    if batch.wish == Some(Wish::Cancel) {
        return Ok(Some(OperationState::Cancelled));
    }
    if counts.signed > 0 {
        return Ok(Some(OperationState::Succeeded));
    }
    let Some(first) = first else { return Ok(None) };
    if let Some(problem) = first.problem {
        let error = ApiError::from(BatchError::AsAWhole(Box::new(problem)));
        row.detail.problem =
            Some(error.document(row.lang).about(format!("/v1/operations/{}", row.id)));
        return Ok(Some(OperationState::Failed));
    }
    // Nobody agreed: the journal says how.
    let entry = match first.entry {
        Some(entry) => app.journal.reader().entry(entry)?,
        None => None,
    };
    Ok(Some(match entry.map(|entry| entry.leaf.record) {
        Some(Record::Outcome { outcome: Outcome::Failed { code }, .. }) if code == DENIED => {
            OperationState::Denied
        }
        Some(Record::Outcome { outcome: Outcome::Failed { code }, .. }) if code == TIMED_OUT => {
            OperationState::TimedOut
        }
        _ => OperationState::Cancelled,
    }))
}

/// The numbers of all items that the table holds to be pending.
fn pending(app: &App, id: &str) -> Result<BTreeSet<usize>, ApiError> {
    let mut numbers = BTreeSet::new();
    loop {
        let from = numbers.last().map_or(0, |last| last + 1);
        let page = items::pending(&app.store.connection(), id, from, ITEMS)?;
        if page.is_empty() {
            return Ok(numbers);
        }
        numbers.extend(page.into_iter().map(|item| item.number));
    }
}
