//! The query of a request, read strictly: each known parameter once, as UTF-8.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::errors::{ApiError, ErrorCode};

/// A query that has not been looked at yet. Unknown parameters are never looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a>(pub(crate) &'a str);

impl<'a> Query<'a> {
    /// The value of a parameter that may be left out.
    ///
    /// # Errors
    /// When it is there twice, empty, not UTF-8 or holds a NUL.
    pub(crate) fn optional(self, name: &str) -> Result<Option<Cow<'a, str>>, ApiError> {
        let mut values = self.0.split('&').filter_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key).as_deref() == Some(name)).then_some(value)
        });
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(bad(format!("{name} is given twice. Give it once.")));
        }
        let value = decode(value).filter(|value| !value.contains('\0'));
        match value {
            None => Err(bad(format!("{name} is not percent-encoded UTF-8."))),
            Some(value) if value.is_empty() => {
                Err(bad(format!("{name} is empty. Give it a value or leave it out.")))
            }
            value => Ok(value),
        }
    }
}

impl Query<'_> {
    /// A whole number within bounds that may be left out.
    ///
    /// # Errors
    /// When it is none, or out of its bounds.
    pub(crate) fn integer(self, name: &str, bounds: &Bounds) -> Result<Option<u32>, ApiError> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        let told = || {
            let (least, most) = (bounds.start(), bounds.end());
            bad(format!("{name} is not a whole number from {least} to {most}."))
        };
        number.ok_or_else(told).map(Some)
    }

    /// A yes or no; no when it is left out.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn flag(self, name: &str) -> Result<bool, ApiError> {
        match self.optional(name)?.as_deref() {
            Some("true" | "1") => Ok(true),
            None | Some("false" | "0") => Ok(false),
            Some(_) => Err(bad(format!("{name} is none of true, false, 1 and 0."))),
        }
    }
}

impl Query<'_> {
    /// One of some words, that may be left out.
    ///
    /// # Errors
    /// When it is none of them; says which there are.
    pub(crate) fn word<T: Copy>(
        self,
        name: &str,
        all: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        let found = all.iter().copied().find(|one| word(*one) == text);
        let words = || all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| bad(format!("{name} is none of: {}.", words())))
    }
}

/// From which number to which.
pub(crate) type Bounds = std::ops::RangeInclusive<u32>;

fn bad(message: String) -> ApiError {
    ApiError::new(ErrorCode::BadRequest, message)
}

fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.split('%').skip(1).all(begins_with_an_octet) {
        return None;
    }
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return percent_decode_str(&spaced).decode_utf8().ok().map(|t| Cow::Owned(t.into_owned()));
    }
    percent_decode_str(text).decode_utf8().ok()
}

/// Two hexadecimal digits, as they must follow a `%` (RFC 3986 §2.1).
fn begins_with_an_octet(text: &str) -> bool {
    text.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(query: &str) -> Result<Option<String>, ()> {
        Query(query).optional("w").map(|v| v.map(Cow::into_owned)).map_err(|_| ())
    }

    #[test]
    fn numbers_and_flags_are_read_strictly() {
        let number = |query| Query(query).integer("w", &(1..=100)).map_err(|_| ());
        assert_eq!(
            (number(""), number("w=1"), number("w=100")),
            (Ok(None), Ok(Some(1)), Ok(Some(100)))
        );
        for bad in ["w=0", "w=101", "w=-1", "w=1.5", "w=x", "w=", "w=1&w=1", "w=4294967297"] {
            assert_eq!(number(bad), Err(()), "{bad}");
        }
        let flag = |query| Query(query).flag("w").map_err(|_| ());
        for (query, expected) in [
            ("", Ok(false)),
            ("w=true", Ok(true)),
            ("w=1", Ok(true)),
            ("w=0", Ok(false)),
            ("w=false", Ok(false)),
            ("w=yes", Err(())),
            ("w=", Err(())),
        ] {
            assert_eq!(flag(query), expected, "{query}");
        }
    }

    #[test]
    fn a_parameter_is_read_once_and_strictly() {
        assert_eq!(value(""), Ok(None));
        assert_eq!(value("x=1&y"), Ok(None));
        assert_eq!(value("x=%ff&w=a%20b+c"), Ok(Some("a b c".into())));
        assert_eq!(value("%77=1"), Ok(Some("1".into())));
        for bad in ["w=1&w=2", "w=", "w", "w=%ff", "w=%00", "w=1&%77=2", "w=%", "w=%2", "w=%zz"] {
            assert_eq!(value(bad), Err(()), "{bad}");
        }
    }
}
