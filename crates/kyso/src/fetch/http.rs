//! One request and its answer over a connection (HTTP/1.1, RFC 9112): no keep-alive, no coding, every part bounded.

use std::io::{self, ErrorKind, Read, Write};

use kyso_validation::attempt::FetchFailure;
use zeroize::Zeroizing;

/// What is sent.
pub(super) struct Request<'a> {
    /// GET, POST or CONNECT.
    pub(super) method: &'static str,
    /// Path and query, or the whole address for a proxy.
    pub(super) target: &'a str,
    /// The Host field.
    pub(super) host: &'a str,
    /// Access token of Authorization: Bearer (RFC 6750 §2.1); a secret.
    pub(super) bearer: Option<&'a str>,
    /// Whether the content of answers other than 200 is read, too.
    pub(super) reads_refusals: bool,
    /// Proxy-Authorization, where the connection leads to a proxy.
    pub(super) proxy_authorization: Option<&'a str>,
    /// Content type and content of a POST.
    pub(super) content: Option<(&'a str, &'a [u8])>,
}

/// What came back.
pub(super) struct Response {
    pub(super) status: u16,
    /// The Location field of a redirect.
    pub(super) location: Option<String>,
    /// The content of a 200; of other answers where the request wants it.
    pub(super) content: Vec<u8>,
}

/// Bounds on an answer.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) header_bytes: usize,
    pub(super) content_bytes: u64,
}

/// Most header fields: four times what public responders send.
const MOST_FIELDS: usize = 64;

/// Most 1xx answers before the answer (RFC 9110 §15.2 allows any number).
const MOST_INTERIM: usize = 4;

/// Longest line of a chunk's size: sixteen digits and a short extension.
const MOST_SIZE_LINE: usize = 256;

/// Sends the request and reads the answer.
pub(super) fn exchange(
    stream: &mut (impl Read + Write),
    request: &Request<'_>,
    bounds: Bounds,
) -> Result<Response, FetchFailure> {
    send(stream, request)?;
    let mut incoming = Incoming { stream, buffer: Vec::new(), start: 0 };
    for _ in 0..=MOST_INTERIM {
        let head = incoming.head(bounds.header_bytes)?;
        if head.status >= 200 {
            let wanted = head.status == 200 || (request.reads_refusals && head.status != 204);
            let content = if wanted && request.method != "CONNECT" {
                incoming.content(&head, bounds)?
            } else {
                Vec::new()
            };
            return Ok(Response { status: head.status, location: head.location, content });
        }
    }
    Err(FetchFailure::NotHttp)
}

fn send(stream: &mut impl Write, request: &Request<'_>) -> Result<(), FetchFailure> {
    let Request { method, target, host, .. } = request;
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: kyso\r\nAccept: */*\r\nAccept-Encoding: identity\r\n\
         Connection: close\r\n"
    );
    if let Some(authorization) = request.proxy_authorization {
        head.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
    }
    if let Some((content_type, content)) = request.content {
        head.push_str(&format!(
            "Content-Type: {content_type}\r\nContent-Length: {}\r\n",
            content.len()
        ));
    }
    let content = request.content.map_or(&[][..], |(_, content)| content);
    // Tokens and passwords of a service pass through here: one buffer that never moves, wiped at the end.
    let bearer = request.bearer.unwrap_or_default();
    let room = head.len() + bearer.len() + 64 + content.len();
    let mut message = Zeroizing::new(Vec::with_capacity(room));
    message.extend_from_slice(head.as_bytes());
    if !bearer.is_empty() {
        message.extend_from_slice(b"Authorization: Bearer ");
        message.extend_from_slice(bearer.as_bytes());
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"\r\n");
    message.extend_from_slice(content);
    stream.write_all(&message).and_then(|()| stream.flush()).map_err(|error| broken(&error))
}

/// What a connection's error means.
pub(super) fn broken(error: &io::Error) -> FetchFailure {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => FetchFailure::TimedOut,
        // rustls reports what it does not accept as invalid data.
        ErrorKind::InvalidData => FetchFailure::Tls,
        _ => FetchFailure::Truncated,
    }
}

struct Head {
    status: u16,
    location: Option<String>,
    framing: Framing,
    coded: bool,
}

/// How the content's end is told (RFC 9112 §6.3).
enum Framing {
    Chunked,
    Length(u64),
    UntilClose,
}

struct Incoming<'a, S> {
    stream: &'a mut S,
    buffer: Vec<u8>,
    start: usize,
}

impl<S: Read> Incoming<'_, S> {
    fn head(&mut self, most: usize) -> Result<Head, FetchFailure> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
            let mut parsed = httparse::Response::new(&mut fields);
            let bytes = self.buffer.get(self.start..).unwrap_or_default();
            match parsed.parse(bytes) {
                Ok(httparse::Status::Complete(len)) => {
                    let head = head_of(&parsed)?;
                    self.start += len;
                    return Ok(head);
                }
                Ok(httparse::Status::Partial) if bytes.len() < most => {}
                Ok(httparse::Status::Partial) => return Err(FetchFailure::TooLarge(most as u64)),
                Err(_) => return Err(FetchFailure::NotHttp),
            }
            if self.more()? == 0 {
                return Err(FetchFailure::Truncated);
            }
        }
    }

    fn content(&mut self, head: &Head, bounds: Bounds) -> Result<Vec<u8>, FetchFailure> {
        if head.coded {
            return Err(FetchFailure::ContentCoding);
        }
        let most = bounds.content_bytes;
        match head.framing {
            Framing::Length(len) if len > most => Err(FetchFailure::TooLarge(most)),
            Framing::Length(len) => {
                let mut content = Vec::new();
                self.take(len, &mut content)?;
                Ok(content)
            }
            Framing::Chunked => self.chunks(most),
            Framing::UntilClose => {
                let mut content = self.buffer.split_off(self.start.min(self.buffer.len()));
                loop {
                    if content.len() as u64 > most {
                        return Err(FetchFailure::TooLarge(most));
                    }
                    self.buffer.clear();
                    self.start = 0;
                    if self.more()? == 0 {
                        return Ok(content);
                    }
                    content.append(&mut self.buffer);
                }
            }
        }
    }

    /// Chunked content (RFC 9112 §7.1); trailers are not read, nothing follows on this connection.
    fn chunks(&mut self, most: u64) -> Result<Vec<u8>, FetchFailure> {
        let mut content = Vec::new();
        loop {
            let line = self.line()?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'));
            let len = digits
                .and_then(|digits| u64::from_str_radix(digits, 16).ok())
                .ok_or(FetchFailure::NotHttp)?;
            if len == 0 {
                return Ok(content);
            }
            if len > most.saturating_sub(content.len() as u64) {
                return Err(FetchFailure::TooLarge(most));
            }
            self.take(len, &mut content)?;
            if !self.line()?.is_empty() {
                return Err(FetchFailure::NotHttp);
            }
        }
    }

    /// A line without its end.
    fn line(&mut self) -> Result<Vec<u8>, FetchFailure> {
        loop {
            let bytes = self.buffer.get(self.start..).unwrap_or_default();
            if let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                let line = bytes.get(..end).unwrap_or_default();
                let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
                self.start += end + 1;
                return Ok(line);
            }
            if bytes.len() > MOST_SIZE_LINE {
                return Err(FetchFailure::NotHttp);
            }
            if self.more()? == 0 {
                return Err(FetchFailure::Truncated);
            }
        }
    }

    /// So many bytes; memory grows with what came, not with what was announced.
    fn take(&mut self, len: u64, into: &mut Vec<u8>) -> Result<(), FetchFailure> {
        let mut left = len;
        while left > 0 {
            let bytes = self.buffer.get(self.start..).unwrap_or_default();
            let now = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            into.extend_from_slice(bytes.get(..now).unwrap_or_default());
            self.start += now;
            left -= now as u64;
            if left > 0 && self.more()? == 0 {
                return Err(FetchFailure::Truncated);
            }
        }
        Ok(())
    }

    /// Reads once; 0 at the end.
    fn more(&mut self) -> Result<usize, FetchFailure> {
        if self.start > 0 {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.start = 0;
        }
        let mut piece = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut piece) {
                Ok(len) => {
                    self.buffer.extend_from_slice(piece.get(..len).unwrap_or_default());
                    return Ok(len);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(&error)),
            }
        }
    }
}

fn head_of(parsed: &httparse::Response<'_, '_>) -> Result<Head, FetchFailure> {
    let mut head = Head {
        status: parsed.code.ok_or(FetchFailure::NotHttp)?,
        location: None,
        framing: Framing::UntilClose,
        coded: false,
    };
    let mut length = None;
    let mut chunked = false;
    for field in parsed.headers.iter() {
        let value = field.value.trim_ascii();
        if field.name.eq_ignore_ascii_case("location") {
            head.location = Some(
                std::str::from_utf8(value)
                    .map_err(|_no_text| FetchFailure::AddressMalformed)?
                    .to_owned(),
            );
        } else if field.name.eq_ignore_ascii_case("content-encoding") {
            head.coded |= !value.is_empty() && !value.eq_ignore_ascii_case(b"identity");
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            // Only `chunked` alone: anything else was not asked for.
            if !value.eq_ignore_ascii_case(b"chunked") {
                head.coded = true;
            }
            chunked = true;
        } else if field.name.eq_ignore_ascii_case("content-length") {
            let digits = std::str::from_utf8(value)
                .ok()
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let len: u64 =
                digits.and_then(|digits| digits.parse().ok()).ok_or(FetchFailure::NotHttp)?;
            // Two lengths that differ are two readings of one message.
            if length.is_some_and(|other| other != len) {
                return Err(FetchFailure::NotHttp);
            }
            length = Some(len);
        }
    }
    head.framing = match (chunked, length) {
        (true, _) => Framing::Chunked,
        (false, Some(len)) => Framing::Length(len),
        (false, None) => Framing::UntilClose,
    };
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Wire {
        incoming: io::Cursor<Vec<u8>>,
        piece: usize,
        outgoing: Vec<u8>,
    }

    impl Read for Wire {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = self.piece.min(buffer.len());
            self.incoming.read(&mut buffer[..most])
        }
    }

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.outgoing.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answer(bytes: &[u8]) -> Result<(u16, Vec<u8>), FetchFailure> {
        let request = Request {
            method: "GET",
            target: "/x",
            host: "h",
            bearer: None,
            reads_refusals: false,
            proxy_authorization: None,
            content: None,
        };
        let bounds = Bounds { header_bytes: 1024, content_bytes: 64 };
        let mut last = None;
        // However the answer is cut into pieces, it is the same.
        for piece in [1, 2, 7, 4096] {
            let mut wire =
                Wire { incoming: io::Cursor::new(bytes.to_vec()), piece, outgoing: Vec::new() };
            let result = exchange(&mut wire, &request, bounds).map(|one| (one.status, one.content));
            assert!(wire.outgoing.starts_with(b"GET /x HTTP/1.1\r\nHost: h\r\n"));
            assert!(last.is_none_or(|last| last == result), "in pieces of {piece}");
            last = Some(result);
        }
        last.expect("an answer")
    }

    #[test]
    fn content_is_framed_in_three_ways() {
        let whole = Ok((200, b"hello".to_vec()));
        assert_eq!(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), whole);
        assert_eq!(answer(b"HTTP/1.0 200 OK\r\n\r\nhello"), whole);
        assert_eq!(
            answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"),
            whole
        );
        assert_eq!(
            answer(
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
            ),
            whole
        );
        assert_eq!(
            answer(b"HTTP/1.1 404 No\r\nContent-Length: 9999999\r\n\r\n"),
            Ok((404, Vec::new()))
        );
    }

    #[test]
    fn what_is_cut_too_long_or_coded_is_refused() {
        use FetchFailure as F;
        for (bytes, failure) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"[..], F::Truncated),
            (b"HTTP/1.1 200 OK\r\nContent-Le", F::Truncated),
            (b"HT", F::Truncated),
            (b"", F::Truncated),
            (b"<html>", F::NotHttp),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", F::TooLarge(64)),
            (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", F::NotHttp),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", F::NotHttp),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx", F::ContentCoding),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                F::ContentCoding,
            ),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell", F::Truncated),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX", F::Truncated),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", F::Truncated),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", F::NotHttp),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
                F::TooLarge(64),
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
                F::NotHttp,
            ),
        ] {
            assert_eq!(answer(bytes), Err(failure), "{:?}", String::from_utf8_lossy(bytes));
        }
        let endless = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; 65]].concat();
        assert_eq!(answer(&endless), Err(F::TooLarge(64)));
        let head = [b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &[b'x'; 6000]].concat();
        assert_eq!(answer(&head), Err(F::TooLarge(1024)));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(100));
        assert_eq!(answer(many.as_bytes()), Err(F::NotHttp));
    }
}
