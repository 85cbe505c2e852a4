//! Who signed a CRL or an OCSP response, and whether that one may be believed.

use super::{Query, Rejection};
use crate::algorithm::{AlgorithmIdentifier, SignatureAlgorithm};
use crate::certificate::Certificate;
use crate::path::{PathPolicy, SearchFailure, ValidatedPath, search_path};
use crate::public_key::{PublicKey, VerifyError};
use const_oid::ObjectIdentifier;

/// Failed signature checks and searches for signers' paths that are left: a pile of forgeries must not cost more than the policy says. What is
/// genuine is not counted, for nobody can make more of it.
pub(super) struct Budget {
    left: usize,
    limit: usize,
    refused: bool,
}

impl Budget {
    pub(super) const fn new(limit: usize) -> Self {
        Self { left: limit, limit, refused: false }
    }

    /// Verifies a signature, unless too much was wrong already.
    pub(super) fn verify(
        &mut self,
        algorithm: SignatureAlgorithm,
        signature: impl FnOnce() -> Result<(), VerifyError>,
    ) -> Result<(), Rejection> {
        self.spend(|| {
            signature().map_err(|error| match error {
                VerifyError::UnsupportedAlgorithm { .. } => {
                    Rejection::UnsupportedSignature { algorithm }
                }
                _ => Rejection::SignatureInvalid,
            })
        })
    }

    /// Does what costs signature checks, unless too much was wrong already; counts it where it fails.
    fn spend<T>(&mut self, work: impl FnOnce() -> Result<T, Rejection>) -> Result<T, Rejection> {
        if self.left == 0 {
            self.refused = true;
            return Err(self.exhausted());
        }
        work().inspect_err(|_| self.left -= 1)
    }

    /// Whether something was left unexamined.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.refused
    }

    pub(super) const fn exhausted(&self) -> Rejection {
        Rejection::TooManySignatureChecks { limit: self.limit }
    }
}

/// A signer that may be believed.
#[derive(Clone)]
pub(super) struct Signer {
    pub(super) certificate: Certificate,
    /// Signer first, anchor last; the signer alone where it is the certificate's issuer.
    pub(super) path: Vec<Certificate>,
    pub(super) needs_status: bool,
}

/// The algorithm of a signature, where the policy takes it.
pub(super) fn accepted_algorithm(
    identifier: &AlgorithmIdentifier,
    policy: &PathPolicy,
) -> Result<SignatureAlgorithm, Rejection> {
    let algorithm = SignatureAlgorithm::from_algorithm_identifier(identifier)
        .map_err(Rejection::UnsupportedAlgorithm)?;
    match algorithm.digest_algorithm() {
        Some(digest) if !policy.digests.contains(&digest) => {
            Err(Rejection::WeakAlgorithm { algorithm })
        }
        _ => Ok(algorithm),
    }
}

/// The key of a possible signer.
pub(super) fn key_of(certificate: &Certificate) -> Result<PublicKey, Rejection> {
    certificate.public_key().map_err(Rejection::UnusableKey)
}

/// The algorithms and limits of a policy, for signers of status information: what it demands of the end entity's
/// purposes and certificate policies is not asked of them.
pub(super) fn for_signers(policy: &PathPolicy, purposes: Vec<ObjectIdentifier>) -> PathPolicy {
    PathPolicy {
        purposes,
        purposes_of_authorities: false,
        signing_key_usage: false,
        policies: Vec::new(),
        explicit_policy: false,
        ..policy.clone()
    }
}

/// Validates the path of a signer that is not the certificate's issuer, under the same anchor.
///
/// `accept` says whether a path is one that lets the signer speak for the certificate's issuer.
pub(super) fn validate(
    signer: &Certificate,
    query: &Query<'_>,
    more: &[Certificate],
    policy: &PathPolicy,
    budget: &mut Budget,
    accept: impl Fn(&Certificate) -> Result<(), Rejection>,
) -> Result<Vec<Certificate>, Rejection> {
    let mut candidates = Vec::with_capacity(1 + more.len() + query.candidates.len());
    candidates.push(query.issuer.clone());
    candidates.extend_from_slice(more);
    candidates.extend_from_slice(query.candidates);
    let mut accept = |path: &ValidatedPath| {
        // The one who certified the signer; the signer itself where it is an anchor.
        let chain = path.chain();
        accept(chain.get(1).unwrap_or(signer))
    };
    budget.spend(|| {
        match search_path(signer, &candidates, query.anchors, policy, query.moment, &mut accept) {
            Ok(path) => Ok(path.chain()),
            Err(SearchFailure::NoPath(error)) => Err(Rejection::SignerPath(error)),
            Err(SearchFailure::Refused { error, .. }) => Err(error),
        }
    })
}
