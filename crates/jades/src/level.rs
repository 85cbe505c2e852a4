//! The level of what is really there (ETSI TS 119 182-1 v1.2.1 §6.3).

use crate::jws::Jws;
use crate::unsigned::UnsignedProperty;
use crate::verify::VerifiedJws;
use kyso_cades::{
    SigningCertificateBinding, TimeStampToken, TokenFailure, VerifiedToken, verify_token,
};
use kyso_x509::Certificate;

/// A baseline level that we recognise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BaselineLevel {
    /// JAdES-B-B: certificate, its digest and the claimed time are signed.
    B,
    /// JAdES-B-T: also a time-stamp over the signature that verifies.
    T,
}

impl core::fmt::Display for BaselineLevel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::B => "JAdES-B-B",
            Self::T => "JAdES-B-T",
        })
    }
}

/// Why a time-stamp over the signature proves nothing about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeStampFailure {
    /// It is about something else.
    ImprintMismatch,
    /// Its own signature does not verify.
    Token(TokenFailure),
}

impl core::fmt::Display for TimeStampFailure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::ImprintMismatch => f.write_str("the time-stamp is not about this signature"),
            Self::Token(failure) => failure.fmt(f),
        }
    }
}

impl core::error::Error for TimeStampFailure {}

impl Jws<'_> {
    /// The tokens of every `sigTst` that could be read, in their order.
    pub fn signature_time_stamps(&self) -> impl Iterator<Item = &TimeStampToken> {
        let properties = self.unsigned().unwrap_or_default().iter();
        properties.flat_map(|property: &UnsignedProperty| property.tokens.iter().flatten())
    }

    /// Verifies a time-stamp over this signature: imprint, then the token itself; trust is another question.
    ///
    /// # Errors
    /// The first of these that does not hold.
    pub fn verify_signature_time_stamp(
        &self,
        token: &TimeStampToken,
        extra_certificates: &[Certificate],
    ) -> Result<VerifiedToken, TimeStampFailure> {
        let stamped = token.info().message_imprint();
        if self.signature_imprint(stamped.algorithm()) != *stamped {
            return Err(TimeStampFailure::ImprintMismatch);
        }
        verify_token(token, extra_certificates).map_err(TimeStampFailure::Token)
    }
}

/// The level of a verified signature; `None` where not even level B is reached.
///
/// `extra_certificates` are looked through for those of the time-stamping authorities.
#[must_use]
pub fn level(
    jws: &Jws<'_>,
    verified: &VerifiedJws<'_>,
    extra_certificates: &[Certificate],
) -> Option<BaselineLevel> {
    let header = verified.header();
    let bound = matches!(verified.signing_certificate(), SigningCertificateBinding::V2(_));
    if !bound || header.certificates.is_empty() || header.signing_time.is_none() {
        return None;
    }
    let stamped = jws
        .signature_time_stamps()
        .any(|token| jws.verify_signature_time_stamp(token, extra_certificates).is_ok());
    Some(if stamped { BaselineLevel::T } else { BaselineLevel::B })
}
