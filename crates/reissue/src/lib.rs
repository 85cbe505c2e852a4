//! Certificates to be issued again because the holder's unit changed; pure: no file, socket, clock or randomness.
//!
//! The national mapping of units, their names in the free text of subjects, the subject to ask for, the request and its
//! states, Form 04 of Decree 68/2024 and the check of what comes back.

pub mod answer;
pub mod date;
pub mod dn;
pub mod expiry;
mod fold;
pub mod form04;
pub mod mapping;
mod name_index;
pub mod request;
pub mod rewrite;
pub mod state;
pub mod subject;
pub mod unit;

pub use answer::{
    Answer, AnswerCheck, AnswerError, AnswerWarning, AnsweredKey, Refusal, SubjectAgreement,
    check_answer,
};
pub use date::{Date, DateError};
pub use dn::{AttributeDiff, Change, DnDiff, DnParseError, DnSyntax, DnViolation};
pub use expiry::{Threshold, days_left, expiry_threshold};
pub use fold::Exactness;
pub use form04::{Agency, Form04, Person, PersonFacts};
pub use mapping::{Fate, Mapping, Successors};
pub use request::{
    CertificateFacts, NewRequest, Reason, RequestError, RequestUnit, RequestWarning, Validated,
    WhichUnit,
};
pub use rewrite::{Rewritten, rewrite};
pub use state::{Attempt, IllegalTransition, RequestState, Transition};
pub use subject::{Candidate, Suggestion, UnitMatch, dissolved_units, match_subject, suggestion};
pub use unit::{
    Level, Resolution, Unit, UnitCode, UnitCodeError, UnitError, UnitKey, UnitKind, UnitRef,
    UnitValidity,
};
