//! Time-stamp validation (EN 319 102-1 §5.4) and what valid ones prove (§5.6.2.3), from the outermost inwards.

use kyso_cades::{SigningCertificateBinding, TimeStampToken, TokenFailure, TstInfo, verify_token};
use kyso_x509::{Digest, SignatureAlgorithm, Time};

use crate::chain::{self, Demand};
use crate::cms::failure_indication;
use crate::indication::{FailedReason, IndeterminateReason, Indication};
use crate::library::Library;
use crate::poe::{ProofsOfExistence, name_of, name_of_response};
use crate::report::{Finding, Material, Need, TimestampKind, TimestampReport};
use crate::settle::settle;
use crate::status::later;
use crate::suites::{Object, digest_use, signature_use};
use crate::target::{Attached, Covered, Imprint, Target};

/// A time-stamp with its verdict.
pub(crate) struct Stamp {
    pub(crate) report: TimestampReport,
    /// What its token is called among the proofs of existence.
    name: Digest,
    /// When it says that it was made.
    moment: Option<Moment>,
    /// What it covers.
    coverage: Option<Covered>,
    pub(crate) needs: Vec<Need>,
}

impl Stamp {
    /// The time by which what it covers existed, where it proves anything.
    pub(crate) fn proven(&self) -> Option<Time> {
        self.report.latest.filter(|_| self.is_valid())
    }

    /// The time since which what holds it was made, where it proves anything.
    pub(crate) fn earliest(&self) -> Option<Time> {
        self.moment.as_ref().filter(|_| self.is_valid()).map(Moment::earliest)
    }

    fn is_valid(&self) -> bool {
        self.report.indication == Indication::TotalPassed
    }
}

/// genTime with what RFC 3161 §2.4.2 says of its precision.
struct Moment {
    /// genTime in microseconds since 1970.
    micros: i64,
    /// Either way; an authority that states none is taken at its word.
    accuracy_micros: i64,
    ordering: bool,
}

impl Moment {
    fn of(info: &TstInfo) -> Self {
        let seconds = info.gen_time().as_unix_seconds();
        let accuracy = info.accuracy_micros().unwrap_or(0);
        Self {
            micros: seconds
                .saturating_mul(SECOND)
                .saturating_add(i64::from(info.gen_time_micros())),
            accuracy_micros: i64::try_from(accuracy).unwrap_or(i64::MAX),
            ordering: info.ordering(),
        }
    }

    /// The first moment at which the token can have been made, its second begun.
    fn earliest(&self) -> Time {
        let micros = self.micros.saturating_sub(self.accuracy_micros);
        Time::from_unix_seconds(micros.div_euclid(SECOND))
    }

    /// The last one, its second ended.
    fn latest(&self) -> Time {
        let micros = self.micros.saturating_add(self.accuracy_micros);
        let started = i64::from(micros.rem_euclid(SECOND) > 0);
        Time::from_unix_seconds(micros.div_euclid(SECOND).saturating_add(started))
    }

    /// Whether it is certain that this token is the older one: by genTime alone where one authority promises order, else
    /// where the two are further apart than both accuracies together.
    fn is_before(&self, other: &Self, one_authority: bool) -> bool {
        let apart = if one_authority && self.ordering && other.ordering {
            0
        } else {
            self.accuracy_micros.saturating_add(other.accuracy_micros)
        };
        other.micros.saturating_sub(self.micros) > apart
    }
}

/// Microseconds.
const SECOND: i64 = 1_000_000;

/// Validates every time-stamp of a signature and adds to the proofs what the valid ones prove.
///
/// They come back in the order in which they were made, unreadable ones first.
pub(crate) fn validate_all(
    target: &Target<'_>,
    library: &Library<'_>,
    demand: &Demand<'_>,
    proofs: &mut ProofsOfExistence,
) -> Vec<Stamp> {
    let mut stamps = Vec::new();
    for attached in target.timestamps.outermost_first() {
        let stamp = validate(attached, library, demand, proofs);
        if let Some(time) = stamp.proven() {
            extract(target, &stamp, time, proofs);
        }
        stamps.push(stamp);
    }
    stamps.reverse();
    stamps.sort_by_key(|stamp| stamp.report.time);
    stamps
}

/// Validates one time-stamp.
pub(crate) fn validate(
    attached: Attached,
    library: &Library<'_>,
    demand: &Demand<'_>,
    proofs: &ProofsOfExistence,
) -> Stamp {
    let Attached { kind, token, imprint, coverage } = attached;
    let token = match token {
        Ok(token) => token,
        Err(error) => {
            let mut stamp = blank(kind, None);
            stamp.fail(FailedReason::FormatFailure, Finding::TokenMalformed(error));
            return stamp;
        }
    };
    let mut stamp = blank(kind, Some(&token));
    // 1. The imprint is that of what it is attached to.
    match imprint {
        Imprint::Holds => stamp.coverage = coverage,
        Imprint::Differs => {
            stamp.fail(FailedReason::HashFailure, Finding::TimestampImprint);
            return stamp;
        }
        Imprint::Unknown => {
            let finding = Finding::TimestampImprintUnknown;
            stamp.open(IndeterminateReason::SignedDataNotFound, finding);
            return stamp;
        }
        Imprint::Fails(reason, finding) => {
            stamp.fail(reason, finding);
            return stamp;
        }
    }
    // 2. Format, signing certificate, value (§5.3 steps 1, 2 and 5, for the token).
    let verified = match verify_token(&token, &library.candidates) {
        Ok(verified) => verified,
        Err(failure) => {
            let finding = Finding::Token(Box::new(failure.clone()));
            stamp.worse(token_indication(&failure), finding);
            return stamp;
        }
    };
    let certificate = verified.certificate();
    stamp.report.authority = Some(certificate.clone());
    if verified.tsa_name_matches() == Some(false) {
        stamp.report.warnings.push(Finding::AuthorityName);
    }
    let time = token.info().gen_time();
    let now = library.context.validation_time;
    if time > later(now, demand.policy.revocation.clock_skew) {
        let finding = Finding::ClaimedAfterProven { claimed: time, proven: now };
        stamp.open(IndeterminateReason::TimestampOrderFailure, finding);
    }
    // 3. The authority's path at the validation time, then by what is proven of the past (§5.6.2.4).
    let present = chain::validate(library, certificate, demand);
    let suites = &demand.policy.suites;
    let mut uses = vec![
        digest_use(suites, Material::Imprint, token.info().message_imprint().algorithm()),
        digest_use(suites, Material::Content, verified.algorithm().cms_digest_algorithm()),
    ];
    if let Ok(key) = certificate.borrowed_public_key() {
        let algorithm: SignatureAlgorithm = verified.algorithm();
        uses.push(signature_use(suites, Object::Target, Material::Signature, algorithm, key));
    }
    let target = proofs.of(&stamp.name);
    let settled = settle(library, certificate, &present, demand, &uses, proofs, target);
    if let Some(path) = &settled.path {
        stamp.report.trust_anchor = Some(path.anchor().certificate().clone());
        stamp.report.path = path.chain();
    }
    stamp.report.revocation = settled.facts;
    stamp.needs = settled.needs;
    for (reason, finding) in settled.open {
        stamp.open(reason, finding);
    }
    // 4. The authority's certificate was valid at the time that it states.
    let not_before = certificate.validity().not_before;
    if time < not_before {
        let finding = Finding::OlderThanCertificate { time, not_before };
        stamp.fail(FailedReason::NotYetValid, finding);
    }
    let not_after = certificate.validity().not_after;
    if time > not_after {
        stamp.fail(FailedReason::Expired, Finding::SignedAfterExpiry { time, not_after });
    }
    stamp
}

/// What a valid time-stamp proves to have existed at its time.
fn extract(target: &Target<'_>, stamp: &Stamp, time: Time, proofs: &mut ProofsOfExistence) {
    if stamp.report.kind == TimestampKind::Content {
        return;
    }
    // The signature value, and with it what the signature holds or names by its digest: a certificate that it binds.
    proofs.prove(&target.name, time);
    if target.binding != SigningCertificateBinding::Missing {
        proofs.prove(&target.certificate.sha256_fingerprint(), time);
    }
    target.timestamps.with_the_signature().iter().for_each(|name| proofs.prove(name, time));
    // What else it covers.
    let Some(coverage) = &stamp.coverage else {
        return;
    };
    for certificate in &coverage.evidence.certificates {
        proofs.prove(&certificate.sha256_fingerprint(), time);
    }
    coverage.evidence.crls.iter().for_each(|one| proofs.prove(&one.sha256(), time));
    coverage.evidence.ocsp.iter().for_each(|one| proofs.prove(&name_of_response(one), time));
    coverage.tokens.iter().for_each(|one| proofs.prove(&name_of(one.as_received()), time));
}

/// §5.5.4 step 4 (d): no valid time-stamp is older than what it covers; gives the pair that contradicts.
pub(crate) fn disorder(stamps: &[Stamp]) -> Option<Finding> {
    let valid = || {
        let valid = stamps.iter().filter(|stamp| stamp.is_valid());
        valid.filter_map(|stamp| Some((stamp, stamp.report.time?, stamp.moment.as_ref()?)))
    };
    for (outer, outer_time, outer_moment) in valid() {
        for (inner, inner_time, inner_moment) in valid() {
            let covers = match (outer.report.kind, inner.report.kind) {
                (
                    TimestampKind::Signature | TimestampKind::Archive | TimestampKind::Document,
                    TimestampKind::Content,
                ) => true,
                (TimestampKind::Archive | TimestampKind::Document, _) => {
                    outer.coverage.as_ref().is_some_and(|coverage| {
                        coverage.tokens.iter().any(|one| name_of(one.as_received()) == inner.name)
                    })
                }
                _ => false,
            };
            let one_authority = outer.report.authority == inner.report.authority;
            if covers && outer_moment.is_before(inner_moment, one_authority) {
                return Some(Finding::TimestampOrder {
                    outer: outer.report.kind,
                    outer_time,
                    inner: inner.report.kind,
                    inner_time,
                });
            }
        }
    }
    None
}

fn blank(kind: TimestampKind, token: Option<&TimeStampToken>) -> Stamp {
    let name = name_of(token.map(TimeStampToken::as_received).unwrap_or_default());
    let info = token.map(TimeStampToken::info);
    let moment = info.map(Moment::of);
    Stamp {
        report: TimestampReport {
            kind,
            indication: Indication::TotalPassed,
            time: info.map(|info| info.gen_time()),
            accuracy_micros: info.and_then(|info| info.accuracy_micros()),
            latest: moment.as_ref().map(Moment::latest),
            authority: None,
            token_policy: info.map(|info| info.policy()),
            digest_algorithm: info.map(|info| info.message_imprint().algorithm()),
            trust_anchor: None,
            path: Vec::new(),
            revocation: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            sha256: name,
        },
        name,
        moment,
        coverage: None,
        needs: Vec::new(),
    }
}

impl Stamp {
    fn worse(&mut self, indication: Indication, finding: Finding) {
        self.report.indication = self.report.indication.worse(indication);
        self.report.errors.push(finding);
    }

    fn fail(&mut self, reason: FailedReason, finding: Finding) {
        self.worse(Indication::TotalFailed(reason), finding);
    }

    fn open(&mut self, reason: IndeterminateReason, finding: Finding) {
        self.worse(Indication::Indeterminate(reason), finding);
    }
}

fn token_indication(failure: &TokenFailure) -> Indication {
    use IndeterminateReason as I;
    match failure {
        TokenFailure::SignerCount { .. } => Indication::TotalFailed(FailedReason::FormatFailure),
        TokenFailure::Signature(failure) => failure_indication(failure),
        TokenFailure::SigningCertificateMissing => {
            Indication::Indeterminate(I::SigConstraintsFailure)
        }
        _ => Indication::Indeterminate(I::ChainConstraintsFailure),
    }
}
