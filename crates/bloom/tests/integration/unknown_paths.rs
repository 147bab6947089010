//! Paths and methods that there are not.

use std::collections::BTreeMap;

use crate::support::{App, on_both, operations};

on_both!(
    an_unknown_path_of_the_api_answers_json,
    what_is_not_served_below_well_known_is_no_page,
    an_unknown_path_elsewhere_is_a_page,
    a_slash_at_the_end_of_a_pages_path_is_left_out,
    another_method_is_told_which_ones_there_are,
    another_method_on_a_page_is_told_too,
    a_path_is_read_as_it_stands,
);

async fn an_unknown_path_of_the_api_answers_json(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    for path in ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/account"] {
        for headers in [&[][..], &[("x-api-key", key.as_str())]] {
            for method in ["GET", "POST", "DELETE"] {
                let answer = app.request(method, path, headers).await;
                assert_eq!(answer.error(), "404 NOT_FOUND", "{method} {path}");
            }
        }
    }
    let answer = app.get("/api/v1/nothing", &[]).await;
    insta::assert_snapshot!(answer.summary(), @r#"404 {"error":{"code":"NOT_FOUND","status":404,"message":"There is no such path. GET /api/v1/spec.json lists every operation."}}"#);
}

/// Clients look for metadata in many places, by whatever name they know the server.
async fn what_is_not_served_below_well_known_is_no_page(app: App) {
    for path in [
        "/.well-known/",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/api/mcp",
        "/.well-known/oauth-authorization-server/api/auth/",
        "/.well-known/jwks.json",
        "/api/auth/.well-known/jwks.json",
    ] {
        for host in [app.host(), "127.0.0.1:4600"] {
            let answer = app.get(path, &[("host", host)]).await;
            assert_eq!(answer.error(), "404 NOT_FOUND", "{path} at {host}");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
        }
    }
}

async fn an_unknown_path_elsewhere_is_a_page(app: App) {
    for path in [
        "/nothing",
        "/apis",
        "/nothing/",
        "/sign-out/",
        "//docs/",
        "/sign-in/x",
        "/%ff",
        "/a%00b",
        "/.env",
    ] {
        let answer = app.browser().get(path).await;
        answer.assert_page(404, "Page not found");
        assert!(answer.cookies().is_empty(), "{answer:?}");
    }
}

async fn a_slash_at_the_end_of_a_pages_path_is_left_out(app: App) {
    for (path, to) in [
        ("/docs/", "/docs"),
        ("/docs/api/brands.get/?a=b", "/docs/api/brands.get?a=b"),
        ("/settings/", "/settings"),
        ("/sign-in/?next=%2Fbrands%2F", "/sign-in?next=%2Fbrands%2F"),
        ("/settings/api-keys/x/budget/", "/settings/api-keys/x/budget"),
    ] {
        let answer = app.browser().get(path).await;
        assert_eq!((answer.status, answer.header("location")), (308, to), "{path}");
        assert!(answer.cookies().is_empty(), "{answer:?}");
    }
    assert_ne!(app.browser().post("/sign-in/", &[]).await.status, 308);
    assert_eq!(app.get("/api/v1/account/", &[]).await.error(), "404 NOT_FOUND");
    app.browser().get("/docs/nothing/").await.assert_page(404, "Page not found");
}

/// RFC 9110 §15.5.6: a 405 names the methods that there are.
async fn another_method_is_told_which_ones_there_are(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let mut paths = BTreeMap::from([("/api/v1/spec.json".to_owned(), vec!["GET".to_owned()])]);
    for operation in operations() {
        let path = operation.path.split('?').next().unwrap_or_default().to_owned();
        paths.entry(path).or_default().push(operation.method);
    }
    for (path, taken) in paths {
        let mut allowed: Vec<_> = taken.iter().map(String::as_str).collect();
        if allowed.contains(&"GET") {
            allowed.push("HEAD");
        }
        allowed.sort_unstable();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            if taken.iter().any(|one| one == method) {
                continue;
            }
            let answer = app.request(method, &path, &[("x-api-key", &key)]).await;
            assert_eq!(answer.error(), "405 METHOD_NOT_ALLOWED", "{method} {path}");
            let mut told: Vec<_> = answer.header("allow").split(',').collect();
            told.sort_unstable();
            assert_eq!(told, allowed, "{method} {path}");
        }
    }
    let answer = app.request("POST", "/api/v1/account", &[]).await;
    insta::assert_snapshot!(answer.summary(), @r#"405 {"error":{"code":"METHOD_NOT_ALLOWED","status":405,"message":"This path does not take POST. GET /api/v1/spec.json lists the methods of every path."}}"#);
    for path in ["/.well-known/oauth-protected-resource", "/healthz"] {
        let answer = app.request("POST", path, &[]).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET,HEAD"), "{path}");
    }
}

async fn another_method_on_a_page_is_told_too(app: App) {
    let host = ("host", app.host());
    for (path, allowed) in [
        ("/", "GET,HEAD"),
        ("/sign-in", "GET,HEAD,POST"),
        ("/sign-out", "POST"),
        ("/settings", "GET,HEAD"),
        ("/settings/api-keys", "GET,HEAD,POST"),
    ] {
        for method in ["PUT", "DELETE", "OPTIONS", "BREW"] {
            let answer = app.request(method, path, &[host]).await;
            answer.assert_page(405, "This address takes something else");
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        }
    }
}

/// No spelling of a path leads anywhere else: what is refused cannot be reached around a corner.
async fn a_path_is_read_as_it_stands(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    for path in [
        "/api/v1/Account",
        "/api/v1/account/",
        "/api/v1//account",
        "/api//v1/account",
        "/api/v1/./account",
        "/api/v1/x/../account",
        "/api/v1/account;x",
        "/api/v1/account%2f",
        "/api/v1/%00",
        "/api/v1/%ff",
    ] {
        let answer = app.get(path, &[("x-api-key", &key)]).await;
        assert_eq!(answer.error(), "404 NOT_FOUND", "{path}");
    }
}
