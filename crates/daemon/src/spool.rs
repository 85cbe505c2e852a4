//! Documents on disk. A file without a row in the tables is nobody's: the row is entered when the file is whole and what it was
//! said to be, so that a name of its own until then would only cost a rename.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::digest::{ContentDigest, Hashing};
use crate::error::DocumentRefusal;

/// The folders of documents and results.
pub(crate) struct Spool {
    documents: PathBuf,
    results: PathBuf,
    /// Bytes of documents, those under way among them.
    used: AtomicU64,
    /// Bytes of results, as the sweeper last counted them.
    results_used: AtomicU64,
}

impl Spool {
    /// Makes the folders below `state` where they are absent.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn open(state: &Path) -> std::io::Result<Self> {
        let (documents, results) = (state.join("documents"), state.join("results"));
        private_folder(&documents)?;
        private_folder(&results)?;
        Ok(Self { documents, results, used: AtomicU64::new(0), results_used: AtomicU64::new(0) })
    }

    /// Bytes of documents and results together.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed) + self.results_used.load(Ordering::Relaxed)
    }

    /// Whether a file can be made and written here.
    ///
    /// # Errors
    /// [`DocumentRefusal::Disk`].
    pub(crate) fn check(&self) -> Result<(), DocumentRefusal> {
        let mut part = Part::create(self, ContentDigest::default())?;
        part.write(b"ready?")
    }

    /// Room for a document that is about to come.
    pub(crate) fn hold(self: &Arc<Self>, limit: u64) -> Hold {
        Hold { spool: Arc::clone(self), limit, bytes: 0 }
    }

    /// Gives back the room of a deleted document, and its file.
    pub(crate) fn remove(&self, id: &Uuid, size: u64) {
        // A file that is not there is what is wanted; another failure leaves one for the sweeper.
        let _ = std::fs::remove_file(self.documents.join(id.to_string()));
        self.give_back(size);
    }

    /// Sets the sum of documents that the tables know.
    pub(crate) fn set_used(&self, bytes: u64) {
        self.used.store(bytes, Ordering::Relaxed);
    }

    /// Counts the results anew.
    pub(crate) fn count_results(&self) {
        self.results_used.store(bytes_below(&self.results, 2), Ordering::Relaxed);
    }

    /// The documents that have a file. What is named otherwise is not the daemon's and is left alone.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn ids(&self) -> std::io::Result<Vec<Uuid>> {
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.documents)? {
            let name = entry?.file_name();
            ids.extend(name.to_str().and_then(|name| Uuid::parse_str(name).ok()));
        }
        Ok(ids)
    }

    fn give_back(&self, bytes: u64) {
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            Some(used.saturating_sub(bytes))
        });
    }
}

/// Room taken for one document; given back unless it is kept.
pub(crate) struct Hold {
    spool: Arc<Spool>,
    limit: u64,
    bytes: u64,
}

impl Hold {
    /// Takes room for so many bytes more.
    ///
    /// # Errors
    /// [`DocumentRefusal::SpoolFull`].
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), DocumentRefusal> {
        self.spool.used.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if self.spool.used() > self.limit {
            return Err(DocumentRefusal::SpoolFull { limit: self.limit });
        }
        Ok(())
    }

    /// The document is there.
    pub(crate) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.spool.give_back(self.bytes);
    }
}

/// A document on its way; dropping it leaves nothing.
pub(crate) struct Part {
    id: Uuid,
    path: PathBuf,
    file: File,
    hashing: Hashing,
    size: u64,
    kept: bool,
}

impl Part {
    /// An empty file that only its owner reads.
    ///
    /// # Errors
    /// [`DocumentRefusal::Disk`].
    pub(crate) fn create(spool: &Spool, declared: ContentDigest) -> Result<Self, DocumentRefusal> {
        let id = Uuid::now_v7();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let path = spool.documents.join(id.to_string());
        let file = options.open(&path).map_err(DocumentRefusal::Disk)?;
        Ok(Self { id, path, file, hashing: Hashing::new(declared), size: 0, kept: false })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`DocumentRefusal::Disk`].
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), DocumentRefusal> {
        self.file.write_all(bytes).map_err(DocumentRefusal::Disk)?;
        self.size += bytes.len() as u64;
        self.hashing.update(bytes);
        Ok(())
    }

    /// Checks the digests; gives id, SHA-256 and size. The file stays, and waits for its row.
    ///
    /// The bytes are not flushed: a client can send them again. What is declared in a batch is flushed there.
    ///
    /// # Errors
    /// [`DocumentRefusal::DigestMismatch`].
    pub(crate) fn finish(mut self) -> Result<(Uuid, [u8; 32], u64), DocumentRefusal> {
        let hashing = std::mem::replace(&mut self.hashing, Hashing::new(ContentDigest::default()));
        let sha256 = hashing.finish()?;
        self.kept = true;
        Ok((self.id, sha256, self.size))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be deleted now is a stray that the next start deletes.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A folder that only its owner enters.
pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Bytes of the files below a folder, so many levels deep.
fn bytes_below(folder: &Path, levels: u32) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_file() => found.len(),
        Ok(found) if found.is_dir() && levels > 1 => bytes_below(&entry.path(), levels - 1),
        Ok(_) | Err(_) => 0,
    });
    sizes.sum()
}
