//! The rate limit, told in headers: the IETF draft's `RateLimit` fields and the older `X-` ones.

use bloom_domain::rate_window::{RateLimit, Taken};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::errors::whole_seconds;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Adds them. `reset` is in seconds from now, rounded up.
pub(crate) fn insert(headers: &mut HeaderMap, rule: RateLimit, taken: Taken) {
    let reset = whole_seconds(taken.reset);
    let remaining = u64::from(taken.remaining);
    headers.insert(RATE_LIMIT, items("r", remaining, "t", reset));
    headers.insert(RATE_LIMIT_POLICY, items("q", rule.limit.into(), "w", rule.span.as_secs()));
    headers.insert(X_LIMIT, HeaderValue::from(rule.limit));
    headers.insert(X_REMAINING, HeaderValue::from(remaining));
    headers.insert(X_RESET, HeaderValue::from(reset));
}

/// `"default";a=1;b=2`, put together without the formatting machinery: this runs on every request.
fn items(first: &str, first_value: u64, second: &str, second_value: u64) -> HeaderValue {
    let mut text = Vec::with_capacity(40);
    for (key, value) in [(first, first_value), (second, second_value)] {
        text.extend_from_slice(if text.is_empty() { b"\"default\";" } else { b";" });
        text.extend_from_slice(key.as_bytes());
        text.push(b'=');
        push_number(&mut text, value);
    }
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static(""))
}

fn push_number(text: &mut Vec<u8>, mut number: u64) {
    let start = text.len();
    loop {
        // A digit.
        text.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text[start..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_written_as_a_structured_field() {
        assert_eq!(items("r", 119, "t", 60), "\"default\";r=119;t=60");
        assert_eq!(items("r", 0, "t", 1_000), "\"default\";r=0;t=1000");
    }
}
