//! A file of the daemon's state folder that cannot be written.

use std::path::PathBuf;

use axum::http::StatusCode;

use super::Told;
use crate::text::{Lang, unwritable};

/// A file of the daemon's own that cannot be written.
#[derive(Debug)]
pub(crate) struct StateError {
    /// The file.
    pub(crate) path: PathBuf,
    /// Why.
    pub(crate) error: std::io::Error,
}

impl StateError {
    pub(super) fn told(&self, lang: Lang) -> Told {
        let problem = unwritable(&self.path, &self.error, lang);
        Told { problem, status: StatusCode::SERVICE_UNAVAILABLE, retryable: true }
    }
}
