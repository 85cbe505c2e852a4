//! kill -9 at many moments: what was told stays true, nothing is lost, nothing happens twice.

use std::time::Duration;

use serde_json::{Value, json};

use crate::house::daemon::{DaemonHouse, Response, fresh};
use crate::{REQUESTS, desk, draft, history, path, prefilled, proven};

/// The states in which an operation has ended.
const FINAL: [&str; 6] = ["succeeded", "failed", "cancelled", "denied", "timed-out", "interrupted"];

/// kill -9 at moments spread over making a draft: it is there whole or not at all, and the same key makes it whole.
#[test]
fn a_kill_while_a_draft_is_made_loses_nothing() {
    let mut daemon = desk();
    let body = prefilled(&daemon, "unit-dissolved");
    let mut whole = 0;
    for moment in 0..15_u64 {
        let key = format!("\"{}\"", fresh());
        let delay = Duration::from_micros(moment * moment * 150);
        let answered = kill_during(&mut daemon, delay, |daemon| {
            daemon.try_request(
                "POST",
                REQUESTS,
                &[("Content-Type", "application/json"), ("Idempotency-Key", &key)],
                body.to_string().as_bytes(),
            )
        });
        let before = daemon.get(REQUESTS)["requests"].clone();
        let open: Vec<&Value> =
            before.as_array().unwrap().iter().filter(|one| one["state"] == "draft").collect();
        assert!(open.len() <= 1, "{before}");
        if let Some(told) = &answered {
            assert_eq!(told.status, 201, "{}", told.text());
            assert_eq!(open.len(), 1, "what was told is there");
            assert_eq!(open[0]["id"], told.json()["id"]);
        }
        whole += open.len();
        // The client asks again under its key and gets the one request.
        let again = daemon.post_with_key(REQUESTS, &key, &body);
        assert_eq!(again.status, 201, "moment {moment}: {}", again.text());
        let request = again.json();
        if let Some(open) = open.first() {
            assert_eq!(request["id"], open["id"]);
        }
        assert_eq!(history(&request), ["created→draft"]);
        assert_eq!(request["diff"].as_array().unwrap().len(), 6, "its dossier is there: {request}");
        proven(&daemon, &request);
        let done = daemon.post(&format!("{}/cancel", path(&request)), &json!({}));
        assert_eq!(done.status, 200, "{}", done.text());
    }
    assert!(whole < 15, "no kill came early enough");
    assert_eq!(daemon.get(REQUESTS)["requests"].as_array().unwrap().len(), 15);
}

/// kill -9 at moments spread over a submission and an export: the operation, the request and the journal agree
/// afterwards, and what was told stays true.
#[test]
fn a_kill_while_the_person_is_asked_leaves_the_truth() {
    let mut daemon = desk();
    let request = draft(&daemon);
    let (mut submissions, mut exports, mut early) = (0, 0, 0);
    for moment in 0..24_u64 {
        let before = daemon.get(&path(&request));
        let verb = if before["state"] == "draft" { "submit" } else { "export" };
        let key = format!("\"{}\"", fresh());
        let target = format!("{}/{verb}", path(&request));
        let delay = Duration::from_millis(moment * 9);
        kill_during(&mut daemon, delay, |daemon| {
            let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
            daemon.try_request("POST", &target, &headers, b"{}")
        });
        let after = daemon.get(&path(&request));
        let (known, now) = (history(&before), history(&after));
        assert!(now.starts_with(&known), "nothing is lost: {known:?} {now:?}");
        assert!(now.len() <= known.len() + 1, "nothing happens twice: {known:?} {now:?}");
        early += usize::from(now.len() == known.len());
        // The same key finds the operation of the first time; where that never was, it begins now.
        let again = daemon.post_with_key(&target, &key, &json!({}));
        match again.status {
            202 => {
                let operation = daemon.wait_for_end(again.header("location").unwrap());
                let state = operation["state"].as_str().unwrap().to_owned();
                assert!(FINAL.contains(&state.as_str()));
                let request = daemon.get(&path(&request));
                let done =
                    if verb == "submit" { "submitted→submitted" } else { "exported→exported" };
                let count = |all: &[String]| all.iter().filter(|one| *one == done).count();
                let made = count(&history(&request)) - count(&known);
                assert_eq!(made, usize::from(state == "succeeded"), "{operation} {request}");
                if state == "succeeded" {
                    let last = request["history"].as_array().unwrap().last().unwrap().clone();
                    assert_eq!(operation["journal"]["entry"], last["journal_entry"]);
                    if verb == "export" {
                        let result = operation["result"].as_str().unwrap();
                        let file = daemon.request("GET", result, &[], b"");
                        assert_eq!(file.status, 200, "{}", file.text());
                        exports += 1;
                    } else {
                        submissions += 1;
                    }
                }
            }
            // Submitted before the answer could be kept: the request has moved on.
            409 => assert_eq!(again.code(), "transition-illegal"),
            status => panic!("{status}: {}", again.text()),
        }
    }
    let last = daemon.get(&path(&request));
    proven(&daemon, &last);
    assert!(submissions <= 1 && exports > 0, "{}", last);
    assert!(early > 0, "no kill came before a record");
}

/// Sends a request, kills the daemon after `delay`, starts it again; gives the answer if it came whole.
fn kill_during(
    daemon: &mut DaemonHouse,
    delay: Duration,
    send: impl Fn(&DaemonHouse) -> std::io::Result<Response> + Sync,
) -> Option<Response> {
    let pid = daemon.pid();
    let answer = std::thread::scope(|scope| {
        let shared = &*daemon;
        let sent = scope.spawn(|| send(shared).ok());
        std::thread::sleep(delay);
        let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
        assert!(killed.expect("kill").success());
        sent.join().expect("the client's thread")
    });
    daemon.restart();
    answer
}
