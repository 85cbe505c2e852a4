//! The configuration file, and where things lie when it says nothing.

mod daemon;
mod fetch;
mod remote;

use std::path::{Path, PathBuf};

pub use daemon::{Daemon, Limits, Log};
pub use fetch::{Fetch, Timestamp, default_pending};
use kyso_token::pkcs11::{AllowList, AllowedModule};
pub use remote::{Remote, Who};
use serde::Deserialize;

use crate::text::{Lang, Problem};

/// `config.toml`; every key may be absent, an unknown one is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// PKCS#11 modules allowed beside those of `hsm-config/`.
    #[serde(default)]
    pub modules: Vec<Module>,
    /// Trust anchors: files or folders.
    #[serde(default)]
    pub trust: Vec<PathBuf>,
    /// Folder of trust stores; `trust` beside the file where it says nothing.
    pub trust_stores: Option<PathBuf>,
    /// Further certificates for paths: files or folders.
    #[serde(default)]
    pub untrusted: Vec<PathBuf>,
    /// Credential that signs when none is named.
    pub credential: Option<String>,
    /// The journal.
    pub journal: Option<PathBuf>,
    /// Language of messages: `vi` or `en`.
    pub lang: Option<Lang>,
    /// How evidence is fetched.
    #[serde(default)]
    pub fetch: Fetch,
    /// Where time-stamps come from.
    #[serde(default)]
    pub timestamp: Timestamp,
    /// Remote signing services.
    #[serde(default)]
    pub remote: Vec<Remote>,
    /// How pages are shown.
    #[serde(default)]
    pub preview: Preview,
    /// The daemon.
    #[serde(default)]
    pub daemon: Daemon,
}

/// `[preview]`; every key may be absent, an unknown one is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Preview {
    /// Program that draws what the built-in renderer cannot: `pdftoppm` or one that takes its arguments, by path or name.
    pub fallback: Option<PathBuf>,
}

impl Preview {
    /// Paths count from the file's folder; a bare name is looked for in `PATH`.
    fn resolve(&mut self, folder: &Path) {
        if let Some(program) = self.fallback.as_mut().filter(|path| path.components().count() > 1) {
            *program = folder.join(&*program);
        }
    }
}

/// A module that may be loaded: its absolute path, and the SHA-256 of its file where that is pinned.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Module {
    /// By path alone.
    Path(PathBuf),
    /// By path and content.
    Pinned {
        /// Absolute path.
        path: PathBuf,
        /// SHA-256 of the file.
        #[serde(with = "hex")]
        sha256: [u8; 32],
    },
}

impl From<Module> for AllowedModule {
    fn from(module: Module) -> Self {
        match module {
            Module::Path(path) => Self { path, sha256: None },
            Module::Pinned { path, sha256 } => Self { path, sha256: Some(sha256) },
        }
    }
}

impl Config {
    /// Reads the named file, or the user's own where it exists.
    pub fn load(named: Option<&Path>, lang: Lang) -> Result<Self, Problem> {
        let path = match named {
            Some(path) => path.to_path_buf(),
            None => match default_file() {
                Some(path) if path.is_file() => path,
                _ => return Ok(Self::default()),
            },
        };
        let unusable = |why: String| {
            Problem::new(
                "config-unusable",
                lang.pick("không dùng được tệp cấu hình", "the configuration file cannot be used"),
                format!("{}: {why}", path.display()),
                lang.pick(
                    "sửa tệp theo docs/configuration.md",
                    "mend it as docs/configuration.md says",
                ),
            )
        };
        let text = std::fs::read_to_string(&path).map_err(|error| unusable(error.to_string()))?;
        let config: Self =
            toml::from_str(&text).map_err(|error| unusable(error.message().to_owned()))?;
        let path = std::path::absolute(&path).map_err(|error| unusable(error.to_string()))?;
        Ok(config.resolved(path.parent().unwrap_or(&path)))
    }

    /// Paths count from the file's folder: what a command means must not depend on where it is typed.
    fn resolved(mut self, folder: &Path) -> Self {
        let absolute = |path: &mut PathBuf| *path = folder.join(&*path);
        self.trust.iter_mut().for_each(absolute);
        self.untrusted.iter_mut().for_each(absolute);
        self.trust_stores = Some(folder.join(self.trust_stores.take().unwrap_or("trust".into())));
        self.journal.iter_mut().for_each(absolute);
        self.fetch.resolve(folder);
        self.preview.resolve(folder);
        self.remote.iter_mut().for_each(|remote| remote.resolve(folder));
        self.daemon.resolve(folder);
        self
    }

    /// The allow-list: what the configuration names, then the profiles' modules that are installed.
    #[must_use]
    pub fn allow_list(&self) -> AllowList {
        let mut allowed: Vec<AllowedModule> =
            self.modules.iter().cloned().map(AllowedModule::from).collect();
        // The profiles are part of the program; `kyso-token`'s tests parse them.
        let installed = kyso_token::profile::installed_modules().unwrap_or_default();
        for module in installed.modules() {
            if !allowed.iter().any(|known| known.path == module.path) {
                allowed.push(module.clone());
            }
        }
        AllowList::new(allowed)
    }
}

/// Where trust stores lie when there is no configuration file.
pub fn default_trust_stores() -> Option<PathBuf> {
    default_file().and_then(|file| Some(file.parent()?.join("trust")))
}

/// Where the journal lies when nobody says otherwise.
pub fn default_journal() -> Option<PathBuf> {
    base("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA")
        .map(|folder| folder.join("kyso/journal.sqlite"))
}

/// Where what visible signatures show is kept, a folder for each certificate.
pub fn default_appearances() -> Option<PathBuf> {
    base("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA")
        .map(|folder| folder.join("kyso/appearances"))
}

/// Where the daemon's tables and documents lie when nobody says otherwise.
pub fn default_state() -> Option<PathBuf> {
    base("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA").map(|folder| folder.join("kyso/daemon"))
}

fn default_file() -> Option<PathBuf> {
    base("XDG_CONFIG_HOME", ".config", "APPDATA").map(|folder| folder.join("kyso/config.toml"))
}

fn base(xdg: &str, below_home: &str, windows: &str) -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return absolute(windows);
    }
    absolute(xdg).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
}
