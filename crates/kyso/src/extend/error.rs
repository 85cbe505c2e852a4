//! Why a file was not extended.

use std::fmt;
use std::io;
use std::path::PathBuf;

use kyso_cades::{AugmentError, RewriteError};
use kyso_validation::attempt::Attempt;
use kyso_validation::indication::Indication;
use kyso_validation::report::Need;

use crate::recorder::RecorderError;
use crate::timestamp::TimestampError;
use crate::verify::VerifyFileError;

/// Why a file was not extended; it is as it was.
#[derive(Debug)]
pub enum ExtendError {
    /// It cannot be read as a signed file.
    Unusable(VerifyFileError),
    /// The PDF does not take an addition.
    Document(kyso_pades::Error),
    /// An authority's tokens are longer at each call than the one before: none fits its room.
    TokenTooLong {
        /// Bytes reserved last.
        room: usize,
    },
    /// The content of a detached signature is not at hand.
    ContentMissing,
    /// A signature is wrong, or would be after the extension: it is not made to last.
    Failed {
        /// The signer, from 1.
        signer: usize,
        /// The verdict.
        indication: Indication,
    },
    /// A signature is below B-B: nothing binds it to its certificate, or it does not say when it was made.
    BelowBaseline {
        /// The signer, from 1.
        signer: usize,
    },
    /// There is no time-stamp to be had.
    Timestamp(TimestampError),
    /// Certificates or revocation status are missing.
    EvidenceMissing {
        /// The signer, from 1.
        signer: usize,
        /// What is missing.
        needs: Vec<Need>,
        /// Which sources were asked in vain.
        attempts: Vec<Attempt>,
    },
    /// The evidence is there, but does not make the signature valid: nothing would be gained by keeping it.
    NotValid {
        /// The signer, from 1.
        signer: usize,
        /// The verdict.
        indication: Indication,
    },
    /// An authority answered with a time-stamp that is not valid by the anchors which the signature is judged by: it
    /// would prove nothing.
    StampNotValid {
        /// The verdict on the time-stamp.
        indication: Indication,
    },
    /// The structure does not take an addition.
    Augment {
        /// The signer, from 1.
        signer: usize,
        /// Why.
        error: AugmentError,
    },
    /// The signed file cannot be read again.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// The extended file cannot be written.
    Unwritable {
        /// The target.
        path: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// There is a file under the target's name.
    TargetExists {
        /// The target.
        path: PathBuf,
    },
    /// The structure was not written.
    Rewrite(RewriteError),
    /// The journal does not take the record.
    Recorder(RecorderError),
    /// The journal's receipt is for something else.
    NotRecorded,
    /// The file is recorded but did not get its name.
    NotPublished {
        /// The target.
        path: PathBuf,
        /// Where it is kept.
        kept: Option<PathBuf>,
        /// The system's answer.
        error: io::Error,
    },
}

impl ExtendError {
    /// Stable code, which the journal records too.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unusable(_) => "file-unusable",
            Self::Document(_) => "pdf-not-extended",
            Self::TokenTooLong { .. } => "token-too-long",
            Self::ContentMissing => "content-missing",
            Self::Failed { .. } => "signature-failed",
            Self::BelowBaseline { .. } => "below-baseline",
            Self::Timestamp(TimestampError::NoAuthority) => "no-authority",
            Self::Timestamp(_) => "no-time-stamp",
            Self::EvidenceMissing { .. } => "evidence-missing",
            Self::NotValid { .. } => "signature-not-valid",
            Self::StampNotValid { .. } => "time-stamp-not-valid",
            Self::Augment { .. } => "not-augmented",
            Self::Unreadable { .. } => "file-unreadable",
            Self::Unwritable { .. } => "target-unwritable",
            Self::TargetExists { .. } => "target-exists",
            Self::Rewrite(_) => "not-rewritten",
            Self::Recorder(_) => "journal-unwritable",
            Self::NotRecorded => "not-recorded",
            Self::NotPublished { .. } => "not-published",
        }
    }

    /// Whether it may succeed later without anybody changing the file: what is missing is on the network.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Timestamp(error) => error.is_passing(),
            Self::EvidenceMissing { .. } => true,
            Self::NotValid { indication, .. } => matches!(
                indication,
                Indication::Indeterminate(
                    kyso_validation::indication::IndeterminateReason::TryLater
                )
            ),
            _ => false,
        }
    }
}

impl fmt::Display for ExtendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(error) => error.fmt(f),
            Self::Document(error) => error.fmt(f),
            Self::TokenTooLong { room } => {
                write!(f, "the time-stamp does not fit the {room} bytes reserved for it")
            }
            Self::ContentMissing => f.write_str("the content of the detached signature is missing"),
            Self::Failed { signer, indication } | Self::NotValid { signer, indication } => {
                write!(f, "signature {signer}: {indication}")
            }
            Self::StampNotValid { indication } => {
                write!(f, "the time-stamp that was made proves nothing: {indication}")
            }
            Self::BelowBaseline { signer } => {
                write!(
                    f,
                    "signature {signer} is below level B: it is not bound to its certificate or has no time"
                )
            }
            Self::Timestamp(error) => error.fmt(f),
            Self::EvidenceMissing { signer, needs, attempts } => {
                write!(f, "signature {signer}: {} piece(s) of evidence missing", needs.len())?;
                let mut shown = attempts.iter();
                shown.try_for_each(|one| write!(f, "; {}: {}", one.source, one.failure))
            }
            Self::Augment { signer, error } => write!(f, "signature {signer}: {error}"),
            Self::Unreadable { path, error } => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            Self::Unwritable { path, error } => {
                write!(f, "cannot write {}: {error}", path.display())
            }
            Self::TargetExists { path } => write!(f, "{} exists", path.display()),
            Self::Rewrite(error) => error.fmt(f),
            Self::Recorder(error) => error.fmt(f),
            Self::NotRecorded => f.write_str("the journal's receipt is for something else"),
            Self::NotPublished { path, kept, error } => {
                write!(f, "{} could not get its name: {error}", path.display())?;
                kept.iter().try_for_each(|kept| write!(f, "; kept as {}", kept.display()))
            }
        }
    }
}

impl std::error::Error for ExtendError {}
