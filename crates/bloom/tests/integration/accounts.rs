//! `GET /account`.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bloom_service::operations::ACCOUNT_GET;

use crate::support::{App, PASSWORD, on_both};

on_both!(
    the_account_is_the_key_owners,
    a_name_is_told_as_it_was_typed,
    a_warm_key_costs_no_statement,
    a_body_on_a_get_is_harmless,
    head_answers_like_get_without_a_body,
);

async fn the_account_is_the_key_owners(app: App) {
    let ada = app.person("Ada").await.create_key("ci").await;
    let bob = app.person("bob").await.create_key("ci").await;
    insta::assert_snapshot!(app.account(&ada.secret).await.summary(), @r#"200 {"data":{"email":"ada@example.com","name":null}}"#);
    insta::assert_snapshot!(app.account(&bob.secret).await.summary(), @r#"200 {"data":{"email":"bob@example.com","name":null}}"#);
    assert_eq!(ACCOUNT_GET.id, "account.get");
}

async fn a_name_is_told_as_it_was_typed(app: App) {
    let mut browser = app.browser();
    let name = "  Zoë \"<b>\" 部署 \\ ";
    let fields = [("name", name), ("email", "zoe@example.com"), ("password", PASSWORD)];
    browser.post("/sign-up", &fields).await.assert_redirect("/settings#api-keys");
    let mut browser = app.browser();
    browser.sign_in("zoe@example.com", PASSWORD).await.assert_redirect("/settings");
    let key = browser.create_key("ci").await;
    assert_eq!(app.account(&key.secret).await.json()["data"]["name"], name.trim());
}

async fn a_warm_key_costs_no_statement(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let count = || app.service().statements_executed();
    let cold = count();
    assert_eq!(app.account(&key).await.status, 200);
    assert_eq!(count() - cold, 1, "a cold key costs one");
    let warm = count();
    for _ in 0..10 {
        app.advance(Duration::from_secs(5));
        assert_eq!(app.account(&key).await.status, 200);
    }
    assert_eq!(count() - warm, 0, "a warm key costs none");
}

async fn a_body_on_a_get_is_harmless(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    for body in [vec![b'x'; 1 << 20], b"{\"".to_vec(), vec![0xff; 10]] {
        let request = Request::get("/api/v1/account").header("x-api-key", &key);
        let request = request.header("content-type", "application/json");
        let answer = app.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, 200);
    }
}

async fn head_answers_like_get_without_a_body(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let get = app.account(&key).await;
    let head = app.request("HEAD", "/api/v1/account", &[("x-api-key", &key)]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.number("content-length"), get.body.len() as u64);
    assert_eq!(head.header("content-type"), "application/json");
    let head = app.request("HEAD", "/api/v1/account", &[]).await;
    assert_eq!(head.status, 401);
    assert!(head.header("www-authenticate").starts_with("Bearer "));
}
