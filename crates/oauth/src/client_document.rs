//! Clients that are named by a URL, where a document says what they are (OAuth Client ID Metadata
//! Document).
//!
//! Who controls the URL controls the document, so of such a client something is certain: the host.

use serde_json::Value;

use crate::client_metadata::{self, ClientMetadata, Rules};
use crate::error::{ErrorCode, OAuthError};

/// The longest URL that names a client.
const MAX_LEN: usize = 500;

/// A URL that names a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocumentUrl(String);

impl DocumentUrl {
    /// Reads a `client_id` that is a URL. It is compared byte by byte ever after, so it must be written the
    /// one way: https, a host in small letters, a path without dot segments, and neither user name nor
    /// query nor fragment.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://")?;
        let (host, path) = rest.split_once('/')?;
        let is_host = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b);
        let is_path = |b: u8| b.is_ascii_graphic() && !b"\\\"<>^`{|}?#".contains(&b);
        let is_plain = !path.split('/').any(|segment| {
            let dotted = segment.replace("%2e", ".").replace("%2E", ".");
            dotted == "." || dotted == ".."
        });
        let is_good = text.len() <= MAX_LEN
            && !host.is_empty()
            && host.bytes().all(is_host)
            && !host.ends_with(":443")
            && !path.is_empty()
            && path.bytes().all(is_path)
            && is_plain;
        is_good.then(|| Self(text.to_owned()))
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host, with a port if there is one.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.strip_prefix("https://").unwrap_or_default();
        rest.split('/').next().unwrap_or_default()
    }
}

/// Whether a `client_id` says that it is one.
#[must_use]
pub fn is_url(client_id: &str) -> bool {
    client_id.starts_with("https://")
}

/// Reads the document that lies at a URL. The client is public: there is nobody to agree on a secret with.
///
/// # Errors
/// Says what is wrong with it, for whoever makes the app.
pub fn parse(
    url: &DocumentUrl,
    body: &[u8],
    rules: Rules<'_>,
) -> Result<ClientMetadata, OAuthError> {
    let metadata = client_metadata::parse(body, rules)?;
    // It was JSON a moment ago.
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let refused = |text: &'static str| OAuthError::new(ErrorCode::InvalidClientMetadata, text);
    // "The client_id ... MUST match the URL of the document using simple string comparison".
    if document["client_id"].as_str() != Some(url.as_str()) {
        return Err(refused("client_id in the document is not the URL of the document"));
    }
    // "MUST NOT include ... client_secret", nor a method that is based on one.
    if document.get("client_secret").is_some() {
        return Err(refused("the document has a client_secret, which is none in public"));
    }
    match document.get("token_endpoint_auth_method") {
        None | Some(Value::Null) => Ok(metadata),
        Some(method) if method == "none" => Ok(metadata),
        Some(_) => Err(refused("token_endpoint_auth_method must be none")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: Rules<'_> = Rules { scopes: &["openid"], default_scope: "openid", schemes: &[] };

    #[test]
    fn a_client_is_named_by_a_url_that_is_written_one_way() {
        for good in [
            "https://app.example/client.json",
            "https://app.example/a/b/",
            "https://app.example//x",
            "https://localhost:8443/c",
            "https://app.example/%41",
        ] {
            assert_eq!(DocumentUrl::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "https://app.example",
            "https://app.example/",
            "http://app.example/c",
            "HTTPS://app.example/c",
            "https://App.example/c",
            "https://app.example:443/c",
            "https://user@app.example/c",
            "https://app.example/c?x=1",
            "https://app.example/c#x",
            "https://app.example/./c",
            "https://app.example/a/../c",
            "https://app.example/a/%2e%2E/c",
            "https://app.example/a\\b",
            "https://app.example/a b",
            "https://app.example/é",
            "https:///c",
            "",
        ] {
            assert_eq!(DocumentUrl::parse(bad), None, "{bad}");
        }
        assert_eq!(DocumentUrl::parse(&format!("https://a.example/{}", "x".repeat(500))), None);
        assert_eq!(
            DocumentUrl::parse("https://localhost:8443/c").unwrap().host(),
            "localhost:8443"
        );
    }

    #[test]
    fn a_document_names_itself_byte_by_byte_and_has_no_secret() {
        let url = DocumentUrl::parse("https://app.example/c").unwrap();
        let read = |more: &str| {
            let body = format!(r#"{{"redirect_uris":["https://app.example/cb"]{more}}}"#);
            parse(&url, body.as_bytes(), RULES).map_err(|error| error.description.into_owned())
        };
        assert!(read(r#","client_id":"https://app.example/c","client_name":"App""#).is_ok());
        assert!(
            read(r#","client_id":"https://app.example/c","token_endpoint_auth_method":"none""#)
                .is_ok()
        );
        for (more, part) in [
            ("", "not the URL"),
            (r#","client_id":"https://app.example/c/""#, "not the URL"),
            (r#","client_id":"https://APP.example/c""#, "not the URL"),
            (r#","client_id":"https://app.example/%63""#, "not the URL"),
            (r#","client_id":"https://app.example/c","client_id":"x""#, "there twice"),
            (r#","client_id":"https://app.example/c","client_secret":"s""#, "client_secret"),
            (
                r#","client_id":"https://app.example/c","token_endpoint_auth_method":"client_secret_post""#,
                "must be none",
            ),
        ] {
            let error = read(more).unwrap_err();
            assert!(error.contains(part), "{more}: {error}");
        }
        assert!(parse(&url, b"{\"client_name\":\"\xff\"}", RULES).is_err(), "not UTF-8");
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}", body in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Some(url) = DocumentUrl::parse(&format!("https://{text}")) {
                prop_assert!(!url.host().is_empty());
                let _ = parse(&url, &body, RULES);
            }
        }
    }
}
