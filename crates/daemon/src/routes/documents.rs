//! `/v1/documents`: streamed to disk, hashed on the way.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use kyso_protocol::{Document, DocumentList, Problem};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::body;
use crate::clock;
use crate::digest::ContentDigest;
use crate::error::{ApiError, DocumentRefusal, Plane};
use crate::extract::{Id, Path, Query};
use crate::spool::{Hold, Part};
use crate::store::DocumentRow;

/// Longest file name of the usual file systems, in bytes.
const NAME: usize = 255;
/// Bytes gathered before they go to disk: a hand-over to a thread costs as much as writing some kilobytes.
const CHUNK: usize = 256 * 1024;
/// Most documents of one list.
const LIST: usize = 1000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload, list))
        .routes(routes!(document, delete))
        .routes(routes!(content))
}

/// The query of an upload.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// File name, as the client claims it.
    #[param(max_length = 255)]
    name: String,
}

/// Takes a document in.
#[utoipa::path(
    post,
    path = "/v1/documents",
    operation_id = "uploadDocument",
    tag = "documents",
    params(
        UploadQuery,
        ("Content-Digest" = String, Header, description = "RFC 9530: sha-256 or sha-512 of the body"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "taken", body = Document,
            headers(("Location" = String, description = "where it is"))),
        (status = 400, description = "name or digest unusable", content_type = "application/problem+json", body = Problem),
        (status = 408, description = "too slow", content_type = "application/problem+json", body = Problem),
        (status = 413, description = "too large", content_type = "application/problem+json", body = Problem),
        (status = 422, description = "the bytes are not what their digest says", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "the state folder cannot be written", content_type = "application/problem+json", body = Problem),
        (status = 507, description = "no room", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn upload(
    State(app): State<App>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let name = name(query.name)?;
    let declared = ContentDigest::of(&headers)?;
    let mut hold = app.spool.hold(app.settings().bounds.spool_bytes);
    let mut pieces = body.into_data_stream();
    let mut part: Option<Part> = None;
    let mut chunk = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(body::refusal)?;
        hold.grow(piece.len() as u64)?;
        chunk.extend_from_slice(&piece);
        if chunk.len() >= CHUNK {
            let (so_far, gathered, digest) =
                (part.take(), std::mem::take(&mut chunk), declared.clone());
            part = Some(app.blocking(move |app| write(app, so_far, digest, &gathered)).await?);
        }
    }
    let row = app
        .blocking(move |app| {
            let part = write(app, part, declared, &chunk)?;
            enter(app, part, name, hold)
        })
        .await?;
    let location = format!("/v1/documents/{}", row.id);
    let document = wire(&app, row);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(document)).into_response())
}

fn write(
    app: &App,
    part: Option<Part>,
    declared: ContentDigest,
    bytes: &[u8],
) -> Result<Part, DocumentRefusal> {
    let mut part = match part {
        Some(part) => part,
        None => Part::create(&app.spool, declared)?,
    };
    part.write(bytes)?;
    Ok(part)
}

/// The file first, then its row: what a crash leaves between is a stray that the next start deletes.
fn enter(app: &App, part: Part, name: String, hold: Hold) -> Result<DocumentRow, ApiError> {
    let (id, sha256, size) = part.finish()?;
    let row = DocumentRow { id, name, sha256, size, created_at: clock::unix_micros() };
    if let Err(error) = app.store.insert_document(&row) {
        app.spool.remove(&id, 0);
        return Err(error.into());
    }
    hold.keep();
    Ok(row)
}

/// The query of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Id after which the list begins.
    #[param(value_type = Option<String>)]
    after: Option<Id>,
    /// Most documents listed.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Lists the documents that wait.
#[utoipa::path(
    get,
    path = "/v1/documents",
    operation_id = "listDocuments",
    tag = "documents",
    params(ListQuery),
    responses(
        (status = 200, description = "oldest first", body = DocumentList),
        (status = 400, description = "query unusable", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn list(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<DocumentList>, ApiError> {
    let limit = query.limit.unwrap_or(LIST).clamp(1, LIST);
    let (mut rows, total_size) = app
        .blocking(move |app| {
            let rows = app.store.documents(query.after.map(|Id(id)| id).as_ref(), limit + 1)?;
            Ok::<_, ApiError>((rows, app.store.document_bytes()?))
        })
        .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let documents = rows.into_iter().map(|row| wire(&app, row)).collect();
    Ok(axum::Json(DocumentList { documents, next, total_size }))
}

/// One document's facts.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}",
    operation_id = "document",
    tag = "documents",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 200, description = "its facts", body = Document),
        (status = 404, description = "no such document", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn document(
    State(app): State<App>,
    Path(Id(id)): Path<Id>,
) -> Result<axum::Json<Document>, ApiError> {
    let row = found(&app, id).await?;
    Ok(axum::Json(wire(&app, row)))
}

/// One document's bytes.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/content",
    operation_id = "documentContent",
    tag = "documents",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 200, description = "its bytes", content_type = "application/octet-stream", body = Vec<u8>,
            headers(("Content-Digest" = String, description = "RFC 9530"))),
        (status = 404, description = "no such document", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "it cannot be read", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn content(State(app): State<App>, Path(Id(id)): Path<Id>) -> Result<Response, ApiError> {
    let row = found(&app, id).await?;
    let file = match tokio::fs::File::open(app.document_path(&id)).await {
        Ok(file) => file,
        // Deleted since.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Plane::NotFound.into());
        }
        Err(error) => return Err(DocumentRefusal::Disk(error).into()),
    };
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH.as_str(), row.size.to_string()),
        ("content-digest", ContentDigest::header(&row.sha256)),
    ];
    let body = Body::from_stream(ReaderStream::with_capacity(file, CHUNK));
    Ok((headers, body).into_response())
}

/// Deletes a document.
#[utoipa::path(
    delete,
    path = "/v1/documents/{id}",
    operation_id = "deleteDocument",
    tag = "documents",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 204, description = "it is gone"),
        (status = 404, description = "no such document", content_type = "application/problem+json", body = Problem),
        (status = 409, description = "an unfinished operation needs it", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn delete(State(app): State<App>, Path(Id(id)): Path<Id>) -> Result<StatusCode, ApiError> {
    app.blocking(move |app| {
        let row = app.store.document(&id)?.ok_or(Plane::NotFound)?;
        match app.store.delete_document(&id)? {
            None => Err(ApiError::from(Plane::NotFound)),
            Some(false) => Err(DocumentRefusal::InUse.into()),
            Some(true) => {
                app.spool.remove(&id, row.size);
                Ok(StatusCode::NO_CONTENT)
            }
        }
    })
    .await
}

async fn found(app: &App, id: Uuid) -> Result<DocumentRow, ApiError> {
    app.blocking(move |app| app.store.document(&id)).await?.ok_or_else(|| Plane::NotFound.into())
}

fn wire(app: &App, row: DocumentRow) -> Document {
    let kept = u64::try_from(app.settings().bounds.retention.as_micros()).unwrap_or(u64::MAX);
    Document {
        id: row.id.to_string(),
        sha256: hex::encode(row.sha256),
        size: row.size,
        name: row.name,
        created_at: clock::rfc3339(row.created_at),
        expires_at: clock::rfc3339(row.created_at.saturating_add(kept)),
    }
}

/// A name that a file could have; kept letter by letter as it came.
fn name(name: String) -> Result<String, DocumentRefusal> {
    let bad = |letter: char| letter.is_control() || matches!(letter, '/' | '\\');
    if name.is_empty() || name.len() > NAME || matches!(&*name, "." | "..") || name.contains(bad) {
        return Err(DocumentRefusal::NameUnusable { limit: NAME });
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_a_file_could_have() {
        for good in ["Công văn số 12.pdf", "a", &"x".repeat(255), "..."] {
            assert_eq!(name(good.to_owned()).expect("a good name"), good);
        }
        for bad in ["", ".", "..", "a/b", "a\\b", "a\nb", "\u{7f}", &"x".repeat(256)] {
            assert!(name(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
