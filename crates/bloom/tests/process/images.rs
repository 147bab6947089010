//! `kill -9` while images are made: every one ends, there and paid for, or failed and refunded.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::every_page::picture;
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::http::{Answer, Ask};
use crate::support::server::Server;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
/// How many images are asked for before the first kill.
const JOBS: usize = 100;
/// How many of them are drawn in pixels, which takes longer.
const DRAWN: usize = 8;
/// How many of them nobody can make, and which: their credits go back.
const DOOMED: usize = 10;
const KILLS: usize = 3;
const CREDITS: i64 = 200;

/// A site with a logo, for a brand.
pub(crate) fn site() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 2_048];
            let read = stream.read(&mut head).unwrap_or_default();
            let is_logo = head[..read].starts_with(b"GET /logo.svg");
            let (kind, body) = match is_logo {
                true => (
                    "image/svg+xml",
                    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 20'><rect width='40' height='20' \
                     fill='#0a7a4c'/></svg>",
                ),
                false => (
                    "text/html",
                    "<title>Northwind</title><style>body{background:#fff;color:#123}a{color:#0a7a4c}</style>\
                     <header><a href='/'><img class='logo' alt='Northwind logo' src='/logo.svg'></a></header>\
                     <h1>Northwind</h1><p>Air for everybody.</p>",
                ),
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    address
}

fn ask(server: &Server, key: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let text = body.map(ToString::to_string).unwrap_or_default();
    let ask = Ask::any(method, &format!("/api/v1{path}"), text).header("x-api-key", key);
    server.send(&ask.header("content-type", "application/json"))
}

/// The id of what was asked for.
fn asked(answer: Answer) -> String {
    let data = answer.expect(202).json()["data"].clone();
    let id = data["id"].as_str().or_else(|| data["ids"][0].as_str());
    id.expect("an id").to_owned()
}

fn start(home: &Home) -> Server {
    serve(home, "[billing]\nenabled = true\n[limits]\nenabled = false\n")
}

/// A server that reads pages of this machine, with more of a configuration.
pub(crate) fn serve(home: &Home, more: &str) -> Server {
    let config = home.path("bloom.toml");
    std::fs::write(&config, format!("[fetch]\nallow_private = true\n{more}")).expect("a file");
    home.serve_with(&format!("--config {}", config.display()))
}

/// A brand of the site, that is ready.
pub(crate) fn brand(server: &Server, key: &str) -> String {
    let body = json!({ "url": format!("http://{}/", site()) });
    let brand = asked(ask(server, key, "POST", "/brands", Some(&body)));
    let path = format!("/brands/{brand}?wait=true");
    let found = ask(server, key, "GET", &path, None).expect(200).json();
    assert_eq!(found["data"]["status"], "ready", "{found}");
    brand
}

/// An app makes an image with its token, and reads it; asked for twice under one name it is made once.
pub(crate) fn is_made_by_an_app(server: &Server, token: &str, brand: &str) {
    let bearer = format!("Bearer {token}");
    let order =
        json!({ "prompt": "\"Made by an app\"", "brandSessionId": brand, "aspectRatio": "21:9" });
    let order = || {
        let ask = Ask::any("POST", "/api/v1/images/generations", order.to_string())
            .header("authorization", &bearer)
            .header("content-type", "application/json")
            .header("idempotency-key", "by-an-app");
        asked(server.send(&ask))
    };
    let id = order();
    assert_eq!(order(), id);
    let path = format!("/api/v1/images/{id}?wait=true");
    let there = server.send(&Ask::get(&path).header("authorization", &bearer)).expect(200).json();
    is_there(server, &there["data"]);
}

/// An image is there, and its URL leads to its bytes.
pub(crate) fn is_there(server: &Server, image: &Value) {
    assert_eq!(image["status"], "completed", "{image}");
    let url = image["imageUrl"].as_str().expect("a URL");
    let place = url.find("/img/").expect("a path");
    let ask = Ask::get(&url[place..]).text(&format!("127.0.0.1:{}", server.address.port()));
    let mut stream = server.connect();
    stream.write_all(ask.as_bytes()).expect("it is asked");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200") && answer.len() > 500, "{image}");
}

/// Every image, as it is now.
fn images(server: &Server, key: &str, ids: &[String]) -> Vec<Value> {
    let mut all = Vec::new();
    for some in ids.chunks(50) {
        let path = format!("/images?ids={}", some.join(","));
        let answer = ask(server, key, "GET", &path, None).expect(200).json();
        all.extend(answer["data"]["images"].as_array().expect("images").clone());
    }
    all
}

fn are_under_way(images: &[Value]) -> usize {
    images
        .iter()
        .filter(|image| image["status"] != "completed" && image["status"] != "failed")
        .count()
}

on_both_engines!(every_image_ends_however_often_the_server_is_killed, |home| {
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "ci");
    home.bloom(&format!(
        "credits grant --account {ADA} --kind topup --amount {CREDITS} --reference in_1"
    ))
    .ok();
    let mut server = start(home);
    let brand = brand(&server, &key);
    let order = json!({ "prompt": "\"Air\"", "brandSessionId": brand, "aspectRatio": "21:9" });
    let first = asked(ask(&server, &key, "POST", "/images/generations", Some(&order)));
    let path = format!("/images/{first}?wait=true");
    let there = ask(&server, &key, "GET", &path, None).expect(200).json();
    assert_eq!(there["data"]["status"], "completed", "{there}");
    let is_doomed = |number: usize| number % (JOBS / DOOMED) == 5;
    let ids: Vec<_> = (0..JOBS)
        .map(|number| {
            let edit = |prompt: &str| json!({ "prompt": prompt, "brandSessionId": brand });
            let (what, body) = match number % (JOBS / DRAWN) {
                _ if is_doomed(number) => ("edit", edit("hmmm")),
                0 => ("edit", edit("Make it navy")),
                _ => ("vectorize", json!({ "brandSessionId": brand })),
            };
            asked(ask(&server, &key, "POST", &format!("/images/{first}/{what}"), Some(&body)))
        })
        .collect();
    for kill in 0..KILLS {
        // When a part of them is there, and others are in hand.
        let mut open = JOBS;
        for _ in 0..1_200 {
            open = are_under_way(&images(&server, &key, &ids));
            if JOBS - open >= (kill + 1) * JOBS / (KILLS + 2) {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        assert!(open > 0 && open < JOBS, "kill {kill} with {open} under way: {}", server.log());
        server.kill();
        server = start(home);
    }
    // On PostgreSQL what was in hand waits until its lease is over.
    let mut ended = Vec::new();
    for _ in 0..360 {
        ended = images(&server, &key, &ids);
        assert_eq!(ended.len(), JOBS, "none is lost");
        if are_under_way(&ended) == 0 {
            break;
        }
        thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(are_under_way(&ended), 0, "{}", server.log());
    let completed = ended.iter().filter(|image| image["status"] == "completed").count();
    assert!(completed > JOBS / 2, "{completed} of {JOBS} are there");
    for id in ids.iter().enumerate().filter(|(number, _)| is_doomed(*number)).map(|(_, id)| id) {
        let image = ended.iter().find(|image| image["id"] == json!(id)).expect("it is there");
        assert_eq!(image["status"], "failed", "{image}");
        assert!(image["failureDetail"].to_string().contains("understood"), "{image}");
    }
    let credits = ask(&server, &key, "GET", "/credits", None).expect(200).json();
    let spent = i64::try_from(completed + 1).expect("few");
    assert_eq!(
        (&credits["data"]["balance"], &credits["data"]["held"]),
        (&json!(CREDITS - spent), &json!(0)),
        "{completed} are there"
    );
    // Each was held for once, and is paid for or refunded once.
    let moved = |kind: &str| {
        let movements = home.bloom(&format!("credits export --account {ADA}")).ok();
        let kind = format!("\"kind\":\"{kind}\"");
        movements.lines().filter(|line| line.contains(&kind)).count()
    };
    let counts = ["held", "settled", "voided", "lapsed"].map(moved);
    assert_eq!(counts, [JOBS + 1, completed + 1, JOBS - completed, 0]);
    for image in ended.iter().filter(|image| image["status"] == "completed") {
        is_there(&server, image);
    }
    assert_eq!(server.stop().code, Some(0));
});

/// A picture is restored along with the row that names it, whether or not a server runs during the backup.
#[test]
fn a_backup_holds_the_files_of_images() {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "ci");
    let server = serve(&home, "");
    let brand = brand(&server, &key);
    let order = json!({ "prompt": "\"Air\"", "brandSessionId": brand, "aspectRatio": "21:9" });
    let id = asked(ask(&server, &key, "POST", "/images/generations", Some(&order)));
    let path = format!("/images/{id}?wait=true");
    is_there(&server, &ask(&server, &key, "GET", &path, None).expect(200).json()["data"]);
    let told = home.bloom_with("backup --to", home.path("warm")).ok();
    assert!(told.contains("the files of images"), "{told}");
    assert_eq!(server.stop().code, Some(0));
    home.bloom_with("backup --to", home.path("cold")).ok();
    // What happens to the original later does not reach the copies.
    std::fs::remove_dir_all(home.data().join("files")).expect("the files");
    for name in ["warm", "cold"] {
        let folder = home.path(name);
        let restored =
            Server::start(home.command_in(&folder, "serve --listen 127.0.0.1:0"), &folder);
        is_there(&restored, &ask(&restored, &key, "GET", &path, None).expect(200).json()["data"]);
    }
}

/// Somebody with a brand of the site, and some images of it.
fn library(server: &Server, key: &str) -> Vec<String> {
    let brand = brand(server, key);
    let orders = [
        ("\"Air for everybody\"", "16:9", 1),
        ("Spring sale \"30% off\" until 12 May", "1:1", 2),
        ("Launch of \"Northwind Air\" on 12 May. Call to action \"Fly with us\"", "4:5", 1),
        ("Quote \"The calmest flight of my life\" by Ada", "9:16", 1),
        ("We are hiring \"Ground crew\"", "21:9", 1),
    ];
    let mut ids = Vec::new();
    for (prompt, ratio, count) in orders {
        let order = json!({
            "prompt": prompt, "brandSessionId": brand, "aspectRatio": ratio, "variantCount": count
        });
        ids.push(asked(ask(server, key, "POST", "/images/generations", Some(&order))));
    }
    for _ in 0..360 {
        if are_under_way(&images(server, key, &ids)) == 0 {
            return ids;
        }
        thread::sleep(Duration::from_millis(500));
    }
    panic!("images are not made: {}", server.log());
}

async fn sign_in(browser: &Browser, server: &Server) {
    browser.goto(&format!("{}/sign-in", server.origin())).await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.see("Settings").await;
}

/// A server with somebody's library, in whose browser they are signed in.
async fn at_the_library(browser: &Browser) -> (Home, Server, Vec<String>) {
    let home = Home::on_sqlite();
    home.account(ADA, PASSWORD);
    let key = home.key(ADA, "ci");
    home.bloom(&format!("credits grant --account {ADA} --kind topup --amount 19 --reference in_1"))
        .ok();
    let server = start(&home);
    let ids = library(&server, &key);
    sign_in(browser, &server).await;
    (home, server, ids)
}

/// Somebody's library fits a narrow screen, and keys alone lead through it.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_images_fit_a_narrow_screen() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let (_home, server, ids) = at_the_library(&browser).await;
    browser.resize(360, 640).await;
    for path in ["images".to_owned(), format!("images/{}", ids[0])] {
        browser.goto(&format!("{}/{path}", server.origin())).await;
        let width = browser.run("return document.documentElement.scrollWidth").await;
        assert!(width.as_u64() <= Some(360), "/{path} is {width} wide");
        let broken = browser.run("return [...document.images].filter(i => i.loading !== 'lazy' && !i.naturalWidth).length").await;
        assert_eq!(broken, 0, "/{path} shows every picture");
    }
    // What is done takes its place on the page without a word lost: the focus stays, and the end is announced. The page
    // is made to believe that its image is under way, which is over too soon to be met.
    browser
        .run(
            "document.getElementById('image').dataset.livePart = 'image';\
             document.getElementById('delete-image').focus();\
             document.dispatchEvent(new Event('DOMContentLoaded'));",
        )
        .await;
    let script = "return [document.querySelectorAll('[data-live-part]').length, document.activeElement.id,\
                  document.querySelector('[data-live]').textContent]";
    let mut seen = Value::Null;
    for _ in 0..40 {
        seen = browser.run(script).await;
        if seen[0] == 0 && seen[2] != "" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert_eq!(seen, json!([0, "delete-image", "The image is done."]));
    browser.close().await;
    assert_eq!(server.stop().code, Some(0));
}

/// A page that follows what is being made goes on when the server had no time for it once or twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_follows_on_after_it_was_turned_away() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let (home, server, _) = at_the_library(&browser).await;
    let key = home.key(ADA, "more");
    let brand = brand(&server, &key);
    let order = json!({
        "prompt": "\"Later\"", "brandSessionId": brand, "aspectRatio": "1:1", "variantCount": 5
    });
    asked(ask(&server, &key, "POST", "/images/generations", Some(&order)));
    browser.goto(&format!("{}/images", server.origin())).await;
    let turned_away = browser
        .run(
            "const real = window.fetch.bind(window); window.turnedAway = [429, 503];\
             window.fetch = (...all) => { const status = window.turnedAway.shift();\
             return status ? Promise.resolve(new Response('', { status, headers: { 'retry-after': '1' } })) : real(...all); };\
             return document.querySelectorAll('[data-live-part]').length",
        )
        .await;
    assert_eq!(turned_away, 1, "something is being made");
    let mut left = Value::Null;
    for _ in 0..240 {
        let script = "return [window.turnedAway.length, document.querySelectorAll('[data-live-part]').length]";
        left = browser.run(script).await;
        if left == json!([0, 0]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(left, json!([0, 0]), "it follows to the end");
    assert!(browser.text().await.contains("(compose)"), "each says what drew it");
    browser.close().await;
    assert_eq!(server.stop().code, Some(0));
}

/// Pictures for the documents, with those of `every_page.rs`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/images"]
async fn write_pictures_of_images() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let (_home, server, ids) = at_the_library(&browser).await;
    for (name, path) in
        [("library", "images".to_owned()), ("image-of-library", format!("images/{}", ids[0]))]
    {
        browser.goto(&format!("{}/{path}", server.origin())).await;
        picture(&browser, name).await;
    }
    browser.close().await;
}
