//! What every form demands before a field of it is read: one table of what can be wrong, tried on
//! every form there is. Nothing is changed by any of it, and the same form works when sent as it
//! should be.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bloom_service::setup_links;

use crate::images::studio::{brand_of, image_of};
use crate::routes::routes;
use crate::support::{App, Browser, NOTHING, OTHER_PLACE, PASSWORD, on_both, urlencoded};
use crate::teams::{join, member_id, team};

on_both!(
    sign_up_and_sign_in_demand_a_form_of_ours,
    the_setup_form_demands_a_form_of_ours,
    forms_of_a_person_demand_a_form_of_ours,
    no_form_is_taken_without_its_token,
    a_form_of_before_sign_in_is_not_one_of_after,
    a_large_form_is_read_up_to_its_bound,
    a_page_that_says_no_knows_who_is_signed_in,
);

async fn a_page_that_says_no_knows_who_is_signed_in(app: App) {
    let mut ada = app.person("ada").await;
    for path in ["/nope", "/docs/nope", "/images/01941f29-7c00-7aaa-8aaa-aaaaaaaaaaaa"] {
        let page = ada.get(path).await;
        page.assert_page(404, "Page not found");
        assert!(page.text().contains("ada@example.com"), "{path}: {page:?}");
    }
    let page = app.browser().get("/nope").await;
    assert!(!page.text().contains("form_token") && page.text().contains("/sign-in"), "{page:?}");
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A form as it should be sent.
struct Filled<'a> {
    path: &'a str,
    fields: &'a [(&'a str, &'a str)],
    works: u16,
}

/// Sends the form in every wrong way, then as it should be.
async fn try_everything(browser: &mut Browser, form: Filled<'_>) {
    let app = browser.app.clone();
    let before = app.database().dump();
    let token = browser.form_token().await;
    foreign_tokens(browser, &form).await;
    let fields = [&[("form_token", token.as_str())], form.fields].concat();
    foreign_places(browser, &form, &fields).await;
    unreadable_bodies(browser, &form, &fields).await;
    other_types(browser, &form, &fields).await;
    assert_eq!(app.database().dump(), before, "{}: nothing is changed", form.path);
    // Origin may be there, when it is ours, and fields that nobody knows.
    let fields = [&fields[..], &[("unknown", "x")]].concat();
    let origin = app.options().public_url;
    let answer = browser.post_as_is(form.path, &fields, &[("origin", origin)]).await;
    assert_eq!(answer.status, form.works, "{}: {answer:?}", form.path);
}

async fn foreign_tokens(browser: &mut Browser, form: &Filled<'_>) {
    let own = browser.form_token().await;
    let other = browser.app.browser().form_token().await;
    let first = if own.starts_with('A') { "B" } else { "A" };
    let tampered = format!("{first}{}", &own[1..]);
    let padded = format!("{own}=");
    for token in ["", "x", &own[1..], &tampered, &padded, &other, "é", &"a".repeat(1000)] {
        let fields = [&[("form_token", token)], form.fields].concat();
        let page = browser.post_as_is(form.path, &fields, &[]).await;
        page.assert_page(403, "This form has expired");
    }
    let page = browser.post_as_is(form.path, form.fields, &[]).await;
    page.assert_page(403, "This form has expired");
    // A good token without the cookie that it was made for.
    let fields = [&[("form_token", own.as_str())], form.fields].concat();
    let page = browser.app.browser().post_as_is(form.path, &fields, &[]).await;
    page.assert_page(403, "This form has expired");
    // In the query it is not in the form.
    let path = format!("{}?form_token={own}", form.path);
    let page = browser.post_as_is(&path, form.fields, &[]).await;
    page.assert_page(403, "This form has expired");
}

async fn foreign_places(browser: &mut Browser, form: &Filled<'_>, fields: &[(&str, &str)]) {
    let ours = browser.app.options().public_url;
    for origin in [
        "null",
        "",
        "https://evil.example",
        &ours.replace("http:", "https:"),
        &format!("{ours}0"),
        &format!("{ours}/"),
        &ours.to_uppercase(),
        "http://localhost",
        "http://localhost:4600.evil.example",
    ] {
        let page = browser.post_as_is(form.path, fields, &[("origin", origin)]).await;
        page.assert_page(403, "This form has expired");
    }
    let twice = [("origin", ours), ("origin", "https://evil.example")];
    let page = browser.post_as_is(form.path, fields, &twice).await;
    page.assert_page(403, "This form has expired");
    // What a proxy claims is not what the browser said.
    for host in [OTHER_PLACE, "127.0.0.1:4600", "localhost", ""] {
        let request = Request::post(form.path)
            .header("host", host)
            .header("x-forwarded-host", browser.app.host())
            .header("cookie", browser.cookie())
            .header(FORM.0, FORM.1);
        let body = Body::from(urlencoded(fields));
        let page = browser.app.send(request.body(body).unwrap()).await;
        page.assert_page(400, "This is not the address of this server");
    }
}

async fn unreadable_bodies(browser: &mut Browser, form: &Filled<'_>, fields: &[(&str, &str)]) {
    let good = urlencoded(fields);
    let twice = |name: &str| format!("{good}&{name}=x").into_bytes();
    let last = fields.last().unwrap().0;
    for (body, status) in [
        (twice("form_token"), 400),
        (twice(last), 400),
        (format!("{good}&a=%ff").into_bytes(), 400),
        (format!("{good}&%ff=a").into_bytes(), 400),
        (format!("{good}&a=%00").into_bytes(), 400),
        (format!("{good}&a=b\0").into_bytes(), 400),
        ([good.as_bytes(), b"&a=\xc3\x28"].concat(), 400),
        (format!("{good}&a={}", "a".repeat(64 * 1024)).into_bytes(), 413),
        (vec![b'&'; 1 << 20], 413),
    ] {
        let answer = browser.post_raw(form.path, body, &[FORM]).await;
        assert_eq!(answer.status, status, "{}: {answer:?}", form.path);
        assert!(answer.text().contains("Nothing was changed."), "{answer:?}");
    }
}

async fn other_types(browser: &mut Browser, form: &Filled<'_>, fields: &[(&str, &str)]) {
    let body = urlencoded(fields).into_bytes();
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "x"] {
        let answer = browser.post_raw(form.path, body.clone(), &[("content-type", kind)]).await;
        answer.assert_page(415, "This form cannot be read");
    }
    let answer = browser.post_raw(form.path, body, &[]).await;
    answer.assert_page(415, "This form cannot be read");
    let json = b"{\"email\":\"eve@example.com\"}".to_vec();
    let answer = browser.post_raw(form.path, json, &[("content-type", "application/json")]).await;
    answer.assert_page(415, "This form cannot be read");
}

async fn sign_up_and_sign_in_demand_a_form_of_ours(app: App) {
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    let mut browser = app.browser();
    try_everything(&mut browser, Filled { path: "/sign-up", fields: &fields, works: 303 }).await;
    let mut browser = app.browser();
    try_everything(&mut browser, Filled { path: "/sign-in", fields: &fields, works: 303 }).await;
}

async fn the_setup_form_demands_a_form_of_ours(app: App) {
    let token = setup_links::issue(app.service(), &app.operator()).await.unwrap().unwrap();
    let path = format!("/setup/{}", token.expose());
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    let mut browser = app.browser();
    try_everything(&mut browser, Filled { path: &path, fields: &fields, works: 303 }).await;
}

async fn forms_of_a_person_demand_a_form_of_ours(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await;
    let path = format!("/settings/api-keys/{}", key.id);
    for (path, fields, works) in [
        ("/settings/api-keys", &[("name", "more")][..], 200),
        (&format!("{path}/rotate"), &[("overlap", "1h")], 200),
        (&format!("{path}/end-overlap"), &[], 303),
        (&format!("{path}/revoke"), &[("confirmed", "ci")], 303),
        // Last, because it ends the session.
        ("/sign-out", &[], 303),
    ] {
        try_everything(&mut ada, Filled { path, fields, works }).await;
    }
}

/// Where forms are sent that other sites may send, since an app asks by them: they are led on, without anything.
const FROM_ANYWHERE: [&str; 2] = ["/api/auth/oauth2/authorize", "/api/auth/oauth2/end-session"];

/// Each form that the router takes, about things that are there, and in the name of somebody who may do it.
async fn no_form_is_taken_without_its_token(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let (brand, key) = (brand_of(&app, "ada@example.com"), ada.create_key("ci").await);
    let (image, own) = (image_of(&app, &brand), ada.create_app(&[]).await);
    let team = team(&mut ada, "Engines").await;
    join(&mut ada, &team, &mut bob, "member").await;
    let member = member_id(&mut ada, &team, "bob@example.com").await;
    let token = "a".repeat(32);
    let things = [
        ("/images/{id}", format!("/images/{image}")),
        ("/brands/{id}", format!("/brands/{brand}")),
        ("/settings/api-keys/{id}", format!("/settings/api-keys/{}", key.id)),
        ("/settings/workspaces/{id}", format!("/settings/workspaces/{team}")),
        ("/settings/developer/{id}", own.page()),
        ("/members/{one}", format!("/members/{member}")),
        ("{token}", token),
        ("{id}", NOTHING.to_owned()),
        ("{one}", NOTHING.to_owned()),
    ];
    let fields = [
        ("name", "Engines"),
        ("confirmed", "ci"),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("key", key.secret.as_str()),
        ("prompt", "x"),
        ("ratio", "1:1"),
        ("role", "admin"),
        ("decision", "accept"),
        ("to", "off"),
    ];
    let foreign = bob.form_token().await;
    let before = app.database().dump();
    let mut tried = 0;
    for route in routes().into_iter().filter(|route| route.is_posted) {
        if FROM_ANYWHERE.contains(&route.path.as_str()) {
            continue;
        }
        let path = things.iter().fold(route.path, |path, (name, thing)| path.replace(name, thing));
        for token in [None, Some(""), Some("x"), Some(foreign.as_str())] {
            let token = token.map(|token| ("form_token", token));
            let fields: Vec<_> = token.into_iter().chain(fields).collect();
            let page = match path.ends_with("/logo") {
                true => ada.post_raw(&path, parts(token.as_slice()), &[PARTS]).await,
                false => ada.post_as_is(&path, &fields, &[]).await,
            };
            assert_eq!(page.status, 403, "{path}: {page:?}");
            page.assert_page(403, "This form has expired");
        }
        tried += 1;
    }
    assert!(tried > 50, "{tried} forms");
    assert_eq!(app.database().dump(), before, "nothing is changed");
    assert!(ada.is_signed_in().await && bob.is_signed_in().await);
}

const PARTS: (&str, &str) = ("content-type", "multipart/form-data; boundary=frontier");

/// Fields as a form with a file sends them.
fn parts(fields: &[(&str, &str)]) -> Vec<u8> {
    let part = |(name, value): &(&str, &str)| {
        let head = format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"");
        format!("{head}\r\n\r\n{value}\r\n")
    };
    let body: String = fields.iter().map(part).collect();
    format!("{body}--frontier--\r\n").into_bytes()
}

/// Login cross-site request forgery: a form that was open before somebody signed in or out in this
/// browser belongs to nobody any more.
async fn a_form_of_before_sign_in_is_not_one_of_after(app: App) {
    let mut browser = app.browser();
    let before = browser.form_token().await;
    browser.sign_up("ada@example.com").await.assert_redirect("/settings#api-keys");
    let during = browser.form_token().await;
    assert_ne!(before, during);
    let fields = [("form_token", before.as_str()), ("name", "ci")];
    let page = browser.post_as_is("/settings/api-keys", &fields, &[]).await;
    page.assert_page(403, "This form has expired");
    browser.post("/sign-out", &[]).await.assert_redirect("/sign-in");
    let fields =
        [("form_token", during.as_str()), ("email", "ada@example.com"), ("password", PASSWORD)];
    let page = browser.post_as_is("/sign-in", &fields, &[]).await;
    page.assert_page(403, "This form has expired");
    // The token hangs on the cookie alone: a page may stay open as long as the browser does.
    let token = browser.form_token().await;
    app.advance(Duration::from_secs(86_400));
    let fields =
        [("form_token", token.as_str()), ("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.post_as_is("/sign-in", &fields, &[]).await.status, 303);
}

async fn a_large_form_is_read_up_to_its_bound(app: App) {
    let mut ada = app.person("ada").await;
    let token = ada.form_token().await;
    let start = format!("form_token={token}&name=ci&padding=");
    for (size, status) in [(64 * 1024, 200), (64 * 1024 + 1, 413)] {
        let body = format!("{start}{}", "x".repeat(size - start.len()));
        let answer = ada.post_raw("/settings/api-keys", body.into_bytes(), &[FORM]).await;
        assert_eq!(answer.status, status, "{size} bytes");
    }
}
