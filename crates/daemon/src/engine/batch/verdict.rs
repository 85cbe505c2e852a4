//! What an item's result, or a login's failure, means for the batch.

use kyso::recorder::Outcome;
use kyso::sign::{SignError, SignResult};
use kyso_token::TokenError;

use crate::store::items::Sha256;

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Signed and released.
    Signed { entry: u64, result: Sha256 },
    /// Failed for good: no other try would end otherwise.
    Failed,
    /// Not signed for a reason that is not its own, or perhaps not: it is pending again.
    Again(Trouble),
    /// Released, but by an error that does not carry the receipt; the journal knows it.
    AskJournal,
}

/// What ended an act, or kept it from beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// Somebody asked for the stop, or another item's trouble ended the act.
    Stopped,
    /// The token is gone, or its session.
    TokenGone,
    /// The module's worker died or did not answer; items in flight are suspects.
    WorkerDied,
    /// The PIN was wrong, not given, or is locked.
    PinNeeded,
    /// The journal cannot be written.
    Journal,
    /// No item of this batch can ever be signed with this key.
    Hopeless,
}

impl Verdict {
    pub(super) fn of(result: &SignResult) -> Self {
        match result {
            Ok(released) => match &released.receipt().outcome {
                Outcome::Signed { released_sha256, .. }
                | Outcome::Extended { released_sha256, .. } => {
                    Self::Signed { entry: released.receipt().entry, result: *released_sha256 }
                }
                Outcome::Failed { .. } | Outcome::Cancelled => Self::AskJournal,
            },
            Err(SignError::NotDurable { .. }) => Self::AskJournal,
            Err(error) => Trouble::of_item(error).map_or(Self::Failed, Self::Again),
        }
    }
}

impl Trouble {
    /// The trouble that an item's error shows; none where the error is the item's own.
    fn of_item(error: &SignError) -> Option<Self> {
        match error {
            SignError::Token(error) => Self::of_token(error),
            SignError::Cancelled | SignError::Interrupted => Some(Self::Stopped),
            SignError::Recorder(_) => Some(Self::Journal),
            _ => None,
        }
    }

    /// The trouble that kept an act from beginning.
    pub(super) fn of_login(error: &SignError) -> Self {
        match error {
            SignError::Token(TokenError::UriMatchesNothing) => Self::TokenGone,
            SignError::Token(error) => Self::of_token(error).unwrap_or(Self::Hopeless),
            SignError::Recorder(_) => Self::Journal,
            _ => Self::Hopeless,
        }
    }

    fn of_token(error: &TokenError) -> Option<Self> {
        Some(match error {
            TokenError::TokenNotPresent
            | TokenError::TokenRemoved { .. }
            | TokenError::SessionLost { .. } => Self::TokenGone,
            TokenError::CallTimedOut { .. }
            | TokenError::WorkerCrashed { .. }
            | TokenError::WorkerHung { .. }
            | TokenError::WorkerReplyMalformed(_) => Self::WorkerDied,
            TokenError::PinRefused(_)
            | TokenError::PinIncorrect { .. }
            | TokenError::PinLocked
            | TokenError::PinLength { .. }
            | TokenError::PinExpired
            | TokenError::PinFileUnusable { .. }
            | TokenError::PinFileReadableByOthers { .. }
            | TokenError::LastTryRefused => Self::PinNeeded,
            TokenError::CertificateKeyMismatch { .. } => Self::Hopeless,
            // The act ended under another item's call.
            TokenError::ActUnknown => Self::Stopped,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kyso_token::{PinRefused, PinState};

    use super::*;

    fn token(error: TokenError) -> SignResult {
        Err(SignError::Token(error))
    }

    #[test]
    fn only_the_items_own_errors_fail_it_for_good() {
        let function = || "C_Sign".into();
        let again = |trouble| Verdict::Again(trouble);
        let cases = [
            (token(TokenError::TokenRemoved { function: function() }), again(Trouble::TokenGone)),
            (token(TokenError::SessionLost { function: function() }), again(Trouble::TokenGone)),
            (
                token(TokenError::WorkerCrashed { signal: Some(6), exit_code: None }),
                again(Trouble::WorkerDied),
            ),
            (
                token(TokenError::WorkerHung { function: function(), limit: Duration::ZERO }),
                again(Trouble::WorkerDied),
            ),
            (
                token(TokenError::PinIncorrect { state: PinState::default() }),
                again(Trouble::PinNeeded),
            ),
            (token(TokenError::PinRefused(PinRefused::TimedOut)), again(Trouble::PinNeeded)),
            (Err(SignError::Cancelled), again(Trouble::Stopped)),
            (token(TokenError::DeviceMemory { function: function() }), Verdict::Failed),
            (token(TokenError::DeviceError { function: function() }), Verdict::Failed),
            (Err(SignError::Empty { path: "d".into() }), Verdict::Failed),
            (Err(SignError::TargetExists { path: "d".into() }), Verdict::Failed),
            (
                Err(SignError::NotDurable { path: "d".into(), error: std::io::Error::other("") }),
                Verdict::AskJournal,
            ),
        ];
        for (result, expected) in cases {
            assert_eq!(Verdict::of(&result), expected, "{result:?}");
        }
    }

    #[test]
    fn every_error_that_ends_an_act_is_trouble_for_the_batch() {
        let function = || "C_Sign".into();
        for error in [
            TokenError::TokenRemoved { function: function() },
            TokenError::SessionLost { function: function() },
            TokenError::CallTimedOut { function: function(), limit: Duration::ZERO },
            TokenError::PinIncorrect { state: PinState::default() },
            TokenError::PinLocked,
            TokenError::LastTryRefused,
            TokenError::CertificateKeyMismatch { id: Vec::new() },
            TokenError::WorkerCrashed { signal: None, exit_code: None },
            TokenError::WorkerHung { function: function(), limit: Duration::ZERO },
        ] {
            assert!(error.ends_act(), "{error:?}");
            assert!(Trouble::of_token(&error).is_some(), "{error:?}");
        }
    }

    #[test]
    fn a_login_that_fails_for_another_reason_is_hopeless() {
        let error = SignError::Token(TokenError::MechanismNotOffered {
            algorithm: kyso_token::SigningAlgorithm::Ed25519,
        });
        assert_eq!(Trouble::of_login(&error), Trouble::Hopeless);
        let gone = SignError::Token(TokenError::UriMatchesNothing);
        assert_eq!(Trouble::of_login(&gone), Trouble::TokenGone);
    }
}
