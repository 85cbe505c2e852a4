//! A request for a certificate with another content: what is asked, checked as a whole.

mod error;

pub use error::{RequestError, RequestWarning, WhichUnit};

use kyso_x509::{Certificate, Name, Time};
use serde::{Deserialize, Serialize};

use crate::date::Date;
use crate::dn::{self, DnDiff};
use crate::expiry::days_left;
use crate::mapping::{Fate, Mapping, Successors};
use crate::rewrite::rewrite;
use crate::subject::UnitMatch;
use crate::unit::{Unit, UnitRef};

/// Longest name of an agency in words, in characters; names in force stay below 200.
pub const MAX_UNIT_TEXT_CHARS: usize = 256;

/// Days before the end from which "expiring" needs no remark.
const EXPIRING_DAYS: i64 = 90;

/// Why a certificate is to be reissued (Decree 68/2024, Articles 15 and 17). Words in records and JSON: `unit-merged`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The holder's unit became part of another.
    UnitMerged,
    /// The unit has another name.
    UnitRenamed,
    /// The holder, or the unit, belongs elsewhere.
    UnitMoved,
    /// The official e-mail address changed.
    EmailChanged,
    /// The certificate expires.
    Expiring,
    /// The token is lost or broken.
    TokenLost,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::UnitMerged,
        Self::UnitRenamed,
        Self::UnitMoved,
        Self::EmailChanged,
        Self::Expiring,
        Self::TokenLost,
    ];

    /// The word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnitMerged => "unit-merged",
            Self::UnitRenamed => "unit-renamed",
            Self::UnitMoved => "unit-moved",
            Self::EmailChanged => "email-changed",
            Self::Expiring => "expiring",
            Self::TokenLost => "token-lost",
        }
    }

    /// As a form says it.
    #[must_use]
    pub const fn vietnamese(self) -> &'static str {
        match self {
            Self::UnitMerged => "Cơ quan, đơn vị hợp nhất, sáp nhập",
            Self::UnitRenamed => "Cơ quan, đơn vị đổi tên",
            Self::UnitMoved => "Thay đổi cơ quan, đơn vị công tác",
            Self::EmailChanged => "Thay đổi địa chỉ thư điện tử công vụ",
            Self::Expiring => "Chứng thư chữ ký số sắp hết hạn",
            Self::TokenLost => "Mất hoặc hỏng thiết bị lưu khóa bí mật",
        }
    }

    /// True when old and new unit must be stated.
    #[must_use]
    pub const fn concerns_unit(self) -> bool {
        matches!(self, Self::UnitMerged | Self::UnitRenamed | Self::UnitMoved)
    }
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Fate {
    /// The reason that a unit's fate gives its people; `None` where nothing happened that a certificate shows.
    #[must_use]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Current | Self::Unchanged => None,
            Self::Renamed => Some(Reason::UnitRenamed),
            Self::Merged | Self::Split => Some(Reason::UnitMerged),
            // Of a dissolved district the people went elsewhere.
            Self::Moved | Self::Dissolved => Some(Reason::UnitMoved),
        }
    }
}

/// The present certificate, as far as a request speaks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Its subject.
    pub subject: Name,
    /// Its issuer.
    pub issuer: Name,
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// First valid second.
    pub not_before: Time,
    /// Last valid second.
    pub not_after: Time,
    /// E-mail address in the alternative names, else in the subject.
    pub email: Option<String>,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub sha256: String,
    /// Serial number of the token that holds it, where one is here.
    pub token_serial: Option<String>,
}

impl CertificateFacts {
    /// Reads them from the certificate.
    #[must_use]
    pub fn of(certificate: &Certificate, token_serial: Option<String>) -> Self {
        let fingerprint = certificate.sha256_fingerprint();
        let validity = certificate.validity();
        Self {
            subject: certificate.subject().clone(),
            issuer: certificate.issuer().clone(),
            serial: certificate.serial_hex(),
            not_before: validity.not_before,
            not_after: validity.not_after,
            email: certificate.email(),
            sha256: hexadecimal(fingerprint.as_bytes()),
            token_serial,
        }
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A request as it comes in.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// The present certificate.
    pub certificate: CertificateFacts,
    /// Why.
    pub reason: Reason,
    /// The unit that the certificate names.
    pub old_unit: Option<UnitRef>,
    /// The unit that it shall name.
    pub new_unit: Option<UnitRef>,
    /// The e-mail address that it shall name.
    pub email: Option<String>,
    /// The subject in a person's words (RFC 4514); made from the new unit and e-mail address where absent.
    pub requested: Option<String>,
    /// The day of the request.
    pub date: Date,
}

/// A unit of a request that was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestUnit {
    /// A unit of the national mapping.
    Listed(Unit),
    /// Another agency, in words.
    Text(String),
}

impl RequestUnit {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Listed(unit) => unit.name(),
            Self::Text(text) => text.clone(),
        }
    }

    /// The unit of the mapping, if it is one.
    #[must_use]
    pub const fn listed(&self) -> Option<&Unit> {
        match self {
            Self::Listed(unit) => Some(unit),
            Self::Text(_) => None,
        }
    }
}

/// A request that can be recorded; made by [`NewRequest::validate`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validated {
    pub(crate) certificate: CertificateFacts,
    pub(crate) reason: Reason,
    pub(crate) old_unit: Option<RequestUnit>,
    pub(crate) new_unit: Option<RequestUnit>,
    pub(crate) email: Option<String>,
    pub(crate) requested: Name,
    pub(crate) diff: DnDiff,
    pub(crate) warnings: Vec<RequestWarning>,
    pub(crate) date: Date,
}

impl Validated {
    /// The present certificate.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateFacts {
        &self.certificate
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The unit that the certificate names.
    #[must_use]
    pub const fn old_unit(&self) -> Option<&RequestUnit> {
        self.old_unit.as_ref()
    }

    /// The unit that it shall name.
    #[must_use]
    pub const fn new_unit(&self) -> Option<&RequestUnit> {
        self.new_unit.as_ref()
    }

    /// The e-mail address that it shall name, where it changes.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The subject asked for, within its limits.
    #[must_use]
    pub const fn requested(&self) -> &Name {
        &self.requested
    }

    /// Present subject against the one asked for.
    #[must_use]
    pub const fn diff(&self) -> &DnDiff {
        &self.diff
    }

    /// What a person should look at.
    #[must_use]
    pub fn warnings(&self) -> &[RequestWarning] {
        &self.warnings
    }

    /// The day of the request.
    #[must_use]
    pub const fn date(&self) -> Date {
        self.date
    }
}

impl NewRequest {
    /// Checks the whole request and makes the subject to ask for.
    ///
    /// # Errors
    /// Everything that is wrong with it, not only the first.
    pub fn validate(&self, mapping: &Mapping) -> Result<Validated, Vec<RequestError>> {
        let mut errors = Vec::new();
        let mut warnings = Vec::new();
        let mut look_up = |which, reference: &Option<UnitRef>| {
            resolve(mapping, which, reference.as_ref()?).map_err(|error| errors.push(error)).ok()
        };
        let old_unit = look_up(WhichUnit::Old, &self.old_unit);
        let new_unit = look_up(WhichUnit::New, &self.new_unit);
        if self.reason.concerns_unit() {
            self.check_units(
                mapping,
                old_unit.as_ref(),
                new_unit.as_ref(),
                &mut errors,
                &mut warnings,
            );
        }
        self.check_email(&mut errors);
        self.check_expiry(&mut warnings);
        let listed =
            |unit: &Option<RequestUnit>| unit.as_ref().and_then(RequestUnit::listed).copied();
        let (old, new) = (listed(&old_unit), listed(&new_unit));
        let (requested, left) = self.requested(mapping, old, new, &mut errors);
        warnings.extend(left.into_iter().map(RequestWarning::UnitLeft));
        let Some(requested) = requested else { return Err(errors) };
        errors.extend(dn::violations(&requested).into_iter().map(RequestError::Dn));
        let diff = DnDiff::between(&self.certificate.subject, &requested);
        let unit_errors = errors.iter().any(RequestError::concerns_unit);
        if self.reason.concerns_unit() && diff.is_empty() && !unit_errors {
            errors.push(RequestError::SubjectUnchanged { reason: self.reason });
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Validated {
            certificate: self.certificate.clone(),
            reason: self.reason,
            old_unit,
            new_unit,
            email: self.email.clone(),
            requested,
            diff,
            warnings,
            date: self.date,
        })
    }

    /// The subject in the person's words, else the rewritten one.
    fn requested(
        &self,
        mapping: &Mapping,
        old: Option<Unit>,
        new: Option<Unit>,
        errors: &mut Vec<RequestError>,
    ) -> (Option<Name>, Vec<UnitMatch>) {
        if let Some(text) = &self.requested {
            return match dn::parse(text) {
                Ok(name) => (Some(name), Vec::new()),
                Err(error) => {
                    errors.push(RequestError::RequestedSubject(error));
                    (None, Vec::new())
                }
            };
        }
        let subject = &self.certificate.subject;
        let email = self.email.as_deref();
        match rewrite(mapping, subject, old.as_ref(), new.as_ref(), email, self.date) {
            Ok(rewritten) => (Some(rewritten.subject), rewritten.left),
            Err(error) => {
                errors.push(RequestError::PresentSubject(error));
                (None, Vec::new())
            }
        }
    }

    fn check_units(
        &self,
        mapping: &Mapping,
        old: Option<&RequestUnit>,
        new: Option<&RequestUnit>,
        errors: &mut Vec<RequestError>,
        warnings: &mut Vec<RequestWarning>,
    ) {
        let reason = self.reason;
        for (which, stated) in [(WhichUnit::Old, &self.old_unit), (WhichUnit::New, &self.new_unit)]
        {
            if stated.is_none() {
                errors.push(RequestError::UnitMissing { which, reason });
            }
        }
        let (Some(old), Some(new)) = (old, new) else { return };
        if old == new {
            errors.push(RequestError::SameUnit);
        }
        if let RequestUnit::Listed(unit) = new
            && !unit.is_valid_at(self.date)
        {
            errors.push(RequestError::NewUnitNotValid {
                unit: unit.key(),
                date: self.date,
                validity: unit.validity(),
            });
        }
        let (Some(from), Some(to)) = (old.listed(), new.listed()) else { return };
        match mapping.successors(from, self.date) {
            Successors::One(unit) if unit == *to => {}
            Successors::Split(units) if units.contains(to) => {
                warnings.push(RequestWarning::SplitDecision { choices: units });
            }
            Successors::None => warnings.push(RequestWarning::NoSuccessor { old: *from }),
            Successors::One(_) | Successors::Split(_) => {
                warnings.push(RequestWarning::NotASuccessor { old: *from, new: *to });
            }
        }
    }

    fn check_email(&self, errors: &mut Vec<RequestError>) {
        match &self.email {
            None if self.reason == Reason::EmailChanged => errors.push(RequestError::EmailMissing),
            None => {}
            Some(email) if !dn::is_email(email) => {
                errors.push(RequestError::EmailForm { length: email.chars().count() });
            }
            Some(email) => {
                let unchanged = self.certificate.email.as_ref() == Some(email);
                if unchanged && self.reason == Reason::EmailChanged {
                    errors.push(RequestError::EmailUnchanged);
                }
            }
        }
    }

    fn check_expiry(&self, warnings: &mut Vec<RequestWarning>) {
        match days_left(self.certificate.not_after, self.date) {
            Some(days) if days < 0 => warnings.push(RequestWarning::Expired { days: -days }),
            Some(days) if days > EXPIRING_DAYS && self.reason == Reason::Expiring => {
                warnings.push(RequestWarning::NotExpiring { days });
            }
            _ => {}
        }
    }
}

fn resolve(
    mapping: &Mapping,
    which: WhichUnit,
    reference: &UnitRef,
) -> Result<RequestUnit, RequestError> {
    match reference {
        UnitRef::Code { code, date } => mapping
            .unit(*code, *date)
            .map(RequestUnit::Listed)
            .map_err(|error| RequestError::Unit { which, error }),
        UnitRef::Text(text) => {
            let length = text.chars().count();
            if text.trim().is_empty() {
                Err(RequestError::UnitTextEmpty { which })
            } else if length > MAX_UNIT_TEXT_CHARS {
                Err(RequestError::UnitTextTooLong { which, length, limit: MAX_UNIT_TEXT_CHARS })
            } else if let Some((position, character)) =
                text.chars().enumerate().find(|(_, character)| character.is_control())
            {
                Err(RequestError::UnitTextControl { which, position, character })
            } else {
                Ok(RequestUnit::Text(text.trim().to_owned()))
            }
        }
    }
}
