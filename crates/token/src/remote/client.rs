//! Calls of the API: login where the service wants one, one answer or one error each.

use std::sync::{Arc, Mutex, MutexGuard};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::{ErrorCode, Method, RemoteError};
use super::limits::Limits;
use super::oauth::Scope;
use super::secret::Secret;
use super::transport::{HttpRequest, Transport, UserAgent};
use super::wire::{ErrorObject, Info, InfoInput, Tokens};
use crate::Pin;
use crate::lock::lock;

/// A service as it is configured.
pub struct Service {
    /// What people call it.
    pub name: String,
    /// Base address of the API without a slash at its end, such as `https://service.example/csc/v2`.
    pub base: String,
    /// `client_id` (RFC 6749 §2.2).
    pub client_id: String,
    /// `client_secret`, where the service gave one.
    pub client_secret: Option<Pin>,
    /// `scope` at login, where it is not `service`.
    pub scope: Option<String>,
    /// Who logs in.
    pub login: Login,
    /// Language of the service's pages (RFC 5646).
    pub lang: String,
}

/// Who logs in at a service (CSC API v2 §8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// The person, on the service's page: authorization code (`oauth2code`).
    Code,
    /// The program, by its client secret: client credentials (`oauth2client`).
    Client,
}

impl Login {
    /// As `info` lists it in `authType`.
    const fn auth_type(self) -> &'static str {
        match self {
            Self::Code => "oauth2code",
            Self::Client => "oauth2client",
        }
    }
}

/// One service, its connections and what is known of it.
pub(super) struct Client {
    service: Service,
    transport: Arc<dyn Transport>,
    agent: Option<Arc<dyn UserAgent>>,
    limits: Limits,
    info: Mutex<Option<Info>>,
    session: Mutex<Session>,
}

/// Tokens of the service scope; they live and die with the store.
#[derive(Default)]
struct Session {
    access: Option<Arc<Secret>>,
    refresh: Option<Secret>,
}

impl Client {
    pub(super) fn new(
        service: Service,
        transport: Arc<dyn Transport>,
        agent: Option<Arc<dyn UserAgent>>,
        limits: Limits,
    ) -> Self {
        let (info, session) = (Mutex::default(), Mutex::default());
        Self { service, transport, agent, limits, info, session }
    }

    pub(super) const fn service(&self) -> &Service {
        &self.service
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn agent(&self) -> Option<&dyn UserAgent> {
        self.agent.as_deref()
    }

    pub(super) fn transport(&self) -> &dyn Transport {
        self.transport.as_ref()
    }

    /// What the service says of itself, asked once.
    pub(super) fn info(&self) -> Result<Info, RemoteError> {
        let mut known = lock(&self.info);
        if let Some(info) = &*known {
            return Ok(info.clone());
        }
        if !is_secure(&self.service.base) {
            return Err(RemoteError::NotTls);
        }
        let body = json(&InfoInput { lang: &self.service.lang }, Method::Info)?;
        let info: Info =
            self.ask(Method::Info, &self.url(Method::Info), None, "application/json", &body)?;
        Ok(known.insert(info).clone())
    }

    /// Whether the service lists the method.
    pub(super) fn offers(&self, method: Method) -> Result<bool, RemoteError> {
        Ok(self.info()?.methods.iter().any(|one| one == method.path()))
    }

    /// A call behind the login. A token that the service no longer takes is renewed once.
    pub(super) fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        input: &impl Serialize,
    ) -> Result<T, RemoteError> {
        let body = json(input, method)?;
        let url = self.url(method);
        let mut renewed = false;
        loop {
            let access = self.access()?;
            let answer = self.ask(method, &url, Some(access.expose()), "application/json", &body);
            match answer {
                Err(error) if !renewed && is_token_error(error) => {
                    self.renew(&access)?;
                    renewed = true;
                }
                answer => return answer,
            }
        }
    }

    /// One request and its answer; methods that change nothing are asked once more where the service was out of breath.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &str,
        bearer: Option<&str>,
        content_type: &'static str,
        content: &[u8],
    ) -> Result<T, RemoteError> {
        let most_bytes = self.limits.answer_bytes;
        let request = HttpRequest { url, bearer, content_type, content, most_bytes };
        let first = self.once(method, &request);
        match first {
            Err(error) if method.is_idempotent() && error.retryable() && !is_token_error(error) => {
                self.once(method, &request)
            }
            first => first,
        }
    }

    fn once<T: DeserializeOwned>(
        &self,
        method: Method,
        request: &HttpRequest<'_>,
    ) -> Result<T, RemoteError> {
        let answer = self
            .transport
            .exchange(request)
            .map_err(|error| RemoteError::Transport(method, error))?;
        match answer.status {
            200..=299 => serde_json::from_slice(match answer.content.as_slice() {
                // 204 and an empty 200 say as much as an empty object.
                [] => b"{}",
                content => content,
            })
            .map_err(|_no_json| RemoteError::AnswerMalformed(method)),
            status => Err(match serde_json::from_slice::<ErrorObject>(&answer.content) {
                Ok(object) => RemoteError::Refused(method, ErrorCode::of(&object.error)),
                // RFC 6750 §3: a challenge may come without a body.
                Err(_) if status == 401 => RemoteError::Refused(method, ErrorCode::InvalidToken),
                Err(_) => RemoteError::Status(method, status),
            }),
        }
    }

    /// The access token; logs in where there is none.
    fn access(&self) -> Result<Arc<Secret>, RemoteError> {
        let mut session = self.session();
        if let Some(access) = &session.access {
            return Ok(Arc::clone(access));
        }
        let tokens = self.login()?;
        Ok(session.take(tokens))
    }

    /// Another access token than `old`: by the refresh token, else by a new login.
    fn renew(&self, old: &Arc<Secret>) -> Result<(), RemoteError> {
        let mut session = self.session();
        if session.access.as_ref().is_some_and(|now| !Arc::ptr_eq(now, old)) {
            return Ok(());
        }
        session.access = None;
        let refreshed =
            session.refresh.take().map(|token| (self.by_refresh(token.expose()), token));
        let tokens = match refreshed {
            Some((Ok(mut tokens), token)) => {
                // RFC 6749 §6: where no new one comes, the old one stays.
                tokens.refresh_token.get_or_insert(token);
                tokens
            }
            Some((Err(error @ RemoteError::Transport(..)), token)) => {
                session.refresh = Some(token);
                return Err(error);
            }
            Some((Err(_), _)) | None => self.login()?,
        };
        session.take(tokens);
        Ok(())
    }

    fn login(&self) -> Result<Tokens, RemoteError> {
        let wanted = self.service.login;
        if !self.info()?.auth_type.iter().any(|one| one == wanted.auth_type()) {
            return Err(RemoteError::LoginUnsupported);
        }
        match wanted {
            Login::Code => self.by_code(&Scope::Service(self.service.scope.as_deref())),
            Login::Client => self.by_secret(),
        }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        lock(&self.session)
    }

    fn url(&self, method: Method) -> String {
        format!("{}/{}", trimmed(&self.service.base), method.path())
    }
}

impl Session {
    fn take(&mut self, tokens: Tokens) -> Arc<Secret> {
        let access = Arc::new(tokens.access_token);
        self.access = Some(Arc::clone(&access));
        self.refresh = tokens.refresh_token;
        access
    }
}

/// Whether the access token is what the service does not take; a PIN's or a SAD's code is another.
const fn is_token_error(error: RemoteError) -> bool {
    matches!(
        error,
        RemoteError::Refused(_, ErrorCode::InvalidToken | ErrorCode::ExpiredToken)
            | RemoteError::Status(_, 401)
    )
}

/// An address whose secrets stay on the way: https, or http to loopback; no name and password, no query, no fragment.
pub(super) fn is_secure(address: &str) -> bool {
    let authority = |rest: &'_ str| rest.split('/').next().unwrap_or_default().to_owned();
    if address.contains(['@', '?', '#', ';', ' ', '\\']) || address.chars().any(char::is_control) {
        return false;
    }
    if let Some(rest) = address.strip_prefix("https://") {
        return !authority(rest).is_empty();
    }
    let Some(rest) = address.strip_prefix("http://") else { return false };
    let authority = authority(rest);
    let host = match authority.strip_prefix("[::1]") {
        Some(port) => return port.is_empty() || port.starts_with(':'),
        None => authority.split(':').next().unwrap_or_default(),
    };
    // A name, `localhost` too, is whatever a resolver says.
    host == "127.0.0.1"
}

pub(super) fn trimmed(address: &str) -> &str {
    address.trim_end_matches('/')
}

fn json(input: &impl Serialize, method: Method) -> Result<Zeroizing<Vec<u8>>, RemoteError> {
    // Room enough that the buffer, which may hold a PIN, hardly ever moves.
    let mut body = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer(&mut *body, input)
        .map_err(|_unwritable| RemoteError::AnswerMalformed(method))?;
    Ok(body)
}
