//! Where a signature belongs, by tables of page layouts (`test-vectors/placement`).

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use kyso_pades::{Document, Limits, Placement, PlacementError, find_place};
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    what: String,
    title: Option<String>,
    name: Option<String>,
    page: Option<usize>,
    centre: Option<[f64; 2]>,
    error: Option<String>,
    listed: Option<usize>,
    line: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default = "first_page")]
    page: usize,
    x: f64,
    y: f64,
    #[serde(default)]
    left: bool,
    text: String,
}

const fn first_page() -> usize {
    1
}

const SIZE: f64 = 13.0;
/// Width of every character but combining marks, in ems.
const WIDTH: f64 = 0.5;

fn vectors(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors").join(folder)
}

/// A PDF whose font is a Type 0 font that maps UTF-16 units to themselves, and U+E000 to the two letters of “fi”.
///
/// A turned document stores its pages on their side; they are shown upright all the same.
fn pdf(lines: &[Line], turned: bool) -> Vec<u8> {
    let mut contents: BTreeMap<usize, String> = BTreeMap::new();
    let last = lines.iter().map(|line| line.page).max().unwrap_or(1);
    for page in 1..=last {
        let upright = if turned { "0 1 -1 0 842 0 cm " } else { "" };
        contents.insert(page, upright.to_owned());
    }
    let is_mark = |c: &char| ('\u{300}'..='\u{36f}').contains(c);
    for line in lines {
        let spacing = line.text.chars().filter(|c| !is_mark(c)).count();
        let width = spacing as f64 * WIDTH * SIZE;
        let x = if line.left { line.x } else { line.x - width / 2.0 };
        let units: String = line.text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
        let content = contents.get_mut(&line.page).expect("a page");
        writeln!(content, "BT /F {SIZE} Tf {x} {} Td <{units}> Tj ET", line.y).expect("text");
    }
    let cmap = "1 begincodespacerange <0000> <FFFF> endcodespacerange
        2 beginbfrange <0000> <DFFF> <0000> <E001> <FFFF> <E001> endbfrange
        1 beginbfchar <E000> <00660069> endbfchar";
    let stream = |text: &str| format!("<</Length {}>>stream\n{text}\nendstream", text.len());
    let boxes = if turned { "/MediaBox[0 0 842 595]/Rotate 90" } else { "/MediaBox[0 0 595 842]" };
    let kids: String = (0..last).map(|page| format!("{} 0 R ", 6 + 2 * page)).collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Count {last}{boxes}/Kids[{kids}]>>"),
        "<</Type/Font/Subtype/Type0/Encoding/Identity-H/BaseFont/X/DescendantFonts[4 0 R]/ToUnicode 5 0 R>>".to_owned(),
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/X/DW 500/W[768 879 0]/CIDSystemInfo<<>>>>".to_owned(),
        stream(cmap),
    ];
    for (page, content) in &contents {
        let number = 5 + 2 * page;
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/Contents {number} 0 R/Resources<</Font<</F 3 0 R>>>>>>"
        ));
        objects.push(stream(content));
    }
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", file.len()).expect("text");
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).bytes());
    }
    let start = file.len();
    let size = objects.len() + 1;
    file.extend(
        format!("{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").bytes(),
    );
    file
}

fn place(
    bytes: Vec<u8>,
    title: Option<&str>,
    name: Option<&str>,
) -> Result<Placement, PlacementError> {
    let mut document = Document::open(Cursor::new(bytes), Limits::standard()).expect("a document");
    find_place(&mut document, title, name)
}

fn is_right(case: &Case, outcome: &Result<Placement, PlacementError>) -> bool {
    match (outcome, case.error.as_deref()) {
        (Ok(place), None) => {
            let [x, y] = case.centre.expect("a centre");
            Some(place.page + 1) == case.page
                && (place.centre.0 - x).abs() < 6.0
                && (place.centre.1 - y).abs() < 6.0
        }
        (Err(PlacementError::NotFound { found, .. }), Some("not-found"))
        | (Err(PlacementError::Ambiguous { found }), Some("ambiguous")) => {
            Some(found.len()) == case.listed
        }
        _ => false,
    }
}

#[test]
fn layouts_give_the_place_or_say_why_not() {
    let mut cases = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(vectors("placement")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let table = std::fs::read_to_string(&path).expect("a table");
        for case in toml::from_str::<Table>(&table).expect("a table").case {
            cases += 1;
            for turned in [false, true] {
                let bytes = pdf(&case.line, turned);
                let outcome = place(bytes, case.title.as_deref(), case.name.as_deref());
                if !is_right(&case, &outcome) {
                    wrong.push(format!("{} (turned {turned}): {outcome:?}", case.what));
                }
            }
        }
    }
    assert!(cases >= 23, "{cases} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn letters_of_real_writers_have_their_place() {
    for file in ["libreoffice", "chromium", "crop-unit", "poppler-cairo"] {
        let bytes =
            std::fs::read(vectors("page-text").join(format!("{file}.pdf"))).expect("a file");
        let place = place(bytes, Some("Phó Chủ tịch"), Some("nguyen van thinh"));
        let place = place.unwrap_or_else(|error| panic!("{file}: {error:?}"));
        let (title, name) = (place.title.expect("a title"), place.name.expect("a name"));
        assert_eq!((title.text.as_str(), name.text.as_str()), ("PHÓ CHỦ TỊCH", "Nguyễn Văn Thịnh"));
        assert!(title.rect.bottom > place.centre.1 && place.centre.1 > name.rect.top, "{file}");
        assert!(place.space.height() > 40.0, "{file}: {:?}", place.space);
    }
}

#[test]
fn nothing_asked_is_an_error() {
    let outcome = place(pdf(&[], false), Some(" "), None);
    assert!(matches!(outcome, Err(PlacementError::NothingAsked)));
}
