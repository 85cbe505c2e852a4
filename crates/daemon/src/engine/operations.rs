//! Operations under way: their threads, their states as they change, and their end.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kyso::sign::Stop;
use kyso_protocol::{Operation, OperationKind, OperationState};
use rusqlite::Transaction;
use tokio::sync::watch;
use uuid::Uuid;

use super::handle::Live;
use super::transition::follows;
use crate::app::App;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, OperationError};
use crate::store::StoreError;
use crate::store::operations::{Detail, OperationRow, insert};

pub(crate) use super::handle::{Done, Ended, Handle};

/// Most operations under way at once; each has a thread, which mostly waits for a person or a token.
const MOST_UNDER_WAY: usize = 256;

/// What has a thread now; what has ended lives in the tables alone.
#[derive(Default)]
pub(crate) struct Operations {
    live: Mutex<HashMap<Uuid, Arc<Live>>>,
    ending: AtomicBool,
}

impl Operations {
    /// Accepts an operation: its row is durable when this returns, and its work has begun.
    ///
    /// Its id is the caller's allocated one; where an operation of that id is there already, it is given instead and
    /// nothing begins anew.
    ///
    /// # Errors
    /// [`OperationError::TooMany`], [`OperationError::Ending`], the tables' and the journal's.
    pub(crate) fn start(
        &self,
        app: &App,
        kind: OperationKind,
        caller: &Caller,
        request: serde_json::Value,
        work: impl FnOnce(&App, &Handle) -> Result<Done, Ended> + Send + 'static,
    ) -> Result<Operation, ApiError> {
        self.start_with(app, kind, caller, request, |_, _| Ok(()), work)
    }

    /// As [`Operations::start`], with more rows in the same transaction.
    ///
    /// # Errors
    /// Likewise.
    pub(crate) fn start_with(
        &self,
        app: &App,
        kind: OperationKind,
        caller: &Caller,
        request: serde_json::Value,
        also: impl FnOnce(&Transaction<'_>, &Uuid) -> Result<(), StoreError>,
        work: impl FnOnce(&App, &Handle) -> Result<Done, Ended> + Send + 'static,
    ) -> Result<Operation, ApiError> {
        let now = clock::unix_micros();
        let row = OperationRow {
            id: caller.allocated,
            kind,
            state: OperationState::Queued,
            pause: None,
            request,
            requester: caller.peer.requester(),
            lang: caller.lang,
            consent: None,
            detail: Detail::default(),
            from_entry: app.journal.reader().head()?.0,
            created_at: now,
            updated_at: now,
        };
        if let Some(row) = self.row(app, &row.id)? {
            return Ok(row.operation());
        }
        let operation = row.operation();
        let handle = self.admit(app, row)?;
        let inserted = app.store.transaction(|transaction| {
            insert(transaction, &handle.row())?;
            also(transaction, &handle.id)
        });
        if let Err(error) = inserted {
            self.live().remove(&handle.id);
            return Err(error.into());
        }
        self.run(app, handle, work)?;
        Ok(operation)
    }

    /// Gives a suspended operation work again; its row is there.
    ///
    /// # Errors
    /// [`OperationError`], also where it is under way or has ended.
    pub(crate) fn take_up(
        &self,
        app: &App,
        row: OperationRow,
        work: impl FnOnce(&App, &Handle) -> Result<Done, Ended> + Send + 'static,
    ) -> Result<(), ApiError> {
        if row.state.is_final() {
            return Err(OperationError::Ended { state: row.state }.into());
        }
        let handle = self.admit(app, row)?;
        self.run(app, handle, work)
    }

    fn admit(&self, app: &App, row: OperationRow) -> Result<Handle, ApiError> {
        let id = row.id;
        let live = Arc::new(Live {
            stop: Stop::default(),
            withdrawn: AtomicBool::new(false),
            row: watch::Sender::new(row),
        });
        let mut all = self.live();
        if self.ending.load(Ordering::Acquire) {
            return Err(OperationError::Ending.into());
        }
        let busy = |live: &&Arc<Live>| !live.row.borrow().state.is_final();
        if all.values().filter(busy).count() >= MOST_UNDER_WAY {
            return Err(OperationError::TooMany { limit: MOST_UNDER_WAY }.into());
        }
        if all.contains_key(&id) {
            return Err(OperationError::UnderWay.into());
        }
        all.insert(id, Arc::clone(&live));
        Ok(Handle { id, live, store: Arc::clone(&app.store) })
    }

    fn run(
        &self,
        app: &App,
        handle: Handle,
        work: impl FnOnce(&App, &Handle) -> Result<Done, Ended> + Send + 'static,
    ) -> Result<(), ApiError> {
        let id = handle.id;
        let thread = std::thread::Builder::new().name("kyso-operation".to_owned());
        let (of_thread, alive) = (app.clone(), app.tasks().token());
        let spawned = thread.spawn(move || {
            // The daemon waits for it before it ends.
            let (app, _alive) = (of_thread, alive);
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| work(&app, &handle)));
            let outcome = outcome.unwrap_or_else(|_| Err(OperationError::Fault.into()));
            app.operations().finish(&handle, outcome);
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for an operation");
            self.live().remove(&id);
            if let Some(mut row) = app.store.operation(&id)? {
                row.state = OperationState::Interrupted;
                row.touch();
                app.store.update_operation(&row)?;
            }
            return Err(OperationError::Fault.into());
        }
        Ok(())
    }

    /// Writes the end down, then tells it.
    fn finish(&self, handle: &Handle, outcome: Result<Done, Ended>) {
        let mut row = handle.row();
        let state = match outcome {
            Ok(done) => {
                row.detail.entry = done.entry;
                row.detail.result = done.result;
                row.detail.format = done.format;
                row.detail.warnings = done.warnings;
                OperationState::Succeeded
            }
            Err(Ended::Denied) => OperationState::Denied,
            Err(Ended::TimedOut) => OperationState::TimedOut,
            Err(Ended::Cancelled) if handle.live.withdrawn.load(Ordering::Acquire) => {
                OperationState::Cancelled
            }
            Err(Ended::Cancelled) => OperationState::Interrupted,
            Err(Ended::Failed(error)) => {
                let at = format!("/v1/operations/{}", handle.id);
                row.detail.problem = Some(error.document(row.lang).about(at));
                OperationState::Failed
            }
            Err(Ended::Suspended) => {
                self.live().remove(&handle.id);
                return;
            }
        };
        if state == OperationState::Succeeded && row.state != OperationState::Running {
            row.state = OperationState::Running;
        }
        if !follows(row.state, state) {
            tracing::error!(from = ?row.state, to = ?state, "no such transition of an operation");
        }
        row.state = state;
        row.pause = None;
        row.touch();
        match self.keep(handle, &row) {
            Ok(()) => {
                handle.live.row.send_replace(row);
                self.live().remove(&handle.id);
            }
            Err(error) => {
                // The journal holds what happened; the row follows when the tables can be written again.
                tracing::error!(%error, operation = %handle.id, "an operation's end cannot be written");
                handle.live.row.send_replace(row);
            }
        }
    }

    fn keep(&self, handle: &Handle, row: &OperationRow) -> Result<(), StoreError> {
        handle.store.update_operation(row)
    }

    /// Writes ends that could not be written when they came.
    pub(crate) fn keep_what_is_left(&self, app: &App) {
        let ended: Vec<OperationRow> = {
            let live = self.live();
            live.values()
                .map(|one| one.row.borrow().clone())
                .filter(|row| row.state.is_final())
                .collect()
        };
        for row in ended {
            if app.store.update_operation(&row).is_ok() {
                self.live().remove(&row.id);
            }
        }
    }

    /// The operation as it is now.
    ///
    /// # Errors
    /// The tables'.
    pub(crate) fn row(&self, app: &App, id: &Uuid) -> Result<Option<OperationRow>, StoreError> {
        let live = self.live().get(id).map(|live| live.row.borrow().clone());
        match live {
            Some(row) => Ok(Some(row)),
            None => app.store.operation(id),
        }
    }

    /// The newest operations in this state, or in any.
    ///
    /// # Errors
    /// The tables'.
    pub(crate) fn list(
        &self,
        app: &App,
        state: Option<OperationState>,
    ) -> Result<Vec<OperationRow>, StoreError> {
        // The tables know of those under way only that they have not ended.
        let stored = match state {
            Some(state) if state.is_final() => app.store.operations(&[state])?,
            Some(_) => app.store.unfinished_operations()?,
            None => app.store.operations(&[])?,
        };
        let live = self.live();
        let now = stored.into_iter().map(|row| match live.get(&row.id) {
            Some(live) => live.row.borrow().clone(),
            None => row,
        });
        Ok(now.filter(|row| state.is_none_or(|state| row.state == state)).collect())
    }

    /// Its changes from now on; `None` where it is not under way.
    pub(crate) fn watch(&self, id: &Uuid) -> Option<watch::Receiver<OperationRow>> {
        self.live().get(id).map(|live| live.row.subscribe())
    }

    /// Withdraws an operation: an open question is taken back, what is signed already stays.
    ///
    /// # Errors
    /// [`OperationError::Unknown`]; [`OperationError::Ended`] where it ended otherwise.
    pub(crate) fn cancel(&self, app: &App, id: &Uuid) -> Result<OperationRow, ApiError> {
        if let Some(live) = self.live().get(id) {
            let row = live.row.borrow().clone();
            if !row.state.is_final() {
                live.withdrawn.store(true, Ordering::Release);
                live.stop.request();
                return Ok(row);
            }
        }
        let mut row = self.row(app, id)?.ok_or(OperationError::Unknown)?;
        match row.state {
            OperationState::Cancelled => Ok(row),
            state if state.is_final() => Err(OperationError::Ended { state }.into()),
            _ => {
                row.state = OperationState::Cancelled;
                row.pause = None;
                row.touch();
                app.store.update_operation(&row)?;
                Ok(row)
            }
        }
    }

    /// The daemon ends: nothing new is taken, questions are taken back, work stops after what is in hand.
    pub(crate) fn end(&self) {
        let live = self.live();
        self.ending.store(true, Ordering::Release);
        live.values().for_each(|live| live.stop.request());
    }

    /// How many operations are under way; one whose end cannot be written is not.
    pub(crate) fn under_way(&self) -> usize {
        self.live().values().filter(|live| !live.row.borrow().state.is_final()).count()
    }

    fn live(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
