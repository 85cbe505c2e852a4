//! `file:` URIs (RFC 8089) that name a key file, and in a fragment one key of it.

use crate::{Credential, PinSource, TokenError, percent};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `file:PATH`, then `?pin-source=file:PATH` where the password lies in a file, then `#KEY`, a friendlyName or a
/// localKeyID in hex.
///
/// The query may follow the fragment, too: people append it to a URI they copied. /// `PATH` is absolute or not, `//` and an empty host may precede it; `%XX` stands for a byte. Its `Display` reads back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFileUri {
    /// Path of the key file.
    pub path: PathBuf,
    /// friendlyName or localKeyID in hex; `None` where the file holds one key only.
    pub key: Option<String>,
    /// The file whose first line is the password.
    pub pin_source: Option<PathBuf>,
}

impl KeyFileUri {
    /// The URI's source of the password, where it has one.
    #[must_use]
    pub fn pin(&self) -> Option<PinSource> {
        self.pin_source.clone().map(PinSource::File)
    }

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
        // The path ends at the first of the two marks, and each part at the other mark.
        let cut = |text: &str, mark: char| {
            let at = text.find(mark)?;
            let part = text[at + 1..].find(['?', '#']).map_or(text.len(), |end| at + 1 + end);
            Some((at + 1, part))
        };
        let part =
            |found: Option<(usize, usize)>| found.map(|(from, to)| (&rest[from..to], start + from));
        let (query, fragment) = (part(cut(rest, '?')), part(cut(rest, '#')));
        let path = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        // What neither part took: a mark that comes twice.
        let parts = [query, fragment].into_iter().flatten();
        let taken = path.len() + parts.map(|(text, _)| text.len() + 1).sum::<usize>();
        if taken != rest.len() {
            return Err(malformed(start + taken));
        }
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
        let pin_source = query.map(|(query, offset)| pin_source(query, offset)).transpose()?;
        Ok(Self { path: path.into(), key, pin_source })
    }
}

/// `pin-source=file:PATH` or `pin-source=PATH`, alone.
fn pin_source(query: &str, offset: usize) -> Result<PathBuf, TokenError> {
    let malformed = |at| TokenError::UriMalformed { offset: offset + at };
    if query.split('&').any(|attribute| attribute.starts_with("pin-value=")) {
        return Err(TokenError::UriPinValueRefused);
    }
    const NAME: &str = "pin-source=";
    let source = query.strip_prefix(NAME).ok_or(malformed(0))?;
    if let Some(at) = source.find('&') {
        return Err(malformed(NAME.len() + at));
    }
    let source = decode(source, offset + NAME.len())?;
    let path = source.strip_prefix("file:").unwrap_or(&source);
    let path = path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path);
    if path.is_empty() { Err(malformed(NAME.len())) } else { Ok(path.into()) }
}

fn decode(text: &str, offset: usize) -> Result<String, TokenError> {
    let malformed = |at| TokenError::UriMalformed { offset: offset + at };
    let bytes = percent::decode(text, b"|\0").map_err(malformed)?;
    String::from_utf8(bytes).map_err(|error| malformed(error.utf8_error().valid_up_to()))
}

impl fmt::Display for KeyFileUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = |f: &mut fmt::Formatter<'_>, text: &str| {
            text.chars().try_for_each(|c| match c {
                '%' | '#' | '|' | '?' | '&' | '"' | '<' | '>' | ' ' => {
                    write!(f, "%{:02X}", c as u32)
                }
                c if c.is_ascii_control() => write!(f, "%{:02X}", c as u32),
                c => f.write_char(c),
            })
        };
        let file = |f: &mut fmt::Formatter<'_>, path: &Path| {
            let path = path.to_string_lossy();
            // A path of two slashes would read as a host.
            f.write_str(if path.starts_with("//") { "file://" } else { "file:" })?;
            encoded(f, &path)
        };
        file(f, &self.path)?;
        if let Some(source) = &self.pin_source {
            f.write_str("?pin-source=")?;
            file(f, source)?;
        }
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
            ("file:a?pin-source=", 18),
            ("file:a?pin-source=%7Cid", 18),
            ("file:a?pin-source=b&c", 19),
            ("file:a?colour=red", 7),
            ("file:a?pin-source=b?c", 19),
            ("file:a#b#c", 8),
        ] {
            assert_eq!(parse(uri), Err(TokenError::UriMalformed { offset }), "{uri}");
        }
    }

    #[test]
    fn passwords_come_from_files_only() {
        let pin = |uri: &str| uri.parse().map(|uri: KeyFileUri| (uri.key.clone(), uri.pin()));
        let source = |path: &str| Some(PinSource::File(path.into()));
        assert_eq!(pin("file:a.p12"), Ok((None, None)));
        assert_eq!(pin("file:a.p12?pin-source=file:/b%20c"), Ok((None, source("/b c"))));
        assert_eq!(pin("file:a.p12?pin-source=file:///b"), Ok((None, source("/b"))));
        for both in ["file:a.p12?pin-source=b#ky%3F", "file:a.p12#ky%3F?pin-source=b"] {
            assert_eq!(pin(both), Ok((Some("ky?".into()), source("b"))), "{both}");
        }
        assert_eq!(pin("file:a?pin-value=1234"), Err(TokenError::UriPinValueRefused));
    }

    proptest! {
        #[test]
        fn display_reads_back(path in "/{0,3}[^|\0]{1,20}", key in proptest::option::of("[^|\0]{0,20}"), pin in proptest::option::of("/{0,3}[^|\0]{1,20}")) {
            let uri = KeyFileUri { path: path.into(), key, pin_source: pin.map(PathBuf::from) };
            prop_assert_eq!(uri.to_string().parse::<KeyFileUri>().unwrap(), uri);
        }

        #[test]
        fn parsing_is_total(uri in ".*") {
            let _ = format!("file:{uri}").parse::<KeyFileUri>();
        }
    }
}
