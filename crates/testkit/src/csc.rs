//! A remote signing service that speaks the CSC API v2 over loopback, as far as clients need it, and fails as it is told.
//!
//! It holds one credential; OpenSSL signs. It keeps what a real one must keep: every token it gave, the hashes that each
//! SAD is for, the PKCE challenge of each code; and it refuses what does not fit.

mod http;
mod service;

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use service::State;

/// The `client_id` it knows.
pub const CLIENT_ID: &str = "kyso-test";
/// The `client_secret` it knows.
pub const CLIENT_SECRET: &str = "not a secret: tests";
/// The credential's PIN.
pub const PIN: &str = "482913";
/// The credential's id; with characters that a URI must encode.
pub const CREDENTIAL: &str = "ký số/01";

/// How the credential is authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// `implicit`, at once.
    Implicit,
    /// `implicit`, after two checks that say that it is pending.
    Elsewhere,
    /// `explicit` by a PIN.
    Pin,
    /// `explicit` by a PIN and a one-time password that is sent on request.
    PinAndOtp,
    /// `oauth2code`.
    Page,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Signatures are of another digest.
    WrongSignature,
    /// signHash returns one signature less.
    FewerSignatures,
    /// The SAD that is given is for another hash.
    WrongHashBound,
    /// Each access token serves for one call only.
    ShortTokens,
    /// The same, and refresh tokens are not taken.
    ShortTokensNoRefresh,
    /// Answers come after this time.
    Slow(Duration),
    /// The first answer to each method is a 503.
    OutOfBreath,
    /// signHash is a 500 without an error object.
    Broken,
    /// The PIN is locked.
    Locked,
    /// The key's status is `disabled`.
    Disabled,
    /// Answers are no JSON.
    NoJson,
    /// The person says no.
    Denied,
}

/// What the service is.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Private key of the credential, PEM, for OpenSSL.
    pub key: PathBuf,
    /// Its chain in DER, the leaf first.
    pub chain: Vec<Vec<u8>>,
    /// `key/algo`.
    pub algo: Vec<&'static str>,
    /// How it is authorized.
    pub authorization: Authorization,
    /// `multisign`.
    pub multisign: usize,
}

/// A running service; ends when it is dropped.
pub struct Service {
    address: String,
    state: Arc<Mutex<State>>,
    ended: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Service {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// Where there is no port.
    #[must_use]
    pub fn start(plan: Plan) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State::new(plan)));
        let ended = Arc::new(AtomicBool::new(false));
        let thread = {
            let (state, ended) = (Arc::clone(&state), Arc::clone(&ended));
            std::thread::spawn(move || http::serve(&listener, &state, &ended))
        };
        Self { address, state, ended, thread: Some(thread) }
    }

    /// Base address of the API.
    #[must_use]
    pub fn base(&self) -> String {
        format!("{}/csc/v2", self.address)
    }

    /// From now on this goes wrong.
    pub fn fault(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// The one-time password that was sent last.
    #[must_use]
    pub fn otp(&self) -> Option<String> {
        self.state().otp.clone()
    }

    /// The methods that were called, in their order.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // The listener wakes up for a last connection.
        let _ = std::net::TcpStream::connect(self.address.trim_start_matches("http://"));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
