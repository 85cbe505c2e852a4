//! `POST /v1/signatures`: one document, one signature.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use kyso_protocol::{Operation, OperationKind, Problem, SignatureRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::engine::consent::Asking;
use crate::engine::signing::{Plan, SourceFile};
use crate::error::{ApiError, OperationError, RequestError};
use crate::extract::Json;
use crate::tokens;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign))
}

/// Asks for a signature; the person is asked while the operation runs.
///
/// Document, options and certificate are checked before anybody is asked. Every request that is accepted is in the journal
/// before the question is asked, and so is how it ended: agreed to and signed, denied, not answered, withdrawn or failed.
#[utoipa::path(
    post,
    path = "/v1/signatures",
    operation_id = "sign",
    tag = "signatures",
    params(("Idempotency-Key" = String, Header, description = "the client's name for this request")),
    request_body = SignatureRequest,
    responses(
        (status = 202, description = "accepted", body = Operation,
            headers(("Location" = String, description = "the operation"))),
        (status = 400, description = "malformed", content_type = "application/problem+json", body = Problem),
        (status = 404, description = "no such document", content_type = "application/problem+json", body = Problem),
        (status = 409, description = "the key's first request is in flight", content_type = "application/problem+json", body = Problem),
        (status = 413, description = "too large", content_type = "application/problem+json", body = Problem),
        (status = 415, description = "not JSON", content_type = "application/problem+json", body = Problem),
        (status = 422, description = "it cannot be signed so, or the key was used for another request", content_type = "application/problem+json", body = Problem),
        (status = 429, description = "too many operations are under way", content_type = "application/problem+json", body = Problem),
        (status = 503, description = "journal or tables cannot be written, or the daemon ends", content_type = "application/problem+json", body = Problem),
    ),
)]
async fn sign(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<SignatureRequest>,
) -> Result<Response, ApiError> {
    let operation = app.blocking(move |app| accept(app, &caller, request)).await?;
    let location = format!("/v1/operations/{}", operation.id);
    let headers = [(header::LOCATION, location)];
    Ok((StatusCode::ACCEPTED, headers, axum::Json(operation)).into_response())
}

fn accept(app: &App, caller: &Caller, request: SignatureRequest) -> Result<Operation, ApiError> {
    let unknown = || RequestError::DocumentUnknown { id: request.document.clone() };
    let id = Uuid::parse_str(&request.document).map_err(|_| unknown())?;
    let document = app.store.document(&id)?.ok_or_else(unknown)?;
    Asking::check(app, caller, request.consent.as_ref())?;
    let credential = tokens::resolve(app, request.credential.as_deref())?;
    let file = SourceFile { path: app.document_path(&id), name: document.name };
    let target = app.result_path(&caller.allocated, 0);
    let plan = Plan::check(app, &credential, file, &request.options, target)?;
    if plan.inspection.sha256 != document.sha256 {
        return Err(RequestError::DocumentChanged.into());
    }
    let consent = request.consent.clone();
    let Ok(request) = serde_json::to_value(&request) else {
        return Err(OperationError::Fault.into());
    };
    let asks = caller.clone();
    app.operations().start(app, OperationKind::Signature, caller, request, move |app, handle| {
        plan.ask_and_sign(app, handle, &asks, consent.as_ref())
    })
}
