//! OAuth from end to end: an app that a person lets in acts as that person.

use serde_json::{Value, json};

use bloom_service::operations::Effect;

use crate::support::oauth::{REDIRECT, REGISTER, Tokens, claims, parameter};
use crate::support::{App, on_both, with_credential};

on_both!(
    an_app_that_is_let_in_acts_as_the_person,
    both_kinds_of_credential_are_answered_alike,
    a_revoked_connection_is_refused_by_the_next_request,
    no_says_so_to_the_app,
);

/// What the public contract has a public client send.
fn seed() -> Value {
    json!({
        "token_endpoint_auth_method": "none",
        "type": "user-agent-based",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [REDIRECT],
    })
}

async fn an_app_that_is_let_in_acts_as_the_person(app: App) {
    let registered = app.post_json(REGISTER, &seed()).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_eq!(registered.header("cache-control"), "no-store");
    for (name, value) in seed().as_object().unwrap() {
        assert_eq!(&registered.json()[name], value, "{name}");
    }
    assert!(registered.json().get("client_secret").is_none());

    let client = app.client_with(seed()).await;
    let mut ada = app.person("ada").await;
    let url = client.ask(&mut ada, &[], "allow").await;
    assert_eq!(parameter(&url, "state").as_deref(), Some("state-1"));
    let issuer = "http://localhost:4600/api/auth";
    assert_eq!(parameter(&url, "iss").as_deref(), Some(issuer));

    let tokens = Tokens::of(&client.redeem(&parameter(&url, "code").unwrap()).await);
    assert_eq!(tokens.body["token_type"], "Bearer");
    assert_eq!(tokens.body["expires_in"], 3600);
    let account = app.get_as("/api/v1/account", &tokens.access).await;
    assert_eq!(
        (account.status, &account.json()["data"]["email"]),
        (200, &json!("ada@example.com"))
    );

    let next = Tokens::of(&client.refresh(&tokens.refresh).await);
    assert_ne!(next.refresh, tokens.refresh);
    assert_eq!(app.get_as("/api/v1/account", &next.access).await.status, 200);
    assert_eq!(claims(&next.access)["sid"], claims(&tokens.access)["sid"]);

    assert_eq!(client.revoke(&next.refresh).await.status, 200);
    for token in [&tokens.access, &next.access] {
        assert_eq!(app.get_as("/api/v1/account", token).await.error(), "401 UNAUTHORIZED");
    }
    assert_eq!(client.refresh(&next.refresh).await.json()["error"], "invalid_grant");
}

async fn both_kinds_of_credential_are_answered_alike(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let token = app.client(REDIRECT).await.connect(&mut ada, &[]).await.access;
    for operation in with_credential() {
        if operation.scope.is_none() {
            // What is about the credential itself is not about the person.
            continue;
        }
        let as_ = async |credential: &str| {
            let bearer = format!("Bearer {credential}");
            operation.call(&app, &[("authorization", &bearer)]).await
        };
        let (by_key, by_token) = (as_(&key.secret).await, as_(&token).await);
        assert_eq!(by_key.status, by_token.status, "{}", operation.id);
        if by_key.status == 403 {
            // What neither reaches: how to get there is another way for each.
            assert_eq!(by_key.error(), by_token.error(), "{}", operation.id);
        } else if operation.effect != Effect::Create {
            // What is made is another thing each time.
            assert_eq!(by_key.body, by_token.body, "{}", operation.id);
        }
        assert_eq!(by_key.header("ratelimit-policy"), by_token.header("ratelimit-policy"));
    }
}

async fn a_revoked_connection_is_refused_by_the_next_request(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.status, 200);
    let settings = ada.get("/settings").await;
    assert!(settings.text().contains("Example App"), "{settings:?}");
    let path = settings.between("action=\"/settings/apps/", "\"").expect("a form").to_owned();
    let answer = ada.post(&format!("/settings/apps/{path}"), &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.error(), "401 UNAUTHORIZED");
    assert_eq!(client.refresh(&tokens.refresh).await.json()["error"], "invalid_grant");
    // What was revoked stays revoked when the person lets the app in again.
    let again = client.connect(&mut ada, &[]).await;
    assert_eq!(app.get_as("/api/v1/account", &again.access).await.status, 200);
    assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.error(), "401 UNAUTHORIZED");
    assert_eq!(client.refresh(&tokens.refresh).await.json()["error"], "invalid_grant");
}

async fn no_says_so_to_the_app(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let before = app.database().dump();
    let url = client.ask(&mut ada, &[], "deny").await;
    assert_eq!(parameter(&url, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&url, "state").as_deref(), Some("state-1"));
    assert!(parameter(&url, "iss").is_some() && parameter(&url, "code").is_none());
    assert_eq!(app.database().dump(), before);
}
