//! What is read as text, and what is not.

use super::*;

const BOX: [f64; 4] = [0.0, 0.0, 100.0, 20.0];

/// Helvetica as a reader has it, under two names.
fn fonts() -> Vec<(Name, Usable)> {
    let font = super::super::fonts::helvetica();
    ["Helv", "F"].map(|name| (Name(name.into()), font.clone())).to_vec()
}

fn read_in(content: &str, bbox: [f64; 4]) -> Result<Shown, Unread> {
    shown_text(content.as_bytes(), bbox, &fonts(), &Limits::standard())
}

fn read(content: &str) -> Option<String> {
    read_in(content, BOX).ok().map(|shown| shown.text())
}

#[test]
fn plain_text_is_read() {
    let content = "/Tx BMC q 1 1 98 18 re W n BT /Helv 12 Tf 0 g 2 5.5 Td (100 000) Tj ET Q EMC";
    assert_eq!(read(content).as_deref(), Some("100 000"));
    let lines = "BT /F 8 Tf 9 TL 2 12 Td [(a) -20 (b)] TJ (c) ' ET";
    assert_eq!(read(lines).as_deref(), Some("ab\nc"));
    assert_eq!(read("BT /F 12 Tf 2 5 Td (\\301nh) Tj ET").as_deref(), Some("\u{c1}nh"));
    assert_eq!(read("").as_deref(), Some(""));
}

#[test]
fn backgrounds_borders_and_combs_are_read() {
    for (content, text) in [
        // As pdf.js, MuPDF, PDFium and reportlab write them.
        (
            "/Tx BMC q .8 .84 1 rg 0 0 100 20 re f 1 w .1 G 0 0 100 20 re S BT /F 11 Tf .1 .1 .1 rg 1 0 0 1 0 0 Tm 2 5 Td (25) Tj ET Q EMC",
            "25",
        ),
        (
            "q .8 .843 1 rg 0 0 100 20 re f 1 w .1 G .5 .5 99 19 re s 1 1 98 18 re W n BT .1 g 2 6 Td /F 11 Tf (25) Tj ET Q",
            "25",
        ),
        ("q .1 g 0 0 100 20 re 1 1 98 18 re f* Q q BT 1 6 Td /F 11 Tf (25) Tj ET Q", "25"),
        ("BT 0 6 Td /F 11 Tf [-575 (A) -1151 (B) -1123 (1)] TJ ET", "AB1"),
        ("BT /F 11 Tf 1 0 0 1 2 6 Tm (A) Tj 20 0 Td (B) Tj 20 0 Td (1) Tj ET", "AB1"),
        (
            "q 0 0 0 rg 0 0 100 20 re f BT 1 g /F 11 Tf 2 5 Td (white on black) Tj ET Q",
            "white on black",
        ),
    ] {
        assert_eq!(read(content).as_deref(), Some(text), "{content}");
    }
}

#[test]
fn the_chosen_lines_of_a_list_are_told() {
    let list = "q 1 1 98 48 re W n BT .1 g /F 11 Tf 1 38.6 Td (Mon) Tj ET q 0 .2 .44 rg 1 23.3 98 12.8 re f Q \
        BT 1 g /F 11 Tf 1 25.7 Td (Tue) Tj ET BT .1 g /F 11 Tf 1 12.9 Td (Wed) Tj ET Q";
    let shown = read_in(list, [0.0, 0.0, 100.0, 50.0]).expect("a list");
    let lines: Vec<_> =
        shown.lines.iter().map(|line| (line.text.as_str(), line.is_marked)).collect();
    assert_eq!(lines, [("Mon", false), ("Tue", true), ("Wed", false)]);
}

#[test]
fn everything_else_is_refused() {
    for content in [
        "/Im Do",
        "q 0 0 50 20 re f Q",
        "q 0 0 100 10 re f Q",
        "BT /F 12 Tf 3 Tr 2 5 Td (x) Tj ET",
        "BT /F 12 Tf 1 g 2 5 Td (x) Tj ET",
        "0 g 0 0 100 20 re f BT /F 12 Tf 2 5 Td (dark on dark) Tj ET",
        "BT /F 12 Tf 2 5 Td (x) Tj ET 1 g 0 0 100 20 re f",
        "BT /F 12 Tf 2 5 Td (struck out) Tj ET 0 0 100 20 re S",
        ".9 g 0 0 100 9 re f BT 0 g /F 12 Tf 2 5 Td (half) Tj ET",
        "2 2 m 9 9 l S BT /F 12 Tf 2 5 Td (drawn) Tj ET",
        "9 w 0 0 100 20 re S BT /F 12 Tf 2 5 Td (x) Tj ET",
        "BT /F 12 Tf 2 500 Td (x) Tj ET",
        "BT /F 12 Tf 2 -9 Td (cut off) Tj ET",
        "BT /F 0.1 Tf 2 5 Td (x) Tj ET",
        "BT /F 12 Tf 0 1 -1 0 2 5 Tm (x) Tj ET",
        "BT /None 12 Tf 2 5 Td (x) Tj ET",
        "BT /F 12 Tf 2 5 Td (\\201\\001) Tj ET",
        "BT /F 12 Tf 60 5 Td (1) Tj -40 0 Td (2) Tj ET",
        "BT /F 12 Tf 2 5 Td (1) Tj 0 9 Td (2) Tj ET",
        "BT /F 12 Tf 2 5 Td [(9) -9999 (00)] TJ ET",
        "BT /F 12 Tf 2 5 Td [(12) 2000 (3)] TJ ET",
        "BT /F 12 Tf -20 Tc 50 5 Td (12) Tj ET",
        "1 0 0 1 500 0 cm BT /F 12 Tf 2 5 Td (x) Tj ET",
        "0 0 1 1 re W n BT /F 12 Tf 2 5 Td (x) Tj ET",
        "BI /W 1 ID x EI",
        "/P gs BT /F 12 Tf 2 5 Td (x) Tj ET",
        "BT /F 12 Tf 2 5 Td (x) Tj ET 5",
        "(x) Tj",
    ] {
        assert_eq!(read(content), None, "{content}");
    }
}
