//! The examples of RFC 7515, RFC 7797 and RFC 8037, under certificates made for their keys.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_jades::{AlgorithmRefusal, Content, Jws, Limits, VerifyFailure, base64, verify};
use kyso_testkit::pki::key::Key;
use serde_json::Value;
use support::Signer;

#[test]
fn the_examples_of_the_standards_verify_or_are_refused_by_name() {
    let cases: Vec<Value> =
        serde_json::from_slice(&kyso_test_vectors::bytes("jose/rfc.json")).unwrap();
    assert_eq!(cases.len(), 11);
    for case in cases {
        let source = case["source"].as_str().unwrap();
        let payload = base64::decode_url(case["payload"].as_str().unwrap()).unwrap();
        let index = case["index"].as_u64().unwrap_or_default();
        let signer = case["key"].as_str().map(|hex| Signer::new(Key::public(&unhex(hex))));
        let certificates: Vec<_> = signer.iter().map(Signer::certificate).collect();
        let text = case["jws"].as_str().unwrap();
        let all = Jws::read_all(text.as_bytes(), &Limits::documents()).expect(source);
        let jws = &all[usize::try_from(index).unwrap()];
        let verified = verify(jws, Content::Attached, &certificates);
        match case["expect"].as_str().unwrap() {
            "verified" => assert_eq!(verified.expect(source).payload().unwrap(), payload),
            "none" => refused(source, verified.err(), AlgorithmRefusal::None),
            "hmac" => refused(source, verified.err(), AlgorithmRefusal::Hmac),
            other => panic!("{source}: {other}"),
        }
        // Any other payload does not verify.
        if certificates.is_empty() {
            continue;
        }
        let changed = text.replacen("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb2Vi", 1);
        if changed != text {
            let all = Jws::read_all(changed.as_bytes(), &Limits::documents()).expect(source);
            let failure =
                verify(&all[usize::try_from(index).unwrap()], Content::Attached, &certificates);
            assert_eq!(failure.err(), Some(VerifyFailure::BadSignature), "{source}");
        }
    }
}

fn refused(source: &str, failure: Option<VerifyFailure>, refusal: AlgorithmRefusal) {
    assert_eq!(failure, Some(VerifyFailure::AlgorithmRefused(refusal)), "{source}");
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
