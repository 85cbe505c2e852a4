//! Group commit: callers that come while a commit runs share the next one.
//!
//! The first caller leads: it takes everything that waits, commits it, hands the results out. Alone
//! it waits for nobody.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::JournalError;
use crate::writer::{Request, Writer, Written};

type Outcome = Result<Written, JournalError>;

/// A request with the place for its result.
struct Ticket {
    request: Request,
    result: Mutex<Option<Outcome>>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Arc<Ticket>>,
    led: bool,
}

/// Callers that wait for the writer.
#[derive(Default)]
pub(crate) struct Group {
    queue: Mutex<Queue>,
    turn: Condvar,
}

/// A thread that panicked while it held a lock left whole values: each is set in one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lead over one batch; given back, and nobody left waiting, even if the commit panics.
struct Lead<'a> {
    group: &'a Group,
    batch: Vec<Arc<Ticket>>,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        for ticket in &self.batch {
            lock(&ticket.result).get_or_insert(Err(JournalError::Abandoned));
        }
        lock(&self.group.queue).led = false;
        self.group.turn.notify_all();
    }
}

impl Lead<'_> {
    fn commit(&self, writer: &mut Writer) {
        let requests: Vec<&Request> = self.batch.iter().map(|ticket| &ticket.request).collect();
        match writer.commit(&requests) {
            Ok(results) => {
                for (ticket, result) in self.batch.iter().zip(results) {
                    *lock(&ticket.result) = Some(result);
                }
            }
            Err(error) => {
                for ticket in &self.batch {
                    *lock(&ticket.result) = Some(Err(error.clone()));
                }
            }
        }
    }
}

impl Group {
    /// Has `request` written, in a commit of its own or with others.
    pub(crate) fn submit(&self, writer: &Mutex<Writer>, request: Request) -> Outcome {
        let ticket = Arc::new(Ticket { request, result: Mutex::new(None) });
        let mut queue = lock(&self.queue);
        queue.waiting.push(Arc::clone(&ticket));
        loop {
            if let Some(result) = lock(&ticket.result).take() {
                return result;
            }
            if queue.led {
                queue = self.turn.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.led = true;
            let lead = Lead { group: self, batch: std::mem::take(&mut queue.waiting) };
            drop(queue);
            lead.commit(&mut lock(writer));
            drop(lead);
            queue = lock(&self.queue);
        }
    }
}
