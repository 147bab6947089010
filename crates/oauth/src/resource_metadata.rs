//! Protected resource metadata (RFC 9728 §2): where a client learns how to call a resource.

use serde::Serialize;

/// Where the metadata of a resource is published: the well-known segment stands between host and
/// path (RFC 9728 §3.1).
pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata document. Members that have no value are left out, never `null` (RFC 9728 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceMetadata {
    /// The resource identifier: equal to the URL the document's own URL was derived from (§3.3).
    pub resource: String,
    /// The issuers whose tokens are taken (§2).
    pub authorization_servers: Vec<String>,
    /// The scopes that can be asked for.
    pub scopes_supported: Vec<String>,
    /// How a bearer token may be sent. Only the header: never a query or a body.
    pub bearer_methods_supported: Vec<&'static str>,
    /// A name to show to people.
    pub resource_name: String,
}

impl ResourceMetadata {
    /// The document of the resource at `resource`, an absolute URL without query or fragment.
    #[must_use]
    pub fn new(resource: String, name: &str, issuer: &str, scopes: &[&str]) -> Self {
        Self {
            resource,
            authorization_servers: vec![issuer.to_owned()],
            scopes_supported: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            bearer_methods_supported: vec!["header"],
            resource_name: name.to_owned(),
        }
    }

    /// The URL at which the document of the resource `origin` + `path` is published (§3.1).
    #[must_use]
    pub fn url(origin: &str, path: &str) -> String {
        format!("{origin}{WELL_KNOWN}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_segment_stands_between_host_and_path() {
        assert_eq!(
            ResourceMetadata::url("https://bloom.example", "/api/v1"),
            "https://bloom.example/.well-known/oauth-protected-resource/api/v1"
        );
    }

    #[test]
    fn the_document_has_no_null_member() {
        let document = ResourceMetadata::new(
            "https://b.example/api/v1".into(),
            "Bloom API",
            "https://b.example/api/auth",
            &["read"],
        );
        let json = serde_json::to_value(&document).unwrap();
        assert_eq!(json["resource"], "https://b.example/api/v1");
        assert!(json.as_object().unwrap().values().all(|v| !v.is_null()));
    }
}
