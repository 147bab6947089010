//! Which credential counts when there are several, odd ones, or one in the wrong place.

use axum::body::Body;
use axum::http::{HeaderValue, Request};

use crate::support::{Answer, App, on_both};

on_both!(
    x_api_key_decides_alone,
    two_of_one_header_are_refused,
    another_scheme_is_no_credential,
    a_token_that_is_no_key_is_refused,
    header_bytes_that_are_no_text_are_refused,
    a_key_counts_nowhere_but_in_its_headers,
    the_answers_read_well,
    a_huge_header_is_refused_like_a_small_one,
);

const BAD: &str = "bloom_sk_junk";

async fn ask(app: &App, headers: &[(&str, &str)]) -> Answer {
    app.get("/api/v1/account", headers).await
}

async fn x_api_key_decides_alone(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let good = format!("Bearer {key}");
    let bad = format!("Bearer {BAD}");
    let answer = ask(&app, &[("x-api-key", &key), ("authorization", &bad)]).await;
    assert_eq!(answer.status, 200);
    let answer = ask(&app, &[("x-api-key", &key), ("authorization", "Basic YTpi")]).await;
    assert_eq!(answer.status, 200);
    for wrong in [BAD, "", " "] {
        for headers in [
            [("x-api-key", wrong), ("authorization", good.as_str())],
            [("authorization", good.as_str()), ("x-api-key", wrong)],
        ] {
            assert_eq!(ask(&app, &headers).await.error(), "401 UNAUTHORIZED", "{headers:?}");
        }
    }
}

async fn two_of_one_header_are_refused(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    let bearer = format!("Bearer {key}");
    for headers in [
        vec![("authorization", bearer.as_str()), ("authorization", bearer.as_str())],
        vec![("authorization", bearer.as_str()), ("authorization", "Basic YTpi")],
        vec![("x-api-key", key.as_str()), ("x-api-key", key.as_str())],
        vec![("x-api-key", key.as_str()), ("x-api-key", "")],
        // The key alone would decide; a proxy in between may still read the other header.
        vec![
            ("x-api-key", key.as_str()),
            ("authorization", bearer.as_str()),
            ("authorization", bearer.as_str()),
        ],
    ] {
        let answer = ask(&app, &headers).await;
        assert_eq!(answer.error(), "400 BAD_REQUEST", "{headers:?}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.ends_with(", error=\"invalid_request\""), "{challenge}");
    }
}

async fn another_scheme_is_no_credential(app: App) {
    let key = app.person("ada").await.create_key("ci").await.secret;
    for header in ["Basic YTpi", "", "Bearer2 x", &key, &format!("Token {key}")] {
        let answer = ask(&app, &[("authorization", header)]).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{header}");
        // Nothing that RFC 6750 speaks of was presented, so no error is named (§3.1).
        assert!(!answer.header("www-authenticate").contains("error="), "{header}");
    }
    for header in
        ["Bearer", "Bearer ", &format!("Bearer {key} {key}"), &format!("Bearer \"{key}\"")]
    {
        let answer = ask(&app, &[("authorization", header)]).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{header}");
        assert!(answer.header("www-authenticate").contains("invalid_token"), "{header}");
    }
}

async fn a_token_that_is_no_key_is_refused(app: App) {
    let token = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";
    // How keys look that were imported is read once, by whoever comes first.
    assert_eq!(ask(&app, &[("x-api-key", token)]).await.error(), "401 UNAUTHORIZED");
    let before = app.service().statements_executed();
    for headers in [[("x-api-key", token)], [("authorization", &format!("Bearer {token}"))]] {
        assert_eq!(ask(&app, &headers).await.error(), "401 UNAUTHORIZED");
    }
    // Junk costs a look at its shape, never a query.
    assert_eq!(app.service().statements_executed(), before);
}

async fn header_bytes_that_are_no_text_are_refused(app: App) {
    let send = async |name: &str, value: &[u8]| {
        let value = HeaderValue::from_bytes(value).unwrap();
        let request = Request::get("/api/v1/account").header(name, value);
        app.send(request.body(Body::empty()).unwrap()).await
    };
    for (name, value) in [
        ("x-api-key", &b"\xff\xfe"[..]),
        ("x-api-key", "bloom_sk_é".as_bytes()),
        ("authorization", b"Bearer \xff"),
        ("authorization", b"\xff"),
    ] {
        assert_eq!(send(name, value).await.error(), "401 UNAUTHORIZED", "{value:?}");
    }
    let key = app.person("ada").await.create_key("ci").await.secret;
    // What a request may carry besides its credential need not be text.
    let agent = HeaderValue::from_bytes(b"agent \xff \xc3\x28").unwrap();
    let request = Request::get("/api/v1/account").header("x-api-key", key);
    let request = request.header("user-agent", agent).body(Body::empty()).unwrap();
    assert_eq!(app.send(request).await.status, 200);
}

async fn a_key_counts_nowhere_but_in_its_headers(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    for name in ["key", "api_key", "access_token", "x-api-key"] {
        let answer = ask_at(&app, &format!("/api/v1/account?{name}={key}")).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{name}");
        let answer = ask(&app, &[("cookie", &format!("{name}={key}"))]).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED", "{name}");
    }
    // The cookie of a person who is signed in counts on pages only.
    let answer = ask(&app, &[("cookie", &ada.cookie())]).await;
    assert_eq!(answer.error(), "401 UNAUTHORIZED");
    let form = Request::get("/api/v1/account")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("access_token={key}")));
    assert_eq!(app.send(form.unwrap()).await.error(), "401 UNAUTHORIZED");
}

async fn ask_at(app: &App, path: &str) -> Answer {
    app.get(path, &[]).await
}

/// The texts are part of the product: each says what is wrong and what to do.
async fn the_answers_read_well(app: App) {
    insta::assert_snapshot!(ask(&app, &[]).await.summary(), @r#"401 {"error":{"code":"UNAUTHORIZED","status":401,"message":"The request has no credential. Send an API key in the x-api-key header, or in Authorization: Bearer; a query is never read for one. Make a key at http://localhost:4600/settings#api-keys."}}"#);
    insta::assert_snapshot!(ask(&app, &[("x-api-key", "sk-x")]).await.summary(), @r#"401 {"error":{"code":"UNAUTHORIZED","status":401,"message":"This is not a Bloom API key: keys begin with bloom_sk_. An access token has two dots, and goes into Authorization: Bearer. Make a key at http://localhost:4600/settings#api-keys."}}"#);
    let twice = [("x-api-key", "a"), ("x-api-key", "b")];
    insta::assert_snapshot!(ask(&app, &twice).await.summary(), @r#"400 {"error":{"code":"BAD_REQUEST","status":400,"message":"The request has two x-api-key headers. Send one."}}"#);
}

async fn a_huge_header_is_refused_like_a_small_one(app: App) {
    let huge = "a".repeat(1 << 20);
    let bearer = format!("Bearer {huge}");
    for header in [("x-api-key", huge.as_str()), ("authorization", bearer.as_str())] {
        let answer = ask(&app, &[header]).await;
        assert_eq!(answer.error(), "401 UNAUTHORIZED");
        assert!(answer.body.len() < 500, "it is not sent back");
    }
}
