//! A certificate with its key on a token, as a person would choose it.

use serde::{Deserialize, Serialize};

use crate::{KeyType, PinState, SigningAlgorithm};

/// A certificate and the private key with the same `CKA_ID`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// RFC 7512 URI with path attributes only (`pkcs11:token=…;serial=…;id=%01`), or `file:…` for a key file.
    pub uri: String,
    /// Absolute path of the PKCS#11 module or of the key file.
    pub module: std::path::PathBuf,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// All other certificates of the same token or file, DER: intermediates among them.
    pub other_certificates: Vec<Vec<u8>>,
    /// The key's type, from the certificate.
    pub key_type: KeyType,
    /// What the token offers for this key; all of them sign an [`crate::Input::Message`].
    pub algorithms: Vec<SigningAlgorithm>,
    /// Those of `algorithms` that cannot take an [`crate::Input::Digest`].
    pub needs_message: Vec<SigningAlgorithm>,
    /// `CKA_LABEL` of the certificate; never used to find the key.
    pub label: String,
    /// `CKA_ID` of certificate and key; the key file's localKeyID.
    pub id: Vec<u8>,
    /// The token that holds it.
    pub token: TokenInfo,
    /// `CKA_ALWAYS_AUTHENTICATE`: the PIN is presented for every signature. `None` where the key shows only after login.
    pub always_authenticate: Option<bool>,
    /// Whether the certificate's public key was seen to be the token's.
    pub key_match: KeyMatch,
}

/// Result of comparing the certificate's public key with the key object of the same `CKA_ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyMatch {
    /// Modulus or point are equal.
    Matches,
    /// They differ: the credential cannot be opened.
    Mismatch,
    /// Nothing readable before login to compare; compared again at login.
    Unchecked,
}

/// What CK_TOKEN_INFO (PKCS#11 2.40 §3.2) says of a token, without padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// Label given at initialization.
    pub label: String,
    /// Manufacturer.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Serial number.
    pub serial: String,
    /// Slot it was found in; 0 for a key file.
    pub slot_id: u64,
    /// State of the user PIN when last read.
    pub user_pin: PinState,
    /// State of the security officer's PIN when last read.
    pub so_pin: PinState,
    /// A PIN is needed before private keys can be used.
    pub login_required: bool,
    /// The PIN is typed on the reader (CKF_PROTECTED_AUTHENTICATION_PATH).
    pub protected_authentication_path: bool,
    /// The token has been initialized.
    pub initialized: bool,
    /// The user PIN has been set.
    pub user_pin_initialized: bool,
    /// Shortest PIN in bytes.
    pub min_pin_len: u64,
    /// Longest PIN in bytes.
    pub max_pin_len: u64,
}
