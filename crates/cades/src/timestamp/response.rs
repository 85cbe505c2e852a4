//! TimeStampResp (RFC 3161 §2.4.2).

use super::error::ResponseError;
use super::token::TimeStampToken;
use kyso_x509::asn1::{Element, Reader, Rules, tag};

/// PKIStatus (RFC 3161 §2.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PkiStatus {
    /// 0: as asked for.
    Granted,
    /// 1: with modifications.
    GrantedWithMods,
    /// 2.
    Rejection,
    /// 3: comes later.
    Waiting,
    /// 4: a revocation is imminent.
    RevocationWarning,
    /// 5: a revocation has happened.
    RevocationNotification,
}

/// PKIFailureInfo (RFC 3161 §2.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PkiFailureInfo {
    /// Bit 0: unknown or unsupported algorithm.
    BadAlg,
    /// Bit 2: the transaction is not permitted.
    BadRequest,
    /// Bit 5: the data has the wrong format.
    BadDataFormat,
    /// Bit 14: the authority's time source is not available.
    TimeNotAvailable,
    /// Bit 15: the policy is not supported.
    UnacceptedPolicy,
    /// Bit 16: an extension is not supported.
    UnacceptedExtension,
    /// Bit 17: additional information is not available.
    AddInfoNotAvailable,
    /// Bit 25: the system failed.
    SystemFailure,
    /// A bit that RFC 3161 does not define.
    Undefined {
        /// Its number.
        bit: u32,
    },
}

impl core::fmt::Display for PkiStatus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Granted => "granted",
            Self::GrantedWithMods => "grantedWithMods",
            Self::Rejection => "rejection",
            Self::Waiting => "waiting",
            Self::RevocationWarning => "revocationWarning",
            Self::RevocationNotification => "revocationNotification",
        })
    }
}

impl PkiFailureInfo {
    const fn from_bit(bit: u32) -> Self {
        match bit {
            0 => Self::BadAlg,
            2 => Self::BadRequest,
            5 => Self::BadDataFormat,
            14 => Self::TimeNotAvailable,
            15 => Self::UnacceptedPolicy,
            16 => Self::UnacceptedExtension,
            17 => Self::AddInfoNotAvailable,
            25 => Self::SystemFailure,
            bit => Self::Undefined { bit },
        }
    }
}

impl core::fmt::Display for PkiFailureInfo {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::BadAlg => "badAlg",
            Self::BadRequest => "badRequest",
            Self::BadDataFormat => "badDataFormat",
            Self::TimeNotAvailable => "timeNotAvailable",
            Self::UnacceptedPolicy => "unacceptedPolicy",
            Self::UnacceptedExtension => "unacceptedExtension",
            Self::AddInfoNotAvailable => "addInfoNotAvailable",
            Self::SystemFailure => "systemFailure",
            Self::Undefined { bit } => return write!(f, "failure bit {bit}"),
        })
    }
}

/// A response that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStampResponse {
    status: PkiStatus,
    token: TimeStampToken,
}

impl TimeStampResponse {
    /// Reads the DER of `TimeStampResp`; the token inside may be BER.
    ///
    /// # Errors
    /// When it is malformed, or the authority refused: the refusal is named with its reasons.
    pub fn from_der(der: &[u8]) -> Result<Self, ResponseError> {
        let mut outer = Reader::new(der, Rules::Ber);
        let mut fields = outer.expect(tag::SEQUENCE)?.children()?;
        outer.finish()?;
        let mut info = fields.expect(tag::SEQUENCE)?.children()?;
        let status = status(&info.expect(tag::INTEGER)?)?;
        let mut text = Vec::new();
        if let Some(lines) = info.optional(tag::SEQUENCE)? {
            for line in lines.children()?.rest()? {
                text.push(String::from_utf8_lossy(line.value()).into_owned());
            }
        }
        let failures =
            info.optional(tag::BIT_STRING)?.map(|bits| failures(&bits)).unwrap_or_default();
        info.finish()?;
        let token = if fields.is_empty() { None } else { Some(fields.element()?) };
        fields.finish()?;
        if !matches!(status, PkiStatus::Granted | PkiStatus::GrantedWithMods) {
            return Err(ResponseError::Refused { status, failures, text });
        }
        let token = token.ok_or(ResponseError::TokenMissing)?;
        let token = TimeStampToken::from_ber(token.raw()).map_err(ResponseError::Token)?;
        Ok(Self { status, token })
    }

    /// granted, or grantedWithMods.
    #[must_use]
    pub const fn status(&self) -> PkiStatus {
        self.status
    }

    /// The token; nothing about it is verified yet.
    #[must_use]
    pub const fn token(&self) -> &TimeStampToken {
        &self.token
    }
}

fn status(element: &Element<'_>) -> Result<PkiStatus, ResponseError> {
    match element.small_integer()? {
        0 => Ok(PkiStatus::Granted),
        1 => Ok(PkiStatus::GrantedWithMods),
        2 => Ok(PkiStatus::Rejection),
        3 => Ok(PkiStatus::Waiting),
        4 => Ok(PkiStatus::RevocationWarning),
        5 => Ok(PkiStatus::RevocationNotification),
        status => Err(ResponseError::UnknownStatus { status }),
    }
}

/// The bits that are set, counted from the first; more than the 32 that could mean something are left out.
fn failures(bits: &Element<'_>) -> Vec<PkiFailureInfo> {
    let octets = bits.value().get(1..).unwrap_or_default();
    (0_u32..32)
        .zip(octets.iter().flat_map(|octet| (0..8).map(move |bit| octet & (0x80 >> bit) != 0)))
        .filter(|(_, set)| *set)
        .map(|(bit, _)| PkiFailureInfo::from_bit(bit))
        .collect()
}
