//! One act at a time on a token, whichever worker it goes through.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::{TokenError, TokenInfo};

/// A token as itself, wherever it is inserted.
type Token = (String, String, String, String);

/// The tokens whose login belongs to an act.
///
/// The worker has such a lease, too, but for its own process: an act in a worker that is on its way out, or a token that
/// two modules show, would not be seen there.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: Mutex<HashSet<Token>>,
    freed: Condvar,
}

impl Leases {
    /// Takes the login of this token, waiting until another act lets go of it.
    pub(super) fn take(
        self: &Arc<Self>,
        token: &TokenInfo,
        wait: Duration,
    ) -> Result<Lease, TokenError> {
        let token = (
            token.label.clone(),
            token.serial.clone(),
            token.manufacturer.clone(),
            token.model.clone(),
        );
        let deadline = Instant::now() + wait;
        let mut held = lock(&self.held);
        while held.contains(&token) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TokenError::TokenBusy { waited: wait });
            }
            held = self.freed.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        held.insert(token.clone());
        Ok(Lease { leases: self.clone(), token })
    }
}

/// The right to be logged in to one token.
#[derive(Debug)]
pub(super) struct Lease {
    leases: Arc<Leases>,
    token: Token,
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.leases.held).remove(&self.token);
        self.leases.freed.notify_all();
    }
}
