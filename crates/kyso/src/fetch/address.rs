//! Which addresses may be asked: certificates are written by strangers, and name any address they like.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Which networks may be asked, beyond the public internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks {
    allowed: Vec<Network>,
}

/// An address with the length of its prefix, such as `10.20.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkError;

impl std::fmt::Display for NetworkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a network such as 10.20.0.0/16")
    }
}

impl std::error::Error for NetworkError {}

impl Networks {
    /// The public internet alone.
    #[must_use]
    pub const fn public_only() -> Self {
        Self { allowed: Vec::new() }
    }

    /// The public internet, and these networks.
    #[must_use]
    pub const fn with(allowed: Vec<Network>) -> Self {
        Self { allowed }
    }

    /// Every address: for tests over loopback, and for networks that are all private.
    #[must_use]
    pub fn dangerous_allow_private() -> Self {
        let everything = |address| Network { address, prefix: 0 };
        Self {
            allowed: vec![
                everything(Ipv4Addr::UNSPECIFIED.into()),
                everything(Ipv6Addr::UNSPECIFIED.into()),
            ],
        }
    }

    /// True where this address may be asked.
    #[must_use]
    pub fn allow(&self, address: IpAddr) -> bool {
        // ::ffff:10.0.0.1 is 10.0.0.1.
        let address = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|network| network.contains(address))
    }
}

impl Network {
    /// True where the address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(u32::from(self.prefix));
                let cut = |bits: u32| bits.checked_shr(shift).unwrap_or(0);
                cut(own.to_bits()) == cut(other.to_bits())
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(u32::from(self.prefix));
                let cut = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
                cut(own.to_bits()) == cut(other.to_bits())
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    /// Reads `ADDRESS` or `ADDRESS/PREFIX`.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_no_address| NetworkError)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_no_number| NetworkError)?,
            None => most,
        };
        if prefix > most { Err(NetworkError) } else { Ok(Self { address, prefix }) }
    }
}

/// True for an address of the public internet (IANA special-purpose address registries, RFC 6890).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let reserved = first == 0 // "this network", RFC 791
        || address.is_private() // RFC 1918
        || (first == 100 && second & 0xC0 == 64) // carrier-grade NAT, RFC 6598
        || address.is_loopback()
        || address.is_link_local() // also the metadata services of clouds
        || (first == 192 && second == 0 && third == 0) // IETF protocol assignments, RFC 6890
        || address.is_documentation()
        || (first == 192 && second == 88 && third == 99) // 6to4 relays, RFC 7526
        || (first == 198 && second & 0xFE == 18) // benchmarking, RFC 2544
        || first >= 224; // multicast, reserved, broadcast
    !reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Only 2000::/3 is given out; what is inside and stands for something else is taken out.
    let global = segments[0] & 0xE000 == 0x2000;
    let special = match segments[0] {
        // Teredo and protocol assignments (RFC 2928), documentation (RFC 3849).
        0x2001 => segments[1] < 0x0200 || segments[1] == 0x0DB8,
        // 6to4: an IPv4 address inside.
        0x2002 => true,
        // Documentation (RFC 9637).
        0x3FFF => segments[1] < 0x1000,
        _ => false,
    };
    // NAT64 leads to the IPv4 address at its end (RFC 6052).
    let nat64 = segments[..6] == [0x0064, 0xFF9B, 0, 0, 0, 0];
    let inside = u32::from(segments[6]) << 16 | u32::from(segments[7]);
    (global && !special) || (nat64 && is_public_v4(Ipv4Addr::from_bits(inside)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for public in ["1.1.1.1", "203.162.4.190", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(!is_public(other.parse().expect("an address")), "{other}");
        }
    }

    #[test]
    fn networks_are_allowed_by_prefix() {
        let networks = Networks::with(vec![
            "10.20.0.0/16".parse().expect("a network"),
            "fd00::/8".parse().expect("a network"),
        ]);
        let allow = |text: &str| networks.allow(text.parse().expect("an address"));
        assert!(
            allow("10.20.255.1")
                && allow("fd77::1")
                && allow("::ffff:10.20.0.1")
                && allow("1.1.1.1")
        );
        assert!(!allow("10.21.0.1") && !allow("fc00::1") && !allow("127.0.0.1"));
        for bad in ["", "10.0.0.0/33", "fd00::/129", "x", "10.0.0.0/", "10.0.0.0/8/8"] {
            assert_eq!(bad.parse::<Network>(), Err(NetworkError), "{bad}");
        }
        let all = Networks::dangerous_allow_private();
        assert!(
            all.allow("127.0.0.1".parse().expect("an address"))
                && all.allow("::1".parse().expect("an address"))
        );
    }
}
