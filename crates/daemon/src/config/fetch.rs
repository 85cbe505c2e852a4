//! The tables `[fetch]` and `[timestamp]` of the configuration file: the way to issuers, responders and authorities.

use std::path::{Path, PathBuf};

use kyso::fetch::{Cache, Fetcher, Network, Networks, Proxies, Settings, TlsRoots};
use kyso::timestamp::Authorities;
use serde::Deserialize;

use super::base;
use crate::files;
use crate::text::{Lang, Problem};

/// Most bytes of the cache: a year of the daily CRLs that one desk meets, of some hundred kilobytes each.
const CACHE_BYTES: u64 = 256 * 1024 * 1024;

/// `[fetch]`; every key may be absent, an unknown one is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Fetch {
    /// Nothing is fetched, as with `--offline`.
    pub offline: bool,
    /// Private networks whose servers may be asked, such as `10.20.0.0/16`.
    pub networks: Vec<String>,
    /// Proxy for http and https, `http://HOST:PORT`; else as the environment says.
    pub proxy: Option<String>,
    /// Hosts that are asked past that proxy.
    pub no_proxy: Vec<String>,
    /// Certificates of those who vouch for https servers; else those whom the system trusts.
    pub roots: Vec<PathBuf>,
    /// Folder of what was fetched.
    pub cache: Option<PathBuf>,
    /// Most bytes of it; 0 keeps nothing.
    pub cache_bytes: Option<u64>,
}

/// `[timestamp]`; every key may be absent, an unknown one is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Timestamp {
    /// Time-stamping authorities, the preferred one first.
    pub authorities: Vec<String>,
    /// Whether a file for which no authority answers waits in the queue and counts as done, as with `--pending`.
    pub queue: bool,
}

impl Fetch {
    /// Paths count from the file's folder.
    pub(super) fn resolve(&mut self, folder: &Path) {
        self.roots.iter_mut().for_each(|path| *path = folder.join(&*path));
        self.cache.iter_mut().for_each(|path| *path = folder.join(&*path));
    }

    /// Makes the fetcher that these keys describe.
    ///
    /// # Errors
    /// A network that is none, roots that cannot be read.
    pub fn fetcher(&self, offline: bool, lang: Lang) -> Result<Fetcher, Problem> {
        let networks = self.networks.iter().map(|text| {
            text.parse::<Network>().map_err(|error| {
                Problem::new(
                    "config-network",
                    lang.pick(
                        "trong cấu hình có một mạng không đọc được",
                        "the configuration names a network that is none",
                    ),
                    format!("[fetch] networks: {text}: {error}"),
                    lang.pick("viết như `10.20.0.0/16`", "write it as `10.20.0.0/16`"),
                )
            })
        });
        let networks = Networks::with(networks.collect::<Result<_, _>>()?);
        let proxies = match &self.proxy {
            None => Proxies::from_environment(),
            Some(proxy) => Proxies {
                http: Some(proxy.clone()),
                https: Some(proxy.clone()),
                except: self.no_proxy.clone(),
            },
        };
        let roots = if self.roots.is_empty() {
            TlsRoots::Platform
        } else {
            TlsRoots::These(files::certificates(&self.roots, lang)?)
        };
        let bytes = self.cache_bytes.unwrap_or(CACHE_BYTES);
        let folder = self.cache.clone().or_else(default_cache).filter(|_| bytes > 0);
        Ok(Fetcher::new(Settings {
            online: !(offline || self.offline),
            networks,
            proxies,
            roots,
            cache: folder.map(|folder| Cache::new(folder, bytes)),
            limits: kyso::fetch::Limits::standard(),
        }))
    }
}

impl Timestamp {
    /// The authorities to ask: those that were named, else those of the configuration.
    #[must_use]
    pub fn authorities(&self, named: &[String]) -> Authorities {
        let addresses = if named.is_empty() { &self.authorities } else { named };
        Authorities { addresses: addresses.to_vec(), policy: None }
    }
}

/// Where what was fetched lies when nobody says otherwise.
fn default_cache() -> Option<PathBuf> {
    base("XDG_CACHE_HOME", ".cache", "LOCALAPPDATA").map(|folder| folder.join("kyso/fetched"))
}

/// Where files that wait for a time-stamp are listed.
#[must_use]
pub fn default_pending() -> Option<PathBuf> {
    base("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA").map(|folder| folder.join("kyso/pending"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        fetch: Fetch,
        timestamp: Timestamp,
    }

    const EXAMPLE: &str = r#"
[fetch]
networks = ["10.20.0.0/16"]
proxy = "http://proxy.example:3128"
no-proxy = ["ca.gov.vn"]
cache-bytes = 0

[timestamp]
authorities = ["http://tsa.ca.gov.vn/"]
queue = true
"#;

    #[test]
    fn the_keys_become_settings() {
        let page: Page = toml::from_str(EXAMPLE).expect("keys that are known");
        let fetcher = page.fetch.fetcher(false, Lang::En).expect("a fetcher");
        let settings = fetcher.settings();
        assert!(settings.online);
        assert!(settings.networks.allow([10, 20, 3, 4].into()));
        assert!(!settings.networks.allow([10, 21, 3, 4].into()));
        assert_eq!(settings.proxies.https.as_deref(), Some("http://proxy.example:3128"));
        assert_eq!(settings.cache, None);
        assert!(!page.fetch.fetcher(true, Lang::En).expect("a fetcher").settings().online);
        let named = ["http://other.example/".to_owned()];
        assert_eq!(page.timestamp.authorities(&named).addresses, named);
        assert_eq!(page.timestamp.authorities(&[]).addresses, ["http://tsa.ca.gov.vn/"]);
    }

    #[test]
    fn a_network_that_is_none_is_told() {
        let fetch = Fetch { networks: vec!["10.0.0.0/99".to_owned()], ..Fetch::default() };
        let problem = fetch.fetcher(false, Lang::Vi).expect_err("a problem");
        assert_eq!(problem.code, "config-network");
    }
}
