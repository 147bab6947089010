//! Authorization codes: good once, for a minute, for who can prove that they are theirs.

use std::time::Duration;

use base64::Engine;
use bloom_service::clients;
use serde_json::json;

use crate::support::oauth::{
    INTROSPECT, REDIRECT, REVOKE, TOKEN, Tokens, VERIFIER, claims, parameter,
};
use crate::support::signing::encode;
use crate::support::{Answer, App, at_once, on_both, urlencoded};

on_both!(
    of_fifty_parallel_redemptions_one_succeeds,
    a_code_ends_after_a_minute,
    what_was_never_redeemed_leaves_at_once,
    a_code_needs_its_client_its_redirect_and_its_verifier,
    five_wrong_verifiers_spend_a_code,
    a_mistake_before_the_code_costs_nothing,
    a_second_redemption_ends_the_grant_only_when_it_proves_whose_it_is,
    what_happens_between_the_legs_counts,
    a_made_up_code_costs_no_look_at_the_grants,
    errors_are_those_of_the_protocol,
    the_answer_is_that_of_the_protocol,
    an_access_token_has_the_claims_of_its_profile,
    a_client_that_did_not_register_for_it_gets_no_refresh_token,
    a_public_client_may_name_itself_but_not_prove_itself,
    a_revoked_connection_takes_its_codes_along,
    wrong_verifiers_are_counted_whoever_comes_first,
    another_grants_verifier_does_not_redeem_a_code,
);

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (status, &code.into()), "{answer:?}");
    assert!(answer.json()["error_description"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.contains("invalid_client"), status == 401, "{answer:?}");
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

/// Codes are cheap to get where consent is remembered, and must not fill the disk.
async fn what_was_never_redeemed_leaves_at_once(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let kept = client.connect(&mut ada, &[]).await;
    for _ in 0..1_200 {
        assert_eq!(ada.get(&client.authorize_url(&[])).await.status, 303);
    }
    app.advance(Duration::from_secs(60));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    assert_eq!(app.rows("grants").len(), 1, "more than one stretch of the sweep");
    Tokens::of(&client.refresh(&kept.refresh).await);
    app.advance(Duration::from_secs(37 * 86_400));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    assert_eq!(app.rows("grants").len(), 0);
}

async fn a_code_ends_after_a_minute(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    app.advance(Duration::from_secs(60));
    refused(&client.redeem(&code).await, 400, "invalid_grant");
    let sent = ada.get(&client.authorize_url(&[])).await;
    let code = parameter(sent.header("location"), "code").unwrap();
    app.advance(Duration::from_secs(59));
    Tokens::of(&client.redeem(&code).await);
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
    let again = ada.get(&client.authorize_url(&[("resource", "")])).await;
    let code = parameter(again.header("location"), "code").unwrap();
    Tokens::of(&client.redeem_with(&code, &[("resource", "")]).await);
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
    refused(&client.redeem(&code).await, 400, "unauthorized_client");
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
    // Two looks each, for whether the client itself is known and whether this node knows the root secret;
    // a NUL is refused before that.
    assert!(app.service().statements_executed() - before <= 8);
}

async fn errors_are_those_of_the_protocol(app: App) {
    let form = ("content-type", "application/x-www-form-urlencoded");
    for big in [65 * 1024, 1024 * 1024] {
        let answer = app.post_bytes(TOKEN, vec![b'a'; big], &[form]).await;
        refused(&answer, 413, "invalid_request");
    }
    let answer = app.post_bytes(TOKEN, b"code=\xff\xfe".to_vec(), &[form]).await;
    refused(&answer, 400, "invalid_request");
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
    for twice in ["client_id=d", "x=y", "unknown=1&unknown=1", "unknown&unknown="] {
        refused(&send(vec![form], format!("{body}&{twice}")).await, 400, "invalid_request");
        for path in [REVOKE, INTROSPECT] {
            let body = format!("client_id=c&x=y&token=t&{twice}");
            let answer = app.post_bytes(path, body.into_bytes(), &[form]).await;
            refused(&answer, 400, "invalid_request");
        }
    }
    refused(&send(vec![form], format!("{body}&y=%ff")).await, 400, "invalid_request");
    refused(&app.request("GET", TOKEN, &[]).await, 405, "invalid_request");
}

async fn the_answer_is_that_of_the_protocol(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[("scope", "read openid")]).await;
    let answer = client.redeem(&code).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let body = Tokens::of(&answer).body;
    let mut members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "access_token",
            "expires_at",
            "expires_in",
            "id_token",
            "refresh_token",
            "scope",
            "token_type"
        ]
    );
    assert!(body.as_object().unwrap().values().all(|value| !value.is_null()), "{body}");
    assert_eq!((&body["token_type"], &body["scope"]), (&"Bearer".into(), &"openid read".into()));
    let now = app.service().now().unix_micros() / 1_000_000;
    assert_eq!(
        (body["expires_in"].as_i64(), body["expires_at"].as_i64()),
        (Some(3_600), Some(now + 3_600))
    );
    // Verifiers as real clients make them.
    for verifier in ["~".repeat(43), ".-_~".repeat(32)] {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        let challenge = encode(hash);
        let asked = [("code_challenge", challenge.as_str()), ("scope", "read openid")];
        let sent = ada.get(&client.authorize_url(&asked)).await;
        let code = parameter(sent.header("location"), "code").unwrap();
        Tokens::of(&client.redeem_with(&code, &[("code_verifier", &verifier)]).await);
    }
}

/// RFC 9068 §2.1, §2.2: these members and no others; each token has a `jti` of its own.
async fn an_access_token_has_the_claims_of_its_profile(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[("scope", "read openid")]).await;
    let header = tokens.access.split('.').next().expect("a header").to_owned();
    let header = claims(&format!(".{header}."));
    let members = |of: &serde_json::Value| -> Vec<String> {
        let members: std::collections::BTreeSet<_> =
            of.as_object().unwrap().keys().cloned().collect();
        members.into_iter().collect()
    };
    assert_eq!(members(&header), ["alg", "kid", "typ"]);
    assert_eq!((&header["typ"], &header["alg"]), (&"at+jwt".into(), &"EdDSA".into()));
    let said = claims(&tokens.access);
    let names =
        ["access", "aud", "azp", "client_id", "exp", "iat", "iss", "jti", "scope", "sid", "sub"];
    assert_eq!(members(&said), names);
    let origin = app.options().public_url;
    assert_eq!(said["aud"], json!([format!("{origin}/api/v1"), format!("{origin}/api/mcp")]));
    assert_eq!(said["iss"], format!("{origin}/api/auth"));
    assert_eq!(
        (&said["client_id"], &said["azp"]),
        (&client.id.as_str().into(), &client.id.as_str().into())
    );
    assert_eq!((&said["scope"], &said["access"]), (&"openid read".into(), &"read".into()));
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 3_600);
    let next = Tokens::of(&client.refresh(&tokens.refresh).await);
    let next = claims(&next.access);
    assert_eq!((&next["sub"], &next["sid"]), (&said["sub"], &said["sid"]));
    assert_ne!(next["jti"], said["jti"]);
}

async fn a_client_that_did_not_register_for_it_gets_no_refresh_token(app: App) {
    let mut ada = app.person("ada").await;
    let metadata = json!({ "redirect_uris": [REDIRECT], "grant_types": ["authorization_code"] });
    let client = app.client_with(metadata).await;
    let tokens = client.connect(&mut ada, &[("scope", "openid offline_access")]).await;
    assert!(tokens.body.get("refresh_token").is_none(), "{}", tokens.body);
    assert!(app.is_good(&tokens.access).await);
    // Whoever registered for it gets one without asking for offline_access.
    let client = app.client("https://other.example/cb").await;
    let tokens = client.connect(&mut ada, &[("scope", "read")]).await;
    assert!(!tokens.refresh.is_empty());
}

async fn a_public_client_may_name_itself_but_not_prove_itself(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    let before = app.database().dump();
    let basic =
        |text: String| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
    let send = async |authorization: String, more: &str| {
        let redirect = urlencoded(&[("redirect_uri", REDIRECT)]);
        let body = format!(
            "grant_type=authorization_code&code={code}&{redirect}&code_verifier={VERIFIER}{more}"
        );
        let form = ("content-type", "application/x-www-form-urlencoded");
        let headers = [form, ("authorization", authorization.as_str())];
        app.post_bytes(TOKEN, body.into_bytes(), &headers).await
    };
    let named = format!("&client_id={}", client.id);
    let id = &client.id;
    for (authorization, more, status, error) in [
        (basic(format!("{id}:secret")), "", 401, "invalid_client"),
        (basic(format!("{id}:secret")), named.as_str(), 401, "invalid_client"),
        (basic(format!("{id}: ")), "", 401, "invalid_client"),
        (basic(format!("{id}:")), "&client_secret=s", 400, "invalid_request"),
        (basic(format!("{id}:")), "&client_id=other", 400, "invalid_request"),
        (basic("nobody:".to_owned()), "", 401, "invalid_client"),
        (basic(id.clone()), "", 400, "invalid_request"),
        (basic(":".to_owned()), "", 400, "invalid_request"),
        (basic("\u{0}:".to_owned()), "", 400, "invalid_request"),
        ("Basic ?".to_owned(), "", 400, "invalid_request"),
        ("Basic /////w==".to_owned(), "", 400, "invalid_request"),
        (format!("Bearer {id}"), named.as_str(), 401, "invalid_client"),
        ("Digest a".to_owned(), named.as_str(), 401, "invalid_client"),
    ] {
        refused(&send(authorization, more).await, status, error);
    }
    assert_eq!(app.database().dump(), before, "a mistake before the code costs nothing");
    Tokens::of(&send(basic(format!("{id}:")), &format!("{named}&client_secret=")).await);
}

async fn a_revoked_connection_takes_its_codes_along(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    ada.revoke_app().await;
    refused(&client.redeem(&code).await, 400, "invalid_grant");
    // Letting the app in again brings nothing back.
    client.connect(&mut ada, &[]).await;
    refused(&client.redeem(&code).await, 400, "invalid_grant");
}

async fn wrong_verifiers_are_counted_whoever_comes_first(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    for wrong in [4, 5] {
        let sent = ada.get(&client.authorize_url(&[])).await;
        let code = parameter(sent.header("location"), "code").unwrap();
        let answers = at_once(wrong, |_| {
            let (client, code) = (client.clone(), code.clone());
            async move { client.redeem_with(&code, &[("code_verifier", &"x".repeat(43))]).await }
        });
        for answer in answers.await {
            refused(&answer, 400, "invalid_grant");
        }
        let status = client.redeem(&code).await.status;
        assert_eq!(status, if wrong < 5 { 200 } else { 400 }, "after {wrong}");
    }
}

/// The code of one person, put into the flow of another: each has its own verifier.
async fn another_grants_verifier_does_not_redeem_a_code(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let client = app.client(REDIRECT).await;
    let verifier = "e".repeat(43);
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    let hers = client.code(&mut ada, &[]).await;
    let eves = client.code(&mut eve, &[("code_challenge", &encode(hash))]).await;
    refused(
        &client.redeem_with(&hers, &[("code_verifier", &verifier)]).await,
        400,
        "invalid_grant",
    );
    refused(&client.redeem(&eves).await, 400, "invalid_grant");
    Tokens::of(&client.redeem(&hers).await);
    Tokens::of(&client.redeem_with(&eves, &[("code_verifier", &verifier)]).await);
}
