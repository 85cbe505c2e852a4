//! What every command needs: language, configuration, token store, journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kyso::browser::LoopbackBrowser;
use kyso::sign::SignError;
use kyso::signer::{Access, Preference, Signer, Trust};
use kyso_journal::{Journal, Options, Reader};
use kyso_token::pkcs11::{Limits, Pkcs11Store};
use kyso_token::pkcs12::{KeyFileUri, Pkcs12Store};
use kyso_token::remote::{RemoteError, RemoteStore, RemoteUri};
use kyso_token::{Credential, KeyStore as _, PinSource, Pkcs11Uri, SigningAct, TokenError};
use kyso_x509::Time;

use crate::args::Cli;
use crate::out::{self, tell};
use crate::prompt::Terminal;
use kyso_daemon::config::{self, Config, Remote, Who};
#[cfg(unix)]
use kyso_daemon::default_socket;
use kyso_daemon::explain::{
    journal as journal_problem, token as token_problem, trust as trust_problem,
};
use kyso_daemon::files;
use kyso_daemon::text::{Lang, Problem};

/// How long a person may take at a service's login page: with a phone to find and a code to type.
const LOGIN_PATIENCE: Duration = Duration::from_secs(300);

/// Where a person sits: their configuration and what follows from it.
pub(crate) struct Desk {
    lang: Lang,
    config: Config,
    /// Where the configuration was read, if it was named.
    #[cfg(unix)]
    config_file: Option<PathBuf>,
    journal: Option<PathBuf>,
    /// The journal, where this call names one.
    #[cfg(unix)]
    named_journal: Option<PathBuf>,
    tokens: Pkcs11Store,
}

/// A credential and the way to its key.
pub(crate) struct Chosen {
    pub(crate) credential: Credential,
    way: Way,
}

enum Way {
    Token(Pkcs11Store, PinSource),
    KeyFile(Pkcs12Store, PinSource),
    Remote(RemoteStore, PinSource),
    /// A key file whose certificates showed only once it was unlocked.
    Unlocked(Box<dyn SigningAct>),
}

impl Chosen {
    /// Checks the certificate, then logs in.
    pub(crate) fn open(
        self,
        prompt: &Terminal,
        preference: Preference,
        trust: &Trust,
        signing_time: Time,
    ) -> Result<Signer, SignError> {
        let open = |access| Signer::open(&self.credential, access, preference, trust, signing_time);
        match self.way {
            Way::Token(store, source) => {
                open(Access::Store { store: &store, source: &source, prompt })
            }
            Way::KeyFile(store, source) => {
                open(Access::Store { store: &store, source: &source, prompt })
            }
            Way::Remote(store, source) => {
                open(Access::Store { store: &store, source: &source, prompt })
            }
            Way::Unlocked(act) => open(Access::Act(act)),
        }
    }
}

impl Desk {
    pub(crate) fn open(cli: &Cli, locale: Lang) -> Result<Self, Problem> {
        let config = Config::load(cli.config.as_deref(), locale)?;
        let lang = cli.lang.or(config.lang).unwrap_or(locale);
        let journal = cli.journal.clone().or_else(|| config.journal.clone());
        let tokens = Pkcs11Store::new(config.allow_list(), Limits::interactive());
        Ok(Self {
            lang,
            config,
            #[cfg(unix)]
            config_file: cli.config.clone(),
            journal: journal.or_else(config::default_journal),
            #[cfg(unix)]
            named_journal: cli.journal.clone(),
            tokens,
        })
    }

    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    pub(crate) fn prompt(&self) -> Terminal {
        Terminal { lang: self.lang }
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The tokens behind the allowed modules.
    pub(crate) fn tokens(&self) -> &Pkcs11Store {
        &self.tokens
    }

    /// Trust anchors: of the command line and of the configuration.
    pub(crate) fn trust(&self, given: &[PathBuf]) -> Vec<PathBuf> {
        given.iter().chain(&self.config.trust).cloned().collect()
    }

    /// Folder of the trust stores.
    pub(crate) fn trust_stores(&self) -> Option<PathBuf> {
        self.config.trust_stores.clone().or_else(config::default_trust_stores)
    }

    /// What the signer's path must reach: anchors of the command line, of the configuration and of the stores.
    pub(crate) fn signing_trust(
        &self,
        given: &[PathBuf],
        untrusted: &[PathBuf],
    ) -> Result<Trust, Problem> {
        let loaded = kyso::trust::load(&self.trust(given), self.trust_stores().as_deref())
            .map_err(|error| trust_problem::explain(&error, self.lang))?;
        let mut candidates = loaded.trust.candidates.clone();
        candidates.extend(files::certificates(&self.untrusted(untrusted), self.lang)?);
        Ok(Trust { anchors: loaded.trust.anchors().cloned().collect(), candidates })
    }

    /// Further certificates: of the command line and of the configuration.
    pub(crate) fn untrusted(&self, given: &[PathBuf]) -> Vec<PathBuf> {
        given.iter().chain(&self.config.untrusted).cloned().collect()
    }

    /// Where the journal lies.
    pub(crate) fn journal_path(&self) -> Result<&Path, Problem> {
        self.journal.as_deref().ok_or_else(|| {
            Problem::new(
                "journal-nowhere",
                self.lang.pick("không biết đặt nhật ký ở đâu", "there is no place for the journal"),
                self.lang.pick("biến HOME không được đặt", "HOME is not set"),
                self.lang.pick("dùng `--journal TỆP`", "use `--journal FILE`"),
            )
        })
    }

    /// The journal to sign into; made where it is not there yet, and then said so.
    pub(crate) fn journal_to_sign(&self) -> Result<Journal, Problem> {
        let journal = self.open_journal(true)?;
        if journal.was_created() {
            let place = out::path(self.journal_path()?);
            let key = journal.reader().verifier_key();
            tell!(
                "{}",
                self.lang.pick(
                    format!("Đã tạo nhật ký mới {place}; khóa kiểm tra: {key}"),
                    format!("Made a new journal {place}; its verifier key: {key}"),
                )
            );
        }
        Ok(journal)
    }

    /// The journal that is there, open for writing: what proves or exports also signs a checkpoint.
    pub(crate) fn journal(&self) -> Result<Journal, Problem> {
        self.open_journal(false)
    }

    fn open_journal(&self, create: bool) -> Result<Journal, Problem> {
        let path = self.journal_path()?;
        let journal = Options::new(unix_micros)
            .and_then(|options| Journal::open(path, Options { create, ..options }))
            .map_err(|error| journal_problem::explain(&error, path, self.lang))?;
        let interrupted = journal.interrupted().len();
        if interrupted > 0 {
            tell!(
                "{}",
                self.lang.pick(
                    format!(
                        "Lần trước có {interrupted} lượt ký bị ngắt; đã ghi «interrupted» vào nhật ký."
                    ),
                    format!("{interrupted} earlier act(s) were interrupted; the journal now says so."),
                )
            );
        }
        Ok(journal)
    }

    /// The journal, open for reading.
    pub(crate) fn journal_reader(&self) -> Result<Reader, Problem> {
        let path = self.journal_path()?;
        Reader::open(path, kyso_journal::DEFAULT_BUSY)
            .map_err(|error| journal_problem::explain(&error, path, self.lang))
    }

    /// The credential that a URI names, or the only one there is.
    pub(crate) fn credential(&self, uri: Option<&str>) -> Result<Chosen, Problem> {
        match uri.or(self.config.credential.as_deref()) {
            Some(uri) if uri.starts_with("file:") => {
                self.key_file_credential(uri).map_err(|error| self.explain(&error))
            }
            Some(uri) if RemoteUri::is_one(uri) => self.remote_credential(uri),
            Some(uri) => self.token_credential(uri).map_err(|error| self.explain(&error)),
            None => {
                let credentials =
                    self.tokens.credentials().map_err(|error| self.explain(&error))?;
                let uri = Pkcs11Uri::default();
                let credential = uri.select(&credentials).map_err(|error| self.explain(&error))?;
                Ok(self.chosen(credential.clone(), None))
            }
        }
    }

    /// `csc:https://…;credential=ID`, of a service that the configuration names.
    fn remote_credential(&self, uri: &str) -> Result<Chosen, Problem> {
        let uri: RemoteUri = uri.parse().map_err(|error| self.explain(&error))?;
        let mut remotes = self.config.remote.iter();
        let remote = remotes
            .find(|remote| remote.url.trim_end_matches('/') == uri.base)
            .ok_or_else(|| self.explain(&RemoteError::ServiceUnknown.into()))?;
        let store = self.remote_store(remote)?;
        let credential = store.find(&uri).map_err(|error| self.explain(&error))?;
        let way = Way::Remote(store, uri.pin().unwrap_or(PinSource::Prompt));
        Ok(Chosen { credential, way })
    }

    /// Whether the credential that signs is a remote service's.
    pub(crate) fn is_remote(&self, uri: Option<&str>) -> bool {
        uri.or(self.config.credential.as_deref()).is_some_and(RemoteUri::is_one)
    }

    /// What the configured services hold; where a person logs in, only if `ask` says that one shall.
    pub(crate) fn remote_credentials(&self, ask: bool) -> Vec<Result<Vec<Credential>, Problem>> {
        let all = self.config.remote.iter();
        all.filter(|remote| ask || remote.login == Who::Program)
            .map(|remote| {
                let store = self.remote_store(remote)?;
                store.credentials().map_err(|error| self.explain(&error))
            })
            .collect()
    }

    fn remote_store(&self, remote: &Remote) -> Result<RemoteStore, Problem> {
        let lang = self.lang;
        let browser = LoopbackBrowser {
            show: Box::new(move |url| {
                let what = lang.pick("Mở trang này để tiếp tục", "Open this page to go on");
                tell!("{what}: {url}");
            }),
            patience: LOGIN_PATIENCE,
        };
        let prompt = Arc::new(self.prompt());
        self.config.remote_store(remote, Arc::new(browser), prompt, lang)
    }

    fn token_credential(&self, uri: &str) -> Result<Chosen, TokenError> {
        let uri: Pkcs11Uri = uri.parse()?;
        let credential = self.tokens.find(&uri)?;
        Ok(self.chosen(credential, uri.pin()))
    }

    fn chosen(&self, credential: Credential, pin: Option<PinSource>) -> Chosen {
        let pad = credential.token.protected_authentication_path;
        let otherwise = if pad { PinSource::ProtectedPath } else { PinSource::Prompt };
        let way = Way::Token(self.tokens.clone(), pin.unwrap_or(otherwise));
        Chosen { credential, way }
    }

    /// `file:key.p12`, with `?pin-source=file:…` where the password lies in a file.
    fn key_file_credential(&self, uri: &str) -> Result<Chosen, TokenError> {
        let uri: KeyFileUri = uri.parse()?;
        let pin = uri.pin().unwrap_or(PinSource::Prompt);
        let store = Pkcs12Store::new([uri.path.clone()]);
        let listed = store.credentials()?;
        if !listed.is_empty() {
            let credential = uri.select(&listed)?.clone();
            return Ok(Chosen { credential, way: Way::KeyFile(store, pin) });
        }
        let (credential, act) = store.open_uri(&uri, &pin, &self.prompt())?;
        Ok(Chosen { credential, way: Way::Unlocked(act) })
    }

    /// The credentials of a key file; its password is asked for where its certificates are encrypted.
    pub(crate) fn key_file_credentials(
        &self,
        path: &Path,
        pin_file: Option<&Path>,
    ) -> Result<Vec<Credential>, Problem> {
        let store = Pkcs12Store::new([path.to_path_buf()]);
        let listed = match store.credentials() {
            Ok(listed) if !listed.is_empty() => Ok(listed),
            Ok(_) => store.reveal(path, &pin_source(pin_file), &self.prompt()),
            Err(error) => Err(error),
        };
        listed.map_err(|error| self.explain(&error))
    }

    pub(crate) fn explain(&self, error: &TokenError) -> Problem {
        token_problem::explain(error, self.lang)
    }

    /// Who asks, as the journal records it: the system's word, not the environment's.
    pub(crate) fn requester(&self) -> String {
        format!("cli {} pid={}", user(), std::process::id())
    }
}

/// What is said of the daemon.
#[cfg(unix)]
impl Desk {
    /// The daemon's socket.
    pub(crate) fn socket(&self) -> Result<PathBuf, Problem> {
        let lang = self.lang;
        self.config.daemon.socket.clone().or_else(default_socket).ok_or_else(|| {
            Problem::new(
                "socket-nowhere",
                lang.pick(
                    "không biết socket của dịch vụ ở đâu",
                    "there is no place for the daemon's socket",
                ),
                lang.pick("biến XDG_RUNTIME_DIR không được đặt", "XDG_RUNTIME_DIR is not set"),
                lang.pick(
                    "ghi `socket` dưới `[daemon]` vào tệp cấu hình",
                    "set `socket` under `[daemon]` in the configuration file",
                ),
            )
        })
    }

    /// Whether a command may start the daemon.
    pub(crate) fn starts_daemon(&self) -> bool {
        self.config.daemon.start
    }

    /// The configuration file that this call names.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        self.config_file.as_deref().and_then(|file| std::path::absolute(file).ok())
    }

    /// The journal that this call names.
    pub(crate) fn named_journal(&self) -> Option<&Path> {
        self.named_journal.as_deref()
    }

    /// The credential that the configuration names.
    pub(crate) fn configured_credential(&self) -> Option<&str> {
        self.config.credential.as_deref()
    }

    /// Key files that the daemon may use.
    pub(crate) fn key_files(&self) -> &[PathBuf] {
        &self.config.daemon.key_files
    }
}

#[cfg(unix)]
fn user() -> String {
    let uid = rustix::process::getuid().as_raw();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then_some(name)
    });
    match name {
        Some(name) => format!("uid={uid} user={}", name.escape_default()),
        None => format!("uid={uid}"),
    }
}

#[cfg(not(unix))]
fn user() -> String {
    format!("user={}", std::env::var("USERNAME").unwrap_or_default().escape_default())
}

/// A PIN from a file where one is named, else from the terminal.
pub(crate) fn pin_source(file: Option<&Path>) -> PinSource {
    file.map_or(PinSource::Prompt, |path| PinSource::File(path.to_path_buf()))
}

fn unix_micros() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or(0)
}
