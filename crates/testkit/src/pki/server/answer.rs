//! What each service says.

use super::http::Received;
use super::{Fault, Route, Shared, State};
use crate::pki::certificate::{Entity, Facts};
use crate::pki::crl::Crl;
use crate::pki::key::Hash;
use crate::pki::ocsp::{self, CertId, ErrorStatus, Response, Single, Status};
use crate::pki::tsp::{self, Failure, Token};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::sync::atomic::Ordering;

/// Certificates asked about in one OCSP request; clients ask for one.
const MAX_ASKED: usize = 100;

/// An HTTP response.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) location: Option<String>,
    pub(super) content: Vec<u8>,
}

impl Answer {
    pub(super) fn status(status: u16) -> Self {
        let content = format!("{status}\n").into_bytes();
        Self { status, content_type: "text/plain", location: None, content }
    }

    pub(super) fn redirect(target: &str) -> Self {
        Self { location: Some(target.to_owned()), ..Self::status(302) }
    }

    pub(super) fn garbage() -> Self {
        Self::ok("text/html", b"<html><body>It works!</body></html>\n".to_vec())
    }

    fn ok(content_type: &'static str, content: Vec<u8>) -> Self {
        Self { status: 200, content_type, location: None, content }
    }
}

pub(super) fn answer(
    shared: &Shared,
    route: Route,
    received: &Received,
    fault: Option<&Fault>,
) -> Answer {
    let state = shared.state().clone_for_answer();
    let now = state.clocks.get(&route).unwrap_or(&state.clock).now();
    let hierarchy = &shared.hierarchy;
    let certificate =
        |entity: &Entity| Answer::ok("application/pkix-cert", entity.certificate.clone());
    let crl = |issuer: &Entity| {
        let number = shared.counter.fetch_add(1, Ordering::Relaxed);
        Answer::ok("application/pkix-crl", list(&state, issuer, now, number))
    };
    let posted = received.method == "POST";
    match (route, received.method.as_str()) {
        (Route::RootCertificate, "GET") => certificate(&hierarchy.root),
        (Route::AuthorityCertificate, "GET") => certificate(&hierarchy.authority),
        (Route::RootCrl, "GET") => crl(&hierarchy.root),
        (Route::AuthorityCrl, "GET") => crl(&hierarchy.authority),
        (Route::Ocsp, "GET" | "POST") => {
            let request =
                if posted { Some(received.content.clone()) } else { in_path(&received.path) };
            let request = request.and_then(|der| ocsp::Request::from_der(&der));
            let content = match request {
                Some(request) => status(shared, &state, &request, now, fault),
                None => ocsp::error(ErrorStatus::MalformedRequest),
            };
            Answer::ok("application/ocsp-response", content)
        }
        (Route::TimeStamping, "POST") => {
            Answer::ok("application/timestamp-reply", stamp(shared, &received.content, now, fault))
        }
        _ => Answer::status(405),
    }
}

impl State {
    /// Without the arrivals, which an answer does not need.
    fn clone_for_answer(&self) -> Self {
        Self {
            clock: self.clock,
            clocks: self.clocks.clone(),
            faults: self.faults.clone(),
            statuses: self.statuses.clone(),
            lifetime: self.lifetime,
            arrivals: Vec::new(),
        }
    }

    fn status(&self, issuer: &[u8], serial: &[u8]) -> Status {
        let known = self.statuses.iter().find(|(of, number, _)| of == issuer && number == serial);
        known.map_or(Status::Good, |(_, _, status)| *status)
    }
}

fn list(state: &State, issuer: &Entity, now: i64, number: u64) -> Vec<u8> {
    let mut crl = Crl::new(now, now.saturating_add(state.lifetime)).number(number);
    for (of, serial, status) in &state.statuses {
        // A revocation that the clock has not reached is not known yet.
        if let Status::Revoked(time, reason) = status
            && of == &issuer.name
            && *time <= now
        {
            crl = crl.revoke(serial, *time, *reason);
        }
    }
    crl.signed_by(issuer)
}

fn status(
    shared: &Shared,
    state: &State,
    request: &ocsp::Request,
    now: i64,
    fault: Option<&Fault>,
) -> Vec<u8> {
    if fault == Some(&Fault::Refuses) {
        return ocsp::error(ErrorStatus::TryLater);
    }
    let hierarchy = &shared.hierarchy;
    // One signature answers one issuer's certificates: the authority's by its responder, the root's by itself.
    let of = |issuer: &Entity| request.ids.iter().all(|id| id.is_issued_by(&issuer.certificate));
    let (issuer, signer) = if of(&hierarchy.authority) {
        (&hierarchy.authority, &hierarchy.responder)
    } else if of(&hierarchy.root) {
        (&hierarchy.root, &hierarchy.root)
    } else {
        return ocsp::error(ErrorStatus::Unauthorized);
    };
    if request.ids.is_empty() || request.ids.len() > MAX_ASKED {
        return ocsp::error(ErrorStatus::MalformedRequest);
    }
    let until = now.saturating_add(state.lifetime);
    let singles = request.ids.iter().map(|id| {
        let status = match state.status(&issuer.name, &id.serial) {
            Status::Revoked(time, _) if time > now => Status::Good,
            status => status,
        };
        let mut id: CertId = id.clone();
        if fault == Some(&Fault::OtherSubject) {
            id.serial.push(1);
        }
        Single::new(id, status, now, until)
    });
    let singles: Vec<_> = singles.collect();
    let Some(first) = singles.first().cloned() else {
        return ocsp::error(ErrorStatus::MalformedRequest);
    };
    let mut response = Response { singles, ..Response::new(first) }.produced_at(now);
    if !std::ptr::eq(issuer, signer) {
        response = response.carrying(&signer.certificate);
    }
    if let Some(nonce) = nonce(request.nonce.as_deref(), fault) {
        response = response.nonce(&nonce);
    }
    response.signed_by(signer)
}

fn stamp(shared: &Shared, request: &[u8], now: i64, fault: Option<&Fault>) -> Vec<u8> {
    let Some(request) = tsp::Request::from_der(request) else {
        return tsp::rejected(Failure::BadDataFormat);
    };
    if fault == Some(&Fault::Refuses) {
        return tsp::rejected(Failure::SystemFailure);
    }
    let Some(hash) = Hash::from_oid(request.algorithm) else {
        return tsp::rejected(Failure::BadAlg);
    };
    if hash.digest(b"").len() != request.imprint.len() {
        return tsp::rejected(Failure::BadDataFormat);
    }
    let hierarchy = &shared.hierarchy;
    let authority = &hierarchy.time_stamping;
    let mut token = Token::answering(&request, now).accurate_to(1, 0, 0);
    token.serial = shared.counter.fetch_add(1, Ordering::Relaxed);
    token.nonce = nonce(request.nonce.as_deref(), fault);
    if fault == Some(&Fault::OtherSubject) {
        token.imprint = hash.digest(b"something else");
    }
    if request.certificates {
        token = token.carrying(&authority.certificate);
        // Its issuer too, so that a reader needs the root alone.
        let issued_by_authority = Facts::of(&authority.certificate)
            .is_some_and(|facts| facts.issuer == hierarchy.authority.name.as_slice());
        if issued_by_authority {
            token = token.carrying(&hierarchy.authority.certificate);
        }
    }
    tsp::granted(&token.signed_by(authority))
}

/// The nonce of the answer.
fn nonce(asked: Option<&[u8]>, fault: Option<&Fault>) -> Option<Vec<u8>> {
    let mut nonce = asked?.to_vec();
    match fault {
        Some(Fault::NoNonce) => return None,
        Some(Fault::WrongNonce) => {
            if let Some(last) = nonce.last_mut() {
                *last ^= 1;
            }
        }
        _ => {}
    }
    Some(nonce)
}

/// The request in the path of a GET: base64, URL-encoded (RFC 6960 Appendix A.1).
fn in_path(path: &str) -> Option<Vec<u8>> {
    let encoded = path.strip_prefix(Route::Ocsp.path())?.strip_prefix('/')?;
    let mut text = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.bytes();
    while let Some(byte) = bytes.next() {
        text.push(if byte == b'%' {
            let (high, low) = (char::from(bytes.next()?), char::from(bytes.next()?));
            u8::try_from(high.to_digit(16)? * 16 + low.to_digit(16)?).ok()?
        } else {
            byte
        });
    }
    STANDARD.decode(&text).or_else(|_| STANDARD_NO_PAD.decode(&text)).ok()
}
