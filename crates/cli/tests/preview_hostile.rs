//! PDFs made to exhaust their readers: each ends within the limits, by its name, and leaves no process behind.

mod shown;

use std::time::{Duration, Instant};

use kyso_preview::{
    By, Ended, FallbackFailure, FallbackReason, Limits, Preview, PreviewError, Renderer,
};
use shown::{difference, document, draw_with, page, processes_with, renderer, stream};

/// Limits that are met soon.
fn tight(mark: u64) -> Limits {
    Limits {
        // What is beyond the whole MiB marks this test's processes among others.
        memory: (512 << 20) + mark * 4096,
        processor: 3,
        time: Duration::from_secs(30),
        ..Limits::standard()
    }
}

/// Draws, and checks what holds for every document: an end in time, and nothing left.
fn draw(mark: u64, pdf: &[u8]) -> Result<Preview, PreviewError> {
    let limits = tight(mark);
    let start = Instant::now();
    let drawn = draw_with(&renderer(limits, None), pdf, 0);
    assert!(start.elapsed() < limits.time + Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(processes_with(&limits.memory.to_string()), Vec::<String>::new());
    println!("{mark}: {:?} after {:?}", drawn.as_ref().map(|one| one.dpi), start.elapsed());
    drawn
}

const A4: &str = "/MediaBox [0 0 595 842]";

/// Ten levels of ten uses each: ten thousand million times the last one's content, from four kilobytes.
fn multiplied(last: &[u8]) -> Vec<u8> {
    let uses = b"/F Do ".repeat(10);
    let mut more = Vec::new();
    for level in 0..10 {
        let form = "/Type /XObject /Subtype /Form /BBox [0 0 595 842]";
        let next = 6 + level;
        more.push(if level == 9 {
            stream(form, last)
        } else {
            stream(&format!("{form} /Resources << /XObject << /F {next} 0 R >> >>"), &uses)
        });
    }
    let entries = format!("{A4} /Resources << /XObject << /F 5 0 R >> >>");
    page(&entries, stream("", &uses), &more)
}

#[test]
fn forms_that_multiply_meet_a_limit() {
    let ended = draw(1, &multiplied(b"0 0 m 500 800 l S"));
    assert!(at_limit(&ended), "{ended:?}");
}

#[test]
fn work_that_leaves_nothing_meets_the_processor_limit() {
    let ended = draw(50, &multiplied(b"1 0 0 1 0 0 cm"));
    assert!(at_limit(&ended), "{ended:?}");
}

#[test]
fn time_by_the_clock_is_up_too() {
    let limits = Limits { time: Duration::from_millis(300), ..tight(51) };
    let ended = draw_with(&renderer(limits, None), &multiplied(b"0 0 m 500 800 l S"), 0);
    assert!(matches!(ended, Err(PreviewError::Ended(Ended::TimedOut { .. }))), "{ended:?}");
    assert_eq!(processes_with(&limits.memory.to_string()), Vec::<String>::new());
}

#[test]
fn content_that_swells_meets_the_memory_limit() {
    // White space (NUL) that is longer than the limit, in half a megabyte; deflated twice, in some kilobytes.
    let spaces = deflated(&vec![0; 600 << 20]);
    let content = stream("/Filter [/FlateDecode /FlateDecode]", &deflated(&spaces));
    assert!(content.len() < 100_000, "{}", content.len());
    let ended = draw(2, &page(A4, content, &[]));
    assert!(matches!(ended, Err(PreviewError::Ended(Ended::OutOfMemory { .. }))), "{ended:?}");
}

#[test]
fn an_image_of_ten_thousand_million_pixels_is_not_held() {
    for (mark, filter) in [(3, ""), (4, "/Filter /FlateDecode"), (5, "/Filter /CCITTFaxDecode")] {
        let image = stream(
            &format!(
                "/Type /XObject /Subtype /Image /Width 100000 /Height 100000 /BitsPerComponent 8 \
                 /ColorSpace /DeviceRGB {filter}"
            ),
            &deflated(&[0; 4096]),
        );
        let entries = format!("{A4} /Resources << /XObject << /I 5 0 R >> >>");
        let drawn = draw(mark, &page(&entries, stream("", b"595 0 0 842 0 0 cm /I Do"), &[image]));
        // The renderer leaves it out, and does not always say so.
        assert!(drawn.is_ok() || at_limit(&drawn), "{filter}: {drawn:?}");
    }
}

#[test]
fn a_huge_page_is_drawn_small_and_an_endless_one_refused() {
    let sides = [14_400u64, 200_000, 100_000_000];
    for (mark, side) in (6..).zip(sides) {
        let entries = format!("/MediaBox [0 0 {side} {side}]");
        let drawn = draw(mark, &page(&entries, stream("", b"0 0 m 99 99 l S"), &[]));
        match drawn {
            Ok(preview) => {
                assert!(preview.dpi < 96.0 && side < 1_000_000);
                let pixels = preview.picture.width() * preview.picture.height();
                assert!(pixels <= Limits::standard().pixels, "{pixels}");
            }
            Err(error) => assert!(
                matches!(error, PreviewError::TooLarge { .. }) && side > 1_000_000,
                "{side}: {error}"
            ),
        }
    }
}

#[test]
fn what_nests_without_end_ends() {
    let deep = |open: &[u8], close: &[u8]| {
        let mut all = open.repeat(300_000);
        all.extend(close.repeat(300_000));
        all
    };
    let arrays = String::from_utf8(deep(b"[", b"]")).expect("ASCII");
    let dictionaries = String::from_utf8(deep(b"<</A ", b">>")).expect("ASCII");
    let itself = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 5 0 R >> >>",
        b"/F Do",
    );
    let loops = document(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000000 >>".to_vec(),
    ]);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("arrays in the page", page(&format!("{A4} /X {arrays}"), stream("", b""), &[])),
        (
            "dictionaries in the page",
            page(&format!("{A4} /X {dictionaries}"), stream("", b""), &[]),
        ),
        ("arrays in the content", page(A4, stream("", &deep(b"[", b"]")), &[])),
        ("saved states", page(A4, stream("", &deep(b"q ", b"Q ")), &[])),
        ("clips", page(A4, stream("", &b"q 0 0 500 500 re W n ".repeat(100_000)), &[])),
        (
            "a form in itself",
            page(
                &format!("{A4} /Resources << /XObject << /F 5 0 R >> >>"),
                stream("", b"/F Do"),
                &[itself],
            ),
        ),
        ("a tree of pages in itself", loops),
        ("references in a ring", page("/MediaBox 5 0 R", stream("", b""), &[b"5 0 R".to_vec()])),
        ("a content that is itself", page(A4, b"4 0 R".to_vec(), &[])),
        (
            "a length that is itself",
            page(A4, b"<< /Length 4 0 R >>\nstream\n0 0 m\nendstream".to_vec(), &[]),
        ),
    ];
    for (mark, (name, pdf)) in (20..).zip(cases) {
        println!("{name}");
        // A picture or a named error; that it ends, and nothing stays, is checked inside.
        if let Err(error) = draw(mark, &pdf) {
            let named = matches!(error, PreviewError::NotAPdf | PreviewError::NoSuchPage { .. });
            assert!(named || at_limit(&Err(error)), "{name}");
        }
    }
}

#[test]
fn a_pattern_of_specks_ends() {
    let tile = stream(
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.001 \
         /YStep 0.001 /Resources << >>",
        b"1 0 0 rg 0 0 0.0005 0.0005 re f",
    );
    let entries = format!("{A4} /Resources << /Pattern << /P 5 0 R >> >>");
    let content = stream("", b"/Pattern cs /P scn 0 0 595 842 re f");
    let drawn = draw(40, &page(&entries, content, &[tile]));
    assert!(drawn.is_ok() || at_limit(&drawn), "{drawn:?}");
}

#[test]
fn a_document_beyond_the_limit_is_not_sent() {
    let limits = Limits { document: 1_000, ..tight(41) };
    let pdf = page(A4, stream("", &[b' '; 2_000]), &[]);
    let refused = draw_with(&renderer(limits, None), &pdf, 0);
    assert!(matches!(refused, Err(PreviewError::TooLong { most: 1_000 })), "{refused:?}");
}

/// Writes a program.
#[cfg(unix)]
fn program(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).expect("written");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("executable");
}

/// A renderer that breaks down whenever it should draw, and still becomes another program.
#[cfg(unix)]
fn broken(folder: &std::path::Path, limits: Limits, fallback: &std::path::Path) -> Renderer {
    let breaks = folder.join("breaks");
    let kyso = env!("CARGO_BIN_EXE_kyso");
    program(&breaks, &format!("#!/bin/sh\n[ \"$2\" = draw ] && exit 3\nexec '{kyso}' \"$@\"\n"));
    Renderer { program: breaks, ..renderer(limits, Some(fallback)) }
}

/// A program that hangs with a child that holds its output, in place of pdftoppm.
#[cfg(unix)]
#[test]
fn time_is_up_for_the_fallback_and_its_children() {
    let folder = tempfile::tempdir().expect("a folder");
    let hangs = folder.path().join("hangs");
    let nap = 98_000 + std::process::id() % 1_000;
    program(&hangs, &format!("#!/bin/sh\nsleep {nap} &\nsleep {nap}\n"));
    let limits = Limits { time: Duration::from_secs(2), ..tight(42) };
    let start = Instant::now();
    let drawn =
        draw_with(&broken(folder.path(), limits, &hangs), &page(A4, stream("", b""), &[]), 0);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(processes_with(&format!("sleep {nap}")), Vec::<String>::new());
    assert_eq!(processes_with(&limits.memory.to_string()), Vec::<String>::new());
    assert!(
        matches!(
            drawn,
            Err(PreviewError::Fallback {
                reason: FallbackReason::Broke,
                failure: FallbackFailure::Ended(Ended::TimedOut { .. }),
                ..
            })
        ),
        "{drawn:?}"
    );
}

#[cfg(unix)]
#[test]
fn the_fallback_draws_what_the_renderer_breaks_on_and_has_its_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    for rotate in [0, 90] {
        let entries = format!("/MediaBox [0 0 400 300] /CropBox [50 40 350 240] /Rotate {rotate}");
        let pdf = page(&entries, stream("", b"1 0 0 rg 70 200 60 20 re f"), &[]);
        let broken = broken(folder.path(), tight(43), "pdftoppm".as_ref());
        let drawn = draw_with(&broken, &pdf, 0).expect("by pdftoppm");
        assert!(matches!(drawn.by, By::Fallback { reason: FallbackReason::Broke, .. }));
        let ours = draw_with(&renderer(tight(43), None), &pdf, 0).expect("by the renderer");
        let (mean, ink) = difference(&drawn.picture, &ours.picture);
        assert!(mean < 0.5 && ink > 1.0, "{rotate}: {mean} of {ink}");
    }

    let limits_file = folder.path().join("limits");
    let asks = folder.path().join("asks");
    let text = format!("#!/bin/sh\nulimit -a > '{}'\n", limits_file.display());
    program(&asks, &text);
    let pdf = page(A4, stream("", b""), &[]);
    let none = draw_with(&broken(folder.path(), tight(44), &asks), &pdf, 0);
    assert!(
        matches!(none, Err(PreviewError::Fallback { failure: FallbackFailure::Picture(_), .. })),
        "{none:?}"
    );
    let said = std::fs::read_to_string(&limits_file).expect("its limits");
    let limit = |name: &str| {
        let line = said.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().last().unwrap_or_default().to_owned()
    };
    assert_eq!(limit("time"), "3", "{said}");
    assert_eq!(limit("coredump"), "0", "{said}");
    assert_eq!(limit("vmemory"), (tight(44).memory / 1024).to_string(), "{said}");

    let missing = broken(folder.path(), tight(45), "no-such-renderer".as_ref());
    let missing = draw_with(&missing, &pdf, 0);
    assert!(
        matches!(
            missing,
            Err(PreviewError::Fallback { failure: FallbackFailure::NotStarted(_), .. })
        ),
        "{missing:?}"
    );
}

fn deflated(data: &[u8]) -> Vec<u8> {
    kyso_appearance::deflated([], data).stream.expect("a stream")
}

fn at_limit(drawn: &Result<Preview, PreviewError>) -> bool {
    matches!(drawn, Err(PreviewError::Ended(ended)) if ended.at_limit())
}
