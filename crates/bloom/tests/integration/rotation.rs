//! Rotation: another secret for the same key, and the old one for a while.

use std::time::Duration;

use bloom_domain::api_keys::{ApiKey, KeyCondition, KeyHint, Narrowing, Overlap};
use bloom_domain::email::Email;
use bloom_service::Error;
use bloom_service::api_keys::{self, Rotation, WhichKey};
use serde_json::json;

use crate::support::{App, Browser, Key, START, at_once, on_both};

on_both!(
    both_secrets_work_until_the_overlap_is_over,
    an_answer_to_the_old_secret_says_so_on_both_faces,
    the_overlap_is_a_day_unless_another_is_chosen,
    an_overlap_that_is_none_changes_nothing,
    the_overlap_is_never_longer_than_the_key,
    a_rotation_keeps_everything_but_the_secret,
    a_second_rotation_forgets_the_oldest_secret,
    a_form_that_is_sent_twice_rotates_once,
    the_overlap_can_be_ended_at_any_time,
    revoking_ends_both_secrets,
    an_expired_key_cannot_be_rotated,
    the_use_of_the_old_secret_is_told,
    many_rotations_at_once_leave_two_good_secrets,
    a_form_that_is_sent_many_times_at_once_rotates_once,
    rotating_revoking_and_ending_at_once_leave_a_dead_key,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn listed(app: &App) -> ApiKey {
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    api_keys::list_for(app.service(), &operator, &email).await.unwrap().remove(0)
}

async fn rotate_for(app: &App, key: &Key, overlap: &str) -> Result<String, Error> {
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let rotation = Rotation { overlap: overlap.parse().unwrap(), seen: None };
    let which = WhichKey::Id(key.id.parse().unwrap());
    let new = api_keys::rotate_for(app.service(), &operator, &email, which, rotation).await?;
    Ok(new.secret.expose().to_owned())
}

async fn narrow(app: &App, key: &Key, narrowing: Narrowing) -> Result<ApiKey, Error> {
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let which = WhichKey::Id(key.id.parse().unwrap());
    api_keys::narrow_for(app.service(), &operator, &email, which, narrowing).await
}

/// What a key is answered, and asked twice: from the database and from memory.
async fn status(app: &App, secret: &str) -> u16 {
    let answer = app.account(secret).await;
    assert_eq!(app.account(secret).await.status, answer.status);
    answer.status
}

async fn both_secrets_work_until_the_overlap_is_over(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    assert_eq!(status(&app, &old.secret).await, 200);
    let new = ada.rotate_key(&old, "1h").await;
    assert_eq!(new.id, old.id, "it is the same key");
    app.advance(Duration::from_secs(3_599));
    for secret in [&old.secret, &new.secret] {
        assert_eq!(status(&app, secret).await, 200);
    }
    let page = ada.get("/settings").await;
    assert!(page.text().contains(">Rotated<"), "{page:?}");
    // Warm or not: the end is compared on every request.
    app.advance(Duration::from_secs(1));
    for app in [&app, &app.again(|_| {}).await] {
        let answer = app.account(&old.secret).await;
        insta::assert_snapshot!(answer.summary(), @r#"401 {"error":{"code":"UNAUTHORIZED","status":401,"message":"The API key was rotated, and this old secret of it has ended. Use the new one."}}"#);
        assert!(answer.header("www-authenticate").contains("invalid_token"));
        assert_eq!(status(app, &new.secret).await, 200);
    }
    assert!(ada.get("/settings").await.text().contains(">Active<"));
}

async fn an_answer_to_the_old_secret_says_so_on_both_faces(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    assert_eq!(app.account(&old.secret).await.header("x-api-key-old-until"), "");
    let new = ada.rotate_key(&old, "24h").await;
    let until = START.plus(DAY).to_string();
    let answer = app.account(&old.secret).await;
    assert_eq!((answer.status, answer.header("x-api-key-old-until")), (200, until.as_str()));
    assert!(answer.header("access-control-expose-headers").contains("X-Api-Key-Old-Until"));
    assert_eq!(app.account(&new.secret).await.header("x-api-key-old-until"), "");
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string().into_bytes();
    for (secret, told) in [(&old.secret, until.as_str()), (&new.secret, "")] {
        let headers = [
            ("x-api-key", secret.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("host", app.host()),
        ];
        let answer = app.post_bytes("/api/mcp", call.clone(), &headers).await;
        assert_eq!(answer.header("x-api-key-old-until"), told, "{answer:?}");
    }
    // Refusals say so as well, once the credential is good.
    let answer = app.get("/api/v1/credits?workspaceId=", &[("x-api-key", &old.secret)]).await;
    assert_eq!((answer.status, answer.header("x-api-key-old-until")), (400, until.as_str()));
}

async fn the_overlap_is_a_day_unless_another_is_chosen(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let page = ada.get(&format!("/settings/api-keys/{}", key.id)).await;
    assert!(page.text().contains("<option value=\"24h\" selected>"), "{page:?}");
    assert_eq!(Overlap::DEFAULT.after(START), START.plus(DAY));
    for (overlap, seconds) in [("0", 0), ("90m", 5_400), ("30d", 30 * 86_400)] {
        rotate_for(&app, &key, overlap).await.unwrap();
        let until = START.plus(Duration::from_secs(seconds));
        assert_eq!(listed(&app).await.old_secret.unwrap().until, until, "{overlap}");
    }
}

async fn an_overlap_that_is_none_changes_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let before = app.database().dump();
    for overlap in ["", "31d", "-1h", "for ever"] {
        let path = format!("/settings/api-keys/{}/rotate", key.id);
        let page = ada.post(&path, &[("overlap", overlap)]).await;
        page.assert_page(409, "Settings");
        assert!(page.text().contains("The key was not rotated"), "{page:?}");
    }
    assert_eq!(app.database().dump(), before);
}

async fn the_overlap_is_never_longer_than_the_key(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    let end = START.plus(Duration::from_secs(60));
    let narrowing = Narrowing { expires_at: Some(end), ..Narrowing::default() };
    narrow(&app, &old, narrowing).await.unwrap();
    let new = ada.rotate_key(&old, "24h").await;
    let key = listed(&app).await;
    assert_eq!(key.old_secret.unwrap().until, end);
    assert_eq!(key.narrowing.expires_at, Some(end), "and no longer than before");
    for page in ["/settings".to_owned(), format!("/settings/api-keys/{}", old.id)] {
        let page = ada.get(&page).await;
        assert!(
            page.text().contains(">Rotated<") && page.text().contains(">Expires soon<"),
            "{page:?}"
        );
    }
    assert_eq!(app.account(&old.secret).await.header("x-api-key-old-until"), end.to_string());
    app.advance(Duration::from_secs(60));
    for secret in [&old.secret, &new.secret] {
        let answer = app.account(secret).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED");
        assert!(answer.text().contains("has expired"), "{answer:?}");
    }
}

async fn a_rotation_keeps_everything_but_the_secret(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    ada.post(&format!("/settings/api-keys/{}/budget", old.id), &[("day", "7")]).await;
    for _ in 0..100 {
        app.account(&old.secret).await;
    }
    let before = listed(&app).await;
    let new = ada.rotate_key(&old, "24h").await;
    let after = listed(&app).await;
    assert_eq!(
        (after.id, &after.name, after.created_at),
        (before.id, &before.name, before.created_at)
    );
    assert_eq!(after.narrowing, before.narrowing);
    assert_eq!(after.old_secret.unwrap().hint, before.hint);
    // One window for both secrets, and one budget.
    assert_eq!(app.account(&new.secret).await.header("x-ratelimit-remaining"), "19");
    assert_eq!(app.account(&old.secret).await.header("x-ratelimit-remaining"), "18");
    for secret in [&old.secret, &new.secret] {
        let answer = app.get("/api/v1/credits", &[("x-api-key", secret)]).await;
        assert_eq!(answer.json()["data"]["budget_left"], 7);
    }
}

async fn a_second_rotation_forgets_the_oldest_secret(app: App) {
    let mut ada = app.person("ada").await;
    let first = ada.create_key("ci").await;
    let second = ada.rotate_key(&first, "30d").await;
    for secret in [&first.secret, &second.secret] {
        assert_eq!(status(&app, secret).await, 200);
    }
    let third = ada.rotate_key(&second, "1h").await;
    for (secret, expected) in [(&first.secret, 401), (&second.secret, 200), (&third.secret, 200)] {
        assert_eq!(status(&app, secret).await, expected);
    }
}

async fn a_form_that_is_sent_twice_rotates_once(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    let page = ada.get(&format!("/settings/api-keys/{}", old.id)).await;
    let seen = page.between("name=\"seen\" value=\"", "\"").unwrap().to_owned();
    let path = format!("/settings/api-keys/{}/rotate", old.id);
    let fields = [("overlap", "24h"), ("seen", seen.as_str())];
    let rotated = ada.post(&path, &fields).await;
    rotated.assert_page(200, "Settings");
    let sooner = format!("/settings/api-keys/{}#rotate\">end it sooner</a>", old.id);
    assert!(rotated.text().contains("still works: it ends"), "{rotated:?}");
    assert!(rotated.text().contains(&sooner), "{rotated:?}");
    let before = app.database().dump();
    let page = ada.post(&path, &fields).await;
    page.assert_page(409, "Settings");
    assert!(page.text().contains("has been rotated already"), "{page:?}");
    assert_eq!(app.database().dump(), before);
    assert_eq!(status(&app, &old.secret).await, 200, "the second click ends nothing");
}

async fn the_overlap_can_be_ended_at_any_time(app: App) {
    let mut ada = app.person("ada").await;
    let none = ada.create_key("exposed").await;
    let path = format!("/settings/api-keys/{}/rotate", none.id);
    let page = ada.post(&path, &[("overlap", "0")]).await;
    assert!(!page.text().contains("end it sooner"), "there is nothing to end: {page:?}");
    let old = ada.create_key("ci").await;
    let new = ada.rotate_key(&old, "30d").await;
    assert_eq!(status(&app, &old.secret).await, 200);
    let end = format!("/settings/api-keys/{}/end-overlap", old.id);
    let done = format!("/settings?ended={}#api-keys", old.id);
    ada.post(&end, &[]).await.assert_redirect(&done);
    assert_eq!(status(&app, &old.secret).await, 401);
    assert_eq!(status(&app, &new.secret).await, 200);
    let page = ada.get(&done).await;
    assert!(page.text().contains("The old secret of the key “ci” has ended."), "{page:?}");
    let before = app.database().dump();
    app.advance(Duration::from_secs(5));
    ada.post(&end, &[]).await.assert_redirect(&done);
    assert_eq!(app.database().dump(), before, "twice is no error, and no news");
}

async fn revoking_ends_both_secrets(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    let new = ada.rotate_key(&old, "30d").await;
    for secret in [&old.secret, &new.secret] {
        assert_eq!(status(&app, secret).await, 200);
    }
    ada.revoke_key(&new).await;
    for secret in [&old.secret, &new.secret] {
        assert_eq!(status(&app, secret).await, 401);
    }
    let end = format!("/settings/api-keys/{}/end-overlap", old.id);
    let before = app.database().dump();
    ada.post(&end, &[]).await.assert_redirect("/settings#api-keys");
    assert_eq!(app.database().dump(), before);
}

async fn an_expired_key_cannot_be_rotated(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let end = START.plus(Duration::from_secs(60));
    narrow(&app, &key, Narrowing { expires_at: Some(end), ..Narrowing::default() }).await.unwrap();
    app.advance(Duration::from_secs(60));
    let before = app.database().dump();
    assert_eq!(rotate_for(&app, &key, "24h").await.err(), Some(Error::ApiKeyExpired));
    let later = Narrowing { expires_at: Some(end.plus(DAY)), ..Narrowing::default() };
    let refused = narrow(&app, &key, later).await;
    assert_eq!(refused.err(), Some(Error::ApiKeyExpired), "what has ended stays ended");
    assert_eq!(app.database().dump(), before);
}

async fn the_use_of_the_old_secret_is_told(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    app.account(&old.secret).await;
    let new = ada.rotate_key(&old, "24h").await;
    assert!(ada.get("/settings").await.text().contains("not used since the rotation"));
    app.advance(Duration::from_secs(60));
    app.account(&old.secret).await;
    app.advance(Duration::from_secs(4 * 60));
    app.account(&new.secret).await;
    let told = |key: ApiKey| key.old_secret.unwrap().last_used_at;
    let expected = Some(START.plus(Duration::from_secs(60)));
    assert_eq!(told(listed(&app).await), expected, "from memory");
    app.keep_house().await;
    assert_eq!(told(listed(&app).await), expected, "from the database");
    assert_eq!(listed(&app).await.last_use.unwrap().at, START.plus(Duration::from_secs(300)));
    let page = ada.get("/settings").await;
    assert!(
        page.between("Old secret</dt>", "</div>").unwrap().contains("4 minutes ago"),
        "{page:?}"
    );
    // A note of a secret that is forgotten by now tells nothing of the one that is old now.
    app.account(&old.secret).await;
    app.advance(Duration::from_secs(1));
    ada.rotate_key(&new, "24h").await;
    assert_eq!(told(listed(&app).await), None);
    app.keep_house().await;
    assert_eq!(told(listed(&app).await), None);
}

async fn many_rotations_at_once_leave_two_good_secrets(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let secrets = at_once(40, |_| {
        let (app, key) = (app.clone(), key.clone());
        async move {
            let secret = rotate_for(&app, &key, "24h").await.unwrap();
            // Used at once, so that verdicts are filled while others rotate.
            app.account(&secret).await;
            secret
        }
    });
    let mut good = 0;
    for secret in secrets.await {
        good += usize::from(app.account(&secret).await.status == 200);
    }
    assert_eq!(good, 2);
    assert_eq!(app.account(&key.secret).await.error(), "401 UNAUTHORIZED");
    assert!(matches!(listed(&app).await.condition(START), KeyCondition::Rotated { .. }));
}

async fn a_form_that_is_sent_many_times_at_once_rotates_once(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let seen = KeyHint::parse(&listed(&app).await.hint.to_string()).unwrap().to_string();
    let pages = at_once(16, |_| {
        let (mut ada, id, seen): (Browser, _, _) = (ada.clone(), key.id.clone(), seen.clone());
        async move {
            let path = format!("/settings/api-keys/{id}/rotate");
            ada.post(&path, &[("overlap", "24h"), ("seen", &seen)]).await.status
        }
    });
    let pages = pages.await;
    assert_eq!(pages.iter().filter(|&&status| status == 200).count(), 1, "{pages:?}");
    assert_eq!(pages.iter().filter(|&&status| status == 409).count(), 15, "{pages:?}");
    assert_eq!(app.account(&key.secret).await.status, 200);
}

async fn rotating_revoking_and_ending_at_once_leave_a_dead_key(app: App) {
    let mut ada = app.person("ada").await;
    for round in 0..6 {
        let key = ada.create_key(&format!("k{round}")).await;
        let secrets = at_once(8, |n| {
            let (app, mut ada, key) = (app.clone(), ada.clone(), key.clone());
            async move {
                match n {
                    3 => {
                        let end = format!("/settings/api-keys/{}/end-overlap", key.id);
                        assert_eq!(ada.post(&end, &[]).await.status, 303);
                        None
                    }
                    4 => {
                        // By its name: how it begins may be another thing by now.
                        let revoke = format!("/settings/api-keys/{}/revoke", key.id);
                        let page = ada.post(&revoke, &[("confirmed", &format!("k{round}"))]).await;
                        assert_eq!(page.status, 303, "{page:?}");
                        None
                    }
                    _ => {
                        let secret = rotate_for(&app, &key, "30d").await.ok();
                        if let Some(secret) = &secret {
                            app.account(secret).await;
                        }
                        secret
                    }
                }
            }
        });
        for secret in secrets.await.into_iter().flatten().chain([key.secret.clone()]) {
            assert_eq!(app.account(&secret).await.error(), "401 UNAUTHORIZED");
        }
    }
}
