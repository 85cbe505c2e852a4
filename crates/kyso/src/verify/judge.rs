//! From what was gathered to a verdict (EN 319 102-1 §5.3, basic signature validation).

use kyso_cades::{
    ContentDigests, FailureIndication, SignatureLevel, SignedData, SignedDataError,
    SigningCertificateBinding, VerifiedSignature, VerifyFailure, verify_signer,
};
use kyso_pades::{Signature, SubFilter};
use kyso_x509::path::{PathError, PathPolicy, ValidatedPath, check_end_entity, validate_path};
use kyso_x509::{DigestAlgorithm, PublicKeyAlgorithm};

use super::{Options, Policy, claimed_time, sub_filter_name};
use kyso_validation::indication::{FailedReason, IndeterminateReason, Indication};
use kyso_validation::report::{Check, Finding, Need, SignatureReport};

/// Judges signatures by a policy at a time.
pub(super) struct Judge<'a> {
    pub(super) options: &'a Options<'a>,
}

/// A CMS structure and the digests of its content, where the content is at hand.
pub(super) struct Presented<'a> {
    pub(super) signed_data: &'a SignedData,
    pub(super) content: Option<&'a ContentDigests>,
}

impl Judge<'_> {
    /// One signature of a PDF.
    pub(super) fn pdf_signature(
        &self,
        signature: Signature,
        message: Option<Result<SignedData, SignedDataError>>,
        content: &ContentDigests,
    ) -> SignatureReport {
        let format = sub_filter_name(signature.sub_filter.as_ref());
        let mut report = self.blank(signature.field_name.clone(), format);
        report.claimed_signing_time = claimed_time(&signature);
        // 1. Format: the byte range leaves out exactly this signature's value.
        let coverage = match &signature.coverage {
            Ok(coverage) => coverage,
            Err(failure) => {
                report.covers_whole_document = Some(false);
                report.fail(FailedReason::FormatFailure, Finding::Coverage(*failure));
                return report;
            }
        };
        report.covers_whole_document = Some(coverage.covers_whole_document);
        report.checked.push(Check::ByteRange);
        if !matches!(
            signature.sub_filter,
            Some(SubFilter::EtsiCadesDetached | SubFilter::AdbePkcs7Detached)
        ) {
            let name = sub_filter_name(signature.sub_filter.as_ref());
            let finding = Finding::SubFilterNotSupported { name };
            report.open(IndeterminateReason::SigConstraintsFailure, finding);
            return report;
        }
        let signed_data = match message {
            Some(Ok(signed_data)) => signed_data,
            Some(Err(error)) => {
                report.fail(FailedReason::FormatFailure, Finding::Message(error));
                return report;
            }
            None => {
                report.fail(FailedReason::FormatFailure, Finding::NoMessage);
                return report;
            }
        };
        let count = signed_data.signer_infos().len();
        if count != 1 {
            report.fail(FailedReason::FormatFailure, Finding::SignerCount { count });
            return report;
        }
        let presented = Presented { signed_data: &signed_data, content: Some(content) };
        let verified = self.signer(&presented, 0, &mut report);
        if let Some(verified) = &verified {
            report.level = Some(pades_level(&signature, verified));
            if verified.signing_time().is_some() {
                report.warnings.push(Finding::SigningTimeInPdf);
            }
        }
        if report.claimed_signing_time.is_none() {
            report.warnings.push(Finding::NoClaimedTime);
        }
        // What follows a signature may change what is shown; it is not compared yet, so nothing is promised.
        if coverage.covers_whole_document {
            report.checked.push(Check::WholeDocument);
        } else {
            report.not_checked.push(Check::WholeDocument);
            report.open(
                IndeterminateReason::SigConstraintsFailure,
                Finding::LaterRevisions { sections: coverage.later_sections },
            );
        }
        report
    }

    /// One signer of a CMS file.
    pub(super) fn cms_signer(&self, presented: &Presented<'_>, index: usize) -> SignatureReport {
        let format =
            if presented.signed_data.is_detached() { "CMS detached" } else { "CMS attached" };
        let mut report = self.blank((index + 1).to_string(), format.to_owned());
        if presented.content.is_none() {
            report.needs.push(Need::Content);
        }
        if let Some(verified) = self.signer(presented, index, &mut report) {
            report.claimed_signing_time = verified.signing_time();
            report.level = Some(match verified.level() {
                SignatureLevel::CadesBB => "CAdES-B-B",
                SignatureLevel::CadesEBes => "CAdES-E-BES",
                SignatureLevel::Cms => "CMS",
            });
        }
        report
    }

    /// 2. to 5.: value, binding, algorithms, path, revocation.
    fn signer(
        &self,
        presented: &Presented<'_>,
        index: usize,
        report: &mut SignatureReport,
    ) -> Option<VerifiedSignature> {
        let nothing = ContentDigests::from_digests(Vec::new());
        let content = presented.content.unwrap_or(&nothing);
        let extra = &self.options.trust.candidates;
        if let Some(info) = presented.signed_data.signer_infos().get(index) {
            report.counter_signatures = info.counter_signatures().len();
        }
        // 2. Signing certificate, digest, value (§5.2.3, §5.2.7).
        let verified = match verify_signer(presented.signed_data, index, content, extra) {
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
        // 3. Algorithms (§5.2.8).
        self.algorithms(&verified, report);
        // 4. and 5. Path and revocation (§5.2.6).
        self.path(&verified, presented.signed_data, report);
        Some(verified)
    }

    fn algorithms(&self, verified: &VerifiedSignature, report: &mut SignatureReport) {
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
        &self,
        verified: &VerifiedSignature,
        signed_data: &SignedData,
        report: &mut SignatureReport,
    ) {
        let Options { trust, policy, validation_time, .. } = *self.options;
        let path_policy = PathPolicy::document_signing();
        if trust.anchors.is_empty() {
            if policy == Policy::IntegrityOnly {
                report.not_checked.extend([Check::CertificatePath, Check::RevocationStatus]);
                if let Err(error) =
                    check_end_entity(verified.certificate(), &path_policy, validation_time)
                {
                    report.open(path_reason(&error), Finding::EndEntity(Box::new(error)));
                }
            } else {
                report.not_checked.extend([Check::CertificatePath, Check::RevocationStatus]);
                report.needs.push(Need::TrustAnchor);
                report.open(IndeterminateReason::NoCertificateChainFound, Finding::NoTrustAnchors);
            }
            return;
        }
        let mut candidates = signed_data.certificates();
        candidates.extend(trust.candidates.iter().cloned());
        let path = validate_path(
            verified.certificate(),
            &candidates,
            &trust.anchors,
            &path_policy,
            validation_time,
        );
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                report.not_checked.extend([Check::CertificatePath, Check::RevocationStatus]);
                if let PathError::UnknownIssuer { issuer, .. } = &error {
                    let issuer = issuer.to_string();
                    report.needs.push(Need::IssuerCertificate { issuer, sources: Vec::new() });
                }
                report.open(path_reason(&error), Finding::Path(Box::new(error)));
                return;
            }
        };
        report.checked.push(Check::CertificatePath);
        report.trust_anchor = Some(path.anchor().certificate().clone());
        report.not_checked.push(Check::RevocationStatus);
        if policy == Policy::RevocationRequired {
            report.needs.extend(revocation_needs(&path));
            report.open(IndeterminateReason::TryLater, Finding::RevocationUnknown);
        }
    }

    /// A report that passes until something is found.
    fn blank(&self, id: String, format: String) -> SignatureReport {
        SignatureReport {
            id,
            format,
            level: None,
            indication: Indication::TotalPassed,
            errors: Vec::new(),
            warnings: Vec::new(),
            signer: None,
            algorithm: None,
            content_digest: None,
            claimed_signing_time: None,
            best_signature_time: self.options.validation_time,
            covers_whole_document: None,
            trust_anchor: None,
            trust_store: None,
            policy: Some(self.options.policy.name().to_owned()),
            path: Vec::new(),
            revocation: Vec::new(),
            timestamps: Vec::new(),
            checked: Vec::new(),
            not_checked: Vec::new(),
            needs: Vec::new(),
            counter_signatures: 0,
        }
    }
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

/// PAdES B-B is what EN 319 142-1 v1.2.1 §6.3 asks for; anything less is named for what it is.
fn pades_level(signature: &Signature, verified: &VerifiedSignature) -> &'static str {
    let baseline = signature.sub_filter == Some(SubFilter::EtsiCadesDetached)
        && verified.signing_certificate() != SigningCertificateBinding::Missing
        && verified.signing_time().is_none()
        && signature.modified.is_some();
    if baseline { "PAdES-B-B" } else { "PDF-CMS" }
}

/// The sub-indication for a path that does not hold (EN 319 102-1 v1.3.1 §5.2.6.4).
fn path_reason(error: &PathError) -> IndeterminateReason {
    use IndeterminateReason as I;
    match error {
        PathError::UnknownIssuer { .. } => I::NoCertificateChainFound,
        // Nothing proves that the signature existed while the certificate was valid.
        PathError::Expired { .. }
        | PathError::NotYetValid { .. }
        | PathError::NoCommonValidity { .. } => I::OutOfBoundsNoPoe,
        PathError::WeakAlgorithm { .. } | PathError::WeakKey { .. } => I::CryptoConstraintsFailure,
        PathError::NotForSigning { .. }
        | PathError::PurposeNotAccepted { .. }
        | PathError::PurposeMissing { .. }
        | PathError::NotACertificateAuthority { .. }
        | PathError::NotForCertificateSigning { .. }
        | PathError::PathLenConstraint { .. }
        | PathError::NameNotPermitted { .. }
        | PathError::NameExcluded { .. }
        | PathError::PolicyNotAccepted { .. }
        | PathError::AnyPolicyMapped { .. }
        | PathError::PathTooLong { .. } => I::ChainConstraintsFailure,
        PathError::SignatureInvalid { .. }
        | PathError::SignatureAlgorithmMismatch { .. }
        | PathError::UnsupportedAlgorithm { .. }
        | PathError::UnsupportedSignature { .. }
        | PathError::UnusableKey { .. }
        | PathError::UnknownCriticalExtension { .. }
        | PathError::MalformedExtension { .. }
        | PathError::UnsupportedNameForm { .. }
        | PathError::TooManyPolicies { .. }
        | PathError::TooManyNameComparisons { .. }
        | PathError::TooManySignatureChecks { .. } => I::CertificateChainGeneralFailure,
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
