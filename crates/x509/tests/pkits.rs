//! The NIST PKITS suite: every case as stated, with the revocation status from its CRLs.
//!
//! Runs where the suite stands beside the project (`../shared/vectors/pkits`, or below `KYSO_SHARED`).

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

use kyso_x509::path::{Moment, SearchFailure, search_path};
use kyso_x509::revocation::{Freshness, RevocationError, StatusEvidence, check_path};
use kyso_x509::{
    Certificate, CertificateError, CertificateList, ObjectIdentifier, PathError, PathPolicy, Time,
    TrustAnchor,
};
use std::path::{Path, PathBuf};

/// 2020-01-01: between the dates of the suite, which are 2010 and 2030.
const TIME: Time = Time::from_unix_seconds(1_577_836_800);
const CASES: usize = 246;
/// 4.1.4 and 4.1.5 hold by DSA, which nobody here computes.
const DSA: [&str; 2] = ["40104", "40105"];

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    name: String,
    cert: String,
    #[serde(default)]
    other_certs: Vec<String>,
    #[serde(default)]
    crls: Vec<String>,
    revocation: Option<bool>,
    error: Option<serde_json::Value>,
    #[serde(default)]
    params: Parameters,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    user_initial_policy_set: Vec<String>,
    initial_explicit_policy: bool,
    initial_policy_mapping_inhibit: bool,
    initial_any_policy_inhibit: bool,
}

fn suite() -> Option<PathBuf> {
    let shared = std::env::var_os("KYSO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("vectors/pkits");
    folder.is_dir().then_some(folder)
}

fn certificate(folder: &Path, name: &str) -> Result<Certificate, CertificateError> {
    Certificate::from_der(&std::fs::read(folder.join("certs").join(name)).unwrap())
}

/// Why a case fails.
enum Failure {
    /// The signature was spoiled so that it is no BIT STRING of whole bytes.
    Malformed(CertificateError),
    Path(SearchFailure<RevocationError>),
}

fn validate(folder: &Path, case: &Case) -> Result<(), Failure> {
    let end_entity = certificate(folder, &case.cert).map_err(Failure::Malformed)?;
    // What is no certificate says nothing, as in life.
    let candidates: Vec<_> =
        case.other_certs.iter().filter_map(|name| certificate(folder, name).ok()).collect();
    let anchor = certificate(folder, "TrustAnchorRootCertificate.crt").unwrap();
    let anchors = [TrustAnchor::from_certificate(anchor)];
    let crls: Vec<_> = case
        .crls
        .iter()
        .map(String::as_str)
        .chain(["TrustAnchorRootCRL.crl"])
        .map(|name| std::fs::read(folder.join("crls").join(name)).unwrap())
        .filter_map(|der| CertificateList::from_der(&der).ok())
        .collect();
    let mut policy = PathPolicy::any_usage();
    policy.policies = case
        .params
        .user_initial_policy_set
        .iter()
        .map(|policy| ObjectIdentifier::new(policy).unwrap())
        .collect();
    policy.explicit_policy = case.params.initial_explicit_policy;
    policy.inhibit_policy_mapping = case.params.initial_policy_mapping_inhibit;
    policy.inhibit_any_policy = case.params.initial_any_policy_inhibit;
    let asks_status = case.revocation != Some(false);
    search_path(&end_entity, &candidates, &anchors, &policy, Moment::At(TIME), &mut |path| {
        if asks_status {
            let certificates = &candidates;
            let evidence = StatusEvidence { certificates, crls: &crls, ocsp: &[] };
            check_path(path, evidence, &policy, Freshness::next_update(), TIME)?;
        }
        Ok(())
    })
    .map(|_| ())
    .map_err(Failure::Path)
}

/// Whether the reason is one for which the section of the suite lets paths fail.
fn is_reason_of_section(id: &str, failure: &Failure) -> bool {
    use PathError as E;
    let error = match failure {
        Failure::Malformed(_) => return id.starts_with("401"),
        Failure::Path(SearchFailure::Refused { .. }) => {
            return matches!(&id[..3], "404" | "405" | "414" | "415")
                || ["40704", "40705"].contains(&id);
        }
        Failure::Path(SearchFailure::NoPath(error)) => error,
    };
    match &id[..3] {
        "401" => matches!(error, E::SignatureInvalid { .. } | E::UnknownIssuer { .. }),
        "402" => matches!(error, E::Expired { .. } | E::NotYetValid { .. }),
        "403" => matches!(error, E::UnknownIssuer { .. }),
        "405" => {
            matches!(error, E::SignatureInvalid { .. } | E::NotACertificateAuthority { .. })
        }
        "406" => {
            matches!(error, E::NotACertificateAuthority { .. } | E::PathLenConstraint { .. })
        }
        "407" => matches!(error, E::NotForCertificateSigning { .. }),
        "410" => matches!(error, E::PolicyNotAccepted { .. } | E::AnyPolicyMapped { .. }),
        "408" | "409" | "411" | "412" => matches!(error, E::PolicyNotAccepted { .. }),
        "413" => matches!(error, E::NameNotPermitted { .. } | E::NameExcluded { .. }),
        "416" => matches!(error, E::UnknownCriticalExtension { .. }),
        _ => false,
    }
}

#[test]
fn every_case_ends_as_stated() {
    let Some(folder) = suite() else {
        println!("skipped: no PKITS suite beside the project");
        return;
    };
    let cases: Vec<Case> =
        serde_json::from_slice(&std::fs::read(folder.join("pkits.json")).unwrap()).unwrap();
    assert_eq!(cases.len(), CASES);
    let (mut as_stated, mut unsupported, mut wrong) = (0, 0, Vec::new());
    for case in &cases {
        let result = validate(&folder, case);
        let verdict = match &result {
            Ok(()) => "holds".to_owned(),
            Err(Failure::Malformed(error)) => format!("malformed: {error}"),
            Err(Failure::Path(SearchFailure::NoPath(error))) => format!("no path: {error}"),
            Err(Failure::Path(SearchFailure::Refused { error, .. })) => format!("refused: {error}"),
        };
        let line = format!("{} {}: {verdict}", case.id, case.name);
        if DSA.contains(&case.id.as_str()) {
            match result {
                Err(Failure::Path(SearchFailure::NoPath(error)))
                    if error.unsupported_algorithm().is_some() =>
                {
                    unsupported += 1;
                }
                _ => wrong.push(line),
            }
            continue;
        }
        match (&case.error, result) {
            (None, Ok(())) => as_stated += 1,
            (Some(_), Err(failure)) if is_reason_of_section(&case.id, &failure) => as_stated += 1,
            _ => wrong.push(line),
        }
    }
    println!(
        "PKITS: {as_stated} of {CASES} as stated, {unsupported} of DSA refused as unsupported"
    );
    assert!(wrong.is_empty(), "not as stated:\n{}", wrong.join("\n"));
    assert_eq!((as_stated, unsupported), (CASES - DSA.len(), DSA.len()));
}
