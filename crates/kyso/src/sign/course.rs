//! Whether a batch goes on: until somebody stops it or the act on the token ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::SignError;

/// Ends a batch early; every clone is the same stop.
///
/// What the token has signed already is finished and released; what it was not asked for yet ends
/// as [`SignError::Cancelled`].
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks the batches that have this stop to end; it cannot be taken back.
    pub fn request(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What one batch knows of its end.
pub(super) struct Course<'a> {
    stop: &'a Stop,
    /// The act on the token has ended: who asks it again spends PIN tries or waits for a dead device.
    act_ended: AtomicBool,
}

impl<'a> Course<'a> {
    pub(super) const fn new(stop: &'a Stop) -> Self {
        Self { stop, act_ended: AtomicBool::new(false) }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stop.is_requested() || self.act_ended.load(Ordering::Acquire)
    }

    /// # Errors
    /// [`SignError::Cancelled`] once the batch is over.
    pub(super) fn goes_on(&self) -> Result<(), SignError> {
        if self.is_over() { Err(SignError::Cancelled) } else { Ok(()) }
    }

    /// Notes an answer of the token that ends the act; the item that got it carries the error.
    pub(super) fn note<T>(&self, answer: &Result<T, SignError>) {
        if let Err(SignError::Token(error)) = answer
            && error.ends_act()
        {
            self.act_ended.store(true, Ordering::Release);
        }
    }
}
