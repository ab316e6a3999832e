//! Which addresses are connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where a node may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Anywhere, as for the nodes of a config.
    #[default]
    Any,
    /// On the Internet alone: a stranger named it, and is not to reach this machine's own network.
    Public,
}

impl Reach {
    /// Of nodes that a server at `address` names: one on the Internet is not to lead into this machine's
    /// network. Nor is one at an unknown address.
    pub fn of_nodes_from(address: Option<IpAddr>) -> Self {
        if address.is_some_and(|address| !is_public(address)) { Self::Any } else { Self::Public }
    }

    /// Whether a node may be at `address`.
    pub fn admits(self, address: IpAddr) -> bool {
        self == Self::Any || is_public(address)
    }
}

/// By IANA's registries of special addresses.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match carried(address) {
            Some(address) => is_public_v4(address),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224.., ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
            | [192, 0, 0 | 2, _]
            | [198, 18..=19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

/// The IPv4 address that this one leads to: mapped, behind NAT64, or by 6to4.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_at_an_unknown_address_is_a_stranger() {
        assert_eq!(Reach::of_nodes_from(None), Reach::Public);
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        let public = [
            "1.1.1.1",
            "100.63.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ];
        let others = [
            "0.0.0.0",
            "10.0.0.5",
            "127.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.17.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.5",
            "64:ff9b::a00:5",
            "2002:a00:5::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
        ];
        for (addresses, want) in [(&public[..], true), (&others[..], false)] {
            for text in addresses {
                let address = text.parse().unwrap();
                let reach = if want { Reach::Public } else { Reach::Any };
                assert_eq!(Reach::of_nodes_from(Some(address)), reach, "{text}");
                assert_eq!(Reach::Public.admits(address), want, "{text}");
                assert!(Reach::Any.admits(address), "{text}");
            }
        }
    }
}
