//! Recording a step: under one order, from the journal's state to the journal's state.

use kyso::recorder::Sha256;
use kyso_journal::{
    AttemptEnd, JournalError, Recorded, ReissuanceEvent, ReissuanceStep, ReissuanceTransition,
};
use kyso_protocol::{ReissuanceRequest, ReissuanceState};

use super::{Act, projection, view, wire};
use crate::app::App;
use crate::caller::Caller;
use crate::error::{ApiError, ReissuanceError};
use crate::store::reissuance::{self as table, Row};

/// What a step says beside what every record of the request says.
#[derive(Default)]
pub(super) struct Said {
    /// How, and under which id, the person or a policy agreed.
    pub(super) consent: Option<String>,
    /// SHA-256 of the exported file or of the answer.
    pub(super) document: Option<Sha256>,
    /// SHA-256 of the new certificate.
    pub(super) issued: Option<Sha256>,
    /// The authority's words.
    pub(super) answer: Option<String>,
    /// Code of a failure or refusal.
    pub(super) code: Option<String>,
}

/// Records a transition of a request and applies it.
///
/// # Errors
/// [`ReissuanceError::Unknown`], [`ReissuanceError::Illegal`]; where journal or tables fail.
pub(super) fn transition(
    app: &App,
    request: &str,
    requester: &str,
    transition: ReissuanceTransition,
    said: Said,
) -> Result<Recorded, ApiError> {
    step(app, request, requester, ReissuanceStep::Done(transition), said)
}

/// Records that an attempt at a transition came to nothing.
///
/// # Errors
/// As [`transition`].
pub(super) fn attempt(
    app: &App,
    request: &str,
    requester: &str,
    transition: ReissuanceTransition,
    end: AttemptEnd,
    code: Option<&str>,
) -> Result<Recorded, ApiError> {
    let said = Said { code: code.map(str::to_owned), ..Said::default() };
    step(app, request, requester, ReissuanceStep::Attempted { transition, end }, said)
}

fn step(
    app: &App,
    request: &str,
    requester: &str,
    step: ReissuanceStep,
    said: Said,
) -> Result<Recorded, ApiError> {
    let mut next = app.reissuance.order();
    projection::follow(app, &mut next)?;
    let row = known(app, request)?;
    let transition = match step {
        ReissuanceStep::Done(transition) | ReissuanceStep::Attempted { transition, .. } => {
            transition
        }
    };
    wire::may(view::state(&row), transition).map_err(ReissuanceError::Illegal)?;
    let recorded = write(app, &event(&row, requester, step, said))?;
    projection::follow(app, &mut next)?;
    Ok(recorded)
}

/// Makes one event durable. Another process may have been faster: the journal refuses then what does not follow.
pub(super) fn write(app: &App, event: &ReissuanceEvent) -> Result<Recorded, ApiError> {
    match app.journal.record_reissuance(std::slice::from_ref(event)) {
        Ok(recorded) => {
            recorded.into_iter().next().ok_or(ApiError::Journal(JournalError::Abandoned))
        }
        Err(JournalError::IllegalStep { state: Some(state), step, .. }) => {
            let transition = match step {
                ReissuanceStep::Done(transition) | ReissuanceStep::Attempted { transition, .. } => {
                    transition
                }
            };
            match wire::may(wire::state_read(state), transition) {
                Err(illegal) => Err(ReissuanceError::Illegal(illegal).into()),
                Ok(()) => Err(ReissuanceError::Busy.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn event(row: &Row, requester: &str, step: ReissuanceStep, said: Said) -> ReissuanceEvent {
    ReissuanceEvent {
        request: row.id.clone(),
        step,
        requester: requester.to_owned(),
        consent: said.consent,
        certificate_sha256: view::fingerprint(row),
        reason: wire::reason_recorded(row.facts.reason),
        old_unit: row.facts.old_unit.as_ref().map(wire::unit_recorded),
        new_unit: row.facts.new_unit.as_ref().map(wire::unit_recorded),
        requested_subject: row.facts.requested_subject.clone(),
        answer: said.answer,
        document_sha256: said.document,
        issued_sha256: said.issued,
        code: said.code,
    }
}

/// The request as the tables have it now.
///
/// # Errors
/// [`ReissuanceError::Unknown`].
pub(super) fn known(app: &App, request: &str) -> Result<Row, ApiError> {
    let found = table::row(&app.store.connection(), request)?;
    found.ok_or_else(|| ReissuanceError::Unknown.into())
}

/// Checks, from the journal's state, that a request may take a transition now.
///
/// # Errors
/// [`ReissuanceError::Unknown`], [`ReissuanceError::Illegal`]; where journal or tables fail.
pub(super) fn check(
    app: &App,
    request: &str,
    transition: ReissuanceTransition,
) -> Result<Row, ApiError> {
    projection::catch_up(app)?;
    let row = known(app, request)?;
    wire::may(view::state(&row), transition).map_err(ReissuanceError::Illegal)?;
    Ok(row)
}

/// Withdraws a request. One that is withdrawn stays so, which makes a repeated wish harmless.
///
/// # Errors
/// [`ReissuanceError`]; where journal or tables fail.
pub(crate) fn withdraw(
    app: &App,
    caller: &Caller,
    request: &str,
) -> Result<ReissuanceRequest, ApiError> {
    let _act = Act::begin(app, request)?;
    projection::catch_up(app)?;
    if view::state(&known(app, request)?) != ReissuanceState::Withdrawn {
        let requester = caller.peer.requester();
        transition(app, request, &requester, ReissuanceTransition::Withdrawn, Said::default())?;
    }
    view::show(app, request, caller.lang)
}
