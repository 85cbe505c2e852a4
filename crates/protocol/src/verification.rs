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
    /// The policy by which they were judged.
    pub policy: String,
    /// The time at which they were judged.
    pub validation_time: String,
    /// Its signatures, in the order of the file.
    pub signatures: Vec<SignatureVerdict>,
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
    /// The signature algorithm.
    pub algorithm: Option<String>,
    /// The time that the signer claims.
    pub claimed_signing_time: Option<String>,
    /// The earliest time at which the signature is proven to exist.
    pub best_signature_time: String,
    /// Whether a PDF's signature covers the file to its last byte.
    pub covers_whole_document: Option<bool>,
    /// What later revisions changed; empty as long as they are not compared.
    pub changes: Vec<Finding>,
    /// Its time-stamps; empty as long as they are not evaluated.
    pub timestamps: Vec<Finding>,
    /// How many counter-signatures it carries.
    pub counter_signatures: usize,
    /// The trust anchor that the path reached.
    pub trust_anchor: Option<CertificateFacts>,
    /// What was checked and holds.
    pub checked: Vec<String>,
    /// What was not checked.
    pub not_checked: Vec<String>,
    /// What would have to be there for a better verdict.
    pub needs: Vec<Need>,
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
    },
    /// The revocation status of a certificate.
    RevocationStatus {
        /// Its subject.
        subject: String,
        /// Where it could be had.
        sources: Vec<String>,
    },
    /// The content of a detached signature.
    Content,
}
