//! The rate limit, told in headers: the IETF draft's `RateLimit` fields and the older `X-` ones.

use bloom_domain::rate_window::{RateLimit, Taken};
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

/// `"default";a=1;b=2`. From its end to its beginning, as digits come, and without the formatting machinery: this
/// runs on every request.
fn items(first: &str, first_value: u64, second: &str, second_value: u64) -> HeaderValue {
    let mut line = Line { bytes: [0; LINE], begin: LINE };
    for (key, value) in [(second, second_value), (first, first_value)] {
        line.put_number(value);
        line.put(b"=");
        line.put(key.as_bytes());
        line.put(b";");
    }
    line.put(b"\"default\"");
    HeaderValue::from_bytes(&line.bytes[line.begin..]).unwrap_or(HeaderValue::from_static(""))
}

/// Room for the name and two numbers of 20 digits.
const LINE: usize = 64;

/// A line that grows at its beginning.
struct Line {
    bytes: [u8; LINE],
    begin: usize,
}

impl Line {
    fn put(&mut self, text: &[u8]) {
        let end = self.begin;
        self.begin -= text.len();
        self.bytes[self.begin..end].copy_from_slice(text);
    }

    fn put_number(&mut self, mut number: u64) {
        loop {
            // A digit.
            self.put(&[b'0' + (number % 10) as u8]);
            number /= 10;
            if number == 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_written_as_a_structured_field() {
        assert_eq!(items("r", 119, "t", 60), "\"default\";r=119;t=60");
        assert_eq!(items("r", 0, "t", 1_000), "\"default\";r=0;t=1000");
        let most = u64::MAX;
        assert_eq!(items("r", most, "t", most), format!("\"default\";r={most};t={most}"));
    }
}
