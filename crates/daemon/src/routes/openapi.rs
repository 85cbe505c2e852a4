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
    let mut document = serde_json::to_value(app::description()).unwrap_or_default();
    leave_bytes_alone(&mut document);
    every_request_may_be_refused(&mut document);
    Bytes::from(document.to_string())
});

/// Takes the schema from every content that is neither JSON nor text: bytes have none (OpenAPI 3.1 §4.8.14.3), and the generator
/// would call them a list of numbers.
fn leave_bytes_alone(value: &mut serde_json::Value) {
    use serde_json::Value;
    if let Some(content) = value.get_mut("content").and_then(Value::as_object_mut) {
        let bytes = |kind: &str| !kind.ends_with("json") && !kind.starts_with("text/");
        for (_, media) in content.iter_mut().filter(|(kind, _)| bytes(kind)) {
            media.as_object_mut().map(|media| media.remove("schema"));
        }
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(leave_bytes_alone),
        Value::Array(items) => items.iter_mut().for_each(leave_bytes_alone),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What stands before every route refuses with statuses that its own description need not repeat.
fn every_request_may_be_refused(document: &mut serde_json::Value) {
    let refusal = serde_json::json!({
        "description": "Refused before the route: a browser's request (403), another user or host (421), a body, content type \
                        or key that does not fit (400, 408, 413, 415), or a fault of the daemon's (500)",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let paths = document.get_mut("paths").and_then(serde_json::Value::as_object_mut);
    let items = paths.into_iter().flat_map(|paths| paths.values_mut());
    for operation in
        items.filter_map(serde_json::Value::as_object_mut).flat_map(|item| item.values_mut())
    {
        if let Some(responses) = operation.get_mut("responses") {
            responses["default"] = refusal.clone();
        }
    }
}

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
