//! Verdicts of the library as wire types: what `POST /v1/verifications` answers and `kyso verify --json` prints.

use kyso::report::{Check, FileReport, Finding, Need, SignatureReport};
use kyso_protocol::{self as wire, CertificateFacts, SignatureVerdict, VerificationReport};
use kyso_x509::Certificate;

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
        policy: report.policy.clone().unwrap_or_default(),
        validation_time: report.validation_time.to_string(),
        signatures: report.signatures.iter().map(|one| of_signature(one, lang)).collect(),
    }
}

fn of_signature(signature: &SignatureReport, lang: Lang) -> SignatureVerdict {
    let finding = |finding: &Finding| wire::Finding {
        code: finding.code().to_owned(),
        text: explain::verify::finding(finding, lang),
    };
    let codes = |checks: &[Check]| checks.iter().map(|one| check_code(*one).to_owned()).collect();
    SignatureVerdict {
        id: signature.id.clone(),
        format: signature.format.clone(),
        level: signature.level.map(str::to_owned),
        indication: signature.indication.as_str().to_owned(),
        sub_indication: signature.indication.sub_indication().map(str::to_owned),
        errors: signature.errors.iter().map(finding).collect(),
        warnings: signature.warnings.iter().map(finding).collect(),
        signer: signature.signer.as_ref().map(certificate_facts),
        algorithm: signature.algorithm.map(|algorithm| algorithm.to_string()),
        claimed_signing_time: signature.claimed_signing_time.map(|time| time.to_string()),
        best_signature_time: signature.best_signature_time.to_string(),
        covers_whole_document: signature.covers_whole_document,
        changes: Vec::new(),
        timestamps: Vec::new(),
        counter_signatures: signature.counter_signatures,
        trust_anchor: signature.trust_anchor.as_ref().map(certificate_facts),
        checked: codes(&signature.checked),
        not_checked: codes(&signature.not_checked),
        needs: signature.needs.iter().map(need).collect(),
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

fn need(need: &Need) -> wire::Need {
    match need {
        Need::TrustAnchor => wire::Need::TrustAnchor,
        Need::IssuerCertificate { issuer, .. } => {
            wire::Need::IssuerCertificate { issuer: issuer.clone() }
        }
        Need::RevocationStatus { certificate, ocsp, crls, .. } => wire::Need::RevocationStatus {
            subject: certificate.subject().to_string(),
            sources: [ocsp.as_slice(), crls.as_slice()].concat(),
        },
        Need::Content => wire::Need::Content,
    }
}

const fn check_code(check: Check) -> &'static str {
    match check {
        Check::ByteRange => "byte-range",
        Check::ContentDigest => "content-digest",
        Check::SignatureValue => "signature-value",
        Check::SigningCertificate => "signing-certificate",
        Check::Algorithms => "algorithms",
        Check::WholeDocument => "whole-document",
        Check::CertificatePath => "certificate-path",
        Check::RevocationStatus => "revocation-status",
        Check::Timestamps => "time-stamps",
    }
}
