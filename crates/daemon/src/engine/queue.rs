//! Waiting in line for something of which there is one: a token's login, a person's attention.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kyso::sign::Stop;

/// How often those who wait look whether they were told to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Lines by what they are for; the first of each holds it.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    lines: Mutex<Lines<K>>,
    moved: Condvar,
}

#[derive(Debug)]
struct Lines<K> {
    next: u64,
    waiting: HashMap<K, VecDeque<u64>>,
}

/// The place at the head of a line; leaving it lets the next one in.
#[derive(Debug)]
pub(crate) struct Place<K: Clone + Eq + Hash> {
    queue: Arc<Queue<K>>,
    key: K,
    ticket: u64,
}

/// Why somebody left the line without getting to its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// It took too long.
    TooLong(Duration),
    /// The work was stopped.
    Stopped,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        let lines = Lines { next: 0, waiting: HashMap::new() };
        Self { lines: Mutex::new(lines), moved: Condvar::new() }
    }
}

impl<K: Clone + Eq + Hash> Queue<K> {
    /// Waits until all who came before have left; `waits` is told once where that is not at once.
    ///
    /// # Errors
    /// [`Waited`].
    pub(crate) fn take(
        self: &Arc<Self>,
        key: K,
        patience: Option<Duration>,
        stop: &Stop,
        waits: impl FnOnce(),
    ) -> Result<Place<K>, Waited> {
        let started = Instant::now();
        let mut lines = self.lines();
        let ticket = lines.next;
        lines.next += 1;
        lines.waiting.entry(key.clone()).or_default().push_back(ticket);
        drop(lines);
        // From here on: dropping it leaves the line.
        let place = Place { queue: Arc::clone(self), key, ticket };
        let mut waits = Some(waits);
        loop {
            if stop.is_requested() {
                return Err(Waited::Stopped);
            }
            let lines = self.lines();
            if lines.waiting.get(&place.key).and_then(|line| line.front()) == Some(&ticket) {
                drop(lines);
                return Ok(place);
            }
            if let Some(waits) = waits.take() {
                drop(lines);
                waits();
                continue;
            }
            if patience.is_some_and(|patience| started.elapsed() >= patience) {
                drop(lines);
                return Err(Waited::TooLong(started.elapsed()));
            }
            drop(self.moved.wait_timeout(lines, LOOK).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Whether there is a line for such a key.
    pub(crate) fn any(&self, fits: impl Fn(&K) -> bool) -> bool {
        self.lines().waiting.keys().any(fits)
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines().waiting.len()
    }
}

impl<K> Queue<K> {
    fn lines(&self) -> MutexGuard<'_, Lines<K>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut lines = self.queue.lines();
        if let Some(line) = lines.waiting.get_mut(&self.key) {
            line.retain(|ticket| *ticket != self.ticket);
            if line.is_empty() {
                lines.waiting.remove(&self.key);
            }
        }
        drop(lines);
        self.queue.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_come_first_served_and_nothing_is_left() {
        let queue = Arc::new(Queue::<&str>::default());
        let stop = Stop::default();
        let first = queue.take("token", None, &stop, || panic!("nobody is there")).unwrap();
        let other = queue.take("other", None, &stop, || panic!("nobody is there")).unwrap();
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for number in 0..4 {
                let waiting = Arc::new((Mutex::new(false), Condvar::new()));
                let told = Arc::clone(&waiting);
                let (queue, order, stop) = (&queue, &order, &stop);
                scope.spawn(move || {
                    let place = queue.take("token", None, stop, || {
                        *told.0.lock().unwrap() = true;
                        told.1.notify_all();
                    });
                    order.lock().unwrap().push(number);
                    drop(place.unwrap());
                });
                let waits = waiting.0.lock().unwrap();
                drop(waiting.1.wait_while(waits, |waits| !*waits).unwrap());
            }
            drop(first);
        });
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
        drop(other);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn who_gives_up_holds_nobody_up() {
        let queue = Arc::new(Queue::<u8>::default());
        let stop = Stop::default();
        let held = queue.take(1, None, &stop, || {}).unwrap();
        let late = queue.take(1, Some(Duration::from_millis(10)), &stop, || {});
        assert!(matches!(late, Err(Waited::TooLong(_))));
        stop.request();
        assert_eq!(queue.take(1, None, &stop, || {}).err(), Some(Waited::Stopped));
        drop(held);
        assert!(!queue.any(|_| true));
        queue.take(1, None, &Stop::default(), || panic!("the line is empty")).unwrap();
    }
}
