//! What every page carries, and under which names the server answers.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::images::studio::{brand_of, bytes_of, image_of};
use crate::support::oauth::REDIRECT;
use crate::support::{Answer, App, Browser, OTHER_PLACE, on_both};
use crate::teams::team;

on_both!(
    every_page_carries_the_security_headers,
    only_forms_that_can_end_at_an_app_may_leave,
    a_page_on_https_stays_on_https,
    no_page_needs_more_than_its_policy_allows,
    assets_are_kept_for_ever_and_named_by_their_content,
    another_name_leads_to_the_public_one,
    what_a_proxy_says_of_the_host_is_ignored,
    the_server_is_healthy,
    the_start_page_shows_the_next_step,
    the_longest_lists_are_light,
);

/// What a page may weigh, with what it needs and without images.
const HEAVIEST: usize = 50_000;
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";

/// Every page of a stranger and of a person, and the dead ends.
async fn every_page(app: &App) -> Vec<Answer> {
    let mut ada = app.person("ada").await;
    ada.create_key("ci").await;
    let mut stranger = app.browser();
    let pages = vec![
        stranger.get("/").await,
        stranger.get("/sign-in").await,
        stranger.get("/sign-up").await,
        stranger.get("/settings").await,
        stranger.get("/setup/junk").await,
        stranger.get("/nothing").await,
        stranger.get("/assets/nothing.css").await,
        stranger.get("/sign-out").await,
        stranger.sign_in("ada@example.com", "wrong password").await,
        stranger.post_as_is("/sign-up", &[], &[]).await,
        stranger.post_raw("/sign-up", Vec::new(), &[]).await,
        ada.get("/").await,
        ada.get("/settings").await,
        ada.post("/settings/api-keys", &[("name", "ci")]).await,
        ada.post("/settings/api-keys", &[("name", "")]).await,
        ada.post("/settings/api-keys/junk/revoke", &[]).await,
    ];
    app.ban(ada.email()).await;
    let banned = ada.get("/settings").await;
    pages.into_iter().chain([banned]).collect()
}

async fn every_page_carries_the_security_headers(app: App) {
    for page in every_page(&app).await {
        let policy = page.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{page:?}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{page:?}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{page:?}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{page:?}");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin", "{page:?}");
        assert_eq!(page.header("cache-control"), "no-store", "{page:?}");
        assert_eq!(page.header("x-request-id").len(), 24, "{page:?}");
        assert_eq!(page.header("access-control-allow-origin"), "", "{page:?}");
        let is_page = page.header("content-type") == "text/html; charset=utf-8";
        assert!(is_page || page.status == 303, "{page:?}");
    }
}

/// Browsers apply `form-action` to the redirect that follows a form.
async fn only_forms_that_can_end_at_an_app_may_leave(app: App) {
    let mut ada = app.person("ada").await;
    for path in
        ["/settings", "/settings/x", "/", "/nothing", "/setup/junk", "/sign-in/", "/sign-out"]
    {
        let page = ada.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(policy.ends_with("; form-action 'self'"), "{path}: {policy}");
    }
    for path in ["/sign-in", "/sign-in?next=/", "/sign-up", "/authorize", "/authorize?request=x"] {
        for page in [app.browser().get(path).await, ada.post(path, &[]).await] {
            let policy = page.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
            assert!(!policy.contains("form-action"), "{path}: {policy}");
        }
    }
}

async fn a_page_on_https_stays_on_https(app: App) {
    let plain = app.browser().get("/").await;
    assert_eq!(plain.header("strict-transport-security"), "");
    let app = app.again(|options| options.public_url = "https://bloom.example").await;
    for path in ["/", "/settings", "/nothing"] {
        let page = app.browser().get(path).await;
        assert_eq!(page.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
}

async fn no_page_needs_more_than_its_policy_allows(app: App) {
    for page in every_page(&app).await {
        let html = page.text();
        for forbidden in [" style=\"", "<style", " onclick=", " onload=", "javascript:", "//cdn"] {
            assert!(!html.contains(forbidden), "{forbidden}: {html}");
        }
        // Every script has an address of ours, and nothing between its tags.
        assert_eq!(html.matches("<script").count(), html.matches("<script src=\"/assets/").count());
        assert_eq!(html.matches("<script").count(), html.matches("\"></script>").count());
        for source in html.split(" src=\"").skip(1) {
            assert!(source.starts_with("/assets/"), "{source:.80}");
        }
    }
}

async fn assets_are_kept_for_ever_and_named_by_their_content(app: App) {
    let page = app.browser().get("/").await;
    for (before, kind) in [
        ("<link rel=\"stylesheet\" href=\"", "text/css; charset=utf-8"),
        ("<script src=\"", "text/javascript; charset=utf-8"),
        ("type=\"image/svg+xml\" href=\"", "image/svg+xml"),
    ] {
        let path = page.between(before, "\"").unwrap();
        let asset = app.browser().get(path).await;
        assert_eq!((asset.status, asset.header("content-type")), (200, kind));
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
        assert!(!asset.body.is_empty() && asset.cookies().is_empty());
        // Another hash is another file, which is not there: a stale one would be kept for ever.
        let digits: String = path.split('.').nth(1).unwrap().chars().rev().collect();
        let other = path.replace(path.split('.').nth(1).unwrap(), &digits);
        let missing = app.browser().get(&other).await;
        missing.assert_page(404, "Page not found");
        assert_eq!(missing.header("cache-control"), "no-store");
    }
    app.browser().get("/assets/../Cargo.toml").await.assert_page(404, "Page not found");
}

async fn at_host(app: &App, method: &str, path: &str, host: Option<&str>) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = match host {
        Some(host) => request.header("host", host),
        None => request,
    };
    app.send(request.body(Body::empty()).unwrap()).await
}

async fn another_name_leads_to_the_public_one(app: App) {
    let ours = app.options().public_url;
    for host in [OTHER_PLACE, "localhost", "127.0.0.1:4600", ""] {
        for path in ["/", "/sign-in?next=/settings", "/nothing", "//evil.example/x"] {
            for method in ["GET", "HEAD"] {
                let answer = at_host(&app, method, path, Some(host)).await;
                answer.assert_redirect(&format!("{ours}{path}"));
                assert!(answer.cookies().is_empty(), "no cookie under a foreign name");
            }
        }
        let answer = at_host(&app, "POST", "/sign-in", Some(host)).await;
        answer.assert_page(400, "This is not the address of this server");
    }
    for host in ["localhost:4600.evil.example", "@"] {
        let answer = at_host(&app, "GET", "/sign-in", Some(host)).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{host} is no host");
    }
    at_host(&app, "GET", "/sign-in", None).await.assert_redirect(&format!("{ours}/sign-in"));
    let answer = at_host(&app, "GET", "/sign-in", Some("LOCALHOST:4600")).await;
    answer.assert_page(200, "Sign in");
    // HTTP/2 names the host in the address; the API is reached under any name.
    let answer = at_host(&app, "GET", "http://localhost:4600/sign-in", None).await;
    answer.assert_page(200, "Sign in");
    let answer = at_host(&app, "GET", "/api/v1/account", Some(OTHER_PLACE)).await;
    assert_eq!(answer.error(), "401 UNAUTHORIZED");
}

/// Every absolute URL is made from the configured one.
async fn what_a_proxy_says_of_the_host_is_ignored(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let app = app.again(|options| options.trusted_proxies = 1).await;
    for path in [
        "/",
        "/sign-up",
        "/settings",
        "/nothing",
        "/api/v1/account",
        "/api/v1/nothing",
        "/api/v1/spec.json",
        "/.well-known/oauth-protected-resource",
    ] {
        let host = app.host();
        let headers = [
            ("host", host),
            ("x-forwarded-host", OTHER_PLACE),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/evil"),
            ("forwarded", "host=evil.example;proto=https"),
            ("x-original-url", "/evil"),
            ("x-host", OTHER_PLACE),
        ];
        for credential in [&[][..], &[("x-api-key", key.as_str())]] {
            let answer = app.get(path, &[&headers[..], credential].concat()).await;
            let plain = app.get(path, &[&headers[..1], credential].concat()).await;
            assert_eq!(answer.status, plain.status, "{path}");
            assert!(!format!("{answer:?}").contains("evil"), "{answer:?}");
            assert!(!format!("{answer:?}").contains("https://localhost"), "{answer:?}");
        }
    }
}

async fn the_server_is_healthy(app: App) {
    let answer = app.get("/healthz", &[]).await;
    insta::assert_snapshot!(answer.summary(), @"200 ok");
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn the_start_page_shows_the_next_step(app: App) {
    let page = app.browser().get("/").await;
    assert!(page.text().contains("href=\"/sign-up\">Create account"), "{page:?}");
    let page = app.person("ada").await.get("/").await;
    assert!(page.text().contains("href=\"/settings#api-keys\">Create an API key"), "{page:?}");
    let curl = "curl http://localhost:4600/api/v1/account -H &#34;x-api-key: $BLOOM_API_KEY&#34;";
    assert!(page.text().contains(curl), "{page:?}");
}

/// What it weighs with all it asks for.
async fn weight(app: &App, page: &Answer) -> usize {
    let parts = page.text().split("=\"/assets/").skip(1);
    let names: std::collections::BTreeSet<_> =
        parts.filter_map(|rest| rest.split('"').next()).collect();
    assert!(names.len() >= 3, "{names:?}");
    let mut all = page.body.len();
    for name in names {
        let asset = app.browser().get(&format!("/assets/{name}")).await;
        assert_eq!(asset.status, 200, "{name}");
        all += asset.body.len();
    }
    all
}

/// Follows "Next" through a list to its end; gives the texts of all parts, each of which is light.
async fn to_the_end(app: &App, browser: &mut Browser, path: &str, list: &str) -> Vec<String> {
    let (mut texts, mut path) = (Vec::new(), Some(path.to_owned()));
    while let Some(part) = path {
        let page = browser.get(&part).await;
        assert_eq!(page.status, 200, "{page:?}");
        let weight = weight(app, &page).await;
        assert!(weight < HEAVIEST, "{part} weighs {weight}");
        let links = page.between(&format!("aria-label=\"More of the {list}\""), "</nav>");
        let next = links.and_then(|links| links.split_once("\">Next<"));
        let next = next.and_then(|(before, _)| before.rsplit_once("href=\""));
        path = next.map(|(_, href)| href.split('#').next().unwrap_or_default().to_owned());
        texts.push(page.text().to_owned());
    }
    texts
}

/// As many keys, apps, people, invitations, browsers, brands, images, records and own apps as there can be, or are of
/// anybody, or stand on a page, each with a long name.
async fn the_longest_lists_are_light(app: App) {
    let mut ada = app.browser().calling_itself(FIREFOX);
    ada.sign_up("ada@example.com").await;
    for number in 0..100 {
        ada.create_key(&format!("The key of the nightly report, number {number:03}.")).await;
    }
    for number in 0..12 {
        let name = format!("The app of the analytical engines, number {number:02}");
        let metadata = json!({ "redirect_uris": [REDIRECT], "client_name": name });
        app.client_with(metadata).await.connect(&mut ada, &[]).await;
    }
    let team = team(&mut ada, "The analytical engines of the north").await;
    let ada_id = "(SELECT id FROM accounts WHERE email = 'ada@example.com')";
    let id = |kind: u8, number: usize| {
        bytes_of(&app, &format!("01941f29-7c00-7eee-8e{kind:02x}-{number:012x}"))
    };
    let workspace = bytes_of(&app, &team);
    let rows = |row: &dyn Fn(usize) -> String, count: usize| {
        (0..count).map(row).collect::<Vec<_>>().join(", ")
    };
    let email = |number: usize| format!("somebody.of.the.engines.{number:03}@example.com");
    let accounts =
        |n: usize| format!("({}, '{}', 'Somebody with a name', 'x', 1)", id(1, n), email(n));
    let members = |n: usize| format!("({workspace}, {}, 'member', 1)", id(1, n));
    let invitations = |n: usize| {
        let digest = id(2, n);
        format!(
            "({digest}, {workspace}, 'invited.{n:03}@example.com', 'member', {digest}, {ada_id}, 1, 9000000000000000)"
        )
    };
    for (table, values) in [
        ("accounts (id, email, name, password_hash, created_at)", rows(&accounts, 150)),
        ("members (workspace_id, account_id, role, joined_at)", rows(&members, 150)),
        (
            "invitations (id, workspace_id, email, role, digest, invited_by, created_at, expires_at)",
            rows(&invitations, 49),
        ),
    ] {
        app.database().run(&format!("INSERT INTO {table} VALUES {values}"));
    }
    for number in 0..40 {
        let id = id(3, number);
        app.database().run(&format!(
            "INSERT INTO sessions (digest, account_id, created_at, seen_at, id, address, agent, proven_at) \
             SELECT {id}, account_id, created_at, seen_at, {id}, address, agent, 0 FROM sessions \
             WHERE account_id = {ada_id} LIMIT 1"
        ));
    }
    let pages = [
        ("/settings".to_owned(), "keys", 100, "<h4><bdi>The key"),
        ("/settings".to_owned(), "apps", 12, "Revoke the app "),
        (format!("/settings/workspaces/{team}"), "people", 151, "<dt>Joined</dt>"),
        (format!("/settings/workspaces/{team}"), "invitations", 49, "<dt>Sent</dt>"),
        ("/settings/security".to_owned(), "browsers", 41, "<dt>Last seen</dt>"),
    ];
    // As many of what is made as a page shows at once: 30 brands, of 100 that an image can be of, 12 images, 20 records.
    for _ in 0..100 {
        image_of(&app, &brand_of(&app, "ada@example.com"));
    }
    for number in 0..25 {
        let name = format!("The own app of the analytical engines, {number:02}");
        ada.create_app(&[("name", &name)]).await;
    }
    app.database().run(
        "UPDATE brands SET name = 'The brand of the analytical engines of the north'; \
         UPDATE images SET prompt = 'The engines of the north at dawn, with a line of steam above each of them'",
    );
    for (path, each, count) in [
        ("/brands", "class=\"key-head\"", 30),
        ("/images", "<img ", 12),
        ("/settings/activity", "<time", 20),
        ("/settings/developer", "class=\"key-head\"", 25),
    ] {
        let page = ada.get(path).await;
        let shown = page.text().matches(each).count();
        assert!(shown >= count, "{path}: {shown} of {count}");
        let weight = weight(&app, &page).await;
        assert!(weight < HEAVIEST, "{path} weighs {weight}");
    }
    for (path, list, count, each) in pages {
        let texts = to_the_end(&app, &mut ada, &path, list).await;
        let shown: usize = texts.iter().map(|text| text.matches(each).count()).sum();
        assert_eq!(shown, count, "{path}: {list}");
        assert!(texts.len() > 1, "{path}: {list}");
    }
}
