//! The UserInfo endpoint (OpenID Connect Core §5.3): what an app was granted to know of the person.

use std::time::Duration;

use serde_json::json;

use bloom_service::attempts::AttemptLimits;

use crate::support::oauth::{REDIRECT, USERINFO, claims};
use crate::support::{Answer, App, PASSWORD, on_both};

on_both!(
    each_scope_tells_its_claims,
    a_token_without_openid_is_told_what_it_lacks,
    what_is_no_good_token_is_challenged,
    a_foreign_page_may_ask,
    guesses_at_userinfo_count_by_address,
);

/// Asks by both methods; they answer alike.
async fn ask(app: &App, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let got = app.request("GET", USERINFO, &headers).await;
    let posted = app.request("POST", USERINFO, &headers).await;
    assert_eq!(got.summary(), posted.summary());
    assert_eq!(got.header("cache-control"), "no-store");
    got
}

async fn each_scope_tells_its_claims(app: App) {
    let mut ada = app.browser();
    let fields = [("name", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD)];
    ada.post("/sign-up", &fields).await;
    for (index, (scope, name, email)) in [
        ("openid", None, None),
        ("openid profile", Some("Ada"), None),
        ("openid email read", None, Some("ada@example.com")),
        ("openid profile email", Some("Ada"), Some("ada@example.com")),
    ]
    .into_iter()
    .enumerate()
    {
        let client = app.client(&format!("https://app{index}.example/cb")).await;
        let tokens = client.connect(&mut ada, &[("scope", scope)]).await;
        let told = ask(&app, &tokens.access).await.json();
        let id_token = claims(tokens.body["id_token"].as_str().unwrap());
        assert_eq!(told["sub"], id_token["sub"], "the same as in the id token");
        assert_eq!((told["name"].as_str(), told["email"].as_str()), (name, email), "{scope}");
        assert_eq!(told["email_verified"].as_bool(), email.map(|_| false), "{scope}");
        let count = 1 + usize::from(name.is_some()) + 2 * usize::from(email.is_some());
        assert_eq!(told.as_object().unwrap().len(), count, "and nothing else: {told}");
        // A token that was cut down tells less.
        let fewer = client.refresh_with(&tokens.refresh, &[("scope", "openid")]).await.json();
        let told = ask(&app, fewer["access_token"].as_str().unwrap()).await.json();
        assert_eq!(told, json!({ "sub": id_token["sub"] }));
    }
}

async fn a_token_without_openid_is_told_what_it_lacks(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[("scope", "profile email read")]).await;
    let answer = ask(&app, &tokens.access).await;
    assert_eq!((answer.status, &answer.json()["error"]), (403, &json!("insufficient_scope")));
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    let all = "error=\"insufficient_scope\", scope=\"email openid profile read\"";
    assert!(challenge.contains(all), "all at once: {challenge}");
}

async fn what_is_no_good_token_is_challenged(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[("scope", "openid")]).await;
    let key = ada.create_key("ci").await.secret;
    let bearer = |token: &str| format!("Bearer {token}");
    let good = bearer(&tokens.access);
    let without = [
        vec![],
        vec![("authorization", "Basic YTpi")],
        vec![("x-api-key", key.as_str())],
        vec![("cookie", "bloom=x")],
    ];
    for headers in without {
        let answer = app.request("GET", USERINFO, &headers).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        // "SHOULD NOT include an error code" (RFC 6750 §3.1).
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"Bloom\"", "{headers:?}");
    }
    let twice = [("authorization", good.as_str()), ("authorization", good.as_str())];
    assert_eq!(app.request("GET", USERINFO, &twice).await.status, 400);
    let in_body = app.post_form(USERINFO, &[("access_token", &tokens.access)]).await;
    assert_eq!(in_body.status, 401, "a body is not read");
    let in_query = format!("{USERINFO}?access_token={}", tokens.access);
    assert_eq!(app.get(&in_query, &[]).await.status, 401, "nor is a query");
    let id_token = tokens.body["id_token"].as_str().unwrap();
    for bad in [key.as_str(), id_token, &tokens.refresh, "a.b.c", "x", "a b"] {
        let answer = app.get(USERINFO, &[("authorization", &bearer(bad))]).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (401, &json!("invalid_token")),
            "{bad}"
        );
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert!(!answer.text().contains(bad), "{answer:?}");
    }
    assert_eq!(ask(&app, &tokens.access).await.status, 200);
    app.ban("ada@example.com").await;
    assert_eq!(ask(&app, &tokens.access).await.status, 401);
    app.unban("ada@example.com").await;
    client.disable().await;
    assert_eq!(ask(&app, &tokens.access).await.status, 401);
    client.enable().await;
    assert_eq!(ask(&app, &tokens.access).await.status, 200);
    ada.revoke_app().await;
    assert_eq!(ask(&app, &tokens.access).await.status, 401, "live state");
    let tokens = client.connect(&mut ada, &[("scope", "openid")]).await;
    app.advance(Duration::from_secs(3_600));
    assert_eq!(ask(&app, &tokens.access).await.status, 401);
}

async fn a_foreign_page_may_ask(app: App) {
    for method in ["GET", "POST"] {
        let headers = [("origin", "https://app.example")];
        let answer = app.request(method, USERINFO, &headers).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.header("access-control-expose-headers").contains("WWW-Authenticate"));
    }
    let asked = [("origin", "null"), ("access-control-request-headers", "authorization")];
    assert_eq!(app.request("OPTIONS", USERINFO, &asked).await.status, 204);
}

async fn guesses_at_userinfo_count_by_address(app: App) {
    let app = app.again(|options| options.attempts = AttemptLimits::STANDARD).await;
    let mut ada = app.person("ada").await;
    let tokens = app.client(REDIRECT).await.connect(&mut ada, &[("scope", "openid")]).await;
    let guess = || app.get(USERINFO, &[("authorization", "Bearer a.b.c")]);
    for _ in 0..60 {
        assert_eq!(guess().await.status, 401);
    }
    let answer = guess().await;
    assert_eq!(answer.status, 429);
    assert!(answer.number("retry-after") >= 1);
    assert_eq!(ask(&app, &tokens.access).await.status, 200, "a good one passes");
}
