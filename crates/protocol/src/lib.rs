//! Wire types of kyso's API: what daemon, registry and their clients say to each other in JSON.
//!
//! Types only: explicit conversions live with whoever serves or calls. Members are in `snake_case` (the two extension
//! members of a problem document excepted), enums in `kebab-case`, times in RFC 3339 (UTC), binary values in lower-case
//! hexadecimal where they name something (SHA-256) and in base64 where they are content. A request with a member that is
//! not known is refused; a client must ignore members of a reply that it does not know.

mod batch;
mod certificate;
mod document;
mod info;
mod journal;
mod lang;
mod operation;
mod problem;
mod reissuance;
mod signature;
mod token;
mod verification;

pub use batch::{
    Batch, BatchCounts, BatchEvent, BatchItem, BatchItemRequest, BatchItems, BatchRequest,
    ItemState,
};
pub use certificate::{Certificate, CertificateList, CertificateWarning, DissolvedUnit, UnitNow};
pub use document::{Document, DocumentList};
pub use info::{Health, Info, Limits, ReadinessCheck};
pub use journal::{
    JournalCheckpoint, JournalEntries, JournalEntry, JournalReport, JournalVerification,
};
pub use lang::{Lang, UnknownLang};
pub use operation::{
    Consent, JournalPosition, Operation, OperationKind, OperationState, PauseReason,
};
pub use problem::{MEDIA_TYPE as PROBLEM_MEDIA_TYPE, Problem, ProblemError};
pub use reissuance::{
    AnswerRequest, AttributeChange, ChangeKind, ExportRequest, Form04Person, NewReissuanceRequest,
    ReissuanceEvent, ReissuanceList, ReissuanceReason, ReissuanceRequest, ReissuanceState,
    ReissuanceTransition, SubmitRequest, UnitRef,
};
pub use signature::{
    DigestChoice, RsaPadding, SignatureFormat, SignatureOptions, SignatureRequest, XmlProfile,
};
pub use token::{PinCounters, Token, TokenList};
pub use verification::{
    CertificateFacts, CertificateValidation, DigestFacts, FetchAttempt, Finding, Need,
    RevocationSourceFacts, RevocationVerdict, SignatureVerdict, TimestampVerdict,
    VerificationReport,
};
