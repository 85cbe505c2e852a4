//! Reading and hashing what shall be signed, once; what is parsed later is what was hashed.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek as _, Write as _};
use std::path::Path;

use kyso_x509::{Digest, DigestAlgorithm, Hasher};

use super::{BatchOptions, SignError, SignatureFormat, Task};
use crate::input::{OpenError, open_regular};
use crate::output::PendingFile;
use crate::recorder::Intent;
use crate::signer::Signer;

/// Largest document kept in memory between declaring and signing.
const SMALL: u64 = 256 * 1024;

/// Memory for small documents of one chunk.
const CHUNK_BYTES: u64 = 24 * 1024 * 1024;

/// Most large documents of one chunk: each holds an open file.
const CHUNK_LARGE: usize = 64;

/// Read and write buffer.
const BUFFER: usize = 256 * 1024;

/// Documents that one reader takes at least: below that a second one costs more than it brings.
const SHARE: usize = 64;

/// Most readers of a chunk: they wait for the disk and hash, which two do at once on any machine.
const READERS: usize = 2;

/// Reads and hashes the next chunk; what exceeds its memory stays in the queue.
pub(super) fn chunk(
    queue: &mut VecDeque<(usize, Task)>,
    most: usize,
    signer: &Signer,
    options: &BatchOptions,
) -> (Vec<Declared>, Vec<(usize, SignError)>) {
    let mut taken: Vec<(usize, Task)> = queue.drain(..queue.len().min(most)).collect();
    let readers = (taken.len() / SHARE).clamp(1, READERS);
    let share = taken.len().div_ceil(readers);
    let mut parts = Vec::new();
    while !taken.is_empty() {
        let rest = taken.split_off(share.min(taken.len()));
        parts.push(std::mem::replace(&mut taken, rest));
    }
    let budget = Budget { bytes: CHUNK_BYTES / readers as u64, large: CHUNK_LARGE / readers };
    let read: Vec<Part> = match parts.len() {
        0 | 1 => parts.into_iter().map(|part| Part::read(part, budget, signer, options)).collect(),
        _ => std::thread::scope(|scope| {
            let threads: Vec<_> = parts
                .into_iter()
                .map(|part| scope.spawn(move || Part::read(part, budget, signer, options)))
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        }),
    };
    let (mut declared, mut refused, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for part in read {
        declared.extend(part.declared);
        refused.extend(part.refused);
        left.extend(part.left);
    }
    left.into_iter().rev().for_each(|task| queue.push_front(task));
    (declared, refused)
}

/// One reader's share.
#[derive(Default)]
struct Part {
    declared: Vec<Declared>,
    refused: Vec<(usize, SignError)>,
    left: Vec<(usize, Task)>,
}

impl Part {
    fn read(
        tasks: Vec<(usize, Task)>,
        mut budget: Budget,
        signer: &Signer,
        options: &BatchOptions,
    ) -> Self {
        let mut part = Self::default();
        for (index, task) in tasks {
            if budget.is_spent() {
                part.left.push((index, task));
                continue;
            }
            match Declared::read(index, task, signer, options, &mut budget) {
                Ok(item) => part.declared.push(item),
                Err(error) => part.refused.push((index, error)),
            }
        }
        part
    }
}

/// What a reader may still take.
#[derive(Clone, Copy)]
struct Budget {
    bytes: u64,
    large: usize,
}

impl Budget {
    const fn is_spent(&self) -> bool {
        self.bytes == 0 || self.large == 0
    }
}

/// A document that has been read and hashed.
pub(super) struct Declared {
    pub(super) index: usize,
    pub(super) task: Task,
    pub(super) content: Content,
    /// SHA-256 of the document, which the intent names.
    pub(super) sha256: Digest,
    /// State of the content's digest after the document's last byte.
    pub(super) content_state: Hasher,
    /// State of SHA-256 after the document's last byte: the released file may begin with it.
    pub(super) sha256_state: Hasher,
}

/// Where the document's bytes are.
pub(super) enum Content {
    /// In memory.
    Small(Vec<u8>),
    /// Copied to the temporary file that will become the target.
    Copied(PendingFile, u64),
    /// Only hashed; read again when the file is written.
    Hashed(u64),
}

impl Declared {
    fn read(
        index: usize,
        task: Task,
        signer: &Signer,
        options: &BatchOptions,
        budget: &mut Budget,
    ) -> Result<Self, SignError> {
        let unreadable = |error| SignError::Unreadable { path: task.source.clone(), error };
        if task.target.symlink_metadata().is_ok() {
            if same_file(&task.source, &task.target) {
                return Err(SignError::TargetIsSource { path: task.target });
            }
            if !options.overwrite {
                return Err(SignError::TargetExists { path: task.target });
            }
        }
        let mut file = open_regular(&task.source).map_err(|error| match error {
            OpenError::Io(error) => unreadable(error),
            OpenError::NotAFile => SignError::NotAFile { path: task.source.clone() },
        })?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.len() == 0 {
            return Err(SignError::Empty { path: task.source });
        }
        let mut hashers = Hashers::new(signer.content_digest());
        // XML is parsed as a whole, whatever its size.
        let small = match task.format {
            SignatureFormat::Xades(_) => super::xml::limits().bytes as u64,
            _ => SMALL,
        };
        let content = if metadata.len() <= small {
            let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
            (&mut file).take(small + 1).read_to_end(&mut bytes).map_err(unreadable)?;
            if bytes.len() as u64 > small {
                return Err(SignError::SourceChanged { path: task.source });
            }
            hashers.update(&bytes);
            budget.bytes = budget.bytes.saturating_sub(bytes.len() as u64);
            Content::Small(bytes)
        } else {
            budget.large -= 1;
            match task.format {
                SignatureFormat::Pades(_) => {
                    let mut pending = create(&task.target, options.overwrite)?;
                    let len = copy(&mut file, &task.source, Some(&mut pending), &mut hashers)?;
                    Content::Copied(pending, len)
                }
                SignatureFormat::Cades { .. } => {
                    Content::Hashed(copy(&mut file, &task.source, None, &mut hashers)?)
                }
                SignatureFormat::Xades(_) => return Err(super::xml::too_large()),
            }
        };
        let Hashers { sha256: sha256_state, other } = hashers;
        Ok(Self {
            index,
            task,
            content,
            sha256: sha256_state.clone().finish(),
            content_state: other.unwrap_or_else(|| sha256_state.clone()),
            sha256_state,
        })
    }

    pub(super) fn intent(&self, signer: &Signer, options: &BatchOptions) -> Intent {
        let name = self.task.name.clone().unwrap_or_else(|| {
            self.task.source.file_name().unwrap_or_default().to_string_lossy().into_owned()
        });
        Intent {
            requester: options.requester.clone(),
            document_sha256: sha256(&self.sha256),
            document_name: name,
            certificate_sha256: sha256(&signer.certificate().sha256_fingerprint()),
            token_serial: signer.token_serial().to_owned(),
            mechanism: signer.algorithm().to_string(),
            format: self.task.format.name().to_owned(),
            operation: self.task.operation.clone(),
            consent: options.consent.clone(),
        }
    }
}

/// The bytes of a SHA-256 digest.
pub(super) fn sha256(digest: &Digest) -> [u8; 32] {
    let mut value = [0; 32];
    value.copy_from_slice(digest.as_bytes());
    value
}

pub(super) fn create(target: &Path, overwrite: bool) -> Result<PendingFile, SignError> {
    PendingFile::create_unchecked(target, overwrite).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => SignError::TargetExists { path: target.to_path_buf() },
        _ => SignError::Unwritable { path: target.to_path_buf(), error },
    })
}

/// SHA-256 for the journal and the content's digest; one computation where they are the same.
struct Hashers {
    sha256: Hasher,
    other: Option<Hasher>,
}

impl Hashers {
    fn new(content: DigestAlgorithm) -> Self {
        let other = (content != DigestAlgorithm::Sha256).then(|| Hasher::new(content));
        Self { sha256: Hasher::new(DigestAlgorithm::Sha256), other }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(other) = &mut self.other {
            other.update(bytes);
        }
    }
}

/// Reads to the end, hashing and, where there is a target, copying on the way.
fn copy(
    file: &mut File,
    source: &Path,
    mut target: Option<&mut PendingFile>,
    hashers: &mut Hashers,
) -> Result<u64, SignError> {
    let mut buffer = vec![0; BUFFER];
    let mut len = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(SignError::Unreadable { path: source.to_path_buf(), error });
            }
        };
        hashers.update(&buffer[..read]);
        if let Some(pending) = &mut target {
            let path = pending.target().to_path_buf();
            pending
                .file()
                .write_all(&buffer[..read])
                .map_err(|error| SignError::Unwritable { path, error })?;
        }
        len += read as u64;
    }
    if let Some(pending) = target {
        let path = pending.target().to_path_buf();
        pending.file().rewind().map_err(|error| SignError::Unwritable { path, error })?;
    }
    Ok(len)
}

/// Whether two paths name the same file: signing onto the source would replace the original.
fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
