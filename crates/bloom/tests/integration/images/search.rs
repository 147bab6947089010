//! Finding images by words and by what they mean.

use std::time::Duration;

use bloom_store::Database;
use serde_json::{Value, json};

use super::studio::{Artist, bytes_of, image_of};
use crate::support::{App, NOTHING, on_both};

on_both!(
    the_nearest_is_found_first,
    what_is_meant_is_found,
    a_search_goes_on_where_it_stopped,
    what_is_asked_of_a_search,
    nobody_finds_what_is_not_theirs,
    what_is_gone_is_found_nowhere,
    every_node_finds_what_came_at_another,
    a_library_that_was_let_go_is_read_again,
);

/// An image that is found by some words.
fn found_by(app: &App, brand: &str, words: &str) -> String {
    let id = image_of(app, brand);
    let (image, brand) = (bytes_of(app, &id), bytes_of(app, brand));
    app.database().run(&format!("UPDATE images SET description = '{words}' WHERE id = {image}"));
    app.database().run(&format!(
        "UPDATE brands SET image_count = image_count + 1, captions = captions + 1 WHERE id = {brand}"
    ));
    app.database().run(&format!(
        "INSERT INTO image_captions (brand_id, number, image_id, caption) \
         SELECT id, captions, {image}, '{words}' FROM brands WHERE id = {brand}"
    ));
    id
}

async fn search(artist: &Artist, changes: &Value) -> crate::support::Answer {
    let mut body = json!({ "brandSessionId": artist.brand, "query": "red shoes" });
    for (name, value) in changes.as_object().expect("changes") {
        body[name] = value.clone();
    }
    artist.ask("POST", "/search", Some(&body)).await
}

fn ids(answer: &crate::support::Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let data = answer.json()["data"].clone();
    let candidates = data["candidates"].as_array().expect("candidates");
    candidates.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

async fn the_nearest_is_found_first(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let bob = Artist::new(&app, "bob").await;
    let both = found_by(&app, &ada.brand, "red shoe");
    let rare = found_by(&app, &ada.brand, "shoe box");
    for _ in 0..4 {
        found_by(&app, &ada.brand, "red car");
    }
    found_by(&app, &bob.brand, "red shoe");
    let answer = search(&ada, &json!({})).await;
    assert_eq!(ids(&answer)[..2], [both.clone(), rare], "a rare word says more");
    let first = &answer.json()["data"]["candidates"][0];
    assert_eq!((&first["distance"], &first["description"]), (&json!(0.0), &json!("red shoe")));
    assert!(first["url"].as_str().expect("a URL").contains("/img/"));
    let nearest = search(&ada, &json!({ "maxDistance": 0 })).await;
    assert_eq!(ids(&nearest), std::slice::from_ref(&both));
    assert_eq!(ids(&search(&ada, &json!({ "query": "SHOE, red!" })).await)[0], both);
    assert_eq!(ids(&search(&ada, &json!({ "query": "moon" })).await), Vec::<String>::new());
    ada.ask("DELETE", &format!("/{both}"), None).await;
    assert!(!ids(&search(&ada, &json!({})).await).contains(&both));
    // What is made is found by its prompt.
    let made = ada.ids(&ada.generate(&ada.order()).await);
    assert_eq!(ids(&search(&ada, &json!({ "query": "spring" })).await), Vec::<String>::new());
    ada.work().await;
    assert_eq!(ids(&search(&ada, &json!({ "query": "spring" })).await), made);
}

/// Some of the pairs of the test of the rule itself, and what only a comparison of letters finds.
async fn what_is_meant_is_found(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let mut expected = Vec::new();
    for (query, words) in [
        ("jogging by the sea", "Woman running along the beach"),
        ("fast automobile", "Red sports car on a highway"),
        ("winter landscape", "Snow covered mountain peaks at sunrise"),
        ("live music concert", "Guitarist performing on stage"),
        ("кофе", "Чашка кофе"),
        ("ax-40217", "Invoice AX-40217"),
    ] {
        expected.push((query, found_by(&app, &ada.brand, words)));
    }
    for (query, image) in expected {
        let found = search(&ada, &json!({ "query": query })).await;
        assert_eq!(ids(&found).first(), Some(&image), "{query}: {found:?}");
        let distance =
            found.json()["data"]["candidates"][0]["distance"].as_f64().expect("a number");
        let is_spelled = ["кофе", "ax-40217"].contains(&query);
        assert_eq!(distance == 0.0, is_spelled, "{query}: {distance}");
    }
    assert_eq!(ids(&search(&ada, &json!({ "query": "чай" })).await), Vec::<String>::new());
}

async fn a_search_goes_on_where_it_stopped(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let mut all: Vec<_> = (0..4).map(|_| found_by(&app, &ada.brand, "red")).collect();
    all.extend((0..3).map(|_| found_by(&app, &ada.brand, "red shoes")));
    all.reverse();
    let far = 1.0;
    let first = search(&ada, &json!({ "limit": 3, "maxDistance": far })).await;
    let cursor = first.json()["data"]["nextCursor"].clone();
    // What comes meanwhile moves nothing: neither what would be next, nor what makes a word a rarer one.
    for words in ["red", "blue", "red", "blue shoes", "red car"] {
        found_by(&app, &ada.brand, words);
    }
    let second = json!({ "limit": 2, "cursor": cursor, "maxDistance": far });
    let second = search(&ada, &second).await;
    let cursor = second.json()["data"]["nextCursor"].clone();
    let third = json!({ "limit": 9, "cursor": cursor, "maxDistance": far });
    let third = search(&ada, &third).await;
    assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), all);
    assert_eq!(third.json()["data"]["hasMore"], false);
    let other = search(&ada, &json!({ "query": "shoe", "cursor": cursor })).await;
    assert_eq!(other.error(), "400 INVALID_CURSOR");
}

async fn what_is_asked_of_a_search(app: App) {
    let ada = Artist::new(&app, "ada").await;
    for (changes, error) in [
        (json!({ "query": "" }), "400 BAD_REQUEST"),
        (json!({ "query": "x".repeat(501) }), "400 BAD_REQUEST"),
        (json!({ "limit": 0 }), "400 BAD_REQUEST"),
        (json!({ "limit": 51 }), "400 BAD_REQUEST"),
        (json!({ "maxDistance": 2.1 }), "400 BAD_REQUEST"),
        (json!({ "brandSessionId": "x" }), "400 BAD_REQUEST"),
        (json!({ "cursor": "x" }), "400 INVALID_CURSOR"),
        (json!({ "brandSessionId": NOTHING }), "422 BRAND_NOT_FOUND"),
    ] {
        assert_eq!(search(&ada, &changes).await.error(), error, "{changes}");
    }
}

async fn nobody_finds_what_is_not_theirs(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let bob = Artist::new(&app, "bob").await;
    let theirs = found_by(&app, &bob.brand, "red shoes");
    let other = super::studio::brand_of(&app, "ada@example.com");
    found_by(&app, &other, "red shoes");
    assert_eq!(ids(&search(&bob, &json!({})).await), [theirs]);
    // What others have looked for before is in memory by now.
    assert_eq!(ids(&search(&ada, &json!({})).await), Vec::<String>::new());
    let stolen = search(&ada, &json!({ "brandSessionId": bob.brand })).await;
    assert_eq!(stolen.error(), "422 BRAND_NOT_FOUND");
    let seen = search(&bob, &json!({ "limit": 1 })).await;
    assert_eq!(ids(&seen).len(), 1);
    let mine = found_by(&app, &ada.brand, "red shoes");
    assert_eq!(ids(&search(&ada, &json!({})).await), [mine]);
}

async fn what_is_gone_is_found_nowhere(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let all: Vec<_> = (0..30).map(|_| found_by(&app, &ada.brand, "red shoes")).collect();
    assert_eq!(ids(&search(&ada, &json!({ "limit": 50 })).await).len(), 30);
    // The newest, and so those that would be shown first.
    for id in &all[10..] {
        assert_eq!(ada.ask("DELETE", &format!("/{id}"), None).await.status, 200);
    }
    let mut left = all[..10].to_vec();
    left.reverse();
    for _ in 0..2 {
        let first = search(&ada, &json!({ "limit": 4 })).await;
        let cursor = first.json()["data"]["nextCursor"].clone();
        let rest = search(&ada, &json!({ "limit": 50, "cursor": cursor })).await;
        assert_eq!([ids(&first), ids(&rest)].concat(), left);
        assert_eq!(rest.json()["data"]["nextCursor"], Value::Null);
    }
    assert_eq!(app.rows("image_captions").len(), 10);
}

async fn every_node_finds_what_came_at_another(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let node = match app.database().database() {
        Database::Postgres { .. } => app.again(|_| {}).await,
        Database::Sqlite { .. } => app.clone(),
    };
    let at_the_other = |body: Value| {
        let (node, key) = (node.clone(), ada.person.key.clone());
        async move {
            let headers = [("x-api-key", key.as_str())];
            node.call("POST", "/api/v1/images/search", &headers, Some(&body)).await
        }
    };
    let query = json!({ "brandSessionId": ada.brand, "query": "spring" });
    assert_eq!(ids(&at_the_other(query.clone()).await), Vec::<String>::new());
    let made = ada.ids(&ada.generate(&ada.order()).await);
    ada.work().await;
    assert_eq!(ids(&search(&ada, &json!({ "query": "spring" })).await), made);
    assert_eq!(ids(&at_the_other(query.clone()).await), made);
    ada.ask("DELETE", &format!("/{}", made[0]), None).await;
    assert_eq!(ids(&at_the_other(query).await), Vec::<String>::new());
}

async fn a_library_that_was_let_go_is_read_again(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let first = found_by(&app, &ada.brand, "red shoes");
    assert_eq!(ids(&search(&ada, &json!({})).await), std::slice::from_ref(&first));
    app.advance(Duration::from_secs(3_600));
    app.keep_house().await;
    let second = found_by(&app, &ada.brand, "red shoes");
    assert_eq!(ids(&search(&ada, &json!({})).await), [second, first]);
}
