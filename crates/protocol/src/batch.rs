//! Batches: all hashes declared first, one consent for exactly these, a result for each.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Consent, JournalPosition, OperationState, PauseReason, Problem, SignatureOptions};

/// `POST /v1/batches`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// The documents, in order; a result has the number of its item, from 0.
    pub items: Vec<BatchItemRequest>,
    /// Which key, as in a signature request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credential: Option<String>,
    /// What is made of each.
    #[serde(default)]
    pub options: SignatureOptions,
    /// How the person is asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub consent: Option<Consent>,
}

/// One document of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchItemRequest {
    /// Id of a document.
    pub document: String,
    /// SHA-256 that the client expects it to have; another one refuses the whole batch.
    pub sha256: String,
}

/// `GET /v1/batches/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Batch {
    /// Its id (UUID), which is its operation's.
    pub id: String,
    /// Where it is.
    pub state: OperationState,
    /// Why it stands still, where it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pause: Option<PauseReason>,
    /// How many items are where.
    pub counts: BatchCounts,
    /// When it was accepted.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// Why it failed as a whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<Problem>,
    /// What a person should know.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
}

/// How many items of a batch are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchCounts {
    /// All.
    pub total: usize,
    /// Signed and released.
    pub signed: usize,
    /// Failed for good.
    pub failed: usize,
    /// Withdrawn before they were signed.
    pub cancelled: usize,
    /// Still to be done.
    pub pending: usize,
}

/// Where an item of a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// Still to be done.
    Pending,
    /// Signed and released.
    Signed,
    /// Failed for good.
    Failed,
    /// Withdrawn before it was signed.
    Cancelled,
}

/// One item's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchItem {
    /// Its number, from 0.
    pub number: usize,
    /// Id of its document.
    pub document: String,
    /// SHA-256 of its document.
    pub sha256: String,
    /// Where it is.
    pub state: ItemState,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<Problem>,
    /// The journal's record of how it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub journal: Option<JournalPosition>,
    /// Where the result is fetched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<String>,
    /// SHA-256 of the result.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result_sha256: Option<String>,
}

/// `GET /v1/batches/{id}/items`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchItems {
    /// Items from `?from=` on, at most `?limit=` of them (1,000 where absent).
    pub items: Vec<BatchItem>,
    /// Number of the first item that is not listed, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<usize>,
}

/// The data of a batch's events: the event `batch` carries the whole, the event `item` one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum BatchEvent {
    /// Event `item`.
    Item(BatchItem),
    /// Event `batch`.
    Batch(Batch),
}
