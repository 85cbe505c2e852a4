//! The fonts of a filled field's appearance: which of them say what they show (ISO 32000-2 §9.6, §9.7, §9.10).

use std::io::{Read, Seek};
use std::rc::Rc;

use unicode_normalization::UnicodeNormalization;

use super::walk::Analysis;
use crate::content::Font;
use crate::error::Error;
use crate::object::{Dictionary, Name, Object};

/// Beginnings of names, in lower case, of fonts with Latin letters that a reader has itself. A font of the reader's is
/// the only one that a filler may bring: nobody signed what an embedded one draws for a letter.
const LATIN: [&str; 10] = [
    "helvetica",
    "times",
    "courier",
    "arial",
    "liberation",
    "dejavu",
    "verdana",
    "tahoma",
    "calibri",
    "segoeui",
];
/// Parts of names of fonts whose letters are signs, whatever their encoding says.
const SIGNS: [&str; 4] = ["dingbat", "symbol", "wingding", "webding"];

/// A font that says what it shows.
pub(super) struct TrueFont {
    font: Font,
    /// Whether its own program chooses what is drawn where `/Encoding` is silent.
    is_embedded: bool,
    /// Whether `/Encoding` says nothing, so that `/ToUnicode` alone tells.
    only_mapped: bool,
}

/// What an appearance may use under a name.
#[derive(Clone)]
pub(super) enum Usable {
    /// A font that says what it shows.
    Font(Rc<TrueFont>),
    /// A font of which nobody knows what it shows.
    Unknown,
    /// A font that came with the appearance and draws what it likes.
    Foreign,
}

/// One character of a shown string.
pub(super) struct Character {
    /// Bytes of the string that it takes.
    pub(super) len: usize,
    /// How far it moves on, in ems.
    pub(super) advance: f64,
    /// Whether word spacing applies.
    pub(super) is_space: bool,
}

impl TrueFont {
    /// The first character of a string, its text appended; `None` where the font does not say what it is, or says two
    /// things.
    pub(super) fn next(&self, string: &[u8], out: &mut String) -> Option<Character> {
        let code = self.font.code(string)?;
        let text = match (code.encoded.as_str(), code.mapped.as_str()) {
            ("", "") => return None,
            (_, mapped) if self.only_mapped && !mapped.is_empty() => mapped,
            (encoded, "") => encoded,
            // What has no program of its own is drawn by its encoding.
            ("", mapped) if self.is_embedded => mapped,
            (encoded, mapped) if encoded.nfc().eq(mapped.nfc()) => encoded,
            _ => return None,
        };
        out.push_str(text);
        let (len, is_space) = (code.len, code.is_space);
        Some(Character { len, advance: code.advance?, is_space })
    }
}

impl<R: Read + Seek> Analysis<'_, R> {
    /// The fonts of a form's resources by name; `None` where it has resources besides fonts.
    pub(super) fn fonts_of(
        &mut self,
        form: &Dictionary,
    ) -> Result<Option<Vec<(Name, Usable)>>, Error> {
        let (resources, _) = self.follow(self.revision, form.value("Resources"))?;
        let resources = match &resources {
            Object::Null => return Ok(Some(Vec::new())),
            Object::Dictionary(resources) => resources,
            _ => return Ok(None),
        };
        if resources.entries.iter().any(|entry| !entry.key.is("Font") && !entry.key.is("ProcSet")) {
            return Ok(None);
        }
        let (fonts, _) = self.follow(self.revision, resources.value("Font"))?;
        let fonts = match fonts {
            Object::Null => return Ok(Some(Vec::new())),
            Object::Dictionary(fonts) => fonts,
            _ => return Ok(None),
        };
        let mut usable = Vec::with_capacity(fonts.entries.len());
        for entry in fonts.entries {
            let font = self.font(&entry.value)?;
            usable.push((entry.key, font));
        }
        Ok(Some(usable))
    }

    /// A font that was signed, read once, or one that came later.
    fn font(&mut self, value: &Object) -> Result<Usable, Error> {
        let number = value.as_reference().map(|id| id.number);
        if let Some(known) = number.and_then(|number| self.fonts.get(&number)) {
            return Ok(known.clone());
        }
        let signed = match number {
            Some(number) => self.at(0, number)?,
            None => None,
        };
        let signed = signed.filter(|signed| Some(signed.id()) == value.as_reference());
        let usable = match signed.as_ref().map(|signed| signed.dictionary()) {
            Some(Some(font)) => self.read_font(font, true, self.layout.base)?,
            Some(None) => Usable::Unknown,
            None => {
                let later = self.layout.later.get(self.revision.saturating_sub(1));
                let section = later.map_or(self.layout.base, |later| later.section);
                match self.follow(self.revision, Some(value))?.0 {
                    Object::Dictionary(font) => self.read_font(&font, false, section)?,
                    _ => Usable::Unknown,
                }
            }
        };
        if let Some(number) = number {
            // A number that comes with a revision means the same font in later ones, or that is found there.
            self.fonts.insert(number, usable.clone());
        }
        Ok(usable)
    }

    fn read_font(
        &mut self,
        font: &Dictionary,
        is_signed: bool,
        section: usize,
    ) -> Result<Usable, Error> {
        self.document.look_as_of(section);
        let mending = self.document.set_mending(false);
        let outcome = self.read_font_there(font, is_signed);
        self.document.set_mending(mending);
        self.document.look_as_of(self.layout.base);
        match outcome {
            Ok(usable) => Ok(usable),
            Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => Err(error),
            Err(_) => Ok(Usable::Unknown),
        }
    }

    fn read_font_there(&mut self, font: &Dictionary, is_signed: bool) -> Result<Usable, Error> {
        let is = |value: &Object, name: &str| value.as_name().is_some_and(|one| one.is(name));
        let subtype = self.document.value(font, "Subtype")?;
        let is_composite = is(&subtype, "Type0");
        if !is_composite && !is(&subtype, "Type1") && !is(&subtype, "TrueType") {
            return Ok(Usable::Unknown);
        }
        let mut described = Object::Dictionary(font.clone());
        if is_composite {
            let descendants = self.document.value(font, "DescendantFonts")?;
            let first = descendants.as_array().and_then(|array| array.items.first()).cloned();
            described = self.document.resolve(&first.unwrap_or(Object::Null))?;
        }
        let descriptor = match described.as_dictionary() {
            Some(described) => self.document.value(described, "FontDescriptor")?,
            None => Object::Null,
        };
        let is_embedded = descriptor.as_dictionary().is_some_and(|descriptor| {
            descriptor.entries.iter().any(|entry| entry.key.0.starts_with(b"FontFile"))
        });
        let encoding = self.document.value(font, "Encoding")?;
        if !is_signed && (is_embedded || is_composite) {
            return Ok(Usable::Foreign);
        }
        if !is_embedded && !is_composite {
            let base_font = self.document.value(font, "BaseFont")?;
            let name = base_font.as_name().map(ToString::to_string).unwrap_or_default();
            let name = name.to_ascii_lowercase();
            let name = name.split_once('+').map_or(name.as_str(), |(_, name)| name);
            let has_signs = SIGNS.iter().any(|sign| name.contains(sign));
            if has_signs || !is_signed && !LATIN.iter().any(|known| name.starts_with(known)) {
                return Ok(if is_signed { Usable::Unknown } else { Usable::Foreign });
            }
        }
        let only_mapped = is_embedded && !is_composite && encoding == Object::Null;
        let font = Font::read(self.document, font, &mut self.mappings)?;
        Ok(Usable::Font(Rc::new(TrueFont { font, is_embedded, only_mapped })))
    }
}

/// Helvetica as every reader has it.
#[cfg(test)]
pub(super) fn helvetica() -> Usable {
    use crate::content::Mappings;
    use crate::document::Document;
    use crate::limits::Limits;
    let file = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> >>\nendobj\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<< /Size 2 /Root 1 0 R >>\nstartxref\n128\n%%EOF\n";
    let limits = Limits::standard();
    let mut document =
        Document::open(std::io::Cursor::new(file), limits.clone()).expect("a document");
    let catalog = document.catalog().expect("a catalog");
    let font = catalog.value.as_dictionary().and_then(|one| one.value("F")?.as_dictionary());
    let font = Font::read(&mut document, font.expect("a font"), &mut Mappings::new(&limits));
    let font = font.expect("a font");
    Usable::Font(Rc::new(TrueFont { font, is_embedded: false, only_mapped: false }))
}
