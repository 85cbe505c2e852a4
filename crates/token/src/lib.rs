//! Keys that never leave their device, behind one message-shaped trait.
//!
//! A [`KeyStore`] lists [`Credential`]s (a certificate and the private key of the same `CKA_ID`) and opens one of them
//! as a [`SigningAct`]: one login, any number of signatures from any number of threads, one logout. PKCS#11 modules
//! ([`pkcs11`]), PKCS#12 files ([`pkcs12`]) and remote services ([`remote`]) implement it alike; what crosses the boundary ([`Request`], [`Reply`])
//! serializes, so that a module lives in a [`worker`] process of its own. A [`Pin`] never does: the worker asks the
//! person itself ([`prompt`]).

mod algorithm;
mod credential;
mod error;
mod frame;
mod lock;
mod message;
mod percent;
mod pin;
mod pin_file;
pub mod pkcs11;
pub mod pkcs12;
mod private_key;
pub mod profile;
#[cfg(unix)]
pub mod prompt;
mod public_key;
pub mod remote;
mod service;
mod store;
mod uri;
#[cfg(unix)]
pub mod worker;

pub use algorithm::{Curve, HashAlgorithm, Input, KeyType, RawSignature, SigningAlgorithm};
pub use credential::{Credential, KeyMatch, TokenInfo};
pub use error::TokenError;
pub use frame::FrameError;
pub use message::{
    ActId, KeyImport, KeyPairSpec, ModuleInfo, Reply, Request, SlotInfo, TokenSelector,
};
pub use pin::{Pin, PinPrompt, PinPurpose, PinRefused, PinRequest, PinSource, PinState};
pub use pin_file::read_pin_file;
pub use private_key::read_private_key;
pub use service::Service;
pub use store::{KeyStore, SigningAct};
pub use uri::Pkcs11Uri;
