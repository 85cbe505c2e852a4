//! Validation of one signer's signature: basic (EN 319 102-1 §5.3), with time (§5.5), with long-term data (§5.6).
//!
//! The three processes of the standard give the same verdicts one after the other, each with more proofs of
//! existence than the one before. Here they are one: everything is validated at the validation time, every proof is
//! taken, and what the present lacks is settled by the past.

use std::sync::Arc;

use kyso_cades::level::{BaselineLevel, level_with};
use kyso_cades::{
    ContentDigests, EmbeddedEvidence, FailureIndication, SignatureLevel, SignaturePolicyIdentifier,
    SignedData, SignerInfo, SigningCertificateBinding, VerifiedSignature, VerifyFailure,
    verify_signer,
};
use kyso_x509::path::check_end_entity;
use kyso_x509::{DigestAlgorithm, SignatureAlgorithm, TrustAnchor};

use crate::chain::{self, Demand, Present, Usage};
use crate::context::Context;
use crate::document::{DocumentSecurity, merge};
use crate::indication::{FailedReason, IndeterminateReason, Indication};
use crate::library::Library;
use crate::poe::ProofsOfExistence;
use crate::policy::Policy;
use crate::report::{Check, Finding, Material, Need, RevocationState, SignatureReport};
use crate::settle::{Settled, path_reason, settle};
use crate::suites::{Object, Use, digest_use, signature_use};
use crate::times::check_claimed_time;
use crate::timestamp::{self, Stamp, Stamped};

/// Validates one signer of a CMS structure.
///
/// `content` are the digests of the content, `None` where a detached signature's content is not at hand.
#[must_use]
pub fn validate_cms_signer(
    signed_data: &SignedData,
    index: usize,
    content: Option<&ContentDigests>,
    context: &Context<'_>,
) -> SignatureReport {
    let format = if signed_data.is_detached() { "CMS detached" } else { "CMS attached" };
    let id = index.saturating_add(1).to_string();
    let mut report = SignatureReport::blank(id, format.to_owned(), context.validation_time);
    if content.is_none() {
        report.needs.push(Need::Content);
    }
    let nothing = ContentDigests::from_digests(Vec::new());
    let content = content.unwrap_or(&nothing);
    let validated = validate(signed_data, index, content, None, context, &mut report);
    if let Some((verified, evidence)) = validated {
        let found = level_with(signed_data, index, &verified, content, &evidence);
        report.level = Some(level_name(found, &verified));
    }
    report
}

fn level_name(found: Option<BaselineLevel>, verified: &VerifiedSignature) -> &'static str {
    match (verified.level(), found) {
        (_, Some(BaselineLevel::B)) | (SignatureLevel::CadesBB, None) => "CAdES-B-B",
        (_, Some(BaselineLevel::T)) => "CAdES-B-T",
        (_, Some(BaselineLevel::Lt)) => "CAdES-B-LT",
        (_, Some(BaselineLevel::Lta)) => "CAdES-B-LTA",
        (SignatureLevel::CadesEBes, None) => "CAdES-E-BES",
        (SignatureLevel::Cms, None) => "CMS",
    }
}

/// What a document holds beside a signature's message, and where in it the signature's own range ends.
#[derive(Clone, Copy)]
pub(crate) struct Beside<'a> {
    pub(crate) security: &'a DocumentSecurity,
    pub(crate) end: u64,
    /// A digest between the document and the message, where the sub-filter puts one there.
    pub(crate) digest: Option<DigestAlgorithm>,
}

/// Everything but what the file around the message decides; gives what was verified, and the evidence that came with it.
pub(crate) fn validate(
    signed_data: &SignedData,
    index: usize,
    content: &ContentDigests,
    beside: Option<Beside<'_>>,
    context: &Context<'_>,
    report: &mut SignatureReport,
) -> Option<(VerifiedSignature, EmbeddedEvidence)> {
    let signer = signed_data.signer_infos().get(index);
    if let Some(signer) = signer {
        report.counter_signatures = signer.counter_signatures().len();
    }
    // More signers than any policy here allows are not even looked at.
    if let Some(limit) = max_signers(context)
        && signed_data.signer_infos().len() > limit
    {
        let finding = Finding::TooManySigners { limit };
        report.open(IndeterminateReason::SigConstraintsFailure, finding);
        return None;
    }
    // 1. Format checking (§5.2.2), identification of the signing certificate (§5.2.3), cryptographic verification
    // (§5.2.7). What fails here fails whatever else is known, so it comes before the rest.
    let mut evidence = signed_data.embedded_evidence(index);
    if let Some(beside) = beside {
        merge(&mut evidence, beside.security.evidence());
    }
    let library = Library::new(&evidence, context);
    let verified = match verify_signer(signed_data, index, content, &library.candidates) {
        Ok(verified) => verified,
        Err(failure) => {
            let indication = failure_indication(&failure);
            report.indication = report.indication.worse(indication);
            report.errors.push(Finding::Signature(failure));
            report.claimed_signer = signer
                .and_then(|signer| crate::beside::claimed_signer(signer, &library.candidates));
            return None;
        }
    };
    let signer = signer?;
    report.checked.extend([Check::ContentDigest, Check::SignatureValue]);
    report.warnings.extend(crate::beside::findings(
        signed_data,
        index,
        signer,
        &library.candidates,
    ));
    report.signer = Some(verified.certificate().clone());
    report.algorithm = Some(verified.algorithm());
    report.content_digest = Some(*verified.message_digest());
    if report.claimed_signing_time.is_none() {
        report.claimed_signing_time = verified.signing_time();
    }
    let library = &library;
    let verified_signature = &verified;
    Evaluation {
        signed_data,
        index,
        signer,
        content,
        beside,
        library,
        verified: verified_signature,
    }
    .run(report);
    Some((verified, evidence))
}

/// The greatest number of signers of the policies that may apply; `None` where there is no policy at all.
fn max_signers(context: &Context<'_>) -> Option<usize> {
    let limit = |policy: &Policy| policy.limits.max_signers;
    match context.policy {
        Some(policy) => Some(limit(policy)),
        None => context.trust.stores.iter().map(|store| limit(&store.policy)).max(),
    }
}

/// The indication of a signature that was not verified.
pub(crate) fn failure_indication(failure: &VerifyFailure) -> Indication {
    use FailureIndication as F;
    use IndeterminateReason as I;
    match failure.indication() {
        F::FormatFailure => Indication::TotalFailed(FailedReason::FormatFailure),
        F::HashFailure => Indication::TotalFailed(FailedReason::HashFailure),
        F::SigCryptoFailure => Indication::TotalFailed(FailedReason::SigCryptoFailure),
        F::NoSigningCertificateFound => Indication::Indeterminate(I::NoSigningCertificateFound),
        F::CryptoConstraintsFailure => Indication::Indeterminate(I::CryptoConstraintsFailure),
        F::SignedDataNotFound => Indication::Indeterminate(I::SignedDataNotFound),
    }
}

/// A verified signature under evaluation.
struct Evaluation<'a> {
    signed_data: &'a SignedData,
    index: usize,
    signer: &'a SignerInfo,
    content: &'a ContentDigests,
    beside: Option<Beside<'a>>,
    library: &'a Library<'a>,
    verified: &'a VerifiedSignature,
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
        let proven = proofs.of(&timestamp::signature_name(self.signer));
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
        let certificate = self.verified.certificate();
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
            let present = chain::validate(self.library, self.verified.certificate(), &demand);
            let says_more = matches!(&*present, Present::NoPath { orphan: None, .. })
                && second.as_ref().is_none_or(|one| {
                    matches!(&*one.present, Present::NoPath { orphan: Some(_), .. })
                });
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
                    subject: self.verified.certificate().subject().clone(),
                    issuer: self.verified.certificate().issuer().clone(),
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
            if let Err(error) = check_end_entity(self.verified.certificate(), &constraints, now) {
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
        if self.verified.signing_certificate() != SigningCertificateBinding::Missing {
            report.checked.push(Check::SigningCertificate);
        } else if policy.is_none_or(|policy| policy.signature.require_signing_certificate) {
            report.open(IndeterminateReason::SigConstraintsFailure, Finding::CertificateNotBound);
        } else {
            report.warnings.push(Finding::CertificateNotBound);
        }
        // A policy that the caller named takes the place of one that the signature names.
        let named = match self.signer.signature_policy() {
            Ok(None | Some(SignaturePolicyIdentifier::Implied)) => None,
            Ok(Some(SignaturePolicyIdentifier::Named { oid, .. })) => Some((
                IndeterminateReason::SignaturePolicyNotAvailable,
                Finding::SignaturePolicy { policy: oid },
            )),
            Err(_) => Some((
                IndeterminateReason::PolicyProcessingError,
                Finding::SignaturePolicyMalformed,
            )),
        };
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
        let verified = self.verified;
        let algorithm = verified.algorithm();
        let mut uses =
            vec![digest_use(suites, Material::Content, verified.message_digest().algorithm())];
        let between = self.beside.and_then(|beside| beside.digest);
        uses.extend(between.map(|digest| digest_use(suites, Material::Content, digest)));
        if let Ok(key) = verified.certificate().borrowed_public_key() {
            let mut own =
                signature_use(suites, Object::Target, Material::Signature, algorithm, key);
            if matches!(algorithm, SignatureAlgorithm::RsaPkcs1(_)) {
                own.expiry = own.expiry.map(|expiry| expiry.min(policy.signature.rsa_pkcs1_until));
            }
            uses.push(own);
        }
        let binding = match verified.signing_certificate() {
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
        let signer = self.signer;
        let legacy = signer.legacy_archives().into_iter().map(Finding::LegacyArchive);
        report.warnings.extend(legacy);
        let limit = policy.limits.max_timestamps;
        let count = signer.archive_time_stamps().len()
            + signer.signature_time_stamps().len()
            + signer.content_time_stamps().len()
            + self.beside.map_or(0, |one| one.security.covering(one.end).count());
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
        let bound = self.verified.signing_certificate() != SigningCertificateBinding::Missing;
        let stamped = Stamped {
            signed_data: self.signed_data,
            index: self.index,
            signer,
            content: self.content,
            beside: self.beside,
            bound: bound.then(|| self.verified.certificate()),
        };
        let stamps = timestamp::validate_all(&stamped, self.library, &demand, proofs);
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
        let certificate = self.verified.certificate();
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
