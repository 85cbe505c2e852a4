//! Proofs of existence (EN 319 102-1 §5.6.2.3): which object is known to have existed when.

use std::collections::BTreeMap;

use kyso_x509::revocation::{StatusRecord, StatusSource};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, OcspResponse, Time};

/// The earliest time at which each object is proven to exist.
///
/// An object without a proof is at hand now, so it existed at the validation time and perhaps not before.
#[derive(Clone, Debug)]
pub(crate) struct ProofsOfExistence {
    now: Time,
    /// By SHA-256 of the object's bytes.
    earliest: BTreeMap<Vec<u8>, Time>,
}

impl ProofsOfExistence {
    /// Step 1 of §5.6.3.4: everything at hand exists now.
    pub(crate) const fn at(now: Time) -> Self {
        Self { now, earliest: BTreeMap::new() }
    }

    /// Adds what a time-stamp proved; a later proof of the same object adds nothing.
    pub(crate) fn prove(&mut self, object: &Digest, time: Time) {
        if time >= self.now {
            return;
        }
        let known = self.earliest.entry(object.as_bytes().to_vec()).or_insert(time);
        *known = (*known).min(time);
    }

    /// When an object, named by its SHA-256, is known to have existed.
    pub(crate) fn of(&self, object: &Digest) -> Time {
        self.earliest.get(object.as_bytes()).copied().unwrap_or(self.now)
    }

    /// Of a certificate.
    pub(crate) fn of_certificate(&self, certificate: &Certificate) -> Time {
        // Without any proof nothing has to be hashed.
        if self.earliest.is_empty() {
            return self.now;
        }
        self.of(&certificate.sha256_fingerprint())
    }

    /// Of all that a status rests on: the latest of its parts.
    pub(crate) fn of_status(&self, record: &StatusRecord) -> Time {
        if self.earliest.is_empty() {
            return self.now;
        }
        let own = match &record.source {
            StatusSource::Crl(list) => self.of(&list.sha256()),
            StatusSource::Delta { base, delta } => {
                self.of(&base.sha256()).max(self.of(&delta.sha256()))
            }
            StatusSource::Ocsp(response) => self.of(&name_of_response(response)),
        };
        record.parts.iter().map(|part| self.of_status(part)).fold(own, Time::max)
    }
}

/// The name of an OCSP response: of the BasicOCSPResponse, whether it comes in its envelope or, as in signatures, bare.
pub(crate) fn name_of_response(response: &OcspResponse) -> Digest {
    name_of(response.basic_der())
}

/// The name of an object that is neither certificate nor status: its SHA-256.
pub(crate) fn name_of(bytes: &[u8]) -> Digest {
    DigestAlgorithm::Sha256.digest(bytes)
}
