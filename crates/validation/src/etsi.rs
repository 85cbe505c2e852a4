//! The signature validation report of ETSI TS 119 102-2 v1.2.1, in XML.
//!
//! Namespace `http://uri.etsi.org/19102/v1.2.1#`, prefix-less; unsigned, as the report's authenticity is the caller's
//! business. A pure function of the report: the same report gives the same bytes.

mod objects;
mod xml;

use std::collections::BTreeMap;

use kyso_x509::{Certificate, Digest, DigestAlgorithm, RevocationReason, Time};

use crate::indication::{IndeterminateReason, Indication};
use crate::report::{
    Check, FileFormat, FileReport, Finding, RevocationFact, RevocationState, SignatureReport,
    TimestampKind, TimestampReport,
};
use objects::Objects;
use xml::Writer;

/// Namespace of TS 119 102-2 v1.2.1 §5.1.
pub const NAMESPACE: &str = "http://uri.etsi.org/19102/v1.2.1#";

/// Namespaces of the types that the schema borrows, by the prefix that this writer gives them.
const BORROWED: [(&str, &str); 2] = [
    ("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#"),
    ("xmlns:xades", "http://uri.etsi.org/01903/v1.3.2#"),
];

/// The report of one or several files (TS 119 102-2 v1.2.1 §4.2): one `SignatureValidationReport` for each signature,
/// then the `SignatureValidationObjects` that they refer to. The standard knows no file: each signature's
/// `DAIdentifier` says of which it is.
#[must_use]
pub fn validation_report(reports: &[FileReport]) -> String {
    let objects = Objects::gather(reports);
    let mut xml = Writer::new();
    let mut attributes = vec![("xmlns", NAMESPACE)];
    attributes.extend(BORROWED);
    xml.open("ValidationReport", &attributes);
    let signatures =
        reports.iter().flat_map(|file| file.signatures.iter().map(move |one| (file, one)));
    for (index, (file, one)) in signatures.enumerate() {
        signature_report(&mut xml, file, one, index + 1);
    }
    objects.write(&mut xml);
    xml.finish()
}

/// §4.3: the elements stand in the order of the schema.
fn signature_report(xml: &mut Writer, file: &FileReport, one: &SignatureReport, number: usize) {
    xml.open("SignatureValidationReport", &[]);
    identifier(xml, file, one, number);
    constraints(xml, one);
    time_info(xml, file, one);
    if let Some(digest) = &one.content_digest {
        xml.open("SignersDocument", &[]);
        digest_value(xml, "DigestAlgAndValue", digest);
        xml.close();
    }
    attributes(xml, file, one);
    if let Some(signer) = &one.signer {
        xml.open("SignerInformation", &[]);
        reference(xml, "SignerCertificate", &certificate_id(signer));
        xml.text("Signer", &signer.subject().display_name());
        xml.close();
    }
    xml.open("SignatureValidationProcess", &[]);
    xml.text("SignatureValidationProcessID", process(one));
    xml.close();
    status(xml, one, number);
    xml.close();
}

/// §4.3.3: the signature in this report; the field's name or the signer's number is what a person knows it by.
fn identifier(xml: &mut Writer, file: &FileReport, one: &SignatureReport, number: usize) {
    xml.open("SignatureIdentifier", &[("id", &signature_id(number))]);
    xml.text("HashOnly", "false");
    xml.text("DocHashOnly", "false");
    let name = file.file.to_string_lossy();
    xml.text("DAIdentifier", &format!("{name}: {}", one.id));
    xml.close();
}

/// §4.3.5: the policy, and each check with what became of it.
fn constraints(xml: &mut Writer, one: &SignatureReport) {
    xml.open("ValidationConstraintsEvaluationReport", &[]);
    if let Some(policy) = &one.policy {
        xml.open("SignatureValidationPolicy", &[]);
        // The policy is the validator's own, no document with an identifier that others resolve.
        xml.open("SignaturePolicyIdentifier", &[]);
        xml.text("xades:SignaturePolicyImplied", "");
        xml.close();
        xml.text("PolicyName", policy);
        xml.close();
    }
    for check in &one.checked {
        constraint(xml, *check, "applied", Some("passed"));
    }
    for check in &one.not_checked {
        constraint(xml, *check, "disabled", None);
    }
    xml.close();
}

fn constraint(xml: &mut Writer, check: Check, applied: &str, indication: Option<&str>) {
    xml.open("ValidationConstraint", &[]);
    let id = format!("urn:x-kyso:check:{}", check.as_str());
    xml.text("ValidationConstraintIdentifier", &id);
    xml.open("ConstraintStatus", &[]);
    xml.text("Status", &format!("urn:etsi:019102:constraintStatus:{applied}"));
    xml.close();
    if let Some(indication) = indication {
        xml.open("ValidationStatus", &[]);
        xml.text("MainIndication", &main_indication(indication));
        xml.close();
    }
    xml.close();
}

/// §4.3.6: validation time and best-signature-time with the time-stamp that proves it.
fn time_info(xml: &mut Writer, file: &FileReport, one: &SignatureReport) {
    xml.open("ValidationTimeInfo", &[]);
    xml.text("ValidationTime", &file.validation_time.to_string());
    xml.open("BestSignatureTime", &[]);
    proof(xml, one.best_signature_time, one.best_time_stamp());
    xml.close();
    xml.close();
}

/// The members of `POEType` (§4.4.5).
fn proof(xml: &mut Writer, time: Time, stamp: Option<&TimestampReport>) {
    xml.text("POETime", &time.to_string());
    xml.text("TypeOfProof", "urn:etsi:019102:poetype:validation");
    if let Some(stamp) = stamp {
        reference(xml, "POEObject", &timestamp_id(stamp));
    }
}

/// Annex A: the attributes that this validator evaluates.
fn attributes(xml: &mut Writer, file: &FileReport, one: &SignatureReport) {
    let bound = one.checked.contains(&Check::SigningCertificate);
    let signer = one.signer.as_ref().filter(|_| bound);
    let pdf = file.format == FileFormat::Pdf;
    let stamps = || one.timestamps.iter().filter_map(|stamp| Some((stamp, stamp.time?)));
    if one.claimed_signing_time.is_none()
        && signer.is_none()
        && !pdf
        && one.content_digest.is_none()
        && stamps().next().is_none()
    {
        return;
    }
    xml.open("SignatureAttributes", &[]);
    if let Some(time) = one.claimed_signing_time {
        xml.open("SigningTime", &[("Signed", "true")]);
        xml.text("Time", &time.to_string());
        xml.close();
    }
    if let Some(signer) = signer {
        xml.open("SigningCertificate", &[("Signed", "true")]);
        reference(xml, "AttributeObject", &certificate_id(signer));
        xml.close();
    }
    for (stamp, time) in stamps() {
        let (name, signed) = match stamp.kind {
            TimestampKind::Content => ("AllDataObjectsTimeStamp", "true"),
            TimestampKind::Signature => ("SignatureTimeStamp", "false"),
            TimestampKind::Archive => ("ArchiveTimeStamp", "false"),
            TimestampKind::Document => ("DocTimeStamp", "false"),
        };
        xml.open(name, &[("Signed", signed)]);
        reference(xml, "AttributeObject", &timestamp_id(stamp));
        xml.text("TimeStampValue", &time.to_string());
        xml.close();
    }
    if let Some(digest) = &one.content_digest {
        xml.open("MessageDigest", &[("Signed", "true")]);
        xml.text("Digest", &xml::base64(digest.as_bytes()));
        xml.close();
    }
    if pdf {
        xml.open("SubFilter", &[]);
        xml.text("SubFilterElement", &one.format);
        xml.close();
    }
    xml.close();
}

/// §4.3.11: which process of EN 319 102-1 the evidence in the signature called for.
fn process(one: &SignatureReport) -> &'static str {
    let has = |kinds: &[TimestampKind]| one.timestamps.iter().any(|t| kinds.contains(&t.kind));
    if has(&[TimestampKind::Archive, TimestampKind::Document]) {
        "urn:etsi:019102:validationprocess:LTA"
    } else if has(&[TimestampKind::Signature]) {
        "urn:etsi:019102:validationprocess:LTVM"
    } else {
        "urn:etsi:019102:validationprocess:Basic"
    }
}

/// §4.3.4: the verdict with the data that it rests on.
fn status(xml: &mut Writer, one: &SignatureReport, number: usize) {
    xml.open("SignatureValidationStatus", &[]);
    indication(xml, one.indication, false);
    xml.open("AssociatedValidationReportData", &[]);
    path(xml, &one.path);
    revoked(xml, &one.revocation);
    crypto(xml, one, number);
    findings(xml, one);
    xml.close();
    xml.close();
}

/// Main indication and sub-indication; a time-stamp passes where a signature passes totally (EN 319 102-1 §5.4).
fn indication(xml: &mut Writer, indication: Indication, building_block: bool) {
    let main = match (indication, building_block) {
        (Indication::TotalPassed, false) => "total-passed",
        (Indication::TotalPassed, true) => "passed",
        (Indication::TotalFailed(_), false) => "total-failed",
        (Indication::TotalFailed(_), true) => "failed",
        (Indication::Indeterminate(_), _) => "indeterminate",
    };
    xml.text("MainIndication", &main_indication(main));
    if let Some(sub) = indication.sub_indication() {
        xml.text("SubIndication", &format!("urn:etsi:019102:subindication:{sub}"));
    }
}

fn main_indication(name: &str) -> String {
    format!("urn:etsi:019102:mainindication:{name}")
}

/// §4.3.4.2 and §4.3.4.3: the anchor, and the chain from the signer to it.
fn path(xml: &mut Writer, path: &[Certificate]) {
    let [signer, between @ .., anchor] = path else { return };
    reference(xml, "TrustAnchor", &certificate_id(anchor));
    xml.open("CertificateChain", &[]);
    reference(xml, "SigningCertificate", &certificate_id(signer));
    for certificate in between {
        reference(xml, "IntermediateCertificate", &certificate_id(certificate));
    }
    reference(xml, "TrustAnchor", &certificate_id(anchor));
    xml.close();
}

/// §4.3.4.5: the first revoked certificate of the path, for the schema has room for one.
fn revoked(xml: &mut Writer, facts: &[RevocationFact]) {
    let first = facts.iter().find_map(|fact| match fact.state {
        RevocationState::Revoked { time, reason } => Some((fact, time, reason)),
        _ => None,
    });
    let Some((fact, time, reason)) = first else { return };
    xml.open("RevocationStatusInformation", &[]);
    reference(xml, "ValidationObjectId", &certificate_id(&fact.certificate));
    xml.text("RevocationTime", &time.to_string());
    xml.text("RevocationReason", revocation_reason(reason));
    if let Some(source) = &fact.source {
        reference(xml, "RevocationObject", &format!("R-{}", hex(source.sha256.as_bytes())));
    }
    xml.close();
}

/// §4.3.4.6: whether the signature's algorithm was held to be secure; nothing where that was not judged.
fn crypto(xml: &mut Writer, one: &SignatureReport, number: usize) {
    let Some(algorithm) = one.algorithm else { return };
    let weak = matches!(
        one.indication,
        Indication::Indeterminate(
            IndeterminateReason::CryptoConstraintsFailure
                | IndeterminateReason::CryptoConstraintsFailureNoPoe
        )
    );
    let secure = one.checked.contains(&Check::Algorithms);
    if !secure && !weak {
        return;
    }
    xml.open("CryptoInformation", &[]);
    reference(xml, "ValidationObjectId", &signature_id(number));
    let oid = algorithm.to_algorithm_identifier().oid;
    xml.text("Algorithm", &format!("urn:oid:{oid}"));
    xml.text("SecureAlgorithm", if secure { "true" } else { "false" });
    xml.close();
}

/// §4.3.4.7: the trust store, what is missing, reasons and warnings, by their stable codes.
fn findings(xml: &mut Writer, one: &SignatureReport) {
    let mut facts = Vec::new();
    if let Some(store) = &one.trust_store {
        facts.push(("urn:x-kyso:trust-store".to_owned(), store.clone()));
    }
    for need in &one.needs {
        let kind = format!("urn:x-kyso:need:{}", need.as_str());
        facts.push((kind, need.sources().join(" ")));
    }
    findings_of(xml, &facts, &one.errors, &one.warnings);
}

/// Facts of a type, then findings.
fn findings_of(
    xml: &mut Writer,
    facts: &[(String, String)],
    errors: &[Finding],
    warnings: &[Finding],
) {
    let listed = |kind: &'static str, findings: &[Finding]| -> Vec<(String, String)> {
        let row = |one: &Finding| (format!("urn:x-kyso:{kind}:{}", one.code()), one.to_string());
        findings.iter().map(row).collect()
    };
    let rows = [facts.to_vec(), listed("error", errors), listed("warning", warnings)].concat();
    if rows.is_empty() {
        return;
    }
    xml.open("AdditionalValidationReportData", &[]);
    for (kind, value) in &rows {
        xml.open("ReportData", &[]);
        xml.text("Type", kind);
        xml.text("Value", value);
        xml.close();
    }
    xml.close();
}

/// A digest with its algorithm (`XAdES:DigestAlgAndValueType`).
fn digest_value(xml: &mut Writer, name: &str, digest: &Digest) {
    xml.open(name, &[]);
    xml.empty("ds:DigestMethod", &[("Algorithm", digest_uri(digest.algorithm()))]);
    xml.text("ds:DigestValue", &xml::base64(digest.as_bytes()));
    xml.close();
}

/// Identifiers of RFC 6931, XML Encryption 1.1 and XML Signature.
const fn digest_uri(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        DigestAlgorithm::Sha1ForLegacyUseOnly => "http://www.w3.org/2000/09/xmldsig#sha1",
        DigestAlgorithm::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        DigestAlgorithm::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
        DigestAlgorithm::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        DigestAlgorithm::Sha3_256 => "http://www.w3.org/2007/05/xmldsig-more#sha3-256",
        DigestAlgorithm::Sha3_384 => "http://www.w3.org/2007/05/xmldsig-more#sha3-384",
        DigestAlgorithm::Sha3_512 => "http://www.w3.org/2007/05/xmldsig-more#sha3-512",
    }
}

/// URNs of §4.3.4.5, which follow RFC 5280's CRLReason.
const fn revocation_reason(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Unspecified => "urn:etsi:019102:revocationReason:unspecified",
        RevocationReason::KeyCompromise => "urn:etsi:019102:revocationReason:keyCompromise",
        RevocationReason::CaCompromise => "urn:etsi:019102:revocationReason:cACompromise",
        RevocationReason::AffiliationChanged => {
            "urn:etsi:019102:revocationReason:affiliationChanged"
        }
        RevocationReason::Superseded => "urn:etsi:019102:revocationReason:superseded",
        RevocationReason::CessationOfOperation => {
            "urn:etsi:019102:revocationReason:cessationOfOperation"
        }
        RevocationReason::CertificateHold => "urn:etsi:019102:revocationReason:certificateHold",
        RevocationReason::RemoveFromCrl => "urn:etsi:019102:revocationReason:removeFromCRL",
        RevocationReason::PrivilegeWithdrawn => {
            "urn:etsi:019102:revocationReason:privilegeWithdrawn"
        }
        RevocationReason::AaCompromise => "urn:etsi:019102:revocationReason:aACompromise",
    }
}

fn reference(xml: &mut Writer, name: &str, id: &str) {
    xml.empty(name, &[("VOReference", id)]);
}

fn signature_id(number: usize) -> String {
    format!("S-{number}")
}

fn certificate_id(certificate: &Certificate) -> String {
    format!("C-{}", hex(certificate.sha256_fingerprint().as_bytes()))
}

fn timestamp_id(stamp: &TimestampReport) -> String {
    format!("T-{}", hex(stamp.sha256.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Objects by identifier, each once, in a fixed order.
type ById<T> = BTreeMap<String, T>;
