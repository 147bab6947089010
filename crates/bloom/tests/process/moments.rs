//! What happens to people in between: they go back, have two tabs, and their session ends while they decide. Each
//! ends on a page that says what happened, and nothing is done as somebody else.

use crate::consent::{link, register};
use crate::every_page::{ADA, PASSWORD, sign_in};
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::server::Server;

const GRACE: &str = "grace@example.com";
const SITE: &str = "https://app.example/cb";

fn start(home: &Home) -> Server {
    home.account(ADA, PASSWORD);
    home.account(GRACE, PASSWORD);
    home.serve()
}

async fn going_back(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    sign_in(&browser, &server).await;
    browser.fill("Name of the key", "Laptop").await;
    browser.press("Create key").await;
    let key = browser.new_key("Laptop").await;
    browser.follow("Manage the key Laptop").await;
    browser.see("API key Laptop").await;
    // A browser asks before it sends a form again; it shows nothing of what came of it.
    browser.back().await;
    assert!(!browser.text().await.contains(&key), "the key comes back");
    browser.goto(&format!("{}/settings", server.origin())).await;
    browser.press("Sign out").await;
    browser.see("Sign in").await;
    browser.back().await;
    browser.see("Sign in").await;
    let text = browser.text().await;
    assert!(!text.contains(ADA) && !text.contains("Laptop"), "{text}");
    let keys = home.bloom(&format!("keys list --account {ADA} --json")).json();
    assert_eq!(keys.as_array().map(Vec::len), Some(1), "{keys}");
    browser.close().await;
}

with_and_without_scripts!(
    what_was_left_stays_behind_with_scripts,
    what_was_left_stays_behind_without_scripts,
    going_back
);

/// A reload sends the form again, which makes nothing, and shows what came of it the first time.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_loaded_again_makes_no_second_key() {
    let Some(browser) = Browser::open(Scripts::Off).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    sign_in(&browser, &server).await;
    browser.fill("Name of the key", "Laptop").await;
    browser.press("Create key").await;
    let key = browser.new_key("Laptop").await;
    browser.tell("Page.reload", serde_json::json!({})).await;
    assert_eq!(browser.new_key("Laptop").await, key);
    server.account(&key).expect(200);
    let keys = home.bloom(&format!("keys list --account {ADA} --json")).json();
    assert_eq!(keys.as_array().map(Vec::len), Some(1), "{keys}");
    browser.close().await;
}

/// Two tabs of a browser are one person, the one who signed in last; what the other tab shows is not theirs.
#[tokio::test(flavor = "multi_thread")]
async fn a_tab_of_another_account_does_nothing_as_this_one() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    sign_in(&browser, &server).await;
    browser.fill("Name of the key", "Of Ada").await;
    let first = browser.other_tab().await;
    browser.goto(&format!("{}/settings", server.origin())).await;
    browser.press("Sign out").await;
    browser.see("Sign in").await;
    browser.fill("Email", GRACE).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.see("Settings").await;
    browser.to_tab(first).await;
    browser.press("Create key").await;
    browser.see("This form has expired").await;
    browser.read("you signed in or out meanwhile").await;
    for email in [ADA, GRACE] {
        let keys = home.bloom(&format!("keys list --account {email} --json")).json();
        assert_eq!(keys.as_array().map(Vec::len), Some(0), "{email}: {keys}");
    }
    browser.back().await;
    browser.goto(&format!("{}/settings", server.origin())).await;
    browser.see("Settings").await;
    assert!(browser.text().await.contains(GRACE), "the page says whose it is");
    browser.close().await;
}

/// A session that ends while a person reads the question lets nobody in, and the page says what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_during_consent_lets_nobody_in() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    let id = register(&server, "Example App", &[SITE]);
    sign_in(&browser, &server).await;
    browser.goto(&link(&server, &id, SITE)).await;
    browser.see("Allow access").await;
    home.bloom(&format!("account sign-out --email {ADA}")).ok();
    browser.press("Allow").await;
    browser.see("You are signed out").await;
    let way = browser.find("a way on", "//main//a[normalize-space() = \"Sign in\"]").await;
    way.click().await.expect("it is a link");
    browser.see("Sign in").await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    // The app's question is still there to be answered.
    browser.see("Allow access").await;
    browser.press("Allow").await;
    let back = browser.arrive(SITE).await;
    assert!(back.contains("code="), "{back}");
    browser.close().await;
}
