//! A face as objects: a composite font with Identity-H (ISO 32000-2 §9.7), its subset and its way back to Unicode.

use core::fmt::Write as _;

use kyso_pades::{NewObject, Piece};
use skrifa::instance::{LocationRef, Size};
use skrifa::raw::TableProvider as _;
use skrifa::{FontRef, MetadataProvider as _};
use subsetter::subset;

use super::{EM, Face, FontDamaged};
use crate::number::number;
use crate::object::{deflated, raw, value};

/// Serif and Symbolic (ISO 32000-2 table 121): the codes are the subset's own.
const FLAGS: u32 = 2 | 4;
/// `/StemV` is required and no table of TrueType has it; what other writers give for Times.
const STEM_V: u32 = 80;
/// A CMap's section holds at most so many lines (Adobe technical note 5411 §1.4.1).
const CMAP_SECTION: usize = 100;

/// Where a face's objects stand; the composite font is the first.
const DESCENDANT: usize = 1;
const DESCRIPTOR: usize = 2;
const UNICODE: usize = 3;
const FILE: usize = 4;
const CID_SET: usize = 5;

impl Face {
    /// The font's objects, the composite font first, to stand from position `at` of a list of new objects.
    ///
    /// The same characters in the same order give the same bytes.
    ///
    /// # Errors
    /// [`FontDamaged`] where the program's own font cannot be made smaller.
    pub fn objects(&self, at: usize) -> Result<Vec<NewObject>, FontDamaged> {
        let damaged = FontDamaged(self.weight);
        let file = subset(self.weight.data(), 0, &self.remapper).map_err(|_damaged| damaged)?;
        let glyphs = FontRef::new(&file)
            .and_then(|font| font.maxp().map(|maxp| maxp.num_glyphs()))
            .map_err(|_damaged| damaged)?;
        let name = format!("{}+{}", self.tag(), self.weight.postscript_name());
        Ok(vec![
            value([
                raw(format!(
                    "<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts ["
                )),
                Piece::Reference(at + DESCENDANT),
                raw("] /ToUnicode "),
                Piece::Reference(at + UNICODE),
                raw(" >>"),
            ]),
            self.descendant(&name, at),
            self.descriptor(&name, at),
            deflated([], self.to_unicode().as_bytes()),
            deflated([raw(format!("/Length1 {}", file.len()))], &file),
            // Every code that leads to a glyph of the file (ISO 19005-1 §6.3.5; ISO 32000-1 table 124): components of
            // composed letters, too.
            deflated([], &bits(usize::from(glyphs))),
        ])
    }

    fn descendant(&self, name: &str, at: usize) -> NewObject {
        let widths: Vec<String> = self.used.iter().map(|(_, width)| number(*width)).collect();
        value([
            raw(format!(
                "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDSystemInfo << /Registry "
            )),
            Piece::String(b"Adobe".to_vec()),
            raw(" /Ordering "),
            Piece::String(b"Identity".to_vec()),
            raw(" /Supplement 0 >> /FontDescriptor "),
            Piece::Reference(at + DESCRIPTOR),
            raw(format!(" /DW 0 /W [1 [{}]] /CIDToGIDMap /Identity >>", widths.join(" "))),
        ])
    }

    fn descriptor(&self, name: &str, at: usize) -> NewObject {
        let metrics = self.font.metrics(Size::new(EM), LocationRef::default());
        let bounds = metrics.bounds.unwrap_or_default();
        let cap_height = metrics.cap_height.unwrap_or(metrics.ascent);
        let [left, bottom, right, top, ascent, descent, cap_height] = [
            bounds.x_min,
            bounds.y_min,
            bounds.x_max,
            bounds.y_max,
            metrics.ascent,
            metrics.descent,
            cap_height,
        ]
        .map(|value| number(f64::from(value)));
        value([
            raw(format!(
                "<< /Type /FontDescriptor /FontName /{name} /Flags {FLAGS} /FontBBox [{left} {bottom} {right} {top}] \
                 /ItalicAngle 0 /Ascent {ascent} /Descent {descent} /CapHeight {cap_height} /StemV {STEM_V} \
                 /FontFile2 "
            )),
            Piece::Reference(at + FILE),
            raw(" /CIDSet "),
            Piece::Reference(at + CID_SET),
            raw(" >>"),
        ])
    }

    /// The characters that the codes stand for (ISO 32000-2 §9.10.3).
    fn to_unicode(&self) -> String {
        let mut cmap = String::from(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
             /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
             /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
             1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n",
        );
        let coded: Vec<(usize, &(char, f64))> = (1..).zip(&self.used).collect();
        for section in coded.chunks(CMAP_SECTION) {
            // Writing to a String cannot fail.
            let _ = writeln!(cmap, "{} beginbfchar", section.len());
            for (code, (character, _)) in section {
                let _ = write!(cmap, "<{code:04x}> <");
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(cmap, "{unit:04x}");
                }
                cmap.push_str(">\n");
            }
            cmap.push_str("endbfchar\n");
        }
        cmap.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
        cmap
    }

    /// Six letters that other subsets do not have (ISO 32000-2 §9.9.2), from the characters themselves (FNV-1a).
    fn tag(&self) -> String {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for (character, _) in &self.used {
            for byte in u32::from(*character).to_be_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        let mut tag = String::with_capacity(6);
        for _ in 0..6 {
            // Below 26, so that the sum is a capital letter.
            tag.push(char::from(b'A' + (hash % 26) as u8));
            hash /= 26;
        }
        tag
    }
}

/// So many ones, from the highest bit of the first byte.
fn bits(count: usize) -> Vec<u8> {
    let mut bytes = vec![0xff; count / 8];
    if !count.is_multiple_of(8) {
        bytes.push(0xff << (8 - count % 8));
    }
    bytes
}
