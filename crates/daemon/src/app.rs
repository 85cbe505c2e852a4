//! What every handler shares, and the routes as one function.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use axum::{Router, middleware};
use kyso_journal::Journal;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::engine::Engine;
use crate::error::{ApiError, Plane};
use crate::idempotency::InFlight;
use crate::settings::Settings;
use crate::spool::Spool;
use crate::store::Store;
use crate::{clock, guard, openapi, reissuance, routes};

/// The daemon's state, shared by all requests; a clone is the same state.
#[derive(Clone)]
pub struct App {
    settings: Arc<RwLock<Arc<Settings>>>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) store: Arc<Store>,
    pub(crate) started_at: u64,
    pub(crate) engine: Arc<Engine>,
    pub(crate) spool: Arc<Spool>,
    pub(crate) keys: Arc<InFlight>,
    pub(crate) meters: PrometheusHandle,
    pub(crate) reissuance: Arc<reissuance::Desk>,
    pub(crate) verifications: Arc<Semaphore>,
    uid: u32,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl App {
    /// An app over an open journal and its own tables, serving the user `uid`.
    pub(crate) fn new(
        settings: Settings,
        journal: Journal,
        store: Store,
        spool: Spool,
        meters: PrometheusHandle,
        uid: u32,
    ) -> Self {
        Self {
            engine: Arc::new(Engine::new(&settings)),
            settings: Arc::new(RwLock::new(Arc::new(settings))),
            journal: Arc::new(journal),
            store: Arc::new(store),
            started_at: clock::unix_micros(),
            spool: Arc::new(spool),
            keys: Arc::new(InFlight::default()),
            meters,
            reissuance: Arc::default(),
            verifications: routes::verifications::turns(),
            uid,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
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

    /// The user whom this daemon serves.
    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// Cancelled when the daemon is told to stop: event streams end, acts finish the item in hand, nothing new begins.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Work that the daemon waits for before it ends.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Runs blocking work (tables, journal, files, tokens) off the async threads.
    ///
    /// # Errors
    /// The work's; [`Plane::Defect`] where it panicked.
    pub(crate) async fn blocking<T, E>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ApiError>
    where
        T: Send + 'static,
        ApiError: From<E>,
        E: Send + 'static,
    {
        let app = self.clone();
        match tokio::task::spawn_blocking(move || work(&app)).await {
            Ok(done) => done.map_err(ApiError::from),
            Err(_panicked) => Err(Plane::Defect.into()),
        }
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

/// All routes with their description.
fn described() -> (Router<App>, OpenApi) {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(routes::info::routes())
        .merge(routes::health::routes())
        .merge(routes::documents::routes())
        .merge(routes::signatures::routes())
        .merge(routes::operations::routes())
        .merge(routes::batches::routes())
        .merge(routes::tokens::routes())
        .merge(routes::certificates::routes())
        .merge(routes::verifications::routes())
        .merge(routes::journal::routes())
        .merge(routes::reissuance::routes())
        .merge(routes::openapi::routes())
        .split_for_parts()
}

/// The description alone.
pub(crate) fn description() -> OpenApi {
    described().1
}

/// All routes behind all layers.
pub fn router(app: App) -> Router {
    let (routes, _) = described();
    routes
        .fallback(|| async { ApiError::from(Plane::NoSuchRoute) })
        .method_not_allowed_fallback(|| async { ApiError::from(Plane::MethodNotAllowed) })
        .layer(middleware::from_fn_with_state(app.clone(), guard::admit))
        .layer(middleware::from_fn_with_state(app.clone(), guard::answer))
        .with_state(app)
}

/// All routes without layers, for the daemon's own questions.
pub(crate) fn bare(app: App) -> Router {
    described().0.with_state(app)
}
