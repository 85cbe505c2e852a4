//! Past certificate validation and validation time sliding (EN 319 102-1 §5.6.2.1, §5.6.2.2).

use kyso_x509::path::{Moment, SearchFailure, search_path};
use kyso_x509::revocation::{CertificateStatus, StatusRecord};
use kyso_x509::{Certificate, RevocationReason, Time, ValidatedPath};

use crate::chain::{Demand, path_policy, revocation_rules};
use crate::library::Library;
use crate::poe::ProofsOfExistence;
use crate::policy::{Expiry, Policy};
use crate::report::{RevocationFact, RevocationState};
use crate::status::{
    Rules, is_fresh, later, own_certificates, revoked, signer_pairs, since, source, speaks_of,
};
use crate::suites::{certificate_use, status_uses};

/// A path that is known to have been in order when the target already existed.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) path: ValidatedPath,
    pub(crate) facts: Vec<RevocationFact>,
}

/// Why the past of a path is not proven.
#[derive(Clone, Debug)]
pub(crate) enum PastFailure {
    /// Nothing usable says that this certificate was in order.
    NotProven { certificate: Certificate },
    /// It is proven up to a time at which the target is not known to have existed.
    TooEarly { control_time: Time },
}

/// Past certificate validation (§5.6.2.1): a path on which everything was in order up to a control-time that is not
/// before the target's proof of existence.
pub(crate) fn validate(
    library: &Library<'_>,
    certificate: &Certificate,
    demand: &Demand<'_>,
    proofs: &ProofsOfExistence,
    target: Time,
) -> Result<Past, PastFailure> {
    let constraints = path_policy(demand.policy, demand.usage);
    let revocation = revocation_rules(demand.policy, demand.usage);
    let mut accepted = None;
    let mut accept = |path: &ValidatedPath| {
        let max_depth = demand.policy.limits.max_status_depth;
        let rules = Rules { anchor: path.anchor(), path: &constraints, revocation, max_depth };
        let slider = Slider { library, rules, policy: demand.policy, proofs };
        // 3. Validation time sliding.
        let (control_time, facts) = slider.path(path)?;
        if target > control_time {
            return Err(PastFailure::TooEarly { control_time });
        }
        accepted = Some(facts);
        Ok(())
    };
    // 1., 2. and 4. A path at a date within all its validity periods, without revocation; the next where it fails.
    let result = search_path(
        certificate,
        &library.candidates,
        demand.anchors,
        &constraints,
        Moment::WithinAll,
        &mut accept,
    );
    match (result, accepted) {
        (Ok(path), Some(facts)) => Ok(Past { path, facts }),
        (Err(SearchFailure::Refused { error, .. }), _) => Err(error),
        (Ok(_), None) | (Err(SearchFailure::NoPath(_)), _) => {
            Err(PastFailure::NotProven { certificate: certificate.clone() })
        }
    }
}

struct Slider<'a> {
    library: &'a Library<'a>,
    rules: Rules<'a>,
    policy: &'a Policy,
    proofs: &'a ProofsOfExistence,
}

impl Slider<'_> {
    /// Validation time sliding (§5.6.2.2.4) along a path.
    fn path(&self, path: &ValidatedPath) -> Result<(Time, Vec<RevocationFact>), PastFailure> {
        // 1. control-time is the current time.
        let mut control = self.library.context.validation_time;
        let anchor = path.anchor().certificate();
        if self.rules.path.anchor_validity {
            control = control.min(anchor.validity().not_after);
        }
        let chain = path.chain();
        let mut facts = vec![RevocationFact {
            certificate: anchor.clone(),
            state: RevocationState::NotNeeded,
            source: None,
        }];
        // 2. From the certificate below the anchor down to the end entity.
        let pairs: Vec<_> = chain.iter().zip(chain.iter().skip(1)).collect();
        for (certificate, issuer) in pairs.into_iter().rev() {
            let (slid, fact) =
                self.certificate(certificate, issuer, control, self.rules.max_depth)?;
            control = slid;
            facts.push(fact);
        }
        facts.reverse();
        Ok((control, facts))
    }

    /// One step: up to when this certificate is known to have been in order.
    fn certificate(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        mut control: Time,
        depth: usize,
    ) -> Result<(Time, RevocationFact), PastFailure> {
        let not_proven = || PastFailure::NotProven { certificate: certificate.clone() };
        let depth = depth.checked_sub(1).ok_or_else(not_proven)?;
        let now = self.library.context.validation_time;
        let found = self.library.statuses(certificate, issuer, self.rules.anchor, self.rules.path);
        // a) The newest status issued before control-time, which existed by then, as the certificate did.
        let existed = self.proofs.of_certificate(certificate) <= control;
        let status = found
            .records
            .iter()
            .find(|record| existed && self.is_usable(record, certificate, issuer, control, depth));
        let mut fact = RevocationFact {
            certificate: certificate.clone(),
            state: RevocationState::Unknown,
            source: status.map(source),
        };
        // b) Its revocation, or the age of the status, moves control-time back.
        match status {
            None if self.rules.revocation.required => return Err(not_proven()),
            None => {}
            Some(record) => match record.status {
                CertificateStatus::Revoked(entry) => {
                    control = control.min(just_before(since(&entry)));
                    fact.state =
                        RevocationState::Revoked { time: since(&entry), reason: entry.reason };
                }
                CertificateStatus::Good | CertificateStatus::Unknown => {
                    fact.state = RevocationState::Good;
                    // The standard lets a fresh status speak up to control-time. Of a certificate that has expired the
                    // next list may say nothing any more, so that a revocation after this one would never be told:
                    // then the status speaks up to its own issuance, fresh or not.
                    let expired = certificate.validity().not_after < now;
                    if expired || !is_fresh(record, &self.rules.revocation, control) {
                        control = control.min(record.this_update);
                    }
                }
            },
        }
        // A revocation that is known otherwise counts too, whenever it was published: the standard would pass over
        // one that was issued after control-time.
        if let Some((entry, since, record)) = revoked(&found.records, now) {
            control = control.min(just_before(since));
            fact.state = RevocationState::Revoked { time: since, reason: entry.reason };
            fact.source = Some(source(record));
        }
        // c) The end of the algorithms of certificate and status.
        let suites = &self.policy.suites;
        let uses = certificate_use(suites, certificate, issuer)
            .into_iter()
            .chain(status.map(|record| status_uses(suites, record)).unwrap_or_default());
        for one in uses {
            // The standard slides back to the end and asks no more; what could have been forged since then counts for
            // nothing here, unless it is proven to be older itself.
            if !one.holds(now, self.proofs) {
                return Err(not_proven());
            }
            if let Some(Expiry::At(end)) = one.expiry {
                control = control.min(end);
            }
        }
        // d) Beyond its validity period a certificate vouches for nothing; the standard leaves this to the path.
        control = control.min(certificate.validity().not_after);
        Ok((control, fact))
    }

    fn is_usable(
        &self,
        record: &StatusRecord,
        certificate: &Certificate,
        issuer: &Certificate,
        control: Time,
        depth: usize,
    ) -> bool {
        let exists_since = self.proofs.of_status(record);
        let known = match record.status {
            CertificateStatus::Unknown => false,
            CertificateStatus::Good => speaks_of(record, certificate),
            CertificateStatus::Revoked(entry) => entry.reason != RevocationReason::RemoveFromCrl,
        };
        known
            && record.this_update <= control
            && exists_since <= control
            && self.signer_was_in_order(record, issuer, exists_since, depth)
    }

    /// Who signed a status must have been in order when the status is known to have existed.
    fn signer_was_in_order(
        &self,
        record: &StatusRecord,
        issuer: &Certificate,
        exists_since: Time,
        depth: usize,
    ) -> bool {
        if !record
            .parts
            .iter()
            .all(|part| self.signer_was_in_order(part, issuer, exists_since, depth))
        {
            return false;
        }
        let within = own_certificates(record, issuer, &self.rules)
            .all(|certificate| exists_since <= certificate.validity().not_after);
        if !within || !record.signer_needs_status {
            return within;
        }
        let now = self.library.context.validation_time;
        signer_pairs(record).all(|(signer, its_issuer)| {
            self.certificate(signer, its_issuer, now, depth)
                .is_ok_and(|(control, _)| exists_since <= control)
        })
    }
}

/// The last second before a revocation: what exists at the very time of revocation is not older than it (§5.5.4 step
/// 4 (a) wants the revocation to be posterior).
const fn just_before(revoked: Time) -> Time {
    later(revoked, -1)
}
