//! Taking the data objects out: names that are safe on every system, content that is verified as it is read.

use std::io::{Read, Seek};

use crate::container::Container;
use crate::error::AsicError;
use crate::name::{EntryName, PortabilityFault};
use crate::zip::EntryReader;

/// Why a container's files are not taken out.
#[derive(Debug)]
pub enum ExtractError {
    /// Reading failed.
    Container(AsicError),
    /// A file's name is not fit for every system.
    Name {
        /// The entry.
        name: EntryName,
        /// What is wrong.
        fault: PortabilityFault,
    },
}

impl core::fmt::Display for ExtractError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Container(error) => error.fmt(f),
            Self::Name { name, fault } => write!(f, "file \"{name}\": {fault}"),
        }
    }
}

impl core::error::Error for ExtractError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Container(error) => error.source(),
            Self::Name { fault, .. } => Some(fault),
        }
    }
}

impl From<AsicError> for ExtractError {
    fn from(error: AsicError) -> Self {
        Self::Container(error)
    }
}

/// The data objects of a container, one after the other.
///
/// The caller writes each to a file that it creates anew below a folder of its own, by the name's components; it must not
/// follow links, and a file whose reader fails must not stay.
pub struct Extraction<'a, R> {
    container: &'a mut Container<R>,
    names: std::vec::IntoIter<EntryName>,
}

impl<R: Read + Seek> Container<R> {
    /// Begins to take out the data objects; every name is checked before the first is read.
    ///
    /// # Errors
    /// A name that some system cannot hold, or shows as another.
    pub fn extract(&mut self) -> Result<Extraction<'_, R>, ExtractError> {
        let names: Vec<EntryName> = self.data_objects().map(|entry| entry.name().clone()).collect();
        for name in &names {
            name.portable().map_err(|fault| ExtractError::Name { name: name.clone(), fault })?;
        }
        Ok(Extraction { container: self, names: names.into_iter() })
    }
}

impl<R: Read + Seek> Extraction<'_, R> {
    /// The next file: its relative path, `/` between components, and its content.
    ///
    /// # Errors
    /// The passed-in reader's; faults of the content come from the content's reader.
    pub fn next_file(&mut self) -> Result<Option<(EntryName, EntryReader<'_, R>)>, ExtractError> {
        let Some(name) = self.names.next() else { return Ok(None) };
        let reader = self.container.reader(&name)?;
        Ok(Some((name, reader)))
    }
}
