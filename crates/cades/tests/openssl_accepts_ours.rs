//! `openssl cms -verify -cades` accepts what we make, detached and attached, in DER and BER.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_cades::{
    BerWriter, ContentDigests, SignatureLevel, SignedData, VerifyFailure, oid, read_signed_data,
    verify_signer,
};
use std::io::Write as _;
use support::{KeyKind, Pki, Signer};

const CONTENT: &[u8] = "Công văn số 12/2026/UBND-VX\r\nbytes \x00 and lines\n".as_bytes();

fn signers(pki: &Pki) -> Vec<Signer> {
    vec![
        pki.signer("rsa", KeyKind::Rsa),
        pki.signer("p256", KeyKind::P256),
        pki.signer("p384", KeyKind::P384),
    ]
}

#[test]
fn detached_and_attached_in_der_and_ber() {
    let pki = Pki::new();
    pki.write("content.bin", CONTENT);
    pki.write("other.bin", b"something else");
    for signer in signers(&pki) {
        for algorithm in signer.algorithms() {
            // Detached.
            let to_be_signed = signer.prepare_for(algorithm, CONTENT);
            let value = signer.sign(algorithm, to_be_signed.bytes_to_sign());
            assert_eq!(to_be_signed.verify(&value), Ok(()), "{algorithm}");
            let bound = to_be_signed.estimated_size();
            let finished = to_be_signed.finish(&value);
            let detached = finished.to_detached();
            assert!(detached.len() <= bound && bound <= detached.len() + 16);
            pki.write("detached.p7s", &detached);
            pki.openssl_verify("detached.p7s", Some("content.bin"))
                .unwrap_or_else(|error| panic!("{algorithm}: {error}"));
            assert!(pki.openssl_verify("detached.p7s", Some("other.bin")).is_err());
            let signed_data = SignedData::from_ber(&detached).unwrap();
            let digests =
                ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), CONTENT);
            let verified = verify_signer(&signed_data, 0, &digests, &[]).unwrap();
            assert_eq!(verified.level(), SignatureLevel::CadesBB);
            assert_eq!(verified.algorithm(), algorithm);
            assert_eq!(verified.certificate(), &signer.certificate);
            assert_eq!(verified.signing_time(), Some(support::SIGNING_TIME));

            // Attached, length known: DER.
            let attached = finished.to_attached(CONTENT.len() as u64);
            let mut der = Vec::new();
            attached.write(&mut &CONTENT[..], &mut der).unwrap();
            assert_eq!(der.len() as u64, attached.total_len());
            pki.write("attached.p7m", &der);
            assert_eq!(pki.openssl_verify("attached.p7m", None).unwrap(), CONTENT);
            let held = SignedData::from_ber(&der).unwrap();
            assert_eq!(held.content(), Some(CONTENT));

            // Attached, length unknown: BER.
            let mut writer =
                BerWriter::start(Vec::new(), algorithm.cms_digest_algorithm(), oid::DATA).unwrap();
            for piece in CONTENT.chunks(7) {
                writer.write_all(piece).unwrap();
            }
            writer.flush().unwrap();
            let written = writer.end_content().unwrap();
            let to_be_signed = signer.prepare(algorithm, *written.digest());
            let value = signer.sign(algorithm, to_be_signed.bytes_to_sign());
            let ber = written.finish(&to_be_signed.finish(&value)).unwrap();
            pki.write("streamed.p7m", &ber);
            assert_eq!(pki.openssl_verify("streamed.p7m", None).unwrap(), CONTENT);
            for bytes in [&der, &ber] {
                let mut content = Vec::new();
                let (signed_data, digests) = read_signed_data(
                    bytes.as_slice(),
                    &kyso_cades::ReadLimits::document(),
                    &mut |piece| content.extend_from_slice(piece),
                )
                .unwrap();
                assert_eq!(content, CONTENT);
                verify_signer(&signed_data, 0, &digests, &[]).unwrap();
            }
        }
    }
}

#[test]
fn a_second_signer_is_added_without_touching_the_first() {
    let pki = Pki::new();
    pki.write("content.bin", CONTENT);
    let [rsa, p256, _] = signers(&pki).try_into().ok().unwrap();
    let first = rsa.detached(CONTENT);
    let before = SignedData::from_ber(&first).unwrap();
    let algorithm = p256.algorithms()[0];
    let to_be_signed = p256.prepare_for(algorithm, CONTENT);
    let value = p256.sign(algorithm, to_be_signed.bytes_to_sign());
    let both = before.with_signer(&to_be_signed.finish(&value)).unwrap();
    pki.write("both.p7s", &both);
    pki.openssl_verify("both.p7s", Some("content.bin")).unwrap();

    let after = SignedData::from_ber(&both).unwrap();
    assert_eq!(after.signer_infos()[0].as_received(), before.signer_infos()[0].as_received());
    let digests = ContentDigests::of_bytes(&after.content_digest_algorithms(), CONTENT);
    for (index, signer) in [&rsa, &p256].into_iter().enumerate() {
        let verified = verify_signer(&after, index, &digests, &[]).unwrap();
        assert_eq!(verified.certificate(), &signer.certificate);
    }
    assert_eq!(
        verify_signer(&after, 2, &digests, &[]).unwrap_err(),
        VerifyFailure::NoSuchSigner { index: 2, count: 2 }
    );

    // The same beside encapsulated content.
    let to_be_signed = rsa.prepare_for(rsa.algorithms()[0], CONTENT);
    let value = rsa.sign(rsa.algorithms()[0], to_be_signed.bytes_to_sign());
    let mut attached = Vec::new();
    to_be_signed
        .finish_attached(&value, CONTENT.len() as u64)
        .write(&mut &CONTENT[..], &mut attached)
        .unwrap();
    let to_be_signed = p256.prepare_for(algorithm, CONTENT);
    let value = p256.sign(algorithm, to_be_signed.bytes_to_sign());
    let both =
        SignedData::from_ber(&attached).unwrap().with_signer(&to_be_signed.finish(&value)).unwrap();
    pki.write("both.p7m", &both);
    assert_eq!(pki.openssl_verify("both.p7m", None).unwrap(), CONTENT);
}

#[test]
fn another_key_shows_before_the_structure_is_made() {
    let pki = Pki::new();
    let rsa = pki.signer("rsa", KeyKind::Rsa);
    let other = pki.signer("other", KeyKind::Rsa);
    let algorithm = rsa.algorithms()[0];
    let to_be_signed = rsa.prepare_for(algorithm, CONTENT);
    let value = other.sign(algorithm, to_be_signed.bytes_to_sign());
    assert_eq!(to_be_signed.verify(&value), Err(kyso_x509::VerifyError::BadSignature));
}
