//! Introspection (RFC 7662): a client learns whether a token of its own is good at this moment, and of
//! nothing else anything.

use std::time::Duration;

use serde_json::json;

use crate::support::oauth::{INTROSPECT, REDIRECT, Tokens, claims};
use crate::support::{App, on_both};

on_both!(
    a_client_learns_of_its_own_tokens,
    of_everything_else_nothing_is_said,
    what_happens_to_a_token_is_told_at_once,
    a_token_that_was_seen_before_costs_no_statement,
    a_malformed_introspection_is_told_so,
);

async fn a_client_learns_of_its_own_tokens(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[("scope", "openid read")]).await;
    let said = claims(&tokens.access);
    let answer = client.introspect(&tokens.access).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let told = answer.json();
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("Bearer")));
    for name in ["iss", "sub", "aud", "client_id", "scope", "sid", "jti", "iat", "exp"] {
        assert_eq!(told[name], said[name], "{name}");
    }
    let told = client.introspect(&tokens.refresh).await.json();
    assert_eq!((&told["active"], &told["scope"]), (&json!(true), &json!("openid read")));
    assert_eq!((&told["sub"], &told["sid"]), (&said["sub"], &said["sid"]));
    assert!(told.as_object().unwrap().values().all(|value| !value.is_null()), "{told}");
    assert!(told.get("token_type").is_none(), "it is no token to call anything with: {told}");
    let until = told["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap();
    assert_eq!(until, 30 * 86_400);
}

async fn of_everything_else_nothing_is_said(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let other = app.client("https://other.example/cb").await;
    let code = client.code(&mut ada, &[("scope", "openid")]).await;
    let unspent = client.code(&mut ada, &[("scope", "openid"), ("prompt", "consent")]).await;
    let tokens = Tokens::of(&client.redeem(&code).await);
    let id_token = tokens.body["id_token"].as_str().unwrap().to_owned();
    let key = ada.create_key("ci").await.secret;
    let before = app.database().dump();
    for (who, what) in [
        (client.id.as_str(), "nonsense"),
        (&client.id, "a.b.c"),
        (&client.id, "bloom_rt_AAAA"),
        (&client.id, &format!("{}A", tokens.access)),
        (&client.id, &code),
        (&client.id, &unspent),
        (&client.id, &id_token),
        (&client.id, &key),
        (&client.id, ada.cookie_secret()),
        (&other.id, &tokens.access),
        (&other.id, &tokens.refresh),
        ("nobody", &tokens.access),
        (&client.id.to_uppercase(), &tokens.access),
    ] {
        for hint in ["", "access_token", "refresh_token"] {
            let fields = [("client_id", who), ("token", what), ("token_type_hint", hint)];
            let answer = app.post_form(INTROSPECT, &fields).await;
            assert_eq!(answer.summary(), "200 {\"active\":false}", "{who} {what}");
        }
    }
    assert_eq!(app.database().dump(), before, "nobody is told, and nothing changes");
    assert!(app.is_good(&tokens.access).await);
}

async fn what_happens_to_a_token_is_told_at_once(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let mut tokens = client.connect(&mut ada, &[]).await;
    assert_eq!(client.are_active(&tokens).await, (true, true));

    let used = tokens.refresh.clone();
    tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
    assert_eq!(client.are_active(&tokens).await, (true, true));
    assert!(!client.is_active(&used).await, "it was used");

    client.revoke(&tokens.access).await;
    assert_eq!(client.are_active(&tokens).await, (false, true));
    tokens = Tokens::of(&client.refresh(&tokens.refresh).await);

    client.disable().await;
    assert_eq!(client.are_active(&tokens).await, (false, false));
    client.enable().await;
    app.ban("ada@example.com").await;
    assert_eq!(client.are_active(&tokens).await, (false, false));
    app.unban("ada@example.com").await;
    assert_eq!(client.are_active(&tokens).await, (true, true));

    app.advance(Duration::from_secs(3_600));
    assert_eq!(client.are_active(&tokens).await, (false, true));
    tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
    ada.revoke_app().await;
    assert_eq!(client.are_active(&tokens).await, (false, false));

    let tokens = client.connect(&mut ada, &[]).await;
    client.revoke(&tokens.refresh).await;
    assert_eq!(client.are_active(&tokens).await, (false, false));
    let tokens = client.connect(&mut ada, &[("prompt", "consent")]).await;
    app.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(client.are_active(&tokens).await, (false, false));
}

async fn a_token_that_was_seen_before_costs_no_statement(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    assert!(client.is_active(&tokens.access).await);
    let before = app.service().statements_executed();
    assert!(client.is_active(&tokens.access).await);
    assert_eq!(app.service().statements_executed(), before);
}

async fn a_malformed_introspection_is_told_so(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    let (id, token) = (("client_id", client.id.as_str()), ("token", tokens.access.as_str()));
    for (fields, status, error) in [
        (vec![id], 400, "invalid_request"),
        (vec![token], 400, "invalid_request"),
        (vec![id, token, token], 400, "invalid_request"),
        (vec![id, token, ("client_secret", "s")], 401, "invalid_client"),
    ] {
        let answer = app.post_form(INTROSPECT, &fields).await;
        assert_eq!((answer.status, &answer.json()["error"]), (status, &error.into()), "{fields:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert_eq!(app.request("GET", INTROSPECT, &[]).await.status, 405);
}
