//! PDF reading, incremental signing and PAdES; pure: no file, socket, clock or randomness.

mod document;
mod error;
mod filter;
mod lexer;
mod limits;
mod object;
mod object_stream;
mod parse;
mod rebuild;
mod source;
mod xref;

pub use document::{Document, Repair};
pub use error::{Error, SyntaxFault};
pub use limits::{Limit, Limits};
pub use object::{Array, Dictionary, Entry, IndirectObject, Name, Object, Origin, Reference, Stream};
pub use xref::SectionForm;
