//! EN 319 102-1 over signatures made here: what each piece of evidence changes.

#[path = "../../x509/tests/support/mint.rs"]
mod mint;
#[path = "support/world.rs"]
mod world;

use kyso_validation::PathCache;
use kyso_validation::policy::{Expiry, Policy};
use kyso_validation::trust::TrustStore;
use kyso_x509::{DigestAlgorithm, Time, TrustAnchor};
use mint::{Crl, Subject, day};
use std::sync::Arc;
use world::{World, time_stamping, token_by};

fn hours(day: Time, hours: i64) -> Time {
    Time::from_unix_seconds(day.as_unix_seconds() + hours * 3600)
}

#[test]
fn a_fresh_status_passes() {
    let world = World::new();
    let list = world.nobody(10, 20);
    let world = world.knowing(list);
    let signed = world.sign(day(12));
    let report = world.validate(&signed, day(13));
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "{report:#?}");
    assert_eq!(report.best_signature_time, day(13));
    assert_eq!(report.policy.as_deref(), Some("vn-public-service"));
    assert_eq!(report.trust_store.as_deref(), Some("test"));
    assert_eq!(report.path.len(), 3);
    assert!(report.needs.is_empty());
}

#[test]
fn without_status_later() {
    let world = World::new();
    let report = world.validate(&world.sign(day(12)), day(13));
    assert_eq!(report.indication.to_string(), "INDETERMINATE (TRY_LATER)");
    assert_eq!(report.needs.len(), 1);
}

#[test]
fn a_stale_status_is_none() {
    let world = World::new();
    let list = world.nobody(10, 20);
    let world = world.knowing(list);
    assert_eq!(world.verdict(&world.sign(day(12)), day(30)), "INDETERMINATE (TRY_LATER)");
}

#[test]
fn an_expired_signer_without_proof() {
    let world = World::new();
    let list = world.nobody(90, 103);
    let world = world.knowing(list);
    let verdict = world.verdict(&world.sign(day(12)), day(105));
    assert_eq!(verdict, "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)");
}

#[test]
fn an_expired_signer_that_is_known_not_to_be_revoked() {
    let world = World::new();
    // expiredCertsOnCRL since day 0.
    let since = mint::generalized(day(0));
    let list = Crl::new(102, 110).with("2.5.29.60", false, &since).signed_by(&world.authority);
    let world = world.knowing(list);
    let signed = world.sign(day(12));
    assert_eq!(world.verdict(&signed, day(105)), "INDETERMINATE (OUT_OF_BOUNDS_NOT_REVOKED)");
    // Time-stamped while the certificate was valid.
    let stamped = world.stamped(signed.clone(), day(12));
    assert_eq!(world.verdict(&stamped, day(105)), "TOTAL-PASSED");
    // Time-stamped too late.
    let stamped = world.stamped(signed, day(101));
    assert_eq!(world.verdict(&stamped, day(105)), "INDETERMINATE (OUT_OF_BOUNDS_NOT_REVOKED)");
}

#[test]
fn revoked_after_and_before_the_time_stamp() {
    let world = World::new();
    let list = world.revoked(40, 60, 30, 1);
    let world = world.knowing(list);
    let signed = world.sign(day(12));
    assert_eq!(world.verdict(&signed, day(45)), "INDETERMINATE (REVOKED_NO_POE)");
    let before = world.stamped(signed.clone(), day(29));
    assert_eq!(world.verdict(&before, day(45)), "TOTAL-PASSED");
    assert_eq!(world.validate(&before, day(45)).best_signature_time, day(29));
    for at in [30, 31] {
        let after = world.stamped(signed.clone(), day(at));
        assert_eq!(world.verdict(&after, day(45)), "INDETERMINATE (REVOKED_NO_POE)");
    }
}

#[test]
fn later_knowledge_of_an_earlier_revocation_counts() {
    let world = World::new();
    let (fresh, late) = (world.nobody(10, 50), world.revoked(40, 60, 11, 1));
    let world = world.knowing(fresh).knowing(late);
    let signed = world.sign(day(9));
    assert_eq!(world.verdict(&signed, day(20)), "INDETERMINATE (REVOKED_NO_POE)");
}

#[test]
fn a_suspended_signer_may_return() {
    let world = World::new();
    let held = world.revoked(40, 60, 30, 6);
    let world = world.knowing(held);
    let signed = world.sign(day(12));
    assert_eq!(world.verdict(&signed, day(45)), "INDETERMINATE (TRY_LATER)");
    let list = world.nobody(44, 60);
    let world = world.knowing(list);
    assert_eq!(world.verdict(&signed, day(45)), "TOTAL-PASSED");
}

#[test]
fn a_revoked_authority() {
    let mut world = World::new();
    let list = world.nobody(40, 60);
    world.evidence.crls = vec![
        list,
        Crl::new(40, 60).revoke(&world.authority_certificate, day(30), 2).signed_by(&world.root),
    ];
    let verdict = world.verdict(&world.sign(day(12)), day(45));
    assert_eq!(verdict, "INDETERMINATE (REVOKED_CA_NO_POE)");
}

#[test]
fn long_term_data_outlives_the_signer() {
    // Time-stamped on day 12, status of day 13, archived on day 14; the signer expires on day 100.
    let world = World::new();
    let after = world.nobody(13, 20);
    let signed = world.stamped(world.sign(day(12)), day(12));
    let long = world.with_lists(signed, &[after]);
    // The authority for time-stamps needs a status that is fresh now; the root's list is.
    let now = world.nobody(149, 160);
    let world = world.knowing(now);
    // Without an archive time-stamp the status is known to exist now, when its day is long over.
    let report = world.validate(&long, day(150));
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "{report:#?}");
    assert_eq!(report.best_signature_time, day(12));
    let archived = world.archived(long, day(14));
    assert_eq!(world.verdict(&archived, day(150)), "TOTAL-PASSED");
}

#[test]
fn a_status_from_before_the_time_stamp_says_too_little() {
    let world = World::new();
    let before = world.nobody(11, 20);
    let signed = world.stamped(world.sign(day(12)), day(12));
    let long = world.with_lists(signed, &[before]);
    let now = world.nobody(149, 160);
    let world = world.knowing(now);
    let verdict = world.verdict(&long, day(150));
    assert_eq!(verdict, "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)");
}

#[test]
fn an_expired_time_stamping_authority_needs_an_archive() {
    let world = World::new();
    let after = world.nobody(13, 20);
    let signed = world.stamped(world.sign(day(12)), day(12));
    let long = world.with_lists(signed, &[after]);
    // On day 250 signer and first authority have expired; a second one stamps.
    let verdict = world.verdict(&long, day(250));
    assert_eq!(verdict, "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)");
    let status = world.nobody(149, 155);
    let long = world.with_lists(long, &[status]);
    let second = time_stamping("Later stamps", 5).valid(100, 600);
    let certificate = second.issued_by(&world.authority);
    let archived = world.archived_by(long, |imprint| {
        token_by(&second, &certificate, &world.authority_certificate, imprint, day(150))
    });
    let now = world.nobody(249, 260);
    let world = world.knowing(now);
    let report = world.validate(&archived, day(250));
    // The status of day 149 is from before the archive, so it proves the first authority good on day 149 only, when the
    // first token is not known to have existed before day 150.
    assert_eq!(
        report.indication.to_string(),
        "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)",
        "{:#?}",
        report.errors
    );
    // A status from after the archive, and a renewal after that.
    let status = world.nobody(151, 155);
    let archived = world.with_lists(archived, &[status]);
    let renewed = world.archived_by(archived, |imprint| {
        token_by(&second, &certificate, &world.authority_certificate, imprint, day(152))
    });
    let report = world.validate(&renewed, day(250));
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "{:#?}", report);
    assert_eq!(report.best_signature_time, day(12));
    assert_eq!(report.timestamps.len(), 3);
}

#[test]
fn an_archive_older_than_what_it_covers() {
    let world = World::new();
    let list = world.nobody(10, 90);
    let world = world.knowing(list);
    let signed = world.stamped(world.sign(day(12)), day(30));
    let archived = world.archived(signed, day(20));
    assert_eq!(world.verdict(&archived, day(40)), "INDETERMINATE (TIMESTAMP_ORDER_FAILURE)");
}

#[test]
fn a_signature_older_than_its_certificate() {
    let signer = Subject::new("Signer", 3).valid(20, 100);
    let world = World::with(signer, time_stamping("Stamps", 4).valid(0, 200));
    let list = world.nobody(10, 90);
    let world = world.knowing(list);
    let signed = world.stamped(world.sign(day(25)), day(12));
    assert_eq!(world.verdict(&signed, day(40)), "TOTAL-FAILED (NOT_YET_VALID)");
}

#[test]
fn a_lapsed_digest_and_its_proof() {
    let mut world = World::new();
    let list = world.nobody(10, 90);
    world.evidence.crls.push(list);
    world.policy.suites.digests.insert(DigestAlgorithm::Sha256, Expiry::At(day(20)));
    world.trust.stores[0].policy = std::sync::Arc::new(world.policy.clone());
    let signed = world.sign(day(12));
    let verdict = world.verdict(&signed, day(15));
    assert_eq!(verdict, "TOTAL-PASSED");
    let verdict = world.verdict(&signed, day(30));
    assert_eq!(verdict, "INDETERMINATE (CRYPTO_CONSTRAINTS_FAILURE_NO_POE)");
    world.policy.suites.digests.remove(&DigestAlgorithm::Sha256);
    world.trust.stores[0].policy = std::sync::Arc::new(world.policy.clone());
    let verdict = world.verdict(&signed, day(15));
    assert_eq!(verdict, "INDETERMINATE (CRYPTO_CONSTRAINTS_FAILURE)");
}

#[test]
fn local_time_as_utc_is_flagged() {
    let world = World::new();
    let list = world.nobody(10, 90);
    let world = world.knowing(list);
    let signed = world.stamped(world.sign(hours(day(12), 7)), day(12));
    let report = world.validate(&signed, day(40));
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
    assert!(report.warnings.iter().any(|one| one.code() == "local-time-as-utc"));
}

/// A root, an authority and a time-stamping authority of somebody else, all in order.
fn foreign_stamps(world: &mut World, policy: &Policy, time: Time) -> kyso_cades::SignedData {
    let root = Subject::authority("Other Root", 21).valid(0, 3000);
    let tsa = time_stamping("Other Stamps", 22).valid(0, 200);
    let (anchor, certificate) = (root.self_signed(), tsa.issued_by(&root));
    world.evidence.crls.push(Crl::new(0, 3000).signed_by(&root));
    world.trust.stores.push(TrustStore {
        name: "other".to_owned(),
        anchors: vec![TrustAnchor::from_certificate(anchor.clone())],
        policy: Arc::new(policy.clone()),
    });
    let signed = world.sign(day(12));
    let imprint = kyso_cades::signature_imprint(&signed.signer_infos()[0], DigestAlgorithm::Sha256);
    let token = token_by(&tsa, &certificate, &anchor, &imprint, time);
    signed.with_signature_time_stamp(0, &token).unwrap()
}

#[test]
fn anchors_of_a_store_that_asks_for_no_status_prove_no_time() {
    for (name, verdict) in
        [("eidas-like", "TOTAL-PASSED"), ("integrity-only", "INDETERMINATE (REVOKED_NO_POE)")]
    {
        let world = World::new();
        let list = world.revoked(40, 60, 30, 1);
        let mut world = world.knowing(list);
        let policy = Policy::built_in(name).unwrap();
        let stamped = foreign_stamps(&mut world, &policy, day(29));
        assert_eq!(world.verdict(&stamped, day(45)), verdict, "{name}");
    }
}

#[test]
fn a_store_that_asks_for_no_status_waits_to_be_named() {
    let mut world = World::new();
    let lax = Policy::built_in("integrity-only").unwrap();
    world.trust.stores[0].policy = Arc::new(lax.clone());
    let signed = world.sign(day(12));
    assert_eq!(world.verdict(&signed, day(13)), "INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND)");
    let report = world.validate_by(&signed, Some(&lax), day(13), None);
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
    // It does not stand before one that asks.
    let strict =
        TrustStore { policy: Arc::new(world.policy.clone()), ..world.trust.stores[0].clone() };
    world.trust.stores.push(strict);
    assert_eq!(world.verdict(&signed, day(13)), "INDETERMINATE (TRY_LATER)");
}

#[test]
fn an_anchor_of_two_stores_goes_by_the_first() {
    let world = World::new();
    let list = world.nobody(10, 20);
    let mut world = world.knowing(list);
    let second = TrustStore { name: "second".to_owned(), ..world.trust.stores[0].clone() };
    let mut strict = world.policy.clone();
    strict.path.explicit_policy = true;
    world.trust.stores[0].policy = Arc::new(strict);
    let signed = world.sign(day(12));
    let alone = world.verdict(&signed, day(13));
    assert_eq!(alone, "INDETERMINATE (CERTIFICATE_CHAIN_GENERAL_FAILURE)");
    world.trust.stores.push(second);
    assert_eq!(world.verdict(&signed, day(13)), alone);
}

#[test]
fn integrity_only_wants_no_status_but_heeds_it() {
    let world = World::new();
    let policy = Policy::built_in("integrity-only").unwrap();
    let signed = world.sign(day(12));
    let report = world.validate_by(&signed, Some(&policy), day(13), None);
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "{:#?}", report.errors);
    let list = world.revoked(11, 20, 12, 1);
    let world = world.knowing(list);
    let report = world.validate_by(&signed, Some(&policy), day(13), None);
    assert_eq!(report.indication.to_string(), "INDETERMINATE (REVOKED_NO_POE)");
}

#[test]
fn the_cache_changes_nothing() {
    let world = World::new();
    let list = world.nobody(10, 20);
    let world = world.knowing(list);
    let cache = PathCache::new();
    let whole = world.sign(day(12));
    // Certificates, lists and responses of its own, which another signature of the same people brings again.
    let long = world.with_embedded(world.stamped(world.sign(day(12)), day(12)));
    let again = world.with_embedded(world.stamped(world.sign(day(11)), day(13)));
    let archived = world.archived(long.clone(), day(15));
    for time in [day(13), day(13), day(30), day(13)] {
        for signed in [&whole, &long, &again, &archived] {
            let with = world.validate_by(signed, None, time, Some(&cache));
            let without = world.validate_by(signed, None, time, None);
            assert_eq!(format!("{with:?}"), format!("{without:?}"));
        }
    }
}

#[test]
fn a_path_found_before_helps_no_signature_that_lacks_it() {
    let world = World::new();
    let list = world.nobody(10, 20);
    let world = world.knowing(list);
    let cache = PathCache::new();
    let whole = world.sign(day(12));
    let lone = world.sign_without_issuer(day(12));
    let first = world.validate_by(&whole, None, day(13), Some(&cache));
    assert_eq!(first.indication.to_string(), "TOTAL-PASSED");
    let second = world.validate_by(&lone, None, day(13), Some(&cache));
    assert_eq!(second.indication.to_string(), "INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND)");
    assert_eq!(second.needs[0].as_str(), "issuer-certificate");
}

#[test]
fn a_responder_that_has_expired() {
    let world = World::new();
    let mut responder = Subject::responder("Responder", 7).valid(0, 30);
    responder = responder.with("1.3.6.1.5.5.7.48.1.5", false, &[5, 0]);
    let certificate = responder.issued_by(&world.authority);
    let single = mint::Single::good(&world.certificate, &world.authority_certificate, 13, 90);
    let response = mint::Ocsp::new(single).carrying(&certificate).signed_by(&responder);
    let mut world = world;
    world.evidence.ocsp.push(response);
    let signed = world.sign(day(12));
    assert_eq!(world.verdict(&signed, day(20)), "TOTAL-PASSED");
    let verdict = world.verdict(&signed, day(40));
    assert_eq!(verdict, "INDETERMINATE (REVOCATION_OUT_OF_BOUNDS_NO_POE)");
    // Proven while the responder was valid, it is as good as then.
    let (tsa, issuer) = (&world.tsa_certificate, &world.authority_certificate);
    let single = mint::Single::good(tsa, issuer, 39, 60);
    let response = mint::Ocsp::new(single).signed_by(&world.authority);
    let long = world.with_embedded(world.stamped(signed, day(12)));
    let archived = world.archived(long.clone(), day(25));
    world.evidence.ocsp.push(response);
    let report = world.validate(&archived, day(40));
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "{report:#?}");
    // Archived too late, the response is not known to be older than its signer's end.
    let late = world.archived(long, day(31));
    let verdict = world.verdict(&late, day(40));
    assert_eq!(verdict, "INDETERMINATE (REVOCATION_OUT_OF_BOUNDS_NO_POE)");
}

#[test]
fn a_revoked_time_stamping_authority() {
    let world = World::new();
    let list =
        Crl::new(40, 160).revoke(&world.tsa_certificate, day(20), 1).signed_by(&world.authority);
    let world = world.knowing(list);
    let signed = world.stamped(world.sign(day(12)), day(12));
    // The signer is valid still; the time-stamp proves nothing.
    let report = world.validate(&signed, day(50));
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
    assert_eq!(report.best_signature_time, day(50));
    assert!(report.warnings.iter().any(|one| one.code() == "timestamp-not-valid"));
    assert_eq!(report.timestamps[0].indication.to_string(), "INDETERMINATE (REVOKED_NO_POE)");
    // And so does not save what has expired.
    assert_eq!(world.verdict(&signed, day(150)), "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)");
}

#[test]
fn a_time_stamp_from_the_future_proves_nothing() {
    let world = World::new();
    let list = world.nobody(10, 90);
    let world = world.knowing(list);
    let signed = world.stamped(world.sign(day(12)), day(60));
    let report = world.validate(&signed, day(40));
    assert_eq!(report.best_signature_time, day(40));
    assert_eq!(
        report.timestamps[0].indication.to_string(),
        "INDETERMINATE (TIMESTAMP_ORDER_FAILURE)"
    );
}

#[test]
fn the_first_store_that_anchors_the_path_decides() {
    let world = World::new();
    let list = world.nobody(10, 90);
    let mut world = world.knowing(list);
    let mut own = world.trust.stores[0].clone();
    own.name = "second".to_owned();
    let stranger = Subject::authority("Stranger", 9).valid(0, 3000).self_signed();
    world.trust.stores[0].anchors = vec![kyso_x509::TrustAnchor::from_certificate(stranger)];
    let mut strict = Policy::built_in("eidas-like").unwrap();
    strict.name = "other".to_owned();
    world.trust.stores[0].policy = std::sync::Arc::new(strict);
    world.trust.stores.push(own);
    let report = world.validate(&world.sign(day(12)), day(13));
    assert_eq!(report.trust_store.as_deref(), Some("second"));
    assert_eq!(report.policy.as_deref(), Some("vn-public-service"));
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
}

#[test]
fn without_any_anchor() {
    let mut world = World::new();
    world.trust.stores.clear();
    let signed = world.sign(day(12));
    assert_eq!(world.verdict(&signed, day(13)), "INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND)");
    let policy = Policy::built_in("integrity-only").unwrap();
    let report = world.validate_by(&signed, Some(&policy), day(13), None);
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
    let report = world.validate_by(&signed, Some(&policy), day(101), None);
    assert_eq!(report.indication.to_string(), "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)");
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// More evidence never turns a wrong signature into a good one, and its order changes nothing.
        #[test]
        fn evidence_does_not_mend(order in Just((0..4_usize).collect::<Vec<_>>()).prop_shuffle(), take in 0..5_usize) {
            let mut world = World::new();
            let signed = world.stamped(world.sign(day(12)), day(12));
            let root = world.evidence.crls[0].clone();
            let all = [root, world.nobody(10, 20), world.nobody(13, 90), world.revoked(40, 60, 30, 1)];
            world.evidence.crls = order.iter().take(take).map(|one| all[*one].clone()).collect();
            let other = kyso_cades::ContentDigests::of_bytes(&[DigestAlgorithm::Sha256], b"another document");
            let context = kyso_validation::Context {
                trust: &world.trust,
                evidence: &world.evidence,
                policy: None,
                validation_time: day(45),
                paths: None,
            };
            let report = kyso_validation::validate_cms_signer(&signed, 0, Some(&other), &context);
            prop_assert_eq!(report.indication.to_string(), "TOTAL-FAILED (HASH_FAILURE)");
            let one = world.validate(&signed, day(45));
            world.evidence.crls.reverse();
            let reversed = world.validate(&signed, day(45));
            prop_assert_eq!(format!("{one:?}"), format!("{reversed:?}"));
        }

        /// Where status is demanded, nothing passes without any.
        #[test]
        fn no_status_no_pass(at in 0..300_i64, stamp in 0..300_i64, now in 0..600_i64) {
            let mut world = World::new();
            world.evidence.crls.clear();
            let signed = world.stamped(world.sign(day(at)), day(stamp));
            let report = world.validate(&signed, day(now));
            prop_assert_ne!(report.indication.to_string(), "TOTAL-PASSED");
        }
    }
}
