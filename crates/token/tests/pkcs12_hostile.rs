//! Key files that are damaged or mean harm.

use kyso_testkit::peer;
use kyso_testkit::{Authority, Curve, Profile, SoftKey, Subject, authority};
use kyso_token::Pin;
use kyso_token::pkcs12::{KeyFile, KeyFileError};
use proptest::prelude::*;
use std::fs;
use std::sync::LazyLock;

/// A small file with cheap iterations: what OpenSSL writes, and the same in the old ciphers.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let authority = Authority::new(Curve::P256, 1_767_225_600, 2_398_377_600).unwrap();
    let key = SoftKey::generate(Curve::P256);
    let profile = Profile::document_signing(Subject::official(), 1_767_225_600, 2_398_377_599);
    let leaf = authority.issue(&profile, &key.spki_der()).unwrap();
    fs::write(path("key.pem"), key.pkcs8_pem()).unwrap();
    fs::write(path("leaf.pem"), authority::certificate_pem(&leaf)).unwrap();
    let (key, leaf, out) = (path("key.pem"), path("leaf.pem"), path("key.p12"));
    let forms: [&[&str]; 3] =
        [&["-iter", "1"], &["-legacy", "-iter", "1"], &["-nomac", "-iter", "1"]];
    forms
        .map(|form| {
            let mut arguments = vec![
                "pkcs12", "-export", "-inkey", &key, "-in", &leaf, "-out", &out, "-passout",
                "pass:p",
            ];
            arguments.extend(form);
            peer::run("openssl", arguments).expect_success();
            fs::read(&out).unwrap()
        })
        .to_vec()
});

fn read(pfx: &[u8]) -> Result<KeyFile, KeyFileError> {
    KeyFile::read(pfx, &Pin::new("p".into()))
}

/// The bytes of a DER INTEGER of four bytes.
fn integer(value: u32) -> Vec<u8> {
    der::Encode::to_der(&value).unwrap()
}

#[test]
fn the_samples_are_sound() {
    for sample in SAMPLES.iter() {
        assert_eq!(read(sample).unwrap().keys().len(), 1);
    }
}

#[test]
fn a_mac_of_four_billion_iterations_is_not_begun() {
    // PFX { 3, Data "", MacData { sha256, 32 bytes, salt, iterations } }
    let element = |tag: u8, parts: &[Vec<u8>]| {
        let content = parts.concat();
        let mut bytes = vec![tag, 0x82];
        bytes.extend((content.len() as u16).to_be_bytes());
        bytes.extend(content);
        bytes
    };
    let oid = |text: &str| {
        der::Encode::to_der(&text.parse::<der::asn1::ObjectIdentifier>().unwrap()).unwrap()
    };
    let pfx = |iterations: u32| {
        let safe = element(0x04, &[vec![0x30, 0]]);
        let content = element(0x30, &[oid("1.2.840.113549.1.7.1"), element(0xA0, &[safe])]);
        let digest = element(
            0x30,
            &[element(0x30, &[oid("2.16.840.1.101.3.4.2.1")]), element(0x04, &[vec![0; 32]])],
        );
        let mac = element(0x30, &[digest, element(0x04, &[vec![1; 8]]), integer(iterations)]);
        element(0x30, &[integer(3), content, mac])
    };
    assert_eq!(read(&pfx(1000)).unwrap_err(), KeyFileError::MacMismatch);
    let expected = KeyFileError::TooMuchWork { iterations: u32::MAX.into(), limit: 10_000_000 };
    assert_eq!(read(&pfx(u32::MAX)).unwrap_err(), expected);
}

#[test]
fn every_truncation_is_an_error() {
    for sample in SAMPLES.iter() {
        for length in 0..sample.len() {
            assert!(read(&sample[..length]).is_err(), "{length}");
        }
    }
}

#[test]
fn every_flipped_byte_under_the_mac_is_noticed_or_harmless() {
    let original = &SAMPLES[0];
    let contents = |file: &KeyFile| {
        let certificates = file.certificates().map(<[u8]>::to_vec);
        file.keys().into_iter().map(|key| key.spki).chain(certificates).collect::<Vec<_>>()
    };
    let whole = contents(&read(original).unwrap());
    for at in 0..original.len() {
        let mut altered = original.clone();
        altered[at] ^= 0x41;
        if let Ok(file) = read(&altered) {
            // Flips outside the MAC: an unused parameter, never a key or a certificate.
            assert_eq!(contents(&file), whole, "{at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutations_never_panic(
        sample in 0usize..3,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut pfx = SAMPLES[sample].clone();
        for (at, byte) in edits {
            let at = at.index(pfx.len());
            pfx[at] = byte;
        }
        if let Some(cut) = cut {
            pfx.truncate(cut.index(pfx.len()));
        }
        let _ = read(&pfx);
    }

    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&[&[0x30, 0x80, 2, 1, 3][..], &noise].concat());
    }
}
