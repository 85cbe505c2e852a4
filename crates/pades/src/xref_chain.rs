//! The chain of cross-reference sections, newest first (ISO 32000-2 §7.5.6, §7.5.8.4).

use std::io::{Read, Seek};

use crate::document::Repair;
use crate::error::{Error, SyntaxFault};
use crate::limits::{Limit, Limits};
use crate::object::{Dictionary, Object};
use crate::parse::{TRAILER, parse_at};
use crate::source::Source;
use crate::xref::{Section, SectionForm, Slot, XrefEntry};
use crate::xref_stream::read_stream;
use crate::xref_table::{Scanner, read_table};

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
    if scanner.keyword(b"xref")? {
        let entries = scanner.at;
        read_table(source, base, offset, entries, limits, entries_left, repairs)
    } else {
        read_stream(source, base, offset, limits, entries_left, repairs)
    }
}

/// Adds an entry if the limit on all sections allows one more.
pub(crate) fn push(
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
