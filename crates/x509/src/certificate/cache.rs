//! Certificates that were read before, so that what they remember is not lost with each new copy.

use super::{Certificate, CertificateError};
use core::borrow::Borrow;
use core::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Gives one value for the same bytes, so that key, constraints and the issuer's verified signature are computed once
/// for all the signatures whose chains carry the certificate.
///
/// It decides nothing: a certificate from here is the one that would have been read anew.
#[derive(Debug)]
pub struct CertificateCache {
    known: Mutex<BTreeSet<ByDer>>,
    limit: usize,
}

/// Longest certificate that is held, in bytes: those in use have one to four KB, with post-quantum keys and signatures
/// some ten, and what strangers send must not fill the memory.
pub const MAX_CACHED_LEN: usize = 32 * 1024;

impl CertificateCache {
    /// Holds at most so many certificates, each of [`MAX_CACHED_LEN`] bytes at most; one more, and it begins anew.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { known: Mutex::new(BTreeSet::new()), limit }
    }

    /// Reads one certificate in DER, or gives the one that was read from the same bytes before.
    ///
    /// # Errors
    /// As [`Certificate::from_der`].
    pub fn read(&self, der: &[u8]) -> Result<Certificate, CertificateError> {
        if let Some(ByDer(known)) = self.lock().get(der) {
            return Ok(known.clone());
        }
        Certificate::from_der(der).map(|certificate| self.share(&certificate))
    }

    /// The first value that was given for the bytes of this certificate.
    #[must_use]
    pub fn share(&self, certificate: &Certificate) -> Certificate {
        let mut known = self.lock();
        if let Some(ByDer(first)) = known.get(certificate.as_der()) {
            return first.clone();
        }
        if certificate.as_der().len() > MAX_CACHED_LEN {
            return certificate.clone();
        }
        if known.len() >= self.limit {
            known.clear();
        }
        known.insert(ByDer(certificate.clone()));
        certificate.clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<ByDer>> {
        // A set of whole values is in order whoever panicked beside it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A certificate that is found by its bytes.
#[derive(Debug)]
struct ByDer(Certificate);

impl Borrow<[u8]> for ByDer {
    fn borrow(&self) -> &[u8] {
        self.0.as_der()
    }
}

impl Ord for ByDer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.as_der().cmp(other.0.as_der())
    }
}

impl PartialOrd for ByDer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByDer {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_der() == other.0.as_der()
    }
}

impl Eq for ByDer {}
