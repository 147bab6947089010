//! Headers that every page carries.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::site::Site;

/// Nothing but our own stylesheet, script and icon; never in a frame.
macro_rules! policy {
    ($more:literal) => {
        HeaderValue::from_static(concat!(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; ",
            "font-src 'self'; base-uri 'none'; frame-ancestors 'none'",
            $more
        ))
    };
}

/// `form-action` is left out: browsers apply it to the redirect that follows a form, and a sign-in
/// can end at an app.
const POLICY: HeaderValue = policy!("");
/// The forms of the settings end here.
const SETTINGS_POLICY: HeaderValue = policy!("; form-action 'self'");
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Puts them on. A page is its reader's alone, so nothing keeps it unless its handler said so.
pub(crate) fn protect(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_FRAME_OPTIONS, DENY);
    headers.insert(REFERRER_POLICY, SAME_ORIGIN);
    headers.insert(OPENER_POLICY, SAME_ORIGIN);
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
}

/// Puts on what hangs on the site and on which page it is.
pub(crate) fn protect_at(site: &Site, is_settings: bool, headers: &mut HeaderMap) {
    protect(headers);
    if is_settings {
        headers.insert(CONTENT_SECURITY_POLICY, SETTINGS_POLICY);
    }
    if site.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
}
