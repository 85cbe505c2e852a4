//! Every way signing a file can fail, by name.

mod xml;

pub use xml::{FirstSignature, XmlRefusal};

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use kyso_token::TokenError;
use kyso_x509::path::PathError;
use kyso_x509::{CertificateError, EcdsaEncodingError, VerifyError};

use crate::recorder::{NotRecorded, RecorderError};
use crate::visible::VisibleError;

/// Why a file was not signed; but for [`Self::NotPublished`] and [`Self::NotDurable`] nothing of it was released.
#[derive(Debug)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum SignError {
    /// The document cannot be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// The document is a folder, device or pipe.
    NotAFile { path: PathBuf },
    /// The document has no bytes.
    Empty { path: PathBuf },
    /// The document changed between being declared and being written.
    SourceChanged { path: PathBuf },
    /// The target exists and may not be replaced.
    TargetExists { path: PathBuf },
    /// The target cannot be written: folder missing, no permission, disk full.
    Unwritable { path: PathBuf, error: io::Error },
    /// The signer's certificate does not parse.
    CertificateSyntax(CertificateError),
    /// The signer's certificate may not sign now.
    Certificate(Box<PathError>),
    /// The token's or key file's error.
    Token(TokenError),
    /// The device returned an ECDSA signature of the wrong form.
    EcdsaEncoding(EcdsaEncodingError),
    /// The PDF cannot be signed.
    Pades(kyso_pades::Error),
    /// The XML document cannot be signed, or not as asked.
    Xml(Box<XmlRefusal>),
    /// What the signature should show cannot be made.
    Visible(VisibleError),
    /// The CMS structure cannot be made.
    Cades(kyso_cades::PrepareError),
    /// The device's signature does not verify under the certificate: another key, or nonsense.
    SignatureRefused(VerifyError),
    /// The message does not fit the room that its certificates were estimated to need, in bytes.
    ContentsTooSmall { needed: usize, available: usize },
    /// The target is the document itself.
    TargetIsSource { path: PathBuf },
    /// The journal refused; nothing was signed, or what was signed was not released.
    Recorder(Arc<RecorderError>),
    /// The journal's receipt is for other bytes.
    NotRecorded(NotRecorded),
    /// The signature is recorded, but the file could not be given its name; it is kept under another.
    NotPublished { path: PathBuf, kept: Option<PathBuf>, error: io::Error },
    /// The signed file has its name, but nobody knows whether the name survives a power cut.
    NotDurable { path: PathBuf, error: io::Error },
    /// The batch ended before this item's turn.
    Interrupted,
    /// The batch was stopped, or its act on the token ended, before the token was asked for this item.
    Cancelled,
}

impl SignError {
    /// Stable code, also written into the journal; never a path or a secret.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::NotAFile { .. } => "not-a-file",
            Self::Empty { .. } => "empty",
            Self::SourceChanged { .. } => "source-changed",
            Self::TargetExists { .. } => "target-exists",
            Self::Unwritable { .. } => "unwritable",
            Self::CertificateSyntax(_) => "certificate-malformed",
            Self::Certificate(_) => "certificate-refused",
            Self::Token(error) => error.code(),
            Self::EcdsaEncoding(_) => "device-error",
            Self::Pades(_) => "pdf-refused",
            Self::Xml(refusal) => refusal.code(),
            Self::Visible(_) => "not-visible",
            Self::Cades(_) => "cms-refused",
            Self::SignatureRefused(_) => "signature-refused",
            Self::ContentsTooSmall { .. } => "contents-too-small",
            Self::TargetIsSource { .. } => "target-is-source",
            Self::Recorder(_) => "journal-unwritable",
            Self::NotRecorded(_) => "not-recorded",
            Self::NotPublished { .. } => "not-published",
            Self::NotDurable { .. } => "not-durable",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }

    /// The same error for another item of the batch; what is not the journal's becomes `Interrupted`.
    pub(super) fn share(&self) -> Self {
        match self {
            Self::Recorder(error) => Self::Recorder(Arc::clone(error)),
            _ => Self::Interrupted,
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            Self::NotAFile { path } => write!(f, "{} is not a file", path.display()),
            Self::Empty { path } => write!(f, "{} is empty", path.display()),
            Self::SourceChanged { path } => {
                write!(f, "{} changed while it was being signed", path.display())
            }
            Self::TargetExists { path } => write!(f, "{} exists already", path.display()),
            Self::Unwritable { path, error } => {
                write!(f, "cannot write {}: {error}", path.display())
            }
            Self::CertificateSyntax(error) => write!(f, "the certificate does not parse: {error}"),
            Self::Certificate(error) => write!(f, "the certificate may not sign: {error}"),
            Self::Token(error) => error.fmt(f),
            Self::EcdsaEncoding(error) => error.fmt(f),
            Self::Pades(error) => error.fmt(f),
            Self::Xml(refusal) => refusal.fmt(f),
            Self::Visible(error) => error.fmt(f),
            Self::Cades(error) => error.fmt(f),
            Self::SignatureRefused(error) => {
                write!(f, "the device's signature does not verify under the certificate: {error}")
            }
            Self::ContentsTooSmall { needed, available } => {
                write!(f, "the signature needs {needed} bytes, {available} were reserved")
            }
            Self::TargetIsSource { path } => {
                write!(f, "{} would replace the document itself", path.display())
            }
            Self::Recorder(error) => error.fmt(f),
            Self::NotRecorded(error) => error.fmt(f),
            Self::NotPublished { path, kept: Some(kept), error } => write!(
                f,
                "{} is recorded as signed but could not be named ({error}); the signed file is {}",
                path.display(),
                kept.display(),
            ),
            Self::NotPublished { path, kept: None, error } => {
                write!(
                    f,
                    "{} is recorded as signed but could not be named: {error}",
                    path.display()
                )
            }
            Self::NotDurable { path, error } => write!(
                f,
                "{} is signed and released, but may not survive a power cut: {error}",
                path.display(),
            ),
            Self::Interrupted => f.write_str("the batch ended before this file's turn"),
            Self::Cancelled => f.write_str("the batch was stopped before this file was signed"),
        }
    }
}

impl std::error::Error for SignError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. }
            | Self::Unwritable { error, .. }
            | Self::NotPublished { error, .. }
            | Self::NotDurable { error, .. } => Some(error),
            Self::Recorder(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}
