//! OpenSSL judges what the infrastructure makes.

use kyso_testkit::peer::{Verdict, openssl, run};
use kyso_testkit::pki::cms::SigningCertificate;
use kyso_testkit::pki::crl::Scope;
use kyso_testkit::pki::ocsp::{CertId, Response, Single, Status};
use kyso_testkit::pki::tsp::{self, Token};
use kyso_testkit::pki::{Crl, Entity, Hash, Hierarchy, Key, Keys, Plan, Reason, Template};
use kyso_testkit::{Subject, authority::certificate_pem};
use std::fs;
use std::path::PathBuf;

// 2026-01-01.
const BEGIN: i64 = 1_767_225_600;
const DAY: i64 = 86_400;
const NOW: i64 = BEGIN + 100 * DAY;

struct Bench {
    folder: tempfile::TempDir,
    hierarchy: Hierarchy,
}

impl Bench {
    fn new() -> Self {
        Self::of(Hierarchy::new(&Plan::new(BEGIN, BEGIN + 300 * DAY), Keys::Fixed))
    }

    fn of(hierarchy: Hierarchy) -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap(), hierarchy };
        bench.write("root.pem", bench.hierarchy.root.pem());
        bench.write("ca.pem", bench.hierarchy.authority.pem());
        bench.write("signer.pem", bench.hierarchy.signer.pem());
        bench.write("tsa.pem", bench.hierarchy.time_stamping.pem());
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs openssl; words that begin with `@` are files of the folder.
    fn openssl(&self, command: &str) -> Verdict {
        let words = command.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).into_os_string(),
            None => word.into(),
        });
        run("openssl", words)
    }

    /// `openssl verify` of the signer with two lists.
    fn verify_with_lists(&self, list: &[u8]) -> Result<(), String> {
        let pem = |der: &[u8]| der_pem("X509 CRL", der);
        let root_list = self.hierarchy.root_crl(NOW - DAY, NOW + DAY);
        self.write("lists.pem", pem(&root_list) + &pem(list));
        let verdict = self.openssl(&format!(
            "verify -x509_strict -crl_check_all -extended_crl -attime {NOW} -CAfile @root.pem \
             -untrusted @ca.pem -CRLfile @lists.pem @signer.pem"
        ));
        if verdict.success { Ok(()) } else { Err(verdict.stderr) }
    }

    /// `openssl ocsp -respin` about the signer.
    fn respin(&self, response: &[u8]) -> String {
        self.write("response.der", response);
        let verdict = self.openssl(&format!(
            "ocsp -respin @response.der -issuer @ca.pem -cert @signer.pem -CAfile @root.pem \
             -verify_other @ca.pem -attime {NOW} -no_nonce -validity_period 9999999999"
        ));
        verdict.text() + &verdict.stderr
    }

    /// `openssl ts -verify` of a token over `document`.
    fn verify_token(&self, token: &[u8], document: &[u8]) -> Result<(), String> {
        self.write("token.der", token);
        self.write("document", document);
        let verdict = self.openssl(&format!(
            "ts -verify -attime {NOW} -token_in -in @token.der -data @document -CAfile @root.pem \
             -untrusted @ca.pem"
        ));
        if verdict.success { Ok(()) } else { Err(verdict.text() + &verdict.stderr) }
    }
}

fn der_pem(label: &str, der: &[u8]) -> String {
    certificate_pem(der).replace("CERTIFICATE", label)
}

fn subject(name: &str) -> Subject {
    Subject::new().country("VN").common_name(name)
}

#[test]
fn openssl_checks_the_path_against_the_lists() {
    let bench = Bench::new();
    let Hierarchy { authority, signer, .. } = &bench.hierarchy;
    let list = || Crl::new(NOW - DAY, NOW + DAY).number(7);
    bench.verify_with_lists(&list().signed_by(authority)).unwrap();
    bench.verify_with_lists(&list().expired_since(BEGIN).signed_by(authority)).unwrap();

    let revoked = list().revoke(signer.serial(), NOW - 2 * DAY, Some(Reason::KeyCompromise));
    let refused = bench.verify_with_lists(&revoked.signed_by(authority)).unwrap_err();
    assert!(refused.contains("certificate revoked"), "{refused}");
    let other = list().revoke(&[0x55, 1], NOW - 2 * DAY, None).signed_by(authority);
    bench.verify_with_lists(&other).unwrap();

    let late = Crl::new(NOW - 9 * DAY, NOW - 8 * DAY).signed_by(authority);
    let refused = bench.verify_with_lists(&late).unwrap_err();
    assert!(refused.contains("CRL has expired"), "{refused}");

    let only = |scope: Scope| list().scope(&scope).signed_by(authority);
    bench
        .verify_with_lists(&only(Scope { only_user_certificates: true, ..Scope::default() }))
        .unwrap();
    let authorities = Scope { only_authority_certificates: true, ..Scope::default() };
    let refused = bench.verify_with_lists(&only(authorities)).unwrap_err();
    assert!(refused.contains("CRL"), "{refused}");
}

#[test]
fn openssl_reads_every_part_of_a_list() {
    let bench = Bench::new();
    let Hierarchy { authority, signer, crl_issuer, .. } = &bench.hierarchy;
    use kyso_testkit::pki::crl::{certificate_issuer, invalidity_date, reason_code};
    let scope = Scope {
        uris: vec!["http://127.0.0.1/indirect.crl".to_owned()],
        indirect: true,
        only_reasons: Some(0x60),
        ..Scope::default()
    };
    let list = Crl::new(NOW, NOW + DAY)
        .number(70_000)
        .delta_of(65_535)
        .scope(&scope)
        .entry(
            signer.serial(),
            NOW - DAY,
            &[
                reason_code(Reason::CertificateHold),
                invalidity_date(NOW - 3 * DAY),
                certificate_issuer(&authority.name),
            ],
        )
        .signed_by(crl_issuer);
    bench.write("list.der", list);
    let text = bench.openssl("crl -inform DER -noout -text -in @list.der").expect_success();
    let text = String::from_utf8(text).unwrap();
    for expected in [
        "kyso test CRL issuer",
        "70000",
        "Delta CRL Indicator",
        "65535",
        "Indirect CRL",
        "Only Some Reasons",
        "Key Compromise, CA Compromise",
        "Certificate Hold",
        "Invalidity Date",
        "kyso test issuing CA",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn openssl_accepts_the_responses() {
    let bench = Bench::new();
    let Hierarchy { authority, signer, responder, .. } = &bench.hierarchy;
    let id = |hash| CertId::new(&signer.certificate, &authority.certificate, hash);
    let response = |status| {
        Response::new(Single::new(id(Hash::Sha1), status, NOW - 60, NOW + DAY))
            .carrying(&responder.certificate)
    };
    let good = response(Status::Good);
    for one in [good.clone(), good.clone().by_key(), good.clone().nonce(b"0123456789abcdef")] {
        let said = bench.respin(&one.signed_by(responder));
        assert!(said.contains("Response verify OK"), "{said}");
        assert!(said.contains("signer.pem: good"), "{said}");
    }
    // The authority itself answers without a certificate.
    let by_authority = Response { certificates: Vec::new(), ..good };
    let said = bench.respin(&by_authority.signed_by(authority));
    assert!(said.contains("Response verify OK") && said.contains(": good"), "{said}");

    let revoked = Status::Revoked(NOW - DAY, Some(Reason::Superseded));
    let said = bench.respin(&response(revoked).signed_by(responder));
    assert!(said.contains("revoked") && said.contains("superseded"), "{said}");
    let said = bench.respin(&response(Status::Unknown).signed_by(responder));
    assert!(said.contains("signer.pem: unknown"), "{said}");
    let single = Single::new(id(Hash::Sha256), Status::Good, NOW, NOW + DAY).archive_cutoff(BEGIN);
    let text = bench.respin(&Response::new(single).signed_by(signer));
    assert!(text.contains("Response Verify Failure"), "a signer is no responder: {text}");
}

#[test]
fn openssl_accepts_the_time_stamps() {
    let bench = Bench::new();
    let Hierarchy { authority, signer, time_stamping, .. } = &bench.hierarchy;
    let document = b"Quyet dinh";
    let token = |hash: Hash| {
        Token::new(hash, &hash.digest(document), NOW)
            .carrying(&time_stamping.certificate)
            .accurate_to(1, 500, 100)
    };
    for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        bench.verify_token(&token(hash).signed_by(time_stamping), document).unwrap();
    }
    let odd = Token {
        ordering: true,
        gen_time_millis: 250,
        nonce: Some(vec![0x7F, 1]),
        tsa_name: true,
        signing_certificate: SigningCertificate::V1,
        ..token(Hash::Sha256)
    };
    bench.verify_token(&odd.signed_by(time_stamping), document).unwrap();
    let sha512 =
        Token { signing_certificate: SigningCertificate::V2(Hash::Sha512), ..token(Hash::Sha256) };
    bench.verify_token(&sha512.signed_by(time_stamping), document).unwrap();

    let honest = token(Hash::Sha256).signed_by(time_stamping);
    let refused = bench.verify_token(&honest, b"another").unwrap_err();
    assert!(refused.contains("message imprint mismatch"), "{refused}");
    let nameless =
        Token { signing_certificate: SigningCertificate::Missing, ..token(Hash::Sha256) };
    let refused = bench.verify_token(&nameless.signed_by(time_stamping), document).unwrap_err();
    assert!(refused.contains("ess"), "{refused}");
    // A signer of documents stamps no time.
    let foreign = Token::new(Hash::Sha256, &Hash::Sha256.digest(document), NOW)
        .carrying(&signer.certificate)
        .signed_by(signer);
    bench.verify_token(&foreign, document).unwrap_err();
    // Nor does one whose purpose is not critical.
    use kyso_testkit::pki::extension::{TIME_STAMPING, extended_key_usage};
    let lax = Template::time_stamping(&subject("Lax"), BEGIN, NOW + DAY)
        .with(extended_key_usage(false, &[TIME_STAMPING]));
    let lax = authority.issue(&lax, Key::p256());
    let lax_token = Token::new(Hash::Sha256, &Hash::Sha256.digest(document), NOW)
        .carrying(&lax.certificate)
        .signed_by(&lax);
    bench.verify_token(&lax_token, document).unwrap_err();
}

#[test]
fn openssl_reads_answers_of_an_authority() {
    let bench = Bench::new();
    let token = bench.hierarchy.time_stamp(Hash::Sha256, &[7; 32], NOW);
    bench.write("reply.der", tsp::granted(&token));
    let text = bench.openssl("ts -reply -in @reply.der -text").expect_success();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("Status: Granted."), "{text}");
    for (failure, said) in [
        (tsp::Failure::BadAlg, "unrecognized or unsupported algorithm"),
        (tsp::Failure::UnacceptedPolicy, "the requested TSA policy is not supported"),
        (tsp::Failure::SystemFailure, "the request cannot be handled due to system failure"),
    ] {
        bench.write("reply.der", tsp::rejected(failure));
        let text = bench.openssl("ts -reply -in @reply.der -text").expect_success();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("Status: Rejected.") && text.contains(said), "{text}");
    }
}

#[test]
fn every_kind_of_key_signs() {
    let rsa = openssl::rsa_key_pem(2048);
    let legacy = kyso_testkit::SoftKey::generate(kyso_testkit::Curve::P256);
    let keys = [
        Key::p256(),
        Key::p384(),
        Key::ed25519(),
        Key::rsa(&openssl::pkcs8_der(&rsa)),
        Key::ecdsa(legacy, Hash::Sha512),
    ];
    for key in keys {
        let mut hierarchy = Bench::new().hierarchy;
        let plan = Plan::new(BEGIN, BEGIN + 300 * DAY);
        hierarchy.root = Entity::root(&plan.root, key.clone());
        hierarchy.authority = hierarchy.root.issue(&plan.authority, key.clone());
        hierarchy.signer = hierarchy.authority.issue(&plan.signer, key);
        let bench = Bench::of(hierarchy);
        bench.verify_with_lists(&bench.hierarchy.crl(NOW, NOW + DAY)).unwrap();
    }
}

#[test]
fn a_message_is_cms() {
    use kyso_testkit::pki::cms::{DATA, Message};
    let bench = Bench::new();
    let Hierarchy { authority, signer, .. } = &bench.hierarchy;
    let mut message = Message::new(DATA, b"content")
        .carrying(&signer.certificate)
        .carrying(&authority.certificate);
    message.signing_time = Some(NOW);
    bench.write("message.der", message.signed_by(signer));
    let command = format!(
        "cms -verify -cades -binary -inform DER -in @message.der -attime {NOW} -purpose any \
         -CAfile @root.pem"
    );
    assert_eq!(bench.openssl(&command).expect_success(), b"content");
}
