//! OpenSSL over the pieces of the table's cases: paths and lists, tokens, signature values. Where it judges
//! otherwise, the reason stands here.
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
use kyso_testkit::peer::run;
use kyso_x509::Time;
use mint::day;
use scene::{Case, Scene, cases};
use std::fs::write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Cases that OpenSSL judges otherwise, with its answer and why.
const DIVERGENCES: &[(&str, &str, &str)] = &[
    (
        "status at its very nextUpdate",
        "12",
        "it takes the very second of nextUpdate for too late; §5.2.5.4 does not",
    ),
    (
        "last day of the certificate",
        "10",
        "it takes the very second of notAfter for too late; RFC 5280 §4.1.2.5 includes it",
    ),
    (
        "expired, the last status from before is stale",
        "12",
        "it names the list before the certificate; we the reverse",
    ),
    ("expired, no status at all", "3", "it names the list before the certificate; we the reverse"),
    ("held", "23", "it makes no difference between held and revoked; §5.2.6.4 does: TRY_LATER"),
    (
        "revoked in an old list, the newer one forgets it",
        "ok",
        "it heeds the newest list alone; we believe no list that takes a revocation back",
    ),
    ("delta that revokes", "ok", "it looks for deltas only where freshestCRL announces them"),
    ("delta that releases", "23", "it looks for deltas only where freshestCRL announces them"),
    (
        "held and taken back in one list",
        "23",
        "both heed the suspension; it makes no difference between held and revoked",
    ),
];

/// Steps about which `openssl verify` is not asked: it knows no OCSP responses, no proofs, no policies of ours.
const NOT_OF_PATHS: &[&str] =
    &["stamp", "archive", "ocsp", "policy", "lapse", "refuse", "other-content", "sign-"];

#[test]
fn paths_and_lists_are_judged_as_by_openssl() {
    let folder = TempDir::new().unwrap();
    let mut agreed = 0;
    let mut otherwise = Vec::new();
    for case in cases() {
        if NOT_OF_PATHS.iter().any(|step| case.steps.contains(step)) {
            continue;
        }
        let scene = Scene::of(&case);
        let theirs = path_verdict(&folder, &case, &scene);
        if accepted_answers(&case.verdict).contains(&theirs.as_str()) {
            agreed += 1;
        } else {
            otherwise.push((case.name, theirs, case.verdict));
        }
    }
    println!("openssl verify: {agreed} agree, {} differ", otherwise.len());
    let found: Vec<_> = otherwise.iter().map(|(name, theirs, _)| (&**name, &**theirs)).collect();
    let expected: Vec<_> = DIVERGENCES.iter().map(|(name, theirs, _)| (*name, *theirs)).collect();
    assert_eq!(found, expected, "{otherwise:#?}");
    assert!(agreed >= 30, "{agreed}");
}

/// Error numbers of X509_verify_cert for what we say; `ok` where it is content.
fn accepted_answers(ours: &str) -> &'static [&'static str] {
    match ours {
        "TOTAL-PASSED" => &["ok"],
        "INDETERMINATE (REVOKED_NO_POE)" | "INDETERMINATE (REVOKED_CA_NO_POE)" => &["23"],
        "INDETERMINATE (OUT_OF_BOUNDS_NO_POE)" | "INDETERMINATE (OUT_OF_BOUNDS_NOT_REVOKED)" => {
            &["10"]
        }
        "TOTAL-FAILED (NOT_YET_VALID)" => &["9"],
        // No list, one that is not valid yet or no more, of another scope, or with a bad signature.
        "INDETERMINATE (TRY_LATER)" => &["3", "8", "11", "12", "44"],
        "INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND)" => &["2", "20"],
        "INDETERMINATE (CHAIN_CONSTRAINTS_FAILURE)" => &["26"],
        _ => &[],
    }
}

fn path_verdict(folder: &TempDir, case: &Case, scene: &Scene) -> String {
    let world = &scene.world;
    let anchors = world.trust.stores[0].anchors.iter();
    let anchors: Vec<_> = anchors.map(|one| one.certificate().as_der().to_vec()).collect();
    let mut others = vec![world.authority_certificate.as_der().to_vec()];
    others.extend(world.evidence.certificates.iter().map(|one| one.as_der().to_vec()));
    let embedded = scene.signed.as_ref().unwrap().embedded_evidence(0).crls;
    let lists = world.evidence.crls.iter().chain(&embedded);
    let lists: Vec<_> = lists.map(|one| one.as_der().to_vec()).collect();
    let file = |name: &str, label: &str, members: &[Vec<u8>]| {
        let path = folder.path().join(name);
        let text: String = members.iter().map(|der| pem(label, der)).collect();
        write(&path, text).unwrap();
        path.display().to_string()
    };
    let trusted = file("trusted.pem", "CERTIFICATE", &anchors);
    let untrusted = file("untrusted.pem", "CERTIFICATE", &others);
    let signer = file("signer.pem", "CERTIFICATE", &[world.certificate.as_der().to_vec()]);
    let time = day(case.at).as_unix_seconds().to_string();
    let mut arguments = vec!["verify", "-attime", &time, "-crl_check_all", "-extended_crl"];
    arguments.extend(["-use_deltas", "-purpose", "smimesign", "-untrusted", &untrusted]);
    if anchors.is_empty() {
        arguments.extend(["-no-CAfile", "-no-CApath", "-no-CAstore"]);
    } else {
        arguments.extend(["-CAfile", &trusted]);
    }
    let list_file = file("lists.pem", "X509 CRL", &lists);
    if !lists.is_empty() {
        arguments.extend(["-CRLfile", &list_file]);
    }
    arguments.push(&signer);
    let verdict = run("openssl", &arguments);
    if verdict.success {
        return "ok".to_owned();
    }
    // "error 23 at 0 depth lookup: certificate revoked"
    let said = format!("{}{}", verdict.text(), verdict.stderr);
    let number = said.split("error ").find_map(|part| part.split_once(" at "));
    number.map_or(said.clone(), |(number, _)| number.to_owned())
}

#[test]
fn signature_values_and_digests_are_judged_as_by_openssl() {
    let folder = TempDir::new().unwrap();
    let (message, content) = (folder.path().join("message"), folder.path().join("content"));
    let mut agreed = 0;
    for case in cases() {
        let scene = Scene::of(&case);
        write(&message, scene.signed.as_ref().unwrap().to_der().unwrap()).unwrap();
        write(&content, scene.content).unwrap();
        let mut arguments = words("cms -verify -noverify -binary -inform DER -out");
        arguments.push(folder.path().join("out"));
        arguments.extend([PathBuf::from("-in"), message.clone()]);
        arguments.extend([PathBuf::from("-content"), content.clone()]);
        let theirs = run("openssl", &arguments);
        let ours = !case.verdict.contains("HASH_FAILURE") && !case.verdict.contains("SIG_CRYPTO");
        assert_eq!(theirs.success, ours, "{}: {}", case.name, theirs.stderr);
        agreed += 1;
    }
    println!("openssl cms -verify: {agreed} agree");
}

#[test]
fn tokens_are_judged_as_by_openssl() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let mut agreed = 0;
    for case in cases() {
        let scene = Scene::of(&case);
        let world = &scene.world;
        write(path.join("root"), pem("CERTIFICATE", world.root_certificate.as_der())).unwrap();
        write(path.join("others"), pem("CERTIFICATE", world.authority_certificate.as_der()))
            .unwrap();
        let signer = &scene.signed.as_ref().unwrap().signer_infos()[0];
        for token in signer.signature_time_stamps().into_iter().chain(signer.content_time_stamps())
        {
            let token = token.unwrap();
            let info = token.info();
            let within = |time: Time| {
                world.tsa_certificate.validity().contains(time)
                    && world.authority_certificate.validity().contains(time)
            };
            let imprint = info.message_imprint().as_bytes();
            write(path.join("token"), token.as_received()).unwrap();
            for time in [info.gen_time(), day(case.at)] {
                assert_eq!(judge_token(path, imprint, time), within(time), "{}", case.name);
                agreed += 1;
            }
            assert!(!judge_token(path, &[0; 32], info.gen_time()), "{}: imprint", case.name);
        }
    }
    println!("openssl ts -verify: {agreed} agree");
    assert!(agreed >= 100, "{agreed}");
}

fn judge_token(path: &Path, imprint: &[u8], time: Time) -> bool {
    let imprint: String = imprint.iter().map(|byte| format!("{byte:02x}")).collect();
    let time = time.as_unix_seconds();
    let mut arguments =
        words(&format!("ts -verify -token_in -digest {imprint} -attime {time} -in"));
    arguments.extend([path.join("token"), PathBuf::from("-CAfile"), path.join("root")]);
    arguments.extend([PathBuf::from("-untrusted"), path.join("others")]);
    run("openssl", &arguments).success
}

fn words(line: &str) -> Vec<PathBuf> {
    line.split(' ').map(PathBuf::from).collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
