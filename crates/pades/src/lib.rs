//! PDF reading, incremental signing and PAdES; pure: no file, socket, clock or randomness.
//!
//! A [`Document`] reads lazily through a passed-in reader. Signing has two phases:
//! [`Document::prepare_signature`] gives a [`PreparedSignature`] whose digest a key signs elsewhere, and
//! [`PreparedSignature::embed`] gives the bytes that follow the untouched original. Verification takes each
//! [`Signature`]'s [`Coverage`] to [`digest_byte_ranges`], which reads the file once for all of them.

mod ber;
mod byte_range;
mod digest;
mod document;
mod error;
mod filter;
mod form;
mod lexer;
mod limits;
mod object;
mod object_stream;
mod pages;
mod parse;
mod rebuild;
mod revision;
mod signature;
mod signing;
mod source;
mod text;
mod xref;

pub use byte_range::{ByteRange, Coverage, CoverageFailure};
pub use digest::{copy_and_hash, digest_byte_ranges};
pub use document::{Document, Repair};
pub use error::{Error, SyntaxFault};
pub use form::SignatureField;
pub use limits::{Limit, Limits};
pub use object::{
    Array, Dictionary, Entry, IndirectObject, Name, Object, Origin, Reference, Stream,
};
pub use signature::{DocMdpPermission, Signature, SignatureKind, SubFilter};
pub use signing::{ContentsTooSmall, PreparedSignature, SigningField, SigningOptions};
pub use text::{Date, decode_text};
pub use xref::SectionForm;
