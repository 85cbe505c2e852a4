//! `SignatureValidationObjects` (TS 119 102-2 v1.2.1 §4.4): each certificate, CRL, OCSP response and time-stamp once.

use kyso_x509::{Certificate, Time};

use super::{
    ById, certificate_id, digest_value, findings_of, hex, indication, path, proof, timestamp_id,
    xml,
};
use crate::report::{
    FileReport, RevocationFact, RevocationKind, RevocationSource, TimestampReport,
};

/// What the signatures of a report refer to.
pub(super) struct Objects<'a> {
    /// When this validator saw them all: the reports' validation time.
    seen: Option<Time>,
    certificates: ById<&'a Certificate>,
    revocation: ById<&'a RevocationSource>,
    timestamps: ById<&'a TimestampReport>,
}

impl<'a> Objects<'a> {
    /// Everything that the reports name.
    pub(super) fn gather(reports: &'a [FileReport]) -> Self {
        let mut found = Self {
            seen: reports.iter().map(|report| report.validation_time).min(),
            certificates: ById::new(),
            revocation: ById::new(),
            timestamps: ById::new(),
        };
        for one in reports.iter().flat_map(|report| &report.signatures) {
            found.certificates(one.signer.iter().chain(&one.trust_anchor).chain(&one.path));
            found.facts(&one.revocation);
            for stamp in &one.timestamps {
                found.certificates(
                    stamp.authority.iter().chain(&stamp.trust_anchor).chain(&stamp.path),
                );
                found.facts(&stamp.revocation);
                found.timestamps.insert(timestamp_id(stamp), stamp);
            }
        }
        found
    }

    fn certificates(&mut self, certificates: impl Iterator<Item = &'a Certificate>) {
        self.certificates.extend(certificates.map(|one| (certificate_id(one), one)));
    }

    fn facts(&mut self, facts: &'a [RevocationFact]) {
        for fact in facts {
            self.certificates(std::iter::once(&fact.certificate));
            if let Some(source) = &fact.source {
                self.certificates(std::iter::once(&source.signer));
                self.revocation.insert(format!("R-{}", hex(source.sha256.as_bytes())), source);
            }
        }
    }

    /// Writes them; nothing where there are none, for the schema wants at least one.
    pub(super) fn write(&self, xml: &mut xml::Writer) {
        let nothing = self.certificates.is_empty() && self.timestamps.is_empty();
        if nothing && self.revocation.is_empty() {
            return;
        }
        xml.open("SignatureValidationObjects", &[]);
        for (id, certificate) in &self.certificates {
            begin(xml, id, "certificate");
            xml.open("ValidationObjectRepresentation", &[]);
            xml.text("base64", &xml::base64(certificate.as_der()));
            xml.close();
            self.seen(xml);
            xml.close();
        }
        for (id, source) in &self.revocation {
            let kind = match source.kind {
                RevocationKind::Crl => "CRL",
                RevocationKind::Ocsp => "OCSPResponse",
            };
            begin(xml, id, kind);
            xml.open("ValidationObjectRepresentation", &[]);
            digest_value(xml, "DigestAlgAndValue", &source.sha256);
            xml.close();
            self.seen(xml);
            xml.close();
        }
        for (id, stamp) in &self.timestamps {
            begin(xml, id, "timestamp");
            xml.open("ValidationObjectRepresentation", &[]);
            digest_value(xml, "DigestAlgAndValue", &stamp.sha256);
            xml.close();
            self.seen(xml);
            timestamp_report(xml, stamp);
            xml.close();
        }
        xml.close();
    }

    /// §4.4.5: this validator saw the object at the validation time; what time-stamps prove beyond that stands with the
    /// signature as its best-signature-time.
    fn seen(&self, xml: &mut xml::Writer) {
        if let Some(time) = self.seen {
            xml.open("POE", &[]);
            proof(xml, time, None);
            xml.close();
        }
    }
}

fn begin(xml: &mut xml::Writer, id: &str, kind: &str) {
    xml.open("ValidationObject", &[("id", id)]);
    xml.text("ObjectType", &format!("urn:etsi:019102:validationObject:{kind}"));
}

/// §4.4.8: a time-stamp's own verdict.
fn timestamp_report(xml: &mut xml::Writer, stamp: &TimestampReport) {
    xml.open("ValidationReport", &[]);
    if let Some(authority) = &stamp.authority {
        xml.open("SignerInformation", &[]);
        super::reference(xml, "SignerCertificate", &certificate_id(authority));
        xml.text("Signer", &authority.subject().display_name());
        xml.close();
    }
    xml.open("SignatureValidationStatus", &[]);
    indication(xml, stamp.indication, true);
    if stamp.path.len() > 1 || !stamp.errors.is_empty() || !stamp.warnings.is_empty() {
        xml.open("AssociatedValidationReportData", &[]);
        path(xml, &stamp.path);
        super::revoked(xml, &stamp.revocation);
        findings_of(xml, &[], &stamp.errors, &stamp.warnings);
        xml.close();
    }
    xml.close();
    xml.close();
}
