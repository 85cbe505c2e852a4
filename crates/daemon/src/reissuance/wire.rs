//! The same things in three vocabularies: the API's, the domain's and the journal's.

use kyso_journal as journal;
use kyso_protocol::{
    AttributeChange, ChangeKind, Form04Person, ReissuanceReason, ReissuanceState,
    ReissuanceTransition, UnitRef,
};
use kyso_reissue::{
    Agency, Change, Date, DnDiff, IllegalTransition, Person, PersonFacts, Reason, RequestState,
    RequestUnit, Transition, Unit, UnitRef as StatedUnit,
};

use crate::error::Wrong;

/// The API's reason as the domain knows it.
pub(crate) const fn reason_in(reason: ReissuanceReason) -> Reason {
    match reason {
        ReissuanceReason::UnitMerged => Reason::UnitMerged,
        ReissuanceReason::UnitRenamed => Reason::UnitRenamed,
        ReissuanceReason::UnitMoved => Reason::UnitMoved,
        ReissuanceReason::EmailChanged => Reason::EmailChanged,
        ReissuanceReason::Expiring => Reason::Expiring,
        ReissuanceReason::TokenLost => Reason::TokenLost,
    }
}

/// The domain's reason as the API says it.
pub(crate) const fn reason_out(reason: Reason) -> ReissuanceReason {
    match reason {
        Reason::UnitMerged => ReissuanceReason::UnitMerged,
        Reason::UnitRenamed => ReissuanceReason::UnitRenamed,
        Reason::UnitMoved => ReissuanceReason::UnitMoved,
        Reason::EmailChanged => ReissuanceReason::EmailChanged,
        Reason::Expiring => ReissuanceReason::Expiring,
        Reason::TokenLost => ReissuanceReason::TokenLost,
    }
}

/// The API's reason as the journal records it.
pub(crate) const fn reason_recorded(reason: ReissuanceReason) -> journal::ReissuanceReason {
    use journal::ReissuanceReason as J;
    match reason {
        ReissuanceReason::UnitMerged => J::UnitMerged,
        ReissuanceReason::UnitRenamed => J::UnitRenamed,
        ReissuanceReason::UnitMoved => J::UnitMoved,
        ReissuanceReason::EmailChanged => J::EmailChanged,
        ReissuanceReason::Expiring => J::Expiring,
        ReissuanceReason::TokenLost => J::TokenLost,
    }
}

/// A recorded reason as the API says it.
pub(crate) const fn reason_read(reason: journal::ReissuanceReason) -> ReissuanceReason {
    use journal::ReissuanceReason as J;
    match reason {
        J::UnitMerged => ReissuanceReason::UnitMerged,
        J::UnitRenamed => ReissuanceReason::UnitRenamed,
        J::UnitMoved => ReissuanceReason::UnitMoved,
        J::EmailChanged => ReissuanceReason::EmailChanged,
        J::Expiring => ReissuanceReason::Expiring,
        J::TokenLost => ReissuanceReason::TokenLost,
    }
}

/// A recorded state as the API says it.
pub(crate) const fn state_read(state: journal::ReissuanceState) -> ReissuanceState {
    use journal::ReissuanceState as J;
    match state {
        J::Draft => ReissuanceState::Draft,
        J::Submitted => ReissuanceState::Submitted,
        J::Exported => ReissuanceState::Exported,
        J::Answered => ReissuanceState::Answered,
        J::Withdrawn => ReissuanceState::Withdrawn,
    }
}

/// A recorded step as the API says it: what happened, and what was attempted where it did not succeed.
pub(crate) const fn step_read(
    step: journal::ReissuanceStep,
) -> (ReissuanceTransition, Option<ReissuanceTransition>) {
    use journal::AttemptEnd as End;
    match step {
        journal::ReissuanceStep::Done(transition) => (transition_read(transition), None),
        journal::ReissuanceStep::Attempted { transition, end } => {
            let ended = match end {
                End::Denied => ReissuanceTransition::Denied,
                End::Cancelled => ReissuanceTransition::Cancelled,
                End::TimedOut => ReissuanceTransition::TimedOut,
                End::Failed => ReissuanceTransition::Failed,
            };
            (ended, Some(transition_read(transition)))
        }
    }
}

const fn transition_read(transition: journal::ReissuanceTransition) -> ReissuanceTransition {
    use journal::ReissuanceTransition as J;
    match transition {
        J::Created => ReissuanceTransition::Created,
        J::Submitted => ReissuanceTransition::Submitted,
        J::Exported => ReissuanceTransition::Exported,
        J::Answered => ReissuanceTransition::Answered,
        J::Withdrawn => ReissuanceTransition::Withdrawn,
    }
}

/// Whether a request in this state may take this step.
///
/// # Errors
/// [`IllegalTransition`] where it may not.
pub(crate) fn may(
    state: ReissuanceState,
    transition: journal::ReissuanceTransition,
) -> Result<(), IllegalTransition> {
    use journal::ReissuanceTransition as J;
    let from = match state {
        ReissuanceState::Draft => RequestState::Draft,
        ReissuanceState::Submitted => RequestState::Submitted,
        ReissuanceState::Exported => RequestState::Exported,
        ReissuanceState::Answered => RequestState::Answered,
        ReissuanceState::Withdrawn => RequestState::Withdrawn,
    };
    let transition = match transition {
        J::Created => Transition::Created,
        J::Submitted => Transition::Submitted,
        J::Exported => Transition::Exported,
        J::Answered => Transition::Answered,
        J::Withdrawn => Transition::Withdrawn,
    };
    from.apply(transition).map(drop)
}

/// The API's word for a state, as it stands in the tables.
pub(crate) const fn state_word(state: ReissuanceState) -> &'static str {
    match state {
        ReissuanceState::Draft => "draft",
        ReissuanceState::Submitted => "submitted",
        ReissuanceState::Exported => "exported",
        ReissuanceState::Answered => "answered",
        ReissuanceState::Withdrawn => "withdrawn",
    }
}

/// A unit of the mapping as the API names it: by its code and its first day.
pub(crate) fn unit_of(unit: &Unit) -> UnitRef {
    UnitRef::Code { code: unit.code.to_string(), date: unit.valid_from.to_string() }
}

/// A looked-up unit as the API names it.
pub(crate) fn unit_out(unit: &RequestUnit) -> UnitRef {
    match unit {
        RequestUnit::Listed(unit) => unit_of(unit),
        RequestUnit::Text(text) => UnitRef::Text { text: text.clone() },
    }
}

/// A looked-up unit as the journal records it.
pub(crate) fn unit_recorded(unit: &UnitRef) -> journal::ReissuanceUnit {
    match unit {
        UnitRef::Code { code, date } => {
            journal::ReissuanceUnit::Code { code: code.clone(), valid_from: date.clone() }
        }
        UnitRef::Text { text } => journal::ReissuanceUnit::Text(text.clone()),
    }
}

/// A unit as a client states it.
///
/// # Errors
/// What is wrong with its code or date.
pub(crate) fn unit_in(member: &'static str, unit: &UnitRef) -> Result<StatedUnit, Wrong> {
    match unit {
        UnitRef::Text { text } => Ok(StatedUnit::Text(text.clone())),
        UnitRef::Code { code, date } => Ok(StatedUnit::Code {
            code: code.parse().map_err(|error| Wrong::UnitCode { member, error })?,
            date: date.parse().map_err(|error| Wrong::Date { member, error })?,
        }),
    }
}

/// The difference of two subjects, attribute by attribute.
pub(crate) fn diff(diff: &DnDiff) -> Vec<AttributeChange> {
    let change = |attribute: &kyso_reissue::AttributeDiff| AttributeChange {
        attribute: kyso_reissue::dn::attribute_label(attribute.oid),
        change: match attribute.change {
            Change::Kept { .. } => ChangeKind::Kept,
            Change::Changed { .. } => ChangeKind::Changed,
            Change::Added { .. } => ChangeKind::Added,
            Change::Removed { .. } => ChangeKind::Removed,
        },
        old: attribute.change.old_value().map(str::to_owned),
        new: attribute.change.new_value().map(str::to_owned),
    };
    diff.0.iter().map(change).collect()
}

/// What a client states of person and agency, as the form takes it.
///
/// # Errors
/// A date that is none.
pub(crate) fn person(stated: &Form04Person) -> Result<PersonFacts, Wrong> {
    let date = |text: &Option<String>| -> Result<Option<Date>, Wrong> {
        let parsed = text.as_deref().map(str::parse).transpose();
        parsed.map_err(|error| Wrong::Date { member: "person.personal_number_date", error })
    };
    Ok(PersonFacts {
        agency: Agency {
            name: stated.agency.clone(),
            address: stated.agency_address.clone(),
            tax_code: stated.agency_tax_code.clone(),
            budget_code: stated.agency_budget_code.clone(),
            province: stated.agency_province.clone(),
            email: stated.agency_email.clone(),
        },
        // Not stated: the holder receives it.
        receiver: Person::default(),
        holder: Person {
            name: None,
            personal_number: stated.personal_number.clone(),
            personal_number_date: date(&stated.personal_number_date)?,
            personal_number_place: stated.personal_number_place.clone(),
            position: stated.position.clone(),
            phone: stated.phone.clone(),
            email: None,
            address: stated.address.clone(),
        },
    })
}
