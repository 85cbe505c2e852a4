//! `/v1/journal`: records, checkpoint, proofs, the whole bundle, and its verification.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use kyso_journal::{ExportOptions, JournalError, KindFilter, VerifierKey, verify_in_place};
use kyso_protocol::{
    JournalCheckpoint, JournalEntries, JournalEntry, JournalReport, JournalVerification, Problem,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::{ApiError, ReadError};
use crate::extract::{self, Path, Query};
use crate::journal_view::{self, Wanted};
use crate::stream::Piped;

/// Records of one answer where the request does not say.
const USUAL_RECORDS: u32 = 100;

/// Most records of one answer.
const MOST_RECORDS: u32 = 1_000;

/// What is signed by the journal's own key and read by people: a note, a proof.
const NOTE: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The export's lines.
const BUNDLE: HeaderValue = HeaderValue::from_static("application/jsonl; charset=utf-8");

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(entries))
        .routes(routes!(entry))
        .routes(routes!(checkpoint))
        .routes(routes!(proof))
        .routes(routes!(export))
        .routes(routes!(verify))
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EntriesQuery {
    /// First index.
    #[serde(default)]
    from: u64,
    /// How many at most: 1 to 1,000.
    #[serde(default = "usual_records")]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
    /// Of which kind: `intent`, `open-intent`, `outcome`, `interrupted` or `reissuance`.
    #[param(inline)]
    kind: Option<Kind>,
    /// Of this operation: its intents and how they ended.
    operation: Option<String>,
    /// Of this reissuance request.
    request: Option<String>,
}

const fn usual_records() -> u32 {
    USUAL_RECORDS
}

#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Intent,
    OpenIntent,
    Outcome,
    Interrupted,
    Reissuance,
}

impl From<Kind> for KindFilter {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Intent => Self::Intents,
            Kind::OpenIntent => Self::OpenIntents,
            Kind::Outcome => Self::Outcomes,
            Kind::Interrupted => Self::Interruptions,
            Kind::Reissuance => Self::Reissuance,
        }
    }
}

/// Records in their order. An answer may hold fewer than `limit` and still give `next`: a search looks at a bounded
/// number of records at once.
#[utoipa::path(
    get, path = "/v1/journal/entries", tag = "journal", operation_id = "listJournalEntries", params(EntriesQuery),
    responses(
        (status = 200, description = "The records", body = JournalEntries),
        (status = 400, description = "A parameter is not understood", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn entries(
    State(app): State<App>,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<JournalEntries>, ApiError> {
    if query.limit == 0 || query.limit > MOST_RECORDS {
        return Err(ReadError::LimitOutOfRange { limit: query.limit, most: MOST_RECORDS }.into());
    }
    let wanted = Wanted {
        from: query.from,
        limit: query.limit,
        kind: query.kind.map_or(KindFilter::All, KindFilter::from),
        operation: query.operation,
        request: query.request,
    };
    app.blocking(move |app| journal_view::search(app.journal.reader(), &wanted)).await.map(Json)
}

/// One record, its leaf as it was hashed.
#[utoipa::path(
    get, path = "/v1/journal/entries/{index}", tag = "journal", operation_id = "showJournalEntry",
    params(("index" = u64, Path, description = "Index of the record, from 0")),
    responses(
        (status = 200, description = "The record", body = JournalEntry),
        (status = 400, description = "The index is no number", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such record", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn entry(
    State(app): State<App>,
    Path(index): Path<String>,
) -> Result<Json<JournalEntry>, ApiError> {
    let index = parse_index(&index)?;
    let found = app.blocking(move |app| {
        let reader = app.journal.reader();
        match reader.entry(index)? {
            Some(entry) => Ok(journal_view::entry(&entry)),
            None => Err(ApiError::from(ReadError::NoSuchEntry { index, size: reader.head()?.0 })),
        }
    });
    found.await.map(Json)
}

/// The tree head, signed; a fresh one where the last does not cover every record.
#[utoipa::path(
    get, path = "/v1/journal/checkpoint", tag = "journal", operation_id = "journalCheckpoint",
    responses(
        (status = 200, description = "The signed head; with `Accept: text/plain` the C2SP note alone", content(
            (JournalCheckpoint = "application/json"),
            (String = "text/plain"),
        )),
        (status = 503, description = "The journal cannot be read or signed", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn checkpoint(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let view = app.blocking(|app| {
        let signed = app.journal.checkpoint()?;
        let key = app.journal.reader().verifier_key();
        Ok::<_, ApiError>(journal_view::checkpoint(&signed, key))
    });
    let view = view.await?;
    Ok(if wants_text(&headers) {
        ([(header::CONTENT_TYPE, NOTE)], view.note).into_response()
    } else {
        Json(view).into_response()
    })
}

/// The receipt of a record (C2SP `tlog-proof@v1`), its leaf included, under a checkpoint of now.
#[utoipa::path(
    get, path = "/v1/journal/proofs/{index}", tag = "journal", operation_id = "journalProof",
    params(("index" = u64, Path, description = "Index of the record, from 0")),
    responses(
        (status = 200, description = "The receipt", body = String, content_type = "text/plain"),
        (status = 400, description = "The index is no number", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such record", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal cannot be read or signed", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn proof(State(app): State<App>, Path(index): Path<String>) -> Result<Response, ApiError> {
    let index = parse_index(&index)?;
    let text = app.blocking(move |app| match app.journal.prove(index) {
        Ok(receipt) => Ok(receipt.to_string()),
        Err(JournalError::NoSuchEntry { index, size }) => {
            Err(ApiError::from(ReadError::NoSuchEntry { index, size }))
        }
        Err(error) => Err(error.into()),
    });
    Ok(([(header::CONTENT_TYPE, NOTE)], text.await?).into_response())
}

/// What goes into an export.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// Whether plain names and their salts go along.
    #[serde(default)]
    names: bool,
}

/// All records in one file that is verified offline, streamed.
#[utoipa::path(
    get, path = "/v1/journal/export", tag = "journal", operation_id = "exportJournal", params(ExportQuery),
    responses(
        (status = 200, description = "The bundle: JSON lines", body = String, content_type = "application/jsonl",
            headers(("Content-Disposition" = String, description = "a name for the file"))),
        (status = 400, description = "A parameter is not understood", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal cannot be read or signed", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn export(
    State(app): State<App>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let options = ExportOptions { names: query.names };
    let piped = Piped::start(move |out| app.journal.export(out, options).map(drop));
    let body = piped.body().await?;
    let name = HeaderValue::from_static("attachment; filename=\"kyso-journal.jsonl\"");
    let headers = [(header::CONTENT_TYPE, BUNDLE), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}

/// Verifies the whole journal, and that it continues a checkpoint that the caller kept.
#[utoipa::path(
    post, path = "/v1/journal/verifications", tag = "journal", operation_id = "verifyJournal", request_body = JournalVerification,
    responses(
        (status = 200, description = "What was found; `intact` is the verdict", body = JournalReport),
        (status = 400, description = "The request or the key is malformed", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The key is another journal's", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The journal cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn verify(
    State(app): State<App>,
    extract::Json(asked): extract::Json<JournalVerification>,
) -> Result<Json<JournalReport>, ApiError> {
    let found = app.blocking(move |app| {
        let reader = app.journal.reader();
        let key = asked
            .key
            .map(|key| key.parse::<VerifierKey>().map_err(ReadError::KeyMalformed))
            .transpose()?;
        if key.as_ref().is_some_and(|key| key != reader.verifier_key()) {
            let found = Box::new(reader.verifier_key().clone());
            return Err(ApiError::from(ReadError::OtherKey { found }));
        }
        let report = verify_in_place(reader, key.as_ref(), asked.checkpoint.as_deref())?;
        Ok(journal_view::report(&report))
    });
    found.await.map(Json)
}

fn parse_index(text: &str) -> Result<u64, ApiError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number beyond 64 bits is a number all the same, of no record.
    digits.then(|| text.parse().unwrap_or(u64::MAX)).ok_or_else(|| ReadError::IndexMalformed.into())
}

/// Whether plain text is asked for before JSON.
fn wants_text(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| {
        accept.split(',').find_map(|range| match range.split(';').next()?.trim() {
            "text/plain" | "text/*" => Some(true),
            "application/json" | "application/*" | "*/*" => Some(false),
            _ => None,
        }) == Some(true)
    })
}
