//! Sessions, passwords and passkeys in a real browser, with an authenticator that the browser plays.

use serde_json::{Value, json};

use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

async fn sign_in(browser: &Browser, server: &Server) {
    browser.goto(&format!("{}/sign-in", server.origin())).await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.see("Settings").await;
}

async fn open_security(browser: &Browser, server: &Server) {
    browser.goto(&format!("{}/settings/security", server.origin())).await;
    browser.see("Security").await;
}

/// Plugs in an authenticator that knows its person.
pub(crate) async fn plug_in(browser: &Browser) -> Value {
    browser.tell("WebAuthn.enable", json!({})).await;
    let options = json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true,
    });
    browser.tell("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_added_and_signs_in() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    let authenticator = plug_in(&browser).await;
    sign_in(&browser, &server).await;
    open_security(&browser, &server).await;
    browser.read("No passkeys yet").await;
    browser.follow("Add a passkey").await;
    browser.see("Add a passkey").await;
    browser.fill("Name of the passkey", "This laptop").await;
    browser.press("Add the passkey").await;
    browser.read("The passkey is added.").await;
    browser.read("This laptop").await;

    // The same authenticator has one already, and says so.
    browser.follow("Add a passkey").await;
    browser.press("Add the passkey").await;
    browser.read("This device has a passkey for your account already.").await;

    browser.press("Sign out").await;
    browser.see("Sign in").await;
    browser.press("Sign in with a passkey").await;
    browser.see("Settings").await;
    assert!(browser.text().await.contains(ADA));

    // Without its person nothing happens, and the page says so.
    browser.press("Sign out").await;
    browser.see("Sign in").await;
    let mut nobody = authenticator.clone();
    nobody["isUserVerified"] = false.into();
    browser.tell("WebAuthn.setUserVerified", nobody).await;
    browser.press("Sign in with a passkey").await;
    browser.read("Nothing was done").await;
    browser.see("Sign in").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_page_says_why_there_is_no_passkey() {
    let Some(browser) = Browser::open(Scripts::Off).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    sign_in(&browser, &server).await;
    open_security(&browser, &server).await;
    browser.follow("Add a passkey").await;
    browser.read("needs a browser with scripts switched on").await;
    assert!(!browser.has_button("Add the passkey").await);
    browser.follow("Do nothing, and go back").await;
    browser.see("Security").await;
    browser.close().await;
}

async fn sessions_and_password(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    let mut elsewhere = crate::support::person::Person::sign_in(&server, ADA, PASSWORD);
    sign_in(&browser, &server).await;
    browser.follow("Security and your data").await;
    browser.see("Security").await;
    browser.read("This browser").await;
    browser.press("Sign out Unknown browser").await;
    browser.read("That browser is signed out.").await;
    elsewhere.get("/settings").expect(303);

    browser.follow("Change the password").await;
    browser.see("Choose a new password").await;
    browser.fill("New password", "short").await;
    browser.press("Set the password").await;
    browser.read("Use at least 8 characters.").await;
    // To the browser a refused form is a page that failed.
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|complaint| complaint.contains("422")), "{complaints:?}");
    crate::support::secrets::note("another good password");
    browser.fill("New password", "another good password").await;
    browser.press("Set the password").await;
    browser.read("Your password is changed.").await;
    browser.press("Sign out everywhere").await;
    browser.read("You are signed out everywhere.").await;

    browser.follow("Get a new one").await;
    browser.see("Get a new password").await;
    browser.fill("Email", ADA).await;
    browser.press("Send the link").await;
    browser.read("a mail with a link is on its way there").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

with_and_without_scripts!(
    sessions_are_ended_and_a_password_changed_with_scripts,
    sessions_are_ended_and_a_password_changed_without_scripts,
    sessions_and_password
);

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_security_fit_a_small_screen() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    sign_in(&browser, &server).await;
    browser.resize(360, 740).await;
    for path in ["", "/password", "/email", "/passkeys", "/delete", "/confirm"] {
        browser.goto(&format!("{}/settings/security{path}", server.origin())).await;
        let width = browser.run("return document.documentElement.scrollWidth").await;
        assert!(width.as_u64() <= Some(360), "{path} is {width} wide");
    }
    browser.goto(&format!("{}/reset-password", server.origin())).await;
    let width = browser.run("return document.documentElement.scrollWidth").await;
    assert!(width.as_u64() <= Some(360), "/reset-password is {width} wide");
    browser.close().await;
}
