//! The local daemon: desktop document systems ask it over the user's socket; it asks the person, signs, and records.
//!
//! [`app::router`] is HTTP as a function. A request passes the socket's peer check, the refusal of browsers, the body cap
//! and the idempotency check before its handler; long work is an operation whose steps are durable. Tokens live in
//! worker processes. The journal is written before and after each act, the daemon's own tables agree with it after any
//! restart.

mod app;
mod body;
mod caller;
pub mod certificates;
#[cfg(unix)]
pub mod client;
mod clock;
pub mod config;
mod digest;
mod engine;
mod error;
pub mod explain;
mod extract;
pub mod files;
mod guard;
mod idempotency;
pub mod journal_view;
#[cfg(unix)]
mod log;
mod meters;
#[cfg(unix)]
mod notify;
mod observe;
mod openapi;
mod reissuance;
pub mod report;
mod routes;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod server;
mod settings;
mod spool;
mod store;
mod stream;
#[cfg(unix)]
mod sweep;
pub mod text;
mod tokens;
pub mod warnings;

pub use app::{App, router};
pub use caller::Peer;
pub use engine::policy_rules;
#[cfg(unix)]
pub use run::run;
pub use settings::{Bounds, DefaultConsent, POLICY, Settings, Start, default_socket};
pub use store::StoreError;
