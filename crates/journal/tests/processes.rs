//! Several processes on one journal, some of them killed.
//!
//! A child is this very test program, told by [`ROLE`] what to do; it says on its standard output
//! what it holds acknowledged.

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use common::{intent, open, signed};
use kyso::recorder::{IntentId, Recorder as _};
use kyso_journal::{Record, verify_in_place};

const ROLE: &str = "KYSO_JOURNAL_TEST_ROLE";
const JOURNAL: &str = "KYSO_JOURNAL_TEST_PATH";

/// Not a test of its own: what a child does. Without a role there is nothing to do.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let path = std::path::PathBuf::from(std::env::var_os(JOURNAL).unwrap());
    match role.as_str() {
        "record" => record(&path),
        "threads" => std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| record(&path));
            }
        }),
        "hold" => hold(&path),
        "fifty" => fifty(&path),
        "fill" => fill(&path),
        other => panic!("no role {other}"),
    }
}

fn say(line: &str) {
    // One write a line, so that lines of several threads do not mix.
    let mut out = std::io::stdout().lock();
    out.write_all(format!("@{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Records groups of one to three acts until killed.
fn record(path: &Path) {
    let journal = open(path);
    for round in 0.. {
        let group: Vec<_> = (0..=round % 3).map(|offset| intent(round + offset)).collect();
        let ids = journal.intend(&group).unwrap();
        for (id, intent) in ids.iter().zip(&group) {
            say(&format!("intent {} {}", id.0, intent.document_sha256[0]));
        }
        let outcomes: Vec<_> = ids.iter().map(|id| (*id, signed(id.0))).collect();
        for receipt in journal.conclude(&outcomes).unwrap() {
            say(&format!("outcome {} {}", receipt.entry, receipt.intent.0));
        }
    }
}

/// Has two intents open until its standard input ends, then concludes them.
fn hold(path: &Path) {
    let journal = open(path);
    let ids = journal.intend(&[intent(200), intent(201)]).unwrap();
    for id in &ids {
        say(&format!("intent {} {}", id.0, 200 + id.0 - ids[0].0));
    }
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    let outcomes: Vec<_> = ids.iter().map(|id| (*id, signed(id.0))).collect();
    journal.conclude(&outcomes).unwrap();
    say("concluded");
}

fn fifty(path: &Path) {
    let journal = open(path);
    for number in 0..50 {
        let ids = journal.intend(&[intent(number)]).unwrap();
        journal.conclude(&[(ids[0], signed(number))]).unwrap();
    }
    say("done");
}

/// Records until the system refuses; the group that was refused must leave nothing.
fn fill(path: &Path) {
    let journal = open(path);
    let mut recorded = 0;
    let error = loop {
        match journal.intend(&[intent(1), intent(2), intent(3)]) {
            Ok(_) => recorded += 3,
            Err(error) => break error,
        }
        assert!(recorded < 100_000, "there is no limit");
    };
    let kyso::recorder::RecorderError::Unwritable(source) = error else {
        panic!("{error}");
    };
    let error: &kyso_journal::JournalError = source.downcast_ref().unwrap();
    say(&format!("refused {recorded} {error:?}"));
    // Still refused, not half done.
    assert!(journal.conclude(&[(IntentId(0), signed(0))]).is_err());
    assert_eq!(journal.reader().head().unwrap().0, recorded);
}

fn command(role: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(JOURNAL, path);
    command
}

fn start(mut command: Command) -> (Child, BufReader<ChildStdout>) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

/// The next line that the child said, not its test harness; a line that was cut off counts not.
fn heard(out: &mut BufReader<ChildStdout>) -> Option<String> {
    loop {
        let mut line = String::new();
        if out.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        // libtest prints its own words before the first on the same line.
        if let (Some(at), Some(text)) = (line.find('@'), line.strip_suffix('\n')) {
            return Some(text[at + 1..].to_owned());
        }
    }
}

/// What children said is durable: intents by index with their document, outcomes with their intent.
#[derive(Default)]
struct Acknowledged {
    intents: BTreeMap<u64, u8>,
    outcomes: BTreeMap<u64, u64>,
}

impl Acknowledged {
    fn take(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        match words[0] {
            "intent" => assert_eq!(self.intents.insert(number(1), number(2) as u8), None),
            "outcome" => assert_eq!(self.outcomes.insert(number(1), number(2)), None),
            other => panic!("{other}"),
        }
    }

    fn check(&self, reader: &kyso_journal::Reader) {
        for (index, document) in &self.intents {
            let entry = reader.entry(*index).unwrap().expect("intent kept");
            let Record::Intent(intent) = entry.leaf.record else {
                panic!("{index} is no intent");
            };
            assert_eq!(intent.document_sha256, [*document; 32]);
        }
        for (index, intent) in &self.outcomes {
            let entry = reader.entry(*index).unwrap().expect("outcome kept");
            let outcome = signed(*intent);
            let intent = *intent;
            assert_eq!(entry.leaf.record, Record::Outcome { intent, outcome });
        }
    }
}

/// Kills a recording child after `lines` lines and `delay`.
fn record_and_kill(
    role: &str,
    path: &Path,
    lines: u64,
    delay: Duration,
    acknowledged: &mut Acknowledged,
) {
    let (mut child, mut out) = start(command(role, path));
    for _ in 0..lines {
        acknowledged.take(&heard(&mut out).expect("the child records on"));
    }
    std::thread::sleep(delay);
    child.kill().unwrap();
    while let Some(line) = heard(&mut out) {
        acknowledged.take(&line);
    }
    let status = child.wait().unwrap();
    assert!(!status.success(), "it did not end by itself");
}

#[test]
fn killed_at_any_point_the_journal_is_true() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut acknowledged = Acknowledged::default();
    drop(open(&path));
    let (mut holder, mut out) = start(command("hold", &path));
    let held: Vec<u64> = (0..2)
        .map(|_| {
            let line = heard(&mut out).unwrap();
            acknowledged.take(&line);
            line.split(' ').nth(1).unwrap().parse().unwrap()
        })
        .collect();

    let (mut interrupted, mut earlier) = (Vec::new(), None);
    for round in 0..24 {
        let role = if round % 3 == 2 { "threads" } else { "record" };
        let delay = Duration::from_micros(round * 7919 % 6000);
        record_and_kill(role, &path, round * 5 % 17, delay, &mut acknowledged);

        let journal = open(&path);
        acknowledged.check(journal.reader());
        interrupted.extend_from_slice(journal.interrupted());
        assert_eq!(open(&path).interrupted(), [0u64; 0], "once each");
        let report = verify_in_place(journal.reader(), None, earlier.as_deref()).unwrap();
        assert!(report.is_intact(), "round {round}: {:?}", report.findings);
        assert_eq!(report.interrupted_intents, interrupted);
        assert_eq!(report.open_intents, held, "the living process's");
        for intent in &interrupted {
            let concluded = acknowledged.outcomes.values().any(|ended| ended == intent);
            assert!(!concluded, "{intent} has an outcome already");
        }
        earlier = Some(journal.checkpoint().unwrap().note().to_owned());
    }
    assert!(acknowledged.outcomes.len() > 40, "the children did record");

    // Surely between intent and outcome.
    let before = acknowledged.intents.len();
    record_and_kill("hold", &path, 2, Duration::ZERO, &mut acknowledged);
    let orphans: Vec<u64> = acknowledged.intents.keys().rev().take(2).rev().copied().collect();
    assert_eq!(acknowledged.intents.len(), before + 2);
    assert_eq!(open(&path).interrupted(), orphans);
    assert_eq!(open(&path).interrupted(), [0u64; 0], "once each");

    drop(holder.stdin.take());
    assert_eq!(heard(&mut out).as_deref(), Some("concluded"));
    assert!(holder.wait().unwrap().success());
    let report = verify_in_place(open(&path).reader(), None, earlier.as_deref()).unwrap();
    assert!(report.is_intact() && report.open == 0, "{report:?}");
}

#[test]
fn killed_while_it_is_made_the_journal_is_made_again() {
    for round in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut acknowledged = Acknowledged::default();
        let delay = Duration::from_micros(2000 + round * 1000);
        record_and_kill("record", &path, 0, delay, &mut acknowledged);
        let journal = open(&path);
        acknowledged.check(journal.reader());
        journal.intend(&[intent(0)]).unwrap();
        journal.checkpoint().unwrap();
        let report = verify_in_place(journal.reader(), None, None).unwrap();
        assert!(report.is_intact(), "round {round}: {:?}", report.findings);
    }
}

#[test]
fn processes_write_one_journal_together() {
    let folder = tempfile::tempdir().unwrap();
    // None is there before: all four may come to create it.
    let path = folder.path().join("new/journal");
    let mut children: Vec<_> = (0..3).map(|_| start(command("fifty", &path))).collect();
    fifty(&path);
    for (child, out) in &mut children {
        assert_eq!(heard(out).as_deref(), Some("done"));
        assert!(child.wait().unwrap().success());
    }
    let journal = open(&path);
    assert_eq!(journal.interrupted(), [0u64; 0]);
    let report = verify_in_place(journal.reader(), None, None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.entries, report.signed, report.open), (400, 200, 0));
}

/// Handles come and go in one process while another writes and leaves.
#[test]
fn a_handle_that_closes_harms_no_other_of_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = open(&path);
    journal.intend(&[intent(0)]).unwrap();
    drop(open(&path));
    let reader = kyso_journal::Reader::open(&path, Duration::from_secs(1)).unwrap();
    // The child leaves while we stay: it must not remove the write-ahead log.
    let (mut child, mut out) = start(command("fifty", &path));
    assert_eq!(heard(&mut out).as_deref(), Some("done"));
    assert!(child.wait().unwrap().success());
    let log = folder.path().join("journal-wal");
    assert!(log.exists(), "the write-ahead log was removed under us");
    journal.conclude(&[(IntentId(0), signed(0))]).unwrap();
    let report = verify_in_place(journal.reader(), None, None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.entries, report.open), (102, 0));
    assert_eq!(reader.head().unwrap().0, 102);
}

/// A file-size limit stands for a disk that takes no more.
#[test]
#[cfg(unix)]
fn a_store_that_takes_no_more_refuses_and_stays_true() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    drop(open(&path));
    let child = command("fill", &path);
    let mut limited = Command::new("sh");
    // 512-byte blocks; the signal is ignored, so that writing fails instead.
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\""])
        .arg(child.get_program())
        .args(child.get_args())
        .env(ROLE, "fill")
        .env(JOURNAL, &path);
    let (mut child, mut out) = start(limited);
    let line = heard(&mut out).expect("refused");
    let recorded: u64 = line.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(line.contains("DeviceFailed") || line.contains("Full"), "{line}");
    assert!(recorded > 0);
    assert!(child.wait().unwrap().success());

    let journal = open(&path);
    let report = verify_in_place(journal.reader(), None, None).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!(report.intents, recorded);
    assert_eq!(report.interrupted, recorded, "its owner is gone");
}
