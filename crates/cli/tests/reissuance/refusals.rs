//! Every bad input has its name, and leaves no trace.

use serde_json::{Value, json};

use crate::house::daemon::fresh;
use crate::{REQUESTS, desk, draft, path, prefilled, proven, refused};

#[test]
fn every_bad_input_has_its_name() {
    let daemon = desk();
    let good = prefilled(&daemon, "unit-dissolved");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        daemon.post(REQUESTS, &body)
    };
    let code = |code: &str, date: &str| json!({ "code": code, "date": date });
    type Change<'a> = Box<dyn Fn(&mut Value) + 'a>;
    let cases: Vec<(Change<'_>, &str)> = vec![
        (Box::new(|it| it["new_unit"] = code("99999", "2026-01-01")), "unit-unknown"),
        (Box::new(|it| it["old_unit"] = code("23287", "2025-07-02")), "unit-not-valid-at-date"),
        (Box::new(|it| it["new_unit"] = code("2328", "2025-07-01")), "unit-code-malformed"),
        (Box::new(|it| it["new_unit"] = code("23284", "2025-02-30")), "date-malformed"),
        (Box::new(|it| it["new_unit"] = code("23284", "1/7/2025")), "date-malformed"),
        (Box::new(|it| it["new_unit"] = code("23284", "2025-06-30")), "request-invalid"),
        (Box::new(|it| it["new_unit"] = json!({ "text": "x".repeat(257) })), "unit-text-too-long"),
        (Box::new(|it| it["new_unit"] = json!({ "text": "" })), "unit-text-empty"),
        (Box::new(|it| it["new_unit"] = Value::Null), "new-unit-missing"),
        (Box::new(|it| it["email"] = json!("not an address")), "request-invalid"),
        (Box::new(|it| it["requested_subject"] = json!("CN=")), "request-invalid"),
        (Box::new(|it| it["requested_subject"] = json!("no equals sign")), "subject-malformed"),
        // 65 characters, 130 bytes.
        (
            Box::new(|it| {
                it["requested_subject"] = json!(format!("CN={},C=VN", "Đ".repeat(65)));
            }),
            "subject-too-long",
        ),
        (Box::new(|it| it["requested_subject"] = json!("CN=A,C=LA")), "subject-country"),
        (Box::new(|it| it["certificate"] = json!("00".repeat(32))), "certificate-unknown"),
        (Box::new(|it| it["certificate"] = json!("xyz!")), "certificate-malformed"),
        (Box::new(|it| it["certificate"] = json!("MAA=")), "certificate-malformed"),
        (Box::new(|it| it["person"] = json!({ "position": "x".repeat(257) })), "text-too-long"),
        (Box::new(|it| it["person"] = json!({ "phone": "1\n2" })), "text-control-character"),
        (
            Box::new(|it| it["person"] = json!({ "personal_number_date": "gestern" })),
            "date-malformed",
        ),
    ];
    for (change, code) in &cases {
        let response = with(&**change);
        refused(&response, 422, code);
        let problem = response.json();
        if !code.starts_with("certificate") {
            assert!(!problem["errors"].as_array().unwrap().is_empty(), "{problem}");
        }
    }
    // 64 characters of two bytes each are within the limit: characters count, not bytes.
    let fits = with(&|it| {
        it["requested_subject"] = json!(format!("CN={},C=VN", "Đ".repeat(64)));
        it["email"] = json!("moi@kontum.gov.vn");
    });
    assert_eq!(fits.status, 201, "{}", fits.text());
    assert_eq!(fits.json()["email"], "moi@kontum.gov.vn", "what was asked for shows");
    daemon.post(&format!("{}/cancel", path(&fits.json())), &json!({}));
    // A code valid at another date says at which; everything that is wrong is said at once.
    let response = with(&|it| {
        it["old_unit"] = code("23287", "2025-07-02");
        it["new_unit"] = code("99999", "2026-01-01");
        it["email"] = json!("@");
        it["person"] = json!({ "phone": "\u{7}" });
    });
    refused(&response, 422, "request-invalid");
    let errors = response.json()["errors"].clone();
    let codes: Vec<&str> =
        errors.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    for code in
        ["unit-not-valid-at-date", "unit-unknown", "email-malformed", "text-control-character"]
    {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    assert!(errors.to_string().contains("2025-06-30"), "until when it was valid: {errors}");
    let vietnamese = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", &*fresh()),
        ("Accept-Language", "vi"),
    ];
    let mut body = good.clone();
    body["new_unit"] = code("99999", "2026-01-01");
    let response = daemon.request("POST", REQUESTS, &vietnamese, body.to_string().as_bytes());
    assert!(response.text().contains("chưa từng có đơn vị"), "{}", response.text());
    // What the API does not know is refused whole.
    assert_eq!(with(&|it| it["pin"] = json!("1234")).status, 422);
    assert_eq!(with(&|it| it["reason"] = json!("boredom")).status, 422);
    assert_eq!(with(&|it| it["old_unit"] = json!({ "code": "1", "text": "x" })).status, 422);
    let plain = [("Content-Type", "text/plain"), ("Idempotency-Key", &*fresh())];
    assert_eq!(daemon.request("POST", REQUESTS, &plain, b"{}").status, 415);
    let no_key = [("Content-Type", "application/json")];
    refused(
        &daemon.request("POST", REQUESTS, &no_key, good.to_string().as_bytes()),
        400,
        "idempotency-key-missing",
    );
    // No such request.
    let nowhere = format!("{REQUESTS}/0190a5c0-0000-7000-8000-000000000000");
    refused(&daemon.request("GET", &nowhere, &[], b""), 404, "request-unknown");
    refused(&daemon.request("GET", &format!("{nowhere}/form04"), &[], b""), 404, "request-unknown");
    for (verb, body) in [
        ("submit", json!({})),
        ("export", json!({})),
        ("cancel", json!({})),
        ("answer", json!({ "result": "refused", "reason": "x" })),
    ] {
        refused(&daemon.post(&format!("{nowhere}/{verb}"), &body), 404, "request-unknown");
    }
    // A draft is neither exported nor answered; a refusal has words, not too many.
    let request = draft(&daemon);
    refused(
        &daemon.post(&format!("{}/export", path(&request)), &json!({})),
        409,
        "transition-illegal",
    );
    let answer = |body: &Value| daemon.post(&format!("{}/answer", path(&request)), body);
    refused(&answer(&json!({ "result": "refused", "reason": "x" })), 409, "transition-illegal");
    refused(&answer(&json!({ "result": "refused", "reason": " " })), 422, "refusal-text");
    let long = "x".repeat(1_001);
    refused(&answer(&json!({ "result": "refused", "reason": long })), 422, "refusal-text");
    assert_eq!(answer(&json!({ "result": "maybe" })).status, 422);
    // Nothing of all this left a trace but the drafts.
    let listed = daemon.get(REQUESTS);
    assert_eq!(listed["requests"].as_array().unwrap().len(), 2, "{listed}");
    proven(&daemon, &daemon.get(&path(&request)));
}
