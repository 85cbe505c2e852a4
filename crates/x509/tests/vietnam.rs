//! The chains of Vietnam's public authorities build from the certificates found in public use.
//!
//! Runs where they lie beside the project (`../shared/vectors/trust`, or below `KYSO_SHARED`).

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

use kyso_x509::{
    Certificate, Civil, DigestAlgorithm, PathError, PathPolicy, Time, TrustAnchor, ValidatedPath,
    validate_path,
};
use std::path::{Path, PathBuf};

fn read(name: &str) -> Option<Certificate> {
    let shared = std::env::var_os("KYSO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("vectors/trust");
    if !folder.is_dir() {
        println!("skipped: no certificates of authorities beside the project");
        return None;
    }
    let pem = std::fs::read(folder.join(name)).unwrap();
    Some(Certificate::all_from_pem_or_der(&pem).unwrap().remove(0))
}

fn year(year: i64) -> Time {
    Civil { year, month: 1, day: 1, hour: 0, minute: 0, second: 0 }.to_time().unwrap()
}

/// The chain of an authority's certificate to a root, among all the others.
fn chain(
    name: &str,
    root: &str,
    policy: &PathPolicy,
    time: Time,
) -> Option<Result<ValidatedPath, PathError>> {
    let all = [
        "vgca-g1-root.pem",
        "vgca-g1-sub.pem",
        "vgca-g2-root.pem",
        "vgca-g2-state.pem",
        "vgca-g2-party.pem",
        "neac-national-root.pem",
        "vnpt-ca-sha2.pem",
    ];
    let candidates: Option<Vec<_>> = all.into_iter().map(read).collect();
    let anchors = [TrustAnchor::from_certificate(read(root)?)];
    Some(validate_path(&read(name)?, &candidates?, &anchors, policy, time))
}

#[test]
fn the_second_generation_and_the_national_root() {
    let policy = PathPolicy::any_usage();
    for (name, root) in [
        ("vgca-g2-state.pem", "vgca-g2-root.pem"),
        ("vgca-g2-party.pem", "vgca-g2-root.pem"),
        ("vnpt-ca-sha2.pem", "neac-national-root.pem"),
    ] {
        let Some(path) = chain(name, root, &policy, year(2026)) else { return };
        let path = path.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(path.chain().len(), 2, "{name}");
        // Not before they were made, and not under another's root.
        let early = chain(name, root, &policy, year(2010)).unwrap().unwrap_err();
        assert!(matches!(early, PathError::NotYetValid { .. }), "{early}");
        let stranger = chain(name, "vgca-g1-root.pem", &policy, year(2026)).unwrap().unwrap_err();
        assert!(matches!(stranger, PathError::UnknownIssuer { .. }), "{stranger}");
    }
}

#[test]
fn the_first_generation_by_a_policy_that_allows_its_past() {
    let name = "vgca-g1-sub.pem";
    let mut policy = PathPolicy::any_usage();
    let Some(today) = chain(name, "vgca-g1-root.pem", &policy, year(2015)) else { return };
    let failure = today.unwrap_err();
    assert!(matches!(failure, PathError::WeakAlgorithm { .. }), "{failure}");
    policy.digests.push(DigestAlgorithm::Sha1ForLegacyUseOnly);
    let path = chain(name, "vgca-g1-root.pem", &policy, year(2015)).unwrap();
    assert_eq!(path.unwrap().chain().len(), 2);
}
