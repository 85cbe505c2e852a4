//! Object streams (ISO 32000-2 §7.5.7).

use std::io::{Read, Seek};

use crate::error::{Error, SyntaxFault};
use crate::filter;
use crate::lexer::Lexer;
use crate::limits::{Limit, Limits};
use crate::object::{IndirectObject, Object, Origin, Reference};
use crate::parse::{error_at, stream_data};
use crate::security::Security;
use crate::source::Source;

/// A decoded object stream.
pub(crate) struct ObjectStream {
    number: u32,
    text: Vec<u8>,
    /// Object number and position of each object.
    index: Vec<(u32, u32)>,
}

impl ObjectStream {
    /// Decodes the stream; the flag says whether its `/Length` was wrong.
    pub(crate) fn read<R: Read + Seek>(
        source: &mut Source<R>,
        object: &IndirectObject,
        length: Option<u64>,
        security: Option<&Security>,
        limits: &Limits,
    ) -> Result<(Self, bool), Error> {
        let Object::Stream(stream) = &object.value else {
            return Err(bad(0));
        };
        let typed = stream.dictionary.value("Type").and_then(Object::as_name);
        if !typed.is_some_and(|name| name.is("ObjStm")) {
            return Err(bad(0));
        }
        let number = |key| {
            let value = stream.dictionary.value(key).and_then(Object::as_integer);
            value.and_then(|value| usize::try_from(value).ok()).ok_or_else(|| bad(0))
        };
        let (count, first) = (number("N")?, number("First")?);
        let (mut data, searched) = stream_data(source, stream, length, limits)?;
        if let Some(security) = security {
            data = security.decrypt_stream(&stream.dictionary, object.id, data)?;
        }
        let text = filter::decode(&stream.dictionary, &data, object.id, limits)?;
        source.charge(text.len() as u64)?;
        let mut index = Vec::new();
        let mut lexer = Lexer::new(&text, limits);
        // A count beyond the text ends where the numbers end.
        for _ in 0..count {
            lexer.skip_white_space();
            let Some(number) = lexer.unsigned() else { break };
            lexer.skip_white_space();
            let Some(position) = lexer.unsigned() else { break };
            let position = usize::try_from(position).ok().and_then(|at| at.checked_add(first));
            let position = position.and_then(|at| u32::try_from(at).ok());
            let (Ok(number), Some(position)) = (u32::try_from(number), position) else {
                return Err(bad(lexer.position()));
            };
            if index.len() >= limits.object_elements {
                return Err(Error::LimitExceeded {
                    limit: Limit::ObjectElements,
                    maximum: limits.object_elements as u64,
                });
            }
            index.push((number, position));
        }
        Ok((Self { number: object.id.number, text, index }, searched))
    }

    pub(crate) const fn len(&self) -> usize {
        self.text.len()
    }

    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.index.iter().map(|&(number, _)| number)
    }

    /// The object of this number, looked for first at the index that the cross-reference names.
    ///
    /// The second value is the work done, in bytes: many numbers may name one long text.
    pub(crate) fn object(
        &self,
        number: u32,
        index: u32,
        limits: &Limits,
    ) -> Result<(Option<IndirectObject>, u64), Error> {
        let mut work = 0;
        let mut entry = self.index.get(index as usize).filter(|entry| entry.0 == number);
        if entry.is_none() {
            work += self.index.len() as u64;
            entry = self.index.iter().find(|entry| entry.0 == number);
        }
        let Some(&(_, position)) = entry else {
            return Ok((None, work));
        };
        let position = position as usize;
        let text = self.text.get(position..).ok_or_else(|| bad(position))?;
        let mut lexer = Lexer::new(text, limits);
        let value = lexer.value().map_err(|failure| error_at(position as u64, failure))?;
        work += lexer.position() as u64;
        let object = IndirectObject {
            id: Reference { number, generation: 0 },
            value,
            text: text[..lexer.position()].to_vec(),
            origin: Origin::ObjectStream(self.number),
        };
        Ok((Some(object), work))
    }
}

const fn bad(position: usize) -> Error {
    Error::Syntax { offset: position as u64, fault: SyntaxFault::BadObjectStream }
}
