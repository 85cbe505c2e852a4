//! How long a module may take, and what happens when it does not come back.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::TokenError;
use crate::lock::lock;

/// Bounds on a module's time and on what one act may hold.
///
/// In one process with its caller ([`super::Pkcs11Store`]) a call over its limit is given up and its thread left behind;
/// in a worker process ([`crate::worker::WorkerStore`]) the same limits hold and the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// For a listing or any other call without person or key work.
    pub call: Duration,
    /// For `C_Login` where the PIN is typed on the reader: a person has as long as the pad waits. With a PIN in hand it is a call.
    pub login: Duration,
    /// For one signature, and for waiting for a free session.
    pub sign: Duration,
    /// For a key pair: a card needs minutes for RSA-4096.
    pub generate: Duration,
    /// How long a second act waits for the first to log out.
    pub lease_wait: Duration,
    /// Most sessions, and so parallel signatures, of one act.
    pub sessions: usize,
    /// Most objects of one class read from a token.
    pub objects: usize,
    /// Calls of one module that may hang before it is not called any more; a worker process does not outlive the first.
    pub hung_calls: usize,
}

impl Limits {
    /// For a person at a desk: smart cards answer a listing within 10 s and sign RSA-4096 within 5 s; readers wait
    /// 60 s for a PIN. Eight sessions: what the smallest cards offer, and more than a card computes in parallel.
    #[must_use]
    pub const fn interactive() -> Self {
        Self {
            call: Duration::from_secs(20),
            login: Duration::from_secs(90),
            sign: Duration::from_secs(60),
            generate: Duration::from_secs(600),
            lease_wait: Duration::from_secs(5),
            sessions: 8,
            objects: 4096,
            hung_calls: 4,
        }
    }
}

/// Which C_ function a thread is in, for the error that names it.
#[derive(Clone, Debug)]
pub(super) struct Step(Arc<Mutex<&'static str>>);

impl Step {
    /// Notes the function about to be called.
    pub(super) fn at(&self, function: &'static str) {
        *lock(&self.0) = function;
    }

    fn now(&self) -> &'static str {
        *lock(&self.0)
    }
}

/// Counts the calls of a module that have not come back.
#[derive(Clone, Debug, Default)]
pub(super) struct Hung(Arc<AtomicIsize>);

impl Hung {
    fn count(&self) -> usize {
        usize::try_from(self.0.load(Ordering::Acquire)).unwrap_or(0)
    }

    /// A caller stopped waiting.
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// The call came back after all. May run before its `add`: hence a signed counter.
    pub(super) fn remove(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Runs calls into a module on a thread of their own and stops waiting after `limit`.
///
/// A thread that hangs is left behind: there is no way to end it but to end the process. At most `hung_calls` of them
/// are, then the module is not called any more.
pub(super) fn within<T: Send + 'static>(
    hung: &Hung,
    limits: &Limits,
    limit: Duration,
    work: impl FnOnce(&Step) -> Result<T, TokenError> + Send + 'static,
) -> Result<T, TokenError> {
    let step = Step(Arc::new(Mutex::new("C_Initialize")));
    let timed_out =
        |function| TokenError::CallTimedOut { function: Cow::Borrowed(function), limit };
    if hung.count() >= limits.hung_calls {
        return Err(timed_out("an earlier call"));
    }
    let (done, outcome) = sync_channel(1);
    // Whoever swaps second knows that the other side was there: the call finished, or was given up.
    let met = Arc::new(AtomicBool::new(false));
    let (inner, meet, counter) = (step.clone(), met.clone(), hung.clone());
    let spawned = std::thread::Builder::new().name("kyso-token".into()).spawn(move || {
        let result = work(&inner);
        if meet.swap(true, Ordering::AcqRel) {
            counter.remove();
        } else {
            // Fails only where the caller is gone, and then nobody wants the result.
            let _ = done.send(result);
        }
    });
    if spawned.is_err() {
        return Err(TokenError::DeviceMemory { function: Cow::Borrowed("thread") });
    }
    match outcome.recv_timeout(limit) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => {
            if !met.swap(true, Ordering::AcqRel) {
                hung.add();
            }
            Err(timed_out(step.now()))
        }
        Err(RecvTimeoutError::Disconnected) => {
            Err(TokenError::ReplyMalformed { function: Cow::Borrowed(step.now()) })
        }
    }
}
