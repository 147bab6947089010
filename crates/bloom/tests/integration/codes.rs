//! Authorization codes: good once, for a minute, for who can prove that they are theirs.

use std::time::Duration;

use bloom_service::clients;

use crate::support::oauth::{REDIRECT, TOKEN, Tokens, VERIFIER, parameter};
use crate::support::{Answer, App, at_once, on_both};

on_both!(
    of_fifty_parallel_redemptions_one_succeeds,
    a_code_ends_after_a_minute,
    a_code_needs_its_client_its_redirect_and_its_verifier,
    five_wrong_verifiers_spend_a_code,
    a_mistake_before_the_code_costs_nothing,
    a_second_redemption_ends_the_grant_only_when_it_proves_whose_it_is,
    what_happens_between_the_legs_counts,
    a_made_up_code_costs_no_look_at_the_grants,
    errors_are_those_of_the_protocol,
);

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (status, &code.into()), "{answer:?}");
    assert!(answer.json()["error_description"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

async fn of_fifty_parallel_redemptions_one_succeeds(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    // Several times, since a race that can be lost is not lost each time.
    for _ in 0..5 {
        let sent = ada.get(&client.authorize_url(&[])).await;
        let code = parameter(sent.header("location"), "code").unwrap();
        let answers = at_once(50, |_| {
            let (client, code) = (client.clone(), code.clone());
            async move { client.redeem(&code).await }
        })
        .await;
        let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((good.len(), bad.len()), (1, 49));
        bad.into_iter().for_each(|answer| refused(answer, 400, "invalid_grant"));
        let tokens = Tokens::of(good[0]);
        assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.status, 200);
        Tokens::of(&client.refresh(&tokens.refresh).await);
    }
}

async fn a_code_ends_after_a_minute(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    app.advance(Duration::from_secs(60));
    refused(&client.redeem(&code).await, 400, "invalid_grant");
}

async fn a_code_needs_its_client_its_redirect_and_its_verifier(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let other = app.client("https://other.example/cb").await;
    let code = client.code(&mut ada, &[]).await;
    let verifier = "x".repeat(43);
    for changed in [
        ("client_id", other.id.as_str()),
        ("redirect_uri", "https://app.example/oauth/callback/"),
        ("redirect_uri", "https://app.example/oauth/../oauth/callback"),
        ("code_verifier", &verifier),
    ] {
        refused(&client.redeem_with(&code, &[changed]).await, 400, "invalid_grant");
    }
    refused(&other.redeem(&code).await, 400, "invalid_grant");
    Tokens::of(&client.redeem(&code).await);
}

async fn five_wrong_verifiers_spend_a_code(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let verifier = "x".repeat(43);
    let code = client.code(&mut ada, &[]).await;
    for _ in 0..5 {
        let answer = client.redeem_with(&code, &[("code_verifier", &verifier)]).await;
        refused(&answer, 400, "invalid_grant");
    }
    refused(&client.redeem(&code).await, 400, "invalid_grant");
}

async fn a_mistake_before_the_code_costs_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    let before = app.database().dump();
    let long = "x".repeat(129);
    for (changed, status, error) in [
        (("resource", "https://elsewhere.example"), 400, "invalid_target"),
        (("client_secret", "s"), 401, "invalid_client"),
        (("client_id", "nobody"), 401, "invalid_client"),
        (("code_verifier", ""), 400, "invalid_request"),
        (("code_verifier", "short"), 400, "invalid_request"),
        (("code_verifier", &long), 400, "invalid_request"),
        (("redirect_uri", ""), 400, "invalid_request"),
        (("code", ""), 400, "invalid_request"),
        (("client_id", ""), 400, "invalid_request"),
        (("grant_type", ""), 400, "invalid_request"),
        (("grant_type", "password"), 400, "unsupported_grant_type"),
    ] {
        refused(&client.redeem_with(&code, &[changed]).await, status, error);
    }
    assert_eq!(app.database().dump(), before);
    for resource in ["", "/", "/api/v1", "/api/mcp"] {
        let resource = format!("http://localhost:4600{resource}");
        let again = ada.get(&client.authorize_url(&[("resource", &resource)])).await;
        let code = parameter(again.header("location"), "code").unwrap();
        Tokens::of(&client.redeem_with(&code, &[("resource", &resource)]).await);
    }
}

async fn a_second_redemption_ends_the_grant_only_when_it_proves_whose_it_is(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let other = app.client("https://other.example/cb").await;
    let code = client.code(&mut ada, &[]).await;
    let tokens = Tokens::of(&client.redeem(&code).await);
    refused(&client.redeem(&code).await, 400, "invalid_grant");
    app.advance(Duration::from_secs(11));
    let verifier = "x".repeat(43);
    refused(
        &client.redeem_with(&code, &[("code_verifier", &verifier)]).await,
        400,
        "invalid_grant",
    );
    refused(&other.redeem(&code).await, 400, "invalid_grant");
    let account = app.get_as("/api/v1/account", &tokens.access).await;
    assert_eq!(account.status, 200, "a double submit logs nobody out, a seen code proves nothing");
    refused(&client.redeem(&code).await, 400, "invalid_grant");
    assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.error(), "401 UNAUTHORIZED");
    refused(&client.refresh(&tokens.refresh).await, 400, "invalid_grant");
}

async fn what_happens_between_the_legs_counts(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    app.ban("ada@example.com").await;
    refused(&client.redeem(&code).await, 400, "invalid_grant");
    app.unban("ada@example.com").await;
    let (operator, id) = (app.operator(), client.id.parse().unwrap());
    clients::disable(app.service(), &operator, id).await.unwrap();
    refused(&client.redeem(&code).await, 400, "invalid_grant");
    clients::enable(app.service(), &operator, id).await.unwrap();
    let tokens = Tokens::of(&client.redeem(&code).await);
    assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.status, 200);
    clients::disable(app.service(), &operator, id).await.unwrap();
    assert_eq!(app.get_as("/api/v1/account", &tokens.access).await.error(), "401 UNAUTHORIZED");
}

async fn a_made_up_code_costs_no_look_at_the_grants(app: App) {
    let client = app.client(REDIRECT).await;
    let before = app.service().statements_executed();
    for code in ["x", &"A".repeat(43), "%00", "é"] {
        client.redeem(code).await;
    }
    // One look each, for whether the client itself is known; a NUL is refused before that.
    assert!(app.service().statements_executed() - before <= 4);
}

async fn errors_are_those_of_the_protocol(app: App) {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let big = vec![b'a'; 65 * 1024];
    refused(&app.post_bytes(TOKEN, big, &[form]).await, 413, "invalid_request");
    let body = format!("grant_type=refresh_token&client_id=c&refresh_token=t&x={VERIFIER}");
    let send = |headers: Vec<(&'static str, &'static str)>, body: String| {
        let app = app.clone();
        async move { app.post_bytes(TOKEN, body.into_bytes(), &headers).await }
    };
    let json = vec![("content-type", "application/json")];
    refused(&send(json, body.clone()).await, 400, "invalid_request");
    let twice = vec![form, ("authorization", "Basic YTo="), ("authorization", "Basic YTo=")];
    refused(&send(twice, body.clone()).await, 400, "invalid_request");
    let bearer = vec![form, ("authorization", "Bearer abc")];
    refused(&send(bearer, body.clone()).await, 401, "invalid_client");
    refused(&send(vec![form], format!("{body}&client_id=d")).await, 400, "invalid_request");
    refused(&send(vec![form], format!("{body}&y=%ff")).await, 400, "invalid_request");
    refused(&app.request("GET", TOKEN, &[]).await, 405, "invalid_request");
}
