//! What `kyso verify` hands over (JSON, XML, PDF), and `kyso cert validate` with certificates and CRLs of OpenSSL.

mod house;

use std::path::Path;
use std::process::Output;

use house::{House, text};
use kyso_testkit::peer;
use serde_json::Value;

/// A desk with a signed PDF.
fn signed() -> House {
    let house = House::new();
    let uri = house.token("desk", "p256", &house.profile());
    house.pdf("a.pdf");
    house.expect(["sign", "--direct", "--credential", &uri, "-o", "a-signed.pdf", "a.pdf"]);
    house
}

#[test]
fn the_json_is_as_its_schema_says() {
    const CHECK: &str = "import json, sys, jsonschema\n\
        schema = json.load(open(sys.argv[1])); report = json.load(open(sys.argv[2]))\n\
        jsonschema.Draft202012Validator.check_schema(schema)\n\
        jsonschema.validate(report, schema)\n";
    let house = signed();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verification.schema.json");
    for (name, policy) in [("passed", "integrity-only"), ("open", "vn-public-service")] {
        let output =
            house.kyso(["verify", "--json", "--offline", "--policy", policy, "a-signed.pdf"]);
        let path = house.path(name);
        std::fs::write(&path, &output.stdout).expect("written");
        let python = peer::python();
        let arguments = [Path::new("-c"), Path::new(CHECK), &schema, &path];
        peer::run(python, arguments.map(Path::as_os_str)).expect_success();
        // DESIGN's contract.
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let first = &report["signatures"][0];
        for key in ["file", "format", "indication", "sub_indication", "signatures"] {
            assert!(report.get(key).is_some(), "{key}: {report:#}");
        }
        for key in [
            "id",
            "format",
            "level",
            "indication",
            "sub_indication",
            "errors",
            "warnings",
            "claimed_signing_time",
            "best_signature_time",
            "covers_whole_document",
            "changes",
            "timestamps",
        ] {
            assert!(first.get(key).is_some(), "{key}: {first:#}");
        }
        for key in ["subject", "issuer", "serial", "sha256"] {
            assert!(first["signer"][key].is_string(), "{key}: {first:#}");
        }
    }
}

#[test]
fn xml_and_pdf_are_handed_over() {
    let house = signed();
    let judged = ["verify", "--offline", "--policy", "integrity-only", "a-signed.pdf"];
    let xml = house.expect(judged.iter().chain(&["--etsi"]));
    assert!(xml.contains("urn:etsi:019102:mainindication:total-passed"), "{xml}");
    let shown = house.expect(judged.iter().chain(&["--pdf-report", "r.pdf", "--lang", "vi"]));
    assert!(shown.contains("chữ ký ĐẠT"), "{shown}");
    peer::run("qpdf", ["--check".into(), house.path("r.pdf").into_os_string()]).expect_success();
    let sum = kyso_x509::DigestAlgorithm::Sha256
        .digest(&std::fs::read(house.path("a-signed.pdf")).expect("read"));
    let page = peer::run("pdftotext", [house.path("r.pdf").into_os_string(), "-".into()]);
    assert!(page.text().contains(&hex::encode(sum.as_bytes())), "{}", page.text());
    // What is there is not replaced.
    let again = house.kyso(judged.iter().chain(&["--pdf-report", "r.pdf"]));
    assert_eq!(again.status.code(), Some(2), "{}", text(&again.stderr));
}

/// An authority in files: `root.pem`, `ee.pem`, an empty CRL and one that revokes `ee.pem`.
fn openssl_authority(house: &House) {
    let config = "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\ndefault_md = sha256\n\
        default_crl_days = 30\n[req]\ndistinguished_name = n\n[n]\n[root]\nbasicConstraints = critical,CA:TRUE\n\
        keyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n[ee]\n\
        keyUsage = critical,digitalSignature,nonRepudiation\n[server]\nextendedKeyUsage = serverAuth\n";
    std::fs::write(house.path("ca.cnf"), config).expect("written");
    let openssl = |line: &str| {
        let output = std::process::Command::new("openssl")
            .args(line.split_whitespace())
            .current_dir(house.folder.path())
            .output()
            .expect("openssl runs");
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    };
    let new =
        "req -x509 -config ca.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365";
    openssl(&format!(
        "{new} -extensions root -subj /CN=Root -keyout r.key -out r.pem -set_serial 1"
    ));
    let leaf = "-CA r.pem -CAkey r.key";
    openssl(&format!(
        "{new} -extensions ee -subj /CN=Ky {leaf} -keyout e.key -out ee.pem -set_serial 7"
    ));
    openssl(&format!(
        "{new} -extensions server -subj /CN=Web {leaf} -keyout s.key -out web.pem -set_serial 8"
    ));
    openssl(&format!(
        "req -x509 -config ca.cnf -newkey ed25519 -nodes -days 365 -extensions ee -subj /CN=Ed {leaf} \
         -keyout d.key -out edwards.pem -set_serial 9"
    ));
    let crl = "ca -config ca.cnf -gencrl -keyfile r.key -cert r.pem";
    std::fs::write(house.path("index.txt"), "").expect("written");
    openssl(&format!("{crl} -out good.crl"));
    let row = "R\t300101000000Z\t250101000000Z,keyCompromise\t07\tunknown\t/CN=Ky\n";
    std::fs::write(house.path("index.txt"), row).expect("written");
    openssl(&format!("{crl} -out revoked.crl"));
}

const fn weak() -> (Option<i32>, Option<&'static str>) {
    (Some(3), Some("algorithm-too-weak"))
}

#[test]
fn a_certificate_is_validated_with_its_reason() {
    let house = House::new();
    openssl_authority(&house);
    let validate = |more: &[&str]| -> (Option<i32>, Value) {
        let mut all = vec!["cert", "validate", "--json", "--offline", "--trust", "r.pem"];
        all.extend(more);
        let output: Output = house.kyso(&all);
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
        (output.status.code(), report)
    };
    let code = |report: &Value| report["errors"][0]["code"].as_str().map(str::to_owned);

    let (exit, report) = validate(&["ee.pem", "--evidence", "good.crl"]);
    assert_eq!(exit, Some(0), "{report:#}");
    assert_eq!(report["path"].as_array().map(Vec::len), Some(2), "{report:#}");
    assert_eq!(report["revocation"][0]["status"], "good", "{report:#}");
    assert_eq!(report["revocation"][0]["source"]["kind"], "CRL", "{report:#}");
    assert_eq!(report["policy"], "vn-public-service");

    let (exit, report) = validate(&["ee.pem", "--evidence", "revoked.crl"]);
    assert_eq!((exit, code(&report).as_deref()), (Some(1), Some("revoked")), "{report:#}");
    assert_eq!(report["revocation"][0]["reason"], "keyCompromise", "{report:#}");

    let (exit, report) = validate(&["ee.pem"]);
    assert_eq!((exit, code(&report).as_deref()), (Some(3), Some("revocation-unknown")));
    assert_eq!(report["needs"][0]["kind"], "revocation-status", "{report:#}");
    let (exit, report) = validate(&["ee.pem", "--policy", "integrity-only"]);
    assert_eq!((exit, &report["revocation_checked"]), (Some(0), &Value::Bool(false)));
    // A revocation that is known counts under every policy.
    let lenient = ["ee.pem", "--policy", "integrity-only", "--evidence", "revoked.crl"];
    assert_eq!(validate(&lenient).0, Some(1));

    let far = ["ee.pem", "--time", "2099-01-01T00:00:00Z", "--evidence", "good.crl"];
    let (exit, report) = validate(&far);
    assert_eq!((exit, code(&report).as_deref()), (Some(1), Some("expired")), "{report:#}");
    let (exit, report) = validate(&["web.pem", "--evidence", "good.crl"]);
    assert_eq!((exit, code(&report).as_deref()), (Some(3), Some("path")), "{report:#}");
    assert_eq!(validate(&["web.pem", "--usage", "any", "--evidence", "good.crl"]).0, Some(0));

    // The suites judge as they do for signatures: no policy of the State names Ed25519.
    for (policy, expected) in [("integrity-only", (Some(0), None)), ("vn-public-service", weak())] {
        let (exit, report) =
            validate(&["edwards.pem", "--policy", policy, "--evidence", "good.crl"]);
        assert_eq!((exit, code(&report).as_deref()), expected, "{report:#}");
        assert_eq!(report["path"].as_array().map(Vec::len), Some(2), "{report:#}");
    }

    // Several files: one object, the worst counts.
    let both = validate(&["ee.pem", "web.pem", "--usage", "any", "--evidence", "revoked.crl"]);
    assert_eq!(both.0, Some(1), "{:#}", both.1);
    assert_eq!(both.1["files"].as_array().map(Vec::len), Some(2));
    let shown = house.kyso([
        "cert",
        "validate",
        "--trust",
        "r.pem",
        "--offline",
        "--evidence",
        "revoked.crl",
        "--lang",
        "vi",
        "ee.pem",
    ]);
    let shown = text(&shown.stdout);
    assert!(shown.contains("chứng thư KHÔNG hợp lệ"), "{shown}");
    assert!(shown.contains("lộ khóa"), "{shown}");
}

/// Runs where the authorities' certificates lie beside the project (`../shared/vectors/trust`, or below `KYSO_SHARED`).
#[test]
fn both_chains_of_the_governments_authority_build_from_the_pins() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("KYSO_SHARED").map_or_else(beside, Into::into);
    let folder = shared.join("vectors/trust");
    if !folder.is_dir() {
        println!("skipped: no certificates of authorities beside the project");
        return;
    }
    let house = House::new();
    let file = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
    for name in ["vgca-g1-root.pem", "vgca-g2-root.pem"] {
        house.expect(["trust", "add", &file(name)]);
    }
    let validate = |name: &str, more: &[&str]| -> (Option<i32>, Value) {
        let file = file(name);
        let mut all = vec!["cert", "validate", "--usage", "any", "--json", "--offline", &file];
        all.extend(more);
        let output = house.kyso(&all);
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
        (output.status.code(), report)
    };
    let code = |report: &Value| report["errors"][0]["code"].as_str().map(str::to_owned);
    // G1's subordinate is signed with SHA-1: a path stands, but holds only up to the day that the policy names.
    let in_its_days = ["--time", "2016-06-01T00:00:00Z"];
    let today = ["--time", "2026-06-01T00:00:00Z"];
    for (name, time, expected) in [
        ("vgca-g1-sub.pem", in_its_days, "revocation-unknown"),
        ("vgca-g1-sub.pem", today, "algorithm-too-weak"),
        ("vgca-g2-state.pem", today, "revocation-unknown"),
        ("vgca-g2-party.pem", today, "revocation-unknown"),
    ] {
        let (exit, report) = validate(name, &time);
        assert_eq!((exit, code(&report).as_deref()), (Some(3), Some(expected)), "{report:#}");
        assert_eq!(report["path"].as_array().map(Vec::len), Some(2), "{report:#}");
        assert_eq!(report["trust_store"], "vgca");
        assert_eq!(report["policy"], "vn-public-service");
    }
}

#[test]
fn stored_evidence_repeats_the_report_byte_for_byte() {
    let house = signed();
    let asked = ["verify", "--json", "--offline", "--evidence-out", "evidence", "a-signed.pdf"];
    let first = house.kyso(asked);
    let report: Value = serde_json::from_slice(&first.stdout).expect("JSON");
    let time = report["validation_time"].as_str().expect("a time").to_owned();
    let repeat = |more: &[&str]| {
        let mut all = vec!["verify", "--offline", "--evidence", "evidence", "--time", &time];
        all.extend(more);
        all.push("a-signed.pdf");
        house.kyso(&all)
    };
    let again = repeat(&["--json"]);
    assert_eq!(text(&again.stdout), text(&first.stdout), "{}", text(&again.stderr));
    assert_eq!(again.status.code(), first.status.code());
    // The other forms, made without the folder at the same time, are the same as from it.
    let fresh = |more: &[&str]| {
        let mut all = vec!["verify", "--offline", "--time", &time];
        all.extend(more);
        all.push("a-signed.pdf");
        house.kyso(&all)
    };
    for form in [&["--json"][..], &["--etsi"], &["--lang", "vi"], &["--lang", "en"]] {
        assert_eq!(text(&repeat(form).stdout), text(&fresh(form).stdout), "{form:?}");
    }
    fresh(&["--pdf-report", "fresh.pdf"]);
    repeat(&["--pdf-report", "repeated.pdf"]);
    let page = |name: &str| std::fs::read(house.path(name)).expect("a page");
    assert!(page("fresh.pdf") == page("repeated.pdf"), "the PDF differs");
    // A folder that is there is not written into, and a file that was changed is refused.
    assert_eq!(house.kyso(asked).status.code(), Some(2));
    let folder = house.path("evidence/certificates");
    let certificate = std::fs::read_dir(folder).expect("a folder").next().expect("a file");
    let certificate = certificate.expect("an entry").path();
    let mut bytes = std::fs::read(&certificate).expect("read");
    bytes.push(0);
    std::fs::write(&certificate, bytes).expect("written");
    let refused = repeat(&[]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stdout));
    assert!(
        text(&refused.stderr).contains("the evidence was changed"),
        "{}",
        text(&refused.stderr)
    );
}
