//! Registration: what an app says of itself, and what becomes of it. An app that registers itself is
//! its metadata, so most of these rules are about what is written, which is little.

use std::time::Duration;

use bloom_service::root_secret::{self, RootSecret};
use serde_json::{Value, json};

use crate::support::oauth::{REDIRECT, REGISTER};
use crate::support::{Answer, App, at_once, on_both};

on_both!(
    the_documented_client_is_echoed,
    what_is_missing_is_filled_in_and_a_secret_is_never_made,
    a_kind_that_contradicts_the_uris_is_taken,
    a_secret_method_is_replaced_by_none,
    grant_types_that_are_not_served_are_left_out,
    a_bad_redirect_uri_is_named,
    all_kinds_of_redirect_uris_register_together,
    what_cannot_be_metadata_is_refused_and_leaves_nothing,
    a_large_body_is_refused_by_its_size,
    another_type_of_body_is_refused,
    nobody_can_register_a_privilege,
    a_name_is_shown_as_text,
    the_same_app_is_the_same_client_and_nothing_is_written,
    the_port_of_a_loopback_address_makes_no_other_client,
    other_metadata_is_another_client,
    a_rotation_of_the_root_secret_keeps_clients_what_they_are,
    nobody_changes_a_registered_client,
    there_are_only_so_many_clients,
    a_client_nobody_let_in_is_forgotten,
    web_pages_may_register_and_nothing_is_cached,
    only_post_registers,
);

const JSON: (&str, &str) = ("content-type", "application/json");
const DAY: Duration = Duration::from_secs(86_400);

/// What is registered for some metadata.
async fn register(app: &App, metadata: &Value) -> Value {
    let answer = app.post_json(REGISTER, metadata).await;
    assert_eq!(answer.status, 201, "{metadata}: {answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let client = answer.json();
    let members = client.as_object().unwrap();
    assert!(members.values().all(|value| !value.is_null()), "no member is null: {client}");
    client
}

/// Status and code of a refusal, which is written as RFC 7591 §3.2.2 says.
fn refusal(answer: &Answer) -> String {
    let json = answer.json();
    assert_eq!(json.as_object().unwrap().len(), 2, "{answer:?}");
    let description = json["error_description"].as_str().unwrap();
    let is_allowed = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    assert!(!description.is_empty() && description.bytes().all(is_allowed), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    format!("{} {}", answer.status, json["error"].as_str().unwrap())
}

async fn the_documented_client_is_echoed(app: App) {
    let metadata = json!({
        "token_endpoint_auth_method": "none",
        "type": "user-agent-based",
        "application_type": "web",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": ["https://your-app.example/oauth/callback"],
        "client_name": "Your “App” & Söhne",
        "client_uri": "https://your-app.example",
        "logo_uri": "https://your-app.example/logo.png",
        "tos_uri": "https://your-app.example/terms",
        "policy_uri": "https://your-app.example/privacy",
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "1.2",
        "scope": "generate openid read",
    });
    let client = register(&app, &metadata).await;
    for (name, value) in metadata.as_object().unwrap() {
        assert_eq!(&client[name], value, "{name}");
    }
    assert_eq!(client["client_id_issued_at"], 1_800_000_000);
    assert_eq!((&client["public"], &client["disabled"]), (&json!(true), &json!(false)));
    // Nothing but the metadata and these: no secret, and nothing to manage the client with.
    let added = ["client_id", "client_id_issued_at", "public", "disabled"];
    let known = |name: &String| metadata.get(name).is_some() || added.contains(&name.as_str());
    assert!(client.as_object().unwrap().keys().all(known), "{client}");
    assert_eq!(app.rows("clients").len(), 1);
}

async fn what_is_missing_is_filled_in_and_a_secret_is_never_made(app: App) {
    let bare = json!({ "redirect_uris": [REDIRECT] });
    let client = register(&app, &bare).await;
    let empty = json!({
        "redirect_uris": [REDIRECT], "scope": " ", "grant_types": [], "response_types": [],
        "client_name": null, "token_endpoint_auth_method": null, "logo_uri": null,
    });
    assert_eq!(register(&app, &empty).await, client);
    for (name, value) in [
        ("token_endpoint_auth_method", json!("none")),
        ("scope", json!("openid offline_access")),
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("response_types", json!(["code"])),
        ("type", json!("user-agent-based")),
    ] {
        assert_eq!(client[name], value, "{name}");
    }
    for (uri, kind) in [
        ("http://127.0.0.1/cb", "native"),
        ("https://localhost/cb", "native"),
        ("com.example.app:/cb", "native"),
        (REDIRECT, "user-agent-based"),
    ] {
        let client = register(&app, &json!({ "redirect_uris": [uri] })).await;
        assert_eq!(client["type"], kind, "{uri}");
    }
    // An app written for several servers names scopes of all of them.
    for (asked, registered) in [("read mcp:tools", "read"), ("mcp:tools", "openid offline_access")]
    {
        let client = json!({ "redirect_uris": [REDIRECT], "scope": asked });
        assert_eq!(register(&app, &client).await["scope"], registered);
    }
}

async fn a_kind_that_contradicts_the_uris_is_taken(app: App) {
    for uris in [json!([REDIRECT]), json!(["http://localhost/cb"]), json!(["com.example.app:/cb"])]
    {
        for kind in ["web", "native", "browser", ""] {
            let metadata = json!({ "redirect_uris": uris, "application_type": kind });
            let client = register(&app, &metadata).await;
            assert_eq!(client["application_type"], kind);
            // What it says of itself goes before what its URIs suggest.
            let expected = if kind == "native" { "native" } else { "user-agent-based" };
            assert_eq!(client["type"], expected, "{kind}");
            assert_eq!(client["redirect_uris"], uris);
            let metadata = json!({ "redirect_uris": uris, "type": kind });
            assert_eq!(register(&app, &metadata).await["redirect_uris"], uris);
        }
    }
}

async fn a_secret_method_is_replaced_by_none(app: App) {
    for method in ["client_secret_basic", "client_secret_post", "private_key_jwt", "none", "x", ""]
    {
        let metadata = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": method });
        let client = register(&app, &metadata).await;
        assert_eq!(client["token_endpoint_auth_method"], "none", "{method}");
        assert!(client.get("client_secret").is_none(), "{client}");
        assert!(client.get("client_secret_expires_at").is_none(), "{client}");
    }
    assert_eq!(app.rows("clients").len(), 1, "they are all the same client");
}

async fn grant_types_that_are_not_served_are_left_out(app: App) {
    let metadata = |types: &Value| json!({ "redirect_uris": [REDIRECT], "grant_types": types });
    for (asked, registered) in [
        (json!(["authorization_code"]), json!(["authorization_code"])),
        (
            json!(["refresh_token", "implicit", "authorization_code", "client_credentials", "x"]),
            json!(["authorization_code", "refresh_token"]),
        ),
    ] {
        assert_eq!(register(&app, &metadata(&asked)).await["grant_types"], registered, "{asked}");
    }
    let before = app.database().dump();
    for none_left in [json!(["client_credentials"]), json!(["implicit", "password", "x"])] {
        let answer = app.post_json(REGISTER, &metadata(&none_left)).await;
        assert_eq!(refusal(&answer), "400 invalid_client_metadata", "{none_left}");
    }
    let metadata = json!({ "redirect_uris": [REDIRECT], "response_types": ["token"] });
    let answer = app.post_json(REGISTER, &metadata).await;
    assert_eq!(refusal(&answer), "400 invalid_client_metadata");
    assert_eq!(app.database().dump(), before);
}

async fn a_bad_redirect_uri_is_named(app: App) {
    let before = app.database().dump();
    for bad in [
        // Hosts that look like this device.
        "http://localhost.evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.1/cb",
        "http://0x7f.1/cb",
        "http://2130706433/cb",
        "http://127.0.0.2/cb",
        "http://0.0.0.0/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://[::1].evil.example/cb",
        "http://LOCALHOST/cb",
        "http://localhost./cb",
        "http://%6cocalhost/cb",
        "http://ｌocalhost/cb",
        "http://localhost:80@evil.example/cb",
        "http://localhost\\@evil.example/cb",
        "http://localhost:0x50/cb",
        "http://localhost:/cb",
        "http://localhost:0/cb",
        "http://127.0.0.1:0/cb",
        "https://app.example:0/cb",
        "http://localhost:65536/cb",
        "http://app.example/cb",
        // Sites that are none, or not one.
        "https://user@app.example/cb",
        "https://user:pass@app.example/cb",
        "com.example.app://user@host/cb",
        "https://*.app.example/cb",
        "https://app.example/*",
        "https://app.example/cb#fragment",
        "https://app.example/cb#",
        "com.example.app:/cb#fragment",
        "https://app.example./cb",
        "https://app%2eexample/cb",
        "https://аpp.example/cb",
        "https://app.example/c b",
        " https://app.example/cb",
        "https://app.example/cb\r\nset-cookie: a=b",
        "https://app.example/cb\0",
        "https://app.example/cb\u{7f}",
        "https://app.example/cb\u{202e}",
        "https:\\\\app.example\\cb",
        "https://com/cb",
        "https:///cb",
        "https:app.example/cb",
        "HTTPS://app.example/cb",
        "//app.example/cb",
        "/cb",
        "cb",
        "",
        // Schemes that run something, or that any app could take.
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example/1",
        "about:blank",
        "myapp:/cb",
    ] {
        let metadata = json!({ "redirect_uris": [REDIRECT, bad] });
        let answer = app.post_json(REGISTER, &metadata).await;
        assert_eq!(refusal(&answer), "400 invalid_redirect_uri", "{bad:?}");
        let is_shown = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
        let shown: String = bad.chars().map(|c| if is_shown(c) { c } else { '\'' }).collect();
        let description = answer.json()["error_description"].as_str().unwrap().to_owned();
        assert!(description.starts_with(&format!("{shown}: ")), "{bad:?}: {description}");
    }
    let long = format!("https://app.example/{}", "a".repeat(2_000));
    for bad in [json!([]), json!(null), json!(vec![REDIRECT; 21]), json!([long])] {
        let answer = app.post_json(REGISTER, &json!({ "redirect_uris": bad })).await;
        assert_eq!(refusal(&answer), "400 invalid_redirect_uri", "{bad}");
        assert!(answer.body.len() < 500, "what is echoed is bounded: {answer:?}");
    }
    assert_eq!(app.database().dump(), before);
}

async fn all_kinds_of_redirect_uris_register_together(app: App) {
    let uris = json!([
        "https://app.example/cb",
        "https://app.example:8443/cb?fixed=1",
        "http://localhost/cb",
        "http://localhost:8912/cb",
        "http://127.0.0.1:1/cb",
        "http://[::1]/cb",
        "com.example.app:/cb",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    ]);
    let metadata = json!({ "redirect_uris": uris, "application_type": "web" });
    let client = app.client_with(metadata.clone()).await;
    assert_eq!(register(&app, &metadata).await["redirect_uris"], uris, "as sent, in this order");
    let mut ada = app.person("ada").await;
    for uri in uris.as_array().unwrap() {
        let uri = uri.as_str().unwrap();
        let asked = [("redirect_uri", uri), ("prompt", "consent")];
        assert!(client.ask(&mut ada, &asked, "deny").await.starts_with(uri), "{uri}");
    }
}

async fn what_cannot_be_metadata_is_refused_and_leaves_nothing(app: App) {
    let before = app.database().dump();
    let with = |more: &str| format!(r#"{{"redirect_uris":["{REDIRECT}"],{more}}}"#).into_bytes();
    let deep = |open: &str, close: &str| {
        with(&format!(r#""x":{}1{}"#, open.repeat(5_000), close.repeat(5_000)))
    };
    for bad in [
        Vec::new(),
        b"{".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        b"\"x\"".to_vec(),
        b"{}{}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"redirect_uris=https%3A%2F%2Fapp.example".to_vec(),
        // With two of a member, two readers could see two clients.
        with(r#""redirect_uris":["https://evil.example/cb"]"#),
        with(r#""redirect\u005furis":["https://evil.example/cb"]"#),
        with(r#""client_name":"a","client_name":"a""#),
        with(r#""x":1,"x":1"#),
        deep("[", "]"),
        deep(r#"{"a":"#, "}"),
        b"\xff\xfe".to_vec(),
        [&with(r#""client_name":"a"#)[..], b"\xff\"}"].concat(),
        with(r#""client_name":"\ud800""#),
        with(r#""client_name":"a\u0000b""#),
        with(&format!(r#""client_name":"{}""#, "n".repeat(201))),
        with(&format!(r#""logo_uri":"{}""#, "n".repeat(2_001))),
        // Members of another type.
        with(r#""client_name":["a"]"#),
        with(r#""client_name":5"#),
        with(r#""scope":["read"]"#),
        with(r#""scope":"re\"ad""#),
        with(r#""grant_types":"authorization_code""#),
        with(r#""grant_types":[1]"#),
        with(r#""grant_types":[["authorization_code"]]"#),
        with(r#""response_types":{"0":"code"}"#),
        with(r#""token_endpoint_auth_method":false"#),
        with(r#""type":{}"#),
        with(r#""application_type":0"#),
        br#"{"redirect_uris":"https://app.example/cb"}"#.to_vec(),
        br#"{"redirect_uris":{"0":"https://app.example/cb"}}"#.to_vec(),
        br#"{"redirect_uris":[["https://app.example/cb"]]}"#.to_vec(),
        br#"{"redirect_uris":[null]}"#.to_vec(),
    ] {
        let shown = String::from_utf8_lossy(&bad[..bad.len().min(200)]).into_owned();
        let answer = app.post_bytes(REGISTER, bad, &[JSON]).await;
        assert_eq!(refusal(&answer), "400 invalid_client_metadata", "{shown}");
        assert!(answer.body.len() < 500, "what is echoed is bounded: {answer:?}");
    }
    // A long name of a member is not sent back whole either.
    let long = "n".repeat(20_000);
    let answer =
        app.post_bytes(REGISTER, with(&format!(r#""{long}":1,"{long}":1"#)), &[JSON]).await;
    assert_eq!(refusal(&answer), "400 invalid_client_metadata");
    assert!(answer.body.len() < 500, "{} bytes", answer.body.len());
    assert_eq!(app.database().dump(), before);
}

async fn a_large_body_is_refused_by_its_size(app: App) {
    let most = 64 * 1024;
    let of_size = |size: usize| {
        let mut body = format!(r#"{{"redirect_uris":["{REDIRECT}"]}}"#).into_bytes();
        body.resize(size, b' ');
        body
    };
    assert_eq!(app.post_bytes(REGISTER, of_size(most), &[JSON]).await.status, 201);
    let before = app.database().dump();
    for size in [most + 1, 1024 * 1024, 32 * 1024 * 1024] {
        let answer = app.post_bytes(REGISTER, of_size(size), &[JSON]).await;
        assert_eq!(refusal(&answer), "413 invalid_request", "{size}");
    }
    assert_eq!(app.database().dump(), before);
}

async fn another_type_of_body_is_refused(app: App) {
    let body = json!({ "redirect_uris": [REDIRECT] }).to_string().into_bytes();
    let before = app.database().dump();
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let answer = app.post_bytes(REGISTER, body.clone(), &[("content-type", kind)]).await;
        assert_eq!(refusal(&answer), "400 invalid_client_metadata", "{kind}");
    }
    let answer = app.post_bytes(REGISTER, body.clone(), &[]).await;
    assert_eq!(refusal(&answer), "400 invalid_client_metadata");
    assert_eq!(app.database().dump(), before);
    let kind = ("content-type", "Application/JSON; charset=UTF-8");
    assert_eq!(app.post_bytes(REGISTER, body, &[kind]).await.status, 201);
}

async fn nobody_can_register_a_privilege(app: App) {
    let plain = register(&app, &json!({ "redirect_uris": [REDIRECT] })).await;
    let before = app.database().dump();
    let privileged = json!({
        "redirect_uris": [REDIRECT],
        "client_id": "00000000-0000-0000-0000-000000000001",
        "id": "00000000-0000-0000-0000-000000000001",
        "client_secret": "mine",
        "client_secret_expires_at": 0,
        "client_id_issued_at": 1,
        "created_at": 1,
        "registration_access_token": "mine",
        "registration_client_uri": "https://evil.example",
        "disabled": true,
        "disabled_at": 1,
        "public": false,
        "trusted": true,
        "verified": true,
        "skip_consent": true,
        "require_pkce": false,
        "account_id": "00000000-0000-0000-0000-000000000001",
        "software_statement": "eyJhbGciOiJub25lIn0.e30.",
        "jwks": { "keys": [] },
        "metadata": { "trusted": true },
    });
    assert_eq!(register(&app, &privileged).await, plain);
    assert_eq!(app.database().dump(), before);
}

/// Wherever the name of an app is shown.
async fn a_name_is_shown_as_text(app: App) {
    let name = "<script>alert(1)</script>\" onx='\u{202e}\u{2066}gnp\u{200b}\u{feff}\u{7}\n &amp;";
    let metadata = json!({
        "redirect_uris": [REDIRECT],
        "client_name": name,
        "logo_uri": "https://evil.example/logo.png",
        "client_uri": "https://evil.example/",
    });
    assert_eq!(register(&app, &metadata).await["client_name"], name, "it is echoed as it came");
    let client = app.client_with(metadata).await;
    let mut ada = app.person("ada").await;
    let sign_in = client.sent_to(&mut app.browser(), &[]).await;
    let mut pages = vec![
        app.browser().get(&sign_in).await,
        client.consent_page(&mut ada, &[]).await,
        app.browser().get(&client.authorize_url(&[("response_type", "token")])).await,
    ];
    client.connect(&mut ada, &[]).await;
    pages.push(ada.get("/settings").await);
    let row = ada.get("/settings").await;
    let id = row.between("action=\"/settings/apps/", "/revoke").expect("a form").to_owned();
    ada.post(&format!("/settings/apps/{id}/revoke"), &[]).await;
    pages.push(ada.get(&format!("/settings?disconnected={id}")).await);
    let shown = "&#60;script&#62;alert(1)&#60;/script&#62;&#34; onx=&#39;gnp &#38;amp;";
    for page in pages {
        assert!(page.text().contains(shown), "{page:?}");
        for trick in ["<script>alert", "\u{202e}", "\u{2066}", "\u{200b}", "\u{feff}", "\u{7}"] {
            assert!(!page.text().contains(trick), "{trick:?}: {page:?}");
        }
        assert!(!page.text().contains("evil.example"), "nothing of theirs is fetched: {page:?}");
    }
}

async fn the_same_app_is_the_same_client_and_nothing_is_written(app: App) {
    let metadata =
        json!({ "redirect_uris": [REDIRECT, "com.example.app:/cb"], "client_name": "A" });
    let first = register(&app, &metadata).await;
    let before = app.database().dump();
    app.advance(DAY);
    // The order of members and of URIs does not make another app.
    let reordered =
        json!({ "client_name": "A", "redirect_uris": ["com.example.app:/cb", REDIRECT] });
    for same in [&metadata, &reordered] {
        let again = register(&app, same).await;
        assert_eq!(again["client_id"], first["client_id"]);
        assert_eq!(again["client_id_issued_at"], first["client_id_issued_at"]);
        assert_eq!(again["redirect_uris"], same["redirect_uris"]);
    }
    assert_eq!(app.database().dump(), before, "nothing is written");
    // Also when all of them are the first.
    let metadata = json!({ "redirect_uris": [REDIRECT], "client_name": "B" });
    let answers = at_once(20, |_| {
        let (app, metadata) = (app.clone(), metadata.clone());
        async move { register(&app, &metadata).await["client_id"].clone() }
    });
    let ids = answers.await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(app.rows("clients").len(), 2);
}

async fn the_port_of_a_loopback_address_makes_no_other_client(app: App) {
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let on =
            |port: &str| json!({ "redirect_uris": [format!("http://{host}{port}/cb"), REDIRECT] });
        let first = register(&app, &on(":4711")).await;
        let before = app.database().dump();
        for port in ["", ":1", ":65535"] {
            let again = register(&app, &on(port)).await;
            assert_eq!(again["client_id"], first["client_id"], "{host}{port}");
            assert_eq!(again["redirect_uris"], on(port)["redirect_uris"], "its own URIs");
        }
        assert_eq!(app.database().dump(), before);
    }
    assert_eq!(app.rows("clients").len(), 3);
    // Elsewhere a port is part of the place.
    for uri in ["https://app.example/", "https://app.example:8443/", "https://localhost:1/"] {
        register(&app, &json!({ "redirect_uris": [uri] })).await;
    }
    assert_eq!(app.rows("clients").len(), 6);
}

async fn other_metadata_is_another_client(app: App) {
    let with = |name: &str, value: Value| {
        let mut metadata = json!({ "redirect_uris": ["https://app.example/cb"] });
        metadata[name] = value;
        metadata
    };
    let mut ids = Vec::new();
    for metadata in [
        json!({ "redirect_uris": ["https://app.example/cb"] }),
        with("redirect_uris", json!(["https://app.example/cb/"])),
        with("redirect_uris", json!(["https://app.example/cb", "https://app.example/cb2"])),
        with("client_name", json!("A")),
        with("client_name", json!("a")),
        with("client_name", json!("A ")),
        with("scope", json!("read")),
        with("grant_types", json!(["authorization_code"])),
        with("type", json!("native")),
        with("application_type", json!("web")),
        with("logo_uri", json!("A")),
        with("client_uri", json!("A")),
        with("software_id", json!("A")),
        with("software_version", json!("A")),
    ] {
        let id = register(&app, &metadata).await["client_id"].as_str().unwrap().to_owned();
        assert!(!ids.contains(&id), "{metadata}");
        ids.push(id);
    }
    assert_eq!(app.rows("clients").len(), ids.len());
}

async fn a_rotation_of_the_root_secret_keeps_clients_what_they_are(app: App) {
    let known = json!({ "redirect_uris": [REDIRECT], "client_name": "known" });
    let id = register(&app, &known).await["client_id"].clone();
    app.advance(Duration::from_secs(1));
    let secrets = app.options().secrets.rotated(RootSecret::new([2; 32]));
    root_secret::rotate(app.service(), &app.operator(), &secrets).await.unwrap();
    let restarted = app.again(|options| options.secrets = secrets).await;
    for app in [&app, &restarted] {
        let before = app.database().dump();
        assert_eq!(register(app, &known).await["client_id"], id);
        assert_eq!(app.database().dump(), before);
    }
    let new = json!({ "redirect_uris": [REDIRECT], "client_name": "new" });
    let id = register(&app, &new).await["client_id"].clone();
    assert_eq!(register(&restarted, &new).await["client_id"], id);
    assert_eq!(app.rows("clients").len(), 2);
}

async fn nobody_changes_a_registered_client(app: App) {
    let client = app.client(REDIRECT).await;
    let ada = app.person("ada").await;
    let before = app.database().dump();
    let cookie = ada.cookie();
    let body = json!({ "client_id": client.id, "redirect_uris": ["https://evil.example/cb"] });
    for path in [REGISTER.to_owned(), format!("{REGISTER}/{}", client.id)] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let headers = [
                JSON,
                ("cookie", cookie.as_str()),
                ("authorization", "Bearer x"),
                ("host", "localhost:4600"),
            ];
            let answer = app.request(method, &path, &headers).await;
            assert!(matches!(answer.status, 401 | 404 | 405), "{method} {path}: {answer:?}");
        }
    }
    // Whoever names the id of another app still registers only their own.
    assert_ne!(register(&app, &body).await["client_id"], client.id.as_str());
    let theirs = |dump: &str| -> Vec<String> { dump.lines().map(str::to_owned).collect() };
    let after = theirs(&app.database().dump());
    assert!(theirs(&before).iter().all(|row| after.contains(row)), "every row is as it was");
    assert_eq!(after.len(), theirs(&before).len() + 1);
    let url = client.authorize_url(&[("redirect_uri", "https://evil.example/cb")]);
    app.browser().get(&url).await.assert_page(400, "This app’s request cannot be answered");
}

async fn there_are_only_so_many_clients(app: App) {
    let app = app.again(|options| options.max_clients = 2).await;
    let numbered =
        |number: u16| json!({ "redirect_uris": [format!("http://localhost:{number}/{number}")] });
    let known = [numbered(1), numbered(2)];
    for metadata in &known {
        register(&app, metadata).await;
    }
    let restarted = app.again(|_| {}).await;
    for app in [&app, &restarted] {
        let before = app.database().dump();
        for number in 3..6 {
            let answer = app.post_json(REGISTER, &numbered(number)).await;
            assert_eq!(refusal(&answer), "429 temporarily_unavailable");
            assert_eq!(answer.number("retry-after"), 3_600);
        }
        for metadata in &known {
            register(app, metadata).await;
        }
        register(app, &json!({ "redirect_uris": ["http://localhost:9/1"] })).await;
        assert_eq!(app.database().dump(), before);
    }
    // When old ones leave, there is room again.
    app.advance(90 * DAY);
    app.keep_house().await;
    register(&app, &numbered(3)).await;
}

/// Soon where there are many of them, and after 90 days where there are few.
async fn a_client_nobody_let_in_is_forgotten(app: App) {
    let roomy = app.again(|options| options.max_clients = 9).await;
    let app = app.again(|options| options.max_clients = 8).await;
    let named = |name: &str| json!({ "redirect_uris": [REDIRECT], "client_name": name });
    let idle = app.client_with(named("idle")).await;
    let connected = app.client_with(named("connected")).await;
    let asked = app.client_with(named("asked")).await;
    let refused = app.client_with(named("refused")).await;
    refused.disable().await;
    let mut ada = app.person("ada").await;
    connected.connect(&mut ada, &[]).await;
    asked.ask(&mut ada, &[], "deny").await;
    let open = async |client: &crate::support::oauth::OAuthClient| {
        app.browser().get(&client.authorize_url(&[])).await.status
    };
    app.advance(DAY - Duration::from_secs(1));
    // To register is no use of a client.
    register(&app, &named("idle")).await;
    app.keep_house().await;
    assert_eq!(app.rows("clients").len(), 4);
    assert_eq!(open(&idle).await, 303);
    app.advance(Duration::from_secs(1));
    assert_eq!(app.rows("clients").len(), 4);
    app.keep_house().await;
    for (client, status) in [(&idle, 400), (&asked, 400), (&connected, 303)] {
        assert_eq!(open(client).await, status);
    }
    assert_eq!(app.rows("clients").len(), 2, "the connected one, and the one that is refused");
    assert_eq!(idle.redeem("x").await.json()["error"], "invalid_client", "it registers again");
    assert_eq!(register(&app, &named("idle")).await["client_id"], idle.id.as_str());
    assert_eq!(register(&app, &named("refused")).await["disabled"], true);
    assert_eq!(open(&idle).await, 303);
    for (wait, status) in [(90 * DAY - Duration::from_secs(1), 303), (Duration::from_secs(1), 400)]
    {
        app.advance(wait);
        roomy.keep_house().await;
        let page = roomy.browser().get(&idle.authorize_url(&[])).await;
        assert_eq!(page.status, status, "{wait:?}");
    }
}

async fn web_pages_may_register_and_nothing_is_cached(app: App) {
    for origin in ["https://app.example", "null", "http://localhost:4600"] {
        let asked = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let preflight = app.request("OPTIONS", REGISTER, &asked).await;
        assert_eq!(preflight.status, 204);
        let body = json!({ "redirect_uris": [REDIRECT] }).to_string().into_bytes();
        let answer = app.post_bytes(REGISTER, body, &[JSON, ("origin", origin)]).await;
        assert_eq!(answer.status, 201);
        assert_eq!(answer.header("cache-control"), "no-store");
        for answer in [preflight, answer] {
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert_eq!(answer.header("access-control-allow-credentials"), "");
        }
    }
}

async fn only_post_registers(app: App) {
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
        let answer = app.request(method, REGISTER, &[]).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method}");
        if method != "HEAD" {
            assert_eq!(refusal(&answer), "405 invalid_request", "{method}");
        }
    }
    assert!(app.rows("clients").is_empty());
}
