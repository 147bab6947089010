//! Secrets that a browser holds: the session cookie, the token of a setup link.

use std::fmt;

use zeroize::Zeroize;

use crate::base62;

const LEN: usize = 32;

/// 32 base62 characters (190 bits) that nobody can guess. Shown or sent once, stored only as a
/// digest, wiped when dropped, printed as nothing.
#[derive(Clone)]
pub struct OpaqueSecret([u8; LEN]);

impl OpaqueSecret {
    /// A new secret from 256 random bits.
    #[must_use]
    pub fn new(entropy: &[u8; 32]) -> Self {
        let mut text = [0; LEN];
        base62::write(*entropy, &mut text);
        Self(text)
    }

    /// Reads a presented secret; `None` for what no server can have issued.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LEN] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }

    /// The secret itself, to be sent to its holder. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Built from ASCII only; an empty text would be a refused secret, never a good one.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Drop for OpaqueSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for OpaqueSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_parses_to_itself_and_prints_nothing() {
        let secret = OpaqueSecret::new(&[0x77; 32]);
        assert_eq!(OpaqueSecret::parse(secret.expose()).unwrap().expose(), secret.expose());
        assert_eq!(format!("{secret:?}"), "OpaqueSecret(..)");
    }

    #[test]
    fn junk_is_no_secret() {
        for junk in ["", "short", &"a".repeat(33), &"-".repeat(32), &"é".repeat(16)] {
            assert!(OpaqueSecret::parse(junk).is_none(), "{junk}");
        }
    }
}
