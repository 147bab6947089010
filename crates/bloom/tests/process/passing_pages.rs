//! Pages without an address to come back to: what a form leads to, what a mail leads to, and what says no. They are
//! looked at and pictured like the others, on the way on which people meet them.

use crate::accessibility::{assert_open_to_all, axe};
use crate::consent::{link, register};
use crate::every_page::{ADA, PASSWORD, furnish, open, picture, sign_in, start};
use crate::journeys::mailed;
use crate::mail::through;
use crate::security::plug_in;
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::secrets;
use crate::support::server::Server;
use crate::support::smtp::MailServer;

const GRACE: &str = "grace@example.com";
const NEW: &str = "ada.new@example.com";

/// What they are called, in the order in which they come.
pub(crate) const NAMES: [&str; 29] = [
    "setup",
    "plans",
    "own-app-is-made",
    "sign-up-by-mail",
    "sign-up-mail-is-sent",
    "sign-up-behind-the-mail",
    "sign-up-is-kept",
    "too-many-attempts",
    "link-is-spent",
    "sign-up-closed",
    "suspended",
    "new-password-is-sent",
    "confirm-email",
    "email-is-confirmed",
    "change-email-is-sent",
    "use-new-email",
    "security-with-passkey",
    "new-key",
    "key-is-found",
    "key-is-not-revoked",
    "key-is-revoked",
    "invitation-is-made",
    "team-is-deleted",
    "image-is-deleted",
    "account-is-not-deleted",
    "consent-with-a-mistake",
    "sign-out-everywhere",
    "form-has-expired",
    "signed-out-meanwhile",
];

/// Walks through all of them and has each looked at.
async fn walk(browser: &Browser, mut look: impl AsyncFnMut(&Browser, &'static str)) {
    without_anybody(browser, &mut look).await;
    without_an_account(browser, &mut look).await;
    let home = Home::on_sqlite();
    let server = start(&home);
    let places = furnish(&home, &server);
    let path = |name: &str| {
        let place = places.iter().find(|place| place.name == name);
        place.unwrap_or_else(|| panic!("no {name}")).path.clone()
    };
    let at = |path: &str| format!("{}{path}", server.origin());
    browser.goto(&at("/reset-password")).await;
    browser.fill("Email", ADA).await;
    browser.press("Send the link").await;
    browser.read("a mail with a link is on its way there").await;
    look(browser, "new-password-is-sent").await;

    sign_in(browser, &server).await;
    addresses(browser, &home, &server, &mut look).await;
    keys(browser, &server, &path("key"), &mut look).await;

    open(browser, &server, &path("team")).await;
    browser.fill("Email", GRACE).await;
    browser.press("Invite").await;
    browser.find("a link", "//code[@id = 'new-link']").await;
    look(browser, "invitation-is-made").await;
    browser.fill("Type the name of the workspace to delete it", "Engines").await;
    browser.press("Delete workspace").await;
    browser.read("The workspace is deleted.").await;
    look(browser, "team-is-deleted").await;
    open(browser, &server, &path("image")).await;
    browser.press("Delete this image").await;
    browser.find("a way back", "//button[normalize-space() = 'Undo']").await;
    look(browser, "image-is-deleted").await;
    open(browser, &server, "/settings/security/delete").await;
    browser.press("Delete my account").await;
    browser.find("what is wrong", "//*[@role = 'alert']").await;
    look(browser, "account-is-not-deleted").await;

    let app = register(&server, "Third App", &["https://app.example/cb"]);
    browser.goto(&link(&server, &app, "https://app.example/cb")).await;
    browser.see("Allow access").await;
    browser.fill("Credits", "many").await;
    browser.press("Allow").await;
    browser.find("what is wrong", "//*[@id = 'budget-error']").await;
    look(browser, "consent-with-a-mistake").await;
    failures(browser, &home, &server, &mut look).await;
}

/// The first account of a server that sells plans, and the secrets of an app, which are shown once.
async fn without_anybody(browser: &Browser, look: &mut impl AsyncFnMut(&Browser, &'static str)) {
    let home = Home::on_sqlite();
    let config = home.path("bloom.toml");
    std::fs::write(&config, "[billing]\nenabled = true\n").expect("a file");
    let server = home.serve_with(&format!("--config {}", config.display()));
    let printed = server.printed("or with: bloom account create");
    secrets::note_those_in(&printed);
    let link = printed.lines().find(|line| line.contains("/setup/")).expect("a link").trim();
    browser.goto(link).await;
    look(browser, "setup").await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Create account").await;
    browser.see("Settings").await;
    browser.find("plans", "//*[@id = 'plan']").await;
    look(browser, "plans").await;
    open(browser, &server, "/settings/developer").await;
    browser.fill("Name", "Pressroom").await;
    let field = browser.find("a field", "//*[@id = 'redirect-uris']").await;
    field.send_keys("https://press.example/cb").await.expect("a field");
    browser.press("Create app").await;
    browser.see("Pressroom").await;
    for id in ["client-secret", "management-token"] {
        let shown = browser.find(id, &format!("//code[@id = '{id}']")).await;
        secrets::note(&shown.text().await.expect("text"));
    }
    look(browser, "own-app-is-made").await;
    home.bloom(&format!("account sign-out --email {ADA}")).ok();
}

/// Signing up where it takes a mail, where nobody may, and what keeps people out.
async fn without_an_account(browser: &Browser, look: &mut impl AsyncFnMut(&Browser, &'static str)) {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let Some(mails) = MailServer::start("take") else { return };
    let mut command = through(home.command("serve --listen 127.0.0.1:0"), mails.port);
    command.env("BLOOM_LIMITS_PASSWORDS", "2");
    let server = Server::start(command, &home.data());
    let at = |path: &str| format!("{}{path}", server.origin());
    browser.goto(&at("/sign-up")).await;
    look(browser, "sign-up-by-mail").await;
    browser.fill("Email", GRACE).await;
    browser.press("Send the link").await;
    browser.read("A mail is on its way to").await;
    look(browser, "sign-up-mail-is-sent").await;
    let mail = mails.handed(1).remove(0);
    // As mails are written: long lines are broken (RFC 2045 §6.7).
    let text = mail.content().replace("=\r\n", "").replace("=3D", "=");
    let line = text.lines().find(|line| line.contains("/sign-up/"));
    browser.goto(line.expect("a link").trim()).await;
    browser.read("Your address is confirmed.").await;
    look(browser, "sign-up-behind-the-mail").await;
    browser.fill("Name", "Grace Hopper").await;
    browser.fill("Password", PASSWORD).await;
    spoil_forms(browser).await;
    browser.press("Create account").await;
    browser.see("This form has expired").await;
    browser.read("What you sent is kept here").await;
    look(browser, "sign-up-is-kept").await;

    for _ in 0..3 {
        enter(browser, &server, "not the password").await;
    }
    browser.read("There were too many").await;
    look(browser, "too-many-attempts").await;
    browser.goto(&at("/setup/no-such-link")).await;
    browser.see("This link does not work").await;
    look(browser, "link-is-spent").await;

    server.stop();
    let mut command = home.command("serve --listen 127.0.0.1:0");
    command.env("BLOOM_ACCOUNTS_SIGN_UP", "closed");
    let closed = Server::start(command, &home.data());
    browser.goto(&format!("{}/sign-up", closed.origin())).await;
    browser.see("Sign-up is closed").await;
    look(browser, "sign-up-closed").await;
    home.bloom(&format!("account ban --email {ADA}")).ok();
    enter(browser, &closed, PASSWORD).await;
    browser.see("Your account is suspended").await;
    look(browser, "suspended").await;
}

async fn enter(browser: &Browser, server: &Server, password: &str) {
    secrets::note(password);
    browser.goto(&format!("{}/sign-in", server.origin())).await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", password).await;
    browser.press("Sign in").await;
}

/// What mails lead to, and a passkey.
async fn addresses(
    browser: &Browser,
    home: &Home,
    server: &Server,
    look: &mut impl AsyncFnMut(&Browser, &'static str),
) {
    open(browser, server, "/settings/security").await;
    browser.press("Send me the link to confirm it").await;
    browser.read("The mail with the link is made.").await;
    browser.goto(&mailed(home, ADA, "/verify-email/").await).await;
    browser.see("Confirm your email address").await;
    look(browser, "confirm-email").await;
    browser.press("Confirm the address").await;
    browser.read("Your email address is confirmed.").await;
    look(browser, "email-is-confirmed").await;
    browser.follow("Change the address").await;
    browser.fill("Email", NEW).await;
    browser.press("Send the link").await;
    browser.read("Open the link in it within a day").await;
    look(browser, "change-email-is-sent").await;
    browser.goto(&mailed(home, NEW, "/change-email/").await).await;
    browser.see("Use this email address").await;
    look(browser, "use-new-email").await;
    plug_in(browser).await;
    open(browser, server, "/settings/security/passkeys").await;
    browser.fill("Name of the passkey", "This laptop").await;
    browser.press("Add the passkey").await;
    browser.read("The passkey is added.").await;
    look(browser, "security-with-passkey").await;
}

/// A key that is made, found, and ended.
async fn keys(
    browser: &Browser,
    server: &Server,
    page: &str,
    look: &mut impl AsyncFnMut(&Browser, &'static str),
) {
    open(browser, server, "/settings").await;
    browser.fill("Name of the key", "Laptop").await;
    browser.press("Create key").await;
    let key = browser.new_key("Laptop").await;
    look(browser, "new-key").await;
    open(browser, server, "/settings/which-key").await;
    browser.fill("API key", &key).await;
    browser.press("Find the key").await;
    browser.read("This is your key").await;
    look(browser, "key-is-found").await;
    open(browser, server, &format!("{page}/revoke")).await;
    browser.press("Revoke key").await;
    browser.read("Nothing was revoked.").await;
    look(browser, "key-is-not-revoked").await;
    browser.fill("Type its name to revoke it", "docs").await;
    browser.press("Revoke key").await;
    browser.read("is revoked.").await;
    look(browser, "key-is-revoked").await;
}

/// Gives every form the token of nobody.
async fn spoil_forms(browser: &Browser) {
    browser
        .run("document.querySelectorAll('[name=form_token]').forEach((one) => { one.value = 'x' })")
        .await;
}

/// Forms that come to nothing.
async fn failures(
    browser: &Browser,
    home: &Home,
    server: &Server,
    look: &mut impl AsyncFnMut(&Browser, &'static str),
) {
    open(browser, server, "/settings/security").await;
    let keys = browser.find("a box", "//*[@id = 'also-keys']").await;
    browser.take(&keys, "a box").await;
    browser.press("Sign out everywhere").await;
    browser.read("The key that ends").await;
    look(browser, "sign-out-everywhere").await;
    open(browser, server, "/settings").await;
    spoil_forms(browser).await;
    browser.fill("Name of the key", "Desk").await;
    browser.press("Create key").await;
    browser.see("This form has expired").await;
    look(browser, "form-has-expired").await;
    open(browser, server, "/settings").await;
    home.bloom(&format!("account sign-out --email {ADA}")).ok();
    browser.fill("Name of the key", "Desk").await;
    browser.press("Create key").await;
    browser.see("You are signed out").await;
    look(browser, "signed-out-meanwhile").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_passing_page_keeps_anybody_out() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let mut seen = Vec::new();
    walk(&browser, async |browser: &Browser, name| {
        assert_open_to_all(browser, &axe, name).await;
        browser.resize(1200, 800).await;
        seen.push(name);
    })
    .await;
    assert_eq!(seen, NAMES);
    browser.close().await;
}

/// Pictures of them: `cargo xtask pictures`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/images"]
async fn write_pictures_of_passing_pages() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    walk(&browser, async |browser: &Browser, name| {
        picture(browser, name).await;
        browser.resize(1200, 800).await;
    })
    .await;
    browser.close().await;
}
