//! Finds a file's objects by one scan, where its cross-reference is broken.

use std::io::{Read, Seek};

use crate::error::{Error, SyntaxFault};
use crate::lexer::{Lexer, is_regular, is_white_space};
use crate::limits::{Limit, Limits};
use crate::object::{Dictionary, Object, Reference};
use crate::object_stream::ObjectStream;
use crate::parse::{indirect_object, parse_at};
use crate::security::Security;
use crate::source::Source;
use crate::xref::{Section, SectionForm, Slot, XrefEntry};

/// Bytes looked at in one step.
const STEP: usize = 64 << 10;
/// Bytes before and behind a step that are looked at with it: `0000000000 65535 obj` and the names fit.
const MARGIN: usize = 64;
/// Trailers tried, newest first: a revision has one, and any of the last few names the catalog.
const TRAILERS: usize = 64;

struct Found {
    objects: Vec<(Reference, u64)>,
    object_streams: Vec<(Reference, u64)>,
    /// Offsets of trailer dictionaries, or of cross-reference streams with the flag set.
    trailers: Vec<(u64, bool)>,
    catalog: Option<Reference>,
}

impl Found {
    /// Keeps the newest ones, however many there are.
    fn add_trailer(&mut self, offset: u64, is_stream: bool) {
        if self.trailers.len() >= 2 * TRAILERS {
            self.trailers.drain(..TRAILERS);
        }
        self.trailers.push((offset, is_stream));
    }
}

/// What a scan found, before object streams are looked into.
pub(crate) struct Rebuilt {
    start: u64,
    places: Vec<(u32, u64, XrefEntry)>,
    object_streams: Vec<(Reference, u64)>,
    trailer: Dictionary,
    trailer_text: Vec<u8>,
}

impl Rebuilt {
    /// Whether the trailer names an encryption dictionary.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.trailer.value("Encrypt").is_some_and(|value| *value != Object::Null)
    }

    /// A section that names the objects which stand in the file themselves, the last of each number.
    pub(crate) fn section(&self) -> Section {
        let (trailer, text) = (self.trailer.clone(), self.trailer_text.clone());
        section(self.start, self.places.clone(), trailer, text)
    }

    /// A section that names what object streams hold, too.
    pub(crate) fn with_object_streams<R: Read + Seek>(
        self,
        source: &mut Source<R>,
        security: Option<&Security>,
        limits: &Limits,
    ) -> Result<Section, Error> {
        let mut places = self.places;
        for &(id, offset) in &self.object_streams {
            let Some(stream) = readable(object_stream(source, offset, security, limits))? else {
                continue;
            };
            for (index, number) in stream.numbers().enumerate() {
                let entry = XrefEntry::Compressed { stream: id.number, index: index as u32 };
                places.push((number, offset, entry));
            }
            check_count(places.len(), limits)?;
        }
        Ok(section(self.start, places, self.trailer, self.trailer_text))
    }
}

fn section(
    start: u64,
    mut places: Vec<(u32, u64, XrefEntry)>,
    trailer: Dictionary,
    text: Vec<u8>,
) -> Section {
    places.sort_by_key(|&(number, offset, _)| (number, core::cmp::Reverse(offset)));
    places.dedup_by_key(|&mut (number, ..)| number);
    let slots = places.into_iter().map(|(number, _, entry)| Slot::new(number, entry)).collect();
    Section::new(start, SectionForm::Rebuilt, slots, trailer, text)
}

/// Every object found by a scan.
pub(crate) fn rebuild<R: Read + Seek>(
    source: &mut Source<R>,
    start: u64,
    limits: &Limits,
) -> Result<Rebuilt, Error> {
    let found = scan(source, start, limits)?;
    let mut places: Vec<(u32, u64, XrefEntry)> = Vec::with_capacity(found.objects.len());
    for &(id, offset) in &found.objects {
        let entry = XrefEntry::InFile { offset, generation: id.generation };
        places.push((id.number, offset, entry));
    }
    let (trailer, trailer_text) = trailer(source, &found, limits)?;
    let object_streams = found.object_streams;
    Ok(Rebuilt { start, places, object_streams, trailer, trailer_text })
}

fn scan<R: Read + Seek>(
    source: &mut Source<R>,
    start: u64,
    limits: &Limits,
) -> Result<Found, Error> {
    if source.len() - start.min(source.len()) > limits.rebuild_bytes {
        return Err(Error::LimitExceeded {
            limit: Limit::RebuildBytes,
            maximum: limits.rebuild_bytes,
        });
    }
    let mut found = Found {
        objects: Vec::new(),
        object_streams: Vec::new(),
        trailers: Vec::new(),
        catalog: None,
    };
    let mut window = Vec::new();
    let mut at = start;
    while at < source.len() {
        let from = at.saturating_sub(MARGIN as u64).max(start);
        let before = (at - from) as usize;
        source.read(from, before + STEP + MARGIN, &mut window)?;
        for position in before..window.len().min(before + STEP) {
            let rest = &window[position..];
            let offset = from + position as u64;
            match rest[0] {
                b'o' if rest.starts_with(b"obj") => {
                    if let Some((id, header)) = header_before(&window[..position]) {
                        found.objects.push((id, from + header as u64));
                        check_count(found.objects.len(), limits)?;
                    }
                }
                b't' if rest.starts_with(b"trailer") => found.add_trailer(offset + 7, false),
                b'/' => {
                    let Some(&(id, object)) = found.objects.last() else {
                        continue;
                    };
                    if is_name(rest, b"/ObjStm") {
                        found.object_streams.push((id, object));
                        check_count(found.object_streams.len(), limits)?;
                    } else if is_name(rest, b"/XRef") {
                        found.add_trailer(object, true);
                    } else if is_name(rest, b"/Catalog") {
                        found.catalog = Some(id);
                    }
                }
                _ => {}
            }
        }
        at += STEP as u64;
    }
    Ok(found)
}

fn check_count(count: usize, limits: &Limits) -> Result<(), Error> {
    if count > limits.xref_entries {
        return Err(Error::LimitExceeded {
            limit: Limit::XrefEntries,
            maximum: limits.xref_entries as u64,
        });
    }
    Ok(())
}

fn is_name(text: &[u8], name: &[u8]) -> bool {
    text.starts_with(name) && !text.get(name.len()).copied().is_some_and(is_regular)
}

/// `N G ` at the end of `before`, and where it begins.
fn header_before(before: &[u8]) -> Option<(Reference, usize)> {
    let (generation, rest) = number_before(before)?;
    let (number, rest) = number_before(rest)?;
    let begins = !rest.last().copied().is_some_and(|byte| byte.is_ascii_digit());
    let id = Reference {
        number: u32::try_from(number).ok()?,
        generation: u16::try_from(generation).ok()?,
    };
    begins.then_some((id, rest.len()))
}

fn number_before(text: &[u8]) -> Option<(u64, &[u8])> {
    let trimmed = text.iter().rposition(|&byte| !is_white_space(byte)).map_or(0, |at| at + 1);
    if trimmed == text.len() {
        return None;
    }
    let text = &text[..trimmed];
    let start = text.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    let number = core::str::from_utf8(&text[start..]).ok()?.parse().ok()?;
    Some((number, &text[..start]))
}

fn object_stream<R: Read + Seek>(
    source: &mut Source<R>,
    offset: u64,
    security: Option<&Security>,
    limits: &Limits,
) -> Result<ObjectStream, Error> {
    let object = indirect_object(source, offset, limits)?;
    let length = object.value.as_dictionary().and_then(|d| d.value("Length")?.as_integer());
    let length = length.and_then(|length| u64::try_from(length).ok());
    ObjectStream::read(source, &object, length, security, limits).map(|(stream, _)| stream)
}

/// What can be read; a damaged object is passed over, an exceeded limit is not.
fn readable<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => Err(error),
        Err(_) => Ok(None),
    }
}

fn trailer<R: Read + Seek>(
    source: &mut Source<R>,
    found: &Found,
    limits: &Limits,
) -> Result<(Dictionary, Vec<u8>), Error> {
    for &(offset, is_stream) in found.trailers.iter().rev().take(TRAILERS) {
        let read = if is_stream {
            indirect_object(source, offset, limits).map(|object| (object.value, object.text))
        } else {
            parse_at(source, offset, limits, |lexer| lexer.value())
        };
        let Some((value, text)) = readable(read)? else {
            continue;
        };
        let dictionary = match value {
            Object::Dictionary(dictionary) => dictionary,
            Object::Stream(stream) => stream.dictionary,
            _ => continue,
        };
        if dictionary.value("Root").and_then(Object::as_reference).is_some() {
            return Ok((dictionary, text));
        }
    }
    let root = found.catalog.ok_or(Error::NoCatalog)?;
    let text = format!("<< /Root {root} R >>").into_bytes();
    match Lexer::new(&text, limits).value() {
        Ok(Object::Dictionary(dictionary)) => Ok((dictionary, text)),
        _ => Err(Error::Syntax { offset: 0, fault: SyntaxFault::NoRoot }),
    }
}
