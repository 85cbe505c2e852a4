//! Cross-reference streams (ISO 32000-2 §7.5.8).

use std::io::{Read, Seek};

use crate::document::Repair;
use crate::error::{Error, SyntaxFault};
use crate::filter;
use crate::limits::Limits;
use crate::object::Object;
use crate::parse::{indirect_object, stream_data};
use crate::source::Source;
use crate::xref::{Section, SectionForm, XrefEntry};
use crate::xref_chain::push;

/// The stream at `offset`.
pub(crate) fn read_stream<R: Read + Seek>(
    source: &mut Source<R>,
    base: u64,
    offset: u64,
    limits: &Limits,
    entries_left: &mut usize,
    repairs: &mut Vec<Repair>,
) -> Result<Section, Error> {
    let object = indirect_object(source, offset, limits).map_err(|error| match error {
        Error::Syntax { offset, fault: SyntaxFault::NoObjectHeader } => {
            Error::Syntax { offset, fault: SyntaxFault::NoXref }
        }
        other => other,
    })?;
    let Object::Stream(stream) = object.value else {
        return Err(Error::Syntax { offset, fault: SyntaxFault::NoXref });
    };
    let fault = || Error::Syntax { offset, fault: SyntaxFault::BadXrefStream };
    let typed = stream.dictionary.value("Type").and_then(Object::as_name);
    if !typed.is_some_and(|name| name.is("XRef")) {
        return Err(Error::Syntax { offset, fault: SyntaxFault::NoXref });
    }
    let length = stream.dictionary.value("Length").and_then(Object::as_integer);
    let length = length.and_then(|length| u64::try_from(length).ok());
    let (data, searched) = stream_data(source, &stream, length, limits)?;
    if searched {
        repairs.push(Repair::StreamLength(object.id));
    }
    let data = filter::decode(&stream.dictionary, &data, object.id, limits)?;
    source.charge(data.len() as u64)?;

    let widths = numbers(stream.dictionary.value("W")).ok_or_else(fault)?;
    let &[kind_width, second_width, third_width, ..] = widths.as_slice() else {
        return Err(fault());
    };
    // 8 bytes hold every offset; wider fields exist only to make trouble.
    let row: u64 = widths.iter().try_fold(0u64, |sum, &w| sum.checked_add(w)).ok_or_else(fault)?;
    if kind_width > 8 || second_width > 8 || third_width > 8 || row == 0 || row > 64 {
        return Err(fault());
    }
    let index = match stream.dictionary.value("Index") {
        None => {
            let size = stream.dictionary.value("Size").and_then(Object::as_integer);
            vec![0, size.and_then(|size| u64::try_from(size).ok()).ok_or_else(fault)?]
        }
        index => numbers(index).ok_or_else(fault)?,
    };
    let mut slots = Vec::new();
    let mut rows = data.chunks_exact(row as usize);
    'runs: for run in index.chunks_exact(2) {
        for position in 0..run[1] {
            let Some(bytes) = rows.next() else {
                break 'runs;
            };
            let (kind, rest) = bytes.split_at(kind_width as usize);
            let (second, rest) = rest.split_at(second_width as usize);
            let third = big_endian(&rest[..third_width as usize]);
            let second = big_endian(second);
            let kind = if kind.is_empty() { 1 } else { big_endian(kind) };
            let entry = match kind {
                1 => second.checked_add(base).zip(u16::try_from(third).ok()).map(
                    |(offset, generation)| match second {
                        0 => XrefEntry::Free,
                        _ => XrefEntry::InFile { offset, generation },
                    },
                ),
                2 => u32::try_from(second)
                    .ok()
                    .zip(u32::try_from(third).ok())
                    .map(|(stream, index)| XrefEntry::Compressed { stream, index }),
                _ => None,
            };
            let number = run[0].saturating_add(position);
            push(&mut slots, number, entry.unwrap_or(XrefEntry::Free), entries_left, limits)?;
        }
    }
    let form = SectionForm::Stream;
    Ok(Section::new(offset, form, slots, stream.dictionary, object.text))
}

fn numbers(value: Option<&Object>) -> Option<Vec<u64>> {
    let items = &value?.as_array()?.items;
    items.iter().map(|item| u64::try_from(item.as_integer()?).ok()).collect()
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}
