//! Later revisions: what is lawful after a signature passes, everything else fails and is named.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use build::*;
use kyso_pades::{Change, Comparison, Finding, SecurityData, Signature, SubFilter};

fn compared(bytes: &[u8]) -> (Vec<Signature>, Comparison) {
    let mut document = open(bytes);
    let signatures = document.signatures().expect("signatures");
    let comparison = document.compare_revisions(&signatures).expect("a comparison");
    (signatures, comparison)
}

/// What each signature, oldest first, does not permit.
fn findings(bytes: &[u8]) -> Vec<Vec<Finding>> {
    let (mut signatures, comparison) = compared(bytes);
    signatures
        .sort_by_key(|one| one.coverage.map(|coverage| coverage.byte_range.end()).unwrap_or(0));
    signatures.iter().map(|one| comparison.judge(one)).collect()
}

#[track_caller]
fn passes(bytes: &[u8]) -> Vec<Change> {
    let (signatures, comparison) = compared(bytes);
    for one in &signatures {
        let found: Vec<String> = comparison.judge(one).iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::<String>::new(), "{}", one.field_name);
    }
    comparison.changes().to_vec()
}

fn stamp(bytes: &[u8]) -> Vec<u8> {
    let mut options = options(new_field());
    options.sub_filter = SubFilter::EtsiRfc3161;
    sign(bytes, &options)
}

fn with_evidence(bytes: &[u8], piece: &[u8]) -> Vec<u8> {
    let mut document = open(bytes);
    let signatures = document.signatures().expect("signatures");
    let data = SecurityData {
        certificates: vec![piece.to_vec()],
        crls: vec![[piece, b"crl"].concat()],
        ocsp: Vec::new(),
        signatures: signatures.iter().map(|one| one.contents.clone()).collect(),
    };
    let revision = document.add_security_data(&data).expect("a store").expect("something new");
    [bytes, &revision].concat()
}

#[test]
fn signatures_stamps_and_evidence_may_follow() {
    for (name, original) in variants() {
        let mut bytes = sign(&original, &options(new_field()));
        assert!(passes(&bytes).is_empty(), "{name}");
        bytes = sign(&bytes, &options(new_field()));
        bytes = with_evidence(&bytes, b"one");
        bytes = stamp(&bytes);
        bytes = with_evidence(&bytes, b"two");
        bytes = stamp(&bytes);
        let changes: Vec<&str> = passes(&bytes).iter().map(Change::code).collect();
        let expected = [
            "signature",
            "security-store",
            "document-time-stamp",
            "security-store",
            "document-time-stamp",
        ];
        assert_eq!(changes, expected, "{name}");
    }
}
