//! `kyso reissue` and `kyso doctor` as a clerk uses them, over a daemon.

#![cfg(target_os = "linux")]

mod house;

use std::process::Output;

use house::daemon::{DaemonHouse, Options};
use house::{PIN, text};
use kyso_testkit::{Profile, Subject};
use serde_json::Value;

/// A daemon whose token `t` holds the certificate of an official whose commune (Hà Mòn, Kon Tum) became part of Đăk Hà
/// (Quảng Ngãi) on 2025-07-01, valid for `days`.
fn desk(days: i64) -> DaemonHouse {
    let mut daemon = DaemonHouse::prepare(Options::default());
    let house = &daemon.house;
    let subject = Subject::new()
        .country("VN")
        .locality("Kon Tum")
        .organization("ỦY BAN NHÂN DÂN XÃ HÀ MÒN")
        .common_name("Hà Văn Tý")
        .email("hvty@kontum.gov.vn");
    let day = 86_400;
    let profile = Profile::document_signing(subject, house.now - 30 * day, house.now + days * day);
    house.token("t", "p256", &profile);
    daemon.launch();
    daemon
}

#[track_caller]
fn parsed(said: &str) -> Value {
    serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[track_caller]
fn refused(output: &Output, what: &str) -> String {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{what}: {said}");
    for part in ["error: ", "why: ", "what to do: "] {
        assert!(said.contains(part), "{what}: no `{part}` in: {said}");
    }
    said
}

#[test]
fn a_request_lives_from_the_warning_to_the_answer() {
    let daemon = desk(365);
    let house = &daemon.house;
    let draft =
        parsed(&house.expect(["reissue", "request", "--from-warning", "--draft", "--json"]));
    let id = draft["id"].as_str().expect("an id");
    assert_eq!((&draft["state"], &draft["reason"]), (&"draft".into(), &"unit-merged".into()));
    assert!(
        draft["requested_subject"].as_str().is_some_and(|dn| dn.contains("ĐĂK HÀ")),
        "{draft:#}"
    );

    let shown = house.expect(["reissue", "show", id]);
    for part in
        ["~ O", "XÃ HÀ MÒN", "→ ỦY BAN NHÂN DÂN XÃ ĐĂK HÀ", "= CN", "draft made", "journal entry"]
    {
        assert!(shown.contains(part), "no {part} in\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "no colours into a pipe: {shown:?}");
    assert!(house.expect(["reissue", "list"]).contains(id));
    assert!(house.expect(["reissue", "form04", id]).contains("Hà Văn Tý"));

    // Denied: the state stays, the attempt is recorded.
    daemon.answer("deny", PIN);
    refused(&house.kyso(["reissue", "submit", id]), "a submission that is denied");
    let denied = parsed(&house.expect(["reissue", "show", "--json", id]));
    assert_eq!(denied["state"], "draft");
    assert_eq!(denied["history"][1]["transition"], "denied", "{denied:#}");

    daemon.answer("accept", PIN);
    let said = house.expect(["reissue", "submit", id]);
    assert!(said.contains("submitted"), "{said}");
    let exported = parsed(&house.expect([
        "reissue",
        "export",
        id,
        "-o",
        "request.p7m",
        "--receipt",
        "--json",
    ]));
    let entry = exported["journal_entry"].as_u64().expect("an entry");
    let record = parsed(&house.expect(["journal", "show", "--json", &entry.to_string()]));
    assert_eq!(
        (&record["kind"], &record["transition"]),
        (&"reissuance".into(), &"exported".into())
    );
    house.expect(["verify", "--policy", "integrity-only", "request.p7m"]);
    house.expect(["journal", "verify", "request.p7m.tlog-proof"]);
    let again = ["reissue", "export", id, "-o", "request.p7m"];
    assert!(refused(&house.kyso(again), "an existing file").contains("--force"));

    // The authority issues what was asked for.
    let requested = parsed(&house.expect(["reissue", "show", "--json", id]));
    assert!(requested["requested_subject"].is_string());
    let subject = Subject::new()
        .country("VN")
        .locality("Quảng Ngãi")
        .organization("ỦY BAN NHÂN DÂN XÃ ĐĂK HÀ")
        .common_name("Hà Văn Tý")
        .email("hvty@kontum.gov.vn");
    let day = 86_400;
    let profile = Profile::document_signing(subject, house.now - 60, house.now + 365 * day);
    let issued = house.issue(&profile, &house.path("t-spki.pem"));
    std::fs::write(house.path("issued.pem"), issued).expect("issued.pem");
    refused(&house.kyso(["reissue", "answer", id, "t.pem"]), "the old certificate as the answer");
    let answered = parsed(&house.expect(["reissue", "answer", id, "issued.pem", "--json"]));
    assert_eq!(answered["state"], "answered", "{answered:#}");
    refused(&house.kyso(["reissue", "cancel", id]), "an answered request");
    let report = parsed(&house.expect(["journal", "verify", "--json"]));
    assert_eq!(report["intact"], true, "{report:#}");
}

#[test]
fn a_request_in_the_clerks_own_words_can_be_withdrawn() {
    let daemon = desk(365);
    let house = &daemon.house;
    let request = [
        "reissue",
        "request",
        "--json",
        "--reason",
        "unit-merged",
        "--certificate",
        "t.pem",
        "--old-unit",
        "23521",
        "--new-unit",
        "23500",
        "--agency",
        "UBND tỉnh Quảng Ngãi",
    ];
    // Nobody is at a terminal to say yes: it stays a draft.
    let draft = parsed(&house.expect(request));
    assert_eq!(draft["state"], "draft", "{draft:#}");
    assert_eq!(draft["person"]["agency"], "UBND tỉnh Quảng Ngãi");
    let id = draft["id"].as_str().expect("an id");
    let withdrawn = parsed(&house.expect(["reissue", "cancel", id, "--json"]));
    assert_eq!(withdrawn["state"], "withdrawn");
    for (what, arguments) in [
        ("an unknown code", &["--old-unit", "99999"][..]),
        ("a code that was another unit's then", &["--new-unit", "23521@2026-01-01"]),
        (
            "an over-long name",
            &[
                "--subject",
                "C=VN,O=x,CN=0123456789012345678901234567890123456789012345678901234567890123456789",
            ],
        ),
        ("an unknown certificate", &["--certificate", "no-such.pem"]),
    ] {
        let mut all = vec!["reissue", "request", "--reason", "unit-merged"];
        if !arguments.contains(&"--new-unit") {
            all.extend(["--new-unit", "23500"]);
        }
        all.extend(arguments);
        let arguments = all;
        refused(&house.kyso(&arguments), what);
    }
    assert_eq!(house.kyso(["reissue", "request"]).status.code(), Some(2), "a reason is needed");
    refused(&house.kyso(["reissue", "show", "no-such-id"]), "an unknown request");
    assert_eq!(daemon.questions(), [""; 0], "no draft asks anybody");
}

#[test]
fn units_are_found_without_a_daemon() {
    let house = house::House::new();
    let said = house.expect(["reissue", "units", "xa", "ha", "mon", "kon", "tum", "--all"]);
    assert!(
        said.contains("23521@") && said.contains("now: Xã Đăk Hà (23500@2025-07-01)"),
        "{said}"
    );
    assert_eq!(house.kyso(["reissue", "units", "no-such-place"]).status.code(), Some(1));
    let found = parsed(&house.expect(["reissue", "units", "00004", "--json", "--all"]));
    assert_eq!(found["units"].as_array().map(Vec::len), Some(2), "{found:#}");
}

/// `kyso doctor` as one text with its exit code.
fn doctor(house: &house::House) -> (Option<i32>, String) {
    let output = house.kyso(["doctor"]);
    (output.status.code(), text(&output.stdout))
}

#[test]
fn doctor_looks_at_the_daemon() {
    let daemon = desk(20);
    let (code, said) = doctor(&daemon.house);
    let pid = format!("process {}", daemon.pid());
    for part in [&*pid, "Asks for PINs by", "process of their own", "Room for documents"] {
        assert!(said.contains(part), "no {part} in\n{said}");
    }
    // Twenty days are left, and the commune is no more: both are said, with what to do.
    assert!(
        said.contains("✗ Hà Văn Tý") && said.contains("reissue request --from-warning"),
        "{said}"
    );
    assert_eq!(code, Some(2));

    let fine = DaemonHouse::start(Options::one_token());
    let (code, said) = doctor(&fine.house);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains('✗'), "{said}");
}

#[test]
fn doctor_says_what_is_wrong_with_the_daemon() {
    let daemon = DaemonHouse::prepare(Options::one_token());
    let house = &daemon.house;
    let (code, said) = doctor(house);
    assert_eq!(code, Some(0), "a daemon is not a must: {said}");
    assert!(said.contains("is not running") && said.contains("--direct"), "{said}");
    for (config, part) in [
        (
            "consent = \"policy\"\npolicy = \"no-such-policy.toml\"",
            "the policy file cannot be used",
        ),
        (
            "start = true\n[daemon.limits]\ndocument-bytes = 4611686018427387904",
            "less than two of the largest",
        ),
    ] {
        daemon.configure(config);
        let (code, said) = doctor(house);
        assert!(code == Some(2) && said.contains(part), "no {part} in\n{said}");
    }
    std::fs::remove_file(house.path("pinentry")).expect("the pinentry goes");
    daemon.configure("");
    let (code, said) = doctor(house);
    assert!(code == Some(2) && said.contains("No pinentry"), "{said}");
    std::fs::create_dir_all(house.path("run")).expect("run");
    std::fs::write(daemon.socket(), b"").expect("a file in the socket's place");
    assert!(doctor(house).1.contains("is not a socket"));
}
