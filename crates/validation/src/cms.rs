//! Signatures in CMS messages (CAdES): what the message says, as [`crate::evaluation`] takes it.

use kyso_cades::archive::verify_archive_time_stamp;
use kyso_cades::level::{BaselineLevel, level_with};
use kyso_cades::timestamp::TokenError;
use kyso_cades::{
    ArchiveFailure, ContentDigests, EmbeddedEvidence, FailureIndication, SignatureLevel,
    SignaturePolicyIdentifier, SignedData, SignerInfo, TimeStampToken, VerifiedSignature,
    VerifyFailure, signature_imprint, verify_signer,
};
use kyso_x509::{Digest, DigestAlgorithm};

use crate::context::Context;
use crate::document::{DocumentSecurity, merge};
use crate::evaluation::{self, Named};
use crate::indication::{FailedReason, IndeterminateReason, Indication};
use crate::library::Library;
use crate::poe::{name_of, name_of_response};
use crate::report::{Check, Finding, Need, SignatureReport, TimestampKind};
use crate::target::{Attached, Imprint, Target, Timestamps};

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
    if let Some(limit) = evaluation::max_signers(context)
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
    let legacy = signer.legacy_archives().into_iter().map(Finding::LegacyArchive);
    report.warnings.extend(legacy);
    let mut digests = vec![verified.message_digest().algorithm()];
    digests.extend(beside.and_then(|beside| beside.digest));
    let timestamps = CmsTimestamps { signed_data, index, signer, content, beside };
    let target = Target {
        certificate: verified.certificate(),
        algorithm: verified.algorithm(),
        name: name_of(signer.signature()),
        digests,
        binding: verified.signing_certificate(),
        policy: signature_policy(signer),
        timestamps: &timestamps,
    };
    evaluation::run(&target, &library, report);
    Some((verified, evidence))
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

/// The signature policy that the signature names (RFC 5126 §5.8.1), where it names one.
fn signature_policy(signer: &SignerInfo) -> Option<Named> {
    match signer.signature_policy() {
        Ok(None | Some(SignaturePolicyIdentifier::Implied)) => None,
        Ok(Some(SignaturePolicyIdentifier::Named { oid, .. })) => Some(Named::Policy(oid)),
        Err(_) => Some(Named::Malformed),
    }
}

/// The time-stamps of one signer, with those of the document around the message.
struct CmsTimestamps<'a> {
    signed_data: &'a SignedData,
    index: usize,
    signer: &'a SignerInfo,
    content: &'a ContentDigests,
    beside: Option<Beside<'a>>,
}

type Read = Result<TimeStampToken, TokenError>;

impl Timestamps for CmsTimestamps<'_> {
    fn count(&self) -> usize {
        self.signer.archive_time_stamps().len()
            + self.signer.signature_time_stamps().len()
            + self.signer.content_time_stamps().len()
            + self.beside.map_or(0, |one| one.security.covering(one.end).count())
    }

    fn outermost_first(&self) -> Vec<Attached> {
        let mut all = Vec::new();
        // Document time-stamps are archive time-stamps of all that stands before them in the file.
        if let Some(beside) = self.beside {
            all.extend(beside.security.covering(beside.end).map(|document| {
                let token = &document.token;
                let imprint = Imprint::compare(document.digest.as_ref(), token);
                let coverage = beside.security.coverage(document, self.signed_data, self.signer);
                Attached {
                    kind: TimestampKind::Document,
                    token: Ok(token.clone()),
                    imprint,
                    coverage: Some(coverage.into()),
                }
            }));
        }
        // §5.6.3.4 steps 4 to 6: archive time-stamps from the newest, then those of the signature, then of the content.
        let groups = [
            (TimestampKind::Archive, self.signer.archive_time_stamps()),
            (TimestampKind::Signature, self.signer.signature_time_stamps()),
            (TimestampKind::Content, self.signer.content_time_stamps()),
        ];
        for (kind, mut tokens) in groups {
            tokens.sort_by_key(|token| core::cmp::Reverse(made_at(token)));
            all.extend(tokens.into_iter().map(|token| self.attached(kind, token)));
        }
        all
    }

    fn with_the_signature(&self) -> Vec<Digest> {
        let content = self.signer.content_time_stamps();
        let content = content.iter().flatten().map(|token| name_of(token.as_received()));
        let archival = self.signer.revocation_info_archival();
        let crls = archival.crls.iter().map(|one| one.sha256());
        content.chain(crls).chain(archival.ocsp.iter().map(name_of_response)).collect()
    }
}

impl CmsTimestamps<'_> {
    fn attached(&self, kind: TimestampKind, token: Read) -> Attached {
        let mut coverage = None;
        let imprint = match (&token, kind) {
            (Err(_), _) => Imprint::Unknown,
            (Ok(token), TimestampKind::Signature) => {
                let algorithm = token.info().message_imprint().algorithm();
                Imprint::compare(Some(&signature_imprint(self.signer, algorithm)), token)
            }
            (Ok(token), TimestampKind::Content) => {
                let algorithm = token.info().message_imprint().algorithm();
                Imprint::compare(self.content.find(algorithm), token)
            }
            (Ok(token), TimestampKind::Archive | TimestampKind::Document) => {
                let (data, index) = (self.signed_data, self.index);
                match verify_archive_time_stamp(data, index, token, self.content) {
                    Ok(covered) => {
                        coverage = Some(covered.into());
                        Imprint::Holds
                    }
                    Err(failure) => archive_imprint(failure),
                }
            }
        };
        Attached { kind, token, imprint, coverage }
    }
}

fn archive_imprint(failure: ArchiveFailure) -> Imprint {
    let reason = match failure {
        ArchiveFailure::ContentDigestMissing { .. } => return Imprint::Unknown,
        ArchiveFailure::ImprintMismatch { .. } => FailedReason::HashFailure,
        _ => FailedReason::FormatFailure,
    };
    Imprint::Fails(reason, Finding::Archive(Box::new(failure)))
}

fn made_at(token: &Read) -> Option<(kyso_x509::Time, u32)> {
    let info = token.as_ref().ok()?.info();
    Some((info.gen_time(), info.gen_time_micros()))
}
