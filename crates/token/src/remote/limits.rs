//! Bounds on what a service may answer and how long a person may take.

use std::time::Duration;

/// Bounds of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of an answer.
    pub answer_bytes: u64,
    /// Most credentials that are listed.
    pub credentials: usize,
    /// Most certificates of one credential's chain.
    pub certificates: usize,
    /// Most hashes in one request, where the service's `multisign` would allow more.
    pub hashes: usize,
    /// Pause before an authorization that the person gives elsewhere is asked about again.
    pub poll_pause: Duration,
    /// How often it is asked about.
    pub polls: u32,
}

impl Limits {
    /// Bounds for a person at a desk.
    #[must_use]
    pub const fn interactive() -> Self {
        Self {
            // A hundred RSA-4096 signatures in base64 have 70 KB, a chain of certificates 16 KB.
            answer_bytes: 1024 * 1024,
            // Whoever signs for an office holds a handful.
            credentials: 64,
            // The path depth that the house's policies take, and as many cross-certificates.
            certificates: 16,
            // What one consent at a phone can still mean to a person.
            hashes: 100,
            // The rhythm in which common services ask to be polled.
            poll_pause: Duration::from_secs(2),
            // Three minutes to find the phone.
            polls: 90,
        }
    }
}
