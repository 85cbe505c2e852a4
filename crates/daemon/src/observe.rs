//! What the log and the metrics hold of a request: method, route's template, status, time; never a query, a name or a header.

use std::time::Instant;

use axum::extract::MatchedPath;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};

use crate::error::ApiError;

/// One request under way.
pub(crate) struct Seen {
    method: &'static str,
    route: Option<MatchedPath>,
    since: Instant,
}

impl Seen {
    /// Begins the clock.
    pub(crate) fn of(parts: &Parts) -> Self {
        Self {
            method: method(&parts.method),
            route: parts.extensions.get::<MatchedPath>().cloned(),
            since: Instant::now(),
        }
    }

    /// What could not be served because of the daemon itself is worth a line.
    pub(crate) fn refused(&self, error: &ApiError) {
        let document = error.document(kyso_protocol::Lang::En);
        if document.status >= 500 {
            tracing::error!(
                method = self.method,
                route = self.template(),
                code = document.code,
                "request failed"
            );
        } else {
            tracing::debug!(
                method = self.method,
                route = self.template(),
                code = document.code,
                "request refused"
            );
        }
        metrics::counter!("kyso_problems_total", "code" => document.code).increment(1);
    }

    /// The response is about to be sent.
    pub(crate) fn answered(&self, status: StatusCode) {
        let took = self.since.elapsed();
        let route = self.template().to_owned();
        metrics::counter!("kyso_http_requests_total",
            "method" => self.method, "route" => route.clone(), "status" => status.as_u16().to_string())
        .increment(1);
        metrics::histogram!("kyso_http_request_seconds", "method" => self.method, "route" => route)
            .record(took.as_secs_f64());
        tracing::debug!(
            method = self.method,
            route = self.template(),
            status = status.as_u16(),
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }

    fn template(&self) -> &str {
        self.route.as_ref().map_or("unknown", MatchedPath::as_str)
    }
}

/// A name from a closed set, so that a client cannot make up labels.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
