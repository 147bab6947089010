//! Clients that are named by the URL of a document: what it says counts, and it is fetched while a person
//! is at the authorization endpoint and at no other time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::documents::{SITE, World, document};
use crate::support::oauth::{OAuthClient, REDIRECT, Tokens, claims, parameter};
use crate::support::{Answer, App, at_once, on_both};

on_both!(
    a_client_is_what_its_document_says,
    only_the_documents_own_host_is_verified,
    a_document_that_is_none_is_refused_and_forgotten_after_a_minute,
    a_url_that_names_no_client_is_not_fetched,
    a_document_is_kept_for_five_minutes_to_a_day,
    what_the_document_said_at_the_consent_counts,
    a_changed_document_is_asked_about,
    the_operator_refuses_and_vouches_for_it,
    a_stranger_makes_us_fetch_only_so_much,
    a_client_is_known_by_one_name,
    an_error_goes_to_a_verified_app_at_once,
    junk_of_strangers_keeps_nobody_from_a_client,
    hosts_that_never_answer_keep_nobody_from_a_client,
    a_yes_that_counts_for_nothing_writes_nothing_of_a_document,
);

async fn with_a_world(app: App) -> (App, Arc<World>) {
    let world = World::start().await;
    let fetcher = world.clone();
    (app.again(move |options| options.fetcher = Some(fetcher)).await, world)
}

async fn authorize(app: &App, client_id: &str) -> Answer {
    let redirect_uri = format!("{SITE}/callback");
    let client = OAuthClient { app: app.clone(), id: client_id.to_owned(), redirect_uri };
    app.browser().get(&client.authorize_url(&[])).await
}

async fn a_client_is_what_its_document_says(app: App) {
    let (app, world) = with_a_world(app).await;
    let mut ada = app.person("ada").await;
    let client = world.client(&app, "/client.json", &json!({}));
    let before = app.database().dump();
    let page = client.consent_page(&mut ada, &[("scope", "openid read")]).await;
    assert!(page.text().contains("Documented App"), "{page:?}");
    assert_eq!(app.database().dump(), before, "nothing is written before somebody agrees");
    let tokens = client.connect(&mut ada, &[("scope", "openid read"), ("prompt", "consent")]).await;
    assert_eq!(world.asked(), 1, "once for all of that");
    assert_eq!(claims(&tokens.access)["client_id"], json!(client.id));
    assert_eq!(claims(tokens.body["id_token"].as_str().unwrap())["aud"], json!(client.id));
    assert!(app.is_good(&tokens.access).await);
    let told = client.introspect(&tokens.access).await.json();
    assert_eq!((&told["active"], &told["client_id"]), (&json!(true), &json!(client.id)));
    // Whatever happens to the document, tokens are not a reason to ask for it.
    world.put("/client.json", "HTTP/1.1 500 Gone Wrong\r\ncontent-length: 0\r\n\r\n");
    app.advance(Duration::from_secs(2 * 86_400));
    let tokens = Tokens::of(&client.refresh(&tokens.refresh).await);
    assert!(app.is_good(&tokens.access).await);
    assert_eq!(client.revoke(&tokens.refresh).await.status, 200);
    assert!(!app.is_good(&tokens.access).await);
    assert_eq!(world.asked(), 1);
    let metadata = app.get("/.well-known/oauth-authorization-server", &[]).await.json();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
}

async fn only_the_documents_own_host_is_verified(app: App) {
    let (app, world) = with_a_world(app).await;
    let mut ada = app.person("ada").await;
    for (index, (redirect, is_verified)) in [
        ("https://client.example/callback", true),
        ("https://other.example/callback", false),
        ("https://sub.client.example/callback", false),
        ("https://client.example:8443/callback", false),
        ("http://127.0.0.1/callback", false),
        ("com.client.example:/callback", false),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/client{index}.json");
        let client = world.client(&app, &path, &json!({ "redirect_uris": [redirect] }));
        let page = client.consent_page(&mut ada, &[]).await;
        let badge = ">Verified</span>";
        assert_eq!(page.text().contains(badge), is_verified, "{redirect}: {page:?}");
        assert_eq!(
            page.text().contains("is certain that this app is of"),
            is_verified,
            "{redirect}"
        );
        client.connect(&mut ada, &[]).await;
    }
    let mut list = String::new();
    for page in ["/settings", "/settings?apps=4"] {
        list.push_str(ada.get(page).await.text());
    }
    let count = |text: &str| list.matches(text).count();
    assert_eq!((count("unverified app"), count("<dd>This device</dd>")), (3, 2), "{list}");
    assert_eq!(count(">Verified</span>"), 1, "{list}");
}

/// The same answer, said to be HTML.
fn as_a_page(answer: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(answer).replace("application/json", "text/html").into_bytes()
}

async fn a_document_that_is_none_is_refused_and_forgotten_after_a_minute(app: App) {
    let (app, world) = with_a_world(app).await;
    app.person("ada").await;
    let before = app.database().dump();
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let of = |changes: Value| document("/c.json", &changes).to_string();
    let answered = |body: &[u8]| {
        let head = format!("{json}content-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let twice = of(json!({})).replacen('{', "{\"client_id\":\"x\",", 1);
    let bad_utf8 = of(json!({})).replace("Documented", "\u{7f}").into_bytes();
    let bad_utf8: Vec<u8> =
        bad_utf8.into_iter().map(|b| if b == 0x7f { 0xff } else { b }).collect();
    let large = of(json!({ "client_name": "x".repeat(17_000) }));
    let elsewhere =
        format!("HTTP/1.1 302 Found\r\nlocation: {SITE}/good.json\r\ncontent-length: 0\r\n\r\n");
    world.client(&app, "/good.json", &json!({}));
    for (what, answer) in [
        ("other bytes", answered(of(json!({ "client_id": format!("{SITE}/C.json") })).as_bytes())),
        ("no id", answered(of(json!({ "client_id": null })).as_bytes())),
        ("two ids", answered(twice.as_bytes())),
        ("a secret", answered(of(json!({ "client_secret": "s" })).as_bytes())),
        (
            "a secret method",
            answered(of(json!({ "token_endpoint_auth_method": "client_secret_basic" })).as_bytes()),
        ),
        ("no redirect", answered(of(json!({ "redirect_uris": [] })).as_bytes())),
        (
            "a bad redirect",
            answered(of(json!({ "redirect_uris": ["http://x.example/"] })).as_bytes()),
        ),
        ("not JSON", answered(b"<html>")),
        ("not UTF-8", answered(&bad_utf8)),
        ("too large", answered(large.as_bytes())),
        ("a page", as_a_page(&answered(of(json!({})).as_bytes()))),
        ("elsewhere", elsewhere.into_bytes()),
        ("nothing", b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()),
    ] {
        world.put("/c.json", answer);
        let asked = world.asked();
        for _ in 0..2 {
            let page = authorize(&app, &format!("{SITE}/c.json")).await;
            page.assert_page(400, "This app’s request cannot be answered");
            assert!(
                page.text().contains("invalid_client: the document at client_id"),
                "{what}: {page:?}"
            );
        }
        assert_eq!(world.asked() - asked, 1, "{what}: a failure is remembered");
        app.advance(Duration::from_secs(60));
    }
    world.client(&app, "/c.json", &json!({}));
    let page = authorize(&app, &format!("{SITE}/c.json")).await;
    assert!(page.header("location").starts_with("/sign-in"), "it is mended: {page:?}");
    assert_eq!(app.database().dump(), before);
}

async fn a_url_that_names_no_client_is_not_fetched(app: App) {
    let (app, world) = with_a_world(app).await;
    for id in [
        "https://client.example",
        "https://client.example/",
        "https://CLIENT.example/c.json",
        "https://client.example:443/c.json",
        "https://user@client.example/c.json",
        "https://client.example/c.json?x=1",
        "https://client.example/c.json#x",
        "https://client.example/a/../c.json",
        "https://client.example/%2e%2e/c.json",
        "http://client.example/c.json",
        "HTTPS://client.example/c.json",
        "file:///etc/passwd",
    ] {
        let page = authorize(&app, id).await;
        page.assert_page(400, "This app’s request cannot be answered");
    }
    assert_eq!(world.asked(), 0);
    let url = format!("{SITE}/c.json");
    for (path, fields) in [
        ("/api/auth/oauth2/token", vec![("grant_type", "refresh_token"), ("refresh_token", "x")]),
        ("/api/auth/oauth2/revoke", vec![("token", "x")]),
        ("/api/auth/oauth2/introspect", vec![("token", "x")]),
    ] {
        app.post_form(path, &[&fields[..], &[("client_id", url.as_str())]].concat()).await;
    }
    assert_eq!(world.asked(), 0, "nor anywhere else");
}

async fn a_document_is_kept_for_five_minutes_to_a_day(app: App) {
    let (app, world) = with_a_world(app).await;
    for (index, (headers, kept)) in [
        ("", 300),
        ("cache-control: no-store\r\n", 300),
        ("cache-control: max-age=10\r\n", 300),
        ("cache-control: max-age=3600\r\n", 3_600),
        ("cache-control: max-age=99999999\r\n", 86_400),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/kept{index}.json");
        world.put_document(&path, &document(&path, &json!({})), headers);
        let (url, asked) = (format!("{SITE}{path}"), world.asked());
        authorize(&app, &url).await;
        app.advance(Duration::from_secs(kept - 1));
        authorize(&app, &url).await;
        assert_eq!(world.asked() - asked, 1, "{headers}");
        app.advance(Duration::from_secs(1));
        authorize(&app, &url).await;
        assert_eq!(world.asked() - asked, 2, "{headers}");
    }
}

async fn what_the_document_said_at_the_consent_counts(app: App) {
    let (app, world) = with_a_world(app).await;
    let mut ada = app.person("ada").await;
    let client = world.client(&app, "/c.json", &json!({}));
    let code = client.code(&mut ada, &[]).await;
    // Another person lets in what the document says later.
    world.client(&app, "/c.json", &json!({ "grant_types": ["authorization_code"] }));
    app.advance(Duration::from_secs(300));
    let mut bob = app.person("bob").await;
    let code_of_bob = client.code(&mut bob, &[]).await;
    let tokens = Tokens::of(&client.redeem(&code_of_bob).await);
    assert!(tokens.refresh.is_empty());
    // Her code has ended, so she lets it in at the old document and redeems after the change.
    assert_eq!(client.redeem(&code).await.status, 400);
    world.client(&app, "/c.json", &json!({}));
    app.advance(Duration::from_secs(300));
    let again = [("prompt", "consent")];
    let code = client.code(&mut ada, &again).await;
    let changed = app.again(|_| {}).await;
    world.client(&app, "/c.json", &json!({ "grant_types": ["authorization_code"] }));
    let client_after = OAuthClient { app: changed.clone(), ..client.clone() };
    client_after.code(&mut bob.before(&changed), &again).await;
    let tokens = Tokens::of(&client_after.redeem(&code).await);
    assert!(!tokens.refresh.is_empty(), "by what it said when she agreed");
}

async fn a_changed_document_is_asked_about(app: App) {
    let (app, world) = with_a_world(app).await;
    let mut ada = app.person("ada").await;
    let client = world.client(&app, "/c.json", &json!({}));
    let tokens = client.connect(&mut ada, &[]).await;
    let sent = client.sent_to(&mut ada, &[]).await;
    assert!(parameter(&sent, "code").is_some(), "remembered: {sent}");
    app.advance(Duration::from_secs(300));
    let sent = client.sent_to(&mut ada, &[]).await;
    assert!(parameter(&sent, "code").is_some(), "the same document again: {sent}");
    world.client(&app, "/c.json", &json!({ "client_name": "Your Bank" }));
    app.advance(Duration::from_secs(300));
    let sent = client.sent_to(&mut ada, &[]).await;
    assert!(sent.starts_with("/authorize?request="), "{sent}");
    let silent = client.sent_to(&mut ada, &[("prompt", "none")]).await;
    assert_eq!(parameter(&silent, "error").as_deref(), Some("consent_required"));
    assert!(app.is_good(&tokens.access).await);
    // A redirect URI that it no longer has is none.
    world.client(&app, "/c.json", &json!({ "redirect_uris": ["https://client.example/new"] }));
    app.advance(Duration::from_secs(300));
    let page = ada.get(&client.authorize_url(&[])).await;
    page.assert_page(400, "This app’s request cannot be answered");
}

async fn the_operator_refuses_and_vouches_for_it(app: App) {
    let (app, world) = with_a_world(app).await;
    let mut ada = app.person("ada").await;
    let elsewhere = json!({ "redirect_uris": ["https://elsewhere.example/cb"] });
    let client = world.client(&app, "/c.json", &elsewhere);
    let tokens = client.connect(&mut ada, &[]).await;
    let (operator, listed) = (app.operator(), bloom_service::clients::list);
    let there = listed(app.service(), &operator).await.unwrap().pop().unwrap();
    assert_eq!(there.identifier(), client.id);
    let page = client.consent_page(&mut ada, &[("prompt", "consent")]).await;
    assert!(page.text().contains("Unverified app"));
    bloom_service::clients::verify(app.service(), &operator, there.id).await.unwrap();
    let page = client.consent_page(&mut ada, &[("prompt", "consent")]).await;
    assert!(page.text().contains(">Verified</span>"), "{page:?}");
    bloom_service::clients::unverify(app.service(), &operator, there.id).await.unwrap();
    bloom_service::clients::disable(app.service(), &operator, there.id).await.unwrap();
    assert!(!app.is_good(&tokens.access).await);
    ada.get(&client.authorize_url(&[])).await.assert_page(400, "This app is refused here");
    let answer = client.refresh(&tokens.refresh).await;
    assert_eq!(answer.json()["error"], "unauthorized_client");
    bloom_service::clients::enable(app.service(), &operator, there.id).await.unwrap();
    assert!(app.is_good(&tokens.access).await);
}

async fn a_stranger_makes_us_fetch_only_so_much(app: App) {
    let (app, world) = with_a_world(app).await;
    let mut statuses = Vec::new();
    for index in 0..12 {
        statuses.push(authorize(&app, &format!("{SITE}/{index}.json")).await.status);
    }
    assert_eq!((world.asked(), &statuses[9..]), (10, &[400, 429, 429][..]), "of one host");
    for index in 0..12 {
        authorize(&app, &format!("https://site{index}.example/c.json")).await;
    }
    assert_eq!(world.asked(), 18, "from one address: {statuses:?}");
    let page = authorize(&app, "https://another.example/c.json").await;
    assert_eq!(page.status, 429);
    assert!(page.number("retry-after") >= 1, "{page:?}");
    app.advance(Duration::from_secs(60));
    let client = world.client(&app, "/c.json", &json!({}));
    let page = authorize(&app, &client.id).await;
    assert!(page.header("location").starts_with("/sign-in"), "{page:?}");
    // What is known costs nobody anything.
    for _ in 0..30 {
        assert_eq!(authorize(&app, &client.id).await.status, 303);
    }
}

/// Neither the id under which it is kept, nor another spelling, is the client.
async fn a_client_is_known_by_one_name(app: App) {
    let (app, world) = with_a_world(app).await;
    let mut ada = app.person("ada").await;
    let client = world.client(&app, "/c.json", &json!({}));
    let tokens = client.connect(&mut ada, &[]).await;
    let there = bloom_service::clients::list(app.service(), &app.operator()).await.unwrap();
    let id = there[0].id.to_string();
    let by_id = OAuthClient { id: id.clone(), ..client.clone() };
    let page = ada.get(&by_id.authorize_url(&[])).await;
    assert!(page.text().contains("invalid_client"), "{page:?}");
    assert_eq!(by_id.introspect(&tokens.access).await.summary(), "200 {\"active\":false}");
    let other = world.client(&app, "/d.json", &json!({}));
    for asker in [&other, &by_id] {
        let answer = asker.refresh(&tokens.refresh).await;
        assert!(matches!(answer.status, 400 | 401), "{answer:?}");
        asker.revoke(&tokens.refresh).await;
    }
    assert!(app.is_good(&tokens.access).await);
    assert!(!Tokens::of(&client.refresh(&tokens.refresh).await).refresh.is_empty());
}

/// What is certain is whose place it is: the document lies there, or the operator vouches for it.
async fn an_error_goes_to_a_verified_app_at_once(app: App) {
    let (app, world) = with_a_world(app).await;
    let client = world.client(&app, "/c.json", &json!({}));
    let mut ada = app.person("ada").await;
    let signed_out = &mut app.browser();
    let before = app.database().dump();
    let assert_error = |url: &str, code: &str| {
        assert!(url.starts_with(&format!("{SITE}/callback?error=")), "{url}");
        assert_eq!(parameter(url, "error").as_deref(), Some(code));
        assert_eq!(parameter(url, "state").as_deref(), Some("state-1"));
        assert_eq!(parameter(url, "iss").as_deref(), Some("http://localhost:4600/api/auth"));
    };
    assert_error(&client.sent_to(signed_out, &[("prompt", "none")]).await, "login_required");
    assert_error(&client.sent_to(&mut ada, &[("prompt", "none")]).await, "consent_required");
    for browser in [signed_out, &mut ada] {
        let mistakes = [
            (("scope", "nonsense"), "invalid_scope"),
            (("response_type", "token"), "unsupported_response_type"),
            (("resource", "https://elsewhere.example"), "invalid_target"),
        ];
        for (mistake, code) in mistakes {
            assert_error(&client.sent_to(browser, &[mistake]).await, code);
        }
    }
    assert_eq!(app.database().dump(), before);
    // Nothing is certain of another place, nor of what is on the device.
    let explained = "This app has to ask you first";
    let silent = [("prompt", "none")];
    for (path, redirect) in
        [("/e.json", "https://elsewhere.example/cb"), ("/d.json", "http://127.0.0.1/cb")]
    {
        let elsewhere = world.client(&app, path, &json!({ "redirect_uris": [redirect] }));
        let page = app.browser().get(&elsewhere.authorize_url(&silent)).await;
        page.assert_page(400, explained);
    }
    // The operator vouches for one, and does no longer.
    let (operator, vouched) = (app.operator(), app.client(REDIRECT).await);
    let id = vouched.id.parse().unwrap();
    app.browser().get(&vouched.authorize_url(&silent)).await.assert_page(400, explained);
    bloom_service::clients::verify(app.service(), &operator, id).await.unwrap();
    let sent = vouched.sent_to(&mut app.browser(), &silent).await;
    assert!(sent.starts_with(&format!("{REDIRECT}?error=login_required&")), "{sent}");
    bloom_service::clients::unverify(app.service(), &operator, id).await.unwrap();
    app.browser().get(&vouched.authorize_url(&silent)).await.assert_page(400, explained);
}

/// A server behind a proxy, so that strangers come from many places.
async fn behind_a_proxy(app: &App) -> (App, Arc<World>) {
    let world = World::start().await;
    let fetcher = world.clone();
    let app = app.again(move |options| {
        options.fetcher = Some(fetcher);
        options.trusted_proxies = 1;
    });
    (app.await, world)
}

async fn authorize_from(app: &App, client_id: &str, address: &str) -> Answer {
    let redirect_uri = format!("{SITE}/callback");
    let client = OAuthClient { app: app.clone(), id: client_id.to_owned(), redirect_uri };
    let headers = [("host", app.host()), ("x-forwarded-for", address)];
    app.get(&client.authorize_url(&[]), &headers).await
}

async fn junk_of_strangers_keeps_nobody_from_a_client(app: App) {
    let (app, world) = behind_a_proxy(&app).await;
    let mut ada = app.person("ada").await;
    let client = world.client(&app, "/client.json", &json!({}));
    client.connect(&mut ada, &[]).await;
    let question = client.question(&mut ada, &[("prompt", "consent")]).await;
    let newcomer = world.client(&app, "/new.json", &json!({}));
    // What was fetched is due again, while the question is still open.
    app.advance(Duration::from_secs(301));
    let unseen = app.again(|_| {}).await;
    for app in [&app, &unseen] {
        let asked = world.asked();
        for number in 0..70 {
            let junk = format!("{SITE}/junk{number}.json");
            authorize_from(app, &junk, &format!("203.0.113.{number}")).await;
        }
        assert_eq!(world.asked() - asked, 60, "of one host, whoever asks");
        let page = authorize_from(app, &newcomer.id, "198.51.100.1").await;
        page.assert_page(503, "The server is busy");
        assert!((1..=60).contains(&page.number("retry-after")), "{page:?}");
    }
    let fields = [("request", question.as_str()), ("decision", "allow")];
    let sent = ada.post("/authorize", &fields).await;
    assert!(parameter(sent.header("location"), "code").is_some(), "{sent:?}");
    for app in [&app, &unseen] {
        let asked = world.asked();
        let sent = authorize_from(app, &client.id, "198.51.100.1").await;
        assert!(sent.header("location").starts_with("/sign-in"), "{sent:?}");
        assert_eq!(world.asked() - asked, 1, "it is asked what it says now");
    }
    // Whoever has used up their own room goes by what it said last, for a day.
    app.advance(Duration::from_secs(301));
    for number in 0..25 {
        authorize_from(&app, &format!("https://s{number}.example/c.json"), "198.51.100.2").await;
    }
    let asked = world.asked();
    let sent = authorize_from(&app, &client.id, "198.51.100.2").await;
    assert!(sent.header("location").starts_with("/sign-in"), "{sent:?}");
    assert_eq!(world.asked(), asked);
    app.advance(Duration::from_secs(86_400));
    for number in 0..25 {
        authorize_from(&app, &format!("https://s{number}.example/c.json"), "198.51.100.2").await;
    }
    assert_eq!(authorize_from(&app, &client.id, "198.51.100.2").await.status, 429);
    let sent = authorize_from(&app, &client.id, "198.51.100.3").await;
    assert!(sent.header("location").starts_with("/sign-in"), "{sent:?}");
}

async fn hosts_that_never_answer_keep_nobody_from_a_client(app: App) {
    let (app, world) = behind_a_proxy(&app).await;
    let mut ada = app.person("ada").await;
    let client = world.client(&app, "/client.json", &json!({}));
    client.connect(&mut ada, &[]).await;
    app.advance(Duration::from_secs(301));
    let asked = world.asked();
    for number in 0..20 {
        world.never_answer(&format!("/{number}.json"));
    }
    let strangers = app.clone();
    let dripping = tokio::spawn(at_once(20, move |number| {
        let app = strangers.clone();
        async move {
            let url = format!("https://slow{number}.example/{number}.json");
            authorize_from(&app, &url, &format!("203.0.113.{number}")).await.status
        }
    }));
    while world.asked() - asked < 8 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sent = authorize_from(&app, &client.id, "198.51.100.1").await;
    assert!(sent.header("location").starts_with("/sign-in"), "{sent:?}");
    assert_eq!(world.asked() - asked, 9, "it was asked, beside those that hang");
    let page = authorize_from(&app, &format!("{SITE}/new.json"), "198.51.100.1").await;
    page.assert_page(503, "The server is busy");
    assert_eq!(page.number("retry-after"), 1);
    let mut statuses = dripping.await.unwrap();
    statuses.sort_unstable();
    assert_eq!(statuses, [[400; 8].as_slice(), &[503; 12]].concat());
}

/// Not even what the document says now, nor that somebody was there.
async fn a_yes_that_counts_for_nothing_writes_nothing_of_a_document(app: App) {
    let (app, world) = with_a_world(app).await;
    let mut ada = app.person("ada").await;
    let client = world.client(&app, "/c.json", &json!({}));
    client.connect(&mut ada, &[]).await;
    let question = client.question(&mut ada, &[("prompt", "consent")]).await;
    app.advance(Duration::from_secs(1));
    ada.revoke_app().await;
    app.advance(Duration::from_secs(1));
    let before = app.database().dump();
    let fields = [("request", question.as_str()), ("decision", "allow")];
    ada.post("/authorize", &fields).await.assert_page(400, "This request has expired");
    assert_eq!(app.database().dump(), before);
}
