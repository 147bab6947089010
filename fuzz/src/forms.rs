//! Forms of pages: what is read is what the URL standard's own parser reads, each field once, or nothing.

use bloom_http::form_fields;
use url::form_urlencoded;

pub(crate) fn target(bytes: &[u8]) {
    let Ok(fields) = form_fields(bytes) else { return };
    let others: Vec<_> = form_urlencoded::parse(bytes).collect();
    assert_eq!(fields.len(), others.len(), "none comes twice");
    for (name, value) in others {
        assert_eq!(fields.get(&*name).map(String::as_str), Some(&*value), "{name}");
        assert!(!name.contains('\0') && !value.contains('\0'));
    }
}
