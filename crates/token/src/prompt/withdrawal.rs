//! Questions for a PIN that are taken back while they stand.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use crate::TokenInfo;
use crate::lock::lock;

/// Label and serial number of a token: what a question names.
type Token = (String, String);

/// How often the questions of a token were taken back; as long as the tokens that this process ever asked about.
static WITHDRAWN: OnceLock<Mutex<HashMap<Token, u64>>> = OnceLock::new();

fn times(token: &Token) -> u64 {
    lock(WITHDRAWN.get_or_init(Mutex::default)).get(token).copied().unwrap_or(0)
}

/// Takes back every question for this token's PIN that stands now, in this process.
pub(crate) fn withdraw(label: &str, serial: &str) {
    let token = (label.to_owned(), serial.to_owned());
    *lock(WITHDRAWN.get_or_init(Mutex::default)).entry(token).or_default() += 1;
}

/// A question that stands.
pub(super) struct Standing {
    token: Token,
    since: u64,
}

impl Standing {
    pub(super) fn about(token: &TokenInfo) -> Self {
        let token = (token.label.clone(), token.serial.clone());
        let since = times(&token);
        Self { token, since }
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        times(&self.token) != self.since
    }
}
