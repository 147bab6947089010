//! `/sign-in`: who may, what is said, and where it leads.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{App, PASSWORD, at_once, on_both};

on_both!(
    a_wrong_password_and_an_unknown_address_answer_alike,
    an_unknown_address_costs_as_much_as_a_wrong_password,
    a_form_without_its_fields_comes_back,
    a_suspended_person_is_told_only_with_the_right_password,
    the_next_page_is_always_ours,
    a_new_password_replaces_the_old_one,
    a_flood_is_turned_away_and_hinders_no_key,
);

async fn a_wrong_password_and_an_unknown_address_answer_alike(app: App) {
    app.person("ada").await;
    let before = app.database().dump();
    let mut browser = app.browser();
    let mut pages = Vec::new();
    for (email, password) in [
        ("ada@example.com", "wrong password"),
        ("bob@example.com", "wrong password"),
        ("bob@example.com", PASSWORD),
        ("ada@example.com", &format!("{PASSWORD} ")),
        ("ada@example.com", &PASSWORD.to_uppercase()),
        ("ada@example.com", "x"),
        ("ada@example.com", &"x".repeat(20_000)),
    ] {
        let page = browser.sign_in(email, password).await;
        page.assert_page(401, "Sign in");
        assert!(page.text().contains(&format!("value=\"{email}\"")), "the address is kept");
        assert!(password.len() < 2 || !page.text().contains(password), "the password is not");
        assert!(page.cookies().is_empty(), "{page:?}");
        // It is a page's 401: `WWW-Authenticate` would make a browser ask by itself.
        assert_eq!(page.header("www-authenticate"), "");
        // Each page asks an authenticator anew.
        let challenge = page.between("data-challenge=\"", "\"").expect("a challenge");
        pages.push(page.without_token().replace(challenge, "CHALLENGE").replace(email, "EMAIL"));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:#?}");
    assert_eq!(app.database().dump(), before);
    browser.sign_in(" ADA@example.com", PASSWORD).await.assert_redirect("/settings");
}

/// Both run a hash. The quickest of several, because other tests share the machine; without a hash
/// an answer takes a hundredth of the time.
async fn an_unknown_address_costs_as_much_as_a_wrong_password(app: App) {
    app.person("ada").await;
    let mut browser = app.browser();
    let token = browser.form_token().await;
    let mut quickest = [Duration::MAX; 2];
    for _ in 0..5 {
        for (email, quickest) in ["ada@example.com", "bob@example.com"].iter().zip(&mut quickest) {
            let fields =
                [("form_token", token.as_str()), ("email", email), ("password", "wrong password")];
            let begin = Instant::now();
            assert_eq!(browser.post_as_is("/sign-in", &fields, &[]).await.status, 401);
            *quickest = begin.elapsed().min(*quickest);
        }
    }
    let [known, unknown] = quickest;
    assert!(unknown * 4 > known, "unknown {unknown:?}, known {known:?}");
}

async fn a_form_without_its_fields_comes_back(app: App) {
    let mut browser = app.browser();
    for (email, password, error) in [
        ("", "", "Enter an email address such as name@example.com."),
        ("ada", PASSWORD, "Enter an email address such as name@example.com."),
        ("ada@example.com", "", "Enter your password."),
    ] {
        let page = browser.sign_in(email, password).await;
        page.assert_page(422, "Sign in");
        assert!(page.text().contains(error), "{page:?}");
        assert!(!page.text().contains(PASSWORD), "{page:?}");
    }
    browser.post("/sign-in", &[]).await.assert_page(422, "Sign in");
}

async fn a_suspended_person_is_told_only_with_the_right_password(app: App) {
    let ada = app.person("ada").await;
    app.ban(ada.email()).await;
    let before = app.database().dump();
    let mut browser = app.browser();
    let page = browser.sign_in(ada.email(), "wrong password").await;
    page.assert_page(401, "Sign in");
    let page = browser.sign_in(ada.email(), PASSWORD).await;
    page.assert_page(403, "Your account is suspended");
    assert!(page.cookies().is_empty(), "no session begins");
    assert_eq!(app.database().dump(), before);
}

async fn the_next_page_is_always_ours(app: App) {
    let ada = app.person("ada").await;
    let sign_in = async |next: &str| {
        let fields = [("email", ada.email()), ("password", PASSWORD), ("next", next)];
        app.browser().post("/sign-in", &fields).await
    };
    for good in ["/", "/settings#api-keys", "/settings?a=b"] {
        sign_in(good).await.assert_redirect(good);
    }
    for bad in [
        "",
        "settings",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " /settings",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "http://localhost:4600@evil.example/",
        "/settings\r\nset-cookie: a=b",
        "/é",
    ] {
        let answer = sign_in(bad).await;
        answer.assert_redirect("/settings");
        let quoted = crate::support::urlencoded(&[("next", bad)]);
        let page = app.browser().get(&format!("/sign-in?{quoted}")).await;
        page.assert_page(200, "Sign in");
        assert!(!page.text().contains("name=\"next\""), "{bad:?}: {page:?}");
    }
    // It survives a first wrong password, and a page that is asked for while signed in.
    let fields = [("email", ada.email()), ("password", "wrong password"), ("next", "/settings?a")];
    let page = app.browser().post("/sign-in", &fields).await;
    assert!(page.text().contains("name=\"next\" value=\"/settings?a\""), "{page:?}");
    let mut ada = ada;
    ada.get("/sign-in?next=/settings%3Fa").await.assert_redirect("/settings?a");
    ada.get("/sign-in?next=//evil.example").await.assert_redirect("/settings");
    ada.get("/sign-in?next=/a&next=/b").await.assert_redirect("/settings");
}

async fn a_new_password_replaces_the_old_one(app: App) {
    let ada = app.person("ada").await;
    app.set_password(ada.email(), "another password").await;
    let mut browser = app.browser();
    browser.sign_in(ada.email(), PASSWORD).await.assert_page(401, "Sign in");
    browser.sign_in(ada.email(), "another password").await.assert_redirect("/settings");
}

/// Passwords cost work, so as much of it waits as may wait and the rest is told to come back; what
/// has a key goes on meanwhile.
async fn a_flood_is_turned_away_and_hinders_no_key(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let mut browser = app.browser();
    let token = browser.form_token().await;
    let before = app.database().dump();
    let statements = app.service().statements_executed();
    let answers = at_once(300, |_| {
        let (mut browser, token) = (browser.clone(), token.clone());
        async move {
            let fields = [
                ("form_token", token.as_str()),
                ("email", "ada@example.com"),
                ("password", "wrong password"),
            ];
            browser.post_as_is("/sign-in", &fields, &[]).await
        }
    });
    assert_eq!(app.account(&key).await.status, 200);
    let mut counts = [0, 0];
    for answer in answers.await {
        if answer.status == 503 {
            answer.assert_page(503, "Sign in");
            assert_eq!(answer.header("retry-after"), "1");
            assert!(answer.text().contains("value=\"ada@example.com\""), "what was typed is kept");
            counts[1] += 1;
        } else {
            answer.assert_page(401, "Sign in");
            counts[0] += 1;
        }
    }
    assert!(counts[0] >= 64 && counts[1] > 0, "{counts:?}");
    // An attempt costs two statements, and one that is turned away none; some may have found room
    // and lost it. On PostgreSQL, where a statement takes its time, that is any number.
    let statements = app.service().statements_executed() - statements;
    let is_embedded = app.database().folder().is_some();
    assert!(!is_embedded || statements < 2 * counts[0] + counts[1], "{statements} for {counts:?}");
    assert_eq!(app.database().dump(), before);
    browser.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
}
