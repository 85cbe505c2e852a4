//! Server-Sent Events (HTML Standard §9.2), as far as the daemon sends them.

use std::collections::VecDeque;

use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, HeaderValue};

use super::{Client, ClientError, dial, nothing, refused_unless};

/// Longest event: a batch's snapshot with its problem and warnings stays far below.
const MOST_EVENT_BYTES: usize = 1 << 20;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `message` where the stream names none.
    pub name: String,
    /// The id with which to go on.
    pub id: Option<String>,
    /// The data, JSON in this API.
    pub data: String,
}

/// An open stream of events.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    parser: Parser,
}

impl Client {
    /// Opens a stream of events on a connection of its own, behind the event `after` where one is named.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn events(&self, target: &str, after: Option<&str>) -> Result<Events, ClientError> {
        let mut connection = dial(&self.socket).await?;
        let mut request = self.request(Method::GET, target, nothing())?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(after) = after.and_then(|id| HeaderValue::try_from(id).ok()) {
            headers.insert("last-event-id", after);
        }
        let response = connection.send_request(request).await?;
        let hoped = response.status().is_success();
        let response = refused_unless(hoped, response).await?;
        Ok(Events { body: response.into_body(), parser: Parser::default() })
    }
}

impl Events {
    /// The next event; none when the stream has ended. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(event) = self.parser.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            if let Ok(bytes) = frame?.into_data() {
                self.parser.push(&bytes)?;
            }
        }
    }
}

/// Lines into events.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    name: String,
    id: Option<String>,
    data: Option<String>,
    ready: VecDeque<Event>,
}

impl Parser {
    fn push(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        for byte in bytes {
            match byte {
                // A line ends with CR, LF or both.
                b'\n' if self.after_cr => {}
                b'\n' | b'\r' => self.end_line(),
                _ => self.line.push(*byte),
            }
            self.after_cr = *byte == b'\r';
            let held = self.line.len() + self.data.as_ref().map_or(0, String::len);
            if held > MOST_EVENT_BYTES {
                return Err(ClientError::EventTooLong { most: MOST_EVENT_BYTES });
            }
        }
        Ok(())
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "id" => self.id = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments keep the connection alive; `retry` is for browsers.
            _ => {}
        }
    }

    fn end_event(&mut self) {
        let name = std::mem::take(&mut self.name);
        let Some(data) = self.data.take() else { return };
        let name = if name.is_empty() { "message".to_owned() } else { name };
        self.ready.push_back(Event { name, id: self.id.clone(), data });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_however_the_bytes_are_cut() {
        let stream = ": hello\r\nid: 7\r\nevent: item\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n\
                      retry: 5\n\ndata:x\n\nevent: lost\n\nid: 8\rdata: y\r\rdata: unfinished";
        let event = |name: &str, id: &str, data: &str| Event {
            name: name.to_owned(),
            id: Some(id.to_owned()),
            data: data.to_owned(),
        };
        let wanted = [
            event("item", "7", "{\"a\":\n1}"),
            event("message", "7", "x"),
            event("message", "8", "y"),
        ];
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            for piece in stream.as_bytes().chunks(size) {
                parser.push(piece).expect("within the bound");
            }
            assert_eq!(parser.ready, wanted, "cut at every {size} bytes");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = Parser::default();
        let line = [b"data: ", &[b'x'; 4000][..], b"\n"].concat();
        let refused = (0..300).find_map(|_| parser.push(&line).err());
        assert!(matches!(refused, Some(ClientError::EventTooLong { .. })), "{refused:?}");
    }
}
