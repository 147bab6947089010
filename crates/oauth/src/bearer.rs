//! The `Authorization` header of a resource request: `Bearer` and a token (RFC 6750 §2.1).

/// Why an `Authorization` header presents no bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerError {
    /// Another scheme, such as `Basic`; nothing that RFC 6750 speaks of was presented.
    OtherScheme,
    /// The scheme is `Bearer`, but what follows is not a `b64token`.
    Malformed,
}

/// The token of an `Authorization: Bearer` header, as presented.
///
/// The scheme is compared without case (RFC 9110 §11.1); the credentials are
/// `"Bearer" 1*SP b64token` (RFC 6750 §2.1), so a second word, a comma or a quote is malformed.
///
/// # Errors
/// [`BearerError`] says whether another scheme or no well-formed token was presented.
pub fn bearer_token(header: &[u8]) -> Result<&str, BearerError> {
    let scheme_end = header.iter().position(|&b| b == b' ').unwrap_or(header.len());
    let (scheme, rest) = header.split_at(scheme_end);
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(BearerError::OtherScheme);
    }
    let token = rest.trim_ascii_start();
    if !is_b64token(token) {
        return Err(BearerError::Malformed);
    }
    std::str::from_utf8(token).map_err(|_| BearerError::Malformed)
}

/// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 §2.1).
fn is_b64token(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|&&b| b == b'=').count();
    let body = &token[..token.len() - padding];
    // To the end whatever comes, without a branch: an access token is long, and is looked at in each
    // request.
    !body.is_empty() && body.iter().fold(true, |is_good, &b| is_good & is_token_byte(b))
}

fn is_token_byte(b: u8) -> bool {
    let is_between = |first: u8, last: u8| b.wrapping_sub(first) <= last - first;
    // `-`, `.`, `/` and the digits are neighbours.
    is_between(b'-', b'9')
        | is_between(b'a', b'z')
        | is_between(b'A', b'Z')
        | (b == b'_')
        | (b == b'~')
        | (b == b'+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_the_token_and_ignores_the_case_of_the_scheme() {
        assert_eq!(bearer_token(b"Bearer abc"), Ok("abc"));
        assert_eq!(bearer_token(b"bEARER   a-._~+/9=="), Ok("a-._~+/9=="));
    }

    #[test]
    fn tells_another_scheme_from_a_malformed_token() {
        for other in [&b"Basic abc"[..], b"Bearerabc", b"", b"Bear er", b" Bearer abc"] {
            assert_eq!(bearer_token(other), Err(BearerError::OtherScheme), "{other:?}");
        }
        for bad in [
            &b"Bearer"[..],
            b"Bearer ",
            b"Bearer a b",
            b"Bearer a,b",
            b"Bearer \"a\"",
            b"Bearer =",
            b"Bearer \xff",
        ] {
            assert_eq!(bearer_token(bad), Err(BearerError::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn the_bytes_of_a_token_are_those_of_the_grammar() {
        for b in 0..=u8::MAX {
            let expected = b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
            assert_eq!(is_token_byte(b), expected, "{b}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_accepts_only_the_grammar(header in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(token) = bearer_token(&header) {
                prop_assert!(is_b64token(token.as_bytes()));
            }
        }

        #[test]
        fn accepts_every_b64token(token in "[A-Za-z0-9._~+/-]{1,40}={0,2}") {
            let header = format!("Bearer {token}");
            prop_assert_eq!(bearer_token(header.as_bytes()), Ok(token.as_str()));
        }
    }
}
