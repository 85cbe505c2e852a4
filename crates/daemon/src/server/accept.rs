//! Connections: at most so many at once, each with its peer's credentials, none left to a client that sleeps.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::patient::Patient;
use crate::app::App;
use crate::caller::Peer;

/// Pause after an accept that failed, such as for want of file descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until the app is told to stop, then lets the requests in hand finish.
pub(crate) async fn serve(app: App, router: Router, listener: UnixListener) {
    let places = Arc::new(Semaphore::new(app.settings().bounds.connections));
    let connections = TaskTracker::new();
    let users = Arc::new(crate::caller::Users::default());
    loop {
        let place = tokio::select! {
            () = app.stopping().cancelled() => break,
            // The semaphore is never closed.
            place = Arc::clone(&places).acquire_owned() => place.ok(),
        };
        let accepted = tokio::select! {
            () = app.stopping().cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (app, router, users) = (app.clone(), router.clone(), Arc::clone(&users));
                connections.spawn(async move {
                    metrics::gauge!("kyso_connections").increment(1.0);
                    connection(app, router, stream, &users).await;
                    metrics::gauge!("kyso_connections").decrement(1.0);
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    // New clients are refused by the system rather than left waiting.
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn connection(app: App, router: Router, stream: UnixStream, users: &crate::caller::Users) {
    let peer = match stream.peer_cred() {
        Ok(credentials) => {
            let pid = credentials.pid().and_then(|pid| u32::try_from(pid).ok());
            Peer::observed(credentials.uid(), pid, users)
        }
        Err(error) => {
            tracing::warn!(%error, "a peer's credentials could not be had");
            return;
        }
    };
    let patience = app.settings().bounds.client_patience;
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    let stream = TokioIo::new(Patient::new(stream, patience));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = app.stopping().cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection broke off");
    }
}
