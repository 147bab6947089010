//! Brands: read from sites, with what is wrong told, corrected, listed, deleted.

mod lists;
pub(crate) mod logos;
mod pages;
mod tools;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::sites::{GREEN_LOGO, Sites};
use crate::support::{Answer, App, NOTHING, on_both};

on_both!(
    a_shop_becomes_a_brand,
    a_service_in_the_dark_becomes_a_brand,
    a_page_that_needs_a_browser_says_so,
    what_fails_is_told_by_the_documented_codes,
    a_page_that_comes_slowly_or_without_an_end_is_left,
    a_job_that_cannot_be_read_ends,
    of_instagram_a_profile_that_is_shown_is_read_and_nothing_else,
    a_url_that_is_none_is_refused_at_once,
    a_page_somewhere_else_is_read_from_there,
    a_brand_that_is_deleted_while_it_is_read_stays_deleted,
    the_same_request_makes_one_brand,
    a_host_inside_is_not_read,
);

const BRANDS: &str = "/api/v1/brands";

/// Somebody with a key, among sites.
pub(crate) struct Owner {
    pub(crate) app: App,
    pub(crate) sites: Arc<Sites>,
    pub(crate) key: String,
}

impl Owner {
    pub(crate) async fn new(app: &App) -> Self {
        let sites = Sites::start().await;
        let app = app.among(&sites).await;
        let key = app.person("ada").await.create_key("ci").await.secret;
        Self { app, sites, key }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.app.call(method, path, &[("x-api-key", &self.key)], body).await
    }

    pub(crate) async fn get(&self, id: &str) -> Value {
        let answer = self.call("GET", &format!("{BRANDS}/{id}"), None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["data"].clone()
    }

    /// Asks for a brand of a page; gives its id.
    pub(crate) async fn ask(&self, url: &str) -> String {
        let answer = self.call("POST", BRANDS, Some(&json!({ "url": url }))).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let data = answer.json()["data"].clone();
        assert_eq!(data["status"], "analyzing");
        data["id"].as_str().expect("an id").to_owned()
    }

    /// A brand of a page, read.
    pub(crate) async fn brand(&self, url: &str) -> Value {
        let id = self.ask(url).await;
        self.app.do_jobs().await;
        self.get(&id).await
    }
}

async fn a_shop_becomes_a_brand(app: App) {
    let ada = Owner::new(&app).await;
    let id = ada.ask("https://www.northwind.example").await;
    let before = ada.get(&id).await;
    assert_eq!(
        (&before["status"], &before["name"]),
        (&json!("analyzing"), &json!("northwind.example"))
    );
    assert_eq!((&before["logoUrl"], &before["colors"]), (&Value::Null, &json!([])));
    ada.app.do_jobs().await;
    let brand = ada.get(&id).await;
    assert_eq!(brand["status"], "ready", "{brand}");
    assert_eq!((&brand["name"], &brand["failure"]), (&json!("Northwind"), &Value::Null));
    let colors = brand["colors"].as_array().unwrap();
    for color in ["#1f4d3a", "#e8623a", "#faf6ec", "#22201a"] {
        assert!(colors.contains(&json!(color)), "{color}: {colors:?}");
    }
    assert_eq!(brand["fonts"], json!(["Fraunces", "Inter"]));
    assert!(brand["aesthetic"].as_str().unwrap().contains("editorial"));
    assert!(brand["summary"].as_str().unwrap().starts_with("Single origin"));
    assert_eq!(
        (&brand["workspaceId"], &brand["workspaceName"]),
        (&Value::Null, &json!("Personal"))
    );
    // Each finding says where it was found, and how sure that makes us.
    let findings = &brand["findings"];
    assert_eq!(findings["name"]["source"], "og:site_name");
    assert_eq!(findings["headingFont"]["bundled"], "Fraunces");
    let named = ["name", "summary", "headingFont", "bodyFont"].map(|name| &findings[name]);
    let many = ["colors", "aesthetic"].map(|name| findings[name].as_array().expect(name));
    for found in named.into_iter().chain(many.into_iter().flatten()) {
        let sure = found["confidence"].as_f64().unwrap_or_else(|| panic!("{found} of {findings}"));
        let source = found["source"].as_str().expect("a source");
        // Of a page nobody is as sure as of what was set by hand.
        assert!(sure > 0.0 && sure < 1.0 && !source.is_empty(), "{found}");
    }
    assert_eq!(findings["summary"]["source"], "meta description", "{findings}");
    assert_eq!(findings["bodyFont"]["bundled"], "Inter", "{findings}");
    assert!(many[1].len() > 1, "{findings}");
    assert!(findings["colors"].as_array().unwrap().iter().any(|found| found["role"] == "primary"));
    let pair = |pair: &Value| pair["text"] == "#22201a" && pair["ground"] == "#faf6ec";
    let pair = findings["pairs"].as_array().unwrap().iter().find(|one| pair(one)).expect("a pair");
    assert!(pair["contrast"].as_f64().unwrap() > 14.0);
    // The header's logo is not there, so the footer's is taken.
    let logo = brand["logoUrl"].as_str().unwrap().to_owned();
    let path = logo.strip_prefix("http://localhost:4600").expect("our own");
    let logo = ada.app.get(path, &[]).await;
    assert_eq!((logo.status, logo.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(logo.header("x-content-type-options"), "nosniff");
    assert_eq!(logo.header("content-security-policy"), "sandbox; default-src 'none'");
    assert!(logo.text().contains("#1f4d3a"));
    let found = &findings["logo"];
    assert_eq!(found["value"], brand["logoUrl"], "{findings}");
    let sure = found["confidence"].as_f64().expect("how sure");
    let source = found["source"].as_str().expect("a source");
    assert!(sure > 0.0 && sure < 1.0 && !source.is_empty(), "{found}");
    let mut browser = ada.app.browser();
    browser.sign_in("ada@example.com", crate::support::PASSWORD).await;
    let id = brand["id"].as_str().unwrap();
    let page = browser.get(&format!("/brands/{id}")).await;
    let told = format!("Found: {source}, {:.0} % sure.", sure * 100.0);
    assert!(page.text().contains(&told), "{told}: {page:?}");
    // One that is chosen says so, also when the page has been read again.
    let file = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#d62878"/></svg>"##;
    let (body, kind) = logos::form(file);
    let headers = [("content-type", kind.as_str()), ("x-api-key", ada.key.as_str())];
    let path = format!("/api/v1/brands/{id}/logo/file");
    assert_eq!(ada.app.send_bytes("PUT", &path, body, &headers).await.status, 202);
    ada.app.do_jobs().await;
    let chosen = ada.get(id).await["findings"]["logo"].clone();
    let by_hand = (&json!("set by hand"), &json!(1.0));
    assert_eq!((&chosen["source"], &chosen["confidence"]), by_hand, "{chosen}");
    assert_ne!(chosen["value"], found["value"]);
}

async fn a_service_in_the_dark_becomes_a_brand(app: App) {
    let ada = Owner::new(&app).await;
    let brand = ada.brand("https://kobalt.example/").await;
    assert_eq!((&brand["status"], &brand["name"]), (&json!("ready"), &json!("Kobalt")), "{brand}");
    // The logo of its JSON-LD is not there; the one that is drawn in the page is.
    assert!(brand["logoUrl"].is_string(), "{brand}");
    assert!(brand["aesthetic"].as_str().unwrap().contains("dark"));
    assert_eq!(brand["findings"]["name"]["source"], "JSON-LD");
    assert!(brand["colors"].as_array().unwrap().contains(&json!("#ffd23f")), "{brand}");
}

async fn a_page_that_needs_a_browser_says_so(app: App) {
    let ada = Owner::new(&app).await;
    let brand = ada.brand("https://app.example/").await;
    assert_eq!(brand["status"], "failed");
    assert_eq!(brand["failure"]["code"], "VISUAL_DNA_FAILED");
    assert!(brand["failure"]["message"].as_str().unwrap().contains("scripts"), "{brand}");
    // With a logo there is something to draw with, and what is known says how little that is.
    ada.sites.put("app.example/logo.svg", "image/svg+xml", GREEN_LOGO);
    let asked = json!({ "url": "https://app.example/", "logoUrl": "https://app.example/logo.svg" });
    let answer = ada.call("POST", BRANDS, Some(&asked)).await;
    let id = answer.json()["data"]["id"].as_str().unwrap().to_owned();
    ada.app.do_jobs().await;
    let brand = ada.get(&id).await;
    assert_eq!(
        (&brand["status"], &brand["colors"]),
        (&json!("ready"), &json!(["#1f4d3a"])),
        "{brand}"
    );
    assert_eq!(brand["findings"]["needsABrowser"], true);
    assert!(brand["summary"].as_str().unwrap().contains("scripts"), "{brand}");
}

async fn what_fails_is_told_by_the_documented_codes(app: App) {
    let ada = Owner::new(&app).await;
    ada.sites.put("pdf.example/", "application/pdf", "%PDF");
    ada.sites.put("large.example/", "text/html", vec![b'a'; 5 * 1024 * 1024 + 1]);
    ada.sites.put("plain.example/", "text/html", "<title>Hello</title><p>Nothing to see.</p>");
    ada.sites.lead("round.example/", "round.example/");
    for (url, code, text) in [
        ("https://nowhere.example/", "SCRAPE_FAILED", "status 404"),
        ("https://pdf.example/", "SCRAPE_FAILED", "another type"),
        ("https://large.example/", "SCRAPE_FAILED", "too large"),
        ("https://round.example/", "SCRAPE_FAILED", "redirects"),
        ("https://plain.example/", "VISUAL_DNA_FAILED", "no logo, no colours"),
    ] {
        let brand = ada.brand(url).await;
        assert_eq!(
            (&brand["status"], &brand["failure"]["code"]),
            (&json!("failed"), &json!(code)),
            "{url}"
        );
        let message = brand["failure"]["message"].as_str().unwrap();
        assert!(message.contains(text) && message.ends_with('.'), "{url}: {message}");
    }
}

/// Of another version of the server, say.
async fn a_job_that_cannot_be_read_ends(app: App) {
    let ada = Owner::new(&app).await;
    let id = ada.ask("https://kobalt.example/").await;
    ada.app.database().run("UPDATE jobs SET payload = '{}'");
    ada.app.do_jobs().await;
    let brand = ada.get(&id).await;
    let ended = (&brand["status"], &brand["failure"]["code"]);
    assert_eq!(ended, (&json!("failed"), &json!("INTERNAL_ERROR")), "{brand}");
    assert!(ada.app.rows("jobs").is_empty(), "it is not tried again");
    // One that fetches a logo names no brand.
    let path = format!("{BRANDS}/{id}/logo");
    let logo = json!({ "logoUrl": "https://kobalt.example/logo.svg" });
    let answer = ada.call("PUT", &path, Some(&logo)).await;
    assert!(answer.status < 300, "{answer:?}");
    ada.app.database().run("UPDATE jobs SET payload = '{}'");
    ada.app.do_jobs().await;
    assert!(ada.app.rows("jobs").is_empty(), "it is not tried again");
}

async fn a_page_that_comes_slowly_or_without_an_end_is_left(app: App) {
    let ada = Owner::new(&app).await;
    ada.sites.put_endless("endless.example/", "text/html");
    ada.sites.put_slow("slow.example/", "text/html");
    for (url, patience, text) in [
        ("https://endless.example/", Duration::from_secs(60), "too large"),
        ("https://slow.example/", Duration::from_millis(300), "took too long"),
    ] {
        ada.sites.wait_at_most(patience);
        let brand = ada.brand(url).await;
        let ended = (&brand["status"], &brand["failure"]["code"]);
        assert_eq!(ended, (&json!("failed"), &json!("SCRAPE_FAILED")), "{url}: {brand}");
        let message = brand["failure"]["message"].as_str().unwrap();
        assert!(message.contains(text), "{url}: {message}");
        assert!(ada.app.rows("jobs").is_empty(), "{url}: it is not tried again");
        // Whoever did that reads the next one.
        ada.sites.wait_at_most(Duration::from_secs(60));
        assert_eq!(ada.brand("https://kobalt.example/").await["status"], "ready", "after {url}");
    }
    // What a page refers to is left as well, and the page is told by what is there.
    ada.sites.put(
        "half.example/",
        "text/html",
        "<title>Half</title><link rel=stylesheet href=/s.css><style>body{background:#fff;color:#22201a}a{color:#d62878}\
         </style><header><img class=logo src=/l.svg></header>",
    );
    ada.sites.put("half.example/l.svg", "image/svg+xml", GREEN_LOGO);
    ada.sites.put_endless("half.example/s.css", "text/css");
    assert_eq!(ada.brand("https://half.example/").await["status"], "ready");
}

async fn of_instagram_a_profile_that_is_shown_is_read_and_nothing_else(app: App) {
    let ada = Owner::new(&app).await;
    let place = "www.instagram.com/north.wind/";
    let url = format!("https://{place}");
    ada.sites.put(place, "text/html", "<title>Login • Instagram</title><input type=password>");
    let brand = ada.brand(&url).await;
    assert_eq!(brand["failure"]["code"], "INSTAGRAM_FETCH_FAILED", "{brand}");
    assert!(brand["failure"]["message"].as_str().unwrap().contains("sign in"), "{brand}");
    let shown = "<meta property=\"og:title\" content=\"North Wind (@north.wind) • Instagram\">\
                 <meta property=\"og:image\" content=\"https://cdn.example.net/p.svg\">\
                 <style>body{background:#ff00ff}</style>";
    ada.sites.put(place, "text/html", shown);
    ada.sites.put("cdn.example.net/p.svg", "image/svg+xml", GREEN_LOGO);
    let brand = ada.brand(&url).await;
    assert_eq!(
        (&brand["status"], &brand["name"]),
        (&json!("ready"), &json!("North Wind")),
        "{brand}"
    );
    assert_eq!(brand["colors"], json!(["#1f4d3a"]), "the network's colours are not the brand's");
    let post = json!({ "url": "https://www.instagram.com/p/abc/" });
    assert_eq!(ada.call("POST", BRANDS, Some(&post)).await.error(), "400 INVALID_URL");
}

async fn a_url_that_is_none_is_refused_at_once(app: App) {
    let ada = Owner::new(&app).await;
    for url in [
        "",
        "northwind.example",
        "javascript:alert(1)",
        "ftp://a.example/",
        "https://u:p@a.example/",
    ] {
        let answer = ada.call("POST", BRANDS, Some(&json!({ "url": url }))).await;
        assert_eq!(answer.error(), "400 INVALID_URL", "{url}");
        let logo = json!({ "url": "https://a.example/", "logoUrl": url });
        assert_eq!(ada.call("POST", BRANDS, Some(&logo)).await.error(), "400 INVALID_URL", "{url}");
    }
    assert_eq!(ada.call("POST", BRANDS, Some(&json!({}))).await.error(), "400 BAD_REQUEST");
    let there = json!({ "url": "https://a.example/", "workspaceId": NOTHING });
    assert_eq!(ada.call("POST", BRANDS, Some(&there)).await.error(), "404 WORKSPACE_NOT_FOUND");
    assert!(ada.app.rows("brands").is_empty() && ada.sites.asked() == 0);
}

async fn a_page_somewhere_else_is_read_from_there(app: App) {
    let ada = Owner::new(&app).await;
    ada.sites.lead("moved.example/", "moved.example/en/");
    let page = "<title>Moved</title><link rel=stylesheet href=a.css><header><img class=logo src=l.svg></header>";
    ada.sites.put("moved.example/en/", "text/html", page);
    ada.sites.put("moved.example/en/a.css", "text/css", "a{color:#d62878}body{background:#fff}");
    ada.sites.put("moved.example/en/l.svg", "image/svg+xml", GREEN_LOGO);
    let brand = ada.brand("https://moved.example").await;
    assert_eq!(brand["status"], "ready", "{brand}");
    assert!(brand["colors"].as_array().unwrap().contains(&json!("#d62878")), "{brand}");
}

async fn a_brand_that_is_deleted_while_it_is_read_stays_deleted(app: App) {
    let ada = Owner::new(&app).await;
    let id = ada.ask("https://www.northwind.example/").await;
    let deleted = ada.call("DELETE", &format!("{BRANDS}/{id}"), None).await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
    let data = json!({ "id": id, "name": "northwind.example", "workspaceId": null, "workspaceName": "Personal" });
    assert_eq!(deleted.json()["data"], data);
    ada.app.do_jobs().await;
    let path = format!("{BRANDS}/{id}");
    assert_eq!(ada.call("GET", &path, None).await.error(), "404 BRAND_NOT_FOUND");
    assert_eq!(ada.call("DELETE", &path, None).await.error(), "404 BRAND_NOT_FOUND");
    assert!(ada.app.rows("jobs").is_empty(), "the work on it has ended");
    let row = ada.app.rows("brands").concat();
    assert!(!row.contains("northwind"), "its content is gone: {row}");
    // One that is ready takes its logo along.
    let brand = ada.brand("https://kobalt.example/").await;
    let logo = brand["logoUrl"].as_str().unwrap().replace("http://localhost:4600", "");
    assert_eq!(ada.app.get(&logo, &[]).await.status, 200);
    ada.call("DELETE", &format!("{BRANDS}/{}", brand["id"].as_str().unwrap()), None).await;
    assert_eq!(ada.app.get(&logo, &[]).await.error(), "404 NOT_FOUND");
}

async fn the_same_request_makes_one_brand(app: App) {
    let ada = Owner::new(&app).await;
    let headers = [("x-api-key", ada.key.as_str()), ("idempotency-key", "once")];
    let body = json!({ "url": "https://kobalt.example/" });
    let first = ada.app.call("POST", BRANDS, &headers, Some(&body)).await;
    let again = ada.app.call("POST", BRANDS, &headers, Some(&body)).await;
    assert_eq!((first.status, &first.body), (202, &again.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!((ada.app.rows("brands").len(), ada.app.rows("jobs").len()), (1, 1));
    let other = json!({ "url": "https://app.example/" });
    let other = ada.app.call("POST", BRANDS, &headers, Some(&other)).await;
    assert_eq!(other.error(), "422 IDEMPOTENCY_KEY_REUSED");
}

/// With the fetcher as it is unless an operator opens it: names that lead inside, addresses, and this server
/// itself.
async fn a_host_inside_is_not_read(app: App) {
    use bloom_outside::fetch::{FetchSettings, GuardedFetcher};

    let settings =
        FetchSettings { own_host: "localhost".into(), allow_private: false, extra_roots: vec![] };
    let guarded = Arc::new(GuardedFetcher::new(settings).expect("TLS"));
    let app = app.again(|options| options.fetcher = Some(guarded)).await;
    let key = app.person("ada").await.create_key("ci").await.secret;
    for url in [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "https://a.example:8443/",
    ] {
        let answer =
            app.call("POST", BRANDS, &[("x-api-key", &key)], Some(&json!({ "url": url }))).await;
        let id = answer.json()["data"]["id"].as_str().expect(url).to_owned();
        app.do_jobs().await;
        let brand = app.get(&format!("{BRANDS}/{id}"), &[("x-api-key", &key)]).await.json();
        assert_eq!(brand["data"]["failure"]["code"], "INVALID_URL", "{url}: {brand}");
    }
}
