//! When a key was last used: noted in memory, shown in the list, written by housekeeping.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bloom_domain::api_keys::{ApiKey, LastUse};
use bloom_domain::email::Email;
use bloom_service::{api_keys, housekeeping};

use crate::support::{App, START, on_both};

on_both!(
    a_use_is_shown_at_once_and_written_later,
    no_request_writes,
    a_refused_request_is_no_use,
    the_latest_use_is_kept,
    a_proxy_is_asked_only_when_it_is_trusted,
    what_is_noted_survives_a_shutdown,
);

async fn listed(app: &App) -> ApiKey {
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    api_keys::list_for(app.service(), &operator, &email).await.unwrap().remove(0)
}

async fn a_use_is_shown_at_once_and_written_later(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    assert!(ada.get("/settings").await.text().contains("Never used"));
    app.advance(Duration::from_secs(10));
    let agent = format!("curl/8\u{7f}\t{}", "x".repeat(300));
    let request = Request::get("/api/v1/credits").header("x-api-key", &key);
    let agent = axum::http::HeaderValue::from_bytes(&agent.replace('\u{7f}', "é").into_bytes());
    let request = request.header("user-agent", agent.unwrap()).body(Body::empty()).unwrap();
    assert_eq!(app.send(request).await.status, 200);
    let noted = listed(&app).await.last_use.unwrap();
    assert!(!app.database().dump().contains("credits.get"), "it is written later");
    housekeeping::once(app.service()).await.unwrap();
    let last_use = listed(&app).await.last_use.unwrap();
    assert_eq!(last_use, noted);
    assert!(last_use.agent.starts_with("curl/8x") && last_use.agent.len() <= 200, "{last_use:?}");
    let expected = LastUse {
        at: START.plus(Duration::from_secs(10)),
        address: "192.0.2.7".to_owned(),
        agent: last_use.agent.clone(),
        operation: "credits.get".to_owned(),
    };
    assert_eq!(last_use, expected);
    app.advance(Duration::from_secs(4 * 60));
    let page = ada.get("/settings").await;
    assert!(page.text().contains("4 minutes ago") && page.text().contains("192.0.2.7"), "{page:?}");
    assert!(page.text().contains("<code>credits.get</code>"), "{page:?}");
}

async fn no_request_writes(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let before = app.database().dump();
    for _ in 0..50 {
        assert_eq!(app.account(&key).await.status, 200);
    }
    assert_eq!(app.database().dump(), before);
    let statements = app.service().statements_executed();
    housekeeping::once(app.service()).await.unwrap();
    let flushed = app.service().statements_executed() - statements;
    housekeeping::once(app.service()).await.unwrap();
    let idle = app.service().statements_executed() - statements - flushed;
    assert_eq!(flushed - idle, 2, "fifty uses are two statements, and none is written twice");
}

async fn a_refused_request_is_no_use(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    for _ in 0..120 {
        app.account(&key.secret).await;
    }
    app.advance(Duration::from_secs(1));
    assert_eq!(app.account(&key.secret).await.error(), "429 TOO_MANY_REQUESTS");
    app.ban(ada.email()).await;
    assert_eq!(app.account(&key.secret).await.error(), "403 ACCOUNT_BANNED");
    app.unban(ada.email()).await;
    ada.revoke_key(&key).await;
    assert_eq!(app.account(&key.secret).await.error(), "401 UNAUTHORIZED");
    housekeeping::once(app.service()).await.unwrap();
    assert_eq!(listed(&app).await.last_use.unwrap().at, START);
}

async fn the_latest_use_is_kept(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let secrets = [key.secret.clone(), ada.replace_key(&key).await.secret];
    assert_eq!(app.account(&secrets[1]).await.status, 200);
    // What is kept of the key is forgotten and made anew, so the key has been noted in two places.
    app.ban(ada.email()).await;
    app.unban(ada.email()).await;
    app.advance(Duration::from_secs(30));
    assert_eq!(app.get("/api/v1/credits", &[("x-api-key", &secrets[1])]).await.status, 200);
    housekeeping::once(app.service()).await.unwrap();
    let last_use = listed(&app).await.last_use.unwrap();
    assert_eq!(last_use.at, START.plus(Duration::from_secs(30)));
    assert_eq!(last_use.operation, "credits.get");
}

async fn a_proxy_is_asked_only_when_it_is_trusted(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let headers = [("x-api-key", key.as_str()), ("x-forwarded-for", "203.0.113.9, 198.51.100.4")];
    let behind_one = app.again(|options| options.trusted_proxies = 1).await;
    for (app, address) in [(&app, "192.0.2.7"), (&behind_one, "198.51.100.4")] {
        app.advance(Duration::from_secs(1));
        assert_eq!(app.get("/api/v1/account", &headers).await.status, 200);
        housekeeping::once(app.service()).await.unwrap();
        assert_eq!(listed(app).await.last_use.unwrap().address, address);
    }
}

async fn what_is_noted_survives_a_shutdown(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    assert_eq!(app.account(&key).await.status, 200);
    app.close().await;
    assert_eq!(listed(&app.again(|_| {}).await).await.last_use.unwrap().at, START);
}
