//! `/setup/{token}`: the first account of an empty server.

use std::time::Duration;

use bloom_domain::accounts::SignUpPolicy;
use bloom_domain::email::Email;
use bloom_domain::passwords::Password;
use bloom_service::accounts::NewAccount;
use bloom_service::{housekeeping, setup_links};

use crate::support::{Answer, App, Browser, PASSWORD, at_once, on_both};

on_both!(
    a_link_makes_the_first_account_and_is_spent,
    a_link_works_for_an_hour,
    a_newer_link_replaces_it,
    there_is_no_link_once_there_is_an_account,
    bad_input_does_not_spend_a_link,
    many_redemptions_at_once_make_one_account,
    junk_is_no_link,
    an_empty_server_says_how_to_begin,
);

const DEAD: &str = "This link does not work";

/// A server that only its operator opens, and the path of its setup link.
pub(crate) async fn locked(app: &App) -> (App, String) {
    let app = app.again(|options| options.sign_up = SignUpPolicy::Invite).await;
    let path = link(&app).await.expect("the server is empty");
    (app, path)
}

async fn link(app: &App) -> Option<String> {
    let token = setup_links::issue(app.service(), &app.operator()).await.unwrap();
    token.map(|token| format!("/setup/{}", token.expose()))
}

async fn redeem(browser: &mut Browser, path: &str, email: &str) -> Answer {
    browser.post(path, &[("name", "Ada"), ("email", email), ("password", PASSWORD)]).await
}

async fn a_link_makes_the_first_account_and_is_spent(app: App) {
    let (app, path) = locked(&app).await;
    let mut browser = app.browser();
    browser.get(&path).await.assert_page(200, "Set up Bloom");
    browser.get(&path).await.assert_page(200, "Set up Bloom");
    redeem(&mut browser, &path, "ada@example.com").await.assert_redirect("/settings#api-keys");
    assert!(browser.is_signed_in().await);
    let before = app.database().dump();
    let mut other = app.browser();
    other.get(&path).await.assert_page(410, DEAD);
    redeem(&mut other, &path, "bob@example.com").await.assert_page(410, DEAD);
    assert_eq!(app.database().dump(), before);
    assert!(!other.is_signed_in().await);
}

async fn a_link_works_for_an_hour(app: App) {
    let (app, path) = locked(&app).await;
    let mut browser = app.browser();
    app.advance(Duration::from_secs(3_600) - Duration::from_micros(1));
    browser.get(&path).await.assert_page(200, "Set up Bloom");
    app.advance(Duration::from_micros(1));
    browser.get(&path).await.assert_page(410, DEAD);
    redeem(&mut browser, &path, "ada@example.com").await.assert_page(410, DEAD);
    assert!(app.rows("accounts").is_empty());
    assert_eq!(app.rows("setup_links").len(), 1);
    housekeeping::once(app.service()).await.unwrap();
    assert!(app.rows("setup_links").is_empty());
}

async fn a_newer_link_replaces_it(app: App) {
    let (app, older) = locked(&app).await;
    let newer = link(&app).await.unwrap();
    let mut browser = app.browser();
    browser.get(&older).await.assert_page(410, DEAD);
    redeem(&mut browser, &older, "ada@example.com").await.assert_page(410, DEAD);
    redeem(&mut browser, &newer, "ada@example.com").await.assert_redirect("/settings#api-keys");
}

async fn there_is_no_link_once_there_is_an_account(app: App) {
    let (app, path) = locked(&app).await;
    let new = NewAccount {
        email: Email::parse("ada@example.com").unwrap(),
        name: None,
        password: Password::parse(PASSWORD.to_owned()).unwrap(),
    };
    bloom_service::accounts::create(app.service(), &app.operator(), new).await.unwrap();
    assert_eq!(link(&app).await, None);
    // A link that was printed before lets nobody in after: the server has its first account.
    let before = app.database().dump();
    let mut browser = app.browser();
    browser.get(&path).await.assert_page(410, DEAD);
    for email in ["bob@example.com", "ada@example.com"] {
        redeem(&mut browser, &path, email).await.assert_page(410, DEAD);
    }
    assert_eq!(app.database().dump(), before);
}

async fn bad_input_does_not_spend_a_link(app: App) {
    let (app, path) = locked(&app).await;
    let before = app.database().dump();
    let mut browser = app.browser();
    for fields in [
        vec![],
        vec![("email", "nonsense"), ("password", PASSWORD)],
        vec![("email", "ada@example.com"), ("password", "short")],
    ] {
        let page = browser.post(&path, &fields).await;
        page.assert_page(422, "Set up Bloom");
        assert!(page.text().contains(&format!("action=\"{path}\"")), "it can be sent again");
    }
    let answer = browser.post_as_is(&path, &[("email", "ada@example.com")], &[]).await;
    answer.assert_page(403, "This form has expired");
    assert_eq!(app.database().dump(), before);
    redeem(&mut browser, &path, "ada@example.com").await.assert_redirect("/settings#api-keys");
}

async fn many_redemptions_at_once_make_one_account(app: App) {
    let (app, path) = locked(&app).await;
    let answers = at_once(20, |n| {
        let (mut browser, path) = (app.browser(), path.clone());
        async move { redeem(&mut browser, &path, &format!("p{n}@example.com")).await.status }
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|&&status| status == 303).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|&&status| status == 410).count(), 19, "{answers:?}");
    assert_eq!(["accounts", "workspaces", "sessions"].map(|table| app.rows(table).len()), [1; 3]);
}

async fn junk_is_no_link(app: App) {
    let (app, _) = locked(&app).await;
    let before = app.database().dump();
    for junk in ["x", &"a".repeat(32), &"a".repeat(4000), "%00", "%ff", "%2e%2e", "a%2Fb"] {
        let mut browser = app.browser();
        browser.get(&format!("/setup/{junk}")).await.assert_page(410, DEAD);
        let path = format!("/setup/{junk}");
        redeem(&mut browser, &path, "ada@example.com").await.assert_page(410, DEAD);
    }
    assert_eq!(app.database().dump(), before);
    app.browser().get("/setup/").await.assert_page(404, "Page not found");
}

async fn an_empty_server_says_how_to_begin(app: App) {
    let (app, path) = locked(&app).await;
    let page = app.browser().get("/").await;
    assert!(page.text().contains("This server has no account yet."), "{page:?}");
    redeem(&mut app.browser(), &path, "ada@example.com").await;
    let page = app.browser().get("/").await;
    assert!(!page.text().contains("This server has no account yet."), "{page:?}");
}
