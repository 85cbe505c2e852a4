//! The services of a [`Hierarchy`] over HTTP on loopback: `/ca.crt`, `/sub.crt`, `/ca.crl`, `/sub.crl`, `/ocsp`
//! (GET and POST, RFC 6960 Appendix A) and `/tsa` (RFC 3161 §3.4).
//!
//! Bad requests get an error status, whatever they are; requests, answers and connections are bounded.

mod answer;
mod http;

use super::certificate::Facts;
use super::crl::Reason;
use super::hierarchy::Hierarchy;
use super::ocsp::Status;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Connections at one time; more wait in the system's queue. Tests and the demo open a handful.
const MAX_CONNECTIONS: usize = 32;

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `/ca.crt`: the root's certificate, DER.
    RootCertificate,
    /// `/sub.crt`: the authority's certificate, DER.
    AuthorityCertificate,
    /// `/ca.crl`: the root's list.
    RootCrl,
    /// `/sub.crl`: the authority's list.
    AuthorityCrl,
    /// `/ocsp`.
    Ocsp,
    /// `/tsa`.
    TimeStamping,
}

impl Route {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::RootCertificate,
        Self::AuthorityCertificate,
        Self::RootCrl,
        Self::AuthorityCrl,
        Self::Ocsp,
        Self::TimeStamping,
    ];

    /// The path of its address.
    pub fn path(self) -> &'static str {
        match self {
            Self::RootCertificate => "/ca.crt",
            Self::AuthorityCertificate => "/sub.crt",
            Self::RootCrl => "/ca.crl",
            Self::AuthorityCrl => "/sub.crl",
            Self::Ocsp => "/ocsp",
            Self::TimeStamping => "/tsa",
        }
    }
}

/// What time it is for a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The system's.
    System,
    /// Always this time (Unix seconds).
    At(i64),
}

impl Clock {
    /// Unix seconds.
    pub fn now(self) -> i64 {
        match self {
            Self::At(time) => time,
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
        }
    }
}

/// How a service misbehaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Closes the connection without a word.
    Down,
    /// Answers as it should after this long.
    Slow(Duration),
    /// Answers with this HTTP status, 400 to 599 or a redirection without a target.
    Status(u16),
    /// Redirects to this address.
    Redirect(String),
    /// Answers with 200 and a page of HTML.
    Garbage,
    /// Answers with the right length and half the octets.
    Truncated,
    /// Sends this many zero octets as the content.
    Zeros(u64),
    /// OCSP and time-stamps: another nonce than was asked.
    WrongNonce,
    /// OCSP and time-stamps: no nonce.
    NoNonce,
    /// Time-stamps: the imprint of something else. OCSP: another certificate's status.
    OtherSubject,
    /// Time-stamps: rejection with systemFailure. OCSP: tryLater.
    Refuses,
}

/// One request that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The service, where there is one.
    pub route: Option<Route>,
}

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    hierarchy: Hierarchy,
    state: Mutex<State>,
    stopping: AtomicBool,
    connections: AtomicUsize,
    /// Numbers of lists and of tokens.
    counter: AtomicU64,
}

#[derive(Clone, Debug)]
struct State {
    clock: Clock,
    clocks: HashMap<Route, Clock>,
    faults: HashMap<Route, Fault>,
    statuses: Vec<(Vec<u8>, Vec<u8>, Status)>,
    lifetime: i64,
    arrivals: Vec<Arrival>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that died left whole values behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Arrivals kept for [`Server::arrivals`]; the demo's server may live long.
const MAX_ARRIVALS: usize = 10_000;

impl Server {
    /// Takes a free port of 127.0.0.1, asks for the hierarchy that shall be served at that address
    /// (`http://127.0.0.1:port`), and serves it.
    pub fn start(clock: Clock, hierarchy: impl FnOnce(&str) -> Hierarchy) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            hierarchy: hierarchy(&format!("http://{address}")),
            state: Mutex::new(State {
                clock,
                clocks: HashMap::new(),
                faults: HashMap::new(),
                statuses: Vec::new(),
                // A day: what public responders give.
                lifetime: 86_400,
                arrivals: Vec::new(),
            }),
            stopping: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            counter: AtomicU64::new(1),
        });
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("kyso-testkit-pki".to_owned())
            .spawn(move || accept(&listener, &serving))?;
        Ok(Self { address, shared, thread: Some(thread) })
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of a service.
    pub fn url(&self, route: Route) -> String {
        format!("{}{}", self.base(), route.path())
    }

    /// What is served.
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.shared.hierarchy
    }

    /// Sets every service's clock.
    pub fn set_clock(&self, clock: Clock) {
        let mut state = self.shared.state();
        state.clock = clock;
        state.clocks.clear();
    }

    /// Sets one service's clock: a responder that was asleep, a time-stamp of the past.
    pub fn set_clock_of(&self, route: Route, clock: Clock) {
        self.shared.state().clocks.insert(route, clock);
    }

    /// Seconds from thisUpdate to nextUpdate of lists and OCSP responses; a day at first.
    pub fn set_lifetime(&self, seconds: i64) {
        self.shared.state().lifetime = seconds;
    }

    /// Makes a service misbehave, or behave again.
    pub fn set_fault(&self, route: Route, fault: Option<Fault>) {
        let mut state = self.shared.state();
        match fault {
            Some(fault) => state.faults.insert(route, fault),
            None => state.faults.remove(&route),
        };
    }

    /// Makes every service misbehave, or behave again.
    pub fn set_fault_everywhere(&self, fault: Option<&Fault>) {
        for route in Route::ALL {
            self.set_fault(route, fault.cloned());
        }
    }

    /// Revokes a certificate (DER) in its issuer's list and at the responder.
    ///
    /// # Panics
    /// Where it is no certificate.
    #[track_caller]
    pub fn revoke(&self, certificate: &[u8], time: i64, reason: Option<Reason>) {
        self.set_status(certificate, Status::Revoked(time, reason));
    }

    /// What the responder, and for a revoked one the list, say of a certificate (DER).
    ///
    /// # Panics
    /// Where it is no certificate.
    #[track_caller]
    pub fn set_status(&self, certificate: &[u8], status: Status) {
        let facts = Facts::of(certificate).expect("a certificate");
        let (issuer, serial) = (facts.issuer.to_vec(), facts.serial.to_vec());
        let mut state = self.shared.state();
        state.statuses.retain(|(of, number, _)| (of, number) != (&issuer, &serial));
        state.statuses.push((issuer, serial, status));
    }

    /// The requests so far, oldest first; the first 10,000.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.shared.state().arrivals.clone()
    }

    /// How many requests a service got so far.
    pub fn count(&self, route: Route) -> usize {
        self.shared.state().arrivals.iter().filter(|one| one.route == Some(route)).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect_timeout(&self.address, Duration::from_secs(1)));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        if shared.stopping.load(Ordering::Acquire) {
            return;
        }
        let Ok(connection) = connection else { continue };
        if shared.connections.fetch_add(1, Ordering::AcqRel) >= MAX_CONNECTIONS {
            shared.connections.fetch_sub(1, Ordering::AcqRel);
            continue;
        }
        let serving = Arc::clone(shared);
        let started = std::thread::Builder::new().spawn(move || {
            // A connection that breaks is the client's affair.
            drop(http::converse(connection, &serving));
            serving.connections.fetch_sub(1, Ordering::AcqRel);
        });
        if started.is_err() {
            shared.connections.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
