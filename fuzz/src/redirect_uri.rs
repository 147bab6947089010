//! Redirect URIs: whatever is accepted, two other parsers must see in it the place that we see.

use bloom_oauth::redirect_uri::{RedirectKind, RedirectUri};
use http::Uri;
use url::{Host, Url};

const KNOWN_SCHEMES: &[&str] = &["cursor", "vscode"];

/// A registered URI and a presented one, on two lines.
pub(crate) fn target(bytes: &[u8]) {
    let (registered, presented) = crate::halves(bytes);
    let (Ok(registered), Ok(presented)) =
        (std::str::from_utf8(registered), std::str::from_utf8(presented))
    else {
        return;
    };
    let Ok(redirect) = RedirectUri::parse(registered, KNOWN_SCHEMES) else { return };
    assert_eq!(redirect.as_str(), registered);
    assert!(redirect.matches(registered), "a URI does not match itself");
    leads_where_we_say(&redirect, registered);
    if redirect.matches(presented) {
        leads_where_we_say(&redirect, presented);
        are_one_place(&redirect, registered, presented);
    }
}

/// What a browser (WHATWG URL) and an HTTP client (RFC 3986) make of an accepted URI.
fn leads_where_we_say(redirect: &RedirectUri, text: &str) {
    // What a browser cannot open leads nowhere.
    if let Ok(url) = Url::parse(text) {
        browser_agrees(redirect, &url, text);
    }
    if let (RedirectKind::Site(authority), Ok(uri)) = (redirect.kind(), text.parse::<Uri>()) {
        assert_eq!(uri.authority().map(http::uri::Authority::as_str), Some(authority.as_str()));
        assert_eq!(uri.scheme_str(), Some("https"));
    }
    if *redirect.kind() == RedirectKind::Loopback {
        let Ok(uri) = text.parse::<Uri>() else { panic!("an HTTP client cannot read {text}") };
        assert!(uri.host().is_some_and(is_of_the_device), "an HTTP client leaves the device");
    }
}

fn browser_agrees(redirect: &RedirectUri, url: &Url, text: &str) {
    assert!(url.username().is_empty() && url.password().is_none(), "a user name in {text}");
    assert_eq!(url.fragment(), None, "a fragment in {text}");
    for (name, _) in url.query_pairs() {
        let ours = ["code", "state", "iss", "error", "error_description", "error_uri"];
        assert!(!ours.contains(&&*name), "{name} would be there twice");
    }
    match redirect.kind() {
        RedirectKind::Site(authority) => {
            assert_eq!(url.scheme(), "https");
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) => (host, port.parse().ok()),
                None => (authority.as_str(), Some(443)),
            };
            assert_eq!(url.host_str(), Some(host.to_ascii_lowercase().as_str()), "host of {text}");
            assert_eq!(url.port_or_known_default(), port, "port of {text}");
            assert!(!leads_to_the_device(url), "{text} is no site");
        }
        RedirectKind::Loopback => assert!(leads_to_the_device(url), "{text} leaves the device"),
        RedirectKind::PrivateUse(scheme) => {
            assert_eq!(url.scheme(), scheme);
            let executed = ["javascript", "data", "file", "http", "https", "blob", "about"];
            assert!(!executed.contains(&url.scheme()), "a browser opens {text} itself");
        }
    }
}

/// A match is the same place, or differs in the port of a loopback address by http.
fn are_one_place(redirect: &RedirectUri, registered: &str, presented: &str) {
    if registered == presented {
        return;
    }
    assert_eq!(*redirect.kind(), RedirectKind::Loopback);
    let (Ok(one), Ok(other)) = (Url::parse(registered), Url::parse(presented)) else {
        panic!("a browser cannot read {registered} or {presented}");
    };
    let place = |url: &Url| {
        let mut url = url.clone();
        assert!(url.set_port(None).is_ok());
        url
    };
    assert_eq!(place(&one), place(&other));
    assert_eq!(one.scheme(), "http");
    assert!(RedirectUri::parse(presented, KNOWN_SCHEMES).is_ok_and(|other| {
        other.canonical() == redirect.canonical() && other.matches(registered)
    }));
}

fn leads_to_the_device(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_of_the_device(name),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        None => false,
    }
}

fn is_of_the_device(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "localhost.localdomain"
        || host == "[::1]"
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}
