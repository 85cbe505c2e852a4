//! A signature that covers less than everything but its own `/Contents` is never taken for one that does.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use std::io::Cursor;

use build::*;
use kyso_pades::{CoverageFailure, Document, Limits};
use proptest::prelude::*;

fn signed() -> Vec<u8> {
    sign(&classic(), &options(new_field()))
}

fn position(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).position(|window| window == text).expect("the text")
}

/// Replaces the array and the spaces behind it.
fn with_byte_range(bytes: &[u8], text: &str) -> Vec<u8> {
    let start = position(bytes, b"/ByteRange [") + 11;
    let end = position(bytes, b"/Contents <");
    assert!(text.len() <= end - start, "{text}");
    let mut bytes = bytes.to_vec();
    bytes[start..end].fill(b' ');
    bytes[start..start + text.len()].copy_from_slice(text.as_bytes());
    bytes
}

fn failure(bytes: &[u8]) -> CoverageFailure {
    let signature = open(bytes).signatures().expect("signatures").remove(0);
    signature.coverage.expect_err("no coverage")
}

#[test]
fn ranges_that_are_not_everything_but_contents_fail() {
    use CoverageFailure as F;
    let signed = signed();
    let len = signed.len() as u64;
    let range = verify(&signed).expect("verifies")[0];
    let [_, a, b, c] = range.numbers();
    let with = |text: String| failure(&with_byte_range(&signed, &text));

    assert_eq!(with(format!("[1 {} {b} {c}]", a - 1)), F::NotFromStart { start: 1 });
    assert_eq!(with("[]".into()), F::NotFourNumbers { count: 0 });
    assert_eq!(with(format!("[0 {a} {b}]")), F::NotFourNumbers { count: 3 });
    assert_eq!(with(format!("[0 {a} {b} {c} 0 0]")), F::NotFourNumbers { count: 6 });
    assert_eq!(with("null".into()), F::NoByteRange);
    assert_eq!(with("(0 1 2 3)".into()), F::NoByteRange);
    assert_eq!(with("1 0 R".into()), F::NoByteRange);
    assert_eq!(with(format!("[0 {a} {b} -{c}]")), F::NotUnsigned { position: 3 });
    assert_eq!(with(format!("[0 {a} {b} 1.5]")), F::NotUnsigned { position: 3 });
    assert_eq!(with(format!("[0 {a} {b} 1 0 R]")), F::NotUnsigned { position: 3 });
    assert_eq!(
        with(format!("[0 {a} {} {c}]", a - 1)),
        F::Overlap { first_end: a, second_start: a - 1 }
    );
    let outside = F::OutsideFile { start: b, length: c + 1, file_len: len };
    assert_eq!(with(format!("[0 {a} {b} {}]", c + 1)), outside);
    let most = i64::MAX as u64;
    assert_eq!(
        with(format!("[0 {a} {b} {most}]")),
        F::OutsideFile { start: b, length: most, file_len: len }
    );
    for (first, second) in [(a - 1, b), (a + 1, b), (a, b - 1), (a, b + 1), (a - 9, b + 9)] {
        let length = len - second;
        let expected = F::GapMismatch {
            gap_start: first,
            gap_end: second,
            contents_start: a,
            contents_end: b,
        };
        assert_eq!(with(format!("[0 {first} {second} {length}]")), expected);
    }
    assert_eq!(with(format!("[0 {a} {b} {}]", c - 9)), F::NotAtRevisionEnd { end: len - 9 });
    assert_eq!(with(format!("[0 {a} {b} 0]")), F::NotAtRevisionEnd { end: b });
    let twice = format!("[0 {a} {b} {c}] /ByteRange [0 1 2 3]");
    assert_eq!(with(twice), F::DuplicateKey { key: "ByteRange" });
    let twice = format!("[0 {a} {b} {c}] /Contents <00>");
    assert_eq!(with(twice), F::DuplicateKey { key: "Contents" });
    let escaped = format!("[0 {a} {b} {c}] /Content#73 <00>");
    assert_eq!(with(escaped), F::DuplicateKey { key: "Contents" });
}

#[test]
fn contents_that_are_not_plain_hexadecimal_fail() {
    use CoverageFailure as F;
    let signed = signed();
    let start = position(&signed, b"/Contents <") + 10;
    let end = start + signed[start..].iter().position(|&byte| byte == b'>').expect("an end") + 1;
    let mut spaced = signed.clone();
    spaced[end - 3] = b' ';
    assert_eq!(failure(&spaced), F::ContentsNotHexadecimal { offset: end as u64 - 3 });
    let mut literal = signed.clone();
    (literal[start], literal[end - 1]) = (b'(', b')');
    assert_eq!(failure(&literal), F::ContentsNotHexadecimal { offset: start as u64 });
    let mut renamed = signed.clone();
    renamed[start - 2] = b'z';
    assert_eq!(failure(&renamed), F::NoContents);
}

#[test]
fn a_signature_in_an_object_stream_fails() {
    let mut builder = Builder::new();
    builder
        .object(1, "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>")
        .object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
        .object(3, &page(""))
        .stream(4, "", b"")
        .object(5, "<< /FT /Sig /T (s) /V 6 0 R >>")
        .object_stream(7, &[(6, "<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> >>")]);
    let bytes = builder.finish_stream(8, "/Root 1 0 R");
    assert_eq!(failure(&bytes), CoverageFailure::InObjectStream { stream: 7 });
}

#[test]
fn a_value_that_is_no_dictionary_fails() {
    let bytes = classic_with(
        "/AcroForm << /Fields [5 0 R] >>",
        "",
        &[(5, "<< /FT /Sig /T (s) /V (signed) >>")],
    );
    assert_eq!(failure(&bytes), CoverageFailure::NotDictionary);
}

#[test]
fn a_signature_within_its_field_is_located() {
    let signature =
        "<< /Type /Sig /ByteRange [0 0000000000 0000000000 0000000000] /Contents <3000> >>";
    let field = format!("<< /FT /Sig /T (s) /V {signature} >>");
    let bytes = classic_with("/AcroForm << /Fields [5 0 R] >>", "", &[(5, field.as_str())]);
    let start = position(&bytes, b"<3000>");
    let end = start + 6;
    let numbers = format!("[0 {start:010} {end:010} {:010}]", bytes.len() - end);
    let at = position(&bytes, b"[0 0000000000");
    let mut bytes = bytes.clone();
    bytes[at..at + numbers.len()].copy_from_slice(numbers.as_bytes());
    let signature = open(&bytes).signatures().expect("signatures").remove(0);
    assert!(signature.coverage.expect("coverage").covers_whole_document);
    assert_eq!(signature.dictionary, None);
    assert_eq!(signature.message(), Some(&[0x30, 0][..]));
}

#[test]
fn what_is_appended_later_is_told() {
    let mut appended = signed();
    appended.extend(b"% a remark\n");
    let coverage = open(&appended).signatures().expect("signatures")[0].coverage.expect("coverage");
    assert!(!coverage.covers_whole_document);
    assert_eq!(coverage.later_sections, 0);
    verify(&appended).expect("the signed part is as it was");

    let signed = signed();
    let previous = last_startxref(&signed);
    let mut builder = Builder::update(&signed);
    builder.object(3, &page("/Annots [6 0 R] /Rotate 90"));
    let changed = builder.table(&format!("/Size 7 /Prev {previous} /Root 1 0 R"));
    let coverage = open(&changed).signatures().expect("signatures")[0].coverage.expect("coverage");
    assert!(!coverage.covers_whole_document);
    assert_eq!(coverage.later_sections, 1);
}

#[test]
fn every_flipped_byte_outside_contents_is_noticed() {
    for original in [classic(), streams()] {
        let signed = sign(&original, &options(new_field()));
        let contents = verify(&signed).expect("verifies")[0].contents();
        for at in 0..signed.len() {
            if contents.contains(&(at as u64)) {
                continue;
            }
            for bit in [0, 5] {
                let mut flipped = signed.clone();
                flipped[at] ^= 1 << bit;
                // No signature found any more is noticed too; one that verifies is not.
                if let Ok(ranges) = verify(&flipped) {
                    assert_eq!(ranges, [], "byte {at}, bit {bit}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_first_signature_outlives_later_ones(more in 1usize..4, variant in 0usize..6) {
        let (_, original) = variants().swap_remove(variant);
        let mut signed = sign(&original, &options(new_field()));
        let first = verify(&signed).expect("verifies")[0];
        for _ in 0..more {
            let next = sign(&signed, &options(new_field()));
            prop_assert!(next.starts_with(&signed));
            signed = next;
        }
        let ranges = verify(&signed).map_err(TestCaseError::fail)?;
        prop_assert_eq!(ranges.len(), more + 1);
        prop_assert!(ranges.contains(&first));
        let mut document = Document::open(Cursor::new(&signed), Limits::standard()).expect("opens");
        let whole = document.signatures().expect("signatures").into_iter()
            .filter(|s| s.coverage.is_ok_and(|c| c.covers_whole_document)).count();
        prop_assert_eq!(whole, 1);
    }
}
