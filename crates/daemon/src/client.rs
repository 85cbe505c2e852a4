//! The daemon's client: typed calls over the user's socket.
//!
//! One keep-alive connection serves all calls of a [`Client`]; an event stream has a connection of its own. Before
//! anything is sent, the socket and the process behind it are seen to belong to this user.

mod calls;
mod error;
mod events;
mod follow;
mod start;
mod transfer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Full, Limited, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use kyso_protocol::{Lang, PROBLEM_MEDIA_TYPE, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

pub use calls::Idempotency;
pub use error::ClientError;
pub use events::{Event, Events};
pub use follow::{Step, Watched};
pub use start::{Start, StartError};
pub use transfer::Fetched;

/// Most bytes of a reply that is held in memory: a page of 1,000 journal entries stays far below it.
const MOST_REPLY_BYTES: usize = 64 << 20;

/// How long the daemon may take to accept a connection; it answers on the same machine.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Body of a request.
type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// A client of one daemon.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    lang: Lang,
    connection: Option<SendRequest<Body>>,
}

/// Runs a client's work to its end on this thread.
///
/// # Errors
/// Of the system, where it gives no event queue.
pub fn block_on<T>(work: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}

impl Client {
    /// Connects to the daemon behind `socket`; its answers will be in `lang`.
    ///
    /// # Errors
    /// [`ClientError::NotRunning`] where nobody listens; others where the socket is not this user's.
    pub async fn connect(socket: &Path, lang: Lang) -> Result<Self, ClientError> {
        let connection = dial(socket).await?;
        Ok(Self { socket: socket.to_path_buf(), lang, connection: Some(connection) })
    }

    /// The daemon's socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Sends a request on the kept connection; a connection that the daemon closed meanwhile is made anew.
    async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, ClientError> {
        let mut connection = match self.connection.take() {
            Some(mut kept) => match kept.ready().await {
                Ok(()) => kept,
                Err(_closed) => dial(&self.socket).await?,
            },
            None => dial(&self.socket).await?,
        };
        let response = connection.send_request(request).await?;
        self.connection = Some(connection);
        Ok(response)
    }

    /// A request to `target` in the client's language.
    fn request(
        &self,
        method: Method,
        target: &str,
        body: Body,
    ) -> Result<Request<Body>, ClientError> {
        let mut request = Request::builder().method(method).uri(target).body(body)?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("localhost"));
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(self.lang.tag()));
        Ok(request)
    }

    /// GET of a JSON resource.
    async fn load<T: DeserializeOwned>(&mut self, target: &str) -> Result<T, ClientError> {
        let request = self.request(Method::GET, target, nothing())?;
        let response = self.send(request).await?;
        parse(&accepted(response).await?)
    }

    /// GET of a text.
    async fn load_text(&mut self, target: &str) -> Result<String, ClientError> {
        let request = self.request(Method::GET, target, nothing())?;
        let response = self.send(request).await?;
        let bytes = accepted(response).await?;
        String::from_utf8(bytes.into()).map_err(ClientError::NotText)
    }

    /// POST of a JSON value, or of nothing, under an idempotency key where the route demands one.
    ///
    /// Where the connection broke before the answer came, the same key makes asking again safe; without one the error is
    /// the caller's.
    async fn post<T: DeserializeOwned>(
        &mut self,
        target: &str,
        value: Option<&(impl Serialize + Sync)>,
        idempotency: Option<&Idempotency>,
    ) -> Result<T, ClientError> {
        let body = value.map(serde_json::to_vec).transpose()?.map(Bytes::from);
        let mut tries = if idempotency.is_some() { 2 } else { 1 };
        loop {
            let sent = body.clone().map_or_else(nothing, whole);
            let mut request = self.request(Method::POST, target, sent)?;
            let headers = request.headers_mut();
            if body.is_some() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            if let Some(key) = idempotency {
                headers.insert("idempotency-key", key.header()?);
            }
            tries -= 1;
            match self.send(request).await {
                Ok(response) => return parse(&accepted(response).await?),
                Err(ClientError::Http(_)) if tries > 0 => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// DELETE.
    async fn remove(&mut self, target: &str) -> Result<(), ClientError> {
        let request = self.request(Method::DELETE, target, nothing())?;
        let response = self.send(request).await?;
        accepted(response).await.map(drop)
    }
}

/// A new connection, once socket and peer are seen to be this user's.
async fn dial(socket: &Path) -> Result<SendRequest<Body>, ClientError> {
    let own = rustix::process::getuid().as_raw();
    inspect(socket, own)?;
    let place = || socket.to_path_buf();
    let stream = match tokio::time::timeout(CONNECT_PATIENCE, UnixStream::connect(socket)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(ClientError::unconnected(socket, error)),
        Err(_elapsed) => return Err(ClientError::Silent { socket: place() }),
    };
    let peer = stream.peer_cred().map_err(|error| ClientError::unconnected(socket, error))?;
    if peer.uid() != own {
        return Err(ClientError::ForeignPeer { socket: place(), uid: peer.uid() });
    }
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the connection; what went wrong reaches whoever waits for an answer.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

/// Looks at the socket without following links.
fn inspect(socket: &Path, own: u32) -> Result<(), ClientError> {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let metadata =
        socket.symlink_metadata().map_err(|error| ClientError::unconnected(socket, error))?;
    if !metadata.file_type().is_socket() {
        return Err(ClientError::NotASocket { socket: socket.to_path_buf() });
    }
    if metadata.uid() != own {
        return Err(ClientError::ForeignSocket {
            socket: socket.to_path_buf(),
            owner: metadata.uid(),
        });
    }
    Ok(())
}

/// An empty body.
fn nothing() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is in memory.
fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// The body of a reply that grants the request; a refusal becomes its problem document.
async fn accepted(response: Response<Incoming>) -> Result<Bytes, ClientError> {
    let status = response.status();
    let response = refused_unless(status.is_success(), response).await?;
    collect(response).await
}

/// Passes the reply on where it is as hoped, else reads the refusal.
async fn refused_unless(
    hoped: bool,
    response: Response<Incoming>,
) -> Result<Response<Incoming>, ClientError> {
    if hoped {
        return Ok(response);
    }
    let status = response.status();
    let told = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_MEDIA_TYPE);
    let bytes = collect(response).await?;
    if !told {
        return Err(ClientError::Status { status: status.as_u16() });
    }
    let problem: Problem = parse(&bytes)?;
    Err(ClientError::Refused(Box::new(problem)))
}

async fn collect(response: Response<Incoming>) -> Result<Bytes, ClientError> {
    let body = Limited::new(response.into_body(), MOST_REPLY_BYTES);
    body.collect().await.map(|body| body.to_bytes()).map_err(ClientError::Reply)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ClientError> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Whether the daemon no longer has what was asked for.
fn is_gone(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(problem) if problem.status == StatusCode::NOT_FOUND)
}

/// Percent-encodes what is not unreserved (RFC 3986 §2.3), for one value in a query or path.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}
