//! A journal that cannot be written or trusted says which, and records nothing.

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use common::{intent, open, options};
use kyso::recorder::{Recorder as _, RecorderError};
use kyso_journal::{Damage, Journal, JournalError, Options, Reader, key_path, verify_in_place};

fn fails(path: &Path) -> JournalError {
    match Journal::open(path, options()) {
        Ok(_) => panic!("{} opened", path.display()),
        Err(error) => error,
    }
}

fn database(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = fails(&file.join("below/journal"));
    assert!(
        matches!(&error, JournalError::Inaccessible { path, .. } if path.ends_with("below")),
        "{error:?}"
    );
    assert!(!error.is_retryable());
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_takes_no_files_is_named() {
    // procfs refuses new files to everybody, root included.
    let error = fails(Path::new("/proc/self/journal"));
    assert!(
        matches!(&error, JournalError::Inaccessible { path, .. } if path.ends_with("journal")),
        "{error:?}"
    );
}

#[test]
fn a_folder_in_the_journals_place_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = fails(folder.path());
    assert!(matches!(error, JournalError::Inaccessible { .. }), "{error:?}");
}

#[test]
fn a_lock_held_too_long_is_retryable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let busy = Duration::from_millis(40);
    let journal = Journal::open(&path, Options { busy, ..options() }).unwrap();
    let other = database(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let Err(RecorderError::Unwritable(source)) = journal.intend(&[intent(0)]) else {
        panic!("recorded in spite of the lock");
    };
    let error = source.downcast_ref::<JournalError>().unwrap();
    assert_eq!(*error, JournalError::Locked { path: path.clone(), waited: busy });
    assert!(error.is_retryable());
    other.execute_batch("ROLLBACK").unwrap();
    journal.intend(&[intent(0)]).unwrap();
    assert_eq!(journal.reader().head().unwrap().0, 1);
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "This is no database at all. ".repeat(100)).unwrap();
    let error = fails(&text);
    let damage = Damage::Store { code: 26 };
    assert_eq!(error, JournalError::Damaged { path: text.clone(), damage });
    assert!(fs::read_to_string(&text).unwrap().starts_with("This is no"));

    let foreign = folder.path().join("foreign");
    database(&foreign).execute_batch("CREATE TABLE x (y)").unwrap();
    let path = foreign.clone();
    assert_eq!(fails(&foreign), JournalError::NotAJournal { path });

    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    let error = Reader::open(&empty, Duration::ZERO).err().unwrap();
    assert_eq!(error, JournalError::NotAJournal { path: empty });
    let absent = folder.path().join("absent");
    assert!(Reader::open(&absent, Duration::ZERO).is_err());
    assert!(!absent.exists(), "a reader makes nothing");
}

#[test]
fn a_journal_that_ought_to_be_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["absent", "below/absent", "empty"] {
        let path = folder.path().join(name);
        if name == "empty" {
            fs::write(&path, "").unwrap();
        }
        let error = Journal::open(&path, Options { create: false, ..options() }).err();
        assert_eq!(error, Some(JournalError::NotAJournal { path: path.clone() }));
        assert!(!key_path(&path).exists());
        assert_eq!(fs::metadata(&path).map_or(0, |metadata| metadata.len()), 0);
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_newer_schema_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    drop(open(&path));
    database(&path).execute_batch("UPDATE meta SET value = '3' WHERE name = 'schema'").unwrap();
    let newer = JournalError::NewerSchema { found: 3, supported: 2 };
    assert_eq!(fails(&path), newer);
    assert_eq!(Reader::open(&path, Duration::ZERO).err(), Some(newer));
}

#[test]
fn the_key_must_be_there_and_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let other = folder.path().join("other");
    drop(open(&path));
    drop(open(&other));
    let key = key_path(&path);
    fs::copy(key_path(&other), &key).unwrap();
    assert_eq!(fails(&path), JournalError::KeyMismatch { path: key.clone() });
    fs::write(&key, "").unwrap();
    assert_eq!(fails(&path), JournalError::KeyMismatch { path: key.clone() });
    fs::remove_file(&key).unwrap();
    assert_eq!(fails(&path), JournalError::KeyMissing { path: key });
}

#[test]
fn a_journal_that_lost_its_records_does_not_start_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = open(&path);
    journal.intend(&[intent(0)]).unwrap();
    drop(journal);
    fs::write(&path, "").unwrap();
    let damage = Damage::Head { size: 0 };
    assert_eq!(fails(&path), JournalError::Damaged { path, damage });
}

#[test]
fn a_creation_cut_short_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let new = folder.path().join("journal.key.new");
    // Before the tables were there.
    fs::write(&path, "").unwrap();
    fs::write(&new, "half a k").unwrap();
    drop(open(&path));
    assert!(!new.exists());
    // After they were, before the key had its name.
    fs::rename(key_path(&path), &new).unwrap();
    let journal = open(&path);
    assert!(!new.exists());
    journal.checkpoint().unwrap();
}

#[test]
fn times_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options();
    options.clock = Box::new(|| u64::MAX);
    let journal = Journal::open(&folder.path().join("journal"), options).unwrap();
    assert!(journal.intend(&[intent(0)]).is_err());
    assert_eq!(journal.reader().head().unwrap().0, 0);
}

#[test]
fn a_panic_while_writing_harms_no_later_caller() {
    let folder = tempfile::tempdir().unwrap();
    let calls = std::sync::atomic::AtomicU64::new(0);
    let mut options = options();
    options.clock = Box::new(move || {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert!(call != 1, "the second call panics");
        1_800_000_000_000_000 + call
    });
    let journal = Journal::open(&folder.path().join("journal"), options).unwrap();
    journal.intend(&[intent(0)]).unwrap();
    std::thread::scope(|scope| {
        let panicked = scope.spawn(|| journal.intend(&[intent(1)])).join();
        assert!(panicked.is_err());
    });
    journal.intend(&[intent(2)]).unwrap();
    let report = verify_in_place(journal.reader(), None, None).unwrap();
    assert!(report.is_intact() && report.entries == 2, "{report:?}");
}
