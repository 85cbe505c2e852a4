//! A public key infrastructure with clocks of its own: certificates, CRLs, OCSP responses and time-stamps of every
//! shape as functions that give DER, and the same over loopback HTTP in [`server`].
//!
//! Times are Unix seconds. Nothing here reads the wall clock but a [`server::Clock::System`].

pub mod asn1;
pub mod certificate;
pub mod cms;
pub mod crl;
pub mod extension;
pub mod hierarchy;
pub mod key;
pub mod ocsp;
pub mod server;
pub mod tsp;

pub use certificate::{Entity, Template};
pub use crl::{Crl, Reason};
pub use extension::Extension;
pub use hierarchy::{Hierarchy, Keys, Plan};
pub use key::{Hash, Key};
pub use server::{Clock, Fault, Route, Server};
