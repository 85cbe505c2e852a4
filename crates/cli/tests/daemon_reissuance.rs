//! The life of a reissuance request over the socket: warning, draft, submission, signed Form 04, answer; every bad input;
//! kill -9 at many moments.

#![cfg(unix)]

mod house;
mod reissuance;

use house::daemon::{DaemonHouse, Options, Response, fresh};
use house::text;
use kyso_testkit::{Profile, Subject, peer};
use serde_json::{Value, json};

const DAY: i64 = 86_400;
const REQUESTS: &str = "/v1/reissuance-requests";

/// An official of a ward that became part of another on 1 July 2025: its code, 23284, stayed and names the new ward.
fn of_old_ward() -> Subject {
    Subject::new()
        .country("VN")
        .locality("Kon Tum")
        .organization("ỦY BAN NHÂN DÂN PHƯỜNG DUY TÂN")
        .unit("Văn phòng")
        .common_name("Hà Thị Đào")
        .email("htdao@kontum.gov.vn")
}

/// The same person as the new certificate must name her.
fn of_new_ward() -> Subject {
    Subject::new()
        .country("VN")
        .locality("Quảng Ngãi")
        .organization("ỦY BAN NHÂN DÂN PHƯỜNG ĐĂK CẤM")
        .unit("Văn phòng")
        .common_name("Hà Thị Đào")
        .email("htdao@kontum.gov.vn")
}

/// A desk with one token, whose certificate has this subject and ends in `days`.
#[track_caller]
fn desk_of(subject: Subject, days: i64, config: &str) -> DaemonHouse {
    let options = Options { config: config.to_owned(), ..Options::default() };
    let mut daemon = DaemonHouse::prepare(options);
    let desk = &daemon.house;
    let profile = Profile::document_signing(subject, desk.now - 30 * DAY, desk.now + days * DAY);
    desk.token("t", "p256", &profile);
    daemon.launch();
    daemon
}

#[track_caller]
fn desk() -> DaemonHouse {
    desk_of(of_old_ward(), 365, "")
}

/// The prefilled request of the certificate's warning.
#[track_caller]
fn prefilled(daemon: &DaemonHouse, code: &str) -> Value {
    let found = daemon.get("/v1/certificates");
    let warnings = found["certificates"][0]["warnings"].as_array().expect("warnings");
    let warning = warnings.iter().find(|one| one["code"] == code);
    warning.unwrap_or_else(|| panic!("{code} among {warnings:?}"))["request"].clone()
}

#[track_caller]
fn draft(daemon: &DaemonHouse) -> Value {
    let response = daemon.post(REQUESTS, &prefilled(daemon, "unit-dissolved"));
    assert_eq!(response.status, 201, "{}", response.text());
    response.json()
}

fn path(request: &Value) -> String {
    format!("{REQUESTS}/{}", request["id"].as_str().expect("an id"))
}

/// Begins an operation on a request and waits for its end.
#[track_caller]
fn act(daemon: &mut DaemonHouse, request: &Value, verb: &str, body: &Value) -> Value {
    let response = daemon.post(&format!("{}/{verb}", path(request)), body);
    assert_eq!(response.status, 202, "{}", response.text());
    let operation = response.header("location").expect("Location").to_owned();
    daemon.wait_for_end(&operation)
}

#[track_caller]
fn refused(response: &Response, status: u16, code: &str) {
    assert_eq!((response.status, response.code().as_str()), (status, code), "{}", response.text());
}

/// What happened to a request, in words: `denied(submitted)→draft`.
fn history(request: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let events = request["history"].as_array().expect("a history");
    events
        .iter()
        .map(|event| match word(&event["attempted"]) {
            none if none.is_empty() => {
                format!("{}→{}", word(&event["transition"]), word(&event["state"]))
            }
            attempted => {
                format!("{}({attempted})→{}", word(&event["transition"]), word(&event["state"]))
            }
        })
        .collect()
}

/// The journal verifies, and so does the receipt of each event, offline.
#[track_caller]
fn proven(daemon: &DaemonHouse, request: &Value) {
    let key = daemon.get("/v1/info")["journal_key"].as_str().expect("a key").to_owned();
    for event in request["history"].as_array().expect("a history") {
        let index = event["journal_entry"].as_u64().expect("an index");
        let receipt = daemon.request("GET", &format!("/v1/journal/proofs/{index}"), &[], b"");
        assert_eq!(receipt.status, 200, "{}", receipt.text());
        std::fs::write(daemon.house.path("receipt"), &receipt.body).expect("the receipt");
        daemon.house.expect(["journal", "verify", "receipt", "--key", &key]);
    }
    let output = daemon.house.kyso(["journal", "verify"]);
    assert!(output.status.success(), "{}", text(&output.stdout));
}

#[test]
fn the_whole_life_of_a_request() {
    let mut daemon = desk();
    // 1. The certificate names a ward that is gone: the warning offers the request.
    let found = daemon.get("/v1/certificates");
    let warning = &found["certificates"][0]["warnings"][0];
    assert_eq!(warning["code"], "unit-dissolved", "{found}");
    assert_eq!(warning["dissolved"]["name"], "Phường Duy Tân");
    assert_eq!(warning["dissolved"]["attribute"], "O");
    let successors = warning["dissolved"]["successors"].as_array().unwrap();
    assert_eq!(successors.len(), 1, "{warning}");
    assert_eq!(successors[0]["name"], "Phường Đăk Cấm");
    assert_eq!(successors[0]["province"], "Tỉnh Quảng Ngãi");
    assert_eq!(successors[0]["resolution"], "1677/NQ-UBTVQH15");
    let mut wanted = warning["request"].clone();
    assert_eq!(wanted["reason"], "unit-merged");
    // One code, two wards: only with its date does it name one.
    assert_eq!(wanted["old_unit"], json!({ "code": "23284", "date": "2025-06-30" }));
    assert_eq!(wanted["new_unit"], json!({ "code": "23284", "date": "2025-07-01" }));
    wanted["person"] = json!({
        "agency": "Ủy ban nhân dân phường Đăk Cấm", "agency_province": "Tỉnh Quảng Ngãi",
        "personal_number": "001234567890", "position": "Văn thư", "phone": "0901234567",
    });
    // 2. The draft shows the change, attribute by attribute.
    let response = daemon.post(REQUESTS, &wanted);
    assert_eq!(response.status, 201, "{}", response.text());
    let request = response.json();
    assert_eq!(response.header("location"), Some(path(&request).as_str()));
    assert_eq!(request["state"], "draft");
    let changed: Vec<(&str, &str, &str)> = request["diff"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["change"] == "changed")
        .map(|one| {
            let text = |member: &str| one[member].as_str().unwrap();
            (text("attribute"), text("old"), text("new"))
        })
        .collect();
    assert_eq!(
        changed,
        [
            ("L", "Kon Tum", "Quảng Ngãi"),
            ("O", "ỦY BAN NHÂN DÂN PHƯỜNG DUY TÂN", "ỦY BAN NHÂN DÂN PHƯỜNG ĐĂK CẤM"),
        ]
    );
    assert_eq!(request["diff"].as_array().unwrap().len(), 6);
    assert_eq!(history(&request), ["created→draft"]);
    let form = |daemon: &DaemonHouse, format: &str| {
        let path = format!("{}/form04?format={format}", path(&request));
        daemon.request("GET", &path, &[], b"")
    };
    let data = form(&daemon, "json").json();
    assert_eq!(data["form"], "ND68-2024/04");
    assert_eq!(data["holder"]["name"], "Hà Thị Đào");
    assert_eq!(data["holder"]["personal_number"], "001234567890");
    assert_eq!(data["holder"]["personal_number_date"], Value::Null);
    assert_eq!(data["change"]["legal_basis"]["number"], "1677/NQ-UBTVQH15");
    let shown = form(&daemon, "text");
    assert_eq!(shown.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(shown.text().contains("Hà Thị Đào") && shown.text().contains("Đăk Cấm"));
    assert_eq!(form(&daemon, "csv").text().lines().count(), 2, "{}", form(&daemon, "csv").text());
    assert_eq!(form(&daemon, "xml").status, 400);
    // 3. The person says no, then yes; what was asked shows the change.
    daemon.answer("deny", house::PIN);
    let denied = act(&mut daemon, &request, "submit", &json!({}));
    assert_eq!(denied["state"], "denied", "{denied}");
    assert_eq!(daemon.get(&path(&request))["state"], "draft");
    daemon.answer("accept", house::PIN);
    let submitted = act(&mut daemon, &request, "submit", &json!({}));
    assert_eq!(submitted["state"], "succeeded", "{submitted}");
    let asked = daemon.questions().join("\n");
    for words in ["PHƯỜNG DUY TÂN", "PHƯỜNG ĐĂK CẤM", "Kon Tum", "Quảng Ngãi", "Hà Thị Đào"]
    {
        assert!(asked.contains(words), "{words} in {asked}");
    }
    assert!(!asked.contains("GETPIN"), "a submission needs no PIN: {asked}");
    refused(
        &daemon.post(&format!("{}/submit", path(&request)), &json!({})),
        409,
        "transition-illegal",
    );
    // 4. Form 04, signed by the very certificate.
    let exported = act(&mut daemon, &request, "export", &json!({}));
    assert_eq!(exported["state"], "succeeded", "{exported}");
    assert_eq!(exported["format"], "CAdES-B-B attached");
    let result = daemon.request("GET", exported["result"].as_str().unwrap(), &[], b"");
    assert_eq!(result.status, 200, "{}", result.text());
    let signed = daemon.house.path("mau-04.p7m");
    std::fs::write(&signed, &result.body).unwrap();
    let verdict = peer::openssl::cms_verify(&signed, None, &daemon.house.path("root.pem"));
    assert!(verdict.success, "{}", verdict.stderr);
    assert_eq!(
        text(&verdict.stdout),
        form(&daemon, "json").text(),
        "what was looked at is what was signed"
    );
    let kind = [("Content-Type", "application/pkcs7-mime")];
    let judged =
        daemon.request("POST", "/v1/verifications?policy=integrity-only", &kind, &result.body);
    assert_eq!(judged.json()["indication"], "TOTAL-PASSED", "{}", judged.text());
    let now = daemon.get(&path(&request));
    assert_eq!(now["state"], "exported");
    assert_eq!(now["history"][3]["document"], exported["result_sha256"], "{now}");
    assert_eq!(exported["journal"]["entry"], now["history"][3]["journal_entry"]);
    // 5. The answer: not the old certificate, not another person's, not another unit's; then the right one.
    let answer = |certificate: String| {
        let body = json!({ "result": "issued", "certificate": certificate });
        daemon.post(&format!("{}/answer", path(&request)), &body)
    };
    let issue = |subject: Subject| {
        let desk = &daemon.house;
        let profile = Profile::document_signing(subject, desk.now - DAY, desk.now + 900 * DAY);
        desk.issue(&profile, &desk.path("t-spki.pem"))
    };
    let old = std::fs::read_to_string(daemon.house.path("t.pem")).unwrap();
    refused(&answer(old), 422, "answer-same-certificate");
    let of_another = answer(issue(Subject::official()));
    refused(&of_another, 422, "answer-subject-differs");
    assert!(of_another.text().contains("Văn phòng Ủy ban nhân dân tỉnh"), "{}", of_another.text());
    refused(&answer("not base64 at all!".to_owned()), 422, "certificate-malformed");
    assert_eq!(daemon.get(&path(&request))["state"], "exported");
    let certificate = issue(of_new_ward());
    let answered = answer(certificate.clone());
    assert_eq!(answered.status, 200, "{}", answered.text());
    let answered = answered.json();
    assert_eq!(answered["state"], "answered");
    assert!(answered["issued"].is_string());
    // The same answer again changes nothing.
    assert_eq!(answer(certificate).json()["history"], answered["history"]);
    assert_eq!(
        history(&answered),
        [
            "created→draft",
            "denied(submitted)→draft",
            "submitted→submitted",
            "exported→exported",
            "answered→answered",
        ]
    );
    for verb in ["submit", "export", "cancel"] {
        let response = daemon.post(&format!("{}/{verb}", path(&request)), &json!({}));
        refused(&response, 409, "transition-illegal");
    }
    proven(&daemon, &answered);
    // 6. Its records are found by its id; names stand beside the leaves, not in them.
    let id = request["id"].as_str().unwrap();
    let records = daemon.get(&format!("/v1/journal/entries?request={id}"));
    let records = records["entries"].as_array().unwrap();
    assert_eq!(records.len(), 5, "{records:?}");
    assert!(records.iter().all(|one| !one["leaf"].to_string().contains("Hà Thị Đào")));
    assert!(records[0]["plain"]["requested_subject"].as_str().unwrap().contains("Hà Thị Đào"));
    // 7. A restart finds all of it again, also without its own tables' help.
    daemon.kill9();
    let tables = daemon.state().join("daemon.sqlite");
    let made_anew = "DELETE FROM reissuance; DELETE FROM reissuance_event; DELETE FROM projection;";
    let connection = rusqlite::Connection::open(&tables).unwrap();
    connection.execute_batch(made_anew).unwrap();
    drop(connection);
    daemon.launch();
    let after = daemon.get(&path(&request));
    assert_eq!(after, daemon.get(REQUESTS)["requests"][0]);
    for member in ["state", "history", "diff", "issued", "person", "requested_subject"] {
        assert_eq!(after[member], answered[member], "{member}");
    }
}

#[test]
fn attempts_that_come_to_nothing_are_recorded_and_change_nothing() {
    let mut daemon = desk_of(of_old_ward(), 365, "[daemon.limits]\nperson-seconds = 2");
    let request = draft(&daemon);
    // Nobody answers.
    daemon.answer("hang", house::PIN);
    assert_eq!(act(&mut daemon, &request, "submit", &json!({}))["state"], "timed-out");
    // The client withdraws its attempt while the person is asked.
    let response = daemon.post(&format!("{}/submit", path(&request)), &json!({}));
    let operation = response.header("location").unwrap().to_owned();
    // Meanwhile nothing else is done to the request.
    daemon.wait_for_state(&operation, &["waiting-for-consent"]);
    for (verb, body) in [
        ("submit", json!({})),
        ("cancel", json!({})),
        ("answer", json!({ "result": "refused", "reason": "x" })),
    ] {
        refused(&daemon.post(&format!("{}/{verb}", path(&request)), &body), 409, "request-busy");
    }
    daemon.post(&format!("{operation}/cancel"), &json!({}));
    assert_eq!(daemon.wait_for_end(&operation)["state"], "cancelled");
    daemon.answer("accept", house::PIN);
    assert_eq!(act(&mut daemon, &request, "submit", &json!({}))["state"], "succeeded");
    // At the export: no to the question, then no to the PIN.
    daemon.answer("deny", house::PIN);
    assert_eq!(act(&mut daemon, &request, "export", &json!({}))["state"], "denied");
    daemon.answer("accept", "cancel");
    assert_eq!(act(&mut daemon, &request, "export", &json!({}))["state"], "denied");
    let now = daemon.get(&path(&request));
    assert_eq!(
        history(&now),
        [
            "created→draft",
            "timed-out(submitted)→draft",
            "cancelled(submitted)→draft",
            "submitted→submitted",
            "denied(exported)→submitted",
            "denied(exported)→submitted",
        ]
    );
    // The authority refuses what was sent on paper; and what was withdrawn stays so.
    let refusal = json!({ "result": "refused", "reason": "Thiếu xác nhận của đơn vị" });
    let answered = daemon.post(&format!("{}/answer", path(&request)), &refusal).json();
    assert_eq!(
        (&answered["state"], &answered["refusal"]),
        (&json!("answered"), &refusal["reason"])
    );
    let again = draft(&daemon);
    let withdrawn = daemon.post(&format!("{}/cancel", path(&again)), &json!({})).json();
    assert_eq!(withdrawn["state"], "withdrawn");
    assert_eq!(daemon.post(&format!("{}/cancel", path(&again)), &json!({})).json(), withdrawn);
    refused(&daemon.post(&format!("{}/answer", path(&again)), &refusal), 409, "transition-illegal");
    proven(&daemon, &answered);
    proven(&daemon, &withdrawn);
    let listed = |query: &str| daemon.get(&format!("{REQUESTS}{query}"))["requests"].clone();
    assert_eq!(listed("").as_array().unwrap().len(), 2);
    assert_eq!(listed("?state=withdrawn"), json!([withdrawn]));
    assert_eq!(listed("?limit=1"), json!([withdrawn]), "newest first");
    let of_certificate = format!("?certificate={}", answered["certificate"].as_str().unwrap());
    assert_eq!(listed(&of_certificate).as_array().unwrap().len(), 2);
    assert_eq!(listed("?certificate=00"), json!([]));
    for query in ["?limit=0", "?limit=1001", "?state=lost", "?colour=red"] {
        let response = daemon.request("GET", &format!("{REQUESTS}{query}"), &[], b"");
        assert_eq!(response.status, 400, "{query}");
    }
}

#[test]
fn a_certificate_has_one_open_request_at_a_time() {
    let daemon = desk();
    let body = prefilled(&daemon, "unit-dissolved");
    let created: Vec<Response> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| daemon.post(REQUESTS, &body))).collect();
        tries.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let made: Vec<&Response> = created.iter().filter(|one| one.status == 201).collect();
    assert_eq!(made.len(), 1, "{created:?}");
    let request = made[0].json();
    for response in created.iter().filter(|one| one.status != 201) {
        refused(response, 409, "request-open");
        assert_eq!(response.json()["instance"], path(&request));
    }
    // The same key gives the same answer; under it, another body is refused.
    daemon.post(&format!("{}/cancel", path(&request)), &json!({}));
    let key = format!("\"{}\"", fresh());
    let first = daemon.post_with_key(REQUESTS, &key, &body);
    let second = daemon.post_with_key(REQUESTS, &key, &body);
    assert_eq!((first.status, first.json()), (second.status, second.json()));
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    let mut other = body.clone();
    other["email"] = json!("a@b.vn");
    refused(&daemon.post_with_key(REQUESTS, &key, &other), 422, "idempotency-key-reused");
}

#[test]
fn a_split_ward_gives_choices_and_no_guess() {
    let subject = Subject::new()
        .country("VN")
        .locality("Hà Nội")
        .organization("ỦY BAN NHÂN DÂN PHƯỜNG CỐNG VỊ")
        .common_name("Trần Văn Ẩn");
    let daemon = desk_of(subject, 365, "");
    let found = daemon.get("/v1/certificates");
    let warning = &found["certificates"][0]["warnings"][0];
    assert_eq!(warning["code"], "unit-dissolved", "{found}");
    let names: Vec<&str> = warning["dissolved"]["successors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Phường Ngọc Hà", "Phường Giảng Võ"]);
    let mut request = warning["request"].clone();
    assert!(request.get("new_unit").is_none(), "no guess: {request}");
    refused(&daemon.post(REQUESTS, &request), 422, "new-unit-missing");
    request["new_unit"] = json!({ "code": "00025", "date": "2025-07-01" });
    let made = daemon.post(REQUESTS, &request).json();
    assert!(made["requested_subject"].as_str().unwrap().contains("PHƯỜNG GIẢNG VÕ"), "{made}");
    assert!(made["warnings"][0].as_str().unwrap().contains("Phường Ngọc Hà"), "{made}");
}

#[test]
fn a_lost_token_is_reported_by_another_hand() {
    let mut daemon = desk_of(Subject::official(), 365, "");
    // Her certificate is only in a file: the token is gone.
    let desk = &daemon.house;
    let lost = Profile::document_signing(of_old_ward(), desk.now - 9 * DAY, desk.now + 300 * DAY);
    let pem = desk.issue(&lost, &desk.path("t-spki.pem"));
    let body = json!({ "certificate": pem, "reason": "token-lost" });
    let response = daemon.post(REQUESTS, &body);
    assert_eq!(response.status, 201, "{}", response.text());
    let request = response.json();
    assert_eq!(act(&mut daemon, &request, "submit", &json!({}))["state"], "succeeded");
    // Her own key is not there; the clerk's is.
    let own = daemon.post(&format!("{}/export", path(&request)), &json!({}));
    assert!((400..500).contains(&own.status), "{}", own.text());
    own.code();
    let clerk = daemon.get("/v1/certificates")["certificates"][0]["credential"].clone();
    let exported = act(&mut daemon, &request, "export", &json!({ "credential": clerk }));
    assert_eq!(exported["state"], "succeeded", "{exported}");
    let again = act(&mut daemon, &request, "export", &json!({ "credential": clerk }));
    assert_eq!(again["state"], "succeeded", "exported again: {again}");
    let now = daemon.get(&path(&request));
    assert_eq!(
        history(&now),
        ["created→draft", "submitted→submitted", "exported→exported", "exported→exported"]
    );
    proven(&daemon, &now);
}
