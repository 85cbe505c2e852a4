//! Status from OCSP responses (RFC 6960 §3.2), the numbers of whose conditions the comments bear.

use super::signer::{Budget, Signer, accepted_algorithm, for_signers, key_of, validate};
use super::{CertificateStatus, Found, Query, Rejection, StatusRecord, StatusSource};
use crate::algorithm::SignatureAlgorithm;
use crate::certificate::Certificate;
use crate::ocsp::{NO_CHECK, OCSP_SIGNING, OcspResponse, SingleResponse, SingleStatus};
use crate::path::PathPolicy;
use core::cmp::Reverse;
use std::collections::BTreeSet;

/// Adds what the OCSP responses at hand say of the certificate.
pub(super) fn find(query: &Query<'_>, budget: &mut Budget, found: &mut Found) {
    let mut newest: Vec<_> = query.ocsp.iter().collect();
    newest.sort_by_key(|response| Reverse(response.produced_at()));
    for response in newest {
        match record(response, query, budget) {
            Ok(record) => found.records.push(record),
            Err(rejection) => {
                found.rejected.push((StatusSource::Ocsp(response.clone()), rejection));
            }
        }
    }
}

fn record(
    response: &OcspResponse,
    query: &Query<'_>,
    budget: &mut Budget,
) -> Result<StatusRecord, Rejection> {
    // 1. The certificate in the response is the one that was asked for.
    let single =
        response.find(query.certificate, query.issuer).ok_or(Rejection::OtherCertificate)?;
    // RFC 6960 §4.4: an extension that is critical and not understood spoils what it belongs to.
    if let Some(oid) = response.unknown_critical_extension().or(single.unknown_critical) {
        return Err(Rejection::UnknownCriticalExtension { oid });
    }
    // 2.–4. Signature, signer, authority. 5. and 6., the times, are for who asks to judge.
    let signer = signer(response, query, budget)?;
    Ok(statement(response, single, signer))
}

fn statement(response: &OcspResponse, single: &SingleResponse, signer: Signer) -> StatusRecord {
    StatusRecord {
        status: match single.status {
            SingleStatus::Good => CertificateStatus::Good,
            SingleStatus::Revoked(entry) => CertificateStatus::Revoked(entry),
            SingleStatus::Unknown => CertificateStatus::Unknown,
        },
        this_update: single.this_update,
        next_update: single.next_update,
        produced_at: response.produced_at(),
        source: StatusSource::Ocsp(response.clone()),
        signer: signer.certificate,
        signer_path: signer.path,
        signer_needs_status: signer.needs_status,
        covers_expired_since: single.archive_cutoff,
        parts: Vec::new(),
    }
}

/// The issuer itself, or a responder that it certified for OCSP (RFC 6960 §4.2.2.2).
fn signer(
    response: &OcspResponse,
    query: &Query<'_>,
    budget: &mut Budget,
) -> Result<Signer, Rejection> {
    let algorithm = accepted_algorithm(response.signature_algorithm(), query.policy)?;
    let id = response.responder_id();
    let mut nearest = Rejection::UnknownSigner;
    if id.is(query.issuer) {
        match verify(response, algorithm, query.issuer, budget) {
            Ok(()) => {
                return Ok(Signer {
                    certificate: query.issuer.clone(),
                    path: vec![query.issuer.clone()],
                    needs_status: false,
                });
            }
            Err(rejection) => nearest = rejection,
        }
    }
    let mut tried = BTreeSet::from([query.issuer.as_der()]);
    for responder in response.certificates().iter().chain(query.candidates) {
        if !id.is(responder) || !tried.insert(responder.as_der()) {
            continue;
        }
        match delegated(response, algorithm, responder, query, budget) {
            Ok(signer) => return Ok(signer),
            Err(limit @ Rejection::TooManySignatureChecks { .. }) => return Err(limit),
            Err(rejection) => nearest = rejection,
        }
    }
    Err(nearest)
}

/// A responder with id-kp-OCSPSigning from the very authority, and by the very key, that issued the certificate.
fn delegated(
    response: &OcspResponse,
    algorithm: SignatureAlgorithm,
    responder: &Certificate,
    query: &Query<'_>,
    budget: &mut Budget,
) -> Result<Signer, Rejection> {
    // anyExtendedKeyUsage is not enough: the designation must be explicit.
    if !responder.extended_key_usage().is_some_and(|purposes| purposes.contains(&OCSP_SIGNING)) {
        return Err(Rejection::UnauthorizedResponder);
    }
    if responder.issuer() != query.issuer.subject() {
        return Err(Rejection::ResponderOfOtherIssuer);
    }
    verify(response, algorithm, responder, budget)?;
    let policy = PathPolicy {
        purpose_required: true,
        signing_key_usage: true,
        ..for_signers(query.policy, vec![OCSP_SIGNING])
    };
    let path = validate(responder, query, response.certificates(), &policy, budget, |issuer| {
        if issuer.spki_der() == query.issuer.spki_der() {
            Ok(())
        } else {
            Err(Rejection::ResponderOfOtherIssuer)
        }
    })?;
    Ok(Signer {
        certificate: responder.clone(),
        path,
        needs_status: responder.extension(NO_CHECK).is_none(),
    })
}

fn verify(
    response: &OcspResponse,
    algorithm: SignatureAlgorithm,
    signer: &Certificate,
    budget: &mut Budget,
) -> Result<(), Rejection> {
    let key = key_of(signer)?;
    budget.verify(algorithm, || key.verify(&algorithm, response.tbs_der(), response.signature()))
}
