//! The XML declaration and the first bytes: which encoding and version a document claims (XML 1.0 §2.8, §4.3.3).

use core::ops::Range;

use crate::error::Encoding;

/// The UTF-8 byte order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What the XML declaration says, as ranges of the document; all absent where there is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declaration {
    version: Option<Range<usize>>,
    encoding: Option<Range<usize>>,
    unsupported: bool,
    foreign: bool,
    /// Where the declaration stops following the grammar of XML 1.0 §2.8.
    pub(super) malformed: Option<usize>,
    /// The first byte behind the byte order mark and the declaration.
    pub(super) end: usize,
}

impl Declaration {
    /// Reads the declaration: `version`, then perhaps `encoding`, then perhaps `standalone`.
    pub(super) fn read(document: &[u8]) -> Self {
        let start = if document.starts_with(MARK) { MARK.len() } else { 0 };
        let mut found = Self { end: start, ..Self::default() };
        let rest = document.get(start..).unwrap_or_default();
        if !rest.starts_with(b"<?xml") || !rest.get(5).is_some_and(|byte| is_space(*byte)) {
            return found;
        }
        let Some(length) = rest.windows(2).position(|pair| pair == b"?>") else {
            found.malformed = Some(start);
            return found;
        };
        let inside = start + b"<?xml".len()..start + length;
        found.end = inside.end + 2;
        let mut at = inside.start;
        let mut expected: &[&[u8]] = &[b"version", b"encoding", b"standalone"];
        while let Some((name, value)) = pseudo_attribute(document, &mut at, inside.end) {
            let said = document.get(value.clone()).unwrap_or_default();
            let name_said = document.get(name.clone()).unwrap_or_default();
            let skipped = expected.iter().position(|expected| *expected == name_said);
            match name_said {
                b"version" => {
                    found.unsupported = said != b"1.0";
                    found.version = Some(value);
                }
                b"encoding" => {
                    found.foreign = !said.eq_ignore_ascii_case(b"UTF-8");
                    found.encoding = Some(value);
                }
                _ if said == b"yes" || said == b"no" => {}
                _ => found.malformed = Some(name.start),
            }
            match skipped {
                // Only `encoding` may be left out before another.
                Some(skipped) if found.version.is_some() => {
                    expected = expected.get(skipped + 1..).unwrap_or_default();
                }
                _ => found.malformed = Some(name.start),
            }
        }
        let rest = document.get(at..inside.end).unwrap_or_default();
        if found.version.is_none() || !rest.iter().all(|byte| is_space(*byte)) {
            found.malformed.get_or_insert(at);
        }
        found
    }

    /// The declared encoding where it is not UTF-8.
    pub(super) fn foreign_encoding(&self) -> Option<Encoding> {
        let name = self.encoding.as_ref().filter(|_| self.foreign)?;
        Some(Encoding::Declared { start: name.start, end: name.end })
    }

    /// Where a declared version stands that is not 1.0.
    pub(super) fn unsupported_version(&self) -> Option<usize> {
        self.version.as_ref().filter(|_| self.unsupported).map(|version| version.start)
    }
}

/// The encoding that the first bytes (XML 1.0 Appendix F.1) or the declaration give, where it is not UTF-8.
pub(super) fn foreign(document: &[u8]) -> Option<Encoding> {
    match document {
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [b'<', 0, 0, 0, ..]
        | [0, 0, 0, b'<', ..] => Some(Encoding::Utf32),
        [0xfe, 0xff, ..] | [0, b'<', ..] => Some(Encoding::Utf16Be),
        [0xff, 0xfe, ..] | [b'<', 0, ..] => Some(Encoding::Utf16Le),
        [0x4c, 0x6f, 0xa7, 0x94, ..] => Some(Encoding::Ebcdic),
        _ => Declaration::read(document).foreign_encoding(),
    }
}

/// White space of XML 1.0 §2.3.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The next `name = "value"` before `end`, with white space before it.
fn pseudo_attribute(
    document: &[u8],
    at: &mut usize,
    end: usize,
) -> Option<(Range<usize>, Range<usize>)> {
    let run = |from: usize, keep: &dyn Fn(u8) -> bool| {
        let rest = document.get(from..end).unwrap_or_default();
        from + rest.iter().position(|byte| !keep(*byte)).unwrap_or(rest.len())
    };
    let name = run(*at, &is_space);
    let name_end = run(name, &|byte| byte.is_ascii_lowercase());
    let equals = run(name_end, &is_space);
    if name == *at || name == name_end || document.get(equals) != Some(&b'=') {
        return None;
    }
    let quote = run(equals + 1, &is_space);
    let mark = *document.get(quote).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let value_end = run(quote + 1, &|byte| byte != mark);
    if value_end >= end {
        return None;
    }
    *at = value_end + 1;
    Some((name..name_end, quote + 1..value_end))
}
