//! The header by which a client learns that its key was rotated: until when the secret that it uses goes
//! on.

use bloom_domain::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};

const OLD_UNTIL: HeaderName = HeaderName::from_static("x-api-key-old-until");

/// Says until when the old secret is good.
pub(crate) fn insert(headers: &mut HeaderMap, until: Timestamp) {
    if let Ok(value) = HeaderValue::try_from(until.to_string()) {
        headers.insert(OLD_UNTIL, value);
    }
}
