//! The core library: sign and validate, with a journal entry for every signature.

pub mod recorder;
