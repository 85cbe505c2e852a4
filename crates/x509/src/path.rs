//! Path building and validation (RFC 5280 §6, RFC 4158, RFC 9618).
//!
//! Processed: names, signatures, validity, basicConstraints, keyUsage, extKeyUsage, name constraints, certificate
//! policies and unknown critical extensions. Revocation is a question of its own, asked with the path in hand:
//! [`search_path`] lets it refuse a path, so that the next one is tried.

mod check;
mod error;
mod names;
mod policies;
pub mod policy;
mod search;

pub use error::PathError;
pub use policies::ANY_POLICY;
pub use policy::PathPolicy;

use self::check::{check_critical_extensions, check_key, check_usage, check_validity, public_key};
use self::search::Search;
use crate::algorithm::SignatureAlgorithm;
use crate::certificate::{Certificate, Validity};
use crate::public_key::VerifyError;
use crate::time::Time;
use const_oid::ObjectIdentifier;
use core::convert::Infallible;

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

/// The time for which a path is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Every certificate must be valid at this time.
    At(Time),
    /// A date inside the intersection of all validity periods of the path, as past certificate validation takes it
    /// (ETSI EN 319 102-1 v1.3.1 §5.6.2.2.4): there must be one.
    WithinAll,
}

/// Proof that a certificate led to a trust anchor under a policy; only [`validate_path`] and [`search_path`] make one.
#[derive(Clone, Debug)]
pub struct ValidatedPath {
    certificates: Vec<Certificate>,
    anchor: TrustAnchor,
    moment: Moment,
    validity: Validity,
    policies: Vec<ObjectIdentifier>,
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

    /// The time for which the path was judged.
    #[must_use]
    pub const fn moment(&self) -> Moment {
        self.moment
    }

    /// The intersection of the validity periods that counted; both ends included.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The authorities-constrained policy set (RFC 5280 §6.1.6, RFC 9618 §5.6): the policies under which every
    /// authority of the path issued, in the anchor's terms; anyPolicy stands for all, none is an empty set.
    #[must_use]
    pub fn policies(&self) -> &[ObjectIdentifier] {
        &self.policies
    }
}

/// Why a search gave no path.
#[derive(Clone, Debug)]
pub enum SearchFailure<E> {
    /// No path holds: the reason of the one that came closest to an anchor.
    NoPath(PathError),
    /// Paths hold, and the caller accepted none: the first of them, which the search preferred, and the caller's reason.
    Refused {
        /// The path.
        path: Box<ValidatedPath>,
        /// Why it was refused.
        error: E,
    },
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
    let moment = Moment::At(validation_time);
    let mut accept = |_: &ValidatedPath| Ok::<(), Infallible>(());
    search_path(end_entity, candidates, anchors, policy, moment, &mut accept).map_err(|failure| {
        match failure {
            SearchFailure::NoPath(error) => error,
            SearchFailure::Refused { error, .. } => match error {},
        }
    })
}

/// Builds and validates paths until one holds that the caller accepts too.
///
/// `accept` sees every path that holds, in the order of preference; where it refuses (such as one whose revocation
/// status is unknown), the search goes on with the next.
///
/// # Errors
/// [`SearchFailure::NoPath`] where no path holds, [`SearchFailure::Refused`] where none of them was accepted.
pub fn search_path<E>(
    end_entity: &Certificate,
    candidates: &[Certificate],
    anchors: &[TrustAnchor],
    policy: &PathPolicy,
    moment: Moment,
    accept: &mut dyn FnMut(&ValidatedPath) -> Result<(), E>,
) -> Result<ValidatedPath, SearchFailure<E>> {
    Search::new(candidates, anchors, policy, moment, accept).run(end_entity)
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
    check_key(certificate, policy)
}

/// Verifies the issuer's signature on a certificate (RFC 5280 §6.1.3 (a)(1)).
///
/// A certificate remembers the key that verified it, so that the next path through the same value costs nothing.
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
    let algorithm = signature_algorithm(certificate)?;
    let key = public_key(issuer)?;
    if certificate.is_verified_by(key) {
        return Ok(());
    }
    match key.verify(&algorithm, certificate.tbs_der(), certificate.signature()) {
        Ok(()) => {
            certificate.remember_verified_by(key);
            Ok(())
        }
        Err(VerifyError::UnsupportedAlgorithm { algorithm, key }) => {
            Err(PathError::UnsupportedSignature { subject: subject(), algorithm, key })
        }
        Err(_) => Err(PathError::SignatureInvalid {
            subject: subject(),
            issuer: certificate.issuer().clone(),
        }),
    }
}

/// The algorithm of the issuer's signature.
fn signature_algorithm(certificate: &Certificate) -> Result<SignatureAlgorithm, PathError> {
    certificate.issuer_signature_algorithm().map_err(|error| PathError::UnsupportedAlgorithm {
        subject: certificate.subject().clone(),
        error,
    })
}
