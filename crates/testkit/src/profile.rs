//! What a certificate shall say: the wish an [`Authority`](crate::Authority) fulfils.

use crate::subject::Subject;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_EMAIL_PROTECTION};
use x509_cert::ext::pkix::KeyUsage;
pub use x509_cert::ext::pkix::KeyUsages;

/// A leaf certificate to be issued; every field is public so that a test can ask for what no authority should give.
#[derive(Clone, Debug)]
pub struct Profile {
    /// subject.
    pub subject: Subject,
    /// validity.notBefore: Unix seconds, inclusive.
    pub not_before: i64,
    /// validity.notAfter: Unix seconds, inclusive.
    pub not_after: i64,
    /// keyUsage (RFC 5280 §4.2.1.3), critical; `None` leaves the extension out.
    pub key_usage: Option<KeyUsage>,
    /// extendedKeyUsage (§4.2.1.12), not critical; empty leaves the extension out.
    pub extended_key_usage: Vec<ObjectIdentifier>,
    /// cRLDistributionPoints (§4.2.1.13): one URI.
    pub crl_uri: Option<String>,
    /// authorityInfoAccess id-ad-ocsp (§4.2.2.1): one URI.
    pub ocsp_uri: Option<String>,
    /// authorityInfoAccess id-ad-caIssuers (§4.2.2.1): one URI.
    pub ca_issuers_uri: Option<String>,
}

impl Profile {
    /// A certificate to sign documents with: digitalSignature and nonRepudiation, clientAuth and emailProtection
    /// as the national authorities issue them.
    pub fn document_signing(subject: Subject, not_before: i64, not_after: i64) -> Self {
        Self {
            subject,
            not_before,
            not_after,
            key_usage: Some(KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation)),
            extended_key_usage: vec![ID_KP_CLIENT_AUTH, ID_KP_EMAIL_PROTECTION],
            crl_uri: None,
            ocsp_uri: None,
            ca_issuers_uri: None,
        }
    }

    /// Valid for two years that ended one second before `time` (Unix seconds).
    pub fn expired_at(self, time: i64) -> Self {
        Self { not_before: time - TWO_YEARS, not_after: time - 1, ..self }
    }

    /// Valid for two years that begin one second after `time` (Unix seconds).
    pub fn not_yet_valid_at(self, time: i64) -> Self {
        Self { not_before: time + 1, not_after: time + TWO_YEARS, ..self }
    }

    /// nonRepudiation alone, as qualified signing certificates carry it.
    pub fn non_repudiation_only(self) -> Self {
        Self { key_usage: Some(KeyUsage(KeyUsages::NonRepudiation.into())), ..self }
    }

    /// keyEncipherment alone: not for signing.
    pub fn key_encipherment_only(self) -> Self {
        Self { key_usage: Some(KeyUsage(KeyUsages::KeyEncipherment.into())), ..self }
    }

    /// Neither keyUsage nor extendedKeyUsage.
    pub fn without_usages(self) -> Self {
        Self { key_usage: None, extended_key_usage: Vec::new(), ..self }
    }
}

const TWO_YEARS: i64 = 2 * 365 * 86_400;
