//! The search for a path: depth first, the most promising issuer first, every step counted (RFC 4158 §2.4, §3.5).

use super::check::{Checked, check_path};
use super::names::Comparisons;
use super::{
    Moment, PathError, PathPolicy, SearchFailure, TrustAnchor, ValidatedPath, verify_certificate,
};
use crate::certificate::Certificate;
use std::collections::BTreeMap;

/// How far a failed path had come: one that reached an anchor tells more than one that lost its way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Progress {
    reached_anchor: bool,
    len: usize,
}

/// What a caller says of a path that holds.
type Accept<'a, E> = &'a mut dyn FnMut(&ValidatedPath) -> Result<(), E>;

/// A limit ended the whole search.
struct Ended(PathError);

pub(super) struct Search<'a, E> {
    candidates: &'a [Certificate],
    anchors: &'a [TrustAnchor],
    policy: &'a PathPolicy,
    moment: Moment,
    accept: Accept<'a, E>,
    /// Candidates by subject, each once; made when the first issuer is looked for among them.
    by_subject: Option<BTreeMap<&'a [u8], Vec<&'a Certificate>>>,
    path: Vec<Certificate>,
    signature_checks: usize,
    name_comparisons: Comparisons,
    closest: Option<(Progress, PathError)>,
    refused: Option<(Box<ValidatedPath>, E)>,
}

impl<'a, E> Search<'a, E> {
    pub(super) fn new(
        candidates: &'a [Certificate],
        anchors: &'a [TrustAnchor],
        policy: &'a PathPolicy,
        moment: Moment,
        accept: Accept<'a, E>,
    ) -> Self {
        Self {
            candidates,
            anchors,
            policy,
            moment,
            accept,
            by_subject: None,
            path: Vec::new(),
            signature_checks: 0,
            name_comparisons: Comparisons::new(policy.max_name_comparisons),
            closest: None,
            refused: None,
        }
    }

    pub(super) fn run(
        mut self,
        end_entity: &Certificate,
    ) -> Result<ValidatedPath, SearchFailure<E>> {
        self.path.push(end_entity.clone());
        let found = self.extend(end_entity);
        if let Ok(Some(path)) = found {
            return Ok(path);
        }
        if let Some((path, error)) = self.refused {
            return Err(SearchFailure::Refused { path, error });
        }
        Err(SearchFailure::NoPath(match (found, self.closest) {
            (Err(Ended(error)), _) | (Ok(_), Some((_, error))) => error,
            (Ok(_), None) => unknown_issuer(end_entity),
        }))
    }

    /// Goes on from the last certificate of the path.
    fn extend(&mut self, last: &Certificate) -> Result<Option<ValidatedPath>, Ended> {
        if self.path.len() > self.policy.max_path_len {
            let limit = self.policy.max_path_len;
            self.note(false, PathError::PathTooLong { limit });
            return Ok(None);
        }
        let anchors = self.anchors;
        // A directly trusted end entity is its own path.
        let trusted =
            anchors.iter().find(|anchor| self.path.len() == 1 && anchor.certificate == *last);
        if let Some(anchor) = trusted
            && let Some(found) = self.conclude(anchor)?
        {
            return Ok(Some(found));
        }
        let mut dead_end = true;
        for anchor in anchors {
            if anchor.certificate.subject() != last.issuer() || anchor.certificate == *last {
                continue;
            }
            dead_end = false;
            if let Err(error) = self.check_signature(last, &anchor.certificate)? {
                self.note(false, error);
            } else if let Some(found) = self.conclude(anchor)? {
                return Ok(Some(found));
            }
        }
        for issuer in self.ordered_issuers(last) {
            dead_end = false;
            // The signature first: an impostor with the right name must not open a branch.
            if let Err(error) = self.check_signature(last, issuer)? {
                self.note(false, error);
                continue;
            }
            self.path.push(issuer.clone());
            let found = self.extend(issuer)?;
            self.path.pop();
            if found.is_some() {
                return Ok(found);
            }
        }
        if dead_end {
            self.note(false, unknown_issuer(last));
        }
        Ok(None)
    }

    /// Candidates with the issuer's name that the path does not hold yet; the most promising first.
    fn ordered_issuers(&mut self, last: &Certificate) -> Vec<&'a Certificate> {
        let (candidates, anchors) = (self.candidates, self.anchors);
        let by_subject = self.by_subject.get_or_insert_with(|| group(candidates, anchors));
        let Some(named) = by_subject.get(last.issuer().comparable()) else {
            return Vec::new();
        };
        let mut issuers: Vec<_> = named
            .iter()
            .copied()
            .filter(|candidate| {
                !self.path.iter().any(|used| {
                    // RFC 4158 §2.4.2: the same name and key again is a loop, be it by another certificate.
                    used == *candidate
                        || (used.subject() == candidate.subject()
                            && used.spki_der() == candidate.spki_der())
                })
            })
            .collect();
        issuers.sort_by_cached_key(|issuer| {
            // Hints only. RFC 5280 §4.2.1.1: key identifiers are equal, unknown or different.
            let keys = match (last.authority_key_identifier(), issuer.subject_key_identifier()) {
                (Some(wanted), Some(found)) if wanted == found => 0,
                (Some(_), Some(_)) => 2,
                _ => 1,
            };
            let in_time = match self.moment {
                Moment::At(time) => issuer.validity().contains(time),
                Moment::WithinAll => true,
            };
            let anchored =
                anchors.iter().any(|anchor| anchor.certificate.subject() == issuer.issuer());
            (keys, !issuer.is_certificate_authority(), !in_time, !anchored)
        });
        issuers
    }

    /// Checks a path whose signatures hold; a failed check is noted and leaves the search going.
    fn conclude(&mut self, anchor: &TrustAnchor) -> Result<Option<ValidatedPath>, Ended> {
        let checked =
            check_path(&self.path, anchor, self.policy, self.moment, &mut self.name_comparisons);
        let Checked { validity, policies } = match checked {
            Ok(checked) => checked,
            Err(error @ PathError::TooManyNameComparisons { .. }) => return Err(Ended(error)),
            Err(error) => {
                self.note(true, error);
                return Ok(None);
            }
        };
        let path = ValidatedPath {
            certificates: self.path.clone(),
            anchor: anchor.clone(),
            moment: self.moment,
            validity,
            policies,
        };
        match (self.accept)(&path) {
            Ok(()) => Ok(Some(path)),
            Err(error) => {
                self.refused.get_or_insert_with(|| (Box::new(path), error));
                Ok(None)
            }
        }
    }

    fn note(&mut self, reached_anchor: bool, error: PathError) {
        let progress = Progress { reached_anchor, len: self.path.len() };
        if self.closest.as_ref().is_none_or(|(closest, _)| progress > *closest) {
            self.closest = Some((progress, error));
        }
    }

    /// One of the checks that the policy allows, be it remembered or computed: they bound the branches of the search.
    fn check_signature(
        &mut self,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<Result<(), PathError>, Ended> {
        if self.signature_checks >= self.policy.max_signature_checks {
            let limit = self.policy.max_signature_checks;
            return Err(Ended(PathError::TooManySignatureChecks { limit }));
        }
        self.signature_checks += 1;
        Ok(verify_certificate(certificate, issuer))
    }
}

/// Every candidate once, by its name, without those that are anchors anyway; of equal ones the one that remembers its
/// verified signature.
fn group<'a>(
    candidates: &'a [Certificate],
    anchors: &'a [TrustAnchor],
) -> BTreeMap<&'a [u8], Vec<&'a Certificate>> {
    let mut once: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut kept: Vec<Option<&Certificate>> = Vec::with_capacity(candidates.len());
    for anchor in anchors {
        once.insert(anchor.certificate.as_der(), kept.len());
        kept.push(None);
    }
    for candidate in candidates {
        let place = *once.entry(candidate.as_der()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(Some(first)) if candidate.is_verified() && !first.is_verified() => {
                *first = candidate;
            }
            Some(_) => {}
            None => kept.push(Some(candidate)),
        }
    }
    let mut by_subject: BTreeMap<&[u8], Vec<&Certificate>> = BTreeMap::new();
    for candidate in kept.into_iter().flatten() {
        by_subject.entry(candidate.subject().comparable()).or_default().push(candidate);
    }
    by_subject
}

fn unknown_issuer(certificate: &Certificate) -> PathError {
    PathError::UnknownIssuer {
        subject: certificate.subject().clone(),
        issuer: certificate.issuer().clone(),
    }
}
