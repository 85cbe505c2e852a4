//! Documents that wait for a signature, and signed ones that wait to be fetched.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A document that the daemon holds, as it answers to `POST /v1/documents`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    /// Its id (UUID).
    pub id: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
    /// The file name that the client claims.
    pub name: String,
    /// When it came.
    pub created_at: String,
    /// When it is deleted, unless an operation still needs it.
    pub expires_at: String,
}

/// `GET /v1/documents`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentList {
    /// The documents after `?after=`, oldest first, at most `?limit=` of them (1,000 where absent).
    pub documents: Vec<Document>,
    /// The `?after=` with which the list goes on, where there is more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
    /// Bytes of all documents together.
    pub total_size: u64,
}
