//! Text strings and dates (ISO 32000-2 §7.9.2, §7.9.4).

use core::fmt;

use kyso_x509::{Civil, Time};

/// PDFDocEncoding where it differs from ISO 8859-1: 0x18 to 0x1f (ISO 32000-2 Annex D.2).
const LOW: [char; 8] =
    ['\u{2d8}', '\u{2c7}', '\u{2c6}', '\u{2d9}', '\u{2dd}', '\u{2db}', '\u{2da}', '\u{2dc}'];
/// PDFDocEncoding from 0x80 to 0x9f.
const HIGH: [char; 32] = [
    '\u{2022}', '\u{2020}', '\u{2021}', '\u{2026}', '\u{2014}', '\u{2013}', '\u{192}', '\u{2044}',
    '\u{2039}', '\u{203a}', '\u{2212}', '\u{2030}', '\u{201e}', '\u{201c}', '\u{201d}', '\u{2018}',
    '\u{2019}', '\u{201a}', '\u{2122}', '\u{fb01}', '\u{fb02}', '\u{141}', '\u{152}', '\u{160}',
    '\u{178}', '\u{17d}', '\u{131}', '\u{142}', '\u{153}', '\u{161}', '\u{17e}', '\u{fffd}',
];

/// Decodes a text string: UTF-16BE or UTF-8 by its byte order mark, else PDFDocEncoding.
#[must_use]
pub fn decode_text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units = rest.chunks(2).map(|pair| match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                _ => 0xfffd,
            });
            char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect()
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes
            .iter()
            .map(|&byte| match byte {
                0x18..=0x1f => LOW[usize::from(byte - 0x18)],
                0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
                0xa0 => '\u{20ac}',
                other => char::from(other),
            })
            .collect(),
    }
}

/// A text in PDFDocEncoding (ISO 32000-2 Annex D.2); `None` where a character is not in it.
pub(crate) fn encode_pdf_doc(text: &str) -> Option<Vec<u8>> {
    let byte_of = |character| match character {
        // Those that decode to themselves.
        '\0'..='\u{17}' | ' '..='~' | '\u{a1}'..='\u{ff}' => u8::try_from(character).ok(),
        '\u{20ac}' => Some(0xa0),
        _ => {
            let low = LOW.iter().position(|&one| one == character).map(|at| 0x18 + at);
            let high = || HIGH[..31].iter().position(|&one| one == character).map(|at| 0x80 + at);
            low.or_else(high).and_then(|byte| u8::try_from(byte).ok())
        }
    };
    text.chars().map(byte_of).collect()
}

/// The bytes of a text string: ASCII as it is, else UTF-16BE with its mark.
#[must_use]
pub fn encode_text(text: &str) -> Vec<u8> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')) {
        text.as_bytes().to_vec()
    } else {
        let units = text.encode_utf16().flat_map(u16::to_be_bytes);
        [0xfe, 0xff].into_iter().chain(units).collect()
    }
}

/// Appends a string: a literal where it is printable ASCII, else hexadecimal.
pub(crate) fn write_string(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')) {
        out.push(b'(');
        for &byte in bytes {
            match byte {
                b'(' | b')' | b'\\' => out.extend([b'\\', byte]),
                b'\n' => out.extend(b"\\n"),
                b'\r' => out.extend(b"\\r"),
                other => out.push(other),
            }
        }
        out.push(b')');
    } else {
        write_hexadecimal(out, bytes);
    }
}

/// Appends a hexadecimal string.
pub(crate) fn write_hexadecimal(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'<');
    out.extend(bytes.iter().flat_map(|&byte| hexadecimal(byte)));
    out.push(b'>');
}

/// The two digits of a byte.
pub(crate) const fn hexadecimal(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]
}

/// A date with its offset from UTC, as `/M` holds it: `D:YYYYMMDDHHmmSS+07'00'`; within the years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    local: Time,
    offset_minutes: Option<i16>,
}

impl Date {
    /// Local time for seconds since 1970-01-01T00:00:00Z; `None` outside the years 0 to 9999 or a day's offset.
    #[must_use]
    pub fn from_unix(seconds: i64, offset_minutes: i16) -> Option<Self> {
        if offset_minutes.unsigned_abs() >= 24 * 60 {
            return None;
        }
        let seconds = seconds.checked_add(i64::from(offset_minutes) * 60)?;
        let local = Time::from_unix_seconds(seconds);
        let date = Self { local, offset_minutes: Some(offset_minutes) };
        (0..=9_999).contains(&Civil::from_time(local).year).then_some(date)
    }

    /// Reads a date string; fields after the year may be absent (ISO 32000-2 §7.9.4). `None` for a day that the month
    /// does not have, too.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut rest = text.strip_prefix(b"D:").unwrap_or(text);
        let year = take(&mut rest, 4)?;
        let mut field = |default: i64| {
            if !rest.first().is_some_and(u8::is_ascii_digit) {
                return Some(default);
            }
            take(&mut rest, 2).map(i64::from)
        };
        let local = Civil {
            year: year.into(),
            month: field(1)?,
            day: field(1)?,
            hour: field(0)?,
            minute: field(0)?,
            second: field(0)?,
        };
        let offset_minutes = match rest.split_first() {
            None => None,
            Some((b'Z', _)) => Some(0),
            Some((sign @ (b'+' | b'-'), mut tail)) => {
                let hours = take(&mut tail, 2)? as i16;
                tail = tail.strip_prefix(b"'").unwrap_or(tail);
                let minutes = if tail.is_empty() { 0 } else { take(&mut tail, 2)? as i16 };
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = hours * 60 + minutes;
                Some(if *sign == b'-' { -offset } else { offset })
            }
            Some(_) => return None,
        };
        Some(Self { local: local.to_time()?, offset_minutes })
    }

    /// Seconds since 1970-01-01T00:00:00Z; a date without an offset counts as UTC.
    #[must_use]
    pub fn to_unix(&self) -> i64 {
        self.local.as_unix_seconds() - i64::from(self.offset_minutes.unwrap_or(0)) * 60
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = Civil::from_time(self.local);
        write!(f, "D:{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")?;
        match self.offset_minutes {
            None => Ok(()),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                let offset = offset.unsigned_abs();
                write!(f, "{sign}{:02}'{:02}'", offset / 60, offset % 60)
            }
        }
    }
}

fn take(rest: &mut &[u8], count: usize) -> Option<u16> {
    let (digits, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    digits.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + u16::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_known_moment_is_written_in_local_time() {
        // 2026-03-01T01:02:03Z.
        let date = Date::from_unix(1_772_326_923, 7 * 60).expect("a date");
        assert_eq!(date.to_string(), "D:20260301080203+07'00'");
        assert_eq!(Date::parse(b"D:20260301080203+07'00'"), Some(date));
        assert_eq!(Date::parse(b"D:20260301080203+07'00"), Some(date));
        assert_eq!(Date::parse(b"D:2026").expect("a year").to_string(), "D:20260101000000");
        assert_eq!(Date::parse(b"D:20261301"), None);
        assert_eq!(Date::parse(b"D:20260231"), None);
        assert_eq!(Date::parse(b"D:20270229"), None);
        assert!(Date::parse(b"D:20280229").is_some());
    }

    #[test]
    fn text_beyond_ascii_is_utf_16() {
        let mut out = Vec::new();
        write_string(&mut out, &encode_text("Ký"));
        assert_eq!(out, b"<feff004b00fd>");
        assert_eq!(decode_text(&[0xfe, 0xff, 0, 0x4b, 0, 0xfd]), "Ký");
        assert_eq!(decode_text(&[0x84, 0xa0, b'a']), "—€a");
    }

    proptest! {
        #[test]
        fn dates_come_back(seconds in -62_000_000_000i64..250_000_000_000, offset in -1_439i16..1_440) {
            let date = Date::from_unix(seconds, offset).expect("within the years");
            prop_assert_eq!(date.to_unix(), seconds);
            prop_assert_eq!(Date::parse(date.to_string().as_bytes()), Some(date));
        }

        #[test]
        fn arbitrary_dates_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..30), seconds: i64, offset: i16) {
            let _ = Date::parse(&bytes);
            let _ = Date::from_unix(seconds, offset);
        }

        #[test]
        fn text_comes_back(text: String) {
            let mut out = Vec::new();
            write_string(&mut out, &encode_text(&text));
            let limits = crate::Limits::standard();
            let value = crate::lexer::Lexer::new(&out, &limits).value();
            let Ok(crate::Object::String(bytes)) = value else { panic!("{value:?}") };
            prop_assert_eq!(decode_text(&bytes), text);
        }
    }
}
