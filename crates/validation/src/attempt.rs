//! What was asked for missing evidence and gave none, so that a report can say it.

use core::fmt;
use core::net::IpAddr;

use kyso_x509::ocsp::ResponseStatus;
use serde::{Deserialize, Serialize};

/// One source that was asked and gave nothing that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// What was wanted.
    pub wanted: Wanted,
    /// The address, as the certificate names it.
    pub source: String,
    /// Why it gave nothing.
    pub failure: FetchFailure,
}

/// What a source is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Certificates of an issuer (RFC 5280 §4.2.2.1, caIssuers).
    Certificates,
    /// A CRL (RFC 5280 §4.2.1.13).
    Crl,
    /// An OCSP response (RFC 6960).
    Ocsp,
    /// A time-stamp token (RFC 3161).
    TimeStamp,
}

/// Why a source gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FetchFailure {
    /// Nothing may be fetched, and the cache does not hold it.
    Offline,
    /// The address has a scheme other than http and https: ldap, ftp, file.
    Scheme(String),
    /// The address is none.
    AddressMalformed,
    /// The name is not known, or names no address.
    NameNotFound,
    /// The name leads to an address that may not be asked: private, loopback, link-local, multicast.
    AddressNotAllowed(IpAddr),
    /// This machine gives no further thread, in which the name would be looked up.
    NoThread,
    /// Nobody answers there.
    ConnectionFailed,
    /// The server's TLS certificate or handshake is not accepted.
    Tls,
    /// The proxy refused, with this HTTP status.
    Proxy(u16),
    /// The proxy's own address cannot be used: it is no `http://` address.
    ProxyMalformed,
    /// It took longer than it may.
    TimedOut,
    /// The connection ended before the answer did.
    Truncated,
    /// The answer is not HTTP.
    NotHttp,
    /// The answer is packed in a coding that was not asked for.
    ContentCoding,
    /// The HTTP status was not 200.
    Status(u16),
    /// It led on further than it may.
    TooManyRedirects,
    /// The answer is longer than this many bytes.
    TooLarge(u64),
    /// The answer is not what it should be: no certificate, no CRL, no OCSP response, no time-stamp response.
    Malformed,
    /// The responder answered with an error instead of a status (RFC 6960 §4.2.1, OCSPResponseStatus).
    Responder(ResponderError),
    /// The answer is about something else than was asked.
    Unrelated,
    /// More sources than one gathering asks.
    TooManyRequests,
}

/// OCSPResponseStatus other than successful (RFC 6960 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponderError {
    /// malformedRequest
    MalformedRequest,
    /// internalError
    InternalError,
    /// tryLater
    TryLater,
    /// sigRequired
    SigRequired,
    /// unauthorized
    Unauthorized,
    /// A number that RFC 6960 does not know.
    Unknown(u8),
}

impl From<ResponseStatus> for ResponderError {
    fn from(status: ResponseStatus) -> Self {
        match status {
            ResponseStatus::MalformedRequest => Self::MalformedRequest,
            ResponseStatus::InternalError => Self::InternalError,
            ResponseStatus::TryLater => Self::TryLater,
            ResponseStatus::SigRequired => Self::SigRequired,
            ResponseStatus::Unauthorized => Self::Unauthorized,
            ResponseStatus::Unknown { code } => Self::Unknown(code),
        }
    }
}

impl fmt::Display for ResponderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MalformedRequest => f.write_str("malformedRequest"),
            Self::InternalError => f.write_str("internalError"),
            Self::TryLater => f.write_str("tryLater"),
            Self::SigRequired => f.write_str("sigRequired"),
            Self::Unauthorized => f.write_str("unauthorized"),
            Self::Unknown(code) => write!(f, "unknown error {code}"),
        }
    }
}

impl Wanted {
    /// Name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificates => "certificates",
            Self::Crl => "crl",
            Self::Ocsp => "ocsp",
            Self::TimeStamp => "time-stamp",
        }
    }
}

impl FetchFailure {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Scheme(_) => "scheme-not-fetched",
            Self::AddressMalformed => "address-malformed",
            Self::NameNotFound => "name-not-found",
            Self::AddressNotAllowed(_) => "address-not-allowed",
            Self::NoThread => "no-thread",
            Self::ConnectionFailed => "connection-failed",
            Self::Tls => "tls",
            Self::Proxy(_) => "proxy-refused",
            Self::ProxyMalformed => "proxy-malformed",
            Self::TimedOut => "timed-out",
            Self::Truncated => "truncated",
            Self::NotHttp => "not-http",
            Self::ContentCoding => "content-coding",
            Self::Status(_) => "http-status",
            Self::TooManyRedirects => "too-many-redirects",
            Self::TooLarge(_) => "too-large",
            Self::Malformed => "malformed",
            Self::Responder(_) => "responder-error",
            Self::Unrelated => "unrelated",
            Self::TooManyRequests => "too-many-requests",
        }
    }
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offline => f.write_str("offline, and not in the cache"),
            Self::Scheme(scheme) => write!(f, "{scheme} addresses are not fetched"),
            Self::AddressMalformed => f.write_str("the address is malformed"),
            Self::NameNotFound => f.write_str("the name is not known"),
            Self::AddressNotAllowed(address) => {
                write!(
                    f,
                    "{address} is not a public address and is not allowed by the configuration"
                )
            }
            Self::NoThread => {
                f.write_str("this machine gives no further thread to look the name up")
            }
            Self::ConnectionFailed => f.write_str("nobody answers"),
            Self::Tls => f.write_str("the server's TLS certificate or handshake is not accepted"),
            Self::Proxy(status) => write!(f, "the proxy refused with HTTP {status}"),
            Self::ProxyMalformed => f.write_str("the proxy's address is no http:// address"),
            Self::TimedOut => f.write_str("it took too long"),
            Self::Truncated => f.write_str("the connection ended before the answer did"),
            Self::NotHttp => f.write_str("the answer is not HTTP"),
            Self::ContentCoding => {
                f.write_str("the answer is packed in a coding that was not asked for")
            }
            Self::Status(status) => write!(f, "HTTP {status}"),
            Self::TooManyRedirects => f.write_str("it leads on too often"),
            Self::TooLarge(most) => write!(f, "longer than {most} bytes"),
            Self::Malformed => f.write_str("the answer is not what it should be"),
            Self::Responder(status) => write!(f, "the responder answered {status}"),
            Self::Unrelated => f.write_str("the answer is about something else than was asked"),
            Self::TooManyRequests => f.write_str("too many sources were asked already"),
        }
    }
}

impl core::error::Error for FetchFailure {}
