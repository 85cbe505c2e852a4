//! What can be read and verified over the socket: tokens, certificates, the journal, signatures; with good and bad input.

#![cfg(unix)]

mod house;

use house::daemon::{DaemonHouse, Options, Response};
use house::text;
use kyso_testkit::{Profile, Subject};
use serde_json::{Value, json};

/// A desk whose token's certificate is `profile`, and a journal with one signed PDF.
#[track_caller]
fn desk(profile: impl Fn(&house::House) -> Profile) -> DaemonHouse {
    let mut daemon = DaemonHouse::prepare(Options::default());
    let desk = &daemon.house;
    let uri = desk.token("t", "p256", &profile(desk));
    desk.pdf("công văn.pdf");
    desk.expect(["sign", "--direct", "--credential", &uri, "công văn.pdf"]);
    daemon.launch();
    daemon
}

fn ordinary(desk: &house::House) -> Profile {
    desk.profile()
}

#[track_caller]
fn refused(response: &Response, status: u16, code: &str) {
    assert_eq!((response.status, response.code().as_str()), (status, code), "{}", response.text());
}

#[test]
fn tokens_and_certificates_are_listed() {
    let daemon = desk(ordinary);
    let tokens = daemon.get("/v1/tokens");
    let token = &tokens["tokens"][0];
    assert_eq!(token["label"], "t", "{tokens}");
    assert_eq!((&token["busy"], &token["pin"]["locked"]), (&json!(false), &json!(false)));
    assert_eq!(tokens["problems"], json!([]));
    let found = daemon.get("/v1/certificates");
    let certificate = &found["certificates"][0];
    assert_eq!(certificate["display_name"], "Hà Văn Tý", "{found}");
    assert_eq!(certificate["token_serial"], token["serial"]);
    assert_eq!(certificate["key"], "P-256");
    // A new year's certificate of a unit that exists: nothing to warn of.
    assert_eq!(certificate["warnings"], json!([]));
    assert!(certificate.get("unusable").is_none());
    let uri = certificate["credential"].as_str().unwrap();
    assert!(uri.starts_with("pkcs11:") && !uri.contains('?'), "{uri}");
    for query in ["?expired=vielleicht", "?colour=red"] {
        let response = daemon.request("GET", &format!("/v1/certificates{query}"), &[], b"");
        assert_eq!(response.status, 400, "{query}: {}", response.text());
        response.code();
    }
}

#[test]
fn expired_certificates_are_hidden_until_asked_for() {
    let mut daemon = DaemonHouse::prepare(Options::default());
    let desk = &daemon.house;
    desk.token("old", "p256", &desk.profile().expired_at(desk.now));
    daemon.launch();
    assert_eq!(daemon.get("/v1/certificates")["certificates"], json!([]));
    let found = daemon.get("/v1/certificates?expired=true");
    let certificate = &found["certificates"][0];
    assert_eq!(certificate["warnings"][0]["code"], "expired", "{found}");
    assert!(certificate["warnings"][0]["days_left"].as_i64().unwrap() <= 0);
    assert_eq!(certificate["unusable"]["code"], "certificate-expired", "{found}");
    assert_eq!(certificate["warnings"][0]["request"]["reason"], "expiring");
}

#[test]
fn expiry_is_warned_of_in_time_and_told_once() {
    let mut daemon = DaemonHouse::prepare(Options::default());
    let desk = &daemon.house;
    let day = 86_400;
    let ends_in = |days: i64| {
        Profile::document_signing(Subject::official(), desk.now - day, desk.now + days * day)
    };
    for (label, days) in [("a", 89), ("b", 59), ("c", 29), ("d", 120)] {
        desk.token(label, "p256", &ends_in(days));
    }
    daemon.launch();
    let codes = |found: &Value| {
        let mut codes: Vec<(String, String)> = found["certificates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let code = one["warnings"][0]["code"].as_str().unwrap_or_default();
                (one["token_label"].as_str().unwrap().to_owned(), code.to_owned())
            })
            .collect();
        codes.sort();
        codes
    };
    let expected = [
        ("a", "expires-in-90-days"),
        ("b", "expires-in-60-days"),
        ("c", "expires-in-30-days"),
        ("d", ""),
    ];
    let expected: Vec<(String, String)> =
        expected.map(|(label, code)| (label.to_owned(), code.to_owned())).to_vec();
    for _ in 0..3 {
        assert_eq!(codes(&daemon.get("/v1/certificates")), expected);
    }
    daemon.restart();
    assert_eq!(codes(&daemon.get("/v1/certificates")), expected);
    let log = daemon.log();
    for code in ["expires-in-90-days", "expires-in-60-days", "expires-in-30-days"] {
        assert_eq!(log.matches(code).count(), 1, "{log}");
    }
    assert!(!log.contains("Hà Văn Tý"), "no name in the log: {log}");
    let metrics = daemon.request("GET", "/metrics", &[], b"").text();
    assert!(!metrics.contains("Hà Văn Tý"), "no name in the metrics: {metrics}");
}

#[test]
fn the_journal_is_read_in_pages() {
    let daemon = desk(ordinary);
    let all = daemon.get("/v1/journal/entries");
    let entries = all["entries"].as_array().unwrap();
    assert_eq!(all["size"], entries.len(), "{all}");
    assert!(all.get("next").is_none());
    assert_eq!(entries[0]["kind"], "intent");
    assert_eq!(entries[0]["plain"]["document_name"], "công văn.pdf");
    assert_eq!(entries[0]["ended_by"], 1);
    assert_eq!(entries[1]["kind"], "outcome");
    assert_eq!(entries[1]["leaf"]["result"], "signed");
    let page = daemon.get("/v1/journal/entries?limit=1");
    assert_eq!((&page["entries"][0]["index"], &page["next"]), (&json!(0), &json!(1)));
    let rest = daemon.get("/v1/journal/entries?from=1&limit=1");
    assert_eq!(rest["entries"][0]["index"], 1);
    let outcomes = daemon.get("/v1/journal/entries?kind=outcome");
    assert_eq!(outcomes["entries"].as_array().unwrap().len(), 1);
    for (query, found) in [
        ("kind=reissuance", 0),
        ("kind=open-intent", 0),
        ("request=none", 0),
        ("operation=none", 0),
        ("from=18446744073709551615", 0),
    ] {
        let page = daemon.get(&format!("/v1/journal/entries?{query}"));
        assert_eq!(page["entries"].as_array().unwrap().len(), found, "{query}");
        assert!(page.get("next").is_none(), "{query}: {page}");
    }
    for query in ["limit=0", "limit=1001", "kind=all", "from=-1", "from=x", "colour=red"] {
        let path = format!("/v1/journal/entries?{query}");
        let response = daemon.request("GET", &path, &[], b"");
        assert_eq!(response.status, 400, "{query}: {}", response.text());
        response.code();
    }
    assert_eq!(daemon.get("/v1/journal/entries/1"), entries[1]);
    for (index, status, code) in [
        ("99", 404, "no-such-entry"),
        ("99999999999999999999999", 404, "no-such-entry"),
        ("x", 400, "index-malformed"),
        ("-1", 400, "index-malformed"),
    ] {
        for kind in ["entries", "proofs"] {
            let path = format!("/v1/journal/{kind}/{index}");
            refused(&daemon.request("GET", &path, &[], b""), status, code);
        }
    }
}

#[test]
fn proofs_checkpoint_and_bundle_hold_offline() {
    let daemon = desk(ordinary);
    let key = daemon.get("/v1/info")["journal_key"].as_str().unwrap().to_owned();
    let verify = |file: &str, more: &[&str]| {
        let mut arguments = vec!["journal", "verify", file, "--key", &key];
        arguments.extend(more);
        daemon.house.kyso(arguments)
    };
    for index in [0, 1] {
        let response = daemon.request("GET", &format!("/v1/journal/proofs/{index}"), &[], b"");
        assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
        let mut receipt = response.text();
        assert!(receipt.starts_with("c2sp.org/tlog-proof@v1\n"), "{receipt}");
        std::fs::write(daemon.house.path("receipt"), &receipt).unwrap();
        let output = verify("receipt", &[]);
        assert!(output.status.success(), "{}", text(&output.stdout));
        // One changed letter within the leaf.
        let at = receipt.find("extra ").unwrap() + 40;
        let other = if receipt.as_bytes()[at] == b'A' { "B" } else { "A" };
        receipt.replace_range(at..=at, other);
        std::fs::write(daemon.house.path("receipt"), &receipt).unwrap();
        assert_eq!(verify("receipt", &[]).status.code(), Some(1));
    }
    let head = daemon.get("/v1/journal/checkpoint");
    assert_eq!((&head["size"], &head["key"]), (&json!(2), &json!(key)));
    let accept = [("Accept", "text/plain")];
    let note = daemon.request("GET", "/v1/journal/checkpoint", &accept, b"");
    assert_eq!(note.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(head["note"], note.text());
    std::fs::write(daemon.house.path("note"), note.text()).unwrap();
    for (query, named) in [("", false), ("?names=true", true), ("?names=false", false)] {
        let bundle = daemon.request("GET", &format!("/v1/journal/export{query}"), &[], b"");
        assert_eq!(bundle.status, 200);
        assert_eq!(bundle.text().contains("công văn.pdf"), named, "{query}");
        std::fs::write(daemon.house.path("bundle"), &bundle.body).unwrap();
        let output = verify("bundle", &["--checkpoint", "note"]);
        assert!(output.status.success(), "{}", text(&output.stdout));
        let broken = bundle.text().replacen("\"kind\":\"intent\"", "\"kind\":\"Intent\"", 1);
        std::fs::write(daemon.house.path("bundle"), broken).unwrap();
        assert_eq!(verify("bundle", &[]).status.code(), Some(1));
    }
    assert_eq!(daemon.request("GET", "/v1/journal/export?names=ja", &[], b"").status, 400);
}

#[test]
fn the_journal_is_verified_against_what_was_kept() {
    let daemon = desk(ordinary);
    let post = |body: &Value| daemon.post("/v1/journal/verifications", body);
    let note = daemon.get("/v1/journal/checkpoint")["note"].clone();
    let key = daemon.get("/v1/info")["journal_key"].clone();
    let alone = post(&json!({})).json();
    assert_eq!((&alone["intact"], &alone["key_is_trusted"]), (&json!(true), &json!(false)));
    let report = post(&json!({ "checkpoint": note, "key": key })).json();
    assert_eq!((&report["intact"], &report["continues"]), (&json!(true), &json!(2)), "{report}");
    assert_eq!(report["key_is_trusted"], true);
    assert_eq!(report["signed"], 1);
    let forged = note.as_str().unwrap().replacen("\n2\n", "\n1\n", 1);
    let report = post(&json!({ "checkpoint": forged })).json();
    assert_eq!(report["intact"], false, "{report}");
    refused(&post(&json!({ "key": "kyso+x" })), 400, "verifier-key-malformed");
    let other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    refused(&post(&json!({ "key": other })), 422, "journal-of-another-key");
    assert_eq!(post(&json!({ "colour": "red" })).status, 422);
    let plain = [("Content-Type", "text/plain")];
    let response = daemon.request("POST", "/v1/journal/verifications", &plain, b"{}");
    assert_eq!(response.status, 415);
}

#[test]
fn signatures_are_judged_in_memory_and_from_documents() {
    let daemon = desk(ordinary);
    let pdf = std::fs::read(daemon.house.path("công văn-signed.pdf")).unwrap();
    let verify = |query: &str, kind: &str, body: &[u8]| {
        let path = format!("/v1/verifications{query}");
        daemon.request("POST", &path, &[("Content-Type", kind)], body)
    };
    let policy = "?policy=integrity-only&name=don.pdf";
    let report = verify(policy, "application/pdf", &pdf).json();
    assert_eq!(report["indication"], "TOTAL-PASSED", "{report}");
    assert_eq!((&report["file"], &report["format"]), (&json!("don.pdf"), &json!("PAdES")));
    assert!(report["signatures"][0]["trust_anchor"]["subject"].is_string());
    // The program says the same of the same file.
    let said = daemon.house.expect([
        "verify",
        "--json",
        "--policy",
        "integrity-only",
        "công văn-signed.pdf",
    ]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["signatures"][0]["signer"], report["signatures"][0]["signer"]);
    // Without a policy, revocation is demanded; at another time, the certificate was not valid.
    let strict = verify("", "application/pdf", &pdf).json();
    assert_eq!(strict["indication"], "INDETERMINATE", "{strict}");
    let early = verify("?policy=integrity-only&time=2020-01-01T00:00:00Z", "application/pdf", &pdf);
    assert_eq!(early.json()["sub_indication"], "NOT_YET_VALID", "{}", early.text());
    let mut altered = pdf.clone();
    altered[100] ^= 1;
    let altered = verify(policy, "application/pdf", &altered);
    assert_ne!(altered.json()["indication"], "TOTAL-PASSED");

    let document = daemon.upload("đơn.pdf", &pdf);
    let id = document["id"].as_str().unwrap();
    let path = format!("/v1/verifications?policy=integrity-only&document={id}");
    let report = daemon.request("POST", &path, &[], b"").json();
    assert_eq!(
        (&report["indication"], &report["file"]),
        (&json!("TOTAL-PASSED"), &json!("đơn.pdf"))
    );

    let unknown = "0190a5c0-0000-7000-8000-000000000000";
    for (query, kind, body, status, code) in [
        ("?policy=lenient", "application/pdf", &pdf[..], 400, "policy-unknown"),
        ("?time=heute", "application/pdf", &pdf, 400, "time-malformed"),
        ("", "application/pdf", b"", 400, "nothing-to-verify"),
        (&format!("?document={id}"), "application/pdf", &pdf, 400, "nothing-to-verify"),
        (&format!("?document={unknown}"), "application/pdf", b"", 422, "document-unknown"),
        (&format!("?content={unknown}"), "application/cms", b"0\x00", 422, "document-unknown"),
        ("", "application/octet-stream", b"no signature at all", 422, "unknown-format"),
        ("", "application/cms", b"0\x82\xff\xff", 422, "malformed"),
        ("", "application/pdf", &kyso_testkit::pdf::one_page("x"), 422, "not-signed"),
    ] {
        refused(&verify(query, kind, body), status, code);
    }
    assert_eq!(verify("", "application/json", b"{}").status, 415);
    refused(&verify("?document=x", "application/pdf", b""), 422, "document-unknown");
    let huge = verify("", "application/pdf", &vec![b'x'; (16 << 20) + 1]);
    assert_eq!(huge.status, 413, "{}", huge.text());
}

#[test]
fn a_detached_signature_needs_its_content() {
    let daemon = desk(ordinary);
    let house = &daemon.house;
    std::fs::write(house.path("văn bản.txt"), "Kính gửi").unwrap();
    let uri = format!("pkcs11:token=t?pin-source=file:{}", house.path("pin").display());
    let sign = ["sign", "--direct", "--detached", "--credential", &uri, "văn bản.txt"];
    house.expect(sign);
    let signature = std::fs::read(house.path("văn bản.txt.p7s")).unwrap();
    let right = daemon.upload("văn bản.txt", "Kính gửi".as_bytes())["id"].clone();
    let wrong = daemon.upload("khác.txt", b"other")["id"].clone();
    let judge = |content: Option<&Value>| {
        let content = content.map(|id| format!("&content={}", id.as_str().unwrap()));
        let path =
            format!("/v1/verifications?policy=integrity-only{}", content.unwrap_or_default());
        let kind = [("Content-Type", "application/pkcs7-signature")];
        daemon.request("POST", &path, &kind, &signature).json()["indication"].clone()
    };
    assert_eq!(judge(Some(&right)), "TOTAL-PASSED");
    assert_eq!(judge(Some(&wrong)), "TOTAL-FAILED");
    assert_eq!(judge(None), "INDETERMINATE");
}

#[test]
fn a_signature_tells_what_its_certificate_warns_of() {
    let mut daemon = DaemonHouse::prepare(Options::default());
    let desk = &daemon.house;
    let day = 86_400;
    let profile =
        Profile::document_signing(Subject::official(), desk.now - day, desk.now + 20 * day);
    desk.token("t", "p256", &profile);
    daemon.launch();
    let document = daemon.upload("đơn.txt", "Kính gửi".as_bytes());
    let response = daemon.post("/v1/signatures", &json!({ "document": document["id"] }));
    assert_eq!(response.status, 202, "{}", response.text());
    let done = daemon.wait_for_end(response.header("location").unwrap());
    assert_eq!(done["state"], "succeeded", "{done}");
    assert!(done["warnings"].to_string().contains("day(s) more"), "{done}");
}
