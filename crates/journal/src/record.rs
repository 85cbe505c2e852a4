//! What a leaf says, and its canonical form.
//!
//! A leaf is one JSON object in RFC 8785's canonical form, restricted to objects, text and integers
//! up to 2^53 − 1. Every leaf has `kind`, `sequence` (its index, from 0) and `time` (Unix
//! microseconds); the rest is by kind:
//!
//! | kind | members |
//! |---|---|
//! | `intent` | `certificate`, `document`: SHA-256 in hex; `format`, `mechanism`, `requester`, `token`: text; `name`: hex of `SHA-256(salt \|\| document name)`; `owner`: `{boot, pid, started}`; `consent`, `operation`: text or absent |
//! | `outcome` | `intent`: the index it ends; `result`: `signed` with `released` and `signature` (SHA-256 in hex), `failed` with `code`, or `cancelled` |
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
}

impl WireOutcome {
    fn record(self) -> Option<Record> {
        let outcome = match (self.result.as_str(), self.code, self.released, self.signature) {
            ("signed", None, Some(released), Some(signature)) => Outcome::Signed {
                signature_sha256: sha256(&signature)?,
                released_sha256: sha256(&released)?,
            },
            ("failed", Some(code), None, None) => Outcome::Failed { code },
            ("cancelled", None, None, None) => Outcome::Cancelled,
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            (any::<Sha256>(), any::<Sha256>()).prop_map(|(signature_sha256, released_sha256)| {
                Outcome::Signed { signature_sha256, released_sha256 }
            }),
            any::<String>().prop_map(|code| Outcome::Failed { code }),
            Just(Outcome::Cancelled),
        ]
    }

    /// What serde_json makes of the same members: sorted keys, no white space.
    pub(super) fn resorted(leaf: &[u8]) -> Vec<u8> {
        fn sorted(value: serde_json::Value) -> serde_json::Value {
            match value {
                serde_json::Value::Object(map) => {
                    let mut members: Vec<_> = map.into_iter().collect();
                    members.sort_by(|a, b| a.0.cmp(&b.0));
                    members.into_iter().map(|(key, value)| (key, sorted(value))).collect()
                }
                value => value,
            }
        }
        serde_json::to_vec(&sorted(serde_json::from_slice(leaf).unwrap())).unwrap()
    }

    proptest! {
        #[test]
        fn outcomes_come_back(
            sequence in 0..crate::canonical::MAX_INTEGER,
            time in 0..crate::canonical::MAX_INTEGER,
            intent in 0..crate::canonical::MAX_INTEGER,
            outcome in outcome(),
        ) {
            let mut leaf = Vec::new();
            Leaf::write_outcome(&mut leaf, sequence, time, intent, &outcome);
            prop_assert_eq!(&resorted(&leaf), &leaf);
            let record = Record::Outcome { intent, outcome };
            prop_assert_eq!(Leaf::decode(&leaf), Some(Leaf { sequence, time, record }));
        }

        #[test]
        fn intents_come_back(
            sequence in 0..crate::canonical::MAX_INTEGER,
            time in 0..crate::canonical::MAX_INTEGER,
            texts in any::<[String; 6]>(),
            hashes in any::<[Sha256; 2]>(),
            operation: Option<String>,
            consent: Option<String>,
            salt: Salt,
            pid: u32,
            started in 0..crate::canonical::MAX_INTEGER,
        ) {
            let [requester, document_name, token_serial, mechanism, format, boot] = texts;
            let [document_sha256, certificate_sha256] = hashes;
            let intent = Intent {
                requester, document_sha256, document_name, certificate_sha256, token_serial, mechanism, format,
                operation, consent,
            };
            let owner = Owner { boot, pid, started };
            let name_hash = name_hash(&salt, &intent.document_name);
            let mut leaf = Vec::new();
            Leaf::write_intent(&mut leaf, sequence, time, &intent, &name_hash, &owner);
            prop_assert_eq!(&resorted(&leaf), &leaf);
            let record = Record::Intent(IntentRecord {
                requester: intent.requester,
                document_sha256: intent.document_sha256,
                name_hash,
                certificate_sha256: intent.certificate_sha256,
                token_serial: intent.token_serial,
                mechanism: intent.mechanism,
                format: intent.format,
                operation: intent.operation,
                consent: intent.consent,
                owner,
            });
            prop_assert_eq!(Leaf::decode(&leaf), Some(Leaf { sequence, time, record }));
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let _ = Leaf::decode(&bytes);
        }
    }

    /// As written before intents named an operation and a consent.
    #[test]
    fn older_intents_are_read_and_written_the_same() {
        let mut leaf = br#"{"certificate":""#.to_vec();
        leaf.extend_from_slice("cc".repeat(32).as_bytes());
        leaf.extend_from_slice(br#"","document":""#);
        leaf.extend_from_slice("01".repeat(32).as_bytes());
        leaf.extend_from_slice(
            br#"","format":"PAdES-B-B","kind":"intent","mechanism":"ecdsa-with-SHA256","name":""#,
        );
        leaf.extend_from_slice("0a".repeat(32).as_bytes());
        leaf.extend_from_slice(
            br#"","owner":{"boot":"b","pid":1,"started":2},"requester":"pid 1 uid 1000","sequence":3,"time":4,"token":"0123"}"#,
        );
        let Some(Leaf { record: Record::Intent(old), .. }) = Leaf::decode(&leaf) else {
            panic!("not read");
        };
        assert_eq!((&old.operation, &old.consent), (&None, &None));
        let intent = Intent {
            requester: old.requester,
            document_sha256: old.document_sha256,
            document_name: String::new(),
            certificate_sha256: old.certificate_sha256,
            token_serial: old.token_serial,
            mechanism: old.mechanism,
            format: old.format,
            operation: None,
            consent: None,
        };
        let mut again = Vec::new();
        Leaf::write_intent(&mut again, 3, 4, &intent, &old.name_hash, &old.owner);
        assert_eq!(String::from_utf8(again), String::from_utf8(leaf));
    }

    #[test]
    fn unknown_kinds_are_kept() {
        let leaf = br#"{"campaign":"x","kind":"anything","sequence":4,"time":5}"#;
        assert_eq!(
            Leaf::decode(leaf),
            Some(Leaf { sequence: 4, time: 5, record: Record::Opaque { kind: "anything".into() } })
        );
    }
}
