//! Associated signature containers (ETSI EN 319 162-1 v1.1.1), and signed OOXML and OpenDocument files recognised; pure.
//!
//! The ZIP layer accepts an archive only if every reader sees the same files in it. Signatures are opaque bytes here:
//! what must be signed is handed out, what was signed elsewhere is put in.

pub mod limits;
pub mod name;
pub mod zip;

pub use limits::{Limit, Limits};
pub use name::EntryName;
