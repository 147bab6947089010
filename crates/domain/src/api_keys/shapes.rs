//! Keys that another system made and that go on here: how they look, since they have not our checksum.

use std::fmt;

use super::{KeyHint, PREFIX, SECRET_LEN};

/// The fewest characters after the prefix: fewer could be guessed.
const MIN_REST: usize = 20;
/// The most characters of a key.
const MAX_LEN: usize = 200;
/// The fewest characters of a prefix.
pub const MIN_PREFIX: usize = 2;
/// The most characters of a prefix.
pub const MAX_PREFIX: usize = 32;
/// How many shapes one account may bring: whoever presents something that has one costs a query.
pub const MAX_SHAPES: usize = 10;

/// How the keys of another system look: what they begin with, and how long they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyShape {
    prefix: String,
    len: usize,
}

/// Why something is no shape of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyShapeError {
    /// The prefix is too short, too long, or has something else than letters, digits, `_` and `-`.
    Prefix,
    /// The length is too small, so that keys could be guessed, or too large.
    Length,
}

impl fmt::Display for KeyShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix => {
                write!(f, "use {MIN_PREFIX} to {MAX_PREFIX} letters, digits, _ and -")
            }
            Self::Length => {
                write!(
                    f,
                    "at least {MIN_REST} characters come after the prefix, {MAX_LEN} in all at most"
                )
            }
        }
    }
}

impl KeyShape {
    /// The shape of keys with a prefix and a length, the prefix included.
    ///
    /// # Errors
    /// [`KeyShapeError`] says what is wrong.
    pub fn new(prefix: &str, len: usize) -> Result<Self, KeyShapeError> {
        if !is_prefix(prefix) {
            return Err(KeyShapeError::Prefix);
        }
        if !(prefix.len() + MIN_REST..=MAX_LEN).contains(&len) {
            return Err(KeyShapeError::Length);
        }
        Ok(Self { prefix: prefix.to_owned(), len })
    }

    /// What they begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How long they are.
    #[must_use]
    pub fn length(&self) -> usize {
        self.len
    }

    /// What may be shown of one that is presented.
    #[must_use]
    pub fn hint(&self, presented: &str) -> KeyHint {
        let last_four = presented.get(presented.len().saturating_sub(4)..).unwrap_or_default();
        KeyHint::of_another_system(&self.prefix, last_four)
    }

    /// Whether they look like the keys that are made here, and so need no shape.
    #[must_use]
    pub fn is_our_own(&self) -> bool {
        self.prefix == PREFIX && self.len == SECRET_LEN
    }

    /// Whether a text could be a key of another system with some shape: the checksum of what looks like our own
    /// is never skipped, whatever shapes there are.
    #[must_use]
    pub fn is_possible(text: &str) -> bool {
        (MIN_PREFIX + MIN_REST..=MAX_LEN).contains(&text.len())
            && !(text.len() == SECRET_LEN && text.starts_with(PREFIX))
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

/// Whether keys may begin with a text.
pub(super) fn is_prefix(text: &str) -> bool {
    (MIN_PREFIX..=MAX_PREFIX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_are_known_by_their_checksum_alone() {
        let shape = KeyShape::new("acme_live-", 34).unwrap();
        let key = "acme_live-0123456789abcdefghij.~!/";
        assert!(KeyShape::is_possible(key));
        assert_eq!(shape.hint(key).to_string(), "acme_live-….~!/");
        let ours = format!("{PREFIX}{}", "x".repeat(38));
        let (space, umlaut) = (key.replace('~', " "), key.replace("~!", "é"));
        for other in [&ours, "", &key[..21], &"x".repeat(201), &space, &umlaut] {
            assert!(!KeyShape::is_possible(other), "{other}");
        }
        assert!(KeyShape::is_possible(&ours[..46]) && KeyShape::is_possible(&ours.to_uppercase()));
        assert!(!shape.is_our_own());
        assert!(KeyShape::new(PREFIX, 47).unwrap().is_our_own());
        assert!(!KeyShape::new(PREFIX, 48).unwrap().is_our_own());
    }

    #[test]
    fn what_could_be_guessed_or_is_everybodys_is_no_shape() {
        for prefix in ["", "a", "a b", "a.b", "é_", &"a".repeat(33)] {
            assert_eq!(KeyShape::new(prefix, 60), Err(KeyShapeError::Prefix), "{prefix}");
        }
        for len in [0, 5, 24, 201, usize::MAX] {
            assert_eq!(KeyShape::new("acme_", len), Err(KeyShapeError::Length), "{len}");
        }
        assert!(KeyShape::new("acme_", 25).is_ok());
    }
}
