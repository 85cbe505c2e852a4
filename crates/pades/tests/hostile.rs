//! Bad input ends in a distinct error, soon and without a panic.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use std::io::Cursor;
use std::time::{Duration, Instant};

use build::*;
use kyso_pades::{Document, Error, Limit, Limits, Repair};
use proptest::prelude::*;

/// Everything a caller can ask of a file; the fuzz targets do the same.
fn exercise(bytes: &[u8], limits: Limits) -> Result<(), Error> {
    let mut document = Document::open(Cursor::new(bytes), limits)?;
    let pages = document.page_count().map(|_| ());
    let signatures = document.signatures().map(|_| ());
    let prepared = document.prepare_signature(&options(new_field())).map(|_| ());
    pages.and(signatures).and(prepared)
}

fn outcome(bytes: &[u8]) -> Result<(), Error> {
    let started = Instant::now();
    let outcome = exercise(bytes, Limits::standard());
    assert!(started.elapsed() < Duration::from_secs(10), "{outcome:?}");
    outcome
}

fn limit(bytes: &[u8]) -> Limit {
    match outcome(bytes) {
        Err(Error::LimitExceeded { limit, .. }) => limit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_pdf_says_so() {
    assert!(matches!(outcome(b""), Err(Error::Empty)));
    assert!(matches!(outcome(b"PK\x03\x04"), Err(Error::NoHeader { searched: 4 })));
    assert!(matches!(outcome(&[0; 100_000]), Err(Error::NoHeader { .. })));
    assert!(matches!(outcome(b"%PDF-1.7\n"), Err(Error::NoCatalog)));
    let text = b"%PDF-1.7\nstartxref\n99999999999999999999999\n%%EOF";
    assert!(matches!(outcome(text), Err(Error::NoCatalog)));
    for offset in ["18446744073709551615", "9223372036854775807", "50"] {
        let text = format!("%PDF-1.7\nstartxref\n{offset}\n%%EOF");
        assert!(matches!(outcome(text.as_bytes()), Err(Error::NoCatalog)), "{offset}");
    }
}

#[test]
fn a_truncated_file_is_never_signed() {
    let whole = sign(&classic(), &options(new_field()));
    let first_revision = classic().len();
    for len in 0..whole.len() - 1 {
        // A cut just behind the first revision leaves a whole document.
        if (first_revision - 1..=first_revision).contains(&len) {
            continue;
        }
        let outcome = exercise(&whole[..len], Limits::standard());
        assert!(outcome.is_err(), "cut at {len} of {}", whole.len());
    }
}

#[test]
fn an_encrypted_file_says_so() {
    let mut builder = Builder::new();
    builder.object(1, "<< /Type /Catalog /Pages 2 0 R >>").object(9, "<< /Filter /Standard >>");
    let bytes = builder.table("/Root 1 0 R /Encrypt 9 0 R");
    let damaged =
        |bytes: &[u8]| matches!(outcome(bytes), Err(Error::DamagedEncryption { key: "R" }));
    assert!(damaged(&bytes));
    let mut broken = bytes.clone();
    let at = last_startxref(&broken);
    broken[at] = b'?';
    assert!(damaged(&broken));
}

fn with_pages(pages: &str, more: &[(u32, &str)]) -> Vec<u8> {
    let mut builder = Builder::new();
    builder.object(1, "<< /Type /Catalog /Pages 2 0 R >>").object(2, pages);
    for (number, text) in more {
        builder.object(*number, text);
    }
    builder.table("/Root 1 0 R")
}

#[test]
fn loops_in_the_page_tree_end() {
    let own = with_pages("<< /Type /Pages /Kids [2 0 R] /Count 1 >>", &[]);
    assert!(matches!(outcome(&own), Err(Error::TreeLoop(_))));
    let far = with_pages(
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        &[(3, "<< /Type /Pages /Kids [2 0 R] /Count 1 >>")],
    );
    assert!(matches!(outcome(&far), Err(Error::TreeLoop(_))));
    assert!(matches!(Document::page(&mut open(&far), 0), Err(Error::TreeLoop(_))));
}

#[test]
fn a_deep_page_tree_ends_at_the_limit() {
    let nodes: Vec<(u32, String)> = (3..200)
        .map(|number| (number, format!("<< /Type /Pages /Kids [{} 0 R] /Count 1 >>", number + 1)))
        .collect();
    let nodes: Vec<(u32, &str)> = nodes.iter().map(|(n, text)| (*n, text.as_str())).collect();
    let deep = with_pages("<< /Type /Pages /Kids [3 0 R] /Count 1 >>", &nodes);
    assert_eq!(limit(&deep), Limit::PageDepth);
}

#[test]
fn loops_in_the_form_end() {
    let bytes = classic_with(
        "/AcroForm << /Fields [5 0 R 5 0 R] >>",
        "",
        &[(5, "<< /T (a) /Kids [6 0 R] >>"), (6, "<< /T (b) /Kids [5 0 R 6 0 R] >>")],
    );
    assert_eq!(open(&bytes).signature_fields().expect("fields"), []);
    outcome(&bytes).expect("signs");
}

#[test]
fn nested_arrays_end_at_the_limit() {
    let arrays = "[".repeat(2_000_000);
    let form = classic_with("/AcroForm 5 0 R", "", &[(5, arrays.as_str())]);
    assert_eq!(limit(&form), Limit::Nesting);
    assert_eq!(limit(&with_pages(&arrays, &[])), Limit::Nesting);
    let catalog = [b"%PDF-1.7\n1 0 obj\n", arrays.as_bytes(), b"/Catalog"].concat();
    assert!(outcome(&catalog).is_err());
}

#[test]
fn references_in_a_circle_end() {
    let two = classic_with("/AcroForm 5 0 R", "", &[(5, "6 0 R"), (6, "5 0 R")]);
    assert!(matches!(outcome(&two), Err(Error::ReferenceCycle(_))));
    let one = classic_with("/AcroForm 5 0 R", "", &[(5, "5 0 R")]);
    assert!(matches!(outcome(&one), Err(Error::ReferenceCycle(_))));
    let tail = classic_with("/AcroForm 5 0 R", "", &[(5, "6 0 R"), (6, "7 0 R"), (7, "6 0 R")]);
    assert_eq!(limit(&tail), Limit::ReferenceHops);
}

#[test]
fn an_object_stream_bomb_ends_at_the_limit() {
    let zeros = vec![b' '; 32 << 20];
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&zeros, 1);
    let mut builder = Builder::new();
    builder
        .stream(5, "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &data)
        .entries
        .push(Entry { number: 1, generation: 0, place: Place::Within(5, 0) });
    let bytes = builder.finish_stream(6, "/Root 1 0 R");
    assert_eq!(limit(&bytes), Limit::DecodedStreamBytes);
}

#[test]
fn an_object_stream_that_holds_its_own_length_ends() {
    let mut builder = Builder::new();
    let at = builder.offset();
    builder.object_bytes(
        5,
        0,
        b"<< /Type /ObjStm /N 2 /First 9 /Length 6 0 R >>\nstream\n1 0 6 33 << /Type /Catalog /Pages 2 0 R >> 9999\nendstream",
    );
    assert!(at > 0);
    for (number, index) in [(1, 0), (6, 1)] {
        builder.entries.push(Entry { number, generation: 0, place: Place::Within(5, index) });
    }
    let bytes = builder.finish_stream(7, "/Root 1 0 R");
    let document = open(&bytes);
    assert!(matches!(document.repairs(), [Repair::StreamLength(_)]));
}

#[test]
fn cross_references_in_a_circle_end() {
    let mut builder = Builder::new();
    builder.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
    let own = builder.offset();
    let bytes = builder.table(&format!("/Root 1 0 R /Prev {own}"));
    assert!(matches!(outcome(&bytes), Err(Error::XrefLoop { offset }) if offset == own as u64));
    let mut builder = Builder::new();
    builder.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
    let own = builder.offset();
    let bytes = builder.finish_stream(6, &format!("/Root 1 0 R /Prev {own}"));
    assert!(matches!(outcome(&bytes), Err(Error::XrefLoop { offset }) if offset == own as u64));
}

#[test]
fn many_revisions_end_at_the_limit() {
    let mut bytes = classic();
    for _ in 0..1_100 {
        let previous = last_startxref(&bytes[bytes.len() - 40..]);
        let mut builder = Builder::update(&bytes);
        bytes = builder.table(&format!("/Size 5 /Root 1 0 R /Prev {previous}"));
    }
    assert_eq!(limit(&bytes), Limit::XrefSections);
}

#[test]
fn giant_numbers_in_a_cross_reference_cost_nothing() {
    // /Size and counts that promise more entries than there are.
    let text = String::from_utf8_lossy(&classic()).into_owned();
    let giant = text.replace("/Size 5", "/Size 4294967295");
    let at = giant.find("%PDF").expect("a header");
    assert_eq!(at, 0);
    let mut builder = Builder::new();
    builder
        .object(1, "<< /Type /Catalog /Pages 2 0 R >>")
        .object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
        .object(3, &page(""))
        .stream(4, "", b"");
    let bytes = builder.table("/Size 4294967295 /Root 1 0 R");
    assert_eq!(limit(&bytes), Limit::ObjectNumber);
    for dictionary in [
        "/Root 1 0 R /W [1 99999999 2]",
        "/Root 1 0 R /W [0 0 0]",
        "/Root 1 0 R /W [9223372036854775807 9223372036854775807 9223372036854775807]",
        "/Root 1 0 R /W [-1 4 2]",
        "/Root 1 0 R /Index [0 9223372036854775807 9223372036854775807 9223372036854775807]",
    ] {
        let mut builder = Builder::new();
        builder.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
        let bytes = builder.finish_stream(6, dictionary);
        assert!(outcome(&bytes).is_err(), "{dictionary}");
    }
}

#[test]
fn many_entries_end_at_the_limit() {
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&vec![1; 3 * 2_000_001], 1);
    let mut builder = Builder::new();
    builder.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
    let at = builder.offset();
    builder.stream(
        6,
        "/Type /XRef /Size 2000001 /W [1 1 1] /Filter /FlateDecode /Root 1 0 R",
        &data,
    );
    builder.bytes.extend(format!("startxref\n{at}\n%%EOF\n").bytes());
    assert_eq!(limit(&builder.bytes), Limit::XrefEntries);
}

#[test]
fn an_endless_object_ends_at_the_limit() {
    let string = "(".to_owned() + &"a".repeat(17 << 20);
    assert_eq!(limit(&with_pages(&string, &[])), Limit::ObjectBytes);
}

#[test]
fn many_numbers_for_one_long_object_end_at_the_limit() {
    // 40,000 fields, each number naming the same 60,000 bytes: parsed once each, 2.4 GB in all.
    let first = 400_000;
    let mut text = String::new();
    for number in 10..40_010 {
        text += &format!("{number} 0 ");
    }
    text += &" ".repeat(first - text.len());
    text += "<< /T (x) /FT /Tx /V [";
    text += &"() ".repeat(20_000);
    text += "] >>";
    let fields: String = (10..40_010).map(|number| format!("{number} 0 R ")).collect();
    let mut builder = Builder::new();
    builder
        .object(1, "<< /Type /Catalog /Pages 2 0 R /AcroForm 3 0 R >>")
        .object(2, "<< /Type /Pages /Kids [ ] /Count 0 >>")
        .object(3, &format!("<< /Fields [{fields}] >>"))
        .stream(5, &format!("/Type /ObjStm /N 40000 /First {first}"), text.as_bytes());
    for index in 0..40_000 {
        let place = Place::Within(5, index % 65_536);
        builder.entries.push(Entry { number: index + 10, generation: 0, place });
    }
    let bytes = builder.finish_stream(6, "/Root 1 0 R");
    let limits = Limits { parsed_bytes: 16 << 20, ..Limits::standard() };
    let mut document = Document::open(Cursor::new(&bytes), limits).expect("opens");
    let outcome = document.signature_fields();
    let limit = Limit::ParsedBytes;
    assert!(matches!(outcome, Err(Error::LimitExceeded { limit: found, .. }) if found == limit));
}

#[test]
fn work_over_a_documents_life_is_bounded() {
    let limits = Limits { parsed_bytes: 100_000, ..Limits::standard() };
    let bytes = classic();
    let mut document = Document::open(Cursor::new(&bytes), limits).expect("opens");
    let outcome = (0..10_000).find_map(|_| document.page(0).err());
    assert!(matches!(outcome, Some(Error::LimitExceeded { limit: Limit::ParsedBytes, .. })));
}

#[test]
fn each_limit_of_the_trees_is_named() {
    let limit_of = |bytes: &[u8], limits: Limits| match exercise(bytes, limits) {
        Err(Error::LimitExceeded { limit, .. }) => limit,
        other => panic!("{other:?}"),
    };
    let standard = Limits::standard;
    let form = nested_form();
    assert_eq!(limit_of(&form, Limits { field_nodes: 1, ..standard() }), Limit::FieldNodes);
    assert_eq!(limit_of(&form, Limits { field_depth: 0, ..standard() }), Limit::FieldDepth);
    assert_eq!(limit_of(&form, Limits { page_nodes: 1, ..standard() }), Limit::PageNodes);
    assert_eq!(limit_of(&form, Limits { page_depth: 0, ..standard() }), Limit::PageDepth);
    let signed = sign(&form, &options(new_field()));
    assert_eq!(limit_of(&signed, Limits { signatures: 0, ..standard() }), Limit::Signatures);
    let encoded = Limits { encoded_stream_bytes: 9, ..standard() };
    assert_eq!(limit_of(&streams(), encoded), Limit::EncodedStreamBytes);
    let mut broken = classic();
    let at = last_startxref(&broken);
    broken[at] = b'?';
    let rebuild = Limits { rebuild_bytes: 99, ..standard() };
    assert_eq!(limit_of(&broken, rebuild), Limit::RebuildBytes);
}

fn small_limits() -> Limits {
    Limits { parsed_bytes: 8 << 20, ..Limits::standard() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = exercise(&bytes, small_limits());
        let with_header = [b"%PDF-1.7\n", bytes.as_slice()].concat();
        let _ = exercise(&with_header, small_limits());
    }

    #[test]
    fn mutated_files_never_panic_and_end_soon(
        variant in 0usize..6,
        is_signed: bool,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..5, any::<prop::sample::Index>()), 1..8),
    ) {
        let (_, mut bytes) = variants().swap_remove(variant);
        if is_signed {
            bytes = sign(&bytes, &options(new_field()));
        }
        for (at, value, kind, other) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = value,
                1 => bytes[at] ^= 1 << (value % 8),
                2 => bytes.insert(at, value),
                3 => { bytes.remove(at); }
                _ => {
                    // Copy a piece elsewhere: numbers, references and keywords meet in new ways.
                    let from = other.index(bytes.len());
                    let piece = bytes[from..(from + usize::from(value)).min(bytes.len())].to_vec();
                    let end = (at + piece.len()).min(bytes.len());
                    bytes.splice(at..end, piece);
                }
            }
            prop_assume!(!bytes.is_empty());
        }
        let started = Instant::now();
        let _ = exercise(&bytes, small_limits());
        prop_assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn whatever_signs_after_a_mutation_verifies(
        variant in 0usize..6,
        at: prop::sample::Index,
        value: u8,
    ) {
        let (_, mut bytes) = variants().swap_remove(variant);
        let at = at.index(bytes.len());
        bytes[at] = value;
        let ready = Document::open(Cursor::new(bytes.as_slice()), small_limits())
            .and_then(|mut document| document.prepare_signature(&options(new_field())));
        if ready.is_ok() {
            let signed = sign(&bytes, &options(new_field()));
            prop_assert!(signed.starts_with(&bytes));
            let ranges = verify(&signed).map_err(TestCaseError::fail)?;
            prop_assert_eq!(ranges.len(), 1);
        }
    }
}
