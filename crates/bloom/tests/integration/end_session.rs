//! Signing out at an app's wish (OpenID Connect RP-Initiated Logout 1.0): the person is asked, and the
//! way back is the app's own.

use std::time::Duration;

use serde_json::json;

use crate::support::oauth::{END_SESSION, OAuthClient, REDIRECT};
use crate::support::{Answer, App, Browser, PASSWORD, on_both, urlencoded};

on_both!(
    a_person_signs_out_and_goes_back,
    a_link_signs_nobody_out,
    a_way_back_must_be_registered_and_the_apps_own,
    who_is_signed_out_is_not_sent_anywhere,
    a_hint_is_good_after_its_end,
    the_page_says_where_it_leads_and_for_whom,
    a_hint_of_a_session_of_long_ago_leads_nowhere,
    a_posted_hint_stands_in_no_address,
    a_way_back_ends_and_cannot_be_made_up,
    a_post_logout_uri_is_registered_like_a_redirect_uri,
    an_app_on_this_device_stays_the_same_whatever_its_ports,
);

const BACK: &str = "https://app.example/signed-out";

async fn app_with_a_way_back(app: &App) -> OAuthClient {
    let metadata = json!({
        "redirect_uris": [REDIRECT],
        "post_logout_redirect_uris": [BACK],
        "client_name": "Example App",
    });
    app.client_with(metadata).await
}

async fn id_token(client: &OAuthClient, browser: &mut Browser) -> String {
    let tokens = client.connect(browser, &[("scope", "openid")]).await;
    tokens.body["id_token"].as_str().unwrap().to_owned()
}

fn link(parameters: &[(&str, &str)]) -> String {
    format!("{END_SESSION}?{}", urlencoded(parameters))
}

/// Presses the button of the page.
async fn sign_out(browser: &mut Browser, page: &Answer) -> Answer {
    page.assert_page(200, "Sign out?");
    let back = page.between("name=\"back\" value=\"", "\"").unwrap_or_default().to_owned();
    browser.post("/sign-out", &[("back", &back)]).await
}

async fn a_person_signs_out_and_goes_back(app: App) {
    let mut ada = app.person("ada").await;
    let client = app_with_a_way_back(&app).await;
    let tokens = client.connect(&mut ada, &[("scope", "openid")]).await;
    let hint = tokens.body["id_token"].as_str().unwrap();
    let page = ada
        .get(&link(&[
            ("id_token_hint", hint),
            ("client_id", &client.id),
            ("post_logout_redirect_uri", BACK),
            ("state", "a&b=c"),
        ]))
        .await;
    assert!(page.text().contains("Example App") && page.text().contains("ada@example.com"));
    assert!(!page.header("content-security-policy").contains("form-action"), "it ends at the app");
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    let answer = sign_out(&mut ada, &page).await;
    assert_eq!(answer.header("location"), format!("{BACK}?state=a%26b%3Dc"));
    assert!(!ada.is_signed_in().await);
    assert!(app.is_good(&tokens.access).await, "signing out ends nothing of an app");
}

async fn a_link_signs_nobody_out(app: App) {
    let mut ada = app.person("ada").await;
    let client = app_with_a_way_back(&app).await;
    let hint = id_token(&client, &mut ada).await;
    let before = app.database().dump();
    for parameters in [
        vec![],
        vec![("id_token_hint", hint.as_str())],
        vec![("id_token_hint", &hint), ("post_logout_redirect_uri", BACK)],
        vec![("id_token_hint", "nonsense"), ("logout_hint", "ada"), ("ui_locales", "de")],
    ] {
        let page = ada.get(&link(&parameters)).await;
        page.assert_page(200, "Sign out?");
        assert!(page.cookies().is_empty());
    }
    // Nor does a form of another site, which carries no token of ours.
    assert_eq!(ada.post_as_is("/sign-out", &[("back", "x")], &[]).await.status, 403);
    assert_eq!(app.database().dump(), before);
    assert!(ada.is_signed_in().await);
    // Without a way back, the person stays here.
    let page = ada.get(&link(&[])).await;
    sign_out(&mut ada, &page).await.assert_redirect("/sign-in");
    assert!(!ada.is_signed_in().await);
}

async fn a_way_back_must_be_registered_and_the_apps_own(app: App) {
    let mut ada = app.person("ada").await;
    let client = app_with_a_way_back(&app).await;
    let other = app.client_with(json!({ "redirect_uris": ["https://other.example/cb"] })).await;
    let hint = id_token(&client, &mut ada).await;
    let others = id_token(&other, &mut ada).await;
    let access = client.connect(&mut ada, &[("scope", "openid read")]).await.access;
    for (hint, uri) in [
        (hint.as_str(), "https://evil.example/"),
        (&hint, REDIRECT),
        (&hint, "https://app.example/signed-out/"),
        (&hint, "https://app.example/signed-out?x=1"),
        (&hint, "https://APP.example/signed-out"),
        (&hint, "https://app.example:443/signed-out"),
        (&hint, "https://app.example/x/../signed-out"),
        (&hint, "javascript:alert(1)"),
        (&hint, "//evil.example"),
        (&others, BACK),
        (&access, BACK),
        (&format!("{hint}A"), BACK),
        ("", BACK),
    ] {
        let parameters = [
            ("id_token_hint", hint),
            ("client_id", if hint.is_empty() { client.id.as_str() } else { "" }),
            ("post_logout_redirect_uri", uri),
        ];
        let page = ada.get(&link(&parameters)).await;
        page.assert_page(200, "Sign out?");
        assert!(page.between("name=\"back\"", ">").is_none(), "{uri}: {page:?}");
        assert!(page.text().contains("invalid_request: "), "its developer learns why: {page:?}");
    }
    // The app that is named must be the one of the hint, and nothing may be there twice.
    for parameters in [
        vec![("id_token_hint", hint.as_str()), ("client_id", &other.id)],
        vec![("state", "a"), ("state", "b")],
    ] {
        let page = ada.get(&link(&parameters)).await;
        page.assert_page(400, "This app’s request cannot be answered");
    }
    client.disable().await;
    let parameters = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BACK)];
    let page = ada.get(&link(&parameters)).await;
    assert!(page.between("name=\"back\"", ">").is_none(), "{page:?}");
}

async fn who_is_signed_out_is_not_sent_anywhere(app: App) {
    let mut ada = app.person("ada").await;
    let client = app_with_a_way_back(&app).await;
    let hint = id_token(&client, &mut ada).await;
    let parameters =
        [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BACK), ("state", "s")];
    // Anybody can get a hint for an app of theirs, so the link alone must not lead elsewhere.
    let page = app.browser().get(&link(&parameters)).await;
    page.assert_page(200, "You are signed out");
    assert!(page.text().contains(&format!("href=\"{BACK}?state=s\"")), "{page:?}");
    let page = app.browser().get(&link(&[("post_logout_redirect_uri", BACK)])).await;
    page.assert_page(200, "You are signed out");
    assert!(!page.text().contains("href=\"https://app.example"), "{page:?}");
}

async fn a_hint_is_good_after_its_end(app: App) {
    let mut ada = app.person("ada").await;
    let client = app_with_a_way_back(&app).await;
    let hint = id_token(&client, &mut ada).await;
    app.advance(Duration::from_secs(86_400));
    let parameters = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BACK)];
    let page = ada.get(&link(&parameters)).await;
    let answer = sign_out(&mut ada, &page).await;
    assert_eq!(answer.header("location"), BACK);
}

async fn the_page_says_where_it_leads_and_for_whom(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let client = app_with_a_way_back(&app).await;
    let hint = id_token(&client, &mut ada).await;
    let asked = link(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK)]);
    let another = "The app asked for another account than this one.";
    let page = ada.get(&asked).await;
    page.assert_page(200, "Sign out?");
    assert!(page.text().contains("<bdi>https://app.example</bdi>"), "{page:?}");
    assert!(!page.text().contains(another), "{page:?}");
    // Whom the app meant is not told: who is there may not be meant to know.
    let page = eve.get(&asked).await;
    page.assert_page(200, "Sign out?");
    assert!(page.text().contains(another) && page.text().contains("eve@example.com"), "{page:?}");
    assert!(!page.text().contains("ada@example.com"), "{page:?}");
    assert!(eve.is_signed_in().await && ada.is_signed_in().await);
    let answer = sign_out(&mut eve, &page).await;
    assert_eq!(answer.header("location"), BACK);
    assert!(
        !eve.is_signed_in().await && ada.is_signed_in().await,
        "she signed out, and nobody else"
    );
    let page = eve.get(&asked).await;
    page.assert_page(200, "You are signed out");
    assert!(page.text().contains("The way back leads to https://app.example."), "{page:?}");
}

/// OpenID Connect RP-Initiated Logout 1.0 §2: such a request is suspect.
async fn a_hint_of_a_session_of_long_ago_leads_nowhere(app: App) {
    let mut ada = app.person("ada").await;
    let client = app_with_a_way_back(&app).await;
    let tokens = client.connect(&mut ada, &[("scope", "openid")]).await;
    let hint = tokens.body["id_token"].as_str().unwrap();
    let parameters = [("id_token_hint", hint), ("post_logout_redirect_uri", BACK)];
    // What its app has just ended is known.
    assert_eq!(client.revoke(&tokens.refresh).await.status, 200);
    let page = ada.get(&link(&parameters)).await;
    assert!(page.between("name=\"back\"", ">").is_some(), "{page:?}");
    app.advance(Duration::from_secs(40 * 86_400));
    app.keep_house().await;
    ada.sign_in("ada@example.com", PASSWORD).await;
    assert!(app.rows("grants").is_empty());
    let page = ada.get(&link(&parameters)).await;
    page.assert_page(200, "Sign out?");
    assert!(page.between("name=\"back\"", ">").is_none(), "{page:?}");
}

async fn a_posted_hint_stands_in_no_address(app: App) {
    let mut ada = app.person("ada").await;
    let client = app_with_a_way_back(&app).await;
    let hint = id_token(&client, &mut ada).await;
    let fields = [
        ("id_token_hint", hint.as_str()),
        ("client_id", &client.id),
        ("post_logout_redirect_uri", BACK),
        ("state", "x y&z"),
    ];
    // Another site's form comes without our cookie, and the link that it becomes with it.
    let answer = app.browser().post_as_is(END_SESSION, &fields, &[]).await;
    let place = answer.header("location").to_owned();
    assert!(answer.status == 303 && place.starts_with(&format!("{END_SESSION}?")), "{answer:?}");
    for part in hint.split('.').chain([hint.as_str(), &client.id, "app.example"]) {
        assert!(!place.contains(part), "{part} stands in {place}");
    }
    let page = ada.get(&place).await;
    assert!(page.text().contains("<bdi>https://app.example</bdi>"), "{page:?}");
    let answer = sign_out(&mut ada, &page).await;
    assert_eq!(answer.header("location"), format!("{BACK}?state=x%20y%26z"));
    // It ends, and nothing else is taken for it.
    let expired = "This app’s request cannot be answered";
    for other in [format!("{place}A"), format!("{END_SESSION}?sealed=x")] {
        ada.get(&other).await.assert_page(400, expired);
    }
    app.advance(Duration::from_secs(600));
    ada.get(&place).await.assert_page(400, expired);
    // What is wrong with it is told at once.
    let other = app.client("https://other.example/cb").await;
    let wrong = [("id_token_hint", hint.as_str()), ("client_id", &other.id)];
    app.browser().post_as_is(END_SESSION, &wrong, &[]).await.assert_page(400, expired);
    let twice = [("state", "a"), ("state", "b")];
    app.browser().post_as_is(END_SESSION, &twice, &[]).await.assert_page(400, expired);
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (body, status) in [(vec![0xff], 400), (vec![b'a'; 20_000], 413)] {
        let answer = app.browser().post_raw(END_SESSION, body, &[form]).await;
        assert_eq!(answer.status, status);
    }
    let json = ("content-type", "application/json");
    assert_eq!(app.browser().post_raw(END_SESSION, b"{}".to_vec(), &[json]).await.status, 415);
    let headers = [("origin", "https://app.example"), ("host", app.host())];
    let answer = app.request("GET", END_SESSION, &headers).await;
    assert_eq!(answer.header("access-control-allow-origin"), "", "it reads a cookie");
}

async fn a_way_back_ends_and_cannot_be_made_up(app: App) {
    let mut ada = app.person("ada").await;
    let client = app_with_a_way_back(&app).await;
    let hint = id_token(&client, &mut ada).await;
    let parameters = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BACK)];
    let page = ada.get(&link(&parameters)).await;
    let back = page.between("name=\"back\" value=\"", "\"").unwrap().to_owned();
    app.advance(Duration::from_secs(600));
    for sealed in ["https://evil.example", "x", &back, &client.question(&mut ada, &[]).await] {
        let mut bob = app.browser();
        bob.post("/sign-out", &[("back", sealed)]).await.assert_redirect("/sign-in");
    }
}

async fn a_post_logout_uri_is_registered_like_a_redirect_uri(app: App) {
    let answer = app
        .post_json(
            crate::support::oauth::REGISTER,
            &json!({ "redirect_uris": [REDIRECT], "post_logout_redirect_uris": [BACK] }),
        )
        .await;
    assert_eq!(answer.json()["post_logout_redirect_uris"], json!([BACK]), "{answer:?}");
    let plain = app.client(REDIRECT).await;
    assert_ne!(answer.json()["client_id"], json!(plain.id), "other metadata is another client");
    for bad in ["http://app.example/", "javascript:alert(1)", "/out", "https://a.example/*"] {
        let metadata = json!({ "redirect_uris": [REDIRECT], "post_logout_redirect_uris": [bad] });
        let answer = app.post_json(crate::support::oauth::REGISTER, &metadata).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_redirect_uri")));
        assert!(answer.text().contains(bad), "the bad URI is named: {answer:?}");
    }
}

/// A command-line app listens on another port at each start, and registers with what it happens to be.
async fn an_app_on_this_device_stays_the_same_whatever_its_ports(app: App) {
    let mut ada = app.person("ada").await;
    let register = async |port: u16| {
        let metadata = json!({
            "redirect_uris": [format!("http://127.0.0.1:{port}/callback")],
            "post_logout_redirect_uris": [format!("http://127.0.0.1:{}/bye", port + 1)],
            "client_name": "cli",
        });
        app.client_with(metadata).await
    };
    let first = register(40_000).await;
    let hint = id_token(&first, &mut ada).await;
    for port in [40_000, 40_002, 51_234] {
        let client = register(port).await;
        assert_eq!(client.id, first.id, "{port}");
        let uri = format!("http://127.0.0.1:{}/bye", port + 1);
        let parameters = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", &uri)];
        let page = ada.get(&link(&parameters)).await;
        assert!(page.between("name=\"back\"", ">").is_some(), "{port}: {page:?}");
    }
    assert_eq!(app.rows("clients").len(), 1);
    for other in ["http://127.0.0.1:40001/other", "http://localhost:40001/bye", "http://[::1]/bye"]
    {
        let parameters = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", other)];
        let page = ada.get(&link(&parameters)).await;
        assert!(page.between("name=\"back\"", ">").is_none(), "{other}: {page:?}");
    }
}
