//! With the keyboard alone: Tab, Enter, Space and arrows, and letters where something is typed. Wherever the focus comes
//! by, it can be seen.

use serde_json::Value;
use thirtyfour::{Key, TypingData};

use crate::consent::{link, register};
use crate::every_page::{ADA, PASSWORD, start};
use crate::images::site;
use crate::security::plug_in;
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::person::Person;
use crate::support::secrets;
use crate::support::server::Server;

/// More stops than any page has.
const STOPS: usize = 150;
const BACK: &str = "https://app.example/cb";

/// What has the focus: what it is called, and how it looks.
const FOCUSED: &str = "const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect(); \
    const words = (text) => (text || '').replace(/\\s+/g, ' ').trim(); \
    const label = it.labels && it.labels.length ? it.labels[0].textContent : it.textContent; \
    const picture = it.querySelector('img'); \
    return { name: words(it.getAttribute('aria-label')) || words(label) || words(picture && picture.alt), id: it.id, \
    is_page: it === document.body, is_marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0, \
    is_in_sight: box.bottom > 0 && box.top < innerHeight && box.width > 0 }";

/// A person without a mouse.
struct Hands<'a>(&'a Browser);

impl Hands<'_> {
    async fn press(&self, keys: impl Into<TypingData>) {
        self.0.keys(keys).await;
    }

    /// Presses Tab until the focus is on what is called so, or has this id.
    async fn to(&self, what: &str) {
        let mut passed = Vec::new();
        for _ in 0..STOPS {
            self.press(Key::Tab + "").await;
            let on = self.0.run(FOCUSED).await;
            let text = |name: &str| on[name].as_str().unwrap_or_default().to_owned();
            if on["is_page"] != Value::Bool(true) {
                assert_eq!(on["is_marked"], true, "the focus cannot be seen: {on}");
                assert_eq!(on["is_in_sight"], true, "the focus is out of sight: {on}");
            }
            if text("name") == what || text("id") == what {
                return;
            }
            passed.push(text("name"));
        }
        panic!("the keyboard does not reach {what}, but {passed:?}");
    }

    /// Waits until the page has put the focus on a field by itself, which it does a moment after it is seen.
    async fn begins_at(&self, field: &str) {
        for _ in 0..500 {
            if self.0.run(FOCUSED).await["id"] == field {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the page does not begin at {field}");
    }

    async fn enter(&self, what: &str) {
        self.to(what).await;
        self.press(Key::Enter + "").await;
    }

    async fn write(&self, field: &str, text: &str) {
        self.to(field).await;
        self.press(text).await;
    }

    async fn sign_in(&self, server: &Server) {
        secrets::note(PASSWORD);
        self.0.goto(&format!("{}/sign-in", server.origin())).await;
        self.write("Email", ADA).await;
        self.write("Password", PASSWORD).await;
        self.press(Key::Enter + "").await;
        self.0.see("Settings").await;
    }

    /// Copies by a button, and pastes into a field; gives what comes of it.
    async fn copied(&self, button: &str, field: &str) -> String {
        self.enter(button).await;
        self.0.find("word that it is done", "//button[normalize-space() = \"Copied\"]").await;
        self.to(field).await;
        // To a field, as one by one the keys of a chord would not be held together.
        let field = self.0.focused().await;
        field.send_keys(Key::Control + "v").await.expect("the field takes keys");
        let value = field.value().await.expect("a value").expect("a field");
        field.send_keys(Key::Control + "a").await.expect("the field takes keys");
        field.send_keys(Key::Delete + "").await.expect("the field takes keys");
        value
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_copied_rotated_and_revoked_by_keyboard() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    let hands = Hands(&browser);
    hands.sign_in(&server).await;
    hands.write("key-name", "Laptop").await;
    hands.enter("Narrow what it may do").await;
    // Of the choices of a kind one is a stop; the arrows go on from there.
    hands.to("access-all").await;
    hands.press(Key::Down + "").await;
    hands.to("scope-read").await;
    hands.press(" ").await;
    hands.write("addresses", "127.0.0.0/8 ::1").await;
    hands.press(Key::Enter + "").await;
    let first = browser.new_key("Laptop").await;
    server.account(&first).expect(200);
    browser.read("127.0.0.0/8").await;
    assert_eq!(hands.copied("Copy key", "key-name").await, first);

    hands.enter("Manage the key Laptop").await;
    browser.see("API key Laptop").await;
    hands.to("overlap").await;
    hands.press(Key::End + "").await;
    hands.enter("Rotate key").await;
    let second = browser.new_key("Laptop").await;
    // The last choice leaves the old secret no time.
    server.account(&first).expect(401);
    server.account(&second).expect(200);

    hands.enter("Revoke the key Laptop").await;
    browser.see("Revoke the API key Laptop").await;
    hands.begins_at("confirmed").await;
    hands.press("Laptop").await;
    hands.press(Key::Enter + "").await;
    browser.read("The key “Laptop” is revoked.").await;
    server.account(&second).expect(401);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_revoked_and_somebody_invited_by_keyboard() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    let mut ada = Person::sign_in(&server, ADA, PASSWORD);
    ada.allow(&server, &link(&server, &register(&server, "Example App", &[BACK]), BACK));
    let hands = Hands(&browser);
    hands.sign_in(&server).await;
    hands.to("Revoke the app Example App").await;
    hands.press(" ").await;
    hands.enter("Revoke Example App").await;
    browser.read("“Example App” can no longer act as you.").await;

    hands.write("Name of a new workspace", "Engines").await;
    hands.press(Key::Enter + "").await;
    browser.see("Engines").await;
    hands.write("invite-email", "grace@example.com").await;
    hands.press(Key::Tab + "").await;
    hands.press(Key::Up + "").await;
    hands.enter("Invite").await;
    browser.read("The invitation for grace@example.com").await;
    let invitation = hands.copied("Copy the link", "invite-email").await;
    assert!(invitation.starts_with(&format!("{}/invitations/", server.origin())), "{invitation}");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_and_a_passkey_added_by_keyboard() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    plug_in(&browser).await;
    let hands = Hands(&browser);
    hands.sign_in(&server).await;
    hands.enter("Security and your data").await;
    browser.see("Security").await;
    hands.enter("Change the password").await;
    browser.see("Choose a new password").await;
    secrets::note("another good password");
    hands.write("New password", "another good password").await;
    hands.press(Key::Enter + "").await;
    browser.read("Your password is changed.").await;

    hands.enter("Add a passkey").await;
    browser.see("Add a passkey").await;
    hands.write("Name of the passkey", "This laptop").await;
    hands.enter("Add the passkey").await;
    browser.read("The passkey is added.").await;
    hands.enter("Sign out").await;
    browser.see("Sign in").await;
    hands.enter("Sign in with a passkey").await;
    browser.see("Settings").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_made_and_downloaded_by_keyboard() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    let key = home.key(ADA, "docs");
    let url = format!("http://{}/", site());
    let brand = serde_json::json!({ "url": url }).to_string();
    let ask = Ask::any("POST", "/api/v1/brands", brand).header("x-api-key", &key);
    let ask = ask.header("content-type", "application/json");
    let brand = server.send(&ask).expect(202).json()["data"]["id"].clone();
    let read = |path: &str| {
        let ask = Ask::get(&format!("/api/v1{path}")).header("x-api-key", &key);
        server.send(&ask).expect(200).json()["data"].clone()
    };
    crate::docs::done(read, &format!("/brands/{}", brand.as_str().expect("an id")));

    let hands = Hands(&browser);
    hands.sign_in(&server).await;
    hands.enter("Images").await;
    browser.see("Images").await;
    hands.write("What to make", "\"Air\"").await;
    hands.to("image-ratio").await;
    hands.press("21:9").await;
    hands.enter("Make images").await;
    browser.find("picture", "//ul[@class = 'gallery']//img").await;
    let picture = "return document.querySelector('.gallery img').alt";
    let name = browser.run(picture).await.as_str().expect("words").to_owned();
    hands.enter(&name).await;
    browser.see("Image").await;
    browser.read("21:9").await;
    hands.enter("Download").await;
    let bytes = browser.saved("png").await;
    assert!(bytes.starts_with(b"\x89PNG\r\n"), "{:?}", &bytes[..8]);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}
