//! CMaps: how the bytes of a string become codes, and codes CIDs or Unicode (ISO 32000-2 §9.7.5, §9.10.3).

use crate::error::Error;
use crate::lexer::Lexer;
use crate::limits::Limits;
use crate::object::Object;

use super::budget::Mappings;

/// Bytes of the text that one code stands for: 512, as ISO 32000-2 §9.10.3 allows.
const TARGET_BYTES: usize = 512;
/// Ranges that are searched where they overlap: broken writers repeat one or two.
const OVERLAP: usize = 16;

/// What a range of codes maps to.
#[derive(Clone, Debug, PartialEq)]
enum Target {
    /// The CID or UTF-16 unit of the range's first code; it grows with the code.
    Number(u32),
    /// This text; its last character grows with the code.
    Text(Box<str>),
    /// One text for each code.
    List(Box<[Box<str>]>),
}

#[derive(Clone, Debug)]
struct Range {
    low: u32,
    high: u32,
    target: Target,
}

/// A CMap read from a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct CMap {
    /// Length in bytes, least and greatest code.
    code_spaces: Vec<(usize, u32, u32)>,
    ranges: Vec<Range>,
}

impl CMap {
    /// Reads a CMap file's text; what is malformed in it is passed over.
    pub(super) fn read(
        text: &[u8],
        limits: &Limits,
        mappings: &mut Mappings,
    ) -> Result<Self, Error> {
        let mut map = Self::default();
        let mut lexer = Lexer::new(text, limits);
        let mut operands: Vec<Object> = Vec::new();
        loop {
            lexer.skip_white_space();
            let Some(byte) = lexer.peek() else { break };
            match byte {
                b'/' | b'(' | b'[' | b'<' | b'0'..=b'9' | b'+' | b'-' | b'.' => {
                    lexer.renew();
                    let start = lexer.position();
                    match lexer.value() {
                        // A block holds what its kind needs and no more than the object limit; the rest is no CMap.
                        Ok(value) if operands.len() < limits.object_elements => {
                            operands.push(value);
                        }
                        _ if lexer.position() > start => {}
                        _ => lexer.skip(1),
                    }
                }
                _ => {
                    let operator = lexer.regular();
                    if operator.is_empty() {
                        lexer.skip(1);
                    }
                    map.block(operator, &operands, mappings)?;
                    operands.clear();
                }
            }
        }
        // The sort is stable: of two ranges from one code the later one is found first.
        map.ranges.sort_by_key(|range| range.low);
        Ok(map)
    }

    fn block(
        &mut self,
        operator: &[u8],
        operands: &[Object],
        mappings: &mut Mappings,
    ) -> Result<(), Error> {
        match operator {
            b"endcodespacerange" => {
                for pair in operands.chunks_exact(2) {
                    if let [Object::String(low), Object::String(high)] = pair
                        && (1..=4).contains(&low.len())
                        && self.code_spaces.len() < 256
                    {
                        self.code_spaces.push((low.len(), number(low), number(high)));
                    }
                }
            }
            b"endbfchar" => {
                for pair in operands.chunks_exact(2) {
                    if let [Object::String(code), Object::String(text)] = pair {
                        let code = number(code);
                        self.push(code, code, Target::Text(utf16(text)), mappings)?;
                    }
                }
            }
            b"endbfrange" => {
                for triple in operands.chunks_exact(3) {
                    if let [Object::String(low), Object::String(high), target] = triple {
                        let target = match target {
                            Object::String(text) => Target::Text(utf16(text)),
                            Object::Array(array) => Target::List(
                                array
                                    .items
                                    .iter()
                                    .map(|item| utf16(item.as_string().unwrap_or_default()))
                                    .collect(),
                            ),
                            _ => continue,
                        };
                        self.push(number(low), number(high), target, mappings)?;
                    }
                }
            }
            b"endcidchar" => {
                for pair in operands.chunks_exact(2) {
                    if let [Object::String(code), Object::Integer(cid)] = pair {
                        let code = number(code);
                        let cid = u32::try_from(*cid).unwrap_or(0);
                        self.push(code, code, Target::Number(cid), mappings)?;
                    }
                }
            }
            b"endcidrange" => {
                for triple in operands.chunks_exact(3) {
                    if let [Object::String(low), Object::String(high), Object::Integer(cid)] =
                        triple
                    {
                        let cid = u32::try_from(*cid).unwrap_or(0);
                        self.push(number(low), number(high), Target::Number(cid), mappings)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn push(
        &mut self,
        low: u32,
        high: u32,
        target: Target,
        mappings: &mut Mappings,
    ) -> Result<(), Error> {
        mappings.take(match &target {
            Target::Number(_) => 1,
            Target::Text(text) => 1 + text.len() / 16,
            Target::List(list) => 1 + list.iter().map(|text| 1 + text.len() / 16).sum::<usize>(),
        })?;
        if low <= high {
            self.ranges.push(Range { low, high, target });
        }
        Ok(())
    }

    fn range(&self, code: u32) -> Option<&Range> {
        let behind = self.ranges.partition_point(|range| range.low <= code);
        let before = self.ranges.get(..behind).unwrap_or_default();
        before.iter().rev().take(OVERLAP).find(|range| code <= range.high)
    }

    /// The text of a code, appended; `false` where there is none.
    pub(super) fn text(&self, code: u32, out: &mut String) -> bool {
        let Some(range) = self.range(code) else {
            return false;
        };
        let step = code - range.low;
        let before = out.len();
        match &range.target {
            Target::Number(unit) => {
                out.extend(unit.checked_add(step).and_then(char::from_u32));
            }
            Target::Text(text) if step == 0 => out.push_str(text),
            Target::Text(text) => {
                let mut characters = text.chars();
                let last = characters.next_back();
                out.push_str(characters.as_str());
                out.extend(
                    last.and_then(|last| char::from_u32(u32::from(last).checked_add(step)?)),
                );
            }
            Target::List(list) => {
                if let Some(text) = usize::try_from(step).ok().and_then(|step| list.get(step)) {
                    out.push_str(text);
                }
            }
        }
        // Some writers map what they do not know to U+0000.
        if out.get(before..).is_some_and(|text| text.chars().all(|c| c == '\0')) {
            out.truncate(before);
        }
        out.len() > before
    }

    /// The CID of a code; 0 where there is none.
    pub(super) fn cid(&self, code: u32) -> u32 {
        match self.range(code) {
            Some(Range { low, target: Target::Number(cid), .. }) => cid.saturating_add(code - low),
            _ => 0,
        }
    }

    /// The next code of a string and its length in bytes (§9.7.6.3).
    pub(super) fn next_code(&self, bytes: &[u8]) -> (u32, usize) {
        for len in 1..=bytes.len().min(4) {
            let code = number(bytes.get(..len).unwrap_or_default());
            let bytes_fit = |low: u32, high: u32| {
                // Every byte of a code lies in its own range (§9.7.6.2).
                (0..len).all(|at| {
                    let byte = |value: u32| (value >> (8 * at)) & 0xff;
                    (byte(low)..=byte(high)).contains(&byte(code))
                })
            };
            if self.code_spaces.iter().any(|&(n, low, high)| n == len && bytes_fit(low, high)) {
                return (code, len);
            }
        }
        let len = self.code_spaces.iter().map(|space| space.0).min().unwrap_or(2);
        let len = len.min(bytes.len()).max(1);
        (number(bytes.get(..len).unwrap_or(bytes)), len)
    }
}

/// A string's bytes as a number, the last four of them.
pub(super) fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0u32, |value, &byte| value << 8 | u32::from(byte))
}

fn utf16(bytes: &[u8]) -> Box<str> {
    let bytes = bytes.get(..TARGET_BYTES).unwrap_or(bytes);
    let units = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u16::from_be_bytes([high, low]),
        [one] => u16::from(one),
        _ => 0,
    });
    let text: String =
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> CMap {
        let limits = Limits::standard();
        CMap::read(text.as_bytes(), &limits, &mut Mappings::new(&limits)).expect("a CMap")
    }

    fn text(map: &CMap, code: u32) -> String {
        let mut out = String::new();
        map.text(code, &mut out);
        out
    }

    #[test]
    fn characters_ranges_and_lists_map() {
        let map = read(
            "/CMapName /X def 1 begincodespacerange <0000> <FFFF> endcodespacerange
             2 beginbfchar <0003> <0020> <0004> <006600660069> endbfchar
             2 beginbfrange <0010> <0012> <1EA4> <0020> <0021> [<0041> <0110>] endbfrange",
        );
        assert_eq!(text(&map, 4), "ffi");
        assert_eq!(text(&map, 0x12), "\u{1ea6}");
        assert_eq!(text(&map, 0x21), "Đ");
        assert_eq!(text(&map, 0x22), "");
        assert_eq!(map.next_code(&[0, 4, 9]), (4, 2));
    }

    #[test]
    fn codes_of_one_and_two_bytes_are_told_apart() {
        let map = read(
            "2 begincodespacerange <00> <80> <8140> <9ffc> endcodespacerange
             1 begincidrange <8140> <817e> 633 endcidrange",
        );
        assert_eq!(map.next_code(&[0x41, 0x81]), (0x41, 1));
        assert_eq!(map.next_code(&[0x81, 0x41]), (0x8141, 2));
        assert_eq!(map.cid(0x8141), 634);
    }

    #[test]
    fn a_bomb_of_mappings_ends_at_the_limit() {
        let limits = Limits { font_mappings: 1000, ..Limits::standard() };
        let mut bomb = b"1 beginbfrange ".to_vec();
        bomb.extend(b"<0000> <ffff> <0041> ".repeat(2000));
        bomb.extend(b"endbfrange");
        assert!(matches!(
            CMap::read(&bomb, &limits, &mut Mappings::new(&limits)),
            Err(Error::LimitExceeded { .. })
        ));
    }
}
