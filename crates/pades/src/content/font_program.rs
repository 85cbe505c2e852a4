//! The encoding built into an embedded Type 1 or CFF font program (ISO 32000-2 §9.6.5.2, §9.9).

use std::io::{Read, Seek};

use read_fonts::ps::cff::CffFontRef;
use read_fonts::ps::type1::Type1Font;

use crate::document::Document;
use crate::error::Error;
use crate::object::{Dictionary, Object};

use super::encoding::glyph_name_text;

/// The text of each of the 256 codes; `None` where no font program says.
pub(super) fn built_in_encoding<R: Read + Seek>(
    document: &mut Document<R>,
    descriptor: &Dictionary,
) -> Result<Option<Vec<Box<str>>>, Error> {
    if let Some(program) = program(document, descriptor, "FontFile")? {
        return Ok(type1(&program));
    }
    Ok(program(document, descriptor, "FontFile3")?.and_then(|program| cff(&program)))
}

fn program<R: Read + Seek>(
    document: &mut Document<R>,
    descriptor: &Dictionary,
    key: &str,
) -> Result<Option<Vec<u8>>, Error> {
    let Some(Object::Reference(id)) = descriptor.value(key) else {
        return Ok(None);
    };
    match document.resolve_object(*id)? {
        Some(object) => document.stream_data(&object).map(Some),
        None => Ok(None),
    }
}

fn type1(program: &[u8]) -> Option<Vec<Box<str>>> {
    let font = Type1Font::new(program).ok()?;
    let encoding = font.encoding()?;
    Some((0..=255).map(|code| text(encoding.glyph_name(code))).collect())
}

fn cff(program: &[u8]) -> Option<Vec<Box<str>>> {
    let font = CffFontRef::new(program, 0, None).ok()?;
    if font.is_cid() {
        return None;
    }
    let encoding = font.encoding()?;
    let charset = encoding.charset();
    let name = |code| {
        let id = charset.string_id(encoding.map(code)?)?;
        core::str::from_utf8(font.string(id)?).ok()
    };
    Some((0..=255).map(|code| text(name(code))).collect())
}

fn text(name: Option<&str>) -> Box<str> {
    let mut out = String::new();
    if let Some(name) = name {
        glyph_name_text(name, &mut out);
    }
    out.into_boxed_str()
}
