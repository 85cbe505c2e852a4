//! XML signatures and XAdES: what the signature says, as [`crate::evaluation`] takes it, and what of the document it
//! leaves uncovered.

use kyso_cades::{EmbeddedEvidence, SigningCertificateBinding};
use kyso_x509::{CertificateList, Digest};
use kyso_xades::dsig::{
    External, FailureIndication, Signature, VerifiedSignature, VerifyFailure, signatures,
    verify_signature,
};
use kyso_xades::{Limits, Position, XmlDocument};

use crate::context::Context;
use crate::evaluation;
use crate::indication::{FailedReason, IndeterminateReason, Indication};
use crate::library::Library;
use crate::poe::name_of;
use crate::report::{Check, Finding, Need, SignatureReport};
use crate::target::{Attached, Target, Timestamps};

/// Gives the data of a reference's URI that is not in the document.
pub type ExternalData<'f> = dyn Fn(Option<&str>) -> Option<External<'f>> + 'f;

/// Validates a signature of an XML document, the `index`-th that [`xml_signatures`] counts.
///
/// A signature that leaves something of the document uncovered is INDETERMINATE (SIGNED_DATA_NOT_FOUND): what a reader
/// takes for signed may be what nobody signed.
#[must_use]
pub fn validate_xml_signature(
    document: &XmlDocument<'_>,
    index: usize,
    limits: &Limits,
    external: &ExternalData<'_>,
    context: &Context<'_>,
) -> SignatureReport {
    let number = index.saturating_add(1).to_string();
    let node = signatures(document).into_iter().nth(index);
    let id = node.and_then(|node| node.attribute("Id")).map_or(number, str::to_owned);
    let mut report = SignatureReport::blank(id, "XMLDSig".to_owned(), context.validation_time);
    let Some(node) = node else {
        report.open(IndeterminateReason::SignedDataNotFound, Finding::NoMessage);
        return report;
    };
    // 1. Format checking (§5.2.2).
    let signature = match Signature::read(document, node, limits) {
        Ok(signature) => signature,
        Err(error) => {
            report.fail(FailedReason::FormatFailure, Finding::XmlMalformed(error));
            return report;
        }
    };
    // 2. Signing certificate and value (§5.2.3, §5.2.7).
    let evidence = embedded(&signature);
    let library = Library::new(&evidence, context);
    let verified = match verify_signature(&signature, external, &library.candidates) {
        Ok(verified) => verified,
        Err(failure) => {
            let indication = failure_indication(&failure);
            if indication == Indication::Indeterminate(IndeterminateReason::SignedDataNotFound) {
                report.needs.push(Need::Content);
            }
            report.indication = report.indication.worse(indication);
            report.errors.push(Finding::XmlSignature(Box::new(failure)));
            return report;
        }
    };
    report.checked.extend([Check::ContentDigest, Check::SignatureValue]);
    report.signer = Some(verified.certificate().clone());
    report.algorithm = Some(verified.algorithm());
    report.content_digest = verified.references().first().map(|one| *one.digest());
    cover(&verified, document, &mut report);
    let target = Target {
        certificate: verified.certificate(),
        algorithm: verified.algorithm(),
        name: name_of(&signature.value),
        digests: verified.references().iter().map(|one| one.digest().algorithm()).collect(),
        binding: SigningCertificateBinding::Missing,
        policy: None,
        timestamps: &NoTimestamps,
    };
    evaluation::run(&target, &library, &mut report);
    report
}

/// How many signatures a document holds.
#[must_use]
pub fn xml_signatures(document: &XmlDocument<'_>) -> usize {
    signatures(document).len()
}

/// That nothing of the document stands outside the signature.
fn cover<'d, 'a>(
    verified: &VerifiedSignature<'d, 'a>,
    document: &'d XmlDocument<'a>,
    report: &mut SignatureReport,
) {
    let outside = verified.uncovered(document);
    report.covers_whole_document = Some(outside.is_none());
    let Some(outside) = outside else {
        report.checked.push(Check::WholeDocument);
        return;
    };
    report.not_checked.push(Check::WholeDocument);
    let finding = Finding::XmlNotCovered {
        element: outside.tag_name().name().to_owned(),
        position: Position::of(document.text(), outside.range().start),
    };
    report.open(IndeterminateReason::SignedDataNotFound, finding);
}

/// Certificates and CRLs in `KeyInfo`.
fn embedded(signature: &Signature<'_, '_>) -> EmbeddedEvidence {
    let Some(info) = &signature.key_info else {
        return EmbeddedEvidence { certificates: Vec::new(), crls: Vec::new(), ocsp: Vec::new() };
    };
    let lists = info.x509.iter().flat_map(|data| &data.crls);
    EmbeddedEvidence {
        certificates: info.certificates(),
        // What cannot be read proves nothing.
        crls: lists.filter_map(|der| CertificateList::from_der(der).ok()).collect(),
        ocsp: Vec::new(),
    }
}

fn failure_indication(failure: &VerifyFailure) -> Indication {
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

/// A signature without time-stamps.
struct NoTimestamps;

impl Timestamps for NoTimestamps {
    fn count(&self) -> usize {
        0
    }

    fn outermost_first(&self) -> Vec<Attached> {
        Vec::new()
    }

    fn with_the_signature(&self) -> Vec<Digest> {
        Vec::new()
    }
}
