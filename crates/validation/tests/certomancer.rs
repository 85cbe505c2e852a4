//! Signatures of an infrastructure that certomancer runs: its certificates, CRLs, OCSP responses and time-stamps.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

use kyso_cades::{
    ContentDigests, SignedData, TimeStampRequest, TimeStampResponse, signature_imprint,
};
use kyso_testkit::peer::certomancer::Certomancer;
use kyso_testkit::pki::certificate::Facts;
use kyso_testkit::pki::cms::{DATA, Message};
use kyso_testkit::pki::{Entity, Key};
use kyso_validation::evidence::Evidence;
use kyso_validation::policy::Policy;
use kyso_validation::trust::{Trust, TrustStore};
use kyso_validation::{Context, validate_cms_signer};
use kyso_x509::path::{Moment, PathPolicy, TrustAnchor};
use kyso_x509::revocation::{CertificateStatus, Query, find_statuses};
use kyso_x509::{
    Certificate, CertificateList, DigestAlgorithm, OcspResponse, RevocationReason, Time, ocsp,
};
use std::sync::Arc;

const CONTENT: &[u8] = "Quyết định".as_bytes();
const DAY: i64 = 86_400;
/// 2026-05-10T00:00:00Z.
const MAY: i64 = 1_778_371_200;
/// 2026-06-01T00:00:00Z: `revoked` is revoked.
const JUNE: i64 = 1_780_272_000;
/// 2026-07-01T00:00:00Z.
const JULY: i64 = 1_782_864_000;

struct World {
    _folder: tempfile::TempDir,
    certomancer: Certomancer,
    root: Certificate,
    issuing: Certificate,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certomancer = Certomancer::new(folder.path());
        let certificate = |label| Certificate::from_der(&certomancer.certificate(label)).unwrap();
        let (root, issuing) = (certificate("root"), certificate("issuing"));
        Self { _folder: folder, certomancer, root, issuing }
    }

    fn signer(&self, label: &str, key: &kyso_testkit::SoftKey) -> Entity {
        let certificate = self.certomancer.certificate(label);
        let name = Facts::of(&certificate).unwrap().subject.to_vec();
        Entity { key: Key::from(key.clone()), name, certificate }
    }

    fn crl(&self, label: &str, time: i64) -> CertificateList {
        CertificateList::from_der(&self.certomancer.crl(label, time)).unwrap()
    }

    fn ocsp(&self, certificate: &Certificate, time: i64) -> OcspResponse {
        let nonce = [9; 16];
        let digest = DigestAlgorithm::Sha1ForLegacyUseOnly;
        let request = ocsp::request(certificate, &self.issuing, digest, Some(&nonce));
        let response = OcspResponse::from_der(&self.certomancer.ocsp(&request, time)).unwrap();
        assert_eq!(response.nonce(), Some(&nonce[..]));
        response
    }

    /// Level B-T: signed by this entity and stamped at a time.
    fn stamped(&self, signer: &Entity, time: i64) -> SignedData {
        let message =
            Message { detached: true, ..Message::new(DATA, CONTENT) }.carrying(&signer.certificate);
        let signed = SignedData::from_ber(&message.signed_by(signer)).unwrap();
        let request = TimeStampRequest {
            message_imprint: signature_imprint(&signed.signer_infos()[0], DigestAlgorithm::Sha256),
            nonce: Some(vec![5, 6, 7, 8]),
            policy: None,
            cert_req: true,
        };
        let answer = self.certomancer.time_stamp(&request.to_der(), time);
        let answer = TimeStampResponse::from_der(&answer).unwrap();
        let token = answer.token();
        request.check(token).unwrap();
        assert_eq!(token.info().gen_time(), Time::from_unix_seconds(time));
        signed.with_signature_time_stamp(0, token).unwrap()
    }

    fn verdict(&self, signed: &SignedData, evidence: &Evidence, time: i64) -> String {
        let policy = Policy::built_in("vn-public-service").unwrap();
        let trust = Trust {
            stores: vec![TrustStore {
                name: "test".to_owned(),
                anchors: vec![TrustAnchor::from_certificate(self.root.clone())],
                policy: Arc::new(policy),
            }],
            candidates: vec![self.issuing.clone()],
        };
        let context = Context {
            trust: &trust,
            evidence,
            policy: None,
            validation_time: Time::from_unix_seconds(time),
            paths: None,
        };
        let digests = [DigestAlgorithm::Sha256];
        let content = ContentDigests::of_bytes(&digests, CONTENT);
        let report = validate_cms_signer(signed, 0, Some(&content), &context);
        report.indication.to_string()
    }

    /// The lists of both authorities at a time.
    fn lists(&self, time: i64) -> Evidence {
        let crls = vec![self.crl("root", time), self.crl("issuing", time)];
        Evidence { crls, ..Evidence::default() }
    }
}

#[test]
fn a_signature_with_its_time_stamp_passes() {
    let world = World::new();
    let signer = world.signer("signer", world.certomancer.signer_key());
    let certificate = Certificate::from_der(&signer.certificate).unwrap();
    let signed = world.stamped(&signer, MAY);
    let now = MAY + DAY;
    assert_eq!(world.verdict(&signed, &world.lists(now), now + 60), "TOTAL-PASSED");
    // By the responder, the list of the authority serving its time-stamping unit alone.
    let mut evidence = world.lists(now);
    evidence.ocsp.push(world.ocsp(&certificate, now));
    assert_eq!(world.verdict(&signed, &evidence, now + 60), "TOTAL-PASSED");
    // Without any status.
    let nothing = Evidence::default();
    assert_eq!(world.verdict(&signed, &nothing, now), "INDETERMINATE (TRY_LATER)");
}

#[test]
fn a_revocation_counts_from_its_time_on() {
    let world = World::new();
    let signer = world.signer("revoked", world.certomancer.revoked_key());
    let evidence = world.lists(JULY);
    let before = world.stamped(&signer, MAY);
    assert_eq!(world.verdict(&before, &evidence, JULY + 60), "TOTAL-PASSED");
    let after = world.stamped(&signer, JUNE + DAY);
    assert_eq!(world.verdict(&after, &evidence, JULY + 60), "INDETERMINATE (REVOKED_NO_POE)");
}

#[test]
fn lists_and_responses_say_the_same() {
    let world = World::new();
    let anchors = [TrustAnchor::from_certificate(world.root.clone())];
    let candidates = [world.issuing.clone()];
    for (label, time, revoked) in
        [("signer", JULY, false), ("revoked", MAY, false), ("revoked", JULY, true)]
    {
        let certificate = Certificate::from_der(&world.certomancer.certificate(label)).unwrap();
        let (crls, ocsp) = ([world.crl("issuing", time)], [world.ocsp(&certificate, time)]);
        let found = find_statuses(&Query {
            certificate: &certificate,
            issuer: &world.issuing,
            candidates: &candidates,
            anchors: &anchors,
            crls: &crls,
            ocsp: &ocsp,
            policy: &PathPolicy::any_usage(),
            moment: Moment::At(Time::from_unix_seconds(time)),
        });
        assert!(found.rejected.is_empty(), "{:?}", found.rejected);
        assert_eq!(found.records.len(), 2, "one by the list, one by the responder");
        for record in &found.records {
            match &record.status {
                CertificateStatus::Revoked(entry) => {
                    assert!(revoked);
                    assert_eq!(entry.reason, RevocationReason::KeyCompromise);
                    assert_eq!(entry.revocation_date, Time::from_unix_seconds(JUNE));
                }
                status => assert!(!revoked && *status == CertificateStatus::Good, "{status:?}"),
            }
        }
    }
}
