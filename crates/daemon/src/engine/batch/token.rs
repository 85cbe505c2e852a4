//! Whether the token that a batch was agreed for is there.

use kyso_token::Credential;

use crate::app::App;

/// What lies where the token was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The same token, in whatever slot of its module.
    Same,
    /// No token, or nobody can say.
    Nothing,
    /// A token with this serial number.
    Other(String),
}

/// Looks at the module's slots.
pub(super) fn look(app: &App, credential: &Credential) -> Seen {
    if credential.uri.starts_with("file:") {
        return if credential.module.is_file() { Seen::Same } else { Seen::Nothing };
    }
    // What was seen a moment ago may be what made somebody look.
    app.tokens().forget();
    let Ok(slots) = app.tokens().slots() else { return Seen::Nothing };
    let of_module = slots.iter().filter(|slot| slot.module == credential.module);
    let mut other = None;
    for slot in of_module {
        match &slot.token {
            Some(token) if token.serial == credential.token.serial => return Seen::Same,
            Some(token) if slot.slot_id == credential.token.slot_id => {
                other = Some(token.serial.clone());
            }
            _ => {}
        }
    }
    other.map_or(Seen::Nothing, Seen::Other)
}
