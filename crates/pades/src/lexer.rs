//! Reads values from text (ISO 32000-2 §7.2, §7.3), bounded in depth and number.

use crate::error::SyntaxFault;
use crate::limits::{Limit, Limits};
use crate::object::{Array, Dictionary, Entry, Name, Object, Reference};

/// Why a value cannot be read; positions count within the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Syntax { at: usize, fault: SyntaxFault },
    Exceeded { limit: Limit, maximum: u64 },
}

/// A position in text, with the bounds for what is read from it.
pub(crate) struct Lexer<'a> {
    text: &'a [u8],
    pos: usize,
    touched_end: bool,
    nesting: usize,
    elements_left: usize,
    limits: &'a Limits,
}

/// White space of ISO 32000-2 table 1.
pub(crate) const fn is_white_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

/// A byte that belongs to a token: neither white space nor delimiter (table 2).
pub(crate) const fn is_regular(byte: u8) -> bool {
    !is_white_space(byte)
        && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a [u8], limits: &'a Limits) -> Self {
        Self {
            text,
            pos: 0,
            touched_end: false,
            nesting: 0,
            elements_left: limits.object_elements,
            limits,
        }
    }

    pub(crate) const fn position(&self) -> usize {
        self.pos
    }

    /// Whether a decision rested on there being no more text, so that more text could change it.
    pub(crate) const fn touched_end(&self) -> bool {
        self.touched_end
    }

    pub(crate) fn peek(&mut self) -> Option<u8> {
        let byte = self.text.get(self.pos).copied();
        self.touched_end |= byte.is_none();
        byte
    }

    fn peek_second(&mut self) -> Option<u8> {
        let byte = self.text.get(self.pos + 1).copied();
        self.touched_end |= byte.is_none();
        byte
    }

    fn fail<T>(&self, fault: SyntaxFault) -> Result<T, Failure> {
        Err(Failure::Syntax { at: self.pos, fault })
    }

    pub(crate) fn skip_white_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                while self.peek().is_some_and(|byte| byte != b'\n' && byte != b'\r') {
                    self.pos += 1;
                }
            } else if is_white_space(byte) {
                self.pos += 1;
            } else {
                break;
            }
        }
    }

    /// Skips white space; comments stay.
    pub(crate) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_white_space) {
            self.pos += 1;
        }
    }

    /// Takes these bytes if they stand here, whatever follows.
    pub(crate) fn literal(&mut self, bytes: &[u8]) -> bool {
        let found = self.text[self.pos..].starts_with(bytes);
        self.pos += if found { bytes.len() } else { 0 };
        found
    }

    /// Skips bytes, to the end at most.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.pos = self.pos.saturating_add(bytes).min(self.text.len());
    }

    /// The text that follows.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.text.get(self.pos..).unwrap_or_default()
    }

    /// Counts the values of one object anew: a content stream is many objects.
    pub(crate) fn renew(&mut self) {
        self.elements_left = self.limits.object_elements;
        self.nesting = 0;
    }

    /// Skips white space and says whether that was all.
    pub(crate) fn only_blanks_follow(&mut self) -> bool {
        self.skip_blanks();
        self.pos == self.text.len()
    }

    /// The regular characters that stand here, perhaps none.
    pub(crate) fn regular(&mut self) -> &'a [u8] {
        let start = self.pos;
        while self.peek().is_some_and(is_regular) {
            self.pos += 1;
        }
        &self.text[start..self.pos]
    }

    /// Takes a keyword if it stands here as a whole token.
    pub(crate) fn keyword(&mut self, keyword: &[u8]) -> bool {
        let start = self.pos;
        if self.regular() == keyword {
            return true;
        }
        self.pos = start;
        false
    }

    /// An unsigned decimal number made of digits alone.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let start = self.pos;
        let mut value = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let next = value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit - b'0')));
            let Some(next) = next else {
                self.pos = start;
                return None;
            };
            value = next;
            self.pos += 1;
        }
        (self.pos > start).then_some(value)
    }

    /// `N G obj`.
    pub(crate) fn object_header(&mut self) -> Result<Reference, Failure> {
        self.skip_white_space();
        let at = self.pos;
        let missing = Failure::Syntax { at, fault: SyntaxFault::NoObjectHeader };
        let number = self.unsigned().and_then(|n| u32::try_from(n).ok()).ok_or(missing)?;
        self.skip_white_space();
        let generation = self.unsigned().and_then(|n| u16::try_from(n).ok()).ok_or(missing)?;
        self.skip_white_space();
        // Some writers put no space between `obj` and a number; only the letters are asked for.
        for letter in *b"obj" {
            if self.peek() != Some(letter) {
                return Err(missing);
            }
            self.pos += 1;
        }
        Ok(Reference { number, generation })
    }

    /// Behind a dictionary: takes `stream` and its end of line; the position is then the first data byte.
    pub(crate) fn stream_keyword(&mut self) -> bool {
        self.skip_white_space();
        if !self.text[self.pos..].starts_with(b"stream") {
            self.touched_end |= self.text.len() - self.pos < 6;
            return false;
        }
        self.pos += 6;
        if self.peek() == Some(b'\r') {
            self.pos += 1;
        }
        if self.peek() == Some(b'\n') {
            self.pos += 1;
        }
        true
    }

    /// One value.
    pub(crate) fn value(&mut self) -> Result<Object, Failure> {
        self.skip_white_space();
        if self.elements_left == 0 {
            return Err(Failure::Exceeded {
                limit: Limit::ObjectElements,
                maximum: self.limits.object_elements as u64,
            });
        }
        self.elements_left -= 1;
        let Some(byte) = self.peek() else {
            return self.fail(SyntaxFault::UnexpectedEnd);
        };
        match byte {
            b'/' => self.name().map(Object::Name),
            b'(' => self.literal_string(),
            b'[' => self.nested(Self::array),
            b'<' if self.peek_second() == Some(b'<') => self.nested(Self::dictionary),
            b'<' => self.hexadecimal_string(),
            b'0'..=b'9' | b'+' | b'-' | b'.' => Ok(self.number_or_reference()),
            _ => {
                let start = self.pos;
                match self.regular() {
                    b"null" => Ok(Object::Null),
                    b"true" => Ok(Object::Boolean(true)),
                    b"false" => Ok(Object::Boolean(false)),
                    _ => {
                        self.pos = start;
                        self.fail(SyntaxFault::UnexpectedByte(byte))
                    }
                }
            }
        }
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Object, Failure>,
    ) -> Result<Object, Failure> {
        if self.nesting >= self.limits.nesting {
            return Err(Failure::Exceeded {
                limit: Limit::Nesting,
                maximum: self.limits.nesting as u64,
            });
        }
        self.nesting += 1;
        let value = read(self);
        self.nesting -= 1;
        value
    }

    fn array(&mut self) -> Result<Object, Failure> {
        let start = self.pos;
        self.pos += 1;
        let mut items = Vec::new();
        loop {
            self.skip_white_space();
            if self.peek() == Some(b']') {
                self.pos += 1;
                return Ok(Object::Array(Array { items, span: start..self.pos }));
            }
            items.push(self.value()?);
        }
    }

    fn dictionary(&mut self) -> Result<Object, Failure> {
        let start = self.pos;
        self.pos += 2;
        let mut entries = Vec::new();
        loop {
            self.skip_white_space();
            match self.peek() {
                Some(b'>') if self.peek_second() == Some(b'>') => {
                    self.pos += 2;
                    let span = start..self.pos;
                    return Ok(Object::Dictionary(Dictionary { entries, span }));
                }
                Some(b'/') => {}
                None => return self.fail(SyntaxFault::UnexpectedEnd),
                Some(_) => return self.fail(SyntaxFault::KeyNotName),
            }
            let key = self.name()?;
            self.skip_white_space();
            let value_start = self.pos;
            // `/Key >>`: a key without a value counts as null, as readers take it.
            let value = if self.peek() == Some(b'>') && self.peek_second() == Some(b'>') {
                Object::Null
            } else {
                self.value()?
            };
            entries.push(Entry { key, value, span: value_start..self.pos });
        }
    }

    fn name(&mut self) -> Result<Name, Failure> {
        self.pos += 1;
        let raw = self.regular();
        if !raw.contains(&b'#') {
            return Ok(Name(raw.to_vec()));
        }
        let mut bytes = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            if let (b'#', [high, low, tail @ ..]) = (byte, tail)
                && let (Some(high), Some(low)) = (digit(*high), digit(*low))
            {
                bytes.push(high << 4 | low);
                rest = tail;
            } else {
                bytes.push(byte);
            }
        }
        Ok(Name(bytes))
    }

    fn number_or_reference(&mut self) -> Object {
        let token = self.regular();
        let text = core::str::from_utf8(token).unwrap_or_default();
        if let Ok(value) = text.parse::<i64>() {
            return self.reference_from(token, value).unwrap_or(Object::Integer(value));
        }
        // A malformed number reads as 0, as readers take it; its text is kept where it is copied.
        let real = token.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.'));
        Object::Real(if real { text.parse().unwrap_or(0.0) } else { 0.0 })
    }

    fn reference_from(&mut self, token: &[u8], value: i64) -> Option<Object> {
        if !token.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = u32::try_from(value).ok()?;
        let start = self.pos;
        self.skip_white_space();
        let generation = self.unsigned().and_then(|n| u16::try_from(n).ok());
        self.skip_white_space();
        if let Some(generation) = generation
            && self.keyword(b"R")
        {
            return Some(Object::Reference(Reference { number, generation }));
        }
        self.pos = start;
        None
    }

    fn literal_string(&mut self) -> Result<Object, Failure> {
        self.pos += 1;
        let mut bytes = Vec::new();
        let mut open = 1usize;
        loop {
            let Some(byte) = self.peek() else {
                return self.fail(SyntaxFault::UnexpectedEnd);
            };
            self.pos += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(Object::String(bytes));
                    }
                }
                b'\\' => {
                    self.escape(&mut bytes)?;
                    continue;
                }
                b'\r' => {
                    // An end of line of any form counts as one line feed (§7.3.4.2).
                    if self.peek() == Some(b'\n') {
                        self.pos += 1;
                    }
                    bytes.push(b'\n');
                    continue;
                }
                _ => {}
            }
            bytes.push(byte);
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        let Some(byte) = self.peek() else {
            return self.fail(SyntaxFault::UnexpectedEnd);
        };
        self.pos += 1;
        match byte {
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'\n' => {}
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.pos += 1;
                }
            }
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.pos += 1;
                }
                // High-order overflow is ignored (§7.3.4.2).
                bytes.push((value & 0xff) as u8);
            }
            other => bytes.push(other),
        }
        Ok(())
    }

    fn hexadecimal_string(&mut self) -> Result<Object, Failure> {
        self.pos += 1;
        let mut bytes = Vec::new();
        // Most strings are pairs of digits without a break, and signatures' long ones always.
        for pair in self.text.get(self.pos..).unwrap_or_default().chunks_exact(2) {
            let &[high, low] = pair else { break };
            let (high, low) = (DIGITS[usize::from(high)], DIGITS[usize::from(low)]);
            if high | low > 0xf {
                break;
            }
            bytes.push(high << 4 | low);
        }
        self.pos += 2 * bytes.len();
        let mut high = None;
        loop {
            let Some(byte) = self.peek() else {
                return self.fail(SyntaxFault::UnexpectedEnd);
            };
            if byte == b'>' {
                self.pos += 1;
                bytes.extend(high.map(|high: u8| high << 4));
                return Ok(Object::String(bytes));
            }
            if let Some(value) = digit(byte) {
                match high.take() {
                    Some(high) => bytes.push(high << 4 | value),
                    None => high = Some(value),
                }
            } else if !is_white_space(byte) {
                return self.fail(SyntaxFault::NotHexadecimal(byte));
            }
            self.pos += 1;
        }
    }
}

/// The value of each byte as a hexadecimal digit; `0xff` for what is none.
const DIGITS: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut byte = 0;
    while byte < values.len() {
        if let Some(value) = digit(byte as u8) {
            values[byte] = value;
        }
        byte += 1;
    }
    values
};

/// The value of a hexadecimal digit.
pub(crate) const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Object, Failure> {
        let limits = Limits::standard();
        Lexer::new(text, &limits).value()
    }

    #[test]
    fn strings_decode_their_escapes() {
        assert_eq!(
            read(
                br"(a\(b(c)\)\101\7\\\
d)"
            ),
            Ok(Object::String(b"a(b(c))A\x07\\d".to_vec()))
        );
        assert_eq!(read(b"<4a 4B4>"), Ok(Object::String(b"JK@".to_vec())));
        for text in [&b"<4a4B4>"[..], b"<4a4 B4>", b"<4 a4\nB4 >", b"< 4a4B 40>"] {
            assert_eq!(read(text), Ok(Object::String(b"JK@".to_vec())));
        }
        assert_eq!(read(b"<>"), Ok(Object::String(Vec::new())));
        for (text, at, fault) in [
            (&b"<4a4g>"[..], 4, SyntaxFault::NotHexadecimal(b'g')),
            (b"<4ag4>", 3, SyntaxFault::NotHexadecimal(b'g')),
            (b"<4a4B", 5, SyntaxFault::UnexpectedEnd),
            (b"<4a4", 4, SyntaxFault::UnexpectedEnd),
        ] {
            assert_eq!(read(text), Err(Failure::Syntax { at, fault }));
        }
        assert_eq!(read(b"/A#42#zz"), Ok(Object::Name(Name(b"AB#zz".to_vec()))));
    }

    #[test]
    fn references_and_numbers_are_told_apart() {
        let Ok(Object::Array(array)) = read(b"[1 0 R 1 0 2 -3 4.5 7]") else { panic!() };
        assert_eq!(array.items.len(), 7);
        assert_eq!(array.items[0], Object::Reference(Reference { number: 1, generation: 0 }));
        assert_eq!(array.items[5], Object::Real(4.5));
        assert_eq!(array.items[6], Object::Integer(7));
    }

    #[test]
    fn spans_give_back_the_text() {
        let text = b"  <</A (x)/B<</C [1 2]>>/D>>";
        let Ok(Object::Dictionary(dictionary)) = read(text) else { panic!() };
        let span = dictionary.entry("B").expect("an entry").span.clone();
        assert_eq!(&text[span], b"<</C [1 2]>>");
        assert_eq!(dictionary.value("D"), Some(&Object::Null));
    }

    #[test]
    fn nested_arrays_end_at_the_limit() {
        let text = vec![b'['; 2_000_000];
        assert!(matches!(
            read(&text),
            Err(Failure::Exceeded { limit: Limit::Nesting, maximum: 256 })
        ));
    }

    #[test]
    fn many_values_end_at_the_limit() {
        let mut text = b"[".to_vec();
        text.extend(b"1 ".repeat(500_000));
        assert!(matches!(read(&text), Err(Failure::Exceeded { limit: Limit::ObjectElements, .. })));
    }
}
