//! Dynamic client registration: an app is what it says of itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::oauth::{REDIRECT, REGISTER};
use crate::support::{App, on_both};

on_both!(
    the_same_app_is_the_same_client_and_nothing_is_written,
    what_is_missing_is_filled_in_and_a_secret_is_never_made,
    a_bad_redirect_uri_is_named,
    what_cannot_be_metadata_is_refused_and_leaves_nothing,
    nobody_can_register_a_privilege,
    a_name_is_shown_as_text,
    there_are_only_so_many_clients,
    a_client_nobody_let_in_is_forgotten,
    a_rotation_of_the_root_secret_keeps_clients_what_they_are,
);

fn id(answer: &crate::support::Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["client_id"].as_str().unwrap().to_owned()
}

async fn the_same_app_is_the_same_client_and_nothing_is_written(app: App) {
    let metadata = |port: &str, name: &str| json!({ "redirect_uris": [format!("http://127.0.0.1{port}/cb")], "client_name": name });
    let first = id(&app.post_json(REGISTER, &metadata(":1234", "App")).await);
    let before = app.database().dump();
    app.advance(Duration::from_secs(3_600));
    for port in [":1234", ":5678", ""] {
        let answer = app.post_json(REGISTER, &metadata(port, "App")).await;
        assert_eq!(id(&answer), first);
        let echoed = format!("http://127.0.0.1{port}/cb");
        assert_eq!(answer.json()["redirect_uris"], json!([echoed]));
    }
    assert_eq!(app.database().dump(), before);
    assert_ne!(id(&app.post_json(REGISTER, &metadata(":1234", "Other")).await), first);
}

async fn what_is_missing_is_filled_in_and_a_secret_is_never_made(app: App) {
    let uris =
        json!([REDIRECT, "http://localhost/cb", "http://127.0.0.1:7777/cb", "com.example:/cb"]);
    for extra in [
        json!({}),
        json!({ "token_endpoint_auth_method": "client_secret_basic", "application_type": "native" }),
        json!({ "token_endpoint_auth_method": "client_secret_post", "application_type": "web" }),
        json!({ "grant_types": ["authorization_code", "refresh_token", "client_credentials"] }),
        json!({ "scope": "openid unknown:scope", "software_id": null }),
    ] {
        let mut metadata = json!({ "redirect_uris": uris });
        metadata.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let answer = app.post_json(REGISTER, &metadata).await;
        let client = answer.json();
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(client["redirect_uris"], uris);
        assert_eq!(client["token_endpoint_auth_method"], "none");
        assert_eq!(client["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!((&client["public"], &client["disabled"]), (&json!(true), &json!(false)));
        let members = client.as_object().unwrap();
        assert!(members.values().all(|value| !value.is_null()), "{client}");
        assert!(
            !members.keys().any(|name| name.contains("secret") || name.contains("registration"))
        );
        assert!(client["scope"].as_str().unwrap().contains("openid"));
    }
}

async fn a_bad_redirect_uri_is_named(app: App) {
    for uri in [
        "https://*.example/cb",
        "https://app.example/*",
        "https://app.example/cb#x",
        "https://user@app.example/cb",
        "https://localhost.evil@app.example/",
        "http://localhost.evil/cb",
        "http://127.0.0.1.evil/cb",
        "http://127.1/cb",
        "http://0x7f.1/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://app.example/cb",
        "https://app.example\\evil/cb",
        "https://com/cb",
        "/cb",
        "app.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "",
    ] {
        let answer = app.post_json(REGISTER, &json!({ "redirect_uris": [REDIRECT, uri] })).await;
        assert_eq!(answer.status, 400, "{uri}");
        assert_eq!(answer.json()["error"], "invalid_redirect_uri", "{uri}");
        let description = answer.json()["error_description"].as_str().unwrap().to_owned();
        assert!(description.starts_with(&uri.replace('\\', "'")), "{description}");
    }
    assert!(app.rows("clients").is_empty());
}

async fn what_cannot_be_metadata_is_refused_and_leaves_nothing(app: App) {
    let typed = ("content-type", "application/json");
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (body, status) in [
        (b"".to_vec(), 400),
        (b"[]".to_vec(), 400),
        (b"{}".to_vec(), 400),
        (b"\xff\xfe".to_vec(), 400),
        (nested.into_bytes(), 400),
        (b"{\"redirect_uris\":\"https://app.example/cb\"}".to_vec(), 400),
        (b"{\"redirect_uris\":[1]}".to_vec(), 400),
        (br#"{"redirect_uris":["https://a.example/cb"],"redirect_uris":["https://b.example/cb"]}"#.to_vec(), 400),
        (br#"{"redirect_uris":["https://a.example/cb"],"grant_types":["password"]}"#.to_vec(), 400),
        (br#"{"redirect_uris":["https://a.example/cb"],"response_types":["token"]}"#.to_vec(), 400),
        (br#"{"redirect_uris":["https://a.example/cb"],"client_name":7}"#.to_vec(), 400),
        (vec![b' '; 65 * 1024], 413),
        (vec![b' '; 1024 * 1024], 413),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let answer = app.post_bytes(REGISTER, body, &[typed]).await;
        assert_eq!(answer.status, status, "{shown}: {answer:?}");
        assert!(answer.json()["error"].is_string(), "{shown}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let body = json!({ "redirect_uris": [REDIRECT] }).to_string().into_bytes();
    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(app.post_bytes(REGISTER, body, &[form]).await.status, 400);
    assert_eq!(app.request("GET", REGISTER, &[]).await.status, 405);
    assert!(app.rows("clients").is_empty());
}

async fn nobody_can_register_a_privilege(app: App) {
    let privileged = json!({
        "redirect_uris": [REDIRECT], "client_id": "chosen", "client_secret": "chosen",
        "client_id_issued_at": 1, "disabled": true, "public": false, "skip_consent": true,
        "verified": true, "jwks_uri": "https://evil.example/jwks",
    });
    let plain = json!({ "redirect_uris": [REDIRECT] });
    let answer = app.post_json(REGISTER, &privileged).await;
    assert_eq!(id(&answer), id(&app.post_json(REGISTER, &plain).await));
    assert_eq!(answer.json(), app.post_json(REGISTER, &plain).await.json());
}

async fn a_name_is_shown_as_text(app: App) {
    let mut ada = app.person("ada").await;
    let name = "<script>alert(1)</script>\u{202e}\u{200b}Evil";
    let metadata = json!({ "redirect_uris": [REDIRECT], "client_name": name });
    let client = app.client_with(metadata).await;
    let sent = ada.get(&client.authorize_url(&[])).await;
    let page = ada.get(sent.header("location")).await;
    assert!(page.text().contains("&#60;script&#62;alert(1)&#60;/script&#62;Evil"), "{page:?}");
    assert!(!page.text().contains("<script>alert"));
}

async fn there_are_only_so_many_clients(app: App) {
    let known = json!({ "redirect_uris": [REDIRECT] });
    let client = id(&app.post_json(REGISTER, &known).await);
    let app = app.again(|options| options.max_clients = 2).await;
    let metadata =
        |name: &str| -> Value { json!({ "redirect_uris": [REDIRECT], "client_name": name }) };
    id(&app.post_json(REGISTER, &metadata("second")).await);
    let answer = app.post_json(REGISTER, &metadata("third")).await;
    assert_eq!((answer.status, answer.number("retry-after") > 0), (429, true));
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    assert_eq!(id(&app.post_json(REGISTER, &known).await), client);
}

async fn a_client_nobody_let_in_is_forgotten(app: App) {
    let mut ada = app.person("ada").await;
    let kept = app.client(REDIRECT).await;
    kept.connect(&mut ada, &[]).await;
    app.client("https://forgotten.example/cb").await;
    app.advance(Duration::from_secs(90 * 86_400));
    bloom_service::housekeeping::once(app.service()).await.unwrap();
    let left = app.rows("clients");
    assert_eq!(left.len(), 1);
    assert!(left[0].contains("app.example"), "{left:?}");
}

async fn a_rotation_of_the_root_secret_keeps_clients_what_they_are(app: App) {
    let metadata = json!({ "redirect_uris": [REDIRECT] });
    let before = id(&app.post_json(REGISTER, &metadata).await);
    let next = bloom_service::root_secret::RootSecret::new([77; 32]);
    let secrets = app.options().secrets.rotated(next);
    let operator = app.operator();
    assert!(bloom_service::root_secret::rotate(app.service(), &operator, &secrets).await.is_ok());
    assert_eq!(id(&app.post_json(REGISTER, &metadata).await), before);
}
