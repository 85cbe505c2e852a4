//! Signatures of PDF documents (EN 319 142-1): what the PDF adds to its CMS message.

use kyso_cades::level::{BaselineLevel, has_status};
use kyso_cades::{
    ContentDigests, SignedData, SignedDataError, SigningCertificateBinding, TimeStampToken,
    VerifiedSignature, signature_imprint,
};
use kyso_pades::{Comparison, Coverage, Date, Signature, SignatureKind, SubFilter};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, Time};

use crate::cms::{self, Beside};
use crate::context::Context;
use crate::document::{DocumentSecurity, merge};
use crate::document_stamp;
use crate::indication::{FailedReason, IndeterminateReason};
use crate::poe::name_of;
use crate::report::{Check, Finding, SignatureReport};

/// Forbidden changes that a report names as reasons.
const MOST_FORBIDDEN: usize = 20;

/// Validates one signature of a PDF: its coverage, then its message as [`crate::validate_cms_signer`] does.
///
/// `message` is what [`Signature::message`] parsed to, `content` the digests of the signed byte range, `security` what
/// the document holds for the long term, `revisions` the comparison of what was appended later (`None` where the limits
/// did not allow one). Whether the document's structure can be relied on at all is the caller's to add.
#[must_use]
pub fn validate_pdf_signature(
    signature: &Signature,
    message: Option<Result<&SignedData, SignedDataError>>,
    content: &ContentDigests,
    security: &DocumentSecurity,
    revisions: Option<&Comparison>,
    context: &Context<'_>,
) -> SignatureReport {
    let format = sub_filter_name(signature.sub_filter.as_ref());
    let mut report =
        SignatureReport::blank(signature.field_name.clone(), format, context.validation_time);
    report.claimed_signing_time = claimed_time(signature);
    // Format (EN 319 102-1 §5.2.2): the byte range leaves out exactly this signature's value.
    let coverage = match &signature.coverage {
        Ok(coverage) => coverage,
        Err(failure) => {
            report.covers_whole_document = Some(false);
            if let Some(Ok(message)) = message {
                report.claimed_signer = crate::beside::claimed_by(message);
            }
            report.fail(FailedReason::FormatFailure, Finding::Coverage(*failure));
            return report;
        }
    };
    report.covers_whole_document = Some(coverage.covers_whole_document);
    report.checked.push(Check::ByteRange);
    validate_message(signature, message, content, security, coverage, context, &mut report);
    judge_revisions(signature, coverage, revisions, &mut report);
    report
}

/// What was appended after a signature, compared with what it signed (ISO 32000-2 §12.8.2).
fn judge_revisions(
    signature: &Signature,
    coverage: &Coverage,
    revisions: Option<&Comparison>,
    report: &mut SignatureReport,
) {
    let Some(revisions) = revisions else {
        if coverage.covers_whole_document {
            report.checked.push(Check::WholeDocument);
            return;
        }
        report.not_checked.push(Check::WholeDocument);
        report.open(
            IndeterminateReason::SigConstraintsFailure,
            Finding::LaterRevisions { sections: coverage.later_sections },
        );
        return;
    };
    report.changes = revisions.changes_after(signature);
    let findings = revisions.judge(signature);
    if findings.is_empty() {
        report.checked.push(Check::WholeDocument);
    }
    // The first ones say enough; all changes stand in `changes`.
    for finding in findings.into_iter().take(MOST_FORBIDDEN) {
        report.fail(FailedReason::FormatFailure, Finding::ForbiddenChange(Box::new(finding)));
    }
}

/// The message with the digest of what it covers, by the rules of its sub-filter.
fn validate_message(
    signature: &Signature,
    message: Option<Result<&SignedData, SignedDataError>>,
    content: &ContentDigests,
    security: &DocumentSecurity,
    coverage: &Coverage,
    context: &Context<'_>,
    report: &mut SignatureReport,
) {
    // ISO 32000-2 table 255: a document time-stamp is of one sub-filter. A person's signature by that name is one that
    // other readers do not take for a signature.
    let is_stamp = signature.kind == SignatureKind::DocumentTimeStamp;
    match &signature.sub_filter {
        other if is_stamp && *other != Some(SubFilter::EtsiRfc3161) => {
            let name = sub_filter_name(other.as_ref());
            report.fail(FailedReason::FormatFailure, Finding::NoTimestamp { name });
            return;
        }
        Some(SubFilter::EtsiCadesDetached | SubFilter::AdbePkcs7Detached) => {}
        Some(SubFilter::AdbePkcs7Sha1) => {
            return validate_pkcs7_sha1(message, content, security, coverage, context, report);
        }
        Some(SubFilter::EtsiRfc3161) => {
            let bytes = signature.message().unwrap_or_default();
            return document_stamp::validate(bytes, content, security, context, report);
        }
        other => {
            let name = sub_filter_name(other.as_ref());
            let finding = Finding::SubFilterNotSupported { name };
            report.open(IndeterminateReason::SigConstraintsFailure, finding);
            return;
        }
    }
    let Some(signed_data) = single(message, report) else { return };
    let beside = Beside { security, end: coverage.byte_range.end(), digest: None };
    let verified = cms::validate(signed_data, 0, content, Some(beside), context, report);
    if let Some((verified, _)) = &verified {
        let baseline = is_baseline(signature, verified);
        let worthless = report.worthless_timestamps();
        let level = || level_name(pdf_level(signed_data, security, beside.end, &worthless));
        report.level = Some(if baseline { level() } else { "PDF-CMS" });
        if verified.signing_time().is_some() {
            report.warnings.push(Finding::SigningTimeInPdf);
        }
    }
    if report.claimed_signing_time.is_none() {
        report.warnings.push(Finding::NoClaimedTime);
    }
}

/// The message, which has exactly one signer (ISO 32000-2 §12.8.3.3.1).
fn single<'a>(
    message: Option<Result<&'a SignedData, SignedDataError>>,
    report: &mut SignatureReport,
) -> Option<&'a SignedData> {
    let finding = match message {
        Some(Ok(signed_data)) => match signed_data.signer_infos().len() {
            1 => return Some(signed_data),
            count => Finding::SignerCount { count },
        },
        Some(Err(error)) => Finding::Message(error),
        None => Finding::NoMessage,
    };
    report.fail(FailedReason::FormatFailure, finding);
    None
}

/// `adbe.pkcs7.sha1` (ISO 32000-1 §12.8.3.3.1): the message holds the SHA-1 of the byte range as its content, so the
/// signature is worth no more than that SHA-1.
fn validate_pkcs7_sha1(
    message: Option<Result<&SignedData, SignedDataError>>,
    content: &ContentDigests,
    security: &DocumentSecurity,
    coverage: &Coverage,
    context: &Context<'_>,
    report: &mut SignatureReport,
) {
    let Some(signed_data) = single(message, report) else { return };
    let sha1 = DigestAlgorithm::Sha1ForLegacyUseOnly;
    let held = signed_data.content();
    let computed = content.find(sha1).map(|digest| digest.as_bytes());
    if held.is_none() || held != computed {
        report.fail(FailedReason::HashFailure, Finding::OtherContent);
        return;
    }
    let own = held.unwrap_or_default();
    let own = ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), own);
    let beside = Beside { security, end: coverage.byte_range.end(), digest: Some(sha1) };
    let verified = cms::validate(signed_data, 0, &own, Some(beside), context, report);
    report.level = verified.map(|_| "PDF-CMS");
}

/// `/M` as a time.
fn claimed_time(signature: &Signature) -> Option<Time> {
    let date = Date::parse(signature.modified.as_deref()?)?;
    Some(Time::from_unix_seconds(date.to_unix()))
}

/// The sub-filter's name as it stands in the file.
fn sub_filter_name(sub_filter: Option<&SubFilter>) -> String {
    sub_filter.map_or_else(|| "(none)".to_owned(), |known| known.as_name().into_owned())
}

/// PAdES B-B is what EN 319 142-1 v1.2.1 §6.3 asks for; anything less is named for what it is.
fn is_baseline(signature: &Signature, verified: &VerifiedSignature) -> bool {
    signature.sub_filter == Some(SubFilter::EtsiCadesDetached)
        && verified.signing_certificate() != SigningCertificateBinding::Missing
        && verified.signing_time().is_none()
        && signature.modified.is_some()
}

const fn level_name(level: BaselineLevel) -> &'static str {
    match level {
        BaselineLevel::B => "PAdES-B-B",
        BaselineLevel::T => "PAdES-B-T",
        BaselineLevel::Lt => "PAdES-B-LT",
        BaselineLevel::Lta => "PAdES-B-LTA",
    }
}

/// The level that is really there (EN 319 142-1 v1.2.1 §6.3).
///
/// B-T has a time-stamp of the signature or, behind it, of the document; B-LT also brings the status of every
/// certificate on the way up from signer and authorities, in its message or the security store; B-LTA has a document
/// time-stamp behind all of that, whose own status may come with the next one. Whether they hold good is for validation
/// to say: it names by their SHA-256 the tokens that prove nothing, which neither reach a level nor keep one away.
/// `end` is where the signature's byte range ends; B-B is taken for granted.
#[must_use]
pub fn pdf_level(
    signed_data: &SignedData,
    security: &DocumentSecurity,
    end: u64,
    worthless: &[Digest],
) -> BaselineLevel {
    let counts = |token: &TimeStampToken| !worthless.contains(&name_of(token.as_received()));
    let documents: Vec<_> = security
        .covering(end)
        .filter(|stamp| counts(&stamp.token))
        .filter_map(|stamp| {
            let token = &stamp.token;
            (stamp.digest.as_ref() == Some(token.info().message_imprint()))
                .then_some((token, stamp.byte_range.end()))
        })
        .collect();
    let mut tokens: Vec<TimeStampToken> = Vec::new();
    if let Some(signer) = signed_data.signer_infos().first() {
        let is_about = |token: &TimeStampToken| {
            let imprint = token.info().message_imprint();
            signature_imprint(signer, imprint.algorithm()) == *imprint
        };
        tokens.extend(
            signer.signature_time_stamps().into_iter().flatten().filter(is_about).filter(counts),
        );
    }
    if tokens.is_empty() && documents.is_empty() {
        return BaselineLevel::B;
    }
    let newest = documents.first().map(|(_, end)| *end);
    tokens.extend(documents.iter().skip(1).map(|(token, _)| (*token).clone()));
    let mut evidence = security.evidence();
    merge(&mut evidence, signed_data.embedded_evidence(0));
    let named = |data: &SignedData| {
        let sid = data.signer_infos().first()?.sid().clone();
        evidence.certificates.iter().find(|certificate| sid.matches(certificate)).cloned()
    };
    let mut certificates = core::iter::once(named(signed_data))
        .chain(tokens.iter().map(|token| named(token.signed_data())));
    let is_complete = |one: Option<Certificate>| {
        one.is_some_and(|certificate| has_status(&certificate, &evidence))
    };
    if !certificates.all(is_complete) {
        return BaselineLevel::T;
    }
    match newest {
        Some(end) if end >= security.store_end() => BaselineLevel::Lta,
        _ => BaselineLevel::Lt,
    }
}
