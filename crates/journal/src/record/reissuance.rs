//! The leaf of a reissuance record.

use kyso::recorder::Sha256;
use serde::Deserialize;

use super::{Leaf, Record, sha256};
use crate::canonical::Object;
use crate::reissuance::{
    ReissuanceEvent, ReissuanceReason, ReissuanceState, ReissuanceStep, ReissuanceUnit, TextHashes,
};

/// A step of a request as a leaf holds it; texts that may name persons are replaced by salted hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReissuanceRecord {
    /// The request's id.
    pub request: String,
    /// What happened.
    pub step: ReissuanceStep,
    /// The state after it.
    pub state: ReissuanceState,
    /// Who asked for it.
    pub requester: String,
    /// How, and under which id, the person or a policy agreed.
    pub consent: Option<String>,
    /// SHA-256 of the present certificate (DER).
    pub certificate_sha256: Sha256,
    /// Why it must be reissued.
    pub reason: ReissuanceReason,
    /// The unit that the certificate names.
    pub old_unit: Option<UnitRecord>,
    /// The unit that it shall name.
    pub new_unit: Option<UnitRecord>,
    /// Salted hash of the subject asked for.
    pub requested_subject_hash: Sha256,
    /// Salted hash of the authority's words.
    pub answer_hash: Option<Sha256>,
    /// SHA-256 of the exported file, or of the answer.
    pub document_sha256: Option<Sha256>,
    /// SHA-256 of the new certificate (DER).
    pub issued_sha256: Option<Sha256>,
    /// Code of a failure or refusal.
    pub code: Option<String>,
}

/// A unit as a leaf holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitRecord {
    /// Of the national mapping.
    Code {
        /// The official code.
        code: String,
        /// First day on which it belongs to this unit (ISO 8601 date).
        valid_from: String,
    },
    /// In words.
    Text {
        /// Their salted hash.
        hash: Sha256,
    },
}

impl Leaf {
    /// Appends the canonical form of a reissuance record's leaf.
    pub(crate) fn write_reissuance(
        out: &mut Vec<u8>,
        sequence: u64,
        time: u64,
        event: &ReissuanceEvent,
        state: ReissuanceState,
        hashes: &TextHashes,
    ) {
        let mut object = Object::open(out);
        object.optional_hex("answer", hashes.answer.as_ref());
        object.optional_text("attempted", event.step.attempted().map(|one| one.name()));
        object.hex("certificate", &event.certificate_sha256);
        object.optional_text("code", event.code.as_deref());
        object.optional_text("consent", event.consent.as_deref());
        object.optional_hex("document", event.document_sha256.as_ref());
        object.optional_hex("issued", event.issued_sha256.as_ref());
        object.text("kind", "reissuance");
        write_unit(&mut object, "new_unit", event.new_unit.as_ref(), hashes.new_unit.as_ref());
        write_unit(&mut object, "old_unit", event.old_unit.as_ref(), hashes.old_unit.as_ref());
        object.text("reason", event.reason.name());
        object.text("request", &event.request);
        object.hex("requested_subject", &hashes.requested_subject);
        object.text("requester", &event.requester);
        object.integer("sequence", sequence);
        object.text("state", state.name());
        object.integer("time", time);
        object.text("transition", event.step.name());
        object.close();
    }
}

fn write_unit(
    object: &mut Object<'_>,
    key: &'static str,
    unit: Option<&ReissuanceUnit>,
    hash: Option<&Sha256>,
) {
    match (unit, hash) {
        (Some(ReissuanceUnit::Code { code, valid_from }), _) => object.object(key, |object| {
            object.text("code", code);
            object.text("valid_from", valid_from);
        }),
        (Some(ReissuanceUnit::Text(_)), Some(hash)) => {
            object.object(key, |object| object.hex("text", hash));
        }
        (Some(ReissuanceUnit::Text(_)) | None, _) => {}
    }
}

#[derive(Deserialize)]
pub(super) struct WireReissuance {
    answer: Option<String>,
    attempted: Option<String>,
    #[serde(with = "hex")]
    certificate: Sha256,
    code: Option<String>,
    consent: Option<String>,
    document: Option<String>,
    issued: Option<String>,
    new_unit: Option<WireUnit>,
    old_unit: Option<WireUnit>,
    reason: ReissuanceReason,
    request: String,
    #[serde(with = "hex")]
    requested_subject: Sha256,
    requester: String,
    state: ReissuanceState,
    transition: String,
}

#[derive(Deserialize)]
struct WireUnit {
    code: Option<String>,
    text: Option<String>,
    valid_from: Option<String>,
}

impl WireReissuance {
    pub(super) fn record(self) -> Option<Record> {
        Some(Record::Reissuance(Box::new(ReissuanceRecord {
            step: ReissuanceStep::from_names(&self.transition, self.attempted.as_deref())?,
            request: self.request,
            state: self.state,
            requester: self.requester,
            consent: self.consent,
            certificate_sha256: self.certificate,
            reason: self.reason,
            old_unit: unit(self.old_unit)?,
            new_unit: unit(self.new_unit)?,
            requested_subject_hash: self.requested_subject,
            answer_hash: optional(self.answer)?,
            document_sha256: optional(self.document)?,
            issued_sha256: optional(self.issued)?,
            code: self.code,
        })))
    }
}

/// The outer `None` is a member that is not as specified.
fn unit(wire: Option<WireUnit>) -> Option<Option<UnitRecord>> {
    let Some(WireUnit { code, text, valid_from }) = wire else {
        return Some(None);
    };
    match (code, valid_from, text) {
        (Some(code), Some(valid_from), None) => Some(Some(UnitRecord::Code { code, valid_from })),
        (None, None, Some(hash)) => Some(Some(UnitRecord::Text { hash: sha256(&hash)? })),
        _ => None,
    }
}

/// The outer `None` is a member that is not as specified.
fn optional(text: Option<String>) -> Option<Option<Sha256>> {
    match text {
        Some(text) => sha256(&text).map(Some),
        None => Some(None),
    }
}

#[cfg(test)]
mod tests;
