//! Revocation status of a certificate from CRLs and OCSP responses at hand (RFC 5280 §6.3, RFC 6960 §3.2).
//!
//! A record carries facts: who signed what when, and what it says. Whether that is fresh enough, and whether the
//! signer's own certificate was in order, is judged by who asks; [`check_path`] does so the way of RFC 5280.

mod check;
mod complete;
mod rejection;
mod responder;
mod signer;

pub use check::{Freshness, RevocationError, StatusEvidence, check_path};
pub use rejection::Rejection;

use self::signer::Budget;
use crate::certificate::Certificate;
use crate::crl::{CertificateList, RevokedEntry};
use crate::ocsp::OcspResponse;
use crate::path::{Moment, PathPolicy, TrustAnchor};
use crate::time::Time;

/// Most addresses that [`crl_urls`] names: certificates have one or two, lists as many again.
const MOST_URLS: usize = 16;

/// Where CRLs that may speak of a certificate lie, each address once: its cRLDistributionPoints, then its freshestCRL
/// and that of the lists at hand from its issuer, where delta CRLs lie (RFC 5280 §4.2.1.15, §5.2.6).
///
/// Whoever wrote a list that nobody has verified wrote these addresses too; they are hints like those of certificates.
pub fn crl_urls<'a>(
    certificate: &Certificate,
    lists: impl IntoIterator<Item = &'a CertificateList>,
) -> Vec<String> {
    let own = certificate.crl_urls().into_iter().chain(certificate.freshest_crl_urls());
    let issued = lists.into_iter().filter(|list| list.issuer() == certificate.issuer());
    let mut urls: Vec<String> = Vec::new();
    for url in own.chain(issued.flat_map(CertificateList::freshest_crl_urls)) {
        if urls.len() >= MOST_URLS {
            break;
        }
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

/// What a CRL or an OCSP response says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// Not revoked.
    Good,
    /// Revoked, or suspended where the reason is certificateHold.
    Revoked(RevokedEntry),
    /// The responder does not know the certificate.
    Unknown,
}

/// What a status rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusSource {
    /// A complete CRL.
    Crl(CertificateList),
    /// A complete CRL and the changes since (RFC 5280 §5.2.4).
    Delta {
        /// The complete CRL.
        base: CertificateList,
        /// The delta CRL.
        delta: CertificateList,
    },
    /// An OCSP response.
    Ocsp(OcspResponse),
}

/// One statement on a certificate whose signature, scope and signer hold.
#[derive(Clone, Debug)]
pub struct StatusRecord {
    /// What it says.
    pub status: CertificateStatus,
    /// thisUpdate; of the delta CRL where there is one.
    pub this_update: Time,
    /// nextUpdate; the earlier one where a delta CRL goes with a complete one.
    pub next_update: Option<Time>,
    /// producedAt of an OCSP response, thisUpdate of a CRL.
    pub produced_at: Time,
    /// Where it stands.
    pub source: StatusSource,
    /// Whose key signed it.
    pub signer: Certificate,
    /// Signer first, anchor last; the signer alone where the certificate's issuer signed, whose path is known.
    pub signer_path: Vec<Certificate>,
    /// Whether the signer's own certificate may be revoked: not where the certificate's issuer or an anchor signed,
    /// and not with id-pkix-ocsp-nocheck.
    pub signer_needs_status: bool,
    /// expiredCertsOnCRL or archive cut-off: certificates that expired then or later are still spoken of.
    pub covers_expired_since: Option<Time>,
    /// The other CRLs that this statement needs where each covers some reasons only (onlySomeReasons); `this_update`
    /// and `next_update` are the earliest of all. Empty as a rule.
    pub parts: Vec<StatusRecord>,
}

/// A question for the status of one certificate.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// Its issuer, as in the certificate's path.
    pub issuer: &'a Certificate,
    /// Certificates among which signers and their issuers may be found.
    pub candidates: &'a [Certificate],
    /// The anchor of the certificate's path: signers must lead to the same one (RFC 5280 §6.3.3 (f)).
    pub anchors: &'a [TrustAnchor],
    /// CRLs at hand, complete, delta and indirect.
    pub crls: &'a [CertificateList],
    /// OCSP responses at hand.
    pub ocsp: &'a [OcspResponse],
    /// Algorithms, key lengths and limits; its purposes are those of the end entity and are not asked here.
    pub policy: &'a PathPolicy,
    /// When the paths of signers must hold.
    pub moment: Moment,
}

/// What the evidence at hand says.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Every statement that holds, newest thisUpdate first.
    pub records: Vec<StatusRecord>,
    /// What tells nothing, and why.
    pub rejected: Vec<(StatusSource, Rejection)>,
}

/// Every statement on a certificate that the evidence at hand holds.
///
/// Work is bounded: when as many signatures and signers' paths were wrong as the policy's `max_signature_checks`, the
/// rest is not examined; as it may hold a revocation, only revocations are then told.
#[must_use]
pub fn find_statuses(query: &Query<'_>) -> Found {
    let mut found = Found::default();
    let mut budget = Budget::new(query.policy.max_signature_checks);
    responder::find(query, &mut budget, &mut found);
    complete::find(query, &mut budget, &mut found);
    if budget.is_exhausted() {
        let (told, hidden): (Vec<_>, Vec<_>) = found
            .records
            .into_iter()
            .partition(|record| matches!(record.status, CertificateStatus::Revoked(_)));
        found.records = told;
        let hidden = hidden.into_iter().map(|record| (record.source, budget.exhausted()));
        found.rejected.extend(hidden);
    }
    found
        .records
        .sort_by_key(|record| core::cmp::Reverse((record.this_update, record.produced_at)));
    found
}
