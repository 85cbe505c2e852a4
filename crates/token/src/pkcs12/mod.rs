//! PKCS#12 key files (RFC 7292).

mod error;

pub use error::KeyFileError;
