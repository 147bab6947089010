//! Passwords: they are long enough, and none of those that are tried first; what they consist of is nobody's business
//! (NIST SP 800-63B §3.1.1).

use std::fmt;

use zeroize::Zeroize;

use crate::base62;

/// The least number of characters.
pub const MIN_CHARS: usize = 8;
/// The greatest number of characters, so that hashing stays bounded.
pub const MAX_CHARS: usize = 128;

/// Passwords that nearly every list of guesses begins with, one a line in small letters. Nobody is kept from choosing a
/// bad one that is rarer; guesses are limited for those ([`crate::attempts`]).
const COMMON: &str = include_str!("passwords/common.txt");

/// A password as typed: wiped when dropped, printed as nothing.
#[derive(Clone)]
pub struct Password(String);

/// Why a password is not taken. The text can be shown beside the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordError {
    /// Fewer than [`MIN_CHARS`] characters.
    TooShort,
    /// More than [`MAX_CHARS`] characters.
    TooLong,
    /// One of those that whoever guesses tries first.
    TooCommon,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(f, "Use at least {MIN_CHARS} characters."),
            Self::TooLong => write!(f, "Use at most {MAX_CHARS} characters."),
            Self::TooCommon => f.write_str(
                "This one is among the first that are tried. Use another: a few words that have nothing to do with \
                 each other, say.",
            ),
        }
    }
}

impl std::error::Error for PasswordError {}

impl Password {
    /// Checks a password that is about to be set. It is kept byte for byte, spaces included.
    ///
    /// # Errors
    /// [`PasswordError`] says what to change.
    pub fn parse(text: String) -> Result<Self, PasswordError> {
        let password = Self(text);
        match password.0.chars().count() {
            0..MIN_CHARS => Err(PasswordError::TooShort),
            MIN_CHARS..=MAX_CHARS if password.is_common() => Err(PasswordError::TooCommon),
            MIN_CHARS..=MAX_CHARS => Ok(password),
            _ => Err(PasswordError::TooLong),
        }
    }

    /// Whether it is on the list of the commonest, in any case, or one character again and again.
    fn is_common(&self) -> bool {
        let mut characters = self.0.chars();
        let first = characters.next();
        let is_one = characters.all(|character| Some(character) == first);
        is_one || COMMON.lines().any(|common| common.eq_ignore_ascii_case(&self.0))
    }

    /// A password nobody chose, for the first account: 20 base62 characters, 119 bits.
    #[must_use]
    pub fn random(entropy: &[u8; 32]) -> Self {
        let mut text = vec![0; 20];
        base62::write(*entropy, &mut text);
        Self(String::from_utf8(text).unwrap_or_default())
    }

    /// Takes a password that is only to be compared; setting one needs [`Password::parse`].
    /// `None` when it is longer than any that can have been set.
    #[must_use]
    pub fn presented(text: String) -> Option<Self> {
        let password = Self(text);
        (password.0.chars().count() <= MAX_CHARS).then_some(password)
    }

    /// The characters, for hashing. Never log them.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_long_enough_and_not_among_the_first_guesses() {
        assert_eq!(Password::parse("1234567".into()).err(), Some(PasswordError::TooShort));
        assert!(Password::parse("      a ".into()).is_ok(), "spaces count");
        for common in
            ["password", "PassWord", "12345678", "changeme123", "aaaaaaaaaaaa", "éééééééé"]
        {
            assert_eq!(Password::parse(common.into()).err(), Some(PasswordError::TooCommon));
        }
        assert!(Password::parse("password of mine".into()).is_ok());
        assert!(Password::parse("éa".repeat(64)).is_ok());
        assert_eq!(Password::parse("éa".repeat(65)).err(), Some(PasswordError::TooLong));
    }
}
