//! Identities at an OpenID provider, by which a person signs in.

use std::time::Duration;

use crate::ids::{AccountId, IdentityId};
use crate::time::Timestamp;

/// How long a person has from the page here to coming back from the provider.
pub const ANSWER_LIFETIME: Duration = Duration::from_secs(600);
/// How many identities an account has at most.
pub const MAX_IDENTITIES: usize = 10;

/// Who somebody is to a provider. It is at most one account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name in paths.
    pub id: IdentityId,
    /// Whose it is.
    pub account: AccountId,
    /// The provider.
    pub issuer: String,
    /// Who they are there: never anybody else's.
    pub subject: String,
    /// The address that the provider told when it was linked, by which its person knows it.
    pub address: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When somebody signed in by it last.
    pub last_used_at: Option<Timestamp>,
}

/// By what a person can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaysIn {
    /// Whether there is a password.
    pub password: bool,
    /// How many passkeys there are, where browsers have any.
    pub passkeys: usize,
    /// How many identities there are at the provider that is configured.
    pub identities: usize,
}

impl WaysIn {
    /// Whether the person would be kept out if they lost one.
    #[must_use]
    pub fn is_one(self) -> bool {
        usize::from(self.password) + self.passkeys + self.identities <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_way_in_is_told_from_one_of_several() {
        let ways = |password, passkeys, identities| WaysIn { password, passkeys, identities };
        for one in [ways(true, 0, 0), ways(false, 1, 0), ways(false, 0, 1), ways(false, 0, 0)] {
            assert!(one.is_one(), "{one:?}");
        }
        for several in [ways(true, 1, 0), ways(true, 0, 1), ways(false, 1, 1), ways(false, 0, 2)] {
            assert!(!several.is_one(), "{several:?}");
        }
    }
}
