//! What the daemon keeps beside the journal, when it is damaged, lost, or was cut short between two of its writes.
#![cfg(unix)]

mod house;

use std::path::PathBuf;
use std::process::Stdio;

use house::daemon::{DaemonHouse, Options};
use kyso_testkit::shim::Fault;
use kyso_testkit::{Profile, Subject};
use serde_json::{Value, json};

const DAY: i64 = 24 * 3600;

/// A desk at which somebody signed a document; gives its operation as it ended.
#[track_caller]
fn desk() -> (DaemonHouse, Value) {
    let mut daemon = DaemonHouse::start(Options::one_token());
    let document = daemon.upload("đơn.txt", b"text");
    let reply = daemon.post("/v1/signatures", &json!({ "document": document["id"] }));
    assert_eq!(reply.status, 202, "{}", reply.text());
    let operation = daemon.wait_for_end(reply.header("location").expect("Location"));
    assert_eq!(operation["state"], "succeeded", "{operation}");
    (daemon, operation)
}

fn tables(daemon: &DaemonHouse) -> PathBuf {
    daemon.state().join("daemon.sqlite")
}

/// Removes the tables, or puts something else in their place.
#[track_caller]
fn replace_tables(daemon: &DaemonHouse, by: Option<&[u8]>) {
    for end in ["", "-wal", "-shm"] {
        let path = daemon.state().join(format!("daemon.sqlite{end}"));
        if path.exists() {
            std::fs::remove_file(path).expect("a table file");
        }
    }
    if let Some(bytes) = by {
        std::fs::write(tables(daemon), bytes).expect("the tables");
    }
}

/// Changes the tables of a daemon that does not run.
#[track_caller]
fn change_tables(daemon: &DaemonHouse, statements: &str) {
    let connection = rusqlite::Connection::open(tables(daemon)).expect("the tables");
    connection.execute_batch(statements).expect("the change");
}

#[test]
fn damaged_tables_have_a_name_and_cost_nothing_else() {
    let (mut daemon, _) = desk();
    daemon.stop();
    // All of it in the file itself, whatever the daemon's last thread left beside it.
    for file in [tables(&daemon), daemon.house.path("journal/journal.sqlite")] {
        let connection = rusqlite::Connection::open(file).unwrap();
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        connection.query_row(checkpoint, [], |row| row.get::<_, i64>(0)).unwrap();
    }
    let whole = std::fs::read(tables(&daemon)).unwrap();
    let journal = std::fs::read(daemon.house.path("journal/journal.sqlite")).unwrap();
    let mut torn = whole.clone();
    torn[4096..].fill(0xff);
    for damaged in [vec![b'x'; whole.len()], torn, whole[..5000].to_vec()] {
        replace_tables(&daemon, Some(&damaged));
        let output = daemon.command().stdout(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        let told = house::text(&output.stderr);
        assert!(told.contains("the daemon's tables are damaged"), "{told}");
        assert!(told.contains("rename the state folder"), "{told}");
        assert_eq!(std::fs::read(tables(&daemon)).unwrap(), damaged, "they are left as they are");
        let now = std::fs::read(daemon.house.path("journal/journal.sqlite")).unwrap();
        assert!(now == journal, "the journal is untouched");
    }
}

#[test]
fn lost_tables_do_not_take_released_files_with_them() {
    let (mut daemon, operation) = desk();
    daemon.stop();
    let id = operation["id"].as_str().unwrap();
    let result = daemon.state().join("results").join(id).join("0");
    let signed = std::fs::read(&result).unwrap();
    let (foreign, folder) =
        (daemon.state().join("documents/thư.txt"), daemon.state().join("documents/thư mục"));
    std::fs::write(&foreign, "somebody's").unwrap();
    std::fs::create_dir(&folder).unwrap();
    replace_tables(&daemon, None);
    daemon.launch();
    assert_eq!(daemon.request("GET", &format!("/v1/operations/{id}"), &[], b"").status, 404);
    assert_eq!(std::fs::read(&result).unwrap(), signed, "the journal says that it was released");
    assert!(foreign.exists() && folder.exists(), "what is not the daemon's is left alone");
    // Documents without a row are unfinished uploads, which their clients send again.
    let left = std::fs::read_dir(daemon.state().join("documents")).unwrap();
    assert_eq!(left.count(), 2);
}

#[test]
fn an_end_is_told_whatever_the_clock_did_meanwhile() {
    let (daemon, operation) = desk();
    let path = format!("/v1/operations/{}/events", operation["id"].as_str().unwrap());
    // Before a restart with a clock that was set back, the ids were higher.
    let told: Vec<_> = daemon.events(&path, Some("99999999999999999")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].json(), operation);
    // Who has read the end is told nothing.
    let last = told[0].id.clone().unwrap();
    assert_eq!(daemon.events(&path, Some(&last)).count(), 0);
}

/// Declares a batch of three; gives its path.
#[track_caller]
fn declare(daemon: &DaemonHouse) -> String {
    let item = |number: u32| {
        let document = daemon.upload("văn bản.txt", format!("Số {number}").as_bytes());
        json!({ "document": document["id"], "sha256": document["sha256"] })
    };
    let items: Vec<Value> = (0..3).map(item).collect();
    let reply = daemon.post("/v1/batches", &json!({ "items": items }));
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.header("location").expect("Location").to_owned()
}

/// A batch's last write is its state; the daemon may be killed between its items' ends and that.
#[test]
fn a_batch_whose_items_have_ended_ends_as_they_did() {
    let mut daemon = DaemonHouse::start(Options::one_token());
    let mut ended = Vec::new();
    for (answer, pin, state) in [
        ("deny", house::PIN, "denied"),
        ("accept", house::PIN, "succeeded"),
        ("hang", house::PIN, "cancelled"),
    ] {
        daemon.answer(answer, pin);
        let batch = declare(&daemon);
        if state == "cancelled" {
            daemon.wait_for_state(&batch, &["waiting-for-consent"]);
            let reply = daemon.post(&format!("{batch}/cancel"), &json!({}));
            assert_eq!(reply.status, 202, "{}", reply.text());
        }
        let whole = daemon.wait_for_end(&batch);
        assert_eq!(whole["state"], state, "{whole}");
        ended.push((batch, whole));
    }
    daemon.kill9();
    change_tables(&daemon, "UPDATE operation SET state = 'running'");
    daemon.launch();
    for (batch, whole) in ended {
        let now = daemon.wait_for_end(&batch);
        assert_eq!(now["state"], whole["state"], "{now}");
        assert_eq!(now["counts"], whole["counts"]);
    }
}

#[test]
fn another_journal_does_not_cost_the_requests_of_the_first_one() {
    let mut daemon = DaemonHouse::prepare(Options::default());
    let subject = Subject::new()
        .country("VN")
        .locality("Kon Tum")
        .organization("ỦY BAN NHÂN DÂN PHƯỜNG DUY TÂN")
        .common_name("Hà Thị Đào");
    let now = daemon.house.now;
    let profile = Profile::document_signing(subject, now - 30 * DAY, now + 300 * DAY);
    daemon.house.token("t", "p256", &profile);
    daemon.launch();
    let found = daemon.get("/v1/certificates");
    let wanted = &found["certificates"][0]["warnings"][0]["request"];
    let reply = daemon.post("/v1/reissuance-requests", wanted);
    assert_eq!(reply.status, 201, "{}", reply.text());
    let request = reply.json();
    let place = reply.header("location").expect("Location").to_owned();
    daemon.stop();
    // Somebody names another journal by mistake, starts twice, and comes back.
    let config = daemon.house.path("config.toml");
    let right = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, right.replace("journal/journal.sqlite", "other/journal.sqlite"))
        .unwrap();
    for _ in 0..2 {
        daemon.launch();
        assert_eq!(daemon.get("/v1/reissuance-requests")["requests"], json!([]));
        daemon.stop();
    }
    std::fs::write(&config, right).unwrap();
    daemon.launch();
    assert_eq!(daemon.get(&place)["diff"], request["diff"], "with what the journal does not hold");
    let form = daemon.request("GET", &format!("{place}/form04?format=json"), &[], b"");
    assert_eq!(form.status, 200, "{}", form.text());
}

/// A listing is kept for a moment, and a request must not fail by it.
#[test]
fn a_token_that_is_back_signs_at_once() {
    let mut daemon = DaemonHouse::start(Options { shim: true, ..Options::one_token() });
    for number in 0..5 {
        daemon.fault(Fault::Pulled, 0);
        daemon.wait_until("the token is seen to be gone", |daemon| {
            daemon.get("/v1/certificates")["certificates"] == json!([])
        });
        daemon.fault(Fault::None, 0);
        let document = daemon.upload("đơn.txt", format!("Số {number}").as_bytes());
        let reply = daemon.post("/v1/signatures", &json!({ "document": document["id"] }));
        assert_eq!(reply.status, 202, "{}", reply.text());
        let operation = daemon.wait_for_end(reply.header("location").expect("Location"));
        assert_eq!(operation["state"], "succeeded", "{operation}");
    }
}
