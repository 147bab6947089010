//! The rate limit, told in headers: the IETF draft's `RateLimit` fields and the older `X-` ones.

use std::fmt::Write;

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
    let mut text = String::with_capacity(32);
    // Writing to a string cannot fail.
    let _ = write!(text, "\"default\";r={};t={reset}", taken.remaining);
    headers.insert(RATE_LIMIT, ascii(&text));
    text.clear();
    let _ = write!(text, "\"default\";q={};w={}", rule.limit, rule.span.as_secs());
    headers.insert(RATE_LIMIT_POLICY, ascii(&text));
    headers.insert(X_LIMIT, HeaderValue::from(rule.limit));
    headers.insert(X_REMAINING, HeaderValue::from(taken.remaining));
    headers.insert(X_RESET, HeaderValue::from(reset));
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}
