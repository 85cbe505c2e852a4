//! Secrets in messages: access tokens, SADs.

use serde::{Deserialize, Deserializer};

use crate::Pin;

/// A secret that a service sent; wiped when dropped, never printed.
pub(super) struct Secret(Pin);

impl Secret {
    pub(super) fn new(text: String) -> Self {
        Self(Pin::new(text))
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
