//! Batches that end early, and documents looked at before any key is: nothing is left half done.

mod house;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use house::{Desk, Journal, Removed, Stopping};
use kyso::recorder::Outcome;
use kyso::sign::{PadesOptions, SignError, SignatureFormat, Stop, inspect, sign_batch};
use kyso::signer::Signer;

const PADES: SignatureFormat = SignatureFormat::Pades(PadesOptions::PLAIN);

const DETACHED: SignatureFormat = SignatureFormat::Cades { detached: true };

/// More than are prepared ahead and signed at once by two sessions, together.
const MANY: usize = 400;

#[test]
fn a_stopped_batch_releases_what_is_signed_and_cancels_the_rest() {
    let desk = Desk::new();
    for sessions in [0, 2] {
        let journal = Journal::default();
        let stop = Stop::default();
        let signer = desk.signer_with_act(|act| {
            Box::new(Stopping { act, at: 3, stop: stop.clone(), asked: AtomicUsize::new(0) })
        });
        let mut options = desk.options();
        options.sessions = sessions;
        options.stop = stop;
        let reported = AtomicUsize::new(0);
        let tasks = desk.tasks(MANY, &DETACHED);
        let results = sign_batch(tasks, &signer, &journal, &options, &|_, _| {
            reported.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!((results.len(), reported.into_inner()), (MANY, MANY));
        let released = results.iter().filter(|result| result.is_ok()).count();
        // Those in the token's hands at the moment are finished; 16 at most at a time, by each session.
        assert!((3..=3 + 32).contains(&released), "{released} released");
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert!(matches!(error, SignError::Cancelled), "{error:?}");
        }
        // Every intent has its outcome.
        assert_eq!(journal.signed(), released);
        let outcomes = journal.outcomes.lock().expect("outcomes");
        assert_eq!(outcomes.len(), journal.count.load(Ordering::Relaxed));
        let cancelled = outcomes.iter().filter(|one| **one == Outcome::Cancelled).count();
        assert_eq!(cancelled + released, outcomes.len());
        assert_eq!(desk.out().len(), released);
        desk.clear_out();
    }
}

#[test]
fn a_batch_stopped_before_it_begins_asks_for_nothing() {
    let desk = Desk::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let signer = desk.signer_with_act(|act| {
        Box::new(Removed { act, at: usize::MAX, asked: Arc::clone(&asked) })
    });
    let journal = Journal::default();
    let options = desk.options();
    options.stop.request();
    let results = sign_batch(desk.tasks(3, &PADES), &signer, &journal, &options, &|_, _| {});
    assert!(results.iter().all(|one| matches!(one, Err(SignError::Cancelled))));
    assert_eq!(journal.count.load(Ordering::Relaxed), 0, "no intent");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(desk.out(), [""; 0]);
}

#[test]
fn a_token_that_went_away_is_not_asked_for_every_item() {
    let desk = Desk::new();
    for sessions in [0, 2] {
        let asked = Arc::new(AtomicUsize::new(0));
        let signer =
            desk.signer_with_act(|act| Box::new(Removed { act, at: 3, asked: Arc::clone(&asked) }));
        let journal = Journal::default();
        let mut options = desk.options();
        options.sessions = sessions;
        let results = sign_batch(desk.tasks(MANY, &PADES), &signer, &journal, &options, &|_, _| {});
        let of =
            |code| results.iter().filter(move |one| one.as_ref().is_err_and(|e| e.code() == code));
        // Those in its hands when it went know why; 16 at most at a time, by each session.
        let lost = of("session-lost").count();
        assert!((1..=32).contains(&lost), "{lost} lost");
        assert_eq!(asked.load(Ordering::SeqCst), 3 + lost);
        assert_eq!(of("cancelled").count(), MANY - 3 - lost);
        assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 3);
        let outcomes = journal.outcomes.lock().expect("outcomes");
        assert_eq!(outcomes.len(), MANY, "every intent has its outcome");
        drop(outcomes);
        desk.clear_out();
    }
}

#[test]
fn one_signer_serves_batches_on_several_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let desk = Desk::new();
    let signer: Signer = desk.signer();
    shared(&signer);
    let journal = Journal::default();
    let mut tasks = desk.tasks(20, &PADES);
    let others = tasks.split_off(10);
    std::thread::scope(|scope| {
        for tasks in [tasks, others] {
            scope.spawn(|| {
                for result in sign_batch(tasks, &signer, &journal, &desk.options(), &|_, _| {}) {
                    result.expect("signed");
                }
            });
        }
    });
    assert_eq!(journal.signed(), 20);
    signer.close().expect("logged out");
}

#[test]
fn a_document_is_described_without_a_key() {
    let desk = Desk::new();
    let tasks = desk.tasks(1, &PADES);
    let source = &tasks[0].source;
    let bytes = fs::read(source).expect("the document");
    let before = inspect(source, &PADES).expect("an inspection");
    assert_eq!((before.pages, before.earlier_signatures), (Some(1), 0));
    assert_eq!(before.len, bytes.len() as u64);
    let (source, target) = (source.clone(), tasks[0].target.clone());
    let journal = Journal::default();
    sign_batch(tasks, &desk.signer(), &journal, &desk.options(), &|_, _| {});
    assert_eq!(before.sha256, journal.intents.lock().expect("intents")[0].document_sha256);
    assert_eq!(fs::read(&source).expect("the document"), bytes, "inspecting changes nothing");
    let after = inspect(&target, &PADES).expect("an inspection");
    assert_eq!((after.pages, after.earlier_signatures), (Some(1), 1));
    let any = inspect(&target, &DETACHED).expect("an inspection");
    assert_eq!((any.pages, any.earlier_signatures), (None, 0));
    assert_eq!((any.sha256, any.len), (after.sha256, after.len));
}

#[test]
fn what_cannot_be_signed_is_refused_before_any_key() {
    let desk = Desk::new();
    let file = desk.path("document");
    let code = |format: &SignatureFormat| inspect(&file, format).expect_err("refused").code();
    assert_eq!(code(&PADES), "unreadable");
    fs::write(&file, b"").expect("written");
    assert_eq!((code(&PADES), code(&DETACHED)), ("empty", "empty"));
    fs::write(&file, b"no PDF at all").expect("written");
    assert_eq!(code(&PADES), "pdf-refused");
    inspect(&file, &DETACHED).expect("a CMS file signs anything");
    let pdf = kyso_testkit::pdf::one_page("page");
    let at = pdf.windows(9).position(|window| window == b"trailer\n<").expect("a trailer") + 10;
    let mut encrypted = pdf.clone();
    encrypted.splice(at..at, *b" /Encrypt 1 0 R ");
    fs::write(&file, encrypted).expect("written");
    let error = inspect(&file, &PADES).expect_err("refused");
    assert!(
        matches!(error, SignError::Pades(kyso_pades::Error::DamagedEncryption { .. })),
        "{error:?}"
    );
    // Repaired when read, so programs may show it differently.
    let at = pdf.windows(9).rposition(|window| window == b"startxref").expect("an end");
    let mut repaired = pdf;
    repaired[at] = b'x';
    fs::write(&file, repaired).expect("written");
    let error = inspect(&file, &PADES).expect_err("refused");
    assert!(matches!(error, SignError::Pades(kyso_pades::Error::NeedsRepair(_))), "{error:?}");
    assert!(matches!(
        inspect(&desk.path("out"), &PADES),
        Err(SignError::NotAFile { path }) if path == desk.path("out")
    ));
}
