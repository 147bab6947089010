//! A key that is revoked or replaced, or whose account is suspended, is refused by the very next
//! request, also when what is known of it was kept in memory.

use std::time::Duration;

use bloom_domain::email::Email;
use bloom_service::api_keys::{self, WhichKey};
use bloom_store::Database;

use crate::support::{App, on_both};

on_both!(
    revoking_on_the_page_holds_at_once,
    revoking_by_the_operator_holds_at_once,
    replacing_holds_at_once,
    a_ban_holds_at_once_and_so_does_its_end,
    a_revocation_touches_nobody_else,
    every_node_hears_of_a_revocation,
);

/// Makes sure that the key is good and kept in memory.
async fn warm(app: &App, key: &str) {
    for _ in 0..2 {
        assert_eq!(app.account(key).await.status, 200);
    }
    let before = app.service().statements_executed();
    assert_eq!(app.account(key).await.status, 200);
    assert_eq!(app.service().statements_executed(), before, "the key is warm");
}

async fn revoking_on_the_page_holds_at_once(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    warm(&app, &key.secret).await;
    ada.revoke_key(&key).await;
    for _ in 0..2 {
        let answer = app.account(&key.secret).await;
        insta::assert_snapshot!(answer.summary(), @r#"401 {"error":{"code":"UNAUTHORIZED","status":401,"message":"The API key is revoked. Make a key at http://localhost:4600/settings#api-keys."}}"#);
        assert_eq!(answer.header("x-ratelimit-limit"), "", "it has no window any more");
    }
}

async fn revoking_by_the_operator_holds_at_once(app: App) {
    let mut ada = app.person("ada").await;
    let (operator, email) = (app.operator(), Email::parse(ada.email()).unwrap());
    let by_name = ada.create_key("by name").await;
    let by_id = ada.create_key("by id").await;
    for (key, which) in [
        (&by_name, WhichKey::Name("by name".to_owned())),
        (&by_id, WhichKey::Id(by_id.id.parse().unwrap())),
    ] {
        warm(&app, &key.secret).await;
        api_keys::revoke_for(app.service(), &operator, &email, which).await.unwrap();
        assert_eq!(app.account(&key.secret).await.error(), "401 UNAUTHORIZED");
    }
    assert!(ada.get("/settings").await.text().contains("by the operator"));
    // A revoked key does not make its name ambiguous.
    let again = ada.create_key("by name").await;
    let which = WhichKey::Name("by name".to_owned());
    api_keys::revoke_for(app.service(), &operator, &email, which).await.unwrap();
    assert_eq!(app.account(&again.secret).await.error(), "401 UNAUTHORIZED");
}

async fn replacing_holds_at_once(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    warm(&app, &old.secret).await;
    let new = ada.replace_key(&old).await;
    assert_eq!(new.id, old.id, "it is the same key");
    assert_ne!(new.secret, old.secret);
    assert_eq!(app.account(&old.secret).await.error(), "401 UNAUTHORIZED");
    warm(&app, &new.secret).await;
    assert_eq!(app.account(&old.secret).await.error(), "401 UNAUTHORIZED");
    ada.revoke_key(&new).await;
    for secret in [&old.secret, &new.secret] {
        assert_eq!(app.account(secret).await.error(), "401 UNAUTHORIZED");
    }
}

async fn a_ban_holds_at_once_and_so_does_its_end(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    for _ in 0..3 {
        warm(&app, &key).await;
        app.ban(ada.email()).await;
        // Twice: the second answer comes from memory.
        for _ in 0..2 {
            let answer = app.account(&key).await;
            insta::assert_snapshot!(answer.summary(), @r#"403 {"error":{"code":"ACCOUNT_BANNED","status":403,"message":"The account is suspended. Ask the operator of this server."}}"#);
        }
        app.unban(ada.email()).await;
    }
    assert_eq!(app.account(&key).await.status, 200);
    let none = app.rows("accounts").len();
    assert_eq!(none, 1, "nothing was deleted");
}

async fn a_revocation_touches_nobody_else(app: App) {
    let mut ada = app.person("ada").await;
    let mut bob = app.person("bob").await;
    let (one, two) = (ada.create_key("one").await, ada.create_key("two").await);
    let other = bob.create_key("one").await;
    ada.revoke_key(&one).await;
    assert_eq!(app.account(&two.secret).await.status, 200);
    assert_eq!(app.account(&other.secret).await.status, 200);
    app.ban(ada.email()).await;
    assert_eq!(app.account(&two.secret).await.error(), "403 ACCOUNT_BANNED");
    assert_eq!(app.account(&other.secret).await.status, 200);
}

/// Only PostgreSQL has several nodes: SQLite has one process, which holds the data folder.
async fn every_node_hears_of_a_revocation(app: App) {
    if matches!(app.database().database(), Database::Sqlite { .. }) {
        return;
    }
    let other = app.again(|_| {}).await;
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    warm(&app, &key.secret).await;
    // The nodes have met by then; before, each keeps a verdict for a second at most.
    tokio::time::sleep(Duration::from_millis(200)).await;
    warm(&other, &key.secret).await;
    ada.revoke_key(&key).await;
    assert_eq!(app.account(&key.secret).await.error(), "401 UNAUTHORIZED");
    let deadline = tokio::time::Instant::now() + Duration::from_millis(100);
    while other.account(&key.secret).await.status == 200 {
        assert!(tokio::time::Instant::now() < deadline, "100 ms is what is promised");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(other.account(&key.secret).await.error(), "401 UNAUTHORIZED");
}
