//! PKCS#12 key files (RFC 7292) as a key store.
//!
//! Reads what OpenSSL, Windows, Java and NSS write: PBES2 and the PKCS#12 ciphers of old, MACs of SHA-1 and SHA-2 and
//! PBMAC1, BER.
//! Writes one form: certificates in the clear, so that a list needs no password; each private key under PBES2
//! (PBKDF2-HMAC-SHA256, AES-256-CBC); a MAC of HMAC-SHA256 over all of it.

mod asn1;
mod ber;
mod cipher;
mod error;
mod file;
mod key;
mod password;
mod read;
mod store;
mod uri;
mod write;

pub use error::{KeyFileError, PfxPart};
pub use file::{KeyFile, KeySummary};
pub use store::{Pkcs12Store, token_info};
pub use uri::KeyFileUri;
