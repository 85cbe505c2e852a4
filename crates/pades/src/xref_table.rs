//! Cross-reference tables (ISO 32000-2 §7.5.4).

use std::io::{Read, Seek};

use crate::document::Repair;
use crate::error::{Error, SyntaxFault};
use crate::lexer::is_white_space;
use crate::limits::Limits;
use crate::object::Object;
use crate::parse::parse_at;
use crate::source::Source;
use crate::xref::{Section, SectionForm, XrefEntry};
use crate::xref_chain::push;

/// The table at `offset`, whose subsections begin at `entries`, behind `xref`.
pub(crate) fn read_table<R: Read + Seek>(
    source: &mut Source<R>,
    base: u64,
    offset: u64,
    entries: u64,
    limits: &Limits,
    entries_left: &mut usize,
    repairs: &mut Vec<Repair>,
) -> Result<Section, Error> {
    let mut scanner = Scanner { source, at: entries };
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

/// Reads a table byte by byte, however long it is.
pub(crate) struct Scanner<'a, R> {
    pub(crate) source: &'a mut Source<R>,
    pub(crate) at: u64,
}

impl<R: Read + Seek> Scanner<'_, R> {
    pub(crate) fn skip_white_space(&mut self) -> Result<(), Error> {
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

    pub(crate) fn keyword(&mut self, keyword: &[u8]) -> Result<bool, Error> {
        for (ahead, &letter) in keyword.iter().enumerate() {
            let at = self.at.saturating_add(ahead as u64);
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
