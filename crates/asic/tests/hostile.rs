//! Archives on which readers disagree, or which harm their reader: each is refused by its name.

mod support;

use serde_json::Value;

const CASES: &str = include_str!("../../../test-vectors/asic/hostile.json");

#[test]
fn every_hostile_archive_is_refused_by_name() {
    let cases: Value = serde_json::from_str(CASES).expect("the table is JSON");
    let cases = cases.as_array().expect("the table is a list");
    assert!(cases.len() > 60, "the table has lost cases");
    let mut failures = Vec::new();
    for case in cases {
        let name = case["case"].as_str().expect("a name");
        let expected = case["expect"].as_str().expect("an expectation");
        let archive = support::build(case);
        let outcome = match support::contents(&archive) {
            Ok(contents) => {
                let names: Vec<&str> = contents.iter().map(|(name, _)| name.as_str()).collect();
                format!("read: {}", names.join(", "))
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                format!("{error:?}")
            }
        };
        if !outcome.contains(expected) {
            failures.push(format!("{name}: expected {expected}, got {outcome}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The other side of the table: the builder's plain archive is lawful, so that each case is refused for what it changes.
#[test]
fn the_plain_archive_of_the_builder_is_read() {
    let case = serde_json::json!({
        "entries": [{ "name": "a.txt" }, { "name": "b/c.txt", "deflate": true, "zeros": 5000 }]
    });
    let contents = support::contents(&support::build(&case)).expect("lawful");
    assert_eq!(
        contents,
        [("a.txt".into(), b"content".to_vec()), ("b/c.txt".into(), vec![0; 5000])]
    );
}

/// A quine or a bomb costs nothing before it is refused: what is stated is judged, and no more than that is given out.
#[test]
fn a_bomb_is_refused_before_anything_is_decompressed() {
    let case =
        serde_json::json!({ "entries": [{ "name": "bomb", "deflate": true, "zeros": 200 << 20 }] });
    let archive = support::build(&case);
    assert!(archive.len() < 300 << 10);
    let error = support::contents(&archive).expect_err("a bomb");
    assert!(format!("{error:?}").contains("Ratio"), "{error:?}");
}
