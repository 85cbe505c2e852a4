//! Batches: declared whole, agreed to once, signed on as few logins as possible, true after any end of the daemon.
//!
//! A batch is rows first ([`crate::store::batches`], [`crate::store::items`]); while it runs, or waits for its token, it has a
//! thread ([`run`]) and strings by which requests reach it ([`control`]). Everything that its clients hear comes out of the
//! tables, in which items have ended only after the journal says how. So a client that lags, or a daemon that died, loses
//! nothing: events are told again from wherever the client stands.

mod control;
mod ledger;
mod list;
mod recorder;
mod round;
mod run;
mod screen;
mod token;
mod verdict;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kyso::input::{OpenError, open_regular};
use kyso_protocol::{
    Batch, BatchItem, BatchRequest, Consent, ItemState, JournalPosition, OperationKind,
    OperationState, PauseReason,
};
use kyso_token::Credential;
use kyso_x509::DigestAlgorithm;
use uuid::Uuid;

use super::operations::{Done, Ended, Handle};
use super::{recovery, signing};
use crate::app::App;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, BatchError, OperationError};
use crate::settings::{DefaultConsent, Settings};
use crate::store::StoreError;
use crate::store::batches::{self, Asked, BatchRow, NewBatch, Unfit, Wish};
use crate::store::items::{self, Declared, Item, Sha256};
use crate::store::operations::OperationRow;
use control::{Control, Entered};

pub(crate) use control::Batches;
pub(crate) use recorder::{item_name, item_number};
pub(crate) use run::results;

/// How long resuming waits for a batch that was asked to stand still and has items in hand.
const COMING_TO_REST: Duration = Duration::from_secs(20);

/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(10);

/// Documents that are made durable one by one; above, their file system is flushed once.
const FEW: usize = 8;

/// Takes a batch: every document is here and is what was declared, all of it is durable, and its runner has begun.
///
/// A document stands in a batch once: a batch is a set of documents to sign, and who wants two signatures on one asks
/// twice. Two documents may have the same bytes.
///
/// # Errors
/// [`BatchError`] naming the item; the credential's; those of journal, tables and disk.
pub(crate) fn accept(app: &App, caller: &Caller, request: BatchRequest) -> Result<Batch, ApiError> {
    let settings = app.settings();
    let id = caller.allocated.to_string();
    let items = declared(&request, settings.bounds.batch_items)?;
    let checked = batches::check(&app.store.connection(), &items)?;
    checked.map_err(|unfit| refusal(unfit, &items))?;
    let credential = crate::tokens::resolve(app, request.credential.as_deref())?;
    signing::fit(app, &credential, &request.options)?;
    let list = list::hash(
        &request.options,
        &fingerprint(&credential),
        items.iter().map(|item| &item.sha256),
    );
    let asked = Asked {
        credential: request.credential,
        options: request.options,
        consent: request.consent,
    };
    make_durable(&settings.state, &id, &items)
        .map_err(|error| BatchError::Undurable { kind: error.kind() })?;
    let Entered::Start(control) = app.batches().enter(&id) else {
        return snapshot(app, &id);
    };
    let batch = NewBatch { credential: &credential, peer: &caller.peer, list, items: &items };
    let began = app.operations().start_with(
        app,
        OperationKind::Batch,
        caller,
        serde_json::to_value(&asked).unwrap_or_default(),
        |transaction, id| {
            batches::insert(transaction, &id.to_string(), &batch)?;
            // A document may have been deleted since it was looked at.
            match batches::check(transaction, &items)? {
                Ok(()) => Ok(()),
                Err(_) => Err(StoreError::Sqlite(rusqlite::Error::QueryReturnedNoRows)),
            }
        },
        work(caller.clone(), control),
    );
    if let Err(error) = began {
        app.batches().leave(&id);
        return Err(error);
    }
    snapshot(app, &id)
}

/// The work of a batch's operation; leaves the list of those under way whatever happens.
fn work(
    caller: Caller,
    control: Arc<Control>,
) -> impl FnOnce(&App, &Handle) -> Result<Done, Ended> + Send + 'static {
    struct Leave(App, String);
    impl Drop for Leave {
        fn drop(&mut self) {
            self.0.batches().leave(&self.1);
        }
    }
    move |app, handle| {
        let _leave = Leave(app.clone(), handle.id.to_string());
        run::run(app, handle, &caller, &control)
    }
}

/// The items as they are declared, each document once.
fn declared(request: &BatchRequest, most: usize) -> Result<Vec<Declared>, BatchError> {
    if request.items.is_empty() {
        return Err(BatchError::Empty);
    }
    if request.items.len() > most {
        return Err(BatchError::TooLarge { items: request.items.len(), most });
    }
    let mut seen = HashMap::with_capacity(request.items.len());
    let mut declared = Vec::with_capacity(request.items.len());
    for (number, item) in request.items.iter().enumerate() {
        let mut sha256: Sha256 = [0; 32];
        if hex::decode_to_slice(&item.sha256, &mut sha256).is_err() {
            return Err(BatchError::Sha256Malformed { item: number });
        }
        if let Some(first) = seen.insert(item.document.as_str(), number) {
            return Err(BatchError::DocumentTwice { first, second: number });
        }
        declared.push(Declared { document: item.document.clone(), sha256 });
    }
    Ok(declared)
}

fn refusal(unfit: Unfit, items: &[Declared]) -> BatchError {
    let document = |item: usize| items.get(item).map(|it| it.document.clone()).unwrap_or_default();
    match unfit {
        Unfit::Unknown { item } => BatchError::DocumentUnknown { item, document: document(item) },
        Unfit::Differs { item, sha256 } => BatchError::DocumentDiffers {
            item,
            document: document(item),
            sha256: hex::encode(sha256),
        },
    }
}

/// Makes the documents durable, and the folder of the results: a batch survives what an upload alone need not.
fn make_durable(state: &Path, id: &str, items: &[Declared]) -> std::io::Result<()> {
    let folder = results(state, id);
    std::fs::create_dir_all(&folder)?;
    if let Some(parent) = folder.parent() {
        std::fs::File::open(parent)?.sync_all()?;
    }
    let documents = state.join("documents");
    #[cfg(target_os = "linux")]
    if items.len() > FEW {
        return Ok(rustix::fs::syncfs(std::fs::File::open(documents)?)?);
    }
    for item in items {
        let path = documents.join(&item.document);
        match open_regular(&path) {
            Ok(file) => file.sync_data()?,
            Err(OpenError::Io(error)) => return Err(error),
            Err(OpenError::NotAFile) => return Err(std::io::ErrorKind::InvalidInput.into()),
        }
    }
    std::fs::File::open(documents)?.sync_all()
}

/// SHA-256 of the signer's certificate.
fn fingerprint(credential: &Credential) -> Sha256 {
    let mut value = [0; 32];
    value.copy_from_slice(DigestAlgorithm::Sha256.digest(&credential.certificate).as_bytes());
    value
}

/// Whether consent and PIN are a person's.
fn asks_a_person(settings: &Settings, wanted: Option<&Consent>) -> bool {
    match wanted {
        Some(Consent::Policy {}) => false,
        Some(Consent::Terminal { .. } | Consent::Pinentry { .. }) => true,
        None => settings.consent != DefaultConsent::Policy,
    }
}

/// The batch as it stands.
///
/// # Errors
/// [`BatchError::Unknown`]; the tables'.
pub(crate) fn snapshot(app: &App, id: &str) -> Result<Batch, ApiError> {
    let row = operation(app, id)?;
    Ok(Batch {
        counts: items::counts(&app.store.connection(), id)?,
        id: id.to_owned(),
        state: row.state,
        pause: row.pause,
        created_at: clock::rfc3339(row.created_at),
        updated_at: clock::rfc3339(row.updated_at),
        problem: row.detail.problem,
        warnings: row.detail.warnings,
    })
}

/// The batch's operation.
fn operation(app: &App, id: &str) -> Result<OperationRow, ApiError> {
    let uuid = Uuid::parse_str(id).map_err(|_not_one| BatchError::Unknown)?;
    let row = app.operations().row(app, &uuid)?;
    Ok(row.filter(|row| row.kind == OperationKind::Batch).ok_or(BatchError::Unknown)?)
}

/// An item as the API shows it.
pub(crate) fn shown(id: &str, item: Item) -> BatchItem {
    let result = (item.state == ItemState::Signed)
        .then(|| format!("/v1/batches/{id}/items/{}/result", item.number));
    BatchItem {
        number: item.number,
        document: item.document,
        sha256: hex::encode(item.sha256),
        state: item.state,
        problem: item.problem,
        journal: item.entry.map(|entry| JournalPosition { entry }),
        result,
        result_sha256: item.result.map(hex::encode),
    }
}

/// Lets the batch stand still once the items in hand have ended; again is the same.
///
/// # Errors
/// [`BatchError`]; the tables'.
pub(crate) fn pause(app: &App, id: &str) -> Result<Batch, ApiError> {
    let (_, mut row) = unfinished(app, id)?;
    batches::wish(&app.store.connection(), id, Some(Wish::Pause))?;
    if let Some(control) = app.batches().control(id) {
        control.pause();
    } else {
        // It stands still already; that somebody wants it so keeps it from going on by itself.
        row.state = OperationState::Paused;
        row.pause = Some(PauseReason::Requested);
        row.touch();
        app.store.update_operation(&row)?;
        app.batches().tell(id);
    }
    snapshot(app, id)
}

/// Lets the batch go on with what is pending; the PIN is asked for again, by the way named here or the earlier one.
///
/// # Errors
/// [`BatchError`]; the tables'.
pub(crate) fn resume(
    app: &App,
    id: &str,
    caller: &Caller,
    consent: Option<Consent>,
) -> Result<Batch, ApiError> {
    let (batch, _) = unfinished(app, id)?;
    if batch.wish == Some(Wish::Cancel) {
        return Err(BatchError::Ended { state: OperationState::Cancelled }.into());
    }
    app.store.transaction(|transaction| {
        if consent.is_some() {
            batches::ask_by(transaction, id, &Asked { consent, ..batch.asked })?;
        }
        batches::wish(transaction, id, None)
    })?;
    take_up(app, id, caller)?;
    snapshot(app, id)
}

/// Begins the work anew, or rings where it is under way and not coming to rest.
fn take_up(app: &App, id: &str, caller: &Caller) -> Result<(), ApiError> {
    let until = Instant::now() + COMING_TO_REST;
    loop {
        match app.batches().enter(id) {
            Entered::UnderWay(control) if !control.is_paused() => {
                control.ring();
                return Ok(());
            }
            Entered::UnderWay(_) => {}
            Entered::Start(control) => {
                let begun = operation(app, id).and_then(|row| {
                    app.operations().take_up(app, row, work(caller.clone(), control))
                });
                match begun {
                    Ok(()) => return Ok(()),
                    Err(error) => {
                        app.batches().leave(id);
                        // Its thread has left the list and is about to end.
                        if !matches!(error, ApiError::Operation(OperationError::UnderWay)) {
                            return Err(error);
                        }
                    }
                }
            }
        }
        if Instant::now() >= until {
            return Err(BatchError::ComingToRest.into());
        }
        std::thread::sleep(LOOK);
    }
}

/// Withdraws what is not signed yet; what is signed stays. Again is the same.
///
/// # Errors
/// [`BatchError`]; the tables'.
pub(crate) fn cancel(app: &App, id: &str, caller: &Caller) -> Result<Batch, ApiError> {
    if operation(app, id)?.state == OperationState::Cancelled {
        return snapshot(app, id);
    }
    unfinished(app, id)?;
    batches::wish(&app.store.connection(), id, Some(Wish::Cancel))?;
    if app.batches().control(id).is_none() {
        // It stands still: its items end as those of one under way do, each recorded.
        take_up(app, id, caller)?;
    }
    if let Some(control) = app.batches().control(id) {
        withdraw(app, id)?;
        control.ring();
    }
    snapshot(app, id)
}

/// Withdraws the operation of a batch that is under way.
fn withdraw(app: &App, id: &str) -> Result<(), ApiError> {
    match app.operations().cancel(app, &operation(app, id)?.id) {
        Ok(_) | Err(ApiError::Operation(OperationError::Ended { .. })) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The batch, unless it has ended.
fn unfinished(app: &App, id: &str) -> Result<(BatchRow, OperationRow), ApiError> {
    let row = operation(app, id)?;
    if row.state.is_final() {
        return Err(BatchError::Ended { state: row.state }.into());
    }
    let batch = batches::batch(&app.store.connection(), id)?.ok_or(BatchError::Unknown)?;
    Ok((batch, row))
}

/// At the daemon's start: batches that had not ended agree with the journal and stand still until they are resumed; those that
/// were withdrawn end, and those that a policy agreed to go on by themselves.
///
/// # Errors
/// Of journal and tables.
pub(crate) fn recover(app: &App) -> Result<(), ApiError> {
    for mut row in app.store.unfinished_operations()? {
        let id = row.id.to_string();
        let Some(batch) = batches::batch(&app.store.connection(), &id)? else { continue };
        let released = recovery::reconcile(app, &batch)?;
        if let Some(state) = recovery::ended(app, &batch, &mut row)? {
            row.state = state;
            row.pause = None;
            row.touch();
            app.store.update_operation(&row)?;
            continue;
        }
        let requested = batch.wish == Some(Wish::Pause)
            || (row.state, row.pause) == (OperationState::Paused, Some(PauseReason::Requested));
        row.state = OperationState::Paused;
        row.pause = Some(if requested { PauseReason::Requested } else { PauseReason::Restarted });
        row.touch();
        app.store.update_operation(&row)?;
        tracing::info!(batch = id, released, "found unfinished");
        let caller = caller(&batch, row.id);
        let by_itself = !requested
            && batch.agreed.is_some()
            && !asks_a_person(&app.settings(), batch.asked.consent.as_ref());
        let begun = if batch.wish == Some(Wish::Cancel) {
            cancel(app, &id, &caller).map(drop)
        } else if by_itself {
            take_up(app, &id, &caller)
        } else {
            Ok(())
        };
        if let Err(error) = begun {
            // It stands still, and can be resumed or withdrawn; no batch keeps the daemon from its start.
            tracing::error!(batch = id, code = error.code(), "cannot be taken up");
        }
    }
    Ok(())
}

/// Who asked for the batch, when it goes on without anybody.
fn caller(batch: &BatchRow, id: Uuid) -> Caller {
    Caller { peer: batch.peer.clone(), lang: batch.lang, allocated: id }
}
