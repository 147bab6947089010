//! The right to upload one file without a credential: a token that stands in a URL.
//!
//! It is a random UUID (version 4), because the contract says that it is one; 122 of its bits are random. It is
//! stored as a digest, used once, and never logged.

use std::fmt;

use uuid::Uuid;

/// The token of an upload.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadToken(Uuid);

impl UploadToken {
    /// A new token from random bytes.
    #[must_use]
    pub fn new(entropy: &[u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(*entropy).into_uuid())
    }

    /// Reads a presented token; `None` for what no server can have issued.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Only the hyphenated form: one token has one spelling.
        let uuid = Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
        (uuid.get_version_num() == 4).then_some(Self(uuid))
    }

    /// What its digest is made of.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The token itself, to be sent to its holder. Never log it.
    #[must_use]
    pub fn expose(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for UploadToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_random_uuid_and_prints_nothing() {
        let token = UploadToken::new(&[0xff; 16]);
        assert_eq!(token.expose(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(UploadToken::parse(&token.expose()), Some(token.clone()));
        assert_eq!(format!("{token:?}"), "UploadToken(..)");
        for junk in
            ["", "x", "01941f29-7c00-7bbb-8bbb-bbbbbbbbbbbb", "ffffffffffff4fffbfffffffffffffff"]
        {
            assert_eq!(UploadToken::parse(junk), None, "{junk}");
        }
    }
}
