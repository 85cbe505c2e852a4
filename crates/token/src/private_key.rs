//! Private keys in files, on their way to a token or key file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::TokenError;

/// Longest file read, in bytes: PKCS#8 of RSA-4096 in PEM has 3.3 KB.
const MAX_LEN: u64 = 64 * 1024;

/// Reads an unencrypted PKCS#8 key from a file, DER or PEM (`PRIVATE KEY`, RFC 7468 §10); gives DER.
///
/// # Errors
/// [`TokenError::PrivateKeyUnreadable`], [`TokenError::PrivateKeyTooLong`], [`TokenError::PrivateKeyMalformed`].
pub fn read_private_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    let unreadable = |error: std::io::Error| TokenError::PrivateKeyUnreadable {
        path: path.to_owned(),
        os_error: error.raw_os_error(),
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN as usize + 1));
    file.take(MAX_LEN + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_LEN {
        return Err(TokenError::PrivateKeyTooLong { limit: MAX_LEN });
    }
    pkcs8_der(&bytes)
}

/// The DER of a key in DER or PEM; other PEM, an encrypted key's above all, is refused.
pub(crate) fn pkcs8_der(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    if bytes.first() == Some(&0x30) {
        return Ok(Zeroizing::new(bytes.to_vec()));
    }
    let decoded = der::pem::decode_vec(bytes.trim_ascii_start());
    let (label, der) = decoded.map_err(|_| TokenError::PrivateKeyMalformed)?;
    let der = Zeroizing::new(der);
    if label == "PRIVATE KEY" { Ok(der) } else { Err(TokenError::PrivateKeyMalformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_hold_no_key_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let refused = |path: &Path| read_private_key(path).err().unwrap();
        // ENOENT
        let missing = TokenError::PrivateKeyUnreadable { path: path.clone(), os_error: Some(2) };
        assert_eq!(refused(&path), missing);
        for (content, expected) in [
            (vec![b' '; 70_000], TokenError::PrivateKeyTooLong { limit: MAX_LEN }),
            (b"no key".to_vec(), TokenError::PrivateKeyMalformed),
            (
                b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n".to_vec(),
                TokenError::PrivateKeyMalformed,
            ),
        ] {
            kyso_testkit::write_secret(&path, content);
            assert_eq!(refused(&path), expected);
        }
        let pem = "\n-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        kyso_testkit::write_secret(&path, pem);
        assert_eq!(*read_private_key(&path).unwrap(), [0x30, 0]);
    }
}
