//! Associated signature containers (ETSI EN 319 162-1 v1.1.1), and signed OOXML and OpenDocument files recognised; pure.
//!
//! The ZIP layer accepts an archive only if every reader sees the same files in it. Signatures are opaque bytes here:
//! what must be signed is handed out, what was signed elsewhere is put in.
//!
//! ```
//! use std::io::{Cursor, Read};
//!
//! use kyso_asic::zip::{Compression, DosTime};
//! use kyso_asic::{Container, Covers, Creation, Form, Limits, NewContainer, Target};
//! use kyso_x509::digest::DigestAlgorithm;
//!
//! let limits = Limits::documents();
//! let creation = Creation {
//!     extended: false,
//!     form: Form::Cades,
//!     digest: DigestAlgorithm::Sha256,
//!     compression: Compression::Deflated,
//!     modified: DosTime::FIRST,
//! };
//! let mut container = NewContainer::new(creation, &limits);
//! container.add("phiếu.txt", "text/plain", &mut &b"content"[..])?;
//! let prepared = container.prepare()?;
//! let Target::DataObject(file) = prepared.target() else { unreachable!() };
//! let signature = format!("a detached CAdES signature of {:?}", file.digest);
//!
//! let mut open = |_: &_| -> std::io::Result<Box<dyn Read>> { Ok(Box::new(&b"content"[..])) };
//! let (bytes, _) = prepared.finish(signature.as_bytes(), &mut open, Vec::new())?;
//!
//! let mut container = Container::open(Cursor::new(bytes), &limits)?;
//! for signature in container.signatures()? {
//!     assert!(matches!(signature.covers, Covers::DataObject(name) if name.as_str() == "phiếu.txt"));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod assemble;
pub mod container;
pub mod coverage;
pub mod create;
pub mod digest_method;
pub mod error;
pub mod extend;
pub mod extract;
pub mod kind;
pub mod limits;
pub mod manifest;
pub mod name;
pub mod office;
pub mod open_document;
pub mod reference;
pub mod role;
mod xml;
pub mod zip;

pub use assemble::{AssembleError, XADES_SIGNATURES};
pub use container::{Container, ContainerSignature, Covers, NothingCovered};
pub use coverage::{Coverage, ReferenceOutcome};
pub use create::{Creation, Form, MeasuredFile, NewContainer, NewContainerToBeSigned, Target};
pub use error::{AsicError, ShapeFault};
pub use extend::Extension;
pub use extract::{ExtractError, Extraction};
pub use kind::{Finding, Kind};
pub use limits::{Limit, Limits};
pub use manifest::{DataObjectReference, Manifest, ReferenceDigest};
pub use name::{EntryName, NameFault, PortabilityFault};
pub use office::{OfficePackage, Relationship, RelationshipSelection};
pub use open_document::OpenDocumentPackage;
pub use reference::{name_from_uri, uri_from_name};
pub use role::Role;
