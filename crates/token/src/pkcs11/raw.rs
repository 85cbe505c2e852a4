//! The one call cryptoki does not offer: `C_Sign` alone.
//!
//! cryptoki's `Session::sign` joins `C_SignInit`, a length query and `C_Sign`. A CKA_ALWAYS_AUTHENTICATE key needs a
//! `C_Login` between the first and the last (PKCS#11 2.40 §5.6.7), `C_SignFinal` is refused by modules whose mechanism
//! is single-part, and the length query costs a round trip to a card. This file is the crate's only unsafe code.

#![expect(unsafe_code, reason = "C_Sign without C_SignInit is not in cryptoki's safe interface")]

use std::borrow::Cow;
use std::path::Path;

use cryptoki_sys::{
    CK_FUNCTION_LIST, CK_RV, CK_SESSION_HANDLE, CK_ULONG, CKR_BUFFER_TOO_SMALL, CKR_OK,
};
use pkcs11::context::Function;
use pkcs11::error::{Error, Rv};
use pkcs11::session::Session;

use super::failure::failure;
use crate::TokenError;

type SignFunction =
    unsafe extern "C" fn(CK_SESSION_HANDLE, *mut u8, CK_ULONG, *mut u8, *mut CK_ULONG) -> CK_RV;

/// Room for a signature: twice the largest we ask for, RSA-4096's 512 bytes.
const ROOM: usize = 1024;

/// `C_Sign` of a loaded module.
pub(super) struct RawSign {
    sign: SignFunction,
    // Keeps the library mapped as long as `sign` may be called.
    _library: cryptoki_sys::Pkcs11,
}

impl RawSign {
    /// Takes `C_Sign` from a module that cryptoki has loaded from the same path.
    pub(super) fn of_module(path: &Path) -> Result<Self, TokenError> {
        let not_a_module = || TokenError::NotPkcs11Module { path: path.to_path_buf() };
        // SAFETY: the path passed the allow-list and the same library is mapped already, so that no initializer runs
        // that the administrator did not allow; the system only counts one more user of it.
        let library = unsafe { cryptoki_sys::Pkcs11::new(path) }.map_err(|_| not_a_module())?;
        if library.C_GetFunctionList.is_err() {
            return Err(not_a_module());
        }
        let mut list: *mut CK_FUNCTION_LIST = std::ptr::null_mut();
        // SAFETY: the symbol exists (checked above, the binding would panic otherwise) and the argument is a valid
        // place for one pointer.
        let value = unsafe { library.C_GetFunctionList(&raw mut list) };
        if value != CKR_OK || list.is_null() {
            return Err(not_a_module());
        }
        // SAFETY: a module that returned CKR_OK points to a function list that lives as long as the library (PKCS#11
        // 2.40 §5.4). `read_unaligned` since the list is packed on some systems.
        let sign =
            unsafe { (&raw const (*list).C_Sign).read_unaligned() }.ok_or_else(not_a_module)?;
        Ok(Self { sign, _library: library })
    }

    /// Ends the signing operation that `C_SignInit` began in this session; the result is `expected` bytes long.
    pub(super) fn sign(
        &self,
        session: &Session,
        data: &[u8],
        expected: usize,
    ) -> Result<Vec<u8>, TokenError> {
        let function = || Cow::Borrowed("C_Sign");
        let data_len = CK_ULONG::try_from(data.len())
            .map_err(|_| TokenError::ReplyMalformed { function: function() })?;
        let mut signature = vec![0_u8; ROOM];
        let mut length = ROOM as CK_ULONG;
        // SAFETY: `data` and `signature` are live for the call and their true lengths are passed; the module is not to
        // write through the data pointer (it is an input, mutable only in C's signature). `Session` is not `Sync`, so
        // that no other thread uses this handle now.
        let value = unsafe {
            (self.sign)(
                session.handle(),
                data.as_ptr().cast_mut(),
                data_len,
                signature.as_mut_ptr(),
                &raw mut length,
            )
        };
        // Lossless: CK_ULONG is at most as wide as u64, and a nonsensical length only has to differ.
        let actual = usize::try_from(length).unwrap_or(usize::MAX);
        if value == CKR_BUFFER_TOO_SMALL || (value == CKR_OK && actual != expected) {
            return Err(TokenError::UnexpectedLength { expected, actual });
        }
        match Rv::from(value) {
            Rv::Ok => {
                signature.truncate(actual);
                Ok(signature)
            }
            Rv::Error(error) => Err(failure(Error::Pkcs11(error, Function::Sign))),
        }
    }
}
