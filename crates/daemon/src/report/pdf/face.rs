//! A typeface: widths, glyphs used, and the subset that the file embeds.

use std::collections::BTreeMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Finish as _, Name, Pdf, Rect, Ref, Str};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};
use subsetter::{GlyphRemapper, subset};
use unicode_normalization::UnicodeNormalization as _;

use super::PdfReportError;

/// PDF measures glyphs in thousandths of the text size (ISO 32000-2 §9.2.4).
const EM: f32 = 1000.0;

/// One weight of the typeface.
pub(super) struct Face {
    data: &'static [u8],
    font: FontRef<'static>,
    /// `/BaseFont`, with the tag that marks a subset (ISO 32000-2 §9.9.2).
    name: &'static str,
    remapper: GlyphRemapper,
    /// By new glyph: the character and its width.
    used: BTreeMap<u16, (char, f32)>,
}

/// The object numbers that a face takes.
pub(super) struct FaceRefs {
    pub(super) font: Ref,
    pub(super) descendant: Ref,
    pub(super) descriptor: Ref,
    pub(super) unicode: Ref,
    pub(super) file: Ref,
}

impl Face {
    pub(super) fn regular() -> Result<Self, PdfReportError> {
        let data = include_bytes!("../../../../appearance/assets/fonts/Tinos-Regular.ttf");
        Self::new(data, "KYSOAA+Tinos-Regular")
    }

    pub(super) fn bold() -> Result<Self, PdfReportError> {
        let data = include_bytes!("../../../../appearance/assets/fonts/Tinos-Bold.ttf");
        Self::new(data, "KYSOAB+Tinos-Bold")
    }

    fn new(data: &'static [u8], name: &'static str) -> Result<Self, PdfReportError> {
        let font = FontRef::new(data).map_err(|_damaged| PdfReportError::Font)?;
        let remapper = GlyphRemapper::new();
        Ok(Self { data, font, name, remapper, used: BTreeMap::new() })
    }

    /// The text as this face can show it: composed letters, and characters without a glyph by their number.
    pub(super) fn fit(&self, text: &str) -> String {
        let charmap = self.font.charmap();
        let mut fit = String::with_capacity(text.len());
        for character in text.nfc() {
            if charmap.map(character).is_some() {
                fit.push(character);
            } else {
                fit.extend(character.escape_unicode());
            }
        }
        fit
    }

    /// Width of a text that [`Self::fit`] gave, in points.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|character| self.advance(character)).sum::<f32>() * size / EM
    }

    /// The text as two-byte glyph numbers of the subset.
    pub(super) fn encode(&mut self, text: &str) -> Vec<u8> {
        let charmap = self.font.charmap();
        let mut bytes = Vec::with_capacity(text.len() * 2);
        for character in text.chars() {
            let glyph = charmap.map(character).map_or(0, |glyph| glyph.to_u32());
            let new = self.remapper.remap(u16::try_from(glyph).unwrap_or(0));
            self.used.insert(new, (character, self.advance(character)));
            bytes.extend(new.to_be_bytes());
        }
        bytes
    }

    fn advance(&self, character: char) -> f32 {
        let metrics = self.font.glyph_metrics(Size::new(EM), LocationRef::default());
        let glyph = self.font.charmap().map(character).unwrap_or_default();
        metrics.advance_width(glyph).unwrap_or(0.0)
    }

    /// Writes the font as a composite font with Identity-H (ISO 32000-2 §9.7).
    pub(super) fn write(&self, pdf: &mut Pdf, refs: &FaceRefs) -> Result<(), PdfReportError> {
        let file = subset(self.data, 0, &self.remapper).map_err(|_damaged| PdfReportError::Font)?;
        let name = Name(self.name.as_bytes());
        let identity =
            SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
        pdf.type0_font(refs.font)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(refs.descendant)
            .to_unicode(refs.unicode);
        let mut descendant = pdf.cid_font(refs.descendant);
        descendant
            .subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(identity)
            .font_descriptor(refs.descriptor)
            .default_width(0.0)
            .cid_to_gid_map_predefined(Name(b"Identity"));
        let widths = (0..self.remapper.num_gids())
            .map(|glyph| self.used.get(&glyph).map_or(0.0, |(_, width)| *width));
        descendant.widths().consecutive(0, widths);
        descendant.finish();
        let metrics = self.font.metrics(Size::new(EM), LocationRef::default());
        let bounds = metrics.bounds.unwrap_or_default();
        pdf.font_descriptor(refs.descriptor)
            .name(name)
            .flags(FontFlags::SERIF | FontFlags::SYMBOLIC)
            .bbox(Rect::new(bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max))
            .italic_angle(0.0)
            .ascent(metrics.ascent)
            .descent(metrics.descent)
            .cap_height(metrics.cap_height.unwrap_or(metrics.ascent))
            .stem_v(80.0)
            .font_file2(refs.file);
        let mut unicode = UnicodeCmap::new(Name(b"kyso-to-unicode"), identity);
        for (glyph, (character, _)) in &self.used {
            unicode.pair(*glyph, *character);
        }
        pdf.cmap(refs.unicode, &unicode.finish());
        let len = i32::try_from(file.len()).map_err(|_too_long| PdfReportError::Font)?;
        pdf.stream(refs.file, &file).pair(Name(b"Length1"), len);
        Ok(())
    }
}
