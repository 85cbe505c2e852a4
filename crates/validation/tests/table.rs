//! The table of long-term cases: `test-vectors/validation/long-term.toml`, whose README says what its steps mean.

#[path = "../../x509/tests/support/mint.rs"]
mod mint;
#[path = "support/odd.rs"]
mod odd;
#[path = "support/scene.rs"]
mod scene;
#[path = "support/world.rs"]
mod world;

use kyso_cades::ContentDigests;
use kyso_validation::{Context, validate_cms_signer};
use mint::day;
use scene::{Case, Scene, cases};
use std::collections::BTreeSet;

#[test]
fn every_case_ends_as_the_table_says() {
    let cases = cases();
    assert!(cases.len() >= 140, "{} cases", cases.len());
    let names: BTreeSet<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "a name comes twice");
    let wrong: Vec<_> = cases.iter().filter_map(run).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What is wrong with the outcome of a case.
fn run(case: &Case) -> Option<String> {
    assert!(!case.clause.is_empty(), "{}: no clause", case.name);
    let scene = Scene::of(case);
    let signed = scene.signed.as_ref().expect("a signature");
    let context = Context {
        trust: &scene.world.trust,
        evidence: &scene.world.evidence,
        policy: scene.named.as_ref(),
        validation_time: day(case.at),
        paths: None,
    };
    let content = ContentDigests::of_bytes(&world::DIGESTS, scene.content);
    let report = validate_cms_signer(signed, 0, Some(&content), &context);
    let verdict = report.indication.to_string();
    let best = case.best.is_none_or(|best| report.best_signature_time == day(best));
    (verdict != case.verdict || !best).then(|| {
        format!(
            "{}: {verdict}, not {}; proven {}; {:?}",
            case.name, case.verdict, report.best_signature_time, report.errors
        )
    })
}
