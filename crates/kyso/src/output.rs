//! Files that appear whole or not at all: temporary name, flush, then rename.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Start of every temporary name; what is left behind by a killed process can be told by it.
pub const TEMPORARY_PREFIX: &str = ".kyso-";

/// A complete or growing file that does not have its final name yet; dropping it removes it.
#[derive(Debug)]
pub struct PendingFile {
    file: NamedTempFile,
    target: PathBuf,
    overwrite: bool,
}

impl PendingFile {
    /// Creates the temporary file beside `target`, so that the rename stays in one file system.
    ///
    /// # Errors
    /// Of the file system; [`io::ErrorKind::AlreadyExists`] when `target` exists and may not be
    /// replaced, so that the answer comes before a PIN is asked for.
    pub fn create(target: &Path, overwrite: bool) -> io::Result<Self> {
        if !overwrite && target.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX).suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // The signed file is an ordinary document: the user's umask decides who reads it.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder_of(target))?;
        Ok(Self { file, target: target.to_path_buf(), overwrite })
    }

    /// The open file.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// The final name.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the file its final name; call only after [`flush`] and after its outcome is recorded.
    ///
    /// # Errors
    /// Of the file system; [`io::ErrorKind::AlreadyExists`] when the name was taken meanwhile.
    pub fn publish(self) -> io::Result<()> {
        let kept = if self.overwrite {
            self.file.persist(&self.target)
        } else {
            self.file.persist_noclobber(&self.target)
        };
        kept.map(drop).map_err(|error| error.error)
    }
}

/// Makes the contents of several files durable with one flush of each file system they lie on.
///
/// # Errors
/// Of the first flush that fails; nothing of the group may then be released.
pub fn flush<'a>(files: impl IntoIterator<Item = &'a PendingFile>) -> io::Result<()> {
    let files: Vec<&PendingFile> = files.into_iter().collect();
    if let [only] = files[..] {
        return only.file.as_file().sync_data();
    }
    flush_many(&files)
}

#[cfg(target_os = "linux")]
fn flush_many(files: &[&PendingFile]) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let mut flushed = Vec::new();
    for pending in files {
        let file = pending.file.as_file();
        let device = file.metadata()?.dev();
        if !flushed.contains(&device) {
            rustix::fs::syncfs(file)?;
            flushed.push(device);
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn flush_many(files: &[&PendingFile]) -> io::Result<()> {
    files.iter().try_for_each(|pending| pending.file.as_file().sync_data())
}

/// Makes new names in the folders of `targets` durable.
///
/// # Errors
/// Of the file system.
pub fn flush_names<'a>(targets: impl IntoIterator<Item = &'a Path>) -> io::Result<()> {
    let mut folders: Vec<&Path> = targets.into_iter().map(folder_of).collect();
    folders.sort_unstable();
    folders.dedup();
    folders.into_iter().try_for_each(flush_folder)
}

#[cfg(unix)]
fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows has no flush of a folder; NTFS journals the rename itself.
#[cfg(not(unix))]
fn flush_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn nothing_is_seen_before_publishing_and_nothing_is_left_after_dropping() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let target = folder.path().join("a.pdf");
        let mut pending = PendingFile::create(&target, false)?;
        pending.file().write_all(b"signed")?;
        assert!(!target.exists());
        flush([&pending])?;
        pending.publish()?;
        assert_eq!(std::fs::read(&target)?, b"signed");

        drop(PendingFile::create(&folder.path().join("b.pdf"), false)?);
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn an_existing_file_is_replaced_only_when_asked() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let target = folder.path().join("a.pdf");
        let pending = PendingFile::create(&target, false)?;
        std::fs::write(&target, b"older")?;
        let refused = PendingFile::create(&target, false).expect_err("the name is taken");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        let refused = pending.publish().expect_err("the name was taken meanwhile");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        PendingFile::create(&target, true)?.publish()?;
        assert_eq!(std::fs::read(&target)?, b"");
        Ok(())
    }
}
