//! The local daemon: desktop document systems ask it over the user's socket; it asks the person, signs, and records.
//!
//! [`app::router`] is HTTP as a function. A request passes the socket's peer check, the refusal of browsers, the body cap
//! and the idempotency check before its handler; long work is an operation whose steps are durable. Tokens live in
//! worker processes. The journal is written before and after each act, the daemon's own tables agree with it after any
//! restart.

mod app;
mod caller;
#[cfg(unix)]
pub mod client;
mod clock;
pub mod config;
mod engine;
mod error;
pub mod explain;
pub mod files;
pub mod report;
mod settings;
mod store;
pub mod text;
mod tokens;

pub use app::{App, router};
pub use caller::Peer;
pub use settings::{Bounds, DefaultConsent, Settings};
pub use store::StoreError;
