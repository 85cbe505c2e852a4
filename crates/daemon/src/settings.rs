//! What the daemon was told: the configuration file's values, resolved and checked.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kyso::signer::Trust;
use kyso_protocol::Lang;
use kyso_token::pkcs11::AllowList;

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
        retention: Duration::from_secs(24 * 3600),
    };
}
