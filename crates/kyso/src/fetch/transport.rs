//! Connections: to checked addresses only, directly or through a proxy, under one deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use kyso_validation::attempt::FetchFailure;
use kyso_x509::Certificate;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::address::Networks;
use super::http::{self, Bounds, Request, Response, broken};
use super::proxy::Proxies;
use super::url::Url;

/// By whom the TLS certificates of servers are vouched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsRoots {
    /// By those whom this machine trusts.
    Platform,
    /// By these alone.
    These(Vec<Certificate>),
}

/// What connections are made by.
pub(super) struct Transport {
    pub(super) networks: Networks,
    pub(super) proxies: Proxies,
    pub(super) roots: TlsRoots,
    pub(super) connect_timeout: Duration,
    pub(super) tls: OnceLock<Option<Arc<ClientConfig>>>,
}

/// What is asked of a server.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) url: &'a Url,
    /// Content type and content of a POST; a GET without.
    pub(super) content: Option<(&'a str, &'a [u8])>,
    /// Access token of a service that is asked as such: then the content of its refusals is read, too.
    pub(super) service: Option<Option<&'a str>>,
}

/// Most addresses of one name that are tried.
const MOST_ADDRESSES: usize = 4;

impl Transport {
    /// One request to one address; a redirect is an answer like others.
    pub(super) fn ask(
        &self,
        ask: Ask<'_>,
        bounds: Bounds,
        deadline: Instant,
    ) -> Result<Response, FetchFailure> {
        let url = ask.url;
        let method = if ask.content.is_some() { "POST" } else { "GET" };
        let host = url.authority();
        let mut request = Request {
            method,
            target: &url.target,
            host: &host,
            bearer: ask.service.flatten(),
            reads_refusals: ask.service.is_some(),
            proxy_authorization: None,
            content: ask.content,
        };
        let Some(proxy) = self.proxies.for_url(url)? else {
            let addresses = resolve(&url.host, url.port, deadline, thread::Builder::new())?;
            let allowed = checked(&addresses, &self.networks)?;
            let stream = self.connect(&allowed, deadline)?;
            return if url.tls {
                self.tls(stream, url, &request, bounds)
            } else {
                http::exchange(&mut { stream }, &request, bounds)
            };
        };
        // The proxy knows names that this machine does not; what can be seen from here is checked here.
        self.check_behind_proxy(url)?;
        let addresses = resolve(&proxy.host, proxy.port, deadline, thread::Builder::new())?;
        let mut stream = self.connect(&addresses, deadline)?;
        if url.tls {
            let target = url.host_and_port();
            let connect = Request {
                method: "CONNECT",
                target: &target,
                host: &target,
                bearer: None,
                reads_refusals: false,
                proxy_authorization: proxy.authorization.as_deref(),
                content: None,
            };
            let answer = http::exchange(&mut stream, &connect, bounds)?;
            if answer.status != 200 {
                return Err(FetchFailure::Proxy(answer.status));
            }
            return self.tls(stream, url, &request, bounds);
        }
        // RFC 9112 §3.2.2: a proxy is given the whole address.
        let target = format!("http://{host}{}", url.target);
        request.target = &target;
        request.proxy_authorization = proxy.authorization.as_deref();
        match http::exchange(&mut stream, &request, bounds)? {
            Response { status: 407, .. } => Err(FetchFailure::Proxy(407)),
            answer => Ok(answer),
        }
    }

    fn check_behind_proxy(&self, url: &Url) -> Result<(), FetchFailure> {
        let name = url.host.trim_end_matches('.');
        let loopback = name == "localhost" || name.ends_with(".localhost");
        let address = if loopback { Some(IpAddr::from([127, 0, 0, 1])) } else { url.ip() };
        match address {
            Some(address) if !self.networks.allow(address) => {
                Err(FetchFailure::AddressNotAllowed(address))
            }
            _ => Ok(()),
        }
    }

    fn connect(&self, addresses: &[SocketAddr], deadline: Instant) -> Result<Timed, FetchFailure> {
        let mut failure = FetchFailure::ConnectionFailed;
        for address in addresses.iter().take(MOST_ADDRESSES) {
            let left = remaining(deadline).ok_or(FetchFailure::TimedOut)?.min(self.connect_timeout);
            match TcpStream::connect_timeout(address, left) {
                Ok(stream) => return Ok(Timed { stream, deadline }),
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    failure = FetchFailure::TimedOut
                }
                Err(_) => {}
            }
        }
        Err(failure)
    }

    fn tls(
        &self,
        stream: Timed,
        url: &Url,
        request: &Request<'_>,
        bounds: Bounds,
    ) -> Result<Response, FetchFailure> {
        let config =
            self.tls.get_or_init(|| client_config(&self.roots)).clone().ok_or(FetchFailure::Tls)?;
        let name = ServerName::try_from(url.host.clone())
            .map_err(|_no_name| FetchFailure::AddressMalformed)?;
        let connection =
            ClientConnection::new(config, name).map_err(|_refused| FetchFailure::Tls)?;
        let mut stream = StreamOwned::new(connection, stream);
        stream.conn.complete_io(&mut stream.sock).map_err(|error| match broken(&error) {
            FetchFailure::Truncated => FetchFailure::Tls,
            other => other,
        })?;
        http::exchange(&mut stream, request, bounds)
    }
}

/// The addresses that may be asked; those of one name that may not do not spoil the others, and where none is left
/// the first is named.
fn checked(addresses: &[SocketAddr], networks: &Networks) -> Result<Vec<SocketAddr>, FetchFailure> {
    let allowed: Vec<SocketAddr> =
        addresses.iter().copied().filter(|address| networks.allow(address.ip())).collect();
    match (allowed.is_empty(), addresses.first()) {
        (false, _) => Ok(allowed),
        (true, Some(first)) => Err(FetchFailure::AddressNotAllowed(first.ip())),
        (true, None) => Err(FetchFailure::NameNotFound),
    }
}

/// Looks a name up; what is connected to are these addresses and no later answer.
fn resolve(
    host: &str,
    port: u16,
    deadline: Instant,
    thread: thread::Builder,
) -> Result<Vec<SocketAddr>, FetchFailure> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let host = host.to_owned();
    // The system's resolver knows no deadline; a thread that comes too late is left to end by itself.
    let look_up = move || {
        let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        let _ = sender.send(found);
    };
    thread.spawn(look_up).map_err(|_refused| FetchFailure::NoThread)?;
    let left = remaining(deadline).ok_or(FetchFailure::TimedOut)?;
    let found = receiver.recv_timeout(left).map_err(|_late| FetchFailure::TimedOut)?;
    found.ok().filter(|found| !found.is_empty()).ok_or(FetchFailure::NameNotFound)
}

fn remaining(deadline: Instant) -> Option<Duration> {
    deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
}

fn client_config(roots: &TlsRoots) -> Option<Arc<ClientConfig>> {
    let mut store = RootCertStore::empty();
    match roots {
        TlsRoots::Platform => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        TlsRoots::These(certificates) => {
            let ders = certificates.iter().map(|one| CertificateDer::from(one.as_der().to_vec()));
            store.add_parsable_certificates(ders);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(Arc::new(builder.with_root_certificates(store).with_no_client_auth()))
}

/// A connection of which no read or write outlives the deadline: a server that drips does not hold us.
struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Duration> {
        remaining(self.deadline).ok_or_else(|| ErrorKind::TimedOut.into())
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_threads_is_an_error() {
        // No machine has room for such a stack.
        let none = thread::Builder::new().stack_size(1 << 60);
        let deadline = Instant::now() + Duration::from_secs(60);
        assert_eq!(resolve("localhost", 80, deadline, none), Err(FetchFailure::NoThread));
        let one = thread::Builder::new();
        assert!(resolve("127.0.0.1", 80, deadline, one).is_ok());
    }
}
