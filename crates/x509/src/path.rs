//! Path building and validation (RFC 5280 §6, RFC 4158), as far as signing safely needs it.
//!
//! Processed: names, signatures, validity, basicConstraints, keyUsage, extKeyUsage, unknown critical
//! extensions. A certificate with nameConstraints or policyConstraints is refused by its own error, because
//! passing over them would be worse. Revocation is a question of its own, asked with the path in hand.

mod check;
mod error;
pub mod policy;

pub use error::PathError;
pub use policy::PathPolicy;

use self::check::{
    check_critical_extensions, check_key, check_path, check_usage, check_validity, public_key,
};
use crate::algorithm::SignatureAlgorithm;
use crate::certificate::Certificate;
use crate::public_key::VerifyError;
use crate::time::Time;

/// A name and a key that are trusted without proof (RFC 5280 §6.1.1 (d)), here given as a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor {
    certificate: Certificate,
}

impl TrustAnchor {
    /// Trusts a certificate's name and key; it need not be self-signed.
    ///
    /// Paths end below it only if it is a certificate authority; any other certificate vouches for itself alone.
    #[must_use]
    pub const fn from_certificate(certificate: Certificate) -> Self {
        Self { certificate }
    }

    /// The certificate that states the anchor.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// Proof that a certificate led to a trust anchor under a policy at a time; only [`validate_path`] makes one.
#[derive(Clone, Debug)]
pub struct ValidatedPath {
    certificates: Vec<Certificate>,
    anchor: TrustAnchor,
    validation_time: Time,
}

impl ValidatedPath {
    /// The certificate that was validated.
    #[must_use]
    pub fn end_entity(&self) -> &Certificate {
        // A path is never empty: it begins with the end entity.
        &self.certificates[0]
    }

    /// End entity first, then each issuer, without the anchor (unless the end entity is the anchor itself).
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The anchor that ends the path.
    #[must_use]
    pub const fn anchor(&self) -> &TrustAnchor {
        &self.anchor
    }

    /// End entity first, the anchor's certificate last, each once: what a signature embeds.
    #[must_use]
    pub fn chain(&self) -> Vec<Certificate> {
        let mut chain = self.certificates.clone();
        if chain.last() != Some(&self.anchor.certificate) {
            chain.push(self.anchor.certificate.clone());
        }
        chain
    }

    /// The time at which the path was valid.
    #[must_use]
    pub const fn validation_time(&self) -> Time {
        self.validation_time
    }
}

/// Builds and validates a path from a certificate to one of the anchors.
///
/// Candidates may come from the signature, a token or a store, in any order, and prove nothing by being there.
///
/// # Errors
/// Where no path holds: the reason of the path that came closest to an anchor.
pub fn validate_path(
    end_entity: &Certificate,
    candidates: &[Certificate],
    anchors: &[TrustAnchor],
    policy: &PathPolicy,
    validation_time: Time,
) -> Result<ValidatedPath, PathError> {
    let mut search =
        Search { candidates, anchors, policy, validation_time, signature_checks: 0, closest: None };
    let found = search.extend(vec![end_entity.clone()])?;
    match (found, search.closest) {
        (Some(path), _) => Ok(path),
        (None, Some((_, error))) => Err(error),
        (None, None) => Err(PathError::UnknownIssuer {
            subject: end_entity.subject().clone(),
            issuer: end_entity.issuer().clone(),
        }),
    }
}

/// The checks on the signer's certificate alone, before any path: validity and usage.
///
/// For telling a person early; it proves nothing about trust.
///
/// # Errors
/// The check that failed.
pub fn check_end_entity(
    certificate: &Certificate,
    policy: &PathPolicy,
    validation_time: Time,
) -> Result<(), PathError> {
    check_validity(certificate, validation_time)?;
    check_critical_extensions(certificate)?;
    check_usage(certificate, policy)?;
    check_key(certificate, policy).map(|_| ())
}

/// How far a failed path had come: one that reached an anchor tells more than one that lost its way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Progress {
    reached_anchor: bool,
    len: usize,
}

struct Search<'a> {
    candidates: &'a [Certificate],
    anchors: &'a [TrustAnchor],
    policy: &'a PathPolicy,
    validation_time: Time,
    signature_checks: usize,
    closest: Option<(Progress, PathError)>,
}

impl Search<'_> {
    /// Depth first; `Err` only where a limit ends the whole search.
    fn extend(&mut self, path: Vec<Certificate>) -> Result<Option<ValidatedPath>, PathError> {
        let Some(last) = path.last().cloned() else {
            return Ok(None);
        };
        if path.len() > self.policy.max_path_len {
            let limit = self.policy.max_path_len;
            self.note(&path, false, PathError::PathTooLong { limit });
            return Ok(None);
        }
        // A directly trusted end entity is its own path.
        let trusted = self
            .anchors
            .iter()
            .find(|anchor| path.len() == 1 && anchor.certificate == last)
            .cloned();
        if let Some(anchor) = trusted
            && let Some(found) = self.conclude(path.clone(), &anchor)?
        {
            return Ok(Some(found));
        }
        let mut dead_end = true;
        for anchor in self.anchors {
            if *anchor.certificate.subject() == *last.issuer() && anchor.certificate != last {
                dead_end = false;
                if let Some(found) = self.conclude(path.clone(), anchor)? {
                    return Ok(Some(found));
                }
            }
        }
        for issuer in self.ordered_issuers(&last, &path) {
            dead_end = false;
            // The signature first: an impostor with the right name must not open a branch.
            if let Err(error) = self.check_signature(&last, &issuer)? {
                self.note(&path, false, error);
                continue;
            }
            let mut longer = path.clone();
            longer.push(issuer);
            if let Some(found) = self.extend(longer)? {
                return Ok(Some(found));
            }
        }
        if dead_end {
            let error = PathError::UnknownIssuer {
                subject: last.subject().clone(),
                issuer: last.issuer().clone(),
            };
            self.note(&path, false, error);
        }
        Ok(None)
    }

    /// Candidates with the issuer's name that the path does not hold yet; matching key identifiers first.
    fn ordered_issuers(&self, last: &Certificate, path: &[Certificate]) -> Vec<Certificate> {
        let mut issuers: Vec<Certificate> = Vec::new();
        for candidate in self.candidates {
            let repeats = path.iter().any(|used| {
                used == candidate
                    // RFC 4158 §2.4.2: the same name and key again is a loop by another certificate.
                    || (used.subject() == candidate.subject()
                        && used.spki_der() == candidate.spki_der())
            });
            let anchored = self.anchors.iter().any(|anchor| anchor.certificate == *candidate);
            if candidate.subject() == last.issuer()
                && !repeats
                && !anchored
                && !issuers.contains(candidate)
            {
                issuers.push(candidate.clone());
            }
        }
        issuers.sort_by_key(|issuer| {
            // A hint only (RFC 5280 §4.2.1.1): equal, unknown, different.
            match (last.authority_key_identifier(), issuer.subject_key_identifier()) {
                (Some(wanted), Some(found)) if wanted == found => 0,
                (Some(_), Some(_)) => 2,
                _ => 1,
            }
        });
        issuers
    }

    /// Checks a complete path; a failed check is noted and leaves the search going.
    fn conclude(
        &mut self,
        certificates: Vec<Certificate>,
        anchor: &TrustAnchor,
    ) -> Result<Option<ValidatedPath>, PathError> {
        let last = certificates.last().cloned();
        if let Some(last) = last.filter(|last| *last != anchor.certificate)
            && let Err(error) = self.check_signature(&last, &anchor.certificate)?
        {
            self.note(&certificates, false, error);
            return Ok(None);
        }
        match check_path(&certificates, anchor, self.policy, self.validation_time) {
            Ok(()) => Ok(Some(ValidatedPath {
                certificates,
                anchor: anchor.clone(),
                validation_time: self.validation_time,
            })),
            Err(error) => {
                self.note(&certificates, true, error);
                Ok(None)
            }
        }
    }

    fn note(&mut self, path: &[Certificate], reached_anchor: bool, error: PathError) {
        let progress = Progress { reached_anchor, len: path.len() };
        if self.closest.as_ref().is_none_or(|(closest, _)| progress > *closest) {
            self.closest = Some((progress, error));
        }
    }

    fn check_signature(
        &mut self,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<Result<(), PathError>, PathError> {
        if self.signature_checks >= self.policy.max_signature_checks {
            return Err(PathError::TooManySignatureChecks {
                limit: self.policy.max_signature_checks,
            });
        }
        self.signature_checks += 1;
        Ok(verify_certificate(certificate, issuer))
    }
}

/// Verifies the issuer's signature on a certificate (RFC 5280 §6.1.3 (a)(1)).
///
/// # Errors
/// [`PathError::SignatureInvalid`], or why it could not be verified.
pub fn verify_certificate(
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<(), PathError> {
    let subject = || certificate.subject().clone();
    // RFC 5280 §4.1.1.2: both fields must name the same algorithm.
    if certificate.signature_algorithm() != certificate.tbs_signature_algorithm() {
        return Err(PathError::SignatureAlgorithmMismatch { subject: subject() });
    }
    let algorithm =
        SignatureAlgorithm::from_algorithm_identifier(certificate.signature_algorithm())
            .map_err(|error| PathError::UnsupportedAlgorithm { subject: subject(), error })?;
    let key = public_key(issuer)?;
    key.verify(&algorithm, certificate.tbs_der(), certificate.signature()).map_err(|error| {
        match error {
            VerifyError::UnsupportedAlgorithm { algorithm, key } => {
                PathError::UnsupportedSignature { subject: subject(), algorithm, key }
            }
            _ => PathError::SignatureInvalid {
                subject: subject(),
                issuer: certificate.issuer().clone(),
            },
        }
    })
}
