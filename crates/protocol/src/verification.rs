//! Verdicts on signatures: the object that `kyso verify --json` prints.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/verifications`, and `kyso verify --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerificationReport {
    /// The file's name, as the caller gave it.
    pub file: String,
    /// `PAdES` or `CAdES`.
    pub format: String,
    /// `TOTAL-PASSED`, `TOTAL-FAILED` or `INDETERMINATE` (EN 319 102-1 §5.1.3), the worst of its signatures.
    pub indication: String,
    /// Sub-indication of EN 319 102-1.
    pub sub_indication: Option<String>,
    /// The policy that the caller named; `null` where each signature is judged by that of its trust store.
    pub policy: Option<String>,
    /// The time at which they were judged.
    pub validation_time: String,
    /// Its signatures, in the order of the file.
    pub signatures: Vec<SignatureVerdict>,
    /// Sources that were asked for what is missing and gave nothing; empty where nothing was fetched.
    pub attempts: Vec<FetchAttempt>,
}

/// A source that was asked for evidence and gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FetchAttempt {
    /// `certificates`, `crl`, `ocsp` or `time-stamp`.
    pub wanted: String,
    /// The address, as the certificate names it.
    pub source: String,
    /// Stable code of the reason.
    pub code: String,
    /// The reason as a person reads it, in the language asked for.
    pub text: String,
}

/// The verdict on one signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignatureVerdict {
    /// The signature field's name, or the signer's number from 1.
    pub id: String,
    /// What the signature calls itself.
    pub format: String,
    /// The level that is really there.
    pub level: Option<String>,
    /// Its indication.
    pub indication: String,
    /// Its sub-indication.
    pub sub_indication: Option<String>,
    /// Why it is not `TOTAL-PASSED`.
    pub errors: Vec<Finding>,
    /// What a person should know all the same.
    pub warnings: Vec<Finding>,
    /// The signer's certificate, where it was identified.
    pub signer: Option<CertificateFacts>,
    /// Where no signer was identified: the certificate that the signature names; a claim that nothing verifies.
    pub claimed_signer: Option<CertificateFacts>,
    /// The signature algorithm.
    pub algorithm: Option<String>,
    /// Digest of the signed content, where it was computed.
    pub content_digest: Option<DigestFacts>,
    /// The unit that manages the signer, from the subject's O and OU, the nearest first.
    pub managing_unit: Option<String>,
    /// The time that the signer claims; it proves nothing.
    pub claimed_signing_time: Option<String>,
    /// The earliest time at which the signature is proven to exist.
    pub best_signature_time: String,
    /// What proves it: `content-time-stamp`, `signature-time-stamp`, `archive-time-stamp`, `document-time-stamp`, or
    /// `validation-time` where nothing proves more than that it exists now.
    pub best_signature_time_source: String,
    /// Whether a PDF's signature covers the file to its last byte.
    pub covers_whole_document: Option<bool>,
    /// What later revisions of a PDF changed, lawful or not.
    pub changes: Vec<Finding>,
    /// Its time-stamps, in the order in which they were made.
    pub timestamps: Vec<TimestampVerdict>,
    /// How many counter-signatures it carries; what their values are worth stands among the warnings.
    pub counter_signatures: usize,
    /// The trust anchor that the path reached.
    pub trust_anchor: Option<CertificateFacts>,
    /// The trust store that holds the anchor.
    pub trust_store: Option<String>,
    /// The policy that applied.
    pub policy: Option<String>,
    /// The path that was used: signer first, anchor last.
    pub path: Vec<CertificateFacts>,
    /// Revocation status of each certificate of the path, signer first.
    pub revocation: Vec<RevocationVerdict>,
    /// What was checked and holds.
    pub checked: Vec<String>,
    /// What was not checked.
    pub not_checked: Vec<String>,
    /// What would have to be there for a better verdict.
    pub needs: Vec<Need>,
}

/// The verdict on one time-stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimestampVerdict {
    /// `content-time-stamp`, `signature-time-stamp`, `archive-time-stamp` or `document-time-stamp`.
    pub kind: String,
    /// Its own indication; `TOTAL-PASSED` where EN 319 102-1 §5.4 says PASSED.
    pub indication: String,
    /// Its sub-indication.
    pub sub_indication: Option<String>,
    /// genTime.
    pub time: Option<String>,
    /// Its accuracy in microseconds, where it is stated.
    pub accuracy_micros: Option<u64>,
    /// The authority's certificate.
    pub authority: Option<CertificateFacts>,
    /// The policy that the token states, dotted.
    pub token_policy: Option<String>,
    /// Digest algorithm of its imprint.
    pub digest_algorithm: Option<String>,
    /// The path: authority first, anchor last.
    pub path: Vec<CertificateFacts>,
    /// Revocation status along the path.
    pub revocation: Vec<RevocationVerdict>,
    /// Why it is not `TOTAL-PASSED`.
    pub errors: Vec<Finding>,
    /// What a person should know all the same.
    pub warnings: Vec<Finding>,
    /// SHA-256 of the token as received.
    pub sha256: String,
}

/// `kyso cert validate --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateValidation {
    /// The file's name, as the caller gave it.
    pub file: String,
    /// The certificate.
    pub certificate: CertificateFacts,
    /// `TOTAL-PASSED`, `TOTAL-FAILED` or `INDETERMINATE` (EN 319 102-1 §5.1.3).
    pub indication: String,
    /// Sub-indication of EN 319 102-1.
    pub sub_indication: Option<String>,
    /// `document-signing` or `any`.
    pub usage: String,
    /// The policy that applied.
    pub policy: Option<String>,
    /// The trust store that holds the anchor.
    pub trust_store: Option<String>,
    /// The time at which it was judged.
    pub validation_time: String,
    /// The path: the certificate first, the anchor last; empty where none holds.
    pub path: Vec<CertificateFacts>,
    /// Revocation status of each certificate of the path.
    pub revocation: Vec<RevocationVerdict>,
    /// Whether the policy demands revocation status, and every one is known and good.
    pub revocation_checked: bool,
    /// Why it is not `TOTAL-PASSED`.
    pub errors: Vec<Finding>,
    /// What would help.
    pub needs: Vec<Need>,
    /// Sources that were asked and gave nothing.
    pub attempts: Vec<FetchAttempt>,
}

/// What is known of a certificate's revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationVerdict {
    /// Subject of the certificate.
    pub subject: String,
    /// SHA-256 of the certificate (DER).
    pub sha256: String,
    /// `good`, `revoked`, `unknown` or `not-needed` (the anchor itself).
    pub status: String,
    /// Since when it is revoked.
    pub revoked_at: Option<String>,
    /// The reason that the list gives (RFC 5280 §5.3.1, such as `keyCompromise`).
    pub reason: Option<String>,
    /// From what it is known.
    pub source: Option<RevocationSourceFacts>,
}

/// The CRL or OCSP response that a status rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationSourceFacts {
    /// `CRL` or `OCSP`.
    pub kind: String,
    /// Subject of who signed it.
    pub signer: String,
    /// thisUpdate.
    pub this_update: String,
    /// nextUpdate.
    pub next_update: Option<String>,
    /// producedAt of an OCSP response, thisUpdate of a CRL.
    pub produced_at: String,
    /// SHA-256 as received.
    pub sha256: String,
}

/// A digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DigestFacts {
    /// Its algorithm, such as `SHA-256`.
    pub algorithm: String,
    /// Its value, hexadecimal.
    pub value: String,
}

/// A finding with its stable code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Stable code.
    pub code: String,
    /// The finding as a person reads it, in the language asked for.
    pub text: String,
}

/// What names a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateFacts {
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate (DER).
    pub sha256: String,
    /// Start of validity.
    pub not_before: String,
    /// End of validity.
    pub not_after: String,
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Need {
    /// A trust anchor.
    TrustAnchor,
    /// The certificate of an issuer.
    IssuerCertificate {
        /// Its subject.
        issuer: String,
        /// Where it could be had.
        sources: Vec<String>,
    },
    /// The revocation status of a certificate.
    RevocationStatus {
        /// Its subject.
        subject: String,
        /// SHA-256 of the certificate (DER).
        sha256: String,
        /// Where it could be had.
        sources: Vec<String>,
    },
    /// The content of a detached signature.
    Content,
}
