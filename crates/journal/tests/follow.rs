//! Finding work again after a restart, and reading beside the writer from many threads.

mod common;

use common::{dead_owner, intent, open, open_as, signed};
use kyso::recorder::{Intent, IntentId, Outcome, Recorder as _};
use kyso_journal::{Filter, IntentEnd, IntentEntry, Journal, Reader};

fn of(operation: &str, number: u64) -> Intent {
    Intent { operation: Some(operation.into()), ..intent(number) }
}

fn found(reader: &Reader, prefix: &str, from: u64) -> Vec<IntentEntry> {
    reader.intents_of(prefix, from).map(Result::unwrap).collect()
}

#[test]
fn a_batch_is_found_again_with_what_became_of_each_item() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let died = open_as(&path, dead_owner()).unwrap();
    // A value that looks like the member looked for.
    let liar = Intent { requester: r#""operation":"b1/0""#.into(), ..intent(0) };
    let intents = [
        of("b1/0", 0),
        of("b1/1", 1),
        intent(2),
        liar,
        of("b10/0", 4),
        of("b1/2", 5),
        of("b1/\"", 6),
    ];
    died.intend(&intents).unwrap();
    let failed = Outcome::Failed { code: "worker-crashed".into() };
    died.conclude(&[(IntentId(1), failed.clone()), (IntentId(0), signed(0))]).unwrap();
    drop(died);

    let journal = open(&path);
    assert_eq!(journal.interrupted(), [2, 3, 4, 5, 6]);
    let ids = journal.intend(&[of("b1/3", 7)]).unwrap();
    let found = |prefix, from| found(journal.reader(), prefix, from);
    let ends = |entries: Vec<IntentEntry>| -> Vec<(u64, Option<IntentEnd>)> {
        entries.into_iter().map(|entry| (entry.index, entry.end)).collect()
    };
    let all = found("b1/", 0);
    assert_eq!(all[0].intent.operation.as_deref(), Some("b1/0"));
    let expected = [
        (0, Some(IntentEnd::Outcome { entry: 8, outcome: signed(0) })),
        (1, Some(IntentEnd::Outcome { entry: 7, outcome: failed })),
        (5, Some(IntentEnd::Interrupted { entry: 12 })),
        (6, Some(IntentEnd::Interrupted { entry: 13 })),
        (ids[0].0, None),
    ];
    assert_eq!(ends(all), expected);
    assert_eq!(ends(found("b1/", 5)), expected[2..]);
    assert_eq!(ends(found("b1/\"", 0)), expected[3..4]);
    assert_eq!(ends(found("b10/", 0)), [(4, Some(IntentEnd::Interrupted { entry: 11 }))]);
    assert_eq!(found("b2/", 0), []);
    assert_eq!(found("b1/", u64::MAX), []);
    // The operation of what opening interrupted.
    let operations: Vec<_> = journal
        .interrupted()
        .iter()
        .map(|index| match journal.reader().entry(*index).unwrap().unwrap().leaf.record {
            kyso_journal::Record::Intent(intent) => intent.operation,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(operations[2].as_deref(), Some("b10/0"));
}

#[test]
fn many_pages_come_in_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal"));
    let intents: Vec<Intent> = (0..1000).map(|number| of(&format!("b/{number}"), number)).collect();
    journal.intend(&intents).unwrap();
    let operations: Vec<_> =
        found(journal.reader(), "b/", 0).into_iter().map(|entry| entry.intent.operation).collect();
    let expected: Vec<_> = intents.into_iter().map(|intent| intent.operation).collect();
    assert_eq!(operations, expected);
    let steps: Vec<_> = (0..600).map(|number| common::step(number, common::CREATED)).collect();
    journal.record_reissuance(&steps).unwrap();
    let mut followed = journal.reader().reissuance_after(None);
    let first = followed.next().unwrap().unwrap();
    // Recorded while somebody follows: met at the end.
    journal.record_reissuance(&[common::step(600, common::CREATED)]).unwrap();
    let rest: Vec<u64> = followed.map(|entry| entry.unwrap().leaf.sequence).collect();
    assert_eq!(first.leaf.sequence, 1000);
    assert_eq!(rest, (1001..=1600).collect::<Vec<u64>>());
}

#[test]
fn readers_on_other_threads_see_what_is_committed() {
    fn shared<T: Send + Sync>() {}
    shared::<Journal>();
    shared::<Reader>();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = open(&path);
    let own = Reader::open(&path, std::time::Duration::from_secs(20)).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..300 {
                let ids = journal.intend(&[intent(number)]).unwrap();
                journal.conclude(&[(ids[0], signed(number))]).unwrap();
            }
        });
        for reader in [journal.reader(), journal.reader(), &own] {
            scope.spawn(|| {
                let mut size = 0;
                while size < 600 {
                    let seen = reader.head().unwrap().0;
                    assert!(seen >= size, "never back");
                    size = seen;
                    let last =
                        Filter { from: size.saturating_sub(5), until: size, ..Filter::all(5) };
                    let entries = reader.entries(&last).unwrap();
                    assert_eq!(entries.len() as u64, size.min(5));
                }
            });
        }
        writer.join().unwrap();
    });
}
