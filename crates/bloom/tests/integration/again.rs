//! A form that fails on a page of its own: what was typed is on that page, and can be sent again. Nothing that another
//! site made up is, and no secret.

use std::time::Duration;

use crate::images::studio::{brand_of, image_of};
use crate::passkeys::{Authenticator, challenge};
use crate::setup_links::locked;
use crate::support::own_app::{DEVELOPER, fields as own_app_fields};
use crate::support::{Answer, App, Browser, PASSWORD, on_both};
use crate::teams::team;

on_both!(
    what_was_typed_survives_the_end_of_a_session,
    a_fault_keeps_what_was_typed_and_the_number_of_the_form,
    another_account_is_told_as_whom_it_sends,
    what_another_site_sent_is_never_kept,
    no_secret_is_ever_kept,
    whoever_was_signed_out_goes_on_at_the_form,
    what_was_typed_to_sign_up_is_kept_but_for_the_password,
    the_address_of_a_sign_in_is_typed_once,
    the_first_account_is_typed_once,
    the_name_of_a_passkey_is_typed_once,
    what_was_typed_for_what_is_gone_is_shown,
);

const KEPT: &str = "What you sent is kept here";
const KEYS: &str = "/settings/api-keys";
const PASSKEYS: &str = "/settings/security/passkeys";

/// Sends a form as a browser does from a page of ours.
async fn send(browser: &mut Browser, path: &str, fields: &[(String, String)]) -> Answer {
    let fields: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let origin = browser.app.options().public_url;
    browser.post_as_is(path, &fields, &[("origin", origin)]).await
}

/// A form as it stands on a page, filled in.
async fn filled(
    browser: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
) -> Vec<(String, String)> {
    let (token, seen) = (browser.form_token().await, browser.seen(path).await);
    let seen = seen.as_deref().map(|seen| ("seen", seen));
    let hidden = std::iter::once(("form_token", token.as_str())).chain(seen);
    let all = hidden.chain(fields.iter().copied());
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The form that a page has kept: where it is sent, and its fields.
fn kept(page: &Answer) -> (String, Vec<(String, String)>) {
    let part =
        page.between(KEPT, "</section>").unwrap_or_else(|| panic!("nothing is kept: {page:?}"));
    let plain = |text: &str| {
        let text = text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<");
        text.replace("&#62;", ">").replace("&#38;", "&")
    };
    let action = part.split_once("action=\"").expect("a form").1.split('"').next().unwrap();
    let fields = part.split("<input type=\"hidden\" name=\"").skip(1).map(|rest| {
        let (name, rest) = rest.split_once("\" value=\"").expect("a value");
        (plain(name), plain(rest.split_once('"').expect("an end").0))
    });
    (action.to_owned(), fields.collect())
}

async fn what_was_typed_survives_the_end_of_a_session(app: App) {
    let mut ada = app.person("ada").await;
    let (brand, key) = (brand_of(&app, "ada@example.com"), ada.create_key("ci").await);
    let (image, team) = (image_of(&app, &brand), team(&mut ada, "Engines").await);
    let own = ada.create_app(&[]).await;
    let new_app = own_app_fields(&[("name", "Press & <room>")]);
    let prompt = "Two lines:\r\n \"Spring\" & <sale>  ";
    let forms: [(String, &[(&str, &str)]); 11] = [
        (
            "/images".into(),
            &[("prompt", prompt), ("brand", &brand), ("ratio", "1:1"), ("count", "1")],
        ),
        (format!("/images/{image}/edit"), &[("prompt", "In red")]),
        (format!("/images/{image}/resize"), &[("ratio", "21:9")]),
        ("/brands".into(), &[("url", "https://a.example"), ("workspace", "personal")]),
        (KEYS.into(), &[("name", "é & ü"), ("access", "some"), ("scope-read", "on")]),
        (format!("{KEYS}/{}/options", key.id), &[("access", "all"), ("addresses", "192.0.2.0/24")]),
        (format!("{KEYS}/{}/budget", key.id), &[("day", "5"), ("month", ""), ("total", "")]),
        ("/settings/workspaces".into(), &[("name", "Looms")]),
        (
            format!("/settings/workspaces/{team}/invitations"),
            &[("email", "x@example.com"), ("role", "member")],
        ),
        (DEVELOPER.into(), &new_app),
        (own.page(), &new_app),
    ];
    for (path, fields) in forms {
        let form = filled(&mut ada, &path, fields).await;
        let mut elsewhere = app.browser();
        elsewhere.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
        elsewhere.post("/settings/security/sign-out-everywhere", &[]).await;
        let before = app.database().dump();
        let out = send(&mut ada, &path, &form).await;
        out.assert_page(401, "You are signed out");
        assert_eq!(app.database().dump(), before, "{path}");
        assert_eq!(kept(&out), (path.clone(), form.clone()), "{path}");
        // Signed in again, in another tab: the same form is one of before.
        ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
        let before = app.rows("audit_records").len();
        let again = send(&mut ada, &path, &kept(&out).1).await;
        again.assert_page(403, "This form has expired");
        assert!(again.text().contains("as <bdi>ada@example.com</bdi>"), "{again:?}");
        assert_eq!(app.rows("audit_records").len(), before, "{path}: nothing is done so far");
        let (action, fresh) = kept(&again);
        assert_eq!(action, path);
        assert_eq!(fresh[1..], form[1..], "{path}");
        assert_ne!(fresh[0], form[0], "{path}: the token is a fresh one");
        let done = send(&mut ada, &path, &fresh).await;
        assert!(done.status < 400, "{path}: {done:?}");
        assert_eq!(send(&mut ada, &path, &fresh).await.status, done.status, "{path}");
    }
    assert_eq!(app.rows("brands").len(), 2, "sent twice, made once");
}

/// What was done although its answer was a fault is not done twice.
async fn a_fault_keeps_what_was_typed_and_the_number_of_the_form(app: App) {
    let mut ada = app.person("ada").await;
    let form = filled(&mut ada, KEYS, &[("name", "ci")]).await;
    app.database().run("ALTER TABLE api_keys RENAME TO hidden");
    let fault = send(&mut ada, KEYS, &form).await;
    app.database().run("ALTER TABLE hidden RENAME TO api_keys");
    fault.assert_page(500, "Something went wrong");
    assert_eq!(kept(&fault), (KEYS.to_owned(), form.clone()));
    for _ in 0..2 {
        let made = send(&mut ada, KEYS, &kept(&fault).1).await;
        made.assert_page(200, "Settings");
    }
    assert_eq!(app.rows("api_keys").len(), 1);
}

async fn another_account_is_told_as_whom_it_sends(app: App) {
    let (mut ada, mut bob) = (app.person("ada").await, app.person("bob").await);
    let form = filled(&mut ada, KEYS, &[("name", "of ada")]).await;
    // In another tab of the same browser somebody else has signed in.
    let page = send(&mut bob, KEYS, &form).await;
    page.assert_page(403, "This form has expired");
    assert!(page.text().contains("as <bdi>bob@example.com</bdi>"), "{page:?}");
    assert!(!page.text().contains("ada@example.com"), "{page:?}");
    assert!(app.rows("api_keys").is_empty());
}

async fn what_another_site_sent_is_never_kept(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.app.options().public_url;
    for token in ["", "x", &"a".repeat(54)] {
        for origins in
            [vec![], vec!["null"], vec!["https://evil.example"], vec![own, "https://evil.example"]]
        {
            let headers: Vec<_> = origins.iter().map(|origin| ("origin", *origin)).collect();
            let fields = [("form_token", token), ("name", "made up elsewhere")];
            let page = ada.post_as_is(KEYS, &fields, &headers).await;
            page.assert_page(403, "This form has expired");
            assert!(!page.text().contains("made up"), "{origins:?}: {page:?}");
            assert!(!page.text().contains(KEPT), "{origins:?}: {page:?}");
        }
    }
    // A form without any token has no place for a fresh one.
    let bare = [("name".to_owned(), "ci".to_owned())];
    let page = send(&mut ada, KEYS, &bare).await;
    page.assert_page(403, "This form has expired");
    assert!(!page.text().contains(KEPT), "{page:?}");
}

async fn no_secret_is_ever_kept(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let secret = "another good password";
    let (password, key) = ([("password", secret)], [("key", key.as_str())]);
    let forms: [(&str, &[(&str, &str)]); 4] = [
        ("/settings/security/password", &password),
        ("/settings/security/confirm", &password),
        ("/settings/which-key", &key),
        ("/report-key", &key),
    ];
    for (path, fields) in forms {
        let mut form = filled(&mut ada, path, fields).await;
        "x".clone_into(&mut form[0].1);
        let page = send(&mut ada, path, &form).await;
        page.assert_page(403, "This form has expired");
        assert!(!page.text().contains(KEPT) && !page.text().contains(fields[0].1), "{page:?}");
        let mut stranger = app.browser();
        let form = filled(&mut stranger, path, fields).await;
        let page = send(&mut stranger, path, &form).await;
        assert!(!page.text().contains(KEPT) && !page.text().contains(secret), "{page:?}");
    }
}

/// Whether or not what was typed is kept.
async fn whoever_was_signed_out_goes_on_at_the_form(app: App) {
    let mut stranger = app.browser();
    for (path, next) in [
        ("/settings/security/password", "%2Fsettings%2Fsecurity%2Fpassword"),
        ("/settings/api-keys", "%2Fsettings%2Fapi%2Dkeys"),
        ("/images", "%2Fimages"),
    ] {
        let page = stranger.post(path, &[("name", "x")]).await;
        page.assert_page(401, "You are signed out");
        let link = format!("href=\"/sign-in?next={next}\"");
        assert!(page.text().contains(&link), "{path}: {page:?}");
    }
}

/// Fails in each way, and gives the pages: the form's token is not of this browser, which may have no cookie any more,
/// and the database fails.
async fn failed(app: &App, path: &str, fields: &[(&str, &str)]) -> Vec<(Browser, Answer)> {
    let mut all = Vec::new();
    for has_cookie in [true, false] {
        let mut browser = app.browser();
        if has_cookie {
            browser.get("/sign-in").await;
        }
        let form: Vec<_> = [("form_token", "x")].iter().chain(fields).map(own).collect();
        let page = send(&mut browser, path, &form).await;
        page.assert_page(403, "This form has expired");
        all.push((browser, page));
    }
    let mut browser = app.browser();
    let form = filled(&mut browser, path, fields).await;
    app.database().run("ALTER TABLE accounts RENAME TO hidden");
    let page = send(&mut browser, path, &form).await;
    app.database().run("ALTER TABLE hidden RENAME TO accounts");
    page.assert_page(500, "Something went wrong");
    all.push((browser, page));
    all
}

fn own((name, value): &(&str, &str)) -> (String, String) {
    ((*name).to_owned(), (*value).to_owned())
}

/// Sends what a page has kept, with the password typed anew.
async fn send_again(browser: &mut Browser, page: &Answer) -> Answer {
    let (path, mut form) = kept(page);
    assert!(page.text().contains("name=\"password\" type=\"password\""), "{page:?}");
    assert!(form.iter().all(|(name, _)| name != "password"), "{page:?}");
    assert!(!page.text().contains(PASSWORD), "{page:?}");
    form.push(own(&("password", PASSWORD)));
    send(browser, &path, &form).await
}

async fn what_was_typed_to_sign_up_is_kept_but_for_the_password(app: App) {
    for number in 0..3 {
        let email = format!("p{number}@example.com");
        let fields =
            [("next", "/images"), ("name", "Ada <L>"), ("email", &email), ("password", PASSWORD)];
        let (mut browser, page) = failed(&app, "/sign-up", &fields).await.swap_remove(number);
        assert!(page.text().contains(&email) && page.text().contains("<dt><bdi>name"), "{page:?}");
        assert!(!page.text().contains("<dt><bdi>next"), "nobody typed it: {page:?}");
        send_again(&mut browser, &page).await.assert_redirect("/images");
        assert!(browser.is_signed_in().await);
        let named = app
            .rows("accounts")
            .iter()
            .filter(|row| format!("{row:?}").contains("Ada <L>"))
            .count();
        assert_eq!(named, number + 1);
    }
    // What is wrong is said beside the field as ever.
    let fields = [("email", "no address"), ("password", PASSWORD)];
    for (mut browser, page) in failed(&app, "/sign-up", &fields).await {
        send_again(&mut browser, &page).await.assert_page(422, "Create your account");
    }
    // Where no password is asked for, there is none to enter.
    for (mut browser, page) in failed(&app, "/reset-password", &[("email", "x@example.com")]).await
    {
        assert!(!page.text().contains("type=\"password\""), "{page:?}");
        let (path, form) = kept(&page);
        assert_eq!(send(&mut browser, &path, &form).await.status, 200);
    }
    // Nothing of what another site made up is shown.
    let fields = [("form_token", "x"), ("email", "made@up.example")];
    for origin in [vec![], vec![("origin", "https://evil.example")]] {
        let page = app.browser().post_as_is("/sign-up", &fields, &origin).await;
        page.assert_page(403, "This form has expired");
        assert!(!page.text().contains("made@up"), "{page:?}");
    }
}

async fn the_address_of_a_sign_in_is_typed_once(app: App) {
    app.person("ada").await;
    let fields = [("next", "/images"), ("email", "ada@example.com"), ("password", PASSWORD)];
    for (mut browser, page) in failed(&app, "/sign-in", &fields).await {
        assert!(page.text().contains("ada@example.com"), "{page:?}");
        send_again(&mut browser, &page).await.assert_redirect("/images");
        assert!(browser.is_signed_in().await);
    }
}

async fn the_first_account_is_typed_once(app: App) {
    let (app, path) = locked(&app).await;
    let fields = [("name", "Ada"), ("email", "no address"), ("password", PASSWORD)];
    for (mut browser, page) in failed(&app, &path, &fields).await {
        assert_eq!(kept(&page).0, path);
        send_again(&mut browser, &page).await.assert_page(422, "Set up Bloom");
    }
    let fields = [("name", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD)];
    let mut all = failed(&app, &path, &fields).await;
    let (mut browser, page) = all.remove(1);
    send_again(&mut browser, &page).await.assert_redirect("/settings#api-keys");
    assert!(browser.is_signed_in().await);
}

/// Its form fails on a page of its own, which has all of it, and shows the name only.
async fn the_name_of_a_passkey_is_typed_once(app: App) {
    let mut ada = app.person("ada").await;
    let own = ada.app.options().public_url;
    let mut made = 0;
    for way in ["a token of nobody", "the database", "a proof that is old"] {
        made += 1;
        let asked = challenge(&mut ada, PASSKEYS).await;
        let sent = Authenticator::new(made).make(&asked).fields();
        let mut form: Vec<_> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let token = ada.form_token().await;
        form.extend([("name", "Desk & chair"), ("form_token", &token)]);
        let page = match way {
            "the database" => {
                app.database().run("ALTER TABLE passkeys RENAME TO hidden");
                let page = ada.post_as_is(PASSKEYS, &form, &[("origin", own)]).await;
                app.database().run("ALTER TABLE hidden RENAME TO passkeys");
                page.assert_page(500, "Something went wrong");
                page
            }
            "a proof that is old" => {
                app.advance(Duration::from_secs(600));
                let page = ada.post_as_is(PASSKEYS, &form, &[("origin", own)]).await;
                page.assert_page(403, "Confirm first that it is you");
                let there =
                    "href=\"/settings/security/confirm?next=%2Fsettings%2Fsecurity%2Fpasskeys\"";
                assert!(page.text().contains(there), "{page:?}");
                crate::security::confirm(&mut ada).await;
                page
            }
            _ => {
                form.retain(|(name, _)| *name != "form_token");
                form.push(("form_token", "x"));
                let page = ada.post_as_is(PASSKEYS, &form, &[("origin", own)]).await;
                page.assert_page(403, "This form has expired");
                page
            }
        };
        assert!(page.text().contains("Desk &#38; chair"), "{way}: {page:?}");
        assert!(!page.text().contains("passkey id"), "{way}: {page:?}");
        let fresh = page.between("name=\"form_token\" value=\"", "\"").map(str::to_owned);
        let hidden = page.text().matches("<input type=\"hidden\" name=\"passkey_").count();
        assert_eq!(hidden, 4, "{way}: {page:?}");
        form.retain(|(name, _)| *name != "form_token");
        let fresh = match way {
            // The first token on the page is the one to sign out with.
            "a token of nobody" => ada.form_token().await,
            _ => fresh.expect("a token"),
        };
        form.push(("form_token", &fresh));
        let added = ada.post_as_is(PASSKEYS, &form, &[("origin", own)]).await;
        if way == "a proof that is old" {
            // The challenge is as old as the proof; the name stays.
            added.assert_page(409, "Add a passkey");
            assert!(added.text().contains("value=\"Desk &#38; chair\""), "{added:?}");
        } else {
            added.assert_redirect("/settings/security?done=passkey#passkeys");
        }
    }
}

/// A form: where it is sent, its fields, the list that it leads to, and what was typed as a page shows it.
type Gone<'a> = (String, &'a [(&'a str, &'a str)], &'a str, &'a str);

/// It cannot be sent again, only copied; and who never had it is told no more than that.
async fn what_was_typed_for_what_is_gone_is_shown(app: App) {
    let (mut ada, mut eve) = (app.person("ada").await, app.person("eve").await);
    let brand = brand_of(&app, "ada@example.com");
    let (image, own) = (image_of(&app, &brand), ada.create_app(&[]).await);
    let renamed = own_app_fields(&[("name", "Press & <room>")]);
    let prompt = [("prompt", "In red & <gold>"), ("brand", brand.as_str())];
    let new_image = filled(&mut ada, "/images", &prompt).await;
    let forms: [Gone<'_>; 2] = [
        (format!("/images/{image}/edit"), &prompt[..1], "/images", "In red &#38; &#60;gold&#62;"),
        (own.page(), &renamed, DEVELOPER, "Press &#38; &#60;room&#62;"),
    ];
    let mut filled_in = Vec::new();
    for (path, fields, list, typed) in forms {
        filled_in.push((path.clone(), filled(&mut ada, &path, fields).await, list, typed));
    }
    ada.post(&format!("/images/{image}/delete"), &[]).await;
    ada.post(&format!("/brands/{brand}/delete"), &[("confirmed", "Northwind")]).await;
    let page = send(&mut ada, "/images", &new_image).await;
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.text().contains("First a brand"), "{page:?}");
    assert!(page.text().contains("In red &#38; &#60;gold&#62;"), "{page:?}");
    let delete = format!("{}/delete", own.page());
    ada.post(&delete, &[("confirmed", "Pressroom")])
        .await
        .assert_redirect("/settings/developer?deleted=1");
    for (path, form, list, typed) in filled_in {
        let before = app.database().dump();
        let gone = send(&mut ada, &path, &form).await;
        assert_eq!(gone.status, 404, "{path}: {gone:?}");
        let text = gone.text();
        assert!(text.contains(typed) && text.contains(&format!("href=\"{list}\"")), "{text}");
        assert!(!text.contains("Send it again"), "{text}");
        assert_eq!(app.database().dump(), before, "{path}");
        let token = eve.form_token().await;
        let own = form.iter().map(|(name, value)| match name.as_str() {
            "form_token" => (name.clone(), token.clone()),
            _ => (name.clone(), value.clone()),
        });
        let own: Vec<_> = own.collect();
        let foreign = send(&mut eve, &path, &own).await;
        let plain = |answer: &Answer| answer.text().replace("eve@", "ada@");
        assert_eq!((foreign.status, plain(&foreign).len()), (404, text.len()), "{path}");
    }
}
