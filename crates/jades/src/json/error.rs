//! Why bytes are no JSON that we read.

use crate::limits::Limit;

/// Why a JSON text was refused; offsets count bytes from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// The bytes are not UTF-8 from this offset on.
    NotUtf8 {
        /// The first byte that belongs to no character.
        offset: usize,
    },
    /// What stands here is not what the grammar of RFC 8259 allows.
    Syntax {
        /// Where.
        offset: usize,
    },
    /// The text ends within a value.
    Truncated,
    /// A string has an escape that is no character: an unknown letter, or half of a surrogate pair.
    InvalidString {
        /// Where the string begins.
        offset: usize,
    },
    /// An object has a second member of this name.
    DuplicateMember {
        /// Where the object begins.
        offset: usize,
    },
    /// A limit of [`Limits`](crate::Limits) was exceeded.
    LimitExceeded {
        /// Which one.
        limit: Limit,
        /// Its value.
        maximum: usize,
    },
}

impl core::fmt::Display for JsonError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotUtf8 { offset } => write!(f, "not UTF-8 at byte {offset}"),
            Self::Syntax { offset } => write!(f, "no JSON at byte {offset}"),
            Self::Truncated => f.write_str("the JSON text ends too early"),
            Self::InvalidString { offset } => {
                write!(f, "the string at byte {offset} is malformed")
            }
            Self::DuplicateMember { offset } => {
                write!(f, "the object at byte {offset} has two members of one name")
            }
            Self::LimitExceeded { limit, maximum } => {
                write!(f, "too many {limit}: at most {maximum} are read")
            }
        }
    }
}

impl core::error::Error for JsonError {}
