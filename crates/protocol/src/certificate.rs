//! Certificates that can sign, and what the daemon warns of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{NewReissuanceRequest, Problem};

/// `GET /v1/certificates`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateList {
    /// The certificates; expired ones only where `?expired=true` asks for them.
    pub certificates: Vec<Certificate>,
    /// Modules that did not answer, each with its reason.
    pub problems: Vec<Problem>,
}

/// A certificate with its private key on a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// RFC 7512 URI with path attributes only; names the credential in a signature request.
    pub credential: String,
    /// SHA-256 of the certificate (DER).
    pub sha256: String,
    /// Subject, in RFC 4514's form.
    pub subject: String,
    /// The holder's name as a person reads it.
    pub display_name: String,
    /// Issuer.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// Start of validity.
    pub not_before: String,
    /// End of validity.
    pub not_after: String,
    /// Kind of key, such as `RSA-2048` or `P-256`.
    pub key: String,
    /// Label of the token.
    pub token_label: String,
    /// Serial number of the token.
    pub token_serial: String,
    /// Why it cannot sign now, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unusable: Option<Problem>,
    /// What its holder should know in time.
    pub warnings: Vec<CertificateWarning>,
}

/// A reason to ask for another certificate, with the request ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateWarning {
    /// `expires-in-90-days`, `expires-in-60-days`, `expires-in-30-days`, `expired` or `unit-dissolved`.
    pub code: String,
    /// The warning as a person reads it, in the language asked for.
    pub text: String,
    /// Whole days left, where it expires.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub days_left: Option<i64>,
    /// The unit that is not there any more, where that is the reason.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dissolved: Option<DissolvedUnit>,
    /// The request for a certificate that matches, to be looked at, completed and posted to `/v1/reissuance-requests`.
    pub request: NewReissuanceRequest,
}

/// A unit named in a certificate that does not exist any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DissolvedUnit {
    /// The attribute of the subject that names it, such as `OU`.
    pub attribute: String,
    /// Its value in the certificate.
    pub value: String,
    /// Official code of the unit.
    pub code: String,
    /// Name of the unit.
    pub name: String,
    /// What became of it: one unit, or several among which a person must choose, or none.
    pub successors: Vec<UnitNow>,
}

/// A unit that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitNow {
    /// Official code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Name of its province.
    pub province: String,
    /// Since when code and name belong together (ISO date).
    pub valid_from: String,
    /// The resolution that made it.
    pub resolution: String,
}
