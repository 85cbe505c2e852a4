//! Stores whose workers are this test binary again.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use kyso_token::pkcs11::{AllowedModule, Limits};
use kyso_token::worker::{Bounds, Source, Spawn, WorkerStore};
use kyso_token::{Credential, KeyStore as _, SigningAct, TokenError};

use crate::case::{Bench, limits};

/// Set in a worker process.
pub(crate) const WORKER: &str = "KYSO_TOKEN_TEST_WORKER";

pub(crate) fn spawn() -> Spawn {
    Spawn {
        program: std::env::current_exe().unwrap(),
        arguments: ["--exact", "worker_process", "--nocapture"].map(Into::into).to_vec(),
        environment: vec![(WORKER.into(), "1".into())],
    }
}

/// Long enough for a busy machine, short enough for a test of a hang.
pub(crate) fn bounds() -> Bounds {
    Bounds {
        prompt: Duration::from_secs(30),
        answer: Duration::from_secs(4),
        ..Bounds::interactive()
    }
}

pub(crate) fn module(path: impl Into<PathBuf>) -> Source {
    Source::Module(AllowedModule { path: path.into(), sha256: None })
}

pub(crate) fn store_with(sources: Vec<Source>, limits: Limits, bounds: Bounds) -> WorkerStore {
    WorkerStore::new(sources, spawn(), limits, bounds)
}

/// The bench's own module in a worker.
pub(crate) fn store(bench: &Bench) -> WorkerStore {
    store_with(vec![module(&bench.module)], limits(), bounds())
}

pub(crate) fn open(
    store: &WorkerStore,
    bench: &Bench,
    credential: &Credential,
) -> Result<Box<dyn SigningAct>, TokenError> {
    store.open(credential, &bench.pin(), &())
}

/// Polls until it is so; a test that waits for ever says what for.
#[track_caller]
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !so() {
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process runs; one that is dead and not yet reaped by a far parent does not.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
    !matches!(state, None | Some('Z' | 'X'))
}

pub(crate) fn only_pid(store: &WorkerStore) -> u32 {
    let pids = store.pids();
    assert_eq!(pids.len(), 1, "{pids:?}");
    pids[0]
}
