//! What signed files are worth when something about them is not as it should be.

mod house;

use std::fs;
use std::path::PathBuf;

use house::{Desk, Journal};
use kyso::report::{FileFormat, FileReport};
use kyso::sign::{PadesOptions, SignatureFormat, sign_batch};
use kyso::validation::PathCache;
use kyso::validation::evidence::Evidence;
use kyso::validation::policy::Policy;
use kyso::validation::trust::Trust;
use kyso::verify::{Content, Options, VerifyFileError, verify_bytes, verify_file};
use kyso_x509::Time;

const PADES: SignatureFormat = SignatureFormat::Pades(PadesOptions::PLAIN);
const ATTACHED: SignatureFormat = SignatureFormat::Cades { detached: false };

/// The signed file and its document.
fn signed(desk: &Desk, format: &SignatureFormat) -> (PathBuf, PathBuf) {
    let tasks = desk.tasks(1, format);
    let paths = (tasks[0].target.clone(), tasks[0].source.clone());
    let signer = desk.signer();
    let mut results = sign_batch(tasks, &signer, &Journal::default(), &desk.options(), &|_, _| {});
    results.remove(0).expect("signed");
    paths
}

fn codes(report: &FileReport) -> Vec<&'static str> {
    report.signatures.iter().flat_map(|one| &one.errors).map(|error| error.code()).collect()
}

#[test]
fn an_attached_signature_of_a_pdf_is_no_pdf() {
    let desk = Desk::new();
    let (file, document) = signed(&desk, &ATTACHED);
    let report = desk.verify(&file, None);
    assert_eq!(report.format, FileFormat::Cms);
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
    // The content that is given must be the one inside.
    assert_eq!(desk.verify(&file, Some(&document)).indication.to_string(), "TOTAL-PASSED");
    let other = desk.path("other");
    fs::write(&other, b"another document").expect("written");
    let report = desk.verify(&file, Some(&other));
    assert_eq!(report.indication.to_string(), "TOTAL-FAILED (HASH_FAILURE)");
    assert_eq!(codes(&report), ["content-differs"]);
}

#[test]
fn a_pem_of_another_label_is_no_signature() {
    let desk = Desk::new();
    let (file, _) = signed(&desk, &ATTACHED);
    let der = fs::read(&file).expect("the file");
    let pem = desk.path("signature.pem");
    fs::write(&pem, kyso_x509::pem::encode("CMS", &der)).expect("written");
    assert_eq!(desk.verify(&pem, None).indication.to_string(), "TOTAL-PASSED");
    fs::write(&pem, kyso_x509::pem::encode("CERTIFICATE", &der)).expect("written");
    let refused = desk.try_verify(&pem, None);
    assert!(matches!(refused, Err(VerifyFileError::UnknownFormat { .. })), "{refused:?}");
}

#[test]
fn a_pdf_takes_no_content() {
    let desk = Desk::new();
    let (file, document) = signed(&desk, &PADES);
    let refused = desk.try_verify(&file, Some(&document));
    assert!(matches!(refused, Err(VerifyFileError::ContentNotApplicable { .. })), "{refused:?}");
}

#[test]
fn an_expired_certificate_leaves_integrity_undecided() {
    let desk = Desk::with_expired();
    for format in [PADES, ATTACHED] {
        let (file, _) = signed(&desk, &format);
        let report = desk.verify(&file, None);
        assert_eq!(report.indication.to_string(), "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)");
        assert_eq!(codes(&report), ["certificate"]);
        fs::remove_file(file).expect("removed");
    }
}

#[test]
fn a_pdf_with_a_broken_cross_reference_is_undecided() {
    let desk = Desk::new();
    let (file, _) = signed(&desk, &PADES);
    let mut bytes = fs::read(&file).expect("the file");
    let at = bytes.windows(9).rposition(|window| window == b"startxref").expect("an end");
    bytes[at..at + 4].copy_from_slice(b"xxxx");
    fs::write(&file, bytes).expect("written");
    let report = desk.verify(&file, None);
    assert!(codes(&report).contains(&"xref-rebuilt"), "{:?}", codes(&report));
    assert_ne!(report.indication.as_str(), "TOTAL-PASSED");
}

#[test]
fn a_file_of_any_length_is_judged_as_its_bytes_are() {
    let desk = Desk::new();
    let (trust, evidence) = (Trust::default(), Evidence::default());
    let policy = Policy::built_in("integrity-only").expect("a policy");
    let paths = PathCache::new();
    // What surrounds the content takes less than 8 KiB: files below, at and above the length that is read at once.
    let lengths = (56 * 1024..=64 * 1024).step_by(2048).chain([1, 4095, 300_000]);
    for (index, len) in lengths.enumerate() {
        let mut tasks = desk.tasks(1, &ATTACHED);
        let (target, source) = (desk.path(&format!("{index}.p7m")), desk.path("content"));
        fs::write(&source, vec![b'x'; len]).expect("written");
        tasks[0].target.clone_from(&target);
        tasks[0].source = source;
        let signer = desk.signer();
        let results = sign_batch(tasks, &signer, &Journal::default(), &desk.options(), &|_, _| {});
        assert!(results.iter().all(Result::is_ok), "{len}");
        let mut bytes = fs::read(&target).expect("the file");
        for flipped in [false, true] {
            if flipped {
                let last = bytes.len() - 300;
                bytes[last] ^= 1;
                fs::write(&target, &bytes).expect("written");
            }
            let mut found = [None, Some(&paths)].into_iter().flat_map(|paths| {
                let options = Options {
                    trust: &trust,
                    evidence: &evidence,
                    policy: Some(&policy),
                    validation_time: Time::from_unix_seconds(house::NOW),
                    content: None,
                    paths,
                    password: None,
                };
                let of_file = verify_file(&target, &options);
                let of_bytes = verify_bytes(&bytes, &target.to_string_lossy(), &options);
                [of_file, of_bytes].map(|one| format!("{one:?}"))
            });
            let first = found.next().expect("a report");
            assert!(found.all(|other| other == first), "{len}: {first}");
            assert_eq!(first.contains("indication: TotalPassed"), !flipped, "{len}: {first}");
        }
    }
}

#[test]
fn what_is_in_memory_is_judged_without_a_file() {
    let desk = Desk::new();
    let (file, document) = signed(&desk, &SignatureFormat::Cades { detached: true });
    let (signature, content) =
        (fs::read(&file).expect("the signature"), fs::read(&document).expect("the document"));
    // No file is left to fall back on.
    fs::remove_file(file).expect("removed");
    fs::remove_file(&document).expect("removed");
    let trust = Trust::default();
    let evidence = Evidence::default();
    let policy = Policy::built_in("integrity-only").expect("a policy");
    let options = |content| Options {
        trust: &trust,
        evidence: &evidence,
        policy: Some(&policy),
        validation_time: Time::from_unix_seconds(house::NOW),
        content,
        paths: None,
        password: None,
    };
    let report = verify_bytes(&signature, "công văn.p7s", &options(Some(Content::Bytes(&content))))
        .expect("a report");
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
    assert_eq!(report.file, PathBuf::from("công văn.p7s"));
    let verdict = |content| {
        let report = verify_bytes(&signature, "x", &options(content)).expect("a report");
        report.indication.to_string()
    };
    assert_eq!(verdict(Some(Content::Bytes(b"another"))), "TOTAL-FAILED (HASH_FAILURE)");
    assert_eq!(verdict(None), "INDETERMINATE (SIGNED_DATA_NOT_FOUND)");
    let refused =
        |signed: &[u8], content| verify_bytes(signed, "x", &options(content)).unwrap_err();
    assert!(matches!(refused(b"", None), VerifyFileError::Empty { .. }));
    assert!(matches!(refused(b"text", None), VerifyFileError::UnknownFormat { .. }));
    assert!(matches!(refused(&signature[..40], None), VerifyFileError::Cms { .. }));
    let pdf = kyso_testkit::pdf::one_page("page");
    assert!(matches!(refused(&pdf, None), VerifyFileError::NotSigned { .. }));
    let beside = Some(Content::Bytes(&content));
    assert!(matches!(refused(&pdf, beside), VerifyFileError::ContentNotApplicable { .. }));
    let missing = Some(Content::File(&document));
    assert!(matches!(
        refused(&signature, missing),
        VerifyFileError::Unreadable { path, .. } if path == document
    ));
}
