//! What ends on one node is refused by the others within the promised time, and what is made on one is given to whoever
//! waits at another. Only PostgreSQL has several nodes; what becomes of keys and tokens one by one is in
//! `access_tokens` and `api_keys_by_credential`.

use std::time::Duration;

use bloom_service::jobs::worker;
use bloom_store::Database;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::images::studio::Artist;
use crate::support::oauth::REDIRECT;
use crate::support::{Answer, App, on_both};
use crate::teams::{join, member_id, team};

on_both!(
    signing_out_everywhere_is_heard_by_every_node,
    the_loss_of_a_membership_is_heard_by_every_node,
    who_waits_for_an_image_is_woken_by_the_node_that_made_it,
);

/// How long another node may go on with what has changed.
const LAG: Duration = Duration::from_millis(100);

/// Another node, once both have met.
async fn other_node(app: &App) -> Option<App> {
    if matches!(app.database().database(), Database::Sqlite { .. }) {
        return None;
    }
    let other = app.again(|_| {}).await;
    sleep(Duration::from_millis(200)).await;
    Some(other)
}

/// Panics unless something is so within the promised time.
async fn within_the_lag(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + LAG;
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}: 100 ms are promised");
        sleep(Duration::from_millis(1)).await;
    }
}

async fn signing_out_everywhere_is_heard_by_every_node(app: App) {
    let Some(other) = other_node(&app).await else { return };
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let token = app.client(REDIRECT).await.connect(&mut ada, &[]).await.access;
    let mut elsewhere = ada.before(&other);
    // All of it is warm there.
    for _ in 0..2 {
        assert!(elsewhere.is_signed_in().await);
        assert_eq!(other.account(&key).await.status, 200);
        assert!(other.is_good(&token).await);
    }
    let all = [("keys", "revoke"), ("apps", "revoke"), ("confirmed", "ada@example.com")];
    let gone = ada.post("/settings/security/sign-out-everywhere", &all).await;
    gone.assert_redirect("/sign-in?done=everywhere");
    within_the_lag("all of it", async || {
        let key = other.account(&key).await.status == 401;
        key && !other.is_good(&token).await && !elsewhere.is_signed_in().await
    })
    .await;
}

async fn the_loss_of_a_membership_is_heard_by_every_node(app: App) {
    let Some(other) = other_node(&app).await else { return };
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let team = team(&mut ada, "Engines").await;
    join(&mut ada, &team, &mut bob, "member").await;
    let key = bob.create_key("ci").await.secret;
    let token = app.client(REDIRECT).await.connect(&mut bob, &[]).await.access;
    let path = format!("/api/v1/credits?workspaceId={team}");
    let by_key = async || other.get(&path, &[("x-api-key", &key)]).await.status;
    let by_token = async || other.get_as(&path, &token).await.status;
    for _ in 0..2 {
        assert_eq!((by_key().await, by_token().await), (200, 200));
    }
    let who = member_id(&mut ada, &team, "bob@example.com").await;
    let removed = ada.post(&format!("/settings/workspaces/{team}/members/{who}/remove"), &[]).await;
    assert_eq!(removed.status, 303, "{removed:?}");
    within_the_lag("the workspace", async || by_key().await == 404 && by_token().await == 404)
        .await;
    assert!(other.is_good(&token).await, "it is bob's still");
}

/// Waits for images at the node that the artist asks.
fn waiting(artist: &Artist, query: &str) -> JoinHandle<Answer> {
    let (artist, query) = (artist.clone(), query.to_owned());
    tokio::spawn(async move { artist.ask("GET", &query, None).await })
}

async fn who_waits_for_an_image_is_woken_by_the_node_that_made_it(app: App) {
    let Some(other) = other_node(&app).await else { return };
    let ada = Artist::new(&app, "ada").await;
    let mut order = ada.order();
    order["variantCount"] = json!(2);
    let ids = ada.ids(&ada.generate(&order).await);
    let of_one = format!("/{}?wait=true", ids[0]);
    let of_both = format!("?ids={}&wait=true", ids.join(","));
    let waits: Vec<_> =
        [&of_one, &of_both].iter().cycle().take(10).map(|query| waiting(&ada, query)).collect();
    sleep(Duration::from_millis(300)).await;
    let before = app.service().statements_executed();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(app.service().statements_executed(), before, "who waits asks nothing");
    assert!(waits.iter().all(|wait| !wait.is_finished()), "nothing was made yet");

    worker::once(&other.shared_service()).await.expect("jobs are looked at");
    for wait in waits {
        let answer = timeout(Duration::from_secs(5), wait).await.expect("it is woken");
        let answer = answer.expect("an answer");
        let data = &answer.json()["data"];
        let images = data["images"].as_array().cloned().unwrap_or_else(|| vec![data.clone()]);
        assert!(images.iter().all(|image| image["status"] == "completed"), "{answer:?}");
    }
    // Each image changes twice, when it is begun and when it is there, and then whoever waits looks once at each
    // image that the request names.
    let asked = app.service().statements_executed() - before;
    let most = 5 * 2 + 5 * (2 * 2) * 2;
    assert!(asked <= most, "{asked} statements");
}
