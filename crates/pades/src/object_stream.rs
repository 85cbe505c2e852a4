//! Object streams (ISO 32000-2 §7.5.7).

use std::io::{Read, Seek};

use crate::error::{Error, SyntaxFault};
use crate::filter;
use crate::lexer::Lexer;
use crate::limits::Limits;
use crate::object::{IndirectObject, Object, Origin, Reference};
use crate::parse::{error_at, stream_data};
use crate::source::Source;

/// A decoded object stream.
pub(crate) struct ObjectStream {
    number: u32,
    text: Vec<u8>,
    /// Object number and position of each object.
    index: Vec<(u32, usize)>,
}

impl ObjectStream {
    /// Decodes the stream; the flag says whether its `/Length` was wrong.
    pub(crate) fn read<R: Read + Seek>(
        source: &mut Source<R>,
        object: &IndirectObject,
        length: Option<u64>,
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
        let (data, searched) = stream_data(source, stream, length, limits)?;
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
            let (Ok(number), Some(position)) = (u32::try_from(number), position) else {
                return Err(bad(lexer.position()));
            };
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
    pub(crate) fn object(
        &self,
        number: u32,
        index: u32,
        limits: &Limits,
    ) -> Result<Option<IndirectObject>, Error> {
        let named = self.index.get(index as usize).filter(|entry| entry.0 == number);
        let entry = named.or_else(|| self.index.iter().find(|entry| entry.0 == number));
        let Some(&(_, position)) = entry else {
            return Ok(None);
        };
        let text = self.text.get(position..).ok_or_else(|| bad(position))?;
        let mut lexer = Lexer::new(text, limits);
        let value = lexer.value().map_err(|failure| error_at(position as u64, failure))?;
        Ok(Some(IndirectObject {
            id: Reference { number, generation: 0 },
            value,
            text: text[..lexer.position()].to_vec(),
            origin: Origin::ObjectStream(self.number),
        }))
    }
}

const fn bad(position: usize) -> Error {
    Error::Syntax { offset: position as u64, fault: SyntaxFault::BadObjectStream }
}
