//! Reads one object at an offset of a file, with a window that grows only as far as the object needs.

use std::io::{Read, Seek};

use crate::error::{Error, SyntaxFault};
use crate::lexer::{Failure, Lexer};
use crate::limits::{Limit, Limits};
use crate::object::{IndirectObject, Object, Origin, Reference, Stream};
use crate::source::Source;

/// Bytes of the first window: most objects are shorter.
const FIRST_WINDOW: usize = 1 << 10;

/// Runs `read` on the text at an offset, with a larger window as long as the text's end mattered.
pub(crate) fn parse_at<R: Read + Seek, T>(
    source: &mut Source<R>,
    offset: u64,
    limits: &Limits,
    read: impl Fn(&mut Lexer<'_>) -> Result<T, Failure>,
) -> Result<(T, Vec<u8>), Error> {
    let mut window = FIRST_WINDOW;
    let mut text = Vec::new();
    loop {
        source.read(offset, window, &mut text)?;
        source.charge(text.len() as u64)?;
        let whole = text.len() < window;
        let mut lexer = Lexer::new(&text, limits);
        let outcome = read(&mut lexer);
        if let Err(failure @ Failure::Exceeded { .. }) = outcome {
            return Err(error_at(offset, failure));
        }
        if lexer.touched_end() && !whole {
            if window >= limits.object_bytes {
                return Err(Error::LimitExceeded {
                    limit: Limit::ObjectBytes,
                    maximum: limits.object_bytes as u64,
                });
            }
            window = (window * 4).min(limits.object_bytes);
            continue;
        }
        let used = lexer.position();
        return match outcome {
            Ok(value) => {
                text.truncate(used);
                Ok((value, text))
            }
            Err(failure) => Err(error_at(offset, failure)),
        };
    }
}

/// The indirect object that begins at an offset, white space before it allowed.
pub(crate) fn indirect_object<R: Read + Seek>(
    source: &mut Source<R>,
    offset: u64,
    limits: &Limits,
) -> Result<IndirectObject, Error> {
    let ((id, value, data), text) = parse_at(source, offset, limits, |lexer| {
        let id = lexer.object_header()?;
        let value = lexer.value()?;
        let is_stream = matches!(value, Object::Dictionary(_)) && lexer.stream_keyword();
        Ok((id, value, is_stream.then(|| lexer.position())))
    })?;
    let value = match (value, data) {
        (Object::Dictionary(dictionary), Some(data)) => {
            Object::Stream(Stream { dictionary, data_offset: offset + data as u64 })
        }
        (value, _) => value,
    };
    Ok(IndirectObject { id, value, text, origin: Origin::File(offset) })
}

/// A stream's encoded bytes; the flag says whether `/Length` was wrong and `endstream` was searched for.
pub(crate) fn stream_data<R: Read + Seek>(
    source: &mut Source<R>,
    stream: &Stream,
    length: Option<u64>,
    limits: &Limits,
) -> Result<(Vec<u8>, bool), Error> {
    let start = stream.data_offset;
    let maximum = limits.encoded_stream_bytes as u64;
    let too_long = Error::LimitExceeded { limit: Limit::EncodedStreamBytes, maximum };
    let mut data = Vec::new();
    if let Some(length) = length
        && let Some(end) = start.checked_add(length)
        && end <= source.len()
        && ends_stream(source, end)?
    {
        if length > maximum {
            return Err(too_long);
        }
        source.charge(length)?;
        source.read(start, length as usize, &mut data)?;
        return Ok((data, false));
    }
    let Some(end) = source.find(b"endstream", start, start.saturating_add(maximum))? else {
        if source.len() - start.min(source.len()) > maximum {
            return Err(too_long);
        }
        return Err(Error::Syntax { offset: start, fault: SyntaxFault::NoEndstream });
    };
    source.read(start, (end - start) as usize, &mut data)?;
    if data.last() == Some(&b'\n') {
        data.pop();
    }
    if data.last() == Some(&b'\r') {
        data.pop();
    }
    Ok((data, true))
}

fn ends_stream<R: Read + Seek>(source: &mut Source<R>, end: u64) -> Result<bool, Error> {
    let mut text = Vec::new();
    source.read(end, 16, &mut text)?;
    let text = text.trim_ascii_start();
    Ok(text.starts_with(b"endstream") || text.starts_with(b"endobj"))
}

/// The error that a failure within text at an offset amounts to.
pub(crate) const fn error_at(offset: u64, failure: Failure) -> Error {
    match failure {
        Failure::Syntax { at, fault } => {
            Error::Syntax { offset: offset.saturating_add(at as u64), fault }
        }
        Failure::Exceeded { limit, maximum } => Error::LimitExceeded { limit, maximum },
    }
}

/// The placeholder for values that belong to no numbered object, such as a trailer.
pub(crate) const TRAILER: Reference = Reference { number: 0, generation: 65_535 };
