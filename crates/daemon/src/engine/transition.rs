//! Which state of an operation may follow which.

use kyso_protocol::OperationState;

/// Whether an operation in the state `from` may come to `to`; staying is no transition.
///
/// A person says no, or nothing, only where one is asked; only work succeeds; what may fail, be withdrawn or be cut short
/// is everything that has not ended.
pub(crate) const fn follows(from: OperationState, to: OperationState) -> bool {
    use OperationState as S;
    match (from, to) {
        (from, _) if from.is_final() => false,
        (_, S::Failed | S::Cancelled | S::Interrupted) => true,
        (S::WaitingForConsent | S::WaitingForPin, S::Denied | S::TimedOut) => true,
        (S::Running, S::Succeeded) => true,
        (_, S::Succeeded | S::Denied | S::TimedOut | S::Queued) => false,
        // Back to the question: only after a pause, where the person must agree anew.
        (S::Queued | S::Paused, S::WaitingForConsent) => true,
        (_, S::WaitingForConsent) => false,
        (S::Queued | S::WaitingForConsent | S::Running | S::Paused, S::WaitingForToken) => true,
        (S::WaitingForPin | S::WaitingForToken, S::WaitingForToken) => false,
        // A batch whose login was lost asks again.
        (S::WaitingForPin, S::WaitingForPin) | (S::Running, S::Running) => false,
        (S::Paused, S::Paused) => false,
        (_, S::WaitingForPin | S::Running | S::Paused) => true,
        // Final states are taken care of above.
        (_, S::WaitingForToken) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::operations::{ALL_STATES, word};

    /// The whole table; a row for each state, with those that may follow.
    const TABLE: [(&str, &str); 12] = [
        (
            "queued",
            "waiting-for-token waiting-for-consent waiting-for-pin running paused failed cancelled interrupted",
        ),
        ("waiting-for-token", "waiting-for-pin running paused failed cancelled interrupted"),
        (
            "waiting-for-consent",
            "waiting-for-token waiting-for-pin running paused failed cancelled denied timed-out interrupted",
        ),
        ("waiting-for-pin", "running paused failed cancelled denied timed-out interrupted"),
        (
            "running",
            "waiting-for-token waiting-for-pin paused succeeded failed cancelled interrupted",
        ),
        (
            "paused",
            "waiting-for-token waiting-for-consent waiting-for-pin running failed cancelled interrupted",
        ),
        ("succeeded", ""),
        ("failed", ""),
        ("cancelled", ""),
        ("denied", ""),
        ("timed-out", ""),
        ("interrupted", ""),
    ];

    #[test]
    fn every_pair_is_as_the_table_says() {
        for (from, (name, expected)) in ALL_STATES.into_iter().zip(TABLE) {
            assert_eq!(word(&from), name);
            let may: Vec<String> = ALL_STATES
                .into_iter()
                .filter(|to| follows(from, *to))
                .map(|to| word(&to))
                .collect();
            assert_eq!(may.join(" "), expected, "after {name}");
        }
    }
}
