//! `Idempotency-Key`: a request that is sent again is done once, whoever is in the way.

use std::time::Duration;

use bloom_service::operations::Effect;
use bloom_service::rate_limit::RateLimits;
use bloom_service::root_secret::{self, RootSecret};
use serde_json::{Value, json};

use crate::api_keys_by_credential::{EVERYTHING, manager};
use crate::images::studio::{brand_of, form, image_of};
use crate::secrets::everything_stored;
use crate::support::oauth::Tokens;
use crate::support::sites::{GREEN_LOGO, Sites};
use crate::support::{Answer, App, at_once, on_both, operations};

on_both!(
    the_same_request_is_answered_as_the_first_time,
    every_operation_that_creates_is_done_once,
    another_request_is_refused,
    another_credential_is_never_shown_the_answer,
    a_key_counts_for_one_account_and_one_operation,
    what_was_refused_is_judged_anew,
    a_malformed_key_is_refused_and_nothing_is_done,
    without_a_key_each_is_a_new_one,
    fifty_at_once_make_one,
    fifty_at_once_before_two_nodes_make_one,
    it_is_forgotten_after_a_day,
    a_dump_of_the_database_holds_no_answer,
    an_answer_survives_a_new_root_secret,
    a_file_that_is_sent_again_is_answered_as_the_first_time,
);

const DAY: Duration = Duration::from_secs(86_400);

/// Makes a key under an idempotency key.
async fn make(app: &App, credential: &str, key: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {credential}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    app.call("POST", "/api/v1/api-keys", &headers, Some(body)).await
}

fn named(name: &str) -> Value {
    json!({ "name": name })
}

async fn the_same_request_is_answered_as_the_first_time(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let first = make(&app, &tokens.access, "k1", &named("ci")).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""), "{first:?}");
    app.advance(Duration::from_secs(60));
    for body in [named("ci"), json!({ "name": "ci" })] {
        let again = make(&app, &tokens.access, "k1", &body).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.header("content-type"), "application/json");
        assert_eq!(again.header("cache-control"), "no-store");
        assert_eq!(again.number("x-ratelimit-limit"), 120, "it is a request like any other");
    }
    assert_eq!(app.rows("api_keys").len(), 1);
    // What has happened to the thing since does not matter: this is what was answered.
    let secret = first.json()["data"]["secret"].as_str().unwrap().to_owned();
    let id = first.json()["data"]["apiKey"]["id"].as_str().unwrap().to_owned();
    ada.revoke_key(&crate::support::Key { id, secret }).await;
    assert_eq!(make(&app, &tokens.access, "k1", &named("ci")).await.body, first.body);
    // Another process over the same database knows it too.
    let other = app.again(|_| {}).await;
    assert_eq!(make(&other, &tokens.access, "k1", &named("ci")).await.body, first.body);
}

/// An operation whose verb forgets to take the key is found here.
async fn every_operation_that_creates_is_done_once(app: App) {
    let sites = Sites::start().await;
    sites.put("site.example/", "image/svg+xml", GREEN_LOGO);
    let app = app.among(&sites).await;
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let bearer = format!("Bearer {}", tokens.access);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "once")];
    let creating: Vec<_> =
        operations().into_iter().filter(|one| one.effect == Effect::Create).collect();
    assert!(!creating.is_empty());
    for operation in creating {
        let thing = ada.create_key("thing").await;
        let brand = brand_of(&app, "ada@example.com");
        let id = match operation.template.contains("/images/") {
            true => image_of(&app, &brand),
            false => thing.id,
        };
        let path = operation.template.replace("{id}", &id);
        let mut body = operation.body.clone();
        if let Some(body) = body.as_mut().filter(|body| body.get("brandSessionId").is_some()) {
            body["brandSessionId"] = json!(brand);
        }
        let call = || operation.send(&app, &path, &headers, body.as_ref());
        let first = call().await;
        assert!(first.status < 300, "{}: {first:?}", operation.id);
        let rows = || ["api_keys", "brands", "images", "jobs"].map(|table| app.rows(table));
        let before = rows();
        let again = call().await;
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{}", operation.id);
        assert_eq!(again.header("idempotent-replayed"), "true", "{}", operation.id);
        assert_eq!(rows(), before, "{}", operation.id);
    }
}

async fn another_request_is_refused(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    assert_eq!(make(&app, &tokens.access, "k1", &named("ci")).await.status, 201);
    for body in [named("other"), json!({ "name": "ci", "more": 1 })] {
        let answer = make(&app, &tokens.access, "k1", &body).await;
        assert_eq!(answer.error(), "422 IDEMPOTENCY_KEY_REUSED", "{body}");
    }
    // What is malformed is that first.
    assert_eq!(make(&app, &tokens.access, "k1", &json!({})).await.error(), "400 BAD_REQUEST");
    assert_eq!(app.rows("api_keys").len(), 1);
}

/// The answer holds a secret. Whoever has another credential of the account may be much narrower.
async fn another_credential_is_never_shown_the_answer(app: App) {
    let mut ada = app.person("ada").await;
    let (client, tokens) = manager(&app, &mut ada, "app").await;
    let (_, other) = manager(&app, &mut ada, "other").await;
    let first = make(&app, &tokens.access, "k1", &named("ci")).await;
    let answer = make(&app, &other.access, "k1", &named("ci")).await;
    assert_eq!(answer.error(), "422 IDEMPOTENCY_KEY_REUSED");
    assert_eq!(app.rows("api_keys").len(), 1);
    // The next token of the same app is the same credential.
    let next = client.refresh_with(&tokens.refresh, &[("scope", EVERYTHING)]).await;
    let next = Tokens::of(&next);
    assert_eq!(make(&app, &next.access, "k1", &named("ci")).await.body, first.body);
    // But not when it may do less than it could then.
    let narrow = Tokens::of(&client.refresh_with(&next.refresh, &[("scope", "read")]).await).access;
    assert_eq!(make(&app, &narrow, "k1", &named("ci")).await.error(), "403 FORBIDDEN");
}

async fn a_key_counts_for_one_account_and_one_operation(app: App) {
    let mut ada = app.person("ada").await;
    let mut bob = app.person("bob").await;
    let (_, adas) = manager(&app, &mut ada, "app").await;
    let (_, bobs) = manager(&app, &mut bob, "app").await;
    let (first, second) = (
        make(&app, &adas.access, "k1", &named("ci")).await,
        make(&app, &bobs.access, "k1", &named("ci")).await,
    );
    assert_eq!((first.status, second.status), (201, 201));
    assert_ne!(first.body, second.body);
    // Where nothing is made it means nothing.
    let bearer = format!("Bearer {}", adas.access);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k1")];
    let key = json!({ "key": "x" });
    let answer = app.call("POST", "/api/v1/api-keys/verify", &headers, Some(&key)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn what_was_refused_is_judged_anew(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let first = ada.create_key("first").await;
    for number in 1..100 {
        assert_eq!(
            make(&app, &tokens.access, &format!("n{number}"), &named("x")).await.status,
            201
        );
    }
    let refused = make(&app, &tokens.access, "k1", &named("ci")).await;
    assert_eq!(refused.error(), "409 API_KEY_LIMIT_REACHED");
    assert_eq!(app.rows("idempotency_keys").len(), 99, "a refusal leaves nothing behind");
    ada.revoke_key(&first).await;
    assert_eq!(make(&app, &tokens.access, "k1", &named("ci")).await.status, 201);
    assert_eq!(app.rows("api_keys").len(), 101);
}

async fn a_malformed_key_is_refused_and_nothing_is_done(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    for bad in ["", " ", "a b", "a\tb", &"k".repeat(256)] {
        let answer = make(&app, &tokens.access, bad, &named("ci")).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{bad:?}");
        assert!(answer.text().contains("Idempotency-Key"), "{answer:?}");
    }
    let bearer = format!("Bearer {}", tokens.access);
    let twice =
        [("authorization", bearer.as_str()), ("idempotency-key", "a"), ("idempotency-key", "a")];
    let answer = app.call("POST", "/api/v1/api-keys", &twice, Some(&named("ci"))).await;
    assert_eq!(answer.error(), "400 BAD_REQUEST");
    assert!(app.rows("api_keys").is_empty());
    assert_eq!(make(&app, &tokens.access, &"k".repeat(255), &named("ci")).await.status, 201);
}

async fn without_a_key_each_is_a_new_one(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let bearer = format!("Bearer {}", tokens.access);
    for _ in 0..2 {
        let headers = [("authorization", bearer.as_str())];
        let answer = app.call("POST", "/api/v1/api-keys", &headers, Some(&named("ci"))).await;
        assert_eq!(answer.status, 201);
    }
    assert_eq!(app.rows("api_keys").len(), 2);
    assert!(app.rows("idempotency_keys").is_empty());
}

/// Sends the same request fifty times at once, before some nodes in turn; gives what was answered.
async fn storm(nodes: &[App], credential: &str, key: &str) -> Vec<Answer> {
    at_once(50, |number| {
        let app = nodes[number % nodes.len()].clone();
        let (credential, key) = (credential.to_owned(), key.to_owned());
        async move { make(&app, &credential, &key, &named("ci")).await }
    })
    .await
}

fn assert_one_answer(answers: &[Answer]) {
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty());
    assert!(made.iter().all(|answer| answer.body == made[0].body), "one answer");
    let first = made.iter().filter(|answer| answer.header("idempotent-replayed").is_empty());
    assert_eq!(first.count(), 1, "one of them made it");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.error(), "409 IDEMPOTENCY_IN_PROGRESS");
        assert_eq!(answer.number("retry-after"), 1);
    }
}

async fn fifty_at_once_make_one(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    for round in 1..=10 {
        let answers = storm(std::slice::from_ref(&app), &tokens.access, &format!("k{round}")).await;
        assert_one_answer(&answers);
        assert_eq!(app.rows("api_keys").len(), round);
    }
}

/// Two nodes have no memory in common: only the database keeps them apart.
async fn fifty_at_once_before_two_nodes_make_one(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let mut nodes = vec![app.clone()];
    if matches!(app.database().database(), bloom_store::Database::Postgres { .. }) {
        for _ in 0..7 {
            nodes.push(app.again(|_| {}).await);
        }
    }
    for round in 1..=10 {
        let answers = storm(&nodes, &tokens.access, &format!("k{round}")).await;
        assert_one_answer(&answers);
        assert_eq!(app.rows("api_keys").len(), round);
    }
}

async fn it_is_forgotten_after_a_day(app: App) {
    let mut ada = app.person("ada").await;
    let (client, tokens) = manager(&app, &mut ada, "app").await;
    let first = make(&app, &tokens.access, "k1", &named("ci")).await;
    app.advance(DAY - Duration::from_secs(1));
    app.keep_house().await;
    let next = client.refresh(&tokens.refresh).await.json();
    let token = next["access_token"].as_str().unwrap();
    assert_eq!(make(&app, token, "k1", &named("ci")).await.body, first.body);
    app.advance(Duration::from_secs(1));
    // Whether or not it was swept by then.
    let second = make(&app, token, "k1", &named("other")).await;
    assert_eq!(second.status, 201, "{second:?}");
    assert_ne!(second.body, first.body);
    assert_eq!(make(&app, token, "k1", &named("other")).await.body, second.body);
    assert_eq!((app.rows("api_keys").len(), app.rows("idempotency_keys").len()), (2, 1));
    app.advance(DAY);
    app.keep_house().await;
    assert!(app.rows("idempotency_keys").is_empty());
}

async fn a_dump_of_the_database_holds_no_answer(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let answer = make(&app, &tokens.access, "a-name-that-nobody-else-gives", &named("ci")).await;
    let secret = answer.json()["data"]["secret"].as_str().unwrap().to_owned();
    let stored = everything_stored(&app);
    let holds = |text: &str| {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let within = |part: &[u8]| stored.windows(part.len()).any(|window| window == part);
        within(text.as_bytes()) || within(hex.as_bytes())
    };
    assert!(!holds(&secret[13..43]), "the secret is stored");
    assert!(!holds("a-name-that-nobody-else-gives"), "what a client calls its request is its own");
    assert_eq!(app.rows("idempotency_keys").len(), 1);
}

async fn an_answer_survives_a_new_root_secret(app: App) {
    let mut ada = app.person("ada").await;
    let (client, tokens) = manager(&app, &mut ada, "app").await;
    let first = make(&app, &tokens.access, "k1", &named("ci")).await;
    let secrets = app.options().secrets.rotated(RootSecret::new([2; 32]));
    root_secret::rotate(app.service(), &app.operator(), &secrets).await.unwrap();
    let app = app.again(|options| options.secrets = secrets).await;
    let next = client.refresh(&tokens.refresh).await;
    let token = match next.status {
        200 => next.json()["access_token"].as_str().unwrap().to_owned(),
        _ => tokens.access.clone(),
    };
    assert_eq!(make(&app, &token, "k1", &named("ci")).await.body, first.body);
    assert_eq!(app.rows("api_keys").len(), 1);
}

/// A client that sends a form again draws its lines elsewhere.
async fn a_file_that_is_sent_again_is_answered_as_the_first_time(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let bearer = format!("Bearer {}", tokens.access);
    let brand = brand_of(&app, "ada@example.com");
    let send = async |file: &str, line: &str| {
        let (body, kind) = form(&brand, file.as_bytes());
        let body = String::from_utf8(body).expect("text").replace("frontier", line);
        let kind = kind.replace("frontier", line);
        let headers = [
            ("authorization", bearer.as_str()),
            ("idempotency-key", "k1"),
            ("content-type", kind.as_str()),
        ];
        app.post_bytes("/api/v1/images/uploads/file", body.into_bytes(), &headers).await
    };
    let first = send(GREEN_LOGO, "frontier").await;
    assert_eq!((first.status, &first.json()["data"]["existing"]), (200, &json!(false)));
    let again = send(GREEN_LOGO, "another").await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = send(&GREEN_LOGO.replace("1f4d3a", "1f4d3b"), "frontier").await;
    assert_eq!(other.error(), "422 IDEMPOTENCY_KEY_REUSED");
    assert_eq!(app.rows("images").len(), 1);
}
