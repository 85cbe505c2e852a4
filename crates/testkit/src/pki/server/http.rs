//! One request and one answer a connection (RFC 9112), as much as the services need.

use super::answer::{self, Answer};
use super::{Arrival, Fault, MAX_ARRIVALS, Route, Shared};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Octets of the request line and the header fields; a CertID in a GET has about 150.
const MAX_HEAD: u64 = 16 << 10;
/// Octets of a request's content; requests of both protocols have a few hundred.
const MAX_CONTENT: usize = 64 << 10;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Received {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) content: Vec<u8>,
}

pub(super) fn converse(mut connection: TcpStream, shared: &Shared) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(connection.try_clone()?);
    let received = match receive(&mut reader, &mut connection)? {
        Ok(received) => received,
        Err(status) => return send(&mut connection, &Answer::status(status)),
    };
    let route = route(&received.path);
    let fault = {
        let mut state = shared.state();
        if state.arrivals.len() < MAX_ARRIVALS {
            let Received { method, path, .. } = &received;
            state.arrivals.push(Arrival { method: method.clone(), path: path.clone(), route });
        }
        route.and_then(|route| state.faults.get(&route).cloned())
    };
    match &fault {
        Some(Fault::Down) => return Ok(()),
        Some(Fault::Slow(delay)) => sleep(*delay, shared),
        Some(Fault::Status(status)) => return send(&mut connection, &Answer::status(*status)),
        Some(Fault::Redirect(target)) => return send(&mut connection, &Answer::redirect(target)),
        Some(Fault::Garbage) => return send(&mut connection, &Answer::garbage()),
        Some(Fault::Zeros(count)) => return zeros(&mut connection, *count),
        _ => {}
    }
    let answer = match route {
        Some(route) => answer::answer(shared, route, &received, fault.as_ref()),
        None => Answer::status(404),
    };
    if fault == Some(Fault::Truncated) {
        head(&mut connection, &answer, answer.content.len() as u64)?;
        return connection.write_all(&answer.content[..answer.content.len() / 2]);
    }
    send(&mut connection, &answer)
}

fn route(path: &str) -> Option<Route> {
    Route::ALL.into_iter().find(|route| {
        // A GET of OCSP carries the request in the path.
        let rest = path.strip_prefix(route.path());
        rest.is_some_and(|rest| rest.is_empty() || *route == Route::Ocsp && rest.starts_with('/'))
    })
}

/// The request, or the status that refuses it.
fn receive(reader: &mut impl BufRead, reply: &mut impl Write) -> io::Result<Result<Received, u16>> {
    let mut head = reader.take(MAX_HEAD);
    let mut first = String::new();
    if head.read_line(&mut first).is_err() || !first.ends_with('\n') {
        return Ok(Err(400));
    }
    let mut words = first.split_whitespace();
    let (Some(method), Some(path), Some(_)) = (words.next(), words.next(), words.next()) else {
        return Ok(Err(400));
    };
    let (method, path) = (method.to_owned(), path.to_owned());
    let (mut length, mut expects) = (0, false);
    loop {
        let mut line = String::new();
        if head.read_line(&mut line).is_err() || !line.ends_with('\n') {
            // Cut off, longer than the limit, or not text.
            return Ok(Err(431));
        }
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            match value.trim().parse() {
                Ok(value) if value <= MAX_CONTENT => length = value,
                _ => return Ok(Err(413)),
            }
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(Err(411));
        } else if name.eq_ignore_ascii_case("expect") {
            expects = true;
        }
    }
    if expects {
        reply.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut content = vec![0; length];
    head.into_inner().read_exact(&mut content)?;
    Ok(Ok(Received { method, path, content }))
}

fn send(connection: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    head(connection, answer, answer.content.len() as u64)?;
    connection.write_all(&answer.content)
}

fn head(connection: &mut TcpStream, answer: &Answer, length: u64) -> io::Result<()> {
    let Answer { status, content_type, location, .. } = answer;
    let mut text = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n",
        if *status == 200 { "OK" } else { "Not served" }
    );
    // An address with a line break would be another header.
    if let Some(location) = location.as_ref().filter(|text| !text.contains(['\r', '\n'])) {
        text.push_str(&format!("Location: {location}\r\n"));
    }
    text.push_str("\r\n");
    connection.write_all(text.as_bytes())
}

fn zeros(connection: &mut TcpStream, count: u64) -> io::Result<()> {
    head(connection, &Answer::garbage(), count)?;
    io::copy(&mut io::repeat(0).take(count), connection).map(drop)
}

/// Waits, but not after the server was told to stop.
fn sleep(delay: Duration, shared: &Shared) {
    let begin = Instant::now();
    while begin.elapsed() < delay && !shared.stopping.load(Ordering::Acquire) {
        std::thread::sleep(Duration::from_millis(20).min(delay));
    }
}
