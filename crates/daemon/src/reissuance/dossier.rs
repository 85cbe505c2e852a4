//! What a request needs and the journal does not hold: the present certificate, the persons' data, the day.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kyso_protocol::{Form04Person, Lang, ReissuanceReason, UnitRef};
use kyso_reissue::{CertificateFacts, Date, Mapping, NewRequest, Validated};
use kyso_x509::Certificate;
use serde::{Deserialize, Serialize};

use super::draft::Present;
use super::wire;
use crate::app::App;
use crate::error::{ApiError, ReissuanceError, Wrong};
use crate::store::StoreError;
use crate::store::reissuance as table;

/// A request's dossier, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dossier {
    /// The present certificate, DER in base64.
    certificate: String,
    /// Certificates of authorities that lay beside it, likewise.
    issuers: Vec<String>,
    /// Serial number of the token that showed it.
    token_serial: Option<String>,
    reason: ReissuanceReason,
    old_unit: Option<UnitRef>,
    new_unit: Option<UnitRef>,
    email: Option<String>,
    /// The subject asked for, as it was made or stated.
    requested_subject: String,
    /// The day of the request.
    date: Date,
    pub(super) person: Option<Form04Person>,
    /// What a person should know, in both languages.
    warnings: Vec<Told>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    vi: String,
    en: String,
}

impl Dossier {
    /// The dossier of a request that was checked.
    pub(super) fn of(present: &Present, request: &Validated, person: Option<Form04Person>) -> Self {
        Self {
            certificate: STANDARD.encode(present.certificate.as_der()),
            issuers: present.issuers.iter().map(|one| STANDARD.encode(one.as_der())).collect(),
            token_serial: request.certificate().token_serial.clone(),
            reason: wire::reason_out(request.reason()),
            old_unit: request.old_unit().map(wire::unit_out),
            new_unit: request.new_unit().map(wire::unit_out),
            email: request.email().map(str::to_owned),
            requested_subject: request.requested().to_string(),
            date: request.date(),
            person,
            warnings: request
                .warnings()
                .iter()
                .map(|warning| Told { vi: warning.vietnamese(), en: warning.to_string() })
                .collect(),
        }
    }

    /// Reads a request's dossier.
    ///
    /// # Errors
    /// [`ReissuanceError::DossierMissing`]; where the tables fail.
    pub(super) fn load(app: &App, request: &str) -> Result<Self, ApiError> {
        Self::find(app, request)?.ok_or_else(|| ReissuanceError::DossierMissing.into())
    }

    /// Reads a request's dossier, where there is one.
    pub(super) fn find(app: &App, request: &str) -> Result<Option<Self>, ApiError> {
        let body = table::dossier(&app.store.connection(), request)?;
        let dossier = body.map(|body| serde_json::from_str(&body).map_err(StoreError::Json));
        Ok(dossier.transpose()?)
    }

    /// Makes it durable.
    pub(super) fn store(&self, app: &App, request: &str, now: u64) -> Result<(), ApiError> {
        let body = serde_json::to_string(self).map_err(StoreError::Json)?;
        Ok(app
            .store
            .transaction(|transaction| table::put_dossier(transaction, request, &body, now))?)
    }

    /// The present certificate.
    ///
    /// # Errors
    /// Where what is stored is none any more.
    pub(super) fn certificate(&self) -> Result<Certificate, ApiError> {
        let der = STANDARD.decode(&self.certificate).unwrap_or_default();
        Certificate::from_der(&der)
            .map_err(|error| ReissuanceError::CertificateMalformed(error).into())
    }

    /// Certificates of authorities that lay beside it.
    pub(super) fn issuers(&self) -> impl Iterator<Item = Certificate> {
        let ders = self.issuers.iter().filter_map(|one| STANDARD.decode(one).ok());
        ders.filter_map(|der| Certificate::from_der(&der).ok())
    }

    /// The request as it was checked, with its difference of subjects.
    ///
    /// # Errors
    /// [`ReissuanceError::DossierUnusable`] where a newer program finds fault with it.
    pub(super) fn request(&self) -> Result<Validated, ApiError> {
        let stated = |member, unit: &Option<UnitRef>| -> Result<_, ApiError> {
            let unit = unit.as_ref().map(|unit| wire::unit_in(member, unit)).transpose();
            Ok(unit.map_err(|wrong: Wrong| ReissuanceError::Invalid(vec![wrong]))?)
        };
        let request = NewRequest {
            certificate: CertificateFacts::of(&self.certificate()?, self.token_serial.clone()),
            reason: wire::reason_in(self.reason),
            old_unit: stated("old_unit", &self.old_unit)?,
            new_unit: stated("new_unit", &self.new_unit)?,
            email: self.email.clone(),
            requested: Some(self.requested_subject.clone()),
            date: self.date,
        };
        let checked = request.validate(Mapping::national());
        checked.map_err(|errors| ReissuanceError::DossierUnusable(errors).into())
    }

    /// What a person should know.
    pub(super) fn warnings(&self, lang: Lang) -> Vec<String> {
        self.warnings.iter().map(|told| lang.pick(&told.vi, &told.en).clone()).collect()
    }
}

/// The folder of forms that wait for their signature.
pub(super) fn forms(app: &App) -> std::path::PathBuf {
    app.settings().state.join("forms")
}

/// Removes forms that a killed daemon left; no act is under way yet.
pub(super) fn sweep_forms(app: &App) {
    match std::fs::remove_dir_all(forms(app)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, "forms of an earlier run cannot be removed");
        }
        _ => {}
    }
}
