//! What a worker is started with and for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pkcs11::{AllowedModule, Limits};

/// What a worker process serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A PKCS#11 module; the worker itself checks path and SHA-256 before it loads the library.
    Module(AllowedModule),
    /// A PKCS#12 key file.
    KeyFile(PathBuf),
}

impl Source {
    /// The module's or key file's path as configured.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Module(module) => &module.path,
            Self::KeyFile(path) => path,
        }
    }

    /// What two names of one library have in common: they must share a process, since they share tokens.
    pub(super) fn real_path(&self) -> PathBuf {
        self.path().canonicalize().unwrap_or_else(|_| self.path().to_path_buf())
    }
}

/// How a worker process is started: the program must come to [`super::main`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spawn {
    /// The program, normally this very one (`/proc/self/exe`).
    pub program: PathBuf,
    /// Its arguments, such as a hidden command's name. Nothing secret: everybody on the machine can read them.
    pub arguments: Vec<OsString>,
    /// Environment variables set besides those of this process.
    pub environment: Vec<(OsString, OsString)>,
}

/// Bounds on a worker process, beside the [`Limits`] on its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// The longest a person may take at a terminal or pinentry for one question; shorter limits of the source hold.
    pub prompt: Duration,
    /// How long a worker lives with nothing to do.
    pub idle: Duration,
    /// How long a worker may leave a ping unanswered, and how long it has to log out and exit.
    pub answer: Duration,
    /// Resident memory in bytes at the end of an act above which a worker gets no new act.
    pub resident: u64,
    /// Bytes of data the process may have at all (`RLIMIT_DATA`); beyond, the module is told that there is no memory.
    pub data: u64,
}

impl Bounds {
    /// For a person at a desk. A healthy module takes below 50 MiB; the data limit leaves room for the stacks of all
    /// threads (2 MiB each). Loading a vendor's module takes up to a second, so a worker stays for five minutes.
    #[must_use]
    pub const fn interactive() -> Self {
        Self {
            prompt: Duration::from_secs(120),
            idle: Duration::from_secs(300),
            answer: Duration::from_secs(10),
            resident: 256 << 20,
            data: 1 << 30,
        }
    }
}

/// The first message to a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setup {
    /// Of the program that speaks; another one's worker ends at once.
    pub(super) version: String,
    /// All names of one library, or one key file.
    pub(super) sources: Vec<Source>,
    pub(super) limits: Limits,
    pub(super) bounds: Bounds,
}

/// Both sides come of one program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
