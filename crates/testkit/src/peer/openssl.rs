//! OpenSSL 3: keys that ring and RustCrypto do not make, PKCS #12 files, and a second opinion on CMS.

use super::{Verdict, run, run_with_input};
use std::ffi::OsStr;
use std::path::Path;

/// A fresh RSA key of `bits`, PrivateKeyInfo in PEM.
#[track_caller]
pub fn rsa_key_pem(bits: u32) -> String {
    let bits = format!("rsa_keygen_bits:{bits}");
    let made = run("openssl", ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", &bits]);
    // OpenSSL 3.0 does not know -quiet, later ones print dots without it.
    let made = if made.success {
        made
    } else {
        run("openssl", ["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits])
    };
    String::from_utf8(made.expect_success()).expect("PEM is text")
}

/// The same key as PrivateKeyInfo, DER.
#[track_caller]
pub fn pkcs8_der(key_pem: &str) -> Vec<u8> {
    let arguments = ["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"];
    run_with_input("openssl", arguments, key_pem.as_bytes()).expect_success()
}

/// The key's SubjectPublicKeyInfo, DER.
#[track_caller]
pub fn spki_der(key_pem: &str) -> Vec<u8> {
    run_with_input("openssl", ["pkey", "-pubout", "-outform", "DER"], key_pem.as_bytes())
        .expect_success()
}

/// `openssl cms -verify -cades` of a DER SignedData against the roots in `trust` (PEM), with the content in a file
/// of its own where the signature is detached.
#[track_caller]
pub fn cms_verify(signature: &Path, content: Option<&Path>, trust: &Path) -> Verdict {
    let mut arguments = vec![
        OsStr::new("cms"),
        OsStr::new("-verify"),
        OsStr::new("-cades"),
        OsStr::new("-binary"),
        OsStr::new("-inform"),
        OsStr::new("DER"),
        OsStr::new("-in"),
        signature.as_os_str(),
        OsStr::new("-CAfile"),
        trust.as_os_str(),
    ];
    if let Some(content) = content {
        arguments.extend([OsStr::new("-content"), content.as_os_str()]);
    }
    run("openssl", arguments)
}
