//! Tokens and key files as the engine reaches them: in worker processes, listed at most once a second.
//!
//! Modules answer slowly, so listings that come while one is under way share it. Everything here blocks and runs on threads
//! that may.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use kyso_token::pkcs11::Limits;
use kyso_token::worker::{Bounds, Source, Spawn, WorkerStore};
use kyso_token::{Credential, KeyStore as _, Pkcs11Uri, SlotInfo, TokenError, TokenInfo};
use kyso_x509::DigestAlgorithm;

use crate::app::App;
use crate::engine::queue::{Place, Queue, Waited};
use crate::error::{ApiError, CredentialError};
use crate::settings::Settings;
use kyso::sign::Stop;

/// How long a listing is good for: a person who looks again sees the token that was just inserted.
const FRESH: Duration = Duration::from_secs(1);

/// The hidden command of this program that serves a module or key file.
const WORKER_COMMAND: &str = "token-worker";

/// The tokens and key files of the configuration.
pub(crate) struct Tokens {
    store: RwLock<Arc<WorkerStore>>,
    credentials: Listing<Credential>,
    slots: Listing<SlotInfo>,
    leases: Arc<Queue<Token>>,
}

/// A token as itself: its serial number is unique within its manufacturer's model, whatever module shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Token {
    serial: String,
    manufacturer: String,
    model: String,
}

impl Token {
    fn of(token: &TokenInfo) -> Self {
        Self {
            serial: token.serial.clone(),
            manufacturer: token.manufacturer.clone(),
            model: token.model.clone(),
        }
    }
}

/// The right of one act to a token's login, from before login until after logout; given back when dropped.
pub(crate) struct Lease {
    _place: Option<Place<Token>>,
}

impl Tokens {
    /// The modules and key files that the settings allow; no process is started yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            store: RwLock::new(Arc::new(store(settings))),
            credentials: Listing::default(),
            slots: Listing::default(),
            leases: Arc::default(),
        }
    }

    /// Takes the modules and key files of new settings; acts that are open go on.
    pub(crate) fn reload(&self, settings: &Settings) {
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(store(settings));
        self.forget();
    }

    /// The worker processes, for whatever is not said here.
    pub(crate) fn store(&self) -> Arc<WorkerStore> {
        Arc::clone(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All certificates with a private key; one that two modules show is listed by the first of them.
    ///
    /// # Errors
    /// The first module's, where none has any.
    pub(crate) fn credentials(&self) -> Result<Arc<Vec<Credential>>, TokenError> {
        self.credentials.of(None, || self.store().credentials().map(distinct))
    }

    /// The same, by a listing that was made after `since`.
    fn credentials_since(&self, since: Instant) -> Result<Arc<Vec<Credential>>, TokenError> {
        self.credentials.of(Some(since), || self.store().credentials().map(distinct))
    }

    /// All slots of all modules.
    ///
    /// # Errors
    /// The first module's, where none has any.
    pub(crate) fn slots(&self) -> Result<Arc<Vec<SlotInfo>>, TokenError> {
        self.slots.of(None, || self.store().slots())
    }

    /// Whether an act holds or waits for a token of this serial number.
    pub(crate) fn busy(&self, serial: &str) -> bool {
        self.leases.any(|token| token.serial == serial)
    }

    /// How many tokens are held by acts.
    pub(crate) fn held(&self) -> usize {
        self.leases.len()
    }

    /// Looks anew at the next listing: something was changed, or seen to have changed.
    pub(crate) fn forget(&self) {
        self.credentials.forget();
        self.slots.forget();
    }

    /// Waits for the credential's token until earlier acts have let go of it; a key file has no login to share.
    ///
    /// # Errors
    /// [`Waited`].
    pub(crate) fn lease(
        &self,
        credential: &Credential,
        patience: Duration,
        stop: &Stop,
        waits: impl FnOnce(),
    ) -> Result<Lease, Waited> {
        if credential.uri.starts_with("file:") {
            return Ok(Lease { _place: None });
        }
        let place = self.leases.take(Token::of(&credential.token), Some(patience), stop, waits)?;
        Ok(Lease { _place: Some(place) })
    }
}

fn store(settings: &Settings) -> WorkerStore {
    let modules = settings.modules.modules().iter().cloned().map(Source::Module);
    let files = settings.key_files.iter().cloned().map(Source::KeyFile);
    let spawn = Spawn {
        program: settings.worker.clone(),
        arguments: vec![WORKER_COMMAND.into()],
        environment: Vec::new(),
    };
    let bounds = Bounds { prompt: settings.bounds.person_patience, ..Bounds::interactive() };
    let limits = Limits {
        call: settings.bounds.module_call,
        sign: settings.bounds.module_sign,
        ..Limits::interactive()
    };
    WorkerStore::new(modules.chain(files).collect(), spawn, limits, bounds)
}

/// Leaves out what is there already: a token that two modules serve has its keys once.
fn distinct(mut credentials: Vec<Credential>) -> Vec<Credential> {
    let mut seen = HashSet::new();
    credentials.retain(|one| {
        // Two key files may hold one key; each is opened with its own password.
        let file = one.uri.starts_with("file:").then(|| one.module.clone());
        seen.insert((Token::of(&one.token), one.certificate.clone(), one.id.clone(), file))
    });
    credentials
}

/// The credential that a request names, or the configured one, or the only one there is.
///
/// # Errors
/// [`CredentialError`]; the modules' own.
pub(crate) fn resolve(app: &App, credential: Option<&str>) -> Result<Credential, ApiError> {
    let settings = app.settings();
    let wanted = credential.or(settings.credential.as_deref());
    let wanted = wanted.map(Wanted::parse).transpose()?;
    let names = |one: &&Credential| wanted.as_ref().is_none_or(|wanted| wanted.names(one));
    let asked = Instant::now();
    let listed = match app.tokens().credentials() {
        Ok(listed) if listed.iter().any(|one| names(&one)) => listed,
        // It may have been put in, or its module have come back, since somebody looked.
        _ => app.tokens().credentials_since(asked)?,
    };
    let mut fitting = listed.iter().filter(names);
    match (fitting.next(), fitting.count()) {
        (Some(found), 0) => Ok(found.clone()),
        (Some(_), more) => Err(CredentialError::Ambiguous { matches: more + 1 }.into()),
        (None, _) => Err(CredentialError::NotThere.into()),
    }
}

/// How a request names a credential.
enum Wanted {
    Certificate(Vec<u8>),
    Uri(Box<Pkcs11Uri>),
    /// A key file's URI, exactly as it is listed.
    File(String),
}

impl Wanted {
    fn parse(text: &str) -> Result<Self, CredentialError> {
        if text.contains(['|', '?']) {
            return Err(CredentialError::QueryRefused);
        }
        if let Some(hash) = text.strip_prefix("sha256:") {
            let bytes = hex::decode(hash).ok().filter(|bytes| bytes.len() == 32);
            return bytes.map(Self::Certificate).ok_or(CredentialError::Malformed { offset: 7 });
        }
        if text.starts_with("file:") {
            return Ok(Self::File(text.to_owned()));
        }
        match text.parse::<Pkcs11Uri>() {
            Ok(uri) => Ok(Self::Uri(Box::new(uri))),
            Err(TokenError::UriMalformed { offset }) => Err(CredentialError::Malformed { offset }),
            Err(_) => Err(CredentialError::QueryRefused),
        }
    }

    fn names(&self, credential: &Credential) -> bool {
        match self {
            Self::Certificate(hash) => {
                DigestAlgorithm::Sha256.digest(&credential.certificate).as_bytes() == hash
            }
            Self::Uri(uri) => uri.matches(credential),
            Self::File(uri) => credential.uri == *uri,
        }
    }
}

/// A slow listing that is kept for [`FRESH`] and made once for all who ask meanwhile.
struct Listing<T> {
    state: Mutex<State<T>>,
    made: Condvar,
}

struct State<T> {
    under_way: bool,
    /// Raised by [`Listing::forget`]: what was begun before does not count.
    generation: u64,
    last: Option<(Instant, Listed<T>)>,
}

type Listed<T> = Result<Arc<Vec<T>>, TokenError>;

impl<T> Default for Listing<T> {
    fn default() -> Self {
        let state = State { under_way: false, generation: 0, last: None };
        Self { state: Mutex::new(state), made: Condvar::new() }
    }
}

impl<T> Listing<T> {
    /// What was listed at most [`FRESH`] ago, and not before `since`; else it is listed now.
    fn of(
        &self,
        since: Option<Instant>,
        list: impl FnOnce() -> Result<Vec<T>, TokenError>,
    ) -> Listed<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some((at, listed)) = &state.last
                && at.elapsed() < FRESH
                && since.is_none_or(|since| *at >= since)
            {
                return listed.clone();
            }
            if !state.under_way {
                break;
            }
            state = self.made.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.under_way = true;
        let generation = state.generation;
        drop(state);
        let under_way = UnderWay { listing: self };
        let listed = list().map(Arc::new);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.generation == generation {
            state.last = Some((Instant::now(), listed.clone()));
        }
        drop(state);
        drop(under_way);
        listed
    }

    fn forget(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        state.last = None;
    }
}

/// Ends a listing for those who wait, also where it panicked.
struct UnderWay<'a, T> {
    listing: &'a Listing<T>,
}

impl<T> Drop for UnderWay<'_, T> {
    fn drop(&mut self) {
        self.listing.state.lock().unwrap_or_else(PoisonError::into_inner).under_way = false;
        self.listing.made.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn listings_at_the_same_time_are_one() {
        let listing = Listing::<u8>::default();
        let made = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let listed = listing.of(None, || {
                        made.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(50));
                        Ok(vec![1])
                    });
                    assert_eq!(*listed.unwrap(), [1]);
                });
            }
        });
        assert_eq!(made.load(Ordering::Relaxed), 1);
        listing.forget();
        assert_eq!(*listing.of(None, || Ok(vec![2])).unwrap(), [2]);
        let now = Instant::now();
        assert_eq!(*listing.of(None, || Ok(vec![3])).unwrap(), [2], "it is fresh");
        assert_eq!(*listing.of(Some(now), || Ok(vec![3])).unwrap(), [3], "it is from before");
        assert_eq!(*listing.of(Some(now), || Ok(vec![4])).unwrap(), [3]);
    }

    #[test]
    fn what_would_run_a_program_or_read_a_file_is_refused() {
        for text in [
            "pkcs11:token=x?pin-source=file:/etc/passwd",
            "pkcs11:token=x?module-path=/tmp/evil.so",
            "pkcs11:token=x?pin-value=1234",
            "pkcs11:token=|id",
            "file:/a.p12?pin-source=/b",
            "sha256:00|11",
        ] {
            assert_eq!(Wanted::parse(text).err(), Some(CredentialError::QueryRefused), "{text}");
        }
        for (text, offset) in [("sha256:00", 7), ("nonsense", 0), ("pkcs11:colour=red", 7)] {
            let malformed = CredentialError::Malformed { offset };
            assert_eq!(Wanted::parse(text).err(), Some(malformed), "{text}");
        }
    }
}
