//! Every page there is, by name, and what must hold of each whatever it shows: it fits a small screen, weighs little,
//! asks for nothing that a browser which has been here before has not got, is wholly in reach of the keyboard, and has no
//! button that needs a script where there is none. Each has its picture in `docs/images/pages`.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::browser::images;
use crate::consent::{link, register};
use crate::docs::done;
use crate::images::site;
use crate::passing_pages;
use crate::routes::routes;
use crate::support::browser::{Browser, Scripts};
use crate::support::home::Home;
use crate::support::http::Ask;
use crate::support::person::Person;
use crate::support::server::Server;

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";
/// Where an app is that nobody is at.
const BACK: &str = "https://app.example/cb";
/// What a page may weigh, with what it needs and without images.
const HEAVIEST: u64 = 50_000;

/// A page.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// What it is called here.
    pub(crate) name: &'static str,
    /// Where it is.
    pub(crate) path: String,
}

fn places(list: &[(&'static str, &str)]) -> Vec<Place> {
    list.iter().map(|(name, path)| Place { name, path: (*path).to_owned() }).collect()
}

/// The pages for whoever comes.
pub(crate) fn strangers() -> Vec<Place> {
    places(&[
        ("home", "/"),
        ("sign-in", "/sign-in"),
        ("sign-up", "/sign-up"),
        ("ask-for-a-new-password", "/reset-password"),
        ("report-a-key", "/report-key"),
        ("not-found", "/nothing"),
        ("docs", "/docs"),
        ("docs-quickstart", "/docs/quickstart"),
        ("docs-authentication", "/docs/authentication"),
        ("docs-errors", "/docs/errors"),
        ("docs-limits", "/docs/limits"),
        ("docs-workspaces", "/docs/workspaces"),
        ("docs-mcp", "/docs/mcp"),
        ("docs-reference", "/docs/api"),
        ("docs-operation", "/docs/api/images.list"),
    ])
}

/// A server for [`furnish`].
pub(crate) fn start(home: &Home) -> Server {
    home.account(ADA, PASSWORD);
    let config = home.path("bloom.toml");
    let text = "[fetch]\nallow_private = true\n[limits]\nenabled = false\n";
    std::fs::write(&config, text).expect("a file");
    home.serve_with(&format!("--config {}", config.display()))
}

/// Fills an account with everything that pages show; gives its pages.
pub(crate) fn furnish(home: &Home, server: &Server) -> Vec<Place> {
    let key = home.key(ADA, "docs");
    let ask = |method: &str, path: &str, body: Value| {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let ask = Ask::any(method, &format!("/api/v1{path}"), text).header("x-api-key", &key);
        let answer = server.send(&ask.header("content-type", "application/json"));
        assert!(answer.status < 300, "{answer:?}");
        answer.json()["data"].clone()
    };
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let url = format!("http://{}/", site());
    let brand = text(&ask("POST", "/brands", json!({ "url": url }))["id"]);
    let read = |path: &str| ask("GET", path, Value::Null);
    assert_eq!(done(read, &format!("/brands/{brand}"))["status"], "ready");
    let order = json!({ "prompt": "\"Air\"", "brandSessionId": brand });
    let image = text(&ask("POST", "/images/generations", order)["ids"][0]);
    assert_eq!(done(read, &format!("/images/{image}"))["status"], "completed");
    let keys = home.bloom(&format!("keys list --account {ADA} --json")).json();
    let key_id = text(&keys[0]["id"]);

    let mut ada = Person::sign_in(server, ADA, PASSWORD);
    ada.post("/settings/workspaces", &[("name", "Engines")]).expect(303);
    let workspaces = ask("GET", "/workspaces", Value::Null);
    let team = text(&workspaces["workspaces"][1]["id"]);
    let invite = format!("/settings/workspaces/{team}/invitations");
    let invited = ada.post(&invite, &[("email", "grace@example.com"), ("role", "member")]);
    let invited = invited.expect(200).body;
    let invitation = invited.split(&format!("{}/invitations/", server.origin())).nth(1);
    let invitation = &invitation.expect("a link")[..32];
    home.bloom(&format!("clients create --account {ADA} --name Robot --acts-alone --json")).json();
    let app = register(server, "Example App", &[BACK]);
    ada.allow(server, &link(server, &app, BACK));
    let settings = ada.get("/settings").expect(200).body;
    let app_id = settings.split("/settings/apps/").nth(1).and_then(|rest| rest.split('/').next());
    let app_id = app_id.expect("an app that is let in").to_owned();
    let developer = ada.get("/settings/developer").expect(200).body;
    let client = developer.split("href=\"/settings/developer/").nth(1);
    let client = client.and_then(|rest| rest.split('"').next()).expect("an own app").to_owned();
    let reset = home.bloom(&format!("account reset-link --email {ADA} --json")).json();
    let reset = text(&reset["link"]);

    let mut all = places(&[
        ("home-signed-in", "/"),
        ("settings", "/settings"),
        ("activity", "/settings/activity"),
        ("credits", "/settings/credits"),
        ("own-apps", "/settings/developer"),
        ("security", "/settings/security"),
        ("prove-that-it-is-you", "/settings/security/confirm"),
        ("change-email", "/settings/security/email"),
        ("change-password", "/settings/security/password"),
        ("add-passkey", "/settings/security/passkeys"),
        ("delete-account", "/settings/security/delete"),
        ("which-key", "/settings/which-key"),
        ("brands", "/brands"),
        ("images", "/images"),
        ("docs-signed-in", "/docs/api/brands.create"),
    ]);
    let place = |name, path: String| Place { name, path };
    // The question of an app that has not been let in.
    let question = link(server, &register(server, "Other App", &[BACK]), BACK);
    let question = question.trim_start_matches(&server.origin());
    all.extend([
        place("key", format!("/settings/api-keys/{key_id}")),
        place("revoke-key", format!("/settings/api-keys/{key_id}/revoke")),
        place("key-budget", format!("/settings/api-keys/{key_id}/budget")),
        place("app-usage", format!("/settings/apps/{app_id}/usage")),
        place("app-budget", format!("/settings/apps/{app_id}/budget")),
        place("team", format!("/settings/workspaces/{team}")),
        place("team-activity", format!("/settings/workspaces/{team}/activity")),
        place("team-credits", format!("/settings/workspaces/{team}/credits")),
        place("invitation", format!("/invitations/{invitation}")),
        place("own-app", format!("/settings/developer/{client}")),
        place("brand", format!("/brands/{brand}")),
        place("image", format!("/images/{image}")),
        place("consent", question.to_owned()),
        place("new-password", reset.trim_start_matches(&server.origin()).to_owned()),
        place("app-signs-out", "/api/auth/oauth2/end-session".to_owned()),
    ]);
    all
}

/// Signs Ada in.
pub(crate) async fn sign_in(browser: &Browser, server: &Server) {
    browser.goto(&format!("{}/sign-in", server.origin())).await;
    browser.fill("Email", ADA).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.see("Settings").await;
}

/// What is wrong with the page that is open, however it looks: it is wider than the screen, or weighs too much; or,
/// when the browser has been here before, it asks for more than itself.
pub(crate) async fn faults(browser: &Browser, is_known: bool) -> Vec<String> {
    let script = "const [page] = performance.getEntriesByType('navigation'); \
                  const parts = performance.getEntriesByType('resource')\
                  .filter((part) => part.initiatorType !== 'img' && part.initiatorType !== 'fetch'); \
                  return { weight: [page, ...parts].reduce((sum, part) => sum + part.encodedBodySize, 0), \
                  asked: parts.filter((part) => part.transferSize > 0).map((part) => part.name), \
                  foreign: performance.getEntriesByType('resource').map((part) => part.name)\
                  .filter((name) => new URL(name).origin !== location.origin), \
                  hops: page.redirectCount, here: location.pathname, parts: parts.length, \
                  wide: document.documentElement.scrollWidth, screen: innerWidth }";
    let seen = browser.run(script).await;
    let number = |name: &str| seen[name].as_u64().unwrap_or_else(|| panic!("{name}: {seen}"));
    let mut wrong: Vec<String> = browser.complaints().await;
    // To the browser, a page that says no is one that failed.
    wrong.retain(|complaint| !complaint.contains("the server responded with a status of 4"));
    // The question of an app is one page further than the app's link.
    if number("hops") > 0 && seen["here"] != "/authorize" {
        wrong.push(format!("it takes {} round trips more", seen["hops"]));
    }
    if seen["foreign"] != json!([]) {
        wrong.push(format!("it asks others for {}", seen["foreign"]));
    }
    if number("wide") > number("screen") {
        wrong.push(format!("it is {} wide on {}", seen["wide"], seen["screen"]));
    }
    assert!(number("parts") >= 2, "the stylesheet is not counted: {seen}");
    if number("weight") > HEAVIEST {
        wrong.push(format!("it weighs {} bytes", seen["weight"]));
    }
    if is_known && seen["asked"] != json!([]) {
        wrong.push(format!("it asks once more for {}", seen["asked"]));
    }
    wrong
}

/// What the keyboard does not reach on the page that is open, or reaches without showing it.
async fn out_of_reach(browser: &Browser) -> Vec<String> {
    let mark = "window.seen = new Map(); \
                document.addEventListener('focusin', ({ target }) => \
                seen.set(target, getComputedStyle(target).outlineStyle)); \
                const kinds = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex=\"0\"]'; \
                const all = [...document.querySelectorAll(kinds)].filter((one) => \
                !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true })); \
                const radios = (one) => all.filter((other) => other.type === 'radio' \
                && other.name === one.name && other.form === one.form); \
                window.wanted = all.filter((one) => one.type !== 'radio' \
                || one === (radios(one).find((other) => other.checked) ?? radios(one)[0])); \
                return wanted.length";
    let count = browser.run(mark).await.as_u64().expect("a number");
    assert!(count > 3, "{count} things on a page");
    let tab = json!({ "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
    for _ in 0..count + 5 {
        for kind in ["rawKeyDown", "keyUp"] {
            let mut event = tab.clone();
            event["type"] = kind.into();
            browser.tell("Input.dispatchKeyEvent", event).await;
        }
    }
    let missing = "const name = (one) => one.outerHTML.slice(0, 150); \
                   return [...wanted.filter((one) => !seen.has(one)).map((one) => `not reached: ${name(one)}`), \
                   ...[...seen].filter(([, outline]) => outline === 'none').map(([one]) => `not shown: ${name(one)}`)]";
    let missing = browser.run(missing).await;
    missing.as_array().expect("a list").iter().map(ToString::to_string).collect()
}

/// Opens a page.
pub(crate) async fn open(browser: &Browser, server: &Server, path: &str) {
    browser.goto(&format!("{}{path}", server.origin())).await;
    let here = browser.run("return location.pathname").await;
    assert!(path == "/sign-in" || here != "/sign-in", "{path} is for somebody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_reaches_everything_on_every_page() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    let mut wrong = Vec::new();
    let mine = furnish(&home, &server);
    for (place, is_mine) in
        strangers().iter().map(|place| (place, false)).chain(mine.iter().map(|place| (place, true)))
    {
        if is_mine && place.name == mine[0].name {
            sign_in(&browser, &server).await;
        }
        open(&browser, &server, &place.path).await;
        let missed = out_of_reach(&browser).await;
        wrong.extend(missed.into_iter().map(|what| format!("{}: {what}", place.name)));
    }
    assert!(wrong.is_empty(), "{} are out of reach:\n{}", wrong.len(), wrong.join("\n"));
    // Would it be seen? This button is taken from the keyboard.
    open(&browser, &server, "/settings").await;
    browser.run("document.querySelector('main button').addEventListener('focus', (e) => e.target.blur())").await;
    browser.run("document.querySelector('main a').style.outline = 'none'").await;
    assert!(!out_of_reach(&browser).await.is_empty());
    browser.close().await;
}

/// What needs a script is hidden until one shows it, and nobody presses a button that does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_shows_a_button_that_needs_a_script_where_there_is_none() {
    let Some(browser) = Browser::open(Scripts::Off).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    let mine = furnish(&home, &server);
    let dead = "//button[@type = 'button']";
    let mut wrong = Vec::new();
    for place in strangers() {
        browser.goto(&format!("{}{}", server.origin(), place.path)).await;
        browser.find("a heading", "//h1").await;
        if browser.shows(dead).await {
            wrong.push(place.name);
        }
    }
    sign_in(&browser, &server).await;
    for place in &mine {
        browser.goto(&format!("{}{}", server.origin(), place.path)).await;
        browser.find("a heading", "//h1").await;
        if browser.shows(dead).await {
            wrong.push(place.name);
        }
    }
    assert_eq!(wrong, Vec::<&str>::new());
    browser.close().await;
}

/// What is got and is no page, or is looked at by tests of its own.
const NO_PAGES: [(&str, &str); 12] = [
    ("/assets/{name}", "a file, for ever"),
    ("/settings/security/export", "a file to keep"),
    ("/settings/credits/{file}", "a file to keep"),
    ("/settings/workspaces/{id}/credits/{file}", "a file to keep"),
    ("/docs.md", "the index as Markdown"),
    ("/authorize", "the question, behind the link of an app"),
    ("/setup/{token}", "there is none once somebody has an account: passing_pages.rs"),
    ("/sign-up/{token}", "the form of /sign-up, behind a mail: sign_up_links.rs"),
    ("/verify-email/{token}", "behind a mail: journeys.rs"),
    ("/change-email/{token}", "behind a mail: journeys.rs"),
    ("/settings/security/openid", "where there is a provider: openid.rs"),
    ("/sign-in/openid/answer", "where there is a provider: openid.rs"),
];

/// A page that comes later is among those that are looked at, or it stands here why not.
#[test]
fn every_page_of_the_router_is_looked_at() {
    let home = Home::on_sqlite();
    let server = start(&home);
    let places: Vec<_> = strangers().into_iter().chain(furnish(&home, &server)).collect();
    let is_looked_at = |pattern: &str| {
        places.iter().any(|place| {
            let path = place.path.split(['?', '#']).next().unwrap_or_default();
            let (mut asked, mut wanted) = (path.split('/'), pattern.split('/'));
            loop {
                match (asked.next(), wanted.next()) {
                    (None, None) => return true,
                    (Some(asked), Some(wanted)) if asked == wanted || wanted.starts_with('{') => {}
                    _ => return false,
                }
            }
        })
    };
    let mut ada = Person::sign_in(&server, ADA, PASSWORD);
    let mut missing = Vec::new();
    for route in routes().into_iter().filter(|route| route.is_got) {
        if is_looked_at(&route.path) || NO_PAGES.iter().any(|(path, _)| *path == route.path) {
            continue;
        }
        let nothing = "01941f29-7c00-7bbb-8bbb-bbbbbbbbbbbb";
        let path = route.path.replace("{id}", nothing).replace("{one}", nothing);
        // The address of a form, opened like a page, leads to where the form is.
        if ada.get(&path).status != 303 {
            missing.push(route.path);
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "no test looks at these pages");
    for (path, why) in NO_PAGES {
        let is_there = routes().iter().any(|route| route.path == path && route.is_got);
        assert!(is_there && !is_looked_at(path), "{path}: {why}");
    }
}

/// Where the pictures of every page are.
fn folder() -> PathBuf {
    let folder = images().join("pages");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A page by day on a wide screen, and by night on a narrow one.
pub(crate) async fn picture(browser: &Browser, name: &str) {
    // One beside the page would cut the picture.
    browser.tell("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
    for (width, colours, suffix) in [(1200, "light", ""), (360, "dark", "-narrow")] {
        let feature = json!({ "name": "prefers-color-scheme", "value": colours });
        browser.tell("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await;
        browser.resize(width, 640).await;
        // Pictures below the fold come when they are looked at.
        browser
            .run("document.querySelectorAll('img').forEach((one) => { one.loading = 'eager' })")
            .await;
        let shown = "return Promise.all([...document.images].map((one) => one.decode().catch(() => 0))).then(() => 1)";
        browser.run(shown).await;
        let height = browser.run("return document.documentElement.scrollHeight").await;
        let height = height.as_u64().and_then(|h| u32::try_from(h).ok()).expect("a height");
        browser.resize(width, height.min(3_000)).await;
        browser.small_picture(&folder().join(format!("{name}{suffix}.jpg"))).await;
    }
}

/// Pictures of every page: `cargo xtask pictures`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/images"]
async fn write_pictures_of_every_page() {
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    let home = Home::on_sqlite();
    let server = start(&home);
    let mine = furnish(&home, &server);
    for place in strangers() {
        open(&browser, &server, &place.path).await;
        picture(&browser, place.name).await;
    }
    browser.resize(1200, 800).await;
    sign_in(&browser, &server).await;
    for place in &mine {
        open(&browser, &server, &place.path).await;
        picture(&browser, place.name).await;
    }
    browser.close().await;
}

#[test]
fn every_page_has_its_picture() {
    let home = Home::on_sqlite();
    let server = start(&home);
    let all = strangers().into_iter().chain(furnish(&home, &server));
    let missing: Vec<_> = all
        .map(|place| place.name)
        .chain(passing_pages::NAMES)
        .flat_map(|name| [format!("{name}.jpg"), format!("{name}-narrow.jpg")])
        .filter(|name| !folder().join(name).is_file())
        .collect();
    assert!(missing.is_empty(), "run `cargo xtask pictures`: {missing:?}");
}
