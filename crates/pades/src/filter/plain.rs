//! The filters without a library: ASCIIHex, ASCII85, LZW, RunLength (ISO 32000-2 §7.4.2 to §7.4.5).

use crate::lexer::{digit, is_white_space};

/// What came of a filter.
pub(super) enum Decoded {
    Data(Vec<u8>),
    Damaged,
    TooLong,
}

/// ASCIIHexDecode (§7.4.2): an odd last digit counts as if 0 followed.
pub(super) fn ascii_hex(data: &[u8], maximum: usize) -> Decoded {
    let mut out = Vec::with_capacity(data.len() / 2);
    let mut high = None;
    for &byte in data {
        if byte == b'>' {
            break;
        }
        let Some(value) = digit(byte) else {
            if is_white_space(byte) {
                continue;
            }
            return Decoded::Damaged;
        };
        match high.take() {
            Some(high) => out.push(high << 4 | value),
            None => high = Some(value),
        }
    }
    out.extend(high.map(|high: u8| high << 4));
    capped(out, maximum)
}

/// ASCII85Decode (§7.4.3).
pub(super) fn ascii85(data: &[u8], maximum: usize) -> Decoded {
    // Some writers begin with the `<~` of the encoding's origin.
    let data = data.trim_ascii_start();
    let data = data.strip_prefix(b"<~").unwrap_or(data);
    let mut out = Vec::with_capacity(data.len() / 5 * 4);
    let mut group = 0u32;
    let mut digits = 0usize;
    for &byte in data {
        match byte {
            b'~' => break,
            b'z' if digits == 0 => out.extend([0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                digits += 1;
                if digits == 5 {
                    out.extend(group.to_be_bytes());
                    (group, digits) = (0, 0);
                }
            }
            _ if is_white_space(byte) => {}
            _ => return Decoded::Damaged,
        }
        if out.len() > maximum {
            return Decoded::TooLong;
        }
    }
    if digits > 1 {
        for _ in digits..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        out.extend(&group.to_be_bytes()[..digits - 1]);
    }
    capped(out, maximum)
}

/// RunLengthDecode (§7.4.5).
pub(super) fn run_length(data: &[u8], maximum: usize) -> Decoded {
    let mut out = Vec::new();
    let mut rest = data;
    while let Some((&length, tail)) = rest.split_first() {
        rest = match length {
            0..=127 => {
                let len = (usize::from(length) + 1).min(tail.len());
                let (run, tail) = tail.split_at(len);
                out.extend_from_slice(run);
                tail
            }
            128 => break,
            129.. => {
                let Some((&byte, tail)) = tail.split_first() else { break };
                out.resize(out.len() + 257 - usize::from(length), byte);
                tail
            }
        };
        if out.len() > maximum {
            return Decoded::TooLong;
        }
    }
    capped(out, maximum)
}

/// LZWDecode (§7.4.4): codes of 9 to 12 bits, 256 clears the table, 257 ends; with `early` the codes grow one early.
pub(super) fn lzw(data: &[u8], early: bool, maximum: usize) -> Decoded {
    const CLEAR: usize = 256;
    const END: usize = 257;
    let mut out: Vec<u8> = Vec::new();
    // Each entry is a piece of what was written already.
    let mut table: Vec<(usize, usize)> = Vec::with_capacity(4096 - 258);
    let mut previous: Option<(usize, usize)> = None;
    let (mut bits, mut held) = (0u32, 0u32);
    let mut width = 9;
    for &byte in data {
        bits = bits << 8 | u32::from(byte);
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = (bits >> held) as usize & ((1 << width) - 1);
        bits &= (1 << held) - 1;
        match code {
            CLEAR => {
                table.clear();
                previous = None;
                width = 9;
                continue;
            }
            END => break,
            _ => {}
        }
        let start = out.len();
        if let Ok(literal) = u8::try_from(code) {
            out.push(literal);
        } else if let Some(&(from, len)) = table.get(code - 258) {
            out.extend_from_within(from..from + len);
        } else if let (Some((from, len)), true) = (previous, code - 258 == table.len()) {
            out.extend_from_within(from..from + len);
            out.extend_from_within(from..=from);
        } else {
            return Decoded::Damaged;
        }
        // The new entry is the piece before and this one's first byte, which stand side by side.
        if let Some((from, len)) = previous
            && table.len() < 4096 - 258
        {
            table.push((from, len + 1));
        }
        previous = Some((start, out.len() - start));
        width = match table.len() + 258 + usize::from(early) + 1 {
            0..=512 => 9,
            513..=1024 => 10,
            1025..=2048 => 11,
            _ => 12,
        };
        if out.len() > maximum {
            return Decoded::TooLong;
        }
    }
    capped(out, maximum)
}

fn capped(out: Vec<u8>, maximum: usize) -> Decoded {
    if out.len() > maximum { Decoded::TooLong } else { Decoded::Data(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(decoded: Decoded) -> Vec<u8> {
        match decoded {
            Decoded::Data(data) => data,
            Decoded::Damaged => panic!("damaged"),
            Decoded::TooLong => panic!("too long"),
        }
    }

    #[test]
    fn the_standards_examples_decode() {
        assert_eq!(data(ascii_hex(b"4a 4B4>zz", 100)), b"JK@");
        assert_eq!(data(ascii85(b"<~87cURD]i,\"Ebo80~>", 100)), b"Hello World!");
        assert_eq!(data(ascii85(b"z87cUR~>", 100)), b"\0\0\0\0Hell");
        assert_eq!(data(run_length(&[2, 1, 2, 3, 254, 9, 128, 7], 100)), [1, 2, 3, 9, 9, 9]);
        // ISO 32000-2 §7.4.4.2, table 7.
        let encoded = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        assert_eq!(data(lzw(&encoded, true, 100)), [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        assert!(matches!(run_length(&[129, 0].repeat(1000), 1000), Decoded::TooLong));
        assert!(matches!(ascii85(&[b'z'; 1000], 1000), Decoded::TooLong));
    }
}
