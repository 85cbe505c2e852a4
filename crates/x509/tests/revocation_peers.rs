//! CRLs, OCSP responses and requests exchanged with the OpenSSL program.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "shorter in tests")]

mod support;

use kyso_x509::path::{Moment, PathPolicy, TrustAnchor, validate_path};
use kyso_x509::revocation::{
    CertificateStatus, Freshness, Query, Rejection, RevocationError, StatusEvidence, check_path,
    find_statuses,
};
use kyso_x509::{
    Certificate, CertificateList, DigestAlgorithm, OcspResponse, RevocationReason, Time, ocsp,
};
use support::{CA, LEAF, P256, Pki, openssl};

const CONFIGURATION: &str = "[ca]\ndefault_ca=authority\n\
    [authority]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=7\n\
    [complete]\nauthorityKeyIdentifier=keyid\n\
    [users]\nissuingDistributionPoint=critical,@users_only\n\
    [users_only]\nonlyuser=TRUE\nfullname=URI:http://example.vn/users.crl\n\
    [some]\nissuingDistributionPoint=critical,@some_reasons\n\
    [some_reasons]\nonlysomereasons=keyCompromise,CACompromise\n";

/// An authority with two people and a responder; the first one's certificate is revoked for a compromised key.
struct World {
    pki: Pki,
    root: Certificate,
    revoked: Certificate,
    good: Certificate,
    responder: Certificate,
    /// Some time after all of it was made.
    now: Time,
}

fn world() -> World {
    let pki = Pki::new();
    let root = pki.root("root", "Root");
    let points = format!("{LEAF}crlDistributionPoints=URI:http://example.vn/users.crl\n");
    let (revoked, good) = (pki.issued("one", "root", &points), pki.issued("two", "root", &points));
    let usage = "extendedKeyUsage=OCSPSigning\nnoCheck=ignored\n";
    let responder = pki.issued("responder", "root", usage);
    pki.write("ca.cnf", CONFIGURATION.as_bytes());
    pki.write("index.txt", b"");
    pki.write("crlnumber", b"1001\n");
    let authority = ["ca", "-config", "ca.cnf", "-keyfile", "root.key", "-cert", "root.pem"];
    let run = |more: &[&str]| openssl(pki.path(), &[&authority, more].concat());
    run(&["-valid", "one.pem"]);
    run(&["-valid", "two.pem"]);
    run(&["-revoke", "one.pem", "-crl_reason", "keyCompromise"]);
    for section in ["complete", "users", "some"] {
        run(&["-gencrl", "-crlexts", section, "-out", &format!("{section}.crl")]);
    }
    let now = Time::from_unix_seconds(responder.validity().not_before.as_unix_seconds() + 3_600);
    World { pki, root, revoked, good, responder, now }
}

impl World {
    fn crl(&self, section: &str) -> CertificateList {
        let bytes = self.pki.read(&format!("{section}.crl"));
        CertificateList::all_from_pem_or_der(&bytes).unwrap().remove(0)
    }

    /// Asks OpenSSL's responder with a request of ours.
    fn ocsp(
        &self,
        certificate: &Certificate,
        digest: DigestAlgorithm,
        more: &[&str],
    ) -> OcspResponse {
        let request = ocsp::request(certificate, &self.root, digest, Some(&[7; 32]));
        self.pki.write("request.der", &request);
        let arguments = [
            "ocsp",
            "-index",
            "index.txt",
            "-CA",
            "root.pem",
            "-reqin",
            "request.der",
            "-respout",
            "response.der",
            "-ndays",
            "7",
        ];
        openssl(self.pki.path(), &[&arguments, more].concat());
        OcspResponse::from_der(&self.pki.read("response.der")).unwrap()
    }

    fn ask(
        &self,
        certificate: &Certificate,
        crls: &[CertificateList],
        ocsp: &[OcspResponse],
    ) -> Result<CertificateStatus, Rejection> {
        let found = find_statuses(&Query {
            certificate,
            issuer: &self.root,
            candidates: &[],
            anchors: &[TrustAnchor::from_certificate(self.root.clone())],
            crls,
            ocsp,
            policy: &PathPolicy::any_usage(),
            moment: Moment::At(self.now),
        });
        match (found.records.first(), found.rejected.first()) {
            (Some(record), None) => Ok(record.status),
            (None, Some((_, rejection))) => Err(rejection.clone()),
            _ => panic!("{found:?}"),
        }
    }
}

const DELEGATED: [&str; 4] = ["-rsigner", "responder.pem", "-rkey", "responder.key"];

fn is_compromised(status: &Result<CertificateStatus, Rejection>) -> bool {
    matches!(status, Ok(CertificateStatus::Revoked(entry))
        if entry.reason == RevocationReason::KeyCompromise)
}

#[test]
fn crls_of_openssl() {
    let world = world();
    let complete = world.crl("complete");
    assert_eq!(complete.number(), Some(&[0x10, 0x01][..]));
    assert_eq!(complete.authority_key_identifier(), world.root.subject_key_identifier());
    for section in ["complete", "users"] {
        let crl = world.crl(section);
        assert!(is_compromised(&world.ask(&world.revoked, &[crl.clone()], &[])), "{section}");
        assert_eq!(world.ask(&world.good, &[crl], &[]), Ok(CertificateStatus::Good));
    }
    let some = world.crl("some");
    assert!(is_compromised(&world.ask(&world.revoked, &[some.clone()], &[])));
    let left = world.ask(&world.good, &[some], &[]);
    assert!(matches!(left, Err(Rejection::ReasonsNotCovered { .. })));
    // The people's list says nothing of a certificate without its distribution point.
    let other = world.ask(&world.responder, &[world.crl("users")], &[]);
    assert_eq!(other, Err(Rejection::OtherDistributionPoint));
    // A CRL in DER, as it is fetched.
    openssl(world.pki.path(), &["crl", "-in", "users.crl", "-outform", "DER", "-out", "users.der"]);
    let der = CertificateList::all_from_pem_or_der(&world.pki.read("users.der")).unwrap();
    assert_eq!(der, [world.crl("users")]);
}

#[test]
fn the_responder_of_openssl_understands_our_request() {
    let world = world();
    for digest in [DigestAlgorithm::Sha1ForLegacyUseOnly, DigestAlgorithm::Sha256] {
        for by_key in [false, true] {
            let more = [&DELEGATED[..], if by_key { &["-resp_key_id"] } else { &[] }].concat();
            let response = world.ocsp(&world.good, digest, &more);
            assert_eq!(response.nonce(), Some(&[7; 32][..]));
            assert_eq!(
                world.ask(&world.good, &[], &[response.clone()]),
                Ok(CertificateStatus::Good)
            );
            // The answer on one says nothing of the other.
            let other = world.ask(&world.revoked, &[], &[response]);
            assert_eq!(other, Err(Rejection::OtherCertificate));
            let response = world.ocsp(&world.revoked, digest, &more);
            assert!(is_compromised(&world.ask(&world.revoked, &[], &[response])));
        }
    }
    // The authority itself.
    let own = ["-rsigner", "root.pem", "-rkey", "root.key"];
    let response = world.ocsp(&world.good, DigestAlgorithm::Sha256, &own);
    assert_eq!(world.ask(&world.good, &[], &[response]), Ok(CertificateStatus::Good));
    // A certificate that the responder does not know.
    let stranger = world.pki.issued("three", "root", LEAF);
    let response = world.ocsp(&stranger, DigestAlgorithm::Sha256, &DELEGATED);
    assert_eq!(world.ask(&stranger, &[], &[response]), Ok(CertificateStatus::Unknown));
}

#[test]
fn openssl_prints_our_request_as_it_is_meant() {
    let world = world();
    let nonce = [0xab; 16];
    let request = ocsp::request(
        &world.good,
        &world.root,
        DigestAlgorithm::Sha1ForLegacyUseOnly,
        Some(&nonce),
    );
    world.pki.write("request.der", &request);
    let shown = openssl(world.pki.path(), &["ocsp", "-reqin", "request.der", "-req_text"]);
    let shown = String::from_utf8(shown).unwrap();
    // Their own request for the same certificate is the same but for the nonce.
    let theirs = ["ocsp", "-issuer", "root.pem", "-cert", "two.pem", "-no_nonce", "-reqout"];
    openssl(world.pki.path(), &[&theirs[..], &["theirs.der"]].concat());
    let sha1 = DigestAlgorithm::Sha1ForLegacyUseOnly;
    assert_eq!(world.pki.read("theirs.der"), ocsp::request(&world.good, &world.root, sha1, None));
    assert!(shown.contains("Hash Algorithm: sha1"), "{shown}");
    assert!(shown.contains("OCSP Nonce"), "{shown}");
}

#[test]
fn an_unauthorized_responder_is_refused_as_openssl_refuses_it() {
    let world = world();
    world.pki.issued("clerk", "root", LEAF);
    let clerk = ["-rsigner", "clerk.pem", "-rkey", "clerk.key"];
    let response = world.ocsp(&world.good, DigestAlgorithm::Sha256, &clerk);
    assert_eq!(world.ask(&world.good, &[], &[response]), Err(Rejection::UnauthorizedResponder));
    let peer = std::process::Command::new("openssl")
        .args(["ocsp", "-respin", "response.der", "-issuer", "root.pem", "-cert", "two.pem"])
        .args(["-sha256", "-CAfile", "root.pem"])
        .current_dir(world.pki.path())
        .output()
        .unwrap();
    assert!(!peer.status.success() || String::from_utf8_lossy(&peer.stderr).contains("rror"));
    // A whole authority of the same name beside.
    let other = Pki::new();
    other.key("root", P256);
    other.issue("root", "Root", "root", CA, &[]);
    other.issued("responder", "root", "extendedKeyUsage=OCSPSigning\n");
    other.write("index.txt", &world.pki.read("index.txt"));
    let request = ocsp::request(&world.good, &world.root, DigestAlgorithm::Sha256, None);
    other.write("request.der", &request);
    let arguments = ["ocsp", "-index", "index.txt", "-CA", "root.pem", "-reqin", "request.der"];
    openssl(other.path(), &[&arguments, &DELEGATED[..], &["-respout", "r.der"]].concat());
    let response = OcspResponse::from_der(&other.read("r.der")).unwrap();
    assert!(world.ask(&world.good, &[], &[response]).is_err());
}

#[test]
fn a_path_needs_fresh_status() {
    let world = world();
    let policy = PathPolicy::any_usage();
    let anchors = [TrustAnchor::from_certificate(world.root.clone())];
    let (crls, ocsp) =
        ([world.crl("users")], [world.ocsp(&world.good, DigestAlgorithm::Sha256, &DELEGATED)]);
    let check = |certificate: &Certificate, crls, ocsp, time| {
        let path = validate_path(certificate, &[], &anchors, &policy, time).unwrap();
        let evidence = StatusEvidence { certificates: &[], crls, ocsp };
        check_path(&path, evidence, &policy, Freshness::next_update(), time)
    };
    let week_later = Time::from_unix_seconds(world.now.as_unix_seconds() + 8 * 86_400);
    for (crls, ocsp) in [(&crls[..], &[][..]), (&[], &ocsp), (&crls, &ocsp)] {
        assert!(check(&world.good, crls, ocsp, world.now).is_ok());
        let stale = check(&world.good, crls, ocsp, week_later);
        assert!(matches!(stale, Err(RevocationError::NotFresh { .. })), "{stale:?}");
    }
    let none = check(&world.good, &[], &[], world.now);
    assert!(matches!(none, Err(RevocationError::NoStatus { .. })));
    // A revocation is told by a stale list too.
    for time in [world.now, week_later] {
        let bad = check(&world.revoked, &crls, &[], time);
        assert!(matches!(bad, Err(RevocationError::Revoked { .. })), "{bad:?}");
    }
}
