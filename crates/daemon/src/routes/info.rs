//! `GET /v1/info`.

use axum::extract::State;
use kyso_protocol::{Info, Limits};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::clock;
use crate::settings::DefaultConsent;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(info))
}

/// What the daemon says of itself.
#[utoipa::path(
    get,
    path = "/v1/info",
    operation_id = "info",
    tag = "daemon",
    responses((status = 200, description = "name, version, limits", body = Info)),
)]
async fn info(State(app): State<App>) -> axum::Json<Info> {
    let settings = app.settings();
    let bounds = settings.bounds;
    axum::Json(Info {
        name: "kyso".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: "v1".to_owned(),
        plane: "native".to_owned(),
        pid: std::process::id(),
        started_at: clock::rfc3339(app.started_at),
        consent: match settings.consent {
            DefaultConsent::Pinentry => "pinentry",
            DefaultConsent::Policy => "policy",
            DefaultConsent::None => "none",
        }
        .to_owned(),
        formats: ["pades", "cades"].map(str::to_owned).to_vec(),
        limits: Limits {
            document_bytes: bounds.document_bytes,
            spool_bytes: bounds.spool_bytes,
            request_bytes: bounds.request_bytes,
            batch_items: bounds.batch_items,
            connections: bounds.connections,
        },
        journal_key: app.journal.reader().verifier_key().to_string(),
    })
}
