//! Request parameters of the OAuth endpoints: `application/x-www-form-urlencoded`, in a query or a
//! body (RFC 6749 appendix B).

use std::fmt;

use percent_encoding::percent_decode_str;

/// The parameters of one request, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// Why parameters cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterError {
    /// Not UTF-8 after decoding, or a NUL.
    Encoding,
    /// More parameters than any request has.
    TooMany,
    /// "Request and response parameters MUST NOT be included more than once" (RFC 6749 §3.1). Holds
    /// the name.
    Twice(String),
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding => f.write_str("the parameters are not form-encoded UTF-8"),
            Self::TooMany => write!(f, "more than {MAX} parameters"),
            Self::Twice(name) => write!(f, "{name} is given more than once"),
        }
    }
}

impl std::error::Error for ParameterError {}

const MAX: usize = 64;
/// So much of a name is told.
const MAX_SHOWN: usize = 40;

impl Parameters {
    /// Reads a query or a body.
    ///
    /// # Errors
    /// [`ParameterError::Encoding`] and [`ParameterError::TooMany`].
    pub fn parse(text: &[u8]) -> Result<Self, ParameterError> {
        let text = std::str::from_utf8(text).map_err(|_| ParameterError::Encoding)?;
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MAX {
                return Err(ParameterError::TooMany);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((decode(name)?, decode(value)?));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter that may be given once. "Parameters sent without a value MUST be
    /// treated as if they were omitted" (RFC 6749 §3.1).
    ///
    /// # Errors
    /// [`ParameterError::Twice`].
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, ParameterError> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
            (_, Some(_)) => Err(ParameterError::Twice(name.to_owned())),
        }
    }

    /// Whether every parameter is given once, also those that nobody here knows (RFC 6749 §3.1, §3.2); `resource`
    /// may be given more than once (RFC 8707 §2).
    ///
    /// # Errors
    /// [`ParameterError::Twice`].
    pub fn check_once(&self) -> Result<(), ParameterError> {
        let mut names: Vec<_> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.retain(|name| *name != "resource");
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            None => Ok(()),
            Some(pair) => Err(ParameterError::Twice(pair[0].chars().take(MAX_SHOWN).collect())),
        }
    }

    /// Every value of a parameter that may be given more than once: `resource` (RFC 8707 §2).
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Form decoding of one name or value; a stray `%` stands for itself, as in browsers.
fn decode(text: &str) -> Result<String, ParameterError> {
    // Most values are what they stand for, and a token is long.
    if memchr::memchr3(b'+', b'%', 0, text.as_bytes()).is_none() {
        return Ok(text.to_owned());
    }
    let spaced = text.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8().map_err(|_| ParameterError::Encoding)?;
    if text.contains('\0') { Err(ParameterError::Encoding) } else { Ok(text.into_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_parameter_is_there_once_or_not_at_all() {
        let parameters = Parameters::parse(b"a=1+2&b=&c=%C3%A9&d=1&d=2").unwrap();
        assert_eq!(parameters.one("a"), Ok(Some("1 2")));
        assert_eq!(parameters.one("b"), Ok(None));
        assert_eq!(parameters.one("c"), Ok(Some("é")));
        assert_eq!(parameters.one("z"), Ok(None));
        assert_eq!(parameters.one("d"), Err(ParameterError::Twice("d".to_owned())));
        assert_eq!(parameters.check_once(), Err(ParameterError::Twice("d".to_owned())));
        let parameters = Parameters::parse(b"a=1&b=&resource=x&resource=y&c").unwrap();
        assert_eq!(parameters.check_once(), Ok(()));
        for twice in [&b"unknown=1&a=2&unknown=3"[..], b"a&a", b"%61=1&a=1", b"=1&=2"] {
            assert!(Parameters::parse(twice).unwrap().check_once().is_err(), "{twice:?}");
        }
        assert_eq!(parameters.all("resource").collect::<Vec<_>>(), ["x", "y"]);
    }

    #[test]
    fn what_cannot_be_text_is_refused() {
        for bad in [&b"a=%ff"[..], b"a=\xff", b"a=%00", b"%00=a"] {
            assert_eq!(Parameters::parse(bad), Err(ParameterError::Encoding), "{bad:?}");
        }
        let many = "a=1&".repeat(65);
        assert_eq!(Parameters::parse(many.as_bytes()), Err(ParameterError::TooMany));
    }

    proptest! {
        #[test]
        fn never_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Parameters::parse(&text);
        }
    }
}
