//! Cross-reference tables and streams and the chain they form (ISO 32000-2 §7.5.4, §7.5.8).

use std::io::{Read, Seek};

use crate::document::Repair;
use crate::error::{Error, SyntaxFault};
use crate::filter;
use crate::lexer::is_white_space;
use crate::limits::{Limit, Limits};
use crate::object::{Dictionary, Object};
use crate::parse::{TRAILER, indirect_object, parse_at, stream_data};
use crate::source::Source;

/// The form of a cross-reference section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionForm {
    /// A table with a trailer.
    Table,
    /// A table whose trailer names a stream with further objects (`/XRefStm`).
    Hybrid,
    /// The stream that a hybrid section's trailer names.
    HybridStream,
    /// A cross-reference stream.
    Stream,
    /// Made by a scan of the file, because the file's own is broken.
    Rebuilt,
}

/// What a section says of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum XrefEntry {
    Free,
    InFile { offset: u64, generation: u16 },
    Compressed { stream: u32, index: u32 },
}

/// An entry in 16 bytes, so that millions fit.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) number: u32,
    kind_and_generation: u32,
    value: u64,
}

impl Slot {
    pub(crate) fn new(number: u32, entry: XrefEntry) -> Self {
        let (kind_and_generation, value) = match entry {
            // Offset 0 is the header: writers that put it there mean a missing object.
            XrefEntry::Free | XrefEntry::InFile { offset: 0, .. } => (0, 0),
            XrefEntry::InFile { offset, generation } => (1 << 16 | u32::from(generation), offset),
            XrefEntry::Compressed { stream, index } => {
                (2 << 16, u64::from(stream) << 32 | u64::from(index))
            }
        };
        Self { number, kind_and_generation, value }
    }

    fn entry(self) -> XrefEntry {
        match self.kind_and_generation >> 16 {
            0 => XrefEntry::Free,
            1 => XrefEntry::InFile {
                offset: self.value,
                generation: (self.kind_and_generation & 0xffff) as u16,
            },
            _ => XrefEntry::Compressed {
                stream: (self.value >> 32) as u32,
                index: (self.value & 0xffff_ffff) as u32,
            },
        }
    }
}

/// One section of the chain.
pub(crate) struct Section {
    /// Where it begins, from the file's first byte.
    pub(crate) offset: u64,
    pub(crate) form: SectionForm,
    slots: Vec<Slot>,
    /// The trailer dictionary, or the stream's.
    pub(crate) trailer: Dictionary,
    /// The text in which the trailer's spans count.
    pub(crate) trailer_text: Vec<u8>,
}

impl Section {
    pub(crate) fn new(
        offset: u64,
        form: SectionForm,
        mut slots: Vec<Slot>,
        trailer: Dictionary,
        trailer_text: Vec<u8>,
    ) -> Self {
        // Stable, so that of several entries for a number the first of the text is found first.
        slots.sort_by_key(|slot| slot.number);
        Self { offset, form, slots, trailer, trailer_text }
    }

    pub(crate) fn entry(&self, number: u32) -> Option<XrefEntry> {
        let at = self.slots.partition_point(|slot| slot.number < number);
        self.slots.get(at).filter(|slot| slot.number == number).map(|slot| slot.entry())
    }

    pub(crate) fn highest_number(&self) -> u32 {
        self.slots.last().map_or(0, |slot| slot.number)
    }
}

/// Looks an object up, newest section first.
pub(crate) fn look_up(sections: &[Section], number: u32) -> XrefEntry {
    let mut hidden = false;
    for section in sections {
        // An object that a hybrid table calls free may be in its stream, but nowhere older (§7.5.8.4).
        if hidden && section.form != SectionForm::HybridStream {
            break;
        }
        match section.entry(number) {
            Some(XrefEntry::Free) if section.form == SectionForm::Hybrid => hidden = true,
            Some(entry) => return entry,
            None => {}
        }
    }
    XrefEntry::Free
}

/// Whether a cross-reference table or an object begins at an offset.
pub(crate) fn begins_at<R: Read + Seek>(
    source: &mut Source<R>,
    offset: u64,
    limits: &Limits,
) -> Result<bool, Error> {
    let mut scanner = Scanner { source, at: offset };
    scanner.skip_white_space()?;
    let at = scanner.at;
    if scanner.keyword(b"xref")? {
        return Ok(true);
    }
    let header = parse_at(source, at, limits, |lexer| lexer.object_header());
    match header {
        Ok(_) => Ok(true),
        Err(Error::Io(error)) => Err(Error::Io(error)),
        Err(_) => Ok(false),
    }
}

/// Reads the chain that begins at `start`; offsets in the file count from `base`.
pub(crate) fn read_chain<R: Read + Seek>(
    source: &mut Source<R>,
    base: u64,
    start: u64,
    limits: &Limits,
    repairs: &mut Vec<Repair>,
) -> Result<Vec<Section>, Error> {
    let mut sections: Vec<Section> = Vec::new();
    let mut entries_left = limits.xref_entries;
    let mut next = Some(start);
    while let Some(offset) = next {
        check_new(&sections, offset, limits)?;
        let section = read_section(source, base, offset, limits, &mut entries_left, repairs)?;
        next = position(&section.trailer, "Prev", base, offset)?;
        if next == Some(base) {
            // Some writers put `/Prev 0` into a first revision.
            repairs.push(Repair::PrevZero { offset });
            next = None;
        }
        let stream = match section.form {
            SectionForm::Hybrid => position(&section.trailer, "XRefStm", base, offset)?,
            _ => None,
        };
        sections.push(section);
        if let Some(stream) = stream {
            check_new(&sections, stream, limits)?;
            let mut section =
                read_stream(source, base, stream, limits, &mut entries_left, repairs)?;
            section.form = SectionForm::HybridStream;
            sections.push(section);
        }
    }
    Ok(sections)
}

fn check_new(sections: &[Section], offset: u64, limits: &Limits) -> Result<(), Error> {
    if sections.iter().any(|section| section.offset == offset) {
        return Err(Error::XrefLoop { offset });
    }
    if sections.len() >= limits.xref_sections {
        return Err(Error::LimitExceeded {
            limit: Limit::XrefSections,
            maximum: limits.xref_sections as u64,
        });
    }
    Ok(())
}

fn position(
    trailer: &Dictionary,
    key: &'static str,
    base: u64,
    section: u64,
) -> Result<Option<u64>, Error> {
    match trailer.value(key) {
        None | Some(Object::Null) => Ok(None),
        Some(Object::Integer(value)) => u64::try_from(*value)
            .ok()
            .and_then(|value| value.checked_add(base))
            .map(Some)
            .ok_or(Error::Syntax { offset: section, fault: SyntaxFault::NoXref }),
        Some(_) => Err(Error::WrongType { object: TRAILER, key }),
    }
}

fn read_section<R: Read + Seek>(
    source: &mut Source<R>,
    base: u64,
    offset: u64,
    limits: &Limits,
    entries_left: &mut usize,
    repairs: &mut Vec<Repair>,
) -> Result<Section, Error> {
    let mut scanner = Scanner { source, at: offset };
    scanner.skip_white_space()?;
    if !scanner.keyword(b"xref")? {
        return read_stream(source, base, offset, limits, entries_left, repairs);
    }
    let mut slots = Vec::new();
    loop {
        scanner.skip_white_space()?;
        if scanner.keyword(b"trailer")? {
            break;
        }
        let at = scanner.at;
        let fault = Error::Syntax { offset: at, fault: SyntaxFault::NoTrailer };
        let Some(mut first) = scanner.unsigned()? else {
            return Err(fault);
        };
        scanner.skip_white_space()?;
        let Some(count) = scanner.unsigned()? else {
            return Err(fault);
        };
        for position in 0..count {
            let Some(entry) = scanner.entry(base)? else {
                break;
            };
            // Writers that count from 1 but list the head of the free list first.
            let head = matches!(entry, (XrefEntry::Free, 65_535));
            if position == 0 && first == 1 && head {
                repairs.push(Repair::SubsectionNumbering { offset: at });
                first = 0;
            }
            push(&mut slots, first.saturating_add(position), entry.0, entries_left, limits)?;
        }
    }
    let at = scanner.at;
    source.charge(at - offset)?;
    let (value, text) = parse_at(source, at, limits, |lexer| lexer.value())?;
    let Object::Dictionary(trailer) = value else {
        return Err(Error::Syntax { offset: at, fault: SyntaxFault::NoTrailer });
    };
    let form = match trailer.value("XRefStm") {
        None => SectionForm::Table,
        Some(_) => SectionForm::Hybrid,
    };
    Ok(Section::new(offset, form, slots, trailer, text))
}

fn push(
    slots: &mut Vec<Slot>,
    number: u64,
    entry: XrefEntry,
    entries_left: &mut usize,
    limits: &Limits,
) -> Result<(), Error> {
    if *entries_left == 0 {
        return Err(Error::LimitExceeded {
            limit: Limit::XrefEntries,
            maximum: limits.xref_entries as u64,
        });
    }
    *entries_left -= 1;
    if let Ok(number) = u32::try_from(number) {
        slots.push(Slot::new(number, entry));
    }
    Ok(())
}

fn read_stream<R: Read + Seek>(
    source: &mut Source<R>,
    base: u64,
    offset: u64,
    limits: &Limits,
    entries_left: &mut usize,
    repairs: &mut Vec<Repair>,
) -> Result<Section, Error> {
    let object = indirect_object(source, offset, limits).map_err(|error| match error {
        Error::Syntax { offset, fault: SyntaxFault::NoObjectHeader } => {
            Error::Syntax { offset, fault: SyntaxFault::NoXref }
        }
        other => other,
    })?;
    let Object::Stream(stream) = object.value else {
        return Err(Error::Syntax { offset, fault: SyntaxFault::NoXref });
    };
    let fault = || Error::Syntax { offset, fault: SyntaxFault::BadXrefStream };
    let typed = stream.dictionary.value("Type").and_then(Object::as_name);
    if !typed.is_some_and(|name| name.is("XRef")) {
        return Err(Error::Syntax { offset, fault: SyntaxFault::NoXref });
    }
    let length = stream.dictionary.value("Length").and_then(Object::as_integer);
    let length = length.and_then(|length| u64::try_from(length).ok());
    let (data, searched) = stream_data(source, &stream, length, limits)?;
    if searched {
        repairs.push(Repair::StreamLength(object.id));
    }
    let data = filter::decode(&stream.dictionary, &data, object.id, limits)?;
    source.charge(data.len() as u64)?;

    let widths = numbers(stream.dictionary.value("W")).ok_or_else(fault)?;
    let &[kind_width, second_width, third_width, ..] = widths.as_slice() else {
        return Err(fault());
    };
    // 8 bytes hold every offset; wider fields exist only to make trouble.
    let row: u64 = widths.iter().try_fold(0u64, |sum, &w| sum.checked_add(w)).ok_or_else(fault)?;
    if kind_width > 8 || second_width > 8 || third_width > 8 || row == 0 || row > 64 {
        return Err(fault());
    }
    let index = match stream.dictionary.value("Index") {
        None => {
            let size = stream.dictionary.value("Size").and_then(Object::as_integer);
            vec![0, size.and_then(|size| u64::try_from(size).ok()).ok_or_else(fault)?]
        }
        index => numbers(index).ok_or_else(fault)?,
    };
    let mut slots = Vec::new();
    let mut rows = data.chunks_exact(row as usize);
    'runs: for run in index.chunks_exact(2) {
        for position in 0..run[1] {
            let Some(bytes) = rows.next() else {
                break 'runs;
            };
            let (kind, rest) = bytes.split_at(kind_width as usize);
            let (second, rest) = rest.split_at(second_width as usize);
            let third = big_endian(&rest[..third_width as usize]);
            let second = big_endian(second);
            let kind = if kind.is_empty() { 1 } else { big_endian(kind) };
            let entry = match kind {
                1 => second.checked_add(base).zip(u16::try_from(third).ok()).map(
                    |(offset, generation)| match second {
                        0 => XrefEntry::Free,
                        _ => XrefEntry::InFile { offset, generation },
                    },
                ),
                2 => u32::try_from(second)
                    .ok()
                    .zip(u32::try_from(third).ok())
                    .map(|(stream, index)| XrefEntry::Compressed { stream, index }),
                _ => None,
            };
            let number = run[0].saturating_add(position);
            push(&mut slots, number, entry.unwrap_or(XrefEntry::Free), entries_left, limits)?;
        }
    }
    let form = SectionForm::Stream;
    Ok(Section::new(offset, form, slots, stream.dictionary, object.text))
}

fn numbers(value: Option<&Object>) -> Option<Vec<u64>> {
    let items = &value?.as_array()?.items;
    items.iter().map(|item| u64::try_from(item.as_integer()?).ok()).collect()
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Reads a table byte by byte, however long it is.
struct Scanner<'a, R> {
    source: &'a mut Source<R>,
    at: u64,
}

impl<R: Read + Seek> Scanner<'_, R> {
    fn skip_white_space(&mut self) -> Result<(), Error> {
        let mut comment = false;
        while let Some(byte) = self.source.byte(self.at)? {
            comment = (comment || byte == b'%') && !matches!(byte, b'\r' | b'\n');
            if !comment && !is_white_space(byte) {
                break;
            }
            self.at += 1;
        }
        Ok(())
    }

    fn keyword(&mut self, keyword: &[u8]) -> Result<bool, Error> {
        for (at, &letter) in (self.at..).zip(keyword) {
            if self.source.byte(at)? != Some(letter) {
                return Ok(false);
            }
        }
        self.at += keyword.len() as u64;
        Ok(true)
    }

    fn unsigned(&mut self) -> Result<Option<u64>, Error> {
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.source.byte(self.at)? {
            value = value.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        Ok((self.at > start).then_some(value))
    }

    /// An entry and its generation; `None` where the trailer begins before the count is reached.
    fn entry(&mut self, base: u64) -> Result<Option<(XrefEntry, u64)>, Error> {
        self.skip_white_space()?;
        let at = self.at;
        let fault = Error::Syntax { offset: at, fault: SyntaxFault::BadXrefEntry };
        let Some(offset) = self.unsigned()? else {
            return match self.source.byte(at)? {
                Some(b't') => Ok(None),
                _ => Err(fault),
            };
        };
        self.skip_white_space()?;
        let Some(generation) = self.unsigned()? else {
            return Err(fault);
        };
        self.skip_white_space()?;
        let kind = self.source.byte(self.at)?;
        self.at += 1;
        let entry = match kind {
            Some(b'f') => XrefEntry::Free,
            Some(b'n') => match (offset, u16::try_from(generation)) {
                (1.., Ok(generation)) => {
                    XrefEntry::InFile { offset: offset.saturating_add(base), generation }
                }
                _ => XrefEntry::Free,
            },
            _ => return Err(fault),
        };
        Ok(Some((entry, generation)))
    }
}
