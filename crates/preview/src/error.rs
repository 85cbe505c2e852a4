//! Why there is no picture.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::picture::PictureError;

/// Why a page is not drawn.
#[derive(Debug)]
pub enum PreviewError {
    /// The document cannot be read.
    Unreadable(io::Error),
    /// The document is longer than the limit.
    TooLong {
        /// Most bytes.
        most: u64,
    },
    /// The process that should draw cannot be started.
    NotStarted {
        /// What was started.
        program: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The process could not limit itself, and so drew nothing.
    NotConfined,
    /// No renderer finds a PDF in it.
    NotAPdf,
    /// The document opens only with a password that was not given, or not with this one.
    Password,
    /// The document is encrypted in a way that the renderer does not know.
    Encryption,
    /// The document has fewer pages.
    NoSuchPage {
        /// Index asked for.
        page: usize,
        /// Pages that it has.
        pages: usize,
    },
    /// The page is so large that not even one pixel to an inch keeps the limit.
    TooLarge {
        /// Most pixels of a picture.
        pixels: u32,
    },
    /// The renderer ended without an answer.
    Ended(Ended),
    /// The renderer's picture cannot be used.
    Picture(PictureError),
    /// The renderer could not, and neither could the fallback.
    Fallback {
        /// The other program.
        program: PathBuf,
        /// Why it was asked.
        reason: FallbackReason,
        /// What became of it.
        failure: FallbackFailure,
    },
}

/// Why a fallback drew nothing either.
#[derive(Debug)]
pub enum FallbackFailure {
    /// It ended without a picture.
    Ended(Ended),
    /// The size of the page, which it must be told, is not known.
    Document(kyso_pades::Error),
    /// Its picture cannot be used, or is not the one that it was asked for.
    Picture(PictureError),
    /// It would show the password to everybody on this machine, in the list of processes.
    PasswordExposed,
    /// Its process cannot be started.
    NotStarted(io::Error),
}

/// Why a fallback is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallbackReason {
    /// The renderer finds no PDF in it.
    NotAPdf,
    /// The renderer does not know its encryption.
    Encryption,
    /// The renderer broke down: by a defect, not at a limit.
    Broke,
    /// Something on the page could not be drawn.
    Incomplete,
}

/// How a process ended that gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its time was up.
    TimedOut {
        /// Time that it had.
        after: Duration,
    },
    /// Its processor time was up.
    ProcessorTime {
        /// Seconds that it had.
        seconds: u64,
    },
    /// It wanted more memory than it had.
    OutOfMemory {
        /// Bytes that it had.
        bytes: u64,
    },
    /// What it drew is nested too deeply.
    TooDeep,
    /// It was ended by a signal.
    Signal {
        /// Number of the signal.
        signal: i32,
    },
    /// It panicked.
    Panicked,
    /// It exited with a code.
    Exited {
        /// The code.
        code: i32,
    },
    /// It said more than any picture needs.
    AnswerTooLong {
        /// Most bytes.
        most: u64,
    },
    /// What it said is no answer.
    AnswerMalformed,
}

impl Ended {
    /// Whether it met a limit; another renderer would meet it too.
    #[must_use]
    pub const fn at_limit(self) -> bool {
        match self {
            Self::TimedOut { .. }
            | Self::ProcessorTime { .. }
            | Self::OutOfMemory { .. }
            | Self::TooDeep
            | Self::AnswerTooLong { .. } => true,
            Self::Signal { .. } | Self::Panicked | Self::Exited { .. } | Self::AnswerMalformed => {
                false
            }
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { after } => write!(f, "no answer within {} s", after.as_secs_f64()),
            Self::ProcessorTime { seconds } => {
                write!(f, "{seconds} s of processor time were not enough")
            }
            Self::OutOfMemory { bytes } => {
                write!(f, "{} MiB of memory were not enough", bytes >> 20)
            }
            Self::TooDeep => f.write_str("the page is nested too deeply"),
            Self::Signal { signal } => write!(f, "ended by signal {signal}"),
            Self::Panicked => f.write_str("the renderer met a defect of its own"),
            Self::Exited { code } => write!(f, "ended with code {code}"),
            Self::AnswerTooLong { most } => write!(f, "an answer of more than {most} bytes"),
            Self::AnswerMalformed => f.write_str("an answer that is none"),
        }
    }
}

impl fmt::Display for FallbackFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(ended) => ended.fmt(f),
            Self::Document(error) => error.fmt(f),
            Self::Picture(error) => error.fmt(f),
            Self::PasswordExposed => {
                f.write_str("it would show the password in the list of processes")
            }
            Self::NotStarted(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for PreviewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::TooLong { most } => write!(f, "more than {most} bytes"),
            Self::NotStarted { program, error } => write!(f, "{}: {error}", program.display()),
            Self::NotConfined => f.write_str("the process could not limit itself"),
            Self::NotAPdf => f.write_str("not a PDF"),
            Self::Password => f.write_str("a password is needed, or another one"),
            Self::Encryption => f.write_str("an encryption that the renderer does not know"),
            Self::NoSuchPage { page, pages } => {
                write!(f, "no page {} of {pages}", page.saturating_add(1))
            }
            Self::TooLarge { pixels } => write!(f, "larger than {pixels} pixels at any resolution"),
            Self::Ended(ended) => ended.fmt(f),
            Self::Picture(error) => error.fmt(f),
            Self::Fallback { program, failure, .. } => {
                write!(f, "{}: {failure}", program.display())
            }
        }
    }
}

impl std::error::Error for PreviewError {}
