//! What must hold for every byte: sign → verify passes, a flipped byte in the covered range fails.

mod house;

use std::path::Path;

use house::House;
use kyso::indication::Indication;
use kyso::validation::evidence::Evidence;
use kyso::validation::policy::Policy;
use kyso::verify::{Content, Options, trust_in, verify_file};
use kyso_x509::path::TrustAnchor;
use kyso_x509::{Certificate, Time};
use proptest::prelude::*;

#[test]
fn a_flipped_byte_never_passes() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    house.pdf("a.pdf");
    std::fs::write(house.path("b.csv"), "xã,số hồ sơ\nĐăk Hà,12\n").expect("b.csv");
    house.expect(["sign", "--direct", "--credential", &uri, "a.pdf", "-o", "pdf"]);
    house.expect(["sign", "--direct", "--credential", &uri, "b.csv", "-o", "attached"]);
    house.expect([
        "sign",
        "--direct",
        "--detached",
        "--credential",
        &uri,
        "b.csv",
        "-o",
        "detached",
    ]);
    let root = Certificate::from_der(house.authority.root_der()).expect("the root");
    let trust = trust_in(vec![TrustAnchor::from_certificate(root)], Vec::new());
    let policy = Policy::built_in("integrity-only").expect("a policy");
    let evidence = Evidence::default();
    let content = house.path("b.csv");
    let passes = |path: &Path, content: Option<&Path>| {
        let options = Options {
            trust: &trust,
            evidence: &evidence,
            policy: Some(&policy),
            validation_time: Time::from_unix_seconds(house.now),
            content: content.map(Content::File),
            paths: None,
            password: None,
        };
        verify_file(path, &options).is_ok_and(|report| report.indication == Indication::TotalPassed)
    };
    let altered = house.path("altered");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    let original = std::fs::read(&content).expect("the content");
    for name in ["pdf", "attached"] {
        let signed = std::fs::read(house.path(name)).expect("the signed file");
        assert!(passes(&house.path(name), None), "{name} passes as it is");
        // A PDF's signature covers everything but /Contents; a CMS file's covers its content.
        let covered: Vec<usize> = match name {
            "pdf" => {
                let gap = contents(&signed);
                (0..signed.len()).filter(|place| !gap.contains(place)).collect()
            }
            _ => {
                let start = find(&signed, &original).expect("the content stands in the file");
                (start..start + original.len()).collect()
            }
        };
        let strategy = (proptest::sample::select(covered), 1..=255u8);
        runner
            .run(&strategy, |(place, mask)| {
                let mut bytes = signed.clone();
                bytes[place] ^= mask;
                std::fs::write(&altered, &bytes)?;
                prop_assert!(!passes(&altered, None), "{} byte {}", name, place);
                Ok(())
            })
            .unwrap_or_else(|failure| panic!("{name}: {failure}"));
    }
    assert!(passes(&house.path("detached"), Some(&content)), "detached passes as it is");
    // The detached content, byte by byte.
    for place in 0..original.len() {
        let mut bytes = original.clone();
        bytes[place] ^= 1;
        std::fs::write(&altered, &bytes).expect("altered content");
        assert!(!passes(&house.path("detached"), Some(&altered)), "content byte {place}");
    }
}

/// The one `/Contents` string of a PDF with one signature, with its angle brackets.
fn contents(signed: &[u8]) -> std::ops::Range<usize> {
    let start = find(signed, b"/Contents <").expect("a signature") + "/Contents ".len();
    let end = find(&signed[start..], b">").expect("its end");
    start..start + end + 1
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}
