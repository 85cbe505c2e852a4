//! Later revisions that pyHanko writes, judged by pyHanko's difference policy and by kyso: where the two disagree, the
//! table says why.

mod house;

use std::path::PathBuf;

use house::House;
use kyso_testkit::peer::pyhanko::{self, SignOptions};
use kyso_testkit::peer::{self, openssl};
use serde_json::Value;

/// What is added, and whether the first signature stays good: for pyHanko and for kyso, after an approval and after a
/// certification that allows form filling.
const CASES: &[(&str, [bool; 2], [bool; 2])] = &[
    ("evidence", [true, true], [true, true]),
    // Without a certification pyHanko takes form filling for lawful; kyso wants the signer to have said so.
    ("fill", [true, true], [false, true]),
    // pyHanko looks at keys, not at what a field shows; kyso wants the value shown.
    ("stale", [true, true], [false, false]),
    ("lie", [true, true], [false, false]),
    // In a certified document a new field that can be seen is the first half of a sneaky signature.
    ("field", [true, false], [true, false]),
    // A title stands in the window's caption; kyso takes it for what was signed.
    ("title", [true, true], [false, false]),
    ("content", [false, false], [false, false]),
    ("note", [false, false], [false, false]),
];

/// A PKCS#12 file by OpenSSL, its certificate by the house's authority.
fn key_file(house: &House) -> PathBuf {
    let at = |name: &str| house.path(name).display().to_string();
    let curve = "ec_paramgen_curve:P-256";
    let key = at("theirs-key.pem");
    peer::run("openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", curve, "-out", &key])
        .expect_success();
    let pem = std::fs::read_to_string(house.path("theirs-key.pem")).expect("the key");
    let leaf = house.authority.issue(&house.profile(), &openssl::spki_der(&pem)).expect("a leaf");
    let leaf = kyso_testkit::authority::certificate_pem(&leaf);
    std::fs::write(house.path("theirs.pem"), leaf).expect("written");
    std::fs::write(house.path("chain.pem"), house.authority.intermediate_pem()).expect("written");
    let (leaf, chain, out) = (at("theirs.pem"), at("chain.pem"), at("theirs.p12"));
    let password = format!("pass:{}", house::PIN);
    let arguments = ["pkcs12", "-export", "-inkey", &key, "-in", &leaf, "-certfile", &chain];
    let arguments = arguments.into_iter().chain(["-passout", &password, "-out", &out]);
    peer::run("openssl", arguments).expect_success();
    house.path("theirs.p12")
}

fn first(house: &House, name: &str) -> (bool, bool, Value) {
    let said = pyhanko::validate(&house.path(name), &house.path("root.pem")).expect("signatures");
    let output = house.kyso(["verify", "--json", "--policy", "integrity-only", name]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let ours = report["signatures"][0]["indication"] == "TOTAL-PASSED";
    (said[0].bottom_line, ours, report["signatures"][0].clone())
}

#[test]
fn kyso_is_as_strict_as_pyhanko_or_stricter_for_a_reason() {
    let house = House::new();
    let key = key_file(&house);
    house.pdf("plain.pdf");
    let root = house.path("root.pem");
    pyhanko::revise(&house.path("plain.pdf"), &house.path("form.pdf"), "form", &root);
    let sign = |from: &str, to: &str, field: &str, certify: bool, visible| {
        let options = SignOptions { field, certify, visible, ..SignOptions::default() };
        pyhanko::sign(&house.path(from), &house.path(to), &key, house::PIN, &options);
    };
    let mut wrong = Vec::new();
    for (column, certify) in [false, true].into_iter().enumerate() {
        sign("form.pdf", "signed.pdf", "First", certify, None);
        for (what, theirs, ours) in CASES {
            pyhanko::revise(&house.path("signed.pdf"), &house.path("revised.pdf"), what, &root);
            let (they, we, report) = first(&house, "revised.pdf");
            if (they, we) != (theirs[column], ours[column]) {
                wrong.push(format!(
                    "{what}, certified {certify}: pyHanko {they}, kyso {we}: {report:#}"
                ));
            }
        }
        // A second signature, seen by nobody; then one that is seen.
        sign("signed.pdf", "twice.pdf", "Second", false, None);
        let (they, we, report) = first(&house, "twice.pdf");
        if (they, we) != (true, true) {
            wrong.push(format!(
                "second, certified {certify}: pyHanko {they}, kyso {we}: {report:#}"
            ));
        }
        sign("signed.pdf", "seen.pdf", "Second", false, Some((0, [300, 100, 400, 150])));
        let (they, we, report) = first(&house, "seen.pdf");
        if (they, we) != (!certify, !certify) {
            wrong.push(format!("seen, certified {certify}: pyHanko {they}, kyso {we}: {report:#}"));
        }
        if !certify {
            let changes = report["changes"].as_array().expect("changes");
            let seen = changes.iter().any(|one| {
                one["text"].as_str().is_some_and(|text| text.contains("[300 100 400 150]"))
            });
            assert!(seen, "{report:#}");
        }
        sign("revised.pdf", "more.pdf", "Third", false, None);
    }
    // An empty field that was there is signed within its rectangle: lawful in a certified document too.
    pyhanko::revise(&house.path("form.pdf"), &house.path("fields.pdf"), "field", &root);
    sign("fields.pdf", "signed.pdf", "First", true, None);
    sign("signed.pdf", "filled.pdf", "Later", false, None);
    let (they, we, report) = first(&house, "filled.pdf");
    if (they, we) != (true, true) {
        wrong.push(format!("field of before: pyHanko {they}, kyso {we}: {report:#}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
