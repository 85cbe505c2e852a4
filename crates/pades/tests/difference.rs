//! Later revisions: what is lawful after a signature passes, everything else fails and is named.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use build::*;
use kyso_pades::{
    Change, Comparison, Denial, DocMdpPermission, Document, FieldLock, Finding, Limits,
    LockedFields, Needs, Never, NewObject, Piece, Rectangle, SecurityData, Signature, SigningField,
    SigningOptions, SubFilter,
};
use proptest::prelude::*;

fn compared(bytes: &[u8]) -> (Vec<Signature>, Comparison) {
    let mut document = open(bytes);
    let signatures = document.signatures().expect("signatures");
    let comparison = document.compare_revisions(&signatures).expect("a comparison");
    (signatures, comparison)
}

/// What each signature, oldest first, does not permit.
fn findings(bytes: &[u8]) -> Vec<Vec<Finding>> {
    let (mut signatures, comparison) = compared(bytes);
    signatures.sort_by_key(|one| {
        one.coverage.map(|coverage| coverage.byte_range.end()).unwrap_or(u64::MAX)
    });
    signatures.iter().map(|one| comparison.judge(one)).collect()
}

fn oldest(signatures: &[Signature]) -> &Signature {
    let end =
        |one: &&Signature| one.coverage.map_or(u64::MAX, |coverage| coverage.byte_range.end());
    signatures.iter().min_by_key(end).expect("a signature")
}

#[track_caller]
fn passes(bytes: &[u8]) -> Vec<Change> {
    let (signatures, comparison) = compared(bytes);
    for one in &signatures {
        let found: Vec<String> = comparison.judge(one).iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::<String>::new(), "{}", one.field_name);
    }
    let oldest = oldest(&signatures);
    comparison.changes_after(oldest).as_slice().to_vec()
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

/// A document with a form, two pages, metadata and everything that an attacker would like to swap.
fn rich() -> Vec<u8> {
    let mut builder = Builder::new();
    builder
        .object(1, "<< /Type /Catalog /Pages 2 0 R /AcroForm 5 0 R /Metadata 17 0 R /Lang (vi) /Outlines 30 0 R >>")
        .object(2, "<< /Type /Pages /Kids [3 0 R 9 0 R] /Count 2 >>")
        .object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 15 0 R >> /XObject << /X 21 0 R >> >> /Annots 18 0 R >>")
        .stream(4, "", b"BT /F1 24 Tf 72 720 Td (kyso) Tj ET")
        .object(5, "<< /Fields 6 0 R /DA (/Helv 0 Tf 0 g) /DR << /Font << /Helv 15 0 R >> >> >>")
        .object(6, "[11 0 R 13 0 R 14 0 R 19 0 R]")
        .object(9, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 10 0 R /Resources << >> >>")
        .stream(10, "", b"0 0 10 10 re f")
        .object(11, "<< /Type /Annot /Subtype /Widget /FT /Tx /T (amount) /V (100) /Rect [100 100 200 120] /F 4 /P 3 0 R /DA (/Helv 10 Tf 0 g) /AP << /N 12 0 R >> >>")
        .stream(12, "/Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /Helv 15 0 R >> >>", b"/Tx BMC q BT /Helv 10 Tf 0 g 2 6 Td (100) Tj ET Q EMC")
        .object(13, "<< /Type /Annot /Subtype /Widget /FT /Btn /T (agree) /V /Off /AS /Off /Rect [100 140 110 150] /F 4 /P 3 0 R /AP << /N << /Yes 22 0 R /Off 23 0 R >> >> >>")
        .object(14, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (LanhDao) /Rect [300 100 450 160] /F 4 /P 3 0 R >>")
        .object(15, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
        .object(16, "<< /Title (Quyet dinh) /Author (UBND) /ModDate (D:20260101) /Producer (test) >>")
        .stream(17, "/Type /Metadata /Subtype /XML", b"<x:xmpmeta/>")
        .object(18, "[11 0 R 13 0 R 14 0 R 20 0 R]")
        .object(19, "<< /T (person) /FT /Tx /Kids [20 0 R] >>")
        .object(20, "<< /Type /Annot /Subtype /Widget /T (name) /Parent 19 0 R /Rect [100 200 300 220] /F 4 /P 3 0 R /DA (/Helv 10 Tf 0 g) >>")
        .stream(21, "/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"")
        .stream(22, "/Type /XObject /Subtype /Form /BBox [0 0 10 10]", b"0 0 10 10 re f")
        .stream(23, "/Type /XObject /Subtype /Form /BBox [0 0 10 10]", b"")
        .object(30, "<< /Type /Outlines /Count 0 /Extra 70 0 R >>");
    builder.table("/Root 1 0 R /Info 16 0 R /ID [<00112233445566778899aabbccddeeff> <00>]")
}

fn certified(permission: DocMdpPermission) -> Vec<u8> {
    let mut options = options(new_field());
    options.certify = Some(permission);
    sign(&rich(), &options)
}

fn approved() -> Vec<u8> {
    sign(&rich(), &options(new_field()))
}

/// An object's value as the file has it.
fn current(bytes: &[u8], number: u32) -> String {
    let id = kyso_pades::Reference { number, generation: 0 };
    let object = open(bytes).object(id).expect("read").expect("an object");
    let text = String::from_utf8_lossy(&object.text).into_owned();
    text.split_once("obj").map_or(text.clone(), |(_, value)| value.trim().to_owned())
}

/// A further revision with what the builder is given.
fn revised(bytes: &[u8], add: impl FnOnce(&mut Builder)) -> Vec<u8> {
    revised_with(
        bytes,
        "/Root 1 0 R /Info 16 0 R /ID [<00112233445566778899aabbccddeeff> <01>]",
        add,
    )
}

fn revised_with(bytes: &[u8], trailer: &str, add: impl FnOnce(&mut Builder)) -> Vec<u8> {
    let previous = last_startxref(bytes);
    let mut builder = Builder::update(bytes);
    add(&mut builder);
    builder.table(&format!("/Size 90 /Prev {previous} {trailer}"))
}

/// Replaces text within an object.
fn edited(bytes: &[u8], number: u32, from: &str, to: &str) -> Vec<u8> {
    let text = current(bytes, number);
    assert!(text.contains(from), "{from} is not in {text}");
    revised(bytes, |builder| {
        builder.object(number, &text.replacen(from, to, 1));
    })
}

/// The first reason why the oldest signature does not permit what follows.
#[track_caller]
fn refused(what: &str, bytes: &[u8]) -> Finding {
    let first = findings(bytes).into_iter().next().expect("a signature");
    first.into_iter().next().unwrap_or_else(|| panic!("{what}: nothing was found"))
}

/// Ways to change what was signed of which none is lawful under any permission.
fn forbidden(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let edit = |number, from, to| edited(bytes, number, from, to);
    let plain = |number: u32, text: &'static str| {
        revised(bytes, |builder| {
            builder.object(number, text);
        })
    };
    let stream = |number: u32, dictionary: &'static str, data: &'static [u8]| {
        revised(bytes, |builder| {
            builder.stream(number, dictionary, data);
        })
    };
    vec![
        ("page content", stream(4, "", b"BT /F1 24 Tf 72 720 Td (another) Tj ET")),
        ("content array", edit(3, "/Contents 4 0 R", "/Contents [4 0 R 10 0 R]")),
        ("page resources", edit(3, "/X 21 0 R", "/X 22 0 R")),
        ("page turned", edit(3, "/MediaBox", "/Rotate 180 /MediaBox")),
        ("page box", edit(3, "[0 0 595 842]", "[0 0 595 400]")),
        (
            "page action",
            edit(3, "/Type /Page", "/AA << /O << /S /JavaScript /JS (x) >> >> /Type /Page"),
        ),
        ("font", edit(15, "Helvetica", "Symbol")),
        (
            "form in resources",
            stream(21, "/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"0 0 9 9 re f"),
        ),
        ("pages left out", edit(2, "[3 0 R 9 0 R] /Count 2", "[3 0 R] /Count 1")),
        ("pages swapped", edit(2, "[3 0 R 9 0 R]", "[9 0 R 3 0 R]")),
        (
            "page replaced",
            plain(9, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"),
        ),
        (
            "catalog: open action",
            edit(1, "/Lang", "/OpenAction << /S /JavaScript /JS (x) >> /Lang"),
        ),
        (
            "catalog: names",
            edit(
                1,
                "/Lang",
                "/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (x) >>] >> >> /Lang",
            ),
        ),
        (
            "catalog: optional content",
            edit(1, "/Lang", "/OCProperties << /OCGs [] /D << >> >> /Lang"),
        ),
        ("catalog: pages", edit(1, "/Pages 2 0 R", "/Pages 30 0 R")),
        ("catalog: language", edit(1, "/Lang (vi)", "/Lang (en)")),
        ("catalog: additional actions", edit(1, "/Lang", "/AA << >> /Lang")),
        ("catalog: certified late", edit(1, "/Lang", "/Perms << /DocMDP 40 0 R >> /Lang")),
        ("outlines", edit(30, "/Count 0", "/Count 1")),
        ("a dangling reference comes alive", plain(70, "<< /Any (thing) >>")),
        ("form: appearances to be made", edit(5, "/DA", "/NeedAppearances true /DA")),
        ("form: XFA", edit(5, "/DA", "/XFA (x) /DA")),
        ("form: default appearance", edit(5, "0 g", "1 g")),
        ("form: default resources", edit(5, "/Helv 15 0 R", "/Helv 15 0 R /Other 15 0 R")),
        ("form: order of calculation", edit(5, "/DA", "/CO [11 0 R] /DA")),
        ("fields left out", edit(6, "13 0 R", "")),
        ("fields in another order", edit(6, "11 0 R 13 0 R", "13 0 R 11 0 R")),
        (
            "a field that is no signature",
            revised(bytes, |builder| {
                let fields = current(bytes, 6).replace(']', " 50 0 R ]");
                builder.object(6, &fields).object(50, "<< /FT /Tx /T (new) /V (x) >>");
            }),
        ),
        ("text field moved", edit(11, "[100 100 200 120]", "[100 300 200 320]")),
        ("text field with an action", edit(11, "/FT /Tx", "/FT /Tx /AA << >>")),
        ("text field hidden", edit(11, "/F 4", "/F 6")),
        ("text field renamed", edit(11, "(amount)", "(sum)")),
        ("value without what it shows", edit(11, "/V (100)", "/V (900)")),
        (
            "what is shown without the value",
            stream(
                12,
                "/Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /Helv 15 0 R >> >>",
                b"/Tx BMC q BT /Helv 10 Tf 0 g 2 6 Td (900) Tj ET Q EMC",
            ),
        ),
        ("state of a button", edit(13, "/AS /Off", "/AS /Yes")),
        ("appearances of a button", edit(13, "/Yes 22 0 R", "/Yes 21 0 R")),
        (
            "an unsigned signature field shows something",
            edit(14, "/F 4", "/AP << /N 22 0 R >> /F 4"),
        ),
        ("an unsigned signature field moves", edit(14, "[300 100 450 160]", "[0 0 450 160]")),
        ("the parent of a field", edit(19, "(person)", "(persons)")),
        ("annotations left out", edit(18, "13 0 R", "")),
        ("annotations in another order", edit(18, "11 0 R 13 0 R", "13 0 R 11 0 R")),
        (
            "a link",
            revised(bytes, |builder| {
                let annotations = current(bytes, 18).replace(']', " 50 0 R ]");
                builder.object(18, &annotations).object(50, "<< /Type /Annot /Subtype /Link /Rect [0 0 595 842] /A << /S /URI /URI (http://x) >> >>");
            }),
        ),
        (
            "a mark-up with an action",
            revised(bytes, |builder| {
                let annotations = current(bytes, 18).replace(']', " 50 0 R ]");
                builder
                    .object(18, &annotations)
                    .object(50, "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /AA << >> >>");
            }),
        ),
        (
            "a field's widget again",
            revised(bytes, |builder| {
                let page = current(bytes, 9).replace("/Resources", "/Annots [11 0 R] /Resources");
                builder.object(9, &page);
            }),
        ),
        (
            "an object of before as annotation",
            revised(bytes, |builder| {
                let page = current(bytes, 9).replace("/Resources", "/Annots [30 0 R] /Resources");
                builder.object(9, &page);
            }),
        ),
        ("title", edit(16, "Quyet dinh", "Quyet dinh khac")),
        ("author gone", edit(16, "/Author (UBND)", "")),
        ("metadata that are something else", stream(17, "/Type /XObject /Subtype /Form", b"x")),
        ("information gone", revised_with(bytes, "/Root 1 0 R", |_| {})),
        (
            "another catalog",
            revised_with(bytes, "/Root 50 0 R /Info 16 0 R", |builder| {
                builder.object(50, &current(bytes, 1));
            }),
        ),
        (
            "another identifier",
            revised_with(bytes, "/Root 1 0 R /Info 16 0 R /ID [<ff> <01>]", |_| {}),
        ),
        ("encryption", revised_with(bytes, "/Root 1 0 R /Info 16 0 R /Foo 30 0 R", |_| {})),
        ("the signature field", edit(last_field(bytes), "/Rect", "/TU (x) /Rect")),
        ("a key twice", edit(1, "/Lang", "/Lang (vi) /Lang")),
        (
            "a page freed",
            revised(bytes, |builder| {
                builder.entries.push(Entry { number: 9, generation: 1, place: Place::Free });
            }),
        ),
        (
            "bytes of nothing",
            revised(bytes, |builder| {
                builder.bytes.extend(b"4 0 obj << >> endobj\n");
            }),
        ),
        (
            "an entry that points back",
            revised(bytes, |builder| {
                let at =
                    bytes.windows(8).position(|window| window == b"\n10 0 ob").expect("object 10")
                        + 1;
                builder.entries.push(Entry { number: 40, generation: 0, place: Place::At(at) });
            }),
        ),
        ("garbage behind the end", [bytes, b"1 0 obj << >> endobj"].concat()),
    ]
}

/// Number of the field that the signing made.
fn last_field(bytes: &[u8]) -> u32 {
    open(bytes).signatures().expect("signatures")[0].field.number
}

#[test]
fn what_no_rule_explains_fails_whatever_is_permitted() {
    use DocMdpPermission as P;
    for base in
        [approved(), certified(P::NoChanges), certified(P::FormFilling), certified(P::Annotations)]
    {
        assert!(passes(&base).is_empty());
        for (what, bytes) in forbidden(&base) {
            let finding = refused(what, &bytes);
            println!("{what}: {finding}");
            assert_eq!(finding.denial, Denial::Never, "{what}: {finding}");
        }
    }
}

/// The text field filled in, with what shows it.
fn filled(bytes: &[u8], value: &str, content: &str) -> Vec<u8> {
    let field = current(bytes, 11)
        .replace("/V (100)", &format!("/V ({value})"))
        .replace("/N 12 0 R", "/N 50 0 R");
    revised(bytes, |builder| {
        builder.object(11, &field).stream(
            50,
            "/Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /Helv 15 0 R >> >>",
            content.as_bytes(),
        );
    })
}

fn shown(value: &str) -> String {
    format!("/Tx BMC q BT /Helv 10 Tf 0 g 2 6 Td ({value}) Tj ET Q EMC")
}

/// The box ticked.
fn ticked(bytes: &[u8]) -> Vec<u8> {
    let field = current(bytes, 13).replace("/V /Off /AS /Off", "/V /Yes /AS /Yes");
    revised(bytes, |builder| {
        builder.object(13, &field);
    })
}

/// A note added to page 1.
fn noted(bytes: &[u8]) -> Vec<u8> {
    let annotations = current(bytes, 18).replace(']', " 50 0 R ]");
    revised(bytes, |builder| {
        builder.object(18, &annotations).object(
            50,
            "<< /Type /Annot /Subtype /FreeText /Rect [10 10 90 40] /Contents (a note) /DA (/Helv 9 Tf) /F 4 /P 3 0 R >>",
        );
    })
}

/// A signature in the field that the form has.
fn countersigned(bytes: &[u8]) -> Vec<u8> {
    sign(bytes, &options(SigningField::Existing("LanhDao")))
}

/// A signature in a new field that shows something.
fn shown_signature(bytes: &[u8]) -> Vec<u8> {
    let picture = NewObject {
        pieces: vec![Piece::Raw(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 100 50] >>".to_vec(),
        )],
        stream: Some(b"0 0 100 50 re f".to_vec()),
    };
    let appearance = [picture];
    let rect = Rectangle { left: 50.0, bottom: 50.0, right: 150.0, top: 100.0 };
    let field = SigningField::New { name: None, page: 1, rect: Some(rect) };
    let options = SigningOptions { appearance: &appearance, ..options(field) };
    sign(bytes, &options)
}

type Step = fn(&[u8]) -> Vec<u8>;

/// What each permission says to honest work: `None` where it is lawful.
#[test]
fn permissions_decide_what_honest_work_is_lawful() {
    use DocMdpPermission as P;
    let no = |denial| Some(denial);
    let by = |permission| Some(Denial::Permission(permission));
    let table: [(&str, Step, [Option<Denial>; 4]); 8] = [
        // Without a certification, DocMDP 1, 2, 3.
        ("evidence", |b| with_evidence(b, b"x"), [None; 4]),
        ("document time-stamp", stamp, [None; 4]),
        (
            "a signature that shows nothing",
            |b| unchecked_sign(b),
            [None, by(P::NoChanges), None, None],
        ),
        (
            "a signature in the form's field",
            |b| unchecked_sign_field(b),
            [None, by(P::NoChanges), None, None],
        ),
        (
            "a signature that shows something",
            |b| unchecked_shown(b),
            [None, by(P::NoChanges), no(Denial::NewVisibleField), no(Denial::NewVisibleField)],
        ),
        (
            "a text",
            |b| filled(b, "250", &shown("250")),
            [no(Denial::NotCertified), by(P::NoChanges), None, None],
        ),
        ("a tick", ticked, [no(Denial::NotCertified), by(P::NoChanges), None, None]),
        ("a note", noted, [no(Denial::NotCertified), by(P::NoChanges), by(P::FormFilling), None]),
    ];
    let bases =
        [approved(), certified(P::NoChanges), certified(P::FormFilling), certified(P::Annotations)];
    for (what, step, expected) in table {
        for (base, expected) in bases.iter().zip(expected) {
            let bytes = step(base);
            let found = findings(&bytes)[0].first().map(|finding| finding.denial);
            assert_eq!(found, expected, "{what}: {:?}", findings(&bytes)[0]);
        }
    }
}

/// The signing code refuses what a certification forbids; an attacker's does not: the permission is blotted out for
/// signing and put back.
fn unchecked(bytes: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let at = bytes.windows(4).rposition(|window| window == b"/P 1");
    let Some(at) = at else { return sign(bytes) };
    let mut blotted = bytes.to_vec();
    blotted[at + 3] = b'2';
    let mut signed = sign(&blotted);
    signed[at + 3] = b'1';
    signed
}

fn unchecked_sign(bytes: &[u8]) -> Vec<u8> {
    unchecked(bytes, |bytes| sign(bytes, &options(new_field())))
}

fn unchecked_sign_field(bytes: &[u8]) -> Vec<u8> {
    unchecked(bytes, countersigned)
}

fn unchecked_shown(bytes: &[u8]) -> Vec<u8> {
    unchecked(bytes, shown_signature)
}

#[test]
fn what_can_be_seen_is_told_with_its_place() {
    let changes = passes(&shown_signature(&approved()));
    let shown = changes.iter().find(|change| change.code() == "signature").expect("the signature");
    assert_eq!((shown.page, shown.visible), (Some(1), Some([50.0, 50.0, 150.0, 100.0])));
    let changes = passes(&noted(&certified(DocMdpPermission::Annotations)));
    assert_eq!((changes[0].page, changes[0].visible), (Some(0), Some([10.0, 10.0, 90.0, 40.0])));
}

#[test]
fn a_field_shows_its_value_and_nothing_else() {
    let base = certified(DocMdpPermission::FormFilling);
    passes(&filled(&base, "1 000 dong", &shown("1 000 dong")));
    passes(&filled(&base, "", ""));
    for (value, content) in [
        ("250", shown("900")),
        ("250", format!("{} 0 0 100 20 re f", shown("250"))),
        ("250", format!("{} /X Do", shown("250"))),
        ("250", shown("250").replace("0 g", "1 g")),
        ("250", shown("250").replace("2 6 Td", "2 600 Td")),
        ("250", String::new()),
        ("", shown("250")),
    ] {
        let finding = refused(&content, &filled(&base, value, &content));
        assert!(
            matches!(finding.change.needs, Needs::Never(Never::NotItsValue { .. })),
            "{finding}"
        );
    }
    // Another font under the name of the form's.
    let bytes = revised(&base, |builder| {
        let field = current(&base, 11).replace("(100)", "(250)").replace("/N 12 0 R", "/N 50 0 R");
        builder
            .object(11, &field)
            .stream(
                50,
                "/Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /Helv 51 0 R >> >>",
                shown("250").as_bytes(),
            )
            .object(51, "<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>");
    });
    refused("a font swapped", &bytes);
}

#[test]
fn locks_hold() {
    use DocMdpPermission as P;
    let base = certified(P::Annotations);
    let lock = |fields| FieldLock { fields, permission: None };
    let amount = || vec!["amount".to_owned()];
    for (fields, locked) in [
        (LockedFields::All, true),
        (LockedFields::Include(amount()), true),
        (LockedFields::Include(vec!["amo".to_owned()]), false),
        (LockedFields::Exclude(amount()), false),
        (LockedFields::Exclude(vec!["other".to_owned()]), true),
    ] {
        let lock = lock(fields.clone());
        let options = SigningOptions { lock: Some(&lock), ..options(new_field()) };
        let bytes = filled(&sign(&base, &options), "250", &shown("250"));
        let found = findings(&bytes);
        assert!(found[0].is_empty(), "the certification locks nothing: {:?}", found[0]);
        let denial = found[1].first().map(|finding| finding.denial);
        assert_eq!(denial, locked.then_some(Denial::Locked), "{fields:?}");
    }
    let lock = FieldLock { fields: LockedFields::All, permission: Some(P::NoChanges) };
    let options = SigningOptions { lock: Some(&lock), ..options(new_field()) };
    let bytes = sign(&base, &options);
    let denial = findings(&ticked(&bytes))[1].first().map(|finding| finding.denial);
    assert_eq!(denial, Some(Denial::Permission(P::NoChanges)));
}

#[test]
fn a_signature_must_cover_its_own_revision() {
    // A later signature's bytes are put into one revision with other changes behind its range.
    let base = approved();
    let twice = sign(&base, &options(new_field()));
    passes(&twice);
    // A signature dictionary that signs nothing.
    let fields = current(&base, 6).replace(']', " 50 0 R ]");
    let annotations = current(&base, 18).replace(']', " 50 0 R ]");
    let bytes = revised(&base, |builder| {
        builder.object(6, &fields).object(18, &annotations).object(
            50,
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (new) /V 51 0 R /Rect [0 0 500 500] /F 4 /P 3 0 R /AP << /N 22 0 R >> >>",
        ).object(51, "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 10 20 30] /Contents <3000> >>");
    });
    let finding = refused("a signature of nothing", &bytes);
    assert!(matches!(finding.change.needs, Needs::Never(Never::CoversNothing { .. })), "{finding}");
    // The value of an earlier signature again.
    let earlier = open(&base).signatures().expect("signatures")[0].dictionary.expect("indirect");
    let bytes = revised(&base, |builder| {
        builder.object(6, &fields).object(18, &annotations).object(
            50,
            &format!("<< /Type /Annot /Subtype /Widget /FT /Sig /T (new) /V {earlier} R /Rect [0 0 500 500] /F 4 /P 3 0 R /AP << /N 22 0 R >> >>"),
        );
    });
    refused("an earlier signature again", &bytes);
}

/// A new field in all the ways in which it can lie.
#[test]
fn a_new_field_is_what_it_says() {
    let base = approved();
    let with = |field: &str, kid: Option<&str>, page: bool| {
        let fields = current(&base, 6).replace(']', " 50 0 R ]");
        let widget = if kid.is_some() { 51 } else { 50 };
        let annotations = current(&base, 18).replace(']', &format!(" {widget} 0 R ]"));
        revised(&base, |builder| {
            builder.object(6, &fields).object(50, field);
            if page {
                builder.object(18, &annotations);
            }
            if let Some(kid) = kid {
                builder.object(51, kid);
            }
        })
    };
    let field =
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (new) /Rect [0 0 9 9] /F 4 /P 3 0 R >>";
    let swap = |from: &str, to: &str| field.replace(from, to);
    passes(&with(field, None, true));
    passes(&with(&swap("[0 0 9 9]", "[0 0 0 0]"), None, false));
    let kid = "<< /Type /Annot /Subtype /Widget /Parent 50 0 R /Rect [0 0 9 9] /F 4 /P 3 0 R >>";
    passes(&with("<< /FT /Sig /T (new) /Kids [51 0 R] >>", Some(kid), true));
    for (what, bytes) in [
        ("name taken", with(&swap("(new)", "(amount)"), None, true)),
        (
            "name taken in UTF-16",
            with(&swap("(new)", "<FEFF0061006D006F0075006E0074>"), None, true),
        ),
        ("name within another field", with(&swap("(new)", "(person.new)"), None, true)),
        ("no name", with(&swap("/T (new)", ""), None, true)),
        ("an action", with(&swap("/FT", "/A << /S /JavaScript /JS (x) >> /FT"), None, true)),
        ("optional content", with(&swap("/FT", "/OC 30 0 R /FT"), None, true)),
        ("a parent", with(&swap("/FT", "/Parent 19 0 R /FT"), None, true)),
        ("another page", with(&swap("/P 3 0 R", "/P 9 0 R"), None, true)),
        ("an appearance unsigned", with(&swap("/FT", "/AP << /N 22 0 R >> /FT"), None, true)),
        ("a background unsigned", with(&swap("/FT", "/MK << /BG [1 1 1] >> /FT"), None, true)),
        ("a text field", with(&swap("/Sig", "/Tx"), None, true)),
        ("a kid of before", with("<< /FT /Sig /T (new) /Kids [14 0 R] >>", None, false)),
        (
            "a kid of another",
            with(
                "<< /FT /Sig /T (new) /Kids [51 0 R] >>",
                Some(&kid.replace("50 0", "19 0")),
                true,
            ),
        ),
        (
            "a kid with a name",
            with(
                "<< /FT /Sig /T (new) /Kids [51 0 R] >>",
                Some(&kid.replace("/Rect", "/T (x) /Rect")),
                true,
            ),
        ),
    ] {
        let finding = refused(what, &bytes);
        println!("{what}: {finding}");
        assert_eq!(finding.denial, Denial::Never, "{what}");
    }
    let twice = revised(&base, |builder| {
        let page = current(&base, 9).replace("/Resources", "/Annots [50 0 R] /Resources");
        builder
            .object(6, &current(&base, 6).replace(']', " 50 0 R ]"))
            .object(18, &current(&base, 18).replace(']', " 50 0 R ]"))
            .object(9, &page)
            .object(50, field);
    });
    assert_eq!(refused("on two pages", &twice).denial, Denial::Never);
}

#[test]
fn a_signed_field_is_fixed() {
    let base = countersigned(&certified(DocMdpPermission::Annotations));
    passes(&base);
    for (from, to) in [
        ("[300 100 450 160]", "[0 0 450 160]"),
        ("/F 4", "/F 6"),
        ("/F 4", "/AP << /N 22 0 R >> /F 4"),
        ("/V ", "/M (D:2026) /V "),
    ] {
        let finding = refused(to, &edited(&base, 14, from, to));
        assert!(
            matches!(finding.change.needs, Needs::Never(Never::SignedFieldChanged { .. })),
            "{finding}"
        );
    }
    // What it shows, replaced in its place.
    let base = shown_signature(&approved());
    let widget = open(&base).signatures().expect("signatures")[1].field.number;
    let text = current(&base, widget);
    let form: u32 = text
        .split("/N ")
        .nth(1)
        .expect("an appearance")
        .split(' ')
        .next()
        .expect("a number")
        .parse()
        .expect("a number");
    let bytes = revised(&base, |builder| {
        builder.stream(form, "/Type /XObject /Subtype /Form /BBox [0 0 100 50]", b"0 0 1 1 re f");
    });
    assert_eq!(refused("the picture", &bytes).denial, Denial::Never);
}

#[test]
fn objects_rewritten_as_they_were_are_nothing() {
    for base in [approved(), certified(DocMdpPermission::NoChanges)] {
        let bytes = revised(&base, |builder| {
            for number in [1, 2, 3, 5, 6, 9, 11, 13, 14, 15, 16, 18, 19, 20, 30] {
                builder.object(number, &current(&base, number));
            }
            builder.stream(4, "", b"BT /F1 24 Tf 72 720 Td (kyso) Tj ET");
            builder.stream(21, "/Subtype /Form /BBox [0 0 9.0 9] /Type /XObject", b"");
        });
        assert_eq!(passes(&bytes), []);
    }
}

/// A container of the form is shared with something that is shown.
#[test]
fn shared_objects_fail() {
    let shared = rich();
    // The array of the form's fields is the outlines' too.
    let shared = revised_with(&shared, "/Root 1 0 R /Info 16 0 R", |builder| {
        builder.object(30, "<< /Type /Outlines /Count 0 /Extra 6 0 R >>");
    });
    let base = sign(&shared, &options(new_field()));
    let finding = refused("shared", &sign(&base, &options(new_field())));
    assert!(matches!(finding.change.needs, Needs::Never(Never::Shared { .. })), "{finding}");
    // Two pages have one array of annotations: a new one would stand on both.
    let shared = revised_with(&rich(), "/Root 1 0 R /Info 16 0 R", |builder| {
        builder.object(9, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 10 0 R /Resources << >> /Annots 18 0 R >>");
    });
    let base = sign(&shared, &options(new_field()));
    assert_eq!(refused("two pages", &sign(&base, &options(new_field()))).denial, Denial::Never);
}

#[test]
fn a_container_under_objects_cannot_be_replaced() {
    let base = sign(&streams(), &options(new_field()));
    let previous = last_startxref(&base);
    let mut builder = Builder::update(&base);
    builder.object_stream(
        5,
        &[(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"), (3, &page("/Rotate 90"))],
    );
    builder.entries.retain(|entry| entry.number == 5);
    let bytes = builder.finish_stream(60, &format!("/Prev {previous} /Root 1 0 R"));
    assert_eq!(refused("a container", &bytes).denial, Denial::Never);
    // One that holds more than the cross-reference tells.
    let mut builder = Builder::update(&base);
    builder.object_stream(50, &[(51, "<< >>"), (3, &page("/Rotate 90"))]);
    builder.entries.retain(|entry| entry.number != 3);
    let bytes = builder.finish_stream(60, &format!("/Prev {previous} /Root 1 0 R"));
    assert_eq!(refused("a hidden object", &bytes).denial, Denial::Never);
}

#[test]
fn sections_follow_what_they_change() {
    let base = approved();
    // A second chain that leaves the signed revision out.
    let bytes = revised(&base, |_| {});
    passes(&bytes);
    let first = last_startxref(&rich());
    let mut builder = Builder::update(&base);
    let bytes = builder.table(&format!("/Size 90 /Prev {first} /Root 1 0 R /Info 16 0 R"));
    // The signed revision's own form is out of sight: no signature is left, or none that ends its revision.
    let (signatures, comparison) = compared(&bytes);
    for signature in &signatures {
        assert!(!comparison.judge(signature).is_empty());
    }
}

/// What happened before a signature is not held against it, and does not mislead about what follows it.
#[test]
fn a_signature_answers_for_what_follows_it_alone() {
    let changed = edited(&approved(), 3, "/MediaBox", "/Rotate 90 /MediaBox");
    let bytes = sign(&changed, &options(new_field()));
    let bytes = sign(&bytes, &options(new_field()));
    let found = findings(&bytes);
    assert!(!found[0].is_empty() && found[1].is_empty() && found[2].is_empty(), "{found:?}");
    let bytes = edited(&bytes, 3, "/Rotate 90", "/Rotate 180");
    assert!(findings(&bytes).iter().all(|found| !found.is_empty()));
    // A stream cut short before the second signature, and whole again behind it.
    let stream = |number: u32, length: &str, data: &str| {
        format!("{number} 0 obj\n<< /Length {length} >>\nstream\n{data}\nendstream\nendobj\n")
    };
    let base = revised(&rich(), |builder| {
        let at = builder.offset();
        builder.entries.push(Entry { number: 4, generation: 0, place: Place::At(at) });
        builder.bytes.extend(stream(4, "40 0 R", "(a)\nendstream\n(b)").bytes());
        builder.object(40, "17");
    });
    let base = sign(&base, &options(new_field()));
    let cut = revised(&base, |builder| {
        builder.object(40, "3");
    });
    let signed = sign(&cut, &options(new_field()));
    assert!(findings(&signed)[1].is_empty());
    let whole = revised(&signed, |builder| {
        builder.stream(4, "", b"(a)\nendstream\n(b)");
    });
    assert!(!findings(&whole)[1].is_empty());
}

/// Objects of the signed document that no rule lets change, whatever is permitted.
const FIXED: [u32; 10] = [2, 4, 10, 15, 19, 20, 21, 22, 23, 30];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any byte of any object but those on the rules' paths, changed in a later revision, is noticed.
    #[test]
    fn a_change_off_the_paths_is_noticed(which in 0..FIXED.len(), at: prop::sample::Index, byte in 33u8..127) {
        let base = certified(DocMdpPermission::Annotations);
        let number = FIXED[which];
        let text = raw(&base, number);
        let at = at.index(text.len());
        prop_assume!(text[at] != byte);
        let mut changed = text.clone();
        changed[at] = byte;
        let bytes = revised(&base, |builder| {
            builder.object_bytes(number, 0, &changed);
        });
        let mut document = open(&bytes);
        let Ok(signatures) = document.signatures() else { return Ok(()) };
        let comparison = document.compare_revisions(&signatures).expect("a comparison");
        let found = comparison.judge(oldest(&signatures));
        // White space that became other white space, or a number written otherwise, is no change.
        let same = open(&bytes).object(reference(number)).ok().flatten().map(|one| one.value)
            == open(&base).object(reference(number)).ok().flatten().map(|one| one.value);
        prop_assert!(!found.is_empty() || same, "object {number}, byte {at}");
    }

    /// Any object of the document replaced by any other of it fails; by itself it is nothing.
    #[test]
    fn an_object_in_the_place_of_another_fails(one in 0usize..18, other in 0usize..18) {
        const ALL: [u32; 18] = [1, 2, 3, 4, 5, 6, 9, 10, 11, 13, 14, 15, 16, 18, 19, 20, 22, 30];
        let base = certified(DocMdpPermission::Annotations);
        let (one, other) = (ALL[one], ALL[other]);
        let bytes = revised(&base, |builder| {
            builder.object_bytes(one, 0, &raw(&base, other));
        });
        // A file that cannot be opened at all has no verdict.
        let Ok(mut document) = Document::open(std::io::Cursor::new(bytes.as_slice()), Limits::standard()) else {
            prop_assert!(one != other);
            return Ok(());
        };
        let Ok(signatures) = document.signatures() else { return Ok(()) };
        if signatures.is_empty() {
            return Ok(());
        }
        let comparison = document.compare_revisions(&signatures).expect("a comparison");
        prop_assert_eq!(comparison.judge(oldest(&signatures)).is_empty(), one == other);
    }

    /// Random bytes behind a signature, in whatever form, never pass for nothing.
    #[test]
    fn random_tails_do_not_pass(tail in prop::collection::vec(any::<u8>(), 1..200)) {
        let base = approved();
        prop_assume!(!tail.iter().all(u8::is_ascii_whitespace));
        let bytes = [base.as_slice(), &tail].concat();
        let Ok(mut document) = Document::open(std::io::Cursor::new(bytes.as_slice()), Limits::standard()) else {
            return Ok(());
        };
        let Ok(signatures) = document.signatures() else { return Ok(()) };
        if signatures.is_empty() {
            return Ok(());
        }
        let comparison = document.compare_revisions(&signatures).expect("a comparison");
        let blank = tail.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) || tail.starts_with(b"%");
        prop_assert!(blank || !comparison.judge(oldest(&signatures)).is_empty());
    }
}

fn reference(number: u32) -> kyso_pades::Reference {
    kyso_pades::Reference { number, generation: 0 }
}

/// An object's bytes between `obj` and `endobj`.
fn raw(bytes: &[u8], number: u32) -> Vec<u8> {
    let head = format!("\n{number} 0 obj\n");
    let start = bytes.windows(head.len()).rposition(|window| window == head.as_bytes());
    let start = start.expect("the object") + head.len();
    let len = bytes[start..].windows(7).position(|window| window == b"\nendobj").expect("its end");
    bytes[start..start + len].to_vec()
}
