//! What a key is narrowed to: scopes, workspaces, addresses and an end.

use std::fmt;
use std::net::IpAddr;

use crate::access::{Access, BloomScope, ScopeSet};
use crate::networks::Addresses;
use crate::time::Timestamp;
use crate::workspaces::Reach;

/// What a key is narrowed to. Without anything it does what its owner can, but for managing keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    /// The scopes.
    pub access: Access,
    /// The workspaces.
    pub reach: Reach,
    /// From where it may be used.
    pub addresses: Addresses,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Default for Narrowing {
    /// To nothing.
    fn default() -> Self {
        Self { access: Access::All, reach: Reach::All, addresses: Addresses::Any, expires_at: None }
    }
}

/// No scope has such a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownScope(pub String);

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = BloomScope::ALL.map(BloomScope::as_str).join(", ");
        write!(f, "there is no scope {:?}; there are {all}", self.0)
    }
}

impl std::error::Error for UnknownScope {}

/// Reads the scopes of a key; none at all is everything but `keys:admin`.
///
/// # Errors
/// [`UnknownScope`] names the first that is none.
pub fn parse_scopes<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Result<Access, UnknownScope> {
    let known =
        |token: &str| BloomScope::from_token(token).ok_or_else(|| UnknownScope(token.to_owned()));
    let scopes: ScopeSet = tokens.into_iter().map(known).collect::<Result<_, _>>()?;
    Ok(if scopes.is_empty() { Access::All } else { Access::Named(scopes) })
}

impl Narrowing {
    /// Whether it narrows nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a key could do nothing at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self.access, Access::Named(scopes) if scopes.is_empty())
            || matches!(&self.reach, Reach::Only(some) if some.is_empty())
            || matches!(&self.addresses, Addresses::Only(some) if some.is_empty())
    }

    /// This, cut to what whoever makes the key has: nothing made is wider than its maker.
    #[must_use]
    pub fn cut_to(&self, maker: &Self) -> Self {
        let sooner = |a: Option<Timestamp>, b: Option<Timestamp>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            access: self.access.and(maker.access),
            reach: self.reach.and(&maker.reach),
            addresses: self.addresses.and(&maker.addresses),
            expires_at: sooner(self.expires_at, maker.expires_at),
        }
    }

    /// Whether this does no more than another.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let ends_first = match (self.expires_at, other.expires_at) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(mine), Some(others)) => mine <= others,
        };
        ends_first
            && self.access.is_within(other.access)
            && self.reach.is_within(&other.reach)
            && self.addresses.and(&other.addresses) == self.addresses
    }

    /// Whether a key may be used for something that needs a scope, from an address, at a time.
    #[must_use]
    pub fn allows(&self, scope: BloomScope, from: Option<IpAddr>, at: Timestamp) -> bool {
        self.access.allows(scope)
            && self.addresses.allow(from)
            && self.expires_at.is_none_or(|end| at < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::WorkspaceId;
    use proptest::prelude::*;

    fn workspace(n: u8) -> WorkspaceId {
        WorkspaceId::from_bytes([n; 16])
    }

    fn narrowing() -> impl Strategy<Value = Narrowing> {
        let tokens = prop::sample::subsequence(BloomScope::ALL.to_vec(), 0..=4);
        let access = prop_oneof![
            Just(Access::All),
            tokens.prop_map(|scopes| Access::Named(scopes.into_iter().collect()))
        ];
        let some = prop::sample::subsequence((0..4).map(workspace).collect::<Vec<_>>(), 0..=4);
        let reach = prop_oneof![Just(Reach::All), some.prop_map(Reach::Only)];
        let networks = vec!["10.0.0.0/30", "10.0.0.0/31", "10.0.0.1", "10.0.0.2", "10.0.0.4/30"];
        let networks = prop::sample::subsequence(networks, 0..=5)
            .prop_map(|texts| Addresses::parse(texts).expect("networks"));
        let end = prop::option::of((0i64..5).prop_map(Timestamp::from_unix_micros));
        (access, reach, networks, end).prop_map(|(access, reach, addresses, expires_at)| {
            Narrowing { access, reach, addresses, expires_at }
        })
    }

    proptest! {
        #[test]
        fn nothing_made_does_more_than_its_maker(
            asked in narrowing(), maker in narrowing(), host in 0u8..8, at in 0i64..6, n in 0u8..4,
        ) {
            let cut = asked.cut_to(&maker);
            let (from, at) = (Some(IpAddr::from([10, 0, 0, host])), Timestamp::from_unix_micros(at));
            for scope in BloomScope::ALL {
                let both = asked.allows(scope, from, at) && maker.allows(scope, from, at);
                prop_assert_eq!(cut.allows(scope, from, at), both, "{:?}", scope);
            }
            let both = asked.reach.contains(workspace(n)) && maker.reach.contains(workspace(n));
            prop_assert_eq!(cut.reach.contains(workspace(n)), both);
            prop_assert!(cut.is_within(&maker) && cut.is_within(&asked));
        }

        #[test]
        fn what_is_within_another_does_nothing_that_it_does_not(
            one in narrowing(), other in narrowing(), host in 0u8..8, at in 0i64..6, n in 0u8..4,
        ) {
            prop_assert!(one.is_within(&one));
            if one.is_within(&other) {
                let from = Some(IpAddr::from([10, 0, 0, host]));
                let at = Timestamp::from_unix_micros(at);
                for scope in BloomScope::ALL {
                    prop_assert!(!one.allows(scope, from, at) || other.allows(scope, from, at));
                }
                prop_assert!(!one.reach.contains(workspace(n)) || other.reach.contains(workspace(n)));
            }
        }

        #[test]
        fn what_is_narrowed_does_nothing_that_a_plain_key_does_not(
            narrowed in narrowing(), host in 0u8..8, at in 0i64..6,
        ) {
            let (from, at) = (Some(IpAddr::from([10, 0, 0, host])), Timestamp::from_unix_micros(at));
            for scope in BloomScope::ALL {
                // Managing keys is never part of a plain key: it is chosen.
                let is_chosen = scope == BloomScope::KeysAdmin
                    && matches!(narrowed.access, Access::Named(scopes) if scopes.contains(scope));
                let plain = Narrowing::default().allows(scope, from, at);
                prop_assert!(plain || is_chosen || !narrowed.allows(scope, from, at));
            }
        }
    }

    #[test]
    fn scopes_are_named_or_are_all_but_keys() {
        assert_eq!(parse_scopes([]), Ok(Access::All));
        let read = parse_scopes(["read"]).unwrap();
        assert!(read.allows(BloomScope::Read) && !read.allows(BloomScope::Write));
        let wrong = parse_scopes(["read", "admin"]).unwrap_err();
        assert!(
            wrong.to_string().contains("\"admin\"") && wrong.to_string().contains("keys:admin")
        );
        assert!(parse_scopes(["openid"]).is_err());
    }
}
