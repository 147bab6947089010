//! `Authorization` headers: one scheme, one token, nothing around it.

use bloom_oauth::bearer::{BearerError, bearer_token};

pub(crate) fn target(bytes: &[u8]) {
    let is_bearer = bytes.len() >= 6
        && bytes[..6].eq_ignore_ascii_case(b"bearer")
        && bytes.get(6).is_none_or(|&b| b == b' ');
    match bearer_token(bytes) {
        Ok(token) => {
            assert!(is_bearer && bytes.ends_with(token.as_bytes()) && !token.is_empty());
            let before = &bytes[6..bytes.len() - token.len()];
            assert!(!before.is_empty() && before.iter().all(u8::is_ascii_whitespace));
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)));
            assert!(!token.trim_end_matches('=').contains('='));
        }
        Err(BearerError::Malformed) => assert!(is_bearer),
        Err(BearerError::OtherScheme) => assert!(!is_bearer),
    }
}
