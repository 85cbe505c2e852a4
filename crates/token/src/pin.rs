//! PINs: where they come from, who is asked, and what the token says of them.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::TokenInfo;

/// A PIN or password: zeroized when dropped, never printed, cloned, compared or serialized.
///
/// ```compile_fail,E0277
/// println!("{:?}", kyso_token::Pin::new("1234".into()));
/// ```
///
/// ```compile_fail,E0599
/// let copy = kyso_token::Pin::new("1234".into()).clone();
/// ```
///
/// ```compile_fail,E0277
/// fn send(_: impl serde::Serialize) {}
/// send(kyso_token::Pin::new("1234".into()));
/// ```
pub struct Pin(SecretString);

impl Pin {
    /// Copies the text once and wipes the buffer it came in.
    #[must_use]
    pub fn new(pin: String) -> Self {
        let pin = Zeroizing::new(pin);
        Self(SecretString::from(pin.as_str()))
    }

    /// The secret itself, for the one call that presents it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.0
    }
}

/// Where a PIN comes from; this is what messages carry instead of the PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinSource {
    /// First line of a file (RFC 7512 `pin-source=file:…`).
    File(PathBuf),
    /// The service's own [`PinPrompt`].
    Prompt,
    /// The reader's key pad (CKF_PROTECTED_AUTHENTICATION_PATH).
    ProtectedPath,
    /// A person at this terminal, which the service opens itself.
    #[cfg(unix)]
    Terminal(Box<crate::prompt::Terminal>),
    /// A person at the dialogue that this program shows; the service starts it.
    #[cfg(unix)]
    Pinentry(Box<crate::prompt::Pinentry>),
}

impl PinSource {
    /// Who is asked, told of the counters, and asked about the last try: the source itself, where it is a person's.
    pub(crate) fn person<'a>(&'a self, otherwise: &'a dyn PinPrompt) -> &'a dyn PinPrompt {
        match self {
            Self::File(_) | Self::Prompt | Self::ProtectedPath => otherwise,
            #[cfg(unix)]
            Self::Terminal(terminal) => terminal.as_ref(),
            #[cfg(unix)]
            Self::Pinentry(pinentry) => pinentry.as_ref(),
        }
    }
}

/// The counters a token shows: CKF_USER_PIN_COUNT_LOW and its siblings (PKCS#11 2.40 §3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinState {
    /// A wrong PIN was entered since the last right one.
    pub count_low: bool,
    /// One more wrong PIN locks it.
    pub final_try: bool,
    /// It is locked.
    pub locked: bool,
    /// It expired or must be changed before use.
    pub to_be_changed: bool,
}

/// What the PIN will be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinPurpose {
    /// Log in as user, once for one act.
    Login,
    /// Log in as security officer.
    SecurityOfficer,
    /// Choose a new user PIN.
    NewUser,
    /// Choose a new security officer's PIN.
    NewSecurityOfficer,
    /// The password of a key file.
    KeyFile,
    /// A password that a service takes once, for the signatures at hand.
    OneTimePassword,
}

/// What a prompt shows a person before they type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinRequest {
    /// What for.
    pub purpose: PinPurpose,
    /// Which token, with label and serial number.
    pub token: TokenInfo,
    /// The counters as read just now.
    pub state: PinState,
}

/// The person did not give a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinRefused {
    /// Cancelled by the person.
    Cancelled,
    /// There is nobody to ask: no terminal, no window.
    NoPrompt,
    /// The person did not answer in time.
    TimedOut,
}

/// Who is asked for a PIN; lives where the module lives, never behind a message.
pub trait PinPrompt: Send + Sync {
    /// Asks for the PIN, showing the counters.
    ///
    /// # Errors
    /// [`PinRefused`] where no PIN is given.
    fn pin(&self, request: &PinRequest) -> Result<Pin, PinRefused>;

    /// Told before each login, whatever the PIN's source, with the counters: a PIN file or a pad shows nobody that wrong
    /// PINs were entered.
    fn notice(&self, request: &PinRequest) {
        let _ = request;
    }

    /// Asks whether the last try before the lock shall be spent; also asked where the PIN comes from a file or a pad.
    fn confirm_last_try(&self, request: &PinRequest) -> bool {
        let _ = request;
        false
    }
}

/// A prompt that never gives a PIN: for PIN files and PIN pads with nobody at the desk.
impl PinPrompt for () {
    fn pin(&self, _request: &PinRequest) -> Result<Pin, PinRefused> {
        Err(PinRefused::NoPrompt)
    }
}
