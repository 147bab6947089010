//! Signing in through another Bloom in a real browser, with and without scripts: the buttons lead to another
//! origin, which is what a content security policy would stop.

use std::net::TcpListener;

use serde_json::json;

use crate::accessibility::{axe, violations};
use crate::every_page::{faults, picture};
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const ANSWER: &str = "/sign-in/openid/answer";

/// Two servers with an account each. Their hosts differ, since cookies do not tell ports apart.
struct Two {
    _homes: [Home; 2],
    there: Server,
    _here: Server,
    origin: String,
}

impl Two {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.expect("a free port").port();
        let origin = format!("http://127.0.0.1:{port}");
        let homes = [Home::on_sqlite(), Home::on_sqlite()];
        for home in &homes {
            home.account(ADA, PASSWORD);
        }
        let there = homes[0].serve();
        let redirect = format!("{origin}{ANSWER}");
        let metadata = json!({ "client_name": "Bloom here", "redirect_uris": [redirect] });
        let register = Ask::any("POST", "/api/auth/oauth2/register", metadata.to_string());
        let register = register.header("content-type", "application/json");
        let registered = register.send(there.address).expect("an answer").expect(201).json();
        let client = registered["client_id"].as_str().expect("an id").to_owned();
        let words = format!("serve --listen 127.0.0.1:{port} --public-url {origin}");
        let mut command = homes[1].command(&words);
        command
            .env("BLOOM_OPENID_ISSUER", format!("{}/api/auth", there.origin()))
            .env("BLOOM_OPENID_CLIENT_ID", client)
            .env("BLOOM_OPENID_LABEL", "Elsewhere")
            .env("BLOOM_OPENID_ALLOW_PRIVATE", "true");
        let here = Server::start(command, &homes[1].data());
        Self { _homes: homes, there, _here: here, origin }
    }
}

async fn fill_in_sign_in(browser: &Browser) {
    browser.see("Sign in").await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
}

async fn link_and_sign_in(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let two = Two::start();
    browser.goto(&format!("{}/sign-in?next=/settings/security/openid", two.origin)).await;
    fill_in_sign_in(&browser).await;
    browser.see("Sign in with Elsewhere").await;
    browser.press("Go to Elsewhere").await;
    browser.arrive(&two.there.origin()).await;
    fill_in_sign_in(&browser).await;
    browser.see("Allow access").await;
    browser.press("Allow").await;
    browser.read("You can sign in at the other server now, too.").await;
    browser.arrive(&two.origin).await;

    browser.press("Sign out").await;
    browser.see("Sign in").await;
    browser.press("Sign in with Elsewhere").await;
    browser.see("Allow access").await;
    browser.press("Allow").await;
    browser.see("Settings").await;
    browser.arrive(&two.origin).await;

    browser.press("Sign out").await;
    browser.press("Sign in with Elsewhere").await;
    browser.see("Allow access").await;
    browser.press("Deny").await;
    browser.see("You were not signed in").await;
    browser.follow("Go to the sign-in page").await;
    browser.see("Sign in").await;
    browser.close().await;
}

with_and_without_scripts!(
    another_bloom_signs_in_with_scripts,
    another_bloom_signs_in_without_scripts,
    link_and_sign_in
);

/// The pages of it, each once: before axe-core, or to take its picture.
async fn look_around(browser: &Browser, two: &Two, mut look: impl AsyncFnMut(&'static str)) {
    browser.goto(&format!("{}/sign-up", two.origin)).await;
    look("sign-up-elsewhere").await;
    browser.goto(&format!("{}/sign-in?next=/settings/security/openid", two.origin)).await;
    look("sign-in-elsewhere").await;
    fill_in_sign_in(browser).await;
    browser.see("Sign in with Elsewhere").await;
    look("link-identity").await;
    browser.press("Go to Elsewhere").await;
    fill_in_sign_in(browser).await;
    browser.see("Allow access").await;
    look("consent-of-elsewhere").await;
    browser.press("Deny").await;
    browser.arrive(&two.origin).await;
    look("not-linked").await;
    browser.goto(&format!("{}/settings/security/openid", two.origin)).await;
    browser.press("Go to Elsewhere").await;
    browser.press("Allow").await;
    browser.read("You can sign in at the other server now, too.").await;
    look("security-elsewhere").await;
    browser.goto(&format!("{}/settings/security/confirm", two.origin)).await;
    look("prove-elsewhere").await;
}

/// Every page of it keeps nobody out, in both colours, on a wide screen and a narrow one.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_signing_in_elsewhere_keeps_anybody_out() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let two = Two::start();
    let mut wrong = Vec::new();
    look_around(&browser, &two, async |name| {
        for width in [1200, 360] {
            browser.resize(width, 740).await;
            let mut of_this = faults(&browser, false).await;
            // Forms and the other server lead to these pages, so they are at the end of redirects.
            of_this.retain(|fault| !fault.contains("round trips more"));
            of_this.extend(violations(&browser, &axe).await);
            wrong.extend(of_this.into_iter().map(|line| format!("{name} at {width}: {line}")));
        }
    })
    .await;
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
    browser.close().await;
}

/// Pictures for the documents, with those of `every_page.rs`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/images"]
async fn write_pictures_of_signing_in_elsewhere() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let two = Two::start();
    look_around(&browser, &two, async |name| picture(&browser, name).await).await;
    browser.close().await;
}
