//! Finding images by words.

use serde_json::{Value, json};

use super::studio::{Artist, bytes_of, image_of};
use crate::support::{App, NOTHING, on_both};

on_both!(the_nearest_is_found_first, a_search_goes_on_where_it_stopped, what_is_asked_of_a_search);

/// An image that is found by some words.
fn found_by(app: &App, brand: &str, words: &str) -> String {
    let id = image_of(app, brand);
    let (image, brand) = (bytes_of(app, &id), bytes_of(app, brand));
    for word in words.split(' ') {
        app.database().run(&format!(
            "INSERT INTO image_words (brand_id, word, image_id) VALUES ({brand}, '{word}', {image})"
        ));
    }
    app.database().run(&format!("UPDATE images SET description = '{words}' WHERE id = {image}"));
    app.database()
        .run(&format!("UPDATE brands SET image_count = image_count + 1 WHERE id = {brand}"));
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

async fn a_search_goes_on_where_it_stopped(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let mut all: Vec<_> = (0..7).map(|_| found_by(&app, &ada.brand, "red")).collect();
    all.reverse();
    let first = search(&ada, &json!({ "query": "red", "limit": 3 })).await;
    let cursor = first.json()["data"]["nextCursor"].clone();
    let second = search(&ada, &json!({ "query": "red", "limit": 9, "cursor": cursor })).await;
    assert_eq!([ids(&first), ids(&second)].concat(), all);
    assert_eq!(second.json()["data"]["hasMore"], false);
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
