//! Links to the images that a result speaks of, beside its structure: a client shows them without knowing the schema.

use http::HeaderMap;
use rmcp::model::{ContentBlock, Resource};
use serde_json::Value;

/// The header in which a client names the version that it agreed on.
pub(super) const VERSION: &str = "mcp-protocol-version";
/// The first version with links in results. A client of an older one, which names none, may know no such content.
const FIRST: &str = "2025-06-18";
/// The most of an image's words that stand beside its link, in characters.
const MAX_WORDS: usize = 200;

/// Whether a client knows links in results. Versions are dates.
pub(super) fn are_known(headers: &HeaderMap) -> bool {
    let version = headers.get(VERSION).and_then(|value| value.to_str().ok());
    version.is_some_and(|version| version >= FIRST)
}

/// A link for each image with a URL: the result itself, those that it lists, and those that it found.
pub(super) fn of(result: &Value) -> Vec<ContentBlock> {
    let several = ["images", "candidates"].into_iter().filter_map(|name| result[name].as_array());
    std::iter::once(result).chain(several.flatten()).filter_map(link).collect()
}

fn link(image: &Value) -> Option<ContentBlock> {
    let id = image["id"].as_str()?;
    let url = image["imageUrl"].as_str().or_else(|| image["url"].as_str());
    let is_image = image["imageUrl"].is_string() || image["distance"].is_number();
    let url = url.filter(|url| is_image && !url.is_empty())?;
    let mut resource = Resource::new(url, format!("image {id}"));
    let words = image["description"].as_str().or_else(|| image["prompt"].as_str());
    resource.description = words
        .filter(|words| !words.is_empty())
        .map(|words| words.chars().take(MAX_WORDS).collect());
    resource.mime_type = image["mimeType"].as_str().map(str::to_owned);
    Some(ContentBlock::resource_link(resource))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn images_are_linked_and_nothing_else_is() {
        let links = |result: Value| -> Vec<Value> {
            of(&result).iter().map(|link| serde_json::to_value(link).unwrap()).collect()
        };
        let brand =
            json!({ "id": "b", "url": "https://northwind.example", "logoUrl": "https://x" });
        assert_eq!(links(brand), Vec::<Value>::new());
        assert_eq!(links(json!({ "id": "i", "imageUrl": null })), Vec::<Value>::new());
        let one = json!({ "id": "i", "imageUrl": "https://a/img/i/m", "prompt": "Boats" });
        let link = json!({
            "type": "resource_link", "uri": "https://a/img/i/m", "name": "image i", "description": "Boats"
        });
        let only = std::slice::from_ref(&link);
        assert_eq!(links(one.clone()), only);
        assert_eq!(links(json!({ "images": [one, { "id": "j", "imageUrl": null }] })), only);
        let found = json!({ "id": "i", "url": "https://a/img/i/m", "description": "Boats", "distance": 0.1 });
        assert_eq!(links(json!({ "candidates": [found] })), [link]);
    }

    #[test]
    fn a_client_says_by_its_version_that_it_knows_links() {
        let known = |version: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(VERSION, http::HeaderValue::from_static(version));
            are_known(&headers)
        };
        assert!(known("2025-06-18") && known("2025-11-25") && known("2026-07-28"));
        assert!(!known("2025-03-26") && !known("2024-11-05") && !are_known(&HeaderMap::new()));
    }
}
