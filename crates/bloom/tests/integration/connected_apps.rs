//! Connected apps: what a person sees of the apps they have let in, and how they take that back.

use std::time::Duration;

use serde_json::json;

use crate::support::oauth::{OAuthClient, REDIRECT, parameter};
use crate::support::{Answer, App, Browser, PASSWORD, on_both};

on_both!(
    the_list_tells_app_host_access_and_last_use,
    an_app_is_verified_only_where_every_place_is,
    the_list_tells_where_an_app_may_act,
    a_connection_of_somebody_else_is_not_found,
    to_revoke_twice_is_no_error,
    an_app_that_the_operator_refuses_is_shown_as_that,
    a_revoked_app_is_shown_as_that_for_ninety_days,
    keys_have_nothing_to_do_with_apps,
    signing_out_ends_nothing_of_an_app,
    a_suspension_stops_apps_and_ends_none,
    the_form_is_one_of_ours,
);

const ACCOUNT: &str = "/api/v1/account";

/// The part of the settings about apps.
async fn apps(browser: &mut Browser) -> String {
    let page = browser.get("/settings").await;
    page.assert_page(200, "Settings");
    page.between("id=\"apps\"", "</section>").expect("the apps").to_owned()
}

/// The id of the newest connection in force.
async fn connection(browser: &mut Browser) -> String {
    let apps = apps(browser).await;
    let rest = apps.split_once("action=\"/settings/apps/").expect("a form").1;
    rest.split_once("/revoke\"").expect("a form").0.to_owned()
}

async fn revoke(browser: &mut Browser, id: &str) -> Answer {
    browser.post(&format!("/settings/apps/{id}/revoke"), &[]).await
}

async fn named(app: &App, name: &str, redirect_uri: &str) -> OAuthClient {
    app.client_with(json!({ "redirect_uris": [redirect_uri], "client_name": name })).await
}

async fn an_app_that_the_operator_refuses_is_shown_as_that(app: App) {
    let mut ada = app.person("ada").await;
    let client = named(&app, "Site", "https://app.example/cb").await;
    let token = client.connect(&mut ada, &[]).await.access;
    client.disable().await;
    let list = apps(&mut ada).await;
    assert!(list.contains(">Refused<") && !list.contains(">Allowed<"), "{list}");
    let answer = app.get_as(ACCOUNT, &token).await;
    assert_eq!(answer.error(), "401 UNAUTHORIZED");
    assert!(answer.text().contains("The operator of this server refuses the app"), "{answer:?}");
    client.enable().await;
    assert!(apps(&mut ada).await.contains(">Allowed<"));
    assert_eq!(app.get_as(ACCOUNT, &token).await.status, 200);
    // To revoke it is the person's choice in any case.
    client.disable().await;
    let id = connection(&mut ada).await;
    assert_eq!(revoke(&mut ada, &id).await.status, 303);
    client.enable().await;
    assert_eq!(app.get_as(ACCOUNT, &token).await.status, 401);
}

async fn the_list_tells_app_host_access_and_last_use(app: App) {
    let mut ada = app.person("ada").await;
    assert!(apps(&mut ada).await.contains("No apps yet"));
    let site = named(&app, "Site", "https://app.example:8443/cb").await;
    site.connect(&mut ada, &[("scope", "read generate")]).await;
    let list = apps(&mut ada).await;
    for text in ["<bdi>Site</bdi>", "<bdi>app.example:8443</bdi>", "read, generate", "Never"] {
        assert!(list.contains(text), "{text}: {list}");
    }
    assert!(!list.contains("keys:admin") && !list.contains("write"), "{list}");
    let device = named(&app, "Device", "http://127.0.0.1/cb").await;
    app.advance(Duration::from_secs(1));
    let tokens = device.connect(&mut ada, &[]).await;
    let list = apps(&mut ada).await;
    for text in
        ["An app on this device that calls itself “<bdi>Device</bdi>”", "Everything but API keys"]
    {
        assert!(list.contains(text), "{text}: {list}");
    }
    assert!(list.find("Device") < list.find("Site"), "the newest is first: {list}");
    assert_eq!(app.get_as("/api/v1/credits", &tokens.access).await.status, 200);
    app.advance(Duration::from_secs(4 * 60));
    let list = apps(&mut ada).await;
    for text in ["192.0.2.7", "<code>credits.get</code>", "4 minutes ago"] {
        assert!(list.contains(text), "{text}: {list}");
    }
    assert!(!apps(&mut app.person("bob").await).await.contains("Site"), "it is ada's own list");
}

/// One app that came to a site of its own and to the device, which anything there can catch.
async fn an_app_is_verified_only_where_every_place_is(app: App) {
    let mut ada = app.person("ada").await;
    let (site, device) = ("https://app.example/cb", "http://127.0.0.1/cb");
    let client = app.client_with(json!({ "redirect_uris": [site, device] })).await;
    let operator = app.operator();
    let id = client.id.parse().expect("an id");
    bloom_service::clients::verify(app.service(), &operator, id).await.unwrap();
    client.connect(&mut ada, &[("scope", "read")]).await;
    let list = apps(&mut ada).await;
    let badge = "<bdi>app.example</bdi> <span class=\"badge badge-good\">Verified</span>";
    assert!(list.contains(badge) && !list.contains("unverified app"), "{list}");
    client.code_at(&mut ada, device, "read").await;
    let list = apps(&mut ada).await;
    let told = "<bdi>app.example</bdi> and an app on this device, unverified app";
    assert!(list.contains(told) && !list.contains(">Verified<"), "{list}");
    // One that came to the device only.
    let device = named(&app, "Device", device).await;
    device.connect(&mut ada, &[]).await;
    assert!(apps(&mut ada).await.contains("<dt>Host</dt><dd>This device</dd>"));
}

async fn the_list_tells_where_an_app_may_act(app: App) {
    let mut ada = app.person("ada").await;
    let team = crate::teams::team(&mut ada, "Engines").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    assert!(!apps(&mut ada).await.contains("<dt>Only in</dt>"), "it may act in all of them");
    let sealed = client.question(&mut ada, &[("prompt", "consent")]).await;
    let chosen = format!("workspace-{team}");
    let fields = [
        ("request", sealed.as_str()),
        ("decision", "allow"),
        ("workspaces", "some"),
        (chosen.as_str(), "on"),
    ];
    assert_eq!(ada.post("/authorize", &fields).await.status, 303);
    let list = apps(&mut ada).await;
    assert!(list.contains("<dt>Only in</dt><dd><bdi>Engines</bdi></dd>"), "{list}");
}

async fn a_connection_of_somebody_else_is_not_found(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    client.connect(&mut eve, &[]).await;
    let id = connection(&mut ada).await;
    let before = app.database().dump();
    let missing = revoke(&mut eve, "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6b").await;
    missing.assert_page(404, "It is not there any more");
    let (shouted, bare) = (id.to_uppercase(), id.replace('-', ""));
    for foreign in
        [id.as_str(), &shouted, &bare, "x", "%ff", "..%2f", "' OR 1=1".replace(' ', "%20").as_str()]
    {
        let answer = revoke(&mut eve, foreign).await;
        assert_eq!((answer.status, answer.text().len()), (404, missing.text().len()), "{foreign}");
    }
    // Nor is it named in a notice.
    let page = eve.get(&format!("/settings?disconnected={id}")).await;
    assert!(!page.text().contains("can no longer act as you"), "{page:?}");
    let page = ada.get(&format!("/settings?disconnected={id}")).await;
    assert!(!page.text().contains("can no longer act as you"), "it still can: {page:?}");
    revoke(&mut app.browser(), &id).await.assert_page(401, "You are signed out");
    assert_eq!(app.database().dump(), before);
    assert_eq!(app.get_as(ACCOUNT, &tokens.access).await.status, 200);
}

async fn to_revoke_twice_is_no_error(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let id = connection(&mut ada).await;
    let after = format!("/settings?disconnected={id}#apps");
    revoke(&mut ada, &id).await.assert_redirect(&after);
    let before = app.database().dump();
    app.advance(Duration::from_secs(60));
    revoke(&mut ada, &id).await.assert_redirect(&after);
    assert_eq!(app.database().dump(), before, "when it was revoked stays what it was");
    // And it is no way to end the connection that came after.
    let again = client.connect(&mut ada, &[]).await;
    revoke(&mut ada, &id).await.assert_redirect(&after);
    assert_eq!(app.get_as(ACCOUNT, &again.access).await.status, 200);
}

async fn a_revoked_app_is_shown_as_that_for_ninety_days(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let id = connection(&mut ada).await;
    revoke(&mut ada, &id).await;
    let page = ada.get(&format!("/settings?disconnected={id}")).await;
    assert!(page.text().contains("“Example App” can no longer act as you."), "{page:?}");
    let list = apps(&mut ada).await;
    assert!(list.contains("Example App") && list.contains("Revoked"), "{list}");
    assert!(!list.contains("<form"), "there is nothing left to revoke: {list}");
    // Its grants leave first, then it, then the app that nobody has let in.
    let day = Duration::from_secs(86_400);
    for (days, left) in [(89, 1), (1, 0)] {
        app.advance(days * day);
        app.keep_house().await;
        app.keep_house().await;
        assert_eq!(app.rows("connections").len(), left);
    }
    assert!(app.rows("clients").is_empty());
    let mut ada = app.browser();
    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    assert!(apps(&mut ada).await.contains("No apps yet"));
}

async fn keys_have_nothing_to_do_with_apps(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    let keys = async |ada: &mut Browser| {
        let page = ada.get("/settings").await;
        let (text, end) = (page.without_token(), "id=\"apps\"");
        let keys = text.split_once("id=\"api-keys\"").and_then(|(_, rest)| rest.split_once(end));
        keys.expect("the keys").0.to_owned()
    };
    let before = keys(&mut ada).await;
    assert!(before.contains("ci") && !before.contains("Example App"), "{before}");
    let id = connection(&mut ada).await;
    // Neither is the other's id.
    revoke(&mut ada, &key.id).await.assert_page(404, "It is not there any more");
    let page = ada.post(&format!("/settings/api-keys/{id}/revoke"), &[]).await;
    page.assert_page(404, "It is not there any more");
    assert_eq!(app.get_as(ACCOUNT, &tokens.access).await.status, 200);
    revoke(&mut ada, &id).await;
    assert_eq!(app.get_as(ACCOUNT, &tokens.access).await.error(), "401 UNAUTHORIZED");
    assert_eq!(keys(&mut ada).await, before);
    assert_eq!(app.account(&key.secret).await.status, 200);
    let again = client.connect(&mut ada, &[]).await;
    ada.revoke_key(&key).await;
    assert_eq!(app.get_as(ACCOUNT, &again.access).await.status, 200);
}

async fn signing_out_ends_nothing_of_an_app(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    ada.post("/sign-out", &[]).await.assert_redirect("/sign-in");
    let redeemed = client.redeem(&code).await;
    assert_eq!(redeemed.status, 200, "{redeemed:?}");
    let tokens = crate::support::oauth::Tokens::of(&redeemed);
    assert_eq!(app.get_as(ACCOUNT, &tokens.access).await.status, 200);
    assert_eq!(client.refresh(&tokens.refresh).await.status, 200);
    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    assert!(
        parameter(&client.sent_to(&mut ada, &[]).await, "code").is_some(),
        "it is still let in"
    );
}

async fn a_suspension_stops_apps_and_ends_none(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    let id = connection(&mut ada).await;
    assert_eq!(app.get_as(ACCOUNT, &tokens.access).await.status, 200);
    app.ban(ada.email()).await;
    let before = app.database().dump();
    assert_eq!(app.get_as(ACCOUNT, &tokens.access).await.status, 403);
    assert_eq!(client.refresh(&tokens.refresh).await.json()["error"], "invalid_grant");
    revoke(&mut ada, &id).await.assert_page(403, "Your account is suspended");
    assert_eq!(app.database().dump(), before);
    app.unban(ada.email()).await;
    assert_eq!(app.get_as(ACCOUNT, &tokens.access).await.status, 200);
    assert_eq!(client.refresh(&tokens.refresh).await.status, 200);
    assert!(apps(&mut ada).await.contains(">Allowed<"));
}

async fn the_form_is_one_of_ours(app: App) {
    let mut ada = app.person("ada").await;
    let tokens = app.client(REDIRECT).await.connect(&mut ada, &[]).await;
    let id = connection(&mut ada).await;
    let path = format!("/settings/apps/{id}/revoke");
    let (token, foreign) = (ada.form_token().await, app.browser().form_token().await);
    let before = app.database().dump();
    for (token, origin) in [
        (token.as_str(), "https://evil.example"),
        (&token, "null"),
        (&foreign, "http://localhost:4600"),
        ("", "http://localhost:4600"),
    ] {
        let page = ada.post_as_is(&path, &[("form_token", token)], &[("origin", origin)]).await;
        page.assert_page(403, "This form has expired");
    }
    ada.get(&path).await.assert_redirect("/settings#apps");
    assert_eq!(app.database().dump(), before);
    assert_eq!(app.get_as(ACCOUNT, &tokens.access).await.status, 200);
}
