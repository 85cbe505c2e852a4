//! Validating a certificate alone: its path to an anchor and the revocation status along it (RFC 5280 §6).
//!
//! What is missing comes back as needs; nothing is fetched here.

use std::fmt;

use kyso_validation::evidence::Evidence;
use kyso_validation::indication::{FailedReason, IndeterminateReason, Indication};
use kyso_validation::policy::{CryptographicSuites, Expiry, KeyRule, Policy};
use kyso_validation::report::{
    Need, RevocationFact, RevocationKind, RevocationSource, RevocationState,
};
use kyso_validation::suites::{WeakAlgorithm, is_strong_key, weak_in_chain, weak_in_statuses};
use kyso_validation::trust::{Trust, TrustStore};
use kyso_x509::path::{
    Moment, PathError, PathPolicy, SearchFailure, ValidatedPath, check_end_entity, search_path,
};
use kyso_x509::revocation::{
    CertificateStatus, Freshness, Query, RevocationError, StatusEvidence, StatusRecord,
    StatusSource, check_path, crl_urls, find_statuses,
};
use kyso_x509::{Certificate, DigestAlgorithm, PublicKeyAlgorithm, Time};

/// For what a certificate is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// It signs documents: the policy's purposes and key usage are demanded.
    DocumentSigning,
    /// Whatever it says: authorities, responders, servers.
    Any,
}

/// With what a certificate is validated.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Anchors with their policies, and certificates that may help to build paths.
    pub trust: &'a Trust,
    /// Certificates, CRLs and OCSP responses at hand.
    pub evidence: &'a Evidence,
    /// The policy; `None`: that of the store that anchors the path.
    pub policy: Option<&'a Policy>,
    /// The use.
    pub usage: Usage,
    /// The time at which everything must hold.
    pub validation_time: Time,
}

/// The verdict on one certificate.
#[derive(Clone, Debug)]
pub struct CertificateReport {
    /// The certificate.
    pub certificate: Certificate,
    /// The verdict, by the indications of EN 319 102-1.
    pub indication: Indication,
    /// Why it is not TOTAL-PASSED.
    pub reason: Option<Reason>,
    /// The path: the certificate first, the anchor last; that of the reason where no path stands.
    pub path: Vec<Certificate>,
    /// Revocation status of each certificate of the path, as far as it is known.
    pub revocation: Vec<RevocationFact>,
    /// Whether revocation status was demanded, and every one is known and good.
    pub revocation_checked: bool,
    /// The store that holds the anchor.
    pub trust_store: Option<String>,
    /// The policy that applied.
    pub policy: Option<String>,
    /// What would help.
    pub needs: Vec<Need>,
    /// The time at which it was judged.
    pub validation_time: Time,
}

/// Why a certificate does not pass.
#[derive(Clone, Debug)]
pub enum Reason {
    /// There is no trust anchor at all.
    NoTrustAnchors,
    /// No path holds.
    Path(Box<PathError>),
    /// A path is there; a signature on it, or on the revocation status along it, is too weak at that time.
    Weak(Box<WeakAlgorithm>),
    /// A path is there; the policy's suites do not take the certificate's own key for signatures at that time.
    WeakKey(PublicKeyAlgorithm),
    /// A path holds; a certificate of it is revoked, or its status is not known.
    Revocation(Box<RevocationError>),
}

impl Reason {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoTrustAnchors => "no-trust-anchors",
            Self::Path(error) if error.unsupported_algorithm().is_some() => {
                "algorithm-not-supported"
            }
            Self::Path(error) => match **error {
                PathError::UnknownIssuer { .. } => "issuer-unknown",
                PathError::Expired { .. } => "expired",
                PathError::NotYetValid { .. } => "not-yet-valid",
                PathError::SignatureInvalid { .. } => "signature-value",
                PathError::WeakKey { .. } | PathError::WeakAlgorithm { .. } => "algorithm-too-weak",
                _ => "path",
            },
            Self::Weak(_) | Self::WeakKey(_) => "algorithm-too-weak",
            Self::Revocation(error) => match **error {
                RevocationError::Revoked { .. } => "revoked",
                RevocationError::UnknownToResponder { .. } => "unknown-to-responder",
                RevocationError::NotFresh { .. } => "revocation-stale",
                RevocationError::SignerStatus { .. } => "revocation-signer",
                RevocationError::NoStatus { .. } => "revocation-unknown",
                RevocationError::TooManyQuestions { .. } => "too-many-questions",
            },
        }
    }

    /// The verdict that this reason stands for.
    fn indication(&self, certificate: &Certificate) -> Indication {
        use IndeterminateReason as I;
        match self {
            Self::NoTrustAnchors => Indication::Indeterminate(I::NoCertificateChainFound),
            Self::Path(error) => path_indication(error, certificate),
            Self::Weak(_) | Self::WeakKey(_) => {
                Indication::Indeterminate(I::CryptoConstraintsFailureNoPoe)
            }
            Self::Revocation(error) => match &**error {
                RevocationError::Revoked { .. } => Indication::TotalFailed(FailedReason::Revoked),
                _ => Indication::Indeterminate(I::TryLater),
            },
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTrustAnchors => f.write_str("no trust anchors were given"),
            Self::Path(error) => error.fmt(f),
            Self::Weak(weak) => match weak.until {
                Some(Expiry::At(end)) => write!(
                    f,
                    "{} is signed with {}, held to be strong until {end}",
                    weak.material, weak.algorithm
                ),
                Some(Expiry::Never) | None => write!(
                    f,
                    "{} is signed with {}, which the policy does not take",
                    weak.material, weak.algorithm
                ),
            },
            Self::WeakKey(key) => write!(f, "the policy takes no signatures under a key of {key}"),
            Self::Revocation(error) => error.fmt(f),
        }
    }
}

/// The indication for a path that does not hold at a time that the caller names: what is certain about the certificate
/// itself fails, what another path might mend is open.
fn path_indication(error: &PathError, certificate: &Certificate) -> Indication {
    use IndeterminateReason as I;
    let validity = certificate.validity();
    match error {
        // The certificate's own period decides for certain, whichever certificate the search named.
        PathError::Expired { time, .. } | PathError::NotYetValid { time, .. } => {
            if *time > validity.not_after {
                Indication::TotalFailed(FailedReason::Expired)
            } else if *time < validity.not_before {
                Indication::TotalFailed(FailedReason::NotYetValid)
            } else {
                Indication::Indeterminate(I::OutOfBoundsNoPoe)
            }
        }
        PathError::SignatureInvalid { .. } => {
            Indication::TotalFailed(FailedReason::SigCryptoFailure)
        }
        PathError::UnknownIssuer { .. } => Indication::Indeterminate(I::NoCertificateChainFound),
        PathError::WeakAlgorithm { .. } | PathError::WeakKey { .. } => {
            Indication::Indeterminate(I::CryptoConstraintsFailure)
        }
        PathError::UnsupportedAlgorithm { .. }
        | PathError::UnsupportedSignature { .. }
        | PathError::UnusableKey { .. }
        | PathError::TooManySignatureChecks { .. } => {
            Indication::Indeterminate(I::CertificateChainGeneralFailure)
        }
        _ => Indication::Indeterminate(I::ChainConstraintsFailure),
    }
}

/// Validates a certificate; the first store under whose anchors and policy it stands is the one that applies.
#[must_use]
pub fn validate(certificate: &Certificate, options: &Options<'_>) -> CertificateReport {
    let mut closest: Option<CertificateReport> = None;
    for store in options.trust.stores.iter().filter(|store| !store.anchors.is_empty()) {
        let report = under(certificate, store, options);
        if report.indication == Indication::TotalPassed {
            return report;
        }
        // A path that holds says more than one that does not.
        let better = closest.as_ref().is_none_or(|best| rank(&report) > rank(best));
        if better {
            closest = Some(report);
        }
    }
    closest.unwrap_or_else(|| without_anchors(certificate, options))
}

/// How much a refusal says: about revocation most, then about the path, least that an issuer is not known.
fn rank(report: &CertificateReport) -> u8 {
    match &report.reason {
        None | Some(Reason::Revocation(_) | Reason::Weak(_) | Reason::WeakKey(_)) => 2,
        Some(Reason::Path(error)) => u8::from(!matches!(**error, PathError::UnknownIssuer { .. })),
        Some(Reason::NoTrustAnchors) => 0,
    }
}

fn without_anchors(certificate: &Certificate, options: &Options<'_>) -> CertificateReport {
    let mut report = blank(certificate, options);
    let policy = options.policy.filter(|policy| !policy.signature.require_path);
    let Some(policy) = policy else {
        report.needs.push(Need::TrustAnchor);
        return refused(report, Reason::NoTrustAnchors);
    };
    let rules = path_policy(policy, options.usage, options.validation_time);
    match check_end_entity(certificate, &rules, options.validation_time) {
        Ok(()) => report,
        Err(error) => refused(report, Reason::Path(Box::new(error))),
    }
}

fn blank(certificate: &Certificate, options: &Options<'_>) -> CertificateReport {
    CertificateReport {
        certificate: certificate.clone(),
        indication: Indication::TotalPassed,
        reason: None,
        path: Vec::new(),
        revocation: Vec::new(),
        revocation_checked: false,
        trust_store: None,
        policy: options.policy.map(|policy| policy.name.clone()),
        needs: Vec::new(),
        validation_time: options.validation_time,
    }
}

fn refused(mut report: CertificateReport, reason: Reason) -> CertificateReport {
    report.indication = reason.indication(&report.certificate);
    report.reason = Some(reason);
    report
}

fn under(
    certificate: &Certificate,
    store: &TrustStore,
    options: &Options<'_>,
) -> CertificateReport {
    let policy = options.policy.unwrap_or(&store.policy);
    let rules = path_policy(policy, options.usage, options.validation_time);
    let candidates = [options.trust.candidates.as_slice(), &options.evidence.certificates].concat();
    let course = Course { policy, rules: &rules, candidates: &candidates, options };
    let moment = Moment::At(options.validation_time);
    let mut report = blank(certificate, options);
    report.policy = Some(policy.name.clone());
    let found = search_path(
        certificate,
        &candidates,
        &store.anchors,
        &rules,
        moment,
        &mut |path: &ValidatedPath| course.accept(path),
    );
    let (path, reason) = match found {
        Ok(path) => (path, None),
        Err(SearchFailure::Refused { path, error }) => (*path, Some(error)),
        Err(SearchFailure::NoPath(error)) => {
            report.needs = course.issuer_needs(certificate, &error);
            return refused(report, Reason::Path(Box::new(error)));
        }
    };
    report.trust_store = Some(store.name.clone());
    report.path = path.chain();
    report.revocation = course.facts(&report.path);
    report.revocation_checked = policy.revocation.required && reason.is_none();
    match reason {
        None => report,
        Some(reason) => {
            let open = |error: &RevocationError| !matches!(error, RevocationError::Revoked { .. });
            if matches!(&reason, Reason::Revocation(error) if open(error)) {
                report.needs = course.status_needs(&report);
            }
            refused(report, reason)
        }
    }
}

/// One validation under one store.
struct Course<'a> {
    policy: &'a Policy,
    rules: &'a PathPolicy,
    candidates: &'a [Certificate],
    options: &'a Options<'a>,
}

impl Course<'_> {
    /// Revocation and algorithms along a path. What is known to be revoked refuses under every policy, what is not known
    /// under those that demand to know; the suites judge as they do for a signature without a proof of existence.
    fn accept(&self, path: &ValidatedPath) -> Result<(), Reason> {
        let (suites, time) = (&self.policy.suites, self.options.validation_time);
        let found = self.status(path);
        if let Err(Reason::Revocation(error)) = &found
            && matches!(**error, RevocationError::Revoked { .. })
        {
            return found.map(|_good| ());
        }
        let chain = path.chain();
        let weak = |weak| Reason::Weak(Box::new(weak));
        weak_in_chain(suites, &chain, time).map_or(Ok(()), |one| Err(weak(one)))?;
        if self.options.usage == Usage::DocumentSigning {
            strong_key(path.end_entity(), suites, time)?;
        }
        weak_in_statuses(suites, &found?, time).map_or(Ok(()), |one| Err(weak(one)))
    }

    fn status(&self, path: &ValidatedPath) -> Result<Vec<StatusRecord>, Reason> {
        let evidence = StatusEvidence {
            certificates: self.candidates,
            crls: &self.options.evidence.crls,
            ocsp: &self.options.evidence.ocsp,
        };
        let constraints = &self.policy.revocation;
        let freshness = Freshness {
            max_age_seconds: constraints.max_age,
            clock_skew_seconds: constraints.clock_skew,
            ..Freshness::next_update()
        };
        let time = self.options.validation_time;
        match check_path(path, evidence, &self.status_rules(), freshness, time) {
            Ok(records) => Ok(records),
            Err(error) => {
                let revoked = matches!(error, RevocationError::Revoked { .. });
                let refuses = constraints.required || revoked;
                if refuses { Err(Reason::Revocation(Box::new(error))) } else { Ok(Vec::new()) }
            }
        }
    }

    /// By what the signers of revocation status are judged: a strong statement is found behind a weak one.
    fn status_rules(&self) -> PathPolicy {
        let digests = DigestAlgorithm::ALL.into_iter();
        let time = self.options.validation_time;
        let strong = |digest: &DigestAlgorithm| {
            self.policy.suites.digests.get(digest).is_some_and(|expiry| expiry.covers(time))
        };
        PathPolicy {
            purposes: Vec::new(),
            signing_key_usage: false,
            digests: digests.filter(strong).collect(),
            ..self.rules.clone()
        }
    }

    /// What is known of each certificate of a chain: the newest statement.
    fn facts(&self, chain: &[Certificate]) -> Vec<RevocationFact> {
        let anchors: Vec<_> = chain
            .last()
            .cloned()
            .map(kyso_x509::TrustAnchor::from_certificate)
            .into_iter()
            .collect();
        let below = chain.windows(2).filter_map(|pair| match pair {
            [certificate, issuer] => Some(self.fact(certificate, issuer, &anchors)),
            _ => None,
        });
        let anchor = chain.last().map(|certificate| RevocationFact {
            certificate: certificate.clone(),
            state: RevocationState::NotNeeded,
            source: None,
        });
        below.chain(anchor).collect()
    }

    fn fact(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        anchors: &[kyso_x509::TrustAnchor],
    ) -> RevocationFact {
        let found = find_statuses(&Query {
            certificate,
            issuer,
            candidates: self.candidates,
            anchors,
            crls: &self.options.evidence.crls,
            ocsp: &self.options.evidence.ocsp,
            policy: &self.status_rules(),
            moment: Moment::At(self.options.validation_time),
        });
        let latest = later(self.options.validation_time, self.policy.revocation.clock_skew);
        let known = |record: &&StatusRecord| record.this_update <= latest;
        let record = found.records.iter().find(known).or(found.records.first());
        let state = match record.map(|record| record.status) {
            Some(CertificateStatus::Good) => RevocationState::Good,
            Some(CertificateStatus::Revoked(entry)) => {
                RevocationState::Revoked { time: entry.revocation_date, reason: entry.reason }
            }
            Some(CertificateStatus::Unknown) | None => RevocationState::Unknown,
        };
        RevocationFact {
            certificate: certificate.clone(),
            state,
            source: record.map(revocation_source),
        }
    }

    /// The status of each certificate of the path that is not known.
    fn status_needs(&self, report: &CertificateReport) -> Vec<Need> {
        let skew = self.policy.revocation.clock_skew;
        let fresh = |fact: &RevocationFact| {
            let source = fact.source.as_ref();
            fact.state == RevocationState::Good
                && source
                    .and_then(|source| source.next_update)
                    .is_some_and(|next| self.options.validation_time <= later(next, skew))
        };
        let pairs = report.path.windows(2).zip(&report.revocation);
        pairs
            .filter(|(_, fact)| !fresh(fact))
            .filter_map(|(pair, _)| match pair {
                [certificate, issuer] => Some(Need::RevocationStatus {
                    certificate: certificate.clone(),
                    issuer: issuer.clone(),
                    ocsp: certificate.ocsp_urls(),
                    crls: crl_urls(certificate, &self.options.evidence.crls),
                }),
                _ => None,
            })
            .collect()
    }

    /// The issuer that no candidate is, with the addresses that its certificate's subject names.
    fn issuer_needs(&self, certificate: &Certificate, error: &PathError) -> Vec<Need> {
        let PathError::UnknownIssuer { subject, issuer } = error else { return Vec::new() };
        let orphan = std::iter::once(certificate)
            .chain(self.candidates)
            .find(|one| one.subject() == subject && one.issuer() == issuer);
        let sources = orphan.map(Certificate::ca_issuer_urls).unwrap_or_default();
        vec![Need::IssuerCertificate { issuer: issuer.to_string(), sources }]
    }
}

/// A time so many seconds on.
const fn later(time: Time, seconds: i64) -> Time {
    Time::from_unix_seconds(time.as_unix_seconds().saturating_add(seconds))
}

fn revocation_source(record: &StatusRecord) -> RevocationSource {
    let (kind, sha256) = match &record.source {
        StatusSource::Crl(list) => (RevocationKind::Crl, list.sha256()),
        StatusSource::Delta { delta, .. } => (RevocationKind::Crl, delta.sha256()),
        StatusSource::Ocsp(response) => (RevocationKind::Ocsp, response.sha256()),
    };
    RevocationSource {
        kind,
        signer: record.signer.clone(),
        this_update: record.this_update,
        next_update: record.next_update,
        produced_at: record.produced_at,
        sha256,
    }
}

/// The key that is to sign documents.
fn strong_key(
    certificate: &Certificate,
    suites: &CryptographicSuites,
    time: Time,
) -> Result<(), Reason> {
    match certificate.borrowed_public_key() {
        Ok(key) if !is_strong_key(suites, key.algorithm(), time) => {
            Err(Reason::WeakKey(key.algorithm()))
        }
        // A key that cannot be read stands on no path.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The policy's demands on a path at a time. Its digests are judged by the suites once a path is found, so that the
/// report can name it.
fn path_policy(policy: &Policy, usage: Usage, time: Time) -> PathPolicy {
    let base = PathPolicy::any_usage();
    let rules = [policy.suites.rsa_pkcs1.as_slice(), &policy.suites.rsa_pss].concat();
    let usable = rules.iter().filter(|rule| covers(rule, time)).map(|rule| rule.min_bits);
    let (purposes, signing_key_usage) = match usage {
        Usage::DocumentSigning => (policy.path.purposes.clone(), policy.path.signing_key_usage),
        Usage::Any => (Vec::new(), false),
    };
    PathPolicy {
        purposes_of_authorities: !purposes.is_empty(),
        purposes,
        signing_key_usage,
        min_rsa_bits: usable.min().unwrap_or(usize::MAX),
        digests: DigestAlgorithm::ALL.to_vec(),
        anchor_validity: policy.path.anchor_validity,
        policies: policy.path.policies.clone(),
        explicit_policy: policy.path.explicit_policy,
        max_path_len: policy.limits.max_path_len,
        max_signature_checks: policy.limits.max_signature_checks,
        ..base
    }
}

fn covers(rule: &KeyRule, time: Time) -> bool {
    let expiry: Expiry = rule.expiry;
    expiry.covers(time)
}
