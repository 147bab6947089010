//! Networks: from which addresses a credential may be used, as CIDR writes it (RFC 4632 §3.1, RFC 4291
//! §2.3).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Whether a host, as URLs have it, is this machine itself: `localhost` or a loopback address.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// How many networks one credential may have.
pub const MAX_NETWORKS: usize = 50;

/// The addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    /// With zeros after the bits that count.
    first: IpAddr,
    length: u8,
}

/// Why a text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkError {
    /// It does not begin with an address.
    Address,
    /// What follows the slash is no length of its kind of address.
    Length,
    /// The address goes on after the bits that count; the network that may be meant.
    Beyond(Network),
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str(
                "expected an address such as 203.0.113.7, or a network such as 203.0.113.0/24 or 2001:db8::/32",
            ),
            Self::Length => {
                f.write_str("the length after the slash is 0 to 32, or 0 to 128 in version 6")
            }
            Self::Beyond(network) => {
                write!(f, "the address has more bits than its length; is {network} meant?")
            }
        }
    }
}

impl std::error::Error for NetworkError {}

impl Network {
    /// The network of the first bits of an address.
    fn of(address: IpAddr, length: u8) -> Self {
        let first = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        Self { first, length }
    }

    /// Whether an address is in it. One of version 4 that is written in version 6 is what it stands for.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && Self::of(address, self.length) == *self
    }

    /// Whether every address of it is in another.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.length >= other.length && other.contains(self.first)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => most,
            // One spelling for each: no sign, no zeros in front.
            Some(text) => text
                .parse()
                .ok()
                .filter(|length: &u8| *length <= most && length.to_string() == text)
                .ok_or(NetworkError::Length)?,
        };
        // What is of version 4 in disguise is compared without it.
        let canonical = address.to_canonical();
        let (address, length) = match (address.is_ipv6(), canonical.is_ipv4()) {
            (true, true) => (canonical, length.checked_sub(96).ok_or(NetworkError::Length)?),
            _ => (address, length),
        };
        let network = Self::of(address, length);
        if network.first == address { Ok(network) } else { Err(NetworkError::Beyond(network)) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_one = self.length == if self.first.is_ipv4() { 32 } else { 128 };
        if is_one { self.first.fmt(f) } else { write!(f, "{}/{}", self.first, self.length) }
    }
}

/// From where a credential may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Addresses {
    /// From anywhere.
    #[default]
    Any,
    /// From these networks.
    Only(Vec<Network>),
}

/// Why texts are not the addresses of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressesError {
    /// One of them is no network; which one, and why.
    Network(String, NetworkError),
    /// There are more than [`MAX_NETWORKS`].
    TooMany,
}

impl fmt::Display for AddressesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(text, error) => write!(f, "{text}: {error}"),
            Self::TooMany => write!(f, "there may be {MAX_NETWORKS} networks at most"),
        }
    }
}

impl std::error::Error for AddressesError {}

impl Addresses {
    /// Reads networks; none at all is anywhere.
    ///
    /// # Errors
    /// [`AddressesError`] names the first that is none.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, AddressesError> {
        let mut networks = Vec::new();
        for text in texts {
            let network: Network =
                text.parse().map_err(|error| AddressesError::Network(text.to_owned(), error))?;
            networks.push(network);
        }
        networks.sort_unstable();
        networks.dedup();
        match networks.len() {
            0 => Ok(Self::Any),
            1..=MAX_NETWORKS => Ok(Self::Only(networks)),
            _ => Err(AddressesError::TooMany),
        }
    }

    /// Whether a request may come from an address. One that cannot be told is nowhere.
    #[must_use]
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Self::Any, _) => true,
            (Self::Only(_), None) => false,
            (Self::Only(networks), Some(address)) => {
                networks.iter().any(|network| network.contains(address))
            }
        }
    }

    /// What both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let (ours, theirs) = match (self, other) {
            (Self::Any, some) | (some, Self::Any) => return some.clone(),
            (Self::Only(ours), Self::Only(theirs)) => (ours, theirs),
        };
        // Two networks are apart, or one is within the other.
        let within = |some: &[Network], others: &[Network]| -> Vec<Network> {
            let is_within = |one: &&Network| others.iter().any(|other| one.is_within(other));
            some.iter().filter(is_within).copied().collect()
        };
        let mut both = [within(ours, theirs), within(theirs, ours)].concat();
        both.sort_unstable();
        both.dedup();
        Self::Only(both)
    }

    /// What is stored: nothing for anywhere, else the networks.
    #[must_use]
    pub fn to_stored(&self) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Only(networks) => {
                Some(networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            }
        }
    }

    /// The meaning of what is stored.
    #[must_use]
    pub fn from_stored(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else {
            return Some(Self::Any);
        };
        let networks: Result<Vec<_>, _> = text.split_whitespace().map(str::parse).collect();
        networks.ok().map(Self::Only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn addresses(texts: &[&str]) -> Addresses {
        Addresses::parse(texts.iter().copied()).unwrap()
    }

    #[test]
    fn a_network_is_what_begins_alike() {
        for (text, inside, outside) in [
            ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
            ("203.0.113.7/32", "203.0.113.7", "203.0.113.6"),
            ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
            ("203.0.113.128/25", "203.0.113.128", "203.0.113.127"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("::/0", "2001:db8::1", "8.8.8.8"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
            ("203.0.113.0/24", "::ffff:203.0.113.9", "::ffff:203.0.112.9"),
            ("::ffff:203.0.113.0/120", "203.0.113.9", "203.0.112.9"),
        ] {
            let network = network(text);
            assert!(network.contains(inside.parse().unwrap()), "{inside} in {text}");
            assert!(!network.contains(outside.parse().unwrap()), "{outside} in {text}");
        }
    }

    #[test]
    fn what_is_no_network_is_told_why() {
        for text in ["", "example.com", "203.0.113", "203.0.113.7:80", "[::1]", " 10.0.0.1", "/8"] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError::Address), "{text}");
        }
        for text in
            ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "::/129"]
        {
            assert_eq!(text.parse::<Network>(), Err(NetworkError::Length), "{text}");
        }
        assert_eq!("::ffff:10.0.0.0/8".parse::<Network>(), Err(NetworkError::Length));
        let meant = network("203.0.113.0/24");
        assert_eq!("203.0.113.7/24".parse::<Network>(), Err(NetworkError::Beyond(meant)));
        assert!(NetworkError::Beyond(meant).to_string().contains("203.0.113.0/24"));
    }

    #[test]
    fn an_address_that_cannot_be_told_is_nowhere() {
        assert!(Addresses::Any.allow(None));
        assert!(!addresses(&["0.0.0.0/0", "::/0"]).allow(None));
    }

    #[test]
    fn there_are_so_many_at_most() {
        let texts: Vec<_> = (0..=MAX_NETWORKS).map(|n| format!("10.0.0.{n}")).collect();
        let parse = |texts: &[String]| Addresses::parse(texts.iter().map(String::as_str));
        assert!(parse(&texts[1..]).is_ok());
        assert_eq!(parse(&texts), Err(AddressesError::TooMany));
        assert_eq!(parse(&[]), Ok(Addresses::Any));
    }

    /// Few bits, so that networks meet.
    fn some() -> impl Strategy<Value = Addresses> {
        let one = (0u32..16, 28u8..=32).prop_map(|(bits, length)| {
            Network::of(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | bits)), length)
        });
        let only = prop::collection::vec(one, 0..4).prop_map(Addresses::Only);
        prop_oneof![Just(Addresses::Any), only]
    }

    proptest! {
        #[test]
        fn what_both_allow_is_what_each_allows(a in some(), b in some(), bits in 0u32..20) {
            let address = Some(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | bits)));
            prop_assert_eq!(a.and(&b).allow(address), a.allow(address) && b.allow(address));
        }

        #[test]
        fn addresses_survive_storage(addresses in some()) {
            let stored = addresses.to_stored();
            prop_assert_eq!(Addresses::from_stored(stored.as_deref()), Some(addresses));
        }

        #[test]
        fn an_address_is_in_each_network_of_its_bits(bits: u128, length in 0u8..=128) {
            let address = Ipv6Addr::from_bits(bits);
            prop_assume!(address.to_ipv4_mapped().is_none());
            prop_assert!(Network::of(address.into(), length).contains(address.into()));
        }
    }
}
