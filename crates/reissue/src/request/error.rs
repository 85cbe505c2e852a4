//! What can be wrong with a request, and what a person should look at.

use kyso_x509::asn1::Asn1Error;

use super::Reason;
use crate::date::Date;
use crate::dn::{DnParseError, DnViolation};
use crate::subject::UnitMatch;
use crate::unit::{Unit, UnitError, UnitKey, UnitValidity};

/// Which of the two units is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhichUnit {
    /// The unit that the certificate names.
    Old,
    /// The unit that it shall name.
    New,
}

impl core::fmt::Display for WhichUnit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Old => "old unit",
            Self::New => "new unit",
        })
    }
}

/// Why a request cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The code is no unit's, or was not on the stated day.
    Unit {
        /// Which unit.
        which: WhichUnit,
        /// Why.
        error: UnitError,
    },
    /// A unit in words without a word.
    UnitTextEmpty {
        /// Which unit.
        which: WhichUnit,
    },
    /// A unit's name is too long.
    UnitTextTooLong {
        /// Which unit.
        which: WhichUnit,
        /// Characters found.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A control character in a unit's name.
    UnitTextControl {
        /// Which unit.
        which: WhichUnit,
        /// Its place, in characters from 0.
        position: usize,
        /// The character.
        character: char,
    },
    /// The reason needs a unit that is not stated.
    UnitMissing {
        /// Which unit.
        which: WhichUnit,
        /// The reason.
        reason: Reason,
    },
    /// Old and new unit are the same.
    SameUnit,
    /// The new unit does not exist on the day of the request.
    NewUnitNotValid {
        /// The unit.
        unit: UnitKey,
        /// The day of the request.
        date: Date,
        /// When it existed.
        validity: UnitValidity,
    },
    /// The reason needs the new e-mail address.
    EmailMissing,
    /// The e-mail address is no address.
    EmailForm {
        /// Its length in characters.
        length: usize,
    },
    /// The e-mail address is the one that the certificate has.
    EmailUnchanged,
    /// The person's subject cannot be read.
    RequestedSubject(DnParseError),
    /// The present subject cannot be encoded again.
    PresentSubject(Asn1Error),
    /// The subject asked for breaks a limit.
    Dn(DnViolation),
    /// The reason says that the subject changes, and it would not.
    SubjectUnchanged {
        /// The reason.
        reason: Reason,
    },
}

impl RequestError {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unit { error: UnitError::Unknown { .. }, .. } => "unit-unknown",
            Self::Unit { error: UnitError::NotValidAt { .. }, .. } => "unit-not-valid-at-date",
            Self::UnitTextEmpty { .. } => "unit-text-empty",
            Self::UnitTextTooLong { .. } => "unit-text-too-long",
            Self::UnitTextControl { .. } => "unit-text-control-character",
            Self::UnitMissing { which: WhichUnit::Old, .. } => "old-unit-missing",
            Self::UnitMissing { which: WhichUnit::New, .. } => "new-unit-missing",
            Self::SameUnit => "units-equal",
            Self::NewUnitNotValid { .. } => "new-unit-not-valid",
            Self::EmailMissing => "email-missing",
            Self::EmailForm { .. } => "email-malformed",
            Self::EmailUnchanged => "email-unchanged",
            Self::RequestedSubject(_) => "subject-malformed",
            Self::PresentSubject(_) => "present-subject-malformed",
            Self::Dn(DnViolation::TooLong { .. }) => "subject-too-long",
            Self::Dn(DnViolation::Country { .. }) => "subject-country",
            Self::Dn(DnViolation::Missing { .. }) => "subject-attribute-missing",
            Self::Dn(_) => "subject-value",
            Self::SubjectUnchanged { .. } => "subject-unchanged",
        }
    }

    pub(super) const fn concerns_unit(&self) -> bool {
        matches!(
            self,
            Self::Unit { .. }
                | Self::UnitTextEmpty { .. }
                | Self::UnitTextTooLong { .. }
                | Self::UnitTextControl { .. }
                | Self::UnitMissing { .. }
                | Self::SameUnit
        )
    }
}

impl core::fmt::Display for RequestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unit { which, error } => write!(f, "{which}: {error}"),
            Self::UnitTextEmpty { which } => write!(f, "{which}: the name is empty"),
            Self::UnitTextTooLong { which, length, limit } => {
                write!(f, "{which}: the name has {length} characters, {limit} are allowed")
            }
            Self::UnitTextControl { which, position, character } => write!(
                f,
                "{which}: character {} of the name is the control character {character:?}",
                position + 1
            ),
            Self::UnitMissing { which, reason } => {
                write!(f, "the reason {reason} needs the {which}")
            }
            Self::SameUnit => f.write_str("old and new unit are the same"),
            Self::NewUnitNotValid { unit, date, validity } => {
                write!(f, "new unit: {} does not exist on {date} ({validity})", unit.code)
            }
            Self::EmailMissing => f.write_str("the new e-mail address is missing"),
            Self::EmailForm { .. } => f.write_str("the new e-mail address is no address"),
            Self::EmailUnchanged => f.write_str("the certificate has this e-mail address already"),
            Self::RequestedSubject(error) => write!(f, "requested subject: {error}"),
            Self::PresentSubject(error) => write!(f, "present subject: {error}"),
            Self::Dn(error) => write!(f, "requested subject: {error}"),
            Self::SubjectUnchanged { reason } => write!(
                f,
                "the reason {reason} changes the subject, but the requested one is the present one: \
                 none of its attributes says what is to change, so the new subject must be stated"
            ),
        }
    }
}

impl core::error::Error for RequestError {}

/// What a person should look at; the request stands nevertheless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestWarning {
    /// The old unit was split: the new one is this person's decision.
    SplitDecision {
        /// All its successors.
        choices: Vec<Unit>,
    },
    /// The old unit has no successor: its people need a decision each.
    NoSuccessor {
        /// The old unit.
        old: Unit,
    },
    /// The new unit did not come from the old one.
    NotASuccessor {
        /// The old unit.
        old: Unit,
        /// The new unit.
        new: Unit,
    },
    /// The subject names a unit that exists no more, and what stands in its place is a person's decision.
    UnitLeft(UnitMatch),
    /// The certificate is good for longer than the reason suggests.
    NotExpiring {
        /// Days left.
        days: i64,
    },
    /// The certificate is over: its key cannot sign the request.
    Expired {
        /// Days since its last day.
        days: i64,
    },
}

impl RequestWarning {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SplitDecision { .. } => "unit-split",
            Self::NoSuccessor { .. } => "unit-without-successor",
            Self::NotASuccessor { .. } => "unit-not-a-successor",
            Self::UnitLeft(_) => "dissolved-unit-left",
            Self::NotExpiring { .. } => "not-expiring",
            Self::Expired { .. } => "expired",
        }
    }

    /// The warning in Vietnamese.
    #[must_use]
    pub fn vietnamese(&self) -> String {
        match self {
            Self::SplitDecision { choices } => format!(
                "Đơn vị cũ được chia tách vào nhiều đơn vị ({}): cần quyết định cho từng người",
                names(choices)
            ),
            Self::NoSuccessor { old } => {
                format!("{} không có đơn vị kế thừa: cần quyết định cho từng người", old.name())
            }
            Self::NotASuccessor { old, new } => {
                format!("{} không kế thừa {}", new.name(), old.name())
            }
            Self::UnitLeft(found) => format!(
                "Chủ thể vẫn ghi đơn vị không còn tồn tại: {}",
                found.candidates.first().map(|one| one.unit.name()).unwrap_or_default()
            ),
            Self::NotExpiring { days } => format!("Chứng thư còn hiệu lực {days} ngày"),
            Self::Expired { days } => format!("Chứng thư đã hết hạn {days} ngày"),
        }
    }
}

impl core::fmt::Display for RequestWarning {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::SplitDecision { choices } => write!(
                f,
                "the old unit was split ({}): each person needs a decision",
                names(choices)
            ),
            Self::NoSuccessor { old } => {
                write!(f, "{} has no successor: each person needs a decision", old.name())
            }
            Self::NotASuccessor { old, new } => {
                write!(f, "{} did not come from {}", new.name(), old.name())
            }
            Self::UnitLeft(found) => write!(
                f,
                "the subject still names a unit that exists no more: {}",
                found.candidates.first().map(|one| one.unit.name()).unwrap_or_default()
            ),
            Self::NotExpiring { days } => {
                write!(f, "the certificate is valid for {days} days more")
            }
            Self::Expired { days } => write!(f, "the certificate expired {days} days ago"),
        }
    }
}

fn names(units: &[Unit]) -> String {
    units.iter().map(Unit::name).collect::<Vec<_>>().join(", ")
}
