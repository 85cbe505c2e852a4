//! jwcrypto verifies ours and we verify what jwcrypto made, for every algorithm in every form.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_jades::{
    Content, Form, Jws, JwsAlgorithm, Limits, Payload, Serialization, SigningParameters, base64,
    prepare, verify,
};
use kyso_x509::{Certificate, DigestAlgorithm, Time};
use support::{OpensslKey, SIGNING_TIME, jwcrypto};

/// `alg` that jwcrypto knows; Ed25519 of RFC 9864 is too young for it.
fn algorithms() -> impl Iterator<Item = JwsAlgorithm> {
    JwsAlgorithm::ALL.into_iter().filter(|algorithm| *algorithm != JwsAlgorithm::Ed25519)
}

/// A way of carrying a payload.
#[derive(Clone, Copy, Debug)]
struct Carriage {
    serialization: Serialization,
    detached: bool,
    base64_payload: bool,
}

fn carriages() -> Vec<Carriage> {
    let mut all = Vec::new();
    for serialization in [Serialization::Compact, Serialization::Flattened] {
        for (detached, base64_payload) in
            [(false, true), (true, true), (false, false), (true, false)]
        {
            all.push(Carriage { serialization, detached, base64_payload });
        }
    }
    all
}

#[test]
fn jwcrypto_verifies_ours() {
    let folder = tempfile::tempdir().unwrap();
    let payload = "Bệnh án số 17: \"ổn\"";
    let mut requests = Vec::new();
    for algorithm in algorithms() {
        let key = OpensslKey::new(folder.path(), algorithm);
        let certificate = folder.path().join(format!("{algorithm}.crt.pem"));
        std::fs::write(&certificate, key.certificate.to_pem()).unwrap();
        for carriage in carriages() {
            let Carriage { serialization, detached, base64_payload } = carriage;
            // jwcrypto makes these, as the other test shows, but decodes base64url when it reads them.
            if serialization == Serialization::Compact && !base64_payload && !detached {
                continue;
            }
            requests.push(serde_json::json!({
                "do": "verify",
                "key": certificate,
                "jws": sign(&key, algorithm, payload, carriage),
                "alg": algorithm.name(),
                "payload": detached.then(|| base64::encode_url(payload)),
            }));
        }
    }
    assert_eq!(requests.len(), 10 * 7);
    for (answer, request) in jwcrypto(&requests).into_iter().zip(requests) {
        assert_eq!(base64::decode_url(answer).unwrap(), payload.as_bytes(), "{request}");
    }
}

fn sign(
    key: &OpensslKey,
    algorithm: JwsAlgorithm,
    payload: &str,
    Carriage { serialization, detached, base64_payload }: Carriage,
) -> String {
    let to_be_signed = prepare(&SigningParameters {
        certificate: key.certificate.clone(),
        issuers: vec![key.issuer.clone()],
        algorithm,
        certificate_digest: DigestAlgorithm::Sha256,
        payload: match detached {
            true => Payload::Detached(payload.as_bytes()),
            false => Payload::Attached(payload.as_bytes()),
        },
        base64_payload,
        content_type: Some("text/plain".to_owned()),
        form: Form::Jades {
            signing_time: Time::from_unix_seconds(SIGNING_TIME),
            commitments: Vec::new(),
        },
        serialization,
    })
    .unwrap();
    let value = key.sign(algorithm, to_be_signed.bytes_to_sign());
    to_be_signed.verify(&value).unwrap();
    to_be_signed.finish(&value).unwrap()
}

#[test]
fn we_verify_what_jwcrypto_made() {
    let folder = tempfile::tempdir().unwrap();
    let payload = "Benh an so 17";
    let mut requests = Vec::new();
    let mut expected = Vec::new();
    for algorithm in algorithms() {
        let key = OpensslKey::new(folder.path(), algorithm);
        let known: [Certificate; 2] = [key.issuer.clone(), key.certificate.clone()];
        let thumbprint = base64::encode_url(key.certificate.sha256_fingerprint().as_bytes());
        for carriage in carriages() {
            let critical =
                if carriage.base64_payload { "" } else { r#","b64":false,"crit":["b64"]"# };
            let protected =
                format!(r#"{{"alg":"{algorithm}","x5t#S256":"{thumbprint}"{critical}}}"#);
            requests.push(serde_json::json!({
                "do": "sign",
                "key": key.path,
                "protected": protected,
                "payload": base64::encode_url(payload),
                "detached": carriage.detached,
                "compact": carriage.serialization == Serialization::Compact,
            }));
            expected.push((carriage, known.clone()));
        }
    }
    assert_eq!(requests.len(), 10 * 8);
    for (text, (carriage, known)) in jwcrypto(&requests).into_iter().zip(expected) {
        let jws = Jws::read(text.as_bytes(), &Limits::documents()).unwrap();
        assert_eq!(jws.serialization(), carriage.serialization);
        let content = match carriage.detached {
            true => Content::Detached(payload.as_bytes()),
            false => Content::Attached,
        };
        let verified = verify(&jws, content, &known);
        let verified = verified.unwrap_or_else(|failure| panic!("{carriage:?}: {failure}: {text}"));
        assert_eq!(verified.payload(), Some(payload.as_bytes()));
        assert_eq!(*verified.certificate(), known[1]);
    }
}

#[test]
fn jwcrypto_accepts_objects_in_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let key = OpensslKey::new(folder.path(), JwsAlgorithm::Es256);
    let certificate = folder.path().join("signer.crt.pem");
    std::fs::write(&certificate, key.certificate.to_pem()).unwrap();
    let to_be_signed = prepare(&SigningParameters {
        certificate: key.certificate.clone(),
        issuers: Vec::new(),
        algorithm: JwsAlgorithm::Es256,
        certificate_digest: DigestAlgorithm::Sha384,
        payload: Payload::Objects {
            digest: DigestAlgorithm::Sha512,
            objects: &[("urn:a", None, b"one"), ("urn:b", Some("text/plain"), b"two")],
        },
        base64_payload: true,
        content_type: None,
        form: Form::Jades {
            signing_time: Time::from_unix_seconds(SIGNING_TIME),
            commitments: Vec::new(),
        },
        serialization: Serialization::Flattened,
    })
    .unwrap();
    let value = key.sign(JwsAlgorithm::Es256, to_be_signed.bytes_to_sign());
    let text = to_be_signed.finish(&value).unwrap();
    let request = serde_json::json!({
        "do": "verify", "key": certificate, "jws": text, "alg": "ES256", "payload": "",
    });
    assert_eq!(jwcrypto(&[request]), [""]);
}
