//! `GET /v1/certificates`: what can sign, and what its holders should know in time.

use axum::Json;
use axum::extract::State;
use kyso_protocol::{CertificateList, Problem};
use kyso_x509::{Certificate, Time};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Query;
use crate::{certificates, clock, warnings};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which certificates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Whether expired ones are listed too.
    #[serde(default)]
    expired: bool,
}

/// Certificates with their private keys; each with why it cannot sign now, if so, and with the reissuance request that
/// would mend what it warns of, ready to be completed and posted.
#[utoipa::path(
    get, path = "/v1/certificates", tag = "tokens", operation_id = "listCertificates", params(ListQuery),
    responses(
        (status = 200, description = "The certificates", body = CertificateList),
        (status = 400, description = "A parameter is not understood", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<CertificateList>, ApiError> {
    app.blocking(move |app| {
        let now = Time::from_unix_seconds(clock::now().as_second());
        let credentials = app.tokens().credentials();
        let problems = super::tokens::problems(app, &caller, credentials.as_ref().err());
        let credentials = credentials.unwrap_or_default();
        for credential in credentials.iter() {
            if let Ok(certificate) = Certificate::from_der(&credential.certificate) {
                warnings::tell_once(app, &certificate)?;
            }
        }
        let certificates = credentials
            .iter()
            .filter_map(|credential| certificates::row(credential, now, caller.lang))
            .filter(|row| query.expired || !certificates::is_expired(row))
            .collect();
        Ok::<_, ApiError>(Json(CertificateList { certificates, problems }))
    })
    .await
}
