//! Form 04 of Decree 68/2024: to renew a certificate or change its content; filed by the directly managing agency.
//!
//! The JSON form is stable: members keep their names and order, `version` tells of a change. What the form asks and
//! nobody stated is `null` and printed as a line to fill in; nothing is made up.

mod text;

pub use text::{csv_header, csv_row, label};

use kyso_x509::Name;
use serde::{Deserialize, Serialize};

use crate::date::Date;
use crate::dn::{Change, attribute_label};
use crate::mapping::Mapping;
use crate::request::{Reason, RequestUnit, Validated};
use crate::unit::Unit;

/// Version of the JSON form.
pub const FORM_VERSION: u32 = 1;

/// The data of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form04 {
    /// The form: `ND68-2024/04`.
    pub form: FormName,
    /// [`FORM_VERSION`].
    pub version: u32,
    /// Id of the request.
    pub request: String,
    /// Day of the request.
    pub date: Date,
    /// Who files it: the directly managing agency.
    pub agency: Agency,
    /// Who receives the token or certificate; not stated: the holder.
    pub receiver: Person,
    /// The holder.
    pub holder: Person,
    /// The present certificate.
    pub certificate: OldCertificate,
    /// What is to change.
    pub change: RequestedChange,
}

/// The only form that is made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FormName {
    /// Form 04 in the annex of Decree 68/2024/NĐ-CP.
    #[serde(rename = "ND68-2024/04")]
    Decree68Form04,
}

/// The agency that files the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agency {
    /// Full name.
    pub name: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// Tax code.
    pub tax_code: Option<String>,
    /// Code of its relation with the budget (QHNS).
    pub budget_code: Option<String>,
    /// Province.
    pub province: Option<String>,
    /// Official e-mail address.
    pub email: Option<String>,
}

/// A person on the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Person {
    /// Full name.
    pub name: Option<String>,
    /// Personal identification number.
    pub personal_number: Option<String>,
    /// Day on which the card with that number was issued.
    pub personal_number_date: Option<Date>,
    /// Who issued it.
    pub personal_number_place: Option<String>,
    /// Position.
    pub position: Option<String>,
    /// Mobile phone.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Address.
    pub address: Option<String>,
}

/// What a person stated beside the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonFacts {
    /// The agency that files the request.
    pub agency: Agency,
    /// Who receives token or certificate.
    pub receiver: Person,
    /// The holder; name and e-mail address come from the certificate where they are not stated.
    pub holder: Person,
}

/// The present certificate on the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldCertificate {
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// Issuer (RFC 4514).
    pub issuer: String,
    /// Subject (RFC 4514).
    pub subject: String,
    /// First second, RFC 3339 in UTC.
    pub not_before: String,
    /// Last second, RFC 3339 in UTC.
    pub not_after: String,
    /// Serial number of the token, where it was there.
    pub token_serial: Option<String>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedChange {
    /// Why.
    pub reason: Reason,
    /// The reason as the form says it.
    pub reason_text: String,
    /// Number and day of the resolution that made the new unit, where the mapping states it.
    pub legal_basis: Option<LegalBasis>,
    /// The unit that the certificate names.
    pub old_unit: Option<FormUnit>,
    /// The unit that it shall name.
    pub new_unit: Option<FormUnit>,
    /// E-mail address in the certificate.
    pub old_email: Option<String>,
    /// E-mail address that it shall name, where it changes.
    pub new_email: Option<String>,
    /// Subject asked for (RFC 4514).
    pub requested_subject: String,
    /// Subject attribute by attribute, from the root.
    pub diff: Vec<FormAttribute>,
}

/// A resolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// Its number.
    pub number: String,
    /// Its day.
    pub date: Date,
}

/// A unit on the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormUnit {
    /// Full name.
    pub name: String,
    /// Its province, where the mapping has the unit.
    pub province: Option<String>,
    /// Official code.
    pub code: Option<String>,
    /// First day on which the code is this unit's, as far back as codes go.
    pub valid_from: Option<Date>,
    /// Last day of it; `null` while it lasts.
    pub valid_until: Option<Date>,
}

/// One attribute of the two subjects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormAttribute {
    /// Short name, or dotted number.
    pub attribute: String,
    /// What happens to it.
    pub change: FormChange,
    /// Present value; absent for one that is new.
    pub old: Option<String>,
    /// Value to be; absent for one that goes.
    pub new: Option<String>,
}

/// What happens to an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormChange {
    /// It stays.
    Kept,
    /// Another value.
    Changed,
    /// It is new.
    Added,
    /// It goes.
    Removed,
}

impl Form04 {
    /// Fills the form from a request and what a person stated.
    #[must_use]
    pub fn from(mapping: &Mapping, id: &str, request: &Validated, person: &PersonFacts) -> Self {
        let certificate = request.certificate();
        let mut holder = person.holder.clone();
        // Both stand in the certificate; nothing else of the form does.
        let text = |name: Option<&str>| name.map(str::to_owned);
        holder.name = holder.name.or_else(|| text(certificate.subject.common_name()));
        holder.email = holder.email.or_else(|| certificate.email.clone());
        let listed = |unit: Option<&RequestUnit>| unit.and_then(RequestUnit::listed).copied();
        let new = listed(request.new_unit());
        let basis = new.filter(|_| request.reason().concerns_unit());
        Self {
            form: FormName::Decree68Form04,
            version: FORM_VERSION,
            request: id.to_owned(),
            date: request.date(),
            agency: person.agency.clone(),
            receiver: person.receiver.clone(),
            holder,
            certificate: OldCertificate {
                serial: certificate.serial.clone(),
                sha256: certificate.sha256.clone(),
                issuer: certificate.issuer.to_string(),
                subject: certificate.subject.to_string(),
                not_before: certificate.not_before.to_string(),
                not_after: certificate.not_after.to_string(),
                token_serial: certificate.token_serial.clone(),
            },
            change: RequestedChange {
                reason: request.reason(),
                reason_text: request.reason().vietnamese().to_owned(),
                legal_basis: basis.and_then(|unit| legal_basis(mapping, &unit)),
                old_unit: request.old_unit().map(|unit| form_unit(mapping, unit)),
                new_unit: request.new_unit().map(|unit| form_unit(mapping, unit)),
                old_email: certificate.email.clone(),
                new_email: text(request.email()),
                requested_subject: request.requested().to_string(),
                diff: diff(request),
            },
        }
    }

    /// The form as a file: UTF-8, two spaces a level, members in the order of the types, one line feed at the end. The
    /// same form has the same bytes.
    ///
    /// # Errors
    /// Never for a form made by [`Form04::from`]; the encoder's error otherwise.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a form; members that it does not have are refused.
    ///
    /// # Errors
    /// When the bytes are no such form.
    pub fn from_json(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The subject asked for, as a name again.
    ///
    /// # Errors
    /// When the form's text is none.
    pub fn requested_subject(&self) -> Result<Name, crate::dn::DnParseError> {
        crate::dn::parse(&self.change.requested_subject)
    }
}

fn legal_basis(mapping: &Mapping, unit: &Unit) -> Option<LegalBasis> {
    let resolution = mapping.resolution(unit)?;
    Some(LegalBasis { number: resolution.number.to_owned(), date: resolution.date })
}

fn form_unit(mapping: &Mapping, unit: &RequestUnit) -> FormUnit {
    let listed = unit.listed();
    FormUnit {
        name: unit.name(),
        province: listed.and_then(|unit| mapping.province(unit)).map(|province| province.name()),
        code: listed.map(|unit| unit.code.to_string()),
        valid_from: listed.map(|unit| unit.valid_from),
        valid_until: listed.and_then(|unit| unit.valid_until),
    }
}

fn diff(request: &Validated) -> Vec<FormAttribute> {
    let attribute = |attribute: &crate::dn::AttributeDiff| FormAttribute {
        attribute: attribute_label(attribute.oid),
        change: match attribute.change {
            Change::Kept { .. } => FormChange::Kept,
            Change::Changed { .. } => FormChange::Changed,
            Change::Added { .. } => FormChange::Added,
            Change::Removed { .. } => FormChange::Removed,
        },
        old: attribute.change.old_value().map(str::to_owned),
        new: attribute.change.new_value().map(str::to_owned),
    };
    request.diff().0.iter().map(attribute).collect()
}
