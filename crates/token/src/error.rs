//! Every way a token can fail, by name.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pkcs12::KeyFileError;
use crate::remote::RemoteError;
use crate::{FrameError, PinRefused, PinState, SigningAlgorithm};

/// What a key store reports; serializes, since it crosses the boundary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum TokenError {
    /// The path is not absolute: a relative one would search the library path.
    ModulePathNotAbsolute { path: PathBuf },
    /// The path is not on the caller's allow-list.
    ModuleNotAllowed { path: PathBuf },
    /// There is no such file.
    ModuleMissing { path: PathBuf },
    /// The file loads, but has no C_GetFunctionList; or it is no shared library at all.
    NotPkcs11Module { path: PathBuf },
    /// The file's SHA-256 is not the one on the allow-list.
    ModuleDigestMismatch { path: PathBuf },
    /// No slot of the allowed modules holds this token.
    TokenNotPresent,
    /// The token was pulled out (CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT).
    TokenRemoved { function: Cow<'static, str> },
    /// The token is there but not formatted for this module (CKR_TOKEN_NOT_RECOGNIZED) or was never initialized.
    TokenNotInitialized,
    /// The session ended behind our back (CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_USER_NOT_LOGGED_IN).
    SessionLost { function: Cow<'static, str> },
    /// Another act holds the token's login.
    TokenBusy { waited: Duration },
    /// The person gave no PIN.
    PinRefused(PinRefused),
    /// The PIN file cannot be read, is empty, or longer than any PIN.
    PinFileUnusable { path: PathBuf },
    /// Others than its owner may read or write the PIN file: its permission bits.
    PinFileReadableByOthers { path: PathBuf, mode: u32 },
    /// PIN source is the reader's pad, but the token has none; or the token takes a PIN on its pad only.
    PinSourceUnsuitable,
    /// Wrong PIN; the counters as they are now.
    PinIncorrect { state: PinState },
    /// The PIN is locked.
    PinLocked,
    /// Shorter or longer than the token takes, in bytes.
    PinLength { min: u64, max: u64 },
    /// The PIN must be changed first.
    PinExpired,
    /// One try is left and nobody said yes to spending it.
    LastTryRefused,
    /// No private key with the certificate's CKA_ID.
    KeyNotFound { id: Vec<u8> },
    /// The key of the certificate's CKA_ID is another key.
    CertificateKeyMismatch { id: Vec<u8> },
    /// The certificate's key is of a type or size no mechanism here signs with.
    KeyUnsupported,
    /// The certificate (or key) does not parse; byte offset where known.
    CertificateMalformed { offset: Option<u32> },
    /// The URI does not parse, at this byte.
    UriMalformed { offset: usize },
    /// The URI carries `pin-value`: a PIN does not belong on a command line or in a log.
    UriPinValueRefused,
    /// The URI fits no credential.
    UriMatchesNothing,
    /// The URI fits several credentials.
    UriAmbiguous { matches: usize },
    /// The token has no mechanism for this algorithm and key.
    MechanismNotOffered { algorithm: SigningAlgorithm },
    /// The token hashes by itself: pass the message.
    MessageNeeded { algorithm: SigningAlgorithm },
    /// The digest is not as long as the algorithm's.
    DigestLength { expected: usize, actual: usize },
    /// The device returned a signature of the wrong length.
    UnexpectedLength { expected: usize, actual: usize },
    /// CKR_DEVICE_MEMORY or CKR_HOST_MEMORY: this item fails, the act goes on.
    DeviceMemory { function: Cow<'static, str> },
    /// CKR_DEVICE_ERROR, CKR_GENERAL_ERROR or CKR_FUNCTION_FAILED.
    DeviceError { function: Cow<'static, str> },
    /// The module did not come back in time; the act is over, the process goes on.
    CallTimedOut { function: Cow<'static, str>, limit: Duration },
    /// The label is longer than the 32 bytes of CK_TOKEN_INFO.
    LabelTooLong { length: usize },
    /// No act of that number is open.
    ActUnknown,
    /// The file of the private key to import cannot be read; the operating system's error number, where it gave one.
    PrivateKeyUnreadable { path: PathBuf, os_error: Option<i32> },
    /// The file of the private key is longer than any key's, in bytes.
    PrivateKeyTooLong { limit: u64 },
    /// The private key to import is no unencrypted PKCS#8.
    PrivateKeyMalformed,
    /// The module answered with something outside the standard.
    ReplyMalformed { function: Cow<'static, str> },
    /// Any other return value, by its PKCS#11 names.
    Call { function: Cow<'static, str>, value: Cow<'static, str> },
    /// A PKCS#12 key file's error.
    KeyFile(KeyFileError),
    /// A remote service failed, or the way to it.
    Remote(RemoteError),
    /// The program of the worker process does not start; the operating system's error number, where it gave one.
    WorkerNotStarted { program: PathBuf, os_error: Option<i32> },
    /// The worker process died, of a signal or with an exit code; with neither, its end could not be observed.
    WorkerCrashed { signal: Option<i32>, exit_code: Option<i32> },
    /// The worker process, or the module in it, did not answer in time and was killed.
    WorkerHung { function: Cow<'static, str>, limit: Duration },
    /// The worker process answered with something that is no message and was killed.
    WorkerReplyMalformed(FrameError),
    /// The request is too long for one message to the worker, or cannot be written as one.
    WorkerRequestRefused(FrameError),
    /// A worker process cannot ask its caller's [`crate::PinPrompt`]: name a terminal or a pinentry as the source.
    PromptNotInWorker,
}

impl TokenError {
    /// Stable code in kebab case, for JSON and the journal; never a path or a secret. Errors of one remedy share a code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ModulePathNotAbsolute { .. } => "module-path-not-absolute",
            Self::ModuleNotAllowed { .. } => "module-not-allowed",
            Self::ModuleMissing { .. } => "module-missing",
            Self::NotPkcs11Module { .. } => "not-a-pkcs11-module",
            Self::ModuleDigestMismatch { .. } => "module-changed",
            Self::TokenNotPresent | Self::UriMatchesNothing => "token-not-present",
            Self::TokenRemoved { .. } => "token-removed",
            Self::TokenNotInitialized => "token-not-initialized",
            Self::SessionLost { .. } => "session-lost",
            Self::TokenBusy { .. } => "token-busy",
            Self::PinRefused(PinRefused::Cancelled) => "pin-cancelled",
            Self::PinRefused(PinRefused::NoPrompt) => "pin-needed",
            Self::PinRefused(PinRefused::TimedOut) => "pin-timed-out",
            Self::PinFileUnusable { .. } => "pin-file-unusable",
            Self::PinFileReadableByOthers { .. } => "pin-file-readable-by-others",
            Self::PinSourceUnsuitable => "pin-source-unsuitable",
            Self::PinIncorrect { state } if state.locked => "pin-locked",
            Self::PinIncorrect { state } if state.final_try => "pin-incorrect-final-try",
            Self::PinIncorrect { .. } => "pin-incorrect",
            Self::PinLocked => "pin-locked",
            Self::PinLength { .. } => "pin-length",
            Self::PinExpired => "pin-expired",
            Self::LastTryRefused => "last-try-refused",
            Self::KeyNotFound { .. } => "key-not-found",
            Self::CertificateKeyMismatch { .. } => "certificate-key-mismatch",
            Self::KeyUnsupported => "key-unsupported",
            Self::CertificateMalformed { .. } => "certificate-malformed",
            Self::UriMalformed { .. } => "uri-malformed",
            Self::UriPinValueRefused => "uri-pin-value",
            Self::UriAmbiguous { .. } => "uri-ambiguous",
            Self::MechanismNotOffered { .. } => "mechanism-not-offered",
            Self::DeviceMemory { .. } => "device-memory",
            Self::DeviceError { .. }
            | Self::UnexpectedLength { .. }
            | Self::ReplyMalformed { .. } => "device-error",
            Self::CallTimedOut { .. } => "token-timed-out",
            Self::LabelTooLong { .. } => "label-too-long",
            Self::PrivateKeyUnreadable { .. } => "private-key-unreadable",
            Self::PrivateKeyTooLong { .. } => "private-key-too-long",
            Self::PrivateKeyMalformed => "private-key-malformed",
            Self::MessageNeeded { .. }
            | Self::DigestLength { .. }
            | Self::ActUnknown
            | Self::Call { .. } => "token-call-failed",
            Self::KeyFile(_) => "key-file",
            Self::Remote(error) => error.code(),
            Self::WorkerNotStarted { .. } => "worker-not-started",
            Self::WorkerCrashed { .. } => "worker-crashed",
            Self::WorkerHung { .. } => "worker-hung",
            Self::WorkerReplyMalformed(_) => "worker-nonsense",
            Self::WorkerRequestRefused(_) => "worker-request-refused",
            Self::PromptNotInWorker => "pin-prompt-not-in-worker",
        }
    }

    /// Whether the act that met it is over.
    ///
    /// A wrong PIN at a signature (CKA_ALWAYS_AUTHENTICATE) ends it too: a batch must not spend the tries that are left.
    #[must_use]
    pub fn ends_act(&self) -> bool {
        if let Self::Remote(error) = self {
            return error.ends_act();
        }
        matches!(
            self,
            Self::TokenRemoved { .. }
                | Self::SessionLost { .. }
                | Self::CallTimedOut { .. }
                | Self::PinIncorrect { .. }
                | Self::PinLocked
                | Self::LastTryRefused
                | Self::CertificateKeyMismatch { .. }
                | Self::WorkerCrashed { .. }
                | Self::WorkerHung { .. }
                | Self::WorkerReplyMalformed(_)
        )
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModulePathNotAbsolute { path } => {
                write!(f, "module path {} is not absolute", path.display())
            }
            Self::ModuleNotAllowed { path } => {
                write!(f, "module {} is not on the allow-list", path.display())
            }
            Self::ModuleMissing { path } => write!(f, "module {} does not exist", path.display()),
            Self::NotPkcs11Module { path } => {
                write!(f, "{} is not a PKCS#11 module", path.display())
            }
            Self::ModuleDigestMismatch { path } => {
                write!(f, "module {} is not the file that was allowed", path.display())
            }
            Self::TokenNotPresent => f.write_str("the token is not present"),
            Self::TokenRemoved { function } => write!(f, "the token was removed ({function})"),
            Self::TokenNotInitialized => f.write_str("the token is not initialized"),
            Self::SessionLost { function } => {
                write!(f, "the session with the token was lost ({function})")
            }
            Self::TokenBusy { waited } => {
                write!(f, "another signing act holds the token; waited {} ms", waited.as_millis())
            }
            Self::PinRefused(PinRefused::Cancelled) => f.write_str("PIN entry was cancelled"),
            Self::PinRefused(PinRefused::NoPrompt) => {
                f.write_str("a PIN is needed and nobody can be asked")
            }
            Self::PinRefused(PinRefused::TimedOut) => f.write_str("nobody entered the PIN in time"),
            Self::PinFileUnusable { path } => {
                write!(f, "PIN file {} cannot be used", path.display())
            }
            Self::PinFileReadableByOthers { path, mode } => {
                write!(
                    f,
                    "PIN file {} is open to others (mode {mode:o}); chmod 600 it",
                    path.display()
                )
            }
            Self::PinSourceUnsuitable => {
                f.write_str("the token does not take its PIN from this source")
            }
            Self::PinIncorrect { state } if state.locked => {
                f.write_str("wrong PIN; it is now locked")
            }
            Self::PinIncorrect { state } if state.final_try => {
                f.write_str("wrong PIN; one try is left")
            }
            Self::PinIncorrect { .. } => f.write_str("wrong PIN"),
            Self::PinLocked => f.write_str("the PIN is locked"),
            Self::PinLength { min, max } => write!(f, "the PIN must have {min} to {max} bytes"),
            Self::PinExpired => f.write_str("the PIN has expired and must be changed"),
            Self::LastTryRefused => f.write_str("one PIN try is left and it was not confirmed"),
            Self::KeyNotFound { id } => write!(f, "no private key with CKA_ID {}", hex::encode(id)),
            Self::CertificateKeyMismatch { id } => {
                write!(f, "the key with CKA_ID {} is not the certificate's", hex::encode(id))
            }
            Self::KeyUnsupported => f.write_str("the key's type or size is not supported"),
            Self::CertificateMalformed { offset: Some(offset) } => {
                write!(f, "the certificate does not parse at byte {offset}")
            }
            Self::CertificateMalformed { offset: None } => {
                f.write_str("the certificate does not parse")
            }
            Self::UriMalformed { offset } => {
                write!(f, "the credential URI does not parse at byte {offset}")
            }
            Self::UriPinValueRefused => f.write_str("a PIN inside a URI is refused"),
            Self::UriMatchesNothing => f.write_str("the URI matches no credential"),
            Self::UriAmbiguous { matches } => write!(f, "the URI matches {matches} credentials"),
            Self::MechanismNotOffered { algorithm } => {
                write!(f, "the token does not offer {algorithm:?}")
            }
            Self::MessageNeeded { algorithm } => {
                write!(f, "the token takes {algorithm:?} only over the message itself")
            }
            Self::DigestLength { expected, actual } => {
                write!(f, "digest of {actual} bytes where {expected} are due")
            }
            Self::UnexpectedLength { expected, actual } => {
                write!(f, "the device returned {actual} bytes where {expected} are due")
            }
            Self::DeviceMemory { function } => {
                write!(f, "the device is out of memory ({function})")
            }
            Self::DeviceError { function } => write!(f, "the device failed ({function})"),
            Self::CallTimedOut { function, limit } => {
                write!(
                    f,
                    "the module did not return from {function} within {} ms",
                    limit.as_millis()
                )
            }
            Self::LabelTooLong { length } => {
                write!(f, "the label has {length} bytes, at most 32 fit")
            }
            Self::ActUnknown => f.write_str("no such signing act is open"),
            Self::PrivateKeyUnreadable { path, os_error } => {
                write!(f, "private key file {} cannot be read", path.display())?;
                match os_error {
                    Some(number) => write!(f, ": {}", std::io::Error::from_raw_os_error(*number)),
                    None => Ok(()),
                }
            }
            Self::PrivateKeyTooLong { limit } => {
                write!(f, "the private key file has more than {limit} bytes")
            }
            Self::PrivateKeyMalformed => f.write_str("the private key does not parse"),
            Self::ReplyMalformed { function } => {
                write!(f, "the module answered {function} wrongly")
            }
            Self::Call { function, value } => write!(f, "{function} returned {value}"),
            Self::KeyFile(error) => error.fmt(f),
            Self::Remote(error) => error.fmt(f),
            Self::WorkerNotStarted { program, os_error } => {
                write!(f, "the token worker {} does not start", program.display())?;
                match os_error {
                    Some(number) => write!(f, ": {}", std::io::Error::from_raw_os_error(*number)),
                    None => Ok(()),
                }
            }
            Self::WorkerCrashed { signal: Some(signal), .. } => {
                write!(f, "the module's process died of signal {signal}")
            }
            Self::WorkerCrashed { exit_code: Some(code), .. } => {
                write!(f, "the module's process ended with exit code {code}")
            }
            Self::WorkerCrashed { .. } => f.write_str("the module's process ended"),
            Self::WorkerHung { function, limit } => write!(
                f,
                "the module's process did not return from {function} within {} ms and was ended",
                limit.as_millis()
            ),
            Self::WorkerReplyMalformed(error) => {
                write!(f, "the module's process answered with no message: {error}")
            }
            Self::WorkerRequestRefused(error) => {
                write!(f, "the request does not fit a message to the module's process: {error}")
            }
            Self::PromptNotInWorker => {
                f.write_str("the module's process cannot ask here; name a terminal or a pinentry")
            }
        }
    }
}

impl std::error::Error for TokenError {}

impl From<RemoteError> for TokenError {
    fn from(error: RemoteError) -> Self {
        Self::Remote(error)
    }
}

impl From<KeyFileError> for TokenError {
    fn from(error: KeyFileError) -> Self {
        Self::KeyFile(error)
    }
}
