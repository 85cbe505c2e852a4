//! Loads the files of `test-vectors/`, each folder of which states its provenance in a README.

use std::path::{Path, PathBuf};

/// Path of a vector file or folder, relative to `test-vectors/`.
pub fn path(relative: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Bytes of a vector file.
///
/// # Panics
/// When the file cannot be read: a missing vector is a broken checkout.
pub fn bytes(relative: impl AsRef<Path>) -> Vec<u8> {
    let path = path(relative);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files below a vector folder with the given extension, sorted by name.
///
/// # Panics
/// When the folder cannot be read.
pub fn files(folder: impl AsRef<Path>, extension: &str) -> Vec<PathBuf> {
    let folder = path(folder);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    found.sort();
    found
}
