//! The table of attacks: `test-vectors/attacks/attacks.toml`, whose README says what its fields mean.

#[path = "attack/message.rs"]
mod message;
#[path = "../../x509/tests/support/mint.rs"]
mod mint;
#[path = "attack/samples.rs"]
mod samples;
#[path = "../../validation/tests/support/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use kyso::validation::indication::Indication;
use kyso::verify::{Content, Options, VerifyFileError, verify_bytes};
use kyso_cades::SignedData;
use serde::Deserialize;

use message::Keys;
use mint::day;
use samples::{Sample, make};

const TABLE: &str = include_str!("../../../test-vectors/attacks/attacks.toml");

/// What an unreadable file ends in; the program's exit code is 2 then.
const OPERATIONAL: &str = "operational error";

/// Far above what any sample takes in a debug build on a busy machine, far below what work that grows with the square
/// of 10,000 certificates would take.
const LONGEST: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Table {
    attack: Vec<Attack>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    class: String,
    /// What the expectation is derived from.
    clause: String,
    sample: String,
    ends: String,
    /// A finding or an error that must be among the reasons.
    because: String,
    twin: String,
    twin_ends: String,
}

fn ending(sample: &Sample) -> (String, Vec<String>) {
    let options = Options {
        trust: &sample.world.trust,
        evidence: &sample.world.evidence,
        policy: None,
        validation_time: day(sample.at),
        content: Some(Content::Bytes(&sample.content)),
        paths: None,
        password: None,
    };
    match verify_bytes(&sample.bytes, "sample.p7s", &options) {
        Ok(report) => {
            let errors = report.signatures.iter().flat_map(|one| &one.errors);
            let codes = errors.map(|error| error.code().to_owned()).collect();
            (report.indication.to_string(), codes)
        }
        Err(VerifyFileError::Cms { error, .. }) => {
            (OPERATIONAL.to_owned(), vec![format!("{error:?}")])
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_attack_and_its_twin_end_as_the_table_says() {
    let Table { attack: attacks } = toml::from_str(TABLE).expect("the table");
    let names: BTreeSet<_> = attacks.iter().map(|one| one.sample.as_str()).collect();
    assert_eq!(names.len(), attacks.len(), "a sample comes twice");
    let keys = Keys::new();
    let mut wrong = Vec::new();
    for attack in &attacks {
        assert!(!attack.class.is_empty() && !attack.clause.is_empty(), "{}", attack.sample);
        assert_ne!(attack.ends, "TOTAL-PASSED", "{}: an attack never passes", attack.sample);
        let started = Instant::now();
        let (ends, reasons) = ending(&make(&attack.sample, &keys));
        let took = started.elapsed();
        if ends != attack.ends || !reasons.iter().any(|one| one.contains(&attack.because)) {
            wrong.push(format!("{}: {ends} because of {reasons:?}", attack.sample));
        }
        if took > LONGEST {
            wrong.push(format!("{}: took {took:?}", attack.sample));
        }
        let (ends, reasons) = ending(&make(&attack.twin, &keys));
        if ends != attack.twin_ends {
            wrong.push(format!("{}, twin of {}: {ends}: {reasons:?}", attack.twin, attack.sample));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
    println!("{} attacks and their twins end as the table says", attacks.len());
}

/// What nobody reads and nothing covers is stepped over, however deep.
#[test]
fn an_unknown_unsigned_attribute_may_be_deep() {
    assert_eq!(ending(&make("nested-200", &Keys::new())).0, "TOTAL-PASSED");
}

/// As many certificates as a message may hold, each of which could be the issuer by its name: the signature is as good
/// as without them, or the search gives up by its policy's count.
#[test]
fn a_full_pile_of_namesakes_ends_in_time() {
    let keys = Keys::new();
    for name in ["namesakes-500", "mesh-500"] {
        let sample = make(name, &keys);
        let started = Instant::now();
        let ends = ending(&sample).0;
        assert!(started.elapsed() < LONGEST, "{name}: {:?}", started.elapsed());
        assert_eq!(ends, "TOTAL-PASSED", "{name}");
    }
}

/// One bit of every byte: a pass is lawful only where nothing that was signed, and nobody who signed,
/// is another.
#[test]
fn a_flipped_bit_changes_nothing_that_passes() {
    let keys = Keys::new();
    let honest = make("protection-agrees", &keys);
    let untouched = SignedData::from_ber(&honest.bytes).expect("the structure");
    let (mut flips, mut passed) = (0, Vec::new());
    for position in 0..honest.bytes.len() {
        let mut bytes = honest.bytes.clone();
        bytes[position] ^= 1 << (position % 8);
        let options = Options {
            trust: &honest.world.trust,
            evidence: &honest.world.evidence,
            policy: None,
            validation_time: day(honest.at),
            content: Some(Content::Bytes(&honest.content)),
            paths: None,
            password: None,
        };
        flips += 1;
        let Ok(report) = verify_bytes(&bytes, "flipped.p7s", &options) else { continue };
        if report.indication != Indication::TotalPassed {
            continue;
        }
        passed.push(position);
        let flipped = SignedData::from_ber(&bytes).expect("it was read");
        let (one, other) = (&untouched.signer_infos()[0], &flipped.signer_infos()[0]);
        assert_eq!(one.signed_attributes(), other.signed_attributes(), "byte {position}");
        assert_eq!(one.signature(), other.signature(), "byte {position}");
        let signer = report.signatures[0].signer.as_ref();
        assert_eq!(signer, Some(&honest.world.certificate), "byte {position}");
    }
    assert!(flips > 500, "{flips}");
    println!("{} of {flips} flips change nothing that is signed: {passed:?}", passed.len());
    assert!(passed.len() * 20 < flips, "bytes that nothing covers: {passed:?}");
}

#[test]
fn a_flipped_bit_of_the_content_is_a_hash_failure() {
    let keys = Keys::new();
    let mut honest = make("honest", &keys);
    for position in 0..honest.content.len() {
        honest.content[position] ^= 1 << (position % 8);
        assert_eq!(ending(&honest).0, "TOTAL-FAILED (HASH_FAILURE)", "byte {position}");
        honest.content[position] ^= 1 << (position % 8);
    }
    assert_eq!(ending(&honest).0, "TOTAL-PASSED");
}
