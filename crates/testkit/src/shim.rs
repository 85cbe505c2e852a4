//! A PKCS#11 module that wraps another one and fails on demand.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Environment variable with the absolute path of the module that does the work.
pub const MODULE: &str = "KYSO_SHIM_MODULE";
/// Environment variable with the path of the control file; see [`Fault`].
pub const FAULT: &str = "KYSO_SHIM_FAULT";
/// Environment variable with the path of a file to which the names of the calls are appended; see [`Calls`].
pub const LOG: &str = "KYSO_SHIM_LOG";
/// Environment variable with the PIN that is "typed" on the reader under [`Fault::PinPad`].
pub const PAD_PIN: &str = "KYSO_SHIM_PAD_PIN";

const SOURCE: &str = include_str!("../shim/shim.c");

/// Environment variable with SoftHSM's configuration for the module that does the work, where it shall see other tokens than the
/// module itself: else a program that loads both sees each token twice.
pub const SOFTHSM2_CONF: &str = "KYSO_SHIM_SOFTHSM2_CONF";

/// What the shim does wrong; switched in flight by [`Fault::write`], also for processes that others have started with
/// the four variables in their environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// CKF_USER_PIN_COUNT_LOW.
    PinCountLow,
    /// CKF_USER_PIN_FINAL_TRY.
    PinFinalTry,
    /// CKF_USER_PIN_LOCKED.
    PinLocked,
    /// CKF_PROTECTED_AUTHENTICATION_PATH, with [`PAD_PIN`] typed on it.
    PinPad,
    /// `C_Login` returns CKR_PIN_LOCKED.
    LoginPinLocked,
    /// `C_Login` returns CKR_PIN_INCORRECT after these milliseconds.
    LoginPinIncorrect(u64),
    /// `C_Login` comes back after these milliseconds.
    LoginHang(u64),
    /// `C_GetSlotList` comes back after these milliseconds.
    SlotsHang(u64),
    /// No mechanism without a hash.
    HashOnly,
    /// No public key object is found.
    HidePublicKeys,
    /// `C_OpenSession` returns CKR_SESSION_COUNT.
    SessionCount,
    /// `C_Sign` returns CKR_DEVICE_REMOVED.
    DeviceRemoved,
    /// `C_Sign` returns CKR_DEVICE_MEMORY.
    DeviceMemory,
    /// One call of `C_Sign`, and no other, returns CKR_DEVICE_MEMORY.
    DeviceMemoryOnce,
    /// `C_Sign` returns CKR_DEVICE_ERROR.
    DeviceError,
    /// `C_Sign` returns CKR_SESSION_HANDLE_INVALID.
    SessionInvalid,
    /// `C_Sign` comes back after these milliseconds.
    Hang(u64),
    /// `C_Sign` aborts the process.
    Crash,
    /// `C_Sign` says its signature is a byte shorter.
    SignatureShort,
    /// `C_Sign` says its signature is a byte longer.
    SignatureLong,
    /// `C_Sign` says its signature is empty.
    SignatureEmpty,
    /// `C_Sign` says its signature is longer than memory.
    SignatureAbsurd,
    /// `C_Sign` takes this many MiB of memory for good, and returns CKR_HOST_MEMORY where there is none.
    Leak(u64),
    /// `C_GetSlotList` and `C_Sign` write to standard output.
    Noise,
    /// No token is in any slot, as if pulled out: `C_Sign` returns CKR_DEVICE_REMOVED.
    Pulled,
    /// The token shows another serial number.
    OtherToken,
    /// The library's clean-up, as its process exits, takes these milliseconds.
    ExitHang(u64),
}

impl Fault {
    /// Writes the control file: the fault is on from the next call that follows `after` good ones.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(self, control: &Path, after: u32) -> std::io::Result<()> {
        let (name, amount) = match self {
            Self::None => ("none", 0),
            Self::PinCountLow => ("pin-count-low", 0),
            Self::PinFinalTry => ("pin-final-try", 0),
            Self::PinLocked => ("pin-locked", 0),
            Self::PinPad => ("pin-pad", 0),
            Self::LoginPinLocked => ("login-pin-locked", 0),
            Self::LoginPinIncorrect(milliseconds) => ("login-pin-incorrect", milliseconds),
            Self::LoginHang(milliseconds) => ("login-hang", milliseconds),
            Self::SlotsHang(milliseconds) => ("slots-hang", milliseconds),
            Self::HashOnly => ("hash-only", 0),
            Self::HidePublicKeys => ("hide-public-keys", 0),
            Self::SessionCount => ("session-count", 0),
            Self::DeviceRemoved => ("device-removed", 0),
            Self::DeviceMemory => ("device-memory", 0),
            Self::DeviceMemoryOnce => ("device-memory-once", 0),
            Self::DeviceError => ("device-error", 0),
            Self::SessionInvalid => ("session-invalid", 0),
            Self::Hang(milliseconds) => ("hang", milliseconds),
            Self::Crash => ("crash", 0),
            Self::SignatureShort => ("signature-short", 0),
            Self::SignatureLong => ("signature-long", 0),
            Self::SignatureEmpty => ("signature-empty", 0),
            Self::SignatureAbsurd => ("signature-absurd", 0),
            Self::Leak(mebibytes) => ("leak", mebibytes),
            Self::Noise => ("noise", 0),
            Self::Pulled => ("pulled", 0),
            Self::OtherToken => ("other-token", 0),
            Self::ExitHang(milliseconds) => ("exit-hang", milliseconds),
        };
        // Renamed into place, so that a call in another thread never reads half a line.
        let next = control.with_extension("next");
        std::fs::write(&next, format!("{name} {after} {amount}\n"))?;
        std::fs::rename(next, control)
    }
}

/// What the shim's log ([`LOG`]) holds: which functions were called, by which process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(String);

impl Calls {
    /// Reads the log; an absent one is empty.
    #[must_use]
    pub fn read(log: &Path) -> Self {
        Self(std::fs::read_to_string(log).unwrap_or_default())
    }

    /// Reads the log and empties it: what was called since the last time.
    ///
    /// # Panics
    /// Where the file cannot be written.
    #[must_use]
    #[track_caller]
    pub fn take(log: &Path) -> Self {
        let calls = Self::read(log);
        std::fs::write(log, "")
            .unwrap_or_else(|error| panic!("{} cannot be written: {error}", log.display()));
        calls
    }

    /// How often a function (`C_Login`) was called.
    #[must_use]
    pub fn of(&self, function: &str) -> usize {
        self.lines().filter(|(called, _)| *called == function).count()
    }

    /// How often a process called it.
    #[must_use]
    pub fn of_process(&self, function: &str, pid: u32) -> usize {
        self.lines().filter(|line| *line == (function, pid)).count()
    }

    fn lines(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.lines().filter_map(|line| {
            let (function, pid) = line.split_once(' ')?;
            Some((function, pid.parse().ok()?))
        })
    }
}

/// Compiles the shim into `folder` with the system's C compiler and returns the module's path.
///
/// # Panics
/// Where there is no C compiler, or it refuses the source.
#[track_caller]
pub fn build(folder: &Path) -> PathBuf {
    let source = folder.join("shim.c");
    let module = folder.join("libkyso_shim.so");
    std::fs::write(&source, SOURCE)
        .unwrap_or_else(|error| panic!("{} cannot be written: {error}", source.display()));
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"])
        .args([&module, &source])
        .arg("-ldl")
        .output()
        .unwrap_or_else(|error| panic!("cc: {error}; install a C compiler (cargo xtask setup)"));
    assert!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr));
    module
}
