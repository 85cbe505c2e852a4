//! Prepares a signature as an incremental update, in two phases: what to sign, then the signed file.

use core::fmt;
use std::collections::HashSet;
use std::io::{Read, Seek};

use kyso_x509::{Digest, Hasher};

use crate::byte_range::ByteRange;
use crate::document::Document;
use crate::error::Error;
use crate::geometry::Rectangle;
use crate::new_object::{NewObject, Piece};
use crate::object::{Dictionary, IndirectObject, Name, Object, Reference};
use crate::permissions::{DocMdpPermission, FieldLock, signature_references};
use crate::revision::{Revision, write_name};
use crate::seed::SeedFacts;
use crate::signature::SubFilter;
use crate::text::{Date, encode_text, hexadecimal};
use crate::widget::NewWidget;

/// Digits of the largest offset, for each of the three numbers that are known only at the end.
const OFFSET_DIGITS: usize = 20;
/// `/SigFlags`: SignaturesExist and AppendOnly (ISO 32000-2 table 225).
const SIGNATURE_FLAGS: i64 = 3;

/// The field that takes the signature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SigningField<'a> {
    /// An unsigned signature field, by its fully qualified name.
    Existing(&'a str),
    /// A new field.
    New {
        /// Its name; `None` takes the first free of `Signature1`, `Signature2`, …
        name: Option<&'a str>,
        /// The page that holds its widget, counted from 0.
        page: usize,
        /// Where the widget stands, in visible coordinates ([`PageGeometry`](crate::PageGeometry)); `None` makes it invisible.
        rect: Option<Rectangle>,
    },
}

/// What a signature dictionary says (ISO 32000-2 table 255), and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct SigningOptions<'a> {
    /// The field.
    pub field: SigningField<'a>,
    /// Encoding of the message; `EtsiRfc3161` makes a document time-stamp.
    pub sub_filter: SubFilter,
    /// `/M`: the claimed signing time; `None` only where the message itself states the time.
    pub signing_time: Option<Date>,
    /// `/Name`: the signer.
    pub name: Option<&'a str>,
    /// `/Reason`.
    pub reason: Option<&'a str>,
    /// `/Location`.
    pub location: Option<&'a str>,
    /// `/ContactInfo`.
    pub contact_info: Option<&'a str>,
    /// What the widget shows: the first object is its normal appearance, a form XObject that stands upright and is
    /// fitted to the widget's rectangle (ISO 32000-2 §12.5.5); empty where it shows nothing.
    pub appearance: &'a [NewObject],
    /// Makes this the document's certification, with what it permits afterwards.
    pub certify: Option<DocMdpPermission>,
    /// What a new field locks when it is signed; an existing one says so itself.
    pub lock: Option<&'a FieldLock>,
    /// Who signs, for the demands of an existing field; a field that has any is refused without.
    pub seed_facts: Option<SeedFacts<'a>>,
    /// Bytes to reserve for the message; `/Contents` takes twice as many.
    pub contents_size: usize,
}

/// A revision whose `/Contents` is still empty; it follows the original's last byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedSignature {
    original_len: u64,
    revision: Vec<u8>,
    byte_range: ByteRange,
}

/// The message does not fit what was reserved: prepare again with `needed` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentsTooSmall {
    /// Bytes of the message.
    pub needed: usize,
    /// Bytes reserved.
    pub available: usize,
}

impl fmt::Display for ContentsTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, available } = self;
        write!(f, "the message has {needed} bytes, {available} were reserved")
    }
}

impl std::error::Error for ContentsTooSmall {}

impl PreparedSignature {
    /// Bytes of the original, all of which are signed and stay as they are.
    #[must_use]
    pub const fn original_len(&self) -> u64 {
        self.original_len
    }

    /// What will be signed.
    #[must_use]
    pub const fn byte_range(&self) -> ByteRange {
        self.byte_range
    }

    /// Bytes reserved for the message.
    #[must_use]
    pub const fn contents_size(&self) -> usize {
        let contents = self.byte_range.contents();
        (contents.end - contents.start - 2) as usize / 2
    }

    /// The digest to sign; `original` has taken the original's bytes, all of them
    /// ([`copy_and_hash`](crate::copy_and_hash)).
    #[must_use]
    pub fn digest(&self, mut original: Hasher) -> Digest {
        let contents = self.contents();
        original.update(&self.revision[..contents.start]);
        original.update(&self.revision[contents.end..]);
        original.finish()
    }

    /// Puts the message in and gives the bytes that follow the original's last.
    ///
    /// # Errors
    /// [`ContentsTooSmall`]: prepare again; the hasher of the original's bytes serves again.
    pub fn embed(mut self, message: &[u8]) -> Result<Vec<u8>, ContentsTooSmall> {
        let available = self.contents_size();
        if message.len() > available {
            return Err(ContentsTooSmall { needed: message.len(), available });
        }
        let start = self.contents().start + 1;
        let digits = &mut self.revision[start..];
        for (pair, &byte) in digits.chunks_exact_mut(2).zip(message) {
            pair.copy_from_slice(&hexadecimal(byte));
        }
        Ok(self.revision)
    }

    /// Where `/Contents` stands in the revision.
    fn contents(&self) -> core::ops::Range<usize> {
        let contents = self.byte_range.contents();
        (contents.start - self.original_len) as usize..(contents.end - self.original_len) as usize
    }
}

impl<R: Read + Seek> Document<R> {
    /// Prepares a signature; the file itself is not touched.
    ///
    /// # Errors
    /// [`Error::NeedsRepair`], [`Error::CertifiedNoChanges`], [`Error::FieldLocked`], the field's and page's errors, an exceeded limit, or as [`object`](Self::object).
    pub fn prepare_signature(
        &mut self,
        options: &SigningOptions<'_>,
    ) -> Result<PreparedSignature, Error> {
        let wanted = match options.field {
            SigningField::Existing(name) => Some(name),
            SigningField::New { .. } => None,
        };
        let is_time_stamp = options.sub_filter == SubFilter::EtsiRfc3161;
        let fields = self.survey(wanted, is_time_stamp)?;
        if let Some(field) = &fields.existing {
            self.check_seed(field, options)?;
        }
        if options.certify.is_some() && fields.is_signed {
            return Err(Error::CertificationNotFirst);
        }
        self.check_may_sign(fields.existing.is_some())?;
        let mut revision = Revision::new(self)?;
        let signature = revision.reserve();
        let catalog = self.catalog()?;
        let lock = match &fields.existing {
            Some(field) => self.field_lock(field)?,
            None => options.lock.cloned(),
        };
        let SignatureText { pieces, byte_range: range_at, contents: contents_at, seed } =
            SignatureText::new(options, lock.as_ref(), catalog.id);
        revision.add(signature, NewObject { pieces, stream: None }, &[])?;
        match (options.field, fields.existing) {
            (SigningField::Existing(_), Some(field)) => {
                self.sign_existing(&mut revision, &field, signature, options.appearance)?;
                self.extend_form(&mut revision, &catalog, None)?;
            }
            (SigningField::Existing(name), None) => {
                return Err(Error::NoSuchField { name: name.to_owned() });
            }
            (SigningField::New { name, page, rect }, _) => {
                let name = free_name(name, &fields.top_names)?;
                let widget = NewWidget { name: &name, page, rect, lock: options.lock };
                let field =
                    self.add_widget(&mut revision, &widget, signature, options.appearance)?;
                self.extend_form(&mut revision, &catalog, Some(field))?;
            }
        }
        if options.certify.is_some() {
            self.certify(&mut revision, &catalog, signature)?;
        }
        // Reading the objects above may have shown that the file is damaged.
        self.check_repairs()?;
        let original_len = self.file_len();
        let mut written = revision.write(self, &seed)?;
        let start = written.added.first().copied().unwrap_or(0);
        let contents = start + contents_at.start..start + contents_at.end;
        let end = original_len + written.bytes.len() as u64;
        let absolute = original_len + contents.start as u64..original_len + contents.end as u64;
        let byte_range = ByteRange::new(absolute, end);
        let [_, first, second, length] = byte_range.numbers();
        let numbers = format!("[0 {first} {second} {length}]");
        let at = start + range_at;
        written.bytes[at..at + numbers.len()].copy_from_slice(numbers.as_bytes());
        Ok(PreparedSignature { original_len, revision: written.bytes, byte_range })
    }

    /// Makes or extends the interactive form: the new field in `/Fields`, and `/SigFlags`.
    fn extend_form(
        &mut self,
        revision: &mut Revision,
        catalog: &IndirectObject,
        field: Option<Reference>,
    ) -> Result<(), Error> {
        let wrong = Error::WrongType { object: catalog.id, key: "AcroForm" };
        let Object::Dictionary(entries) = &catalog.value else {
            return Err(wrong);
        };
        if entries.occurrences("AcroForm") > 1 {
            return Err(Error::DuplicateKey { object: catalog.id, key: "AcroForm" });
        }
        let holder = match entries.value("AcroForm") {
            Some(Object::Reference(id)) => self.resolve_object(*id)?,
            None | Some(Object::Null) => None,
            Some(Object::Dictionary(form)) => {
                return self.extend_form_dictionary(revision, catalog, form, field);
            }
            Some(_) => return Err(wrong),
        };
        match (holder, field) {
            (Some(holder), _) => match &holder.value {
                Object::Dictionary(form) => {
                    self.extend_form_dictionary(revision, &holder, form, field)
                }
                _ => Err(wrong),
            },
            (None, Some(field)) => {
                let form = format!("<< /Fields [{field} R] /SigFlags {SIGNATURE_FLAGS} >>");
                revision.set(catalog, entries, "AcroForm", &form)
            }
            (None, None) => Err(wrong),
        }
    }

    fn extend_form_dictionary(
        &mut self,
        revision: &mut Revision,
        holder: &IndirectObject,
        form: &Dictionary,
        field: Option<Reference>,
    ) -> Result<(), Error> {
        if let Some(field) = field {
            revision.append(self, holder, form, "Fields", field)?;
        }
        let flags = self.value(form, "SigFlags")?.as_integer().unwrap_or(0);
        if flags & SIGNATURE_FLAGS != SIGNATURE_FLAGS {
            revision.set(holder, form, "SigFlags", &(flags | SIGNATURE_FLAGS).to_string())?;
        }
        Ok(())
    }
}

fn free_name(wanted: Option<&str>, taken: &HashSet<String>) -> Result<String, Error> {
    match wanted {
        Some(name) if name.is_empty() || name.contains('.') => {
            Err(Error::InvalidFieldName { name: name.to_owned() })
        }
        Some(name) if taken.contains(name) => Err(Error::FieldNameTaken { name: name.to_owned() }),
        Some(name) => Ok(name.to_owned()),
        // One more candidate than there are names: one of them is free.
        None => (1..=taken.len() + 1)
            .map(|number| format!("Signature{number}"))
            .find(|name| !taken.contains(name))
            .ok_or(Error::InvalidFieldName { name: String::new() }),
    }
}

/// A signature dictionary and the places to be filled in, which stand in its first piece.
struct SignatureText {
    pieces: Vec<Piece>,
    byte_range: usize,
    contents: core::ops::Range<usize>,
    /// What tells this revision from others.
    seed: Vec<u8>,
}

impl SignatureText {
    fn new(options: &SigningOptions<'_>, lock: Option<&FieldLock>, catalog: Reference) -> Self {
        let kind = match &options.sub_filter {
            SubFilter::EtsiRfc3161 => "DocTimeStamp",
            _ => "Sig",
        };
        let mut text = format!("<< /Type /{kind} /Filter /Adobe.PPKLite /SubFilter ").into_bytes();
        match &options.sub_filter {
            SubFilter::Unknown(name) => write_name(&mut text, name),
            known => write_name(&mut text, &Name(known.as_name().into_owned().into_bytes())),
        }
        text.extend(b" /ByteRange ");
        let byte_range = text.len();
        let width = "[0 ".len() + 3 * (OFFSET_DIGITS + 1);
        text.extend(b"[0 0 0 0]");
        text.resize(byte_range + width, b' ');
        text.extend(b" /Contents ");
        let start = text.len();
        text.push(b'<');
        text.resize(start + 1 + 2 * options.contents_size, b'0');
        text.push(b'>');
        let contents = start..text.len();
        let mut pieces = vec![Piece::Raw(text)];
        // Strings stand behind the places, whose offsets do not depend on how they are written.
        let date = options.signing_time.map(|date| date.to_string().into_bytes());
        let strings = [
            ("M", date),
            ("Name", options.name.map(encode_text)),
            ("Reason", options.reason.map(encode_text)),
            ("Location", options.location.map(encode_text)),
            ("ContactInfo", options.contact_info.map(encode_text)),
        ];
        let mut seed = Vec::new();
        for (key, value) in strings {
            if let Some(value) = value {
                pieces.push(Piece::Raw(format!(" /{key} ").into_bytes()));
                seed.extend(&value);
                seed.push(0);
                pieces.push(Piece::String(value));
            }
        }
        pieces.extend(signature_references(options.certify, lock, catalog));
        pieces.push(Piece::Raw(b" >>".to_vec()));
        Self { pieces, byte_range, contents, seed }
    }
}
