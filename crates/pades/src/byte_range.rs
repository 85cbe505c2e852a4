//! What a signature covers (ISO 32000-2 §12.8.1, `/ByteRange`).

use core::fmt;
use core::ops::Range;

use crate::lexer::digit;
use crate::object::{Array, Dictionary, Object};

/// Two ranges that leave out exactly one `/Contents` string; made only by checking one or by preparing one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    contents_start: u64,
    contents_end: u64,
    end: u64,
}

impl ByteRange {
    pub(crate) const fn new(contents: Range<u64>, end: u64) -> Self {
        Self { contents_start: contents.start, contents_end: contents.end, end }
    }

    /// The four numbers: offset and length, twice.
    #[must_use]
    pub const fn numbers(&self) -> [u64; 4] {
        [0, self.contents_start, self.contents_end, self.end - self.contents_end]
    }

    /// The bytes left out: the `/Contents` string from `<` to behind `>`.
    #[must_use]
    pub const fn contents(&self) -> Range<u64> {
        self.contents_start..self.contents_end
    }

    /// Whether all of some bytes is covered. What is left out for `/Contents` may hold anything, also behind the message.
    #[must_use]
    pub const fn covers(&self, data: &Range<u64>) -> bool {
        let before = data.end <= self.contents_start;
        let behind = data.start >= self.contents_end && data.end <= self.end;
        before || behind
    }

    /// Offset behind the last byte covered.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }
}

/// A signature's coverage of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The ranges.
    pub byte_range: ByteRange,
    /// Whether they reach the file's last byte.
    pub covers_whole_document: bool,
    /// Cross-reference sections that were appended behind what is covered.
    pub later_sections: usize,
}

/// Why a signature does not cover what it must; offsets count from the file's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverageFailure {
    /// The field's value is no dictionary.
    NotDictionary,
    /// The signature dictionary lies in an object stream, so its `/Contents` has no offset.
    InObjectStream {
        /// The stream's object number.
        stream: u32,
    },
    /// A key that decides what the signature is, or what it covers or permits, stands twice.
    DuplicateKey {
        /// `ByteRange`, `Contents`, `Type`, `SubFilter` or `Reference`.
        key: &'static str,
    },
    /// `/ByteRange` is absent or no array within the dictionary.
    NoByteRange,
    /// `/ByteRange` has not four numbers.
    NotFourNumbers {
        /// How many values it has.
        count: usize,
    },
    /// A value of `/ByteRange` is no integer of 0 or more.
    NotUnsigned {
        /// Its position, from 0.
        position: usize,
    },
    /// The first range does not start at the file's first byte.
    NotFromStart {
        /// Where it starts.
        start: u64,
    },
    /// The second range begins before the first ends.
    Overlap {
        /// End of the first range.
        first_end: u64,
        /// Start of the second.
        second_start: u64,
    },
    /// The second range ends beyond the file.
    OutsideFile {
        /// Start of the range.
        start: u64,
        /// Its length.
        length: u64,
        /// Length of the file.
        file_len: u64,
    },
    /// `/Contents` is absent or no string within the dictionary.
    NoContents,
    /// `/Contents` is not `<`, hexadecimal digits, `>`.
    ContentsNotHexadecimal {
        /// Offset of the first byte that is none.
        offset: u64,
    },
    /// The gap between the ranges is not exactly this signature's `/Contents`.
    GapMismatch {
        /// The gap's start.
        gap_start: u64,
        /// The gap's end.
        gap_end: u64,
        /// Start of `/Contents`.
        contents_start: u64,
        /// End of `/Contents`.
        contents_end: u64,
    },
    /// The ranges end within the file, but not behind an end-of-file marker.
    NotAtRevisionEnd {
        /// Where they end.
        end: u64,
    },
}

impl fmt::Display for CoverageFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDictionary => f.write_str("the signature field's value is no dictionary"),
            Self::InObjectStream { stream } => {
                write!(f, "the signature dictionary lies in object stream {stream}")
            }
            Self::DuplicateKey { key } => write!(f, "/{key} stands twice"),
            Self::NoByteRange => f.write_str("/ByteRange is absent or not an array"),
            Self::NotFourNumbers { count } => write!(f, "/ByteRange has {count} values, not 4"),
            Self::NotUnsigned { position } => {
                write!(f, "value {position} of /ByteRange is not an unsigned integer")
            }
            Self::NotFromStart { start } => write!(f, "/ByteRange starts at {start}, not at 0"),
            Self::Overlap { first_end, second_start } => {
                write!(
                    f,
                    "the first range ends at {first_end}, the second starts at {second_start}"
                )
            }
            Self::OutsideFile { start, length, file_len } => {
                write!(f, "{length} bytes from {start} reach beyond the file's {file_len} bytes")
            }
            Self::NoContents => f.write_str("/Contents is absent or not a string"),
            Self::ContentsNotHexadecimal { offset } => {
                write!(f, "/Contents is not plain hexadecimal at byte {offset}")
            }
            Self::GapMismatch { gap_start, gap_end, contents_start, contents_end } => write!(
                f,
                "/ByteRange leaves out bytes {gap_start} to {gap_end}, \
                 but /Contents is at {contents_start} to {contents_end}"
            ),
            Self::NotAtRevisionEnd { end } => {
                write!(f, "/ByteRange ends at {end}, which is not the end of a revision")
            }
        }
    }
}

/// Checks a signature dictionary's ranges against the place of its own `/Contents`.
///
/// `text` is the indirect object's text, which begins at `offset` in the file.
pub(crate) fn check(
    dictionary: &Dictionary,
    text: &[u8],
    offset: u64,
    file_len: u64,
) -> Result<ByteRange, CoverageFailure> {
    // Readers differ on which of two counts, and with it on what was signed, by whom, and what is permitted afterwards.
    for key in ["ByteRange", "Contents", "Type", "SubFilter", "Reference"] {
        if dictionary.occurrences(key) > 1 {
            return Err(CoverageFailure::DuplicateKey { key });
        }
    }
    let array = dictionary.value("ByteRange").and_then(Object::as_array);
    let numbers = numbers(array.ok_or(CoverageFailure::NoByteRange)?)?;
    let entry = dictionary.entry("Contents").ok_or(CoverageFailure::NoContents)?;
    if !matches!(entry.value, Object::String(_)) {
        return Err(CoverageFailure::NoContents);
    }
    let token = &text[entry.span.clone()];
    let contents_start = offset + entry.span.start as u64;
    let contents_end = offset + entry.span.end as u64;
    if let Some(at) = first_not_hexadecimal(token) {
        let offset = contents_start + at as u64;
        return Err(CoverageFailure::ContentsNotHexadecimal { offset });
    }

    let [start, first_length, second_start, second_length] = numbers;
    if start != 0 {
        return Err(CoverageFailure::NotFromStart { start });
    }
    if second_start < first_length {
        return Err(CoverageFailure::Overlap { first_end: first_length, second_start });
    }
    let end = second_start.checked_add(second_length).filter(|&end| end <= file_len);
    let end = end.ok_or(CoverageFailure::OutsideFile {
        start: second_start,
        length: second_length,
        file_len,
    })?;
    if (first_length, second_start) != (contents_start, contents_end) {
        return Err(CoverageFailure::GapMismatch {
            gap_start: first_length,
            gap_end: second_start,
            contents_start,
            contents_end,
        });
    }
    Ok(ByteRange::new(contents_start..contents_end, end))
}

fn numbers(array: &Array) -> Result<[u64; 4], CoverageFailure> {
    let count = array.items.len();
    let items: &[Object; 4] =
        array.items.as_slice().try_into().ok().ok_or(CoverageFailure::NotFourNumbers { count })?;
    let mut numbers = [0; 4];
    for (position, item) in items.iter().enumerate() {
        numbers[position] = item
            .as_integer()
            .and_then(|value| u64::try_from(value).ok())
            .ok_or(CoverageFailure::NotUnsigned { position })?;
    }
    Ok(numbers)
}

fn first_not_hexadecimal(token: &[u8]) -> Option<usize> {
    let last = token.len().saturating_sub(1);
    token.iter().enumerate().position(|(at, &byte)| match at {
        0 => byte != b'<',
        at if at == last => byte != b'>',
        _ => digit(byte).is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_and_what_follows_is_not_covered() {
        let range = ByteRange::new(100..200, 300);
        for (data, covered) in [
            (0..100, true),
            (200..300, true),
            (20..30, true),
            (99..101, false),
            (120..180, false),
            (199..201, false),
            (50..250, false),
            (299..301, false),
            (300..301, false),
            (400..500, false),
        ] {
            assert_eq!(range.covers(&data), covered, "{data:?}");
        }
    }
}
