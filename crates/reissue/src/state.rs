//! The life of a request: one table.
//!
//! | from | created | submitted | exported | answered | withdrawn |
//! |---|---|---|---|---|---|
//! | nothing | draft | | | | |
//! | draft | | submitted | | | withdrawn |
//! | submitted | | | exported | answered | withdrawn |
//! | exported | | | exported | answered | withdrawn |
//! | answered, withdrawn | | | | | |
//!
//! An attempt that was denied, cancelled, timed out or failed leaves the state as it was.

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequestState {
    /// Written, not yet submitted.
    Draft,
    /// The holder agreed.
    Submitted,
    /// Its signed file was made.
    Exported,
    /// The authority answered; final.
    Answered,
    /// Withdrawn; final.
    Withdrawn,
}

/// What moves a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transition {
    /// The draft was made.
    Created,
    /// The holder agreed to submit it.
    Submitted,
    /// Its signed file was made, perhaps again.
    Exported,
    /// The authority's answer was imported.
    Answered,
    /// It was withdrawn.
    Withdrawn,
}

/// How an attempt at a transition ended without it; the state stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attempt {
    /// The person said no.
    Denied,
    /// The asking program withdrew it.
    Cancelled,
    /// The person did not answer in time.
    TimedOut,
    /// Something failed.
    Failed,
}

/// A transition that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalTransition {
    /// The state; `None` before the request exists.
    pub from: Option<RequestState>,
    /// What was to happen.
    pub transition: Transition,
}

impl core::fmt::Display for IllegalTransition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.from {
            Some(state) => write!(f, "a request that is {state} cannot become {}", self.transition),
            None => write!(f, "a request that does not exist cannot become {}", self.transition),
        }
    }
}

impl core::error::Error for IllegalTransition {}

impl RequestState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Draft, Self::Submitted, Self::Exported, Self::Answered, Self::Withdrawn];

    /// The state after a transition; `from` is `None` before the request exists.
    ///
    /// # Errors
    /// When the table does not have it.
    pub fn after(from: Option<Self>, transition: Transition) -> Result<Self, IllegalTransition> {
        use RequestState::{Answered, Draft, Exported, Submitted, Withdrawn};
        match (from, transition) {
            (None, Transition::Created) => Ok(Draft),
            (Some(Draft), Transition::Submitted) => Ok(Submitted),
            (Some(Submitted | Exported), Transition::Exported) => Ok(Exported),
            (Some(Submitted | Exported), Transition::Answered) => Ok(Answered),
            (Some(Draft | Submitted | Exported), Transition::Withdrawn) => Ok(Withdrawn),
            (None, _)
            | (Some(_), Transition::Created)
            | (Some(Submitted | Exported), Transition::Submitted)
            | (Some(Draft), Transition::Exported | Transition::Answered)
            | (Some(Answered | Withdrawn), _) => Err(IllegalTransition { from, transition }),
        }
    }

    /// The state after a transition of a request that exists.
    ///
    /// # Errors
    /// When the table does not have it.
    pub fn apply(self, transition: Transition) -> Result<Self, IllegalTransition> {
        Self::after(Some(self), transition)
    }

    /// The state after an attempt at a transition that was to be lawful: the same.
    ///
    /// # Errors
    /// When the transition itself would not be in the table: then there was nothing to attempt.
    pub fn attempt(self, transition: Transition, _: Attempt) -> Result<Self, IllegalTransition> {
        self.apply(transition).map(|_| self)
    }

    /// True when nothing can follow.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Answered | Self::Withdrawn)
    }

    /// The word in records: `draft`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Exported => "exported",
            Self::Answered => "answered",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl core::fmt::Display for RequestState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Transition {
    /// Every transition.
    pub const ALL: [Self; 5] =
        [Self::Created, Self::Submitted, Self::Exported, Self::Answered, Self::Withdrawn];

    /// The word in records: `created`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Submitted => "submitted",
            Self::Exported => "exported",
            Self::Answered => "answered",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl core::fmt::Display for Transition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Attempt {
    /// Every outcome of an attempt.
    pub const ALL: [Self; 4] = [Self::Denied, Self::Cancelled, Self::TimedOut, Self::Failed];

    /// The word in records: `timed-out`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed-out",
            Self::Failed => "failed",
        }
    }
}

impl core::fmt::Display for Attempt {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The table of the module's head, read as data.
    fn table() -> Vec<(Option<RequestState>, Transition, RequestState)> {
        let state = |word: &str| RequestState::ALL.into_iter().find(|s| s.as_str() == word);
        let rows = include_str!("state.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
        let mut lawful = Vec::new();
        for row in rows.filter(|row| !row.starts_with("from")) {
            let cells: Vec<&str> = row.trim_end_matches('|').split('|').map(str::trim).collect();
            for from in cells[0].split(", ") {
                for (transition, cell) in Transition::ALL.into_iter().zip(&cells[1..]) {
                    if let Some(to) = state(cell) {
                        lawful.push((state(from), transition, to));
                    }
                }
            }
        }
        lawful
    }

    #[test]
    fn exactly_the_table_of_the_documentation_is_lawful() {
        let lawful = table();
        assert_eq!(lawful.len(), 9);
        for from in RequestState::ALL.into_iter().map(Some).chain([None]) {
            for transition in Transition::ALL {
                let expected = lawful
                    .iter()
                    .find(|(state, event, _)| (*state, *event) == (from, transition))
                    .map(|(_, _, to)| *to)
                    .ok_or(IllegalTransition { from, transition });
                assert_eq!(RequestState::after(from, transition), expected);
                if let Some(state) = from {
                    for attempt in Attempt::ALL {
                        let stays = expected.map(|_| state);
                        assert_eq!(state.attempt(transition, attempt), stays);
                    }
                }
            }
        }
    }

    #[test]
    fn every_state_is_reached_and_final_ones_are_never_left() {
        let mut reached = BTreeSet::new();
        let mut open = vec![RequestState::after(None, Transition::Created).unwrap()];
        while let Some(state) = open.pop() {
            if reached.insert(state) {
                open.extend(Transition::ALL.into_iter().filter_map(|t| state.apply(t).ok()));
            }
        }
        assert_eq!(reached.into_iter().collect::<Vec<_>>(), RequestState::ALL);
        for state in RequestState::ALL {
            let leaves = Transition::ALL.into_iter().any(|t| state.apply(t).is_ok());
            assert_eq!(leaves, !state.is_final(), "{state}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_history_goes_on_after_its_end(events in proptest::collection::vec(0_usize..5, 0..40)) {
            let mut state = None;
            let mut ended = false;
            for event in events {
                if let Ok(next) = RequestState::after(state, Transition::ALL[event]) {
                    proptest::prop_assert!(!ended);
                    ended = next.is_final();
                    state = Some(next);
                }
            }
        }
    }
}
