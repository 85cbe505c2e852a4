//! What the daemon was told: the configuration file's values, resolved and checked.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kyso::signer::Trust;
use kyso::trust::Loaded;
use kyso_protocol::Lang;
use kyso_token::pkcs11::{AllowList, Limits};

use crate::config::{self, Config, Log};
use crate::explain;
use crate::files;
use crate::text::{self, Problem};

/// Everything that the configuration decides; a reload makes a new one.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The socket; unchanged by a reload.
    pub socket: PathBuf,
    /// Folder of the daemon's own tables and documents; unchanged by a reload.
    pub state: PathBuf,
    /// The journal; unchanged by a reload.
    pub journal: PathBuf,
    /// Language of what nobody asked in a language for.
    pub lang: Lang,
    /// PKCS#11 modules that may be loaded.
    pub modules: AllowList,
    /// PKCS#12 key files whose certificates can sign.
    pub key_files: Vec<PathBuf>,
    /// Anchors and further certificates, parsed once.
    pub trust: Arc<Trust>,
    /// The same with the policy of each store, and what the stores hold of CRLs and OCSP responses.
    pub stores: Arc<Loaded>,
    /// Credential that signs where a request names none.
    pub credential: Option<String>,
    /// How a person is asked where a request does not say.
    pub consent: DefaultConsent,
    /// The pinentry program; else it is looked for in PATH.
    pub pinentry: Option<PathBuf>,
    /// The administrator's policy file for consent without a person.
    pub policy: PathBuf,
    /// The program that runs as module worker, with its first arguments; else this program.
    pub worker: PathBuf,
    /// Bounds on what is taken in.
    pub bounds: Bounds,
}

/// How a person is asked where a request does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefaultConsent {
    /// By pinentry.
    #[default]
    Pinentry,
    /// By the policy file.
    Policy,
    /// A request must say.
    None,
}

/// Bounds on documents, requests, connections and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most bytes of one document.
    pub document_bytes: u64,
    /// Most bytes of all documents and results together.
    pub spool_bytes: u64,
    /// Most bytes of a JSON request.
    pub request_bytes: u64,
    /// Most items of a batch.
    pub batch_items: usize,
    /// Most connections at once; others wait.
    pub connections: usize,
    /// How long a client may take for its headers, and between two pieces of a body.
    pub client_patience: Duration,
    /// How long a person has to agree or to type a PIN.
    pub person_patience: Duration,
    /// How long an act waits for another one on the same token.
    pub token_patience: Duration,
    /// How long a PKCS#11 module may take for a listing or any other quick call before its process is ended.
    pub module_call: Duration,
    /// How long it may take for one signature.
    pub module_sign: Duration,
    /// How long finished operations, their results and unused documents are kept.
    pub retention: Duration,
}

impl Bounds {
    /// For one person's desk. A scanned case file reaches hundreds of megabytes: 1 GiB of document, 8 GiB in all; a batch of
    /// 10,000 is a hospital's month; requests of 4 MiB hold that batch's hashes; 512 connections are far above any
    /// desktop's. Two minutes for a person are what readers with a key pad wait twice over.
    pub const DESK: Self = Self {
        document_bytes: 1 << 30,
        spool_bytes: 8 << 30,
        request_bytes: 4 << 20,
        batch_items: 10_000,
        connections: 512,
        client_patience: Duration::from_secs(30),
        person_patience: Duration::from_secs(120),
        token_patience: Duration::from_secs(600),
        module_call: Limits::interactive().call,
        module_sign: Limits::interactive().sign,
        retention: Duration::from_secs(24 * 3600),
    };
}

/// Where the administrator's policy lies when the configuration does not say.
pub const POLICY: &str = "/etc/kyso/policy.toml";

/// What the command line says beside the configuration file.
#[derive(Clone, Debug)]
pub struct Start {
    /// The configuration file, where one is named.
    pub config: Option<PathBuf>,
    /// The journal, where one is named.
    pub journal: Option<PathBuf>,
    /// Language, where one is named; the configuration's comes next, then the locale's.
    pub lang: Option<Lang>,
    /// The program that comes to `kyso_token::worker::main` when called as `token-worker`.
    pub program: PathBuf,
}

impl Start {
    /// Language of what is told before the configuration was read.
    #[must_use]
    pub fn first_lang(&self) -> Lang {
        self.lang.unwrap_or_else(text::locale)
    }

    /// Reads the configuration and everything it names.
    ///
    /// # Errors
    /// What is wrong with the file, or with a file that it names.
    pub fn settings(&self) -> Result<(Settings, Log), Problem> {
        let config = Config::load(self.config.as_deref(), self.first_lang())?;
        let lang = self.lang.or(config.lang).unwrap_or_else(text::locale);
        let modules = config.allow_list();
        let Config { trust, trust_stores, untrusted, credential, journal, daemon, .. } = config;
        let nowhere = |code, vi: &str, en: &str, key: &str| {
            Problem::new(
                code,
                lang.pick(vi, en),
                lang.pick(
                    "XDG_RUNTIME_DIR, XDG_STATE_HOME và HOME không cho biết",
                    "XDG_RUNTIME_DIR, XDG_STATE_HOME and HOME do not tell",
                ),
                lang.pick(
                    format!("ghi `{key}` vào tệp cấu hình"),
                    format!("set `{key}` in the configuration file"),
                ),
            )
        };
        let socket = daemon.socket.or_else(default_socket).ok_or_else(|| {
            nowhere(
                "socket-nowhere",
                "không biết đặt socket ở đâu",
                "there is no place for the socket",
                "[daemon] socket",
            )
        })?;
        let state = daemon.state.or_else(config::default_state).ok_or_else(|| {
            nowhere(
                "state-nowhere",
                "không biết đặt dữ liệu của dịch vụ ở đâu",
                "there is no place for the daemon's tables",
                "[daemon] state",
            )
        })?;
        let journal =
            self.journal.clone().or(journal).or_else(config::default_journal).ok_or_else(|| {
                nowhere(
                    "journal-nowhere",
                    "không biết đặt nhật ký ở đâu",
                    "there is no place for the journal",
                    "journal",
                )
            })?;
        let root = trust_stores.or_else(config::default_trust_stores);
        let mut stores = kyso::trust::load(&trust, root.as_deref())
            .map_err(|error| explain::trust::explain(&error, lang))?;
        stores.trust.candidates.extend(files::certificates(&untrusted, lang)?);
        let settings = Settings {
            socket,
            state,
            journal,
            lang,
            modules,
            key_files: daemon.key_files,
            trust: Arc::new(Trust {
                anchors: stores.trust.anchors().cloned().collect(),
                candidates: stores.trust.candidates.clone(),
            }),
            stores: Arc::new(stores),
            credential,
            consent: daemon.consent,
            pinentry: daemon.pinentry,
            policy: daemon.policy.unwrap_or_else(|| PathBuf::from(POLICY)),
            worker: self.program.clone(),
            bounds: daemon.limits.bounds(),
        };
        Ok((settings, daemon.log))
    }
}

/// The socket in the user's runtime folder, which the system empties at logout.
#[cfg(unix)]
#[must_use]
pub fn default_socket() -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| {
            let uid = rustix::process::geteuid().as_raw();
            Some(PathBuf::from(format!("/run/user/{uid}"))).filter(|path| path.is_dir())
        });
    runtime.map(|folder| folder.join("kyso/kyso.sock"))
}

/// There is no such folder; the configuration must say.
#[cfg(not(unix))]
#[must_use]
pub fn default_socket() -> Option<PathBuf> {
    None
}
