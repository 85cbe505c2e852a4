//! What verification found, for programs and for people.

mod finding;
mod worth;

pub use finding::{Algorithm, Finding, Material};
pub use worth::Worth;

use std::path::PathBuf;

use kyso_pades::LaterChanges;
use kyso_x509::{
    Certificate, Digest, DigestAlgorithm, ObjectIdentifier, RevocationReason, SignatureAlgorithm,
    Time,
};

use crate::attempt::Attempt;
use crate::indication::{FailedReason, IndeterminateReason, Indication};

/// The verdict on one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The file.
    pub file: PathBuf,
    /// Its format.
    pub format: FileFormat,
    /// The worst of its signatures' verdicts.
    pub indication: Indication,
    /// Its signatures, in the order of the file.
    pub signatures: Vec<SignatureReport>,
    /// The policy that the caller named; `None` where each signature is judged by that of its trust store.
    pub policy: Option<String>,
    /// The time at which they were judged.
    pub validation_time: Time,
    /// Sources that were asked for what is missing and gave nothing; empty where nothing was fetched.
    pub attempts: Vec<Attempt>,
}

/// What kind of signed file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// A PDF.
    Pdf,
    /// A CMS file.
    Cms,
    /// An XML document.
    Xml,
}

impl FileFormat {
    /// The format's name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "PAdES",
            Self::Cms => "CAdES",
            Self::Xml => "XAdES",
        }
    }
}

/// The verdict on one signature, and all that it rests on.
#[derive(Clone, Debug)]
pub struct SignatureReport {
    /// The signature field's name, or the signer's number from 1.
    pub id: String,
    /// What the signature calls itself: the PDF's sub-filter, or CMS.
    pub format: String,
    /// The level that is really there.
    pub level: Option<&'static str>,
    /// The verdict.
    pub indication: Indication,
    /// Why the verdict is not TOTAL-PASSED.
    pub errors: Vec<Finding>,
    /// What a person should know all the same.
    pub warnings: Vec<Finding>,
    /// The signer's certificate, where it was identified.
    pub signer: Option<Certificate>,
    /// Where no signer was identified: the certificate that the signature names. A claim, since nothing binds the one to
    /// the other.
    pub claimed_signer: Option<Certificate>,
    /// The signature algorithm.
    pub algorithm: Option<SignatureAlgorithm>,
    /// Digest of the signed content, where it was computed.
    pub content_digest: Option<Digest>,
    /// The time that the signer claims; it proves nothing.
    pub claimed_signing_time: Option<Time>,
    /// The earliest time at which the signature is proven to exist (EN 319 102-1 §5.5): that of a valid time-stamp,
    /// else the validation time.
    pub best_signature_time: Time,
    /// Whether a PDF's signature covers the file to its last byte.
    pub covers_whole_document: Option<bool>,
    /// What later revisions of a PDF changed, lawful or not.
    pub changes: LaterChanges,
    /// The trust anchor that the path reached.
    pub trust_anchor: Option<Certificate>,
    /// The trust store that holds the anchor.
    pub trust_store: Option<String>,
    /// The policy that applied.
    pub policy: Option<String>,
    /// The path that was used: signer first, the anchor last.
    pub path: Vec<Certificate>,
    /// Revocation status of each certificate of the path, signer first.
    pub revocation: Vec<RevocationFact>,
    /// Time-stamps of the signature, in the order in which they were made.
    pub timestamps: Vec<TimestampReport>,
    /// What was checked and holds.
    pub checked: Vec<Check>,
    /// What was not checked.
    pub not_checked: Vec<Check>,
    /// Evidence without which a verdict is not possible.
    pub needs: Vec<Need>,
    /// Number of counter-signatures that the signature carries.
    pub counter_signatures: usize,
}

impl SignatureReport {
    /// A report that passes until something is found.
    #[must_use]
    pub fn blank(id: String, format: String, validation_time: Time) -> Self {
        Self {
            id,
            format,
            level: None,
            indication: Indication::TotalPassed,
            errors: Vec::new(),
            warnings: Vec::new(),
            signer: None,
            claimed_signer: None,
            algorithm: None,
            content_digest: None,
            claimed_signing_time: None,
            best_signature_time: validation_time,
            covers_whole_document: None,
            changes: LaterChanges::default(),
            trust_anchor: None,
            trust_store: None,
            policy: None,
            path: Vec::new(),
            revocation: Vec::new(),
            timestamps: Vec::new(),
            checked: Vec::new(),
            not_checked: Vec::new(),
            needs: Vec::new(),
            counter_signatures: 0,
        }
    }

    /// Records a reason for TOTAL-FAILED.
    pub fn fail(&mut self, reason: FailedReason, finding: Finding) {
        self.indication = self.indication.worse(Indication::TotalFailed(reason));
        self.errors.push(finding);
    }

    /// The time-stamp that proves [`Self::best_signature_time`]: the first valid one of that time; `None` where only the
    /// validation time is proven.
    #[must_use]
    pub fn best_time_stamp(&self) -> Option<&TimestampReport> {
        self.timestamps.iter().find(|stamp| {
            stamp.indication == Indication::TotalPassed
                && stamp.kind != TimestampKind::Content
                && stamp.latest == Some(self.best_signature_time)
        })
    }

    /// Records a reason for INDETERMINATE.
    pub fn open(&mut self, reason: IndeterminateReason, finding: Finding) {
        self.indication = self.indication.worse(Indication::Indeterminate(reason));
        self.errors.push(finding);
    }
}

/// What is known of a certificate's revocation.
#[derive(Clone, Debug)]
pub struct RevocationFact {
    /// The certificate.
    pub certificate: Certificate,
    /// Its status.
    pub state: RevocationState,
    /// From what it is known; `None` where nothing is known or none is needed.
    pub source: Option<RevocationSource>,
}

/// Revocation status at the time of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationState {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// revocationDate or revocationTime.
        time: Time,
        /// reasonCode.
        reason: RevocationReason,
    },
    /// No status that may be used is at hand.
    Unknown,
    /// None is needed: the anchor itself, a responder with id-pkix-ocsp-nocheck.
    NotNeeded,
}

/// The CRL or OCSP response that a status rests on.
#[derive(Clone, Debug)]
pub struct RevocationSource {
    /// Which kind.
    pub kind: RevocationKind,
    /// Who signed it: issuer of the CRL, responder.
    pub signer: Certificate,
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate.
    pub next_update: Option<Time>,
    /// producedAt of an OCSP response, thisUpdate of a CRL.
    pub produced_at: Time,
    /// SHA-256 of the CRL or OCSP response as received.
    pub sha256: Digest,
}

/// Kind of revocation status information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationKind {
    /// A CRL (RFC 5280 §5).
    Crl,
    /// An OCSP response (RFC 6960).
    Ocsp,
}

/// The verdict on one time-stamp of a signature.
#[derive(Clone, Debug)]
pub struct TimestampReport {
    /// What it covers.
    pub kind: TimestampKind,
    /// Its own verdict (EN 319 102-1 §5.4): TOTAL-PASSED where the standard says PASSED.
    pub indication: Indication,
    /// genTime.
    pub time: Option<Time>,
    /// accuracy in microseconds, where it is stated.
    pub accuracy_micros: Option<u64>,
    /// The last moment at which it can have been made (RFC 3161 §2.4.2): genTime and its accuracy, a started second
    /// counted whole. By then, and not before, what it covers is proven to have existed.
    pub latest: Option<Time>,
    /// The authority's certificate.
    pub authority: Option<Certificate>,
    /// The policy that the token states.
    pub token_policy: Option<ObjectIdentifier>,
    /// Digest algorithm of its imprint.
    pub digest_algorithm: Option<DigestAlgorithm>,
    /// The anchor of its path.
    pub trust_anchor: Option<Certificate>,
    /// The path: authority first, anchor last.
    pub path: Vec<Certificate>,
    /// Revocation status along the path.
    pub revocation: Vec<RevocationFact>,
    /// Why the verdict is not PASSED.
    pub errors: Vec<Finding>,
    /// What a person should know all the same.
    pub warnings: Vec<Finding>,
    /// SHA-256 of the token as received.
    pub sha256: Digest,
}

/// What a time-stamp covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampKind {
    /// content-time-stamp: the content, before it was signed.
    Content,
    /// signature-time-stamp: the signature value.
    Signature,
    /// archive-time-stamp-v3: content, signature and its evidence.
    Archive,
    /// A PDF's document time-stamp.
    Document,
}

impl RevocationKind {
    /// Name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crl => "CRL",
            Self::Ocsp => "OCSP",
        }
    }
}

impl TimestampKind {
    /// Name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content-time-stamp",
            Self::Signature => "signature-time-stamp",
            Self::Archive => "archive-time-stamp",
            Self::Document => "document-time-stamp",
        }
    }
}

/// A thing that verification checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The byte range covers all but exactly this signature's value.
    ByteRange,
    /// The content has the digest that was signed.
    ContentDigest,
    /// The signature value verifies under the signer's key.
    SignatureValue,
    /// The signature is bound to the signer's certificate.
    SigningCertificate,
    /// Algorithms and key lengths are strong enough.
    Algorithms,
    /// Nothing was appended after the signature but what it permits.
    WholeDocument,
    /// A path leads to a trust anchor, valid at the validation time.
    CertificatePath,
    /// No certificate of the path was revoked.
    RevocationStatus,
    /// Every time-stamp holds.
    Timestamps,
}

impl Check {
    /// Stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByteRange => "byte-range",
            Self::ContentDigest => "content-digest",
            Self::SignatureValue => "signature-value",
            Self::SigningCertificate => "signing-certificate",
            Self::Algorithms => "algorithms",
            Self::WholeDocument => "whole-document",
            Self::CertificatePath => "certificate-path",
            Self::RevocationStatus => "revocation-status",
            Self::Timestamps => "time-stamps",
        }
    }
}

/// Evidence that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A trust anchor for this signer's path.
    TrustAnchor,
    /// The certificate of an issuer, by its name.
    IssuerCertificate {
        /// RFC 4514 name.
        issuer: String,
        /// caIssuers addresses of the certificate that lacks its issuer.
        sources: Vec<String>,
    },
    /// A CRL or OCSP response for a certificate of a path.
    RevocationStatus {
        /// The certificate.
        certificate: Certificate,
        /// Its issuer, which an OCSP request names.
        issuer: Certificate,
        /// OCSP responders that the certificate names.
        ocsp: Vec<String>,
        /// CRLs that the certificate names.
        crls: Vec<String>,
    },
    /// The content of a detached signature.
    Content,
}

impl Need {
    /// Stable code.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::TrustAnchor => "trust-anchor",
            Self::IssuerCertificate { .. } => "issuer-certificate",
            Self::RevocationStatus { .. } => "revocation-status",
            Self::Content => "content",
        }
    }

    /// Where it could be had: OCSP responders first, then CRLs or certificates of issuers.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        match self {
            Self::TrustAnchor | Self::Content => Vec::new(),
            Self::IssuerCertificate { sources, .. } => sources.clone(),
            Self::RevocationStatus { ocsp, crls, .. } => [ocsp.as_slice(), crls].concat(),
        }
    }
}
