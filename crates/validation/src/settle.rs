//! Past signature validation (EN 319 102-1 §5.6.2.4) and the comparison of times of §5.5.4: which problems of the
//! present the proofs of existence make up for.

use std::sync::Arc;

use kyso_x509::{Certificate, Time, ValidatedPath};

use crate::chain::{Demand, Present, Problem, ProblemKind};
use crate::indication::IndeterminateReason;
use crate::library::Library;
use crate::past::{self, Past, PastFailure};
use crate::poe::ProofsOfExistence;
use crate::policy::Expiry;
use crate::report::{Finding, Need, RevocationFact};
use crate::suites::Use;

/// What remains of the problems.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled {
    /// The path that was used.
    pub(crate) path: Option<ValidatedPath>,
    pub(crate) facts: Vec<RevocationFact>,
    /// Reasons for INDETERMINATE, the one that decides first.
    pub(crate) open: Vec<(IndeterminateReason, Finding)>,
    pub(crate) needs: Vec<Need>,
    /// The target is proven to be older than its certificate: the proven time and notBefore.
    pub(crate) too_old: Option<(Time, Time)>,
}

/// Judges what was found at present by what is proven of the past.
///
/// `target` is the earliest time at which the signature, or the token, is proven to exist; `uses` are the
/// algorithms that protect it.
pub(crate) fn settle(
    library: &Library<'_>,
    certificate: &Certificate,
    present: &Arc<Present>,
    demand: &Demand<'_>,
    uses: &[Use],
    proofs: &ProofsOfExistence,
    target: Time,
) -> Settled {
    let mut settled = Settled::default();
    let examined = match &**present {
        Present::NoPath { error, orphan } => {
            settled.no_path(error, orphan.as_ref());
            settled.algorithms(uses, proofs, target);
            return settled;
        }
        Present::Path(examined) => examined,
    };
    settled.path = Some(examined.path.clone());
    settled.facts.clone_from(&examined.facts);
    let validity = certificate.validity();
    // §5.5.4 step 4 (b): nothing can be older than the certificate that it was made with.
    if target < validity.not_before {
        settled.too_old = Some((target, validity.not_before));
    }
    let remaining: Vec<_> =
        examined.problems.iter().filter(|one| !is_made_up_for(one, target)).collect();
    if remaining.is_empty() {
        settled.algorithms(uses, proofs, target);
        settled.algorithms(&examined.uses, proofs, target);
        return settled;
    }
    // §5.6.2.4: past signature validation.
    match past::validate(library, certificate, demand, proofs, target) {
        Ok(Past { path, facts, .. }) => {
            settled.path = Some(path);
            settled.facts = facts;
        }
        Err(failure) => {
            // The status at present stands, with the explanation.
            for problem in &remaining {
                settled.open.push(explain(problem, library));
                settled.needs.extend(problem.need.clone());
            }
            if target < library.context.validation_time {
                settled.open.extend(because(&failure, &settled.open));
            }
            settled.algorithms(&examined.uses, proofs, target);
        }
    }
    settled.algorithms(uses, proofs, target);
    settled
}

/// §5.5.4 step 4: what the time of the signature alone makes up for, every certificate else being in order now.
fn is_made_up_for(problem: &Problem, target: Time) -> bool {
    let within = |certificate: &Certificate| certificate.validity().contains(target);
    match problem.kind {
        // (a) Signed before the revocation, and within the validity period.
        ProblemKind::Revoked { since, .. } => {
            !problem.is_authority && target < since && within(&problem.certificate)
        }
        // (b) Signed within the validity period of a certificate that is known not to have been revoked; authorities
        // must be valid now.
        ProblemKind::OutOfBounds { not_revoked } => {
            !problem.is_authority && not_revoked && within(&problem.certificate)
        }
        _ => false,
    }
}

fn explain(problem: &Problem, library: &Library<'_>) -> (IndeterminateReason, Finding) {
    use IndeterminateReason as I;
    let subject = problem.certificate.subject().clone();
    match &problem.kind {
        ProblemKind::Revoked { since, reason } => {
            let finding = Finding::Revoked { subject, time: *since, reason: *reason };
            (if problem.is_authority { I::RevokedCaNoPoe } else { I::RevokedNoPoe }, finding)
        }
        ProblemKind::OutOfBounds { not_revoked } => {
            let reason = if *not_revoked && !problem.is_authority {
                I::OutOfBoundsNotRevoked
            } else {
                I::OutOfBoundsNoPoe
            };
            (reason, out_of_bounds(&problem.certificate, library.context.validation_time))
        }
        ProblemKind::OnHold { since } => (I::TryLater, Finding::OnHold { subject, time: *since }),
        ProblemKind::StatusSignerOutOfBounds { signer } => {
            let signer = signer.subject().clone();
            (I::RevocationOutOfBoundsNoPoe, Finding::StatusSignerOutOfBounds { subject, signer })
        }
        ProblemKind::StatusStale { this_update } => {
            (I::TryLater, Finding::StatusStale { subject, this_update: *this_update })
        }
        ProblemKind::StatusUnknown => (I::TryLater, Finding::StatusUnknown { subject }),
    }
}

fn out_of_bounds(certificate: &Certificate, time: Time) -> Finding {
    use kyso_x509::PathError;
    let validity = certificate.validity();
    let subject = certificate.subject().clone();
    Finding::Path(Box::new(if time < validity.not_before {
        PathError::NotYetValid { subject, time, not_before: validity.not_before }
    } else {
        PathError::Expired { subject, time, not_after: validity.not_after }
    }))
}

/// Why the past did not help, under the sub-indication that stands.
fn because(
    failure: &PastFailure,
    open: &[(IndeterminateReason, Finding)],
) -> Option<(IndeterminateReason, Finding)> {
    let (reason, _) = open.first()?;
    let finding = match failure {
        PastFailure::NotProven { certificate } => {
            Finding::PastNotProven { subject: certificate.subject().clone() }
        }
        PastFailure::TooEarly { control_time } => {
            Finding::NotProvenUntil { control_time: *control_time }
        }
    };
    Some((*reason, finding))
}

impl Settled {
    fn no_path(&mut self, error: &kyso_x509::PathError, orphan: Option<&Certificate>) {
        if let Some(orphan) = orphan {
            self.needs.push(Need::IssuerCertificate {
                issuer: orphan.issuer().to_string(),
                sources: orphan.ca_issuer_urls(),
            });
        }
        self.open.push((path_reason(error), Finding::Path(Box::new(error.clone()))));
    }

    /// Signature acceptance validation (§5.2.8): every algorithm was strong when what it protects existed.
    pub(crate) fn algorithms(&mut self, uses: &[Use], proofs: &ProofsOfExistence, target: Time) {
        for one in uses.iter().filter(|one| !one.holds(target, proofs)) {
            let material = one.material.clone();
            let algorithm = one.algorithm;
            let problem = match one.expiry {
                Some(Expiry::At(end)) => (
                    IndeterminateReason::CryptoConstraintsFailureNoPoe,
                    Finding::AlgorithmLapsed { material, algorithm, end },
                ),
                _ => (
                    IndeterminateReason::CryptoConstraintsFailure,
                    Finding::AlgorithmRefused { material, algorithm },
                ),
            };
            self.open.push(problem);
        }
    }
}

/// The sub-indication for a path that does not hold (§5.2.6.4).
pub(crate) fn path_reason(error: &kyso_x509::PathError) -> IndeterminateReason {
    use IndeterminateReason as I;
    use kyso_x509::PathError as E;
    match error {
        E::UnknownIssuer { .. } => I::NoCertificateChainFound,
        // Nothing proves that the signature existed while the certificate was valid.
        E::Expired { .. } | E::NotYetValid { .. } | E::NoCommonValidity { .. } => {
            I::OutOfBoundsNoPoe
        }
        E::WeakAlgorithm { .. } | E::WeakKey { .. } => I::CryptoConstraintsFailure,
        E::NotForSigning { .. }
        | E::PurposeNotAccepted { .. }
        | E::PurposeMissing { .. }
        | E::NotACertificateAuthority { .. }
        | E::NotForCertificateSigning { .. }
        | E::PathLenConstraint { .. }
        | E::PathTooLong { .. } => I::ChainConstraintsFailure,
        _ => I::CertificateChainGeneralFailure,
    }
}
