//! `file:` URIs (RFC 8089) that name a key file, and in a fragment one key of it.

use crate::{Credential, TokenError};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `file:PATH` or `file:PATH#KEY`, where `KEY` is a friendlyName or a localKeyID in hex.
///
/// `PATH` is absolute or not, `//` and an empty host may precede it; `%XX` stands for a byte. Its `Display` reads back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFileUri {
    /// Path of the key file.
    pub path: PathBuf,
    /// friendlyName or localKeyID in hex; `None` where the file holds one key only.
    pub key: Option<String>,
}

impl KeyFileUri {
    /// The one credential of the list that the URI names; paths are compared as absolute ones.
    ///
    /// # Errors
    /// [`TokenError::UriMatchesNothing`] or [`TokenError::UriAmbiguous`].
    pub fn select<'a>(&self, credentials: &'a [Credential]) -> Result<&'a Credential, TokenError> {
        let path = absolute(&self.path);
        let named = |credential: &Credential| match &self.key {
            Some(key) => *key == credential.label || *key == hex::encode(&credential.id),
            None => true,
        };
        let mut matching = credentials.iter().filter(|it| it.module == path && named(it));
        match (matching.next(), matching.count()) {
            (None, _) => Err(TokenError::UriMatchesNothing),
            (Some(credential), 0) => Ok(credential),
            (Some(_), more) => Err(TokenError::UriAmbiguous { matches: more + 1 }),
        }
    }
}

/// The absolute path, without asking whether it exists.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl FromStr for KeyFileUri {
    type Err = TokenError;

    /// Refuses `|` anywhere, encoded or not, a host, a NUL, and percent signs that encode nothing.
    fn from_str(uri: &str) -> Result<Self, TokenError> {
        let malformed = |offset| TokenError::UriMalformed { offset };
        let rest = uri.strip_prefix("file:").ok_or(malformed(0))?;
        let start = "file:".len();
        let (path, fragment) = match rest.split_once('#') {
            Some((path, fragment)) => (path, Some((fragment, start + path.len() + 1))),
            None => (rest, None),
        };
        let decoded = decode(path, start)?;
        let path = match decoded.strip_prefix("//") {
            Some(path) if path.starts_with('/') => path.to_owned(),
            Some(_) => return Err(malformed(start + 2)),
            None => decoded,
        };
        if path.is_empty() {
            return Err(malformed(start));
        }
        let key = match fragment {
            Some((fragment, offset)) => Some(decode(fragment, offset)?),
            None => None,
        };
        Ok(Self { path: path.into(), key })
    }
}

fn decode(text: &str, offset: usize) -> Result<String, TokenError> {
    let malformed = |at| TokenError::UriMalformed { offset: offset + at };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes().enumerate();
    while let Some((at, byte)) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digits = text.get(at + 1..at + 3).ok_or(malformed(at))?;
                rest.nth(1);
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).map_err(|_| malformed(at))?;
                byte[0]
            }
            byte => byte,
        };
        if byte == b'|' || byte == 0 {
            return Err(malformed(at));
        }
        bytes.push(byte);
    }
    String::from_utf8(bytes).map_err(|error| malformed(error.utf8_error().valid_up_to()))
}

impl fmt::Display for KeyFileUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = |f: &mut fmt::Formatter<'_>, text: &str| {
            text.chars().try_for_each(|c| match c {
                '%' | '#' | '|' | '?' | '"' | '<' | '>' | ' ' => write!(f, "%{:02X}", c as u32),
                c if c.is_ascii_control() => write!(f, "%{:02X}", c as u32),
                c => f.write_char(c),
            })
        };
        let path = self.path.to_string_lossy();
        // A path of two slashes would read as a host.
        f.write_str(if path.starts_with("//") { "file://" } else { "file:" })?;
        encoded(f, &path)?;
        if let Some(key) = &self.key {
            f.write_str("#")?;
            encoded(f, key)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(uri: &str) -> Result<(String, Option<String>), TokenError> {
        let uri: KeyFileUri = uri.parse()?;
        Ok((uri.path.to_str().unwrap().to_owned(), uri.key))
    }

    #[test]
    fn forms() {
        assert_eq!(parse("file:key.p12"), Ok(("key.p12".into(), None)));
        assert_eq!(
            parse("file:///a/kh%C3%B3a.p12#K%20%C3%BD"),
            Ok(("/a/khóa.p12".into(), Some("K ý".into())))
        );
        assert_eq!(
            parse("file:C:\\keys\\a.pfx#00ff"),
            Ok(("C:\\keys\\a.pfx".into(), Some("00ff".into())))
        );
        for (uri, offset) in [
            ("pkcs11:token=x", 0),
            ("file:", 5),
            ("file://host/key.p12", 7),
            ("file:a|b", 6),
            ("file:a%7Cb", 6),
            ("file:a%00b", 6),
            ("file:100%", 8),
            ("file:a#b%zz", 8),
        ] {
            assert_eq!(parse(uri), Err(TokenError::UriMalformed { offset }), "{uri}");
        }
    }

    proptest! {
        #[test]
        fn display_reads_back(path in "/{0,3}[^|\0]{1,20}", key in proptest::option::of("[^|\0]{0,20}")) {
            let uri = KeyFileUri { path: path.into(), key };
            prop_assert_eq!(uri.to_string().parse::<KeyFileUri>().unwrap(), uri);
        }

        #[test]
        fn parsing_is_total(uri in ".*") {
            let _ = format!("file:{uri}").parse::<KeyFileUri>();
        }
    }
}
