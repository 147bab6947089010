//! Passkeys: added, used in place of a password, removed; and every way in which one is not what was asked for.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_service::attempts::AttemptLimits;
use serde_json::json;

use crate::secrets::{contains, everything_stored};
use crate::support::{Answer, App, Browser, at_once, on_both};

on_both!(
    a_passkey_signs_in,
    a_passkey_proves_that_it_is_still_them,
    what_is_not_what_was_asked_for_adds_nothing,
    what_is_not_what_was_asked_for_signs_nobody_in,
    a_copied_passkey_is_found_out,
    a_passkey_is_of_one_account,
    a_removed_passkey_signs_in_no_more,
    a_passkey_of_somebody_else_is_not_removed,
    the_suspended_and_the_deleted_do_not_sign_in,
    one_signature_signs_in_once,
    guesses_count_by_address,
    there_are_only_so_many,
    where_browsers_have_none_none_is_asked_for,
);

const FORM: &str = "/settings/security/passkeys";
const SECURITY: &str = "/settings/security";
const ORIGIN: &str = "http://localhost:4600";
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// An authenticator with one passkey.
pub(crate) struct Authenticator {
    pair: Ed25519KeyPair,
    id: Vec<u8>,
    count: u32,
    site: &'static str,
    origin: &'static str,
    flags: u8,
}

/// What a ceremony sends back.
#[derive(Clone)]
pub(crate) struct Sent {
    id: Vec<u8>,
    client: Vec<u8>,
    data: Vec<u8>,
    signature: Vec<u8>,
}

impl Sent {
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        [
            ("passkey_id", &self.id),
            ("passkey_client", &self.client),
            ("passkey_data", &self.data),
            ("passkey_signature", &self.signature),
        ]
        .map(|(name, bytes)| (name, URL_SAFE_NO_PAD.encode(bytes)))
        .to_vec()
    }
}

impl Authenticator {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(),
            id: vec![seed; 20],
            count: 0,
            site: "localhost",
            origin: ORIGIN,
            flags: 5,
        }
    }

    fn client(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let told = json!({ "type": kind, "challenge": challenge, "origin": self.origin });
        told.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, self.site.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    /// Makes the passkey.
    pub(crate) fn make(&self, challenge: &str) -> Sent {
        let mut data = self.data(self.flags | 0x40);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend([0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20]);
        data.extend(self.pair.public_key().as_ref());
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt");
        object.push(0x64);
        object.extend(b"none");
        object.push(0x67);
        object.extend(b"attStmt");
        object.extend([0xa0, 0x68]);
        object.extend(b"authData");
        object.push(0x59);
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(data);
        let client = self.client("webauthn.create", challenge);
        Sent { id: self.id.clone(), client, data: object, signature: Vec::new() }
    }

    /// Signs with it.
    fn sign(&mut self, challenge: &str) -> Sent {
        self.count += 1;
        self.sign_as(self.client("webauthn.get", challenge))
    }

    fn sign_as(&self, client: Vec<u8>) -> Sent {
        let data = self.data(self.flags);
        let message = [&data[..], digest(&SHA256, &client).as_ref()].concat();
        let signature = self.pair.sign(&message).as_ref().to_vec();
        Sent { id: self.id.clone(), client, data, signature }
    }
}

/// The challenge of the page at a path.
pub(crate) async fn challenge(browser: &mut Browser, path: &str) -> String {
    let page = browser.get(path).await;
    page.between("data-challenge=\"", "\"").unwrap_or_else(|| panic!("{page:?}")).to_owned()
}

async fn send(browser: &mut Browser, path: &str, sent: &Sent, more: &[(&str, &str)]) -> Answer {
    let fields = sent.fields();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(path, &[&fields[..], more].concat()).await
}

async fn add(browser: &mut Browser, authenticator: &Authenticator, name: &str) {
    let challenge = challenge(browser, FORM).await;
    let added = send(browser, FORM, &authenticator.make(&challenge), &[("name", name)]).await;
    added.assert_redirect("/settings/security?done=passkey#passkeys");
}

async fn sign_in(browser: &mut Browser, authenticator: &mut Authenticator) -> Answer {
    let challenge = challenge(browser, "/sign-in").await;
    send(browser, "/sign-in/passkey", &authenticator.sign(&challenge), &[]).await
}

async fn a_passkey_signs_in(app: App) {
    let mut ada = app.person("ada").await;
    let mut phone = Authenticator::new(1);
    let page = ada.get(FORM).await;
    page.assert_page(200, "Add a passkey");
    add(&mut ada, &phone, "Phone").await;
    let page = ada.get(SECURITY).await;
    assert!(page.text().contains("<bdi>Phone</bdi>") && page.text().contains("Never used"));
    let mails = app.take_mails().await;
    let told = |mail: &&String| mail.contains("Subject: A passkey was added");
    assert_eq!(mails.iter().filter(told).count(), 1, "{mails:?}");

    let mut elsewhere = app.browser();
    let planted = challenge(&mut elsewhere, "/sign-in").await;
    let before = elsewhere.cookie_secret().to_owned();
    let sent = phone.sign(&planted);
    let done = send(&mut elsewhere, "/sign-in/passkey", &sent, &[("next", SECURITY)]).await;
    done.assert_redirect(SECURITY);
    assert_ne!(elsewhere.cookie_secret(), before, "the browser gets a new cookie");
    let page = elsewhere.get(SECURITY).await;
    page.assert_page(200, "Security");
    assert!(!page.text().contains("Never used"), "{}", page.text());
    assert!(elsewhere.get("/settings/activity").await.text().contains("Phone"));
    let next = [("next", "https://evil.example/")];
    let mut third = app.browser();
    let challenge = challenge(&mut third, "/sign-in").await;
    let sent = phone.sign(&challenge);
    send(&mut third, "/sign-in/passkey", &sent, &next).await.assert_redirect("/settings");
    assert!(!contains(&everything_stored(&app), &sent.signature), "no signature is kept");
}

async fn a_passkey_proves_that_it_is_still_them(app: App) {
    let mut ada = app.person("ada").await;
    let mut phone = Authenticator::new(1);
    let confirm = "/settings/security/confirm";
    app.advance(TEN_MINUTES);
    let page = ada.get(confirm).await;
    assert!(!page.text().contains("data-challenge"), "there is none yet: {}", page.text());
    crate::security::confirm(&mut ada).await;
    add(&mut ada, &phone, "Phone").await;
    app.advance(TEN_MINUTES);
    let asked = ada.get(FORM).await;
    assert_eq!(asked.status, 303, "{asked:?}");
    let challenge_for = challenge(&mut ada, confirm).await;
    let sent = phone.sign(&challenge_for);
    let done = send(&mut ada, "/settings/security/confirm/passkey", &sent, &[("next", FORM)]).await;
    done.assert_redirect(FORM);
    ada.get(FORM).await.assert_page(200, "Add a passkey");
    // Another person's proves nothing here.
    let mut bob = app.person("bob").await;
    let mut key = Authenticator::new(2);
    add(&mut bob, &key, "Key").await;
    app.advance(TEN_MINUTES);
    let challenge_for = challenge(&mut ada, confirm).await;
    let sent = key.sign(&challenge_for);
    let refused = send(&mut ada, "/settings/security/confirm/passkey", &sent, &[]).await;
    refused.assert_page(401, "Confirm that it is you");
    assert_eq!(ada.get(FORM).await.status, 303, "nothing is proven");
}

async fn what_is_not_what_was_asked_for_adds_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let good = Authenticator::new(1);
    let asked = challenge(&mut ada, FORM).await;
    let of_sign_in = challenge(&mut app.browser(), "/sign-in").await;
    let of_bob = challenge(&mut app.person("bob").await, FORM).await;
    let elsewhere = Authenticator { origin: "https://evil.example", ..Authenticator::new(1) };
    let other_site = Authenticator { site: "evil.example", ..Authenticator::new(1) };
    let nobody_there = Authenticator { flags: 1, ..Authenticator::new(1) };
    let with = |change: fn(&mut Sent)| {
        let mut sent = good.make(&asked);
        change(&mut sent);
        sent
    };
    let cases = [
        ("another page's challenge", good.make(&of_sign_in)),
        ("another browser's challenge", good.make(&of_bob)),
        ("no challenge", good.make("")),
        ("another origin", elsewhere.make(&asked)),
        ("another site", other_site.make(&asked)),
        ("nobody was told apart", nobody_there.make(&asked)),
        (
            "another ceremony",
            Sent { client: good.client("webauthn.get", &asked), ..good.make(&asked) },
        ),
        ("no client data", with(|sent| sent.client.clear())),
        ("nothing", with(|sent| sent.data.clear())),
        ("cut off", with(|sent| sent.data.truncate(sent.data.len() - 1))),
        ("too much", with(|sent| sent.data.push(0))),
        (
            "another key",
            with(|sent| {
                // The curve.
                let at = sent.data.len() - 36;
                sent.data[at] = 7;
            }),
        ),
    ];
    for (what, sent) in cases {
        let page = send(&mut ada, FORM, &sent, &[("name", "Phone")]).await;
        assert_eq!(page.status, 409, "{what}: {page:?}");
        page.assert_page(409, "Add a passkey");
    }
    let page = send(&mut ada, FORM, &good.make(&asked), &[("name", "")]).await;
    page.assert_page(422, "Add a passkey");
    app.advance(TEN_MINUTES);
    crate::security::confirm(&mut ada).await;
    let page = send(&mut ada, FORM, &good.make(&asked), &[("name", "Phone")]).await;
    page.assert_page(409, "Add a passkey");
    assert!(app.rows("passkeys").is_empty());
    add(&mut ada, &good, "Phone").await;
}

async fn what_is_not_what_was_asked_for_signs_nobody_in(app: App) {
    let mut ada = app.person("ada").await;
    let mut phone = Authenticator::new(1);
    add(&mut ada, &phone, "Phone").await;
    let mut browser = app.browser();
    let asked = challenge(&mut browser, "/sign-in").await;
    let of_another = challenge(&mut app.browser(), "/sign-in").await;
    let of_adding = challenge(&mut ada, FORM).await;
    let good = phone.sign(&asked);
    let with = |change: fn(&mut Sent)| {
        let mut sent = good.clone();
        change(&mut sent);
        sent
    };
    let other = Authenticator { count: 9, ..Authenticator::new(2) };
    let elsewhere =
        Authenticator { origin: "https://evil.example", count: 9, ..Authenticator::new(1) };
    let other_site = Authenticator { site: "evil.example", count: 9, ..Authenticator::new(1) };
    let nobody_there = Authenticator { flags: 1, count: 9, ..Authenticator::new(1) };
    let get = |challenge: &str| phone.client("webauthn.get", challenge);
    let cases = [
        ("another browser's challenge", phone.sign_as(get(&of_another))),
        ("another page's challenge", phone.sign_as(get(&of_adding))),
        ("another ceremony", phone.sign_as(phone.client("webauthn.create", &asked))),
        ("another origin", elsewhere.sign_as(elsewhere.client("webauthn.get", &asked))),
        ("another site", other_site.sign_as(get(&asked))),
        ("nobody was told apart", nobody_there.sign_as(get(&asked))),
        ("another key", Sent { id: phone.id.clone(), ..other.sign_as(get(&asked)) }),
        ("unknown", other.sign_as(get(&asked))),
        ("another count", with(|sent| sent.data[36] ^= 2)),
        ("no signature", with(|sent| sent.signature.clear())),
        ("a changed signature", with(|sent| sent.signature[0] ^= 1)),
        ("no name", with(|sent| sent.id.clear())),
        ("nothing", with(|sent| sent.data.clear())),
        ("too much", with(|sent| sent.data.push(0))),
    ];
    for (what, sent) in cases {
        let page = send(&mut browser, "/sign-in/passkey", &sent, &[("next", SECURITY)]).await;
        assert_eq!(page.status, 401, "{what}: {page:?}");
        page.assert_page(401, "Sign in");
        assert!(page.text().contains("value=\"/settings/security\""), "{what}: the way on is kept");
        assert!(!browser.is_signed_in().await, "{what}");
    }
    app.advance(TEN_MINUTES);
    let late = send(&mut browser, "/sign-in/passkey", &good, &[]).await;
    late.assert_page(401, "Sign in");
    sign_in(&mut browser, &mut phone).await.assert_redirect("/settings");
}

async fn a_copied_passkey_is_found_out(app: App) {
    let mut ada = app.person("ada").await;
    let mut phone = Authenticator::new(1);
    add(&mut ada, &phone, "Phone").await;
    let mut copy = Authenticator::new(1);
    for _ in 0..3 {
        sign_in(&mut app.browser(), &mut phone).await.assert_redirect("/settings");
    }
    sign_in(&mut app.browser(), &mut copy).await.assert_page(401, "Sign in");
    sign_in(&mut app.browser(), &mut phone).await.assert_redirect("/settings");
}

async fn a_passkey_is_of_one_account(app: App) {
    let mut ada = app.person("ada").await;
    let mut phone = Authenticator::new(1);
    add(&mut ada, &phone, "Phone").await;
    for mut browser in [ada.clone(), app.person("bob").await] {
        let challenge = challenge(&mut browser, FORM).await;
        let again = send(&mut browser, FORM, &phone.make(&challenge), &[("name", "Phone")]).await;
        again.assert_page(409, "Add a passkey");
    }
    assert_eq!(app.rows("passkeys").len(), 1);
    let mut browser = app.browser();
    sign_in(&mut browser, &mut phone).await.assert_redirect("/settings");
    assert!(browser.get("/settings").await.text().contains("ada@example.com"));
}

async fn remove(browser: &mut Browser) -> Answer {
    let page = browser.get(SECURITY).await;
    let id = page.between("/settings/security/passkeys/", "/remove").expect("a form").to_owned();
    browser.post(&format!("{FORM}/{id}/remove"), &[]).await
}

/// Adds one, for whoever has just signed in.
pub(crate) async fn add_one(browser: &mut Browser) {
    add(browser, &Authenticator::new(1), "Phone").await;
}

/// Both, for whoever has just signed in.
pub(crate) async fn add_and_remove(browser: &mut Browser) {
    add(browser, &Authenticator::new(1), "Phone").await;
    remove(browser).await.assert_redirect("/settings/security?done=unpasskey#passkeys");
}

async fn a_removed_passkey_signs_in_no_more(app: App) {
    let mut ada = app.person("ada").await;
    let mut phone = Authenticator::new(1);
    add(&mut ada, &phone, "Phone").await;
    app.advance(TEN_MINUTES);
    let asked = remove(&mut ada).await;
    asked.assert_redirect("/settings/security/confirm?next=%2Fsettings%2Fsecurity");
    assert_eq!(app.rows("passkeys").len(), 1);
    crate::security::confirm(&mut ada).await;
    remove(&mut ada).await.assert_redirect("/settings/security?done=unpasskey#passkeys");
    assert!(ada.get(SECURITY).await.text().contains("No passkeys yet"));
    sign_in(&mut app.browser(), &mut phone).await.assert_page(401, "Sign in");
}

async fn a_passkey_of_somebody_else_is_not_removed(app: App) {
    let mut ada = app.person("ada").await;
    add(&mut ada, &Authenticator::new(1), "Phone").await;
    let page = ada.get(SECURITY).await;
    let id = page.between("/settings/security/passkeys/", "/remove").expect("a form").to_owned();
    let mut bob = app.person("bob").await;
    bob.post(&format!("{FORM}/{id}/remove"), &[]).await;
    assert_eq!(app.rows("passkeys").len(), 1);
    let page = ada.post(&format!("{FORM}/junk/remove"), &[]).await;
    page.assert_page(404, "It is not there any more");
}

async fn the_suspended_and_the_deleted_do_not_sign_in(app: App) {
    let mut ada = app.person("ada").await;
    let mut phone = Authenticator::new(1);
    add(&mut ada, &phone, "Phone").await;
    app.ban("ada@example.com").await;
    let refused = sign_in(&mut app.browser(), &mut phone).await;
    refused.assert_page(403, "Your account is suspended");
    app.unban("ada@example.com").await;
    let gone = ada.post("/settings/security/delete", &[("email", "ada@example.com")]).await;
    gone.assert_redirect("/sign-in?done=deleted");
    assert!(app.rows("passkeys").is_empty());
    sign_in(&mut app.browser(), &mut phone).await.assert_page(401, "Sign in");
}

/// The same answer of an authenticator, many times at once.
async fn one_signature_signs_in_once(app: App) {
    let mut ada = app.person("ada").await;
    let mut phone = Authenticator::new(1);
    add(&mut ada, &phone, "Phone").await;
    let mut browser = app.browser();
    let challenge = challenge(&mut browser, "/sign-in").await;
    let sent = phone.sign(&challenge);
    let statuses = at_once(8, |_| {
        let (mut browser, sent) = (browser.clone(), sent.clone());
        async move { send(&mut browser, "/sign-in/passkey", &sent, &[]).await.status }
    })
    .await;
    assert_eq!(statuses.iter().filter(|&&status| status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [303, 401].contains(status)), "{statuses:?}");
}

async fn guesses_count_by_address(app: App) {
    let app = app.again(|options| options.attempts = AttemptLimits::new(3, 0, 0, 0, 0, 0)).await;
    let mut ada = app.person("ada").await;
    let mut phone = Authenticator::new(1);
    add(&mut ada, &phone, "Phone").await;
    let mut stranger = Authenticator::new(2);
    for _ in 0..3 {
        sign_in(&mut app.browser(), &mut stranger).await.assert_page(401, "Sign in");
    }
    let limited = sign_in(&mut app.browser(), &mut stranger).await;
    assert_eq!(limited.status, 429, "{limited:?}");
    // A good one passes all the same.
    sign_in(&mut app.browser(), &mut phone).await.assert_redirect("/settings");
}

async fn there_are_only_so_many(app: App) {
    let mut ada = app.person("ada").await;
    for seed in 1..=20 {
        add(&mut ada, &Authenticator::new(seed), "Phone").await;
    }
    let challenge = challenge(&mut ada, FORM).await;
    let sent = Authenticator::new(21).make(&challenge);
    let refused = send(&mut ada, FORM, &sent, &[("name", "Phone")]).await;
    refused.assert_page(409, "Add a passkey");
    assert!(refused.text().contains("at most 20 passkeys"), "{}", refused.text());
}

async fn where_browsers_have_none_none_is_asked_for(app: App) {
    for (number, (place, has_some)) in [
        ("http://bloom.lan:4600", false),
        ("http://192.168.1.7:4600", false),
        ("https://192.168.1.7", false),
        ("https://[2001:db8::7]", false),
        ("http://localhost:4600", true),
        ("https://bloom.example", true),
    ]
    .into_iter()
    .enumerate()
    {
        let app = app.again(|options| options.public_url = place).await;
        let mut browser = app.browser();
        let page = browser.get("/sign-in").await;
        page.assert_page(200, "Sign in");
        assert_eq!(page.text().contains("data-challenge"), has_some, "{place}");
        browser
            .sign_up(&format!("p{number}@example.com"))
            .await
            .assert_redirect("/settings#api-keys");
        let page = browser.get(FORM).await;
        page.assert_page(200, "Add a passkey");
        assert_eq!(page.text().contains("data-challenge"), has_some, "{place}");
        assert_eq!(page.text().contains("reached over plain http"), !has_some, "{place}");
    }
}
