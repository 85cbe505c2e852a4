//! `/v1/reissuance-requests`: drafts, submission, Form 04, its signed export, the authority's answer.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kyso_protocol::{
    AnswerRequest, ExportRequest, NewReissuanceRequest, Operation, Problem, ReissuanceList,
    ReissuanceRequest, ReissuanceState, SubmitRequest,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Caller;
use crate::error::{ApiError, ReadError};
use crate::extract::{Json as Body, Path, Query};
use crate::reissuance::{self, FormFormat, wire};
use crate::store::reissuance::Wanted;

/// Requests of one answer where the request does not say.
const USUAL: u32 = 100;

/// Most requests of one answer.
const MOST: u32 = 1_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show))
        .routes(routes!(submit))
        .routes(routes!(export))
        .routes(routes!(form))
        .routes(routes!(answer))
        .routes(routes!(cancel))
}

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// In this state.
    #[param(inline)]
    state: Option<ReissuanceState>,
    /// For this certificate (SHA-256, hexadecimal).
    certificate: Option<String>,
    /// How many at most: 1 to 1,000.
    #[serde(default = "usual")]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
}

const fn usual() -> u32 {
    USUAL
}

/// Requests, newest first.
#[utoipa::path(
    get, path = "/v1/reissuance-requests", tag = "reissuance", operation_id = "listReissuanceRequests",
    params(ListQuery),
    responses(
        (status = 200, description = "The requests", body = ReissuanceList),
        (status = 400, description = "A parameter is not understood", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal or the tables cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<ReissuanceList>, ApiError> {
    if query.limit == 0 || query.limit > MOST {
        return Err(ReadError::LimitOutOfRange { limit: query.limit, most: MOST }.into());
    }
    let wanted = Wanted {
        state: query.state.map(|state| wire::state_word(state).to_owned()),
        certificate: query.certificate.map(|hash| hash.to_ascii_lowercase()),
        limit: query.limit,
    };
    app.blocking(move |app| reissuance::list(app, &wanted, caller.lang).map(Json)).await
}

/// Makes a draft; nobody is asked. Everything that is wrong with the request is told at once, in `errors`.
#[utoipa::path(
    post, path = "/v1/reissuance-requests", tag = "reissuance", operation_id = "createReissuanceRequest",
    request_body = NewReissuanceRequest,
    params(("Idempotency-Key" = String, Header, description = "One key for one request")),
    responses(
        (status = 201, description = "The draft", body = ReissuanceRequest, headers(("Location" = String, description = "The request"))),
        (status = 400, description = "Malformed, or without a key", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is an open request for the certificate, or the same key is in flight", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The request is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal or the tables cannot be written", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewReissuanceRequest>,
) -> Result<Response, ApiError> {
    app.blocking(move |app| {
        let id = caller.allocated.to_string();
        let made = reissuance::create(app, &caller, &id, new)?;
        let location = format!("/v1/reissuance-requests/{id}");
        Ok::<_, ApiError>(
            (StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response(),
        )
    })
    .await
}

/// One request with its history; each event's receipt is at `/v1/journal/proofs/{journal_entry}`.
#[utoipa::path(
    get, path = "/v1/reissuance-requests/{id}", tag = "reissuance", operation_id = "showReissuanceRequest",
    params(("id" = String, Path, description = "Id of the request")),
    responses(
        (status = 200, description = "The request", body = ReissuanceRequest),
        (status = 404, description = "There is no such request", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal or the tables cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ReissuanceRequest>, ApiError> {
    app.blocking(move |app| reissuance::show(app, &id, caller.lang).map(Json)).await
}

/// Asks the person, who is shown the change attribute by attribute, and submits the draft.
#[utoipa::path(
    post, path = "/v1/reissuance-requests/{id}/submit", tag = "reissuance", operation_id = "submitReissuanceRequest",
    request_body = SubmitRequest,
    params(
        ("id" = String, Path, description = "Id of the request"),
        ("Idempotency-Key" = String, Header, description = "One key for one attempt"),
    ),
    responses(
        (status = 202, description = "The person is being asked", body = Operation, headers(("Location" = String, description = "The operation"))),
        (status = 400, description = "Malformed, or without a key", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such request", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The request's state does not allow it, or an operation on it is under way", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Its dossier is not here", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal or the tables cannot be written", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn submit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<SubmitRequest>,
) -> Result<Response, ApiError> {
    app.blocking(move |app| reissuance::submit(app, &caller, &id, asked).map(accepted)).await
}

/// Signs Form 04 as an attached CAdES file, by the certificate's own key or by another credential where that is lost; the
/// result is the operation's.
#[utoipa::path(
    post, path = "/v1/reissuance-requests/{id}/export", tag = "reissuance", operation_id = "exportReissuanceRequest",
    request_body = ExportRequest,
    params(
        ("id" = String, Path, description = "Id of the request"),
        ("Idempotency-Key" = String, Header, description = "One key for one attempt"),
    ),
    responses(
        (status = 202, description = "The person is being asked", body = Operation, headers(("Location" = String, description = "The operation"))),
        (status = 400, description = "Malformed, or without a key", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such request", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The request's state does not allow it, or an operation on it is under way", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No such credential, or the dossier is not here", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal or the tables cannot be written", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn export(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<ExportRequest>,
) -> Result<Response, ApiError> {
    app.blocking(move |app| reissuance::export(app, &caller, &id, asked).map(accepted)).await
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FormQuery {
    /// `json` (the bytes that an export signs), `text` or `csv`.
    #[serde(default)]
    #[param(inline)]
    format: FormFormat,
}

/// The data of Form 04, to look at before it is signed.
#[utoipa::path(
    get, path = "/v1/reissuance-requests/{id}/form04", tag = "reissuance", operation_id = "showForm04",
    params(("id" = String, Path, description = "Id of the request"), FormQuery),
    responses(
        (status = 200, description = "The form", content(
            (serde_json::Value = "application/json"), (String = "text/plain"), (String = "text/csv"),
        )),
        (status = 400, description = "A parameter is not understood", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such request", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Its dossier is not here", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal or the tables cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn form(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(FormQuery { format }): Query<FormQuery>,
) -> Result<Response, ApiError> {
    let bytes = app.blocking(move |app| reissuance::form(app, &id, format)).await?;
    let media_type = HeaderValue::from_static(format.media_type());
    Ok(([(header::CONTENT_TYPE, media_type)], bytes).into_response())
}

/// Imports the authority's answer: a certificate, which is held against the request, or a refusal.
#[utoipa::path(
    post, path = "/v1/reissuance-requests/{id}/answer", tag = "reissuance", operation_id = "answerReissuanceRequest",
    request_body = AnswerRequest,
    params(
        ("id" = String, Path, description = "Id of the request"),
        ("Idempotency-Key" = String, Header, description = "One key for one answer"),
    ),
    responses(
        (status = 200, description = "The request, answered", body = ReissuanceRequest),
        (status = 400, description = "Malformed, or without a key", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such request", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "No answer is awaited, or an operation is under way", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The certificate is no answer to this request", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal or the tables cannot be written", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn answer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(told): Body<AnswerRequest>,
) -> Result<Json<ReissuanceRequest>, ApiError> {
    app.blocking(move |app| reissuance::answer(app, &caller, &id, &told).map(Json)).await
}

/// Withdraws a request that is not answered yet; nobody is asked.
#[utoipa::path(
    post, path = "/v1/reissuance-requests/{id}/cancel", tag = "reissuance", operation_id = "cancelReissuanceRequest",
    params(
        ("id" = String, Path, description = "Id of the request"),
        ("Idempotency-Key" = String, Header, description = "One key for one wish"),
    ),
    responses(
        (status = 200, description = "The request, withdrawn", body = ReissuanceRequest),
        (status = 400, description = "Without a key", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such request", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is answered, or an operation is under way", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal or the tables cannot be written", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ReissuanceRequest>, ApiError> {
    app.blocking(move |app| reissuance::withdraw(app, &caller, &id).map(Json)).await
}

fn accepted(operation: Operation) -> Response {
    let location = format!("/v1/operations/{}", operation.id);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(operation)).into_response()
}
