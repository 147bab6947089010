//! Foreign web pages may call the API with a credential that they hold; they may not touch pages.

use crate::support::{Answer, App, on_both};

on_both!(
    a_preflight_is_answered_before_authentication,
    what_clients_call_can_be_called_by_a_page,
    every_answer_of_the_api_can_be_read,
    pages_are_closed,
);

/// What a client in a web page needs of the authorization server, and by which method.
const OAUTH: [(&str, &str); 9] = [
    ("/api/auth/oauth2/register", "POST"),
    ("/api/auth/oauth2/token", "POST"),
    ("/api/auth/oauth2/revoke", "POST"),
    ("/api/auth/oauth2/introspect", "POST"),
    ("/api/auth/oauth2/userinfo", "GET"),
    ("/api/auth/jwks", "GET"),
    ("/.well-known/oauth-authorization-server/api/auth", "GET"),
    ("/api/auth/.well-known/openid-configuration", "GET"),
    ("/api/mcp", "POST"),
];

const OPEN: [&str; 5] = [
    "/api/v1/account",
    "/api/v1/nothing",
    "/api/v1",
    "/.well-known/oauth-protected-resource/api/v1",
    "/.well-known/nothing",
];

fn names(header: &str) -> Vec<String> {
    header.split(',').map(|name| name.trim().to_lowercase()).collect()
}

fn assert_open(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer:?}");
    // With `*` a browser would refuse an answer that allowed credentials.
    assert_eq!(answer.header("access-control-allow-credentials"), "", "{answer:?}");
    let exposed = names(answer.header("access-control-expose-headers"));
    for name in [
        "www-authenticate",
        "retry-after",
        "mcp-session-id",
        "x-request-id",
        "ratelimit",
        "ratelimit-policy",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ] {
        assert!(exposed.contains(&name.to_owned()), "{name}: {exposed:?}");
    }
}

async fn a_preflight_is_answered_before_authentication(app: App) {
    for path in OPEN {
        for origin in ["https://app.example", "null", "http://localhost:4600"] {
            let asked = [
                ("origin", origin),
                ("access-control-request-method", "GET"),
                ("access-control-request-headers", "authorization,x-api-key"),
            ];
            let answer = app.request("OPTIONS", path, &asked).await;
            assert_eq!((answer.status, answer.body.len()), (204, 0), "{answer:?}");
            assert_open(&answer);
            let methods = names(answer.header("access-control-allow-methods"));
            for method in ["get", "head", "post", "put", "patch", "delete"] {
                assert!(methods.contains(&method.to_owned()), "{method}: {methods:?}");
            }
            let headers = names(answer.header("access-control-allow-headers"));
            for header in [
                "authorization",
                "content-type",
                "x-api-key",
                "dpop",
                "idempotency-key",
                "mcp-protocol-version",
                "mcp-session-id",
                "last-event-id",
                "mcp-method",
                "mcp-name",
            ] {
                assert!(headers.contains(&header.to_owned()), "{header}: {headers:?}");
            }
            assert_eq!(answer.header("access-control-max-age"), "86400");
        }
    }
}

/// Refusals too: without a client, a token or a body, each says what is missing, and the page can read it.
async fn what_clients_call_can_be_called_by_a_page(app: App) {
    for (path, method) in OAUTH {
        for origin in ["https://app.example", "null"] {
            let asked = [
                ("origin", origin),
                ("access-control-request-method", method),
                ("access-control-request-headers", "authorization,content-type"),
            ];
            let answer = app.request("OPTIONS", path, &asked).await;
            assert_eq!((answer.status, answer.body.len()), (204, 0), "{path}: {answer:?}");
            assert_open(&answer);
            let methods = names(answer.header("access-control-allow-methods"));
            assert!(methods.contains(&method.to_lowercase()), "{path}: {methods:?}");
            assert_open(&app.request(method, path, &[("origin", origin)]).await);
        }
    }
    for path in ["/api/auth/oauth2/authorize", "/api/auth/oauth2/end-session"] {
        for method in ["GET", "OPTIONS"] {
            let asked = [("origin", "https://app.example"), ("host", app.host())];
            let answer = app.request(method, path, &asked).await;
            let names = answer.headers.keys().map(axum::http::HeaderName::as_str);
            assert!(!names.into_iter().any(|name| name.starts_with("access-control")), "{path}");
        }
    }
}

async fn every_answer_of_the_api_can_be_read(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let origin = ("origin", "https://app.example");
    let credential = ("x-api-key", key.as_str());
    for path in OPEN {
        assert_open(&app.get(path, &[origin]).await);
    }
    let mut statuses = Vec::new();
    for (method, path, headers) in [
        ("GET", "/api/v1/account", vec![origin, credential]),
        ("GET", "/api/v1/account", vec![origin, credential, credential]),
        ("GET", "/api/v1/account", vec![origin]),
        ("GET", "/api/v1/nothing", vec![origin, credential]),
        ("POST", "/api/v1/account", vec![origin, credential]),
        ("GET", "/api/v1/credits?workspaceId=", vec![origin, credential]),
    ] {
        let answer = app.request(method, path, &headers).await;
        assert_open(&answer);
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [200, 400, 401, 404, 405, 400]);
    while app.account(&key).await.status == 200 {}
    let limited = app.account(&key).await;
    assert_eq!(limited.status, 429);
    assert_open(&limited);
    app.ban(ada.email()).await;
    let banned = app.account(&key).await;
    assert_eq!(banned.status, 403);
    assert_open(&banned);
    app.database().run("DROP TABLE members");
    app.unban(ada.email()).await;
    app.advance(std::time::Duration::from_secs(60));
    let broken = app.get("/api/v1/workspaces", &[origin, credential]).await;
    assert_eq!(broken.status, 500);
    assert_open(&broken);
}

async fn pages_are_closed(app: App) {
    for path in ["/", "/sign-in", "/settings", "/nothing", "/api/v10", "/healthz"] {
        for method in ["GET", "OPTIONS"] {
            let headers = [
                ("host", app.host()),
                ("origin", "https://app.example"),
                ("access-control-request-method", "POST"),
            ];
            let answer = app.request(method, path, &headers).await;
            let names = answer.headers.keys().map(axum::http::HeaderName::as_str);
            let open: Vec<_> = names.filter(|name| name.starts_with("access-control")).collect();
            assert!(open.is_empty(), "{method} {path}: {open:?}");
            assert!(method == "GET" || answer.status >= 400, "{answer:?}");
        }
    }
}
