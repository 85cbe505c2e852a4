//! Forms that other programs filled in behind a certification: `test-vectors/filled/`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use build::open;
use kyso_pades::{ChangeKind, Needs};
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What a program appended to the form.
    tail: String,
    /// The fields that it filled in.
    fields: Vec<String>,
    /// Part of the reason why the certification does not permit it; empty where it does.
    refused: String,
}

#[test]
fn what_other_programs_fill_in_ends_as_the_table_says() {
    let table = kyso_test_vectors::bytes("filled/cases.toml");
    let table: Table = toml::from_str(&String::from_utf8(table).expect("text")).expect("the table");
    let form = kyso_test_vectors::bytes("filled/form.pdf");
    let mut wrong = Vec::new();
    for Case { tail, fields, refused } in &table.case {
        let more = kyso_test_vectors::bytes(format!("filled/{tail}.tail"));
        let bytes = [form.clone(), more].concat();
        let mut document = open(&bytes);
        let signatures = document.signatures().expect("signatures");
        let comparison = document.compare_revisions(&signatures).expect("a comparison");
        let certification = &signatures[0];
        let findings = comparison.judge(certification);
        let changes = comparison.changes_after(certification);
        let mut filled: Vec<&str> = Vec::new();
        for change in changes.as_slice() {
            if let ChangeKind::FieldValue { field } = &change.kind {
                assert!(matches!(change.needs, Needs::FormFilling { .. }), "{tail}");
                assert_eq!(change.page, Some(0), "{tail}: {field}");
                assert!(change.visible.is_some(), "{tail}: {field}");
                filled.push(field);
            }
        }
        filled.sort_unstable();
        let told: Vec<String> = findings.iter().map(|one| format!("{one:?}")).collect();
        let good = match refused.as_str() {
            "" => findings.is_empty() && filled == *fields,
            refused => told.iter().any(|one| one.contains(refused)),
        };
        if !good {
            let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
            wrong.push(format!("{tail}: filled {filled:?}, {findings:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.case.len(), wrong.join("\n"));
    println!("{} filled forms end as the table says", table.case.len());
}

#[test]
fn signatures_in_fields_below_others_may_follow() {
    let bytes = kyso_test_vectors::bytes("filled/nested-names.pdf");
    let mut document = open(&bytes);
    let signatures = document.signatures().expect("signatures");
    let names: Vec<&str> = signatures.iter().map(|one| one.field_name.as_str()).collect();
    let expected = ["Form.Signature1", "Form.Signature2", "Other.Sig.First", "Other.Sig.Second"];
    assert_eq!(names, expected);
    let comparison = document.compare_revisions(&signatures).expect("a comparison");
    for one in &signatures {
        let found: Vec<String> = comparison.judge(one).iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::<String>::new(), "{}", one.field_name);
    }
    let changes = comparison.changes_after(&signatures[0]);
    let codes: Vec<&str> = changes.as_slice().iter().map(kyso_pades::Change::code).collect();
    assert_eq!(codes.iter().filter(|code| **code == "signature").count(), 3, "{codes:?}");
}
