//! Reading keeps nothing: a program of its own, since memory is counted for the whole process.
#![cfg(target_os = "linux")]

mod common;

use common::{CREATED, intent, open, signed, step};
use kyso::recorder::Recorder as _;
use kyso_journal::Filter;

/// Resident pages in KiB (proc(5), VmRSS).
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_hundred_thousand_reads_leave_memory_flat() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal"));
    let ids = journal.intend(&(0..500).map(intent).collect::<Vec<_>>()).unwrap();
    let outcomes: Vec<_> = ids.iter().map(|id| (*id, signed(id.0))).collect();
    journal.conclude(&outcomes).unwrap();
    journal.record_reissuance(&[step(1, CREATED)]).unwrap();
    let reader = journal.reader();
    let read = |count: u64| {
        for number in 0..count {
            match number % 100 {
                0 => assert_eq!(reader.entries(&Filter::all(100)).unwrap().len(), 100),
                1 => assert_eq!(reader.intents_of("none", 0).count(), 0),
                2 => assert_eq!(reader.reissuance_after(None).count(), 1),
                _ => assert!(reader.entry(number % 1000).unwrap().is_some()),
            }
        }
    };
    read(10_000);
    let before = resident();
    read(100_000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 2048, "{grown} KiB more after 100,000 reads");
}
