//! What is told beside a verdict and never improves it.

#[path = "../../x509/tests/support/mint.rs"]
mod mint;
#[path = "support/odd.rs"]
mod odd;
#[path = "support/world.rs"]
mod world;

use kyso_validation::report::{Finding, SignatureReport};
use kyso_validation::{Context, validate_cms_signer};
use mint::day;
use odd::Oddity;
use world::World;

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(Finding::code).collect()
}

#[test]
fn counter_signatures_are_verified_and_change_nothing() {
    let world = World::new();
    let list = world.nobody(10, 20);
    let world = world.knowing(list);
    let signed = odd::sign(&world, day(12), &Oddity::CounterSigned);
    let report = world.validate(&signed, day(13));
    assert_eq!(report.counter_signatures, 3);
    let expected =
        ["counter-signature-holds", "counter-signature-invalid", "counter-signature-unknown"];
    // Attributes are a SET: their order is not the order in which they were made.
    let mut found = codes(&report.warnings);
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
    // They do not help a signature that lacks something, nor does a wrong one harm it.
    assert_eq!(world.verdict(&signed, day(30)), "INDETERMINATE (TRY_LATER)");
}

#[test]
fn a_signature_that_does_not_verify_names_whom_it_claims() {
    let world = World::new();
    let broken = world.validate(&odd::sign(&world, day(12), &Oddity::OtherValue), day(13));
    assert_eq!(broken.indication.to_string(), "TOTAL-FAILED (SIG_CRYPTO_FAILURE)");
    assert!(broken.signer.is_none());
    assert_eq!(broken.claimed_signer.as_ref(), Some(&world.certificate));
    let sound = world.sign(day(12));
    let changed = of_other_content(&world, &sound);
    assert_eq!(changed.indication.to_string(), "TOTAL-FAILED (HASH_FAILURE)");
    assert!(changed.signer.is_none());
    assert_eq!(changed.claimed_signer.as_ref(), Some(&world.certificate));
    // Who was identified is not merely claimed.
    assert!(world.validate(&sound, day(13)).claimed_signer.is_none());
}

fn of_other_content(world: &World, signed: &kyso_cades::SignedData) -> SignatureReport {
    let content = kyso_cades::ContentDigests::of_bytes(&world::DIGESTS, b"another document");
    let context = Context {
        trust: &world.trust,
        evidence: &world.evidence,
        policy: None,
        validation_time: day(13),
        paths: None,
    };
    validate_cms_signer(signed, 0, Some(&content), &context)
}
