//! `/healthz`, `/readyz` and `/metrics`.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use kyso_protocol::{Health, ReadinessCheck};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::ApiError;
use crate::meters;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// Whether the daemon answers at all.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "health",
    tag = "daemon",
    responses((status = 200, description = "it answers", body = Health)),
)]
async fn healthz() -> axum::Json<Health> {
    axum::Json(Health { status: "ok".to_owned(), checks: Vec::new() })
}

/// Whether it can record and so sign: journal, own tables, spool.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readiness",
    tag = "daemon",
    responses(
        (status = 200, description = "it can work", body = Health),
        (status = 503, description = "it cannot; `checks` says why", body = Health),
    ),
)]
async fn readyz(State(app): State<App>) -> Result<Response, ApiError> {
    let checks = app.blocking(|app| Ok::<_, ApiError>(checks(app))).await?;
    let ok = checks.iter().all(|check| check.ok);
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let health = Health { status: if ok { "ok" } else { "failing" }.to_owned(), checks };
    Ok((status, axum::Json(health)).into_response())
}

/// Metrics in Prometheus' text format.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "daemon",
    responses((status = 200, description = "Prometheus text format", content_type = "text/plain", body = String)),
)]
async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let text = app.blocking(|app| Ok::<_, ApiError>(meters::render(app))).await?;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn checks(app: &App) -> Vec<ReadinessCheck> {
    let journal = app
        .journal
        .reader()
        .head()
        .map(drop)
        .map_err(ApiError::from)
        .and_then(|()| writable(&app.settings().journal));
    let store = app.store.transaction(|_| Ok(())).map_err(ApiError::from);
    let spool = app.spool.check().map_err(ApiError::from);
    [("journal", journal), ("store", store), ("spool", spool)]
        .map(|(name, outcome)| ReadinessCheck {
            name: name.to_owned(),
            ok: outcome.is_ok(),
            code: outcome.err().map(|error| error.document(kyso_protocol::Lang::En).code),
        })
        .into()
}

/// Whether this process may write the file; what it holds is the journal's own concern.
fn writable(path: &std::path::Path) -> Result<(), ApiError> {
    let opened = std::fs::OpenOptions::new().write(true).open(path);
    opened.map(drop).map_err(|error| {
        kyso_journal::JournalError::Inaccessible { path: path.to_owned(), kind: error.kind() }
            .into()
    })
}
