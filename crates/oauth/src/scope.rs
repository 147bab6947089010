//! Scope values: space-separated tokens (RFC 6749 §3.3).

use std::collections::BTreeSet;
use std::fmt;

/// A set of scope tokens, as requested or granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

/// A character that no scope token can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeError;

impl Scopes {
    /// Reads `scope-token *( SP scope-token )`; more than one space between tokens is tolerated.
    ///
    /// # Errors
    /// [`ScopeError`] on a character outside `%x21 / %x23-5B / %x5D-7E`.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let is_token = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let tokens = text.split(' ').filter(|token| !token.is_empty());
        let tokens: BTreeSet<_> = tokens.map(str::to_owned).collect();
        let is_good = tokens.iter().all(|token| token.bytes().all(is_token));
        if is_good { Ok(Self(tokens)) } else { Err(ScopeError) }
    }

    /// Whether a token is in the set.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.0.contains(token)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromIterator<String> for Scopes {
    fn from_iter<I: IntoIterator<Item = String>>(tokens: I) -> Self {
        Self(tokens.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set_of_tokens() {
        let scopes = Scopes::parse("openid  keys:admin openid").unwrap();
        assert_eq!(scopes.to_string(), "keys:admin openid");
        assert!(scopes.contains("openid") && !scopes.contains("open"));
        assert!(Scopes::parse("").unwrap().is_empty());
        for bad in ["a\"b", "a\\b", "a\tb", "é"] {
            assert_eq!(Scopes::parse(bad), Err(ScopeError), "{bad}");
        }
    }
}
