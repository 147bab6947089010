//! Signing keys and the documents by which clients find their way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bloom_service::rate_limit::RateLimits;
use bloom_service::root_secret::{RootSecret, RootSecrets};
use bloom_service::signing_keys::{self, KeyState};
use bloom_store::Database;
use serde_json::{Value, json};

use crate::support::oauth::{OAuthClient, REDIRECT, Tokens, claims, parameter};
use crate::support::signing::{decode, encode};
use crate::support::{App, Browser, PASSWORD, at_once, on_both};

on_both!(
    keys_rotate_without_a_restart_and_outlive_what_they_signed,
    keys_rotate_under_load_without_a_refused_token,
    a_key_of_another_node_is_looked_for_once_in_a_while,
    a_rotation_that_is_asked_for_twice_is_one,
    a_root_secret_that_is_gone_takes_no_good_token_along,
    the_published_keys_are_public,
    the_metadata_is_one_document_at_five_urls,
    nodes_that_start_at_once_agree_on_the_first_key,
    a_key_lies_sealed_and_is_named_after_its_public_half,
    a_root_secret_that_was_replaced_still_opens_the_keys,
    an_id_token_says_what_was_granted,
);

const JWKS: &str = "/api/auth/jwks";
const DAY: Duration = Duration::from_secs(86_400);

async fn published(app: &App) -> Vec<String> {
    let keys = app.get(JWKS, &[]).await.json()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn key_of(token: &str) -> String {
    use base64::Engine;
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn housekeeping(app: &App) {
    bloom_service::housekeeping::once(app.service()).await.unwrap();
}

async fn keys_rotate_without_a_restart_and_outlive_what_they_signed(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let mut tokens = client.connect(&mut ada, &[]).await;
    let first = published(&app).await;
    assert_eq!(first, [key_of(&tokens.access)]);
    app.advance(DAY * 29);
    tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
    app.advance(DAY - Duration::from_secs(600));
    housekeeping(&app).await;
    let both = published(&app).await;
    assert_eq!((both.len(), &both[0]), (2, &first[0]), "published ten minutes ahead");
    app.advance(Duration::from_secs(599));
    tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
    assert_eq!(key_of(&tokens.access), both[0]);
    let last_of_the_old = tokens.access.clone();
    app.advance(Duration::from_secs(1));
    tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
    assert_eq!(key_of(&tokens.access), both[1]);
    app.advance(Duration::from_secs(3_597));
    housekeeping(&app).await;
    assert_eq!(published(&app).await, both);
    assert_eq!(app.get_as("/api/v1/account", &last_of_the_old).await.status, 200);
    app.advance(Duration::from_secs(3));
    housekeeping(&app).await;
    assert_eq!(published(&app).await, both[1..]);
    assert_eq!(app.rows("signing_keys").len(), 1);
}

/// On command and then on schedule, while apps refresh and use what they get, at every node there is.
async fn keys_rotate_under_load_without_a_refused_token(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let mut nodes = vec![client];
    if matches!(app.database().database(), Database::Postgres { .. }) {
        nodes.push(OAuthClient { app: app.again(|_| {}).await, ..nodes[0].clone() });
    }
    let on_command = async {
        let keys = signing_keys::rotate(app.service(), &app.operator()).await.unwrap();
        assert_eq!([keys[0].state, keys[1].state], [KeyState::Signs, KeyState::Next]);
    };
    assert_eq!(while_apps_work(&nodes, &mut ada, on_command).await, 2);
    assert_eq!(published(&app).await.len(), 1, "the first has nothing left to verify");
    app.advance(DAY * 30 - Duration::from_secs(9 * 60 + 59 + 61 * 60 + 1));
    housekeeping(&app).await;
    assert_eq!(published(&app).await.len(), 1, "not before its day");
    app.advance(Duration::from_secs(1));
    ada.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(while_apps_work(&nodes, &mut ada, housekeeping(&app)).await, 2);
}

const APPS: usize = 4;

/// Apps refresh at one node and use what they get at the next, while the keys change and more than an hour
/// goes by; the last token of the old key is good for all of its hour. Gives how many keys signed.
async fn while_apps_work(
    nodes: &[OAuthClient],
    ada: &mut Browser,
    change: impl Future<Output = ()>,
) -> usize {
    let (client, app) = (&nodes[0], &nodes[0].app);
    let turns: Arc<[AtomicUsize; APPS]> = Arc::default();
    let is_over = Arc::new(AtomicBool::new(false));
    let mut apps = Vec::new();
    for number in 0..APPS {
        let code = parameter(&client.sent_to(ada, &[]).await, "code").unwrap();
        let mut tokens = Tokens::of(&client.redeem(&code).await);
        let (nodes, turns, is_over) = (nodes.to_vec(), turns.clone(), is_over.clone());
        apps.push(tokio::spawn(async move {
            let mut signers = BTreeSet::new();
            for node in nodes.iter().cycle() {
                assert!(node.app.is_good(&tokens.access).await, "{tokens:?}");
                signers.insert(key_of(&tokens.access));
                tokens = Tokens::of(&node.refresh(&tokens.refresh).await);
                turns[number].fetch_add(1, Ordering::SeqCst);
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
            }
            signers
        }));
    }
    change.await;
    assert_eq!(published(app).await.len(), 2);
    let done = || turns.each_ref().map(|turns| turns.load(Ordering::SeqCst));
    // The next minute comes when every app has done something in this one, however slow the machine is.
    let minute = async || {
        app.advance(Duration::from_secs(60));
        for node in nodes {
            housekeeping(&node.app).await;
        }
        let (before, begun) = (done(), tokio::time::Instant::now());
        while done().iter().zip(before).any(|(now, before)| *now == before) {
            assert!(begun.elapsed() < Duration::from_secs(60), "an app has stopped");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    for _ in 0..9 {
        minute().await;
    }
    app.advance(Duration::from_secs(59));
    let code = parameter(&client.sent_to(ada, &[]).await, "code").unwrap();
    let last_of_the_old = Tokens::of(&client.redeem(&code).await).access;
    for _ in 0..59 {
        minute().await;
        for node in nodes {
            assert!(node.app.is_good(&last_of_the_old).await);
        }
    }
    for _ in 0..2 {
        minute().await;
    }
    is_over.store(true, Ordering::SeqCst);
    let mut signers = BTreeSet::new();
    for app in apps {
        signers.extend(app.await.unwrap());
    }
    assert!(signers.contains(&key_of(&last_of_the_old)));
    signers.len()
}

/// A node whose housekeeping has not run for longer than a key is published ahead.
async fn a_key_of_another_node_is_looked_for_once_in_a_while(app: App) {
    let mut ada = app.person("ada").await;
    let (client, behind) = (app.client(REDIRECT).await, app.again(|_| {}).await);
    let tokens = client.connect(&mut ada, &[]).await;
    signing_keys::rotate(app.service(), &app.operator()).await.unwrap();
    app.advance(Duration::from_secs(600));
    let tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
    assert_eq!(published(&behind).await.len(), 1);
    assert!(!published(&behind).await.contains(&key_of(&tokens.access)));
    assert!(behind.is_good(&tokens.access).await);
    assert_eq!(published(&behind).await, published(&app).await);
    // A key that nobody has is looked for once in ten seconds.
    let (_, rest) = tokens.access.split_once('.').unwrap();
    let made_up = |kid: &str| {
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid });
        format!("{}.{rest}", encode(header.to_string()))
    };
    for (wait, looks) in [(0, 0), (10, 1), (0, 0), (9, 0), (1, 1)] {
        app.advance(Duration::from_secs(wait));
        let before = behind.service().statements_executed();
        assert!(!behind.is_good(&made_up("nobody")).await);
        assert_eq!(behind.service().statements_executed() - before, looks, "after {wait}");
    }
}

async fn a_rotation_that_is_asked_for_twice_is_one(app: App) {
    let operator = app.operator();
    let many = at_once(8, |_| {
        let (app, operator) = (app.clone(), app.operator());
        async move { signing_keys::rotate(app.service(), &operator).await.unwrap() }
    });
    for keys in many.await {
        assert_eq!(keys.len(), 2);
    }
    let listed = signing_keys::list(app.service(), &operator).await.unwrap();
    assert_eq!(listed.iter().map(|key| key.id.clone()).collect::<Vec<_>>(), published(&app).await);
    let records = bloom_service::audit::list_for(app.service(), &operator, None, 10).await.unwrap();
    let rotated = records.iter().filter(|one| one.record.event.action == "signing_key.rotated");
    assert_eq!(rotated.count(), 1);
}

/// The operator rotated the root secret and then dropped the old one, with which the key was sealed.
async fn a_root_secret_that_is_gone_takes_no_good_token_along(app: App) {
    let mut ada = app.person("ada").await;
    let token = app.client(REDIRECT).await.connect(&mut ada, &[]).await.access;
    app.advance(Duration::from_secs(1));
    let next = RootSecret::new([77; 32]);
    let rotated = app.options().secrets.rotated(next.clone());
    let operator = app.operator();
    assert!(bloom_service::root_secret::rotate(app.service(), &operator, &rotated).await.is_ok());
    let only_the_new = RootSecrets { current: next, previous: Vec::new() };
    let app = app.again(|options| options.secrets = only_the_new.clone()).await;
    assert_eq!(app.get_as("/api/v1/account", &token).await.status, 200);
    assert_eq!(published(&app).await.len(), 2, "one verifies, one signs");
    let mut eve = app.person("eve").await;
    let fresh = app.client("https://other.example/cb").await.connect(&mut eve, &[]).await.access;
    assert_ne!(key_of(&fresh), key_of(&token));
    assert_eq!(app.get_as("/api/v1/account", &fresh).await.status, 200);
}

async fn the_published_keys_are_public(app: App) {
    let answer = app.get(JWKS, &[]).await;
    assert_eq!(answer.header("cache-control"), "max-age=300");
    let key = answer.json()["keys"][0].clone();
    let mut members: Vec<_> = key.as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(app.request("HEAD", JWKS, &[]).await.status, 200);
}

async fn the_metadata_is_one_document_at_five_urls(app: App) {
    let mut documents = Vec::new();
    for url in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/api/auth",
        "/.well-known/openid-configuration/api/auth",
        "/api/auth/.well-known/oauth-authorization-server",
        "/api/auth/.well-known/openid-configuration",
    ] {
        let answer = app.get(url, &[("host", "evil.example")]).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, "max-age=300"), "{url}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(app.request("HEAD", url, &[]).await.status, 200);
        documents.push(answer.json());
    }
    let document = documents.pop().unwrap();
    assert!(documents.iter().all(|other| *other == document));
    assert!(document.as_object().unwrap().values().all(|value| !value.is_null()));
    assert_eq!(document["issuer"], "http://localhost:4600/api/auth");
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    // Every endpoint that is named answers, and none with a page or a redirect, but for the one that
    // takes a person's browser by POST, too.
    for (name, value) in document.as_object().unwrap() {
        let is_for_clients = name.ends_with("_endpoint") && name != "end_session_endpoint";
        let Some(url) = value.as_str().filter(|_| is_for_clients) else { continue };
        let path = url.strip_prefix("http://localhost:4600").unwrap();
        let answer = app.post_form(path, &[]).await;
        assert!((400..500).contains(&answer.status), "{name}: {answer:?}");
    }
    let resource = app.get("/.well-known/oauth-protected-resource/api/mcp", &[]).await.json();
    assert_eq!(resource["authorization_servers"], json!([document["issuer"]]));
}

async fn nodes_that_start_at_once_agree_on_the_first_key(app: App) {
    let mut ada = app.person("ada").await;
    app.database().run("DELETE FROM signing_keys");
    let nodes = at_once(8, |_| {
        let app = app.clone();
        async move { app.again(|_| {}).await }
    })
    .await;
    assert_eq!(app.rows("signing_keys").len(), 1);
    let client = nodes[0].client(REDIRECT).await;
    let token = client.connect(&mut ada.before(&nodes[0]), &[]).await.access;
    for node in &nodes {
        assert_eq!(published(node).await, [key_of(&token)]);
        assert!(node.is_good(&token).await);
    }
    ada.get("/settings").await.assert_page(200, "Settings");
}

async fn a_key_lies_sealed_and_is_named_after_its_public_half(app: App) {
    let jwk = app.jwks().await[0].clone();
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":{}}}"#, jwk["x"]);
    let thumbprint = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, members.as_bytes());
    assert_eq!(jwk["kid"], encode(thumbprint));
    let seed = app.signing_key(0).await.seed;
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    let mut stored = app.database().dump().to_lowercase();
    assert!(stored.contains(&hex(&decode(jwk["x"].as_str().unwrap()))), "the key is in the dump");
    if let Some(folder) = app.database().folder() {
        for file in std::fs::read_dir(folder).unwrap() {
            stored.push_str(&hex(&std::fs::read(file.unwrap().path()).unwrap()));
        }
    }
    assert!(!stored.contains(&hex(&seed)));
    assert!(!stored.contains(&encode(seed).to_lowercase()));
}

async fn a_root_secret_that_was_replaced_still_opens_the_keys(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    let before = published(&app).await;
    app.advance(Duration::from_secs(1));
    let rotated = app.options().secrets.rotated(RootSecret::new([77; 32]));
    let restarted = app.again(|options| options.secrets = rotated).await;
    assert_eq!(published(&restarted).await, before);
    assert!(restarted.is_good(&tokens.access).await);
    let client = restarted.client(REDIRECT).await;
    assert_eq!(key_of(&Tokens::of(&client.refresh(&tokens.refresh).await).access), before[0]);
}

async fn an_id_token_says_what_was_granted(app: App) {
    let mut ada = app.browser();
    let fields = [("name", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD)];
    ada.post("/sign-up", &fields).await.assert_redirect("/settings#api-keys");
    let signed_in = app.service().now().unix_micros() / 1_000_000;
    app.advance(Duration::from_secs(30));
    for (index, (scope, name, email)) in [
        ("openid", None, None),
        ("openid profile", Some("Ada"), None),
        ("openid email", None, Some("ada@example.com")),
        ("openid profile email", Some("Ada"), Some("ada@example.com")),
    ]
    .into_iter()
    .enumerate()
    {
        let client = app.client(&format!("https://app{index}.example/cb")).await;
        let tokens = client.connect(&mut ada, &[("scope", scope), ("nonce", "n-1")]).await;
        let refreshed = Tokens::of(&client.refresh(&tokens.refresh).await);
        for (tokens, nonce) in [(refreshed, None), (tokens, Some("n-1"))] {
            let token = tokens.body["id_token"].as_str().unwrap();
            assert!(app.verifies(token, "JWT").await && !app.verifies(token, "at+jwt").await);
            assert!(app.verifies(&tokens.access, "at+jwt").await);
            let said = claims(token);
            assert_eq!(said["name"].as_str(), name, "{scope}");
            assert_eq!(said["email"].as_str(), email, "{scope}");
            assert!(said.as_object().unwrap().values().all(|value| !value.is_null()), "{said}");
            assert_eq!(said["iss"], "http://localhost:4600/api/auth");
            assert_eq!((&said["aud"], said["nonce"].as_str()), (&json!(client.id), nonce));
            assert_eq!(said["auth_time"], signed_in, "the sign-in, not the consent");
            assert_eq!(said["exp"].as_i64(), said["iat"].as_i64().map(|at| at + 3_600));
        }
    }
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[("scope", "profile email")]).await;
    assert!(tokens.body.get("id_token").is_none());
}
