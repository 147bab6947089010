//! Whoever gets hold of the database, or reads an error, holds no credential.

use bloom_service::setup_links;

use crate::support::oauth::{INTROSPECT, REDIRECT, REVOKE, TOKEN, USERINFO};
use crate::support::own_app::{basic, manage, send_as};
use crate::support::{Answer, App, PASSWORD, on_both};

on_both!(
    the_database_holds_no_secret,
    no_refusal_sends_a_secret_back,
    no_refusal_sends_a_clients_secret_back,
);

const OTHER_PASSWORD: &str = "another good password";

async fn the_database_holds_no_secret(app: App) {
    let link = setup_links::issue(app.service(), &app.operator()).await.unwrap().unwrap();
    let mut secrets =
        vec![link.expose().to_owned(), PASSWORD.to_owned(), OTHER_PASSWORD.to_owned()];
    let mut browser = app.browser();
    browser.get("/sign-in").await;
    secrets.push(browser.cookie_secret().to_owned());
    let path = format!("/setup/{}", link.expose());
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    browser.post(&path, &fields).await.assert_redirect("/settings#api-keys");
    secrets.push(browser.cookie_secret().to_owned());
    app.set_password("ada@example.com", OTHER_PASSWORD).await;
    browser.sign_in("ada@example.com", OTHER_PASSWORD).await.assert_redirect("/settings");
    secrets.push(browser.cookie_secret().to_owned());
    secrets.push(browser.form_token().await);
    let key = browser.create_key("ci").await;
    secrets.push(key.secret.clone());
    let replaced = browser.replace_key(&key).await;
    secrets.push(replaced.secret.clone());
    let agent = format!("curl with {}", replaced.secret);
    app.get("/api/v1/account", &[("x-api-key", &replaced.secret)]).await;
    app.get("/api/v1/account?key=x", &[("x-api-key", &replaced.secret), ("referer", &agent)]).await;
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    browser.revoke_key(&replaced).await;
    browser.post("/sign-out", &[]).await.assert_redirect("/sign-in");

    let stored = everything_stored(&app);
    assert!(contains(&stored, b"ada@example.com"), "what is stored is looked at");
    for secret in &secrets {
        // Of a key, the four characters at either end may be known.
        let middle = secret.strip_prefix("bloom_sk_").map_or(&secret[..], |rest| &rest[4..34]);
        assert!(!contains(&stored, middle.as_bytes()), "{middle} is stored");
        let hex: String = middle.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!contains(&stored, hex.as_bytes()), "{middle} is stored, as bytes");
    }
    let dump = app.database().dump();
    assert!(dump.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "passwords are hashed: {dump}");
}

/// The raw files with SQLite, log and all; every row with PostgreSQL.
pub(crate) fn everything_stored(app: &App) -> Vec<u8> {
    let mut stored = app.database().dump().into_bytes();
    if let Some(folder) = app.database().folder() {
        for file in std::fs::read_dir(folder).unwrap() {
            stored.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
    }
    stored
}

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

async fn no_refusal_sends_a_secret_back(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    ada.revoke_key(&key).await;
    let secret = key.secret.as_str();
    let mistyped = format!("{}x", &secret[..46]);
    let mut answers: Vec<Answer> = Vec::new();
    for text in [secret, mistyped.as_str()] {
        answers.push(app.account(text).await);
        answers.push(app.get("/api/v1/account", &[("authorization", text)]).await);
        let bearer = format!("Bearer {text}");
        answers.push(app.get("/api/v1/account", &[("authorization", &bearer)]).await);
        answers.push(app.get(&format!("/api/v1/{text}"), &[]).await);
        answers.push(app.get(&format!("/api/v1/credits?workspaceId={text}"), &[]).await);
        answers.push(ada.get(&format!("/settings/{text}")).await);
        answers.push(ada.get(&format!("/setup/{text}")).await);
        answers.push(ada.get(&format!("/settings?revoked={text}")).await);
        answers.push(app.browser().sign_in("ada@example.com", text).await);
        let fields = [("email", "nonsense"), ("password", text)];
        answers.push(app.browser().post("/sign-up", &fields).await);
        answers.push(app.browser().post_as_is("/sign-up", &fields, &[]).await);
    }
    for answer in answers {
        for text in [&secret[13..43], ada.cookie_secret(), PASSWORD] {
            assert!(!format!("{answer:?}").contains(text), "{answer:?}");
        }
    }
}

/// Whatever a client brings to an endpoint that refuses it: in the right field, in a wrong one, a letter off.
async fn no_refusal_sends_a_clients_secret_back(app: App) {
    let mut ada = app.person("ada").await;
    let (own, client) = (ada.create_app(&[]).await, app.client(REDIRECT).await);
    let code = client.code(&mut ada, &[]).await;
    let tokens = client.connect(&mut ada, &[("prompt", "consent")]).await;
    let mut answers: Vec<Answer> = Vec::new();
    for secret in [&code, &tokens.refresh, &tokens.access, &own.secret, &own.management] {
        let mistyped = format!("{}x", &secret[..secret.len() - 1]);
        for text in [secret.as_str(), &mistyped] {
            for path in [TOKEN, REVOKE, INTROSPECT] {
                let wrong = basic(&own.id, text);
                let named =
                    [("client_id", own.id.as_str()), ("client_secret", text), ("token", text)];
                answers.push(app.post_form(path, &named).await);
                let fields =
                    [("grant_type", text), ("token", text), ("code", text), ("scope", text)];
                answers.push(send_as(&app, path, &wrong, &fields).await);
                answers.push(app.post_form(path, &[("client_id", text), ("token", text)]).await);
                answers.push(app.post_form(path, &[("token", text), ("token", text)]).await);
                answers.push(app.get(&format!("{path}?token={text}"), &[]).await);
            }
            for grant in ["authorization_code", "refresh_token", "client_credentials"] {
                let named = [("grant_type", grant), ("client_id", client.id.as_str())];
                for name in ["code", "refresh_token", "code_verifier", "resource", "redirect_uri"] {
                    answers
                        .push(app.post_form(TOKEN, &[&named[..], &[(name, text)]].concat()).await);
                }
            }
            let body = serde_json::json!({ "client_name": text, "redirect_uris": ["x"] });
            answers.push(manage(&app, "PUT", &own.id, text, Some(&body)).await);
            answers.push(manage(&app, "GET", text, text, None).await);
            answers.push(app.get(USERINFO, &[("authorization", text)]).await);
        }
        // Spent along the way, so that the last of each is refused for that.
        answers.retain(|answer| answer.status >= 400);
    }
    assert!(answers.len() > 150, "most of it is refused: {}", answers.len());
    for answer in answers {
        for secret in [&code, &tokens.refresh, &tokens.access, &own.secret, &own.management] {
            // A letter off is as good as none: whoever reads it can find the right one.
            let most = &secret[..secret.len() - 1];
            assert!(!format!("{answer:?}").contains(most), "{most}: {answer:?}");
        }
    }
}
