//! Texts: what is written is found again, whatever it is, and what cannot be written is named.

#![allow(clippy::disallowed_methods, reason = "a test may do I/O")]

mod page;

use kyso_appearance::{
    Align, Area, Body, Color, Colors, Content, CopyForm, Design, DesignError, Face, Field,
    MissingGlyph, Profile, QrCode, Template, TemplateError, Text, TextLine, Values, Weight,
};
use page::{DEVICE, checked, text_of, tight, values, words};
use proptest::prelude::*;

fn text(lines: &[&str], area: Area) -> Design<'static> {
    let lines = lines.iter().map(|&text| TextLine { text: text.to_owned(), bold: false }).collect();
    let text = Text { lines, size: 10.0, minimum: 6.0, align: Align::Left, color: Color::BLACK };
    Design { body: Body::Text(text), area, frame: None, qr: None, colors: DEVICE }
}

const NATURAL: Area = Area::Natural { max_width: 240.0 };

fn content() -> Content<'static> {
    let values = values();
    Content { picture: None, template: None, values, room: None, qr: None, colors: DEVICE }
}

/// Characters that the face has, without spaces and signs that stand on others.
fn supported() -> Vec<char> {
    let face = Face::new(Weight::Regular).expect("the program's font");
    let ranges = ['!'..='~', '\u{a1}'..='\u{24f}', '\u{370}'..='\u{4ff}', '\u{1e00}'..='\u{1eff}'];
    // Spacing accents: pdftotext takes them for signs on the letter before.
    let accents = "`^~\u{a8}\u{ad}\u{af}\u{b4}\u{b8}";
    let mut all = ranges.into_iter().flatten().chain("–—…“”→".chars()).collect::<Vec<char>>();
    all.retain(|&c| (c.is_alphanumeric() || !c.is_alphabetic()) && !accents.contains(c));
    all.into_iter()
        // Only what is its own composed form: others become it.
        .filter(|&c| face.compose(&c.to_string()).is_ok_and(|composed| composed == c.to_string()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any text of supported characters is found by pdftotext, in every colour space and width.
    #[test]
    fn texts_are_found(
        picks in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 1..12), 1..12),
        width in 60f64..400.0,
        calibrated: bool,
    ) {
        let supported = supported();
        let found: Vec<String> = picks
            .iter()
            .map(|word| word.iter().map(|pick| supported[pick.index(supported.len())]).collect())
            .collect();
        let line = found.join(" ");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let colors = if calibrated { Colors::Calibrated } else { Colors::Device };
        let design = Design { colors, ..text(&[&line], Area::Natural { max_width: width }) };
        let appearance = design.compose().expect("an appearance");
        let path = checked(folder.path(), "text.pdf", &tight(&appearance));
        let text = text_of(&path);
        let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        prop_assert_eq!(bare(&text), bare(&line));
    }

    /// No values and no template make a program fall over, and no template that is read fails to be filled.
    #[test]
    fn any_template_is_read_or_named(template in "[{}a-z \n]{0,40}", value in any::<String>()) {
        if let Ok(template) = Template::parse(&template) {
            let values = Values { signer: Some(&value), note: Some(&value), ..Values::default() };
            let content = Content { values, template: Some(&template), ..content() };
            if let Ok(design) = Profile::Free.design(&content) {
                let _ = design.compose();
            }
        }
    }

    /// A natural size is no wider than asked, and a given one is kept, with everything in it.
    #[test]
    fn sizes_hold(text_line in "[ -~]{1,80}", width in 30f64..300.0, height in 10f64..200.0) {
        prop_assume!(!text_line.trim().is_empty());
        if let Ok(appearance) = text(&[&text_line], Area::Natural { max_width: width }).compose() {
            prop_assert!(appearance.size.0 <= width + 0.002);
        }
        let exact = Area::Exact { width, height };
        match text(&[&text_line], exact).compose() {
            Ok(appearance) => prop_assert_eq!(appearance.size, (width, height)),
            Err(error) => prop_assert!(matches!(error, DesignError::TextDoesNotFit { .. }), "{error}"),
        }
    }
}

#[test]
fn letters_that_look_alike_stay_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Đ (Vietnamese), Ð (Icelandic) and Ɖ (Ewe) look alike.
    let line = "ĐÐƉ Đà Nẵng";
    let appearance = text(&[line], NATURAL).compose().expect("an appearance");
    let path = checked(folder.path(), "d.pdf", &tight(&appearance));
    assert_eq!(words(&text_of(&path)), line);
}

#[test]
fn decomposed_names_are_composed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let decomposed = "Nguye\u{302}\u{303}n Thi\u{323} Hu\u{31b}o\u{31b}ng";
    let appearance = text(&[decomposed], NATURAL).compose().expect("an appearance");
    let path = checked(folder.path(), "nfd.pdf", &tight(&appearance));
    assert_eq!(words(&text_of(&path)), "Nguyễn Thị Hương");
}

#[test]
fn a_missing_glyph_is_named() {
    for (line, missing) in
        [("Chữ 字", '字'), ("a\u{202e}b", '\u{202e}'), ("tab\there", '\t'), ("😀", '😀')]
    {
        let refused = text(&[line], NATURAL).compose();
        assert_eq!(refused, Err(DesignError::Glyph(MissingGlyph(missing))), "{line:?}");
    }
    // Values come without control characters that only space out.
    let template = Template::parse("{signer}").expect("a template");
    let values = Values { signer: Some("Hà\tVăn\nTý"), ..Values::default() };
    let content = Content { values, template: Some(&template), ..content() };
    assert!(Profile::Free.design(&content).expect("a design").compose().is_ok());
}

#[test]
fn what_the_law_prescribes_must_be_there() {
    let refused = |profile: Profile, values| {
        let content = Content { values, ..content() };
        profile.design(&content).and_then(|design| design.compose()).map(|_| ())
    };
    let no_value = |field| Err(DesignError::Template(TemplateError::NoValue(field)));
    assert_eq!(refused(Profile::Copy, values()), no_value(Field::Form));
    let form = Some(CopyForm::TrichSao);
    let values = Values { form, organization: None, ..values() };
    assert_eq!(refused(Profile::Copy, values), no_value(Field::Organization));
    let values = Values { number: None, ..values };
    assert_eq!(refused(Profile::Attachment, values), no_value(Field::Number));
    assert_eq!(refused(Profile::Comment, values), Err(DesignError::TextMissing));
    assert_eq!(refused(Profile::Leader, values), Err(DesignError::PictureMissing));
    assert_eq!(refused(Profile::Seal, values), Err(DesignError::PictureMissing));
    let nothing = Values::default();
    assert_eq!(refused(Profile::NumberAndDate, nothing), Err(DesignError::NothingToShow));
    assert_eq!(refused(Profile::Free, nothing), Err(DesignError::NothingToShow));
}

/// Text of a prescribed size is never made smaller; other text is, down to 6 points.
#[test]
fn text_shrinks_only_where_it_may() {
    let content = Content { room: Some((60.0, 40.0)), ..content() };
    let refused = Profile::Attachment.design(&content).expect("a design").compose();
    let room = (60.0, 40.0);
    assert_eq!(refused, Err(DesignError::TextDoesNotFit { minimum: 10.0, room }));
    let content = Content { room: Some((120.0, 60.0)), ..content };
    let design = Profile::Free.design(&content).expect("a design");
    let size = design.compose().expect("smaller letters").size;
    assert_eq!(size, (120.0, 60.0));
}

#[test]
fn a_code_that_cannot_be_read_is_refused() {
    let qr = |payload, side| {
        let content = Content { qr: Some(QrCode { payload, hint: "", side }), ..content() };
        Profile::Free.design(&content).and_then(|design| design.compose()).map(|_| ())
    };
    assert_eq!(qr("https://kiemtra.example.vn", 72.0), Ok(()));
    let least = f64::from(25 + 8) * kyso_appearance::LEAST_MODULE;
    let small = DesignError::QrTooSmall { side: 20.0, least };
    assert_eq!(qr("https://kiemtra.example.vn", 20.0), Err(small));
    let long = "x".repeat(3000);
    assert_eq!(qr(&long, 500.0), Err(DesignError::QrTooLong { bytes: 3000 }));
}

/// Two subsets in one file must have names of their own (ISO 32000-2 §9.9.2).
#[test]
fn subsets_are_named_by_what_they_hold() {
    let name = |line: &str| {
        let appearance = text(&[line], NATURAL).compose().expect("an appearance");
        let font = format!("{:?}", appearance.objects[1].pieces[0]);
        let raw = match &appearance.objects[1].pieces[0] {
            kyso_pades::Piece::Raw(raw) => String::from_utf8(raw.clone()).expect("ASCII"),
            _ => panic!("{font}"),
        };
        raw.split('/').find(|word| word.contains('+')).expect("a subset's name").to_owned()
    };
    assert_eq!(name("Hà Văn Tý"), name("Hà Văn Tý"));
    assert_ne!(name("Hà Văn Tý"), name("Hà Văn Tỷ"));
}
