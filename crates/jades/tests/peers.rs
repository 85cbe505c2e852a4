//! jwcrypto verifies ours and we verify what jwcrypto made, for every algorithm in every form.

mod support;

use kyso_jades::{
    Content, Form, Jws, JwsAlgorithm, Limits, Payload, Serialization, SigningParameters, base64,
    prepare, verify,
};
use kyso_testkit::peer::{self, Verdict};
use kyso_x509::{Certificate, DigestAlgorithm, Time};
use std::path::Path;
use std::process::Command;
use support::{OpensslKey, SIGNING_TIME};

/// `alg` that jwcrypto knows; Ed25519 of RFC 9864 is too young for it.
fn algorithms() -> impl Iterator<Item = JwsAlgorithm> {
    JwsAlgorithm::ALL.into_iter().filter(|algorithm| *algorithm != JwsAlgorithm::Ed25519)
}

#[track_caller]
fn jwcrypto(request: &serde_json::Value) -> Verdict {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/jose.py");
    let mut command = Command::new(peer::python());
    command.arg(script);
    peer::finish(command, request.to_string().as_bytes())
}

/// Every way of carrying a payload: serialization, detached, `b64`.
const FORMS: [(Serialization, bool, bool); 8] = [
    (Serialization::Compact, false, true),
    (Serialization::Compact, true, true),
    (Serialization::Compact, false, false),
    (Serialization::Compact, true, false),
    (Serialization::Flattened, false, true),
    (Serialization::Flattened, true, true),
    (Serialization::Flattened, false, false),
    (Serialization::Flattened, true, false),
];

#[test]
fn jwcrypto_verifies_ours() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in algorithms() {
        let key = OpensslKey::new(folder.path(), algorithm);
        let certificate = folder.path().join(format!("{algorithm}.crt.pem"));
        std::fs::write(&certificate, key.certificate.to_pem()).unwrap();
        for (serialization, detached, base64_payload) in FORMS {
            // jwcrypto makes these, as the other test shows, but decodes base64url when it reads them.
            if serialization == Serialization::Compact && !base64_payload && !detached {
                continue;
            }
            let payload = "Bệnh án số 17: \"ổn\"";
            let text = sign(&key, algorithm, payload, serialization, detached, base64_payload);
            let request = serde_json::json!({
                "do": "verify",
                "key": certificate,
                "jws": text,
                "alg": algorithm.name(),
                "payload": detached.then(|| base64::encode_url(payload)),
            });
            let read = jwcrypto(&request).expect_success();
            let read = base64::decode_url(read).unwrap();
            assert_eq!(read, payload.as_bytes(), "{algorithm} {serialization:?} {detached}");
        }
    }
}

fn sign(
    key: &OpensslKey,
    algorithm: JwsAlgorithm,
    payload: &str,
    serialization: Serialization,
    detached: bool,
    base64_payload: bool,
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
    for algorithm in algorithms() {
        let key = OpensslKey::new(folder.path(), algorithm);
        for (serialization, detached, base64_payload) in FORMS {
            let payload = "Benh an so 17";
            let critical = if base64_payload { "" } else { r#","b64":false,"crit":["b64"]"# };
            let thumbprint = base64::encode_url(key.certificate.sha256_fingerprint().as_bytes());
            let protected =
                format!(r#"{{"alg":"{algorithm}","x5t#S256":"{thumbprint}"{critical}}}"#);
            let request = serde_json::json!({
                "do": "sign",
                "key": key.path,
                "protected": protected,
                "payload": base64::encode_url(payload),
                "detached": detached,
                "compact": serialization == Serialization::Compact,
            });
            let text = jwcrypto(&request).expect_success();
            let jws = Jws::read(&text, &Limits::documents()).unwrap();
            let content = match detached {
                true => Content::Detached(payload.as_bytes()),
                false => Content::Attached,
            };
            let known: [Certificate; 2] = [key.issuer.clone(), key.certificate.clone()];
            let verified = verify(&jws, content, &known).unwrap_or_else(|failure| {
                panic!("{algorithm} {serialization:?} {detached} {base64_payload}: {failure}")
            });
            assert_eq!(verified.payload(), Some(payload.as_bytes()));
            assert_eq!(*verified.certificate(), key.certificate);
        }
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
    assert_eq!(jwcrypto(&request).expect_success(), b"");
}
