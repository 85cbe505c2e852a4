//! What `openssl cms -sign` makes is read and verified, and its level is what is really there.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_cades::{
    ContentDigests, ReadLimits, SignatureLevel, SignedData, SignerIdentifier,
    SigningCertificateBinding, read_signed_data, verify_signer,
};
use kyso_x509::DigestAlgorithm;
use support::{KeyKind, Pki, openssl};

const CONTENT: &[u8] = b"one line\r\nanother\n\0 and bytes";

struct Case {
    options: &'static [&'static str],
    level: SignatureLevel,
    binding: SigningCertificateBinding,
}

const CASES: [Case; 9] = [
    // Verified and named: whether SHA-1 is enough is the policy's question.
    Case {
        options: &["-cades", "-md", "sha1"],
        level: SignatureLevel::CadesBB,
        binding: SigningCertificateBinding::V1,
    },
    Case {
        options: &["-cades"],
        level: SignatureLevel::CadesBB,
        binding: SigningCertificateBinding::V2(DigestAlgorithm::Sha256),
    },
    Case {
        options: &["-cades", "-nodetach"],
        level: SignatureLevel::CadesBB,
        binding: SigningCertificateBinding::V2(DigestAlgorithm::Sha256),
    },
    Case {
        options: &["-cades", "-nodetach", "-stream"],
        level: SignatureLevel::CadesBB,
        binding: SigningCertificateBinding::V2(DigestAlgorithm::Sha256),
    },
    Case {
        options: &["-cades", "-md", "sha512"],
        level: SignatureLevel::CadesBB,
        binding: SigningCertificateBinding::V2(DigestAlgorithm::Sha512),
    },
    Case {
        options: &["-nodetach"],
        level: SignatureLevel::Cms,
        binding: SigningCertificateBinding::Missing,
    },
    Case {
        options: &["-noattr"],
        level: SignatureLevel::Cms,
        binding: SigningCertificateBinding::Missing,
    },
    Case {
        options: &["-noattr", "-nodetach", "-stream"],
        level: SignatureLevel::Cms,
        binding: SigningCertificateBinding::Missing,
    },
    Case {
        options: &["-cades", "-keyid"],
        level: SignatureLevel::CadesBB,
        binding: SigningCertificateBinding::V2(DigestAlgorithm::Sha256),
    },
];

#[test]
fn every_form_under_every_key() {
    let pki = Pki::new();
    pki.write("content.bin", CONTENT);
    let keys: [(&str, KeyKind, &[&str]); 5] = [
        ("rsa", KeyKind::Rsa, &[]),
        (
            "pss",
            KeyKind::Rsa,
            &["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32"],
        ),
        (
            "psslong",
            KeyKind::Rsa,
            &["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:max"],
        ),
        ("p256", KeyKind::P256, &[]),
        ("p384", KeyKind::P384, &[]),
    ];
    for (name, kind, key_options) in keys {
        let signer = pki.signer(name, kind);
        for case in &CASES {
            // OpenSSL 3.0 cannot: "illegal zero content", the PSS parameters being set after the header.
            if !key_options.is_empty() && case.options.contains(&"-stream") {
                continue;
            }
            let what = format!("{name} {key_options:?} {:?}", case.options);
            let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
            let mut arguments = vec![
                "cms",
                "-sign",
                "-binary",
                "-in",
                "content.bin",
                "-out",
                "out.p7m",
                "-outform",
                "DER",
                "-signer",
                &certificate,
                "-inkey",
                &key,
            ];
            arguments.extend(key_options);
            arguments.extend(case.options);
            openssl(pki.path(), &arguments);

            let bytes = pki.read("out.p7m");
            let signed_data = SignedData::from_ber(&bytes).expect(&what);
            let attached = case.options.contains(&"-nodetach");
            assert_eq!(signed_data.content(), attached.then_some(CONTENT), "{what}");
            let by_key = case.options.contains(&"-keyid");
            assert_eq!(
                matches!(
                    signed_data.signer_infos()[0].sid(),
                    SignerIdentifier::SubjectKeyIdentifier(_)
                ),
                by_key
            );
            let algorithms = signed_data.content_digest_algorithms();
            let digests = ContentDigests::of_reader(&algorithms, &mut &CONTENT[..]).unwrap();
            let verified = verify_signer(&signed_data, 0, &digests, &[]).expect(&what);
            assert_eq!(verified.level(), case.level, "{what}");
            assert_eq!(verified.signing_certificate(), case.binding, "{what}");
            assert_eq!(verified.certificate(), &signer.certificate, "{what}");
            if attached {
                let limits = ReadLimits::document();
                let (streamed, digests) =
                    read_signed_data(bytes.as_slice(), &limits, &mut |_| {}).expect(&what);
                assert_eq!(streamed.content_len(), Some(CONTENT.len() as u64));
                verify_signer(&streamed, 0, &digests, &[]).expect(&what);
            }
        }
    }
}

#[test]
fn two_signers_by_resign() {
    let pki = Pki::new();
    pki.write("content.bin", CONTENT);
    let rsa = pki.signer("rsa", KeyKind::Rsa);
    let p384 = pki.signer("p384", KeyKind::P384);
    openssl(
        pki.path(),
        &[
            "cms",
            "-sign",
            "-cades",
            "-binary",
            "-nodetach",
            "-in",
            "content.bin",
            "-out",
            "one.p7m",
            "-outform",
            "DER",
            "-signer",
            "rsa.pem",
            "-inkey",
            "rsa.key",
        ],
    );
    openssl(
        pki.path(),
        &[
            "cms", "-resign", "-cades", "-binary", "-inform", "DER", "-in", "one.p7m", "-out",
            "two.p7m", "-outform", "DER", "-signer", "p384.pem", "-inkey", "p384.key",
        ],
    );
    let signed_data = SignedData::from_ber(&pki.read("two.p7m")).unwrap();
    assert_eq!(signed_data.signer_infos().len(), 2);
    let digests = ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), CONTENT);
    let mut found: Vec<_> = (0..2)
        .map(|index| {
            verify_signer(&signed_data, index, &digests, &[]).unwrap().certificate().clone()
        })
        .collect();
    found.sort_by_key(|certificate| certificate.as_der().len());
    let mut expected = vec![rsa.certificate, p384.certificate];
    expected.sort_by_key(|certificate| certificate.as_der().len());
    assert_eq!(found, expected);
}

#[test]
fn a_certificate_from_elsewhere_serves_where_none_is_embedded() {
    let pki = Pki::new();
    pki.write("content.bin", CONTENT);
    let signer = pki.signer("p256", KeyKind::P256);
    openssl(
        pki.path(),
        &[
            "cms",
            "-sign",
            "-cades",
            "-nocerts",
            "-binary",
            "-in",
            "content.bin",
            "-out",
            "out.p7s",
            "-outform",
            "DER",
            "-signer",
            "p256.pem",
            "-inkey",
            "p256.key",
        ],
    );
    let signed_data = SignedData::from_ber(&pki.read("out.p7s")).unwrap();
    let digests = ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), CONTENT);
    let failure = verify_signer(&signed_data, 0, &digests, &[]).unwrap_err();
    assert_eq!(failure.indication(), kyso_cades::FailureIndication::NoSigningCertificateFound);
    let verified =
        verify_signer(&signed_data, 0, &digests, &[pki.ca.clone(), signer.certificate]).unwrap();
    assert_eq!(verified.level(), SignatureLevel::CadesEBes);
}
