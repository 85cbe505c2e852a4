//! Certificates that can sign, as wire types and as `kyso cert list` shows them.

use kyso_protocol::{self as wire, Lang, Problem};
use kyso_token::{Credential, KeyMatch, KeyType, TokenError};
use kyso_x509::path::check_end_entity;
use kyso_x509::{Certificate, PathPolicy, Time};

use crate::{explain, text, warnings};

/// One row; `None` where the token's certificate cannot be read.
#[must_use]
pub fn row(credential: &Credential, now: Time, lang: Lang) -> Option<wire::Certificate> {
    let certificate = Certificate::from_der(&credential.certificate).ok()?;
    let validity = certificate.validity();
    Some(wire::Certificate {
        credential: credential.uri.clone(),
        sha256: hex::encode(certificate.sha256_fingerprint().as_bytes()),
        subject: certificate.subject().to_string(),
        display_name: certificate.subject().display_name(),
        issuer: certificate.issuer().to_string(),
        serial: certificate.serial_hex(),
        not_before: validity.not_before.to_string(),
        not_after: validity.not_after.to_string(),
        key: key_name(credential.key_type),
        token_label: credential.token.label.clone(),
        token_serial: credential.token.serial.clone(),
        unusable: unusable(credential, &certificate, now, lang).map(document),
        warnings: warnings::of_certificate(&certificate, now, lang),
    })
}

/// Why this credential would be refused at signing, if so.
#[must_use]
pub fn unusable(
    credential: &Credential,
    certificate: &Certificate,
    now: Time,
    lang: Lang,
) -> Option<text::Problem> {
    if credential.key_match == KeyMatch::Mismatch {
        let mismatch = TokenError::CertificateKeyMismatch { id: credential.id.clone() };
        return Some(explain::token::explain(&mismatch, lang));
    }
    check_end_entity(certificate, &PathPolicy::document_signing(), now)
        .err()
        .map(|error| explain::sign::path(&error, lang))
}

/// A key's kind as people name it.
#[must_use]
pub fn key_name(key: KeyType) -> String {
    match key {
        KeyType::Rsa { bits } => format!("RSA-{bits}"),
        KeyType::Ec(curve) => format!("{curve:?}").replace('P', "P-"),
        KeyType::Ed25519 => "Ed25519".to_owned(),
    }
}

/// Whether a certificate is over.
pub(crate) fn is_expired(certificate: &wire::Certificate) -> bool {
    certificate.warnings.iter().any(|warning| warning.code == "expired")
}

/// A problem within an answer that is none itself.
pub(crate) fn document(problem: text::Problem) -> Problem {
    Problem::new(&problem.code, problem.what, problem.why, problem.remedy).with_status(422)
}
