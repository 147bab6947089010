//! The authorization endpoint and consent: what goes to a page, what goes to the app, and what a
//! person's answer is bound to.

use std::time::Duration;

use crate::support::oauth::{REDIRECT, Tokens, parameter};
use crate::support::{Answer, App, PASSWORD, on_both};

on_both!(
    an_unknown_client_or_redirect_ends_on_a_page,
    only_the_port_of_a_loopback_redirect_may_differ,
    a_mistake_is_explained_to_who_has_not_let_the_app_in,
    a_mistake_goes_to_an_app_that_was_let_in,
    a_stranger_signs_in_first_and_leaves_no_trace,
    consent_is_remembered_for_sites_only_and_for_no_more_than_was_given,
    prompts_are_followed,
    a_sealed_request_ends_and_cannot_be_altered,
    an_answer_is_bound_to_who_was_asked,
    yes_sent_twice_is_one_yes,
    a_form_of_another_site_answers_nothing,
    state_comes_back_as_it_was_sent,
);

#[track_caller]
fn assert_local(answer: &Answer) {
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.headers.get("location").is_none(), "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("x-frame-options"), "DENY");
}

async fn an_unknown_client_or_redirect_ends_on_a_page(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let before = app.database().dump();
    for uri in [
        "https://app.example/oauth/callback/",
        "https://app.example/oauth/callback?x=1",
        "https://app.example/oauth/callback#x",
        "https://APP.example/oauth/callback",
        "HTTPS://app.example/oauth/callback",
        "https://app.example./oauth/callback",
        "https://app.example:443/oauth/callback",
        "https://app.example/oauth/../oauth/callback",
        "https://app.example/oauth/%63allback",
        "https://app.example/oauth%2fcallback",
        "https://app.example//oauth/callback",
        "https://app.example/oauth/callback;x",
        "https://app.example\\oauth\\callback",
        "https://user@app.example/oauth/callback",
        "https://app.example@evil.example/oauth/callback",
        "https://app.example.evil.example/oauth/callback",
        "https://ａpp.example/oauth/callback",
        "https://app.example/oauth/callback\r\nx: y",
        "http://app.example/oauth/callback",
        "javascript:alert(1)",
        "//app.example/oauth/callback",
        "/oauth/callback",
    ] {
        assert_local(&ada.get(&client.authorize_url(&[("redirect_uri", uri)])).await);
    }
    for id in ["nobody", "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6b", "' OR 1=1"] {
        assert_local(&ada.get(&client.authorize_url(&[("client_id", id)])).await);
    }
    for missing in ["client_id", "redirect_uri"] {
        assert_local(&ada.get(&client.authorize_url(&[(missing, "")])).await);
    }
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", client.authorize_url(&[]));
    assert_local(&ada.get(&twice).await);
    assert_eq!(app.database().dump(), before);
}

async fn only_the_port_of_a_loopback_redirect_may_differ(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client("http://127.0.0.1:1234/cb").await;
    for uri in ["http://127.0.0.1/cb", "http://127.0.0.1:65535/cb"] {
        let url = client.ask(&mut ada, &[("redirect_uri", uri)], "allow").await;
        assert!(url.starts_with(&format!("{uri}?code=")), "{url}");
        let code = parameter(&url, "code").unwrap();
        Tokens::of(&client.redeem_with(&code, &[("redirect_uri", uri)]).await);
    }
    for uri in
        ["http://localhost:1234/cb", "http://127.0.0.1:1234/cb2", "http://127.0.0.1:65536/cb"]
    {
        assert_local(&ada.get(&client.authorize_url(&[("redirect_uri", uri)])).await);
    }
}

const MISTAKES: [((&str, &str), &str); 13] = [
    (("code_challenge", ""), "invalid_request"),
    (("code_challenge", "short"), "invalid_request"),
    (("code_challenge_method", ""), "invalid_request"),
    (("code_challenge_method", "plain"), "invalid_request"),
    (("response_type", ""), "invalid_request"),
    (("response_type", "token"), "unsupported_response_type"),
    (("response_mode", "fragment"), "invalid_request"),
    (("scope", "read everything"), "invalid_scope"),
    (("resource", "https://elsewhere.example"), "invalid_target"),
    (("request", "x.y.z"), "request_not_supported"),
    (("request_uri", "https://evil.example"), "request_not_supported"),
    (("prompt", "none login"), "invalid_request"),
    (("max_age", "soon"), "invalid_request"),
];

async fn a_mistake_is_explained_to_who_has_not_let_the_app_in(app: App) {
    let client = app.client(REDIRECT).await;
    let (mut stranger, mut ada) = (app.browser(), app.person("ada").await);
    for (change, code) in MISTAKES {
        for browser in [&mut stranger, &mut ada] {
            let page = browser.get(&client.authorize_url(&[change])).await;
            assert_local(&page);
            let back = page.between("href=\"https://app.example/oauth/callback?", "\"");
            let back = back.unwrap_or_else(|| panic!("no way back: {page:?}")).to_owned();
            let back = format!("?{}", back.replace("&#38;", "&").replace("&amp;", "&"));
            assert_eq!(parameter(&back, "error").as_deref(), Some(code), "{change:?}");
            assert_eq!(parameter(&back, "state").as_deref(), Some("state-1"));
            assert!(parameter(&back, "iss").is_some());
        }
    }
}

async fn a_mistake_goes_to_an_app_that_was_let_in(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    for (change, code) in MISTAKES {
        let answer = ada.get(&client.authorize_url(&[change])).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let url = answer.header("location");
        assert!(url.starts_with(REDIRECT), "{url}");
        assert_eq!(parameter(url, "error").as_deref(), Some(code), "{change:?}");
        assert_eq!(parameter(url, "state").as_deref(), Some("state-1"));
        assert_eq!(parameter(url, "iss").as_deref(), Some("http://localhost:4600/api/auth"));
    }
    let twice = format!("{}&scope=read&scope=read", client.authorize_url(&[]));
    let answer = ada.get(&twice).await;
    assert_eq!(parameter(answer.header("location"), "error").as_deref(), Some("invalid_request"));
}

async fn a_stranger_signs_in_first_and_leaves_no_trace(app: App) {
    app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let before = app.database().dump();
    let mut browser = app.browser();
    let sent = browser.get(&client.authorize_url(&[("login_hint", "ada@example.com")])).await;
    let (path, next) = sent.header("location").split_once("?next=").unwrap();
    assert_eq!((sent.status, path), (303, "/sign-in"));
    let page = browser.get(sent.header("location")).await;
    page.assert_page(200, "Sign in");
    assert!(
        page.text().contains("Example App") && page.text().contains("value=\"ada@example.com\"")
    );
    assert_eq!(app.database().dump(), before);
    let next = percent_encoding::percent_decode_str(next).decode_utf8().unwrap().into_owned();
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", next.as_str())];
    let answer = browser.post("/sign-in", &fields).await;
    answer.assert_redirect(&next);
    let page = browser.get(&next).await;
    page.assert_page(200, "Allow access");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("form-action"));
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cache-control"), "no-store");
}

async fn consent_is_remembered_for_sites_only_and_for_no_more_than_was_given(app: App) {
    let mut ada = app.person("ada").await;
    let client = app
        .client_with(serde_json::json!({ "redirect_uris": [REDIRECT, "https://b.example/cb"] }))
        .await;
    let read = [("scope", "read openid")];
    client.connect(&mut ada, &read).await;
    let is_asked = |answer: &Answer| answer.header("location").starts_with("/authorize?request=");
    let sent = ada.get(&client.authorize_url(&read)).await;
    assert!(sent.header("location").starts_with(&format!("{REDIRECT}?code=")), "{sent:?}");
    for wider in [
        [("scope", "read write")],
        [("scope", "read email")],
        [("scope", "")],
        [("redirect_uri", "https://b.example/cb")],
        [("prompt", "consent")],
        [("prompt", "select_account")],
    ] {
        let changes = [&read[..], &wider].concat();
        assert!(is_asked(&ada.get(&client.authorize_url(&changes)).await), "{wider:?}");
    }
    for redirect in ["http://127.0.0.1/cb", "com.example.app:/cb", "cursor://cb"] {
        let client = app.client(redirect).await;
        client.connect(&mut ada, &[]).await;
        assert!(is_asked(&ada.get(&client.authorize_url(&[])).await), "{redirect}");
    }
}

async fn prompts_are_followed(app: App) {
    let client = app.client(REDIRECT).await;
    let mut ada = app.person("ada").await;
    let none = [("prompt", "none")];
    let page = app.browser().get(&client.authorize_url(&none)).await;
    assert!(page.text().contains("login_required"), "{page:?}");
    let page = ada.get(&client.authorize_url(&none)).await;
    assert!(page.text().contains("consent_required"), "{page:?}");
    client.connect(&mut ada, &[]).await;
    let sent = ada.get(&client.authorize_url(&none)).await;
    assert!(parameter(sent.header("location"), "code").is_some(), "{sent:?}");
    let wider = [("prompt", "none"), ("scope", "email")];
    let sent = ada.get(&client.authorize_url(&wider)).await;
    let error = parameter(sent.header("location"), "error");
    assert_eq!(error.as_deref(), Some("consent_required"));

    app.advance(Duration::from_secs(100));
    let old = [("max_age", "100")];
    let sent = ada.get(&client.authorize_url(&old)).await;
    assert!(parameter(sent.header("location"), "code").is_some(), "young enough");
    for again in [("prompt", "login"), ("max_age", "99")] {
        let sent = ada.get(&client.authorize_url(&[again])).await;
        let place = sent.header("location").to_owned();
        assert!(place.starts_with("/sign-in?next=") && place.ends_with("&again=1"), "{place}");
        ada.get(&place).await.assert_page(200, "Sign in");
        let next = place.split_once("next=").unwrap().1.split('&').next().unwrap();
        let next = percent_encoding::percent_decode_str(next).decode_utf8().unwrap().into_owned();
        let still = ada.get(&next).await;
        assert!(still.header("location").starts_with("/sign-in"), "not without signing in");
        let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", &next)];
        ada.post("/sign-in", &fields).await.assert_redirect(&next);
        let sent = ada.get(&next).await;
        assert!(parameter(sent.header("location"), "code").is_some(), "{sent:?}");
        app.advance(Duration::from_secs(100));
    }
    let sent = ada.get(&client.authorize_url(&[("prompt", "create")])).await;
    assert!(sent.header("location").starts_with("/sign-up?next="), "{sent:?}");
}

async fn a_sealed_request_ends_and_cannot_be_altered(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let sent = ada.get(&client.authorize_url(&[])).await;
    let place = sent.header("location").to_owned();
    let begin = "/authorize?request=".len();
    for index in [begin, begin + 20, place.len() / 2, place.len() - 1] {
        let mut altered = place.clone();
        let letter = if &place[index..=index] == "A" { "B" } else { "A" };
        altered.replace_range(index..=index, letter);
        assert_local(&ada.get(&altered).await);
    }
    for nothing in ["/authorize", "/authorize?request=", "/authorize?request=x"] {
        assert_local(&ada.get(nothing).await);
    }
    let sealed = client.question(&mut ada, &[]).await;
    app.advance(Duration::from_secs(600));
    assert_local(&ada.get(&place).await);
    let fields = [("request", sealed.as_str()), ("decision", "allow")];
    assert_local(&ada.post("/authorize", &fields).await);
    assert!(app.rows("grants").is_empty());
}

async fn an_answer_is_bound_to_who_was_asked(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let client = app.client(REDIRECT).await;
    let sealed = client.question(&mut ada, &[]).await;
    let fields = [("request", sealed.as_str()), ("decision", "allow")];
    assert_local(&eve.post("/authorize", &fields).await);
    let request = ada.get(&client.authorize_url(&[])).await;
    let request = request.header("location").split_once("request=").unwrap().1.to_owned();
    let fields = [("request", request.as_str()), ("decision", "allow")];
    assert_local(&ada.post("/authorize", &fields).await);
    let fields = [("request", sealed.as_str()), ("decision", "perhaps")];
    assert_local(&ada.post("/authorize", &fields).await);
    app.ban("ada@example.com").await;
    let fields = [("request", sealed.as_str()), ("decision", "allow")];
    assert_eq!(ada.post("/authorize", &fields).await.status, 403);
    assert!(app.rows("grants").is_empty() && app.rows("connections").is_empty());
}

async fn yes_sent_twice_is_one_yes(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let sealed = client.question(&mut ada, &[]).await;
    let fields = [("request", sealed.as_str()), ("decision", "allow")];
    let first = ada.post("/authorize", &fields).await;
    let second = ada.post("/authorize", &fields).await;
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!((app.rows("grants").len(), app.rows("connections").len()), (1, 1));
    let settings = ada.get("/settings").await;
    let path = settings.between("action=\"/settings/apps/", "\"").unwrap().to_owned();
    assert_eq!(ada.post(&format!("/settings/apps/{path}"), &[]).await.status, 303);
    ada.post("/authorize", &fields).await;
    assert_eq!((app.rows("grants").len(), app.rows("connections").len()), (1, 1));
    let code = parameter(first.header("location"), "code").unwrap();
    assert_eq!(client.redeem(&code).await.json()["error"], "invalid_grant");
}

async fn a_form_of_another_site_answers_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let sealed = client.question(&mut ada, &[]).await;
    let token = ada.form_token().await;
    let fields = [("request", sealed.as_str()), ("decision", "allow"), ("form_token", &token)];
    for origin in ["https://evil.example", "null", "http://localhost:4601"] {
        let answer = ada.post_as_is("/authorize", &fields, &[("origin", origin)]).await;
        assert_eq!(answer.status, 403, "{origin}");
    }
    assert_eq!(ada.post_as_is("/authorize", &fields[..2], &[]).await.status, 403);
    assert!(app.rows("grants").is_empty());
}

async fn state_comes_back_as_it_was_sent(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let long = "s".repeat(4_096);
    for state in ["a b+c&d=e%41", "é ☃ \"'<>", "{\"json\":[1]}", long.as_str()] {
        let sent = ada.get(&client.authorize_url(&[("state", state)])).await;
        assert_eq!(parameter(sent.header("location"), "state").as_deref(), Some(state));
    }
    let sent = ada.get(&client.authorize_url(&[("state", "")])).await;
    assert_eq!(parameter(sent.header("location"), "state"), None);
}
