//! Browser sessions: the cookie, how it changes hands, and how long it lasts.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bloom_service::housekeeping;

use crate::support::{App, PASSWORD, on_both};

on_both!(
    the_cookie_has_its_attributes_on_http,
    the_cookie_has_its_attributes_on_https,
    a_planted_cookie_is_worth_nothing_after_sign_in,
    signing_in_again_ends_the_session_before,
    signing_out_ends_the_session_on_the_server,
    a_new_password_ends_every_session,
    a_session_ends_after_thirty_idle_days,
    a_session_ends_after_ninety_days_however_busy,
    a_page_view_is_written_once_an_hour,
    a_suspended_person_sees_why,
    a_suspended_person_can_leave,
    a_planted_cookie_in_front_does_not_sign_out,
    cookies_of_others_may_hold_any_bytes,
    junk_cookies_are_nobodys,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn the_cookie_has_its_attributes_on_http(app: App) {
    let mut browser = app.browser();
    let first = browser.get("/sign-in").await;
    let secret = browser.cookie_secret();
    // Before anybody signs in it ends with the browser.
    let expected = format!("bloom={secret}; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(first.cookies(), [expected]);
    assert!(browser.get("/sign-in").await.cookies().is_empty(), "one is enough");
    let session = browser.sign_up("ada@example.com").await;
    let secret = browser.cookie_secret();
    let expected = format!("bloom={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000");
    assert_eq!(session.cookies(), [expected]);
    let gone = browser.post("/sign-out", &[]).await;
    assert_eq!(gone.cookies(), ["bloom=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"]);
}

async fn the_cookie_has_its_attributes_on_https(app: App) {
    let app = app.again(|options| options.public_url = "https://bloom.example").await;
    let mut browser = app.browser();
    let session = browser.sign_up("ada@example.com").await;
    let secret = browser.cookie_secret().to_owned();
    let expected =
        format!("__Host-bloom={secret}; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=7776000");
    assert_eq!(session.cookies(), [expected]);
    assert!(browser.is_signed_in().await);
    // Under the name that a page on plain http could have set, it counts for nothing.
    let mut tossed = app.browser();
    tossed.plant("bloom", &secret);
    assert!(!tossed.is_signed_in().await);
}

/// Session fixation: whoever planted a cookie before must not share the session after.
async fn a_planted_cookie_is_worth_nothing_after_sign_in(app: App) {
    app.person("ada").await;
    let mut attacker = app.browser();
    attacker.get("/sign-in").await;
    let planted = attacker.cookie_secret().to_owned();
    let mut victim = app.browser();
    victim.plant("bloom", &planted);
    victim.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    assert_ne!(victim.cookie_secret(), planted);
    assert!(victim.is_signed_in().await && !attacker.is_signed_in().await);
    let mut victim = app.browser();
    victim.plant("bloom", &planted);
    victim.sign_up("bob@example.com").await.assert_redirect("/settings#api-keys");
    assert_ne!(victim.cookie_secret(), planted);
    assert!(victim.is_signed_in().await && !attacker.is_signed_in().await);
}

async fn signing_in_again_ends_the_session_before(app: App) {
    let mut ada = app.person("ada").await;
    let mut earlier = ada.clone();
    let mut elsewhere = app.browser();
    elsewhere.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    assert!(ada.is_signed_in().await && elsewhere.is_signed_in().await);
    assert!(!earlier.is_signed_in().await, "its cookie was replaced");
    let mut earlier = ada.clone();
    ada.sign_up("bob@example.com").await.assert_redirect("/settings#api-keys");
    assert!(!earlier.is_signed_in().await, "its cookie was replaced");
    assert_eq!(app.rows("sessions").len(), 2);
}

async fn signing_out_ends_the_session_on_the_server(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let mut replayed = ada.clone();
    let mut elsewhere = app.browser();
    elsewhere.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    ada.post("/sign-out", &[]).await.assert_redirect("/sign-in");
    assert!(!ada.is_signed_in().await);
    assert!(!replayed.is_signed_in().await, "the old cookie is worth nothing");
    assert!(elsewhere.is_signed_in().await, "only this session ends");
    assert_eq!(app.account(&key).await.status, 200, "keys go on");
    // Twice is no error; nor is it for somebody who never signed in.
    ada.post("/sign-out", &[]).await.assert_redirect("/sign-in");
}

async fn a_new_password_ends_every_session(app: App) {
    let mut ada = app.person("ada").await;
    let mut bob = app.person("bob").await;
    let mut elsewhere = app.browser();
    elsewhere.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    app.set_password(ada.email(), "another password").await;
    assert!(!ada.is_signed_in().await && !elsewhere.is_signed_in().await);
    assert!(bob.is_signed_in().await);
}

async fn a_session_ends_after_thirty_idle_days(app: App) {
    let mut ada = app.person("ada").await;
    app.advance(30 * DAY - Duration::from_micros(1));
    assert!(ada.is_signed_in().await);
    app.advance(30 * DAY);
    assert!(!ada.is_signed_in().await);
    housekeeping::once(app.service()).await.unwrap();
    assert!(app.rows("sessions").is_empty(), "its row is gone");
}

async fn a_session_ends_after_ninety_days_however_busy(app: App) {
    let mut ada = app.person("ada").await;
    for day in 1..90 {
        app.advance(DAY);
        assert!(ada.is_signed_in().await, "day {day}");
        housekeeping::once(app.service()).await.unwrap();
    }
    app.advance(DAY - Duration::from_micros(1));
    assert!(ada.is_signed_in().await);
    app.advance(Duration::from_micros(1));
    assert!(!ada.is_signed_in().await);
    housekeeping::once(app.service()).await.unwrap();
    assert!(app.rows("sessions").is_empty(), "its row is gone");
}

async fn a_page_view_is_written_once_an_hour(app: App) {
    let mut ada = app.person("ada").await;
    let before = app.rows("sessions");
    app.advance(Duration::from_secs(3_599));
    assert!(ada.is_signed_in().await);
    assert_eq!(app.rows("sessions"), before);
    app.advance(Duration::from_secs(1));
    assert!(ada.is_signed_in().await);
    assert_ne!(app.rows("sessions"), before);
}

async fn a_suspended_person_sees_why(app: App) {
    let mut ada = app.person("ada").await;
    let token = ada.form_token().await;
    app.ban(ada.email()).await;
    let before = app.database().dump();
    ada.get("/settings").await.assert_page(403, "Your account is suspended");
    let fields = [("form_token", token.as_str()), ("name", "ci")];
    let page = ada.post_as_is("/settings/api-keys", &fields, &[]).await;
    page.assert_page(403, "Your account is suspended");
    assert_eq!(app.database().dump(), before);
    app.unban(ada.email()).await;
    assert!(ada.is_signed_in().await, "an unban restores all");
}

/// Somebody else, or the same person with another account, can go on in that browser.
async fn a_suspended_person_can_leave(app: App) {
    app.person("bob").await;
    let mut ada = app.person("ada").await;
    app.ban(ada.email()).await;
    for path in ["/", "/sign-in", "/sign-up"] {
        assert_eq!(ada.get(path).await.status, 200, "{path}");
    }
    let mut switching = ada.clone();
    switching.sign_in("bob@example.com", PASSWORD).await.assert_redirect("/settings");
    assert!(switching.is_signed_in().await);
    let mut ada = app.person("eve").await;
    let mut replayed = ada.clone();
    app.ban(ada.email()).await;
    let gone = ada.post("/sign-out", &[]).await;
    gone.assert_redirect("/sign-in");
    assert_eq!(gone.cookies(), ["bloom=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"]);
    assert!(!replayed.is_signed_in().await, "the session is gone, not only the cookie");
}

/// On http another host of the same domain can put cookies in front of ours.
async fn a_planted_cookie_in_front_does_not_sign_out(app: App) {
    let mut ada = app.person("ada").await;
    let real = ada.cookie_secret().to_owned();
    let mut other = app.browser();
    other.get("/sign-in").await;
    let planted = other.cookie_secret().to_owned();
    let foreign_token = other.form_token().await;
    ada.plant("bloom", &format!("{planted}; bloom={real}"));
    assert!(ada.is_signed_in().await);
    let fields = [("form_token", foreign_token.as_str()), ("name", "ci")];
    let page = ada.post_as_is("/settings/api-keys", &fields, &[]).await;
    page.assert_page(403, "This form has expired");
    ada.create_key("ci").await;
    ada.post("/sign-out", &[]).await.assert_redirect("/sign-in");
    ada.plant("bloom", &real);
    assert!(!ada.is_signed_in().await);
}

async fn cookies_of_others_may_hold_any_bytes(app: App) {
    let ada = app.person("ada").await;
    let cookie = [b"x=\xe9\xff; ", ada.cookie().as_bytes()].concat();
    let request = Request::get("/settings").header("host", app.host()).header("cookie", cookie);
    app.send(request.body(Body::empty()).unwrap()).await.assert_page(200, "Settings");
}

async fn junk_cookies_are_nobodys(app: App) {
    for junk in ["", "x", &"a".repeat(32), &"a".repeat(1 << 20), "=;=;;", "é", "\""] {
        let mut browser = app.browser();
        browser.plant("bloom", junk);
        assert!(!browser.is_signed_in().await, "{junk:.40}");
        browser.get("/sign-in").await.assert_page(200, "Sign in");
    }
    assert!(app.rows("sessions").is_empty());
}
