//! Limits on what fails and on what anybody may do, by where it comes from. A proxy in front says where
//! that is.

use std::time::Duration;

use bloom_domain::api_keys::ApiKeySecret;
use bloom_service::attempts::AttemptLimits;
use serde_json::json;
use tokio::time::Instant;

use crate::support::oauth::{REDIRECT, REGISTER, TOKEN, VERIFIER};
use crate::support::{Answer, App, Browser, PASSWORD, at_once, on_both, urlencoded};

on_both!(
    failures_are_limited_by_address_and_good_credentials_pass,
    one_network_of_version_6_is_one_address,
    which_answers_count_as_failures,
    wrong_passwords_are_limited_for_an_account_and_an_address,
    an_address_that_tries_many_accounts_is_limited,
    whoever_loses_a_race_has_guessed_nothing,
    a_right_password_takes_no_room,
    wrong_passwords_at_once_are_counted_exactly,
    an_account_under_attack_is_slower_and_never_locked,
    sign_ups_are_limited_by_address,
    new_clients_are_limited_by_address_and_known_ones_are_not,
    without_limits_nothing_is_counted,
);

const HERE: &str = "198.51.100.7";
const THERE: &str = "198.51.100.8";
/// Asks the person, though they said yes before.
const AGAIN: &[(&str, &str)] = &[("prompt", "consent")];
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The same server behind a proxy, with limits.
async fn limited(app: &App, limits: AttemptLimits) -> App {
    app.again(|options| {
        options.trusted_proxies = 1;
        options.attempts = limits;
    })
    .await
}

fn from(address: &str) -> (&'static str, &str) {
    ("x-forwarded-for", address)
}

/// A key of the right shape that nobody has.
fn unknown_key() -> String {
    ApiKeySecret::new(&[9; 32]).expose().to_owned()
}

async fn with_key(app: &App, key: &str, address: &str) -> Answer {
    app.get("/api/v1/account", &[("x-api-key", key), from(address)]).await
}

async fn at_token_endpoint(app: &App, fields: &[(&str, &str)], address: &str) -> Answer {
    app.post_bytes(TOKEN, urlencoded(fields).into_bytes(), &[FORM, from(address)]).await
}

async fn failures_are_limited_by_address_and_good_credentials_pass(app: App) {
    let mut ada = app.person("ada").await;
    let (warm, cold) = (ada.create_key("warm").await.secret, ada.create_key("cold").await.secret);
    let client = app.client(REDIRECT).await;
    let (token, later) =
        (client.connect(&mut ada, AGAIN).await, client.connect(&mut ada, AGAIN).await);
    let app = limited(&app, AttemptLimits::new(5, 0, 0, 0, 0, 0)).await;
    assert_eq!(with_key(&app, &warm, HERE).await.status, 200);

    // Every face counts into the same window.
    let bad = unknown_key();
    let at_mcp = [("host", app.host()), ("x-api-key", bad.as_str()), from(HERE)];
    assert_eq!(with_key(&app, &bad, HERE).await.error(), "401 UNAUTHORIZED");
    app.advance(Duration::from_secs(20));
    for _ in 0..2 {
        assert_eq!(with_key(&app, &bad, HERE).await.error(), "401 UNAUTHORIZED");
    }
    let mcp = app.post_bytes("/api/mcp", vec![], &at_mcp).await;
    assert_eq!(mcp.status, 401);
    let unknown =
        [("grant_type", "refresh_token"), ("client_id", &client.id), ("refresh_token", "x")];
    let refused = at_token_endpoint(&app, &unknown, HERE).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some("invalid_grant")));

    let refused = with_key(&app, &bad, HERE).await;
    assert_eq!(refused.number("retry-after"), 40);
    assert_eq!(refused.header("www-authenticate"), "", "it is no challenge");
    insta::assert_snapshot!(refused.summary(), @r#"429 {"error":{"code":"TOO_MANY_REQUESTS","status":429,"message":"Too many requests from this address came with no good credential, and so did this one. Wait for Retry-After seconds; a good credential is taken at any time."}}"#);
    let mcp = app.post_bytes("/api/mcp", vec![], &at_mcp).await;
    assert_eq!((mcp.status, mcp.number("retry-after")), (429, 40));
    assert_eq!(mcp.json()["error"], "too_many_requests");
    let refused = at_token_endpoint(&app, &unknown, HERE).await;
    assert_eq!(refused.number("retry-after"), 40);
    insta::assert_snapshot!(refused.summary(), @r#"429 {"error":"temporarily_unavailable","error_description":"too many requests from this address had no good code, token or client, and so had this one; a good one is taken at any time"}"#);

    // Who has a good one is not kept out, seen before or not.
    for key in [&warm, &cold] {
        assert_eq!(with_key(&app, key, HERE).await.status, 200);
    }
    let bearer = format!("Bearer {}", token.access);
    let answer = app.get("/api/v1/account", &[("authorization", &bearer), from(HERE)]).await;
    assert_eq!(answer.status, 200);
    let good = [
        ("grant_type", "refresh_token"),
        ("client_id", client.id.as_str()),
        ("refresh_token", later.refresh.as_str()),
    ];
    assert_eq!(at_token_endpoint(&app, &good, HERE).await.status, 200);
    // No key's own window was touched by what failed.
    assert_eq!(with_key(&app, &warm, HERE).await.header("x-ratelimit-remaining"), "117");
    // Nor is anybody else's address, or one that cannot be told.
    assert_eq!(with_key(&app, &bad, THERE).await.status, 401);
    assert_eq!(app.account(&bad).await.status, 401);
    // One retry after the wait is enough, and refused ones have not lengthened it.
    app.advance(Duration::from_secs(40));
    assert_eq!(with_key(&app, &bad, HERE).await.status, 401);
    assert_eq!(with_key(&app, &bad, HERE).await.status, 429);
}

async fn one_network_of_version_6_is_one_address(app: App) {
    let (app, bad) = (limited(&app, AttemptLimits::new(2, 0, 0, 0, 0, 0)).await, unknown_key());
    for (address, status) in [
        ("2001:db8:1:2::1", 401),
        ("2001:db8:1:2:3:4:5:6", 401),
        ("2001:db8:1:2:ffff::", 429),
        ("2001:db8:1:3::1", 401),
        ("::ffff:198.51.100.7", 401),
        (HERE, 401),
        (HERE, 429),
    ] {
        assert_eq!(with_key(&app, &bad, address).await.status, status, "{address}");
    }
}

/// What is sent.
enum Sent {
    Api(Vec<(&'static str, String)>),
    Token(Vec<(&'static str, String)>),
}

async fn which_answers_count_as_failures(app: App) {
    let cases = cases(&app).await;
    let app = limited(&app, AttemptLimits::new(1, 0, 0, 0, 0, 0)).await;
    for (number, (name, sent, status, counts)) in cases.into_iter().enumerate() {
        let address = format!("203.0.113.{number}");
        let pairs = |pairs: &[(&'static str, String)]| pairs.to_vec();
        let answer = match &sent {
            Sent::Api(headers) => {
                let headers = pairs(headers);
                let mut headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
                headers.push(from(&address));
                app.get("/api/v1/account", &headers).await
            }
            Sent::Token(fields) => {
                let fields = pairs(fields);
                let fields: Vec<_> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
                at_token_endpoint(&app, &fields, &address).await
            }
        };
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        let probe = with_key(&app, &unknown_key(), &address).await;
        assert_eq!(probe.status == 429, counts, "{name}: whether it counts");
    }
}

async fn cases(app: &App) -> Vec<(&'static str, Sent, u16, bool)> {
    let mut ada = app.person("ada").await;
    let mut bob = app.person("bob").await;
    let good = ada.create_key("good").await.secret;
    let revoked = ada.create_key("revoked").await;
    ada.revoke_key(&revoked).await;
    let banned = bob.create_key("of the banned").await.secret;
    app.ban(bob.email()).await;
    let client = app.client(REDIRECT).await;
    let refused = app.client("https://refused.example/callback").await;
    let of_refused = refused.connect(&mut ada, &[]).await;
    refused.disable().await;
    let expired = client.connect(&mut ada, AGAIN).await;
    app.advance(Duration::from_secs(3_601));
    let ended = client.connect(&mut ada, AGAIN).await;
    assert_eq!(client.revoke(&ended.access).await.status, 200);
    let fresh = client.connect(&mut ada, AGAIN).await;
    let used = client.code(&mut ada, AGAIN).await;
    assert_eq!(client.redeem(&used).await.status, 200);

    let api = |name, value: &str| Sent::Api(vec![(name, value.to_owned())]);
    let bearer = |token: &str| api("authorization", &format!("Bearer {token}"));
    let refresh = |client: &str, token: &str, more: &[(&'static str, &str)]| {
        let fields =
            [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
        let fields = fields.iter().chain(more);
        Sent::Token(fields.map(|(name, value)| (*name, (*value).to_owned())).collect())
    };
    let redeem_with = |code: &str, verifier: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("code", code),
            ("code_verifier", verifier),
        ];
        Sent::Token(fields.map(|(name, value)| (name, value.to_owned())).to_vec())
    };
    let redeem = |code: &str| redeem_with(code, VERIFIER);
    let guess = |code: &str| redeem_with(code, &"x".repeat(43));
    let only = |name, value: &str| Sent::Token(vec![(name, value.to_owned())]);
    let forged = format!("{}x", fresh.access);
    let mistyped = format!("{}{}", &good[..46], if good.ends_with('0') { '1' } else { '0' });
    vec![
        ("nothing", Sent::Api(vec![]), 401, false),
        ("another scheme", api("authorization", "Basic YTpi"), 401, false),
        ("a header twice", Sent::Api(vec![("x-api-key", good.clone()); 2]), 400, false),
        ("a bearer without a token", api("authorization", "Bearer"), 401, true),
        ("an empty key", api("x-api-key", ""), 401, true),
        ("another prefix", api("x-api-key", "sk_live_1234"), 401, true),
        ("half a key", api("x-api-key", &good[..30]), 401, true),
        ("a mistyped key", api("x-api-key", &mistyped), 401, true),
        ("an unknown key", bearer(&unknown_key()), 401, true),
        ("a revoked key", api("x-api-key", &revoked.secret), 401, true),
        ("a good key", api("x-api-key", &good), 200, false),
        ("a key of somebody who is suspended", api("x-api-key", &banned), 403, false),
        ("something with two dots", bearer("a.b.c"), 401, true),
        ("a forged token", bearer(&forged), 401, true),
        ("an expired token", bearer(&expired.access), 401, false),
        ("a revoked token", bearer(&ended.access), 401, false),
        ("a token of a refused app", bearer(&of_refused.access), 401, false),
        ("a good token", bearer(&fresh.access), 200, false),
        ("an unknown refresh token", refresh(&client.id, "x", &[]), 400, true),
        ("an unknown client", refresh("x", "x", &[]), 401, true),
        ("a client with a secret", refresh(&client.id, "x", &[("client_secret", "y")]), 401, true),
        ("a refused client", refresh(&refused.id, &of_refused.refresh, &[]), 400, false),
        ("a wrong scope", refresh(&client.id, &fresh.refresh, &[("scope", "all")]), 400, false),
        ("a good refresh token", refresh(&client.id, &fresh.refresh, &[]), 200, false),
        ("an unknown code", redeem("x"), 400, true),
        ("a code that was used a moment ago", redeem(&used), 400, false),
        ("a used code with another verifier", guess(&used), 400, true),
        ("no grant type", only("client_id", &client.id), 400, false),
        ("another grant type", only("grant_type", "password"), 400, false),
    ]
}

/// Tries to sign in from an address.
async fn sign_in(browser: &mut Browser, email: &str, password: &str, address: &str) -> Answer {
    let token = browser.form_token().await;
    let fields = [("form_token", token.as_str()), ("email", email), ("password", password)];
    browser.post_as_is("/sign-in", &fields, &[from(address)]).await
}

async fn wrong_passwords_are_limited_for_an_account_and_an_address(app: App) {
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let app = limited(&app, AttemptLimits::new(0, 3, 0, 0, 0, 0)).await;
    let mut browser = app.browser();
    for email in [ada.email(), "Ada@Example.com", " ada@example.com "] {
        let page = sign_in(&mut browser, email, "wrong password", HERE).await;
        page.assert_page(401, "Sign in");
    }
    app.advance(Duration::from_secs(100));
    // Not even the right one is looked at, and so nothing is learned by it.
    for password in ["wrong password", PASSWORD] {
        let page = sign_in(&mut browser, ada.email(), password, HERE).await;
        page.assert_page(429, "Sign in");
        assert_eq!(page.number("retry-after"), 800);
        assert!(page.text().contains("Try again in 14 minutes."), "{page:?}");
        assert!(page.text().contains("value=\"ada@example.com\""), "the address is kept");
        assert!(page.cookies().is_empty(), "{page:?}");
    }
    // An address without an account is counted alike.
    for status in [401, 401, 401, 429] {
        let page = sign_in(&mut browser, "nobody@example.com", PASSWORD, HERE).await;
        assert_eq!(page.status, status, "{page:?}");
    }
    // The owner elsewhere, and others here, notice nothing.
    for (email, address) in [(ada.email(), THERE), (bob.email(), HERE)] {
        let page = sign_in(&mut app.browser(), email, PASSWORD, address).await;
        page.assert_redirect("/settings");
    }
    app.advance(Duration::from_secs(800));
    sign_in(&mut browser, ada.email(), PASSWORD, HERE).await.assert_redirect("/settings");
}

/// One password for many accounts, as in a list that was stolen elsewhere.
async fn an_address_that_tries_many_accounts_is_limited(app: App) {
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let limits = AttemptLimits::new(0, 3, 0, 0, 0, 0).with_address_passwords(5);
    let app = limited(&app, limits).await;
    // She works in the same office as whoever tries, and has signed in there before.
    sign_in(&mut app.browser(), ada.email(), PASSWORD, HERE).await.assert_redirect("/settings");
    for number in 0..5 {
        let email = format!("person{number}@example.com");
        let page = sign_in(&mut app.browser(), &email, "wrong password", HERE).await;
        page.assert_page(401, "Sign in");
    }
    app.advance(Duration::from_secs(100));
    // Not even the right one is looked at, and so nothing is learned by it.
    for (email, password) in
        [("person9@example.com", "wrong password"), (bob.email(), PASSWORD), (bob.email(), "wrong")]
    {
        let page = sign_in(&mut app.browser(), email, password, HERE).await;
        page.assert_page(429, "Sign in");
        assert_eq!(page.number("retry-after"), 800);
        assert!(page.text().contains("Try again in 14 minutes."), "{page:?}");
    }
    // Who is known there gets in, and has as many tries as ever.
    for _ in 0..2 {
        sign_in(&mut app.browser(), ada.email(), PASSWORD, HERE).await.assert_redirect("/settings");
    }
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(sign_in(&mut app.browser(), ada.email(), "wrong", HERE).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
    // Elsewhere nothing is noticed; a network of version 6 is one address.
    sign_in(&mut app.browser(), bob.email(), PASSWORD, THERE).await.assert_redirect("/settings");
    for number in 0..6 {
        let (email, from) =
            (format!("person{number}@example.com"), format!("2001:db8:1:2::{number}"));
        let page = sign_in(&mut app.browser(), &email, "wrong password", &from).await;
        assert_eq!(page.status, if number < 5 { 401 } else { 429 }, "{page:?}");
    }
    app.advance(Duration::from_secs(800));
    sign_in(&mut app.browser(), bob.email(), PASSWORD, HERE).await.assert_redirect("/settings");
}

async fn whoever_loses_a_race_has_guessed_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let client = app.client(REDIRECT).await;
    let code = client.code(&mut ada, &[]).await;
    let app = limited(&app, AttemptLimits::new(5, 0, 0, 0, 0, 0)).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", REDIRECT),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let mut statuses = at_once(50, |_| {
        let app = app.clone();
        let fields = fields.map(|(name, value)| (name, value.to_owned()));
        async move {
            let fields: Vec<_> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
            at_token_endpoint(&app, &fields, HERE).await.status
        }
    })
    .await;
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[400; 49]].concat());
    assert_eq!(with_key(&app, &unknown_key(), HERE).await.status, 401, "nothing was counted");
}

async fn a_right_password_takes_no_room(app: App) {
    let ada = app.person("ada").await;
    let bob = app.person("bob").await;
    app.ban(bob.email()).await;
    let app = limited(&app, AttemptLimits::new(0, 2, 0, 0, 0, 0)).await;
    for _ in 0..4 {
        let page = sign_in(&mut app.browser(), ada.email(), PASSWORD, HERE).await;
        page.assert_redirect("/settings");
        let page = sign_in(&mut app.browser(), bob.email(), PASSWORD, HERE).await;
        page.assert_page(403, "Your account is suspended");
    }
    // It does not forget the wrong ones either.
    let mut statuses = Vec::new();
    for password in ["wrong password", PASSWORD, "wrong password", PASSWORD] {
        statuses.push(sign_in(&mut app.browser(), ada.email(), password, HERE).await.status);
    }
    assert_eq!(statuses, [401, 303, 401, 429]);
}

async fn wrong_passwords_at_once_are_counted_exactly(app: App) {
    app.person("ada").await;
    let app = limited(&app, AttemptLimits::new(0, 3, 0, 0, 0, 0)).await;
    let statuses = at_once(12, |_| {
        let mut browser = app.browser();
        async move { sign_in(&mut browser, "ada@example.com", "wrong password", HERE).await.status }
    });
    let mut statuses = statuses.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [&[401; 3][..], &[429; 9]].concat());
}

async fn an_account_under_attack_is_slower_and_never_locked(app: App) {
    const LONGEST: Duration = Duration::from_secs(4);
    let ada = app.person("ada").await;
    let app = limited(&app, AttemptLimits::new(0, 1, 4, 0, 0, 0)).await;
    // Thirty strangers, each from an address of their own; the last ten wait for a while themselves.
    for wave in 0..3 {
        let statuses = at_once(10, |n| {
            let (mut browser, email) = (app.browser(), ada.email().to_owned());
            let address = format!("203.0.113.{}", wave * 10 + n);
            async move { sign_in(&mut browser, &email, "wrong password", &address).await.status }
        });
        assert_eq!(statuses.await, [401; 10]);
    }
    let timed = async |address: &str| {
        let mut browser = app.browser();
        let begun = Instant::now();
        sign_in(&mut browser, ada.email(), PASSWORD, address).await.assert_redirect("/settings");
        begun.elapsed()
    };
    // The owner gets in all the same, and waits no longer than is configured.
    let took = timed(HERE).await;
    assert!(took >= LONGEST && took < 3 * LONGEST, "{took:?}");
    // A quarter of an hour later it is forgotten.
    app.advance(Duration::from_secs(901));
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        quickest = quickest.min(timed(THERE).await);
    }
    assert!(quickest < LONGEST, "{quickest:?}");
}

async fn sign_up(app: &App, email: &str, password: &str, address: &str) -> Answer {
    let mut browser = app.browser();
    let token = browser.form_token().await;
    let fields =
        [("form_token", token.as_str()), ("name", ""), ("email", email), ("password", password)];
    browser.post_as_is("/sign-up", &fields, &[from(address)]).await
}

async fn sign_ups_are_limited_by_address(app: App) {
    let app = limited(&app, AttemptLimits::new(0, 0, 0, 2, 0, 0)).await;
    // What cannot be an account is sent back, and costs no room.
    for _ in 0..3 {
        assert_eq!(sign_up(&app, "ada@example.com", "short", HERE).await.status, 422);
    }
    sign_up(&app, "ada@example.com", PASSWORD, HERE).await.assert_redirect("/settings#api-keys");
    // That an address is taken is told, but not without end.
    assert_eq!(sign_up(&app, "ada@example.com", PASSWORD, HERE).await.status, 409);
    let before = app.database().dump();
    for email in ["ada@example.com", "bob@example.com"] {
        let page = sign_up(&app, email, PASSWORD, HERE).await;
        page.assert_page(429, "Create your account");
        assert_eq!(page.number("retry-after"), 1_800);
        assert!(page.text().contains("Nothing was made. Try again in 30 minutes."), "{page:?}");
    }
    assert_eq!(app.database().dump(), before);
    sign_up(&app, "bob@example.com", PASSWORD, THERE).await.assert_redirect("/settings#api-keys");
    app.advance(Duration::from_secs(1_800));
    sign_up(&app, "eve@example.com", PASSWORD, HERE).await.assert_redirect("/settings#api-keys");
}

async fn register(app: &App, name: &str, address: &str) -> Answer {
    let body = json!({ "redirect_uris": [REDIRECT], "client_name": name }).to_string();
    let headers = [("content-type", "application/json"), from(address)];
    app.post_bytes(REGISTER, body.into_bytes(), &headers).await
}

async fn new_clients_are_limited_by_address_and_known_ones_are_not(app: App) {
    let app = limited(&app, AttemptLimits::new(0, 0, 0, 0, 2, 0)).await;
    for name in ["one", "one", "two", "one", "two"] {
        assert_eq!(register(&app, name, HERE).await.status, 201);
    }
    let refused = register(&app, "three", HERE).await;
    assert_eq!(refused.number("retry-after"), 1_800);
    insta::assert_snapshot!(refused.summary(), @r#"429 {"error":"temporarily_unavailable","error_description":"many new clients were registered from this address; wait, or register the metadata of one of them again, which is always taken"}"#);
    assert_eq!(app.rows("clients").len(), 2);
    assert_eq!(register(&app, "two", HERE).await.status, 201, "what is known costs nothing");
    assert_eq!(register(&app, "three", THERE).await.status, 201);
    assert_eq!(register(&app, "three", HERE).await.status, 201, "and now it is known");
    app.advance(Duration::from_secs(1_800));
    assert_eq!(register(&app, "four", HERE).await.status, 201);
}

async fn without_limits_nothing_is_counted(app: App) {
    let ada = app.person("ada").await;
    let app = limited(&app, AttemptLimits::OFF).await;
    for _ in 0..100 {
        assert_eq!(with_key(&app, &unknown_key(), HERE).await.status, 401);
        assert_eq!(register(&app, "one", HERE).await.status, 201);
    }
    for number in 0..12 {
        let page = sign_in(&mut app.browser(), ada.email(), "wrong password", HERE).await;
        assert_eq!(page.status, 401);
        let page = sign_up(&app, &format!("person{number}@example.com"), PASSWORD, HERE).await;
        assert_eq!(page.status, 303);
    }
}
