//! A question with a yes or a no.

use std::fmt;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use serde::{Deserialize, Serialize};

/// What a person is asked to agree to; shown as it is, line by line, with nothing left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// One line above.
    pub title: String,
    /// What it is about.
    pub lines: Vec<String>,
    /// Label of the yes.
    pub ok: String,
    /// Label of the no, which is also what nothing at all means.
    pub cancel: String,
}

/// How often an open question looks whether it was taken back.
const LOOK: Duration = Duration::from_millis(100);

/// How long an answer is waited for.
#[derive(Clone, Copy)]
pub(super) struct Patience<'a> {
    deadline: Instant,
    withdrawn: &'a dyn Fn() -> bool,
}

/// There is nothing to wait for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The time is over.
    TimedOut,
    /// The question was taken back.
    Withdrawn,
}

impl<'a> Patience<'a> {
    /// Until `deadline`, or until `withdrawn` says so.
    pub(super) const fn new(deadline: Instant, withdrawn: &'a dyn Fn() -> bool) -> Self {
        Self { deadline, withdrawn }
    }

    /// How long to wait before looking again.
    ///
    /// # Errors
    /// [`Over`].
    pub(super) fn next(&self) -> Result<Timespec, Over> {
        if (self.withdrawn)() {
            return Err(Over::Withdrawn);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Over::TimedOut);
        }
        Timespec::try_from(left.min(LOOK)).map_err(|_| Over::TimedOut)
    }
}

/// A person said yes; made only where one was asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Confirmed(());

impl Confirmed {
    pub(super) const fn given() -> Self {
        Self(())
    }
}

/// Nobody said yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refused {
    /// The person said no, or closed the question.
    Denied,
    /// Nobody answered in time.
    TimedOut,
    /// There is nobody to ask, or the question cannot be shown whole.
    NoPrompt,
    /// Whoever asked took the question back.
    Withdrawn,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "the person said no",
            Self::TimedOut => "nobody answered in time",
            Self::NoPrompt => "nobody can be asked",
            Self::Withdrawn => "the question was taken back",
        })
    }
}

impl std::error::Error for Refused {}
