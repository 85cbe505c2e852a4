//! Simple fonts: one byte a character (ISO 32000-2 §9.6).

use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::object::{Dictionary, Object};

use super::budget::Mappings;
use super::encoding::{BaseEncoding, glyph_name_text};
use super::font_program::built_in_encoding;
use super::matrix::Matrix;
use super::standard_widths::standard_width;

/// Width in ems where nothing says one.
const WIDTH: f64 = 0.5;

/// A simple font.
pub(super) struct Simple {
    texts: Vec<Box<str>>,
    widths: [f64; 256],
    type3_heights: Option<(f64, f64)>,
}

impl Simple {
    /// Reads encoding and widths; the font program only where nothing else tells what its codes mean.
    pub(super) fn read<R: Read + Seek>(
        document: &mut Document<R>,
        dictionary: &Dictionary,
        descriptor: &Dictionary,
        has_to_unicode: bool,
        mappings: &mut Mappings,
    ) -> Result<Self, Error> {
        mappings.take(256)?;
        let subtype = document.value(dictionary, "Subtype")?;
        let is_type = |name: &str| subtype.as_name().is_some_and(|subtype| subtype.is(name));
        let encoding = document.value(dictionary, "Encoding")?;
        let (base, differences) = match &encoding {
            Object::Name(name) => (BaseEncoding::named(&name.0), None),
            Object::Dictionary(encoding) => {
                let base = document.value(encoding, "BaseEncoding")?;
                let base = base.as_name().and_then(|name| BaseEncoding::named(&name.0));
                (base, Some(document.value(encoding, "Differences")?))
            }
            _ => (None, None),
        };
        let mut texts: Vec<Box<str>> = match base {
            None if !has_to_unicode && !is_type("Type3") => {
                built_in_encoding(document, descriptor)?.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        if texts.len() != 256 {
            // Without a font program the standard encoding counts; for TrueType readers take the one of Windows.
            let otherwise =
                if is_type("TrueType") { BaseEncoding::WinAnsi } else { BaseEncoding::Standard };
            let base = base.unwrap_or(otherwise);
            let text = |code| base.character(code).map(String::from).unwrap_or_default();
            texts = (0..=255).map(|code| text(code).into_boxed_str()).collect();
        }
        if let Some(Object::Array(differences)) = &differences {
            let mut code = 0usize;
            for item in &differences.items {
                match item {
                    Object::Integer(from) => code = usize::try_from(*from).unwrap_or(256),
                    Object::Name(name) => {
                        if let Some(text) = texts.get_mut(code) {
                            *text = name_text(&name.0, code);
                        }
                        code = code.saturating_add(1);
                    }
                    _ => {}
                }
            }
        }
        let mut simple = Self { texts, widths: [WIDTH; 256], type3_heights: None };
        let mut em = 0.001;
        if is_type("Type3") {
            let matrix = document.value(dictionary, "FontMatrix")?;
            let matrix = matrix.as_array().and_then(|array| Matrix::read(&array.items));
            let Matrix([a, _, _, d, ..]) =
                matrix.unwrap_or(Matrix([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]));
            em = a;
            let bounds = document.value(dictionary, "FontBBox")?;
            let bounds = document.rectangle(&bounds)?;
            simple.type3_heights = Some(match bounds {
                Some(bounds) => {
                    let (y1, y2) = (bounds.bottom * d, bounds.top * d);
                    (y1.max(y2), y1.min(y2))
                }
                None => (0.0, 0.0),
            });
        }
        simple.read_widths(document, dictionary, descriptor, em)?;
        Ok(simple)
    }

    fn read_widths<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        dictionary: &Dictionary,
        descriptor: &Dictionary,
        em: f64,
    ) -> Result<(), Error> {
        let Object::Array(widths) = document.value(dictionary, "Widths")? else {
            let base_font = document.value(dictionary, "BaseFont")?;
            let base_font = base_font.as_name().map(ToString::to_string).unwrap_or_default();
            for (width, text) in self.widths.iter_mut().zip(&self.texts) {
                if let Some(standard) = standard_width(&base_font, text.chars().next()) {
                    *width = f64::from(standard) / 1000.0;
                }
            }
            return Ok(());
        };
        let missing = document.value(descriptor, "MissingWidth")?.as_number().unwrap_or(0.0);
        self.widths = [missing * em; 256];
        let first = document.value(dictionary, "FirstChar")?.as_integer().unwrap_or(0);
        let first = usize::try_from(first).unwrap_or(256);
        for (at, width) in widths.items.iter().take(256).enumerate() {
            let width = document.resolve(width)?.as_number();
            if let (Some(slot), Some(width)) =
                (self.widths.get_mut(first.saturating_add(at)), width)
            {
                *slot = width * em;
            }
        }
        Ok(())
    }

    /// The text of a code, appended; `false` where there is none.
    pub(super) fn text(&self, code: u8, out: &mut String) -> bool {
        match self.texts.get(usize::from(code)) {
            Some(text) if !text.is_empty() => {
                out.push_str(text);
                true
            }
            _ => false,
        }
    }

    /// The width of a code, in ems.
    pub(super) fn width(&self, code: u8) -> f64 {
        self.widths.get(usize::from(code)).copied().unwrap_or(WIDTH)
    }

    /// Height above and below the baseline, in ems, of a Type 3 font.
    pub(super) const fn type3_heights(&self) -> Option<(f64, f64)> {
        self.type3_heights
    }
}

/// The text of a glyph name in `/Differences`; names that only repeat the code stand for its character.
fn name_text(name: &[u8], code: usize) -> Box<str> {
    let mut text = String::new();
    let Ok(name) = core::str::from_utf8(name) else {
        return text.into_boxed_str();
    };
    if !glyph_name_text(name, &mut text) {
        // Bitmap fonts of dvips and Ghostscript: `a65`, `C65`, `g65` for code 65.
        let digits = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        if name.len() - digits.len() <= 2 && digits.parse() == Ok(code) {
            text.extend(
                u8::try_from(code).ok().and_then(|code| BaseEncoding::WinAnsi.character(code)),
            );
        }
    }
    text.into_boxed_str()
}
