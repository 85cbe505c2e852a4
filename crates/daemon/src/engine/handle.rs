//! What an operation's work has of its operation, and how it may end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kyso::sign::Stop;
use kyso_protocol::{OperationState, PauseReason, Problem};
use tokio::sync::watch;
use uuid::Uuid;

use super::transition::follows;
use crate::error::ApiError;
use crate::store::operations::{Intended, OperationRow, ResultFile};
use crate::store::{Store, StoreError};

/// One operation under way.
pub(super) struct Live {
    pub(super) stop: Stop,
    /// The client withdrew it; else a stop means that the daemon ends.
    pub(super) withdrawn: AtomicBool,
    pub(super) row: watch::Sender<OperationRow>,
}

/// What an operation's work has of its operation.
pub(crate) struct Handle {
    /// The operation's id.
    pub(crate) id: Uuid,
    pub(super) live: Arc<Live>,
    pub(super) store: Arc<Store>,
}

/// What a successful operation made.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// The journal's record of how it ended.
    pub(crate) entry: Option<u64>,
    /// The released file.
    pub(crate) result: Option<ResultFile>,
    /// Format and level of what was made.
    pub(crate) format: Option<String>,
    /// What a person should know.
    pub(crate) warnings: Vec<String>,
}

/// How an operation ended that did not succeed.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The person said no.
    Denied,
    /// The person did not answer in time.
    TimedOut,
    /// It was withdrawn, or the daemon ends.
    Cancelled,
    /// It failed.
    Failed(ApiError),
    /// It keeps its row as it is, to be taken up later by [`super::operations::Operations::take_up`].
    Suspended,
}

impl<E: Into<ApiError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Handle {
    /// Comes to this state and tells it; a state it is in already changes nothing.
    pub(crate) fn enter(&self, state: OperationState) {
        self.change(state, None);
    }

    /// Stands still for this reason, which is durable when this returns.
    ///
    /// # Errors
    /// The tables'.
    pub(crate) fn pause(&self, reason: PauseReason) -> Result<(), StoreError> {
        self.change(OperationState::Paused, Some(reason));
        self.store.update_operation(&self.row())
    }

    /// Notes why it stands still, or that it no longer does; durable with the next pause.
    pub(crate) fn explain(&self, problem: Option<Problem>) {
        self.live.row.send_modify(|row| row.detail.problem = problem);
    }

    /// Notes how and under which id somebody was asked; durable when this returns.
    ///
    /// # Errors
    /// The tables'.
    pub(crate) fn asked(&self, consent: &str) -> Result<(), StoreError> {
        self.live.row.send_if_modified(|row| {
            row.consent = Some(consent.to_owned());
            false
        });
        self.store.update_operation(&self.row())
    }

    /// Notes what the result will be; durable with the next thing that is.
    pub(crate) fn intends(&self, name: String, format: &str) {
        let intended = Intended { name, format: format.to_owned() };
        self.live.row.send_if_modified(|row| {
            row.detail.intended = Some(intended);
            // Nobody is shown it.
            false
        });
    }

    /// Whether somebody wants the work to end: the client, or the daemon that ends.
    pub(crate) fn stop_requested(&self) -> bool {
        self.live.stop.is_requested()
    }

    /// Whether it was the client who wants the work to end.
    pub(crate) fn withdrawn(&self) -> bool {
        self.live.withdrawn.load(Ordering::Acquire)
    }

    /// What ends the work early, for those who look themselves.
    pub(crate) fn stop(&self) -> &Stop {
        &self.live.stop
    }

    /// The row as it is now.
    pub(crate) fn row(&self) -> OperationRow {
        self.live.row.borrow().clone()
    }

    fn change(&self, state: OperationState, pause: Option<PauseReason>) {
        self.live.row.send_if_modified(|row| {
            if row.state == state && row.pause == pause {
                return false;
            }
            if row.state != state && !follows(row.state, state) {
                tracing::error!(from = ?row.state, to = ?state, "no such transition of an operation");
                return false;
            }
            row.state = state;
            row.pause = pause;
            row.touch();
            true
        });
    }
}
