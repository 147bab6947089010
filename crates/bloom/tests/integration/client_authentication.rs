//! How a client proves itself (RFC 6749 §2.3), and acts by itself with it (§4.4).

use std::time::Duration;

use serde_json::json;

use bloom_service::attempts::AttemptLimits;

use crate::support::oauth::{INTROSPECT, REDIRECT, REVOKE, TOKEN, Tokens, VERIFIER, claims};
use crate::support::own_app::{basic, fields, send_as};
use crate::support::{Answer, App, PASSWORD, at_once, on_both};
use crate::teams::team;

on_both!(
    a_secret_counts_by_its_registered_method_only,
    a_confidential_client_proves_itself_at_every_endpoint,
    nothing_is_learned_without_the_secret,
    a_replaced_secret_is_worth_nothing,
    a_rotation_of_the_root_secret_keeps_secrets_good,
    a_client_acts_as_its_owner_within_its_scopes,
    a_client_acts_in_its_workspaces_only,
    whoever_is_not_registered_for_it_cannot_act_alone,
    a_clients_own_tokens_end_when_they_must,
    many_first_tokens_at_once_hang_on_one_connection,
    guesses_at_secrets_count_by_address,
);

fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(error)), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn a_secret_counts_by_its_registered_method_only(app: App) {
    let mut ada = app.person("ada").await;
    let by_basic = ada.create_app(&[]).await;
    let by_post = ada.create_app(&[("method", "client_secret_post")]).await;
    let grant = ("grant_type", "client_credentials");
    let post = async |id: &str, secret: &str| {
        app.post_form(TOKEN, &[grant, ("client_id", id), ("client_secret", secret)]).await
    };
    assert_eq!(by_basic.act("").await.status, 200);
    assert_eq!(post(&by_post.id, &by_post.secret).await.status, 200);
    // The other method, however right the secret.
    refused(&post(&by_basic.id, &by_basic.secret).await, 401, "invalid_client");
    let answer = by_post.act("").await;
    refused(&answer, 401, "invalid_client");
    // "matching the authentication scheme used by the client" (RFC 6749 §5.2).
    assert!(answer.header("www-authenticate").starts_with("Basic realm="), "{answer:?}");
    // Both at once, another id in the body, a wrong or no secret.
    let header = by_basic.basic();
    let both = [grant, ("client_secret", by_basic.secret.as_str())];
    refused(&send_as(&app, TOKEN, &header, &both).await, 400, "invalid_request");
    let other = [grant, ("client_id", by_post.id.as_str())];
    refused(&send_as(&app, TOKEN, &header, &other).await, 400, "invalid_request");
    for secret in ["", "x", &by_post.secret, &by_basic.secret[..40], &by_basic.management] {
        let header = basic(&by_basic.id, secret);
        refused(&send_as(&app, TOKEN, &header, &[grant]).await, 401, "invalid_client");
    }
    for secret in ["", "x", &by_basic.secret] {
        refused(&post(&by_post.id, secret).await, 401, "invalid_client");
    }
    let nobody = basic("01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d", &by_basic.secret);
    refused(&send_as(&app, TOKEN, &nobody, &[grant]).await, 401, "invalid_client");
    // Id and secret are form-encoded in the header: `%2d` is the id's hyphen, `%5f` the secret's underscore.
    let encoded = basic(&by_basic.id.replace('-', "%2d"), &by_basic.secret.replace('_', "%5f"));
    assert_eq!(send_as(&app, TOKEN, &encoded, &[grant]).await.status, 200);
    let twice = [("authorization", header.as_str()), ("authorization", header.as_str())];
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = b"grant_type=client_credentials".to_vec();
    let answer = app.post_bytes(TOKEN, body, &[&[form], &twice[..]].concat()).await;
    refused(&answer, 400, "invalid_request");
}

async fn a_confidential_client_proves_itself_at_every_endpoint(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let code = own.for_people().code(&mut ada, &[("scope", "openid read")]).await;
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let bare = ("client_id", own.id.as_str());
    let wrong = basic(&own.id, "wrong");
    let before = app.database().dump();
    let without = [
        app.post_form(TOKEN, &[&redeem[..], &[bare]].concat()).await,
        send_as(&app, TOKEN, &wrong, &redeem).await,
    ];
    for answer in without {
        refused(&answer, 401, "invalid_client");
    }
    assert_eq!(app.database().dump(), before, "the code is not spent, and nothing is counted");
    let tokens = Tokens::of(&own.send(TOKEN, &redeem).await);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
    let before = app.database().dump();
    for (path, fields) in [
        (TOKEN, refresh.to_vec()),
        (REVOKE, vec![("token", tokens.refresh.as_str())]),
        (INTROSPECT, vec![("token", tokens.access.as_str())]),
    ] {
        let without = app.post_form(path, &[&fields[..], &[bare]].concat()).await;
        refused(&without, 401, "invalid_client");
        refused(&send_as(&app, path, &wrong, &fields).await, 401, "invalid_client");
    }
    assert_eq!(app.database().dump(), before);
    assert!(app.is_good(&tokens.access).await);
    let tokens = Tokens::of(&own.send(TOKEN, &refresh).await);
    assert_eq!(own.introspect(&tokens.access).await["active"], true);
    assert_eq!(own.introspect(&tokens.refresh).await["active"], true);
    assert_eq!(own.revoke(&tokens.refresh).await.status, 200);
    assert!(!app.is_good(&tokens.access).await);
}

/// Whoever has no secret learns nothing of codes and tokens: a good one and nonsense are one answer.
async fn nothing_is_learned_without_the_secret(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let other = ada.create_app(&[]).await;
    let code = own.for_people().code(&mut ada, &[]).await;
    let wrong = basic(&own.id, &other.secret);
    let mut answers = Vec::new();
    for code in [code.as_str(), "nonsense"] {
        let redeem = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        answers.push(send_as(&app, TOKEN, &wrong, &redeem).await.summary());
        // Another client that has proven itself learns no more than that.
        refused(&other.send(TOKEN, &redeem).await, 400, "invalid_grant");
    }
    for token in ["nonsense", "bloom_rt_AAAA"] {
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
        answers.push(send_as(&app, TOKEN, &wrong, &refresh).await.summary());
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(own.send(TOKEN, &redeem).await.status, 200, "nothing was spent");
}

async fn a_replaced_secret_is_worth_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let acting = own.acting().await;
    assert!(app.is_good(&acting).await);
    assert_eq!(own.introspect(&acting).await["active"], true);
    let page = ada.post(&own.form("secret"), &[]).await;
    let secret = page.between("<code id=\"client-secret\">", "<").unwrap().to_owned();
    assert_ne!(secret, own.secret);
    refused(&own.act("").await, 401, "invalid_client");
    let asked = own.send(INTROSPECT, &[("token", &acting)]).await;
    refused(&asked, 401, "invalid_client");
    assert!(!app.is_good(&acting).await, "nor is what was got with it");
    let renewed = crate::support::own_app::OwnApp { secret, ..own };
    assert!(app.is_good(&renewed.acting().await).await);
}

async fn a_rotation_of_the_root_secret_keeps_secrets_good(app: App) {
    use bloom_service::root_secret::{self, RootSecret};
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let secrets = app.options().secrets.rotated(RootSecret::new([2; 32]));
    root_secret::rotate(app.service(), &app.operator(), &secrets).await.unwrap();
    let app = app.again(|options| options.secrets = secrets).await;
    let own = crate::support::own_app::OwnApp { app: app.clone(), ..own };
    assert!(app.is_good(&own.acting().await).await);
    assert_eq!(own.manage("GET", None).await.status, 200);
}

async fn a_client_acts_as_its_owner_within_its_scopes(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[("scope-generate", "on"), ("scope-read", "on")]).await;
    let answer = own.act("").await;
    let body = answer.json();
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    // "A refresh token SHOULD NOT be included" (RFC 6749 §4.4.3).
    assert!(body.get("refresh_token").is_none() && body.get("id_token").is_none(), "{body}");
    assert_eq!((&body["scope"], &body["expires_in"]), (&json!("generate read"), &json!(3600)));
    let token = body["access_token"].as_str().unwrap();
    let said = claims(token);
    assert_eq!((&said["sub"], &said["client_id"]), (&json!(own.id), &json!(own.id)));
    let account = app.get_as("/api/v1/account", token).await;
    assert_eq!(account.json()["data"]["email"], "ada@example.com", "it acts as its owner");
    let told = own.introspect(token).await;
    assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!(own.id)));
    // Less is given, more is not.
    let less = own.act("generate").await.json();
    assert_eq!(less["scope"], "generate");
    let less = less["access_token"].as_str().unwrap();
    assert_eq!(app.get_as("/api/v1/account", less).await.error(), "403 FORBIDDEN");
    for more in ["write", "read write", "keys:admin", "openid", "offline_access", "nonsense"] {
        refused(&own.act(more).await, 400, "invalid_scope");
    }
    let resource = [("grant_type", "client_credentials"), ("resource", "https://evil.example")];
    refused(&own.send(TOKEN, &resource).await, 400, "invalid_target");
    let userinfo = crate::support::oauth::USERINFO;
    assert_eq!(app.get_as(userinfo, token).await.status, 403, "it is no person");
    let all = ada.create_app(&[]).await.act("").await.json();
    assert_eq!(all["scope"], "generate read write", "all, and never the keys");
}

async fn a_client_acts_in_its_workspaces_only(app: App) {
    let mut ada = app.person("ada").await;
    let (one, two) = (team(&mut ada, "One").await, team(&mut ada, "Two").await);
    let box_of_one = format!("workspace-{one}");
    let own = ada.create_app(&[("workspaces", "some"), (&box_of_one, "on")]).await;
    let token = own.acting().await;
    let names = async |token: &str| {
        let answer = app.get_as("/api/v1/workspaces", token).await.json();
        let listed = answer["data"]["workspaces"].as_array().unwrap().clone();
        listed.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&token).await, ["One"]);
    let elsewhere = app.get_as(&format!("/api/v1/credits?workspaceId={two}"), &token).await;
    assert_eq!(elsewhere.error(), "404 WORKSPACE_NOT_FOUND");
    // A workspace of somebody else is not chosen by naming it.
    let mut eve = app.person("eve").await;
    let hers = team(&mut eve, "Hers").await;
    let box_of_hers = format!("workspace-{hers}");
    let changed = fields(&[("workspaces", "some"), (&box_of_one, "on"), (&box_of_hers, "on")]);
    ada.post(&own.page(), &changed).await;
    assert_eq!(names(&own.acting().await).await, ["One"]);
    ada.post(&own.page(), &fields(&[])).await;
    assert!(!app.is_good(&token).await);
    assert!(names(&own.acting().await).await.contains(&"Two".to_owned()));
}

async fn whoever_is_not_registered_for_it_cannot_act_alone(app: App) {
    let mut ada = app.person("ada").await;
    let grant = ("grant_type", "client_credentials");
    let for_people = ada.create_app(&[("acts-alone", "")]).await;
    refused(&for_people.act("").await, 400, "unauthorized_client");
    let anonymous = app.client(REDIRECT).await;
    let answer = app.post_form(TOKEN, &[grant, ("client_id", &anonymous.id)]).await;
    refused(&answer, 400, "unauthorized_client");
    let public = ada.create_app(&[("method", "none"), ("acts-alone", "")]).await;
    let answer = app.post_form(TOKEN, &[grant, ("client_id", &public.id)]).await;
    refused(&answer, 400, "unauthorized_client");
    let answer = app.post_form(TOKEN, &[grant, ("client_id", "nobody")]).await;
    refused(&answer, 401, "invalid_client");
    // One that acts only by itself sends nobody here.
    let alone = ada.create_app(&[("acts-for-people", ""), ("redirect-uris", "")]).await;
    let page = ada.get(&alone.for_people().authorize_url(&[])).await;
    page.assert_page(400, "This app’s request cannot be answered");
}

async fn a_clients_own_tokens_end_when_they_must(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let token = own.acting().await;
    assert_eq!(own.revoke(&token).await.status, 200);
    assert!(!app.is_good(&token).await, "one alone");
    let token = own.acting().await;
    app.advance(Duration::from_secs(3_599));
    assert!(app.is_good(&token).await);
    app.advance(Duration::from_secs(1));
    assert!(!app.is_good(&token).await, "after an hour");
    let token = own.acting().await;
    app.ban("ada@example.com").await;
    assert_eq!(app.get_as("/api/v1/account", &token).await.status, 403);
    refused(&own.act("").await, 400, "invalid_grant");
    app.unban("ada@example.com").await;
    assert!(app.is_good(&token).await);
    // Its grant is renewed in time, and what has ended leaves.
    for _ in 0..40 {
        app.advance(Duration::from_secs(2 * 86_400));
        app.keep_house().await;
        assert!(app.is_good(&own.acting().await).await);
    }
    assert!(app.rows("grants").len() <= 3, "{:?}", app.rows("grants").len());
    assert_eq!(app.rows("connections").len(), 1);
    ada.sign_in("ada@example.com", PASSWORD).await;
    assert!(
        !ada.get("/settings").await.text().contains("/settings/apps/"),
        "it is no connected app"
    );
    ada.post(&own.form("delete"), &[("confirmed", "Pressroom")]).await;
    refused(&own.act("").await, 401, "invalid_client");
}

async fn many_first_tokens_at_once_hang_on_one_connection(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let acting = own.clone();
    let tokens = at_once(20, move |_| {
        let own = acting.clone();
        async move { own.acting().await }
    })
    .await;
    for token in &tokens {
        assert!(app.is_good(token).await);
    }
    assert_eq!(app.rows("connections").len(), 1);
    ada.post(&own.form("secret"), &[]).await;
    for token in &tokens {
        assert!(!app.is_good(token).await);
    }
}

async fn guesses_at_secrets_count_by_address(app: App) {
    let app = app.again(|options| options.attempts = AttemptLimits::STANDARD).await;
    let mut ada = app.person("ada").await;
    let own = ada.create_app(&[]).await;
    let wrong = basic(&own.id, "bloom_cs_0000000000000000000000000000000a");
    for index in 0..60 {
        let path = [TOKEN, REVOKE, INTROSPECT][index % 3];
        let fields = [("grant_type", "client_credentials"), ("token", "x")];
        assert_eq!(send_as(&app, path, &wrong, &fields).await.status, 401, "{index}");
    }
    let fields = [("grant_type", "client_credentials")];
    let answer = send_as(&app, TOKEN, &wrong, &fields).await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert!(answer.number("retry-after") >= 1);
    assert_eq!(own.act("").await.status, 200, "the right one passes");
}
