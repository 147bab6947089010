//! Apps that somebody owns: made on the page, by the operator, and managed by RFC 7592.

use std::time::Duration;

use bloom_service::rate_limit::RateLimits;
use serde_json::{Value, json};

use crate::api_keys_by_credential::{EVERYTHING, send};
use crate::support::oauth::{OAuthClient, REDIRECT, TOKEN, Tokens, claims, parameter};
use crate::support::own_app::{DEVELOPER, OwnApp, fields, manage};
use crate::support::{App, Browser, at_once, on_both};

on_both!(
    an_app_is_made_and_its_secrets_are_shown_once,
    what_is_wrong_with_an_app_is_said_beside_it,
    a_page_of_before_takes_no_change_back,
    an_app_of_somebody_else_is_not_found,
    an_owner_changes_what_it_is_and_people_are_asked_anew,
    another_secret_leaves_the_owners_question_open,
    what_the_operator_vouched_for_is_not_what_an_app_becomes,
    an_app_that_is_switched_off_gets_nothing,
    an_app_that_acts_for_people_no_longer_lets_nobody_in,
    a_deleted_app_is_gone_for_everybody,
    a_deleted_app_redeems_no_code,
    keys_that_an_app_made_end_with_it,
    there_are_only_so_many_apps_of_one_account,
    an_owned_client_is_managed_by_its_token,
    somebody_elses_client_is_refused_like_a_missing_one,
    what_cannot_be_chosen_is_refused,
    changes_at_once_leave_one_of_them,
    keys_that_an_app_makes_while_it_goes_are_in_nobodys_way,
    a_database_dump_holds_no_secret_of_an_app,
);

async fn an_app_is_made_and_its_secrets_are_shown_once(app: App) {
    let mut ada = app.person("ada").await;
    assert!(ada.get(DEVELOPER).await.text().contains("No app yet"));
    let own = ada.create_app(&[]).await;
    assert!(own.secret.starts_with("bloom_cs_") && own.secret.len() == 41, "{}", own.secret);
    assert!(own.management.starts_with("bloom_rat_"), "{}", own.management);
    let page = ada.get(&own.page()).await;
    page.assert_page(200, "<bdi>Pressroom</bdi>");
    for shown in [&own.secret, &own.management] {
        assert!(!page.text().contains(shown.as_str()), "only once");
    }
    assert!(ada.get(DEVELOPER).await.text().contains(&own.id));
    // A public one has no secret, and still its token.
    let public = ada.create_app(&[("method", "none"), ("acts-alone", "")]).await;
    assert!(public.secret.is_empty() && !public.management.is_empty());
    let tokens = public.for_people().connect(&mut ada, &[]).await;
    assert!(app.is_good(&tokens.access).await);
    assert_eq!(ada.post(&public.form("secret"), &[]).await.status, 404, "there is none to replace");
    app.browser().get(DEVELOPER).await.assert_sign_in_first("/settings/developer");
}

async fn what_is_wrong_with_an_app_is_said_beside_it(app: App) {
    let mut ada = app.person("ada").await;
    let before = app.database().dump();
    let many = "https://a.example/cb\n".repeat(21);
    for (changes, field, text) in [
        (vec![("name", "")], "client-name", "Give it a name, so that people know what they allow."),
        (vec![("redirect-uris", "https://a.example/*")], "redirect-uris", "https://a.example/*: "),
        (vec![("redirect-uris", "http://a.example/cb")], "redirect-uris", "http://a.example/cb: "),
        (vec![("redirect-uris", "")], "redirect-uris", "Give at least one: there people are sent"),
        (vec![("redirect-uris", &many)], "redirect-uris", "These are 21. An app may have 20."),
        (vec![("acts-for-people", ""), ("acts-alone", "")], "acts-for-people", "Choose whether it"),
        (vec![("method", "none")], "method-basic", "By itself it can act only with a secret"),
        (vec![("workspaces", "some")], "workspaces-some", "Choose at least one workspace"),
    ] {
        let page = ada.post(DEVELOPER, &fields(&changes)).await;
        assert_eq!(page.status, 422, "{changes:?}");
        let error = page.between(&format!("id=\"{field}-error\""), "</p>").unwrap_or_default();
        assert!(error.contains(text), "{changes:?}: {page:?}");
        assert!(page.text().contains(&format!("<a href=\"#{field}\">")), "{changes:?}: {page:?}");
    }
    // What no form of ours sends is refused as a whole.
    let page = ada.post(DEVELOPER, &fields(&[("method", "private_key_jwt")])).await;
    assert_eq!(page.status, 422);
    assert!(page.text().contains("It cannot be like that"), "{page:?}");
    assert_eq!(app.database().dump(), before);
    let both = format!("{REDIRECT}\r\ncom.example.app:/cb\n");
    let own = ada.create_app(&[("redirect-uris", &both)]).await;
    let uris = own.manage("GET", None).await.json()["redirect_uris"].clone();
    assert_eq!(uris, json!([REDIRECT, "com.example.app:/cb"]));
    let alone = ada.create_app(&[("redirect-uris", ""), ("acts-for-people", "")]).await;
    assert_eq!(alone.act("").await.status, 200);
}

async fn a_page_of_before_takes_no_change_back(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let stale = ada.seen(&own.page()).await.expect("a form");
    ada.post(&own.page(), &fields(&[("name", "Newsroom")])).await;
    let before = app.database().dump();
    let late = fields(&[("redirect-uris", "https://late.example/cb"), ("seen", &stale)]);
    let refused = ada.post(&own.page(), &late).await;
    refused.assert_page(409, "<bdi>Newsroom</bdi>");
    assert!(refused.text().contains("It was changed since you opened this page"), "{refused:?}");
    assert!(refused.text().contains("https://late.example/cb"), "what was typed is kept");
    assert_eq!(app.database().dump(), before);
}

async fn an_app_of_somebody_else_is_not_found(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let own = ada.create_app(&[]).await;
    let anonymous = app.client(REDIRECT).await;
    let before = app.database().dump();
    for id in [&own.id, &anonymous.id, "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d", "x"] {
        let at = format!("{DEVELOPER}/{id}");
        eve.get(&at).await.assert_page(404, "Page not found");
        for form in ["", "/secret", "/token", "/switch", "/delete"] {
            let fields = [fields(&[]), vec![("to", "off")]].concat();
            let answer = eve.post(&format!("{at}{form}"), &fields).await;
            answer.assert_page(404, "It is not there any more");
        }
    }
    assert_eq!(app.database().dump(), before);
    let stale = ada.post_as_is(&own.form("delete"), &[("form_token", "x")], &[]).await;
    assert_eq!(stale.status, 403, "a form of another site");
    assert!(app.is_good(&own.acting().await).await);
}

async fn an_owner_changes_what_it_is_and_people_are_asked_anew(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let own = ada.create_app(&[("scope-read", "on")]).await;
    let client = own.for_people();
    let allow = async |browser: &mut Browser| {
        let code = client.code(browser, &[]).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", crate::support::oauth::VERIFIER),
        ];
        Tokens::of(&own.send(TOKEN, &fields).await)
    };
    let tokens = allow(&mut bob).await;
    let sent = client.sent_to(&mut bob, &[]).await;
    assert!(parameter(&sent, "code").is_some(), "consent is remembered: {sent}");
    let acting = own.acting().await;
    assert_eq!(claims(&acting)["scope"], "read");

    let changes = [("name", "Newsroom"), ("scope-read", "on"), ("scope-write", "on")];
    ada.post(&own.page(), &fields(&changes))
        .await
        .assert_redirect(&format!("{}?saved=1", own.page()));
    assert!(!app.is_good(&acting).await, "what it did by itself ends with the change");
    assert_eq!(claims(&own.acting().await)["scope"], "read write");
    assert!(app.is_good(&tokens.access).await, "what people gave stays as it was given");
    let sent = client.sent_to(&mut bob, &[("scope", "read")]).await;
    assert!(sent.starts_with("/authorize?request="), "another name is asked about: {sent}");
    let tokens = allow(&mut bob).await;
    assert!(app.is_good(&tokens.access).await);
    let sent = client.sent_to(&mut bob, &[]).await;
    assert!(parameter(&sent, "code").is_some(), "{sent}");
    let page = bob.get("/settings").await;
    assert!(page.text().contains("Newsroom"), "{page:?}");

    // A question that was put before a change is not answered by a yes after it.
    let question = client.question(&mut ada, &[]).await;
    ada.post(&own.page(), &fields(&[("name", "Third")])).await;
    let fields = [("request", question.as_str()), ("decision", "allow")];
    ada.post("/authorize", &fields).await.assert_page(400, "This request has expired");
}

async fn what_the_operator_vouched_for_is_not_what_an_app_becomes(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let (client, operator) = (own.for_people(), app.operator());
    let is_verified = async |browser: &mut Browser, client: &OAuthClient| {
        let page = client.consent_page(browser, &[("prompt", "consent")]).await;
        page.text().contains(">Verified</span>")
    };
    let id = bloom_service::clients::list(app.service(), &operator).await.unwrap()[0].id;
    bloom_service::clients::verify(app.service(), &operator, id).await.unwrap();
    assert!(is_verified(&mut ada, &client).await);
    // Saved as it is, it is what it was.
    ada.post(&own.page(), &fields(&[])).await;
    assert!(is_verified(&mut ada, &client).await);
    let elsewhere = "https://elsewhere.example/cb";
    for (name, redirect_uri) in [("Another", REDIRECT), ("Pressroom", elsewhere)] {
        bloom_service::clients::verify(app.service(), &operator, id).await.unwrap();
        let body =
            json!({ "client_id": own.id, "client_name": name, "redirect_uris": [redirect_uri] });
        assert_eq!(own.manage("PUT", Some(&body)).await.status, 200);
        let client = OAuthClient { redirect_uri: redirect_uri.to_owned(), ..client.clone() };
        assert!(!is_verified(&mut ada, &client).await, "{name} at {redirect_uri}");
    }
}

/// What the app did by itself ends; what its owner is asked as a person is another matter.
async fn another_secret_leaves_the_owners_question_open(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let client = own.for_people();
    let acting = own.acting().await;
    let question = client.question(&mut ada, &[]).await;
    app.advance(Duration::from_secs(1));
    let page = ada.post(&own.form("secret"), &[]).await;
    let secret = page.between("<code id=\"client-secret\">", "<").unwrap().to_owned();
    let own = OwnApp { secret, ..own };
    assert!(!app.is_good(&acting).await, "what it did by itself has ended");
    let yes = [("request", question.as_str()), ("decision", "allow")];
    let place = ada.post("/authorize", &yes).await.header("location").to_owned();
    let code = parameter(&place, "code").unwrap_or_else(|| panic!("no code: {place}"));
    Tokens::of(&own.redeem(&code).await);
}

async fn an_app_that_is_switched_off_gets_nothing(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let own = ada.create_app(&[]).await;
    let client = own.for_people();
    let code = client.code(&mut bob, &[]).await;
    let redeem = async |code: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", crate::support::oauth::VERIFIER),
        ];
        own.send(TOKEN, &fields).await
    };
    let tokens = Tokens::of(&redeem(&code).await);
    let again = [("prompt", "consent")];
    let (acting, unspent) = (own.acting().await, client.code(&mut bob, &again).await);
    for token in [&tokens.access, &acting] {
        assert!(app.is_good(token).await);
    }
    ada.post(&own.form("switch"), &[("to", "off")]).await;
    for token in [&tokens.access, &acting] {
        assert!(!app.is_good(token).await, "the next request is refused");
        assert_eq!(own.introspect(token).await, json!({ "active": false }));
    }
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
    let refused = [redeem(&unspent).await, own.send(TOKEN, &refresh).await, own.act("").await];
    for answer in refused {
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("unauthorized_client")));
    }
    let page = bob.get(&client.authorize_url(&[])).await;
    page.assert_page(400, "This app is refused here");
    // What the operator refuses, its owner cannot enable.
    client.disable().await;
    ada.post(&own.form("switch"), &[("to", "on")]).await;
    assert!(!app.is_good(&acting).await);
    client.enable().await;
    for token in [&tokens.access, &acting] {
        assert!(app.is_good(token).await, "nothing was lost");
    }
}

async fn an_app_that_acts_for_people_no_longer_lets_nobody_in(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let own = ada.create_app(&[]).await;
    let client = own.for_people();
    let tokens = Tokens::of(&own.redeem(&client.code(&mut bob, &[]).await).await);
    let again = [("prompt", "consent")];
    let unspent = client.code(&mut bob, &again).await;
    let on_its_way = client.sent_to(&mut bob, &again).await;
    // The URI stays registered.
    let saved = ada.post(&own.page(), &fields(&[("acts-for-people", "")])).await;
    saved.assert_redirect(&format!("{}?saved=1", own.page()));
    let refused = |url: &str| {
        assert!(url.starts_with(&format!("{REDIRECT}?error=unauthorized_client&")), "{url}");
    };
    refused(&client.sent_to(&mut bob, &[]).await);
    refused(&client.sent_to(&mut bob, &again).await);
    refused(bob.get(&on_its_way).await.header("location"));
    let page = app.browser().get(&client.authorize_url(&[])).await;
    page.assert_page(400, "This app’s request has a mistake");
    assert!(page.text().contains("unauthorized_client"), "{page:?}");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
    for answer in [own.redeem(&unspent).await, own.send(TOKEN, &refresh).await] {
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.json()["error"], "unauthorized_client");
    }
    assert_eq!(own.introspect(&tokens.refresh).await, json!({ "active": false }));
    own.acting().await;
    // Nothing was spent.
    ada.post(&own.page(), &fields(&[])).await;
    Tokens::of(&own.redeem(&unspent).await);
    Tokens::of(&own.send(TOKEN, &refresh).await);
    // One that may let people in and not refresh.
    let body = json!({
        "client_id": own.id,
        "client_name": "Pressroom",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code"],
    });
    assert_eq!(own.manage("PUT", Some(&body)).await.status, 200);
    assert_eq!(own.send(TOKEN, &refresh).await.json()["error"], "unauthorized_client");
    let code = client.code(&mut bob, &again).await;
    assert!(Tokens::of(&own.redeem(&code).await).refresh.is_empty());
}

async fn a_deleted_app_redeems_no_code(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    for (method, status, error) in
        [("none", 400, "invalid_grant"), ("client_secret_basic", 401, "invalid_client")]
    {
        let own = ada.create_app(&[("method", method), ("acts-alone", "")]).await;
        let client = own.for_people();
        let code = client.code(&mut bob, &[]).await;
        ada.post(&own.form("delete"), &[("confirmed", "Pressroom")]).await;
        let before = app.rows("grants");
        let answer = match method {
            "none" => client.redeem(&code).await,
            _ => own.redeem(&code).await,
        };
        assert_eq!(app.rows("grants"), before, "{method}");
        assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(error)), "{method}");
        assert!(answer.json().get("access_token").is_none(), "{answer:?}");
    }
}

async fn a_deleted_app_is_gone_for_everybody(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let own = ada.create_app(&[("method", "none"), ("acts-alone", "")]).await;
    let client = own.for_people();
    let tokens = client.connect(&mut bob, &[]).await;
    let question = client.question(&mut ada, &[]).await;
    assert!(app.is_good(&tokens.access).await);
    for typed in ["", "Newsroom", "pressroom"] {
        let page = ada.post(&own.form("delete"), &[("confirmed", typed)]).await;
        page.assert_page(422, "<bdi>Pressroom</bdi>");
        assert!(page.text().contains("This is not the name of the app."), "{page:?}");
        assert!(page.text().contains(&format!("value=\"{typed}\"")), "{page:?}");
    }
    assert!(app.is_good(&tokens.access).await);
    let gone = ada.post(&own.form("delete"), &[("confirmed", " Pressroom")]).await;
    gone.assert_redirect(&format!("{DEVELOPER}?deleted=1"));
    assert!(!app.is_good(&tokens.access).await);
    let answer = client.refresh(&tokens.refresh).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_grant")));
    let fields = [("request", question.as_str()), ("decision", "allow")];
    assert_eq!(ada.post("/authorize", &fields).await.status, 400);
    let page = bob.get(&client.authorize_url(&[])).await;
    assert!(page.text().contains("invalid_client"), "{page:?}");
    assert_eq!(own.manage("GET", None).await.status, 401);
    ada.get(&own.page()).await.assert_page(404, "Page not found");
    // The row leaves after its connections.
    for days in [1, 91, 1, 1] {
        app.advance(Duration::from_secs(days * 86_400));
        app.keep_house().await;
    }
    assert!(app.rows("clients").is_empty(), "{:?}", app.rows("clients"));
}

/// Whoever has their secrets is the app, and nobody is asked about them when it goes.
async fn keys_that_an_app_made_end_with_it(app: App) {
    for by in ["its management token", "its owner's page"] {
        let mut ada = app.person(if by.contains("page") { "ada" } else { "amy" }).await;
        let mut bob = app.person(if by.contains("page") { "bob" } else { "ben" }).await;
        let own = ada.create_app(&[("method", "none"), ("acts-alone", "")]).await;
        let client = own.for_people();
        let other = app.client("https://other.example/cb").await;
        let all = [("scope", EVERYTHING)];
        let make = async |credential: &str, scopes: &[&str]| {
            let body = json!({ "name": "made", "scopes": scopes });
            let answer = send(&app, "/api-keys", credential, &body).await.json();
            answer["data"]["secret"].as_str().expect("a secret").to_owned()
        };
        let (hers, his) =
            (client.connect(&mut ada, &all).await, client.connect(&mut bob, &all).await);
        let of_her = make(&hers.access, &["read"]).await;
        let of_him = make(&his.access, &["read", "keys:admin"]).await;
        let by_that = make(&of_him, &["read"]).await;
        let his_own = bob.create_key("his own").await.secret;
        let of_other = make(&other.connect(&mut bob, &all).await.access, &["read"]).await;
        match by {
            "its owner's page" => {
                let answer = ada.post(&own.form("delete"), &[("confirmed", "Pressroom")]).await;
                assert_eq!(answer.status, 303, "{answer:?}");
            }
            _ => assert_eq!(own.manage("DELETE", None).await.status, 204),
        }
        for secret in [&of_her, &of_him, &by_that] {
            assert_eq!(app.account(secret).await.error(), "401 UNAUTHORIZED", "{by}");
        }
        for secret in [&his_own, &of_other] {
            assert_eq!(app.account(secret).await.status, 200, "{by}: it did not come from the app");
        }
        let settings = bob.get("/settings").await;
        let told = "with the app that it came from, which was deleted";
        assert_eq!(settings.text().matches(told).count(), 2, "{by}: {settings:?}");
    }
}

async fn there_are_only_so_many_apps_of_one_account(app: App) {
    let mut ada = app.person("ada").await;
    for _ in 0..20 {
        ada.create_app(&[]).await;
    }
    let browser = ada.clone();
    let statuses = at_once(12, move |_| {
        let mut ada = browser.clone();
        async move { ada.post(DEVELOPER, &fields(&[])).await.status }
    })
    .await;
    let made = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!((made, app.rows("clients").len()), (5, 25), "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
}

async fn an_owned_client_is_managed_by_its_token(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let answer = own.manage("GET", None).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let there = answer.json();
    let uri = format!("http://localhost:4600/api/auth/oauth2/register/{}", own.id);
    assert_eq!(there["registration_client_uri"], json!(uri));
    assert_eq!(there["registration_access_token"], json!(own.management));
    assert_eq!((&there["client_id"], &there["client_name"]), (&json!(own.id), &json!("Pressroom")));
    assert!(there.get("client_secret").is_none(), "nobody knows it any more");
    assert!(there.as_object().unwrap().values().all(|value| !value.is_null()), "{there}");

    let acting = own.acting().await;
    let mut wanted = json!({
        "client_id": own.id,
        "client_name": "Newsroom",
        "redirect_uris": ["https://news.example/cb"],
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code", "client_credentials"],
        "scope": "read",
    });
    let changed = own.manage("PUT", Some(&wanted)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&changed.json()[name], value, "{name}");
    }
    assert!(changed.json().get("client_secret").is_none(), "it keeps the one that it has");
    assert!(!app.is_good(&acting).await);
    assert_eq!(claims(&own.acting().await)["scope"], "read");
    let old = own.for_people();
    ada.get(&old.authorize_url(&[]))
        .await
        .assert_page(400, "This app’s request cannot be answered");

    // To public, and back with a new secret, which is there this once.
    wanted["token_endpoint_auth_method"] = json!("none");
    wanted["grant_types"] = json!(["authorization_code"]);
    assert_eq!(own.manage("PUT", Some(&wanted)).await.status, 200);
    wanted["token_endpoint_auth_method"] = json!("client_secret_basic");
    let again = own.manage("PUT", Some(&wanted)).await.json();
    assert_eq!(again["client_secret_expires_at"], 0);
    assert_eq!(own.act("").await.status, 401, "the old one is gone");
    let secret = again["client_secret"].as_str().unwrap().to_owned();
    let renewed = OwnApp { secret, ..own.clone() };
    // It acts by itself again once its owner says so, and not because it does.
    wanted["grant_types"] = json!(["authorization_code", "client_credentials"]);
    let refused = own.manage("PUT", Some(&wanted)).await;
    assert_eq!(refused.json()["error"], "invalid_client_metadata", "{refused:?}");
    assert_eq!(renewed.act("").await.json()["error"], "unauthorized_client");
    ada.post(&own.page(), &fields(&[("scope-read", "on")])).await;
    assert_eq!(renewed.act("").await.status, 200);
    // Nor with more than it has.
    wanted["scope"] = json!("read keys:admin");
    let refused = own.manage("PUT", Some(&wanted)).await;
    assert_eq!(refused.json()["error"], "invalid_client_metadata", "{refused:?}");
    assert_eq!(claims(&renewed.acting().await)["scope"], "read");

    // A token that was replaced manages nothing.
    let page = ada.post(&own.form("token"), &[]).await;
    let newer = OwnApp { management: OwnApp::shown(&app, &page).management, ..renewed };
    assert_eq!(own.manage("GET", None).await.status, 401);
    assert_eq!(newer.manage("DELETE", None).await.status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(newer.manage(method, None).await.status, 401, "{method}");
    }
    assert_eq!(newer.act("").await.status, 401);
}

async fn somebody_elses_client_is_refused_like_a_missing_one(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let (own, eves) = (ada.create_app(&[]).await, eve.create_app(&[]).await);
    let anonymous = app.client(REDIRECT).await;
    let tokens = anonymous.connect(&mut eve, &[]).await;
    let nobody = "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d".to_owned();
    let before = app.database().dump();
    let body = json!({ "client_id": own.id, "redirect_uris": ["https://evil.example/cb"] });
    let missing = manage(&app, "GET", &nobody, &eves.management, None).await;
    for id in [own.id.clone(), anonymous.id.clone(), nobody, own.id.to_uppercase(), "%ff".into()] {
        for token in [&eves.management, &own.secret, &tokens.access, "x", "bloom_rat_x"] {
            for (method, body) in [("GET", None), ("PUT", Some(&body)), ("DELETE", None)] {
                let answer = manage(&app, method, &id, token, body).await;
                assert_eq!(answer.summary(), missing.summary(), "{method} {id} {token}");
                let challenge = answer.header("www-authenticate");
                assert_eq!(challenge, missing.header("www-authenticate"));
            }
        }
    }
    assert_eq!(missing.status, 401);
    let path = format!("/api/auth/oauth2/register/{}", own.id);
    assert_eq!(app.request("GET", &path, &[]).await.status, 401, "without a token");
    assert_eq!(app.request("POST", &path, &[]).await.status, 405);
    assert_eq!(app.database().dump(), before);
    // The token of a suspended owner manages nothing.
    app.ban("ada@example.com").await;
    assert_eq!(own.manage("GET", None).await.status, 401);
    assert_eq!(own.manage("DELETE", None).await.status, 401);
    app.unban("ada@example.com").await;
    assert_eq!(own.manage("GET", None).await.status, 200);
}

async fn what_cannot_be_chosen_is_refused(app: App) {
    let mut ada = app.person("ada").await;
    let (own, other) = (ada.create_app(&[]).await, ada.create_app(&[]).await);
    let before = app.database().dump();
    let good = json!({ "client_id": own.id, "redirect_uris": [REDIRECT] });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for body in [
        json!({ "redirect_uris": [REDIRECT] }),
        with("client_id", json!("another")),
        with("client_secret", json!("mine")),
        with("client_secret", json!(other.secret)),
        with("client_secret", json!(own.management)),
        with("client_secret", json!([own.secret])),
        with("client_secret", Value::Null),
        with("registration_access_token", json!("mine")),
        with("registration_client_uri", json!("https://evil.example")),
        with("client_secret_expires_at", json!(1)),
        with("client_id_issued_at", json!(1)),
        with("token_endpoint_auth_method", json!("private_key_jwt")),
        with("grant_types", json!(["password"])),
        with("redirect_uris", json!(["javascript:alert(1)"])),
        json!([]),
    ] {
        let answer = own.manage("PUT", Some(&body)).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
    }
    // Privileges are no members of the metadata.
    let mut privileged = with("owner_id", json!("x"));
    privileged["verified"] = json!(true);
    privileged["disabled"] = json!(false);
    assert_eq!(app.database().dump(), before);
    let answer = own.manage("PUT", Some(&privileged)).await;
    assert!(answer.status == 200 && answer.json().get("verified").is_none(), "{answer:?}");
    // The secret that it has may be repeated (RFC 7592 §2.2), and stays.
    let answer = own.manage("PUT", Some(&with("client_secret", json!(own.secret)))).await;
    assert!(answer.status == 200 && answer.json().get("client_secret").is_none(), "{answer:?}");
    // It acts by itself no more, until its owner says so.
    let mut alone = with("client_secret", json!(own.secret));
    alone["grant_types"] = json!(["client_credentials"]);
    assert_eq!(own.manage("PUT", Some(&alone)).await.status, 400);
    ada.post(&own.page(), &fields(&[])).await;
    alone["grant_types"] = json!(["client_credentials"]);
    assert_eq!(own.manage("PUT", Some(&alone)).await.status, 200);
    own.acting().await;
}

/// Many change one client at once, and one deletes it: what is left is one of them, or nothing.
async fn changes_at_once_leave_one_of_them(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let managed = own.clone();
    at_once(8, move |number| {
        let own = managed.clone();
        async move {
            let body = json!({
                "client_id": own.id,
                "client_name": format!("App {number}"),
                "redirect_uris": [format!("https://app{number}.example/cb")],
                "grant_types": ["authorization_code", "client_credentials"],
            });
            assert_eq!(own.manage("PUT", Some(&body)).await.status, 200);
            own.act("").await.status
        }
    })
    .await;
    let there = own.manage("GET", None).await.json();
    let number = there["client_name"].as_str().unwrap().strip_prefix("App ").unwrap().to_owned();
    assert_eq!(there["redirect_uris"], json!([format!("https://app{number}.example/cb")]));
    let racing = own.clone();
    let outcomes = at_once(8, move |number| {
        let own = racing.clone();
        async move {
            if number == 3 {
                return own.manage("DELETE", None).await.status;
            }
            own.act("").await.status
        }
    })
    .await;
    assert!(outcomes.iter().all(|status| matches!(status, 200 | 204 | 400 | 401)), "{outcomes:?}");
    assert_eq!(own.act("").await.status, 401);
    let alive =
        app.rows("connections").iter().filter(|row| row.contains("revoked_at=NULL")).count();
    assert_eq!(alive, 0, "{:?}", app.rows("connections"));
}

async fn a_database_dump_holds_no_secret_of_an_app(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let token = own.acting().await;
    let dump = app.database().dump();
    for secret in [&own.secret[9..], &own.management[10..], &token] {
        assert!(!dump.contains(secret));
    }
    // And the digest of one kind of secret is none of the other.
    assert_eq!(manage(&app, "GET", &own.id, &own.secret, None).await.status, 401);
    let swapped = OwnApp { secret: own.management.clone(), ..own };
    assert_eq!(swapped.act("").await.status, 401);
}

/// Whoever deletes an app ends the connections of all who let it in, each of which may be making a key at that
/// moment. Both take client, connection and grant in one order, so nobody waits for somebody who waits for them.
async fn keys_that_an_app_makes_while_it_goes_are_in_nobodys_way(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    let mut people = Vec::new();
    for name in ["bob", "carol", "dave", "eve", "frank"] {
        people.push(app.person(name).await);
    }
    for round in 0..8 {
        let own = ada.create_app(&[("method", "none"), ("acts-alone", "")]).await;
        let client = own.for_people();
        let mut tokens = Vec::new();
        for person in &mut people {
            tokens.push(client.connect(person, &[("scope", EVERYTHING)]).await.access);
        }
        let statuses = at_once(3 * tokens.len() + 1, |n| {
            let (app, mut ada, delete) = (app.clone(), ada.clone(), own.form("delete"));
            let token = tokens[n % tokens.len()].clone();
            async move {
                if n == 7 {
                    let answer = ada.post(&delete, &[("confirmed", "Pressroom")]).await;
                    return (answer.status == 303, answer.status);
                }
                let answer = send(&app, "/api-keys", &token, &json!({ "name": "x" })).await;
                (matches!(answer.status, 201 | 401), answer.status)
            }
        });
        let statuses = statuses.await;
        assert!(statuses.iter().all(|(is_told, _)| *is_told), "{round}: {statuses:?}");
        for token in &tokens {
            let answer = send(&app, "/api-keys", token, &json!({ "name": "x" })).await;
            assert_eq!(answer.error(), "401 UNAUTHORIZED", "{round}");
        }
    }
}
