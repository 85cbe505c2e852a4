//! Fetching evidence over HTTP: issuers' certificates, CRLs, OCSP responses, time-stamps.
//!
//! Addresses stand in certificates that strangers wrote, and servers answer what they like: schemes, addresses, times,
//! sizes and redirects are bounded, and what is fetched proves nothing before it was validated. The client is a small
//! one of our own, for three reasons: a name is looked up once and exactly the checked address is connected to;
//! one deadline bounds an answer that drips; and plain http goes through a proxy as RFC 9112 has it, where the
//! synchronous clients at hand open tunnels that proxies refuse for port 80.

mod address;
mod cache;
mod http;
mod proxy;
mod service;
mod transport;
mod url;

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kyso_cades::SignedData;
use kyso_x509::ocsp::OcspError;
use kyso_x509::{Certificate, CertificateList, Digest, DigestAlgorithm, OcspResponse, Time};

pub use address::{Network, NetworkError, Networks, is_public};
pub use cache::Cache;
pub use kyso_validation::attempt::{Attempt, FetchFailure, Wanted};
pub use proxy::Proxies;
pub use service::ServiceTransport;
pub use transport::TlsRoots;

use cache::Entry;
use http::Bounds;
use transport::{Ask, Transport};
use url::Url;

/// How evidence is fetched.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether anything is fetched; without, the cache alone answers, whatever its age.
    pub online: bool,
    /// Which addresses may be asked.
    pub networks: Networks,
    /// Which proxies are asked.
    pub proxies: Proxies,
    /// Who vouches for https servers.
    pub roots: TlsRoots,
    /// Where answers are kept; `None` to keep nothing.
    pub cache: Option<Cache>,
    /// Bounds.
    pub limits: Limits,
}

/// Bounds on fetching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For one connection.
    pub connect: Duration,
    /// For one answer, from looking the name up to the last byte, redirects included.
    pub answer: Duration,
    /// For one gathering altogether.
    pub gathering: Duration,
    /// Most requests of one gathering, those that the cache answers not counted.
    pub requests: usize,
    /// Most sources that are asked for one piece of evidence.
    pub sources: usize,
    /// Further tries after a connection that failed or a server that says it is busy.
    pub retries: usize,
    /// Between two tries.
    pub pause: Duration,
    /// Most redirects of one request.
    pub redirects: usize,
    /// Longest header of an answer in bytes.
    pub header_bytes: usize,
    /// Longest certificates file in bytes.
    pub certificates_bytes: u64,
    /// Longest CRL in bytes.
    pub crl_bytes: u64,
    /// Longest OCSP response in bytes.
    pub ocsp_bytes: u64,
    /// Longest time-stamp response in bytes.
    pub time_stamp_bytes: u64,
    /// Seconds for which certificates are kept.
    pub certificates_age: i64,
    /// Most seconds for which a CRL or OCSP response is kept, where its nextUpdate is later or missing.
    pub status_age: i64,
}

impl Limits {
    /// For a person who waits for one verdict.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            // A server across the country answers in a tenth of a second; a lost packet is sent again after one.
            connect: Duration::from_secs(5),
            // The largest public CRLs (some 30 MB) over a slow office line.
            answer: Duration::from_secs(20),
            // What people wait for before they think a program hangs.
            gathering: Duration::from_secs(60),
            // Four signatures with a time-stamp each, paths of four, two kinds of evidence.
            requests: 64,
            // Certificates name one or two of a kind.
            sources: 4,
            retries: 1,
            pause: Duration::from_millis(200),
            redirects: 3,
            // As common servers bound requests.
            header_bytes: 16 * 1024,
            // The largest caIssuers file of a public CA has some hundred certificates.
            certificates_bytes: 1024 * 1024,
            // The largest public CRLs have some 30 MB.
            crl_bytes: 64 * 1024 * 1024,
            // A response with its responder's chain has 2 to 10 KB.
            ocsp_bytes: 128 * 1024,
            // A token with its authority's chain has 4 to 12 KB.
            time_stamp_bytes: 256 * 1024,
            // Issuers' certificates hardly ever change behind their address.
            certificates_age: 7 * 86_400,
            // A revocation should be seen the next day even where the list is made for a month.
            status_age: 86_400,
        }
    }
}

/// What the cache may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// What has not run out.
    Cached,
    /// Nothing: the last answer was not good enough.
    Anew,
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched<T> {
    /// It.
    pub value: T,
    /// Whether it lay in the cache: asking anew may give something newer.
    pub from_cache: bool,
}

/// Fetches evidence; made once, shared by threads.
pub struct Fetcher {
    settings: Settings,
    transport: Transport,
}

impl Fetcher {
    /// A fetcher by these settings; nothing is read or connected to before it is asked.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let transport = Transport {
            networks: settings.networks.clone(),
            proxies: settings.proxies.clone(),
            roots: settings.roots.clone(),
            connect_timeout: settings.limits.connect,
            tls: OnceLock::new(),
        };
        Self { settings, transport }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Certificates of an issuer (RFC 5280 §4.2.2.1): DER, PEM or a certs-only CMS, whatever the server calls them.
    ///
    /// # Errors
    /// [`FetchFailure`].
    pub fn certificates(
        &self,
        address: &str,
        freshness: Freshness,
        now: Time,
    ) -> Result<Fetched<Vec<Certificate>>, FetchFailure> {
        let limits = &self.settings.limits;
        let age = limits.certificates_age;
        self.cached(Request::get(address), limits.certificates_bytes, freshness, now, |content| {
            Ok((read_certificates(content).ok_or(FetchFailure::Malformed)?, later(now, age)))
        })
    }

    /// A CRL (RFC 5280 §4.2.1.13), in DER or PEM.
    ///
    /// # Errors
    /// [`FetchFailure`].
    pub fn crls(
        &self,
        address: &str,
        freshness: Freshness,
        now: Time,
    ) -> Result<Fetched<Vec<CertificateList>>, FetchFailure> {
        let limits = &self.settings.limits;
        let latest = later(now, limits.status_age);
        self.cached(Request::get(address), limits.crl_bytes, freshness, now, |content| {
            let lists = CertificateList::all_from_pem_or_der(content)
                .map_err(|_no_crl| FetchFailure::Malformed)?;
            let expires = lists.iter().map(|list| list.next_update().unwrap_or(latest)).min();
            Ok((lists, expires.unwrap_or(now).min(latest)))
        })
    }

    /// An OCSP response to a request in DER (RFC 6960 Appendix A): by GET where the request is short (RFC 5019 §5,
    /// caches on the way may answer), by POST where it is not or GET gave nothing.
    ///
    /// `answers` says whether a response is about what was asked. One that is not is neither kept nor taken from the
    /// cache, where it would stand before the right one for a day.
    ///
    /// # Errors
    /// [`FetchFailure`]; of the two ways the POST's.
    pub fn ocsp(
        &self,
        address: &str,
        request: &[u8],
        answers: impl Fn(&OcspResponse) -> bool,
        freshness: Freshness,
        now: Time,
    ) -> Result<Fetched<OcspResponse>, FetchFailure> {
        let limits = &self.settings.limits;
        let latest = later(now, limits.status_age);
        let read = |content: &[u8]| {
            let response = read_ocsp(content)?;
            if !answers(&response) {
                return Err(FetchFailure::Unrelated);
            }
            let expires =
                response.responses().iter().map(|one| one.next_update.unwrap_or(latest)).min();
            Ok((response, expires.unwrap_or(now).min(latest)))
        };
        let encoded: String = STANDARD.encode(request).chars().map(percent_encoded).collect();
        let separator = if address.ends_with('/') { "" } else { "/" };
        let with_request = format!("{address}{separator}{encoded}");
        if encoded.len() <= MOST_GET_BYTES {
            match self.cached(Request::get(&with_request), limits.ocsp_bytes, freshness, now, read)
            {
                Ok(response) => return Ok(response),
                // What the server itself has answered badly it may answer better to a POST.
                Err(
                    FetchFailure::Status(_)
                    | FetchFailure::Malformed
                    | FetchFailure::Unrelated
                    | FetchFailure::Responder(_)
                    | FetchFailure::Truncated
                    | FetchFailure::NotHttp
                    | FetchFailure::TooManyRedirects,
                ) => {}
                Err(other) => return Err(other),
            }
        }
        let content = Some(("application/ocsp-request", request));
        self.cached(Request { address, content }, limits.ocsp_bytes, freshness, now, read)
    }

    /// What a server answers to a POST, such as a time-stamp request (RFC 3161 §3.4); never from the cache.
    ///
    /// # Errors
    /// [`FetchFailure`].
    pub fn post(
        &self,
        address: &str,
        content_type: &str,
        content: &[u8],
        most_bytes: u64,
    ) -> Result<Vec<u8>, FetchFailure> {
        if !self.settings.online {
            return Err(FetchFailure::Offline);
        }
        self.ask(Request { address, content: Some((content_type, content)) }, most_bytes)
    }

    fn cached<T>(
        &self,
        request: Request<'_>,
        most_bytes: u64,
        freshness: Freshness,
        now: Time,
        read: impl Fn(&[u8]) -> Result<(T, Time), FetchFailure>,
    ) -> Result<Fetched<T>, FetchFailure> {
        let Settings { online, cache, .. } = &self.settings;
        let key = request.key();
        if let Some(cache) = cache
            && let Some(entry) = cache.find(&key)
            // A clock that was set back makes stored answers no younger.
            && (!online || (freshness == Freshness::Cached && entry.stored <= now && now < entry.expires))
            && let Ok((value, _)) = read(&entry.content)
        {
            return Ok(Fetched { value, from_cache: true });
        }
        if !online {
            return Err(FetchFailure::Offline);
        }
        let content = self.ask(request, most_bytes)?;
        let (value, expires) = read(&content)?;
        if let Some(cache) = cache {
            cache.store(&key, &Entry { stored: now, expires, content });
        }
        Ok(Fetched { value, from_cache: false })
    }

    /// Asks, and asks again where that may help.
    fn ask(&self, request: Request<'_>, most_bytes: u64) -> Result<Vec<u8>, FetchFailure> {
        let limits = &self.settings.limits;
        let deadline = Instant::now() + limits.answer;
        let mut tries_left = limits.retries;
        loop {
            let failure = match self.follow(request, most_bytes, deadline) {
                Ok(content) => return Ok(content),
                Err(failure) => failure,
            };
            let passing = matches!(
                failure,
                FetchFailure::ConnectionFailed
                    | FetchFailure::Truncated
                    | FetchFailure::Status(500 | 502..=504)
            );
            if !passing || tries_left == 0 || Instant::now() + limits.pause >= deadline {
                return Err(failure);
            }
            tries_left -= 1;
            thread::sleep(limits.pause);
        }
    }

    /// Asks, and goes where the answer leads; every address on the way is checked like the first.
    fn follow(
        &self,
        request: Request<'_>,
        most_bytes: u64,
        deadline: Instant,
    ) -> Result<Vec<u8>, FetchFailure> {
        let limits = &self.settings.limits;
        let bounds = Bounds { header_bytes: limits.header_bytes, content_bytes: most_bytes };
        let mut url = Url::parse(request.address)?;
        let mut content = request.content;
        for _ in 0..=limits.redirects {
            let answer =
                self.transport.ask(Ask { url: &url, content, service: None }, bounds, deadline)?;
            match (answer.status, answer.location) {
                (200, _) => return Ok(answer.content),
                (301 | 302 | 303 | 307 | 308, Some(location)) => {
                    url = url.join(&location)?;
                    // RFC 9110 §15.4.4: elsewhere the answer to what was posted lies ready.
                    if answer.status == 303 {
                        content = None;
                    }
                }
                (status, _) => return Err(FetchFailure::Status(status)),
            }
        }
        Err(FetchFailure::TooManyRedirects)
    }
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// RFC 5019 §5: up to this many bytes, encoded, a request goes by GET.
const MOST_GET_BYTES: usize = 255;

/// A GET, or a POST of a content type and content.
#[derive(Clone, Copy)]
struct Request<'a> {
    address: &'a str,
    content: Option<(&'a str, &'a [u8])>,
}

impl<'a> Request<'a> {
    const fn get(address: &'a str) -> Self {
        Self { address, content: None }
    }

    /// The digest of everything that determines the answer; lengths keep the parts apart.
    fn key(&self) -> Digest {
        let (content_type, content) = self.content.unwrap_or_default();
        let mut text = Vec::new();
        for part in [self.address.as_bytes(), content_type.as_bytes(), content] {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part);
        }
        DigestAlgorithm::Sha256.digest(&text)
    }
}

/// The characters of base64 that are not themselves in a path (RFC 5019 §5).
fn percent_encoded(one: char) -> String {
    match one {
        '+' => "%2B".to_owned(),
        '/' => "%2F".to_owned(),
        '=' => "%3D".to_owned(),
        other => other.to_string(),
    }
}

const fn later(now: Time, seconds: i64) -> Time {
    Time::from_unix_seconds(now.as_unix_seconds().saturating_add(seconds))
}

/// The certificates in an answer; none at all is no answer.
fn read_certificates(content: &[u8]) -> Option<Vec<Certificate>> {
    let found = Certificate::all_from_pem_or_der(content).ok();
    let found = found.or_else(|| Some(SignedData::from_ber(content).ok()?.certificates()));
    let found = found.or_else(|| {
        let blocks = kyso_x509::pem::decode(content, &["PKCS7", "CMS"]).ok()?;
        let messages = blocks.iter().map(|ber| SignedData::from_ber(ber).ok());
        Some(
            messages
                .collect::<Option<Vec<_>>>()?
                .iter()
                .flat_map(SignedData::certificates)
                .collect(),
        )
    });
    found.filter(|certificates| !certificates.is_empty())
}

fn read_ocsp(content: &[u8]) -> Result<OcspResponse, FetchFailure> {
    OcspResponse::from_der(content).map_err(|error| match error {
        OcspError::Status(status) => FetchFailure::Responder(status.into()),
        _ => FetchFailure::Malformed,
    })
}
