//! Batches through the daemon: declared whole, agreed to once, and true whatever happens on the way.
#![cfg(unix)]

mod house;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use house::daemon::{DaemonHouse, Options};
use kyso_testkit::shim::{Calls, Fault};
use kyso_x509::DigestAlgorithm;
use serde_json::{Value, json};

/// A desk with one token of this kind of key.
fn desk(kind: &'static str, shim: bool) -> DaemonHouse {
    DaemonHouse::start(Options { tokens: vec![("t", kind)], shim, ..Options::default() })
}

/// Uploads so many documents, every second one a PDF; gives the items that declare them.
#[track_caller]
fn documents(daemon: &DaemonHouse, count: usize) -> Vec<Value> {
    let pdf = kyso_testkit::pdf::one_page("Công văn số 12/UBND");
    let mut connection = daemon.connect().expect("a connection");
    let mut items = Vec::with_capacity(count);
    for number in 0..count {
        let response = if number % 2 == 0 {
            connection.upload(&format!("Công văn {number}.pdf"), &pdf)
        } else {
            connection.upload(&format!("{number}.txt"), format!("Số {number}").as_bytes())
        };
        let response = response.expect("an answer");
        assert_eq!(response.status, 201, "{}", response.text());
        items.push(item(&response.json()));
    }
    items
}

fn item(document: &Value) -> Value {
    json!({ "document": document["id"], "sha256": document["sha256"] })
}

/// Declares a batch, which must be accepted; gives its address.
#[track_caller]
fn declare(daemon: &DaemonHouse, items: &[Value]) -> String {
    declare_by(daemon, items, None)
}

#[track_caller]
fn declare_by(daemon: &DaemonHouse, items: &[Value], credential: Option<&str>) -> String {
    let mut request = json!({ "items": items });
    if let Some(credential) = credential {
        request["credential"] = json!(credential);
    }
    let response = daemon.post("/v1/batches", &request);
    assert_eq!(response.status, 202, "{}", response.text());
    let place = response.header("location").expect("where it is").to_owned();
    assert_eq!(place, format!("/v1/batches/{}", response.json()["id"].as_str().expect("an id")));
    place
}

#[track_caller]
fn wish(daemon: &DaemonHouse, batch: &str, what: &str) -> Value {
    let response = daemon.post(&format!("{batch}/{what}"), &json!({}));
    assert_eq!(response.status, 202, "{what}: {}", response.text());
    response.json()
}

/// Waits until so many items have been signed.
#[track_caller]
fn wait_for_signed(daemon: &mut DaemonHouse, batch: &str, least: u64) -> u64 {
    let mut signed = 0;
    daemon.wait_until("items are signed", |daemon| {
        signed = daemon.get(batch)["counts"]["signed"].as_u64().expect("a number");
        signed >= least
    });
    signed
}

#[track_caller]
fn wait_for_pause(daemon: &mut DaemonHouse, batch: &str, reason: &str) -> Value {
    let mut found = Value::Null;
    daemon.wait_until(&format!("{batch} pauses: {reason}"), |daemon| {
        found = daemon.get(batch);
        found["state"] == "paused" && found["pause"] == reason
    });
    found
}

/// All items by number.
#[track_caller]
fn items(daemon: &DaemonHouse, batch: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut from = 0;
    loop {
        let page = daemon.get(&format!("{batch}/items?from={from}"));
        all.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next"].as_u64() {
            Some(next) => from = next,
            None => return all,
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    DigestAlgorithm::Sha256.digest(bytes).as_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

/// What the journal says was released, by the item's name: how often, and the hash.
#[track_caller]
fn released(daemon: &DaemonHouse) -> BTreeMap<u64, String> {
    let house = &daemon.house;
    let listed = house.expect(["journal", "list", "--json", "-n", "1000000"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let entries = listed["entries"].as_array().expect("entries");
    let released = |entry: &Value| {
        Some((
            entry["sequence"].as_u64().or_else(|| entry["index"].as_u64())?,
            entry["released"].as_str()?.to_owned(),
        ))
    };
    entries.iter().filter_map(released).collect()
}

/// Every item is signed, its file is there once, is what the journal says, and the journal holds.
#[track_caller]
fn all_true(daemon: &DaemonHouse, batch: &str, failed: &[usize]) {
    let id = batch.rsplit('/').next().expect("an id");
    let released = released(daemon);
    for (number, item) in items(daemon, batch).iter().enumerate() {
        assert_eq!(item["number"], number);
        if failed.contains(&number) {
            assert_eq!(item["state"], "failed", "{item}");
            assert!(item["journal"]["entry"].is_u64(), "{item}");
            continue;
        }
        assert_eq!(item["state"], "signed", "{item}");
        let fetched = daemon.request("GET", &format!("{batch}/items/{number}/result"), &[], b"");
        assert_eq!(fetched.status, 200, "{}", fetched.text());
        let hash = sha256(&fetched.body);
        assert_eq!(item["result_sha256"], hash, "{item}");
        let entry = item["journal"]["entry"].as_u64().expect("an entry");
        assert_eq!(released.get(&entry), Some(&hash), "item {number}");
    }
    // Under no other name lies anything.
    let folder = daemon.state().join("results").join(id);
    let names: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the results")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let expected: BTreeSet<String> = (0..items(daemon, batch).len())
        .filter(|number| !failed.contains(number))
        .map(|number| number.to_string())
        .collect();
    assert_eq!(names, expected);
    journal_holds(daemon);
}

#[track_caller]
fn journal_holds(daemon: &DaemonHouse) {
    let report = daemon.house.expect(["journal", "verify", "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["intact"], true, "{report:#}");
    assert_eq!(report["open"], 0, "{report:#}");
}

#[test]
fn a_hundred_documents_with_one_broken_are_signed_on_one_consent_and_one_pin() {
    let mut daemon = desk("rsa2048", true);
    let mut all = documents(&daemon, 99);
    let broken = daemon.upload("hỏng.pdf", b"%PDF-1.7\nthis is no PDF");
    all.insert(42, item(&broken));
    let batch = declare(&daemon, &all);
    let events: Vec<_> = daemon.events(&format!("{batch}/events"), None).collect();
    let whole = daemon.wait_for_end(&batch);
    assert_eq!(whole["state"], "succeeded", "{whole:#}");
    let counts = json!({ "total": 100, "signed": 99, "failed": 1, "cancelled": 0, "pending": 0 });
    assert_eq!(whole["counts"], counts);

    // Each item was told once, in the order of its ids, and the end last.
    let told: Vec<_> = events.iter().filter(|event| event.name == "item").collect();
    let ids: Vec<u64> = told
        .iter()
        .map(|event| event.id.as_deref().expect("an id").parse().expect("a number"))
        .collect();
    assert_eq!(ids, (1..=100).collect::<Vec<u64>>());
    let numbers: BTreeSet<u64> =
        told.iter().map(|event| event.json()["number"].as_u64().expect("a number")).collect();
    assert_eq!(numbers.len(), 100);
    let last = events.last().expect("events");
    assert_eq!((last.name.as_str(), &last.json()["state"]), ("batch", &json!("succeeded")));

    let questions = daemon.questions();
    let asked = |what: &str| questions.iter().filter(|line| line.starts_with(what)).count();
    assert_eq!((asked("CONFIRM"), asked("GETPIN")), (1, 1), "{questions:#?}");
    assert!(
        questions[0].contains("99"),
        "the broken one is not among those to be signed: {questions:#?}"
    );
    let calls = Calls::read(&daemon.house.path("shim.log"));
    assert_eq!(calls.of("C_Login"), 1);

    let failed = daemon.get(&format!("{batch}/items/42"));
    assert_eq!(failed["problem"]["code"], "pdf-refused", "{failed:#}");
    let failed = daemon.get(&format!("{batch}/items?state=failed"));
    assert_eq!(failed["items"].as_array().expect("items").len(), 1);
    let none = daemon.request("GET", &format!("{batch}/items/42/result"), &[], b"");
    assert_eq!((none.status, none.code().as_str()), (409, "batch-result-not-there"));
    all_true(&daemon, &batch, &[42]);

    // A client that comes late, or again, hears the rest; also after a restart.
    for restarted in [false, true] {
        if restarted {
            daemon.restart();
        }
        let rest: Vec<_> = daemon.events(&format!("{batch}/events"), Some("97")).collect();
        let again: Vec<_> = rest.iter().filter(|event| event.name == "item").collect();
        assert_eq!(again, told[97..].to_vec());
    }
    // The consent stands in every record, with the list that it was for.
    let entry = daemon.get(&format!("{batch}/items/7"))["journal"]["entry"].to_string();
    let shown = daemon.house.expect(["journal", "show", "--json", &entry]);
    assert!(shown.contains("released"), "{shown}");
}

#[test]
fn what_is_not_as_declared_refuses_the_whole_batch() {
    let daemon = desk("p256", false);
    let all = documents(&daemon, 3);
    let refused = |items: Value| {
        let response = daemon.post("/v1/batches", &json!({ "items": items }));
        (response.status, response.code(), response.text())
    };
    let mut wrong = all.clone();
    wrong[1]["sha256"] = json!("00".repeat(32));
    let (status, code, text) = refused(json!(wrong));
    assert_eq!((status, code.as_str()), (422, "batch-document-differs"));
    assert!(text.contains("item 1"), "{text}");

    let mut unknown = all.clone();
    unknown[2]["document"] = json!("0190f0f0-0000-7000-8000-000000000000");
    let (status, code, text) = refused(json!(unknown));
    assert_eq!((status, code.as_str()), (422, "batch-document-unknown"));
    assert!(text.contains("item 2"), "{text}");

    let (status, code, _) = refused(json!([all[0], all[1], all[0]]));
    assert_eq!((status, code.as_str()), (422, "batch-document-twice"));
    let mut malformed = all.clone();
    malformed[0]["sha256"] = json!("xyz");
    let (status, code, _) = refused(json!(malformed));
    assert_eq!((status, code.as_str()), (400, "sha256-malformed"));
    let (status, code, _) = refused(json!([]));
    assert_eq!((status, code.as_str()), (422, "batch-empty"));
    assert_eq!(daemon.questions(), Vec::<String>::new(), "nobody was asked");

    let absent = "/v1/batches/0190f0f0-0000-7000-8000-000000000000";
    for path in [
        absent.to_owned(),
        format!("{absent}/items"),
        format!("{absent}/items/0"),
        format!("{absent}/events"),
    ] {
        let response = daemon.request("GET", &path, &[], b"");
        assert_eq!((response.status, response.code().as_str()), (404, "batch-unknown"), "{path}");
    }
    let response = daemon.post(&format!("{absent}/cancel"), &json!({}));
    assert_eq!((response.status, response.code().as_str()), (404, "batch-unknown"));
}

#[test]
fn who_says_no_or_nothing_signs_nothing_and_it_is_recorded() {
    let mut daemon = desk("p256", false);
    let all = documents(&daemon, 4);
    daemon.answer("deny", house::PIN);
    let batch = declare(&daemon, &all);
    let whole = daemon.wait_for_end(&batch);
    assert_eq!(whole["state"], "denied", "{whole:#}");
    for item in items(&daemon, &batch) {
        assert_eq!(item["state"], "cancelled", "{item}");
        let entry = item["journal"]["entry"].to_string();
        let shown = daemon.house.expect(["journal", "show", "--json", &entry]);
        assert!(shown.contains("consent-denied"), "{shown}");
    }
    let response = daemon.post(&format!("{batch}/resume"), &json!({}));
    assert_eq!((response.status, response.code().as_str()), (409, "batch-ended"));
    journal_holds(&daemon);
}

#[test]
fn a_batch_is_paused_resumed_and_withdrawn() {
    let mut daemon = desk("rsa4096", true);
    // Long against whatever else a busy machine does between a look and a wish.
    let all = documents(&daemon, 600);
    let batch = declare(&daemon, &all);
    wait_for_signed(&mut daemon, &batch, 1);
    wish(&daemon, &batch, "pause");
    wish(&daemon, &batch, "pause");
    let paused = wait_for_pause(&mut daemon, &batch, "requested");
    let signed = paused["counts"]["signed"].as_u64().expect("a number");
    assert!(signed < 600, "it ended before it was paused: the test proves nothing");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(daemon.get(&batch)["counts"]["signed"], signed, "it stands still");

    wish(&daemon, &batch, "resume");
    wait_for_signed(&mut daemon, &batch, signed + 1);
    wish(&daemon, &batch, "cancel");
    let whole = daemon.wait_for_end(&batch);
    assert_eq!(whole["state"], "cancelled", "{whole:#}");
    assert_eq!(whole["counts"]["pending"], 0);
    let (signed, cancelled) = (&whole["counts"]["signed"], &whole["counts"]["cancelled"]);
    let (signed, cancelled) = (signed.as_u64().expect("some"), cancelled.as_u64().expect("some"));
    assert!(cancelled > 0, "it ended before it was withdrawn: the test proves nothing");
    assert_eq!(signed + cancelled, 600);
    wish(&daemon, &batch, "cancel");
    // A login for each time it ran, a PIN for each login; agreed to once.
    let calls = Calls::read(&daemon.house.path("shim.log"));
    assert_eq!(calls.of("C_Login"), 2);
    let questions = daemon.questions();
    let asked = |what: &str| questions.iter().filter(|line| line.starts_with(what)).count();
    assert_eq!((asked("CONFIRM"), asked("GETPIN")), (1, 2), "{questions:#?}");
    for item in items(&daemon, &batch) {
        assert!(item["journal"]["entry"].is_u64(), "{item}");
    }
    journal_holds(&daemon);
}

#[test]
fn a_wrong_or_refused_pin_makes_it_stand_still() {
    let mut daemon = desk("p256", false);
    let all = documents(&daemon, 6);
    daemon.answer("accept", "cancel");
    let batch = declare(&daemon, &all);
    let paused = wait_for_pause(&mut daemon, &batch, "pin-needed");
    assert_eq!(paused["problem"]["code"], "pin-cancelled", "{paused:#}");
    daemon.answer("accept", house::PIN);
    wish(&daemon, &batch, "resume");
    let whole = daemon.wait_for_end(&batch);
    assert_eq!(whole["state"], "succeeded", "{whole:#}");
    assert_eq!(whole.get("problem"), None, "{whole:#}");
    all_true(&daemon, &batch, &[]);
}

#[test]
fn a_token_that_was_pulled_out_is_waited_for_and_another_one_is_named() {
    let mut daemon = desk("rsa4096", true);
    let all = documents(&daemon, 120);
    let batch = declare(&daemon, &all);
    wait_for_signed(&mut daemon, &batch, 1);
    daemon.fault(Fault::Pulled, 0);
    let paused = wait_for_pause(&mut daemon, &batch, "token-removed");
    let signed = paused["counts"]["signed"].as_u64().expect("a number");
    assert!(signed < 120, "{paused:#}");
    assert_eq!(paused["counts"]["failed"], 0, "{paused:#}");
    daemon.fault(Fault::OtherToken, 0);
    let paused = wait_for_pause(&mut daemon, &batch, "other-token");
    assert_eq!(paused["problem"]["code"], "other-token", "{paused:#}");
    daemon.fault(Fault::None, 0);
    let whole = daemon.wait_for_end(&batch);
    assert_eq!(whole["state"], "succeeded", "{whole:#}");
    let questions = daemon.questions();
    let asked = |what: &str| questions.iter().filter(|line| line.starts_with(what)).count();
    assert_eq!(
        (asked("CONFIRM"), asked("GETPIN")),
        (1, 2),
        "a login ends with the token: {questions:#?}"
    );
    all_true(&daemon, &batch, &[]);
}

#[test]
fn a_module_that_crashes_costs_nobody_elses_item() {
    let mut daemon = desk("rsa2048", true);
    let all = documents(&daemon, 50);
    // Each worker dies at its 21st signature.
    daemon.fault(Fault::Crash, 20);
    let batch = declare(&daemon, &all);
    let whole = daemon.wait_for_end(&batch);
    assert_eq!(whole["state"], "succeeded", "{whole:#}\n{}", daemon.log());
    all_true(&daemon, &batch, &[]);
}

#[test]
fn a_module_that_hangs_costs_nobody_elses_item() {
    let mut daemon = DaemonHouse::start(Options {
        tokens: vec![("t", "rsa2048")],
        shim: true,
        config: "[daemon.limits]\nmodule-sign-seconds = 2".to_owned(),
        ..Options::default()
    });
    let all = documents(&daemon, 24);
    // Each worker stands still at its 13th signature.
    daemon.fault(Fault::Hang(3_600_000), 12);
    let batch = declare(&daemon, &all);
    let whole = daemon.wait_for_end(&batch);
    assert_eq!(whole["state"], "succeeded", "{whole:#}\n{}", daemon.log());
    all_true(&daemon, &batch, &[]);
}

#[test]
fn a_module_that_always_crashes_makes_it_stand_still() {
    let mut daemon = desk("rsa2048", true);
    let all = documents(&daemon, 30);
    daemon.fault(Fault::Crash, 0);
    let batch = declare(&daemon, &all);
    let paused = wait_for_pause(&mut daemon, &batch, "module-failed");
    assert_eq!(paused["problem"]["code"], "module-failed", "{paused:#}");
    assert_eq!(paused["counts"]["signed"], 0, "{paused:#}");
    let failed: Vec<usize> = items(&daemon, &batch)
        .iter()
        .filter(|item| item["state"] == "failed")
        .map(|item| {
            assert_eq!(item["problem"]["code"], "worker-crashed", "{item}");
            usize::try_from(item["number"].as_u64().expect("a number")).expect("a number")
        })
        .collect();
    assert!(failed.len() <= 2, "{failed:?}");
    daemon.fault(Fault::None, 0);
    wish(&daemon, &batch, "resume");
    let whole = daemon.wait_for_end(&batch);
    assert_eq!(whole["state"], "succeeded", "{whole:#}");
    all_true(&daemon, &batch, &failed);
}

#[test]
fn nothing_is_released_twice_and_nothing_skipped_whenever_the_daemon_is_killed() {
    const DOCUMENTS: usize = 120;
    const KILLS: u32 = 16;
    let mut daemon = desk("rsa4096", false);
    let all = documents(&daemon, DOCUMENTS);
    let batch = declare(&daemon, &all);
    let (mut kills, mut cut_short, mut interrupted) = (0, 0, 0);
    let mut held: BTreeMap<String, std::time::SystemTime> = BTreeMap::new();
    let mut batches = vec![batch.clone()];
    let mut current = batch;
    while kills < KILLS {
        // From before the consent to the last items.
        std::thread::sleep(Duration::from_millis(u64::from(kills * 67 % 700)));
        daemon.kill9();
        kills += 1;
        daemon.launch();
        // A file that was released once is never written again.
        for (path, time) in &held {
            let now = std::fs::metadata(path).expect("it stays").modified().expect("a time");
            assert_eq!(now, *time, "{path} was replaced");
        }
        let id = current.rsplit('/').next().expect("an id");
        for entry in std::fs::read_dir(daemon.state().join("results").join(id)).expect("results") {
            let entry = entry.expect("an entry");
            let time = entry.metadata().expect("facts").modified().expect("a time");
            held.insert(entry.path().to_string_lossy().into_owned(), time);
        }
        let report: Value =
            serde_json::from_str(&daemon.house.expect(["journal", "verify", "--json"]))
                .expect("JSON");
        assert_eq!(report["intact"], true, "{report:#}");
        interrupted = report["interrupted"].as_u64().expect("a number");
        let whole = daemon.get(&current);
        if whole["state"] == "succeeded" {
            current = declare(&daemon, &documents(&daemon, DOCUMENTS));
            batches.push(current.clone());
            continue;
        }
        cut_short += 1;
        assert_eq!(
            (&whole["state"], &whole["pause"]),
            (&json!("paused"), &json!("restarted")),
            "{whole:#}"
        );
        wish(&daemon, &current, "resume");
    }
    for batch in &batches {
        let whole = daemon.wait_for_end(batch);
        assert_eq!(whole["state"], "succeeded", "{whole:#}");
    }
    for batch in &batches {
        all_true(&daemon, batch, &[]);
    }
    assert!(cut_short > 5, "no kill came in time: the test proves nothing");
    assert!(interrupted > 0, "no kill met an open intent: the test proves nothing");
    daemon.house.expect(["journal", "export", "bundle"]);
    daemon.house.expect(["journal", "verify", "bundle"]);
}

#[test]
fn a_stop_leaves_a_batch_that_goes_on() {
    let mut daemon = desk("rsa4096", false);
    let all = documents(&daemon, 100);
    let batch = declare(&daemon, &all);
    wait_for_signed(&mut daemon, &batch, 1);
    daemon.stop();
    daemon.launch();
    let paused = daemon.get(&batch);
    assert_eq!(
        (&paused["state"], &paused["pause"]),
        (&json!("paused"), &json!("restarted")),
        "{paused:#}"
    );
    assert!(paused["counts"]["pending"].as_u64().expect("a number") > 0, "{paused:#}");
    // An orderly end leaves no request without its outcome.
    journal_holds(&daemon);
    wish(&daemon, &batch, "resume");
    assert_eq!(daemon.wait_for_end(&batch)["state"], "succeeded");
    all_true(&daemon, &batch, &[]);
}

#[test]
fn ten_thousand_are_taken_and_one_more_is_not() {
    let daemon = desk("p256", false);
    daemon.answer("deny", house::PIN);
    let mut connection = daemon.connect().expect("a connection");
    let mut all = Vec::new();
    for number in 0..10_001 {
        let uploaded = connection.upload("x", number.to_string().as_bytes()).expect("an answer");
        all.push(item(&uploaded.json()));
    }
    let refused = daemon.post("/v1/batches", &json!({ "items": all }));
    assert_eq!((refused.status, refused.code().as_str()), (413, "batch-too-large"));
    let mut daemon = daemon;
    let batch = declare(&daemon, &all[..10_000]);
    let whole = daemon.wait_for_end(&batch);
    assert_eq!(whole["state"], "denied", "{whole:#}");
    assert_eq!(whole["counts"]["cancelled"], 10_000);
    assert_eq!(items(&daemon, &batch).len(), 10_000);
}

#[test]
fn two_tokens_sign_side_by_side_and_on_one_the_second_batch_waits() {
    let mut daemon = DaemonHouse::start(Options {
        tokens: vec![("one", "rsa4096"), ("two", "p256")],
        ..Options::default()
    });
    let (few, some) = (documents(&daemon, 4), documents(&daemon, 10));
    // Long against whatever else a busy machine does meanwhile.
    let slow = declare_by(&daemon, &documents(&daemon, 600), Some("pkcs11:token=one"));
    wait_for_signed(&mut daemon, &slow, 1);
    let behind = declare_by(&daemon, &few, Some("pkcs11:token=one"));
    daemon.wait_for_state(&behind, &["waiting-for-token"]);
    let fast = declare_by(&daemon, &some, Some("pkcs11:token=two"));
    assert_eq!(daemon.wait_for_end(&fast)["state"], "succeeded");
    assert_eq!(daemon.get(&slow)["state"], "running", "the other token did not wait");
    for batch in [&slow, &behind] {
        assert_eq!(daemon.wait_for_end(batch)["state"], "succeeded");
    }
    for batch in [&slow, &behind, &fast] {
        all_true(&daemon, batch, &[]);
    }
}
