//! The place of one worker: started when it is needed, ended when it is idle or too large.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::process::{Inner, Worker};
use super::setup::{Bounds, Setup, Source, Spawn, VERSION};
use crate::TokenError;
use crate::lock::lock;
use crate::pkcs11::Limits;

/// What became of a store's workers since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Processes started.
    pub starts: u64,
    /// Processes that died by themselves.
    pub crashes: u64,
    /// Processes killed because they hung or answered nonsense.
    pub kills: u64,
    /// Processes that got no new act because they had grown too large.
    pub retired: u64,
    /// Processes ended because nobody needed them.
    pub idle: u64,
}

/// One worker's place as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The names of the module, or the key file.
    pub sources: Vec<PathBuf>,
    /// Number of the process that new requests go to; `None` where none runs.
    pub pid: Option<u32>,
    /// Its resident memory in bytes, where the system tells.
    pub resident: Option<u64>,
}

/// [`Counters`] as they grow.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) starts: AtomicU64,
    pub(super) crashes: AtomicU64,
    pub(super) kills: AtomicU64,
    retired: AtomicU64,
    idle: AtomicU64,
}

impl Tally {
    pub(super) fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            starts: read(&self.starts),
            crashes: read(&self.crashes),
            kills: read(&self.kills),
            retired: read(&self.retired),
            idle: read(&self.idle),
        }
    }
}

/// One module or key file under all its names, and the worker that serves it now.
#[derive(Debug)]
pub(super) struct Slot {
    setup: Setup,
    spawn: Spawn,
    tally: Arc<Tally>,
    current: Mutex<Option<Arc<Worker>>>,
}

impl Slot {
    pub(super) fn new(
        sources: Vec<Source>,
        spawn: Spawn,
        limits: Limits,
        bounds: Bounds,
        tally: Arc<Tally>,
    ) -> Arc<Self> {
        let setup = Setup { version: VERSION.to_owned(), sources, limits, bounds };
        Arc::new(Self { setup, spawn, tally, current: Mutex::default() })
    }

    pub(super) fn sources(&self) -> &[Source] {
        &self.setup.sources
    }

    pub(super) fn serves(&self, path: &std::path::Path) -> bool {
        self.sources().iter().any(|source| source.path() == path)
    }

    /// The running worker, or a new one.
    pub(super) fn worker(self: &Arc<Self>) -> Result<Arc<Worker>, TokenError> {
        let mut current = lock(&self.current);
        if let Some(worker) = current.as_ref().filter(|worker| worker.alive()) {
            return Ok(worker.clone());
        }
        let slot = Arc::downgrade(self);
        let at_rest = move |inner: &Arc<Inner>| {
            if let Some(slot) = slot.upgrade() {
                slot.end_idle(inner);
            }
        };
        let worker = Arc::new(Worker::start(&self.spawn, &self.setup, &self.tally, at_rest)?);
        *current = Some(worker.clone());
        Ok(worker)
    }

    /// The running worker, if there is one.
    pub(super) fn running(&self) -> Option<Arc<Worker>> {
        lock(&self.current).clone().filter(|worker| worker.alive())
    }

    /// Ends a worker that nobody has held or asked for a while.
    fn end_idle(&self, inner: &Arc<Inner>) {
        let mut current = lock(&self.current);
        let idle = self.setup.bounds.idle;
        // Whoever wants it takes it under the same lock: a count of one means nobody has it.
        let unused = current.as_ref().is_some_and(|worker| {
            worker.is(inner)
                && Arc::strong_count(worker) == 1
                && inner.at_rest_since().is_some_and(|since| since.elapsed() >= idle)
        });
        if unused {
            self.tally.idle.fetch_add(1, Ordering::Relaxed);
            *current = None;
        }
    }

    /// Lets a worker go that holds too much memory: acts still open in it go on, new ones get a new worker.
    pub(super) fn retire_if_large(&self, worker: &Arc<Worker>) {
        let large = worker.resident().is_some_and(|bytes| bytes > self.setup.bounds.resident);
        let mut current = lock(&self.current);
        if large && current.as_ref().is_some_and(|current| Arc::ptr_eq(current, worker)) {
            self.tally.retired.fetch_add(1, Ordering::Relaxed);
            *current = None;
        }
    }

    pub(super) fn status(&self) -> Status {
        let current = lock(&self.current);
        let worker = current.as_ref().filter(|worker| worker.alive());
        Status {
            sources: self.sources().iter().map(|source| source.path().to_path_buf()).collect(),
            pid: worker.map(|worker| worker.pid()),
            resident: worker.and_then(|worker| worker.resident()),
        }
    }
}
