//! `kyso trust` from the command line: pins, one's own stores, and a bundle that travels.

mod house;

use std::path::PathBuf;

use house::House;
use kyso_testkit::{Authority, Curve};
use serde_json::Value;

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn fingerprint(der: &[u8]) -> String {
    kyso_x509::Certificate::from_der(der)
        .expect("a certificate")
        .sha256_fingerprint()
        .as_bytes()
        .iter()
        .fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// Runs, expects this exit code, gives both outputs.
#[track_caller]
fn exit(house: &House, arguments: &[&str], code: i32) -> (String, String) {
    let output = house.kyso(arguments);
    let (out, err) = (house::text(&output.stdout), house::text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    (out, err)
}

#[test]
fn a_store_is_made_listed_checked_and_seen_by_the_doctor() {
    let house = House::new();
    assert!(house.expect(["trust", "list"]).contains("no trust store yet"));
    let (_, err) = exit(&house, &["trust", "add", "root.pem"], 2);
    assert!(err.contains("which store") && err.contains("--store"), "{err}");
    let (_, err) = exit(&house, &["trust", "add", "root.pem", "--store", "own"], 2);
    assert!(err.contains("nobody vouches") && err.contains("--fingerprint"), "{err}");
    let (_, err) =
        exit(&house, &["--lang", "vi", "trust", "add", "root.pem", "--store", "vgca"], 2);
    assert!(err.contains("chỉ nhận chứng thư gốc đã ghim"), "{err}");
    let right = fingerprint(house.authority.root_der());
    let wrong = right.replace(|letter: char| letter == right.chars().next().expect("a digit"), "f");
    let add = |digits: &str| {
        house.kyso(["trust", "add", "root.pem", "--store", "own", "--fingerprint", digits])
    };
    if wrong != right {
        assert_eq!(add(&wrong).status.code(), Some(2));
    }
    assert_eq!(add("beef").status.code(), Some(2));
    assert!(add(&right).status.success());
    let listed = json(&house.expect(["trust", "list", "--json"]));
    assert_eq!(listed["stores"][0]["name"], "own");
    assert_eq!(listed["stores"][0]["policy"], "vn-public-service");
    assert_eq!(listed["stores"][0]["certificates"][0]["sha256"], right);
    assert!(house.expect(["trust", "list"]).contains("not among the pins"));
    // Its administrator alone vouches for it, which is said and no fault.
    assert!(house.expect(["trust", "check"]).contains("has no pin"));
    let doctor = json(&house::text(&house.kyso(["doctor", "--json"]).stdout));
    let rows = doctor["findings"].as_array().expect("findings");
    assert!(
        rows.iter()
            .any(|row| row["text"].as_str().is_some_and(|text| text.starts_with("Store own")))
    );
    // A hand-made change is found.
    std::fs::write(house.path("trust/own/store.toml"), "name = \"own\"\n").expect("written");
    let (out, _) = exit(&house, &["trust", "check"], 1);
    assert!(out.contains("policy"), "{out}");
    exit(&house, &["trust", "list"], 2);
}

#[test]
fn a_bundle_travels_to_a_desk_without_internet() {
    let house = House::new();
    let credential = house.token("admin", "p256", &house.profile());
    std::fs::write(house.path("sub.pem"), house.authority.intermediate_pem()).expect("written");
    let root = fingerprint(house.authority.root_der());
    let sub = fingerprint(house.authority.intermediate_der());
    for (file, digits) in [("root.pem", &root), ("sub.pem", &sub)] {
        house.expect(["trust", "add", file, "--store", "own", "--fingerprint", digits]);
    }
    let made = json(&house.expect([
        "trust",
        "bundle",
        "--out",
        "trust.p7m",
        "--credential",
        &credential,
        "--json",
    ]));
    let signer = made["signer"].as_str().expect("a fingerprint").to_owned();
    assert_eq!((&made["certificates"], &made["crls"]), (&Value::from(2), &Value::from(0)));
    assert!(made["journal_entry"].is_u64(), "a bundle is signed as everything else: {made}");
    // It is not replaced unasked.
    exit(&house, &["trust", "bundle", "--out", "trust.p7m", "--credential", &credential], 2);

    let away = House::new();
    let bundle = house.path("trust.p7m");
    let bundle = bundle.to_str().expect("UTF-8");
    exit(&away, &["trust", "import", bundle], 2);
    let other = "ab".repeat(32);
    let (_, err) = exit(&away, &["--lang", "vi", "trust", "import", bundle, "--signer", &other], 2);
    assert!(err.contains("người khác ký") && err.contains(&signer.to_uppercase()), "{err}");
    assert!(!away.path("trust/own").exists());
    away.expect(["trust", "import", bundle, "--signer", &signer]);
    let listed = json(&away.expect(["trust", "list", "--json"]));
    assert_eq!(listed["stores"][0]["bundle"]["signer"], signer.as_str());
    assert_eq!(listed["stores"][0]["certificates"].as_array().map(Vec::len), Some(2));
    let (_, err) = exit(&away, &["trust", "import", bundle, "--signer", &signer], 2);
    assert!(err.contains("--accept-older"), "{err}");
    away.expect(["trust", "import", bundle, "--signer", &signer, "--accept-older"]);
    // By the path instead of the fingerprint.
    let anchor: PathBuf = house.path("root.pem");
    let anchor = anchor.to_str().expect("UTF-8");
    away.expect(["trust", "import", bundle, "--trust", anchor, "--accept-older"]);
    let foreign = Authority::new(Curve::P256, away.now - 86_400, away.now + 86_400).expect("made");
    std::fs::write(away.path("foreign.pem"), foreign.root_pem()).expect("written");
    exit(&away, &["trust", "import", bundle, "--trust", "foreign.pem", "--accept-older"], 2);
    // One byte.
    let mut bytes = std::fs::read(bundle).expect("the bundle");
    let at = bytes.windows(3).position(|three| three == b"own").expect("a name");
    bytes[at] = b'x';
    std::fs::write(away.path("bad.p7m"), bytes).expect("written");
    let (_, err) = exit(&away, &["trust", "import", "bad.p7m", "--signer", &signer], 2);
    assert!(err.contains("was changed"), "{err}");
}
