//! Consent in a real browser: the way ends at a site, at an app that listens on the device, and at one
//! with a scheme of its own.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use thirtyfour::Key;

use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
/// RFC 7636 appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The app's link for a person.
fn link(server: &Server, name: &str, redirect: &str) -> (String, String) {
    let metadata = json!({ "client_name": name, "redirect_uris": [redirect] }).to_string();
    let register = Ask::any("POST", "/api/auth/oauth2/register", metadata);
    let register = register.header("content-type", "application/json");
    let registered = register.send(server.address).expect("an answer").expect(201).json();
    let id = registered["client_id"].as_str().expect("an id").to_owned();
    let redirect = redirect.replace(':', "%3A").replace('/', "%2F");
    let link = format!(
        "{}/api/auth/oauth2/authorize?response_type=code&client_id={id}&redirect_uri={redirect}\
         &state=s1&code_challenge={CHALLENGE}&code_challenge_method=S256",
        server.origin()
    );
    (id, link)
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

#[test]
fn a_person_lets_apps_in_and_out() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let Some(browser) = Browser::open(Scripts::On).await else { return };
        let home = Home::on_sqlite();
        home.account(ADA, PASSWORD);
        let server = home.serve();

        // A site. Nobody is there, but the browser goes.
        let (_, site) = link(&server, "Site", "https://app.example/cb");
        browser.goto(&site).await;
        browser.see("Sign in").await;
        browser.read("Sign in to answer “Site”.").await;
        browser.fill("Email", ADA).await;
        browser.fill("Password", PASSWORD).await;
        crate::support::secrets::note(PASSWORD);
        browser.press("Sign in").await;
        browser.see("Allow access").await;
        browser.read("app.example").await;
        browser.press("Deny").await;
        let back = browser.arrive("https://app.example/cb?").await;
        assert!(back.contains("error=access_denied") && back.contains("state=s1"), "{back}");
        browser.goto(&site).await;
        browser.press("Allow").await;
        let back = browser.arrive("https://app.example/cb?").await;
        assert!(back.contains("code=") && back.contains("iss="), "{back}");

        // An app that listens on the device, answered with the keyboard alone.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let redirect =
            format!("http://127.0.0.1:{}/cb", listener.local_addr().expect("one").port());
        // The browser waits for the app's answer, and its driver for the browser.
        let hearing = tokio::task::spawn_blocking(move || heard(&listener));
        let (id, device) = link(&server, "Device", &redirect);
        browser.goto(&device).await;
        browser.see("Allow access").await;
        while browser.focused().await.text().await.expect("text") != "Allow" {
            browser.keys(Key::Tab).await;
        }
        browser.keys(Key::Enter).await;
        let asked = hearing.await.expect("a request");
        let code = asked.split_once("code=").expect("a code").1.split('&').next().expect("one");
        assert!(asked.contains("state=s1") && asked.contains("iss=http"), "{asked}");
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", &id),
            ("redirect_uri", &redirect),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        let tokens = Ask::form("/api/auth/oauth2/token", &fields);
        let tokens = tokens.send(server.address).expect("an answer").expect(200).json();
        let token = tokens["access_token"].as_str().expect("a token").to_owned();
        let account = || {
            let ask = Ask::get("/api/v1/account");
            let ask = ask.header("authorization", &format!("Bearer {token}"));
            ask.send(server.address).expect("an answer").status
        };
        assert_eq!(account(), 200);

        // An app with a scheme of its own. Nothing here takes it, so the page stays; had the policy of the
        // page kept the browser from going, it would complain.
        let (_, private) = link(&server, "Private", "com.example.app:/cb");
        browser.goto(&private).await;
        browser.see("Allow access").await;
        browser.complaints().await;
        browser.press("Allow").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let complaints = browser.complaints().await.join("\n");
        assert!(!complaints.contains("Content Security Policy"), "{complaints}");

        // The person sees the app and revokes it.
        browser.goto(&format!("{}/settings", server.origin())).await;
        browser.read("calls itself “Private”").await;
        browser.read("calls itself “Device”").await;
        browser.run("document.querySelectorAll('#apps details').forEach(d => d.open = true)").await;
        let form = "[...document.querySelectorAll('#apps li')]\
                    .find(li => li.textContent.includes('Device')).querySelector('button').click()";
        browser.run(form).await;
        browser.read("“Device” can no longer act as you.").await;
        assert_eq!(account(), 401);
        browser.close().await;
    });
}
