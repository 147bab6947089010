//! The documents that a challenge points to (RFC 9728 §3).

use crate::support::{App, on_both};

on_both!(
    a_challenge_leads_to_the_document,
    the_resource_is_the_url_the_document_was_derived_from,
    the_origin_is_the_configured_one,
);

async fn a_challenge_leads_to_the_document(app: App) {
    let challenge = app.get("/api/v1/account", &[]).await;
    let challenge = challenge.header("www-authenticate");
    let url = challenge.split('"').nth(1).unwrap();
    let path = url.strip_prefix(app.options().public_url).unwrap();
    let answer = app.get(path, &[]).await;
    insta::assert_snapshot!(answer.summary(), @r#"200 {"resource":"http://localhost:4600/api/v1","authorization_servers":["http://localhost:4600/api/auth"],"scopes_supported":["openid","offline_access","profile","email","read","generate","write"],"bearer_methods_supported":["header"],"resource_name":"Bloom API"}"#);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "max-age=300");
    assert_eq!(app.request("HEAD", path, &[]).await.status, 200);
}

/// §3.3: a client refuses a document whose `resource` is not the URL that it started from.
async fn the_resource_is_the_url_the_document_was_derived_from(app: App) {
    for path in ["", "/api/v1", "/api/mcp"] {
        let answer = app.get(&format!("/.well-known/oauth-protected-resource{path}"), &[]).await;
        let expected = format!("{}{path}", app.options().public_url);
        assert_eq!(answer.json()["resource"], expected);
        assert!(answer.json().as_object().unwrap().values().all(|value| !value.is_null()));
    }
    let answer = app.get("/.well-known/oauth-protected-resource/api/v2", &[]).await;
    assert_ne!(answer.status, 200);
}

async fn the_origin_is_the_configured_one(app: App) {
    let app = app.again(|options| options.public_url = "https://bloom.example").await;
    let headers = [("host", "evil.example"), ("x-forwarded-host", "evil.example")];
    let answer = app.get("/.well-known/oauth-protected-resource/api/v1", &headers).await;
    assert_eq!(answer.json()["resource"], "https://bloom.example/api/v1");
    let answer = app.get("/api/v1/account", &headers).await;
    let url = "https://bloom.example/.well-known/oauth-protected-resource/api/v1";
    let challenge = format!("Bearer resource_metadata=\"{url}\"");
    assert_eq!(answer.header("www-authenticate"), challenge);
    assert!(answer.text().contains("https://bloom.example/settings#api-keys"), "{answer:?}");
}
