//! Consent in a real browser: the way ends at a site, at an app that listens on the device, and at one
//! with a scheme of its own.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::json;
use thirtyfour::Key;

use crate::browser::{images, pictures};
use crate::journeys::assert_fits;
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::person::Person;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
/// RFC 7636 appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Registers an app: its id.
pub(crate) fn register(server: &Server, name: &str, redirects: &[&str]) -> String {
    let metadata = json!({ "client_name": name, "redirect_uris": redirects }).to_string();
    let register = Ask::any("POST", "/api/auth/oauth2/register", metadata);
    let register = register.header("content-type", "application/json");
    let registered = register.send(server.address).expect("an answer").expect(201).json();
    registered["client_id"].as_str().expect("an id").to_owned()
}

/// The app's link for a person.
pub(crate) fn link(server: &Server, id: &str, redirect: &str) -> String {
    link_at(&server.origin(), id, redirect)
}

/// The same to an origin.
pub(crate) fn link_at(origin: &str, id: &str, redirect: &str) -> String {
    let redirect = redirect.replace(':', "%3A").replace('/', "%2F");
    format!(
        "{origin}/api/auth/oauth2/authorize?response_type=code&client_id={id}&redirect_uri={redirect}\
         &state=s1&code_challenge={CHALLENGE}&code_challenge_method=S256"
    )
}

/// Panics unless an address brings an app a code, its state and who gave it; gives the code.
fn code(server: &Server, back: &str) -> String {
    let query = back.split_once('?').expect("a query").1;
    let issuer = format!("iss=http%3A%2F%2Flocalhost%3A{}%2Fapi%2Fauth", server.address.port());
    let mut code = None;
    let mut others = Vec::new();
    for pair in query.split('&') {
        match pair.strip_prefix("code=") {
            Some(value) => code = Some(value.to_owned()),
            None => others.push(pair),
        }
    }
    others.sort_unstable();
    assert_eq!(others, [issuer.as_str(), "state=s1"], "{back}");
    code.unwrap_or_else(|| panic!("no code: {back}"))
}

/// What a browser asks an app on the device for.
fn heard(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().expect("the browser comes");
    let mut asked = [0; 4096];
    let length = stream.read(&mut asked).expect("a request");
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nDone";
    stream.write_all(answer).expect("it is answered");
    let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
    asked.split(' ').nth(1).expect("a path").to_owned()
}

/// What a token opens.
fn account(server: &Server, token: &str) -> u16 {
    let ask = Ask::get("/api/v1/account").header("authorization", &format!("Bearer {token}"));
    server.send(&ask).status
}

async fn sign_in(browser: &Browser) {
    crate::support::secrets::note(PASSWORD);
    browser.see("Sign in").await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
}

/// One app with three ways back to it: a site, an app on the device, a scheme of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_lets_apps_in_and_out() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let device = format!("http://127.0.0.1:{port}/cb");
    let (site, private) = ("https://app.example/cb", "com.example.app:/cb");
    let id = register(&server, "Example App", &[site, &device, private]);

    // A site. Nobody is there, but the browser goes.
    browser.goto(&link(&server, &id, site)).await;
    browser.read("Sign in to answer “Example App”.").await;
    sign_in(&browser).await;
    browser.see("Allow access").await;
    browser.read("app.example").await;
    browser.press("Deny").await;
    let back = browser.arrive("https://app.example/cb?").await;
    assert!(back.contains("error=access_denied") && back.contains("state=s1"), "{back}");
    assert!(!back.contains("code="), "{back}");
    browser.goto(&link(&server, &id, site)).await;
    browser.press("Allow").await;
    code(&server, &browser.arrive("https://app.example/cb?").await);

    // An app that listens on the device, answered with the keyboard alone.
    // The browser waits for the app's answer, and its driver for the browser.
    let hearing = tokio::task::spawn_blocking(move || heard(&listener));
    browser.goto(&link(&server, &id, &device)).await;
    browser.see("Allow access").await;
    while browser.focused().await.text().await.expect("text") != "Allow" {
        browser.keys(Key::Tab).await;
    }
    browser.keys(Key::Enter).await;
    let code_of_device = code(&server, &hearing.await.expect("a request"));
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &id),
        ("redirect_uri", &device),
        ("code", &code_of_device),
        ("code_verifier", VERIFIER),
    ];
    let tokens = server.send(&Ask::form("/api/auth/oauth2/token", &fields)).expect(200).json();
    let token = tokens["access_token"].as_str().expect("a token");
    assert_eq!(account(&server, token), 200);

    // The person sees the app and revokes it.
    browser.goto(&format!("{}/settings", server.origin())).await;
    browser.unfold("Revoke the app Example App").await;
    browser.press("Revoke Example App").await;
    browser.read("can no longer act as you.").await;
    assert_eq!(account(&server, token), 401);

    // A scheme of its own. Nothing here takes it, so the page stays; but the browser was on its way.
    // It comes last: the question that the browser then has for the person takes their next click.
    browser.goto(&link(&server, &id, private)).await;
    browser.see("Allow access").await;
    browser.complaints().await;
    browser.press("Allow").await;
    code(&server, &browser.leaves_for("com.example.app:/cb?").await);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

/// What is chosen beside the answer counts, a mistake keeps the rest of it, and No is an answer: at night, on a telephone.
async fn with_what_is_chosen(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    browser.be_narrow_and_dark().await;
    let mut ada = Person::sign_in(&server, ADA, PASSWORD);
    ada.post("/settings/workspaces", &[("name", "Engines")]).expect(303);
    let site = "https://app.example/cb";
    let id = register(&server, "Example App", &[site]);

    browser.goto(&link(&server, &id, site)).await;
    sign_in(&browser).await;
    browser.see("Allow access").await;
    assert_fits(&browser, "the question").await;
    browser.press("Deny").await;
    let back = browser.arrive("https://app.example/cb?").await;
    assert!(back.contains("error=access_denied") && back.contains("state=s1"), "{back}");

    browser.goto(&link(&server, &id, site)).await;
    browser.see("Allow access").await;
    choose(&browser, "Only in these").await;
    choose(&browser, "Engines").await;
    browser.fill("Credits", "many").await;
    let week = "//select[@id = 'until']/option[contains(., '7 days')]";
    let found = browser.find("a week", week).await;
    browser.take(&found, "an option").await;
    browser.complaints().await;
    browser.press("Allow").await;
    let told = "//*[@id = 'budget-error']";
    browser.find("what is wrong", told).await;
    assert_fits(&browser, "the question with a mistake").await;
    for id in ["workspaces-some", "budget"] {
        let field = browser.find(id, &format!("//*[@id = '{id}']")).await;
        let is_kept = match id {
            "budget" => field.value().await.expect("a value").as_deref() == Some("many"),
            _ => field.is_selected().await.expect("a state"),
        };
        assert!(is_kept, "{id}");
    }
    browser.fill("Credits", "12").await;
    browser.press("Allow").await;
    let code = code(&server, &browser.arrive("https://app.example/cb?").await);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &id),
        ("redirect_uri", site),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let tokens = server.send(&Ask::form("/api/auth/oauth2/token", &fields)).expect(200).json();
    let token = tokens["access_token"].as_str().expect("a token");
    let workspaces =
        Ask::get("/api/v1/workspaces").header("authorization", &format!("Bearer {token}"));
    let seen = server.send(&workspaces).expect(200).json().to_string();
    assert!(seen.contains("Engines") && !seen.contains("Personal"), "{seen}");

    browser.goto(&format!("{}/settings#apps", server.origin())).await;
    browser.read("Only in").await;
    browser.read("12 credits").await;
    browser.unfold("Revoke the app Example App").await;
    browser.press("Revoke Example App").await;
    browser.read("can no longer act as you.").await;
    assert_eq!(account(&server, token), 401);
    browser.close().await;
}

async fn choose(browser: &Browser, label: &str) {
    let choice = format!("//input[@id = //label[normalize-space() = '{label}']/@for]");
    let found = browser.find(label, &choice).await;
    browser.take(&found, "a choice").await;
}

with_and_without_scripts!(
    an_app_is_let_in_as_far_as_chosen_with_scripts,
    an_app_is_let_in_as_far_as_chosen_without_scripts,
    with_what_is_chosen
);

/// Pictures of the question for the documents: `cargo xtask pictures`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/images"]
async fn write_pictures_of_consent() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let server = home.serve();
    let site = "https://app.example/oauth/callback";
    let id = register(&server, "Example App", &[site]);
    browser.goto(&link(&server, &id, site)).await;
    sign_in(&browser).await;
    browser.see("Allow access").await;
    pictures(&browser, &images(), "consent").await;
    browser.close().await;
}
