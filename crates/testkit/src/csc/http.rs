//! HTTP/1.1 of one request a connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Fault;
use super::service::{Answer, State};

/// A request.
pub(super) struct Request {
    pub(super) path: String,
    pub(super) query: String,
    pub(super) bearer: Option<String>,
    pub(super) body: Vec<u8>,
}

pub(super) fn serve(listener: &TcpListener, state: &Mutex<State>, ended: &AtomicBool) {
    for stream in listener.incoming() {
        if ended.load(Ordering::Acquire) {
            return;
        }
        if let Ok(stream) = stream {
            // A client that leaves is its own affair.
            let _ = one(stream, state);
        }
    }
}

fn one(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some(request) = read(&mut stream)? else { return Ok(()) };
    let (answer, fault) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.answer(&request), state.fault)
    };
    if let Fault::Slow(time) = fault {
        std::thread::sleep(time);
    }
    let (status, location, body) = match answer {
        Answer::Json(status, value) => (status, None, value.to_string()),
        Answer::Text(status, text) => (status, None, text.to_owned()),
        Answer::Redirect(location) => (302, Some(location), String::new()),
    };
    write!(
        stream,
        "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    )?;
    if let Some(location) = location {
        write!(stream, "Location: {location}\r\n")?;
    }
    write!(stream, "\r\n{body}")
}

fn read(stream: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let Some(target) = line.split(' ').nth(1).map(str::to_owned) else { return Ok(None) };
    let (mut length, mut bearer) = (0, None);
    loop {
        let mut field = String::new();
        reader.read_line(&mut field)?;
        let Some((name, value)) = field.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "authorization" => bearer = value.strip_prefix("Bearer ").map(str::to_owned),
            _ => {}
        }
    }
    let mut body = vec![0; length.min(1 << 20)];
    reader.read_exact(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Ok(Some(Request { path: path.to_owned(), query: query.to_owned(), bearer, body }))
}
