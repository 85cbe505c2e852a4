//! Asking a person, on a terminal or through a pinentry program, for a PIN or for consent.
//!
//! [`Terminal`] and [`Pinentry`] say where a person is; they serialize, so that a worker process asks there itself, and
//! hold no secret. Everything shown is calmed ([`calm`]): text from a token or a document cannot move the cursor, hide
//! itself or change its direction.

mod assuan;
mod confirm;
mod pinentry;
mod terminal;
mod tty;
mod withdrawal;
mod words;

pub use confirm::{Confirmation, Confirmed, Refused};
pub use pinentry::{Pinentry, find_pinentry};
pub use terminal::Terminal;
pub(crate) use withdrawal::withdraw;

pub use tty::{TerminalState, restore_terminals};
pub use words::{Lang, calm};
