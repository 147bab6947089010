//! Waiting for a brand: woken by what happens, without asking again and again.

use std::time::Duration;

use bloom_store::Database;
use serde_json::{Value, json};

use super::{BRANDS, Owner};
use crate::support::{Answer, App, on_both};

on_both!(
    whoever_waits_is_answered_when_it_is_read,
    whoever_waits_long_enough_is_told_how_it_stands,
    whoever_waits_for_nothing_is_told_at_once,
    a_key_that_is_revoked_waits_no_longer,
);

fn waiting(app: &App, key: &str, id: &str, query: &str) -> tokio::task::JoinHandle<Answer> {
    let (app, key, path) = (app.clone(), key.to_owned(), format!("{BRANDS}/{id}?{query}"));
    tokio::spawn(async move { app.get(&path, &[("x-api-key", &key)]).await })
}

async fn soon() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

async fn whoever_waits_is_answered_when_it_is_read(app: App) {
    let ada = Owner::new(&app).await;
    // On PostgreSQL somebody waits at another node, too.
    let is_shared = !matches!(app.database().database(), Database::Sqlite { .. });
    let other = ada.app.again(|_| {}).await;
    let id = ada.ask("https://www.northwind.example/").await;
    let mut all = vec![waiting(&ada.app, &ada.key, &id, "wait=true&timeout=60")];
    all.push(waiting(&ada.app, &ada.key, &id, "wait=1"));
    if is_shared {
        all.push(waiting(&other, &ada.key, &id, "wait=true"));
    }
    soon().await;
    let before = ada.app.service().statements_executed() + other.service().statements_executed();
    soon().await;
    let after = ada.app.service().statements_executed() + other.service().statements_executed();
    assert_eq!(after, before, "nobody asks while nothing happens");
    assert!(all.iter().all(|one| !one.is_finished()), "nothing happened yet");
    ada.app.do_jobs().await;
    for one in all {
        let answer = tokio::time::timeout(Duration::from_secs(5), one).await;
        let answer = answer.expect("it is answered").expect("it ends by itself");
        assert_eq!(answer.json()["data"]["status"], "ready", "{answer:?}");
    }
}

async fn whoever_waits_long_enough_is_told_how_it_stands(app: App) {
    let ada = Owner::new(&app).await;
    let id = ada.ask("https://www.northwind.example/").await;
    let answer = waiting(&ada.app, &ada.key, &id, "wait=true&timeout=1").await.unwrap();
    assert_eq!((answer.status, &answer.json()["data"]["status"]), (200, &json!("analyzing")));
    for query in ["wait=maybe", "timeout=0", "timeout=296", "wait=true&timeout=x"] {
        let answer = waiting(&ada.app, &ada.key, &id, query).await.unwrap();
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{query}");
    }
}

async fn whoever_waits_for_nothing_is_told_at_once(app: App) {
    let ada = Owner::new(&app).await;
    let brand = ada.brand("https://kobalt.example/").await;
    let id = brand["id"].as_str().unwrap();
    let answer = waiting(&ada.app, &ada.key, id, "wait=true");
    let answer = tokio::time::timeout(Duration::from_secs(2), answer).await.unwrap().unwrap();
    assert_eq!(answer.json()["data"], brand);
    let missing = waiting(&ada.app, &ada.key, crate::support::NOTHING, "wait=true");
    let missing = tokio::time::timeout(Duration::from_secs(2), missing).await.unwrap().unwrap();
    assert_eq!(missing.error(), "404 BRAND_NOT_FOUND");
}

async fn a_key_that_is_revoked_waits_no_longer(app: App) {
    let ada = Owner::new(&app).await;
    let id = ada.ask("https://www.northwind.example/").await;
    let one = waiting(&ada.app, &ada.key, &id, "wait=true");
    soon().await;
    let answer = ada.call("POST", "/api/v1/api-keys/self/revoke", None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = tokio::time::timeout(Duration::from_secs(5), one).await.unwrap().unwrap();
    assert_eq!(answer.error(), "401 UNAUTHORIZED");
    let _: Value = answer.json();
}
