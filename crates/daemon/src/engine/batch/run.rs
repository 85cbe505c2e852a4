//! The runner: consent once, then acts, each one login, until no item is pending or something makes it stand still.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kyso::recorder::Outcome;
use kyso::sign::SignError;
use kyso::signer::{Fit, Signer};
use kyso_protocol::{OperationState, PauseReason, Problem};
use kyso_token::{PinRefused, TokenError};

use super::control::Control;
use super::ledger::{Facts, Ledger};
use super::round::{self, Files, Work};
use super::screen::{Look, Screened, screen};
use super::token::{Seen, look};
use super::verdict::Trouble;
use crate::app::App;
use crate::caller::Caller;
use crate::engine::consent::{Agreed, Asking};
use crate::engine::operations::{Done, Ended, Handle};
use crate::engine::question::{Question, Scope};
use crate::engine::queue::Waited;
use crate::engine::{record, recovery, signing};
use crate::error::{ApiError, BatchError};
use crate::store::batches::{self, BatchRow, Wish};
use crate::store::items::{self, End, Sha256};
use crate::tokens::Lease;

/// How often the slots are looked at while somebody waits for a token.
const LOOK: Duration = Duration::from_secs(1);

/// Acts in a row that end without one signature before the module itself is held to be at fault.
const MOST_BARREN: u32 = 3;

/// How a batch came to rest.
#[derive(Debug)]
enum Rest {
    /// It stands still until somebody resumes it.
    Paused(PauseReason, Option<Problem>),
    /// Nothing is pending and something was signed.
    Succeeded,
    /// It failed as a whole.
    Failed(Problem),
    /// The person said no.
    Denied,
    /// The person did not answer.
    TimedOut,
    /// Somebody asked for a halt.
    Halted(Halt),
}

/// Why a batch that is under way comes to a halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halt {
    /// A client asked for a pause.
    Pause,
    /// A client withdrew it.
    Cancel,
    /// The daemon ends.
    Closing,
}

/// Runs a batch until it rests: the work of its operation.
///
/// # Errors
/// [`Ended`], as every operation's.
pub(super) fn run(
    app: &App,
    handle: &Handle,
    caller: &Caller,
    control: &Control,
) -> Result<Done, Ended> {
    control.attach(handle.stop());
    let id = handle.id.to_string();
    let batch = batches::batch(&app.store.connection(), &id)?.ok_or(BatchError::Unknown)?;
    let mut runner = Runner {
        app,
        handle,
        caller,
        control,
        certificate: super::fingerprint(&batch.credential),
        batch,
        warnings: Vec::new(),
        suspects: BTreeSet::new(),
        barren: 0,
    };
    let rest = runner.work().unwrap_or_else(|error| {
        let problem = error.document(runner.batch.lang);
        tracing::error!(batch = id, code = problem.code, "stands still");
        Rest::Paused(PauseReason::JournalUnwritable, Some(problem))
    });
    runner.rest(rest)
}

struct Runner<'a> {
    app: &'a App,
    handle: &'a Handle,
    caller: &'a Caller,
    control: &'a Control,
    batch: BatchRow,
    certificate: Sha256,
    warnings: Vec<String>,
    /// Items in flight when a worker died; they are tried alone.
    suspects: BTreeSet<usize>,
    /// Acts in a row that ended without a signature.
    barren: u32,
}

/// How an act ended.
enum ActEnd {
    /// Nothing is pending.
    Done,
    /// This ended it.
    Trouble(Trouble, Box<Problem>),
}

impl Runner<'_> {
    /// What it shall halt for, if anything.
    fn halt(&self) -> Option<Halt> {
        if self.handle.withdrawn() || self.batch.wish == Some(Wish::Cancel) {
            Some(Halt::Cancel)
        } else if self.control.is_paused() {
            Some(Halt::Pause)
        } else {
            self.handle.stop_requested().then_some(Halt::Closing)
        }
    }

    fn work(&mut self) -> Result<Rest, ApiError> {
        if let Some(halt) = self.halt() {
            return Ok(Rest::Halted(halt));
        }
        recovery::reconcile(self.app, &self.batch)?;
        if self.is_done()? {
            return self.done();
        }
        let fit = signing::fit(self.app, &self.batch.credential, &self.batch.asked.options);
        let fit = match fit {
            Ok(fit) => fit,
            Err(error) => return self.hopeless(error.document(self.batch.lang)),
        };
        let agreed = match self.agree(&fit)? {
            Ok(agreed) => agreed,
            Err(rest) => return Ok(rest),
        };
        loop {
            if let Some(halt) = self.halt() {
                return Ok(Rest::Halted(halt));
            }
            let (trouble, problem) = match self.act(&fit, &agreed)? {
                ActEnd::Done => return self.done(),
                ActEnd::Trouble(trouble, problem) => (trouble, *problem),
            };
            if let Some(halt) = self.halt() {
                return Ok(Rest::Halted(halt));
            }
            match trouble {
                Trouble::PinNeeded => {
                    return Ok(Rest::Paused(PauseReason::PinNeeded, Some(problem)));
                }
                Trouble::Journal => {
                    return Ok(Rest::Paused(PauseReason::JournalUnwritable, Some(problem)));
                }
                Trouble::Hopeless => return self.hopeless(problem),
                Trouble::TokenGone if look(self.app, &self.batch.credential) != Seen::Same => {
                    // A token that was pulled out is nobody's fault.
                    self.barren = 0;
                    if let Some(halt) = self.wait_for_token(&problem)? {
                        return Ok(Rest::Halted(halt));
                    }
                }
                Trouble::TokenGone | Trouble::WorkerDied | Trouble::Stopped => {
                    self.barren += 1;
                    if self.barren >= MOST_BARREN {
                        let error = BatchError::ModuleFailed { failures: self.barren };
                        let problem = ApiError::from(error).document(self.batch.lang);
                        return Ok(Rest::Paused(PauseReason::ModuleFailed, Some(problem)));
                    }
                }
            }
        }
    }

    /// The person's or the policy's consent to exactly these documents; once it was given, the policy is asked again and the
    /// person for the PIN only.
    fn agree(&mut self, fit: &Fit) -> Result<Result<Agreed, Rest>, ApiError> {
        let earlier = self.batch.agreed.clone();
        let look = match &earlier {
            None if self.a_person_is_asked() => Look::Whole,
            _ => Look::Format,
        };
        let screened = screen(&self.ledger(), &self.files(), look)?;
        if screened.fit == 0 {
            return self.done().map(Err);
        }
        let question = self.question(fit, &screened);
        let wanted = self.batch.asked.consent.as_ref();
        let asking = match Asking::prepare(self.app, self.caller, wanted, &question) {
            Ok(asking) => asking,
            Err(error) => return self.nobody_to_ask(&error, earlier.is_some()).map(Err),
        };
        if earlier.is_some() {
            return Ok(Ok(asking.agreed(&question)));
        }
        match asking.ask(self.app, self.handle, self.caller, &question) {
            Ok(agreed) => {
                // The journal shows with each document which list was agreed to.
                let consent = format!("{} list {}", agreed.id, hex::encode(self.batch.list));
                batches::agree(&self.app.store.connection(), &self.batch.id, &consent)?;
                self.batch.agreed = Some(consent);
                Ok(Ok(agreed))
            }
            Err(Ended::Denied) => {
                self.batch.agreed = Some(asking.id().to_owned());
                self.refused(record::DENIED)?;
                Ok(Err(Rest::Denied))
            }
            Err(Ended::TimedOut) => {
                self.batch.agreed = Some(asking.id().to_owned());
                self.refused(record::TIMED_OUT)?;
                Ok(Err(Rest::TimedOut))
            }
            Err(Ended::Cancelled | Ended::Suspended) => {
                Ok(Err(Rest::Halted(self.halt().unwrap_or(Halt::Closing))))
            }
            Err(Ended::Failed(error)) => self.nobody_to_ask(&error, false).map(Err),
        }
    }

    /// A batch that nobody can be asked about fails; one that was agreed to stands still until somebody can be.
    fn nobody_to_ask(&self, error: &ApiError, agreed: bool) -> Result<Rest, ApiError> {
        let problem = error.document(self.batch.lang);
        if agreed {
            return Ok(Rest::Paused(PauseReason::PinNeeded, Some(problem)));
        }
        self.hopeless(problem)
    }

    fn a_person_is_asked(&self) -> bool {
        super::asks_a_person(&self.app.settings(), self.batch.asked.consent.as_ref())
    }

    fn question(&self, fit: &Fit, screened: &Screened) -> Question {
        let scope = Scope::of(&self.batch.credential, &screened.formats(), screened.fit);
        Question::batch(
            screened.unfit,
            &screened.names,
            &screened.formats_made(),
            &self.batch.list,
            fit.certificate(),
            scope,
            self.batch.lang,
        )
    }

    /// One login, and what is signed on it.
    fn act(&mut self, fit: &Fit, agreed: &Agreed) -> Result<ActEnd, ApiError> {
        let Some(lease) = self.lease() else {
            return Ok(self.stopped());
        };
        let signer = match self.log_in(fit, agreed) {
            Ok(signer) => signer,
            Err(end) => return Ok(end),
        };
        self.handle.explain(None);
        self.enter(OperationState::Running);
        let end = self.rounds(&signer);
        if let Err(error) = signer.close() {
            tracing::warn!(batch = self.batch.id, code = error.code(), "no log-out");
        }
        drop(lease);
        end
    }

    fn stopped(&self) -> ActEnd {
        ActEnd::Trouble(
            Trouble::Stopped,
            Box::new(round::problem(&SignError::Cancelled, self.batch.lang)),
        )
    }

    /// Waits until earlier acts on the token are over: a batch has the time.
    fn lease(&self) -> Option<Lease> {
        let patience = self.app.settings().bounds.token_patience;
        loop {
            let waits = || self.enter(OperationState::WaitingForToken);
            let tokens = self.app.tokens();
            match tokens.lease(&self.batch.credential, patience, self.handle.stop(), waits) {
                Ok(lease) => return Some(lease),
                Err(Waited::Stopped) => return None,
                Err(Waited::TooLong(_)) => {}
            }
        }
    }

    /// A person who types a wrong PIN is asked again a few times; one who types none makes the batch stand still.
    fn log_in(&mut self, fit: &Fit, agreed: &Agreed) -> Result<Signer, ActEnd> {
        let lang = self.batch.lang;
        let opened = signing::open(self.app, self.handle, lang, fit, agreed);
        self.app.batches().tell(&self.batch.id);
        let refused = |why| SignError::Token(TokenError::PinRefused(why));
        let error = match opened {
            Ok(signer) => {
                self.warnings = signing::warnings(&signer, lang);
                return Ok(signer);
            }
            Err(Ended::Cancelled | Ended::Suspended) => return Err(self.stopped()),
            Err(Ended::Denied) => refused(PinRefused::Cancelled),
            Err(Ended::TimedOut) => refused(PinRefused::TimedOut),
            Err(Ended::Failed(ApiError::Token(error))) => SignError::Token(error),
            Err(Ended::Failed(ApiError::Sign(error))) => error,
            Err(Ended::Failed(error)) => {
                return Err(ActEnd::Trouble(Trouble::Hopeless, Box::new(error.document(lang))));
            }
        };
        Err(ActEnd::Trouble(Trouble::of_login(&error), Box::new(round::problem(&error, lang))))
    }

    /// Rounds on one login: first the suspects, each alone, then the others.
    fn rounds(&mut self, signer: &Signer) -> Result<ActEnd, ApiError> {
        loop {
            if self.halt().is_some() {
                return Ok(self.stopped());
            }
            let suspect = self.suspects.pop_first();
            let work = self.next(suspect)?;
            if work.is_empty() {
                if suspect.is_some() {
                    continue;
                }
                return Ok(ActEnd::Done);
            }
            let left = round::sign(&self.ledger(), signer, work, self.handle.stop(), now_here())?;
            if left.signed > 0 {
                self.barren = 0;
            }
            if left.ask_journal {
                recovery::reconcile(self.app, &self.batch)?;
            }
            let Some((trouble, problem)) = left.trouble else { continue };
            match suspect {
                // It killed the worker a second time, and alone: it is the cause.
                Some(number) if left.suspects.contains(&number) => {
                    let end = End::Failed { entry: None, problem: Box::new(problem.clone()) };
                    self.end(number, end)?;
                }
                _ => self.suspects.extend(left.suspects),
            }
            return Ok(ActEnd::Trouble(trouble, Box::new(problem)));
        }
    }

    /// The next items to sign, with their files; those that the options do not fit end at once.
    fn next(&self, suspect: Option<usize>) -> Result<Vec<Work>, ApiError> {
        loop {
            let pending = {
                let connection = self.app.store.connection();
                match suspect {
                    Some(number) => {
                        let mut one = items::pending(&connection, &self.batch.id, number, 1)?;
                        one.retain(|item| item.number == number);
                        one
                    }
                    None => items::pending(&connection, &self.batch.id, 0, round::ITEMS)?,
                }
            };
            let found = !pending.is_empty();
            let files = self.files();
            let work = files.of(pending, &self.ledger())?;
            if !work.is_empty() || !found {
                return Ok(work);
            }
        }
    }

    fn files(&self) -> Files<'_> {
        let state = &self.app.settings().state;
        Files {
            documents: state.join("documents"),
            results: results(state, &self.batch.id),
            options: &self.batch.asked.options,
            lang: self.batch.lang,
        }
    }

    /// Waits until the same token is back; gives what to halt for, if that comes first.
    fn wait_for_token(&self, gone: &Problem) -> Result<Option<Halt>, ApiError> {
        let mut told = None;
        loop {
            if let Some(halt) = self.halt() {
                return Ok(Some(halt));
            }
            let seen = look(self.app, &self.batch.credential);
            let (reason, problem) = match &seen {
                Seen::Same => return Ok(None),
                Seen::Nothing => (PauseReason::TokenRemoved, gone.clone()),
                Seen::Other(found) => {
                    let agreed = self.batch.credential.token.serial.clone();
                    let error = BatchError::TokenDiffers { agreed, found: found.clone() };
                    (PauseReason::OtherToken, ApiError::from(error).document(self.batch.lang))
                }
            };
            if told.as_ref() != Some(&seen) {
                self.stand_still(reason, Some(problem))?;
                told = Some(seen);
            }
            self.control.wait(LOOK);
        }
    }

    /// Brings the batch to rest as its operation shall.
    fn rest(&mut self, rest: Rest) -> Result<Done, Ended> {
        match rest {
            Rest::Succeeded => {
                let warnings = std::mem::take(&mut self.warnings);
                Ok(Done { warnings, ..Done::default() })
            }
            Rest::Failed(problem) => {
                Err(Ended::Failed(BatchError::AsAWhole(Box::new(problem)).into()))
            }
            Rest::Denied => Err(Ended::Denied),
            Rest::TimedOut => Err(Ended::TimedOut),
            Rest::Paused(reason, problem) => self.suspended(reason, problem),
            Rest::Halted(Halt::Pause) => self.suspended(PauseReason::Requested, None),
            Rest::Halted(Halt::Closing) => {
                let row = batches::batch(&self.app.store.connection(), &self.batch.id)?;
                match row.and_then(|row| row.wish) {
                    Some(Wish::Pause) => self.suspended(PauseReason::Requested, None),
                    Some(Wish::Cancel) | None => self.suspended(PauseReason::Restarted, None),
                }
            }
            Rest::Halted(Halt::Cancel) => {
                self.refuse_pending(&Outcome::Cancelled, |entry| End::Cancelled {
                    entry: Some(entry),
                })?;
                // The wish stays: were the daemon killed before the end is written, the next start would not know of it.
                Err(Ended::Cancelled)
            }
        }
    }

    fn suspended(&self, reason: PauseReason, problem: Option<Problem>) -> Result<Done, Ended> {
        if let Err(error) = self.stand_still(reason, problem) {
            // The next start finds the batch unfinished and asks the journal.
            tracing::error!(batch = self.batch.id, ?error, "its rest could not be written");
        }
        Err(Ended::Suspended)
    }

    fn stand_still(&self, reason: PauseReason, problem: Option<Problem>) -> Result<(), ApiError> {
        self.handle.explain(problem);
        self.handle.pause(reason)?;
        self.app.batches().tell(&self.batch.id);
        Ok(())
    }

    /// Nobody agreed: every document's record says so.
    fn refused(&self, code: &str) -> Result<(), ApiError> {
        let outcome = Outcome::Failed { code: code.to_owned() };
        self.refuse_pending(&outcome, |entry| End::Cancelled { entry: Some(entry) })
    }

    /// No item can ever be signed.
    fn hopeless(&self, problem: Problem) -> Result<Rest, ApiError> {
        let outcome = Outcome::Failed { code: problem.code.clone() };
        self.refuse_pending(&outcome, |entry| End::Failed {
            entry: Some(entry),
            problem: Box::new(problem.clone()),
        })?;
        Ok(Rest::Failed(problem))
    }

    /// Ends all pending items unsigned, each recorded.
    fn refuse_pending(&self, outcome: &Outcome, end: impl Fn(u64) -> End) -> Result<(), ApiError> {
        let ledger = self.ledger();
        loop {
            let work = self.next(None)?;
            if work.is_empty() {
                return Ok(());
            }
            let items: Vec<(usize, Facts)> = work
                .iter()
                .map(|one| (one.item.number, Facts::of(&one.item, &one.format)))
                .collect();
            let ended = ledger.refuse(&items, outcome, &end)?;
            ledger.end(&items.into_iter().collect(), ended)?;
        }
    }

    fn end(&self, number: usize, end: End) -> Result<(), ApiError> {
        let work = self.next(Some(number))?;
        let facts: HashMap<usize, Facts> =
            work.iter().map(|one| (number, Facts::of(&one.item, &one.format))).collect();
        self.ledger().end(&facts, vec![(number, end)])
    }

    fn is_done(&self) -> Result<bool, ApiError> {
        Ok(items::pending(&self.app.store.connection(), &self.batch.id, 0, 1)?.is_empty())
    }

    /// Nothing is pending: it succeeded if anything did.
    fn done(&self) -> Result<Rest, ApiError> {
        let connection = self.app.store.connection();
        let counts = items::counts(&connection, &self.batch.id)?;
        let first = items::ended_after(&connection, &self.batch.id, 0, 1)?.into_iter().next();
        match first.and_then(|item| item.problem) {
            Some(problem) if counts.signed == 0 => Ok(Rest::Failed(problem)),
            _ => Ok(Rest::Succeeded),
        }
    }

    fn enter(&self, state: OperationState) {
        self.handle.enter(state);
        self.app.batches().tell(&self.batch.id);
    }

    fn ledger(&self) -> Ledger<'_> {
        Ledger {
            app: self.app,
            batch: &self.batch,
            certificate: self.certificate,
            requester: self.batch.peer.requester(),
            consent: self.batch.agreed.clone(),
        }
    }
}

/// Where a batch's results lie.
pub(crate) fn results(state: &Path, id: &str) -> PathBuf {
    state.join("results").join(id)
}

fn now_here() -> jiff::Zoned {
    crate::clock::now().to_zoned(jiff::tz::TimeZone::system())
}
