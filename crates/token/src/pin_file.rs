//! PINs and passwords in files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::{Pin, TokenError};

/// Longest file read, in bytes: four times the longest password of a key file; a token's PINs have 255 at most.
const MAX_LEN: u64 = 4096;

/// First line of a PIN file, without its end.
///
/// # Errors
/// [`TokenError::PinFileUnusable`] for a file that cannot be read, is longer than 4,096 bytes or begins with an empty
/// line; [`TokenError::PinFileReadableByOthers`].
pub fn read_pin_file(path: &Path) -> Result<Pin, TokenError> {
    let pin = first_line(path)?;
    if pin.expose().is_empty() {
        return Err(TokenError::PinFileUnusable { path: path.to_owned() });
    }
    Ok(pin)
}

/// The same where an empty line is the empty password, which some key files have.
pub(crate) fn first_line(path: &Path) -> Result<Pin, TokenError> {
    let unusable = || TokenError::PinFileUnusable { path: path.to_owned() };
    let file = File::open(path).map_err(|_| unusable())?;
    sealed(&file, path)?;
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_LEN as usize + 1));
    let length = file.take(MAX_LEN + 1).read_to_end(&mut text).map_err(|_| unusable())?;
    if length as u64 > MAX_LEN {
        return Err(unusable());
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = std::str::from_utf8(line).map_err(|_| unusable())?;
    Ok(Pin::new(line.to_owned()))
}

/// Refuses a file that others may read; asked of the open file, so that it cannot be exchanged in between.
#[cfg(unix)]
fn sealed(file: &File, path: &Path) -> Result<(), TokenError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata =
        file.metadata().map_err(|_| TokenError::PinFileUnusable { path: path.to_owned() })?;
    let mode = metadata.permissions().mode() & 0o777;
    // A pipe or terminal has no reader but us.
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(TokenError::PinFileReadableByOthers { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn sealed(_file: &File, _path: &Path) -> Result<(), TokenError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn files_open_to_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        std::fs::write(&path, "123456\r\nsecond line").unwrap();
        for (mode, sealed) in
            [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)]
        {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let expected = TokenError::PinFileReadableByOthers { path: path.clone(), mode };
            match read_pin_file(&path) {
                Ok(pin) => assert!(sealed && pin.expose() == "123456", "{mode:o}"),
                Err(error) => assert!(!sealed && error == expected, "{mode:o}: {error}"),
            }
        }
    }

    #[test]
    fn only_key_files_have_empty_passwords() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        let unusable = Some(TokenError::PinFileUnusable { path: path.clone() });
        assert_eq!(first_line(&path).err(), unusable, "no such file");
        kyso_testkit::write_secret(&path, "\n123456");
        assert_eq!(first_line(&path).unwrap().expose(), "");
        assert_eq!(read_pin_file(&path).err(), unusable);
        kyso_testkit::write_secret(&path, "1".repeat(5000));
        assert_eq!(first_line(&path).err(), unusable);
    }
}
