//! Revocation status of one certificate at a time, and the freshness of what it rests on (EN 319 102-1 §5.2.5).

use kyso_x509::revocation::{CertificateStatus, StatusRecord};
use kyso_x509::{Certificate, PathPolicy, RevocationReason, RevokedEntry, Time, TrustAnchor};

use crate::library::Library;
use crate::policy::RevocationConstraints;
use crate::report::{RevocationFact, RevocationKind, RevocationSource, RevocationState};

/// What is known of a certificate's revocation at a time.
#[derive(Clone, Debug)]
pub(crate) enum Status {
    Good(Box<StatusRecord>),
    Revoked {
        entry: RevokedEntry,
        since: Time,
        record: Box<StatusRecord>,
    },
    OnHold {
        entry: RevokedEntry,
        record: Box<StatusRecord>,
    },
    /// Not revoked by what is at hand, which is too old.
    Stale(Box<StatusRecord>),
    /// Not revoked by what is at hand, whose signer was not valid.
    SignerOutOfBounds(Box<StatusRecord>),
    Unknown,
}

/// By what statuses are asked for and judged.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) anchor: &'a TrustAnchor,
    pub(crate) path: &'a PathPolicy,
    pub(crate) revocation: RevocationConstraints,
    /// [`crate::policy::Limits::max_status_depth`].
    pub(crate) max_depth: usize,
}

/// The status of a certificate at a time, from the newest statement that may be used.
pub(crate) fn status_at(
    library: &Library<'_>,
    certificate: &Certificate,
    issuer: &Certificate,
    rules: &Rules<'_>,
    time: Time,
) -> Status {
    status_within(library, certificate, issuer, rules, time, rules.max_depth)
}

fn status_within(
    library: &Library<'_>,
    certificate: &Certificate,
    issuer: &Certificate,
    rules: &Rules<'_>,
    time: Time,
    depth: usize,
) -> Status {
    let Some(depth) = depth.checked_sub(1) else {
        return Status::Unknown;
    };
    let found = library.statuses(certificate, issuer, rules.anchor, rules.path);
    if let Some((entry, since, record)) = revoked(&found.records, time) {
        return Status::Revoked { entry, since, record: Box::new(record.clone()) };
    }
    let mut second = Status::Unknown;
    for record in &found.records {
        if record.this_update > later(time, rules.revocation.clock_skew) {
            continue;
        }
        match record.status {
            CertificateStatus::Unknown => continue,
            // Any other revocation has ended the search above, unless it lies in the future.
            CertificateStatus::Revoked(entry) if entry.revocation_date <= time => {
                if !matches!(second, Status::Unknown) {
                    continue;
                }
                return Status::OnHold { entry, record: Box::new(record.clone()) };
            }
            CertificateStatus::Revoked(_) | CertificateStatus::Good => {}
        }
        if !speaks_of(record, certificate) {
            continue;
        }
        let within = signer_within(record, issuer, rules, time);
        if within && !signer_in_order(library, record, rules, time, depth) {
            continue;
        }
        if within && is_fresh(record, &rules.revocation, time) {
            return Status::Good(Box::new(record.clone()));
        }
        match second {
            Status::Unknown if within => second = Status::Stale(Box::new(record.clone())),
            Status::Unknown => second = Status::SignerOutOfBounds(Box::new(record.clone())),
            // One whose signer is valid tells more, be it older.
            Status::SignerOutOfBounds(_) if within => {
                second = Status::Stale(Box::new(record.clone()));
            }
            _ => {}
        }
    }
    second
}

/// The earliest revocation for good, whenever it was published: later knowledge of an earlier revocation counts.
pub(crate) fn revoked(
    records: &[StatusRecord],
    time: Time,
) -> Option<(RevokedEntry, Time, &StatusRecord)> {
    let each = records.iter().filter_map(|record| match record.status {
        CertificateStatus::Revoked(entry) if entry.reason != RevocationReason::CertificateHold => {
            Some((entry, since(&entry), record))
        }
        _ => None,
    });
    each.filter(|(_, since, _)| *since <= time).min_by_key(|(_, since, _)| *since)
}

/// invalidityDate, where it is earlier, says since when the key is suspected (RFC 5280 §5.3.2); the standard looks at
/// the revocation time alone, and less is believed here.
pub(crate) fn since(entry: &RevokedEntry) -> Time {
    entry.invalidity_date.map_or(entry.revocation_date, |date| date.min(entry.revocation_date))
}

/// EN 319 102-1 §5.2.5.4: the policy's greatest age, or nextUpdate where it sets none. What states no nextUpdate is
/// fresh at the moment of thisUpdate only.
pub(crate) fn is_fresh(record: &StatusRecord, rules: &RevocationConstraints, time: Time) -> bool {
    let end = match rules.max_age {
        Some(age) => later(record.this_update, age),
        None => record.next_update.unwrap_or(record.this_update),
    };
    time <= later(end, rules.clock_skew)
}

/// Issuers may forget certificates that have expired, unless they say that they do not (archive cut-off,
/// expiredCertsOnCRL).
pub(crate) fn speaks_of(record: &StatusRecord, certificate: &Certificate) -> bool {
    let end = certificate.validity().not_after;
    record.this_update <= end || record.covers_expired_since.is_some_and(|since| since <= end)
}

/// Whether the certificates of a signer of status are valid at a time; those of the path itself are judged there.
fn signer_within(
    record: &StatusRecord,
    issuer: &Certificate,
    rules: &Rules<'_>,
    time: Time,
) -> bool {
    record.parts.iter().all(|part| signer_within(part, issuer, rules, time))
        && own_certificates(record, issuer, rules)
            .all(|certificate| certificate.validity().contains(time))
}

/// The certificates of a signer's path that are not judged with the path itself.
pub(crate) fn own_certificates<'a>(
    record: &'a StatusRecord,
    issuer: &'a Certificate,
    rules: &'a Rules<'_>,
) -> impl Iterator<Item = &'a Certificate> {
    let anchor = rules.anchor.certificate();
    record.signer_path.iter().filter(move |one| *one != issuer && *one != anchor)
}

/// Whether a signer of status was not itself revoked.
fn signer_in_order(
    library: &Library<'_>,
    record: &StatusRecord,
    rules: &Rules<'_>,
    time: Time,
    depth: usize,
) -> bool {
    if !record.parts.iter().all(|part| signer_in_order(library, part, rules, time, depth)) {
        return false;
    }
    if !record.signer_needs_status {
        return true;
    }
    signer_pairs(record).all(|(certificate, issuer)| {
        match status_within(library, certificate, issuer, rules, time, depth) {
            Status::Good(_) => true,
            Status::Revoked { .. } | Status::OnHold { .. } => false,
            Status::Stale(_) | Status::SignerOutOfBounds(_) | Status::Unknown => {
                !rules.revocation.required
            }
        }
    })
}

/// Each certificate of a signer's path with its issuer.
pub(crate) fn signer_pairs(
    record: &StatusRecord,
) -> impl Iterator<Item = (&Certificate, &Certificate)> {
    record.signer_path.iter().zip(record.signer_path.iter().skip(1))
}

impl Status {
    /// For the report.
    pub(crate) fn fact(&self, certificate: &Certificate) -> RevocationFact {
        let (state, record) = match self {
            Self::Good(record) => (RevocationState::Good, Some(record)),
            Self::Revoked { entry, since, record } => {
                (RevocationState::Revoked { time: *since, reason: entry.reason }, Some(record))
            }
            Self::OnHold { entry, record } => (
                RevocationState::Revoked { time: entry.revocation_date, reason: entry.reason },
                Some(record),
            ),
            Self::Stale(record) | Self::SignerOutOfBounds(record) => {
                (RevocationState::Unknown, Some(record))
            }
            Self::Unknown => (RevocationState::Unknown, None),
        };
        RevocationFact {
            certificate: certificate.clone(),
            state,
            source: record.map(|record| source(record)),
        }
    }
}

/// For the report.
pub(crate) fn source(record: &StatusRecord) -> RevocationSource {
    use kyso_x509::revocation::StatusSource;
    let (kind, sha256) = match &record.source {
        StatusSource::Crl(list) => (RevocationKind::Crl, list.sha256()),
        StatusSource::Delta { delta, .. } => (RevocationKind::Crl, delta.sha256()),
        StatusSource::Ocsp(response) => (RevocationKind::Ocsp, response.sha256()),
    };
    RevocationSource {
        kind,
        signer: record.signer.clone(),
        this_update: record.this_update,
        next_update: record.next_update,
        produced_at: record.produced_at,
        sha256,
    }
}

/// A time so many seconds on.
pub(crate) const fn later(time: Time, seconds: i64) -> Time {
    Time::from_unix_seconds(time.as_unix_seconds().saturating_add(seconds))
}
