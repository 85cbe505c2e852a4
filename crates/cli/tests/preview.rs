//! Pages as pictures: against pdftoppm, and where a signature will stand.

mod shown;

use std::io::Cursor;
use std::path::PathBuf;

use kyso_pades::{Document, Limits as DocumentLimits, PageGeometry, Rectangle};
use kyso_preview::{By, Color, draw_placement, placed_at};
use shown::{by_pdftoppm, difference, draw, page, stream};

/// Mean difference of blocks of pixels that two honest renderers may have, of 255.
const TOLERANCE: f64 = 1.5;

/// The same as a part of the page's ink, so that a page with little on it is held, too: what is missing
/// altogether differs by all its ink, a thin line that stands half a pixel elsewhere by most of it.
const PART: f64 = 0.7;

/// Pages whose renderers differ more, with the reason.
const DIFFERENT: &[(&str, usize, &str)] = &[];

#[test]
fn pages_of_every_producer_look_as_pdftoppm_draws_them() {
    let mut files: Vec<PathBuf> = kyso_test_vectors::files("pdf", "pdf");
    files.extend(kyso_test_vectors::files("pdf/corpus", "pdf"));
    let mut failures = Vec::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let bytes = std::fs::read(&file).expect("a vector");
        let mut page = 0;
        loop {
            let drawn = draw(&bytes, page).unwrap_or_else(|error| panic!("{name} {page}: {error}"));
            assert_eq!(drawn.by, By::Hayro);
            assert!(!drawn.incomplete.any(), "{name} {page}: {:?}", drawn.incomplete);
            let peer = by_pdftoppm(&file, page, user_unit(&bytes, page));
            let (mean, ink) = difference(&drawn.picture, &peer);
            println!("{name} page {}: difference {mean:.2} of ink {ink:.2}", page + 1);
            let known = DIFFERENT.iter().any(|(one, at, _)| *one == name && *at == page);
            // A page that is missing altogether would differ by all its ink.
            if (mean > TOLERANCE || mean > ink * PART + 0.02) != known {
                failures.push(format!("{name} page {}: {mean:.2} of ink {ink:.2}", page + 1));
            }
            page += 1;
            if page == drawn.pages.min(3) {
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// A page 300 × 200 at (50, 40) of a larger sheet, with a red field whose corners are in user space.
fn turned(rotate: i32, more: &str) -> Vec<u8> {
    let entries =
        format!("/MediaBox [0 0 400 300] /CropBox [50 40 350 240] /Rotate {rotate} {more}");
    page(&entries, stream("", b"1 0 0 rg 70 200 60 20 re f 0 0 1 rg 300 50 30 10 re f"), &[])
}

/// The red field of [`turned`].
const RED: Rectangle = Rectangle { left: 70.0, bottom: 200.0, right: 130.0, top: 220.0 };

fn geometry(pdf: &[u8], page: usize) -> PageGeometry {
    let mut document =
        Document::open(Cursor::new(pdf), DocumentLimits::standard()).expect("a document");
    document.page_geometry(page).expect("its geometry")
}

/// What pdftoppm leaves out of account.
fn user_unit(pdf: &[u8], page: usize) -> f64 {
    geometry(pdf, page).user_unit
}

#[test]
fn a_placement_stands_where_it_should_on_turned_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    for rotate in [0, 90, 180, 270, -90, 450] {
        for unit in ["", "/UserUnit 2"] {
            let pdf = turned(rotate, unit);
            let geometry = geometry(&pdf, 0);
            let mut drawn = draw(&pdf, 0).expect("a picture");
            let size = (drawn.picture.width(), drawn.picture.height());
            let scale = if unit.is_empty() { 1 } else { 2 };
            let (long, short) = (400 * scale, 267 * scale);
            let expected = if rotate % 180 == 0 { (long, short) } else { (short, long) };
            assert!(
                size.0.abs_diff(expected.0) <= 1 && size.1.abs_diff(expected.1) <= 1,
                "{rotate} {unit}: {size:?}"
            );
            if unit.is_empty() {
                let file = folder.path().join("turned.pdf");
                std::fs::write(&file, &pdf).expect("written");
                let (mean, ink) = difference(&drawn.picture, &by_pdftoppm(&file, 0, 1.0));
                assert!(mean < 0.5 && ink > 1.0, "{rotate}: {mean} of {ink}");
            }

            let place = geometry.from_user_space(RED);
            let [left, top, right, bottom] =
                placed_at(&drawn.picture, &geometry, place).expect("pixels");
            let inner = ((left + right) / 2, (top + bottom) / 2);
            let corners = [
                (left + 1, top + 1),
                (right - 2, top + 1),
                (left + 1, bottom - 2),
                (right - 2, bottom - 2),
                inner,
            ];
            let outside = [(left - 3, top), (right + 2, top), (left, top - 3), (left, bottom + 2)];
            for (x, y) in corners {
                assert_eq!(drawn.picture.pixel(x, y), Some(Color([255, 0, 0])), "{rotate} {x} {y}");
            }
            for (x, y) in outside {
                let white = Some(Color([255; 3]));
                assert_eq!(drawn.picture.pixel(x, y), white, "{rotate} {unit} {x} {y}");
            }
            draw_placement(&mut drawn.picture, &geometry, place).expect("drawn");
            for (x, y) in outside {
                assert_eq!(drawn.picture.pixel(x, y), Some(Color([255; 3])), "{rotate} {x} {y}");
            }
            let Some(Color([red, _, blue])) = drawn.picture.pixel(inner.0, inner.1) else {
                panic!("outside")
            };
            assert!(red > 180 && (20..100).contains(&blue), "{rotate}: translucent: {red} {blue}");
            let Some(Color([red, _, blue])) = drawn.picture.pixel(left, top) else {
                panic!("outside")
            };
            assert!(red < 80 && blue > 150, "{rotate}: a frame: {red} {blue}");
        }
    }
}

#[test]
fn no_place_is_shown_on_another_page_than_its_own() {
    let mut drawn = draw(&turned(0, ""), 0).expect("a picture");
    let before = drawn.picture.clone();
    let other = geometry(&turned(90, ""), 0);
    draw_placement(&mut drawn.picture, &other, RED).expect_err("another shape");
    assert_eq!(drawn.picture, before);
}
