//! Requests to have a certificate reissued, as records: what is asked to be written down.
//!
//! A request is `created` and then goes from state to state until it is answered or withdrawn;
//! attempts that came to nothing are recorded too and leave the state. The journal itself refuses
//! what is no lawful step, within the transaction that would write it, so that two processes cannot
//! both answer one request.
//!
//! | state before | steps | state after |
//! |---|---|---|
//! | none | `created` | `draft` |
//! | `draft` | `submitted`, `withdrawn` | `submitted`, `withdrawn` |
//! | `submitted` | `exported`, `answered`, `withdrawn` | of the step's name |
//! | `exported` | `exported` (again), `answered`, `withdrawn` | of the step's name |
//! | any of these three | `denied`, `cancelled`, `timed-out`, `failed` | as before |

mod texts;

use core::fmt;

use kyso::recorder::Sha256;
use serde::Deserialize;

use crate::error::JournalError;
use crate::journal::{Journal, check_text};
use crate::writer::{Request, Written};

pub(crate) use texts::TextHashes;
pub use texts::{ReissuanceTexts, member_salt};

/// One step of a request, as it is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReissuanceEvent {
    /// The request's id, a UUID as text.
    pub request: String,
    /// What happened; the journal works the state out.
    pub step: ReissuanceStep,
    /// Who asked for it.
    pub requester: String,
    /// How, and under which id, the person or a policy agreed.
    pub consent: Option<String>,
    /// SHA-256 of the present certificate (DER).
    pub certificate_sha256: Sha256,
    /// Why it must be reissued.
    pub reason: ReissuanceReason,
    /// The unit that the certificate names.
    pub old_unit: Option<ReissuanceUnit>,
    /// The unit that it shall name.
    pub new_unit: Option<ReissuanceUnit>,
    /// The subject asked for, in the style of RFC 4514; the leaf bears its salted hash.
    pub requested_subject: String,
    /// The authority's words, where it refused; the leaf bears their salted hash.
    pub answer: Option<String>,
    /// SHA-256 of the exported file, or of the answer.
    pub document_sha256: Option<Sha256>,
    /// SHA-256 of the new certificate (DER).
    pub issued_sha256: Option<Sha256>,
    /// A stable, short code of a failure or refusal; never prose.
    pub code: Option<String>,
}

/// A unit: from the national mapping, or in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReissuanceUnit {
    /// A code alone names nothing, since codes were used again.
    Code {
        /// The official code.
        code: String,
        /// First day on which it belongs to this unit (ISO 8601 date).
        valid_from: String,
    },
    /// In words; the leaf bears their salted hash.
    Text(String),
}

/// Where a step that was recorded stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Index of its record.
    pub entry: u64,
    /// Time of its record, in Unix microseconds.
    pub time: u64,
    /// The request's state after it.
    pub state: ReissuanceState,
}

macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// The name in records.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What bears that name in records.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                [$(Self::$variant),+].into_iter().find(|one| one.name() == name)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

/// Why a certificate must be reissued (Decree 68/2024, Articles 15 and 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
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

named!(ReissuanceReason {
    UnitMerged = "unit-merged",
    UnitRenamed = "unit-renamed",
    UnitMoved = "unit-moved",
    EmailChanged = "email-changed",
    Expiring = "expiring",
    TokenLost = "token-lost",
});

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
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

named!(ReissuanceState {
    Draft = "draft",
    Submitted = "submitted",
    Exported = "exported",
    Answered = "answered",
    Withdrawn = "withdrawn",
});

impl ReissuanceState {
    /// Whether nothing may follow.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Answered | Self::Withdrawn)
    }
}

/// What brings a request into a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
}

named!(ReissuanceTransition {
    Created = "created",
    Submitted = "submitted",
    Exported = "exported",
    Answered = "answered",
    Withdrawn = "withdrawn",
});

impl ReissuanceTransition {
    /// The state that it leads to.
    #[must_use]
    pub const fn state(self) -> ReissuanceState {
        match self {
            Self::Created => ReissuanceState::Draft,
            Self::Submitted => ReissuanceState::Submitted,
            Self::Exported => ReissuanceState::Exported,
            Self::Answered => ReissuanceState::Answered,
            Self::Withdrawn => ReissuanceState::Withdrawn,
        }
    }
}

/// How an attempt ended that changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptEnd {
    /// The person said no.
    Denied,
    /// The client withdrew it.
    Cancelled,
    /// The person did not answer in time.
    TimedOut,
    /// It failed, with a code.
    Failed,
}

named!(AttemptEnd {
    Denied = "denied",
    Cancelled = "cancelled",
    TimedOut = "timed-out",
    Failed = "failed",
});

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReissuanceStep {
    /// It went into another state, or was exported again.
    Done(ReissuanceTransition),
    /// Somebody tried, and its state stayed.
    Attempted {
        /// What was tried.
        transition: ReissuanceTransition,
        /// How that ended.
        end: AttemptEnd,
    },
}

impl ReissuanceStep {
    /// The state after this step; `None` where it may not follow `before` (`None`: there is no such
    /// request yet).
    #[must_use]
    pub const fn after(self, before: Option<ReissuanceState>) -> Option<ReissuanceState> {
        use ReissuanceState as S;
        use ReissuanceTransition as T;
        match (before, self) {
            (None, Self::Done(T::Created)) => Some(S::Draft),
            (Some(S::Draft), Self::Done(transition @ (T::Submitted | T::Withdrawn)))
            | (
                Some(S::Submitted | S::Exported),
                Self::Done(transition @ (T::Exported | T::Answered | T::Withdrawn)),
            ) => Some(transition.state()),
            (Some(state @ (S::Draft | S::Submitted | S::Exported)), Self::Attempted { .. }) => {
                Some(state)
            }
            (None | Some(S::Answered | S::Withdrawn), _)
            | (Some(S::Draft | S::Submitted | S::Exported), Self::Done(_)) => None,
        }
    }

    /// The member `transition` of a record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done(transition) => transition.name(),
            Self::Attempted { end, .. } => end.name(),
        }
    }

    /// The member `attempted` of a record.
    #[must_use]
    pub const fn attempted(self) -> Option<ReissuanceTransition> {
        match self {
            Self::Done(_) => None,
            Self::Attempted { transition, .. } => Some(transition),
        }
    }

    pub(crate) fn from_names(name: &str, attempted: Option<&str>) -> Option<Self> {
        match attempted {
            None => ReissuanceTransition::from_name(name).map(Self::Done),
            Some(attempted) => Some(Self::Attempted {
                transition: ReissuanceTransition::from_name(attempted)?,
                end: AttemptEnd::from_name(name)?,
            }),
        }
    }
}

impl fmt::Display for ReissuanceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.attempted() {
            Some(attempted) => write!(f, " ({attempted})"),
            None => Ok(()),
        }
    }
}

impl Journal {
    /// Makes steps of requests durable, in order, in one commit with a signed checkpoint; all or none.
    ///
    /// # Errors
    /// [`JournalError::IllegalStep`] where one may not follow what the journal holds, and whatever
    /// keeps the journal from being written; nothing of the group is then recorded.
    pub fn record_reissuance(
        &self,
        events: &[ReissuanceEvent],
    ) -> Result<Vec<Recorded>, JournalError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        events.iter().try_for_each(ReissuanceEvent::check)?;
        match self.submit(Request::Reissue(events.to_vec()))? {
            Written::Steps(steps) => Ok(steps),
            Written::Intents(_) | Written::Outcomes(_) => Ok(Vec::new()),
        }
    }
}

impl ReissuanceEvent {
    fn check(&self) -> Result<(), JournalError> {
        check_text("request", &self.request)?;
        check_text("requester", &self.requester)?;
        check_text("consent", self.consent.as_deref().unwrap_or_default())?;
        check_text("requested subject", &self.requested_subject)?;
        check_text("answer", self.answer.as_deref().unwrap_or_default())?;
        check_text("code", self.code.as_deref().unwrap_or_default())?;
        for unit in self.old_unit.iter().chain(&self.new_unit) {
            match unit {
                ReissuanceUnit::Code { code, valid_from } => {
                    check_text("unit code", code)?;
                    check_text("unit date", valid_from)?;
                }
                ReissuanceUnit::Text(text) => check_text("unit", text)?,
            }
        }
        Ok(())
    }

    /// The texts that the leaf bears as salted hashes only.
    pub(crate) fn texts(&self) -> ReissuanceTexts {
        let words = |unit: &Option<ReissuanceUnit>| match unit {
            Some(ReissuanceUnit::Text(text)) => Some(text.clone()),
            Some(ReissuanceUnit::Code { .. }) | None => None,
        };
        ReissuanceTexts {
            requested_subject: self.requested_subject.clone(),
            old_unit: words(&self.old_unit),
            new_unit: words(&self.new_unit),
            answer: self.answer.clone(),
        }
    }
}
