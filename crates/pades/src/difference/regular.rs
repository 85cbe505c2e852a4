//! Whether a later revision is written so that every reader reads the same (ISO 32000-2 §7.5.4, §7.5.5, §7.5.8).
//!
//! A reader that steps over a slip finds what was signed; another one gives up, searches the file for objects and may
//! find those that an attacker left ready. So what comes after a signature is held to the letter.

use std::collections::HashSet;
use std::io::{Read, Seek};

use super::layout::Later;
use super::value::duplicate_key;
use crate::document::Document;
use crate::error::Error;
use crate::lexer::is_white_space;
use crate::object::Object;
use crate::xref::{Section, SectionForm, XrefEntry};

/// Bytes of an entry of a table, its end of line included.
const ENTRY: usize = 20;
/// Bytes from which an object's head is told: two numbers, `obj`.
const HEAD: usize = 32;

/// Whether the section of a later revision says one thing only, and `older`, the one before it, did.
pub(crate) fn is_regular<R: Read + Seek>(
    document: &mut Document<R>,
    later: &Later,
    older: usize,
) -> Result<bool, Error> {
    let sections = document.all_sections();
    let (Some(own), Some(before)) = (sections.get(later.section..older), sections.get(older..))
    else {
        return Ok(false);
    };
    let duplicate =
        |section: &Section| duplicate_key(&Object::Dictionary(section.trailer.clone())).is_some();
    let Some(first) = own.first() else {
        return Ok(false);
    };
    // Readers pass over objects from /Size on (table 15).
    let highest = own.iter().chain(before).filter_map(highest).max().unwrap_or(0);
    let highest_before = before.iter().filter_map(self::highest).max().unwrap_or(0);
    if own.iter().any(duplicate)
        || !is_listed_once(own)
        || !own.iter().all(has_all_rows)
        || size(first).is_none_or(|size| size <= highest)
        || before.first().and_then(size).is_none_or(|size| size <= highest_before)
    {
        return Ok(false);
    }
    let is_table = first.form != SectionForm::Stream;
    let length = later.startxref.saturating_sub(later.offset);
    let mut text = Vec::new();
    if !is_table {
        return begins_as_object(document, later.offset);
    }
    if length > document.limits.object_bytes as u64 {
        return Ok(false);
    }
    document.source.read(later.offset, length as usize, &mut text)?;
    document.source.charge(length)?;
    Ok(is_regular_table(&text))
}

/// Whether the end of a revision names its section and does nothing else.
pub(crate) fn is_regular_end<R: Read + Seek>(
    document: &mut Document<R>,
    later: &Later,
) -> Result<bool, Error> {
    let mut text = Vec::new();
    let length = later.end.saturating_sub(later.startxref);
    document.source.read(later.startxref, length as usize, &mut text)?;
    let allowed = |byte: &u8| is_white_space(*byte) || byte.is_ascii_digit();
    let inner = text
        .strip_prefix(b"startxref")
        .and_then(|text| text.trim_ascii_end().strip_suffix(b"%%EOF"));
    Ok(inner.is_some_and(|inner| inner.iter().all(allowed)))
}

/// Whether the place that a cross-reference names is where an object begins, with nothing before its number.
pub(crate) fn begins_as_object<R: Read + Seek>(
    document: &mut Document<R>,
    offset: u64,
) -> Result<bool, Error> {
    let mut text = Vec::new();
    document.source.read(offset, HEAD, &mut text)?;
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.as_slice();
    for _ in 0..2 {
        let count = digits(rest);
        match rest.get(count..) {
            Some([b' ', more @ ..]) if count > 0 => rest = more,
            _ => return Ok(false),
        }
    }
    Ok(rest.starts_with(b"obj"))
}

/// `/Size`.
fn size(section: &Section) -> Option<u32> {
    u32::try_from(section.trailer.value("Size")?.as_integer()?).ok()
}

/// The highest number in use.
fn highest(section: &Section) -> Option<u32> {
    let used = section.entries().filter(|(_, entry)| *entry != XrefEntry::Free);
    used.map(|(number, _)| number).max()
}

/// Whether no number stands twice; only a hybrid table may call free what its stream tells of (§7.5.8.4).
fn is_listed_once(own: &[Section]) -> bool {
    let mut seen = HashSet::new();
    for section in own {
        let mut last = None;
        for (number, entry) in section.entries() {
            if last == Some(number) {
                return false;
            }
            last = Some(number);
            let is_hidden = section.form == SectionForm::Hybrid && entry == XrefEntry::Free;
            if !is_hidden && !seen.insert(number) {
                return false;
            }
        }
    }
    true
}

/// Whether a stream has as many rows as its `/Index` or `/Size` says.
fn has_all_rows(section: &Section) -> bool {
    if !matches!(section.form, SectionForm::Stream | SectionForm::HybridStream) {
        return true;
    }
    let told = match section.trailer.value("Index") {
        None => section.trailer.value("Size").and_then(Object::as_integer),
        Some(Object::Array(index)) => {
            let counts = index.items.iter().skip(1).step_by(2).map(Object::as_integer);
            let total = counts.sum::<Option<i64>>();
            total.filter(|_| index.items.len() % 2 == 0)
        }
        Some(_) => None,
    };
    told.and_then(|told| usize::try_from(told).ok()) == Some(section.entries().count())
}

/// Whether a text is a table to the letter: `xref`, subsections of as many entries as they say, each of twenty bytes,
/// and a trailer.
fn is_regular_table(text: &[u8]) -> bool {
    let Some(mut rest) = text.strip_prefix(b"xref").and_then(line_end) else {
        return false;
    };
    loop {
        if let Some(trailer) = rest.trim_ascii_start().strip_prefix(b"trailer") {
            return trailer.trim_ascii_start().starts_with(b"<<");
        }
        let Some((first, after)) = number(rest) else {
            return false;
        };
        let Some((count, after)) = after.strip_prefix(b" ").and_then(number) else {
            return false;
        };
        let Some(mut entries) = line_end(after) else {
            return false;
        };
        for position in 0..count {
            let Some((entry, more)) = entries.split_at_checked(ENTRY) else {
                return false;
            };
            if !is_regular_entry(entry, first.checked_add(position) == Some(0)) {
                return false;
            }
            entries = more;
        }
        rest = entries;
    }
}

/// `nnnnnnnnnn ggggg n` and two bytes of line end; object 0 heads the list of free ones.
fn is_regular_entry(entry: &[u8], is_head: bool) -> bool {
    let digits =
        |range| entry.get(range).is_some_and(|part: &[u8]| part.iter().all(u8::is_ascii_digit));
    let kind = entry.get(17).copied();
    digits(0..10)
        && entry.get(10) == Some(&b' ')
        && digits(11..16)
        && entry.get(16) == Some(&b' ')
        && (kind == Some(b'f') || kind == Some(b'n') && !is_head)
        && matches!(entry.get(18..), Some(b" \r" | b" \n" | b"\r\n"))
}

/// What follows the end of a line, with blanks before it.
fn line_end(text: &[u8]) -> Option<&[u8]> {
    let blanks = text.iter().take_while(|byte| **byte == b' ').count();
    match text.get(blanks..)? {
        [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// A number, and what follows it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(count)?;
    Some((core::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_held_to_the_letter() {
        let head = "0000000000 65535 f \n";
        let entry = "0000000017 00000 n\r\n";
        for text in [
            format!("xref\n0 1\n{head}trailer\n<<"),
            format!("xref \r\n0 2\r\n{head}{entry}7 1\n{entry}\ntrailer <<"),
            "xref\n0 0\ntrailer\n<<".to_owned(),
        ] {
            assert!(is_regular_table(text.as_bytes()), "{text}");
        }
        for text in [
            format!(" xref\n0 1\n{head}trailer <<"),
            format!("xref 0 1\n{head}trailer <<"),
            format!("xref\n0 2\n{head}trailer <<"),
            format!("xref\n0 1\n{head}{head}trailer <<"),
            format!("xref\n0 1\n{entry}trailer <<"),
            format!("xref\n0  1\n{head}trailer <<"),
            format!("xref\n%\n0 1\n{head}trailer <<"),
            format!("xref\n0 1\n{head}trailer % 1 0 obj\n<<"),
            "xref\n0 1\n0 65535 f\ntrailer <<".to_owned(),
            "xref\n0 1\n0000000000  65535  f\ntrailer <<".to_owned(),
            format!("xref\n0 1\n{head}"),
        ] {
            assert!(!is_regular_table(text.as_bytes()), "{text}");
        }
    }
}
