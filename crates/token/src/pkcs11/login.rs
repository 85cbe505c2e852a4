//! From a PIN source to a logged-in session, sparing the tries that are left.

use std::borrow::Cow;

use pkcs11::context::Function;
use pkcs11::error::{Error, RvError};
use pkcs11::session::{Session, UserType};
use pkcs11::slot::Slot;

use super::failure::failure;
use super::module::Module;
use super::scan::token_info;
use crate::{
    Pin, PinPrompt, PinPurpose, PinRequest, PinSource, TokenError, TokenInfo, read_pin_file,
};

/// What is presented at C_Login.
pub(super) enum Secret {
    /// A PIN.
    Pin(Pin),
    /// Nothing: it is typed on the reader.
    ProtectedPath,
}

/// Reads the counters' verdict, then the PIN.
///
/// The order matters: a locked PIN asks nobody, and the last try needs a yes whatever the source.
pub(super) fn ask(
    source: &PinSource,
    prompt: &dyn PinPrompt,
    purpose: PinPurpose,
    token: &TokenInfo,
) -> Result<Secret, TokenError> {
    let prompt = source.person(prompt);
    let state = match purpose {
        PinPurpose::SecurityOfficer | PinPurpose::NewSecurityOfficer => token.so_pin,
        PinPurpose::Login
        | PinPurpose::NewUser
        | PinPurpose::KeyFile
        | PinPurpose::OneTimePassword => token.user_pin,
    };
    let request = PinRequest { purpose, token: token.clone(), state };
    let presents = matches!(purpose, PinPurpose::Login | PinPurpose::SecurityOfficer);
    if presents && state.locked {
        return Err(TokenError::PinLocked);
    }
    if presents {
        prompt.notice(&request);
    }
    if presents && state.final_try && !prompt.confirm_last_try(&request) {
        return Err(TokenError::LastTryRefused);
    }
    let pin = match source {
        PinSource::ProtectedPath if token.protected_authentication_path => {
            return Ok(Secret::ProtectedPath);
        }
        PinSource::ProtectedPath => return Err(TokenError::PinSourceUnsuitable),
        PinSource::File(path) => read_pin_file(path)?,
        // A token with a pad takes the PIN there even where the caller would prompt.
        _ if token.protected_authentication_path => return Ok(Secret::ProtectedPath),
        _ => prompt.pin(&request).map_err(TokenError::PinRefused)?,
    };
    let (length, min, max) = (pin.expose().len() as u64, token.min_pin_len, token.max_pin_len);
    if length < min || (max != 0 && length > max) {
        // A PIN the token cannot have costs no try.
        return Err(TokenError::PinLength { min, max });
    }
    Ok(Secret::Pin(pin))
}

/// `C_Login`, once; the token's counters come back with a wrong PIN.
pub(super) fn login(
    module: &Module,
    slot: Slot,
    session: &Session,
    user: UserType,
    secret: &Secret,
) -> Result<(), TokenError> {
    let pin = match secret {
        Secret::Pin(pin) => Some(pin.secret()),
        Secret::ProtectedPath => None,
    };
    let mut result = session.login(user, pin);
    if let Err(Error::Pkcs11(
        RvError::UserAlreadyLoggedIn | RvError::UserAnotherAlreadyLoggedIn,
        _,
    )) = result
    {
        // We hold the process's lease, so this login is a leftover of an act that could not log out. Nobody signs on
        // another act's PIN: end it and present ours.
        session.logout().map_err(failure)?;
        result = session.login(user, pin);
    }
    let Err(error) = result else { return Ok(()) };
    let Error::Pkcs11(value, function @ Function::Login) = error else {
        return Err(failure(error));
    };
    Err(match value {
        RvError::PinIncorrect | RvError::PinInvalid => {
            let token = token_info(&module.context, slot)?;
            let state = if matches!(user, UserType::So) { token.so_pin } else { token.user_pin };
            TokenError::PinIncorrect { state }
        }
        RvError::PinLenRange => {
            let token = token_info(&module.context, slot)?;
            TokenError::PinLength { min: token.min_pin_len, max: token.max_pin_len }
        }
        RvError::UserPinNotInitialized => TokenError::TokenNotInitialized,
        RvError::ArgumentsBad if pin.is_none() => TokenError::PinSourceUnsuitable,
        value => super::failure::by_value(
            &value,
            Cow::Owned(super::failure::name(function).into_owned()),
        ),
    })
}
