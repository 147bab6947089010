//! Example values, by the names of fields. What begins with `$` is a variable of the reader's shell.

use serde_json::{Value, json};

/// Some id.
pub(super) const ID: &str = "01941f29-7c00-7c3d-9e5a-2b8f6a7c1d20";
/// Some time.
pub(super) const TIME: &str = "2026-11-29T09:30:00Z";
/// A hash of some secret.
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
/// The variable with the reader's key.
pub(super) const KEY: &str = "$BLOOM_API_KEY";

/// What stands for a field in an example; nothing where its schema says enough.
pub(super) fn value(field: &str, is_sent: bool) -> Option<Value> {
    let own = match (field, is_sent) {
        ("brandSessionId", true) => json!("$BRAND_ID"),
        ("imageUrl", true) => json!("$IMAGE_URL"),
        ("key", true) => json!(KEY),
        ("logoUrl", true) => json!("https://example.com/logo.svg"),
        ("name", true) => json!("Newsletter"),
        ("prefix", true) => json!("acme_"),
        ("length", true) => json!(37),
        ("sha256", true) => json!(HASH),
        ("url", _) => json!("https://example.com"),
        ("prompt", _) => json!("A poster that says \"Fresh air\""),
        ("query", _) => json!("fresh air"),
        ("targetAspectRatio", _) => json!("16:9"),
        ("name", false) => json!("Northwind"),
        ("email", false) => json!("ada@example.com"),
        ("hint", false) => json!("bloom_sk_Ab12…wXyZ"),
        ("secret", false) => json!("bloom_sk_…"),
        ("colors" | "text", false) => json!("#1f4d3a"),
        ("ground", false) => json!("#ffffff"),
        ("engine", false) => json!("compose"),
        ("fonts", false) => json!("Inter"),
        ("scopes", false) => json!("read"),
        ("workspaces", false) => json!("personal"),
        ("addresses", false) => json!("203.0.113.0/24"),
        ("distance" | "confidence", false) => json!(0.25),
        ("contrast", false) => json!(9.5),
        ("width", false) => json!(2048),
        ("height", false) => json!(1152),
        (name, false) if name.ends_with("At") || name == "until" => json!(TIME),
        (name, false) if name.ends_with("Id") => json!(ID),
        _ => return None,
    };
    Some(own)
}
