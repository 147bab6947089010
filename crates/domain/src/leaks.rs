//! API keys that leaked: how that became known.

use std::fmt;

use crate::api_keys::RevokedBy;
use crate::api_keys::finder::without_keys;
use crate::names::is_deceptive;

/// As much of a place as is kept, in characters. A link that is cut leads nowhere, and still tells where.
const MAX_PLACE: usize = 500;

/// How it became known that a key leaked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exposure {
    /// A secret scanner found it in public, perhaps at a place that can be told.
    Found {
        /// Where.
        place: Option<Place>,
    },
    /// Somebody had the whole key and reported it.
    Reported,
}

impl Exposure {
    /// Why the key is revoked.
    #[must_use]
    pub fn revoked_by(&self) -> RevokedBy {
        match self {
            Self::Found { .. } => RevokedBy::Scanner,
            Self::Reported => RevokedBy::Finder,
        }
    }

    /// Where the key was found.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Found { place } => place.as_ref(),
            Self::Reported => None,
        }
    }
}

/// The address of a page on which a key was found, fit to be shown: it holds no key, and nothing that hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// Reads what a scanner sends; `None` for what is no address on the web.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        let is_hidden = |c: char| c.is_control() || c.is_whitespace() || is_deceptive(c);
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        if !is_web || url.chars().any(is_hidden) {
            return None;
        }
        Some(Self(without_keys(url).chars().take(MAX_PLACE).collect()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_keys::ApiKeySecret;

    #[test]
    fn a_place_is_a_web_address_without_a_key_in_it() {
        let key = ApiKeySecret::new(&[7; 32]);
        let url = format!("https://example.com/?key={}&x=1", key.expose());
        let place = Place::parse(&url).unwrap();
        assert_eq!(place.as_str(), format!("https://example.com/?key={}&x=1", key.hint()));
        assert_eq!(
            Place::parse(" http://example.com/a ").unwrap().as_str(),
            "http://example.com/a"
        );
        let long = format!("https://example.com/{}", "a".repeat(10_000));
        assert_eq!(Place::parse(&long).unwrap().as_str().len(), MAX_PLACE);
        for other in [
            "",
            "example.com",
            "javascript:alert(1)",
            "https://example.com/\r\nBcc: eve@example.com",
            "https://example.com/\u{202e}gpj",
        ] {
            assert_eq!(Place::parse(other), None, "{other:?}");
        }
    }
}
