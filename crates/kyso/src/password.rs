//! Passwords of encrypted documents, and documents opened with them.

use std::fmt;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

use kyso_pades::{Document, Error, Limits, Password};
use ring::rand::SecureRandom as _;

use crate::input::open_regular;

/// The owner's or user's password of PDFs, shared by those that need it; wiped with the last, never printed.
#[derive(Clone)]
pub struct DocumentPassword(Arc<Password>);

impl DocumentPassword {
    /// Takes a password: UTF-8, or other bytes as they are.
    #[must_use]
    pub fn new(password: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Password::new(password)))
    }

    /// The password's bytes, for another reader of the same document.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

impl fmt::Debug for DocumentPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DocumentPassword(..)")
    }
}

/// Opens a PDF, with its password where one is given, ready to be written to.
pub(crate) fn open_document<R: Read + Seek>(
    reader: R,
    password: Option<&DocumentPassword>,
) -> Result<Document<R>, Error> {
    let limits = Limits::standard();
    let mut document = match password {
        Some(DocumentPassword(password)) => Document::open_encrypted(reader, limits, password)?,
        None => Document::open(reader, limits)?,
    };
    if document.encryption().is_some() {
        let mut seed = [0; 32];
        // Without random bytes reading works, and writing is refused by name.
        if ring::rand::SystemRandom::new().fill(&mut seed).is_ok() {
            document.set_vector_seed(seed);
        }
    }
    Ok(document)
}

/// Whether a file is a PDF that opens only with a password; `false` too where it cannot be read.
#[must_use]
pub fn is_needed(path: &Path) -> bool {
    let Ok(file) = open_regular(path) else { return false };
    matches!(Document::open(file, Limits::standard()), Err(Error::PasswordNeeded))
}
