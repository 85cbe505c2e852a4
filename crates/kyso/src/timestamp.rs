//! Time-stamps from an authority (RFC 3161): asked for over HTTP, checked before they are used.
//!
//! Several authorities are asked in the order given until one answers well. A token is used only if it answers this
//! very request (imprint, nonce, policy) and its signature verifies under a certificate made for time-stamping alone;
//! whether that certificate leads to an anchor is the question of whoever validates.

use std::fmt;

use kyso_cades::timestamp::{
    ResponseError, ResponseMismatch, TimeStampRequest, TimeStampResponse, TimeStampToken,
    TokenFailure, VerifiedToken, verify_token,
};
use kyso_x509::{Digest, ObjectIdentifier};

use crate::fetch::{FetchFailure, Fetcher};

/// Content type of a request (RFC 3161 §3.4).
const REQUEST_TYPE: &str = "application/timestamp-query";

/// Bytes of the nonce: 2^64 values, which no authority repeats (RFC 3161 §2.4.1 speaks of a 64-bit integer).
const NONCE_BYTES: usize = 8;

/// Where time-stamps come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorities {
    /// Addresses, the preferred one first.
    pub addresses: Vec<String>,
    /// The policy to ask for; `None` leaves it to the authority.
    pub policy: Option<ObjectIdentifier>,
}

/// A token that was checked, and who made it.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// The token.
    pub token: TimeStampToken,
    /// Its signature.
    pub verified: VerifiedToken,
    /// The authority's address.
    pub authority: String,
    /// Authorities that were asked before in vain.
    pub failed: Vec<FailedAuthority>,
}

/// Why one authority's answer is of no use.
#[derive(Clone, Debug)]
pub struct FailedAuthority {
    /// Its address.
    pub address: String,
    /// Why.
    pub reason: AuthorityFailure,
}

/// What an authority did instead of stamping.
#[derive(Clone, Debug)]
pub enum AuthorityFailure {
    /// It could not be reached, or its answer not be had.
    Fetch(FetchFailure),
    /// Its answer is malformed or a refusal.
    Response(ResponseError),
    /// Its token answers another request.
    Mismatch(ResponseMismatch),
    /// Its token does not verify.
    Token(TokenFailure),
}

impl AuthorityFailure {
    /// Whether the same request may succeed later: nothing was wrong but the way there.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Fetch(_))
    }
}

impl fmt::Display for AuthorityFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(failure) => failure.fmt(f),
            Self::Response(error) => error.fmt(f),
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Token(failure) => failure.fmt(f),
        }
    }
}

/// Why there is no time-stamp.
#[derive(Debug)]
pub enum TimestampError {
    /// No authority is named.
    NoAuthority,
    /// None of the authorities gave a token that can be used.
    NoneAnswered {
        /// Each with its reason, in the order asked.
        failed: Vec<FailedAuthority>,
    },
    /// The system gives no random bytes.
    NoRandomness,
}

impl TimestampError {
    /// Whether it may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::NoneAnswered { failed } => failed.iter().any(|one| one.reason.is_passing()),
            Self::NoAuthority | Self::NoRandomness => false,
        }
    }
}

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAuthority => f.write_str("no time-stamping authority is named"),
            Self::NoneAnswered { failed } => {
                f.write_str("no time-stamping authority gave a time-stamp")?;
                failed.iter().try_for_each(|one| write!(f, "; {}: {}", one.address, one.reason))
            }
            Self::NoRandomness => f.write_str("the system gives no random bytes"),
        }
    }
}

impl std::error::Error for TimestampError {}

/// Has an imprint stamped by the first authority that answers well.
///
/// # Errors
/// [`TimestampError`], with what became of each authority.
pub fn stamp(
    imprint: &Digest,
    authorities: &Authorities,
    fetcher: &Fetcher,
) -> Result<Stamped, TimestampError> {
    if authorities.addresses.is_empty() {
        return Err(TimestampError::NoAuthority);
    }
    let mut failed = Vec::new();
    for address in &authorities.addresses {
        // A nonce of its own for each: an answer of one authority must not serve as another's.
        let request = TimeStampRequest {
            message_imprint: *imprint,
            nonce: Some(nonce()?),
            policy: authorities.policy,
            cert_req: true,
        };
        match ask(address, &request, fetcher) {
            Ok((token, verified)) => {
                return Ok(Stamped { token, verified, authority: address.clone(), failed });
            }
            Err(reason) => failed.push(FailedAuthority { address: address.clone(), reason }),
        }
    }
    Err(TimestampError::NoneAnswered { failed })
}

fn ask(
    address: &str,
    request: &TimeStampRequest,
    fetcher: &Fetcher,
) -> Result<(TimeStampToken, VerifiedToken), AuthorityFailure> {
    let most_bytes = fetcher.settings().limits.time_stamp_bytes;
    let answer = fetcher
        .post(address, REQUEST_TYPE, &request.to_der(), most_bytes)
        .map_err(AuthorityFailure::Fetch)?;
    let response = TimeStampResponse::from_der(&answer).map_err(AuthorityFailure::Response)?;
    let token = response.token();
    request.check(token).map_err(AuthorityFailure::Mismatch)?;
    let verified = verify_token(token, &[]).map_err(AuthorityFailure::Token)?;
    Ok((token.clone(), verified))
}

fn nonce() -> Result<Vec<u8>, TimestampError> {
    use ring::rand::SecureRandom as _;
    let mut nonce = vec![0; NONCE_BYTES];
    ring::rand::SystemRandom::new()
        .fill(&mut nonce)
        .map_err(|ring::error::Unspecified| TimestampError::NoRandomness)?;
    Ok(nonce)
}
