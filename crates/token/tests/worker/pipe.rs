//! What comes over the pipe from a worker that is none, and what a worker says to a parent that is none.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use kyso_token::pkcs11::Limits;
use kyso_token::worker::{Source, Spawn, WorkerStore};
use kyso_token::{FrameError, KeyStore as _, TokenError};

use super::rig::{WORKER, bounds, runs, until};

/// A store whose worker is a shell script with the pipe as its standard input.
fn shell(script: &str) -> WorkerStore {
    let spawn = Spawn {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into()],
        environment: Vec::new(),
    };
    let sources = vec![Source::KeyFile("/nowhere.p12".into())];
    WorkerStore::new(sources, spawn, Limits::interactive(), bounds())
}

fn nonsense(script: &str, expected: &TokenError) {
    let store = shell(script);
    assert_eq!(store.credentials().as_ref(), Err(expected), "{script}");
    assert!(expected.ends_act());
    until("it is gone", || store.pids().is_empty());
}

#[test]
fn a_message_that_is_none() {
    let expected = TokenError::WorkerReplyMalformed(FrameError::Undecodable);
    assert_eq!(expected.code(), "worker-nonsense");
    nonsense(r"printf '\000\000\000\004\377\377\377\377' >&0; exec sleep 600", &expected);
}

#[test]
fn a_message_without_end() {
    let (length, limit) = (0x7FFF_FFFF, 16 << 20);
    let expected = TokenError::WorkerReplyMalformed(FrameError::TooLong { length, limit });
    nonsense(r"printf '\177\377\377\377' >&0; exec sleep 600", &expected);
}

#[test]
fn half_a_message_and_an_exit() {
    let expected = TokenError::WorkerCrashed { signal: None, exit_code: Some(3) };
    nonsense(r"printf '\000\000\000\100abc' >&0; exit 3", &expected);
}

#[test]
fn half_a_message_and_silence() {
    let store = shell(r"printf '\000\000\000\100abc' >&0; exec sleep 600");
    let refused = store.credentials();
    assert!(matches!(refused, Err(TokenError::WorkerHung { .. })), "{refused:?}");
    let counters = store.counters();
    assert_eq!((counters.starts, counters.kills, counters.crashes), (1, 1, 0));
}

#[test]
fn an_exit_at_once() {
    let expected = TokenError::WorkerCrashed { signal: None, exit_code: Some(0) };
    nonsense("exit 0", &expected);
    let killed = TokenError::WorkerCrashed { signal: Some(9), exit_code: None };
    nonsense("kill -9 $$", &killed);
}

#[test]
fn a_program_that_is_not_there() {
    let spawn =
        Spawn { program: "/nowhere/kyso".into(), arguments: Vec::new(), environment: Vec::new() };
    let sources = vec![Source::KeyFile("/nowhere.p12".into())];
    let store = WorkerStore::new(sources, spawn, Limits::interactive(), bounds());
    // ENOENT
    let expected =
        TokenError::WorkerNotStarted { program: "/nowhere/kyso".into(), os_error: Some(2) };
    assert_eq!(store.credentials(), Err(expected));
    assert_eq!(store.counters().starts, 0);
}

/// Starts a real worker on one end of a pipe.
fn worker() -> (UnixStream, std::process::Child) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker_process", "--nocapture"])
        .env(WORKER, "1")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (ours, child)
}

#[test]
fn a_worker_ends_at_nonsense_and_at_silence() {
    for said in [&[0xFF; 64][..], b"\0\0\0\x04abcd", b"\0\0\0\xFFabc", b""] {
        let (mut pipe, mut child) = worker();
        pipe.write_all(said).unwrap();
        pipe.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // A reset is an end, too: it left before it had read everything.
        let _ = pipe.read_to_end(&mut answer);
        assert!(answer.is_empty());
        let status = child.wait().unwrap();
        assert_eq!(status.success(), said.is_empty(), "{said:?}");
        assert!(!runs(child.id()));
    }
}

#[test]
fn a_worker_runs_on_no_terminal_and_no_file() {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker_process", "--nocapture"])
        .env(WORKER, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!status.status.success());
    let words = String::from_utf8_lossy(&status.stderr).into_owned();
    assert!(words.contains("started by kyso itself"), "{words}");
}
