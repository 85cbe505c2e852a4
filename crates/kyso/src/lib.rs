//! The core library: sign and verify documents, with a journal entry for every signature.
//!
//! [`sign::sign_batch`] takes documents through intent, token and outcome; [`verify`] says what a
//! signature is worth, by the indications of EN 319 102-1. The formats and the token stay below;
//! the journal comes in through [`recorder::Recorder`].

pub mod browser;
pub mod certificate;
pub mod evidence;
pub mod extend;
pub mod fetch;
pub mod gather;
pub mod input;
pub mod output;
pub mod password;
pub mod pending;
pub mod recorder;
pub mod sign;
pub mod signer;
pub mod timestamp;
pub mod trust;
pub mod verify;
pub mod visible;

pub use kyso_validation as validation;
pub use kyso_validation::{indication, report};
