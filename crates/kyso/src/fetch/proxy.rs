//! Proxies: from the configuration, or from the environment as other programs read it.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kyso_validation::attempt::FetchFailure;

use super::address::Network;
use super::url::Url;

/// Which proxies are asked instead of the servers themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For http addresses: `http://[NAME:PASSWORD@]HOST[:PORT]`.
    pub http: Option<String>,
    /// For https addresses; the same form, the connection through it is TLS to the server.
    pub https: Option<String>,
    /// Hosts that are asked directly: names with what lies below them, addresses, networks, `*` for all.
    pub except: Vec<String>,
}

impl Proxies {
    /// Every server is asked directly.
    #[must_use]
    pub const fn none() -> Self {
        Self { http: None, https: None, except: Vec::new() }
    }

    /// As `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in capitals or not.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let either = |name: &str| {
            let small = variable(&name.to_ascii_lowercase());
            small
                .or_else(|| variable(name))
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let all = either("ALL_PROXY");
        // In a CGI program HTTP_PROXY is a header of the request (CVE-2016-5385).
        let cgi = variable("REQUEST_METHOD").is_some();
        let http = if cgi { variable("http_proxy") } else { either("HTTP_PROXY") };
        let except = either("NO_PROXY").unwrap_or_default();
        Self {
            http: http.or_else(|| all.clone()),
            https: either("HTTPS_PROXY").or(all),
            except: except
                .split(',')
                .map(|one| one.trim().to_owned())
                .filter(|one| !one.is_empty())
                .collect(),
        }
    }

    /// The proxy for an address.
    pub(super) fn for_url(&self, url: &Url) -> Result<Option<Proxy>, FetchFailure> {
        let configured = if url.tls { &self.https } else { &self.http };
        match configured {
            Some(text) if !self.is_excepted(url) => Proxy::parse(text).map(Some),
            _ => Ok(None),
        }
    }

    fn is_excepted(&self, url: &Url) -> bool {
        let ip: Option<IpAddr> = url.ip();
        self.except.iter().any(|one| {
            let name = one.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
            let below = url
                .host
                .strip_suffix(&name)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            let network = one.parse::<Network>().ok();
            one == "*" || below || network.zip(ip).is_some_and(|(network, ip)| network.contains(ip))
        })
    }
}

/// One proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// Proxy-Authorization.
    pub(super) authorization: Option<String>,
}

impl Proxy {
    fn parse(text: &str) -> Result<Self, FetchFailure> {
        let malformed = || FetchFailure::ProxyMalformed;
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(malformed());
        }
        let (user, authority) = match rest.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, rest),
        };
        let url = Url::parse(&format!("http://{authority}")).map_err(|_no_address| malformed())?;
        let authorization = match user {
            None => None,
            Some(user) => {
                let user = percent_decoded(user).ok_or_else(malformed)?;
                Some(format!("Basic {}", STANDARD.encode(user)))
            }
        };
        // 3128 stands in no standard; without a port it is that of http.
        Ok(Self { host: url.host, port: url.port, authorization })
    }
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        });
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    #[test]
    fn the_environment_names_proxies() {
        let variables = |name: &str| match name {
            "HTTP_PROXY" => Some("http://proxy.gov.vn:3128".to_owned()),
            "all_proxy" => Some("other:8080".to_owned()),
            "no_proxy" => Some("ca.gov.vn, .internal,10.0.0.0/8".to_owned()),
            _ => None,
        };
        let proxies = Proxies::from_variables(variables);
        let host = |text: &str| {
            proxies.for_url(&url(text)).expect("a proxy").map(|proxy| (proxy.host, proxy.port))
        };
        assert_eq!(host("http://x.vn/"), Some(("proxy.gov.vn".to_owned(), 3128)));
        assert_eq!(host("https://x.vn/"), Some(("other".to_owned(), 8080)));
        for direct in [
            "http://ca.gov.vn/",
            "http://ocsp.ca.gov.vn/",
            "http://a.internal/",
            "http://10.2.3.4/",
        ] {
            assert_eq!(host(direct), None, "{direct}");
        }
        assert!(host("http://notca.gov.vn/").is_some());
        let cgi = |name: &str| {
            if name == "REQUEST_METHOD" { Some("GET".to_owned()) } else { variables(name) }
        };
        assert_eq!(Proxies::from_variables(cgi).http.as_deref(), Some("other:8080"));
    }

    #[test]
    fn a_proxy_has_a_name_and_a_password() {
        let proxy = Proxy::parse("http://an%40b:p%3A1@proxy:3128").expect("a proxy");
        assert_eq!(proxy.authorization, Some(format!("Basic {}", STANDARD.encode("an@b:p:1"))));
        for bad in ["socks5://h:1", "https://h", "http://h:x", "http://a%4@h", ""] {
            assert_eq!(Proxy::parse(bad), Err(FetchFailure::ProxyMalformed), "{bad}");
        }
    }
}
