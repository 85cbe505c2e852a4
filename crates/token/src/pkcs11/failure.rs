//! From a module's return value to the error that names it.

use std::borrow::Cow;

use pkcs11::context::Function;
use pkcs11::error::{Error, RvError};

use crate::TokenError;

/// Maps what every function may return; the PIN's own errors need the counters and are mapped at the login.
pub(super) fn failure(error: Error) -> TokenError {
    match error {
        Error::Pkcs11(value, function) => by_value(&value, name(function)),
        Error::NullFunctionPointer | Error::NotSupported => TokenError::Call {
            function: Cow::Borrowed("C_GetFunctionList"),
            value: Cow::Borrowed("CKR_FUNCTION_NOT_SUPPORTED"),
        },
        _ => TokenError::ReplyMalformed { function: Cow::Borrowed("the module") },
    }
}

/// The value alone, for calls that do not go through cryptoki.
pub(super) fn by_value(value: &RvError, function: Cow<'static, str>) -> TokenError {
    match value {
        RvError::DeviceRemoved | RvError::TokenNotPresent => TokenError::TokenRemoved { function },
        RvError::TokenNotRecognized => TokenError::TokenNotInitialized,
        RvError::SessionHandleInvalid | RvError::SessionClosed | RvError::UserNotLoggedIn => {
            TokenError::SessionLost { function }
        }
        RvError::DeviceMemory | RvError::HostMemory => TokenError::DeviceMemory { function },
        RvError::DeviceError | RvError::GeneralError | RvError::FunctionFailed => {
            TokenError::DeviceError { function }
        }
        RvError::PinLocked => TokenError::PinLocked,
        RvError::PinExpired => TokenError::PinExpired,
        RvError::FunctionCanceled => TokenError::PinRefused(crate::PinRefused::Cancelled),
        value => TokenError::Call { function, value: ckr_name(value) },
    }
}

/// `Sign` → `C_Sign`.
pub(super) fn name(function: Function) -> Cow<'static, str> {
    match function {
        Function::Login => Cow::Borrowed("C_Login"),
        Function::Sign => Cow::Borrowed("C_Sign"),
        Function::SignInit => Cow::Borrowed("C_SignInit"),
        other => Cow::Owned(format!("C_{other:?}")),
    }
}

/// `KeyTypeInconsistent` → `CKR_KEY_TYPE_INCONSISTENT`; a vendor's own value in hexadecimal.
fn ckr_name(value: &RvError) -> Cow<'static, str> {
    if let RvError::VendorDefined(code) | RvError::UnknownErrorCode(code) = value {
        return Cow::Owned(format!("0x{code:08X}"));
    }
    let mut name = String::from("CKR");
    for letter in format!("{value:?}").chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    Cow::Owned(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_standards() {
        let error = failure(Error::Pkcs11(RvError::KeyTypeInconsistent, Function::FindObjectsInit));
        assert_eq!(error.to_string(), "C_FindObjectsInit returned CKR_KEY_TYPE_INCONSISTENT");
        let error = failure(Error::Pkcs11(RvError::VendorDefined(0x8000_0007), Function::Sign));
        assert_eq!(error.to_string(), "C_Sign returned 0x80000007");
    }
}
