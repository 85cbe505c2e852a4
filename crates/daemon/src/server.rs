//! The socket's side of HTTP: connections, their peers, their end.

mod accept;
mod patient;
mod socket;

pub(crate) use accept::serve;
pub(crate) use socket::SocketError;
pub(crate) use socket::{Lock, Place, bind, nobody_else_writes};
