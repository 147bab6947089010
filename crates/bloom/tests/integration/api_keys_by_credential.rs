//! API keys managed by a key or token that was given the scope `keys:admin`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bloom_domain::api_keys::{ApiKeySecret, KeyName, Narrowing, parse_scopes};
use bloom_domain::audit::{Action, Actor};
use bloom_domain::email::Email;
use bloom_domain::networks::Addresses;
use bloom_domain::workspaces::Reach;
use bloom_service::api_keys::{self, KeyTerms, WhichKey};
use bloom_service::audit;
use bloom_service::rate_limit::RateLimits;
use serde_json::{Value, json};

use crate::access_tokens::Blow;
use crate::support::oauth::{OAuthClient, REDIRECT, Tokens};
use crate::support::{Answer, App, Browser, Key, START, on_both};
use crate::teams::team;

on_both!(
    a_key_is_made_shown_once_and_works,
    what_is_sent_is_checked_and_the_field_is_named,
    only_the_scope_manages_keys,
    whatever_is_asked_for_is_cut_to_the_maker,
    what_is_asked_for_is_what_is_made,
    a_key_makes_keys_too,
    a_key_is_rotated_with_an_overlap,
    a_wider_key_gets_no_secret,
    what_the_maker_is_at_that_moment_counts,
    the_list_is_the_one_of_the_page,
    a_key_is_revoked_and_says_by_whom,
    any_key_may_revoke_itself,
    a_presented_key_is_verified,
    verifying_is_no_use_of_the_key,
    what_is_done_is_recorded_with_who_did_it,
    after_any_blow_returns_no_key_is_made_by_a_token,
    a_refused_app_is_refused_with_the_keys_that_it_made,
    the_hundredth_key_is_the_last_here_too,
    revoking_an_app_asks_about_its_keys,
    what_made_a_key_is_told_wherever_in_the_list_it_is,
);

/// Every scope there is.
pub(crate) const EVERYTHING: &str = "read generate write keys:admin";

/// An app of a person that may manage keys.
pub(crate) async fn manager(app: &App, person: &mut Browser, name: &str) -> (OAuthClient, Tokens) {
    let client = app.client(&format!("https://{name}.example/cb")).await;
    let tokens = client.connect(person, &[("scope", EVERYTHING)]).await;
    (client, tokens)
}

/// Sends JSON to the API with a token or key.
pub(crate) async fn send(app: &App, path: &str, credential: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {credential}");
    let headers = [("authorization", bearer.as_str())];
    app.call("POST", &format!("/api/v1{path}"), &headers, Some(body)).await
}

async fn make(app: &App, credential: &str, name: &str) -> (String, String) {
    let answer = send(app, "/api-keys", credential, &json!({ "name": name })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let data = answer.json()["data"].clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&data["apiKey"]["id"]), text(&data["secret"]))
}

async fn a_key_is_made_shown_once_and_works(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let answer = send(&app, "/api-keys", &tokens.access, &json!({ "name": " two words " })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let data = answer.json()["data"].clone();
    let secret = data["secret"].as_str().unwrap();
    assert_eq!(app.account(secret).await.json()["data"]["email"], "ada@example.com");
    assert_eq!(data["apiKey"]["name"], "two words");
    assert_eq!(data["apiKey"]["state"], "active");
    assert_eq!(data["apiKey"]["createdAt"], "2027-01-15T08:00:00Z");
    assert_eq!(data["apiKey"]["hint"], format!("{}…{}", &secret[..13], &secret[43..]));
    let id = data["apiKey"]["id"].as_str().unwrap();
    for path in ["/api/v1/api-keys".to_owned(), format!("/api/v1/api-keys/{id}")] {
        let seen = app.get_as(&path, &tokens.access).await;
        assert_eq!(seen.status, 200, "{seen:?}");
        assert!(!seen.text().contains(&secret[13..43]), "it never comes back");
    }
    assert!(ada.get("/settings").await.text().contains("two words"));
}

async fn what_is_sent_is_checked_and_the_field_is_named(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let before = app.rows("api_keys");
    let long = "é".repeat(101);
    for (body, told) in [
        (json!({}), "name is missing."),
        (json!([]), "The body is not a JSON object."),
        (json!({ "name": null }), "name has another form. Expected: a string."),
        (json!({ "name": "" }), "name: Enter a name."),
        (json!({ "name": long }), "name: Use at most 100 characters."),
        (json!({ "name": "a\u{0}b" }), "name: Remove the characters that cannot be seen."),
    ] {
        let answer = send(&app, "/api-keys", &tokens.access, &body).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{body}");
        assert_eq!(answer.json()["error"]["message"], told, "{body}");
    }
    let bearer = format!("Bearer {}", tokens.access);
    let json = ("content-type", "application/json");
    let post = async |body: &[u8], kind: (&str, &str)| {
        let headers = [("authorization", bearer.as_str()), kind];
        app.post_bytes("/api/v1/api-keys", body.to_vec(), &headers).await
    };
    assert_eq!(post(b"{", json).await.error(), "400 BAD_REQUEST");
    assert_eq!(post(b"{\"name\":\"\xff\"}", json).await.error(), "400 BAD_REQUEST");
    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(post(b"name=x", form).await.error(), "415 UNSUPPORTED_MEDIA_TYPE");
    let large = format!("{{\"name\":\"x\",\"more\":\"{}\"}}", "x".repeat(64 * 1024));
    assert_eq!(post(large.as_bytes(), json).await.error(), "413 PAYLOAD_TOO_LARGE");
    assert_eq!(app.rows("api_keys"), before, "nothing is made");
    // What is not known is not looked at.
    let more = json!({ "name": "x", "colour": "red" });
    assert_eq!(send(&app, "/api-keys", &tokens.access, &more).await.status, 201);
}

async fn only_the_scope_manages_keys(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let client = app.client("https://app.example/cb").await;
    let everything = client.connect(&mut ada, &[]).await.access;
    let other = app.client("https://other.example/cb").await;
    let most = other.connect(&mut ada, &[("scope", "read generate write")]).await.access;
    let before = app.rows("api_keys");
    for credential in [&key.secret, &everything, &most] {
        let answer = send(&app, "/api-keys", credential, &json!({ "name": "x" })).await;
        assert_eq!(answer.error(), "403 FORBIDDEN");
        assert!(answer.header("www-authenticate").contains("keys:admin"), "{answer:?}");
        let path = format!("/api-keys/{}/revoke", key.id);
        assert_eq!(send(&app, &path, credential, &json!({})).await.error(), "403 FORBIDDEN");
        let answer = app.get_as("/api/v1/api-keys", credential).await;
        assert_eq!(answer.error(), "403 FORBIDDEN");
    }
    let rows = app.rows("api_keys").len();
    assert_eq!(rows, before.len());
    assert_eq!(app.account(&key.secret).await.status, 200);
}

/// A key of somebody that is narrowed to something, by the operator's hand.
pub(crate) async fn key_with(person: &Browser, narrowing: Narrowing) -> Key {
    let (operator, email) = (person.app.operator(), Email::parse(person.email()).unwrap());
    let terms = KeyTerms { name: KeyName::parse("narrowed").unwrap(), narrowing };
    let new = api_keys::create_for(person.app.service(), &operator, &email, terms).await.unwrap();
    Key { id: new.key.id.to_string(), secret: new.secret.expose().to_owned() }
}

fn scopes(tokens: &[&str]) -> Narrowing {
    let access = parse_scopes(tokens.iter().copied()).unwrap();
    Narrowing { access, ..Narrowing::default() }
}

fn all_of_them() -> Narrowing {
    scopes(&["read", "generate", "write", "keys:admin"])
}

/// Makes a key as asked, and gives it as it is shown, with its secret.
pub(crate) async fn made(app: &App, credential: &str, body: &Value) -> (Value, String) {
    let answer = send(app, "/api-keys", credential, body).await;
    assert_eq!(answer.status, 201, "{body}: {answer:?}");
    let data = answer.json()["data"].clone();
    (data["apiKey"].clone(), data["secret"].as_str().unwrap().to_owned())
}

async fn whatever_is_asked_for_is_cut_to_the_maker(app: App) {
    let mut ada = app.person("ada").await;
    let acme = team(&mut ada, "Acme").await;
    let other = team(&mut ada, "Other").await;
    let (in_acme, soon) = (acme.parse().unwrap(), START.plus(Duration::from_secs(3_600)));
    let narrow = Narrowing {
        access: parse_scopes(["read", "keys:admin"]).unwrap(),
        reach: Reach::Only(vec![in_acme]),
        addresses: Addresses::parse(["192.0.2.0/24"]).unwrap(),
        expires_at: Some(soon),
    };
    let maker = key_with(&ada, narrow).await;
    for asked in [
        json!({ "name": "x" }),
        json!({ "name": "x", "scopes": ["read", "write", "generate"], "expiresAt": "2030-01-01T00:00:00Z" }),
        json!({ "name": "x", "addresses": ["0.0.0.0/0"] }),
        json!({ "name": "x", "addresses": ["192.0.0.0/16"], "workspaces": [acme] }),
    ] {
        let (key, secret) = made(&app, &maker.secret, &asked).await;
        assert_eq!(key["scopes"], json!(["read"]), "{asked}");
        assert_eq!(key["workspaces"], json!([acme]), "{asked}");
        assert_eq!(key["addresses"], json!(["192.0.2.0/24"]), "{asked}");
        assert_eq!(key["expiresAt"], "2027-01-15T09:00:00Z", "{asked}");
        assert_eq!(key["madeBy"], json!({ "kind": "apiKey", "id": maker.id }), "{asked}");
        let answer = app.get_as("/api/v1/api-keys", &secret).await;
        assert_eq!(
            answer.error(),
            "403 FORBIDDEN",
            "{asked}: keys are managed by those that are named"
        );
        assert_eq!(app.account(&secret).await.status, 200, "{asked}");
    }
    // It does not reach the personal workspace, which is meant where none is named.
    let credits =
        async |query: &str| app.get_as(&format!("/api/v1/credits{query}"), &maker.secret).await;
    let unnamed = credits("").await;
    assert_eq!(unnamed.error(), "404 WORKSPACE_NOT_FOUND");
    assert!(unnamed.text().contains("Send the workspaceId of one that it reaches"), "{unnamed:?}");
    assert_eq!(credits(&format!("?workspaceId={acme}")).await.status, 200);
    // What keeps managing keys is what is asked to.
    let asked = json!({ "name": "x", "scopes": ["keys:admin", "write"] });
    let (key, _) = made(&app, &maker.secret, &asked).await;
    assert_eq!(key["scopes"], json!(["keys:admin"]));
    let before = app.rows("api_keys");
    for (asked, error) in [
        (json!({ "name": "x", "scopes": ["write"] }), "400 BAD_REQUEST"),
        (json!({ "name": "x", "addresses": ["198.51.100.0/24"] }), "400 BAD_REQUEST"),
        // Its owner's, and out of its reach: not there.
        (json!({ "name": "x", "workspaces": [other] }), "404 WORKSPACE_NOT_FOUND"),
        (json!({ "name": "x", "workspaces": ["personal"] }), "404 WORKSPACE_NOT_FOUND"),
    ] {
        let answer = send(&app, "/api-keys", &maker.secret, &asked).await;
        assert_eq!(answer.error(), error, "{asked}");
    }
    assert_eq!(app.rows("api_keys").len(), before.len());
    app.advance(Duration::from_secs(3_600));
    assert_eq!(app.rows("api_keys").len(), before.len());
    let answer = send(&app, "/api-keys", &maker.secret, &json!({ "name": "x" })).await;
    assert_eq!(answer.error(), "401 UNAUTHORIZED", "the maker has ended, and so have they");
}

async fn what_is_asked_for_is_what_is_made(app: App) {
    let mut ada = app.person("ada").await;
    let acme = team(&mut ada, "Acme").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let (plain, _) = made(&app, &tokens.access, &json!({ "name": "plain" })).await;
    // An app names its scopes, and so does what it makes.
    assert_eq!(plain["scopes"], json!(["read", "generate", "write"]));
    assert_eq!((&plain["workspaces"], &plain["addresses"]), (&Value::Null, &Value::Null));
    assert_eq!((&plain["expiresAt"], &plain["madeBy"]["kind"]), (&Value::Null, &json!("app")));
    let asked = json!({
        "name": "narrow",
        "scopes": ["keys:admin", "read"],
        "workspaces": ["personal", acme],
        "addresses": ["192.0.2.7", "2001:db8::/32"],
        "expiresAt": "2027-03-31T00:00:00+02:00",
    });
    let (key, secret) = made(&app, &tokens.access, &asked).await;
    assert_eq!(key["scopes"], json!(["read", "keys:admin"]));
    assert_eq!(key["workspaces"], json!(["personal", acme]));
    assert_eq!(key["expiresAt"], "2027-03-30T22:00:00Z");
    let addresses = key["addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 2, "{key}");
    let path = format!("/api/v1/api-keys/{}", key["id"].as_str().unwrap());
    let seen = app.get_as(&path, &secret).await.json();
    assert_eq!(seen["data"]["scopes"], key["scopes"]);
    for (field, value) in [
        ("scopes", json!([])),
        ("scopes", json!(["admin"])),
        ("scopes", json!("read")),
        ("workspaces", json!([])),
        ("addresses", json!(["nowhere"])),
        ("addresses", json!([])),
        ("expiresAt", json!("tomorrow")),
        ("expiresAt", json!("2027-01-15T08:00:00Z")),
        ("expiresAt", json!(1_900_000_000)),
    ] {
        let answer =
            send(&app, "/api-keys", &tokens.access, &json!({ "name": "x", field: value })).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{field} {value}");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(field), "{field} {value}: {message}");
    }
}

async fn a_key_makes_keys_too(app: App) {
    let ada = app.person("ada").await;
    let maker = key_with(&ada, all_of_them()).await;
    let (key, secret) = made(&app, &maker.secret, &json!({ "name": "x" })).await;
    assert_eq!(key["madeBy"], json!({ "kind": "apiKey", "id": maker.id }));
    assert_eq!(app.account(&secret).await.status, 200);
    let listed = app.get_as("/api/v1/api-keys", &maker.secret).await.json();
    assert_eq!(listed["data"]["apiKeys"].as_array().unwrap().len(), 2);
}

async fn a_key_is_rotated_with_an_overlap(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let (key, first) = made(&app, &tokens.access, &json!({ "name": "x" })).await;
    let path = format!("/api-keys/{}/rotate", key["id"].as_str().unwrap());
    let rotate = async |body: Value| {
        let answer = send(&app, &path, &tokens.access, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let data = answer.json()["data"].clone();
        (data["apiKey"].clone(), data["secret"].as_str().unwrap().to_owned())
    };
    let (rotated, second) = rotate(json!({ "overlapSeconds": 60 })).await;
    assert_eq!(rotated["id"], key["id"]);
    assert_eq!(rotated["oldSecret"]["until"], "2027-01-15T08:01:00Z");
    for secret in [&first, &second] {
        assert_eq!(app.account(secret).await.status, 200);
    }
    app.advance(Duration::from_secs(60));
    assert_eq!(app.account(&first).await.error(), "401 UNAUTHORIZED");
    let verified = send(&app, "/api-keys/verify", &tokens.access, &json!({ "key": first })).await;
    assert_eq!(verified.json()["data"]["state"], "old");
    // A day when nothing is said, nothing when 0 is.
    let (rotated, third) = rotate(json!({})).await;
    assert_eq!(rotated["oldSecret"]["until"], "2027-01-16T08:01:00Z");
    let (_, fourth) = rotate(json!({ "overlapSeconds": 0 })).await;
    assert_eq!(app.account(&third).await.error(), "401 UNAUTHORIZED");
    assert_eq!(app.account(&fourth).await.status, 200);
    for (body, told) in [
        (json!({ "overlapSeconds": 2_592_001 }), "overlapSeconds: "),
        (json!({ "overlapSeconds": -1 }), "overlapSeconds has another form"),
        (json!({ "overlapSeconds": "60" }), "overlapSeconds has another form"),
    ] {
        let answer = send(&app, &path, &tokens.access, &body).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{body}");
        assert!(
            answer.json()["error"]["message"].as_str().unwrap().starts_with(told),
            "{answer:?}"
        );
    }
    send(&app, &path.replace("rotate", "revoke"), &tokens.access, &json!({})).await;
    assert_eq!(send(&app, &path, &tokens.access, &json!({})).await.error(), "409 API_KEY_ENDED");
}

/// A secret of a key that may do more would be more than the credential has.
async fn a_wider_key_gets_no_secret(app: App) {
    let mut ada = app.person("ada").await;
    let plain = ada.create_key("plain").await;
    let narrow = key_with(&ada, scopes(&["read", "keys:admin"])).await;
    let path = format!("/api-keys/{}/rotate", plain.id);
    let answer = send(&app, &path, &narrow.secret, &json!({})).await;
    assert_eq!(answer.error(), "403 FORBIDDEN", "{answer:?}");
    assert_eq!(answer.header("www-authenticate"), "", "it has the scope");
    assert_eq!(app.account(&plain.secret).await.status, 200);
    // Its own it may have, and one that is as wide.
    let own = format!("/api-keys/{}/rotate", narrow.id);
    let answer = send(&app, &own, &narrow.secret, &json!({ "overlapSeconds": 60 })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let wide = key_with(&ada, all_of_them()).await;
    assert_eq!(send(&app, &path, &wide.secret, &json!({})).await.status, 200);
}

/// A maker that is narrowed while it makes keys makes none that is as wide as it was.
async fn what_the_maker_is_at_that_moment_counts(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let ada = app.person("ada").await;
    let maker = key_with(&ada, all_of_them()).await;
    let has_begun = Arc::new(AtomicBool::new(false));
    let is_over = Arc::new(AtomicBool::new(false));
    let makers: Vec<_> = (0..4)
        .map(|_| {
            let (app, secret) = (app.clone(), maker.secret.clone());
            let (has_begun, is_over) = (has_begun.clone(), is_over.clone());
            tokio::spawn(async move {
                loop {
                    let was_over = is_over.load(Ordering::SeqCst);
                    let answer = send(&app, "/api-keys", &secret, &json!({ "name": "x" })).await;
                    has_begun.store(true, Ordering::SeqCst);
                    if was_over || answer.status == 409 {
                        return answer;
                    }
                }
            })
        })
        .collect();
    while !has_begun.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    let which = WhichKey::Id(maker.id.parse().unwrap());
    let (operator, email) = (app.operator(), Email::parse(ada.email()).unwrap());
    let narrow = scopes(&["read", "keys:admin"]);
    api_keys::narrow_for(app.service(), &operator, &email, which, narrow).await.unwrap();
    is_over.store(true, Ordering::SeqCst);
    for maker in makers {
        let answer = maker.await.unwrap();
        let scopes = answer.json()["data"]["apiKey"]["scopes"].clone();
        assert!(answer.status == 409 || scopes == json!(["read"]), "{answer:?}");
    }
}

async fn the_list_is_the_one_of_the_page(app: App) {
    let mut ada = app.person("ada").await;
    let mut bob = app.person("bob").await;
    bob.create_key("bobs").await;
    let old = ada.create_key("old").await;
    ada.revoke_key(&old).await;
    app.advance(Duration::from_secs(1));
    let new = ada.create_key("new").await;
    app.account(&new.secret).await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let list = app.get_as("/api/v1/api-keys", &tokens.access).await.json();
    let keys = list["data"]["apiKeys"].as_array().unwrap();
    let shown: Vec<_> = keys
        .iter()
        .map(|key| (key["name"].as_str().unwrap(), key["state"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, [("new", "active"), ("old", "revoked")]);
    assert_eq!(keys[0]["lastUsed"]["operation"], "account.get");
    assert_eq!(keys[0]["lastUsed"]["address"], "192.0.2.7");
    assert_eq!(keys[1]["lastUsed"], Value::Null);
    assert_eq!((&keys[1]["revokedBy"], &keys[0]["revokedBy"]), (&json!("owner"), &Value::Null));
    for key in keys {
        let path = format!("/api/v1/api-keys/{}", key["id"].as_str().unwrap());
        assert_eq!(app.get_as(&path, &tokens.access).await.json()["data"], *key);
    }
    for junk in ["nonsense", "0", "%00", "%ff", "..%2F..", &old.id.to_uppercase().replace('-', "")]
    {
        let answer = app.get_as(&format!("/api/v1/api-keys/{junk}"), &tokens.access).await;
        assert_eq!(answer.error(), "404 API_KEY_NOT_FOUND", "{junk}");
    }
}

async fn a_key_is_revoked_and_says_by_whom(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let key = ada.create_key("ci").await;
    assert_eq!(app.account(&key.secret).await.status, 200);
    let path = format!("/api-keys/{}/revoke", key.id);
    let first = send(&app, &path, &tokens.access, &json!({})).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.json()["data"]["revokedBy"], "credential");
    assert_eq!(app.account(&key.secret).await.error(), "401 UNAUTHORIZED");
    app.advance(Duration::from_secs(5));
    let again = send(&app, &path, &tokens.access, &json!({})).await;
    assert_eq!(again.json(), first.json(), "the first time is what is told");
    assert!(ada.get("/settings").await.text().contains("by an API key or app of yours"));
}

async fn any_key_may_revoke_itself(app: App) {
    let mut ada = app.person("ada").await;
    let other = ada.create_key("other").await;
    let key = ada.create_key("ci").await;
    let answer = send(&app, "/api-keys/self/revoke", &key.secret, &json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["data"]["id"], key.id);
    assert_eq!(answer.json()["data"]["revokedBy"], "itself");
    assert_eq!(app.account(&key.secret).await.error(), "401 UNAUTHORIZED");
    assert_eq!(app.account(&other.secret).await.status, 200);
    let again = send(&app, "/api-keys/self/revoke", &key.secret, &json!({})).await;
    assert_eq!(again.error(), "401 UNAUTHORIZED");
    // A token is no key; the revocation endpoint is where it is given up.
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let answer = send(&app, "/api-keys/self/revoke", &tokens.access, &json!({})).await;
    assert_eq!(answer.error(), "404 API_KEY_NOT_FOUND");
    assert!(ada.get("/settings").await.text().contains("with the key itself"));
}

async fn a_presented_key_is_verified(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let good = ada.create_key("good").await;
    let revoked = ada.create_key("revoked").await;
    ada.revoke_key(&revoked).await;
    let foreign = app.person("bob").await.create_key("bobs").await;
    let elsewhere = ApiKeySecret::new(&[0x5a; 32]).expose().to_owned();
    let verify = async |key: &str| {
        let answer = send(&app, "/api-keys/verify", &tokens.access, &json!({ "key": key })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(key.len() < 20 || !answer.text().contains(key), "it is not sent back");
        answer.json()["data"].clone()
    };
    for (key, state) in [
        (good.secret.as_str(), "active"),
        (&revoked.secret, "revoked"),
        (&foreign.secret, "unknown"),
        (&elsewhere, "unknown"),
        (&good.secret[..46], "malformed"),
        ("", "malformed"),
        (&tokens.access, "malformed"),
    ] {
        // Twice, since what is known may come from memory.
        for _ in 0..2 {
            let found = verify(key).await;
            assert_eq!(found["state"], state, "{found}");
            assert_eq!(found["valid"], state == "active");
            assert_eq!(found["apiKey"].is_null(), !matches!(state, "active" | "revoked"));
        }
    }
    let found = verify(&good.secret).await;
    assert_eq!(found["apiKey"]["id"], good.id);
    assert_eq!(found["apiKey"]["scopes"], Value::Null);
    assert_eq!(found["account"].as_str().map(str::len), Some(36), "{found}");
    assert_eq!(found["rate"], json!({ "limit": 120, "seconds": 60, "remaining": 120 }));
    app.account(&good.secret).await;
    assert_eq!(verify(&good.secret).await["rate"]["remaining"], 119);
    // At once, whatever was kept.
    ada.revoke_key(&good).await;
    assert_eq!(verify(&good.secret).await["state"], "revoked");
}

async fn verifying_is_no_use_of_the_key(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let key = ada.create_key("ci").await;
    let body = json!({ "key": key.secret });
    for _ in 0..3 {
        let answer = send(&app, "/api-keys/verify", &tokens.access, &body).await;
        assert_eq!(answer.json()["data"]["rate"]["remaining"], 120);
        assert_eq!(answer.json()["data"]["apiKey"]["lastUsed"], Value::Null);
    }
}

async fn what_is_done_is_recorded_with_who_did_it(app: App) {
    let mut ada = app.person("ada").await;
    let (client, tokens) = manager(&app, &mut ada, "app").await;
    let (id, _) = make(&app, &tokens.access, "made").await;
    send(&app, &format!("/api-keys/{id}/revoke"), &tokens.access, &json!({})).await;
    let key = ada.create_key("own").await;
    send(&app, "/api-keys/self/revoke", &key.secret, &json!({})).await;
    let listed = audit::list_for(app.service(), &app.operator(), None, 3).await.unwrap();
    let by: Vec<_> = listed.iter().map(|listed| listed.record.event.actor).collect();
    assert_eq!(by[0], Actor::ApiKey(key.id.parse().unwrap()));
    assert_eq!(listed[0].record.event.action, Action::ApiKeyRevoked.as_str());
    assert_eq!(by[2], Actor::App(client.id.parse().unwrap()), "the one before the person's");
    let details = &listed[2].record.details.as_ref().unwrap().json;
    assert!(details.contains("192.0.2.7") && details.contains("made"), "{details}");
    let page = ada.get("/settings/activity").await;
    for by in ["The API key <bdi>own</bdi>", "The app <bdi>Example App</bdi>"] {
        assert!(page.text().contains(by), "{by}: {page:?}");
    }
}

/// Somebody who holds a token goes on making keys while it is taken from them.
async fn after_any_blow_returns_no_key_is_made_by_a_token(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    for (index, blow) in Blow::ALL.into_iter().enumerate() {
        let mut ada = app.person(&format!("ada{index}")).await;
        let (client, tokens) = manager(&app, &mut ada, &format!("app{index}")).await;
        let has_begun = Arc::new(AtomicBool::new(false));
        let makers: Vec<_> = (0..4)
            .map(|_| {
                let (app, token, has_begun) =
                    (app.clone(), tokens.access.clone(), has_begun.clone());
                tokio::spawn(async move {
                    loop {
                        let body = json!({ "name": "more" });
                        let answer = send(&app, "/api-keys", &token, &body).await;
                        has_begun.store(true, Ordering::SeqCst);
                        match answer.status {
                            201 | 409 => {}
                            status => return status,
                        }
                    }
                })
            })
            .collect();
        while !has_begun.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        blow.strike(&client, &mut ada, &tokens).await;
        let then = app.rows("api_keys").len();
        for maker in makers {
            assert_eq!(maker.await.unwrap(), blow.status(), "{blow:?}");
        }
        assert_eq!(app.rows("api_keys").len(), then, "{blow:?}: a key was made afterwards");
    }
}

async fn the_hundredth_key_is_the_last_here_too(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    for number in 0..100 {
        make(&app, &tokens.access, &format!("key {number}")).await;
    }
    let answer = send(&app, "/api-keys", &tokens.access, &json!({ "name": "one more" })).await;
    assert_eq!(answer.error(), "409 API_KEY_LIMIT_REACHED");
    assert_eq!(app.rows("api_keys").len(), 100);
}

async fn revoking_an_app_asks_about_its_keys(app: App) {
    for (index, decision) in ["keep", "revoke", ""].into_iter().enumerate() {
        let mut ada = app.person(&format!("ada{index}")).await;
        let own = ada.create_key("own").await.secret;
        let (_, tokens) = manager(&app, &mut ada, "app").await;
        let page = ada.get("/settings").await;
        assert!(!page.text().contains("It has made API keys"), "{page:?}");
        let asked =
            json!({ "name": "first", "scopes": ["keys:admin", "read", "write", "generate"] });
        let (_, first) = made(&app, &tokens.access, &asked).await;
        // What a key of the app made is the app's too.
        let (_, second) = made(&app, &first, &json!({ "name": "second" })).await;
        let page = ada.get("/settings").await;
        assert!(page.text().contains("It has made API keys that still work"), "{page:?}");
        assert!(page.text().contains("by <bdi>the app Example App</bdi>"), "{page:?}");
        assert!(page.text().contains("by <bdi>the key first</bdi>"), "{page:?}");
        let path = page.between("action=\"/settings/apps/", "\"").expect("a form").to_owned();
        let fields = [("keys", decision)];
        let answer = ada.post(&format!("/settings/apps/{path}"), &fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        assert_eq!(app.account(&own).await.status, 200, "it made none of that");
        for secret in [&first, &second] {
            let status = if decision == "revoke" { 401 } else { 200 };
            assert_eq!(app.account(secret).await.status, status, "{decision:?}");
        }
    }
}

/// The page reads the keys that it shows, and of all others those that made one.
async fn what_made_a_key_is_told_wherever_in_the_list_it_is(app: App) {
    let mut ada = app.person("ada").await;
    let (_, tokens) = manager(&app, &mut ada, "app").await;
    let asked = json!({ "name": "first", "scopes": ["keys:admin", "read"] });
    let (_, first) = made(&app, &tokens.access, &asked).await;
    app.advance(Duration::from_secs(1));
    let (key, second) = made(&app, &first, &json!({ "name": "second" })).await;
    let id = key["id"].as_str().unwrap();
    for number in 1..=6 {
        app.advance(Duration::from_secs(1));
        ada.create_key(&format!("own {number}")).await;
    }
    let page = ada.get("/settings").await;
    assert!(page.text().contains(id) && page.text().contains("1 to 7 of 8"), "{page:?}");
    assert!(page.text().contains("by <bdi>the key first</bdi>"), "{page:?}");
    assert!(!page.text().contains("by <bdi>the app Example App</bdi>"), "it is on the next part");
    assert!(page.text().contains("It has made API keys that still work"), "{page:?}");
    for secret in [&first, &second] {
        let gone = send(&app, "/api-keys/self/revoke", secret, &json!({})).await;
        assert_eq!(gone.status, 200, "{gone:?}");
    }
    let page = ada.get("/settings").await;
    assert!(!page.text().contains("It has made API keys that still work"), "{page:?}");
}

/// Its keys, those that they made, and no others: the person's own go on.
async fn a_refused_app_is_refused_with_the_keys_that_it_made(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_key("own").await.secret;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[("scope", EVERYTHING)]).await;
    let wide = json!({ "name": "made by the app", "scopes": ["read", "keys:admin"] });
    let answer = send(&app, "/api-keys", &tokens.access, &wide).await.json();
    let made = answer["data"]["secret"].as_str().expect("a secret").to_owned();
    let (_, child) = make(&app, &made, "made by that").await;
    let status = async |secret: &str| app.account(secret).await.status;
    for _ in 0..2 {
        for secret in [&own, &made, &child] {
            assert_eq!(status(secret).await, 200);
        }
        client.disable().await;
        for secret in [&made, &child] {
            assert_eq!(status(secret).await, 401, "the next request is refused");
            let body = json!({ "name": "another" });
            assert_eq!(send(&app, "/api-keys", secret, &body).await.status, 401);
        }
        assert_eq!(status(&own).await, 200);
        client.enable().await;
    }
}
