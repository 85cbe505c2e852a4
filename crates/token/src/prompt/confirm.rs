//! A question with a yes or a no.

use std::fmt;

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
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "the person said no",
            Self::TimedOut => "nobody answered in time",
            Self::NoPrompt => "nobody can be asked",
        })
    }
}

impl std::error::Error for Refused {}
