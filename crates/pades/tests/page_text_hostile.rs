//! Content made to cost: it ends within the limits, and quickly.

use std::io::Cursor;

use kyso_pades::{Document, Error, Limit, Limits, PageText, find_place};
use proptest::prelude::*;

/// A page with this content; form `X` draws `form`, font `F` is Helvetica with `cmap` as its ToUnicode map.
fn pdf(content: &[u8], form: &[u8], cmap: &[u8]) -> Vec<u8> {
    let stream = |dictionary: &str, data: &[u8]| {
        let mut out = format!("<<{dictionary}/Length {}>>stream\n", data.len()).into_bytes();
        out.extend_from_slice(data);
        out.extend_from_slice(b"\nendstream");
        out
    };
    let resources = "/Resources<</XObject<</X 5 0 R/Y 7 0 R>>/Font<</F 6 0 R>>>>";
    let objects = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>".to_vec(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R{resources}>>")
            .into_bytes(),
        stream("", content),
        stream(&format!("/Subtype/Form{resources}"), form),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 8 0 R>>".to_vec(),
        stream(&format!("/Subtype/Form{resources}"), b"/X Do /X Do"),
        stream("", cmap),
    ];
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend(format!("{} 0 obj\n", at + 1).bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let start = file.len();
    let size = objects.len() + 1;
    file.extend(
        format!("{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").bytes(),
    );
    file
}

fn read(content: &[u8], form: &[u8], cmap: &[u8]) -> Result<PageText, Error> {
    let file = Cursor::new(pdf(content, form, cmap));
    Document::open(file, Limits::standard())?.page_words(0)
}

#[test]
fn a_plain_page_reads() {
    let text = read(b"BT /F 12 Tf 72 700 Td [(Hel)-20(lo) -600(world)] TJ ET", b"", b"");
    let words: Vec<_> = text.expect("text").words.into_iter().map(|word| word.text).collect();
    assert_eq!(words, ["Hello", "world"]);
}

#[test]
fn saved_states_are_bounded() {
    let outcome = read(&b"q ".repeat(10_000), b"", b"");
    assert!(matches!(outcome, Err(Error::LimitExceeded { limit: Limit::ContentNesting, .. })));
}

#[test]
fn forms_that_draw_themselves_end() {
    let text = read(b"/X Do BT /F 12 Tf 9 9 Td (a) Tj ET", b"/X Do /Y Do /X Do", b"");
    assert_eq!(text.expect("text").words.len(), 1);
}

#[test]
fn content_counts_as_often_as_it_is_drawn() {
    let form = b" ".repeat(1 << 20);
    let outcome = read(&b"/X Do ".repeat(500), &form, b"");
    assert!(matches!(outcome, Err(Error::LimitExceeded { limit: Limit::ContentBytes, .. })));
}

#[test]
fn a_giant_array_is_bounded() {
    let mut content = b"BT /F 12 Tf [".to_vec();
    content.extend(b"(a)1 ".repeat(300_000));
    content.extend(b"] TJ ET");
    let outcome = read(&content, b"", b"");
    assert!(matches!(outcome, Err(Error::LimitExceeded { limit: Limit::ObjectElements, .. })));
}

#[test]
fn long_texts_for_short_codes_are_bounded() {
    let mut cmap = b"1 beginbfrange <00> <ff> <".to_vec();
    cmap.extend(b"0041".repeat(250));
    cmap.extend(b"> endbfrange");
    let content = [b"BT /F 12 Tf (".to_vec(), b"a".repeat(100_000), b") Tj ET".to_vec()].concat();
    let outcome = read(&content, b"", &cmap);
    assert!(matches!(outcome, Err(Error::LimitExceeded { limit: Limit::PageCharacters, .. })));
}

#[test]
fn open_strings_and_dictionaries_cost_one_pass() {
    for piece in [&b"("[..], b"<", b"<<", b"[", b"<</A", b"BI ID ", b"(\\", b"/A<<>>BDC "] {
        drop(read(&piece.repeat((4 << 20) / piece.len()), b"", b""));
    }
}

#[test]
fn a_page_full_of_signature_blocks_is_bounded() {
    let mut content = b"BT /F 1 Tf 0.05 TL 1 800 Td ".to_vec();
    content.extend(b"(Title)' (Name)' ".repeat(8_000));
    content.extend(b"ET");
    let file = Cursor::new(pdf(&content, b"", b""));
    let mut document = Document::open(file, Limits::standard()).expect("a document");
    drop(find_place(&mut document, Some("Title"), Some("Name")));
    drop(find_place(&mut document, None, Some("Name")));
}

proptest! {
    #[test]
    fn any_content_reads_or_is_refused(
        pieces in proptest::collection::vec(prop_oneof![
            Just("BT /F 12 Tf".to_owned()), Just("ET".to_owned()), Just("q".to_owned()), Just("Q".to_owned()),
            Just("/X Do".to_owned()), Just("/Y Do".to_owned()), Just("T*".to_owned()), Just("EMC".to_owned()),
            Just("/Span<</ActualText(x y)>>BDC".to_owned()), Just("BI /W 1 ID x EI".to_owned()),
            "[-+]?[0-9]{1,12}(\\.[0-9]{1,12})? (Tc|Tw|Tz|TL|Ts)", "(-?[0-9.]{1,40} ){6}(cm|Tm)",
            "(-?[0-9]{1,3} ){2}Td", "\\([ -'*-Z]{0,20}\\) (Tj|'|TJ)", "[ -~]{0,30}",
        ], 0..60),
        cmap in "[ -~]{0,80}",
        name in "[a-z ]{0,12}",
    ) {
        let content = pieces.join(" ");
        let file = pdf(content.as_bytes(), content.as_bytes(), cmap.as_bytes());
        let mut document = Document::open(Cursor::new(file), Limits::standard()).expect("a document");
        if let Ok(text) = document.page_words(0) {
            for word in &text.words {
                prop_assert!(!word.text.is_empty());
                prop_assert!(word.rect.left <= word.rect.right && word.rect.bottom <= word.rect.top);
            }
        }
        drop(find_place(&mut document, Some("x"), Some(&name)));
    }
}
