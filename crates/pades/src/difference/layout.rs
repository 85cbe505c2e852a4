//! Where the revisions of a file begin and end (ISO 32000-2 §7.5.6).

use std::io::{Read, Seek};

use super::kind::{Never, Stop};
use crate::document::{Document, Repair};
use crate::error::Error;
use crate::lexer::{Lexer, is_white_space};
use crate::object::{Object, Stream};
use crate::parse::indirect_object;
use crate::signature::Signature;
use crate::source::{find_in, find_last_in};
use crate::xref::SectionForm;

/// Bytes before the end of a revision in which its `startxref` stands.
const STARTXREF_WITHIN: u64 = 256;
/// Bytes of a gap between objects that are looked at; longer ones hold more than white space.
const GAP_BYTES: u64 = 4_096;
/// Words that a comment between objects must not hold, as a scan for objects would find them.
const NOT_IN_COMMENTS: [&[u8]; 5] = [b"obj", b"xref", b"trailer", b"stream", b"%PDF"];

/// A revision behind the oldest signature's.
pub(crate) struct Later {
    /// Index of its section among all, the newest being 0.
    pub(crate) section: usize,
    /// Where the revision begins, and where it ends behind its end-of-file marker.
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Where its cross-reference begins, and the `startxref` that names it.
    pub(crate) offset: u64,
    pub(crate) startxref: u64,
}

/// The revisions of a file as its signatures divide it.
pub(crate) struct Layout {
    /// Index of the newest section that the oldest signature covers.
    pub(crate) base: usize,
    /// Number of that revision, counted from 1.
    pub(crate) number: usize,
    /// Revisions behind it, oldest first.
    pub(crate) later: Vec<Later>,
    /// For each signature its own revision: 0 for the base, n for `later[n - 1]`.
    pub(crate) own: Vec<Option<usize>>,
    /// Where the last revision ends.
    pub(crate) end: u64,
}

/// One revision's first section with its index, the hybrid stream left apart.
#[derive(Clone, Copy)]
struct Group {
    section: usize,
    offset: u64,
}

/// Divides the file from the oldest signature on that ends at or behind an offset; `None` where there is none.
pub(crate) fn layout<R: Read + Seek>(
    document: &mut Document<R>,
    signatures: &[Signature],
    from: u64,
) -> Result<Option<Layout>, Stop> {
    let mut groups: Vec<Group> = Vec::new();
    for (section, (form, offset)) in document.sections().enumerate() {
        match form {
            SectionForm::Rebuilt => return Err(Stop::Never(None, Never::Repaired)),
            SectionForm::HybridStream => {}
            _ => groups.push(Group { section, offset }),
        }
    }
    // Oldest first.
    groups.reverse();
    let mut places: Vec<Option<(usize, u64)>> = Vec::with_capacity(signatures.len());
    for signature in signatures {
        let end = signature.coverage.as_ref().ok().map(|coverage| coverage.byte_range.end());
        places.push(match end {
            Some(end) => own_group(document, &groups, end)?.map(|group| (group, end)),
            None => None,
        });
    }
    let Some((base, base_end)) = places
        .iter()
        .flatten()
        .filter(|place| place.1 >= from)
        .min_by_key(|place| place.1)
        .copied()
    else {
        return Ok(None);
    };
    let mut later: Vec<Later> = Vec::new();
    let mut start = base_end;
    for group in groups.iter().skip(base + 1) {
        let &Group { section, offset } = group;
        if offset < start {
            return Err(Stop::Never(None, Never::SectionOrder { offset }));
        }
        let end = revision_end(document, offset)?;
        let (startxref, end) = end.ok_or(Stop::Never(None, Never::SectionOrder { offset }))?;
        later.push(Later { section, start, end, offset, startxref });
        start = end;
    }
    let repaired = |repair: &Repair| match *repair {
        Repair::PrevZero { offset } | Repair::SubsectionNumbering { offset } => offset >= base_end,
        _ => true,
    };
    if base_end < document.file_len() && document.repairs().iter().any(repaired) {
        return Err(Stop::Never(None, Never::Repaired));
    }
    let own = places.iter().map(|place| {
        let (group, end) = (*place)?;
        let revision = group.checked_sub(base)?;
        match revision.checked_sub(1) {
            None => (end == base_end).then_some(0),
            // Its bytes end with the revision's last line, the end of that line counted or not.
            Some(index) => {
                let own = later.get(index)?;
                (end <= own.end && own.end - end <= 2).then_some(revision)
            }
        }
    });
    let own = own.collect();
    // A linearized file's two sections make one revision (Annex F).
    let linearized = match groups.as_slice() {
        [first, second, ..] => first.offset > second.offset,
        _ => false,
    };
    let number = base + 1 - usize::from(linearized && base > 0);
    let section = groups.get(base).map_or(0, |group| group.section);
    Ok(Some(Layout { base: section, number, later, own, end: start }))
}

/// The revision whose `startxref` stands before an offset: all newer sections lie behind it, all older before.
fn own_group<R: Read + Seek>(
    document: &mut Document<R>,
    groups: &[Group],
    end: u64,
) -> Result<Option<usize>, Error> {
    let from = end.saturating_sub(STARTXREF_WITHIN);
    let mut tail = Vec::new();
    document.source.read(from, (end - from) as usize, &mut tail)?;
    let Some(target) = startxref(document, &tail) else {
        return Ok(None);
    };
    let Some(own) = groups.iter().position(|group| group.offset == target) else {
        return Ok(None);
    };
    let apart = groups
        .iter()
        .enumerate()
        .all(|(index, group)| if index <= own { group.offset < end } else { group.offset >= end });
    Ok(apart.then_some(own))
}

/// What the last `startxref` of a text that ends with an end-of-file marker names.
fn startxref<R: Read + Seek>(document: &Document<R>, text: &[u8]) -> Option<u64> {
    let at = find_last_in(text, b"startxref")?;
    let mut lexer = Lexer::new(text.get(at + 9..)?, document.limits());
    lexer.skip_white_space();
    let target = lexer.unsigned()?;
    lexer.skip_blanks();
    (lexer.literal(b"%%EOF") && lexer.only_blanks_follow())
        .then(|| target.checked_add(document.base()))?
}

/// The `startxref` that names the cross-reference at an offset, and where its revision ends.
fn revision_end<R: Read + Seek>(
    document: &mut Document<R>,
    offset: u64,
) -> Result<Option<(u64, u64)>, Error> {
    let mut at = offset;
    while let Some(found) = document.source.find(b"startxref", at, u64::MAX)? {
        let mut text = Vec::new();
        document.source.read(found, STARTXREF_WITHIN as usize, &mut text)?;
        if let Some(marker) = find_in(&text, b"%%EOF")
            && startxref(document, &text[..marker + 5]) == Some(offset)
        {
            let line = match text.get(marker + 5..) {
                Some([b'\r', b'\n', ..]) => 2,
                Some([b'\r' | b'\n', ..]) => 1,
                _ => 0,
            };
            return Ok(Some((found, found + marker as u64 + 5 + line)));
        }
        at = found + 1;
    }
    Ok(None)
}

/// Where a stream's data begin and end, if its length is what the file says.
pub(crate) fn stream_extent<R: Read + Seek>(
    document: &mut Document<R>,
    stream: &Stream,
) -> Result<Option<core::ops::Range<u64>>, Error> {
    let length = match stream.dictionary.value("Length") {
        Some(Object::Reference(id)) => match document.read_object(*id) {
            Ok(Some(object)) => object.value.as_integer(),
            Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => return Err(error),
            _ => None,
        },
        Some(value) => value.as_integer(),
        None => None,
    };
    let length = length.and_then(|length| u64::try_from(length).ok());
    let Some(end) = length.and_then(|length| stream.data_offset.checked_add(length)) else {
        return Ok(None);
    };
    let mut text = Vec::new();
    document.source.read(end, 16, &mut text)?;
    let ends = end <= document.file_len() && text.trim_ascii_start().starts_with(b"endstream");
    Ok(ends.then_some(stream.data_offset..end))
}

/// Where the object that begins at an offset ends, behind `endobj`.
pub(crate) fn object_end<R: Read + Seek>(
    document: &mut Document<R>,
    offset: u64,
) -> Result<Option<u64>, Error> {
    let object = match indirect_object(&mut document.source, offset, &document.limits) {
        Ok(object) => object,
        Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => return Err(error),
        Err(_) => return Ok(None),
    };
    let (end, keywords): (_, &[&[u8]]) = match &object.value {
        Object::Stream(stream) => match stream_extent(document, stream)? {
            Some(extent) => (extent.end, &[b"endstream", b"endobj"]),
            None => return Ok(None),
        },
        _ => (offset.saturating_add(object.text.len() as u64), &[b"endobj"]),
    };
    let mut text = Vec::new();
    document.source.read(end, STARTXREF_WITHIN as usize, &mut text)?;
    let mut lexer = Lexer::new(&text, &document.limits);
    for keyword in keywords {
        lexer.skip_white_space();
        if !lexer.literal(keyword) {
            return Ok(None);
        }
    }
    Ok(Some(end + lexer.position() as u64))
}

/// Where the cross-reference of a later revision ends, before its `startxref`.
pub(crate) fn section_end<R: Read + Seek>(
    document: &mut Document<R>,
    later: &Later,
) -> Result<Option<u64>, Error> {
    let section = document.all_sections().get(later.section);
    let Some((form, trailer)) = section.map(|one| (one.form, one.trailer_text.clone())) else {
        return Ok(None);
    };
    if form == SectionForm::Stream {
        return object_end(document, later.offset);
    }
    // A table ends with its trailer, whose text is known.
    let length = later.startxref.saturating_sub(later.offset);
    if length > document.limits.object_bytes as u64 {
        return Ok(None);
    }
    let mut text = Vec::new();
    document.source.read(later.offset, length as usize, &mut text)?;
    document.source.charge(length)?;
    let trailer = trailer.trim_ascii();
    let end = find_last_in(&text, trailer).map(|found| found + trailer.len());
    Ok(end.map(|end| later.offset + end as u64))
}

/// The first byte of a range that is neither in one of the parts nor white space or a harmless comment.
pub(crate) fn stray_byte<R: Read + Seek>(
    document: &mut Document<R>,
    mut parts: Vec<(u64, u64)>,
    start: u64,
    end: u64,
) -> Result<Option<u64>, Error> {
    parts.sort_unstable();
    parts.push((end, end));
    let mut at = start;
    let mut text = Vec::new();
    for (from, to) in parts {
        if from > at {
            let gap = from.min(end) - at.min(end);
            if gap > GAP_BYTES {
                return Ok(Some(at));
            }
            document.source.read(at, gap as usize, &mut text)?;
            if !is_blank(&text) {
                return Ok(Some(at));
            }
        }
        at = at.max(to);
    }
    Ok(None)
}

/// Whether a text is white space and comments that no scan for objects would mistake.
fn is_blank(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((&first, more)) = rest.split_first() {
        if is_white_space(first) {
            rest = more;
            continue;
        }
        if first != b'%' {
            return false;
        }
        let len = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let (comment, more) = rest.split_at(len);
        if NOT_IN_COMMENTS.iter().any(|word| find_in(comment, word).is_some()) {
            return false;
        }
        rest = more;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_and_harmless_comments_are_blank() {
        assert!(is_blank(b" \r\n\0\t"));
        assert!(is_blank(b"%made by a writer\n%%EOF\n"));
        for text in [&b"x"[..], b"\n1 0 obj", b"% 1 0 obj\n", b"%\n<<", b"%trailer"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
