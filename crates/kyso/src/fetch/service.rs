//! The same connections for a remote signing service (CSC API v2), which stands in the configuration and not in a certificate.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use kyso_token::remote::{HttpRequest, HttpResponse, Transport, TransportError};
use kyso_validation::attempt::FetchFailure;
use zeroize::Zeroizing;

use super::address::Networks;
use super::http::Bounds;
use super::transport::{Ask, Transport as Connections};
use super::url::Url;
use super::{Limits, Proxies, Settings, TlsRoots};

/// Carries requests to a service: no redirect is followed, nothing is asked again, nothing is kept.
pub struct ServiceTransport {
    online: bool,
    connections: Connections,
    limits: Limits,
}

impl ServiceTransport {
    /// By the proxies, roots and times of these settings.
    ///
    /// Addresses of services are written by whoever owns the configuration, not by strangers: they may lie in a private
    /// network, and on loopback, where no proxy is asked.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let Settings { proxies, roots, limits, .. } = settings;
        let mut proxies: Proxies = proxies.clone();
        proxies.except.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
        let roots: TlsRoots = roots.clone();
        let connections = Connections {
            networks: Networks::dangerous_allow_private(),
            proxies,
            roots,
            connect_timeout: limits.connect,
            tls: OnceLock::new(),
        };
        Self { online: settings.online, connections, limits: *limits }
    }
}

impl Transport for ServiceTransport {
    fn exchange(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, TransportError> {
        if !self.online {
            return Err(TransportError::Offline);
        }
        let url = Url::parse(request.url).map_err(|failure| named(&failure))?;
        let bounds =
            Bounds { header_bytes: self.limits.header_bytes, content_bytes: request.most_bytes };
        let ask = Ask {
            url: &url,
            content: Some((request.content_type, request.content)),
            service: Some(request.bearer),
        };
        let deadline = Instant::now() + self.limits.answer;
        let answer =
            self.connections.ask(ask, bounds, deadline).map_err(|failure| named(&failure))?;
        Ok(HttpResponse { status: answer.status, content: Zeroizing::new(answer.content) })
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The failure as the store names it.
fn named(failure: &FetchFailure) -> TransportError {
    match failure {
        FetchFailure::Offline => TransportError::Offline,
        FetchFailure::Scheme(_) | FetchFailure::AddressMalformed => {
            TransportError::AddressMalformed
        }
        FetchFailure::NameNotFound => TransportError::NameNotFound,
        FetchFailure::Tls => TransportError::Tls,
        FetchFailure::Proxy(_) | FetchFailure::ProxyMalformed => TransportError::Proxy,
        FetchFailure::TimedOut => TransportError::TimedOut,
        FetchFailure::TooLarge(_) => TransportError::TooLarge,
        FetchFailure::NotHttp | FetchFailure::ContentCoding | FetchFailure::Malformed => {
            TransportError::NotHttp
        }
        FetchFailure::AddressNotAllowed(_)
        | FetchFailure::NoThread
        | FetchFailure::ConnectionFailed
        | FetchFailure::Truncated
        | FetchFailure::Status(_)
        | FetchFailure::TooManyRedirects
        | FetchFailure::Responder(_)
        | FetchFailure::Unrelated
        | FetchFailure::TooManyRequests => TransportError::ConnectionFailed,
    }
}
