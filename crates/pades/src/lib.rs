//! PDF reading, incremental signing and PAdES; pure: no file, socket, clock or randomness.
//!
//! A [`Document`] reads lazily through a passed-in reader. Signing has two phases:
//! [`Document::prepare_signature`] gives a [`PreparedSignature`] whose digest a key signs elsewhere, and
//! [`PreparedSignature::embed`] gives the bytes that follow the untouched original. Verification takes each
//! [`Signature`]'s [`Coverage`] to [`digest_byte_ranges`], which reads the file once for all of them.
//!
//! ```no_run
//! # use std::io::{Read, Seek, Write};
//! # use kyso_pades::*;
//! # use kyso_x509::{Digest, DigestAlgorithm};
//! fn sign<R: Read + Seek, W: Write>(
//!     original: R,
//!     out: &mut W,
//!     options: &mut SigningOptions<'_>,
//!     make_message: impl Fn(&Digest) -> Vec<u8>,
//! ) -> Result<(), Error> {
//!     let mut document = Document::open(original, Limits::standard())?;
//!     let mut prepared = document.prepare_signature(options)?;
//!     // One pass copies the original and hashes it; the hasher serves every try.
//!     let len = prepared.original_len();
//!     let hasher = copy_and_hash(document.reader_mut(), len, out, DigestAlgorithm::Sha256)?;
//!     loop {
//!         let message = make_message(&prepared.digest(hasher.clone()));
//!         match prepared.embed(&message) {
//!             Ok(revision) => return Ok(out.write_all(&revision)?),
//!             Err(ContentsTooSmall { needed, .. }) => options.contents_size = needed + 256,
//!         }
//!         prepared = document.prepare_signature(options)?;
//!     }
//! }
//! ```

mod ber;
mod byte_range;
mod content;
mod dangling;
mod difference;
mod digest;
mod document;
mod dss;
mod error;
mod filter;
mod form;
mod geometry;
mod lexer;
mod limits;
mod new_object;
mod object;
mod object_stream;
mod pages;
mod parse;
mod pdf_a;
mod permissions;
mod placement;
mod rebuild;
mod revision;
mod security;
mod seed;
mod signature;
mod signing;
mod source;
mod stream;
mod text;
mod widget;
mod xref;
mod xref_chain;
mod xref_stream;
mod xref_table;

pub use byte_range::{ByteRange, Coverage, CoverageFailure};
pub use content::{PageText, Word};
pub use difference::{
    Change, ChangeKind, Comparison, Denial, EntryKey, Finding, LaterChanges, Needs, Never,
};
pub use digest::{copy_and_hash, digest_byte_ranges};
pub use document::{Document, Repair};
pub use dss::{SecurityData, SecurityItem, SecurityStore, related_key};
pub use error::{Error, SyntaxFault};
pub use form::SignatureField;
pub use geometry::{PageGeometry, Rectangle, Rotation};
pub use limits::{Limit, Limits};
pub use new_object::{NewObject, Piece};
pub use object::{
    Array, Dictionary, Entry, IndirectObject, Name, Object, Origin, Reference, Stream,
};
pub use pdf_a::PdfAClaim;
pub use permissions::{DocMdpPermission, FieldLock, LockedFields};
pub use placement::{FoundText, PlacePart, Placement, PlacementError, find_place};
pub use security::{
    Access, CryptMethod, EncryptionInfo, Password, Permissions, UnsupportedEncryption,
};
pub use seed::{SeedDemand, SeedFacts, SeedValues};
pub use signature::{Signature, SignatureKind, SubFilter};
pub use signing::{ContentsTooSmall, PreparedSignature, SigningField, SigningOptions};
pub use text::{Date, decode_text, encode_text};
pub use widget::FieldPlace;
pub use xref::SectionForm;
