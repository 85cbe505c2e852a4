//! How requests reach a batch that is under way, and how its listeners hear that something changed.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kyso::sign::Stop;
use tokio::sync::watch;

/// The strings by which one batch under way is held.
#[derive(Debug, Default)]
pub(super) struct Control {
    strings: Mutex<Strings>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Strings {
    pause: bool,
    rung: bool,
    stop: Option<Stop>,
}

impl Control {
    /// Takes the stop of the work that has begun.
    pub(super) fn attach(&self, stop: &Stop) {
        let mut strings = self.strings();
        if strings.pause {
            stop.request();
        }
        strings.stop = Some(stop.clone());
    }

    /// Asks it to stand still after the items in hand.
    pub(super) fn pause(&self) {
        let mut strings = self.strings();
        strings.pause = true;
        if let Some(stop) = &strings.stop {
            stop.request();
        }
        drop(strings);
        self.ring();
    }

    /// Whether somebody asked it to stand still.
    pub(super) fn is_paused(&self) -> bool {
        self.strings().pause
    }

    /// Lets it look at once at what it waits for.
    pub(super) fn ring(&self) {
        self.strings().rung = true;
        self.bell.notify_all();
    }

    /// Waits until somebody rings, at most so long.
    pub(super) fn wait(&self, most: Duration) {
        let strings = self.strings();
        let waited = self.bell.wait_timeout_while(strings, most, |strings| !strings.rung);
        let (mut strings, _) = waited.unwrap_or_else(PoisonError::into_inner);
        strings.rung = false;
    }

    fn strings(&self) -> MutexGuard<'_, Strings> {
        self.strings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The batches under way, and who listens to which batch.
#[derive(Default)]
pub(crate) struct Batches {
    active: Mutex<HashMap<String, Arc<Control>>>,
    listeners: Mutex<HashMap<String, watch::Sender<u64>>>,
}

/// What entering a batch found.
pub(super) enum Entered {
    /// It is under way, held by these strings.
    UnderWay(Arc<Control>),
    /// It stands still: start it with these.
    Start(Arc<Control>),
}

impl Batches {
    /// Enters a batch that shall run.
    pub(super) fn enter(&self, id: &str) -> Entered {
        let mut active = self.active();
        if let Some(control) = active.get(id) {
            return Entered::UnderWay(Arc::clone(control));
        }
        let control = Arc::new(Control::default());
        active.insert(id.to_owned(), Arc::clone(&control));
        Entered::Start(control)
    }

    /// The strings of a batch that is under way.
    pub(super) fn control(&self, id: &str) -> Option<Arc<Control>> {
        self.active().get(id).map(Arc::clone)
    }

    /// Takes a batch out that is no longer under way.
    pub(super) fn leave(&self, id: &str) {
        self.active().remove(id);
        self.tell(id);
    }

    /// Hears from now on of each change of the batch.
    pub(crate) fn listen(&self, id: &str) -> watch::Receiver<u64> {
        let mut listeners = self.listeners();
        listeners.retain(|_, sender| sender.receiver_count() > 0);
        listeners.entry(id.to_owned()).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Tells the listeners that there is something new.
    pub(super) fn tell(&self, id: &str) {
        if let Some(sender) = self.listeners().get(id) {
            sender.send_modify(|changes| *changes = changes.wrapping_add(1));
        }
    }

    fn active(&self) -> MutexGuard<'_, HashMap<String, Arc<Control>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listeners(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<u64>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_reaches_work_that_begins_later_and_work_that_has_begun() {
        for before in [true, false] {
            let (control, stop) = (Control::default(), Stop::default());
            if before {
                control.pause();
            }
            control.attach(&stop);
            assert_eq!(stop.is_requested(), before);
            control.pause();
            assert!(stop.is_requested() && control.is_paused());
        }
    }

    #[test]
    fn a_bell_that_rang_before_is_heard() {
        let control = Control::default();
        control.ring();
        control.wait(Duration::from_secs(3_600));
    }

    #[test]
    fn a_batch_is_under_way_once() {
        let batches = Batches::default();
        assert!(matches!(batches.enter("a"), Entered::Start(_)));
        assert!(matches!(batches.enter("a"), Entered::UnderWay(_)));
        batches.leave("a");
        assert!(batches.control("a").is_none());
        assert!(matches!(batches.enter("a"), Entered::Start(_)));
    }

    #[test]
    fn listeners_hear_of_changes_and_nothing_is_kept_for_those_who_left() {
        let batches = Batches::default();
        let mut listener = batches.listen("a");
        batches.tell("a");
        batches.tell("b");
        assert!(listener.has_changed().is_ok_and(|changed| changed));
        assert_eq!(*listener.borrow_and_update(), 1);
        drop(listener);
        let _other = batches.listen("b");
        assert_eq!(batches.listeners().len(), 1);
    }
}
