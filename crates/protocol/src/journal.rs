//! The journal over the API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /v1/journal/entries`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JournalEntries {
    /// How many records the journal holds.
    pub size: u64,
    /// Records from `?from=` on, at most `?limit=` of them.
    pub entries: Vec<JournalEntry>,
    /// Index from which to go on, where there is more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<u64>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JournalEntry {
    /// Its index, from 0.
    pub index: u64,
    /// When it was written.
    pub time: String,
    /// `intent`, `outcome`, `interrupted` or `reissuance`.
    pub kind: String,
    /// The leaf as it is hashed, in JSON.
    pub leaf: serde_json::Value,
    /// Plain values that the leaf holds only as salted hashes.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty", default)]
    #[schema(value_type = Object)]
    pub plain: serde_json::Map<String, serde_json::Value>,
    /// Index of the record that ended this intent, where it has ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_by: Option<u64>,
}

/// `GET /v1/journal/checkpoint` as JSON; `text/plain` gives the note itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalCheckpoint {
    /// The journal's origin line.
    pub origin: String,
    /// How many records the signed tree has.
    pub size: u64,
    /// Its root hash (RFC 6962), hexadecimal.
    pub root: String,
    /// The signed note (C2SP `tlog-checkpoint`).
    pub note: String,
    /// The key that verifies it.
    pub key: String,
}
