//! Reading ASN.1 (X.690) without leaving the received bytes, and writing DER.
//!
//! A signature covers bytes as they were received, so everything that is hashed, compared or copied must be
//! a slice of the input: decoders that build values and encode them again cannot give that, nor can they
//! read BER with indefinite lengths. This reader keeps for each element its exact bytes.

mod error;
mod write;

pub use error::{Asn1Error, Asn1ErrorKind};
pub use write::{
    NULL, constructed, header_bytes, oid, sequence, set_of, small_integer, tlv, unsigned_integer,
};

use const_oid::ObjectIdentifier;
use std::borrow::Cow;

/// Identifier octets used by certificates and CMS (X.690 §8.1.2).
#[allow(missing_docs, reason = "the names of the universal types")]
pub mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const PRINTABLE_STRING: u8 = 0x13;
    pub const TELETEX_STRING: u8 = 0x14;
    pub const IA5_STRING: u8 = 0x16;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const UNIVERSAL_STRING: u8 = 0x1c;
    pub const BMP_STRING: u8 = 0x1e;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;

    /// `[number]` in constructed form; `number` below 31.
    #[must_use]
    pub const fn context(number: u8) -> u8 {
        0xa0 | number
    }

    /// `[number] IMPLICIT` of a primitive type; `number` below 31.
    #[must_use]
    pub const fn context_primitive(number: u8) -> u8 {
        0x80 | number
    }
}

/// Deepest nesting that is followed; certificates and CMS need about a dozen levels.
pub const MAX_DEPTH: u8 = 32;

/// Encoding rules that a reader enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// X.690 §10: definite, shortest lengths.
    Der,
    /// X.690 §8: any length form; strings may be split.
    Ber,
}

/// A cursor over consecutive elements.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    base: usize,
    rules: Rules,
    depth: u8,
}

impl<'a> Reader<'a> {
    /// Reads the elements of a buffer under the given rules.
    #[must_use]
    pub const fn new(bytes: &'a [u8], rules: Rules) -> Self {
        Self { bytes, position: 0, base: 0, rules, depth: 0 }
    }

    /// True when no element is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.position >= self.bytes.len()
    }

    /// Identifier octet of the next element, without moving.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    /// The next element, whatever it is.
    ///
    /// # Errors
    /// When no well-formed element follows.
    pub fn element(&mut self) -> Result<Element<'a>, Asn1Error> {
        let element = parse(self.bytes, self.position, self.base, self.rules, self.depth)?;
        self.position += element.raw.len();
        Ok(element)
    }

    /// The next element, which must have this identifier octet; under BER a split string is taken for its whole.
    ///
    /// # Errors
    /// [`Asn1ErrorKind::UnexpectedTag`] without moving, or a malformed element.
    pub fn expect(&mut self, tag: u8) -> Result<Element<'a>, Asn1Error> {
        let found = self.peek();
        let split = self.rules == Rules::Ber && is_string(tag) && found == Some(tag | 0x20);
        if found == Some(tag) || split {
            self.element()
        } else {
            Err(self.error(Asn1ErrorKind::UnexpectedTag { expected: tag, found }))
        }
    }

    /// The next element if it has this identifier octet.
    ///
    /// # Errors
    /// When it has, but is malformed.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Asn1Error> {
        if self.peek() == Some(tag) { self.element().map(Some) } else { Ok(None) }
    }

    /// All remaining elements.
    ///
    /// # Errors
    /// When one of them is malformed.
    pub fn rest(mut self) -> Result<Vec<Element<'a>>, Asn1Error> {
        let mut elements = Vec::new();
        while !self.is_empty() {
            elements.push(self.element()?);
        }
        Ok(elements)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`Asn1ErrorKind::TrailingData`] when an element is left.
    pub fn finish(self) -> Result<(), Asn1Error> {
        if self.is_empty() { Ok(()) } else { Err(self.error(Asn1ErrorKind::TrailingData)) }
    }

    const fn error(&self, kind: Asn1ErrorKind) -> Asn1Error {
        Asn1Error { offset: self.base + self.position, kind }
    }
}

/// One element: identifier, length and content octets as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    raw: &'a [u8],
    header_len: usize,
    value_len: usize,
    offset: usize,
    rules: Rules,
    depth: u8,
}

impl<'a> Element<'a> {
    /// First identifier octet.
    #[must_use]
    pub fn tag(&self) -> u8 {
        self.raw.first().copied().unwrap_or_default()
    }

    /// The whole element as received, with header and, where the length was indefinite, end-of-contents.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The content octets as received.
    #[must_use]
    pub fn value(&self) -> &'a [u8] {
        &self.raw[self.header_len..self.header_len + self.value_len]
    }

    /// Offset of the element in the buffer given to the outermost reader.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// A reader over the elements inside.
    ///
    /// # Errors
    /// When the element is primitive or too deeply nested.
    pub fn children(&self) -> Result<Reader<'a>, Asn1Error> {
        if self.tag() & 0x20 == 0 {
            return Err(self.invalid());
        }
        if self.depth >= MAX_DEPTH {
            return Err(Asn1Error { offset: self.offset, kind: Asn1ErrorKind::TooDeep });
        }
        Ok(Reader {
            bytes: self.value(),
            position: 0,
            base: self.offset + self.header_len,
            rules: self.rules,
            depth: self.depth + 1,
        })
    }

    /// The single element inside, as an EXPLICIT tag has it.
    ///
    /// # Errors
    /// When there is none or more than one.
    pub fn only_child(&self) -> Result<Element<'a>, Asn1Error> {
        let mut children = self.children()?;
        let child = children.element()?;
        children.finish()?;
        Ok(child)
    }

    /// Value of an OBJECT IDENTIFIER.
    ///
    /// # Errors
    /// When it is malformed or longer than 39 bytes.
    pub fn oid(&self) -> Result<ObjectIdentifier, Asn1Error> {
        if self.tag() != tag::OBJECT_IDENTIFIER {
            return Err(self.unexpected(tag::OBJECT_IDENTIFIER));
        }
        ObjectIdentifier::from_bytes(self.value()).map_err(|_| self.invalid())
    }

    /// Value of a BOOLEAN; under DER only 0x00 and 0xff count.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn boolean(&self) -> Result<bool, Asn1Error> {
        match (self.tag(), self.value()) {
            (tag::BOOLEAN, [0x00]) => Ok(false),
            (tag::BOOLEAN, [0xff]) => Ok(true),
            (tag::BOOLEAN, [_]) if self.rules == Rules::Ber => Ok(true),
            _ => Err(self.invalid()),
        }
    }

    /// Value of a small non-negative INTEGER.
    ///
    /// # Errors
    /// When it is malformed, negative or above `u32::MAX`.
    pub fn small_integer(&self) -> Result<u32, Asn1Error> {
        match self.value() {
            [] | [0x80..=0xff, ..] => Err(self.invalid()),
            value if self.tag() == tag::INTEGER => {
                let digits = match value {
                    [0, rest @ ..] => rest,
                    all => all,
                };
                if digits.len() > 4 {
                    return Err(self.invalid());
                }
                Ok(digits.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
            }
            _ => Err(self.unexpected(tag::INTEGER)),
        }
    }

    /// Content of an OCTET STRING; copied only where BER split it.
    ///
    /// # Errors
    /// When it is no OCTET STRING.
    pub fn octets(&self) -> Result<Cow<'a, [u8]>, Asn1Error> {
        match self.tag() {
            tag::OCTET_STRING => Ok(Cow::Borrowed(self.value())),
            0x24 if self.rules == Rules::Ber => {
                let mut whole = Vec::new();
                for part in self.children()?.rest()? {
                    whole.extend_from_slice(&part.octets()?);
                }
                Ok(Cow::Owned(whole))
            }
            _ => Err(self.unexpected(tag::OCTET_STRING)),
        }
    }

    /// Content of a BIT STRING that holds whole bytes.
    ///
    /// # Errors
    /// When it is no BIT STRING or has unused bits.
    pub fn bit_string_bytes(&self) -> Result<&'a [u8], Asn1Error> {
        match (self.tag(), self.value()) {
            (tag::BIT_STRING, [0, rest @ ..]) => Ok(rest),
            (tag::BIT_STRING, _) => Err(self.invalid()),
            _ => Err(self.unexpected(tag::BIT_STRING)),
        }
    }

    /// The error that says that this content is wrong.
    #[must_use]
    pub fn invalid(&self) -> Asn1Error {
        Asn1Error { offset: self.offset, kind: Asn1ErrorKind::InvalidValue { tag: self.tag() } }
    }

    fn unexpected(&self, expected: u8) -> Asn1Error {
        Asn1Error {
            offset: self.offset,
            kind: Asn1ErrorKind::UnexpectedTag { expected, found: Some(self.tag()) },
        }
    }

    /// The element in DER: definite lengths, whole strings, sorted SETs (X.690 §10, §11); as received where it already is.
    ///
    /// # Errors
    /// When something inside is malformed.
    pub fn to_der(&self) -> Result<Cow<'a, [u8]>, Asn1Error> {
        if self.is_der() { Ok(Cow::Borrowed(self.raw)) } else { self.rebuild().map(Cow::Owned) }
    }

    /// Whether [`Self::rebuild`] would give the bytes received; it stops at the first that it would change or refuse.
    fn is_der(&self) -> bool {
        let tag = self.tag();
        if tag & 0x1f == 0x1f || !has_shortest_length(self.raw, self.header_len, self.value_len) {
            return false;
        }
        if tag & 0x20 == 0 {
            return !matches!((tag, self.value()), (tag::BOOLEAN, [0x01..=0xfe]));
        }
        if is_string(tag & !0x20) {
            return false;
        }
        let Ok(mut children) = self.children() else {
            return false;
        };
        let mut before: &[u8] = &[];
        while !children.is_empty() {
            let Ok(child) = children.element() else {
                return false;
            };
            if !child.is_der() || (tag == tag::SET && child.raw < before) {
                return false;
            }
            before = child.raw;
        }
        true
    }

    /// Writes the element anew, whatever form it has.
    fn rebuild(&self) -> Result<Vec<u8>, Asn1Error> {
        let tag = self.tag();
        if tag & 0x1f == 0x1f {
            // Multi-byte tags occur in no type that we re-encode.
            return Err(self.invalid());
        }
        if tag & 0x20 == 0 {
            return Ok(match (tag, self.value()) {
                (tag::BOOLEAN, [1..=0xff]) => tlv(tag, &[0xff]),
                (_, value) => tlv(tag, value),
            });
        }
        if is_string(tag & !0x20) {
            let mut whole = Vec::new();
            for part in self.children()?.rest()? {
                if part.tag() & !0x20 != tag & !0x20 {
                    return Err(part.invalid());
                }
                let part_der = part.rebuild()?;
                let part_value = Reader::new(&part_der, Rules::Der).element()?;
                whole.extend_from_slice(part_value.value());
            }
            return Ok(tlv(tag & !0x20, &whole));
        }
        let mut children = Vec::new();
        for child in self.children()?.rest()? {
            children.push(child.rebuild()?);
        }
        if tag == tag::SET {
            children.sort();
        }
        Ok(tlv(tag, &children.concat()))
    }
}

/// Whether a header with a tag of one octet has the shortest definite length (X.690 §10.1).
fn has_shortest_length(raw: &[u8], header_len: usize, value_len: usize) -> bool {
    match raw.get(1) {
        Some(0x80) | None => false,
        Some(0..0x80) => true,
        // The octets that the length needs, and none before them.
        Some(_) => {
            let needed = (usize::BITS - value_len.leading_zeros()).div_ceil(8) as usize;
            value_len >= 0x80 && header_len == needed + 2
        }
    }
}

/// The universal string types that BER may split and that occur in CMS.
const fn is_string(tag: u8) -> bool {
    matches!(
        tag,
        tag::OCTET_STRING
            | tag::UTF8_STRING
            | tag::PRINTABLE_STRING
            | tag::TELETEX_STRING
            | tag::IA5_STRING
            | tag::BMP_STRING
    )
}

/// Identifier and length octets as decoded.
struct Header {
    len: usize,
    /// `None` when the length is indefinite.
    value_len: Option<usize>,
}

fn header(bytes: &[u8], offset: usize, rules: Rules) -> Result<Header, Asn1Error> {
    let fail = |kind| Asn1Error { offset, kind };
    let truncated = || fail(Asn1ErrorKind::Truncated);
    let first = *bytes.first().ok_or_else(truncated)?;
    let mut position = 1;
    if first & 0x1f == 0x1f {
        // X.690 §8.1.2.4: the tag number goes on in base 128.
        while bytes.get(position).ok_or_else(truncated)? & 0x80 != 0 {
            position += 1;
        }
        position += 1;
    }
    let length = *bytes.get(position).ok_or_else(truncated)?;
    position += 1;
    let value_len = match length {
        0..=0x7f => usize::from(length),
        0x80 => {
            if rules == Rules::Der || first & 0x20 == 0 {
                return Err(fail(Asn1ErrorKind::IndefiniteLength));
            }
            return Ok(Header { len: position, value_len: None });
        }
        _ => {
            let count = usize::from(length & 0x7f);
            let octets = bytes.get(position..position + count).ok_or_else(truncated)?;
            position += count;
            let mut value = 0_usize;
            for octet in octets {
                value = value.checked_mul(256).ok_or_else(|| fail(Asn1ErrorKind::InvalidLength))?
                    | usize::from(*octet);
            }
            if rules == Rules::Der && (value < 0x80 || octets.first() == Some(&0)) {
                return Err(fail(Asn1ErrorKind::InvalidLength));
            }
            value
        }
    };
    Ok(Header { len: position, value_len: Some(value_len) })
}

fn parse(
    bytes: &[u8],
    position: usize,
    base: usize,
    rules: Rules,
    depth: u8,
) -> Result<Element<'_>, Asn1Error> {
    let offset = base + position;
    let rest = &bytes[position..];
    let Header { len, value_len } = header(rest, offset, rules)?;
    let (value_len, end_len) = match value_len {
        Some(value_len) => (value_len, 0),
        None => (indefinite_len(&rest[len..], offset + len, rules)?, 2),
    };
    let whole = len
        .checked_add(value_len)
        .and_then(|sum| sum.checked_add(end_len))
        .filter(|whole| *whole <= rest.len())
        .ok_or(Asn1Error { offset, kind: Asn1ErrorKind::Truncated })?;
    Ok(Element { raw: &rest[..whole], header_len: len, value_len, offset, rules, depth })
}

/// Length of the content before the end-of-contents octets, in one pass: only open elements are counted.
fn indefinite_len(bytes: &[u8], offset: usize, rules: Rules) -> Result<usize, Asn1Error> {
    let mut position = 0;
    let mut open = 1_u8;
    loop {
        let rest = &bytes[position..];
        if rest.starts_with(&[0, 0]) {
            open -= 1;
            if open == 0 {
                return Ok(position);
            }
            position += 2;
            continue;
        }
        let Header { len, value_len } = header(rest, offset + position, rules)?;
        position += len;
        match value_len {
            None if open >= MAX_DEPTH => {
                return Err(Asn1Error { offset: offset + position, kind: Asn1ErrorKind::TooDeep });
            }
            None => open += 1,
            Some(value_len) => {
                position =
                    position.checked_add(value_len).filter(|end| *end <= bytes.len()).ok_or(
                        Asn1Error { offset: offset + position, kind: Asn1ErrorKind::Truncated },
                    )?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn indefinite_lengths_and_split_strings_become_der() {
        // SEQUENCE (indefinite) { OCTET STRING constructed (indefinite) { "ab", "c" }, NULL }
        let ber = hex::decode("308024800402616204016300000500 0000".replace(' ', "")).unwrap();
        let element = Reader::new(&ber, Rules::Ber).element().unwrap();
        assert_eq!(element.raw(), ber);
        assert_eq!(*element.to_der().unwrap(), *hex::decode("300704036162630500").unwrap());
        let mut children = element.children().unwrap();
        let string = children.expect(tag::OCTET_STRING).unwrap();
        assert_eq!(string.octets().unwrap().as_ref(), b"abc");
        assert_eq!(
            Reader::new(&ber, Rules::Der).element().unwrap_err().kind,
            Asn1ErrorKind::IndefiniteLength
        );
    }

    #[test]
    fn padded_lengths_are_ber_only() {
        let padded = [0x04, 0x81, 0x01, 0x00];
        assert!(Reader::new(&padded, Rules::Ber).element().is_ok());
        assert_eq!(
            Reader::new(&padded, Rules::Der).element().unwrap_err().kind,
            Asn1ErrorKind::InvalidLength
        );
    }

    #[test]
    fn two_million_open_arrays_end_at_the_depth_limit() {
        let bomb = [0x30, 0x80].repeat(2_000_000);
        assert_eq!(
            Reader::new(&bomb, Rules::Ber).element().unwrap_err().kind,
            Asn1ErrorKind::TooDeep
        );
    }

    /// Elements of every form: lengths shortest, padded or indefinite, sets in and out of order, split strings, any
    /// BOOLEAN, tags that are not re-encoded.
    fn any_element() -> impl Strategy<Value = Vec<u8>> {
        let bytes = proptest::collection::vec(any::<u8>(), 0..6);
        let long = proptest::collection::vec(any::<u8>(), 120..300);
        let tags = prop::sample::select(vec![1_u8, 2, 4, 5, 6, 12, 0x80, 0x1f]);
        let leaf = (tags, prop_oneof![9 => bytes, 1 => long], 0..8_u8)
            .prop_map(|(tag, value, form)| encoded(tag, &value, form));
        leaf.prop_recursive(4, 24, 4, |inner| {
            let tags = prop::sample::select(vec![0x30_u8, 0x30, 0x31, 0x31, 0xa0, 0x24, 0x2c]);
            let children = proptest::collection::vec(inner, 0..4);
            (tags, children, 0..12_u8)
                .prop_map(|(tag, children, form)| encoded(tag, &children.concat(), form))
        })
    }

    fn encoded(tag: u8, value: &[u8], form: u8) -> Vec<u8> {
        let len = u8::try_from(value.len() / 256).unwrap();
        let low = u8::try_from(value.len() % 256).unwrap();
        match form {
            0 => [&[tag, 0x82, len, low], value].concat(),
            1 if tag & 0x20 != 0 => [&[tag, 0x80], value, &[0, 0]].concat(),
            _ => tlv(tag, value),
        }
    }

    proptest! {
        #[test]
        fn der_is_borrowed_and_all_else_is_as_written_anew(received in any_element()) {
            let Ok(element) = Reader::new(&received, Rules::Ber).element() else {
                return Ok(());
            };
            let received = element.raw();
            let anew = element.rebuild();
            match (element.to_der(), anew) {
                (Ok(der), Ok(anew)) => {
                    prop_assert_eq!(&*der, &*anew);
                    prop_assert_eq!(matches!(der, Cow::Borrowed(_)), anew == received);
                    // What was written is DER, and stays.
                    let again = Reader::new(&anew, Rules::Der).element().unwrap();
                    prop_assert_eq!(again.to_der().unwrap(), Cow::Borrowed(&anew[..]));
                }
                (found, anew) => prop_assert_eq!(found.unwrap_err(), anew.unwrap_err()),
            }
        }

        #[test]
        fn definite_elements_round_trip(value in proptest::collection::vec(any::<u8>(), 0..400)) {
            let encoded = tlv(tag::OCTET_STRING, &value);
            let element = Reader::new(&encoded, Rules::Der).element().unwrap();
            prop_assert_eq!(element.value(), &value[..]);
            prop_assert_eq!(element.to_der().unwrap(), Cow::Borrowed(&encoded[..]));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(element) = Reader::new(&bytes, Rules::Ber).element() {
                prop_assert!(element.raw().len() <= bytes.len());
                let _ = element.to_der();
            }
        }

        #[test]
        fn integers_round_trip(value: u32) {
            let encoded = small_integer(value);
            let element = Reader::new(&encoded, Rules::Der).element().unwrap();
            prop_assert_eq!(element.small_integer().unwrap(), value);
        }
    }
}
