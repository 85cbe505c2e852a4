//! Sub-filters of other times and purposes: `adbe.pkcs7.sha1`, and documents that bear a time-stamp alone.

mod house;

use std::fs;
use std::io::Cursor;

use house::NOW;
use house::world::{World, certificate};
use kyso::report::{FileReport, TimestampKind};
use kyso_cades::{Form, SigningParameters, oid, prepare};
use kyso_pades::{Date, Document, Limits, SigningField, SigningOptions, SubFilter, copy_and_hash};
use kyso_testkit::pki::Hash;
use kyso_x509::{Digest, DigestAlgorithm, SignatureAlgorithm, SignatureValue};

/// A one-page PDF whose signature field holds what `message` makes of the digest of its byte range.
fn sealed(
    sub_filter: SubFilter,
    algorithm: DigestAlgorithm,
    message: impl FnOnce(Digest) -> Vec<u8>,
) -> Vec<u8> {
    let pdf = kyso_testkit::pdf::one_page("Văn bản cũ");
    let mut document = Document::open(Cursor::new(&pdf), Limits::standard()).expect("a document");
    let options = SigningOptions {
        field: SigningField::New { name: None, page: 0, rect: None },
        signing_time: Date::from_unix(NOW, 7 * 60).filter(|_| sub_filter != SubFilter::EtsiRfc3161),
        sub_filter,
        name: None,
        reason: None,
        location: None,
        contact_info: None,
        appearance: &[],
        certify: None,
        lock: None,
        seed_facts: None,
        contents_size: 8_192,
    };
    let prepared = document.prepare_signature(&options).expect("prepared");
    let mut file = Vec::new();
    let len = prepared.original_len();
    let hasher = copy_and_hash(document.reader_mut(), len, &mut file, algorithm).expect("hashed");
    let message = message(prepared.digest(hasher));
    file.extend(prepared.embed(&message).expect("room"));
    file
}

/// A message that holds this content, by the infrastructure's signer.
fn attached(world: &World, content: &[u8]) -> Vec<u8> {
    let signer = &world.server.hierarchy().signer;
    let algorithm = DigestAlgorithm::Sha256;
    let to_be_signed = prepare(SigningParameters {
        certificate: certificate(&signer.certificate),
        extra_certificates: Vec::new(),
        algorithm: SignatureAlgorithm::Ecdsa(algorithm),
        content_type: oid::DATA,
        message_digest: algorithm.digest(content),
        form: Form::Pades,
    })
    .expect("prepared");
    let value = SignatureValue::from_bytes(signer.key.sign(to_be_signed.bytes_to_sign()));
    let detached = to_be_signed.finish_detached(&value);
    let data = kyso_cades::SignedData::from_ber(&detached).expect("readable");
    let attached = data.to_attached(algorithm.digest(content), content.len() as u64);
    [attached.prefix(), content, attached.suffix()].concat()
}

fn judged(world: &World, bytes: &[u8]) -> FileReport {
    let file = world.path("a.pdf");
    fs::write(&file, bytes).expect("written");
    world.verify_at(&file, NOW)
}

fn codes(report: &FileReport) -> Vec<&'static str> {
    report.signatures[0].errors.iter().map(kyso::report::Finding::code).collect()
}

#[test]
fn a_message_about_a_sha_1_is_worth_no_more_than_that() {
    let world = World::new();
    let sha1 = DigestAlgorithm::Sha1ForLegacyUseOnly;
    let good = sealed(SubFilter::AdbePkcs7Sha1, sha1, |digest| attached(&world, digest.as_bytes()));
    let report = judged(&world, &good);
    assert!(
        report.indication.to_string().starts_with("INDETERMINATE"),
        "SHA-1 protects nothing today: {report:#?}"
    );
    assert!(
        codes(&report).iter().any(|code| code.contains("digest") || code.contains("algorithm")),
        "{:?}",
        codes(&report)
    );
    // The message is about another document.
    let other = sealed(SubFilter::AdbePkcs7Sha1, sha1, |_| attached(&world, &[7; 20]));
    assert_eq!(judged(&world, &other).indication.to_string(), "TOTAL-FAILED (HASH_FAILURE)");
    // The document was changed behind the message.
    let mut changed = good;
    let at = changed.windows(7).position(|window| window == b"/Parent").expect("an entry");
    changed[at + 1] = b'Q';
    assert_eq!(judged(&world, &changed).indication.to_string(), "TOTAL-FAILED (HASH_FAILURE)");
}

#[test]
fn a_document_with_a_time_stamp_alone_is_not_signed() {
    let world = World::new();
    let token =
        |digest: Digest| world.server.hierarchy().time_stamp(Hash::Sha256, digest.as_bytes(), NOW);
    let stamped = sealed(SubFilter::EtsiRfc3161, DigestAlgorithm::Sha256, token);
    let report = judged(&world, &stamped);
    assert_eq!(report.indication.to_string(), "INDETERMINATE (SIG_CONSTRAINTS_FAILURE)");
    assert!(codes(&report).contains(&"only-timestamp"), "{:?}", codes(&report));
    let stamp = &report.signatures[0].timestamps[0];
    assert_eq!(stamp.kind, TimestampKind::Document);
    assert_ne!(stamp.indication.to_string(), "TOTAL-FAILED (HASH_FAILURE)");
    // Over other bytes it is wrong.
    let wrong = sealed(SubFilter::EtsiRfc3161, DigestAlgorithm::Sha256, |_| {
        token(DigestAlgorithm::Sha256.digest(b"another document"))
    });
    assert_eq!(judged(&world, &wrong).indication.to_string(), "TOTAL-FAILED (HASH_FAILURE)");
}

#[test]
fn nothing_is_hidden_by_calling_itself_a_time_stamp() {
    let world = World::new();
    // No token at all in a field that says DocTimeStamp: it has its own, failing verdict.
    let fake = sealed(SubFilter::EtsiRfc3161, DigestAlgorithm::Sha256, |digest| {
        attached(&world, digest.as_bytes())
    });
    let report = judged(&world, &fake);
    assert_eq!(report.signatures.len(), 1);
    assert_eq!(report.indication.to_string(), "TOTAL-FAILED (FORMAT_FAILURE)", "{report:#?}");
}
