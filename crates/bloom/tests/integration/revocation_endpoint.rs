//! The revocation endpoint (RFC 7009): a client gives back what it holds.

use std::time::Duration;

use crate::support::oauth::{REDIRECT, REVOKE, Tokens};
use crate::support::{App, on_both};

on_both!(
    any_refresh_token_of_a_grant_ends_it,
    what_is_unknown_or_somebody_elses_is_left_as_it_is,
    a_malformed_request_is_told_so,
    a_revoked_token_is_remembered_until_after_its_end,
);

async fn any_refresh_token_of_a_grant_ends_it(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let used = client.connect(&mut ada, &[]).await;
    let newest = Tokens::of(&client.refresh(&used.refresh).await);
    // However old: it is the client that says so.
    app.advance(Duration::from_secs(3_000));
    for _ in 0..2 {
        let answer = client.revoke(&used.refresh).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    assert!(!app.is_good(&newest.access).await);
    assert_eq!(client.refresh(&newest.refresh).await.json()["error"], "invalid_grant");
}

async fn what_is_unknown_or_somebody_elses_is_left_as_it_is(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let other = app.client("https://other.example/cb").await;
    let code = client.code(&mut ada, &[("scope", "openid")]).await;
    let tokens = Tokens::of(&client.redeem(&code).await);
    let id_token = tokens.body["id_token"].as_str().unwrap().to_owned();
    let key = ada.create_key("ci").await.secret;
    let expired = tokens.access.clone();
    app.advance(Duration::from_secs(3_600));
    let tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
    let before = app.database().dump();
    for (who, what) in [
        (client.id.as_str(), "nonsense"),
        (&client.id, "bloom_rt_AAAA"),
        (&client.id, "a.b.c"),
        (&client.id, &code),
        (&client.id, &id_token),
        (&client.id, &key),
        (&client.id, &expired),
        (&client.id, &format!("{}A", tokens.refresh)),
        (&other.id, &tokens.access),
        (&other.id, &tokens.refresh),
        ("nobody", &tokens.access),
        ("nobody", &tokens.refresh),
    ] {
        for hint in ["", "access_token", "refresh_token", "other"] {
            let fields = [("client_id", who), ("token", what), ("token_type_hint", hint)];
            let answer = app.post_form(REVOKE, &fields).await;
            assert_eq!(answer.status, 200, "{who} {what}: {answer:?}");
        }
    }
    assert_eq!(app.database().dump(), before);
    assert!(app.is_good(&tokens.access).await);
    // A wrong hint is no more than a hint.
    let hint = ("token_type_hint", "refresh_token");
    let fields = [("client_id", client.id.as_str()), ("token", tokens.access.as_str()), hint];
    assert_eq!(app.post_form(REVOKE, &fields).await.status, 200);
    assert!(!app.is_good(&tokens.access).await);
}

async fn a_malformed_request_is_told_so(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    let (id, token) = (("client_id", client.id.as_str()), ("token", tokens.access.as_str()));
    for (fields, status, error) in [
        (vec![id], 400, "invalid_request"),
        (vec![token], 400, "invalid_request"),
        (vec![id, token, token], 400, "invalid_request"),
        (vec![id, id, token], 400, "invalid_request"),
        (vec![id, token, ("client_secret", "s")], 401, "invalid_client"),
    ] {
        let answer = app.post_form(REVOKE, &fields).await;
        assert_eq!((answer.status, &answer.json()["error"]), (status, &error.into()), "{fields:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let json = [("content-type", "application/json")];
    let answer = app.post_bytes(REVOKE, b"{}".to_vec(), &json).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_request".into()));
    assert_eq!(app.request("GET", REVOKE, &[]).await.status, 405);
    assert!(app.is_good(&tokens.access).await);
    assert_eq!(app.post_form(REVOKE, &[id, token, ("client_secret", "")]).await.status, 200);
    assert!(!app.is_good(&tokens.access).await);
}

async fn a_revoked_token_is_remembered_until_after_its_end(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    client.revoke(&tokens.access).await;
    app.advance(Duration::from_secs(3_599));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    let restarted = app.again(|_| {}).await;
    assert!(!restarted.is_good(&tokens.access).await, "a restart forgets nothing");
    // And an hour longer: the clocks of two nodes differ.
    app.advance(Duration::from_secs(3_600));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    assert_eq!(app.rows("revoked_access_tokens").len(), 1);
    app.advance(Duration::from_secs(1));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    assert!(app.rows("revoked_access_tokens").is_empty());
    assert!(!restarted.is_good(&tokens.access).await);
}
