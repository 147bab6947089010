//! Access tokens: what is wrong with one is found before the database is asked, and what is revoked is
//! refused by the very next request.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::oauth::{REDIRECT, Tokens, claims};
use crate::support::{App, on_both, operations};

on_both!(
    a_forged_token_is_refused,
    an_id_token_is_no_access_token,
    a_token_ends_after_an_hour,
    a_token_counts_in_its_header_only,
    a_token_seen_before_costs_no_statement_and_a_new_one_costs_one,
    a_token_is_revoked_alone,
    a_token_reaches_what_its_access_names,
    a_token_of_another_issuer_is_refused,
    a_dump_of_the_database_replays_nothing,
);

fn with(token: &str, header: Option<Value>, payload: Option<Value>) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = header.map_or(parts[0].to_owned(), encode);
    let payload = payload.map_or(parts[1].to_owned(), encode);
    format!("{header}.{payload}.{}", parts[2])
}

async fn a_forged_token_is_refused(app: App) {
    let mut ada = app.person("ada").await;
    let token = app.client(REDIRECT).await.connect(&mut ada, &[]).await.access;
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let changed = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        with(&token, Some(header), None)
    };
    let jwks = app.get("/api/auth/jwks", &[]).await.json();
    let public = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    // The classic: a MAC keyed with the public key.
    let mac = with(&token, Some(json!({"alg":"HS256","typ":"at+jwt","kid":header["kid"]})), None);
    let (signed, _) = mac.rsplit_once('.').unwrap();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), signed.as_bytes());
    let mac = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag));
    let mut later = claims(&token);
    later["exp"] = json!(u64::MAX);
    let unsigned = token.rsplit_once('.').unwrap().0;
    for forged in [
        changed("alg", json!("none")),
        changed("alg", json!("None")),
        format!("{}.", changed("alg", json!("none")).rsplit_once('.').unwrap().0),
        mac,
        changed("kid", json!("../../etc/passwd")),
        changed("kid", json!("' OR 1=1 --")),
        changed("typ", json!("JWT")),
        changed("jku", json!("https://evil.example/jwks")),
        changed("x5u", json!("https://evil.example/x5u")),
        changed("jwk", jwks["keys"][0].clone()),
        changed("crit", json!(["exp"])),
        with(&token, None, Some(later)),
        format!("{unsigned}."),
        format!("{unsigned}.AAAA"),
        format!("{token}="),
        format!("{token}A"),
        token[..token.len() - 2].to_owned(),
        "a.b.c".to_owned(),
        "..".to_owned(),
    ] {
        let before = app.service().statements_executed();
        let answer = app.get_as("/api/v1/account", &forged).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{forged}");
        assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
        assert_eq!(app.service().statements_executed(), before, "{forged}");
    }
    assert_eq!(app.get_as("/api/v1/account", &token).await.status, 200);
}

async fn an_id_token_is_no_access_token(app: App) {
    let mut ada = app.person("ada").await;
    let changes = [("scope", "openid email profile read"), ("nonce", "n-1")];
    let tokens = app.client(REDIRECT).await.connect(&mut ada, &changes).await;
    let id_token = tokens.body["id_token"].as_str().unwrap();
    let said = claims(id_token);
    assert_eq!((&said["nonce"], &said["email"]), (&json!("n-1"), &json!("ada@example.com")));
    assert_eq!(said["sub"], claims(&tokens.access)["sub"]);
    assert!(said.get("name").is_none(), "no member is null");
    assert_eq!(app.get_as("/api/v1/account", id_token).await.error(), "401 UNAUTHORIZED");
    let plain = app.client("https://b.example/cb").await;
    let plain = plain.connect(&mut ada, &[("scope", "read")]).await;
    assert!(plain.body.get("id_token").is_none());
}

async fn a_token_ends_after_an_hour(app: App) {
    let mut ada = app.person("ada").await;
    let token = app.client(REDIRECT).await.connect(&mut ada, &[]).await.access;
    app.advance(Duration::from_secs(3_598));
    assert_eq!(app.get_as("/api/v1/account", &token).await.status, 200);
    app.advance(Duration::from_secs(2));
    let answer = app.get_as("/api/v1/account", &token).await;
    assert_eq!(answer.error(), "401 UNAUTHORIZED");
    assert!(answer.text().contains("expired"), "{answer:?}");
}

async fn a_token_counts_in_its_header_only(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let token = app.client(REDIRECT).await.connect(&mut ada, &[]).await.access;
    let bearer = format!("Bearer {token}");
    let as_key = app.get("/api/v1/account", &[("x-api-key", &token)]).await;
    assert_eq!(as_key.error(), "401 UNAUTHORIZED");
    let both = [("x-api-key", "bad"), ("authorization", bearer.as_str())];
    assert_eq!(app.get("/api/v1/account", &both).await.error(), "401 UNAUTHORIZED");
    let both = [("x-api-key", key.as_str()), ("authorization", "Bearer a.b.c")];
    assert_eq!(app.get("/api/v1/account", &both).await.status, 200);
    let path = format!("/api/v1/account?access_token={token}");
    assert_eq!(app.get(&path, &[]).await.error(), "401 UNAUTHORIZED");
}

async fn a_token_seen_before_costs_no_statement_and_a_new_one_costs_one(app: App) {
    let mut ada = app.person("ada").await;
    let token = app.client(REDIRECT).await.connect(&mut ada, &[]).await.access;
    for expected in [1, 0, 0] {
        let before = app.service().statements_executed();
        assert_eq!(app.get_as("/api/v1/account", &token).await.status, 200);
        assert_eq!(app.service().statements_executed() - before, expected);
    }
}

async fn a_token_is_revoked_alone(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let other = app.client("https://other.example/cb").await;
    let first = client.connect(&mut ada, &[]).await;
    let second = Tokens::of(&client.refresh(&first.refresh).await);
    for unknown in ["nonsense", "a.b.c", "bloom_rt_x"] {
        assert_eq!(client.revoke(unknown).await.status, 200, "{unknown}");
    }
    assert_eq!(other.revoke(&first.access).await.status, 200, "another client's: nothing");
    assert_eq!(other.revoke(&second.refresh).await.status, 200, "another client's: nothing");
    assert_eq!(app.get_as("/api/v1/account", &first.access).await.status, 200);
    assert_eq!(client.revoke(&first.access).await.status, 200);
    assert_eq!(app.get_as("/api/v1/account", &first.access).await.error(), "401 UNAUTHORIZED");
    assert_eq!(app.get_as("/api/v1/account", &second.access).await.status, 200);
    Tokens::of(&client.refresh(&second.refresh).await);
}

async fn a_token_reaches_what_its_access_names(app: App) {
    let mut ada = app.person("ada").await;
    for (index, scope) in
        ["read", "generate", "write", "keys:admin", "openid", ""].iter().enumerate()
    {
        let client = app.client(&format!("https://app{index}.example/cb")).await;
        let tokens = client.connect(&mut ada, &[("scope", scope)]).await;
        let is_everything = matches!(*scope, "openid" | "");
        for operation in operations() {
            let answer = app.get_as(&operation.path, &tokens.access).await;
            let may = is_everything || *scope == "read";
            assert_eq!(answer.status, if may { 200 } else { 403 }, "{scope} {}", operation.id);
        }
        let expected = if is_everything { "all" } else { scope };
        assert_eq!(claims(&tokens.access)["access"], *expected);
    }
}

async fn a_token_of_another_issuer_is_refused(app: App) {
    let mut ada = app.person("ada").await;
    let token = app.client(REDIRECT).await.connect(&mut ada, &[]).await.access;
    // The same keys, under another name.
    let other = app.again(|options| options.public_url = "https://bloom.example").await;
    let answer = other.get_as("/api/v1/account", &token).await;
    assert_eq!(answer.error(), "401 UNAUTHORIZED");
}

async fn a_dump_of_the_database_replays_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    let first = Tokens::of(&client.redeem(&code).await);
    let second = Tokens::of(&client.refresh(&first.refresh).await);
    let dump = app.database().dump();
    let hex = |text: &str| -> String {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    // Past the grant's id, which is no secret.
    let secrets = [
        hex(&code)[32..].to_owned(),
        hex(first.refresh.strip_prefix("bloom_rt_").unwrap())[40..72].to_owned(),
        hex(second.refresh.strip_prefix("bloom_rt_").unwrap())[40..72].to_owned(),
    ];
    for secret in &secrets {
        assert!(!dump.to_lowercase().contains(secret), "{secret}");
    }
    for text in [&code, &first.access, &first.refresh, &second.refresh] {
        assert!(!dump.contains(text.as_str()));
    }
}
