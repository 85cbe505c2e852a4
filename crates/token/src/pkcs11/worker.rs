//! A session on a thread of its own, and how jobs and replies pass between threads.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{
    Receiver, RecvError, RecvTimeoutError, SyncSender, TryRecvError, sync_channel,
};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pkcs11::object::ObjectHandle;
use pkcs11::session::{Session, UserType};
use pkcs11::slot::Slot;

use super::failure::failure;
use super::login::{Secret, login};
use super::mechanism::Plan;
use super::module::Module;
use super::scan::token_info;
use crate::lock::lock;
use crate::{KeyType, TokenError};

/// What every thread of an act knows of its key.
pub(super) struct Key {
    pub(super) module: Arc<Module>,
    pub(super) slot: Slot,
    pub(super) handle: ObjectHandle,
    pub(super) key_type: KeyType,
    pub(super) signature_len: usize,
    /// Kept for CKA_ALWAYS_AUTHENTICATE keys alone, and wiped when the act ends.
    pub(super) secret: Mutex<Option<Arc<Secret>>>,
    pub(super) always_authenticate: bool,
    /// What context-specific logins have come to, for CKA_ALWAYS_AUTHENTICATE keys.
    pub(super) context: Mutex<ContextLogin>,
}

/// Whether the PIN is known to be right for signatures; each wrong try is one of the few that the token gives.
pub(super) enum ContextLogin {
    /// No session has tried yet: one does while the others wait.
    Untried,
    /// It was right.
    Right,
    /// It was refused, or the counters forbid a try: nobody tries again in this act.
    Refused(TokenError),
}

/// What a session's thread is asked.
pub(super) enum Job {
    Sign { plan: Plan, data: Vec<Vec<u8>> },
    Logout,
}

/// One result for each thing asked; empty for a job without any.
pub(super) type Reply = Vec<Result<Vec<u8>, TokenError>>;

/// How long a caller looks for the reply before it sleeps, where replies come that fast. Waking a thread on another, idle
/// processor costs 50 µs and more, as much as a P-256 signature of a token in software.
const WATCH_REPLY: Duration = Duration::from_micros(200);
/// How long a session's thread looks for the next job before it sleeps: what a caller in a batch needs between two.
const WATCH_JOB: Duration = Duration::from_micros(100);

/// Waits for a reply: looks and gives way in turn where `fast`, then sleeps.
fn receive<T>(replies: &Receiver<T>, fast: bool, limit: Duration) -> Result<T, RecvTimeoutError> {
    if !fast {
        return replies.recv_timeout(limit);
    }
    match watch(replies, WATCH_REPLY.min(limit)) {
        Err(TryRecvError::Empty) => replies.recv_timeout(limit.saturating_sub(WATCH_REPLY)),
        Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
        Ok(reply) => Ok(reply),
    }
}

/// Waits for a job the same way.
fn next<T>(jobs: &Receiver<T>) -> Result<T, RecvError> {
    match watch(jobs, WATCH_JOB) {
        Err(TryRecvError::Empty) => jobs.recv(),
        Err(TryRecvError::Disconnected) => Err(RecvError),
        Ok(job) => Ok(job),
    }
}

/// Yields between looks: where threads outnumber processors, the one that has work gets the processor.
fn watch<T>(receiver: &Receiver<T>, time: Duration) -> Result<T, TryRecvError> {
    let start = Instant::now();
    loop {
        match receiver.try_recv() {
            Err(TryRecvError::Empty) if start.elapsed() < time => std::thread::yield_now(),
            outcome => return outcome,
        }
    }
}

/// A session and the thread that owns it.
pub(super) struct Worker {
    jobs: SyncSender<Job>,
    replies: Receiver<Result<Reply, TokenError>>,
    /// Set before the channels go when the thread is left behind in a call.
    abandoned: Arc<AtomicBool>,
    /// Whether the last signature took less than a caller would watch for: a card or an RSA key is slept for.
    fast: Arc<AtomicBool>,
    /// Signatures made or failed since the session began: what tells a long job from a hung one.
    done: Arc<AtomicU64>,
    key: Arc<Key>,
}

impl Worker {
    pub(super) fn start(key: &Arc<Key>, session: Session) -> Result<Self, TokenError> {
        let (jobs, inbox) = sync_channel(1);
        let (outbox, replies) = sync_channel(1);
        let abandoned = Arc::new(AtomicBool::new(false));
        let fast = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicU64::new(0));
        let worker = Self {
            jobs,
            replies,
            abandoned: abandoned.clone(),
            fast: fast.clone(),
            done: done.clone(),
            key: key.clone(),
        };
        let key = key.clone();
        std::thread::Builder::new()
            .name("kyso-session".into())
            .spawn(move || {
                key.serve(session, &inbox, &outbox, (&fast, &done));
                if abandoned.load(Ordering::Acquire) {
                    key.module.hung.remove();
                }
            })
            .map_err(|_| TokenError::DeviceMemory { function: Cow::Borrowed("thread") })?;
        Ok(worker)
    }

    /// Hands the job over and waits, at most `limit` for each signature; after a time-out the worker must not be asked
    /// again.
    pub(super) fn ask(
        &self,
        job: Job,
        function: &'static str,
        limit: Duration,
    ) -> Result<Reply, TokenError> {
        let function = Cow::Borrowed(function);
        if self.jobs.send(job).is_err() {
            return Err(TokenError::ReplyMalformed { function });
        }
        let mut done = self.done.load(Ordering::Relaxed);
        loop {
            match receive(&self.replies, self.fast.load(Ordering::Relaxed), limit) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.done.load(Ordering::Relaxed);
                    if now != done {
                        done = now;
                        continue;
                    }
                    self.key.module.hung.add();
                    self.abandoned.store(true, Ordering::Release);
                    return Err(TokenError::CallTimedOut { function, limit });
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(TokenError::ReplyMalformed { function });
                }
            }
        }
    }

    /// Waits until the thread has closed its session, unless it hangs.
    pub(super) fn end(self, limit: Duration) {
        let Self { jobs, replies, abandoned, .. } = self;
        drop(jobs);
        if !abandoned.load(Ordering::Acquire) {
            // Ends by disconnection; a reply cannot come, since no job is out.
            let _ = replies.recv_timeout(limit);
        }
    }
}

impl Key {
    /// The session's thread: signs what comes until nobody can ask any more, then closes the session.
    fn serve(
        &self,
        session: Session,
        inbox: &Receiver<Job>,
        outbox: &SyncSender<Result<Reply, TokenError>>,
        (fast, done): (&AtomicBool, &AtomicU64),
    ) {
        let mut session = session;
        // After an error an operation may still be active in the session; a fresh one has none.
        let mut stale = false;
        while let Ok(job) = next(inbox) {
            let start = Instant::now();
            let mut asked = 1;
            let result = match job {
                Job::Logout => session.logout().map(|()| Vec::new()).map_err(failure),
                Job::Sign { plan, data } => {
                    asked = u32::try_from(data.len()).unwrap_or(u32::MAX).max(1);
                    Ok(self.sign_all(&mut session, &mut stale, plan, &data, done))
                }
            };
            fast.store(start.elapsed() / asked < WATCH_REPLY, Ordering::Relaxed);
            if outbox.send(result).is_err() {
                break;
            }
        }
    }

    /// Signs one after the other; what ends the act ends the job, and the rest gets the same error.
    fn sign_all(
        &self,
        session: &mut Session,
        stale: &mut bool,
        plan: Plan,
        data: &[Vec<u8>],
        done: &AtomicU64,
    ) -> Reply {
        let mut replies: Reply = Vec::with_capacity(data.len());
        for data in data {
            let ended = match replies.last() {
                Some(Err(error)) if error.ends_act() => Some(error.clone()),
                _ => None,
            };
            let result = match ended {
                Some(error) => Err(error),
                None => {
                    let renewed = if *stale { self.renew(session) } else { Ok(()) };
                    renewed.and_then(|()| self.sign(session, plan, data))
                }
            };
            *stale = result.is_err();
            replies.push(result);
            done.fetch_add(1, Ordering::Relaxed);
        }
        replies
    }

    /// Opens the new session before the old one closes: with its last session a token logs out.
    fn renew(&self, session: &mut Session) -> Result<(), TokenError> {
        *session = self.module.context.open_ro_session(self.slot).map_err(failure)?;
        Ok(())
    }

    fn sign(&self, session: &Session, plan: Plan, data: &[u8]) -> Result<Vec<u8>, TokenError> {
        let init = || session.sign_init(&plan.mechanism(), self.handle).map_err(failure);
        if self.always_authenticate {
            self.context_login(session, init)?;
        } else {
            init()?;
        }
        self.module.raw.sign(session, data, self.signature_len)
    }

    /// `C_SignInit`, then the PIN for this one signature (PKCS#11 2.40 §4.9, CKA_ALWAYS_AUTHENTICATE).
    ///
    /// The counters are read before each try: many sessions must not spend in a moment what a person has left.
    fn context_login(
        &self,
        session: &Session,
        init: impl FnOnce() -> Result<(), TokenError>,
    ) -> Result<(), TokenError> {
        let mut context = lock(&self.context);
        match &*context {
            ContextLogin::Refused(error) => return Err(error.clone()),
            ContextLogin::Untried => {
                let outcome = self.try_pin(session, init);
                *context = match &outcome {
                    Ok(()) => ContextLogin::Right,
                    Err(error) if error.ends_act() => ContextLogin::Refused(error.clone()),
                    Err(_) => ContextLogin::Untried,
                };
                return outcome;
            }
            ContextLogin::Right => drop(context),
        }
        let outcome = self.try_pin(session, init);
        if let Err(error) = &outcome
            && error.ends_act()
        {
            *lock(&self.context) = ContextLogin::Refused(error.clone());
        }
        outcome
    }

    fn try_pin(
        &self,
        session: &Session,
        init: impl FnOnce() -> Result<(), TokenError>,
    ) -> Result<(), TokenError> {
        let state = token_info(&self.module.context, self.slot)?.user_pin;
        if state.locked {
            return Err(TokenError::PinLocked);
        }
        if state.final_try {
            return Err(TokenError::LastTryRefused);
        }
        init()?;
        let secret = lock(&self.secret).clone();
        let secret =
            secret.ok_or(TokenError::SessionLost { function: Cow::Borrowed("C_Login") })?;
        login(&self.module, self.slot, session, UserType::ContextSpecific, &secret)
    }
}
