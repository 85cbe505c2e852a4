//! RFC 9457 problem documents.

use core::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `Content-Type` of a problem document (RFC 9457 §3).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error as a person and a program need it: what happened, why, what to do, and a code that never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:kyso:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:kyso:problem:pin-incorrect")]
    pub kind: String,
    /// What happened, in the language asked for.
    pub title: String,
    /// The HTTP status code.
    #[schema(example = 422)]
    pub status: u16,
    /// Why.
    pub detail: String,
    /// What to do about it.
    #[serde(rename = "userAction")]
    pub user_action: String,
    /// Stable code, for programs.
    #[schema(example = "pin-incorrect")]
    pub code: String,
    /// Whether the same request may succeed later, unchanged.
    pub retryable: bool,
    /// The resource that the problem is about, where it has an address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance: Option<String>,
    /// Each single thing that is wrong with the request, where they are told apart.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<ProblemError>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemError {
    /// Stable code, for programs.
    #[schema(example = "subject-too-long")]
    pub code: String,
    /// The member of the request, with dots where it lies deeper.
    #[schema(example = "requested_subject")]
    pub member: String,
    /// What is wrong with it, in the language asked for.
    pub detail: String,
}

impl Problem {
    /// A problem of this code in its three parts; 400 and not retryable until said otherwise.
    #[must_use]
    pub fn new(
        code: &str,
        title: impl Into<String>,
        detail: impl Into<String>,
        user_action: impl Into<String>,
    ) -> Self {
        Self {
            kind: format!("urn:kyso:problem:{code}"),
            title: title.into(),
            status: 400,
            detail: detail.into(),
            user_action: user_action.into(),
            code: code.to_owned(),
            retryable: false,
            instance: None,
            errors: Vec::new(),
        }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same, said to be worth another try.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// The same, about this resource.
    #[must_use]
    pub fn about(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)
    }
}

impl std::error::Error for Problem {}
