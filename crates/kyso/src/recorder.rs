//! The door between signing and the journal: no outcome receipt, no released signature.
//!
//! A [`Recorder`] makes two things durable, in this order: the *intent* before the token signs and
//! the *outcome* before anyone else sees the signature. [`Released`] can be built only from an
//! [`OutcomeReceipt`] whose outcome names exactly the bytes that are released.

use core::fmt;

use kyso_x509::{Digest, DigestAlgorithm};
use serde::{Deserialize, Serialize};

/// A SHA-256 value as it stands in a record.
pub type Sha256 = [u8; 32];

/// What somebody asks to have signed, as it is written down before the token is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Who asks: a process and its user for the command line, a peer or an origin for a daemon.
    pub requester: String,
    /// SHA-256 of the document's bytes as received.
    pub document_sha256: Sha256,
    /// The document's file name, without folders; the recorder salts and hashes it.
    pub document_name: String,
    /// SHA-256 of the signer's certificate (DER).
    pub certificate_sha256: Sha256,
    /// Serial number of the token; empty for a key file, whose key the certificate names.
    pub token_serial: String,
    /// Signature algorithm in the standard's words, such as `ecdsa-with-SHA256`.
    pub mechanism: String,
    /// Signature format and level, such as `PAdES-B-B`.
    pub format: String,
    /// The caller's name for this piece of work, such as `<batch>/<item>`: by it a restarted caller
    /// finds what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// How, and under which id, the person or a policy agreed, such as `pinentry <id>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
}

/// Names an intent that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IntentId(pub u64);

/// How an act ended, as it is written down before anything is released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// The token signed; the file to be released is complete on disk under its temporary name.
    Signed {
        /// SHA-256 of the signature value that the token returned.
        signature_sha256: Sha256,
        /// SHA-256 of the whole file that is released.
        released_sha256: Sha256,
    },
    /// A signature got time-stamps or validation data; the file to be released is complete on disk under its
    /// temporary name. No key was asked.
    Extended {
        /// SHA-256 of the time-stamp token that was added last, as received; none where only validation data was.
        timestamp_sha256: Option<Sha256>,
        /// SHA-256 of the whole file that is released.
        released_sha256: Sha256,
    },
    /// The act failed before anything could be released.
    Failed {
        /// A stable, short code such as `pin-incorrect`; never prose, never a secret.
        code: String,
    },
    /// The requester withdrew.
    Cancelled,
}

/// Proof that an outcome is durable and part of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeReceipt {
    /// The intent that this outcome ends.
    pub intent: IntentId,
    /// Position of the outcome's record in the journal, from 0.
    pub entry: u64,
    /// The outcome as recorded.
    pub outcome: Outcome,
}

/// Writes intents and outcomes down; implemented by the journal.
///
/// Both calls return only when everything passed in is durable (one commit a call), and write
/// nothing when they fail.
pub trait Recorder: Send + Sync {
    /// Makes intents durable, in order; one id each.
    ///
    /// # Errors
    /// [`RecorderError`]; no intent of the group is then recorded and nothing may be signed.
    fn intend(&self, intents: &[Intent]) -> Result<Vec<IntentId>, RecorderError>;

    /// Makes outcomes durable, in order; one receipt each.
    ///
    /// # Errors
    /// [`RecorderError`]; no outcome of the group is then recorded and nothing may be released.
    fn conclude(
        &self,
        outcomes: &[(IntentId, Outcome)],
    ) -> Result<Vec<OutcomeReceipt>, RecorderError>;
}

/// Why a record could not be written.
#[derive(Debug)]
pub enum RecorderError {
    /// The store refused the write: unwritable, full, or damaged.
    Unwritable(Box<dyn std::error::Error + Send + Sync>),
    /// The intent is not known or already has an outcome.
    NotOpen(IntentId),
}

impl fmt::Display for RecorderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwritable(source) => write!(f, "the journal cannot be written: {source}"),
            Self::NotOpen(id) => write!(f, "intent {} is not open in the journal", id.0),
        }
    }
}

impl std::error::Error for RecorderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unwritable(source) => Some(source.as_ref()),
            Self::NotOpen(_) => None,
        }
    }
}

/// A value that may leave the library because the journal holds its outcome.
///
/// Nobody outside can make one, so no caller can pass the journal by:
///
/// ```compile_fail,E0451
/// # use kyso::recorder::{IntentId, Outcome, OutcomeReceipt, Released};
/// let receipt = OutcomeReceipt { intent: IntentId(0), entry: 0, outcome: Outcome::Cancelled };
/// let forged = Released { value: "signature", receipt };
/// ```
#[derive(Debug)]
pub struct Released<T> {
    value: T,
    receipt: OutcomeReceipt,
}

impl<T> Released<T> {
    /// Releases `value`, whose bytes hash to `released`, against its receipt.
    ///
    /// # Errors
    /// [`NotRecorded`] when the receipt is for a failure or for other bytes.
    pub(crate) fn against(
        receipt: OutcomeReceipt,
        value: T,
        released: &Digest,
    ) -> Result<Self, NotRecorded> {
        match &receipt.outcome {
            Outcome::Signed { released_sha256, .. } | Outcome::Extended { released_sha256, .. }
                if released.algorithm() == DigestAlgorithm::Sha256
                    && released.as_bytes() == released_sha256 =>
            {
                Ok(Self { value, receipt })
            }
            _ => Err(NotRecorded { intent: receipt.intent }),
        }
    }

    /// The receipt that allowed the release.
    pub fn receipt(&self) -> &OutcomeReceipt {
        &self.receipt
    }

    /// The released value.
    pub fn value(&self) -> &T {
        &self.value
    }
}

/// The journal's receipt does not stand for the bytes that were to be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotRecorded {
    /// The intent whose receipt did not match.
    pub intent: IntentId,
}

impl fmt::Display for NotRecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the receipt of intent {} does not stand for these bytes", self.intent.0)
    }
}

impl std::error::Error for NotRecorded {}
