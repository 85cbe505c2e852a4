//! What a field demands of its signature is met or refused by name (ISO 32000-2 §12.7.5.5).

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use build::*;
use kyso_pades::{DocMdpPermission, Error, SeedDemand, SeedFacts, SigningField, SigningOptions};
use kyso_testkit::{Authority, Curve, Profile, SoftKey, Subject};
use kyso_x509::{Certificate, DigestAlgorithm};

const NOW: i64 = 1_772_326_923;
const YEAR: i64 = 31_536_000;

/// A signer's certificate and that of its authority.
fn certificates() -> (Certificate, Certificate) {
    let authority = Authority::new(Curve::P256, NOW - YEAR, NOW + YEAR).expect("an authority");
    let key = SoftKey::generate(Curve::P256);
    let profile = Profile::document_signing(Subject::official(), NOW - YEAR, NOW + YEAR);
    let own = authority.issue(&profile, &key.spki_der()).expect("a certificate");
    let read = |der: &[u8]| Certificate::from_der(der).expect("a certificate");
    (read(&own), read(authority.intermediate_der()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn each_demand_is_met_or_refused_by_name() {
    use SeedDemand as D;
    let (own, issuer) = certificates();
    let mine = format!("/Cert << /Ff 1 /Subject [<{}>] >>", hex(own.as_der()));
    let other = format!("/Cert << /Ff 1 /Subject [<{}>] >>", hex(issuer.as_der()));
    let issued = format!("/Cert << /Ff 2 /Issuer [<{}>] >>", hex(issuer.as_der()));
    let listed = "/Reasons [<feff00420061006e0020006800e0006e0068> (Sao y)]";
    let stamp = "http://tsa.example/".to_owned();
    let cases: Vec<(String, Option<SeedDemand>)> = vec![
        (String::new(), None),
        ("/Ff 1 /Filter /Adobe.PPKLite".into(), None),
        ("/Ff 1 /Filter /Other".into(), Some(D::Filter)),
        ("/Filter /Other".into(), None),
        ("/Ff 2 /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached]".into(), None),
        ("/Ff 2 /SubFilter [/adbe.pkcs7.detached]".into(), Some(D::SubFilter)),
        ("/SubFilter [/adbe.pkcs7.detached]".into(), None),
        ("/Ff 4 /V 2".into(), None),
        ("/Ff 4 /V 4".into(), Some(D::Version)),
        ("/Ff 4 /V (x)".into(), Some(D::Version)),
        (format!("/Ff 8 {listed}"), None),
        ("/Ff 8 /Reasons [(Sao y)]".into(), Some(D::Reasons(vec!["Sao y".to_owned()]))),
        ("/Ff 8 /Reasons [(.)]".into(), Some(D::Reasons(Vec::new()))),
        ("/Ff 8".into(), Some(D::Reasons(Vec::new()))),
        ("/Reasons [(Sao y)]".into(), None),
        ("/Ff 64 /DigestMethod [(SHA256) (SHA512)]".into(), None),
        ("/Ff 64 /DigestMethod [(SHA512)]".into(), Some(D::DigestMethod)),
        ("/MDP << /P 0 >>".into(), None),
        ("/MDP << /P 2 >>".into(), Some(D::Certification(Some(DocMdpPermission::FormFilling)))),
        ("/TimeStamp << /URL (http://tsa.example/) >>".into(), None),
        (
            "/TimeStamp << /URL (http://tsa.example/) /Ff 1 >>".into(),
            Some(D::TimeStamp(Some(stamp))),
        ),
        ("/Ff 32 /AddRevInfo true".into(), Some(D::RevocationInformation)),
        ("/Ff 32 /AddRevInfo false".into(), None),
        ("/Ff 128 /LockDocument /true".into(), Some(D::LockDocument)),
        ("/Ff 256 /AppearanceFilter (Dau)".into(), Some(D::AppearanceFilter)),
        (mine, None),
        (other, Some(D::Subject)),
        (issued, None),
        ("/Cert << /Ff 2 /Issuer [<3000>] >>".into(), Some(D::Issuer)),
        ("/Cert << /Ff 4 /OID [(1.2.3.4)] >>".into(), Some(D::Policy)),
        ("/Cert << /Ff 8 /SubjectDN [<< /O (x) >>] >>".into(), Some(D::SubjectName)),
        ("/Cert << /Ff 32 /KeyUsage [(1)] >>".into(), None),
        ("/Cert << /Ff 32 /KeyUsage [(0) (XXXXX1)] >>".into(), Some(D::KeyUsage)),
    ];
    let facts = SeedFacts {
        certificate: &own,
        issuers: std::slice::from_ref(&issuer),
        digest: DigestAlgorithm::Sha256,
        time_stamped: false,
        revocation_embedded: false,
    };
    for (seed, demand) in cases {
        let field = format!("<< /FT /Sig /T (s) /SV << /Type /SV {seed} >> >>");
        let original = classic_with("/AcroForm << /Fields [5 0 R] >>", "", &[(5, field.as_str())]);
        let options =
            SigningOptions { seed_facts: Some(facts), ..options(SigningField::Existing("s")) };
        match (open(&original).prepare_signature(&options).map(|_| ()), demand) {
            (Ok(()), None) => {}
            (Err(Error::SeedValue { demand, .. }), Some(expected)) => {
                assert_eq!(demand, expected, "{seed}");
            }
            (outcome, expected) => panic!("{seed}: {outcome:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn what_a_field_leaves_to_choose_is_told() {
    let field = "<< /FT /Sig /T (s) /SV << /Ff 8 /Reasons [(a) (b)] /MDP << /P 3 >> \
                 /TimeStamp << /URL (http://tsa.example/) /Ff 1 >> >> >>";
    let original = classic_with("/AcroForm << /Fields [5 0 R] >>", "", &[(5, field)]);
    let seed = open(&original).seed_values("s").expect("readable").expect("seed values");
    assert_eq!(seed.reasons, ["a", "b"]);
    assert!(seed.reason_required && seed.time_stamp_required);
    assert_eq!(seed.certify, Some(DocMdpPermission::Annotations));
    assert_eq!(seed.time_stamp.as_deref(), Some("http://tsa.example/"));
    assert!(open(&original).seed_values("t").is_err());
}
