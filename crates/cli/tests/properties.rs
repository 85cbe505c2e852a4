//! What must hold for every byte: sign → verify passes, a flipped byte in the covered range fails.

mod house;

use std::path::Path;

use house::House;
use kyso::indication::Indication;
use kyso::signer::Trust;
use kyso::verify::{Options, Policy, verify_file};
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
    let trust = Trust {
        anchors: vec![TrustAnchor::from_certificate(
            Certificate::from_der(house.authority.root_der()).expect("the root"),
        )],
        candidates: Vec::new(),
    };
    let content = house.path("b.csv");
    let options = |content| Options {
        trust: &trust,
        policy: Policy::IntegrityOnly,
        validation_time: Time::from_unix_seconds(house.now),
        content,
    };
    let passes = |path: &Path, content| {
        verify_file(path, &options(content))
            .is_ok_and(|report| report.indication == Indication::TotalPassed)
    };
    let altered = house.path("altered");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    for (name, detached) in [("pdf", false), ("attached", false), ("detached", true)] {
        let content = detached.then_some(content.as_path());
        let signed = std::fs::read(house.path(name)).expect("the signed file");
        assert!(passes(&house.path(name), content), "{name} passes as it is");
        // A PDF's /Contents ends in padding that nothing covers; the bytes before it count.
        let padding = padding(&signed);
        let strategy = (0..signed.len(), 1..=255u8);
        runner
            .run(&strategy, |(place, mask)| {
                prop_assume!(!padding.contains(&place));
                let mut bytes = signed.clone();
                bytes[place] ^= mask;
                // A hexadecimal digit in the other case is the same byte of the message.
                prop_assume!(!same_digit(signed[place], bytes[place]));
                std::fs::write(&altered, &bytes)?;
                prop_assert!(!passes(&altered, content), "{} byte {}", name, place);
                Ok(())
            })
            .unwrap_or_else(|failure| panic!("{name}: {failure}"));
    }
    // The detached content, byte by byte.
    let original = std::fs::read(&content).expect("the content");
    for place in 0..original.len() {
        let mut bytes = original.clone();
        bytes[place] ^= 1;
        std::fs::write(&altered, &bytes).expect("altered content");
        assert!(!passes(&house.path("detached"), Some(&altered)), "content byte {place}");
    }
}

/// The zeros behind a PDF's message, up to the closing `>`.
fn padding(signed: &[u8]) -> std::ops::Range<usize> {
    let find = |needle: &[u8]| signed.windows(needle.len()).rposition(|window| window == needle);
    let Some(end) = find(b"0>") else { return 0..0 };
    let zeros = signed[..=end].iter().rev().take_while(|byte| **byte == b'0').count();
    end + 1 - zeros..end + 1
}

fn same_digit(one: u8, other: u8) -> bool {
    one.is_ascii_hexdigit() && one.eq_ignore_ascii_case(&other)
}
