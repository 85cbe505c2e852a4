//! `csc:` URIs that name a credential of a remote service.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{PinSource, TokenError, percent};

/// `csc:` and the service's base address, then `;credential=ID` where it holds several, then
/// `?pin-source=file:PATH` where the PIN lies in a file.
///
/// `%XX` stands for a byte in ID and PATH; the base address has no query and no fragment. Its `Display` reads back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteUri {
    /// Base address of the API without a slash at its end, such as `https://service.example/csc/v2`.
    pub base: String,
    /// credentialID; `None` where the service shows one only.
    pub credential: Option<String>,
    /// The file whose first line is the PIN.
    pub pin_source: Option<PathBuf>,
}

/// The scheme, with its colon.
const SCHEME: &str = "csc:";

impl RemoteUri {
    /// Whether a credential's URI is of this kind.
    #[must_use]
    pub fn is_one(uri: &str) -> bool {
        uri.starts_with(SCHEME)
    }

    /// The URI's source of the PIN, where it has one.
    #[must_use]
    pub fn pin(&self) -> Option<PinSource> {
        self.pin_source.clone().map(PinSource::File)
    }
}

impl FromStr for RemoteUri {
    type Err = TokenError;

    fn from_str(uri: &str) -> Result<Self, TokenError> {
        let malformed = |offset| TokenError::UriMalformed { offset };
        let rest = uri.strip_prefix(SCHEME).ok_or(malformed(0))?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some((query, SCHEME.len() + rest.len() + 1))),
            None => (rest, None),
        };
        let (base, credential) = match rest.split_once(';') {
            Some((base, parameter)) => (base, Some((parameter, SCHEME.len() + base.len() + 1))),
            None => (rest, None),
        };
        let base = base.trim_end_matches('/');
        if !super::client::is_secure(base) {
            return Err(malformed(SCHEME.len()));
        }
        let credential = match credential {
            Some((parameter, offset)) => Some(value(parameter, "credential=", offset)?),
            None => None,
        };
        let pin_source = match query {
            Some((query, _)) if query.starts_with("pin-value=") => {
                return Err(TokenError::UriPinValueRefused);
            }
            Some((query, offset)) => {
                let path = value(query, "pin-source=", offset)?;
                Some(path.strip_prefix("file:").unwrap_or(&path).into())
            }
            None => None,
        };
        Ok(Self { base: base.to_owned(), credential, pin_source })
    }
}

/// The decoded value of the one parameter there may be.
fn value(text: &str, name: &str, offset: usize) -> Result<String, TokenError> {
    let malformed = |at| TokenError::UriMalformed { offset: offset + at };
    let encoded = text.strip_prefix(name).ok_or(malformed(0))?;
    let value = percent::decode(encoded, b"|\0").map_err(|at| malformed(name.len() + at))?;
    if value.is_empty() || encoded.contains([';', '&', '#']) {
        return Err(malformed(name.len()));
    }
    String::from_utf8(value).map_err(|_no_text| malformed(name.len()))
}

impl fmt::Display for RemoteUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.base)?;
        if let Some(credential) = &self.credential {
            write!(f, ";credential={}", percent::encode(credential.as_bytes()))?;
        }
        match &self.pin_source {
            Some(path) => {
                let path = percent::encode(path.to_string_lossy().as_bytes()).replace("%2F", "/");
                write!(f, "?pin-source=file:{path}")
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn uris_that_name_nothing_are_refused_where_they_go_wrong() {
        for (uri, offset) in [
            ("pkcs11:id=1", 0),
            ("csc:", 4),
            ("csc:ftp://x", 4),
            ("csc:http://service.example/csc/v2", 4),
            ("csc:https://", 4),
            ("csc:https://name:secret@s.example/csc", 4),
            ("csc:https://s.example/csc#x", 4),
            ("csc:https://s.example;id=1", 22),
            ("csc:https://s.example;credential=", 33),
            ("csc:https://s.example;credential=a%7Cb", 34),
            ("csc:https://s.example;credential=a?x=y", 35),
        ] {
            let refused = uri.parse::<RemoteUri>();
            assert_eq!(refused, Err(TokenError::UriMalformed { offset }), "{uri}");
        }
        let pin: Result<RemoteUri, _> = "csc:https://s.example?pin-value=1234".parse();
        assert_eq!(pin, Err(TokenError::UriPinValueRefused));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(id in "[^|\0]{1,20}", file in proptest::option::of("/[a-z ?;&#%é]{1,12}")) {
            let uri = RemoteUri {
                base: "https://service.example:8443/csc/v2".to_owned(),
                credential: Some(id),
                pin_source: file.map(Into::into),
            };
            prop_assert_eq!(uri.to_string().parse::<RemoteUri>(), Ok(uri));
        }
    }
}
