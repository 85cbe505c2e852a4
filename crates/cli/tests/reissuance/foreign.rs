//! Records that another process wrote to the same journal.

use kyso_journal::{
    AttemptEnd, Journal, ReissuanceEvent, ReissuanceStep, ReissuanceTransition, ReissuanceUnit,
};
use serde_json::json;

use crate::{REQUESTS, desk, history, proven, refused};

/// Another process's record of a request that this daemon has no dossier of.
fn foreign(id: &str, step: ReissuanceStep) -> ReissuanceEvent {
    ReissuanceEvent {
        request: id.to_owned(),
        step,
        requester: "another process".to_owned(),
        consent: None,
        certificate_sha256: [7; 32],
        reason: kyso_journal::ReissuanceReason::UnitRenamed,
        old_unit: Some(ReissuanceUnit::Text("Xã Cũ".to_owned())),
        new_unit: Some(ReissuanceUnit::Code {
            code: "23284".to_owned(),
            valid_from: "2025-07-01".to_owned(),
        }),
        requested_subject: "CN=Ai Đó,C=VN".to_owned(),
        answer: None,
        document_sha256: None,
        issued_sha256: None,
        code: None,
    }
}

#[test]
fn what_another_process_records_is_seen_at_once() {
    let daemon = desk();
    let clock = || u64::try_from(jiff::Timestamp::now().as_microsecond()).expect("after 1970");
    let options = kyso_journal::Options::new(clock).expect("options");
    let journal = Journal::open(&daemon.house.path("journal/journal.sqlite"), options).expect("it");
    let id = "0190a5c0-1111-7000-8000-000000000000";
    let created = foreign(id, ReissuanceStep::Done(ReissuanceTransition::Created));
    journal.record_reissuance(&[created]).expect("recorded");
    let path = format!("{REQUESTS}/{id}");
    let seen = daemon.get(&path);
    assert_eq!((&seen["state"], &seen["present_subject"]), (&json!("draft"), &json!("")));
    assert_eq!(seen["requested_subject"], "CN=Ai Đó,C=VN");
    assert_eq!(seen["old_unit"], json!({ "text": "Xã Cũ" }));
    assert_eq!(seen["new_unit"], json!({ "code": "23284", "date": "2025-07-01" }));
    let denied = ReissuanceStep::Attempted {
        transition: ReissuanceTransition::Submitted,
        end: AttemptEnd::Denied,
    };
    journal.record_reissuance(&[foreign(id, denied)]).expect("recorded");
    assert_eq!(history(&daemon.get(&path)), ["created→draft", "denied(submitted)→draft"]);
    // What belongs to it lies elsewhere: it can be withdrawn here, not submitted.
    refused(&daemon.post(&format!("{path}/submit"), &json!({})), 422, "dossier-missing");
    refused(&daemon.request("GET", &format!("{path}/form04"), &[], b""), 422, "dossier-missing");
    let withdrawn = daemon.post(&format!("{path}/cancel"), &json!({})).json();
    assert_eq!(withdrawn["state"], "withdrawn", "{withdrawn}");
    let late = foreign(id, ReissuanceStep::Done(ReissuanceTransition::Submitted));
    journal.record_reissuance(&[late]).expect_err("the journal refuses what may not follow");
    proven(&daemon, &withdrawn);
}
