//! Modules and key files in processes of their own, so that what a vendor's library does costs its own process alone.
//!
//! Both sides are here. The parent has a [`WorkerStore`]: a [`crate::KeyStore`] that starts one process for each PKCS#11
//! module or key file when it is first asked, speaks to it in [`crate::Request`] and [`crate::Reply`] over a socket pair
//! (the child's standard input, used in both directions), and ends it when it is idle, grows too large, hangs or answers
//! nonsense. The child runs [`main`].
//!
//! No PIN ever crosses: the worker reads the PIN file or asks the person itself ([`crate::prompt`]).

mod act;
mod confine;
mod lease;
mod process;
mod serve;
mod setup;
mod slot;
mod store;

pub use serve::{main, serve};
pub use setup::{Bounds, Source, Spawn};
pub use slot::{Counters, Status};
pub use store::WorkerStore;
