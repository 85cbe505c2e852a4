//! Batches by a key file and a journal in memory: what fails is not released, and leaves no file.

mod house;

use std::fs;
use std::sync::atomic::Ordering;

use house::{Desk, Journal, Trick};
use kyso::sign::{PadesOptions, SignError, SignatureFormat, sign_batch};

const PADES: SignatureFormat = SignatureFormat::Pades(PadesOptions::PLAIN);

#[test]
fn a_reservation_that_is_too_small_is_grown_and_signed_again() {
    let desk = Desk::new();
    let signer = desk.signer();
    let mut options = desk.options();
    options.contents_size = Some(16);
    let journal = Journal::default();
    for count in [1, 3] {
        let tasks = desk.tasks(count, &PADES);
        let targets: Vec<_> = tasks.iter().map(|task| task.target.clone()).collect();
        for result in sign_batch(tasks, &signer, &journal, &options, &|_, _| {}) {
            result.expect("signed");
        }
        for target in targets {
            let report = desk.verify(&target, None);
            assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
            fs::remove_file(target).expect("removed");
        }
    }
    assert_eq!(journal.signed(), 4);
}

#[test]
fn nothing_is_released_when_outcomes_cannot_be_recorded() {
    let desk = Desk::new();
    let signer = desk.signer();
    for (trick, expected) in [
        (Trick::RefuseIntents, "journal-unwritable"),
        (Trick::RefuseOutcomes, "journal-unwritable"),
        (Trick::OtherBytes, "not-recorded"),
        (Trick::OtherIntent, "interrupted"),
        (Trick::NoReceipts, "interrupted"),
    ] {
        for format in [PADES, SignatureFormat::Cades { detached: true }] {
            for count in [1, 3] {
                let journal = Journal { trick: Some(trick), ..Journal::default() };
                let tasks = desk.tasks(count, &format);
                let results = sign_batch(tasks, &signer, &journal, &desk.options(), &|_, _| {});
                assert_eq!(results.len(), count);
                for result in results {
                    assert_eq!(result.expect_err("not released").code(), expected, "{trick:?}");
                }
                assert_eq!(desk.out(), [""; 0], "{trick:?}");
            }
        }
    }
}

#[test]
fn what_cannot_get_its_name_is_kept_under_another() {
    let desk = Desk::new();
    let signer = desk.signer();
    let tasks = desk.tasks(1, &PADES);
    let target = tasks[0].target.clone();
    let journal = Journal { squat: Some(target.clone()), ..Journal::default() };
    let mut results = sign_batch(tasks, &signer, &journal, &desk.options(), &|_, _| {});
    let error = results.remove(0).expect_err("the name is taken");
    let SignError::NotPublished { path, kept: Some(kept), .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(path, target);
    assert_eq!(fs::read(target).expect("the other's file"), b"taken");
    assert_eq!(desk.verify(&kept, None).indication.to_string(), "TOTAL-PASSED");
    assert_eq!(desk.out().len(), 2);
}

#[test]
fn a_device_that_returns_nonsense_from_the_start_releases_nothing() {
    let desk = Desk::new();
    let signer = desk.signer_with_act(|act| house::Spoiled::from(act, 0));
    let journal = Journal::default();
    let tasks = desk.tasks(3, &PADES);
    for result in sign_batch(tasks, &signer, &journal, &desk.options(), &|_, _| {}) {
        assert_eq!(result.expect_err("refused").code(), "signature-refused");
    }
    assert_eq!(desk.out(), [""; 0]);
    assert_eq!(journal.count.load(Ordering::Relaxed), 3);
}

#[test]
fn every_rsa_signature_is_verified() {
    let desk = Desk::with_rsa();
    let signer = desk.signer_with_act(|act| house::Spoiled::from(act, 1));
    let journal = Journal::default();
    let mut options = desk.options();
    options.sessions = 0;
    let results = sign_batch(desk.tasks(2, &PADES), &signer, &journal, &options, &|_, _| {});
    let codes: Vec<_> =
        results.iter().map(|result| result.as_ref().map_err(SignError::code).map(|_| ())).collect();
    assert_eq!(codes, [Ok(()), Err("signature-refused")]);
    assert_eq!(desk.out().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_batch_removes_what_a_killed_one_left() {
    let desk = Desk::new();
    let mut killed = std::process::Command::new("true").spawn().expect("a process");
    killed.wait().expect("its end");
    fs::write(desk.path(&format!("out/.kyso-{}-abc.part", killed.id())), b"left").expect("written");
    let tasks = desk.tasks(2, &PADES);
    let results =
        sign_batch(tasks, &desk.signer(), &Journal::default(), &desk.options(), &|_, _| {});
    results.into_iter().for_each(|result| drop(result.expect("signed")));
    assert_eq!(desk.out(), ["0.signed", "1.signed"]);
}

#[test]
fn intents_name_the_operation_and_the_consent() {
    let desk = Desk::new();
    let journal = Journal::default();
    let tasks = desk.tasks(3, &PADES);
    sign_batch(tasks, &desk.signer(), &journal, &desk.options(), &|_, _| {});
    let intents = journal.intents.lock().expect("intents");
    let operations: Vec<_> = intents.iter().filter_map(|one| one.operation.as_deref()).collect();
    assert_eq!(operations, ["batch/0", "batch/1", "batch/2"]);
    assert!(intents.iter().all(|one| one.consent.as_deref() == Some("pinentry 7")));
}
