//! `/sign-up`: a new account.

use bloom_domain::accounts::SignUpPolicy;

use crate::support::{Answer, App, PASSWORD, on_both, urlencoded};

on_both!(
    signing_up_makes_an_account_and_signs_in,
    bad_input_comes_back_as_typed_but_the_password,
    an_address_has_one_account_however_it_is_written,
    a_server_by_invitation_makes_no_account,
    a_closed_server_makes_no_account,
    every_address_that_is_taken_can_be_read_again,
    who_is_signed_in_is_sent_to_the_settings,
    who_came_for_something_goes_on_to_it,
    the_next_page_is_always_ours,
    next_survives_a_refusal_and_the_way_to_the_sign_in,
);

async fn signing_up_makes_an_account_and_signs_in(app: App) {
    let mut browser = app.browser();
    browser.get("/sign-up").await.assert_page(200, "Create your account");
    assert_eq!(app.rows("sessions").len(), 0, "a stranger leaves no trace");
    browser.sign_up("ada@example.com").await.assert_redirect("/settings#api-keys");
    let page = browser.get("/settings").await;
    page.assert_page(200, "Settings");
    assert!(page.text().contains("<bdi>ada@example.com</bdi>"), "{page:?}");
    let counts = ["accounts", "workspaces", "members", "sessions", "api_keys"];
    assert_eq!(counts.map(|table| app.rows(table).len()), [1, 1, 1, 1, 0]);
}

async fn bad_input_comes_back_as_typed_but_the_password(app: App) {
    let mut browser = app.browser();
    let before = app.database().dump();
    let long = "p".repeat(129);
    let (name, email) = ("Ada L.", "ada@example.com");
    for (typed, error) in [
        ([name, "ada", PASSWORD], "Enter an email address such as name@example.com."),
        ([name, "", PASSWORD], "Enter an email address such as name@example.com."),
        ([name, email, "seven 7"], "Use at least 8 characters."),
        ([name, email, ""], "Use at least 8 characters."),
        ([name, email, &long], "Use at most 128 characters."),
        (["a\u{202e}b", email, PASSWORD], "Remove the characters that cannot be seen."),
        ([&"n".repeat(101), email, PASSWORD], "Use at most 100 characters."),
    ] {
        let fields = [("name", typed[0]), ("email", typed[1]), ("password", typed[2])];
        let page = browser.post("/sign-up", &fields).await;
        page.assert_page(422, "Create your account");
        assert!(page.text().contains(error), "{page:?}");
        for kept in &typed[..2] {
            assert!(page.text().contains(&format!("value=\"{kept}\"")), "{kept}: {page:?}");
        }
        assert!(typed[2].is_empty() || !page.text().contains(typed[2]), "{page:?}");
        assert!(page.cookies().is_empty(), "no session begins");
        assert_eq!(app.database().dump(), before);
    }
    // Fields that are not there at all.
    browser.post("/sign-up", &[]).await.assert_page(422, "Create your account");
    assert_eq!(app.database().dump(), before);
}

async fn an_address_has_one_account_however_it_is_written(app: App) {
    app.person("ada").await;
    let before = app.database().dump();
    for email in ["ada@example.com", "ADA@Example.COM", "  Ada@example.com "] {
        let page = app.browser().sign_up(email).await;
        page.assert_page(409, "Create your account");
        assert!(page.text().contains("This address has an account already."), "{page:?}");
        assert!(page.text().contains(&format!("value=\"{email}\"")), "{page:?}");
        assert!(!page.text().contains(PASSWORD) && page.cookies().is_empty(), "{page:?}");
        assert_eq!(app.database().dump(), before);
    }
}

async fn a_server_by_invitation_makes_no_account(app: App) {
    refuses_strangers(app, SignUpPolicy::Invite, "Accounts are by invitation").await;
}

async fn a_closed_server_makes_no_account(app: App) {
    refuses_strangers(app, SignUpPolicy::Closed, "Sign-up is closed").await;
}

async fn refuses_strangers(app: App, policy: SignUpPolicy, heading: &str) {
    app.person("ada").await;
    let app = app.again(|options| options.sign_up = policy).await;
    let before = app.database().dump();
    let mut browser = app.browser();
    let page = browser.get("/sign-up").await;
    page.assert_page(200, heading);
    assert!(!page.text().contains("name=\"password\""), "there is no form to fill in");
    browser.sign_up("bob@example.com").await.assert_redirect("/sign-up");
    // Neither a taken address nor a bad one is told apart: there is nothing to correct.
    browser.sign_up("ada@example.com").await.assert_redirect("/sign-up");
    browser.sign_up("nonsense").await.assert_redirect("/sign-up");
    assert_eq!(app.database().dump(), before);
    assert!(!browser.is_signed_in().await);
    // Who has an account goes on.
    browser.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
}

/// An address that can be stored but not read again would break every list that it is in.
async fn every_address_that_is_taken_can_be_read_again(app: App) {
    let operator = app.operator();
    for (n, email) in [
        "İ@example.com".to_owned(),
        format!("{}@example.com", "İ".repeat(32)),
        "a@İstanbul.example".to_owned(),
        "ΑΣ@example.com".to_owned(),
        "ß@STRASSE.example".to_owned(),
        "a+b@xn--bcher-kva.example".to_owned(),
        format!("{}@example.com", "a".repeat(64)),
    ]
    .iter()
    .enumerate()
    {
        let mut browser = app.browser();
        let answer = browser.sign_up(email).await;
        assert!(matches!(answer.status, 303 | 422), "{email}: {answer:?}");
        let list = bloom_service::accounts::list(app.service(), &operator).await;
        assert!(list.is_ok(), "{n} {email}: {list:?}");
        assert_eq!(browser.is_signed_in().await, answer.status == 303, "{email}");
    }
}

async fn who_is_signed_in_is_sent_to_the_settings(app: App) {
    let mut ada = app.person("ada").await;
    ada.get("/sign-up").await.assert_redirect("/settings");
    ada.get("/sign-in").await.assert_redirect("/settings");
}

/// What an app asks for holds every character that a query can.
const ASKED: &str = "/authorize?request=a%2Bb%26c&d=e";

async fn sign_up(app: &App, name: &str, next: &str) -> Answer {
    let email = format!("{name}@example.com");
    let fields = [("email", email.as_str()), ("password", PASSWORD), ("next", next)];
    app.browser().post("/sign-up", &fields).await
}

fn asking(path: &str, next: &str) -> String {
    format!("{path}?{}", urlencoded(&[("next", next)]))
}

async fn who_came_for_something_goes_on_to_it(app: App) {
    for (name, next) in [("ada", ASKED), ("bob", "/"), ("cleo", "/settings?a=b#api-keys")] {
        sign_up(&app, name, next).await.assert_redirect(next);
    }
    let page = app.browser().get(&asking("/sign-up", ASKED)).await;
    page.assert_page(200, "Create your account");
    let shown = ASKED.replace('&', "&#38;");
    assert!(page.text().contains(&format!("name=\"next\" value=\"{shown}\"")), "{page:?}");
    let mut dan = app.person("dan").await;
    dan.get(&asking("/sign-up", ASKED)).await.assert_redirect(ASKED);
}

async fn the_next_page_is_always_ours(app: App) {
    let mut ada = app.person("ada").await;
    for (n, bad) in
        ["//evil.example", "/\\evil.example", "https://evil.example", "/é", "", "settings"]
            .iter()
            .enumerate()
    {
        sign_up(&app, &format!("p{n}"), bad).await.assert_redirect("/settings#api-keys");
        let page = app.browser().get(&asking("/sign-up", bad)).await;
        page.assert_page(200, "Create your account");
        assert!(!page.text().contains("name=\"next\""), "{bad:?}: {page:?}");
        assert!(page.text().contains("href=\"/sign-in\">Sign in</a>."), "{bad:?}: {page:?}");
        ada.get(&asking("/sign-up", bad)).await.assert_redirect("/settings");
    }
    ada.get("/sign-up?next=/a&next=/b").await.assert_redirect("/settings");
}

async fn next_survives_a_refusal_and_the_way_to_the_sign_in(app: App) {
    app.person("ada").await;
    let shown = ASKED.replace('&', "&#38;");
    for (name, status) in [("no address", 422), ("ada", 409)] {
        let page = sign_up(&app, name, ASKED).await;
        page.assert_page(status, "Create your account");
        assert!(page.text().contains(&format!("name=\"next\" value=\"{shown}\"")), "{page:?}");
        follows_the_link(&app, &page, "/sign-in").await;
    }
    let page = app.browser().get(&asking("/sign-in", ASKED)).await;
    follows_the_link(&app, &page, "/sign-up").await;
    let app = app.again(|options| options.sign_up = SignUpPolicy::Invite).await;
    sign_up(&app, "bob", ASKED).await.assert_redirect(&link("/sign-up"));
    let page = app.browser().get(&link("/sign-up")).await;
    page.assert_page(200, "Accounts are by invitation");
    follows_the_link(&app, &page, "/sign-in").await;
}

/// The link from one of the two pages to the other, which has the same `next`.
fn link(path: &str) -> String {
    let next = ASKED.replace('%', "%25").replace('/', "%2F").replace('?', "%3F");
    format!("{path}?next={}", next.replace('&', "%26").replace('=', "%3D"))
}

async fn follows_the_link(app: &App, page: &Answer, path: &str) {
    assert!(page.text().contains(&format!("href=\"{}\"", link(path))), "{page:?}");
    let page = app.browser().get(&link(path)).await;
    assert_eq!(page.status, 200, "{page:?}");
}
