//! OpenSSL judges what the authority issues.

use kyso_testkit::peer::{openssl, run};
use kyso_testkit::{Authority, Curve, IssueError, Profile, SoftKey, Subject};
use std::fs;
use std::path::Path;

// 2026-01-01, 2036-01-01.
const BEGIN: i64 = 1_767_225_600;
const END: i64 = 2_082_758_400;
// 2027-01-01.
const NOW: i64 = 1_798_761_600;

fn openssl_verify(authority: &Authority, leaf: &[u8], folder: &Path) -> Result<(), String> {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    fs::write(path("root.pem"), authority.root_pem()).unwrap();
    fs::write(path("ca.pem"), authority.intermediate_pem()).unwrap();
    fs::write(path("leaf.der"), leaf).unwrap();
    let time = NOW.to_string();
    let (root, ca, leaf) = (path("root.pem"), path("ca.pem"), path("leaf.der"));
    let verdict = run(
        "openssl",
        [
            "verify",
            "-x509_strict",
            "-purpose",
            "smimesign",
            "-attime",
            &time,
            "-CAfile",
            &root,
            "-untrusted",
            &ca,
            &leaf,
        ],
    );
    if verdict.success { Ok(()) } else { Err(verdict.stderr) }
}

fn signing_profile() -> Profile {
    Profile::document_signing(Subject::official(), BEGIN, END - 1)
}

#[test]
fn openssl_builds_the_path_on_both_curves() {
    let folder = tempfile::tempdir().unwrap();
    for curve in [Curve::P256, Curve::P384] {
        let authority = Authority::new(curve, BEGIN, END).unwrap();
        let leaf = authority.issue(&signing_profile(), &SoftKey::generate(curve).spki_der());
        openssl_verify(&authority, &leaf.unwrap(), folder.path()).unwrap();
    }
}

#[test]
fn an_rsa_key_from_outside_is_certified() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(Curve::P256, BEGIN, END).unwrap();
    let spki = openssl::spki_der(&openssl::rsa_key_pem(2048));
    let leaf = authority.issue(&signing_profile(), &spki).unwrap();
    openssl_verify(&authority, &leaf, folder.path()).unwrap();
}

#[test]
fn the_unfit_leaves_are_unfit() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(Curve::P256, BEGIN - 5 * 366 * 86_400, END).unwrap();
    let spki = SoftKey::generate(Curve::P256).spki_der();
    let judge = |profile: Profile| {
        openssl_verify(&authority, &authority.issue(&profile, &spki).unwrap(), folder.path())
    };
    judge(signing_profile().non_repudiation_only()).unwrap();
    judge(signing_profile().without_usages()).unwrap();
    for (profile, reason) in [
        (signing_profile().expired_at(NOW), "certificate has expired"),
        (signing_profile().not_yet_valid_at(NOW), "certificate is not yet valid"),
        (signing_profile().key_encipherment_only(), "unsuitable certificate purpose"),
    ] {
        let said = judge(profile).unwrap_err();
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn names_keep_their_diacritics_and_uris_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(Curve::P256, BEGIN, END).unwrap();
    let profile = Profile {
        crl_uri: Some("http://crl.test/issuing.crl".into()),
        ocsp_uri: Some("http://ocsp.test/".into()),
        ..signing_profile()
    };
    let leaf = authority.issue(&profile, &SoftKey::generate(Curve::P384).spki_der()).unwrap();
    let file = folder.path().join("leaf.der");
    fs::write(&file, leaf).unwrap();
    let file = file.to_str().unwrap();
    let said = run(
        "openssl",
        ["x509", "-in", file, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus,show_type"],
    );
    let said = said.text();
    for part in [
        "C=PRINTABLESTRING:VN",
        "L=UTF8STRING:Quảng Ngãi",
        "O=UTF8STRING:ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI",
        "CN=UTF8STRING:Hà Văn Tý",
        "emailAddress=IA5STRING:hvty@quangngai.gov.vn",
        "Digital Signature, Non Repudiation",
        "URI:http://crl.test/issuing.crl",
        "OCSP - URI:http://ocsp.test/",
        "CN=UTF8STRING:kyso test issuing CA",
    ] {
        assert!(said.contains(part), "{part} is missing in\n{said}");
    }
}

#[test]
fn serial_numbers_differ_and_impossible_times_are_refused() {
    let authority = Authority::new(Curve::P256, BEGIN, END).unwrap();
    let spki = SoftKey::generate(Curve::P256).spki_der();
    let [one, two] = [(); 2].map(|()| authority.issue(&signing_profile(), &spki).unwrap());
    assert_ne!(one[10..40], two[10..40]);
    let before_1970 = Profile { not_before: -1, ..signing_profile() };
    assert!(matches!(authority.issue(&before_1970, &spki), Err(IssueError::Time(-1))));
}
