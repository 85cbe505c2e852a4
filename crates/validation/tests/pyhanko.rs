//! pyHanko over the table's cases, in one process: paths with revocation, and signatures by its own EN 319 102-1.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

#[path = "../../x509/tests/support/mint.rs"]
mod mint;
#[path = "support/odd.rs"]
mod odd;
#[path = "support/scene.rs"]
mod scene;
#[path = "support/world.rs"]
mod world;

use base64::Engine as _;
use kyso_testkit::peer::{python, run};
use mint::day;
use scene::{Case, Scene, cases};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

const JUDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/judge.py");

const DIVERGENCES: &str = include_str!("../../../test-vectors/validation/pyhanko.toml");

/// It knows no policies of ours.
const NOT_OF_PYHANKO: &str = "policy ";

/// Steps of which a path at one time says nothing.
const NOT_OF_PATHS: &[&str] = &[
    "stamp",
    "archive",
    "strong",
    "policy",
    "lapse",
    "refuse",
    "other-content",
    "sign-",
    "signer-enciphers",
];

#[derive(Deserialize)]
struct List {
    divergence: Vec<Divergence>,
}

/// A case that pyHanko judges otherwise, with the reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Divergence {
    case: String,
    theirs: String,
    clause: String,
    reason: String,
}

#[derive(Deserialize)]
struct Theirs {
    path: String,
    verdict: String,
}

fn theirs(cases: &[Case]) -> BTreeMap<String, Theirs> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cases.json");
    let described: Vec<_> = cases.iter().map(describe).collect();
    std::fs::write(&file, serde_json::to_vec(&described).unwrap()).unwrap();
    let answer = run(python(), [Path::new(JUDGE), &file]).expect_success();
    serde_json::from_slice(&answer).unwrap()
}

fn describe(case: &Case) -> Value {
    let scene = Scene::of(case);
    let (world, signed) = (&scene.world, scene.signed.as_ref().unwrap());
    let embedded = signed.embedded_evidence(0);
    let anchors = world.trust.stores[0].anchors.iter().map(|one| one.certificate().as_der());
    let mut certificates = vec![world.authority_certificate.as_der()];
    certificates.extend(world.evidence.certificates.iter().map(|one| one.as_der()));
    let crls = world.evidence.crls.iter().chain(&embedded.crls).map(|one| one.as_der());
    let ocsp = world.evidence.ocsp.iter().chain(&embedded.ocsp).map(|one| one.as_der());
    json!({
        "name": case.name,
        "at": day(case.at).as_unix_seconds(),
        "signature": text(&signed.to_der().unwrap()),
        "content": text(scene.content),
        "signer": text(world.certificate.as_der()),
        "anchors": anchors.map(text).collect::<Vec<_>>(),
        "certificates": certificates.into_iter().map(text).collect::<Vec<_>>(),
        "crls": crls.map(text).collect::<Vec<_>>(),
        "ocsps": ocsp.map(text).collect::<Vec<_>>(),
        "lapses": lapses(case),
    })
}

/// The dated suites of `lapse` and `refuse`.
fn lapses(case: &Case) -> Vec<Value> {
    let of = |step: &str| match step.split_whitespace().collect::<Vec<_>>()[..] {
        ["lapse", algorithm, until] => {
            let until = day(until.parse().unwrap()).as_unix_seconds();
            Some(json!({"algorithm": algorithm, "until": until}))
        }
        ["refuse", algorithm] => Some(json!({"algorithm": algorithm, "until": null})),
        _ => None,
    };
    case.steps.split(';').filter_map(of).collect()
}

fn text(der: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(der)
}

#[test]
fn signatures_are_judged_as_by_pyhanko() {
    let cases = cases();
    let (not_judged, judged): (Vec<_>, Vec<_>) =
        cases.iter().partition(|case| case.steps.contains(NOT_OF_PYHANKO));
    let theirs = theirs(&cases);
    let found: BTreeMap<_, _> = judged
        .iter()
        .map(|case| (case.name.clone(), theirs[&case.name].verdict.clone()))
        .filter(|(name, verdict)| {
            judged.iter().any(|case| case.name == *name && case.verdict != *verdict)
        })
        .collect();
    let list: List = toml::from_str(DIVERGENCES).unwrap();
    assert!(list.divergence.iter().all(|one| !one.clause.is_empty() && !one.reason.is_empty()));
    let expected: BTreeMap<_, _> =
        list.divergence.into_iter().map(|one| (one.case, one.theirs)).collect();
    assert_eq!(found, expected);
    let counts = (judged.len(), judged.len() - found.len(), found.len(), not_judged.len());
    println!("pyHanko: (judged, agreed, diverging, not judged) = {counts:?}");
    assert_eq!(counts, (174, 118, 56, 4));
}

/// Paths at the validation time, wherever neither proofs nor a policy of ours nor dated suites matter.
#[test]
fn paths_and_status_are_judged_as_by_pyhanko() {
    let cases: Vec<_> = cases()
        .into_iter()
        .filter(|case| !NOT_OF_PATHS.iter().any(|step| case.steps.contains(step)))
        .collect();
    let theirs = theirs(&cases);
    let found: Vec<_> = cases
        .iter()
        .filter(|case| !accepted_answers(&case.verdict).contains(&&*theirs[&case.name].path))
        .map(|case| (&*case.name, &*theirs[&case.name].path))
        .collect();
    println!("pyhanko-certvalidator: {} judged, {} diverging", cases.len(), found.len());
    // Their reasons are those of the whole signatures.
    let list: List = toml::from_str(DIVERGENCES).unwrap();
    for (name, _) in &found {
        assert!(list.divergence.iter().any(|one| one.case == *name), "{name}");
    }
    assert_eq!((cases.len(), found.len()), (54, 6));
}

/// Errors of pyhanko-certvalidator for what we say.
fn accepted_answers(ours: &str) -> &'static [&'static str] {
    match ours {
        "TOTAL-PASSED" => &["ok"],
        "INDETERMINATE (REVOKED_NO_POE)" | "INDETERMINATE (REVOKED_CA_NO_POE)" => &["RevokedError"],
        "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)" | "INDETERMINATE (OUT_OF_BOUNDS_NOT_REVOKED)" => {
            &["ExpiredError"]
        }
        "TOTAL-FAILED (NOT_YET_VALID)" => &["NotYetValidError"],
        "INDETERMINATE (TRY_LATER)" => &["InsufficientRevinfoError", "StaleRevinfoError"],
        "INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND)" => &["PathBuildingError"],
        _ => &[],
    }
}
