//! XML documents through the program: each kind signed in its place, judged here and by xmlsec1, and refused by name.

mod house;

use house::{House, text};
use kyso_testkit::clinic::{Clinic, edxml};
use kyso_testkit::peer;
use serde_json::Value;

fn clinic() -> Clinic {
    Clinic::new("51012", 11)
}

fn write(house: &House, name: &str, bytes: &[u8]) {
    std::fs::write(house.path(name), bytes).expect("a file");
}

/// The report on a file under the house's own anchors, and the exit code.
#[track_caller]
fn verify(house: &House, file: &str) -> (Value, i32) {
    let output = house.kyso(["verify", "--json", "--policy", "integrity-only", file]);
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    (json, output.status.code().unwrap_or(-1))
}

/// xmlsec1 on the `number`-th signature of a file.
#[track_caller]
fn xmlsec(house: &House, file: &str, number: usize, ids: &[&str]) -> bool {
    let select = format!("(//*[local-name()='Signature'])[{number}]");
    let (root, path) = (house.path("root.pem"), house.path(file));
    let (root, path) = (root.to_str().expect("UTF-8"), path.to_str().expect("UTF-8"));
    let mut arguments = vec!["--verify", "--trusted-pem", root, "--enabled-key-data", "x509"];
    for id in ids {
        arguments.extend(["--id-attr:Id", id]);
    }
    arguments.extend(["--node-xpath", &select, path]);
    peer::run("xmlsec1", arguments).success
}

#[track_caller]
fn assert_holds(report: &Value, code: i32) {
    assert_eq!((report["indication"].as_str(), code), (Some("TOTAL-PASSED"), 0), "{report:#}");
    for signature in report["signatures"].as_array().expect("signatures") {
        assert_eq!(signature["level"], "XAdES-B-B", "{report:#}");
        assert_eq!(signature["covers_whole_document"], true, "{report:#}");
    }
}

/// A bare XML signature does not bind its certificate, which even the mildest policy demands; all else holds.
#[track_caller]
fn assert_bare(report: &Value, code: i32) {
    assert_eq!(code, 3, "{report:#}");
    for signature in report["signatures"].as_array().expect("signatures") {
        assert_eq!(signature["level"], "XMLDSig", "{report:#}");
        assert_eq!(signature["sub_indication"], "SIG_CONSTRAINTS_FAILURE", "{report:#}");
        assert_eq!(signature["errors"].as_array().map(Vec::len), Some(1), "{report:#}");
        assert_eq!(signature["covers_whole_document"], true, "{report:#}");
    }
}

#[track_caller]
fn sign(house: &House, uri: &str, from: &str, to: &str, more: &[&str]) {
    let fixed = ["sign", "--direct", "--force", "--credential", uri, from, "-o", to];
    house.expect([&fixed, more].concat());
}

/// The error of one file that was not signed.
#[track_caller]
fn refusal(house: &House, arguments: &[&str]) -> Value {
    let output = house.kyso([&["sign", "--json", "--direct"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    json["signed"][0]["error"].clone()
}

fn desk(key: &str) -> (House, String) {
    let house = House::new();
    let uri = house.token("t", key, &house.profile());
    (house, uri)
}

#[test]
fn each_kind_is_signed_in_its_place() {
    for (key, padding) in [("p256", "pss"), ("rsa2048", "pkcs1")] {
        let (house, uri) = desk(key);
        let message = edxml("H48", "000.00.00.G22", &[("quyết định.pdf", b"%PDF-1.7")]);
        let rows = [
            ("claims-4750", clinic().claims(2, 20_000), "CHUKYDONVI"),
            ("checkin", clinic().checkin(3), "CHUKYDONVI"),
            ("health-check-doctor", clinic().health_check("Hà Văn Tý", true), "CKS_NGUOI_KET_LUAN"),
            ("edxml", message, "DigitalSignature"),
            ("civil-status", clinic().death_certificate(), "CHUKYDONVI"),
            ("civil-status", clinic().certificates(2), "HSCHUNGTU"),
            ("plain", "<đơn><nội-dung>Kính gửi</nội-dung>\n</đơn>".to_owned(), "đơn"),
        ];
        for (profile, original, place) in rows {
            write(&house, "a.xml", original.as_bytes());
            sign(&house, &uri, "a.xml", "b.xml", &["--profile", profile, "--rsa-padding", padding]);
            let signed = std::fs::read(house.path("b.xml")).expect("a file");
            let signed = String::from_utf8(signed).expect("UTF-8");
            // Nothing of the document is touched but the place of the signature.
            let at = signed.find("<Signature ").expect("a signature");
            let before = signed[..at].trim_end_matches('>').trim_end_matches([' ', '/']);
            assert!(original.starts_with(before), "{profile}");
            let document = kyso_xades::roxmltree::Document::parse(&signed).expect("XML");
            let node = document.descendants().find(|node| node.tag_name().name() == "Signature");
            let parent = node.and_then(|node| node.parent_element()).expect("a place");
            assert_eq!(parent.tag_name().name(), place, "{profile}");
            let (report, code) = verify(&house, "b.xml");
            assert_holds(&report, code);
            let ids = ["GIAYBAOTU", "SignedProperties"];
            assert!(xmlsec(&house, "b.xml", 1, &ids), "{profile}, {key}: xmlsec1 refuses");
            let bare = ["--profile", profile, "--rsa-padding", padding, "--xmldsig"];
            sign(&house, &uri, "a.xml", "bare.xml", &bare);
            let (report, code) = verify(&house, "bare.xml");
            assert_bare(&report, code);
            assert!(xmlsec(&house, "bare.xml", 1, &ids), "{profile}, {key}: xmlsec1 refuses");
            // A change of one letter is found by both.
            let broken = signed.replacen("51012", "51013", 1).replacen("Kính", "Kinh", 1);
            write(&house, "b.xml", broken.replacen("<edXML:To>", "<edXML:To> ", 1).as_bytes());
            let (report, code) = verify(&house, "b.xml");
            assert_eq!(
                (report["signatures"][0]["sub_indication"].as_str(), code),
                (Some("HASH_FAILURE"), 1),
                "{profile}"
            );
            assert!(!xmlsec(&house, "b.xml", 1, &ids), "{profile}");
        }
    }
}

#[test]
fn two_sign_a_health_check_in_order() {
    let (house, uri) = desk("p256");
    write(&house, "a.xml", clinic().health_check("Hà Văn Tý", false).as_bytes());
    // The hospital waits for the doctor, and nobody signs without saying who.
    let hospital = ["--credential", &uri, "--profile", "health-check-hospital"];
    let early = refusal(&house, &[&hospital, &["a.xml", "-o", "b.xml"][..]].concat());
    assert_eq!(early["code"], "xml-profile", "{early:#}");
    let who = refusal(&house, &["--credential", &uri, "a.xml", "-o", "b.xml"]);
    assert_eq!(who["code"], "xml-whose-turn", "{who:#}");
    assert!(!house.path("b.xml").exists());
    sign(&house, &uri, "a.xml", "doctor.xml", &["--profile", "health-check-doctor"]);
    sign(&house, &uri, "doctor.xml", "both.xml", &["--profile", "health-check-hospital"]);
    let (report, code) = verify(&house, "both.xml");
    assert_holds(&report, code);
    assert_eq!(report["signatures"].as_array().map(Vec::len), Some(2));
    assert!(
        xmlsec(&house, "both.xml", 1, &["SignedProperties"])
            && xmlsec(&house, "both.xml", 2, &["SignedProperties"])
    );
    // The hospital's signature covers the doctor's: without it, it does not hold.
    let both =
        String::from_utf8(std::fs::read(house.path("both.xml")).expect("a file")).expect("UTF-8");
    let (start, end) = (both.find("<Signature "), both.find("</Signature>"));
    let mut without = both.clone();
    without.replace_range(start.expect("a signature")..end.expect("an end") + 12, "");
    write(&house, "without.xml", without.as_bytes());
    assert_eq!(verify(&house, "without.xml").1, 1);
    // Over a doctor's signature that does not hold, nothing is signed.
    let doctor =
        String::from_utf8(std::fs::read(house.path("doctor.xml")).expect("a file")).expect("UTF-8");
    write(&house, "spoilt.xml", doctor.replacen("<NGAYLAP>", "<NGAYLAP> ", 1).as_bytes());
    let spoilt = refusal(&house, &[&hospital, &["spoilt.xml", "-o", "c.xml"][..]].concat());
    assert_eq!(spoilt["code"], "xml-first-signature", "{spoilt:#}");
    // A second doctor has no place.
    let again = ["--credential", &uri, "--profile", "health-check-doctor", "doctor.xml"];
    let again = refusal(&house, &[&again, &["-o", "c.xml"][..]].concat());
    assert_eq!(again["code"], "xml-profile", "{again:#}");
    assert!(!house.path("c.xml").exists());
}

#[test]
fn what_is_not_to_be_signed_is_named_before_anybody_types_a_pin() {
    let (house, uri) = desk("p256");
    let claims = clinic().claims(1, 2_000);
    let bomb = format!("<a>{}{}</a>", "<b>".repeat(200_000), "</b>".repeat(200_000));
    let entity = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
    let utf16: Vec<u8> =
        "\u{feff}<a/>".encode_utf16().flat_map(|unit| unit.to_le_bytes()).collect();
    let check = clinic().health_check("Trần Thị Hoa", true);
    let doctor: &[&str] = &["--profile", "health-check-doctor"];
    let rows: [(&[u8], &[&str], &str); 8] = [
        (claims.as_bytes(), &["--facility", "79001"], "xml-other-facility"),
        (claims.as_bytes(), &["--profile", "checkin"], "xml-profile"),
        (check.as_bytes(), doctor, "xml-other-signer"),
        (bomb.as_bytes(), &[], "xml-unreadable"),
        (entity.as_bytes(), &[], "xml-unreadable"),
        (&utf16, &[], "xml-unreadable"),
        (b"<a><b></a>", &[], "xml-unreadable"),
        (b"kh\xf4ng", &[], "xml-unreadable"),
    ];
    for (bytes, more, code) in rows {
        write(&house, "a.xml", bytes);
        for lang in ["vi", "en"] {
            let fixed = ["--lang", lang, "--credential", &uri, "a.xml", "-o", "b.xml"];
            let error = refusal(&house, &[&fixed, more].concat());
            assert_eq!(error["code"], code, "{error:#}");
            for part in ["what", "why", "what_to_do"] {
                assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "{error:#}");
            }
        }
        assert!(!house.path("b.xml").exists(), "{code}");
    }
    let (report, code) = verify(&house, "a.xml");
    assert_eq!((report["error"]["code"].as_str(), code), (Some("unknown-format"), 2));
}
