//! Keys that another system made: imported by their hashes, and good here as they were there.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bloom_domain::api_keys::ApiKeySecret;
use bloom_service::rate_limit::RateLimits;
use bloom_service::root_secret::{self, RootSecret};
use serde_json::{Value, json};

use crate::api_keys_by_credential::{manager, send};
use crate::support::{Answer, App, at_once, on_both};

on_both!(
    an_imported_key_works_as_it_did,
    only_what_was_named_skips_the_checksum,
    a_duplicate_is_an_error_and_nothing_is_imported,
    what_is_sent_is_checked_and_the_key_is_named,
    an_imported_key_is_rotated_into_one_of_ours,
    another_process_knows_the_shape,
    many_imports_of_one_key_at_once_make_one,
    an_import_does_what_its_maker_may,
    an_imported_key_survives_a_new_root_secret,
    an_imported_key_that_leaked_is_revoked,
    an_account_brings_only_so_many_shapes,
);

/// A key that another system might have made.
fn secret(number: u32) -> String {
    format!("acme_live_{number:030}")
}

fn hash(secret: &str) -> String {
    digest(&SHA256, secret.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn listed(secrets: &[&str]) -> Value {
    let key = |secret: &&str| json!({ "name": "old", "sha256": hash(secret), "lastFour": &secret[secret.len() - 4..] });
    let keys: Vec<_> = secrets.iter().map(key).collect();
    json!({ "prefix": "acme_live_", "length": 40, "keys": keys })
}

async fn import(app: &App, credential: &str, secrets: &[&str]) -> Answer {
    send(app, "/api-keys/import", credential, &listed(secrets)).await
}

async fn an_imported_key_works_as_it_did(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let (one, two) = (secret(1), secret(2));
    assert_eq!(app.account(&one).await.error(), "401 UNAUTHORIZED", "before it was imported");
    let answer = import(&app, &tokens.access, &[&one, &two]).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let keys = answer.json()["data"]["apiKeys"].clone();
    assert_eq!(keys[0]["hint"], "acme_live_…0001");
    assert_eq!(keys[0]["madeBy"]["kind"], "app");
    for secret in [&one, &two] {
        let answer = app.account(secret).await;
        assert_eq!(answer.json()["data"]["email"], "ada@example.com");
        let bearer = app.get_as("/api/v1/account", secret).await;
        assert_eq!(bearer.body, answer.body);
        let verified =
            send(&app, "/api-keys/verify", &tokens.access, &json!({ "key": secret })).await;
        assert_eq!(verified.json()["data"]["state"], "active");
    }
    assert!(ada.get("/settings").await.text().contains("acme_live_…0002"));
    // Keyed on entry: what is stored is not what was sent.
    let dump = app.database().dump();
    assert!(!dump.contains(&hash(&one)), "the plain hash is stored");
    let path = format!("/api-keys/{}/revoke", keys[0]["id"].as_str().unwrap());
    assert_eq!(send(&app, &path, &tokens.access, &json!({})).await.status, 200);
    assert_eq!(app.account(&one).await.error(), "401 UNAUTHORIZED");
    assert_eq!(app.account(&two).await.status, 200);
}

async fn only_what_was_named_skips_the_checksum(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    assert_eq!(import(&app, &tokens.access, &[&secret(1)]).await.status, 201);
    app.account(&secret(1)).await;
    let told = async |presented: &str| {
        let before = app.service().statements_executed();
        let answer = app.account(presented).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{presented}");
        (answer.text().contains("does not know"), app.service().statements_executed() - before > 0)
    };
    assert_eq!(told(&secret(7)).await, (true, true), "it looks like one, and is looked up");
    let longer = format!("{}x", secret(7));
    for junk in ["junk", &longer, "acme_test_000000000000000000000000000007", "bloom_sk_junk"] {
        assert_eq!(told(junk).await, (false, false), "{junk}");
    }
    // Keys of another server of this kind have the checksum, and it is still asked for.
    let ours = ApiKeySecret::new(&[0x5a; 32]).expose().to_owned();
    let key = json!({ "name": "x", "sha256": hash(&ours) });
    let body = json!({ "prefix": "bloom_sk_", "length": 47, "keys": [key] });
    assert_eq!(send(&app, "/api-keys/import", &tokens.access, &body).await.status, 201);
    assert_eq!(app.account(&ours).await.status, 200);
    let mistyped = format!("{}0", &ours[..46]);
    assert_eq!(told(&mistyped).await, (false, false));
    // A shape that ours would fit, too, does not skip our checksum.
    let key =
        json!({ "name": "x", "sha256": hash("bloom_sk-0123456789abcdefghijklmnopqrstuvwxyzAB") });
    let body = json!({ "prefix": "bloom", "length": 47, "keys": [key] });
    assert_eq!(send(&app, "/api-keys/import", &tokens.access, &body).await.status, 201);
    assert_eq!(told(&mistyped).await, (false, false));
    assert_eq!(app.account("bloom_sk-0123456789abcdefghijklmnopqrstuvwxyzAB").await.status, 200);
}

async fn a_duplicate_is_an_error_and_nothing_is_imported(app: App) {
    let mut ada = app.person("ada").await;
    let mut bob = app.person("bob").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let (_, bobs) = manager(&app, &mut bob, "app").await;
    assert_eq!(import(&app, &tokens.access, &[&secret(1)]).await.status, 201);
    let own = ada.create_key("own").await.secret;
    let before = (app.rows("api_keys"), app.rows("key_shapes"));
    let (two, three) = (secret(2), secret(3));
    for (credential, secrets, place) in [
        (&tokens.access, vec![two.as_str(), &secret(1)], 1),
        (&bobs.access, vec![secret(1).as_str(), &two], 0),
        (&tokens.access, vec![two.as_str(), &three, &two], 2),
        (&bobs.access, vec![two.as_str(), &own], 1),
    ] {
        let answer = import(&app, credential, &secrets).await;
        assert_eq!(answer.error(), "409 API_KEY_EXISTS", "{secrets:?}");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(&format!("keys[{place}]")), "{message}");
    }
    assert_eq!((app.rows("api_keys"), app.rows("key_shapes")), before, "nothing is left behind");
    assert_eq!(app.account(&secret(1)).await.json()["data"]["email"], "ada@example.com");
}

async fn what_is_sent_is_checked_and_the_key_is_named(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let good = listed(&[&secret(1)]);
    let with = |path: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    for (body, told) in [
        (with("/prefix", json!("a")), "prefix: "),
        (with("/prefix", json!("a b c")), "prefix: "),
        (with("/length", json!(20)), "length: "),
        (with("/length", json!(2_000)), "length: "),
        (with("/length", json!(-1)), "length has another form"),
        (with("/keys", json!([])), "keys: "),
        (with("/keys/0/sha256", json!("abc")), "keys[0].sha256: "),
        (with("/keys/0/sha256", json!("g".repeat(64))), "keys[0].sha256: "),
        (with("/keys/0/name", json!("")), "keys[0].name: "),
        (with("/keys/0/lastFour", json!("abcde")), "keys[0].lastFour: "),
        (json!({ "prefix": "acme_", "length": 40 }), "keys is missing."),
    ] {
        let answer = send(&app, "/api-keys/import", &tokens.access, &body).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{body}");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(told), "{told}: {message}");
    }
    let many: Vec<_> = (0..101).map(secret).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(import(&app, &tokens.access, &many).await.error(), "400 BAD_REQUEST");
    ada.create_key("one").await;
    assert_eq!(
        import(&app, &tokens.access, &many[..100]).await.error(),
        "409 API_KEY_LIMIT_REACHED"
    );
    assert_eq!(app.rows("api_keys").len(), 1);
}

async fn an_imported_key_is_rotated_into_one_of_ours(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let key =
        import(&app, &tokens.access, &[&secret(1)]).await.json()["data"]["apiKeys"][0].clone();
    let path = format!("/api-keys/{}/rotate", key["id"].as_str().unwrap());
    let rotated = send(&app, &path, &tokens.access, &json!({})).await.json()["data"].clone();
    let new = rotated["secret"].as_str().unwrap();
    assert!(new.starts_with("bloom_sk_"));
    assert_eq!(rotated["apiKey"]["oldSecret"]["hint"], "acme_live_…0001");
    assert!(rotated["apiKey"]["hint"].as_str().unwrap().starts_with("bloom_sk_"));
    for secret in [new, &secret(1)] {
        assert_eq!(app.account(secret).await.status, 200);
    }
}

async fn another_process_knows_the_shape(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let running = app.again(|_| {}).await;
    // It has looked before there was one.
    assert_eq!(running.account(&secret(1)).await.error(), "401 UNAUTHORIZED");
    assert_eq!(import(&app, &tokens.access, &[&secret(1)]).await.status, 201);
    assert_eq!(app.again(|_| {}).await.account(&secret(1)).await.status, 200);
    if matches!(app.database().database(), bloom_store::Database::Postgres { .. }) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        while running.account(&secret(1)).await.status != 200 {
            assert!(tokio::time::Instant::now() < deadline, "it never hears of the shape");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn many_imports_of_one_key_at_once_make_one(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut credentials = Vec::new();
    for name in ["ada", "bob"] {
        let mut person = app.person(name).await;
        credentials.push(manager(&app, &mut person, "app").await.1.access);
    }
    for round in 0..5_u32 {
        let statuses = at_once(20, |number| {
            let (app, credential) = (app.clone(), credentials[number % 2].clone());
            async move { import(&app, &credential, &[&secret(round)]).await.status }
        });
        let statuses = statuses.await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 201 | 409 | 503)), "{statuses:?}");
        assert_eq!(app.rows("api_keys").len(), usize::try_from(round).unwrap() + 1);
    }
}

async fn an_import_does_what_its_maker_may(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client("https://narrow.example/cb").await;
    let narrow = client.connect(&mut ada, &[("scope", "read keys:admin")]).await.access;
    let key = import(&app, &narrow, &[&secret(1)]).await.json()["data"]["apiKeys"][0].clone();
    assert_eq!(key["scopes"], json!(["read"]));
    let only = app.client("https://only.example/cb").await;
    let only = only.connect(&mut ada, &[("scope", "keys:admin")]).await.access;
    assert_eq!(import(&app, &only, &[&secret(2)]).await.error(), "400 BAD_REQUEST");
    assert_eq!(app.rows("api_keys").len(), 1);
}

async fn an_imported_key_survives_a_new_root_secret(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    assert_eq!(import(&app, &tokens.access, &[&secret(1)]).await.status, 201);
    // The one that was made current last is the current one.
    app.advance(Duration::from_secs(1));
    let secrets = app.options().secrets.rotated(RootSecret::new([2; 32]));
    root_secret::rotate(app.service(), &app.operator(), &secrets).await.unwrap();
    let app = app.again(|options| options.secrets = secrets).await;
    assert_eq!(app.account(&secret(1)).await.status, 200);
    let mut bob = app.person("bob").await;
    let (_, bobs) = manager(&app, &mut bob, "bobs").await;
    let again = import(&app, &bobs.access, &[&secret(1)]).await;
    assert_eq!(again.error(), "409 API_KEY_EXISTS", "whatever it is digested with");
}

async fn an_imported_key_that_leaked_is_revoked(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let (one, two) = (secret(1), secret(2));
    assert_eq!(import(&app, &tokens.access, &[&one, &two]).await.status, 201);
    let report = async |key: &str| {
        let answer = app.post_json("/api/leaks/reports", &json!({ "key": key })).await;
        (answer.status, app.account(&one).await.status, app.account(&two).await.status)
    };
    let (status, first, _) = report(&secret(3)).await;
    assert_eq!((status / 100, first), (4, 200), "nobody has it");
    let (status, first, second) = report(&one).await;
    assert_eq!((status / 100, first, second), (2, 401, 200));
}

async fn an_account_brings_only_so_many_shapes(app: App) {
    let mut ada = app.person("ada").await;
    let mut bob = app.person("bob").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let (_, bobs) = manager(&app, &mut bob, "bobs").await;
    let of_length = |length: usize| {
        let key = json!({ "name": "x", "sha256": hash(&format!("acme_{length}")) });
        json!({ "prefix": "acme_", "length": length, "keys": [key] })
    };
    for length in 30..40 {
        let answer = send(&app, "/api-keys/import", &tokens.access, &of_length(length)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let before = (app.rows("api_keys"), app.rows("key_shapes"));
    let answer = send(&app, "/api-keys/import", &tokens.access, &of_length(40)).await;
    assert_eq!(answer.error(), "409 API_KEY_LIMIT_REACHED");
    assert_eq!((app.rows("api_keys"), app.rows("key_shapes")), before);
    // Another of a shape that is there goes, and somebody else's do not count.
    assert_eq!(send(&app, "/api-keys/import", &bobs.access, &of_length(40)).await.status, 201);
    let key = json!({ "name": "y", "sha256": hash("another") });
    let body = json!({ "prefix": "acme_", "length": 30, "keys": [key] });
    assert_eq!(send(&app, "/api-keys/import", &tokens.access, &body).await.status, 201);
}
