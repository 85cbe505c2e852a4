//! `Idempotency-Key`: what comes twice is done once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::house::daemon::{DaemonHouse, Options, fresh};

/// A daemon whose person never answers: operations stay under way.
fn hanging() -> (DaemonHouse, Value) {
    let daemon = DaemonHouse::start(Options::one_token());
    daemon.answer("hang", "cancel");
    let document = daemon.upload("a.txt", b"a");
    let request = json!({ "document": document["id"] });
    (daemon, request)
}

fn operations(daemon: &DaemonHouse) -> BTreeSet<String> {
    let list = daemon.get("/v1/operations");
    let all = list.as_array().expect("operations").iter();
    all.map(|operation| operation["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_key_is_demanded_and_must_be_one() {
    let (daemon, request) = hanging();
    let body = request.to_string();
    let post = |path: &str, keys: &[&str]| {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(keys.iter().map(|key| ("Idempotency-Key", *key)));
        let response = daemon.request("POST", path, &headers, body.as_bytes());
        (response.status, response.code())
    };
    for path in [
        "/v1/signatures",
        "/v1/batches",
        "/v1/reissuance-requests",
        "/v1/reissuance-requests/0/submit",
        "/v1/reissuance-requests/0/export",
        "/v1/reissuance-requests/0/answer",
        "/v1/reissuance-requests/0/cancel",
    ] {
        assert_eq!(post(path, &[]), (400, "idempotency-key-missing".to_owned()), "{path}");
        let long = format!("\"{}\"", "x".repeat(256));
        for bad in ["", "\"\"", "\"a", "a b", "\"a\"b\"", &long] {
            let told = post(path, &[bad]);
            assert_eq!(told, (400, "idempotency-key-malformed".to_owned()), "{path} {bad}");
        }
        let told = post(path, &["\"a\"", "\"b\""]);
        assert_eq!(told, (400, "idempotency-key-malformed".to_owned()), "{path}");
    }
    assert!(operations(&daemon).is_empty());
}

#[test]
fn the_same_request_gets_the_same_answer_also_after_a_crash() {
    let (mut daemon, request) = hanging();
    let first = daemon.post_with_key("/v1/signatures", "\"one\"", &request);
    assert_eq!(first.status, 202, "{}", first.text());
    assert_eq!(first.header("idempotency-replayed"), None);
    let same = |daemon: &DaemonHouse, key: &str| {
        let again = daemon.post_with_key("/v1/signatures", key, &request);
        assert_eq!(again.status, 202, "{}", again.text());
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.json(), first.json());
    };
    same(&daemon, "\"one\"");
    // A bare token is the same key.
    same(&daemon, "one");
    // Another body under this key is refused, and changes nothing.
    let mut other = request.clone();
    other["options"] = json!({ "detached": true });
    let refused = daemon.post_with_key("/v1/signatures", "\"one\"", &other);
    assert_eq!((refused.status, refused.code()), (422, "idempotency-key-reused".to_owned()));
    daemon.restart();
    same(&daemon, "\"one\"");
    assert_eq!(operations(&daemon).len(), 1);
    // Another key is another request.
    let second = daemon.post_with_key("/v1/signatures", "\"two\"", &request);
    assert_eq!(second.status, 202);
    assert_ne!(second.header("location"), first.header("location"));
}

#[test]
fn a_refusal_does_not_use_a_key_up() {
    let (daemon, request) = hanging();
    let unknown = json!({ "document": "00000000-0000-7000-8000-000000000000" });
    let refused = daemon.post_with_key("/v1/signatures", "\"one\"", &unknown);
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    let accepted = daemon.post_with_key("/v1/signatures", "\"one\"", &request);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
}

#[test]
fn twenty_at_once_make_one() {
    let (daemon, request) = hanging();
    let key = format!("\"{}\"", fresh());
    let together = std::sync::Barrier::new(20);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    daemon.post_with_key("/v1/signatures", &key, &request)
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("an answer")).collect()
    });
    let mut places = BTreeSet::new();
    for answer in &answers {
        match answer.status {
            202 => {
                places.insert(answer.header("location").expect("a location").to_owned());
            }
            409 => assert_eq!(answer.code(), "idempotency-in-flight"),
            status => panic!("{status}: {}", answer.text()),
        }
    }
    assert_eq!(places.len(), 1);
    assert_eq!(operations(&daemon).len(), 1);
}

#[test]
fn a_kill_at_any_moment_makes_nothing_twice() {
    let (mut daemon, request) = hanging();
    const ROUNDS: u32 = 15;
    let mut unanswered = 0;
    for round in 0..ROUNDS {
        let key = format!("\"round {round}\"");
        let socket = daemon.socket();
        let body = request.to_string();
        let sent = key.clone();
        let client = std::thread::spawn(move || {
            let mut connection = crate::house::daemon::Connection::open(&socket)?;
            let headers = [("Content-Type", "application/json"), ("Idempotency-Key", &*sent)];
            connection.request("POST", "/v1/signatures", &headers, body.as_bytes())
        });
        std::thread::sleep(Duration::from_micros(u64::from(round) * 1500));
        daemon.kill9();
        let first = client.join().expect("the client ends").ok();
        daemon.launch();
        let again = daemon.post_with_key("/v1/signatures", &key, &request);
        assert_eq!(again.status, 202, "round {round}: {}", again.text());
        match first {
            Some(first) => {
                assert_eq!(first.header("location"), again.header("location"), "round {round}");
            }
            None => unanswered += 1,
        }
        assert_eq!(operations(&daemon).len(), round as usize + 1, "round {round}");
    }
    assert!(unanswered > 0, "no kill came before the answer: the test proves nothing");
}
