//! `kyso cert validate` on NIST's PKITS: each path ends as stated, with what a policy file can say.
//!
//! Runs where the suite lies beside the project (`../shared/vectors/pkits`, or below `KYSO_SHARED`). Two of its inputs have
//! no key in policy files, initial-policy-mapping-inhibit and initial-any-policy-inhibit: the cases that set one are
//! skipped here (`kyso-x509` runs them), and counted.

mod house;

use std::path::{Path, PathBuf};

use house::{House, text};
use serde_json::Value;

/// Within the validity of what the suite holds to be valid.
const TIME: &str = "2020-01-01T00:00:00Z";

/// As stated, refused because DSA is not computed here, and skipped.
const EXPECTED: (usize, usize, usize) = (240, 2, 4);

fn suite() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("KYSO_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("vectors/pkits");
    folder.is_dir().then_some(folder)
}

fn names<'a>(case: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    case[key].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The policy of public service with the case's inputs.
fn policy(case: &Value) -> String {
    let parameters = &case["params"];
    let policies: Vec<_> = names(parameters, "user_initial_policy_set").collect();
    let explicit = parameters["initial_explicit_policy"].as_bool().unwrap_or_default();
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../hsm-config/policies/vn-public-service.toml");
    let text = std::fs::read_to_string(file).expect("the built-in policy's file");
    let text = text.replacen("policies = []", &format!("policies = {policies:?}"), 1).replacen(
        "explicit-policy = false",
        &format!("explicit-policy = {explicit}"),
        1,
    );
    // Cases about the path alone have no CRLs.
    match case["revocation"].as_bool() {
        Some(false) => text.replacen("required = true", "required = false", 1),
        _ => text,
    }
}

#[test]
fn every_path_ends_as_stated() {
    let Some(folder) = suite() else {
        println!("skipped: no PKITS suite beside the project");
        return;
    };
    let cases = std::fs::read(folder.join("pkits.json")).expect("the suite's list");
    let cases: Vec<Value> = serde_json::from_slice(&cases).expect("JSON");
    let house = House::new();
    let path = |kind: &str, name: &str| folder.join(kind).join(name).display().to_string();
    let anchor = path("certs", "TrustAnchorRootCertificate.crt");
    let (mut as_stated, mut dsa, mut skipped) = (0, 0, 0);
    for (number, case) in cases.iter().enumerate() {
        let set = |key: &str| case["params"][key] == Value::Bool(true);
        if set("initial_policy_mapping_inhibit") || set("initial_any_policy_inhibit") {
            skipped += 1;
            continue;
        }
        std::fs::write(house.path("policy.toml"), policy(case)).expect("written");
        let mut arguments: Vec<String> = [
            "cert",
            "validate",
            "--offline",
            "--json",
            "--usage",
            "any",
            "--policy",
            "policy.toml",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.extend(["--time".to_owned(), TIME.to_owned(), "--trust".to_owned()]);
        arguments.push(anchor.clone());
        // In folders: of these a file that is no CRL or certificate is left out, as in life.
        let id = case["id"].as_str().expect("an id");
        let folder_of = |option: &str, kind: &str, names: &mut dyn Iterator<Item = &str>| {
            let target = house.path(&format!("{number}-{kind}"));
            std::fs::create_dir(&target).expect("a folder");
            for name in names {
                std::fs::copy(path(kind, name), target.join(name)).expect("copied");
            }
            [option.to_owned(), target.display().to_string()]
        };
        arguments.extend(folder_of("--untrusted", "certs", &mut names(case, "other_certs")));
        let mut crls = names(case, "crls").chain(["TrustAnchorRootCRL.crl"]);
        arguments.extend(folder_of("--evidence", "crls", &mut crls));
        arguments.push(path("certs", case["cert"].as_str().expect("a name")));
        let output = house.kyso(&arguments);
        let valid = case.get("error").is_none_or(Value::is_null);
        let said = text(&output.stdout);
        let name = &case["name"];
        match (valid, output.status.code()) {
            (true, Some(0)) | (false, Some(1 | 3)) => as_stated += 1,
            // A signature that was spoiled until the certificate is none.
            (false, Some(2)) if id.starts_with("401") => as_stated += 1,
            (true, Some(3)) if said.contains("algorithm-not-supported") => dsa += 1,
            (_, code) => panic!("{name}: {code:?}: {said}{}", text(&output.stderr)),
        }
    }
    println!("PKITS: {as_stated} as stated, {dsa} with DSA refused by name, {skipped} skipped");
    assert_eq!((as_stated, dsa, skipped), EXPECTED);
}
