//! Writes an incremental update (ISO 32000-2 §7.5.6): changed and new objects, a cross-reference, a trailer.

use core::ops::Range;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::sync::Arc;

use kyso_x509::DigestAlgorithm;

use crate::document::Document;
use crate::error::Error;
use crate::lexer::is_regular;
use crate::limits::{Limit, Limits};
use crate::new_object::{NewObject, Numbered, Text};
use crate::object::{Dictionary, IndirectObject, Name, Object, Origin, Reference};
use crate::security::{Security, Vectors};
use crate::text::{hexadecimal, write_hexadecimal, write_string};
use crate::xref::SectionForm;

/// A table's offsets have ten digits.
const TABLE_OFFSET_END: u64 = 10_000_000_000;
/// Objects that one revision may add, its cross-reference stream included: a signature, its field and form, an
/// appearance with fonts and pictures, and the certificates and status of a long chain, with room.
const MOST_ADDED: u32 = 10_000;
/// Trailer keys that the new section states itself, or that describe the old section's own stream or revision.
const OWN_KEYS: [&str; 12] = [
    "Size",
    "Prev",
    "ID",
    "AuthCode",
    "XRefStm",
    "Type",
    "W",
    "Index",
    "Length",
    "Filter",
    "DecodeParms",
    "DL",
];

/// Changes to a document, gathered before they are written.
pub(crate) struct Revision {
    edited: Vec<Edited>,
    added: Vec<Numbered>,
    next_number: u32,
    /// Numbers from there on that something refers to already.
    taken: BTreeSet<u32>,
}

struct Edited {
    id: Reference,
    text: Vec<u8>,
    /// Where the value stands in the text.
    span: Range<usize>,
    /// Ranges of the object's text and what replaces them.
    changes: Vec<(Range<usize>, Vec<u8>)>,
    /// Whether the text stood in an object stream.
    is_plain: bool,
}

/// A written revision.
pub(crate) struct Written {
    /// What follows the original's last byte.
    pub(crate) bytes: Vec<u8>,
    /// Where each added object's text begins in `bytes`, in the order of adding.
    pub(crate) added: Vec<usize>,
}

impl Revision {
    /// Begins a revision whose new objects take numbers that no object of the file has and no cross-reference of it
    /// counts: none below `/Size`. Of a signed file neither one that a reference of it names, since nobody can tell an
    /// object that such a reference brings to life from one that was meant to be swapped in.
    pub(crate) fn new<R: Read + Seek>(document: &mut Document<R>) -> Result<Self, Error> {
        document.check_integrity()?;
        let size = document.newest_section()?.trailer.value("Size").and_then(Object::as_integer);
        let size = size.and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
        let next_number = size.max(document.highest_number().saturating_add(1));
        let taken = match document.is_said_to_be_signed() {
            true => document.numbers_referred_to(next_number)?,
            false => BTreeSet::new(),
        };
        let highest = next_number.saturating_add(u32::try_from(taken.len()).unwrap_or(u32::MAX));
        if highest > document.limits().object_number.saturating_sub(MOST_ADDED) {
            return Err(Error::LimitExceeded {
                limit: Limit::ObjectNumber,
                maximum: u64::from(document.limits().object_number),
            });
        }
        Ok(Self { edited: Vec::new(), added: Vec::new(), next_number, taken })
    }

    /// Takes the next free object number.
    pub(crate) fn reserve(&mut self) -> Reference {
        while self.taken.contains(&self.next_number) {
            self.next_number += 1;
        }
        let number = self.next_number;
        self.next_number += 1;
        Reference { number, generation: 0 }
    }

    /// Adds an object under a reserved number; `list` gives its references their numbers.
    pub(crate) fn add(
        &mut self,
        id: Reference,
        object: NewObject,
        list: &[Reference],
    ) -> Result<(), Error> {
        let numbered = Numbered::new(id, object, list);
        self.added.push(numbered.ok_or(Error::DanglingPiece { object: id })?);
        Ok(())
    }

    /// Adds objects that refer to each other, and gives their numbers in the same order.
    pub(crate) fn add_all(&mut self, objects: &[NewObject]) -> Result<Vec<Reference>, Error> {
        let list: Vec<Reference> = objects.iter().map(|_| self.reserve()).collect();
        for (id, object) in list.iter().zip(objects) {
            self.add(*id, object.clone(), &list)?;
        }
        Ok(list)
    }

    /// Replaces a range of an object's text.
    pub(crate) fn replace(&mut self, object: &IndirectObject, range: Range<usize>, with: Vec<u8>) {
        let at = match self.edited.iter().position(|edited| edited.id == object.id) {
            Some(at) => at,
            None => {
                let span = match &object.value {
                    Object::Dictionary(dictionary) => dictionary.span.clone(),
                    Object::Array(array) => array.span.clone(),
                    _ => 0..object.text.len(),
                };
                self.edited.push(Edited {
                    id: object.id,
                    text: object.text.clone(),
                    span,
                    changes: Vec::new(),
                    is_plain: matches!(object.origin, Origin::ObjectStream(_)),
                });
                self.edited.len() - 1
            }
        };
        self.edited[at].changes.push((range, with));
    }

    /// Sets a dictionary's entry, which must not stand twice.
    pub(crate) fn set(
        &mut self,
        object: &IndirectObject,
        dictionary: &Dictionary,
        key: &'static str,
        value: &str,
    ) -> Result<(), Error> {
        match dictionary.occurrences(key) {
            0 => {
                let end = dictionary.span.end - 2;
                // A last key without a value would take the new key for it.
                let last = dictionary.entries.last();
                let null = if last.is_some_and(|last| last.span.is_empty()) { " null" } else { "" };
                self.replace(object, end..end, format!("{null} /{key} {value} ").into_bytes());
            }
            1 => {
                let span = dictionary.entry(key).map(|entry| entry.span.clone());
                let span = span.ok_or(Error::WrongType { object: object.id, key })?;
                self.replace(object, span, format!(" {value}").into_bytes());
            }
            _ => return Err(Error::DuplicateKey { object: object.id, key }),
        }
        Ok(())
    }

    /// Appends a reference to the array that is an entry of a dictionary, itself or by reference.
    pub(crate) fn append<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        object: &IndirectObject,
        dictionary: &Dictionary,
        key: &'static str,
        id: Reference,
    ) -> Result<(), Error> {
        self.append_all(document, object, dictionary, key, &[id])
    }

    /// Appends references to the array that is an entry of a dictionary, itself or by reference.
    pub(crate) fn append_all<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        object: &IndirectObject,
        dictionary: &Dictionary,
        key: &'static str,
        ids: &[Reference],
    ) -> Result<(), Error> {
        if dictionary.occurrences(key) > 1 {
            return Err(Error::DuplicateKey { object: object.id, key });
        }
        let wrong = Error::WrongType { object: object.id, key };
        let text: String = ids.iter().map(|id| format!(" {id} R ")).collect();
        let item = text.clone().into_bytes();
        match dictionary.value(key) {
            Some(Object::Array(array)) => {
                let end = array.span.end - 1;
                self.replace(object, end..end, item);
            }
            Some(Object::Reference(target)) => match document.resolve_object(*target)? {
                Some(holder) => {
                    let Object::Array(array) = &holder.value else {
                        return Err(wrong);
                    };
                    let end = array.span.end - 1;
                    self.replace(&holder, end..end, item);
                }
                None => self.set(object, dictionary, key, &format!("[{text}]"))?,
            },
            None | Some(Object::Null) => self.set(object, dictionary, key, &format!("[{text}]"))?,
            Some(_) => return Err(wrong),
        }
        Ok(())
    }

    /// Writes the revision in the form of the file's newest section; `seed` makes its identifier its own.
    pub(crate) fn write<R: Read + Seek>(
        mut self,
        document: &mut Document<R>,
        seed: &[u8],
    ) -> Result<Written, Error> {
        let original_len = document.file_len();
        let base = document.base();
        let mut out = Vec::with_capacity(1 << 12);
        let last = document.source.byte(original_len.saturating_sub(1))?;
        if !matches!(last, Some(b'\n' | b'\r')) {
            out.push(b'\n');
        }
        let mut places: Vec<(Reference, u64)> = Vec::new();
        let mut place =
            |id, out: &Vec<u8>| places.push((id, original_len - base + out.len() as u64));
        let mut added = Vec::with_capacity(self.added.len());
        let mut encryption = document.security.clone().map(|security| Encryption {
            security,
            vectors: &mut document.vectors,
            limits: &document.limits,
        });
        for object in &self.added {
            place(object.id, &out);
            out.extend(format!("{} obj\n", object.id).bytes());
            added.push(out.len());
            write_added(&mut out, object, encryption.as_mut())?;
            out.extend(b"\nendobj\n");
        }
        for edited in &mut self.edited {
            place(edited.id, &out);
            edited.write(&mut out, encryption.as_mut())?;
        }
        let form = document.newest_section()?.form;
        let xref_offset = original_len - base + out.len() as u64;
        if form == SectionForm::Stream {
            let id = self.reserve();
            places.push((id, xref_offset));
            places.sort_unstable();
            let trailer = trailer(document, self.next_number, seed)?;
            write_stream(&mut out, id, &places, &trailer);
        } else {
            let end = xref_offset.saturating_add(base);
            if xref_offset >= TABLE_OFFSET_END {
                return Err(Error::OffsetTooLarge { offset: end });
            }
            places.sort_unstable();
            let trailer = trailer(document, self.next_number, seed)?;
            write_table(&mut out, &places, &trailer);
        }
        out.extend(format!("startxref\n{xref_offset}\n%%EOF\n").bytes());
        Ok(Written { bytes: out, added })
    }
}

/// What an encrypted document's new strings and streams are encrypted with; every revision goes through it.
struct Encryption<'a> {
    security: Arc<Security>,
    vectors: &'a mut Vectors,
    limits: &'a Limits,
}

/// Writes an added object's value; a stream's `/Length` is added here.
fn write_added(
    out: &mut Vec<u8>,
    object: &Numbered,
    encryption: Option<&mut Encryption<'_>>,
) -> Result<(), Error> {
    let start = out.len();
    for piece in &object.pieces {
        match piece {
            Text::Raw(raw) => out.extend(raw),
            Text::String(string) => write_string(out, string),
        }
    }
    let mut stream = object.stream.as_deref().map(Cow::Borrowed);
    if let Some(Encryption { security, vectors, limits }) = encryption {
        // The whole text is read again, so that no string escapes, however it was told.
        let plain = out.split_off(start);
        let (text, encrypted) = security.encrypt_object(
            object.id,
            &plain,
            object.stream.as_deref(),
            vectors,
            limits,
        )?;
        out.extend(text);
        stream = encrypted.map(Cow::Owned);
    }
    if let Some(data) = stream {
        while out.last().is_some_and(u8::is_ascii_whitespace) {
            out.pop();
        }
        out.truncate(out.len().saturating_sub(2));
        out.extend(format!(" /Length {} >>\nstream\n", data.len()).bytes());
        out.extend(data.iter());
        out.extend(b"\nendstream");
    }
    Ok(())
}

impl Edited {
    fn write(
        &mut self,
        out: &mut Vec<u8>,
        mut encryption: Option<&mut Encryption<'_>>,
    ) -> Result<(), Error> {
        let (id, text, span) = (self.id, &self.text, &self.span);
        let mut write_plain = |out: &mut Vec<u8>, part: &[u8]| match &mut encryption {
            Some(Encryption { security, vectors, limits }) => {
                security.encrypt_text(id, part, vectors, limits).map(|part| out.extend(part))
            }
            None => {
                out.extend(part);
                Ok(())
            }
        };
        out.extend(format!("{id} obj\n").bytes());
        self.changes.sort_by_key(|(range, _)| range.start);
        let mut at = span.start;
        let end = (span.end..span.end, Vec::new());
        for (range, with) in self.changes.iter().chain([&end]) {
            let kept = &text[at..range.start];
            // What stood in an object stream was not encrypted on its own; what stands in the file is, under this number.
            if self.is_plain {
                write_plain(out, kept)?;
            } else {
                out.extend(kept);
            }
            write_plain(out, with)?;
            at = range.end;
        }
        out.extend(b"\nendobj\n");
        Ok(())
    }
}

/// The trailer's entries: the previous ones but those of its own section, `/Prev`, `/Size` and `/ID`.
fn trailer<R: Read + Seek>(
    document: &mut Document<R>,
    size: u32,
    seed: &[u8],
) -> Result<Vec<u8>, Error> {
    let base = document.base();
    let original_len = document.file_len();
    let newest = document.newest_section()?;
    let mut out = format!("/Size {size} /Prev {}", newest.offset - base).into_bytes();
    for entry in &newest.trailer.entries {
        if OWN_KEYS.iter().any(|key| entry.key.is(key)) {
            continue;
        }
        out.push(b' ');
        write_name(&mut out, &entry.key);
        out.push(b' ');
        match &newest.trailer_text[entry.span.clone()] {
            b"" => out.extend(b"null"),
            value => out.extend(value),
        }
    }
    let id = newest.trailer.value("ID").cloned().unwrap_or(Object::Null);
    let id = document.resolve(&id)?;
    let strings: Vec<Vec<u8>> = match (&document.security, &id) {
        // The key depends on the first identifier as it was read, be it absent.
        (Some(security), _) => vec![security.parameters.identifier.clone()],
        (None, Object::Array(array)) => {
            array.items.iter().filter_map(Object::as_string).map(<[u8]>::to_vec).collect()
        }
        _ => Vec::new(),
    };
    // The second identifier changes with each revision (§14.4); it is derived, as nothing here is random.
    let mut hasher = kyso_x509::Hasher::new(DigestAlgorithm::Sha256);
    strings.iter().for_each(|string| hasher.update(string));
    hasher.update(&original_len.to_be_bytes());
    hasher.update(seed);
    hasher.update(&out);
    let digest = hasher.finish();
    let second = &digest.as_bytes()[..16];
    out.extend(b" /ID [");
    write_hexadecimal(&mut out, strings.first().map_or(second, Vec::as_slice));
    out.push(b' ');
    write_hexadecimal(&mut out, second);
    out.push(b']');
    Ok(out)
}

/// The runs of consecutive object numbers.
fn runs(places: &[(Reference, u64)]) -> impl Iterator<Item = &[(Reference, u64)]> {
    places.chunk_by(|a, b| a.0.number + 1 == b.0.number)
}

fn write_table(out: &mut Vec<u8>, places: &[(Reference, u64)], trailer: &[u8]) {
    out.extend(b"xref\n");
    for run in runs(places) {
        out.extend(format!("{} {}\n", run[0].0.number, run.len()).bytes());
        for (id, offset) in run {
            out.extend(format!("{offset:010} {:05} n \n", id.generation).bytes());
        }
    }
    out.extend(b"trailer\n<< ");
    out.extend(trailer);
    out.extend(b" >>\n");
}

fn write_stream(out: &mut Vec<u8>, id: Reference, places: &[(Reference, u64)], trailer: &[u8]) {
    let highest = places.iter().map(|&(_, offset)| offset).max().unwrap_or(0);
    let width = (8 - highest.leading_zeros() as usize / 8).max(1);
    let mut index = String::new();
    let mut data = Vec::new();
    for run in runs(places) {
        index += &format!("{} {} ", run[0].0.number, run.len());
        for (id, offset) in run {
            data.push(1);
            data.extend(&offset.to_be_bytes()[8 - width..]);
            data.extend(id.generation.to_be_bytes());
        }
    }
    out.extend(format!("{id} obj\n<< /Type /XRef /W [1 {width} 2] /Index [{index}] ").bytes());
    out.extend(format!("/Length {} ", data.len()).bytes());
    out.extend(trailer);
    out.extend(b" >>\nstream\n");
    out.extend(data);
    out.extend(b"\nendstream\nendobj\n");
}

/// Appends a name with what is not regular in `#xx` form.
pub(crate) fn write_name(out: &mut Vec<u8>, name: &Name) {
    out.push(b'/');
    for &byte in &name.0 {
        if is_regular(byte) && matches!(byte, b'!'..=b'~') && byte != b'#' {
            out.push(byte);
        } else {
            out.push(b'#');
            out.extend(hexadecimal(byte));
        }
    }
}
