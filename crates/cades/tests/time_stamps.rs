//! RFC 3161 against `openssl ts` in both directions, and tokens that must not verify.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_cades::timestamp::{
    PkiFailureInfo, PkiStatus, ResponseError, ResponseMismatch, TokenError, TstInfoError,
};
use kyso_cades::{
    SignedData, SigningCertificateBinding, TimeStampRequest, TimeStampResponse, TimeStampToken,
    TokenFailure, VerifyFailure, oid, verify_token,
};
use kyso_x509::asn1::{self, tag};
use kyso_x509::{DigestAlgorithm, ObjectIdentifier};
use proptest::prelude::*;
use std::sync::LazyLock;
use support::tsa::{HONEST, request, signing_certificate_v1, tst_info};
use support::{KeyKind, Pki, Signer, openssl};

struct Fixture {
    pki: Pki,
    tsa: Signer,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let pki = Pki::new();
    let tsa = pki.tsa();
    Fixture { pki, tsa }
});

const STAMPED: &[u8] = b"a signature value";

fn failure(ber: &[u8]) -> TokenFailure {
    verify_token(&TimeStampToken::from_ber(ber).unwrap(), &[]).unwrap_err()
}

#[test]
fn openssl_answers_our_requests_and_we_accept_its_tokens() {
    let Fixture { pki, tsa } = &*FIXTURE;
    for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        for policy in [None, Some(ObjectIdentifier::new_unwrap("1.2.3.4.5"))] {
            let asked = TimeStampRequest { policy, ..request(algorithm.digest(STAMPED)) };
            let response =
                TimeStampResponse::from_der(&pki.openssl_reply(&asked.to_der())).unwrap();
            assert_eq!(response.status(), PkiStatus::Granted);
            let token = response.token();
            asked.check(token).unwrap();
            let verified = verify_token(token, &[]).unwrap();
            assert_eq!(verified.certificate(), &tsa.certificate);
            assert_eq!(
                verified.signing_certificate(),
                SigningCertificateBinding::V2(DigestAlgorithm::Sha256)
            );
            assert_eq!(verified.tsa_name_matches(), Some(true));
            let info = token.info();
            assert_eq!(info.accuracy_micros(), Some(1_500_100));
            assert!(info.ordering());
            let default = ObjectIdentifier::new_unwrap("1.2.3.4.1");
            assert_eq!(info.policy(), policy.unwrap_or(default));
        }
    }
}

#[test]
fn without_certificates_the_authority_is_found_among_the_others() {
    let Fixture { pki, tsa } = &*FIXTURE;
    let imprint = DigestAlgorithm::Sha256.digest(STAMPED);
    let asked = TimeStampRequest { cert_req: false, nonce: None, ..request(imprint) };
    let response = TimeStampResponse::from_der(&pki.openssl_reply(&asked.to_der())).unwrap();
    asked.check(response.token()).unwrap();
    assert!(matches!(
        verify_token(response.token(), &[]).unwrap_err(),
        TokenFailure::Signature(VerifyFailure::SigningCertificateNotFound { .. })
    ));
    verify_token(response.token(), std::slice::from_ref(&tsa.certificate)).unwrap();
}

#[test]
fn a_refusal_is_named() {
    let Fixture { pki, .. } = &*FIXTURE;
    let policy = Some(ObjectIdentifier::new_unwrap("1.2.3.4.99"));
    let asked = TimeStampRequest { policy, ..request(DigestAlgorithm::Sha256.digest(STAMPED)) };
    let refused = TimeStampResponse::from_der(&pki.openssl_reply(&asked.to_der())).unwrap_err();
    let ResponseError::Refused { status, failures, text } = refused else {
        panic!("{refused}");
    };
    assert_eq!((status, failures), (PkiStatus::Rejection, vec![PkiFailureInfo::UnacceptedPolicy]));
    assert!(!text.is_empty());
    // Granted without a token.
    let empty = asn1::sequence(&[asn1::sequence(&[asn1::small_integer(0)])]);
    assert_eq!(TimeStampResponse::from_der(&empty).unwrap_err(), ResponseError::TokenMissing);
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let Fixture { pki, tsa } = &*FIXTURE;
    let asked = request(DigestAlgorithm::Sha256.digest(STAMPED));
    let token = tsa.stamp(&asked.message_imprint);
    // Without nonce.
    assert_eq!(asked.check(&token), Err(ResponseMismatch::Nonce));
    let response = TimeStampResponse::from_der(&pki.openssl_reply(&asked.to_der())).unwrap();
    let replayed = TimeStampRequest { nonce: Some(vec![9]), ..asked.clone() };
    assert_eq!(replayed.check(response.token()), Err(ResponseMismatch::Nonce));
    let other = request(DigestAlgorithm::Sha256.digest(b"other"));
    assert!(matches!(other.check(response.token()), Err(ResponseMismatch::Imprint { .. })));
    let requested = ObjectIdentifier::new_unwrap("1.2.3.4.5");
    let applied = ObjectIdentifier::new_unwrap("1.2.3.4.1");
    let strict = TimeStampRequest { policy: Some(requested), ..asked.clone() };
    let mismatch = ResponseMismatch::Policy { requested, applied };
    assert_eq!(strict.check(response.token()), Err(mismatch));
    let bare = TimeStampRequest { cert_req: false, ..asked };
    assert_eq!(bare.check(response.token()), Err(ResponseMismatch::CertificatesUnwanted));
}

#[test]
fn openssl_accepts_a_token_of_ours() {
    let Fixture { pki, tsa } = &*FIXTURE;
    let imprint = DigestAlgorithm::Sha256.digest(STAMPED);
    let token = tsa.stamp(&imprint);
    verify_token(&token, &[]).unwrap();
    pki.openssl_verify_token(token.as_received(), &imprint).unwrap();
    let other = DigestAlgorithm::Sha256.digest(b"other");
    pki.openssl_verify_token(token.as_received(), &other).unwrap_err();
}

#[test]
fn a_certificate_for_anything_else_makes_no_time_stamps() {
    let Fixture { pki, .. } = &*FIXTURE;
    let email = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
    let imprint = DigestAlgorithm::Sha256.digest(STAMPED);
    for (name, from, to, expected) in [
        (
            "loose",
            "critical,timeStamping",
            "timeStamping",
            TokenFailure::ExtendedKeyUsageNotCritical,
        ),
        (
            "broad",
            "timeStamping",
            "timeStamping,emailProtection",
            TokenFailure::NotForTimeStampingAlone { other: email },
        ),
        ("mail", "timeStamping", "emailProtection", TokenFailure::NotForTimeStamping),
        (
            "none",
            "extendedKeyUsage=critical,timeStamping\n",
            "",
            TokenFailure::ExtendedKeyUsageMissing,
        ),
    ] {
        let tsa = pki.tsa_named(name, &HONEST.replace(from, to));
        let token = tsa.stamp(&imprint);
        assert_eq!(verify_token(&token, &[]).unwrap_err(), expected, "{name}");
    }
}

#[test]
fn a_token_is_bound_to_one_certificate() {
    let Fixture { pki, tsa } = &*FIXTURE;
    let info = tst_info(&DigestAlgorithm::Sha256.digest(STAMPED), "20260501000000Z");
    let own = &tsa.certificate;
    // The first version of the attribute is as good.
    let v1 = tsa.sign_token_with(&info, own, &[own], |attributes| {
        for attribute in attributes {
            if attribute.oid == oid::SIGNING_CERTIFICATE_V2 {
                attribute.oid = oid::SIGNING_CERTIFICATE;
                attribute.values = vec![signing_certificate_v1(own)];
            }
        }
    });
    let verified = verify_token(&TimeStampToken::from_ber(&v1).unwrap(), &[]).unwrap();
    assert_eq!(verified.signing_certificate(), SigningCertificateBinding::V1);
    // None at all.
    let unbound = tsa.sign_token_with(&info, own, &[own], |attributes| {
        attributes.retain(|attribute| attribute.oid != oid::SIGNING_CERTIFICATE_V2);
    });
    assert_eq!(failure(&unbound), TokenFailure::SigningCertificateMissing);
    // sid names another certificate of the same key than ESSCertIDv2.
    let twin = pki.certify_with("tsa-twin", "tsa", KeyKind::P256, HONEST);
    let substituted = tsa.sign_token_with(&info, &twin.certificate, &[&twin.certificate], |_| {});
    assert!(matches!(
        failure(&substituted),
        TokenFailure::Signature(VerifyFailure::SigningCertificateMismatch { .. })
    ));
}

#[test]
fn a_token_has_one_signer() {
    let Fixture { pki, tsa } = &*FIXTURE;
    let second = pki.tsa_named("second", HONEST);
    let info = tst_info(&DigestAlgorithm::Sha256.digest(STAMPED), "20260501000000Z");
    let token = SignedData::from_ber(&tsa.sign_tst_info(&info)).unwrap();
    let algorithm = second.algorithms()[0];
    let to_be_signed = kyso_cades::prepare(kyso_cades::SigningParameters {
        certificate: second.certificate.clone(),
        extra_certificates: Vec::new(),
        algorithm,
        content_type: oid::TST_INFO,
        message_digest: algorithm.cms_digest_algorithm().digest(&info),
        form: kyso_cades::Form::Pades,
    })
    .unwrap();
    let value = second.sign(algorithm, to_be_signed.bytes_to_sign());
    let two = token.with_signer(&to_be_signed.finish(&value)).unwrap();
    assert_eq!(failure(&two), TokenFailure::SignerCount { count: 2 });
}

#[test]
fn what_is_no_token_is_refused_by_name() {
    let Fixture { tsa, .. } = &*FIXTURE;
    let plain = tsa.detached(b"content");
    assert_eq!(
        TimeStampToken::from_ber(&plain).unwrap_err(),
        TokenError::NotTstInfo { content_type: oid::DATA }
    );
    let imprint = DigestAlgorithm::Sha256.digest(STAMPED);
    let read = |info: &[u8]| TimeStampToken::from_ber(&tsa.sign_tst_info(info)).unwrap_err();
    // Version 2.
    let mut info = tst_info(&imprint, "20260501000000Z");
    assert_eq!(info[4], 1);
    info[4] = 2;
    assert_eq!(read(&info), TokenError::TstInfo(TstInfoError::UnsupportedVersion { version: 2 }));
    // An unknown digest: the last arc of SHA-256 made another.
    let mut info = tst_info(&imprint, "20260501000000Z");
    let sha256 = DigestAlgorithm::Sha256.oid();
    let at = info.windows(sha256.as_bytes().len()).position(|one| one == sha256.as_bytes());
    info[at.unwrap() + sha256.as_bytes().len() - 1] = 0x7f;
    assert!(matches!(read(&info), TokenError::TstInfo(TstInfoError::ImprintAlgorithm(_))));
    // A critical extension.
    let unknown = ObjectIdentifier::new_unwrap("1.2.3.4.6");
    let extension = asn1::sequence(&[
        asn1::oid(unknown),
        asn1::tlv(tag::BOOLEAN, &[0xff]),
        asn1::tlv(tag::OCTET_STRING, b""),
    ]);
    let honest = tst_info(&imprint, "20260501000000Z");
    let extended = asn1::sequence(&[&honest[2..], &asn1::tlv(tag::context(1), &extension)]);
    let expected = TstInfoError::CriticalExtension { oid: unknown };
    assert_eq!(read(&extended), TokenError::TstInfo(expected));
}

#[test]
fn a_padded_token_is_that_of_a_document_time_stamp() {
    let token = FIXTURE.tsa.stamp(&DigestAlgorithm::Sha256.digest(STAMPED));
    let mut padded = token.as_received().to_vec();
    padded.extend([0; 100]);
    assert!(TimeStampToken::from_ber(&padded).is_err());
    assert_eq!(TimeStampToken::from_padded_ber(&padded).unwrap(), token);
}

#[test]
fn openssl_reads_our_request() {
    let Fixture { pki, .. } = &*FIXTURE;
    let asked = TimeStampRequest {
        policy: Some(ObjectIdentifier::new_unwrap("1.2.3.4.5")),
        ..request(DigestAlgorithm::Sha512.digest(STAMPED))
    };
    pki.write("ours.tsq", &asked.to_der());
    let text = openssl(pki.path(), &["ts", "-query", "-in", "ours.tsq", "-text"]);
    let text = String::from_utf8(text).unwrap();
    for line in [
        "Hash Algorithm: sha512",
        "Policy OID: 1.2.3.4.5",
        "Nonce: 0xF102030405060708",
        "Certificate required: yes",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_flipped_bit_of_what_the_authority_signed_verifies_nothing(seed: usize, bit in 0..8_u8) {
        static TOKEN: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let imprint = DigestAlgorithm::Sha256.digest(STAMPED);
            FIXTURE.tsa.stamp(&imprint).as_received().to_vec()
        });
        let honest = TimeStampToken::from_ber(&TOKEN).unwrap();
        let mut ber = TOKEN.clone();
        let position = seed % ber.len();
        ber[position] ^= 1 << bit;
        if let Ok(token) = TimeStampToken::from_ber(&ber)
            && let Ok(verified) = verify_token(&token, &[])
        {
            prop_assert_eq!(token.info(), honest.info());
            prop_assert_eq!(verified.certificate(), &FIXTURE.tsa.certificate);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = TimeStampToken::from_ber(&bytes);
        let _ = TimeStampResponse::from_der(&bytes);
        let _ = kyso_cades::TstInfo::from_der(&bytes);
    }
}
