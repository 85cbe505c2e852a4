//! A server over loopback whose answers a test writes.

#![allow(dead_code, reason = "each test program uses its part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use kyso::fetch::{Cache, Fetcher, Limits, Networks, Proxies, Settings, TlsRoots};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) content: Vec<u8>,
}

pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers every connection by what the function writes to it.
    pub(crate) fn start(answer: impl Fn(&Asked, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                thread::spawn(move || {
                    if let Some(one) = read(&stream) {
                        log.lock().expect("the log").push(one.clone());
                        answer(&one, &mut stream);
                    }
                });
            }
        });
        Self { base: format!("http://127.0.0.1:{port}"), port, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("the log").clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|one| one.line).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok()?;
        if field.trim().is_empty() {
            break;
        }
        if let Some(value) = field.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&field);
    }
    let mut content = vec![0; length];
    reader.read_exact(&mut content).ok()?;
    Some(Asked { line: line.trim().to_owned(), head, content })
}

/// A whole answer.
pub(crate) fn ok(stream: &mut TcpStream, content: &[u8]) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(content));
}

pub(crate) fn raw(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

/// Settings that may ask loopback, with little patience.
pub(crate) fn settings(cache: Option<Cache>) -> Settings {
    Settings {
        online: true,
        networks: Networks::dangerous_allow_private(),
        proxies: Proxies::none(),
        roots: TlsRoots::These(Vec::new()),
        cache,
        limits: Limits {
            answer: Duration::from_secs(5),
            pause: Duration::ZERO,
            ..Limits::standard()
        },
    }
}

pub(crate) fn fetcher() -> Fetcher {
    Fetcher::new(settings(None))
}
