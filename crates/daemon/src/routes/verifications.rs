//! `POST /v1/verifications`: what a signature is worth.
//!
//! The signed file is the body, or an uploaded document (`?document=`, with an empty body). The content of a detached
//! signature is an uploaded document (`?content=`). Bodies are verified in memory, without a temporary file, and so have
//! a bound of their own; larger files are uploaded first and read as streams.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use futures_util::StreamExt as _;
use kyso::validation::policy::Policy;
use kyso::verify::{Content, Options, verify_bytes, verify_file};
use kyso_protocol::{Problem, VerificationReport};
use kyso_x509::Time;
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::error::{ApiError, Plane, ReadError};
use crate::extract::Query;
use crate::{body, clock, report};

/// Most bytes verified in memory: a signed form or letter has some kilobytes, a CMS with a scanned letter a few megabytes.
pub(crate) const MOST_IN_MEMORY: u64 = 16 << 20;

/// Most bodies held at once; others wait. Bounds the memory by which a burst of large ones can grow.
const AT_ONCE: usize = 8;

/// Bodies up to this size need no turn: 200 clients of them take 13 MB.
const SMALL: usize = 64 << 10;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(verify))
}

/// How a file is verified.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VerifyQuery {
    /// `vn-public-service`, `vn-public-ca`, `eidas-like` or `integrity-only`; without one, that of the trust store.
    policy: Option<String>,
    /// The time at which it is judged, RFC 3339; now, where it is absent.
    time: Option<String>,
    /// Id of an uploaded document that is verified instead of a body.
    document: Option<String>,
    /// Id of an uploaded document that is the content of a detached signature.
    content: Option<String>,
    /// What the report calls a file that comes as the body.
    #[serde(default)]
    #[param(max_length = 255)]
    name: String,
}

/// Verifies every signature of a file. A bad signature is a result, not an error.
///
/// The trust stores of the daemon apply, with the CRLs and OCSP responses that they hold. Nothing is fetched: what is
/// missing is listed in `needs`.
#[utoipa::path(
    post, path = "/v1/verifications", tag = "verifications", operation_id = "verify", params(VerifyQuery),
    request_body(
        description = "The signed file; empty where `document` names one",
        content(
            (Vec<u8> = "application/pdf"), (Vec<u8> = "application/pkcs7-signature"),
            (Vec<u8> = "application/pkcs7-mime"), (Vec<u8> = "application/cms"),
            (Vec<u8> = "application/octet-stream"),
        ),
    ),
    responses(
        (status = 200, description = "The verdict", body = VerificationReport),
        (status = 400, description = "A parameter is not understood, or there is nothing to verify", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large to be verified as a body: upload it first", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not a signed file's content type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not a signed file, or a document is not there", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn verify(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<VerifyQuery>,
    body: Body,
) -> Result<Json<VerificationReport>, ApiError> {
    let policy = match query.policy.as_deref() {
        None => None,
        Some(name) => Some(Policy::built_in(name).ok_or(ReadError::PolicyUnknown)?),
    };
    let time = match query.time.as_deref() {
        None => clock::now(),
        Some(text) => text.parse().map_err(ReadError::TimeMalformed)?,
    };
    let validation_time = Time::from_unix_seconds(time.as_second());
    let (bytes, turn) = gathered(&app.verifications, body).await?;
    if bytes.is_empty() == query.document.is_none() {
        return Err(ReadError::NothingToVerify { both: query.document.is_some() }.into());
    }
    let report = app.blocking(move |app| {
        let _turn = turn;
        let content = match &query.content {
            None => None,
            Some(id) => Some(stored(app, "content", id)?.0),
        };
        let settings = app.settings();
        let content = content.as_deref().map(Content::File);
        let options = Options {
            trust: &settings.stores.trust,
            evidence: &settings.stores.evidence,
            policy: policy.as_ref(),
            validation_time,
            content,
            paths: None,
            password: None,
        };
        let report = match &query.document {
            None => verify_bytes(&bytes, &query.name, &options),
            Some(id) => {
                let (path, name) = stored(app, "document", id)?;
                verify_file(&path, &options).map(|mut report| {
                    report.file = name.into();
                    report
                })
            }
        };
        let report = report.map_err(|error| ReadError::Verify(Box::new(error)))?;
        Ok::<_, ApiError>(report::of_file(&report, caller.lang))
    });
    report.await.map(Json)
}

/// An uploaded document's path and name.
fn stored(
    app: &App,
    member: &'static str,
    id: &str,
) -> Result<(std::path::PathBuf, String), ApiError> {
    // What is no id names nothing.
    let unknown = || ReadError::DocumentUnknown { member };
    let id: Uuid = id.parse().map_err(|_no_uuid| unknown())?;
    let row = app.store.document(&id)?.ok_or_else(unknown)?;
    Ok((app.document_path(&id), row.name))
}

/// The whole body, and the turn that a large one took.
async fn gathered(
    turns: &Arc<Semaphore>,
    body: Body,
) -> Result<(Vec<u8>, Option<tokio::sync::OwnedSemaphorePermit>), ApiError> {
    let mut pieces = body.into_data_stream();
    let (mut whole, mut turn) = (Vec::new(), None);
    while let Some(piece) = pieces.next().await {
        let piece: Bytes = piece.map_err(body::refusal)?;
        if (whole.len() + piece.len()) as u64 > MOST_IN_MEMORY {
            return Err(Plane::BodyTooLarge { limit: MOST_IN_MEMORY }.into());
        }
        if turn.is_none() && whole.len() + piece.len() > SMALL {
            // Never closed, so it is always given.
            turn = Arc::clone(turns).acquire_owned().await.ok();
        }
        whole.extend_from_slice(&piece);
    }
    Ok((whole, turn))
}

/// Turns of large bodies.
pub(crate) fn turns() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}
