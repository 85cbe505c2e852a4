//! Certificates that are validated alone, at the edges of what is known of them.

#[path = "../../x509/tests/support/mint.rs"]
mod mint;

use std::sync::Arc;

use kyso::certificate::{Options, Usage, validate};
use kyso::validation::evidence::Evidence;
use kyso::validation::policy::Policy;
use kyso::validation::trust::{Trust, TrustStore};
use kyso_x509::{Time, TrustAnchor};
use mint::{Crl, Subject, day};

/// The verdict on a certificate on day 15 whose list was issued and is due so many seconds from then.
fn verdict(this_update: i64, next_update: i64) -> (String, usize) {
    let at = |seconds: i64| Time::from_unix_seconds(day(15).as_unix_seconds() + seconds);
    let root = Subject::authority("Root", 1).valid(0, 3000);
    let certificate = Subject::new("Person", 3).valid(0, 100).issued_by(&root);
    let mut list = Crl::new(0, 0);
    (list.this_update, list.next_update) = (at(this_update), Some(at(next_update)));
    let policy = Policy::built_in("vn-public-service").expect("a policy");
    assert_eq!(policy.revocation.clock_skew, 300);
    let trust = Trust {
        stores: vec![TrustStore {
            name: "test".to_owned(),
            anchors: vec![TrustAnchor::from_certificate(root.self_signed())],
            policy: Arc::new(policy),
        }],
        candidates: Vec::new(),
    };
    let evidence = Evidence { crls: vec![list.signed_by(&root)], ..Evidence::default() };
    let report = validate(
        &certificate,
        &Options {
            trust: &trust,
            evidence: &evidence,
            policy: None,
            usage: Usage::DocumentSigning,
            validation_time: day(15),
        },
    );
    (report.indication.to_string(), report.needs.len())
}

#[test]
fn clocks_may_differ_as_the_policy_says() {
    let passed = ("TOTAL-PASSED".to_owned(), 0);
    let open = ("INDETERMINATE (TRY_LATER)".to_owned(), 1);
    // A list of a responder whose clock is ahead, and one that its successor follows a little late.
    assert_eq!(verdict(300, 86_400), passed);
    assert_eq!(verdict(301, 86_400).0, open.0);
    assert_eq!(verdict(-86_400, -300), passed);
    assert_eq!(verdict(-86_400, -301), open);
}
