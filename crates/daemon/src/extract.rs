//! What handlers take from a request; what cannot be taken is refused as a problem document.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use kyso_protocol::Lang;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::app::App;
use crate::body;
use crate::caller::{Caller, Peer};
use crate::error::{ApiError, Plane};
use crate::idempotency::Allocated;

/// The body as JSON; an empty body is `{}`, for requests all of whose members may be absent.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> Result<Self, ApiError> {
        let bytes = body::whole(request.into_body()).await?;
        let json: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(json).map(Self).map_err(|error| {
            let refusal = if error.is_data() { Plane::JsonInvalid } else { Plane::JsonMalformed };
            refusal(error).into()
        })
    }
}

/// The query's parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let query = axum::extract::Query::from_request_parts(parts, app).await;
        query.map(|query| Self(query.0)).map_err(|error| Plane::QueryInvalid(error).into())
    }
}

/// A UUID in a path or a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) Uuid);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Uuid::parse_str(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The path's parameters; what is no such parameter names nothing (404).
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, app).await {
            Ok(path) => Ok(Self(path.0)),
            // Which letter was wrong is no news to a client that asks for what is not there.
            Err(_) => Err(Plane::NotFound.into()),
        }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        // The server puts the peer there before anything else sees the request.
        let peer = parts.extensions.get::<Peer>().cloned().ok_or(Plane::Defect)?;
        let allocated = parts.extensions.get::<Allocated>().copied();
        Ok(Self {
            peer,
            lang: lang(parts, app.settings().lang),
            allocated: allocated.map_or_else(uuid::Uuid::now_v7, |allocated| allocated.0),
        })
    }
}

/// Language of the answer: `Accept-Language`, else the configuration's.
pub(crate) fn lang(parts: &Parts, otherwise: Lang) -> Lang {
    parts
        .headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(Lang::accepted)
        .unwrap_or(otherwise)
}
