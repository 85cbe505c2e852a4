//! DER, written and read by hand: what is made here shall vouch for the house's own reader, so it does not use it.

use const_oid::ObjectIdentifier;

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// NULL, whole.
pub const NULL: [u8; 2] = [0x05, 0];
/// OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// ENUMERATED.
pub const ENUMERATED: u8 = 0x0A;
/// UTF8String.
pub const UTF8_STRING: u8 = 0x0C;
/// SEQUENCE, constructed.
pub const SEQUENCE: u8 = 0x30;
/// SET, constructed.
pub const SET: u8 = 0x31;

/// `[number]`, constructed: EXPLICIT, or IMPLICIT of a structure.
pub const fn context(number: u8) -> u8 {
    0xA0 | number
}

/// `[number] IMPLICIT` of a simple type.
pub const fn context_primitive(number: u8) -> u8 {
    0x80 | number
}

/// An element.
pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match u8::try_from(value.len()) {
        Ok(short) if short < 0x80 => element.push(short),
        _ => {
            let octets = value.len().to_be_bytes();
            let skip = octets.iter().take_while(|octet| **octet == 0).count();
            let octets = octets.get(skip..).unwrap_or_default();
            element.push(0x80 | u8::try_from(octets.len()).expect("at most eight octets"));
            element.extend_from_slice(octets);
        }
    }
    element.extend_from_slice(value);
    element
}

/// A constructed element of encoded elements in the given order.
pub fn constructed<T: AsRef<[u8]>>(tag: u8, elements: &[T]) -> Vec<u8> {
    let mut value = Vec::new();
    for element in elements {
        value.extend_from_slice(element.as_ref());
    }
    tlv(tag, &value)
}

/// A SEQUENCE of encoded elements.
pub fn sequence<T: AsRef<[u8]>>(elements: &[T]) -> Vec<u8> {
    constructed(SEQUENCE, elements)
}

/// A SET OF encoded elements, sorted as DER demands (X.690 §11.6).
pub fn set_of(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    constructed(SET, &elements)
}

/// An OBJECT IDENTIFIER.
pub fn oid(value: ObjectIdentifier) -> Vec<u8> {
    tlv(OBJECT_IDENTIFIER, value.as_bytes())
}

/// A non-negative INTEGER.
pub fn integer(value: u64) -> Vec<u8> {
    tlv(INTEGER, &magnitude(value))
}

/// The content octets of a non-negative INTEGER, shortest form.
pub fn magnitude(value: u64) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let skip = octets.iter().take_while(|octet| **octet == 0).count().min(octets.len() - 1);
    let mut content = octets[skip..].to_vec();
    if content[0] & 0x80 != 0 {
        content.insert(0, 0);
    }
    content
}

/// A BIT STRING of whole octets.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[0], bytes].concat())
}

/// `Time` of RFC 5280 §4.1.2.5 from Unix seconds: UTCTime of 1950 to 2049, else GeneralizedTime.
pub fn time(unix_seconds: i64) -> Vec<u8> {
    let text = digits(unix_seconds);
    match text.get(..4) {
        Some(year) if ("1950".."2050").contains(&year) => tlv(0x17, &text.as_bytes()[2..]),
        _ => tlv(0x18, text.as_bytes()),
    }
}

/// GeneralizedTime from Unix seconds, whole seconds.
pub fn generalized_time(unix_seconds: i64) -> Vec<u8> {
    tlv(0x18, digits(unix_seconds).as_bytes())
}

/// GeneralizedTime with milliseconds, trailing zeros dropped (RFC 3161 §2.4.2).
pub fn generalized_time_millis(unix_seconds: i64, millis: u16) -> Vec<u8> {
    let whole = digits(unix_seconds);
    let fraction = format!("{millis:03}");
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        return generalized_time(unix_seconds);
    }
    tlv(0x18, format!("{}.{fraction}Z", whole.trim_end_matches('Z')).as_bytes())
}

/// `YYYYMMDDHHMMSSZ` of the proleptic Gregorian calendar; the year as its last four digits.
fn digits(unix_seconds: i64) -> String {
    let (days, seconds) = (unix_seconds.div_euclid(86_400), unix_seconds.rem_euclid(86_400));
    // Years of 365 days from 1 March of year 0, leap days counted apart: the leap day is then the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z", year.rem_euclid(10_000))
}

/// An element that was read.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    /// The identifier octet.
    pub tag: u8,
    /// The content octets.
    pub value: &'a [u8],
    /// Identifier, length and content.
    pub raw: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads what is inside.
    pub fn children(&self) -> Reader<'a> {
        Reader(self.value)
    }
}

/// Reads elements one after the other; whatever is not DER is `None`, never a panic.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next element, whatever it is.
    #[expect(clippy::should_implement_trait, reason = "an iterator would hide that it reads on")]
    pub fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        if tag & 0x1F == 0x1F {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7F => (usize::from(first), rest),
            // Four octets are more than any message here may have.
            0x81..=0x84 => {
                let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
                let length = octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
                (length, rest)
            }
            _ => return None,
        };
        let (value, after) = rest.split_at_checked(length)?;
        let raw = self.0.get(..self.0.len() - after.len())?;
        self.0 = after;
        Some(Element { tag, value, raw })
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.optional(tag)
    }

    /// The next element if it has this tag; else nothing is read.
    pub fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() != Some(&tag) {
            return None;
        }
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        for (seconds, text) in [
            (0, "19700101000000Z"),
            (951_782_399, "20000228235959Z"),
            (951_782_400, "20000229000000Z"),
            (1_767_225_600, "20260101000000Z"),
            (4_102_444_799, "20991231235959Z"),
            (-1, "19691231235959Z"),
        ] {
            assert_eq!(digits(seconds), text);
        }
        assert_eq!(time(0), [&[0x17, 13][..], b"700101000000Z"].concat());
        assert_eq!(time(2_524_608_000), [&[0x18, 15][..], b"20500101000000Z"].concat());
        assert_eq!(&generalized_time_millis(0, 120)[2..], b"19700101000000.12Z");
        assert_eq!(generalized_time_millis(0, 0), generalized_time(0));
    }

    #[test]
    fn numbers_are_shortest_and_positive() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(65_536), [2, 3, 1, 0, 0]);
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        let whole = sequence(&[integer(5), tlv(OCTET_STRING, &[7; 300])]);
        assert_eq!(Reader(&whole).next().map(|one| one.raw.len()), Some(whole.len()));
        for length in 0..whole.len() {
            assert!(Reader(&whole[..length]).next().is_none());
        }
    }
}
