//! PKCS#11 URIs (RFC 7512): how a person or a configuration names a credential.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Credential, PinSource, TokenError, percent};

/// Longest URI taken; the attributes of one credential need a tenth of it.
const MAX_URI_LEN: usize = 4096;

/// A parsed `pkcs11:` URI; an absent attribute matches everything (RFC 7512 §2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pkcs11Uri {
    /// `token`: label of the token.
    pub token: Option<String>,
    /// `serial`: serial number of the token.
    pub serial: Option<String>,
    /// `manufacturer` of the token.
    pub manufacturer: Option<String>,
    /// `model` of the token.
    pub model: Option<String>,
    /// `object`: `CKA_LABEL`.
    pub object: Option<String>,
    /// `id`: `CKA_ID`, any bytes.
    pub id: Option<Vec<u8>>,
    /// `type`: cert, private, public, data or secret-key.
    pub object_type: Option<String>,
    /// `slot-id`.
    pub slot_id: Option<u64>,
    /// Query attribute `module-path`.
    pub module_path: Option<PathBuf>,
    /// Query attribute `pin-source`, a file.
    pub pin_source: Option<PathBuf>,
}

impl Pkcs11Uri {
    /// Whether the credential is one of those the URI names.
    #[must_use]
    pub fn matches(&self, credential: &Credential) -> bool {
        fn fits(wanted: &Option<String>, actual: &str) -> bool {
            wanted.as_deref().is_none_or(|wanted| wanted == actual)
        }
        let token = &credential.token;
        fits(&self.token, &token.label)
            && fits(&self.serial, &token.serial)
            && fits(&self.manufacturer, &token.manufacturer)
            && fits(&self.model, &token.model)
            && fits(&self.object, &credential.label)
            && self.id.as_deref().is_none_or(|id| id == credential.id)
            && self.slot_id.is_none_or(|slot| slot == token.slot_id)
            && self
                .object_type
                .as_deref()
                .is_none_or(|kind| matches!(kind, "cert" | "private" | "public"))
            && self.module_path.as_deref().is_none_or(|path| path == credential.module)
    }

    /// The one credential of the list that the URI names.
    ///
    /// # Errors
    /// [`TokenError::UriMatchesNothing`] or [`TokenError::UriAmbiguous`].
    pub fn select<'a>(&self, credentials: &'a [Credential]) -> Result<&'a Credential, TokenError> {
        let mut matching = credentials.iter().filter(|credential| self.matches(credential));
        match (matching.next(), matching.count()) {
            (None, _) => Err(TokenError::UriMatchesNothing),
            (Some(credential), 0) => Ok(credential),
            (Some(_), more) => Err(TokenError::UriAmbiguous { matches: more + 1 }),
        }
    }

    /// The URI's PIN source, where it has one.
    #[must_use]
    pub fn pin(&self) -> Option<PinSource> {
        self.pin_source.clone().map(PinSource::File)
    }

    /// Whether there are query attributes, which a caller over the network may not pass.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.module_path.is_some() || self.pin_source.is_some()
    }
}

impl FromStr for Pkcs11Uri {
    type Err = TokenError;

    /// Parses by RFC 7512 §2.3.
    ///
    /// A literal `|` is refused anywhere and an encoded one in the query, where RFC 7512 would run a program; so are
    /// `pin-value`, repeated attributes and unknown path attributes. Unknown query attributes are ignored (§2.3).
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let at = |offset| TokenError::UriMalformed { offset };
        if text.len() > MAX_URI_LEN {
            return Err(at(MAX_URI_LEN));
        }
        if let Some(bar) = text.find('|') {
            return Err(at(bar));
        }
        let scheme = text.get(..7).ok_or(at(0))?;
        if !scheme.eq_ignore_ascii_case("pkcs11:") {
            return Err(at(0));
        }
        let rest = &text[7..];
        let (path, query) =
            rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let mut uri = Self::default();
        for (offset, name, value) in attributes(path, ';', 7)? {
            let bytes = decode(value, offset)?;
            if name == "id" {
                set(&mut uri.id, bytes, offset)?;
                continue;
            }
            let value = String::from_utf8(bytes).map_err(|_| at(offset))?;
            match name {
                "token" => set(&mut uri.token, value, offset)?,
                "serial" => set(&mut uri.serial, value, offset)?,
                "manufacturer" => set(&mut uri.manufacturer, value, offset)?,
                "model" => set(&mut uri.model, value, offset)?,
                "object" => set(&mut uri.object, value, offset)?,
                "type" => set(&mut uri.object_type, value, offset)?,
                "slot-id" => set(&mut uri.slot_id, value.parse().map_err(|_| at(offset))?, offset)?,
                _ => return Err(at(offset)),
            }
        }
        for (offset, name, value) in attributes(query.unwrap_or(""), '&', 8 + path.len())? {
            if name == "pin-value" {
                return Err(TokenError::UriPinValueRefused);
            }
            let value = String::from_utf8(decode(value, offset)?).map_err(|_| at(offset))?;
            if value.contains('|') {
                return Err(at(offset));
            }
            match name {
                "module-path" => set(&mut uri.module_path, PathBuf::from(value), offset)?,
                "pin-source" => {
                    set(&mut uri.pin_source, file_of(&value).ok_or(at(offset))?, offset)?
                }
                _ => {}
            }
        }
        Ok(uri)
    }
}

impl fmt::Display for Pkcs11Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let texts = [
            ("token", &self.token),
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("serial", &self.serial),
            ("object", &self.object),
            ("type", &self.object_type),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                parts.push(format!("{name}={}", encode(value.as_bytes())));
            }
        }
        if let Some(id) = &self.id {
            let hex = id.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "%{byte:02X}");
                text
            });
            parts.push(format!("id={hex}"));
        }
        if let Some(slot) = self.slot_id {
            parts.push(format!("slot-id={slot}"));
        }
        let mut query = Vec::new();
        if let Some(path) = &self.module_path {
            query.push(format!("module-path={}", encode(path.to_string_lossy().as_bytes())));
        }
        if let Some(path) = &self.pin_source {
            query.push(format!("pin-source=file:{}", encode(path.to_string_lossy().as_bytes())));
        }
        write!(f, "pkcs11:{}", parts.join(";"))?;
        if query.is_empty() { Ok(()) } else { write!(f, "?{}", query.join("&")) }
    }
}

/// Splits `name=value` pairs and says where each starts in the whole URI.
fn attributes(
    text: &str,
    separator: char,
    start: usize,
) -> Result<Vec<(usize, &str, &str)>, TokenError> {
    let mut offset = start;
    let mut pairs = Vec::new();
    for part in text.split(separator) {
        if part.is_empty() {
            if text.is_empty() {
                break;
            }
            return Err(TokenError::UriMalformed { offset });
        }
        let (name, value) = part.split_once('=').ok_or(TokenError::UriMalformed { offset })?;
        pairs.push((offset, name, value));
        offset += part.len() + 1;
    }
    Ok(pairs)
}

fn set<T>(place: &mut Option<T>, value: T, offset: usize) -> Result<(), TokenError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(TokenError::UriMalformed { offset }),
    }
}

fn decode(text: &str, offset: usize) -> Result<Vec<u8>, TokenError> {
    percent::decode(text, b"").map_err(|_| TokenError::UriMalformed { offset })
}

/// Everything but RFC 3986's unreserved characters and `/` is escaped: valid in path and query alike.
fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// `file:/path` (RFC 8089 minimal form), `file:///path`, or a bare absolute path.
fn file_of(value: &str) -> Option<PathBuf> {
    let path = value.strip_prefix("file:").unwrap_or(value);
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = PathBuf::from(path);
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_7512_examples() {
        let uri: Pkcs11Uri = "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;\
                              model=1.0;object=my-certificate;type=cert;id=%69%95%3E%5C%F4%BD%EC%91;serial=\
                              ?pin-source=file:/etc/token_pin"
            .parse()
            .unwrap();
        assert_eq!(uri.token.as_deref(), Some("The Software PKCS#11 Softtoken"));
        assert_eq!(uri.serial.as_deref(), Some(""));
        assert_eq!(uri.id.as_deref(), Some(&b"\x69\x95\x3e\x5c\xf4\xbd\xec\x91"[..]));
        assert_eq!(uri.pin(), Some(PinSource::File("/etc/token_pin".into())));
        assert_eq!("pkcs11:".parse::<Pkcs11Uri>().unwrap(), Pkcs11Uri::default());
    }

    #[test]
    fn what_is_refused_says_where() {
        let offset = |text: &str| match text.parse::<Pkcs11Uri>() {
            Err(TokenError::UriMalformed { offset }) => offset,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(offset("pkcs11:token=a|b"), 14);
        assert_eq!(offset("pkcs11:token=a?pin-source=%7C/bin/sh"), 15);
        assert_eq!(offset("pkcs11:token=a?pin-source=|/bin/sh"), 26);
        assert_eq!(offset("pkcs11:token=a;token=b"), 15);
        assert_eq!(offset("pkcs11:colour=red"), 7);
        assert_eq!(offset("pkcs11:token=%4"), 7);
        assert_eq!(offset("pkcs11:token"), 7);
        assert_eq!(offset("file:/etc/passwd"), 0);
        assert_eq!(
            "pkcs11:?pin-value=1234".parse::<Pkcs11Uri>(),
            Err(TokenError::UriPinValueRefused)
        );
    }

    proptest! {
        #[test]
        fn writer_and_parser_agree(
            token in proptest::option::of("\\PC{0,20}"),
            object in proptest::option::of("\\PC{0,20}"),
            id in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)),
            slot_id: Option<u64>,
            path in proptest::option::of("/[^|]{1,20}"),
        ) {
            let uri = Pkcs11Uri {
                token,
                object,
                id,
                slot_id,
                module_path: path.clone().map(PathBuf::from),
                pin_source: path.map(PathBuf::from).filter(|path| !path.starts_with("//") && file_of(&path.to_string_lossy()).as_ref() == Some(path)),
                ..Pkcs11Uri::default()
            };
            prop_assert_eq!(uri.to_string().parse::<Pkcs11Uri>().unwrap(), uri);
        }

        #[test]
        fn any_text_ends_in_a_value(text in "(pkcs11:)?\\PC{0,80}") {
            let _ = text.parse::<Pkcs11Uri>();
        }
    }
}
