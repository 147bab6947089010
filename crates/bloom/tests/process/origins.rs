//! The same pages on other origins than `localhost`: at a plain-http host of the local network, where browsers keep much
//! back, and behind a proxy that speaks TLS. What a browser makes of a cookie is known only by asking one.

use std::net::TcpListener;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::consent::{link_at, register};
use crate::security::plug_in;
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::secrets;
use crate::support::server::Server;
use crate::tls::acceptor;

with_and_without_scripts!(
    a_plain_network_is_enough_with_scripts,
    a_plain_network_is_enough_without_scripts,
    on_a_plain_network
);
with_and_without_scripts!(
    everything_works_behind_tls_with_scripts,
    everything_works_behind_tls_without_scripts,
    behind_tls
);

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
/// A name of this machine that browsers do not take for it.
const HOST: &str = "bloom.lan";
const SITE: &str = "https://app.example/cb";

/// What the browser keeps for the server: each cookie of it.
async fn cookies(browser: &Browser) -> Vec<Value> {
    let told = browser.tell("Network.getAllCookies", json!({})).await;
    let all = told["cookies"].as_array().expect("cookies").clone();
    all.into_iter().filter(|cookie| cookie["domain"] == HOST).collect()
}

async fn sign_in(browser: &Browser) {
    secrets::note(PASSWORD);
    browser.see("Sign in").await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
}

/// Signs in, makes a key and saves it, and lets an app in; what the browser complained of on the way.
async fn journey(browser: &Browser, server: &Server, origin: &str) -> Vec<String> {
    browser.goto(&format!("{origin}/settings")).await;
    sign_in(browser).await;
    browser.see("Settings").await;
    for cookie in cookies(browser).await {
        let name = cookie["name"].as_str().expect("a name");
        let is_tls = origin.starts_with("https:");
        assert_eq!(name.starts_with("__Host-"), is_tls, "{cookie}");
        assert_eq!(cookie["secure"], is_tls, "{cookie}");
        assert_eq!(cookie["httpOnly"], true, "{cookie}");
        assert_eq!(cookie["sameSite"], "Lax", "{cookie}");
        assert_eq!(cookie["path"], "/", "{cookie}");
    }
    assert!(!cookies(browser).await.is_empty());
    browser.fill("Name of the key", "Laptop").await;
    browser.press("Create key").await;
    let key = browser.new_key("Laptop").await;
    server.account(&key).expect(200);
    browser.press("Download as .env").await;
    if origin.starts_with("https:") {
        assert_eq!(browser.download("bloom.env").await, format!("BLOOM_API_KEY={key}\n"));
    } else {
        // Without https a browser asks before it keeps any file whatever.
        browser.begins_to_save("bloom.env").await;
    }
    let curl = browser.find("a command", "//code[@id = 'new-key-curl']").await;
    assert!(curl.text().await.expect("text").contains(origin));
    let mut complaints = browser.complaints().await;
    // Said of any file from a page without https.
    let of_the_file = "/env' was loaded over an insecure connection";
    complaints.retain(|complaint| !complaint.contains(of_the_file));

    let id = register(server, "Example App", &[SITE]);
    browser.goto(&link_at(origin, &id, SITE)).await;
    browser.see("Allow access").await;
    browser.press("Allow").await;
    let back = browser.arrive(&format!("{SITE}?")).await;
    let issuer = format!("iss={}%2Fapi%2Fauth", origin.replace(':', "%3A").replace('/', "%2F"));
    assert!(back.contains("code=") && back.contains(&issuer), "{back}");
    // That nobody answers at the app's address is none of ours.
    browser.complaints().await;
    browser.goto(&format!("{origin}/settings")).await;
    browser.unfold("Revoke the app Example App").await;
    browser.press("Revoke Example App").await;
    browser.read("can no longer act as you.").await;
    complaints.into_iter().chain(browser.complaints().await).collect()
}

fn free_port() -> u16 {
    // Free again for the server: the listener ends with the statement.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    port.expect("a free port").port()
}

async fn on_a_plain_network(scripts: Scripts) {
    let Some(browser) = Browser::open(scripts).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let port = free_port();
    let origin = format!("http://{HOST}:{port}");
    let words = format!("serve --listen 127.0.0.1:{port} --public-url {origin}");
    let server = Server::start(home.command(&words), &home.data());
    assert_eq!(journey(&browser, &server, &origin).await, Vec::<String>::new());
    assert_eq!(browser.run("return isSecureContext").await, false);
    browser.goto(&format!("{origin}/settings/security/passkeys")).await;
    browser.read("Browsers have passkeys only for a name with https").await;
    browser.goto(&format!("{origin}/settings")).await;
    browser.press("Sign out").await;
    browser.see("Sign in").await;
    if scripts == Scripts::On {
        browser.read("Passkeys need https here").await;
        sign_in(&browser).await;
        what_cannot_be_copied_is_selected(&browser).await;
    }
    browser.close().await;
    assert_eq!(server.stop().code, Some(0));
}

/// Without https a page may not write to the clipboard by itself.
async fn what_cannot_be_copied_is_selected(browser: &Browser) {
    browser.see("Settings").await;
    browser.fill("Name of the key", "Desk").await;
    browser.press("Create key").await;
    let key = browser.new_key("Desk").await;
    browser.press("Copy key").await;
    let told = "//button[normalize-space() = 'Copied' or starts-with(normalize-space(), 'Press ')]";
    let told = browser.find("what to do", told).await.text().await.expect("text");
    if told != "Copied" {
        assert_eq!(browser.run("return getSelection().toString()").await, key, "{told}");
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

/// A proxy that ends TLS and hands on what is inside, as it is.
async fn hand_on(listener: tokio::net::TcpListener, to: u16) {
    let acceptor = acceptor();
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(mut outside) = acceptor.accept(stream).await else { return };
            let Ok(mut inside) = TcpStream::connect(("127.0.0.1", to)).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}

async fn behind_tls(scripts: Scripts) {
    // The browser knows nobody who signed the certificate. Told to overlook that altogether, it takes the origin for
    // as good as any, passkeys included; told so by its driver, it would not.
    let flags = ["--ignore-certificate-errors"];
    let Some(browser) = Browser::open_with(scripts, &flags).await else { return };
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("https://{HOST}:{}", proxy.local_addr().expect("an address").port());
    let port = free_port();
    let words = format!("serve --listen 127.0.0.1:{port} --public-url {origin}");
    let mut server = Server::start(home.command(&words), &home.data());
    // It prints where people reach it.
    server.address.set_port(port);
    let proxy = tokio::spawn(hand_on(proxy, port));
    assert_eq!(journey(&browser, &server, &origin).await, Vec::<String>::new());
    assert_eq!(browser.run("return isSecureContext").await, true);
    if scripts == Scripts::On {
        a_passkey_signs_in(&browser, &origin).await;
    }
    browser.close().await;
    proxy.abort();
    assert_eq!(server.stop().code, Some(0));
}

async fn a_passkey_signs_in(browser: &Browser, origin: &str) {
    plug_in(browser).await;
    browser.goto(&format!("{origin}/settings/security/passkeys")).await;
    browser.fill("Name of the passkey", "This laptop").await;
    browser.press("Add the passkey").await;
    browser.read("The passkey is added.").await;
    browser.press("Sign out").await;
    browser.see("Sign in").await;
    browser.press("Sign in with a passkey").await;
    browser.see("Settings").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}
