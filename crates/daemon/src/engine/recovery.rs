//! After any end of the daemon: the tables are made to agree with the journal.
//!
//! What the journal says was signed *and* lies under its name with exactly the recorded bytes was released, whatever the tables
//! say. What was signed but has no file never left: it is signed anew under a new intent. Everything else is still to be done.

use std::collections::BTreeSet;

use kyso::recorder::Outcome;
use kyso_journal::IntentEnd;

use crate::app::App;
use crate::engine::batch::{item_name, item_number, results};
use crate::engine::restart::length_of;
use crate::error::ApiError;
use crate::store::batches::BatchRow;
use crate::store::items::{self, End};

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
