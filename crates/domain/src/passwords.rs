//! Passwords: length is the only rule (NIST SP 800-63B §3.1.1: no composition rules).

use std::fmt;

use zeroize::Zeroize;

use crate::base62;

/// The least number of characters.
pub const MIN_CHARS: usize = 8;
/// The greatest number of characters, so that hashing stays bounded.
pub const MAX_CHARS: usize = 128;

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
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(f, "Use at least {MIN_CHARS} characters."),
            Self::TooLong => write!(f, "Use at most {MAX_CHARS} characters."),
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
            MIN_CHARS..=MAX_CHARS => Ok(password),
            _ => Err(PasswordError::TooLong),
        }
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
    fn only_the_length_counts() {
        assert_eq!(Password::parse("1234567".into()).err(), Some(PasswordError::TooShort));
        assert!(Password::parse("        ".into()).is_ok());
        assert!(Password::parse("é".repeat(128)).is_ok());
        assert_eq!(Password::parse("é".repeat(129)).err(), Some(PasswordError::TooLong));
    }
}
