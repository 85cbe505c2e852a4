//! Requests to have a certificate reissued because its holder's unit, address or token changed.
//!
//! The journal is the truth: each step, also one that was denied or came to nothing, is a durable record before anybody
//! is told. The table `reissuance` is what follows from these records ([`projection`]), applied from the journal alone
//! and in its order, so that a crash between record and table repairs itself at the next look, and records that another
//! process wrote are seen as well. What Form 04 needs and the journal does not hold (the certificate itself, persons'
//! data) is a *dossier*, durable before the record of the draft; a dossier whose record never came is nobody's and is
//! deleted at the next start.
//!
//! Submitting and exporting ask the person. Drafting, importing the answer and withdrawing do not: they sign nothing
//! and tell nobody.

mod act;
mod answer;
mod dossier;
mod draft;
mod form;
mod projection;
mod record;
mod settle;
mod view;
pub(crate) mod wire;

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::app::App;
use crate::error::{ApiError, ReissuanceError};

pub(crate) use act::{export, submit};
pub(crate) use answer::answer;
pub(crate) use draft::create;
pub(crate) use form::{FormFormat, form};
pub(crate) use record::withdraw;
pub(crate) use settle::settle;
pub(crate) use view::{list, show};

/// What keeps the requests in order within this process.
#[derive(Default)]
pub(crate) struct Desk {
    /// Index of the first journal record that is not applied; held while a step is recorded and applied.
    next: Mutex<Option<u64>>,
    /// Requests on which an operation is under way.
    busy: Mutex<HashSet<String>>,
}

impl Desk {
    fn order(&self) -> MutexGuard<'_, Option<u64>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to act on a request, one at a time; given back when dropped.
pub(crate) struct Act {
    app: App,
    request: String,
}

impl Act {
    /// Takes the right.
    ///
    /// # Errors
    /// [`ReissuanceError::Busy`] where another act is under way.
    fn begin(app: &App, request: &str) -> Result<Self, ApiError> {
        if !app.reissuance.busy().insert(request.to_owned()) {
            return Err(ReissuanceError::Busy.into());
        }
        Ok(Self { app: app.clone(), request: request.to_owned() })
    }
}

impl Drop for Act {
    fn drop(&mut self) {
        self.app.reissuance.busy().remove(&self.request);
    }
}

/// Makes the tables agree with the journal, and drops dossiers without a record; at the daemon's start, before it
/// answers anybody.
///
/// # Errors
/// Where journal or tables cannot be read or written.
pub(crate) fn reconcile(app: &App) -> Result<(), ApiError> {
    projection::catch_up(app)?;
    let gone =
        app.store.transaction(|transaction| crate::store::reissuance::drop_orphans(transaction))?;
    if gone > 0 {
        tracing::info!(count = gone, "dossiers without a record were dropped");
    }
    dossier::sweep_forms(app);
    Ok(())
}
