//! Metrics: counted where things happen, read from the tables where they are states.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use crate::app::App;

/// Upper bounds of the latency histogram, in seconds.
const SECONDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0, 30.0];

/// The process's one recorder.
///
/// # Errors
/// The exporter's own.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let recorder = PrometheusBuilder::new().set_buckets(&SECONDS)?.build_recorder();
    let handle = recorder.handle();
    // Somebody else's recorder stays; then ours shows what it reads from the tables only.
    let _ = metrics::set_global_recorder(recorder);
    metrics::describe_counter!(
        "kyso_http_requests_total",
        "requests by route's template and status"
    );
    metrics::describe_histogram!("kyso_http_request_seconds", "time to the response's head");
    metrics::describe_counter!("kyso_problems_total", "refusals and failures by code");
    metrics::describe_gauge!("kyso_operations", "operations in the tables by state");
    metrics::describe_gauge!("kyso_journal_records", "records of the journal");
    metrics::describe_gauge!("kyso_spool_bytes", "bytes of documents and results");
    metrics::describe_gauge!("kyso_connections", "connections that are open");
    metrics::describe_gauge!("kyso_workers", "module workers that run");
    metrics::describe_gauge!("kyso_tokens_busy", "tokens on which an act is under way");
    metrics::describe_counter!("kyso_worker_starts_total", "module workers started");
    metrics::describe_counter!(
        "kyso_worker_crashes_total",
        "module workers that died by themselves"
    );
    metrics::describe_counter!(
        "kyso_worker_kills_total",
        "module workers killed because they hung"
    );
    Ok(HANDLE.get_or_init(|| handle).clone())
}

/// The text of `/metrics`.
pub(crate) fn render(app: &App) -> String {
    match app.store.operations_by_state() {
        Ok(counts) => {
            for (state, count) in counts {
                metrics::gauge!("kyso_operations", "state" => state).set(count);
            }
        }
        Err(error) => tracing::error!(%error, "operations could not be counted"),
    }
    match app.journal.reader().head() {
        // Exact up to 2^53 records.
        #[allow(clippy::cast_precision_loss)]
        Ok((size, _)) => metrics::gauge!("kyso_journal_records").set(size as f64),
        Err(error) => tracing::error!(%error, "the journal could not be read"),
    }
    #[allow(clippy::cast_precision_loss)]
    metrics::gauge!("kyso_spool_bytes").set(app.spool.used() as f64);
    let workers = app.tokens().store();
    let counted = workers.counters();
    metrics::counter!("kyso_worker_starts_total").absolute(counted.starts);
    metrics::counter!("kyso_worker_crashes_total").absolute(counted.crashes);
    metrics::counter!("kyso_worker_kills_total").absolute(counted.kills);
    #[allow(clippy::cast_precision_loss)]
    {
        metrics::gauge!("kyso_workers").set(workers.pids().len() as f64);
        metrics::gauge!("kyso_tokens_busy").set(app.tokens().held() as f64);
    }
    app.meters.render()
}
