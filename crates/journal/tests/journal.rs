//! The journal as its users meet it: record, list, prove, export, verify.

mod common;

use std::sync::atomic::{AtomicU64, Ordering};

use common::{dead_owner, intent, open, open_as, options, signed};
use kyso::recorder::{Intent, IntentId, Outcome, Recorder as _, RecorderError};
use kyso_journal::{
    ExportOptions, Filter, Finding, Journal, KindFilter, Options, Reader, Receipt, ReceiptError,
    Record, SignedCheckpoint, VerifierKey, record, tree, verify_export, verify_in_place,
};

fn export(journal: &Journal, names: bool) -> Vec<u8> {
    let mut out = Vec::new();
    journal.export(&mut out, ExportOptions { names }).unwrap();
    out
}

/// Seven records: signed, failed, cancelled, and one intent open.
fn sample(path: &std::path::Path) -> Journal {
    let journal = open(path);
    let ids = journal.intend(&[intent(0), intent(1), intent(2), intent(3)]).unwrap();
    assert_eq!(ids, [0, 1, 2, 3].map(IntentId));
    let failed = Outcome::Failed { code: "pin-incorrect".into() };
    let receipts = journal
        .conclude(&[(ids[1], failed), (ids[0], signed(0)), (ids[2], Outcome::Cancelled)])
        .unwrap();
    assert_eq!(receipts[1].intent, ids[0]);
    assert_eq!(receipts[1].entry, 5);
    assert_eq!(receipts[1].outcome, signed(0));
    journal
}

#[test]
fn records_are_listed_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new folder/journal.sqlite3");
    let journal = sample(&path);
    let reader = journal.reader();
    assert_eq!(reader.head().unwrap().0, 7);

    let entry = reader.entry(0).unwrap().unwrap();
    assert_eq!(entry.name.as_deref(), Some("Quyết định 0.pdf"));
    assert_eq!(entry.ended_by, Some(5));
    let Record::Intent(recorded) = &entry.leaf.record else {
        panic!("{entry:?}");
    };
    assert_eq!(recorded.requester, intent(0).requester);
    assert_eq!(recorded.name_hash, record::name_hash(&entry.salt.unwrap(), "Quyết định 0.pdf"));
    let text = String::from_utf8(entry.bytes.clone()).unwrap();
    assert!(!text.contains("Quyết"), "no plain name in the leaf: {text}");
    assert_eq!(reader.entry(7).unwrap(), None);
    assert_eq!(reader.entry(u64::MAX).unwrap(), None);

    let indices = |filter: Filter| -> Vec<u64> {
        let entries = reader.entries(&filter).unwrap();
        entries.iter().map(|entry| entry.leaf.sequence).collect()
    };
    let of = |kind| Filter { kind, ..Filter::all(100) };
    assert_eq!(indices(of(KindFilter::All)), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(indices(of(KindFilter::OpenIntents)), [3]);
    assert_eq!(indices(of(KindFilter::Outcomes)), [4, 5, 6]);
    let newest = Filter { newest_first: true, until: 6, ..Filter::all(2) };
    assert_eq!(indices(newest), [5, 4]);

    // Another process reads beside the writer, without a key.
    let other = Reader::open(&path, std::time::Duration::from_secs(1)).unwrap();
    assert_eq!(other.entry(0).unwrap().unwrap(), entry);
    assert_eq!(other.verifier_key(), reader.verifier_key());
}

#[test]
#[cfg(unix)]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/journal.sqlite3");
    let journal = sample(&path);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("a")), 0o700);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let mut files = 0;
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        files += 1;
    }
    assert!(files >= 4, "database, WAL, index and key");
    drop(journal);
}

#[test]
fn an_intent_ends_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = sample(&folder.path().join("journal"));
    let before = journal.reader().head().unwrap();
    let not_open = |outcomes: &[(IntentId, Outcome)], id: u64| match journal.conclude(outcomes) {
        Err(RecorderError::NotOpen(found)) => assert_eq!(found, IntentId(id)),
        other => panic!("{other:?}"),
    };
    not_open(&[(IntentId(0), signed(0))], 0);
    not_open(&[(IntentId(5), signed(0))], 5);
    not_open(&[(IntentId(99), signed(0))], 99);
    not_open(&[(IntentId(u64::MAX), signed(0))], u64::MAX);
    not_open(&[(IntentId(3), signed(0)), (IntentId(3), signed(0))], 3);
    not_open(&[(IntentId(3), signed(0)), (IntentId(1), signed(0))], 1);
    assert_eq!(journal.reader().head().unwrap(), before, "nothing was written");
    journal.conclude(&[(IntentId(3), signed(3))]).unwrap();
}

#[test]
fn too_long_texts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal"));
    let mut long = intent(0);
    long.document_name = "x".repeat(kyso_journal::MAX_TEXT_BYTES + 1);
    assert!(journal.intend(&[intent(1), long.clone()]).is_err());
    let operation = Some(long.document_name.clone());
    assert!(journal.intend(&[Intent { operation, ..intent(1) }]).is_err());
    let consent = Some(long.document_name.clone());
    assert!(journal.intend(&[Intent { consent, ..intent(1) }]).is_err());
    assert_eq!(journal.reader().head().unwrap().0, 0);
    // The longest, escaped at its worst, still makes a line that verification reads.
    let worst = "\u{1}".repeat(kyso_journal::MAX_TEXT_BYTES);
    long.document_name.clone_from(&worst);
    long.requester.clone_from(&worst);
    long.token_serial.clone_from(&worst);
    long.mechanism.clone_from(&worst);
    long.format.clone_from(&worst);
    long.operation = Some(worst.clone());
    long.consent = Some(worst);
    journal.intend(&[long]).unwrap();
    let report = verify_export(export(&journal, true).as_slice(), None, None).unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.names, 1);
    journal.prove(0).unwrap().to_string().parse::<Receipt>().unwrap();
}

#[test]
fn a_receipt_proves_its_record_offline() {
    let folder = tempfile::tempdir().unwrap();
    let journal = sample(&folder.path().join("journal"));
    let key: VerifierKey = journal.reader().verifier_key().to_string().parse().unwrap();
    for index in 0..7 {
        let text = journal.prove(index).unwrap().to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{text}");
        let receipt: Receipt = text.parse().unwrap();
        assert_eq!(receipt.to_string(), text);
        let proven = receipt.verify(&key).unwrap();
        assert_eq!(proven.leaf().sequence, index);
        let other = journal.reader().entry((index + 1) % 7).unwrap().unwrap();
        assert_eq!(
            receipt.verify_leaf(&other.bytes, &key),
            Err(ReceiptError::NotIncluded { index, size: 7 })
        );
    }
    assert!(journal.prove(7).is_err());
    let stranger = sample(&folder.path().join("other"));
    let receipt = journal.prove(5).unwrap();
    assert!(receipt.verify(stranger.reader().verifier_key()).is_err());
}

#[test]
fn an_altered_receipt_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = sample(&folder.path().join("journal"));
    let key = journal.reader().verifier_key();
    let text = journal.prove(5).unwrap().to_string().into_bytes();
    for at in 0..text.len() {
        for flip in [1, 0x20, 0x80] {
            let mut altered = text.clone();
            altered[at] ^= flip;
            let Ok(altered) = String::from_utf8(altered) else {
                continue;
            };
            let verdict = altered.parse::<Receipt>().and_then(|receipt| receipt.verify(key));
            assert!(verdict.is_err(), "byte {at} flipped by {flip}: {altered}");
        }
    }
}

#[test]
fn checkpoints_continue_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal"));
    let mut signed = vec![journal.checkpoint().unwrap()];
    for number in 0..20 {
        journal.intend(&[intent(number)]).unwrap();
        signed.push(journal.checkpoint().unwrap());
    }
    let key = journal.reader().verifier_key();
    let last = signed.last().unwrap();
    assert_eq!(journal.checkpoint().unwrap(), *last, "nothing new: the same note");
    for old in &signed {
        let opened = SignedCheckpoint::verify(old.note(), key).unwrap();
        assert_eq!(opened, *old);
        let (old, new) = (old.checkpoint(), last.checkpoint());
        let proof = journal.prove_consistency(old.size, last).unwrap();
        assert!(tree::verify_consistency(old.size, new.size, &proof, &old.root, &new.root));
    }
    assert!(journal.prove_consistency(21, last).is_err());
}

#[test]
fn an_export_verifies_and_says_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let journal = sample(&folder.path().join("journal"));
    let key = journal.reader().verifier_key();
    let bytes = export(&journal, false);
    assert!(!String::from_utf8(bytes.clone()).unwrap().contains("Quyết"));
    let report = verify_export(bytes.as_slice(), Some(key), None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert!(report.key_is_trusted);
    assert_eq!((report.entries, report.intents, report.names), (7, 4, 0));
    assert_eq!((report.signed, report.failed, report.cancelled), (1, 1, 1));
    assert_eq!((report.open, report.interrupted), (1, 0));
    assert_eq!(report.open_intents, [3]);
    assert_eq!(report.clock_steps_back, 0);

    let named = export(&journal, true);
    let report = verify_export(named.as_slice(), None, None).unwrap();
    assert!(report.is_intact() && !report.key_is_trusted);
    assert_eq!(report.names, 4);

    let stranger = sample(&folder.path().join("other"));
    let other = stranger.reader().verifier_key();
    let report = verify_export(bytes.as_slice(), Some(other), None).unwrap();
    assert!(!report.is_intact(), "another journal's key");
    let report = verify_in_place(journal.reader(), None, None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!(report.names, 4);
}

#[test]
fn an_export_continues_an_earlier_checkpoint_or_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = open(&path);
    let empty = journal.checkpoint().unwrap();
    journal.intend(&[intent(0), intent(1)]).unwrap();
    let earlier = journal.checkpoint().unwrap();
    let short = export(&journal, false);
    journal.conclude(&[(IntentId(0), signed(0))]).unwrap();
    let later = journal.checkpoint().unwrap();
    let whole = export(&journal, false);
    for (note, size) in [(&empty, 0), (&earlier, 2), (&later, 3)] {
        let report = verify_export(whole.as_slice(), None, Some(note.note())).unwrap();
        assert!(report.is_intact(), "{:?}", report.findings);
        assert_eq!(report.continues, Some(size));
        let report = verify_in_place(journal.reader(), None, Some(note.note())).unwrap();
        assert!(report.is_intact(), "{:?}", report.findings);
    }
    // Rolled back to an older state with its own, valid, checkpoint.
    let report = verify_export(short.as_slice(), None, Some(later.note())).unwrap();
    let truncated = Finding::Truncated { expected: 3, found: 2 };
    assert_eq!(report.findings, [truncated]);
    // Another history under the same key: what a thief of the key can write.
    drop(journal);
    for file in [&path, &path.with_extension("key")] {
        let name = file.file_name().unwrap();
        std::fs::create_dir_all(folder.path().join("copy")).unwrap();
        std::fs::copy(file, folder.path().join("copy").join(name)).unwrap();
    }
    let database = rusqlite::Connection::open(folder.path().join("copy/journal")).unwrap();
    database
        .execute_batch(
            "DELETE FROM checkpoint; DELETE FROM open_intent; DELETE FROM entry WHERE sequence = 2; \
             DELETE FROM entry; UPDATE head SET size = 0, root = \
             x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        )
        .unwrap();
    drop(database);
    let forged = open(&folder.path().join("copy/journal"));
    forged.intend(&[intent(5), intent(6), intent(7)]).unwrap();
    let forgery = export(&forged, false);
    let report = verify_export(forgery.as_slice(), None, None).unwrap();
    assert!(report.is_intact(), "by itself it looks sound");
    let report = verify_export(forgery.as_slice(), None, Some(later.note())).unwrap();
    assert_eq!(report.findings, [Finding::Rewritten { size: 3 }]);
}

#[test]
fn what_ends_an_act_is_signed_for_and_intents_behind_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = open(&path);
    let sealed = |journal: &Journal| {
        let report = verify_in_place(journal.reader(), None, None).unwrap();
        assert!(report.is_intact(), "{:?}", report.findings);
        (report.checkpoint.map(|checkpoint| checkpoint.size), report.after_checkpoint)
    };
    assert_eq!(sealed(&journal), (None, 0));
    // The first records, whatever they are, then every end of an act; by any process.
    journal.intend(&[intent(0), intent(1)]).unwrap();
    assert_eq!(sealed(&journal), (Some(2), 0));
    let ghost = open_as(&path, dead_owner()).unwrap();
    ghost.intend(&[intent(2)]).unwrap();
    assert_eq!(sealed(&journal), (Some(2), 1));
    ghost.conclude(&[(IntentId(0), signed(0))]).unwrap();
    assert_eq!(sealed(&journal), (Some(4), 0));
    journal.conclude(&[(IntentId(1), Outcome::Cancelled)]).unwrap();
    assert_eq!(sealed(&journal), (Some(5), 0));
    assert_eq!(journal.interrupt_orphans().unwrap(), [2]);
    assert_eq!(sealed(&journal), (Some(6), 0));
}

#[test]
fn a_journal_in_place_is_measured_by_the_key_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let journal = sample(&folder.path().join("journal"));
    let other = sample(&folder.path().join("other"));
    let own = journal.reader().verifier_key();
    let report = verify_in_place(journal.reader(), Some(own), None).unwrap();
    assert!(report.is_intact() && report.key_is_trusted, "{report:?}");
    assert!(!verify_in_place(journal.reader(), None, None).unwrap().key_is_trusted);
    let trusted = other.reader().verifier_key();
    let report = verify_in_place(journal.reader(), Some(trusted), None).unwrap();
    assert_eq!(report.findings[0], Finding::UntrustedKey { found: own.clone() });
}

#[test]
fn the_same_key_of_a_journal_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let first = sample(&path);
    assert!(first.was_created());
    let key = first.reader().verifier_key().clone();
    drop(first);
    let existing = Options { create: false, ..options() };
    let second = Journal::open(&path, existing).unwrap();
    assert!(!second.was_created());
    assert_eq!(*second.reader().verifier_key(), key);
    assert_eq!(second.intend(&[intent(9)]).unwrap(), [IntentId(7)]);
}

#[test]
fn orphans_are_interrupted_once_and_the_living_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let ghost = open_as(&path, dead_owner()).unwrap();
    ghost.intend(&[intent(0), intent(1)]).unwrap();
    ghost.conclude(&[(IntentId(1), signed(1))]).unwrap();
    let living = open(&path);
    assert_eq!(living.interrupted(), [0]);
    living.intend(&[intent(2)]).unwrap();
    assert_eq!(open(&path).interrupted(), [0u64; 0]);
    // The ghost, were it to come back, can conclude no more.
    assert!(ghost.conclude(&[(IntentId(0), signed(0))]).is_err());
    ghost.intend(&[intent(3)]).unwrap();
    assert_eq!(living.interrupt_orphans().unwrap(), [5]);
    let report = verify_in_place(living.reader(), None, None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!(report.interrupted_intents, [0, 5]);
    assert_eq!(report.open_intents, [4]);
    let entry = living.reader().entry(3).unwrap().unwrap();
    assert_eq!(entry.leaf.record, Record::Interrupted { intent: 0 });
}

#[test]
fn callers_at_once_share_commits() {
    const THREADS: u64 = 16;
    const ROUNDS: u64 = 20;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    // The clock is read once a commit.
    let commits = std::sync::Arc::new(AtomicU64::new(1));
    let mut options = options();
    let ticks = std::sync::Arc::clone(&commits);
    options.clock = Box::new(move || ticks.fetch_add(1, Ordering::Relaxed));
    let journal = Journal::open(&path, options).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let journal = &journal;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let ids = journal.intend(&[intent(thread), intent(round)]).unwrap();
                    assert_eq!(ids[1].0, ids[0].0 + 1, "a group stays together");
                    // One bad caller in a commit harms no other.
                    assert!(journal.conclude(&[(IntentId(u64::MAX), signed(0))]).is_err());
                    let outcomes: Vec<_> = ids.iter().map(|id| (*id, signed(id.0))).collect();
                    let receipts = journal.conclude(&outcomes).unwrap();
                    assert_eq!(receipts[0].intent, ids[0]);
                }
            });
        }
    });
    let report = verify_in_place(journal.reader(), None, None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!(report.entries, THREADS * ROUNDS * 4);
    assert_eq!((report.signed, report.open), (THREADS * ROUNDS * 2, 0));
    let commits = commits.load(Ordering::Relaxed);
    let calls = THREADS * ROUNDS * 3;
    assert!(commits < calls / 2, "{commits} commits for {calls} calls");
}
