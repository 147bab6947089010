//! Narrowed keys: what a key is narrowed to is enforced, whatever is asked with it.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bloom_domain::access::{Access, BloomScope};
use bloom_domain::api_keys::{KeyName, Narrowing, parse_scopes};
use bloom_domain::email::Email;
use bloom_domain::ids::WorkspaceId;
use bloom_domain::networks::Addresses;
use bloom_domain::workspaces::Reach;
use bloom_service::Error;
use bloom_service::api_keys::{self, KeyTerms, NewApiKey, WhichKey};
use serde_json::json;

use crate::support::{Answer, App, Operation, START, on_both, operations as described};
use crate::teams::{invite, join, member_id, team};

on_both!(
    a_key_does_what_its_scopes_say_and_nothing_else,
    a_tool_does_what_the_scopes_say_and_nothing_else,
    managing_keys_is_part_of_no_plain_key,
    a_key_works_from_its_addresses_only,
    the_address_is_the_one_that_a_trusted_proxy_tells,
    a_request_from_elsewhere_takes_no_room_and_is_no_use,
    a_key_ends_when_it_was_said,
    a_key_reaches_its_workspaces_only,
    whoever_leaves_a_workspace_leaves_it_with_every_key,
    what_makes_no_sense_makes_no_key,
    a_change_holds_with_the_next_request,
    keys_that_have_ended_do_not_count,
    a_narrowed_key_costs_no_statement_when_it_is_warm,
);

fn ada() -> Email {
    Email::parse("ada@example.com").unwrap()
}

async fn create(app: &App, narrowing: Narrowing) -> Result<NewApiKey, Error> {
    let terms = KeyTerms { name: KeyName::parse("narrow").unwrap(), narrowing };
    api_keys::create_for(app.service(), &app.operator(), &ada(), terms).await
}

async fn key(app: &App, narrowing: Narrowing) -> String {
    create(app, narrowing).await.unwrap().secret.expose().to_owned()
}

async fn narrow(app: &App, new: &NewApiKey, narrowing: Narrowing) -> Result<(), Error> {
    let which = WhichKey::Id(new.key.id);
    api_keys::narrow_for(app.service(), &app.operator(), &ada(), which, narrowing).await.map(drop)
}

fn scopes(tokens: &[&str]) -> Narrowing {
    Narrowing { access: parse_scopes(tokens.iter().copied()).unwrap(), ..Narrowing::default() }
}

fn from(networks: &[&str]) -> Narrowing {
    let addresses = Addresses::parse(networks.iter().copied()).unwrap();
    Narrowing { addresses, ..Narrowing::default() }
}

fn reaching(workspaces: &[&str]) -> Narrowing {
    let ids = workspaces.iter().map(|id| id.parse().unwrap()).collect();
    Narrowing { reach: Reach::Only(ids), ..Narrowing::default() }
}

fn until(seconds: u64) -> Narrowing {
    let end = START.plus(Duration::from_secs(seconds));
    Narrowing { expires_at: Some(end), ..Narrowing::default() }
}

/// Every set of scopes, with every operation.
async fn a_key_does_what_its_scopes_say_and_nothing_else(app: App) {
    app.person("ada").await;
    for bits in 1u8..16 {
        let named: Vec<_> = BloomScope::ALL
            .into_iter()
            .enumerate()
            .filter(|(index, _)| bits & (1 << index) != 0)
            .map(|(_, scope)| scope)
            .collect();
        let tokens: Vec<_> = named.iter().map(|scope| scope.as_str()).collect();
        let secret = key(&app, scopes(&tokens)).await;
        for operation in described().into_iter().filter(Operation::takes_a_credential) {
            let Some(needed) = operation.scope else { continue };
            let answer = operation.call(&app, &[("x-api-key", &secret)]).await;
            let challenge = answer.header("www-authenticate");
            if named.contains(&needed) {
                // It is done, or refused for another reason: nothing has the id that is asked for.
                assert_eq!(challenge, "", "{tokens:?} {operation:?}: {answer:?}");
                continue;
            }
            assert_eq!(answer.error(), "403 FORBIDDEN", "{tokens:?} {operation:?}");
            let scope = format!("error=\"insufficient_scope\", scope=\"{}\"", needed.as_str());
            assert!(challenge.contains(&scope), "{challenge}");
            assert!(answer.text().contains(needed.as_str()), "{answer:?}");
        }
    }
}

async fn call(app: &App, secret: &str, tool: &str) -> Answer {
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": tool, "arguments": {} },
    });
    let headers = [
        ("x-api-key", secret),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("host", app.host()),
    ];
    app.post_bytes("/api/mcp", call.to_string().into_bytes(), &headers).await
}

async fn a_tool_does_what_the_scopes_say_and_nothing_else(app: App) {
    app.person("ada").await;
    let (reads, writes) = (key(&app, scopes(&["read"])).await, key(&app, scopes(&["write"])).await);
    for tool in ["bloom_whoami", "bloom_check_credits"] {
        let answer = call(&app, &reads, tool).await.json();
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        let answer = call(&app, &writes, tool).await.json();
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("scope read"));
    }
}

async fn managing_keys_is_part_of_no_plain_key(app: App) {
    app.person("ada").await;
    assert!(!Access::All.allows(BloomScope::KeysAdmin));
    let new = create(&app, scopes(&["read", "generate", "write", "keys:admin"])).await.unwrap();
    assert!(new.key.narrowing.access.allows(BloomScope::KeysAdmin), "it can be chosen");
    let new = create(&app, Narrowing::default()).await.unwrap();
    assert!(!new.key.narrowing.access.allows(BloomScope::KeysAdmin));
}

async fn a_key_works_from_its_addresses_only(app: App) {
    app.person("ada").await;
    // Requests of the tests come from 192.0.2.7.
    for (networks, works) in [
        (&["192.0.2.7"][..], true),
        (&["192.0.2.0/24"], true),
        (&["203.0.113.0/24", "192.0.2.4/30"], true),
        (&["192.0.2.8"], false),
        (&["203.0.113.0/24", "::/0"], false),
    ] {
        let lasting = key(&app, from(networks)).await;
        for operation in described().into_iter().filter(Operation::takes_a_credential) {
            for scheme in ["", "Bearer "] {
                // One that may end the key itself gets one of its own.
                let secret = match operation.scope {
                    Some(_) => lasting.clone(),
                    None => key(&app, from(networks)).await,
                };
                let secret = format!("{scheme}{secret}");
                let name = if scheme.is_empty() { "x-api-key" } else { "authorization" };
                let answer = operation.call(&app, &[(name, &secret)]).await;
                let is_told = answer.text().contains("may not be used from 192.0.2.7");
                assert_eq!(is_told, !works, "{networks:?} {answer:?}");
                if works {
                    let is_refused = matches!(answer.status, 401 | 403);
                    assert_eq!(
                        is_refused,
                        !operation.is_for_everybody(),
                        "{networks:?} {answer:?}"
                    );
                } else {
                    assert_eq!(answer.error(), "403 FORBIDDEN");
                    // Another credential would not help.
                    assert_eq!(answer.header("www-authenticate"), "");
                }
            }
        }
        let secret = key(&app, from(networks)).await;
        let answer = call(&app, &secret, "bloom_whoami").await;
        assert_eq!(answer.status, if works { 200 } else { 403 }, "{networks:?} {answer:?}");
    }
}

async fn the_address_is_the_one_that_a_trusted_proxy_tells(app: App) {
    app.person("ada").await;
    let secret = key(&app, from(&["198.51.100.0/24"])).await;
    let behind_one = app.again(|options| options.trusted_proxies = 1).await;
    let said = [("x-api-key", secret.as_str()), ("x-forwarded-for", "198.51.100.4")];
    assert_eq!(app.get("/api/v1/account", &said).await.status, 403, "nobody vouches for it");
    assert_eq!(behind_one.get("/api/v1/account", &said).await.status, 200);
    // What the caller wrote in front is never believed, and what cannot be told is nowhere.
    for forwarded in ["198.51.100.4, 203.0.113.9", "junk", ""] {
        let said = [("x-api-key", secret.as_str()), ("x-forwarded-for", forwarded)];
        let answer = behind_one.get("/api/v1/account", &said).await;
        assert_eq!(answer.error(), "403 FORBIDDEN", "{forwarded}");
    }
    let answer = behind_one.get("/api/v1/account", &said[..1]).await;
    assert!(answer.text().contains("an address that this server cannot tell"), "{answer:?}");
    // Warm for one address is not warm for another.
    assert_eq!(behind_one.get("/api/v1/account", &said).await.status, 200);
    // In version 6 it is the same address.
    let mapped = [("x-api-key", secret.as_str()), ("x-forwarded-for", "::ffff:198.51.100.4")];
    assert_eq!(behind_one.get("/api/v1/account", &mapped).await.status, 200);
}

async fn a_request_from_elsewhere_takes_no_room_and_is_no_use(app: App) {
    app.person("ada").await;
    let new = create(&app, from(&["203.0.113.0/24"])).await.unwrap();
    let secret = new.secret.expose().to_owned();
    for _ in 0..130 {
        let answer = app.account(&secret).await;
        assert_eq!(answer.error(), "403 FORBIDDEN");
        assert_eq!(answer.header("x-ratelimit-remaining"), "");
    }
    let key = api_keys::list_for(app.service(), &app.operator(), &ada()).await.unwrap().remove(0);
    assert_eq!(key.last_use, None);
    narrow(&app, &new, Narrowing::default()).await.unwrap();
    assert_eq!(app.account(&secret).await.header("x-ratelimit-remaining"), "119");
}

async fn a_key_ends_when_it_was_said(app: App) {
    app.person("ada").await;
    let secret = key(&app, until(60)).await;
    app.advance(Duration::from_secs(59));
    assert_eq!(app.account(&secret).await.status, 200);
    app.advance(Duration::from_secs(1));
    // Warm or not: the end is compared on every request.
    for app in [&app, &app.again(|_| {}).await] {
        for operation in described().into_iter().filter(Operation::takes_a_credential) {
            let answer = operation.call(app, &[("x-api-key", &secret)]).await;
            assert_eq!(answer.error(), "401 UNAUTHORIZED");
            assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
            assert!(answer.text().contains("The API key has expired. Make a key at"), "{answer:?}");
        }
    }
    // A clock that is set back does not matter more than it must: the key is good again until then.
    app.set_back(Duration::from_secs(1));
    assert_eq!(app.account(&secret).await.status, 200);
}

async fn a_key_reaches_its_workspaces_only(app: App) {
    let mut ada = app.person("ada").await;
    let (one, other) = (team(&mut ada, "One").await, team(&mut ada, "Other").await);
    let secret = key(&app, reaching(&[&one])).await;
    let headers = [("x-api-key", secret.as_str())];
    let listed = app.get("/api/v1/workspaces", &headers).await.json();
    let ids: Vec<_> = listed["data"]["workspaces"].as_array().unwrap().iter().collect();
    assert_eq!(ids.len(), 1, "{listed}");
    assert_eq!(ids[0]["id"], one.as_str());
    let credits = async |query: &str| app.get(&format!("/api/v1/credits{query}"), &headers).await;
    assert_eq!(credits(&format!("?workspaceId={one}")).await.status, 200);
    for query in [format!("?workspaceId={other}"), String::new()] {
        assert_eq!(credits(&query).await.error(), "404 WORKSPACE_NOT_FOUND", "{query}");
    }
}

async fn whoever_leaves_a_workspace_leaves_it_with_every_key(app: App) {
    let mut bob = app.person("bob").await;
    let id = team(&mut bob, "Engines").await;
    let mut ada_browser = app.person("ada").await;
    let foreign = create(&app, reaching(&[&id])).await;
    assert_eq!(foreign.err(), Some(Error::WorkspaceNotFound));
    invite(&mut bob, &id, "ada@example.com", "member").await;
    let not_yet = create(&app, reaching(&[&id])).await;
    assert_eq!(not_yet.err(), Some(Error::WorkspaceNotFound));
    join(&mut bob, &id, &mut ada_browser, "member").await;
    let secret = key(&app, reaching(&[&id])).await;
    let path = format!("/api/v1/credits?workspaceId={id}");
    assert_eq!(app.get(&path, &[("x-api-key", &secret)]).await.status, 200);
    let member = member_id(&mut bob, &id, "ada@example.com").await;
    let remove = format!("/settings/workspaces/{id}/members/{member}/remove");
    assert_eq!(bob.post(&remove, &[]).await.status, 303);
    let answer = app.get(&path, &[("x-api-key", &secret)]).await;
    assert_eq!(answer.error(), "404 WORKSPACE_NOT_FOUND");
    let listed = app.get("/api/v1/workspaces", &[("x-api-key", &secret)]).await.json();
    assert_eq!(listed["data"]["workspaces"], json!([]));
    assert_eq!(app.account(&secret).await.status, 200, "the key itself is good");
}

async fn what_makes_no_sense_makes_no_key(app: App) {
    app.person("ada").await;
    let new = create(&app, Narrowing::default()).await.unwrap();
    let before = app.database().dump();
    let nowhere = WorkspaceId::from_bytes([9; 16]).to_string();
    let nothing = |change: fn(&mut Narrowing)| {
        let mut narrowing = Narrowing::default();
        change(&mut narrowing);
        narrowing
    };
    for (narrowing, error) in [
        (reaching(&[&nowhere]), Error::WorkspaceNotFound),
        (until(0), Error::ExpiryPast),
        (nothing(|n| n.access = Access::Named([].into_iter().collect())), Error::NarrowedToNothing),
        (nothing(|n| n.reach = Reach::Only(Vec::new())), Error::NarrowedToNothing),
        (nothing(|n| n.addresses = Addresses::Only(Vec::new())), Error::NarrowedToNothing),
    ] {
        assert_eq!(create(&app, narrowing.clone()).await.err(), Some(error.clone()));
        assert_eq!(narrow(&app, &new, narrowing).await.err(), Some(error));
    }
    assert_eq!(app.database().dump(), before);
}

async fn a_change_holds_with_the_next_request(app: App) {
    let mut ada = app.person("ada").await;
    let new = create(&app, Narrowing::default()).await.unwrap();
    let secret = new.secret.expose().to_owned();
    assert_eq!(app.account(&secret).await.status, 200);
    for (narrowing, status) in [
        (scopes(&["write"]), 403),
        (Narrowing::default(), 200),
        (from(&["203.0.113.1"]), 403),
        (scopes(&["read"]), 200),
        (until(60), 200),
    ] {
        narrow(&app, &new, narrowing).await.unwrap();
        assert_eq!(app.account(&secret).await.status, status);
    }
    let before = app.database().dump();
    narrow(&app, &new, until(60)).await.unwrap();
    assert_eq!(app.database().dump(), before, "the same again is no news");
    ada.revoke_key(&crate::support::Key { id: new.key.id.to_string(), secret }).await;
    assert_eq!(narrow(&app, &new, Narrowing::default()).await.err(), Some(Error::ApiKeyRevoked));
}

async fn keys_that_have_ended_do_not_count(app: App) {
    app.person("ada").await;
    for _ in 0..100 {
        create(&app, until(60)).await.unwrap();
    }
    assert_eq!(create(&app, until(60)).await.err(), Some(Error::TooManyApiKeys));
    app.advance(Duration::from_secs(59));
    assert_eq!(create(&app, until(120)).await.err(), Some(Error::TooManyApiKeys));
    app.advance(Duration::from_secs(1));
    let secret = key(&app, until(120)).await;
    assert_eq!(app.account(&secret).await.status, 200);
}

async fn a_narrowed_key_costs_no_statement_when_it_is_warm(app: App) {
    let mut browser = app.person("ada").await;
    let id = team(&mut browser, "One").await;
    let narrowing = Narrowing {
        reach: reaching(&[&id]).reach,
        addresses: from(&["192.0.2.0/24"]).addresses,
        expires_at: until(60).expires_at,
        ..scopes(&["read"])
    };
    let secret = key(&app, narrowing).await;
    assert_eq!(app.account(&secret).await.status, 200);
    let before = app.service().statements_executed();
    for _ in 0..20 {
        let request = Request::get("/api/v1/account").header("x-api-key", &secret);
        assert_eq!(app.send(request.body(Body::empty()).unwrap()).await.status, 200);
    }
    assert_eq!(app.service().statements_executed(), before);
}
