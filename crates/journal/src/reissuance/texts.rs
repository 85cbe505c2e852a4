//! The texts of a reissuance record that may hold persons' names: beside the leaf, not in it.

use kyso::recorder::Sha256;
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use crate::canonical::Object;
use crate::record::{ReissuanceRecord, SALT_BYTES, Salt, UnitRecord, name_hash};

/// What stands beside a reissuance record in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReissuanceTexts {
    /// The subject asked for.
    pub requested_subject: String,
    /// The old unit, where it was given in words.
    pub old_unit: Option<String>,
    /// The new unit, where it was given in words.
    pub new_unit: Option<String>,
    /// The authority's words.
    pub answer: Option<String>,
}

/// The salt of one text: the first 16 bytes of `SHA-256(salt of the record || member)`, so that one
/// text can be shown and proved without giving the others away.
#[must_use]
pub fn member_salt(salt: &Salt, member: &str) -> Salt {
    let hash = digest(&SHA256, &[salt.as_slice(), member.as_bytes()].concat());
    let mut own = [0; SALT_BYTES];
    own.copy_from_slice(&hash.as_ref()[..SALT_BYTES]);
    own
}

/// The hashes of [`ReissuanceTexts`], as the leaf bears them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextHashes {
    pub(crate) requested_subject: Sha256,
    pub(crate) old_unit: Option<Sha256>,
    pub(crate) new_unit: Option<Sha256>,
    pub(crate) answer: Option<Sha256>,
}

impl ReissuanceTexts {
    pub(crate) fn hashes(&self, salt: &Salt) -> TextHashes {
        let hash = |member: &str, text: &str| name_hash(&member_salt(salt, member), text);
        let optional = |member: &str, text: &Option<String>| {
            text.as_ref().map(|text| hash(member, text.as_str()))
        };
        TextHashes {
            requested_subject: hash("requested_subject", &self.requested_subject),
            old_unit: optional("old_unit", &self.old_unit),
            new_unit: optional("new_unit", &self.new_unit),
            answer: optional("answer", &self.answer),
        }
    }

    /// Whether these are the very texts that the record was made with.
    #[must_use]
    pub fn prove(&self, salt: &Salt, record: &ReissuanceRecord) -> bool {
        let words = |unit: &Option<UnitRecord>| match unit {
            Some(UnitRecord::Text { hash }) => Some(*hash),
            Some(UnitRecord::Code { .. }) | None => None,
        };
        let recorded = TextHashes {
            requested_subject: record.requested_subject_hash,
            old_unit: words(&record.old_unit),
            new_unit: words(&record.new_unit),
            answer: record.answer_hash,
        };
        self.hashes(salt) == recorded
    }

    /// The canonical form in which they are kept.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        let mut object = Object::open(&mut out);
        object.optional_text("answer", self.answer.as_deref());
        object.optional_text("new_unit", self.new_unit.as_deref());
        object.optional_text("old_unit", self.old_unit.as_deref());
        object.text("requested_subject", &self.requested_subject);
        object.close();
        out
    }

    /// Reads the canonical form; `None` for any other.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let texts: Self = serde_json::from_slice(bytes).ok()?;
        (texts.encode() == bytes).then_some(texts)
    }
}
