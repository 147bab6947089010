//! The rate limit: 120 requests in any 60 seconds, exactly, for each credential.

use std::time::Duration;

use bloom_service::rate_limit::RateLimits;

use crate::support::oauth::REDIRECT;
use crate::support::{Answer, App, at_once, on_both};

on_both!(
    the_limit_is_exact,
    the_headers_tell_the_state_of_the_window,
    the_first_retry_after_the_wait_works,
    a_refused_request_lengthens_no_wait,
    each_key_has_its_own_window,
    keys_and_apps_have_their_own_ceilings,
    a_request_without_a_credential_takes_no_room,
    the_window_outlives_what_is_kept_of_the_key,
    the_window_outlives_housekeeping,
    a_new_secret_is_no_way_around_the_limit,
    requests_at_once_are_counted_exactly,
    without_a_limit_nothing_is_counted_or_told,
);

async fn use_up(app: &App, key: &str, count: usize) {
    for n in 0..count {
        assert_eq!(app.account(key).await.status, 200, "request {n}");
    }
}

async fn assert_refused(app: &App, key: &str) -> Answer {
    let answer = app.account(key).await;
    assert_eq!(answer.error(), "429 TOO_MANY_REQUESTS");
    answer
}

async fn the_limit_is_exact(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    // Two a second for a minute is just legal, for ever.
    for _ in 0..360 {
        assert_eq!(app.account(&key).await.status, 200);
        app.advance(Duration::from_millis(500));
    }
    // The last of the 120 within a minute was half a second ago; the window is full until its
    // first has been gone for 60 s to the microsecond.
    app.advance(Duration::from_secs(60));
    use_up(&app, &key, 120).await;
    app.advance(Duration::from_secs(60) - Duration::from_micros(1));
    assert_refused(&app, &key).await;
    app.advance(Duration::from_micros(1));
    use_up(&app, &key, 120).await;
    assert_refused(&app, &key).await;
}

async fn the_headers_tell_the_state_of_the_window(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let told = |answer: &Answer| {
        let names = [
            "ratelimit",
            "ratelimit-policy",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
            "retry-after",
        ];
        names.map(|name| answer.header(name).to_owned())
    };
    let policy = r#""default";q=120;w=60"#;
    let first = app.account(&key).await;
    assert_eq!(told(&first), [r#""default";r=119;t=60"#, policy, "120", "119", "60", ""]);
    app.advance(Duration::from_millis(20_500));
    let second = app.account(&key).await;
    // The oldest leaves in 39.5 s; waiting the 40 that are told is always enough.
    assert_eq!(told(&second), [r#""default";r=118;t=40"#, policy, "120", "118", "40", ""]);
    use_up(&app, &key, 118).await;
    let refused = assert_refused(&app, &key).await;
    assert_eq!(told(&refused), [r#""default";r=0;t=40"#, policy, "120", "0", "40", "40"]);
    insta::assert_snapshot!(refused.summary(), @r#"429 {"error":{"code":"TOO_MANY_REQUESTS","status":429,"message":"This credential may make 120 requests in 60 seconds. Wait for Retry-After seconds."}}"#);
}

async fn the_first_retry_after_the_wait_works(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    for _ in 0..120 {
        assert_eq!(app.account(&key).await.status, 200);
        app.advance(Duration::from_millis(7));
    }
    for _ in 0..5 {
        let wait = assert_refused(&app, &key).await.number("retry-after");
        app.advance(Duration::from_secs(wait));
        assert_eq!(app.account(&key).await.status, 200, "after {wait} s");
        while app.account(&key).await.status == 200 {}
    }
}

async fn a_refused_request_lengthens_no_wait(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    use_up(&app, &key, 120).await;
    for second in 0..60 {
        let answer = assert_refused(&app, &key).await;
        assert_eq!(answer.number("retry-after"), 60 - second);
        app.advance(Duration::from_secs(1));
    }
    use_up(&app, &key, 120).await;
}

async fn each_key_has_its_own_window(app: App) {
    let mut ada = app.person("ada").await;
    let one = ada.create_key("one").await.secret;
    let two = ada.create_key("two").await.secret;
    use_up(&app, &one, 120).await;
    assert_refused(&app, &one).await;
    assert_eq!(app.account(&two).await.header("x-ratelimit-remaining"), "119");
    // One key has one window, in whichever header it comes.
    let bearer = format!("Bearer {one}");
    let answer = app.get("/api/v1/account", &[("authorization", &bearer)]).await;
    assert_eq!(answer.error(), "429 TOO_MANY_REQUESTS");
}

async fn keys_and_apps_have_their_own_ceilings(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::new(3, 5)).await;
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let client = app.client(REDIRECT).await;
    let token = format!("Bearer {}", client.connect(&mut ada, &[]).await.access);
    for (headers, limit) in [([("x-api-key", key.as_str())], 3), ([("authorization", &token)], 5)] {
        let policy = format!("\"default\";q={limit};w=60");
        for left in (0..limit).rev() {
            let answer = app.get("/api/v1/account", &headers).await;
            assert_eq!((answer.status, answer.number("x-ratelimit-remaining")), (200, left));
            assert_eq!(answer.header("ratelimit-policy"), policy);
        }
        let refused = app.get("/api/v1/account", &headers).await;
        assert_eq!(refused.error(), "429 TOO_MANY_REQUESTS");
        assert!(refused.text().contains(&format!("{limit} requests in 60 seconds")), "{refused:?}");
    }
    // One that is turned off leaves the other as it is.
    let app = app.again(|options| options.rate_limits = RateLimits::new(0, 5)).await;
    for _ in 0..10 {
        let answer = app.account(&key).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-limit")), (200, ""));
    }
    let answer = app.get("/api/v1/account", &[("authorization", &token)]).await;
    assert_eq!(answer.header("x-ratelimit-limit"), "5");
}

async fn a_request_without_a_credential_takes_no_room(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    for _ in 0..130 {
        let answer = app.account(&key[..46]).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED");
        assert_eq!(answer.header("x-ratelimit-limit"), "");
    }
    assert_eq!(app.account(&key).await.header("x-ratelimit-remaining"), "119");
    // Nor does what is no operation.
    app.get("/api/v1/nothing", &[("x-api-key", &key)]).await;
    app.get("/api/v1/spec.json", &[("x-api-key", &key)]).await;
    assert_eq!(app.account(&key).await.header("x-ratelimit-remaining"), "118");
}

async fn the_window_outlives_what_is_kept_of_the_key(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let other = ada.create_key("other").await;
    use_up(&app, &key, 100).await;
    ada.revoke_key(&other).await;
    app.ban(ada.email()).await;
    assert_eq!(app.account(&key).await.error(), "403 ACCOUNT_BANNED");
    app.unban(ada.email()).await;
    let statements = app.service().statements_executed();
    assert_eq!(app.account(&key).await.header("x-ratelimit-remaining"), "19");
    assert!(app.service().statements_executed() > statements, "what was kept was forgotten");
    use_up(&app, &key, 19).await;
    assert_refused(&app, &key).await;
}

async fn the_window_outlives_housekeeping(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    use_up(&app, &key, 100).await;
    app.advance(Duration::from_secs(59));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    assert_eq!(app.account(&key).await.header("x-ratelimit-remaining"), "19");
    app.advance(Duration::from_secs(1));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    assert_eq!(app.account(&key).await.header("x-ratelimit-remaining"), "118");
}

async fn a_new_secret_is_no_way_around_the_limit(app: App) {
    let mut ada = app.person("ada").await;
    let old = ada.create_key("ci").await;
    use_up(&app, &old.secret, 120).await;
    let new = ada.replace_key(&old).await;
    assert_eq!(new.id, old.id);
    assert_refused(&app, &new.secret).await;
}

async fn requests_at_once_are_counted_exactly(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let statuses = at_once(200, |_| {
        let (app, key) = (app.clone(), key.clone());
        async move { app.account(&key).await.status }
    });
    let statuses = statuses.await;
    assert_eq!(statuses.iter().filter(|&&status| status == 200).count(), 120);
    assert_eq!(statuses.iter().filter(|&&status| status == 429).count(), 80);
}

async fn without_a_limit_nothing_is_counted_or_told(app: App) {
    let app = app.again(|options| options.rate_limits = RateLimits::OFF).await;
    let key = app.person("ada").await.create_key("ci").await.secret;
    for _ in 0..150 {
        let answer = app.account(&key).await;
        assert_eq!(answer.status, 200);
        let names = answer.headers.keys().map(axum::http::HeaderName::as_str);
        let told: Vec<_> = names.filter(|name| name.contains("ratelimit")).collect();
        assert!(told.is_empty(), "{told:?}");
    }
}
