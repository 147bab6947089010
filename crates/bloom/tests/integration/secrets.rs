//! Whoever gets hold of the database, or reads an error, holds no credential.

use bloom_service::setup_links;

use crate::support::{Answer, App, PASSWORD, on_both};

on_both!(the_database_holds_no_secret, no_refusal_sends_a_secret_back);

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
