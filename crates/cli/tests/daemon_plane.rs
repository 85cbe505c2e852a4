//! The native plane: who may ask, how a request must look, what stays when things go wrong.
#![cfg(unix)]

mod house;

#[path = "plane/description.rs"]
mod description;
#[path = "plane/documents.rs"]
mod documents;
#[path = "plane/guards.rs"]
mod guards;
#[path = "plane/idempotency.rs"]
mod idempotency;
#[path = "plane/life.rs"]
mod life;
#[path = "plane/socket.rs"]
mod socket;
