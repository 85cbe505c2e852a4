//! Keys and certificates made by the OpenSSL program, and signing with them.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use kyso_testkit::peer::run;
use kyso_x509::{Certificate, DigestAlgorithm, SignatureAlgorithm, SignatureValue};
use kyso_xades::dsig::{
    Placement, Prefix, ReferenceToSign, Signature, SigningParameters, ToBeSigned, Transform,
    VerifiedSignature, VerifyFailure, prepare, signatures, verify_signature,
};
use kyso_xades::{C14n, Canonicalization, Limits, XmlDocument, decode};
use std::path::{Path, PathBuf};

/// Exclusive canonicalization without comments.
pub fn exclusive() -> Canonicalization {
    Canonicalization { method: C14n::Exclusive { prefixes: Vec::new() }, comments: false }
}

/// Canonical XML 1.0 without comments.
pub fn inclusive() -> Canonicalization {
    Canonicalization { method: C14n::Inclusive10, comments: false }
}

/// A folder with an authority `ca.pem` and the signers that it certified: `NAME.key`, `NAME.pem`.
pub struct Pki {
    folder: tempfile::TempDir,
    pub ca: Certificate,
}

/// A key and its certificate.
#[derive(Clone)]
pub struct Signer {
    pub name: String,
    pub key: PathBuf,
    pub certificate: Certificate,
    pub algorithms: Vec<SignatureAlgorithm>,
}

#[track_caller]
fn openssl(arguments: &[&str]) -> Vec<u8> {
    run("openssl", arguments).expect_success()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Pki {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, pem) = (folder.path().join("ca.key"), folder.path().join("ca.pem"));
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            text(&key),
            "-out",
            text(&pem),
            "-subj",
            "/O=Kiểm thử/CN=Test CA",
            "-utf8",
            "-days",
            "3650",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]);
        let ca = certificate(&pem);
        Self { folder, ca }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A signer with a key of this kind: `rsa`, `ed25519` or a curve's name.
    pub fn signer(&self, kind: &str) -> Signer {
        use DigestAlgorithm::{Sha3_256, Sha3_384, Sha3_512, Sha256, Sha384, Sha512};
        let key = self.file(&format!("{kind}.key"));
        let curve = format!("ec_paramgen_curve:{kind}");
        let generate: &[&str] = match kind {
            "rsa" => &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            "ed25519" => &["-algorithm", "ed25519"],
            _ => &["-algorithm", "EC", "-pkeyopt", &curve],
        };
        let mut arguments = vec!["genpkey", "-out", text(&key)];
        arguments.extend(generate);
        openssl(&arguments);
        let ecdsa = SignatureAlgorithm::Ecdsa;
        let algorithms = match kind {
            "rsa" => [Sha256, Sha384, Sha512]
                .into_iter()
                .map(SignatureAlgorithm::RsaPkcs1)
                .chain(
                    [Sha256, Sha384, Sha512, Sha3_256, Sha3_384, Sha3_512]
                        .map(SignatureAlgorithm::rsa_pss),
                )
                .chain([SignatureAlgorithm::RsaPss {
                    digest: Sha256,
                    mgf1_digest: Sha256,
                    salt_len: 20,
                }])
                .collect(),
            "ed25519" => vec![SignatureAlgorithm::Ed25519],
            "P-256" => vec![ecdsa(Sha256), ecdsa(Sha3_256)],
            "P-384" => vec![ecdsa(Sha384), ecdsa(Sha3_384)],
            _ => vec![ecdsa(Sha512), ecdsa(Sha3_512)],
        };
        self.certify(kind, &key, algorithms)
    }

    /// Certifies a key under a name.
    pub fn certify(&self, name: &str, key: &Path, algorithms: Vec<SignatureAlgorithm>) -> Signer {
        let (request, pem) = (self.file(&format!("{name}.csr")), self.file(&format!("{name}.pem")));
        let subject = format!("/O=Bệnh viện Đa khoa/CN=Nguyễn Văn {name}");
        openssl(&[
            "req",
            "-new",
            "-key",
            text(key),
            "-out",
            text(&request),
            "-subj",
            &subject,
            "-utf8",
        ]);
        let extensions = self.file(&format!("{name}.cnf"));
        std::fs::write(
            &extensions,
            "keyUsage=critical,digitalSignature,nonRepudiation\n\
             subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
        )
        .unwrap();
        openssl(&[
            "x509",
            "-req",
            "-in",
            text(&request),
            "-CA",
            text(&self.file("ca.pem")),
            "-CAkey",
            text(&self.file("ca.key")),
            "-days",
            "365",
            "-extfile",
            text(&extensions),
            "-out",
            text(&pem),
        ]);
        Signer {
            name: name.to_owned(),
            key: key.to_owned(),
            certificate: certificate(&pem),
            algorithms,
        }
    }
}

fn certificate(path: &Path) -> Certificate {
    Certificate::all_from_pem_or_der(&std::fs::read(path).unwrap()).unwrap().remove(0)
}

/// The name of a digest for OpenSSL.
fn digest_name(digest: DigestAlgorithm) -> &'static str {
    match digest {
        DigestAlgorithm::Sha1ForLegacyUseOnly => "sha1",
        DigestAlgorithm::Sha256 => "sha256",
        DigestAlgorithm::Sha384 => "sha384",
        DigestAlgorithm::Sha512 => "sha512",
        DigestAlgorithm::Sha3_256 => "sha3-256",
        DigestAlgorithm::Sha3_384 => "sha3-384",
        DigestAlgorithm::Sha3_512 => "sha3-512",
    }
}

impl Signer {
    /// Signs a message with the OpenSSL program.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> SignatureValue {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("message");
        std::fs::write(&input, message).unwrap();
        let dgst = |digest, options: &[&str]| {
            let digest = format!("-{}", digest_name(digest));
            let mut arguments = vec!["dgst", &digest, "-sign", text(&self.key)];
            arguments.extend(options);
            arguments.push(text(&input));
            openssl(&arguments)
        };
        match algorithm {
            SignatureAlgorithm::RsaPkcs1(digest) => SignatureValue::from_bytes(dgst(digest, &[])),
            SignatureAlgorithm::RsaPss { digest, mgf1_digest, salt_len } => {
                let salt = format!("rsa_pss_saltlen:{salt_len}");
                let mgf1 = format!("rsa_mgf1_md:{}", digest_name(mgf1_digest));
                let options =
                    ["-sigopt", "rsa_padding_mode:pss", "-sigopt", &salt, "-sigopt", &mgf1];
                SignatureValue::from_bytes(dgst(digest, &options))
            }
            SignatureAlgorithm::Ecdsa(digest) => {
                SignatureValue::from_ecdsa_der(&dgst(digest, &[])).unwrap()
            }
            SignatureAlgorithm::Ed25519 => SignatureValue::from_bytes(openssl(&[
                "pkeyutl",
                "-sign",
                "-rawin",
                "-inkey",
                text(&self.key),
                "-in",
                text(&input),
            ])),
            other => panic!("{other}"),
        }
    }

    /// Parameters for one reference.
    pub fn parameters(
        &self,
        algorithm: SignatureAlgorithm,
        uri: &str,
        transforms: Vec<Transform>,
    ) -> SigningParameters {
        SigningParameters {
            prefix: Prefix::Ds,
            id: Some("chu-ky".to_owned()),
            value_id: None,
            canonicalization: exclusive(),
            algorithm,
            certificate: self.certificate.clone(),
            extra_certificates: Vec::new(),
            subject_name: false,
            references: vec![ReferenceToSign {
                id: None,
                uri: Some(uri.to_owned()),
                reference_type: None,
                transforms,
                digest: algorithm.digest_algorithm().unwrap_or(DigestAlgorithm::Sha512),
            }],
            objects: Vec::new(),
        }
    }

    /// The whole of a document, signed in its root element.
    pub fn enveloped(&self, algorithm: SignatureAlgorithm, text: &str) -> Vec<u8> {
        let limits = Limits::documents();
        let document = XmlDocument::parse(text, &limits).unwrap();
        let transforms =
            vec![Transform::EnvelopedSignature, Transform::Canonicalization(exclusive())];
        let parameters = self.parameters(algorithm, "", transforms);
        let place = Placement::AppendTo(document.tree().root_element());
        self.finish(prepare(&document, &place, &parameters, &|_| None, &limits).unwrap())
    }

    pub fn finish(&self, to_be_signed: ToBeSigned) -> Vec<u8> {
        let value = self.sign(to_be_signed.algorithm(), to_be_signed.bytes_to_sign());
        assert_eq!(to_be_signed.verify(&value), Ok(()));
        to_be_signed.finish(&value).unwrap()
    }
}

/// Reads the document, and gives its first signature to `check` with the outcome of its verification.
pub fn verified<R>(
    bytes: &[u8],
    check: impl FnOnce(&Signature<'_, '_>, Result<VerifiedSignature<'_, '_>, VerifyFailure>) -> R,
) -> R {
    let limits = Limits::documents();
    let document = XmlDocument::parse(decode(bytes, &limits).unwrap(), &limits).unwrap();
    let node = signatures(&document)[0];
    let signature = Signature::read(&document, node, &limits).unwrap();
    let result = verify_signature(&signature, &|_| None, &[]);
    check(&signature, result)
}
