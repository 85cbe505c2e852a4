//! What the store needs of the outside: requests answered, pages shown.

use std::time::Duration;

use zeroize::Zeroizing;

use super::error::{TransportError, UserAgentError};

/// A POST; CSC API v2 §7 knows no other request but those of the browser.
pub struct HttpRequest<'a> {
    /// An https address, or http on loopback.
    pub url: &'a str,
    /// The access token of `Authorization: Bearer` (RFC 6750 §2.1); a secret.
    pub bearer: Option<&'a str>,
    /// Content type.
    pub content_type: &'static str,
    /// Content; may hold a PIN or a client secret.
    pub content: &'a [u8],
    /// Most bytes of the answer's content.
    pub most_bytes: u64,
}

/// An answer, whatever its status.
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// Content; may hold an access token.
    pub content: Zeroizing<Vec<u8>>,
}

/// Who carries requests: TLS, time-outs and redirects (none is followed) are its affair.
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// [`TransportError`] where there is no HTTP answer.
    fn exchange(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError>;

    /// Waits before the service is asked again.
    fn pause(&self, time: Duration);
}

/// Who shows a page of the service to the person (RFC 8252: the browser, never a window of our own).
pub trait UserAgent: Send + Sync {
    /// Opens the place on loopback to which the browser returns (RFC 8252 §7.3).
    ///
    /// # Errors
    /// [`UserAgentError`] where there is nobody to show a page to, or no port.
    fn listen(&self) -> Result<Box<dyn Redirect + '_>, UserAgentError>;
}

/// The place to which the browser returns, for one visit.
pub trait Redirect {
    /// Its address, `http://127.0.0.1:PORT/…`.
    fn address(&self) -> &str;

    /// Shows the page at `url`, waits for the browser's return and gives the query it brought; returns whose query is not
    /// `ours` are answered with an error and waited past.
    ///
    /// # Errors
    /// [`UserAgentError`] where the person does not come back in time.
    fn visit(
        &mut self,
        url: &str,
        ours: &dyn Fn(&str) -> bool,
    ) -> Result<Zeroizing<String>, UserAgentError>;
}
