//! Errors of the library in three parts, Vietnamese and English.

pub mod change;
mod encryption;
pub mod extend;
pub mod journal;
pub mod pdf;
pub mod preview;
pub mod reissue;
pub(crate) mod remote;
pub mod sign;
pub mod token;
pub mod trust;
pub mod verify;
pub mod visible;
mod xml;
