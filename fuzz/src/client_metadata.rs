//! Client metadata: what is taken is complete, bounded, and stays what it is when it is stored and read.

use bloom_oauth::client_metadata::{self, ClientMetadata, Rules};
use bloom_oauth::redirect_uri::RedirectUri;
use serde_json::Value;

const SCOPES: &[&str] = &["openid", "offline_access", "profile", "email", "read", "generate"];
const KNOWN_SCHEMES: &[&str] = &["cursor", "vscode"];
pub(crate) const RULES: Rules<'_> =
    Rules { scopes: SCOPES, default_scope: "openid offline_access", schemes: KNOWN_SCHEMES };

pub(crate) fn target(bytes: &[u8]) {
    let parse = |bytes: &[u8]| client_metadata::parse(bytes, RULES);
    let metadata = match parse(bytes) {
        Ok(metadata) => metadata,
        Err(error) => {
            assert!(error.description.len() < 1_000, "an error repeats too much");
            return;
        }
    };
    is_sound(&metadata);
    let Ok(stored) = serde_json::to_vec(&metadata) else { panic!("it cannot be stored") };
    let read: Result<ClientMetadata, _> = serde_json::from_slice(&stored);
    assert_eq!(read.ok().as_ref(), Some(&metadata), "what is stored reads back as another");
    // An app that registers with what it was answered is the same app.
    let Ok(again) = parse(&stored) else { panic!("the answer itself is refused") };
    assert_eq!(again.redirect_uris, metadata.redirect_uris);
    assert_eq!(again.canonical(KNOWN_SCHEMES), metadata.canonical(KNOWN_SCHEMES));
}

pub(crate) fn is_sound(metadata: &ClientMetadata) {
    assert!((1..=20).contains(&metadata.redirect_uris.len()));
    assert!(metadata.redirect_uris.iter().all(|u| RedirectUri::parse(u, KNOWN_SCHEMES).is_ok()));
    assert_eq!(metadata.redirects(KNOWN_SCHEMES).len(), metadata.redirect_uris.len());
    assert!(metadata.may_use("authorization_code"));
    assert_eq!(metadata.response_types, ["code"]);
    assert!(metadata.scope.split(' ').all(|scope| SCOPES.contains(&scope)), "{}", metadata.scope);
    let Ok(Value::Object(members)) = serde_json::to_value(metadata) else { panic!("no object") };
    assert!(members.values().all(|value| !value.is_null()), "a null member");
}
