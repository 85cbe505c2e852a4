//! One signature through the daemon: agreed to, signed, recorded, fetched; and everything that can go wrong on the way.
#![cfg(unix)]

mod house;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use house::daemon::{DaemonHouse, Options, content_digest};
use house::{PIN, text};
use kyso_testkit::peer::{openssl, pdfsig};
use kyso_testkit::shim::Fault;
use kyso_x509::DigestAlgorithm;
use serde_json::{Value, json};

/// A request for a signature of a fresh PDF; gives the operation's path.
#[track_caller]
fn ask(daemon: &DaemonHouse, more: &Value) -> String {
    let document = daemon.upload("báo cáo.pdf", &kyso_testkit::pdf::one_page("Báo cáo"));
    let reply = daemon.post("/v1/signatures", &request(&document, more));
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.header("location").expect("a location").to_owned()
}

fn request(document: &Value, more: &Value) -> Value {
    let mut request = json!({ "document": document["id"] });
    for (member, value) in more.as_object().expect("an object") {
        request[member] = value.clone();
    }
    request
}

/// Asks, and waits for the end.
#[track_caller]
fn outcome(daemon: &mut DaemonHouse, more: &Value) -> Value {
    let operation = ask(daemon, more);
    daemon.wait_for_end(&operation)
}

/// All records of the journal, the oldest first.
#[track_caller]
fn records(daemon: &DaemonHouse) -> Vec<Value> {
    let listed = daemon.house.expect(["journal", "list", "--last", "1000", "--json"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let mut entries = listed["entries"].as_array().expect("entries").clone();
    entries.sort_by_key(|entry| entry["sequence"].as_u64());
    entries
}

/// The intents of an operation with the records that ended them.
#[track_caller]
fn acts(daemon: &DaemonHouse, operation: &Value) -> Vec<(Value, Value)> {
    let records = records(daemon);
    let intents = records.iter().filter(|record| record["operation"] == operation["id"]);
    let ended = |intent: &Value| {
        let end = records.iter().find(|record| record["intent"] == intent["sequence"]);
        (intent.clone(), end.cloned().unwrap_or(Value::Null))
    };
    intents.map(ended).collect()
}

/// The one act of an operation.
#[track_caller]
fn act(daemon: &DaemonHouse, operation: &Value) -> (Value, Value) {
    let mut acts = acts(daemon, operation);
    assert_eq!(acts.len(), 1, "{operation:#}: {acts:#?}");
    acts.remove(0)
}

#[track_caller]
fn assert_intact(daemon: &DaemonHouse) {
    let report = daemon.house.expect(["journal", "verify", "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["intact"], true, "{report:#}");
}

fn count(lines: &[String], word: &str) -> usize {
    lines.iter().filter(|line| line.split(' ').next() == Some(word)).count()
}

#[test]
fn a_pdf_and_cms_are_signed_and_others_accept_them() {
    let mut daemon = DaemonHouse::start(Options::one_token());
    let pdf = kyso_testkit::pdf::one_page("Báo cáo");
    let document = daemon.upload("báo cáo.pdf", &pdf);
    let options = json!({ "options": { "reason": "phê duyệt", "level": "B-B" } });
    let reply = daemon.post("/v1/signatures", &request(&document, &options));
    assert_eq!(reply.status, 202, "{}", reply.text());
    let accepted = reply.json();
    assert_eq!(accepted["state"], "queued");
    let at = reply.header("location").expect("a location").to_owned();
    assert_eq!(at, format!("/v1/operations/{}", accepted["id"].as_str().expect("an id")));

    // Each change is told once, in order, and the stream ends with the operation.
    let told: Vec<_> = daemon.events(&format!("{at}/events"), None).collect();
    let ids: Vec<u64> = told
        .iter()
        .map(|event| event.id.as_ref().expect("an id").parse().expect("a number"))
        .collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    assert!(told.iter().all(|event| event.name == "operation"));
    assert_eq!(told.last().expect("an event").json()["state"], "succeeded");
    let last = ids.last().expect("an event").to_string();
    assert_eq!(daemon.events(&format!("{at}/events"), Some(&last)).count(), 0);
    let before = (ids.last().expect("an event") - 1).to_string();
    assert_eq!(daemon.events(&format!("{at}/events"), Some(&before)).count(), 1);

    let done = daemon.get(&at);
    assert_eq!(done["format"], "PAdES-B-B");
    assert_eq!(done["result_name"], "báo cáo-signed.pdf");
    assert!(text(done["warnings"].to_string().as_bytes()).contains("revocation"));
    let result = daemon.request("GET", &format!("{at}/result"), &[], b"");
    assert_eq!(result.status, 200, "{}", result.text());
    assert!(result.body.starts_with(&pdf), "the original is a prefix");
    assert_eq!(result.header("content-type"), Some("application/pdf"));
    assert_eq!(result.header("content-digest"), Some(&*content_digest(&result.body)));
    assert_eq!(
        result.header("content-disposition"),
        Some("attachment; filename*=UTF-8''b%C3%A1o%20c%C3%A1o-signed.pdf")
    );
    let digest = hex(DigestAlgorithm::Sha256.digest(&result.body).as_bytes());
    assert_eq!(done["result_sha256"], digest.as_str());
    let tag = result.header("etag").expect("a tag").to_owned();
    let known = daemon.request("GET", &format!("{at}/result"), &[("If-None-Match", &tag)], b"");
    assert_eq!((known.status, known.body.len()), (304, 0));
    let signed = daemon.house.path("signed.pdf");
    std::fs::write(&signed, &result.body).expect("the file");
    let said = pdfsig::pdfsig(&signed);
    assert_eq!(said.len(), 1, "{said:?}");

    // The person saw what the daemon observed, and the journal holds the request as it was agreed to.
    let asked = daemon.questions();
    assert_eq!((count(&asked, "CONFIRM"), count(&asked, "GETPIN")), (1, 1), "{asked:?}");
    let question = &asked[0];
    let pid = format!("pid {}", std::process::id());
    for seen in
        [document["sha256"].as_str().expect("a hash"), "báo cáo.pdf", "claim", "1 pages", &pid]
    {
        assert!(question.contains(seen), "{seen}: {question}");
    }
    let (intent, end) = act(&daemon, &done);
    assert_eq!(intent["document"], document["sha256"]);
    assert_eq!(intent["document_name"], "báo cáo.pdf");
    assert!(intent["consent"].as_str().expect("consent").starts_with("pinentry "));
    assert!(
        intent["requester"]
            .as_str()
            .expect("a requester")
            .contains(&std::process::id().to_string())
    );
    assert_eq!((end["result"].as_str(), &end["released"]), (Some("signed"), &json!(digest)));
    assert_eq!(done["journal"]["entry"], end["sequence"]);

    for (detached, name) in [(false, "số liệu.csv.p7m"), (true, "số liệu.csv.p7s")] {
        let content = "xã,số hồ sơ\nĐăk Hà,12\n".as_bytes();
        let document = daemon.upload("số liệu.csv", content);
        let options = json!({ "options": { "detached": detached } });
        let reply = daemon.post("/v1/signatures", &request(&document, &options));
        let at = reply.header("location").expect("a location").to_owned();
        let done = daemon.wait_for_end(&at);
        assert_eq!((&done["state"], &done["result_name"]), (&json!("succeeded"), &json!(name)));
        let result = daemon.request("GET", &format!("{at}/result"), &[], b"");
        let (file, source) = (daemon.house.path("cms"), daemon.house.path("content"));
        std::fs::write(&file, &result.body).expect("the file");
        std::fs::write(&source, content).expect("the content");
        let root = daemon.house.path("root.pem");
        let verdict = openssl::cms_verify(&file, detached.then_some(&*source), &root);
        assert!(verdict.success, "{}", verdict.stderr);
    }
    assert_intact(&daemon);
    let listed = daemon.get("/v1/operations?state=succeeded");
    assert_eq!(listed.as_array().expect("a list").len(), 3);
    assert_pin_is_nowhere(&daemon);
}

/// The PIN is in no file of the daemon and in no answer.
#[track_caller]
fn assert_pin_is_nowhere(daemon: &DaemonHouse) {
    fn look(path: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(path).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                look(&path, found);
            } else if let Ok(bytes) = std::fs::read(&path)
                && bytes.windows(PIN.len()).any(|window| window == PIN.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    look(&daemon.state(), &mut found);
    look(&daemon.house.path("journal"), &mut found);
    assert!(found.is_empty(), "{found:?}");
    assert!(!daemon.log().contains(PIN));
}

#[test]
fn a_request_that_nobody_agreed_to_is_recorded() {
    let config = "[daemon.limits]\nperson-seconds = 2\n".to_owned();
    let mut daemon = DaemonHouse::start(Options { config, ..Options::one_token() });

    daemon.answer("deny", PIN);
    let denied = outcome(&mut daemon, &json!({}));
    assert_eq!(denied["state"], "denied");
    let (intent, end) = act(&daemon, &denied);
    assert!(intent["consent"].as_str().expect("consent").starts_with("pinentry "), "{intent:#}");
    assert_eq!((&end["result"], &end["code"]), (&json!("failed"), &json!("consent-denied")));

    daemon.answer("hang", PIN);
    let late = outcome(&mut daemon, &json!({}));
    assert_eq!(late["state"], "timed-out");
    assert_eq!(act(&daemon, &late).1["code"], "consent-timed-out");

    daemon.answer("accept", "cancel");
    let no_pin = outcome(&mut daemon, &json!({}));
    assert_eq!(no_pin["state"], "denied");
    assert_eq!(act(&daemon, &no_pin).1["code"], "consent-denied");

    daemon.answer("accept", "hang");
    let no_pin = outcome(&mut daemon, &json!({}));
    assert_eq!(no_pin["state"], "timed-out");

    let result = format!("/v1/operations/{}/result", denied["id"].as_str().expect("an id"));
    assert_eq!(daemon.request("GET", &result, &[], b"").code(), "operation-without-result");
    let cancel = format!("/v1/operations/{}/cancel", denied["id"].as_str().expect("an id"));
    let reply = daemon.request("POST", &cancel, &[], b"");
    assert_eq!((reply.status, reply.code()), (409, "operation-ended".to_owned()));
    assert_intact(&daemon);
    assert!(daemon.house.names("daemon-state/results").is_empty());
}

#[test]
fn a_request_is_withdrawn_while_the_person_is_asked() {
    let mut daemon = DaemonHouse::start(Options::one_token());
    daemon.answer("hang", PIN);
    let at = ask(&daemon, &json!({}));
    daemon.wait_for_state(&at, &["waiting-for-consent"]);
    daemon.wait_until("the question stands", |daemon| !daemon.questions().is_empty());
    let result = daemon.request("GET", &format!("{at}/result"), &[], b"");
    assert_eq!((result.status, result.code()), (409, "operation-not-done".to_owned()));
    let reply = daemon.request("POST", &format!("{at}/cancel"), &[], b"");
    assert_eq!(reply.status, 202, "{}", reply.text());
    let cancelled = daemon.wait_for_end(&at);
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(act(&daemon, &cancelled).1["result"], "cancelled");
    let again = daemon.request("POST", &format!("{at}/cancel"), &[], b"");
    assert_eq!((again.status, &again.json()["state"]), (200, &json!("cancelled")));

    // The question for the PIN is taken back as well.
    daemon.answer("accept", "hang");
    let at = ask(&daemon, &json!({}));
    daemon.wait_until("the PIN is asked for", |daemon| count(&daemon.questions(), "GETPIN") == 1);
    assert_eq!(daemon.get(&at)["state"], "waiting-for-pin");
    assert_eq!(daemon.request("POST", &format!("{at}/cancel"), &[], b"").status, 202);
    let cancelled = daemon.wait_for_end(&at);
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(act(&daemon, &cancelled).1["result"], "cancelled");

    // The dialogue is gone, so that the next question can stand.
    daemon.answer("accept", PIN);
    assert_eq!(outcome(&mut daemon, &json!({}))["state"], "succeeded");
    assert_intact(&daemon);
}

#[test]
fn a_daemon_that_ends_takes_its_question_back() {
    let mut daemon = DaemonHouse::start(Options::one_token());
    daemon.answer("hang", PIN);
    let at = ask(&daemon, &json!({}));
    daemon.wait_for_state(&at, &["waiting-for-consent"]);
    daemon.stop();
    daemon.answer("accept", PIN);
    daemon.launch();
    let ended = daemon.get(&at);
    assert_eq!(ended["state"], "interrupted");
    assert_eq!(act(&daemon, &ended).1["code"], "daemon-ended");
    assert_intact(&daemon);
}

#[test]
fn a_wrong_pin_is_asked_for_again_but_not_for_ever() {
    let mut daemon = DaemonHouse::start(Options { shim: true, ..Options::one_token() });
    daemon.answer("accept", "111111");
    let failed = outcome(&mut daemon, &json!({}));
    assert_eq!(failed["state"], "failed");
    assert_eq!(failed["problem"]["code"], "pin-incorrect", "{failed:#}");
    assert_eq!(act(&daemon, &failed).1["code"], "pin-incorrect");
    let asked = daemon.questions();
    assert_eq!((count(&asked, "CONFIRM"), count(&asked, "GETPIN")), (1, 3), "{asked:?}");
    let wrong = asked.iter().filter(|line| line.contains("That PIN was wrong"));
    assert_eq!(wrong.count(), 2, "{asked:?}");
    assert_eq!(count(&daemon.calls(), "C_Login"), 3);
    assert!(!failed.to_string().contains("111111"));
    assert!(!daemon.log().contains("111111"));

    daemon.answer("accept", PIN);
    assert_eq!(outcome(&mut daemon, &json!({}))["state"], "succeeded");
}

#[test]
fn the_last_try_is_spent_only_on_a_yes_of_its_own() {
    let mut daemon = DaemonHouse::start(Options { shim: true, ..Options::one_token() });
    daemon.fault(Fault::PinFinalTry, 0);
    let failed = outcome(&mut daemon, &json!({}));
    assert_eq!(failed["problem"]["code"], "last-try-refused", "{failed:#}");
    assert_eq!(act(&daemon, &failed).1["code"], "last-try-refused");
    assert_eq!(count(&daemon.calls(), "C_Login"), 0);
    daemon.fault(Fault::PinLocked, 0);
    let locked = outcome(&mut daemon, &json!({}));
    assert_eq!(locked["problem"]["code"], "pin-locked", "{locked:#}");
    assert_eq!(count(&daemon.calls(), "C_Login"), 0);
}

#[test]
fn a_token_that_is_pulled_fails_the_request_and_is_then_not_there() {
    let mut daemon = DaemonHouse::start(Options { shim: true, ..Options::one_token() });
    let document = daemon.upload("a.pdf", &kyso_testkit::pdf::one_page("a"));
    assert_eq!(outcome(&mut daemon, &json!({}))["state"], "succeeded");
    daemon.answer("hang", PIN);
    let at = ask(&daemon, &json!({}));
    daemon.wait_for_state(&at, &["waiting-for-consent"]);
    daemon.fault(Fault::Pulled, 0);
    daemon.request("POST", &format!("{at}/cancel"), &[], b"");
    daemon.wait_for_end(&at);
    // The listing is at most a second old.
    daemon.answer("deny", PIN);
    daemon.wait_until("the token is missed", |daemon| {
        let reply = daemon.post("/v1/signatures", &request(&document, &json!({})));
        reply.status == 422 && matches!(&*reply.code(), "credential-unknown" | "token-not-present")
    });
    daemon.fault(Fault::None, 0);
    daemon.answer("accept", PIN);
    daemon.wait_until("the token is back", |daemon| {
        daemon.post("/v1/signatures", &request(&document, &json!({}))).status == 202
    });

    // Pulled while it signs.
    daemon.fault(Fault::DeviceRemoved, 0);
    let failed = outcome(&mut daemon, &json!({}));
    assert_eq!(failed["problem"]["code"], "token-removed", "{failed:#}");
    assert_eq!(act(&daemon, &failed).1["code"], "token-removed");
    daemon.fault(Fault::None, 0);
    assert_eq!(outcome(&mut daemon, &json!({}))["state"], "succeeded");
    assert_intact(&daemon);
}

/// A key file beside the token, in a worker of its own; gives its credential's name.
#[track_caller]
fn key_file(daemon: &DaemonHouse) -> String {
    let house = &daemon.house;
    let path = |name: &str| house.path(name).to_str().expect("UTF-8").to_owned();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).output().expect("openssl");
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    let (key, spki, certificate, p12) =
        (path("file.key"), path("file.spki"), path("file.pem"), path("key.p12"));
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key]);
    openssl(&["pkey", "-in", &key, "-pubout", "-out", &spki]);
    let issued = house.issue(&house.profile(), Path::new(&spki));
    let leaf = issued.split_inclusive("-----END CERTIFICATE-----\n").next().expect("a leaf");
    std::fs::write(&certificate, &issued).expect("the certificates");
    let pass = format!("pass:{PIN}");
    openssl(&[
        "pkcs12",
        "-export",
        "-inkey",
        &key,
        "-in",
        &certificate,
        "-certpbe",
        "NONE",
        "-out",
        &p12,
        "-passout",
        &pass,
    ]);
    let der = kyso_x509::Certificate::all_from_pem_or_der(leaf.as_bytes()).expect("a certificate");
    let hash = DigestAlgorithm::Sha256.digest(der[0].as_der());
    format!("sha256:{}", hex(hash.as_bytes()))
}

#[test]
fn a_module_that_crashes_or_hangs_costs_its_own_request_alone() {
    let limits = "[daemon.limits]\nmodule-sign-seconds = 3\n";
    let mut daemon = DaemonHouse::prepare(Options { shim: true, ..Options::one_token() });
    let file = key_file(&daemon);
    daemon.configure(&format!("key-files = [{:?}]\n{limits}", daemon.house.path("key.p12")));
    daemon.launch();
    let token = json!({ "credential": "pkcs11:token=t" });
    let file = json!({ "credential": file });
    assert_eq!(outcome(&mut daemon, &file)["state"], "succeeded");

    // Without a name both fit.
    let document = daemon.upload("a.pdf", &kyso_testkit::pdf::one_page("a"));
    let ambiguous = daemon.post("/v1/signatures", &request(&document, &json!({})));
    assert_eq!((ambiguous.status, ambiguous.code()), (422, "credential-ambiguous".to_owned()));

    daemon.fault(Fault::Crash, 0);
    let crashed = outcome(&mut daemon, &token);
    assert_eq!(crashed["problem"]["code"], "worker-crashed", "{crashed:#}");
    assert_eq!(act(&daemon, &crashed).1["code"], "worker-crashed");
    assert_eq!(outcome(&mut daemon, &file)["state"], "succeeded");

    daemon.fault(Fault::Hang(600_000), 0);
    let hung = ask(&daemon, &token);
    daemon.wait_for_state(&hung, &["running"]);
    // The other signs while this one hangs.
    assert_eq!(outcome(&mut daemon, &file)["state"], "succeeded");
    let hung = daemon.wait_for_end(&hung);
    assert_eq!(hung["problem"]["code"], "worker-hung", "{hung:#}");
    assert_eq!(act(&daemon, &hung).1["code"], "worker-hung");

    daemon.fault(Fault::SignatureShort, 0);
    let nonsense = outcome(&mut daemon, &token);
    assert_eq!(nonsense["state"], "failed", "{nonsense:#}");
    daemon.fault(Fault::None, 0);
    assert_eq!(outcome(&mut daemon, &token)["state"], "succeeded");
    assert_intact(&daemon);
}

#[test]
fn two_acts_with_one_token_have_a_login_and_a_pin_each() {
    let mut daemon = DaemonHouse::start(Options { shim: true, ..Options::one_token() });
    daemon.fault(Fault::Hang(1500), 0);
    let first = ask(&daemon, &json!({}));
    daemon.wait_for_state(&first, &["running"]);
    let second = ask(&daemon, &json!({}));
    let waited = daemon.wait_for_state(&second, &["waiting-for-token", "succeeded"]);
    assert_eq!(waited["state"], "waiting-for-token", "the first one still signs");
    daemon.fault(Fault::None, 0);
    for at in [&first, &second] {
        let done = daemon.wait_for_end(at);
        assert_eq!(done["state"], "succeeded", "{done:#}");
    }
    let asked = daemon.questions();
    assert_eq!((count(&asked, "CONFIRM"), count(&asked, "GETPIN")), (2, 2), "{asked:?}");
    let calls: Vec<String> = daemon
        .calls()
        .iter()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .filter(|call| matches!(&**call, "C_Login" | "C_Logout" | "C_Sign"))
        .collect();
    let once = ["C_Login", "C_Sign", "C_Logout"];
    assert_eq!(calls, [once, once].concat());

    // Who waits longer than there is patience for is told so.
    daemon.configure("[daemon.limits]\ntoken-seconds = 1\n");
    daemon.hang_up();
    daemon.wait_until("the configuration is read", |daemon| {
        daemon.log().contains("configuration read again")
    });
    daemon.fault(Fault::Hang(8_000), 0);
    let first = ask(&daemon, &json!({}));
    daemon.wait_for_state(&first, &["running"]);
    let second = outcome(&mut daemon, &json!({}));
    assert_eq!(second["problem"]["code"], "token-busy", "{second:#}");
    assert_eq!(second["problem"]["retryable"], true);
    assert_eq!(act(&daemon, &second).1["code"], "token-busy");
    daemon.fault(Fault::None, 0);
    assert_eq!(daemon.wait_for_end(&first)["state"], "succeeded");
}

#[test]
fn what_cannot_be_signed_is_refused_before_anybody_is_asked() {
    let daemon = DaemonHouse::start(Options::one_token());
    let pdf = daemon.upload("a.pdf", &kyso_testkit::pdf::one_page("a"));
    let broken = daemon.upload("b.pdf", b"%PDF-1.7\nnothing of a PDF");
    let empty = daemon.upload("c.txt", b"");
    let unknown = json!({ "id": "0192f0c1-0000-7000-8000-000000000000" });
    for (document, more, status, code) in [
        (&unknown, json!({}), 404, "document-unknown"),
        (&json!({ "id": "../../etc/passwd" }), json!({}), 404, "document-unknown"),
        (&broken, json!({}), 422, "pdf-refused"),
        (&empty, json!({}), 422, "empty"),
        (&pdf, json!({ "options": { "level": "B-LT" } }), 422, "level-not-supported"),
        (&pdf, json!({ "options": { "format": "pades", "detached": true } }), 422, "option-unfit"),
        (&pdf, json!({ "options": { "format": "cades", "reason": "x" } }), 422, "option-unfit"),
        (&pdf, json!({ "options": { "reason": "x".repeat(513) } }), 422, "text-too-long"),
        (
            &pdf,
            json!({ "credential": "pkcs11:token=t?pin-source=file:/etc/passwd" }),
            400,
            "credential-query",
        ),
        (
            &pdf,
            json!({ "credential": "pkcs11:token=t?module-path=/tmp/x.so" }),
            400,
            "credential-query",
        ),
        (&pdf, json!({ "credential": "pkcs11:token=|id" }), 400, "credential-query"),
        (&pdf, json!({ "credential": "pkcs11:colour=red" }), 400, "credential-malformed"),
        (&pdf, json!({ "credential": "pkcs11:token=other" }), 422, "credential-unknown"),
        (
            &pdf,
            json!({ "credential": format!("sha256:{}", "00".repeat(32)) }),
            422,
            "credential-unknown",
        ),
        (
            &pdf,
            json!({ "consent": { "via": "terminal", "tty": "/etc/passwd" } }),
            422,
            "consent-terminal",
        ),
        (
            &pdf,
            json!({ "consent": { "via": "terminal", "tty": "/dev/null" } }),
            422,
            "consent-terminal",
        ),
        (
            &pdf,
            json!({ "consent": { "via": "pinentry", "display": "a\nb" } }),
            400,
            "consent-display",
        ),
    ] {
        let reply = daemon.post("/v1/signatures", &request(document, &more));
        // /dev/null is a device of root's: where root asks, it is refused when the question is asked.
        if reply.status == 202 && more["consent"]["tty"] == "/dev/null" {
            continue;
        }
        assert_eq!((reply.status, &*reply.code()), (status, code), "{more}");
    }
    for more in [json!({ "pin": "1234" }), json!({ "consent": { "via": "policy", "pin": "1" } })] {
        let reply = daemon.post("/v1/signatures", &request(&pdf, &more));
        assert!(matches!(reply.status, 400 | 422), "{more}: {}", reply.status);
        reply.code();
    }
    for (method, path, status) in [
        ("GET", "/v1/operations/0192f0c1-0000-7000-8000-000000000000", 404),
        ("GET", "/v1/operations/0192f0c1-0000-7000-8000-000000000000/events", 404),
        ("GET", "/v1/operations/0192f0c1-0000-7000-8000-000000000000/result", 404),
        ("POST", "/v1/operations/0192f0c1-0000-7000-8000-000000000000/cancel", 404),
        ("GET", "/v1/operations/nonsense", 404),
        ("GET", "/v1/operations?state=happy", 400),
    ] {
        let reply = daemon.request(method, path, &[], b"");
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        reply.code();
    }
    assert_eq!(count(&daemon.questions(), "GETPIN"), 0);
    assert_eq!(count(&daemon.questions(), "CONFIRM"), 0);
}

#[test]
fn an_expired_certificate_asks_nobody() {
    let mut daemon = DaemonHouse::prepare(Options::default());
    let house = &daemon.house;
    let day = 86_400;
    let expired = kyso_testkit::Profile::document_signing(
        kyso_testkit::Subject::official(),
        house.now - 400 * day,
        house.now - 30 * day,
    );
    house.token("old", "p256", &expired);
    daemon.launch();
    let document = daemon.upload("a.pdf", &kyso_testkit::pdf::one_page("a"));
    let reply = daemon.post("/v1/signatures", &request(&document, &json!({})));
    assert_eq!((reply.status, reply.code()), (422, "certificate-expired".to_owned()));
    assert!(daemon.questions().is_empty());
}

#[test]
fn a_person_agrees_and_types_the_pin_on_a_terminal() {
    const PERSON: &str = r#"
import os, pty, select, sys, tty
master, slave = pty.openpty()
print(os.ttyname(slave), flush=True)
pin, seen, answered = sys.argv[1], b"", 0
while True:
    ready, _, _ = select.select([master, 0], [], [])
    if 0 in ready:
        break
    seen += os.read(master, 4096)
    if answered == 0 and b"[y/N]:" in seen:
        answered = 1
        os.write(master, b"y\r")
    elif answered == 1 and b"PIN:" in seen:
        answered = 2
        os.write(master, pin.encode() + b"\r")
sys.stdout.buffer.write(seen)
"#;
    let mut daemon = DaemonHouse::start(Options { shim: true, ..Options::one_token() });
    let mut person = Command::new("python3")
        .args(["-c", PERSON, PIN])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let mut output = BufReader::new(person.stdout.take().expect("its output"));
    let mut tty = String::new();
    output.read_line(&mut tty).expect("the terminal's name");
    let done =
        outcome(&mut daemon, &json!({ "consent": { "via": "terminal", "tty": tty.trim() } }));
    drop(person.stdin.take());
    let mut seen = String::new();
    std::io::Read::read_to_string(&mut output, &mut seen).expect("what it saw");
    person.wait().expect("its end");
    assert_eq!(done["state"], "succeeded", "{done:#}\n{seen}");
    let (intent, _) = act(&daemon, &done);
    assert!(intent["consent"].as_str().expect("consent").starts_with("terminal "));
    assert!(seen.contains(intent["document"].as_str().expect("a hash")), "{seen}");
    assert!(!seen.contains(PIN), "{seen}");
    assert!(daemon.questions().is_empty());
}

#[test]
fn a_policy_allows_what_it_says_and_all_else_is_refused_and_recorded() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root makes a policy file that counts");
        return;
    }
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode");
    };
    let folder = tempfile::tempdir_in("/root").expect("a folder that only root writes");
    let policy = folder.path().join("policy.toml");
    let config = format!("consent = \"policy\"\npolicy = {policy:?}\n");
    let mut daemon = DaemonHouse::start(Options { config: config.clone(), ..Options::one_token() });
    let refused = |daemon: &mut DaemonHouse, code: &str| {
        let failed = outcome(daemon, &json!({}));
        assert_eq!(failed["problem"]["code"], code, "{failed:#}");
        let (intent, end) = act(daemon, &failed);
        assert_eq!((&end["result"], &end["code"]), (&json!("failed"), &json!(code)));
        assert!(intent["requester"].as_str().expect("a requester").starts_with("socket uid=0"));
        failed["problem"]["detail"].as_str().expect("a detail").to_owned()
    };
    refused(&mut daemon, "policy-unusable");

    let serial = daemon.house.expect(["token", "list", "--json"]);
    let serial: Value = serde_json::from_str(&serial).expect("JSON");
    let serial = find(&serial, "serial").expect("a serial number");
    let write = |more: &str| {
        let rule = format!(
            "[[allow]]\nname = \"seal\"\ntoken-serial = {serial:?}\nmost-per-hour = 3\npin-file = {:?}\n{more}\n",
            daemon_pin(&folder)
        );
        std::fs::write(&policy, rule).expect("the policy");
        mode(&policy, 0o644);
    };
    write("formats = [\"cades\"]");
    assert!(refused(&mut daemon, "policy-refused").contains("format"));
    write("users = [\"nobody-at-all\"]");
    assert!(refused(&mut daemon, "policy-refused").contains("user"));
    let hour = jiff::Zoned::now().hour();
    let closed = (hour + 2) % 24;
    write(&format!("hours = \"{closed:02}:00-{closed:02}:01\""));
    assert!(refused(&mut daemon, "policy-refused").contains("hour"));
    write("");
    mode(&policy, 0o666);
    refused(&mut daemon, "policy-unusable");
    mode(&policy, 0o644);

    for _ in 0..2 {
        let done = outcome(&mut daemon, &json!({}));
        assert_eq!(done["state"], "succeeded", "{done:#}");
        let (intent, _) = act(&daemon, &done);
        assert!(intent["consent"].as_str().expect("consent").starts_with("policy seal "));
    }
    // The count survives a restart.
    daemon.restart();
    assert_eq!(outcome(&mut daemon, &json!({}))["state"], "succeeded");
    assert!(refused(&mut daemon, "policy-refused").contains('3'));
    assert!(daemon.questions().is_empty(), "nobody was asked");
    assert_intact(&daemon);
}

/// A PIN file that its owner alone reads.
fn daemon_pin(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let path = folder.path().join("pin");
    if !path.exists() {
        kyso_testkit::write_secret(&path, PIN);
    }
    path
}

/// The first member of this name, wherever it is.
fn find(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(known, value)| match value.as_str() {
            Some(text) if known == name && !text.is_empty() => Some(text.to_owned()),
            _ => find(value, name),
        }),
        Value::Array(values) => values.iter().find_map(|value| find(value, name)),
        _ => None,
    }
}

#[test]
fn whenever_the_daemon_is_killed_journal_and_files_are_true() {
    const ROUNDS: u32 = 24;
    let options = Options { tokens: vec![("t", "rsa2048")], ..Options::default() };
    let mut daemon = DaemonHouse::start(options);
    // How long a signature takes here, to spread the kills over all of its steps.
    let started = std::time::Instant::now();
    assert_eq!(outcome(&mut daemon, &json!({}))["state"], "succeeded");
    let whole = started.elapsed().max(Duration::from_millis(50));
    let mut ends = std::collections::BTreeMap::<String, u32>::new();
    for round in 0..ROUNDS {
        let at = ask(&daemon, &json!({}));
        std::thread::sleep(whole * round / ROUNDS);
        daemon.kill9();
        daemon.launch();
        let ended = daemon.get(&at);
        let state = ended["state"].as_str().expect("a state").to_owned();
        assert!(matches!(&*state, "succeeded" | "interrupted"), "round {round}: {ended:#}");
        assert_intact(&daemon);
        let acts = acts(&daemon, &ended);
        assert!(acts.len() <= 1, "round {round}: {acts:#?}");
        let result = daemon.request("GET", &format!("{at}/result"), &[], b"");
        let id = ended["id"].as_str().expect("an id");
        let folder = daemon.state().join("results").join(id);
        let files = std::fs::read_dir(&folder).map_or(0, Iterator::count);
        if state == "succeeded" {
            let (_, end) = &acts[0];
            let digest = hex(DigestAlgorithm::Sha256.digest(&result.body).as_bytes());
            assert_eq!((&end["result"], &end["released"]), (&json!("signed"), &json!(digest)));
            assert_eq!(ended["journal"]["entry"], end["sequence"]);
            assert_eq!(ended["result_name"], "báo cáo-signed.pdf");
        } else {
            assert_eq!(result.code(), "operation-without-result");
            assert_eq!(files, 0, "round {round}: a file without its record lies about");
        }
        // No intent stays open, and no process of the dead daemon lives on to ask.
        let open = records(&daemon)
            .iter()
            .any(|record| record["kind"] == "intent" && record["ended_by"].is_null());
        assert!(!open, "round {round}");
        *ends.entry(state).or_default() += 1;
    }
    println!("{ends:?}, one signature takes {whole:?}");
    assert!(ends.contains_key("interrupted"), "no kill came in time: the test proves nothing");
}

/// A kill between the journal's outcome and the tables: the row still says that the operation runs.
#[track_caller]
fn set_back(daemon: &DaemonHouse, operation: &Value) {
    const BACK: &str = r#"
import json, sqlite3, sys
tables = sqlite3.connect(sys.argv[1])
detail, = tables.execute("SELECT detail FROM operation WHERE id = ?", (sys.argv[2],)).fetchone()
kept = json.dumps({"intended": json.loads(detail).get("intended")})
tables.execute("UPDATE operation SET state = 'running', detail = ? WHERE id = ?", (kept, sys.argv[2]))
tables.commit()
"#;
    let id = operation["id"].as_str().expect("an id");
    let tables = daemon.state().join("daemon.sqlite");
    let done = Command::new("python3").args(["-c", BACK]).arg(tables).arg(id).output();
    let done = done.expect("python3");
    assert!(done.status.success(), "{}", text(&done.stderr));
}

#[test]
fn after_a_restart_the_journal_and_the_very_bytes_decide() {
    let mut daemon = DaemonHouse::start(Options::one_token());
    let whole = outcome(&mut daemon, &json!({}));
    let (changed, lost) = (outcome(&mut daemon, &json!({})), outcome(&mut daemon, &json!({})));
    daemon.answer("deny", PIN);
    let denied = outcome(&mut daemon, &json!({}));
    daemon.answer("accept", "111111");
    let failed = outcome(&mut daemon, &json!({}));
    daemon.kill9();
    for operation in [&whole, &changed, &lost, &denied, &failed] {
        set_back(&daemon, operation);
    }
    let file = |operation: &Value| {
        let id = operation["id"].as_str().expect("an id");
        daemon.state().join("results").join(id).join("0")
    };
    let mut bytes = std::fs::read(file(&changed)).expect("the result");
    bytes[100] ^= 1;
    std::fs::write(file(&changed), bytes).expect("the result");
    std::fs::remove_file(file(&lost)).expect("the result");
    daemon.launch();
    let now = |operation: &Value| {
        daemon.get(&format!("/v1/operations/{}", operation["id"].as_str().expect("an id")))
    };
    let found = now(&whole);
    for member in ["state", "result", "result_sha256", "result_name", "format", "journal"] {
        assert_eq!(found[member], whole[member], "{member}: {found:#}");
    }
    for operation in [&changed, &lost] {
        let found = now(operation);
        assert_eq!(found["state"], "interrupted", "{found:#}");
        assert!(found["result"].is_null(), "{found:#}");
    }
    assert_eq!(now(&denied)["state"], "denied");
    let found = now(&failed);
    assert_eq!(
        (&found["state"], &found["problem"]["code"]),
        (&json!("failed"), &json!("pin-incorrect"))
    );
}

#[test]
fn what_has_ended_is_forgotten_when_its_time_is_over() {
    let config = "[daemon.limits]\nretention-seconds = 1\n".to_owned();
    let mut daemon = DaemonHouse::start(Options { config, ..Options::one_token() });
    let at = ask(&daemon, &json!({}));
    assert_eq!(daemon.wait_for_end(&at)["state"], "succeeded");
    std::thread::sleep(Duration::from_millis(1500));
    daemon.restart();
    daemon
        .wait_until("it is forgotten", |daemon| daemon.request("GET", &at, &[], b"").status == 404);
    daemon.wait_until("its result is gone", |daemon| {
        daemon.house.names("daemon-state/results").is_empty()
    });
    // The journal keeps what the tables forget.
    assert_eq!(records(&daemon).iter().filter(|record| record["kind"] == "outcome").count(), 1);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
