//! What the pins of `hsm-config/trust-pins.toml` say of a certificate.

use kyso_token::profile::{TrustPin, trust_pins};
use kyso_x509::Certificate;

/// What the pins say of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pinned {
    /// It is the pinned certificate.
    As(TrustPin),
    /// It bears the name of a pinned authority, and is another certificate.
    Impostor(TrustPin),
    /// No pin is about it.
    Unknown,
}

/// What the pins say of a certificate, whatever file or store it lies in.
#[must_use]
pub fn pinned_as(certificate: &Certificate) -> Pinned {
    let pins = pins();
    if let Some(pin) = pins.iter().find(|pin| pin.matches(certificate.as_der())) {
        return Pinned::As(pin.clone());
    }
    let name = certificate.subject().common_name().map(comparable);
    let same = |pin: &&TrustPin| {
        let (_, common_name) = pin.subject.rsplit_once("CN=").unwrap_or_default();
        name.as_deref().is_some_and(|name| name == comparable(common_name))
    };
    pins.iter().find(same).map_or(Pinned::Unknown, |pin| Pinned::Impostor(pin.clone()))
}

/// Whether a store of this name takes pinned anchors only.
#[must_use]
pub fn is_pinned(store: &str) -> bool {
    pins().iter().any(|pin| pin.store == store)
}

/// The pins are part of the program; `kyso-token`'s tests parse them.
fn pins() -> Vec<TrustPin> {
    trust_pins().unwrap_or_default()
}

/// A name without case and spacing, by which a person would take one for the other.
fn comparable(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
