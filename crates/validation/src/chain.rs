//! X.509 certificate validation (EN 319 102-1 §5.2.6) at the validation time: the path, what is wrong with it, and
//! on which algorithms it stands.

use std::sync::Arc;

use kyso_x509::path::{Moment, PathError, SearchFailure, search_path};
use kyso_x509::{
    Certificate, DigestAlgorithm, PathPolicy, RevocationReason, Time, TrustAnchor, ValidatedPath,
};

use crate::cache::Key;
use crate::library::Library;
use crate::poe::ProofsOfExistence;
use crate::policy::{Policy, RevocationConstraints};
use crate::report::{Need, RevocationFact, RevocationState};
use crate::status::{Rules, Status, status_at};
use crate::suites::{Use, certificate_use, status_uses};

/// What a certificate is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Usage {
    /// It signed a document.
    Signing,
    /// It signed a time-stamp token.
    TimeStamping,
}

/// What X.509 certificate validation found at the validation time.
#[derive(Clone, Debug)]
pub(crate) enum Present {
    /// No path leads to an anchor.
    NoPath {
        error: PathError,
        /// The certificate whose issuer is not known, or known only by its name, where that is the reason.
        orphan: Option<Certificate>,
    },
    /// A path leads to an anchor; it is in order where there is no problem.
    Path(Box<Examined>),
}

/// A path with all that is known of it at the validation time.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    pub(crate) path: ValidatedPath,
    /// Status of each certificate, end entity first.
    pub(crate) facts: Vec<RevocationFact>,
    pub(crate) problems: Vec<Problem>,
    /// Algorithms that the path and its revocation status stand on.
    pub(crate) uses: Vec<Use>,
}

/// Something that keeps a path from being in order at the validation time.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) certificate: Certificate,
    /// False for the end entity.
    pub(crate) is_authority: bool,
    pub(crate) kind: ProblemKind,
    /// What would help, where fetching may.
    pub(crate) need: Option<Need>,
}

/// Kinds of problems, the one that decides the sub-indication first.
#[derive(Clone, Debug)]
pub(crate) enum ProblemKind {
    Revoked {
        since: Time,
        reason: RevocationReason,
    },
    /// Outside of the validity period; whether it is known all the same not to have been revoked.
    OutOfBounds {
        not_revoked: bool,
    },
    OnHold {
        since: Time,
    },
    StatusSignerOutOfBounds {
        signer: Certificate,
    },
    StatusStale {
        this_update: Time,
    },
    StatusUnknown,
}

impl ProblemKind {
    pub(crate) const fn rank(&self, is_authority: bool) -> u8 {
        match self {
            Self::Revoked { .. } if is_authority => 1,
            Self::Revoked { .. } => 0,
            Self::OutOfBounds { .. } if is_authority => 3,
            Self::OutOfBounds { .. } => 2,
            Self::OnHold { .. } => 4,
            Self::StatusSignerOutOfBounds { .. } => 5,
            Self::StatusStale { .. } => 6,
            Self::StatusUnknown => 7,
        }
    }
}

/// The constraints by which a path is built.
pub(crate) fn path_policy(policy: &Policy, usage: Usage) -> PathPolicy {
    let base = match usage {
        Usage::Signing => PathPolicy {
            purposes: policy.path.purposes.clone(),
            purposes_of_authorities: !policy.path.purposes.is_empty(),
            signing_key_usage: policy.path.signing_key_usage,
            policies: policy.path.policies.clone(),
            explicit_policy: policy.path.explicit_policy,
            ..PathPolicy::document_signing()
        },
        Usage::TimeStamping => PathPolicy::time_stamping(),
    };
    PathPolicy {
        // Algorithms are judged by the suites, which know of time.
        min_rsa_bits: 0,
        digests: DigestAlgorithm::ALL.to_vec(),
        anchor_validity: policy.path.anchor_validity,
        max_path_len: policy.limits.max_path_len,
        max_signature_checks: policy.limits.max_signature_checks,
        ..base
    }
}

/// Revocation constraints for a use.
pub(crate) fn revocation_rules(policy: &Policy, usage: Usage) -> RevocationConstraints {
    let required = match usage {
        Usage::Signing => policy.revocation.required,
        Usage::TimeStamping => policy.timestamps.revocation_required,
    };
    RevocationConstraints { required, ..policy.revocation }
}

/// By which policy, against which anchors.
#[derive(Clone, Copy)]
pub(crate) struct Demand<'a> {
    pub(crate) usage: Usage,
    pub(crate) policy: &'a Policy,
    /// The store whose policy it is; `None` where the caller named it.
    pub(crate) policy_of: Option<usize>,
    pub(crate) anchors: &'a [TrustAnchor],
    /// The store that the anchors are of; `None` for all.
    pub(crate) store: Option<usize>,
}

/// Validates a certificate at the validation time.
pub(crate) fn validate(
    library: &Library<'_>,
    certificate: &Certificate,
    demand: &Demand<'_>,
) -> Arc<Present> {
    let Some((cache, embedded)) = library.cache() else {
        return Arc::new(search(library, certificate, demand));
    };
    let key = Key {
        certificate: certificate.clone(),
        usage: demand.usage,
        store: demand.store,
        policy: demand.policy_of,
        embedded,
    };
    if let Some(known) = cache.find(&key) {
        return known;
    }
    let found = Arc::new(search(library, certificate, demand));
    cache.keep(key, &found);
    found
}

fn search(library: &Library<'_>, certificate: &Certificate, demand: &Demand<'_>) -> Present {
    let Demand { usage, policy, anchors, .. } = *demand;
    let now = library.context.validation_time;
    let constraints = path_policy(policy, usage);
    let revocation = revocation_rules(policy, usage);
    let mut best: Option<Box<Examined>> = None;
    let mut first_error = None;
    // 1. Paths that are valid now; 2. where there is none, paths that were valid at some time, for what can be said
    // of them and for past certificate validation.
    for moment in [Moment::At(now), Moment::WithinAll] {
        let mut accept = |path: &ValidatedPath| {
            let max_depth = policy.limits.max_status_depth;
            let rules = Rules { anchor: path.anchor(), path: &constraints, revocation, max_depth };
            let examined = Box::new(examine(library, path.clone(), &rules, policy));
            let in_order = examined.badness(now) == 0;
            // 3. The next prospective path, where this one is not in order; the best of them is kept.
            if best.as_ref().is_none_or(|known| examined.badness(now) < known.badness(now)) {
                best = Some(examined);
            }
            if in_order { Ok(()) } else { Err(()) }
        };
        let candidates = &library.candidates;
        let result =
            search_path(certificate, candidates, anchors, &constraints, moment, &mut accept);
        if let Err(SearchFailure::NoPath(error)) = result {
            first_error.get_or_insert(error);
        }
        if let Some(best) = best {
            return Present::Path(best);
        }
    }
    // The reason at the present time tells more, unless it is the time itself.
    let error = first_error.unwrap_or_else(|| PathError::UnknownIssuer {
        subject: certificate.subject().clone(),
        issuer: certificate.issuer().clone(),
    });
    let orphan = match &error {
        // Whoever bears an issuer's name without its key is an impostor that anybody may have added: the issuer itself
        // is still to be found.
        PathError::UnknownIssuer { subject, issuer }
        | PathError::SignatureInvalid { subject, issuer } => {
            let mut known = core::iter::once(certificate).chain(&library.candidates);
            known.find(|one| one.subject() == subject && one.issuer() == issuer).cloned()
        }
        _ => None,
    };
    Present::NoPath { error, orphan }
}

impl Examined {
    /// How far from being in order a path is; 0 where it is.
    fn badness(&self, now: Time) -> usize {
        let proofs = ProofsOfExistence::at(now);
        let weak = self.uses.iter().filter(|one| !one.holds(now, &proofs)).count();
        let ranks = self.problems.iter().map(|one| match one.kind.rank(one.is_authority) {
            // Revocation and expiry do not pass by fetching.
            rank @ 0..=3 => 4000 - 1000 * usize::from(rank).min(2),
            _ => 1,
        });
        ranks.sum::<usize>() + weak * 100
    }
}

/// Everything that can be said of one path at the validation time.
pub(crate) fn examine(
    library: &Library<'_>,
    path: ValidatedPath,
    rules: &Rules<'_>,
    policy: &Policy,
) -> Examined {
    let now = library.context.validation_time;
    let chain = path.chain();
    let anchor = path.anchor().certificate();
    let mut problems = Vec::new();
    let mut facts = Vec::new();
    let mut uses = Vec::new();
    for (position, certificate) in chain.iter().enumerate() {
        let is_anchor = certificate == anchor;
        let is_authority = position > 0;
        let mut problem = |kind, need| {
            problems.push(Problem { certificate: certificate.clone(), is_authority, kind, need });
        };
        let within = certificate.validity().contains(now);
        let counts = !is_anchor || position == 0 || rules.path.anchor_validity;
        let issuer = chain.get(position + 1).filter(|_| !is_anchor);
        let Some(issuer) = issuer else {
            // 4. The anchor: nobody below it can revoke it.
            if counts && !within {
                problem(ProblemKind::OutOfBounds { not_revoked: true }, None);
            }
            facts.push(RevocationFact {
                certificate: certificate.clone(),
                state: RevocationState::NotNeeded,
                source: None,
            });
            continue;
        };
        // 5. Revocation, with the freshness of what it rests on.
        let status = status_at(library, certificate, issuer, rules, now);
        facts.push(status.fact(certificate));
        let required = rules.revocation.required;
        let need = || {
            Some(Need::RevocationStatus {
                certificate: certificate.clone(),
                issuer: issuer.clone(),
                ocsp: certificate.ocsp_urls(),
                crls: library.crl_urls(certificate),
            })
        };
        match &status {
            Status::Good(_) => {}
            Status::Revoked { entry, since, .. } => {
                problem(ProblemKind::Revoked { since: *since, reason: entry.reason }, None);
            }
            Status::OnHold { entry, .. } => {
                problem(ProblemKind::OnHold { since: entry.revocation_date }, need());
            }
            Status::SignerOutOfBounds(record) if required => {
                let signer = record.signer.clone();
                problem(ProblemKind::StatusSignerOutOfBounds { signer }, need());
            }
            Status::Stale(record) if required => {
                problem(ProblemKind::StatusStale { this_update: record.this_update }, need());
            }
            Status::Unknown if required => problem(ProblemKind::StatusUnknown, need()),
            Status::SignerOutOfBounds(_) | Status::Stale(_) | Status::Unknown => {}
        }
        // 6. The validity period.
        if !within {
            // Only what was said after the end speaks for the whole of the period.
            let not_revoked = matches!(&status, Status::Good(record)
                if record.this_update >= certificate.validity().not_after);
            problem(ProblemKind::OutOfBounds { not_revoked }, None);
        }
        // 7. Algorithms, for signature acceptance validation (§5.2.8).
        uses.extend(certificate_use(&policy.suites, certificate, issuer));
        if let Status::Good(record) = &status {
            uses.extend(status_uses(&policy.suites, record));
        }
    }
    problems.sort_by_key(|one| one.kind.rank(one.is_authority));
    Examined { path, facts, problems, uses }
}
