//! How often keys and apps are used, day by day: counted in memory, written once a minute at most.

use std::time::Duration;

use bloom_domain::credits::{ChargedVia, UsageDay};
use bloom_domain::email::Email;
use bloom_domain::ids::{ApiKeyId, ConnectionId};
use bloom_service::request_usage;
use bloom_service::{api_keys, housekeeping};
use serde_json::json;

use crate::support::oauth::{REDIRECT, Tokens, parameter};
use crate::support::{App, at_once, on_both};

on_both!(
    requests_are_counted_by_day,
    an_app_is_counted_as_a_whole,
    a_tool_is_one_request,
    what_is_refused_before_it_is_admitted_is_not_counted,
    both_secrets_of_a_key_count_for_it,
    many_at_once_are_counted_exactly,
    what_is_counted_survives_a_shutdown,
    what_could_not_be_written_is_written_later,
    what_is_very_old_goes,
);

const DAY: Duration = Duration::from_secs(86_400);

/// The requests of each of the last three days.
async fn counted(app: &App, via: ChargedVia) -> [i64; 3] {
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let usage = request_usage::list_for(app.service(), &operator, &email, 3).await.unwrap();
    let days = usage.last_days(via, UsageDay::of(app.service().now()), 3);
    [days[0].requests, days[1].requests, days[2].requests]
}

fn of_key(id: &str) -> ChargedVia {
    ChargedVia::ApiKey(id.parse::<ApiKeyId>().unwrap())
}

async fn use_it(app: &App, secret: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(app.account(secret).await.status, 200);
    }
}

async fn requests_are_counted_by_day(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let other = ada.create_key("other").await;
    use_it(&app, &key.secret, 3).await;
    assert_eq!(counted(&app, of_key(&key.id)).await, [0, 0, 3], "what is not written counts too");
    assert!(app.rows("request_usage").is_empty(), "no request writes");
    app.advance(DAY);
    use_it(&app, &key.secret, 2).await;
    use_it(&app, &other.secret, 1).await;
    assert_eq!(counted(&app, of_key(&key.id)).await, [0, 3, 2]);
    app.keep_house().await;
    assert_eq!(app.rows("request_usage").len(), 3);
    use_it(&app, &key.secret, 4).await;
    assert_eq!(counted(&app, of_key(&key.id)).await, [0, 3, 6]);
    app.keep_house().await;
    app.keep_house().await;
    assert_eq!(counted(&app, of_key(&key.id)).await, [0, 3, 6], "nothing is written twice");
    assert_eq!(counted(&app, of_key(&other.id)).await, [0, 0, 1]);
}

async fn an_app_is_counted_as_a_whole(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let first = client.connect(&mut ada, &[]).await;
    // What was agreed to is remembered: there is no question the second time.
    let code = parameter(&client.sent_to(&mut ada, &[]).await, "code").unwrap();
    let second = Tokens::of(&client.redeem(&code).await);
    for token in [&first.access, &second.access, &first.access] {
        assert_eq!(app.get_as("/api/v1/account", token).await.status, 200);
    }
    let page = ada.get("/settings").await;
    let id = page.between("/settings/apps/", "/").unwrap().parse::<ConnectionId>().unwrap();
    for _ in 0..2 {
        assert_eq!(counted(&app, ChargedVia::Connection(id)).await, [0, 0, 3]);
        app.keep_house().await;
    }
}

async fn a_tool_is_one_request(app: App) {
    let key = app.person("ada").await.create_key("ci").await;
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "bloom_whoami", "arguments": {} },
    });
    let headers = [
        ("x-api-key", key.secret.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("host", app.host()),
    ];
    let answer = app.post_bytes("/api/mcp", call.to_string().into_bytes(), &headers).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(counted(&app, of_key(&key.id)).await, [0, 0, 1]);
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let keys = api_keys::list_for(app.service(), &operator, &email).await.unwrap();
    assert_eq!(keys[0].last_use.as_ref().unwrap().operation, "account.get");
}

async fn what_is_refused_before_it_is_admitted_is_not_counted(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    for _ in 0..130 {
        app.account(&key.secret).await;
    }
    app.ban(ada.email()).await;
    app.account(&key.secret).await;
    assert_eq!(counted(&app, of_key(&key.id)).await, [0, 0, 120]);
}

async fn both_secrets_of_a_key_count_for_it(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    use_it(&app, &old.secret, 2).await;
    let new = ada.rotate_key(&old, "24h").await;
    use_it(&app, &old.secret, 3).await;
    use_it(&app, &new.secret, 4).await;
    for _ in 0..2 {
        assert_eq!(counted(&app, of_key(&old.id)).await, [0, 0, 9]);
        app.keep_house().await;
    }
}

async fn many_at_once_are_counted_exactly(app: App) {
    let key = app.person("ada").await.create_key("ci").await;
    at_once(100, |n| {
        let (app, secret) = (app.clone(), key.secret.clone());
        async move {
            assert_eq!(app.account(&secret).await.status, 200);
            if n % 10 == 0 {
                housekeeping::once(app.service()).await.unwrap();
            }
        }
    })
    .await;
    app.keep_house().await;
    assert_eq!(counted(&app, of_key(&key.id)).await, [0, 0, 100]);
}

async fn what_is_counted_survives_a_shutdown(app: App) {
    let key = app.person("ada").await.create_key("ci").await;
    use_it(&app, &key.secret, 5).await;
    app.close().await;
    assert_eq!(counted(&app.again(|_| {}).await, of_key(&key.id)).await, [0, 0, 5]);
}

async fn what_could_not_be_written_is_written_later(app: App) {
    let key = app.person("ada").await.create_key("ci").await;
    use_it(&app, &key.secret, 5).await;
    app.database().run("ALTER TABLE request_usage RENAME TO elsewhere;");
    assert!(housekeeping::once(app.service()).await.is_err());
    use_it(&app, &key.secret, 1).await;
    app.database().run("ALTER TABLE elsewhere RENAME TO request_usage;");
    app.keep_house().await;
    assert_eq!(counted(&app, of_key(&key.id)).await, [0, 0, 6]);
}

async fn what_is_very_old_goes(app: App) {
    let key = app.person("ada").await.create_key("ci").await;
    use_it(&app, &key.secret, 1).await;
    app.keep_house().await;
    app.advance(DAY * 400);
    app.keep_house().await;
    assert_eq!(app.rows("request_usage").len(), 1);
    app.advance(DAY);
    app.keep_house().await;
    assert!(app.rows("request_usage").is_empty());
}
