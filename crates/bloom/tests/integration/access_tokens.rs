//! Access tokens: what is wrong with one is found before the database is asked, and what is revoked is
//! refused by the very next request.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use bloom_domain::access::BloomScope;
use bloom_service::rate_limit::RateLimits;
use bloom_store::Database;

use crate::support::oauth::{OAuthClient, REDIRECT, Tokens, claims};
use crate::support::{App, Browser, on_both, with_credential};

on_both!(
    a_forged_token_is_refused,
    an_id_token_is_no_access_token,
    a_token_ends_after_an_hour,
    a_token_counts_in_its_header_only,
    a_token_seen_before_costs_no_statement_and_a_new_one_costs_one,
    a_new_token_of_a_known_grant_costs_no_statement,
    a_token_is_revoked_alone,
    a_token_revoked_before_its_first_use_is_refused,
    a_token_reaches_what_its_access_names,
    a_token_of_another_issuer_is_refused,
    a_dump_of_the_database_replays_nothing,
    a_good_signature_over_anything_else_opens_nothing,
    a_good_signature_cannot_say_more_than_the_grant,
    what_a_warm_token_hangs_on_is_looked_at_each_time,
    every_node_hears_that_a_token_is_worthless,
    a_token_is_never_wider_than_its_grant,
    the_mcp_server_takes_a_token_and_names_what_it_lacks,
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
    let mut looks = Vec::new();
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
        looks.push(app.service().statements_executed() - before);
    }
    // Whoever makes up a key has the keys read, once in ten seconds.
    assert_eq!(looks.iter().sum::<u64>(), 1, "{looks:?}");
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

async fn a_new_token_of_a_known_grant_costs_no_statement(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    warm(&app, &tokens.access).await;
    let next = Tokens::of(&client.refresh(&tokens.refresh).await);
    let narrow = client.refresh_with(&next.refresh, &[("scope", "generate")]).await;
    let narrow = Tokens::of(&narrow).access;
    let before = app.service().statements_executed();
    assert_eq!(app.get_as("/api/v1/account", &next.access).await.status, 200);
    assert_eq!(app.get_as("/api/v1/account", &narrow).await.error(), "403 FORBIDDEN");
    assert_eq!(app.service().statements_executed(), before);
}

/// Whatever is known of its grant by then.
async fn a_token_revoked_before_its_first_use_is_refused(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    for is_known in [true, false] {
        let first = client.connect(&mut ada, &[("prompt", "consent")]).await;
        let second = Tokens::of(&client.refresh(&first.refresh).await);
        let third = Tokens::of(&client.refresh(&second.refresh).await);
        if is_known {
            warm(&app, &first.access).await;
        }
        assert_eq!(client.revoke(&second.access).await.status, 200);
        // Now the grant is known in any case.
        assert!(app.is_good(&first.access).await);
        for _ in 0..2 {
            assert!(!app.is_good(&second.access).await, "known before: {is_known}");
            assert!(app.is_good(&third.access).await, "known before: {is_known}");
        }
    }
    // An hour after it has ended by itself, since clocks differ, the grant's other tokens cost nothing
    // again. A clock that steps back lets nothing in.
    let first = client.connect(&mut ada, &[("prompt", "consent")]).await;
    assert_eq!(client.revoke(&first.access).await.status, 200);
    app.advance(Duration::from_secs(3_601));
    app.keep_house().await;
    let sibling = Tokens::of(&client.refresh(&first.refresh).await);
    assert!(app.is_good(&sibling.access).await);
    app.set_back(Duration::from_secs(60));
    assert!(!app.is_good(&first.access).await);
    app.advance(Duration::from_secs(3_660));
    let second = Tokens::of(&client.refresh(&sibling.refresh).await);
    let third = Tokens::of(&client.refresh(&second.refresh).await);
    assert!(app.is_good(&second.access).await);
    let before = app.service().statements_executed();
    assert!(app.is_good(&third.access).await);
    assert_eq!(app.service().statements_executed(), before);
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
        let bearer = format!("Bearer {}", tokens.access);
        for operation in with_credential() {
            let answer = operation.call(&app, &[("authorization", &bearer)]).await;
            let may = match operation.scope {
                None => true,
                Some(BloomScope::KeysAdmin) => *scope == "keys:admin",
                Some(needed) => is_everything || *scope == needed.as_str(),
            };
            let is_too_narrow = answer.header("www-authenticate").contains("insufficient_scope");
            assert_eq!(is_too_narrow, !may, "{scope} {}", operation.id);
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

/// Signed by the server's own key, so that nothing but the rule in question refuses it.
async fn a_good_signature_over_anything_else_opens_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let token = app.client(REDIRECT).await.connect(&mut ada, &[]).await.access;
    let key = app.signing_key(0).await;
    let (header, said) = (key.header(), claims(&token));
    let changed = |of: &Value, name: &str, value: Value| {
        let mut of = of.clone();
        of[name] = value;
        of.to_string()
    };
    let without = |of: &Value, name: &str| {
        let mut of = of.clone();
        of.as_object_mut().unwrap().remove(name);
        of.to_string()
    };
    let twice = |of: &Value, first: &str| of.to_string().replacen('{', &format!("{{{first},"), 1);
    let good = key.sign(&header.to_string(), &said.to_string());
    assert!(app.is_good(&good).await, "the forger has the key");

    let mut forged = Vec::new();
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("Ed25519")),
        ("typ", json!("JWT")),
        ("typ", json!("application/at+jwt")),
        ("typ", json!(null)),
        ("kid", json!("unknown")),
        ("kid", json!(["a", key.kid])),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/x5u")),
        ("x5c", json!(["AA"])),
        ("jwk", app.jwks().await[0].clone()),
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
    ] {
        forged.push(key.sign(&changed(&header, name, value), &said.to_string()));
    }
    for name in ["alg", "typ", "kid"] {
        forged.push(key.sign(&without(&header, name), &said.to_string()));
    }
    forged.push(key.sign(&twice(&header, "\"alg\":\"none\""), &said.to_string()));
    for (name, value) in [
        ("iss", json!("http://localhost:4600")),
        ("iss", json!("http://localhost:4600/api/auth/")),
        ("iss", json!("https://evil.example/api/auth")),
        ("aud", json!([])),
        ("aud", json!(["http://localhost:4600/api/auth"])),
        ("aud", json!(["https://evil.example/api/v1"])),
        ("aud", json!("https://evil.example/api/v1")),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(1e300)),
        ("exp", json!(4_102_444_800.5)),
        ("exp", json!("4102444800")),
        ("exp", json!(null)),
        ("access", json!("everything")),
        ("access", json!("all keys:admin")),
        ("sid", json!("' OR 1=1 --")),
        ("jti", json!("")),
        ("admin", json!(true)),
    ] {
        forged.push(key.sign(&header.to_string(), &changed(&said, name, value)));
    }
    for name in said.as_object().unwrap().keys() {
        forged.push(key.sign(&header.to_string(), &without(&said, name)));
    }
    for first in ["\"exp\":4102444800", "\"sub\":\"x\"", "\"aud\":[]", "\"access\":\"all\""] {
        forged.push(key.sign(&header.to_string(), &twice(&said, first)));
    }
    forged.push(key.sign(&header.to_string(), "[]"));
    forged.push(key.sign(&header.to_string(), &format!("{said}{{}}")));
    forged.push(key.sign(&header.to_string(), &format!("{said}{}", " ".repeat(1024 * 1024))));
    forged.push(format!("{good}.{good}"));
    let mut looks = 0;
    for token in forged {
        let shown = &token[..token.len().min(600)];
        let before = app.service().statements_executed();
        let answer = app.get_as("/api/v1/account", &token).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{shown}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        looks += app.service().statements_executed() - before;
    }
    assert_eq!(looks, 1, "the keys are read once for one that nobody has");
}

async fn a_good_signature_cannot_say_more_than_the_grant(app: App) {
    let mut ada = app.person("ada").await;
    let bob = app.person("bob").await;
    let narrow = [("scope", "generate")];
    let client = app.client(REDIRECT).await;
    let token = client.connect(&mut ada, &narrow).await.access;
    let other = app.client("https://other.example/cb").await;
    let mut bob = bob;
    let theirs = claims(&other.connect(&mut bob, &[]).await.access);
    let key = app.signing_key(0).await;
    for (name, value) in [
        ("access", json!("all")),
        ("access", json!("read")),
        ("access", json!("read generate")),
        ("sub", theirs["sub"].clone()),
        ("client_id", theirs["client_id"].clone()),
        ("sid", theirs["sid"].clone()),
        ("sid", theirs["jti"].clone()),
    ] {
        let mut said = claims(&token);
        said[name] = value.clone();
        let forged = key.sign(&key.header().to_string(), &said.to_string());
        let answer = app.get_as("/api/v1/account", &forged).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{name}: {value}");
    }
    // An account that is gone has no grants; a grant that is gone has no tokens.
    let token = client.connect(&mut ada, &[]).await.access;
    app.database().run("DELETE FROM grants");
    assert!(!app.is_good(&token).await);
}

/// What can happen to a token, and what it is answered from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    AccessTokenRevoked,
    GrantRevoked,
    ConnectionRevoked,
    ClientDisabled,
    AccountBanned,
}

impl Blow {
    pub(crate) const ALL: [Self; 5] = [
        Self::AccessTokenRevoked,
        Self::GrantRevoked,
        Self::ConnectionRevoked,
        Self::ClientDisabled,
        Self::AccountBanned,
    ];

    pub(crate) fn status(self) -> u16 {
        if self == Self::AccountBanned { 403 } else { 401 }
    }

    pub(crate) async fn strike(self, client: &OAuthClient, person: &mut Browser, tokens: &Tokens) {
        match self {
            Self::AccessTokenRevoked => {
                assert_eq!(client.revoke(&tokens.access).await.status, 200);
            }
            Self::GrantRevoked => assert_eq!(client.revoke(&tokens.refresh).await.status, 200),
            Self::ConnectionRevoked => person.revoke_app().await,
            Self::ClientDisabled => client.app.disable(client).await,
            Self::AccountBanned => client.app.ban(person.email()).await,
        }
    }
}

async fn warm(app: &App, token: &str) {
    for _ in 0..2 {
        assert_eq!(app.get_as("/api/v1/account", token).await.status, 200);
    }
    let before = app.service().statements_executed();
    assert_eq!(app.get_as("/api/v1/account", token).await.status, 200);
    assert_eq!(app.service().statements_executed(), before, "the token is warm");
}

async fn what_a_warm_token_hangs_on_is_looked_at_each_time(app: App) {
    let mut bob = app.person("bob").await;
    for (index, blow) in Blow::ALL.into_iter().enumerate() {
        let mut ada = app.person(&format!("ada{index}")).await;
        let client = app.client(&format!("https://app{index}.example/cb")).await;
        let tokens = client.connect(&mut ada, &[]).await;
        let sent = ada.get(&client.authorize_url(&[])).await;
        let code = crate::support::oauth::parameter(sent.header("location"), "code").unwrap();
        let other_grant = Tokens::of(&client.redeem(&code).await).access;
        let sibling = Tokens::of(&client.refresh(&tokens.refresh).await);
        let unseen = Tokens::of(&client.refresh(&sibling.refresh).await).access;
        let sibling = sibling.access;
        let stranger = client.connect(&mut bob, &[]).await.access;
        for token in [&tokens.access, &sibling, &other_grant, &stranger] {
            warm(&app, token).await;
        }
        blow.strike(&client, &mut ada, &tokens).await;
        let status = async |token: &str| app.get_as("/api/v1/account", token).await.status;
        // Twice: the second answer may come from memory.
        for _ in 0..2 {
            assert_eq!(status(&tokens.access).await, blow.status(), "{blow:?}");
            let alone = if blow == Blow::AccessTokenRevoked { 200 } else { blow.status() };
            assert_eq!(status(&sibling).await, alone, "{blow:?}, of the same grant");
            assert_eq!(status(&unseen).await, alone, "{blow:?}, of the same grant, never seen");
            let is_of_one_grant = matches!(blow, Blow::AccessTokenRevoked | Blow::GrantRevoked);
            let other = if is_of_one_grant { 200 } else { blow.status() };
            assert_eq!(status(&other_grant).await, other, "{blow:?}, of the same connection");
            let theirs = if blow == Blow::ClientDisabled { 401 } else { 200 };
            assert_eq!(status(&stranger).await, theirs, "{blow:?}, of somebody else");
        }
    }
}

/// Only PostgreSQL has several nodes.
async fn every_node_hears_that_a_token_is_worthless(app: App) {
    if matches!(app.database().database(), Database::Sqlite { .. }) {
        return;
    }
    let other = app.again(|_| {}).await;
    // The nodes have met by then.
    tokio::time::sleep(Duration::from_millis(200)).await;
    for (index, blow) in Blow::ALL.into_iter().enumerate() {
        let mut ada = app.person(&format!("ada{index}")).await;
        let client = app.client(&format!("https://app{index}.example/cb")).await;
        let tokens = client.connect(&mut ada, &[]).await;
        warm(&app, &tokens.access).await;
        warm(&other, &tokens.access).await;
        blow.strike(&client, &mut ada, &tokens).await;
        let deadline = tokio::time::Instant::now() + Duration::from_millis(100);
        let status = async || other.get_as("/api/v1/account", &tokens.access).await.status;
        while status().await == 200 {
            assert!(tokio::time::Instant::now() < deadline, "{blow:?}: 100 ms is promised");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(status().await, blow.status(), "{blow:?}");
    }
}

const BLOOM: [&str; 4] = ["read", "generate", "write", "keys:admin"];

/// Every set of Bloom scopes at authorize, and every one again at a refresh.
async fn a_token_is_never_wider_than_its_grant(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let mut ada = app.person("ada").await;
    let set = |bits: usize| -> Vec<&str> {
        BLOOM.into_iter().enumerate().filter(|(i, _)| bits & 1 << i != 0).map(|(_, s)| s).collect()
    };
    for granted in 0..16 {
        let client = app.client(&format!("https://app{granted}.example/cb")).await;
        let asked = set(granted).join(" ");
        let mut tokens = client.connect(&mut ada, &[("scope", &asked)]).await;
        // All access never includes the keys.
        let holds = if granted == 0 { 0b0111 } else { granted };
        for named in 0..16 {
            let more = [("scope", set(named).join(" "))];
            let more: Vec<_> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = client.refresh_with(&tokens.refresh, &more).await;
            let shown = format!("{asked:?}, then {:?}", set(named));
            if named & !holds != 0 {
                let error = answer.json()["error"].clone();
                assert_eq!((answer.status, error), (400, json!("invalid_scope")), "{shown}");
                continue;
            }
            tokens = Tokens::of(&answer);
            let may = if named == 0 { holds } else { named };
            let access = match (granted, named) {
                (0, 0) => "all".to_owned(),
                _ => set(may).join(" "),
            };
            assert_eq!(claims(&tokens.access)["access"], access, "{shown}");
            let bearer = format!("Bearer {}", tokens.access);
            for operation in with_credential() {
                let answer = operation.call(&app, &[("authorization", &bearer)]).await;
                let (path, Some(scope)) = (&operation.path, operation.scope) else { continue };
                let scope = scope.as_str();
                if set(may).contains(&scope) {
                    // A narrow one is told so by another error where it asks for more than it has.
                    let challenge = answer.header("www-authenticate");
                    assert_eq!(challenge, "", "{shown}: {path}");
                } else {
                    assert_eq!(answer.error(), "403 FORBIDDEN", "{shown}: {path}");
                    let challenge = answer.header("www-authenticate");
                    // All that it needs at once: what it has, and what it lacks.
                    let said = claims(&tokens.access);
                    let has = said["scope"].as_str().unwrap().split(' ');
                    let all: std::collections::BTreeSet<_> = has
                        .filter(|scope| !scope.is_empty())
                        .chain(set(may))
                        .chain([scope])
                        .collect();
                    let all = all.into_iter().collect::<Vec<_>>().join(" ");
                    let told = format!("error=\"insufficient_scope\", scope=\"{all}\"");
                    assert!(challenge.ends_with(&told), "{challenge}");
                }
            }
        }
    }
}

async fn the_mcp_server_takes_a_token_and_names_what_it_lacks(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let tokens = client.connect(&mut ada, &[]).await;
    let narrow = client.refresh_with(&tokens.refresh, &[("scope", "generate")]).await;
    let narrow = Tokens::of(&narrow).access;
    let whoami = async |token: &str| {
        let params = json!({ "name": "bloom_whoami", "arguments": {} });
        let message =
            json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
        let bearer = format!("Bearer {token}");
        let headers = [
            ("host", app.host()),
            ("authorization", bearer.as_str()),
            ("accept", "application/json, text/event-stream"),
            ("content-type", "application/json"),
        ];
        app.post_bytes("/api/mcp", message.to_string().into_bytes(), &headers).await
    };
    let answer = whoami(&tokens.access).await;
    assert_eq!(answer.json()["result"]["structuredContent"]["email"], "ada@example.com");
    let refused = whoami(&narrow).await;
    assert_eq!((refused.status, &refused.json()["error"]), (403, &json!("forbidden")));
    let metadata = "http://localhost:4600/.well-known/oauth-protected-resource/api/mcp";
    let challenge = format!(
        "Bearer resource_metadata=\"{metadata}\", error=\"insufficient_scope\", scope=\"generate read\""
    );
    assert_eq!(refused.header("www-authenticate"), challenge);
    assert!(refused.text().contains("scope read"), "{refused:?}");
    client.revoke(&tokens.access).await;
    let answer = whoami(&tokens.access).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
}
