//! `GET /openapi.json`.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{self, App};

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    // A tree of strings and maps always has a JSON form.
    Bytes::from(app::description().to_json().unwrap_or_default())
});

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(description))
}

/// The description of this API.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "description",
    tag = "daemon",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = serde_json::Value)),
)]
async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone()).into_response()
}
