//! The pages in a real browser, with scripts and without.

use std::path::{Path, PathBuf};

use serde_json::json;
use thirtyfour::Key;

use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::person::Person;
use crate::support::program;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// 1. Sign up. 2. Make a key and use it. 3. Rotate it. 4. Revoke it. 5. Sign out, and in again.
async fn journey(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    let server = home.serve();

    browser.goto(&server.origin()).await;
    browser.see("Your brands and images, by API").await;
    browser.follow("Create account").await;
    browser.see("Create your account").await;
    browser.fill("Name", "Ada Lovelace").await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    crate::support::secrets::note(PASSWORD);
    browser.press("Create account").await;

    browser.see("Settings").await;
    browser.read("No keys yet").await;
    browser.fill("Name of the key", "Laptop").await;
    browser.press("Create key").await;
    let first = browser.new_key("Laptop").await;
    let account = json!({ "data": { "email": ADA, "name": "Ada Lovelace" } });
    assert_eq!(server.account(&first).expect(200).json(), account);
    // What needs a script is to be seen only where there is one.
    assert_eq!(browser.has_button("Copy key").await, scripts == Scripts::On);
    if scripts == Scripts::On {
        a_new_key_is_copied(&browser, &first).await;
    }
    browser.press("Download as .env").await;
    assert_eq!(browser.download("bloom.env").await, format!("BLOOM_API_KEY={first}\n"));

    what_is_to_be_copied_works(&browser, &first).await;

    browser.follow("Manage the key Laptop").await;
    browser.see("API key Laptop").await;
    browser.press("Rotate key").await;
    let second = browser.new_key("Laptop").await;
    assert_ne!(first, second);
    server.account(&first).expect(200);
    server.account(&second).expect(200);
    browser.follow("Manage the key Laptop").await;
    browser.press("End the old secret now").await;
    browser.read("The old secret of the key “Laptop” has ended.").await;
    server.account(&first).expect(401);
    server.account(&second).expect(200);

    browser.follow("Settings").await;
    browser.see("Settings").await;
    assert!(!browser.text().await.contains(&second), "the key comes back");
    browser.follow("Revoke the key Laptop").await;
    browser.see("Revoke the API key Laptop").await;
    browser.press("Revoke key").await;
    browser.read("This is neither its name nor how it begins. Nothing was revoked.").await;
    server.account(&second).expect(200);
    // The refusal is the one thing that the browser may complain about so far.
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|complaint| complaint.contains("422")), "{complaints:?}");
    browser.fill("Type its name to revoke it", "Laptop").await;
    browser.press("Revoke key").await;
    browser.read("The key “Laptop” is revoked.").await;
    server.account(&second).expect(401);

    browser.press("Sign out").await;
    browser.see("Sign in").await;
    browser.goto(&format!("{}/settings", server.origin())).await;
    browser.see("Sign in").await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.see("Settings").await;
    browser.read("Revoked").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

/// What the page of a new key has for other languages runs as it stands.
async fn what_is_to_be_copied_works(browser: &Browser, key: &str) {
    for (title, id, program, words) in [
        ("Python", "snippet-python", "python3", &["-c"][..]),
        // It is JavaScript as well, which older ones know.
        ("TypeScript", "snippet-typescript", "node", &["--input-type=module", "-e"]),
    ] {
        browser.unfold(title).await;
        let text = browser.find(title, &format!("//code[@id = '{id}']")).await;
        let text = text.text().await.expect("text");
        assert!(!text.contains(key), "{text}");
        if program::command(program).arg("--version").output().is_err() {
            eprintln!("skipped: there is no {program}");
            continue;
        }
        let mut command = program::command(program);
        command.args(words).arg(&text).env("BLOOM_API_KEY", key);
        let told = program::finish(command, "").ok();
        assert!(told.contains(ADA), "{title}: {told}");
    }
}

async fn a_new_key_is_copied(browser: &Browser, key: &str) {
    browser.press("Copy key").await;
    browser.find("word that it is done", "//button[normalize-space() = \"Copied\"]").await;
    // What is pasted is what was copied.
    let field = browser.field("Name of another key").await;
    field.click().await.expect("the field is there");
    field.send_keys(Key::Control + "v").await.expect("the field takes keys");
    assert_eq!(field.value().await.expect("a value").as_deref(), Some(key));
    field.clear().await.expect("the field is there");
}

with_and_without_scripts!(the_journey_with_scripts, the_journey_without_scripts, journey);

/// Presses Tab until the focus is where it should be; wherever it comes by must show that.
async fn tab_to(browser: &Browser, id: &str) {
    for _ in 0..20 {
        browser.keys(Key::Tab + "").await;
        let focused = browser.focused().await;
        let outline = focused.css_value("outline-style").await.expect("a style");
        assert_ne!(outline, "none", "the focus cannot be seen: {focused}");
        if focused.id().await.expect("it may have an id").as_deref() == Some(id) {
            return;
        }
    }
    panic!("the keyboard does not reach {id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough_to_sign_in() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    browser.goto(&format!("{}/sign-in", server.origin())).await;
    browser.keys(Key::Tab + "").await;
    let skip = browser.focused().await;
    assert_eq!(skip.text().await.expect("text"), "Skip to the content");
    assert!(skip.is_displayed().await.expect("a state"));

    tab_to(&browser, "email").await;
    browser.keys(ADA).await;
    tab_to(&browser, "password").await;
    browser.keys("not the password").await;
    browser.keys(Key::Enter + "").await;
    browser.read("The email or the password is not right").await;
    // What went wrong has the focus, the address is kept and the password is not.
    let alert = browser.focused().await;
    assert_eq!(alert.attr("role").await.expect("a role").as_deref(), Some("alert"));
    let kept = browser.field("Email").await.value().await.expect("a value");
    assert_eq!(kept.as_deref(), Some(ADA));
    tab_to(&browser, "password").await;
    assert_eq!(browser.focused().await.value().await.expect("a value").as_deref(), Some(""));
    browser.keys(PASSWORD).await;
    browser.keys(Key::Enter + "").await;
    browser.see("Settings").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_and_passwords_are_shown_as_chosen() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = home.serve();
    browser.goto(&format!("{}/sign-up", server.origin())).await;
    let ground = "return getComputedStyle(document.body).backgroundColor";
    browser.press("Light").await;
    let light = browser.run(ground).await;
    browser.press("Dark").await;
    let dark = browser.run(ground).await;
    assert_ne!(light, dark);
    browser.goto(&format!("{}/sign-in", server.origin())).await;
    assert_eq!(browser.run(ground).await, dark, "the choice is kept");

    browser.fill("Password", "seen").await;
    let kind = async || browser.field("Password").await.attr("type").await.expect("a type");
    assert_eq!(kind().await.as_deref(), Some("password"));
    browser.press("Show the password").await;
    assert_eq!(kind().await.as_deref(), Some("text"));
    browser.press("Hide the password").await;
    assert_eq!(kind().await.as_deref(), Some("password"));
    assert_eq!(browser.complaints().await, Vec::<String>::new());

    // Would a complaint be seen? This one breaks the content security policy.
    browser.run("document.body.setAttribute('onclick', '1')").await;
    let complaints = browser.complaints().await;
    assert!(complaints.concat().contains("Content Security Policy"), "{complaints:?}");
    browser.close().await;
}

/// An account with three keys, one of them used and one revoked.
async fn signed_in(browser: &Browser, home: &Home, server: &Server) {
    let words = format!("account create --email {ADA} --password-stdin --name");
    let mut command = program::bloom(&words);
    command.arg("Ada Lovelace").arg("--data").arg(home.data());
    program::finish(command, PASSWORD).ok();
    let mut person = Person::sign_in(server, ADA, PASSWORD);
    let keys = ["Old laptop", "Nightly report", "Deploy script"].map(|n| person.create_key(n));
    server.account(&keys[1]).expect(200);
    home.bloom_with(&format!("keys revoke --account {ADA} --name"), "Old laptop").ok();
    browser.goto(&format!("{}/sign-in", server.origin())).await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.see("Settings").await;
}

/// Whether the page must be moved sideways to be read.
async fn assert_fits(browser: &Browser, what: &str) {
    let script = "return [document.documentElement.scrollWidth, innerWidth]";
    let widths = browser.run(script).await;
    assert_eq!(widths[1], 360, "{what}");
    assert!(widths[0].as_u64() <= Some(360), "{what} is {widths} wide");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_small_screen() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = home.serve();
    browser.resize(360, 740).await;
    let pages = ["/", "/sign-up", "/sign-in", "/nothing-here", "/setup/spent"];
    for path in pages {
        browser.goto(&format!("{}{path}", server.origin())).await;
        assert_fits(&browser, path).await;
    }
    browser.goto(&format!("{}/sign-up", server.origin())).await;
    browser.press("Create account").await;
    browser.read("Something needs a change").await;
    assert_fits(&browser, "a refused form").await;

    signed_in(&browser, &home, &server).await;
    assert_fits(&browser, "the list of keys").await;
    let long = "unbreakable".repeat(9);
    browser.fill("Name of the key", &long).await;
    browser.press("Create key").await;
    browser.new_key(&long).await;
    assert_fits(&browser, "a new key with a long name").await;
    browser.follow(&format!("Revoke the key {long}")).await;
    browser.see(&format!("Revoke the API key {long}")).await;
    assert_fits(&browser, "a question before a key with a long name is revoked").await;
    browser.goto(&server.origin()).await;
    assert_fits(&browser, "the start page of someone signed in").await;
    browser.close().await;
}

/// Pictures of the pages for the documents, beside those of `every_page.rs`: `cargo xtask pictures`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/images"]
async fn write_pictures() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let folder = images();
    // The address that a reader of the documents sees in their own terminal.
    let serve = || Server::start(home.command("serve --listen 127.0.0.1:4600"), &home.data());
    let server = serve();
    for (name, path) in [("home", "/"), ("sign-up", "/sign-up")] {
        browser.goto(&format!("{}{path}", server.origin())).await;
        pictures(&browser, &folder, name).await;
    }
    signed_in(&browser, &home, &server).await;
    server.stop();
    // Since the last uses are written when a server stops, the list now has one.
    let server = serve();
    browser.goto(&format!("{}/settings", server.origin())).await;
    pictures(&browser, &folder, "settings").await;
    browser.fill("Name of the key", "Laptop").await;
    browser.press("Create key").await;
    browser.new_key("Laptop").await;
    pictures(&browser, &folder, "new-key").await;
    browser.close().await;
}

/// Where the documents have their pictures.
pub(crate) fn images() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A page by day and by night, on a wide screen and on a narrow one.
pub(crate) async fn pictures(browser: &Browser, folder: &Path, name: &str) {
    for (width, suffix) in [(1280, ""), (360, "-360")] {
        for colours in ["light", "dark"] {
            let feature = json!({ "name": "prefers-color-scheme", "value": colours });
            browser.tell("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await;
            browser.resize(width, 640).await;
            let height = browser.run("return document.documentElement.scrollHeight").await;
            let height = height.as_u64().and_then(|h| h.try_into().ok()).expect("a height");
            browser.resize(width, height).await;
            browser.picture(&folder.join(format!("{name}-{colours}{suffix}.png"))).await;
        }
    }
}
