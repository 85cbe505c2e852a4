//! After any end of the daemon: what became of the operations on requests, by the journal's word.
//!
//! One act at a time: a step of the request since the operation was accepted is its own. Where there is none, the end that
//! is known from elsewhere is recorded now: a form that was signed and released is an export, everything else an attempt.

use kyso_journal::{AttemptEnd, Record, ReissuanceStep, ReissuanceTransition};
use kyso_protocol::{OperationKind, OperationState};

use super::record::{self, Said};
use crate::app::App;
use crate::error::ApiError;
use crate::store::operations::OperationRow;

/// Ends an operation on a request that was cut short; its row says already what the journal's intents tell.
///
/// # Errors
/// Where journal or tables fail.
pub(crate) fn settle(app: &App, row: &mut OperationRow) -> Result<(), ApiError> {
    let transition = match row.kind {
        OperationKind::ReissuanceSubmission => ReissuanceTransition::Submitted,
        OperationKind::ReissuanceExport => ReissuanceTransition::Exported,
        OperationKind::Signature | OperationKind::Batch => return Ok(()),
    };
    let request = row.request.get("request").and_then(|id| id.as_str());
    let Some(request) = request.map(str::to_owned) else { return Ok(()) };
    if let Some((entry, state)) = recorded(app, &request, row, transition)? {
        row.detail.entry = Some(entry);
        row.state = state;
        return Ok(());
    }
    let made = if transition == ReissuanceTransition::Exported
        && row.state == OperationState::Succeeded
    {
        let said = Said {
            consent: row.consent.clone(),
            document: row.detail.result.as_ref().map(|result| result.sha256),
            ..Said::default()
        };
        record::transition(app, &request, &row.requester, transition, said)
    } else {
        let (end, code) = match row.state {
            OperationState::Denied => (AttemptEnd::Denied, None),
            OperationState::TimedOut => (AttemptEnd::TimedOut, None),
            OperationState::Cancelled => (AttemptEnd::Cancelled, None),
            OperationState::Failed => (AttemptEnd::Failed, row.detail.problem.as_ref()),
            _ => (AttemptEnd::Failed, None),
        };
        let code = match end {
            AttemptEnd::Failed => Some(code.map_or("interrupted", |problem| problem.code.as_str())),
            AttemptEnd::Denied | AttemptEnd::TimedOut | AttemptEnd::Cancelled => None,
        };
        record::attempt(app, &request, &row.requester, transition, end, code)
    };
    match made {
        Ok(recorded) => row.detail.entry = Some(recorded.entry),
        // Another process withdrew or answered it since: nothing may follow, and nothing is to be told.
        Err(ApiError::Reissuance(_)) => row.state = OperationState::Interrupted,
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The step that the operation recorded before the daemon ended.
fn recorded(
    app: &App,
    request: &str,
    row: &OperationRow,
    transition: ReissuanceTransition,
) -> Result<Option<(u64, OperationState)>, ApiError> {
    for entry in app.journal.reader().reissuance_of(request, row.from_entry) {
        let entry = entry?;
        let Record::Reissuance(step) = &entry.leaf.record else { continue };
        let state = match step.step {
            ReissuanceStep::Done(done) if done == transition => OperationState::Succeeded,
            ReissuanceStep::Attempted { transition: tried, end } if tried == transition => {
                match end {
                    AttemptEnd::Denied => OperationState::Denied,
                    AttemptEnd::TimedOut => OperationState::TimedOut,
                    AttemptEnd::Cancelled => OperationState::Cancelled,
                    AttemptEnd::Failed => row.state,
                }
            }
            _ => continue,
        };
        return Ok(Some((entry.leaf.sequence, state)));
    }
    Ok(None)
}
