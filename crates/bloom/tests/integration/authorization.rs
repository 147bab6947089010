//! The authorization endpoint and consent: what goes to a page, what goes to the app, and what a
//! person's answer is bound to.

use std::time::Duration;

use crate::support::oauth::{AUTHORIZE, CHALLENGE, REDIRECT, Tokens, parameter};
use crate::support::{Answer, App, OTHER_PLACE, PASSWORD, on_both};

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
    a_code_is_not_made_anew_by_the_same_yes,
    a_form_of_another_site_answers_nothing,
    state_comes_back_as_it_was_sent,
    what_is_given_twice_is_refused_but_a_resource,
    every_name_of_the_resource_is_taken,
    what_is_unknown_or_missing_is_tolerated,
    nothing_is_asked_when_nothing_may_be,
    a_person_makes_an_account_on_the_way,
    an_address_is_filled_in_if_it_can_be_one,
    only_what_was_sealed_as_a_request_is_one,
    the_way_to_an_app_can_be_left_by_a_form_and_not_framed,
    a_cookie_of_before_the_sign_in_is_worth_nothing,
    a_suspended_person_is_a_stranger,
    a_refused_or_forgotten_client_gets_no_further,
    only_get_head_and_post_begin,
    no_header_changes_where_anything_leads,
    two_hosts_are_one_too_many,
    a_host_that_is_none_is_refused,
    no_redirect_takes_a_form_along,
    a_request_may_be_posted,
);

const UNKNOWN: &str = "This app’s request cannot be answered";

/// Where a page on the way leads to next.
fn next_in(place: &str) -> String {
    parameter(place, "next").unwrap_or_else(|| panic!("no next page: {place}"))
}

/// The link back on a page that explains a mistake.
#[track_caller]
fn way_back(page: &Answer) -> String {
    assert_eq!(page.status, 400, "{page:?}");
    let back = page.between("href=\"https://app.example", "\"").expect("a way back");
    format!("https://app.example{}", back.replace("&#38;", "&"))
}

/// Asserts that a URL brings an error to the app: code, state and issuer, each once, and no code.
#[track_caller]
fn assert_error(url: &str, code: &str, state: Option<&str>) {
    assert!(url.starts_with(&format!("{REDIRECT}?error=")), "{url}");
    assert_eq!(parameter(url, "error").as_deref(), Some(code), "{url}");
    assert_eq!(parameter(url, "state").as_deref(), state, "{url}");
    let issuer = "http://localhost:4600/api/auth";
    assert_eq!(parameter(url, "iss").as_deref(), Some(issuer), "{url}");
    assert!(parameter(url, "error_description").is_some(), "{url}");
    assert_eq!(parameter(url, "code"), None, "{url}");
}

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
        "https://app.example/oauth/callback?",
        "https://app.example/oauth/callback&",
        "https://app.example/oauth/callback#x",
        "https://app.example/oauth/callback#",
        "https://app.example/oauth/Callback",
        "https://app.example/oauth/callbac",
        "https://app.example/oauth/callback/..",
        "https://app.example/oauth/callback/%2e%2e/x",
        "https://app.example/oauth/callback%2f..",
        "https://app.example/oauth/callback%0d%0ax:y",
        "https://app.example/oauth/callback%00",
        "https://app.example/oauth/callback\0",
        "https://app.example/oauth/callback\n",
        " https://app.example/oauth/callback",
        "https://app.example/oauth/callback ",
        "https://app.example/oauth\u{ff0f}callback",
        "https://app%2eexample/oauth/callback",
        "https%3A//app.example/oauth/callback",
        "https:app.example/oauth/callback",
        "https://app.example:8443/oauth/callback",
        "https://evil.example/https://app.example/oauth/callback",
        "data:text/html,x",
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
    let (shouted, spaced) = (client.id.to_uppercase(), format!("{} ", client.id));
    let bare = client.id.replace('-', "");
    for id in [
        "nobody",
        "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6b",
        "' OR 1=1",
        "https://evil.example/c",
        &shouted,
        &spaced,
        &bare,
    ] {
        assert_local(&ada.get(&client.authorize_url(&[("client_id", id)])).await);
    }
    for missing in ["client_id", "redirect_uri"] {
        assert_local(&ada.get(&client.authorize_url(&[(missing, "")])).await);
    }
    for more in [
        "redirect_uri=https%3A%2F%2Fevil.example",
        "redirect_uri=",
        "client_id=x",
        "redirect%5furi=x",
        "x=%ff",
        "x=%00",
    ] {
        let answer = ada.get(&format!("{}&{more}", client.authorize_url(&[]))).await;
        assert_local(&answer);
        answer.assert_page(400, UNKNOWN);
        let is_read = more.contains("evil");
        assert!(is_read || answer.text().contains("It cannot be read"), "{more}: {answer:?}");
        assert!(!answer.text().contains("app.example"), "{more}: it leads nowhere: {answer:?}");
    }
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
    for uri in [
        "http://localhost:1234/cb",
        "http://[::1]:1234/cb",
        "http://127.0.0.1:1234/cb2",
        "http://127.0.0.1:1234/cb/",
        "http://127.0.0.1:1234/cb?x",
        "http://127.0.0.1:1234/cb#x",
        "http://127.0.0.1:1234/../cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:0x50/cb",
        "http://127.0.0.1:1234@evil.example/cb",
        "http://127.0.0.1.evil.example:1234/cb",
        "http://127.0.0.1:1234.evil.example/cb",
        "http://127.0.0.1:1234\\@evil.example/cb",
        "http://127.1:1234/cb",
        "http://0x7f.1:1234/cb",
        "http://[::ffff:127.0.0.1]:1234/cb",
        "https://127.0.0.1:1234/cb",
    ] {
        assert_local(&ada.get(&client.authorize_url(&[("redirect_uri", uri)])).await);
    }
}

const MISTAKES: [((&str, &str), &str); 27] = [
    (("code_challenge", ""), "invalid_request"),
    (("code_challenge", "short"), "invalid_request"),
    (("code_challenge_method", ""), "invalid_request"),
    (("code_challenge_method", "plain"), "invalid_request"),
    (("code_challenge_method", "s256"), "invalid_request"),
    (("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="), "invalid_request"),
    (("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), "invalid_request"),
    (("code_challenge", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "invalid_request"),
    (("response_type", ""), "invalid_request"),
    (("response_type", "token"), "unsupported_response_type"),
    (("response_type", "code id_token"), "unsupported_response_type"),
    (("response_mode", "fragment"), "invalid_request"),
    (("response_mode", "form_post"), "invalid_request"),
    (("scope", "read everything"), "invalid_scope"),
    (("scope", "re\"ad"), "invalid_scope"),
    (("resource", "https://elsewhere.example"), "invalid_target"),
    (("resource", "http://localhost:4600/api"), "invalid_target"),
    (("resource", "http://localhost:4600/api/v1/"), "invalid_target"),
    (("resource", "http://LOCALHOST:4600"), "invalid_target"),
    (("resource", "http://localhost:4600.evil.example/"), "invalid_target"),
    (("prompt", "sometimes"), "invalid_request"),
    (("prompt", "none consent"), "invalid_request"),
    (("request", "x.y.z"), "request_not_supported"),
    (("request_uri", "https://evil.example"), "request_not_supported"),
    (("prompt", "none login"), "invalid_request"),
    (("max_age", "soon"), "invalid_request"),
    (("max_age", "-1"), "invalid_request"),
];

async fn a_mistake_is_explained_to_who_has_not_let_the_app_in(app: App) {
    let client = app.client(REDIRECT).await;
    let (mut stranger, mut ada) = (app.browser(), app.person("ada").await);
    // Whom somebody else has let in, and who was let in once, is not let in.
    let mut eve = app.person("eve").await;
    client.connect(&mut eve, &[]).await;
    let settings = eve.get("/settings").await;
    let path = settings.between("action=\"/settings/apps/", "\"").unwrap().to_owned();
    assert_eq!(eve.post(&format!("/settings/apps/{path}"), &[]).await.status, 303);
    let before = app.database().dump();
    for (change, code) in MISTAKES {
        for browser in [&mut stranger, &mut ada, &mut eve] {
            let page = browser.get(&client.authorize_url(&[change])).await;
            assert_local(&page);
            assert_error(&way_back(&page), code, Some("state-1"));
            assert!(page.text().contains(code), "its developer reads what it is: {page:?}");
        }
    }
    assert_eq!(app.database().dump(), before);
}

async fn a_mistake_goes_to_an_app_that_was_let_in(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let before = app.database().dump();
    for (change, code) in MISTAKES {
        assert_error(&client.sent_to(&mut ada, &[change]).await, code, Some("state-1"));
    }
    let long = "x".repeat(4_097);
    for name in ["nonce", "login_hint"] {
        let url = client.sent_to(&mut ada, &[(name, &long)]).await;
        assert_error(&url, "invalid_request", Some("state-1"));
    }
    assert_eq!(app.database().dump(), before);
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

    // "The same as prompt=login" (OpenID Connect Core §3.1.2.1).
    app.advance(Duration::from_millis(1));
    let sent = ada.get(&client.authorize_url(&[("max_age", "0")])).await;
    assert!(sent.header("location").starts_with("/sign-in?next="), "{sent:?}");

    app.advance(Duration::from_secs(100));
    let old = [("max_age", "101")];
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

/// Whatever housekeeping does meanwhile: not even one that nobody has redeemed.
async fn a_code_is_not_made_anew_by_the_same_yes(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let sealed = client.question(&mut ada, &[]).await;
    let fields = [("request", sealed.as_str()), ("decision", "allow")];
    let first = ada.post("/authorize", &fields).await;
    let code = parameter(first.header("location"), "code").unwrap();
    let wrong = "x".repeat(43);
    for _ in 0..5 {
        client.redeem_with(&code, &[("code_verifier", &wrong)]).await;
    }
    for seconds in [130, 469] {
        app.advance(Duration::from_secs(seconds));
        app.keep_house().await;
        let again = ada.post("/authorize", &fields).await;
        assert_eq!(again.header("location"), first.header("location"), "the same code");
        assert_eq!(client.redeem(&code).await.json()["error"], "invalid_grant", "{seconds}");
    }
    assert_eq!(app.rows("grants").len(), 1);
    // When the question has ended, its row leaves.
    app.advance(Duration::from_secs(61));
    app.keep_house().await;
    assert!(app.rows("grants").is_empty());
    assert_local(&ada.post("/authorize", &fields).await);
    assert!(app.rows("grants").is_empty());
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
    for state in [
        "a b+c&d=e%41",
        "é ☃ \"'<>",
        "{\"json\":[1]}",
        "?#/\\;:@[]|^`~*",
        "&code=forged&iss=https://evil.example&error=x",
        "\r\nset-cookie: a=b\t\u{1b}\u{7f}",
        "\u{202e}\u{200b}\u{1f338}",
        long.as_str(),
    ] {
        let asked = [("state", state), ("prompt", "consent")];
        let mistaken = [("state", state), ("response_type", "token")];
        for url in [
            client.sent_to(&mut ada, &[("state", state)]).await,
            client.ask(&mut ada, &asked, "allow").await,
            client.ask(&mut ada, &asked, "deny").await,
            client.sent_to(&mut ada, &mistaken).await,
            way_back(&app.browser().get(&client.authorize_url(&mistaken)).await),
        ] {
            assert_eq!(parameter(&url, "state").as_deref(), Some(state));
            let issuer = "http://localhost:4600/api/auth";
            assert_eq!(parameter(&url, "iss").as_deref(), Some(issuer));
            assert_ne!(parameter(&url, "code").as_deref(), Some("forged"));
        }
    }
    let sent = ada.get(&client.authorize_url(&[("state", "")])).await;
    assert_eq!(parameter(sent.header("location"), "state"), None);
}

/// RFC 6749 §3.1; RFC 8707 §2 makes the exception.
async fn what_is_given_twice_is_refused_but_a_resource(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let before = app.database().dump();
    for (name, value) in [
        ("response_type", "code"),
        ("response_mode", "query"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", "read"),
        ("state", "state-1"),
        ("nonce", "n"),
        ("prompt", "consent"),
        ("max_age", "9"),
        ("login_hint", "ada@example.com"),
        ("request", "x"),
        ("request_uri", "x"),
        ("unknown", "x"),
    ] {
        for second in [value, ""] {
            let url = client.authorize_url(&[(name, value)]);
            let sent = ada.get(&format!("{url}&{name}={second}")).await;
            // Which of two states is meant nobody knows.
            let state = (name != "state").then_some("state-1");
            assert_error(sent.header("location"), "invalid_request", state);
            let page = app.browser().get(&format!("{url}&{name}={second}")).await;
            assert_error(&way_back(&page), "invalid_request", state);
        }
    }
    assert_eq!(app.database().dump(), before);
    let ours = "resource=http%3A%2F%2Flocalhost%3A4600";
    let url = format!("{}&{ours}&{ours}%2F&{ours}%2Fapi%2Fmcp", client.authorize_url(&[]));
    assert!(parameter(ada.get(&url).await.header("location"), "code").is_some());
    let sent = ada.get(&format!("{url}&resource=https%3A%2F%2Fevil.example")).await;
    assert_error(sent.header("location"), "invalid_target", Some("state-1"));
}

async fn every_name_of_the_resource_is_taken(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    for path in ["", "/", "/api/v1", "/api/mcp"] {
        let resource = format!("http://localhost:4600{path}");
        let asked = [("resource", resource.as_str()), ("prompt", "consent")];
        let token = client.connect(&mut ada, &asked).await.access;
        assert_eq!(app.get_as("/api/v1/account", &token).await.status, 200, "{path}");
    }
}

async fn what_is_unknown_or_missing_is_tolerated(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let bare = client.ask(&mut ada, &[("state", "")], "allow").await;
    assert_eq!(parameter(&bare, "state"), None);
    // Without a scope it gets its own, and a refresh token.
    let tokens = Tokens::of(&client.redeem(&parameter(&bare, "code").unwrap()).await);
    assert_eq!(tokens.body["scope"], "offline_access openid");
    assert!(!tokens.refresh.is_empty());
    let more = [
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("nonce", "n-1"),
        ("response_mode", "query"),
        ("display", "page"),
        ("ui_locales", "de"),
        ("id_token_hint", "x"),
        ("acr_values", "1"),
        ("claims", "{}"),
        ("audience", "https://elsewhere.example"),
        ("code", "injected"),
        ("iss", "https://evil.example"),
        ("error", "injected"),
        ("scope", "openid  read openid"),
    ];
    let url = client.ask(&mut ada, &more, "allow").await;
    assert_eq!(parameter(&url, "iss").as_deref(), Some("http://localhost:4600/api/auth"));
    assert_eq!(parameter(&url, "error"), None);
    let tokens = Tokens::of(&client.redeem(&parameter(&url, "code").unwrap()).await);
    assert_eq!(tokens.body["scope"], "openid read");
}

/// `prompt=none`: wherever a person would have to be asked, the app is told so instead.
async fn nothing_is_asked_when_nothing_may_be(app: App) {
    let client = app.client(REDIRECT).await;
    let (mut ada, mut stranger) = (app.person("ada").await, app.browser());
    let before = app.database().dump();
    for (browser, code) in [(&mut stranger, "login_required"), (&mut ada, "consent_required")] {
        let page = browser.get(&client.authorize_url(&[("prompt", "none")])).await;
        page.assert_page(400, "This app has to ask you first");
        assert_error(&way_back(&page), code, Some("state-1"));
    }
    assert_eq!(app.database().dump(), before);
    client.connect(&mut ada, &[]).await;
    app.advance(Duration::from_secs(100));
    let before = app.database().dump();
    for (more, code) in
        [(("max_age", "99"), "login_required"), (("scope", "email"), "consent_required")]
    {
        let url = client.sent_to(&mut ada, &[("prompt", "none"), more]).await;
        assert_error(&url, code, Some("state-1"));
    }
    assert_eq!(app.database().dump(), before);
    for redirect in ["http://127.0.0.1/cb", "com.example.app:/cb", "https://localhost/cb"] {
        let client = app.client(redirect).await;
        client.connect(&mut ada, &[]).await;
        let url = client.sent_to(&mut ada, &[("prompt", "none")]).await;
        assert_eq!(parameter(&url, "error").as_deref(), Some("consent_required"), "{redirect}");
    }
}

async fn a_person_makes_an_account_on_the_way(app: App) {
    let client = app.client(REDIRECT).await;
    let mut ada = app.person("ada").await;
    app.advance(Duration::from_secs(1));
    for (browser, email) in [(&mut app.browser(), "bob@example.com"), (&mut ada, "eve@example.com")]
    {
        let place = client.sent_to(browser, &[("prompt", "create")]).await;
        assert!(place.starts_with("/sign-up?next="), "{place}");
        browser.get(&place).await.assert_page(200, "Create your account");
        let next = next_in(&place);
        let fields = [("email", email), ("password", PASSWORD), ("next", next.as_str())];
        browser.post("/sign-up", &fields).await.assert_redirect(&next);
        let page = browser.get(&next).await;
        page.assert_page(200, "Allow access");
        assert!(page.text().contains(email), "{page:?}");
    }
}

async fn an_address_is_filled_in_if_it_can_be_one(app: App) {
    let client = app.client(REDIRECT).await;
    let long = "a".repeat(255);
    for (hint, shown) in [
        ("ada@example.com", "ada@example.com"),
        ("\"><script>alert(1)</script>", "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;"),
        (&long, ""),
        ("", ""),
    ] {
        let mut browser = app.browser();
        let place = client.sent_to(&mut browser, &[("login_hint", hint)]).await;
        let page = browser.get(&place).await;
        page.assert_page(200, "Sign in");
        let field = page.between("name=\"email\"", ">").unwrap();
        let value = field.split_once("value=\"").unwrap().1.split('"').next();
        assert_eq!(value, Some(shown), "{field}");
    }
}

async fn only_what_was_sealed_as_a_request_is_one(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let place = client.sent_to(&mut ada, &[]).await;
    let request = place.split_once("request=").unwrap().1;
    let question = client.question(&mut ada, &[]).await;
    let before = app.database().dump();
    for bad in [
        question.as_str(),
        &request[1..],
        &request[..request.len() - 1],
        &format!("{request}A"),
        &format!("{request}%3D"),
        &format!("{request}&request={request}"),
        &format!("{request}%00"),
        "%ff",
    ] {
        let page = ada.get(&format!("/authorize?request={bad}")).await;
        page.assert_page(400, "This request has expired");
    }
    // One second before its end it is as good as at the beginning.
    app.advance(Duration::from_secs(599));
    ada.get(&place).await.assert_page(200, "Allow access");
    let fields = [("request", question.as_str()), ("decision", "deny")];
    assert_eq!(ada.post("/authorize", &fields).await.status, 303);
    app.advance(Duration::from_secs(1));
    ada.get(&place).await.assert_page(400, "This request has expired");
    let page = ada.post("/authorize", &fields).await;
    page.assert_page(400, "This request has expired");
    assert_eq!(app.database().dump(), before);
    // Whoever signs in too late is signed in, and then told.
    let mut late = app.browser();
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", place.as_str())];
    late.post("/sign-in", &fields).await.assert_redirect(&place);
    late.get(&place).await.assert_page(400, "This request has expired");
}

/// Browsers apply `form-action` to the redirect that follows a form, which here may go to any app.
async fn the_way_to_an_app_can_be_left_by_a_form_and_not_framed(app: App) {
    let client = app.client(REDIRECT).await;
    let mut ada = app.person("ada").await;
    let (mut stranger, mut new) = (app.browser(), app.browser());
    let sign_in = client.sent_to(&mut stranger, &[]).await;
    let sign_up = client.sent_to(&mut new, &[("prompt", "create")]).await;
    let wrong = [("email", "ada@example.com"), ("password", "wrong"), ("next", &next_in(&sign_in))];
    for page in [
        stranger.get(&sign_in).await,
        stranger.post("/sign-in", &wrong).await,
        new.get(&sign_up).await,
        client.consent_page(&mut ada, &[]).await,
    ] {
        let policy = page.header("content-security-policy");
        assert!(page.text().contains("<form"), "{page:?}");
        assert!(!policy.contains("form-action"), "{policy}");
        assert_protected(&page);
    }
    let explained = stranger.get(&client.authorize_url(&[("response_type", "")])).await;
    let unknown = stranger.get(&client.authorize_url(&[("client_id", "x")])).await;
    let expired = ada.get("/authorize?request=x").await;
    let sent = ada.get(&client.authorize_url(&[])).await;
    let settings = ada.get("/settings").await;
    for answer in [&explained, &unknown, &expired, &sent, &settings] {
        assert_protected(answer);
        assert_eq!(answer.header("access-control-allow-origin"), "", "{answer:?}");
    }
    assert!(settings.header("content-security-policy").contains("form-action 'self'"));
}

#[track_caller]
fn assert_protected(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), value, "{answer:?}");
    }
}

async fn a_cookie_of_before_the_sign_in_is_worth_nothing(app: App) {
    app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let mut victim = app.browser();
    let place = client.sent_to(&mut victim, &[]).await;
    assert!(victim.get(&place).await.cookies().len() == 1, "it binds the form");
    let mut planted = victim.clone();
    let next = next_in(&place);
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", next.as_str())];
    victim.post("/sign-in", &fields).await.assert_redirect(&next);
    assert_ne!(victim.cookie(), planted.cookie());
    victim.get(&next).await.assert_page(200, "Allow access");
    assert!(planted.get(&next).await.header("location").starts_with("/sign-in?next="));
}

async fn a_suspended_person_is_a_stranger(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    app.ban(ada.email()).await;
    let before = app.database().dump();
    let place = client.sent_to(&mut ada, &[]).await;
    assert!(place.starts_with("/sign-in?next="), "{place}");
    let page = ada.get(&client.authorize_url(&[("prompt", "none")])).await;
    assert_error(&way_back(&page), "login_required", Some("state-1"));
    let next = next_in(&place);
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", next.as_str())];
    let page = app.browser().post("/sign-in", &fields).await;
    page.assert_page(403, "Your account is suspended");
    assert_eq!(app.database().dump(), before);
    app.unban(ada.email()).await;
    assert!(parameter(&client.sent_to(&mut ada, &[]).await, "code").is_some());
}

async fn a_refused_or_forgotten_client_gets_no_further(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let place = client.sent_to(&mut ada, &[]).await;
    let question = client.question(&mut ada, &[]).await;
    let answers = [("allow", 303), ("deny", 303)];
    let try_all = async |ada: &mut crate::support::Browser, title: &str| {
        let begun = ada.get(&client.authorize_url(&[])).await;
        begun.assert_page(400, title);
        ada.get(&place).await.assert_page(400, title);
        for (decision, _) in answers {
            let fields = [("request", question.as_str()), ("decision", decision)];
            ada.post("/authorize", &fields).await.assert_page(400, title);
        }
    };
    client.disable().await;
    let before = app.database().dump();
    try_all(&mut ada, "This app is refused here").await;
    assert_eq!(app.database().dump(), before);
    client.enable().await;
    app.database().run("DELETE FROM clients");
    let before = app.database().dump();
    try_all(&mut ada, UNKNOWN).await;
    assert_eq!(app.database().dump(), before);
    // It is the same one as soon as it registers again.
    assert_eq!(app.client(REDIRECT).await.id, client.id);
    for (decision, status) in answers {
        let fields = [("request", question.as_str()), ("decision", decision)];
        assert_eq!(ada.post("/authorize", &fields).await.status, status, "{decision}");
    }
}

async fn only_get_head_and_post_begin(app: App) {
    let client = app.client(REDIRECT).await;
    let mut ada = app.person("ada").await;
    let url = client.authorize_url(&[]);
    let host = ("host", app.host());
    let before = app.database().dump();
    let head = app.request("HEAD", &url, &[host]).await;
    assert_eq!((head.status, head.body.len()), (303, 0));
    assert!(head.header("location").starts_with("/sign-in?next="));
    let (cookie, form) = (ada.cookie(), ("content-type", "application/x-www-form-urlencoded"));
    for method in ["PUT", "PATCH", "DELETE"] {
        let answer = app.request(method, &url, &[host, form, ("cookie", &cookie)]).await;
        answer.assert_page(405, "This address takes something else");
        assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    }
    let query = url.split_once('?').unwrap().1.as_bytes().to_vec();
    assert_eq!(ada.post_raw(AUTHORIZE, query, &[form]).await.status, 303);
    assert_eq!(app.database().dump(), before);
}

async fn no_header_changes_where_anything_leads(app: App) {
    let client = app.client(REDIRECT).await;
    let mut ada = app.person("ada").await;
    client.connect(&mut ada, &[]).await;
    let cookie = ada.cookie();
    let url = client.authorize_url(&[]);
    let before = app.database().dump();
    let moved = app.get(&url, &[("host", OTHER_PLACE), ("cookie", &cookie)]).await;
    moved.assert_redirect(&format!("http://localhost:4600{url}"));
    let path = "/authorize?request=//evil.example/";
    let moved = app.get(path, &[("host", OTHER_PLACE), ("cookie", &cookie)]).await;
    moved.assert_redirect(&format!("http://localhost:4600{path}"));
    let question = client.question(&mut ada, &[("prompt", "consent")]).await;
    let token = ada.form_token().await;
    let body = crate::support::urlencoded(&[
        ("form_token", &token),
        ("request", &question),
        ("decision", "allow"),
    ]);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let headers = [("host", OTHER_PLACE), ("cookie", &cookie), form];
    let answer = app.post_bytes("/authorize", body.into_bytes(), &headers).await;
    answer.assert_page(400, "This is not the address of this server");
    assert_eq!(app.database().dump(), before);
    let headers = [
        ("host", app.host()),
        ("cookie", &cookie),
        ("x-forwarded-host", OTHER_PLACE),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
    ];
    let sent = app.get(&url, &headers).await;
    let place = sent.header("location");
    assert!(place.starts_with(&format!("{REDIRECT}?code=")), "{place}");
    assert_eq!(parameter(place, "iss").as_deref(), Some("http://localhost:4600/api/auth"));
}

/// With 307 or 308 a browser would send the form, password and all, to where it is led (RFC 9700 §4.12).
async fn no_redirect_takes_a_form_along(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let sealed = client.question(&mut ada, &[]).await;
    let answers = [
        ada.post("/authorize", &[("request", &sealed), ("decision", "allow")]).await,
        app.browser().sign_in("ada@example.com", PASSWORD).await,
        app.browser().sign_up("bob@example.com").await,
        ada.post("/sign-out", &[]).await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 303, "{answer:?}");
    }
    // Under another name of this host too.
    let form = ("content-type", "application/x-www-form-urlencoded");
    for path in ["/sign-in", "/sign-up", "/authorize", "/settings/api-keys"] {
        let body = b"email=ada%40example.com&password=secret".to_vec();
        let answer = app.post_bytes(path, body, &[form, ("host", "other.example")]).await;
        assert!(!matches!(answer.status, 307 | 308), "{answer:?}");
    }
}

/// A proxy could go by the one and we by the other.
async fn two_hosts_are_one_too_many(app: App) {
    let client = app.client(REDIRECT).await;
    for path in [client.authorize_url(&[]).as_str(), "/sign-in", "/api/v1/account", "/api/mcp"] {
        for hosts in [[app.host(), OTHER_PLACE], [OTHER_PLACE, app.host()], [app.host(); 2]] {
            let answer = app.get(path, &hosts.map(|host| ("host", host))).await;
            assert_eq!(answer.error(), "400 BAD_REQUEST", "{path} {hosts:?}");
        }
    }
}

async fn a_host_that_is_none_is_refused(app: App) {
    for host in
        ["a b", "localhost:4600, evil.example", "ada@localhost:4600", "a/b", "localhost:46x"]
    {
        let answer = app.get("/api/v1/account", &[("host", host)]).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{host}");
    }
    for host in ["", "localhost", "[::1]:4600", OTHER_PLACE] {
        let answer = app.get("/api/v1/account", &[("host", host)]).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{host}");
    }
}

/// From the page of an app: without our cookie, and then with it.
async fn a_request_may_be_posted(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let url = client.authorize_url(&[("state", "x y&z")]);
    let (path, fields) = url.split_once('?').unwrap();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let elsewhere = [form, ("origin", "https://app.example")];
    let sent = app.browser().post_raw(path, fields.as_bytes().to_vec(), &elsewhere).await;
    sent.assert_redirect(&url);
    assert_eq!(sent.header("access-control-allow-origin"), "", "it reads a cookie");
    let asked = ada.get(sent.header("location")).await;
    assert!(asked.header("location").starts_with("/authorize?request="), "{asked:?}");
    for (body, status) in [
        (b"state=\r\nset-cookie: a=b".to_vec(), 400),
        (b"state=a#b".to_vec(), 400),
        (vec![0xff], 400),
        (vec![b'a'; 20_000], 413),
    ] {
        assert_eq!(ada.post_raw(path, body, &[form]).await.status, status);
    }
    let json = ("content-type", "application/json");
    assert_eq!(ada.post_raw(path, b"{}".to_vec(), &[json]).await.status, 415);
}
