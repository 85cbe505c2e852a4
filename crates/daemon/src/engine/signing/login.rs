//! From an agreement to a login: the token's turn, the PIN, and taking the question for it back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kyso::signer::{Access, Fit, Signer};
use kyso_protocol::{Lang, OperationState};
use kyso_token::worker::WorkerStore;
use kyso_token::{Credential, PinRefused, TokenError};

use crate::app::App;
use crate::engine::consent::Agreed;
use crate::engine::operations::{Ended, Handle};
use crate::engine::queue::Waited;

/// Between two looks whether the work was stopped while a PIN is asked for.
const LOOK: Duration = Duration::from_millis(100);

/// How often a person may type the PIN for one act.
const TRIES: usize = 3;

/// Waits for the credential's token, which shows.
///
/// # Errors
/// [`Ended`]: the wait was too long, or the work was stopped.
pub(crate) fn lease(
    app: &App,
    handle: &Handle,
    credential: &Credential,
) -> Result<crate::tokens::Lease, Ended> {
    let patience = app.settings().bounds.token_patience;
    let waits = || handle.enter(OperationState::WaitingForToken);
    match app.tokens().lease(credential, patience, handle.stop(), waits) {
        Ok(lease) => Ok(lease),
        Err(Waited::Stopped) => Err(Ended::Cancelled),
        Err(Waited::TooLong(waited)) => Err(TokenError::TokenBusy { waited }.into()),
    }
}

/// Logs in; a person who types a wrong PIN is asked again, a few times, and told so.
///
/// The last try before the lock is spent only where the prompt got its own yes for that.
///
/// # Errors
/// [`Ended`]: the person gave no PIN, the token's, or the work was stopped.
pub(crate) fn open(
    app: &App,
    handle: &Handle,
    lang: Lang,
    fit: &Fit,
    agreed: &Agreed,
) -> Result<Signer, Ended> {
    let mut asking = agreed.clone();
    for left in (0..TRIES).rev() {
        let _turn = agreed.turn(app, handle)?;
        if handle.stop_requested() {
            return Err(Ended::Cancelled);
        }
        handle.enter(OperationState::WaitingForPin);
        let store = app.tokens().store();
        let access = Access::Store { store: &*store, source: &asking.pin, prompt: &() };
        let opened = withdrawable(handle, &store, fit.credential(), || fit.clone().open(access));
        match opened {
            Ok(_) if handle.stop_requested() => return Err(Ended::Cancelled),
            Ok(signer) => return Ok(signer),
            Err(TokenError::PinIncorrect { state })
                if left > 0 && !state.locked && agreed.asks_a_person() =>
            {
                asking = agreed
                    .with_notice(lang.pick("PIN vừa nhập không đúng.", "That PIN was wrong."));
            }
            // The person withdrew or said no at the PIN: as much a no as at the question before.
            Err(_) if handle.stop_requested() => return Err(Ended::Cancelled),
            Err(TokenError::PinRefused(PinRefused::Cancelled)) => return Err(Ended::Denied),
            Err(TokenError::PinRefused(PinRefused::TimedOut)) => return Err(Ended::TimedOut),
            Err(error) => {
                app.tokens().forget();
                return Err(error.into());
            }
        }
    }
    // Not reached: the last round returns.
    Err(Ended::Denied)
}

/// Opens an act; the question for the PIN is taken back as soon as the work is stopped.
fn withdrawable<T>(
    handle: &Handle,
    store: &WorkerStore,
    credential: &Credential,
    open: impl FnOnce() -> T,
) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                // Again and again: the worker may not have come to its question yet.
                if handle.stop_requested()
                    && let Err(error) = store.withdraw(credential)
                {
                    tracing::warn!(%error, "a question for a PIN cannot be taken back");
                }
                std::thread::park_timeout(LOOK);
            }
        });
        // Also where it panics: the scope waits for its threads.
        let _end = End { done: &done, watch: watch.thread() };
        open()
    })
}

/// Ends the watch when it is dropped.
struct End<'a> {
    done: &'a AtomicBool,
    watch: &'a std::thread::Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        self.watch.unpark();
    }
}
