//! Requests to have a certificate reissued: recorded once, in a lawful order, and provable.

mod common;

use std::sync::Barrier;

use common::{CREATED, SUBMITTED, intent, open, request, signed, step};
use kyso::recorder::Recorder as _;
use kyso_journal::{
    AttemptEnd, Damage, Entry, ExportOptions, Filter, Finding, Journal, JournalError, KindFilter,
    Reader, Receipt, Record, Recorded, ReissuanceEvent, ReissuanceState as S, ReissuanceStep,
    ReissuanceTransition as T, UnitRecord, member_salt, record, verify_export, verify_in_place,
};

const EXPORTED: ReissuanceStep = ReissuanceStep::Done(T::Exported);
const ANSWERED: ReissuanceStep = ReissuanceStep::Done(T::Answered);
const DENIED: ReissuanceStep =
    ReissuanceStep::Attempted { transition: T::Submitted, end: AttemptEnd::Denied };

/// A whole life in seven records, an intent among them; then another request, withdrawn.
fn sample(path: &std::path::Path) -> Journal {
    let journal = open(path);
    for (at, one) in [CREATED, DENIED, SUBMITTED, EXPORTED].into_iter().enumerate() {
        let recorded = journal.record_reissuance(&[step(1, one)]).unwrap();
        assert_eq!(recorded[0].entry, at as u64);
    }
    let ids = journal.intend(&[intent(0)]).unwrap();
    journal.conclude(&[(ids[0], signed(0))]).unwrap();
    let answered = ReissuanceEvent {
        answer: Some("Thiếu giấy xác nhận của cơ quan".into()),
        code: Some("documents-missing".into()),
        document_sha256: Some([3; 32]),
        issued_sha256: None,
        ..step(1, ANSWERED)
    };
    let withdrawn = step(2, ReissuanceStep::Done(T::Withdrawn));
    journal.record_reissuance(&[answered, step(2, CREATED), withdrawn]).unwrap();
    journal
}

fn steps(entries: impl Iterator<Item = Result<Entry, JournalError>>) -> Vec<(u64, S)> {
    entries
        .map(|entry| match entry.unwrap().leaf {
            kyso_journal::Leaf { sequence, record: Record::Reissuance(record), .. } => {
                (sequence, record.state)
            }
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_request_is_followed_from_its_draft_to_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = sample(&path);
    let reader = journal.reader();
    let whole =
        [(0, S::Draft), (1, S::Draft), (2, S::Submitted), (3, S::Exported), (6, S::Answered)];
    let other = [(7, S::Draft), (8, S::Withdrawn)];
    assert_eq!(steps(reader.reissuance_of(&request(1), 0)), whole);
    assert_eq!(steps(reader.reissuance_of(&request(1), 3)), whole[3..]);
    assert_eq!(steps(reader.reissuance_of(&request(2), 0)), other);
    assert_eq!(steps(reader.reissuance_of("nothing", 0)), []);
    assert_eq!(steps(reader.reissuance_after(None)), [&whole[..], &other[..]].concat());
    assert_eq!(steps(reader.reissuance_after(Some(3))), [(6, S::Answered), other[0], other[1]]);
    assert_eq!(steps(reader.reissuance_after(Some(8))), []);
    assert_eq!(steps(reader.reissuance_after(Some(u64::MAX))), []);
    let filter = Filter { kind: KindFilter::Reissuance, newest_first: true, ..Filter::all(2) };
    let newest = reader.entries(&filter).unwrap();
    assert_eq!(newest.iter().map(|one| one.leaf.sequence).collect::<Vec<_>>(), [8, 7]);

    let entry = reader.entry(6).unwrap().unwrap();
    assert_eq!(entry.name, None);
    let (Record::Reissuance(recorded), Some(texts), Some(salt)) =
        (&entry.leaf.record, &entry.texts, &entry.salt)
    else {
        panic!("{entry:?}");
    };
    assert_eq!((recorded.request.clone(), recorded.step), (request(1), ANSWERED));
    assert_eq!(recorded.code.as_deref(), Some("documents-missing"));
    assert_eq!(recorded.document_sha256, Some([3; 32]));
    let code = UnitRecord::Code { code: "23500".into(), valid_from: "2025-07-01".into() };
    assert_eq!(recorded.new_unit, Some(code));
    assert!(texts.prove(salt, recorded));
    assert_eq!(texts.old_unit.as_deref(), Some("UBND xã Đắk Hà"));
    // One text can be proved without the salts of the others.
    let own = member_salt(salt, "requested_subject");
    let hash = record::name_hash(&own, "CN=Nguyễn Văn An,O=UBND xã Đăk Hà,C=VN");
    assert_eq!(recorded.requested_subject_hash, hash);
    let text = String::from_utf8(entry.bytes.clone()).unwrap();
    for word in ["Nguyễn", "UBND", "Thiếu"] {
        assert!(!text.contains(word), "no plain text in the leaf: {text}");
    }
}

#[test]
fn what_is_no_lawful_step_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let journal = sample(&folder.path().join("journal"));
    let before = journal.reader().head().unwrap();
    let refused = |events: &[ReissuanceEvent], number: u64, state: Option<S>, step| {
        let expected = JournalError::IllegalStep { request: request(number), state, step };
        assert_eq!(journal.record_reissuance(events), Err(expected));
    };
    refused(&[step(1, CREATED)], 1, Some(S::Answered), CREATED);
    refused(&[step(1, DENIED)], 1, Some(S::Answered), DENIED);
    refused(&[step(2, SUBMITTED)], 2, Some(S::Withdrawn), SUBMITTED);
    refused(&[step(3, SUBMITTED)], 3, None, SUBMITTED);
    refused(&[step(3, DENIED)], 3, None, DENIED);
    // All or none.
    refused(&[step(3, CREATED), step(3, CREATED)], 3, Some(S::Draft), CREATED);
    refused(&[step(3, CREATED), step(3, EXPORTED)], 3, Some(S::Draft), EXPORTED);
    let long = "x".repeat(kyso_journal::MAX_TEXT_BYTES + 1);
    let too_long = ReissuanceEvent { requested_subject: long.clone(), ..step(3, CREATED) };
    assert!(matches!(
        journal.record_reissuance(&[step(3, CREATED), too_long]),
        Err(JournalError::TextTooLong { field: "requested subject", length }) if length == long.len()
    ));
    assert_eq!(journal.record_reissuance(&[]), Ok(Vec::new()));
    assert_eq!(journal.reader().head().unwrap(), before, "nothing was written");
    journal.record_reissuance(&[step(3, CREATED), step(3, DENIED)]).unwrap();
}

#[test]
fn of_two_processes_one_answers_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journals = [open(&path), open(&path)];
    for number in 0..20 {
        journals[0].record_reissuance(&[step(number, CREATED), step(number, SUBMITTED)]).unwrap();
        let start = Barrier::new(2);
        let results: Vec<Result<Vec<Recorded>, JournalError>> = std::thread::scope(|scope| {
            let both = journals.each_ref().map(|journal| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    journal.record_reissuance(&[step(number, ANSWERED)])
                })
            });
            both.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 1, "{results:?}");
    }
    let report = verify_in_place(journals[0].reader(), None, None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!(report.reissuance, 60);
}

#[test]
fn steps_are_proved_exported_and_signed_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = sample(&path);
    let key = journal.reader().verifier_key();
    let sealed = verify_in_place(journal.reader(), None, None).unwrap();
    assert!(sealed.is_intact(), "{:?}", sealed.findings);
    assert_eq!((sealed.after_checkpoint, sealed.reissuance, sealed.names), (0, 7, 8));
    let receipt: Receipt = journal.prove(6).unwrap().to_string().parse().unwrap();
    let proven = receipt.verify(key).unwrap();
    assert!(matches!(
        &proven.leaf().record,
        Record::Reissuance(record) if record.state == S::Answered
    ));
    for names in [false, true] {
        let mut export = Vec::new();
        journal.export(&mut export, ExportOptions { names }).unwrap();
        assert_eq!(String::from_utf8(export.clone()).unwrap().contains("UBND"), names);
        let report = verify_export(export.as_slice(), Some(key), None).unwrap();
        assert!(report.is_intact(), "{:?}", report.findings);
        assert_eq!((report.reissuance, report.names), (7, if names { 8 } else { 0 }));
        assert_eq!((report.opaque, report.intents), (0, 1));
    }
    // The longest texts, escaped at their worst, still make a line that verification reads.
    let worst = "\u{1}".repeat(kyso_journal::MAX_TEXT_BYTES);
    let code =
        || kyso_journal::ReissuanceUnit::Code { code: worst.clone(), valid_from: worst.clone() };
    let long = ReissuanceEvent {
        request: worst.clone(),
        requester: worst.clone(),
        consent: Some(worst.clone()),
        old_unit: Some(code()),
        new_unit: Some(code()),
        requested_subject: worst.clone(),
        answer: Some(worst.clone()),
        code: Some(worst.clone()),
        ..step(3, CREATED)
    };
    let at = journal.record_reissuance(&[long]).unwrap()[0].entry;
    journal.prove(at).unwrap().to_string().parse::<Receipt>().unwrap().verify(key).unwrap();
    let mut export = Vec::new();
    journal.export(&mut export, ExportOptions { names: true }).unwrap();
    let report = verify_export(export.as_slice(), Some(key), None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
}

/// Who writes past the writer's own check is found, even where tree and signatures hold.
#[test]
fn an_unlawful_history_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = sample(&path);
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("DELETE FROM reissuance", []).unwrap();
    journal.record_reissuance(&[step(1, CREATED), step(1, DENIED), step(1, SUBMITTED)]).unwrap();
    database.execute("DELETE FROM reissuance", []).unwrap();
    journal.record_reissuance(&[step(2, CREATED)]).unwrap();
    let expected = [
        Finding::Step { index: 9, before: Some(S::Answered), step: CREATED },
        Finding::Step { index: 12, before: Some(S::Withdrawn), step: CREATED },
    ];
    let mut export = Vec::new();
    journal.export(&mut export, ExportOptions { names: true }).unwrap();
    let report = verify_export(export.as_slice(), None, None).unwrap();
    assert_eq!(report.findings, expected);
    let report = verify_in_place(journal.reader(), None, None).unwrap();
    assert!(expected.iter().all(|one| report.findings.contains(one)), "{:?}", report.findings);
}

#[test]
fn a_garbled_step_is_damage_not_another_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = sample(&path);
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("UPDATE entry SET name = '{\"x\":1}' WHERE sequence = 3", []).unwrap();
    let damage = JournalError::Damaged { path: path.clone(), damage: Damage::Entry { index: 3 } };
    assert_eq!(journal.reader().entry(3).unwrap_err(), damage);
    let mut followed = journal.reader().reissuance_after(None);
    assert_eq!(followed.next(), Some(Err(damage.clone())));
    assert_eq!(followed.next(), None, "nothing follows an error");
    let options = ExportOptions { names: true };
    assert_eq!(journal.export(&mut Vec::new(), options), Err(damage));
}

/// Journals from before reissuance was recorded: read as they are, brought up to date by a writer.
#[test]
fn a_journal_of_the_first_schema_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = open(&path);
    let ids = journal.intend(&[intent(0)]).unwrap();
    journal.conclude(&[(ids[0], signed(0))]).unwrap();
    drop(journal);
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch("DROP TABLE reissuance; UPDATE meta SET value = '1' WHERE name = 'schema'")
        .unwrap();
    let reader = Reader::open(&path, std::time::Duration::from_secs(1)).unwrap();
    assert_eq!(reader.entries(&Filter::all(10)).unwrap().len(), 2);
    assert_eq!(steps(reader.reissuance_after(None)), []);
    assert!(verify_in_place(&reader, None, None).unwrap().is_intact());
    let kind = Filter { kind: KindFilter::Reissuance, ..Filter::all(10) };
    assert_eq!(reader.entries(&kind).unwrap(), []);
    let journal = open(&path);
    journal.record_reissuance(&[step(1, CREATED)]).unwrap();
    let report = verify_in_place(journal.reader(), None, None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.entries, report.reissuance), (3, 1));
    // What was open before sees what it can tell.
    assert_eq!(reader.entry(1).unwrap(), journal.reader().entry(1).unwrap());
}
