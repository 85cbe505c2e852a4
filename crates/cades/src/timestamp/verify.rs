//! Verification of a time-stamp token's signature (RFC 3161 §2.2, §2.3 and §2.4.2; RFC 5816 §2.2).

use super::token::TimeStampToken;
use crate::content::ContentDigests;
use crate::oid;
use crate::signing_certificate::SigningCertificateBinding;
use crate::verify::{VerifyFailure, verify_signer};
use kyso_x509::{Certificate, ObjectIdentifier, SignatureAlgorithm, extension};

/// Proof that a token's value verifies under a certificate made for time-stamping; trust in it is another question.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
    signing_certificate: SigningCertificateBinding,
    tsa_name_matches: Option<bool>,
}

impl VerifiedToken {
    /// The time-stamping unit's certificate.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The signature algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// ESSCertID or ESSCertIDv2: how the token is bound to the certificate; never missing.
    #[must_use]
    pub const fn signing_certificate(&self) -> SigningCertificateBinding {
        self.signing_certificate
    }

    /// Whether `tsa` of the TSTInfo is the certificate's subject, where it is a directory name.
    #[must_use]
    pub const fn tsa_name_matches(&self) -> Option<bool> {
        self.tsa_name_matches
    }
}

/// Why a token does not verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFailure {
    /// RFC 3161 §2.4.2: a token has one signature, that of its authority.
    SignerCount {
        /// How many there are.
        count: usize,
    },
    /// The signature does not verify, or is bound to another certificate.
    Signature(VerifyFailure),
    /// RFC 3161 §2.4.2: signing-certificate (or, RFC 5816 §2.2.1, its second version) must be there.
    SigningCertificateMissing,
    /// RFC 3161 §2.3: the certificate has no extKeyUsage.
    ExtendedKeyUsageMissing,
    /// RFC 3161 §2.3: extKeyUsage is not critical.
    ExtendedKeyUsageNotCritical,
    /// RFC 3161 §2.3: extKeyUsage is not timeStamping.
    NotForTimeStamping,
    /// RFC 3161 §2.3: extKeyUsage has timeStamping, but not alone.
    NotForTimeStampingAlone {
        /// The first other purpose.
        other: ObjectIdentifier,
    },
}

impl core::fmt::Display for TokenFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::SignerCount { count } => {
                write!(f, "a time-stamp token has one signer, this one has {count}")
            }
            Self::Signature(failure) => write!(f, "time-stamp token: {failure}"),
            Self::SigningCertificateMissing => {
                f.write_str("the time-stamp token is not bound to its authority's certificate")
            }
            Self::ExtendedKeyUsageMissing => {
                f.write_str("the time-stamping certificate has no extended key usage")
            }
            Self::ExtendedKeyUsageNotCritical => {
                f.write_str("extended key usage of the time-stamping certificate is not critical")
            }
            Self::NotForTimeStamping => {
                f.write_str("the certificate that signed the time-stamp is not for time-stamping")
            }
            Self::NotForTimeStampingAlone { other } => write!(
                f,
                "the time-stamping certificate is for other purposes too, such as {other}"
            ),
        }
    }
}

impl core::error::Error for TokenFailure {}

/// Verifies a token: one signer, digest, binding, signature value, and a certificate for nothing but time-stamping.
///
/// `extra` are looked through after the embedded certificates for the authority's.
///
/// # Errors
/// The first of these that does not hold.
pub fn verify_token(
    token: &TimeStampToken,
    extra: &[Certificate],
) -> Result<VerifiedToken, TokenFailure> {
    let signed_data = token.signed_data();
    let count = signed_data.signer_infos().len();
    if count != 1 {
        return Err(TokenFailure::SignerCount { count });
    }
    let content = signed_data.content().unwrap_or_default();
    let digests = ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), content);
    let verified =
        verify_signer(signed_data, 0, &digests, extra).map_err(TokenFailure::Signature)?;
    if verified.signing_certificate() == SigningCertificateBinding::Missing {
        return Err(TokenFailure::SigningCertificateMissing);
    }
    let certificate = verified.certificate();
    check_extended_key_usage(certificate)?;
    let tsa_name_matches = token.info().tsa_name().map(|name| name == *certificate.subject());
    Ok(VerifiedToken {
        certificate: certificate.clone(),
        algorithm: verified.algorithm(),
        signing_certificate: verified.signing_certificate(),
        tsa_name_matches,
    })
}

fn check_extended_key_usage(certificate: &Certificate) -> Result<(), TokenFailure> {
    let purposes = certificate.extended_key_usage().ok_or(TokenFailure::ExtendedKeyUsageMissing)?;
    if !purposes.contains(&oid::KEY_PURPOSE_TIME_STAMPING) {
        return Err(TokenFailure::NotForTimeStamping);
    }
    if let Some(other) = purposes.iter().find(|purpose| **purpose != oid::KEY_PURPOSE_TIME_STAMPING)
    {
        return Err(TokenFailure::NotForTimeStampingAlone { other: *other });
    }
    let critical = certificate
        .extension(extension::EXTENDED_KEY_USAGE)
        .is_some_and(|extension| extension.critical);
    if critical { Ok(()) } else { Err(TokenFailure::ExtendedKeyUsageNotCritical) }
}
