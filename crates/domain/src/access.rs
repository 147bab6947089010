//! Access: what a credential may do. Recorded with the grant, never inferred.
//!
//! A grant holds an access set. A token's access is its grant's set, cut by the Bloom scopes that the
//! token's own request named, if it named any: leaving one out never widens.

use std::fmt;

/// A Bloom scope: a part of what an account can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BloomScope {
    /// Reading what the person can see.
    Read,
    /// Making and changing images, which costs credits.
    Generate,
    /// Changing and deleting brands and images.
    Write,
    /// Making and revoking API keys. Never part of `all`.
    KeysAdmin,
}

/// Scopes that are not about Bloom: OpenID Connect's (Core §5.4, §11).
pub const OPENID_SCOPES: [&str; 4] = ["openid", "offline_access", "profile", "email"];

impl BloomScope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Generate, Self::Write, Self::KeysAdmin];

    /// The scope token.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Generate => "generate",
            Self::Write => "write",
            Self::KeysAdmin => "keys:admin",
        }
    }

    /// The scope with a token; `None` for one that is not Bloom's.
    #[must_use]
    pub fn from_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == token)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// An access set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everything the person can do, but for `keys:admin`.
    All,
    /// These scopes and nothing else.
    Named(ScopeSet),
}

/// A set of Bloom scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ScopeSet(u8);

impl ScopeSet {
    /// The Bloom scopes among some tokens.
    pub fn among<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Self {
        tokens.into_iter().filter_map(BloomScope::from_token).collect()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a scope is in the set.
    #[must_use]
    pub fn contains(self, scope: BloomScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The scopes, in order.
    pub fn iter(self) -> impl Iterator<Item = BloomScope> {
        BloomScope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<BloomScope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = BloomScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Access {
    /// What an authorization asks for: the Bloom scopes it names, else those its client is registered
    /// with, else everything.
    #[must_use]
    pub fn requested(named: ScopeSet, registered: ScopeSet) -> Self {
        if !named.is_empty() {
            Self::Named(named)
        } else if registered.is_empty() {
            Self::All
        } else {
            Self::Named(registered)
        }
    }

    /// This access, cut by what a token request names, if it names any.
    #[must_use]
    pub fn narrowed(self, named: ScopeSet) -> Self {
        if named.is_empty() { self } else { Self::Named(self.scopes().and(named)) }
    }

    /// What either of two allows.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        match (self.is_within(other), other.is_within(self)) {
            (true, _) => other,
            (_, true) => self,
            _ => Self::Named(self.scopes().or(other.scopes())),
        }
    }

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, Self::All) => Self::All,
            _ => Self::Named(self.scopes().and(other.scopes())),
        }
    }

    /// Whether an operation that needs a scope may run.
    #[must_use]
    pub fn allows(self, scope: BloomScope) -> bool {
        self.scopes().contains(scope)
    }

    /// Whether this is no wider than another.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self.scopes().and(other.scopes()) == self.scopes()
    }

    fn scopes(self) -> ScopeSet {
        match self {
            Self::All => {
                [BloomScope::Read, BloomScope::Generate, BloomScope::Write].into_iter().collect()
            }
            Self::Named(scopes) => scopes,
        }
    }

    /// The access as stored and as carried by a token; `None` for what is neither.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::All);
        }
        let scopes: Option<ScopeSet> =
            text.split(' ').filter(|t| !t.is_empty()).map(BloomScope::from_token).collect();
        scopes.map(Self::Named)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Named(scopes) => {
                for (index, scope) in scopes.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" ")?;
                    }
                    f.write_str(scope.as_str())?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set() -> impl Strategy<Value = ScopeSet> {
        (0u8..16).prop_map(ScopeSet)
    }

    fn access() -> impl Strategy<Value = Access> {
        prop_oneof![Just(Access::All), set().prop_map(Access::Named)]
    }

    #[test]
    fn all_never_includes_the_keys() {
        assert!(!Access::All.allows(BloomScope::KeysAdmin));
        assert!(Access::All.allows(BloomScope::Write));
        let keys = ScopeSet::among(["keys:admin"]);
        assert!(!Access::All.narrowed(keys).allows(BloomScope::KeysAdmin));
        assert_eq!(Access::requested(ScopeSet::default(), ScopeSet::default()), Access::All);
    }

    proptest! {
        #[test]
        fn a_token_is_never_wider_than_its_grant(grant in access(), named in set()) {
            prop_assert!(grant.narrowed(named).is_within(grant));
        }

        #[test]
        fn what_is_joined_holds_both_and_no_more(a in access(), b in access()) {
            let joined = a.joined(b);
            prop_assert!(a.is_within(joined) && b.is_within(joined));
            for scope in BloomScope::ALL {
                prop_assert_eq!(joined.allows(scope), a.allows(scope) || b.allows(scope));
            }
        }

        #[test]
        fn access_survives_storage(access in access()) {
            prop_assert_eq!(Access::from_stored(&access.to_string()), Some(access));
        }
    }
}
