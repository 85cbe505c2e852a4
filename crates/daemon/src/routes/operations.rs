//! `/v1/operations`: where long work is, its events, its result, its end.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use kyso_protocol::{Operation, OperationKind, OperationState, Problem};
use serde::Deserialize;
use tokio::sync::watch;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::digest::ContentDigest;
use crate::engine::batch;
use crate::error::{ApiError, OperationError};
use crate::extract::{Id, Path, Query};
use crate::store::operations::{OperationRow, from_word};

/// Between two signs of life on an event stream without events.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(operation))
        .routes(routes!(events))
        .routes(routes!(result))
        .routes(routes!(cancel))
}

/// The query of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only operations in this state.
    #[param(value_type = Option<OperationState>)]
    state: Option<String>,
}

/// Lists operations, the newest first; at most 1,000.
#[utoipa::path(
    get,
    path = "/v1/operations",
    operation_id = "listOperations",
    tag = "operations",
    params(ListQuery),
    responses(
        (status = 200, description = "the operations", body = Vec<Operation>),
        (status = 400, description = "no such state", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "the tables cannot be read", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn list(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<Vec<Operation>>, ApiError> {
    let state = match query.state.as_deref() {
        None => None,
        Some(word) => Some(from_word(word).ok_or(OperationError::StateUnknown)?),
    };
    let rows = app.blocking(move |app| app.operations().list(app, state)).await?;
    Ok(axum::Json(rows.iter().map(OperationRow::operation).collect()))
}

/// Tells where an operation is.
#[utoipa::path(
    get,
    path = "/v1/operations/{id}",
    operation_id = "operation",
    tag = "operations",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 200, description = "where it is", body = Operation),
        (status = 404, description = "no such operation", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "the tables cannot be read", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn operation(
    State(app): State<App>,
    Path(Id(id)): Path<Id>,
) -> Result<axum::Json<Operation>, ApiError> {
    Ok(axum::Json(found(&app, id).await?.operation()))
}

/// Tells each change of an operation as it comes.
///
/// Events are named `operation` and carry it whole; their ids grow. `Last-Event-ID` leaves out what was told. The stream ends
/// after the state in which nothing more happens, and when the daemon ends.
#[utoipa::path(
    get,
    path = "/v1/operations/{id}/events",
    operation_id = "operationEvents",
    tag = "operations",
    params(
        ("id" = String, Path, description = "its id"),
        ("Last-Event-ID" = Option<String>, Header, description = "id of the last event that was read"),
    ),
    responses(
        (status = 200, description = "events named `operation`", content_type = "text/event-stream", body = String),
        (status = 404, description = "no such operation", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "the tables cannot be read", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn events(
    State(app): State<App>,
    Path(Id(id)): Path<Id>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // First the watch, then the row: what changes between is told twice rather than never.
    let watch = app.operations().watch(&id);
    let row = found(&app, id).await?;
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let follow = Follow {
        last: last.unwrap_or(0),
        ended: false,
        row: Some(row),
        watch,
        stopping: app.stopping().clone(),
    };
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    Ok(Sse::new(follow.stream()).keep_alive(heartbeat).into_response())
}

/// An operation as an event stream follows it.
struct Follow {
    /// Id of the last event told.
    last: u64,
    ended: bool,
    row: Option<OperationRow>,
    watch: Option<watch::Receiver<OperationRow>>,
    stopping: CancellationToken,
}

impl Follow {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, |mut follow| async move {
            let row = follow.next().await?;
            follow.last = row.updated_at;
            follow.ended = row.state.is_final();
            let data = serde_json::to_string(&row.operation()).unwrap_or_default();
            let event = Event::default().event("operation").id(row.updated_at.to_string());
            Some((Ok(event.data(data)), follow))
        })
    }

    /// The next state that was not told; `None` at the end.
    async fn next(&mut self) -> Option<OperationRow> {
        while !self.ended {
            if let Some(row) = self.row.take() {
                // An end is told also where a clock that was set back numbers it lower than what the client read before
                // a restart.
                let end = row.state.is_final();
                if row.updated_at > self.last || (end && row.updated_at != self.last) {
                    return Some(row);
                }
                self.ended = end;
                continue;
            }
            let watch = self.watch.as_mut()?;
            tokio::select! {
                () = self.stopping.cancelled(), if self.last > 0 => return None,
                changed = watch.changed() => changed.ok()?,
            }
            self.row = Some(watch.borrow_and_update().clone());
        }
        None
    }
}

/// Gives the released file.
#[utoipa::path(
    get,
    path = "/v1/operations/{id}/result",
    operation_id = "operationResult",
    tag = "operations",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 200, description = "the file", content_type = "application/octet-stream", body = Vec<u8>,
            headers(
                ("Content-Digest" = String, description = "RFC 9530"),
                ("ETag" = String, description = "its SHA-256"),
                ("Content-Disposition" = String, description = "the file name that suits it"),
            )),
        (status = 304, description = "the client has it"),
        (status = 404, description = "no such operation", content_type = "application/problem+json", body = Problem),
        (status = 409, description = "not done, or without a result", content_type = "application/problem+json", body = Problem),
        (status = 410, description = "it was deleted", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "the tables cannot be read", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn result(
    State(app): State<App>,
    Path(Id(id)): Path<Id>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let row = found(&app, id).await?;
    let state = row.state;
    if !state.is_final() {
        return Err(OperationError::NotDone { state }.into());
    }
    let file = row.detail.result.ok_or(OperationError::NoResult { state })?;
    released(&app, &id, 0, &file.sha256, &file.name, &headers).await
}

/// A released file with its digest, tag and name.
///
/// # Errors
/// [`OperationError::ResultGone`].
pub(crate) async fn released(
    app: &App,
    operation: &Uuid,
    number: usize,
    sha256: &[u8; 32],
    name: &str,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let tag = format!("\"{}\"", hex::encode(sha256));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known == "*" || known.split(',').any(|one| one.trim() == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let file = match tokio::fs::File::open(app.result_path(operation, number)).await {
        Ok(file) => file,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                tracing::error!(%error, "a result cannot be opened");
            }
            return Err(OperationError::ResultGone.into());
        }
    };
    let length = file.metadata().await.map_or(0, |metadata| metadata.len());
    let mut response = Body::from_stream(ReaderStream::with_capacity(file, CHUNK)).into_response();
    let fields = [
        (header::CONTENT_TYPE.as_str(), media_type(name).to_owned()),
        (header::CONTENT_LENGTH.as_str(), length.to_string()),
        (header::ETAG.as_str(), tag),
        ("content-digest", ContentDigest::header(sha256)),
        (header::CONTENT_DISPOSITION.as_str(), disposition(name)),
    ];
    for (field, value) in fields {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(field, value);
        }
    }
    Ok(response)
}

/// By the endings that results are named with.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("pdf") => "application/pdf",
        Some("p7s") => "application/pkcs7-signature",
        Some("p7m") => "application/pkcs7-mime",
        _ => "application/octet-stream",
    }
}

/// `Content-Disposition` (RFC 6266), the name by RFC 8187.
fn disposition(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename*=UTF-8''{encoded}")
}

/// Withdraws an operation: an open question is taken back; what is signed already stays.
#[utoipa::path(
    post,
    path = "/v1/operations/{id}/cancel",
    operation_id = "cancelOperation",
    tag = "operations",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 200, description = "it is withdrawn", body = Operation),
        (status = 202, description = "it will end soon", body = Operation),
        (status = 404, description = "no such operation", content_type = "application/problem+json", body = Problem),
        (status = 409, description = "it has ended otherwise", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "the tables cannot be written", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(Id(id)): Path<Id>,
) -> Result<Response, ApiError> {
    let withdrawn = move |app: &App| {
        let found = app.operations().row(app, &id)?;
        match found {
            // Its items end with it, each recorded.
            Some(row) if row.kind == OperationKind::Batch => {
                batch::cancel(app, &id.to_string(), &caller)?;
                Ok(app.operations().row(app, &id)?.unwrap_or(row))
            }
            _ => app.operations().cancel(app, &id),
        }
    };
    let row = app.blocking(withdrawn).await?;
    let status = if row.state.is_final() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, axum::Json(row.operation())).into_response())
}

async fn found(app: &App, id: Uuid) -> Result<OperationRow, ApiError> {
    let row = app.blocking(move |app| app.operations().row(app, &id)).await?;
    row.ok_or_else(|| OperationError::Unknown.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_into_headers_whatever_they_are() {
        assert_eq!(
            disposition("đơn \"1\".pdf"),
            "attachment; filename*=UTF-8''%C4%91%C6%A1n%20%221%22.pdf"
        );
        assert!(HeaderValue::try_from(disposition("a\r\nb")).is_ok());
        assert_eq!(media_type("a.p7s"), "application/pkcs7-signature");
    }
}
