//! Verdicts of the library as wire types: what `POST /v1/verifications` answers and `kyso verify --json` prints.

pub mod certificate;
pub mod facts;
pub mod moment;
pub mod pdf;
pub mod text;
pub mod unit;

use kyso::report::{
    Check, FileReport, Finding, Need, RevocationFact, RevocationState, SignatureReport,
    TimestampReport,
};
use kyso_protocol::{self as wire, CertificateFacts, SignatureVerdict, VerificationReport};
use kyso_validation::attempt::Attempt;
use kyso_x509::{Certificate, Digest, RevocationReason};

use crate::explain;
use crate::text::Lang;

/// The verdict on one file; texts of findings in this language.
#[must_use]
pub fn of_file(report: &FileReport, lang: Lang) -> VerificationReport {
    VerificationReport {
        file: report.file.to_string_lossy().into_owned(),
        format: report.format.as_str().to_owned(),
        indication: report.indication.as_str().to_owned(),
        sub_indication: report.indication.sub_indication().map(str::to_owned),
        policy: report.policy.clone(),
        validation_time: report.validation_time.to_string(),
        signatures: report.signatures.iter().map(|one| of_signature(one, lang)).collect(),
        attempts: report.attempts.iter().map(|one| attempt(one, lang)).collect(),
    }
}

fn of_signature(signature: &SignatureReport, lang: Lang) -> SignatureVerdict {
    let codes = |checks: &[Check]| checks.iter().map(|one| one.as_str().to_owned()).collect();
    let stamps = signature.timestamps.iter().map(|one| of_timestamp(one, lang));
    SignatureVerdict {
        id: signature.id.clone(),
        format: signature.format.clone(),
        level: signature.level.map(str::to_owned),
        indication: signature.indication.as_str().to_owned(),
        sub_indication: signature.indication.sub_indication().map(str::to_owned),
        errors: findings(&signature.errors, lang),
        warnings: findings(&signature.warnings, lang),
        signer: signature.signer.as_ref().map(certificate_facts),
        claimed_signer: signature.claimed_signer.as_ref().map(certificate_facts),
        algorithm: signature.algorithm.map(|algorithm| algorithm.to_string()),
        content_digest: signature.content_digest.as_ref().map(digest),
        managing_unit: signature.signer.as_ref().and_then(|one| unit::managing(one.subject())),
        claimed_signing_time: signature.claimed_signing_time.map(|time| time.to_string()),
        best_signature_time: signature.best_signature_time.to_string(),
        best_signature_time_source: signature
            .best_time_stamp()
            .map_or("validation-time", |stamp| stamp.kind.as_str())
            .to_owned(),
        covers_whole_document: signature.covers_whole_document,
        changes: signature.changes.as_slice().iter().map(|one| change(one, lang)).collect(),
        timestamps: stamps.collect(),
        counter_signatures: signature.counter_signatures,
        trust_anchor: signature.trust_anchor.as_ref().map(certificate_facts),
        trust_store: signature.trust_store.clone(),
        policy: signature.policy.clone(),
        path: signature.path.iter().map(certificate_facts).collect(),
        revocation: signature.revocation.iter().map(revocation).collect(),
        checked: codes(&signature.checked),
        not_checked: codes(&signature.not_checked),
        needs: signature.needs.iter().map(need).collect(),
    }
}

fn of_timestamp(stamp: &TimestampReport, lang: Lang) -> wire::TimestampVerdict {
    wire::TimestampVerdict {
        kind: stamp.kind.as_str().to_owned(),
        indication: stamp.indication.as_str().to_owned(),
        sub_indication: stamp.indication.sub_indication().map(str::to_owned),
        time: stamp.time.map(|time| time.to_string()),
        accuracy_micros: stamp.accuracy_micros,
        authority: stamp.authority.as_ref().map(certificate_facts),
        token_policy: stamp.token_policy.map(|oid| oid.to_string()),
        digest_algorithm: stamp.digest_algorithm.map(|algorithm| algorithm.to_string()),
        path: stamp.path.iter().map(certificate_facts).collect(),
        revocation: stamp.revocation.iter().map(revocation).collect(),
        errors: findings(&stamp.errors, lang),
        warnings: findings(&stamp.warnings, lang),
        sha256: hex::encode(stamp.sha256.as_bytes()),
    }
}

fn attempt(attempt: &Attempt, lang: Lang) -> wire::FetchAttempt {
    wire::FetchAttempt {
        wanted: attempt.wanted.as_str().to_owned(),
        source: attempt.source.clone(),
        code: attempt.failure.code().to_owned(),
        text: explain::verify::fetch_failure(&attempt.failure, lang),
    }
}

fn change(change: &kyso_pades::Change, lang: Lang) -> wire::Finding {
    wire::Finding { code: change.code().to_owned(), text: explain::change::change(change, lang) }
}

fn findings(found: &[Finding], lang: Lang) -> Vec<wire::Finding> {
    let row = |finding: &Finding| wire::Finding {
        code: finding.code().to_owned(),
        text: explain::verify::finding(finding, lang),
    };
    found.iter().map(row).collect()
}

/// The revocation status of one certificate.
#[must_use]
pub fn revocation(fact: &RevocationFact) -> wire::RevocationVerdict {
    let (status, revoked) = match fact.state {
        RevocationState::Good => ("good", None),
        RevocationState::Revoked { time, reason } => ("revoked", Some((time, reason))),
        RevocationState::Unknown => ("unknown", None),
        RevocationState::NotNeeded => ("not-needed", None),
    };
    wire::RevocationVerdict {
        subject: fact.certificate.subject().to_string(),
        sha256: hex::encode(fact.certificate.sha256_fingerprint().as_bytes()),
        status: status.to_owned(),
        revoked_at: revoked.map(|(time, _)| time.to_string()),
        reason: revoked.map(|(_, reason)| reason_code(reason).to_owned()),
        source: fact.source.as_ref().map(|source| wire::RevocationSourceFacts {
            kind: source.kind.as_str().to_owned(),
            signer: source.signer.subject().to_string(),
            this_update: source.this_update.to_string(),
            next_update: source.next_update.map(|time| time.to_string()),
            produced_at: source.produced_at.to_string(),
            sha256: hex::encode(source.sha256.as_bytes()),
        }),
    }
}

fn digest(digest: &Digest) -> wire::DigestFacts {
    wire::DigestFacts {
        algorithm: digest.algorithm().to_string(),
        value: hex::encode(digest.as_bytes()),
    }
}

/// CRLReason as RFC 5280 §5.3.1 spells it.
const fn reason_code(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Unspecified => "unspecified",
        RevocationReason::KeyCompromise => "keyCompromise",
        RevocationReason::CaCompromise => "cACompromise",
        RevocationReason::AffiliationChanged => "affiliationChanged",
        RevocationReason::Superseded => "superseded",
        RevocationReason::CessationOfOperation => "cessationOfOperation",
        RevocationReason::CertificateHold => "certificateHold",
        RevocationReason::RemoveFromCrl => "removeFromCRL",
        RevocationReason::PrivilegeWithdrawn => "privilegeWithdrawn",
        RevocationReason::AaCompromise => "aACompromise",
    }
}

/// What names a certificate.
#[must_use]
pub fn certificate_facts(certificate: &Certificate) -> CertificateFacts {
    CertificateFacts {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        serial: certificate.serial_hex(),
        sha256: hex::encode(certificate.sha256_fingerprint().as_bytes()),
        not_before: certificate.validity().not_before.to_string(),
        not_after: certificate.validity().not_after.to_string(),
    }
}

/// What is missing.
#[must_use]
pub fn need(need: &Need) -> wire::Need {
    match need {
        Need::TrustAnchor => wire::Need::TrustAnchor,
        Need::IssuerCertificate { issuer, .. } => {
            wire::Need::IssuerCertificate { issuer: issuer.clone(), sources: need.sources() }
        }
        Need::RevocationStatus { certificate, .. } => wire::Need::RevocationStatus {
            subject: certificate.subject().to_string(),
            sha256: hex::encode(certificate.sha256_fingerprint().as_bytes()),
            sources: need.sources(),
        },
        Need::Content => wire::Need::Content,
    }
}
