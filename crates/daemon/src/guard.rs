//! What stands before every route, the 404 included, in this order.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;

use crate::app::App;
use crate::body::{Intake, Shared};
use crate::caller::Peer;
use crate::error::{ApiError, Plane, Refused, written};
use crate::settings::Bounds;
use crate::{extract, idempotency, observe};

/// Headers that browsers send and programs of the machine have no reason for.
const BROWSER: [(&str, &str); 6] = [
    ("origin", "Origin"),
    ("referer", "Referer"),
    ("sec-fetch-site", "Sec-Fetch-Site"),
    ("sec-fetch-mode", "Sec-Fetch-Mode"),
    ("sec-fetch-dest", "Sec-Fetch-Dest"),
    ("sec-fetch-user", "Sec-Fetch-User"),
];

/// Content types of signed files.
const SIGNED: &[&str] = &[
    "application/pdf",
    "application/pkcs7-signature",
    "application/pkcs7-mime",
    "application/cms",
    "application/octet-stream",
];
const JSON: &[&str] = &["application/json"];

/// The outermost layer: a panic costs its request alone; refusals are written; nothing is cached or sniffed.
pub(crate) async fn answer(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let lang = extract::lang(&parts, app.settings().lang);
    let seen = observe::Seen::of(&parts);
    let request = Request::from_parts(parts, body);
    let handled = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind().await;
    // The panic's hook has told the log what and where.
    let mut response = handled.unwrap_or_else(|_| ApiError::from(Plane::Defect).into_response());
    if let Some(Refused(error)) = response.extensions_mut().remove() {
        let close = response.headers_mut().remove(header::CONNECTION);
        seen.refused(&error);
        response = written(&error, lang);
        if let Some(close) = close {
            response.headers_mut().insert(header::CONNECTION, close);
        }
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    seen.answered(response.status());
    response
}

/// The checks, from the peer to the idempotency key.
pub(crate) async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // 1. The peer is this daemon's own user; nothing else is said to another one.
    if let Err(refusal) = own_user(parts.extensions.get::<Peer>(), app.uid()) {
        let mut response = ApiError::from(refusal).into_response();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return response;
    }
    // 2. No browser. 3. This host. 4. Content type and 5. cap of what the method and path take.
    let rule = Rule::of(&parts.method, parts.uri.path());
    let bounds = app.settings().bounds;
    let checked = no_browser(&parts.headers)
        .and_then(|()| this_host(&parts.headers, parts.uri.host()))
        .and_then(|()| rule.check(&parts.headers, &bounds));
    // A client that waits for leave to send its body hears the refusal anyway.
    let waits = parts.headers.contains_key(header::EXPECT);
    let body = Shared::new(Intake::new(body, rule.limit(&bounds), bounds.client_patience));
    let response = match checked {
        Err(refusal) => ApiError::from(refusal).into_response(),
        // 6. The idempotency key, where one is demanded; then the handler.
        Ok(()) => {
            let request = Request::from_parts(parts, Body::new(body.clone()));
            idempotency::once(app, request, next).await.unwrap_or_else(ApiError::into_response)
        }
    };
    if !waits && response.extensions().get::<Refused>().is_some() {
        body.drain().await;
    }
    response
}

fn own_user(peer: Option<&Peer>, own: u32) -> Result<(), Plane> {
    match peer {
        Some(peer) if peer.uid == own => Ok(()),
        Some(peer) => Err(Plane::OtherUser { uid: peer.uid }),
        None => Err(Plane::Defect),
    }
}

fn no_browser(headers: &HeaderMap) -> Result<(), Plane> {
    for (name, header) in BROWSER {
        if headers.contains_key(name) {
            return Err(Plane::Browser { header });
        }
    }
    match headers.keys().any(|name| name.as_str().starts_with("sec-fetch-")) {
        true => Err(Plane::Browser { header: "Sec-Fetch-*" }),
        false => Ok(()),
    }
}

fn this_host(headers: &HeaderMap, of_uri: Option<&str>) -> Result<(), Plane> {
    let ours = |host: &str| {
        host.is_empty()
            || host.eq_ignore_ascii_case("localhost")
            || host.eq_ignore_ascii_case("kyso")
    };
    let named = headers.get_all(header::HOST).iter();
    let all_ours = named.into_iter().all(|host| host.to_str().is_ok_and(ours));
    if all_ours && of_uri.is_none_or(ours) { Ok(()) } else { Err(Plane::ForeignHost) }
}

/// What a request of this method and path may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// No body.
    Bare,
    /// JSON, or nothing.
    Json,
    /// A document of any type.
    Document,
    /// A signed file.
    Signed,
}

impl Rule {
    fn of(method: &Method, path: &str) -> Self {
        match (method, path) {
            (&Method::POST, "/v1/documents") => Self::Document,
            (&Method::POST, "/v1/verifications") => Self::Signed,
            (&Method::POST | &Method::PUT | &Method::PATCH, _) => Self::Json,
            _ => Self::Bare,
        }
    }

    fn limit(self, bounds: &Bounds) -> u64 {
        match self {
            Self::Bare => 0,
            Self::Json => bounds.request_bytes,
            Self::Document | Self::Signed => bounds.document_bytes,
        }
    }

    fn check(self, headers: &HeaderMap, bounds: &Bounds) -> Result<(), Plane> {
        let length = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let empty = length.unwrap_or(0) == 0 && !headers.contains_key(header::TRANSFER_ENCODING);
        let accepted = match self {
            Self::Bare if empty => return Ok(()),
            Self::Bare => return Err(Plane::BodyUnexpected),
            Self::Document => None,
            Self::Json | Self::Signed if empty => None,
            Self::Json => Some(JSON),
            Self::Signed => Some(SIGNED),
        };
        if let Some(accepted) = accepted
            && !media_type(headers)
                .is_some_and(|given| accepted.iter().any(|taken| taken.eq_ignore_ascii_case(given)))
        {
            return Err(Plane::MediaType { accepted });
        }
        let limit = self.limit(bounds);
        if length.is_some_and(|length| length > limit) {
            return Err(Plane::BodyTooLarge { limit });
        }
        Ok(())
    }
}

/// The content type without its parameters.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use axum::{Router, middleware};
    use kyso::signer::Trust;
    use kyso_journal::{Journal, Options};
    use kyso_protocol::{Lang, Problem};
    use kyso_token::pkcs11::AllowList;
    use tower::ServiceExt as _;

    use super::*;
    use crate::settings::{DefaultConsent, Settings};
    use crate::spool::Spool;
    use crate::store::Store;
    use crate::{clock, meters};

    const OWN: u32 = 1000;

    fn app(folder: &std::path::Path) -> App {
        let settings = Settings {
            socket: folder.join("socket"),
            state: folder.to_owned(),
            journal: folder.join("journal.sqlite"),
            lang: Lang::Vi,
            modules: AllowList::new(Vec::new()),
            key_files: Vec::new(),
            trust: Arc::new(Trust::default()),
            stores: Arc::default(),
            credential: None,
            consent: DefaultConsent::None,
            pinentry: None,
            policy: folder.join("policy.toml"),
            worker: folder.join("none"),
            bounds: Bounds::DESK,
        };
        let options = Options::new(clock::unix_micros).expect("options");
        let journal = Journal::open(&settings.journal, options).expect("a journal");
        let store = Store::open(&folder.join("daemon.sqlite")).expect("tables");
        let spool = Spool::open(folder).expect("a spool");
        App::new(settings, journal, store, spool, meters::install().expect("meters"), OWN)
    }

    fn request(uid: Option<u32>, path: &str) -> Request {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = path.parse().expect("a path");
        if let Some(uid) = uid {
            let peer = Peer { uid, pid: None, user: None, program: None };
            request.extensions_mut().insert(peer);
        }
        request
    }

    /// A panic in a handler costs its request alone, and is told in the language of the configuration.
    #[tokio::test]
    async fn a_panic_is_a_problem_and_the_next_request_is_served() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = app(folder.path());
        async fn panics() -> &'static str {
            panic!("a defect for the test")
        }
        let router = Router::new()
            .route("/bad", get(panics))
            .route("/good", get(|| async { "good" }))
            .layer(middleware::from_fn_with_state(app.clone(), admit))
            .layer(middleware::from_fn_with_state(app, answer));
        let ask = |uid, path: &'static str| router.clone().oneshot(request(uid, path));
        let response = ask(Some(OWN), "/bad").await.expect("an answer");
        assert_eq!(response.status(), 500);
        let body = crate::body::whole(response.into_body()).await.expect("a body");
        let problem: Problem = serde_json::from_slice(&body).expect("a problem");
        assert_eq!((problem.code.as_str(), problem.title.as_str()), ("defect", "kyso có lỗi"));
        assert_eq!(ask(Some(OWN), "/good").await.expect("an answer").status(), 200);
        // Root is another user too, and so is nobody at all.
        for uid in [Some(0), Some(OWN + 1)] {
            let response = ask(uid, "/good").await.expect("an answer");
            assert_eq!(response.status(), 421);
            assert_eq!(response.headers()[header::CONNECTION], "close");
        }
        assert_eq!(ask(None, "/good").await.expect("an answer").status(), 500);
    }
}
