//! Whatever is edited, deleted, cut off or moved is found.

mod common;

use std::path::Path;
use std::sync::OnceLock;

use common::{CREATED, SUBMITTED, dead_owner, intent, open, open_as, signed};
use kyso::recorder::{IntentId, Recorder as _};
use kyso_journal::{
    Damage, Entry, ExportOptions, Filter, Finding, Journal, JournalError, Reader, verify_export,
    verify_in_place,
};
use proptest::prelude::*;
use proptest::sample::Index;

/// Eleven records of all kinds, the last checkpoint over all of them.
fn sample(path: &Path) -> Journal {
    let ghost = open_as(path, dead_owner()).unwrap();
    ghost.intend(&[intent(0), intent(1), intent(2)]).unwrap();
    ghost.conclude(&[(IntentId(1), signed(1))]).unwrap();
    drop(ghost);
    let journal = open(path);
    let ids = journal.intend(&[intent(3), intent(4)]).unwrap();
    journal.conclude(&[(ids[1], signed(4))]).unwrap();
    journal.record_reissuance(&[common::step(1, CREATED), common::step(1, SUBMITTED)]).unwrap();
    journal.checkpoint().unwrap();
    assert_eq!(journal.reader().head().unwrap().0, 11);
    journal
}

/// One export with names, made once.
fn sample_export() -> Vec<u8> {
    static EXPORT: OnceLock<Vec<u8>> = OnceLock::new();
    let export = EXPORT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let journal = sample(&folder.path().join("journal"));
        let mut out = Vec::new();
        let options = ExportOptions { names: true };
        journal.export(&mut out, options).unwrap();
        assert!(is_intact(&out));
        out
    });
    export.clone()
}

fn is_intact(export: &[u8]) -> bool {
    verify_export(export, None, None).unwrap().is_intact()
}

#[test]
fn every_byte_of_an_export_counts() {
    let mut export = sample_export();
    for at in 0..export.len() {
        // Two bits of each byte, all eight by turns: every bit would take half a minute.
        for bit in [at % 8, (at + 3) % 8] {
            export[at] ^= 1 << bit;
            let found = !is_intact(&export);
            export[at] ^= 1 << bit;
            assert!(found, "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn an_export_cut_off_anywhere_is_found() {
    let export = sample_export();
    for length in 0..export.len() {
        assert!(!is_intact(&export[..length]), "{length} bytes");
    }
}

proptest! {
    #[test]
    fn any_other_bytes_are_found(
        at in any::<Index>(),
        cut in 0usize..40,
        put in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let export = sample_export();
        let at = at.index(export.len());
        let end = (at + cut).min(export.len());
        let mut altered = export.clone();
        altered.splice(at..end, put);
        prop_assume!(altered != export);
        prop_assert!(!is_intact(&altered));
    }

    #[test]
    fn lines_moved_doubled_or_removed_are_found(from in any::<Index>(), to in any::<Index>(), keep: bool) {
        let export = sample_export();
        let mut lines: Vec<&[u8]> = export.split_inclusive(|byte| *byte == b'\n').collect();
        let line = lines[from.index(lines.len())];
        if !keep {
            lines.remove(from.index(lines.len()));
        }
        let to = to.index(lines.len() + 2);
        if to <= lines.len() {
            lines.insert(to, line);
        }
        let altered = lines.concat();
        prop_assume!(altered != export);
        prop_assert!(!is_intact(&altered));
    }

    #[test]
    fn hostile_exports_are_answered(bytes: Vec<u8>) {
        prop_assert!(!is_intact(&bytes));
    }
}

#[test]
fn every_edit_in_place_is_found() {
    let edits = [
        "UPDATE entry SET leaf = replace(leaf, 'uid 1000', 'uid 1001') WHERE sequence = 0",
        "UPDATE entry SET leaf = CAST(replace(CAST(leaf AS TEXT), '\"pid\":1', '\"pid\":2') AS BLOB) WHERE sequence = 0",
        "UPDATE entry SET nodes = zeroblob(32) WHERE sequence = 2",
        "UPDATE entry SET nodes = nodes || zeroblob(32) WHERE sequence = 2",
        "UPDATE entry SET name = 'else' WHERE sequence = 0",
        "UPDATE entry SET name = NULL WHERE sequence = 0",
        "UPDATE entry SET salt = zeroblob(16) WHERE sequence = 0",
        "UPDATE entry SET salt = zeroblob(15) WHERE sequence = 0",
        "UPDATE entry SET name = 'x', salt = zeroblob(16) WHERE sequence = 3",
        "UPDATE entry SET kind = 1 WHERE sequence = 0",
        "UPDATE entry SET kind = 0 WHERE sequence = 3",
        "UPDATE entry SET intent = NULL WHERE sequence = 3",
        "UPDATE entry SET intent = 6 WHERE sequence = 3",
        "INSERT INTO open_intent (sequence) VALUES (1)",
        "DELETE FROM open_intent",
        "UPDATE open_intent SET sequence = 7",
        "DELETE FROM entry WHERE sequence = 8",
        "DELETE FROM entry WHERE sequence = 6",
        "DELETE FROM entry",
        "UPDATE entry SET sequence = 100 WHERE sequence = 6",
        "INSERT INTO entry (sequence, kind, leaf, nodes) VALUES (11, 3, x'00', x'00')",
        "UPDATE entry SET leaf = CAST(replace(CAST(leaf AS TEXT), 'unit-merged', 'unit-moved') AS BLOB) WHERE sequence = 9",
        "UPDATE entry SET name = replace(name, 'UBND', 'HĐND') WHERE sequence = 9",
        "UPDATE entry SET name = replace(name, ',', ', ') WHERE sequence = 9",
        "UPDATE entry SET name = '{}' WHERE sequence = 9",
        "UPDATE entry SET name = NULL WHERE sequence = 9",
        "UPDATE entry SET salt = zeroblob(16) WHERE sequence = 10",
        "UPDATE entry SET kind = 0 WHERE sequence = 9",
        "UPDATE entry SET intent = 4 WHERE sequence = 9",
        "UPDATE reissuance SET request = 'another' WHERE sequence = 9",
        "UPDATE reissuance SET sequence = 3 WHERE sequence = 9",
        "DELETE FROM reissuance WHERE sequence = 10",
        "INSERT INTO reissuance (sequence, request) VALUES (3, 'another')",
        "INSERT INTO reissuance (sequence, request) VALUES (100, 'another')",
        "DROP TABLE reissuance",
        "UPDATE entry SET sequence = 20 WHERE sequence = 0; UPDATE entry SET sequence = 0 WHERE sequence = 2; UPDATE entry SET sequence = 2 WHERE sequence = 20",
        "UPDATE head SET size = 8",
        "UPDATE head SET root = zeroblob(32)",
        "DELETE FROM head",
        // Cut back to an older state, head and all: the last checkpoint tells.
        "DELETE FROM open_intent; DELETE FROM entry; UPDATE head SET size = 0, root = x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET note = replace(note, '9', '8')",
        "UPDATE meta SET value = '3' WHERE name = 'schema'",
        "DELETE FROM meta WHERE name = 'vkey'",
    ];
    for edit in edits {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = sample(&path);
        assert!(verify_in_place(journal.reader(), None, None).unwrap().is_intact());
        drop(journal);
        let database = rusqlite::Connection::open(&path).unwrap();
        database
            .execute_batch(&format!("PRAGMA foreign_keys = OFF; {edit}"))
            .unwrap_or_else(|error| panic!("{edit}: {error}"));
        drop(database);
        let intact = Reader::open(&path, std::time::Duration::from_secs(1))
            .and_then(|reader| verify_in_place(&reader, None, None))
            .is_ok_and(|report| report.is_intact());
        assert!(!intact, "{edit}");
    }
}

#[test]
fn a_journal_cut_back_or_rewritten_signs_no_more() {
    let edits = [
        "DELETE FROM open_intent; DELETE FROM entry; UPDATE head SET size = 0, root = x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        "UPDATE entry SET nodes = zeroblob(length(nodes)) WHERE sequence = 7",
        "UPDATE head SET size = 8",
        "DELETE FROM entry WHERE sequence = 10",
    ];
    for edit in edits {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = sample(&path);
        let database = rusqlite::Connection::open(&path).unwrap();
        database.execute_batch(&format!("PRAGMA foreign_keys = OFF; {edit}")).unwrap();
        drop(database);
        let next = Journal::open(&path, common::options());
        assert!(next.is_err(), "opened after {edit}");
        if edit.contains("head") {
            assert!(journal.intend(&[intent(9)]).is_err(), "recorded after {edit}");
            assert!(journal.checkpoint().is_err(), "signed after {edit}");
        }
    }
}

/// Records, nodes and head of another history, sound in themselves, under this journal's key.
#[test]
fn a_journal_whose_history_was_exchanged_signs_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("journal"), folder.path().join("other"));
    drop((sample(&path), sample(&other)));
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("ATTACH ?1 AS other", [other.to_str().unwrap()]).unwrap();
    database
        .execute_batch(
            "PRAGMA foreign_keys = OFF; DELETE FROM entry; DELETE FROM open_intent; \
             DELETE FROM reissuance; DELETE FROM head; INSERT INTO entry SELECT * FROM other.entry; \
             INSERT INTO open_intent SELECT * FROM other.open_intent; \
             INSERT INTO reissuance SELECT * FROM other.reissuance; \
             INSERT INTO head SELECT * FROM other.head;",
        )
        .unwrap();
    drop(database);
    let damage = Damage::Checkpoint { size: 11 };
    let error = Journal::open(&path, common::options()).err();
    let expected = path.clone();
    assert_eq!(error, Some(JournalError::Damaged { path: expected, damage }));
    let reader = Reader::open(&path, std::time::Duration::from_secs(1)).unwrap();
    let report = verify_in_place(&reader, None, None).unwrap();
    assert_eq!(report.findings, [Finding::Rewritten { size: 11 }]);
}

/// The outcome removed and the head set back to what it was before, from the nodes that are there.
#[test]
fn an_outcome_taken_back_is_found_without_any_checkpoint_asked_for() {
    let older_note = "UPDATE checkpoint SET note = ";
    for (edit, finding, damage) in [
        ("", Finding::Truncated { expected: 3, found: 2 }, Damage::Checkpoint { size: 3 }),
        ("DELETE FROM checkpoint", Finding::Unsealed { index: 0 }, Damage::Unsealed { index: 0 }),
        (older_note, Finding::Unsealed { index: 2 }, Damage::Unsealed { index: 2 }),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = open(&path);
        journal.intend(&[intent(0), intent(1)]).unwrap();
        let (size, root) = journal.reader().head().unwrap();
        let first = journal.reader().last_checkpoint().unwrap().unwrap();
        journal.conclude(&[(IntentId(0), signed(0))]).unwrap();
        let report = verify_in_place(journal.reader(), None, None).unwrap();
        assert!(report.is_intact() && report.after_checkpoint == 0, "{report:?}");
        assert_eq!(report.checkpoint.unwrap().size, 3);
        drop(journal);

        let database = rusqlite::Connection::open(&path).unwrap();
        if edit == older_note {
            database.execute("UPDATE checkpoint SET note = ?1", [first]).unwrap();
        } else {
            let taken_back = format!(
                "DELETE FROM entry WHERE sequence = 2; INSERT INTO open_intent VALUES (0); {edit}"
            );
            database.execute_batch(&taken_back).unwrap();
            let head = "UPDATE head SET size = ?1, root = ?2";
            database.execute(head, rusqlite::params![size as i64, root]).unwrap();
        }
        drop(database);
        let reader = Reader::open(&path, std::time::Duration::from_secs(1)).unwrap();
        let report = verify_in_place(&reader, None, None).unwrap();
        assert_eq!(report.findings, [finding], "{edit}");
        let error = Journal::open(&path, common::options()).err();
        assert_eq!(error, Some(JournalError::Damaged { path, damage }), "{edit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A flipped bit of the file changes nothing that is read, or is found.
    #[test]
    fn a_damaged_file_never_passes_for_another(at in any::<Index>(), bit in 0u8..8) {
        static SOUND: OnceLock<(Vec<u8>, Vec<Entry>)> = OnceLock::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let all = Filter::all(100);
        let (bytes, before) = SOUND.get_or_init(|| {
            let journal = sample(&path);
            let before = journal.reader().entries(&all).unwrap();
            drop(journal);
            (std::fs::read(&path).unwrap(), before)
        });
        let mut bytes = bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        std::fs::write(&path, bytes).unwrap();
        let busy = std::time::Duration::from_millis(50);
        if let Ok(reader) = Reader::open(&path, busy)
            && let Ok(report) = verify_in_place(&reader, None, None)
            && report.is_intact()
        {
            prop_assert_eq!(&reader.entries(&all).unwrap(), before);
        }
    }
}
