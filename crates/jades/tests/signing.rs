//! What is signed here verifies here, with its level; what is changed does not.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_cades::{SigningCertificateBinding, TimeStampToken};
use kyso_jades::{
    AugmentError, BaselineLevel, Commitment, Content, Form, Incorporation, Jws, JwsAlgorithm,
    Limits, Payload, PrepareError, Serialization, SigningParameters, VerifiedContent,
    VerifyFailure, add_signature_time_stamp, base64, level, prepare, verify,
};
use kyso_testkit::pki::hierarchy::{Hierarchy, Keys, Plan};
use kyso_testkit::pki::key::{Hash, Key};
use kyso_x509::{Certificate, DigestAlgorithm, Time};
use proptest::prelude::*;
use std::sync::LazyLock;
use support::{OpensslKey, SIGNING_TIME, Signer};

fn limits() -> Limits {
    Limits::documents()
}

#[test]
fn every_algorithm_signs_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in JwsAlgorithm::ALL {
        let key = OpensslKey::new(folder.path(), algorithm);
        let to_be_signed = prepare(&SigningParameters {
            certificate: key.certificate.clone(),
            issuers: vec![key.issuer.clone()],
            algorithm,
            certificate_digest: DigestAlgorithm::Sha512,
            payload: Payload::Attached(b"payload"),
            base64_payload: true,
            content_type: None,
            form: Form::Jws,
            serialization: Serialization::Compact,
        })
        .unwrap();
        let value = key.sign(algorithm, to_be_signed.bytes_to_sign());
        let text = to_be_signed.finish(&value).unwrap();
        let jws = Jws::read(text.as_bytes(), &limits()).unwrap();
        let verified = verify(&jws, Content::Attached, &[]).unwrap();
        assert_eq!(verified.jws_algorithm(), algorithm);
        assert_eq!(
            verified.signing_certificate(),
            SigningCertificateBinding::V2(DigestAlgorithm::Sha512)
        );
        // No time is claimed.
        assert_eq!(level(&jws, &verified, &[]), None);
    }
}

#[test]
fn a_key_signs_by_its_own_algorithms_alone() {
    for (key, fits) in [
        (Key::p256(), &[JwsAlgorithm::Es256][..]),
        (Key::p384(), &[JwsAlgorithm::Es384]),
        (Key::ed25519(), &[JwsAlgorithm::EdDsa, JwsAlgorithm::Ed25519]),
    ] {
        let signer = Signer::new(key);
        for algorithm in JwsAlgorithm::ALL {
            let mut parameters = signer.jades(Payload::Attached(b"payload"));
            parameters.algorithm = algorithm;
            let prepared = prepare(&parameters);
            assert_eq!(prepared.is_ok(), fits.contains(&algorithm), "{algorithm}");
        }
    }
}

#[test]
fn headers_say_what_was_asked_for() {
    let signer = Signer::p256();
    let mut parameters = signer.jades(Payload::Attached(b"{}"));
    parameters.content_type = Some("json".to_owned());
    let commitment = Commitment {
        id: "http://uri.etsi.org/01903/v1.2.2#ProofOfApproval".to_owned(),
        description: Some("Phê duyệt".to_owned()),
    };
    parameters.form = Form::Jades {
        signing_time: Time::from_unix_seconds(SIGNING_TIME),
        commitments: vec![commitment.clone()],
    };
    let text = signer.sign(&parameters);
    let jws = Jws::read(text.as_bytes(), &limits()).unwrap();
    let verified = verify(&jws, Content::Attached, &[]).unwrap();
    let header = verified.header();
    assert_eq!(header.signing_time, Some(Time::from_unix_seconds(SIGNING_TIME)));
    assert_eq!(header.content_type.as_deref(), Some("json"));
    assert_eq!(header.commitments, [commitment]);
    assert_eq!(header.certificates, [signer.certificate(), signer.issuer()]);
    assert!(header.unread.is_empty() && header.critical.is_empty());
    assert_eq!(level(&jws, &verified, &[]), Some(BaselineLevel::B));
    let read: serde_json::Value =
        serde_json::from_slice(&base64::decode_url(jws.protected()).unwrap()).unwrap();
    assert_eq!(read["sigT"], "2026-05-01T00:00:00Z");
}

#[test]
fn detached_payloads_come_from_the_caller_and_from_there_alone() {
    let signer = Signer::p256();
    for base64_payload in [true, false] {
        for serialization in [Serialization::Compact, Serialization::Flattened] {
            let mut parameters = signer.jades(Payload::Detached(b"a.b\xff\n"));
            parameters.base64_payload = base64_payload;
            parameters.serialization = serialization;
            let text = signer.sign(&parameters);
            let jws = Jws::read(text.as_bytes(), &limits()).unwrap();
            let verified = verify(&jws, Content::Detached(b"a.b\xff\n"), &[]).unwrap();
            assert_eq!(verified.payload(), Some(&b"a.b\xff\n"[..]));
            let failure = |content| verify(&jws, content, &[]).err();
            assert_eq!(failure(Content::Attached), Some(VerifyFailure::PayloadNotFound));
            assert_eq!(failure(Content::Detached(b"")), Some(VerifyFailure::BadSignature));
        }
    }
    let text = signer.sign(&signer.jades(Payload::Attached(b"mine")));
    let jws = Jws::read(text.as_bytes(), &limits()).unwrap();
    let other = verify(&jws, Content::Detached(b"mine"), &[]);
    assert_eq!(other.err(), Some(VerifyFailure::ContentAmbiguous));
}

#[test]
fn unencoded_payloads_stand_as_they_are() {
    let signer = Signer::p256();
    let mut parameters = signer.jades(Payload::Attached("\"phẩy\".\n".as_bytes()));
    parameters.base64_payload = false;
    assert_eq!(prepare(&parameters).err(), Some(PrepareError::PayloadNotCompact { offset: 3 }));
    parameters.serialization = Serialization::Flattened;
    let text = signer.sign(&parameters);
    assert!(text.starts_with(r#"{"payload":"\"phẩy\".\n","#), "{text}");
    let jws = Jws::read(text.as_bytes(), &limits()).unwrap();
    let verified = verify(&jws, Content::Attached, &[]).unwrap();
    assert_eq!(verified.payload(), Some("\"phẩy\".\n".as_bytes()));
    parameters.payload = Payload::Attached(b"\xff");
    assert_eq!(prepare(&parameters).err(), Some(PrepareError::PayloadNotUtf8 { offset: 0 }));
}

#[test]
fn data_objects_are_bound_by_their_digests() {
    let signer = Signer::p256();
    let objects: &[(&str, Option<&str>, &[u8])] =
        &[("urn:x:1", Some("text/xml"), b"<a/>"), ("file%20two.pdf", None, b"%PDF")];
    for base64_payload in [true, false] {
        let payload = Payload::Objects { digest: DigestAlgorithm::Sha256, objects };
        let mut parameters = signer.jades(payload);
        parameters.base64_payload = base64_payload;
        let text = signer.sign(&parameters);
        let jws = Jws::read(text.as_bytes(), &limits()).unwrap();
        let right = |uri: &str| objects.iter().find(|(known, ..)| *known == uri).map(|one| one.2);
        let verified = verify(&jws, Content::Objects(&right), &[]).unwrap();
        let VerifiedContent::Objects(found) = verified.content() else { panic!("objects") };
        assert_eq!((found[0].bytes, found[1].bytes), (&b"<a/>"[..], &b"%PDF"[..]));
        assert_eq!(level(&jws, &verified, &[]), Some(BaselineLevel::B));
        let changed = |uri: &str| Some(if uri == "urn:x:1" { &b"<b/>"[..] } else { b"%PDF" });
        let failure = verify(&jws, Content::Objects(&changed), &[]).err();
        assert_eq!(failure, Some(VerifyFailure::ObjectDigestMismatch { index: 0 }));
        let missing = |uri: &str| (uri == "urn:x:1").then_some(&b"<a/>"[..]);
        let failure = verify(&jws, Content::Objects(&missing), &[]).err();
        assert_eq!(failure, Some(VerifyFailure::ObjectNotFound { index: 1 }));
    }
    let mut twice = signer.jades(Payload::Objects {
        digest: DigestAlgorithm::Sha256,
        objects: &[("a", None, b""), ("a", None, b"")],
    });
    assert_eq!(prepare(&twice).err(), Some(PrepareError::RepeatedObject { index: 1 }));
    twice.payload = Payload::Objects { digest: DigestAlgorithm::Sha256, objects: &[] };
    assert_eq!(prepare(&twice).err(), Some(PrepareError::NoObjects));
}

/// What others write and we do not: `iat`, `sigX5ts`, ObjectIdByURI.
#[test]
fn what_others_write_is_read() {
    let signer = Signer::p256();
    let certificate = signer.certificate();
    let x5c = base64::encode(certificate.as_der());
    let digest =
        |one: &Certificate, algorithm| base64::encode_url(one.fingerprint(algorithm).as_bytes());
    let own = digest(&certificate, DigestAlgorithm::Sha384);
    let issuer = digest(&signer.issuer(), DigestAlgorithm::Sha3_256);
    for name in ["sigX5ts", "x5ts"] {
        let digests = format!(
            r#"[{{"digAlg":"S384","digVal":"{own}"}},{{"digAlg":"S3-256","digVal":"{issuer}"}}]"#
        );
        let header = format!(
            r#"{{"alg":"ES256","x5c":["{x5c}"],"{name}":{digests},"iat":{SIGNING_TIME}.5,"sigD":{{"mId":"http://uri.etsi.org/19182/ObjectIdByURI","pars":["a","b"],"ctys":["text/plain","text/plain"]}},"crit":["sigD"]}}"#
        );
        // Each object by itself, one behind the other (TS 119 182-1 §5.2.8.3.2); the compact form carries neither.
        let objects = ["x", "yz"];
        let payload = objects.map(base64::encode_url).concat();
        let signed = signer.forge(&header, &payload);
        let (protected, rest) = signed.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let text = format!("{protected}..{signature}");
        let jws = Jws::read(text.as_bytes(), &limits()).unwrap();
        let find = |uri: &str| Some(if uri == "a" { &b"x"[..] } else { b"yz" });
        let verified = verify(&jws, Content::Objects(&find), &[]).unwrap();
        assert_eq!(verified.signing_time(), Some(Time::from_unix_seconds(SIGNING_TIME)));
        assert_eq!(
            verified.signing_certificate(),
            SigningCertificateBinding::V2(DigestAlgorithm::Sha384)
        );
        assert_eq!(verified.header().path_thumbprints.len(), 1);
        assert_eq!(level(&jws, &verified, &[]), Some(BaselineLevel::B));
        let moved = |uri: &str| Some(if uri == "a" { &b"xy"[..] } else { b"z" });
        let failure = verify(&jws, Content::Objects(&moved), &[]).err();
        assert_eq!(failure, Some(VerifyFailure::BadSignature));
    }
}

fn hierarchy() -> Hierarchy {
    let plan = Plan::new(SIGNING_TIME - 86_400, SIGNING_TIME + 86_400 * 365);
    Hierarchy::new(&plan, Keys::Fixed)
}

fn stamp(jws: &Jws<'_>, hierarchy: &Hierarchy) -> TimeStampToken {
    let imprint = jws.signature_imprint(DigestAlgorithm::Sha256);
    let token = hierarchy.time_stamp(Hash::Sha256, imprint.as_bytes(), SIGNING_TIME + 60);
    TimeStampToken::from_ber(&token).unwrap()
}

#[test]
fn a_time_stamp_over_the_signature_makes_level_t() {
    let signer = Signer::p256();
    let hierarchy = hierarchy();
    for incorporation in [Incorporation::Base64Url, Incorporation::Clear] {
        for serialization in [Serialization::Compact, Serialization::Flattened] {
            let mut parameters = signer.jades(Payload::Attached(b"payload"));
            parameters.serialization = serialization;
            let text = signer.sign(&parameters);
            let jws = Jws::read(text.as_bytes(), &limits()).unwrap();
            let token = stamp(&jws, &hierarchy);
            let add = |text: &[u8], form| add_signature_time_stamp(text, &token, form, &limits());
            let once = add(text.as_bytes(), incorporation).unwrap();
            let twice = add(&once, incorporation).unwrap();
            for (stamped, count) in [(&once, 1), (&twice, 2)] {
                let jws = Jws::read(stamped, &limits()).unwrap();
                let verified = verify(&jws, Content::Attached, &[]).unwrap();
                assert_eq!(verified.payload(), Some(&b"payload"[..]));
                assert_eq!(jws.signature_time_stamps().count(), count);
                assert_eq!(jws.unsigned().unwrap()[0].incorporation, incorporation);
                assert_eq!(level(&jws, &verified, &[]), Some(BaselineLevel::T));
            }
            if serialization == Serialization::Flattened {
                // What was there is there still, around what was put in.
                let end = once.len() - 1;
                assert_eq!(&once[..text.len() - 1], &text.as_bytes()[..text.len() - 1]);
                assert_eq!(once[end], b'}');
            }
            let other = match incorporation {
                Incorporation::Clear => Incorporation::Base64Url,
                Incorporation::Base64Url => Incorporation::Clear,
            };
            let found = incorporation;
            assert_eq!(add(&once, other).err(), Some(AugmentError::OtherIncorporation { found }));
        }
    }
}

#[test]
fn a_time_stamp_over_something_else_does_not_count() {
    let signer = Signer::p256();
    let hierarchy = hierarchy();
    let mut parameters = signer.jades(Payload::Attached(b"payload"));
    parameters.serialization = Serialization::Flattened;
    let (one, other) = (signer.sign(&parameters), {
        parameters.payload = Payload::Attached(b"another");
        signer.sign(&parameters)
    });
    let jws = Jws::read(one.as_bytes(), &limits()).unwrap();
    let token = stamp(&jws, &hierarchy);
    let stamped =
        add_signature_time_stamp(one.as_bytes(), &token, Incorporation::Clear, &limits()).unwrap();
    assert!(matches!(
        add_signature_time_stamp(other.as_bytes(), &token, Incorporation::Clear, &limits()),
        Err(AugmentError::ImprintMismatch { .. })
    ));
    // The unsigned header put beside another signature.
    let stamped = String::from_utf8(stamped).unwrap();
    let header = &stamped[stamped.find(",\"header\"").unwrap()..];
    let moved = format!("{}{header}", &other[..other.len() - 1]);
    let jws = Jws::read(moved.as_bytes(), &limits()).unwrap();
    let verified = verify(&jws, Content::Attached, &[]).unwrap();
    assert_eq!(jws.signature_time_stamps().count(), 1);
    assert_eq!(level(&jws, &verified, &[]), Some(BaselineLevel::B));
}

#[test]
fn malformed_unsigned_properties_spoil_nothing() {
    let signer = Signer::p256();
    let mut parameters = signer.jades(Payload::Attached(b"payload"));
    parameters.serialization = Serialization::Flattened;
    let text = signer.sign(&parameters);
    for wrong in [
        r#""x""#,
        r#"[1]"#,
        r#"["!"]"#,
        r#"[{"a":1,"b":2}]"#,
        r#"["e30"]"#,
        r#"["eyJhIjox",{}]"#,
        r#"[{"sigTst":{}}]"#,
        r#"["e"]"#,
    ] {
        let document = format!("{},\"header\":{{\"etsiU\":{wrong}}}}}", &text[..text.len() - 1]);
        let jws = Jws::read(document.as_bytes(), &limits()).unwrap();
        assert!(jws.unsigned().is_err(), "{wrong}");
        assert!(verify(&jws, Content::Attached, &[]).is_ok(), "{wrong}");
    }
    // A token that is none is seen as such.
    for wrong in [r#"{}"#, r#"{"val":"!"}"#, r#"{"val":"AAAA"}"#, r#"{"val":"","type":"x"}"#] {
        let wrong = format!(r#"[{{"sigTst":{{"tstTokens":[{wrong}]}}}}]"#);
        let document = format!("{},\"header\":{{\"etsiU\":{wrong}}}}}", &text[..text.len() - 1]);
        let jws = Jws::read(document.as_bytes(), &limits()).unwrap();
        assert!(jws.unsigned().unwrap()[0].tokens[0].is_err(), "{wrong}");
        let verified = verify(&jws, Content::Attached, &[]).unwrap();
        assert_eq!(level(&jws, &verified, &[]), Some(BaselineLevel::B));
    }
}

static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::new(Key::seeded(7)));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One text for one signature: a changed byte is never the same signature, nor another good one.
    #[test]
    fn a_changed_byte_never_verifies(
        payload in proptest::collection::vec(any::<u8>(), 0..80),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        compact in any::<bool>(),
    ) {
        let mut parameters = SIGNER.jades(Payload::Attached(&payload));
        parameters.issuers.clear();
        if !compact {
            parameters.serialization = Serialization::Flattened;
        }
        let text = SIGNER.sign(&parameters).into_bytes();
        let mut changed = text.clone();
        let place = place.index(text.len());
        changed[place] = byte;
        prop_assume!(changed != text);
        if let Ok(jws) = Jws::read(&changed, &limits()) {
            // An empty payload of a compact signature reads as a detached one.
            let content = match compact && payload.is_empty() {
                true => Content::Detached(b""),
                false => Content::Attached,
            };
            let verified = verify(&jws, content, &[SIGNER.certificate()]);
            prop_assert!(verified.is_err(), "byte {place}");
        }
    }

    #[test]
    fn every_payload_comes_back(
        payload in proptest::collection::vec(any::<u8>(), 0..200),
        text in ".{0,60}",
    ) {
        let signed = SIGNER.sign(&SIGNER.jades(Payload::Attached(&payload)));
        let jws = Jws::read(signed.as_bytes(), &limits()).unwrap();
        let content = match jws.payload() {
            Some(_) => Content::Attached,
            None => Content::Detached(b""),
        };
        let verified = verify(&jws, content, &[]).unwrap();
        prop_assert_eq!(verified.payload(), Some(&payload[..]));
        let mut parameters = SIGNER.jades(Payload::Attached(text.as_bytes()));
        parameters.base64_payload = false;
        parameters.serialization = Serialization::Flattened;
        let signed = SIGNER.sign(&parameters);
        let jws = Jws::read(signed.as_bytes(), &limits()).unwrap();
        let verified = verify(&jws, Content::Attached, &[]).unwrap();
        prop_assert_eq!(verified.payload(), Some(text.as_bytes()));
    }

    /// Whatever comes, reading ends and does not panic.
    #[test]
    fn anything_may_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Jws::read_all(&bytes, &limits());
        let _ = kyso_jades::ProtectedHeader::read(&bytes, &limits());
    }
}
