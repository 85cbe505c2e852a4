//! The tables `[[remote]]` of the configuration file: remote signing services (CSC API v2).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kyso::fetch::ServiceTransport;
use kyso_token::remote::{Limits, Login, RemoteStore, Service, UserAgent};
use kyso_token::{PinPrompt, TokenError, read_pin_file};
use serde::Deserialize;

use super::Config;
use crate::explain::token;
use crate::text::{Lang, Problem};

/// `[[remote]]`; an unknown key is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Remote {
    /// What people call the service.
    pub name: String,
    /// Base address of its API, such as `https://service.example/csc/v2`.
    pub url: String,
    /// `client_id` that it gave.
    pub client_id: String,
    /// File whose first line is the client secret; its owner alone may read it.
    pub client_secret_file: Option<PathBuf>,
    /// `scope` at login, where it is not `service`.
    pub scope: Option<String>,
    /// Who logs in.
    #[serde(default)]
    pub login: Who,
}

/// Who logs in at a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// The person, on the service's page.
    #[default]
    Person,
    /// The program, by its client secret.
    Program,
}

impl Remote {
    /// Paths count from the file's folder.
    pub(super) fn resolve(&mut self, folder: &Path) {
        self.client_secret_file.iter_mut().for_each(|path| *path = folder.join(&*path));
    }

    fn service(&self, lang: Lang) -> Result<Service, TokenError> {
        let secret = self.client_secret_file.as_deref().map(read_pin_file).transpose()?;
        Ok(Service {
            name: self.name.clone(),
            base: self.url.trim_end_matches('/').to_owned(),
            client_id: self.client_id.clone(),
            client_secret: secret,
            scope: self.scope.clone(),
            login: match self.login {
                Who::Person => Login::Code,
                Who::Program => Login::Client,
            },
            lang: lang.pick("vi-VN", "en-US").to_owned(),
        })
    }
}

impl Config {
    /// The store of a configured service.
    ///
    /// # Errors
    /// A secret that cannot be read, and those of the fetcher's keys.
    pub fn remote_store(
        &self,
        remote: &Remote,
        agent: Arc<dyn UserAgent>,
        prompt: Arc<dyn PinPrompt>,
        lang: Lang,
    ) -> Result<RemoteStore, Problem> {
        let service = remote.service(lang).map_err(|error| token::explain(&error, lang))?;
        let fetcher = self.fetch.fetcher(false, lang)?;
        let transport = Arc::new(ServiceTransport::new(fetcher.settings()));
        Ok(RemoteStore::new(service, transport, Some(agent), prompt, Limits::interactive()))
    }
}
