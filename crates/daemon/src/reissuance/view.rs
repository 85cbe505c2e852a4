//! A request as the API shows it: from tables and dossier.

use kyso::recorder::Sha256;
use kyso_protocol::{Lang, ReissuanceList, ReissuanceRequest, ReissuanceState};

use super::dossier::Dossier;
use super::{projection, record, wire};
use crate::app::App;
use crate::clock;
use crate::error::ApiError;
use crate::store::reissuance::{self as table, Row, Wanted};

/// One request.
///
/// # Errors
/// [`crate::error::ReissuanceError::Unknown`]; where journal or tables fail.
pub(crate) fn show(app: &App, request: &str, lang: Lang) -> Result<ReissuanceRequest, ApiError> {
    projection::catch_up(app)?;
    of_row(app, record::known(app, request)?, lang)
}

/// Requests, newest first.
///
/// # Errors
/// Where journal or tables fail.
pub(crate) fn list(app: &App, wanted: &Wanted, lang: Lang) -> Result<ReissuanceList, ApiError> {
    projection::catch_up(app)?;
    let rows = table::rows(&app.store.connection(), wanted)?;
    let requests = rows.into_iter().map(|row| of_row(app, row, lang)).collect::<Result<_, _>>()?;
    Ok(ReissuanceList { requests })
}

fn of_row(app: &App, row: Row, lang: Lang) -> Result<ReissuanceRequest, ApiError> {
    let history = table::events(&app.store.connection(), &row.id)?;
    let state = state(&row);
    let mut request = ReissuanceRequest {
        id: row.id.clone(),
        state,
        certificate: row.certificate,
        reason: row.facts.reason,
        old_unit: row.facts.old_unit,
        new_unit: row.facts.new_unit,
        // It stands in the dossier alone, as personal data do.
        email: None,
        // The journal holds no present subject: it stands in the dossier's certificate.
        present_subject: String::new(),
        requested_subject: row.facts.requested_subject,
        diff: Vec::new(),
        person: None,
        history,
        issued: row.facts.issued,
        refusal: row.facts.refusal,
        warnings: Vec::new(),
        created_at: clock::rfc3339(row.created_at),
        updated_at: clock::rfc3339(row.updated_at),
    };
    if let Some(dossier) = Dossier::find(app, &row.id)? {
        request.present_subject = dossier.certificate()?.subject().to_string();
        let stated = dossier.request()?;
        request.email = stated.email().map(str::to_owned);
        request.diff = wire::diff(stated.diff());
        request.warnings = dossier.warnings(lang);
        request.person = dossier.person;
    }
    Ok(request)
}

/// A row's state; the tables hold only words that the journal gave.
pub(super) fn state(row: &Row) -> ReissuanceState {
    const ALL: [ReissuanceState; 5] = [
        ReissuanceState::Draft,
        ReissuanceState::Submitted,
        ReissuanceState::Exported,
        ReissuanceState::Answered,
        ReissuanceState::Withdrawn,
    ];
    // A word that is none ends the request: nothing may follow it.
    ALL.into_iter()
        .find(|state| wire::state_word(*state) == row.state)
        .unwrap_or(ReissuanceState::Withdrawn)
}

/// SHA-256 of a row's certificate.
pub(super) fn fingerprint(row: &Row) -> Sha256 {
    let mut hash = [0; 32];
    // The tables hold what the journal's 32 bytes were written as.
    if hex::decode_to_slice(&row.certificate, &mut hash).is_err() {
        tracing::error!("a certificate's hash in the tables is malformed");
    }
    hash
}
