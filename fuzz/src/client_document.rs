//! Clients that are named by a URL: everybody sees the same place in it, and its document names no other.

use bloom_oauth::client_document::{self, DocumentUrl};
use url::{Host, Url};

use crate::client_metadata::{RULES, is_sound};

/// A URL and the document that lies there, on two lines.
pub(crate) fn target(bytes: &[u8]) {
    let (url, body) = crate::halves(bytes);
    let Ok(url) = std::str::from_utf8(url) else { return };
    let Some(document) = DocumentUrl::parse(url) else { return };
    assert_eq!(document.as_str(), url);
    assert!(client_document::is_url(url));
    everybody_sees_one_place(&document, url);
    let Ok(metadata) = client_document::parse(&document, body, RULES) else { return };
    is_sound(&metadata);
    let Ok(said) = serde_json::from_slice::<serde_json::Value>(body) else { panic!("no JSON") };
    assert_eq!(said["client_id"].as_str(), Some(url), "it names another client");
    assert!(said.get("client_secret").is_none(), "a secret that anybody can read");
    let Some(other) = DocumentUrl::parse(&format!("{url}x")) else { return };
    assert!(client_document::parse(&other, body, RULES).is_err(), "a document stands for two");
}

/// What a browser (WHATWG URL) makes of it. An address is for the fetcher to read; it takes one spelling.
fn everybody_sees_one_place(document: &DocumentUrl, text: &str) {
    let host = document.host();
    assert!(!host.is_empty() && text["https://".len()..].starts_with(host));
    let path = &text["https://".len() + host.len()..];
    let Ok(url) = Url::parse(text) else { return };
    assert_eq!(url.scheme(), "https");
    assert!(url.username().is_empty() && url.password().is_none(), "a user name in {text}");
    assert_eq!((url.query(), url.fragment()), (None, None));
    assert_eq!(url.path(), path, "path of {text}");
    if let Some(Host::Domain(name)) = url.host() {
        assert_eq!(name, host.split(':').next().unwrap_or_default(), "host of {text}");
    }
}
