//! Status from OCSP responses: who may answer, for which certificate, and what must tell nothing.

#![allow(clippy::cloned_ref_to_slice_refs, reason = "shorter in tests")]

#[path = "support/mint.rs"]
mod mint;

use kyso_x509::asn1::{constructed, sequence, tag, tlv};
use kyso_x509::ocsp::{ResponderId, ResponseStatus};
use kyso_x509::path::{Moment, PathPolicy, TrustAnchor};
use kyso_x509::revocation::{CertificateStatus, Found, Query, Rejection, find_statuses};
use kyso_x509::{
    Certificate, DigestAlgorithm, OcspError, OcspResponse, RevocationReason, RevokedEntry,
};
use mint::{Ocsp, Single, Subject, day, extension, generalized};
use proptest::prelude::*;

/// id-pkix-ocsp-nocheck.
const NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";

struct World {
    root: Subject,
    anchor: Certificate,
    person: Certificate,
    responder: Subject,
}

fn world() -> World {
    let root = Subject::authority("Root", 1);
    World {
        anchor: root.self_signed(),
        person: Subject::new("Person", 2).issued_by(&root),
        responder: Subject::responder("Responder", 3),
        root,
    }
}

impl World {
    fn good(&self) -> Single {
        Single::good(&self.person, &self.anchor, 10, 20)
    }

    fn ask(&self, ocsp: &[OcspResponse], candidates: &[Certificate]) -> Found {
        self.ask_at(ocsp, candidates, Moment::At(day(15)))
    }

    fn ask_at(&self, ocsp: &[OcspResponse], candidates: &[Certificate], moment: Moment) -> Found {
        find_statuses(&Query {
            certificate: &self.person,
            issuer: &self.anchor,
            candidates,
            anchors: &[TrustAnchor::from_certificate(self.anchor.clone())],
            crls: &[],
            ocsp,
            // Whatever the purposes of the end entity are, they are not asked of the responder.
            policy: &PathPolicy::document_signing(),
            moment,
        })
    }

    fn status(&self, response: &OcspResponse) -> Result<CertificateStatus, Rejection> {
        only(self.ask(std::slice::from_ref(response), &[]))
    }
}

fn only(found: Found) -> Result<CertificateStatus, Rejection> {
    match (found.records.as_slice(), found.rejected.as_slice()) {
        ([record], []) => Ok(record.status),
        ([], [(_, rejection)]) => Err(rejection.clone()),
        other => panic!("{other:?}"),
    }
}

const GOOD: CertificateStatus = CertificateStatus::Good;

#[test]
fn the_issuer_itself_may_answer() {
    let world = world();
    for response in [Ocsp::new(world.good()), Ocsp::new(world.good()).by_key()] {
        let response = response.signed_by(&world.root);
        assert_eq!(world.status(&response), Ok(GOOD));
        let found = world.ask(&[response], &[]);
        let record = &found.records[0];
        assert_eq!((record.this_update, record.next_update), (day(10), Some(day(20))));
        assert_eq!((&record.signer, record.signer_needs_status), (&world.anchor, false));
    }
    let revoked = Ocsp::new(world.good().revoked(day(5), 1)).signed_by(&world.root);
    let entry = RevokedEntry {
        revocation_date: day(5),
        reason: RevocationReason::KeyCompromise,
        invalidity_date: None,
    };
    assert_eq!(world.status(&revoked), Ok(CertificateStatus::Revoked(entry)));
    let invalid = world.good().revoked(day(5), 1).with("2.5.29.24", false, &generalized(day(2)));
    let entry = RevokedEntry { invalidity_date: Some(day(2)), ..entry };
    let invalid = Ocsp::new(invalid).signed_by(&world.root);
    assert_eq!(world.status(&invalid), Ok(CertificateStatus::Revoked(entry)));
    let unknown = Ocsp::new(world.good().unknown()).signed_by(&world.root);
    assert_eq!(world.status(&unknown), Ok(CertificateStatus::Unknown));
}

#[test]
fn a_responder_of_the_issuer_may_answer() {
    let world = world();
    let certificate = world.responder.issued_by(&world.root);
    for response in [Ocsp::new(world.good()), Ocsp::new(world.good()).by_key()] {
        let alone = response.signed_by(&world.responder);
        assert_eq!(world.status(&alone), Err(Rejection::UnknownSigner));
        assert_eq!(only(world.ask(&[alone], &[certificate.clone()])), Ok(GOOD));
        let whole = response.carrying(&certificate).signed_by(&world.responder);
        let found = world.ask(&[whole], &[]);
        let [record] = found.records.as_slice() else { panic!("{found:?}") };
        assert!(record.signer_needs_status);
        assert_eq!(record.signer_path, [certificate.clone(), world.anchor.clone()]);
    }
    let unchecked = world.responder.clone().with(NO_CHECK, false, &[5, 0]);
    let certificate = unchecked.issued_by(&world.root);
    let response = Ocsp::new(world.good()).carrying(&certificate).signed_by(&unchecked);
    assert!(!world.ask(&[response], &[]).records[0].signer_needs_status);
}

#[test]
fn nobody_else_may_answer() {
    let world = world();
    let answer = |responder: &Subject, certificate: &Certificate| {
        world.status(&Ocsp::new(world.good()).carrying(certificate).signed_by(responder))
    };
    // A signer of documents under the same authority.
    let person = Subject::new("Person", 2);
    assert_eq!(
        answer(&person, &person.issued_by(&world.root)),
        Err(Rejection::UnauthorizedResponder)
    );
    // anyExtendedKeyUsage designates nobody.
    let any = sequence(&[kyso_x509::asn1::oid(mint::oid("2.5.29.37.0"))]);
    let general = Subject::new("General", 4).with("2.5.29.37", false, &any);
    assert_eq!(
        answer(&general, &general.issued_by(&world.root)),
        Err(Rejection::UnauthorizedResponder)
    );
    // A responder of another authority, and of one with the same name.
    let stranger = Subject::authority("Stranger", 9);
    let foreign = world.responder.issued_by(&stranger);
    assert_eq!(answer(&world.responder, &foreign), Err(Rejection::ResponderOfOtherIssuer));
    let impostor = Subject::authority("Root", 9);
    let forged = world.responder.issued_by(&impostor);
    assert!(matches!(answer(&world.responder, &forged), Err(Rejection::SignerPath(_))));
    // A responder of an authority below the issuer, with the issuer's name and the same anchor.
    let below = Subject::authority("Root", 8);
    let chain = [below.issued_by(&world.root)];
    let lower = world.responder.issued_by(&below);
    let response = Ocsp::new(world.good()).carrying(&lower).signed_by(&world.responder);
    assert_eq!(only(world.ask(&[response], &chain)), Err(Rejection::ResponderOfOtherIssuer));
    // Not valid any more at the time; valid where the time may be any within all periods.
    let short = world.responder.clone().valid(0, 12).issued_by(&world.root);
    assert!(matches!(answer(&world.responder, &short), Err(Rejection::SignerPath(_))));
    let response = Ocsp::new(world.good()).carrying(&short).signed_by(&world.responder);
    assert_eq!(only(world.ask_at(&[response], &[], Moment::WithinAll)), Ok(GOOD));
    // The right certificate, another's signature.
    let honest = world.responder.issued_by(&world.root);
    let mut thief = Subject::responder("Responder", 7);
    assert_eq!(answer(&thief, &honest), Err(Rejection::SignatureInvalid));
    thief.name = world.root.name.clone();
    let response = Ocsp::new(world.good()).signed_by(&thief);
    assert_eq!(world.status(&response), Err(Rejection::SignatureInvalid));
}

#[test]
fn the_answer_must_be_about_the_certificate() {
    let world = world();
    let other = Subject::new("Person", 5).issued_by(&world.root);
    let response = Ocsp::new(Single::good(&other, &world.anchor, 10, 20)).signed_by(&world.root);
    assert_eq!(world.status(&response), Err(Rejection::OtherCertificate));
    // The serial number fits, the issuer's key or name does not.
    let mut single = world.good();
    single.id.issuer_key_hash[0] ^= 1;
    assert_eq!(
        world.status(&Ocsp::new(single).signed_by(&world.root)),
        Err(Rejection::OtherCertificate)
    );
    let mut single = world.good();
    single.id.issuer_name_hash[0] ^= 1;
    assert_eq!(
        world.status(&Ocsp::new(single).signed_by(&world.root)),
        Err(Rejection::OtherCertificate)
    );
    for digest in DigestAlgorithm::ALL {
        let single = world.good().digest(&world.person, &world.anchor, digest);
        assert_eq!(world.status(&Ocsp::new(single).signed_by(&world.root)), Ok(GOOD), "{digest}");
    }
    let mut several = Ocsp::new(Single::good(&other, &world.anchor, 10, 20));
    several.singles.push(world.good().revoked(day(5), 4));
    let newer = Single::good(&world.person, &world.anchor, 12, 20);
    several.singles.push(newer);
    let found = world.ask(&[several.signed_by(&world.root)], &[]);
    assert_eq!((found.records[0].status, found.records[0].this_update), (GOOD, day(12)));
}

#[test]
fn extensions_are_read_or_spoil_the_answer() {
    let world = world();
    let single = world.good().with("1.3.6.1.5.5.7.48.1.6", false, &generalized(day(-900)));
    let response = Ocsp::new(single).signed_by(&world.root);
    assert_eq!(world.ask(&[response], &[]).records[0].covers_expired_since, Some(day(-900)));
    let unknown = Err(Rejection::UnknownCriticalExtension { oid: mint::oid("1.2.3.4") });
    let single = world.good().with("1.2.3.4", true, &[5, 0]);
    assert_eq!(world.status(&Ocsp::new(single).signed_by(&world.root)), unknown);
    let mut response = Ocsp::new(world.good());
    response.extensions = vec![extension("1.2.3.4", true, &[5, 0])];
    assert_eq!(world.status(&response.signed_by(&world.root)), unknown);
    response.extensions = vec![extension("1.2.3.4", false, &[5, 0])];
    assert_eq!(world.status(&response.signed_by(&world.root)), Ok(GOOD));
    for (value, nonce) in [(&[4, 2, 7, 8][..], &[7, 8][..]), (&[1, 2, 3], &[1, 2, 3])] {
        response.extensions = vec![extension("1.3.6.1.5.5.7.48.1.2", false, value)];
        assert_eq!(response.signed_by(&world.root).nonce(), Some(nonce));
    }
}

#[test]
fn the_envelope_is_optional_and_errors_are_named() {
    let world = world();
    let bare = Ocsp::new(world.good()).signed_by(&world.root);
    let enveloped = OcspResponse::from_der(&bare.to_response_der()).unwrap();
    assert_eq!(enveloped, bare);
    assert_eq!(enveloped.basic_der(), bare.as_der());
    assert_eq!(enveloped.to_response_der(), enveloped.as_der());
    assert_ne!(enveloped.sha256(), bare.sha256());
    assert_eq!(world.status(&enveloped), Ok(GOOD));
    assert!(
        matches!(bare.responder_id(), ResponderId::ByName(name) if name == world.anchor.subject())
    );
    for (code, status) in [
        (1, ResponseStatus::MalformedRequest),
        (2, ResponseStatus::InternalError),
        (3, ResponseStatus::TryLater),
        (5, ResponseStatus::SigRequired),
        (6, ResponseStatus::Unauthorized),
        (9, ResponseStatus::Unknown { code: 9 }),
    ] {
        let der = sequence(&[tlv(0x0a, &[code])]);
        assert_eq!(OcspResponse::from_der(&der), Err(OcspError::Status(status)));
    }
    let empty = sequence(&[tlv(0x0a, &[0])]);
    assert_eq!(OcspResponse::from_der(&empty), Err(OcspError::NoResponseBytes));
    let oid = mint::oid("1.2.3.4");
    let bytes = sequence(&[kyso_x509::asn1::oid(oid), tlv(tag::OCTET_STRING, b"x")]);
    let other = sequence(&[tlv(0x0a, &[0]), constructed(tag::context(0), &[bytes])]);
    assert_eq!(OcspResponse::from_der(&other), Err(OcspError::UnknownResponseType { oid }));
}

#[test]
fn a_pile_of_responders_costs_no_more_than_the_limit() {
    let world = world();
    // Each has the right name and purpose, and none the key.
    let mut response = Ocsp::new(world.good());
    for number in 0..400_u32 {
        let serial = (0x0100_0000 + number).to_be_bytes();
        let one = Subject::responder("Responder", 7).serial(&serial);
        response.certificates.push(one.issued_by(&world.root));
    }
    let response = response.signed_by(&world.responder);
    let limit = PathPolicy::document_signing().max_signature_checks;
    assert_eq!(world.status(&response), Err(Rejection::TooManySignatureChecks { limit }));
    // Each has the responder's very key, certified by nobody who may.
    let stranger = Subject::authority("Root", 9);
    let mut response = Ocsp::new(world.good());
    for number in 0..400_u32 {
        let one = world.responder.clone().serial(&(0x0100_0000 + number).to_be_bytes());
        response.certificates.push(one.issued_by(&stranger));
    }
    let response = response.signed_by(&world.responder);
    assert_eq!(world.status(&response), Err(Rejection::TooManySignatureChecks { limit }));
}

proptest! {
    /// A response that says "revoked" says so or nothing, whatever byte is changed.
    #[test]
    fn a_changed_byte_never_makes_a_revoked_certificate_good(at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let world = world();
        let responder = world.responder.issued_by(&world.root);
        let revoked = world.good().revoked(day(5), 1);
        let mut der = Ocsp::new(revoked).carrying(&responder).der(&world.responder);
        let at = at.index(der.len());
        der[at] ^= change;
        if let Ok(response) = OcspResponse::from_der(&der) {
            let status = world.status(&response);
            prop_assert!(!matches!(status, Ok(GOOD | CertificateStatus::Unknown)), "byte {at}: {status:?}");
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(der: Vec<u8>) {
        let _ = OcspResponse::from_der(&der);
    }
}
