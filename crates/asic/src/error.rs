//! What can be wrong with a container, as values.

use core::fmt;

use kyso_xades::XmlError;

use crate::limits::Limit;
use crate::name::EntryName;
use crate::zip::ZipError;

/// Why a container cannot be read or answered about.
#[derive(Debug)]
pub enum AsicError {
    /// The archive is malformed, ambiguous or beyond a limit.
    Zip(ZipError),
    /// A name fits several roles (EN 319 162-1 §4.4.4.2, Annex A.7): readers would choose differently.
    AmbiguousRole(EntryName),
    /// There is no entry of this name.
    NoSuchEntry(EntryName),
    /// An XML file in the container is not lawful XML.
    Xml {
        /// The file.
        name: EntryName,
        /// What is wrong.
        error: XmlError,
    },
    /// An XML file in the container does not have the shape that its role asks for.
    Shape {
        /// The file.
        name: EntryName,
        /// What is wrong.
        fault: ShapeFault,
    },
    /// A limit is exceeded.
    LimitExceeded {
        /// Which.
        limit: Limit,
        /// What is allowed.
        allowed: u64,
    },
}

/// What is wrong with the shape of an XML file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeFault {
    /// The document element is another one.
    Root,
    /// An element or a text stands where the schema has none.
    Unexpected,
    /// An element or attribute of this name is missing.
    Missing(&'static str),
    /// An element or attribute of this name occurs more often than once, or two elements share an identifier.
    Repeated(&'static str),
    /// A value is not of its type.
    Value(&'static str),
    /// An extension that must be understood, and none is known.
    CriticalExtension,
}

impl fmt::Display for AsicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zip(error) => error.fmt(f),
            Self::AmbiguousRole(name) => write!(f, "the name \"{name}\" has several meanings"),
            Self::NoSuchEntry(name) => write!(f, "no file \"{name}\" in the container"),
            Self::Xml { name, .. } => write!(f, "file \"{name}\" is not lawful XML"),
            Self::Shape { name, fault } => write!(f, "file \"{name}\": {fault}"),
            Self::LimitExceeded { limit, allowed } => {
                write!(f, "more {limit} than the {allowed} allowed")
            }
        }
    }
}

impl core::error::Error for AsicError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Zip(error) => error.source(),
            Self::Xml { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<ZipError> for AsicError {
    fn from(error: ZipError) -> Self {
        Self::Zip(error)
    }
}

impl From<std::io::Error> for AsicError {
    fn from(error: std::io::Error) -> Self {
        Self::Zip(error.into())
    }
}

impl fmt::Display for ShapeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("another document element is expected"),
            Self::Unexpected => f.write_str("an element or text where none is expected"),
            Self::Missing(what) => write!(f, "{what} is missing"),
            Self::Repeated(what) => write!(f, "{what} occurs more than once"),
            Self::Value(what) => write!(f, "{what} has an unlawful value"),
            Self::CriticalExtension => f.write_str("an unknown extension that is critical"),
        }
    }
}
