//! Writing the extended structure: without a name until the journal holds its outcome.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Cursor, Read, Seek, Write};
use std::path::Path;

use kyso_cades::ReadLimits;
use kyso_x509::{Digest, DigestAlgorithm, Hasher};

use super::raise::Raised;
use super::{ExtendError, ExtendedFile, Stamp};
use crate::input::open_regular;
use crate::output::{self, PendingFile, Unpublished};
use crate::recorder::{OutcomeReceipt, Released, Sha256};
use crate::verify::pem_body_of;

/// A complete file that has no name yet.
pub(super) struct Written {
    file: PendingFile,
    len: u64,
    digest: Digest,
    pub(super) sha256: Sha256,
    stamps: Vec<Stamp>,
    pub(super) last_token: Option<Sha256>,
}

/// SHA-256 of a file as it lies there.
pub(super) fn sha256_of(path: &Path) -> Result<Sha256, ExtendError> {
    let unreadable = |error| ExtendError::Unreadable { path: path.to_path_buf(), error };
    let file = open(path)?;
    let mut hashing = Hashing { inner: io::sink(), hasher: hasher(), len: 0 };
    io::copy(&mut BufReader::new(file), &mut hashing).map_err(unreadable)?;
    Ok(hashing.hasher.finish().as_bytes().try_into().unwrap_or_default())
}

/// Writes the structure, its content streaming from `source`, and makes it durable.
pub(super) fn write(
    source: &Path,
    target: &Path,
    raised: Raised,
    overwrite: bool,
) -> Result<Written, ExtendError> {
    let unwritable = |error| unwritable(target, error);
    let mut file = create(target, overwrite)?;
    let original = original(source)?;
    let (digest, len) = {
        let inner = BufWriter::new(file.file());
        let mut hashing = Hashing { inner, hasher: hasher(), len: 0 };
        raised
            .signed_data
            .rewrite(original, &ReadLimits::document(), &raised.content, &mut hashing)
            .map_err(ExtendError::Rewrite)?;
        hashing.flush().map_err(unwritable)?;
        (hashing.hasher.clone().finish(), hashing.len)
    };
    output::flush([&file]).map_err(unwritable)?;
    let sha256 = digest.as_bytes().try_into().unwrap_or_default();
    let Raised { stamps, last_token, .. } = raised;
    Ok(Written { file, len, digest, sha256, stamps, last_token })
}

/// A file without a name for `target`, readable by whom the target it replaces is readable.
pub(super) fn create(target: &Path, overwrite: bool) -> Result<PendingFile, ExtendError> {
    let unwritable = |error| unwritable(target, error);
    let mut file = PendingFile::create(target, overwrite).map_err(unwritable)?;
    if let Ok(replaced) = target.metadata() {
        // What only some could read stays so.
        file.keep_permissions(replaced.permissions()).map_err(unwritable)?;
    }
    Ok(file)
}

/// Makes a file durable that was written in several steps.
pub(super) fn finish(
    mut file: PendingFile,
    stamps: Vec<Stamp>,
    last_token: Option<Sha256>,
) -> Result<Written, ExtendError> {
    let target = file.target().to_path_buf();
    let unwritable = |error| unwritable(&target, error);
    let mut hashing = Hashing { inner: io::sink(), hasher: hasher(), len: 0 };
    let whole = file.file();
    whole
        .rewind()
        .and_then(|()| io::copy(&mut BufReader::with_capacity(128 * 1024, whole), &mut hashing))
        .map_err(unwritable)?;
    output::flush([&file]).map_err(unwritable)?;
    let digest = hashing.hasher.finish();
    let sha256 = digest.as_bytes().try_into().unwrap_or_default();
    Ok(Written { file, len: hashing.len, digest, sha256, stamps, last_token })
}

fn unwritable(target: &Path, error: io::Error) -> ExtendError {
    match error.kind() {
        io::ErrorKind::AlreadyExists => ExtendError::TargetExists { path: target.to_path_buf() },
        _ => ExtendError::Unwritable { path: target.to_path_buf(), error },
    }
}

/// Gives the file its name, which only its receipt allows.
pub(super) fn publish(
    written: Written,
    format: &'static str,
    receipt: OutcomeReceipt,
) -> Result<Released<ExtendedFile>, ExtendError> {
    let path = written.file.target().to_path_buf();
    let (len, stamps) = (written.len, written.stamps);
    let value = ExtendedFile { path: path.clone(), format, len, stamps };
    let released = Released::against(receipt, value, &written.digest)
        .map_err(|_other_bytes| ExtendError::NotRecorded)?;
    written.file.publish_or_keep().map_err(|Unpublished { error, kept }| {
        ExtendError::NotPublished { path: path.clone(), kept, error }
    })?;
    output::flush_names([path.as_path()])
        .map_err(|error| ExtendError::Unwritable { path, error })?;
    Ok(released)
}

/// The original's DER or BER: the file itself, or what stands in a PEM file.
fn original(source: &Path) -> Result<Box<dyn Read>, ExtendError> {
    match pem_body_of(source).map_err(ExtendError::Unusable)? {
        Some(der) => Ok(Box::new(Cursor::new(der))),
        None => Ok(Box::new(BufReader::with_capacity(128 * 1024, open(source)?))),
    }
}

pub(super) fn open(path: &Path) -> Result<File, ExtendError> {
    open_regular(path)
        .map_err(|error| ExtendError::Unreadable { path: path.to_path_buf(), error: error.into() })
}

fn hasher() -> Hasher {
    Hasher::new(DigestAlgorithm::Sha256)
}

/// Hashes what is written.
struct Hashing<W> {
    inner: W,
    hasher: Hasher,
    len: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
