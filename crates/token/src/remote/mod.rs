//! Keys held by a remote service that speaks the CSC API v2 (Cloud Signature Consortium, version 2.0.0.2).
//!
//! The service is one [`KeyStore`](crate::KeyStore) among others: [`RemoteStore`] lists its credentials and opens one as
//! an act. Every authorization is bound to the hashes it is for, whatever the credential's SCAL; every signature
//! is verified under the certificate before it leaves this module. Connections ([`Transport`]) and the person's browser
//! ([`UserAgent`]) are passed in: no socket is named here.

mod act;
mod algorithm;
mod client;
mod credential;
mod error;
mod limits;
mod oauth;
mod secret;
mod store;
mod transport;
mod uri;
mod verify;
mod wire;

pub use client::{Login, Service};
pub use error::{ErrorCode, Method, RemoteError, TransportError, UserAgentError};
pub use limits::Limits;
pub use store::RemoteStore;
pub use transport::{HttpRequest, HttpResponse, Redirect, Transport, UserAgent};
pub use uri::RemoteUri;
