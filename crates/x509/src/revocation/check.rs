//! Whether a path stands with the status information at hand (RFC 5280 §6.1.3 (a)(3)).

use super::{CertificateStatus, Query, Rejection, StatusRecord, StatusSource, find_statuses};
use crate::certificate::Certificate;
use crate::crl::{CertificateList, RevocationReason, RevokedEntry, distribution_points};
use crate::name::Name;
use crate::ocsp::{NO_CHECK, OCSP_SIGNING, OcspResponse};
use crate::path::{Moment, PathPolicy, TrustAnchor, ValidatedPath};
use crate::time::Time;

/// Status information at hand; it proves nothing by being there.
#[derive(Clone, Copy, Debug)]
pub struct StatusEvidence<'a> {
    /// Certificates among which signers and their issuers may be found.
    pub certificates: &'a [Certificate],
    /// CRLs.
    pub crls: &'a [CertificateList],
    /// OCSP responses.
    pub ocsp: &'a [OcspResponse],
}

/// How old a statement may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Oldest thisUpdate in seconds before the time asked for, both included; `None` leaves it to nextUpdate.
    pub max_age_seconds: Option<i64>,
    /// Whether a statement of after the time asked for counts, provided that the certificate had not expired by then
    /// or that the source still speaks of expired ones.
    pub later_statements: bool,
    /// Seconds by which the clocks of issuers and responders may differ from the one that names the time; they count
    /// at both ends.
    pub clock_skew_seconds: i64,
}

impl Freshness {
    /// RFC 5280 §6.3.3 (a): issued by then, and nextUpdate not passed.
    #[must_use]
    pub const fn next_update() -> Self {
        Self { max_age_seconds: None, later_statements: false, clock_skew_seconds: 0 }
    }

    /// Whether a statement is fresh at a time.
    fn accepts(self, record: &StatusRecord, certificate: &Certificate, time: Time) -> bool {
        if record.this_update > self.latest(time) {
            let expiry = certificate.validity().not_after;
            let still_told = record.this_update <= expiry
                || record.covers_expired_since.is_some_and(|since| since <= expiry);
            return self.later_statements && still_told;
        }
        // Without nextUpdate nothing says how long the statement holds, unless the policy does.
        let age = time.as_unix_seconds().saturating_sub(record.this_update.as_unix_seconds());
        let allowed = |max: i64| age <= max.saturating_add(self.clock_skew_seconds);
        record.next_update.map_or(self.max_age_seconds.is_some(), |next| time <= self.latest(next))
            && self.max_age_seconds.is_none_or(allowed)
    }

    /// The last moment that another clock may call by this time.
    const fn latest(self, time: Time) -> Time {
        Time::from_unix_seconds(time.as_unix_seconds().saturating_add(self.clock_skew_seconds))
    }
}

/// Why a path does not stand.
#[derive(Clone, Debug)]
pub enum RevocationError {
    /// A certificate of the path is revoked.
    Revoked {
        /// Its subject.
        subject: Name,
        /// When and why.
        entry: RevokedEntry,
        /// Who says so.
        record: Box<StatusRecord>,
    },
    /// The responder does not know the certificate.
    UnknownToResponder {
        /// Its subject.
        subject: Name,
        /// Who says so.
        record: Box<StatusRecord>,
    },
    /// There are statements, and none is fresh.
    NotFresh {
        /// The certificate's subject.
        subject: Name,
        /// The newest of them.
        record: Box<StatusRecord>,
    },
    /// There are fresh statements, and the signer of none is known to be in order.
    SignerStatus {
        /// The certificate's subject.
        subject: Name,
        /// The newest of them.
        record: Box<StatusRecord>,
    },
    /// No statement on the certificate is at hand.
    NoStatus {
        /// Its subject.
        subject: Name,
        /// What was at hand and tells nothing, and why.
        rejected: Vec<(StatusSource, Rejection)>,
    },
    /// CRL issuers vouch for each other further than is sensible.
    TooManyQuestions {
        /// Most certificates whose status is asked for one path.
        limit: usize,
    },
}

impl core::fmt::Display for RevocationError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Revoked { subject, entry, .. } => {
                write!(f, "the certificate of [{subject}] was revoked at {}", entry.revocation_date)
            }
            Self::UnknownToResponder { subject, .. } => {
                write!(f, "the OCSP responder does not know the certificate of [{subject}]")
            }
            Self::NotFresh { subject, record } => write!(
                f,
                "the newest status of the certificate of [{subject}] is of {}, which is not fresh",
                record.this_update
            ),
            Self::SignerStatus { subject, record } => write!(
                f,
                "the status of [{}], who signed the status of [{subject}], is not known to be good",
                record.signer.subject()
            ),
            Self::NoStatus { subject, rejected } => {
                write!(f, "no revocation status of the certificate of [{subject}]")?;
                // What lies there for other certificates explains nothing.
                let foreign = [Rejection::OtherIssuer, Rejection::OtherCertificate];
                let telling = rejected.iter().find(|(_, reason)| !foreign.contains(reason));
                telling.map_or(Ok(()), |(_, reason)| write!(f, ": {reason}"))
            }
            Self::TooManyQuestions { limit } => {
                write!(f, "the status of more than {limit} certificates would be needed")
            }
        }
    }
}

impl core::error::Error for RevocationError {}

/// Most certificates whose status is asked for one path: a path and the signers of its CRLs need about twice its
/// length, and each question costs signature checks.
const MAX_QUESTIONS: usize = 32;

/// Checks that every certificate of a path has a fresh statement that it is not revoked.
///
/// Gives the statement used for each certificate of the path below the anchor, end entity first; a certificate with
/// id-pkix-ocsp-nocheck needs none and gives none. `policy` sets the algorithms and limits for signers.
///
/// # Errors
/// What stands against the certificate nearest to the anchor.
pub fn check_path(
    path: &ValidatedPath,
    evidence: StatusEvidence<'_>,
    policy: &PathPolicy,
    freshness: Freshness,
    time: Time,
) -> Result<Vec<StatusRecord>, RevocationError> {
    let anchors = [path.anchor().clone()];
    let mut check =
        Check { evidence, policy, freshness, time, anchors: &anchors, good: Vec::new(), asked: 0 };
    let mut records = check.chain(&path.chain(), &mut Vec::new())?;
    records.reverse();
    Ok(records)
}

/// A responder's certificate whose authority says that its status need not be asked (RFC 6960 §4.2.2.2.1).
fn needs_no_status(certificate: &Certificate) -> bool {
    certificate.extension(NO_CHECK).is_some()
        && certificate.extended_key_usage().is_some_and(|purposes| purposes.contains(&OCSP_SIGNING))
}

/// A CRL issuer whose own certificate points to the CRLs that it signs.
fn names_itself(certificate: &Certificate) -> bool {
    distribution_points(certificate).is_ok_and(|points| {
        let mut issuers = points.iter().flat_map(|point| &point.crl_issuer);
        issuers.any(|name| name.directory_name() == Some(certificate.subject()))
    })
}

struct Check<'a> {
    evidence: StatusEvidence<'a>,
    policy: &'a PathPolicy,
    freshness: Freshness,
    time: Time,
    anchors: &'a [TrustAnchor],
    /// Certificates that were found in order already.
    good: Vec<Certificate>,
    asked: usize,
}

impl Check<'_> {
    /// Asks for every certificate of a chain that ends with its anchor, from the anchor down.
    ///
    /// `open` are the certificates whose status is just being asked for.
    fn chain(
        &mut self,
        chain: &[Certificate],
        open: &mut Vec<Certificate>,
    ) -> Result<Vec<StatusRecord>, RevocationError> {
        let mut records = Vec::new();
        for pair in chain.windows(2).rev() {
            if let [certificate, issuer] = pair
                && !self.good.contains(certificate)
                && !needs_no_status(certificate)
            {
                records.push(self.one(certificate, issuer, open)?);
                self.good.push(certificate.clone());
            }
        }
        Ok(records)
    }

    fn one(
        &mut self,
        certificate: &Certificate,
        issuer: &Certificate,
        open: &mut Vec<Certificate>,
    ) -> Result<StatusRecord, RevocationError> {
        if self.asked >= MAX_QUESTIONS {
            return Err(RevocationError::TooManyQuestions { limit: MAX_QUESTIONS });
        }
        self.asked += 1;
        let found = find_statuses(&Query {
            certificate,
            issuer,
            candidates: self.evidence.certificates,
            anchors: self.anchors,
            crls: self.evidence.crls,
            ocsp: self.evidence.ocsp,
            policy: self.policy,
            moment: Moment::At(self.time),
        });
        let subject = || certificate.subject().clone();
        let Some(newest) = found.records.first().cloned() else {
            return Err(RevocationError::NoStatus { subject: subject(), rejected: found.rejected });
        };
        let mut stale = Vec::new();
        let mut fresh = Vec::new();
        open.push(certificate.clone());
        let mut doubtful = None;
        for record in found.records {
            if !self.freshness.accepts(&record, certificate, self.time) {
                stale.push(record);
            } else if self.signers_in_order(&record, open)? {
                fresh.push(record);
            } else {
                doubtful.get_or_insert(record);
            }
        }
        open.pop();
        // A revocation is for good, whoever else says otherwise; only a suspension ends by a newer statement.
        let forever = fresh.iter().chain(&stale).find_map(|record| {
            let entry = self.revocation(record)?;
            (entry.reason != RevocationReason::CertificateHold).then_some((record, entry))
        });
        if let Some((record, entry)) = forever {
            let record = Box::new(record.clone());
            return Err(RevocationError::Revoked { subject: subject(), entry, record });
        }
        let known = |record: &&StatusRecord| record.status != CertificateStatus::Unknown;
        let Some(record) = fresh.iter().find(known).or(fresh.first()) else {
            return Err(match doubtful {
                Some(record) => {
                    RevocationError::SignerStatus { subject: subject(), record: Box::new(record) }
                }
                None => RevocationError::NotFresh { subject: subject(), record: Box::new(newest) },
            });
        };
        let record = record.clone();
        if let Some(entry) = self.revocation(&record) {
            let record = Box::new(record);
            return Err(RevocationError::Revoked { subject: subject(), entry, record });
        }
        if record.status == CertificateStatus::Unknown {
            let record = Box::new(record);
            return Err(RevocationError::UnknownToResponder { subject: subject(), record });
        }
        Ok(record)
    }

    /// The revocation that a statement tells of; one of after the time asked for may be of after it too.
    fn revocation(&self, record: &StatusRecord) -> Option<RevokedEntry> {
        match record.status {
            CertificateStatus::Revoked(entry)
                if record.this_update <= self.freshness.latest(self.time)
                    || entry.revocation_date <= self.time =>
            {
                Some(entry)
            }
            _ => None,
        }
    }

    /// Whether those who signed a statement are not revoked themselves.
    ///
    /// A signer whose own status is just being asked for cannot vouch for itself, unless its certificate's issuer
    /// says by a distribution point that it does.
    fn signers_in_order(
        &mut self,
        record: &StatusRecord,
        open: &mut Vec<Certificate>,
    ) -> Result<bool, RevocationError> {
        for part in [record].into_iter().chain(&record.parts) {
            if !part.signer_needs_status
                || (open.last() == Some(&part.signer) && names_itself(&part.signer))
            {
                continue;
            }
            if part.signer_path.iter().any(|certificate| open.contains(certificate)) {
                return Ok(false);
            }
            match self.chain(&part.signer_path, open) {
                Ok(_) => {}
                Err(limit @ RevocationError::TooManyQuestions { .. }) => return Err(limit),
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }
}
