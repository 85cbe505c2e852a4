//! `Idempotency-Key`: what a client sends twice is done once (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! Before a request is handled its key is bound, durably, to the hash of its body and to the id of what it will make; the
//! handler makes that thing under that id ([`crate::caller::Caller::allocated`]). The answer is kept before it is given. After a
//! crash in between the key is found unanswered: where the thing exists, the answer is made from it; else the request is handled
//! again under the same id. So nothing is made twice, wherever the daemon was stopped. Refusals (4xx) make nothing and are
//! not kept: the same key may be tried again. After a failure (5xx) the key stays bound and unanswered, as after a crash.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use crate::app::{self, App};
use crate::body;
use crate::clock;
use crate::error::{ApiError, KeyRefusal, Plane, Refused};
use crate::store::{Begun, Reply};

const HEADER: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";
/// Letters of a key: a UUID has 36; the draft asks servers to say their bound.
const LIMIT: usize = 255;

/// The id under which this request makes what it makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allocated(pub(crate) Uuid);

/// Keys whose requests this process is handling.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashSet<String>>);

/// A key held until its request is answered.
struct Claim {
    keys: Arc<InFlight>,
    key: String,
}

impl Claim {
    fn new(keys: &Arc<InFlight>, key: String) -> Result<Self, KeyRefusal> {
        let mut held = keys.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.insert(key.clone()) {
            return Err(KeyRefusal::InFlight);
        }
        drop(held);
        Ok(Self { keys: Arc::clone(keys), key })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Handles the request once, where its method and path demand a key; else simply handles it.
///
/// # Errors
/// [`KeyRefusal`], [`Plane::Stopping`], what keeps the body from being read or the tables from being written.
pub(crate) async fn once(app: App, request: Request, next: Next) -> Result<Response, ApiError> {
    let Some(made) = Made::by(request.method(), request.uri().path()) else {
        return Ok(next.run(request).await);
    };
    if app.stopping().is_cancelled() {
        return Err(Plane::Stopping.into());
    }
    let key = key(request.headers())?;
    let (parts, body) = request.into_parts();
    let body = body::whole(body).await?;
    let claim = Claim::new(&app.keys, format!("{} {} {key}", parts.method, parts.uri.path()))?;
    // A task of its own: a client that goes away does not leave the work half done and its key without an owner.
    let tasks = app.tasks().clone();
    match tasks.spawn(handle(app, made, claim, parts, body, next)).await {
        Ok(done) => done,
        Err(_panicked) => Err(Plane::Defect.into()),
    }
}

async fn handle(
    app: App,
    made: Made,
    claim: Claim,
    mut parts: Parts,
    bytes: Bytes,
    next: Next,
) -> Result<Response, ApiError> {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &bytes).as_ref());
    let key = claim.key.clone();
    let begun =
        app.blocking(move |app| app.store.begin_key(&key, &hash, clock::unix_micros())).await?;
    let resource = match begun {
        Begun::OtherBody => return Err(KeyRefusal::Reused.into()),
        Begun::Answered(reply) => return Ok(replayed(reply)),
        Begun::New(resource) => resource,
        Begun::Unanswered(resource) => {
            if let Some(reply) = remembered(&app, made, resource, &parts).await? {
                let kept = reply.clone();
                let key = claim.key.clone();
                app.blocking(move |app| app.store.answer_key(&key, &kept)).await?;
                return Ok(replayed(reply));
            }
            resource
        }
    };
    parts.extensions.insert(Allocated(resource));
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    keep(&app, claim, response).await
}

/// Keeps the answer of a request that made something; forgets the key of one that was refused.
async fn keep(app: &App, claim: Claim, response: Response) -> Result<Response, ApiError> {
    let status = match response.extensions().get::<Refused>() {
        Some(Refused(error)) => error.document(kyso_protocol::Lang::En).status,
        None => response.status().as_u16(),
    };
    let key = claim.key.clone();
    if status >= 500 {
        return Ok(response);
    }
    if status >= 400 {
        app.blocking(move |app| app.store.release_key(&key)).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = collected(body).await?;
    let location = parts.headers.get(header::LOCATION);
    let reply = Reply {
        status,
        location: location.and_then(|value| value.to_str().ok()).map(str::to_owned),
        body: bytes.to_vec(),
    };
    app.blocking(move |app| app.store.answer_key(&key, &reply)).await?;
    drop(claim);
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

async fn collected(body: Body) -> Result<Bytes, ApiError> {
    Ok(body.collect().await.map_err(Plane::BodyBroken)?.to_bytes())
}

fn replayed(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    if let Some(location) = reply.location.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// The answer to a request that made its thing but was never answered.
async fn remembered(
    app: &App,
    made: Made,
    resource: Uuid,
    parts: &Parts,
) -> Result<Option<Reply>, ApiError> {
    use tower::ServiceExt as _;
    let Some((status, location)) = made.place(resource) else { return Ok(None) };
    let mut request = Request::new(Body::empty());
    // A path of ours with a UUID is always a URI.
    let Ok(uri) = location.parse() else { return Ok(None) };
    *request.uri_mut() = uri;
    *request.headers_mut() = parts.headers.clone();
    if let Some(peer) = parts.extensions.get::<crate::Peer>() {
        request.extensions_mut().insert(peer.clone());
    }
    let response =
        app::bare(app.clone()).oneshot(request).await.unwrap_or_else(|never| match never {});
    let refused = response.extensions().get::<Refused>().map(|Refused(error)| error.clone());
    match refused {
        Some(error) if error.document(kyso_protocol::Lang::En).status == 404 => Ok(None),
        Some(_) => Err(Plane::Defect.into()),
        None => {
            let body = collected(response.into_body()).await?.to_vec();
            Ok(Some(Reply { status, location: Some(location), body }))
        }
    }
}

/// What a request with a key makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    /// An operation.
    Operation,
    /// A batch.
    Batch,
    /// A reissuance request.
    Reissuance,
    /// A transition, which the request's own state keeps from happening twice.
    Transition,
}

impl Made {
    fn by(method: &Method, path: &str) -> Option<Self> {
        if method != Method::POST {
            return None;
        }
        match path {
            "/v1/signatures" => return Some(Self::Operation),
            "/v1/batches" => return Some(Self::Batch),
            "/v1/reissuance-requests" => return Some(Self::Reissuance),
            _ => {}
        }
        let below = path.strip_prefix("/v1/reissuance-requests/")?;
        match below.split_once('/')?.1 {
            "submit" | "export" => Some(Self::Operation),
            "answer" | "cancel" => Some(Self::Transition),
            _ => None,
        }
    }

    /// Status of the answer, and where the thing is found.
    fn place(self, id: Uuid) -> Option<(u16, String)> {
        match self {
            Self::Operation => Some((202, format!("/v1/operations/{id}"))),
            Self::Batch => Some((202, format!("/v1/batches/{id}"))),
            Self::Reissuance => Some((201, format!("/v1/reissuance-requests/{id}"))),
            Self::Transition => None,
        }
    }
}

/// The key: an RFC 8941 string, or a bare token for clients that leave the quotes out.
fn key(headers: &HeaderMap) -> Result<String, KeyRefusal> {
    let malformed = KeyRefusal::Malformed { limit: LIMIT };
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next().ok_or(KeyRefusal::Missing)?;
    if values.next().is_some() {
        return Err(malformed);
    }
    let Ok(text) = value.to_str() else { return Err(malformed) };
    parse_key(text.trim()).filter(|key| !key.is_empty() && key.len() <= LIMIT).ok_or(malformed)
}

fn parse_key(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix('"') else {
        let token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/=".contains(&byte);
        return text.bytes().all(token).then(|| text.to_owned());
    };
    let inner = quoted.strip_suffix('"')?;
    let mut key = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => key.push(letters.next().filter(|next| matches!(next, '"' | '\\'))?),
            '"' => return None,
            ' '..='~' => key.push(letter),
            _ => return None,
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_string_or_a_token() {
        assert_eq!(parse_key(r#""a b""#).as_deref(), Some("a b"));
        assert_eq!(parse_key(r#""a\"b\\""#).as_deref(), Some(r#"a"b\"#));
        assert_eq!(parse_key("0190-x").as_deref(), Some("0190-x"));
        for bad in [r#""a"#, r#""a"b""#, r#""\n""#, "a b", "a\u{e9}", r#""\""#] {
            assert_eq!(parse_key(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_is_held_by_one_request() {
        let keys = Arc::new(InFlight::default());
        let first = Claim::new(&keys, "POST /v1/signatures a".to_owned()).expect("free");
        let second = Claim::new(&keys, "POST /v1/signatures a".to_owned());
        assert_eq!(second.err(), Some(KeyRefusal::InFlight));
        assert!(Claim::new(&keys, "POST /v1/signatures b".to_owned()).is_ok());
        drop(first);
        assert!(Claim::new(&keys, "POST /v1/signatures a".to_owned()).is_ok());
    }

    #[test]
    fn what_makes_something_needs_a_key() {
        let by = |path| Made::by(&Method::POST, path);
        assert_eq!(by("/v1/signatures"), Some(Made::Operation));
        assert_eq!(by("/v1/reissuance-requests/1/answer"), Some(Made::Transition));
        assert_eq!(by("/v1/batches/1/pause"), None);
        assert_eq!(Made::by(&Method::GET, "/v1/batches"), None);
    }
}
