//! Status from CRLs (RFC 5280 §6.3.3), the letters of whose steps the comments bear.

use super::signer::{Budget, Signer, accepted_algorithm, for_signers, key_of, validate};
use super::{CertificateStatus, Found, Query, Rejection, StatusRecord, StatusSource};
use crate::certificate::Certificate;
use crate::crl::{
    CertificateList, DistributionPoint, DistributionPointName, GeneralName, ReasonFlags,
    RevocationReason, distribution_points,
};
use crate::path::PathPolicy;
use core::cmp::Reverse;
use std::collections::BTreeMap;

/// Adds what the CRLs at hand say of the certificate.
pub(super) fn find(query: &Query<'_>, budget: &mut Budget, found: &mut Found) {
    let (deltas, mut complete): (Vec<_>, Vec<_>) =
        query.crls.iter().partition(|crl| crl.base_number().is_some());
    // The newest first: should the budget end, it was spent on what counts.
    complete.sort_by_key(|crl| Reverse(crl.this_update()));
    let points =
        match distribution_points(query.certificate) {
            Ok(points) => points,
            Err(error) => {
                found.rejected.extend(query.crls.iter().map(|crl| {
                    (StatusSource::Crl(crl.clone()), Rejection::DistributionPoints(error))
                }));
                return;
            }
        };
    let mut partial = Vec::new();
    let mut used = vec![false; deltas.len()];
    for crl in complete {
        match usable(crl, &points, query, budget) {
            Ok((reasons, signer)) => {
                let mut keep = |record: StatusRecord| {
                    if reasons == ReasonFlags::ALL || is_revoked(&record) {
                        found.records.push(record);
                    } else {
                        partial.push((reasons, record));
                    }
                };
                for (delta, used) in deltas.iter().zip(&mut used) {
                    if continues(delta, crl)
                        && verify(delta, &signer.certificate, query, budget).is_ok()
                    {
                        *used = true;
                        keep(with_delta(crl, delta, &signer, query));
                    }
                }
                keep(record(crl, &signer, query));
            }
            Err(rejection) => found.rejected.push((StatusSource::Crl(crl.clone()), rejection)),
        }
    }
    for (delta, _) in deltas.iter().zip(used).filter(|(_, used)| !used) {
        // Of several obstacles the one that a reader can do something about.
        let rejection = match scope(delta, &points, query) {
            Ok(_) => Rejection::DeltaWithoutBase,
            Err(rejection) => rejection,
        };
        found.rejected.push((StatusSource::Crl((*delta).clone()), rejection));
    }
    combine(partial, found);
}

fn is_revoked(record: &StatusRecord) -> bool {
    matches!(record.status, CertificateStatus::Revoked(_))
}

/// Steps (b), (d), (f) and (g): the reasons that the CRL covers for this certificate, and its signer.
fn usable(
    crl: &CertificateList,
    points: &[DistributionPoint],
    query: &Query<'_>,
    budget: &mut Budget,
) -> Result<(ReasonFlags, Signer), Rejection> {
    let reasons = scope(crl, points, query)?;
    if let Some(oid) = crl.unknown_critical_extension() {
        return Err(Rejection::UnknownCriticalExtension { oid });
    }
    Ok((reasons, signer(crl, query, budget)?))
}

/// Step (b), issuer and scope, and step (d), the interim reasons mask, over every distribution point.
fn scope(
    crl: &CertificateList,
    points: &[DistributionPoint],
    query: &Query<'_>,
) -> Result<ReasonFlags, Rejection> {
    let scope = crl.issuing_distribution_point();
    // (b)(2)(ii)–(iv).
    if let Some(scope) = scope {
        let authority = query.certificate.is_certificate_authority();
        if scope.only_attribute_certificates {
            return Err(Rejection::OnlyAttributeCertificates);
        }
        if scope.only_user_certificates && authority {
            return Err(Rejection::OnlyUserCertificates);
        }
        if scope.only_ca_certificates && !authority {
            return Err(Rejection::OnlyCaCertificates);
        }
    }
    let issuer = query.certificate.issuer();
    // "Repeat the process above" with a point that names the issuer and leaves out reasons and cRLIssuer.
    let implied = DistributionPoint {
        name: Some(DistributionPointName::FullName(vec![GeneralName::Directory(issuer.clone())])),
        reasons: None,
        crl_issuer: Vec::new(),
    };
    let mut reasons = ReasonFlags::NONE;
    let mut nearest = Rejection::OtherIssuer;
    for point in points.iter().chain([&implied]) {
        // (b)(1).
        if point.crl_issuer.is_empty() {
            if crl.issuer() != issuer {
                continue;
            }
        } else if !point.crl_issuer.iter().any(|name| name.directory_name() == Some(crl.issuer())) {
            continue;
        } else if !scope.is_some_and(|scope| scope.indirect) {
            nearest = Rejection::NotIndirect;
            continue;
        }
        // (b)(2)(i).
        if let Some(scope) = scope {
            match scope.is_named_by(point, crl.issuer(), issuer) {
                Ok(true) => {}
                Ok(false) => {
                    nearest = Rejection::OtherDistributionPoint;
                    continue;
                }
                Err(error) => {
                    nearest = Rejection::DistributionPoints(error);
                    continue;
                }
            }
        }
        // (d).
        let of_point = point.reasons.unwrap_or(ReasonFlags::ALL);
        let of_scope = scope.and_then(|scope| scope.only_some_reasons).unwrap_or(ReasonFlags::ALL);
        reasons = reasons.union(of_point.intersection(of_scope));
    }
    if reasons.is_empty() { Err(nearest) } else { Ok(reasons) }
}

/// Steps (f) and (g): finds the signer by the signature, then asks whether it may sign.
fn signer(
    crl: &CertificateList,
    query: &Query<'_>,
    budget: &mut Budget,
) -> Result<Signer, Rejection> {
    let mut nearest = Rejection::UnknownSigner;
    // Each key is tried once, whatever the number of certificates that hold it.
    let mut tried: BTreeMap<&[u8], bool> = BTreeMap::new();
    for certificate in possible_signers(crl, query) {
        let spki = certificate.spki_der();
        let verified = match tried.get(spki) {
            Some(verified) => *verified,
            None => {
                let result = verify(crl, certificate, query, budget);
                tried.insert(spki, result.is_ok());
                match result {
                    Ok(()) => true,
                    Err(limit @ Rejection::TooManySignatureChecks { .. }) => return Err(limit),
                    Err(rejection) => {
                        nearest = rejection;
                        false
                    }
                }
            }
        };
        if !verified {
            continue;
        }
        match authorized(certificate, query, budget) {
            Ok(signer) => return Ok(signer),
            Err(limit @ Rejection::TooManySignatureChecks { .. }) => return Err(limit),
            Err(rejection) => nearest = rejection,
        }
    }
    Err(nearest)
}

/// Certificates with the name of the CRL's issuer: the certificate's own issuer first, then by key identifier.
fn possible_signers<'a>(crl: &CertificateList, query: &Query<'a>) -> Vec<&'a Certificate> {
    let anchors = query.anchors.iter().map(|anchor| anchor.certificate());
    let others = anchors.chain(query.candidates).filter(|one| *one != query.issuer);
    let mut signers: Vec<_> = [query.issuer]
        .into_iter()
        .chain(others)
        .filter(|certificate| certificate.subject() == crl.issuer())
        .collect();
    // A hint only, as in the search for paths: equal, unknown, different.
    signers.sort_by_key(|signer| {
        match (crl.authority_key_identifier(), signer.subject_key_identifier()) {
            (Some(wanted), Some(found)) if wanted == found => 0,
            (Some(_), Some(_)) => 2,
            _ => 1,
        }
    });
    signers
}

/// Step (f): whether the holder of the key may sign CRLs for this issuer.
fn authorized(
    certificate: &Certificate,
    query: &Query<'_>,
    budget: &mut Budget,
) -> Result<Signer, Rejection> {
    if let Some(key_usage) = certificate.key_usage()
        && !key_usage.crl_sign()
    {
        return Err(Rejection::NotForCrlSigning { key_usage });
    }
    // Another certificate of the same key is no proof of what the issuer may do: anybody can make one.
    let issuer = query.issuer;
    if certificate == issuer {
        return Ok(Signer {
            certificate: issuer.clone(),
            path: vec![issuer.clone()],
            needs_status: false,
        });
    }
    let policy = PathPolicy { purpose_required: false, ..for_signers(query.policy, Vec::new()) };
    let path = validate(certificate, query, &[], &policy, budget, |_| Ok(()))?;
    let needs_status = path.len() > 1;
    Ok(Signer { certificate: certificate.clone(), path, needs_status })
}

/// Steps (g) and (h): the signature of a list with a certificate's key.
fn verify(
    crl: &CertificateList,
    certificate: &Certificate,
    query: &Query<'_>,
    budget: &mut Budget,
) -> Result<(), Rejection> {
    if crl.signature_algorithm() != crl.tbs_signature_algorithm() {
        return Err(Rejection::SignatureAlgorithmMismatch);
    }
    let algorithm = accepted_algorithm(crl.signature_algorithm(), query.policy)?;
    let key = key_of(certificate)?;
    budget.verify(algorithm, || {
        if crl.is_verified_by(&key) {
            return Ok(());
        }
        match algorithm.digest_algorithm() {
            // Above this, hashing costs more than what verification over a digest loses.
            Some(digest) if crl.tbs_der().len() > 65_536 => {
                key.verify_digest(&algorithm, &crl.tbs_digest(digest), crl.signature())
            }
            _ => key.verify(&algorithm, crl.tbs_der(), crl.signature()),
        }
        .inspect(|()| crl.remember_verified_by(&key))
    })
}

/// Step (c): whether a delta CRL tells the changes since a complete one.
fn continues(delta: &CertificateList, crl: &CertificateList) -> bool {
    // (c)(1)–(3).
    let same_scope = delta.issuer() == crl.issuer()
        && delta.issuing_distribution_point() == crl.issuing_distribution_point()
        && delta.authority_key_identifier() == crl.authority_key_identifier();
    // §5.2.4 (c), (d): the complete CRL is the base or a later one, and was numbered before the delta CRL.
    let (Some(base), Some(number), Some(own)) = (delta.base_number(), crl.number(), delta.number())
    else {
        return false;
    };
    same_scope
        && order(base) <= order(number)
        && order(number) < order(own)
        && delta.unknown_critical_extension().is_none()
}

/// Magnitudes without leading zeros compare by length, then by bytes.
const fn order(magnitude: &[u8]) -> (usize, &[u8]) {
    (magnitude.len(), magnitude)
}

/// Step (j): what a complete CRL says.
fn record(crl: &CertificateList, signer: &Signer, query: &Query<'_>) -> StatusRecord {
    let entry = crl.find(query.certificate.issuer(), query.certificate.serial());
    StatusRecord {
        status: match entry {
            Some(entry) if entry.reason != RevocationReason::RemoveFromCrl => {
                CertificateStatus::Revoked(entry)
            }
            _ => CertificateStatus::Good,
        },
        this_update: crl.this_update(),
        next_update: crl.next_update(),
        produced_at: crl.this_update(),
        source: StatusSource::Crl(crl.clone()),
        signer: signer.certificate.clone(),
        signer_path: signer.path.clone(),
        signer_needs_status: signer.needs_status,
        covers_expired_since: crl.expired_certificates_since(),
        parts: Vec::new(),
    }
}

/// Steps (i) to (k): what a delta CRL says, else the complete one.
fn with_delta(
    crl: &CertificateList,
    delta: &CertificateList,
    signer: &Signer,
    query: &Query<'_>,
) -> StatusRecord {
    let base = record(crl, signer, query);
    let entry = delta.find(query.certificate.issuer(), query.certificate.serial());
    StatusRecord {
        status: match entry {
            // (k).
            Some(entry) if entry.reason == RevocationReason::RemoveFromCrl => {
                CertificateStatus::Good
            }
            Some(entry) => CertificateStatus::Revoked(entry),
            None => base.status,
        },
        this_update: delta.this_update(),
        next_update: earlier(crl.next_update(), delta.next_update()),
        produced_at: delta.this_update(),
        source: StatusSource::Delta { base: crl.clone(), delta: delta.clone() },
        ..base
    }
}

fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Steps (e) and (l): CRLs that cover some reasons each say "good" only together.
fn combine(mut partial: Vec<(ReasonFlags, StatusRecord)>, found: &mut Found) {
    partial.sort_by_key(|(_, record)| Reverse(record.this_update));
    let mut covered = ReasonFlags::NONE;
    let mut parts: Vec<StatusRecord> = Vec::new();
    let mut left = Vec::new();
    for (reasons, record) in partial {
        // (e): a CRL that adds no reason is passed over.
        if covered.contains(reasons) {
            left.push(record);
        } else {
            covered = covered.union(reasons);
            parts.push(record);
        }
    }
    if covered == ReasonFlags::ALL
        && let Some(mut whole) = parts.pop()
    {
        // The last is the oldest: no newer than it is the statement as a whole.
        whole.next_update =
            parts.iter().fold(whole.next_update, |sum, part| earlier(sum, part.next_update));
        whole.parts = parts;
        found.records.push(whole);
    } else {
        left.extend(parts);
    }
    for record in left {
        found.rejected.push((record.source, Rejection::ReasonsNotCovered { covered }));
    }
}
