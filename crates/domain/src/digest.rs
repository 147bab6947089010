//! What is stored in place of a secret.

use std::fmt;

use subtle::ConstantTimeEq;

/// A keyed digest of a secret: `HMAC-SHA-256(derived key, SHA-256(secret))`.
///
/// Without the root secret, a digest from a stolen database can neither be reversed nor matched
/// against guesses. Compared in constant time; printed as nothing.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// From the 32 bytes that the service computed or the database holds.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes as they are stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_prints_nothing() {
        assert_eq!(format!("{:?}", Digest::from_bytes([0xab; 32])), "Digest(..)");
    }
}
