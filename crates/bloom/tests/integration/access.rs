//! Who may call: the same table of cases for every operation that the server describes.
//!
//! The operations come from the description itself, so one that is added is tried at once; there is
//! no list of exceptions to grow.

use bloom_domain::api_keys::ApiKeySecret;

use bloom_service::operations::Effect;

use crate::support::{App, on_both, with_credential};

on_both!(
    every_operation_refuses_who_proves_nothing,
    every_operation_refuses_a_suspended_account_only_with_a_good_credential,
    every_operation_answers_the_same_for_both_headers,
    every_operation_is_limited,
);

const METADATA: &str =
    r#"resource_metadata="http://localhost:4600/.well-known/oauth-protected-resource/api/v1""#;

/// A key that some Bloom server may have made, but not this one.
fn foreign_key() -> String {
    ApiKeySecret::new(&[0x5a; 32]).expose().to_owned()
}

async fn every_operation_refuses_who_proves_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let revoked = ada.create_key("revoked").await;
    ada.revoke_key(&revoked).await;
    let replaced = ada.create_key("replaced").await;
    ada.replace_key(&replaced).await;
    let good = ada.create_key("good").await.secret;
    let foreign = foreign_key();
    let presented = [
        "",
        "junk",
        "bloom_sk_",
        &good[..46],
        &format!("{good}0"),
        &good.replace("bloom_sk_", "bloom_pk_"),
        &good.to_uppercase(),
        &foreign,
        &revoked.secret,
        &replaced.secret,
    ];
    for operation in with_credential() {
        let anonymous = operation.call(&app, &[]).await;
        assert_eq!(anonymous.error(), "401 UNAUTHORIZED", "{operation:?}");
        let challenge = format!("Bearer {METADATA}");
        assert_eq!(anonymous.header("www-authenticate"), challenge, "{operation:?}");
        for key in presented {
            let bearer = format!("Bearer {key}");
            for header in [("x-api-key", key), ("authorization", bearer.as_str())] {
                let answer = operation.call(&app, &[header]).await;
                assert_eq!(answer.error(), "401 UNAUTHORIZED", "{operation:?} {header:?}");
                let challenge = format!("Bearer {METADATA}, error=\"invalid_token\"");
                assert_eq!(answer.header("www-authenticate"), challenge, "{header:?}");
                assert!(key.len() < 10 || !answer.text().contains(key), "{answer:?}");
            }
        }
    }
}

async fn every_operation_refuses_a_suspended_account_only_with_a_good_credential(app: App) {
    let mut ada = app.person("ada").await;
    let good = ada.create_key("good").await;
    let revoked = ada.create_key("revoked").await;
    ada.revoke_key(&revoked).await;
    app.ban(ada.email()).await;
    let before = app.rows("api_keys");
    for operation in with_credential() {
        let answer = operation.call(&app, &[("x-api-key", &good.secret)]).await;
        assert_eq!(answer.error(), "403 ACCOUNT_BANNED", "{operation:?}");
        // Another credential would not help, so nobody is asked for one.
        assert_eq!(answer.header("www-authenticate"), "", "{operation:?}");
        // Whoever holds a dead key learns nothing about the account.
        let answer = operation.call(&app, &[("x-api-key", &revoked.secret)]).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{operation:?}");
        let answer = operation.call(&app, &[("x-api-key", &good.secret[..40])]).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{operation:?}");
    }
    assert_eq!(app.rows("api_keys"), before, "nothing was done");
    app.unban(ada.email()).await;
    assert_eq!(app.account(&good.secret).await.status, 200);
}

async fn every_operation_answers_the_same_for_both_headers(app: App) {
    for operation in with_credential() {
        // A person each, since one may have only so many keys.
        let name = operation.id.replace('.', "-").to_lowercase();
        let mut ada = app.person(&name).await;
        let status = operation.expected();
        let mut answers = Vec::new();
        for header in ["x-api-key", "Bearer", "bearer", "BEARER", "Bearer  "] {
            // One for each, since a key can end itself.
            let key = ada.create_key("ci").await.secret;
            let answer = match header {
                "x-api-key" => operation.call(&app, &[(header, &key)]).await,
                scheme => {
                    let value = format!("{scheme} {key}");
                    operation.call(&app, &[("authorization", &value)]).await
                }
            };
            assert_eq!(answer.status, status, "{operation:?} {header}");
            let members: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
            let member = if status < 300 { "data" } else { "error" };
            assert_eq!(members, [member], "{operation:?}");
            assert_eq!(answer.header("cache-control"), "no-store", "{operation:?}");
            answers.push(answer.body);
        }
        if operation.effect == Effect::Read {
            answers.dedup();
            assert_eq!(answers.len(), 1, "{operation:?}");
        }
    }
}

async fn every_operation_is_limited(app: App) {
    for operation in with_credential() {
        let name = operation.id.replace('.', "-").to_lowercase();
        let key = app.person(&name).await.create_key("ci").await.secret;
        for _ in 0..120 {
            assert_eq!(app.account(&key).await.status, 200);
        }
        let answer = operation.call(&app, &[("x-api-key", &key)]).await;
        assert_eq!(answer.error(), "429 TOO_MANY_REQUESTS", "{operation:?}");
        assert_eq!(answer.number("retry-after"), 60, "{operation:?}");
    }
}

/// What the cases above answered is in the description of every operation.
#[test]
fn every_operation_names_its_errors() {
    let document = bloom_http::openapi();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            if operation["security"] == serde_json::json!([]) {
                continue;
            }
            for (status, code) in
                [(401, "UNAUTHORIZED"), (403, "ACCOUNT_BANNED"), (429, "TOO_MANY_REQUESTS")]
            {
                let response = operation["responses"][status.to_string()].to_string();
                assert!(response.contains(&format!("\"{code}\"")), "{path} lacks {code}");
            }
        }
    }
}
