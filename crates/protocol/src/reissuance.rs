//! Requests to have a certificate reissued.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Consent;

/// Why a certificate must be reissued (Decree 68/2024, Articles 15 and 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReissuanceReason {
    /// The holder's unit became part of another.
    UnitMerged,
    /// The unit has another name.
    UnitRenamed,
    /// The holder, or the unit, belongs elsewhere.
    UnitMoved,
    /// The official e-mail address changed.
    EmailChanged,
    /// The certificate expires.
    Expiring,
    /// The token is lost or broken.
    TokenLost,
}

/// A unit: from the national mapping, or in words where it has no code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum UnitRef {
    /// A unit of the national mapping; a code alone names nothing, since codes were used again.
    Code {
        /// Official code.
        code: String,
        /// A day on which code and unit belong together (ISO date).
        date: String,
    },
    /// Another agency, in words.
    Text {
        /// Its full name.
        text: String,
    },
}

/// `POST /v1/reissuance-requests`: makes a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReissuanceRequest {
    /// The present certificate: its SHA-256 where its token is here, else the certificate itself in base64 (DER) or PEM.
    pub certificate: String,
    /// Why.
    pub reason: ReissuanceReason,
    /// The unit that the certificate names.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old_unit: Option<UnitRef>,
    /// The unit that it shall name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub new_unit: Option<UnitRef>,
    /// The e-mail address that it shall name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// The subject that it shall have, in RFC 4514's form; absent, it is made from the new unit and e-mail address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub requested_subject: Option<String>,
    /// What Form 04 asks beside; nothing of it is invented.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub person: Option<Form04Person>,
}

/// What Form 04 asks of the holder and the directly managing agency, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Form04Person {
    /// The directly managing agency that files the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_address: Option<String>,
    /// Its tax code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_tax_code: Option<String>,
    /// Code of its relation with the budget (QHNS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_budget_code: Option<String>,
    /// Its province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_province: Option<String>,
    /// Its official e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_email: Option<String>,
    /// Personal identification number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal_number: Option<String>,
    /// Day on which the card with that number was issued (ISO date).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal_number_date: Option<String>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal_number_place: Option<String>,
    /// Position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// Mobile phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The holder's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReissuanceState {
    /// Written, not yet submitted.
    Draft,
    /// The holder agreed.
    Submitted,
    /// Its signed file was made.
    Exported,
    /// The authority answered.
    Answered,
    /// Withdrawn.
    Withdrawn,
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReissuanceTransition {
    /// The draft was made.
    Created,
    /// The holder agreed to submit it.
    Submitted,
    /// Its signed file was made.
    Exported,
    /// The authority's answer was imported.
    Answered,
    /// It was withdrawn.
    Withdrawn,
    /// The person said no; the state stayed.
    Denied,
    /// The client withdrew the attempt; the state stayed.
    Cancelled,
    /// The person did not answer in time; the state stayed.
    TimedOut,
    /// The attempt failed; the state stayed.
    Failed,
}

/// `GET /v1/reissuance-requests/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReissuanceRequest {
    /// Its id (UUID).
    pub id: String,
    /// Where it is.
    pub state: ReissuanceState,
    /// SHA-256 of the present certificate.
    pub certificate: String,
    /// Why it must be reissued.
    pub reason: ReissuanceReason,
    /// The unit that the certificate names.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old_unit: Option<UnitRef>,
    /// The unit that it shall name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub new_unit: Option<UnitRef>,
    /// The e-mail address that it shall name, where one was stated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// Its present subject.
    pub present_subject: String,
    /// The subject asked for.
    pub requested_subject: String,
    /// The difference, attribute by attribute, in order.
    pub diff: Vec<AttributeChange>,
    /// What Form 04 asks beside.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub person: Option<Form04Person>,
    /// Its history, oldest first; each entry is in the journal.
    pub history: Vec<ReissuanceEvent>,
    /// SHA-256 of the issued certificate, once the answer is here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issued: Option<String>,
    /// Why the authority refused, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refusal: Option<String>,
    /// What a person should know, such as a district whose staff need a decision each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

/// One transition, or attempt, with its place in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReissuanceEvent {
    /// What happened.
    pub transition: ReissuanceTransition,
    /// What was attempted, where it did not succeed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attempted: Option<ReissuanceTransition>,
    /// The state after it.
    pub state: ReissuanceState,
    /// When.
    pub time: String,
    /// Index of its record; its receipt is at `/v1/journal/proofs/{index}`.
    pub journal_entry: u64,
    /// SHA-256 of the exported file or of the answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub document: Option<String>,
    /// Code of a failure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
}

/// `GET /v1/reissuance-requests`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReissuanceList {
    /// The requests, newest first.
    pub requests: Vec<ReissuanceRequest>,
}

/// One attribute of the two subjects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttributeChange {
    /// The attribute's short name, such as `OU`, or its OID.
    pub attribute: String,
    /// What happens to it.
    pub change: ChangeKind,
    /// Its present value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old: Option<String>,
    /// Its value to be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub new: Option<String>,
}

/// What happens to an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It stays.
    Kept,
    /// Its value changes.
    Changed,
    /// It is new.
    Added,
    /// It goes.
    Removed,
}

/// `POST /v1/reissuance-requests/{id}/submit`: asks the person, then submits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitRequest {
    /// How the person is asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub consent: Option<Consent>,
}

/// `POST /v1/reissuance-requests/{id}/export`: signs the data of Form 04.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportRequest {
    /// Who signs it: another credential where the holder's token is lost; else the certificate's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credential: Option<String>,
    /// How the person is asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub consent: Option<Consent>,
}

/// `POST /v1/reissuance-requests/{id}/answer`: what the authority sent back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "result", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AnswerRequest {
    /// A certificate.
    Issued {
        /// PEM, or DER in base64.
        certificate: String,
    },
    /// A refusal.
    Refused {
        /// Why, in the authority's words.
        reason: String,
    },
}
