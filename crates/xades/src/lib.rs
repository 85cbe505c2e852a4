//! XML documents, Canonical XML, XML signatures and XAdES; pure: no file, socket, clock or randomness.
//!
//! An [`XmlDocument`] is a bounded reading of UTF-8 text: no document type, no entity, nothing deeper or larger than its
//! [`Limits`]. A [`Canonicalization`] writes a [`NodeSet`] of it in the form that signatures digest (Canonical XML 1.0
//! and 1.1, Exclusive XML Canonicalization 1.0, each with and without comments).
//!
//! ```
//! use kyso_xades::{C14n, Canonicalization, Limits, NodeSet, XmlDocument, decode};
//!
//! let limits = Limits::documents();
//! let text = decode(b"<r b='1' a=\"2\" xmlns='urn:r'><e/></r>", &limits)?;
//! let document = XmlDocument::parse(text, &limits)?;
//! let method = Canonicalization { method: C14n::Inclusive10, comments: false };
//! let mut canonical = Vec::new();
//! method.write(&document, &NodeSet::document(&document), &mut |bytes| canonical.extend_from_slice(bytes))?;
//! assert_eq!(canonical, br#"<r xmlns="urn:r" a="2" b="1"><e></e></r>"#);
//! # Ok::<(), kyso_xades::XmlError>(())
//! ```

pub mod algorithm;
pub mod c14n;
pub mod document;
pub mod dsig;
mod error;
mod limits;
pub mod profile;
pub mod properties;

pub use algorithm::{AlgorithmUri, RefusedAlgorithm, XmlAlgorithmError};
pub use c14n::{C14n, Canonicalization, NodeSet};
pub use document::{XmlDocument, decode};
pub use error::{Encoding, Fault, Position, XmlError};
pub use limits::{Limit, Limits};
pub use roxmltree;
