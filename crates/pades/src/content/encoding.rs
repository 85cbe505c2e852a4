//! The encodings of simple fonts (ISO 32000-2 Annex D), and glyph names as text.

use read_fonts::ps::{PredefinedEncoding, agl};

/// A named encoding of a simple font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BaseEncoding {
    Standard,
    MacRoman,
    WinAnsi,
}

impl BaseEncoding {
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"StandardEncoding" => Some(Self::Standard),
            b"MacRomanEncoding" => Some(Self::MacRoman),
            b"WinAnsiEncoding" => Some(Self::WinAnsi),
            _ => None,
        }
    }

    /// The character of a code.
    pub(super) fn character(self, code: u8) -> Option<char> {
        match (self, code) {
            (Self::Standard, _) => agl::name_to_char(PredefinedEncoding::Standard.name(code)),
            (_, 0..=0x1f | 0x7f) => None,
            (_, 0x20..=0x7e) => Some(char::from(code)),
            (Self::MacRoman, 0x80..) => MAC_ROMAN.get(usize::from(code - 0x80)).copied(),
            (Self::WinAnsi, 0x80..=0x9f) => WIN_ANSI.get(usize::from(code - 0x80)).copied(),
            (Self::WinAnsi, 0xa0..) => Some(char::from(code)),
        }
    }
}

/// The text of a glyph's name by the Adobe Glyph List's rules, appended; `false` where they give none.
pub(super) fn glyph_name_text(name: &str, out: &mut String) -> bool {
    let before = out.len();
    out.extend(agl::name_to_chars(name));
    out.len() > before
}

/// MacRomanEncoding from 0x80 (Annex D.2).
#[rustfmt::skip]
const MAC_ROMAN: [char; 128] = [
    '\u{c4}', '\u{c5}', '\u{c7}', '\u{c9}', '\u{d1}', '\u{d6}', '\u{dc}', '\u{e1}', '\u{e0}', '\u{e2}',
    '\u{e4}', '\u{e3}', '\u{e5}', '\u{e7}', '\u{e9}', '\u{e8}', '\u{ea}', '\u{eb}', '\u{ed}', '\u{ec}',
    '\u{ee}', '\u{ef}', '\u{f1}', '\u{f3}', '\u{f2}', '\u{f4}', '\u{f6}', '\u{f5}', '\u{fa}', '\u{f9}',
    '\u{fb}', '\u{fc}', '\u{2020}', '\u{b0}', '\u{a2}', '\u{a3}', '\u{a7}', '\u{2022}', '\u{b6}',
    '\u{df}', '\u{ae}', '\u{a9}', '\u{2122}', '\u{b4}', '\u{a8}', '\u{2260}', '\u{c6}', '\u{d8}',
    '\u{221e}', '\u{b1}', '\u{2264}', '\u{2265}', '\u{a5}', '\u{b5}', '\u{2202}', '\u{2211}', '\u{220f}',
    '\u{3c0}', '\u{222b}', '\u{aa}', '\u{ba}', '\u{3a9}', '\u{e6}', '\u{f8}', '\u{bf}', '\u{a1}',
    '\u{ac}', '\u{221a}', '\u{192}', '\u{2248}', '\u{2206}', '\u{ab}', '\u{bb}', '\u{2026}', '\u{a0}',
    '\u{c0}', '\u{c3}', '\u{d5}', '\u{152}', '\u{153}', '\u{2013}', '\u{2014}', '\u{201c}', '\u{201d}',
    '\u{2018}', '\u{2019}', '\u{f7}', '\u{25ca}', '\u{ff}', '\u{178}', '\u{2044}', '\u{a4}', '\u{2039}',
    '\u{203a}', '\u{fb01}', '\u{fb02}', '\u{2021}', '\u{b7}', '\u{201a}', '\u{201e}', '\u{2030}',
    '\u{c2}', '\u{ca}', '\u{c1}', '\u{cb}', '\u{c8}', '\u{cd}', '\u{ce}', '\u{cf}', '\u{cc}', '\u{d3}',
    '\u{d4}', '\u{f8ff}', '\u{d2}', '\u{da}', '\u{db}', '\u{d9}', '\u{131}', '\u{2c6}', '\u{2dc}',
    '\u{af}', '\u{2d8}', '\u{2d9}', '\u{2da}', '\u{b8}', '\u{2dd}', '\u{2db}', '\u{2c7}',
];

/// WinAnsiEncoding from 0x80 to 0x9f (Annex D.2); codes without a character show a bullet.
#[rustfmt::skip]
const WIN_ANSI: [char; 32] = [
    '\u{20ac}', '\u{2022}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{2022}', '\u{17d}', '\u{2022}', '\u{2022}',
    '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}',
    '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{2022}', '\u{17e}', '\u{178}',
];
