//! Addresses as certificates write them (RFC 3986, as far as http and https need it).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kyso_validation::attempt::FetchFailure;

/// An http or https address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) tls: bool,
    /// A name in lower case or an IPv4 address; an IPv6 address without its brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query, encoded; begins with a slash.
    pub(super) target: String,
}

/// Longest address that is followed: what servers commonly accept.
const MOST_BYTES: usize = 8192;

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, FetchFailure> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').ok_or(FetchFailure::AddressMalformed)?;
        let scheme_is_text = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if text.len() > MOST_BYTES || scheme.is_empty() || !scheme.bytes().all(scheme_is_text) {
            return Err(FetchFailure::AddressMalformed);
        }
        let scheme = scheme.to_ascii_lowercase();
        let tls = match scheme.as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(FetchFailure::Scheme(scheme)),
        };
        let rest = rest.strip_prefix("//").ok_or(FetchFailure::AddressMalformed)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (host, port) = authority_of(authority, if tls { 443 } else { 80 })?;
        Ok(Self { tls, host, port, target: encode(target)? })
    }

    /// Where a redirect leads (RFC 9110 §10.2.2).
    pub(super) fn join(&self, location: &str) -> Result<Self, FetchFailure> {
        let scheme = if self.tls { "https" } else { "http" };
        let is_absolute = location
            .split_once(':')
            .is_some_and(|(scheme, _)| !scheme.is_empty() && !scheme.contains(['/', '?', '#']));
        if is_absolute {
            return Self::parse(location);
        }
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        let target = if location.starts_with('/') {
            location.to_owned()
        } else {
            let path = self.target.split('?').next().unwrap_or("/");
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{location}")
        };
        Ok(Self { target: encode(&target)?, ..self.clone() })
    }

    /// The address that the host is, where it is no name.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Host and port as the Host field has them.
    pub(super) fn authority(&self) -> String {
        let port = if self.tls { 443 } else { 80 };
        if self.port == port {
            self.bracketed()
        } else {
            format!("{}:{}", self.bracketed(), self.port)
        }
    }

    /// Host and port as CONNECT has them.
    pub(super) fn host_and_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

/// `HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT`; a name and password before it are refused.
fn authority_of(authority: &str, default_port: u16) -> Result<(String, u16), FetchFailure> {
    let malformed = || FetchFailure::AddressMalformed;
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or_else(malformed)?;
        let _: Ipv6Addr = host.parse().map_err(|_no_address| malformed())?;
        match after {
            "" => (host, None),
            _ => (host, Some(after.strip_prefix(':').ok_or_else(malformed)?)),
        }
    } else {
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        // 253: the longest name that DNS carries (RFC 1035 §2.3.4).
        if host.is_empty() || host.len() > 253 || !host.bytes().all(is_name) {
            return Err(malformed());
        }
        // 127.1, 0x7f.0.0.1 and 2130706433 are addresses to some resolvers, a proxy's among them, and names to our
        // checks: what ends in a number is an IPv4 address in four parts or nothing (as the URL standard of WHATWG).
        if ends_in_number(host) && host.parse::<Ipv4Addr>().is_err() {
            return Err(malformed());
        }
        (host, port)
    };
    let port = match port {
        None | Some("") => default_port,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map_err(|_no_port| malformed())?
        }
        Some(_) => return Err(malformed()),
    };
    Ok((host.to_ascii_lowercase(), port))
}

/// Whether the last label, behind which a dot may stand, is a number; no top-level domain is.
fn ends_in_number(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Path and query without the fragment; spaces and what is not ASCII are percent-encoded, as browsers do with the
/// addresses that certificates hold, and control characters refused.
fn encode(target: &str) -> Result<String, FetchFailure> {
    let target = target.split('#').next().unwrap_or_default();
    let mut encoded = String::with_capacity(target.len() + 1);
    if !target.starts_with('/') {
        encoded.push('/');
    }
    for byte in target.bytes() {
        match byte {
            0..0x20 | 0x7F => return Err(FetchFailure::AddressMalformed),
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                encoded.push_str(&format!("%{byte:02X}"));
            }
            _ => encoded.push(char::from(byte)),
        }
    }
    Ok(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Result<(bool, String, u16, String), FetchFailure> {
        Url::parse(text).map(|url| (url.tls, url.host, url.port, url.target))
    }

    #[test]
    fn addresses_are_read_as_certificates_write_them() {
        let plain =
            |host: &str, port, target: &str| Ok((false, host.to_owned(), port, target.to_owned()));
        assert_eq!(parts("http://CA.gov.vn/g2.crl"), plain("ca.gov.vn", 80, "/g2.crl"));
        assert_eq!(parts(" http://ca.gov.vn"), plain("ca.gov.vn", 80, "/"));
        assert_eq!(parts("http://ca.gov.vn:8080?x=1#y"), plain("ca.gov.vn", 8080, "/?x=1"));
        assert_eq!(parts("http://[fd00::1]:81/a b"), plain("fd00::1", 81, "/a%20b"));
        assert_eq!(parts("http://ca.gov.vn/chứng"), plain("ca.gov.vn", 80, "/ch%E1%BB%A9ng"));
        assert_eq!(parts("https://ca/x"), Ok((true, "ca".to_owned(), 443, "/x".to_owned())));
        for scheme in ["ldap", "ftp", "file", "ldaps", "gopher"] {
            let text = format!("{scheme}:///x");
            assert_eq!(parts(&text), Err(FetchFailure::Scheme(scheme.to_owned())));
        }
        for bad in [
            "",
            "ca.gov.vn",
            "http:",
            "http:/x",
            "http://",
            "http:///x",
            "http://a b/",
            "http://u:p@h/",
            "http://h:x/",
            "http://h:99999/",
            "http://h:+1/",
            "http://[::1",
            "http://[x]/",
            "http://[::1]x/",
            "http://h/\r\nHost: x",
            "http://h/\0",
            "http://ä/",
            "1 :x",
            "://x",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://0x7f.0.0.1/",
            "http://127.0.0.0x1/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://a.0X/",
            "http://./",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(parts("http://h\r\n/"), Err(FetchFailure::AddressMalformed));
        assert_eq!(
            parts(&format!("http://h/{}", "x".repeat(9000))),
            Err(FetchFailure::AddressMalformed)
        );
    }

    #[test]
    fn redirects_are_joined() {
        let url = Url::parse("https://h:444/a/b?c").expect("an address");
        let joined = |location: &str| {
            url.join(location).map(|url| format!("{}{}", url.host_and_port(), url.target))
        };
        assert_eq!(joined("/x").as_deref(), Ok("h:444/x"));
        assert_eq!(joined("x?y").as_deref(), Ok("h:444/a/x?y"));
        assert_eq!(joined("//i/x").as_deref(), Ok("i:443/x"));
        assert_eq!(joined("http://127.0.0.1/x").as_deref(), Ok("127.0.0.1:80/x"));
        assert_eq!(joined("file:///etc/passwd"), Err(FetchFailure::Scheme("file".to_owned())));
    }
}
