//! References to entries: relative URI references, resolved against the container's root (ETSI EN 319 162-1 v1.1.1
//! Annex A.4.2, RFC 3986).

use core::fmt::Write as _;

use crate::limits::Limits;
use crate::name::{EntryName, NameFault};

/// Why a URI names no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceFault {
    /// It has a scheme or an authority: it leads out of the container.
    NotRelative,
    /// It has a query or a fragment: it does not name a whole file.
    NotAFile,
    /// `%` is not followed by two hexadecimal digits, or what they say is not UTF-8.
    Escape,
    /// It leads to a name that no entry may have.
    Name(NameFault),
}

impl core::fmt::Display for ReferenceFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotRelative => f.write_str("it leads out of the container"),
            Self::NotAFile => f.write_str("it does not name a whole file"),
            Self::Escape => f.write_str("its percent escapes are malformed"),
            Self::Name(fault) => fault.fmt(f),
        }
    }
}

/// The name that a URI reference means: percent escapes decoded once, nothing else normalised.
///
/// Characters outside ASCII may stand unescaped, as many programs write them.
///
/// # Errors
/// What keeps it from naming an entry.
pub fn name_from_uri(uri: &str, limits: &Limits) -> Result<EntryName, ReferenceFault> {
    if uri.contains(['?', '#']) {
        return Err(ReferenceFault::NotAFile);
    }
    // RFC 3986 §4.2: the first segment of a relative path holds no colon.
    let first = uri.split('/').next().unwrap_or_default();
    if uri.starts_with('/') || first.contains(':') {
        return Err(ReferenceFault::NotRelative);
    }
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) =
            digit(rest.next()).zip(digit(rest.next())).ok_or(ReferenceFault::Escape)?;
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| ReferenceFault::Escape)?);
    }
    let name = String::from_utf8(bytes).map_err(|_| ReferenceFault::Escape)?;
    EntryName::new(&name, limits).map_err(ReferenceFault::Name)
}

/// The URI reference of an entry: everything but RFC 3986's unreserved characters and `/` is percent-encoded UTF-8.
#[must_use]
pub fn uri_from_name(name: &EntryName) -> String {
    let mut uri = String::with_capacity(name.as_str().len());
    for byte in name.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_out_of_the_container_are_refused() {
        let limits = Limits::documents();
        for (uri, fault) in [
            ("http://a/b", ReferenceFault::NotRelative),
            ("file:b", ReferenceFault::NotRelative),
            ("//host/b", ReferenceFault::NotRelative),
            ("/b", ReferenceFault::NotRelative),
            ("#id", ReferenceFault::NotAFile),
            ("b?x", ReferenceFault::NotAFile),
            ("b%2", ReferenceFault::Escape),
            ("b%zz", ReferenceFault::Escape),
            ("b%ff", ReferenceFault::Escape),
            ("../b", ReferenceFault::Name(NameFault::DotComponent)),
            ("%2e%2e/b", ReferenceFault::Name(NameFault::DotComponent)),
            ("a%00b", ReferenceFault::Name(NameFault::ControlCharacter('\0'))),
            ("", ReferenceFault::Name(NameFault::Empty)),
        ] {
            assert_eq!(name_from_uri(uri, &limits), Err(fault), "{uri}");
        }
        let named = |uri| name_from_uri(uri, &limits).map(|name| name.as_str().to_owned());
        assert_eq!(named("h%E1%BB%93 s%C6%A1/phiếu%20%31.xml"), Ok("hồ sơ/phiếu 1.xml".to_owned()));
        assert_eq!(named("a%2525"), Ok("a%25".to_owned()));
    }

    proptest! {
        #[test]
        fn every_name_survives_its_uri(text in "\\PC{1,40}") {
            let limits = Limits::documents();
            if let Ok(name) = EntryName::new(&text, &limits) {
                prop_assert_eq!(name_from_uri(&uri_from_name(&name), &limits), Ok(name));
            }
        }
    }
}
