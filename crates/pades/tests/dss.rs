//! The document security store: written, extended and read back; qpdf reads it too.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use build::*;
use kyso_pades::{SecurityData, SecurityStore, related_key};
use proptest::prelude::*;

fn data(certificates: &[&[u8]], crls: &[&[u8]], signatures: &[&[u8]]) -> SecurityData {
    let owned = |list: &[&[u8]]| list.iter().map(|one| one.to_vec()).collect();
    SecurityData {
        certificates: owned(certificates),
        crls: owned(crls),
        ocsp: Vec::new(),
        signatures: owned(signatures),
    }
}

fn add(file: &[u8], data: &SecurityData) -> Vec<u8> {
    let revision = open(file).add_security_data(data).expect("a revision");
    [file, &revision.expect("something to add")].concat()
}

fn values(items: &[kyso_pades::SecurityItem]) -> Vec<&[u8]> {
    items.iter().map(|item| item.value.as_slice()).collect()
}

fn check(name: &str, original: &[u8]) {
    let long = vec![7; 10_000];
    let first = add(original, &data(&[b"one", b"two", b"one"], &[&long], &[b"signature"]));
    assert!(first.starts_with(original), "{name}");
    qpdf_accepts(name, &first);
    let store = open(&first).security_store().expect("a store");
    assert_eq!(values(&store.certificates), [b"one", b"two"], "{name}");
    assert_eq!(values(&store.crls), [long.as_slice()], "{name}");
    assert_eq!(store.related, [related_key(b"signature")], "{name}");
    for item in store.certificates.iter().chain(&store.crls) {
        assert!(item.data.start > original.len() as u64 && item.data.end < first.len() as u64);
    }
    // What is there already is not added again, for a known signature nothing at all.
    let again = data(&[b"two"], &[&long], &[b"signature"]);
    assert_eq!(open(&first).add_security_data(&again).expect("no error"), None, "{name}");
    let second = add(&first, &data(&[b"two", b"three"], &[], &[b"another"]));
    qpdf_accepts(name, &second);
    let store = open(&second).security_store().expect("a store");
    assert_eq!(values(&store.certificates), [b"one".as_slice(), b"two", b"three"], "{name}");
    assert_eq!(store.related.len(), 2, "{name}");
}

#[test]
fn a_store_is_made_and_extended() {
    check("classic", &classic());
    check("streams", &streams());
    check("hybrid", &hybrid());
    check("signed", &sign(&classic(), &options(new_field())));
}

#[test]
fn a_store_in_the_catalog_itself_is_extended() {
    let more = [(5, "<< /Length 0 >>\nstream\n\nendstream"), (6, "[5 0 R]")];
    check_extension(&classic_with("/DSS << /Certs 6 0 R /VRI << >> >>", "", &more));
    let more = [
        (5, "<< /Length 0 >>\nstream\n\nendstream"),
        (6, "<< /Certs [5 0 R] /VRI 7 0 R >>"),
        (7, "<< >>"),
    ];
    check_extension(&classic_with("/DSS 6 0 R", "", &more));
}

fn check_extension(original: &[u8]) {
    let extended = add(original, &data(&[b"one"], &[b"list"], &[b"signature"]));
    qpdf_accepts("extended", &extended);
    let store = open(&extended).security_store().expect("a store");
    assert_eq!(values(&store.certificates), [b"".as_slice(), b"one"]);
    assert_eq!(store.related.len(), 1);
}

#[test]
fn what_is_malformed_is_passed_over_or_refused() {
    let store = |catalog: &str, more: &[(u32, &str)]| {
        open(&classic_with(catalog, "", more)).security_store()
    };
    assert_eq!(store("", &[]).expect("no store"), SecurityStore::default());
    assert!(store("/DSS 7", &[]).is_err());
    assert_eq!(
        store("/DSS << /Certs [1 0 R 99 0 R 5] /CRLs 4 >>", &[]).expect("nothing").certificates,
        []
    );
    assert!(
        open(&classic_with("/DSS << >> /DSS << >>", "", &[]))
            .add_security_data(&data(&[b"x"], &[], &[]))
            .is_err()
    );
}

proptest! {
    #[test]
    fn what_is_added_is_read_back(
        certificates in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..5),
    ) {
        let mut wanted = certificates.clone();
        let mut seen = std::collections::HashSet::new();
        wanted.retain(|one| seen.insert(one.clone()));
        let data = SecurityData { certificates, ..SecurityData::default() };
        let file = add(&streams(), &data);
        let store = open(&file).security_store().expect("a store");
        let read: Vec<Vec<u8>> = store.certificates.into_iter().map(|item| item.value).collect();
        prop_assert_eq!(read, wanted);
    }
}
