//! What every handler shares, and the routes as one function.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use kyso_journal::Journal;

use crate::clock;
use crate::engine::Engine;
use crate::settings::Settings;
use crate::store::Store;

/// The daemon's state, shared by all requests; a clone is the same state.
#[derive(Clone)]
pub struct App {
    settings: Arc<RwLock<Arc<Settings>>>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) store: Arc<Store>,
    pub(crate) started_at: u64,
    pub(crate) engine: Arc<Engine>,
}

impl App {
    /// An app over an open journal and its own tables.
    pub(crate) fn new(settings: Settings, journal: Journal, store: Store) -> Self {
        Self {
            engine: Arc::new(Engine::new(&settings)),
            settings: Arc::new(RwLock::new(Arc::new(settings))),
            journal: Arc::new(journal),
            store: Arc::new(store),
            started_at: clock::unix_micros(),
        }
    }

    /// The settings as they are now; a request keeps those with which it began.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes new settings; socket, state folder and journal stay those of the start.
    pub(crate) fn reload(&self, mut settings: Settings) {
        let mut place = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        settings.socket.clone_from(&place.socket);
        settings.state.clone_from(&place.state);
        settings.journal.clone_from(&place.journal);
        self.tokens().reload(&settings);
        *place = Arc::new(settings);
    }

    /// Where a document's bytes lie.
    pub(crate) fn document_path(&self, id: &uuid::Uuid) -> PathBuf {
        self.settings().state.join("documents").join(id.to_string())
    }

    /// Where the result of an operation's item lies, once it is released.
    pub(crate) fn result_path(&self, operation: &uuid::Uuid, number: usize) -> PathBuf {
        self.settings().state.join("results").join(operation.to_string()).join(number.to_string())
    }
}

/// All routes behind all layers.
pub fn router(app: App) -> Router {
    Router::new().with_state(app)
}
