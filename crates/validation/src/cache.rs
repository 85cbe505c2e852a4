//! Paths that were validated before: of use where many signatures share their issuers.

use std::sync::Mutex;

/// Remembers paths and revocation status, never verdicts on signatures; bounded.
///
/// What it holds is valid for one context: asked under another, it forgets everything first. A report is the same
/// with it and without it.
#[derive(Debug, Default)]
pub struct PathCache {
    _held: Mutex<()>,
}

impl PathCache {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
