//! Form 04 of a request, to look at and to sign.

use kyso_reissue::{Form04, Mapping, PersonFacts};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dossier::Dossier;
use super::{projection, record, wire};
use crate::app::App;
use crate::error::{ApiError, ReissuanceError};
use crate::store::StoreError;

/// How the form is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FormFormat {
    /// The very bytes that an export signs.
    #[default]
    Json,
    /// Vietnamese text for reading and printing.
    Text,
    /// One row with its header, for an administrator's list.
    Csv,
}

impl FormFormat {
    /// Its media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// The form of a request.
///
/// # Errors
/// [`ReissuanceError`]; where journal or tables fail.
pub(crate) fn form(app: &App, request: &str, format: FormFormat) -> Result<Vec<u8>, ApiError> {
    projection::catch_up(app)?;
    record::known(app, request)?;
    let form = of(&Dossier::load(app, request)?, request)?;
    Ok(match format {
        FormFormat::Json => form.to_json().map_err(StoreError::Json)?,
        FormFormat::Text => form.to_text().into_bytes(),
        FormFormat::Csv => {
            use kyso_reissue::form04::{csv_header, csv_row};
            // RFC 4180: each record ends with CRLF.
            format!("{}\r\n{}\r\n", csv_header(), csv_row(&form)).into_bytes()
        }
    })
}

/// The form, filled in; dated by the day of the request, so that what was looked at is what is signed.
pub(super) fn of(dossier: &Dossier, request: &str) -> Result<Form04, ApiError> {
    let person = match &dossier.person {
        Some(person) => {
            wire::person(person).map_err(|wrong| ReissuanceError::Invalid(vec![wrong]))?
        }
        None => PersonFacts::default(),
    };
    Ok(Form04::from(Mapping::national(), request, &dossier.request()?, &person))
}
