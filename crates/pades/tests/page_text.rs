//! The words of pages by several producers are those that poppler's pdftotext finds, at the same places.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use kyso_pades::{Document, Limits, PageGeometry, Rectangle};
use unicode_normalization::UnicodeNormalization;

/// A word of pdftotext's, in visible coordinates.
struct Expected {
    text: String,
    rect: Rectangle,
}

/// The pages of `pdftotext -bbox -cropbox`, which counts from the top left and knows no user unit.
fn pdftotext(file: &Path, geometries: &[PageGeometry]) -> Vec<Vec<Expected>> {
    let arguments = ["-bbox", "-cropbox", &file.display().to_string(), "-"];
    let printed = kyso_testkit::peer::run("pdftotext", arguments).expect_success();
    let printed = String::from_utf8(printed).expect("UTF-8");
    let mut pages: Vec<Vec<Expected>> = Vec::new();
    for line in printed.lines().map(str::trim) {
        if line.starts_with("<page ") {
            pages.push(Vec::new());
        } else if line.starts_with("<word ") {
            let number = |key: &str| -> f64 {
                let from = line.find(&format!("{key}=\"")).expect("an attribute") + key.len() + 2;
                let value = &line[from..];
                value[..value.find('"').expect("a quote")].parse().expect("a number")
            };
            let text =
                &line[line.find('>').expect("a tag") + 1..line.rfind("</word>").expect("a word")];
            let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
            let geometry = &geometries[pages.len() - 1];
            let (unit, height) = (geometry.user_unit, geometry.visible_size().1);
            let rect = Rectangle {
                left: number("xMin") * unit,
                bottom: height - number("yMax") * unit,
                right: number("xMax") * unit,
                top: height - number("yMin") * unit,
            };
            let text = text.replace("&amp;", "&").nfc().collect();
            pages.last_mut().expect("a page").push(Expected { text, rect });
        }
    }
    pages
}

fn overlaps_by_half(a: &Rectangle, b: &Rectangle) -> bool {
    let area = |rect: &Rectangle| rect.width() * rect.height();
    a.intersection(b).is_some_and(|both| area(&both) * 2.0 >= area(a).max(area(b)))
}

/// How many of pdftotext's words are found here, of how many, and those that are not.
fn compare(file: &Path) -> (usize, usize, Vec<String>) {
    let bytes = std::fs::read(file).expect("a file");
    let mut document = Document::open(Cursor::new(bytes), Limits::standard()).expect("a document");
    let pages = document.page_count().expect("pages");
    let texts: Vec<_> = (0..pages).map(|page| document.page_words(page).expect("words")).collect();
    let geometries: Vec<_> = texts.iter().map(|text| text.geometry).collect();
    let expected = pdftotext(file, &geometries);
    assert_eq!(expected.len(), pages, "{}", file.display());
    let (mut found, mut all, mut missed) = (0, 0, Vec::new());
    for (expected, ours) in expected.iter().zip(&texts) {
        let mut left: Vec<_> = ours.words.iter().collect();
        for word in expected {
            all += 1;
            let same = |ours: &&kyso_pades::Word| {
                ours.text == word.text && overlaps_by_half(&ours.rect, &word.rect)
            };
            match left.iter().position(same) {
                Some(at) => {
                    left.swap_remove(at);
                    found += 1;
                }
                None => missed.push(format!("{:?} {:?}", word.text, word.rect)),
            }
        }
        if std::env::var_os("KYSO_SHOW_WORDS").is_some() {
            missed
                .extend(left.iter().map(|word| format!("  ours {:?} {:?}", word.text, word.rect)));
        }
    }
    (found, all, missed)
}

#[test]
fn words_are_those_that_pdftotext_finds() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors");
    let mut files: Vec<PathBuf> = ["page-text", "pdf"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(vectors.join(folder)).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pdf"))
        .collect();
    files.sort();
    assert!(files.len() >= 30, "{} files", files.len());
    let mut producers: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for file in files {
        let (found, all, missed) = compare(&file);
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        println!("{name:36} {found:5} of {all:5} words");
        for word in missed {
            println!("    missed {word}");
        }
        let producer = name.split('-').next().expect("a part").to_owned();
        let sum = producers.entry(producer).or_default();
        *sum = (sum.0 + found, sum.1 + all);
    }
    let mut poor = Vec::new();
    for (producer, (found, all)) in producers {
        let rate = 100.0 * found as f64 / all.max(1) as f64;
        println!("{producer:36} {found:5} of {all:5} words {rate:6.2} %");
        if rate < 95.0 {
            poor.push(producer);
        }
    }
    assert_eq!(poor, Vec::<String>::new(), "under 95 %");
}
