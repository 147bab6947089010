//! Registrations without end: the same app is one row however often it comes, others come to a ceiling and
//! leave by themselves, and what somebody uses stays.

use std::time::Duration;

use serde_json::json;

use crate::support::documents::World;
use crate::support::oauth::{REDIRECT, REGISTER, Tokens};
use crate::support::{App, at_once, on_both};

on_both!(
    however_often_an_app_registers_it_is_one_row,
    a_flood_of_apps_comes_to_a_ceiling_and_leaves,
    only_who_registers_itself_counts,
    an_app_with_a_live_grant_never_leaves,
);

const DAY: Duration = Duration::from_secs(86_400);

/// `TEST_REGISTRATIONS` asks for another number than a run of all tests has time for.
#[expect(clippy::disallowed_methods, reason = "how many to try is told by whoever runs the test")]
async fn however_often_an_app_registers_it_is_one_row(app: App) {
    const AT_ONCE: usize = 50;
    let asked = std::env::var("TEST_REGISTRATIONS").ok().and_then(|count| count.parse().ok());
    let count: usize = asked.unwrap_or(2_000);
    let ids = at_once(AT_ONCE, |task| {
        let app = app.clone();
        async move {
            let mut ids = Vec::new();
            for number in 0..count / AT_ONCE {
                // Its port is another each time, as that of an app on a device is.
                let port = 1_024 + (task * 1_000 + number) % 60_000;
                let metadata = json!({
                    "redirect_uris": [format!("http://127.0.0.1:{port}/cb")],
                    "client_name": "Native App",
                });
                let answer = app.post_json(REGISTER, &metadata).await;
                assert_eq!(answer.status, 201, "{answer:?}");
                let answer = answer.json();
                assert_eq!(answer["redirect_uris"], metadata["redirect_uris"]);
                ids.push(answer["client_id"].as_str().unwrap().to_owned());
            }
            ids.dedup();
            ids
        }
    });
    let mut ids: Vec<_> = ids.await.into_iter().flatten().collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(app.rows("clients").len(), 1);
}

async fn a_flood_of_apps_comes_to_a_ceiling_and_leaves(app: App) {
    let app = app.again(|options| options.max_clients = 300).await;
    let statuses = at_once(50, |task| {
        let app = app.clone();
        async move {
            let mut statuses = Vec::new();
            for number in 0..20 {
                let name = format!("app {task} {number}");
                let metadata = json!({ "redirect_uris": [REDIRECT], "client_name": name });
                statuses.push(app.post_json(REGISTER, &metadata).await.status);
            }
            statuses
        }
    });
    let statuses: Vec<_> = statuses.await.into_iter().flatten().collect();
    let taken = statuses.iter().filter(|&&status| status == 201).count();
    let refused = statuses.iter().filter(|&&status| status == 429).count();
    // As many as were under way when the last place was taken may be too many.
    assert!((300..350).contains(&taken) && taken + refused == 1_000, "{taken} {refused}");
    assert_eq!(app.rows("clients").len(), taken);
    app.advance(DAY);
    app.keep_house().await;
    assert_eq!(app.rows("clients").len(), 0);
    // Without a flood nobody is hurried, and one that people have met is forgotten with its row.
    let mut ada = app.person("ada").await;
    let met = app.client(REDIRECT).await;
    met.question(&mut ada, &[]).await;
    for (days, status) in [(89, 303), (1, 400)] {
        app.advance(days * DAY);
        app.keep_house().await;
        let page = ada.get(&met.authorize_url(&[])).await;
        assert_eq!(page.status, status, "after {days} more days: {page:?}");
    }
}

/// An app that somebody owns, deleted or not, and one with a document take no place of one that registers itself.
async fn only_who_registers_itself_counts(app: App) {
    let world = World::start().await;
    let fetcher = world.clone();
    let limited = app.again(move |options| {
        options.max_clients = 2;
        options.fetcher = Some(fetcher);
    });
    let app = limited.await;
    let mut ada = app.person("ada").await;
    for _ in 0..3 {
        ada.create_app(&[]).await;
    }
    let own = ada.create_app(&[]).await;
    ada.post(&own.form("delete"), &[("confirmed", "Pressroom")]).await;
    for path in ["/a.json", "/b.json", "/c.json"] {
        world.client(&app, path, &json!({})).connect(&mut ada, &[]).await;
    }
    let status = async |app: &App, name: &str| {
        let metadata = json!({ "redirect_uris": [REDIRECT], "client_name": name });
        app.post_json(REGISTER, &metadata).await.status
    };
    app.keep_house().await;
    assert_eq!(status(&app, "one").await, 201);
    let restarted = app.again(|_| {}).await;
    assert_eq!(status(&restarted, "two").await, 201);
    assert_eq!(status(&restarted, "three").await, 429);
    app.keep_house().await;
    assert_eq!(status(&app, "three").await, 429);
}

/// Through floods, months and housekeeping.
async fn an_app_with_a_live_grant_never_leaves(app: App) {
    let app = app.again(|options| options.max_clients = 20).await;
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let mut tokens = client.connect(&mut ada, &[]).await;
    for month in 0..6 {
        for number in 0..30 {
            let name = format!("flood {month} {number}");
            let metadata = json!({ "redirect_uris": [REDIRECT], "client_name": name });
            app.post_json(REGISTER, &metadata).await;
        }
        app.advance(29 * DAY);
        app.keep_house().await;
        assert_eq!(app.rows("clients").len(), 1, "month {month}");
        tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
        assert!(app.is_good(&tokens.access).await, "month {month}");
    }
    // It ends with its grant, and leaves once nobody has let it in for long.
    assert_eq!(client.revoke(&tokens.refresh).await.status, 200);
    app.advance(91 * DAY);
    app.keep_house().await;
    assert_eq!(app.rows("clients").len(), 1, "the person has not revoked the connection");
}
