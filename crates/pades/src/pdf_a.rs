//! What a document says of following PDF/A (ISO 19005), as far as it binds whoever adds to it.

use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::object::Object;
use crate::source::find_in;

/// A document's claim to follow ISO 19005.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PdfAClaim {
    /// `pdfaid:part`.
    pub part: u8,
    /// Colour components of the first output profile (`/N` of its stream); `None` without one.
    pub output_components: Option<u8>,
}

impl<R: Read + Seek> Document<R> {
    /// The claim in the document's metadata (ISO 19005-2 §6.6.4), which is not checked; `None` where there is none.
    ///
    /// # Errors
    /// An exceeded limit, or as [`object`](Self::object); metadata that cannot be decoded claim nothing.
    pub fn pdf_a(&mut self) -> Result<Option<PdfAClaim>, Error> {
        let catalog = self.catalog()?;
        let Some(entries) = catalog.value.as_dictionary() else {
            return Ok(None);
        };
        let Some(metadata) = entries.value("Metadata").and_then(Object::as_reference) else {
            return Ok(None);
        };
        let Some(metadata) = self.resolve_object(metadata)? else {
            return Ok(None);
        };
        let text = match self.stream_data(&metadata) {
            Ok(text) => text,
            Err(limit @ (Error::LimitExceeded { .. } | Error::Io(_))) => return Err(limit),
            Err(_) => return Ok(None),
        };
        let Some(part) = part(&text) else {
            return Ok(None);
        };
        let mut output_components = None;
        if let Object::Array(intents) = self.value(entries, "OutputIntents")? {
            for intent in &intents.items {
                let intent = self.resolve(intent)?;
                let Some(intent) = intent.as_dictionary() else { continue };
                let profile = self.value(intent, "DestOutputProfile")?;
                let Some(profile) = profile.as_dictionary() else { continue };
                let components = self.value(profile, "N")?.as_integer();
                let components = components.and_then(|count| u8::try_from(count).ok());
                output_components = output_components.or(components);
            }
        }
        Ok(Some(PdfAClaim { part, output_components }))
    }
}

/// `pdfaid:part` as an attribute or as an element.
fn part(metadata: &[u8]) -> Option<u8> {
    let mut rest = metadata;
    while let Some(at) = find_in(rest, b"pdfaid:part") {
        rest = &rest[at + b"pdfaid:part".len()..];
        let value = rest.trim_ascii_start();
        let value = match value.split_first() {
            Some((b'=', value)) => match value.trim_ascii_start().split_first() {
                Some((b'"' | b'\'', value)) => value,
                _ => continue,
            },
            Some((b'>', value)) => value,
            _ => continue,
        };
        if let Some(digit @ b'1'..=b'9') = value.trim_ascii_start().first() {
            return Some(digit - b'0');
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn the_part_is_read_as_attribute_and_as_element() {
        assert_eq!(part(b"<rdf:Description pdfaid:part=\"2\" pdfaid:conformance=\"B\"/>"), Some(2));
        assert_eq!(part(b"<pdfaid:part> 1 </pdfaid:part>"), Some(1));
        assert_eq!(part(b"xmlns:pdfaid='x' pdfaid:part = '3'"), Some(3));
        assert_eq!(part(b"</pdfaid:part>pdfaid:part"), None);
        assert_eq!(part(b"nothing"), None);
    }
}
