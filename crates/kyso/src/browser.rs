//! The person's browser at a service's login page, and its return to loopback (RFC 8252 §7.3).

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use kyso_token::remote::{Redirect, UserAgent, UserAgentError};
use zeroize::Zeroizing;

/// Shows addresses to a person and waits for the browser on a port of its own.
pub struct LoopbackBrowser {
    /// Shows the person the address that shall be opened.
    pub show: Box<dyn Fn(&str) + Send + Sync>,
    /// How long the person may take.
    pub patience: Duration,
}

/// Path of the return.
const PATH: &str = "/returned";

/// Most bytes of the browser's request: four times what codes and cookies come to.
const MOST_BYTES: usize = 32 * 1024;

/// How long one connection may take for its request; browsers open some and say nothing.
const ONE_REQUEST: Duration = Duration::from_secs(2);

/// How long the listener sleeps between two looks.
const LOOK: Duration = Duration::from_millis(20);

impl UserAgent for LoopbackBrowser {
    fn listen(&self) -> Result<Box<dyn Redirect + '_>, UserAgentError> {
        let no_port = |_error: std::io::Error| UserAgentError::NoPort;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(no_port)?;
        listener.set_nonblocking(true).map_err(no_port)?;
        let port = listener.local_addr().map_err(no_port)?.port();
        let address = format!("http://127.0.0.1:{port}{PATH}");
        Ok(Box::new(Return { browser: self, listener, address }))
    }
}

/// A port that waits for one return.
struct Return<'a> {
    browser: &'a LoopbackBrowser,
    listener: TcpListener,
    address: String,
}

impl Redirect for Return<'_> {
    fn address(&self) -> &str {
        &self.address
    }

    fn visit(
        &mut self,
        url: &str,
        ours: &dyn Fn(&str) -> bool,
    ) -> Result<Zeroizing<String>, UserAgentError> {
        (self.browser.show)(url);
        let end = Instant::now() + self.browser.patience;
        while Instant::now() < end {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Some(query) = answer(stream, ours) {
                        return Ok(query);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(LOOK),
                Err(_) => return Err(UserAgentError::NoPort),
            }
        }
        Err(UserAgentError::TimedOut)
    }
}

/// The query of the return, where this connection brings it; whoever else comes is told so.
fn answer(mut stream: TcpStream, ours: &dyn Fn(&str) -> bool) -> Option<Zeroizing<String>> {
    stream.set_nonblocking(false).ok()?;
    let target = target(&mut stream)?;
    let query = target
        .strip_prefix(PATH)
        .and_then(|rest| rest.strip_prefix('?'))
        .filter(|query| ours(query))
        .map(|query| Zeroizing::new(query.to_owned()));
    let (status, text) = match query {
        Some(_) => (
            "200 OK",
            "Đã xong. Hãy đóng trang này và quay lại kyso. / Done. Close this page and return to kyso.",
        ),
        None => ("400 Bad Request", "Không phải trang này. / Not this page."),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
         Connection: close\r\n\r\n{text}",
        text.len()
    );
    // Whether the person reads it changes nothing.
    let _ = stream.set_write_timeout(Some(ONE_REQUEST));
    let _ = stream.write_all(head.as_bytes());
    query
}

/// The target of a GET.
fn target(stream: &mut TcpStream) -> Option<Zeroizing<String>> {
    let end = Instant::now() + ONE_REQUEST;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut fields);
        if request.parse(&bytes).ok()?.is_complete() {
            let get = request.method == Some("GET");
            return request.path.filter(|_| get).map(|path| Zeroizing::new(path.to_owned()));
        }
        let left = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        let len = stream.read(&mut *piece).ok()?;
        if len == 0 || bytes.len() + len > MOST_BYTES {
            return None;
        }
        bytes.extend_from_slice(piece.get(..len)?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn get(address: &str, query: &str) -> String {
        let host = address.trim_start_matches("http://").split('/').next().expect("a host");
        let mut stream = TcpStream::connect(host).expect("a connection");
        write!(stream, "GET {PATH}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    }

    #[test]
    fn only_the_own_state_returns() {
        let seen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&seen);
        let show = move |url: &str| *shown.lock().expect("unpoisoned") = url.to_owned();
        let browser = LoopbackBrowser { show: Box::new(show), patience: Duration::from_secs(60) };
        let mut redirect = browser.listen().expect("a port");
        let address = redirect.address().to_owned();
        let visitor = std::thread::spawn(move || {
            // Some program that knocks without a word, and one that guesses.
            drop(TcpStream::connect(
                address.trim_start_matches("http://").split('/').next().expect("a host"),
            ));
            let stranger = get(&address, "state=other&code=evil");
            (stranger, get(&address, "state=mine&code=good"))
        });
        let query =
            redirect.visit("https://login.example/", &|query| query.starts_with("state=mine&"));
        assert_eq!(query.expect("a return").as_str(), "state=mine&code=good");
        assert_eq!(*seen.lock().expect("unpoisoned"), "https://login.example/");
        let (stranger, own) = visitor.join().expect("both visits");
        assert!(stranger.starts_with("HTTP/1.1 400 "), "{stranger}");
        assert!(own.starts_with("HTTP/1.1 200 "), "{own}");
    }

    #[test]
    fn nobody_returns() {
        let browser = LoopbackBrowser { show: Box::new(|_| ()), patience: Duration::ZERO };
        let mut redirect = browser.listen().expect("a port");
        let query = redirect.visit("https://login.example/", &|_| true).err();
        assert_eq!(query, Some(UserAgentError::TimedOut));
    }
}
