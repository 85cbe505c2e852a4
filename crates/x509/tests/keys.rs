//! Every key and algorithm verifies what OpenSSL signs, and nothing else.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_x509::DigestAlgorithm::{
    Sha1ForLegacyUseOnly, Sha3_256, Sha3_384, Sha256, Sha384, Sha512,
};
use kyso_x509::{
    DigestAlgorithm, EllipticCurve, PublicKey, PublicKeyAlgorithm, PublicKeyError,
    SignatureAlgorithm, VerifyError,
};
use support::{Pki, openssl};

const MESSAGE: &[u8] = b"a message of some length that is signed";

fn name(digest: DigestAlgorithm) -> &'static str {
    match digest {
        Sha1ForLegacyUseOnly => "-sha1",
        Sha256 => "-sha256",
        Sha384 => "-sha384",
        Sha512 => "-sha512",
        Sha3_256 => "-sha3-256",
        Sha3_384 => "-sha3-384",
        DigestAlgorithm::Sha3_512 => "-sha3-512",
    }
}

fn public_key(pki: &Pki, key: &str, options: &[&str]) -> PublicKey {
    let file = format!("{key}.key");
    let mut arguments = vec!["pkey", "-in", &file, "-pubout", "-outform", "DER"];
    arguments.extend(options);
    PublicKey::from_spki_der(&openssl(pki.path(), &arguments)).unwrap()
}

/// What OpenSSL signs verifies, from the message and from its digest; what is altered does not.
fn check(pki: &Pki, key: &str, public: &PublicKey, algorithm: SignatureAlgorithm) {
    pki.write("message", MESSAGE);
    let file = format!("{key}.key");
    let digest = algorithm.digest_algorithm().unwrap();
    let mut arguments = vec!["dgst", name(digest), "-sign", &file];
    let (salt, mgf1);
    if let SignatureAlgorithm::RsaPss { mgf1_digest, salt_len, .. } = algorithm {
        salt = format!("rsa_pss_saltlen:{salt_len}");
        mgf1 = format!("rsa_mgf1_md:{}", &name(mgf1_digest)[1..]);
        arguments.extend(["-sigopt", "rsa_padding_mode:pss", "-sigopt", &salt, "-sigopt", &mgf1]);
    }
    arguments.push("message");
    let signature = openssl(pki.path(), &arguments);
    assert!(signature.len() <= public.max_signature_len());
    let bad = Err(VerifyError::BadSignature);
    let hashed = digest.digest(MESSAGE);
    assert_eq!(public.verify(&algorithm, MESSAGE, &signature), Ok(()), "{algorithm}");
    assert_eq!(public.verify_digest(&algorithm, &hashed, &signature), Ok(()), "{algorithm}");
    assert_eq!(public.verify(&algorithm, b"another", &signature), bad, "{algorithm}");
    let another = digest.digest(b"another");
    assert_eq!(public.verify_digest(&algorithm, &another, &signature), bad, "{algorithm}");
    for position in [0, 1, signature.len() / 2, signature.len() - 1] {
        let mut altered = signature.clone();
        altered[position] ^= 1;
        assert_eq!(public.verify(&algorithm, MESSAGE, &altered), bad, "{algorithm}");
        assert_eq!(public.verify_digest(&algorithm, &hashed, &altered), bad, "{algorithm}");
    }
    assert_eq!(public.verify(&algorithm, MESSAGE, &[]), bad);
    assert_eq!(
        public.verify(&SignatureAlgorithm::Ed25519, MESSAGE, &signature),
        Err(VerifyError::KeyMismatch {
            algorithm: SignatureAlgorithm::Ed25519,
            key: public.algorithm()
        })
    );
}

#[test]
fn rsa() {
    let pki = Pki::new();
    pki.key("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    let public = public_key(&pki, "rsa", &[]);
    assert_eq!(public.algorithm(), PublicKeyAlgorithm::Rsa { bits: 2048 });
    for digest in DigestAlgorithm::ALL {
        check(&pki, "rsa", &public, SignatureAlgorithm::RsaPkcs1(digest));
        check(&pki, "rsa", &public, SignatureAlgorithm::rsa_pss(digest));
    }
    let short_salt =
        SignatureAlgorithm::RsaPss { digest: Sha256, mgf1_digest: Sha256, salt_len: 20 };
    check(&pki, "rsa", &public, short_salt);
    let absurd_salt =
        SignatureAlgorithm::RsaPss { digest: Sha256, mgf1_digest: Sha256, salt_len: u32::MAX };
    assert_eq!(public.verify(&absurd_salt, MESSAGE, &[1; 256]), Err(VerifyError::BadSignature));
    // Two digests in one: nobody computes it, which is not a bad signature.
    let mixed = SignatureAlgorithm::RsaPss { digest: Sha256, mgf1_digest: Sha512, salt_len: 32 };
    assert_eq!(
        public.verify(&mixed, MESSAGE, &[0; 256]),
        Err(VerifyError::UnsupportedAlgorithm { algorithm: mixed, key: public.algorithm() })
    );
    let digest = Sha512.digest(MESSAGE);
    assert!(matches!(
        public.verify_digest(&SignatureAlgorithm::RsaPkcs1(Sha256), &digest, &[0; 256]),
        Err(VerifyError::DigestMismatch { given: Sha512, .. })
    ));
}

#[test]
fn short_rsa_verifies_so_that_a_policy_can_say_why_not() {
    let pki = Pki::new();
    pki.key("short", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let public = public_key(&pki, "short", &[]);
    assert_eq!(public.bits(), 1024);
    check(&pki, "short", &public, SignatureAlgorithm::RsaPkcs1(Sha256));
}

#[test]
fn rsa_keys_for_pss_alone() {
    let pki = Pki::new();
    pki.key(
        "pss",
        &[
            "-algorithm",
            "RSA-PSS",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-pkeyopt",
            "rsa_pss_keygen_md:sha256",
            "-pkeyopt",
            "rsa_pss_keygen_mgf1_md:sha256",
            "-pkeyopt",
            "rsa_pss_keygen_saltlen:32",
        ],
    );
    let public = public_key(&pki, "pss", &[]);
    check(&pki, "pss", &public, SignatureAlgorithm::rsa_pss(Sha256));
    for other in [
        SignatureAlgorithm::RsaPkcs1(Sha256),
        SignatureAlgorithm::rsa_pss(Sha512),
        SignatureAlgorithm::RsaPss { digest: Sha256, mgf1_digest: Sha256, salt_len: 20 },
    ] {
        assert!(matches!(
            public.verify(&other, MESSAGE, &[0; 256]),
            Err(VerifyError::KeyMismatch { .. })
        ));
    }
}

#[test]
fn elliptic_curves() {
    let pki = Pki::new();
    for curve in EllipticCurve::ALL {
        let name = curve.to_string();
        let option = format!("ec_paramgen_curve:{name}");
        pki.key(&name, &["-algorithm", "EC", "-pkeyopt", &option]);
        for form in ["uncompressed", "compressed"] {
            let public = public_key(&pki, &name, &["-ec_conv_form", form]);
            assert_eq!(public.algorithm(), PublicKeyAlgorithm::Ec(curve));
            for digest in DigestAlgorithm::ALL {
                check(&pki, &name, &public, SignatureAlgorithm::Ecdsa(digest));
            }
        }
    }
}

#[test]
fn ed25519() {
    let pki = Pki::new();
    pki.key("ed", &["-algorithm", "ed25519"]);
    pki.write("message", MESSAGE);
    let public = public_key(&pki, "ed", &[]);
    let signature =
        openssl(pki.path(), &["pkeyutl", "-sign", "-rawin", "-inkey", "ed.key", "-in", "message"]);
    let algorithm = SignatureAlgorithm::Ed25519;
    assert_eq!(public.verify(&algorithm, MESSAGE, &signature), Ok(()));
    assert_eq!(public.verify(&algorithm, b"another", &signature), Err(VerifyError::BadSignature));
    assert!(matches!(
        public.verify_digest(&algorithm, &Sha512.digest(MESSAGE), &signature),
        Err(VerifyError::UnsupportedAlgorithm { .. })
    ));
}

#[test]
fn unknown_curves_and_kinds_are_named() {
    let pki = Pki::new();
    pki.key("koblitz", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]);
    pki.key("x", &["-algorithm", "x25519"]);
    let spki = |key| openssl(pki.path(), &["pkey", "-in", key, "-pubout", "-outform", "DER"]);
    assert_eq!(
        PublicKey::from_spki_der(&spki("koblitz.key")).unwrap_err(),
        PublicKeyError::UnsupportedCurve { oid: Some("1.3.132.0.10".parse().unwrap()) }
    );
    assert_eq!(
        PublicKey::from_spki_der(&spki("x.key")).unwrap_err(),
        PublicKeyError::UnsupportedAlgorithm { oid: "1.3.101.110".parse().unwrap() }
    );
}
