//! Undoes the filters of streams that are read, images' apart (ISO 32000-2 §7.4).

mod plain;

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};

use self::plain::{Decoded, ascii_hex, ascii85, lzw, run_length};
use crate::error::Error;
use crate::limits::{Limit, Limits};
use crate::object::{Dictionary, Object, Reference};
use crate::security::has_crypt_filter;

/// Filters in a chain: 8; writers use at most 3.
const CHAIN: usize = 8;

/// Decodes a stream's data by its dictionary's `/Filter` and `/DecodeParms`.
pub(crate) fn decode(
    dictionary: &Dictionary,
    data: &[u8],
    id: Reference,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    // What a first filter `Crypt` did is undone already.
    let first = usize::from(has_crypt_filter(dictionary));
    let filters = match dictionary.value("Filter") {
        None => &[],
        Some(Object::Array(array)) => array.items.get(first..).unwrap_or_default(),
        Some(Object::Name(name)) if name.is("Crypt") => &[],
        Some(one) => core::slice::from_ref(one),
    };
    let parameters = match dictionary.value("DecodeParms") {
        None => &[],
        Some(Object::Array(array)) => array.items.get(first..).unwrap_or_default(),
        Some(one) => core::slice::from_ref(one),
    };
    if filters.len() > CHAIN {
        return Err(Error::UnsupportedFilter(id));
    }
    let mut plain: Option<Vec<u8>> = None;
    for (at, filter) in filters.iter().enumerate() {
        let encoded = plain.as_deref().unwrap_or(data);
        if let Some(decoded) = undo(filter, parameters.get(at), encoded, id, limits)? {
            plain = Some(decoded);
        }
    }
    Ok(plain.unwrap_or_else(|| data.to_vec()))
}

/// Undoes one filter; `None` where it changes nothing.
fn undo(
    filter: &Object,
    parameters: Option<&Object>,
    data: &[u8],
    id: Reference,
    limits: &Limits,
) -> Result<Option<Vec<u8>>, Error> {
    let name = match filter {
        Object::Null => return Ok(None),
        Object::Name(name) => name,
        _ => return Err(Error::UnsupportedFilter(id)),
    };
    let parameters = match parameters {
        None | Some(Object::Null) => None,
        Some(Object::Dictionary(parameters)) => Some(parameters),
        Some(_) => return Err(Error::UnsupportedFilter(id)),
    };
    let maximum = limits.decoded_stream_bytes;
    let capped = |decoded: Decoded| match decoded {
        Decoded::Data(plain) => Ok(plain),
        Decoded::Damaged => Err(Error::DamagedStream(id)),
        Decoded::TooLong => {
            Err(Error::LimitExceeded { limit: Limit::DecodedStreamBytes, maximum: maximum as u64 })
        }
    };
    let plain = match name.0.as_slice() {
        b"FlateDecode" | b"Fl" => inflate(data, id, limits)?,
        b"LZWDecode" | b"LZW" => {
            let early = parameters.and_then(|p| p.value("EarlyChange")?.as_integer()) != Some(0);
            capped(lzw(data, early, maximum))?
        }
        b"ASCII85Decode" | b"A85" => return capped(ascii85(data, maximum)).map(Some),
        b"ASCIIHexDecode" | b"AHx" => return capped(ascii_hex(data, maximum)).map(Some),
        b"RunLengthDecode" | b"RL" => return capped(run_length(data, maximum)).map(Some),
        _ => return Err(Error::UnsupportedFilter(id)),
    };
    match parameters {
        None => Ok(Some(plain)),
        Some(parameters) => unpredict(plain, parameters, id).map(Some),
    }
}

fn inflate(data: &[u8], id: Reference, limits: &Limits) -> Result<Vec<u8>, Error> {
    let maximum = limits.decoded_stream_bytes;
    match decompress_to_vec_zlib_with_limit(data, maximum) {
        Ok(plain) => Ok(plain),
        Err(failure) => match failure.status {
            TINFLStatus::HasMoreOutput => Err(Error::LimitExceeded {
                limit: Limit::DecodedStreamBytes,
                maximum: maximum as u64,
            }),
            // Some writers leave the checksum wrong or out; the data are complete all the same.
            TINFLStatus::Adler32Mismatch | TINFLStatus::FailedCannotMakeProgress => {
                Ok(failure.output)
            }
            _ => Err(Error::DamagedStream(id)),
        },
    }
}

fn unpredict(mut data: Vec<u8>, parameters: &Dictionary, id: Reference) -> Result<Vec<u8>, Error> {
    let number = |key, default| match parameters.value(key) {
        None => Some(default),
        Some(value) => value.as_integer().and_then(|n| usize::try_from(n).ok()),
    };
    let damaged = || Error::DamagedStream(id);
    let predictor = number("Predictor", 1).ok_or_else(damaged)?;
    if predictor == 1 {
        return Ok(data);
    }
    if !(10..=15).contains(&predictor) {
        return Err(Error::UnsupportedFilter(id));
    }
    let colors = number("Colors", 1).ok_or_else(damaged)?;
    let bits = number("BitsPerComponent", 8).ok_or_else(damaged)?;
    let columns = number("Columns", 1).ok_or_else(damaged)?;
    let pixel_bits = colors.checked_mul(bits).ok_or_else(damaged)?;
    let row_bits = pixel_bits.checked_mul(columns).ok_or_else(damaged)?;
    let row = row_bits.div_ceil(8);
    if row == 0 || row > data.len() {
        return if data.is_empty() { Ok(data) } else { Err(damaged()) };
    }
    let pixel = pixel_bits.div_ceil(8).max(1);
    let mut above = vec![0; row];
    let mut written = 0;
    let mut read = 0;
    while read < data.len() {
        let kind = data[read];
        let len = row.min(data.len() - read - 1);
        data.copy_within(read + 1..read + 1 + len, written);
        let line = &mut data[written..written + len];
        undo_row(kind, line, &above, pixel).ok_or_else(damaged)?;
        above[..len].copy_from_slice(line);
        read += 1 + len;
        written += len;
    }
    data.truncate(written);
    Ok(data)
}

/// Reverses one row of a PNG filter (PNG, third edition, §9.2).
fn undo_row(kind: u8, line: &mut [u8], above: &[u8], pixel: usize) -> Option<()> {
    for at in 0..line.len() {
        let up = above[at];
        let left = if at >= pixel { line[at - pixel] } else { 0 };
        let up_left = if at >= pixel { above[at - pixel] } else { 0 };
        let guess = match kind {
            0 => 0,
            1 => left,
            2 => up,
            3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
            4 => paeth(left, up, up_left),
            _ => return None,
        };
        line[at] = line[at].wrapping_add(guess);
    }
    Some(())
}

fn paeth(left: u8, up: u8, up_left: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(up_left);
    let distance = |value: u8| (estimate - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(up_left) {
        left
    } else if distance(up) <= distance(up_left) {
        up
    } else {
        up_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::Lexer;

    const ID: Reference = Reference { number: 1, generation: 0 };

    fn dictionary(text: &str) -> Dictionary {
        match Lexer::new(text.as_bytes(), &Limits::standard()).value() {
            Ok(Object::Dictionary(dictionary)) => dictionary,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn png_rows_are_undone() {
        let rows = [
            0, 1, 2, 3, // none
            1, 1, 1, 1, // sub
            2, 1, 1, 1, // up
            3, 1, 1, 1, // average
            4, 1, 1, 1, // paeth
        ];
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(&rows, 6);
        let with = dictionary("<</Filter[/FlateDecode]/DecodeParms[<</Predictor 12/Columns 3>>]>>");
        let plain = decode(&with, &packed, ID, &Limits::standard()).expect("decodes");
        assert_eq!(plain, [1, 2, 3, 1, 2, 3, 2, 3, 4, 2, 3, 4, 3, 4, 5]);
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 20 << 20], 9);
        assert!(packed.len() < 64 << 10);
        let with = dictionary("<</Filter/FlateDecode>>");
        assert!(matches!(
            decode(&with, &packed, ID, &Limits::standard()),
            Err(Error::LimitExceeded { limit: Limit::DecodedStreamBytes, .. })
        ));
    }

    #[test]
    fn giant_columns_and_unknown_filters_are_refused() {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(&[0; 10], 6);
        let giant =
            dictionary("<</Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 99999999999>>>>");
        let limits = Limits::standard();
        assert!(matches!(decode(&giant, &packed, ID, &limits), Err(Error::DamagedStream(_))));
        let other = dictionary("<</Filter/DCTDecode>>");
        assert!(matches!(decode(&other, &packed, ID, &limits), Err(Error::UnsupportedFilter(_))));
    }
}
