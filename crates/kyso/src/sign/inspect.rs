//! What can be said of a document before anybody is asked for a key.

use std::io::{Read, Seek};
use std::path::Path;

use kyso_pades::{SigningField, SigningOptions, SubFilter};
use kyso_x509::{DigestAlgorithm, Hasher};

use super::declare::sha256;
use super::document::revision;
use super::{PadesOptions, SignError, SignatureFormat};
use crate::input::{OpenError, open_regular};
use crate::password::open_document;
use crate::recorder::Sha256;

/// Room for the message in the revision that is tried; what it holds does not matter to the check.
const ROOM: usize = 1024;

/// Read buffer.
const BUFFER: usize = 64 * 1024;

/// What a document is, for whoever is asked to agree to its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// SHA-256 of its bytes, which the intent will name.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub len: u64,
    /// Pages of a PDF, as its page tree really holds them; `None` for another format.
    pub pages: Option<usize>,
    /// Signature fields of a PDF that have a value; nothing is verified. 0 for another format.
    pub earlier_signatures: usize,
}

/// Reads a document and tries, without a key, what signing it in `format` does before the token is
/// asked: a PDF's revision is prepared and thrown away.
///
/// # Errors
/// As [`sign_batch`](super::sign_batch) has for the document: [`SignError::Unreadable`],
/// [`SignError::NotAFile`], [`SignError::Empty`]; [`SignError::Pades`] for a PDF that is encrypted,
/// damaged, certified against changes or otherwise not to be signed.
pub fn inspect(path: &Path, format: &SignatureFormat) -> Result<Inspection, SignError> {
    let unreadable = |error| SignError::Unreadable { path: path.to_path_buf(), error };
    let mut file = open_regular(path).map_err(|error| match error {
        OpenError::Io(error) => unreadable(error),
        OpenError::NotAFile => SignError::NotAFile { path: path.to_path_buf() },
    })?;
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    let mut buffer = vec![0; BUFFER];
    let mut len = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                len += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    if len == 0 {
        return Err(SignError::Empty { path: path.to_path_buf() });
    }
    let sha256 = sha256(&hasher.finish());
    if let SignatureFormat::Xades(xades) = format {
        let limits = super::xml::limits();
        file.rewind().map_err(unreadable)?;
        let mut bytes = Vec::new();
        let most = (limits.bytes as u64).saturating_add(1);
        (&mut file).take(most).read_to_end(&mut bytes).map_err(unreadable)?;
        super::xml::inspect_xml(&bytes, xades)?;
    }
    let SignatureFormat::Pades(pades) = format else {
        return Ok(Inspection { sha256, len, pages: None, earlier_signatures: 0 });
    };
    let (pages, earlier_signatures) = pdf(&mut file, pades)?;
    Ok(Inspection { sha256, len, pages: Some(pages), earlier_signatures })
}

/// Pages and earlier signatures of a PDF that may be signed.
fn pdf<R: Read + Seek>(mut file: R, pades: &PadesOptions) -> Result<(usize, usize), SignError> {
    let trial = SigningOptions {
        field: SigningField::New { name: pades.field.as_deref(), page: 0, rect: None },
        sub_filter: SubFilter::EtsiCadesDetached,
        signing_time: None,
        name: None,
        reason: pades.reason.as_deref(),
        location: pades.location.as_deref(),
        contact_info: None,
        appearance: &[],
        certify: pades.certify,
        lock: pades.lock.as_ref(),
        seed_facts: None,
        contents_size: ROOM,
    };
    match revision(&mut file, pades, trial, None) {
        // What a field demands of its signer is for the act itself to meet.
        Err(SignError::Pades(kyso_pades::Error::FieldConstraint { .. })) => {}
        tried => drop(tried?),
    }
    let mut document = open_document(file, pades.password.as_ref()).map_err(SignError::Pades)?;
    let pages = document.page_count().map_err(SignError::Pades)?;
    let signatures = document.signatures().map_err(SignError::Pades)?;
    Ok((pages, signatures.len()))
}
