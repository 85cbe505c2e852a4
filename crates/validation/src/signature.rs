//! Validation of one signer's signature (EN 319 102-1 §5.3).

use kyso_cades::{
    ContentDigests, FailureIndication, SignatureLevel, SignedData, SigningCertificateBinding,
    VerifiedSignature, VerifyFailure, verify_signer,
};
use kyso_x509::path::{PathError, PathPolicy, ValidatedPath, check_end_entity, validate_path};
use kyso_x509::{DigestAlgorithm, PublicKeyAlgorithm};

use crate::context::Context;
use crate::indication::{FailedReason, IndeterminateReason};
use crate::report::{Check, Finding, Need, SignatureReport};

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
    if let Some(verified) = validate(signed_data, index, content, context, &mut report) {
        report.claimed_signing_time = verified.signing_time();
        report.level = Some(match verified.level() {
            SignatureLevel::CadesBB => "CAdES-B-B",
            SignatureLevel::CadesEBes => "CAdES-E-BES",
            SignatureLevel::Cms => "CMS",
        });
    }
    report
}

/// Everything but what the file around the message decides.
pub(crate) fn validate(
    signed_data: &SignedData,
    index: usize,
    content: Option<&ContentDigests>,
    context: &Context<'_>,
    report: &mut SignatureReport,
) -> Option<VerifiedSignature> {
    if content.is_none() {
        report.needs.push(Need::Content);
    }
    let nothing = ContentDigests::from_digests(Vec::new());
    let content = content.unwrap_or(&nothing);
    if let Some(info) = signed_data.signer_infos().get(index) {
        report.counter_signatures = info.counter_signatures().len();
    }
    // 1. Format, signing certificate, digest, value (§5.2.2, §5.2.3, §5.2.7).
    let verified = match verify_signer(signed_data, index, content, &context.trust.candidates) {
        Ok(verified) => verified,
        Err(failure) => {
            refuse(report, failure);
            return None;
        }
    };
    report.checked.extend([Check::ContentDigest, Check::SignatureValue]);
    report.signer = Some(verified.certificate().clone());
    report.algorithm = Some(verified.algorithm());
    report.content_digest = Some(*verified.message_digest());
    if verified.signing_certificate() == SigningCertificateBinding::Missing {
        report.open(IndeterminateReason::SigConstraintsFailure, Finding::CertificateNotBound);
    } else {
        report.checked.push(Check::SigningCertificate);
    }
    // 2. Algorithms (§5.2.8).
    algorithms(&verified, report);
    // 3. Path and revocation (§5.2.6).
    path(&verified, signed_data, context, report);
    Some(verified)
}

fn refuse(report: &mut SignatureReport, failure: VerifyFailure) {
    use FailureIndication as I;
    let indication = failure.indication();
    let finding = Finding::Signature(failure);
    match indication {
        I::FormatFailure => report.fail(FailedReason::FormatFailure, finding),
        I::HashFailure => report.fail(FailedReason::HashFailure, finding),
        I::SigCryptoFailure => report.fail(FailedReason::SigCryptoFailure, finding),
        I::NoSigningCertificateFound => {
            report.open(IndeterminateReason::NoSigningCertificateFound, finding);
        }
        I::CryptoConstraintsFailure => {
            report.open(IndeterminateReason::CryptoConstraintsFailure, finding);
        }
        I::SignedDataNotFound => {
            report.open(IndeterminateReason::SignedDataNotFound, finding);
        }
    }
}

fn algorithms(verified: &VerifiedSignature, report: &mut SignatureReport) {
    let reason = IndeterminateReason::CryptoConstraintsFailure;
    let mut weak = Vec::new();
    let digests =
        [Some(verified.message_digest().algorithm()), verified.algorithm().digest_algorithm()];
    if digests.contains(&Some(DigestAlgorithm::Sha1ForLegacyUseOnly)) {
        weak.push(Finding::WeakDigest(DigestAlgorithm::Sha1ForLegacyUseOnly));
    }
    if let Ok(key) = verified.certificate().public_key()
        && matches!(key.algorithm(), PublicKeyAlgorithm::Rsa { .. })
        && key.bits() < PathPolicy::document_signing().min_rsa_bits
    {
        weak.push(Finding::WeakKey { bits: key.bits() });
    }
    if weak.is_empty() {
        report.checked.push(Check::Algorithms);
    }
    for finding in weak {
        report.open(reason, finding);
    }
}

fn path(
    verified: &VerifiedSignature,
    signed_data: &SignedData,
    context: &Context<'_>,
    report: &mut SignatureReport,
) {
    let Context { trust, validation_time, .. } = *context;
    let path_policy = PathPolicy::document_signing();
    report.not_checked.push(Check::RevocationStatus);
    report.policy = context.policy.map(|policy| policy.name.clone());
    if trust.is_empty() {
        report.not_checked.push(Check::CertificatePath);
        if context.policy.is_some_and(|policy| !policy.signature.require_path) {
            if let Err(error) =
                check_end_entity(verified.certificate(), &path_policy, validation_time)
            {
                report.open(path_reason(&error), Finding::EndEntity(Box::new(error)));
            }
        } else {
            report.needs.push(Need::TrustAnchor);
            report.open(IndeterminateReason::NoCertificateChainFound, Finding::NoTrustAnchors);
        }
        return;
    }
    let mut candidates = signed_data.certificates();
    candidates.extend(trust.candidates.iter().cloned());
    candidates.extend(context.evidence.certificates.iter().cloned());
    let anchors: Vec<_> = trust.anchors().cloned().collect();
    let end_entity = verified.certificate();
    let path = match validate_path(end_entity, &candidates, &anchors, &path_policy, validation_time)
    {
        Ok(path) => path,
        Err(error) => {
            report.not_checked.push(Check::CertificatePath);
            if let PathError::UnknownIssuer { issuer, .. } = &error {
                let issuer = issuer.to_string();
                report.needs.push(Need::IssuerCertificate { issuer, sources: Vec::new() });
            }
            report.open(path_reason(&error), Finding::Path(Box::new(error)));
            return;
        }
    };
    let store = trust.store_of(path.anchor());
    let policy = context.policy.or(store.map(|store| &*store.policy));
    report.checked.push(Check::CertificatePath);
    report.trust_anchor = Some(path.anchor().certificate().clone());
    report.trust_store = store.map(|store| store.name.clone());
    report.policy = policy.map(|policy| policy.name.clone());
    report.path = path.chain();
    if policy.is_none_or(|policy| policy.revocation.required) {
        report.needs.extend(revocation_needs(&path));
        report.open(IndeterminateReason::TryLater, Finding::RevocationUnknown);
    }
}

/// The sub-indication for a path that does not hold (EN 319 102-1 §5.2.6.4).
fn path_reason(error: &PathError) -> IndeterminateReason {
    use IndeterminateReason as I;
    match error {
        PathError::UnknownIssuer { .. } => I::NoCertificateChainFound,
        // Nothing proves that the signature existed while the certificate was valid.
        PathError::Expired { .. } | PathError::NotYetValid { .. } => I::OutOfBoundsNoPoe,
        PathError::WeakAlgorithm { .. } | PathError::WeakKey { .. } => I::CryptoConstraintsFailure,
        PathError::NotForSigning { .. }
        | PathError::PurposeNotAccepted { .. }
        | PathError::NotACertificateAuthority { .. }
        | PathError::NotForCertificateSigning { .. }
        | PathError::PathLenConstraint { .. }
        | PathError::PathTooLong { .. } => I::ChainConstraintsFailure,
        _ => I::CertificateChainGeneralFailure,
    }
}

fn revocation_needs(path: &ValidatedPath) -> Vec<Need> {
    let chain = path.chain();
    let pairs = chain.iter().zip(chain.iter().skip(1));
    pairs
        .map(|(certificate, issuer)| Need::RevocationStatus {
            certificate: certificate.clone(),
            issuer: issuer.clone(),
            ocsp: certificate.ocsp_urls(),
            crls: certificate.crl_urls(),
        })
        .collect()
}
