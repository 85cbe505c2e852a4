//! `Bundle.signature`: made, verified, held against jwcrypto, and attacked.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_jades::fhir::{
    BundleFailure, BundleSigningParameters, FhirError, NumberForm, PURPOSE_SYSTEM, Purpose,
    SignatureElement, SignedBundle, TARGET_FORMAT, canonical_document, prepare_bundle,
    verify_bundle,
};
use kyso_jades::{BaselineLevel, Limits, VerifyFailure, level};
use kyso_x509::Time;
use support::{OpensslKey, SIGNING_TIME, Signer, jwcrypto};

const AUTHOR: &str = "1.2.840.10065.1.12.1.1";

fn limits() -> Limits {
    Limits::documents()
}

fn bundle() -> String {
    String::from_utf8(kyso_test_vectors::bytes("fhir/bundle.json")).unwrap()
}

fn parameters(signer: &Signer, numbers: NumberForm) -> BundleSigningParameters {
    BundleSigningParameters {
        certificate: signer.certificate(),
        issuers: vec![signer.issuer()],
        algorithm: signer.algorithm(),
        signing_time: Time::from_unix_seconds(SIGNING_TIME),
        purposes: vec![Purpose { code: AUTHOR.to_owned(), display: "Tác giả ký".to_owned() }],
        who: "Practitioner/17".to_owned(),
        numbers,
    }
}

fn signed(text: &str, signer: &Signer, numbers: NumberForm) -> String {
    let parameters = parameters(signer, numbers);
    let prepared = prepare_bundle(text.as_bytes(), &parameters, &limits()).unwrap();
    let value = signer.value(prepared.to_be_signed().bytes_to_sign());
    prepared.to_be_signed().verify(&value).unwrap();
    String::from_utf8(prepared.finish(&value).unwrap()).unwrap()
}

/// What verification says: the way numbers were written, or why not.
fn judge(text: &str) -> Result<NumberForm, String> {
    let bundle = SignedBundle::read(text.as_bytes(), &limits()).map_err(|e| format!("{e:?}"))?;
    let jws = bundle.jws(&limits()).map_err(|error| format!("{error:?}"))?;
    let forms = bundle.canonical_forms();
    let verified = verify_bundle(&bundle, &jws, &forms, &[]).map_err(|e| format!("{e:?}"))?;
    assert!(verified.purposes_signed());
    assert_eq!(level(&jws, verified.jws(), &[]), Some(BaselineLevel::B));
    Ok(verified.numbers())
}

#[test]
fn the_canonical_form_is_that_of_the_vector() {
    let expected =
        String::from_utf8(kyso_test_vectors::bytes("fhir/bundle.canonical.json")).unwrap();
    for numbers in [NumberForm::Rfc8785, NumberForm::AsWritten] {
        let form = canonical_document(bundle().as_bytes(), numbers, &limits()).unwrap();
        assert_eq!(form, expected.trim_end());
        // It is its own canonical form.
        assert_eq!(canonical_document(form.as_bytes(), numbers, &limits()).unwrap(), form);
    }
}

/// RFC 8785 §3.2.3: its example of sorting, in a bundle.
#[test]
fn names_are_sorted_by_utf_16_code_units() {
    let text = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
        "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",
        "resourceType":"Bundle"}"#;
    let form = canonical_document(text.as_bytes(), NumberForm::Rfc8785, &limits()).unwrap();
    let places = ["\\r", "1", "resourceType", "\u{80}", "ö", "€", "😀", "\u{fb33}"]
        .map(|name| form.find(&format!("\"{name}\":")).unwrap());
    assert!(places.is_sorted(), "{form}");
}

#[test]
fn a_signed_bundle_keeps_its_text_and_verifies() {
    let (text, signer) = (bundle(), Signer::p256());
    let whole = signed(&text, &signer, NumberForm::Rfc8785);
    let end = text.rfind('}').unwrap();
    assert_eq!(&whole[..end], &text[..end]);
    assert!(whole.ends_with("}\n"));
    assert_eq!(judge(&whole), Ok(NumberForm::Rfc8785));
    let read = SignedBundle::read(whole.as_bytes(), &limits()).unwrap();
    assert_eq!(read.when(), Time::from_unix_seconds(SIGNING_TIME));
    assert_eq!(read.who().reference.as_deref(), Some("Practitioner/17"));
    assert_eq!(read.purposes()[0].code.as_deref(), Some(AUTHOR));
    // Moving the bundle to another server breaks nothing, nor does other white space.
    let moved =
        whole.replace("\"benh-an-17\"", "\"another\"").replace("\"versionId\": \"1\"", "\"a\": 1");
    assert_eq!(judge(&moved), Ok(NumberForm::Rfc8785));
    let value: serde_json::Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(judge(&value.to_string()), Ok(NumberForm::Rfc8785));
    let again =
        prepare_bundle(whole.as_bytes(), &parameters(&signer, NumberForm::Rfc8785), &limits());
    assert_eq!(again.err(), Some(FhirError::AlreadySigned));
}

#[test]
fn precision_is_signed_where_it_is_asked_for() {
    let (text, signer) = (bundle().replace("6.3,", "6.30,"), Signer::p256());
    let whole = signed(&text, &signer, NumberForm::AsWritten);
    assert_eq!(judge(&whole), Ok(NumberForm::AsWritten));
    let bad = format!("{:?}", BundleFailure::Signature(VerifyFailure::BadSignature));
    assert_eq!(judge(&whole.replace("6.30,", "6.3,")), Err(bad.clone()));
    let whole = signed(&text, &signer, NumberForm::Rfc8785);
    assert_eq!(judge(&whole.replace("6.30,", "6.3,")), Ok(NumberForm::Rfc8785));
    assert_eq!(judge(&whole.replace("6.30,", "6.31,")), Err(bad));
    let long = text.replace("6.30,", "6.3000000000000000001,");
    let parameters = |numbers| parameters(&signer, numbers);
    let refused = prepare_bundle(long.as_bytes(), &parameters(NumberForm::Rfc8785), &limits());
    assert_eq!(refused.err(), Some(FhirError::Number { offset: long.find("6.300").unwrap() }));
    assert_eq!(judge(&signed(&long, &signer, NumberForm::AsWritten)), Ok(NumberForm::AsWritten));
}

#[test]
fn attacks_on_bundles_end_by_name() {
    let (text, signer) = (bundle(), Signer::p256());
    let whole = signed(&text, &signer, NumberForm::Rfc8785);
    let bad = "Signature(BadSignature)";
    for (class, changed, ends) in [
        ("value changed", whole.replace("mmol/L", "mg/dL"), bad),
        (
            "member added",
            whole.replace("\"type\": \"document\"", "\"type\": \"document\", \"total\": 1"),
            bad,
        ),
        ("member taken away", whole.replace("\"valueBoolean\": true,", ""), bad),
        ("id of a resource changed", whole.replace("\"to-bia\"", "\"x\""), bad),
        ("entries turned", whole.replace("0c3151bd", "11111111"), bad),
        (
            "time changed",
            whole.replace("\"when\":\"2026-05-01T00:00:00Z\"", "\"when\":\"2026-05-01T00:00:01Z\""),
            "WhenDiffers",
        ),
        (
            "time changed by its zone",
            whole.replace(
                "\"when\":\"2026-05-01T00:00:00Z\"",
                "\"when\":\"2026-05-01T00:00:00+07:00\"",
            ),
            "WhenDiffers",
        ),
        (
            "reason changed",
            whole.replace(AUTHOR, "1.2.840.10065.1.12.1.5"),
            "TypeDiffers { index: 0 }",
        ),
        (
            "reason of another system",
            whole.replace(PURPOSE_SYSTEM, "urn:x"),
            "TypeDiffers { index: 0 }",
        ),
        (
            "two signatures",
            whole.replace("\"signature\":", "\"signature\":{},\"signature\":"),
            "Json(DuplicateMember",
        ),
        (
            "another canonical form",
            whole.replace("json#document", "json#narrative"),
            "UnsupportedCanonicalization",
        ),
        (
            "no canonical form",
            whole.replace(TARGET_FORMAT, "application/fhir+json"),
            "UnsupportedCanonicalization",
        ),
        (
            "picture of a signature",
            whole.replace("application/jose", "image/png"),
            "UnsupportedSignatureFormat",
        ),
        ("no time", whole.replace("\"when\"", "\"wann\""), "Malformed(When)"),
        ("no signer", whole.replace("\"who\"", "\"wer\""), "Malformed(Who)"),
        ("no bundle", whole.replace("\"Bundle\"", "\"Parameters\""), "NotABundle"),
        ("unsigned", text, "SignatureMissing"),
    ] {
        assert_ne!(changed, whole, "{class}");
        let ended = judge(&changed).unwrap_err();
        assert!(ended.starts_with(ends), "{class}: {ended}");
    }
    // The same time in another zone is no attack.
    let zoned = whole
        .replace("\"when\":\"2026-05-01T00:00:00Z\"", "\"when\":\"2026-05-01T07:00:00.000+07:00\"");
    assert_eq!(judge(&zoned), Ok(NumberForm::Rfc8785));
    // A signature with a payload of its own says nothing about the bundle.
    let attached = signer.sign(&signer.jades(kyso_jades::Payload::Attached(b"{}")));
    let (before, after) = whole.split_once("\"data\":\"").unwrap();
    let (_, after) = after.split_once('"').unwrap();
    let data = kyso_jades::base64::encode(attached);
    let ended = judge(&format!("{before}\"data\":\"{data}\"{after}")).unwrap_err();
    assert!(ended.starts_with("PayloadAttached"), "{ended}");
    assert_eq!(
        SignedBundle::read(whole.replace("\"data\"", "\"daten\"").as_bytes(), &limits()).err(),
        Some(FhirError::Malformed(SignatureElement::Data))
    );
}

#[test]
fn jwcrypto_verifies_our_bundle_and_we_verify_its() {
    let folder = tempfile::tempdir().unwrap();
    let signer = Signer::p256();
    // Python writes small numbers in another way than RFC 8785.
    let text = bundle().replace("0.000001", "0.5");
    let certificate = folder.path().join("signer.pem");
    std::fs::write(&certificate, signer.certificate().to_pem()).unwrap();
    let theirs = OpensslKey::new(folder.path(), kyso_jades::JwsAlgorithm::Rs256);
    let x5c = kyso_jades::base64::encode(theirs.certificate.as_der());
    let x5t = kyso_jades::base64::encode_url(theirs.certificate.sha256_fingerprint().as_bytes());
    let protected = serde_json::json!({
        "alg": "RS256", "x5c": [x5c], "x5t#S256": x5t, "sigT": "2026-05-01T00:00:00Z",
        "srCms": [{"commId": {"id": format!("urn:oid:{AUTHOR}"), "desc": "Author"}}],
    });
    let answers = jwcrypto(&[
        serde_json::json!({
            "do": "verify-bundle", "key": certificate, "alg": "ES256",
            "bundle": signed(&text, &signer, NumberForm::Rfc8785),
        }),
        serde_json::json!({
            "do": "sign-bundle", "key": theirs.path, "bundle": text,
            "protected": protected.to_string(),
            "signature": {
                "type": [{"system": PURPOSE_SYSTEM, "code": AUTHOR}],
                "when": "2026-05-01T07:00:00+07:00",
                "who": {"reference": "Practitioner/17"},
                "targetFormat": TARGET_FORMAT,
                "sigFormat": "application/jose",
            },
        }),
    ]);
    assert_eq!(answers[0], "2026-05-01T00:00:00Z");
    assert_eq!(judge(&answers[1]), Ok(NumberForm::Rfc8785));
}
