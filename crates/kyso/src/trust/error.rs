//! Why a trust store cannot be used or changed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use kyso_token::profile::TrustPin;
use kyso_validation::policy::PolicyError;
use kyso_x509::crl::CrlError;
use kyso_x509::ocsp::OcspError;
use kyso_x509::{Certificate, CertificateError, Digest, PathError};

/// Why a trust store cannot be used or changed.
#[derive(Debug)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum TrustError {
    /// A file or folder cannot be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// A file or folder cannot be written.
    Unwritable { path: PathBuf, error: io::Error },
    /// A file has more bytes than a file of its kind may have.
    TooLarge { path: PathBuf, most: u64 },
    /// A folder holds more files than a store may have.
    TooMany { path: PathBuf, most: usize },
    /// Everybody may write the file or folder, so that anybody could put an anchor there.
    OthersWrite { path: PathBuf },
    /// A file holds no certificates that can be read.
    Certificate { path: PathBuf, error: CertificateError },
    /// A file holds no CRL that can be read.
    Crl { path: PathBuf, error: CrlError },
    /// A file holds no OCSP response that can be read.
    Ocsp { path: PathBuf, error: OcspError },
    /// `store.toml` is no description of a store.
    Description { path: PathBuf, line: Option<usize>, error: Box<toml::de::Error> },
    /// `store.toml` calls the store by another name than its folder has.
    Renamed { path: PathBuf, name: String },
    /// A name that cannot be a folder's: letters of ASCII, digits, `-` and `_`, 64 at most.
    StoreName { name: String },
    /// `store.toml` names a policy that is not built in, and no `.toml` file beside it.
    UnknownPolicy { path: PathBuf, name: String },
    /// A store's policy asks for no revocation status: only who verifies may name such a one, no store brings it.
    PolicyAsksNoStatus { path: PathBuf, name: String },
    /// A policy file is wrong.
    Policy { path: PathBuf, error: PolicyError },
    /// `store.toml` names an anchor that no file of the folder holds.
    AnchorMissing { path: PathBuf, sha256: [u8; 32] },
    /// A certificate bears a pinned authority's name and is another certificate.
    PinMismatch { path: PathBuf, pin: Box<TrustPin>, certificate: Certificate },
    /// A pinned store was given an anchor without a pin.
    NotPinned { path: PathBuf, store: String, certificate: Certificate },
    /// A pinned certificate was given to another store than its own.
    OtherStore { path: PathBuf, pin: Box<TrustPin>, store: String },
    /// No store was named, and no pin tells which.
    WhichStore { path: PathBuf, certificate: Certificate },
    /// The certificate has another fingerprint than the one that was given.
    OtherFingerprint { path: PathBuf, given: [u8; 32], found: Box<Digest> },
    /// Neither a pin nor a fingerprint nor a person vouches for the certificate.
    Unconfirmed { path: PathBuf, certificate: Certificate },
    /// The certificate is no authority's, so that no path can go through it.
    NotAnAuthority { path: PathBuf, certificate: Certificate },
    /// No certificate of the pinned store issued this intermediate.
    NotIssuedHere { path: PathBuf, certificate: Certificate, error: Option<Box<PathError>> },
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            Self::Unwritable { path, error } => {
                write!(f, "cannot write {}: {error}", path.display())
            }
            Self::TooLarge { path, most } => {
                write!(f, "{} has more than {most} bytes", path.display())
            }
            Self::TooMany { path, most } => {
                write!(f, "{} has more than {most} files", path.display())
            }
            Self::OthersWrite { path } => write!(f, "everybody may write {}", path.display()),
            Self::Certificate { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Crl { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Ocsp { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Description { path, line: Some(line), error } => {
                write!(f, "{}:{line}: {}", path.display(), error.message())
            }
            Self::Description { path, line: None, error } => {
                write!(f, "{}: {}", path.display(), error.message())
            }
            Self::Renamed { path, name } => {
                write!(f, "{} is about a store {name:?}", path.display())
            }
            Self::StoreName { name } => write!(f, "{name:?} cannot be a store's name"),
            Self::UnknownPolicy { path, name } => {
                write!(f, "{}: there is no policy {name:?}", path.display())
            }
            Self::PolicyAsksNoStatus { path, name } => write!(
                f,
                "{}: policy {name} asks for no revocation status, which a store's must",
                path.display()
            ),
            Self::Policy { path, error } => write!(f, "{}: {error}", path.display()),
            Self::AnchorMissing { path, sha256 } => {
                write!(f, "{}: no file holds the anchor {}", path.display(), hex(sha256))
            }
            Self::PinMismatch { path, pin, certificate } => write!(
                f,
                "{}: pinned as {} with SHA-256 {}, found {}",
                path.display(),
                pin.name,
                hex(&pin.sha256),
                hex(certificate.sha256_fingerprint().as_bytes()),
            ),
            Self::NotPinned { path, store, certificate } => write!(
                f,
                "{}: store {store} takes pinned anchors only, {} is not pinned",
                path.display(),
                certificate.subject(),
            ),
            Self::OtherStore { path, pin, store } => write!(
                f,
                "{}: pinned as {} of store {}, not of {store}",
                path.display(),
                pin.name,
                pin.store,
            ),
            Self::WhichStore { path, .. } => {
                write!(f, "{}: no pin tells which store it belongs to", path.display())
            }
            Self::OtherFingerprint { path, given, found } => write!(
                f,
                "{}: SHA-256 {} was given, found {}",
                path.display(),
                hex(given),
                hex(found.as_bytes()),
            ),
            Self::Unconfirmed { path, certificate } => {
                write!(f, "{}: nobody vouches for {}", path.display(), certificate.subject())
            }
            Self::NotAnAuthority { path, certificate } => {
                write!(f, "{}: {} is no authority", path.display(), certificate.subject())
            }
            Self::NotIssuedHere { path, certificate, .. } => write!(
                f,
                "{}: no certificate of the store issued {}",
                path.display(),
                certificate.subject(),
            ),
        }
    }
}

impl std::error::Error for TrustError {}

/// Hexadecimal digits in capitals, as `openssl x509 -fingerprint` shows them without its colons.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
