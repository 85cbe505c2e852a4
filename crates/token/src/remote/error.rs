//! What can go wrong with a remote service.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A method of the CSC API v2 (§11) or of its OAuth 2.0 server (§8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Method {
    /// `info` (§11.1).
    Info,
    /// `oauth2/authorize` (§8.4.2).
    OauthAuthorize,
    /// `oauth2/token` (§8.4.4).
    OauthToken,
    /// `credentials/list` (§11.4).
    CredentialsList,
    /// `credentials/info` (§11.5).
    CredentialsInfo,
    /// `credentials/authorize` (§11.6).
    CredentialsAuthorize,
    /// `credentials/authorizeCheck` (§11.7).
    CredentialsAuthorizeCheck,
    /// `credentials/getChallenge` (§11.8).
    CredentialsGetChallenge,
    /// `credentials/sendOTP`, of version 1, which services still offer.
    CredentialsSendOtp,
    /// `signatures/signHash` (§11.10).
    SignHash,
}

impl Method {
    /// Its path below the base address.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::OauthAuthorize => "oauth2/authorize",
            Self::OauthToken => "oauth2/token",
            Self::CredentialsList => "credentials/list",
            Self::CredentialsInfo => "credentials/info",
            Self::CredentialsAuthorize => "credentials/authorize",
            Self::CredentialsAuthorizeCheck => "credentials/authorizeCheck",
            Self::CredentialsGetChallenge => "credentials/getChallenge",
            Self::CredentialsSendOtp => "credentials/sendOTP",
            Self::SignHash => "signatures/signHash",
        }
    }

    /// Whether asking twice does no more than asking once.
    pub(super) const fn is_idempotent(self) -> bool {
        matches!(self, Self::Info | Self::CredentialsList | Self::CredentialsInfo)
    }
}

/// The `error` of an error object (CSC API v2 §10.1, RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorCode {
    /// `invalid_request`
    InvalidRequest,
    /// `access_denied`
    AccessDenied,
    /// `unauthorized_client`
    UnauthorizedClient,
    /// `invalid_client`
    InvalidClient,
    /// `invalid_grant`
    InvalidGrant,
    /// `invalid_scope`
    InvalidScope,
    /// `invalid_token`
    InvalidToken,
    /// `expired_token`
    ExpiredToken,
    /// `invalid_pin`
    InvalidPin,
    /// `invalid_otp`
    InvalidOtp,
    /// `pin_locked` and `credential_locked`, which services say of a PIN tried too often.
    Locked,
    /// `authorization_pending`: the person has not answered yet.
    AuthorizationPending,
    /// `unsupported_response_type` and `unsupported_grant_type`
    UnsupportedGrant,
    /// `server_error`
    ServerError,
    /// `temporarily_unavailable`
    TemporarilyUnavailable,
    /// A code that neither document lists.
    Unlisted,
}

impl ErrorCode {
    pub(super) fn of(text: &str) -> Self {
        match text {
            "invalid_request" => Self::InvalidRequest,
            "access_denied" => Self::AccessDenied,
            "unauthorized_client" => Self::UnauthorizedClient,
            "invalid_client" => Self::InvalidClient,
            "invalid_grant" => Self::InvalidGrant,
            "invalid_scope" => Self::InvalidScope,
            "invalid_token" => Self::InvalidToken,
            "expired_token" => Self::ExpiredToken,
            "invalid_pin" => Self::InvalidPin,
            "invalid_otp" => Self::InvalidOtp,
            "pin_locked" | "credential_locked" => Self::Locked,
            "authorization_pending" => Self::AuthorizationPending,
            "unsupported_response_type" | "unsupported_grant_type" => Self::UnsupportedGrant,
            "server_error" => Self::ServerError,
            "temporarily_unavailable" => Self::TemporarilyUnavailable,
            _ => Self::Unlisted,
        }
    }

    /// The code as the documents write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::AccessDenied => "access_denied",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidToken => "invalid_token",
            Self::ExpiredToken => "expired_token",
            Self::InvalidPin => "invalid_pin",
            Self::InvalidOtp => "invalid_otp",
            Self::Locked => "credential_locked",
            Self::AuthorizationPending => "authorization_pending",
            Self::UnsupportedGrant => "unsupported_grant_type",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::Unlisted => "unlisted error",
        }
    }
}

/// Why no HTTP answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransportError {
    /// Nothing may be asked of the network.
    Offline,
    /// The address is none.
    AddressMalformed,
    /// The name is not known.
    NameNotFound,
    /// Nobody answers there, or the connection broke.
    ConnectionFailed,
    /// The server's TLS certificate or handshake is not accepted.
    Tls,
    /// The proxy refuses.
    Proxy,
    /// It took longer than it may.
    TimedOut,
    /// The answer is longer than it may be.
    TooLarge,
    /// The answer is not HTTP.
    NotHttp,
}

/// Why the person's browser brought nothing back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserAgentError {
    /// There is nobody to show a page to.
    Nobody,
    /// No port on loopback could be had.
    NoPort,
    /// The person did not come back in time.
    TimedOut,
}

/// An error of a remote service, or of the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RemoteError {
    /// No HTTP answer came to this method.
    Transport(Method, TransportError),
    /// The service answered this method with an error object.
    Refused(Method, ErrorCode),
    /// It answered with an HTTP status and no error object.
    Status(Method, u16),
    /// Its answer does not parse, or lacks what the API requires.
    AnswerMalformed(Method),
    /// A plain http address outside loopback.
    NotTls,
    /// It does not offer this method.
    MethodMissing(Method),
    /// It offers no way to log in that is known here, or none that its configuration allows.
    LoginUnsupported,
    /// The browser brought nothing back from the page of this method.
    UserAgent(UserAgentError),
    /// No configured service has this address.
    ServiceUnknown,
    /// It lists more credentials or certificates than the bound.
    TooMany {
        /// The bound.
        most: usize,
    },
    /// The service has disabled the credential's key.
    KeyDisabled,
    /// The service says that the credential's certificate is not valid: expired, revoked or suspended.
    CertificateNotValid,
    /// The service now shows another certificate than was chosen.
    CertificateChanged,
    /// The service authorizes this credential in a way that is not known here.
    AuthorizationUnsupported,
    /// The person did not give the authorization in time.
    AuthorizationPending,
    /// The service returned another number of signatures than it was given hashes.
    SignatureCount {
        /// Hashes sent.
        expected: usize,
        /// Signatures returned.
        actual: usize,
    },
    /// A returned signature does not verify under the certificate: it was dropped.
    SignatureWrong,
    /// The system gives no random bytes.
    NoRandomness,
}

impl RemoteError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Transport(_, TransportError::Offline) => "remote-offline",
            Self::Transport(_, TransportError::TimedOut) => "remote-timed-out",
            Self::Transport(_, TransportError::Tls) | Self::NotTls => "remote-tls",
            Self::Transport(_, _) => "remote-unreachable",
            Self::Refused(_, code) => match code {
                ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable => "remote-unavailable",
                ErrorCode::AccessDenied => "remote-denied",
                ErrorCode::InvalidOtp => "remote-otp-incorrect",
                _ => "remote-refused",
            },
            Self::Status(_, 500..) => "remote-unavailable",
            Self::Status(..) => "remote-refused",
            Self::AnswerMalformed(_) | Self::TooMany { .. } | Self::SignatureCount { .. } => {
                "remote-nonsense"
            }
            Self::MethodMissing(_) | Self::LoginUnsupported | Self::AuthorizationUnsupported => {
                "remote-unsupported"
            }
            Self::UserAgent(_) => "remote-login-not-finished",
            Self::ServiceUnknown => "remote-service-unknown",
            Self::KeyDisabled | Self::CertificateNotValid => "remote-credential-disabled",
            Self::CertificateChanged => "remote-certificate-changed",
            Self::AuthorizationPending => "remote-not-authorized",
            Self::SignatureWrong => "remote-signature-wrong",
            Self::NoRandomness => "no-randomness",
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Transport(_, error) => matches!(
                error,
                TransportError::ConnectionFailed
                    | TransportError::NameNotFound
                    | TransportError::TimedOut
                    | TransportError::Proxy
            ),
            Self::Refused(_, code) => matches!(
                code,
                ErrorCode::ServerError
                    | ErrorCode::TemporarilyUnavailable
                    | ErrorCode::ExpiredToken
                    | ErrorCode::InvalidToken
                    | ErrorCode::InvalidOtp
            ),
            Self::Status(_, status) => *status >= 500 || *status == 429,
            Self::UserAgent(_) | Self::AuthorizationPending => true,
            _ => false,
        }
    }

    /// Whether the act that met it is over: nobody shall be asked again for the rest of a batch.
    pub(crate) const fn ends_act(&self) -> bool {
        matches!(
            self,
            Self::Refused(
                _,
                ErrorCode::AccessDenied
                    | ErrorCode::InvalidOtp
                    | ErrorCode::InvalidClient
                    | ErrorCode::InvalidGrant
                    | ErrorCode::UnauthorizedClient
            ) | Self::UserAgent(_)
                | Self::AuthorizationPending
                | Self::KeyDisabled
                | Self::SignatureWrong
                | Self::Transport(_, TransportError::Tls)
        )
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offline => "offline",
            Self::AddressMalformed => "the address is malformed",
            Self::NameNotFound => "the name is not known",
            Self::ConnectionFailed => "nobody answers, or the connection broke",
            Self::Tls => "the server's TLS certificate or handshake is not accepted",
            Self::Proxy => "the proxy refuses",
            Self::TimedOut => "it took too long",
            Self::TooLarge => "the answer is too long",
            Self::NotHttp => "the answer is not HTTP",
        })
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(method, error) => write!(f, "{}: {error}", method.path()),
            Self::Refused(method, code) => {
                write!(f, "{}: the service answered {}", method.path(), code.as_str())
            }
            Self::Status(method, status) => write!(f, "{}: HTTP {status}", method.path()),
            Self::AnswerMalformed(method) => {
                write!(f, "{}: the answer does not parse", method.path())
            }
            Self::NotTls => f.write_str("the service's address is not https"),
            Self::MethodMissing(method) => {
                write!(f, "the service does not offer {}", method.path())
            }
            Self::LoginUnsupported => {
                f.write_str("the service offers no login that is known here and configured")
            }
            Self::UserAgent(UserAgentError::Nobody) => {
                f.write_str("there is nobody to show the service's page to")
            }
            Self::UserAgent(UserAgentError::NoPort) => {
                f.write_str("no port on loopback for the browser's return")
            }
            Self::UserAgent(UserAgentError::TimedOut) => {
                f.write_str("the browser did not come back in time")
            }
            Self::ServiceUnknown => f.write_str("no configured service has this address"),
            Self::TooMany { most } => write!(f, "the service lists more than {most}"),
            Self::KeyDisabled => f.write_str("the service has disabled the key"),
            Self::CertificateNotValid => {
                f.write_str("the service says that the certificate is not valid")
            }
            Self::CertificateChanged => {
                f.write_str("the service now shows another certificate than was chosen")
            }
            Self::AuthorizationUnsupported => {
                f.write_str("the service authorizes the credential in a way not known here")
            }
            Self::AuthorizationPending => f.write_str("nobody gave the authorization in time"),
            Self::SignatureCount { expected, actual } => {
                write!(f, "the service returned {actual} signatures for {expected} hashes")
            }
            Self::SignatureWrong => {
                f.write_str("a returned signature does not verify under the certificate")
            }
            Self::NoRandomness => f.write_str("the system gives no random bytes"),
        }
    }
}

impl std::error::Error for RemoteError {}
