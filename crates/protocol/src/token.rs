//! Tokens as the daemon sees them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Problem;

/// `GET /v1/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenList {
    /// The tokens that are present.
    pub tokens: Vec<Token>,
    /// Modules that did not answer, each with its reason; the others are listed all the same.
    pub problems: Vec<Problem>,
}

/// A token in a slot (PKCS#11 §3.2, CK_TOKEN_INFO), or a key file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Serial number.
    pub serial: String,
    /// Label.
    pub label: String,
    /// Manufacturer.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Slot's number.
    pub slot: u64,
    /// Path of its PKCS#11 module.
    pub module: String,
    /// Whether it has been initialized.
    pub initialized: bool,
    /// Whether the PIN is typed on the reader.
    pub pin_pad: bool,
    /// The user PIN's counters.
    pub pin: PinCounters,
    /// Whether an act is under way on it.
    pub busy: bool,
}

/// What a token shows of wrong PINs (CKF_USER_PIN_… flags).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PinCounters {
    /// A wrong PIN was entered since the last right one.
    pub count_low: bool,
    /// One more wrong PIN locks it.
    pub final_try: bool,
    /// It is locked.
    pub locked: bool,
    /// It must be changed before use.
    pub to_be_changed: bool,
}
