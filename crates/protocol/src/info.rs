//! What the daemon says of itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /v1/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Info {
    /// `kyso`.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// Version of the API: `v1`.
    pub api: String,
    /// The plane on which the caller came: `native`.
    pub plane: String,
    /// The daemon's process number.
    pub pid: u32,
    /// When the daemon started.
    pub started_at: String,
    /// How consent is asked for where a request does not say: `terminal`, `pinentry`, `policy` or `none`.
    pub consent: String,
    /// Signature formats that can be asked for.
    pub formats: Vec<String>,
    /// Bounds on requests.
    pub limits: Limits,
    /// The journal's verifier key (C2SP `signed-note`), to be kept elsewhere.
    pub journal_key: String,
}

/// Bounds on what a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Most bytes of one document.
    pub document_bytes: u64,
    /// Most bytes of all documents held at once.
    pub spool_bytes: u64,
    /// Most bytes of a request that is not a document.
    pub request_bytes: u64,
    /// Most items of one batch.
    pub batch_items: usize,
    /// Most connections at once.
    pub connections: usize,
}

/// `GET /healthz` and `GET /readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok` or `failing`.
    pub status: String,
    /// What was looked at; empty for `/healthz`.
    pub checks: Vec<ReadinessCheck>,
}

/// One thing that must work before the daemon can sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadinessCheck {
    /// `journal`, `store` or `spool`.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// Code of the failure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
}
