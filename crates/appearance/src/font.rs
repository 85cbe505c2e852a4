//! Tinos, the typeface of every text: which glyphs a text needs, how wide it is, and the subset that a file embeds.
//!
//! Tinos has the widths of Times New Roman, which Decree 30/2020 prescribes, and every Vietnamese letter; its licence
//! lies beside it in `assets/fonts`.

mod embed;

use core::fmt;
use std::collections::HashMap;

use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, GlyphId, MetadataProvider as _};
use subsetter::GlyphRemapper;
use unicode_normalization::UnicodeNormalization as _;

/// PDF measures glyphs in thousandths of the text size (ISO 32000-2 §9.2.4).
const EM: f32 = 1000.0;

/// How heavy the strokes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weight {
    /// Tinos Regular.
    Regular,
    /// Tinos Bold.
    Bold,
}

impl Weight {
    const fn data(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../assets/fonts/Tinos-Regular.ttf"),
            Self::Bold => include_bytes!("../assets/fonts/Tinos-Bold.ttf"),
        }
    }

    const fn postscript_name(self) -> &'static str {
        match self {
            Self::Regular => "Tinos-Regular",
            Self::Bold => "Tinos-Bold",
        }
    }
}

/// The font of this build cannot be read or made smaller: a defect of the program, not of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FontDamaged(pub Weight);

impl fmt::Display for FontDamaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program's own font {} cannot be read", self.0.postscript_name())
    }
}

impl std::error::Error for FontDamaged {}

/// The font lacks a glyph for this character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingGlyph(pub char);

impl fmt::Display for MissingGlyph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u32::from(self.0);
        if self.0.is_control() {
            write!(f, "the font has no glyph for the character U+{number:04X}")
        } else {
            write!(f, "the font has no glyph for '{}' (U+{number:04X})", self.0)
        }
    }
}

impl std::error::Error for MissingGlyph {}

/// One weight of the typeface, and which of its glyphs a document uses.
pub struct Face {
    weight: Weight,
    font: FontRef<'static>,
    charmap: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    remapper: GlyphRemapper,
    /// The code of each character used: its glyph's number in the subset.
    codes: HashMap<char, u16>,
    /// By code, from 1: the character and its width in thousandths.
    used: Vec<(char, f64)>,
}

impl fmt::Debug for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Face")
            .field("weight", &self.weight)
            .field("used", &self.used.len())
            .finish_non_exhaustive()
    }
}

impl Face {
    /// A face of which nothing is used yet.
    ///
    /// # Errors
    /// [`FontDamaged`] where the program's own font cannot be read.
    pub fn new(weight: Weight) -> Result<Self, FontDamaged> {
        let font = FontRef::new(weight.data()).map_err(|_damaged| FontDamaged(weight))?;
        let charmap = font.charmap();
        let metrics = font.glyph_metrics(Size::new(EM), LocationRef::default());
        let remapper = GlyphRemapper::new();
        Ok(Self { weight, font, charmap, metrics, remapper, codes: HashMap::new(), used: vec![] })
    }

    /// The text in composed letters (NFC), every one of which has a glyph.
    ///
    /// # Errors
    /// [`MissingGlyph`]: the first character that has none.
    pub fn compose(&self, text: &str) -> Result<String, MissingGlyph> {
        let mut composed = String::with_capacity(text.len());
        for character in text.nfc() {
            self.glyph(character).ok_or(MissingGlyph(character))?;
            composed.push(character);
        }
        Ok(composed)
    }

    /// The text in composed letters, and characters without a glyph by their number: for what must be shown in any case.
    #[must_use]
    pub fn escape(&self, text: &str) -> String {
        let mut escaped = String::with_capacity(text.len());
        for character in text.nfc() {
            if self.glyph(character).is_some() {
                escaped.push(character);
            } else {
                escaped.extend(character.escape_unicode());
            }
        }
        escaped
    }

    /// Width in points of a text that [`compose`](Self::compose) or [`escape`](Self::escape) gave.
    #[must_use]
    pub fn width(&self, text: &str, size: f64) -> f64 {
        let thousandths: f64 = text.chars().map(|character| self.advance(character)).sum();
        thousandths * size / f64::from(EM)
    }

    /// The text as two-byte codes, which this document's copy of the face will know.
    ///
    /// A character without a glyph becomes code 0, the font's sign for a missing glyph.
    pub fn encode(&mut self, text: &str) -> Vec<u8> {
        text.chars().flat_map(|character| self.code(character).to_be_bytes()).collect()
    }

    /// Whether nothing was encoded, so that nothing need be embedded.
    #[must_use]
    pub const fn is_unused(&self) -> bool {
        self.used.is_empty()
    }

    fn glyph(&self, character: char) -> Option<GlyphId> {
        // U+00AD is a place where a word may break, not a sign; fonts map it to the hyphen.
        if character == '\u{ad}' {
            return None;
        }
        self.charmap.map(character).filter(|glyph| *glyph != GlyphId::NOTDEF)
    }

    fn code(&mut self, character: char) -> u16 {
        if let Some(code) = self.codes.get(&character) {
            return *code;
        }
        // The font has fewer than 65,536 glyphs, so the conversion holds.
        let glyph = self.glyph(character).and_then(|glyph| u16::try_from(glyph.to_u32()).ok());
        let Some(glyph) = glyph else { return 0 };
        // The remapper numbers from 1 in the order of first use. Only spaces share a glyph (a test holds that), and of two
        // a search finds the first.
        let code = self.remapper.remap(glyph);
        if usize::from(code) > self.used.len() {
            self.used.push((character, self.advance(character)));
        }
        self.codes.insert(character, code);
        code
    }

    fn advance(&self, character: char) -> f64 {
        let glyph = self.glyph(character).unwrap_or_default();
        self.metrics.advance_width(glyph).map_or(0.0, f64::from)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// `/ToUnicode` has one character for a glyph: two letters of one glyph could not be told apart by a search.
    #[test]
    fn letters_have_glyphs_of_their_own() {
        for weight in [Weight::Regular, Weight::Bold] {
            let face = Face::new(weight).expect("the program's font");
            let mut taken = HashMap::new();
            let characters = ('\u{21}'..='\u{ffff}')
                .filter(|&c| face.compose(&c.to_string()).is_ok_and(|text| text.starts_with(c)));
            for character in characters.filter(|&character| character != '\u{a0}') {
                let other = taken.insert(face.glyph(character), character);
                assert_eq!(other, None, "{character:?} {weight:?}");
            }
            assert!(taken.len() > 900, "{}", taken.len());
        }
    }
}
