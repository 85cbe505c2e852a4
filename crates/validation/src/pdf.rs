//! Signatures of PDF documents (EN 319 142-1): what the PDF adds to its CMS message.

use kyso_cades::{
    ContentDigests, SignedData, SignedDataError, SigningCertificateBinding, VerifiedSignature,
};
use kyso_pades::{Date, Signature, SubFilter};
use kyso_x509::Time;

use crate::context::Context;
use crate::indication::{FailedReason, IndeterminateReason};
use crate::report::{Check, Finding, SignatureReport};
use crate::signature;

/// Validates one signature of a PDF: its coverage, then its message as [`crate::validate_cms_signer`] does.
///
/// `message` is what [`Signature::message`] parsed to, `content` the digests of the signed byte range. Whether the
/// document's structure can be relied on at all is the caller's to add.
#[must_use]
pub fn validate_pdf_signature(
    signature: &Signature,
    message: Option<Result<&SignedData, SignedDataError>>,
    content: &ContentDigests,
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
    let verified = signature::validate(signed_data, 0, content, context, &mut report);
    if let Some(verified) = &verified {
        report.level = Some(pades_level(signature, verified));
        if verified.signing_time().is_some() {
            report.warnings.push(Finding::SigningTimeInPdf);
        }
    }
    if report.claimed_signing_time.is_none() {
        report.warnings.push(Finding::NoClaimedTime);
    }
    // What follows a signature may change what is shown; it is not compared here, so nothing is promised.
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
fn pades_level(signature: &Signature, verified: &VerifiedSignature) -> &'static str {
    let baseline = signature.sub_filter == Some(SubFilter::EtsiCadesDetached)
        && verified.signing_certificate() != SigningCertificateBinding::Missing
        && verified.signing_time().is_none()
        && signature.modified.is_some();
    if baseline { "PAdES-B-B" } else { "PDF-CMS" }
}
