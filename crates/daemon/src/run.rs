//! The daemon's life: start, reload, stop.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use kyso_journal::{Journal, JournalError, Options};
use metrics_exporter_prometheus::BuildError;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{self, App};
use crate::engine::{batch, restart};
use crate::error::ApiError;
use crate::log::LogError;
use crate::server::{self, Lock, Place, SocketError};
use crate::settings::{Settings, Start};
use crate::spool::{Spool, private_folder};
use crate::store::{Store, StoreError};
use crate::text::{self, Lang, Problem};
use crate::{clock, explain, log, meters, notify, reissuance, sweep, warnings};

/// Threads for requests; blocking work has its own. Two keep a slow handler from delaying the accept loop.
const THREADS: usize = 2;
/// How long work in hand may take after the daemon was told to stop: a card signs RSA-4096 within seconds, and whoever is
/// still being asked is asked no longer.
const FAREWELL: Duration = Duration::from_secs(60);

/// Between two looks at whether the acts have ended.
const GLANCE: Duration = Duration::from_millis(20);

/// Why the daemon did not start.
#[derive(Debug)]
pub(crate) enum StartError {
    /// The configuration, or a file that it names.
    Configuration(Problem),
    /// The socket, or a second daemon.
    Socket(SocketError),
    /// The log.
    Log(LogError),
    /// The state folder.
    State {
        /// The folder.
        folder: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The journal.
    Journal {
        /// Its file.
        path: std::path::PathBuf,
        /// Why.
        error: JournalError,
    },
    /// The daemon's own tables.
    Store(StoreError),
    /// What the end before left cannot be settled.
    Restart(ApiError),
    /// The metrics.
    Meters(BuildError),
    /// Threads, signals or the socket's registration.
    Runtime(std::io::Error),
}

impl StartError {
    /// The three parts.
    fn explain(&self, lang: Lang) -> Problem {
        let told = |code,
                    vi: &'static str,
                    en: &'static str,
                    why,
                    remedy: (&'static str, &'static str)| {
            Problem::new(code, lang.pick(vi, en), why, lang.pick(remedy.0, remedy.1))
        };
        match self {
            Self::Configuration(problem) => problem.clone(),
            Self::Socket(error) => error.explain(lang),
            Self::Log(error) => error.explain(lang),
            Self::State { folder, error } => text::unwritable(folder, error, lang),
            Self::Journal { path, error } => explain::journal::explain(error, path, lang),
            Self::Store(error) => error.explain(lang),
            Self::Restart(error) => error.document(lang).into(),
            Self::Meters(error) => told(
                "metrics-unusable",
                "không mở được số đo",
                "the metrics cannot be opened",
                error.to_string(),
                ("báo lỗi này", "report this defect"),
            ),
            Self::Runtime(error) => told(
                "daemon-not-started",
                "không khởi động được dịch vụ",
                "the daemon cannot start",
                text::system(error, lang),
                (
                    "kiểm tra giới hạn tiến trình và tệp (ulimit)",
                    "check the limits on processes and files (ulimit)",
                ),
            ),
        }
    }
}

/// Everything that is open before the first request.
struct Opened {
    app: App,
    listener: UnixListener,
    _place: Place,
    _lock: Lock,
}

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// Why it did not start, in three parts, with the language in which they are.
pub fn run(start: &Start) -> Result<(), (Problem, Lang)> {
    stay(start).map_err(|(error, lang)| (error.explain(lang), lang))
}

fn stay(start: &Start) -> Result<(), (StartError, Lang)> {
    keep_to_itself();
    let (settings, kept) = start
        .settings()
        .map_err(|problem| (StartError::Configuration(problem), start.first_lang()))?;
    let lang = settings.lang;
    let told = |error| (error, lang);
    log::open(&kept).map_err(|error| told(StartError::Log(error)))?;
    let opened = open(settings).map_err(told)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("kyso")
        .enable_all()
        .build()
        .map_err(|error| told(StartError::Runtime(error)))?;
    let ended = runtime.block_on(live(opened, start));
    // Work that did not end in time is left; the journal knows of it.
    runtime.shutdown_background();
    ended.map_err(told)
}

/// Nobody else reads what this process writes or holds.
fn keep_to_itself() {
    use rustix::fs::Mode;
    use rustix::process::{
        DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask,
    };
    umask(Mode::RWXG | Mode::RWXO);
    // Lowering a limit is always allowed; a system that refuses has no core dumps to limit.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

fn open(settings: Settings) -> Result<Opened, StartError> {
    let uid = rustix::process::geteuid().as_raw();
    let state = settings.state.clone();
    let state_failed = |error| StartError::State { folder: state.clone(), error };
    private_folder(&state).map_err(state_failed)?;
    server::nobody_else_writes(&state, uid).map_err(StartError::Socket)?;
    // Two daemons with two sockets must not share one state folder either.
    let lock = Lock::take(&state.join("daemon.lock")).map_err(StartError::Socket)?;
    let (listener, place) = server::bind(&settings.socket, uid).map_err(StartError::Socket)?;
    listener.set_nonblocking(true).map_err(StartError::Runtime)?;
    let journal = Options::new(clock::unix_micros)
        .and_then(|options| Journal::open(&settings.journal, options))
        .map_err(|error| StartError::Journal { path: settings.journal.clone(), error })?;
    let store = Store::open(&state.join("daemon.sqlite")).map_err(StartError::Store)?;
    let spool = Spool::open(&state).map_err(state_failed)?;
    let meters = meters::install().map_err(StartError::Meters)?;
    let app = App::new(settings, journal, store, spool, meters, uid);
    sweep::at_start(&app).map_err(|error| match error {
        sweep::SweepError::Store(error) => StartError::Store(error),
        sweep::SweepError::Files(error) => state_failed(error),
    })?;
    reissuance::reconcile(&app).map_err(StartError::Restart)?;
    restart::at_start(&app).map_err(StartError::Restart)?;
    batch::recover(&app).map_err(StartError::Restart)?;
    Ok(Opened { app, listener, _place: place, _lock: lock })
}

async fn live(opened: Opened, start: &Start) -> Result<(), StartError> {
    let Opened { app, listener, _place, _lock } = opened;
    let listener = tokio::net::UnixListener::from_std(listener).map_err(StartError::Runtime)?;
    let on = |kind| signal(kind).map_err(StartError::Runtime);
    let (terminate, interrupt) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
    let hangup = on(SignalKind::hangup())?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        pid = std::process::id(),
        journal_was_created = app.journal.was_created(),
        interrupted = app.journal.interrupted().len(),
        "ready"
    );
    let sweeper = tokio::spawn(sweep::from_time_to_time(app.clone()));
    let watch = tokio::spawn(warnings::from_time_to_time(app.clone()));
    let reloader = tokio::spawn(reload(app.clone(), start.clone(), hangup));
    let serving = tokio::spawn(server::serve(app.clone(), app::router(app.clone()), listener));
    notify::say("READY=1");
    let mut end = End { terminate, interrupt };
    end.asked().await;
    tracing::info!("stopping");
    notify::say("STOPPING=1");
    app.operations().end();
    app.stopping().cancel();
    app.operations().end();
    app.tasks().close();
    let finished = async {
        // Both tasks are ours and do not panic; a panic would only end the wait earlier.
        let _ = serving.await;
        app.tasks().wait().await;
        // Acts have threads of their own, which end after the item in hand.
        while app.operations().under_way() > 0 {
            tokio::time::sleep(GLANCE).await;
        }
    };
    tokio::select! {
        () = finished => {}
        () = end.asked() => tracing::warn!("stopped at once, with work in hand"),
        () = tokio::time::sleep(FAREWELL) => tracing::warn!("stopped with work in hand"),
    }
    sweeper.abort();
    watch.abort();
    reloader.abort();
    tracing::info!("stopped");
    Ok(())
}

/// SIGTERM and SIGINT.
struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl End {
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// SIGHUP reads the configuration again; one that cannot be used changes nothing.
async fn reload(app: App, start: Start, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        notify::say("RELOADING=1");
        let read = {
            let start = start.clone();
            tokio::task::spawn_blocking(move || start.settings()).await
        };
        match read {
            Ok(Ok((settings, _))) => {
                app.reload(settings);
                tracing::info!("configuration read again");
            }
            Ok(Err(problem)) => {
                tracing::error!(code = %problem.code, why = problem.why, "configuration refused; the old one stays");
            }
            Err(error) => tracing::error!(%error, "configuration could not be read"),
        }
        notify::say("READY=1");
    }
}
