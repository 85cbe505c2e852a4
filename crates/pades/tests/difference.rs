//! Later revisions: what is lawful after a signature passes, everything else fails and is named.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use build::*;
use kyso_pades::{
    Change, Comparison, Denial, DocMdpPermission, Finding, SecurityData, Signature, SubFilter,
};

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
