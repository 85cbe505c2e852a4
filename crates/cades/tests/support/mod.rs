//! Keys and certificates made by the OpenSSL program, and signing with them.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

pub mod evidence;
pub mod tsa;

use kyso_cades::{Form, SigningParameters, ToBeSigned, oid, prepare};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, SignatureAlgorithm, SignatureValue, Time};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// 2026-05-01T00:00:00Z.
pub const SIGNING_TIME: Time = Time::from_unix_seconds(1_777_593_600);

/// Held by who works with files of fixed names in a folder that several tests share.
pub static FIXED_NAMES: Mutex<()> = Mutex::new(());

/// Runs OpenSSL in a folder; `Err` is what it printed.
pub fn try_openssl(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("install openssl (cargo xtask setup)");
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

pub fn openssl(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    try_openssl(folder, arguments)
        .unwrap_or_else(|error| panic!("openssl {}: {error}", arguments.join(" ")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl KeyKind {
    fn genpkey(self) -> &'static [&'static str] {
        match self {
            Self::Rsa => &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            Self::P256 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Self::P384 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
            Self::Ed25519 => &["-algorithm", "ed25519"],
        }
    }
}

/// Extensions of a certificate for signing documents.
const DOCUMENT_SIGNING: &str = "keyUsage=critical,digitalSignature,nonRepudiation\n\
     extendedKeyUsage=emailProtection\n\
     subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// A folder with a certificate authority `ca.pem` and the signers it certified.
pub struct Pki {
    folder: tempfile::TempDir,
    pub ca: Certificate,
}

pub struct Signer {
    /// Files `NAME.pem` and `NAME.key` in the folder.
    pub name: String,
    pub certificate: Certificate,
    pub kind: KeyKind,
    pkcs8: Vec<u8>,
}

impl Pki {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        openssl(
            folder.path(),
            &[
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-keyout",
                "ca.key",
                "-out",
                "ca.pem",
                "-subj",
                "/O=Kiểm thử/CN=Test CA",
                "-utf8",
                "-days",
                "3650",
                "-addext",
                "keyUsage=critical,keyCertSign,cRLSign",
            ],
        );
        let ca = read_certificate(&folder.path().join("ca.pem"));
        Self { folder, ca }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.file(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).unwrap()
    }

    pub fn signer(&self, name: &str, kind: KeyKind) -> Signer {
        self.signer_with(name, kind, DOCUMENT_SIGNING)
    }

    /// A signer whose certificate has these extensions.
    pub fn signer_with(&self, name: &str, kind: KeyKind, extensions: &str) -> Signer {
        let key = format!("{name}.key");
        let mut arguments = vec!["genpkey", "-out", &key];
        arguments.extend(kind.genpkey());
        openssl(self.path(), &arguments);
        self.certify_with(name, name, kind, extensions)
    }

    /// Certifies the key `KEY.key` under another file name.
    pub fn certify(&self, name: &str, key: &str, kind: KeyKind) -> Signer {
        self.certify_with(name, key, kind, DOCUMENT_SIGNING)
    }

    /// As [`Self::certify`], with these extensions.
    pub fn certify_with(&self, name: &str, key: &str, kind: KeyKind, extensions: &str) -> Signer {
        let extension_file = format!("{name}.cnf");
        self.write(&extension_file, extensions.as_bytes());
        let (request, key_file) = (format!("{name}.csr"), format!("{key}.key"));
        let certificate = format!("{name}.pem");
        let subject = format!("/O=Bệnh viện Đa khoa/CN=Nguyễn Văn {name}");
        openssl(
            self.path(),
            &["req", "-new", "-key", &key_file, "-out", &request, "-subj", &subject, "-utf8"],
        );
        openssl(
            self.path(),
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-days",
                "365",
                "-extfile",
                &extension_file,
                "-out",
                &certificate,
            ],
        );
        let pkcs8 = openssl(
            self.path(),
            &["pkcs8", "-topk8", "-nocrypt", "-in", &key_file, "-outform", "DER"],
        );
        Signer {
            name: name.to_owned(),
            certificate: read_certificate(&self.file(&certificate)),
            kind,
            pkcs8,
        }
    }

    /// `openssl cms -verify -cades` of a file, with the content from another where it is detached.
    pub fn openssl_verify(
        &self,
        signature: &str,
        content: Option<&str>,
    ) -> Result<Vec<u8>, String> {
        let mut arguments = vec![
            "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", signature, "-CAfile",
            "ca.pem", "-purpose", "any",
        ];
        if let Some(content) = content {
            arguments.extend(["-content", content]);
        }
        try_openssl(self.path(), &arguments)
    }
}

fn read_certificate(path: &Path) -> Certificate {
    let pem = std::fs::read(path).unwrap();
    Certificate::all_from_pem_or_der(&pem).unwrap().remove(0)
}

impl Signer {
    /// Every algorithm that this key signs with here.
    pub fn algorithms(&self) -> Vec<SignatureAlgorithm> {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        match self.kind {
            KeyKind::Rsa => vec![
                SignatureAlgorithm::RsaPkcs1(Sha256),
                SignatureAlgorithm::RsaPkcs1(Sha512),
                SignatureAlgorithm::rsa_pss(Sha256),
                SignatureAlgorithm::rsa_pss(Sha384),
            ],
            KeyKind::P256 => vec![SignatureAlgorithm::Ecdsa(Sha256)],
            KeyKind::P384 => vec![SignatureAlgorithm::Ecdsa(Sha384)],
            KeyKind::Ed25519 => vec![SignatureAlgorithm::Ed25519],
        }
    }

    /// Signs as a token would: ECDSA gives r‖s.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> SignatureValue {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        use ring::signature as ring_signature;
        let random = ring::rand::SystemRandom::new();
        let rsa = |encoding: &'static dyn ring_signature::RsaEncoding| {
            let key = ring_signature::RsaKeyPair::from_pkcs8(&self.pkcs8).unwrap();
            let mut value = vec![0; key.public().modulus_len()];
            key.sign(encoding, &random, message, &mut value).unwrap();
            SignatureValue::from_bytes(value)
        };
        let ecdsa = |signing: &'static ring_signature::EcdsaSigningAlgorithm| {
            let key =
                ring_signature::EcdsaKeyPair::from_pkcs8(signing, &self.pkcs8, &random).unwrap();
            let fixed = key.sign(&random, message).unwrap();
            SignatureValue::from_ecdsa_fixed(fixed.as_ref()).unwrap()
        };
        match algorithm {
            SignatureAlgorithm::RsaPkcs1(Sha256) => rsa(&ring_signature::RSA_PKCS1_SHA256),
            SignatureAlgorithm::RsaPkcs1(Sha512) => rsa(&ring_signature::RSA_PKCS1_SHA512),
            SignatureAlgorithm::RsaPss { digest: Sha256, .. } => {
                rsa(&ring_signature::RSA_PSS_SHA256)
            }
            SignatureAlgorithm::RsaPss { digest: Sha384, .. } => {
                rsa(&ring_signature::RSA_PSS_SHA384)
            }
            SignatureAlgorithm::Ecdsa(Sha256) => {
                ecdsa(&ring_signature::ECDSA_P256_SHA256_FIXED_SIGNING)
            }
            SignatureAlgorithm::Ecdsa(Sha384) => {
                ecdsa(&ring_signature::ECDSA_P384_SHA384_FIXED_SIGNING)
            }
            SignatureAlgorithm::Ed25519 => {
                let key = ring_signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&self.pkcs8);
                SignatureValue::from_bytes(key.unwrap().sign(message).as_ref().to_vec())
            }
            other => panic!("the tests do not sign with {other}"),
        }
    }

    pub fn prepare(&self, algorithm: SignatureAlgorithm, digest: Digest) -> ToBeSigned {
        prepare(SigningParameters {
            certificate: self.certificate.clone(),
            extra_certificates: Vec::new(),
            algorithm,
            content_type: oid::DATA,
            message_digest: digest,
            form: Form::Cades { signing_time: Some(SIGNING_TIME) },
        })
        .unwrap()
    }

    pub fn prepare_for(&self, algorithm: SignatureAlgorithm, content: &[u8]) -> ToBeSigned {
        self.prepare(algorithm, algorithm.cms_digest_algorithm().digest(content))
    }

    /// A detached signature over content, under the first of the key's algorithms.
    pub fn detached(&self, content: &[u8]) -> Vec<u8> {
        let algorithm = self.algorithms()[0];
        let to_be_signed = self.prepare_for(algorithm, content);
        let value = self.sign(algorithm, to_be_signed.bytes_to_sign());
        to_be_signed.finish_detached(&value)
    }
}
