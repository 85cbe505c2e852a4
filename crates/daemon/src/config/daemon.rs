//! The table `[daemon]` of the configuration file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::settings::{Bounds, DefaultConsent};

/// `[daemon]`; every key may be absent, an unknown one is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Daemon {
    /// The socket.
    pub socket: Option<PathBuf>,
    /// Folder of the daemon's tables, documents and results.
    pub state: Option<PathBuf>,
    /// How a person is asked where a request does not say: `pinentry`, `policy` or `none`.
    pub consent: DefaultConsent,
    /// The pinentry program.
    pub pinentry: Option<PathBuf>,
    /// The administrator's policy file.
    pub policy: Option<PathBuf>,
    /// PKCS#12 key files whose certificates can sign.
    pub key_files: Vec<PathBuf>,
    /// Whether the command line starts a daemon where none runs.
    pub start: bool,
    /// Bounds.
    pub limits: Limits,
    /// The log.
    pub log: Log,
}

/// `[daemon.limits]`: what is absent is as for one person's desk ([`Bounds::DESK`]).
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// Most bytes of one document.
    pub document_bytes: Option<u64>,
    /// Most bytes of all documents and results together.
    pub spool_bytes: Option<u64>,
    /// Most bytes of a JSON request.
    pub request_bytes: Option<u64>,
    /// Most items of a batch.
    pub batch_items: Option<usize>,
    /// Most connections at once.
    pub connections: Option<usize>,
    /// Seconds a client may take for its headers, and between two pieces of a body.
    pub client_seconds: Option<u32>,
    /// Seconds a person has to agree or to type a PIN.
    pub person_seconds: Option<u32>,
    /// Seconds an act waits for another one on the same token.
    pub token_seconds: Option<u32>,
    /// Seconds a PKCS#11 module has for a listing or any other quick call.
    pub module_call_seconds: Option<u32>,
    /// Seconds a PKCS#11 module has for one signature.
    pub module_sign_seconds: Option<u32>,
    /// Seconds for which finished operations, their results and unused documents are kept.
    pub retention_seconds: Option<u32>,
}

/// `[daemon.log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Log {
    /// What is logged, in the syntax of `tracing`'s filters: `info`, or `warn,kyso_daemon=debug`.
    pub level: String,
    /// Folder of the log files, one a day; else the log goes to standard error.
    pub folder: Option<PathBuf>,
    /// Most log files kept.
    pub keep: usize,
    /// One JSON object a line.
    pub json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), folder: None, keep: 14, json: false }
    }
}

impl Limits {
    /// The bounds that follow.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let desk = Bounds::DESK;
        let seconds = |given: Option<u32>, desk: Duration| {
            given.map_or(desk, |seconds| Duration::from_secs(seconds.into()))
        };
        Bounds {
            document_bytes: self.document_bytes.unwrap_or(desk.document_bytes),
            spool_bytes: self.spool_bytes.unwrap_or(desk.spool_bytes),
            request_bytes: self.request_bytes.unwrap_or(desk.request_bytes),
            batch_items: self.batch_items.unwrap_or(desk.batch_items),
            connections: self.connections.unwrap_or(desk.connections).max(1),
            client_patience: seconds(self.client_seconds, desk.client_patience),
            person_patience: seconds(self.person_seconds, desk.person_patience),
            token_patience: seconds(self.token_seconds, desk.token_patience),
            module_call: seconds(self.module_call_seconds, desk.module_call),
            module_sign: seconds(self.module_sign_seconds, desk.module_sign),
            retention: seconds(self.retention_seconds, desk.retention),
        }
    }
}

impl Daemon {
    /// Paths count from the file's folder.
    pub(super) fn resolve(&mut self, folder: &Path) {
        let absolute = |path: &mut PathBuf| *path = folder.join(&*path);
        self.socket.iter_mut().for_each(absolute);
        self.state.iter_mut().for_each(absolute);
        self.pinentry.iter_mut().for_each(absolute);
        self.policy.iter_mut().for_each(absolute);
        self.key_files.iter_mut().for_each(absolute);
        self.log.folder.iter_mut().for_each(absolute);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Config;

    /// The keys that serde knows are those of its own complaint about an unknown one.
    fn known(table: &str) -> BTreeSet<String> {
        let text = match table {
            "" => "no-such-key = 1".to_owned(),
            table => format!("[{table}]\nno-such-key = 1"),
        };
        let error = toml::from_str::<Config>(&text).expect_err("an unknown key is refused");
        let expected = error.message().split_once(", expected").expect("the known keys").1;
        let prefix = if table.is_empty() { String::new() } else { format!("{table}.") };
        expected.split('`').skip(1).step_by(2).map(|key| format!("{prefix}{key}")).collect()
    }

    #[test]
    fn the_documented_keys_are_the_keys() {
        let page = include_str!("../../../../docs/configuration.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let documented: BTreeSet<String> = rows.map(str::to_owned).collect();
        let mut keys = BTreeSet::new();
        for table in ["", "fetch", "timestamp", "preview", "daemon", "daemon.limits", "daemon.log"]
        {
            keys.extend(known(table));
        }
        for table in ["fetch", "timestamp", "preview", "daemon", "daemon.limits", "daemon.log"] {
            assert!(keys.remove(table), "{table}");
        }
        assert_eq!(documented, keys);
    }

    #[test]
    fn the_example_can_be_read() {
        let page = include_str!("../../../../docs/configuration.md");
        let example = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next());
        let config: Config = toml::from_str(example.expect("an example")).expect("a configuration");
        assert!(config.daemon.start);
        assert_eq!(config.daemon.limits.bounds().retention.as_secs(), 3600);
        assert_eq!(config.daemon.log.keep, 30);
    }
}
