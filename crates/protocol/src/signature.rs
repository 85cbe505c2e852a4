//! Requests for signatures.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Consent;

/// `POST /v1/signatures`: one document, one signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureRequest {
    /// Id of a document.
    pub document: String,
    /// Which key: an RFC 7512 URI with path attributes only, `sha256:` and a certificate's SHA-256, or absent where there
    /// is one certificate only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credential: Option<String>,
    /// What is made.
    #[serde(default)]
    pub options: SignatureOptions,
    /// How the person is asked; else the daemon's configuration says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub consent: Option<Consent>,
}

/// What kind of signature is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureOptions {
    /// Format; else PAdES for what begins as a PDF, XAdES for what is named as XML or has a profile, and attached CAdES for
    /// the rest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<SignatureFormat>,
    /// Level of the format (EN 319 122-1, EN 319 142-1); `B-B` is the one there is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<String>,
    /// Whether a CAdES signature leaves its content outside.
    #[serde(default)]
    pub detached: bool,
    /// What kind of XML document it is; else its root element says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub profile: Option<XmlProfile>,
    /// Code of the medical facility whose XML documents are signed; another's are refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub facility: Option<String>,
    /// Whether an XML signature has none of the properties of XAdES.
    #[serde(skip_serializing_if = "core::ops::Not::not", default)]
    pub xmldsig: bool,
    /// Scheme of RSA keys.
    #[serde(default)]
    pub rsa_padding: RsaPadding,
    /// Digest of the content.
    #[serde(default)]
    pub digest: DigestChoice,
    /// A PDF's signature field: an empty one that is there, or the name of the new one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// `/Reason` of a PDF's signature.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// `/Location` of a PDF's signature.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<String>,
}

/// A signature format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureFormat {
    /// EN 319 142-1.
    Pades,
    /// EN 319 122-1.
    Cades,
    /// XML Signature 1.1, EN 319 132-1.
    Xades,
}

/// A kind of Vietnamese XML document, and whose signature of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum XmlProfile {
    /// Health insurance claims (Decision 4750/QĐ-BYT).
    #[serde(rename = "claims-4750")]
    Claims4750,
    /// Check-in file XML0.
    Checkin,
    /// Health check, the doctor's signature.
    HealthCheckDoctor,
    /// Health check, the hospital's signature over the doctor's.
    HealthCheckHospital,
    /// A message between agencies (QCVN 102:2016/BTTTT).
    Edxml,
    /// Certificates of birth and death, and packages of certificates for the social insurance.
    CivilStatus,
    /// Any other document.
    Plain,
}

/// How an RSA key signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RsaPadding {
    /// RSASSA-PSS, which Circular 15/2025/TT-BKHCN demands.
    #[default]
    Pss,
    /// RSASSA-PKCS1-v1_5, which deployed systems expect.
    Pkcs1,
}

/// A digest algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DigestChoice {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}
