//! Headers that every page carries.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::sign_up_links;
use crate::docs;
use crate::oauth::END_SESSION;
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

/// A form stays here, with every redirect that follows it.
const POLICY: HeaderValue = policy!("; form-action 'self'");
/// The pages of images look whether there is more of them, those of operations send what is tried there.
const POLICY_WITH_SCRIPT_THAT_ASKS: HeaderValue =
    policy!("; form-action 'self'; connect-src 'self'");
/// Browsers apply `form-action` to the redirect that follows a form, and that one may go to an app or a provider,
/// and on from there.
const POLICY_ELSEWHERE: HeaderValue = policy!("");
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

/// The policy of the page at a path: the forms that can end at an app, or at an OpenID provider, are named here and
/// only here, and so are the pages whose script asks for anything.
pub(crate) fn policy(path: &str, has_provider: bool) -> HeaderValue {
    match path {
        "/sign-in" | "/sign-in/passkey" | "/sign-up" | "/authorize" | END_SESSION => {
            POLICY_ELSEWHERE
        }
        "/settings/security/openid"
        | "/settings/security/confirm"
        | "/settings/security/confirm/passkey"
            if has_provider =>
        {
            POLICY_ELSEWHERE
        }
        path if path.starts_with(sign_up_links::PATH) => POLICY_ELSEWHERE,
        "/images" => POLICY_WITH_SCRIPT_THAT_ASKS,
        path if path.starts_with("/images/") => POLICY_WITH_SCRIPT_THAT_ASKS,
        path if path.starts_with(docs::REFERENCE) => POLICY_WITH_SCRIPT_THAT_ASKS,
        _ => POLICY,
    }
}

/// Images are shown from where they are.
fn with_files(site: &Site, policy: HeaderValue) -> HeaderValue {
    let Some(origin) = site.files_origin() else { return policy };
    let text = policy.to_str().unwrap_or_default();
    let text = text.replace("img-src 'self'", &format!("img-src 'self' {origin}"));
    HeaderValue::try_from(text).unwrap_or(policy)
}

/// Puts on what hangs on the site and, with its policy, on which page it is.
pub(crate) fn protect_at(site: &Site, policy: HeaderValue, headers: &mut HeaderMap) {
    protect(headers);
    headers.insert(CONTENT_SECURITY_POLICY, with_files(site, policy));
    // Elsewhere browsers ignore it, and complain on every page.
    if !site.is_trustworthy() {
        headers.remove(&OPENER_POLICY);
    }
    if site.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
}
