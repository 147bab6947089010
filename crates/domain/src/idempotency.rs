//! Idempotency keys: by one, a client that did not hear an answer asks again without doing a thing twice.
//!
//! The name is the client's and means nothing here. It counts for one account and one operation, for as
//! long as [`KEPT`].

use std::fmt;
use std::time::Duration;

/// For how long an answer can be had again.
pub const KEPT: Duration = Duration::from_secs(86_400);
/// The longest there may be, in bytes.
pub const MAX_LEN: usize = 255;

/// The name that a client gave a request, so that asking again does nothing new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// Why a text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdempotencyKeyError {
    /// It is empty.
    Empty,
    /// It has more than [`MAX_LEN`] bytes.
    TooLong,
    /// It has something else than the letters, digits and signs of ASCII: a space, for one.
    Invisible,
}

impl fmt::Display for IdempotencyKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::TooLong => write!(f, "is longer than {MAX_LEN} bytes"),
            Self::Invisible => f.write_str("has something else than visible ASCII"),
        }
    }
}

impl IdempotencyKey {
    /// Reads one, as it came.
    ///
    /// # Errors
    /// [`IdempotencyKeyError`] names what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, IdempotencyKeyError> {
        match bytes.len() {
            0 => return Err(IdempotencyKeyError::Empty),
            1..=MAX_LEN => {}
            _ => return Err(IdempotencyKeyError::TooLong),
        }
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(IdempotencyKeyError::Invisible);
        }
        let text = str::from_utf8(bytes).map_err(|_| IdempotencyKeyError::Invisible)?;
        Ok(Self(text.to_owned()))
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_and_neither_empty_nor_long() {
        for good in ["a", "!~", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &"k".repeat(255)] {
            assert_eq!(IdempotencyKey::parse(good.as_bytes()).unwrap().as_str(), good);
        }
        let parse = |bytes: &[u8]| IdempotencyKey::parse(bytes).unwrap_err();
        assert_eq!(parse(b""), IdempotencyKeyError::Empty);
        assert_eq!(parse(&[b'k'; 256]), IdempotencyKeyError::TooLong);
        for bad in [&b" "[..], b"a b", b"a\t", b"\x7f", "é".as_bytes(), b"\xff"] {
            assert_eq!(parse(bad), IdempotencyKeyError::Invisible, "{bad:?}");
        }
    }
}
