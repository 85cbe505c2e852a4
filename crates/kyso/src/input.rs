//! Opening what others name: only regular files, and without waiting for anybody.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Why there is no file to read.
#[derive(Debug)]
pub enum OpenError {
    /// The file system's error.
    Io(io::Error),
    /// A folder, device, pipe or socket.
    NotAFile,
}

impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Io(error) => error,
            OpenError::NotAFile => Self::new(io::ErrorKind::InvalidInput, "not a regular file"),
        }
    }
}

/// Opens a regular file for reading.
///
/// Opening a pipe would wait for a writer, perhaps for ever; what was opened is judged by its handle,
/// so that nobody can exchange it between question and answer.
///
/// # Errors
/// [`OpenError::NotAFile`], and the file system's.
pub fn open_regular(path: &Path) -> Result<File, OpenError> {
    open_regular_sized(path).map(|(file, _)| file)
}

/// As [`open_regular`], with the length in bytes that the file has at this moment.
pub(crate) fn open_regular_sized(path: &Path) -> Result<(File, u64), OpenError> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path).map_err(OpenError::Io)?;
    let metadata = file.metadata().map_err(OpenError::Io)?;
    if metadata.is_file() { Ok((file, metadata.len())) } else { Err(OpenError::NotAFile) }
}

/// Reads a regular file of at most so many bytes.
///
/// # Errors
/// Of the file system; [`io::ErrorKind::FileTooLarge`] for a longer file.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let file = open_regular(path).map_err(io::Error::from)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_refused_at_once() -> io::Result<()> {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let folder = tempfile::tempdir()?;
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
        assert!(matches!(open_regular(&pipe), Err(OpenError::NotAFile)));
        assert!(matches!(open_regular(folder.path()), Err(OpenError::NotAFile)));
        let missing = open_regular(&folder.path().join("missing"));
        assert!(
            matches!(missing, Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound)
        );
        Ok(())
    }
}
