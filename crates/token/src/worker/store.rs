//! A key store whose modules and key files live in worker processes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::act::WorkerAct;
use super::lease::Leases;
use super::process::Worker;
use super::setup::{Bounds, Source, Spawn};
use super::slot::{Counters, Slot, Status, Tally};
use crate::pkcs11::Limits;
use crate::pkcs12::KeyFileUri;
use crate::prompt::TerminalState;
use crate::{
    Credential, KeyMatch, KeyStore, ModuleInfo, PinPrompt, PinSource, Pkcs11Uri, Reply, Request,
    SigningAct, SlotInfo, TokenError,
};

/// Modules and key files, each in a process of its own that is started when it is first asked.
///
/// Mirrors [`crate::pkcs11::Pkcs11Store`] and [`crate::pkcs12::Pkcs12Store`]. [`PinSource::Prompt`] is refused with
/// [`TokenError::PromptNotInWorker`] save where nobody is asked; a PIN file or pad whose token is down to its last try
/// gets [`TokenError::LastTryRefused`], since nobody could say yes.
///
/// When the store is dropped, workers without an open act exit; the others when their acts end.
#[derive(Debug)]
pub struct WorkerStore {
    slots: Vec<Arc<Slot>>,
    limits: Limits,
    bounds: Bounds,
    leases: Arc<Leases>,
    tally: Arc<Tally>,
}

impl WorkerStore {
    /// A store over these sources; no process is started yet. Two names of one file share a process.
    #[must_use]
    pub fn new(sources: Vec<Source>, spawn: Spawn, limits: Limits, bounds: Bounds) -> Self {
        let tally = Arc::new(Tally::default());
        let mut groups: Vec<(PathBuf, Vec<Source>)> = Vec::new();
        let mut place: HashMap<PathBuf, usize> = HashMap::new();
        for source in sources {
            let real = source.real_path();
            match place.get(&real).and_then(|at| groups.get_mut(*at)) {
                Some((_, group)) => group.push(source),
                None => {
                    place.insert(real.clone(), groups.len());
                    groups.push((real, vec![source]));
                }
            }
        }
        let slots = groups
            .into_iter()
            .map(|(_, group)| Slot::new(group, spawn.clone(), limits, bounds, tally.clone()))
            .collect();
        Self { slots, limits, bounds, leases: Arc::default(), tally }
    }

    /// Has every worker load its module and report it, or why it does not load; key files are no modules.
    #[must_use]
    pub fn modules(&self) -> Vec<Result<ModuleInfo, TokenError>> {
        let asked = self.ask_all(&Request::ListModules, |slot| {
            matches!(slot.sources().first(), Some(Source::Module(_)))
        });
        let listed = asked.into_iter().flat_map(|outcome| match outcome {
            Ok(Reply::Modules(modules)) => modules,
            Ok(_) => vec![Err(unexpected(&Request::ListModules))],
            Err(error) => vec![Err(error)],
        });
        listed.collect()
    }

    /// All slots of all modules that load.
    ///
    /// # Errors
    /// The first module's error, where no module has any slot.
    pub fn slots(&self) -> Result<Vec<SlotInfo>, TokenError> {
        self.collect(&Request::ListSlots, |reply| match reply {
            Reply::Slots(slots) => Some(slots),
            _ => None,
        })
    }

    /// Every mechanism of a slot that the standard names (CKM_), as the token lists them.
    ///
    /// # Errors
    /// The module's errors.
    pub fn mechanisms(&self, module: &Path, slot_id: u64) -> Result<Vec<String>, TokenError> {
        let request = Request::ListMechanisms { module: module.to_path_buf(), slot_id };
        match self.execute(request)? {
            Reply::Mechanisms(mechanisms) => Ok(mechanisms),
            _ => Err(TokenError::ReplyMalformed { function: "C_GetMechanismList".into() }),
        }
    }

    /// The one credential that a URI names; its `module-path` only narrows the list of sources.
    ///
    /// # Errors
    /// [`TokenError::UriMatchesNothing`], [`TokenError::UriAmbiguous`], or the modules' errors.
    pub fn find(&self, uri: &Pkcs11Uri) -> Result<Credential, TokenError> {
        let credentials = match &uri.module_path {
            Some(path) => {
                let worker = self.slot(path)?.worker()?;
                match worker.ask(&Request::ListCredentials, self.listing())? {
                    Reply::Credentials(credentials) => credentials,
                    _ => return Err(unexpected(&Request::ListCredentials)),
                }
            }
            None => self.credentials()?,
        };
        uri.select(&credentials).cloned()
    }

    /// Finds the credential the URI names and opens it with one question, whichever program made the file.
    ///
    /// # Errors
    /// As [`crate::pkcs12::Pkcs12Store::open_uri`]; [`TokenError::ModuleNotAllowed`] for a file that is no source.
    pub fn open_key_file(
        &self,
        uri: &KeyFileUri,
        source: &PinSource,
    ) -> Result<(Credential, Box<dyn SigningAct>), TokenError> {
        let path = std::path::absolute(&uri.path).unwrap_or_else(|_| uri.path.clone());
        let slot = self.slot(&path)?;
        let uri = KeyFileUri { path, ..uri.clone() };
        let mut request = Request::OpenKeyFile { uri, pin: source.clone() };
        let worker = slot.worker()?;
        match self.ask_person(&worker, &mut request)? {
            Reply::KeyFileAct(act, credential) => {
                let act = WorkerAct::new(act, &credential, self.limits, slot.clone(), worker, None);
                Ok((*credential, Box::new(act)))
            }
            _ => Err(unexpected(&request)),
        }
    }

    /// Sends a request about one module or key file to its worker, such as those that write to a token.
    ///
    /// # Errors
    /// [`TokenError::ModuleNotAllowed`] where the request names no source of this store, or opens an act
    /// ([`KeyStore::open`] does that); every other [`TokenError`].
    pub fn execute(&self, mut request: Request) -> Result<Reply, TokenError> {
        let named = match &request {
            Request::OpenAct { .. } | Request::OpenKeyFile { .. } => None,
            request => request.module(),
        };
        let Some(path) = named else {
            return Err(TokenError::ModuleNotAllowed { path: PathBuf::new() });
        };
        let worker = self.slot(path)?.worker()?;
        self.ask_person(&worker, &mut request)
    }

    /// Takes back the questions for the PIN of this credential's token that stand now: whoever asked gets
    /// [`crate::PinRefused::Cancelled`]. Where none stands, nothing happens.
    ///
    /// # Errors
    /// [`TokenError::ModuleNotAllowed`]; the worker's end.
    pub fn withdraw(&self, credential: &Credential) -> Result<(), TokenError> {
        let Some(worker) = self.slot(&credential.module)?.running() else { return Ok(()) };
        let (label, serial) = (credential.token.label.clone(), credential.token.serial.clone());
        worker.ask(&Request::Withdraw { label, serial }, self.limits.call).map(drop)
    }

    /// What became of the workers so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.tally.counters()
    }

    /// Each worker's place, in the order of the sources.
    #[must_use]
    pub fn status(&self) -> Vec<Status> {
        self.slots.iter().map(|slot| slot.status()).collect()
    }

    /// Numbers of the processes that new requests go to.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.status().into_iter().filter_map(|status| status.pid).collect()
    }
}

impl WorkerStore {
    fn slot(&self, path: &Path) -> Result<&Arc<Slot>, TokenError> {
        let listed = self.slots.iter().find(|slot| slot.serves(path));
        listed.ok_or_else(|| TokenError::ModuleNotAllowed { path: path.to_path_buf() })
    }

    /// What the worker's own limits come to for a listing: loading, and the calls for each name of the library.
    fn listing(&self) -> Duration {
        self.limits.call * 4
    }

    /// Sends a request that may ask a person; a terminal gets its echo back even where the worker dies over the question.
    fn ask_person(&self, worker: &Worker, request: &mut Request) -> Result<Reply, TokenError> {
        let mut terminals = Vec::new();
        let mut time = self.limits.lease_wait + self.limits.call * 6 + self.limits.login * 2;
        if matches!(request, Request::GenerateKeyPair { .. }) {
            time += self.limits.generate;
        }
        for source in request.pins_mut() {
            match source {
                PinSource::Prompt => return Err(TokenError::PromptNotInWorker),
                PinSource::File(_) | PinSource::ProtectedPath => {}
                PinSource::Terminal(terminal) => {
                    terminal.timeout = terminal.timeout.min(self.bounds.prompt);
                    terminals.extend(TerminalState::of(terminal));
                    // The last try is a question of its own, a new PIN is asked twice.
                    time += terminal.timeout * 3;
                }
                PinSource::Pinentry(pinentry) => {
                    pinentry.timeout = pinentry.timeout.min(self.bounds.prompt);
                    time += pinentry.timeout * 3;
                }
            }
        }
        let reply = worker.ask(request, time);
        if reply.is_err() && !worker.alive() {
            for terminal in terminals {
                terminal.restore();
            }
        }
        reply
    }

    /// Asks workers at the same time: one that hangs makes nobody wait for the answers of another.
    fn ask_all(
        &self,
        request: &Request,
        which: impl Fn(&Slot) -> bool,
    ) -> Vec<Result<Reply, TokenError>> {
        let limit = self.listing();
        let ask = |slot: &Arc<Slot>| {
            let names = u32::try_from(slot.sources().len()).unwrap_or(u32::MAX);
            slot.worker()?.ask(request, limit.saturating_mul(names))
        };
        let slots: Vec<_> = self.slots.iter().filter(|slot| which(slot)).collect();
        if let [only] = slots.as_slice() {
            return vec![ask(only)];
        }
        std::thread::scope(|scope| {
            let asked: Vec<_> = slots.iter().map(|slot| scope.spawn(|| ask(slot))).collect();
            let gone = || Err(TokenError::WorkerCrashed { signal: None, exit_code: None });
            asked.into_iter().map(|it| it.join().unwrap_or_else(|_| gone())).collect()
        })
    }

    /// Collects over all workers: one that fails does not hide the others.
    fn collect<T>(
        &self,
        request: &Request,
        list: impl Fn(Reply) -> Option<Vec<T>>,
    ) -> Result<Vec<T>, TokenError> {
        let mut all = Vec::new();
        let mut first_error = None;
        for outcome in self.ask_all(request, |_| true) {
            match outcome.and_then(|reply| list(reply).ok_or_else(|| unexpected(request))) {
                Ok(found) => all.extend(found),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        match first_error {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(all),
        }
    }
}

fn unexpected(request: &Request) -> TokenError {
    TokenError::ReplyMalformed { function: request.function().into() }
}

impl KeyStore for WorkerStore {
    fn credentials(&self) -> Result<Vec<Credential>, TokenError> {
        self.collect(&Request::ListCredentials, |reply| match reply {
            Reply::Credentials(credentials) => Some(credentials),
            _ => None,
        })
    }

    fn open(
        &self,
        credential: &Credential,
        source: &PinSource,
        _prompt: &dyn PinPrompt,
    ) -> Result<Box<dyn SigningAct>, TokenError> {
        if credential.key_match == KeyMatch::Mismatch {
            return Err(TokenError::CertificateKeyMismatch { id: credential.id.clone() });
        }
        let slot = self.slot(&credential.module)?;
        let lease = match slot.sources().first() {
            Some(Source::KeyFile(_)) | None => None,
            Some(Source::Module(_)) => {
                Some(self.leases.take(&credential.token, self.limits.lease_wait)?)
            }
        };
        // After the lease: the worker of the act before us may have retired with it.
        let worker = slot.worker()?;
        let mut request =
            Request::OpenAct { credential: Box::new(credential.clone()), pin: source.clone() };
        match self.ask_person(&worker, &mut request)? {
            Reply::Act(act) => {
                let slot = slot.clone();
                let act = WorkerAct::new(act, credential, self.limits, slot, worker, lease);
                Ok(Box::new(act))
            }
            _ => Err(unexpected(&request)),
        }
    }
}
