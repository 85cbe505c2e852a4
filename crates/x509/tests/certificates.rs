//! Certificates by OpenSSL are read whole; damaged ones are refused.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_x509::{Certificate, CertificateError, PublicKeyAlgorithm};
use proptest::prelude::*;
use std::sync::LazyLock;
use support::{P256, Pki, openssl};

const EXTENSIONS: &str = "basicConstraints=critical,CA:FALSE\n\
    keyUsage=critical,digitalSignature,nonRepudiation\n\
    extendedKeyUsage=emailProtection,1.3.6.1.5.5.7.3.36\n\
    subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
    subjectAltName=email:van.a@example.vn\n\
    crlDistributionPoints=URI:http://crl.example.vn/ca.crl,URI:ldap://example.vn/ca\n\
    authorityInfoAccess=OCSP;URI:http://ocsp.example.vn,caIssuers;URI:http://example.vn/ca.cer\n";

struct Fixture {
    pki: Pki,
    root: Certificate,
    leaf: Certificate,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let pki = Pki::new();
    let root = pki.root("root", "Gốc");
    pki.key("leaf", P256);
    let options = ["-set_serial", "0x00c0ffee"];
    let leaf = pki.issue("leaf", "Nguyễn Văn A", "root", EXTENSIONS, &options);
    Fixture { pki, root, leaf }
});

#[test]
fn every_field_is_read() {
    let Fixture { pki, root, leaf } = &*FIXTURE;
    let show = |option| {
        let text = openssl(pki.path(), &["x509", "-in", "leaf.pem", "-noout", option]);
        String::from_utf8(text).unwrap()
    };
    assert_eq!(leaf.version(), 3);
    assert_eq!(leaf.serial_hex(), "00c0ffee");
    assert_eq!(leaf.subject().common_name(), Some("Nguyễn Văn A"));
    assert_eq!(leaf.subject().to_string(), "CN=Nguyễn Văn A, O=Thử");
    assert_eq!(leaf.issuer(), root.subject());
    assert!(!leaf.is_self_issued() && root.is_self_issued());
    assert!(!leaf.is_certificate_authority() && root.is_certificate_authority());
    assert_eq!(
        leaf.public_key().unwrap().algorithm(),
        PublicKeyAlgorithm::Ec(kyso_x509::EllipticCurve::P256)
    );
    let usage = leaf.key_usage().unwrap();
    assert_eq!(usage.to_string(), "digitalSignature, nonRepudiation");
    let purposes: Vec<_> = leaf.extended_key_usage().unwrap().iter().collect();
    assert_eq!(purposes.len(), 2);
    assert_eq!(leaf.authority_key_identifier(), root.subject_key_identifier());
    assert_eq!(leaf.email().as_deref(), Some("van.a@example.vn"));
    assert_eq!(leaf.crl_urls(), ["http://crl.example.vn/ca.crl", "ldap://example.vn/ca"]);
    assert_eq!(leaf.ocsp_urls(), ["http://ocsp.example.vn"]);
    let shown =
        openssl(pki.path(), &["x509", "-in", "leaf.pem", "-noout", "-fingerprint", "-sha256"]);
    let shown = String::from_utf8(shown).unwrap().replace(':', "").to_lowercase();
    let own = leaf.sha256_fingerprint();
    assert!(shown.trim().ends_with(&hex::encode(own.as_bytes())));
    let day = |text: &str| text.split_whitespace().nth(3).unwrap().to_owned();
    let year = day(show("-startdate").split_once('=').unwrap().1);
    assert!(leaf.validity().not_before.to_string().starts_with(&year));
    let length =
        leaf.validity().not_after.as_unix_seconds() - leaf.validity().not_before.as_unix_seconds();
    assert_eq!(length, 100 * 86_400);
    assert_eq!(
        kyso_x509::verify_certificate(leaf, root),
        Ok(()),
        "tbsCertificate and signature are the right ranges"
    );
}

#[test]
fn pem_and_der_give_the_same() {
    let Fixture { pki, root, leaf } = &*FIXTURE;
    assert_eq!(leaf.to_pem().as_bytes(), pki.read("leaf.pem"));
    let mut bundle = b"subject=text before\r\n".to_vec();
    bundle.extend(leaf.to_pem().replace('\n', "\r\n").into_bytes());
    bundle.extend(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    bundle.extend(root.to_pem().into_bytes());
    assert_eq!(Certificate::all_from_pem_or_der(&bundle).unwrap(), [leaf.clone(), root.clone()]);
    let der = Certificate::all_from_pem_or_der(leaf.as_der()).unwrap();
    assert_eq!(der, std::slice::from_ref(leaf));
    assert_eq!(Certificate::all_from_pem_or_der(b"no certificate"), Err(CertificateError::Missing));
    let open = b"x -----BEGIN CERTIFICATE-----\nMII";
    assert_eq!(Certificate::all_from_pem_or_der(open), Err(CertificateError::Pem { offset: 2 }));
    let mut trailing = leaf.as_der().to_vec();
    trailing.push(0);
    assert!(Certificate::from_der(&trailing).is_err());
}

proptest! {
    #[test]
    fn an_altered_byte_is_refused_or_breaks_the_signature(seed: usize, bit in 0..8_u8) {
        let Fixture { root, leaf, .. } = &*FIXTURE;
        let mut der = leaf.as_der().to_vec();
        let position = seed % der.len();
        der[position] ^= 1 << bit;
        if let Ok(altered) = Certificate::from_der(&der) {
            prop_assert!(kyso_x509::verify_certificate(&altered, root).is_err());
        }
    }

    #[test]
    fn a_truncated_certificate_is_refused(seed: usize) {
        let der = FIXTURE.leaf.as_der();
        prop_assert!(Certificate::from_der(&der[..seed % der.len()]).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Certificate::from_der(&bytes);
        let _ = Certificate::all_from_pem_or_der(&bytes);
        let _ = kyso_x509::PublicKey::from_spki_der(&bytes);
        let _ = kyso_x509::Name::from_der(&bytes);
    }
}
