//! A PDF as a lazy map from references to objects.

use std::io::{Read, Seek};
use std::sync::Arc;

use crate::error::{Error, SyntaxFault};
use crate::limits::{Limit, Limits};
use crate::object::{Dictionary, IndirectObject, Object, Reference};
use crate::object_stream::ObjectStream;
use crate::parse::indirect_object;
use crate::rebuild::rebuild;
use crate::security::{Password, Security, Vectors};
use crate::source::{Source, find_in, find_last_in};
use crate::xref::{Section, SectionForm, XrefEntry, look_up};
use crate::xref_chain::{begins_at, read_chain};

/// Decoded object streams kept: a page tree and a form seldom alternate between more.
const OBJECT_STREAMS_KEPT: usize = 8;
/// Bytes of decoded object streams kept.
const OBJECT_STREAM_BYTES_KEPT: usize = 16 << 20;

/// Something the file has wrong that was read over, as other programs do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The cross-reference was broken; objects were found by a scan. Other programs may find others.
    Rebuilt,
    /// Bytes stand before the header and offsets count from the file's first byte, not from the header.
    OffsetsIgnoreHeader,
    /// Bytes follow the last end-of-file marker, or it is absent: the file may have been cut in a later revision.
    TrailingBytes {
        /// Where the marker or nothing was expected.
        offset: u64,
    },
    /// A table at this offset counts its first subsection from 1 but lists object 0 first.
    SubsectionNumbering {
        /// Offset of the subsection.
        offset: u64,
    },
    /// A section at this offset says `/Prev 0`.
    PrevZero {
        /// Offset of the section.
        offset: u64,
    },
    /// A stream's `/Length` is wrong; `endstream` was searched for.
    StreamLength(Reference),
}

impl core::fmt::Display for Repair {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Rebuilt => f.write_str("its cross-reference is broken"),
            Self::OffsetsIgnoreHeader => f.write_str("its offsets do not count from the header"),
            Self::TrailingBytes { offset } => {
                write!(
                    f,
                    "from byte {offset} on it does not end as a PDF does; it may have been cut"
                )
            }
            Self::SubsectionNumbering { offset } => {
                write!(f, "the cross-reference at byte {offset} is numbered wrongly")
            }
            Self::PrevZero { offset } => {
                write!(f, "the cross-reference at byte {offset} names byte 0 as the one before")
            }
            Self::StreamLength(id) => write!(f, "stream {id} has a wrong length"),
        }
    }
}

/// A PDF read through a passed-in reader; only the objects asked for are read.
///
/// Nothing outlives a call but the cross-reference (16 bytes an object), some file blocks and decoded object
/// streams, so memory does not grow with the file's length.
pub struct Document<R> {
    pub(crate) source: Source<R>,
    pub(crate) limits: Limits,
    base: u64,
    header_offset: u64,
    sections: Vec<Section>,
    repairs: Vec<Repair>,
    rebuild_tried: bool,
    /// Index of the newest section that is looked at: 0 but while revisions are compared.
    newest: usize,
    object_streams: Vec<Arc<ObjectStream>>,
    catalog: Option<Arc<IndirectObject>>,
    pub(crate) security: Option<Arc<Security>>,
    pub(crate) vectors: Vectors,
}

impl<R: Read + Seek> Document<R> {
    /// Reads the header and the cross-reference (ISO 32000-2 §7.5) and finds the document catalog; an encrypted
    /// document is opened with the empty password.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::NoHeader`], [`Error::PasswordNeeded`], [`Error::UnsupportedEncryption`],
    /// [`Error::DamagedEncryption`], [`Error::EncryptionChanged`], [`Error::XrefLoop`], [`Error::NoCatalog`]
    /// where even a scan finds nothing, an exceeded limit, or the reader's failure.
    pub fn open(reader: R, limits: Limits) -> Result<Self, Error> {
        Self::open_with(reader, limits, None)
    }

    /// As [`open`](Self::open), with the owner's or user's password; a document that is not encrypted needs none.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], or as [`open`](Self::open).
    pub fn open_encrypted(reader: R, limits: Limits, password: &Password) -> Result<Self, Error> {
        Self::open_with(reader, limits, Some(password))
    }

    fn open_with(reader: R, limits: Limits, password: Option<&Password>) -> Result<Self, Error> {
        let mut source = Source::new(reader, limits.parsed_bytes)?;
        if source.len() == 0 {
            return Err(Error::Empty);
        }
        let mut head = Vec::new();
        source.read(0, limits.header_search + 5, &mut head)?;
        let header_offset =
            find_in(&head, b"%PDF-").ok_or(Error::NoHeader { searched: head.len() })? as u64;
        let mut document = Self {
            source,
            limits,
            base: header_offset,
            header_offset,
            sections: Vec::new(),
            repairs: Vec::new(),
            rebuild_tried: false,
            newest: 0,
            object_streams: Vec::new(),
            catalog: None,
            security: None,
            vectors: Vectors::default(),
        };
        let found = document
            .read_xref()
            .and_then(|()| document.find_encryption(password))
            .and_then(|()| document.find_catalog());
        match found {
            Ok(()) => {}
            Err(error) if error.is_repairable() && !document.rebuild_tried => {
                document.rebuild(password)?;
            }
            Err(error) => return Err(error),
        }
        Ok(document)
    }

    /// Length of the file in bytes.
    pub const fn file_len(&self) -> u64 {
        self.source.len()
    }

    /// Bytes before `%PDF-`.
    pub const fn header_offset(&self) -> u64 {
        self.header_offset
    }

    /// What had to be read over so far.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// Form and offset of each cross-reference section, newest first.
    pub fn sections(&self) -> impl Iterator<Item = (SectionForm, u64)> {
        self.sections.iter().map(|section| (section.form, section.offset))
    }

    /// The limits given to [`open`](Self::open).
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The reader, to hash or copy the file through it.
    pub fn reader_mut(&mut self) -> &mut R {
        self.source.reader_mut()
    }

    /// Gives the reader back.
    pub fn into_reader(self) -> R {
        self.source.into_reader()
    }

    /// The document catalog (ISO 32000-2 §7.7.2).
    ///
    /// # Errors
    /// [`Error::NoCatalog`] after a repair that lost it.
    pub fn catalog(&self) -> Result<Arc<IndirectObject>, Error> {
        self.catalog.clone().ok_or(Error::NoCatalog)
    }

    /// The object that a reference names; `None` means null (ISO 32000-2 §7.3.10).
    ///
    /// # Errors
    /// A syntax error that a scan of the file does not mend, an exceeded limit, or the reader's failure.
    pub fn object(&mut self, id: Reference) -> Result<Option<IndirectObject>, Error> {
        match self.read_object(id) {
            Err(error) if error.is_repairable() && !self.rebuild_tried => {
                match self.rebuild(None) {
                    Ok(()) => {}
                    Err(limit @ (Error::LimitExceeded { .. } | Error::Io(_))) => return Err(limit),
                    Err(_) => return Err(error),
                }
                self.read_object(id)
            }
            outcome => outcome,
        }
    }

    /// A value itself, or what its reference leads to.
    ///
    /// # Errors
    /// As [`object`](Self::object), and [`Error::ReferenceCycle`] where references lead in a circle.
    pub fn resolve(&mut self, value: &Object) -> Result<Object, Error> {
        match value {
            Object::Reference(id) => {
                Ok(self.resolve_object(*id)?.map_or(Object::Null, |object| object.value))
            }
            direct => Ok(direct.clone()),
        }
    }

    /// The object at the end of a chain of references.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub fn resolve_object(&mut self, id: Reference) -> Result<Option<IndirectObject>, Error> {
        let mut next = id;
        for _ in 0..self.limits.reference_hops {
            let Some(object) = self.object(next)? else {
                return Ok(None);
            };
            let Object::Reference(target) = object.value else {
                return Ok(Some(object));
            };
            if target == id || target == next {
                return Err(Error::ReferenceCycle(id));
            }
            next = target;
        }
        Err(Error::LimitExceeded {
            limit: Limit::ReferenceHops,
            maximum: self.limits.reference_hops as u64,
        })
    }

    /// The value of a key, its reference followed; absent and null are the same.
    pub(crate) fn value(&mut self, dictionary: &Dictionary, key: &str) -> Result<Object, Error> {
        match dictionary.value(key) {
            None => Ok(Object::Null),
            Some(value) => self.resolve(value),
        }
    }

    /// Refuses what other programs warn of or read differently; a `/Prev 0` they all read over.
    pub(crate) fn check_repairs(&self) -> Result<(), Error> {
        let harmless = |repair: &&Repair| matches!(repair, Repair::PrevZero { .. });
        match self.repairs.iter().find(|repair| !harmless(repair)) {
            Some(repair) => Err(Error::NeedsRepair(*repair)),
            None => Ok(()),
        }
    }

    /// A value or what its reference leads to, before the document's encryption is known; absent is null.
    pub(crate) fn plain(&mut self, value: Option<&Object>) -> Result<Object, Error> {
        match value {
            None => Ok(Object::Null),
            Some(Object::Reference(id)) => {
                Ok(self.read_object(*id)?.map_or(Object::Null, |object| object.value))
            }
            Some(direct) => Ok(direct.clone()),
        }
    }

    /// The trailers, newest first.
    pub(crate) fn section_trailers(&self) -> impl Iterator<Item = &Dictionary> {
        self.sections.iter().map(|section| &section.trailer)
    }

    pub(crate) const fn base(&self) -> u64 {
        self.base
    }

    /// The newest section; every open document has one.
    pub(crate) fn newest_section(&self) -> Result<&Section, Error> {
        self.sections.first().ok_or(Error::NoCatalog)
    }

    pub(crate) fn highest_number(&self) -> u32 {
        self.sections.iter().map(Section::highest_number).max().unwrap_or(0)
    }

    fn read_xref(&mut self) -> Result<(), Error> {
        let len = self.source.len();
        let from = len.saturating_sub(self.limits.startxref_search as u64);
        let mut tail = Vec::new();
        self.source.read(from, self.limits.startxref_search, &mut tail)?;
        let missing = Error::Syntax { offset: from, fault: SyntaxFault::NoStartxref };
        let Some(at) = find_last_in(&tail, b"startxref") else {
            return Err(missing);
        };
        let mut lexer = crate::lexer::Lexer::new(&tail[at + 9..], &self.limits);
        lexer.skip_white_space();
        let Some(target) = lexer.unsigned() else {
            return Err(missing);
        };
        lexer.skip_blanks();
        if !lexer.literal(b"%%EOF") || !lexer.only_blanks_follow() {
            let offset = from + (at + 9 + lexer.position()) as u64;
            self.repairs.push(Repair::TrailingBytes { offset });
        }
        let relative = target.saturating_add(self.header_offset);
        let start =
            if self.header_offset == 0 || begins_at(&mut self.source, relative, &self.limits)? {
                relative
            } else {
                self.base = 0;
                self.repairs.push(Repair::OffsetsIgnoreHeader);
                target
            };
        self.sections =
            read_chain(&mut self.source, self.base, start, &self.limits, &mut self.repairs)?;
        Ok(())
    }

    fn find_catalog(&mut self) -> Result<(), Error> {
        let newest = self.newest_section()?;
        let missing = Error::Syntax { offset: newest.offset, fault: SyntaxFault::NoRoot };
        let Some(root) = newest.trailer.value("Root").and_then(Object::as_reference) else {
            return Err(missing);
        };
        match self.read_object(root)? {
            Some(object) if matches!(object.value, Object::Dictionary(_)) => {
                self.catalog = Some(Arc::new(object));
                Ok(())
            }
            _ => Err(missing),
        }
    }

    fn rebuild(&mut self, password: Option<&Password>) -> Result<(), Error> {
        self.rebuild_tried = true;
        self.newest = 0;
        let found = rebuild(&mut self.source, self.header_offset, &self.limits)?;
        self.object_streams.clear();
        self.catalog = None;
        self.repairs.push(Repair::Rebuilt);
        if found.is_encrypted() {
            // What object streams hold is known only once they can be decrypted.
            self.sections = vec![found.section()];
            self.find_encryption(password)?;
        }
        let security = self.security.clone();
        let section =
            found.with_object_streams(&mut self.source, security.as_deref(), &self.limits)?;
        self.sections = vec![section];
        self.find_encryption(password)?;
        self.find_catalog().map_err(|error| match error {
            Error::Syntax { fault: SyntaxFault::NoRoot, .. } => Error::NoCatalog,
            other => other,
        })
    }

    /// All sections, newest first.
    pub(crate) fn all_sections(&self) -> &[Section] {
        &self.sections
    }

    /// Reads objects as a section of this index, counted from the newest, and the older ones tell of them.
    pub(crate) fn look_as_of(&mut self, newest: usize) {
        if self.newest != newest {
            self.newest = newest;
            // A stream's number may mean another stream in another revision.
            self.object_streams.clear();
        }
    }

    /// Says whether a scan of the file may mend what cannot be read; gives what was so before.
    pub(crate) const fn set_mending(&mut self, allowed: bool) -> bool {
        !core::mem::replace(&mut self.rebuild_tried, !allowed)
    }

    /// The sections that count.
    pub(crate) fn visible(&self) -> &[Section] {
        self.sections.get(self.newest..).unwrap_or_default()
    }

    /// An object as it stands; no scan of the file mends anything.
    pub(crate) fn read_object(&mut self, id: Reference) -> Result<Option<IndirectObject>, Error> {
        match look_up(self.visible(), id.number) {
            XrefEntry::Free => Ok(None),
            XrefEntry::InFile { generation, .. } if generation != id.generation => Ok(None),
            XrefEntry::InFile { offset, .. } => {
                let mut object = match indirect_object(&mut self.source, offset, &self.limits) {
                    Err(Error::Syntax { fault: SyntaxFault::NoObjectHeader, .. }) => {
                        return Err(Error::ObjectMismatch { expected: id, offset });
                    }
                    other => other?,
                };
                if object.id != id {
                    return Err(Error::ObjectMismatch { expected: id, offset });
                }
                if let Some(security) = &self.security {
                    security.decrypt_strings(&mut object)?;
                }
                Ok(Some(object))
            }
            XrefEntry::Compressed { .. } if id.generation != 0 => Ok(None),
            XrefEntry::Compressed { stream, index } => {
                let stream = self.object_stream(stream)?;
                let (object, work) = stream.object(id.number, index, &self.limits)?;
                self.source.charge(work)?;
                Ok(object)
            }
        }
    }

    pub(crate) fn object_stream(&mut self, number: u32) -> Result<Arc<ObjectStream>, Error> {
        if let Some(at) = self.object_streams.iter().position(|kept| kept.number() == number) {
            // The one used last stands last; the first goes when there are too many.
            let stream = self.object_streams.remove(at);
            self.object_streams.push(Arc::clone(&stream));
            return Ok(stream);
        }
        let bad = Error::Syntax { offset: 0, fault: SyntaxFault::BadObjectStream };
        let XrefEntry::InFile { offset, .. } = look_up(self.visible(), number) else {
            return Err(bad);
        };
        let object = indirect_object(&mut self.source, offset, &self.limits)?;
        if object.id.number != number {
            return Err(Error::ObjectMismatch {
                expected: Reference { number, generation: 0 },
                offset,
            });
        }
        let length = match object.value.as_dictionary().and_then(|d| d.value("Length")) {
            Some(Object::Integer(length)) => u64::try_from(*length).ok(),
            Some(Object::Reference(length)) => self.plain_integer(*length)?,
            _ => None,
        };
        let security = self.security.as_deref();
        let (stream, searched) =
            ObjectStream::read(&mut self.source, &object, length, security, &self.limits)?;
        if searched {
            self.note_stream_length(object.id);
        }
        let stream = Arc::new(stream);
        self.object_streams.push(Arc::clone(&stream));
        while self.object_streams.len() > OBJECT_STREAMS_KEPT
            || (self.object_streams.len() > 1
                && self.object_streams.iter().map(|s| s.len()).sum::<usize>()
                    > OBJECT_STREAM_BYTES_KEPT)
        {
            self.object_streams.remove(0);
        }
        Ok(stream)
    }

    /// Notes that a stream's end had to be searched for.
    pub(crate) fn note_stream_length(&mut self, id: Reference) {
        if !self.repairs.contains(&Repair::StreamLength(id)) {
            self.repairs.push(Repair::StreamLength(id));
        }
    }

    /// A stream's length; never from an object stream, which would need a length in turn.
    fn plain_integer(&mut self, id: Reference) -> Result<Option<u64>, Error> {
        let XrefEntry::InFile { offset, .. } = look_up(self.visible(), id.number) else {
            return Ok(None);
        };
        match indirect_object(&mut self.source, offset, &self.limits) {
            Ok(object) if object.id == id => {
                Ok(object.value.as_integer().and_then(|value| u64::try_from(value).ok()))
            }
            Ok(_) | Err(Error::Syntax { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
