//! Signers with certificates of a test authority.
#![allow(dead_code, reason = "each test file takes what it needs")]

use kyso_jades::{Form, JwsAlgorithm, Payload, Serialization, SigningParameters, ToBeSigned};
use kyso_testkit::Subject;
use kyso_testkit::peer::{self, openssl};
use kyso_testkit::pki::certificate::{Entity, Template};
use kyso_testkit::pki::key::Key;
use kyso_x509::{Certificate, DigestAlgorithm, SignatureAlgorithm, SignatureValue, Time};
use std::path::{Path, PathBuf};
use std::process::Command;

/// 2026-05-01T00:00:00Z.
pub(crate) const SIGNING_TIME: i64 = 1_777_593_600;
const NOT_BEFORE: i64 = SIGNING_TIME - 86_400;
const NOT_AFTER: i64 = SIGNING_TIME + 86_400 * 365;

/// A signer whose key lies in memory.
pub(crate) struct Signer {
    pub(crate) entity: Entity,
    pub(crate) authority: Entity,
    key: Key,
}

impl Signer {
    pub(crate) fn new(key: Key) -> Self {
        let subject = Subject::new().country("VN").common_name("kyso test CA");
        let authority =
            Entity::root(&Template::authority(&subject, NOT_BEFORE, NOT_AFTER), Key::p256());
        let template = Template::signer(&Subject::official(), NOT_BEFORE, NOT_AFTER);
        let entity = authority.issue(&template, key.clone());
        Self { entity, authority, key }
    }

    pub(crate) fn p256() -> Self {
        Self::new(Key::p256())
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::from_der(&self.entity.certificate).unwrap()
    }

    pub(crate) fn issuer(&self) -> Certificate {
        Certificate::from_der(&self.authority.certificate).unwrap()
    }

    /// What `alg` the key signs by.
    pub(crate) fn algorithm(&self) -> JwsAlgorithm {
        JwsAlgorithm::for_key(&self.certificate().public_key().unwrap()).unwrap()
    }

    pub(crate) fn value(&self, bytes: &[u8]) -> SignatureValue {
        let value = self.key.sign(bytes);
        match self.algorithm().integer_len() {
            Some(_) => SignatureValue::from_ecdsa_der(&value).unwrap(),
            None => SignatureValue::from_bytes(value),
        }
    }

    pub(crate) fn jades<'p>(&self, payload: Payload<'p>) -> SigningParameters<'p> {
        SigningParameters {
            certificate: self.certificate(),
            issuers: vec![self.issuer()],
            algorithm: self.algorithm(),
            certificate_digest: DigestAlgorithm::Sha256,
            payload,
            base64_payload: true,
            content_type: None,
            form: Form::Jades {
                signing_time: Time::from_unix_seconds(SIGNING_TIME),
                commitments: Vec::new(),
            },
            serialization: Serialization::Compact,
        }
    }

    pub(crate) fn sign(&self, parameters: &SigningParameters<'_>) -> String {
        let to_be_signed = kyso_jades::prepare(parameters).unwrap();
        self.finish(to_be_signed)
    }

    pub(crate) fn finish(&self, to_be_signed: ToBeSigned) -> String {
        let value = self.value(to_be_signed.bytes_to_sign());
        to_be_signed.verify(&value).unwrap();
        to_be_signed.finish(&value).unwrap()
    }

    /// A compact signature with whatever header, as an attacker with this key would make it.
    pub(crate) fn forge(&self, header: &str, payload: &str) -> String {
        let protected = kyso_jades::base64::encode_url(header);
        let input = format!("{protected}.{payload}");
        let value = self.algorithm().to_octets(&self.value(input.as_bytes())).unwrap();
        format!("{input}.{}", kyso_jades::base64::encode_url(value))
    }
}

/// A key that OpenSSL made and signs with, in a file.
pub(crate) struct OpensslKey {
    pub(crate) path: PathBuf,
    pub(crate) certificate: Certificate,
    pub(crate) issuer: Certificate,
}

impl OpensslKey {
    /// A key that `alg` may be used with.
    #[track_caller]
    pub(crate) fn new(folder: &Path, algorithm: JwsAlgorithm) -> Self {
        let pem = match algorithm {
            JwsAlgorithm::Es256 => curve("P-256"),
            JwsAlgorithm::Es384 => curve("P-384"),
            JwsAlgorithm::Es512 => curve("P-521"),
            JwsAlgorithm::EdDsa | JwsAlgorithm::Ed25519 => {
                let made = peer::run("openssl", ["genpkey", "-algorithm", "ed25519"]);
                String::from_utf8(made.expect_success()).unwrap()
            }
            _ => openssl::rsa_key_pem(2048),
        };
        let path = folder.join(format!("{algorithm}.key.pem"));
        kyso_testkit::write_secret(&path, &pem);
        let signer = Signer::new(Key::public(&openssl::spki_der(&pem)));
        Self { path, certificate: signer.certificate(), issuer: signer.issuer() }
    }

    #[track_caller]
    pub(crate) fn sign(&self, algorithm: JwsAlgorithm, bytes: &[u8]) -> SignatureValue {
        let key = self.path.to_str().unwrap();
        let input = self.path.with_extension("input");
        std::fs::write(&input, bytes).unwrap();
        let input = input.to_str().unwrap();
        let algorithm = algorithm.signature_algorithm();
        let mut arguments = match algorithm.digest_algorithm() {
            None => vec!["pkeyutl", "-sign", "-rawin", "-inkey", key, "-in"],
            Some(DigestAlgorithm::Sha256) => vec!["dgst", "-sha256", "-sign", key],
            Some(DigestAlgorithm::Sha384) => vec!["dgst", "-sha384", "-sign", key],
            Some(_) => vec!["dgst", "-sha512", "-sign", key],
        };
        if matches!(algorithm, SignatureAlgorithm::RsaPss { .. }) {
            arguments.extend(["-sigopt", "rsa_padding_mode:pss", "-sigopt"]);
            arguments.push("rsa_pss_saltlen:digest");
        }
        arguments.push(input);
        let value = peer::run("openssl", arguments).expect_success();
        match algorithm {
            SignatureAlgorithm::Ecdsa(_) => SignatureValue::from_ecdsa_der(&value).unwrap(),
            _ => SignatureValue::from_bytes(value),
        }
    }
}

fn curve(name: &str) -> String {
    let curve = format!("ec_paramgen_curve:{name}");
    let arguments = ["genpkey", "-algorithm", "EC", "-pkeyopt", &curve];
    String::from_utf8(peer::run("openssl", arguments).expect_success()).unwrap()
}

/// jwcrypto's answers to requests, all of which must succeed.
#[track_caller]
pub(crate) fn jwcrypto(requests: &[serde_json::Value]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/jose.py");
    let mut command = Command::new(peer::python());
    command.arg(script);
    let requests = serde_json::to_vec(requests).unwrap();
    serde_json::from_slice(&peer::finish(command, &requests).expect_success()).unwrap()
}
