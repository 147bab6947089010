//! `/sign-up`: a new account.

use bloom_domain::accounts::SignUpPolicy;

use crate::support::{App, PASSWORD, on_both};

on_both!(
    signing_up_makes_an_account_and_signs_in,
    bad_input_comes_back_as_typed_but_the_password,
    an_address_has_one_account_however_it_is_written,
    a_server_by_invitation_makes_no_account,
    a_closed_server_makes_no_account,
    every_address_that_is_taken_can_be_read_again,
    who_is_signed_in_is_sent_to_the_settings,
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
