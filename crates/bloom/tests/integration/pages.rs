//! What every page carries, and under which names the server answers.

use axum::body::Body;
use axum::http::Request;

use crate::support::{Answer, App, OTHER_PLACE, on_both};

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
);

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
