//! Passkeys: keys that lie in an authenticator (WebAuthn Level 3), as their person sees them.

use std::time::Duration;

use crate::ids::{AccountId, PasskeyId};
use crate::names::{self, NameError};
use crate::time::Timestamp;

/// A challenge is good for this long: as long as a page may be open before somebody presses its button.
pub const CHALLENGE_LIFETIME: Duration = Duration::from_secs(600);
/// How many passkeys an account has at most.
pub const MAX_PASSKEYS: usize = 20;

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its name in paths.
    pub id: PasskeyId,
    /// Whose it is.
    pub account: AccountId,
    /// What the person calls it.
    pub name: String,
    /// How the authenticator names it.
    pub credential_id: Vec<u8>,
    /// A COSE key.
    pub public_key: Vec<u8>,
    /// What the authenticator counted last; zero when it does not count.
    pub sign_count: u32,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
}

/// Trims and checks what a person calls a passkey.
///
/// # Errors
/// [`NameError`] says what to change.
pub fn parse_name(text: &str) -> Result<String, NameError> {
    names::parse(text, 60)
}

/// Whether a count can come from the authenticator that came to `last` before (WebAuthn §6.1.1): it grows, unless
/// the authenticator does not count at all.
#[must_use]
pub fn counts_on(last: u32, now: u32) -> bool {
    now > last || (last == 0 && now == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_grows_or_there_is_none() {
        assert!(counts_on(0, 0) && counts_on(0, 1) && counts_on(7, 8));
        assert!(!counts_on(1, 0) && !counts_on(1, 1) && !counts_on(7, 3));
    }
}
