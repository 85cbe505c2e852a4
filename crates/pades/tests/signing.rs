//! Signing leaves the original alone, and what it makes reads back, in every form of file.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use std::io::Cursor;

use build::*;
use kyso_pades::{
    ContentsTooSmall, Date, DocMdpPermission, Document, Error, FieldLock, FieldPlace, Limits,
    LockedFields, Name, NewObject, Piece, Rectangle, Repair, SectionForm, SigningField,
    SigningOptions, SubFilter,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn check_signed_twice(name: &str, original: &[u8]) {
    let first = sign(original, &options(new_field()));
    assert!(first.starts_with(original), "{name}: the original is not a prefix");
    qpdf_accepts(name, &first);
    let ranges = verify(&first).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut document = open(&first);
    let signature = document.signatures().expect("signatures").pop().expect("a signature");
    let coverage = signature.coverage.expect("coverage");
    assert!(coverage.covers_whole_document, "{name}");
    assert_eq!(coverage.later_sections, 0, "{name}");
    assert_eq!(signature.field_name, "Signature1");
    assert_eq!(signature.sub_filter, Some(SubFilter::EtsiCadesDetached));
    assert_eq!(signature.name.as_deref(), Some("Hà Văn Tý"));
    assert_eq!(signature.location.as_deref(), Some("Dak Ha (Quang Ngai)"));
    assert_eq!(signature.modified.as_deref(), Some(&b"D:20260301080203+07'00'"[..]));

    let second = sign(&first, &options(new_field()));
    assert!(second.starts_with(&first), "{name}");
    qpdf_accepts(name, &second);
    let both = verify(&second).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(both.len(), ranges.len() + 1, "{name}");
    assert!(both.contains(&ranges[0]), "{name}: the first signature's ranges changed");
    let signatures = open(&second).signatures().expect("signatures");
    let later: Vec<_> =
        signatures.iter().map(|s| s.coverage.expect("coverage").later_sections).collect();
    assert_eq!(later.iter().sum::<usize>(), 1, "{name}: {later:?}");
}

#[test]
fn every_form_of_file_is_signed_twice() {
    for (name, original) in variants() {
        check_signed_twice(name, &original);
    }
}

#[test]
fn files_of_other_producers_are_signed_twice() {
    let files = kyso_test_vectors::files("pdf", "pdf");
    assert!(files.len() >= 16, "the vectors are missing");
    for file in files {
        let original = std::fs::read(&file).expect("a vector");
        let name = file.display().to_string();
        let mut document = open(&original);
        assert!(document.page_count().expect("pages") >= 1, "{name}");
        assert_eq!(document.repairs(), [], "{name}");
        check_signed_twice(&name, &original);
    }
}

#[test]
fn the_form_of_the_cross_reference_is_kept() {
    let newest = |bytes: &[u8]| {
        let signed = sign(bytes, &options(new_field()));
        open(&signed).sections().next().expect("a section").0
    };
    assert_eq!(newest(&classic()), SectionForm::Table);
    assert_eq!(newest(&streams()), SectionForm::Stream);
    assert_eq!(newest(&hybrid()), SectionForm::Table);
    let signed = sign(&hybrid(), &options(new_field()));
    let forms: Vec<_> = open(&signed).sections().map(|section| section.0).collect();
    assert_eq!(forms, [SectionForm::Table, SectionForm::Hybrid, SectionForm::HybridStream]);
}

#[test]
fn a_field_inside_a_form_is_signed_by_its_full_name() {
    let original = nested_form();
    let fields = open(&original).signature_fields().expect("fields");
    let leaf = fields.iter().find(|field| field.name == "person.signature").expect("the field");
    assert!(!leaf.is_signed);
    let field = SigningField::Existing("person.signature");
    let signed = sign(&original, &options(field));
    qpdf_accepts("existing field", &signed);
    assert_eq!(verify(&signed).expect("verifies").len(), 1);
    let signature = open(&signed).signatures().expect("signatures").remove(0);
    assert_eq!(signature.field_name, "person.signature");
    let again = open(&signed).prepare_signature(&options(field));
    assert!(matches!(again, Err(Error::AlreadySigned(_))));
    let missing = options(SigningField::Existing("person"));
    let missing = open(&classic()).prepare_signature(&missing);
    assert!(matches!(missing, Err(Error::NoSuchField { .. })));
}

#[test]
fn forms_and_annotations_are_extended_wherever_they_stand() {
    const FIELD: &str =
        "<< /FT /Tx /T (Signature1) /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /P 3 0 R >>";
    /// Entries of the catalog and of the page, and further objects.
    type Case = (&'static str, &'static str, &'static [(u32, &'static str)]);
    let cases: [Case; 7] = [
        ("/AcroForm 6 0 R", "/Key", &[(5, FIELD), (6, "<< /Fields [5 0 R] /Key >>")]),
        ("/AcroForm << /Fields [5 0 R] >>", "/Annots [5 0 R]", &[(5, FIELD)]),
        (
            "/AcroForm << /Fields 6 0 R >>",
            "/Annots 7 0 R",
            &[(5, FIELD), (6, "[5 0 R]"), (7, "[ 5 0 R % one\n]")],
        ),
        (
            "/AcroForm 6 0 R",
            "/Annots[5 0 R]",
            &[(5, FIELD), (6, "<</SigFlags 8 0 R/Fields[5 0 R]>>"), (8, "1")],
        ),
        ("/AcroForm null", "/Annots null", &[(5, "null")]),
        ("/AcroForm 99 0 R", "/Annots 99 0 R", &[(5, "null")]),
        ("/AcroForm << /SigFlags 3 >>", "", &[(5, "null")]),
    ];
    for (at, (catalog, page, more)) in cases.into_iter().enumerate() {
        let name = format!("case {at}");
        let original = classic_with(catalog, page, more);
        let signed = sign(&original, &options(new_field()));
        qpdf_accepts(&name, &signed);
        assert_eq!(verify(&signed).expect(&name).len(), 1, "{name}");
        let signature = open(&signed).signatures().expect("signatures").remove(0);
        let expected = if more.len() > 1 || at == 1 { "Signature2" } else { "Signature1" };
        assert_eq!(signature.field_name, expected, "{name}");
        let mut document = open(&signed);
        let catalog = document.catalog().expect("a catalog");
        let form = catalog.value.as_dictionary().expect("a dictionary").value("AcroForm");
        let form = document.resolve(form.expect("a form")).expect("a form");
        let flags = form.as_dictionary().expect("a form").value("SigFlags").cloned();
        assert_eq!(flags, Some(kyso_pades::Object::Integer(3)), "{name}");
        let page = document.page(0).expect("a page");
        let annotations = page.value.as_dictionary().expect("a page").value("Annots").cloned();
        let annotations = document.resolve(&annotations.expect("annotations")).expect("an array");
        let annotations = &annotations.as_array().expect("an array").items;
        assert_eq!(
            annotations.last().and_then(|a| a.as_reference()),
            Some(signature.field),
            "{name}"
        );
    }
}

#[test]
fn generations_and_identifiers_are_kept() {
    let mut builder = Builder::new();
    builder
        .object(1, "<< /Type /Catalog /Pages 2 0 R >>")
        .object(2, "<< /Type /Pages /Kids [3 7 R] /Count 1 >>")
        .object_bytes(3, 7, page("").as_bytes())
        .stream(4, "", b"");
    let original = builder.table("/Root 1 0 R /ID [(first) (second)] /Private#20Key (kept)");
    let signed = sign(&original, &options(new_field()));
    qpdf_accepts("generation 7", &signed);
    let appended = &signed[original.len()..];
    let has = |text: &[u8]| appended.windows(text.len()).any(|window| window == text);
    assert!(has(b"\n3 7 obj\n"));
    assert!(has(b"/ID [<6669727374> <"));
    assert!(!has(b"<7365636f6e64>"));
    assert!(has(b"/Private#20Key (kept)"));
    assert_eq!(
        signed,
        sign(&original, &options(new_field())),
        "the same input gives the same file"
    );
}

#[test]
fn a_key_without_a_value_stays_one() {
    let mut builder = Builder::new();
    builder
        .object(1, "<< /Type /Catalog /Pages 2 0 R >>")
        .object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
        .object(3, &page("/Last"));
    let original = builder.table("/Root 1 0 R /Last");
    let signed = sign(&original, &options(new_field()));
    assert_eq!(verify(&signed).expect("verifies").len(), 1);
    let appended = &signed[original.len()..];
    let nulls =
        appended.windows(10).filter(|window| window == b"/Last null" || window == b"Last  null");
    assert_eq!(nulls.count(), 2);
}

#[test]
fn a_file_without_a_last_line_end_gets_one() {
    let mut original = classic();
    original.pop();
    let signed = sign(&original, &options(new_field()));
    assert_eq!(signed[original.len()], b'\n');
    qpdf_accepts("no last line end", &signed);
}

#[test]
fn a_message_too_long_says_how_long() {
    let original = classic();
    let prepared = open(&original).prepare_signature(&options(new_field())).expect("prepared");
    assert_eq!(prepared.contents_size(), 64);
    assert_eq!(
        prepared.clone().embed(&[0; 65]),
        Err(ContentsTooSmall { needed: 65, available: 64 })
    );
    assert!(prepared.embed(&[0; 64]).is_ok());
}

#[test]
fn names_are_checked() {
    let original = sign(&classic(), &options(new_field()));
    let prepare = |name| {
        let field = SigningField::New { name: Some(name), page: 0, rect: None };
        open(&original).prepare_signature(&options(field)).map(|_| ())
    };
    assert!(matches!(prepare("Signature1"), Err(Error::FieldNameTaken { .. })));
    assert!(matches!(prepare("a.b"), Err(Error::InvalidFieldName { .. })));
    assert!(matches!(prepare(""), Err(Error::InvalidFieldName { .. })));
    prepare("Chữ ký").expect("a name");
    let field = SigningField::New { name: None, page: 1, rect: None };
    let missing = open(&original).prepare_signature(&options(field));
    assert!(matches!(missing, Err(Error::NoSuchPage { index: 1, count: 1 })));
}

#[test]
fn a_certified_document_without_permission_is_not_signed() {
    let certified = |permission: &str| {
        let parameters = format!("<< /Type /TransformParams /V /1.2 {permission} >>");
        let signature = format!(
            "<< /Type /Sig /Filter /Adobe.PPKLite /ByteRange [0 1 2 3] /Contents <00> /Reference \
             [<< /TransformMethod /DocMDP /TransformParams {parameters} >>] >>"
        );
        let original = classic_with("/Perms << /DocMDP 5 0 R >>", "", &[(5, signature.as_str())]);
        open(&original).prepare_signature(&options(new_field())).map(|_| ())
    };
    assert!(matches!(certified("/P 1"), Err(Error::CertifiedNoChanges)));
    assert!(matches!(certified("/P (x)"), Err(Error::CertifiedNoChanges)));
    certified("/P 2").expect("form filling is permitted");
    certified("").expect("form filling is the default");
}

#[test]
fn a_field_that_an_earlier_signature_locks_is_not_signed() {
    let outcome = |parameters: &str, field: &str| {
        let signature = format!(
            "<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> /Reference \
             [<< /TransformMethod /FieldMDP /TransformParams << {parameters} >> >>] >>"
        );
        let original = classic_with(
            "/AcroForm << /Fields [5 0 R 7 0 R] >>",
            "",
            &[
                (5, "<< /FT /Sig /T (first) /V 6 0 R >>"),
                (6, signature.as_str()),
                (7, "<< /FT /Sig /T (group) /Kids [8 0 R] >>"),
                (8, "<< /T (second) /Parent 7 0 R >>"),
            ],
        );
        let field = match field {
            "" => new_field(),
            name => SigningField::Existing(name),
        };
        open(&original).prepare_signature(&options(field)).map(|_| ())
    };
    let second = "group.second";
    assert!(matches!(outcome("/Action /All", second), Err(Error::FieldLocked(_))));
    let include = "/Action /Include /Fields [(x) (group)]";
    assert!(matches!(outcome(include, second), Err(Error::FieldLocked(_))));
    let exclude = "/Action /Exclude /Fields [(first)]";
    assert!(matches!(outcome(exclude, second), Err(Error::FieldLocked(_))));
    assert!(matches!(outcome("", second), Err(Error::FieldLocked(_))));
    outcome("/Action /Include /Fields [(group.sec)]", second).expect("another field");
    outcome("/Action /Exclude /Fields [(group.second)]", second).expect("excluded");
    outcome("/Action /All", "").expect("a new field");
}

#[test]
fn a_signed_field_whose_lock_permits_nothing_ends_signing() {
    let original = classic_with(
        "/AcroForm << /Fields [5 0 R] >>",
        "",
        &[
            (5, "<< /FT /Sig /T (s) /V 6 0 R /Lock 7 0 R >>"),
            (6, "<< /Type /Sig >>"),
            (7, "<< /Action /All /P 1 >>"),
        ],
    );
    let outcome = open(&original).prepare_signature(&options(new_field()));
    assert!(matches!(outcome, Err(Error::CertifiedNoChanges)));
}

#[test]
fn field_constraints_are_refused_visibly() {
    let field = "<< /FT /Sig /T (s) /SV << /Filter /Adobe.PPKLite >> >>";
    let original = classic_with("/AcroForm << /Fields [5 0 R] >>", "", &[(5, field)]);
    let outcome = open(&original).prepare_signature(&options(SigningField::Existing("s")));
    assert!(matches!(outcome, Err(Error::FieldConstraint { key: "SV", .. })));
    let original =
        classic_with("/AcroForm << /Fields [5 0 R] >>", "", &[(5, "<< /FT /Tx /T (s) >>")]);
    let outcome = open(&original).prepare_signature(&options(SigningField::Existing("s")));
    assert!(matches!(outcome, Err(Error::NotSignatureField(_))));
}

#[test]
fn an_existing_fields_lock_binds_what_comes_after() {
    let original = classic_with(
        "/AcroForm << /Fields [5 0 R 7 0 R 8 0 R] >>",
        "",
        &[
            (5, "<< /FT /Sig /T (first) /Lock 6 0 R >>"),
            (6, "<< /Type /SigFieldLock /Action /Include /Fields [(second)] >>"),
            (7, "<< /FT /Sig /T (second) >>"),
            (8, "<< /FT /Sig /T (third) >>"),
        ],
    );
    let signed = sign(&original, &options(SigningField::Existing("first")));
    let outcome = |field| {
        open(&signed).prepare_signature(&options(SigningField::Existing(field))).map(|_| ())
    };
    assert!(matches!(outcome("second"), Err(Error::FieldLocked(_))));
    outcome("third").expect("a field that is not locked");
}

#[test]
fn a_new_fields_lock_binds_what_comes_after() {
    let original = classic_with(
        "/AcroForm << /Fields [5 0 R] >>",
        "",
        &[(5, "<< /FT /Sig /T <feff00531ed1> >>")],
    );
    let name = LockedFields::Include(vec!["Số".to_owned()]);
    let lock = FieldLock { fields: name, permission: None };
    let signed = sign(&original, &SigningOptions { lock: Some(&lock), ..options(new_field()) });
    let outcome = open(&signed).prepare_signature(&options(SigningField::Existing("Số")));
    assert!(matches!(outcome, Err(Error::FieldLocked(_))));
}

#[test]
fn a_certification_is_the_first_signature_and_is_read_back() {
    for permission in
        [DocMdpPermission::NoChanges, DocMdpPermission::FormFilling, DocMdpPermission::Annotations]
    {
        let certify = SigningOptions { certify: Some(permission), ..options(new_field()) };
        let signed = sign(&classic(), &certify);
        let signatures = open(&signed).signatures().expect("signatures");
        assert_eq!(signatures[0].doc_mdp, Some(permission));
        let again = open(&signed).prepare_signature(&options(new_field())).map(|_| ());
        match permission {
            DocMdpPermission::NoChanges => assert!(matches!(again, Err(Error::CertifiedNoChanges))),
            _ => again.expect("a later signature is permitted"),
        }
        let certified_again = open(&signed).prepare_signature(&certify);
        assert!(matches!(
            certified_again,
            Err(Error::CertificationNotFirst | Error::CertifiedNoChanges)
        ));
    }
}

#[test]
fn a_visible_widget_stands_where_it_was_asked_to() {
    let form = NewObject {
        pieces: vec![Piece::Raw(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 60 20] /Resources << >> >>".to_vec(),
        )],
        stream: Some(b"1 0 0 rg 0 0 60 20 re f".to_vec()),
    };
    let asked = Rectangle { left: 30.0, bottom: 40.0, right: 90.0, top: 60.0 };
    for page in ["", "/Rotate 90", "/Rotate 180", "/Rotate -90", "/CropBox [10 10 150 190]"] {
        let original = classic_with("", page, &[]);
        let field = SigningField::New { name: None, page: 0, rect: Some(asked) };
        let appearance = [form.clone()];
        let visible = SigningOptions { appearance: &appearance, ..options(field) };
        let signed = sign(&original, &visible);
        let place = open(&signed).field_place("Signature1").expect("a place");
        assert_eq!(place, FieldPlace { page: 0, rect: Some(asked) }, "{page}");
        let again = open(&signed).signatures().expect("signatures");
        assert!(again[0].coverage.is_ok(), "{page}");
    }
}

#[test]
fn a_file_whose_objects_were_searched_for_is_read_but_not_signed() {
    let mut broken = classic();
    let at = last_startxref(&broken);
    broken[at..at + 4].copy_from_slice(b"xxxx");
    let mut document = open(&broken);
    assert_eq!(document.page_count().expect("pages"), 1);
    assert_eq!(document.repairs(), [Repair::Rebuilt]);
    let outcome = document.prepare_signature(&options(new_field()));
    assert!(matches!(outcome, Err(Error::NeedsRepair(Repair::Rebuilt))));
    // A page that only the scan finds is noticed at the latest when it is needed.
    let original = classic();
    let entry = original.windows(6).position(|w| w == b"\n3 1\n0").expect("an entry");
    let mut broken = original.clone();
    broken[entry + 14] ^= 1;
    let outcome = Document::open(Cursor::new(&broken), Limits::standard())
        .expect("a document")
        .prepare_signature(&options(new_field()));
    assert!(matches!(outcome, Err(Error::NeedsRepair(Repair::Rebuilt))), "{outcome:?}");
}

/// A small document: how many pages, with what beside them, in which form, how often revised.
#[derive(Clone, Debug)]
struct Plan {
    junk: Vec<u8>,
    pages: usize,
    catalog: &'static str,
    contents: Vec<u8>,
    extras: Vec<Vec<u8>>,
    /// Whether each revision ends with a cross-reference stream instead of a table.
    streams: bool,
    revisions: u32,
    cut_line_end: bool,
}

fn plans() -> impl Strategy<Value = Plan> {
    const FORMS: &[&str] = &["", "/AcroForm << /Fields [ ] >>", "/AcroForm 20 0 R"];
    (
        vec(any::<u8>(), 0..60),
        1usize..5,
        proptest::sample::select(FORMS),
        vec(any::<u8>(), 0..200),
        vec(vec(any::<u8>(), 0..100), 0..4),
        any::<bool>(),
        0u32..4,
        any::<bool>(),
    )
        .prop_map(
            |(junk, pages, catalog, contents, extras, streams, revisions, cut_line_end)| Plan {
                junk,
                pages,
                catalog,
                contents,
                extras,
                streams,
                revisions,
                cut_line_end,
            },
        )
}

impl Plan {
    fn build(&self) -> Vec<u8> {
        let kids: String = (0..self.pages).map(|page| format!("{} 0 R ", 10 + page)).collect();
        let mut builder = Builder::after(&self.junk);
        builder
            .object(1, &format!("<< /Type /Catalog /Pages 2 0 R {} >>", self.catalog))
            .object(2, &format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", self.pages))
            .stream(4, "", &self.contents)
            .object(20, "<< /Fields [ ] >>");
        for number in 0..self.pages {
            builder.object(10 + number as u32, &page(""));
        }
        for (extra, number) in self.extras.iter().zip(21..) {
            builder.stream(number, "", extra);
        }
        let root = "/Root 1 0 R /Size 40";
        let mut bytes = match self.streams {
            true => builder.finish_stream(30, "/Root 1 0 R"),
            false => builder.table(root),
        };
        for revision in 0..self.revisions {
            let previous = last_startxref(&bytes);
            let mut builder = Builder::update(&bytes);
            builder.base = self.junk.len();
            builder.object(10, &page(&format!("/Rotate {}", 90 * revision)));
            bytes = match self.streams {
                true => {
                    builder.finish_stream(31 + revision, &format!("/Prev {previous} /Root 1 0 R"))
                }
                false => builder.table(&format!("/Prev {previous} {root}")),
            };
        }
        if self.cut_line_end {
            bytes.pop();
        }
        bytes
    }
}

fn sub_filters() -> impl Strategy<Value = SubFilter> {
    prop_oneof![
        Just(SubFilter::EtsiCadesDetached),
        Just(SubFilter::EtsiRfc3161),
        Just(SubFilter::AdbePkcs7Detached),
        vec(1u8.., 1..30).prop_map(|name| SubFilter::Unknown(Name(name))),
    ]
}

proptest! {
    /// Signing only appends, whatever the document and whatever is said in the signature; so does signing again.
    #[test]
    fn the_original_is_a_prefix_of_the_signed_document(
        plan in plans(),
        page in any::<proptest::sample::Index>(),
        field in proptest::option::of("[^.]{1,20}"),
        sub_filter in sub_filters(),
        time in proptest::option::of((0i64..250_000_000_000, -1_439i16..1_440)),
        texts in proptest::array::uniform4(proptest::option::of(any::<String>())),
        contents_size in 36usize..300,
    ) {
        let original = plan.build();
        let [name, reason, location, contact_info] = &texts;
        let options = SigningOptions {
            field: SigningField::New { name: field.as_deref(), page: page.index(plan.pages), rect: None },
            sub_filter,
            signing_time: time.and_then(|(seconds, offset)| Date::from_unix(seconds, offset)),
            name: name.as_deref(),
            reason: reason.as_deref(),
            location: location.as_deref(),
            contact_info: contact_info.as_deref(),
            appearance: &[],            certify: None,            lock: None,            seed_facts: None,
            contents_size,
        };
        let once = sign(&original, &options);
        prop_assert!(once.len() > original.len() && once.starts_with(&original));
        let first = verify(&once).map_err(TestCaseError::fail)?;
        prop_assert_eq!(first.len(), 1);
        let signature = open(&once).signatures().expect("signatures").remove(0);
        prop_assert_eq!(signature.sub_filter.as_ref(), Some(&options.sub_filter));
        prop_assert_eq!(signature.reason.as_deref(), options.reason);

        let again = SigningOptions { field: new_field(), ..options };
        let twice = sign(&once, &again);
        prop_assert!(twice.len() > once.len() && twice.starts_with(&once));
        let both = verify(&twice).map_err(TestCaseError::fail)?;
        prop_assert!(both.len() == 2 && both.contains(&first[0]));
    }
}
