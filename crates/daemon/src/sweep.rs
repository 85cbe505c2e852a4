//! What nobody needs any more goes: expired documents and keys, files without a row, rows without a file.

use std::time::Duration;

use uuid::Uuid;

use crate::app::App;
use crate::clock;
use crate::store::StoreError;

/// Rows looked at in one transaction.
const STEP: usize = 1000;
/// Between two sweeps.
const PAUSE: Duration = Duration::from_secs(300);
/// Between two readings of the histograms' buffers, which grow with every request until they are read.
const UPKEEP: Duration = Duration::from_secs(10);

/// Why a sweep failed.
#[derive(Debug)]
pub(crate) enum SweepError {
    /// The tables.
    Store(StoreError),
    /// The folders.
    Files(std::io::Error),
}

impl From<StoreError> for SweepError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Makes tables and folders agree; nothing is under way yet.
pub(crate) fn at_start(app: &App) -> Result<(), SweepError> {
    let mut after: Option<Uuid> = None;
    loop {
        let rows = app.store.documents(after.as_ref(), STEP)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        for row in &rows {
            // A crash can take the file of a document that no batch declared.
            let whole = std::fs::metadata(app.document_path(&row.id))
                .is_ok_and(|found| found.len() == row.size);
            if !whole && app.store.delete_document(&row.id)? == Some(true) {
                app.spool.remove(&row.id, 0);
            }
        }
    }
    let mut strays = 0;
    for id in app.spool.ids().map_err(SweepError::Files)? {
        // Tables that cannot be read have not said that nobody needs it.
        if app.store.document(&id)?.is_none() {
            app.spool.remove(&id, 0);
            strays += 1;
        }
    }
    remove_stray_results(app)?;
    app.spool.set_used(app.store.document_bytes()?);
    app.spool.count_results();
    if strays > 0 {
        tracing::info!(strays, "files of unfinished uploads removed");
    }
    Ok(())
}

/// Sweeps until the daemon ends.
pub(crate) async fn from_time_to_time(app: App) {
    let mut since = PAUSE;
    loop {
        if since >= PAUSE {
            since = Duration::ZERO;
            let swept = app.blocking(once).await;
            if let Err(error) = swept {
                let document = error.document(kyso_protocol::Lang::En);
                tracing::error!(code = document.code, why = document.detail, "sweep failed");
            }
        }
        tokio::select! {
            () = app.stopping().cancelled() => return,
            () = tokio::time::sleep(UPKEEP) => since += UPKEEP,
        }
        app.meters.run_upkeep();
    }
}

/// Deletes the released files of an operation; one that cannot be deleted is tried again at the next start.
fn remove_results(app: &App, id: &Uuid) {
    let folder = app.settings().state.join("results").join(id.to_string());
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, operation = %id, "results cannot be deleted");
        }
        _ => {}
    }
}

/// Deletes results that nobody knows any more, once their time is over: signed files of tables that were lost stay until then.
fn remove_stray_results(app: &App) -> Result<(), SweepError> {
    let settings = app.settings();
    for entry in std::fs::read_dir(settings.state.join("results")).map_err(SweepError::Files)? {
        let entry = entry.map_err(SweepError::Files)?;
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| Uuid::parse_str(name).ok()) else { continue };
        let changed = entry.metadata().and_then(|found| found.modified());
        let age = changed.ok().and_then(|changed| changed.elapsed().ok());
        let over = age.is_some_and(|age| age > settings.bounds.retention);
        if over && app.store.operation(&id)?.is_none() {
            remove_results(app, &id);
        }
    }
    Ok(())
}

fn once(app: &App) -> Result<(), StoreError> {
    let retention = app.settings().bounds.retention.as_micros();
    let before = clock::unix_micros().saturating_sub(u64::try_from(retention).unwrap_or(u64::MAX));
    loop {
        let expired = app.store.expire_documents(before, STEP)?;
        for (id, size) in &expired {
            app.spool.remove(id, *size);
        }
        if expired.len() < STEP {
            break;
        }
    }
    app.store.expire_keys(before)?;
    app.operations().keep_what_is_left(app);
    loop {
        let removed = app.store.remove_operations(before)?;
        for id in &removed {
            remove_results(app, id);
        }
        if removed.is_empty() {
            break;
        }
    }
    app.spool.count_results();
    Ok(())
}
