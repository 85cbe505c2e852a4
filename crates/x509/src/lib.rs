//! Certificates, algorithms, digests and path checks; pure: no file, socket, clock or randomness.

pub mod digest;

pub use digest::{Digest, DigestAlgorithm, Hasher};
