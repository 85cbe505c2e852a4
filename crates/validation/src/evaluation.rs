//! Validation of a verified signature: basic (EN 319 102-1 §5.3), with time (§5.5), with long-term data (§5.6).
//!
//! The three processes of the standard give the same verdicts one after the other, each with more proofs of
//! existence than the one before. Here they are one: everything is validated at the validation time, every proof is
//! taken, and what the present lacks is settled by the past.

use std::sync::Arc;

use kyso_cades::SigningCertificateBinding;
use kyso_x509::path::check_end_entity;
use kyso_x509::{DigestAlgorithm, ObjectIdentifier, SignatureAlgorithm, TrustAnchor};

use crate::chain::{self, Demand, Present, Usage};
use crate::context::Context;
use crate::indication::{FailedReason, IndeterminateReason};
use crate::library::Library;
use crate::poe::ProofsOfExistence;
use crate::policy::Policy;
use crate::report::{Check, Finding, Material, Need, RevocationState, SignatureReport};
use crate::settle::{Settled, path_reason, settle};
use crate::suites::{Object, Use, digest_use, signature_use};
use crate::target::Target;
use crate::times::check_claimed_time;
use crate::timestamp::{self, Stamp};

/// A signature policy that a signature names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    /// By this identifier.
    Policy(ObjectIdentifier),
    /// In a way that cannot be read.
    Malformed,
}

/// The greatest number of signers of the policies that may apply; `None` where there is no policy at all.
pub(crate) fn max_signers(context: &Context<'_>) -> Option<usize> {
    let limit = |policy: &Policy| policy.limits.max_signers;
    match context.policy {
        Some(policy) => Some(limit(policy)),
        None => context.trust.stores.iter().map(|store| limit(&store.policy)).max(),
    }
}

/// Steps 2 to 5, after what the format decides (format, signing certificate, value).
pub(crate) fn run(target: &Target<'_>, library: &Library<'_>, report: &mut SignatureReport) {
    Evaluation { target, library }.run(report);
}

/// A verified signature under evaluation.
struct Evaluation<'a> {
    target: &'a Target<'a>,
    library: &'a Library<'a>,
}

/// Policy and anchors that apply, with what X.509 certificate validation found under them.
struct Applied<'a> {
    policy: &'a Policy,
    store: Option<usize>,
    present: Arc<Present>,
}

impl<'a> Evaluation<'a> {
    fn run(&self, report: &mut SignatureReport) {
        // 2. Validation context initialization (§5.2.4) and X.509 certificate validation (§5.2.6) at the validation
        // time: without a named policy, the store that anchors the path brings it.
        let applied = self.apply();
        let context = self.library.context;
        let stores = &context.trust.stores;
        let anchored = applied.as_ref().filter(|one| matches!(*one.present, Present::Path(_)));
        let store = anchored.and_then(|one| stores.get(one.store?));
        report.trust_store = store.map(|store| store.name.clone());
        report.policy = match context.policy {
            Some(policy) => Some(policy.name.clone()),
            None => store.map(|store| store.policy.name.clone()),
        };
        let policy = applied.as_ref().map(|one| one.policy).or(context.policy);
        self.constraints(policy, report);
        let Some(applied) = applied else {
            self.without_anchors(report);
            return;
        };
        let policy = applied.policy;
        // 3. Time-stamps, from the outermost (§5.6.3.4), and the proofs of existence that they give.
        let mut proofs = ProofsOfExistence::at(context.validation_time);
        let stamps = self.timestamps(&applied, &mut proofs, report);
        let proven = proofs.of(&self.target.name);
        report.best_signature_time = proven;
        // 4. Signature acceptance validation and past signature validation (§5.2.8, §5.6.2.4).
        let anchors = applied.store.and_then(|store| stores.get(store));
        let demand = Demand {
            usage: Usage::Signing,
            policy,
            policy_of: applied.store.filter(|_| context.policy.is_none()),
            anchors: anchors.map(|store| store.anchors.as_slice()).unwrap_or_default(),
            store: applied.store,
        };
        let certificate = self.target.certificate;
        let uses = self.uses(policy);
        let settled =
            settle(self.library, certificate, &applied.present, &demand, &uses, &proofs, proven);
        self.conclude(settled, &stamps, policy, report);
        // 5. Times against each other (§5.5.4 steps 4 (d) and (e)).
        if let Some(finding) = timestamp::disorder(&stamps) {
            report.open(IndeterminateReason::TimestampOrderFailure, finding);
        }
        check_claimed_time(&stamps, policy, proven, report);
        for stamp in stamps {
            report.needs.extend(stamp.needs);
            report.timestamps.push(stamp.report);
        }
        let mut seen: Vec<Need> = Vec::new();
        report.needs.retain(|need| {
            let is_new = !seen.contains(need);
            seen.push(need.clone());
            is_new
        });
    }

    /// The first store whose anchor the path reaches; where none is reached, the first that says more than that it
    /// does not know the issuer.
    fn apply(&self) -> Option<Applied<'a>> {
        let context = self.library.context;
        let mut second: Option<Applied<'a>> = None;
        let vouching = || context.trust.vouching(context.policy.is_some());
        for (number, store) in vouching() {
            let policy = context.policy.unwrap_or(&store.policy);
            let demand = Demand {
                usage: Usage::Signing,
                policy,
                policy_of: context.policy.is_none().then_some(number),
                anchors: &store.anchors,
                store: Some(number),
            };
            let present = chain::validate(self.library, self.target.certificate, &demand);
            let knows_no_issuer = |present: &Present| {
                matches!(
                    present,
                    Present::NoPath { error: kyso_x509::PathError::UnknownIssuer { .. }, .. }
                )
            };
            let says_more = !knows_no_issuer(&present)
                && second.as_ref().is_none_or(|one| knows_no_issuer(&one.present));
            let applied = Applied { policy, store: Some(number), present };
            if let Present::Path(examined) = &*applied.present {
                // What the policy of an anchor's first store refuses, that of a later one does not let pass.
                let anchor = examined.path.anchor();
                let first = vouching().find(|(_, store)| store.anchors.contains(anchor));
                if first.is_some_and(|(first, _)| first == number) {
                    return Some(applied);
                }
                continue;
            }
            if second.is_none() || says_more {
                second = Some(applied);
            }
        }
        second
    }

    /// Without any anchor nothing can be said of the path.
    fn without_anchors(&self, report: &mut SignatureReport) {
        let context = self.library.context;
        report.not_checked.extend([Check::CertificatePath, Check::RevocationStatus]);
        let Some(policy) = context.policy else {
            report.not_checked.push(Check::Algorithms);
            report.needs.push(Need::TrustAnchor);
            report.open(IndeterminateReason::NoCertificateChainFound, Finding::NoTrustAnchors);
            return;
        };
        let now = context.validation_time;
        let mut proofs = ProofsOfExistence::at(now);
        let applied = Applied {
            policy,
            store: None,
            present: Arc::new(Present::NoPath {
                error: kyso_x509::PathError::UnknownIssuer {
                    subject: self.target.certificate.subject().clone(),
                    issuer: self.target.certificate.issuer().clone(),
                },
                orphan: None,
            }),
        };
        let stamps = self.timestamps(&applied, &mut proofs, report);
        if policy.signature.require_path {
            report.needs.push(Need::TrustAnchor);
            report.open(IndeterminateReason::NoCertificateChainFound, Finding::NoTrustAnchors);
        } else {
            let constraints = chain::path_policy(policy, Usage::Signing);
            if let Err(error) = check_end_entity(self.target.certificate, &constraints, now) {
                report.open(path_reason(&error), Finding::EndEntity(Box::new(error)));
            }
        }
        let mut settled = Settled::default();
        settled.algorithms(&self.uses(policy), &proofs, now);
        if settled.open.is_empty() {
            report.checked.push(Check::Algorithms);
        }
        for (reason, finding) in settled.open {
            report.open(reason, finding);
        }
        check_claimed_time(&stamps, policy, now, report);
        // Nothing could help these time-stamps but anchors, so their needs are not told.
        report.timestamps.extend(stamps.into_iter().map(|stamp| stamp.report));
    }

    /// Constraints on the signature itself (§5.2.4, §5.2.8), which no evidence makes up for.
    fn constraints(&self, policy: Option<&Policy>, report: &mut SignatureReport) {
        if self.target.binding != SigningCertificateBinding::Missing {
            report.checked.push(Check::SigningCertificate);
        } else if policy.is_none_or(|policy| policy.signature.require_signing_certificate) {
            report.open(IndeterminateReason::SigConstraintsFailure, Finding::CertificateNotBound);
        } else {
            report.warnings.push(Finding::CertificateNotBound);
        }
        // A policy that the caller named takes the place of one that the signature names.
        let named = self.target.policy.map(|named| match named {
            Named::Policy(policy) => (
                IndeterminateReason::SignaturePolicyNotAvailable,
                Finding::SignaturePolicy { policy },
            ),
            Named::Malformed => {
                (IndeterminateReason::PolicyProcessingError, Finding::SignaturePolicyMalformed)
            }
        });
        match named {
            Some((_, finding)) if self.library.context.policy.is_some() => {
                report.warnings.push(finding);
            }
            Some((reason, finding)) => report.open(reason, finding),
            None => {}
        }
    }

    /// The algorithms that protect the signature.
    fn uses(&self, policy: &Policy) -> Vec<Use> {
        let suites = &policy.suites;
        let target = self.target;
        let digests = target.digests.iter();
        let mut uses: Vec<Use> =
            digests.map(|digest| digest_use(suites, Material::Content, *digest)).collect();
        let algorithm = target.algorithm;
        if let Ok(key) = target.certificate.borrowed_public_key() {
            let mut own =
                signature_use(suites, Object::Target, Material::Signature, algorithm, key);
            if matches!(algorithm, SignatureAlgorithm::RsaPkcs1(_)) {
                own.expiry = own.expiry.map(|expiry| expiry.min(policy.signature.rsa_pkcs1_until));
            }
            uses.push(own);
        }
        let binding = match target.binding {
            SigningCertificateBinding::Missing => None,
            SigningCertificateBinding::V1 => Some(DigestAlgorithm::Sha1ForLegacyUseOnly),
            SigningCertificateBinding::V2(digest) => Some(digest),
        };
        uses.extend(binding.map(|one| digest_use(suites, Material::SigningCertificate, one)));
        uses
    }

    fn timestamps(
        &self,
        applied: &Applied<'_>,
        proofs: &mut ProofsOfExistence,
        report: &mut SignatureReport,
    ) -> Vec<Stamp> {
        let context = self.library.context;
        let policy = applied.policy;
        let limit = policy.limits.max_timestamps;
        let count = self.target.timestamps.count();
        if count == 0 {
            return Vec::new();
        }
        if count > limit {
            let finding = Finding::TooManyTimestamps { limit };
            report.open(IndeterminateReason::SigConstraintsFailure, finding);
            report.not_checked.push(Check::Timestamps);
            return Vec::new();
        }
        // Whoever may vouch for a signer may vouch for a time; a store whose policy waits to be named does neither.
        let stores = context.trust.vouching(context.policy.is_some());
        let anchors: Vec<TrustAnchor> =
            stores.flat_map(|(_, store)| &store.anchors).cloned().collect();
        let demand = Demand {
            usage: Usage::TimeStamping,
            policy,
            policy_of: applied.store.filter(|_| context.policy.is_none()),
            anchors: &anchors,
            store: None,
        };
        let stamps = timestamp::validate_all(self.target, self.library, &demand, proofs);
        let invalid = stamps.iter().filter(|stamp| stamp.proven().is_none());
        let warnings: Vec<_> =
            invalid.map(|stamp| Finding::TimestampNotValid { kind: stamp.report.kind }).collect();
        let checks =
            if warnings.is_empty() { &mut report.checked } else { &mut report.not_checked };
        checks.push(Check::Timestamps);
        report.warnings.extend(warnings);
        stamps
    }

    /// From what remains to the verdict, and to what a person is told of it.
    fn conclude(
        &self,
        settled: Settled,
        stamps: &[Stamp],
        policy: &Policy,
        report: &mut SignatureReport,
    ) {
        use IndeterminateReason as I;
        let certificate = self.target.certificate;
        let validity = certificate.validity();
        let not_after = validity.not_after;
        if let Some((time, not_before)) = settled.too_old {
            let finding = Finding::OlderThanCertificate { time, not_before };
            report.fail(FailedReason::NotYetValid, finding);
        }
        // §5.3.4 step 4: a content time-stamp proves that the signature is younger still.
        let younger_than = stamps
            .iter()
            .filter(|stamp| stamp.report.kind == crate::report::TimestampKind::Content)
            .filter_map(Stamp::earliest)
            .max();
        if let Some(time) = younger_than {
            for (reason, finding) in &settled.open {
                match (reason, finding) {
                    (I::RevokedNoPoe, Finding::Revoked { time: revoked, .. })
                        if time >= *revoked =>
                    {
                        let revoked = *revoked;
                        let finding = Finding::SignedAfterRevocation { time, revoked };
                        report.fail(FailedReason::Revoked, finding);
                    }
                    (I::OutOfBoundsNoPoe | I::OutOfBoundsNotRevoked, _) if time > not_after => {
                        let finding = Finding::SignedAfterExpiry { time, not_after };
                        report.fail(FailedReason::Expired, finding);
                    }
                    _ => {}
                }
            }
        }
        let has = |wanted: &[I]| settled.open.iter().any(|(reason, _)| wanted.contains(reason));
        let mut note = |check, holds: bool| {
            let checks = if holds { &mut report.checked } else { &mut report.not_checked };
            checks.push(check);
        };
        let path_holds = settled.path.is_some()
            && !has(&[
                I::OutOfBoundsNoPoe,
                I::OutOfBoundsNotRevoked,
                I::ChainConstraintsFailure,
                I::CertificateChainGeneralFailure,
                I::NoCertificateChainFound,
            ]);
        note(Check::CertificatePath, path_holds);
        let known = settled.facts.iter().all(|fact| fact.state != RevocationState::Unknown);
        let status_open =
            has(&[I::RevokedNoPoe, I::RevokedCaNoPoe, I::TryLater, I::RevocationOutOfBoundsNoPoe]);
        let status_holds = settled.path.is_some() && known && !status_open;
        // What is known to be revoked was checked: it does not hold.
        if status_holds || !has(&[I::RevokedNoPoe, I::RevokedCaNoPoe]) {
            note(Check::RevocationStatus, status_holds);
        }
        let strong = !has(&[I::CryptoConstraintsFailure, I::CryptoConstraintsFailureNoPoe]);
        if strong {
            note(Check::Algorithms, true);
        }
        if let Some(path) = &settled.path {
            report.trust_anchor = Some(path.anchor().certificate().clone());
            report.path = path.chain();
        }
        report.revocation = settled.facts;
        let passed = settled.open.is_empty() && settled.path.is_some();
        for (reason, finding) in settled.open {
            report.open(reason, finding);
        }
        report.needs.extend(settled.needs);
        // Whatever led here: a signature that is not proven within the validity of its certificate does not pass.
        let proven = report.best_signature_time;
        if passed && !validity.contains(proven) && policy.signature.require_path {
            let error = kyso_x509::PathError::Expired {
                subject: certificate.subject().clone(),
                time: proven,
                not_after,
            };
            report.open(I::OutOfBoundsNoPoe, Finding::Path(Box::new(error)));
        }
    }
}
