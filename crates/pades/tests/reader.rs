//! Files that real software reads are read, and what was read over is told.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use std::io::Cursor;

use build::*;
use kyso_pades::{Document, Error, Limits, Object, Origin, Reference, Repair, SectionForm};

fn rotation(bytes: &[u8]) -> Option<i64> {
    let page = open(bytes).page(0).expect("a page");
    page.value.as_dictionary()?.value("Rotate")?.as_integer()
}

/// A damaged file is not signed, and the damage is named.
fn refused(bytes: &[u8], repair: Repair) {
    let outcome = open(bytes).prepare_signature(&options(new_field()));
    assert!(matches!(outcome, Err(Error::NeedsRepair(found)) if found == repair), "{outcome:?}");
}

#[test]
fn every_form_is_read() {
    for (name, bytes) in variants() {
        let mut document = open(&bytes);
        assert_eq!(document.page_count().expect(name), 1, "{name}");
        assert_eq!(document.repairs(), [], "{name}");
        let page = document.page(0).expect(name);
        assert_eq!(page.id, Reference { number: 3, generation: 0 }, "{name}");
    }
    let form = |bytes: &[u8]| open(bytes).sections().next().map(|section| section.0);
    assert_eq!(form(&classic()), Some(SectionForm::Table));
    assert_eq!(form(&streams()), Some(SectionForm::Stream));
    assert_eq!(form(&hybrid()), Some(SectionForm::Hybrid));
    let bytes = streams();
    let page = open(&bytes).page(0).expect("a page");
    assert_eq!(page.origin, Origin::ObjectStream(5));
}

#[test]
fn the_newest_revision_counts() {
    assert_eq!(rotation(&classic()), None);
    assert_eq!(rotation(&incremental()), Some(90));
}

#[test]
fn an_object_that_a_later_revision_frees_is_null() {
    let first = classic();
    let previous = last_startxref(&first);
    let mut builder = Builder::update(&first);
    builder.entries.push(Entry { number: 4, generation: 1, place: Place::Free });
    let bytes = builder.table(&format!("/Size 5 /Prev {previous} /Root 1 0 R"));
    let contents = Reference { number: 4, generation: 0 };
    assert!(open(&first).object(contents).expect("reads").is_some());
    assert!(open(&bytes).object(contents).expect("reads").is_none());
    assert!(open(&first).object(Reference { number: 4, generation: 3 }).expect("reads").is_none());
}

#[test]
fn hidden_objects_of_a_hybrid_file_are_seen() {
    let bytes = hybrid();
    let form = open(&bytes).object(Reference { number: 5, generation: 0 }).expect("reads");
    assert!(form.expect("the form").value.as_dictionary().is_some());
}

#[test]
fn junk_before_the_header_shifts_the_offsets_or_not() {
    let shifted = junk_before();
    let document = open(&shifted);
    assert_eq!(document.header_offset(), 19);
    // The other convention: offsets count from the first byte although junk stands there.
    let mut builder = Builder::after(b"junk\n");
    builder.base = 0;
    builder
        .object(1, "<< /Type /Catalog /Pages 2 0 R >>")
        .object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
        .object(3, &page(""))
        .stream(4, "", b"");
    let bytes = builder.table("/Root 1 0 R");
    let mut document = open(&bytes);
    assert_eq!(document.page_count().expect("pages"), 1);
    assert_eq!(document.repairs(), [Repair::OffsetsIgnoreHeader]);
    refused(&bytes, Repair::OffsetsIgnoreHeader);
}

#[test]
fn a_subsection_numbered_from_one_is_read() {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    let mut table = String::from("xref\n1 5\n0000000000 65535 f \n");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        "null",
    ];
    for (at, text) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", bytes.len());
        // No white space anywhere it can be left out.
        bytes.extend(format!("{} 0 obj{text}endobj\n", at + 1).bytes());
    }
    let at = bytes.len();
    table += &format!("trailer<</Size 5/Root 1 0 R>>startxref {at} %%EOF");
    bytes.extend(table.bytes());
    let mut document = open(&bytes);
    assert_eq!(document.page_count().expect("pages"), 1);
    let &[repair @ Repair::SubsectionNumbering { .. }] = document.repairs() else {
        panic!("{:?}", document.repairs());
    };
    refused(&bytes, repair);
}

#[test]
fn broken_cross_references_are_rebuilt() {
    for (name, bytes) in variants() {
        let mut broken = bytes.clone();
        let at = broken.windows(9).rposition(|w| w == b"startxref").expect("startxref") + 10;
        broken[at] = if broken[at] == b'9' { b'8' } else { b'9' };
        let mut document = open(&broken);
        assert!(document.repairs().contains(&Repair::Rebuilt), "{name}");
        assert_eq!(document.page_count().expect(name), 1, "{name}");
        assert_eq!(document.page(0).expect(name).id.number, 3, "{name}");
        let lost = &bytes[..bytes.len() - 20];
        assert_eq!(open(lost).page_count().expect(name), 1, "{name}");
    }
    let mut broken = incremental();
    let at = last_startxref(&broken);
    broken[at] = b'?';
    assert_eq!(rotation(&broken), Some(90), "the last object of a number counts");
}

#[test]
fn an_entry_that_names_the_wrong_place_is_repaired_when_it_is_needed() {
    let entry = |bytes: &[u8], head: &[u8; 5]| {
        let at = bytes.windows(5).position(|w| w == head).expect("an entry") + 5;
        at..at + 10
    };
    let original = classic();
    // Where no object begins, and where another one does.
    let places = [b"0000000020".to_vec(), original[entry(&original, b"\n2 1\n")].to_vec()];
    for place in places {
        let mut bytes = original.clone();
        bytes[entry(&original, b"\n3 1\n")].copy_from_slice(&place);
        let mut document = open(&bytes);
        assert_eq!(document.repairs(), []);
        assert_eq!(document.page(0).expect("a page").id.number, 3);
        assert_eq!(document.repairs(), [Repair::Rebuilt]);
    }
}

#[test]
fn a_wrong_stream_length_is_read_over() {
    let text = "1 0 << /Type /Catalog /Pages 2 0 R >>";
    let mut builder = Builder::new();
    builder.object(2, "<< /Type /Pages /Kids [ ] /Count 0 >>");
    builder.object_bytes(
        5,
        0,
        format!("<< /Type /ObjStm /N 1 /First 4 /Length 7 >>\nstream\r\n{text}\nendstream")
            .as_bytes(),
    );
    builder.entries.push(Entry { number: 1, generation: 0, place: Place::Within(5, 0) });
    let bytes = builder.finish_stream(6, "/Root 1 0 R");
    let mut document = open(&bytes);
    assert_eq!(document.page_count().expect("pages"), 0);
    let stream = Reference { number: 5, generation: 0 };
    assert_eq!(document.repairs(), [Repair::StreamLength(stream)]);
    refused(&bytes, Repair::StreamLength(stream));
}

#[test]
fn what_follows_the_last_marker_is_told() {
    let mut padded = classic();
    padded.extend(b"\r\n\0\0 ");
    assert_eq!(open(&padded).repairs(), []);
    let end = padded.len() as u64;
    padded.extend(b"<!-- served -->");
    assert_eq!(open(&padded).repairs(), [Repair::TrailingBytes { offset: end }]);
    let outcome = open(&padded).prepare_signature(&options(new_field()));
    assert!(
        matches!(outcome, Err(Error::NeedsRepair(Repair::TrailingBytes { offset })) if offset == end)
    );
    let mut cut = incremental();
    cut.truncate(cut.len() - 30);
    assert_eq!(rotation(&cut), None, "the revision before is read, as other programs do");
    assert!(matches!(open(&cut).repairs(), [Repair::TrailingBytes { .. }]));
}

#[test]
fn prev_zero_is_read_over() {
    let mut builder = Builder::new();
    builder.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
    builder.object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
    builder.object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>");
    let bytes = builder.table("/Root 1 0 R /Prev 0");
    assert!(matches!(open(&bytes).repairs(), [Repair::PrevZero { .. }]));
    let signed = sign(&bytes, &options(new_field()));
    assert_eq!(verify(&signed).expect("verifies").len(), 1);
}

#[test]
fn only_the_objects_asked_for_are_read() {
    // The content stream's object is damaged beyond repair, and nobody notices.
    let mut bytes = classic();
    let at = bytes.windows(7).position(|w| w == b"4 0 obj").expect("the object");
    bytes[at..at + 7].copy_from_slice(b"garbage");
    let mut document = open(&bytes);
    document.page(0).expect("a page");
    assert_eq!(document.repairs(), []);
}

#[test]
fn a_page_far_behind_is_found_by_counts() {
    let mut builder = Builder::new();
    builder.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
    builder.object(2, "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 3 >>");
    builder.object(3, "<< /Type /Pages /Kids [5 0 R 6 0 R] /Count 2 >>");
    builder.object(4, "<< /Type /Page /Rotate 2 >>");
    builder.object(5, "<< /Type /Page /Rotate 0 >>");
    builder.object(6, "<< /Type /Page /Rotate 1 >>");
    let bytes = builder.table("/Root 1 0 R");
    let mut document = Document::open(Cursor::new(&bytes), Limits::standard()).expect("opens");
    assert_eq!(document.page_count().expect("pages"), 3);
    for index in 0..3 {
        let page = document.page(index).expect("a page");
        let rotate = page.value.as_dictionary().and_then(|d| d.value("Rotate")).cloned();
        assert_eq!(rotate, Some(Object::Integer(index as i64)));
    }
}
