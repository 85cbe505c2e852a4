//! Making a draft: the whole request is checked, then dossier, then record.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kyso_journal::{ReissuanceEvent, ReissuanceStep, ReissuanceTransition};
use kyso_protocol::{Form04Person, NewReissuanceRequest, ReissuanceRequest};
use kyso_reissue::{CertificateFacts, Date, Mapping, NewRequest, Validated};
use kyso_x509::{Certificate, Time};

use super::dossier::Dossier;
use super::{projection, record, view, wire};
use crate::app::App;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ReissuanceError, Wrong};
use crate::store::reissuance as table;

/// Most characters of one text about person or agency; names in force stay far below.
const MOST_PERSON_CHARACTERS: usize = 256;

/// Makes a draft with this id; where it is there already, an earlier try got that far and it is shown.
///
/// # Errors
/// [`ReissuanceError`], with everything that is wrong at once; where journal or tables fail.
pub(crate) fn create(
    app: &App,
    caller: &Caller,
    id: &str,
    new: NewReissuanceRequest,
) -> Result<ReissuanceRequest, ApiError> {
    projection::catch_up(app)?;
    if table::row(&app.store.connection(), id)?.is_some() {
        return view::show(app, id, caller.lang);
    }
    let present = present(app, &new.certificate)?;
    let request = check(&present, &new)?;
    let sha256 = request.certificate().sha256.clone();
    let event = event(id, caller, &present.certificate, &request)?;
    let dossier = Dossier::of(&present, &request, new.person);
    let mut next = app.reissuance.order();
    projection::follow(app, &mut next)?;
    let open = table::open_of(&app.store.connection(), &sha256)?;
    if let Some(request) = open {
        return Err(ReissuanceError::Open { request }.into());
    }
    dossier.store(app, id, clock::unix_micros())?;
    record::write(app, &event)?;
    projection::follow(app, &mut next)?;
    drop(next);
    view::show(app, id, caller.lang)
}

/// Most certificates of issuers that are kept with a request.
const MOST_ISSUERS: usize = 8;

/// The present certificate with what is known around it.
pub(super) struct Present {
    pub(super) certificate: Certificate,
    /// Certificates of authorities that lay beside it: the new one's path may lead over them.
    pub(super) issuers: Vec<Certificate>,
    /// Its token's serial number, where its token shows it.
    token_serial: Option<String>,
}

impl Present {
    fn of(
        certificate: Certificate,
        beside: impl Iterator<Item = Certificate>,
        token_serial: Option<String>,
    ) -> Self {
        let issuers = beside.filter(Certificate::is_certificate_authority).take(MOST_ISSUERS);
        Self { certificate, issuers: issuers.collect(), token_serial }
    }
}

/// Finds the present certificate.
fn present(app: &App, stated: &str) -> Result<Present, ApiError> {
    let hash = stated.strip_prefix("sha256:").unwrap_or(stated);
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let sha256 = hash.to_ascii_lowercase();
        for credential in app.tokens().credentials()?.iter() {
            let Ok(certificate) = Certificate::from_der(&credential.certificate) else { continue };
            if hex::encode(certificate.sha256_fingerprint().as_bytes()) == sha256 {
                let beside = credential.other_certificates.iter();
                let beside = beside.filter_map(|der| Certificate::from_der(der).ok());
                let serial = Some(credential.token.serial.clone());
                return Ok(Present::of(certificate, beside, serial));
            }
        }
        return Err(ReissuanceError::CertificateUnknown { sha256 }.into());
    }
    let (certificate, beside) = stated_certificate(stated)?;
    Ok(Present::of(certificate, beside.into_iter(), None))
}

/// A certificate that is stated as PEM, perhaps with its chain, or as base64 of its DER.
///
/// # Errors
/// [`ReissuanceError::CertificateForm`], [`ReissuanceError::CertificateMalformed`].
pub(super) fn stated_certificate(
    stated: &str,
) -> Result<(Certificate, Vec<Certificate>), ReissuanceError> {
    if stated.contains("-----BEGIN CERTIFICATE-----") {
        let mut found = Certificate::all_from_pem_or_der(stated.as_bytes())
            .map_err(ReissuanceError::CertificateMalformed)?;
        if found.is_empty() {
            return Err(ReissuanceError::CertificateForm);
        }
        // A file with its chain: the holder's comes first (RFC 8555 §9.1 and common practice).
        return Ok((found.remove(0), found));
    }
    let text: String = stated.split_ascii_whitespace().collect();
    let der = STANDARD.decode(text).ok().filter(|der| !der.is_empty());
    let der = der.ok_or(ReissuanceError::CertificateForm)?;
    let certificate = Certificate::from_der(&der).map_err(ReissuanceError::CertificateMalformed)?;
    Ok((certificate, Vec::new()))
}

/// Checks a request as a whole.
fn check(present: &Present, new: &NewReissuanceRequest) -> Result<Validated, ApiError> {
    let mut wrongs = Vec::new();
    let mut keep = |checked: Result<_, Wrong>| checked.map_err(|wrong| wrongs.push(wrong)).ok();
    let unit = |member, unit: &Option<kyso_protocol::UnitRef>| {
        unit.as_ref().map(|unit| wire::unit_in(member, unit)).transpose()
    };
    let old_unit = keep(unit("old_unit", &new.old_unit));
    let new_unit = keep(unit("new_unit", &new.new_unit));
    if let Some(person) = &new.person {
        wrongs.extend(person_wrongs(person));
    }
    let now = Time::from_unix_seconds(clock::now().as_second());
    let request = NewRequest {
        certificate: CertificateFacts::of(&present.certificate, present.token_serial.clone()),
        reason: wire::reason_in(new.reason),
        old_unit: old_unit.clone().flatten(),
        new_unit: new_unit.clone().flatten(),
        email: new.email.clone(),
        requested: new.requested_subject.clone(),
        date: Date::in_vietnam(now).unwrap_or(kyso_reissue::mapping::REORGANISATION),
    };
    match request.validate(Mapping::national()) {
        Ok(checked) if wrongs.is_empty() => Ok(checked),
        Ok(_) => Err(ReissuanceError::Invalid(wrongs).into()),
        Err(errors) => {
            // A unit that cannot even be read was passed over as absent: that it is missing is not news.
            let read = |member: &str| match member {
                "old_unit" => old_unit.is_some(),
                "new_unit" => new_unit.is_some(),
                _ => true,
            };
            let found = errors.into_iter().map(Wrong::Request);
            wrongs.extend(found.filter(|wrong| read(wrong.member())));
            Err(ReissuanceError::Invalid(wrongs).into())
        }
    }
}

/// What is wrong with what is stated about person and agency.
fn person_wrongs(person: &Form04Person) -> Vec<Wrong> {
    let texts = [
        ("person.agency", &person.agency),
        ("person.agency_address", &person.agency_address),
        ("person.agency_tax_code", &person.agency_tax_code),
        ("person.agency_budget_code", &person.agency_budget_code),
        ("person.agency_province", &person.agency_province),
        ("person.agency_email", &person.agency_email),
        ("person.personal_number", &person.personal_number),
        ("person.personal_number_place", &person.personal_number_place),
        ("person.position", &person.position),
        ("person.phone", &person.phone),
        ("person.address", &person.address),
    ];
    let mut wrongs: Vec<Wrong> = Vec::new();
    for (member, text) in texts {
        let Some(text) = text else { continue };
        let length = text.chars().count();
        if length > MOST_PERSON_CHARACTERS {
            wrongs.push(Wrong::TooLong { member, length, most: MOST_PERSON_CHARACTERS });
        }
        if let Some(position) = text.chars().position(char::is_control) {
            wrongs.push(Wrong::Control { member, position });
        }
    }
    wrongs.extend(wire::person(person).err());
    wrongs
}

fn event(
    id: &str,
    caller: &Caller,
    certificate: &Certificate,
    request: &Validated,
) -> Result<ReissuanceEvent, ApiError> {
    let requested_subject = request.requested().to_string();
    // Its attributes are each within their limits, but the record has one of its own.
    let length = requested_subject.len();
    if length > kyso_journal::MAX_TEXT_BYTES {
        let wrong = Wrong::TooLong {
            member: "requested_subject",
            length,
            most: kyso_journal::MAX_TEXT_BYTES,
        };
        return Err(ReissuanceError::Invalid(vec![wrong]).into());
    }
    let unit = |unit: Option<&kyso_reissue::RequestUnit>| {
        unit.map(|unit| wire::unit_recorded(&wire::unit_out(unit)))
    };
    let mut certificate_sha256 = [0; 32];
    certificate_sha256.copy_from_slice(certificate.sha256_fingerprint().as_bytes());
    Ok(ReissuanceEvent {
        request: id.to_owned(),
        step: ReissuanceStep::Done(ReissuanceTransition::Created),
        requester: caller.peer.requester(),
        consent: None,
        certificate_sha256,
        reason: wire::reason_recorded(wire::reason_out(request.reason())),
        old_unit: unit(request.old_unit()),
        new_unit: unit(request.new_unit()),
        requested_subject,
        answer: None,
        document_sha256: None,
        issued_sha256: None,
        code: None,
    })
}
