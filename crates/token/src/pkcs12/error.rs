//! What can be wrong with a key file.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a PKCS#12 file fails by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyFileError {
    /// There is no such file.
    Missing {
        /// Its path.
        path: PathBuf,
    },
    /// The file cannot be read.
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// The operating system's error number, where it gave one.
        os_error: Option<i32>,
    },
    /// The file cannot be written; what was there before is untouched.
    Unwritable {
        /// Its path.
        path: PathBuf,
        /// The operating system's error number, where it gave one.
        os_error: Option<i32>,
    },
    /// A new file was to be made where one is already.
    Exists {
        /// Its path.
        path: PathBuf,
    },
    /// The file is longer than any key file.
    TooLong {
        /// Its length in bytes, as far as it was read.
        length: u64,
        /// The most that is read.
        limit: u64,
    },
    /// The file is not a PFX at all (RFC 7292 §4).
    NotPkcs12,
    /// A part of the PFX does not parse.
    Malformed {
        /// Which part.
        part: PfxPart,
        /// Byte offset within that part, where known.
        offset: Option<u32>,
    },
    /// Elements nest deeper than any key file's.
    NestedTooDeep {
        /// The deepest nesting that is read.
        limit: u32,
    },
    /// More bags than any person's keys need.
    TooManyBags {
        /// The most that are read.
        limit: u32,
    },
    /// The PFX asks for more key derivation work than is reasonable.
    TooMuchWork {
        /// Iterations asked for, in all.
        iterations: u64,
        /// The most that are spent on one file.
        limit: u64,
    },
    /// The MAC, the cipher or the content type is none that is supported here.
    AlgorithmUnsupported {
        /// Its object identifier, dotted.
        oid: String,
    },
    /// The password is wrong, or the file was changed: its MAC does not fit.
    MacMismatch,
    /// The file has no MAC and a private key in the clear: any password would open it, so none is proof of consent.
    Unprotected,
    /// A part does not decrypt: the password is wrong in a file without MAC, or the part has a password of its own.
    DecryptionFailed {
        /// Which part.
        part: PfxPart,
    },
    /// The file's certificates are encrypted: they show only with the password.
    CertificatesEncrypted {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no private key.
    NoKey,
    /// Nothing is written under an empty password.
    PasswordEmpty,
    /// The password is longer than any that is taken.
    PasswordTooLong {
        /// The longest, in bytes of UTF-8.
        limit: usize,
    },
    /// The key is not in the file.
    KeyUnknown {
        /// Its localKeyID.
        id: Vec<u8>,
    },
    /// The file holds CRLs or secrets, which writing it anew would lose.
    WouldLose {
        /// Number of such bags.
        bags: u32,
    },
    /// The system gave no random bytes.
    NoRandomness,
}

/// A part of a PFX (RFC 7292 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PfxPart {
    /// PFX itself, to the content of authSafe.
    Pfx,
    /// MacData.
    MacData,
    /// AuthenticatedSafe and the ContentInfo in it.
    AuthenticatedSafe,
    /// EncryptedData.
    EncryptedData,
    /// SafeContents and its bags.
    SafeContents,
    /// EncryptedPrivateKeyInfo.
    ShroudedKey,
    /// CertBag.
    CertBag,
    /// Parameters of an encryption scheme.
    EncryptionParameters,
}

impl PfxPart {
    /// The part as malformed at the position of `error`.
    pub(super) fn malformed(self, error: der::Error) -> KeyFileError {
        let offset = error.position().map(u32::from);
        KeyFileError::Malformed { part: self, offset }
    }
}

impl KeyFileError {
    /// Whether a wrong password can be the cause.
    #[must_use]
    pub fn may_be_wrong_password(&self) -> bool {
        matches!(self, Self::MacMismatch | Self::DecryptionFailed { .. })
    }

    pub(super) fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Unreadable { path, os_error: error.raw_os_error() },
        }
    }

    pub(super) fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Unwritable { path: path.to_owned(), os_error: error.raw_os_error() }
    }
}

impl fmt::Display for PfxPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pfx => "PFX",
            Self::MacData => "MacData",
            Self::AuthenticatedSafe => "AuthenticatedSafe",
            Self::EncryptedData => "EncryptedData",
            Self::SafeContents => "SafeContents",
            Self::ShroudedKey => "the encrypted private key",
            Self::CertBag => "CertBag",
            Self::EncryptionParameters => "the encryption parameters",
        })
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let system = |f: &mut fmt::Formatter<'_>, os_error: &Option<i32>| match os_error {
            Some(number) => write!(f, ": {}", std::io::Error::from_raw_os_error(*number)),
            None => Ok(()),
        };
        match self {
            Self::Missing { path } => write!(f, "key file {} does not exist", path.display()),
            Self::Unreadable { path, os_error } => {
                write!(f, "key file {} cannot be read", path.display())?;
                system(f, os_error)
            }
            Self::Unwritable { path, os_error } => {
                write!(f, "key file {} cannot be written", path.display())?;
                system(f, os_error)
            }
            Self::Exists { path } => write!(f, "{} exists already", path.display()),
            Self::TooLong { length, limit } => {
                write!(f, "the key file has {length} bytes or more; at most {limit} are read")
            }
            Self::NotPkcs12 => f.write_str("the file is not a PKCS#12 key file"),
            Self::Malformed { part, offset: Some(offset) } => {
                write!(f, "the key file is damaged: {part} does not parse at byte {offset}")
            }
            Self::Malformed { part, offset: None } => {
                write!(f, "the key file is damaged: {part} does not parse")
            }
            Self::NestedTooDeep { limit } => {
                write!(f, "the key file nests its elements deeper than {limit}")
            }
            Self::TooManyBags { limit } => write!(f, "the key file has more than {limit} bags"),
            Self::TooMuchWork { iterations, limit } => write!(
                f,
                "the key file asks for {iterations} iterations of key derivation; at most {limit} are spent"
            ),
            Self::AlgorithmUnsupported { oid } => {
                write!(f, "the key file uses {oid}, which is not supported")
            }
            Self::MacMismatch => f.write_str("wrong password, or the key file was changed"),
            Self::Unprotected => f.write_str(
                "the key file is protected by nothing: no MAC, and a private key in the clear",
            ),
            Self::DecryptionFailed { part } => {
                write!(f, "{part} does not decrypt with this password")
            }
            Self::CertificatesEncrypted { path } => {
                write!(f, "the certificates in {} show only with its password", path.display())
            }
            Self::NoKey => f.write_str("the key file holds no private key"),
            Self::PasswordEmpty => f.write_str("a key file is not written under an empty password"),
            Self::PasswordTooLong { limit } => {
                write!(f, "the password is longer than {limit} bytes")
            }
            Self::KeyUnknown { id } => {
                write!(f, "the key file holds no key with localKeyID {}", hex::encode(id))
            }
            Self::WouldLose { bags } => write!(
                f,
                "the key file holds {bags} other bags (CRLs or secrets), which writing it anew would lose"
            ),
            Self::NoRandomness => f.write_str("the system gives no random bytes"),
        }
    }
}

impl std::error::Error for KeyFileError {}
