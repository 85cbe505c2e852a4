//! Fonts as far as text needs them: what the codes of a string stand for and how wide they are (ISO 32000-2 §9.5).

use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::object::{Dictionary, Object};

use super::budget::Mappings;
use super::cmap::CMap;
use super::composite::Composite;
use super::simple::Simple;

/// Height above and below the baseline, in ems, of fonts that do not say: those of the common readers.
const ASCENT: f64 = 0.95;
const DESCENT: f64 = -0.35;

/// A font.
pub(crate) struct Font {
    kind: Kind,
    to_unicode: ToUnicode,
    /// Height above the baseline, in ems.
    pub(super) ascent: f64,
    /// Depth below the baseline, in ems, negative.
    pub(super) descent: f64,
    /// Size of the letters, in ems: 1, but what Type 3 fonts draw has any size.
    pub(super) size: f64,
}

enum Kind {
    Simple(Box<Simple>),
    Composite(Composite),
}

enum ToUnicode {
    Absent,
    /// The codes are UTF-16 (§9.10.3 knows only streams; writers name `Identity-H`).
    Identity,
    Map(CMap),
}

/// One character of a shown string.
pub(super) struct Shown {
    /// How far it moves on, in ems: to the right, or down in vertical writing.
    pub(super) advance: f64,
    /// From the origin of vertical writing to that of horizontal writing, in ems; `None` in horizontal writing.
    pub(super) vertical_origin: Option<(f64, f64)>,
    /// Whether word spacing applies: the single-byte code 32 (§9.3.3).
    pub(super) is_space_code: bool,
    /// Bytes of the string that it takes.
    pub(super) len: usize,
    /// Whether it has text; else none was appended.
    pub(super) readable: bool,
}

/// One code of a shown string, and all that is said of it.
pub(crate) struct Code {
    /// Bytes of the string that it takes.
    pub(crate) len: usize,
    /// How far it moves on, in ems; `None` in vertical writing.
    pub(crate) advance: Option<f64>,
    /// Whether word spacing applies.
    pub(crate) is_space: bool,
    /// Its character by `/Encoding`, which chooses what is drawn; empty where that is silent.
    pub(crate) encoded: String,
    /// Its character by `/ToUnicode`; empty where that is silent.
    pub(crate) mapped: String,
}

impl Font {
    /// Reads a font dictionary and the streams that it needs.
    pub(crate) fn read<R: Read + Seek>(
        document: &mut Document<R>,
        dictionary: &Dictionary,
        mappings: &mut Mappings,
    ) -> Result<Self, Error> {
        let to_unicode = match dictionary.value("ToUnicode") {
            Some(Object::Reference(id)) => match document.resolve_object(*id)? {
                Some(object) if matches!(object.value, Object::Stream(_)) => {
                    let text = document.stream_data(&object)?;
                    let limits = document.limits().clone();
                    ToUnicode::Map(CMap::read(&text, &limits, mappings)?)
                }
                Some(object) if object.value.as_name().is_some() => ToUnicode::Identity,
                _ => ToUnicode::Absent,
            },
            Some(Object::Name(_)) => ToUnicode::Identity,
            _ => ToUnicode::Absent,
        };
        let subtype = document.value(dictionary, "Subtype")?;
        let is_type = |name: &str| subtype.as_name().is_some_and(|subtype| subtype.is(name));
        if is_type("Type0") {
            let (composite, descriptor) = Composite::read(document, dictionary, mappings)?;
            let (ascent, descent) = heights(document, &descriptor)?;
            return Ok(Self {
                kind: Kind::Composite(composite),
                to_unicode,
                ascent,
                descent,
                size: 1.0,
            });
        }
        let descriptor = match document.value(dictionary, "FontDescriptor")? {
            Object::Dictionary(descriptor) => descriptor,
            _ => Dictionary { entries: Vec::new(), span: 0..0 },
        };
        let has_to_unicode = matches!(to_unicode, ToUnicode::Map(_));
        let simple = Simple::read(document, dictionary, &descriptor, has_to_unicode, mappings)?;
        let (ascent, descent, size) = match simple.type3_heights() {
            Some((top, bottom)) if top - bottom > 0.0 && (top - bottom).is_finite() => {
                let size = top - bottom;
                // In a text space that runs downwards the glyphs stand below the baseline.
                let up = if -bottom > top { -size } else { size };
                (ASCENT * up, DESCENT * up, size)
            }
            _ => {
                let (ascent, descent) = heights(document, &descriptor)?;
                (ascent, descent, 1.0)
            }
        };
        Ok(Self { kind: Kind::Simple(Box::new(simple)), to_unicode, ascent, descent, size })
    }

    /// Whether it is written from top to bottom (§9.7.4.3).
    pub(super) fn is_vertical(&self) -> bool {
        matches!(&self.kind, Kind::Composite(composite) if composite.is_vertical())
    }

    /// The first character of a string, its text appended; `None` where the string is empty.
    pub(super) fn next(&self, string: &[u8], out: &mut String) -> Option<Shown> {
        let &first = string.first()?;
        match &self.kind {
            Kind::Simple(simple) => {
                let code = u32::from(first);
                let readable = self.to_unicode.text(code, out) || simple.text(first, out);
                Some(Shown {
                    advance: simple.width(first),
                    vertical_origin: None,
                    is_space_code: first == b' ',
                    len: 1,
                    readable,
                })
            }
            Kind::Composite(composite) => {
                let (code, len) = composite.next_code(string);
                let readable = self.to_unicode.text(code, out) || composite.text(code, out);
                let cid = composite.cid(code);
                let (advance, vertical_origin) = composite.metrics(cid);
                Some(Shown {
                    advance,
                    vertical_origin,
                    is_space_code: len == 1 && code == 32,
                    len,
                    readable,
                })
            }
        }
    }

    /// The first code of a string; `None` where the string is empty.
    pub(crate) fn code(&self, string: &[u8]) -> Option<Code> {
        let &first = string.first()?;
        let (mut encoded, mut mapped) = (String::new(), String::new());
        let (code, len, advance) = match &self.kind {
            Kind::Simple(simple) => {
                simple.text(first, &mut encoded);
                (u32::from(first), 1, Some(simple.width(first)))
            }
            Kind::Composite(composite) => {
                let (code, len) = composite.next_code(string);
                composite.text(code, &mut encoded);
                let (advance, vertical) = composite.metrics(composite.cid(code));
                (code, len, vertical.is_none().then_some(advance))
            }
        };
        self.to_unicode.text(code, &mut mapped);
        Some(Code { len, advance, is_space: len == 1 && code == 32, encoded, mapped })
    }
}

impl ToUnicode {
    fn text(&self, code: u32, out: &mut String) -> bool {
        match self {
            Self::Absent => false,
            Self::Identity => match char::from_u32(code) {
                Some(character) if !character.is_control() => {
                    out.push(character);
                    true
                }
                _ => false,
            },
            Self::Map(map) => map.text(code, out),
        }
    }
}

/// `/Ascent` and `/Descent` of a font descriptor, in ems.
fn heights<R: Read + Seek>(
    document: &mut Document<R>,
    descriptor: &Dictionary,
) -> Result<(f64, f64), Error> {
    // Some writers give ascents below zero and descents above it.
    let ascent = document.value(descriptor, "Ascent")?.as_number().unwrap_or(0.0).abs() / 1000.0;
    let descent = document.value(descriptor, "Descent")?.as_number().unwrap_or(0.0).abs() / -1000.0;
    let ascent = if ascent == 0.0 { ASCENT } else { ascent };
    let descent = if descent == 0.0 { DESCENT } else { descent };
    Ok(within_reason((ascent, descent)))
}

fn within_reason((ascent, descent): (f64, f64)) -> (f64, f64) {
    let ascent = if ascent.is_finite() && ascent > 0.1 { ascent.min(1.05) } else { ASCENT };
    let descent = if descent.is_finite() { descent.clamp(-0.4, 0.0) } else { DESCENT };
    (ascent, descent)
}
