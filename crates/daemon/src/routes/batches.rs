//! `/v1/batches`: declare, watch, pause, resume, cancel, fetch.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use kyso_protocol::{
    Batch, BatchEvent, BatchItem, BatchItems, BatchRequest, Consent, ItemState, Problem,
};
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::engine::batch;
use crate::error::{ApiError, BatchError};
use crate::extract::{Id, Json, Path, Query};
use crate::store::items;
use crate::store::operations::OperationRow;

/// Items of a page where the request does not say.
const PAGE: usize = 1_000;

/// Items that a stream of events reads at once: all that it holds of a batch.
const AT_ONCE: usize = 256;

/// A comment keeps an idle stream's connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The routes of batches.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(declare))
        .routes(routes!(show))
        .routes(routes!(list_items))
        .routes(routes!(show_item))
        .routes(routes!(result))
        .routes(routes!(events))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(cancel))
}

/// Declares a batch: all documents with their hashes, one consent for exactly these.
#[utoipa::path(
    post, path = "/v1/batches", operation_id = "declareBatch", tag = "batches",
    params(("Idempotency-Key" = String, Header, description = "The client's name for this request")),
    request_body = BatchRequest,
    responses(
        (status = 202, body = Batch, description = "Accepted and durable", headers(("Location" = String, description = "The batch"))),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Malformed, or the Idempotency-Key is missing"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The same request is in flight"),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "More items or bytes than are taken"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A document, hash, credential or option is wrong; the problem names the item"),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "Too many operations are under way"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Journal, tables or disk cannot be written"),
    )
)]
async fn declare(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<BatchRequest>,
) -> Result<Response, ApiError> {
    let batch = app.blocking(move |app| batch::accept(app, &caller, request)).await?;
    let place = format!("/v1/batches/{}", batch.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Answer(batch)).into_response())
}

/// A batch as it stands.
#[utoipa::path(
    get, path = "/v1/batches/{id}", operation_id = "showBatch", tag = "batches",
    params(("id" = String, Path, description = "The batch's id")),
    responses(
        (status = 200, body = Batch, description = "As it stands"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such batch"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The tables cannot be read"),
    )
)]
async fn show(State(app): State<App>, Path(Id(id)): Path<Id>) -> Result<Answer<Batch>, ApiError> {
    app.blocking(move |app| batch::snapshot(app, &id.to_string())).await.map(Answer)
}

/// Which items are listed.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// First number; 0 where absent.
    #[serde(default)]
    from: usize,
    /// How many at most, up to 1,000, which is meant where it is absent.
    limit: Option<usize>,
    /// Only those in this state.
    state: Option<ItemState>,
}

/// A batch's items, in their order.
#[utoipa::path(
    get, path = "/v1/batches/{id}/items", operation_id = "listBatchItems", tag = "batches",
    params(("id" = String, Path, description = "The batch's id"), Wanted),
    responses(
        (status = 200, body = BatchItems, description = "A page of items"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter is malformed"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such batch"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The tables cannot be read"),
    )
)]
async fn list_items(
    State(app): State<App>,
    Path(Id(id)): Path<Id>,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<BatchItems>, ApiError> {
    app.blocking(move |app| {
        let id = id.to_string();
        batch::snapshot(app, &id)?;
        let limit = wanted.limit.unwrap_or(PAGE).clamp(1, PAGE);
        let connection = app.store.connection();
        // One more tells whether there is another page.
        let mut found = items::page(&connection, &id, wanted.from, limit + 1, wanted.state)?;
        let next = (found.len() > limit).then(|| found.pop().map(|item| item.number)).flatten();
        let items = found.into_iter().map(|item| batch::shown(&id, item)).collect();
        Ok::<_, ApiError>(BatchItems { items, next })
    })
    .await
    .map(Answer)
}

/// One item.
#[utoipa::path(
    get, path = "/v1/batches/{id}/items/{number}", operation_id = "showBatchItem", tag = "batches",
    params(("id" = String, Path, description = "The batch's id"), ("number" = u64, Path, description = "The item's number, from 0")),
    responses(
        (status = 200, body = BatchItem, description = "As it stands"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such batch or item"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The tables cannot be read"),
    )
)]
async fn show_item(
    State(app): State<App>,
    Path(at): Path<(Id, usize)>,
) -> Result<Answer<BatchItem>, ApiError> {
    let (Id(id), number) = at;
    app.blocking(move |app| {
        let id = id.to_string();
        Ok::<_, ApiError>(batch::shown(&id, item(app, &id, number)?))
    })
    .await
    .map(Answer)
}

fn item(app: &App, id: &str, number: usize) -> Result<items::Item, ApiError> {
    let found = items::item(&app.store.connection(), id, number)?;
    match found {
        Some(item) => Ok(item),
        None => {
            batch::snapshot(app, id)?;
            Err(BatchError::ItemUnknown { item: number }.into())
        }
    }
}

/// The signed file of an item.
#[utoipa::path(
    get, path = "/v1/batches/{id}/items/{number}/result", operation_id = "fetchBatchResult", tag = "batches",
    params(("id" = String, Path, description = "The batch's id"), ("number" = u64, Path, description = "The item's number, from 0")),
    responses(
        (status = 200, body = [u8], content_type = "application/octet-stream", description = "The signed file", headers(("Content-Digest" = String, description = "RFC 9530, sha-256"), ("ETag" = String, description = "Its SHA-256"))),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such batch or item"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The item has no result, or none yet"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The tables cannot be read"),
    )
)]
async fn result(State(app): State<App>, Path(at): Path<(Id, usize)>) -> Result<Response, ApiError> {
    let (Id(id), number) = at;
    let (path, sha256) = app
        .blocking(move |app| {
            let found = item(app, &id.to_string(), number)?;
            let sha256 = found.result.ok_or(BatchError::ResultNotThere { item: number })?;
            Ok::<_, ApiError>((app.result_path(&id, number), sha256))
        })
        .await?;
    // Once released it is not replaced; after retention both row and file are gone.
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|_gone| BatchError::ResultNotThere { item: number })?;
    let len = file.metadata().await.map(|data| data.len()).ok();
    let body = axum::body::Body::from_stream(tokio_util::io::ReaderStream::new(file));
    let digest = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(sha256)
    };
    let mut response = (
        [
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            (header::HeaderName::from_static("content-digest"), format!("sha-256=:{digest}:")),
            (header::ETAG, format!("\"{}\"", hex::encode(sha256))),
        ],
        body,
    )
        .into_response();
    if let Some(len) = len {
        response.headers_mut().insert(header::CONTENT_LENGTH, len.into());
    }
    Ok(response)
}

/// Lets a batch stand still after the items in hand; again is the same.
#[utoipa::path(
    post, path = "/v1/batches/{id}/pause", operation_id = "pauseBatch", tag = "batches",
    params(("id" = String, Path, description = "The batch's id")),
    responses(
        (status = 202, body = Batch, description = "It comes to rest, or stands still already"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such batch"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It has ended"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The tables cannot be written"),
    )
)]
async fn pause(
    State(app): State<App>,
    Path(Id(id)): Path<Id>,
) -> Result<(StatusCode, Answer<Batch>), ApiError> {
    let batch = app.blocking(move |app| batch::pause(app, &id.to_string())).await?;
    Ok((StatusCode::ACCEPTED, Answer(batch)))
}

/// How a batch is resumed.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResumeRequest {
    /// How the person is asked for the PIN; else as before.
    #[serde(default)]
    consent: Option<Consent>,
}

/// Lets a batch go on with what is pending; the PIN is asked for again. Again is the same.
#[utoipa::path(
    post, path = "/v1/batches/{id}/resume", operation_id = "resumeBatch", tag = "batches",
    params(("id" = String, Path, description = "The batch's id")),
    request_body = ResumeRequest,
    responses(
        (status = 202, body = Batch, description = "It goes on"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Malformed"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such batch"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It has ended, or has items in hand since it was asked to pause"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A member is wrong"),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "Too many operations are under way"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The tables cannot be written"),
    )
)]
async fn resume(
    State(app): State<App>,
    caller: Caller,
    Path(Id(id)): Path<Id>,
    Json(request): Json<ResumeRequest>,
) -> Result<(StatusCode, Answer<Batch>), ApiError> {
    let batch = app
        .blocking(move |app| batch::resume(app, &id.to_string(), &caller, request.consent))
        .await?;
    Ok((StatusCode::ACCEPTED, Answer(batch)))
}

/// Withdraws what is not signed yet; what is signed stays. Again is the same.
#[utoipa::path(
    post, path = "/v1/batches/{id}/cancel", operation_id = "cancelBatch", tag = "batches",
    params(("id" = String, Path, description = "The batch's id")),
    responses(
        (status = 202, body = Batch, description = "It ends after the items in hand, or has ended so"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such batch"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It has ended otherwise"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The tables cannot be written"),
    )
)]
async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(Id(id)): Path<Id>,
) -> Result<(StatusCode, Answer<Batch>), ApiError> {
    let batch = app.blocking(move |app| batch::cancel(app, &id.to_string(), &caller)).await?;
    Ok((StatusCode::ACCEPTED, Answer(batch)))
}

/// A batch's events (Server-Sent Events): `item` for each item that ended, in the order in which they did, its place in that order as
/// id; `batch` with the whole where its state changed. With `Last-Event-ID` the stream goes on behind that item, also after a restart
/// of the daemon. It ends after the batch has.
#[utoipa::path(
    get, path = "/v1/batches/{id}/events", operation_id = "watchBatch", tag = "batches",
    params(
        ("id" = String, Path, description = "The batch's id"),
        ("Last-Event-ID" = Option<u64>, Header, description = "Id of the last event that was seen"),
    ),
    responses(
        (status = 200, body = BatchEvent, content_type = "text/event-stream", description = "Events `item` and `batch`"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Last-Event-ID is no number"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such batch"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The tables cannot be read"),
    )
)]
async fn events(
    State(app): State<App>,
    Path(Id(id)): Path<Id>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let seen = match headers.get("last-event-id") {
        None => 0,
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .ok_or(BatchError::LastEventIdMalformed)?,
    };
    // Heard from before the first look, so that nothing falls between.
    let changes = app.batches().listen(&id.to_string());
    app.blocking(move |app| batch::snapshot(app, &id.to_string())).await?;
    let telling = Telling {
        app,
        id,
        seen,
        told: None,
        waiting: Vec::new().into_iter(),
        changes,
        operation: None,
        over: false,
    };
    let events = stream::unfold(telling, |mut telling| async move {
        telling.next().await.map(|event| (Ok(event), telling))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// A stream of one batch's events; what it tells comes out of the tables, so that a client may be as slow as it likes.
struct Telling {
    app: App,
    id: Uuid,
    /// Place of the last item that was told.
    seen: u64,
    /// The batch as it was told last.
    told: Option<Batch>,
    waiting: std::vec::IntoIter<Event>,
    changes: watch::Receiver<u64>,
    /// Changes of the batch's operation, while it is under way.
    operation: Option<watch::Receiver<OperationRow>>,
    over: bool,
}

impl Telling {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.next() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            self.changes.mark_unchanged();
            self.operation = self.app.operations().watch(&self.id);
            match self.look().await {
                Ok(true) => {}
                Ok(false) => self.wait().await,
                // Gone after its retention, or not to be read: the client asks anew and is told why.
                Err(_) => return None,
            }
        }
    }

    /// Looks for something new; tells whether there was.
    async fn look(&mut self) -> Result<bool, ApiError> {
        let (id, seen) = (self.id.to_string(), self.seen);
        let (batch, ended) = self
            .app
            .blocking(move |app| {
                // The batch first: items that end meanwhile are told before its end is.
                let batch = batch::snapshot(app, &id)?;
                let ended = items::ended_after(&app.store.connection(), &id, seen, AT_ONCE)?;
                Ok::<_, ApiError>((batch, ended))
            })
            .await?;
        let mut events = Vec::with_capacity(ended.len() + 1);
        let more = ended.len() == AT_ONCE;
        for item in ended {
            let done = item.done.unwrap_or(self.seen);
            self.seen = done;
            let item = batch::shown(&self.id.to_string(), item);
            events.extend(event("item", &BatchEvent::Item(item)).map(|it| it.id(done.to_string())));
        }
        let changed = self.told.as_ref().is_none_or(|told| {
            (told.state, told.pause, &told.problem) != (batch.state, batch.pause, &batch.problem)
        });
        if changed && !more {
            self.over = batch.state.is_final();
            events.extend(event("batch", &BatchEvent::Batch(batch.clone())));
            self.told = Some(batch);
        }
        let new = !events.is_empty();
        self.waiting = events.into_iter();
        Ok(new)
    }

    /// Waits until something may be new.
    async fn wait(&mut self) {
        let operation = async {
            match &mut self.operation {
                Some(row) => drop(row.changed().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.changes.changed() => drop(changed),
            () = operation => {}
            () = self.app.stopping().cancelled() => self.over = true,
        }
    }
}

/// An event with this data; plain types are always written.
fn event(name: &str, data: &BatchEvent) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
