//! Reading with bounds, writing whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::TrustError;

/// Largest certificate file: a few thousand certificates.
pub(super) const MOST_CERTIFICATE_BYTES: u64 = 8 << 20;

/// Largest description of a store or policy: a thousand times what the built-in ones have.
pub(super) const MOST_TEXT_BYTES: u64 = 8 << 20;

/// Largest CRL file: the largest public ones have some tens of megabytes.
pub(super) const MOST_CRL_BYTES: u64 = 64 << 20;

/// Most files in one folder of a store: national hierarchies have some tens of authorities.
const MOST_FILES: usize = 1_000;

/// Reads a file that is not longer than `most`.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, TrustError> {
    let unreadable = |error| TrustError::Unreadable { path: path.to_path_buf(), error };
    // A pipe would hold us up for good.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(io::ErrorKind::InvalidInput.into()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(TrustError::TooLarge { path: path.to_path_buf(), most });
    }
    Ok(bytes)
}

/// The files of a folder with one of these extensions, sorted; none where the folder is not there.
pub(super) fn list(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, TrustError> {
    let unreadable = |error| TrustError::Unreadable { path: folder.to_path_buf(), error };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && extension.is_some_and(|found| extensions.contains(&found)) {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            return Err(TrustError::TooMany { path: folder.to_path_buf(), most: MOST_FILES });
        }
    }
    files.sort();
    Ok(files)
}

/// Refuses what everybody may write.
#[cfg(unix)]
pub(super) fn guarded(path: &Path) -> Result<(), TrustError> {
    match writers(path)? {
        Writers::Everybody => Err(TrustError::OthersWrite { path: path.to_path_buf() }),
        Writers::Owner | Writers::Group => Ok(()),
    }
}

/// Elsewhere the folder's access list decides.
#[cfg(not(unix))]
pub(super) fn guarded(_path: &Path) -> Result<(), TrustError> {
    Ok(())
}

/// Who may write a file or folder, by its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writers {
    Owner,
    Group,
    Everybody,
}

#[cfg(unix)]
pub(super) fn writers(path: &Path) -> Result<Writers, TrustError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(path)
        .map_err(|error| TrustError::Unreadable { path: path.to_path_buf(), error })?;
    let mode = metadata.permissions().mode();
    Ok(match (mode & 0o002 != 0, mode & 0o020 != 0) {
        (true, _) => Writers::Everybody,
        (false, true) => Writers::Group,
        (false, false) => Writers::Owner,
    })
}

#[cfg(not(unix))]
pub(super) fn writers(_path: &Path) -> Result<Writers, TrustError> {
    Ok(Writers::Owner)
}

/// Holds the stores below a folder for one who changes them; others wait.
#[derive(Debug)]
pub(super) struct Held {
    _lock: File,
}

/// Waits until nobody else changes stores below `root`, which is made where it is not there.
pub(super) fn hold(root: &Path) -> Result<Held, TrustError> {
    folder(root)?;
    let path = root.join(".lock");
    let unwritable = |error| TrustError::Unwritable { path: path.clone(), error };
    let mut options = File::options();
    let lock = options.create(true).truncate(false).write(true).open(&path).map_err(unwritable)?;
    lock.lock().map_err(unwritable)?;
    Ok(Held { _lock: lock })
}

/// Makes a folder that only its owner writes.
pub(super) fn folder(path: &Path) -> Result<(), TrustError> {
    let unwritable = |error| TrustError::Unwritable { path: path.to_path_buf(), error };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o755);
    }
    builder.create(path).map_err(unwritable)?;
    guarded(path)
}

/// Writes a file whole or not at all, in place of an older one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), TrustError> {
    let unwritable = |error| TrustError::Unwritable { path: path.to_path_buf(), error };
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kyso-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Nothing in a store is secret; who else may read it, the umask decides.
        builder.permissions(fs::Permissions::from_mode(0o644));
    }
    let mut file = builder.tempfile_in(parent).map_err(unwritable)?;
    file.write_all(bytes).map_err(unwritable)?;
    file.as_file().sync_all().map_err(unwritable)?;
    file.persist(path).map_err(|error| unwritable(error.error))?;
    #[cfg(unix)]
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(unwritable)?;
    Ok(())
}
