//! What a leaf says, and its canonical form.
//!
//! A leaf is one JSON object in RFC 8785's canonical form, restricted to objects, text and integers
//! up to 2^53 − 1. Every leaf has `kind`, `sequence` (its index, from 0) and `time` (Unix
//! microseconds); the rest is by kind:
//!
//! | kind | members |
//! |---|---|
//! | `intent` | `certificate`, `document`: SHA-256 in hex; `format`, `mechanism`, `requester`, `token`: text; `name`: hex of `SHA-256(salt \|\| document name)`; `owner`: `{boot, pid, started}`; `consent`, `operation`: text or absent |
//! | `outcome` | `intent`: the index it ends; `result`: `signed` with `released` and `signature` (SHA-256 in hex), `extended` with `released` and, where one was added, `timestamp` (SHA-256 in hex), `failed` with `code`, or `cancelled` |
//! | `interrupted` | `intent`: the index whose owner died without an outcome |
//! | `reissuance` | `request`, `requester`: text; `transition`, `state` after it, `reason`: names; `attempted`: a transition's name, where `transition` tells how an attempt ended; `certificate`: SHA-256 in hex; `requested_subject`: a salted hash in hex; or absent: `consent`, `code`: text; `document`, `issued`: SHA-256 in hex; `answer`: a salted hash in hex; `old_unit`, `new_unit`: `{code, valid_from}` or `{text}` with a salted hash in hex |
//!
//! Salt (16 random bytes) and plain name stand beside the leaf, so that a leaf can be published
//! without the name and the name still be proved later; so do the texts of a reissuance record, each
//! hashed with a salt of its own ([`member_salt`](crate::member_salt)). Readers keep leaves of kinds they do not
//! know as [`Record::Opaque`].

use kyso::recorder::{Intent, Outcome, Sha256};
use ring::digest::{Context, SHA256};
use serde::Deserialize;

use crate::canonical::Object;
use crate::owner::Owner;
use crate::reissuance::ReissuanceTexts;

mod reissuance;

pub use reissuance::{ReissuanceRecord, UnitRecord};

/// Length of the salt before a document's name.
pub const SALT_BYTES: usize = 16;

/// Random bytes that keep a document's name from being guessed by its hash.
pub type Salt = [u8; SALT_BYTES];

/// What stands beside a leaf in plain words, with its salt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    /// A document's name, beside an intent.
    Name(String),
    /// The texts of a reissuance record.
    Texts(ReissuanceTexts),
}

/// The plain words beside a leaf with their salt.
pub(crate) type Side = Option<(Plain, Salt)>;

/// `SHA-256(salt || name)`: what a leaf says about a document's name.
pub fn name_hash(salt: &Salt, name: &str) -> Sha256 {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    context.update(name.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// One leaf, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Index in the journal, from 0.
    pub sequence: u64,
    /// Unix microseconds by the writer's clock.
    pub time: u64,
    /// What is recorded.
    pub record: Record,
}

/// What a leaf records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Somebody asked for a signature; durable before the token was asked.
    Intent(IntentRecord),
    /// How an intent ended; durable before anything was released.
    Outcome {
        /// Index of the intent that it ends.
        intent: u64,
        /// The outcome.
        outcome: Outcome,
    },
    /// The process that owned an intent died before it recorded an outcome.
    Interrupted {
        /// Index of the intent that it ends.
        intent: u64,
    },
    /// A step of a request to have a certificate reissued.
    Reissuance(Box<ReissuanceRecord>),
    /// A record of a kind that this version does not know.
    Opaque {
        /// Its kind.
        kind: String,
    },
}

/// An intent as a leaf holds it; the plain name is replaced by its salted hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentRecord {
    /// Who asked.
    pub requester: String,
    /// SHA-256 of the document's bytes as received.
    pub document_sha256: Sha256,
    /// [`name_hash`] of the document's name.
    pub name_hash: Sha256,
    /// SHA-256 of the signer's certificate (DER).
    pub certificate_sha256: Sha256,
    /// Serial number of the token.
    pub token_serial: String,
    /// Signature algorithm.
    pub mechanism: String,
    /// Signature format and level.
    pub format: String,
    /// The caller's name for the piece of work.
    pub operation: Option<String>,
    /// How, and under which id, the person or a policy agreed.
    pub consent: Option<String>,
    /// The process that was to record the outcome.
    pub owner: Owner,
}

impl Leaf {
    /// Appends the canonical form of an intent's leaf.
    pub(crate) fn write_intent(
        out: &mut Vec<u8>,
        sequence: u64,
        time: u64,
        intent: &Intent,
        name_hash: &Sha256,
        owner: &Owner,
    ) {
        let mut object = Object::open(out);
        object.hex("certificate", &intent.certificate_sha256);
        object.optional_text("consent", intent.consent.as_deref());
        object.hex("document", &intent.document_sha256);
        object.text("format", &intent.format);
        object.text("kind", "intent");
        object.text("mechanism", &intent.mechanism);
        object.hex("name", name_hash);
        object.optional_text("operation", intent.operation.as_deref());
        object.object("owner", |object| {
            object.text("boot", &owner.boot);
            object.integer("pid", u64::from(owner.pid));
            object.integer("started", owner.started);
        });
        object.text("requester", &intent.requester);
        object.integer("sequence", sequence);
        object.integer("time", time);
        object.text("token", &intent.token_serial);
        object.close();
    }

    /// Appends the canonical form of an outcome's leaf.
    pub(crate) fn write_outcome(
        out: &mut Vec<u8>,
        sequence: u64,
        time: u64,
        intent: u64,
        outcome: &Outcome,
    ) {
        let mut object = Object::open(out);
        if let Outcome::Failed { code } = outcome {
            object.text("code", code);
        }
        object.integer("intent", intent);
        object.text("kind", "outcome");
        match outcome {
            Outcome::Signed { signature_sha256, released_sha256 } => {
                object.hex("released", released_sha256);
                object.text("result", "signed");
                object.integer("sequence", sequence);
                object.hex("signature", signature_sha256);
            }
            Outcome::Extended { released_sha256, .. } => {
                object.hex("released", released_sha256);
                object.text("result", "extended");
                object.integer("sequence", sequence);
            }
            Outcome::Failed { .. } => {
                object.text("result", "failed");
                object.integer("sequence", sequence);
            }
            Outcome::Cancelled => {
                object.text("result", "cancelled");
                object.integer("sequence", sequence);
            }
        }
        object.integer("time", time);
        if let Outcome::Extended { timestamp_sha256: Some(timestamp), .. } = outcome {
            object.hex("timestamp", timestamp);
        }
        object.close();
    }

    /// Appends the canonical form of an interruption's leaf.
    pub(crate) fn write_interrupted(out: &mut Vec<u8>, sequence: u64, time: u64, intent: u64) {
        let mut object = Object::open(out);
        object.integer("intent", intent);
        object.text("kind", "interrupted");
        object.integer("sequence", sequence);
        object.integer("time", time);
        object.close();
    }

    /// Decodes a leaf; `None` where it is not a leaf or its kind's members are not as specified.
    pub fn decode(leaf: &[u8]) -> Option<Self> {
        let head: Head = serde_json::from_slice(leaf).ok()?;
        let record = match head.kind.as_str() {
            "intent" => Record::Intent(serde_json::from_slice::<WireIntent>(leaf).ok()?.into()),
            "outcome" => serde_json::from_slice::<WireOutcome>(leaf).ok()?.record()?,
            "interrupted" => {
                let wire: WireInterrupted = serde_json::from_slice(leaf).ok()?;
                Record::Interrupted { intent: wire.intent }
            }
            "reissuance" => {
                serde_json::from_slice::<reissuance::WireReissuance>(leaf).ok()?.record()?
            }
            _ => Record::Opaque { kind: head.kind },
        };
        Some(Self { sequence: head.sequence, time: head.time, record })
    }
}

/// The members that every leaf has.
#[derive(Deserialize)]
struct Head {
    kind: String,
    sequence: u64,
    time: u64,
}

#[derive(Deserialize)]
struct WireIntent {
    #[serde(with = "hex")]
    certificate: Sha256,
    consent: Option<String>,
    #[serde(with = "hex")]
    document: Sha256,
    format: String,
    mechanism: String,
    #[serde(with = "hex")]
    name: Sha256,
    operation: Option<String>,
    owner: Owner,
    requester: String,
    token: String,
}

impl From<WireIntent> for IntentRecord {
    fn from(wire: WireIntent) -> Self {
        Self {
            requester: wire.requester,
            document_sha256: wire.document,
            name_hash: wire.name,
            certificate_sha256: wire.certificate,
            token_serial: wire.token,
            mechanism: wire.mechanism,
            format: wire.format,
            operation: wire.operation,
            consent: wire.consent,
            owner: wire.owner,
        }
    }
}

#[derive(Deserialize)]
struct WireOutcome {
    intent: u64,
    result: String,
    code: Option<String>,
    released: Option<String>,
    signature: Option<String>,
    timestamp: Option<String>,
}

impl WireOutcome {
    fn record(self) -> Option<Record> {
        let members = (self.code, self.released, self.signature, self.timestamp);
        let outcome = match (self.result.as_str(), members) {
            ("signed", (None, Some(released), Some(signature), None)) => Outcome::Signed {
                signature_sha256: sha256(&signature)?,
                released_sha256: sha256(&released)?,
            },
            ("extended", (None, Some(released), None, timestamp)) => Outcome::Extended {
                timestamp_sha256: match timestamp {
                    Some(timestamp) => Some(sha256(&timestamp)?),
                    None => None,
                },
                released_sha256: sha256(&released)?,
            },
            ("failed", (Some(code), None, None, None)) => Outcome::Failed { code },
            ("cancelled", (None, None, None, None)) => Outcome::Cancelled,
            _ => return None,
        };
        Some(Record::Outcome { intent: self.intent, outcome })
    }
}

#[derive(Deserialize)]
struct WireInterrupted {
    intent: u64,
}

fn sha256(text: &str) -> Option<Sha256> {
    let mut value = [0; 32];
    hex::decode_to_slice(text, &mut value).ok()?;
    Some(value)
}

#[cfg(test)]
mod tests;
