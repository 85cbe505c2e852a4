//! Long work: an operation, its states, and how a person is asked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Problem;

/// How the person at the desk is asked to agree and to type the PIN; the PIN itself never crosses the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "via", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Consent {
    /// On this terminal of the same user.
    Terminal {
        /// Absolute path of the terminal device, as `ttyname(3)` gives it.
        tty: String,
    },
    /// By the desktop's pinentry.
    Pinentry {
        /// `DISPLAY`, else the daemon's own.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        display: Option<String>,
        /// `WAYLAND_DISPLAY`, else the daemon's own.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        wayland_display: Option<String>,
        /// A terminal for pinentries that need one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        tty: Option<String>,
    },
    /// By the administrator's policy file, without a person.
    Policy {},
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OperationKind {
    /// One signature.
    Signature,
    /// Many signatures with one consent.
    Batch,
    /// The signed file of a reissuance request.
    ReissuanceExport,
    /// A person's agreement to submit a reissuance request.
    ReissuanceSubmission,
}

/// Where an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OperationState {
    /// Accepted, not begun.
    Queued,
    /// Another act holds the token.
    WaitingForToken,
    /// The person is asked whether to sign.
    WaitingForConsent,
    /// The person is asked for the PIN.
    WaitingForPin,
    /// Signing.
    Running,
    /// Stopped for a while; `pause` says why.
    Paused,
    /// Done.
    Succeeded,
    /// It failed; `problem` says why. A batch whose items failed in part has succeeded.
    Failed,
    /// The client withdrew it.
    Cancelled,
    /// The person said no.
    Denied,
    /// The person did not answer in time.
    TimedOut,
    /// The daemon ended while it was under way and nothing was released.
    Interrupted,
}

impl OperationState {
    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Queued
            | Self::WaitingForToken
            | Self::WaitingForConsent
            | Self::WaitingForPin
            | Self::Running
            | Self::Paused => false,
            Self::Succeeded
            | Self::Failed
            | Self::Cancelled
            | Self::Denied
            | Self::TimedOut
            | Self::Interrupted => true,
        }
    }
}

/// Why a batch stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PauseReason {
    /// The client asked for it.
    Requested,
    /// The token is gone; work goes on when the same one returns.
    TokenRemoved,
    /// A token with another serial number lies in its place.
    OtherToken,
    /// The daemon was restarted; the person must agree to go on by giving the PIN again.
    Restarted,
    /// The PIN was not given, or was wrong.
    PinNeeded,
    /// The PKCS#11 module failed again and again.
    ModuleFailed,
    /// The journal cannot be written, so nothing may be signed.
    JournalUnwritable,
}

/// Where the journal holds the act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalPosition {
    /// Index of the record that proves it; its receipt is at `/v1/journal/proofs/{index}`.
    pub entry: u64,
}

/// `GET /v1/operations/{id}`, and the data of its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    /// Its id (UUID).
    pub id: String,
    /// What it does.
    pub kind: OperationKind,
    /// Where it is.
    pub state: OperationState,
    /// When it was accepted.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<Problem>,
    /// What a person should know, such as that the revocation status was not checked.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
    /// The journal's record of how it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub journal: Option<JournalPosition>,
    /// Where the result is fetched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<String>,
    /// SHA-256 of the result.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result_sha256: Option<String>,
    /// File name that suits the result.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result_name: Option<String>,
    /// Format and level of what was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<String>,
}
