//! The root secret is replaced while the server runs; what it made stays good.

use std::time::Duration;

use bloom_domain::accounts::SignUpPolicy;
use bloom_service::root_secret::{self, RootSecret, RootSecrets};
use bloom_service::service::OpenError;
use bloom_service::setup_links;
use bloom_store::Database;

use crate::support::oauth::{OAuthClient, REDIRECT, REGISTER, Tokens};
use crate::support::{App, PASSWORD, on_both};

on_both!(
    keys_and_sessions_go_on_after_a_rotation,
    a_session_of_before_can_be_ended,
    a_setup_link_of_before_still_works,
    an_unrelated_secret_opens_nothing,
    a_rotation_that_was_cut_short_is_finished,
    a_node_that_is_behind_says_so,
);

/// Rotates while the app runs; gives the secrets that are in force from then on.
async fn rotate(app: &App) -> RootSecrets {
    app.advance(Duration::from_secs(1));
    let secrets = app.options().secrets.rotated(RootSecret::new([2; 32]));
    root_secret::rotate(app.service(), &app.operator(), &secrets).await.unwrap();
    secrets
}

async fn keys_and_sessions_go_on_after_a_rotation(app: App) {
    let mut ada = app.person("ada").await;
    let warm = ada.create_key("warm").await;
    let cold = ada.create_key("cold").await;
    assert_eq!(app.account(&warm.secret).await.status, 200);
    let form_of_before = ada.form_token().await;
    let secrets = rotate(&app).await;
    let restarted = app.again(|options| options.secrets = secrets).await;
    for app in [&app, &restarted] {
        ada = ada.before(app);
        for key in [&warm, &cold] {
            assert_eq!(app.account(&key.secret).await.status, 200);
        }
        assert!(ada.is_signed_in().await);
        let fields = [("form_token", form_of_before.as_str()), ("name", "later")];
        let page = ada.post_as_is("/settings/api-keys", &fields, &[]).await;
        page.assert_page(200, "Settings");
        assert_ne!(ada.form_token().await, form_of_before, "new forms carry a new token");
        let later = ada.create_key("later").await;
        assert_eq!(app.account(&later.secret).await.status, 200);
    }
    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    ada.revoke_key(&warm).await;
    assert_eq!(restarted.account(&warm.secret).await.error(), "401 UNAUTHORIZED");
}

async fn a_session_of_before_can_be_ended(app: App) {
    let mut ada = app.person("ada").await;
    let mut second = app.browser();
    second.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    let mut replayed = [ada.clone(), second.clone()];
    rotate(&app).await;
    ada.post("/sign-out", &[]).await.assert_redirect("/sign-in");
    second.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    for browser in &mut replayed {
        assert!(!browser.is_signed_in().await, "its session ended or was replaced");
    }
    assert!(second.is_signed_in().await);
}

async fn a_setup_link_of_before_still_works(app: App) {
    let app = app.again(|options| options.sign_up = SignUpPolicy::Invite).await;
    let token = setup_links::issue(app.service(), &app.operator()).await.unwrap().unwrap();
    rotate(&app).await;
    let path = format!("/setup/{}", token.expose());
    let mut browser = app.browser();
    browser.get(&path).await.assert_page(200, "Set up Bloom");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    browser.post(&path, &fields).await.assert_redirect("/settings#api-keys");
    app.browser().get(&path).await.assert_page(410, "This link does not work");
}

async fn an_unrelated_secret_opens_nothing(app: App) {
    let before = app.database().dump();
    let unrelated = || RootSecrets { current: RootSecret::new([9; 32]), previous: Vec::new() };
    let found = app.try_again(|options| options.secrets = unrelated()).await.err();
    let Some(OpenError::WrongSecret(wrong)) = found else {
        panic!("{found:?}");
    };
    assert_eq!(wrong.expected, app.options().secrets.current.fingerprint());
    assert_eq!(wrong.found, unrelated().current.fingerprint());
    assert_eq!(app.database().dump(), before);
    // After a rotation the old secret alone is an unrelated one: it could not read what is new.
    rotate(&app).await;
    let found = app.try_again(|_| {}).await.err();
    assert!(matches!(found, Some(OpenError::WrongSecret(_))), "{found:?}");
}

/// The process was killed after it wrote the secret file and before the database learned of it.
async fn a_rotation_that_was_cut_short_is_finished(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    app.advance(Duration::from_secs(1));
    let rotated = app.options().secrets.rotated(RootSecret::new([2; 32]));
    let restarted = app.again(|options| options.secrets = rotated).await;
    assert_eq!(restarted.account(&key).await.status, 200);
    assert!(app.try_again(|_| {}).await.is_err(), "the old one is no longer current");
}

/// It cannot tell what another node made with the new secret from what nobody made; a client that was
/// told `invalid_grant` would drop good tokens. Only PostgreSQL has several nodes.
async fn a_node_that_is_behind_says_so(app: App) {
    if matches!(app.database().database(), Database::Sqlite { .. }) {
        return;
    }
    let behind = app.again(|_| {}).await;
    let mut ada = app.person("ada").await;
    let before = ada.create_key("before").await.secret;
    let client = app.client(REDIRECT).await;
    let old = client.connect(&mut ada, &[]).await;
    rotate(&app).await;
    let key = ada.create_key("after").await.secret;
    let new = Tokens::of(&client.refresh(&old.refresh).await);
    let code = client.code(&mut ada, &[("prompt", "consent")]).await;
    for good in [&before, &old.access, &new.access] {
        assert_eq!(behind.get_as("/api/v1/account", good).await.status, 200);
    }
    let there = OAuthClient { app: behind.clone(), ..client.clone() };
    assert_eq!(behind.account(&key).await.error(), "503 SERVICE_UNAVAILABLE");
    assert_eq!(there.refresh(&new.refresh).await.status, 503);
    assert_eq!(there.redeem(&code).await.status, 503);
    assert_eq!(there.refresh(&old.refresh).await.status, 503, "its successor is of the new secret");
    assert_eq!(there.revoke(&new.refresh).await.status, 503, "it would not be revoked");
    let app_of_before = serde_json::json!({ "redirect_uris": [REDIRECT], "client_name": "New" });
    assert_eq!(behind.post_json(REGISTER, &app_of_before).await.status, 503, "another id");
    assert_eq!(behind.get("/healthz", &[]).await.status, 503);
    // Nothing was lost by it.
    assert_eq!(app.get("/healthz", &[]).await.status, 200);
    assert_eq!(app.account(&key).await.status, 200);
    Tokens::of(&client.refresh(&new.refresh).await);
    Tokens::of(&client.redeem(&code).await);
    assert_eq!(client.refresh("nonsense").await.json()["error"], "invalid_grant");
}
