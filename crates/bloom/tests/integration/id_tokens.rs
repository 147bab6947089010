//! What an id token says (OpenID Connect Core §2, §3.1.3.6, §12.2), and one that comes back as a hint.

use std::time::Duration;

use aws_lc_rs::digest::{SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::support::oauth::{REDIRECT, Tokens, claims, parameter};
use crate::support::{App, PASSWORD, on_both};

on_both!(
    an_id_token_names_its_access_token,
    the_nonce_is_said_once,
    the_time_of_the_sign_in_stays,
    another_person_than_expected_has_to_sign_in,
    a_hint_that_names_nobody_lets_nobody_in_silently,
);

async fn an_id_token_names_its_access_token(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let first = client.connect(&mut ada, &[("scope", "openid")]).await;
    let second = Tokens::of(&client.refresh(&first.refresh).await);
    for tokens in [&first, &second] {
        let hash = digest(&SHA512, tokens.access.as_bytes());
        let half = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..32]);
        let said = claims(tokens.body["id_token"].as_str().unwrap());
        assert_eq!(said["at_hash"], json!(half));
    }
}

async fn the_nonce_is_said_once(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let with = client.connect(&mut ada, &[("scope", "openid"), ("nonce", "n-1")]).await;
    assert_eq!(claims(with.body["id_token"].as_str().unwrap())["nonce"], "n-1");
    let later = Tokens::of(&client.refresh(&with.refresh).await);
    let again = [("scope", "openid"), ("prompt", "consent")];
    let without = client.connect(&mut ada, &again).await;
    for tokens in [later, without] {
        let said = claims(tokens.body["id_token"].as_str().unwrap());
        assert!(said.get("nonce").is_none(), "{said}");
    }
}

async fn the_time_of_the_sign_in_stays(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    app.advance(Duration::from_secs(100));
    let first = client.connect(&mut ada, &[("scope", "openid")]).await;
    app.advance(Duration::from_secs(100));
    let second = Tokens::of(&client.refresh(&first.refresh).await);
    let [first, second] =
        [first, second].map(|tokens| claims(tokens.body["id_token"].as_str().unwrap()));
    assert_eq!(first["auth_time"].as_i64(), first["iat"].as_i64().map(|at| at - 100));
    for name in ["auth_time", "iss", "sub", "aud", "azp", "sid"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    assert_ne!(first["jti"], second["jti"]);
    assert_eq!(second["iat"].as_i64(), first["iat"].as_i64().map(|at| at + 100));
}

async fn another_person_than_expected_has_to_sign_in(app: App) {
    let mut ada = app.person("ada").await;
    let mut eve = app.person("eve").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[("scope", "openid")]).await;
    client.connect(&mut eve, &[("scope", "openid")]).await;
    let hint = tokens.body["id_token"].as_str().unwrap();
    app.advance(Duration::from_secs(7_200));
    let asked = [("scope", "openid"), ("id_token_hint", hint)];
    let silently = [asked[0], asked[1], ("prompt", "none")];

    // Her token says who she is after its end, too.
    for changes in [&asked[..], &silently] {
        let sent = client.sent_to(&mut ada, changes).await;
        assert!(parameter(&sent, "code").is_some(), "{sent}");
    }
    let sent = client.sent_to(&mut eve, &silently).await;
    assert_eq!(parameter(&sent, "error").as_deref(), Some("login_required"));
    let place = client.sent_to(&mut eve, &asked).await;
    assert!(place.starts_with("/sign-in?next=") && place.ends_with("&again=1"), "{place}");
    let next = place.split_once("next=").unwrap().1.split('&').next().unwrap();
    let next = percent_encoding::percent_decode_str(next).decode_utf8().unwrap().into_owned();
    app.advance(Duration::from_secs(1));
    // Signing in as herself again leads back to the app, which learns why.
    let fields = [("email", "eve@example.com"), ("password", PASSWORD), ("next", &next)];
    eve.post("/sign-in", &fields).await.assert_redirect(&next);
    let sent = eve.get(&next).await.header("location").to_owned();
    assert_eq!(parameter(&sent, "error").as_deref(), Some("login_required"), "{sent}");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", &next)];
    eve.post("/sign-in", &fields).await.assert_redirect(&next);
    let sent = eve.get(&next).await.header("location").to_owned();
    assert!(parameter(&sent, "code").is_some(), "{sent}");
    // What nobody here signed says nothing.
    let forged = [asked[0], ("id_token_hint", "a.b.c")];
    let sent = client.sent_to(&mut ada, &forged).await;
    assert!(parameter(&sent, "code").is_some(), "{sent}");
}

/// OpenID Connect Core §3.1.2.1: without a person to compare with, and without one to ask, there is no positive answer.
async fn a_hint_that_names_nobody_lets_nobody_in_silently(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[("scope", "openid")]).await;
    let hint = tokens.body["id_token"].as_str().unwrap();
    let (signed, signature) = hint.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let foreign = claims(hint).to_string().replace("localhost:4600", "evil.example");
    let foreign = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(foreign));
    let unsigned = format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    let before = app.database().dump();
    for hint in ["x", "a.b.c", &forged, &foreign, &unsigned, &tokens.access] {
        let asked = [("scope", "openid"), ("prompt", "none"), ("id_token_hint", hint)];
        let sent = client.sent_to(&mut ada, &asked).await;
        assert_eq!(parameter(&sent, "error").as_deref(), Some("login_required"), "{sent}");
        assert_eq!(parameter(&sent, "code"), None, "{sent}");
    }
    assert_eq!(app.database().dump(), before);
    // One that has ended is as good as it was.
    app.advance(Duration::from_secs(86_400));
    let asked = [("scope", "openid"), ("prompt", "none"), ("id_token_hint", hint)];
    let sent = client.sent_to(&mut ada, &asked).await;
    assert!(parameter(&sent, "code").is_some(), "{sent}");
}
