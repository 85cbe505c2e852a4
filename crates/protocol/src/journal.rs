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

/// `POST /v1/journal/verifications`: checks the whole journal, against what the caller kept elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JournalVerification {
    /// A signed note that left the machine before; the journal must continue it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// The journal's verifier key as the caller knows it; absent, the journal's own is taken and the report says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What a verification of the journal found: also what `kyso journal verify --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalReport {
    /// Whether every record is there, unaltered and in order, and every checkpoint verifies.
    pub intact: bool,
    /// How many records were read.
    pub entries: u64,
    /// Root hash over them (RFC 6962), hexadecimal.
    pub root: String,
    /// Size of the checkpoint by which they were measured.
    pub checkpoint_size: Option<u64>,
    /// Records behind it, under no signature yet.
    pub after_checkpoint: u64,
    /// Records whose time is earlier than that of the record before.
    pub clock_steps_back: u64,
    /// Whether the key was the caller's and not taken from the journal itself.
    pub key_is_trusted: bool,
    /// Size of the caller's checkpoint, where the records continue it.
    pub continues: Option<u64>,
    /// Intents.
    pub intents: u64,
    /// Outcomes `signed`.
    pub signed: u64,
    /// Outcomes `extended`.
    pub extended: u64,
    /// Outcomes `failed`.
    pub failed: u64,
    /// Outcomes `cancelled`.
    pub cancelled: u64,
    /// Intents whose process died before an outcome.
    pub interrupted: u64,
    /// Their indices, the first 1,000.
    pub interrupted_intents: Vec<u64>,
    /// Intents without an outcome: acts under way.
    pub open: u64,
    /// Their indices, the first 1,000.
    pub open_intents: Vec<u64>,
    /// Steps of reissuance requests.
    pub reissuance: u64,
    /// What does not fit, the first 100.
    pub findings: Vec<String>,
    /// How many more there were.
    pub more_findings: u64,
}
