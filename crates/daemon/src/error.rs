//! Why a request was refused: one closed enum, one place where it becomes a problem document (RFC 9457).

mod batch;
mod consent;
mod credential;
mod document;
mod idempotency;
mod operation;
mod plane;
mod read;
mod reissuance;
mod request;
mod state;

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kyso::recorder::RecorderError;
use kyso::sign::SignError;
use kyso_journal::JournalError;
use kyso_protocol::{Lang, PROBLEM_MEDIA_TYPE, Problem};
use kyso_token::TokenError;

pub(crate) use batch::BatchError;
pub(crate) use consent::{ConsentError, TerminalFault};
pub(crate) use credential::CredentialError;
pub(crate) use document::DocumentRefusal;
pub(crate) use idempotency::KeyRefusal;
pub(crate) use operation::OperationError;
pub(crate) use plane::Plane;
pub(crate) use read::ReadError;
pub(crate) use reissuance::{ReissuanceError, Wrong};
pub(crate) use request::RequestError;
pub(crate) use state::StateError;

use crate::store::StoreError;
use crate::{explain, text};

/// A refusal.
///
/// As a response it carries itself; the outermost layer writes it in the caller's language, so that handlers need only `?`.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// A credential's.
    Credential(CredentialError),
    /// Consent's.
    Consent(ConsentError),
    /// An operation's.
    Operation(OperationError),
    /// A signature request's.
    Request(RequestError),
    /// The plane's.
    Plane(Plane),
    /// A document's.
    Document(DocumentRefusal),
    /// The idempotency key's.
    Key(KeyRefusal),
    /// Why something cannot be read or verified.
    Read(ReadError),
    /// A reissuance request's.
    Reissuance(ReissuanceError),
    /// A file of the state folder cannot be written.
    State(StateError),
    /// The journal cannot be written or read.
    Journal(JournalError),
    /// The daemon's own tables cannot be written or read.
    Store(StoreError),
    /// The token's.
    Token(TokenError),
    /// Signing's.
    Sign(SignError),
    /// A batch's.
    Batch(BatchError),
}

/// A refusal in words.
pub(crate) struct Told {
    /// The text in three parts.
    pub(crate) problem: text::Problem,
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// Whether another try may succeed.
    pub(crate) retryable: bool,
}

impl Told {
    fn new(
        status: StatusCode,
        code: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { problem: text::Problem::new(code, what, why, remedy), status, retryable: false }
    }

    fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }
}

impl ApiError {
    /// The problem document in this language.
    pub(crate) fn document(&self, lang: Lang) -> Problem {
        let Told { problem, status, retryable } = self.told(lang);
        let mut document = Problem::new(&problem.code, problem.what, problem.why, problem.remedy)
            .with_status(status.as_u16());
        document.retryable = retryable;
        if let Self::Reissuance(error) = self {
            document.errors = error.errors(lang);
            document.instance = error.instance();
        }
        document
    }

    fn told(&self, lang: Lang) -> Told {
        let (problem, status, retryable) = match self {
            Self::Batch(error) => return error.told(lang),
            Self::Credential(error) => return error.told(lang),
            Self::Consent(error) => return error.told(lang),
            Self::Operation(error) => return error.told(lang),
            Self::Request(error) => return error.told(lang),
            Self::Plane(error) => return error.told(lang),
            Self::Document(error) => return error.told(lang),
            Self::Key(error) => return error.told(lang),
            Self::Read(error) => return error.told(lang),
            Self::Reissuance(error) => return error.told(lang),
            Self::State(error) => return error.told(lang),
            Self::Journal(error) => (
                explain::journal::explain(error, std::path::Path::new(""), lang),
                StatusCode::SERVICE_UNAVAILABLE,
                true,
            ),
            Self::Store(error) => (error.explain(lang), StatusCode::SERVICE_UNAVAILABLE, true),
            Self::Token(error) => {
                (explain::token::explain(error, lang), StatusCode::UNPROCESSABLE_ENTITY, true)
            }
            Self::Sign(error) => {
                (explain::sign::explain(error, lang), StatusCode::UNPROCESSABLE_ENTITY, false)
            }
        };
        Told { problem, status, retryable }
    }

    /// The stable code, as the journal records it.
    pub(crate) fn code(&self) -> String {
        self.told(Lang::En).problem.code.into_owned()
    }
}

impl From<Plane> for ApiError {
    fn from(error: Plane) -> Self {
        Self::Plane(error)
    }
}

impl From<DocumentRefusal> for ApiError {
    fn from(error: DocumentRefusal) -> Self {
        Self::Document(error)
    }
}

impl From<KeyRefusal> for ApiError {
    fn from(error: KeyRefusal) -> Self {
        Self::Key(error)
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<ReissuanceError> for ApiError {
    fn from(error: ReissuanceError) -> Self {
        Self::Reissuance(error)
    }
}

impl From<StateError> for ApiError {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl From<JournalError> for ApiError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<SignError> for ApiError {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

impl From<CredentialError> for ApiError {
    fn from(error: CredentialError) -> Self {
        Self::Credential(error)
    }
}

impl From<ConsentError> for ApiError {
    fn from(error: ConsentError) -> Self {
        Self::Consent(error)
    }
}

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        Self::Operation(error)
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<RecorderError> for ApiError {
    fn from(error: RecorderError) -> Self {
        Self::Sign(SignError::Recorder(std::sync::Arc::new(error)))
    }
}

/// The refusal that a response stands for, until it is written.
#[derive(Clone)]
pub(crate) struct Refused(pub(crate) Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Refused(Arc::new(self)));
        response
    }
}

/// The refusal as a problem document.
pub(crate) fn written(error: &ApiError, lang: Lang) -> Response {
    let document = error.document(lang);
    let status = StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(document)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
    response
}
