//! The queue of files that wait for a time-stamp.

use std::fs;

use kyso::extend::Level;
use kyso::pending::{Pending, Queue, QueueError};
use kyso_x509::Time;

fn entry(file: &std::path::Path, queued_at: i64) -> Pending {
    Pending::of_file(file, Level::Lt, Time::from_unix_seconds(queued_at))
        .expect("the file is there")
}

#[test]
fn entries_come_back_in_the_order_in_which_they_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["b — giấy khám.p7s", "a.p7m"];
    let files = names.map(|name| folder.path().join(name));
    for file in &files {
        fs::write(file, b"signed").expect("a file");
    }
    let queue = Queue::open(&folder.path().join("state/pending")).expect("a queue");
    queue.put(&entry(&files[0], 20)).expect("queued");
    queue.put(&entry(&files[1], 30)).expect("queued");
    // The same file again replaces its entry.
    queue.put(&entry(&files[1], 10)).expect("queued");

    let again = Queue::open(&folder.path().join("state/pending")).expect("a queue");
    let listed = again.list().expect("a list");
    let waiting: Vec<_> =
        listed.iter().map(|one| one.pending.as_ref().expect("readable").file.clone()).collect();
    assert_eq!(waiting, [files[1].clone(), files[0].clone()]);
    assert!(again.remove(&files[1]).expect("removed"));
    assert!(!again.remove(&files[1]).expect("nothing to remove"));
    assert_eq!(again.list().expect("a list").len(), 1);
}

#[test]
fn another_file_under_the_name_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.p7m");
    fs::write(&file, b"signed").expect("a file");
    let pending = entry(&file, 0);
    assert!(pending.is_unchanged().expect("readable"));
    fs::write(&file, b"another").expect("a file");
    assert!(!pending.is_unchanged().expect("readable"));
    fs::remove_file(&file).expect("removed");
    assert!(matches!(pending.is_unchanged(), Err(QueueError::Unreadable { .. })));
}

#[test]
fn an_entry_that_cannot_be_read_hides_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.p7m");
    fs::write(&file, b"signed").expect("a file");
    let queue = Queue::open(folder.path()).expect("a queue");
    queue.put(&entry(&file, 0)).expect("queued");
    fs::write(folder.path().join("00.pending.json"), b"{ half").expect("a bad entry");
    fs::write(folder.path().join("01.pending.json"), vec![b' '; 70_000]).expect("a long entry");
    let listed = queue.list().expect("a list");
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].pending.as_ref().expect("the good one").file, file);
    assert!(matches!(listed[1].pending, Err(QueueError::Malformed { .. })));
    assert!(matches!(listed[2].pending, Err(QueueError::TooLong { .. })));
}

#[test]
fn one_process_works_the_queue_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let queue = Queue::open(folder.path()).expect("a queue");
    let working = queue.work().expect("the queue is free");
    assert!(matches!(queue.work(), Err(QueueError::Busy { .. })));
    drop(working);
    queue.work().expect("the queue is free again");
}
