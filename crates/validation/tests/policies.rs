//! Policies as files: the built-in ones hold what they promise, and wrong files are refused with key and line.

use kyso_validation::policy::{Expiry, Policy, PolicyError, PolicyFault};
use kyso_x509::{DigestAlgorithm, Time};
use proptest::prelude::*;

fn built_in(name: &str) -> Policy {
    Policy::built_in(name).unwrap_or_else(|| panic!("{name} is built in"))
}

fn text(name: &str) -> &'static str {
    Policy::built_in_toml(name).expect("built in")
}

#[test]
fn each_built_in_policy_reads_and_comes_back_the_same() {
    assert_eq!(
        Policy::names(),
        ["vn-public-service", "vn-public-ca", "eidas-like", "integrity-only"]
    );
    for name in Policy::names() {
        let policy =
            Policy::from_toml(text(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(policy.name, name);
        let written = policy.to_toml().expect("it can be written");
        assert_eq!(Policy::from_toml(&written).expect("it reads back"), policy, "{written}");
    }
    assert_eq!(Policy::built_in("revocation-required"), None);
}

#[test]
fn revocation_is_demanded_by_all_but_integrity_only() {
    for name in Policy::names() {
        let policy = built_in(name);
        let demanded = name != "integrity-only";
        assert_eq!(policy.revocation.required, demanded, "{name}");
        assert_eq!(policy.timestamps.revocation_required, demanded, "{name}");
        assert_eq!(policy.signature.require_path, demanded, "{name}");
        assert!(policy.signature.require_signing_certificate, "{name}");
    }
    assert!(built_in(Policy::OF_BARE_ANCHORS).revocation.required);
}

#[test]
fn sha_1_and_short_keys_have_lapsed_everywhere() {
    let today = Time::from_unix_seconds(1_790_000_000);
    for name in Policy::names() {
        let suites = built_in(name).suites;
        let sha1 = suites.digests[&DigestAlgorithm::Sha1ForLegacyUseOnly];
        assert!(!sha1.covers(today), "{name}");
        for rule in suites.rsa_pkcs1.iter().chain(&suites.rsa_pss) {
            assert!(rule.min_bits >= 1900 || !rule.expiry.covers(today), "{name}: {rule:?}");
        }
        assert!(suites.digests[&DigestAlgorithm::Sha256].covers(today), "{name}");
    }
}

/// Circular 15/2025/TT-BKHCN: RSA from 2048 bits, ECDSA, SHA-2 and SHA-3, and nothing else.
#[test]
fn the_vietnamese_policies_take_what_the_circular_names() {
    for name in ["vn-public-service", "vn-public-ca"] {
        let policy = built_in(name);
        assert!(policy.suites.rsa_pss.iter().all(|rule| rule.min_bits >= 2048), "{name}");
        assert!(policy.suites.rsa_pkcs1.iter().all(|rule| rule.min_bits >= 2048), "{name}");
        assert_eq!(policy.suites.ed25519, None, "{name}");
        assert!(policy.suites.ml_dsa.is_empty(), "{name}");
        assert_eq!(policy.signature.local_time_as_utc, Some(7 * 3600), "{name}");
    }
    assert_eq!(built_in("vn-public-service").signature.rsa_pkcs1_until, Expiry::Never);
    assert!(matches!(built_in("vn-public-ca").signature.rsa_pkcs1_until, Expiry::At(_)));
}

#[test]
fn a_wrong_file_is_refused_with_key_and_line() {
    let good = text("integrity-only");
    let cases = [
        ("name = \"integrity-only\"", "name = \"../up\"", "name", PolicyFault::Name),
        ("SHA-256 = \"never\"", "MD5 = \"never\"", "suites.digests", PolicyFault::Digest),
        (
            "SHA-256 = \"never\"",
            "SHA-256 = \"2029-02-29T00:00:00Z\"",
            "suites.digests",
            PolicyFault::Time,
        ),
        ("SHA-256 = \"never\"", "SHA-256 = \"2029-01-01\"", "suites.digests", PolicyFault::Time),
        ("P-256 = \"never\"", "P-224 = \"never\"", "suites.ecdsa", PolicyFault::Curve),
        ("ML-DSA-44", "ML-DSA-45", "suites.ml-dsa", PolicyFault::ParameterSet),
        (
            "policies = []",
            "policies = [\"2.999.x\"]",
            "path.policies",
            PolicyFault::ObjectIdentifier,
        ),
        ("min-bits = 2048", "min-bits = 1023", "suites.rsa-pkcs1", PolicyFault::Order),
        (
            "max-rounds = 8",
            "max-rounds = 0",
            "limits.max-rounds",
            PolicyFault::Range { least: 1, most: 100_000, found: 0 },
        ),
        (
            "max-status-depth = 3",
            "max-status-depth = 17",
            "limits.max-status-depth",
            PolicyFault::Range { least: 1, most: 16, found: 17 },
        ),
        (
            "clock-skew = 300",
            "clock-skew = -1",
            "revocation.clock-skew",
            PolicyFault::Range { least: 0, most: 86_400, found: -1 },
        ),
    ];
    for (from, to, key, fault) in cases {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let lines: Vec<&str> = bad.lines().collect();
        let at = lines.iter().rposition(|line| line.contains(to)).expect("it stands there");
        let expected = at + 1;
        match Policy::from_toml(&bad) {
            Err(PolicyError::Value { key: found_key, line, fault: found }) => {
                assert_eq!((found_key, line, found), (key, expected, fault), "{to}");
            }
            other => panic!("{to}: {other:?}"),
        }
    }
}

#[test]
fn unknown_and_missing_keys_are_errors() {
    let good = text("eidas-like");
    let misspelt = good.replacen("required = true", "required = true\nrequire = false", 1);
    let line = misspelt.lines().position(|line| line == "require = false").map(|at| at + 1);
    match Policy::from_toml(&misspelt) {
        Err(error @ PolicyError::Toml { .. }) => {
            assert_eq!(error.line(), line);
            assert!(error.to_string().contains("require"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    // No demand may vanish with its line.
    let keys = good.lines().filter(|line| {
        !line.trim_start().starts_with(['#', '{', ']', '"', '['])
            && line.contains(" = ")
            && !line.ends_with('[')
            && !line.starts_with("SHA")
            && !line.starts_with("P-")
            && !line.starts_with("brainpool")
    });
    for key in keys {
        let without = good.replacen(&format!("{key}\n"), "", 1);
        assert!(Policy::from_toml(&without).is_err(), "`{key}` may be left out");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}", cut in 0_usize..6000) {
        let _ = Policy::from_toml(&text);
        let good = Policy::built_in_toml("eidas-like").unwrap_or_default();
        let prefix: String = good.chars().take(cut).chain(text.chars()).collect();
        let _ = Policy::from_toml(&prefix);
    }

    #[test]
    fn any_second_comes_back(seconds in 0_i64..250_000_000_000) {
        let mut policy = built_in("eidas-like");
        policy.signature.rsa_pkcs1_until = Expiry::At(Time::from_unix_seconds(seconds));
        let written = policy.to_toml().expect("it can be written");
        prop_assert_eq!(Policy::from_toml(&written).expect("it reads back"), policy);
    }
}
