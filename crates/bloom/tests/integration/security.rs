//! `/settings/security`: where a person is signed in, being asked once more, and another password.

use std::time::Duration;

use bloom_domain::email::Email;
use bloom_service::attempts::AttemptLimits;
use bloom_service::sessions::ending::{self, AlsoEnd, Ended};
use serde_json::json;

use crate::api_keys_by_credential::{EVERYTHING, send};
use crate::support::app::PEER;
use crate::support::oauth::REDIRECT;
use crate::support::{Answer, App, Browser, PASSWORD, at_once, on_both};

mod deletion;

on_both!(
    browsers_are_told_apart,
    another_browser_is_signed_out,
    nobody_signs_out_somebody_elses_browser,
    signing_out_everywhere_ends_what_was_chosen,
    the_operator_signs_out_an_account,
    keys_that_apps_made_end_with_the_apps,
    what_matters_asks_again_after_ten_minutes,
    a_wrong_password_proves_nothing_and_is_limited,
    a_new_password_ends_every_other_session,
    a_password_is_changed_by_one_of_many,
    a_second_click_is_told_no_lie,
    what_ended_meanwhile_changes_nothing,
    strangers_sign_in_first,
    a_person_is_called_something_else,
);

const HERE: &str = "/settings/security";
const PASSWORD_FORM: &str = "/settings/security/password";
const OTHER_PASSWORD: &str = "another good password";
const TEN_MINUTES: Duration = Duration::from_secs(600);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

/// Where a session is ended.
pub(crate) fn ending(id: &str) -> String {
    format!("{HERE}/sessions/{id}/end")
}

/// The first session on the page that is not the reader's own.
pub(crate) async fn other_session(browser: &mut Browser) -> String {
    let page = browser.get(HERE).await;
    page.between("/settings/security/sessions/", "/end").expect("another session").to_owned()
}

/// Proves that it is still them.
pub(crate) async fn confirm(browser: &mut Browser) {
    let proven = browser.post(&format!("{HERE}/confirm"), &[("password", PASSWORD)]).await;
    proven.assert_redirect(HERE);
}

async fn sign_in_elsewhere(app: &App, agent: &'static str) -> Browser {
    let mut elsewhere = app.browser().calling_itself(agent);
    elsewhere.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    elsewhere
}

async fn browsers_are_told_apart(app: App) {
    let mut ada = app.browser().calling_itself(FIREFOX);
    ada.sign_up("ada@example.com").await.assert_redirect("/settings#api-keys");
    app.advance(Duration::from_secs(7_200));
    let mut phone = sign_in_elsewhere(&app, SAFARI).await;
    app.advance(Duration::from_secs(120));
    let page = ada.get(HERE).await;
    page.assert_page(200, "Security");
    let text = page.text();
    for part in ["Firefox on Linux", "Safari on iPhone", SAFARI, &PEER.to_string()] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The one that is looked at was seen last: its visit was written.
    let (here, there) = (text.find("Firefox on Linux"), text.find("Safari on iPhone"));
    assert!(here < there && here < text.find("This browser"), "{text}");
    assert_eq!(text.matches("This browser").count(), 1, "{text}");
    assert_eq!(text.matches("/end\"").count(), 1, "this one signs out at the top: {text}");
    let page = phone.get(HERE).await;
    assert!(page.text().contains("2 minutes ago"), "{}", page.text());
    let theirs = page.between("Safari on iPhone", "</li>").expect("it is listed");
    assert!(theirs.contains("This browser"), "{theirs}");
    // A browser that was away for too long is signed out already, row or not.
    app.advance(Duration::from_secs(30 * 86_400 - 3_600));
    assert!(ada.is_signed_in().await);
    app.advance(Duration::from_secs(3_600));
    assert!(!ada.get(HERE).await.text().contains("Safari on iPhone"));
}

async fn another_browser_is_signed_out(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let mut elsewhere = sign_in_elsewhere(&app, SAFARI).await;
    let other = other_session(&mut ada).await;
    ada.post(&ending(&other), &[])
        .await
        .assert_redirect("/settings/security?done=session#browsers");
    assert!(ada.is_signed_in().await && !elsewhere.is_signed_in().await);
    assert_eq!(app.account(&key).await.status, 200, "keys go on");
    assert!(ada.get("/settings/security?done=session").await.text().contains("is signed out."));
    // Twice is no error, and an id that is none names nothing.
    ada.post(&ending(&other), &[])
        .await
        .assert_redirect("/settings/security?done=no-session#browsers");
    let page = ada.get("/settings/security?done=no-session").await;
    assert!(page.text().contains("That browser had been signed out before."), "{page:?}");
    ada.post(&ending("x"), &[]).await.assert_page(404, "It is not there any more");
    ada.get(&ending(&other)).await.assert_redirect(HERE);
}

async fn nobody_signs_out_somebody_elses_browser(app: App) {
    let mut ada = app.person("ada").await;
    let mut elsewhere = sign_in_elsewhere(&app, SAFARI).await;
    let other = other_session(&mut ada).await;
    let mut bob = app.person("bob").await;
    let before = app.rows("sessions");
    bob.post(&ending(&other), &[])
        .await
        .assert_redirect("/settings/security?done=no-session#browsers");
    assert_eq!(app.rows("sessions"), before);
    assert!(elsewhere.is_signed_in().await);
    let token = ada.form_token().await;
    let foreign = bob.post_as_is(&ending(&other), &[("form_token", &token)], &[]).await;
    foreign.assert_page(403, "This form has expired");
}

async fn signing_out_everywhere_ends_what_was_chosen(app: App) {
    let everywhere = "/settings/security/sign-out-everywhere";
    let mut bob = app.person("bob").await;
    let bobs = bob.create_key("bobs").await.secret;
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let client = app.client(REDIRECT).await;
    let token = client.connect(&mut ada, &[]).await.access;
    let mut elsewhere = sign_in_elsewhere(&app, SAFARI).await;

    let gone = ada.post(everywhere, &[]).await;
    gone.assert_redirect("/sign-in?done=everywhere");
    assert_eq!(gone.cookies(), ["bloom=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"]);
    assert!(!ada.is_signed_in().await && !elsewhere.is_signed_in().await);
    assert!(bob.is_signed_in().await);
    let page = ada.get("/sign-in?done=everywhere").await;
    assert!(page.text().contains("You are signed out everywhere."), "{}", page.text());
    assert_eq!(app.account(&key).await.status, 200, "it was not chosen");
    assert_eq!(app.get_as("/api/v1/account", &token).await.status, 200, "it was not chosen");

    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    // What can never be had again is named first, and confirmed by the account's address.
    ada.create_key("bakery & co").await;
    let ask = [("keys", "revoke"), ("apps", "revoke")];
    let question = ada.post(everywhere, &ask).await;
    question.assert_page(200, "Sign out everywhere");
    let says = [
        "all 2 API keys end",
        "<bdi>ci</bdi>",
        "<bdi>bakery &#38; co</bdi>",
        "Your connected app ends",
    ];
    assert!(says.iter().all(|words| question.text().contains(words)), "{question:?}");
    assert!(!question.text().contains("bobs"), "{question:?}");
    for wrong in ["", "bob@example.com", "ci"] {
        let page = ada.post(everywhere, &[&ask[..], &[("confirmed", wrong)]].concat()).await;
        page.assert_page(422, "Sign out everywhere");
        assert!(page.text().contains(&format!("name=\"confirmed\" type=\"email\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" value=\"{wrong}\"")), "{page:?}");
    }
    assert!(ada.is_signed_in().await, "nothing is done so far");
    assert_eq!(app.account(&key).await.status, 200);
    let confirmed = [("keys", "revoke"), ("confirmed", " Ada@Example.com ")];
    ada.post(everywhere, &confirmed).await.assert_redirect("/sign-in?done=everywhere");
    assert_eq!(app.account(&key).await.status, 401);
    assert_eq!(app.get_as("/api/v1/account", &token).await.status, 200, "it was not chosen");

    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    let page = ada.get(HERE).await;
    assert!(
        !page.text().contains("also-keys") && page.text().contains("also-apps"),
        "what there is"
    );
    ada.post(everywhere, &[("apps", "revoke")]).await.assert_redirect("/sign-in?done=everywhere");
    assert_eq!(app.get_as("/api/v1/account", &token).await.status, 401);
    assert_eq!(app.account(&bobs).await.status, 200);
}

async fn the_operator_signs_out_an_account(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let client = app.client(REDIRECT).await;
    client.connect(&mut ada, &[]).await;
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let also = AlsoEnd { keys: true, apps: true };
    let ended = ending::end_all_for(app.service(), &operator, &email, also).await.unwrap();
    assert_eq!(ended, Ended { sessions: 1, keys: 1, apps: 1 });
    assert!(!ada.is_signed_in().await);
    assert_eq!(app.account(&key).await.status, 401);
    let ended = ending::end_all_for(app.service(), &operator, &email, also).await.unwrap();
    assert_eq!(ended, Ended::default());
}

async fn keys_that_apps_made_end_with_the_apps(app: App) {
    let everywhere = "/settings/security/sign-out-everywhere";
    let mut ada = app.person("ada").await;
    let own = ada.create_key("her own").await.secret;
    let make = async |ada: &mut Browser, name: &str| {
        let client = app.client(REDIRECT).await;
        let all = [("scope", EVERYTHING), ("prompt", "consent")];
        let tokens = client.connect(ada, &all).await;
        let body = json!({ "name": name, "scopes": ["read", "keys:admin"] });
        let made = send(&app, "/api-keys", &tokens.access, &body).await.json();
        let made = made["data"]["secret"].as_str().expect("a secret").to_owned();
        let child = json!({ "name": "by that", "scopes": ["read"] });
        let child = send(&app, "/api-keys", &made, &child).await.json();
        (made, child["data"]["secret"].as_str().expect("a secret").to_owned())
    };
    // By the operator, who is told how many.
    let (made, child) = make(&mut ada, "of the app").await;
    let (operator, email) = (app.operator(), Email::parse("ada@example.com").unwrap());
    let also = AlsoEnd { keys: false, apps: true };
    let ended = ending::end_all_for(app.service(), &operator, &email, also).await.unwrap();
    assert_eq!(ended, Ended { sessions: 1, keys: 2, apps: 1 });
    for secret in [&made, &child] {
        assert_eq!(app.account(secret).await.status, 401);
    }
    assert_eq!(app.account(&own).await.status, 200, "it is none of an app");
    // By herself, who is shown them first: a key cannot be had again.
    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    let (made, child) = make(&mut ada, "of the app again").await;
    let asked = ada.post(everywhere, &[("apps", "revoke")]).await;
    asked.assert_page(200, "Sign out everywhere");
    assert!(asked.text().contains("2 API keys that apps made end"), "{asked:?}");
    assert!(asked.text().contains("<bdi>of the app again</bdi>"), "{asked:?}");
    assert!(!asked.text().contains("her own") && !asked.text().contains("name=\"keys\""));
    assert_eq!(app.account(&made).await.status, 200, "nothing is done so far");
    let confirmed = [("apps", "revoke"), ("confirmed", "ada@example.com")];
    ada.post(everywhere, &confirmed).await.assert_redirect("/sign-in?done=everywhere");
    for secret in [&made, &child] {
        assert_eq!(app.account(secret).await.status, 401);
    }
    assert_eq!(app.account(&own).await.status, 200);
}

async fn what_matters_asks_again_after_ten_minutes(app: App) {
    let mut ada = app.person("ada").await;
    app.advance(TEN_MINUTES - Duration::from_micros(1));
    ada.get(PASSWORD_FORM).await.assert_page(200, "Choose a new password");
    app.advance(Duration::from_micros(1));
    let confirm = format!("{HERE}/confirm?next=%2Fsettings%2Fsecurity%2Fpassword");
    ada.get(PASSWORD_FORM).await.assert_redirect(&confirm);
    let before = app.database().dump();
    ada.post(PASSWORD_FORM, &[("password", OTHER_PASSWORD)]).await.assert_redirect(&confirm);
    assert_eq!(app.database().dump(), before);
    let page = ada.get(&confirm).await;
    page.assert_page(200, "Confirm that it is you");
    assert!(page.text().contains("ada@example.com"), "{}", page.text());
    let fields = [("password", PASSWORD), ("next", PASSWORD_FORM)];
    ada.post(&format!("{HERE}/confirm"), &fields).await.assert_redirect(PASSWORD_FORM);
    ada.get(PASSWORD_FORM).await.assert_page(200, "Choose a new password");
    ada.get(&confirm).await.assert_redirect(PASSWORD_FORM);
    // Only that browser is proven, and it goes nowhere but here.
    let mut elsewhere = sign_in_elsewhere(&app, SAFARI).await;
    app.advance(TEN_MINUTES);
    let fields = [("password", PASSWORD), ("next", "https://evil.example/")];
    ada.post(&format!("{HERE}/confirm"), &fields).await.assert_redirect(HERE);
    elsewhere.get(PASSWORD_FORM).await.assert_redirect(&confirm);
}

async fn a_wrong_password_proves_nothing_and_is_limited(app: App) {
    let app = app.again(|options| options.attempts = AttemptLimits::new(0, 3, 0, 0, 0, 0)).await;
    let mut ada = app.person("ada").await;
    app.advance(TEN_MINUTES);
    let confirm = format!("{HERE}/confirm");
    let page = ada.post(&confirm, &[("password", "")]).await;
    page.assert_page(422, "Confirm that it is you");
    for _ in 0..3 {
        let page = ada.post(&confirm, &[("password", "wrong"), ("next", PASSWORD_FORM)]).await;
        page.assert_page(401, "Confirm that it is you");
        assert!(page.text().contains("value=\"/settings/security/password\""), "{}", page.text());
    }
    let page = ada.post(&confirm, &[("password", PASSWORD)]).await;
    page.assert_page(429, "Confirm that it is you");
    assert_eq!(ada.get(PASSWORD_FORM).await.status, 303, "nothing is proven");
    // The same window counts at the sign-in.
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status, 429);
    app.advance(Duration::from_secs(900));
    confirm_and_open(&mut ada).await;
}

async fn confirm_and_open(browser: &mut Browser) {
    confirm(browser).await;
    browser.get(PASSWORD_FORM).await.assert_page(200, "Choose a new password");
}

async fn a_new_password_ends_every_other_session(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let mut before = ada.clone();
    let mut elsewhere = sign_in_elsewhere(&app, SAFARI).await;
    let page = ada.post(PASSWORD_FORM, &[("password", "short")]).await;
    page.assert_page(422, "Choose a new password");
    assert!(elsewhere.is_signed_in().await);
    let done = ada.post(PASSWORD_FORM, &[("password", OTHER_PASSWORD)]).await;
    done.assert_redirect("/settings/security?done=password");
    let page = ada.get("/settings/security?done=password").await;
    assert!(page.text().contains("Your password is changed."), "{}", page.text());
    assert!(!before.is_signed_in().await, "this browser has another cookie now");
    assert!(!elsewhere.is_signed_in().await);
    assert_eq!(app.account(&key).await.status, 200, "keys go on");
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status, 401);
    let again = app.browser().sign_in("ada@example.com", OTHER_PASSWORD).await;
    again.assert_redirect("/settings");
    let mails = app.take_mails().await;
    let told = |mail: &&String| mail.contains("Subject: Your Bloom password was changed");
    assert_eq!(mails.iter().filter(told).count(), 1, "{mails:?}");
}

/// Whoever comes second comes with a session that has ended.
async fn a_password_is_changed_by_one_of_many(app: App) {
    let ada = app.person("ada").await;
    let changes = at_once(8, |number| {
        let mut ada = ada.clone();
        async move {
            let password = format!("password number {number}");
            let answer = ada.post(PASSWORD_FORM, &[("password", &password)]).await;
            (answer, password)
        }
    })
    .await;
    let done: Vec<_> = changes.iter().filter(|(answer, _)| answer.status == 303).collect();
    assert_eq!(done.len(), 1, "{changes:?}");
    let others = changes.iter().filter(|(answer, _)| answer.status != 303);
    others.for_each(|(answer, _)| assert_claims_nothing(answer));
    let mut ada = app.browser();
    ada.sign_in("ada@example.com", &done[0].1).await.assert_redirect("/settings");
    assert_eq!(app.rows("sessions").len(), 2);
}

/// Whoever sends twice, without a script, sees the second answer only. It must not say that nothing was done, which
/// the first one did.
pub(crate) fn assert_claims_nothing(answer: &Answer) {
    assert!([401, 403].contains(&answer.status), "{answer:?}");
    let text = answer.text();
    assert!(!text.contains("Nothing was changed"), "{text}");
    assert!(text.contains("look whether it was done the first time"), "{text}");
}

async fn a_second_click_is_told_no_lie(app: App) {
    let everywhere = format!("{HERE}/sign-out-everywhere");
    for (path, fields, place) in [
        (PASSWORD_FORM, vec![("password", OTHER_PASSWORD)], "/settings/security?done=password"),
        (&everywhere, vec![], "/sign-in?done=everywhere"),
        ("/settings/security/delete", vec![("email", "ada@example.com")], "/sign-in?done=deleted"),
    ] {
        let mut ada = app.browser();
        match app.rows("accounts").len() {
            0 => ada.sign_up("ada@example.com").await,
            _ => ada.sign_in("ada@example.com", OTHER_PASSWORD).await,
        };
        let token = ada.form_token().await;
        let fields = [&[("form_token", token.as_str())], &fields[..]].concat();
        // The second click goes out before the answer of the first is there.
        let mut clicked_again = ada.clone();
        ada.post_as_is(path, &fields, &[]).await.assert_redirect(place);
        assert_claims_nothing(&clicked_again.post_as_is(path, &fields, &[]).await);
        assert_claims_nothing(&ada.post_as_is(path, &fields, &[]).await);
    }
}

async fn what_ended_meanwhile_changes_nothing(app: App) {
    let mut ada = app.person("ada").await;
    let mut elsewhere = sign_in_elsewhere(&app, SAFARI).await;
    let fields = [("password", OTHER_PASSWORD)];
    let everywhere = "/settings/security/sign-out-everywhere";
    let meanwhile = async {
        elsewhere.post(everywhere, &[]).await.assert_redirect("/sign-in?done=everywhere");
    };
    let late = ada.post_slowly(PASSWORD_FORM, &fields, meanwhile).await;
    late.assert_page(401, "You are signed out");
    ada.sign_in("ada@example.com", PASSWORD).await.assert_redirect("/settings");
    let mails = app.take_mails().await;
    assert!(!mails.iter().any(|mail| mail.contains("was changed")), "{mails:?}");
}

async fn strangers_sign_in_first(app: App) {
    let mut stranger = app.browser();
    for (path, next) in [
        (HERE, "%2Fsettings%2Fsecurity"),
        (PASSWORD_FORM, "%2Fsettings%2Fsecurity%2Fpassword"),
        ("/settings/security/confirm", "%2Fsettings%2Fsecurity"),
    ] {
        stranger.get(path).await.assert_redirect(&format!("/sign-in?next={next}"));
    }
    for path in ["password", "confirm", "sign-out-everywhere"] {
        let answer = stranger.post(&format!("{HERE}/{path}"), &[("password", PASSWORD)]).await;
        answer.assert_page(401, "You are signed out");
    }
    let mut ada = app.person("ada").await;
    app.ban("ada@example.com").await;
    let page = ada.get(HERE).await;
    page.assert_page(403, "Your account is suspended");
    // They can leave, and somebody else can sign in here.
    let token = page.between("name=\"form_token\" value=\"", "\"").expect("a way to sign out");
    let left = ada.post_as_is("/sign-out", &[("form_token", token)], &[]).await;
    left.assert_redirect("/sign-in");
    ada.get(HERE).await.assert_redirect("/sign-in?next=%2Fsettings%2Fsecurity");
}

/// On every face at once, whichever credential it is asked with; a name that is none changes nothing.
async fn a_person_is_called_something_else(app: App) {
    let mut ada = app.person("ada").await;
    let key = ada.create_key("ci").await.secret;
    let called = async || app.account(&key).await.json()["data"]["name"].clone();
    assert_eq!(called().await, serde_json::Value::Null);
    let form = format!("{HERE}/name");
    let renamed = format!("{HERE}?done=name#name");
    ada.post(&form, &[("name", " Ada Lovelace ")]).await.assert_redirect(&renamed);
    assert_eq!(called().await, "Ada Lovelace");
    let page = ada.get(&format!("{HERE}?done=name")).await;
    assert!(page.text().contains("Your name is changed."), "{page:?}");
    assert!(page.text().contains("value=\"Ada Lovelace\""), "{page:?}");
    let before = app.database().dump();
    for bad in ["x".repeat(101), "Ada\u{202E}".to_owned()] {
        let page = ada.post(&form, &[("name", &bad)]).await;
        assert_eq!(page.status, 422, "{page:?}");
        assert!(page.text().contains("account-name-error"), "{page:?}");
        assert!(page.text().contains(&bad), "it is kept: {page:?}");
    }
    // The same again is no change.
    ada.post(&form, &[("name", "Ada Lovelace")]).await.assert_redirect(&renamed);
    assert_eq!(app.database().dump(), before);
    ada.post(&form, &[("name", "  ")]).await.assert_redirect(&renamed);
    assert_eq!(called().await, serde_json::Value::Null);
    let records = app.rows("audit_records");
    let names = records.iter().filter(|row| row.contains("account.renamed"));
    assert_eq!(names.count(), 2, "{records:?}");
    let page = ada.get("/settings/activity").await;
    assert!(page.text().contains("Name changed"), "{page:?}");
}
